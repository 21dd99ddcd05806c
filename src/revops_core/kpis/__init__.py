"""KPIs: definitions as data, measured over any rows in one pass, and the catalogue of those that exist."""

from revops_core.kpis.adoption import *
from revops_core.kpis.attribution import *
from revops_core.kpis.catalogue import *
from revops_core.kpis.change import Change, Comparison, beside_previous, compare
from revops_core.kpis.charges import Charge
from revops_core.kpis.cohorts import *
from revops_core.kpis.commitments import commitments
from revops_core.kpis.contract_check import check_contracts
from revops_core.kpis.customer_start import *
from revops_core.kpis.expansion import *
from revops_core.kpis.explain import Explanation, explain
from revops_core.kpis.forecasting import forecast_revenue
from revops_core.kpis.formula import count, distinct, mean, median, quantile, total
from revops_core.kpis.kpi import Kpi
from revops_core.kpis.kpi_table import *
from revops_core.kpis.lead_generation import *
from revops_core.kpis.lead_progress import *
from revops_core.kpis.lifetime_value import *
from revops_core.kpis.onboarding import *
from revops_core.kpis.opportunity_in_period import *
from revops_core.kpis.pipeline_health import *
from revops_core.kpis.qualification import *
from revops_core.kpis.quota_progress import *
from revops_core.kpis.recurring_amounts import anniversaries, annual_amount, monthly_amount
from revops_core.kpis.renewal import *
from revops_core.kpis.renewals import Renewal, renewal_schedule, renewals
from revops_core.kpis.restatement import compare_ledgers
from revops_core.kpis.revenue_ledger import *
from revops_core.kpis.revenue_movements import Bridge, Movement, RevenueChange, bridge_table
from revops_core.kpis.revenue_policy import CONTRACT_PROBLEMS, RevenuePolicy
from revops_core.kpis.revenue_segments import annual_contract_value, total_contract_value
from revops_core.kpis.row_check import *
from revops_core.kpis.sales import *
from revops_core.kpis.sales_forecast import *
from revops_core.kpis.scorecard import Scorecard
from revops_core.kpis.service import *
from revops_core.kpis.stage_visit import *
from revops_core.kpis.subject_activity import *
from revops_core.kpis.survival import *
from revops_core.kpis.unit_economics import *

__all__ = [
    "CATALOGUE", "CONTRACT_PROBLEMS", "Bridge", "Change", "Charge", "CohortTable", "Comparison", "Credit",
    "CustomerLife", "CustomerStart", "Explanation", "FinancialPeriod", "ForecastResult", "Kpi", "KpiTable",
    "LeadProgress", "Movement", "OpportunityInPeriod", "QuotaProgress", "Renewal", "RevenueChange", "RevenueLedger",
    "RevenuePolicy", "Scorecard", "StageVisit", "SubjectActivity", "activation_rate", "active_user_rate",
    "active_user_rate_of_seats", "anniversaries", "annual_amount", "annual_contract_value", "annualised_churn",
    "arpa", "arpa_of_average_accounts", "arr", "arr_efficiency", "arr_growth_rate", "attribute",
    "attributed_bookings", "automation_time_saved", "availability_rate", "available_to_renew", "average_deal_size",
    "average_lead_score", "beside_previous", "bookings", "bookings_growth_rate", "bookings_per_rep", "bridge_table",
    "burn_multiple", "cac", "cac_expansion", "cac_fully_loaded", "cac_new_logo", "cac_paid", "cac_payback",
    "cac_payback_net", "cac_payback_on_revenue", "cac_ratio", "calls_per_rep", "carr", "check", "check_contracts",
    "churned_arr", "cltv", "cltv_from_survival", "cltv_historic", "cltv_of_contract", "cltv_on_revenue", "cohorts",
    "commitments", "compare", "compare_ledgers", "contraction_arr", "conversion_rate", "cost_of_revenue_generation",
    "cost_per_lead", "count", "cross_sell_arr", "cross_sell_rate", "csat", "csat_of_onboarding",
    "customer_advocacy_rate", "customer_churn_rate", "customer_churn_rate_daily_sum",
    "customer_churn_rate_of_all_losses", "customer_churn_rate_of_average", "customer_churn_rate_of_renewals",
    "customer_churn_rate_of_start_and_new", "customer_churn_rate_rolling", "customer_lifetime", "customer_lives",
    "customer_retention_rate", "customer_retention_rate_by_difference", "customer_starts", "customer_survival",
    "data_quality_score", "deals_won", "discounted_cltv", "distinct", "early_churn_rate", "emails_per_rep",
    "escalation_rate", "event_survival", "expansion_arr", "expansion_rate", "explain", "family",
    "feature_adoption_rate", "forecast_accuracy", "forecast_best_case", "forecast_bias", "forecast_by_history",
    "forecast_commit", "forecast_in_category", "forecast_mape", "forecast_results", "forecast_revenue",
    "forecast_wape", "forecast_weighted", "gross_margin_rate", "gross_renewal_rate", "gross_revenue_churn_rate",
    "grr", "grr_bridge", "grr_over", "handoff_time_median", "health_score", "lagged", "lead_acceptance_rate",
    "lead_conversion_rate", "lead_progress", "lead_qualification_rate", "lead_qualification_rate_of_decided",
    "lead_response_rate", "lead_response_time_median", "lead_response_time_p95", "lead_to_customer_rate",
    "lead_to_mql_rate", "lead_to_mql_rate_in_period", "lead_velocity_rate", "lead_volume", "ltv_to_cac",
    "magic_number", "magic_number_of_arr", "marketing_influenced_pipeline", "marketing_sourced_pipeline", "mean",
    "measure", "median", "median_deal_size", "meetings_per_rep", "missed_renewal_amount", "missed_renewals",
    "monthly_amount", "mql_to_sql_rate", "mql_volume", "mrr", "net_new_arr", "net_renewal_rate",
    "net_revenue_churn_rate", "net_revenue_churn_rate_with_reactivation", "new_arr", "next_quarter_coverage", "nps",
    "nrr", "nrr_bridge", "nrr_over", "nrr_trailing_average", "onboarding_completion_rate",
    "onboarding_completion_rate_within", "open_opportunities", "open_pipeline", "opportunities_created",
    "opportunities_in_period", "pipeline_acceleration", "pipeline_coverage", "pipeline_coverage_of_remaining",
    "pipeline_coverage_weighted", "pipeline_created", "pipeline_created_at_creation", "pipeline_quality",
    "price_change_arr", "product_adoption_rate", "product_usage", "pulled_in_pipeline", "qualified_pipeline",
    "quantile", "quick_ratio", "quick_ratio_with_reactivation", "quota_attainers_rate", "quota_attainment",
    "quota_progress", "reactivated_arr", "renewal_cycle_mean", "renewal_cycle_median", "renewal_rate",
    "renewal_rate_in_period", "renewal_revenue", "renewal_schedule", "renewal_uplift", "renewals", "renewals_due",
    "resolution_time_mean", "resolution_time_median", "response_time_median",
    "revenue_growth_rate", "revenue_leakage", "revenue_leakage_rate", "rule_of_40", "sales_cycle_from_lead_mean",
    "sales_cycle_mean", "sales_cycle_mean_of_decided", "sales_cycle_median", "sales_velocity", "scorecard",
    "sla_breaches", "sla_compliance", "slip_rate", "slip_rate_by_value", "sql_to_opportunity_rate", "sql_volume",
    "stage_conversion_rate", "stage_visits", "stickiness", "subject_activity", "target_account_engagement",
    "time_in_stage_median", "time_to_sql_mean", "time_to_sql_median", "time_to_value_median", "total",
    "total_contract_value", "upsell_arr", "upsell_rate", "usage_frequency", "usage_growth", "website_sessions",
    "website_visitors", "weighted_pipeline", "win_rate", "win_rate_by_value", "win_rate_from_stage",
    "win_rate_of_closed", "win_rate_of_created",
]  # fmt: skip
