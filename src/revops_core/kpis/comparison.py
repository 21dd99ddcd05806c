"""Comparison: a KPI in a period beside the period before, one row for each, as KPIs of growth read them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from typing import Any

from attrs import frozen

from revops_core.kpis.kpi import Kpi
from revops_core.kpis.kpi_table import measure
from revops_core.values.checks import Id, checked, require, short_repr
from revops_core.values.measurement import Undefined
from revops_core.values.money import Money
from revops_core.values.period import Period

__all__ = ["Comparison", "beside_previous"]

_PLACES = 12
_DIGITS = Context(prec=34, rounding=ROUND_HALF_EVEN)


@checked()
@frozen(kw_only=True)
class Comparison:
    """One KPI in one period and in the one before; None where it was undefined.

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
    if period.is_partial(as_of) and not allow_partial:
        return []
    table = measure(rows, [kpi], over=(period.previous(), period), as_of=as_of)
    before, after = (table.measurement(kpi, period=each).value for each in table.periods)
    return [Comparison(kpi=kpi.name, starts_on=period.start_on, before=_kept(before), after=_kept(after))]


def _kept(value: Any) -> Any:
    """A value as rows hold it, which must add up exactly: quotients to 12 places."""
    if isinstance(value, Undefined):
        return None
    if isinstance(value, Money):
        return value if value.amount == value.rounded().amount else value.rounded(_PLACES)
    if isinstance(value, Fraction):
        quotient = _DIGITS.divide(Decimal(value.numerator), Decimal(value.denominator))
        return quotient.quantize(Decimal(1).scaleb(-_PLACES), context=_DIGITS)
    return value
