"""working_time: the working time between two columns of instants, on any engine, exactly as a calendar tells it.

A table of days tells for each day (of 24 hours, counted from a midnight of the calendar's zone) how much work lies
before it and when it opens and closes, in UTC; so the changes of the clocks are in the table. What is worked at an
instant is what lies before its day, and of each opening of the day what has passed. The day's row is taken by its
number: from the table in memory where the engine holds its data there, which costs no join and keeps the order of the
rows, and by an equality join where it does not.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache, reduce
from typing import Any

import narwhals.stable.v2 as nw
from attrs import frozen

from revops_core.calendars import BusinessCalendar
from revops_core.calendars.civil_days import wall_microseconds
from revops_core.errors import Fault, InvalidValueError
from revops_core.frames.columns import Reading, columns_of, read
from revops_core.frames.engines import DAY, Doubt, Frame, all_hold, engine_of, opened, refuse, small_frame, whole_days
from revops_core.values.checks import Id, require

__all__ = ["any_holds", "with_working_time", "working_time"]

_FIRST_OF_JANUARY = 719_163  # the ordinal of 1970-01-01


def working_time(
    df: Any,
    start: str,
    end: str,
    *,
    calendar: BusinessCalendar,
    name: str = "working_microseconds",
    tz: str | None = None,
) -> Any:
    """The frame with one more column: the working time between two instants of each row, in whole microseconds.

    It is what `calendar.working_time(start, end)` is, to the microsecond: negative where the end lies before the start,
    null where one of the two is missing. A lazy frame stays lazy, and has the column `{name}_problem_count` beside it:
    1 where an instant cannot be read or lies outside the years of the calendar, and the time is null for it.

    Args:
        df: a frame of pandas, polars, PyArrow, DuckDB or PySpark.
        start: the column of the first instants.
        end: the column of the second.
        calendar: whose time counts.
        name: the new column.
        tz: the zone of timestamps without one; of a time shown twice the first is meant.

    Raises:
        MissingColumnsError: there is no such column.
        InvalidValueError: columns that are no timestamps, or have no zone while `tz` is not given; a frame whose data
            lies in memory has instants that cannot be read, with their number.
        CalendarHorizonError: a frame whose data lies in memory has an instant outside the years of the calendar.

    >>> import polars as pl
    >>> from datetime import UTC, datetime
    >>> office = BusinessCalendar("Mo-Fr 09:00-17:00", tz="UTC")
    >>> friday, monday = datetime(2026, 3, 6, 16, tzinfo=UTC), datetime(2026, 3, 9, 10, tzinfo=UTC)
    >>> tickets = pl.DataFrame({"opened": [friday], "solved": [monday]})
    >>> working_time(tickets, "opened", "solved", calendar=office)["working_microseconds"].to_list()
    [7200000000]
    """
    require("working_time", start=(start, Id), end=(end, Id), calendar=(calendar, BusinessCalendar), name=(name, Id))
    frame = opened(df)
    names = frame.collect_schema().names()
    named = columns_of(frame, [("start_at",), ("end_at",)], {"start_at": start, "end_at": end})
    rows = read(frame, named, tz=tz)
    days = [named[field] for field, reading in rows.readings.items() if reading.kind == "day"]
    if days:
        raise InvalidValueError("working_time", [Fault("columns", "must be timestamps, and no days", days)])
    if isinstance(frame, nw.DataFrame):
        refuse(rows.frame, rows.doubts)
    begins, ends = (rows.readings[field] for field in ("start_at", "end_at"))
    timed = with_working_time(rows.frame, begins, ends, calendar, name, in_doubt=any_holds(rows.doubts))
    more = [name] if isinstance(frame, nw.DataFrame) else [name, f"{name}_problem_count"]
    return nw.to_native(timed.select(*(each for each in names if each not in more), *more))


def with_working_time(
    frame: Frame,
    start: Reading,
    end: Reading,
    calendar: BusinessCalendar,
    name: str,
    *,
    in_doubt: nw.Expr,
) -> Frame:
    """The frame with the working time between two readings of instants as the column `name`.

    A lazy frame has the column `{name}_problem_count`, too: 1 where `in_doubt` holds, or there is no such day.
    """
    known = all_hold(start.known, end.known)
    if isinstance(frame, nw.DataFrame):
        held = frame.select(
            revops_start=start.value, revops_end=end.value, **({} if known is None else {"revops_known": known})
        )
        return frame.with_columns(_worked_between(held, calendar, name))
    table = _years_of(calendar)
    numbers = range(len(table.openings))
    days = {"day": list(range(table.first, table.first + len(table.base))), "base": table.base}
    for number, (opens, closes) in enumerate(table.openings):
        days |= {f"opens_{number}": opens, f"closes_{number}": closes}
    small, outside = small_frame(frame, days), in_doubt
    for edge, reading in (("revops_start", start), ("revops_end", end)):
        frame = frame.with_columns(**{edge: reading.value})
        is_outside = (nw.col(edge) < table.low) | (nw.col(edge) > table.high)
        outside = outside | is_outside
        inside = nw.when(is_outside).then(nw.lit(table.low)).otherwise(nw.col(edge))
        frame = frame.with_columns(**{f"{edge}_day": whole_days(inside - table.shift, frame)})
        frame = _joined(frame, small.rename({each: f"{edge}_{each}" for each in days}), f"{edge}_day")
        worked = nw.col(f"{edge}_base")
        for number in numbers:
            worked = worked + nw.col(edge).clip(nw.col(f"{edge}_opens_{number}"), nw.col(f"{edge}_closes_{number}"))
        frame = frame.with_columns(**{f"{edge}_worked": worked})
    is_known = ~outside if known is None else known & ~outside
    problem = outside if known is None else known & outside
    return frame.with_columns(
        **{
            name: nw.when(is_known).then(nw.col("revops_end_worked") - nw.col("revops_start_worked")),
            f"{name}_problem_count": problem.cast(nw.Int64),
        }
    )


def any_holds(doubts: Iterable[Doubt]) -> nw.Expr:
    """Whether a row is in any of these doubts."""
    return reduce(lambda result, doubt: result | doubt[-1], doubts, nw.lit(value=False))


def _joined(frame: Any, days: Any, key: str) -> Frame:
    """The frame with the row of its day beside each row, in its order where the engine has one."""
    if engine_of(frame) == "polars":
        native = nw.to_native(frame).join(nw.to_native(days), on=key, how="left", maintain_order="left")
        return nw.from_native(native)  # type: ignore[no-any-return]
    return frame.join(days, on=key, how="left")  # type: ignore[no-any-return]


def _worked_between(held: nw.DataFrame[Any], calendar: BusinessCalendar, name: str) -> nw.Series[Any]:
    """The working time between the two columns of a frame in memory."""
    has_unknown = "revops_known" in held.columns
    known = held.filter(nw.col("revops_known")) if has_unknown else held
    columns, low, high, table = ("revops_start", "revops_end"), 0, 0, _NO_DAYS
    if len(known):
        low = min(int(known[column].min()) for column in columns)
        high = max(int(known[column].max()) for column in columns)
        table = _days_between(calendar, low, high)
    worked = []
    for column in columns:
        value = held[column]
        if has_unknown:
            value = held.select(nw.when(nw.col("revops_known")).then(nw.col(column)).otherwise(nw.lit(low)))[column]
        day = (value - table.shift) // DAY - table.first
        done = _taken(table.base, day)
        for opens, closes in table.openings:
            done = done + value.clip(_taken(opens, day), _taken(closes, day))
        worked.append(done)
    time = (worked[1] - worked[0]).alias(name)
    if not has_unknown:
        return time
    return held.with_columns(time).select(nw.when(nw.col("revops_known")).then(nw.col(name)).alias(name))[name]


def _taken(column: list[int], places: nw.Series[Any]) -> nw.Series[Any]:
    """The item of a column of the table at each place."""
    series = nw.new_series("taken", column, nw.Int64, backend=places.implementation)
    return series[places]


@frozen(eq=False)
class _Days:
    """The table of days: what is worked at t on day d is base[d] + the sum of t cut to each [opens[d], closes[d]].

    Args:
        shift: when day 0 begins, in microseconds after 1970 in UTC.
        first: the number of the first day.
        low, high: the instants it answers for.
        base: of each day; the work before it, less its openings.
        openings: the first opening of each day and its closing, the second, …; 0 and 0 where a day has fewer.
    """

    shift: int
    first: int
    low: int
    high: int
    base: list[int]
    openings: list[tuple[list[int], list[int]]]


_NO_DAYS = _Days(0, 0, 0, 0, [0], [])


@lru_cache(maxsize=64)
def _years_of(calendar: BusinessCalendar) -> _Days:
    """The table of all years of a calendar."""
    low, high = (
        wall_microseconds(_ordinal(year), 0, calendar.tz) for year in (calendar.first_year, calendar.last_year + 1)
    )
    return _days_between(calendar, low, high)


def _ordinal(year: int) -> int:
    return 365 * (year - 1) + (year - 1) // 4 - (year - 1) // 100 + (year - 1) // 400 + 1


def _days_between(calendar: BusinessCalendar, low: int, high: int) -> _Days:
    """The table of the days from one instant to another."""
    table = calendar.compiled
    table.cover(low, high)  # refuses what lies outside the years
    # Days begin at a midnight of the calendar's zone, so that an office of the day has one opening in each of them.
    shift = wall_microseconds(_ordinal(calendar.first_year), 0, calendar.tz) % DAY
    first, last = ((edge - shift) // DAY for edge in (low, high))
    pieces: list[list[tuple[int, int]]] = [[] for _ in range(last - first + 1)]
    for opens, closes in table.intervals(low, high):
        for day in range((opens - shift) // DAY, (closes - 1 - shift) // DAY + 1):
            begins = day * DAY + shift
            pieces[day - first].append((max(opens, begins), min(closes, begins + DAY)))
    base, total = [], 0
    for spans in pieces:
        base.append(total - sum(opens for opens, _ in spans))
        total += sum(closes - opens for opens, closes in spans)
    most = max(map(len, pieces))
    filled = [[*spans, *[(0, 0)] * (most - len(spans))] for spans in pieces]
    openings = [([day[place][0] for day in filled], [day[place][1] for day in filled]) for place in range(most)]
    return _Days(shift, first, low, high, base, openings)
