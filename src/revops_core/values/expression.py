"""Expression: a condition or a computed value of one row, as plain frozen data.

Missing values: a value that is missing equals nothing and has no order, so `==`, `<` and their kind do not hold for it
and `!=` does; ask for it with `known` and `missing`. `and`, `or` and `not` cannot be made to work: use `&`, `|`, `~`.
Each operation has its readings (as text, in Python) in one table, `_OPERATIONS`; DataFrame engines add theirs.
How to write one with the fields of a class is in `condition.py`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from functools import lru_cache, partial
from typing import Any, NoReturn

from attrs import frozen

from revops_core.errors import Fault, InvalidValueError, NoTruthValueError, RevopsError, UnknownFieldError, shown
from revops_core.values.checks import require
from revops_core.values.duration import duration_between
from revops_core.values.instants import to_microseconds

__all__ = ["Expression", "all_of", "any_of", "compiled"]

Row = Any
Read = Callable[[Row], Any]


@frozen
class Expression:
    """A condition or a value of one row, as data: equal by value, hashable, printable, evaluated by `holds`.

    Args:
        operation: a name such as "equals", "all", "field".
        arguments: expressions and literal values; of a field its name and the name of its class.

    >>> priority_is_high = Expression("equals", (Expression("field", ("priority", "")), "high"))
    >>> priority_is_high.holds({"priority": "high"}), str(priority_is_high)
    (True, "priority is 'high'")
    """

    operation: str
    arguments: tuple[Any, ...]

    def __attrs_post_init__(self) -> None:
        require("Expression", operation=(self.operation, str), arguments=(self.arguments, tuple[object, ...]))
        if self.operation not in _OPERATIONS:
            rule = f"must be one of {', '.join(_OPERATIONS)}"
            raise InvalidValueError("Expression", [Fault("operation", rule, self.operation)])
        try:
            frozenset(self.arguments)
        except TypeError:
            rule = "must be values that cannot be changed, such as a tuple for a list"
            raise InvalidValueError("Expression", [Fault("arguments", rule, self.arguments)]) from None
        if faults := list(_argument_faults(self)):
            raise InvalidValueError("Expression", faults)

    def holds(self, row: Row) -> bool:
        """Whether the condition holds for `row`: any object with these attributes, or a mapping with these keys.

        A key that a mapping lacks counts as missing.

        Raises:
            UnknownFieldError: the object has no such attribute.
        """
        return bool(compiled(self)(row))

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of the fields it reads, each once, in order."""
        if self.operation == "field":
            return (self.arguments[0],)
        found = (name for argument in self.arguments if isinstance(argument, Expression) for name in argument.fields)
        return tuple(dict.fromkeys(found))

    def __and__(self, other: Expression | bool) -> Expression:
        return all_of(self, other)

    def __or__(self, other: Expression | bool) -> Expression:
        return any_of(self, other)

    def __invert__(self) -> Expression:
        return Expression("not", (self,))

    def __bool__(self) -> NoReturn:
        raise NoTruthValueError(str(self))

    def __str__(self) -> str:
        return _OPERATIONS[self.operation][0](*(_text(argument, self.operation) for argument in self.arguments))


def _argument_faults(made: Expression) -> Iterator[Fault]:
    """Arguments of which there are too many or too few, or that are of the wrong kind."""
    try:
        _OPERATIONS[made.operation][0](*[""] * len(made.arguments))
    except TypeError:
        yield Fault("arguments", f"must be as many as '{made.operation}' takes", made.arguments)
    names: tuple[object, ...] = made.arguments if made.operation in {"field", "row"} else ()
    if names and made.operation == "field" and isinstance(names[0], tuple):  # several names: the first known counts
        names = (*names[0], *names[1:])
    if not all(isinstance(name, str) for name in names):
        yield Fault("arguments", "must be the name of a field and of its class, as text", made.arguments)
    parts = made.arguments if made.operation in {"all", "any", "not"} else ()
    if not all(isinstance(part, Expression | bool) for part in parts):
        yield Fault("arguments", "must be conditions such as each(Lead).status == 'new'", made.arguments)


def _text(argument: object, within: str) -> str:
    if isinstance(argument, Expression):
        is_sum = argument.operation in {"plus", "minus"} and within in {"plus", "minus", "times"}
        return f"({argument})" if is_sum or argument.operation in {"all", "any"} else str(argument)
    if isinstance(argument, timedelta) and argument == timedelta(argument.days):
        return f"{argument.days} days"
    return repr(str(argument)) if isinstance(argument, str) else str(argument)


def _refused(error: Exception, name: str, rule: str, value: object) -> Exception:
    """An error of ours for two values that do not go together; one that was ours before stays as it is."""
    return error if isinstance(error, RevopsError) else InvalidValueError(name, [Fault("left", rule, value)])


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def holds(left: Any, right: Any) -> bool:
        if left is None or right is None:
            return False
        try:
            if isinstance(left, datetime) and isinstance(right, datetime):
                # Two datetimes of one zone compare by their wall clocks, wrongly where the clocks went back.
                return compare(to_microseconds(left), to_microseconds(right))
            return compare(left, right)
        except (TypeError, ArithmeticError) as error:
            rule = f"must have an order with {shown(right)}: values of one kind"
            raise _refused(error, "condition", rule, left) from None

    return holds


def _arithmetic(sign: str, compute: Callable[..., Any]) -> Callable[..., Any]:
    def computed(left: Any, right: Any, *zone_key: str) -> Any:
        if left is None or right is None:
            return None
        try:
            return compute(left, right, *zone_key)
        except (TypeError, ArithmeticError) as error:
            raise _refused(error, "expression", f"must allow '{sign} {shown(right)}'", left) from None

    return computed


def _subtracted(left: Any, right: Any, tz: str | None = None) -> Any:
    if isinstance(left, date) and isinstance(right, date):
        return duration_between(right, left, tz)
    return left - right


def _is_not_yet(moment: Any, last_instant: int | None = None, last_day: date | None = None) -> bool:
    """Whether `moment` lies after the bound of the reading, in microseconds and as a day; nothing does without one."""
    if moment is None or last_instant is None or last_day is None:
        return False
    if isinstance(moment, datetime) and moment.tzinfo is not None:
        return to_microseconds(moment) > last_instant
    if isinstance(moment, datetime) or not isinstance(moment, date):
        raise InvalidValueError("not_yet", [Fault("moment", "must be a date or an aware datetime", moment)])
    return moment > last_day


# operation -> how it reads as text, how it is computed from the values of its arguments ("field" is read from the row).
_OPERATIONS: Mapping[str, tuple[Callable[..., str], Callable[..., Any]]] = {
    "field": (lambda name, *_owner: name.strip("'"), lambda value: value),
    "equals": (lambda a, b: f"{a} is {b}", lambda a, b: a is not None and b is not None and a == b),
    "one_of": (
        lambda a, *values: f"{a} is one of {', '.join(values)}",
        lambda a, *values: a is not None and a in values,
    ),
    "less": (lambda a, b: f"{a} is below {b}", _ordered(operator.lt)),
    "at_most": (lambda a, b: f"{a} is at most {b}", _ordered(operator.le)),
    "more": (lambda a, b: f"{a} is above {b}", _ordered(operator.gt)),
    "at_least": (lambda a, b: f"{a} is at least {b}", _ordered(operator.ge)),
    "known": (lambda a: f"{a} is known", lambda a: a is not None),
    "missing": (lambda a: f"{a} is missing", lambda a: a is None),
    "all": (lambda *parts: " and ".join(parts) or "always", lambda *parts: all(parts)),
    "any": (lambda *parts: " or ".join(parts) or "never", lambda *parts: any(parts)),
    "not": (lambda a: f"not ({a})", lambda a: not a),
    "plus": (lambda a, b: f"{a} + {b}", _arithmetic("+", operator.add)),
    "minus": (lambda a, b, *_tz: f"{a} - {b}", _arithmetic("-", _subtracted)),
    "times": (lambda a, b: f"{a} × {b}", _arithmetic("×", operator.mul)),
    "first_known": (
        lambda *fields: f"({' else '.join(fields)})",
        lambda *values: next((v for v in values if v is not None), None),
    ),
    "not_yet": (lambda a, *_bound: f"{a} is still to come", _is_not_yet),
    "row": (lambda owner: f"every {owner.strip(chr(39)) or 'row'}", lambda _owner: True),
}


def _condition(value: object) -> Expression:
    if not isinstance(value, Expression):
        rule = "must be a condition such as each(Lead).status == 'new'; compare a field of true and false with True"
        raise InvalidValueError("condition", [Fault("condition", rule, value)])
    return value


def _joined(operation: str, conditions: Iterable[object]) -> Expression:
    """The conditions under one `operation`, those already under it unfolded, a single one as it is."""
    flat: list[Expression] = []
    for condition in map(_condition, conditions):
        flat.extend(condition.arguments if condition.operation == operation else (condition,))
    return flat[0] if len(flat) == 1 else Expression(operation, tuple(flat))


def all_of(*conditions: Expression | bool) -> Expression:
    """The condition that holds where all of `conditions` do; always, where there are none.

    >>> all_of().holds({})
    True
    """
    return _joined("all", conditions)


def any_of(*conditions: Expression | bool) -> Expression:
    """The condition that holds where at least one of `conditions` does; never, where there are none.

    >>> any_of().holds({})
    False
    """
    return _joined("any", conditions)


def _read_from(path: str | tuple[str, ...]) -> Read:
    """How the field `path` is read from a row: attributes of objects, keys of mappings, dots step inwards."""
    if isinstance(path, tuple):
        reads = [_read_from(each) for each in path]
        return lambda row: next((value for read in reads if (value := read(row)) is not None), None)
    names = path.split(".")

    def read(row: Row) -> Any:
        for name in names:
            if row is None:
                return None
            if isinstance(row, Mapping):
                row = row.get(name)
            else:
                try:
                    row = getattr(row, name)
                except AttributeError:
                    raise UnknownFieldError(name, type(row).__name__, _public_names(row)) from None
        return row

    return read


def _public_names(row: object) -> list[str]:
    return [name for name in dir(row) if not name.startswith("_")]


@lru_cache(maxsize=1024)
def compiled(expression: Expression, read_from: Callable[[str], Read] = _read_from) -> Read:
    """`expression` as a function of a row, for a loop over many.

    Args:
        expression: a condition or a value.
        read_from: how a field is read from a row; made once for each field.

    >>> is_known = compiled(Expression("known", (Expression("field", ("amount", "")),)))
    >>> [is_known(row) for row in ({"amount": 3}, {"amount": None}, {})]
    [True, False, False]
    """
    if expression.operation == "field":
        return read_from(expression.arguments[0])
    compute = _OPERATIONS[expression.operation][1]
    literals = [argument for argument in expression.arguments if not isinstance(argument, Expression)]
    readers = [compiled(argument, read_from) for argument in expression.arguments if isinstance(argument, Expression)]
    if len(readers) == 1:
        first = readers[0]
        if expression.operation == "equals" and literals[0] is not None:
            wanted = literals[0]
            return lambda row: first(row) == wanted
        if expression.operation == "one_of":
            choices = tuple(literal for literal in literals if literal is not None)
            return lambda row: first(row) in choices
        if isinstance(expression.arguments[0], Expression):
            return lambda row: compute(first(row), *literals)
    if expression.operation == "all" and not literals:
        return lambda row: all(reader(row) for reader in readers)
    if expression.operation == "any" and not literals:
        return lambda row: any(reader(row) for reader in readers)
    parts = [
        compiled(part, read_from) if isinstance(part, Expression) else partial(_constant, part)
        for part in expression.arguments
    ]
    return lambda row: compute(*[part(row) for part in parts])


def _constant(value: object, _row: Row) -> object:
    return value
