"""One test, or several, for each row of the table of decided cases; the number of the row stands in each name."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import attrs
import pytest

from revops_core import calendars, sla
from revops_core.errors import CalendarHorizonError, InvalidValueError

BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = calendars.BusinessCalendar("Mo-Fr 09:00-17:00", tz="Europe/Berlin")
H = timedelta(hours=1)
MIN = timedelta(minutes=1)
NONE = timedelta(0)


def at(day, hour=0, minute=0, second=0, *, month=3):
    """An instant of spring 2026 in Berlin; Monday is the 2nd of March."""
    return datetime(2026, month, day, hour, minute, second, tzinfo=BERLIN)


def fact(kind, when, **extra):
    return sla.ClockEvent(kind, when, **extra)


def policy(*targets, calendar=OFFICE, **extra):
    return sla.SlaPolicy("support", targets=targets or [sla.SlaTarget("resolution", 8 * H)], calendar=calendar, **extra)


def read(the_policy, facts, as_of, target="resolution", **request):
    return the_policy.clock("t", facts, **request).read(as_of)[target]


def fired(reading):
    return [(notice.tier, notice.number, notice.at) for notice in reading.escalations]


def test_row_1_time_used_up_exactly_at_closing_is_due_at_the_close_or_on_request_at_the_next_opening():
    started = [fact("started", at(6, 9))]
    assert read(policy(), started, at(6, 10)).due_at == at(6, 17)
    rolls = policy(sla.SlaTarget("resolution", 8 * H, due_next_open=True))
    assert read(rolls, started, at(6, 10)).due_at == at(9, 9)
    evening = [*started, fact("stopped", at(6, 20))]
    assert read(policy(), evening, at(10)).status == "met_late"
    assert read(rolls, evening, at(10)).status == "met"


def test_row_2_an_opening_counts_and_a_closing_does_not():
    assert read(policy(), [fact("started", at(2, 16, 59, 59))], at(2, 17)).elapsed == timedelta(seconds=1)
    assert read(policy(), [fact("started", at(2, 17))], at(3, 9)).elapsed == NONE
    assert read(policy(), [fact("started", at(2, 17))], at(3, 9, 0, 1)).elapsed == timedelta(seconds=1)


def test_row_3_time_is_what_passes_between_instants_also_when_the_clocks_change():
    around = calendars.BusinessCalendar("Mo-Su 00:00-24:00", tz="Europe/Berlin")
    one_day = policy(sla.SlaTarget("resolution", 24 * H), calendar=around)
    spring = read(one_day, [fact("started", at(29))], at(30))
    assert (spring.elapsed, spring.due_at) == (23 * H, at(30, 1))
    autumn = read(one_day, [fact("started", at(25, month=10))], at(26, month=10))
    assert (autumn.elapsed, autumn.status) == (25 * H, "breached")


def test_row_4_open_time_and_elapsed_agree_in_the_hour_that_comes_twice():
    night = calendars.BusinessCalendar("Mo-Su 02:00-03:00", tz="Europe/Berlin")
    second_two = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    reading = read(policy(calendar=night), [fact("started", second_two)], second_two + timedelta(seconds=1))
    assert (reading.elapsed == timedelta(seconds=1)) == night.is_open(second_two)


def test_row_5_a_start_in_closed_hours_costs_nothing_until_the_opening():
    reading = read(policy(), [fact("started", at(2, 3))], at(2, 9))
    assert (reading.elapsed, reading.due_at, reading.status) == (NONE, at(2, 17), "running")


def test_row_6_nothing_left_is_due_where_one_stands():
    facts = [fact("started", at(2, 9)), fact("paused", at(2, 17)), fact("resumed", at(3, 7))]
    assert read(policy(), facts, at(3, 7)).due_at == at(3, 7)


def test_row_7_what_is_overdrawn_is_negative():
    assert read(policy(), [fact("started", at(2, 9))], at(3, 11)).remaining == -2 * H


def test_row_8_a_warning_before_it_is_due_counts_back_in_working_time():
    warned = policy(escalation=[sla.EscalationTier(1, "a", "b", before_due=8 * H)])
    reading = read(warned, [fact("started", at(2, 8))], at(2, 9))
    assert fired(reading) == [(1, 1, at(2, 8))]
    earlier = policy(
        sla.SlaTarget("resolution", 10 * H), escalation=[sla.EscalationTier(1, "a", "b", before_due=2 * H)]
    )
    assert fired(read(earlier, [fact("started", at(2, 9))], at(3, 9))) == [(1, 1, at(2, 17))]


def test_row_9_an_override_replaces_the_whole_date_and_wins_over_a_holiday():
    calendar = calendars.BusinessCalendar(
        "Mo-Fr 09:00-17:00",
        tz="Europe/Berlin",
        holidays=[date(2026, 3, 3)],
        overrides={date(2026, 3, 3): "10:00-11:00"},
    )
    assert read(policy(calendar=calendar), [fact("started", at(3, 9))], at(3, 18)).elapsed == H


def test_row_10_a_holiday_cuts_the_tail_of_the_night_shift_before():
    nights = calendars.BusinessCalendar("Mo-Su 22:00-06:00", tz="Europe/Berlin", holidays=[date(2026, 3, 4)])
    assert read(policy(calendar=nights), [fact("started", at(3, 12))], at(4, 12)).elapsed == 2 * H


def test_row_11_overlapping_hours_count_once():
    calendar = calendars.BusinessCalendar("Mo-Fr 09:00-14:00,12:00-17:00", tz="Europe/Berlin")
    assert read(policy(calendar=calendar), [fact("started", at(2, 9))], at(3)).elapsed == 8 * H


def test_row_12_a_calendar_that_never_opens_is_refused_and_a_due_date_past_its_years_is_a_named_error():
    with pytest.raises(InvalidValueError, match="must be open"):
        calendars.BusinessCalendar("Mo-Fr off", tz="UTC")
    short = calendars.BusinessCalendar("Mo 09:00-10:00", tz="UTC", first_year=2026, last_year=2026)
    with pytest.raises(CalendarHorizonError):
        read(policy(sla.SlaTarget("resolution", 100 * H), calendar=short), [fact("started", at(2))], at(2))


def test_row_13_only_the_open_part_of_a_pause_moves_the_due_instant():
    facts = [fact("started", at(2, 9)), fact("paused", at(2, 16)), fact("resumed", at(3, 10))]
    reading = read(policy(), facts, at(3, 10))
    assert (reading.elapsed, reading.due_at) == (7 * H, at(3, 11))
    outside = [fact("started", at(2, 9)), fact("paused", at(2, 17)), fact("resumed", at(3, 8))]
    assert read(policy(sla.SlaTarget("resolution", 9 * H)), outside, at(3, 8)).due_at == at(3, 10)


def test_row_14_while_paused_there_is_no_due_instant_but_what_is_left_and_what_it_would_be():
    reading = read(policy(), [fact("started", at(2, 9)), fact("paused", at(2, 12))], at(5))
    assert (reading.status, reading.due_at, reading.remaining) == ("paused", None, 5 * H)
    assert reading.due_if_resumed_at(at(6, 9)) == at(6, 14)
    assert reading.look_again_at is None
    overdue = read(policy(), [fact("started", at(2, 9)), fact("paused", at(3, 12))], at(5))
    assert overdue.due_if_resumed_at(at(6, 9)) == at(6, 9)
    assert read(policy(), [], at(5)).due_if_resumed_at(at(6)) is None
    assert read(policy(), [fact("started", at(2)), fact("stopped", at(3))], at(5)).due_if_resumed_at(at(6)) is None


def test_row_15_the_due_instant_itself_is_in_time():
    facts = [fact("started", at(2, 9))]
    assert read(policy(), facts, at(2, 17)).status == "at_risk"
    just_after = read(policy(), facts, at(2, 17) + timedelta(microseconds=1))
    assert (just_after.status, just_after.breached_at) == ("breached", at(2, 17))
    assert read(policy(), [*facts, fact("stopped", at(2, 17))], at(9)).status == "met"
    assert read(policy(), [*facts, fact("paused", at(2, 17))], at(9)).breached_at is None
    late = [*facts, fact("stopped", at(2, 17) + timedelta(microseconds=1))]
    assert read(policy(), late, at(9)).status == "met_late"


def test_row_16_a_miss_is_a_fact_of_the_log_whenever_one_looks_and_stays_in_its_cycle():
    facts = [fact("started", at(2, 9)), fact("stopped", at(4, 9))]
    readings = [read(policy(), facts, at(day, 10)) for day in (3, 4, 5, 30)]
    assert {reading.breached_at for reading in readings} == {at(2, 17)}
    assert [reading.status for reading in readings] == ["breached", "met_late", "met_late", "met_late"]
    easier = policy(
        sla.SlaTarget("resolution", 8 * H, when={"priority": "high"}),
        sla.SlaTarget("resolution", 80 * H, when={"priority": "low"}),
    )
    moved = [fact("started", at(2, 9)), fact("reprioritised", at(3, 12), fields={"priority": "low"})]
    reading = read(easier, moved, at(3, 13), priority="high")
    assert (reading.breached_at, reading.status, reading.remaining) == (at(2, 17), "breached", 68 * H)


@pytest.mark.parametrize(("reopen", "elapsed", "cycles"), [("continue", 4, 1), ("total", 18, 1), ("new_cycle", 1, 2)])
def test_row_17_a_reopening_continues_or_counts_all_or_starts_anew(reopen, elapsed, cycles):
    promise = policy(sla.SlaTarget("resolution", 8 * H, reopen=reopen))
    facts = [fact("started", at(2, 9)), fact("stopped", at(2, 12)), fact("reopened", at(4, 10))]
    reading = promise.clock("t", facts).read(at(4, 11))
    assert (reading["resolution"].elapsed, len(reading.cycles)) == (elapsed * H, cycles)
    assert reading.cycles[0].status == {"continue": "running", "total": "breached", "new_cycle": "met"}[reopen]
    assert reading["resolution"].due_at == {"continue": at(4, 15), "total": at(4, 10), "new_cycle": at(5, 10)}[reopen]


def test_row_17_what_a_counted_closed_time_used_up_is_missed_at_the_reopening():
    promise = policy(sla.SlaTarget("resolution", 8 * H, reopen="total"))
    facts = [fact("started", at(2, 9)), fact("stopped", at(2, 12)), fact("reopened", at(4, 10))]
    reading = read(promise, facts, at(4, 11))
    assert (reading.breached_at, reading.breach_cause.kind) == (at(4, 10), "reopened")
    assert [segment.status for segment in reading.segments] == ["running", "counted", "running"]


def test_row_18_a_second_start_changes_nothing_and_is_recorded():
    facts = [fact("started", at(2, 9)), fact("started", at(2, 12))]
    clock = policy().clock("t", facts)
    reading = clock.read(at(2, 13))
    assert (reading["resolution"].elapsed, reading.ignored) == (4 * H, (facts[1],))
    assert [problem.code for problem in sla.check([clock])] == ["no_effect"]
    assert "started  (no effect)" in sla.timeline(clock, at(2, 13))


def test_row_19_facts_of_one_instant_act_by_seq_and_by_kind_only_without_it():
    together = [fact("started", at(2, 9)), fact("paused", at(2, 10)), fact("resumed", at(2, 10))]
    assert read(policy(), together, at(2, 12)).status == "paused"
    stop_last = [*together, fact("stopped", at(2, 10)), fact("reopened", at(2, 10))]
    assert read(policy(), stop_last, at(2, 12)).status == "met"
    by_seq = [
        fact("started", at(2, 9)),
        fact("stopped", at(2, 10), seq=1),
        fact("paused", at(2, 10), seq=0),
        fact("reopened", at(2, 10), seq=2),
    ]
    assert read(policy(), by_seq, at(2, 12)).status == "running"


PRIORITIES = (
    sla.SlaTarget("resolution", 8 * H, when={"priority": "low"}),
    sla.SlaTarget("resolution", 4 * H, when={"priority": "high"}),
)


def restarting(target):
    return attrs.evolve(target, retarget="restart")


def test_row_20_a_new_priority_carries_elapsed_and_pauses_or_restarts():
    facts = [
        fact("started", at(2, 9)),
        fact("paused", at(2, 10)),
        fact("resumed", at(2, 11)),
        fact("reprioritised", at(2, 12), fields={"priority": "high"}, id="raise"),
    ]
    carried = read(policy(*PRIORITIES), facts, at(2, 13), priority="low")
    assert (carried.elapsed, carried.within, carried.due_at) == (3 * H, 4 * H, at(2, 14))
    restarted = policy(*map(restarting, PRIORITIES)).clock("t", facts, priority="low").read(at(2, 13))
    assert [cycle.status for cycle in restarted.cycles] == ["cancelled", "running"]
    assert (restarted["resolution"].elapsed, restarted["resolution"].cycle) == (H, "raise")
    retroactive = read(policy(*PRIORITIES), facts, at(2, 13), priority="high")
    assert retroactive.due_at == at(2, 14)


def test_row_21_what_a_promise_that_takes_over_would_have_fired_before_is_skipped_and_recorded():
    guarded = policy(
        *PRIORITIES,
        escalation=[
            sla.EscalationTier(1, "a", "b", at_percent=50),
            sla.EscalationTier(2, "b", "c", after_breach=NONE),
            sla.EscalationTier(3, "c", "d", after_breach=H),
            sla.EscalationTier(4, "c", "d", at_percent=100, clock="wall"),
        ],
    )
    facts = [fact("started", at(2, 9)), fact("reprioritised", at(2, 15), fields={"priority": "high"})]
    reading = read(guarded, facts, at(3, 9), priority="low")
    assert fired(reading) == [(1, 1, at(2, 13)), (3, 1, at(2, 16))], "tier 1 fired under the old promise"
    assert [(notice.tier, notice.at) for notice in reading.skipped] == [(4, at(2, 15)), (2, at(2, 15))]
    assert reading.breached_at == at(2, 15), "a promise cannot be broken before it was made"
    assert reading.breach_cause.kind == "reprioritised"


def test_row_22_a_clock_pins_its_policy_until_a_fact_changes_it_and_reads_back_under_any_other():
    old = policy()
    new = sla.SlaPolicy("support", version="2", targets=[sla.SlaTarget("resolution", 4 * H)], calendar=OFFICE)
    facts = [fact("started", at(2, 9)), fact("policy_changed", at(2, 11), policy=new.key)]
    clock = old.clock("t", facts, versions=[new])
    before, after = clock.read(at(2, 10)), clock.read(at(2, 12))
    assert (before.policy, before["resolution"].due_at) == ("support@1", at(2, 17))
    assert (after.policy, after["resolution"].due_at) == ("support@2", at(2, 13))
    assert (before.policy_fingerprint, after.policy_fingerprint) == (old.fingerprint, new.fingerprint)
    assert clock.read(at(2, 10)) == before, "reading on changed nothing"
    assert read(new, facts[:1], at(2, 10)).due_at == at(2, 13)
    with pytest.raises(InvalidValueError, match=r"support@1.*pass it in `versions`"):
        old.clock("t", facts)


def test_row_23_a_percentage_fires_at_its_part_rounded_up_never_earlier():
    odd = sla.SlaTarget("resolution", timedelta(microseconds=1001))
    tier = sla.EscalationTier(1, "a", "b", at_percent=99)
    guarded = policy(odd, calendar=calendars.ALWAYS_OPEN, escalation=[tier])
    start = datetime(2026, 3, 2, tzinfo=UTC)
    assert fired(read(guarded, [fact("started", start)], start + timedelta(microseconds=990))) == []
    at_991 = start + timedelta(microseconds=991)
    assert fired(read(guarded, [fact("started", start)], at_991)) == [(1, 1, at_991)]


def test_row_24_business_days_are_open_dates_and_not_24_hours():
    three_days = policy(sla.SlaTarget("resolution", sla.BusinessDays(3)))
    reading = read(three_days, [fact("started", at(5, 16))], at(5, 16))
    assert (reading.due_at, reading.within) == (at(10, 17), 25 * H)
    same_time = policy(sla.SlaTarget("resolution", sla.BusinessDays(3, "same_time")))
    assert read(same_time, [fact("started", at(5, 16))], at(5, 16)).due_at == at(10, 16)
    paused = [fact("started", at(5, 16)), fact("paused", at(6, 9)), fact("resumed", at(6, 11))]
    assert read(three_days, paused, at(6, 12)).due_at == at(11, 11), "the budget is a duration from the start on"
    assert read(three_days, [], at(6)).within is None
    night = [fact("started", at(8, 3))]
    next_day = policy(sla.SlaTarget("resolution", sla.BusinessDays(1, "same_time")))
    assert read(next_day, night, at(8, 4)).due_at == at(9, 17), "nothing is open before 3 on Monday"
    wall_day = policy(sla.SlaTarget("resolution", 24 * H, calendar=calendars.ALWAYS_OPEN))
    assert read(wall_day, [fact("started", at(6, 16))], at(6, 16)).due_at == at(7, 16)


def test_row_25_an_escalation_waits_in_working_time_unless_it_asks_for_wall_time():
    guarded = policy(
        escalation=[
            sla.EscalationTier(1, "a", "b", after_breach=2 * H),
            sla.EscalationTier(2, "a", "b", after_breach=2 * H, clock="wall"),
        ]
    )
    assert fired(read(guarded, [fact("started", at(2, 9))], at(4))) == [(2, 1, at(2, 19)), (1, 1, at(3, 11))]


def test_row_25_a_wall_trigger_that_falls_in_a_pause_fires_at_the_resume():
    guarded = policy(escalation=[sla.EscalationTier(1, "a", "b", at_percent=50, clock="wall")])
    facts = [fact("started", at(2, 9)), fact("paused", at(2, 12)), fact("resumed", at(2, 15))]
    assert fired(read(guarded, facts[:2], at(2, 14))) == []
    assert fired(read(guarded, facts, at(2, 16))) == [(1, 1, at(2, 15))]


REPEATING = sla.EscalationTier(1, "a", "b", after_breach=NONE, repeat_every=H, max_repeats=3, clock="wall")


def test_row_26_repeats_are_bounded_and_end_with_a_stop_or_an_acknowledgement():
    guarded = policy(escalation=[REPEATING])
    facts = [fact("started", at(2, 9))]
    assert fired(read(guarded, facts, at(9))) == [(1, n, at(2, 16 + n)) for n in (1, 2, 3, 4)]
    assert len(fired(read(guarded, [*facts, fact("stopped", at(2, 18, 30))], at(9)))) == 2
    for tier in (None, 1):
        acknowledged = [*facts, fact("acknowledged", at(2, 18, 30), tier=tier)]
        assert len(fired(read(guarded, acknowledged, at(9)))) == 2
    assert len(fired(read(guarded, [*facts, fact("acknowledged", at(2, 18, 30), tier=2)], at(9)))) == 4
    with pytest.raises(InvalidValueError, match="repeats are bounded"):
        sla.EscalationTier(1, "a", "b", after_breach=NONE, repeat_every=H)


def test_row_27_nothing_warns_after_a_stop_nor_in_working_time_while_paused():
    guarded = policy(
        escalation=[sla.EscalationTier(1, "a", "b", after_breach=NONE)], reminders=[sla.Reminder(to="a", at_percent=50)]
    )
    stopped = read(guarded, [fact("started", at(2, 9)), fact("stopped", at(2, 10))], at(9))
    paused = read(guarded, [fact("started", at(2, 9)), fact("paused", at(2, 10))], at(9))
    assert stopped.escalations == stopped.reminders == paused.escalations == paused.reminders == ()
    at_due = read(guarded, [fact("started", at(2, 9)), fact("stopped", at(2, 17))], at(9))
    assert at_due.escalations == ()
    at_half = read(guarded, [fact("started", at(2, 9)), fact("stopped", at(2, 13))], at(9))
    assert at_half.reminders == (), "facts of an instant act before its triggers"


CONVERSATION = policy(
    sla.SlaTarget("response", H), sla.SlaTarget("next_response", 2 * H, after="responded"), calendar=OFFICE
)


def test_row_28_the_oldest_unanswered_message_counts():
    facts = [
        fact("started", at(2, 9)),
        fact("responded", at(2, 9, 30)),
        fact("customer_replied", at(2, 10), id="first"),
        fact("customer_replied", at(2, 11)),
    ]
    waiting = read(CONVERSATION, facts, at(2, 11, 30), "next_response")
    assert (waiting.cycle, waiting.due_at) == ("first", at(2, 12))
    answered = [*facts, fact("responded", at(2, 11, 45)), fact("customer_replied", at(2, 14), id="third")]
    reading = CONVERSATION.clock("t", answered).read(at(2, 15))
    assert [(c.cycle, c.status) for c in reading.cycles if c.target == "next_response"] == [
        ("first", "met"),
        ("third", "running"),
    ]


def test_row_29_a_next_response_waits_for_the_first():
    facts = [fact("started", at(2, 9)), fact("customer_replied", at(2, 10))]
    assert read(CONVERSATION, facts, at(2, 12), "next_response").status == "idle"
    assert read(CONVERSATION, facts, at(2, 12), "response").status == "breached"


def test_row_30_elapsed_is_told_in_working_time_and_in_wall_time():
    reading = read(policy(), [fact("started", at(2, 9)), fact("stopped", at(3, 10))], at(5))
    assert (reading.elapsed, reading.wall_elapsed) == (9 * H, 25 * H)


def test_row_31_microseconds_count_and_naive_instants_are_refused():
    pause = [fact("paused", at(2, 10)), fact("resumed", at(2, 10) + timedelta(microseconds=1))]
    reading = read(policy(), [fact("started", at(2, 9)), *pause], at(2, 11))
    assert reading.elapsed == 2 * H - timedelta(microseconds=1)
    with pytest.raises(InvalidValueError, match="aware"):
        sla.ClockEvent("started", datetime(2026, 3, 2))
    with pytest.raises(InvalidValueError, match="aware"):
        policy().clock("t").read(datetime(2026, 3, 2))


def test_row_32_due_follows_the_wall_rules_of_the_zone_not_a_stored_offset():
    facts = [fact("started", at(27, 12).astimezone(UTC))]
    assert read(policy(), facts, at(27, 13)).due_at == at(30, 12), "noon, though the clocks changed between"
    linked = calendars.BusinessCalendar("Mo-Fr 09:00-17:00", tz="Arctic/Longyearbyen")
    assert read(policy(calendar=linked), facts, at(27, 13)).due_at == at(30, 12)
