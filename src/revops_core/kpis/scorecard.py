"""Scorecard: KPIs with targets, as a review reads them: the number, the one before, the target, whether it is met."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from attrs import field, frozen

from revops_core.errors import Fault, InvalidValueError
from revops_core.kpis.kpi import Kpi
from revops_core.kpis.kpi_table import measure
from revops_core.values.checks import Id, as_tuple, checked, require
from revops_core.values.measurement import Measurement, Undefined
from revops_core.values.money import Money
from revops_core.values.period import Period
from revops_core.values.show import show
from revops_core.values.table import Table

__all__ = ["STATUSES", "Goal", "Scorecard", "ScorecardLine", "ScorecardResult"]

STATUSES = ("met", "at_risk", "missed", "undefined", "no_target")
"""What can be said of a KPI: "at_risk" where the target lies within the confidence interval, so that luck decides."""


def _goals(goals: object) -> Any:
    """KPIs without a target become goals without one; anything else is left for the check."""
    if isinstance(goals, str | Mapping) or not isinstance(goals, Iterable):
        return goals
    return tuple(Goal(kpi=goal) if isinstance(goal, Kpi) else goal for goal in goals)


@frozen(kw_only=True)
class Goal:
    """One KPI and what it is to reach: at least the target, or at most where lower is better.

    Args:
        target: in the unit of the KPI: a Decimal for shares and ratios, `Money`, a timedelta, an int; None: not set.

    Raises:
        InvalidValueError: a target for a KPI of which neither more nor less is better.

    >>> from revops_core.kpis.sales import win_rate
    >>> Goal(kpi=win_rate, target=Decimal("0.3")).target
    Decimal('0.3')
    """

    kpi: Kpi
    target: Decimal | Money | timedelta | int | None = None

    def __attrs_post_init__(self) -> None:
        require("Goal", kpi=(self.kpi, Kpi), target=(self.target, Decimal | Money | timedelta | int | None))
        if self.target is not None and self.kpi.direction == "neither":
            rule = f"must be None: neither more nor less of {self.kpi.name} is better"
            raise InvalidValueError("Goal", [Fault("target", rule, self.target)])

    def status(self, found: Measurement) -> str:
        """One of `STATUSES`.

        Raises:
            InvalidValueError: the target is of another kind than the value, such as a number for money.
        """
        if not found.is_defined:
            return "undefined"
        if self.target is None:
            return "no_target"
        value: Any = found.value
        if _kind(value) is not _kind(self.target):
            rule = f"must be of the kind of {self.kpi.name}, which is {_kind(value).__name__}"
            raise InvalidValueError("Goal", [Fault("target", rule, self.target)])
        interval = found.ci()
        if interval is not None and interval.low < self.target < interval.high:
            return "at_risk"
        reached = value <= self.target if self.kpi.direction == "lower_is_better" else value >= self.target
        return "met" if reached else "missed"


@frozen(kw_only=True)
class ScorecardLine:
    """One KPI of a scorecard as it was measured.

    Args:
        measurement, before: in the period, and in the one before.
        status: one of `STATUSES`.

    >>> from revops_core.kpis.sales import deals_won
    >>> now, before = deals_won.of(9), deals_won.of(7)
    >>> ScorecardLine(goal=Goal(kpi=deals_won), measurement=now, before=before, status="met").change
    2
    """

    goal: Goal
    measurement: Measurement
    before: Measurement
    status: str

    @property
    def change(self) -> Any:
        """After less before; None where one of them is undefined, or where one period is over and the other is not."""
        values: list[Any] = [self.measurement.value, self.before.value]
        if any(isinstance(value, Undefined) for value in values) or self.measurement.partial != self.before.partial:
            return None
        return values[0] - values[1]


@frozen(kw_only=True, repr=False)
class ScorecardResult:
    """A scorecard for one period; printed, a table.

    Args:
        lines: in the order of the scorecard.
        without_rows: the KPIs that were not measured, as their rows were not given; by name, with what they read.
    """

    name: str
    period: Period
    lines: tuple[ScorecardLine, ...]
    without_rows: Mapping[str, tuple[str, ...]]

    def table(self) -> Table:
        """A line for each KPI: the number, the one before, the change, the target and the status."""
        cells = [
            [
                line.goal.kpi.title,
                _shown(line.measurement.value, line.goal.kpi.unit),
                _shown(line.before.value, line.goal.kpi.unit),
                "" if line.goal.target is None else show(line.goal.target, line.goal.kpi.unit),
                line.status,
            ]
            for line in self.lines
        ]
        cells += [[name, f"– needs {', '.join(needs)}", "", "", ""] for name, needs in self.without_rows.items()]
        columns = ["KPI", str(self.period), str(self.period.previous()), "target", "status"]
        return Table(columns, cells, title=self.name)

    def __str__(self) -> str:
        return str(self.table())

    def __repr__(self) -> str:
        return f"ScorecardResult({self.name}, {self.period})"

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


@checked()
@frozen(kw_only=True)
class Scorecard:
    """KPIs that are reviewed together, each with its target.

    Args:
        goals: `Goal` values, or KPIs for those without a target.

    >>> from datetime import date
    >>> from revops_core.kpis.sales import bookings, win_rate
    >>> card = Scorecard(name="weekly", goals=[Goal(kpi=win_rate, target=Decimal("0.4")), bookings])
    >>> deals = [{"outcome": "won", "closed_on": date(2026, 4, 9), "amount": Money(900, "EUR")}]
    >>> [line.status for line in card.measure({"Opportunity": deals}, Period.quarter(2026, 2)).lines]
    ['at_risk', 'no_target']
    """

    name: Id
    goals: tuple[Goal, ...] = field(converter=_goals)

    @property
    def kpis(self) -> tuple[Kpi, ...]:
        """The definitions, in order."""
        return tuple(goal.kpi for goal in self.goals)

    def with_targets(self, targets: Mapping[str, Decimal | Money | timedelta | int]) -> Scorecard:
        """The same KPIs, with a target for each that is named.

        Raises:
            InvalidValueError: a name that is not on the scorecard.
        """
        unknown = sorted(set(targets) - {kpi.name for kpi in self.kpis})
        if unknown:
            rule = f"must be on the scorecard: {', '.join(kpi.name for kpi in self.kpis)}"
            raise InvalidValueError("Scorecard.with_targets", [Fault("targets", rule, unknown)])
        goals = [Goal(kpi=goal.kpi, target=targets.get(goal.kpi.name, goal.target)) for goal in self.goals]
        return Scorecard(name=self.name, goals=goals)

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
        found: dict[str, tuple[Measurement, Measurement]] = {}
        for names, kpis in together.items():
            if set(names) <= set(held):
                chosen: Any = held[names[0]] if len(names) == 1 else {name: held[name] for name in names}
                table = measure(chosen, kpis, over=(period.previous(), period), as_of=as_of, currency=currency)
                for kpi in kpis:
                    before, now = (table.measurement(kpi, period=each) for each in table.periods)
                    found[kpi.name] = (before, now)
        return ScorecardResult(
            name=self.name,
            period=period,
            lines=tuple(self._lines(found)),
            without_rows={kpi.name: kpi.populations for kpi in self.kpis if kpi.name not in found},
        )

    def _lines(self, found: Mapping[str, tuple[Measurement, Measurement]]) -> Iterator[ScorecardLine]:
        for goal in self.goals:
            if goal.kpi.name in found:
                before, now = found[goal.kpi.name]
                yield ScorecardLine(goal=goal, measurement=now, before=before, status=goal.status(now))


def _kind(value: object) -> type:
    """What a value can be compared with: money, a time, or any number."""
    return Money if isinstance(value, Money) else timedelta if isinstance(value, timedelta) else Decimal


def _shown(value: Any, unit: str) -> str:
    return f"– {value.reason}" if isinstance(value, Undefined) else show(value, unit)
