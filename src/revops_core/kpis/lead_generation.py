"""Lead generation: how many leads came, from where, at what cost, and how many of them go on.

The performance of lead sources is these KPIs by source: `by="lead_source"`, and for the cost of a lead
`by={"source": {"Spend": "channel", "Lead": "lead_source"}}`.
"""

from __future__ import annotations

from functools import partial

from revops_core.entities.engagement import Touch, Visit
from revops_core.entities.facts import Converted, Score, Spend
from revops_core.entities.lead import Lead
from revops_core.kpis.formula import count, distinct, mean, total
from revops_core.kpis.kpi import Kpi
from revops_core.kpis.lead_progress import LeadProgress
from revops_core.kpis.subject_activity import SubjectActivity
from revops_core.values.condition import each, first_known, known, not_yet
from revops_core.values.expression import all_of

__all__ = [
    "average_lead_score", "conversion_rate", "cost_per_lead", "lead_conversion_rate", "lead_to_customer_rate",
    "lead_to_mql_rate", "lead_to_mql_rate_in_period", "lead_volume", "target_account_engagement", "website_sessions",
    "website_visitors",
]  # fmt: skip

_lead, _progress, _spend, _visit = each(Lead), each(LeadProgress), each(Spend), each(Visit)
_score, _activity, _touch, _converted = each(Score), each(SubjectActivity), each(Touch), each(Converted)
_created = first_known(_lead.created_at, _lead.created_on)
_is_target = _activity.subject == "target_account"
_kpi = partial(Kpi, stage="lead_generation")
_traffic = partial(_kpi, family="website_traffic", dated=_visit.at, unit="count", source="SOMA B2B SaaS")

website_sessions = _traffic(
    name="website_sessions", title="Website traffic, sessions", formula=count(_visit),
    says="Sessions on the website that began in the period.",
)  # fmt: skip

website_visitors = _traffic(
    name="website_visitors", title="Website traffic, visitors", formula=distinct(_visit.visitor_id),
    says="Different visitors of the website in the period. They do not add up over segments or periods: one visitor "
    "may be in several.",
)  # fmt: skip

lead_volume = _kpi(
    name="lead_volume", title="Lead volume", family="lead_volume", unit="count", formula=count(_lead), dated=_created,
    source="SOMA B2B SaaS", says="Leads created in the period. Merge duplicates first.",
)  # fmt: skip

lead_to_mql_rate = _kpi(
    name="lead_to_mql_rate", title="Lead-to-MQL conversion rate", family="lead_to_mql_rate",
    formula=count(all_of(known(_progress.mql_at), ~not_yet(_progress.mql_at))) / count(_progress),
    dated=_progress.created_at, source="GrowthBook, funnel from entry",
    says="Leads that marketing has qualified so far, of all leads created in the period. It grows with time.",
)  # fmt: skip

lead_to_mql_rate_in_period = _kpi(
    name="lead_to_mql_rate_in_period", title="Lead-to-MQL rate in the period", family="lead_to_mql_rate",
    formula=count(known(_progress.mql_at)) / count(_lead), dated=(_progress.mql_at, _created), unit="ratio",
    source="GrowthBook, step by step",
    says="Leads that marketing qualified in the period, over the leads created in it. They need not be the same "
    "leads, so that it may exceed 1.",
)  # fmt: skip

cost_per_lead = _kpi(
    name="cost_per_lead", title="Cost per lead", family="cost_per_lead", unit="money", direction="lower_is_better",
    formula=total(_spend.amount, where=_spend.purpose == "marketing") / count(_lead), dated=(_spend.on, _created),
    source="SOMA B2B SaaS", says="Marketing spend of the period, over the leads created in it.",
)  # fmt: skip

lead_conversion_rate = _kpi(
    name="lead_conversion_rate", title="Lead conversion rate", family="lead_conversion_rate",
    formula=count(all_of(known(_lead.converted_at), ~not_yet(_lead.converted_at))) / count(_lead), dated=_created,
    source="Salesforce, lead conversion",
    says="Leads converted into a contact so far, of all leads created in the period. It grows with time.",
)  # fmt: skip

lead_to_customer_rate = _kpi(
    name="lead_to_customer_rate", title="Lead-to-customer conversion rate", family="lead_conversion_rate",
    formula=count(all_of(known(_progress.won_at), ~not_yet(_progress.won_at))) / count(_progress),
    dated=_progress.created_at, source="MetricHQ, which calls it win rate too",
    says="Leads from which a sale was won so far, of all leads created in the period. It grows with time.",
)  # fmt: skip

conversion_rate = _kpi(
    name="conversion_rate", title="Conversion rate of engagements", family="lead_conversion_rate", unit="ratio",
    formula=distinct(_converted.subject_id, where=_converted.subject == "Lead") / count(_touch),
    dated=(_converted.at, _touch.at), source="RevOps mapping guides: conversions / engagements",
    says="Leads converted in the period, each once, over the touches of marketing in it.",
)  # fmt: skip

average_lead_score = _kpi(
    name="average_lead_score", title="Lead score, mean", family="lead_score", unit="score", source="Common practice",
    dated=_score.at, formula=mean(_score.value, where=all_of(_score.subject == "Lead", _score.name == "lead_score")),
    says="The mean of the lead scores that were computed in the period. Give the last one of each lead.",
)  # fmt: skip

target_account_engagement = _kpi(
    name="target_account_engagement", title="Target account engagement", family="target_account_engagement",
    formula=count(all_of(_is_target, _activity.event_count >= 1)) / count(_is_target), dated=_activity.starts_on,
    source="Clari, engage",
    says="Target accounts with which there was at least one activity in the period, of those on the list at its start.",
)  # fmt: skip
