"""Forecasts: what will come in, told in four ways; how forecasts turned out, one row for each; how right they were."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal
from functools import partial
from typing import Any

from attrs import frozen

from revops_core.entities.facts import ForecastSnapshot
from revops_core.entities.opportunity import ForecastCategory, Outcome
from revops_core.kpis.formula import mean, total
from revops_core.kpis.kpi import Kpi
from revops_core.kpis.opportunity_in_period import OpportunityInPeriod
from revops_core.values.checks import Id, checked, require, short_repr
from revops_core.values.condition import each, given, one_of
from revops_core.values.duration import moment_of
from revops_core.values.expression import all_of, any_of
from revops_core.values.money import Money
from revops_core.values.period import Period

__all__ = [
    "ForecastResult", "forecast_accuracy", "forecast_best_case", "forecast_bias", "forecast_by_history",
    "forecast_commit", "forecast_in_category", "forecast_mape", "forecast_results", "forecast_wape",
    "forecast_weighted",
]  # fmt: skip

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
    won = [
        (closed, sale)
        for sale in opportunities
        if sale.outcome == Outcome.WON and sale.amount is not None and (closed := moment_of(sale, "closed")) is not None
    ]
    rows = []
    for snapshot in snapshots:
        period = Period.between(snapshot.starts_on, snapshot.ends_on, tz=tz)
        amounts = [
            sale.amount
            for closed, sale in won
            if period.contains(closed)
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


# --- What will come in

_row, _result = each(OpportunityInPeriod), each(ForecastResult)
_won, _due = one_of(_row.is_won, True), all_of(one_of(_row.is_open, True), one_of(_row.is_due, True))
_not_omitted = ~one_of(_row.forecast_category, ForecastCategory.OMITTED)
_forecast = partial(Kpi, stage="sales", family="forecast", dated=_row.starts_on, unit="money")
_accuracy = partial(Kpi, stage="sales", family="forecast_accuracy", dated=_result.starts_on)

forecast_weighted = _forecast(
    name="forecast_weighted", title="Forecast, weighted", source="Salesforce, expected revenue",
    formula=total(_row.amount, where=_won)
    + total(given(_row.amount) * given(_row.probability), where=all_of(_due, _not_omitted)),
    says="What was won in the period so far, and amount times probability of what is open and to close in it. What the "
    "forecast omits is out.",
)  # fmt: skip

forecast_in_category = _forecast(
    name="forecast_in_category", title="Forecast, single category", source="Salesforce, single category rollup",
    formula=total(_row.amount, where=_due),
    says='What is open and to close in the period. Group by "forecast_category": each category alone, without what '
    "was won.",
)  # fmt: skip

forecast_commit = _forecast(
    name="forecast_commit", title="Forecast, commit", source="Salesforce, cumulative forecast rollup",
    formula=total(_row.amount, where=any_of(_won, all_of(_due, _row.forecast_category == ForecastCategory.COMMIT))),
    says="What was won in the period so far, and what is open, to close in it and committed.",
)  # fmt: skip

_best_case = one_of(_row.forecast_category, ForecastCategory.COMMIT, ForecastCategory.BEST_CASE)
forecast_best_case = _forecast(
    name="forecast_best_case", title="Forecast, best case", source="Salesforce, cumulative forecast rollup",
    formula=total(_row.amount, where=any_of(_won, all_of(_due, _best_case))),
    says="The commit forecast, and what is open, to close in the period and a best case.",
)  # fmt: skip

forecast_by_history = _forecast(
    name="forecast_by_history", title="Forecast by history", source="Freshworks, historical velocity",
    formula=total(_row.amount, where=_won)
    + total(given(_row.amount) * given(_row.chance), where=one_of(_row.is_open, True)),
    says="What was won in the period so far, and amount times chance of everything open, where the chance is the share "
    "of past opportunities in the same stage that were won in time.",
)  # fmt: skip

_NOTE = "Compare forecasts taken equally early."

forecast_accuracy = _accuracy(
    name="forecast_accuracy", title="Forecast accuracy", source="SAP, forecast accuracy: 1 - error / actual",
    formula=(total(_result.actual) - total(_result.absolute_error)) / total(_result.actual),
    says=f"1 less the error of the forecasts of the period as a share of the actual amounts; below 0 where they were "
    f"off by more than what came in. {_NOTE}",
)  # fmt: skip

forecast_wape = _accuracy(
    name="forecast_wape", title="Forecast error, WAPE", direction="lower_is_better",
    formula=total(_result.absolute_error) / total(_result.actual), source="SAP; Forecast Studio",
    says=f"The sum of all errors over the sum of the actual amounts: large amounts weigh more. {_NOTE}",
)  # fmt: skip

forecast_mape = _accuracy(
    name="forecast_mape", title="Forecast error, MAPE", direction="lower_is_better",
    formula=mean(_result.percentage_error), source="Forecast Studio; Baeldung",
    says=f"The mean of the errors, each as a share of its actual amount: small amounts weigh as much as large ones. "
    f"Forecasts where nothing came in are left out and counted. {_NOTE}",
)  # fmt: skip

forecast_bias = _accuracy(
    name="forecast_bias", title="Forecast bias", direction="neither",
    formula=total(_result.error) / total(_result.actual), source="Forecast Studio",
    says=f"What was forecast too much, less what was forecast too little, over the actual amounts. {_NOTE}",
)  # fmt: skip
