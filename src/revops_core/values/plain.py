"""Plain data: every definition and fact of this library as JSON-able data, and back, exactly.

One shape for all: an object is a dict of its fields with its class under `type`; the outermost one also tells the
`format_version`. A tuple is a list. Where the annotation of a field already tells the type, a Decimal, a date or a
duration is a string; where it does not (a custom field, an old value), it is `{"type": "Decimal", "value": "1.10"}`.
A field that is None by default is left out while it is None. A rule whose check is Python code is kept by its code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from math import isfinite
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from attrs import NOTHING, evolve, fields, has

from revops_core.errors import Fault, InvalidPlainDataError, InvalidValueError
from revops_core.values.checks import AttrsClass, hints_of, require
from revops_core.values.decision import Rule
from revops_core.values.demand import kind_of
from revops_core.values.expression import Expression
from revops_core.values.interval import Interval
from revops_core.values.money import Money

__all__ = ["FORMAT_VERSION", "from_plain", "to_plain"]

T = TypeVar("T")

FORMAT_VERSION = 1
"""The version of the shape; data of an older one keeps loading."""

_OPEN_CLASSES: Mapping[str, type] = {cls.__name__: cls for cls in (Money, Interval, Expression)}
_MICROSECOND = timedelta(microseconds=1)


def _datetime_text(at: datetime) -> str:
    key = getattr(at.tzinfo, "key", None)
    return f"{at.isoformat()}[{key}]" if key else at.isoformat()


def _datetime_from(text: str) -> datetime:
    """ISO 8601 with an offset, and the zone of RFC 9557 in brackets where it is known."""
    written, _, key = text.removesuffix("]").partition("[")
    at = datetime.fromisoformat(written)
    return at.astimezone(ZoneInfo(key)) if key and at.tzinfo else at


def _fraction_from(text: str) -> Fraction:
    """Two whole numbers, and nothing that `Fraction` reads beside: "1E+999999999" would take all memory there is."""
    part, _, whole = text.partition("/")
    return Fraction(int(part), int(whole or "1"))


def _duration_text(span: timedelta) -> str:
    return f"PT{Decimal(span // _MICROSECOND).scaleb(-6).normalize():f}S"


def _duration_from(text: str) -> timedelta:
    seconds = Decimal(text.removeprefix("PT").removesuffix("S"))
    return _MICROSECOND * int(seconds * 1_000_000)


# type -> its text, how it is read back, what the text must be
_SCALARS: Mapping[type, tuple[Callable[[Any], str], Callable[[str], Any], str]] = {
    Decimal: (str, Decimal, "must be a number as text"),
    Fraction: (str, _fraction_from, "must be a fraction as text, such as '1/3'"),
    datetime: (_datetime_text, _datetime_from, "must be an ISO 8601 instant with its offset"),
    date: (date.isoformat, date.fromisoformat, "must be an ISO 8601 date"),
    timedelta: (_duration_text, _duration_from, "must be an ISO 8601 duration in seconds, such as 'PT90S'"),
}
_SCALAR_NAMES = {cls.__name__: cls for cls in _SCALARS}


def to_plain(value: object) -> dict[str, Any]:
    """`value`, a definition, a fact or any other value of this library, as plain data for JSON.

    Raises:
        InvalidPlainDataError: it holds something that has no plain form.

    >>> to_plain(Money("1.10", "EUR"))
    {'type': 'Money', 'format_version': 1, 'amount': '1.10', 'currency': 'EUR'}
    """
    if not has(type(value)):
        raise InvalidPlainDataError(type(value).__name__, [Fault("$", "must be a value of this library", value)])
    encoded = _encoded_object(value, "$")
    return {"type": encoded.pop("type"), "format_version": FORMAT_VERSION, **encoded}


def _encoded_object(value: Any, path: str) -> dict[str, Any]:
    cls: type = type(value)
    if cls is Rule and not isinstance(value.check, Expression):
        return {"type": "Rule", "code": value.code}
    try:
        hints: Mapping[str, Any] = hints_of(cls)
    except (NameError, TypeError):  # its annotations say more than Python can evaluate, such as array[int]
        raise InvalidPlainDataError(cls.__name__, [Fault(path, "must have a plain form", value)]) from None
    encoded: dict[str, Any] = {"type": cls.__name__}
    for attribute in fields(cls):
        held = getattr(value, attribute.name)
        if attribute.init and not (held is None and attribute.default is None):
            encoded[attribute.alias] = _encoded(held, hints[attribute.name], f"{path}.{attribute.name}")
    return encoded


def _encoded(value: Any, hint: Any, path: str) -> Any:
    if isinstance(value, float) and not isfinite(value):
        raise InvalidPlainDataError("float", [Fault(path, "must be finite: JSON has no such number", value)])
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return str(value)
    hint = kind_of(hint)
    for cls, (text, _, _) in _SCALARS.items():
        if isinstance(value, cls):
            return text(value) if hint is cls else {"type": cls.__name__, "value": text(value)}
    if isinstance(value, tuple):
        items = enumerate(zip(value, _item_hints(hint, len(value)), strict=True))
        return [_encoded(item, item_hint, f"{path}[{n}]") for n, (item, item_hint) in items]
    if isinstance(value, Mapping):
        return _encoded_mapping(value, hint, path)
    if has(type(value)):
        return _encoded_object(value, path)
    raise InvalidPlainDataError(type(value).__name__, [Fault(path, "must have a plain form", value)])


def _encoded_mapping(value: Mapping[Any, Any], hint: Any, path: str) -> Any:
    """A dict where the annotation is a mapping of names, else a tagged list of pairs."""
    key_hint, value_hint = _mapping_hints(hint)
    if key_hint is str:
        return {key: _encoded(item, value_hint, f"{path}.{key}") for key, item in value.items()}
    named = ((key, _encoded(item, value_hint, f"{path}[{key}]")) for key, item in value.items())
    return {"type": "Mapping", "items": [[_encoded(key, key_hint, path), item] for key, item in named]}


def _item_hints(hint: Any, length: int) -> tuple[Any, ...]:
    arguments = get_args(hint) if get_origin(hint) is tuple else (Any, ...)
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        return (arguments[0],) * length
    return arguments if len(arguments) == length else (Any,) * length


def _mapping_hints(hint: Any) -> tuple[Any, Any]:
    origin = get_origin(hint)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        key_hint, value_hint = get_args(hint)
        return kind_of(key_hint), value_hint
    return Any, Any


def from_plain(
    cls: type[T], data: Mapping[str, Any], *, rules: Mapping[str, Rule] | None = None, classes: Iterable[type] = ()
) -> T:
    """The value of class `cls` that `data` stands for, checked like any new value.

    Args:
        cls: the class that is expected.
        data: what `to_plain` returned, also after a trip through JSON.
        rules: the rules whose check is Python code, by their code.
        classes: of what may stand where any value may, such as the entities that a traced `KpiTable` holds.

    Raises:
        InvalidPlainDataError: with every fault, each with its path.

    >>> from_plain(Money, {"type": "Money", "amount": "1.10", "currency": "EUR"})
    Money('1.10', 'EUR')
    """
    known = tuple(classes)
    require("from_plain", cls=(cls, AttrsClass), rules=(rules, Mapping | None), classes=(known, tuple[AttrsClass, ...]))
    if not isinstance(data, Mapping):
        raise InvalidPlainDataError(cls.__name__, [Fault("$", "must be an object with the fields of the class", data)])
    reader = _Reader(rules or {}, {**_OPEN_CLASSES, **{one.__name__: one for one in known}})
    written = data.get("format_version", FORMAT_VERSION)
    if not isinstance(written, int) or not 1 <= written <= FORMAT_VERSION:
        reader.fail("$.format_version", f"must be at most {FORMAT_VERSION}: a newer release wrote this", written)
    value = reader.read({name: item for name, item in data.items() if name != "format_version"}, cls, "$")
    if reader.faults:
        raise InvalidPlainDataError(cls.__name__, reader.faults)
    return value  # type: ignore[no-any-return]


class _Reader:
    """One pass over plain data that notes every fault and goes on, with None in the place of what is at fault."""

    __slots__ = ("faults", "open_classes", "rules")

    def __init__(self, rules: Mapping[str, Rule], open_classes: Mapping[str, type]) -> None:
        self.rules = rules
        self.open_classes = open_classes
        self.faults: list[Fault] = []

    def fail(self, path: str, rule: str, value: object) -> Any:
        self.faults.append(Fault(path, rule, value))

    def read(self, data: Any, hint: Any, path: str) -> Any:
        if data is None:
            return None
        hint = kind_of(hint)
        if hint in _SCALARS:
            return self.scalar(data, hint, path)
        if isinstance(data, list):
            items = enumerate(zip(data, _item_hints(hint, len(data)), strict=True))
            return tuple(self.read(item, item_hint, f"{path}[{n}]") for n, (item, item_hint) in items)
        if isinstance(data, Mapping):
            return self.mapping(data, hint, path)
        return data

    def scalar(self, data: Any, cls: type, path: str) -> Any:
        _, parse, rule = _SCALARS[cls]
        if not isinstance(data, str):
            return self.fail(path, rule, data)
        try:
            value = parse(data)
        except (ValueError, ArithmeticError, ZoneInfoNotFoundError):
            return self.fail(path, rule, data)
        # Text of an instant without an offset parses, but names no moment.
        return self.fail(path, rule, data) if cls is datetime and value.tzinfo is None else value

    def mapping(self, data: Mapping[str, Any], hint: Any, path: str) -> Any:
        key_hint, value_hint = _mapping_hints(hint)
        if key_hint is str:
            return {key: self.read(item, value_hint, f"{path}.{key}") for key, item in data.items()}
        tag = data.get("type")
        if not isinstance(tag, str):
            return self.fail(f"{path}.type", "must be the name of a class", tag)
        if tag == "Mapping" and isinstance(data.get("items"), list):
            pairs = [self.pair(pair, key_hint, value_hint, f"{path}[{n}]") for n, pair in enumerate(data["items"])]
            try:
                return dict(pairs)
            except TypeError:
                return self.fail(f"{path}.items", "must have keys that cannot change", data["items"])
        members = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
        choices = {cls.__name__: cls for cls in members if cls in _SCALARS or (isinstance(cls, type) and has(cls))}
        way_out = "" if choices else "; name others in `classes`"
        choices = choices or {**self.open_classes, **_SCALAR_NAMES}
        if tag not in choices:
            return self.fail(f"{path}.type", f"must be one of {', '.join(choices)}{way_out}", tag)
        if tag in _SCALAR_NAMES:
            return self.scalar(data.get("value"), _SCALAR_NAMES[tag], f"{path}.value")
        return self.object(data, choices[tag], path)

    def pair(self, pair: Any, key_hint: Any, value_hint: Any, path: str) -> tuple[Any, Any]:
        if not isinstance(pair, list) or len(pair) != 2:
            return self.fail(path, "must be a pair of key and value", pair), None
        return self.read(pair[0], key_hint, path), self.read(pair[1], value_hint, path)

    def object(self, data: Mapping[str, Any], cls: type, path: str) -> Any:
        if cls is Rule and "check" not in data:
            code = str(data.get("code"))
            if code in self.rules:
                return self.rules[code]
            return self.fail(f"{path}.code", "must be the code of a rule in `rules`", code)
        hints, arguments = hints_of(cls), {}
        known = {attribute.alias: attribute for attribute in fields(cls) if attribute.init}
        faults_before = len(self.faults)
        for name in data.keys() - known.keys() - {"type"}:
            self.fail(f"{path}.{name}", f"must be a field of {cls.__name__}", data[name])
        for name, attribute in known.items():
            if name in data:
                arguments[name] = self.read(data[name], hints[attribute.name], f"{path}.{name}")
            elif attribute.default is NOTHING:
                self.fail(f"{path}.{name}", "must be given", None)
        if len(self.faults) == faults_before:
            try:
                return cls(**arguments)
            except InvalidValueError as error:
                self.faults.extend(evolve(fault, field=f"{path}.{fault.field}") for fault in error.faults)
        return None
