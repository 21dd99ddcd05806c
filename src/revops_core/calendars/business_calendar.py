"""BusinessCalendar: when a team works, and arithmetic on its working time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, lru_cache
from typing import Annotated, Literal, TypeVar, cast
from zoneinfo import ZoneInfo

from attrs import field, fields, frozen

from revops_core.calendars.calendar_definition import regular_form
from revops_core.calendars.civil_days import DAY, CivilHours, wall_microseconds
from revops_core.calendars.holidays import DateSource
from revops_core.calendars.opening_hours import OpeningHours, read_spans
from revops_core.calendars.working_time import WorkingTime
from revops_core.errors import CalendarHorizonError, Fault, InvalidValueError
from revops_core.values.checks import AtLeast, require
from revops_core.values.fingerprint import fingerprint_of_parts
from revops_core.values.frozen_map import EMPTY, FrozenMap
from revops_core.values.instants import from_microseconds, to_microseconds
from revops_core.values.interval import Interval
from revops_core.values.zone import zone

__all__ = ["ALWAYS_OPEN", "BusinessCalendar"]

_MICROSECOND, _NOTHING = timedelta(microseconds=1), timedelta(0)
_EPOCH = from_microseconds(0)
T = TypeVar("T")
DueAt = Literal["close", "next_open"]
_DayEnd = Literal["close", "same_time"]
_DayCount = Annotated[int, AtLeast(1)]


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
            date, or the end of `last_year` where there are rules or no holidays at all.

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
    overrides: Mapping[str, str] = field(kw_only=True, default=cast("Mapping[str, str]", EMPTY), converter=_as_map)
    name: str = field(kw_only=True, default="")
    version: str = field(kw_only=True, default="1")
    first_year: int = field(kw_only=True, default=2000)
    last_year: int = field(kw_only=True, default=2050)
    holidays_known_until: date = field(kw_only=True, default=None, converter=_as_day)

    def __attrs_post_init__(self) -> None:
        """Bring every field to its regular form, or refuse with all faults."""
        given = {attribute.name: getattr(self, attribute.name) for attribute in fields(BusinessCalendar)}
        for name, value in regular_form(given).items():
            object.__setattr__(self, name, value)

    @property
    def compiled(self) -> WorkingTime:
        """The same calendar on integer microseconds in UTC: take it once where many questions follow."""
        return self._table

    @cached_property
    def _table(self) -> WorkingTime:
        return _compiled(self)  # kept here too: to look it up by value costs as much as the answer

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that are equal where all answers are: of hours, zone, holidays, overrides and years."""
        overrides = map(" ".join, self.overrides.items())
        years = (self.first_year, self.last_year)
        return fingerprint_of_parts(self.hours, self.tz, *years, *map(str, self.holidays), *overrides)

    def is_open(self, at: datetime) -> bool:
        """Whether work goes on at this instant: an opening is open, a closing is not.

        >>> from datetime import UTC, datetime
        >>> ALWAYS_OPEN.is_open(datetime(2026, 3, 1, tzinfo=UTC))
        True
        """
        table = self._table
        try:
            return table.is_open(to_microseconds(at))
        except (TypeError, AttributeError):
            raise _refusal("is_open", {"at": at}) from None

    def next_open(self, at: datetime) -> datetime:
        """The earliest instant from `at` that is open: `at` itself where it is.

        Raises:
            CalendarHorizonError: it does not open again in its years.
        """
        return _moved("next_open", self._table.next_open, at)

    def next_close(self, at: datetime) -> datetime:
        """The earliest instant after `at` at which it closes: today's close, or of the next opening where it is closed.

        Raises:
            CalendarHorizonError: it does not close again in its years, as a calendar that is always open.
        """
        return _moved("next_close", self._table.next_close, at)

    def working_time(self, start: datetime, end: datetime) -> timedelta:
        """The open time between two instants, negative where `end` lies before `start`.

        So `working_time(a, b) + working_time(b, c) == working_time(a, c)` in any order.

        >>> from datetime import UTC, datetime
        >>> office = BusinessCalendar("Mo-Fr 09:00-17:00", tz="UTC")
        >>> office.working_time(datetime(2026, 3, 6, 16, tzinfo=UTC), datetime(2026, 3, 9, 10, tzinfo=UTC))
        datetime.timedelta(seconds=7200)
        """
        open_between = self._table.open_between
        try:
            a, b = start - _EPOCH, end - _EPOCH  # `to_microseconds` twice, without its calls: the question asked most
            return _MICROSECOND * open_between(
                a.days * DAY + a.seconds * 1_000_000 + a.microseconds,
                b.days * DAY + b.seconds * 1_000_000 + b.microseconds,
            )
        except (TypeError, AttributeError):
            raise _refusal("working_time", {"start": start, "end": end}) from None

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
        add = self._table.add
        try:
            t = start - _EPOCH  # `to_microseconds` without its call, as above
            n = span.days * DAY + span.seconds * 1_000_000 + span.microseconds
            due = add(t.days * DAY + t.seconds * 1_000_000 + t.microseconds, n)
            if due_at == "close":
                return from_microseconds(due, start.tzinfo or UTC)
            if due_at == "next_open":
                return from_microseconds(self._table.next_open(due), start.tzinfo or UTC)
        except (TypeError, AttributeError, InvalidValueError):
            pass  # told below, with all else that is wrong
        raise _refusal("add", {"start": start}, {"span": span}, due_at)

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
        table = self._table
        try:
            n = (span.days * 86_400 + span.seconds) * 1_000_000 + span.microseconds
            return from_microseconds(table.subtract(to_microseconds(end), n), end.tzinfo or UTC)
        except (TypeError, AttributeError, InvalidValueError):
            raise _refusal("subtract", {"end": end}, {"span": span}) from None

    def intervals(self, start: datetime, end: datetime) -> tuple[Interval, ...]:
        """The open spans between two instants, in order and cut at both; their durations sum to the working time.

        Raises:
            InvalidValueError: a naive datetime, or an end before the start.
        """
        try:
            a, b = to_microseconds(start), to_microseconds(end)
        except (TypeError, AttributeError):
            raise _refusal("intervals", {"start": start, "end": end}) from None
        if b < a:
            raise InvalidValueError("intervals", [Fault("end", f"must not be before 'start' {start}", end)])
        spans = self._table.intervals(a, b)
        return tuple(Interval(_written(opening, start), _written(closing, start)) for opening, closing in spans)

    def working_time_many(self, starts: Iterable[datetime], ends: Iterable[datetime]) -> list[timedelta]:
        """`working_time` of each pair, in order.

        Raises:
            InvalidValueError: with every datetime that is naive and its place, or where one of the two is longer.
        """
        starts, ends, open_between = tuple(starts), tuple(ends), self._table.open_between
        _refuse_uneven("working_time_many", starts, "ends", ends)
        try:
            pairs = zip(map(to_microseconds, starts), map(to_microseconds, ends), strict=True)
            return [open_between(start, end) * _MICROSECOND for start, end in pairs]
        except (TypeError, AttributeError):
            raise _refusal("working_time_many", _numbered("starts", starts) | _numbered("ends", ends)) from None

    def add_many(
        self, starts: Iterable[datetime], spans: timedelta | Iterable[timedelta], *, due_at: DueAt = "close"
    ) -> list[datetime]:
        """`add` of a span to each of `starts`, in order: of one span for all, or of one for each.

        Raises:
            InvalidValueError: with the place of every argument that `add` refuses, or where they are not as many.

        >>> from datetime import UTC, datetime, timedelta
        >>> office = BusinessCalendar("Mo-Fr 09:00-17:00", tz="UTC")
        >>> nine, hour = datetime(2026, 3, 6, 9, tzinfo=UTC), timedelta(hours=1)
        >>> [due.hour for due in office.add_many([nine, nine], [hour, 4 * hour])]
        [10, 13]
        """
        starts = tuple(starts)
        each = (spans,) * len(starts) if isinstance(spans, timedelta) else tuple(spans)
        _refuse_uneven("add_many", starts, "spans", each)
        try:
            return [self.add(start, span, due_at=due_at) for start, span in zip(starts, each, strict=True)]
        except InvalidValueError:
            raise _refusal("add_many", _numbered("starts", starts), _numbered("spans", each), due_at) from None

    def is_business_day(self, day: date) -> bool:
        """Whether the calendar is open for any time on this civil date of its zone."""
        return self.open_time_on(day) > _NOTHING

    def open_time_on(self, day: date) -> timedelta:
        """The open time of one civil date of its zone; none on a date that the zone skipped.

        Raises:
            CalendarHorizonError: a date outside the years of the calendar.
        """
        require("open_time_on", day=(day, date))
        if self.first_year <= day.year <= self.last_year:
            return self._table.open_between(*_bounds(self, day.toordinal())) * _MICROSECOND
        raise CalendarHorizonError(day, self.first_year, self.last_year)

    def add_business_days(self, start: datetime, count: int, *, due_at: _DayEnd = "close") -> datetime:
        """The close of the `count`-th open date after the date of `start`; 3 business days are not 24 working hours.

        Dates are those of the calendar's zone, and an open date is one with any open time. From Friday, Saturday and
        Sunday alike one business day ends on Monday, whatever the time of day.

        Args:
            start: aware datetime.
            count: 1 or more.
            due_at: the last "close" of that date (24:00 where it is open past midnight), or the "same_time" of day as
                `start`, also where that is closed.

        Raises:
            InvalidValueError: a naive datetime, a count below 1, an unknown `due_at`.
            CalendarHorizonError: the date lies after the years of the calendar.

        >>> from datetime import UTC, datetime
        >>> office = BusinessCalendar("Mo-Fr 09:00-17:00", tz="UTC")
        >>> office.add_business_days(datetime(2026, 3, 6, 11, tzinfo=UTC), 3).isoformat()
        '2026-03-11T17:00:00+00:00'
        """
        require("add_business_days", start=(start, datetime), count=(count, _DayCount), due_at=(due_at, _DayEnd))
        try:
            t = to_microseconds(start)
        except TypeError:
            raise _refusal("add_business_days", {"start": start}) from None
        self._table.worked(t)  # refuses what lies outside the years, where a zone may have no dates at all
        at = from_microseconds(t, zone(self.tz))
        day = _nth_open_day(self, at.date(), count)
        if due_at == "close":
            return _written(self._table.intervals(*_bounds(self, day))[-1][1], start)
        wall = datetime.combine(date.fromordinal(day), at.time(), zone(self.tz))
        return _written(to_microseconds(wall.astimezone(UTC)), start)


@lru_cache(maxsize=1024)
def _compiled(calendar: BusinessCalendar) -> WorkingTime:
    """The table of a calendar, kept outside it: the value stays plain, and equal calendars share one."""
    overrides = {date.fromisoformat(day): read_spans(text) for day, text in calendar.overrides.items()}
    hours = CivilHours(OpeningHours.parse(calendar.hours), calendar.holidays, overrides)
    return WorkingTime(hours, calendar.tz, calendar.first_year, calendar.last_year)


@lru_cache(maxsize=4096)
def _open_days(calendar: BusinessCalendar, year: int) -> tuple[int, ...]:
    """The ordinals of the open dates of a year."""
    days = range(date(year, 1, 1).toordinal(), date(year + 1, 1, 1).toordinal())
    open_between = calendar.compiled.open_between
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


def _moved(verb: str, question: Callable[[int], int], at: datetime) -> datetime:
    """The instant that a question of one instant answers, in the zone of that."""
    try:
        return from_microseconds(question(to_microseconds(at)), at.tzinfo or UTC)
    except (TypeError, AttributeError):
        raise _refusal(verb, {"at": at}) from None


def _refusal(
    verb: str, instants: Mapping[str, datetime], spans: Mapping[str, timedelta] = FrozenMap(), due_at: DueAt = "close"
) -> InvalidValueError:
    """The error for arguments that have no answer, with all their faults: looked for only now, to keep answers fast."""
    faults = [
        Fault(name, "must be an aware datetime: one with a time zone", at)
        for name, at in instants.items()
        if not isinstance(at, datetime) or at.utcoffset() is None
    ]
    wrong = {name: span for name, span in spans.items() if not isinstance(span, timedelta) or span < _NOTHING}
    faults += [Fault(name, "must be a timedelta of at least 0", span) for name, span in wrong.items()]
    if due_at not in ("close", "next_open"):
        faults.append(Fault("due_at", "must be one of 'close', 'next_open'", due_at))
    return InvalidValueError(verb, faults)


def _refuse_uneven(verb: str, starts: tuple[object, ...], name: str, others: tuple[object, ...]) -> None:
    if len(others) != len(starts):
        raise InvalidValueError(verb, [Fault(name, f"must be as many as the {len(starts)} 'starts'", len(others))])


def _numbered(name: str, items: Iterable[T]) -> dict[str, T]:
    return {f"{name}[{place}]": item for place, item in enumerate(items)}


def _written(microseconds: int, like: datetime) -> datetime:
    """An instant in the zone of `like`."""
    return from_microseconds(microseconds, like.tzinfo or UTC)


ALWAYS_OPEN = BusinessCalendar("24/7", tz="UTC", name="always open")
"""The calendar that never closes: working time is the time that passes."""
