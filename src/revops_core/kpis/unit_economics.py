"""Unit economics: what a customer costs and brings, and how efficiently revenue is won. Margins and lags are named."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Annotated

from attrs import evolve, frozen

from revops_core.entities.facts import Spend
from revops_core.kpis.formula import Formula, count, total
from revops_core.kpis.kpi import Kpi
from revops_core.kpis.lifetime_value import cltv, percent
from revops_core.kpis.revenue_movements import RevenueChange
from revops_core.values.checks import AtLeast, Between, Where, checked, require, short_repr
from revops_core.values.condition import each, one_of
from revops_core.values.expression import all_of
from revops_core.values.money import Money
from revops_core.values.months import months_after

__all__ = [
    "FinancialPeriod", "arr_efficiency", "burn_multiple", "cac", "cac_expansion", "cac_fully_loaded", "cac_new_logo",
    "cac_paid", "cac_payback", "cac_payback_net", "cac_payback_on_revenue", "cac_ratio", "cost_of_revenue_generation",
    "gross_margin_rate", "lagged", "ltv_to_cac", "magic_number", "magic_number_of_arr", "revenue_growth_rate",
    "revenue_leakage", "revenue_leakage_rate", "rule_of_40",
]  # fmt: skip

_Margin = Annotated[Decimal, Between(Decimal(0), Decimal(1))]
_Months = Annotated[int, AtLeast(1)]
_Channels = Annotated[tuple[str, ...], Where(bool, "must name one or more, such as 'paid_search'")]


@checked()
@frozen(kw_only=True)
class FinancialPeriod:
    """The figures of one month or quarter; those that are unknown are left out of the KPIs that read them.

    Args:
        on: the last day of the period, by which the row is dated.
        revenue, previous_revenue: recognised in the period, and in the one before.
        cost_of_revenue: what it cost to deliver.
        operating_income: the profit, or the loss as a negative amount.
        net_burn: cash spent less cash received.
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
    contracted: Money | None = None
    billed: Money | None = None
    uncollected: Money | None = None

    __repr__ = short_repr


_change, _spend, _period = each(RevenueChange), each(Spend), each(FinancialPeriod)
_winning = one_of(_spend.purpose, "marketing", "sales_development", "sales")
_growing = one_of(_spend.purpose, "expansion")
_selling = one_of(_spend.purpose, "marketing", "sales_development", "sales", "expansion")
_cost = total(_spend.amount, where=_selling)
_came = total(_change.came)
_was = one_of(_change.was_customer, True)
_won = total(_change.new) + total(_change.expansion) + total(_change.reactivation)
_net_new = _won - total(_change.contraction) - total(_change.churn)
_growth = (total(_period.revenue) - total(_period.previous_revenue)) / total(_period.previous_revenue)
_kpi = partial(Kpi, stage="expansion")
_spent = partial(_kpi, dated=(_spend.on, _change.on))
_booked = partial(_kpi, dated=_period.on)
_cac = partial(_spent, direction="lower_is_better", unit="money", family="cac")
_payback = partial(_spent, direction="lower_is_better", unit="months", family="cac_payback")
_leakage = partial(_booked, direction="lower_is_better", source="Chargebee", family="revenue_leakage")


def lagged(spends: Iterable[Spend], *, months: int) -> tuple[Spend, ...]:
    """Spend as if it had been spent so many months later, for KPIs that compare it with what it brought later.

    >>> from datetime import date
    >>> from revops_core.values.money import Money
    >>> lagged([Spend(on=date(2026, 1, 31), amount=Money(9, "EUR"))], months=1)[0].on
    datetime.date(2026, 2, 28)
    """
    require("lagged", months=(months, _Months))
    return tuple(evolve(spend, on=months_after(spend.on, months)) for spend in spends)


# --- Cost of a customer ---

cac = _cac(
    name="cac", title="Customer acquisition cost (CAC), blended", formula=_cost / _came,
    source="SaaS Metrics Standards Board",
    says="Marketing, sales development and sales spend of the period, and that on expansion, by the customers who came "
    "in it. Give spend that is `lagged` where it works later; measure by channel where the rows tell it.",
)  # fmt: skip

cac_new_logo = _cac(
    name="cac_new_logo", title="Customer acquisition cost of new customers",
    formula=total(_spend.amount, where=_winning) / _came, source="SaaS Metrics Standards Board",
    says="Marketing, sales development and sales spend of the period without that on expansion, by the customers who "
    "came in it.",
)  # fmt: skip

cac_expansion = _cac(
    name="cac_expansion", title="Cost of an expansion", source="abacum; SaaS Metrics Standards Board",
    formula=total(_spend.amount, where=_growing) / count(all_of(_was, one_of(_change.has_expanded, True))),
    says="Spend of the purpose 'expansion' in the period, by the customers at its start who expanded in it.",
)  # fmt: skip


def cac_paid(*channels: str) -> Kpi:
    """What a customer from paid channels costs: the spend on these channels, by the customers who came from them.

    `RevenueLedger.changes` tells where customers came from if it is given their `channels`.

    Formula: spend on the channels / customers who came from them
    Source: SaaS Metrics Standards Board; abacum.

    >>> from revops_core.values.money import Money
    >>> kpi = cac_paid("search", "social")
    >>> kpi.name, kpi.of(Money(900, "EUR"), 3).value
    ('cac_paid_search_social', Money('300', 'EUR'))
    """
    require("cac_paid", channels=(channels, _Channels))
    return _cac(
        name=f"cac_paid_{'_'.join(channels)}", title=f"Customer acquisition cost, paid: {', '.join(channels)}",
        formula=total(_spend.amount, where=one_of(_spend.channel, *channels))
        / total(_change.came, where=one_of(_change.channel, *channels)),
        source="SaaS Metrics Standards Board; abacum",
        says="Spend on the named channels in the period, by the customers who came from them in it.",
    )  # fmt: skip


cac_fully_loaded = _cac(
    name="cac_fully_loaded", title="Customer acquisition cost, fully loaded", formula=total(_spend.amount) / _came,
    source="pitchkit", says="All spend that was given, whatever its purpose, by the customers who came in the period.",
)  # fmt: skip

cac_ratio = _spent(
    name="cac_ratio", title="CAC ratio", formula=_cost / total(_change.new), unit="ratio", direction="lower_is_better",
    source="Kellblog", family="sales_efficiency", says="Marketing and sales spend, by the new ARR it brought.",
)  # fmt: skip

cac_payback_on_revenue = _payback(
    name="cac_payback_on_revenue", title="CAC payback on revenue, months", formula=_cost / (total(_change.new) / 12),
    source="SaaSGrid", says="Marketing and sales spend, by the new MRR it brought, without regard to margin.",
)  # fmt: skip

cac_payback_net = _payback(
    name="cac_payback_net", title="CAC payback on net new revenue, months", formula=_cost / (_net_new / 12),
    source="gradient", says="Marketing and sales spend, by the net new MRR of the period: churn makes it longer.",
)  # fmt: skip


def cac_payback(gross_margin: Decimal) -> Kpi:
    """How many months of gross margin on new MRR pay back what it cost to win it.

    Formula: marketing and sales spend / (new MRR × gross margin)
    Source: SaaS Metrics Standards Board.

    Args:
        gross_margin: a share from 0 to 1, e.g. Decimal("0.8").

    >>> from revops_core.values.money import Money
    >>> kpi = cac_payback(Decimal("0.8"))
    >>> kpi.name, kpi.of(Money(500, "USD"), Money(50 * 12, "USD")).value
    ('cac_payback_at_80_margin', Decimal('12.5'))
    """
    require("cac_payback", gross_margin=(gross_margin, _Margin))
    return _payback(
        name=f"cac_payback_at_{percent(gross_margin)}_margin",
        title=f"CAC payback at {percent(gross_margin)} % margin, months",
        formula=_cost / (total(_change.new) / 12 * gross_margin), source="SaaS Metrics Standards Board",
        says="Marketing and sales spend, by the gross margin of a month on the new MRR it brought.",
    )  # fmt: skip


def ltv_to_cac(gross_margin: Decimal) -> Kpi:
    """Customer lifetime value at a gross margin, by the blended cost of a customer, over rows of months.

    Formula: (ARPA × gross margin / customer churn rate) / (marketing and sales spend / new customers)
    Source: David Skok.

    >>> from revops_core.values.money import Money
    >>> ltv_to_cac(Decimal("0.75")).of(Money(1200, "USD"), 1, 3, 100, Money(500, "USD"), 1).value
    Fraction(5, 1)
    """
    value: Formula = cltv(gross_margin).formula  # type: ignore[assignment]
    return _kpi(
        name=f"ltv_to_cac_at_{percent(gross_margin)}_margin", title=f"LTV to CAC at {percent(gross_margin)} % margin",
        formula=value / (_cost / _came), dated=(_change.on, _spend.on), unit="ratio", source="David Skok",
        family="ltv_to_cac", says="The lifetime value of a customer, by what it cost to win one.",
    )  # fmt: skip


# --- Efficiency ---

magic_number = _kpi(
    name="magic_number", title="Magic number", dated=(_period.on, _spend.on), unit="ratio", family="sales_efficiency",
    formula=(total(_period.revenue) - total(_period.previous_revenue)) * 4 / _cost, source="Scale Venture Partners",
    says="Four times what revenue grew from one quarter to the next, by marketing and sales spend of the quarter "
    "before: give spend that is `lagged` by 3 months.",
)  # fmt: skip

magic_number_of_arr = _spent(
    name="magic_number_of_arr", title="Magic number on ARR", unit="ratio", source="SOMA B2B SaaS, the right way up",
    formula=(total(_change.end) - total(_change.start)) / _cost, family="sales_efficiency",
    says="What ARR grew in the period, by marketing and sales spend; lag the spend to compare with the quarter before.",
)  # fmt: skip

burn_multiple = _kpi(
    name="burn_multiple", title="Burn multiple", formula=total(_period.net_burn) / _net_new,
    dated=(_period.on, _change.on), unit="ratio", direction="lower_is_better", source="David Sacks",
    family="burn_multiple", says="Net cash burned, by net new ARR.",
)  # fmt: skip

arr_efficiency = _kpi(
    name="arr_efficiency", title="Bessemer efficiency score", formula=_net_new / total(_period.net_burn),
    dated=(_change.on, _period.on), unit="ratio", source="Bessemer Venture Partners", family="burn_multiple",
    says="Net new ARR, by net cash burned.",
)  # fmt: skip

revenue_growth_rate = _booked(
    name="revenue_growth_rate", title="Revenue growth", formula=_growth, source="SOMA B2B SaaS",
    family="revenue_growth", says="Revenue of the period less that of the one before, by the one before.",
)  # fmt: skip

gross_margin_rate = _booked(
    name="gross_margin_rate", title="Gross margin", source="SaaS Metrics Standards Board",
    formula=(total(_period.revenue) - total(_period.cost_of_revenue)) / total(_period.revenue),
    family="gross_margin_rate", says="Revenue less the cost of delivering it, of revenue.",
)  # fmt: skip

rule_of_40 = _booked(
    name="rule_of_40", title="Rule of 40", formula=_growth + total(_period.operating_income) / total(_period.revenue),
    source="Brad Feld", family="rule_of_40",
    says="Revenue growth and operating margin together; 0.4 or more is called healthy.",
)  # fmt: skip

cost_of_revenue_generation = _kpi(
    name="cost_of_revenue_generation", title="Total cost of generating revenue", dated=(_spend.on, _period.on),
    formula=total(_spend.amount) / total(_period.revenue), direction="lower_is_better", source="RevOps frameworks",
    family="cost_of_revenue_generation", says="All spend on winning and keeping customers, of revenue.",
)  # fmt: skip

_leaked = (total(_period.contracted) - total(_period.billed)) + total(_period.uncollected)
revenue_leakage = _leakage(
    name="revenue_leakage", title="Revenue leakage", formula=_leaked, unit="money",
    says="What contracts allowed to bill and was not billed, and what was billed and given up. Late bills are in it "
    "until they are written.",
)  # fmt: skip

revenue_leakage_rate = _leakage(
    name="revenue_leakage_rate", title="Revenue leakage rate", formula=_leaked / total(_period.contracted),
    says="Revenue leakage, of what contracts allowed to bill.",
)  # fmt: skip
