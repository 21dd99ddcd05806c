"""Queries: what an engine has to add up for KPIs: conditions and values become columns, to sum by segment and period.

An eager frame reads its cells where the rows of no period are gone; a lazy one computes nothing here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import narwhals.stable.v2 as nw
from attrs import evolve, frozen

from revops_core.errors import Fault, InvalidValueError
from revops_core.frames.columns import ReadFrame, Reading
from revops_core.frames.engines import Doubt, Frame, all_hold
from revops_core.frames.expressions import View, condition_of, period_numbers, text_of, value_of
from revops_core.kpis.filling import needed_fields
from revops_core.kpis.layout import Bound, Lane, Slot
from revops_core.values.expression import Expression

__all__ = ["BY", "COUNT", "NUMBER", "Column", "Query", "ReadColumns", "fields_of", "queries_of"]

Column = tuple[str | None, str, Reading | None]
"""What a slot reads: the column that counts its rows (None: all), that of its values (0 elsewhere), their reading."""

ReadColumns = Callable[[Frame, set[str]], ReadFrame]
"""How some fields are read from the columns of a frame."""

NUMBER = "revops_number"
"""The column with the position of the period of a row; -1 where it falls into none."""

BY = "revops_by"
"""How the columns of a segment begin."""

COUNT = "revops_rows"
"""The column with the number of rows."""

_FLAG, _VALUE, _DOUBT, _CURRENCY = (f"revops_{name}" for name in ("flag", "value", "doubt", "currency"))


@frozen
class Query:
    """One pass of an engine over its rows.

    Args:
        frame: the columns that are grouped by, added up and collected, and no others.
        keys: those that are grouped by: the segment, the period, currencies.
        segments: every segment, also of rows that fall into no period; None where `frame` has them all.
        undated: by segment, how many of the rows without a date each condition holds for; None where that is not asked.
        lanes: the lanes it fills.
        columns: what each slot reads, by the bound of its lane.
        doubts: columns of 1 where a row is in doubt, each with its code, field and rule.
    """

    frame: Frame
    keys: tuple[str, ...]
    segments: Frame | None
    undated: Frame | None
    lanes: tuple[Lane, ...]
    columns: Mapping[tuple[Bound | None, Slot], Column]
    doubts: Mapping[str, tuple[str, str, str]]


def queries_of(
    frame: Frame,
    lanes: Sequence[Lane],
    by: Sequence[str],
    tz: str,
    read_columns: ReadColumns,
    *,
    tells_undated: bool = False,
) -> list[Query]:
    """The queries that fill some lanes: one for each date that rows are placed by, and one for lanes without.

    Rows are read by `read_columns`; `by` are the columns that make a segment, `tz` is the zone of civil days; rows
    without a date are counted where `tells_undated`.
    """
    by_date: dict[Expression | None, list[Lane]] = {}
    for lane in lanes:
        by_date.setdefault(_date_of(lane), []).append(lane)
    return [_query(frame, tuple(held), by, tz, read_columns, tells_undated=tells_undated) for held in by_date.values()]


def _date_of(lane: Lane) -> Expression | None:
    """The date that rows are placed by; None where all rows count."""
    return lane.dated if lane.periods or lane.bound is not None else None


def fields_of(lanes: Iterable[Lane]) -> dict[tuple[str, ...], None]:
    """The fields that lanes read, each with those that may stand for it."""
    needed: dict[tuple[str, ...], None] = {}
    for lane in lanes:
        parts = [_date_of(lane), *(part for slot in lane.slots for part in slot[1:])]
        needed |= dict.fromkeys(
            names for part in parts if part is not None for names in needed_fields(part, lane.bound)
        )
    return needed


def _query(
    frame: Frame, lanes: tuple[Lane, ...], by: Sequence[str], tz: str, read_columns: ReadColumns, *, tells_undated: bool
) -> Query:
    keys = {f"{BY}_{place}": nw.col(column) for place, column in enumerate(by)}
    doubtful: list[tuple[nw.Expr | None, Doubt]] = []
    is_placed, segments, undated = None, None, None
    new: dict[str, nw.Expr] = {}
    fields = {name for names in fields_of(lanes) for name in names}
    dated, bound = _date_of(lanes[0]), lanes[0].bound
    conditions = {(where, lane.bound): None for lane in lanes for _, where, _ in lane.slots if where.operation != "row"}
    flags = {condition: f"{_FLAG}_{place}" for place, condition in enumerate(conditions)}
    rows = ReadFrame(frame, {}, ())
    if dated is not None:
        rows = read_columns(frame, {name for names in needed_fields(dated, bound) for name in names})
        # The rows of no period are dropped before anything else is read of them.
        number, is_near, is_dated = period_numbers(dated, (rows, bound, tz), lanes[0].periods)
        if tells_undated and is_dated is not None:
            undated = _undated(evolve(rows, frame=rows.frame.filter(~is_dated)), keys, flags, tz, read_columns)
        if is_near is not None:
            segments = frame.select(**keys).group_by(list(keys)).agg(**{COUNT: nw.len()}) if by else None
            rows = evolve(rows, frame=rows.frame.filter(is_near))
        new[NUMBER] = number.value
        keys[NUMBER], is_placed = nw.col(NUMBER), nw.col(NUMBER) >= 0
        doubtful += [(is_placed, doubt) for doubt in (*rows.doubts, *number.doubts)]
    rows = _with_fields(rows, fields, read_columns)
    doubtful += [(is_placed, doubt) for doubt in rows.doubts]
    for (where, look), name in flags.items():
        condition = condition_of(where, (rows, look, tz))
        new[name] = condition.value
        doubtful += [(is_placed, doubt) for doubt in condition.doubts]
    flagged = rows.frame.with_columns(**new) if new else rows.frame
    wanted = {name: nw.col(name).cast(nw.Int8) for name in flags.values()}
    columns: dict[tuple[Bound | None, Slot], Column] = {}
    for lane in lanes:
        for slot in lane.slots:
            _, where, value = slot
            flag = flags.get((where, lane.bound))
            like = [one for one in columns if one[0] == lane.bound and one[1][1:] == slot[1:]]
            if value is None or like:
                columns[lane.bound, slot] = columns[like[0]] if like else (flag, "", None)
                continue
            reading = _one_reading(value, (rows, lane.bound, tz))
            counts = all_hold(None if flag is None else nw.col(flag), reading.known)
            name = f"{_VALUE}_{len(columns)}"
            if reading.known is not None and counts is not None:
                flag = f"{name}_known"
                wanted[flag] = counts.cast(nw.Int8)
            wanted[name] = reading.value
            if counts is not None:
                chosen = nw.when(counts).then(reading.value)
                wanted[name] = chosen if reading.kind == "text" else chosen.otherwise(0)
            if reading.currency:
                code = nw.col(reading.currency)
                reading = evolve(reading, currency=f"{_CURRENCY}_{reading.currency}")
                keys[reading.currency] = code if rows.currency is None else code.fill_null(rows.currency)
            doubtful += [(all_hold(is_placed, counts), doubt) for doubt in _doubts_of(reading, str(value), keys)]
            columns[lane.bound, slot] = (flag, name, reading)
    marks = _marks(doubtful)
    doubts = {f"{_DOUBT}_{place}": told_by for place, told_by in enumerate(marks)}
    wanted |= {name: marks[told_by].cast(nw.Int8) for name, told_by in doubts.items()}
    if not keys and not wanted:  # rows are counted all the same
        flagged, wanted = flagged.with_columns(revops_row=nw.lit(1)), {"revops_row": nw.col("revops_row")}
    return Query(flagged.select(**keys, **wanted), tuple(keys), segments, undated, lanes, columns, doubts)


def _with_fields(rows: ReadFrame, fields: set[str], read_columns: ReadColumns) -> ReadFrame:
    """Rows with more of their fields read; its doubts are those of the new ones."""
    others = read_columns(rows.frame, fields.difference(rows.readings))
    return evolve(others, readings={**rows.readings, **others.readings})


def _undated(
    rows: ReadFrame, keys: Mapping[str, nw.Expr], flags: Mapping[tuple[Expression, Bound | None], str], tz: str,
    read_columns: ReadColumns,
) -> Frame:  # fmt: skip
    """How many rows there are of each segment, and how many of them each condition holds for; nothing else is read."""
    fields = {name for where, look in flags for names in needed_fields(where, look) for name in names}
    seen = _with_fields(rows, fields, read_columns)
    held = {name: condition_of(where, (seen, look, tz)).value.cast(nw.Int8) for (where, look), name in flags.items()}
    sums = {**{name: nw.col(name).sum() for name in held}, COUNT: nw.len()}
    made = {**keys, **held}
    apart = seen.frame.with_columns(**made) if made else seen.frame
    return apart.group_by(list(keys)).agg(**sums) if keys else apart.select(**sums)


def _one_reading(value: Expression, view: View) -> Reading:
    readings = value_of(value, view)
    if len(readings) != 1 or readings[0].kind == "truth":
        kinds = " and ".join(reading.kind for reading in readings)
        raise InvalidValueError("frames", [Fault(str(value), "must come to values of one kind", kinds)])
    return evolve(readings[0], value=text_of(readings[0], readings[0].value), meanings=None)


def _doubts_of(reading: Reading, what: str, keys: Mapping[str, nw.Expr]) -> tuple[Doubt, ...]:
    """What may be wrong with a value that is added up or collected."""
    if reading.kind == "duration":
        rule = "must not be negative: it ends before it starts"
        return (*reading.doubts, ("negative_duration", what, rule, reading.value < 0))
    if reading.currency:
        rule = "must have a currency"
        return (*reading.doubts, ("no_currency", what, rule, keys[reading.currency].is_null()))
    return reading.doubts


def _marks(doubtful: Sequence[tuple[nw.Expr | None, Doubt]]) -> dict[tuple[str, str, str], nw.Expr]:
    """Which rows are in doubt, by what is wrong with them."""
    marks: dict[tuple[str, str, str], nw.Expr] = {}
    for counts, (*told_by, which) in doubtful:
        code, field, rule = told_by
        mark = which if counts is None else counts & which
        marks[code, field, rule] = marks[code, field, rule] | mark if (code, field, rule) in marks else mark
    return marks
