from __future__ import annotations

import copy
import pickle
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from attrs import evolve

from revops_core import calendars, sla
from revops_core.errors import InvalidValueError, UnknownTargetError
from revops_core.values.instants import to_microseconds
from revops_core.values.known_by import known_by

H = timedelta(hours=1)
NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)


def fact(kind, hours, **extra):
    return sla.ClockEvent(kind, NINE + hours * H, **extra)


TIER = sla.EscalationTier(1, "a", "b", after_breach=timedelta(0))
POLICY = sla.SlaPolicy("p", targets=[sla.SlaTarget("resolution", 8 * H)])


def test_a_ticket_created_already_paused_burns_nothing():
    for order in (["started", "paused"], ["paused", "started"]):
        reading = POLICY.clock("t", [fact(kind, 0) for kind in order]).read(NINE + 9 * H)["resolution"]
        assert (reading.status, reading.elapsed) == ("paused", timedelta(0))
    held = POLICY.clock("t", [fact("paused", -1), fact("started", 0)]).read(NINE + H)["resolution"]
    assert held.status == "paused"


def test_a_stop_in_a_pause_keeps_the_pause():
    facts = [fact("started", 0), fact("paused", 1), fact("stopped", 100)]
    reading = POLICY.clock("t", facts).read(NINE + 200 * H)["resolution"]
    assert (reading.status, reading.elapsed, reading.due_at) == ("met", H, None)
    late = [fact("started", 0), fact("paused", 9), fact("stopped", 100)]
    missed = POLICY.clock("t", late).read(NINE + 200 * H)["resolution"]
    assert (missed.status, missed.due_at) == ("met_late", NINE + 8 * H)


def test_the_milestones_are_targets_of_their_own():
    policy = sla.SlaPolicy("p", targets=[sla.SlaTarget(name, H) for name in ("acknowledge", "response", "resolution")])
    facts = [fact("started", 0), fact("acknowledged", 0.25), fact("responded", 0.5), fact("stopped", 2)]
    statuses = [target.status for target in policy.clock("t", facts).read(NINE + 5 * H).targets]
    assert statuses == ["met", "met", "met_late"]
    answered = policy.clock("t", [fact("started", 0), fact("responded", 0.5)]).read(NINE + 5 * H)
    assert answered["acknowledge"].status == "met", "an answer acknowledges too"


def test_a_periodic_update_starts_anew_with_every_update_and_ends_with_the_request():
    policy = sla.SlaPolicy("p", targets=[sla.SlaTarget("update", 2 * H)])
    facts = [fact("started", 0), fact("updated", 1), fact("updated", 4), fact("stopped", 5), fact("updated", 6)]
    cycles = policy.clock("t", facts).read(NINE + 9 * H).cycles
    assert [cycle.status for cycle in cycles] == ["met", "met_late", "met"]


def test_which_facts_start_and_stop_a_custom_target_is_data():
    delivery = sla.SlaTarget("delivery", H, facts={"started": "ignore", "ordered": "start", "delivered": "stop"})
    policy = sla.SlaPolicy("p", targets=[delivery])
    clock = policy.clock("t", [fact("started", 0), fact("ordered", 1), fact("delivered", 1.5)])
    assert clock.read(NINE + 9 * H)["delivery"].status == "met"


def test_a_fact_about_one_target_leaves_the_others_alone():
    policy = sla.SlaPolicy("p", targets=[sla.SlaTarget("response", H), sla.SlaTarget("resolution", H)])
    clock = policy.clock("t", [fact("started", 0), fact("stopped", 0.5, target="response")])
    assert [target.status for target in clock.read(NINE + 2 * H).targets] == ["met", "breached"]


def test_a_cancelled_promise_has_no_due_and_no_stop_and_keeps_its_miss():
    facts = [fact("started", 0), fact("cancelled", 9)]
    reading = POLICY.clock("t", facts).read(NINE + 20 * H)["resolution"]
    assert (reading.status, reading.due_at, reading.stopped_at) == ("cancelled", None, None)
    assert (reading.cancelled_at, reading.breached_at) == (NINE + 9 * H, NINE + 8 * H)
    back = POLICY.clock("t", [*facts, fact("reopened", 10)]).read(NINE + 20 * H)["resolution"]
    assert back.status == "breached"


def test_a_promise_that_no_longer_holds_is_withdrawn_and_one_that_comes_to_hold_starts_then():
    policy = sla.SlaPolicy("p", targets=[sla.SlaTarget("resolution", 8 * H, when={"priority": "high"})])
    facts = [fact("started", 0), fact("reprioritised", 2, fields={"priority": "low"})]
    lowered = policy.clock("t", facts, priority="high").read(NINE + 9 * H)
    assert lowered["resolution"].status == "cancelled"
    back = [*facts, fact("reprioritised", 4, fields={"priority": "high"}, id="again")]
    cycles = policy.clock("t", back, priority="high").read(NINE + 9 * H).cycles
    assert [(cycle.status, cycle.elapsed) for cycle in cycles] == [("cancelled", 2 * H), ("running", 5 * H)]
    assert cycles[1].cycle == "again"


def test_a_promise_is_withdrawn_also_where_there_is_nothing_to_cancel():
    policy = sla.SlaPolicy("p", targets=[sla.SlaTarget("resolution", 8 * H, when={"priority": "high"})])
    lowered = fact("reprioritised", 2, fields={"priority": "low"})
    assert policy.clock("t", [lowered], priority="high").read(NINE + 9 * H).cycles == ()
    done = [fact("started", 0), fact("stopped", 1), lowered, fact("reprioritised", 3, fields={"priority": "high"})]
    assert policy.clock("t", done, priority="high").read(NINE + 9 * H)["resolution"].status == "met"


def test_what_the_first_fact_tells_of_a_request_decides_what_holds():
    policy = sla.SlaPolicy("p", targets=[sla.SlaTarget("resolution", 8 * H, when={"priority": "high"})])
    clock = policy.clock("t", [fact("started", 0, fields={"priority": "high"}), fact("noted", 1, fields={"by": "ana"})])
    assert clock.read(NINE + H)["resolution"].elapsed == H
    assert clock.fields_at(NINE) == {"priority": "high"}
    assert clock.fields_at(NINE + H) == {"priority": "high", "by": "ana"}


def test_a_stop_and_a_reopening_at_one_instant_count_nothing_between():
    policy = sla.SlaPolicy("p", targets=[sla.SlaTarget("resolution", 8 * H, reopen="total")])
    facts = [fact("started", 0), fact("stopped", 1, seq=0), fact("reopened", 1, seq=1)]
    reading = policy.clock("t", facts).read(NINE + 2 * H)["resolution"]
    assert [(segment.status, segment.elapsed) for segment in reading.segments] == [("running", H), ("running", H)]


def test_a_tier_that_waits_for_a_report_waits_under_a_new_promise_too():
    stuck = sla.EscalationTier(2, "b", "c", on="cannot_resolve")
    targets = [sla.SlaTarget("resolution", n * H, when={"priority": p}) for n, p in ((8, "low"), (16, "high"))]
    policy = sla.SlaPolicy("p", targets=targets, escalation=[stuck])
    facts = [fact("started", 0), fact("reprioritised", 1, fields={"priority": "high"}), fact("cannot_resolve", 2)]
    assert [n.at for n in policy.clock("t", facts, priority="low").read(NINE + 9 * H).escalations] == [NINE + 2 * H]


def test_a_promise_that_reads_facts_otherwise_makes_of_them_what_it_would_have():
    plain = sla.SlaTarget("resolution", 8 * H, when={"priority": "low"})
    tireless = sla.SlaTarget("resolution", 8 * H, when={"priority": "high"}, facts={"paused": "ignore"})
    answered = sla.SlaTarget("resolution", 8 * H, when={"priority": "chat"}, facts={"responded": "stop"})
    restarted = sla.SlaTarget(
        "resolution", 8 * H, when={"priority": "top"}, facts={"paused": "ignore"}, retarget="restart"
    )
    policy = sla.SlaPolicy("p", targets=[plain, tireless, answered, restarted])
    facts = [fact("started", 0), fact("responded", 1), fact("paused", 2)]

    def cycles(priority):
        log = [*facts, fact("reprioritised", 4, fields={"priority": priority})]
        reading = policy.clock("t", log, priority="low").read(NINE + 5 * H)
        return [(cycle.status, cycle.elapsed) for cycle in reading.cycles]

    assert cycles("high") == [("running", 3 * H)], "the pause is none to the new promise"
    assert cycles("chat") == [("met", 2 * H)], "the answer was the end of it"
    assert cycles("top") == [("cancelled", 2 * H), ("running", H)]


def test_a_promise_that_reads_facts_otherwise_takes_a_running_clock_as_it_is():
    targets = [
        sla.SlaTarget("resolution", 8 * H, when={"priority": "low"}),
        sla.SlaTarget("resolution", 8 * H, when={"priority": "high"}, facts={"paused": "ignore"}),
    ]
    facts = [fact("started", 0), fact("reprioritised", 2, fields={"priority": "high"}), fact("paused", 3)]
    reading = sla.SlaPolicy("p", targets=targets).clock("t", facts, priority="low").read(NINE + 4 * H)["resolution"]
    assert (reading.status, reading.elapsed) == ("running", 4 * H)


def test_a_reopening_after_a_new_promise_runs_under_that_promise():
    low, high = (sla.SlaTarget("resolution", n * H, when={"priority": p}) for n, p in ((8, "low"), (2, "high")))
    policy = sla.SlaPolicy("p", targets=[low, high])
    stopped = [fact("started", 0), fact("stopped", 3), fact("reprioritised", 4, fields={"priority": "high"})]
    reading = policy.clock("t", stopped, priority="low").read(NINE + 5 * H)["resolution"]
    assert (reading.status, reading.within) == ("met", 8 * H), "what has ended keeps its promise"
    back = policy.clock("t", [*stopped, fact("reopened", 6)], priority="low").read(NINE + 7 * H)["resolution"]
    assert (back.within, back.breached_at) == (2 * H, NINE + 6 * H)


def test_repeats_go_on_under_a_new_promise_with_the_numbers_they_had():
    tier = sla.EscalationTier(1, "a", "b", at_percent=25, repeat_every=H, max_repeats=3)
    stuck = sla.EscalationTier(2, "b", "c", on="cannot_resolve", repeat_every=2 * H, max_repeats=1)
    wall = sla.EscalationTier(3, "b", "c", before_due=H, clock="wall")
    targets = [sla.SlaTarget("resolution", n * H, when={"priority": p}) for n, p in ((8, "low"), (16, "high"))]
    policy = sla.SlaPolicy("p", targets=targets, escalation=[tier, stuck, wall])
    facts = [fact("started", 0), fact("cannot_resolve", 1), fact("reprioritised", 2.5, fields={"priority": "high"})]
    reading = policy.clock("t", facts, priority="low").read(NINE + 16 * H)
    assert [(n.tier, n.number, (n.at - NINE) / H) for n in reading.escalations] == [
        (2, 1, 1),
        (1, 1, 2),
        (1, 2, 3),
        (2, 2, 3),
        (1, 3, 4),
        (1, 4, 5),
        (3, 1, 15),
    ]
    acknowledged = policy.clock("t", [*facts, fact("acknowledged", 2.2, tier=1)], priority="low").read(NINE + 9 * H)
    assert [(n.tier, n.number) for n in acknowledged.escalations] == [(2, 1), (1, 1), (2, 2)]


def test_a_report_while_paused_escalates_at_once_and_one_after_the_stop_does_not():
    policy = sla.SlaPolicy(
        "p", targets=[sla.SlaTarget("resolution", 8 * H)], escalation=[sla.EscalationTier(2, "a", "b", on="stuck")]
    )
    facts = [fact("started", 0), fact("paused", 1), fact("stuck", 2)]
    assert [n.at for n in policy.clock("t", facts).read(NINE + 9 * H).escalations] == [NINE + 2 * H]
    same = [fact("started", 0), fact("stuck", 2), fact("stopped", 2)]
    assert policy.clock("t", same).read(NINE + 9 * H).escalations == ()
    early = [fact("stuck", 0), fact("started", 1), fact("stuck", 2), fact("stuck", 3)]
    assert [n.at for n in policy.clock("t", early).read(NINE + 9 * H).escalations] == [NINE + 2 * H]


def test_a_report_at_the_instant_a_promise_comes_to_hold_escalates_whatever_their_order():
    tier = sla.EscalationTier(1, "a", "b", on="stuck")
    policy = sla.SlaPolicy("p", targets=[sla.SlaTarget("resolution", H, when={"vip": True})], escalation=[tier])
    for first, last in ((0, 1), (1, 0)):
        facts = [fact("started", 0), fact("stuck", 1, seq=first), fact("upgraded", 1, seq=last, fields={"vip": True})]
        assert len(policy.clock("t", facts).read(NINE + H).escalations) == 1


def test_wall_triggers_of_a_promise_that_takes_over_count_from_the_start_of_the_cycle():
    tiers = [
        sla.EscalationTier(1, "a", "b", at_percent=50, clock="wall"),
        sla.EscalationTier(2, "a", "b", after_breach=H, clock="wall"),
        sla.EscalationTier(3, "a", "b", before_due=H, clock="wall"),
    ]
    targets = [sla.SlaTarget("resolution", n * H, when={"priority": p}) for n, p in ((2, "low"), (4, "high"))]
    policy = sla.SlaPolicy("p", targets=targets, escalation=tiers)
    late = [fact("started", 0), fact("reprioritised", 2.5, fields={"priority": "high"})]
    reading = policy.clock("t", late, priority="low").read(NINE + 9 * H)
    assert [(n.tier, (n.at - NINE) / H) for n in reading.escalations] == [(1, 1), (3, 1), (2, 3)]
    paused = [fact("started", 0), fact("paused", 0.5), fact("reprioritised", 3, fields={"priority": "high"})]
    held = policy.clock("t", [*paused, fact("resumed", 4)], priority="low").read(NINE + 9 * H)
    assert [(n.tier, (n.at - NINE) / H) for n in held["resolution"].skipped] == [(1, 3)]
    assert [(n.tier, (n.at - NINE) / H) for n in held.escalations] == [(3, 6.5), (2, 8.5)]


def test_a_clock_says_when_a_wall_trigger_or_a_fact_ahead_will_change_it():
    tier = sla.EscalationTier(1, "a", "b", after_breach=H, clock="wall")
    policy = sla.SlaPolicy("p", targets=[sla.SlaTarget("resolution", H)], escalation=[tier])
    facts = [fact("started", 0)]
    assert policy.clock("t", facts).read(NINE + 1.5 * H).look_again_at == NINE + 2 * H
    assert policy.clock("t", facts).read(NINE + 3 * H).look_again_at is None
    snoozed = [*facts, fact("paused", 0.5), fact("resumed", 90)]
    assert policy.clock("t", snoozed).read(NINE + H).look_again_at == NINE + 90 * H
    assert sla.read_many([policy.clock("t", snoozed)], NINE + H)[0].look_again_at == NINE + 90 * H
    assert sla.read_many([policy.clock("t", snoozed[1:])], NINE)[0].look_again_at == NINE + 0.5 * H


def test_ids_name_clock_target_cycle_tier_and_number_whatever_signs_they_hold():
    policy = sla.SlaPolicy(
        "p",
        targets=[sla.SlaTarget("a/b", H, facts={"started": "start", "stopped": "stop"})],
        escalation=[sla.EscalationTier(1, "x", "y", at_percent=50)],
        reminders=[sla.Reminder(to="x", at_percent=50)],
    )
    reading = policy.clock("t/7%", [fact("started", 0, id="e/1")]).read(NINE + H)
    assert [notice.id for notice in reading.escalations] == ["t%2F7%25/a%2Fb/e%2F1/1/1"]
    assert [notice.id for notice in reading.reminders] == ["t%2F7%25/a%2Fb/e%2F1/remind x at 50 percent/1"]


def test_a_fact_without_an_id_is_named_by_clock_kind_instant_seq_and_target():
    one = fact("started", 0)
    assert sla.fact_id("t", one) == sla.fact_id("t", fact("started", 0))
    others = [fact("started", 1), fact("stopped", 0), fact("started", 0, seq=1), fact("started", 0, target="response")]
    assert len({sla.fact_id("t", other) for other in (one, *others)} | {sla.fact_id("u", one)}) == 6
    assert sla.fact_id("t", fact("started", 0, id="e1")) == "e1"


def test_two_facts_with_one_id_are_one_fact():
    facts = [fact("started", 0, id="a"), fact("stopped", 1, id="b"), fact("stopped", 5, id="b")]
    reading = POLICY.clock("t", facts).read(NINE + 9 * H)["resolution"]
    assert reading.stopped_at == NINE + H


def test_a_clock_over_what_was_known_says_what_it_said_then():
    facts = [fact("started", 0), fact("stopped", 4, recorded_at=NINE + 20 * H)]
    then = POLICY.clock("t", known_by(facts, NINE + 10 * H)).read(NINE + 10 * H)["resolution"]
    today = POLICY.clock("t", facts).read(NINE + 10 * H)["resolution"]
    assert (then.status, today.status) == ("breached", "met")
    again = fact("stopped", 4, recorded_at=NINE + 30 * H)
    assert len(POLICY.clock("t", [*facts, again]).events) == 2


def test_segments_carry_who_had_it():
    facts = [fact("assigned", -1, owner="ana"), fact("started", 0), fact("assigned", 2, owner="bo")]
    facts += [fact("assigned", 3, owner="bo"), fact("stopped", 4), fact("assigned", 5, owner="cy")]
    reading = POLICY.clock("t", facts).read(NINE + 9 * H)["resolution"]
    assert [(segment.owner, segment.elapsed) for segment in reading.segments] == [("ana", 2 * H), ("bo", 2 * H)]
    assert reading.owner == "cy"


def test_a_due_instant_after_the_last_known_holiday_carries_a_problem():
    office = calendars.BusinessCalendar("Mo-Fr 09:00-17:00", tz="UTC", holidays_known_until=date(2026, 3, 3))
    policy = sla.SlaPolicy("p", targets=[sla.SlaTarget("resolution", 20 * H)], calendar=office)
    reading = policy.clock("t", [fact("started", 0)]).read(NINE)
    assert [problem.code for problem in reading.problems] == ["holidays_unknown"]
    assert "due after 2026-03-03" in reading.problems[0].says


def test_what_is_no_fact_and_a_target_that_does_not_hold_are_refused():
    with pytest.raises(InvalidValueError, match="events"):
        POLICY.clock("t", ["started"])
    with pytest.raises(InvalidValueError, match="clock_id"):
        POLICY.clock("")
    with pytest.raises(UnknownTargetError, match="did you mean 'resolution'") as caught:
        POLICY.clock("t").read(NINE)["resolutoin"]
    again = pickle.loads(pickle.dumps(caught.value))
    assert (again.target, again.clock_id, again.known) == ("resolutoin", "t", ("resolution",))
    with pytest.raises(UnknownTargetError, match=r"SlaPolicy\.explain"):
        POLICY.clock("t").read(NINE)["delivery"]


def test_a_clock_without_facts_is_idle_and_one_without_promises_is_empty():
    reading = POLICY.clock("t").read(NINE)
    assert [(target.status, target.cycle, target.remaining) for target in reading.targets] == [("idle", None, 8 * H)]
    never = sla.SlaPolicy("p", targets=[sla.SlaTarget("resolution", H, when={"a": 1})])
    assert never.clock("t", [fact("started", 0)]).read(NINE).cycles == ()
    assert sla.read_many([never.clock("t")], NINE) == []


def test_instants_are_written_in_the_zone_asked_in():
    tokyo = ZoneInfo("Asia/Tokyo")
    reading = POLICY.clock("t", [fact("started", 0)]).read(datetime(2026, 3, 2, 20, tzinfo=tokyo))
    assert reading["resolution"].due_at.isoformat() == "2026-03-03T02:00:00+09:00"
    assert {segment.start.tzinfo for segment in reading["resolution"].segments} == {tokyo}


def test_a_policy_change_in_flight_may_bring_a_promise_of_a_new_name():
    more = sla.SlaPolicy("p", version="2", targets=[sla.SlaTarget("resolution", 8 * H), sla.SlaTarget("delivery", H)])
    facts = [fact("started", 0), fact("policy_changed", 1, policy="p@2")]
    clock = POLICY.clock("t", facts, versions=[more])
    assert [target.target for target in clock.read(NINE).targets] == ["resolution"]
    reading = clock.read(NINE + 3 * H)
    assert (reading["delivery"].started_at, reading["delivery"].status) == (NINE + H, "breached")
    assert reading["resolution"].elapsed == 3 * H


def test_a_next_response_that_comes_to_hold_knows_that_the_first_was_given():
    target = sla.SlaTarget("next_response", H, after="responded", when={"plan": "gold"})
    policy = sla.SlaPolicy("p", targets=[target])
    facts = [fact("responded", 0), fact("reprioritised", 1, fields={"plan": "gold"}), fact("customer_replied", 2)]
    assert policy.clock("t", facts).read(NINE + 2.1 * H)["next_response"].status == "running"
    assert policy.clock("t", facts[1:]).read(NINE + 2.1 * H)["next_response"].status == "idle"


def test_at_risk_begins_at_its_part_and_ends_just_after_the_due_instant():
    clock = POLICY.clock("t", [fact("started", 0)])
    just_before = clock.read(NINE + 6 * H - timedelta(microseconds=1))
    assert (just_before["resolution"].status, just_before.look_again_at) == ("running", NINE + 6 * H)
    at_risk = clock.read(NINE + 6 * H)
    assert (at_risk["resolution"].status, at_risk.look_again_at) == (
        "at_risk",
        NINE + 8 * H + timedelta(microseconds=1),
    )


def test_a_tier_at_breach_fires_at_the_next_opening_where_that_is_the_due_instant():
    office = calendars.BusinessCalendar("Mo-Fr 09:00-17:00", tz="UTC")
    target = sla.SlaTarget("resolution", 8 * H, due_next_open=True)
    tier = sla.EscalationTier(1, "a", "b", after_breach=timedelta(0))
    clock = sla.SlaPolicy("p", targets=[target], escalation=[tier], calendar=office).clock("t", [fact("started", 0)])
    assert [notice.at for notice in clock.read(NINE + 48 * H).escalations] == [NINE + 24 * H]


def test_a_tier_that_the_new_promise_reaches_at_its_very_instant_is_skipped():
    targets = [sla.SlaTarget("resolution", n * H, when={"priority": p}) for n, p in ((8, "low"), (4, "high"))]
    tier = sla.EscalationTier(1, "a", "b", at_percent=50)
    policy = sla.SlaPolicy("p", targets=targets, escalation=[tier])
    facts = [fact("started", 0), fact("reprioritised", 2, fields={"priority": "high"})]
    reading = policy.clock("t", facts, priority="low").read(NINE + 3 * H)["resolution"]
    assert (len(reading.skipped), reading.escalations) == (1, ())


def test_a_reopening_ends_the_pause_in_which_the_request_was_stopped():
    policy = sla.SlaPolicy("p", targets=[sla.SlaTarget("resolution", 8 * H, reopen="new_cycle")])
    facts = [fact("started", 0), fact("paused", 1), fact("stopped", 2), fact("reopened", 3)]
    assert policy.clock("t", facts).read(NINE + 4 * H)["resolution"].status == "running"


def test_one_missing_seq_lets_the_kinds_decide_for_its_whole_instant():
    facts = [fact("started", 0), fact("paused", 1, seq=0), fact("resumed", 1, seq=1), fact("noted", 1)]
    assert POLICY.clock("t", facts).read(NINE + 2 * H)["resolution"].status == "paused"
    assert POLICY.clock("t", facts[:3]).read(NINE + 2 * H)["resolution"].status == "running"


def test_of_two_facts_with_one_id_the_first_is_read():
    facts = [fact("started", 0), fact("paused", 1, id="b"), fact("stopped", 2, id="b")]
    assert POLICY.clock("t", facts).read(NINE + 4 * H)["resolution"].status == "paused"


def test_the_two_instants_that_a_clock_shows_alike_in_autumn_are_two_and_one_instant_is_one_in_any_zone():
    berlin = ZoneInfo("Europe/Berlin")
    first = sla.ClockEvent("updated", datetime(2026, 10, 25, 2, 30, tzinfo=berlin))
    second = sla.ClockEvent("updated", datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=berlin))
    in_utc = sla.ClockEvent("updated", first.at.astimezone(UTC))
    assert first != second
    assert (first, hash(first)) == (in_utc, hash(in_utc))
    policy = sla.SlaPolicy("p", targets=[sla.SlaTarget("update", H)])
    start = sla.ClockEvent("started", datetime(2026, 10, 25, tzinfo=berlin))
    assert policy.clock("t", [start, first, in_utc]) == policy.clock("t", [start, first])
    assert policy.clock("t", [start, first]) != policy.clock("t", [start, second])


@pytest.mark.parametrize("again", [lambda clock: pickle.loads(pickle.dumps(clock)), copy.deepcopy])
def test_a_clock_goes_to_another_process_as_what_it_was_made_from(again):
    office = calendars.BusinessCalendar("Mo-Fr 09:00-17:00", tz="Europe/Berlin")
    high = sla.SlaTarget("resolution", 2 * H, when={"priority": "high"})
    new = sla.SlaPolicy("p", version="2", targets=[high], calendar=office, escalation=[TIER])
    facts = [
        fact("started", 0, fields={"priority": "high"}),
        fact("policy_changed", 1, policy="p@2"),
        fact("reprioritised", 2, fields={"priority": "low"}),
        fact("reprioritised", 3, fields={"priority": "high"}),
    ]
    clock = POLICY.clock("t", facts, versions=[new], team="a")
    copied = again(clock)
    assert copied == clock
    assert copied.read(NINE + 9 * H) == clock.read(NINE + 9 * H)
    assert copied.with_events([fact("stopped", 4)]) == clock.with_events([fact("stopped", 4)])


def test_the_ids_of_facts_never_change_from_one_release_to_another():
    one = sla.ClockEvent("started", datetime(2026, 3, 2, 9, tzinfo=UTC))
    assert sla.fact_id("ticket-7", one) == "770309d4040aba42"
    assert sla.fact_id("ticket-7", evolve(one, target="response")) == "848a6ea4dcaae601"
    assert sla.fact_id("ticket-7", evolve(one, seq=3)) == "184f9434722eeed1"


def test_the_next_fact_lies_after_the_instant_from_which_one_looks():
    clock = POLICY.clock("t", [fact("started", 0), fact("stopped", 2)])
    nine, eleven = (to_microseconds(NINE + hours * H) for hours in (0, 2))
    assert [clock.next_fact(at) for at in (nine - 1, nine, eleven - 1, eleven)] == [nine, eleven, eleven, None]


@pytest.mark.parametrize("ending", ["read", "stopped", "paused"])
def test_a_trigger_fires_at_its_instant_and_not_a_microsecond_before(ending):
    policy = sla.SlaPolicy(
        "p", targets=[sla.SlaTarget("resolution", 2 * H)], reminders=[sla.Reminder(to="ana", at_percent=50)]
    )
    for late, fired in ((timedelta(microseconds=-1), 0), (timedelta(0), 1)):
        at = NINE + H + late
        ends = [] if ending == "read" else [sla.ClockEvent(ending, at)]
        reading = policy.clock("t", [sla.ClockEvent("started", NINE), *ends]).read(
            at if ending == "read" else at + 9 * H
        )
        # A stop at the very instant acts before the trigger; so does a pause.
        assert len(reading["resolution"].reminders) == (fired if ending == "read" else 0), late


def test_a_tier_after_the_breach_keeps_its_distance_when_another_promise_takes_over():
    targets = [sla.SlaTarget("resolution", H, when={"priority": "low"}), sla.SlaTarget("resolution", H / 2)]
    tier = sla.EscalationTier(1, "ana", "bo", after_breach=timedelta(minutes=30))
    policy = sla.SlaPolicy("p", targets=targets, escalation=[tier])
    changed = sla.ClockEvent("reprioritised", NINE + timedelta(minutes=70), fields={"priority": "high"})
    clock = policy.clock("t", [sla.ClockEvent("started", NINE), changed], priority="low")
    assert clock.read(NINE + timedelta(minutes=89)).escalations == ()
    [notice] = clock.read(NINE + timedelta(minutes=90)).escalations
    assert notice.at == NINE + timedelta(minutes=90)


def test_a_running_target_that_changes_to_another_calendar_counts_by_it_from_then_on():
    office = calendars.BusinessCalendar("Mo-Fr 09:00-17:00", tz="UTC")
    targets = [
        sla.SlaTarget("resolution", 20 * H, when={"priority": "low"}, calendar=office),
        sla.SlaTarget("resolution", 20 * H),
    ]
    policy = sla.SlaPolicy("p", targets=targets)
    changed = sla.ClockEvent("reprioritised", NINE + 10 * H, fields={"priority": "high"})
    clock = policy.clock("t", [sla.ClockEvent("started", NINE), changed], priority="low")
    reading = clock.read(NINE + 12 * H)["resolution"]
    assert (reading.elapsed, reading.due_at) == (10 * H, NINE + 22 * H)


def test_a_trigger_of_wall_time_fires_in_closed_time_though_no_working_time_has_passed():
    office = calendars.BusinessCalendar("Mo-Fr 09:00-17:00", tz="UTC")
    reminder = sla.Reminder(to="ana", at_percent=50, clock="wall")
    policy = sla.SlaPolicy("p", targets=[sla.SlaTarget("resolution", 2 * H)], reminders=[reminder], calendar=office)
    saturday = NINE + timedelta(days=5)
    clock = policy.clock("t", [sla.ClockEvent("started", saturday)])
    assert clock.read(saturday + H - timedelta(microseconds=1)).reminders == ()
    [notice] = clock.read(saturday + 3 * H).reminders
    assert notice.at == saturday + H


def test_a_pause_of_no_length_leaves_no_segment():
    facts = [fact("started", 0), fact("paused", 1, seq=1), fact("resumed", 1, seq=2), fact("stopped", 2)]
    segments = POLICY.clock("t", facts).read(NINE + 9 * H)["resolution"].segments
    assert [(segment.start, segment.end, segment.status) for segment in segments] == [
        (NINE, NINE + H, "running"), (NINE + H, NINE + 2 * H, "running"),
    ]  # fmt: skip


@pytest.mark.parametrize("kind", ["working", "wall"])
def test_who_acknowledges_one_tier_ends_its_repeats_and_no_other_tier(kind):
    tiers = [
        sla.EscalationTier(1, "ana", "bo", at_percent=25, repeat_every=H, max_repeats=9, clock=kind),
        sla.EscalationTier(2, "bo", "cy", at_percent=75, repeat_every=H, max_repeats=1, clock=kind),
    ]
    policy = sla.SlaPolicy("p", targets=[sla.SlaTarget("resolution", 8 * H)], escalation=tiers)
    facts = [fact("started", 0), fact("acknowledged", 2.5, tier=1)]
    fired = [(each.tier, (each.at - NINE) / H) for each in policy.clock("t", facts).read(NINE + 20 * H).escalations]
    assert fired == [(1, 2), (2, 6), (2, 7)]
