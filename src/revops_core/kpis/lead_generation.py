"""Lead generation: how many leads came, from where, at what cost, and how many of them go on."""

from __future__ import annotations

from revops_core.entities.engagement import Visit
from revops_core.entities.facts import Spend
from revops_core.entities.lead import Lead
from revops_core.kpis.formula import count, distinct, total
from revops_core.kpis.kpi import Kpi
from revops_core.kpis.lead_progress import LeadProgress
from revops_core.values.condition import each, first_known, known, not_yet
from revops_core.values.expression import all_of

__all__ = [
    "cost_per_lead",
    "lead_conversion_rate",
    "lead_to_mql_rate",
    "lead_volume",
    "website_sessions",
    "website_visitors",
]

_lead, _progress, _spend, _visit = each(Lead), each(LeadProgress), each(Spend), each(Visit)
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
