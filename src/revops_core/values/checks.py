"""Checks: what the annotation of a field demands of its value, and one check for a whole value.

The annotations are the rules: `str`, `datetime` (aware), `date` (a civil day), `Decimal` (finite), `Money`, `X | None`,
`tuple[X, ...]`; what they cannot say is said by the aliases below (`Id`, `Count`, `Share`, …). A class asks for its
check in one line, and every fault of a value is reported at once:

    @checked()
    @frozen(kw_only=True)
    class Quota:
        owner_id: Id
        amount: Money

The tests of all fields of a class become a single expression of source text (`compiled_class.py`), because a call for
each field would cost three times as much (`benchmarks/entities.py`). Each rule is written once, in `demand.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache, wraps
from typing import Annotated, Any, TypeVar, get_type_hints

from attrs import fields, frozen, has

from revops_core.errors import Fault, InvalidValueError, shown
from revops_core.values.compiled_class import compared_by_value, compiled_init
from revops_core.values.currencies import MINOR_UNITS
from revops_core.values.demand import Demand, demand_of
from revops_core.values.instants import to_microseconds

__all__ = [
    "AtLeast", "AttrsClass", "Between", "Count", "Currency", "Id", "InOrder", "NotEmpty", "Personal", "PersonalText",
    "Share", "Span", "Where", "as_decimal", "as_tuple", "checked", "hints_of", "is_personal", "refuse_faults",
    "require", "short_repr", "shortened",
]  # fmt: skip

T = TypeVar("T")


@frozen
class NotEmpty:
    """The text has at least one character."""

    def applied_to(self, demand: Demand) -> Demand:
        """`demand`, and that."""
        return demand.also("{v} != ''", f"{demand.rule} and not empty")


@frozen
class AtLeast:
    """The value is `low` or more."""

    low: Any

    def applied_to(self, demand: Demand) -> Demand:
        """`demand`, and that."""
        low = f"_low_{id(self)}"
        return demand.also(f"{low} <= {{v}}", f"{demand.rule} of at least {self.low}", **{low: self.low})


@frozen
class Between:
    """The value is `low`, `high` or anything between them."""

    low: Any
    high: Any

    def applied_to(self, demand: Demand) -> Demand:
        """`demand`, and that."""
        low, high = f"_low_{id(self)}", f"_high_{id(self)}"
        rule = f"{demand.rule} from {self.low} to {self.high}"
        return demand.also(f"{low} <= {{v}} <= {high}", rule, **{low: self.low, high: self.high})


@frozen
class Where:
    """`holds` answers yes for the value; `rule` is the sentence that refuses it."""

    holds: Callable[[Any], bool]
    rule: str

    def applied_to(self, demand: Demand) -> Demand:
        """`demand`, and that."""
        holds = f"_holds_{id(self)}"
        return demand.also(f"{holds}({{v}})", self.rule, **{holds: self.holds})


@frozen
class Personal:
    """The text names a person: it is shortened wherever it is shown."""

    def applied_to(self, demand: Demand) -> Demand:
        """`demand`, marked so."""
        return Demand(demand.source, demand.names, demand.rule, personal=True)


Id = Annotated[str, NotEmpty()]
"""An identifier: any text but the empty one."""

Count = Annotated[int, AtLeast(0)]
"""A whole number of things, never negative."""

Share = Annotated[Decimal, Between(Decimal(0), Decimal(1))]
"""A fraction from 0 to 1, never a percentage."""

Span = Annotated[timedelta, AtLeast(timedelta(0))]
"""A length of time, never negative."""

AttrsClass = Annotated[type, Where(has, "must be a class of this library, or another attrs class")]
"""A class whose fields are known."""

Currency = Annotated[str, Where(MINOR_UNITS.__contains__, "must be an ISO 4217 code such as 'EUR'")]
"""The code of a currency."""

PersonalText = Annotated[str, Personal()]
"""A name, an e-mail address or a phone number: kept whole, shown shortened."""


@frozen
class InOrder:
    """A rule across two fields of one class: where both are known, `last` is not before `first`.

    With `strict`, they must differ too.
    """

    first: str
    last: str
    strict: bool = False

    def holds(self, first: Any, last: Any) -> bool:
        """Whether two known values are in order; a date and a datetime are not compared, and need not be."""
        if isinstance(first, datetime) != isinstance(last, datetime):
            return True
        if isinstance(first, datetime):
            # Two datetimes of one zone compare by their wall clocks, wrongly where the clocks went back.
            first, last = to_microseconds(first), to_microseconds(last)
        try:
            return bool(first < last if self.strict else first <= last)
        except (TypeError, ArithmeticError):  # values of two kinds, or no number
            return False

    def faults_of(self, held: Mapping[str, Any]) -> Iterator[Fault]:
        """The fault of the values `held` under this rule, if there is one."""
        first, last = held[self.first], held[self.last]
        if first is not None and last is not None and not self.holds(first, last):
            after, before = ("after", "before") if isinstance(last, date) else ("above", "below")
            told = first if isinstance(first, date) else shown(first)
            rule = f"must be {after}" if self.strict else f"must not be {before}"
            yield Fault(self.last, f"{rule} '{self.first}' {told}", last)


@cache
def hints_of(cls: type) -> Mapping[str, Any]:
    """The annotation of each attrs field of `cls`, resolved, with what `Annotated` adds."""
    hints = get_type_hints(cls, include_extras=True)
    return {field.name: hints.get(field.name, Any) for field in fields(cls)}


@cache
def _tests_of(cls: type) -> Mapping[str, Demand]:
    """The test of each field of `cls` that has one."""
    return {name: test for name, hint in hints_of(cls).items() if (test := demand_of(hint)) is not None}


def checked(*across: InOrder) -> Callable[[type[T]], type[T]]:
    """Make a frozen attrs class check the fields of every new instance, and the rules `across` them.

    The class raises `InvalidValueError` with every fault at once, and nothing half-made is left behind. The check is
    compiled with the first instance, so that importing stays cheap; so are `==` and `hash` of a class with `eq=False`,
    which is compared by value all the same. With `weakref_slot=False` its instances are made in half the time; with
    `repr=False` they are shown by `short_repr`.

    >>> @checked(InOrder("starts_on", "ends_on"))
    ... @frozen(kw_only=True)
    ... class Term:
    ...     starts_on: date
    ...     ends_on: date | None = None
    >>> Term(starts_on=date(2026, 1, 1))
    Term(starts_on=datetime.date(2026, 1, 1), ends_on=None)
    """

    def decorate(cls: type[T]) -> type[T]:
        attributes: tuple[Any, ...] = fields(cls)  # type: ignore[arg-type]
        unsuitable = [each.name for each in attributes if hasattr(each.default, "factory") or not each.init]
        if unsuitable:
            raise TypeError(f"{cls.__name__}: checked() takes neither factories nor init=False: {unsuitable}")
        plain_init = cls.__init__

        @wraps(plain_init)
        def first_init(self: Any, *args: Any, **kwargs: Any) -> None:
            compiled = wraps(plain_init)(_compiled_init(cls, across))
            cls.__init__ = compiled  # type: ignore[method-assign]
            compiled(self, *args, **kwargs)

        cls.__init__ = first_init  # type: ignore[method-assign]
        if cls.__eq__ is object.__eq__:
            compared_by_value(cls)
        if cls.__repr__ is object.__repr__:
            cls.__repr__ = short_repr  # type: ignore[method-assign]
        return cls

    return decorate


def _compiled_init(cls: type, across: tuple[InOrder, ...]) -> Callable[..., None]:
    """`__init__` of `cls`, with the tests of all fields as one expression."""
    names: dict[str, object] = {"_refuse": lambda held: _refuse_faults(cls, held, across)}
    conditions = []
    for name, test in _tests_of(cls).items():
        names |= test.names
        conditions.append(f"({test.source.format(v=name)})")
    for number, rule in enumerate(across):
        names[f"_in_order_{number}"] = rule.holds
        both = f"_in_order_{number}({rule.first}, {rule.last})"
        conditions.append(f"({rule.first} is None or {rule.last} is None or {both})")
    return compiled_init(cls, " and ".join(conditions), names)


def _refuse_faults(cls: type, held: Mapping[str, object], across: tuple[InOrder, ...]) -> None:
    """Raise every fault of the values `held` under the tests of `cls` and the rules `across` them."""
    tests = _tests_of(cls)
    faults = [
        Fault(name, test.rule, held[name], test.personal)
        for name, test in tests.items()
        if not test.compiled()(held[name])
    ]
    unsound = {fault.field for fault in faults}
    for rule in across:
        if rule.first not in unsound and rule.last not in unsound:
            faults.extend(rule.faults_of(held))
    raise InvalidValueError(cls.__name__, faults)


@cache
def _argument_test(annotation: Any) -> tuple[Demand, Callable[[Any], bool]]:
    test = demand_of(annotation)
    if test is None:
        raise TypeError(annotation)
    return test, test.compiled()


def require(what: str, /, **arguments: tuple[object, Any]) -> None:
    """Refuse a call of the function `what` with every fault of its `arguments`: name=(value, annotation).

    Raises:
        InvalidValueError: naming each argument, its rule and the value it has.

    >>> require("add", amount=(3, int))
    """
    faults = []
    for name, (value, annotation) in arguments.items():
        test, holds = _argument_test(annotation)
        if not holds(value):
            faults.append(Fault(name, test.rule, value, test.personal))
    if faults:
        raise InvalidValueError(what, faults)


def as_decimal(number: Decimal | int) -> Decimal:
    """An int as a Decimal, for fields that count or share; anything else is returned for the check to refuse."""
    return Decimal(number) if isinstance(number, int) and not isinstance(number, bool) else number  # type: ignore[return-value]


def as_tuple(values: Iterable[Any]) -> tuple[Any, ...]:
    """`values` as a tuple, for fields that take any iterable; anything else is returned for the check to refuse."""
    if isinstance(values, (tuple, str)) or not isinstance(values, Iterable):
        return values  # type: ignore[return-value]
    return tuple(values)


def shortened(text: str) -> str:
    """A personal text as it may be shown: its first letter."""
    return f"{text[:1]}…" if text else ""


def short_repr(self: Any) -> str:
    """The repr of a value with many fields: only those that are not at their default, personal ones shortened."""
    parts = []
    for attribute in fields(self.__class__):
        held = getattr(self, attribute.name)
        if attribute.repr is False:
            continue
        if held is attribute.default or (type(held) is type(attribute.default) and held == attribute.default):
            continue
        personal = isinstance(held, str) and is_personal(self.__class__, attribute.name)
        parts.append(f"{attribute.name}={shortened(held) if personal else held!r}")
    return f"{self.__class__.__name__}({', '.join(parts)})"


def is_personal(cls: type, name: str) -> bool:
    """Whether the field `name` of `cls` holds the name, the address or the number of a person.

    >>> is_personal(Fault, "personal")
    False
    """
    test = _tests_of(cls).get(name)
    return test is not None and test.personal


def refuse_faults(definition: T, content_faults: Callable[[T], Iterable[Fault]]) -> None:
    """Raise every fault of a new `definition`; `content_faults` is asked only where the fields have their types.

    Raises:
        InvalidValueError: with every fault at once.
    """
    cls: type = type(definition)
    what = cls.__name__
    require(what, **{name: (getattr(definition, name), hint) for name, hint in hints_of(cls).items()})
    if faults := list(content_faults(definition)):
        raise InvalidValueError(what, faults)
