"""Interval: a stretch of time from one instant to another."""

from __future__ import annotations

from datetime import datetime, timedelta

from attrs import frozen

from revops_core.values.checks import InOrder, checked, require
from revops_core.values.instants import to_microseconds

__all__ = ["Interval"]


@checked(InOrder("start", "end"))
@frozen
class Interval:
    """A stretch of time, `[start, end)`: its start belongs to it, its end does not; it may be empty, never backwards.

    Two intervals are equal where both instants are, whatever zones they are written in.

    Args:
        start: aware datetime, the first instant inside.
        end: aware datetime, the first instant after.

    Raises:
        InvalidValueError: a naive datetime, or an end before the start.

    >>> from datetime import datetime, timezone
    >>> day = Interval(datetime(2026, 3, 1, tzinfo=timezone.utc), datetime(2026, 3, 2, tzinfo=timezone.utc))
    >>> day.start in day, day.end in day
    (True, False)
    """

    start: datetime
    end: datetime

    @property
    def duration(self) -> timedelta:
        """The time that passes inside, also across a change of the clocks."""
        return timedelta(microseconds=to_microseconds(self.end) - to_microseconds(self.start))

    def __contains__(self, moment: datetime) -> bool:
        """Whether the instant `moment` lies inside."""
        require("Interval.__contains__", moment=(moment, datetime))
        return to_microseconds(self.start) <= to_microseconds(moment) < to_microseconds(self.end)

    def clip(self, other: Interval) -> Interval | None:
        """The part of this interval inside `other`; None where they do not meet.

        >>> from datetime import datetime, timezone
        >>> hours = [datetime(2026, 3, 1, hour, tzinfo=timezone.utc) for hour in (9, 12, 13, 18)]
        >>> Interval(hours[0], hours[2]).clip(Interval(hours[1], hours[3])) == Interval(hours[1], hours[2])
        True
        """
        require("Interval.clip", other=(other, Interval))
        start = max(self.start, other.start, key=to_microseconds)
        end = min(self.end, other.end, key=to_microseconds)
        return Interval(start, end) if to_microseconds(start) < to_microseconds(end) else None
