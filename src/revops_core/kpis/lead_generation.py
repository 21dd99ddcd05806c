"""Lead generation: how many leads came, from where, at what cost, and how many of them go on."""

from __future__ import annotations

from functools import partial

from revops_core.entities.engagement import Touch, Visit
from revops_core.entities.facts import Converted, Score, Spend
from revops_core.entities.lead import Lead
from revops_core.kpis.change import Comparison
from revops_core.kpis.formula import count, distinct, mean, total
from revops_core.kpis.kpi import Kpi
from revops_core.kpis.lead_progress import LeadProgress
from revops_core.kpis.subject_activity import SubjectActivity
from revops_core.values.condition import each, first_known, known, not_yet
from revops_core.values.expression import all_of

__all__ = [
    "average_lead_score",
    "conversion_rate",
    "cost_per_lead",
    "lead_conversion_rate",
    "lead_to_customer_rate",
    "lead_to_mql_rate",
    "lead_to_mql_rate_in_period",
    "lead_velocity_rate",
    "lead_volume",
    "target_account_engagement",
    "website_sessions",
    "website_visitors",
]

_lead, _progress, _spend, _visit = each(Lead), each(LeadProgress), each(Spend), each(Visit)
_score, _comparison = each(Score), each(Comparison)
_activity, _touch, _converted = each(SubjectActivity), each(Touch), each(Converted)
_created = first_known(_lead.created_at, _lead.created_on)

website_sessions = Kpi(
    name="website_sessions",
    title="Website traffic, sessions",
    stage="lead_generation",
    formula=count(_visit),
    dated=_visit.at,
    unit="count",
    says="Sessions on the website that began in the period.",
    source="SOMA B2B SaaS",
    family="website_traffic",
)

website_visitors = Kpi(
    name="website_visitors",
    title="Website traffic, visitors",
    stage="lead_generation",
    formula=distinct(_visit.visitor_id),
    dated=_visit.at,
    unit="count",
    says="Different visitors of the website in the period. They do not add up over segments or periods: one visitor "
    "may be in several.",
    source="SOMA B2B SaaS",
    family="website_traffic",
)

lead_volume = Kpi(
    name="lead_volume",
    title="Lead volume",
    stage="lead_generation",
    formula=count(_lead),
    dated=_created,
    unit="count",
    says="Leads created in the period. Merge duplicates first.",
    source="SOMA B2B SaaS",
    family="lead_volume",
)

lead_to_mql_rate = Kpi(
    name="lead_to_mql_rate",
    title="Lead-to-MQL conversion rate",
    stage="lead_generation",
    formula=count(all_of(known(_progress.mql_at), ~not_yet(_progress.mql_at))) / count(_progress),
    dated=_progress.created_at,
    says="Leads that marketing has qualified so far, of all leads created in the period. It grows with time.",
    source="GrowthBook, funnel from entry",
    family="lead_to_mql_rate",
)

lead_conversion_rate = Kpi(
    name="lead_conversion_rate",
    title="Lead conversion rate",
    stage="lead_generation",
    formula=count(all_of(known(_lead.converted_at), ~not_yet(_lead.converted_at))) / count(_lead),
    dated=_created,
    says="Leads converted into a contact so far, of all leads created in the period. It grows with time.",
    source="Salesforce, lead conversion",
    family="lead_conversion_rate",
)

cost_per_lead = Kpi(
    name="cost_per_lead",
    title="Cost per lead",
    stage="lead_generation",
    formula=total(_spend.amount, where=_spend.purpose == "marketing") / count(_lead),
    dated=(_spend.on, _created),
    unit="money",
    direction="lower_is_better",
    says="Marketing spend of the period, over the leads created in it.",
    source="SOMA B2B SaaS",
    family="cost_per_lead",
)

_kpi = partial(Kpi, stage="lead_generation")

lead_to_mql_rate_in_period = _kpi(
    name="lead_to_mql_rate_in_period", title="Lead-to-MQL rate in the period", family="lead_to_mql_rate",
    formula=count(known(_progress.mql_at)) / count(_lead), dated=(_progress.mql_at, _created), unit="ratio",
    source="GrowthBook, step by step",
    says="Leads that marketing qualified in the period, over the leads created in it; others than those, so that it "
    "may exceed 1.",
)  # fmt: skip

lead_to_customer_rate = _kpi(
    name="lead_to_customer_rate", title="Lead-to-customer conversion rate", family="lead_conversion_rate",
    formula=count(all_of(known(_progress.won_at), ~not_yet(_progress.won_at))) / count(_progress),
    dated=_progress.created_at, source="MetricHQ, which calls it win rate too",
    says="Leads from which a sale was won so far, of all leads created in the period. It grows with time.",
)  # fmt: skip

conversion_rate = _kpi(
    name="conversion_rate", title="Conversion rate of engagements", family="lead_conversion_rate",
    formula=count(_converted.subject == "Lead") / count(_touch), dated=(_converted.at, _touch.at), unit="ratio",
    source="RevOps mapping guides: conversions / engagements",
    says="Leads converted in the period, over the touches of marketing in it.",
)  # fmt: skip

lead_velocity_rate = _kpi(
    name="lead_velocity_rate", title="Lead velocity rate", family="lead_velocity_rate",
    formula=(total(_comparison.after, where=_comparison.kpi == "mql_volume")
             - total(_comparison.before, where=_comparison.kpi == "mql_volume"))
    / total(_comparison.before, where=_comparison.kpi == "mql_volume"),
    dated=_comparison.starts_on, unit="ratio", source="SOMA B2B SaaS; Jason Lemkin",
    says="How much the MQL volume grew over the period before. It reads comparisons of `mql_volume`.",
)  # fmt: skip

average_lead_score = _kpi(
    name="average_lead_score", title="Lead score, mean", family="lead_score", unit="score", dated=_score.at,
    formula=mean(_score.value, where=all_of(_score.subject == "Lead", _score.name == "lead_score")),
    source="Common practice",
    says="The mean of the lead scores that were computed in the period. Give the last one of each lead.",
)  # fmt: skip

target_account_engagement = _kpi(
    name="target_account_engagement", title="Target account engagement", family="target_account_engagement",
    formula=count(all_of(_activity.subject == "target_account", _activity.event_count >= 1))
    / count(_activity.subject == "target_account"),
    dated=_activity.starts_on, source="Clari, engage",
    says="Target accounts with which there was at least one activity in the period, of those on the list at its start.",
)  # fmt: skip
