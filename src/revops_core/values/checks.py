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
each field would cost three times as much (`benchmarks/entities.py`). Each rule is written once, in `_test`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache, wraps
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from attrs import fields, frozen

from revops_core.errors import Fault, InvalidValueError
from revops_core.values.compiled_class import compared_by_value, compiled_init
from revops_core.values.instants import to_microseconds

__all__ = [
    "AtLeast",
    "Between",
    "Count",
    "Id",
    "InOrder",
    "NotEmpty",
    "Personal",
    "PersonalText",
    "Share",
    "Span",
    "as_decimal",
    "as_tuple",
    "checked",
    "hints_of",
    "require",
    "short_repr",
    "shortened",
]

T = TypeVar("T")


@frozen
class NotEmpty:
    """The text has at least one character."""


@frozen
class AtLeast:
    """The value is `low` or more."""

    low: Any


@frozen
class Between:
    """The value is `low`, `high` or anything between them."""

    low: Any
    high: Any


@frozen
class Personal:
    """The text names a person: it is shortened wherever it is shown."""


Id = Annotated[str, NotEmpty()]
"""An identifier: any text but the empty one."""

Count = Annotated[int, AtLeast(0)]
"""A whole number of things, never negative."""

Share = Annotated[Decimal, Between(Decimal(0), Decimal(1))]
"""A fraction from 0 to 1, never a percentage."""

Span = Annotated[timedelta, AtLeast(timedelta(0))]
"""A length of time, never negative."""

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
        """Whether two known values are in order; a date and a datetime are not compared."""
        if isinstance(first, datetime) != isinstance(last, datetime):
            return True
        if isinstance(first, datetime):
            # Two datetimes of one zone compare by their wall clocks, wrongly where the clocks went back.
            first, last = to_microseconds(first), to_microseconds(last)
        return bool(first < last if self.strict else first <= last)

    def faults_of(self, held: Mapping[str, Any]) -> Iterator[Fault]:
        """The fault of the values `held` under this rule, if there is one."""
        first, last = held[self.first], held[self.last]
        if first is not None and last is not None and not self.holds(first, last):
            rule = f"must {'be after' if self.strict else 'not be before'} '{self.first}' {first}"
            yield Fault(self.last, rule, last)


_PLAIN_TYPES: Mapping[type, tuple[str, str]] = {
    str: ("isinstance({v}, str)", "must be a str"),
    bool: ("({v} is True or {v} is False)", "must be True or False"),
    int: ("isinstance({v}, int) and {v} is not True and {v} is not False", "must be an int"),
    float: ("isinstance({v}, float) and {v} - {v} == 0", "must be a finite float"),
    Decimal: ("isinstance({v}, _Decimal) and {v}.is_finite()", "must be a finite Decimal"),
    datetime: (
        "isinstance({v}, _datetime) and {v}.tzinfo is not None",
        "must be an aware datetime: one with a time zone",
    ),
    date: ("isinstance({v}, _date) and not isinstance({v}, _datetime)", "must be a date without a time of day"),
    timedelta: ("isinstance({v}, _timedelta)", "must be a timedelta"),
    Fraction: ("isinstance({v}, _Fraction)", "must be a Fraction"),
}


@frozen
class _Test:
    """A rule for one value: a Python expression over `{v}`, the names it uses, and the sentence that refuses."""

    source: str
    names: Mapping[str, object]
    rule: str
    personal: bool = False

    def compiled(self) -> Callable[[Any], bool]:
        """The rule as a function of one value."""
        return eval("lambda v: " + self.source.format(v="v"), {**_NAMES, **self.names})  # type: ignore[no-any-return]


_NAMES = {f"_{cls.__name__}": cls for cls in (Decimal, datetime, date, timedelta, Fraction)}


def _test(annotation: Any) -> _Test | None:
    """The test that `annotation` stands for; None where it allows anything."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if annotation in _PLAIN_TYPES:
        source, rule = _PLAIN_TYPES[annotation]
        return _Test(source, {}, rule)
    if origin is Annotated:
        test = _test(arguments[0])
        for mark in arguments[1:]:
            test = _marked(test, mark)
        return test
    if origin in (Union, UnionType):
        return _either([_test(argument) for argument in arguments if argument is not NoneType], NoneType in arguments)
    if origin is Literal:
        return _choice(arguments)
    if origin is tuple and len(arguments) == 2 and arguments[1] is Ellipsis:
        return _each(_test(arguments[0]))
    if isinstance(origin or annotation, type) and annotation not in (object, Any):
        return _instance(origin or annotation)
    return None


def _instance(cls: type) -> _Test:
    name = f"_class_{cls.__name__}_{id(cls)}"
    return _Test(f"isinstance({{v}}, {name})", {name: cls}, f"must be {_article(cls.__name__)} {cls.__name__}")


def _article(noun: str) -> str:
    return "an" if noun[0] in "AEIOUaeiou" else "a"


def _choice(choices: tuple[object, ...]) -> _Test:
    name = f"choices_{id(choices)}"
    return _Test(f"{{v}} in {name}", {name: choices}, f"must be one of {', '.join(map(repr, choices))}")


def _marked(test: _Test | None, mark: object) -> _Test | None:
    """`test` and what `mark` demands beside it."""
    if test is None:
        return None
    if isinstance(mark, Personal):
        return _Test(test.source, test.names, test.rule, personal=True)
    if isinstance(mark, NotEmpty):
        return _Test(f"{test.source} and {{v}} != ''", test.names, f"{test.rule} and not empty")
    if isinstance(mark, AtLeast | Between):
        low, high = f"_low_{id(mark)}", f"_high_{id(mark)}"
        if isinstance(mark, Between):
            names = {**test.names, low: mark.low, high: mark.high}
            return _Test(
                f"{test.source} and {low} <= {{v}} <= {high}", names, f"{test.rule} from {mark.low} to {mark.high}"
            )
        return _Test(
            f"{test.source} and {low} <= {{v}}", {**test.names, low: mark.low}, f"{test.rule} of at least {mark.low}"
        )
    return test


def _either(tests: list[_Test | None], none_allowed: bool) -> _Test | None:
    """Any one of `tests`, or None where that is allowed."""
    known = [test for test in tests if test is not None]
    if len(known) < len(tests):
        return None
    source = " or ".join((["{v} is None"] if none_allowed else []) + [f"({test.source})" for test in known])
    rule = " or ".join([known[0].rule] + [test.rule.removeprefix("must be ") for test in known[1:]])
    names = {name: value for test in known for name, value in test.names.items()}
    return _Test(
        f"({source})", names, rule + (" or None" if none_allowed else ""), any(test.personal for test in known)
    )


def _each(test: _Test | None) -> _Test:
    """A tuple, and every item of it under `test`."""
    if test is None:
        return _Test("isinstance({v}, tuple)", {}, "must be a tuple")
    name = f"_each_{id(test)}"
    rule = f"must be a tuple whose items {test.rule}"
    names = {name: test.compiled(), f"{name}_kept": test}
    return _Test(f"isinstance({{v}}, tuple) and (not {{v}} or all(map({name}, {{v}})))", names, rule)


@cache
def hints_of(cls: type) -> Mapping[str, Any]:
    """The annotation of each attrs field of `cls`, resolved, with what `Annotated` adds."""
    hints = get_type_hints(cls, include_extras=True)
    return {field.name: hints.get(field.name, Any) for field in fields(cls)}


@cache
def _tests_of(cls: type) -> Mapping[str, _Test]:
    """The test of each field of `cls` that has one."""
    return {name: test for name, hint in hints_of(cls).items() if (test := _test(hint)) is not None}


def checked(*across: InOrder) -> Callable[[type[T]], type[T]]:
    """Make a frozen attrs class check the fields of every new instance, and the rules `across` them.

    The class raises `InvalidValueError` with every fault at once, and nothing half-made is left behind. The check is
    compiled with the first instance, so that importing stays cheap; so are `==` and `hash` of a class with `eq=False`,
    which is compared by value all the same. With `weakref_slot=False` its instances are made in half the time.

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
        unsuitable = [
            attribute.name for attribute in attributes if hasattr(attribute.default, "factory") or not attribute.init
        ]
        if unsuitable:
            message = f"{cls.__name__}: checked() takes neither factories nor init=False: {unsuitable}"
            raise TypeError(message)
        plain_init = cls.__init__

        @wraps(plain_init)
        def first_init(self: Any, *args: Any, **kwargs: Any) -> None:
            compiled = wraps(plain_init)(_compiled_init(cls, across))
            cls.__init__ = compiled  # type: ignore[method-assign]
            compiled(self, *args, **kwargs)

        cls.__init__ = first_init  # type: ignore[method-assign]
        if cls.__eq__ is object.__eq__:
            compared_by_value(cls)
        return cls

    return decorate


def _compiled_init(cls: type, across: tuple[InOrder, ...]) -> Callable[..., None]:
    """`__init__` of `cls`, with the tests of all fields as one expression."""
    names: dict[str, object] = {**_NAMES, "_refuse": lambda held: _refuse_faults(cls, held, across)}
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
def _argument_test(annotation: Any) -> tuple[_Test, Callable[[Any], bool]]:
    test = _test(annotation)
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
        if held is attribute.default or (type(held) is type(attribute.default) and held == attribute.default):
            continue
        personal = isinstance(held, str) and _is_personal(self.__class__, attribute.name)
        parts.append(f"{attribute.name}={shortened(held) if personal else held!r}")
    return f"{self.__class__.__name__}({', '.join(parts)})"


def _is_personal(cls: type, name: str) -> bool:
    test = _tests_of(cls).get(name)
    return test is not None and test.personal
