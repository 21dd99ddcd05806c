"""Filling: one pass over rows that adds each to the tallies of its segment, and the error that names a wrong row."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import partial
from operator import attrgetter, contains, itemgetter
from typing import Any

from revops_core.errors import CurrencyMismatchError, Fault, InvalidRowError, InvalidValueError, RevopsError
from revops_core.kpis.layout import Bound, By, Lane, Layout, edges_of
from revops_core.kpis.tally import Tally, fold
from revops_core.values.expression import Expression, compiled

__all__ = ["MISSING", "OTHER_CLASS", "Segments", "fill", "id_of", "needed_fields"]

Segments = dict[tuple[Hashable, ...], list[Tally | None]]
MISSING = "must be there, with None where it is not known"
OTHER_CLASS = "must be the class of the row, or a class of yours or a mapping with the same fields"
_PACKAGE = __name__.partition(".")[0]


def fill(
    rows: Iterable[Any], layout: Layout, segments: Segments, *, by: Sequence[By] = (), population: str | None = None
) -> None:
    """Add every row to the tallies of its segment; the rows are read once, in any order.

    Args:
        rows: objects with attributes, or mappings with keys; several classes may be mixed.
        layout: what to keep.
        segments: the tallies by segment, to which those of `rows` are added.
        by: what makes a segment: names of fields, or functions of a row.
        population: fill the lanes of this population only; None: all.

    Raises:
        InvalidRowError: a row lacks a field or has a wrong value in one; names its number, from 1, and its id.
        CurrencyMismatchError: amounts of two currencies in one sum; names the row.
    """
    lanes = [lane for lane in layout.lanes if population is None or lane.population in {"", population}]
    # One field or function makes the key itself, which saves a tuple for each row.
    found: dict[Any, list[Tally | None]] = (
        {key[0]: held for key, held in segments.items()} if len(by) == 1 else segments
    )
    row_number, row, row_class, value = 0, None, None, None
    plans: dict[type, tuple[Callable[[Any], Hashable] | None, list[_CompiledLane]]] = {}
    segment_of: Callable[[Any], Hashable] | None = None
    plan: list[_CompiledLane] = []
    try:
        for row_number, row in enumerate(rows, 1):  # noqa: B007 - the error names it
            if row.__class__ is not row_class:
                row_class = row.__class__
                if row_class not in plans:
                    plans[row_class] = _segment_reader(row, by), [_compiled(lane, row, layout.tz) for lane in lanes]
                segment_of, plan = plans[row_class]
            key = () if segment_of is None else segment_of(row)
            tallies = found.get(key)
            if tallies is None:
                tallies = found[key] = [None] * layout.tally_count
            for lane, first, place, steps, undated, counts in plan:
                number = first if place is None else place(row)
                if number is None:
                    continue
                tally = tallies[number]
                if tally is None:
                    tally = tallies[number] = lane.tally()
                for read, wanted, counted, folds in counts if number == undated else steps:
                    if read is not None:
                        value = read(row)
                    if wanted is None or value in wanted:
                        tally[counted] += 1
                        for add in folds:
                            add(tally, row)
    except (AttributeError, LookupError, TypeError, RevopsError) as error:
        named = _named_error(error, row, row_number, lanes, by)
        if named is error:
            raise
        raise named from error
    finally:
        if len(by) == 1:
            segments.update({(key,): held for key, held in found.items()})


_Step = tuple[Callable[[Any], Any] | None, tuple[Any, ...] | None, int, Sequence[Callable[[Tally, Any], None]]]
_CompiledLane = tuple[Lane, int, Callable[[Any], int | None] | None, list[_Step], int | None, list[_Step]]


def _compiled(lane: Lane, row: Any, tz: str) -> _CompiledLane:
    """A lane as functions of the rows that are like `row`: where a row belongs, and what to do with it there.

    Of a row without a date only the conditions are counted.
    """
    _refuse_another_class(type(row), lane.population)
    read_from = _from_mapping if isinstance(row, Mapping) else _from_object

    def reader(expression: Expression) -> Callable[[Any], Any]:
        return compiled(_bound(expression, lane.bound, tz), read_from)

    folds: dict[Expression, list[Callable[[Tally, Any], None]]] = {}
    for slot, (operation, where, value) in enumerate(lane.slots):
        held = folds.setdefault(where, [])
        if operation != "count":
            held.append(fold(operation, slot, reader(where if value is None else value), str(value)))
    asked: list[_Step] = [
        (*_test(_bound(where, lane.bound, tz), read_from), lane.slots.index(("count", where, None)), held)
        for where, held in folds.items()
    ]
    steps = _read_once(asked)
    counts: list[_Step] = [(*step[:3], ()) for step in steps]
    place = None if lane.undated is None or lane.dated is None else _placer(lane, reader(lane.dated), lane.undated)
    return lane, lane.first, place, steps, lane.undated, counts


def _refuse_another_class(cls: type, population: str) -> None:
    """Refuse rows of a class of ours where another of ours is read, even if it happens to have the fields that are.

    Classes of others are taken by their fields, on both sides: a table of an object-relational mapper may have any
    name, and a definition may read a protocol. Classes of ours have no bases, so that `object` knows all of them.
    """
    ours = {base.__name__ for base in cls.__mro__ if _is_ours(base)}
    is_taken = not ours or population in {"", *ours}
    if not is_taken and any(each.__name__ == population for each in object.__subclasses__() if _is_ours(each)):
        raise InvalidValueError("row", [Fault(population, OTHER_CLASS, cls.__name__)])


def _is_ours(cls: type) -> bool:
    return cls.__module__.partition(".")[0] == _PACKAGE


def _test(where: Expression, read_from: Any) -> tuple[Any, tuple[Any, ...] | None]:
    """What is read of a row and which values of it are wanted; None: all rows are. It saves a call for each row."""
    if where.operation == "row":
        return None, None
    wanted = tuple(part for part in where.arguments if not isinstance(part, Expression))
    first = where.arguments[0] if where.arguments else None
    is_choice = where.operation in {"equals", "one_of"} and len(wanted) == len(where.arguments) - 1
    if is_choice and isinstance(first, Expression) and None not in wanted:
        return compiled(first, read_from), wanted
    return compiled(where, read_from), (True,)


def _read_once(steps: list[_Step]) -> list[_Step]:
    """The steps in an order in which those that read the same follow each other; only the first of them reads it."""
    readers = list(dict.fromkeys(step[0] for step in steps))
    ordered = sorted(steps, key=lambda step: readers.index(step[0]))
    before = [None, *(step[0] for step in ordered)]
    return [step if step[0] is not read else (None, *step[1:]) for read, step in zip(before, ordered, strict=False)]


def _placer(lane: Lane, read: Callable[[Any], Any], undated: int) -> Callable[[Any], int | None]:
    """How the tally of a row is found by its date; None where it falls in no period."""
    first, bound = lane.first, lane.bound
    if bound is not None and lane.periods and bound.instant >= lane.periods[-1].end:
        bound = None
    begins, ends, number_of_day = edges_of(lane.periods)

    def place(row: Any) -> int | None:
        moment = read(row)
        if moment is None:
            return undated
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
        never = Expression("any", ())
        return never if bound is None else Expression("not_yet", (arguments[0], bound.microseconds, bound.day))
    if expression.operation == "minus":
        arguments = (*arguments[:2], tz)
    return expression if arguments == expression.arguments else Expression(expression.operation, arguments)


def _is_plain_field(argument: object) -> bool:
    return isinstance(argument, Expression) and argument.operation == "field" and "." not in argument.arguments[0]


def _reading(getter: Any, has: Any, read: Any, path: str | tuple[str, ...]) -> Callable[[Any], Any]:
    """How a field is read, a value inside a field, or the first known of several fields."""
    if isinstance(path, tuple):
        return _first_known(path, has, read)
    first, *inner = path.split(".")
    return _stepping(getter(first), inner) if inner else getter(first)


_from_object = partial(_reading, attrgetter, hasattr, getattr)
_from_mapping = partial(_reading, itemgetter, contains, lambda row, name, default: row.get(name, default))


def _first_known(names: tuple[str, ...], has: Any, read: Any) -> Callable[[Any], Any]:
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
        for name in names:
            if has(row, name):
                return None
        raise AttributeError(first)

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


def _named_error(error: Exception, row: Any, number: int, lanes: Iterable[Lane], by: Sequence[By]) -> Exception:
    """The error that says which row was wrong, and how; an error in a caller's own function stays as it is."""
    row_id = id_of(row)
    if isinstance(error, CurrencyMismatchError):
        return CurrencyMismatchError(error.left, error.right, f"row {number} (id {row_id!r})")
    if isinstance(error, InvalidValueError):
        return InvalidRowError(number, row_id, error.faults)
    if not isinstance(error, AttributeError | LookupError | TypeError):
        return error
    choices: list[tuple[str, ...]] = [(part,) for part in by if isinstance(part, str)]
    for lane in lanes:
        dated = lane.dated if lane.periods or lane.bound else None
        for expression in (dated, *(part for slot in lane.slots for part in slot[1:])):
            choices.extend(() if expression is None else needed_fields(expression, lane.bound))
    has: Any = contains if isinstance(row, Mapping) else hasattr
    held = tuple(row) if isinstance(row, Mapping) else type(row).__name__  # never the values, which may be personal
    faults = [
        Fault(" or ".join(names), MISSING, held)
        for names in dict.fromkeys(choices)
        if not any(has(row, name.partition(".")[0]) for name in names)
    ]
    if faults:
        return InvalidRowError(number, row_id, faults)
    if isinstance(error, TypeError) and "unhashable" in str(error):
        return InvalidRowError(number, row_id, [Fault("by", "must give a value that can be hashed", str(error))])
    return error


def needed_fields(expression: Expression, bound: Bound | None) -> list[tuple[str, ...]]:
    """The fields an expression cannot do without, each with those that may stand for it."""
    if expression.operation == "not_yet" and bound is None:
        return []
    if expression.operation in {"field", "first_known"}:
        return [expression.fields]
    parts = [part for part in expression.arguments if isinstance(part, Expression)]
    return [names for part in parts for names in needed_fields(part, bound)]
