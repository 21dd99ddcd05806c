"""Onboarding: how soon new customers get what they bought, whether they get there, and whether they are content."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

from revops_core.entities.engagement import Answer, Usage
from revops_core.kpis.customer_start import CustomerStart
from revops_core.kpis.formula import count, distinct, median, total
from revops_core.kpis.kpi import Kpi
from revops_core.values.checks import Count, require
from revops_core.values.condition import each, first_known, given, known, missing, not_yet
from revops_core.values.expression import Expression, all_of, any_of

__all__ = [
    "activation_rate", "csat", "csat_of_onboarding", "onboarding_completion_rate", "onboarding_completion_rate_within",
    "product_usage", "time_to_value_median",
]  # fmt: skip

_answer = each(Answer)
_of_five = any_of(missing(_answer.scale_max), _answer.scale_max == 5)
_answered = all_of(_answer.survey == "csat", known(_answer.score), _of_five)
_onboarding = _answer.about == "onboarding"
_content = given(_answer.score) >= 4

_start, _usage = each(CustomerStart), each(Usage)
_kpi = partial(Kpi, stage="onboarding")
_csat = partial(_kpi, family="csat", dated=_answer.at, source="Qualtrics, top two boxes")

csat_of_onboarding = _csat(
    name="csat_of_onboarding", title="Customer satisfaction with onboarding (CSAT)",
    formula=count(all_of(_answered, _onboarding, _content)) / count(all_of(_answered, _onboarding)),
    says="Answers of 4 or 5 on the scale of 1 to 5, of all answers about the onboarding in the period. Answers on "
    "another scale are left out.",
)  # fmt: skip

csat = _csat(
    name="csat", title="Customer satisfaction (CSAT)", formula=count(all_of(_answered, _content)) / count(_answered),
    says="Answers of 4 or 5 on the scale of 1 to 5, of all answers in the period; on another scale they are left out.",
)  # fmt: skip

_valued_at: Any = given(_start.first_value_at)  # a day or an instant: the difference is told by the rows
_signed = all_of(known(_start.first_value_at), known(_start.signed_at))

time_to_value_median = _kpi(
    name="time_to_value_median", title="Time to first value, median", family="time_to_value",
    formula=median(_valued_at - given(_start.signed_at), where=_signed), dated=_start.first_value_at,
    unit="duration", direction="lower_is_better", source="SOMA B2B SaaS, time to activation",
    says="Half of the customers who reached first value in the period took no longer than this from signing. "
    "Customers that still wait are not in it.",
)  # fmt: skip

onboarding_completion_rate = _kpi(
    name="onboarding_completion_rate", title="Onboarding completion rate", family="onboarding_completion_rate",
    formula=count(all_of(known(_start.started_at), known(_start.completed_at), ~not_yet(_start.completed_at)))
    / count(known(_start.started_at)),
    dated=_start.started_at, source="SOMA B2B SaaS",
    says="Customers that have completed their onboarding so far, of those that began it in the period.",
)  # fmt: skip


def _within(since: Any, reached: Any, days: int) -> tuple[Expression, Expression]:
    """The conditions that a point was reached within some days, and that these days are over."""
    window = timedelta(days=days)
    is_over = all_of(known(since), ~not_yet(given(since) + window))
    return all_of(is_over, given(reached) - given(since) <= window), is_over


def onboarding_completion_rate_within(days: int = 90) -> Kpi:
    """The share of customers that complete their onboarding within `days`, of those that began it so long ago.

    Formula: completed at most `days` after the start / started at least `days` before the look.
    Source: SOMA B2B SaaS.

    Raises:
        InvalidValueError: `days` is no whole number of days.

    >>> onboarding_completion_rate_within(30).name
    'onboarding_completion_rate_30d'
    """
    require("onboarding_completion_rate_within", days=(days, Count))
    reached, is_over = _within(_start.started_at, _start.completed_at, days)
    return _kpi(
        name=f"onboarding_completion_rate_{days}d", title=f"Onboarding completion rate within {days} days",
        family="onboarding_completion_rate", formula=count(reached) / count(is_over), dated=_start.started_at,
        when_zero="censored", source="SOMA B2B SaaS",
        says=f"Customers that completed their onboarding within {days} days, of those that began it in the period and "
        "so long ago.",
    )  # fmt: skip


def activation_rate(days: int = 30) -> Kpi:
    """The share of customers that are activated within `days` of signing, of those that signed so long ago.

    Formula: activated at most `days` after signing / signed at least `days` before the look.
    Source: SOMA B2B SaaS.

    Raises:
        InvalidValueError: `days` is no whole number of days.

    >>> activation_rate(14).name
    'activation_rate_14d'
    """
    require("activation_rate", days=(days, Count))
    reached, is_over = _within(_start.signed_at, _start.activated_at, days)
    return _kpi(
        name=f"activation_rate_{days}d", title=f"Activation rate within {days} days", family="activation_rate",
        formula=count(reached) / count(is_over), dated=_start.signed_at, when_zero="censored", source="SOMA B2B SaaS",
        says=f"Customers activated within {days} days, of those that signed in the period and so long ago.",
    )  # fmt: skip


product_usage = _kpi(
    name="product_usage", title="Product usage", family="product_usage", dated=first_known(_usage.at, _usage.on),
    unit="ratio", formula=total(_usage.count) / distinct(_usage.account_id, where=_usage.count >= 1),
    source="Common practice", says="How often the product was used in the period, for each account that used it.",
)  # fmt: skip
