from __future__ import annotations

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from revops_core import calendars, sla
from tests.sla.second_by_second import SECOND, Walk, second, tick_of, ticks

SHIFTS = calendars.BusinessCalendar("Mo-Su 00:00-00:01,00:02-00:03,00:04-00:06,00:07-00:09", tz="UTC")
NIGHT = calendars.BusinessCalendar("Mo-Su 00:01-00:02,00:03-00:08", tz="UTC")
LAST = 250

spans = st.integers(1, 60).map(lambda seconds: seconds * SECOND)
# Half of them on a grid, so that facts and due instants often meet.
moments = st.integers(0, LAST) | st.integers(0, LAST // 10).map(lambda tens: 10 * tens)
calendars_drawn = st.sampled_from([SHIFTS, NIGHT, calendars.ALWAYS_OPEN])


@st.composite
def targets(draw, name, when):
    return sla.SlaTarget(
        name,
        (4 * draw(st.integers(1, 15)) if draw(st.booleans()) else 20) * SECOND,  # quarters of it are whole ticks
        when=when,
        calendar=draw(st.none() | calendars_drawn),
        reopen=draw(st.sampled_from(["continue", "total", "new_cycle"])),
        retarget=draw(st.sampled_from(["carry", "restart"])),
        due_next_open=draw(st.booleans()),
        after=draw(st.none() | st.just("responded")) if name == "next_response" else None,
    )


@st.composite
def triggers(draw, *, reported=True):
    kind = draw(st.sampled_from(["at_percent", "before_due", "after_breach", *(["on"] if reported else [])]))
    value = {
        "at_percent": st.integers(1, 6).map(lambda quarters: 25 * quarters),
        "before_due": st.integers(1, 9).map(lambda seconds: seconds * SECOND),
        "after_breach": st.integers(0, 30).map(lambda seconds: seconds * SECOND),
        "on": st.sampled_from(["cannot_resolve", "needs_help"]),
    }[kind]
    rule = {kind: draw(value), "clock": draw(st.sampled_from(["working", "working", "wall"]))}
    if draw(st.booleans()):
        rule |= {"repeat_every": draw(spans), "max_repeats": draw(st.integers(1, 3))}
    return rule


@st.composite
def policies(draw):
    high, low = {"priority": "high"}, {"priority": "low"}
    promises = [
        draw(targets("resolution", high)),
        draw(targets("resolution", low)),
        draw(targets("response", draw(st.sampled_from([high, low, {}])))),
        draw(targets("next_response", {})),
        draw(targets("update", low)),
    ]
    long_enough = [t for t in promises if t.within >= 9 * SECOND]
    tiers = [sla.EscalationTier(n, "a", "b", **draw(triggers())) for n in range(1, draw(st.integers(1, 4)))]
    tiers = [t for t in tiers if t.before_due is None or long_enough]
    reminders = [sla.Reminder(to="a", **draw(triggers(reported=False)))]
    reminders = [r for r in reminders if r.before_due is None or long_enough]
    return sla.SlaPolicy("p", targets=promises, escalation=tiers, reminders=reminders, calendar=draw(calendars_drawn))


KINDS = (
    "started paused resumed stopped reopened cancelled responded customer_replied updated acknowledged "
    "assigned reprioritised cannot_resolve needs_help"
).split()


@st.composite
def facts(draw):
    kind = draw(st.sampled_from(KINDS))
    extra = {}
    if kind == "reprioritised":
        extra["fields"] = {"priority": draw(st.sampled_from(["high", "low", "none"]))}
    if kind == "assigned":
        extra["owner"] = draw(st.sampled_from(["ana", "bo"]))
    if kind == "acknowledged":
        extra["tier"] = draw(st.none() | st.integers(1, 3))
    if draw(st.integers(0, 9)) == 0:
        extra["target"] = draw(st.sampled_from(["resolution", "response"]))
    return sla.ClockEvent(kind, second(draw(moments)), seq=draw(st.none() | st.integers(0, 3)), **extra)


def agree(policy, events, as_of, priority="high"):
    clock = policy.clock("t", events, priority=priority)
    reading = clock.read(second(as_of))
    for name in dict.fromkeys(target.name for target in policy.targets):
        walk = Walk(policy, name, list(events), as_of, priority=priority)
        cycles = [cycle for cycle in reading.cycles if cycle.target == name and cycle.cycle is not None]
        assert [tick_of(cycle.started_at) for cycle in cycles] == [turn.opened for turn in walk.turns]
        for cycle, turn in zip(cycles, walk.turns, strict=True):
            assert ticks(cycle.elapsed) == turn.elapsed
            assert ticks(cycle.wall_elapsed) == turn.wall
            assert cycle.breached_at == (None if turn.breached is None else second(turn.breached))
            assert (cycle.stopped_at or cycle.cancelled_at) == (None if turn.ended is None else second(turn.ended))
            expected = {"stopped": {"met", "met_late"}, "cancelled": {"cancelled"}}
            expected |= {"running": {"running", "at_risk", "breached"}, "paused": {"paused", "breached"}}
            assert cycle.status in expected[turn.phase]
            assert (cycle.status in {"met_late", "breached"}) == (
                turn.breached is not None
            ) or turn.phase == "cancelled"
            sent = sorted((n.id.split("/")[3], n.number, tick_of(n.at)) for n in (*cycle.escalations, *cycle.reminders))
            fired = sorted(
                (key, number, at)
                for key, firings in turn.fired.items()
                for at, number, _ in firings
                if key not in turn.skipped
            )
            assert sent == fired
            assert sorted((n.id.split("/")[3], tick_of(n.at)) for n in cycle.skipped) == sorted(turn.skipped.items())
            assert sum((segment.elapsed for segment in cycle.segments), timedelta(0)) == cycle.elapsed
            running = [tick for tick, phase in turn.phases if phase == "running"]
            assert [
                tick
                for segment in cycle.segments
                if segment.status == "running"
                for tick in range(tick_of(segment.start), tick_of(segment.end))
            ] == running


@given(policies(), st.lists(facts(), max_size=14), st.integers(0, LAST))
def test_every_reading_is_what_walking_from_tick_to_tick_counts(policy, events, as_of):
    start = sla.ClockEvent("started", second(0))
    agree(policy, [start, *events], as_of)
    agree(policy, events, as_of, priority="none")


class ClockMachine(RuleBasedStateMachine):
    """Facts come in any order; after each the clock reads as the walk does, and as one made of all facts at once."""

    def __init__(self):
        super().__init__()
        self.policy = None
        self.events = []

    @rule(policy=policies())
    def another_policy(self, policy):
        self.policy = policy
        self.clock = policy.clock("t", self.events, priority="high")

    @rule(fact=facts())
    def a_fact_comes(self, fact):
        self.events.append(fact)
        if self.policy:
            self.clock = self.clock.with_events([fact])

    @rule(as_of=st.integers(0, LAST))
    def somebody_looks(self, as_of):
        if self.policy:
            agree(self.policy, self.events, as_of)

    @invariant()
    def one_by_one_is_all_at_once(self):
        if self.policy:
            assert self.clock == self.policy.clock("t", reversed(self.events), priority="high")
            assert self.clock.read(second(LAST)) == self.policy.clock("t", self.events, priority="high").read(
                second(LAST)
            )


TestClockMachine = ClockMachine.TestCase
TestClockMachine.settings = settings(max_examples=40, stateful_step_count=25)
