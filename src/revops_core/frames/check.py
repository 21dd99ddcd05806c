"""check: everything that is wrong with a frame that KPIs are to measure, told at once, with how often and samples."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

import narwhals.stable.v2 as nw

from revops_core.entities.cells import is_missing
from revops_core.errors import InvalidValueError, MissingColumnsError, shown
from revops_core.frames.columns import ReadFrame, columns_of, read
from revops_core.frames.engines import Doubt, Frame, all_hold, counts_of, opened, rows_of
from revops_core.frames.measure import factors_of, frames_of, plan
from revops_core.frames.totals import BY, COUNT, NUMBER, Query, fields_of, queries_of
from revops_core.kpis.kpi import Kpi
from revops_core.kpis.layout import Lane, laid_out
from revops_core.values.expression import Expression
from revops_core.values.period import Period
from revops_core.values.problem import Problem

__all__ = ["check"]

_SAMPLES = 3


def check(
    df: Any,
    kpis: Iterable[Kpi] | Kpi,
    *,
    by: str | Iterable[str] = (),
    over: Period | Iterable[Period] = (),
    as_of: datetime | None = None,
    columns: Mapping[str, str] | Mapping[str, Mapping[str, str]] | None = None,
    values: Mapping[str, Mapping[Any, Any]] | None = None,
    currency: str | None = None,
    tz: str | None = None,
) -> list[Problem]:
    """What would stop `measure` over a DataFrame, and what would be counted wrongly; an empty list where nothing.

    Nothing is raised for what is in the frame, and nothing is repaired. A lazy frame is computed for it.

    Args:
        df: as for `measure`.
        kpis: what is to be measured: a field that none of them reads is not looked at.
        by: as for `measure`.
        over: as for `measure`.
        as_of: as for `measure`.
        columns: as for `measure`.
        values: as for `measure`.
        currency: as for `measure`.
        tz: as for `measure`.

    Returns:
        A problem for each thing that is wrong, with the number of rows and sample cells. Codes: "missing_column",
        "wrong_type" (also of a timestamp without a zone where `tz` is not given), "no_such_time", "no_day",
        "no_amount", "inexact_amount", "unmapped_value", "missing_key", "duplicate_id", "negative_duration",
        "no_currency", "mixed_currencies", "too_large".

    >>> import pandas
    >>> from revops_core.kpis.sales import win_rate
    >>> df = pandas.DataFrame({"Stage": ["Won", "Lost", "lost"], "closed_on": ["2026-05-02"] * 3})
    >>> for problem in check(df, win_rate, columns={"outcome": "Stage"}, values={"outcome": {"Won": "won"}}):
    ...     print(problem.code, problem.says)
    unmapped_value 'outcome' is 'Lost' in 1 rows; neither `values` nor a condition of these KPIs names it
    """
    held, names, layout, periods = plan(kpis, by, over, as_of=as_of, currency=currency, tz=tz)
    problems: list[Problem] = []
    for population, one, told in frames_of(df, held, columns):
        frame, tell = opened(one), partial(_problem, population or "", _column("id", told))
        lanes = [lane for lane in layout.lanes if population is None or lane.population in {"", population}]
        options: dict[str, Any] = {"tz": tz, "currency": currency, "values": values, "factors": factors_of(lanes)}
        named, missing = _named(frame, [*fields_of(lanes), *((name,) for name in names)], told)
        problems += [
            Problem(code="missing_column", says=says, subject=population or "", field=name) for name, says in missing
        ]
        sound = set(named)
        for field, column in named.items():
            chosen = {name: held for name, held in named.items() if name.removesuffix(".currency") == field}
            if field.endswith(".currency"):
                continue
            try:
                rows = read(frame, chosen, **options)
            except InvalidValueError as error:
                sound.discard(field)
                if field not in names:
                    problems += [
                        Problem(code="wrong_type", says=fault.says, subject=population or "", field=field)
                        for fault in error.faults
                    ]
                continue
            problems += [
                tell(rows.frame, doubt, column=column, count=count)
                for doubt, count in counts_of(rows.frame, rows.doubts)
                if count
            ]
            problems += _unmapped(rows, field, lanes, values, population or "")
        problems += _keys(frame, {name: named[name] for name in names if name in named}, _column("id", told), tell)

        def read_columns(
            within: Frame, fields: set[str], of: Mapping[str, str] = named, told: Any = options
        ) -> ReadFrame:
            held = {name: of[name] for name in of if name in fields or name.removesuffix(".currency") in fields}
            return read(within, held, **told)

        parts = [named[name] for name in names if name in named]
        for pair in dict.fromkeys(pair for kpi in held for pair in kpi.wanted):
            asked = laid_out([pair], periods, as_of, layout.tz, trace=False).lanes
            if population not in {None, asked[0].population} or not all(sound & set(one) for one in fields_of(asked)):
                continue
            try:
                for query in queries_of(frame, asked, parts, layout.tz, read_columns):
                    problems += _in_query(query, population or "")
            except InvalidValueError as error:
                problems += [
                    Problem(code="wrong_type", says=one.says, subject=population or "", field=one.field)
                    for one in error.faults
                ]
    return list(
        {(one.code, one.field, one.says.partition(":")[0], one.subject): one for one in reversed(problems)}.values()
    )[::-1]


def _column(field: str, columns: Mapping[str, str]) -> str:
    return columns.get(field, field)


def _named(
    frame: Frame, fields: Sequence[tuple[str, ...]], columns: Mapping[str, str]
) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """The columns that are there, and the fields for which there is none, with the sentence that says so."""
    named: dict[str, str] = {}
    missing: dict[str, str] = {}
    for names in fields:
        try:
            named |= columns_of(frame, [names], columns)
        except MissingColumnsError as error:
            missing[" or ".join(names)] = str(error)
            there = frame.collect_schema().names()
            named |= {name: columns.get(name, name) for name in names if columns.get(name, name) in there}
    return named, list(missing.items())


def _problem(subject: str, id_column: str, frame: Frame, doubt: Doubt, *, column: str, count: int) -> Problem:
    """What is wrong with some cells of a column, with samples and the id of the first."""
    code, field, rule, which = doubt
    has_id = id_column in frame.collect_schema().names()
    wanted = dict.fromkeys([column, *([id_column] if has_id else [])])
    found = rows_of(frame.filter(which).select(*wanted).head(_SAMPLES))
    cells = ", ".join(dict.fromkeys(shown(row[column]) for row in found))
    first = None if not has_id or is_missing(found[0][id_column]) else str(found[0][id_column])
    says = f"'{field}' {rule}: {count:,} rows, such as {cells}"
    return Problem(code=code, says=says, subject=subject, subject_id=first, field=field)


def _unmapped(
    rows: ReadFrame, field: str, lanes: Iterable[Lane], values: Mapping[str, Mapping[Any, Any]] | None, subject: str
) -> Iterator[Problem]:
    """Text that neither the caller nor a condition names: each with its number of rows, the most frequent first."""
    reading, told = rows.readings[field], (values or {}).get(field)
    literals = {
        one for lane in lanes for _, where, _ in lane.slots for one in _literals(where, field) if isinstance(one, str)
    }
    if reading.kind != "text" or not (literals or told):
        return
    cells = rows.frame.select(revops_cell=reading.value).group_by("revops_cell").agg(**{COUNT: nw.len()})
    counts = {row["revops_cell"]: int(row[COUNT]) for row in rows_of(cells) if isinstance(row["revops_cell"], str)}
    named = literals | set(told or {}) | {one for one in (told or {}).values() if isinstance(one, str)}
    unnamed = {cell: count for cell, count in counts.items() if cell not in named}
    if told is None and len(unnamed) < len(counts):
        return  # the words are ours; a condition need not name all of them
    for cell, count in sorted(unnamed.items(), key=lambda one: (-one[1], one[0])):
        says = f"'{field}' is {shown(cell)} in {count:,} rows; neither `values` nor a condition of these KPIs names it"
        yield Problem(code="unmapped_value", says=says, subject=subject, field=field)


def _literals(expression: Expression, field: str) -> Iterator[object]:
    """What a condition compares a field with."""
    is_choice = expression.operation in {"equals", "one_of"}
    for part in expression.arguments:
        if isinstance(part, Expression):
            yield from _literals(part, field)
        elif (
            is_choice and isinstance(expression.arguments[0], Expression) and expression.arguments[0].fields == (field,)
        ):
            yield part


def _keys(frame: Frame, by: Mapping[str, str], id_column: str, tell: Any) -> Iterator[Problem]:
    """Rows that have no segment, no id, or the id of another."""
    there = frame.collect_schema().names()
    keys = {**by, **({"id": id_column} if id_column in there else {})}
    doubts = [("missing_key", field, "must be known", nw.col(column).is_null()) for field, column in keys.items()]
    for (doubt, count), column in zip(counts_of(frame, doubts), keys.values(), strict=True):
        if count:
            yield tell(frame, doubt, column=column, count=count)
    if "id" in keys:
        often = (
            frame.filter(~nw.col(id_column).is_null())
            .group_by(id_column)
            .agg(**{COUNT: nw.len()})
            .filter(nw.col(COUNT) > 1)
        )
        found = counts_of(
            often, [("duplicate_id", "id", "must be there once, or it is counted twice", nw.col(COUNT) > 1)]
        )
        for doubt, count in found:
            if count:
                yield tell(often, doubt, column=id_column, count=count)


def _in_query(query: Query, subject: str) -> Iterator[Problem]:
    """What is wrong with values that would be added up: rows in doubt, and currencies that mix."""
    doubts = [(*told, nw.col(name) == 1) for name, told in query.doubts.items()]
    for (code, field, rule, _), count in counts_of(query.frame, doubts):
        if count:
            yield Problem(code=code, says=f"'{field}' {rule}: {count:,} rows", subject=subject, field=field)
    for (_, (_, _, value)), (flag, _, reading) in query.columns.items():
        if reading is None or not reading.currency:
            continue
        is_placed = nw.col(NUMBER) >= 0 if NUMBER in query.keys else None
        counts = all_hold(is_placed, None if flag is None else nw.col(flag) == 1)
        frame = query.frame if counts is None else query.frame.filter(counts)
        segment = [name for name in query.keys if name.startswith(BY) or name == NUMBER]
        by_currency: dict[tuple[Any, ...], dict[str, int]] = {}
        for row in rows_of(frame.group_by([*segment, reading.currency]).agg(**{COUNT: nw.len()})):
            held = by_currency.setdefault(tuple(map(str, (row[name] for name in segment))), {})
            held[str(row[reading.currency])] = int(row[COUNT])
        mixed = [held for held in by_currency.values() if len(held) > 1]
        if mixed:
            told = ", ".join(f"{code} in {count:,} rows" for code, count in sorted(mixed[0].items()))
            says = f"'{value}' would add up currencies in {len(mixed):,} sums: {told} in the first; measure by currency"
            yield Problem(code="mixed_currencies", says=says, subject=subject, field=str(value))
