"""Period: whole civil days in a named zone, such as a fiscal quarter in Paris.

A period holds dates by day and instants by its zone, and is half-open: the first day is in, `end_on` is not. Weeks are
ISO weeks, from Monday. A fiscal year is named after the calendar year in which it ends: with `fiscal_start_month=4`,
FY2027 runs from April 2026 to March 2027 and its first quarter, FY2027-Q1, is April to June 2026.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal, TypeVar, final

from attrs import frozen

from revops_core.errors import Fault, InvalidValueError
from revops_core.values.checks import Between, Where, require
from revops_core.values.instants import to_microseconds
from revops_core.values.interval import Interval
from revops_core.values.zone import day_start, day_start_microseconds, is_zone, zone

__all__ = ["GRAINS", "Period"]

Stretch = TypeVar("Stretch", Interval, "Period")

_ONE_DAY = timedelta(days=1)
_FIRST, _LAST = date(2, 1, 1), date(9999, 1, 1)  # a day inside what datetime can hold, whatever the zone's offset
_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_Year = Annotated[int, Between(2, 9998)]
_Month = Annotated[int, Between(1, 12)]
_Quarter = Annotated[int, Between(1, 4)]
_Week = Annotated[int, Between(1, 53)]
_Grain = Literal["day", "week", "month", "quarter", "year"]
_Zone = Annotated[str, Where(is_zone, "must be the key of an IANA time zone such as 'Europe/Paris'")]

GRAINS = ("day", "week", "month", "quarter", "year", "custom")
"""The kinds of period, from the shortest; "custom" is any other run of days."""


@final
@frozen(kw_only=True, order=True, repr=False)
class Period:
    """A run of whole civil days in a time zone: a day, week, month, quarter, year, or any days you name.

    Build one with `Period.quarter(2026, 3, tz="Europe/Paris")` and its sisters. Periods are ordered by their first
    day, then their last. Two periods are equal if they have the same days, grain, zone and fiscal calendar; a day,
    week or month is the same in every fiscal calendar.

    Args:
        start_on: the first day.
        end_on: the day after the last.
        grain: one of `GRAINS`; all but "custom" must be whole.
        tz: key of an IANA time zone; it decides which instants fall in the period.
        fiscal_start_month: the month in which the fiscal year begins, 1 to 12; 1 is the calendar year.

    Raises:
        InvalidValueError: with every fault at once.

    >>> third = Period.quarter(2026, 3, tz="Europe/Paris")
    >>> [month.label for month in third.months()]
    ['2026-07', '2026-08', '2026-09']
    >>> date(2026, 9, 30) in third, third.end
    (True, datetime.datetime(2026, 10, 1, 0, 0, tzinfo=zoneinfo.ZoneInfo(key='Europe/Paris')))
    """

    start_on: date
    end_on: date
    grain: str = "custom"
    tz: str = "UTC"
    fiscal_start_month: int = 1

    def __attrs_post_init__(self) -> None:
        if faults := list(_faults(self)):
            raise InvalidValueError("Period", faults)

    @classmethod
    def day(cls, on: date, *, tz: str = "UTC") -> Period:
        """One civil day.

        >>> Period.day(date(2026, 2, 28)).next()
        Period.day(datetime.date(2026, 3, 1))
        """
        require("Period.day", on=(on, date), tz=(tz, _Zone))
        return _whole(on, "day", tz, 1)

    @classmethod
    def week(cls, year: int, week: int, *, tz: str = "UTC") -> Period:
        """A week from Monday, by ISO year and number: week 1 holds the first Thursday of the year.

        >>> Period.week(2026, 1).start_on
        datetime.date(2025, 12, 29)
        """
        require("Period.week", year=(year, _Year), week=(week, _Week), tz=(tz, _Zone))
        try:
            monday = date.fromisocalendar(year, week, 1)
        except ValueError:
            raise InvalidValueError("Period.week", [Fault("week", f"must be from 1 to 52 in {year}", week)]) from None
        return _whole(monday, "week", tz, 1)

    @classmethod
    def month(cls, year: int, month: int, *, tz: str = "UTC") -> Period:
        """A calendar month.

        >>> Period.month(2026, 2).label
        '2026-02'
        """
        require("Period.month", year=(year, _Year), month=(month, _Month), tz=(tz, _Zone))
        return _whole(date(year, month, 1), "month", tz, 1)

    @classmethod
    def quarter(cls, year: int, quarter: int, *, tz: str = "UTC", fiscal_start_month: int = 1) -> Period:
        """A quarter of a calendar year, or of the fiscal year that ends in `year`.

        >>> Period.quarter(2027, 1, fiscal_start_month=4).start_on
        datetime.date(2026, 4, 1)
        """
        fiscal = {"tz": (tz, _Zone), "fiscal_start_month": (fiscal_start_month, _Month)}
        require("Period.quarter", year=(year, _Year), quarter=(quarter, _Quarter), **fiscal)
        first = _fiscal_first(year, fiscal_start_month) + 3 * (quarter - 1)
        return _whole(_first_of(first), "quarter", tz, fiscal_start_month)

    @classmethod
    def year(cls, year: int, *, tz: str = "UTC", fiscal_start_month: int = 1) -> Period:
        """A calendar year, or the fiscal year that ends in `year`.

        >>> Period.year(2027, fiscal_start_month=4)
        Period.year(2027, fiscal_start_month=4)
        """
        require("Period.year", year=(year, _Year), tz=(tz, _Zone), fiscal_start_month=(fiscal_start_month, _Month))
        return _whole(_first_of(_fiscal_first(year, fiscal_start_month)), "year", tz, fiscal_start_month)

    @classmethod
    def between(cls, start_on: date, end_on: date, *, tz: str = "UTC", fiscal_start_month: int = 1) -> Period:
        """The days from `start_on` to the day before `end_on`, whatever their number.

        >>> Period.between(date(2026, 1, 5), date(2026, 2, 11)).label
        '2026-01-05 to 2026-02-10'
        """
        return cls(start_on=start_on, end_on=end_on, tz=tz, fiscal_start_month=fiscal_start_month)

    @classmethod
    def containing(cls, moment: date, grain: str, *, tz: str = "UTC", fiscal_start_month: int = 1) -> Period:
        """The day, week, month, quarter or year in which a date or an aware datetime falls.

        Args:
            moment: a date, or an aware datetime, which falls on the day it has in `tz`.
            grain: any of `GRAINS` but "custom".
            tz: key of an IANA time zone.
            fiscal_start_month: the month in which the fiscal year begins, for quarters and years.

        >>> from datetime import timezone
        >>> Period.containing(datetime(2026, 6, 30, 23, tzinfo=timezone.utc), "month", tz="Europe/Paris").label
        '2026-07'
        """
        fiscal = {"tz": (tz, _Zone), "fiscal_start_month": (fiscal_start_month, _Month)}
        require("Period.containing", moment=(moment, date | datetime), grain=(grain, _Grain), **fiscal)
        if not isinstance(moment, datetime) or not _FIRST.year <= moment.year < _LAST.year:
            return _whole(moment, grain, tz, fiscal_start_month)
        day = moment.astimezone(zone(tz)).date()
        # Where the clocks went back over midnight, the evening shown twice belongs to the day that had begun.
        if day_start(day + _ONE_DAY, tz) <= moment:
            day += _ONE_DAY
        return _whole(day, grain, tz, fiscal_start_month)

    @property
    def start(self) -> datetime:
        """The first instant, in the period's zone: 00:00, or the first moment after it where that was skipped."""
        return day_start(self.start_on, self.tz).astimezone(zone(self.tz))

    @property
    def end(self) -> datetime:
        """The first instant after the period, in its zone; the same as the start of the next."""
        return day_start(self.end_on, self.tz).astimezone(zone(self.tz))

    @property
    def label(self) -> str:
        """The name people use: "2026-02-28", "2026-W05", "2026-02", "2026-Q3", "FY2027-Q1", "FY2027"."""
        if self.grain == "custom":
            return f"{self.start_on} to {self.end_on - _ONE_DAY}"
        if self.grain == "day":
            return str(self.start_on)
        numbers = _numbers(self)
        if self.grain == "week":
            return f"{numbers[0]:04}-W{numbers[1]:02}"
        if self.grain == "month":
            return f"{numbers[0]:04}-{numbers[1]:02}"
        year = f"{numbers[0]:04}" if self.fiscal_start_month == 1 else f"FY{numbers[0]:04}"
        return year if self.grain == "year" else f"{year}-Q{numbers[1]}"

    @property
    def day_count(self) -> int:
        """How many civil days it has."""
        return (self.end_on - self.start_on).days

    def __str__(self) -> str:
        return self.label

    def __repr__(self) -> str:
        arguments = [repr(each) for each in _numbers(self)]
        arguments += [f"tz={self.tz!r}"] if self.tz != "UTC" else []
        arguments += [f"fiscal_start_month={self.fiscal_start_month}"] if self.fiscal_start_month != 1 else []
        return f"Period.{'between' if self.grain == 'custom' else self.grain}({', '.join(arguments)})"

    def contains(self, moment: date) -> bool:
        """Whether a date, or an aware datetime, falls in the period; also written `moment in period`.

        A date is compared by day. An instant is compared with `start` and `end`, in the period's zone.

        Raises:
            InvalidValueError: `moment` is neither, or a naive datetime.
        """
        if isinstance(moment, datetime) and moment.tzinfo is not None:
            start = day_start_microseconds(self.start_on, self.tz)
            return start <= to_microseconds(moment) < day_start_microseconds(self.end_on, self.tz)
        if not _is_day(moment):
            require("Period.contains", moment=(moment, date | datetime))
        return self.start_on <= moment < self.end_on

    __contains__ = contains

    def is_partial(self, as_of: datetime | None) -> bool | None:
        """Whether the period was still running, or had not begun, at `as_of`; None where that moment is not known."""
        require("Period.is_partial", as_of=(as_of, datetime | None))
        return None if as_of is None else as_of < day_start(self.end_on, self.tz)

    def previous(self) -> Period:
        """The period just before, of the same grain; for a custom period, as many days.

        >>> Period.quarter(2026, 1).previous()
        Period.quarter(2025, 4)
        """
        return self._shifted(self.start_on - _ONE_DAY, -self.day_count)

    def next(self) -> Period:
        """The period just after, of the same grain; for a custom period, as many days."""
        return self._shifted(self.end_on, self.day_count)

    def _shifted(self, day: date, days: int) -> Period:
        """The period of the same grain around `day`; for a custom period, this one moved by `days`."""
        if self.grain != "custom":
            return _whole(day, self.grain, self.tz, self.fiscal_start_month)
        first = self.start_on.toordinal() + days
        if not _FIRST.toordinal() <= first <= _LAST.toordinal() - self.day_count:
            rule = f"must stay within {_FIRST} to {_LAST} when moved by {days} days"
            raise InvalidValueError("Period", [Fault("start_on", rule, self.start_on)])
        return _part(self, date.fromordinal(first), date.fromordinal(first + self.day_count))

    def clip(self, other: Stretch) -> Stretch | None:
        """The part of `other` inside this period, of the same kind as `other`; None where they do not meet.

        A period clips one of its own zone only; of another zone, clip `Interval(other.start, other.end)`.

        >>> Period.month(2026, 2).clip(Period.week(2026, 5)).label
        '2026-02-01 to 2026-02-01'
        """
        require("Period.clip", other=(other, Interval | Period))
        if isinstance(other, Interval):
            return other.clip(Interval(self.start, self.end))
        if other.tz != self.tz:
            rule = f"must be a period in {self.tz}, or an interval; clip Interval(other.start, other.end)"
            raise InvalidValueError("Period.clip", [Fault("other", rule, other)])
        start_on, end_on = max(self.start_on, other.start_on), min(self.end_on, other.end_on)
        if start_on >= end_on:
            return None
        return other if (start_on, end_on) == (other.start_on, other.end_on) else _part(other, start_on, end_on)

    def days(self) -> tuple[Period, ...]:
        """Its days, in order."""
        return self._tiles("day")

    def weeks(self) -> tuple[Period, ...]:
        """Its ISO weeks, in order; a week that reaches over an edge is clipped and becomes a custom period.

        >>> [week.label for week in Period.month(2026, 2).weeks()]
        ['2026-02-01 to 2026-02-01', '2026-W06', '2026-W07', '2026-W08', '2026-02-23 to 2026-02-28']
        """
        return self._tiles("week")

    def months(self) -> tuple[Period, ...]:
        """Its months, in order; clipped at the edges as `weeks` are."""
        return self._tiles("month")

    def quarters(self) -> tuple[Period, ...]:
        """Its quarters, of its fiscal calendar, in order; clipped at the edges as `weeks` are."""
        return self._tiles("quarter")

    def years(self) -> tuple[Period, ...]:
        """Its years, of its fiscal calendar, in order; clipped at the edges as `weeks` are."""
        return self._tiles("year")

    def _tiles(self, grain: str) -> tuple[Period, ...]:
        """The periods of `grain` that together have exactly the days of this one."""
        tiles, day = [], self.start_on
        while day < self.end_on:
            start_on, end_on = _bounds(day, grain, self.fiscal_start_month)
            if start_on < self.start_on or end_on > self.end_on:
                tiles.append(_part(self, max(start_on, self.start_on), min(end_on, self.end_on)))
            else:
                tiles.append(_whole(day, grain, self.tz, self.fiscal_start_month))
            day = end_on
        return tuple(tiles)


def _first_of(months: int) -> date:
    """The first day of a month that is counted from the year 0."""
    return date(months // 12, months % 12 + 1, 1)


def _fiscal_first(year: int, fiscal_start_month: int) -> int:
    """The first month, counted from the year 0, of the fiscal year that ends in `year`."""
    return 12 * year + (fiscal_start_month - 1) - (12 if fiscal_start_month > 1 else 0)


def _bounds(day: date, grain: str, fiscal_start_month: int) -> tuple[date, date]:
    """The first day of the period of `grain` around a day, and the day after its last."""
    if grain == "day":
        return day, day + _ONE_DAY
    if grain == "week":
        monday = day - timedelta(days=day.weekday())
        return monday, monday + timedelta(days=7)
    months = 12 * day.year + day.month - 1
    first = months - (months - fiscal_start_month + 1) % _MONTHS[grain]
    return _first_of(first), _first_of(first + _MONTHS[grain])


def _part(period: Period, start_on: date, end_on: date) -> Period:
    """Days of the zone and the fiscal calendar of `period`, whatever their number."""
    return Period(start_on=start_on, end_on=end_on, tz=period.tz, fiscal_start_month=period.fiscal_start_month)


def _whole(day: date, grain: str, tz: str, fiscal_start_month: int) -> Period:
    """The period of `grain` around a day; shorter ones than a quarter are the same in every fiscal calendar."""
    if not _FIRST.year <= day.year < _LAST.year:
        raise InvalidValueError("Period", [Fault("start_on", f"must be from {_FIRST} to the day before {_LAST}", day)])
    start_on, end_on = _bounds(day, grain, fiscal_start_month)
    fiscal = fiscal_start_month if grain in ("quarter", "year") else 1
    return Period(start_on=start_on, end_on=end_on, grain=grain, tz=tz, fiscal_start_month=fiscal)


def _numbers(period: Period) -> tuple[Any, ...]:
    """What the factory methods take: year and number; a year has no number, and days stand for themselves."""
    if period.grain == "day":
        return (period.start_on,)
    if period.grain == "week":
        return period.start_on.isocalendar()[:2]
    if period.grain == "month":
        return period.start_on.year, period.start_on.month
    if period.grain == "custom":
        return period.start_on, period.end_on
    months = 12 * period.start_on.year + period.start_on.month - period.fiscal_start_month
    year = months // 12 + (1 if period.fiscal_start_month > 1 else 0)
    return (year, months % 12 // 3 + 1) if period.grain == "quarter" else (year,)


def _is_day(value: object) -> bool:
    return isinstance(value, date) and not isinstance(value, datetime)


def _faults(period: Period) -> Iterator[Fault]:
    """Everything that is wrong with the fields of a new period."""
    start_on, end_on, grain, first_month = period.start_on, period.end_on, period.grain, period.fiscal_start_month
    sound = True
    for name, day in (("start_on", start_on), ("end_on", end_on)):
        if not _is_day(day) or not _FIRST <= day <= _LAST:
            sound = False
            yield Fault(name, f"must be a date without a time of day, from {_FIRST} to {_LAST}", day)
    if sound and end_on <= start_on:
        sound = False
        yield Fault("end_on", f"must be after 'start_on' {start_on}", end_on)
    if not is_zone(period.tz):
        yield Fault("tz", "must be the key of an IANA time zone such as 'Europe/Paris'", period.tz)
    if type(first_month) is not int or not 1 <= first_month <= 12:
        sound = False
        yield Fault("fiscal_start_month", "must be an int from 1 to 12", first_month)
    if grain not in GRAINS:
        yield Fault("grain", f"must be one of {', '.join(GRAINS)}", grain)
    elif sound and grain in ("day", "week", "month") and first_month != 1:
        yield Fault("fiscal_start_month", f"must be 1 for a {grain}, which every fiscal year shares", first_month)
    elif sound and grain != "custom" and _bounds(start_on, grain, first_month) != (start_on, end_on):
        yield Fault("grain", f"must be 'custom' for {start_on} to {end_on}, which is no whole {grain}", grain)
