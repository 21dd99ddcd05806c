"""Conditions: one small language for "which records", used by rules, SLA targets and KPIs alike.

An `Expression` is plain frozen data: an operation and its arguments. It is written with a symbolic row that is typed as
the class it stands for, so that editors complete its fields and a misspelt one is refused where it is written:

    opportunity = each(Opportunity)
    won = opportunity.outcome == "won"
    large = won & (opportunity.amount >= Money(100_000, "EUR"))

Missing values: a value that is missing equals nothing and has no order, so `==`, `<` and their kind do not hold for it
and `!=` does; ask for it with `known` and `missing`. `and`, `or` and `not` cannot be made to work: use `&`, `|`, `~`.
Each operation has its readings (as text, in Python) in one table, `_OPERATIONS`; DataFrame engines add theirs.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, NoReturn, TypeVar, cast

from attrs import frozen

from revops_core.errors import Fault, InvalidValueError, UnknownFieldError
from revops_core.values.checks import require

__all__ = [
    "EachRow",
    "Expression",
    "Symbol",
    "all_of",
    "any_of",
    "as_argument",
    "compiled",
    "each",
    "given",
    "known",
    "matching",
    "missing",
    "one_of",
    "owner_of",
]

E = TypeVar("E")
Row = Any
Read = Callable[[Row], Any]


@frozen
class Expression:
    """A condition or a value of one row, as data: equal by value, hashable, printable, evaluated by `holds`.

    Args:
        operation: a name such as "equals", "all", "field".
        arguments: expressions and literal values; of a field its name and the name of its class.

    >>> priority_is_high = matching({"priority": "high"})
    >>> priority_is_high.holds({"priority": "high"}), str(priority_is_high)
    (True, "priority is 'high'")
    """

    operation: str
    arguments: tuple[Any, ...]

    def __attrs_post_init__(self) -> None:
        require("Expression", operation=(self.operation, str), arguments=(self.arguments, tuple[object, ...]))
        if self.operation not in _OPERATIONS:
            raise InvalidValueError("Expression", [Fault("operation", f"must be one of {', '.join(_OPERATIONS)}", self.operation)])
        try:
            hash(self.arguments)
        except TypeError:
            fault = Fault("arguments", "must be values that cannot be changed, such as a tuple for a list", self.arguments)
            raise InvalidValueError("Expression", [fault]) from None

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
        _refuse_truth(str(self))

    def __str__(self) -> str:
        return _OPERATIONS[self.operation][0](*(_text(argument) for argument in self.arguments))


def _refuse_truth(text: str) -> NoReturn:
    message = f"({text}) is a condition, neither true nor false yet: use & | ~ for and, or, not; one_of for in; holds(row)"
    raise TypeError(message)


def _text(argument: object) -> str:
    if isinstance(argument, Expression):
        return f"({argument})" if argument.operation in {"all", "any"} else str(argument)
    return repr(argument) if isinstance(argument, str) else str(argument)


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def holds(left: Any, right: Any) -> bool:
        if left is None or right is None:
            return False
        try:
            return compare(left, right)
        except TypeError:
            fault = Fault("left", f"must have an order with {right!r}: values of one kind", left)
            raise InvalidValueError("condition", [fault]) from None

    return holds


def _arithmetic(compute: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda left, right: None if left is None or right is None else compute(left, right)


# operation -> how it reads as text, how it is computed from the values of its arguments ("field" is read from the row).
_OPERATIONS: Mapping[str, tuple[Callable[..., str], Callable[..., Any]]] = {
    "field": (lambda name, *_owner: name.strip("'"), lambda value: value),
    "equals": (lambda a, b: f"{a} is {b}", lambda a, b: a is not None and b is not None and a == b),
    "one_of": (lambda a, *values: f"{a} is one of {', '.join(values)}", lambda a, *values: a is not None and a in values),
    "less": (lambda a, b: f"{a} is below {b}", _ordered(operator.lt)),
    "at_most": (lambda a, b: f"{a} is at most {b}", _ordered(operator.le)),
    "more": (lambda a, b: f"{a} is above {b}", _ordered(operator.gt)),
    "at_least": (lambda a, b: f"{a} is at least {b}", _ordered(operator.ge)),
    "known": (lambda a: f"{a} is known", lambda a: a is not None),
    "missing": (lambda a: f"{a} is missing", lambda a: a is None),
    "all": (lambda *parts: " and ".join(parts) or "always", lambda *parts: all(parts)),
    "any": (lambda *parts: " or ".join(parts) or "never", lambda *parts: any(parts)),
    "not": (lambda a: f"not ({a})", lambda a: not a),
    "plus": (lambda a, b: f"{a} + {b}", _arithmetic(operator.add)),
    "minus": (lambda a, b: f"{a} - {b}", _arithmetic(operator.sub)),
    "times": (lambda a, b: f"{a} × {b}", _arithmetic(operator.mul)),
}


class Symbol:
    """A field of a symbolic row, or a value computed from fields: comparing it writes an `Expression`.

    You get one from `each(Class).field`; `Symbol.expression` is the data it stands for.
    """

    __slots__ = ("expression", "owner")

    def __init__(self, expression: Expression, owner: type | None = None) -> None:
        self.expression = expression
        self.owner = owner

    def _with(self, operation: str, other: object) -> Expression:
        return Expression(operation, (self.expression, as_argument(other)))

    def __eq__(self, other: object) -> Expression:  # type: ignore[override]
        return self._with("equals", other)

    def __ne__(self, other: object) -> Expression:  # type: ignore[override]
        return Expression("not", (self._with("equals", other),))

    def __lt__(self, other: object) -> Expression:
        return self._with("less", other)

    def __le__(self, other: object) -> Expression:
        return self._with("at_most", other)

    def __gt__(self, other: object) -> Expression:
        return self._with("more", other)

    def __ge__(self, other: object) -> Expression:
        return self._with("at_least", other)

    def __add__(self, other: object) -> Symbol:
        return Symbol(self._with("plus", other), self.owner)

    def __sub__(self, other: object) -> Symbol:
        return Symbol(self._with("minus", other), self.owner)

    def __mul__(self, other: object) -> Symbol:
        return Symbol(self._with("times", other), self.owner)

    def __getitem__(self, name: str) -> Symbol:
        """A key of a mapping field: `opportunity.custom["segment"]`."""
        path, *owner = self.expression.arguments
        return Symbol(Expression("field", (f"{path}.{name}", *owner)), self.owner)

    def __hash__(self) -> int:
        return hash(self.expression)

    def __bool__(self) -> NoReturn:
        _refuse_truth(str(self.expression))

    def __contains__(self, _value: object) -> NoReturn:
        _refuse_truth(str(self.expression))

    def __iter__(self) -> NoReturn:
        _refuse_truth(str(self.expression))

    def __repr__(self) -> str:
        return f"<{self.expression}>"


class EachRow:
    """What `each` returns: any attribute of it is a `Symbol`; `owner_of` tells its class."""

    __slots__ = ("_owner",)

    def __init__(self, owner: type | None) -> None:
        self._owner = owner

    def __getattr__(self, name: str) -> Symbol:
        if name.startswith("__"):
            raise AttributeError(name)
        owner = owner_of(self)
        if owner is None:
            return Symbol(Expression("field", (name, "")))
        if not hasattr(owner, name) and name not in _annotated(owner):
            raise UnknownFieldError(name, owner.__name__, sorted(_annotated(owner)))
        return Symbol(Expression("field", (name, owner.__name__)), owner)

    def __repr__(self) -> str:
        return f"each({self._owner.__name__ if self._owner else ''})"


def _annotated(owner: type) -> frozenset[str]:
    return frozenset(name for cls in owner.__mro__ for name in vars(cls).get("__annotations__", ()))


def each(cls: type[E]) -> E:
    """A symbolic row of `cls`: comparing its fields writes a condition instead of answering one.

    Args:
        cls: the class of the rows: one of ours, a dataclass, an ORM model. `object` allows any field name.

    Raises:
        UnknownFieldError: when a field is named that `cls` does not have, with the nearest name.

    >>> from attrs import frozen
    >>> @frozen
    ... class Deal:
    ...     amount: int
    >>> print(each(Deal).amount > 3)
    amount is above 3
    """
    return cast("E", EachRow(None if cls is object else cls))


def owner_of(row: object) -> type | None:
    """The class that a symbolic row stands for; None where it allows any field, or for anything else."""
    return object.__getattribute__(row, "_owner") if isinstance(row, EachRow) else None


def as_argument(value: object) -> object:
    """What an expression holds for `value`: the expression of a symbol, or the literal itself."""
    if isinstance(value, EachRow):
        raise InvalidValueError("condition", [Fault("field", "must be a field of the row, such as each(Lead).status", value)])
    return value.expression if isinstance(value, Symbol) else value


def _condition(value: object) -> Expression:
    argument = as_argument(value)
    if not isinstance(argument, Expression):
        raise InvalidValueError("condition", [Fault("condition", "must be an Expression such as each(Lead).status == 'new'", value)])
    return argument


def _joined(operation: str, conditions: Iterable[object]) -> Expression:
    """The conditions under one `operation`, those already under it unfolded, a single one as it is."""
    flat: list[Expression] = []
    for condition in map(_condition, conditions):
        flat.extend(condition.arguments if condition.operation == operation else (condition,))
    return flat[0] if len(flat) == 1 else Expression(operation, tuple(flat))


def all_of(*conditions: Expression | bool) -> Expression:
    """The condition that holds where all of `conditions` do; always, where there are none.

    >>> all_of(matching({"a": 1}), matching({"b": 2})).holds({"a": 1, "b": 2})
    True
    """
    return _joined("all", conditions)


def any_of(*conditions: Expression | bool) -> Expression:
    """The condition that holds where at least one of `conditions` does; never, where there are none.

    >>> any_of(matching({"a": 1}), matching({"b": 2})).holds({"a": 1, "b": 3})
    True
    """
    return _joined("any", conditions)


def one_of(field: object, *values: object) -> Expression:
    """The condition that `field` has one of `values`; it never holds where the field is missing.

    >>> print(one_of(each(object).outcome, "won", "lost"))
    outcome is one of 'won', 'lost'
    """
    return Expression("one_of", (as_argument(field), *values))


def known(field: object) -> Expression:
    """The condition that `field` has a value.

    >>> known(each(object).amount).holds({"amount": None})
    False
    """
    return Expression("known", (as_argument(field),))


def missing(field: object) -> Expression:
    """The condition that `field` has no value.

    >>> missing(each(object).amount).holds({})
    True
    """
    return Expression("missing", (as_argument(field),))


def given(field: E | None) -> E:
    """`field` where it is known: tells the type checker, and the reader, that rows without it are left out.

    >>> given(each(object).closed_at) - each(object).created_at
    <closed_at - created_at>
    """
    return cast("E", field)


def matching(fields: Mapping[str, object]) -> Expression:
    """The condition that each field has its value, or one of a tuple of values; always, where there are none.

    >>> print(matching({"request": "bug_fix", "priority": ("high", "urgent")}))
    request is 'bug_fix' and priority is one of 'high', 'urgent'
    """
    require("matching", fields=(fields, Mapping))
    symbols = {name: Symbol(Expression("field", (name, ""))) for name in fields}
    return all_of(
        *(
            one_of(symbols[name], *value) if isinstance(value, tuple) else symbols[name] == value
            for name, value in fields.items()
        )
    )


def _read_from(path: str) -> Read:
    """How the field `path` is read from a row: attributes of objects, keys of mappings, dots step inwards."""
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

    >>> is_high = compiled(matching({"priority": "high"}))
    >>> [is_high(row) for row in ({"priority": "high"}, {"priority": "low"}, {})]
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
            return lambda row: bool(first(row) == wanted)
        if isinstance(expression.arguments[0], Expression):
            return lambda row: compute(first(row), *literals)
    if expression.operation in {"all", "any"} and not literals:
        return _all_hold(readers) if expression.operation == "all" else _any_holds(readers)
    parts = [compiled(part, read_from) if isinstance(part, Expression) else _constant(part) for part in expression.arguments]
    return lambda row: compute(*[part(row) for part in parts])


def _constant(value: object) -> Read:
    return lambda _row: value


def _all_hold(readers: list[Read]) -> Read:
    return lambda row: all(reader(row) for reader in readers)


def _any_holds(readers: list[Read]) -> Read:
    return lambda row: any(reader(row) for reader in readers)
