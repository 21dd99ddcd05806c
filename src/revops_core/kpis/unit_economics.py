"""Unit economics: what a customer costs and brings, and how efficiently revenue is won. Margins and lags are named."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import ROUND_HALF_EVEN, Context, Decimal
from functools import partial
from typing import Annotated

from attrs import evolve, frozen

from revops_core.entities.deal import Deal
from revops_core.entities.facts import Spend
from revops_core.kpis.formula import Formula, count, distinct, total
from revops_core.kpis.kpi import Kpi
from revops_core.kpis.revenue_movements import RevenueChange
from revops_core.values.checks import AtLeast, Between, checked, require
from revops_core.values.condition import each, first_known, one_of
from revops_core.values.distribution import KaplanMeier
from revops_core.values.expression import all_of
from revops_core.values.measurement import Measurement, Undefined
from revops_core.values.money import Money
from revops_core.values.months import months_after

__all__ = [
    "FinancialPeriod",
    "arr_efficiency",
    "burn_multiple",
    "cac",
    "cac_fully_loaded",
    "cac_payback",
    "cac_payback_net",
    "cac_payback_on_revenue",
    "cac_ratio",
    "cltv",
    "cltv_from_survival",
    "cltv_historic",
    "cltv_of_contract",
    "cltv_on_revenue",
    "cost_of_revenue_generation",
    "discounted_cltv",
    "gross_margin_rate",
    "lagged",
    "ltv_to_cac",
    "magic_number",
    "magic_number_of_arr",
    "revenue_growth_rate",
    "revenue_leakage",
    "revenue_leakage_rate",
    "rule_of_40",
    "usage_arr",
]

_Margin = Annotated[Decimal, Between(Decimal(0), Decimal(1))]
_Months = Annotated[int, AtLeast(1)]
_Rate = Annotated[Decimal, AtLeast(Decimal(0))]
_DIGITS = Context(prec=40, rounding=ROUND_HALF_EVEN)


@checked()
@frozen(kw_only=True)
class FinancialPeriod:
    """What finance knows of a month or a quarter, as far as revenue KPIs need it.

    Args:
        on: the last day of the period, by which the row is dated.
        revenue, previous_revenue: recognised in the period, and in the one before.
        cost_of_revenue: what it cost to deliver.
        operating_income: the profit, or the loss as a negative amount.
        net_burn: cash spent less cash received.
        usage_revenue: what metered use was charged.
        contracted, billed, uncollected: what contracts allowed to bill, what was, and what was given up of it.

    >>> FinancialPeriod(on=date(2026, 3, 31), revenue=Money(300, "EUR")).net_burn is None
    True
    """

    on: date
    revenue: Money | None = None
    previous_revenue: Money | None = None
    cost_of_revenue: Money | None = None
    operating_income: Money | None = None
    net_burn: Money | None = None
    usage_revenue: Money | None = None
    contracted: Money | None = None
    billed: Money | None = None
    uncollected: Money | None = None


_change, _spend, _period, _deal = each(RevenueChange), each(Spend), each(FinancialPeriod), each(Deal)
_was, _is = one_of(_change.was_customer, True), one_of(_change.is_customer, True)
_selling = one_of(_spend.purpose, "marketing", "sales_development", "sales")
_cost = total(_spend.amount, where=_selling)
_came = total(_change.came)
_net_new = (
    total(_change.new)
    + total(_change.expansion)
    + total(_change.reactivation)
    - total(_change.contraction)
    - total(_change.churn)
)
_churn = count(all_of(_was, ~_is)) / count(_was)
_arpa = (total(_change.end) / 12) / count(_is)
_growth = (total(_period.revenue) - total(_period.previous_revenue)) / total(_period.previous_revenue)
_kpi = partial(Kpi, stage="expansion")
_spent = partial(_kpi, dated=(_spend.on, _change.on))
_booked = partial(_kpi, dated=_period.on)
_stock = partial(_kpi, dated=_change.on, unit="money", family="cltv")


def lagged(spends: Iterable[Spend], *, months: int) -> tuple[Spend, ...]:
    """Spend as if it had been spent so many months later, for KPIs that compare it with what it brought later.

    >>> lagged([Spend(on=date(2026, 1, 31), amount=Money(9, "EUR"))], months=1)[0].on
    datetime.date(2026, 2, 28)
    """
    require("lagged", months=(months, _Months))
    return tuple(evolve(spend, on=months_after(spend.on, months)) for spend in spends)


# --- Cost of a customer ---

cac = _spent(
    name="cac",
    title="Customer acquisition cost (CAC), blended",
    formula=_cost / _came,
    unit="money",
    direction="lower_is_better",
    says="Marketing, sales development and sales spend of the period, by the customers who came in it. "
    "Give spend that is `lagged` where it works later.",
    source="SaaS Metrics Standards Board",
    family="cac",
)
cac_fully_loaded = _spent(
    name="cac_fully_loaded",
    title="Customer acquisition cost, fully loaded",
    formula=total(_spend.amount) / _came,
    unit="money",
    direction="lower_is_better",
    says="All spend that was given, whatever its purpose, by the customers who came in the period.",
    source="pitchkit",
    family="cac",
)
cac_ratio = _spent(
    name="cac_ratio",
    title="CAC ratio",
    formula=_cost / total(_change.new),
    unit="ratio",
    direction="lower_is_better",
    says="Marketing and sales spend, by the new ARR it brought.",
    source="Kellblog",
    family="sales_efficiency",
)
cac_payback_on_revenue = _spent(
    name="cac_payback_on_revenue",
    title="CAC payback on revenue, months",
    formula=_cost / (total(_change.new) / 12),
    unit="months",
    direction="lower_is_better",
    says="Marketing and sales spend, by the new MRR it brought, without regard to margin.",
    source="SaaSGrid",
    family="cac_payback",
)
cac_payback_net = _spent(
    name="cac_payback_net",
    title="CAC payback on net new revenue, months",
    formula=_cost / (_net_new / 12),
    unit="months",
    direction="lower_is_better",
    says="Marketing and sales spend, by the net new MRR of the period: churn makes it longer.",
    source="gradient",
    family="cac_payback",
)


def cac_payback(gross_margin: Decimal) -> Kpi:
    """How many months of gross margin on new MRR pay back what it cost to win it.

    Formula: marketing and sales spend / (new MRR × gross margin)

    Args:
        gross_margin: a share from 0 to 1, e.g. Decimal("0.8").

    >>> kpi = cac_payback(Decimal("0.8"))
    >>> kpi.name, kpi.of(Money(500, "USD"), Money(50 * 12, "USD")).value
    ('cac_payback_at_80_margin', Decimal('12.5'))
    """
    require("cac_payback", gross_margin=(gross_margin, _Margin))
    return _spent(
        name=f"cac_payback_at_{_percent(gross_margin)}_margin",
        title=f"CAC payback at {_percent(gross_margin)} % margin, months",
        formula=_cost / (total(_change.new) / 12 * gross_margin),
        unit="months",
        direction="lower_is_better",
        says="Marketing and sales spend, by the gross margin of a month on the new MRR it brought.",
        source="SaaS Metrics Standards Board",
        family="cac_payback",
    )


def _percent(share: Decimal) -> str:
    return f"{share * 100:f}".rstrip("0").rstrip(".").replace(".", "_") if share else "0"


# --- Value of a customer ---

cltv_on_revenue = _stock(
    name="cltv_on_revenue",
    title="Customer lifetime value on revenue (CLTV)",
    formula=_arpa / _churn,
    when_zero="infinite",
    says="ARPA by the customer churn rate of the period, over rows of months. It grows without bound as churn nears "
    "zero: prefer `cltv_from_survival` then.",
    source="ChartMogul",
)


def cltv(gross_margin: Decimal) -> Kpi:
    """ARPA × gross margin / customer churn rate, over rows of months: what a customer brings before it leaves.

    >>> cltv(Decimal("0.8")).of(Money(50 * 12, "USD"), 1, 3, 100).value.rounded()
    Money('1333.33', 'USD')
    """
    require("cltv", gross_margin=(gross_margin, _Margin))
    return _stock(
        name=f"cltv_at_{_percent(gross_margin)}_margin",
        title=f"Customer lifetime value at {_percent(gross_margin)} % margin (CLTV)",
        formula=_arpa * gross_margin / _churn,
        when_zero="infinite",
        says="ARPA at the gross margin, by the customer churn rate of the period, over rows of months.",
        source="SaaS Metrics Standards Board; David Skok",
    )


def cltv_of_contract(months: int) -> Kpi:
    """What a customer pays over a contract of so many months: ARPA × months.

    >>> year, five = (cltv_of_contract(months).of(Money(1500 * 12, "EUR"), 1) for months in (12, 60))
    >>> year.value, five.value
    (Money('18000', 'EUR'), Money('90000', 'EUR'))
    """
    require("cltv_of_contract", months=(months, _Months))
    return _stock(
        name=f"cltv_of_contract_{months}m",
        title=f"Customer lifetime value of a contract of {months} months",
        formula=total(_change.end) / count(_is) * months / 12,
        says="MRR per customer at the end of the period, times the months of the contract.",
        source="the beginner's guide: 1,500 a month is 18,000 over one year, 90,000 over five",
    )


def cltv_historic(years: int) -> Kpi:
    """Average purchase value × purchase frequency × lifespan, over the deals of a year.

    >>> cltv_historic(5).of(Money(9000, "EUR"), 30, 10).value
    Money('4500', 'EUR')
    """
    require("cltv_historic", years=(years, _Months))
    purchases = count(_deal)
    return _kpi(
        name=f"cltv_historic_{years}y",
        title=f"Customer lifetime value over {years} years, historic",
        formula=total(_deal.amount) / purchases * (purchases / distinct(_deal.account_id)) * years,
        dated=first_known(_deal.closed_at, _deal.closed_on),
        unit="money",
        says="The mean amount of a deal of the year, times deals by customer, times the years a customer stays.",
        source="RevOps mapping: average purchase value × frequency × lifespan",
        family="cltv",
    )


def discounted_cltv(
    monthly: Money, *, monthly_churn_rate: Decimal, gross_margin: Decimal, annual_discount_rate: Decimal, months: int
) -> Measurement:
    """What a customer brings over at most so many months, each counted for what it is worth today.

    Formula: the sum over m = 0 … months - 1 of monthly × margin × (1 - churn)^m / (1 + discount)^(m / 12)

    Returns:
        Money to 12 places; defined for any churn, also zero, as the months are capped.

    >>> discounted_cltv(Money(100, "EUR"), monthly_churn_rate=Decimal("0.02"), gross_margin=Decimal("0.8"),
    ...                 annual_discount_rate=Decimal("0.1"), months=60).value.rounded()
    Money('2350.01', 'EUR')
    """
    require("discounted_cltv", monthly=(monthly, Money), months=(months, _Months))
    require("discounted_cltv", monthly_churn_rate=(monthly_churn_rate, _Margin), gross_margin=(gross_margin, _Margin))
    require("discounted_cltv", annual_discount_rate=(annual_discount_rate, _Rate))
    month = _DIGITS.power(1 + annual_discount_rate, _DIGITS.divide(Decimal(1), Decimal(12)))
    factor, worth, now = _DIGITS.divide(1 - monthly_churn_rate, month), Decimal(0), Decimal(1)
    for _ in range(months):
        worth, now = _DIGITS.add(worth, now), _DIGITS.multiply(now, factor)
    amount = _DIGITS.multiply(_DIGITS.multiply(monthly.amount, gross_margin), worth)
    name = f"cltv_discounted_{_percent(annual_discount_rate)}_capped_{months}m"
    return _worth(name, _DIGITS.quantize(amount, Decimal("1e-12")), monthly.currency)


def cltv_from_survival(curve: KaplanMeier, monthly: Money, *, gross_margin: Decimal, months: int) -> Measurement:
    """What a customer brings over at most so many months, as long as customers of the curve have stayed.

    Formula: monthly × gross margin × the restricted mean of the curve in months of 365.25 / 12 days

    Args:
        curve: of durations as timedeltas, such as `customer_survival` gives.

    Returns:
        Money to 12 places; `Undefined("censored")` where nobody has been seen for so long.
    """
    require("cltv_from_survival", monthly=(monthly, Money), gross_margin=(gross_margin, _Margin), months=(months, _Months))
    length = type(curve.longest)(days=365.25 / 12 * months)
    lived = curve.restricted_mean(length)
    name = f"cltv_kaplan_meier_capped_{months}m"
    if lived is None:
        return _worth(name, None, monthly.currency)
    share = _DIGITS.divide(Decimal(lived // type(length)(microseconds=1)), Decimal(length // type(length)(microseconds=1)))
    amount = _DIGITS.multiply(_DIGITS.multiply(monthly.amount, gross_margin), share * months)
    return _worth(name, _DIGITS.quantize(amount, Decimal("1e-12")), monthly.currency)


def _worth(name: str, amount: Decimal | None, currency: str) -> Measurement:
    value = Undefined("censored") if amount is None else Money(amount.normalize(_DIGITS), currency)
    return Measurement(name=name, value=value, unit="money", currency=currency)


def ltv_to_cac(gross_margin: Decimal) -> Kpi:
    """Customer lifetime value at a gross margin, by the blended cost of a customer, over rows of months.

    >>> ltv_to_cac(Decimal("0.75")).of(Money(1200, "USD"), 1, 3, 100, Money(500, "USD"), 1).value
    Fraction(5, 1)
    """
    value: Formula = cltv(gross_margin).formula  # type: ignore[assignment]
    return _kpi(
        name=f"ltv_to_cac_at_{_percent(gross_margin)}_margin",
        title=f"LTV to CAC at {_percent(gross_margin)} % margin",
        formula=value / (_cost / _came),
        dated=(_change.on, _spend.on),
        unit="ratio",
        says="The lifetime value of a customer, by what it cost to win one.",
        source="David Skok",
        family="ltv_to_cac",
    )


# --- Efficiency ---

magic_number = _kpi(
    name="magic_number",
    title="Magic number",
    formula=(total(_period.revenue) - total(_period.previous_revenue)) * 4 / _cost,
    dated=(_period.on, _spend.on),
    unit="ratio",
    says="Four times what revenue grew from one quarter to the next, by marketing and sales spend of the quarter "
    "before: give spend that is `lagged` by 3 months.",
    source="Scale Venture Partners",
    family="sales_efficiency",
)
magic_number_of_arr = _spent(
    name="magic_number_of_arr",
    title="Magic number on ARR",
    formula=(total(_change.end) - total(_change.start)) / _cost,
    unit="ratio",
    says="What ARR grew in the period, by marketing and sales spend; lag the spend to compare with the quarter before.",
    source="SOMA B2B SaaS, the right way up",
    family="sales_efficiency",
)
burn_multiple = _kpi(
    name="burn_multiple",
    title="Burn multiple",
    formula=total(_period.net_burn) / _net_new,
    dated=(_period.on, _change.on),
    unit="ratio",
    direction="lower_is_better",
    says="Net cash burned, by net new ARR.",
    source="David Sacks",
    family="burn_multiple",
)
arr_efficiency = _kpi(
    name="arr_efficiency",
    title="Bessemer efficiency score",
    formula=_net_new / total(_period.net_burn),
    dated=(_change.on, _period.on),
    unit="ratio",
    says="Net new ARR, by net cash burned.",
    source="Bessemer Venture Partners",
    family="burn_multiple",
)
revenue_growth_rate = _booked(
    name="revenue_growth_rate",
    title="Revenue growth",
    formula=_growth,
    unit="ratio",
    says="Revenue of the period less that of the one before, by the one before.",
    source="SOMA B2B SaaS",
    family="revenue_growth",
)
gross_margin_rate = _booked(
    name="gross_margin_rate",
    title="Gross margin",
    formula=(total(_period.revenue) - total(_period.cost_of_revenue)) / total(_period.revenue),
    unit="ratio",
    says="Revenue less the cost of delivering it, of revenue.",
    source="SaaS Metrics Standards Board",
    family="gross_margin_rate",
)
rule_of_40 = _booked(
    name="rule_of_40",
    title="Rule of 40",
    formula=_growth + total(_period.operating_income) / total(_period.revenue),
    unit="ratio",
    says="Revenue growth and operating margin together; 0.4 or more is called healthy.",
    source="Brad Feld",
    family="rule_of_40",
)
cost_of_revenue_generation = _kpi(
    name="cost_of_revenue_generation",
    title="Total cost of generating revenue",
    formula=total(_spend.amount) / total(_period.revenue),
    dated=(_spend.on, _period.on),
    unit="ratio",
    direction="lower_is_better",
    says="All spend on winning and keeping customers, of revenue.",
    source="RevOps frameworks",
    family="cost_of_revenue_generation",
)
_leaked = (total(_period.contracted) - total(_period.billed)) + total(_period.uncollected)
revenue_leakage = _booked(
    name="revenue_leakage",
    title="Revenue leakage",
    formula=_leaked,
    unit="money",
    direction="lower_is_better",
    says="What contracts allowed to bill and was not billed, and what was billed and given up. Late bills are in it "
    "until they are written.",
    source="Chargebee",
    family="revenue_leakage",
)
revenue_leakage_rate = _booked(
    name="revenue_leakage_rate",
    title="Revenue leakage rate",
    formula=_leaked / total(_period.contracted),
    unit="ratio",
    direction="lower_is_better",
    says="Revenue leakage, of what contracts allowed to bill.",
    source="Chargebee",
    family="revenue_leakage",
)


def usage_arr(months: int) -> Kpi:
    """What metered use of the last so many months would come to in a year: readings are 1, 3 and 12 months.

    >>> [usage_arr(months).of(Money(300, "USD")).value.amount for months in (1, 3, 12)]
    [Decimal('3600'), Decimal('1200'), Decimal('300')]
    """
    require("usage_arr", months=(months, _Months))
    return _booked(
        name=f"usage_arr_{months}m",
        title=f"Usage ARR from {months} months",
        formula=total(_period.usage_revenue) * 12 / months,
        unit="money",
        says=f"Metered revenue of {months} months, times 12 / {months}.",
        source="Ordway's study of public filers",
        family="usage_arr",
    )
