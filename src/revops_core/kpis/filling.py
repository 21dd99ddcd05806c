"""Filling: one pass over rows that adds each to the tallies of its segment, and the error that names a wrong row."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Inexact
from operator import attrgetter, itemgetter
from typing import Any

from revops_core.errors import (
    CurrencyMismatchError,
    Fault,
    InexactAmountError,
    InvalidRowError,
    InvalidValueError,
    RevopsError,
)
from revops_core.kpis.layout import Bound, By, Lane, Layout, edges_of
from revops_core.kpis.tally import Tally, fold
from revops_core.values.expression import Expression, compiled

__all__ = ["MISSING", "Segments", "fill", "id_of", "needed_fields"]

Segments = dict[tuple[Hashable, ...], list[Tally | None]]
MISSING = "must be there, with None where it is not known"


def fill(
    rows: Iterable[Any],
    layout: Layout,
    segments: Segments,
    *,
    by: Sequence[By] = (),
    population: str | None = None,
) -> None:
    """Add every row to the tallies of its segment; the rows are read once, in any order.

    Args:
        rows: objects with attributes, or mappings with keys; several classes may be mixed.
        layout: what to keep.
        segments: the tallies by segment, to which those of `rows` are added.
        by: what makes a segment: names of fields, or functions of a row.
        population: fill the lanes of this population only; None: all.

    Raises:
        InvalidRowError: a row lacks a field or has a wrong value in one; names its position and id.
        CurrencyMismatchError: amounts of two currencies in one sum; names the row.
    """
    lanes = [lane for lane in layout.lanes if population is None or lane.population in {"", population}]
    # One field or function makes the key itself, which saves a tuple for each row.
    found: dict[Any, list[Tally | None]] = (
        {key[0]: held for key, held in segments.items()} if len(by) == 1 else segments
    )
    position, row, row_class = 0, None, None
    plans: dict[type, tuple[Callable[[Any], Hashable] | None, list[_CompiledLane]]] = {}
    segment_of: Callable[[Any], Hashable] | None = None
    plan: list[_CompiledLane] = []
    try:
        for position, row in enumerate(rows):  # noqa: B007 - the error names the position
            if row.__class__ is not row_class:
                row_class = row.__class__
                if row_class not in plans:
                    plans[row_class] = _segment_reader(row, by), [_compiled(lane, row, layout.tz) for lane in lanes]
                segment_of, plan = plans[row_class]
            key = () if segment_of is None else segment_of(row)
            tallies = found.get(key)
            if tallies is None:
                tallies = found[key] = [None] * layout.tally_count
            for place, steps, lane in plan:
                number = place(row) if place is not None else lane.first
                if number is None:
                    continue
                tally = tallies[number]
                if tally is None:
                    tally = tallies[number] = lane.tally()
                for read, wanted, counted, folds in steps:
                    if wanted is None or read(row) in wanted:
                        tally[counted] += 1
                        for add in folds:
                            add(tally, row)
    except (AttributeError, LookupError, TypeError, Inexact, RevopsError) as error:
        named = _named_error(error, row, position, lanes, by)
        if named is error:
            raise
        raise named from error
    finally:
        if len(by) == 1:
            segments.update({(key,): held for key, held in found.items()})


_CompiledLane = tuple[
    Callable[[Any], int | None] | None,
    list[tuple[Callable[[Any], Any], tuple[Any, ...] | None, int, list[Callable[[Tally, Any], None]]]],
    Lane,
]


def _compiled(lane: Lane, row: Any, tz: str) -> _CompiledLane:
    """A lane as functions of the rows that are like `row`: where a row belongs, and what to do with it there."""
    read_from = _from_mapping if isinstance(row, Mapping) else _from_object

    def reader(expression: Expression) -> Callable[[Any], Any]:
        return compiled(_bound(expression, lane.bound, tz), read_from)

    by_condition: dict[Expression, list[int]] = {}
    for slot, (_, where, _) in enumerate(lane.slots):
        by_condition.setdefault(where, []).append(slot)
    steps = []
    for where, slots in by_condition.items():
        counted = next(slot for slot in slots if lane.slots[slot][0] == "count")
        folds = []
        for slot in slots:
            operation, _, value = lane.slots[slot]
            if operation != "count":
                folds.append(fold(operation, slot, _always if value is None else reader(value), str(value)))
        steps.append((*_test(_bound(where, lane.bound, tz), read_from), counted, folds))
    return _placer(lane, None if lane.dated is None else reader(lane.dated)), steps, lane


def _test(where: Expression, read_from: Callable[[_Path], Callable[[Any], Any]]) -> tuple[Any, tuple[Any, ...] | None]:
    """What is read of a row and which values of it are wanted; None: all rows are. It saves a call for each row."""
    if where.operation == "row":
        return _always, None
    wanted = tuple(part for part in where.arguments if not isinstance(part, Expression))
    first = where.arguments[0] if where.arguments else None
    is_choice = where.operation in {"equals", "one_of"} and len(wanted) == len(where.arguments) - 1
    if is_choice and isinstance(first, Expression) and None not in wanted:
        return compiled(first, read_from), wanted
    return compiled(where, read_from), (True,)


def _always(_row: Any) -> bool:
    return True


def _placer(lane: Lane, read: Callable[[Any], Any] | None) -> Callable[[Any], int | None] | None:
    """How the tally of a row is found by its date; None where every row belongs to the first."""
    if read is None or (not lane.periods and lane.bound is None):
        return None
    first, bound = lane.first, lane.bound
    if bound is not None and lane.periods and bound.instant >= lane.periods[-1].end:
        bound = None
    begins, ends, number_of_day = edges_of(lane.periods)

    def place(row: Any) -> int | None:
        moment = read(row)
        if moment is None:
            return None
        if bound is not None and _is_after(moment, bound):
            return None
        if not begins:
            return first
        if isinstance(moment, datetime) and moment.tzinfo is not None:
            number = bisect_right(begins, moment) - 1
            return first + number if number >= 0 and moment < ends[number] else None
        day_number = number_of_day(moment)
        return None if day_number is None else first + day_number

    return place


def _is_after(moment: Any, bound: Bound) -> bool:
    if isinstance(moment, datetime) and moment.tzinfo is not None:
        return moment > bound.instant
    if isinstance(moment, datetime) or not isinstance(moment, date):
        raise InvalidValueError("row", [Fault("date", "must be a date or an aware datetime", moment)])
    return moment > bound.day


def _bound(expression: Expression, bound: Bound | None, tz: str) -> Expression:
    """The expression as seen from `bound`; the first known of several fields becomes one field of several names."""
    arguments = tuple(
        _bound(argument, bound, tz) if isinstance(argument, Expression) else argument
        for argument in expression.arguments
    )
    if expression.operation == "first_known" and all(_is_plain_field(argument) for argument in arguments):
        return Expression("field", (expression.fields, ""))
    if expression.operation == "not_yet":
        return (
            Expression("any", ())
            if bound is None
            else Expression("not_yet", (arguments[0], bound.microseconds, bound.day))
        )
    if expression.operation == "minus":
        arguments = (*arguments[:2], tz)
    return expression if arguments == expression.arguments else Expression(expression.operation, arguments)


def _is_plain_field(argument: object) -> bool:
    return isinstance(argument, Expression) and argument.operation == "field" and "." not in argument.arguments[0]


def _has(row: Any, path: str) -> bool:
    name = path.partition(".")[0]
    return name in row if isinstance(row, Mapping) else hasattr(row, name)


_Path = str | tuple[str, ...]


def _from_object(path: _Path) -> Callable[[Any], Any]:
    if isinstance(path, tuple):
        return _first_known(path, getattr)
    first, *inner = path.split(".")
    return _stepping(attrgetter(first), inner) if inner else attrgetter(first)


def _from_mapping(path: _Path) -> Callable[[Any], Any]:
    if isinstance(path, tuple):
        return _first_known(path, lambda row, name, default: row.get(name, default))
    first, *inner = path.split(".")
    return _stepping(itemgetter(first), inner) if inner else itemgetter(first)


def _first_known(names: tuple[str, ...], read: Callable[[Any, str, None], Any]) -> Callable[[Any], Any]:
    """How the first of several fields that has a value is read: each row must have one of them, known or not."""
    first, *others = names

    def first_known(row: Any) -> Any:
        value = read(row, first, None)
        if value is not None:
            return value
        for name in others:
            value = read(row, name, None)
            if value is not None:
                return value
        if not any(_has(row, name) for name in names):
            raise AttributeError(first)
        return None

    return first_known


def _stepping(read: Callable[[Any], Any], inner: list[str]) -> Callable[[Any], Any]:
    """How a value inside a field is read: a custom field that is not there is missing."""

    def step(row: Any) -> Any:
        held = read(row)
        for name in inner:
            if held is None:
                return None
            held = held.get(name) if isinstance(held, Mapping) else getattr(held, name)
        return held

    return step


def _segment_reader(row: Any, by: Sequence[By]) -> Callable[[Any], Hashable] | None:
    read_from = _from_mapping if isinstance(row, Mapping) else _from_object
    readers = [read_from(part) if isinstance(part, str) else part for part in by]
    if not readers:
        return None
    return readers[0] if len(readers) == 1 else lambda row: tuple([read(row) for read in readers])


def id_of(row: Any) -> Any:
    """The id of a row, where it has one."""
    return row.get("id") if isinstance(row, Mapping) else getattr(row, "id", None)


def _named_error(error: Exception, row: Any, position: int, lanes: Iterable[Lane], by: Sequence[By]) -> Exception:
    """The error that says which row was wrong, and how; an error in a caller's own function stays as it is."""
    row_id = id_of(row)
    if isinstance(error, CurrencyMismatchError):
        return CurrencyMismatchError(error.left, error.right, f"row {position} (id {row_id!r})")
    if isinstance(error, Inexact):
        return InexactAmountError("add", 34)
    if isinstance(error, InvalidValueError):
        return InvalidRowError(position, row_id, error.faults)
    paths = [part for part in by if isinstance(part, str)]
    choices: list[tuple[str, ...]] = [(path,) for path in paths]
    for lane in lanes:
        dated = lane.dated if lane.periods or lane.bound else None
        for expression in (dated, *(part for slot in lane.slots for part in slot[1:])):
            choices.extend(() if expression is None else needed_fields(expression, lane.bound))
    held = tuple(row) if isinstance(row, Mapping) else type(row).__name__  # never the values, which may be personal
    faults = [
        Fault(" or ".join(names), MISSING, held)
        for names in dict.fromkeys(choices)
        if not any(_has(row, name) for name in names)
    ]
    if faults:
        return InvalidRowError(position, row_id, faults)
    if isinstance(error, TypeError) and "unhashable" in str(error):
        return InvalidRowError(position, row_id, [Fault("by", "must give a value that can be hashed", str(error))])
    return error


def needed_fields(expression: Expression, bound: Bound | None) -> list[tuple[str, ...]]:
    """The fields an expression cannot do without, each with those that may stand for it."""
    if expression.operation == "not_yet" and bound is None:
        return []
    if expression.operation == "field":
        return [(expression.arguments[0],)]
    if expression.operation == "first_known":
        return [expression.fields]
    parts = [part for part in expression.arguments if isinstance(part, Expression)]
    return [names for part in parts for names in needed_fields(part, bound)]
