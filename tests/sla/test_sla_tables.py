from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revops_core import calendars, sla
from revops_core.errors import CalendarHorizonError, InvalidValueError
from revops_core.values.interval import Interval
from revops_core.values.period import Period

H = timedelta(hours=1)
NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
JUNE = Period.month(2026, 6, tz="UTC")
FIRST = datetime(2026, 6, 1, tzinfo=UTC)
THREE_NINES = Decimal("0.999")


def fact(kind, hours, **extra):
    return sla.ClockEvent(kind, NINE + hours * H, **extra)


# --- Rows of a log ---


def row(state, hours, **extra):
    return {"id": "t1", "state": state, "at": NINE + hours * H, **extra}


def test_states_become_facts_and_what_means_the_same_changes_nothing():
    log = [row(s, n) for n, s in enumerate(["new", "open", "waiting", "asked", "open", "done", "closed", "open"])]
    facts = sla.facts_from_rows(reversed(log), pauses=["waiting", "asked"], stops=["done", "closed"])["t1"]
    assert [(fact.kind, (fact.at - NINE) / H) for fact in facts] == [
        ("started", 0),
        ("paused", 2),
        ("resumed", 4),
        ("stopped", 5),
        ("reopened", 7),
    ]


def test_a_log_that_begins_paused_or_goes_from_a_stop_to_a_pause_says_both():
    log = [row("waiting", 0), row("done", 1), row("waiting", 2), row("void", 3), row("open", 4)]
    facts = sla.facts_from_rows(log, pauses=["waiting"], stops=["done"], cancels=["void"])["t1"]
    assert [fact.kind for fact in facts] == "started paused stopped reopened paused cancelled reopened".split()


def test_rows_of_one_instant_stay_in_their_order_or_follow_seq():
    log = [row("open", 0, n=0), row("done", 1, n=2), row("open", 1, n=1)]
    by_order = sla.facts_from_rows(log, stops=["done"])["t1"]
    by_seq = sla.facts_from_rows(log, stops=["done"], columns={"seq": "n"})["t1"]
    assert [fact.kind for fact in by_order] == ["started", "stopped", "reopened"]
    assert [fact.kind for fact in by_seq] == ["started", "stopped"]
    assert [fact.seq for fact in by_order] == sorted(fact.seq for fact in by_order)


def test_fields_and_owners_that_change_are_facts():
    log = [row("open", n, p=p, who=who) for n, (p, who) in enumerate([("low", ""), ("low", "ana"), ("high", "ana")])]
    facts = sla.facts_from_rows(log, columns={"owner": "who"}, fields=["p"])["t1"]
    assert [(fact.kind, dict(fact.fields), fact.owner) for fact in facts] == [
        ("started", {"p": "low"}, None),
        ("assigned", {}, "ana"),
        ("reprioritised", {"p": "high"}, None),
    ]


@pytest.mark.parametrize(
    ("log", "extra", "match"),
    [
        ([row("open", 0)], {"stops": "done"}, "several states"),
        ([row("open", 0)], {"stops": ["x"], "pauses": ["x"]}, "must not name a state of 'pauses'"),
        ([row("open", 0)], {"columns": {"when": "at"}}, r"columns\[when\]"),
        ([row("open", 0), {"id": "t2"}], {}, r"rows\[2\]"),
        ([row("open", 0, at=datetime(2026, 3, 2))], {}, r"rows\[1\]"),
        ([row("open", 0, n="x")], {"columns": {"seq": "n"}}, r"rows\[1\]"),
        ([row("open", 0)], {"fields": ["priority"]}, r"rows\[1\]"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(log, extra, match):
    with pytest.raises(InvalidValueError, match=match):
        sla.facts_from_rows(log, **extra)


# --- Outcomes ---

POLICY = sla.SlaPolicy(
    "p",
    provider="support",
    customer="sales",
    targets=[sla.SlaTarget("resolution", 8 * H), sla.SlaTarget("response", H, provider="desk", when={"vip": True})],
)
CLOCKS = [
    POLICY.clock("met", [fact("started", 0), fact("stopped", 4)], priority="high"),
    POLICY.clock("late", [fact("started", 0), fact("stopped", 10)], priority="low"),
    POLICY.clock("open", [fact("started", 0)], priority="low", vip=True),
    POLICY.clock("fresh", [fact("started", 11)], priority="low"),
    POLICY.clock("gone", [fact("started", 0), fact("cancelled", 1)], priority="high"),
    POLICY.clock("idle", [], priority="high"),
]
ROWS = sla.outcomes(CLOCKS, NINE + 12 * H)


def test_an_outcome_is_kept_missed_or_undecided():
    assert [(row.clock_id, row.target, row.result, row.kept, row.status) for row in ROWS] == [
        ("met", "resolution", "met", True, "met"),
        ("late", "resolution", "breached", False, "met_late"),
        ("open", "resolution", "breached", False, "breached"),
        ("open", "response", "breached", False, "breached"),
        ("fresh", "resolution", "running", None, "running"),
        ("gone", "resolution", "cancelled", None, "cancelled"),
    ]
    assert [row.decided_at for row in ROWS] == [NINE + 4 * H, NINE + 8 * H, NINE + 8 * H, NINE + H, None, None]
    assert [(row.provider, row.customer) for row in ROWS[2:4]] == [("support", "sales"), ("desk", "sales")]
    assert ROWS[5].stopped_at is None


def test_a_table_counts_by_any_field_and_path():
    table = sla.outcome_table(ROWS, by=["request.priority", "target"]).rows()
    assert [tuple(row.values())[:7] for row in table] == [
        ("high", "resolution", 2, 1, 0, 0, 1),
        ("low", "resolution", 3, 0, 2, 1, 0),
        ("low", "response", 1, 0, 1, 0, 0),
    ]
    assert (table[0]["elapsed_median"], table[1]["elapsed_p90"], table[2]["elapsed_p95"]) == (4 * H, 10 * H, None)
    assert [row["causes"] for row in table] == ["", "started 2", "started 1"]


def test_an_outcome_names_the_policy_that_promised_it_and_its_kind_of_agreement():
    later = sla.SlaPolicy("p", version="2", targets=[sla.SlaTarget("resolution", H)], agreement="external")
    change = fact("policy_changed", 5, policy="p@2")
    ended = POLICY.clock("a", [fact("started", 0), fact("stopped", 4), change], versions=[later])
    open_one = POLICY.clock("b", [fact("started", 0), change], versions=[later])
    rows = sla.outcomes([ended, open_one], NINE + 12 * H)
    assert [(row.policy, row.agreement, row.kept) for row in rows] == [
        ("p@1", "internal", True),
        ("p@2", "external", False),
    ]
    assert [row["agreement"] for row in sla.outcome_table(rows, by=["agreement"]).rows()] == ["external", "internal"]


def test_a_table_over_periods_puts_each_row_where_it_was_decided():
    days = [Period.day(date(2026, 3, day), tz="UTC") for day in (1, 2)]
    table = sla.outcome_table(ROWS, by=["target"], over=days).rows()
    assert [(row["period"], row["target"], row["promises"]) for row in table] == [
        ("2026-03-02", "resolution", 3),
        ("2026-03-02", "response", 1),
    ]
    started = sla.outcome_table(ROWS, by=["target"], over=days, dated="started_at").rows()
    assert sum(row["promises"] for row in started) == 6


# --- Checks and timelines ---


def test_the_check_tells_every_contradiction():
    log = [
        fact("started", 0),
        fact("started", 1),
        fact("stoped", 2),
        fact("paused", 3, id="x"),
        fact("resumed", 3, id="x"),
        fact("updated", 4, target="delivery"),
        fact("acknowledged", 5, tier=9),
    ]
    codes = Counter(
        problem.code for problem in sla.check([POLICY.clock("t", log), POLICY.clock("t")], as_of=NINE + 4 * H)
    )
    assert codes == {
        "duplicate_fact_id": 1,
        "no_effect": 2,  # the second start; the resume, as the pause with its id is not read
        "unknown_kind": 2,
        "unknown_target": 1,
        "unknown_tier": 1,
        "ambiguous_order": 1,
        "future_dated": 1,
        "duplicate_clock": 1,
    }


def test_the_check_tells_a_log_that_never_starts_and_a_request_without_a_promise():
    assert [problem.code for problem in sla.check([POLICY.clock("t", [fact("stopped", 0)])])] == [
        "not_started",
        "no_effect",
    ]
    never = sla.SlaPolicy("p", targets=[sla.SlaTarget("resolution", H, when={"a": 1})])
    assert [problem.code for problem in sla.check([never.clock("t", [fact("started", 0)])])] == ["no_target"]


def test_one_clock_that_its_calendar_does_not_reach_ends_no_table_and_is_told():
    placeholder = sla.ClockEvent("started", datetime(1970, 1, 1, tzinfo=UTC))
    clocks = [POLICY.clock("old", [placeholder], vip=True), CLOCKS[0]]
    rows = sla.read_many(clocks, NINE + 12 * H)
    told = [("old", "resolution", "unreadable"), ("old", "response", "unreadable"), ("met", "resolution", "met")]
    assert [(row.clock_id, row.target, row.status) for row in rows] == told
    assert (rows[0].elapsed, rows[0].problem.code, rows[2].problem) == (None, "outside_calendar", None)
    assert [(problem.code, problem.subject_id) for problem in sla.check(clocks)] == [("outside_calendar", "old")]
    with pytest.raises(CalendarHorizonError) as caught:
        sla.outcomes(clocks, NINE + 12 * H)
    assert "'old'" in caught.value.__notes__[0]


def test_the_check_looks_from_as_of_where_that_is_later_than_every_fact():
    clock = POLICY.clock("t", [fact("started", 0)])
    assert sla.check([clock]) == []
    assert [problem.code for problem in sla.check([clock], as_of=NINE.replace(year=2060))] == ["outside_calendar"]


def test_a_timeline_tells_the_whole_story():
    policy = sla.SlaPolicy(
        "p",
        targets=[
            sla.SlaTarget("resolution", 8 * H, when={"priority": "low"}),
            sla.SlaTarget("resolution", 2 * H, when={"priority": "high"}),
        ],
        escalation=[sla.EscalationTier(1, "a", "b", at_percent=50), sla.EscalationTier(2, "b", "c", after_breach=H)],
        reminders=[sla.Reminder(to="a", at_percent=25)],
    )
    facts = [
        fact("started", 0, owner="ana"),
        fact("reprioritised", 3, fields={"priority": "high"}),
        fact("started", 4),
        fact("stopped", 50),
    ]
    told = "resolution within 2 h 00 min: breached, elapsed 5 h 00 min, due 2026-03-02 12:00:00, "
    told += "missed at 2026-03-02 12:00:00"
    assert sla.timeline(policy.clock("t", facts, priority="low"), NINE + 5 * H).splitlines() == [
        "t under p@1, as of 2026-03-02 14:00:00",
        "facts",
        "  2026-03-02 09:00:00  started  owner=ana",
        "  2026-03-02 12:00:00  reprioritised  priority=high",
        "  2026-03-02 13:00:00  started  (no effect)",
        told,
        "  2026-03-02 09:00:00  running  3 h 00 min  started (ana)",
        "  2026-03-02 12:00:00  running  2 h 00 min  reprioritised (ana)",
        "  2026-03-02 11:00:00  reminder to a at 25 percent",
        "  2026-03-02 12:00:00  tier 1 to b at 50 percent, skipped",
        "  2026-03-02 13:00:00  tier 2 to c PT3600S after breach",
    ]
    days = sla.SlaPolicy("p", targets=[sla.SlaTarget("resolution", sla.BusinessDays(2))])
    assert sla.timeline(days.clock("t"), NINE).splitlines()[-1] == "resolution within its days: idle, elapsed 0 s"


def test_a_timeline_tells_apart_the_two_hours_that_a_clock_shows_alike_in_autumn():
    start = datetime(2026, 10, 25, 0, tzinfo=UTC)
    facts = [sla.ClockEvent(kind, start + n * H) for n, kind in enumerate(["started", "paused"])]
    told = sla.timeline(POLICY.clock("t", facts), (start + 2 * H).astimezone(ZoneInfo("Europe/Berlin"))).splitlines()
    assert told[2:4] == ["  2026-10-25 02:00:00+02:00  started", "  2026-10-25 02:00:00  paused"]


# --- Availability ---


def outage(start, end):
    return (FIRST + start * H, FIRST + end * H)


def test_a_month_of_three_nines_allows_43_minutes_and_12_seconds():
    result = sla.availability([], JUNE, objective=THREE_NINES)
    assert result.error_budget == timedelta(seconds=2592), "the SRE workbook's 99.9 % of 30 days"
    assert (result.uptime_share, result.burn_rate, result.kept) == (1, 0, True)


def test_overlapping_incidents_count_once_and_maintenance_not_at_all():
    incidents = [outage(1, 3), Interval(*outage(2, 4)), outage(10, 11), outage(-5, 0.5)]
    result = sla.availability(incidents, JUNE, objective=THREE_NINES, maintenance=[outage(3, 5)])
    assert result.downtime == 3.5 * H
    assert result.service_time == 718 * H
    assert result.uptime_share == 1 - Fraction(35, 7180)
    assert result.burn_rate == Fraction(35, 7180) * 1000
    assert (result.kept, result.budget_left < timedelta(0)) == (False, True)


def test_only_service_hours_count():
    office = calendars.BusinessCalendar("Mo-Fr 09:00-17:00", tz="UTC")
    result = sla.availability([outage(0, 10), outage(5 * 24, 7 * 24)], JUNE, objective=Decimal("0.9"), calendar=office)
    assert (result.service_time, result.downtime) == (22 * 8 * H, H)


def test_a_month_looked_at_on_the_way_counts_what_has_passed_and_an_open_incident_up_to_then():
    as_of = FIRST + 240 * H
    ahead = (FIRST + 300 * H, None)
    result = sla.availability([(FIRST + 239 * H, None), ahead], JUNE, objective=THREE_NINES, as_of=as_of)
    assert (result.service_time, result.downtime, result.whole_service_time) == (240 * H, H, 720 * H)
    assert result.error_budget == timedelta(seconds=2592)
    before = sla.availability([], JUNE, objective=THREE_NINES, as_of=FIRST - H)
    assert (before.uptime_share, before.burn_rate, before.kept) == (None, None, None)
    assert sla.availability([], JUNE, objective=Decimal(1)).burn_rate is None


def test_faults_of_incidents_come_together():
    with pytest.raises(InvalidValueError) as caught:
        sla.availability([(FIRST, None), outage(3, 1), (FIRST, 5)], JUNE, objective=THREE_NINES)
    assert [fault.field for fault in caught.value.faults] == ["incidents[0]", "incidents[1]", "incidents[2]"]
    with pytest.raises(InvalidValueError) as caught:
        sla.availability([], "june", objective=Decimal(2), calendar="24/7")
    assert [fault.field for fault in caught.value.faults] == ["window", "objective", "calendar"]


minutes = st.integers(0, 600)


@given(st.lists(st.tuples(minutes, minutes)), st.lists(st.tuples(minutes, minutes), max_size=3))
def test_downtime_is_what_counting_minutes_gives(incidents, maintenance):
    def spans(pairs):
        return [(FIRST + min(p) * H / 60, FIRST + max(p) * H / 60) for p in pairs]

    office = calendars.BusinessCalendar("Mo-Su 01:00-03:00,05:30-09:00", tz="UTC")
    window = Interval(FIRST, FIRST + 10 * H)
    result = sla.availability(
        spans(incidents), window, objective=THREE_NINES, calendar=office, maintenance=spans(maintenance)
    )
    down = served = 0
    for minute in range(600):
        away = any(min(p) <= minute < max(p) for p in maintenance)
        if office.is_open(FIRST + minute * H / 60) and not away:
            served += 1
            down += any(min(p) <= minute < max(p) for p in incidents)
    assert (result.downtime, result.service_time) == (down * H / 60, served * H / 60)
