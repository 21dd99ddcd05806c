"""Renewal: who leaves, who stays, what comes up for renewal and what becomes of it. Each reading has its own name."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from functools import partial
from typing import Annotated, Any, Literal

from attrs import evolve

from revops_core.kpis.formula import count, mean, median, total
from revops_core.kpis.kpi import Kpi
from revops_core.kpis.renewals import Renewal
from revops_core.kpis.revenue_movements import Bridge, RevenueChange
from revops_core.kpis.survival import CustomerLife
from revops_core.values.checks import AtLeast, require
from revops_core.values.condition import each, given, known, one_of
from revops_core.values.expression import all_of
from revops_core.values.measurement import Measurement, Undefined

__all__ = [
    "annualised_churn", "available_to_renew", "customer_churn_rate", "customer_churn_rate_daily_sum",
    "customer_churn_rate_of_all_losses", "customer_churn_rate_of_average", "customer_churn_rate_of_renewals",
    "customer_churn_rate_of_start_and_new", "customer_churn_rate_rolling", "customer_lifetime",
    "customer_retention_rate", "customer_retention_rate_by_difference", "early_churn_rate", "gross_renewal_rate",
    "gross_revenue_churn_rate", "missed_renewal_amount", "missed_renewals", "net_renewal_rate",
    "net_revenue_churn_rate", "net_revenue_churn_rate_with_reactivation", "renewal_cycle_mean", "renewal_cycle_median",
    "renewal_rate", "renewal_rate_in_period", "renewal_revenue", "renewal_uplift", "renewals_due",
]  # fmt: skip

_Days = Annotated[int, AtLeast(1)]
_DIGITS = Context(prec=40, rounding=ROUND_HALF_EVEN)
_change, _bridge, _renewal, _life = each(RevenueChange), each(Bridge), each(Renewal), each(CustomerLife)
_SINCE: Mapping[str, tuple[Any, ...]] = {
    "onboarding": (given(_life.onboarded_on), "early_churn_rate", "Early churn rate", "their onboarding"),
    "start": (_life.started_on, "early_churn_rate_of_start", "Early churn rate from the start", "their start"),
}
_was, _is = one_of(_change.was_customer, True), one_of(_change.is_customer, True)
_start = total(_change.start)
_renewed = _renewal.status == "renewed"
_at_start, _gone, _left = count(_was), count(all_of(_was, ~_is)), total(_change.left)
_shrunk = total(_change.churn) + total(_change.contraction)
_cycle_time = given(_renewal.renewed_at) - given(_renewal.opened_at)
_kpi = partial(Kpi, stage="renewal")
_lost = partial(_kpi, direction="lower_is_better")
_churn = partial(_lost, dated=_change.on, family="customer_churn_rate")
_churn_ratio = partial(_churn, unit="ratio")
_revenue_churn = partial(_lost, dated=_change.on, family="revenue_churn_rate")
_retention = partial(_kpi, dated=_change.on, family="customer_retention_rate")
_due = partial(_kpi, dated=_renewal.due_on, family="renewal_rate")
_amount = partial(_kpi, dated=_renewal.due_on, family="renewal_revenue", unit="money", source="SOMA B2B SaaS")
_missed = partial(_lost, dated=_renewal.due_on, family="missed_renewals", source="RevOps renewals")
_cycle = partial(_lost, dated=_renewal.due_on, family="renewal_cycle_time", unit="duration", source="SOMA B2B SaaS")

customer_churn_rate = _churn(
    name="customer_churn_rate", title="Customer (logo) churn rate", formula=_gone / _at_start, source="ChartMogul",
    says="Customers at the start of the period who are none at its end, of those at the start. Who joined in it is "
    "left out, who left and returned has not churned.",
)  # fmt: skip

customer_churn_rate_of_all_losses = _churn_ratio(
    name="customer_churn_rate_of_all_losses", title="Customer churn rate, all losses", formula=_left / _at_start,
    source="Recurly",
    says="Every loss of a customer in the period, also of those who joined in it, by the customers at the start.",
)  # fmt: skip

customer_churn_rate_of_start_and_new = _churn_ratio(
    name="customer_churn_rate_of_start_and_new", title="Customer churn rate of start and new",
    formula=_left / (_at_start + total(_change.came)), source="Stripe",
    says="Every loss of a customer in the period, by the customers at the start and those who came.",
)  # fmt: skip

customer_churn_rate_of_average = _churn_ratio(
    name="customer_churn_rate_of_average", title="Customer churn rate of the average",
    formula=_left / ((_at_start + count(_is)) / 2), source="a common variant",
    says="Every loss of a customer in the period, by the mean of the customers at its start and its end.",
)  # fmt: skip

customer_churn_rate_daily_sum = _lost(
    name="customer_churn_rate_daily_sum", title="Customer churn rate, sum of days", dated=_bridge.on, unit="ratio",
    formula=total(_bridge.churned_share), source="ChartMogul, 'Shopify' method", family="customer_churn_rate",
    says="The sum of the churn rates of the days, each of the customers of its morning; over the bridges of days.",
)  # fmt: skip

customer_churn_rate_of_renewals = _lost(
    name="customer_churn_rate_of_renewals", title="Churn rate of those up for renewal", dated=_renewal.due_on,
    family="customer_churn_rate", formula=count(_renewal.status == "lost") / count(_renewal), source="Displayr",
    says="Contracts that were not renewed, of all whose term ended in the period. Open ones are not lost yet.",
)  # fmt: skip

customer_retention_rate = _retention(
    name="customer_retention_rate", title="Customer retention rate", formula=count(all_of(_was, _is)) / _at_start,
    source="lifelines; Clari",
    says="Customers at the start of the period who are customers at its end, of those at the start.",
)  # fmt: skip

customer_retention_rate_by_difference = _retention(
    name="customer_retention_rate_by_difference", title="Customer retention rate by difference", unit="ratio",
    formula=(count(_is) - total(_change.came)) / _at_start, source="a common formula",
    says="(E - N) / S: customers at the end less those who came, by those at the start. Wrong where new customers "
    "leave within the period or old ones return.",
)  # fmt: skip

customer_lifetime = _kpi(
    name="customer_lifetime", title="Customer lifetime", dated=_change.on, family="customer_lifetime",
    formula=_at_start / _gone, unit="periods", when_zero="infinite", source="Kellblog",
    says="One by the customer churn rate: how many periods a customer stays if the rate never changes.",
)  # fmt: skip

gross_revenue_churn_rate = _revenue_churn(
    name="gross_revenue_churn_rate", title="Gross revenue churn rate", formula=_shrunk / _start, source="ChartMogul",
    says="Churned and contraction ARR, of the ARR at the start of the period.",
)  # fmt: skip

net_revenue_churn_rate = _revenue_churn(
    name="net_revenue_churn_rate", title="Net revenue churn rate",
    formula=(_shrunk - total(_change.expansion)) / _start, source="Stripe",
    says="Churned and contraction ARR less expansion, of the ARR at the start; negative where expansion is more.",
)  # fmt: skip

net_revenue_churn_rate_with_reactivation = _revenue_churn(
    name="net_revenue_churn_rate_with_reactivation", title="Net revenue churn rate with reactivation",
    formula=(_shrunk - total(_change.expansion) - total(_change.reactivation)) / _start, source="ChartMogul",
    says="Churned and contraction ARR less expansion and reactivation, of the ARR at the start.",
)  # fmt: skip


def customer_churn_rate_rolling(days: int = 30) -> Kpi:
    """Every loss of a customer in so many days, also of who joined in them, by the customers before: a rolling rate.

    Rows of periods of another length are left out: give `ledger.changes(Period.between(day - timedelta(days), day))`.

    Formula: customers lost in the days / customers before them
    Source: Baremetrics.

    >>> customer_churn_rate_rolling().name
    'customer_churn_rate_rolling_30d'
    """
    require("customer_churn_rate_rolling", days=(days, _Days))
    as_long = _change.day_count == days
    return _churn_ratio(
        name=f"customer_churn_rate_rolling_{days}d", title=f"Customer churn rate of {days} days",
        formula=total(_change.left, where=as_long) / count(all_of(as_long, _was)), source="Baremetrics",
        says=f"Every loss of a customer in {days} days, by the customers before them.",
    )  # fmt: skip


def early_churn_rate(days: int, since: str = "onboarding") -> Kpi:
    """New customers who leave within so many days after onboarding, of those onboarded at least so many days ago.

    Formula: ended at most `days` after onboarding / onboarded, and seen for at least `days` since.
    Source: SOMA B2B SaaS, early attrition.

    Args:
        days: how many.
        since: "onboarding", or "start": from the day they came, onboarded or not.

    >>> early_churn_rate(90).name, early_churn_rate(90, "start").name
    ('early_churn_rate_90d', 'early_churn_rate_of_start_90d')
    """
    require("early_churn_rate", days=(days, _Days), since=(since, Literal["onboarding", "start"]))
    day, name, title, what = _SINCE[since]
    limit = timedelta(days=days)
    seen = given(_life.seen_until_on) - day >= limit
    gone = all_of(seen, known(_life.ended_on), given(_life.ended_on) - day <= limit)
    return Kpi(
        name=f"{name}_{days}d", title=f"{title} within {days} days", stage="onboarding", direction="lower_is_better",
        formula=count(gone) / count(seen), source="SOMA B2B SaaS, early attrition", family="early_churn_rate",
        dated=day, says=f"Customers who left within {days} days of {what}, of those seen for at least so long.",
    )  # fmt: skip


available_to_renew = _due(
    name="available_to_renew", title="Available to renew (ATR)", formula=total(_renewal.amount), unit="money",
    direction="neither", source="SOMA B2B SaaS, exposed contracts",
    says="The annual revenue of the contracts whose term ends in the period.",
)  # fmt: skip

renewals_due = _due(
    name="renewals_due", title="Renewals due", formula=count(_renewal), unit="count", direction="neither",
    source="SOMA B2B SaaS", says="Contracts whose term ends in the period.",
)  # fmt: skip

renewal_rate = _due(
    name="renewal_rate", title="Renewal rate", formula=count(_renewed) / count(_renewal), source="Chargebee",
    says="Contracts that were renewed, of those whose term ended in the period. Early and late renewals belong to the "
    "period of the term's end.",
)  # fmt: skip

gross_renewal_rate = _due(
    name="gross_renewal_rate", title="Gross renewal rate", formula=total(_renewal.capped) / total(_renewal.amount),
    source="Concentrix",
    says="The revenue that was renewed, none for more than before, of the revenue available to renew.",
)  # fmt: skip

net_renewal_rate = _due(
    name="net_renewal_rate", title="Net renewal rate", formula=total(_renewal.renewed_amount) / total(_renewal.amount),
    source="Concentrix", says="The revenue of the renewals, of the revenue available to renew.",
)  # fmt: skip

renewal_rate_in_period = _due(
    name="renewal_rate_in_period", title="Renewal rate in period", source="Concentrix",
    formula=total(_renewal.capped, where=one_of(_renewal.is_in_period, True)) / total(_renewal.amount),
    says="The revenue renewed in the very period, neither early nor late, of the revenue available to renew.",
)  # fmt: skip

renewal_revenue = _amount(
    name="renewal_revenue", title="Renewal revenue", formula=total(_renewal.capped),
    says="The annual revenue that was renewed; what a renewal is worth above its contract is the uplift.",
)  # fmt: skip

renewal_uplift = _amount(
    name="renewal_uplift", title="Renewal uplift", formula=total(_renewal.uplift),
    says="What renewals are worth above the contracts they renew: expansion at renewal.",
)  # fmt: skip

missed_renewals = _missed(
    name="missed_renewals", title="Missed renewals", formula=count(one_of(_renewal.is_missed, True)), unit="count",
    says="Contracts that ended in the period and whose days of grace are over, without a renewal or a notice.",
)  # fmt: skip

missed_renewal_amount = _missed(
    name="missed_renewal_amount", title="Missed renewal amount",
    formula=total(_renewal.amount, where=one_of(_renewal.is_missed, True)), unit="money",
    says="The annual revenue of missed renewals.",
)  # fmt: skip

renewal_cycle_mean = _cycle(
    name="renewal_cycle_mean", title="Renewal cycle time, mean", formula=mean(_cycle_time, where=_renewed),
    says="From the opening of a renewal opportunity to its closing, on average over the contracts renewed.",
)  # fmt: skip

renewal_cycle_median = _cycle(
    name="renewal_cycle_median", title="Renewal cycle time, median", formula=median(_cycle_time, where=_renewed),
    says="From the opening of a renewal opportunity to its closing: the one in the middle of the contracts renewed.",
)  # fmt: skip


def annualised_churn(rate: Measurement, *, months: int) -> Measurement:
    """A churn rate of so many months as that of a year, if it went on: 1 - (1 - rate)^(12 / months), never rate × 12.

    Returns:
        A `Measurement` of the name with `_annualised`, as a Decimal to 12 places; undefined where the rate is.

    >>> annualised_churn(customer_churn_rate.of(2, 100), months=1).value
    Decimal('0.215283276265')
    """
    require("annualised_churn", rate=(rate, Measurement), months=(months, _Days))
    value = rate.value
    if not isinstance(value, Undefined):
        exact = Fraction(value)  # type: ignore[arg-type]
        kept = _DIGITS.divide(Decimal(exact.denominator - exact.numerator), Decimal(exact.denominator))
        lasting = _DIGITS.power(kept, _DIGITS.divide(Decimal(12), Decimal(months)))
        value = _DIGITS.quantize(1 - lasting, Decimal("1e-12"))
    return evolve(rate, name=f"{rate.name}_annualised", value=value, unit="ratio", numerator=None, denominator=None)
