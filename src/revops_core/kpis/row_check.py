"""check: everything that is wrong with rows that KPIs are to read, told at once and before anything is measured."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from revops_core.errors import CurrencyMismatchError, InexactAmountError, InvalidRowError, UnknownFieldError, shown
from revops_core.kpis.filling import MISSING, OTHER_CLASS, Segments, fill, id_of
from revops_core.kpis.kpi import Kpi, named_rows
from revops_core.kpis.layout import Layout, laid_out
from revops_core.values.checks import as_tuple, require
from revops_core.values.expression import Expression, compiled
from revops_core.values.period import Period
from revops_core.values.problem import Problem

__all__ = ["check"]


def check(
    rows: Iterable[Any] | Mapping[str, Iterable[Any]],
    kpis: Iterable[Kpi] | Kpi,
    *,
    over: Period | Iterable[Period] = (),
    as_of: datetime | None = None,
    tz: str | None = None,
) -> list[Problem]:
    """Every row that would stop `measure`, and every record that is there twice; an empty list where none is.

    Args:
        rows: as for `measure`; all of them are held while they are checked.
        kpis: what is to be measured: a field that none of them reads is not looked at.
        over: as for `measure`: the dates of rows are looked at only where there are periods or `as_of`.
        as_of: as for `measure`.
        tz: as for `measure`.

    Returns:
        The problems, by KPI and row. Codes: "duplicate_id" (the row would be counted twice), "missing_field",
        "wrong_value", "negative_duration" (something ends before it starts), "mixed_currencies" (told of each amount
        that is not in the currency of the first), "inexact_amount", "other_class" (it is one of ours that the KPIs do
        not read), "near_value" (a text that a KPI asks for, but for capitals, spaces, hyphens or underscores: it would
        be counted as another value).

    >>> from datetime import date
    >>> from revops_core.kpis.sales import sales_cycle_mean
    >>> deals = [{"id": "o1", "outcome": "won", "created_on": date(2026, 5, 9), "closed_on": date(2026, 5, 2)}] * 2
    >>> for problem in check(deals, sales_cycle_mean):
    ...     print(problem.code, problem.subject_id, problem.row)
    duplicate_id o1 2
    negative_duration o1 1
    negative_duration o1 2
    """
    held = (kpis,) if isinstance(kpis, Kpi) else as_tuple(kpis)
    periods = (over,) if isinstance(over, Period) else as_tuple(over)
    require("check", kpis=(held, tuple[Kpi, ...]), over=(periods, tuple[Period, ...]))
    require("check", as_of=(as_of, datetime | None), tz=(tz, str | None))
    zone_key = tz or next((period.tz for period in periods), "UTC")
    problems: list[Problem] = []
    for population, group in named_rows(rows, held):
        kept = tuple(group)
        problems.extend(_duplicates(kept, population or ""))
        pairs = dict.fromkeys(pair for kpi in held for pair in kpi.wanted)
        read = [pair for pair in pairs if pair[0].population in {"", population} or population is None]
        for pair in read:
            layout = laid_out([pair], periods, as_of, zone_key, trace=False)
            problems.extend(_stops(kept, layout, pair[0].population))
        problems.extend(_near_values(kept, [aggregate.where for aggregate, _ in read], population or ""))
    return list(dict.fromkeys(problems))


def _near_values(rows: Iterable[Any], conditions: Iterable[Expression], population: str) -> Iterator[Problem]:
    """The problem of every text that differs only in how it is written from one that a condition asks for."""
    asked_for: dict[Expression, dict[str, str]] = {}
    for condition in conditions:
        for field, text in _texts_asked_for(condition):
            asked_for.setdefault(field, {}).setdefault(_folded(text), text)
    for number, row in enumerate(rows, 1):
        for field, texts in asked_for.items():
            try:
                value = compiled(field)(row)
            except UnknownFieldError:
                continue  # told as missing
            text = texts.get(_folded(value), value) if isinstance(value, str) else value
            if text != value and value not in texts.values():
                says = f"'{field}' is {shown(value)}, which is another value than {shown(text)}"
                yield _problem(row, number, population, code="near_value", says=says, field=str(field))


def _texts_asked_for(condition: Expression) -> Iterator[tuple[Expression, str]]:
    """Each field that is compared with a text, and the text."""
    field, *values = condition.arguments or (None,)
    if condition.operation in {"equals", "one_of"} and isinstance(field, Expression) and field.operation == "field":
        yield from ((field, str(value)) for value in values if isinstance(value, str))
    for part in condition.arguments:
        if isinstance(part, Expression):
            yield from _texts_asked_for(part)


def _folded(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter not in " -_")


def _duplicates(rows: Iterable[Any], population: str) -> Iterator[Problem]:
    seen: dict[tuple[object, object], int] = {}
    for number, row in enumerate(rows, 1):
        row_id = id_of(row)
        first = number if row_id is None else seen.setdefault((type(row), row_id), number)
        if first != number:
            says = f"'id' is also the id of row {first}: it would be counted twice"
            yield _problem(row, number, population, code="duplicate_id", says=says, field="id")


def _stops(rows: Iterable[Any], layout: Layout, population: str) -> Iterator[Problem]:
    """The problem of every row at which a pass stops; another pass goes on behind it."""
    segments: Segments = {}
    remaining = enumerate(rows, 1)
    number, row = 0, None

    def passing() -> Iterator[Any]:
        nonlocal number, row
        for number, row in remaining:  # noqa: B007 - the problem names the row
            yield row

    faults: list[tuple[str, str, str | None]] | None = []
    while faults is not None:
        try:
            fill(passing(), layout, segments)
            faults = None
        except InvalidRowError as error:
            faults = [(_code(fault.rule, fault.value), fault.says, fault.field) for fault in error.faults]
        except CurrencyMismatchError as error:
            faults = [("mixed_currencies", f"is an amount in {error.right}; rows before it are in {error.left}", None)]
        except InexactAmountError as error:
            faults = [("inexact_amount", str(error), None)]
        for code, says, name in faults or ():
            yield _problem(row, number, population, code=code, says=says, field=name)


def _code(rule: str, value: object) -> str:
    if rule == MISSING:
        return "missing_field"
    if rule == OTHER_CLASS:
        return "other_class"
    return "negative_duration" if isinstance(value, timedelta) else "wrong_value"


def _problem(row: Any, number: int, population: str, **told: Any) -> Problem:
    row_id = id_of(row)
    subject_id = None if row_id is None else str(row_id)
    return Problem(subject=population or type(row).__name__, subject_id=subject_id, row=number, **told)
