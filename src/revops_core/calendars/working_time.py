"""Working time: the compiled form of a calendar, on integer microseconds since 1970 in UTC.

A calendar is a monotone map from wall time to working time: `worked(t)` is how much of the time before `t` was open.
All questions are a look-up in a prefix sum and one in its inverse, so the cost does not depend on the span:
the open time between two instants is a difference, a due date is the inverse of a sum.

Three tuples hold the table: where each open stretch starts, the working time at its end, and the shift from wall to
working time inside it. The functions are closures over the tuples, as attributes would cost a third more.
A table begins with the years asked for and grows by whole years, up to the horizon of its calendar; a function that
was taken before the table grew stays right, as it hands on what lies outside its years.
"""

# ruff: noqa: FURB136, PLR1730 - a comparison costs a third of a call of min, and these lines are the library's hottest

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from datetime import date
from itertools import chain, pairwise
from threading import Lock

from revops_core.calendars.civil_days import DAY, MINUTE, CivilHours, midnights, wall_microseconds
from revops_core.calendars.opening_hours import united
from revops_core.errors import CalendarHorizonError, Fault, InvalidValueError
from revops_core.values.instants import from_microseconds

__all__ = ["WorkingTime"]

_WRITABLE = range(-62_000_000_000_000_000, 250_000_000_000_000_000)
"""Instants that can be written as a datetime: the years 5 to 9892."""


class WorkingTime:
    """The table of one calendar and the functions over it; every instant is an int of microseconds in UTC.

    Take the functions you need once and call them many times: `table = calendar.compiled; add = table.add`.

    Attributes:
        open_between: `(a, b)` the open time from a to b, negative where b lies before a.
        add: `(t, n)` the earliest instant from t with n of open time between; t itself for n = 0.
        subtract: `(t, n)` the latest instant up to t with n of open time between; t itself for n = 0.
        is_open: `(t)` whether t lies in an open stretch.
        next_open: `(t)` the earliest open instant from t; t itself where it is open.
        next_close: `(t)` the earliest end of an open stretch after t.
        worked: `(t)` the working time at t from a fixed but arbitrary start: only differences have a meaning,
            and only between answers of one table.
        intervals: `(a, b)` the open stretches inside `[a, b)` in order, cut at both ends.

    Each raises `CalendarHorizonError` where the answer lies outside the years of the calendar; `add` and `subtract`
    raise `InvalidValueError` for a negative n.

    >>> from revops_core.calendars import BusinessCalendar
    >>> table = BusinessCalendar("Mo-Fr 09:00-17:00", tz="UTC").compiled
    >>> table.add(1_780_300_800_000_000, 3_600_000_000)  # an hour of work from Monday 2026-06-01 08:00
    1780308000000000
    """

    __slots__ = (
        *("_first", "_gaps", "_hours", "_last", "_lock", "_starts", "_totals", "_tz", "_years"),
        *("add", "intervals", "is_open", "next_close", "next_open", "open_between", "subtract", "worked"),
    )

    open_between: Callable[[int, int], int]
    add: Callable[[int, int], int]
    subtract: Callable[[int, int], int]
    is_open: Callable[[int], bool]
    next_open: Callable[[int], int]
    next_close: Callable[[int], int]
    worked: Callable[[int], int]
    intervals: Callable[[int, int], list[tuple[int, int]]]

    def __init__(self, hours: CivilHours, tz: str, first_year: int, last_year: int) -> None:
        self._hours, self._tz = hours, tz
        self._first, self._last = first_year, last_year
        self._lock = Lock()
        # No year yet: every instant lies outside and makes the table grow.
        self._years = range(0)
        self._starts: tuple[int, ...] = ()
        self._totals: tuple[int, ...] = (0,)
        self._gaps: tuple[int, ...] = (0,)
        self._bind(0, -1)

    def __reduce__(self) -> tuple[type, tuple[CivilHours, str, int, int]]:
        """As what it was made from: the table grows anew where it is loaded."""
        return WorkingTime, (self._hours, self._tz, self._first, self._last)

    def cover(self, *instants: int) -> None:
        """Grow the table by the years up to each of `instants`.

        Raises:
            CalendarHorizonError: an instant lies before the first year of the calendar or after the last.
        """
        for t in instants:
            if not self._start_of(self._first) <= t <= self._start_of(self._last + 1):
                raise self._outside(t)
            year = from_microseconds(t).year
            year += (t >= self._start_of(year + 1)) - (t < self._start_of(year))  # as the calendar's zone counts
            year = min(year, self._last)
            with self._lock:
                years = self._years or range(year, year + 1)
                self._grow(min(year, years[0]), max(year, years[-1]))

    def _search(self, t: int, known: range, *, later: bool) -> None:
        """Grow the table to twice its years for an answer that lies `later`, or earlier; it began at t."""
        with self._lock:
            years = self._years
            if years != known:
                return  # the function that searched is older than the table
            first = years[0] if later else max(self._first, years[0] - len(years))
            last = min(self._last, years[-1] + len(years)) if later else years[-1]
            if last - first + 1 == len(years):
                raise self._outside(t)
            self._grow(first, last)

    def _outside(self, t: int) -> CalendarHorizonError:
        return CalendarHorizonError(from_microseconds(t) if t in _WRITABLE else None, self._first, self._last)

    def _start_of(self, year: int) -> int:
        return wall_microseconds(date(year, 1, 1).toordinal(), 0, self._tz)

    def _grow(self, first: int, last: int) -> None:
        """Compile the years from `first` to `last` that the table lacks; the working time of an instant stays."""
        years = self._years or range(first, first)
        if first == years.start and last == years.stop - 1:
            return
        held = ((start, self._totals[i] - self._gaps[i]) for i, start in enumerate(self._starts, 1))
        before = united(chain.from_iterable(map(self._stretches, range(first, years.start))))
        after = chain.from_iterable(map(self._stretches, range(years.stop, last + 1)))
        low, high = midnights(first, self._tz)[0], midnights(last, self._tz)[-1]
        total = self._totals[0] - sum(end - start for start, end in before)
        starts, totals, gaps = [], [total], [total - low]  # entry 0 of the two stands for "before all stretches"
        for start, end in united(chain(before, held, after)):
            starts.append(start)
            gaps.append(total - start)
            total += end - start
            totals.append(total)
        self._years = range(first, last + 1)
        self._starts, self._totals, self._gaps = tuple(starts), tuple(totals), tuple(gaps)
        self._bind(low, high)

    def _stretches(self, year: int) -> Iterator[tuple[int, int]]:
        """The open stretches of `year` as instants; in the night of a change of the clocks one by one."""
        day = date(year, 1, 1).toordinal()
        for midnight, next_midnight in pairwise(midnights(year, self._tz)):
            spans = self._hours.on(day)
            if next_midnight - midnight == DAY:
                for start, end in spans:
                    yield midnight + start * MINUTE, midnight + end * MINUTE
            else:
                for start, end in spans:
                    closes = wall_microseconds(day, end, self._tz)  # in a gap that ends at midnight: the next date
                    yield wall_microseconds(day, start, self._tz), min(closes, next_midnight)
            day += 1

    def _bind(self, low: int, high: int) -> None:
        """Make the functions over the table as it stands, which holds the instants from `low` to `high`."""
        starts, totals, gaps = self._starts, self._totals, self._gaps
        years, size = self._years, len(starts)

        def worked(t: int) -> int:
            if low <= t <= high:
                i = bisect_right(starts, t)
                done, total = t + gaps[i], totals[i]
                return done if done < total else total
            self.cover(t)
            return self.worked(t)

        def open_between(a: int, b: int) -> int:
            if a > b:
                return -open_between(b, a)
            if low <= a and b <= high:
                i = bisect_right(starts, a)
                before, total = a + gaps[i], totals[i]
                if before > total:
                    before = total
                i = bisect_right(starts, b, i)
                done, total = b + gaps[i], totals[i]
                return (done if done < total else total) - before
            self.cover(a, b)
            return self.open_between(a, b)

        def add(t: int, n: int) -> int:
            if n <= 0:
                return _unmoved("add", t, n)
            if low <= t <= high:
                i = bisect_right(starts, t)
                done, total = t + gaps[i], totals[i]
                done = (done if done < total else total) + n
                i = bisect_left(totals, done, i)
                if i <= size:
                    return done - gaps[i]
                self._search(t, years, later=True)
            else:
                self.cover(t)
            return self.add(t, n)

        def subtract(t: int, n: int) -> int:
            if n <= 0:
                return _unmoved("subtract", t, n)
            if low <= t <= high:
                i = bisect_right(starts, t)
                done, total = t + gaps[i], totals[i]
                done = (done if done < total else total) - n
                i = bisect_right(totals, done, 0, i)
                if i:
                    return done - gaps[i]
                self._search(t, years, later=False)
            else:
                self.cover(t)
            return self.subtract(t, n)

        def is_open(t: int) -> bool:
            if low <= t < high:
                i = bisect_right(starts, t)
                return t + gaps[i] < totals[i]
            self.cover(t, t + 1)
            return self.is_open(t)

        def next_open(t: int) -> int:
            if low <= t < high:
                i = bisect_right(starts, t)
                if t + gaps[i] < totals[i]:
                    return t
                if i < size:
                    return starts[i]
                self._search(t, years, later=True)
            else:
                self.cover(t, t + 1)
            return self.next_open(t)

        def next_close(t: int) -> int:
            if low <= t < high:
                i = bisect_right(starts, t)
                if t + gaps[i] >= totals[i]:
                    i += 1
                if i <= size and (end := totals[i] - gaps[i]) < high:
                    return end
                self._search(t, years, later=True)
            else:
                self.cover(t, t + 1)
            return self.next_close(t)

        def intervals(a: int, b: int) -> list[tuple[int, int]]:
            if low <= a and b <= high:
                found = []
                for i in range(max(bisect_right(starts, a), 1), bisect_left(starts, b) + 1):
                    start, end = max(a, starts[i - 1]), min(b, totals[i] - gaps[i])
                    if start < end:
                        found.append((start, end))
                return found
            self.cover(a, b)
            return self.intervals(a, b)

        self.worked, self.open_between, self.add, self.subtract = worked, open_between, add, subtract
        self.is_open, self.next_open, self.next_close, self.intervals = is_open, next_open, next_close, intervals


def _unmoved(verb: str, t: int, n: int) -> int:
    """The instant t for an n of zero; a negative n is refused."""
    if n < 0:
        raise InvalidValueError(f"WorkingTime.{verb}", [Fault("n", "must not be negative; use the opposite verb", n)])
    return t
