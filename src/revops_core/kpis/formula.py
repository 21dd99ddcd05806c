"""Formulas: what a KPI computes, as data: aggregates over the rows a condition picks, and arithmetic between them.

    won = opportunity.outcome == "won"
    count(won) / count(one_of(opportunity.outcome, "won", "lost"))

An aggregate reads the rows of one population, the class of its symbolic row. Rows whose value is missing are left out
of a total, mean or quantile, and are counted, so that a result can tell. Arithmetic with something undefined is
undefined, with the same reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from typing import Annotated, Any, Literal, cast

from attrs import frozen

from revops_core.errors import Fault, InvalidValueError
from revops_core.values.checks import Between, require
from revops_core.values.condition import EachRow, Symbol, owner_of
from revops_core.values.expression import Expression
from revops_core.values.measurement import Undefined
from revops_core.values.money import Money

__all__ = ["Aggregate", "Formula", "count", "distinct", "mean", "median", "population_of", "quantile", "total"]

Value = Fraction | int | Decimal | Money | timedelta | Undefined
_Level = Annotated[Decimal, Between(Decimal(0), Decimal(1))]
_AGGREGATES = Literal["count", "total", "mean", "quantile", "distinct"]
_SIGNS = Literal["over", "plus", "minus", "times"]
_MICROSECOND = timedelta(microseconds=1)
_DIGITS = Context(prec=34, rounding=ROUND_HALF_EVEN)  # as many as Money keeps
_DAY = 86_400_000_000


def _written(operation: str) -> Callable[[Any, Any], Formula]:
    return lambda left, right: Formula(operation, (left, right))


def _written_after(operation: str) -> Callable[[Any, Any], Formula]:
    return lambda right, left: Formula(operation, (left, right))


@frozen
class Aggregate:
    """One number folded from the rows that a condition picks; write it with `count`, `total`, `mean` and their kind.

    Args:
        operation: "count", "total", "mean", "quantile" or "distinct".
        where: which rows.
        value: what of a row is added or collected; None for a count.
        level: which quantile, from 0 to 1; None for the others.

    >>> from revops_core.values.condition import each
    >>> won = count(each(object).outcome == "won")
    >>> won.operation, str(won.where)
    ('count', "outcome is 'won'")
    """

    operation: str
    where: Expression
    value: Expression | None = None
    level: Decimal | None = None

    def __attrs_post_init__(self) -> None:
        optional = Expression | None
        require("Aggregate", operation=(self.operation, _AGGREGATES), where=(self.where, Expression))
        require("Aggregate", value=(self.value, optional), level=(self.level, _Level | None))
        is_count, is_quantile = self.operation == "count", self.operation == "quantile"
        if (self.value is None) != is_count or (self.level is None) == is_quantile:
            rule = "must be given for all but a count, and 'level' for a quantile alone"
            raise InvalidValueError("Aggregate", [Fault("value", rule, self.value)])
        self.population  # noqa: B018 - refuses two classes where the aggregate is written

    @property
    def population(self) -> str:
        """The name of the class whose rows it reads; empty where any rows will do."""
        return population_of(self.where, *([] if self.value is None else [self.value]))

    __truediv__, __rtruediv__ = _written("over"), _written_after("over")
    __add__, __radd__ = _written("plus"), _written_after("plus")
    __sub__, __rsub__ = _written("minus"), _written_after("minus")
    __mul__, __rmul__ = _written("times"), _written_after("times")

    def __str__(self) -> str:
        every = self.where.operation == "row"
        if self.value is None:
            return f"count({self.where})"
        name = self.operation
        if name == "quantile":
            name = "median" if self.level == Decimal("0.5") else f"{self.level} quantile"
        return f"{name}({self.value}{' of' if every else ' where'} {self.where})"


@frozen
class Formula:
    """Arithmetic between aggregates and plain numbers: `count(won) / count(decided)` writes one.

    Args:
        operation: "over", "plus", "minus" or "times".
        arguments: the two sides: an `Aggregate`, a `Formula`, or a number.

    >>> print(100 * count(Expression("row", ("Answer",))))
    100 × count(every Answer)
    """

    operation: str
    arguments: tuple[Aggregate | Formula | int | Decimal, Aggregate | Formula | int | Decimal]

    def __attrs_post_init__(self) -> None:
        require("Formula", operation=(self.operation, _SIGNS), arguments=(self.arguments, tuple[object, ...]))
        if len(self.arguments) != 2:
            raise InvalidValueError("Formula", [Fault("arguments", "must be two", self.arguments)])
        faults = [
            Fault(side, "must be an aggregate such as count(…), a formula, an int or a Decimal", argument)
            for side, argument in zip(("left", "right"), self.arguments, strict=True)
            if not isinstance(argument, Aggregate | Formula | int | Decimal) or isinstance(argument, bool)
        ]
        if faults:
            raise InvalidValueError("Formula", faults)

    @property
    def aggregates(self) -> tuple[Aggregate, ...]:
        """Every aggregate in it, each once, from left to right."""
        return tuple(dict.fromkeys(aggregates_of(self)))

    __truediv__, __rtruediv__ = _written("over"), _written_after("over")
    __add__, __radd__ = _written("plus"), _written_after("plus")
    __sub__, __rsub__ = _written("minus"), _written_after("minus")
    __mul__, __rmul__ = _written("times"), _written_after("times")

    def __str__(self) -> str:
        sign = {"over": "/", "plus": "+", "minus": "-", "times": "×"}[self.operation]
        left, right = (f"({side})" if isinstance(side, Formula) else str(side) for side in self.arguments)
        return f"{left} {sign} {right}"


def aggregates_of(node: Aggregate | Formula | int | Decimal) -> Iterator[Aggregate]:
    """The aggregates of a formula, from left to right, as often as they occur."""
    if isinstance(node, Aggregate):
        yield node
    elif isinstance(node, Formula):
        for argument in node.arguments:
            yield from aggregates_of(argument)


def _owners(expression: Expression) -> Iterator[str]:
    if expression.operation in {"field", "row"}:
        yield from expression.arguments[expression.operation == "field" :]
    for argument in expression.arguments:
        if isinstance(argument, Expression):
            yield from _owners(argument)


def population_of(*expressions: Expression) -> str:
    """The name of the one class whose fields `expressions` read; empty where they name none.

    Raises:
        InvalidValueError: they read fields of two classes.
    """
    owners = sorted({owner for expression in expressions for owner in _owners(expression) if owner})
    if len(owners) > 1:
        rule = "must read the fields of one class; prepare rows that have all of them first"
        raise InvalidValueError("aggregate", [Fault("fields", rule, tuple(owners))])
    return owners[0] if owners else ""


def _condition(where: object, of: Symbol | None = None) -> Expression:
    """The condition of an aggregate: every row of the class of a symbolic row, or of the value's class."""
    if isinstance(where, EachRow):
        owner = owner_of(where)
        return Expression("row", ("" if owner is None else owner.__name__,))
    if where is None and of is not None:
        return Expression("row", (population_of(of.expression),))
    if not isinstance(where, Expression):
        rule = "must be a condition such as each(Lead).outcome == 'qualified', or the symbolic row for every row"
        raise InvalidValueError("aggregate", [Fault("where", rule, where)])
    return where


def _over_values(operation: str, value: object, where: object, level: Decimal | None = None) -> Aggregate:
    if not isinstance(value, Symbol):
        rule = "must be a field of a symbolic row such as each(Opportunity).amount, or computed from fields"
        raise InvalidValueError(operation, [Fault("value", rule, value)])
    return Aggregate(operation, _condition(where, value), value.expression, level)


def count(where: object) -> Aggregate:
    """How many rows: those for which a condition holds, or all where given the symbolic row itself.

    >>> from revops_core.values.condition import each
    >>> print(count(each(object).outcome == "won"))
    count(outcome is 'won')
    """
    return Aggregate("count", _condition(where))


def total(value: object, where: object = None) -> Aggregate:
    """The sum of a value over the rows for which `where` holds: money of one currency, durations or numbers.

    >>> from revops_core.values.condition import each
    >>> print(total(each(object).amount, where=each(object).outcome == "won"))
    total(amount where outcome is 'won')
    """
    return _over_values("total", value, where)


def mean(value: object, where: object = None) -> Aggregate:
    """The arithmetic mean of a value over the rows that have it.

    >>> from revops_core.values.condition import each
    >>> print(mean(each(object).amount))
    mean(amount of every row)
    """
    return _over_values("mean", value, where)


def quantile(value: object, level: Decimal | str, where: object = None) -> Aggregate:
    """The value below which the share `level` of the rows lies, interpolated linearly between neighbours.

    >>> from revops_core.values.condition import each
    >>> print(quantile(each(object).amount, "0.9"))
    0.9 quantile(amount of every row)
    """
    share = Decimal(level) if isinstance(level, str) else level
    require("quantile", level=(share, _Level))
    return _over_values("quantile", value, where, share)


def median(value: object, where: object = None) -> Aggregate:
    """The value in the middle; half the sum of the two in the middle where their number is even.

    >>> from revops_core.values.condition import each
    >>> print(median(each(object).amount))
    median(amount of every row)
    """
    return _over_values("quantile", value, where, Decimal("0.5"))


def distinct(value: object, where: object = None) -> Aggregate:
    """How many different values there are. Distinct counts do not add up over segments; merged sets do.

    >>> from revops_core.values.condition import each
    >>> print(distinct(each(object).account_id))
    distinct(account_id of every row)
    """
    return _over_values("distinct", value, where)


def computed(node: Aggregate | Formula | int | Decimal, values: Mapping[Aggregate, Value]) -> Value:
    """The value of a formula, given those of its aggregates.

    A quotient is `Undefined` where the denominator is zero ("zero_denominator") or negative ("negative_base").

    Raises:
        InvalidValueError: the values of two sides do not go together, such as money plus a number.
    """
    if isinstance(node, Aggregate):
        return values[node]
    if not isinstance(node, Formula):
        return node
    left, right = (computed(argument, values) for argument in node.arguments)
    if isinstance(right, Undefined) or isinstance(left, Undefined):
        return right if isinstance(right, Undefined) else left
    try:
        return _ARITHMETIC[node.operation](left, right)
    except TypeError:
        rule = f"must have sides that go together, not {type(left).__name__} and {type(right).__name__}"
        raise InvalidValueError("formula", [Fault("formula", rule, str(node))]) from None


def _size(value: Any) -> Any:
    """`value` as a plain number."""
    return value // _MICROSECOND if isinstance(value, timedelta) else getattr(value, "amount", value)


def divided(left: Any, right: Any) -> Value:
    """One value over another: exact, but money over a number keeps 34 digits and a duration whole microseconds."""
    size = _size(right)
    if size == 0:
        return Undefined("zero_denominator")
    if size < 0:
        return Undefined("negative_base")
    if isinstance(left, Money) and isinstance(right, Money):
        return Fraction(left / right)
    if isinstance(left, timedelta) and isinstance(right, timedelta):
        return Fraction(_size(left), size)
    by = Fraction(size, _DAY) if isinstance(right, timedelta) else Fraction(size)
    return _scaled(left, 1 / by)


def to_decimal(number: int | Decimal | Fraction, places: int | None = None) -> Decimal:
    """A number as a Decimal: a fraction with 34 digits, or rounded to `places`."""
    if isinstance(number, Fraction):
        number = _DIGITS.divide(Decimal(number.numerator), Decimal(number.denominator))
    return Decimal(number) if places is None else _DIGITS.quantize(Decimal(number), Decimal(1).scaleb(-places))


def _scaled(value: Value, factor: Fraction) -> Value:
    if isinstance(value, Money):
        return Money(to_decimal(Fraction(value.amount) * factor), value.currency)
    if isinstance(value, timedelta):
        microseconds: int = round(_size(value) * factor)
        return _MICROSECOND * microseconds
    return Fraction(value) * factor  # type: ignore[arg-type] # Undefined never gets here


def _multiplied(left: Any, right: Any) -> Value:
    if isinstance(left, int) and isinstance(right, int):
        return left * right
    if isinstance(right, Money | timedelta):
        left, right = right, left
    return _scaled(left, Fraction(right))


def _added(left: Any, right: Any) -> Value:
    for side, other in ((left, right), (right, left)):
        if type(side) is int and not side:  # the sum of no rows, which is of no kind
            return cast("Value", other)
    # A Decimal would be rounded by the context of the caller.
    is_decimal = isinstance(left, Decimal) or isinstance(right, Decimal)
    return Fraction(left) + Fraction(right) if is_decimal else cast("Value", left + right)


def subtracted(left: Any, right: Any) -> Value:
    """One value less another, exactly.

    Raises:
        TypeError: they do not go together.
    """
    return _added(left, -(Fraction(right) if isinstance(right, Decimal) else right))


_ARITHMETIC = {"over": divided, "plus": _added, "minus": subtracted, "times": _multiplied}
