"""The rows that builders prepare from records and facts, one for each subject."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from revops_core import kpis, stages
from revops_core.calendars import BusinessCalendar
from revops_core.entities.deal import Deal
from revops_core.entities.engagement import Activity, Touch, Usage
from revops_core.entities.facts import Changed, ForecastSnapshot, Milestone, Quota
from revops_core.entities.lead import Lead
from revops_core.entities.opportunity import Opportunity
from revops_core.errors import InvalidValueError
from revops_core.stages import Moved
from revops_core.testing import sample_company
from revops_core.values.measurement import Undefined
from revops_core.values.money import Money
from revops_core.values.period import Period

Q1, Q2 = Period.quarter(2026, 1), Period.quarter(2026, 2)
END = datetime(2026, 4, 1, tzinfo=UTC)


def at(month, day, hour=0):
    return datetime(2026, month, day, hour, tzinfo=UTC)


def eur(amount):
    return Money(amount, "EUR")


# --- Leads


def move(subject, target, when, **fields):
    return Moved(subject_id=subject, target=target, at=when, **fields)


def test_a_lead_counts_from_its_first_entry_to_a_stage():
    moves = [
        move("l", "marketing_qualified", at(2, 9), source="working", seq=3),
        move("l", "working", at(2, 5), source="marketing_qualified", seq=2),
        move("l", "marketing_qualified", at(2, 1), seq=1),
        move("other", "marketing_qualified", at(1, 1)),
    ]
    [row] = kpis.lead_progress([Lead(id="l", created_at=at(1, 1))], moves)
    assert (row.mql_at, row.sql_at) == (at(2, 1), None)


def test_a_stage_that_was_passed_over_was_reached():
    moves = [move("l", "sales_qualified", at(2, 1), skipped=["marketing_qualified"])]
    [row] = kpis.lead_progress([Lead(id="l", created_at=at(1, 1))], moves)
    assert row.mql_at == row.sql_at == at(2, 1)


def test_stages_may_be_called_otherwise():
    leads, moves = [Lead(id="l", created_at=at(1, 1))], [move("l", "warm", at(2, 1)), move("l", "hot", at(2, 2))]
    [row] = kpis.lead_progress(leads, moves, mql=("warm", "hot"), sql="hot")
    assert (row.mql_at, row.sql_at) == (at(2, 1), at(2, 2))


def test_the_first_opportunity_of_a_lead_counts_and_the_first_that_was_won():
    sales = [
        Opportunity(id="1", lead_id="l", created_at=at(2, 2), outcome="won", closed_at=at(3, 9)),
        Opportunity(id="2", lead_id="l", created_at=at(2, 1), outcome="lost", closed_at=at(2, 5)),
        Opportunity(id="3", lead_id="l", created_at=at(2, 3), outcome="won", closed_at=at(3, 1)),
        Opportunity(id="4", created_on=date(2026, 2, 7)),
    ]
    leads = [Lead(id="l", created_at=at(1, 1)), Lead(id="m", created_at=at(1, 1), converted_opportunity_id="4")]
    first, second = kpis.lead_progress(leads, opportunities=sales)
    assert (first.opportunity_at, first.won_at) == (at(2, 1), at(3, 1))
    assert (second.opportunity_at, second.won_at) == (date(2026, 2, 7), None)


def test_a_day_among_instants_is_compared_by_day():
    sales = [
        Opportunity(id="1", lead_id="l", created_at=at(2, 2)),
        Opportunity(id="2", lead_id="l", created_on=date(2026, 2, 1)),
    ]
    [row] = kpis.lead_progress([Lead(id="l", created_at=at(1, 1))], opportunities=sales)
    assert row.opportunity_at == date(2026, 2, 1)


def test_a_response_is_that_of_a_person_after_the_lead_came_in():
    def work(hour, **fields):
        return Activity(kind="call", subject=fields.pop("subject", "Lead"), subject_id="l", at=at(1, 5, hour), **fields)

    work_done = [
        work(8),
        work(10, is_automated=True),
        work(11, direction="inbound"),
        work(12, subject="Contact"),
        work(17),
        work(16, reached=False),
        work(18, reached=True),
    ]
    lead = Lead(id="l", created_at=at(1, 5, 9))
    [row] = kpis.lead_progress([lead], activities=work_done)
    assert (row.attempted_at, row.contacted_at) == (at(1, 5, 16), at(1, 5, 18))
    assert row.response_time == timedelta(hours=7)
    office = BusinessCalendar("Mo-Fr 09:00-12:00,13:00-15:00", tz="UTC")
    [row] = kpis.lead_progress([lead], activities=work_done, calendar=office)
    assert row.response_time == timedelta(hours=5)
    [row] = kpis.lead_progress([evolve(lead, created_at=None, created_on=date(2026, 1, 5))], activities=work_done)
    assert (row.attempted_at, row.response_time) == (at(1, 5, 8), None)


def test_leads_without_a_date_of_creation_are_named_all_at_once():
    with pytest.raises(InvalidValueError) as error:
        kpis.lead_progress([Lead(id="1"), Lead(id="2", created_at=END), Lead(id="3")])
    assert [fault.field for fault in error.value.faults] == ["leads[0].created_at", "leads[2].created_at"]


# --- Opportunities in a period


def changed(field, old, new, when):
    return Changed(subject="Opportunity", subject_id="o", field=field, old=old, new=new, at=when)


def in_period(deal, facts=(), period=Q1, **options):
    rows = kpis.opportunities_in_period([deal], facts, period, **options)
    return rows[0] if rows else None


BORN = date(2025, 12, 1)
MARCH, MAY = date(2026, 3, 20), date(2026, 5, 20)


@pytest.mark.parametrize(
    ("deal", "facts", "as_of", "slipped"),
    [
        ({"close_date": MAY}, [changed("close_date", MARCH, MAY, at(2, 1))], None, True),
        ({"close_date": MAY}, [changed("close_date", MARCH, MAY, at(2, 1))], at(2, 2), True),
        ({"close_date": MAY}, [changed("close_date", MARCH, MAY, at(4, 1))], None, True),  # overdue at the end
        ({"close_date": MAY}, [changed("close_date", MARCH, MAY, at(4, 1))], at(3, 1), False),  # not yet over
        ({"close_date": MARCH, "outcome": "won", "closed_at": at(4, 2)}, [], None, True),  # won late
        ({"close_date": MARCH, "outcome": "won", "closed_at": at(3, 31)}, [], None, False),
        ({"close_date": MARCH, "outcome": "lost", "closed_at": at(2, 2)}, [], None, False),
        ({"close_date": MARCH, "outcome": "lost", "closed_on": date(2026, 4, 1)}, [], None, True),
        ({"close_date": MARCH, "outcome": "lost", "closed_on": date(2026, 3, 31)}, [], None, False),
    ],
)
def test_slipped_is_what_was_due_and_is_not_decided_in_the_period(deal, facts, as_of, slipped):
    row = in_period(Opportunity(id="o", created_on=BORN, **deal), facts, as_of=as_of)
    assert (row.was_due, row.is_slipped) == (True, slipped)


def test_only_what_was_open_at_the_start_can_slip_or_be_pulled_in():
    born_in_period = Opportunity(id="o", created_at=at(1, 1), close_date=MAY)
    row = in_period(born_in_period, [changed("close_date", MARCH, MAY, at(2, 1))])
    assert (row.was_due, row.is_slipped, row.is_pulled_in) == (False, False, False)
    closed_before = Opportunity(id="o", created_on=BORN, outcome="lost", closed_on=BORN, close_date=MARCH)
    assert not in_period(closed_before).was_due


def test_pulled_in_is_what_was_due_later_and_now_is_due_or_decided_in_the_period():
    pulled = [changed("close_date", MAY, MARCH, at(2, 1))]
    assert in_period(Opportunity(id="o", created_on=BORN, close_date=MARCH), pulled).is_pulled_in
    won = Opportunity(id="o", created_on=BORN, close_date=MAY, outcome="won", closed_at=at(3, 1))
    assert in_period(won).is_pulled_in
    assert not in_period(Opportunity(id="o", created_on=BORN, close_date=MAY)).is_pulled_in
    no_date = [changed("close_date", None, MARCH, at(2, 1))]
    assert not in_period(Opportunity(id="o", created_on=BORN, close_date=MARCH), no_date).is_pulled_in


def test_amounts_are_those_of_creation_of_the_start_and_of_the_end():
    facts = [
        changed("amount", eur(150), eur(200), at(2, 2)),
        changed("amount", eur(100), eur(150), at(1, 15)),
        changed("amount", eur(200), eur(999), at(4, 1)),
    ]
    new = Opportunity(id="o", created_at=at(1, 10), amount=eur(999))
    row = in_period(new, facts)
    assert (row.amount_at_creation, row.amount_at_start, row.amount) == (eur(100), None, eur(200))
    row = in_period(evolve(new, created_at=datetime(2025, 12, 1, tzinfo=UTC)), facts)
    assert (row.amount_at_creation, row.amount_at_start, row.amount) == (None, eur(100), eur(200))
    assert in_period(new).amount_at_creation == eur(999)


def test_what_has_not_begun_has_no_row():
    assert in_period(Opportunity(id="o", created_at=END)) is None
    assert in_period(Opportunity(id="o", created_on=date(2026, 4, 1))) is None
    assert in_period(Opportunity(id="o", created_on=date(2026, 2, 2)), as_of=at(2, 2)) is None
    assert in_period(Opportunity(id="o", created_on=date(2026, 2, 1)), as_of=at(2, 2)) is not None


def test_stage_chance_and_outcome_are_those_of_the_end():
    moves = [
        Moved(subject_id="o", target="proposal", at=at(1, 1), outcome="open"),
        Moved(subject_id="o", source="proposal", target="won", at=at(4, 1), outcome="won", closes=True),
    ]
    deal = Opportunity(id="o", created_on=BORN, stage="won", outcome="won", closed_at=at(4, 1))
    options = {"qualified_stages": ("proposal",), "chances": {"proposal": Decimal("0.3")}}
    row = in_period(deal, moves, **options)
    assert (row.stage, row.outcome, row.is_open, row.is_won) == ("proposal", "open", True, False)
    assert (row.is_qualified, row.chance) == (True, Decimal("0.3"))
    row = in_period(deal, moves, Q2, **options)
    assert (row.stage, row.outcome, row.is_won, row.is_due, row.chance) == ("won", "won", True, True, None)
    closed_without_a_date = Opportunity(id="o", outcome="lost")
    assert not in_period(closed_without_a_date).is_due


# --- Quotas and forecasts

QUOTAS = [
    Quota(owner_id="u", amount=eur(100), starts_on=Q1.start_on, ends_on=Q1.end_on),
    Quota(owner_id="u", amount=eur(200), starts_on=Q2.start_on, ends_on=Q2.end_on),
    Quota(owner_id="u", amount=eur(50), starts_on=Q1.start_on, ends_on=Q1.end_on, kind="expansion"),
]
SALES = [
    Opportunity(id="1", owner_id="u", amount=eur(70), outcome="won", closed_on=date(2026, 3, 31), close_date=MARCH),
    Opportunity(id="2", owner_id="u", amount=eur(10), close_date=MARCH, probability=Decimal("0.5"), kind="expansion"),
    Opportunity(id="3", owner_id="u", amount=eur(40), close_date=MAY),
    Opportunity(id="4", owner_id="u", close_date=MARCH),
    Opportunity(id="5", owner_id="v", amount=eur(999), close_date=MARCH),
    Opportunity(id="6", owner_id="u", amount=eur(999), outcome="lost", closed_on=MARCH, close_date=MARCH),
    Opportunity(id="7", owner_id="u", amount=eur(999)),
    Opportunity(id="8", owner_id="u", amount=eur(5), outcome="won", closed_at=at(3, 1), close_date=MARCH),
]


def test_a_quota_knows_what_was_won_and_what_is_open_for_it_and_for_the_next():
    first, second, expansion = kpis.quota_progress(QUOTAS, SALES)
    assert (first.won, first.open, first.weighted) == (eur(75), eur(10), eur(5))
    assert (first.next_quota, first.next_open, second.next_quota) == (eur(200), eur(40), None)
    assert (expansion.won, expansion.open) == (eur(0), eur(10))


def test_what_closed_later_was_open():
    [first, *_] = kpis.quota_progress(QUOTAS, SALES, as_of=at(3, 31))
    assert (first.won, first.open) == (eur(5), eur(80))
    [first, *_] = kpis.quota_progress(QUOTAS, SALES, as_of=END)  # the day before has begun by then
    assert (first.won, first.open) == (eur(75), eur(10))
    [first, *_] = kpis.quota_progress(QUOTAS, SALES, as_of=at(2, 28))
    assert (first.won, first.open) == (eur(0), eur(85 + 999))


def test_the_quota_of_a_team_counts_what_its_users_sold():
    team = [evolve(QUOTAS[0], owner_id="north")]
    [row] = kpis.quota_progress(team, SALES, owner_of=lambda sale: {"u": "north"}.get(sale.owner_id))
    assert row.won == eur(75)


def test_coverage_of_what_remains_is_undefined_once_the_target_is_met():
    met = kpis.quota_progress([QUOTAS[0]], [evolve(SALES[0], amount=eur(100))])
    over = kpis.quota_progress([QUOTAS[0]], [evolve(SALES[0], amount=eur(120))])
    assert [kpis.pipeline_coverage_of_remaining(rows).value for rows in (met, over)] == [Undefined("target_met")] * 2
    rows = kpis.quota_progress(QUOTAS[:1], SALES)
    assert kpis.measure(rows, kpis.pipeline_coverage_of_remaining, by="owner_id").rows()[0]["value"] == 10 / 25


def test_a_forecast_is_held_against_what_its_owner_won_in_its_days():
    def snapshot(owner, amount):
        return ForecastSnapshot(
            amount=eur(amount), starts_on=Q1.start_on, ends_on=Q1.end_on, at=at(2, 1), owner_id=owner
        )

    everybody, own, nobody = kpis.forecast_results([snapshot(o, 60) for o in (None, "u", "v")], SALES)
    assert (everybody.actual, own.actual, nobody.actual) == (eur(75), eur(75), eur(0))
    assert (own.error, own.absolute_error, own.percentage_error) == (eur(-15), eur(15), Decimal("0.2"))
    assert nobody.percentage_error is None
    assert own.days_before_end == 59
    team = kpis.forecast_results([snapshot("north", 1)], SALES, owner_of=lambda _: "north")
    assert team[0].actual == eur(75)


def test_where_nothing_came_in_the_percentage_is_left_out_and_counted():
    rows = [
        kpis.ForecastResult(starts_on=Q1.start_on, ends_on=Q1.end_on, forecast=eur(forecast), actual=eur(actual))
        for forecast, actual in ((90, 100), (50, 0))
    ]
    assert float(kpis.forecast_mape(rows)) == 0.1
    assert "missing_values: 1 of 2" in kpis.forecast_mape(rows).warnings
    assert float(kpis.forecast_wape(rows)) == 0.6
    assert kpis.forecast_mape(rows[1:]).value == Undefined("no_amount")
    assert kpis.forecast_accuracy(rows[1:]).value == Undefined("zero_denominator")
    assert float(kpis.forecast_accuracy([evolve(rows[0], forecast=eur(300))])) == -1.0  # never clamped


# --- Stages


def test_a_stay_tells_where_it_led():
    day = [at(1, n) for n in range(1, 9)]
    moves = [
        move("o", "qualification", day[0], seq=0),
        move("o", "proposal", day[1], source="qualification", seq=1),
        move("o", "qualification", day[3], source="proposal", seq=2, regresses=True),
        move("o", "negotiation", day[4], source="qualification", seq=3),
        move("o", "lost", day[7], source="negotiation", seq=4),
        move("p", "proposal", day[0]),
    ]
    rows = kpis.stage_visits(moves, stages.OPPORTUNITY)
    assert [(row.subject_id, row.stage, row.has_advanced, row.won) for row in rows] == [
        ("o", "qualification", True, False),
        ("o", "proposal", False, False),
        ("o", "qualification", True, False),
        ("o", "negotiation", False, False),
        ("p", "proposal", None, None),
    ]
    assert [row.stay_time and row.stay_time.days for row in rows] == [1, 2, 1, 3, None]
    won = [move("o", "negotiation", day[0]), move("o", "won", day[1], source="negotiation")]
    [row] = kpis.stage_visits(won, stages.OPPORTUNITY)
    assert (row.has_advanced, row.won) == (True, True)
    assert kpis.stage_visits([], stages.OPPORTUNITY) == []


# --- Activity of subjects


def test_everybody_on_the_list_has_a_row_also_who_did_nothing():
    uses = [
        Usage(account_id="a", at=at(1, 5, 9), feature="reports", count=2),
        Usage(account_id="a", at=at(1, 5, 23)),
        Usage(account_id="a", on=date(2026, 1, 6)),
        Usage(account_id="a", on=date(2025, 12, 31), count=7),
        Usage(account_id="a", on=date(2025, 9, 30), count=99),
        Usage(account_id="stranger", on=date(2026, 1, 6)),
    ]
    rows = kpis.subject_activity(uses, Q1, subject="account", among=["a", "b", "a"], features=["reports"])
    assert [(row.subject_id, row.feature, row.active_day_count, row.event_count) for row in rows] == [
        ("a", None, 2, 4),
        ("b", None, 0, 0),
        ("a", "reports", 1, 2),
        ("b", "reports", 0, 0),
    ]
    assert [row.previous_event_count for row in rows] == [7, 0, 0, 0]
    [row] = kpis.subject_activity(uses, Q1, subject="account", among=["a"], as_of=at(1, 6))
    assert (row.active_day_count, row.day_count) == (1, 5)
    [row] = kpis.subject_activity(uses, Q1, subject="account", among=["a"], as_of=at(1, 5, 12))
    assert (row.event_count, row.day_count) == (2, 5)
    [row] = kpis.subject_activity(uses, Q2, subject="account", among=["a"], as_of=at(1, 6))
    assert row.day_count == 0


def test_a_day_is_that_of_the_zone_of_the_period():
    late = [Usage(account_id="a", at=at(1, 5, hour)) for hour in (22, 23)]
    [row] = kpis.subject_activity(late, Period.quarter(2026, 1, tz="Europe/Berlin"), subject="account", among=["a"])
    assert row.active_day_count == 2


def test_facts_without_a_date_are_named_all_at_once():
    facts = [Usage(account_id="a"), Usage(account_id="a", at=END), Usage(account_id="a")]
    with pytest.raises(InvalidValueError) as error:
        kpis.subject_activity(facts, Q1, subject="account", among=["a"])
    assert [fault.field for fault in error.value.faults] == ["facts[0].at", "facts[2].at"]


# --- New customers


def test_the_first_of_each_milestone_and_of_the_deals_counts():
    def milestone(name, **when):
        return Milestone(name=name, account_id="a", **when)

    rows = kpis.customer_starts(
        [
            milestone("go_live", at=at(2, 9)),
            milestone("go_live", at=at(2, 1)),
            milestone("go_live", on=date(2026, 2, 5)),
            milestone("first_value", on=date(2026, 3, 5)),
            milestone("first_value", on=date(2026, 3, 1)),
            milestone("birthday", on=date(2026, 1, 1)),
        ],
        [
            Deal(id="1", account_id="a", closed_on=date(2026, 1, 9)),
            Deal(id="2", account_id="a", closed_at=at(1, 5)),
            Deal(id="3", account_id="b", closed_at=at(1, 5)),
            Deal(id="4", closed_at=at(1, 5)),
            Deal(id="5", account_id="c"),
        ],
        names={"completed": "go_live"},
    )
    [first, second] = rows
    assert (first.completed_at, first.first_value_at) == (at(2, 1), date(2026, 3, 1))
    assert (first.signed_at, second.account_id) == (at(1, 5), "b")
    with pytest.raises(InvalidValueError, match=r"milestones\[0\].at"):
        kpis.customer_starts([milestone("go_live")])


def test_a_rate_within_days_is_censored_until_the_days_are_over():
    start = kpis.CustomerStart(account_id="a", started_at=at(1, 5), completed_at=at(1, 20))
    rate = kpis.onboarding_completion_rate_within(30)
    assert rate([start], as_of=at(2, 3)).value == Undefined("censored")
    assert rate([start], as_of=at(2, 4)).value == 1
    assert rate([evolve(start, completed_at=at(2, 5))], as_of=at(2, 9)).value == 0


# --- Growth


def test_a_period_that_still_runs_is_not_held_against_a_whole_one_unless_asked():
    deals = [{"outcome": "won", "closed_on": date(2026, 5, 1)}]
    assert kpis.beside_previous(kpis.deals_won, deals, Q2, as_of=at(5, 9)) == []
    [row] = kpis.beside_previous(kpis.deals_won, deals, Q2, as_of=at(5, 9), allow_partial=True)
    assert (row.before, row.after, row.starts_on) == (0, 1, Q2.start_on)
    assert kpis.bookings_growth_rate([]).value == Undefined("zero_denominator")


def test_what_was_undefined_before_is_missing_and_shares_become_decimals():
    deals = [{"outcome": outcome, "closed_on": MAY} for outcome in ("won", "won", "lost")]
    [row] = kpis.beside_previous(kpis.win_rate, deals, Q2)
    assert (row.before, row.after) == (None, Decimal("0.666666666667"))
    thirds = [{"outcome": "won", "amount": eur(amount), "closed_on": MAY} for amount in (1, 1, 2)]
    [row] = kpis.beside_previous(kpis.average_deal_size, thirds, Q2)
    assert row.after == eur("1.333333333333")
    exact = [{"outcome": "won", "amount": eur(2), "closed_on": MAY}]
    assert kpis.beside_previous(kpis.average_deal_size, exact, Q2)[0].after == eur(2)


# --- Attribution

MODELS = ("first_touch", "last_touch", "linear", "position_based")
CHANNELS = ("webinar", "email", "search", None)


@given(
    st.integers(-10_000, 1_000_000).map(lambda cents: Money(Decimal(cents).scaleb(-2), "EUR")),
    st.lists(st.tuples(st.integers(1, 59), st.sampled_from(CHANNELS)), max_size=8),
    st.sampled_from(MODELS),
)
def test_credits_sum_exactly_to_the_amount_whatever_the_model(amount, path, model):
    deal = Opportunity(id="o", lead_id="l", amount=amount, outcome="won", closed_at=at(2, 20))
    touches = [
        Touch(subject="Lead", subject_id="l", channel=channel, at=at(1, 1) + timedelta(days=day))
        for day, channel in path
    ]
    found = kpis.attribute([deal], touches, model)
    assert Money.total((credit.amount for credit in found), "EUR") == amount
    assert all(credit.touched_at is None or credit.touched_at <= deal.closed_at for credit in found)


def credits_of(model, count):
    touches = [Touch(subject="Lead", subject_id="l", channel=str(n), at=at(1, 1 + n)) for n in range(count)]
    found = kpis.attribute([Opportunity(id="o", lead_id="l", amount=eur(100))], touches, model)
    return [(credit.channel, credit.amount.amount) for credit in found]


def test_each_model_shares_as_its_name_says():
    assert credits_of("first_touch", 3) == [("0", 100)]
    assert credits_of("last_touch", 3) == [("2", 100)]
    assert credits_of("linear", 4) == [("0", 25), ("1", 25), ("2", 25), ("3", 25)]
    assert credits_of("position_based", 4) == [("0", 40), ("1", 10), ("2", 10), ("3", 40)]
    assert credits_of("position_based", 2) == [("0", 50), ("1", 50)]
    assert credits_of("position_based", 1) == [("0", 100)]
    assert credits_of("linear", 0) == [("unattributed", 100)]
    with pytest.raises(InvalidValueError, match="must be one of first_touch"):
        kpis.attribute([], [], "time_travel")


def test_a_touch_finds_its_opportunity_by_id_lead_or_account_and_counts_once():
    deal = Opportunity(
        id="o", lead_id="l", account_id="a", amount=eur(90), created_on=date(2026, 1, 10), closed_on=date(2026, 1, 20)
    )
    by_all = Touch(subject="Lead", subject_id="l", account_id="a", opportunity_id="o", channel="all", at=at(1, 5))
    by_account = Touch(subject="Account", subject_id="a", at=at(1, 20, 23))
    by_id = Touch(subject="Contact", subject_id="c", opportunity_id="o", channel="id", at=at(1, 12))
    late = Touch(subject="Lead", subject_id="l", channel="late", at=at(1, 21))
    found = kpis.attribute([deal, Opportunity(id="p")], [by_account, late, by_id, by_all])
    assert [(credit.channel, credit.sourced) for credit in found] == [("all", True), ("id", False), ("unknown", False)]


# --- On the sample company


def test_builders_agree_with_the_records_of_the_sample_company():
    company = sample_company(200)
    facts = [*company.changes, *(move for move in company.moves if move.pipeline == stages.OPPORTUNITY.name)]
    for quarter in Period.year(2025).quarters():
        rows = kpis.opportunities_in_period(company.opportunities, facts, quarter, as_of=company.as_of)
        won = kpis.measure(rows, [kpis.forecast_commit], over=quarter).measurement(kpis.forecast_commit)
        bookings = kpis.bookings(company.opportunities, period=quarter)
        assert won.value == bookings.value
        created = kpis.opportunities_created(company.opportunities, period=quarter).value
        assert sum(row.is_created for row in rows) == created
    for model in MODELS:
        shares = kpis.attribute(company.opportunities, company.touches, model)
        assert kpis.attributed_bookings(shares).value == kpis.bookings(company.opportunities).value
