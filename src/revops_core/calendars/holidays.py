"""Holidays: rules that say on which dates they fall, and the dates of any collection."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, KeysView
from datetime import MAXYEAR, MINYEAR, date, datetime, timedelta
from functools import lru_cache
from typing import Annotated

from attrs import frozen
from dateutil.easter import EASTER_ORTHODOX, EASTER_WESTERN, easter
from dateutil.relativedelta import relativedelta, weekday

from revops_core.calendars.opening_hours import DAY_NAMES
from revops_core.errors import Fault
from revops_core.values.checks import Between, Where, refuse_faults, require

__all__ = ["DateSource", "HolidayRule", "holiday_dates", "taken_dates"]

_SHIFTS: dict[str, dict[int, int]] = {
    "nearest_weekday": {5: -1, 6: 1},
    "next_weekday": {5: 2, 6: 1},
    "next_weekday_after_sunday": {6: 1},
}
_LISTS = (set, frozenset, dict)
_MOST_DAYS = {2: 29, 4: 30, 6: 30, 9: 30, 11: 30}
_KeptIn = Annotated[int, Between(MINYEAR, MAXYEAR)]
_Weekday = Annotated[str, Where(DAY_NAMES.__contains__, f"must be one of {', '.join(DAY_NAMES)}")]
_Shift = Annotated[str, Where(_SHIFTS.__contains__, f"must be one of {', '.join(_SHIFTS)}")]
_Nth = Annotated[int, Between(-5, 5), Where(bool, "must be an int from 1 to 5, or from -5 to -1 from the end")]


@frozen(kw_only=True)
class HolidayRule:
    """A holiday that returns every year; made by `fixed`, `nth_weekday`, `weekday_near` or `easter`.

    Args:
        month: 1 to 12; None for a holiday that is counted from Easter Sunday.
        day: the day of the month; None for the whole month, in which weekdays are counted.
        weekday: "Mo" to "Su", the weekday it moves to; None where it stays on its day.
        nth: which of these weekdays: 1 the first on or after the day, -1 the last on or before it (or in the month).
        offset_days: this many days later, or earlier where negative.
        orthodox: Easter of the Julian calendar.
        observed: what is closed too where the day falls on a weekend: "nearest_weekday" (Saturday's on Friday, Sunday's
            on Monday), "next_weekday" (the next weekday that is no holiday itself), "next_weekday_after_sunday" (the
            same for Sundays only); None for nothing. The day itself stays a holiday.
        since, until: the first and the last year it is kept; None without such a limit.

    Raises:
        InvalidValueError: a date that no year has, an unknown weekday, a count that no month reaches.
    """

    month: Annotated[int, Between(1, 12)] | None = None
    day: Annotated[int, Between(1, 31)] | None = None
    weekday: _Weekday | None = None
    nth: _Nth = 1
    offset_days: Annotated[int, Between(-366, 366)] = 0
    orthodox: bool = False
    observed: _Shift | None = None
    since: _KeptIn | None = None
    until: _KeptIn | None = None

    @classmethod
    def fixed(
        cls, month: int, day: int, *, observed: str | None = None, since: int | None = None, until: int | None = None
    ) -> HolidayRule:
        """The same date every year; 29 February only in leap years.

        >>> holiday_dates([HolidayRule.fixed(7, 4, observed="nearest_weekday")], 2026, 2026)
        (datetime.date(2026, 7, 3), datetime.date(2026, 7, 4))
        """
        return cls(month=month, day=day, observed=observed, since=since, until=until)

    @classmethod
    def nth_weekday(
        cls,
        month: int,
        weekday: str,
        nth: int,
        *,
        offset_days: int = 0,
        since: int | None = None,
        until: int | None = None,
    ) -> HolidayRule:
        """The nth weekday of a month, -1 for the last; in years without a fifth there is none.

        >>> holiday_dates([HolidayRule.nth_weekday(5, "Mo", -1)], 2026, 2026)
        (datetime.date(2026, 5, 25),)
        """
        return cls(month=month, weekday=weekday, nth=nth, offset_days=offset_days, since=since, until=until)

    @classmethod
    def weekday_near(
        cls, month: int, day: int, weekday: str, nth: int = 1, *, since: int | None = None, until: int | None = None
    ) -> HolidayRule:
        """The first such weekday on or after a date, or for -1 the last on or before it.

        >>> holiday_dates([HolidayRule.weekday_near(11, 22, "We", -1)], 2026, 2026)
        (datetime.date(2026, 11, 18),)
        """
        return cls(month=month, day=day, weekday=weekday, nth=nth, since=since, until=until)

    @classmethod
    def easter(
        cls, offset_days: int = 0, *, orthodox: bool = False, since: int | None = None, until: int | None = None
    ) -> HolidayRule:
        """Days after Easter Sunday, or before it: -2 Good Friday, 1 Easter Monday, 39 Ascension, 50 Whit Monday.

        >>> holiday_dates([HolidayRule.easter(-2)], 2026, 2026)
        (datetime.date(2026, 4, 3),)
        """
        return cls(offset_days=offset_days, orthodox=orthodox, since=since, until=until)

    def __attrs_post_init__(self) -> None:
        refuse_faults(self, _content_faults)

    def date_in(self, year: int) -> date | None:
        """The date of this holiday in `year`, before any observed shift; None where that year has none."""
        if not (self.since or year) <= year <= (self.until or year):
            return None
        if self.month is None:
            day = easter(year, EASTER_ORTHODOX if self.orthodox else EASTER_WESTERN)
        else:
            start = date(year, self.month, 1) + relativedelta(day=self.day or (1 if self.nth > 0 else 31))
            if self.day not in (None, start.day):
                return None
            day = start
            if self.weekday is not None:
                day += relativedelta(weekday=weekday(DAY_NAMES.index(self.weekday), self.nth))
                if self.day is None and day.month != self.month:
                    return None
        return day + timedelta(days=self.offset_days)


def _content_faults(rule: HolidayRule) -> Iterator[Fault]:
    """What is wrong with a rule whose fields have their types."""
    most = _MOST_DAYS.get(rule.month or 1, 31)
    if rule.day is not None and rule.day > most:
        yield Fault("day", f"must be an int from 1 to {most} in this month", rule.day)
    if rule.month is None and (rule.day is not None or rule.weekday is not None):
        yield Fault("month", "must be given with a day or a weekday", rule.month)
    if rule.month is not None and rule.day is None and rule.weekday is None:
        yield Fault("day", "must be given with a month, or a weekday", rule.day)


DateSource = Iterable[date | HolidayRule] | Container[date]
"""Where the dates of holidays come from: dates, rules, or anything that knows whether it holds a date."""


_Year = Annotated[int, Between(MINYEAR + 1, MAXYEAR - 1)]


@lru_cache(maxsize=128)
def _dates_of(rules: tuple[HolidayRule, ...], first_year: int, last_year: int) -> tuple[date, ...]:
    # One year more at each end: a New Year on Saturday is observed on 31 December.
    years = range(first_year - 1, last_year + 2)
    found = [(day, rule) for year in years for rule in rules if (day := rule.date_in(year))]
    closed = {day for day, _ in found}
    for day, rule in sorted(found, key=lambda pair: pair[0]):
        shift = _SHIFTS.get(rule.observed or "", {}).get(day.weekday())
        if shift is not None:
            observed = day + timedelta(days=shift)
            while shift > 0 and (observed in closed or observed.weekday() > 4):
                observed += timedelta(days=1)
            closed.add(observed)
    return tuple(sorted(day for day in closed if first_year <= day.year <= last_year))


def holiday_dates(rules: Iterable[HolidayRule], first_year: int, last_year: int) -> tuple[date, ...]:
    """The dates of all `rules` from `first_year` to `last_year`, with the days on which they are observed.

    >>> christmas = [HolidayRule.fixed(12, day, observed="next_weekday") for day in (25, 26)]
    >>> [day.day for day in holiday_dates(christmas, 2021, 2021)]
    [25, 26, 27, 28]
    """
    rules = tuple(rules)
    years = {"first_year": (first_year, _Year), "last_year": (last_year, _Year)}
    require("holiday_dates", rules=(rules, tuple[HolidayRule, ...]), **years)
    return _dates_of(rules, first_year, last_year)


def taken_dates(source: DateSource, first_year: int, last_year: int) -> tuple[tuple[date, ...], date, list[Fault]]:
    """The dates that `source` holds, the last day for which it tells, and what is wrong with it.

    Iterables give their dates and rules. Containers that may know more than they list, such as the objects of the
    `holidays` package, which fill when they are asked, are asked for each day of the years. Rules tell to the end of
    `last_year`, dates without a rule to the end of the year of the last of them.
    """
    faults: list[Fault] = []
    days: set[date] = set()
    rules: list[HolidayRule] = []
    horizon = date(last_year, 12, 31)
    if isinstance(source, str | bytes) or not isinstance(source, Iterable | Container):
        return (), horizon, [Fault("holidays", "must be dates, rules or a container of dates", source)]
    if isinstance(source, Iterable):
        for n, item in enumerate(source):
            if isinstance(item, HolidayRule):
                rules.append(item)
            elif isinstance(item, date) and not isinstance(item, datetime):
                days.add(item)
            else:
                faults.append(Fault(f"holidays[{n}]", "must be a date without a time of day, or a HolidayRule", item))
    days.update(holiday_dates(rules, first_year, last_year))
    if isinstance(source, Container) and not isinstance(source, list | tuple | KeysView) and type(source) not in _LISTS:
        every_day = range(date(first_year, 1, 1).toordinal(), horizon.toordinal() + 1)
        days.update(day for day in map(date.fromordinal, every_day) if day in source)
    return tuple(sorted(days)), date(max(days).year, 12, 31) if days and not rules else horizon, faults
