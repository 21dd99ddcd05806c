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
    "annualised_churn",
    "available_to_renew",
    "customer_churn_rate",
    "customer_churn_rate_daily_sum",
    "customer_churn_rate_of_all_losses",
    "customer_churn_rate_of_average",
    "customer_churn_rate_of_renewals",
    "customer_churn_rate_of_start_and_new",
    "customer_churn_rate_rolling",
    "customer_lifetime",
    "customer_retention_rate",
    "customer_retention_rate_by_difference",
    "early_churn_rate",
    "gross_renewal_rate",
    "gross_revenue_churn_rate",
    "missed_renewal_amount",
    "missed_renewals",
    "net_renewal_rate",
    "net_revenue_churn_rate",
    "net_revenue_churn_rate_with_reactivation",
    "renewal_cycle_mean",
    "renewal_cycle_median",
    "renewal_rate",
    "renewal_rate_in_period",
    "renewal_revenue",
    "renewal_uplift",
    "renewals_due",
]

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
_churn = partial(Kpi, stage="renewal", dated=_change.on, direction="lower_is_better", family="customer_churn_rate")
_due = partial(Kpi, stage="renewal", dated=_renewal.due_on, family="renewal_rate")

customer_churn_rate = _churn(
    name="customer_churn_rate",
    title="Customer (logo) churn rate",
    formula=count(all_of(_was, ~_is)) / count(_was),
    says="Customers at the start of the period who are none at its end, of those at the start. Who joined in it is "
    "left out, who left and returned has not churned.",
    source="ChartMogul",
)
customer_churn_rate_of_all_losses = _churn(
    name="customer_churn_rate_of_all_losses",
    title="Customer churn rate, all losses",
    formula=total(_change.left) / count(_was),
    unit="ratio",
    says="Every loss of a customer in the period, also of those who joined in it, by the customers at the start.",
    source="Recurly",
)
customer_churn_rate_of_start_and_new = _churn(
    name="customer_churn_rate_of_start_and_new",
    title="Customer churn rate of start and new",
    formula=total(_change.left) / (count(_was) + total(_change.came)),
    unit="ratio",
    says="Every loss of a customer in the period, by the customers at the start and those who came.",
    source="Stripe",
)
customer_churn_rate_of_average = _churn(
    name="customer_churn_rate_of_average",
    title="Customer churn rate of the average",
    formula=total(_change.left) / ((count(_was) + count(_is)) / 2),
    unit="ratio",
    says="Every loss of a customer in the period, by the mean of the customers at its start and its end.",
    source="a common variant",
)
customer_churn_rate_daily_sum = Kpi(
    name="customer_churn_rate_daily_sum",
    title="Customer churn rate, sum of days",
    stage="renewal",
    formula=total(_bridge.churned_share),
    dated=_bridge.on,
    unit="ratio",
    direction="lower_is_better",
    says="The sum of the churn rates of the days, each of the customers of its morning; over the bridges of days.",
    source="ChartMogul, 'Shopify' method",
    family="customer_churn_rate",
)
customer_churn_rate_of_renewals = _due(
    name="customer_churn_rate_of_renewals",
    title="Churn rate of those up for renewal",
    formula=count(_renewal.status == "lost") / count(_renewal),
    direction="lower_is_better",
    says="Contracts that were not renewed, of all whose term ended in the period. Open ones are not lost yet.",
    source="Displayr",
    family="customer_churn_rate",
)
customer_retention_rate = _churn(
    name="customer_retention_rate",
    title="Customer retention rate",
    formula=count(all_of(_was, _is)) / count(_was),
    direction="higher_is_better",
    says="Customers at the start of the period who are customers at its end, of those at the start.",
    source="lifelines; Clari",
    family="customer_retention_rate",
)
customer_retention_rate_by_difference = _churn(
    name="customer_retention_rate_by_difference",
    title="Customer retention rate by difference",
    formula=(count(_is) - total(_change.came)) / count(_was),
    unit="ratio",
    direction="higher_is_better",
    says="(E - N) / S: customers at the end less those who came, by those at the start. Wrong where new customers "
    "leave within the period or old ones return.",
    source="a common formula",
    family="customer_retention_rate",
)
customer_lifetime = _churn(
    name="customer_lifetime",
    title="Customer lifetime",
    formula=count(_was) / count(all_of(_was, ~_is)),
    unit="periods",
    direction="higher_is_better",
    when_zero="infinite",
    says="One by the customer churn rate: how many periods a customer stays if the rate never changes.",
    source="Kellblog",
    family="customer_lifetime",
)
gross_revenue_churn_rate = _churn(
    name="gross_revenue_churn_rate",
    title="Gross revenue churn rate",
    formula=(total(_change.churn) + total(_change.contraction)) / _start,
    says="Churned and contraction ARR, of the ARR at the start of the period.",
    source="ChartMogul",
    family="revenue_churn_rate",
)
net_revenue_churn_rate = _churn(
    name="net_revenue_churn_rate",
    title="Net revenue churn rate",
    formula=(total(_change.churn) + total(_change.contraction) - total(_change.expansion)) / _start,
    says="Churned and contraction ARR less expansion, of the ARR at the start; negative where expansion is more.",
    source="Stripe",
    family="revenue_churn_rate",
)
net_revenue_churn_rate_with_reactivation = _churn(
    name="net_revenue_churn_rate_with_reactivation",
    title="Net revenue churn rate with reactivation",
    formula=(total(_change.churn) + total(_change.contraction) - total(_change.expansion) - total(_change.reactivation))
    / _start,
    says="Churned and contraction ARR less expansion and reactivation, of the ARR at the start.",
    source="ChartMogul",
    family="revenue_churn_rate",
)


def customer_churn_rate_rolling(days: int = 30) -> Kpi:
    """Every loss of a customer in so many days, also of who joined in them, by the customers before: a rolling rate.

    Rows of periods of another length are left out: give `ledger.changes(Period.between(day - timedelta(days), day))`.

    >>> customer_churn_rate_rolling().name
    'customer_churn_rate_rolling_30d'
    """
    require("customer_churn_rate_rolling", days=(days, _Days))
    as_long = _change.day_count == days
    return _churn(
        name=f"customer_churn_rate_rolling_{days}d",
        title=f"Customer churn rate of {days} days",
        formula=total(_change.left, where=as_long) / count(all_of(as_long, _was)),
        unit="ratio",
        says=f"Every loss of a customer in {days} days, by the customers before them.",
        source="Baremetrics",
    )


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
        name=f"{name}_{days}d",
        title=f"{title} within {days} days",
        stage="onboarding",
        formula=count(gone) / count(seen),
        dated=day,
        direction="lower_is_better",
        says=f"Customers who left within {days} days of {what}, of those seen for at least so long.",
        source="SOMA B2B SaaS, early attrition",
        family="early_churn_rate",
    )


available_to_renew = _due(
    name="available_to_renew",
    title="Available to renew (ATR)",
    formula=total(_renewal.amount),
    unit="money",
    direction="neither",
    says="The annual revenue of the contracts whose term ends in the period.",
    source="SOMA B2B SaaS, exposed contracts",
)
renewals_due = _due(
    name="renewals_due",
    title="Renewals due",
    formula=count(_renewal),
    unit="count",
    direction="neither",
    says="Contracts whose term ends in the period.",
    source="SOMA B2B SaaS",
)
renewal_rate = _due(
    name="renewal_rate",
    title="Renewal rate",
    formula=count(_renewed) / count(_renewal),
    says="Contracts that were renewed, of those whose term ended in the period. Early and late renewals belong to the "
    "period of the term's end.",
    source="Chargebee",
)
gross_renewal_rate = _due(
    name="gross_renewal_rate",
    title="Gross renewal rate",
    formula=total(_renewal.capped) / total(_renewal.amount),
    says="The revenue that was renewed, none for more than before, of the revenue available to renew.",
    source="Concentrix",
)
net_renewal_rate = _due(
    name="net_renewal_rate",
    title="Net renewal rate",
    formula=total(_renewal.renewed_amount) / total(_renewal.amount),
    says="The revenue of the renewals, of the revenue available to renew.",
    source="Concentrix",
)
renewal_rate_in_period = _due(
    name="renewal_rate_in_period",
    title="Renewal rate in period",
    formula=total(_renewal.capped, where=one_of(_renewal.is_in_period, True)) / total(_renewal.amount),
    says="The revenue renewed in the very period, neither early nor late, of the revenue available to renew.",
    source="Concentrix",
)
renewal_revenue = _due(
    name="renewal_revenue",
    title="Renewal revenue",
    formula=total(_renewal.capped),
    unit="money",
    says="The annual revenue that was renewed; what a renewal is worth above its contract is the uplift.",
    source="SOMA B2B SaaS",
    family="renewal_revenue",
)
renewal_uplift = _due(
    name="renewal_uplift",
    title="Renewal uplift",
    formula=total(_renewal.uplift),
    unit="money",
    says="What renewals are worth above the contracts they renew: expansion at renewal.",
    source="SOMA B2B SaaS",
    family="renewal_revenue",
)
missed_renewals = _due(
    name="missed_renewals",
    title="Missed renewals",
    formula=count(one_of(_renewal.is_missed, True)),
    unit="count",
    direction="lower_is_better",
    says="Contracts that ended in the period and whose days of grace are over, without a renewal or a notice.",
    source="RevOps renewals",
    family="missed_renewals",
)
missed_renewal_amount = _due(
    name="missed_renewal_amount",
    title="Missed renewal amount",
    formula=total(_renewal.amount, where=one_of(_renewal.is_missed, True)),
    unit="money",
    direction="lower_is_better",
    says="The annual revenue of missed renewals.",
    source="RevOps renewals",
    family="missed_renewals",
)
renewal_cycle_mean = _due(
    name="renewal_cycle_mean",
    title="Renewal cycle time, mean",
    formula=mean(given(_renewal.renewed_at) - given(_renewal.opened_at), where=_renewed),
    unit="duration",
    direction="lower_is_better",
    says="From the opening of a renewal opportunity to its closing, on average over the contracts renewed.",
    source="SOMA B2B SaaS",
    family="renewal_cycle_time",
)
renewal_cycle_median = _due(
    name="renewal_cycle_median",
    title="Renewal cycle time, median",
    formula=median(given(_renewal.renewed_at) - given(_renewal.opened_at), where=_renewed),
    unit="duration",
    direction="lower_is_better",
    says="From the opening of a renewal opportunity to its closing: the one in the middle of the contracts renewed.",
    source="SOMA B2B SaaS",
    family="renewal_cycle_time",
)


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
