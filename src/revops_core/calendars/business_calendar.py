"""BusinessCalendar: when a team works, and arithmetic on its working time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Annotated, Any, Literal, cast
from zoneinfo import ZoneInfo

from attrs import field, frozen

from revops_core.calendars.civil_days import wall_microseconds
from revops_core.calendars.civil_hours import CivilHours
from revops_core.calendars.holidays import DateSource, taken_dates
from revops_core.calendars.opening_hours import OpeningHours, Spans, read_spans, spans_text
from revops_core.calendars.working_time import WorkingTime
from revops_core.errors import CalendarHorizonError, Fault, InvalidValueError
from revops_core.values.checks import AtLeast, Span, require
from revops_core.values.fingerprint import fingerprint_of_parts
from revops_core.values.frozen_map import EMPTY, FrozenMap
from revops_core.values.instants import from_microseconds, to_microseconds
from revops_core.values.interval import Interval
from revops_core.values.zone import is_zone, zone

__all__ = ["ALWAYS_OPEN", "BusinessCalendar"]

_EARLIEST_YEAR, _LATEST_YEAR = 1970, 2200
_MICROSECOND = timedelta(microseconds=1)

DueAt = Literal["close", "next_open"]


def _zone_key(tz: str | ZoneInfo) -> str:
    return tz.key if isinstance(tz, ZoneInfo) else tz


def _as_dates(source: DateSource) -> tuple[date, ...]:
    """`source` as it is: the years of the calendar are needed to take the dates, so the class does that itself."""
    return cast("tuple[date, ...]", source)


def _count_text(days: tuple[date, ...]) -> str:
    return f"<{len(days)} dates>"


def _as_map(overrides: Mapping[date, str] | Mapping[str, str]) -> Mapping[str, str]:
    """`overrides` as it is: the class reads it, so that its faults are reported with the others."""
    return cast("Mapping[str, str]", overrides)


def _as_day(day: date | None) -> date:
    return cast("date", day)


@frozen(cache_hash=True)
class BusinessCalendar:
    """When a team works: weekly hours in a time zone, holidays, and dates with hours of their own.

    Its questions take aware datetimes of any zone and answer in the zone of the first one. Time is what really passes:
    in the night of a change of the clocks a day has 23 or 25 hours, and 9 to 17 has 8 on every day. An open span holds
    its start and not its end.

    Args:
        hours: the week as text, "Mo-Fr 09:00-12:30,13:30-18:00"; see `OpeningHours`. Kept in its regular form.
        tz: the IANA key of the time zone, "Europe/Berlin", or a ZoneInfo; kept as the key.
        holidays: the dates that are closed (or have the hours of "PH"): dates, `HolidayRule`s, or any container of
            dates such as an object of the `holidays` package; taken once, and kept as dates in order.
        overrides: the hours of single dates, "09:00-12:00", or "" for a closed one; keys are dates or their ISO text,
            and kept as text. An override replaces its whole civil date and stands above a holiday.
        name: what people call it.
        version: yours, to tell one revision from another.
        first_year, last_year: the years it answers for, within 1970 to 2200.
        holidays_known_until: the last day for which the holidays are known. By default the end of the year of the last
            date where plain dates are given, else the end of `last_year`.

    Raises:
        InvalidValueError: with every fault of the definition: hours that cannot be read (with the position), an unknown
            zone, holidays or overrides that are no dates, years out of order, a calendar that never opens.

    >>> from datetime import date, datetime, timedelta
    >>> from zoneinfo import ZoneInfo
    >>> berlin = BusinessCalendar("Mo-Fr 09:00-12:30,13:30-18:00", tz="Europe/Berlin", holidays=[date(2026, 5, 1)])
    >>> thursday = datetime(2026, 4, 30, 17, 0, tzinfo=ZoneInfo("Europe/Berlin"))
    >>> berlin.add(thursday, timedelta(hours=2)).isoformat()
    '2026-05-04T10:00:00+02:00'
    """

    hours: str
    tz: str = field(kw_only=True, converter=_zone_key)
    holidays: tuple[date, ...] = field(kw_only=True, default=(), converter=_as_dates, repr=_count_text)
    overrides: Mapping[str, str] = field(kw_only=True, default=EMPTY, converter=_as_map)
    name: str = field(kw_only=True, default="")
    version: str = field(kw_only=True, default="1")
    first_year: int = field(kw_only=True, default=2000)
    last_year: int = field(kw_only=True, default=2050)
    holidays_known_until: date = field(kw_only=True, default=None, converter=_as_day)

    def __attrs_post_init__(self) -> None:
        """Bring every field to its regular form, or refuse with all faults."""
        faults: list[Fault] = []
        settled: dict[str, Any] = {}
        try:
            week = OpeningHours.parse(self.hours)
            settled["hours"] = week.text
        except InvalidValueError as error:
            week = None
            faults.extend(error.faults)
        if not is_zone(self.tz):
            faults.append(Fault("tz", "must be the key of an IANA time zone such as 'Europe/Paris'", self.tz))
        faults.extend(
            Fault(name, "must be a str", value)
            for name, value in (("name", self.name), ("version", self.version))
            if not isinstance(value, str)
        )
        year_faults = self._year_faults()
        faults.extend(year_faults)
        years = (2000, 2000) if year_faults else (self.first_year, self.last_year)
        settled["holidays"], known_until, date_faults = taken_dates(self.holidays, *years)
        faults.extend(date_faults)
        if self.holidays_known_until is None:
            settled["holidays_known_until"] = known_until
        if not isinstance(self.holidays_known_until, date | None) or isinstance(self.holidays_known_until, datetime):
            faults.append(Fault("holidays_known_until", "must be a date or None", self.holidays_known_until))
        spans = _override_spans(self.overrides, faults)
        settled["overrides"] = FrozenMap({day.isoformat(): spans_text(spans[day]) for day in sorted(spans)})
        on_holidays = week is not None and week.on_holidays and settled["holidays"]
        if week and not any(week.days) and not on_holidays and not any(spans.values()):
            faults.append(Fault("hours", "must be open at some time", self.hours))
        if faults:
            raise InvalidValueError("BusinessCalendar", faults)
        for name, value in settled.items():
            object.__setattr__(self, name, value)

    def _year_faults(self) -> list[Fault]:
        years = (("first_year", self.first_year), ("last_year", self.last_year))
        possible = range(_EARLIEST_YEAR, _LATEST_YEAR + 1)
        rule = f"must be a year from {_EARLIEST_YEAR} to {_LATEST_YEAR}"
        faults = [Fault(name, rule, year) for name, year in years if year not in possible]
        if not faults and self.last_year < self.first_year:
            faults.append(Fault("last_year", f"must not be before 'first_year' {self.first_year}", self.last_year))
        return faults

    @property
    def compiled(self) -> WorkingTime:
        """The same calendar on integer microseconds in UTC: take it once where many questions follow."""
        return _compiled(self)

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that are equal where all answers are: of hours, zone, holidays, overrides and years."""
        return _fingerprint(self)

    def is_open(self, at: datetime) -> bool:
        """Whether work goes on at this instant: an opening is open, a closing is not.

        >>> from datetime import UTC, datetime
        >>> ALWAYS_OPEN.is_open(datetime(2026, 3, 1, tzinfo=UTC))
        True
        """
        return _compiled(self).is_open(_instant("is_open", "at", at))

    def next_open(self, at: datetime) -> datetime:
        """The earliest instant from `at` that is open: `at` itself where it is.

        Raises:
            CalendarHorizonError: it does not open again in its years.
        """
        return _written(_compiled(self).next_open(_instant("next_open", "at", at)), at)

    def next_close(self, at: datetime) -> datetime:
        """The earliest instant after `at` at which it closes: today's close, or of the next opening where it is closed.

        Raises:
            CalendarHorizonError: it does not close again in its years, as a calendar that is always open.
        """
        return _written(_compiled(self).next_close(_instant("next_close", "at", at)), at)

    def working_time(self, start: datetime, end: datetime) -> timedelta:
        """The open time between two instants, negative where `end` lies before `start`.

        So `working_time(a, b) + working_time(b, c) == working_time(a, c)` in any order.

        >>> from datetime import UTC, datetime
        >>> office = BusinessCalendar("Mo-Fr 09:00-17:00", tz="UTC")
        >>> office.working_time(datetime(2026, 3, 6, 16, tzinfo=UTC), datetime(2026, 3, 9, 10, tzinfo=UTC))
        datetime.timedelta(seconds=7200)
        """
        a, b = _instant("working_time", "start", start), _instant("working_time", "end", end)
        return timedelta(microseconds=_compiled(self).open_between(a, b))

    def add(self, start: datetime, span: timedelta, *, due_at: DueAt = "close") -> datetime:
        """The instant at which `span` of open time has passed since `start`.

        Args:
            start: aware datetime; where it is closed, the time runs from the next opening.
            span: open time, not negative; zero gives `start` itself.
            due_at: where the time is used up exactly at a closing: that "close", or the "next_open" (always an open
                instant, also for a span of zero).

        Raises:
            InvalidValueError: a naive datetime, a negative span, an unknown `due_at`.
            CalendarHorizonError: the answer lies after the years of the calendar.

        >>> from datetime import UTC, datetime, timedelta
        >>> office = BusinessCalendar("Mo-Fr 09:00-17:00", tz="UTC")
        >>> friday = datetime(2026, 3, 6, 9, tzinfo=UTC)
        >>> office.add(friday, timedelta(hours=8)).isoformat()
        '2026-03-06T17:00:00+00:00'
        >>> office.add(friday, timedelta(hours=8), due_at="next_open").isoformat()
        '2026-03-09T09:00:00+00:00'
        """
        table, n = _compiled(self), _span("add", span)
        due = table.add(_instant("add", "start", start), n)
        if due_at != "close":
            _require_choice("add", due_at, ("close", "next_open"))
            due = table.next_open(due)
        return _written(due, start)

    def subtract(self, end: datetime, span: timedelta) -> datetime:
        """The latest instant from which `span` of open time passes until `end`; zero gives `end` itself.

        Where that is exactly the time since an opening, it is the opening and not the close before it.

        Raises:
            InvalidValueError: a naive datetime or a negative span.
            CalendarHorizonError: the answer lies before the years of the calendar.

        >>> from datetime import UTC, datetime, timedelta
        >>> office = BusinessCalendar("Mo-Fr 09:00-17:00", tz="UTC")
        >>> office.subtract(datetime(2026, 3, 6, 17, tzinfo=UTC), timedelta(hours=8)).isoformat()
        '2026-03-06T09:00:00+00:00'
        """
        n = _span("subtract", span)
        return _written(_compiled(self).subtract(_instant("subtract", "end", end), n), end)

    def intervals(self, start: datetime, end: datetime) -> tuple[Interval, ...]:
        """The open spans between two instants, in order and cut at both; their durations sum to the working time.

        Raises:
            InvalidValueError: a naive datetime, or an end before the start.
        """
        a, b = _instant("intervals", "start", start), _instant("intervals", "end", end)
        if b < a:
            raise InvalidValueError("intervals", [Fault("end", f"must not be before 'start' {start}", end)])
        spans = _compiled(self).intervals(a, b)
        return tuple(Interval(_written(opening, start), _written(closing, start)) for opening, closing in spans)

    def working_time_many(self, starts: Iterable[datetime], ends: Iterable[datetime]) -> list[timedelta]:
        """`working_time` of each pair, in order.

        Raises:
            ValueError: one of the two is longer.
        """
        open_between, verb = _compiled(self).open_between, "working_time_many"
        return [
            timedelta(microseconds=open_between(_instant(verb, "starts", start), _instant(verb, "ends", end)))
            for start, end in zip(starts, ends, strict=True)
        ]

    def add_many(self, starts: Iterable[datetime], span: timedelta, *, due_at: DueAt = "close") -> list[datetime]:
        """`add` of one span to each of `starts`, in order."""
        return [self.add(start, span, due_at=due_at) for start in starts]

    def is_business_day(self, day: date) -> bool:
        """Whether it is open for any time on this civil date of its zone."""
        return self.open_time_on(day) > timedelta(0)

    def open_time_on(self, day: date) -> timedelta:
        """The open time of one civil date of its zone; none on a date that the zone skipped."""
        require("open_time_on", day=(day, date))
        return timedelta(microseconds=_compiled(self).open_between(*_bounds(self, day.toordinal())))

    def add_business_days(
        self, start: datetime, count: int, *, due_at: Literal["close", "same_time"] = "close"
    ) -> datetime:
        """The close of the `count`-th open date after the date of `start`; 3 business days are not 24 working hours.

        Dates are those of the calendar's zone, and an open date is one with any open time. From Friday, Saturday and
        Sunday alike one business day ends on Monday, whatever the time of day.

        Args:
            start: aware datetime.
            count: 1 or more.
            due_at: the last "close" of that date (24:00 where it is open past midnight), or the "same_time" of day as
                `start`, also where that is closed.

        >>> from datetime import UTC, datetime
        >>> office = BusinessCalendar("Mo-Fr 09:00-17:00", tz="UTC")
        >>> office.add_business_days(datetime(2026, 3, 6, 11, tzinfo=UTC), 3).isoformat()
        '2026-03-11T17:00:00+00:00'
        """
        require("add_business_days", count=(count, _DayCount))
        _require_choice("add_business_days", due_at, ("close", "same_time"))
        at = from_microseconds(_instant("add_business_days", "start", start), zone(self.tz))
        day = _nth_open_day(self, at.date(), count)
        if due_at == "close":
            return _written(_compiled(self).intervals(*_bounds(self, day))[-1][1], start)
        wall = datetime.combine(date.fromordinal(day), at.time(), zone(self.tz))
        return _written(to_microseconds(wall.astimezone(UTC)), start)


_DayCount = Annotated[int, AtLeast(1)]


@lru_cache(maxsize=1024)
def _compiled(calendar: BusinessCalendar) -> WorkingTime:
    """The table of a calendar, kept outside it: the value stays plain, and tables that nobody asks any more go."""
    overrides = {date.fromisoformat(day): read_spans(text) for day, text in calendar.overrides.items()}
    hours = CivilHours(OpeningHours.parse(calendar.hours), calendar.holidays, overrides)
    return WorkingTime(hours, calendar.tz, calendar.first_year, calendar.last_year)


@lru_cache(maxsize=1024)
def _fingerprint(calendar: BusinessCalendar) -> str:
    overrides = (f"{day} {hours}" for day, hours in calendar.overrides.items())
    years = (calendar.first_year, calendar.last_year)
    return fingerprint_of_parts(calendar.hours, calendar.tz, *years, *map(str, calendar.holidays), *overrides)


@lru_cache(maxsize=4096)
def _open_days(calendar: BusinessCalendar, year: int) -> tuple[int, ...]:
    """The ordinals of the open dates of a year."""
    days = range(date(year, 1, 1).toordinal(), date(year + 1, 1, 1).toordinal())
    open_between = _compiled(calendar).open_between
    return tuple(day for day in days if open_between(*_bounds(calendar, day)))


def _nth_open_day(calendar: BusinessCalendar, day: date, count: int) -> int:
    """The ordinal of the `count`-th open date after `day`."""
    passed = bisect_right(_open_days(calendar, day.year), day.toordinal())
    for year in range(day.year, calendar.last_year + 1):
        days = _open_days(calendar, year)
        if passed + count <= len(days):
            return days[passed + count - 1]
        count -= len(days) - passed
        passed = 0
    raise CalendarHorizonError(day, calendar.first_year, calendar.last_year)


def _bounds(calendar: BusinessCalendar, day: int) -> tuple[int, int]:
    return wall_microseconds(day, 0, calendar.tz), wall_microseconds(day + 1, 0, calendar.tz)


def _instant(verb: str, name: str, at: datetime) -> int:
    try:
        return to_microseconds(at)
    except (TypeError, AttributeError):
        raise InvalidValueError(verb, [Fault(name, "must be an aware datetime: one with a time zone", at)]) from None


def _span(verb: str, span: timedelta) -> int:
    require(verb, span=(span, Span))
    return span // _MICROSECOND


def _written(microseconds: int, like: datetime) -> datetime:
    """An instant in the zone of `like`."""
    return from_microseconds(microseconds, cast("tzinfo", like.tzinfo))


def _require_choice(verb: str, due_at: str, choices: tuple[str, ...]) -> None:
    if due_at not in choices:
        raise InvalidValueError(verb, [Fault("due_at", f"must be one of {', '.join(choices)}", due_at)])


def _override_spans(overrides: Mapping[str, str], faults: list[Fault]) -> dict[date, Spans]:
    """The spans of each date that `overrides` names; what cannot be read goes to `faults`."""
    found: dict[date, Spans] = {}
    if not isinstance(overrides, Mapping):
        faults.append(Fault("overrides", "must be a mapping of dates to hours", overrides))
        return found
    for key, text in overrides.items():
        path = f"overrides[{key}]"
        day = _date_of(key)
        if day is None:
            faults.append(Fault(path, "must have a date or its ISO text as key", key))
        elif day in found:
            faults.append(Fault(path, "must not name a date twice", key))
        else:
            found[day] = ()
            try:
                found[day] = read_spans(text)
            except InvalidValueError as error:
                faults.extend(Fault(path, fault.rule, fault.value) for fault in error.faults)
    return found


def _date_of(key: object) -> date | None:
    if isinstance(key, datetime):
        return None
    if isinstance(key, date):
        return key
    try:
        return date.fromisoformat(cast("str", key))
    except (TypeError, ValueError):
        return None


ALWAYS_OPEN = BusinessCalendar("24/7", tz="UTC", name="always open")
"""The calendar that never closes: working time is the time that passes."""
