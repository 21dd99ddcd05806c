"""Demands: what an annotation asks of a value, as a piece of source text and the sentence that refuses.

A demand is text so that the demands of all fields of a class can become one expression, which costs a third of a call
for each field. Marks inside `Annotated` add to the demand of their type: any object with a method `applied_to`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from attrs import frozen

from revops_core.values.compiled_class import compiled_function

__all__ = ["Demand", "demand_of", "kind_of"]

_TYPES = {f"_{cls.__name__}": cls for cls in (Decimal, datetime, date, timedelta, Fraction)}
_PLAIN_TYPES: Mapping[type, tuple[str, str]] = {
    str: ("isinstance({v}, str)", "must be a str"),
    bool: ("({v} is True or {v} is False)", "must be True or False"),
    int: ("isinstance({v}, int) and {v} is not True and {v} is not False", "must be an int"),
    float: ("isinstance({v}, float) and {v} - {v} == 0", "must be a finite float"),
    Decimal: ("isinstance({v}, _Decimal) and {v}.is_finite()", "must be a finite Decimal"),
    datetime: ("isinstance({v}, _datetime) and {v}.tzinfo is not None",
               "must be an aware datetime: one with a time zone"),
    date: ("isinstance({v}, _date) and not isinstance({v}, _datetime)", "must be a date without a time of day"),
    timedelta: ("isinstance({v}, _timedelta)", "must be a timedelta"),
    Fraction: ("isinstance({v}, _Fraction)", "must be a Fraction"),
}  # fmt: skip


@frozen
class Demand:
    """What is asked of one value.

    Args:
        source: a Python expression over `{v}`.
        names: what the expression reads.
        rule: the sentence that refuses.
        personal: whether the value names a person.
    """

    source: str
    names: Mapping[str, object]
    rule: str
    personal: bool = False

    def also(self, source: str, rule: str, **names: object) -> Demand:
        """This demand and one more; `rule` is the sentence for both."""
        return Demand(f"{self.source} and {source}", {**self.names, **names}, rule, self.personal)

    def compiled(self) -> Callable[[Any], bool]:
        """The demand as a function of one value."""
        return compiled_function("holds(v)", [f"    return {self.source.format(v='v')}"], dict(self.names))


def demand_of(annotation: Any) -> Demand | None:
    """What `annotation` asks of a value; None where it allows anything."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if annotation in _PLAIN_TYPES:
        source, rule = _PLAIN_TYPES[annotation]
        return Demand(source, _TYPES, rule)
    if origin is Annotated:
        demand = demand_of(arguments[0])
        for mark in arguments[1:]:
            if hasattr(mark, "applied_to"):
                demand = mark.applied_to(demand or Demand("True", {}, "must be given"))
        return demand
    if origin in (Union, UnionType):
        known = [demand_of(argument) for argument in arguments if argument is not NoneType]
        return _either(known, none_allowed=NoneType in arguments)
    if origin is Literal:
        return _choice(arguments)
    if origin is tuple and len(arguments) == 2 and arguments[1] is Ellipsis:
        return _each(demand_of(arguments[0]))
    if origin is Mapping and arguments[0] is str:
        return _named()
    if isinstance(origin or annotation, type) and annotation not in (object, Any):
        return _instance(origin or annotation)
    return None


def kind_of(hint: Any) -> Any:
    """The type in an annotation, without marks and without None; the annotation itself where several types remain.

    >>> kind_of(Annotated[str, "a mark"] | None)
    <class 'str'>
    """
    origin = get_origin(hint)
    if origin is Annotated:
        return kind_of(get_args(hint)[0])
    if origin in (Union, UnionType):
        remaining = [argument for argument in get_args(hint) if argument is not NoneType]
        return kind_of(remaining[0]) if len(remaining) == 1 else hint
    return hint


def _instance(cls: type) -> Demand:
    name = f"_class_{cls.__name__}_{id(cls)}"
    return Demand(f"isinstance({{v}}, {name})", {name: cls}, f"must be {_article(cls.__name__)} {cls.__name__}")


def _named() -> Demand:
    """A mapping all of whose keys are texts."""
    source = "isinstance({v}, _Mapping) and (not {v} or all(map(_is_text, {v})))"
    return Demand(source, {"_Mapping": Mapping, "_is_text": _is_text}, "must be a Mapping whose keys are texts")


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _article(noun: str) -> str:
    return "an" if noun[0] in "AEIOUaeiou" else "a"


def _choice(choices: tuple[object, ...]) -> Demand:
    name = f"choices_{id(choices)}"
    return Demand(f"{{v}} in {name}", {name: choices}, f"must be one of {', '.join(map(repr, choices))}")


def _either(demands: list[Demand | None], none_allowed: bool) -> Demand | None:
    """Any one of `demands`, or None where that is allowed."""
    known = [demand for demand in demands if demand is not None]
    if len(known) < len(demands):
        return None
    source = " or ".join((["{v} is None"] if none_allowed else []) + [f"({demand.source})" for demand in known])
    rule = " or ".join([known[0].rule] + [demand.rule.removeprefix("must be ") for demand in known[1:]])
    names = {name: value for demand in known for name, value in demand.names.items()}
    rule += " or None" if none_allowed else ""
    return Demand(f"({source})", names, rule, personal=any(demand.personal for demand in known))


def _each(demand: Demand | None) -> Demand:
    """A tuple, and every item of it under `demand`."""
    if demand is None:
        return Demand("isinstance({v}, tuple)", {}, "must be a tuple")
    name = f"_each_{id(demand)}"
    rule = f"must be a tuple whose items {demand.rule}"
    names = {name: demand.compiled(), f"{name}_kept": demand}
    return Demand(f"isinstance({{v}}, tuple) and (not {{v}} or all(map({name}, {{v}})))", names, rule)
