"""Totals: what an engine adds up for KPIs, as the very tallies that a pass over objects leaves behind.

Conditions and values become columns first, then plain sums by segment and period: that is what every engine does well.
The sums are few, whatever the number of rows; as settled tallies they make a `KpiTable` like any other.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Context, Decimal
from itertools import repeat
from typing import Any

import narwhals.stable.v2 as nw
from attrs import evolve, frozen

from revops_core.entities.cells import is_missing
from revops_core.errors import Fault, InvalidValueError
from revops_core.frames.columns import ReadFrame, Reading
from revops_core.frames.engines import Doubt, Frame, all_hold, collected, floor_divided
from revops_core.frames.expressions import View, condition_of, period_numbers, value_of
from revops_core.kpis.layout import Bound, Lane, Slot
from revops_core.kpis.tally import Settled
from revops_core.values.expression import Expression
from revops_core.values.instants import from_microseconds

__all__ = ["NUMBER", "Query", "Tallies", "add_tallies", "queries_of"]

Tallies = dict[tuple[Hashable, ...], list[list[Settled]]]
"""By segment, for each place of a layout, the settled tallies that make it up; none where no row fell into it."""

Column = tuple[str | None, str, Reading | None]
"""What a slot reads: the column that counts its rows (None: all), that of its values (0 elsewhere), their reading."""

NUMBER = "revops_number"
"""The column with the position of the period of a row; -1 where it falls into none."""

_BY, _FLAG, _VALUE, _DOUBT, _CURRENCY, _ROWS = (
    f"revops_{name}" for name in ("by", "flag", "value", "doubt", "currency", "rows")
)
_BITS = 62
"""Sums stay below two to this power, so that they fit into 64 bits; what may be larger is added up in limbs."""
_EXACT = Context(prec=80)
_FIRST_DAY = date(1970, 1, 1).toordinal()


@frozen
class Query:
    """One pass of an engine over its rows.

    Args:
        frame: the columns that are grouped by, added up and collected, and no others.
        keys: those that are grouped by: the segment, the period, currencies.
        lanes: the lanes it fills.
        columns: what each slot reads, by the bound of its lane.
        doubts: columns of 1 where a row is in doubt, each with its code, field and rule.
    """

    frame: Frame
    keys: tuple[str, ...]
    lanes: tuple[Lane, ...]
    columns: Mapping[tuple[Bound | None, Slot], Column]
    doubts: Mapping[str, tuple[str, str, str]]


def queries_of(rows: ReadFrame, lanes: Sequence[Lane], by: Sequence[str], tz: str, currency: str | None) -> list[Query]:
    """The queries that fill some lanes: one for each date that rows are placed by, and one for lanes without.

    Args:
        rows: the frame, read.
        lanes: the lanes.
        by: the columns that make a segment.
        tz: the zone of civil days.
        currency: of amounts that have no column for it.
    """
    by_date: dict[Expression | None, list[Lane]] = {}
    for lane in lanes:
        is_placed = bool(lane.periods) or lane.bound is not None
        by_date.setdefault(lane.dated if is_placed else None, []).append(lane)
    return [_query(rows, dated, tuple(held), by, (tz, currency)) for dated, held in by_date.items()]


def _query(
    rows: ReadFrame, dated: Expression | None, lanes: tuple[Lane, ...], by: Sequence[str], told: tuple[str, str | None]
) -> Query:
    frame, is_placed = rows.frame, None
    keys = {f"{_BY}_{place}": nw.col(column) for place, column in enumerate(by)}
    doubtful: list[tuple[nw.Expr | None, Doubt]] = []
    if dated is not None:
        number = period_numbers(dated, (rows, lanes[0].bound, *told), lanes[0].periods)
        frame = frame.with_columns(**{NUMBER: number.value})
        keys[NUMBER], is_placed = nw.col(NUMBER), nw.col(NUMBER) >= 0
        doubtful += [(None, doubt) for doubt in number.doubts]
    conditions = {(where, lane.bound): None for lane in lanes for _, where, _ in lane.slots if where.operation != "row"}
    flags, new = {}, {}
    for place, (where, bound) in enumerate(conditions):
        condition = condition_of(where, (rows, bound, *told))
        flags[where, bound] = f"{_FLAG}_{place}"
        new[f"{_FLAG}_{place}"] = condition.value
        doubtful += [(is_placed, doubt) for doubt in condition.doubts]
    frame = frame.with_columns(**new) if new else frame
    wanted = {name: nw.col(name).cast(nw.Int8) for name in new}
    columns: dict[tuple[Bound | None, Slot], Column] = {}
    for lane in lanes:
        for slot in dict.fromkeys(lane.slots):
            _, where, value = slot
            flag = flags.get((where, lane.bound))
            like = [one for one in columns if one[0] == lane.bound and one[1][1:] == slot[1:]]
            if value is None or like:
                columns[lane.bound, slot] = columns[like[0]] if like else (flag, "", None)
                continue
            reading = _one_reading(value, (rows, lane.bound, *told))
            counts = all_hold(None if flag is None else nw.col(flag), reading.known)
            name = f"{_VALUE}_{len(columns)}"
            if reading.known is not None and counts is not None:
                flag = f"{name}_known"
                wanted[flag] = counts.cast(nw.Int8)
            wanted[name] = (
                reading.value if counts is None else nw.when(counts).then(reading.value).otherwise(_nothing(reading))
            )
            if reading.currency:
                code = nw.col(reading.currency)
                reading = evolve(reading, currency=f"{_CURRENCY}_{reading.currency}")
                keys[reading.currency] = code if told[1] is None else code.fill_null(told[1])
            is_there = all_hold(is_placed, counts)
            doubtful += [(is_there, doubt) for doubt in _doubts_of(reading, str(value), keys)]
            columns[lane.bound, slot] = (flag, name, reading)
    marks = _marks(doubtful)
    wanted |= {f"{_DOUBT}_{place}": mark.cast(nw.Int8) for place, mark in enumerate(marks.values())}
    doubts = {f"{_DOUBT}_{place}": told_by for place, told_by in enumerate(marks)}
    return Query(frame.select(**keys, **wanted), tuple(keys), lanes, columns, doubts)


def _one_reading(value: Expression, view: View) -> Reading:
    readings = value_of(value, view)
    if len(readings) != 1 or readings[0].kind == "truth":
        kinds = " and ".join(reading.kind for reading in readings)
        raise InvalidValueError("frames", [Fault(str(value), "must come to values of one kind", kinds)])
    return readings[0]


def _nothing(reading: Reading) -> nw.Expr:
    return nw.lit(None) if reading.kind == "text" else nw.lit(0)


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
        marks[code, field, rule] = mark if (code, field, rule) not in marks else marks[code, field, rule] | mark
    return marks


def add_tallies(query: Query, tallies: Tallies, places: int, meanings: Sequence[Mapping[Any, Any]]) -> None:
    """Run a query and add what it came to; a lazy frame is computed for it.

    Args:
        query: what to run.
        tallies: what to add to.
        places: how many places the layout has.
        meanings: for each part of the segment, what its cells mean.

    Raises:
        InvalidValueError: rows are in doubt; tells their number.
    """
    summed = {
        (name, slot[0]): None for (_, slot), (_, name, _) in query.columns.items() if slot[0] in {"total", "mean"}
    }
    largest, row_count = _looked_at(query, dict.fromkeys(name for name, _ in summed))
    terms: dict[tuple[str, int], list[tuple[str, int]]] = {}
    new: dict[str, nw.Expr] = {}
    for name, operation in summed:
        for power in (1, 2) if operation == "mean" else (1,):
            terms[name, power] = _terms(query.frame, name, power, (largest[name], row_count), new)
    counted = (name for name, _, _ in query.columns.values() if name is not None)
    names = dict.fromkeys([*counted, *(name for held in terms.values() for name, _ in held)])
    sums: dict[str, nw.Expr] = {name: nw.col(name).sum() for name in names} | {_ROWS: nw.len()}
    frame = query.frame.with_columns(**new) if new else query.frame
    grouped = collected(frame.group_by(list(query.keys)).agg(**sums) if query.keys else frame.select(**sums))
    collections = {
        (slot[0], name): _collected(query, slot[0], column)
        for (_, slot), column in query.columns.items()
        for name in [column[1]]
        if slot[0] in {"quantile", "distinct"}
    }
    by_count = sum(name.startswith(_BY) for name in query.keys)
    for row in grouped.rows(named=True):
        key = tuple(map(_plain, (row[name] for name in query.keys)))
        segment = tuple(told.get(part, part) for part, told in zip(key[:by_count], meanings, strict=True))
        number = row.get(NUMBER, 0)
        held = tallies.setdefault(segment, [[] for _ in range(places)])
        for lane in query.lanes if number >= 0 and row[_ROWS] else ():
            held[lane.first + number].append(
                tuple(
                    _part(query.columns[lane.bound, slot], slot[0], row, key, terms, collections) for slot in lane.slots
                )
            )


def _looked_at(query: Query, names: Mapping[str, None]) -> tuple[dict[str, int], int]:
    """The largest size of each value, and the number of rows; raises where rows are in doubt."""
    edges = {f"{name}_least": nw.col(name).min() for name in names} | {
        f"{name}_most": nw.col(name).max() for name in names
    }
    doubts = {name: nw.col(name).cast(nw.Int64).sum() for name in query.doubts}
    found = collected(query.frame.select(**edges, **doubts, **{_ROWS: nw.len()})).rows(named=True)[0]
    faults = [
        Fault(field, rule, f"{int(found[name]):,} rows")
        for name, (_, field, rule) in query.doubts.items()
        if found[name]
    ]
    if faults:
        raise InvalidValueError("frames.measure", faults)
    largest = {name: max(abs(int(found[f"{name}_{edge}"] or 0)) for edge in ("least", "most")) for name in names}
    return largest, int(found[_ROWS])


def _terms(
    frame: Frame, name: str, power: int, size: tuple[int, int], new: dict[str, nw.Expr]
) -> list[tuple[str, int]]:
    """The columns whose sums, each times its weight, make the sum of a value, or of its square, exactly.

    A value is split in so many limbs that no sum of them, or of their products, leaves 64 bits.
    """
    largest, row_count = size
    limb_count = 1
    while True:
        bits = -(-largest.bit_length() // limb_count)
        if power * bits + (limb_count - 1).bit_length() * (power - 1) + row_count.bit_length() <= _BITS:
            break
        limb_count += 1
    limbs, rest = [], nw.col(name)
    for _ in range(limb_count - 1):
        upper = floor_divided(rest, 1 << bits, frame)
        limbs.append(rest - upper * (1 << bits))
        rest = upper
    limbs.append(rest)
    if power == 1 and limb_count == 1:
        return [(name, 1)]
    by_weight: dict[int, nw.Expr] = {}
    for place, limb in enumerate(limbs):
        for other_place, other in enumerate(limbs) if power == 2 else [(0, None)]:
            product = limb if other is None else limb * other
            weight = place + other_place
            by_weight[weight] = product if weight not in by_weight else by_weight[weight] + product
    made = {f"{name}_{power}_{weight}": term for weight, term in by_weight.items()}
    new |= made
    return [(term, 1 << (bits * weight)) for term, weight in zip(made, by_weight, strict=True)]


def _collected(query: Query, operation: str, column: Column) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    """The values of each group: every one for a quantile, each once for a distinct count."""
    counted, name, reading = column
    frame = query.frame if counted is None else query.frame.filter(nw.col(counted) == 1)
    found: dict[tuple[Any, ...], list[Any]] = {}
    for *key, value, count in collected(frame.group_by([*query.keys, name]).agg(**{_ROWS: nw.len()})).rows():
        whole = tuple(map(_plain, key))
        times = int(count) if operation == "quantile" else 1
        found.setdefault(whole, []).extend(repeat(_natural(value, reading, operation), times))
    return {key: tuple(values) for key, values in found.items()}


def _natural(value: Any, reading: Reading | None, operation: str) -> Any:
    """A value as the objects have it; a quantile keeps numbers."""
    if reading is None or reading.kind == "text":
        return (reading.meanings or {}).get(value, value) if reading else value
    if operation == "quantile" or reading.kind == "number":
        return _number(int(value), reading.scale)
    if reading.kind == "instant":
        return from_microseconds(int(value))
    return (
        timedelta(microseconds=int(value)) if reading.kind == "duration" else date.fromordinal(_FIRST_DAY + int(value))
    )


def _number(units: int, scale: int) -> int | Decimal:
    """So many units as a number, exactly."""
    whole, rest = divmod(units, scale)
    return _EXACT.divide(Decimal(units), Decimal(scale)) if rest else whole


def _plain(part: Any) -> Any:
    """A part of a key; None where it is missing, in whatever way the engine writes that."""
    return None if not isinstance(part, str) and is_missing(part) else part


def _part(
    column: Column,
    operation: str,
    row: Mapping[str, Any],
    key: tuple[Any, ...],
    terms: Mapping[tuple[str, int], Sequence[tuple[str, int]]],
    collections: Mapping[tuple[str, str], Mapping[tuple[Any, ...], tuple[Any, ...]]],
) -> Any:
    """The part of a tally that one group of rows makes."""
    counted, name, reading = column
    count = int(row[_ROWS] if counted is None else row[counted])
    if reading is None:
        return count
    kind = (
        ""
        if not count
        else row[reading.currency]
        if reading.currency
        else "duration"
        if reading.kind == "duration"
        else "number"
    )
    if operation in {"quantile", "distinct"}:
        return collections[operation, name].get(key, ()), count, kind if operation == "quantile" else ""
    powers = (1, 2) if operation == "mean" else (1,)
    numbers = [
        _number(sum(int(row[term]) * weight for term, weight in terms[name, power]), reading.scale**power)
        for power in powers
    ]
    return numbers[0], count, kind, *numbers[1:]
