"""Lifetime value: what a customer brings, as a quotient, of a contract, discounted, or along a survival curve."""

from __future__ import annotations

from datetime import timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal
from functools import partial
from typing import Annotated

from revops_core.entities.deal import Deal
from revops_core.kpis.formula import count, distinct, total
from revops_core.kpis.kpi import Kpi
from revops_core.kpis.revenue_movements import RevenueChange
from revops_core.values.checks import AtLeast, Between, require
from revops_core.values.condition import each, first_known, one_of
from revops_core.values.distribution import KaplanMeier
from revops_core.values.expression import all_of
from revops_core.values.measurement import Measurement, Undefined
from revops_core.values.money import Money

__all__ = [
    "cltv", "cltv_from_survival", "cltv_historic", "cltv_of_contract", "cltv_on_revenue", "discounted_cltv",
]  # fmt: skip

_Margin = Annotated[Decimal, Between(Decimal(0), Decimal(1))]
_Months = Annotated[int, AtLeast(1)]
_Rate = Annotated[Decimal, AtLeast(Decimal(0))]
_DIGITS = Context(prec=40, rounding=ROUND_HALF_EVEN)
_MICROSECOND = timedelta(microseconds=1)

_change, _deal = each(RevenueChange), each(Deal)
_was, _is = one_of(_change.was_customer, True), one_of(_change.is_customer, True)
_churn = count(all_of(_was, ~_is)) / count(_was)
_arpa = (total(_change.end) / 12) / count(_is)
_stock = partial(Kpi, stage="expansion", dated=_change.on, unit="money", family="cltv")


def percent(share: Decimal) -> str:
    """A share as part of a name: 0.725 is 72_5."""
    return f"{share * 100:f}".rstrip("0").rstrip(".").replace(".", "_") if share else "0"


cltv_on_revenue = _stock(
    name="cltv_on_revenue", title="Customer lifetime value on revenue (CLTV)", formula=_arpa / _churn,
    when_zero="infinite", source="ChartMogul",
    says="ARPA by the customer churn rate of the period, over rows of months. It grows without bound as churn nears "
    "zero: prefer `cltv_from_survival` then.",
)  # fmt: skip


def cltv(gross_margin: Decimal) -> Kpi:
    """ARPA × gross margin / customer churn rate, over rows of months: what a customer brings before it leaves.

    Formula: ARPA × gross margin / customer churn rate
    Source: SaaS Metrics Standards Board; David Skok.

    >>> from revops_core.values.money import Money
    >>> cltv(Decimal("0.8")).of(Money(50 * 12, "USD"), 1, 3, 100).value.rounded()
    Money('1333.33', 'USD')
    """
    require("cltv", gross_margin=(gross_margin, _Margin))
    return _stock(
        name=f"cltv_at_{percent(gross_margin)}_margin",
        title=f"Customer lifetime value at {percent(gross_margin)} % margin (CLTV)",
        formula=_arpa * gross_margin / _churn, when_zero="infinite", source="SaaS Metrics Standards Board; David Skok",
        says="ARPA at the gross margin, by the customer churn rate of the period, over rows of months.",
    )  # fmt: skip


def cltv_of_contract(months: int) -> Kpi:
    """What a customer pays over a contract of so many months: ARPA × months.

    Formula: ARPA a month × months
    Source: the beginner's guide: 1,500 a month is 18,000 in a year and 90,000 in five.

    >>> from revops_core.values.money import Money
    >>> year, five = (cltv_of_contract(months).of(Money(1500 * 12, "EUR"), 1) for months in (12, 60))
    >>> year.value, five.value
    (Money('18000', 'EUR'), Money('90000', 'EUR'))
    """
    require("cltv_of_contract", months=(months, _Months))
    return _stock(
        name=f"cltv_of_contract_{months}m", title=f"Customer lifetime value of a contract of {months} months",
        formula=total(_change.end) / count(_is) * months / 12,
        source="the beginner's guide: 1,500 a month is 18,000 over one year, 90,000 over five",
        says="MRR per customer at the end of the period, times the months of the contract.",
    )  # fmt: skip


def cltv_historic(years: int) -> Kpi:
    """Average purchase value × purchase frequency × lifespan, over the deals of a year.

    Formula: (won amount / deals) × (deals / customers) × years
    Source: RevOps mapping.

    >>> from revops_core.values.money import Money
    >>> cltv_historic(5).of(Money(9000, "EUR"), 30, 10).value
    Money('4500', 'EUR')
    """
    require("cltv_historic", years=(years, _Months))
    purchases = count(_deal)
    return _stock(
        name=f"cltv_historic_{years}y", title=f"Customer lifetime value over {years} years, historic",
        formula=total(_deal.amount) / purchases * (purchases / distinct(_deal.account_id)) * years,
        dated=first_known(_deal.closed_at, _deal.closed_on),
        source="RevOps mapping: average purchase value × frequency × lifespan",
        says="The mean amount of a deal of the year, times deals by customer, times the years a customer stays.",
    )  # fmt: skip


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
    name = f"cltv_discounted_{percent(annual_discount_rate)}_capped_{months}m"
    return _worth(name, monthly, gross_margin, worth)


def cltv_from_survival(curve: KaplanMeier, monthly: Money, *, gross_margin: Decimal, months: int) -> Measurement:
    """What a customer brings over at most so many months, as long as customers of the curve have stayed.

    Formula: monthly × gross margin × the restricted mean of the curve in months of 365.25 / 12 days

    Args:
        curve: of durations as timedeltas, such as `customer_survival` gives.
        monthly: what a customer pays in a month.
        gross_margin: a share from 0 to 1.
        months: the cap.

    Returns:
        Money to 12 places; `Undefined("censored")` where nobody has been seen for so long.

    >>> nobody_left = KaplanMeier.of([(timedelta(days=800), False)])
    >>> cltv_from_survival(nobody_left, Money(100, "EUR"), gross_margin=Decimal("0.8"), months=24).value
    Money('1920', 'EUR')
    """
    require("cltv_from_survival", monthly=(monthly, Money), months=(months, _Months))
    require("cltv_from_survival", gross_margin=(gross_margin, _Margin))
    length = timedelta(days=365.25 / 12 * months)
    lived: timedelta | None = curve.restricted_mean(length)
    lasted = None
    if lived is not None:
        lasted = _DIGITS.divide(Decimal(lived // _MICROSECOND * months), Decimal(length // _MICROSECOND))
    return _worth(f"cltv_kaplan_meier_capped_{months}m", monthly, gross_margin, lasted)


def _worth(name: str, monthly: Money, gross_margin: Decimal, months: Decimal | None) -> Measurement:
    """What so many months bring, to 12 places; undefined where nobody knows how many there are."""
    value: Money | Undefined = Undefined("censored")
    if months is not None:
        amount = _DIGITS.multiply(_DIGITS.multiply(monthly.amount, gross_margin), months)
        value = Money(_DIGITS.quantize(amount, Decimal("1e-12")).normalize(_DIGITS), monthly.currency)
    return Measurement(name=name, value=value, unit="money", currency=monthly.currency)
