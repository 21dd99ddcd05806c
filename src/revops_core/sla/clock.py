"""Clock: the facts of one request under a policy, and what they say at an instant.

A clock holds no state: everything is computed from the facts, in any order of arrival, whenever it is asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from itertools import groupby
from operator import itemgetter
from typing import Any, cast

from attrs import field, frozen

from revops_core.errors import Fault, InvalidValueError
from revops_core.sla.clock_event import ClockEvent
from revops_core.sla.cycle import CANCELLED, STOPPED, Cycle
from revops_core.sla.reading import Notice, Reading, TargetReading
from revops_core.sla.replay import LoggedFact, Replay
from revops_core.sla.target_plan import PolicyPlan, TargetPlan
from revops_core.values.checks import Id, require
from revops_core.values.fingerprint import fingerprint_of_parts
from revops_core.values.frozen_map import FrozenMap
from revops_core.values.instants import from_microseconds, to_microseconds
from revops_core.values.problem import Problem
from revops_core.values.show import show

__all__ = ["Clock", "fact_id", "standing", "timeline"]

_MICROSECOND = timedelta(microseconds=1)
_NOTHING = timedelta(0)


def fact_id(clock_id: str, fact: ClockEvent) -> str:
    """The id of a fact of a clock: its own, or a fingerprint of clock, kind, instant, `seq` and target.

    >>> from datetime import UTC
    >>> fact_id("ticket-7", ClockEvent("started", datetime(2026, 3, 2, 9, tzinfo=UTC), id="e1"))
    'e1'
    """
    if fact.id is not None:
        return fact.id
    parts = (clock_id, fact.kind, to_microseconds(fact.at), fact.seq)
    return fingerprint_of_parts(*parts) if fact.target is None else fingerprint_of_parts(*parts, fact.target)


@frozen
class Clock:
    """The facts of one request under a policy: a value; `SlaPolicy.clock` makes it.

    Args:
        id: the request.
        events: its facts in the order in which they are read, each once.
        fields: what was known of the request before its first fact.
        plans: the policy it is pinned to, and those that "policy_changed" facts name.
    """

    id: str
    events: tuple[ClockEvent, ...]
    fields: Mapping[str, object]
    plans: tuple[PolicyPlan, ...] = field(repr=False, eq=lambda plans: tuple(plan.fingerprint for plan in plans))
    _first: Mapping[str, TargetPlan] = field(repr=False, eq=False)
    _facts: tuple[LoggedFact, ...] = field(repr=False, eq=False)
    _policies: tuple[tuple[int, PolicyPlan], ...] = field(repr=False, eq=False)

    @classmethod
    def of(
        cls, clock_id: str, events: Iterable[ClockEvent], fields: Mapping[str, object], plans: tuple[PolicyPlan, ...]
    ) -> Clock:
        """The clock of a request under the first of `plans`.

        Raises:
            InvalidValueError: what is no fact, or a fact that names a policy which is not among `plans`.
        """
        events = tuple(events)
        require("clock", clock_id=(clock_id, Id), events=(events, tuple[ClockEvent, ...]))
        ordered = in_order(events, plans)
        by_key = {plan.key: plan for plan in plans}
        plan, policies, facts = plans[0], [], []
        first = plan.match(fields)
        known, seen = fields, set()
        for at, fact in ordered:
            if fact.id is not None:
                if fact.id in seen:
                    continue
                seen.add(fact.id)
            matched = None
            if fact.policy is not None or fact.fields:
                known = {**known, **fact.fields} if fact.fields else known
                if fact.policy is not None:
                    if fact.policy not in by_key:
                        rule = f"must be the key of a policy of the clock: {', '.join(by_key)}; pass it in `versions`"
                        raise InvalidValueError("clock", [Fault("events.policy", rule, fact.policy)])
                    plan = by_key[fact.policy]
                    policies.append((at, plan))
                matched = plan.match(known)
            facts.append((at, fact, matched))
        return cls(clock_id, tuple(fact for _, fact in ordered), fields, plans, first, tuple(facts), tuple(policies))

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        """As what it was made from, without what is derived."""
        return Clock.of, (self.id, self.events, self.fields, self.plans)

    def with_events(self, events: Iterable[ClockEvent]) -> Clock:
        """The clock with more facts: later ones, ones that came late, or supposed ones to see what they would change.

        >>> from datetime import UTC, datetime
        >>> from revops_core.sla.sla_policy import SlaPolicy
        >>> from revops_core.sla.sla_target import SlaTarget
        >>> nine = datetime(2026, 3, 2, 9, tzinfo=UTC)
        >>> policy = SlaPolicy("support", targets=(SlaTarget("resolution", timedelta(hours=4)),))
        >>> clock = policy.clock("ticket-7", [ClockEvent("started", nine)])
        >>> supposed = clock.with_events([ClockEvent("stopped", nine + timedelta(hours=3))])
        >>> supposed.read(as_of=nine + timedelta(hours=9))["resolution"].status
        'met'
        """
        return Clock.of(self.id, (*self.events, *events), self.fields, self.plans)

    def fields_at(self, as_of: datetime) -> Mapping[str, object]:
        """What was known of the request at an instant."""
        require("fields_at", as_of=(as_of, datetime))
        limit = to_microseconds(as_of)
        changes = [fact.fields for at, fact, _ in self._facts if at <= limit and fact.fields]
        return FrozenMap({name: value for fields in (self.fields, *changes) for name, value in fields.items()})

    def read(self, as_of: datetime) -> Reading:
        """What the facts up to and with `as_of` say: every target, who must hear of it, and when to look again.

        Args:
            as_of: aware datetime, the moment to look from; the instants of the reading are written in its zone.

        Raises:
            CalendarHorizonError: a fact, a due instant or `as_of` lies outside the years of a calendar.

        >>> from datetime import UTC, datetime
        >>> from revops_core.sla.sla_policy import SlaPolicy
        >>> from revops_core.sla.sla_target import SlaTarget
        >>> nine = datetime(2026, 3, 2, 9, tzinfo=UTC)
        >>> policy = SlaPolicy("support", targets=(SlaTarget("resolution", timedelta(hours=4)),))
        >>> clock = policy.clock("ticket-7", [ClockEvent("started", nine)])
        >>> resolution = clock.read(nine + timedelta(hours=1))["resolution"]
        >>> resolution.status, resolution.remaining, resolution.due_at.hour
        ('running', datetime.timedelta(seconds=10800), 13)
        """
        require("read", as_of=(as_of, datetime))
        now_at, tz = to_microseconds(as_of), cast("tzinfo", as_of.tzinfo)
        plan = next((plan for at, plan in reversed(self._policies) if at <= now_at), self.plans[0])
        found: list[TargetReading] = []
        ignored: list[ClockEvent] = []
        acted: set[int] = set()
        soonest: list[int] = []
        for name in self.names:
            replay = self.replay(name, now_at)
            ignored.extend(replay.ignored)
            acted.update(map(id, replay.acted))
            for cycle in replay.cycles:
                if (again := cycle.look_again()) is not None:
                    soonest.append(again)
                found.append(self._cycle_reading(cycle, again, tz))
            if not replay.cycles and replay.plan is not None:
                found.append(_idle(replay.plan))
        if (ahead := self.next_fact(now_at)) is not None:
            soonest.append(ahead)
        return Reading(
            clock_id=self.id,
            as_of=as_of,
            policy=plan.key,
            policy_fingerprint=plan.fingerprint,
            cycles=tuple(found),
            ignored=tuple({id(fact): fact for fact in ignored if id(fact) not in acted}.values()),
            look_again_at=from_microseconds(min(soonest), tz) if soonest else None,
        )

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all targets of its policies, in order."""
        if len(self.plans) == 1:
            return self.plans[0].names
        return tuple(dict.fromkeys(name for plan in self.plans for name in plan.names))

    def replay(self, name: str, as_of: int) -> Replay:
        """A target's cycles up to an instant in microseconds: the integer form of a reading, for many clocks."""
        replay = Replay(name, self._first.get(name))
        replay.read(self._facts, as_of)
        return replay

    def next_fact(self, as_of: int) -> int | None:
        """The instant of the first fact that lies ahead of an instant in microseconds."""
        return next((at for at, _, _ in self._facts if at > as_of), None)

    def _cycle_reading(self, cycle: Cycle, again: int | None, tz: tzinfo) -> TargetReading:
        promise, due = cycle.plan.target, cycle.due()
        opener = fact_id(self.id, cycle.opener)
        prefix = "/".join(map(_quoted, (self.id, promise.name, opener))) if cycle.notices else ""
        about: dict[str, Any] = {"clock_id": self.id, "target": promise.name, "cycle": opener}
        escalations: list[Notice] = []
        reminders: list[Notice] = []
        skipped: list[Notice] = []
        for at, trigger, number, is_skipped in cycle.notices:
            key, fired_at = f"{prefix}/{_quoted(trigger.key)}/{number}", from_microseconds(at, tz)
            notice = Notice(id=key, at=fired_at, number=number, **about, **trigger.told)
            (skipped if is_skipped else reminders if trigger.tier is None else escalations).append(notice)
        return TargetReading(
            **cycle.plan.told,
            **standing(cycle, due, tz),
            cycle=opener,
            cancelled_at=from_microseconds(cycle.since, tz) if cycle.phase == CANCELLED else None,
            remaining=timedelta(microseconds=cycle.budget - cycle.elapsed),
            stretches=tuple(cycle.segments),
            tz=tz,
            escalations=tuple(escalations),
            reminders=tuple(reminders),
            skipped=tuple(skipped),
            look_again_at=None if again is None else from_microseconds(again, tz),
            breach_cause=cycle.breach_cause,
            problems=self._problems(cycle, due),
        )

    def _problems(self, cycle: Cycle, due: int | None) -> tuple[Problem, ...]:
        if due is None or due < cycle.plan.known_until:
            return ()
        until = cycle.plan.calendar.holidays_known_until
        says = f"'{cycle.plan.target.name}' is due after {until}, up to when the holidays of its calendar are known"
        return (Problem(code="holidays_unknown", says=says, subject="Clock", subject_id=self.id, field="due_at"),)


def standing(cycle: Cycle, due: int | None, tz: tzinfo) -> dict[str, Any]:
    """How a cycle that is `due` stands, by the fields that a reading and an outcome share, its instants in a zone."""
    return {
        "status": cycle.status,
        "within": timedelta(microseconds=cycle.budget),
        "started_at": from_microseconds(cycle.opened, tz),
        "stopped_at": from_microseconds(cycle.since, tz) if cycle.phase == STOPPED else None,
        "due_at": None if due is None else from_microseconds(due, tz),
        "breached_at": None if cycle.breached is None else from_microseconds(cycle.breached, tz),
        "elapsed": timedelta(microseconds=cycle.elapsed),
        "wall_elapsed": timedelta(microseconds=cycle.wall),
        "owner": cycle.owner,
    }


def _quoted(text: str) -> str:
    """`text` as one part of an id."""
    return text.replace("%", "%25").replace("/", "%2F") if "/" in text or "%" in text else text


def _idle(plan: TargetPlan) -> TargetReading:
    within = None if plan.budget is None else timedelta(microseconds=plan.budget)
    return TargetReading(**plan.told, within=within, remaining=within)


def in_order(events: Sequence[ClockEvent], plans: Sequence[PolicyPlan]) -> list[tuple[int, ClockEvent]]:
    """`events` with their instants in the order in which they are read, equal ones once."""
    logged = sorted(((to_microseconds(event.at), event) for event in events), key=itemgetter(0))
    if all(logged[i][0] < logged[i + 1][0] for i in range(len(logged) - 1)):
        return logged
    ordered: list[tuple[int, ClockEvent]] = []
    for at, group in groupby(logged, itemgetter(0)):
        facts = list(dict.fromkeys(event for _, event in group))
        if len(facts) > 1:
            by_seq = all(fact.seq is not None for fact in facts)
            facts.sort(key=lambda fact: (fact.seq if by_seq else 0, _rank(fact.kind, plans), str(fact.seq), repr(fact)))
        ordered.extend((at, fact) for fact in facts)
    return ordered


def _rank(kind: str, plans: Sequence[PolicyPlan]) -> int:
    return next((plan.ranks[kind] for plan in plans if kind in plan.ranks), plans[0].change_rank)


def timeline(clock: Clock, as_of: datetime) -> str:
    """Everything that happened to a request, and what each promise made of it, in the zone of `as_of`.

    First come the facts, then each cycle: its state, its stretches of time with the fact that began each, and what
    fired. The times of the stretches sum to the elapsed time.

    >>> from datetime import UTC
    >>> from revops_core.sla.revenue_operations import REVENUE_OPERATIONS
    >>> nine = datetime(2026, 3, 2, 9, tzinfo=UTC)
    >>> facts = [ClockEvent("started", nine), ClockEvent("paused", nine + timedelta(hours=1))]
    >>> clock = REVENUE_OPERATIONS.clock("ticket-7", facts, request="account_setup")
    >>> print(timeline(clock, as_of=nine + timedelta(hours=3)))
    ticket-7 under revenue operations@1, as of 2026-03-02 12:00:00
    facts
      2026-03-02 09:00:00  started
      2026-03-02 10:00:00  paused
    resolution within 2 h 00 min: paused, elapsed 1 h 00 min, remaining 1 h 00 min
      2026-03-02 09:00:00  running  1 h 00 min  started
      2026-03-02 10:00:00  paused               paused
    """
    reading = clock.read(as_of)
    tz, offset = cast("tzinfo", as_of.tzinfo), as_of.utcoffset()
    lines = [f"{clock.id} under {reading.policy}, as of {_written(as_of, offset)}", "facts"]
    ignored = set(map(id, reading.ignored))
    for fact in clock.events:
        if to_microseconds(fact.at) <= to_microseconds(as_of):
            at = from_microseconds(to_microseconds(fact.at), tz)
            extra = [f"{name}={value}" for name, value in fact.fields.items()]
            extra += [f"{word}={value}" for word in ("target", "owner", "policy") if (value := getattr(fact, word))]
            extra += ["(no effect)"] * (id(fact) in ignored)
            lines.append("  " + "  ".join([_written(at, offset), fact.kind, *extra]))
    for cycle in reading.cycles:
        lines.extend(_cycle_lines(cycle, offset))
    return "\n".join(lines)


def _cycle_lines(cycle: TargetReading, offset: timedelta | None) -> Iterator[str]:
    says = [f"elapsed {show(cycle.elapsed)}"]
    if cycle.due_at is not None:
        says.append(f"due {_written(cycle.due_at, offset)}")
    elif cycle.status == "paused":
        says.append(f"remaining {show(cycle.remaining)}")
    if cycle.breached_at is not None:
        says.append(f"missed at {_written(cycle.breached_at, offset)}")
    within = "its days" if cycle.within is None else show(cycle.within)
    yield f"{cycle.target} within {within}: {cycle.status}, {', '.join(says)}"
    for segment in cycle.segments:
        elapsed = "" if segment.status == "paused" else show(segment.elapsed)
        owner = f" ({segment.owner})" if segment.owner else ""
        yield f"  {_written(segment.start, offset)}  {segment.status:<7}  {elapsed:<10}  {segment.cause.kind}{owner}"
    notices = (*cycle.escalations, *cycle.reminders, *cycle.skipped)
    for notice in sorted(notices, key=lambda notice: (to_microseconds(notice.at), notice.id)):
        what = "reminder" if notice.tier is None else f"tier {notice.tier}"
        skipped = ", skipped" if notice in cycle.skipped else ""
        yield f"  {_written(notice.at, offset)}  {what} to {notice.to} {notice.trigger}{skipped}"


def _written(at: datetime, offset: timedelta | None) -> str:
    """An instant by the wall clock, with its offset where that is not the one of `as_of`: no two look alike."""
    return at.isoformat(" ", "seconds")[:19] if at.utcoffset() == offset else at.isoformat(" ", "seconds")
