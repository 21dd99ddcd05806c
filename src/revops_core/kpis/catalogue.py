"""The catalogue: every KPI there is, the readings of each term on which authorities disagree, ready-made scorecards."""

# ruff: noqa: PLR0402 - `from revops_core.kpis import sales` would find a room that is still being loaded
from __future__ import annotations

from collections.abc import Mapping

import revops_core.kpis.adoption as adoption
import revops_core.kpis.attribution as attribution
import revops_core.kpis.expansion as expansion
import revops_core.kpis.lead_generation as lead_generation
import revops_core.kpis.lifetime_value as lifetime_value
import revops_core.kpis.onboarding as onboarding
import revops_core.kpis.pipeline_health as pipeline_health
import revops_core.kpis.qualification as qualification
import revops_core.kpis.renewal as renewal
import revops_core.kpis.sales as sales
import revops_core.kpis.sales_forecast as sales_forecast
import revops_core.kpis.service as service
import revops_core.kpis.unit_economics as unit_economics
from revops_core.errors import Fault, InvalidValueError
from revops_core.kpis.kpi import STAGES, Kpi
from revops_core.kpis.scorecard import Scorecard

__all__ = ["CATALOGUE", "family", "scorecard"]

_MODULES = (
    lead_generation, attribution, qualification, sales, pipeline_health, sales_forecast, onboarding, adoption,
    expansion, unit_economics, lifetime_value, renewal, service,
)  # fmt: skip
_WITH_PARAMETER = (
    onboarding.onboarding_completion_rate_within(),
    onboarding.activation_rate(),
    adoption.product_adoption_rate(),
    renewal.early_churn_rate(90),
)


_DEFINED = tuple(
    kpi for module in _MODULES for name, kpi in vars(module).items() if name in module.__all__ and isinstance(kpi, Kpi)
)

CATALOGUE: tuple[Kpi, ...] = tuple(sorted((*_DEFINED, *_WITH_PARAMETER), key=lambda kpi: STAGES.index(kpi.stage)))
"""Every KPI, in the order of the customer lifecycle and of its file; one with a parameter stands here with its usual
value."""


def family(name: str) -> tuple[Kpi, ...]:
    """The readings of one term, such as "win_rate": each has a name that tells what it counts.

    Raises:
        InvalidValueError: no KPI is of that family.

    >>> [kpi.name for kpi in family("slip_rate")]
    ['slip_rate', 'slip_rate_by_value', 'pulled_in_pipeline']
    """
    found = tuple(kpi for kpi in CATALOGUE if kpi.family == name)
    if not found:
        rule = f"must be one of {', '.join(dict.fromkeys(kpi.family for kpi in CATALOGUE))}"
        raise InvalidValueError("family", [Fault("name", rule, name)])
    return found


_SCORECARDS: Mapping[str, str] = {
    "lead_generation": "website_sessions website_visitors lead_volume lead_to_mql_rate cost_per_lead",
    "qualification": "mql_volume sql_volume mql_to_sql_rate time_to_sql_median lead_qualification_rate",
    "sales": "sql_to_opportunity_rate win_rate average_deal_size sales_cycle_median bookings",
    "onboarding": "time_to_value_median onboarding_completion_rate csat_of_onboarding early_churn_rate_90d "
    "product_usage",
    "adoption": "active_user_rate feature_adoption_rate health_score usage_frequency nps",
    "expansion": "cltv_on_revenue expansion_arr nrr arpa customer_advocacy_rate",
    "renewal": "renewal_rate customer_churn_rate_of_renewals customer_retention_rate renewal_revenue "
    "renewal_cycle_median",
    "engage": "qualified_pipeline pipeline_created_at_creation pipeline_quality pipeline_acceleration "
    "target_account_engagement next_quarter_coverage",
    "execute": "net_new_arr win_rate sales_cycle_median average_deal_size forecast_accuracy slip_rate quota_attainment",
    "expand": "renewal_rate expansion_arr customer_churn_rate upsell_rate cltv_on_revenue",
    "revenue_operations": "arr new_arr arr_growth_rate grr nrr pipeline_coverage mql_to_sql_rate cac "
    "cac_payback_on_revenue time_to_value_median product_adoption_rate_4_days usage_growth customer_churn_rate "
    "gross_revenue_churn_rate upsell_rate expansion_arr renewal_rate lead_response_time_median sla_compliance "
    "forecast_accuracy data_quality_score",
    "measuring_success": "revenue_growth_rate sales_cycle_median lead_to_mql_rate mql_to_sql_rate "
    "sql_to_opportunity_rate win_rate cac cltv_on_revenue csat nps lead_qualification_rate calls_per_rep "
    "emails_per_rep meetings_per_rep data_quality_score automation_time_saved",
}
_BY_NAME = {kpi.name: kpi for kpi in CATALOGUE}


def scorecard(name: str) -> Scorecard:
    """A ready-made scorecard, without targets: they are yours to set, with `Scorecard.with_targets`.

    Args:
        name: a stage of the customer lifecycle, from "lead_generation" to "renewal"; "engage", "execute" or "expand";
            "revenue_operations", what a RevOps function answers for; "measuring_success", whether a CRM project paid.

    Raises:
        InvalidValueError: there is no such scorecard.

    >>> [kpi.name for kpi in scorecard("qualification").kpis][:2]
    ['mql_volume', 'sql_volume']
    """
    if name not in _SCORECARDS:
        raise InvalidValueError("scorecard", [Fault("name", f"must be one of {', '.join(_SCORECARDS)}", name)])
    return Scorecard(name=name, kpis=[_BY_NAME[kpi] for kpi in _SCORECARDS[name].split()])
