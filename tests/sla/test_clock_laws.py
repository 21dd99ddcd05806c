from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import attrs
from hypothesis import assume, given
from hypothesis import strategies as st

from revops_core import calendars, sla
from revops_core.values.plain import from_plain, to_plain
from tests.sla.second_by_second import second, tick_of
from tests.sla.test_clock_against_reference import LAST, facts, policies

NEW_YORK = calendars.BusinessCalendar("Mo-Fr 09:00-17:00", tz="America/New_York")
EARLY, LATE = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
logs = st.lists(facts(), max_size=12).map(lambda found: [sla.ClockEvent("started", second(0)), *found])
ticks = st.integers(0, LAST)
instants = st.datetimes(EARLY.replace(tzinfo=None), LATE.replace(tzinfo=None), timezones=st.just(UTC))
spans = st.timedeltas(timedelta(microseconds=1), timedelta(days=20))


def ids(reading):
    return {notice.id: notice.at for notice in (*reading.escalations, *reading.reminders)}


@given(policies(), logs, ticks, st.randoms())
def test_any_order_of_arrival_gives_the_same_reading(policy, log, as_of, random):
    shuffled = [*log, *log]  # twice, as a queue that delivers again does
    random.shuffle(shuffled)
    assert policy.clock("t", shuffled).read(second(as_of)) == policy.clock("t", log).read(second(as_of))


@given(policies(), logs, ticks, ticks)
def test_reading_late_tells_what_reading_in_time_told(policy, log, one, other):
    soon, late = sorted((one, other))
    clock = policy.clock("t", log, priority="high")
    known = [fact for fact in log if tick_of(fact.at) <= soon]
    assert policy.clock("t", known, priority="high").read(second(soon)).cycles == clock.read(second(soon)).cycles
    told_soon, told_late = ids(clock.read(second(soon))), ids(clock.read(second(late)))
    assert {key: at for key, at in told_late.items() if at < second(soon)} == {
        key: at for key, at in told_soon.items() if at < second(soon)
    }


@given(policies(), logs, ticks)
def test_nothing_changes_by_itself_before_it_says_to_look_again(policy, log, as_of):
    clock = policy.clock("t", log, priority="high")
    reading = clock.read(second(as_of))
    end = second(LAST + 200) if reading.look_again_at is None else reading.look_again_at - timedelta(microseconds=1)
    assume(end >= second(as_of))
    later = clock.read(end)
    assert [cycle.status for cycle in later.cycles] == [cycle.status for cycle in reading.cycles]
    assert [cycle.due_at for cycle in later.cycles] == [cycle.due_at for cycle in reading.cycles]
    assert ids(later) == ids(reading)


@given(policies(), logs, ticks)
def test_something_changes_at_the_instant_it_says_to_look_again(policy, log, as_of):
    known = [fact for fact in log if tick_of(fact.at) <= as_of]  # no fact lies ahead
    clock = policy.clock("t", known, priority="high")
    reading = clock.read(second(as_of))
    assume(reading.look_again_at is not None)
    later = clock.read(reading.look_again_at)
    statuses = [[cycle.status for cycle in found.cycles] for found in (reading, later)]
    assert ids(later) != ids(reading) or statuses[0] != statuses[1]


@given(policies(), logs, ticks)
def test_segments_follow_each_other_and_explain_every_microsecond(policy, log, as_of):
    for cycle in policy.clock("t", log, priority="high").read(second(as_of)).cycles:
        for earlier, later in zip(cycle.segments, cycle.segments[1:], strict=False):
            assert earlier.end <= later.start
        assert sum((segment.elapsed for segment in cycle.segments), timedelta(0)) == cycle.elapsed
        if cycle.within is not None:
            assert cycle.elapsed + cycle.remaining == cycle.within


@given(policies(), logs, ticks, ticks, st.sampled_from([None, "assigned", "pause"]))
def test_splitting_a_running_stretch_changes_nothing(policy, log, split, as_of, how):
    assume(all(tick_of(fact.at) != split and fact.kind not in {"paused", "resumed"} for fact in log))
    extra = [sla.ClockEvent("assigned", second(split), owner="zoe")]
    if how == "pause":
        extra = [sla.ClockEvent("paused", second(split), seq=0), sla.ClockEvent("resumed", second(split), seq=1)]
    whole = policy.clock("t", log, priority="high").read(second(as_of))
    cut = policy.clock("t", [*log, *extra], priority="high").read(second(as_of))

    def told(reading):
        return [(c.cycle, c.status, c.elapsed, c.due_at, c.breached_at, c.stopped_at) for c in reading.cycles]

    assert told(cut) == told(whole)
    assert ids(cut) == ids(whole)


@given(instants, spans, spans, st.data())
def test_a_pause_in_closed_time_changes_no_elapsed(start, within, later, data):
    policy = sla.SlaPolicy("p", targets=[sla.SlaTarget("resolution", within)], calendar=NEW_YORK)
    closing = NEW_YORK.next_close(start)
    opening = NEW_YORK.next_open(closing)
    pause = data.draw(st.timedeltas(timedelta(0), opening - closing))
    resume = data.draw(st.timedeltas(pause, opening - closing))
    facts_of = [sla.ClockEvent("started", start)]
    held = [*facts_of, sla.ClockEvent("paused", closing + pause), sla.ClockEvent("resumed", closing + resume, seq=None)]
    as_of = start + later
    assume(pause < resume)
    free, paused = (policy.clock("t", found).read(as_of)["resolution"] for found in (facts_of, held))
    assert free.elapsed == paused.elapsed
    stands_still = closing + pause <= as_of < closing + resume
    if NEW_YORK.working_time(start, closing) != within and not stands_still:
        assert (free.due_at, free.breached_at) == (paused.due_at, paused.breached_at)


@given(instants, spans)
def test_due_is_the_start_plus_the_time_allowed(start, within):
    policy = sla.SlaPolicy("p", targets=[sla.SlaTarget("resolution", within)], calendar=NEW_YORK)
    reading = policy.clock("t", [sla.ClockEvent("started", start)]).read(start)["resolution"]
    assert reading.due_at == NEW_YORK.add(start, within)
    assert NEW_YORK.working_time(start, reading.due_at) == within
    assert reading.due_if_resumed_at(start) == reading.due_at


@given(policies(), logs, ticks)
def test_ids_stay_when_late_facts_change_other_things(policy, log, as_of):
    told = ids(policy.clock("t", log, priority="high").read(second(as_of)))
    late = [sla.ClockEvent("assigned", second(tick), owner="zoe") for tick in range(0, LAST, 17)]
    again = ids(policy.clock("t", [*log, *late], priority="high").read(second(as_of)))
    assert again == told
    assert len(set(told)) == len(told)


@given(policies(), logs, ticks)
def test_read_many_agrees_with_read(policy, log, as_of):
    clocks = [policy.clock("a", log, priority="high"), policy.clock("b", log), policy.clock("c")]
    rows = sla.read_many(clocks, second(as_of))
    expected = []
    for clock in clocks:
        reading = clock.read(second(as_of))
        for target in reading.targets:
            remaining = None if target.cycle is None else target.remaining
            found = (clock.id, target.target, target.status, target.due_at, target.breached_at)
            expected.append((*found, target.elapsed, remaining))
        looks = [row.look_again_at for row in rows if row.clock_id == clock.id and row.look_again_at]
        if reading.targets:
            assert min(looks, default=None) == reading.look_again_at
    assert [
        (row.clock_id, row.target, row.status, row.due_at, row.breached_at, row.elapsed, row.remaining) for row in rows
    ] == expected


@given(policies(), logs, ticks)
def test_facts_and_policies_survive_json(policy, log, as_of):
    again = [from_plain(sla.ClockEvent, json.loads(json.dumps(to_plain(fact)))) for fact in log]
    assert again == log
    loaded = from_plain(sla.SlaPolicy, json.loads(json.dumps(to_plain(policy))))
    assert (loaded, loaded.fingerprint) == (policy, policy.fingerprint)
    assert loaded.clock("t", again).read(second(as_of)) == policy.clock("t", log).read(second(as_of))


@given(policies(), logs, ticks)
def test_a_zone_by_another_name_changes_nothing(policy, log, as_of):
    def renamed(calendar):
        return None if calendar is None else attrs.evolve(calendar, tz="Etc/UTC")

    there = attrs.evolve(
        policy,
        calendar=renamed(policy.calendar),
        targets=[attrs.evolve(target, calendar=renamed(target.calendar)) for target in policy.targets],
    )

    def told(found):
        reading = found.clock("t", log, priority="high").read(second(as_of))
        return [(c.target, c.status, c.elapsed, c.due_at, c.look_again_at) for c in reading.cycles], ids(reading)

    assert told(there) == told(policy)


@given(policies(), logs, ticks)
def test_the_check_reads_any_log_and_repairs_nothing(policy, log, as_of):
    clock = policy.clock("t", log, priority="high")
    before = clock.read(second(as_of))
    sla.check([clock, clock], as_of=second(as_of))
    sla.timeline(clock, second(as_of))
    sla.outcome_table(sla.outcomes([clock], second(as_of)), by=["target", "request.priority"])
    assert clock.read(second(as_of)) == before
