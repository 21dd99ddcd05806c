"""KpiTable: several KPIs, by segment and by period, from one pass over the rows; two tables of parts merge into one."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

from attrs import evolve, field, frozen

from revops_core.errors import CurrencyMismatchError, Fault, InvalidValueError
from revops_core.kpis.change import Change, compare
from revops_core.kpis.filling import Segments, fill
from revops_core.kpis.kpi import Kpi, measured, named_rows, readers_of
from revops_core.kpis.layout import By, Layout, Read, joined, laid_out, merged_tallies
from revops_core.kpis.measuring import kinds_of
from revops_core.kpis.tally import Settled, is_settled, settled
from revops_core.values.checks import as_tuple, require
from revops_core.values.expression import Expression
from revops_core.values.measurement import Measurement, Undefined
from revops_core.values.money import Money
from revops_core.values.period import Period
from revops_core.values.table import Table
from revops_core.values.zone import zone

__all__ = ["KpiTable", "measure"]


def measure(
    rows: Iterable[Any] | Mapping[str, Iterable[Any]],
    kpis: Iterable[Kpi] | Kpi,
    *,
    by: By | Iterable[By] | Mapping[str, By | Mapping[str, By]] = (),
    over: Period | Iterable[Period] = (),
    as_of: datetime | None = None,
    currency: str | None = None,
    tz: str | None = None,
    trace: bool = False,
) -> KpiTable:
    """Any number of KPIs by segment and period, in one pass over the rows.

    Args:
        rows: objects or mappings, read once; a mapping of class names to rows where a KPI reads several populations.
        kpis: their definitions.
        by: what makes a segment: a field name, a path such as "custom.region", a function of a row (to look something
            up), several of these, or a mapping of names for them. Where populations call it differently, each name has
            a mapping of its own: {"channel": {"Spend": "channel", "Lead": "lead_source"}}.
        over: the periods, in order and apart; none: all rows, whatever their dates.
        as_of: the moment to look from: dates after it have not happened, and a period may be partial.
        currency: what amounts are in that are plain numbers.
        tz: the zone of civil days, where there are no periods; UTC where not given.
        trace: keep the rows behind each number, for `Measurement.records()`.

    Raises:
        InvalidRowError: a row lacks a field or has a wrong value in one; names its number, from 1, and its id.
        CurrencyMismatchError: amounts of two currencies in one sum.

    >>> from revops_core.kpis.sales import win_rate
    >>> deals = [{"owner_id": "ana", "outcome": "won"}, {"owner_id": "ben", "outcome": "lost"}]
    >>> print(measure(deals, [win_rate], by="owner_id"))
    owner_id  win_rate
    --------  --------
    ana        100.0 %
    ben          0.0 %
    all         50.0 %
    """
    held = (kpis,) if isinstance(kpis, Kpi) else as_tuple(kpis)
    periods = (over,) if isinstance(over, Period) else as_tuple(over)
    require("measure", kpis=(held, tuple[Kpi, ...]), over=(periods, tuple[Period, ...]))
    require("measure", as_of=(as_of, datetime | None), currency=(currency, str | None), tz=(tz, str | None))
    names, readers = _named(by)
    zones = {period.tz for period in periods}
    faults = [] if len(zones) < 2 else [Fault("over", "must be periods of one zone", sorted(zones))]
    if len({kpi.name for kpi in held}) < len(held) or not held:
        faults.append(Fault("kpis", "must be one or more, each of another name", tuple(kpi.name for kpi in held)))
    if faults:
        raise InvalidValueError("measure", faults)
    zone_key = tz or next(iter(zones), "UTC")
    layout = laid_out([pair for kpi in held for pair in kpi.wanted], periods, as_of, zone_key, trace=trace)
    segments: Segments = {} if names else {(): [None] * layout.tally_count}
    for name, group in named_rows(rows, held):
        fill(group, layout, segments, by=readers_of(readers, name), population=name)
    kept = {key: tuple(map(settled, tallies)) for key, tallies in segments.items()}
    told: dict[str, Any] = {"as_of": as_of, "currency": currency, "tz": zone_key, "trace": trace}
    return KpiTable(kpis=held, by=names, periods=periods, segments=kept, **told)


def _named(by: Any) -> tuple[tuple[str, ...], tuple[By | Mapping[str, By], ...]]:
    """The names of what makes a segment, and how each is read."""
    if isinstance(by, Mapping):
        names, readers = tuple(by), tuple(by.values())
    else:
        readers = (by,) if isinstance(by, str) or callable(by) else as_tuple(by)
        names = tuple(reader if isinstance(reader, str) else getattr(reader, "__name__", "") for reader in readers)
        names = tuple("segment" if name in {"", "<lambda>"} else name for name in names)
    every = tuple(one for part in readers for one in (part.values() if isinstance(part, Mapping) else (part,)))
    require("measure", by=(every, tuple[str | Callable[..., Any], ...]))
    if len(set(names)) < len(names):
        rule = "must have one name each: use {'region': …, 'team': …}"
        raise InvalidValueError("measure", [Fault("by", rule, names)])
    return names, readers


@frozen(kw_only=True, eq=False, repr=False)
class KpiTable:
    """What `measure` found: a `Measurement` for each KPI, segment and period, and for all of them together.

    Printed, or shown in a notebook, it is a table of segments; `rows()` are tidy, one for each number. Totals are
    computed from the sums behind the numbers, never from the numbers. A stock is not added up over periods: its total
    is that of the last one. Rows that a KPI would count but that have no date fall in no period: each measurement
    warns how many they are ("undated: 3 of 100", beside those it counts), and the title of the table does.

    It is the accumulator, too: measure each batch on its own and `merge`, in any order and any grouping; that equals
    one pass over all rows. It pickles, and `to_plain(table)` and `from_plain(KpiTable, data)` take it through JSON, so
    that other processes and machines can measure their part. What it keeps does not grow with the rows, except for
    medians and quantiles (the values), distinct counts (the different values) and traces (the rows). A table that
    traces entities takes `from_plain(KpiTable, data, classes=[Opportunity])`, and pickles as it is.

    Args:
        kpis: the definitions.
        by: the names of what makes a segment.
        periods: what it was measured over; empty: all rows.
        as_of: the moment looked from.
        currency: what plain numbers were in.
        tz: the zone of civil days.
        trace: whether the rows are kept.
        segments: what is kept of the rows of each segment: a tally for each place of the `Layout`.

    >>> from revops_core.kpis.sales import deals_won
    >>> deals = [{"owner_id": "ana", "outcome": "won"}, {"owner_id": "ben", "outcome": "won"}]
    >>> first, second = (measure([deal], deals_won, by="owner_id") for deal in deals)
    >>> first.merge(second).measurement("deals_won").value
    2
    """

    kpis: tuple[Kpi, ...]
    by: tuple[str, ...]
    periods: tuple[Period, ...]
    as_of: datetime | None
    currency: str | None
    tz: str
    trace: bool
    segments: Mapping[tuple[Hashable, ...], tuple[Settled | None, ...]]
    _layout: Layout = field(init=False)
    _kinds: Mapping[Expression, str] = field(init=False)

    def __attrs_post_init__(self) -> None:
        require("KpiTable", kpis=(self.kpis, tuple[Kpi, ...]), periods=(self.periods, tuple[Period, ...]))
        require("KpiTable", as_of=(self.as_of, datetime | None), currency=(self.currency, str | None))
        require("KpiTable", by=(self.by, tuple[str, ...]), tz=(self.tz, str), trace=(self.trace, bool))
        require("KpiTable", segments=(self.segments, Mapping))
        zone(self.tz)  # refuses a name that no zone has
        wanted = [pair for kpi in self.kpis for pair in kpi.wanted]
        layout = laid_out(wanted, self.periods, self.as_of, self.tz, trace=self.trace)
        kept = [[operation for operation, _, _ in lane.slots] for lane in layout.lanes for _ in lane.all_places]
        for key, tallies in self.segments.items():
            is_sound = isinstance(key, tuple) and len(key) == len(self.by) and isinstance(tallies, tuple)
            if not is_sound or len(tallies) != len(kept) or not all(map(is_settled, tallies, kept)):
                rule = "must have the parts that its KPIs keep of rows; let `measure` or `from_plain` make it"
                raise InvalidValueError("KpiTable", [Fault("segments", rule, key)])
        object.__setattr__(self, "_layout", layout)
        object.__setattr__(self, "_kinds", kinds_of(layout, self.segments.values()))

    def keys(self) -> list[tuple[Any, ...]]:
        """The segments, in order: by value where all of them sort, what is missing last."""
        return sorted(self.segments, key=lambda key: tuple((part is None, *_sortable(part)) for part in key))

    def measurement(
        self, kpi: Kpi | str, *, segment: Mapping[str, object] | None = None, period: Period | None = None
    ) -> Measurement:
        """One KPI, for one segment or all together, in one period or over all.

        Args:
            kpi: the definition or its name.
            segment: the value of each part of `by`, e.g. {"owner_id": "ana"}; None: all segments together.
            period: one of `periods`; None: all of them together.

        Raises:
            InvalidValueError: no such KPI, segment or period.
        """
        found = {one.name: one for one in self.kpis}.get(kpi.name if isinstance(kpi, Kpi) else kpi)
        key = None if not segment else tuple(segment.get(name) for name in self.by)
        faults = []
        if found is None:
            faults.append(Fault("kpi", f"must be one of {', '.join(one.name for one in self.kpis)}", kpi))
        if segment and (set(segment) != set(self.by) or key not in self.segments):
            rule = f"must have {', '.join(self.by) or 'nothing'}, with values that occur"
            faults.append(Fault("segment", rule, segment))
        if period is not None and period not in self.periods:
            faults.append(Fault("period", "must be one of those that were measured", period))
        if faults or found is None:
            raise InvalidValueError("KpiTable.measurement", faults)
        return self._measured(found, key, None if period is None else self.periods.index(period))

    def _measured(self, kpi: Kpi, key: tuple[Hashable, ...] | None, number: int | None) -> Measurement:
        read = {pair for one in kpi.aggregates for pair in ((one.where, None), (one.where, one.value))}
        tallies = joined(list(self.segments.values()), self._layout, read) if key is None else self.segments[key]
        period = None if number is None else self.periods[number]
        if len(self.periods) == 1:
            number, period = 0, self.periods[0]
        if number is None and self.periods:
            tallies, number, period = self._over_periods(tallies, read), len(self.periods) - 1, self._whole_period()
        segment = {} if key is None else dict(zip(self.by, key, strict=True))
        told: dict[str, Any] = {"kinds": self._kinds, "currency": self.currency, "as_of": self.as_of}
        return measured(kpi, self._layout, tallies, number or 0, period=period, segment=segment, **told)

    def _over_periods(self, tallies: Sequence[Settled | None], read: Read) -> tuple[Settled | None, ...]:
        """The tallies with those of all periods in the place of the last."""
        result = list(tallies)
        for lane in self._layout.lanes:
            result[lane.places[-1]] = merged_tallies([tallies[place] for place in lane.places], lane.slots, read)
        return tuple(result)

    def _whole_period(self) -> Period | None:
        """The days from the first period to the last, where they have no gaps."""
        periods = self.periods
        if any(one.end_on != next_.start_on for one, next_ in pairwise(periods)):
            return None
        return Period.between(periods[0].start_on, periods[-1].end_on, tz=periods[0].tz)

    def measurements(self) -> Iterator[Measurement]:
        """Every measurement: segment by segment, period by period, KPI by KPI; without totals."""
        for key in self.keys():
            for number in range(len(self.periods)) or (None,):
                for kpi in self.kpis:
                    yield self._measured(kpi, key, number)

    def changes(
        self,
        kpi: Kpi | str,
        *,
        segment: Mapping[str, object] | None = None,
        allow_partial: bool = False,
        allow_unlike: bool = False,
    ) -> tuple[Change, ...]:
        """One KPI from each period to the next, for one segment or all together.

        Args:
            kpi: the definition or its name.
            segment: as for `measurement`.
            allow_partial: compare a period that still runs with the one before all the same.
            allow_unlike: compare periods of other lengths, such as a month and a quarter, all the same.

        Raises:
            UnlikeMeasurementsError: a period still runs, or is of another length than the one before.
        """
        found = [self.measurement(kpi, segment=segment, period=period) for period in self.periods]
        allowed = {"allow_partial": allow_partial, "allow_unlike": allow_unlike}
        return tuple(compare(one, other, **allowed) for one, other in pairwise(found))

    def rows(self) -> list[dict[str, Any]]:
        """The numbers as tidy rows: `pandas.DataFrame(table.rows())`.

        Each has the parts of its segment, `period` (its label), `kpi`, `value` (a float for fractions and ratios, a
        Decimal for money, None where undefined), `reason`, `unit`, `currency`, `numerator`, `denominator`, `n` and
        `partial`.
        """
        return [
            {
                **found.segment,
                "period": None if found.period is None else str(found.period),
                "kpi": found.name,
                "value": _plain(found.value),
                "reason": found.value.reason if isinstance(found.value, Undefined) else None,
                **{name: _plain(getattr(found, name)) for name in _TOLD},
            }
            for found in self.measurements()
        ]

    def table(self) -> Table:
        """The numbers as a table for people: a line for each segment and period, a column for each KPI, totals last."""
        over = len(self.periods) > 1
        numbers: list[int | None] = [*range(len(self.periods))] if over else [None]
        lines = []
        for key in self.keys():
            for number in numbers:
                labels = [*key, *([self._label(number)] if number is not None else [])]
                lines.append([*labels, *(_cell(self._measured(kpi, key, number)) for kpi in self.kpis)])
        totals = [self._total(kpi) for kpi in self.kpis]
        if self.by or over:
            labels = ["all", *[""] * (len(self.by) + over - 1)]
            lines.append([*labels, *("– currencies differ" if found is None else _cell(found) for found in totals)])
        columns = [*self.by, *(["period"] if over else []), *(kpi.name for kpi in self.kpis)]
        units = [*[""] * (len(self.by) + over), *(kpi.unit for kpi in self.kpis)]
        title = [] if over or not self.periods else [self._label(0)]
        title += [f"{each.name} {code}" for each in totals if each for code in each.warnings if code[:7] == "undated"]
        return Table(columns, lines, title="; ".join(title), units=units)

    def _total(self, kpi: Kpi) -> Measurement | None:
        """The total of all segments; None where it would add up currencies."""
        try:
            return self._measured(kpi, None, None)
        except CurrencyMismatchError:
            return None

    def _label(self, number: int) -> str:
        period = self.periods[number]
        return f"{period.label} (partial)" if period.is_partial(self.as_of) else period.label

    def merge(self, other: KpiTable) -> KpiTable:
        """This table and one of other rows, as if both had been measured in one pass.

        Raises:
            InvalidValueError: `other` has other KPIs, segments, periods or moments.
        """
        require("KpiTable.merge", other=(other, KpiTable))
        faults = [
            Fault(f"other.{name}", "must be the same in both", getattr(other, name))
            for name in ("kpis", "by", "periods", "as_of", "currency", "tz", "trace")
            if getattr(self, name) != getattr(other, name)
        ]
        if faults:
            raise InvalidValueError("KpiTable.merge", faults)
        segments = dict(self.segments)
        for key, tallies in other.segments.items():
            segments[key] = joined([segments[key], tallies], self._layout) if key in segments else tallies
        return evolve(self, segments=segments)

    def __str__(self) -> str:
        return str(self.table())

    def __repr__(self) -> str:
        return f"KpiTable({', '.join(kpi.name for kpi in self.kpis)}; {len(self.segments)} segments)"

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


_TOLD = ("unit", "currency", "numerator", "denominator", "n", "partial")


def _sortable(value: Any) -> tuple[str, Any]:
    """A key by which values of one type sort by value, and others by type and text."""
    return type(value).__name__, value if isinstance(value, str | int | Decimal) else str(value)


def _plain(value: Any) -> Any:
    """A value as DataFrames take it."""
    if isinstance(value, Fraction):
        return float(value)
    return value.amount if isinstance(value, Money) else None if isinstance(value, Undefined) else value


def _cell(found: Measurement) -> Any:
    if not isinstance(found.value, Undefined):
        return found.value
    return f"– {found.value.reason} ({found.n:,})" if found.n else None
