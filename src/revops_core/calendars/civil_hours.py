"""Civil hours: which hours each civil date has, from the week, the holidays and the overrides.

A span past midnight is written for its first day but *is* two pieces, one on each civil date. A holiday or an override
replaces one civil date, from 00:00 to 24:00: the end of a night shift that began the day before is cut off, and the
end of a shift of the replaced day itself stays on the next date, which was not replaced.
An override stands above a holiday. Its own span past midnight adds to the next date, unless that is replaced too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from revops_core.calendars.opening_hours import OpeningHours, Spans, united

__all__ = ["CivilHours"]

_DAY = 24 * 60


class CivilHours:
    """The hours of every civil date, in minutes from its 00:00, none past its 24:00.

    Args:
        hours: the hours of the week and of a holiday.
        holidays: the dates that have the hours of a holiday.
        overrides: the spans of single dates.

    >>> nights = CivilHours(OpeningHours.parse("Fr 22:00-06:00"), [], {})
    >>> nights.on(date(2026, 3, 6).toordinal()), nights.on(date(2026, 3, 7).toordinal())
    (((1320, 1440),), ((0, 360),))
    """

    __slots__ = ("_replaced", "_week")

    def __init__(self, hours: OpeningHours, holidays: Iterable[date], overrides: Mapping[date, Spans]) -> None:
        week = [united((*_head(hours.days[day]), *_tail(hours.days[day - 1]))) for day in range(7)]
        self._week = (week[6], *week[:6])  # an ordinal divides by 7 on a Sunday
        given = {day.toordinal(): hours.on_holidays for day in holidays}
        given.update((day.toordinal(), spans) for day, spans in overrides.items())
        self._replaced = {day: _head(spans) for day, spans in given.items()}
        for day, spans in given.items():
            if _tail(spans) and day + 1 not in given:
                self._replaced[day + 1] = united((*self._week[(day + 1) % 7], *_tail(spans)))

    def on(self, day: int) -> Spans:
        """The spans of the civil date with the ordinal `day`."""
        spans = self._replaced.get(day)
        return self._week[day % 7] if spans is None else spans


def _head(spans: Spans) -> Spans:
    """The part of `spans` on the day they begin."""
    return tuple((start, min(end, _DAY)) for start, end in spans)


def _tail(spans: Spans) -> Spans:
    """The part of `spans` on the day after."""
    return tuple((0, end - _DAY) for _, end in spans if end > _DAY)
