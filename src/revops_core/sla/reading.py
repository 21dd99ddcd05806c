"""What a clock says at an instant: a reading, with every target, stretch of time and notice in it.

Every instant of a reading is written in the zone of the `as_of` it was asked for.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, tzinfo

from attrs import field, frozen

from revops_core.calendars.business_calendar import BusinessCalendar
from revops_core.errors import UnknownTargetError
from revops_core.sla.clock_event import ClockEvent
from revops_core.sla.cycle import Stretch
from revops_core.sla.sla_target import SlaTarget
from revops_core.values.instants import from_microseconds, to_microseconds
from revops_core.values.problem import Problem

__all__ = ["STATUSES", "Notice", "Reading", "Segment", "TargetReading"]

STATUSES = ("idle", "running", "at_risk", "paused", "met", "met_late", "breached", "cancelled")
"""Every status of a target: not started; running in time; past its at-risk part; standing still; reached in time;
reached after it was due; open and missed; withdrawn."""

_SEGMENT_STATUSES = ("running", "paused", "", "", "counted")


@frozen(kw_only=True)
class Segment:
    """A stretch of a cycle in which nothing changed: its elapsed times sum to that of the cycle, exactly.

    Args:
        start, end: aware datetimes, half-open.
        status: "running", "paused", or "counted": the time between a stop and a reopening of which the total counts.
        elapsed: the working time in it that counts; none while paused.
        cause: the fact that began it.
        owner: who had the request.

    >>> from datetime import UTC
    >>> from revops_core.sla.revenue_operations import REVENUE_OPERATIONS
    >>> nine = datetime(2026, 3, 2, 9, tzinfo=UTC)
    >>> clock = REVENUE_OPERATIONS.clock("ticket-7", [ClockEvent("started", nine, id="e1")], request="account_setup")
    >>> reading = clock.read(nine + timedelta(hours=3))
    >>> reading["resolution"].segments[0].elapsed
    datetime.timedelta(seconds=10800)
    """

    start: datetime
    end: datetime
    status: str
    elapsed: timedelta
    cause: ClockEvent
    owner: str | None


@frozen(kw_only=True)
class Notice:
    """Someone must hear of it: a tier or a reminder fired.

    Args:
        id: stable: the same in every reading, however late and in whatever order the facts came.
        clock_id, target, cycle: what it is about; the cycle is named by the fact that opened it.
        at: when it fired, not when somebody looked.
        to: the role that hears of it.
        held_by: the role that had it; None for a reminder.
        tier: the number of the tier; None for a reminder.
        number: 1 is the first firing, 2 the first repeat.
        trigger: why, in words.

    >>> from datetime import UTC
    >>> from revops_core.sla.revenue_operations import REVENUE_OPERATIONS
    >>> nine = datetime(2026, 3, 2, 9, tzinfo=UTC)
    >>> clock = REVENUE_OPERATIONS.clock("ticket-7", [ClockEvent("started", nine, id="e1")], request="account_setup")
    >>> reading = clock.read(nine + timedelta(hours=3))
    >>> [(notice.id, notice.at.hour, notice.to) for notice in reading.escalations]
    [('ticket-7/resolution/e1/1/1', 11, 'sales_manager')]
    """

    id: str
    clock_id: str
    target: str
    cycle: str
    at: datetime
    to: str
    held_by: str | None
    tier: int | None
    number: int
    trigger: str


@frozen(kw_only=True)
class TargetReading:
    """How one cycle of one target stands.

    Args:
        target: its name.
        promise: the target that holds.
        calendar: whose working time counts.
        cycle: the id of the fact that opened it; None where it has not started.
        status: one of `STATUSES`.
        within: the working time allowed; None where it is fixed at the start and has not started.
        started_at, stopped_at, cancelled_at: when the cycle began, reached its milestone, or was withdrawn.
        due_at: when it is due, or was; None where it stands still, has not started or was withdrawn.
        breached_at: the due instant that was missed, never the instant of looking; it stays within its cycle.
        elapsed: the working time of its running stretches.
        wall_elapsed: the time that passed in them.
        remaining: what is left of the time allowed, negative where it is overdrawn.
        escalations, reminders: what fired, in order.
        skipped: what a promise that took over in flight would have fired before; not to be sent.
        look_again_at: the earliest instant at which it changes by itself; None where it does not.
        owner: who has the request.
        provider, customer: who promised, and to whom.
        breach_cause: the fact that began the stretch in which it was missed.
        problems: doubts about `due_at`, such as holidays that are not known so far ahead.

    >>> from datetime import UTC
    >>> from revops_core.sla.revenue_operations import REVENUE_OPERATIONS
    >>> nine = datetime(2026, 3, 2, 9, tzinfo=UTC)
    >>> clock = REVENUE_OPERATIONS.clock("ticket-7", [ClockEvent("started", nine, id="e1")], request="account_setup")
    >>> reading = clock.read(nine + timedelta(hours=3))
    >>> reading["resolution"].status, reading["resolution"].breached_at.hour
    ('breached', 11)
    """

    target: str
    promise: SlaTarget = field(repr=False)
    calendar: BusinessCalendar = field(repr=False)
    cycle: str | None = None
    status: str = "idle"
    within: timedelta | None
    started_at: datetime | None = None
    stopped_at: datetime | None = None
    cancelled_at: datetime | None = None
    due_at: datetime | None = None
    breached_at: datetime | None = None
    elapsed: timedelta = timedelta(0)
    wall_elapsed: timedelta = timedelta(0)
    remaining: timedelta | None
    escalations: tuple[Notice, ...] = ()
    reminders: tuple[Notice, ...] = ()
    skipped: tuple[Notice, ...] = ()
    look_again_at: datetime | None = None
    owner: str | None = None
    provider: str = ""
    customer: str = ""
    breach_cause: ClockEvent | None = None
    problems: tuple[Problem, ...] = ()
    _stretches: tuple[Stretch, ...] = field(default=(), repr=False, alias="stretches")
    _tz: tzinfo = field(default=UTC, repr=False, eq=False, alias="tz")

    @property
    def segments(self) -> tuple[Segment, ...]:
        """The running and paused stretches, in order; they explain every second of the elapsed time."""
        return tuple(
            Segment(
                start=from_microseconds(start, self._tz),
                end=from_microseconds(end, self._tz),
                status=_SEGMENT_STATUSES[phase],
                elapsed=timedelta(microseconds=elapsed),
                cause=cause,
                owner=owner,
            )
            for start, end, phase, elapsed, cause, owner in self._stretches
        )

    def due_if_resumed_at(self, at: datetime) -> datetime | None:
        """When it would be due if it ran on from `at`; None where it has not started or has ended.

        What is used up already is due at once.
        """
        if self.cycle is None or self.remaining is None or self.status in {"met", "met_late", "cancelled"}:
            return None
        left = max(self.remaining, timedelta(0))
        return self.calendar.add(at, left, due_at="next_open" if self.promise.due_next_open else "close")


@frozen(kw_only=True)
class Reading:
    """What a clock says at the instant `as_of`, from the facts up to and with it.

    `reading["response"]` is the current cycle of a target.

    Args:
        clock_id: which clock.
        as_of: aware datetime, the moment looked from.
        policy, policy_fingerprint: the policy that holds at `as_of`, by key and by content.
        cycles: every cycle of every target, the last of a target being current.
        ignored: the facts that some target reads and that changed nothing for any, such as a second start.
        look_again_at: the earliest instant at which anything changes by itself, or by a fact that lies ahead.

    >>> from datetime import UTC
    >>> from revops_core.sla.revenue_operations import REVENUE_OPERATIONS
    >>> nine = datetime(2026, 3, 2, 9, tzinfo=UTC)
    >>> clock = REVENUE_OPERATIONS.clock("ticket-7", [ClockEvent("started", nine, id="e1")], request="account_setup")
    >>> reading = clock.read(nine + timedelta(hours=3))
    >>> [target.target for target in reading.targets], reading.look_again_at
    (['resolution'], None)
    """

    clock_id: str
    as_of: datetime
    policy: str
    policy_fingerprint: str
    cycles: tuple[TargetReading, ...]
    ignored: tuple[ClockEvent, ...]
    look_again_at: datetime | None

    @property
    def targets(self) -> tuple[TargetReading, ...]:
        """The current cycle of each target, in the order of the policy."""
        return tuple({cycle.target: cycle for cycle in self.cycles}.values())

    def __getitem__(self, target: str) -> TargetReading:
        """The current cycle of a target.

        Raises:
            UnknownTargetError: no target of that name holds for the request.
        """
        current = {cycle.target: cycle for cycle in self.cycles}
        if target not in current:
            raise UnknownTargetError(target, self.clock_id, current)
        return current[target]

    @property
    def escalations(self) -> tuple[Notice, ...]:
        """The escalations of all targets and cycles, in the order in which they fired."""
        return _in_order(notice for cycle in self.cycles for notice in cycle.escalations)

    @property
    def reminders(self) -> tuple[Notice, ...]:
        """The reminders of all targets and cycles, in the order in which they fired."""
        return _in_order(notice for cycle in self.cycles for notice in cycle.reminders)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """The doubts about its due instants."""
        return tuple(problem for cycle in self.cycles for problem in cycle.problems)


def _in_order(notices: Iterable[Notice]) -> tuple[Notice, ...]:
    return tuple(sorted(notices, key=lambda notice: (to_microseconds(notice.at), notice.id)))
