"""KPIs of the catalogue beside plain loops that use no part of the engine, on the rows of the sample company."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from statistics import median

import pytest

from revops_core import kpis
from revops_core.values.measurement import Undefined
from revops_core.values.money import Money
from tests.golden.company_rows import QUARTERS, company_rows


class Look:
    """The rows of the company in one quarter."""

    def __init__(self, quarter):
        self.rows, self.as_of = company_rows()
        self.quarter = quarter

    def has(self, moment):
        if isinstance(moment, datetime):
            return self.quarter.start <= moment < self.quarter.end
        return moment is not None and self.quarter.start_on <= moment < self.quarter.end_on

    def all(self, name, *dates, **wanted):
        """The rows of a class that are dated in the quarter and have these values."""
        found = []
        for row in self.rows[name]:
            moment = next((getattr(row, date) for date in dates if getattr(row, date) is not None), None)
            if self.has(moment) and all(getattr(row, field) == value for field, value in wanted.items()):
                found.append(row)
        return found

    def leads(self, **wanted):
        return self.all("Lead", "created_at", "created_on", **wanted)

    def closed(self, *outcomes):
        return [row for row in self.all("Opportunity", "closed_at", "closed_on") if row.outcome in outcomes]

    def created(self):
        return self.all("Opportunity", "created_at", "created_on")

    def progress(self, date, known=None):
        return [row for row in self.all("LeadProgress", date) if known is None or getattr(row, known) is not None]

    def dated(self, name, **wanted):
        return self.all(name, "starts_on", **wanted)

    def reps(self):
        return sum(user.role == "sales_representative" and user.is_active for user in self.rows["User"])

    def work(self, *kinds):
        return [row for row in self.all("Activity", "at") if row.kind in kinds and not row.is_automated]

    def open(self):
        return [
            row
            for row in self.rows["Opportunity"]
            if row.created_at < self.quarter.end and (row.outcome == "open" or row.closed_at >= self.quarter.end)
        ]


def share(part, whole):
    part, whole = (len(side) if isinstance(side, list) else side for side in (part, whole))
    return Fraction(part, whole) if whole else None


def money(rows, field="amount"):
    return sum((getattr(row, field).amount for row in rows if getattr(row, field) is not None), Decimal(0))


def over(part, whole):
    return Fraction(part) / Fraction(whole) if whole > 0 else None


def mean(values):
    return sum(values, timedelta(0)) / len(values) if values else None


def middle(values):
    return (
        timedelta(microseconds=round(median([value / timedelta(microseconds=1) for value in values])))
        if values
        else None
    )


def cycles(deals):
    return [deal.closed_at - deal.created_at for deal in deals]


def scores(look, weight, *names):
    held = [row for row in look.all("Score", "at") if row.name in names]
    return over(sum(row.value * row.weight for row in held), sum(row.weight for row in held)) if weight else held


def accounts(look, **wanted):
    return look.dated("SubjectActivity", subject="account", **wanted)


def days_after(start, first, then, days):
    return getattr(start, then) is not None and getattr(start, then) <= getattr(start, first) + timedelta(days=days)


def old_enough(look, first, days):
    return [row for row in look.all("CustomerStart", first) if getattr(row, first) + timedelta(days=days) <= look.as_of]


LOOPS = {
    "website_sessions": lambda at: len(at.all("Visit", "at")),
    "website_visitors": lambda at: len({row.visitor_id for row in at.all("Visit", "at")}),
    "lead_volume": lambda at: len(at.leads()),
    "lead_conversion_rate": lambda at: share(
        [lead for lead in at.leads() if lead.converted_at and lead.converted_at <= at.as_of], at.leads()
    ),
    "lead_to_mql_rate": lambda at: share(at.progress("created_at", "mql_at"), at.progress("created_at")),
    "lead_to_mql_rate_in_period": lambda at: share(at.progress("mql_at"), at.leads()),
    "lead_to_customer_rate": lambda at: share(at.progress("created_at", "won_at"), at.progress("created_at")),
    "cost_per_lead": lambda at: over(money(at.all("Spend", "on", purpose="marketing")), len(at.leads())),
    "conversion_rate": lambda at: share(at.all("Converted", "at", subject="Lead"), at.all("Touch", "at")),
    "average_lead_score": lambda at: over(
        sum(row.value for row in scores(at, False, "lead_score")), len(scores(at, False, "lead_score"))
    ),
    "mql_volume": lambda at: len(at.progress("mql_at")),
    "sql_volume": lambda at: len(at.progress("sql_at")),
    "mql_to_sql_rate": lambda at: share(at.progress("mql_at", "sql_at"), at.progress("mql_at")),
    "sql_to_opportunity_rate": lambda at: share(at.progress("sql_at", "opportunity_at"), at.progress("sql_at")),
    "time_to_sql_mean": lambda at: mean([row.sql_at - row.created_at for row in at.progress("sql_at")]),
    "time_to_sql_median": lambda at: middle([row.sql_at - row.created_at for row in at.progress("sql_at")]),
    "lead_qualification_rate": lambda at: share(at.leads(outcome="qualified"), at.leads()),
    "lead_qualification_rate_of_decided": lambda at: share(
        at.all("Lead", "closed_at", outcome="qualified"),
        len(at.all("Lead", "closed_at", outcome="qualified"))
        + len(at.all("Lead", "closed_at", outcome="disqualified")),
    ),
    "lead_response_rate": lambda at: share(at.progress("created_at", "attempted_at"), at.progress("created_at")),
    "lead_response_time_median": lambda at: middle(
        [row.response_time for row in at.progress("created_at", "response_time")]
    ),
    "lead_acceptance_rate": lambda at: share(
        [row for row in at.all("Handoff", "at") if row.accepted_at is not None and not row.is_automatic],
        at.all("Handoff", "at"),
    ),
    "win_rate": lambda at: share(at.closed("won"), at.closed("won", "lost")),
    "win_rate_by_value": lambda at: over(money(at.closed("won")), money(at.closed("won", "lost"))),
    "win_rate_of_closed": lambda at: share(at.closed("won"), at.closed("won", "lost", "no_decision")),
    "win_rate_of_created": lambda at: share([row for row in at.created() if row.outcome == "won"], at.created()),
    "average_deal_size": lambda at: over(money(at.closed("won")), len(at.closed("won"))),
    "median_deal_size": lambda at: median([row.amount.amount for row in at.closed("won")]),
    "bookings": lambda at: money(at.closed("won")),
    "deals_won": lambda at: len(at.closed("won")),
    "sales_cycle_mean": lambda at: mean(cycles(at.closed("won"))),
    "sales_cycle_median": lambda at: middle(cycles(at.closed("won"))),
    "sales_cycle_mean_of_decided": lambda at: mean(cycles(at.closed("won", "lost"))),
    "opportunities_created": lambda at: len(at.created()),
    "pipeline_created": lambda at: money(at.created()),
    "open_opportunities": lambda at: len(at.open()),
    "open_pipeline": lambda at: money(at.open()),
    "sales_velocity": lambda at: over(
        money(at.closed("won")), Fraction(mean(cycles(at.closed("won"))) / timedelta(microseconds=1)) / 86_400_000_000
    ),
    "sales_cycle_from_lead_mean": lambda at: mean([row.won_at - row.created_at for row in at.progress("won_at")]),
    "stage_conversion_rate": lambda at: share(
        at.all("StageVisit", "entered_at", has_advanced=True), at.all("StageVisit", "entered_at")
    ),
    "win_rate_from_stage": lambda at: share(
        at.all("StageVisit", "entered_at", won=True),
        [row for row in at.all("StageVisit", "entered_at") if row.won is not None],
    ),
    "time_in_stage_median": lambda at: middle([row.stay_time for row in at.all("StageVisit", "exited_at")]),
    "slip_rate": lambda at: share(
        at.dated("OpportunityInPeriod", is_slipped=True), at.dated("OpportunityInPeriod", was_due=True)
    ),
    "slip_rate_by_value": lambda at: over(
        money(at.dated("OpportunityInPeriod", is_slipped=True), "amount_at_start"),
        money(at.dated("OpportunityInPeriod", was_due=True), "amount_at_start"),
    ),
    "pipeline_created_at_creation": lambda at: money(
        at.dated("OpportunityInPeriod", is_created=True), "amount_at_creation"
    ),
    "qualified_pipeline": lambda at: money(at.dated("OpportunityInPeriod", is_open=True, is_qualified=True)),
    "pipeline_quality": lambda at: over(
        money(at.dated("OpportunityInPeriod", is_created=True, is_qualified=True)),
        money(at.dated("OpportunityInPeriod", is_created=True)),
    ),
    "forecast_in_category": lambda at: money(at.dated("OpportunityInPeriod", is_open=True, is_due=True)),
    "forecast_commit": lambda at: (
        money(at.closed("won"))
        + money(at.dated("OpportunityInPeriod", is_open=True, is_due=True, forecast_category="commit"))
    ),
    "forecast_accuracy": lambda at: over(
        money(at.dated("ForecastResult"), "actual")
        - sum(abs(row.forecast.amount - row.actual.amount) for row in at.dated("ForecastResult")),
        money(at.dated("ForecastResult"), "actual"),
    ),
    "forecast_bias": lambda at: over(
        money(at.dated("ForecastResult"), "forecast") - money(at.dated("ForecastResult"), "actual"),
        money(at.dated("ForecastResult"), "actual"),
    ),
    "pipeline_coverage": lambda at: over(
        money(at.dated("QuotaProgress"), "open"), money(at.dated("QuotaProgress"), "quota")
    ),
    "quota_attainment": lambda at: over(
        money(at.dated("QuotaProgress"), "won"), money(at.dated("QuotaProgress"), "quota")
    ),
    "quota_attainers_rate": lambda at: share(
        [row for row in at.dated("QuotaProgress") if row.won.amount >= row.quota.amount], at.dated("QuotaProgress")
    ),
    "calls_per_rep": lambda at: share(at.work("call"), at.reps()),
    "emails_per_rep": lambda at: share([row for row in at.work("email") if row.direction != "inbound"], at.reps()),
    "meetings_per_rep": lambda at: share(at.work("meeting", "demo"), at.reps()),
    "bookings_per_rep": lambda at: over(money(at.closed("won")), at.reps()),
    "attributed_bookings": lambda at: money(at.closed("won")),
    "marketing_influenced_pipeline": lambda at: money(
        [row for row in at.all("Credit", "created_at") if row.touched_at is not None]
    ),
    "time_to_value_median": lambda at: middle(
        [row.first_value_at - row.signed_at for row in at.all("CustomerStart", "first_value_at") if row.signed_at]
    ),
    "onboarding_completion_rate": lambda at: share(
        [row for row in at.all("CustomerStart", "started_at") if row.completed_at],
        at.all("CustomerStart", "started_at"),
    ),
    "onboarding_completion_rate_90d": lambda at: share(
        [row for row in old_enough(at, "started_at", 90) if days_after(row, "started_at", "completed_at", 90)],
        old_enough(at, "started_at", 90),
    ),
    "activation_rate_30d": lambda at: share(
        [row for row in old_enough(at, "signed_at", 30) if days_after(row, "signed_at", "activated_at", 30)],
        old_enough(at, "signed_at", 30),
    ),
    "product_usage": lambda at: over(
        sum(row.count for row in at.all("Usage", "at", "on")), len({row.account_id for row in at.all("Usage", "at")})
    ),
    "active_user_rate": lambda at: share(
        [row for row in accounts(at, feature=None) if row.event_count], accounts(at, feature=None)
    ),
    "feature_adoption_rate": lambda at: share(
        [row for row in accounts(at, feature="reports") if row.event_count], accounts(at, feature="reports")
    ),
    "product_adoption_rate_4_days": lambda at: share(
        [row for row in accounts(at, feature=None) if row.active_day_count >= 4],
        [row for row in accounts(at, feature=None) if row.active_day_count],
    ),
    "usage_growth": lambda at: over(
        sum(row.event_count - row.previous_event_count for row in accounts(at, feature=None)),
        sum(row.previous_event_count for row in accounts(at, feature=None)),
    ),
    "nps": lambda at: (
        100
        * share([a for a in at.all("Answer", "at", survey="nps") if a.score >= 9], at.all("Answer", "at", survey="nps"))
        - 100
        * share([a for a in at.all("Answer", "at", survey="nps") if a.score <= 6], at.all("Answer", "at", survey="nps"))
    ),
    "csat": lambda at: share(
        [a for a in at.all("Answer", "at", survey="csat") if a.score >= 4], at.all("Answer", "at", survey="csat")
    ),
    "health_score": lambda at: scores(at, True, "usage", "support"),
    "data_quality_score": lambda at: scores(at, True, "accuracy", "completeness", "consistency"),
    "sla_compliance": lambda at: share(
        at.all("Outcome", "decided_at", kept=True),
        [row for row in at.all("Outcome", "decided_at") if row.kept is not None],
    ),
    "sla_breaches": lambda at: len(at.all("Outcome", "decided_at", kept=False)),
    "resolution_time_median": lambda at: middle(
        [row.elapsed for row in at.all("Outcome", "stopped_at", target="resolution")]
    ),
    "escalation_rate": lambda at: share(
        len({row.clock_id for row in at.all("Notice", "at") if row.tier is not None}), at.all("Ticket", "created_at")
    ),
    "handoff_time_median": lambda at: middle([row.accepted_at - row.at for row in at.all("Handoff", "accepted_at")]),
    "automation_time_saved": lambda at: sum(
        ((row.manual_time - row.review_time) * row.count for row in at.all("AutomationRun", "at")), timedelta(0)
    ),
}


@pytest.mark.parametrize("name", LOOPS)
def test_a_plain_loop_finds_the_same(name):
    kpi = next(kpi for kpi in kpis.CATALOGUE if kpi.name == name)
    rows, as_of = company_rows()
    held = {population: rows[population] for population in kpi.populations}
    table = kpis.measure(next(iter(held.values())) if len(held) == 1 else held, [kpi], over=QUARTERS, as_of=as_of)
    for quarter in QUARTERS:
        found, expected = table.measurement(kpi, period=quarter).value, LOOPS[name](Look(quarter))
        if isinstance(found, Undefined):
            assert expected in (None, 0)
        elif isinstance(found, timedelta):
            assert abs(found - expected) <= timedelta(microseconds=1)
        else:
            number = Fraction(found.amount if isinstance(found, Money) else found)
            assert abs(number - Fraction(expected)) < Fraction(1, 10**20)


def test_loops_stand_beside_most_of_the_catalogue_outside_recurring_revenue():
    assert len(LOOPS) >= 70
