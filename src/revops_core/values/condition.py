"""Conditions: one small language for "which records", used by rules, SLA targets and KPIs alike.

It is written with a symbolic row that is typed as the class it stands for, so that editors complete its fields and a
misspelt one is refused where it is written; what comes out is an `Expression`, plain frozen data:

    opportunity = each(Opportunity)
    won = opportunity.outcome == "won"
    large = won & (opportunity.amount >= Money(100_000, "EUR"))
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NoReturn, TypeVar, cast

from revops_core.errors import Fault, InvalidValueError, NoTruthValueError, UnknownFieldError
from revops_core.values.checks import require
from revops_core.values.expression import Expression, all_of

__all__ = [
    "EachRow", "Symbol", "as_argument", "each", "first_known", "given", "known", "matching", "missing", "not_yet",
    "one_of", "owner_of",
]  # fmt: skip

E = TypeVar("E")


def _compared(operation: str) -> Callable[[Symbol, object], Expression]:
    return lambda left, right: Expression(operation, (left.expression, as_argument(right)))


def _computed(operation: str) -> Callable[[Symbol, object], Symbol]:
    compared = _compared(operation)
    return lambda left, right: Symbol(compared(left, right), left.owner)


class Symbol:
    """A field of a symbolic row, or a value computed from fields: comparing it writes an `Expression`.

    You get one from `each(Class).field`; `Symbol.expression` is the data it stands for.
    """

    __slots__ = ("expression", "owner")

    def __init__(self, expression: Expression, owner: type | None = None) -> None:
        self.expression = expression
        self.owner = owner

    __eq__ = _compared("equals")  # type: ignore[assignment]
    __lt__, __le__ = _compared("less"), _compared("at_most")
    __gt__, __ge__ = _compared("more"), _compared("at_least")
    __add__, __sub__, __mul__ = _computed("plus"), _computed("minus"), _computed("times")

    def __ne__(self, other: object) -> Expression:  # type: ignore[override]
        return ~Expression("equals", (self.expression, as_argument(other)))

    def __getitem__(self, name: str) -> Symbol:
        """A key of a mapping field: `opportunity.custom["segment"]`."""
        require("condition", name=(name, str))
        path, *owner = self.expression.arguments
        return Symbol(Expression("field", (f"{path}.{name}", *owner)), self.owner)

    def __hash__(self) -> int:
        return hash(self.expression)

    def __bool__(self) -> NoReturn:
        raise NoTruthValueError(str(self.expression))

    def __contains__(self, _value: object) -> NoReturn:
        self.__bool__()

    def __iter__(self) -> NoReturn:
        self.__bool__()

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
    require("each", cls=(cls, type))
    return cast("E", EachRow(None if cls is object else cls))


def owner_of(row: object) -> type | None:
    """The class that a symbolic row stands for; None where it allows any field, or for anything else."""
    return object.__getattribute__(row, "_owner") if isinstance(row, EachRow) else None


def as_argument(value: object) -> object:
    """What an expression holds for `value`: the expression of a symbol, or the literal itself."""
    if isinstance(value, EachRow):
        fault = Fault("field", "must be a field of the row, such as each(Lead).status", value)
        raise InvalidValueError("condition", [fault])
    return value.expression if isinstance(value, Symbol) else value


def one_of(field: object, *values: object) -> Expression:
    """The condition that `field` has one of `values`; it never holds where the field is missing.

    >>> print(one_of(each(object).outcome, "won", "lost"))
    outcome is one of 'won', 'lost'
    """
    return Expression("equals" if len(values) == 1 else "one_of", (as_argument(field), *values))


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


def first_known(first: E | None, *others: E | None) -> E:
    """The first of several fields that has a value, such as the instant a deal closed, or else the day.

    KPIs take rows that have only some of these fields, as long as they have one.

    >>> first_known(each(object).closed_at, each(object).closed_on)
    <(closed_at else closed_on)>
    """
    owner = first.owner if isinstance(first, Symbol) else None
    return cast("E", Symbol(Expression("first_known", tuple(map(as_argument, (first, *others)))), owner))


def not_yet(moment: object) -> Expression:
    """The condition that an instant or a day lies after the moment from which we look.

    KPIs tell it that moment, their `as_of`; everywhere else nothing is "not yet".

    >>> print(not_yet(each(object).closed_at))
    closed_at is still to come
    """
    return Expression("not_yet", (as_argument(moment),))


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
