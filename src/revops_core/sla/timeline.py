"""The timeline of one clock as text for a terminal: why it stands as it does, line by line."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, tzinfo
from typing import cast

from revops_core.sla.clock import Clock
from revops_core.sla.reading import TargetReading
from revops_core.values.instants import from_microseconds, to_microseconds
from revops_core.values.show import show

__all__ = ["timeline"]


def timeline(clock: Clock, as_of: datetime) -> str:
    """Everything that happened to a request, and what each promise made of it, in the zone of `as_of`.

    First come the facts, then each cycle: its state, its stretches of time with the fact that began each, and what
    fired. The times of the stretches sum to the elapsed time.

    >>> from datetime import UTC
    >>> from revops_core.sla.clock_event import ClockEvent
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
