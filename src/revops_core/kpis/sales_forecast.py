"""Forecasting: what will come in, told in four ways, and how right such forecasts were."""

from __future__ import annotations

from functools import partial

from revops_core.entities.opportunity import ForecastCategory
from revops_core.kpis.forecast_result import ForecastResult
from revops_core.kpis.formula import mean, total
from revops_core.kpis.kpi import Kpi
from revops_core.kpis.opportunity_in_period import OpportunityInPeriod
from revops_core.values.condition import each, given, one_of
from revops_core.values.expression import all_of, any_of

__all__ = [
    "forecast_accuracy",
    "forecast_best_case",
    "forecast_bias",
    "forecast_by_history",
    "forecast_commit",
    "forecast_mape",
    "forecast_wape",
    "forecast_weighted",
]

_row, _result = each(OpportunityInPeriod), each(ForecastResult)
_won, _due = one_of(_row.is_won, True), all_of(one_of(_row.is_open, True), one_of(_row.is_due, True))
_not_omitted = ~one_of(_row.forecast_category, ForecastCategory.OMITTED)
_forecast = partial(Kpi, stage="sales", family="forecast", dated=_row.starts_on, unit="money")
_accuracy = partial(Kpi, stage="sales", family="forecast_accuracy", dated=_result.starts_on, unit="ratio")


forecast_weighted = _forecast(
    name="forecast_weighted", title="Forecast, weighted", source="Salesforce, expected revenue",
    formula=total(_row.amount, where=_won)
    + total(given(_row.amount) * given(_row.probability), where=all_of(_due, _not_omitted)),
    says="What was won in the period so far, and amount times probability of what is open and to close in it. What the "
    "forecast omits is out.",
)  # fmt: skip

forecast_commit = _forecast(
    name="forecast_commit", title="Forecast, commit", source="Salesforce, cumulative forecast rollup",
    formula=total(_row.amount, where=any_of(_won, all_of(_due, _row.forecast_category == ForecastCategory.COMMIT))),
    says="What was won in the period so far, and what is open, to close in it and committed. For one category alone, "
    'measure the open pipeline by "forecast_category".',
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
    name="forecast_accuracy", title="Forecast accuracy",
    formula=(total(_result.actual) - total(_result.absolute_error)) / total(_result.actual),
    source="SAP, forecast accuracy: 1 - error / actual",
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
