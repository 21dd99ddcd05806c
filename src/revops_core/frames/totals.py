"""Totals: what an engine adds up for KPIs, as the very tallies that a pass over objects leaves behind.

Conditions and values become columns first, then plain sums by segment and period. The sums are few, whatever the number
of rows; as settled tallies they make a `KpiTable` like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Context, Decimal
from itertools import repeat
from typing import Any

import narwhals.stable.v2 as nw
from attrs import evolve, frozen

from revops_core.entities.cells import is_missing
from revops_core.errors import Fault, InvalidValueError
from revops_core.frames.columns import ReadFrame, Reading
from revops_core.frames.engines import SPARK, Doubt, Frame, all_hold, collected, engine_of, floor_divided, rows_of
from revops_core.frames.expressions import UNDATED, View, condition_of, period_numbers, text_of, value_of
from revops_core.kpis.filling import needed_fields
from revops_core.kpis.layout import Bound, Lane, Slot
from revops_core.kpis.tally import Settled, settled
from revops_core.values.expression import Expression
from revops_core.values.instants import from_microseconds

__all__ = [
    "BY", "COUNT", "NUMBER", "Query", "ReadColumns", "Tallies", "add_tallies", "fields_of", "queries_of", "wide_sum",
]  # fmt: skip

Tallies = dict[tuple[Hashable, ...], list[list[Settled | None]]]
"""By segment, for each place of a layout, the settled tallies that make it up; none where no row fell into it."""

Column = tuple[str | None, str, Reading | None]
"""What a slot reads: the column that counts its rows (None: all), that of its values (0 elsewhere), their reading."""

ReadColumns = Callable[[Frame, set[str]], ReadFrame]
"""How some fields are read from the columns of a frame."""

NUMBER = "revops_number"
"""The column with the position of the period of a row; `UNDATED` where it has no date, -1 where it falls into none."""

BY = "revops_by"
"""How the columns of a segment begin."""

COUNT = "revops_rows"
"""The column with the number of rows."""

_FLAG, _VALUE, _DOUBT, _CURRENCY = (f"revops_{name}" for name in ("flag", "value", "doubt", "currency"))
_NARROW = frozenset({"pandas", "modin", "pyarrow"})
"""The engines that have no integers of more than 64 bits, and wrap what does not fit without a word."""

_BITS = 62
"""There sums stay below two to this power: what may be larger is added up in limbs."""

_EXACT = Context(prec=80)


@frozen
class Query:
    """One pass of an engine over its rows.

    Args:
        frame: the columns that are grouped by, added up and collected, and no others.
        keys: those that are grouped by: the segment, the period, currencies.
        segments: every segment, also of rows that fall into no period; None where `frame` has them all.
        lanes: the lanes it fills.
        columns: what each slot reads, by the bound of its lane.
        doubts: columns of 1 where a row is in doubt, each with its code, field and rule.
    """

    frame: Frame
    keys: tuple[str, ...]
    segments: Frame | None
    lanes: tuple[Lane, ...]
    columns: Mapping[tuple[Bound | None, Slot], Column]
    doubts: Mapping[str, tuple[str, str, str]]


def queries_of(
    frame: Frame, lanes: Sequence[Lane], by: Sequence[str], tz: str, read_columns: ReadColumns
) -> list[Query]:
    """The queries that fill some lanes: one for each date that rows are placed by, and one for lanes without.

    Rows are read by `read_columns`; `by` are the columns that make a segment, `tz` is the zone of civil days.
    """
    by_date: dict[Expression | None, list[Lane]] = {}
    for lane in lanes:
        by_date.setdefault(_date_of(lane), []).append(lane)
    return [_query(frame, tuple(held), by, tz, read_columns) for held in by_date.values()]


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


def _query(frame: Frame, lanes: tuple[Lane, ...], by: Sequence[str], tz: str, read_columns: ReadColumns) -> Query:
    keys = {f"{BY}_{place}": nw.col(column) for place, column in enumerate(by)}
    doubtful: list[tuple[nw.Expr | None, Doubt]] = []
    is_placed, segments, placed = None, None, set[str]()
    fields = {name for names in fields_of(lanes) for name in names}
    dated, bound = _date_of(lanes[0]), lanes[0].bound
    rows = ReadFrame(frame, {}, ())
    if dated is not None:
        placed = {name for names in needed_fields(dated, bound) for name in names}
        rows = read_columns(frame, placed)
        # The rows of no period are dropped before anything else is read of them.
        number, is_near = period_numbers(dated, (rows, bound, tz), lanes[0].periods)
        if is_near is not None:
            segments = frame.select(**keys).group_by(list(keys)).agg(**{COUNT: nw.len()}) if by else None
            rows = evolve(rows, frame=rows.frame.filter(is_near))
        rows = evolve(rows, frame=rows.frame.with_columns(**{NUMBER: number.value}))
        keys[NUMBER], is_placed = nw.col(NUMBER), nw.col(NUMBER) >= 0
        doubtful += [(is_placed, doubt) for doubt in (*rows.doubts, *number.doubts)]
    others = read_columns(rows.frame, fields - placed)
    doubtful += [(is_placed, doubt) for doubt in others.doubts]
    rows = evolve(others, readings={**rows.readings, **others.readings})
    conditions = {(where, lane.bound): None for lane in lanes for _, where, _ in lane.slots if where.operation != "row"}
    flags, new = {}, {}
    for place, (where, look) in enumerate(conditions):
        condition = condition_of(where, (rows, look, tz))
        flags[where, look] = f"{_FLAG}_{place}"
        new[f"{_FLAG}_{place}"] = condition.value
        doubtful += [(is_placed, doubt) for doubt in condition.doubts]
    flagged = rows.frame.with_columns(**new) if new else rows.frame
    wanted = {name: nw.col(name).cast(nw.Int8) for name in new}
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
    return Query(flagged.select(**keys, **wanted), tuple(keys), segments, lanes, columns, doubts)


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


def add_tallies(query: Query, tallies: Tallies, places: int, meanings: Sequence[Mapping[Any, Any]]) -> None:
    """Run a query and add what it came to; raises with the number of rows that are in doubt.

    Args:
        query: what to run; a lazy frame is computed for it.
        tallies: what to add to.
        places: how many places the layout has.
        meanings: for each part of the segment, what its cells mean.
    """
    summed = dict.fromkeys(
        (name, slot[0]) for (_, slot), (_, name, _) in query.columns.items() if slot[0] in {"total", "mean"}
    )
    size = _size_of(query, list(dict.fromkeys(name for name, _ in summed)))  # one column may have a total and a mean
    terms: dict[tuple[str, int], list[tuple[str, int]]] = {}
    new: dict[str, nw.Expr] = {}
    for name, operation in summed:
        for power in (1, 2) if operation == "mean" else (1,):
            terms[name, power] = _terms(query.frame, name, power, size.get(name, (0, 0)), new)
    counted = (name for name, _, _ in query.columns.values() if name is not None)
    names = dict.fromkeys([*counted, *query.doubts, *(name for held in terms.values() for name, _ in held)])
    sums: dict[str, nw.Expr] = {name: nw.col(name).sum() for name in names} | {COUNT: nw.len()}
    frame = query.frame
    if new and engine_of(frame) in _NARROW:
        frame = frame.with_columns(**new)
    else:
        sums |= {name: term.sum() for name, term in new.items()}
    found = rows_of(frame.group_by(list(query.keys)).agg(**sums) if query.keys else frame.select(**sums))
    _refuse_doubts(query, found)
    collections = {
        (slot[0], column[1]): _collected(query, slot[0], column)
        for (_, slot), column in query.columns.items()
        if slot[0] in {"quantile", "distinct"}
    }

    def places_of(parts: Sequence[Any]) -> list[list[Settled | None]]:
        segment = tuple(told.get(part, part) for part, told in zip(parts, meanings, strict=True))
        return tallies.setdefault(segment, [[] for _ in range(places)])

    for row in () if query.segments is None else rows_of(query.segments):
        places_of(tuple(map(_plain, row.values()))[:-1])
    for row in found:
        key = tuple(map(_plain, (row[name] for name in query.keys)))
        held, number = places_of(key[: len(meanings)]), row.get(NUMBER, 0)
        for lane in query.lanes if row[COUNT] and number >= 0 else ():
            parts = (
                _part(query.columns[lane.bound, slot], slot[0], row, terms=terms, collections=collections, key=key)
                for slot in lane.slots
            )
            held[lane.first + number].append(tuple(parts))
        for lane in query.lanes if number == UNDATED else ():
            undated = lane.tally()  # of a row without a date only the conditions are counted
            for place, slot in enumerate(lane.slots):
                if slot[0] == "count":
                    undated[place] = _part(
                        query.columns[lane.bound, slot], "count", row, key=key, terms=terms, collections={}
                    )
            held[lane.places.stop].append(settled(undated))


def _refuse_doubts(query: Query, found: Sequence[Mapping[str, Any]]) -> None:
    counts = {name: sum(int(_plain(row[name]) or 0) for row in found) for name in query.doubts}
    told = ((field, rule, counts[name]) for name, (_, field, rule) in query.doubts.items())
    faults = [Fault(field, rule, f"{count:,} rows") for field, rule, count in told if count]
    if faults:
        raise InvalidValueError("frames.measure", faults)


def _size_of(query: Query, names: Sequence[str]) -> dict[str, tuple[int, int]]:
    """The largest size of each value, and the number of rows, on engines without wider integers."""
    if not names or engine_of(query.frame) not in _NARROW:
        return {}
    frame = collected(query.frame)
    least, most = (frame.select(*names).select(edge).rows()[0] for edge in (nw.all().min(), nw.all().max()))
    ends = zip(names, least, most, strict=True)
    return {name: (max(abs(int(_plain(end) or 0)) for end in (low, high)), len(frame)) for name, low, high in ends}


def _terms(
    frame: Frame, name: str, power: int, size: tuple[int, int], new: dict[str, nw.Expr]
) -> list[tuple[str, int]]:
    """The columns whose sums, each times its weight, make the sum of a value, or of its square, exactly.

    A value is split in so many limbs that no sum of them, or of their products, leaves 64 bits.
    """
    engine = engine_of(frame)
    if engine not in _NARROW:
        wide = _wide(frame, name)
        new[f"{name}_{power}"] = wide if power == 1 else wide * wide
        return [(f"{name}_{power}", 1)]
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


def _wide(frame: Frame, name: str) -> nw.Expr:
    return nw.col(name).cast(nw.Decimal(38, 0) if engine_of(frame) in SPARK else nw.Int128())


def wide_sum(frame: Frame, name: str) -> nw.Expr:
    """A sum of whole numbers on an engine that has wider integers, so that it does not overflow without a word."""
    return _wide(frame, name).sum()


def _collected(query: Query, operation: str, column: Column) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    """The values of each group: every one for a quantile, each once for a distinct count."""
    counted, name, reading = column
    frame = query.frame if counted is None else query.frame.filter(nw.col(counted) == 1)
    found: dict[tuple[Any, ...], list[Any]] = {}
    for row in rows_of(frame.group_by([*query.keys, name]).agg(**{COUNT: nw.len()})):
        *key, value, count = row.values()
        whole = tuple(map(_plain, key))
        times = int(count) if operation == "quantile" else 1
        found.setdefault(whole, []).extend(repeat(_natural(value, reading, operation), times))
    return {key: tuple(values) for key, values in found.items()}


def _natural(value: Any, reading: Reading | None, operation: str) -> Any:
    """A value as the objects have it; a quantile keeps numbers."""
    if reading is None or reading.kind == "text":
        return value
    if operation == "quantile" or reading.kind == "number":
        return _number(int(value), reading.scale)
    if reading.kind == "instant":
        return from_microseconds(int(value))
    if reading.kind == "duration":
        return timedelta(microseconds=int(value))
    return date.fromordinal(date(1970, 1, 1).toordinal() + int(value))


def _number(units: int, scale: int) -> int | Decimal:
    """So many units as a number: a Decimal where a column has decimals, as a share of amounts is none of rows."""
    return units if scale == 1 else _EXACT.divide(Decimal(units), Decimal(scale))


def _plain(part: Any) -> Any:
    """A part of a key; None where it is missing, in whatever way the engine writes that."""
    return None if not isinstance(part, str) and is_missing(part) else part


def _part(
    column: Column,
    operation: str,
    row: Mapping[str, Any],
    *,
    key: tuple[Any, ...],
    terms: Mapping[tuple[str, int], Sequence[tuple[str, int]]],
    collections: Mapping[tuple[str, str], Mapping[tuple[Any, ...], tuple[Any, ...]]],
) -> Any:
    """The part of a tally that one group of rows makes."""
    counted, name, reading = column
    count = int(row[COUNT] if counted is None else row[counted])
    if reading is None:
        return count
    kind = row[reading.currency] if reading.currency else "duration" if reading.kind == "duration" else "number"
    kind = kind if count else ""
    if operation in {"quantile", "distinct"}:
        return collections[operation, name].get(key, ()), count, kind if operation == "quantile" else ""
    powers = (1, 2) if operation == "mean" else (1,)
    if not count:
        return 0, count, kind, *(0 for _ in powers[1:])
    units = [sum(int(row[term]) * weight for term, weight in terms[name, power]) for power in powers]
    numbers = [_number(held, reading.scale**power) for held, power in zip(units, powers, strict=True)]
    return numbers[0], count, kind, *numbers[1:]
