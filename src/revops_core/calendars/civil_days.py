"""Civil days: where the days and wall times of a zone lie on the line of integer microseconds.

A wall time that the clocks jump over is read with the offset before the jump (02:30 is 03:30), one that they show
twice is the first of the two (RFC 5545). So a day has 23, 24, 25 or 23.5 hours, and a day that a zone skipped has none.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from revops_core.values.instants import to_microseconds
from revops_core.values.zone import zone

__all__ = ["DAY", "MINUTE", "midnights", "wall_microseconds"]

MINUTE = 60_000_000
"""Microseconds of a minute."""

DAY = 24 * 60 * MINUTE
"""Microseconds of a day of 24 hours."""


def wall_microseconds(day: int, minute: int, tz: str) -> int:
    """The instant of a wall time: `minute` minutes after 00:00 of the civil day with the ordinal `day`.

    >>> wall_microseconds(date(1970, 1, 2).toordinal(), 90, "UTC") == DAY + 90 * MINUTE
    True
    """
    wall = datetime.fromordinal(day) + timedelta(minutes=minute)
    return to_microseconds(wall.replace(tzinfo=zone(tz)).astimezone(UTC))


@lru_cache(maxsize=512)
def midnights(year: int, tz: str) -> tuple[int, ...]:
    """00:00 of each civil day of `year` in order, and last that of the next 1 January; they never go back.

    >>> [(later - earlier) // DAY for earlier, later in zip(midnights(2023, "UTC")[:2], midnights(2023, "UTC")[1:])]
    [1, 1]
    """
    first, last = date(year, 1, 1).toordinal(), date(year + 1, 1, 1).toordinal()
    return tuple(wall_microseconds(day, 0, tz) for day in range(first, last + 1))
