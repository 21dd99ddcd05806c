"""The meaning of a calendar, minute by minute and by brute force, to check the compiled one against.

It only asks what the clocks of a zone show at an instant, never which instant a wall time is; it knows nothing of
prefix sums, and finds each wall time by looking at all minutes in turn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)
MIDNIGHT = time()

Spans = Sequence[tuple[int, int]]


@cache
def clocks(tz: str, first: datetime, days: int) -> tuple[datetime, ...]:
    """What the clocks show at each minute from `first`, an instant in UTC."""
    zone = ZoneInfo(tz)
    return tuple((first + n * MINUTE).astimezone(zone).replace(tzinfo=None) for n in range(days * 1440))


@cache
def minute_of(tz: str, first: datetime, days: int, wall: datetime) -> int:
    """The minute at which the clocks first show `wall`, or the one as long after a jump as `wall` lies inside it."""
    shown = clocks(tz, first, days)
    if wall in shown:
        return shown.index(wall)
    jump = next(n for n in range(1, len(shown)) if shown[n - 1] < wall < shown[n])
    return jump + (wall - shown[jump - 1]) // MINUTE - 1


def open_minutes(
    tz: str, first: datetime, days: int, week: Sequence[Spans], replaced: Mapping[date, Spans]
) -> list[bool]:
    """For each minute of the middle days whether it is open; the outer two days only serve to find wall times.

    `week` holds the spans of each weekday, which may end after 24:00; `replaced` those of single dates.
    """
    shown = clocks(tz, first, days)
    dates = [shown[0].date() + timedelta(days=n) for n in range(1, days - 2)]
    found = [False] * len(shown)
    for day in dates:
        yesterday = day - timedelta(days=1)
        if day in replaced:
            spans = list(replaced[day])
        else:
            spans = [*week[day.weekday()], *((s - 1440, e - 1440) for s, e in week[yesterday.weekday()])]
            spans += [(s - 1440, e - 1440) for s, e in replaced.get(yesterday, ())]
        start, end = (
            minute_of(tz, first, days, datetime.combine(on, MIDNIGHT)) for on in (day, day + timedelta(days=1))
        )
        # The hours of a date are its wall minutes, whoever wrote them: only their first and last are looked up.
        open_walls = {m for opens, closes in spans for m in range(max(opens, 0), min(closes, 1440))}
        edges = [m for m in range(1441) if (m in open_walls) != (m - 1 in open_walls)]
        for opens, closes in zip(edges[::2], edges[1::2], strict=True):
            a, b = (minute_of(tz, first, days, datetime.combine(day, MIDNIGHT) + m * MINUTE) for m in (opens, closes))
            for n in range(max(a, start), min(b, end)):
                found[n] = True
    return found


def middle(tz: str, first: datetime, days: int) -> range:
    """The minutes of the days for which `open_minutes` tells."""
    first_day = clocks(tz, first, days)[0].date()
    walls = (datetime.combine(first_day + timedelta(days=n), MIDNIGHT) for n in (1, days - 2))
    start, end = (minute_of(tz, first, days, wall) for wall in walls)
    return range(start, end)


def utc(text: str) -> datetime:
    """An instant in UTC from its ISO text."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
