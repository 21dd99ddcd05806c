"""Tallies: what is kept of the rows of one group while they pass by, so that parts can be merged.

A tally is a list of plain parts. A count is an int. A sum, a list of values and a set of values are
`[kept, known, kind]`: what was added up or collected, of how many rows, and of what kind: a currency, "duration",
"number", or "" while there is none; a mean keeps the sum of the squares too, for its interval. Sums are exact, in any
order: durations in whole microseconds, money and numbers as Decimals in a context that refuses to round.
Once the rows are read, every list and set in it becomes a tuple (`settled`): such a tally is a value, and plain data.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow
from functools import partial, reduce
from itertools import chain
from typing import Any

from revops_core.errors import CurrencyMismatchError, Fault, InexactAmountError, InvalidValueError
from revops_core.values.money import Money

__all__ = ["Settled", "Tally", "fold", "is_settled", "merged", "settled", "started"]

Part = Any
Tally = list[Part]
Settled = tuple[Part, ...]

_MICROSECOND = timedelta(microseconds=1)
add_exactly: Callable[[Any, Any], Decimal] = Context(prec=34, traps=[InvalidOperation, Overflow, Inexact]).add
"""The sum of two numbers, in a context of our own; raises `decimal.Inexact` where 34 digits do not hold it."""

_multiply_and_add: Callable[[Any, Any, Any], Decimal] = Context(prec=80).fma
_START: dict[str, Callable[[], Any]] = {"total": int, "mean": int, "quantile": list, "distinct": set, "rows": list}
_COLLECTED = {"quantile", "distinct", "rows"}


def started(operation: str) -> Part:
    """An empty part for "count", "total", "mean", "quantile", "distinct" or "rows"."""
    if operation == "count":
        return 0
    return [_START[operation](), 0, "", *([0] if operation == "mean" else [])]


def fold(operation: str, slot: int, read: Callable[[Any], Any], what: str) -> Callable[[Tally, Any], None]:
    """A function that adds the value of a row to the part at `slot` of a tally.

    Args:
        operation: "total", "mean", "quantile", "distinct" or "rows".
        slot: the position of the part.
        read: reads the value from a row.
        what: the value as text, for errors.
    """
    return _FOLDS[operation](slot, read, what)


def _fold_sum(slot: int, read: Callable[[Any], Any], what: str, *, squares: bool) -> Callable[[Tally, Any], None]:
    def fold_sum(tally: Tally, row: Any) -> None:
        value = read(row)
        if value is None:
            return
        part = tally[slot]
        if value.__class__ is Money:
            kind, value = value.currency, value.amount
        else:
            value, kind = _number(value, what)
        if kind != part[2]:
            _set_kind(part, kind, what)
        part[1] += 1
        summed = part[0]
        is_int = value.__class__ is int and summed.__class__ is int
        try:
            part[0] = summed + value if is_int else add_exactly(summed, value)
        except Inexact:
            raise InexactAmountError("add", 34) from None
        if squares:
            part[3] = part[3] + value * value if is_int else _multiply_and_add(value, value, part[3])

    return fold_sum


def _fold_values(slot: int, read: Callable[[Any], Any], what: str) -> Callable[[Tally, Any], None]:
    def fold_values(tally: Tally, row: Any) -> None:
        value = read(row)
        if value is None:
            return
        part = tally[slot]
        number, kind = _number(value, what)
        if kind != part[2]:
            _set_kind(part, kind, what)
        part[1] += 1
        part[0].append(number)

    return fold_values


def _fold_distinct(slot: int, read: Callable[[Any], Any], what: str) -> Callable[[Tally, Any], None]:
    def fold_distinct(tally: Tally, row: Any) -> None:
        value = read(row)
        if value is None:
            return
        part = tally[slot]
        try:
            part[0].add(value)
        except TypeError:
            raise InvalidValueError("row", [Fault(what, "must be hashable to be counted as distinct", value)]) from None
        part[1] += 1

    return fold_distinct


def _fold_rows(slot: int, read: Callable[[Any], Any], _what: str) -> Callable[[Tally, Any], None]:
    def fold_rows(tally: Tally, row: Any) -> None:
        if read(row) is not None:
            tally[slot][0].append(row)
            tally[slot][1] += 1

    return fold_rows


_FOLDS: dict[str, Callable[[int, Callable[[Any], Any], str], Callable[[Tally, Any], None]]] = {
    "total": partial(_fold_sum, squares=False),
    "mean": partial(_fold_sum, squares=True),
    "quantile": _fold_values,
    "distinct": _fold_distinct,
    "rows": _fold_rows,
}


def _number(value: Any, what: str) -> tuple[int | Decimal, str]:
    """A value as the number that is kept of it, and its kind."""
    if isinstance(value, Money):
        return value.amount, value.currency
    if isinstance(value, timedelta):
        if value < timedelta(0):
            rule = "must not be negative: it ends before it starts"
            raise InvalidValueError("row", [Fault(what, rule, value)])
        return value // _MICROSECOND, "duration"
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    if is_whole or (isinstance(value, Decimal) and value.is_finite()):
        return value, "number"
    rule = "must be Money, a timedelta, an int or a finite Decimal"
    if isinstance(value, float):
        rule += "; write Decimal('0.1'), as 0.1 has no exact float"
    raise InvalidValueError("row", [Fault(what, rule, value)])


def _set_kind(part: Part, kind: str, what: str) -> None:
    held = part[2]
    if held in {"", kind}:
        part[2] = kind
    elif {held, kind} & {"number", "duration"}:
        rule = f"must be of one kind, {_named(held)} as in the rows before, not {_named(kind)}"
        raise InvalidValueError("row", [Fault(what, rule, kind)])
    else:
        raise CurrencyMismatchError(held, kind)


def _named(kind: str) -> str:
    return kind if kind in {"number", "duration"} else f"an amount in {kind}"


def settled(tally: Tally | None) -> Settled | None:
    """A tally that will not be added to any more, as a value; None, where there are no rows, stays None."""
    return None if tally is None else tuple(map(_as_value, tally))


def _as_value(part: Part) -> Part:
    if isinstance(part, int):
        return part
    return tuple(part[0]) if isinstance(part[0], list | set) else part[0], *part[1:]


def is_settled(tally: object, operations: Sequence[str]) -> bool:
    """Whether `tally` is a settled tally of parts for these operations, in this order, or None."""
    if not isinstance(tally, tuple):
        return tally is None
    return len(tally) == len(operations) and all(map(_is_part_for, operations, tally))


def _is_part_for(operation: str, part: Any) -> bool:
    if operation == "count":
        return _is_count(part)
    if not isinstance(part, tuple) or len(part) != len(started(operation)):
        return False
    kept, known, kind, *squares = part
    holds: Any = tuple if operation in _COLLECTED else int | Decimal
    has_numbers = _is_count(known) and all(isinstance(square, int | Decimal) for square in squares)
    return has_numbers and isinstance(kept, holds) and isinstance(kind, str)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def merged(operation: str, parts: Sequence[Any], what: str) -> Any:
    """Settled parts of several groups of rows as that of all of them.

    Raises:
        CurrencyMismatchError: sums of two currencies.
        InvalidValueError: sums of two kinds, such as durations and amounts.
        InexactAmountError: 34 digits do not hold the sum.
    """
    if operation == "count":
        return sum(parts)
    of_kind: Part = [None, 0, ""]
    for _, _, kind, *_ in parts:
        if kind:
            _set_kind(of_kind, kind, what)
    known, kind = sum(part[1] for part in parts), of_kind[2]
    if operation in _COLLECTED:
        collected = chain.from_iterable(part[0] for part in parts)
        return tuple(dict.fromkeys(collected) if operation == "distinct" else collected), known, kind
    kept = reduce(_sum, (part[0] for part in parts))
    return kept, known, kind, *(reduce(_sum_of_squares, (part[3] for part in parts)) for _ in parts[0][3:])


def _sum(left: Any, right: Any) -> Any:
    if isinstance(left, int) and isinstance(right, int):
        return left + right
    try:
        return add_exactly(left, right)
    except Inexact:
        raise InexactAmountError("add", 34) from None


def _sum_of_squares(left: Any, right: Any) -> Any:
    return left + right if isinstance(left, int) and isinstance(right, int) else _multiply_and_add(left, 1, right)
