"""Fuzzing: what reads text or plain data of others must answer with a value or an error of ours, whatever it is given.

    python -m tests.fuzzing 300 hours     # five minutes of one target, guided by coverage; needs `pip install atheris`

Each target takes bytes. `tests/test_fuzzing.py` gives each of them some thousand made-up inputs in every run.
"""

from __future__ import annotations

import copy
import json
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from random import Random
from typing import Any

from attrs import fields, has

from revops_core import Expression, Money, calendars, entities, from_plain, kpis, sla, stages, to_plain, values
from revops_core.calendars.opening_hours import read_spans
from revops_core.errors import RevopsError

ROOMS = (values, calendars, entities, stages, sla, kpis)
CLASSES = {
    f"{room.__name__}.{name}": cls
    for room in ROOMS
    for name in room.__all__
    if isinstance(cls := getattr(room, name), type) and has(cls)
}
ROWS = ({}, {"stage": "new", "amount": Decimal(3), "priority": None}, {"amount": "x", "custom": {"segment": 1}})
IMPORTED = (
    entities.Account, entities.Answer, entities.Contact, entities.Deal, entities.Lead, entities.Opportunity,
    entities.Product, entities.Quota, entities.Spend, entities.Subscription, entities.Ticket, entities.User,
    stages.Moved, sla.ClockEvent,
)  # fmt: skip


def hours(data: bytes) -> None:
    """Opening hours, the spans of a day, and a calendar made of both."""
    text = data.decode("utf-8", "replace")
    for read in (calendars.OpeningHours.parse, read_spans):
        allowed(read, text)
    first, _, second = text.partition("|")
    read = allowed(calendars.BusinessCalendar, first, tz="UTC", overrides={"2026-05-01": second}, last_year=2027)
    if isinstance(read, calendars.BusinessCalendar):
        assert calendars.OpeningHours.parse(read.hours).text == read.hours


def money(data: bytes) -> None:
    """Amounts and currencies as text."""
    amount, _, currency = data.decode("utf-8", "replace").partition(" ")
    found = allowed(Money, amount, currency or "EUR")
    if isinstance(found, Money):
        assert from_plain(Money, to_plain(found)) == found
        assert isinstance(str(found), str)
        allowed(found.to_minor)


def cells(data: bytes) -> None:
    """A row of a CSV file: a cell for each field of a class, and how they are to be read."""
    kind, *rest = data.decode("utf-8", "replace").split("\x1f")
    cls = IMPORTED[sum(kind.encode()) % len(IMPORTED)]
    names = [attribute.alias for attribute in fields(cls) if attribute.init]
    row = {name: rest[place % len(rest)] if rest else "" for place, name in enumerate(names)}
    options = {"tz": "Europe/Berlin", "currency": "EUR", "separator": ";"} if len(kind) % 2 else {"tz": "UTC"}
    readable = {  # a field that one cell cannot hold is refused for the whole import
        name: name
        for name in names
        if allowed(entities.from_rows, cls, [row], columns={name: name}, **options) is not None
    }
    allowed(entities.from_rows, cls, [row], columns=readable, date_formats=("%d.%m.%Y",), missing=("?",), **options)
    allowed(entities.from_rows, cls, [row], currency="USD")


def plain(data: bytes) -> None:
    """Any JSON as plain data of any class: what loads must be written and loaded again as itself."""
    try:
        held = json.loads(data)
    except (ValueError, RecursionError):
        return
    named = held.get("type") if isinstance(held, dict) else None
    for key, cls in CLASSES.items():
        if named is None or key.endswith(f".{named}"):
            found = allowed(from_plain, cls, held)
            if found is not None:
                again = allowed(lambda value=found, cls=cls: from_plain(cls, to_plain(value)))
                assert again is None or again == found or cls.__eq__ is object.__eq__


def condition(data: bytes) -> None:
    """A condition in plain data, asked of rows and printed."""
    try:
        held = json.loads(data)
    except (ValueError, RecursionError):
        return
    if isinstance(held, dict):
        found = allowed(from_plain, Expression, {"type": "Expression", **held})
        if isinstance(found, Expression):
            allowed(str, found)
            for row in ROWS:
                allowed(found.holds, row)


def log(data: bytes) -> None:
    """Rows of a stage history and of a log of states, with texts and instants of all kinds."""
    texts = data.decode("utf-8", "replace").split("\x1f")
    instants = [datetime(2026, 1, 1 + number % 28, tzinfo=UTC) for number in data] or [None]
    rows = [(text[:3], text[3:], instants[place % len(instants)]) for place, text in enumerate(texts)]
    for ties in ("input", "reversed", "refuse"):
        allowed(stages.StageLog.of, rows, ties=ties)
    named = [{"id": entity, "state": state, "at": at} for entity, state, at in rows]
    allowed(sla.facts_from_rows, named, stops=texts[:1], pauses=texts[1:2])


TARGETS: Mapping[str, Callable[[bytes], None]] = {
    "hours": hours, "money": money, "cells": cells, "plain": plain, "condition": condition, "log": log,
}  # fmt: skip


def allowed(call: Callable[..., object], *arguments: object, **named: object) -> object:
    """What the call returns; None where it answers with an error of ours, whose text can be read."""
    try:
        return call(*arguments, **named)
    except RevopsError as error:
        told, faults = str(error), getattr(error, "faults", True)
    assert told
    assert faults
    return None


def mutated(held: object, random: Random) -> object:
    """Plain data with one thing changed: a value replaced, a field dropped, doubled or renamed."""
    spots = [
        (holder, key) for holder in walked(held) for key in (holder if isinstance(holder, dict) else range(len(holder)))
    ]
    if not spots:
        return copy.deepcopy(random.choice(JUNK))
    holder, key = random.choice(spots)
    deed = random.randrange(4)
    if deed == 0 and isinstance(holder, dict):
        del holder[key]
    elif deed == 1 and isinstance(holder, dict):
        holder[random.choice([*NAMES, key + "x"])] = holder[key]
    elif deed == 2:
        holder[key] = random.choice([[holder[key]], {"type": random.choice(NAMES), "value": holder[key]}])
    else:
        holder[key] = copy.deepcopy(random.choice(JUNK))
    return held


def keys_of(holder: dict[str, object] | list[object]) -> list[Any]:
    """The keys of an object, or the places of a list."""
    return [*holder] if isinstance(holder, dict) else [*range(len(holder))]


def walked(held: object) -> list[dict[str, object] | list[object]]:
    """Every object and list in plain data."""
    found: list[dict[str, object] | list[object]] = []
    todo = [held]
    while todo:
        each = todo.pop()
        if isinstance(each, dict | list):
            found.append(each)
            todo += each.values() if isinstance(each, dict) else each
    return found


NAMES = (
    "type", "value", "items", "format_version", "Money", "Decimal", "Fraction", "datetime", "date", "timedelta",
    "Mapping", "Expression", "Rule", "Interval", "operation", "arguments", "code",
)  # fmt: skip
JUNK = (
    None, True, 0, -1, 10**400, 1.5, 1e308, "", "x", "é\ud800", "NaN", "sNaN", "-Infinity", "1E+999999999", "1/0", "١٢",
    "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2026-03-29T02:30:00+01:00[Europe/Berlin]", "[", "]",
    "2026-01-01T00:00:00Z[../x]", "2026-01-01T00:00:00Z[\x00]", "PT1E999999S", "PTS", "P1Y", "2026-02-30", [], {}, [[]],
    {"type": "Money"}, {"type": []}, {"type": "Mapping", "items": [[[], {}]]}, {"type": "Fraction", "value": "1/0"},
)  # fmt: skip


def main() -> None:
    """Fuzz one target for some seconds, guided by the coverage of the library."""
    import atheris  # noqa: PLC0415 - only this script needs it

    seconds, name = sys.argv[1:3]
    atheris.instrument_all()
    atheris.Setup(
        [sys.argv[0], f"-max_total_time={seconds}", "-timeout=10", "-rss_limit_mb=1024", *sys.argv[3:]], TARGETS[name]
    )
    atheris.Fuzz()


if __name__ == "__main__":
    main()
