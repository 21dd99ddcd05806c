"""Change: what became of a number from one measurement to the next, as a value and as a row.

`compare` answers with a `Change`: two whole measurements, the difference and its share of the base, for a person to
read. `beside_previous` answers with a `Comparison`: two bare values of one KPI, in a period and in the one before, as a
row that KPIs of growth add up. `unlike` is the one rule of what does not compare; all that hold periods against each
other ask it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, cast

from attrs import frozen

from revops_core.errors import Fault, InvalidValueError, UnlikeMeasurementsError
from revops_core.kpis.formula import Value, divided, subtracted, to_decimal
from revops_core.kpis.kpi import Kpi, measured_over
from revops_core.values.checks import Id, checked, require, short_repr
from revops_core.values.measurement import Measurement, Undefined
from revops_core.values.money import Money
from revops_core.values.period import Period
from revops_core.values.show import show

__all__ = ["Change", "Comparison", "beside_previous", "compare", "unlike"]

_PLACES = 12


@frozen(kw_only=True)
class Change:
    """What became of a number.

    Args:
        before, after: the two measurements.
        difference: after less before, in the unit of the KPI; `Undefined` where one of them is.
        relative: the difference over what it was before; `Undefined` where that is zero or negative.

    >>> from revops_core.kpis.sales import deals_won
    >>> compare(deals_won.of(8), deals_won.of(10)).difference
    2
    """

    before: Measurement
    after: Measurement
    difference: Value
    relative: Fraction | Undefined

    def __str__(self) -> str:
        before, after = (show(found.value, found.unit) for found in (self.before, self.after))
        sides = f"{self.before.name} {before} to {after}"
        return sides if isinstance(self.relative, Undefined) else f"{sides} ({show(self.relative, 'fraction')})"


def unlike(before: Measurement, after: Measurement) -> tuple[str, ...]:
    """In which fields two measurements differ so that they do not compare; empty where they do.

    "name" and "unit"; "currency", where both have one; "period", where one is longer than the other by more than a
    tenth of it, so that a month is held against any other month and not against a quarter; "partial", where one period
    still runs and the other is over, or both run and are two. Where no `as_of` tells, a period counts as over.
    """
    found = [name for name in ("name", "unit") if getattr(before, name) != getattr(after, name)]
    if before.currency and after.currency and before.currency != after.currency:
        found.append("currency")
    if before.period is not None and after.period is not None:
        shorter, longer = sorted(map(_length, (before.period, after.period)))
        if longer - shorter > longer / 10:
            found.append("period")
    if bool(before.partial) != bool(after.partial) or (before.partial and before.period != after.period):
        found.append("partial")
    return tuple(found)


def _length(period: Any) -> timedelta:
    return timedelta(days=period.day_count) if isinstance(period, Period) else period.duration


def compare(
    before: Measurement, after: Measurement, *, allow_partial: bool = False, allow_unlike: bool = False
) -> Change:
    """By how much one measurement differs from another: of the same KPI, over periods alike, that are over or are one.

    Months of 28 and 31 days are alike; a month and a quarter are not.

    Args:
        before: the base.
        after: what is compared with it: another period, another segment, another plan.
        allow_partial: compare a period that still runs with another all the same.
        allow_unlike: compare KPIs of other names or units, or periods of other lengths, all the same.

    Raises:
        UnlikeMeasurementsError: they are of two KPIs, of two currencies, over unlike periods, or over two of which one
            still runs.
        InvalidValueError: unlike ones whose values cannot be subtracted, such as a time from money.

    >>> from revops_core.kpis.sales import deals_won, win_rate
    >>> change = compare(win_rate.of(5, 10), win_rate.of(6, 10))
    >>> change.difference, change.relative
    (Fraction(1, 10), Fraction(1, 5))
    >>> print(change)
    win_rate 50.0 % to 60.0 % (20.0 %)
    >>> compare(deals_won.of(0), deals_won.of(3)).relative
    Undefined(reason='zero_denominator')
    """
    require("compare", before=(before, Measurement), after=(after, Measurement))
    allowed = {*(["partial"] if allow_partial else []), *(["name", "unit", "period"] if allow_unlike else [])}
    refused = [name for name in unlike(before, after) if name not in allowed]
    if refused:
        raise UnlikeMeasurementsError(before, after, refused)
    undefined = next((each.value for each in (before, after) if isinstance(each.value, Undefined)), None)
    if undefined is not None:
        return Change(before=before, after=after, difference=undefined, relative=undefined)
    try:
        difference: Any = subtracted(after.value, before.value)
    except TypeError:
        rule = f"must be of the kind of {before.name}, to be subtracted"
        raise InvalidValueError("compare", [Fault("after", rule, after.value)]) from None
    relative = cast("Fraction | Undefined", divided(difference, before.value))
    return Change(before=before, after=after, difference=difference, relative=relative)


@checked()
@frozen(kw_only=True)
class Comparison:
    """A row for KPIs of growth: one KPI in one period and in the one before; None where it was undefined.

    Args:
        kpi: its name.
        starts_on: the first day of the period.

    >>> Comparison(kpi="bookings", starts_on=date(2026, 4, 1), before=Money(100, "EUR"), after=Money(120, "EUR")).kpi
    'bookings'
    """

    kpi: Id
    starts_on: date
    before: Money | timedelta | Decimal | int | None = None
    after: Money | timedelta | Decimal | int | None = None

    __repr__ = short_repr


def beside_previous(
    kpi: Kpi,
    rows: Iterable[Any] | Mapping[str, Iterable[Any]],
    period: Period,
    *,
    as_of: datetime | None = None,
    allow_partial: bool = False,
) -> list[Comparison]:
    """One row: the KPI in the period and in the one before it. Put the rows of several periods together to see a trend.

    A period that still runs is not held against a whole one: there is no row, unless that is asked for.

    Args:
        kpi: a count, an amount or a time; the growth of a share is better told in points.
        rows: as `measure` takes them.
        period: the later one.
        as_of: the moment to look from.
        allow_partial: compare a period that still runs all the same.

    >>> from revops_core.kpis.sales import deals_won
    >>> deals = [{"outcome": "won", "closed_on": date(2026, month, 9)} for month in (1, 4, 5)]
    >>> [(row.before, row.after) for row in beside_previous(deals_won, deals, Period.quarter(2026, 2))]
    [(1, 2)]
    """
    require("beside_previous", kpi=(kpi, Kpi), period=(period, Period), as_of=(as_of, datetime | None))
    before, after = measured_over(kpi, rows, (period.previous(), period), as_of=as_of)
    if "partial" in unlike(before, after) and not allow_partial:
        return []
    return [Comparison(kpi=kpi.name, starts_on=period.start_on, before=_kept(before.value), after=_kept(after.value))]


def _kept(value: Any) -> Any:
    """A value as rows hold it, which must add up exactly: quotients to 12 places."""
    if isinstance(value, Undefined):
        return None
    if isinstance(value, Money):
        return value if value.amount == value.rounded().amount else value.rounded(_PLACES)
    return to_decimal(value, _PLACES) if isinstance(value, Fraction) else value
