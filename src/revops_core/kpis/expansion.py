"""Expansion: recurring revenue, what moves it, and how much of it is kept, over the rows of a `RevenueLedger`."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from attrs import evolve

from revops_core.entities.facts import Advocacy
from revops_core.kpis.commitments import Commitment
from revops_core.kpis.formula import count, distinct, mean, total
from revops_core.kpis.kpi import Kpi
from revops_core.kpis.revenue_movements import Bridge, RevenueChange
from revops_core.values.checks import AtLeast, require
from revops_core.values.condition import each, first_known, one_of
from revops_core.values.expression import all_of

__all__ = [
    "arpa", "arpa_of_average_accounts", "arr", "arr_growth_rate", "carr", "churned_arr", "contraction_arr",
    "cross_sell_arr", "cross_sell_rate", "customer_advocacy_rate", "expansion_arr", "expansion_rate", "grr",
    "grr_bridge", "grr_over", "mrr", "net_new_arr", "new_arr", "nrr", "nrr_bridge", "nrr_over", "nrr_trailing_average",
    "price_change_arr", "quick_ratio", "quick_ratio_with_reactivation", "reactivated_arr", "upsell_arr", "upsell_rate",
]  # fmt: skip

_Count = Annotated[int, AtLeast(1)]
_change, _commitment, _advocacy, _bridge = each(RevenueChange), each(Commitment), each(Advocacy), each(Bridge)
_was, _is = one_of(_change.was_customer, True), one_of(_change.is_customer, True)
_start, _end = total(_change.start), total(_change.end)
_won = total(_change.new) + total(_change.expansion)
_lost = total(_change.contraction) + total(_change.churn)
_net_new = _won + total(_change.reactivation) - _lost
_kept = _start - total(_change.contraction) - total(_change.churn)
_kpi = partial(Kpi, stage="expansion", dated=_change.on)
_money = partial(_kpi, unit="money")
_movement = partial(_money, family="revenue_movements", source="ChartMogul")
_upsold = partial(_money, family="upsell", source="SOMA B2B SaaS")
_upsold_rate = partial(_kpi, family="upsell", source="SOMA B2B SaaS")
_quick = partial(_kpi, unit="ratio", family="quick_ratio")
_nrr = partial(_kpi, family="nrr")
_grr = partial(_kpi, family="grr")

arr = _money(
    name="arr", title="Annual recurring revenue (ARR)", formula=_end, source="SaaS Metrics Standards Board",
    family="recurring_revenue", says="The recurring revenue in force at the end of the period, as of a year.",
)  # fmt: skip

mrr = _money(
    name="mrr", title="Monthly recurring revenue (MRR)", source="ChartMogul", family="recurring_revenue",
    formula=_end / 12, says="The recurring revenue in force at the end of the period, as of a month: a twelfth of ARR.",
)  # fmt: skip

carr = _money(
    name="carr", title="Committed annual recurring revenue (CARR)",
    formula=total(_commitment.live) + total(_commitment.signed) - total(_commitment.known_churn), dated=None,
    source="Bessemer Venture Partners, CMRR", family="recurring_revenue",
    says="ARR, with contracts that are signed and not yet live, less those live for which notice was given.",
)  # fmt: skip

new_arr = _movement(
    name="new_arr", title="New ARR", formula=total(_change.new), says="ARR of customers who came in the period.",
)  # fmt: skip

expansion_arr = _movement(
    name="expansion_arr", title="Expansion ARR", formula=total(_change.expansion),
    says="What existing customers pay more: each increase counts, also where a decrease follows in the period.",
)  # fmt: skip

contraction_arr = _movement(
    name="contraction_arr", title="Contraction ARR", formula=total(_change.contraction), direction="lower_is_better",
    says="What customers who stay pay less.",
)  # fmt: skip

churned_arr = _movement(
    name="churned_arr", title="Churned ARR", formula=total(_change.churn), direction="lower_is_better",
    says="ARR of customers who left in the period; measured by reason, those without one stand apart.",
)  # fmt: skip

reactivated_arr = _movement(
    name="reactivated_arr", title="Reactivated ARR", formula=total(_change.reactivation),
    says="ARR of customers who had left and returned in the period.",
)  # fmt: skip

net_new_arr = _money(
    name="net_new_arr", title="Net new ARR", formula=_net_new, source="Stripe; Clari", family="revenue_movements",
    says="New, expansion and reactivated ARR, less contraction and churned ARR.",
)  # fmt: skip

arr_growth_rate = _kpi(
    name="arr_growth_rate", title="Net ARR growth", formula=_net_new / _start, source="SOMA B2B SaaS",
    family="revenue_growth", says="Net new ARR, of the ARR at the start of the period.",
)  # fmt: skip

nrr = _nrr(
    name="nrr", title="Net revenue retention (NRR)", formula=total(_change.retained) / _start,
    source="Kellblog; SaaS Metrics Standards Board",
    says="ARR at the end of the period of those who were customers at its start, of their ARR then. New customers are "
    "never in it; who left and returned is. The standard period is 12 months.",
)  # fmt: skip

nrr_bridge = _nrr(
    name="nrr_bridge", title="Net revenue retention from the bridge", source="the usual bridge; 'lazy NRR' at Kellblog",
    formula=(_start + total(_change.expansion) - total(_change.contraction) - total(_change.churn)) / _start,
    says="ARR at the start, with expansion, less contraction and churn of the period, of ARR at the start. Expansion "
    "and churn of customers who came within the period are in it, returns are not.",
)  # fmt: skip

grr = _grr(
    name="grr", title="Gross revenue retention (GRR)", formula=total(_change.capped) / _start,
    source="SaaS Metrics Standards Board; GP Bullhound",
    says="As NRR, but no customer counts for more than at the start; never above 1.",
)  # fmt: skip

grr_bridge = _grr(
    name="grr_bridge", title="Gross revenue retention from the bridge", formula=_kept / _start,
    source="the usual bridge",
    says="ARR at the start, less contraction and churn of the period, of ARR at the start. It is lower than the capped "
    "one where a customer both expands and contracts.",
)  # fmt: skip


def nrr_over(months: int) -> Kpi:
    """Net revenue retention over periods of so many months, and over no others: rows of another length are left out.

    Formula: what customers of the start pay at the end / what they paid at the start; as `nrr`.
    Source: that of `nrr`.

    >>> nrr_over(12).name
    'nrr_12m'
    """
    return _over(nrr, months, _change.retained)


def grr_over(months: int) -> Kpi:
    """Gross revenue retention, capped per customer, over periods of so many months, and over no others.

    Formula: what customers of the start still pay, at most what they paid / what they paid at the start; as `grr`.
    Source: that of `grr`.

    >>> grr_over(12).name
    'grr_12m'
    """
    return _over(grr, months, _change.capped)


def nrr_trailing_average(quarters: int = 4) -> Kpi:
    """The mean of the net revenue retention of so many quarters, each as much as the others, as public filers tell it.

    The rows are bridges: one for each quarter, or for the 12 months that end with it. The weighted average is
    `nrr_over(3)` over the rows of four quarters.

    Formula: sum of the net revenue retention of each bridge / bridges
    Source: Ordway's study of public filers.

    >>> nrr_trailing_average().name
    'nrr_trailing_average_4q'
    """
    require("nrr_trailing_average", quarters=(quarters, _Count))
    return _nrr(
        name=f"nrr_trailing_average_{quarters}q", title=f"Net revenue retention, mean of {quarters} quarters",
        formula=mean(_bridge.retained_share), dated=_bridge.on, unit="ratio", source="Ordway's study of public filers",
        says=f"The mean of the net revenue retention of the bridges given: those of {quarters} quarters.",
    )  # fmt: skip


def _over(kpi: Kpi, months: int, kept: object) -> Kpi:
    require(f"{kpi.name}_over", months=(months, _Count))
    as_long = _change.month_count == months
    formula = total(kept, where=as_long) / total(_change.start, where=as_long)
    return evolve(kpi, name=f"{kpi.name}_{months}m", title=f"{kpi.title} over {months} months", formula=formula)


upsell_arr = _upsold(
    name="upsell_arr", title="Upsell ARR", formula=total(_change.upsell),
    says="What existing customers pay more, or less, for another product in the place of one or for another quantity.",
)  # fmt: skip

cross_sell_arr = _upsold(
    name="cross_sell_arr", title="Cross-sell ARR", formula=total(_change.cross_sell),
    says="What existing customers pay for items they did not have, less the items they gave up.",
)  # fmt: skip

price_change_arr = _upsold(
    name="price_change_arr", title="ARR from price changes", formula=total(_change.price),
    says="What existing customers pay more, or less, for the same: prices and discounts.",
)  # fmt: skip

upsell_rate = _upsold_rate(
    name="upsell_rate", title="Upsell rate",
    formula=count(all_of(_was, one_of(_change.has_upsell, True))) / count(_was),
    says="Customers at the start of the period who bought more of what they had, of all at the start.",
)  # fmt: skip

cross_sell_rate = _upsold_rate(
    name="cross_sell_rate", title="Cross-sell rate",
    formula=count(all_of(_was, one_of(_change.has_cross_sell, True))) / count(_was),
    says="Customers at the start of the period who bought an item they did not have, of all at the start.",
)  # fmt: skip

expansion_rate = _upsold_rate(
    name="expansion_rate", title="Expansion rate", formula=total(_change.expansion) / _start,
    says="Expansion ARR, of the ARR at the start of the period.",
)  # fmt: skip

arpa = _money(
    name="arpa", title="Average revenue per account (ARPA)", formula=(_end / 12) / count(_is), source="ChartMogul",
    family="arpa", says="MRR at the end of the period, by paying customers then.",
)  # fmt: skip

arpa_of_average_accounts = _money(
    name="arpa_of_average_accounts", title="Average revenue per average account",
    formula=(_end / 12) / ((count(_was) + count(_is)) / 2), source="Baremetrics", family="arpa",
    says="MRR at the end of the period, by the mean of the paying customers at its start and its end.",
)  # fmt: skip

quick_ratio = _quick(
    name="quick_ratio", title="SaaS quick ratio", formula=_won / _lost, when_zero="no_losses",
    source="Baremetrics; GrowPanel", says="New and expansion ARR, by contraction and churned ARR.",
)  # fmt: skip

quick_ratio_with_reactivation = _quick(
    name="quick_ratio_with_reactivation", title="SaaS quick ratio with reactivation",
    formula=(_won + total(_change.reactivation)) / _lost, when_zero="no_losses", source="growthstack",
    says="New, expansion and reactivated ARR, by contraction and churned ARR.",
)  # fmt: skip

customer_advocacy_rate = _kpi(
    name="customer_advocacy_rate", title="Customer advocacy rate", formula=distinct(_advocacy.account_id) / count(_is),
    dated=(first_known(_advocacy.at, _advocacy.on), _change.on), source="SOMA B2B SaaS",
    family="customer_advocacy_rate",
    says="Customers who gave a reference, a review, a case study or a referral in the period, of all at its end.",
)  # fmt: skip
