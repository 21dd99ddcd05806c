"""Scorecard: KPIs with targets, as a review reads them: the number, the one before, the target, whether it is met."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from attrs import field, frozen

from revops_core.errors import Fault, InvalidValueError
from revops_core.kpis.change import compare, unlike
from revops_core.kpis.kpi import Kpi
from revops_core.kpis.kpi_table import measure
from revops_core.values.checks import Id, as_tuple, require
from revops_core.values.frozen_map import EMPTY, frozen_map
from revops_core.values.measurement import Measurement, Undefined
from revops_core.values.money import Money
from revops_core.values.period import Period
from revops_core.values.show import show
from revops_core.values.table import Table

__all__ = ["STATUSES", "Scorecard", "ScorecardLine", "ScorecardResult"]

STATUSES = ("met", "at_risk", "missed", "undefined", "no_target")
"""What can be said of a KPI: "at_risk" where the target lies within the confidence interval, so that luck decides."""


Target = Decimal | Money | timedelta | int


@frozen(kw_only=True)
class ScorecardLine:
    """One KPI of a scorecard as it was measured.

    Args:
        measurement, before: in the period, and in the one before.
        target: what it was to reach: at least, or at most where lower is better; None: no target is set.

    >>> from revops_core.kpis.sales import deals_won
    >>> line = ScorecardLine(kpi=deals_won, measurement=deals_won.of(9), before=deals_won.of(7), target=8)
    >>> line.status, line.change
    ('met', 2)
    """

    kpi: Kpi
    measurement: Measurement
    before: Measurement
    target: Target | None = None

    @property
    def status(self) -> str:
        """One of `STATUSES`."""
        if not self.measurement.is_defined:
            return "undefined"
        if self.target is None:
            return "no_target"
        value: Any = self.measurement.value
        if _kind(value) is not _kind(self.target):
            rule = f"must be of the kind of {self.kpi.name}, which is {_kind(value).__name__}"
            raise InvalidValueError("Scorecard", [Fault("targets", rule, self.target)])
        interval = self.measurement.ci()
        if interval is not None and interval.low < self.target < interval.high:
            return "at_risk"
        reached = value <= self.target if self.kpi.direction == "lower_is_better" else value >= self.target
        return "met" if reached else "missed"

    @property
    def change(self) -> Any:
        """After less before; None where one of them is undefined, or where `compare` would refuse the two periods."""
        if unlike(self.before, self.measurement):
            return None
        difference = compare(self.before, self.measurement).difference
        return None if isinstance(difference, Undefined) else difference


@frozen(kw_only=True, repr=False)
class ScorecardResult:
    """A scorecard for one period; printed, a table.

    Args:
        lines: in the order of the scorecard.
        without_rows: the KPIs that were not measured, as their rows were not given; by name, with what they read.

    >>> from revops_core.kpis.sales import win_rate
    >>> card = Scorecard(name="weekly", kpis=[win_rate])
    >>> dict(card.measure({"Lead": []}, Period.quarter(2026, 2)).without_rows)
    {'win_rate': ('Opportunity',)}
    """

    name: str
    period: Period
    lines: tuple[ScorecardLine, ...]
    without_rows: Mapping[str, tuple[str, ...]]

    def table(self) -> Table:
        """A line for each KPI: the number, the one before, the target and the status."""
        cells = []
        for line in self.lines:
            values = (line.measurement.value, line.before.value, line.target)
            cells.append([line.kpi.title, *(_shown(value, line.kpi.unit) for value in values), line.status])
        cells += [[name, f"– needs {', '.join(needs)}", "", "", ""] for name, needs in self.without_rows.items()]
        columns = ["KPI", str(self.period), str(self.period.previous()), "target", "status"]
        return Table(columns, cells, title=self.name)

    def __str__(self) -> str:
        return str(self.table())

    def __repr__(self) -> str:
        return f"ScorecardResult({self.name}, {self.period})"

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


@frozen(kw_only=True)
class Scorecard:
    """KPIs that are reviewed together, with their targets.

    Args:
        name: what it is called.
        kpis: the definitions, in order.
        targets: by the name of a KPI, what it is to reach, in its unit: a Decimal for shares and ratios, `Money`, a
            timedelta, an int. At least that, or at most where lower is better.

    Raises:
        InvalidValueError: a target for a KPI that is not there, or of which neither more nor less is better.

    >>> from datetime import date
    >>> from revops_core.kpis.sales import bookings, win_rate
    >>> card = Scorecard(name="weekly", kpis=[win_rate, bookings], targets={"win_rate": Decimal("0.4")})
    >>> deals = [{"outcome": "won", "closed_on": date(2026, 4, 9), "amount": Money(900, "EUR")}]
    >>> [line.status for line in card.measure({"Opportunity": deals}, Period.quarter(2026, 2)).lines]
    ['at_risk', 'no_target']
    """

    name: Id
    kpis: tuple[Kpi, ...] = field(converter=as_tuple)
    targets: Mapping[str, Target] = field(default=EMPTY, converter=frozen_map)

    def __attrs_post_init__(self) -> None:
        require("Scorecard", name=(self.name, Id), kpis=(self.kpis, tuple[Kpi, ...]), targets=(self.targets, Mapping))
        directions = {kpi.name: kpi.direction for kpi in self.kpis}
        faults = []
        for name, target in self.targets.items():
            if directions.get(name, "neither") == "neither":
                names = ", ".join(name for name, direction in directions.items() if direction != "neither")
                faults.append(Fault("targets", f"must be for one of {names}", name))
            elif isinstance(target, bool) or not isinstance(target, Target):
                faults.append(Fault(f"targets.{name}", "must be a Decimal, Money, a timedelta or an int", target))
        if faults:
            raise InvalidValueError("Scorecard", faults)

    def with_targets(self, targets: Mapping[str, Target]) -> Scorecard:
        """The same KPIs, with these targets beside those it has."""
        return Scorecard(name=self.name, kpis=self.kpis, targets={**self.targets, **targets})

    def measure(
        self,
        rows: Mapping[str, Iterable[Any]],
        period: Period,
        *,
        as_of: datetime | None = None,
        currency: str | None = None,
    ) -> ScorecardResult:
        """Measure every KPI in the period and in the one before.

        Args:
            rows: by the name of their class, such as {"Opportunity": …, "Lead": …}; a KPI whose rows are not there is
                named in the result and not measured.
            period: what to measure.
            as_of: the moment to look from.
            currency: what amounts are in that are plain numbers.
        """
        require("Scorecard.measure", rows=(rows, Mapping), period=(period, Period), as_of=(as_of, datetime | None))
        held = {name: as_tuple(each) for name, each in rows.items()}
        together: dict[tuple[str, ...], list[Kpi]] = {}
        for kpi in self.kpis:
            together.setdefault(kpi.populations, []).append(kpi)
        found: dict[str, ScorecardLine] = {}
        for names, kpis in together.items():
            if set(names) <= set(held):
                chosen: Any = held[names[0]] if len(names) == 1 else {name: held[name] for name in names}
                table = measure(chosen, kpis, over=(period.previous(), period), as_of=as_of, currency=currency)
                for kpi in kpis:
                    before, now = (table.measurement(kpi, period=each) for each in table.periods)
                    target = self.targets.get(kpi.name)
                    found[kpi.name] = ScorecardLine(kpi=kpi, measurement=now, before=before, target=target)
        lines = tuple(found[kpi.name] for kpi in self.kpis if kpi.name in found)
        without_rows = {kpi.name: kpi.populations for kpi in self.kpis if kpi.name not in found}
        return ScorecardResult(name=self.name, period=period, lines=lines, without_rows=without_rows)


def _kind(value: object) -> type:
    """What a value can be compared with: money, a time, or any number."""
    return Money if isinstance(value, Money) else timedelta if isinstance(value, timedelta) else Decimal


def _shown(value: Any, unit: str) -> str:
    return f"– {value.reason}" if isinstance(value, Undefined) else show(value, unit)
