"""Pipeline health: what becomes of open sales on their way: stages, speed, slips, quotas, and who works them."""

from __future__ import annotations

from functools import partial
from typing import Any

from revops_core.entities.engagement import Activity
from revops_core.entities.opportunity import Opportunity, Outcome
from revops_core.entities.user import User
from revops_core.kpis.change import Comparison
from revops_core.kpis.formula import count, mean, median, total
from revops_core.kpis.kpi import Kpi
from revops_core.kpis.lead_progress import LeadProgress
from revops_core.kpis.opportunity_in_period import OpportunityInPeriod
from revops_core.kpis.quota_progress import QuotaProgress
from revops_core.kpis.stage_visit import StageVisit
from revops_core.values.condition import each, first_known, given, known, missing, not_yet, one_of
from revops_core.values.expression import all_of, any_of

__all__ = [
    "bookings_growth_rate", "bookings_per_rep", "calls_per_rep", "emails_per_rep", "lead_velocity_rate",
    "meetings_per_rep", "next_quarter_coverage", "pipeline_acceleration", "pipeline_coverage",
    "pipeline_coverage_of_remaining", "pipeline_coverage_weighted", "pipeline_created_at_creation", "pipeline_quality",
    "pulled_in_pipeline", "qualified_pipeline", "quota_attainers_rate", "quota_attainment",
    "sales_cycle_from_lead_mean", "sales_velocity", "slip_rate", "slip_rate_by_value", "stage_conversion_rate",
    "time_in_stage_median", "win_rate_from_stage",
]  # fmt: skip

_kpi = partial(Kpi, stage="sales")
_opportunity, _row, _visit = each(Opportunity), each(OpportunityInPeriod), each(StageVisit)
_progress, _quota, _comparison = each(LeadProgress), each(QuotaProgress), each(Comparison)
_activity, _user = each(Activity), each(User)
_closed = first_known(_opportunity.closed_at, _opportunity.closed_on)
_created = first_known(_opportunity.created_at, _opportunity.created_on)
_won = _opportunity.outcome == Outcome.WON

# --- Stages and speed

stage_conversion_rate = _kpi(
    name="stage_conversion_rate", title="Stage conversion rate", family="stage_conversion_rate",
    formula=count(all_of(one_of(_visit.has_advanced, True), ~not_yet(_visit.exited_at))) / count(_visit),
    dated=_visit.entered_at, source="GrowthBook, funnel from entry",
    says="Stays in a stage that have led on to a later stage or to the good end so far, of those begun in the period. "
    'Group by "stage"; what passed over a stage counts as passed.',
)  # fmt: skip

win_rate_from_stage = _kpi(
    name="win_rate_from_stage", title="Win rate from a stage", family="stage_conversion_rate",
    formula=count(all_of(one_of(_visit.won, True), ~not_yet(_visit.ended_at)))
    / count(all_of(known(_visit.won), ~not_yet(_visit.ended_at))),
    dated=_visit.entered_at, source="Varicent, from a stage on",
    says="Stays in a stage whose sale was won in the end, of those begun in the period whose sale has ended so far. "
    'Group by "stage"; what passed over a stage counts as having been in it.',
)  # fmt: skip

time_in_stage_median = _kpi(
    name="time_in_stage_median", title="Time in stage, median", family="time_in_stage",
    formula=median(_visit.stay_time, where=known(_visit.stay_time)), dated=_visit.exited_at,
    unit="duration", direction="lower_is_better", source="Quartz, pipeline metrics",
    says='Half of the stays in a stage that ended in the period took no longer than this. Group by "stage".',
)  # fmt: skip

_lead_won_at: Any = given(_progress.won_at)  # a day or an instant
sales_cycle_from_lead_mean = _kpi(
    name="sales_cycle_from_lead_mean", title="Sales cycle from the lead, mean", family="sales_cycle",
    formula=mean(_lead_won_at - _progress.created_at, where=known(_progress.won_at)), dated=_progress.won_at,
    unit="duration", direction="lower_is_better", source="RevOps guides, from the first contact on",
    says="The mean time from creating a lead to winning a sale from it, of those won in the period.",
)  # fmt: skip

_decided = one_of(_opportunity.outcome, Outcome.WON, Outcome.LOST)
sales_velocity = _kpi(
    name="sales_velocity", title="Sales velocity", family="sales_velocity", dated=_closed, unit="money",
    formula=count(_decided) * (count(_won) / count(_decided)) * mean(_opportunity.amount, where=_won)
    / mean(given(_closed) - given(_created), where=_won),
    source="SOMA B2B SaaS, pipeline velocity",
    says="Opportunities won or lost in the period, times win rate, times average deal size, over the mean sales cycle: "
    "the amount won for each day of a cycle. All four read the same opportunities.",
)  # fmt: skip


def _growth(kpi: str, **texts: Any) -> Kpi:
    """How much a KPI grew over the period before, as a share of what it was, where both are known."""
    both = all_of(_comparison.kpi == kpi, known(_comparison.before), known(_comparison.after))
    before, after = total(_comparison.before, where=both), total(_comparison.after, where=both)
    return _kpi(formula=(after - before) / before, dated=_comparison.starts_on, **texts)


pipeline_acceleration = _growth(
    "sales_velocity", name="pipeline_acceleration", title="Pipeline acceleration", family="pipeline_acceleration",
    source="Clari, engage",
    says="How much the sales velocity grew over the period before. It reads comparisons of `sales_velocity`.",
)  # fmt: skip

bookings_growth_rate = _growth(
    "bookings", name="bookings_growth_rate", title="Bookings growth", family="revenue_growth", source="SOMA B2B SaaS",
    says="How much the bookings grew over the period before. It reads comparisons of `bookings`.",
)  # fmt: skip

lead_velocity_rate = _growth(
    "mql_volume", name="lead_velocity_rate", title="Lead velocity rate", family="lead_velocity_rate",
    stage="lead_generation", unit="ratio", source="SOMA B2B SaaS; Jason Lemkin",
    says="How much the MQL volume grew over the period before. It reads comparisons of `mql_volume`.",
)  # fmt: skip

# --- What moves in a period

_was_due, _slipped = one_of(_row.was_due, True), one_of(_row.is_slipped, True)
_moving = partial(_kpi, dated=_row.starts_on)
_slipping = partial(_moving, family="slip_rate", direction="lower_is_better")
_amount = partial(_moving, unit="money")

slip_rate = _slipping(
    name="slip_rate", title="Slip rate", formula=count(_slipped) / count(_was_due),
    source="Clari, execute; SOMA B2B SaaS, push rate",
    says="Opportunities whose close date left the period, of those open at its start and due in it. Still open when it "
    "is over is slipped; lost is not.",
)  # fmt: skip

slip_rate_by_value = _slipping(
    name="slip_rate_by_value", title="Slip rate by value", source="Clari, execute",
    formula=total(_row.amount_at_start, where=_slipped) / total(_row.amount_at_start, where=_was_due),
    says="The amount at the start of the opportunities that slipped, of those open at the start and due in the period.",
)  # fmt: skip

pulled_in_pipeline = _amount(
    name="pulled_in_pipeline", title="Pulled-in pipeline", family="slip_rate",
    formula=total(_row.amount, where=one_of(_row.is_pulled_in, True)), source="SOMA B2B SaaS", direction="neither",
    says="The amount of the opportunities that were to close after the period and are now to close in it, or were won. "
    "What was created in the period is not in it.",
)  # fmt: skip

pipeline_created_at_creation = _amount(
    name="pipeline_created_at_creation", title="Pipeline created, at creation", family="pipeline_created",
    formula=total(_row.amount_at_creation, where=one_of(_row.is_created, True)), source="Clari, engage",
    says="The amount of the opportunities created in the period so far, as it was when they were created.",
)  # fmt: skip

_qualified = all_of(one_of(_row.is_open, True), one_of(_row.is_qualified, True))
_rated = all_of(one_of(_row.is_created, True), known(_row.is_qualified))
qualified_pipeline = _amount(
    name="qualified_pipeline", title="Qualified pipeline", family="open_pipeline",
    formula=total(_row.amount, where=_qualified), source="Clari, engage",
    says="The amount of the opportunities that are open in a qualified stage at the end of the period, or now.",
)  # fmt: skip

pipeline_quality = _moving(
    name="pipeline_quality", title="Pipeline quality", family="pipeline_quality", source="Clari, engage",
    formula=total(_row.amount, where=all_of(_rated, one_of(_row.is_qualified, True)))
    / total(_row.amount, where=_rated),
    says="The amount of the opportunities created in the period that are in a qualified stage at its end, or now, of "
    "all created in it; won and lost count as the stages they are, if you name them as qualified.",
)  # fmt: skip

# --- Quota and coverage

_coverage = partial(_kpi, dated=_quota.starts_on, family="pipeline_coverage", unit="ratio")
_attainment = partial(_kpi, dated=_quota.starts_on, family="quota_attainment")
_has_next = known(_quota.next_quota)

pipeline_coverage = _coverage(
    name="pipeline_coverage", title="Pipeline coverage", formula=total(_quota.open) / total(_quota.quota),
    source="SaaS Metrics Standards Board",
    says="The open pipeline to close in the days of the quotas that start in the period, over the full quotas.",
)  # fmt: skip

pipeline_coverage_of_remaining = _coverage(
    name="pipeline_coverage_of_remaining", title="Pipeline coverage of what remains", source="Codingace",
    formula=total(_quota.open) / (total(_quota.quota) - total(_quota.won)), when_zero="target_met",
    says="The open pipeline to close in the days of the quotas that start in the period, over what remains of them. "
    "Undefined where the quota is met.",
)  # fmt: skip

pipeline_coverage_weighted = _coverage(
    name="pipeline_coverage_weighted", title="Pipeline coverage, weighted",
    formula=total(_quota.weighted) / total(_quota.quota), source="Optif, coverage times win rate",
    says="Amount times probability of the open pipeline to close in the days of the quotas, over the full quotas. Do "
    "not hold it against a rule of three or four times: that is for amounts without weights.",
)  # fmt: skip

next_quarter_coverage = _coverage(
    name="next_quarter_coverage", title="Next quarter coverage", source="Clari, engage",
    formula=total(_quota.next_open, where=_has_next) / total(_quota.next_quota, where=_has_next),
    says="The open pipeline to close in the days of the quota that follows, over that quota; quotas of the last period "
    "are left out.",
)  # fmt: skip

quota_attainment = _attainment(
    name="quota_attainment", title="Quota attainment", formula=total(_quota.won) / total(_quota.quota),
    source="Clari, execute; Rekener",
    says="The amount won in the days of the quotas that start in the period, over the quotas. Give the quotas of "
    "sellers or those of their teams, not both: a sale would count for each.",
)  # fmt: skip

quota_attainers_rate = _attainment(
    name="quota_attainers_rate", title="Share of quotas attained", source="AltiorCo, RevOps dictionary",
    formula=count(one_of(_quota.is_attained, True)) / count(known(_quota.is_attained)),
    says="Quotas that are met, of those above zero that start in the period: how many sellers made it, not how much "
    "they sold.",
)  # fmt: skip

# --- Productivity

_active = all_of(
    one_of(_user.role, "sales_representative"), ~not_yet(_user.starts_on),
    any_of(not_yet(_user.ends_on), all_of(missing(_user.ends_on), one_of(_user.is_active, True))),
)  # fmt: skip
_by_person = one_of(_activity.is_automated, False)
_per_rep = partial(_kpi, family="sales_productivity", unit="ratio", source="Rekener, activity for each rep")
_ACTIVE = "over the sales representatives active at its end"

calls_per_rep = _per_rep(
    name="calls_per_rep", title="Calls per rep", dated=_activity.at,
    formula=count(all_of(_activity.kind == "call", _by_person)) / count(_active),
    says=f"Calls in the period that a person made or took, {_ACTIVE}.",
)  # fmt: skip

emails_per_rep = _per_rep(
    name="emails_per_rep", title="E-mails per rep", dated=_activity.at,
    formula=count(all_of(_activity.kind == "email", _by_person, ~one_of(_activity.direction, "inbound")))
    / count(_active),
    says=f"E-mails in the period that a person of ours wrote, {_ACTIVE}.",
)  # fmt: skip

meetings_per_rep = _per_rep(
    name="meetings_per_rep", title="Meetings per rep", dated=_activity.at,
    formula=count(all_of(one_of(_activity.kind, "meeting", "demo"), _by_person)) / count(_active),
    says=f"Meetings and demos in the period, {_ACTIVE}.",
)  # fmt: skip

bookings_per_rep = _per_rep(
    name="bookings_per_rep", title="Bookings per rep", dated=_closed, unit="money",
    formula=total(_opportunity.amount, where=_won) / count(_active), says=f"The amount won in the period, {_ACTIVE}.",
)  # fmt: skip
