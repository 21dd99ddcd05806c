"""Sales: how many opportunities are won, how large they are, how long they take, and what is still open."""

from __future__ import annotations

from revops_core.entities.facts import Quota
from revops_core.entities.opportunity import Opportunity, Outcome
from revops_core.kpis.formula import count, mean, median, total
from revops_core.kpis.kpi import Kpi
from revops_core.values.condition import each, first_known, given, not_yet, one_of
from revops_core.values.expression import all_of, any_of

__all__ = [
    "average_deal_size",
    "bookings",
    "deals_won",
    "median_deal_size",
    "open_opportunities",
    "open_pipeline",
    "opportunities_created",
    "pipeline_coverage",
    "pipeline_created",
    "quota_attainment",
    "sales_cycle_mean",
    "sales_cycle_mean_of_decided",
    "sales_cycle_median",
    "weighted_pipeline",
    "win_rate",
    "win_rate_by_value",
    "win_rate_of_closed",
    "win_rate_of_created",
]

_opportunity, _quota = each(Opportunity), each(Quota)
_created = first_known(_opportunity.created_at, _opportunity.created_on)
_closed = first_known(_opportunity.closed_at, _opportunity.closed_on)
_won = _opportunity.outcome == Outcome.WON
_decided = one_of(_opportunity.outcome, Outcome.WON, Outcome.LOST)
_open = all_of(any_of(_opportunity.outcome == Outcome.OPEN, not_yet(_closed)), ~not_yet(_created))
_cycle = given(_closed) - given(_created)

win_rate = Kpi(
    name="win_rate",
    title="Win rate",
    stage="sales",
    formula=count(_won) / count(_decided),
    dated=_closed,
    says="Opportunities won, of those won or lost in the period. What ended without a decision is left out.",
    source="SaaS Metrics Standards Board; SOMA B2B SaaS 'Win rate'",
    family="win_rate",
)

win_rate_by_value = Kpi(
    name="win_rate_by_value",
    title="Win rate by value",
    stage="sales",
    formula=total(_opportunity.amount, where=_won) / total(_opportunity.amount, where=_decided),
    dated=_closed,
    says="The amount won, of the amount won or lost in the period. Opportunities without an amount weigh nothing.",
    source="Fivetran dbt_salesforce, by amount",
    family="win_rate",
)

win_rate_of_closed = Kpi(
    name="win_rate_of_closed",
    title="Win rate of all closed",
    stage="sales",
    formula=count(_won) / count(_opportunity.outcome != Outcome.OPEN),
    dated=_closed,
    says="Opportunities won, of all that closed in the period, with those that ended without a decision.",
    source="Varicent, where no decision counts as a loss",
    family="win_rate",
)

win_rate_of_created = Kpi(
    name="win_rate_of_created",
    title="Win rate of created opportunities",
    stage="sales",
    formula=count(all_of(_won, ~not_yet(_closed))) / count(_opportunity),
    dated=_created,
    says="Opportunities won so far, of all created in the period. It grows while some of them are still open.",
    source="SOMA B2B SaaS 'Close rate'; Varicent",
    family="win_rate",
)

average_deal_size = Kpi(
    name="average_deal_size",
    title="Average deal size",
    stage="sales",
    formula=mean(_opportunity.amount, where=_won),
    dated=_closed,
    unit="money",
    says="The mean amount of the opportunities won in the period, also called average selling price; those without an "
    "amount are left out, those of amount 0 are not.",
    source="ChartMogul, average selling price",
    family="deal_size",
)

median_deal_size = Kpi(
    name="median_deal_size",
    title="Median deal size",
    stage="sales",
    formula=median(_opportunity.amount, where=_won),
    dated=_closed,
    unit="money",
    says="The amount in the middle of the opportunities won in the period; a few large deals do not move it.",
    source="SOMA B2B SaaS",
    family="deal_size",
)

bookings = Kpi(
    name="bookings",
    title="Bookings",
    stage="sales",
    formula=total(_opportunity.amount, where=_won),
    dated=_closed,
    unit="money",
    says="The amount of the opportunities won in the period: revenue generated. Bookings are not yet revenue.",
    source="SaaS Metrics Standards Board",
    family="bookings",
)

deals_won = Kpi(
    name="deals_won",
    title="Deals won",
    stage="sales",
    formula=count(_won),
    dated=_closed,
    unit="count",
    says="Opportunities won in the period.",
    source="SOMA B2B SaaS",
    family="deals_won",
)

sales_cycle_mean = Kpi(
    name="sales_cycle_mean",
    title="Sales cycle, mean",
    stage="sales",
    formula=mean(_cycle, where=_won),
    dated=_closed,
    unit="duration",
    direction="lower_is_better",
    says="The mean time from creating an opportunity to winning it, of those won in the period. Whole days where both "
    "ends are days.",
    source="Fivetran dbt_salesforce, average days to close",
    family="sales_cycle",
)

sales_cycle_median = Kpi(
    name="sales_cycle_median",
    title="Sales cycle, median",
    stage="sales",
    formula=median(_cycle, where=_won),
    dated=_closed,
    unit="duration",
    direction="lower_is_better",
    says="The time from creating an opportunity to winning it that half of those won in the period did not exceed.",
    source="SOMA B2B SaaS",
    family="sales_cycle",
)

sales_cycle_mean_of_decided = Kpi(
    name="sales_cycle_mean_of_decided",
    title="Sales cycle of won and lost, mean",
    stage="sales",
    formula=mean(_cycle, where=_decided),
    dated=_closed,
    unit="duration",
    direction="lower_is_better",
    says="The mean time from creating an opportunity to winning or losing it, of those decided in the period.",
    source="daymark; trexrun",
    family="sales_cycle",
)

opportunities_created = Kpi(
    name="opportunities_created",
    title="Opportunities created",
    stage="sales",
    formula=count(_opportunity),
    dated=_created,
    unit="count",
    says="Opportunities created in the period, whatever became of them.",
    source="SOMA B2B SaaS",
    family="pipeline_created",
)

pipeline_created = Kpi(
    name="pipeline_created",
    title="Pipeline created",
    stage="sales",
    formula=total(_opportunity.amount),
    dated=_created,
    unit="money",
    says="The amount of the opportunities created in the period, as the records show it now, not as it was then.",
    source="Clari, engage; Fivetran dbt_salesforce",
    family="pipeline_created",
)

open_opportunities = Kpi(
    name="open_opportunities",
    title="Open opportunities",
    stage="sales",
    formula=count(_open),
    dated=None,
    unit="count",
    direction="neither",
    says="Opportunities that are open at the end of the period, or now. Those that closed later were open then.",
    source="SOMA B2B SaaS",
    family="open_pipeline",
)

open_pipeline = Kpi(
    name="open_pipeline",
    title="Open pipeline",
    stage="sales",
    formula=total(_opportunity.amount, where=_open),
    dated=None,
    unit="money",
    says="The amount of the opportunities that are open at the end of the period, or now. Undefined where none of them "
    "has an amount.",
    source="SOMA B2B SaaS",
    family="open_pipeline",
)

weighted_pipeline = Kpi(
    name="weighted_pipeline",
    title="Weighted pipeline",
    stage="sales",
    formula=total(given(_opportunity.amount) * given(_opportunity.probability), where=_open),
    dated=None,
    unit="money",
    says="Amount times probability of the opportunities that are open at the end of the period, or now. Undefined "
    "where none of them has both.",
    source="Salesforce, expected revenue",
    family="open_pipeline",
)

pipeline_coverage = Kpi(
    name="pipeline_coverage",
    title="Pipeline coverage",
    stage="sales",
    formula=total(_opportunity.amount, where=_open) / total(_quota.amount),
    dated=(_opportunity.close_date, _quota.starts_on),
    unit="ratio",
    says="The amount of the open opportunities expected to close in the period, over the full quota of the period, "
    "which is that of the quotas that start in it.",
    source="SaaS Metrics Standards Board",
    family="pipeline_coverage",
)

quota_attainment = Kpi(
    name="quota_attainment",
    title="Quota attainment",
    stage="sales",
    formula=total(_opportunity.amount, where=_won) / total(_quota.amount),
    dated=(_closed, _quota.starts_on),
    unit="ratio",
    says="The amount won in the period, over its quota, which is that of the quotas that start in it.",
    source="Clari, execute",
    family="quota_attainment",
)
