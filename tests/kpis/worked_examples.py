"""One worked example for each KPI of pipeline, forecast, attribution, onboarding, adoption and operations.

All are derived: worked out by hand from the definition. `PUBLISHED` names the KPIs for which a source prints a number,
which is in tests/published.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from revops_core.entities.engagement import Activity, Answer, Touch, Usage
from revops_core.entities.facts import AutomationRun, Converted, Handoff, Score, Spend
from revops_core.entities.lead import Lead
from revops_core.entities.opportunity import Opportunity
from revops_core.entities.ticket import Ticket
from revops_core.entities.user import User
from revops_core.kpis import (
    Comparison,
    Credit,
    CustomerLife,
    CustomerStart,
    ForecastResult,
    LeadProgress,
    OpportunityInPeriod,
    QuotaProgress,
    StageVisit,
    SubjectActivity,
)
from revops_core.sla.availability import Availability
from revops_core.values.money import Money

END = datetime(2026, 4, 1, tzinfo=UTC)
FIRST, NEXT = date(2026, 1, 1), date(2026, 4, 1)
DAYS, HOURS, MINUTES = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)


def at(month, day, hour=0):
    return datetime(2026, month, day, hour, tzinfo=UTC)


def eur(amount):
    return Money(amount, "EUR")


LEADS = [
    Lead(id="1", created_at=at(1, 5), account_id="a1"),
    Lead(id="2", created_at=at(2, 5)),
    Lead(id="3", created_on=date(2026, 3, 1)),
    Lead(id="4", created_at=at(3, 31), account_id="a2"),
    Lead(id="5", created_at=END, account_id="a3"),
]
PROGRESS = [
    LeadProgress(id="1", created_at=at(1, 1), mql_at=at(1, 2), won_at=at(2, 1), attempted_at=at(1, 1, 1),
                 response_time=10 * MINUTES),
    LeadProgress(id="2", created_at=at(1, 1), mql_at=at(1, 2), won_at=at(3, 2), attempted_at=at(1, 1, 2),
                 response_time=20 * MINUTES),
    LeadProgress(id="3", created_at=at(1, 1), mql_at=at(4, 2), won_at=at(4, 3), attempted_at=at(1, 2),
                 response_time=90 * MINUTES),
    LeadProgress(id="4", created_at=at(2, 1)),
    LeadProgress(id="5", created_at=END, mql_at=END),
]  # fmt: skip
SPENDS = [
    Spend(on=date(2026, 1, 31), amount=eur(800), purpose="marketing"),
    Spend(on=date(2026, 3, 31), amount=eur(500), purpose="sales"),
]
OPPORTUNITIES = [
    Opportunity(id="1", outcome="won", amount=eur(100), created_on=FIRST, closed_on=date(2026, 1, 11)),
    Opportunity(id="2", outcome="won", amount=eur(300), created_on=FIRST, closed_on=date(2026, 1, 31)),
    Opportunity(id="3", outcome="lost", amount=eur(900), created_on=FIRST, closed_on=date(2026, 1, 11)),
    Opportunity(id="4", created_on=date(2026, 3, 1)),
    Opportunity(id="5", outcome="won", amount=eur(999), created_on=NEXT, closed_on=NEXT),
]
TOUCHES = [
    Touch(subject="Lead", subject_id="1", at=day, channel="webinar")
    for day in (at(1, 1), at(2, 1), at(3, 1), at(3, 31), END)
]
CONVERSIONS = [
    Converted(subject="Lead", subject_id="1", at=at(2, 1)),
    Converted(subject="Opportunity", subject_id="9", at=at(2, 1)),
    Converted(subject="Lead", subject_id="2", at=END),
]
SCORES = [
    *(Score(subject="Lead", subject_id="1", name="lead_score", value=value, at=at(2, 1)) for value in (30, 60)),
    Score(subject="Lead", subject_id="1", name="fit", value=99, at=at(2, 1)),
    Score(subject="Account", subject_id="a1", name="usage", value=80, weight=3, at=at(2, 1)),
    Score(subject="Account", subject_id="a1", name="support", value=40, weight=1, at=at(2, 1)),
    Score(subject="Lead", subject_id="*", name="completeness", value=Decimal("0.9"), weight=2, at=at(2, 1)),
    Score(subject="Lead", subject_id="*", name="accuracy", value=Decimal("0.6"), weight=1, at=at(2, 1)),
    Score(subject="Lead", subject_id="*", name="accuracy", value=Decimal("0.1"), weight=1, at=END),
]


def row(number, **fields):
    return OpportunityInPeriod(id=str(number), starts_on=FIRST, **fields)


IN_PERIOD = [
    row(1, amount=eur(100), outcome="won", is_won=True, is_due=True, was_due=True, amount_at_start=eur(90)),
    row(2, amount=eur(200), is_open=True, was_due=True, is_slipped=True, amount_at_start=eur(210), is_qualified=True,
        chance=Decimal("0.5")),
    row(3, amount=eur(300), is_open=True, is_due=True, is_pulled_in=True, amount_at_start=eur(300),
        forecast_category="commit", probability=Decimal("0.9"), is_qualified=True, chance=Decimal("0.2")),
    row(4, amount=eur(400), is_open=True, is_due=True, is_created=True, amount_at_creation=eur(500),
        forecast_category="best_case", probability=Decimal("0.5"), is_qualified=True, chance=Decimal(0)),
    row(5, amount=eur(600), is_open=True, is_due=True, is_created=True, amount_at_creation=eur(600),
        forecast_category="omitted", probability=Decimal("0.1"), is_qualified=False, chance=Decimal("0.1")),
    OpportunityInPeriod(id="6", starts_on=NEXT, amount=eur(999), is_open=True, is_due=True, was_due=True),
]  # fmt: skip


def quota(owner, target, won, still_open, weighted, **fields):
    return QuotaProgress(owner_id=owner, starts_on=fields.pop("starts_on", FIRST), ends_on=date(2026, 12, 31),
                         quota=eur(target), won=eur(won), open=eur(still_open), weighted=eur(weighted),
                         **fields)  # fmt: skip


QUOTAS = [
    quota("u1", 100, 120, 30, 10, next_quota=eur(200), next_open=eur(300)),
    quota("u2", 300, 80, 510, 150, next_quota=eur(100), next_open=eur(0)),
    quota("u3", 100, 0, 0, 0),
    quota("u1", 999, 0, 999, 999, starts_on=NEXT),
]
VISITS = [
    StageVisit(subject_id="1", stage="proposal", entered_at=at(1, 1), exited_at=at(1, 3), stay_time=2 * DAYS,
               has_advanced=True, won=True, ended_at=at(2, 1)),
    StageVisit(subject_id="2", stage="proposal", entered_at=at(1, 1), exited_at=at(1, 11), stay_time=10 * DAYS,
               has_advanced=False, won=False, ended_at=at(1, 11)),
    StageVisit(subject_id="3", stage="proposal", entered_at=at(1, 1), exited_at=at(1, 6), stay_time=5 * DAYS,
               has_advanced=True, won=True, ended_at=at(5, 1)),
    StageVisit(subject_id="4", stage="proposal", entered_at=at(3, 1)),
    StageVisit(subject_id="5", stage="proposal", entered_at=END),
]  # fmt: skip
COMPARISONS = [
    Comparison(kpi="bookings", starts_on=FIRST, before=eur(200), after=eur(250)),
    Comparison(kpi="mql_volume", starts_on=FIRST, before=40, after=30),
    Comparison(kpi="sales_velocity", starts_on=FIRST, before=eur(10), after=eur(16)),
    Comparison(kpi="bookings", starts_on=NEXT, before=eur(1), after=eur(9)),
]
RESULTS = [
    ForecastResult(starts_on=FIRST, ends_on=NEXT, forecast=eur(90), actual=eur(100)),
    ForecastResult(starts_on=FIRST, ends_on=NEXT, forecast=eur(360), actual=eur(300)),
    ForecastResult(starts_on=NEXT, ends_on=date(2026, 7, 1), forecast=eur(1), actual=eur(100)),
]
USERS = [
    User(id="1", role="sales_representative"),
    User(id="2", role="sales_representative", starts_on=FIRST, ends_on=NEXT),
    User(id="3", role="sales_representative", starts_on=NEXT),
    User(id="4", role="sales_representative", ends_on=date(2026, 3, 31)),
    User(id="5", role="sales_manager"),
]
WORK = [
    *(Activity(kind=kind, subject="Lead", subject_id="1", at=at(2, 1))
      for kind in ("call", "call", "call", "email", "meeting", "demo")),
    Activity(kind="email", subject="Lead", subject_id="1", at=at(2, 1), is_automated=True),
    Activity(kind="call", subject="Lead", subject_id="1", at=END),
    *(Activity(kind="data_entry", subject="Lead", subject_id="1", at=at(2, 1), duration_time=n * MINUTES)
      for n in (2, 4)),
    *(Activity(kind="report", subject="Team", subject_id="1", at=at(2, 1), duration_time=n * MINUTES)
      for n in range(21)),
]  # fmt: skip
CREDITS = [
    Credit(opportunity_id="1", channel="webinar", amount=eur(60), model="linear", touched_at=at(1, 1), sourced=True,
           outcome="won", created_at=at(1, 2), closed_at=at(2, 1)),
    Credit(opportunity_id="1", channel="email", amount=eur(40), model="linear", touched_at=at(1, 9), outcome="won",
           created_at=at(1, 2), closed_at=at(2, 1)),
    Credit(opportunity_id="2", channel="unattributed", amount=eur(70), model="linear", outcome="won",
           created_at=at(1, 2), closed_at=at(3, 1)),
    Credit(opportunity_id="3", channel="email", amount=eur(50), model="linear", touched_at=at(1, 9), outcome="open",
           created_at=at(1, 2)),
    Credit(opportunity_id="4", channel="email", amount=eur(999), model="linear", touched_at=END, outcome="won",
           created_at=END, closed_at=END),
]  # fmt: skip
STARTS = [
    CustomerStart(account_id="1", signed_at=at(1, 1), started_at=at(1, 3), first_value_at=at(1, 11),
                  completed_at=at(1, 21), activated_at=at(1, 31)),
    CustomerStart(account_id="2", signed_at=at(1, 1), started_at=at(1, 11), first_value_at=at(1, 31),
                  completed_at=at(4, 11), activated_at=at(2, 9)),
    CustomerStart(account_id="3", signed_at=at(1, 1), started_at=at(1, 1), first_value_at=at(3, 2),
                  completed_at=at(3, 31)),
    CustomerStart(account_id="4", signed_at=at(3, 20), started_at=at(3, 21), activated_at=at(3, 22)),
    CustomerStart(account_id="5", signed_at=END, started_at=END, first_value_at=END, completed_at=END),
]  # fmt: skip
USES = [
    Usage(account_id="a1", on=date(2026, 1, 5), count=4),
    Usage(account_id="a1", at=at(2, 5)),
    Usage(account_id="a2", on=date(2026, 3, 31), count=2),
    Usage(account_id="a3", on=NEXT, count=99),
]


def active(subject, number, days, events=0, before=None, *, feature=None, starts_on=FIRST):
    return SubjectActivity(
        subject=subject, subject_id=str(number), starts_on=starts_on, day_count=90, active_day_count=days,
        event_count=events, previous_event_count=before, feature=feature,
    )  # fmt: skip


ACTIVITY = [
    active("account", 1, 9, 30, 20),
    active("account", 2, 1, 3, 10),
    active("account", 3, 0, 0, 0),
    active("account", 1, 2, 5, 0, feature="reports"),
    active("account", 2, 0, 0, 0, feature="reports"),
    active("account", 3, 0, 0, 0, feature="reports"),
    active("account", 9, 1, starts_on=NEXT),
    active("target_account", 1, 1, 1),
    active("target_account", 2, 0, 0),
    active("user", 1, 6, 6),
    active("user", 2, 3, 3),
    active("user", 3, 0),
    active("user", 4, 0),
]
ANSWERS = [
    *(Answer(survey="ces", score=score, at=at(1, 5)) for score in (7, 4, None)),
    Answer(survey="csat", score=1, at=at(1, 5)),
    Answer(survey="ces", score=1, at=END),
]
HANDOFFS = [
    Handoff(subject="Lead", subject_id="1", at=at(1, 5, 9), accepted_at=at(1, 5, 10)),
    Handoff(subject="Lead", subject_id="2", at=at(1, 5, 9), accepted_at=at(1, 5, 13), is_automatic=True),
    Handoff(subject="Lead", subject_id="3", at=at(1, 5, 9), rejected_at=at(1, 5, 10), reason="no budget"),
    Handoff(subject="Lead", subject_id="4", at=at(3, 31), accepted_at=at(4, 2)),
    Handoff(subject="Deal", subject_id="5", at=at(1, 5, 9), accepted_at=at(1, 5, 11)),
]
NOTICES = [
    {"clock_id": clock, "tier": tier, "at": moment}
    for clock, tier, moment in [
        ("1", 1, at(1, 5)), ("1", 2, at(1, 6)), ("2", 1, at(1, 5)), ("3", None, at(1, 5)), ("4", 3, END),
    ]
]  # fmt: skip
TICKETS = [Ticket(id=str(number), created_at=at(1, number)) for number in range(1, 9)]
UPTIME = [
    Availability(objective=Decimal("0.999"), service_time=hours * HOURS, downtime=down * HOURS,
                 whole_service_time=hours * HOURS)
    for hours, down in ((744, 6), (256, 4))
]  # fmt: skip
RUNS = [
    AutomationRun(process="routing", at=at(1, 5), manual_time=5 * MINUTES, review_time=MINUTES, count=10),
    AutomationRun(process="routing", at=at(1, 6), manual_time=3 * MINUTES),
    AutomationRun(process="routing", at=END, manual_time=99 * MINUTES),
]


def promise(target, minutes):
    return {"target": target, "elapsed": minutes * MINUTES, "stopped_at": at(1, 5), "decided_at": at(1, 5),
            "kept": True}  # fmt: skip


PROMISES = [
    *(promise("response", minutes) for minutes in range(21)),
    *(promise("acknowledge", minutes) for minutes in (4, 8)),
    {**promise("acknowledge", 99), "stopped_at": None},
]
LIVES = [
    CustomerLife(key=str(number), account_id=str(number), started_on=FIRST, onboarded_on=onboarded, ended_on=ended,
                 seen_until_on=NEXT)
    for number, (onboarded, ended) in enumerate(
        [(FIRST, date(2026, 3, 1)), (FIRST, None), (date(2026, 2, 1), date(2026, 2, 9)), (None, date(2026, 1, 9))]
    )
]  # fmt: skip
CATALOGUE_EXAMPLES = {
    "early_churn_rate_90d": (LIVES, Fraction(1, 2)),
    "lead_to_mql_rate_in_period": ({"LeadProgress": PROGRESS, "Lead": LEADS}, Fraction(2, 4)),
    "lead_to_customer_rate": (PROGRESS, Fraction(2, 4)),
    "conversion_rate": ({"Converted": CONVERSIONS, "Touch": TOUCHES}, Fraction(1, 4)),
    "lead_velocity_rate": (COMPARISONS, Fraction(-10, 40)),
    "average_lead_score": (SCORES, Decimal(45)),
    "target_account_engagement": (ACTIVITY, Fraction(1, 2)),
    "attributed_bookings": (CREDITS, eur(60 + 40 + 70)),
    "marketing_sourced_pipeline": (CREDITS, eur(60)),
    "marketing_influenced_pipeline": (CREDITS, eur(60 + 40 + 50)),
    "lead_response_time_median": (PROGRESS, 20 * MINUTES),
    "lead_response_time_p95": (PROGRESS, 83 * MINUTES),
    "lead_response_rate": (PROGRESS, Fraction(3, 4)),
    "lead_acceptance_rate": (HANDOFFS, Fraction(1, 4)),
    "stage_conversion_rate": (VISITS, Fraction(2, 4)),
    "win_rate_from_stage": (VISITS, Fraction(1, 2)),
    "time_in_stage_median": (VISITS, 5 * DAYS),
    "sales_cycle_from_lead_mean": (PROGRESS, timedelta(days=31 + 60) / 2),
    "sales_velocity": (OPPORTUNITIES, eur(20)),  # 3 × 2/3 × 200 EUR over 20 days
    "pipeline_acceleration": (COMPARISONS, Fraction(6, 10)),
    "bookings_growth_rate": (COMPARISONS, Fraction(50, 200)),
    "slip_rate": (IN_PERIOD, Fraction(1, 2)),
    "slip_rate_by_value": (IN_PERIOD, Fraction(210, 300)),
    "pulled_in_pipeline": (IN_PERIOD, eur(300)),
    "pipeline_created_at_creation": (IN_PERIOD, eur(1100)),
    "qualified_pipeline": (IN_PERIOD, eur(200 + 300 + 400)),
    "pipeline_quality": (IN_PERIOD, Fraction(400, 1000)),
    "pipeline_coverage": (QUOTAS, Fraction(540, 500)),
    "quota_attainment": (QUOTAS, Fraction(200, 500)),
    "pipeline_coverage_of_remaining": (QUOTAS, Fraction(540, 500 - 200)),
    "pipeline_coverage_weighted": (QUOTAS, Fraction(160, 500)),
    "next_quarter_coverage": (QUOTAS, Fraction(300, 300)),
    "quota_attainers_rate": (QUOTAS, Fraction(1, 3)),
    "calls_per_rep": ({"Activity": WORK, "User": USERS}, Fraction(3, 2)),
    "emails_per_rep": ({"Activity": WORK, "User": USERS}, Fraction(1, 2)),
    "meetings_per_rep": ({"Activity": WORK, "User": USERS}, Fraction(2, 2)),
    "bookings_per_rep": ({"Opportunity": OPPORTUNITIES, "User": USERS}, eur(200)),
    "forecast_weighted": (IN_PERIOD, eur(100 + 270 + 200)),
    "forecast_in_category": (IN_PERIOD, eur(300 + 400 + 600)),
    "forecast_commit": (IN_PERIOD, eur(100 + 300)),
    "forecast_best_case": (IN_PERIOD, eur(100 + 300 + 400)),
    "forecast_by_history": (IN_PERIOD, eur(100 + 100 + 60 + 60)),
    "forecast_accuracy": (RESULTS, Fraction(330, 400)),
    "forecast_wape": (RESULTS, Fraction(70, 400)),
    "forecast_mape": (RESULTS, Fraction(15, 100)),
    "forecast_bias": (RESULTS, Fraction(50, 400)),
    "time_to_value_median": (STARTS, 30 * DAYS),
    "onboarding_completion_rate": (STARTS, Fraction(2, 4)),
    "onboarding_completion_rate_90d": (STARTS, Fraction(1, 1)),
    "activation_rate_30d": (STARTS, Fraction(1, 3)),
    "product_usage": (USES, Fraction(7, 2)),
    "active_user_rate": (ACTIVITY, Fraction(2, 3)),
    "active_user_rate_of_seats": (ACTIVITY, Fraction(2, 4)),
    "feature_adoption_rate": (ACTIVITY, Fraction(1, 3)),
    "product_adoption_rate_4_days": (ACTIVITY, Fraction(1, 2)),
    "usage_frequency": (ACTIVITY, Fraction(9, 2)),
    "stickiness": (ACTIVITY, Fraction(9, 180)),
    "usage_growth": (ACTIVITY, Fraction(3, 30)),
    "health_score": (SCORES, Decimal(70)),
    "escalation_rate": ({"Notice": NOTICES, "Ticket": TICKETS}, Fraction(2, 8)),
    "availability_rate": (UPTIME, Fraction(990, 1000)),
    "handoff_time_median": (HANDOFFS, 2 * HOURS),
    "data_quality_score": (SCORES, Decimal("0.8")),
    "automation_time_saved": (RUNS, 43 * MINUTES),
}
