"""Expressions on engines: what each operation of an `Expression` is as a narwhals expression.

`values/expression.py` has the readings of the same operations as text and in Python; a test compares the two tables.
A missing value equals nothing and has no order here as there: a comparison is false where a side is not known, on
every engine, and no condition is ever null. A value is one `Reading`, or several of different kinds of which at most
one is known in a row, such as the instant a deal closed, or else the day.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import reduce
from itertools import chain, product
from operator import add, and_, eq, ge, gt, le, lt, or_, sub
from typing import Any

import narwhals.stable.v2 as nw
from attrs import evolve

from revops_core.errors import CurrencyMismatchError, Fault, InvalidValueError
from revops_core.frames.columns import ReadFrame, Reading
from revops_core.frames.engines import DAY, Doubt, all_hold, civil_days, stepped
from revops_core.kpis.layout import Bound, edges_of
from revops_core.values.expression import Expression
from revops_core.values.instants import to_microseconds
from revops_core.values.money import Money
from revops_core.values.period import Period

__all__ = ["View", "condition_of", "period_numbers", "text_of", "value_of"]

Readings = tuple[Reading, ...]
View = tuple[ReadFrame, Bound | None, str]
"""How rows are looked at: their columns, how far to look, and the zone of civil days."""

_FIRST_DAY = date(1970, 1, 1).toordinal()
_MICROSECOND = timedelta(microseconds=1)
_LARGEST = 9.0e18  # engines wrap what does not fit into 64 bits without a word


def condition_of(expression: Expression, view: View) -> Reading:
    """A condition: its `value` is a truth without nulls."""
    return value_of(expression, view)[0]


def value_of(expression: Expression, view: View) -> Readings:
    """A value, as readings of which at most one is known in a row; raises where kinds do not go together."""
    try:
        return _OPERATIONS[expression.operation](view, *expression.arguments)
    except InvalidValueError as error:
        named = [evolve(fault, field=fault.field or str(expression)) for fault in error.faults]
        raise InvalidValueError("frames", named) from None


def _misfit(rule: str, got: object) -> InvalidValueError:
    """The error of an operation whose sides do not go together; `value_of` names the operation."""
    return InvalidValueError("frames", [Fault("", rule, got)])


def period_numbers(
    dated: Expression, view: View, periods: Sequence[Period]
) -> tuple[Reading, nw.Expr | None, nw.Expr | None]:
    """The position of the period of a row, -1 where it has none; which rows lie near any (None: all); which are dated.

    The last is None where all rows are dated.
    """
    begins, ends, _ = edges_of(tuple(periods))
    readings = value_of(dated, view)
    number: nw.Expr = nw.lit(-1)
    near: list[Any] = []
    for reading in reversed(readings):
        if reading.kind not in {"instant", "day", ""}:
            raise InvalidValueError("frames", [Fault(str(dated), "must be dates or timestamps", reading.kind)])
        edges = [
            (period.start_on.toordinal() - _FIRST_DAY, period.end_on.toordinal() - _FIRST_DAY)
            if reading.kind == "day"
            else (to_microseconds(begin), to_microseconds(end))
            for period, begin, end in zip(periods, begins, ends, strict=True)
        ]
        falls, is_there = stepped(reading.value, edges), all_hold(reading.known, _is_seen(reading, view[1]))
        number = falls if is_there is None else nw.when(is_there).then(falls).otherwise(number)
        if edges:
            near.append(all_hold(reading.known, (reading.value >= edges[0][0]) & (reading.value < edges[-1][1])))
    told = Reading("number", number, doubts=_doubts(readings))
    return told, reduce(or_, near) if near else None, _any_known(readings)


# --- values ---


def _field(view: View, name: str, _owner: str) -> Readings:
    reading = view[0].readings.get(name)
    return () if reading is None else (_translated(reading, name),)


def _translated(reading: Reading, name: str) -> Reading:
    """A reading by what its cells mean, where the caller told it; text that means text is told by the comparisons."""
    ours = [meaning for meaning in (reading.meanings or {}).values() if meaning is not None]
    if not reading.meanings:
        return reading
    if reading.kind == "text" and all(isinstance(meaning, str) for meaning in ours):
        nothing = [theirs for theirs, meaning in reading.meanings.items() if meaning is None]
        is_there = ~reading.value.is_in(nothing).fill_null(value=False) if nothing else None
        return evolve(reading, known=all_hold(reading.known, is_there))
    scale = max([reading.scale, *map(_scale_of, ours)])
    is_number = reading.kind == "number"
    value = reading.value * (scale // reading.scale) if is_number else reading.value.is_null().cast(nw.Int64) * 0
    known: nw.Expr | None = reading.known if is_number else None
    named = []
    for theirs, meaning in reading.meanings.items():
        here = _is_cell(reading, theirs)
        named.append(here)
        value = nw.when(here).then(nw.lit(0 if meaning is None else int(meaning * scale))).otherwise(value)
        known = all_hold(known, ~here) if meaning is None else known
    unnamed = all_hold(reading.known, ~reduce(or_, named))
    if is_number:
        return Reading("number", value, known, scale)
    rule = "must be one of the values that `values` names"
    doubts: tuple[Doubt, ...] = (("unmapped_value", name, rule, unnamed),)  # type: ignore[assignment]
    return Reading("number", value, all_hold(reading.known, known), scale, doubts=doubts)


def _is_cell(reading: Reading, theirs: Any) -> Any:
    """Whether a cell says what the caller calls `theirs`."""
    if reading.kind == "text" or theirs is None:
        return (reading.value == theirs).fill_null(value=False)
    is_same = reading.value == int(theirs * reading.scale)
    return is_same if reading.known is None else reading.known & is_same


def _first_known(view: View, *arguments: Expression) -> Readings:
    found: list[Reading] = []
    earlier: Any = None
    for reading in chain.from_iterable(value_of(argument, view) for argument in arguments):
        if not found:
            found.append(reading)
        elif (found[-1].kind, found[-1].scale) == (reading.kind, reading.scale) and found[-1].known is not None:
            last = found[-1]
            here: Any = last.known
            value = nw.when(here).then(last.value).otherwise(reading.value)
            known = None if reading.known is None else here | reading.known
            found[-1] = evolve(last, value=value, known=known, doubts=last.doubts + reading.doubts)
        else:
            found.append(evolve(reading, known=all_hold(reading.known, ~earlier)))
        earlier = _any_known(found)
        if earlier is None:
            break
    return tuple(found)


def _minus(view: View, left: Any, right: Any) -> Readings:
    found = []
    for one in _side(view, left):
        for other in _side(view, right):
            known = all_hold(one.known, other.known)
            if {one.kind, other.kind} == {"instant", "day"}:
                one, other = (_as_day(reading, view, known) for reading in (one, other))  # noqa: PLW2901
            if one.kind == other.kind and one.kind in {"day", "instant"}:
                between = (one.value - other.value) * DAY if one.kind == "day" else one.value - other.value
                found.append(Reading("duration", between, known, doubts=one.doubts + other.doubts))
            else:
                found.extend(_summed(one, other, sub))
    return _merged(found)


def _any_known(readings: Sequence[Reading]) -> nw.Expr | None:
    """Where at least one of several readings is known; None where one always is."""
    knowns: list[Any] = [reading.known for reading in readings]
    return None if any(known is None for known in knowns) else reduce(or_, knowns)


def _as_day(reading: Reading, view: View, known: nw.Expr | None) -> Reading:
    """A moment as a day; `known` tells which rows are to have it."""
    if reading.kind == "day":
        return reading
    day, in_doubt = civil_days(reading.value, view[2], view[0].frame)
    rule = f"must lie between 1900 and 2050 for its day in {view[2]}"
    if in_doubt is None:
        return evolve(reading, kind="day", value=day)
    doubt: Doubt = ("no_day", "dates", rule, in_doubt if known is None else known & in_doubt)
    return evolve(reading, kind="day", value=day, doubts=(*reading.doubts, doubt))


def _merged(readings: Sequence[Reading]) -> Readings:
    """Readings of one kind, of which at most one is known in a row, as one."""
    if len(readings) < 2:
        return tuple(readings)
    value = readings[-1].value
    for reading in reversed(readings[:-1]):
        here: Any = reading.known
        value = nw.when(here).then(reading.value).otherwise(value)
    return (evolve(readings[0], value=value, known=_any_known(readings), doubts=_doubts(readings)),)


def _plus(view: View, left: Any, right: Any) -> Readings:
    pairs = product(_side(view, left), _side(view, right))
    return tuple(chain.from_iterable(_summed(one, other, add) for one, other in pairs))


def _summed(one: Reading, other: Reading, compute: Callable[[Any, Any], Any]) -> Readings:
    kinds = (one.kind, other.kind)
    if "" in kinds:
        return (evolve(one, known=all_hold(one.known, other.known)),)
    if kinds not in {("number", "number"), ("duration", "duration"), ("instant", "duration")}:
        raise _misfit("must have sides that go together", kinds)
    left, right, scale = _scaled(one, other)
    known, doubts = all_hold(one.known, other.known), one.doubts + other.doubts
    return (Reading(one.kind, compute(left, right), known, scale, None, one.currency or other.currency, doubts),)


def _times(view: View, left: Any, right: Any) -> Readings:
    found = []
    for one in _side(view, left):
        for other in _side(view, right):
            if not {one.kind, other.kind} <= {"number", "duration", ""} or one.kind == other.kind == "duration":
                raise _misfit("must be numbers, or a duration and a number", (one.kind, other.kind))
            kind = "duration" if "duration" in {one.kind, other.kind} else "number"
            known = all_hold(one.known, other.known)
            is_large = (one.value.cast(nw.Float64) * other.value.cast(nw.Float64)).abs() >= _LARGEST
            doubt: Doubt = ("too_large", f"{left} × {right}", "must fit into 64 bits in its smallest unit", is_large)
            doubts = (*one.doubts, *other.doubts, doubt)
            currency, scale = one.currency or other.currency, one.scale * other.scale
            # pandas with Arrow's types raises where a product does not fit, and names nothing.
            product = nw.when(is_large).then(nw.lit(0)).otherwise(one.value) * other.value
            found.append(Reading(kind, product, known, scale, None, currency, doubts))
    return tuple(found)


def _side(view: View, argument: Any) -> Readings:
    """One side of an operation: the readings of an expression, or a literal as one."""
    return value_of(argument, view) if isinstance(argument, Expression) else (_literal(argument, view[0].currency),)


def _literal(value: Any, currency: str | None) -> Reading:
    if isinstance(value, Money):
        if value.currency != currency:
            raise CurrencyMismatchError(value.currency, str(currency))
        value = value.amount
    if isinstance(value, str):
        return Reading("text", nw.lit(str(value)))
    if isinstance(value, int | Decimal):  # truths are 1 and 0
        return Reading("number", nw.lit(int(value * _scale_of(value))), scale=_scale_of(value))
    if isinstance(value, datetime):
        return Reading("instant", nw.lit(to_microseconds(value)))
    if isinstance(value, date):
        return Reading("day", nw.lit(value.toordinal() - _FIRST_DAY))
    if isinstance(value, timedelta):
        return Reading("duration", nw.lit(value // _MICROSECOND))
    raise _misfit("must compare with text, numbers, dates or durations", value)


def _scale_of(value: Any) -> int:
    """How many units make one, so that `value` is a whole number of them."""
    return int(10 ** max(0, -int(value.as_tuple().exponent))) if isinstance(value, Decimal) else 1


def _scaled(one: Reading, other: Reading) -> tuple[nw.Expr, nw.Expr, int]:
    """Two values in the same units."""
    scale = max(one.scale, other.scale)
    left, right = (it.value if it.scale == scale else it.value * (scale // it.scale) for it in (one, other))
    return left, right, scale


# --- conditions ---


def _truth(value: nw.Expr, *readings: Reading) -> Readings:
    return (Reading("truth", value, doubts=_doubts(readings)),)


def _doubts(readings: Sequence[Reading]) -> tuple[Doubt, ...]:
    return tuple(chain.from_iterable(reading.doubts for reading in readings))


def _compared(compare: Callable[[Any, Any], Any]) -> Callable[..., Readings]:
    def condition(view: View, left: Any, right: Any) -> Readings:
        if left is None or right is None:
            return _truth(nw.lit(value=False))
        ones, others = _side(view, left), _side(view, right)
        found = [_holds(compare, one, other) for one in ones for other in others]
        return _truth(reduce(or_, found) if found else nw.lit(value=False), *ones, *others)

    return condition


def _holds(compare: Callable[[Any, Any], Any], one: Reading, other: Reading) -> nw.Expr:
    if "" in {one.kind, other.kind}:
        return one.value != one.value  # never
    if one.kind != other.kind:
        raise _misfit("must have sides of one kind", (one.kind, other.kind))
    left, right, _ = _scaled(one, other)
    holds = compare(text_of(one, left), text_of(other, right))
    held = all_hold(one.known, other.known, holds.fill_null(value=False) if one.kind == "text" else holds)
    return holds if held is None else held


def text_of(reading: Reading, value: nw.Expr) -> nw.Expr:
    """Text by what it means."""
    told = {theirs: ours for theirs, ours in (reading.meanings or {}).items() if ours is not None}
    for theirs, meaning in told.items():
        value = nw.when((reading.value == theirs).fill_null(value=False)).then(nw.lit(meaning)).otherwise(value)
    return value


def _one_of(view: View, argument: Any, *choices: Any) -> Readings:
    wanted = [choice for choice in choices if choice is not None]
    readings = _side(view, argument)
    found = []
    for reading in readings:
        if reading.kind == "text" and all(isinstance(choice, str) for choice in wanted):
            told = reading.meanings or {}
            cells = [theirs for theirs, ours in told.items() if ours in wanted]
            cells += [one for one in wanted if one not in told]
            if not cells:
                continue
            is_short = len(cells) < 4  # DuckDB is faster so
            same = reduce(or_, (reading.value == cell for cell in cells)) if is_short else reading.value.is_in(cells)
            found.append(same.fill_null(value=False))
        else:
            found.extend(_holds(eq, reading, _literal(choice, view[0].currency)) for choice in wanted)
    return _truth(reduce(or_, found) if found else nw.lit(value=False), *readings)


def _equals(view: View, left: Any, right: Any) -> Readings:
    is_choice = isinstance(left, Expression) and not isinstance(right, Expression)
    return _one_of(view, left, right) if is_choice else _compared(eq)(view, left, right)


def _known(view: View, argument: Expression) -> Readings:
    readings = value_of(argument, view)
    known = _any_known(readings)
    return _truth(nw.lit(value=True) if known is None else known, *readings)


def _not(view: View, argument: Expression) -> Readings:
    reading = condition_of(argument, view)
    return (evolve(reading, value=~reading.value),)


def _joined(combine: Callable[[Any, Any], Any], *, alone: bool) -> Callable[..., Readings]:
    def condition(view: View, *arguments: Expression) -> Readings:
        readings = [condition_of(argument, view) for argument in arguments]
        values = [reading.value for reading in readings]
        return _truth(reduce(combine, values) if values else nw.lit(alone), *readings)

    return condition


def _not_yet(view: View, argument: Expression) -> Readings:
    if view[1] is None:
        return _truth(nw.lit(value=False))
    readings = value_of(argument, view)
    found = [all_hold(reading.known, ~seen) for reading in readings if (seen := _is_seen(reading, view[1])) is not None]
    return _truth(reduce(or_, found) if found else nw.lit(value=False), *readings)  # type: ignore[arg-type]


def _is_seen(reading: Reading, bound: Bound | None) -> nw.Expr | None:
    """Whether a moment is not after the bound; None where everything is seen."""
    if bound is None or reading.kind == "":
        return None
    if reading.kind not in {"instant", "day"}:
        raise _misfit("must be a date or a timestamp", reading.kind)
    return reading.value <= (bound.microseconds if reading.kind == "instant" else bound.day.toordinal() - _FIRST_DAY)


# operation -> its reading on an engine
_OPERATIONS: Mapping[str, Callable[..., Readings]] = {
    "field": _field, "equals": _equals, "one_of": _one_of,
    "less": _compared(lt), "at_most": _compared(le), "more": _compared(gt), "at_least": _compared(ge),
    "known": _known, "missing": lambda view, argument: _not(view, Expression("known", (argument,))),
    "all": _joined(and_, alone=True), "any": _joined(or_, alone=False), "not": _not,
    "plus": _plus, "minus": _minus, "times": _times, "first_known": _first_known, "not_yet": _not_yet,
    "row": lambda _view, _owner: _truth(nw.lit(value=True)),
}  # fmt: skip
