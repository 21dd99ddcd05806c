"""working_time: the working time between two columns of instants, on any engine, exactly as a calendar tells it.

A table of days tells for each day (of 24 hours, counted from a midnight of the calendar's zone) how much work lies
before it and when it opens and closes, in UTC; so the changes of the clocks are in the table. What is worked at an
instant is what lies before its day, and of each opening of the day what has passed. The day's row is taken by its
number: from the table in memory where the engine holds its data there, which costs no join and keeps the order of the
rows, and by an equality join where it does not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from functools import lru_cache, reduce
from itertools import accumulate
from typing import Any

import narwhals.stable.v2 as nw
from attrs import frozen

from revops_core.calendars import BusinessCalendar
from revops_core.calendars.civil_days import wall_microseconds
from revops_core.errors import Fault, InvalidValueError
from revops_core.frames.columns import Reading, columns_of, read
from revops_core.frames.engines import DAY, Doubt, all_hold, engine_of, opened, refuse, small_frame, whole_days
from revops_core.values.checks import Id, require

__all__ = ["any_holds", "with_working_time", "working_time"]


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
    frame, count = opened(df), f"{name}_problem_count"
    names = [each for each in frame.collect_schema().names() if each not in {name, count}]
    rows = read(frame, columns_of(frame, [("start_at",), ("end_at",)], {"start_at": start, "end_at": end}), tz=tz)
    begins, ends = rows.readings["start_at"], rows.readings["end_at"]
    if "day" in {begins.kind, ends.kind}:
        raise InvalidValueError("working_time", [Fault("columns", "must be timestamps, and no days", (start, end))])
    is_lazy = isinstance(frame, nw.LazyFrame)
    if not is_lazy:
        refuse(rows.frame, rows.doubts)
    timed = with_working_time(rows.frame, begins, ends, calendar, name, in_doubt=any_holds(rows.doubts))
    return nw.to_native(timed.select(*names, name, *([count] if is_lazy else [])))


def any_holds(doubts: Iterable[Doubt]) -> nw.Expr:
    """Whether a row is in any of these doubts."""
    return reduce(lambda result, doubt: result | doubt[-1], doubts, nw.lit(value=False))


def with_working_time(
    frame: Any, start: Reading, end: Reading, calendar: BusinessCalendar, name: str, *, in_doubt: nw.Expr
) -> Any:
    """The frame with the working time between two readings of instants as the column `name`.

    A lazy frame has the column `{name}_problem_count`, too: 1 where `in_doubt` holds, or there is no such day.
    """
    known, edges = all_hold(start.known, end.known), {"revops_start": start.value, "revops_end": end.value}
    if isinstance(frame, nw.DataFrame):
        frame = frame.with_columns(_in_memory(frame, edges, known, calendar, name))
        return frame if known is None else frame.with_columns(nw.when(known).then(nw.col(name)).alias(name))
    table, outside, worked = _years_of(calendar), in_doubt, []
    small = small_frame(frame, table.columns)
    for edge, value in edges.items():
        at, day = nw.col(edge), f"{edge}_day"
        is_outside = (at < table.low) | (at > table.high)
        inside = nw.when(is_outside).then(nw.lit(table.low)).otherwise(at)
        frame = frame.with_columns(**{edge: value}).with_columns(**{day: whole_days(inside - table.shift, frame)})
        days: Any = small.rename({each: f"{edge}_{each}" for each in table.columns})
        if engine_of(frame) == "polars":  # which has an order to keep
            joined = nw.to_native(frame).join(nw.to_native(days), on=day, how="left", maintain_order="left")
            frame = nw.from_native(joined)
        else:
            frame = frame.join(days, on=day, how="left")
        outside = outside | is_outside
        worked.append(_worked(at, lambda each, edge=edge: nw.col(f"{edge}_{each}"), table.most))  # type: ignore[misc]
    is_known = nw.lit(value=True) if known is None else known
    spent, problem = nw.when(is_known & ~outside).then(worked[1] - worked[0]), (is_known & outside).cast(nw.Int64)
    return frame.with_columns(**{name: spent, f"{name}_problem_count": problem})


def _in_memory(
    frame: nw.DataFrame[Any], edges: Mapping[str, nw.Expr], known: nw.Expr | None, calendar: BusinessCalendar, name: str
) -> Any:
    """The working time between two instants of each row, of a frame whose data lies in memory."""
    held = frame.select(**edges)
    sound = held if known is None else frame.filter(known).select(**edges)
    if not len(sound):
        return nw.lit(0).alias(name)
    low, high = min(int(sound[edge].min()) for edge in edges), max(int(sound[edge].max()) for edge in edges)
    table = _days_between(calendar, low, high)
    worked = []
    for edge in edges:
        at = held[edge] if known is None else held[edge].clip(low, high)
        day = (at - table.shift) // DAY - table.columns["day"][0]

        def taken(each: str, places: Any = day) -> Any:
            return nw.new_series(each, table.columns[each], nw.Int64, backend=frame.implementation)[places]

        worked.append(_worked(at, taken, table.most))
    return (worked[1] - worked[0]).alias(name)


def _worked(at: Any, column: Callable[[str], Any], most: int) -> Any:
    """What is worked at an instant, from the columns of its day."""
    openings = ((column(f"opens_{place}"), column(f"closes_{place}")) for place in range(most))
    return reduce(lambda done, span: done + at.clip(*span), openings, column("base"))


@frozen(eq=False)
class _Days:
    """The table of days: what is worked at t is `base` of its day, and t cut to each opening of it.

    Args:
        shift: when day 0 begins, in microseconds after 1970 in UTC.
        low, high: the instants it answers for.
        most: how many openings a day has.
        columns: `day`; `base`, the work before it less its openings; `opens_0`, `closes_0`, …, 0 where it has fewer.
    """

    shift: int
    low: int
    high: int
    most: int
    columns: dict[str, list[int]]


@lru_cache(maxsize=64)
def _years_of(calendar: BusinessCalendar) -> _Days:
    """The table of all years of a calendar."""
    edges = (date(year, 1, 1).toordinal() for year in (calendar.first_year, calendar.last_year + 1))
    return _days_between(calendar, *(wall_microseconds(day, 0, calendar.tz) for day in edges))


def _days_between(calendar: BusinessCalendar, low: int, high: int) -> _Days:
    """The table of the days from one instant to another."""
    table = calendar.compiled
    table.cover(low, high)  # refuses what lies outside the years
    # Days begin at a midnight of the calendar's zone, so that an office of the day has one opening in each of them.
    shift = wall_microseconds(date(calendar.first_year, 1, 1).toordinal(), 0, calendar.tz) % DAY
    first, last = ((edge - shift) // DAY for edge in (low, high))
    pieces: list[list[tuple[int, int]]] = [[] for _ in range(first, last + 1)]
    for opens, closes in table.intervals(low, high):
        for day in range((opens - shift) // DAY, (closes - 1 - shift) // DAY + 1):
            begins = day * DAY + shift
            pieces[day - first].append((max(opens, begins), min(closes, begins + DAY)))
    most = max(map(len, pieces))
    before = accumulate((sum(closes - opens for opens, closes in spans) for spans in pieces), initial=0)
    base = [total - sum(opens for opens, _ in spans) for total, spans in zip(before, pieces, strict=False)]
    columns = {"day": list(range(first, last + 1)), "base": base}
    for place in range(most):
        here = [spans[place] if place < len(spans) else (0, 0) for spans in pieces]
        columns[f"opens_{place}"], columns[f"closes_{place}"] = map(list, zip(*here, strict=True))
    return _Days(shift, low, high, most, columns)
