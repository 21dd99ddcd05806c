"""Measuring a frame: the same definitions and the same table as for objects, from the sums of the engine."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import narwhals.stable.v2 as nw
from attrs import evolve, frozen

from revops_core.errors import Fault, InvalidValueError
from revops_core.frames.columns import ReadFrame, columns_of, read
from revops_core.frames.engines import Frame, engine_of, opened
from revops_core.frames.lazy_rows import TYPES, lazy_rows
from revops_core.frames.queries import Query, ReadColumns, fields_of, queries_of
from revops_core.frames.totals import Tallies, add_tallies
from revops_core.kpis.kpi import Kpi
from revops_core.kpis.kpi_table import KpiTable
from revops_core.kpis.layout import Lane, Layout, laid_out, merged_tallies
from revops_core.values.checks import Currency, as_tuple, require
from revops_core.values.expression import Expression
from revops_core.values.measurement import Undefined
from revops_core.values.money import Money
from revops_core.values.period import Period

__all__ = ["Question", "asked", "frames_of", "kpi_table", "measure", "tidy_columns"]

Columns = Mapping[str, str] | Mapping[str, Mapping[str, str]]


@frozen
class Question:
    """What is asked of frames, checked.

    Args:
        table: an empty table of what is measured.
        layout: what is to be added up.
        columns: what columns are called, as the caller told it.
        options: how they are read: the other arguments of `columns.read`.
    """

    table: KpiTable
    layout: Layout
    columns: Mapping[str, Any]
    options: Mapping[str, Any]

    @property
    def by(self) -> tuple[str, ...]:
        """The parts of a segment."""
        return self.table.by

    @property
    def meanings(self) -> list[Mapping[Any, Any]]:
        """What the cells of each part of a segment mean."""
        return [self.options["values"].get(name) or {} for name in self.by]

    def lanes(self, population: str | None) -> list[Lane]:
        """What is read of one population; None: of all."""
        return [lane for lane in self.layout.lanes if population is None or lane.population in {"", population}]

    def reader(self, named: Mapping[str, str], lanes: Iterable[Lane]) -> ReadColumns:
        """How some of the fields of lanes are read from the columns that they are in."""
        factors = _factors_of(lanes)

        def read_columns(frame: Frame, chosen: set[str]) -> ReadFrame:
            held = {name: named[name] for name in named if name in chosen or name.removesuffix(".currency") in chosen}
            return read(frame, held, factors=factors, **self.options)

        return read_columns


def kpi_table(
    df: Any,
    kpis: Iterable[Kpi] | Kpi,
    *,
    by: str | Iterable[str] = (),
    over: Period | Iterable[Period] = (),
    as_of: datetime | None = None,
    columns: Columns | None = None,
    values: Mapping[str, Mapping[Any, Any]] | None = None,
    currency: str | None = None,
    tz: str | None = None,
    percentages: Collection[str] = (),
) -> KpiTable:
    """Any number of KPIs over a DataFrame, as the table that `kpis.measure` makes of objects.

    Its sums are computed by the engine that holds the data; a lazy frame is computed for them. The table merges with
    others, also of objects, and has totals, intervals, changes and reasons like any other, and warns how many rows
    have no date and so fall into no period ("undated: 3 of 100").

    Args:
        df: a DataFrame of pandas, polars, PyArrow, DuckDB or PySpark, eager or lazy; a mapping of class names to such
            frames where a KPI reads several populations.
        kpis: their definitions.
        by: the fields that make a segment.
        over: the periods, in order and apart; none: all rows, whatever their dates.
        as_of: the moment to look from.
        columns: field → column, where they differ; `amount.currency` names the column of an amount's currency. With
            several populations, a mapping of class names to such mappings.
        values: field → (what the cell says → what it means); a cell it does not name means itself.
        currency: what amounts are in that have no column for it.
        tz: the zone of timestamps that have none, and of civil days where there are no periods; UTC for the latter
            where not given.
        percentages: fields whose cells are percentages: 40 is 0.40.

    Raises:
        MissingColumnsError: with every column that is not there.
        InvalidValueError: columns of wrong types, cells that are no amounts, times that a zone did not show, durations
            that end before they start: with the number of rows.
        CurrencyMismatchError: amounts of two currencies in one sum.

    >>> import polars
    >>> from revops_core.kpis.sales import win_rate
    >>> deals = polars.DataFrame({"Stage": ["Won", "Lost", "Won"], "rep": ["ana", "ana", "ben"]})
    >>> names, words = {"outcome": "Stage", "owner_id": "rep"}, {"outcome": {"Won": "won", "Lost": "lost"}}
    >>> print(kpi_table(deals.lazy(), win_rate, by="owner_id", columns=names, values=words))
    owner_id  win_rate
    --------  --------
    ana         50.0 %
    ben        100.0 %
    all         66.7 %
    """
    question = asked(kpis, by, over, as_of, columns, values=values, currency=currency, tz=tz, percentages=percentages)
    return _table(question, frames_of(df, question), tells_undated=True)


def measure(
    df: Any,
    kpis: Iterable[Kpi] | Kpi,
    *,
    by: str | Iterable[str] = (),
    over: Period | Iterable[Period] = (),
    as_of: datetime | None = None,
    columns: Columns | None = None,
    values: Mapping[str, Mapping[Any, Any]] | None = None,
    currency: str | None = None,
    tz: str | None = None,
    percentages: Collection[str] = (),
) -> Any:
    """Any number of KPIs over a DataFrame, as tidy rows: a DataFrame of the same kind, eager or lazy.

    It has the parts of the segment, then `period`, `kpi`, `value`, `reason`, `unit`, `currency`, `numerator`,
    `denominator`, `n`, `partial`, `low` and `high` (a 95 % interval) and `problem_count`. Numbers are floats: shares as
    fractions, amounts in major units, durations in days; `kpi_table` has them exactly, with their warnings; `check`
    tells what is wrong with rows.

    A lazy frame stays lazy: nothing is computed before the engine is asked for rows. Then what is wrong with cells can
    only be counted: where `problem_count` is above 0, `value` is null. Intervals need all sums at once: they are null,
    and `kpi_table` has them.

    Args:
        df: as for `kpi_table`.
        kpis: as for `kpi_table`.
        by: as for `kpi_table`.
        over: as for `kpi_table`.
        as_of: as for `kpi_table`.
        columns: as for `kpi_table`.
        values: as for `kpi_table`.
        currency: as for `kpi_table`.
        tz: as for `kpi_table`.
        percentages: as for `kpi_table`.

    Raises:
        MissingColumnsError: with every column that is not there.
        InvalidValueError: columns of wrong types; of an eager frame also wrong cells, with the number of rows.
        CurrencyMismatchError: amounts of two currencies in one sum, of an eager frame.

    >>> import polars
    >>> from revops_core.kpis.sales import win_rate
    >>> deals = polars.DataFrame({"outcome": ["won", "lost", "won"]})
    >>> measure(deals, win_rate).select("kpi", "value", "numerator", "denominator").rows()
    [('win_rate', 0.6666666666666666, 2.0, 3.0)]
    """
    question = asked(kpis, by, over, as_of, columns, values=values, currency=currency, tz=tz, percentages=percentages)
    taken = [name for name in question.by if name in TYPES]
    if taken:
        rule = "must not be called like a column of the result; name another column in `columns`"
        raise InvalidValueError("frames.measure", [Fault("by", rule, tuple(taken))])
    populations = frames_of(df, question)
    _, first, named = populations[0]
    if isinstance(first, nw.DataFrame):
        found = tidy_columns(_table(question, populations, tells_undated=False))
        return nw.to_native(_frame_of(found, first, {name: named.get(name, name) for name in question.by}))
    queries = [query for held in populations for query in _queries_over(question, *held)]
    return nw.to_native(lazy_rows(first, queries, question.table, question.layout, question.meanings))


def _table(
    question: Question, populations: Iterable[tuple[str | None, Frame, Mapping[str, str]]], *, tells_undated: bool
) -> KpiTable:
    layout = question.layout
    tallies: Tallies = {} if question.by else {(): [[] for _ in range(layout.tally_count)]}
    for population in populations:
        for query in _queries_over(question, *population, tells_undated=tells_undated):
            add_tallies(query, tallies, layout.tally_count, question.meanings)
    slots = [lane.slots for lane in layout.lanes for _ in lane.all_places]
    segments = {
        key: tuple(merged_tallies(parts, held, None) for parts, held in zip(places, slots, strict=True))
        for key, places in tallies.items()
    }
    return evolve(question.table, segments=segments)


def tidy_columns(table: KpiTable) -> dict[str, list[Any]]:
    """The measurements of a table as columns of plain numbers: amounts in major units, durations in days."""
    found = list(table.measurements())
    intervals = [one.ci() for one in found]
    columns: dict[str, list[Any]] = {name: [one.segment[name] for one in found] for name in table.by}
    return columns | {
        "period": [None if one.period is None else str(one.period) for one in found],
        "kpi": [one.name for one in found],
        "value": [_float(one.value) for one in found],
        "reason": [one.value.reason if isinstance(one.value, Undefined) else None for one in found],
        "unit": [one.unit for one in found],
        "currency": [one.currency for one in found],
        "numerator": [_float(one.numerator) for one in found],
        "denominator": [_float(one.denominator) for one in found],
        "n": [one.n for one in found],
        "partial": [one.partial for one in found],
        "low": [None if one is None else _float(one.low) for one in intervals],
        "high": [None if one is None else _float(one.high) for one in intervals],
        "problem_count": [0 for _ in found],
    }


def _float(value: Any) -> float | None:
    """A value as a float, nearest to it; None where it is undefined."""
    if value is None or isinstance(value, Undefined):
        return None
    if isinstance(value, timedelta):
        return value / timedelta(days=1)
    return float(value.amount if isinstance(value, Money) else value)


def _frame_of(found: Mapping[str, list[Any]], like: Frame, by: Mapping[str, str]) -> Any:
    """Columns as a frame of the engine of another; those of the segment have the type of their column."""
    schema = like.collect_schema()
    series = []
    for name, cells in found.items():
        kind = TYPES.get(name) or schema.get(by[name])
        is_text = any(isinstance(cell, str) for cell in cells)
        if engine_of(like) in {"pandas", "modin"} and (name in by or all(cell is None for cell in cells)):
            kind = None  # as it would make zeros of what is missing
        elif name in by and is_text:
            kind = nw.String
        series.append(nw.new_series(name, cells, kind, backend=like.implementation))
    return nw.from_dict({one.name: one for one in series})


def asked(
    kpis: Any, by: Any, over: Any, as_of: Any, columns: Any, *, values: Any, currency: Any, tz: Any, percentages: Any
) -> Question:
    """What is asked of frames, checked."""
    held = (kpis,) if isinstance(kpis, Kpi) else as_tuple(kpis)
    periods = (over,) if isinstance(over, Period) else as_tuple(over)
    names = (by,) if isinstance(by, str) else as_tuple(by)
    shares = as_tuple(percentages)
    require(
        "frames.measure",
        kpis=(held, tuple[Kpi, ...]),
        over=(periods, tuple[Period, ...]),
        by=(names, tuple[str, ...]),
        as_of=(as_of, datetime | None),
        columns=(columns, Mapping[str, object] | None),
        currency=(currency, Currency | None),
        tz=(tz, str | None),
        percentages=(shares, tuple[str, ...]),
    )
    zones = {period.tz for period in periods}
    faults = [] if len(zones) < 2 else [Fault("over", "must be periods of one zone", sorted(zones))]
    if len({kpi.name for kpi in held}) < len(held) or not held:
        faults.append(Fault("kpis", "must be one or more, each of another name", tuple(kpi.name for kpi in held)))
    if len(set(names)) < len(names):
        faults.append(Fault("by", "must be different fields", names))
    if faults:
        raise InvalidValueError("frames.measure", faults)
    zone_key = next(iter(zones), tz or "UTC")
    told: dict[str, Any] = {"as_of": as_of, "currency": currency, "tz": zone_key, "trace": False}
    return Question(
        KpiTable(kpis=held, by=names, periods=periods, segments={}, **told),
        laid_out([pair for kpi in held for pair in kpi.wanted], periods, as_of, zone_key, trace=False),
        columns or {},
        {"tz": tz, "currency": currency, "values": values or {}, "percentages": shares},
    )


def frames_of(df: Any, question: Question) -> list[tuple[str | None, Frame, Mapping[str, str]]]:
    """Each population with its frame and columns; None where one frame serves KPIs of several."""
    columns: Any = question.columns
    needed = dict.fromkeys(name for kpi in question.table.kpis for name in kpi.populations)
    if isinstance(df, Mapping):
        if set(df) != set(needed) or not df:
            rule = f"must be given for each of {', '.join(map(repr, needed))}, and for nothing else"
            raise InvalidValueError("frames.measure", [Fault("df", rule, tuple(df))])
        is_by_name = any(isinstance(held, Mapping) for held in columns.values())
        return [(name, opened(one), columns.get(name) or {} if is_by_name else columns) for name, one in df.items()]
    for kpi in question.table.kpis:
        if len(kpi.populations) > 1:
            names = ", ".join(f"{name!r}: …" for name in kpi.populations)
            rule = f"must be a mapping such as {{{names}}} for {kpi.name}"
            raise InvalidValueError("frames.measure", [Fault("df", rule, type(df).__name__)])
    return [(next(iter(needed)) if len(needed) == 1 else None, opened(df), columns)]


def _queries_over(
    question: Question, population: str | None, frame: Frame, columns: Mapping[str, str], *, tells_undated: bool = False
) -> list[Query]:
    """The queries over one frame."""
    lanes = question.lanes(population)
    needed = fields_of(lanes)
    named = columns_of(frame, [*needed, *((name,) for name in question.by)], columns)

    def of_all(within: Frame, chosen: set[str]) -> ReadFrame:
        readings = {field: reading for field, reading in everything.readings.items() if field in chosen}
        doubts = tuple(one for one in everything.doubts if one[1] in chosen)
        return evolve(everything, frame=within, readings=readings, doubts=doubts)

    narrow = frame.select(*dict.fromkeys(named.values())) if named and isinstance(frame, nw.DataFrame) else frame
    is_eager = isinstance(narrow, nw.DataFrame)
    if is_eager and engine_of(frame) == "polars" and not any(map(_needs_cells, narrow.schema.values())):
        narrow, is_eager = narrow.lazy(), False  # polars computes a whole query faster than its parts
    # What is wrong with the columns is told at once. A lazy engine reads no cell that it does not need, so that all
    # can be read first; an eager one reads them where the rows of no period are gone.
    read_columns = question.reader(named, lanes)
    everything = read_columns(narrow.head(0) if is_eager else narrow, {name for names in needed for name in names})
    start, reader = (narrow, read_columns) if is_eager else (everything.frame, of_all)
    parts = [columns.get(name, name) for name in question.by]
    return queries_of(start, lanes, parts, question.layout.tz, reader, tells_undated=tells_undated)


def _factors_of(lanes: Iterable[Lane]) -> set[str]:
    """The fields that are no amounts: those that are only compared, or that an amount is multiplied by."""
    lanes = list(lanes)
    fields = {name for names in fields_of(lanes) for name in names}
    return fields.difference(*(_amounts_in(value) for lane in lanes for _, _, value in lane.slots if value is not None))


def _needs_cells(dtype: Any) -> bool:
    """Whether the cells of a column must be looked at before a query is written."""
    return isinstance(dtype, nw.Object) or (isinstance(dtype, nw.Datetime) and dtype.time_zone is None)


def _amounts_in(value: Expression) -> set[str]:
    """The fields that a value is made of; not those that it is multiplied by, such as a probability."""
    if value.operation == "field":
        return {value.arguments[0]}
    parts = value.arguments[:1] if value.operation == "times" else value.arguments
    return set().union(*(_amounts_in(part) for part in parts if isinstance(part, Expression)))
