"""One worked example for each KPI of the catalogue, derived by hand from its definition."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from docs.generate_kpi_catalogue import PREPARED_BY, markdown
from revops_core import entities, kpis, sla
from revops_core.entities.engagement import Answer, Visit
from revops_core.entities.facts import Spend
from revops_core.entities.lead import Lead
from revops_core.entities.opportunity import Opportunity
from revops_core.errors import InvalidValueError
from revops_core.kpis import (
    CATALOGUE,
    Kpi,
    LeadProgress,
    adoption,
    attribution,
    family,
    lead_generation,
    onboarding,
    pipeline_health,
    qualification,
    sales,
    sales_forecast,
    service,
)
from revops_core.kpis.kpi import STAGES
from revops_core.values.money import Money
from revops_core.values.period import Period
from revops_core.values.plain import from_plain, to_plain
from tests.kpis.test_revenue_kpis import DERIVED as WORKED_ELSEWHERE
from tests.kpis.worked_examples import CATALOGUE_EXAMPLES

Q1 = Period.quarter(2026, 1)
END = datetime(2026, 4, 1, tzinfo=UTC)


def at(month, day):
    return datetime(2026, month, day, tzinfo=UTC)


def eur(amount):
    return Money(amount, "EUR")


OPPORTUNITIES = [
    Opportunity(id="1", outcome="won", amount=eur(100), created_on=date(2026, 1, 1), closed_on=date(2026, 1, 11)),
    Opportunity(id="2", outcome="won", amount=eur(200), created_on=date(2026, 1, 1), closed_on=date(2026, 2, 10)),
    Opportunity(id="3", outcome="won", amount=eur(600), created_on=date(2025, 12, 1), closed_on=date(2026, 3, 31)),
    Opportunity(id="4", outcome="lost", amount=eur(300), created_on=date(2026, 1, 1), closed_on=date(2026, 1, 11)),
    Opportunity(id="5", outcome="no_decision", created_on=date(2026, 3, 1), closed_on=date(2026, 3, 31)),
    Opportunity(id="6", outcome="won", amount=eur(400), created_on=date(2026, 3, 1), closed_on=date(2026, 4, 1)),
    Opportunity(
        id="7",
        amount=eur(80),
        probability=Decimal("0.25"),
        created_on=date(2026, 3, 1),
        close_date=date(2026, 3, 30),
    ),
    Opportunity(id="8", amount=eur(50), created_on=date(2026, 4, 1), close_date=date(2026, 6, 1)),
]
LEADS = [
    Lead(id="1", created_at=at(1, 5), outcome="qualified", closed_at=at(1, 9), converted_at=at(2, 1)),
    Lead(id="2", created_at=at(2, 5), outcome="qualified", closed_at=at(4, 9), converted_at=at(4, 9)),
    Lead(id="3", created_on=date(2026, 3, 1), outcome="disqualified", closed_on=date(2026, 3, 31)),
    Lead(id="4", created_at=at(3, 31)),
    Lead(id="5", created_at=at(4, 1)),
]
SPENDS = [
    Spend(on=date(2026, 1, 31), amount=eur(800), purpose="marketing"),
    Spend(on=date(2026, 3, 31), amount=eur(200), purpose="marketing"),
    Spend(on=date(2026, 3, 31), amount=eur(500), purpose="sales"),
    Spend(on=date(2026, 4, 1), amount=eur(999), purpose="marketing"),
]
PROGRESS = [
    LeadProgress(
        id="1", created_at=at(1, 1), mql_at=at(1, 2), sql_at=at(1, 3), opportunity_at=at(1, 4), won_at=at(2, 1)
    ),
    LeadProgress(id="2", created_at=at(1, 1), mql_at=at(1, 2), sql_at=at(1, 7)),
    LeadProgress(id="3", created_at=at(1, 1), mql_at=at(3, 1), sql_at=at(3, 31), opportunity_at=at(4, 2)),
    LeadProgress(id="4", created_at=at(2, 1), mql_at=at(4, 2)),
    LeadProgress(id="5", created_at=at(2, 1)),
]
VISITS = [
    Visit(visitor_id=visitor, at=day)
    for visitor, day in [("a", at(1, 1)), ("a", at(2, 1)), ("b", at(3, 1)), ("c", END)]
]
ANSWERS = [
    *(Answer(survey="nps", score=score, at=at(1, 5)) for score in (10, 9, 9, 8, 7, 6, 0, None)),
    *(Answer(survey="csat", score=score, at=at(1, 5)) for score in (5, 4, 3, None)),
    Answer(survey="csat", score=5, scale_max=5, about="onboarding", at=at(1, 6)),
    Answer(survey="csat", score=1, about="onboarding", at=at(1, 6)),
    Answer(survey="csat", score=8, scale_max=10, about="onboarding", at=at(1, 6)),
    Answer(survey="csat", score=1, at=END),
]


ON_TIME = at(1, 5)


def promise(target, kept, hours, decided=ON_TIME, stopped=ON_TIME):
    return {
        "target": target,
        "kept": kept,
        "elapsed": timedelta(hours=hours),
        "decided_at": decided,
        "stopped_at": stopped,
    }


PROMISES = [
    promise("response", True, 1),
    promise("response", True, 2),
    promise("response", False, 6),
    promise("resolution", True, 10),
    promise("resolution", False, 20, stopped=None),
    promise("resolution", None, 5, None, None),
    promise("resolution", True, 30, END, END),
]
DAYS = timedelta(days=1)
HOURS = timedelta(hours=1)
EXAMPLES = {
    kpis.website_sessions: (VISITS, 3),
    kpis.website_visitors: (VISITS, 2),
    kpis.lead_volume: (LEADS, 4),
    kpis.lead_to_mql_rate: (PROGRESS, Fraction(3, 5)),
    kpis.lead_conversion_rate: (LEADS, Fraction(1, 4)),
    kpis.cost_per_lead: ({"Spend": SPENDS, "Lead": LEADS}, eur(250)),
    kpis.mql_volume: (PROGRESS, 3),
    kpis.sql_volume: (PROGRESS, 3),
    kpis.mql_to_sql_rate: (PROGRESS, Fraction(1)),
    kpis.sql_to_opportunity_rate: (PROGRESS, Fraction(1, 3)),
    kpis.lead_qualification_rate: (LEADS, Fraction(1, 4)),
    kpis.lead_qualification_rate_of_decided: (LEADS, Fraction(1, 2)),
    kpis.time_to_sql_mean: (PROGRESS, timedelta(days=2 + 6 + 89) / 3),
    kpis.time_to_sql_median: (PROGRESS, 6 * DAYS),
    kpis.win_rate: (OPPORTUNITIES, Fraction(3, 4)),
    kpis.win_rate_by_value: (OPPORTUNITIES, Fraction(900, 1200)),
    kpis.win_rate_of_closed: (OPPORTUNITIES, Fraction(3, 5)),
    kpis.win_rate_of_created: (OPPORTUNITIES, Fraction(2, 6)),
    kpis.average_deal_size: (OPPORTUNITIES, eur(300)),
    kpis.median_deal_size: (OPPORTUNITIES, eur(200)),
    kpis.bookings: (OPPORTUNITIES, eur(900)),
    kpis.deals_won: (OPPORTUNITIES, 3),
    kpis.sales_cycle_mean: (OPPORTUNITIES, timedelta(days=10 + 40 + 120) / 3),
    kpis.sales_cycle_median: (OPPORTUNITIES, 40 * DAYS),
    kpis.sales_cycle_mean_of_decided: (OPPORTUNITIES, 45 * DAYS),
    kpis.opportunities_created: (OPPORTUNITIES, 6),
    kpis.pipeline_created: (OPPORTUNITIES, eur(100 + 200 + 300 + 400 + 80)),
    kpis.open_opportunities: (OPPORTUNITIES, 2),
    kpis.open_pipeline: (OPPORTUNITIES, eur(480)),
    kpis.weighted_pipeline: (OPPORTUNITIES, eur(20)),
    kpis.csat_of_onboarding: (ANSWERS, Fraction(1, 2)),
    kpis.csat: (ANSWERS, Fraction(3, 5)),
    kpis.nps: (ANSWERS, Decimal(100) / 7),
    kpis.sla_compliance: (PROMISES, Fraction(3, 5)),
    kpis.sla_breaches: (PROMISES, 2),
    kpis.response_time_median: (PROMISES, 2 * HOURS),
    kpis.resolution_time_mean: (PROMISES, 10 * HOURS),
    kpis.resolution_time_median: (PROMISES, 10 * HOURS),
}


EXAMPLES |= {kpi: CATALOGUE_EXAMPLES[kpi.name] for kpi in CATALOGUE if kpi.name in CATALOGUE_EXAMPLES}
WITH_PARAMETER = {kpi.name for kpi in CATALOGUE if not hasattr(kpis, kpi.name)}


@pytest.mark.parametrize("kpi", EXAMPLES, ids=lambda kpi: kpi.name)
def test_every_kpi_gives_what_was_worked_out_by_hand(kpi):
    rows, expected = EXAMPLES[kpi]
    found = kpi(rows, period=Q1, as_of=END)
    value = round(found.value, 20) if kpi is kpis.nps else found.value
    expected = round(expected, 20) if kpi is kpis.nps else expected
    assert (value, type(value), found.partial) == (expected, type(expected), False)


@pytest.mark.parametrize("kpi", CATALOGUE, ids=lambda kpi: kpi.name)
def test_every_kpi_says_what_it_is(kpi):
    assert kpi.name in WITH_PARAMETER or getattr(kpis, kpi.name) is kpi
    assert kpi.title
    assert kpi.source
    assert kpi.says.endswith(".")
    assert kpi.stage in STAGES
    assert kpi.family in {one.family for one in CATALOGUE}
    assert kpi.unit in {"fraction", "ratio", "count", "money", "duration", "points", "score", "months", "periods"}


def test_the_catalogue_holds_every_kpi_of_the_room_once():
    held = [getattr(kpis, name) for name in kpis.__all__ if isinstance(getattr(kpis, name), Kpi)]
    plain = [kpi for kpi in CATALOGUE if kpi.name not in WITH_PARAMETER]
    assert sorted(held, key=lambda kpi: kpi.name) == sorted(plain, key=lambda kpi: kpi.name)
    assert {
        "activation_rate_30d",
        "early_churn_rate_90d",
        "onboarding_completion_rate_90d",
        "product_adoption_rate_4_days",
    } == WITH_PARAMETER
    assert len({kpi.name for kpi in CATALOGUE}) == len(CATALOGUE)
    worked = {kpi.name for kpi in EXAMPLES} | {row[0].name for row in WORKED_ELSEWHERE} | {"carr"}
    assert {kpi.name for kpi in CATALOGUE} <= worked


# What the guides that describe the system name, and the reading they ask for.
NAMED_BY_THE_SOURCES = {
    "website traffic": "website_sessions website_visitors",
    "lead volume": "lead_volume",
    "lead-to-MQL conversion": "lead_to_mql_rate lead_to_mql_rate_in_period",
    "cost per lead, lead source performance": "cost_per_lead lead_conversion_rate lead_to_customer_rate",
    "MQL and SQL volume": "mql_volume sql_volume",
    "MQL-to-SQL conversion, SQL conversion rate": "mql_to_sql_rate",
    "time to SQL": "time_to_sql_mean time_to_sql_median",
    "lead qualification rate": "lead_qualification_rate lead_qualification_rate_of_decided",
    "lead response time": "lead_response_time_median lead_response_time_p95 lead_response_rate",
    "SQL-to-opportunity conversion": "sql_to_opportunity_rate",
    "win rate": "win_rate win_rate_by_value win_rate_of_closed win_rate_of_created win_rate_from_stage",
    "average deal size, average selling price": "average_deal_size median_deal_size",
    "sales cycle": "sales_cycle_mean sales_cycle_median sales_cycle_mean_of_decided sales_cycle_from_lead_mean",
    "revenue generated, revenue growth": "bookings bookings_growth_rate revenue_growth_rate",
    "pipeline velocity": "sales_velocity",
    "conversion rates": "conversion_rate stage_conversion_rate",
    "time to value": "time_to_value_median",
    "onboarding completion rate": "onboarding_completion_rate onboarding_completion_rate_90d",
    "CSAT": "csat_of_onboarding csat",
    "early churn rate": "early_churn_rate_90d early_churn_rate",
    "product usage, usage frequency": "product_usage usage_frequency stickiness",
    "active user rate": "active_user_rate active_user_rate_of_seats",
    "feature and product adoption rate": "feature_adoption_rate product_adoption_rate_4_days",
    "usage-based signals": "usage_growth",
    "customer health score": "health_score",
    "NPS": "nps",
    "CLTV": "cltv_on_revenue cltv cltv_of_contract cltv_historic discounted_cltv",
    "expansion revenue, upsells": "expansion_arr upsell_arr upsell_rate",
    "NRR, GRR": "nrr nrr_bridge grr grr_bridge",
    "ARPA": "arpa",
    "customer advocacy rate": "customer_advocacy_rate",
    "renewal rate, revenue and cycle": "renewal_rate renewal_revenue renewal_cycle_median missed_renewals",
    "churn rate": "customer_churn_rate customer_churn_rate_of_renewals gross_revenue_churn_rate",
    "customer retention rate": "customer_retention_rate",
    "ARR, new ARR, net ARR growth": "arr new_arr net_new_arr arr_growth_rate mrr",
    "CAC, CAC payback": "cac cac_payback cac_payback_on_revenue",
    "pipeline coverage": "pipeline_coverage pipeline_coverage_of_remaining pipeline_coverage_weighted "
    "next_quarter_coverage",
    "SLA compliance": "sla_compliance",
    "uptime": "availability_rate",
    "data quality score": "data_quality_score",
    "sales team productivity": "calls_per_rep emails_per_rep meetings_per_rep",
    "process automation efficiency": "automation_time_saved",
    "pipeline created and its quality": "pipeline_created_at_creation pipeline_created pipeline_quality",
    "qualified pipeline": "qualified_pipeline",
    "pipeline acceleration": "pipeline_acceleration",
    "target-account engagement": "target_account_engagement",
    "slip rate": "slip_rate slip_rate_by_value pulled_in_pipeline",
    "quota attainment": "quota_attainment quota_attainers_rate",
    "forecast": "forecast_weighted forecast_in_category forecast_commit forecast_best_case forecast_by_history",
    "forecast accuracy": "forecast_accuracy forecast_wape forecast_mape forecast_bias",
    "attribution": "attributed_bookings marketing_sourced_pipeline marketing_influenced_pipeline",
    "cost of generating revenue, leakage": "cost_of_revenue_generation revenue_leakage",
}


@pytest.mark.parametrize("term", NAMED_BY_THE_SOURCES)
def test_every_kpi_that_the_sources_name_is_there_in_its_readings(term):
    catalogued = {kpi.name for kpi in CATALOGUE}
    for name in NAMED_BY_THE_SOURCES[term].split():
        assert name in catalogued or callable(getattr(kpis, name))


def test_the_readings_of_a_term_are_listed_together():
    readings = ["win_rate", "win_rate_by_value", "win_rate_of_closed", "win_rate_of_created"]
    assert [kpi.name for kpi in family("win_rate")] == readings
    first = {name: family(name)[0].name for name in ("csat", "open_pipeline", "pipeline_created", "active_user_rate")}
    assert first == {
        "csat": "csat_of_onboarding",  # the source asks about the onboarding
        "open_pipeline": "open_pipeline",
        "pipeline_created": "pipeline_created",
        "active_user_rate": "active_user_rate",
    }
    with pytest.raises(InvalidValueError, match="must be one of "):
        family("win_ratio")


def test_the_page_of_the_catalogue_is_fresh():
    page = Path(__file__).resolve().parents[2] / "docs" / "kpi-catalogue.md"
    assert page.read_text("utf-8") == markdown(), "run `python docs/generate_kpi_catalogue.py`"


LOWER_IS_BETTER = {
    *("cost_per_lead", "time_to_sql_mean", "time_to_sql_median", "lead_response_time_median"),
    *("lead_response_time_p95", "sales_cycle_mean", "sales_cycle_median", "sales_cycle_mean_of_decided"),
    *("sales_cycle_from_lead_mean", "time_in_stage_median", "slip_rate", "slip_rate_by_value", "forecast_wape"),
    *("forecast_mape", "time_to_value_median", "sla_breaches", "response_time_median"),
    *("resolution_time_mean", "resolution_time_median", "escalation_rate", "handoff_time_median"),
}
NEITHER_IS_BETTER = {"open_opportunities", "pulled_in_pipeline", "forecast_bias"}


def test_the_direction_of_each_kpi_is_the_one_a_seller_expects():
    rooms = (adoption, attribution, lead_generation, onboarding, pipeline_health, qualification, sales, sales_forecast,
             service)  # fmt: skip
    found = {kpi.name: kpi.direction for room in rooms for kpi in vars(room).values() if isinstance(kpi, Kpi)}
    assert {name for name, direction in found.items() if direction == "lower_is_better"} == LOWER_IS_BETTER
    assert {name for name, direction in found.items() if direction == "neither"} == NEITHER_IS_BETTER


def test_the_page_tells_where_rows_come_from_that_are_not_recorded():
    read = {name for kpi in CATALOGUE for name in kpi.populations}
    assert read - set(PREPARED_BY) <= set(entities.__all__) | {"FinancialPeriod"}
    assert set(PREPARED_BY) <= read
    for maker in PREPARED_BY.values():
        room, _, name = maker.partition(".")
        owner = sla if room == "sla" else kpis
        for part in (name if owner is sla else maker).split("."):
            owner = getattr(owner, part)


@pytest.mark.parametrize("kpi", CATALOGUE, ids=lambda kpi: kpi.name)
def test_every_definition_turns_into_plain_data_and_back(kpi):
    assert from_plain(Kpi, json.loads(json.dumps(to_plain(kpi)))) == kpi
