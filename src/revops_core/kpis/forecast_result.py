"""ForecastResult: a forecast beside what came in, one row for each, as KPIs of its accuracy read it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any

from attrs import frozen

from revops_core.entities.facts import ForecastSnapshot
from revops_core.entities.opportunity import Outcome
from revops_core.values.checks import Id, checked, require, short_repr
from revops_core.values.money import Money
from revops_core.values.period import Period

__all__ = ["ForecastResult", "forecast_results"]

_PLACES = Decimal("1e-12")
_DIGITS = Context(prec=34, rounding=ROUND_HALF_EVEN)


@checked()
@frozen(kw_only=True)
class ForecastResult:
    """One forecast and the actual amount of its days.

    Args:
        starts_on, ends_on: the days that were forecast, half-open.
        taken_at: when; accuracies are comparable where this is equally early.
        days_before_end: how early that was, to group by.
        forecast, actual: the two amounts, of one currency.

    >>> row = ForecastResult(starts_on=date(2026, 1, 1), ends_on=date(2026, 4, 1), forecast=Money(90, "EUR"),
    ...                      actual=Money(100, "EUR"))
    >>> row.error, row.absolute_error, row.percentage_error
    (Money('-10', 'EUR'), Money('10', 'EUR'), Decimal('0.100000000000'))
    """

    starts_on: date
    ends_on: date
    forecast: Money
    actual: Money
    taken_at: datetime | None = None
    days_before_end: int | None = None
    owner_id: Id | None = None
    category: str | None = None

    __repr__ = short_repr

    @property
    def error(self) -> Money:
        """Forecast less actual: above zero where too much was forecast."""
        return self.forecast - self.actual

    @property
    def absolute_error(self) -> Money:
        """How far the forecast was off, in either direction."""
        return abs(self.error)

    @property
    def percentage_error(self) -> Decimal | None:
        """How far it was off as a share of the actual amount, to 12 places; None where nothing came in."""
        if not self.actual.amount:
            return None
        share = _DIGITS.divide(self.absolute_error.amount, abs(self.actual.amount))
        return share.quantize(_PLACES, context=_DIGITS)


def forecast_results(
    snapshots: Iterable[ForecastSnapshot],
    opportunities: Iterable[Any],
    *,
    owner_of: Callable[[Any], str | None] | None = None,
    tz: str = "UTC",
) -> list[ForecastResult]:
    """One row for each snapshot: beside it what was won in its days, by its owner or by everybody.

    Measure periods that are over; what is won later would otherwise count as missing.

    Args:
        snapshots: forecasts, taken equally early where they are to be compared.
        opportunities: records with the attributes of an `Opportunity`.
        owner_of: whose forecast an opportunity counts towards; None: its `owner_id`.
        tz: the zone of the days.

    Raises:
        CurrencyMismatchError: an opportunity won in the days of a forecast of another currency.

    >>> from datetime import UTC
    >>> from revops_core.entities.opportunity import Opportunity
    >>> snapshot = ForecastSnapshot(amount=Money(90, "EUR"), starts_on=date(2026, 1, 1), ends_on=date(2026, 4, 1),
    ...                             at=datetime(2026, 2, 1, tzinfo=UTC))
    >>> won = Opportunity(id="o1", outcome="won", closed_on=date(2026, 3, 1), amount=Money(100, "EUR"))
    >>> forecast_results([snapshot], [won])[0].actual
    Money('100', 'EUR')
    """
    require("forecast_results", tz=(tz, str))
    won = [each for each in opportunities if each.outcome == Outcome.WON and each.closed and each.amount is not None]
    rows = []
    for snapshot in snapshots:
        period = Period.between(snapshot.starts_on, snapshot.ends_on, tz=tz)
        amounts = [
            sale.amount
            for sale in won
            if period.contains(sale.closed)
            and snapshot.owner_id in (None, sale.owner_id if owner_of is None else owner_of(sale))
        ]
        rows.append(
            ForecastResult(
                starts_on=snapshot.starts_on,
                ends_on=snapshot.ends_on,
                forecast=snapshot.amount,
                actual=Money.total(amounts, snapshot.amount.currency),
                taken_at=snapshot.at,
                days_before_end=(snapshot.ends_on - snapshot.at.astimezone(period.start.tzinfo).date()).days,
                owner_id=snapshot.owner_id,
                category=snapshot.category,
            )
        )
    return rows
