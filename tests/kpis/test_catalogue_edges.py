"""Odd rows and the readings of the catalogue: who is counted, by which date, up to which moment, in which direction."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from itertools import permutations
from types import SimpleNamespace

import pytest
from attrs import evolve

from revops_core import kpis, stages
from revops_core.calendars import BusinessCalendar
from revops_core.entities.engagement import Activity, Touch, Usage
from revops_core.entities.facts import AutomationRun, Changed, Converted, ForecastSnapshot, Quota, Spend
from revops_core.entities.lead import Lead
from revops_core.entities.opportunity import Opportunity
from revops_core.entities.user import User
from revops_core.errors import CurrencyMismatchError, InvalidValueError, UnknownFieldError
from revops_core.stages import Corrected, Moved, Pipeline, Stage, StageLog
from revops_core.testing import sample_company
from revops_core.values.measurement import Undefined
from revops_core.values.money import Money
from revops_core.values.period import Period

Q1, Q2 = Period.quarter(2026, 1), Period.quarter(2026, 2)
END = datetime(2026, 4, 1, tzinfo=UTC)
BORN = date(2025, 12, 1)
JANUARY = date(2026, 1, 1)


def at(month, day, hour=0):
    return datetime(2026, month, day, hour, tzinfo=UTC)


def eur(amount):
    return Money(amount, "EUR")


# --- What is asked of the past does not know what came later


def test_a_response_that_came_later_is_not_in_the_response_time_of_the_past():
    row = kpis.LeadProgress(id="l", created_at=at(1, 1), attempted_at=at(3, 1), response_time=timedelta(days=59))
    for kpi in (kpis.lead_response_time_median, kpis.lead_response_time_p95):
        assert kpi([row], period=Q1, as_of=at(2, 1)).value == Undefined("too_few")
        assert kpi([row], period=Q1, as_of=at(3, 1)).value == timedelta(days=59)


def test_the_end_of_a_sale_that_came_later_is_not_in_the_win_rate_from_a_stage_of_the_past():
    moves = [
        Moved(subject_id="o", target="proposal", at=at(1, 5)),
        Moved(subject_id="o", source="proposal", target="won", at=at(3, 1)),
    ]
    [visit] = kpis.stage_visits(moves, stages.OPPORTUNITY)
    assert (visit.won, visit.ended_at) == (True, at(3, 1))
    rate = kpis.win_rate_from_stage
    assert rate([visit], period=Q1, as_of=at(2, 1)).value == Undefined("zero_denominator")
    assert rate([visit], period=Q1, as_of=at(3, 1)).value == 1


def test_the_coverage_of_a_running_quarter_counts_what_is_to_close_in_the_rest_of_it():
    quota = Quota(owner_id="u", amount=eur(100), starts_on=Q1.start_on, ends_on=Q1.end_on)
    deal = Opportunity(id="o", owner_id="u", amount=eur(300), created_on=BORN, close_date=date(2026, 3, 20))
    for as_of in (at(2, 1), None):
        rows = kpis.quota_progress([quota], [deal], as_of=as_of)
        assert kpis.pipeline_coverage(rows, period=Q1, as_of=as_of).value == 3


@pytest.mark.parametrize(("created", "still_open"), [({"created_on": date(2026, 1, 31)}, 5), ({}, 5),
                                                     ({"created_on": date(2026, 2, 1)}, 0),
                                                     ({"created_at": at(2, 1)}, 5),
                                                     ({"created_at": at(2, 1, 1)}, 0)])  # fmt: skip
def test_what_was_created_later_is_no_pipeline_for_a_quota(created, still_open):
    quota = Quota(owner_id="u", amount=eur(100), starts_on=Q1.start_on, ends_on=Q1.end_on)
    deal = Opportunity(id="o", owner_id="u", amount=eur(5), close_date=date(2026, 3, 20), **created)
    [row] = kpis.quota_progress([quota], [deal], as_of=at(2, 1))
    assert row.open == eur(still_open)


def test_before_a_period_begins_its_start_is_not_foreseen():
    moved = Changed(subject="Opportunity", subject_id="o", field="close_date", old=date(2026, 5, 1),
                    new=date(2026, 9, 1), at=at(3, 1))  # fmt: skip
    deal = Opportunity(id="o", created_on=BORN, close_date=date(2026, 9, 1))
    [row] = kpis.opportunities_in_period([deal], [moved], Q2, as_of=at(2, 1))
    assert (row.was_due, row.is_due, row.is_slipped) == (True, True, False)
    [row] = kpis.opportunities_in_period([deal], [moved], Q2, as_of=at(3, 2))
    assert (row.was_due, row.is_due) == (False, False)


def test_a_part_of_a_period_is_not_held_against_the_whole_one_before():
    uses = [Usage(account_id="a", on=day, count=count) for day, count in ((date(2025, 11, 1), 9), (JANUARY, 3))]
    [row] = kpis.subject_activity(uses, Q1, subject="account", among=["a"], as_of=at(2, 1))
    assert (row.event_count, row.previous_event_count) == (3, None)
    assert kpis.usage_growth([row]).value == Undefined("zero_denominator")
    [row] = kpis.subject_activity(uses, Q1, subject="account", among=["a"], as_of=END)
    assert kpis.usage_growth([row]).value == Fraction(-6, 9)


def test_a_seller_who_left_later_was_there():
    calls = [Activity(kind="call", subject="Lead", subject_id="l", at=at(1, 5)) for _ in range(6)]
    sellers = [
        User(id="left later", role="sales_representative", is_active=False, ends_on=date(2026, 6, 30)),
        User(id="left on the last day", role="sales_representative", ends_on=date(2026, 3, 31)),
        User(id="is away", role="sales_representative", is_active=False),
        User(id="stays", role="sales_representative"),
    ]
    rows = {"Activity": calls, "User": sellers}
    assert kpis.calls_per_rep(rows, period=Q1, as_of=at(9, 1)).value == 3


# --- Days beside instants


def test_a_work_on_a_lead_before_the_day_it_came_in_is_no_response():
    work = [Activity(kind="call", subject="Lead", subject_id="l", at=at(1, day, 8)) for day in (4, 5)]
    [row] = kpis.lead_progress([Lead(id="l", created_on=date(2026, 1, 5))], activities=work)
    assert row.attempted_at == at(1, 5, 8)
    late = [Activity(kind="call", subject="Lead", subject_id="l", at=at(1, 4, 23))]
    [row] = kpis.lead_progress([Lead(id="l", created_on=date(2026, 1, 5))], activities=late, tz="Europe/Berlin")
    assert row.attempted_at == at(1, 4, 23)


def test_a_touch_of_the_last_evening_counts_whatever_zone_it_is_written_in():
    evening = at(1, 20, 23)
    deal = Opportunity(id="o", lead_id="l", amount=eur(9), outcome="won", created_on=BORN, closed_on=date(2026, 1, 20))
    for moment in (evening, evening.astimezone(timezone(timedelta(hours=3)))):
        touch = Touch(subject="Lead", subject_id="l", channel="webinar", at=moment)
        assert kpis.attribute([deal], [touch])[0].channel == "webinar"
        assert kpis.attribute([deal], [touch], tz="Europe/Berlin")[0].channel == "unattributed"


def test_the_first_of_days_and_instants_is_told_in_the_zone_that_is_given_whatever_their_order():
    moments = [{"closed_at": at(2, 1, 23)}, {"closed_at": at(1, 31, 23)}, {"closed_on": date(2026, 2, 1)}]
    sales = [Opportunity(id=str(n), lead_id="l", outcome="won", **moment) for n, moment in enumerate(moments)]

    def first(sales, tz):
        return kpis.lead_progress([Lead(id="l", created_at=at(1, 1))], opportunities=sales, tz=tz)[0].won_at

    for order in permutations(sales):
        assert [first(order, tz) for tz in ("UTC", "Europe/Berlin")] == [at(1, 31, 23)] * 2
    for order in permutations([sales[0], sales[2]]):
        assert first(order, "UTC") == at(2, 1, 23)  # of one day, the instant
        assert first(order, "Europe/Berlin") == date(2026, 2, 1)


def test_a_customer_signed_on_a_day_and_active_at_an_instant_has_an_activation_rate():
    def start(activated_at):
        return kpis.CustomerStart(account_id="a", signed_at=JANUARY, activated_at=activated_at)

    rate = kpis.activation_rate(30)
    for activated, share in ((at(1, 31, 23), 1), (at(2, 1), 0), (date(2026, 1, 31), 1), (None, 0)):
        assert rate([start(activated)], as_of=END).value == share
    instants = evolve(start(at(1, 31)), signed_at=at(1, 1))
    assert rate([instants, evolve(instants, activated_at=at(1, 31, 1))], as_of=END).value == Fraction(1, 2)


# --- Nothing, and less than nothing


def test_a_use_of_nothing_is_no_use():
    uses = [Usage(account_id="a", on=JANUARY, count=0), Usage(account_id="b", on=JANUARY, count=4)]
    rows = kpis.subject_activity(uses, Q1, subject="account", among=["a", "b"])
    assert [row.active_day_count for row in rows] == [0, 1]
    assert kpis.active_user_rate(rows).value == Fraction(1, 2)
    assert kpis.product_usage(uses).value == 4


def test_a_quota_of_nothing_is_neither_met_nor_missed():
    quotas = [
        Quota(owner_id=owner, amount=eur(amount), starts_on=Q1.start_on, ends_on=Q1.end_on)
        for owner, amount in (("on leave", 0), ("met", 50), ("missed", 51))
    ]
    won = [
        Opportunity(id=owner, owner_id=owner, outcome="won", amount=eur(50), closed_on=JANUARY)
        for owner in ("met", "missed")
    ]
    rows = kpis.quota_progress(quotas, won)
    assert [row.is_attained for row in rows] == [None, True, False]
    assert kpis.quota_attainers_rate(rows).value == Fraction(1, 2)


def test_a_review_that_takes_longer_than_the_work_it_spares_costs_time():
    runs = [
        AutomationRun(process="routing", at=at(1, 5), manual_time=timedelta(minutes=spared),
                      review_time=timedelta(minutes=2), count=count)
        for spared, count in ((1, 5), (3, 1))
    ]  # fmt: skip
    assert kpis.automation_time_saved(runs).value == timedelta(minutes=-4)


def test_a_sale_won_on_no_day_is_won_in_no_period():
    [row] = kpis.opportunities_in_period([Opportunity(id="o", outcome="won", amount=eur(9))], [], Q1)
    assert (row.is_won, row.is_due, row.is_open) == (False, False, False)


def test_what_was_due_later_and_is_lost_now_was_not_pulled_in():
    lost = Opportunity(id="o", created_on=BORN, close_date=date(2026, 5, 1), outcome="lost", closed_at=at(3, 1))
    [row] = kpis.opportunities_in_period([lost], [], Q1)
    assert (row.is_due, row.is_pulled_in) == (True, False)


def test_growth_leaves_out_what_is_known_on_one_side_only():
    def compared(before, after):
        return kpis.Comparison(kpi="bookings", starts_on=JANUARY, before=before, after=after)

    whole = compared(eur(100), eur(110))
    for half in (compared(None, eur(100)), compared(eur(100), None)):
        assert kpis.bookings_growth_rate([half]).value == Undefined("zero_denominator")
        assert kpis.bookings_growth_rate([half, whole]).value == Fraction(1, 10)
    assert kpis.bookings_growth_rate([compared(eur(-5), eur(5))]).value == Undefined("negative_base")


def test_a_sale_of_unknown_outcome_has_not_ended():
    assert kpis.win_rate_of_closed([{"outcome": None}, {"outcome": "won"}, {"outcome": "no_decision"}]).value == 0.5


# --- Who is counted


def test_a_lead_converted_twice_is_one_conversion():
    converted = [Converted(subject="Lead", subject_id="l", at=at(1, day)) for day in (1, 2)]
    touches = [Touch(subject="Lead", subject_id="l", at=at(1, 1))] * 4
    assert kpis.conversion_rate({"Converted": converted, "Touch": touches}).value == Fraction(1, 4)


def test_the_growth_of_usage_is_that_of_accounts_alone():
    def row(subject, now, before):
        return kpis.SubjectActivity(subject=subject, subject_id="1", starts_on=JANUARY, day_count=90, event_count=now,
                                    previous_event_count=before)  # fmt: skip

    rows = [row("account", 6, 4), row("user", 6, 1), row("target_account", 50, 1)]
    assert kpis.usage_growth(rows).value == Fraction(2, 4)


def test_what_is_automated_or_written_by_the_customer_is_no_work_of_a_seller():
    def work(kind, **fields):
        return Activity(kind=kind, subject="Lead", subject_id="l", at=at(1, 5), **fields)

    rows = {
        "Activity": [
            *(work(kind, is_automated=automated) for kind in ("call", "email", "demo") for automated in (True, False)),
            work("email", direction="inbound"),
            work("call", direction="inbound"),
        ],
        "User": [User(id="u", role="sales_representative")],
    }
    per_rep = (kpis.calls_per_rep, kpis.emails_per_rep, kpis.meetings_per_rep)
    assert [kpi(rows).value for kpi in per_rep] == [2, 1, 1]


def test_a_lead_has_the_opportunity_it_is_named_by_beside_those_that_name_it():
    sales = [
        Opportunity(id="named", created_at=at(1, 9)),
        Opportunity(id="naming", lead_id="l", created_at=at(1, 20)),
    ]
    lead = Lead(id="l", created_at=at(1, 1), converted_opportunity_id="named")
    assert kpis.lead_progress([lead], opportunities=sales)[0].opportunity_at == at(1, 9)


def test_the_quality_of_the_pipeline_is_undefined_where_nobody_said_which_stages_are_qualified():
    deal = Opportunity(id="o", created_on=JANUARY, amount=eur(9), stage="proposal")
    rates = [
        kpis.pipeline_quality(kpis.opportunities_in_period([deal], [], Q1, qualified_stages=names)).value
        for names in ((), ("proposal",), ("negotiation",))
    ]
    assert rates == [Undefined("zero_denominator"), 1, 0]


def test_a_quota_in_another_currency_than_its_sales_is_refused():
    quota = Quota(owner_id="u", amount=eur(100), starts_on=Q1.start_on, ends_on=Q1.end_on)
    won = Opportunity(id="o", owner_id="u", outcome="won", amount=Money(9, "USD"), closed_on=JANUARY)
    with pytest.raises(CurrencyMismatchError):
        kpis.quota_progress([quota], [won])


def test_a_name_where_several_are_asked_for_is_refused_and_not_taken_letter_by_letter():
    deal = Opportunity(id="o", stage="pro", amount=eur(9))
    with pytest.raises(InvalidValueError, match="'qualified_stages' must be"):
        kpis.opportunities_in_period([deal], [], Q1, qualified_stages="proposal")
    with pytest.raises(InvalidValueError, match="'among' must be"):
        kpis.subject_activity([], Q1, subject="account", among="a12")
    with pytest.raises(InvalidValueError, match="'features' must be"):
        kpis.subject_activity([], Q1, subject="account", among=["a12"], features="reports")


def test_the_quota_that_follows_is_the_one_of_about_the_same_length():
    april = Period.month(2026, 4)
    for others in permutations([Period.month(2026, 1), april, Q2, Period.between(Q1.end_on, date(2027, 4, 1))]):
        quotas = [
            Quota(owner_id="u", amount=eur(each.day_count), starts_on=each.start_on, ends_on=each.end_on)
            for each in (Q1, Period.month(2026, 3), *others)
        ]
        quarter, march, *_ = kpis.quota_progress(quotas, [])
        assert (quarter.next_quota, march.next_quota) == (eur(Q2.day_count), eur(30))


def test_sources_of_leads_have_their_volume_conversion_and_cost():
    leads = [{"created_at": at(1, 5), "lead_source": source} for source in ("webinar", "webinar", "referral")]
    spent = [Spend(on=JANUARY, amount=eur(amount), purpose="marketing", channel=channel)
             for amount, channel in ((80, "webinar"), (20, "webinar"), (7, "referral"))]  # fmt: skip
    by = {"source": {"Spend": "channel", "Lead": "lead_source"}}
    table = kpis.measure({"Spend": spent, "Lead": leads}, [kpis.cost_per_lead], by=by)
    costs = {
        name: table.measurement("cost_per_lead", segment={"source": name}).value for name in ("webinar", "referral")
    }
    assert costs == {"webinar": eur(50), "referral": eur(7)}
    assert table.measurement("cost_per_lead").value.rounded() == eur("35.67")


def test_what_has_no_probability_has_no_weight():
    quota = Quota(owner_id="u", amount=eur(100), starts_on=Q1.start_on, ends_on=Q1.end_on)
    deals = [
        Opportunity(id=str(chance), owner_id="u", amount=eur(10), close_date=date(2026, 3, 1), probability=chance)
        for chance in (None, Decimal("0.5"))
    ]
    [row] = kpis.quota_progress([quota], deals)
    assert (row.open, row.weighted) == (eur(20), eur(5))


def test_a_sale_of_nothing_keeps_the_touches_that_led_to_it():
    touches = [Touch(subject="Lead", subject_id="l", channel=channel, at=at(1, 1)) for channel in ("webinar", "email")]
    deal = Opportunity(id="o", lead_id="l", amount=eur(0))
    for model, channels in (("linear", ["webinar", "email"]), ("last_touch", ["email"])):
        found = kpis.attribute([deal], touches, model)
        assert [(credit.channel, credit.amount) for credit in found] == [(channel, eur(0)) for channel in channels]


def test_an_amount_given_back_is_an_error_of_the_same_size():
    row = kpis.ForecastResult(starts_on=Q1.start_on, ends_on=Q1.end_on, forecast=eur(-90), actual=eur(-100))
    assert (row.error, row.percentage_error) == (eur(10), Decimal("0.1"))
    assert kpis.forecast_accuracy([row]).value == Undefined("negative_base")


def test_what_is_open_at_the_end_is_open_whatever_the_record_says_now():
    [row] = kpis.opportunities_in_period(
        [Opportunity(id="o", created_on=BORN, outcome="won", closed_at=at(4, 9), amount=eur(9))], [], Q1
    )
    assert (row.outcome, row.is_open, row.is_won) == ("open", True, False)


def test_customers_alone_adopt_a_feature_and_users_beside_them_do_not_count():
    rows = [
        kpis.SubjectActivity(subject=subject, subject_id="1", starts_on=JANUARY, day_count=90, feature="reports",
                             active_day_count=days)
        for subject, days in (("account", 1), ("user", 0), ("user", 0))
    ]  # fmt: skip
    assert kpis.feature_adoption_rate(rows).value == 1


def test_an_open_lead_is_not_decided_also_without_a_period():
    leads = [{"outcome": outcome} for outcome in ("qualified", "disqualified", "open", "open")]
    assert kpis.lead_qualification_rate_of_decided(leads).value == Fraction(1, 2)


def test_a_matched_account_comes_before_the_one_the_lead_was_converted_into():
    leads = [
        Lead(id="1", created_at=at(1, 1), account_id="matched", converted_account_id="converted"),
        Lead(id="2", created_at=at(1, 1), converted_account_id="converted"),
    ]
    assert [row.account_id for row in kpis.lead_progress(leads)] == ["matched", "converted"]


def test_the_time_in_a_stage_may_be_working_time():
    office = BusinessCalendar("Mo-Fr 09:00-17:00", tz="UTC")
    moves = [
        Moved(subject_id="o", target="qualification", at=at(1, 5, 9)),
        Moved(subject_id="o", source="qualification", target="proposal", at=at(1, 6, 10)),
    ]
    first, _ = kpis.stage_visits(moves, stages.OPPORTUNITY, calendar=office)
    assert first.stay_time == timedelta(hours=9)


def test_a_promise_that_is_not_decided_is_neither_kept_nor_broken_also_without_a_period():
    rows = [{"kept": kept, "target": "response"} for kept in (True, True, False, None, None)]
    assert kpis.sla_compliance(rows).value == Fraction(2, 3)


# --- Records of others


def test_builders_take_the_rows_of_an_orm_by_their_attributes():
    """Rows with one of two dates, and without our properties."""
    deal = SimpleNamespace(
        id="o",
        owner_id="u",
        account_id=None,
        lead_id="l",
        kind=None,
        outcome="won",
        amount=eur(5),
        probability=None,
        close_date=None,
        created_at=at(1, 2),
        closed_on=date(2026, 2, 1),
    )
    lead = SimpleNamespace(
        id="l",
        created_on=JANUARY,
        assigned_at=None,
        lead_source=None,
        campaign=None,
        owner_id=None,
        account_id=None,
        converted_account_id=None,
        converted_opportunity_id=None,
        custom={},
    )
    quota = Quota(owner_id="u", amount=eur(100), starts_on=Q1.start_on, ends_on=Q1.end_on)
    snapshot = ForecastSnapshot(amount=eur(1), starts_on=Q1.start_on, ends_on=Q1.end_on, at=at(1, 1))
    touch = Touch(subject="Lead", subject_id="l", channel="webinar", at=at(1, 1))
    assert kpis.quota_progress([quota], [deal], as_of=at(2, 2))[0].won == eur(5)
    assert kpis.forecast_results([snapshot], [deal])[0].actual == eur(5)
    assert [credit.sourced for credit in kpis.attribute([deal], [touch])] == [True]
    [row] = kpis.lead_progress([lead], opportunities=[deal])
    assert (row.created_at, row.opportunity_at, row.won_at) == (JANUARY, at(1, 2), date(2026, 2, 1))
    del deal.closed_on
    with pytest.raises(UnknownFieldError, match="closed_at or closed_on"):
        kpis.quota_progress([quota], [deal])


# --- The edges of a period

FIRST_DAY_AFTER = Q1.end_on


def moved_to(close_date, before, when):
    fact = Changed(subject="Opportunity", subject_id="o", field="close_date", old=before, new=close_date, at=when)
    return Opportunity(id="o", created_on=BORN, close_date=close_date), fact


def test_the_first_day_after_a_period_is_late_and_its_last_day_is_not():
    for day, slipped in ((FIRST_DAY_AFTER, True), (date(2026, 3, 31), False)):
        deal, fact = moved_to(day, date(2026, 3, 1), at(2, 1))
        [row] = kpis.opportunities_in_period([deal], [fact], Q1, as_of=at(2, 2))
        assert (row.was_due, row.is_slipped, row.is_due) == (True, slipped, not slipped)
    for day, pulled_in in ((FIRST_DAY_AFTER, True), (date(2026, 3, 31), False)):
        deal, fact = moved_to(date(2026, 3, 1), day, at(2, 1))
        [row] = kpis.opportunities_in_period([deal], [fact], Q1)
        assert (row.is_pulled_in, row.was_due) == (pulled_in, not pulled_in)


def test_a_period_is_over_at_its_end_and_not_a_moment_before():
    deal, fact = moved_to(date(2026, 3, 20), date(2026, 3, 20), at(1, 2))
    moment_before = END - timedelta(microseconds=1)
    for as_of, slipped in ((moment_before, False), (END, True), (None, True)):
        [row] = kpis.opportunities_in_period([deal], [fact], Q1, as_of=as_of)
        assert (row.was_due, row.is_slipped) == (True, slipped)


@pytest.mark.parametrize(("moment", "inside"), [(at(1, 1), True), (END - timedelta(microseconds=1), True), (END, False),
                                                (JANUARY, True), (date(2026, 3, 31), True), (FIRST_DAY_AFTER, False),
                                                (date(2025, 12, 31), False)])  # fmt: skip
def test_each_builder_counts_the_first_moment_of_a_period_and_not_that_after_it(moment, inside):
    closed = {"closed_at" if isinstance(moment, datetime) else "closed_on": moment}
    created = {"created_at" if isinstance(moment, datetime) else "created_on": moment}
    won = Opportunity(id="o", owner_id="u", outcome="won", amount=eur(5), **closed)
    quota = Quota(owner_id="u", amount=eur(100), starts_on=Q1.start_on, ends_on=Q1.end_on)
    snapshot = ForecastSnapshot(amount=eur(1), starts_on=Q1.start_on, ends_on=Q1.end_on, at=at(1, 1))
    new = kpis.opportunities_in_period([Opportunity(id="o", **created)], [], Q1)
    uses = [Usage(account_id="a", **{"at" if isinstance(moment, datetime) else "on": moment})]
    assert kpis.quota_progress([quota], [won])[0].won == eur(5 * inside)
    assert kpis.forecast_results([snapshot], [won])[0].actual == eur(5 * inside)
    assert kpis.opportunities_in_period([won], [], Q1)[0].is_won == inside
    assert any(row.is_created for row in new) == inside
    assert kpis.subject_activity(uses, Q1, subject="account", among=["a"])[0].event_count == inside
    assert kpis.deals_won([won], period=Q1).value == inside


# --- Stages


def test_a_stage_that_was_passed_over_counts_as_passed_and_took_no_time():
    moves = [
        Moved(subject_id="o", target="qualification", at=at(1, 1)),
        Moved(subject_id="o", source="qualification", target="won", at=at(1, 5), skipped=("proposal", "old", "lost")),
    ]
    rows = kpis.stage_visits(moves, stages.OPPORTUNITY)
    assert [(row.stage, row.has_advanced, row.won, row.stay_time) for row in rows] == [
        ("qualification", True, True, timedelta(days=4)),
        ("proposal", True, True, None),
    ]
    assert (rows[1].entered_at, rows[1].exited_at) == (at(1, 5), at(1, 5))
    table = kpis.measure(rows, [kpis.stage_conversion_rate, kpis.time_in_stage_median], by="stage", over=Q1)
    assert table.measurement("stage_conversion_rate", segment={"stage": "proposal"}).value == 1
    assert table.measurement("time_in_stage_median").n == 1


@pytest.mark.parametrize(("kinds", "end", "is_good"), [(("won", "closed"), "won", True),
                                                       (("won", "closed"), "closed", False),
                                                       (("closed",), "closed", True),
                                                       (("converted", "lost"), "converted", True)])  # fmt: skip
def test_an_end_that_is_neither_won_nor_lost_is_good_only_where_there_is_no_better(kinds, end, is_good):
    pipeline = Pipeline("p", (Stage("talk"), *(Stage(f"is {kind}", kind) for kind in kinds)))
    moves = [
        Moved(subject_id="o", target="talk", at=at(1, 1)),
        Moved(subject_id="o", source="talk", target=f"is {end}", at=at(1, 5)),
    ]
    [row] = kpis.stage_visits(moves, pipeline)
    assert (row.has_advanced, row.won) == (is_good, is_good)


def test_a_record_all_of_whose_moves_were_taken_back_has_no_stay():
    entered = Moved(subject_id="o", target="proposal", at=at(1, 1), id="m")
    taken_back = Corrected(subject_id="o", replaces="m", replacement=None, at=at(1, 2))
    assert kpis.stage_visits([entered, taken_back], stages.OPPORTUNITY) == []
    [row] = kpis.lead_progress([Lead(id="o", created_at=at(1, 1))], [entered, taken_back], mql="proposal")
    assert row.mql_at is None


def test_a_sale_that_was_reopened_has_not_ended():
    moves = [
        Moved(subject_id="o", target="proposal", at=at(1, 1), seq=0),
        Moved(subject_id="o", source="proposal", target="lost", at=at(1, 5), seq=1),
        Moved(subject_id="o", source="lost", target="proposal", at=at(1, 9), seq=2, reopens=True),
    ]
    first, second = kpis.stage_visits(moves, stages.OPPORTUNITY)
    assert (first.has_advanced, second.has_advanced) == (False, None)
    assert {(row.won, row.ended_at) for row in (first, second)} == {(None, None)}


# --- Forecasts


def test_the_chances_of_a_log_make_the_forecast_by_history():
    moves = [
        Moved(subject_id=str(number), source="proposal", target="won" if number < 3 else "lost", at=at(1, 5))
        for number in range(8)
    ]
    log = StageLog.of(moves)
    chances = log.win_chances(stages.OPPORTUNITY, at_least=1)
    assert (chances["proposal"].value, chances["negotiation"].is_defined) == (Fraction(3, 8), False)
    deals = [Opportunity(id="o", created_on=BORN, stage="proposal", amount=eur(800)),
             Opportunity(id="p", created_on=BORN, stage="negotiation", amount=eur(999))]  # fmt: skip
    rows = kpis.opportunities_in_period(deals, [], Q1, chances=chances)
    assert [row.chance for row in rows] == [Decimal("0.375"), None]
    assert kpis.forecast_by_history(rows).value == eur(300)


def test_each_category_stands_alone_beside_the_cumulative_forecast():
    def row(number, category, **fields):
        return kpis.OpportunityInPeriod(id=str(number), starts_on=JANUARY, amount=eur(10**number),
                                        forecast_category=category, is_due=True, **fields)  # fmt: skip

    rows = [row(0, "closed", is_won=True), row(1, "commit", is_open=True), row(2, "best_case", is_open=True),
            row(3, "pipeline", is_open=True), row(4, "omitted", is_open=True)]  # fmt: skip
    table = kpis.measure(rows, [kpis.forecast_in_category], by="forecast_category")
    alone = {found.segment["forecast_category"]: found.value.amount for found in table.measurements()}
    assert alone == {"closed": 0, "commit": 10, "best_case": 100, "pipeline": 1000, "omitted": 10_000}
    assert (kpis.forecast_commit(rows).value, kpis.forecast_best_case(rows).value) == (eur(11), eur(111))


def test_a_look_at_every_month_of_a_year_agrees_with_the_records():
    """A naive loop over the records of the sample company, beside the KPIs, month by month."""
    company = sample_company(150)
    deals = company.opportunities
    months = Period.year(2025).months()
    wanted = [kpis.win_rate, kpis.bookings, kpis.open_opportunities, kpis.win_rate_of_created, kpis.sales_cycle_mean]
    table = kpis.measure(deals, wanted, over=months)
    for month in months:

        def inside(moment, month=month):
            return moment is not None and month.start <= moment < month.end

        won = [deal for deal in deals if deal.outcome == "won" and inside(deal.closed_at)]
        lost = [deal for deal in deals if deal.outcome == "lost" and inside(deal.closed_at)]
        new = [deal for deal in deals if inside(deal.created_at)]
        still_open = [
            deal for deal in deals
            if deal.created_at < month.end and (deal.outcome == "open" or deal.closed_at >= month.end)
        ]  # fmt: skip
        assert (table.measurement("win_rate", period=month).numerator, len(won) + len(lost)) == (
            len(won), table.measurement("win_rate", period=month).denominator,
        )  # fmt: skip
        assert table.measurement("bookings", period=month).value == sum((deal.amount for deal in won), start=eur(0))
        assert table.measurement("open_opportunities", period=month).value == len(still_open)
        assert table.measurement("win_rate_of_created", period=month).numerator == sum(
            deal.outcome == "won" for deal in new
        )
        days = [(deal.closed_at - deal.created_at).total_seconds() for deal in won]
        cycle = table.measurement("sales_cycle_mean", period=month)
        assert cycle.n == len(days)
        if days:
            assert abs(cycle.value.total_seconds() - sum(days) / len(days)) < 1e-5
