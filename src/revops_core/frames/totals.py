"""Totals: what the queries of an engine come to, as the very tallies that a pass over objects leaves behind.

The sums are few, whatever the number of rows; as settled tallies they make a `KpiTable` like any other.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Context, Decimal
from itertools import repeat
from typing import Any

import narwhals.stable.v2 as nw

from revops_core.entities.cells import is_missing
from revops_core.errors import Fault, InvalidValueError
from revops_core.frames.columns import Reading
from revops_core.frames.engines import SPARK, Frame, collected, engine_of, floor_divided, rows_of
from revops_core.frames.queries import BY, COUNT, NUMBER, Column, Query
from revops_core.kpis.tally import Settled, settled
from revops_core.values.instants import from_microseconds

__all__ = ["Tallies", "add_tallies", "wide_sum"]

Tallies = dict[tuple[Hashable, ...], list[list[Settled | None]]]
"""By segment, for each place of a layout, the settled tallies that make it up; none where no row fell into it."""

_NARROW = frozenset({"pandas", "modin", "pyarrow"})
"""The engines that have no integers of more than 64 bits, and wrap what does not fit without a word."""

_BITS = 62
"""There sums stay below two to this power: what may be larger is added up in limbs."""

_EXACT = Context(prec=80)


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
    for row in () if query.undated is None else rows_of(query.undated):
        held = places_of([_plain(row[f"{BY}_{place}"]) for place in range(len(meanings))])
        for lane in query.lanes if row[COUNT] else ():
            undated = lane.tally()  # only the conditions are counted
            for place, slot in enumerate(lane.slots):
                if slot[0] == "count":
                    undated[place] = int(row[query.columns[lane.bound, slot][0] or COUNT])
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
