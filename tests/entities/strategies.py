"""Valid values of every class of the room, made from its annotations, and whole sets that refer to one another."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, get_args, get_origin

from attrs import NOTHING, fields
from hypothesis import strategies as st

from revops_core import entities
from revops_core.errors import InvalidValueError
from revops_core.values.checks import AtLeast, Between, hints_of
from revops_core.values.condition import matching
from revops_core.values.decision import Rule
from revops_core.values.demand import kind_of
from revops_core.values.money import Money

CLASSES = [
    cls
    for name in entities.__all__
    if hasattr(cls := getattr(entities, name), "__attrs_attrs__") and isinstance(cls, type)
]

amounts = st.decimals(-(10**9), 10**9, places=2)
moneys = st.builds(Money, amounts, st.sampled_from(["EUR", "USD"]))
instants = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
days = st.dates(date(1990, 1, 1), date(2100, 1, 1))
texts = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8)
plain = st.one_of(st.none(), texts, st.integers(), st.booleans(), amounts, days, instants, moneys)


def limits_of(hint: Any) -> tuple[Any, Any]:
    """The lowest and highest value that an annotation allows."""
    for mark in get_args(hint)[1:] if get_origin(hint) is Annotated else ():
        if isinstance(mark, Between):
            return mark.low, mark.high
        if isinstance(mark, AtLeast):
            return mark.low, None
    for part in get_args(hint):
        if get_origin(part) is Annotated:
            return limits_of(part)
    return None, None


def values_of(hint: Any) -> st.SearchStrategy[Any]:
    """Values that satisfy an annotation, None apart."""
    kind = kind_of(hint)
    low, high = limits_of(hint)
    simple: dict[Any, st.SearchStrategy[Any]] = {
        str: texts,
        bool: st.booleans(),
        int: st.integers(0 if low is None else low, 10**6),
        Decimal: st.decimals(-100 if low is None else low, 100 if high is None else high, places=3),
        date: days,
        datetime: instants,
        timedelta: st.timedeltas(timedelta(0), timedelta(days=9)),
        Money: moneys,
        object: plain,
        Rule: st.builds(Rule, texts, st.just(matching({"industry": "retail"})), texts),
    }
    if kind in simple:
        return simple[kind]
    if get_origin(kind) is tuple:
        return st.lists(values_of(get_args(kind)[0]), max_size=2).map(tuple)
    if get_origin(kind) is Mapping:
        return st.dictionaries(texts, plain, max_size=2)
    return values(kind)


def _made(cls: type, arguments: dict[str, Any]) -> Any:
    """The value; with the days of a reversed pair left out or put right."""
    try:
        return cls(**arguments)
    except InvalidValueError as error:
        for fault in error.faults:
            is_day = isinstance(arguments[fault.field], date)
            arguments[fault.field] = date(2101, 1, 1) if is_day else Decimal(101)  # after all that the strategies make
        return cls(**arguments)


@cache
def values(cls: type) -> st.SearchStrategy[Any]:
    """Any valid value of `cls`."""
    hints = hints_of(cls)
    required = {a.name: values_of(hints[a.name]) for a in fields(cls) if a.default is NOTHING}
    optional = {
        a.name: (st.none() | values_of(hints[a.name])) if a.default is None else values_of(hints[a.name])
        for a in fields(cls)
        if a.default is not NOTHING
    }
    return st.fixed_dictionaries(required, optional=optional).map(lambda arguments: _made(cls, arguments))
