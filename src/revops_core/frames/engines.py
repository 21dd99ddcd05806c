"""Engines: what differs between DataFrame engines, told once: opening, small tables, cells in doubt, days and zones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from functools import lru_cache, reduce
from operator import add
from typing import Any, cast

import narwhals.stable.v2 as nw

from revops_core.entities.cells import is_missing
from revops_core.errors import Fault, InvalidValueError
from revops_core.values.instants import from_microseconds
from revops_core.values.zone import zone

__all__ = [
    "DAY", "SPARK", "Doubt", "Frame", "all_hold", "civil_days", "collected", "counts_of", "engine_of",
    "floor_divided", "offsets", "opened", "refuse", "rows_of", "small_frame", "stepped", "whole_days",
]  # fmt: skip

Frame = nw.DataFrame[Any] | nw.LazyFrame[Any]

Doubt = tuple[str, str, str, nw.Expr]
"""What is wrong with some cells: a code, the field, the rule they break, and which rows: a truth without nulls."""

DAY = 86_400_000_000
"""The microseconds of a day."""

SPARK = frozenset({"pyspark", "pyspark_connect", "sqlframe"})
"""The engines that speak Spark."""

_ENGINES = frozenset({"pandas", "modin", "polars", "pyarrow", "duckdb"}) | SPARK
_LAZY_DAYS = (-25_567, 29_220)
"""1900 to 2050: how far the changes of a zone are looked up where the data cannot be read first."""


def opened(df: Any) -> Frame:
    """A native frame as a narwhals frame.

    Raises:
        InvalidValueError: no frame, or one of an engine on which these readings were not proven.
    """
    try:
        frame: Any = nw.from_native(df)
    except TypeError:
        frame = None
    name = type(df).__name__ if frame is None else engine_of(frame)
    if name not in _ENGINES:
        rule = "must be a DataFrame of pandas, polars, PyArrow, DuckDB or PySpark"
        raise InvalidValueError("frames", [Fault("df", rule, name)])
    return frame  # type: ignore[no-any-return]


def engine_of(frame: Frame) -> str:
    """The name of the engine: "pandas", "polars", "duckdb"."""
    return str(frame.implementation.value)


def collected(frame: Frame) -> nw.DataFrame[Any]:
    """The frame itself, or what a lazy one comes to."""
    return frame.collect() if isinstance(frame, nw.LazyFrame) else frame


def rows_of(frame: Frame) -> list[dict[str, Any]]:
    """The rows of a small frame as mappings; a lazy one is computed for it."""
    native: Any = nw.to_native(frame)
    if engine_of(frame) == "duckdb":  # its own way needs neither PyArrow nor a second statement
        return [dict(zip(native.columns, row, strict=True)) for row in native.fetchall()]
    if engine_of(frame) in SPARK:  # on Spark
        return [row.asDict() for row in native.collect()]
    return collected(frame).rows(named=True)


def small_frame(like: Frame, data: Mapping[str, list[Any]]) -> Frame:
    """A small table of whole numbers, floats and text on the engine of another frame, for joins with it.

    It lives where the other one lives: on DuckDB in the same connection, on Spark in the same session.
    """
    engine, native = engine_of(like), nw.to_native(like)
    if engine == "duckdb":
        # A sum over no rows is one row. Text after `query` would make a view, after which every relation is bound anew.
        columns = ", ".join(f'unnest({_list_of(cells)}) as "{name}"' for name, cells in data.items())
        made: Any = nw.from_native(native.limit(0).aggregate("count(*) as revops_rows").project(columns))
    elif engine in SPARK:  # on Spark
        lines = list(zip(*data.values(), strict=True))
        made = nw.from_native(native.sparkSession.createDataFrame(lines, list(data)))
    else:
        made = nw.from_dict(dict(data), backend=like.implementation)
        made = made.lazy() if isinstance(like, nw.LazyFrame) else made
    return cast("Frame", made)


def _list_of(cells: Sequence[object]) -> str:
    """Cells as a list in SQL; whole numbers in one text, as thousands of literals take seconds to bind."""
    if all(type(cell) is int for cell in cells):
        return f"string_split('{','.join(map(str, cells))}', ',')::bigint[]"
    return f"[{', '.join(map(_literal, cells))}]"


def _literal(value: object) -> str:
    """A value as SQL writes it."""
    return "null" if value is None else "'" + value.replace("'", "''") + "'" if isinstance(value, str) else str(value)


def all_hold(*parts: nw.Expr | None) -> nw.Expr | None:
    """The condition that all of `parts` hold; None among them stands for "always"."""
    result = None
    for part in parts:
        result = part if result is None else result if part is None else result & part
    return result


def refuse(frame: Frame, doubts: Iterable[Doubt]) -> None:
    """Raise with the number of rows of each doubt, where there are any; a lazy frame is computed for it.

    Raises:
        InvalidValueError: with each field, the rule and how many rows break it.
    """
    counts = counts_of(frame, doubts)
    faults = [Fault(field, rule, f"{count:,} rows") for (_, field, rule, _), count in counts if count]
    if faults:
        raise InvalidValueError("frames", faults)


def counts_of(frame: Frame, doubts: Iterable[Doubt]) -> list[tuple[Doubt, int]]:
    """Each doubt with the number of its rows."""
    held = tuple(doubts)
    if not held:
        return []
    flags = {f"revops_{number}": doubt[3].cast(nw.Int64) for number, doubt in enumerate(held)}
    row = rows_of(frame.select(**flags).select(nw.all().sum()))[0]
    return [(doubt, int(count or 0)) for doubt, count in zip(held, row.values(), strict=True)]


def stepped(value: nw.Expr, edges: Sequence[tuple[int, int]]) -> nw.Expr:
    """The position of the half-open span in which a value lies, of spans in order and apart; -1 where in none."""
    steps: dict[int, int] = {}
    held = -1
    for position, (begin, end) in enumerate(edges):
        steps[begin] = steps.get(begin, 0) + position - held  # it may begin where the one before ends
        steps[end], held = -1 - position, -1
    kind = nw.Int8 if len(edges) < 100 else nw.Int64
    passed = [
        (value >= edge).cast(kind) * step if step != 1 else (value >= edge).cast(kind)
        for edge, step in steps.items()
        if step
    ]
    return reduce(add, passed) - 1 if passed else value * 0


def floor_divided(value: nw.Expr, by: int, frame: Frame) -> nw.Expr:
    """Whole numbers over a whole number, rounded down."""
    quotient = value // by
    if engine_of(frame) in SPARK:  # on Spark
        # It divides floats, which may round to either side.
        is_above, is_below = quotient * by > value, (quotient + 1) * by <= value
        return quotient - is_above.cast(nw.Int64) + is_below.cast(nw.Int64)
    return quotient


def whole_days(microseconds: nw.Expr, frame: Frame) -> nw.Expr:
    """Whole days since 1970, rounded down."""
    return floor_divided(microseconds, DAY, frame)


def civil_days(microseconds: nw.Expr, tz: str, frame: Frame) -> tuple[nw.Expr, nw.Expr | None]:
    """The civil day of instants in a zone, in days since 1970, and which rows it cannot be told of; None: of all."""
    offset, in_doubt = offsets(microseconds, tz, frame, of_walls=False)
    return whole_days(microseconds + offset, frame), in_doubt


def offsets(microseconds: nw.Expr, tz: str, frame: Frame, *, of_walls: bool) -> tuple[nw.Expr, nw.Expr | None]:
    """What a zone adds to UTC at instants, or at times that it showed; and which rows it cannot be told of."""
    in_doubt = None
    if isinstance(frame, nw.DataFrame):
        least, most = frame.select(revops_least=microseconds.min(), revops_most=microseconds.max()).rows()[0] or (0, 0)
        first, last = (0 if is_missing(edge) else int(edge) // DAY for edge in (least, most))
    else:
        first, last = _LAZY_DAYS
    base, changes = _changes_of(tz, first - 2, last + 2)
    if not isinstance(frame, nw.DataFrame) and changes:
        in_doubt = (microseconds < first * DAY) | (microseconds >= last * DAY)
    offset: nw.Expr = nw.lit(base)
    for at, before, after in changes:
        begins = at + before if of_walls else at
        offset = offset + (microseconds >= begins).cast(nw.Int64) * (after - before)
        if of_walls and after > before:
            is_skipped = (microseconds >= begins) & (microseconds < at + after)
            in_doubt = is_skipped if in_doubt is None else in_doubt | is_skipped
    return offset, in_doubt


@lru_cache(maxsize=64)
def _changes_of(tz: str, first: int, last: int) -> tuple[int, tuple[tuple[int, int, int], ...]]:
    """The offset at the start of a day, and each change up to the end of another: when, from what, to what."""
    there = zone(tz)

    def offset(second: int) -> int:
        return (from_microseconds(second * 1_000_000, there).utcoffset() or timedelta(0)) // timedelta(microseconds=1)

    probes = range(max(first, -719_000) * 86_400, min(last, 2_932_000) * 86_400, 43_200)
    changes = []
    base = held = offset(probes[0])
    for start in probes[1:]:
        found = offset(start)
        if found != held:
            before, at = start - 43_200, start
            while at - before > 1:
                middle = (before + at) // 2
                before, at = (middle, at) if offset(middle) == held else (before, middle)
            changes.append((at * 1_000_000, held, found))
            held = found
    return base, tuple(changes)
