"""Kpi: the definition of a number as data, which is evaluated by calling it on rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from attrs import field, frozen

from revops_core.errors import Fault, InvalidValueError
from revops_core.kpis.filling import fill
from revops_core.kpis.formula import Aggregate, Formula, aggregates_of, divided, population_of
from revops_core.kpis.layout import By, Layout, laid_out
from revops_core.kpis.measuring import Part, kinds_of, measurement_of, part_of
from revops_core.kpis.tally import Settled, Tally
from revops_core.values.checks import Id, checked, require
from revops_core.values.condition import Symbol, as_argument
from revops_core.values.expression import Expression
from revops_core.values.measurement import Measurement
from revops_core.values.money import Money
from revops_core.values.period import Period

__all__ = ["STAGES", "Kpi", "measured", "measured_over", "named_rows", "readers_of"]

STAGES = ("lead_generation", "qualification", "sales", "onboarding", "adoption", "expansion", "renewal", "service")
"""The stages of the customer lifecycle, and service beside them, under which KPIs are catalogued."""


def _dates(dated: object) -> Any:
    """The date anchors as expressions; anything that is none is returned as it is, for the check to refuse."""
    if dated is None:
        return ()
    held = dated if isinstance(dated, tuple) else (dated,)
    return tuple(as_argument(date) if isinstance(date, Symbol) else date for date in held)


@checked()
@frozen(kw_only=True)
class Kpi:
    """The definition of one number: what it counts, by which date, in which unit, by whose authority.

    Calling it measures: `win_rate(opportunities, period=q1)`. Rows are any objects with these attributes, or mappings
    with these keys. Each reading of a term on which authorities disagree is a KPI of its own, whose name tells.

    Args:
        formula: an aggregate such as `count(won)`, or arithmetic between aggregates.
        name: the field's standard term, in snake case, with the reading where there are several.
        title: the name as a report prints it.
        dated: the date by which a row falls in a period, one for each population it reads; None: a stock, which is read
            at the end of a period, whatever the dates of the rows.
        unit: "fraction" (a share of a whole), "ratio", "count", "money", "duration", "points" or "score".
        direction: what a change means: "higher_is_better", "lower_is_better" or "neither".
        says: what it counts and where its edges are, in a sentence or two.
        stage: of the customer lifecycle, such as "sales", or another.
        source: who defines it so.
        family: the term whose readings it is one of; its own name where it is the only one.
        when_zero: the reason to give where the denominator is zero or less, such as "no_losses" or "target_met".

    >>> from revops_core.entities.opportunity import Opportunity
    >>> from revops_core.kpis.formula import count
    >>> from revops_core.values.condition import each, one_of
    >>> opportunity = each(Opportunity)
    >>> won_share = Kpi(name="won_share", dated=opportunity.closed_on,
    ...     formula=count(opportunity.outcome == "won") / count(one_of(opportunity.outcome, "won", "lost")))
    >>> print(won_share([{"outcome": "won"}, {"outcome": "lost"}, {"outcome": "won"}, {"outcome": "open"}]))
    won_share 66.7 % (2 of 3) [small_sample]
    """

    formula: Aggregate | Formula
    name: Id
    title: str = ""
    dated: tuple[Expression, ...] = field(converter=_dates)
    unit: Id = "fraction"
    direction: Literal["higher_is_better", "lower_is_better", "neither"] = "higher_is_better"
    says: str = ""
    stage: str = ""
    source: str = ""
    family: str = ""
    when_zero: str = "zero_denominator"

    def __repr__(self) -> str:
        return f"Kpi({self})"

    @property
    def aggregates(self) -> tuple[Aggregate, ...]:
        """The aggregates of its formula, each once, from left to right."""
        return tuple(dict.fromkeys(aggregates_of(self.formula)))

    @property
    def populations(self) -> tuple[str, ...]:
        """The names of the classes whose rows it reads, e.g. ("Spend", "Lead"); an empty one takes any rows."""
        return tuple(dict.fromkeys(aggregate.population for aggregate in self.aggregates))

    @property
    def formula_text(self) -> str:
        """The formula as a person reads it."""
        return str(self.formula)

    @property
    def wanted(self) -> list[tuple[Aggregate, Expression | None]]:
        """Its aggregates, each with the date by which it counts its rows; None for a stock."""
        dates = {population_of(date): date for date in self.dated}
        return [(each, dates.get(each.population, dates.get("")) if dates else None) for each in self.aggregates]

    def __call__(
        self,
        rows: Iterable[Any] | Mapping[str, Iterable[Any]],
        *,
        period: Period | None = None,
        as_of: datetime | None = None,
        currency: str | None = None,
        tz: str | None = None,
        trace: bool = False,
    ) -> Measurement:
        """Measure it over `rows`.

        Args:
            rows: objects or mappings; a mapping of class names to rows where it reads several populations.
            period: which rows count, by their date; None: all of them.
            as_of: the moment to look from: dates after it have not happened, and the period may be partial.
            currency: what amounts are in that are plain numbers.
            tz: the zone of civil days, where there is no period; UTC where not given.
            trace: keep the rows behind the number, for `Measurement.records()`.

        Raises:
            InvalidRowError: a row lacks a field or has a wrong value in one.
            CurrencyMismatchError: amounts of two currencies.
        """
        require("Kpi", period=(period, Period | None), as_of=(as_of, datetime | None), tz=(tz, str | None))
        over = () if period is None else (period,)
        return measured_over(self, rows, over, as_of=as_of, currency=currency, tz=tz, trace=trace)[0]

    def of(
        self, *totals: int | Decimal | Money | timedelta, period: Period | None = None, as_of: datetime | None = None
    ) -> Measurement:
        """Measure it from totals that somebody else counted: `win_rate.of(4238, 6711)`.

        Args:
            totals: one for each aggregate of the formula, from left to right; a mean takes its total and its count.
            period: what they were counted over.
            as_of: the moment they were counted from.

        Raises:
            InvalidValueError: another number of totals, a wrong kind, or more in a share than in its whole.
        """
        wanted = [name for aggregate in self.aggregates for name in _totals_of(aggregate)]
        kinds = {name: _COUNT if name.startswith("count") else _TOTAL for name in wanted}
        faults = [
            Fault(name, f"must be {kinds[name][1]}", given)
            for name, given in zip(wanted, totals, strict=False)
            if isinstance(given, bool) or not kinds[name][0](given)
        ]
        if len(totals) != len(wanted):
            faults.insert(0, Fault("totals", f"must be {len(wanted)}: {', '.join(wanted)}", totals))
        if faults:
            raise InvalidValueError(f"{self.name}.of", faults)
        parts, remaining = {}, iter(totals)
        for aggregate, given in zip(self.aggregates, remaining, strict=False):
            if aggregate.operation == "mean":
                known: Any = next(remaining)
                parts[aggregate] = Part(divided(given, known), known, total=given)
            else:
                parts[aggregate] = Part(given, given if isinstance(given, int) else 0)
        measurement = measurement_of(
            self.name, self.formula, self.unit, parts, period=period, as_of=as_of, when_zero=self.when_zero
        )
        part, whole = measurement.numerator, measurement.denominator
        if self.unit == "fraction" and isinstance(part, int) and isinstance(whole, int) and part > whole:
            raise InvalidValueError(f"{self.name}.of", [Fault(wanted[0], f"must be at most the whole, {whole}", part)])
        return measurement

    def __str__(self) -> str:
        return f"{self.name} = {self.formula}"


def measured_over(
    kpi: Kpi,
    rows: Iterable[Any] | Mapping[str, Iterable[Any]],
    periods: tuple[Period, ...],
    *,
    as_of: datetime | None = None,
    currency: str | None = None,
    tz: str | None = None,
    trace: bool = False,
) -> list[Measurement]:
    """One KPI over `rows` in each of some periods, from one pass; without periods once, over all rows."""
    zone_key = tz or (periods[0].tz if periods else "UTC")
    layout = laid_out(kpi.wanted, periods, as_of, zone_key, trace=trace)
    tallies: list[Tally | None] = [None] * layout.tally_count
    for name, held in named_rows(rows, [kpi]):
        fill(held, layout, {(): tallies}, population=name)
    told: dict[str, Any] = {"kinds": kinds_of(layout, [tallies]), "currency": currency, "as_of": as_of}
    over = enumerate(periods or (None,))
    return [measured(kpi, layout, tallies, number, period=period, **told) for number, period in over]


def measured(
    kpi: Kpi,
    layout: Layout,
    tallies: Sequence[Settled | Tally | None],
    number: int,
    *,
    kinds: Mapping[Expression, str],
    currency: str | None,
    **told: Any,
) -> Measurement:
    """What the tallies of one group of rows come to, in the period at position `number`."""
    numbers_in = currency if kpi.unit == "money" else None
    parts = {}
    for aggregate, dated in kpi.wanted:
        place, lane = layout.places[aggregate, dated, number]
        held = dict(zip(lane.slots, tallies[place] or lane.tally(), strict=True))
        without = None if lane.undated is None else tallies[lane.undated]
        undated = without[lane.slots.index(("count", aggregate.where, None))] if without else 0
        parts[aggregate] = part_of(aggregate, held, undated, kinds, numbers_in)
    return measurement_of(kpi.name, kpi.formula, kpi.unit, parts, currency=numbers_in, when_zero=kpi.when_zero, **told)


_COUNT = (lambda given: isinstance(given, int) and given >= 0, "an int of at least 0")
_TOTAL = (lambda given: isinstance(given, _KINDS), "an int, a Decimal, Money or a timedelta")
_KINDS = int | Decimal | Money | timedelta


def _totals_of(aggregate: Aggregate) -> list[str]:
    if aggregate.operation == "mean":
        return [f"total({aggregate.value})", f"count({aggregate.where})"]
    if aggregate.operation == "quantile":
        rule = "must be measured from rows: the quantiles of parts do not make that of the whole"
        raise InvalidValueError("of", [Fault("formula", rule, str(aggregate))])
    return [str(aggregate) if aggregate.operation != "distinct" else f"count of {aggregate}"]


def named_rows(rows: Any, kpis: Sequence[Kpi]) -> list[tuple[str | None, Iterable[Any]]]:
    """The rows with the name of the population they are of; None where KPIs of several read the same rows."""
    needed = list(dict.fromkeys(name for kpi in kpis for name in kpi.populations))
    if isinstance(rows, Mapping):
        if set(rows) != set(needed):
            rule = f"must be given for each of {', '.join(map(repr, needed))}, and for nothing else"
            raise InvalidValueError("measure", [Fault("rows", rule, tuple(rows))])
        return list(rows.items())
    for kpi in kpis:
        if len(kpi.populations) > 1:
            names = ", ".join(f"{name!r}: …" for name in kpi.populations)
            rule = f"must be a mapping such as {{{names}}} for {kpi.name}"
            raise InvalidValueError("measure", [Fault("rows", rule, type(rows).__name__)])
    if isinstance(rows, str) or not isinstance(rows, Iterable):
        raise InvalidValueError("measure", [Fault("rows", "must be rows: objects or mappings", rows)])
    return [(needed[0] if len(needed) == 1 else None, rows)]


def readers_of(by: Sequence[By | Mapping[str, By]], population: str | None) -> list[By]:
    """What makes the segments of the rows of one population."""
    readers: list[By] = []
    for part in by:
        reader = part.get(population or "") if isinstance(part, Mapping) else part
        if reader is None:
            rule = f"must tell the segment of {population or 'any row'} too, or be one field or function for all rows"
            raise InvalidValueError("measure", [Fault("by", rule, part)])
        readers.append(reader)
    return readers
