"""Layout: which tallies the aggregates of some KPIs need, over some periods, and one pass that fills them.

Aggregates that read one population by one date share a lane: the date of a row is read once, and each condition is
asked once. A lane has one tally for each period. A KPI without a date is a stock: it has a lane for each period,
whose conditions look from the last moment of that period, or from `as_of` where that is earlier.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Inexact
from functools import lru_cache
from operator import attrgetter, itemgetter
from typing import Any

from attrs import field, frozen

from revops_core.errors import (
    CurrencyMismatchError,
    Fault,
    InexactAmountError,
    InvalidRowError,
    InvalidValueError,
    RevopsError,
)
from revops_core.kpis.formula import Aggregate
from revops_core.kpis.tally import Tally, fold, started
from revops_core.values.expression import Expression, compiled
from revops_core.values.instants import to_microseconds
from revops_core.values.period import Period
from revops_core.values.period_index import periods_index
from revops_core.values.zone import zone

__all__ = ["Bound", "By", "Lane", "Layout", "Segments", "Slot", "fill", "laid_out", "slots_of"]

By = str | Callable[[Any], Hashable]
Slot = tuple[str, Expression, Expression | None]
Segments = dict[tuple[Hashable, ...], list[Tally | None]]
_MICROSECOND = timedelta(microseconds=1)


@frozen
class Bound:
    """The last moment that a reading may look at: as an instant, in microseconds, and as a civil day.

    The day is the last that had begun before the instant, so that a reading at midnight does not see the day ahead.
    """

    instant: datetime
    microseconds: int
    day: date

    @classmethod
    def at(cls, as_of: datetime, tz: str) -> Bound:
        """The bound of a reading as of an instant, with its civil day in a zone."""
        instant = as_of.astimezone(UTC)
        return cls(instant, to_microseconds(as_of), (instant - _MICROSECOND).astimezone(zone(tz)).date())


@frozen
class Lane:
    """The aggregates that read one population by one date, and the tallies they fill.

    Args:
        population: the name of the class of its rows; empty for any.
        dated: the date of a row; None for a stock.
        bound: how far its conditions look; None: as far as there are rows.
        first: the position of its first tally; the others follow, one for each period.
        periods: the periods it counts by; empty where all rows count.
        slots: what each place in its tallies keeps: an operation, a condition and a value.
    """

    population: str
    dated: Expression | None
    bound: Bound | None
    first: int
    periods: tuple[Period, ...]
    slots: tuple[Slot, ...]

    def tally(self) -> Tally:
        """An empty tally."""
        return [started(operation) for operation, _, _ in self.slots]


@frozen
class Layout:
    """Every lane of a measurement, and how many tallies a group of rows has."""

    lanes: tuple[Lane, ...]
    tally_count: int
    tz: str
    places: Mapping[tuple[Aggregate, Expression | None, int], tuple[int, Lane]] = field(eq=False)


def slots_of(aggregate: Aggregate, *, trace: bool = False) -> tuple[Slot, ...]:
    """What has to be kept for an aggregate: how many rows, what of them, and the rows themselves to trace them."""
    slots: list[Slot] = [("count", aggregate.where, None)]
    if aggregate.value is not None:
        slots.append((aggregate.operation, aggregate.where, aggregate.value))
    return (*slots, ("rows", aggregate.where, aggregate.value)) if trace else tuple(slots)


def laid_out(
    wanted: Iterable[tuple[Aggregate, Expression | None]],
    periods: Sequence[Period],
    as_of: datetime | None,
    tz: str,
    *,
    trace: bool = False,
) -> Layout:
    """The layout for aggregates, each with the date it is counted by, over periods; without any, over all rows."""
    _edges(tuple(periods))  # refuses periods that overlap
    bound = None if as_of is None else Bound.at(as_of, tz)
    lane_slots: dict[tuple[str, Expression | None, int], dict[Slot, None]] = {}
    wanted = list(wanted)
    for aggregate, dated in wanted:
        # A dated lane serves all periods; a stock needs one for each.
        for number in range(len(periods)) if dated is None and periods else (0,):
            held = lane_slots.setdefault((aggregate.population, dated, number), {})
            held.update(dict.fromkeys(slots_of(aggregate, trace=trace)))
    made: dict[tuple[str, Expression | None, int], Lane] = {}
    first = 0
    for (population, dated, number), slots in lane_slots.items():
        for operation, where, value in list(slots):
            if operation == "mean":  # it keeps the total too
                slots.pop(("total", where, value), None)
        over = tuple(periods) if dated is not None else ()
        own_bound = _end_of(periods[number], bound) if dated is None and periods else bound
        made[population, dated, number] = Lane(population, dated, own_bound, first, over, tuple(slots))
        first += len(over) or 1
    places = {}
    for aggregate, dated in wanted:
        for number in range(len(periods) or 1):
            lane_number = number if dated is None else 0
            lane = made[aggregate.population, dated, lane_number]
            places[aggregate, dated, number] = (lane.first + number - lane_number, lane)
    return Layout(tuple(made.values()), first, tz, places)


def _end_of(period: Period, bound: Bound | None) -> Bound:
    """The last moment of a period, or `bound` where that is earlier."""
    instant = period.end.astimezone(UTC) - _MICROSECOND
    end = Bound(instant, to_microseconds(instant), period.end_on - timedelta(days=1))
    return end if bound is None or end.microseconds <= bound.microseconds else bound


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
        return compiled(_bound(expression, row, lane.bound, tz), read_from)

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
        steps.append((*_test(_bound(where, row, lane.bound, tz), read_from), counted, folds))
    return _placer(lane, None if lane.dated is None else reader(lane.dated)), steps, lane


def _test(where: Expression, read_from: Callable[[str], Callable[[Any], Any]]) -> tuple[Any, tuple[Any, ...] | None]:
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
    begins, ends, number_of_day = _edges(lane.periods)

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


@lru_cache(maxsize=256)
def _edges(periods: tuple[Period, ...]) -> tuple[list[datetime], list[datetime], Callable[[date], int | None]]:
    """Where periods begin and end, and which of them a day falls in.

    The edges are in UTC: aware datetimes of any zone compare with them as instants, faster than they become integers.
    """
    begins = [period.start.astimezone(UTC) for period in periods]
    return begins, [period.end.astimezone(UTC) for period in periods], periods_index(periods)


def _is_after(moment: Any, bound: Bound) -> bool:
    if isinstance(moment, datetime) and moment.tzinfo is not None:
        return moment > bound.instant
    if isinstance(moment, datetime) or not isinstance(moment, date):
        raise InvalidValueError("row", [Fault("date", "must be a date or an aware datetime", moment)])
    return moment > bound.day


def _bound(expression: Expression, row: Any, bound: Bound | None, tz: str) -> Expression:
    """The expression for rows like `row`, as seen from `bound`: fields they do not have are left out of a choice."""
    arguments = tuple(
        _bound(argument, row, bound, tz) if isinstance(argument, Expression) else argument
        for argument in expression.arguments
    )
    if expression.operation == "first_known":
        kept = tuple(argument for argument in arguments if all(_has(row, name) for name in argument.fields))
        arguments = kept or arguments
        if len(arguments) == 1:
            return arguments[0]
    if expression.operation == "not_yet":
        return (
            Expression("any", ())
            if bound is None
            else Expression("not_yet", (arguments[0], bound.microseconds, bound.day))
        )
    if expression.operation == "minus":
        arguments = (*arguments[:2], tz)
    return expression if arguments == expression.arguments else Expression(expression.operation, arguments)


def _has(row: Any, path: str) -> bool:
    name = path.partition(".")[0]
    return name in row if isinstance(row, Mapping) else hasattr(row, name)


def _from_object(path: str) -> Callable[[Any], Any]:
    first, *inner = path.split(".")
    return attrgetter(first) if not inner else _stepping(attrgetter(first), inner)


def _from_mapping(path: str) -> Callable[[Any], Any]:
    first, *inner = path.split(".")
    return itemgetter(first) if not inner else _stepping(itemgetter(first), inner)


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


def _named_error(error: Exception, row: Any, position: int, lanes: Iterable[Lane], by: Sequence[By]) -> Exception:
    """The error that says which row was wrong, and how; an error in a caller's own function stays as it is."""
    row_id = row.get("id") if isinstance(row, Mapping) else getattr(row, "id", None)
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
            choices.extend(() if expression is None else _needed(expression, lane.bound))
    faults = [
        Fault(" or ".join(names), "must be there: give the rows this field, None where it is not known", row)
        for names in dict.fromkeys(choices)
        if not any(_has(row, name) for name in names)
    ]
    if faults:
        return InvalidRowError(position, row_id, faults)
    if isinstance(error, TypeError) and "unhashable" in str(error):
        return InvalidRowError(position, row_id, [Fault("by", "must give a value that can be hashed", str(error))])
    return error


def _needed(expression: Expression, bound: Bound | None) -> list[tuple[str, ...]]:
    """The fields an expression cannot do without, each with those that may stand for it."""
    if expression.operation == "not_yet" and bound is None:
        return []
    if expression.operation == "field":
        return [(expression.arguments[0],)]
    if expression.operation == "first_known":
        return [expression.fields]
    return [names for part in expression.arguments if isinstance(part, Expression) for names in _needed(part, bound)]
