"""Explain: why a number moved between two periods, by segment; the parts sum exactly to the change.

A share moves because segments perform otherwise (rate), because their weights shift (mix), because a segment is new,
and because both happen at once (residual). Weights and rates are those of the base period; mix is told against the
whole of the base period, so that growing where one is better than the whole is good.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from attrs import field, frozen

from revops_core.errors import Fault, InvalidValueError, UndefinedValueError
from revops_core.kpis.change import compare
from revops_core.kpis.formula import Aggregate, Formula
from revops_core.kpis.kpi import Kpi
from revops_core.kpis.kpi_table import measure
from revops_core.kpis.layout import By
from revops_core.values.checks import require
from revops_core.values.frozen_map import frozen_map
from revops_core.values.measurement import Measurement, Undefined
from revops_core.values.period import Period
from revops_core.values.table import Table

__all__ = ["Contribution", "Explanation", "explain"]

_DAY = timedelta(days=1) // timedelta(microseconds=1)
_NONE = Fraction(0)


@frozen(kw_only=True)
class Contribution:
    """What one segment adds to a change, in the unit of the KPI: a share, major units of money, days, or a count.

    Args:
        segment: the group, by name.
        mix: its weight changed, times how far it was from the whole.
        rate: it performs otherwise, at its old weight; of a count or a sum, its change.
        new: it was not there before.
        residual: what mix and rate do together.

    >>> Contribution(segment={"region": "north"}, rate=Fraction(1, 10)).total
    Fraction(1, 10)
    """

    segment: Mapping[str, object] = field(converter=frozen_map)
    mix: Fraction = _NONE
    rate: Fraction = _NONE
    new: Fraction = _NONE
    residual: Fraction = _NONE

    @property
    def total(self) -> Fraction:
        """All of it."""
        return self.mix + self.rate + self.new + self.residual


@frozen(kw_only=True, repr=False)
class Explanation:
    """Why a KPI moved: what each segment adds; printed, a table with the sums below.

    Args:
        before, after: the two measurements.
        contributions: one for each segment; their totals sum exactly to the change.

    >>> from revops_core.kpis.sales import deals_won
    >>> quarters = Period.year(2026).quarters()
    >>> from datetime import date
    >>> deals = [{"outcome": "won", "closed_on": date(2026, month, 9), "owner_id": "ana"} for month in (1, 4, 5)]
    >>> explain(deals_won, deals, before=quarters[0], after=quarters[1], by="owner_id").change
    Fraction(1, 1)
    """

    before: Measurement
    after: Measurement
    contributions: tuple[Contribution, ...]

    @property
    def change(self) -> Fraction:
        """After less before, exactly, in the unit of the KPI."""
        return _size(self.after.value) - _size(self.before.value)

    def part(self, name: str) -> Fraction:
        """The sum of "mix", "rate", "new" or "residual" over all segments."""
        return sum((getattr(each, name) for each in self.contributions), _NONE)

    def table(self) -> Table:
        """The parts of each segment, the largest first, and their sums."""
        parts = ("mix", "rate", "new", "residual", "total")
        names = list(self.contributions[0].segment) if self.contributions else []
        largest = sorted(self.contributions, key=lambda each: -abs(each.total))
        lines = [[*each.segment.values(), *(getattr(each, part) for part in parts)] for each in largest]
        lines.append([*(["all", *names[1:]] if names else []), *(self.part(part) for part in parts)])
        title = f"{self.before.name}: {self.before.period} to {self.after.period}"
        unit = self.before.unit if self.before.unit == "fraction" else "ratio"
        return Table([*names, *parts], lines, title=title, units=[*[""] * len(names), *[unit] * len(parts)])

    def __str__(self) -> str:
        return str(self.table())

    def __repr__(self) -> str:
        return f"Explanation({self.before.name}, {len(self.contributions)} segments)"

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


def explain(
    kpi: Kpi,
    rows: Iterable[Any] | Mapping[str, Iterable[Any]],
    *,
    before: Period,
    after: Period,
    by: By | Iterable[By] | Mapping[str, By],
    as_of: datetime | None = None,
    currency: str | None = None,
    allow_partial: bool = False,
    allow_unlike: bool = False,
) -> Explanation:
    """Why a KPI is not what it was: mix, rate, new segments and a residual, that sum exactly to the change.

    Args:
        kpi: a count, a sum, a mean or a quotient of such; medians and distinct counts do not add up over segments.
        rows: as `measure` takes them.
        before: the base period.
        after: the period to explain.
        by: what makes a segment.
        as_of: the moment to look from.
        currency: what amounts are in that are plain numbers.
        allow_partial: explain a period that still runs beside a whole one all the same.
        allow_unlike: explain a period beside one of another length, such as a month beside a quarter, all the same.

    Raises:
        InvalidValueError: a KPI whose parts do not add up.
        UnlikeMeasurementsError: the periods do not compare, as for `compare`.
        UndefinedValueError: there is no number in one of the periods.

    >>> from revops_core.kpis.sales import win_rate
    >>> from datetime import date
    >>> deals = [{"owner_id": owner, "outcome": outcome, "closed_on": date(2026, month, 9)} for owner, outcome, month in
    ...     [("ana", "won", 1), ("ana", "lost", 1), ("ben", "won", 1), ("ben", "lost", 1),
    ...     ("ana", "won", 2), ("ana", "won", 2), ("ben", "won", 2), ("ben", "lost", 2)]]
    >>> january, february = Period.quarter(2026, 1).months()[:2]
    >>> found = explain(win_rate, deals, before=january, after=february, by="owner_id")
    >>> found.change, found.part("rate"), found.part("mix")
    (Fraction(1, 4), Fraction(1, 4), Fraction(0, 1))
    """
    require("explain", kpi=(kpi, Kpi), before=(before, Period), after=(after, Period))
    if not all(_adds_up(side) for side in _sides(kpi.formula)):
        rule = "must be a count, a sum, a mean, or a quotient of such, as others do not add up over segments"
        raise InvalidValueError("explain", [Fault("kpi", rule, kpi.formula_text)])
    ordered = sorted((before, after), key=lambda each: each.start_on)
    table = measure(rows, [kpi], by=by, over=ordered, as_of=as_of, currency=currency)
    whole = [table.measurement(kpi, period=period) for period in (before, after)]
    compare(*whole, allow_partial=allow_partial, allow_unlike=allow_unlike)  # refuses periods that do not compare
    for found in whole:
        if isinstance(found.value, Undefined):
            raise UndefinedValueError(kpi.name, found.value.reason)
    of_whole = [_parts(found, kpi.formula) for found in whole]
    contributions = []
    for key in table.keys():  # noqa: SIM118
        segment = dict(zip(table.by, key, strict=True))
        sides = [table.measurement(kpi, segment=segment, period=period) for period in (before, after)]
        contributions.append(_contribution(segment, *(_parts(side, kpi.formula) for side in sides), *of_whole))
    return Explanation(before=whole[0], after=whole[1], contributions=tuple(contributions))


_Parts = tuple[Fraction, Fraction | None]


def _contribution(
    segment: dict[str, object], old: _Parts, new: _Parts, whole: _Parts, whole_new: _Parts
) -> Contribution:
    """What a segment with these parts before and after adds to the change of the whole."""
    (old_above, old_below), (new_above, new_below) = old, new
    if old_below is None or new_below is None or whole[1] is None or whole_new[1] is None:
        return Contribution(segment=segment, rate=new_above - old_above)
    base, old_weight, new_weight = whole[0] / whole[1], old_below / whole[1], new_below / whole_new[1]
    total = new_above / whole_new[1] - old_above / whole[1] - (new_weight - old_weight) * base
    if old_below and new_below:
        rate = old_weight * (new_above / new_below - old_above / old_below)
        mix = (new_weight - old_weight) * (old_above / old_below - base)
        return Contribution(segment=segment, mix=mix, rate=rate, residual=total - mix - rate)
    return Contribution(segment=segment, **{"mix" if old_above or old_below else "new": total})


def _sides(formula: Aggregate | Formula) -> tuple[Any, ...]:
    if isinstance(formula, Formula) and formula.operation == "over":
        return formula.arguments
    return () if isinstance(formula, Aggregate) and formula.operation == "mean" else (formula,)


def _adds_up(node: Any) -> bool:
    """Whether the value of a formula is the sum of its values over segments."""
    if isinstance(node, Aggregate):
        return node.operation in {"count", "total"}
    if not isinstance(node, Formula) or node.operation == "over":
        return False
    if node.operation == "times":
        sides = [side for side in node.arguments if isinstance(side, Aggregate | Formula)]
        return len(sides) == 1 and _adds_up(sides[0])
    return all(_adds_up(side) for side in node.arguments)


def _parts(found: Measurement, formula: Aggregate | Formula) -> _Parts:
    """What is divided by what; of a count or a sum, the value and None."""
    is_quotient = len(_sides(formula)) != 1
    return (_size(found.numerator), _size(found.denominator)) if is_quotient else (_size(found.value), None)


def _size(value: Any) -> Fraction:
    """A value as an exact number: major units of money, days of a duration; nothing is 0."""
    if isinstance(value, timedelta):
        return Fraction(value // timedelta(microseconds=1), _DAY)
    return Fraction(0) if value is None or isinstance(value, Undefined) else Fraction(getattr(value, "amount", value))
