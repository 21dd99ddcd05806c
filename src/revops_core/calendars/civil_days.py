"""Civil days: where the days of a zone lie on the line of integer microseconds, and which hours each has.

A wall time that the clocks jump over is read with the offset before the jump (02:30 is 03:30), one that they show
twice is the first of the two (RFC 5545). So a day has 23, 24, 25 or 23.5 hours, and a day that a zone skipped has none.
Spans are united by the wall clock first; then the two ends of each are looked up.

A span past midnight is written for its first day but *is* two pieces, one on each civil date. A holiday or an override
replaces one civil date, from 00:00 to 24:00: the end of a night shift that began the day before is cut off, and the
end of a shift of the replaced day itself stays on the next date, which was not replaced.
An override stands above a holiday. Its own span past midnight adds to the next date, unless that is replaced too.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from revops_core.calendars.opening_hours import DAY_MINUTES, OpeningHours, Spans, united
from revops_core.values.instants import to_microseconds
from revops_core.values.zone import zone

__all__ = ["DAY", "MINUTE", "CivilHours", "midnights", "wall_microseconds"]

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


class CivilHours:
    """The hours of every civil date, in minutes from its 00:00, none past its 24:00.

    Args:
        hours: the hours of the week and of a holiday.
        holidays: the dates that have the hours of a holiday.
        overrides: the spans of single dates.

    >>> nights = CivilHours(OpeningHours.parse("Fr 22:00-06:00"), (), {})
    >>> nights.on(date(2026, 3, 6).toordinal()), nights.on(date(2026, 3, 7).toordinal())
    (((1320, 1440),), ((0, 360),))
    """

    __slots__ = ("_holidays", "_on_holidays", "_replaced", "_week")

    def __init__(self, hours: OpeningHours, holidays: tuple[date, ...], overrides: Mapping[date, Spans]) -> None:
        week = [united((*_head(hours.days[day]), *_tail(hours.days[day - 1]))) for day in range(7)]
        self._week = (week[6], *week[:6])  # an ordinal divides by 7 on a Sunday
        self._holidays = _ordinals(holidays)
        self._on_holidays = _head(hours.on_holidays)
        given = {day.toordinal(): spans for day, spans in overrides.items()}
        self._replaced = {day: _head(spans) for day, spans in given.items()}
        if _tail(hours.on_holidays):
            given = dict.fromkeys(self._holidays, hours.on_holidays) | given
        for day, spans in given.items():
            if _tail(spans) and day + 1 not in given and day + 1 not in self._holidays:
                self._replaced[day + 1] = united((*self._week[(day + 1) % 7], *_tail(spans)))

    def on(self, day: int) -> Spans:
        """The spans of the civil date with the ordinal `day`."""
        spans = self._replaced.get(day)
        if spans is not None:
            return spans
        return self._on_holidays if day in self._holidays else self._week[day % 7]


@lru_cache(maxsize=256)
def _ordinals(days: tuple[date, ...]) -> frozenset[int]:
    """The ordinals of `days`: one set for all calendars that keep the same holidays."""
    return frozenset(day.toordinal() for day in days)


def _head(spans: Spans) -> Spans:
    """The part of `spans` on the day they begin."""
    return tuple((start, min(end, DAY_MINUTES)) for start, end in spans)


def _tail(spans: Spans) -> Spans:
    """The part of `spans` on the day after."""
    return tuple((0, end - DAY_MINUTES) for _, end in spans if end > DAY_MINUTES)
