"""Ready-made scorecards: what is reviewed at each stage of the customer lifecycle, and by well-known lists of KPIs."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from revops_core.errors import Fault, InvalidValueError
from revops_core.kpis.catalogue import CATALOGUE
from revops_core.kpis.scorecard import Scorecard

__all__ = ["SCORECARDS", "scorecard"]

_NAMES: Mapping[str, str] = {
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
    "measuring_success": "revenue_growth sales_cycle_median lead_to_mql_rate mql_to_sql_rate sql_to_opportunity_rate "
    "win_rate cac cltv_on_revenue csat nps lead_qualification_rate calls_per_rep emails_per_rep meetings_per_rep "
    "data_quality_score automation_time_saved",
}
SCORECARDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {card: tuple(text.split()) for card, text in _NAMES.items()}
)
"""The names of the KPIs on each ready-made scorecard: the seven stages of the lifecycle; "engage", "execute" and
"expand"; "revenue_operations", what a RevOps function answers for; "measuring_success", whether a CRM project paid."""

_BY_NAME = {kpi.name: kpi for kpi in CATALOGUE}


def scorecard(name: str) -> Scorecard:
    """A ready-made scorecard, without targets: they are yours to set, with `Scorecard.with_targets`.

    Args:
        name: one of `SCORECARDS`.

    Raises:
        InvalidValueError: there is no such scorecard.

    >>> [kpi.name for kpi in scorecard("qualification").kpis][:2]
    ['mql_volume', 'sql_volume']
    """
    if name not in SCORECARDS:
        raise InvalidValueError("scorecard", [Fault("name", f"must be one of {', '.join(SCORECARDS)}", name)])
    return Scorecard(name=name, kpis=[_BY_NAME[kpi] for kpi in SCORECARDS[name]])
