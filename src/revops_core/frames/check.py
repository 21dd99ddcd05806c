"""check: everything that is wrong with a frame that KPIs are to measure, told at once, with how often and samples."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

import narwhals.stable.v2 as nw

from revops_core.entities.cells import is_missing
from revops_core.errors import InvalidValueError, MissingColumnsError, shown
from revops_core.frames.columns import ReadFrame, columns_of
from revops_core.frames.engines import Doubt, Frame, all_hold, counts_of, rows_of
from revops_core.frames.expressions import condition_of
from revops_core.frames.measure import Question, asked, frames_of
from revops_core.frames.queries import BY, COUNT, NUMBER, Query, fields_of, queries_of
from revops_core.kpis.kpi import Kpi
from revops_core.kpis.layout import Lane, laid_out
from revops_core.values.expression import Expression, all_of
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
    percentages: Collection[str] = (),
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
        percentages: as for `measure`.

    Returns:
        A problem for each thing that is wrong, with the number of rows and sample cells. Codes: "missing_column",
        "wrong_type" (also of a timestamp without a zone where `tz` is not given), "no_such_time", "no_day",
        "no_amount", "inexact_amount", "unmapped_value", "missing_key", "undated", "duplicate_id", "negative_duration",
        "no_currency", "mixed_currencies", "too_large".

    >>> import pandas
    >>> from revops_core.kpis.sales import win_rate
    >>> df = pandas.DataFrame({"Stage": ["Won", "Lost", "lost"], "closed_on": ["2026-05-02"] * 3})
    >>> for problem in check(df, win_rate, columns={"outcome": "Stage"}, values={"outcome": {"Won": "won"}}):
    ...     print(problem.code, problem.says)
    unmapped_value 'outcome' is 'Lost' in 1 rows; neither `values` nor a condition of these KPIs names it
    """
    question = asked(kpis, by, over, as_of, columns, values=values, currency=currency, tz=tz, percentages=percentages)
    problems: list[Problem] = []
    for population, frame, told in frames_of(df, question):
        problems += _in_frame(question, population, frame, told)
    kept = {(one.code, one.field, one.says.partition(":")[0], one.subject): one for one in reversed(problems)}
    return list(kept.values())[::-1]


def _in_frame(
    question: Question, population: str | None, frame: Frame, columns: Mapping[str, str]
) -> Iterator[Problem]:
    """What is wrong with one frame: its columns, their cells, its keys, and the values that would be added up."""
    subject, id_column = population or "", columns.get("id", "id")
    tell = partial(_told, subject=subject, id_column=id_column)
    lanes = question.lanes(population)
    named, missing = _named(frame, [*fields_of(lanes), *((name,) for name in question.by)], columns)
    read_columns = question.reader(named, lanes)
    for name, says in missing:
        yield Problem(code="missing_column", says=says, subject=subject, field=name)
    sound = set(named)
    for field in [name for name in named if not name.endswith(".currency")]:
        try:
            rows = read_columns(frame, {field})
        except InvalidValueError as error:
            sound.discard(field)
            if field not in question.by:
                yield from _wrong_types(error, subject)
            continue
        yield from tell(rows.frame, rows.doubts, named[field])
        yield from _unmapped(rows, field, lanes, question.options["values"].get(field), subject)
    parts = {name: named[name] for name in question.by if name in named}
    yield from _keys(frame, parts, id_column, tell)
    table = question.table
    for pair in dict.fromkeys(pair for kpi in table.kpis for pair in kpi.wanted):
        lanes_of = laid_out([pair], table.periods, table.as_of, question.layout.tz, trace=False).lanes
        if population in {None, lanes_of[0].population} and all(sound & set(one) for one in fields_of(lanes_of)):
            try:
                for query in queries_of(frame, lanes_of, [*parts.values()], question.layout.tz, read_columns):
                    yield from _in_query(query, subject)
                if pair[1] is not None and table.periods:
                    undated = all_of(pair[0].where, Expression("missing", (pair[1],)))
                    rows = read_columns(frame, {*undated.fields} & sound)
                    is_undated = condition_of(undated, (rows, lanes_of[0].bound, question.layout.tz)).value
                    field = next(name for name in pair[1].fields if name in sound)
                    rule = "must be known, or a row that counts falls in no period"
                    yield from tell(rows.frame, [("undated", field, rule, is_undated)], named[field])
            except InvalidValueError as error:
                yield from _wrong_types(error, subject)


def _wrong_types(error: InvalidValueError, subject: str) -> list[Problem]:
    return [Problem(code="wrong_type", says=one.says, subject=subject, field=one.field) for one in error.faults]


def _told(frame: Frame, doubts: Iterable[Doubt], column: str, *, subject: str, id_column: str) -> Iterator[Problem]:
    """What is wrong with cells of a column: each with its number of rows, samples, and the id of the first."""
    has_id = id_column in frame.collect_schema().names()
    wanted: dict[str, None] = dict.fromkeys([column, *([id_column] if has_id else [])])
    for (code, field, rule, which), count in counts_of(frame, doubts):
        if count:
            found = rows_of(frame.filter(which).select(*wanted).head(_SAMPLES))
            cells = ", ".join(dict.fromkeys(shown(row[column]) for row in found))
            first = None if not has_id or is_missing(found[0][id_column]) else str(found[0][id_column])
            says = f"'{field}' {rule}: {count:,} rows, such as {cells}"
            yield Problem(code=code, says=says, subject=subject, subject_id=first, field=field)


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


def _unmapped(
    rows: ReadFrame, field: str, lanes: Iterable[Lane], told: Mapping[Any, Any] | None, subject: str
) -> Iterator[Problem]:
    """Text that neither the caller nor a condition names: each with its number of rows, the most frequent first."""
    reading = rows.readings[field]
    literals = {text for lane in lanes for _, where, _ in lane.slots for text in _texts(where, field)}
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


def _texts(condition: Expression, field: str) -> Iterator[str]:
    """What text a condition compares a field with."""
    first, *values = condition.arguments or (None,)
    if condition.operation in {"equals", "one_of"} and isinstance(first, Expression) and first.fields == (field,):
        yield from (value for value in values if isinstance(value, str))
    for part in condition.arguments:
        if isinstance(part, Expression):
            yield from _texts(part, field)


def _keys(frame: Frame, by: Mapping[str, str], id_column: str, tell: Any) -> Iterator[Problem]:
    """Rows that have no segment, no id, or the id of another."""
    there = frame.collect_schema().names()
    keys = {**by, **({"id": id_column} if id_column in there else {})}
    for field, column in keys.items():
        yield from tell(frame, [("missing_key", field, "must be known", nw.col(column).is_null())], column)
    if "id" in keys:
        rule, is_often = "must be there once, or it is counted twice", nw.col(COUNT) > 1
        counted = frame.filter(~nw.col(id_column).is_null()).group_by(id_column).agg(**{COUNT: nw.len()})
        yield from tell(counted.filter(is_often), [("duplicate_id", "id", rule, is_often)], id_column)


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
