"""Qualification: which leads are worth a seller's time, and how soon that is known."""

from __future__ import annotations

from revops_core.entities.lead import Lead
from revops_core.entities.opportunity import Outcome
from revops_core.kpis.formula import count, mean, median
from revops_core.kpis.kpi import Kpi
from revops_core.kpis.lead_progress import LeadProgress
from revops_core.values.condition import each, first_known, given, known, not_yet, one_of
from revops_core.values.expression import all_of

__all__ = [
    "lead_qualification_rate",
    "lead_qualification_rate_of_decided",
    "mql_to_sql_rate",
    "mql_volume",
    "sql_to_opportunity_rate",
    "sql_volume",
    "time_to_sql_mean",
    "time_to_sql_median",
]

_lead, _progress = each(Lead), each(LeadProgress)
_created = first_known(_lead.created_at, _lead.created_on)
_decided = first_known(_lead.closed_at, _lead.closed_on)
_qualified = _lead.outcome == Outcome.QUALIFIED
_time_to_sql = given(_progress.sql_at) - _progress.created_at

mql_volume = Kpi(
    name="mql_volume",
    title="MQL volume",
    stage="qualification",
    formula=count(known(_progress.mql_at)),
    dated=_progress.mql_at,
    unit="count",
    says="Leads that marketing qualified for the first time in the period.",
    source="SOMA B2B SaaS",
    family="mql_volume",
)

sql_volume = Kpi(
    name="sql_volume",
    title="SQL volume",
    stage="qualification",
    formula=count(known(_progress.sql_at)),
    dated=_progress.sql_at,
    unit="count",
    says="Leads that sales accepted as qualified for the first time in the period.",
    source="SOMA B2B SaaS",
    family="sql_volume",
)

mql_to_sql_rate = Kpi(
    name="mql_to_sql_rate",
    title="MQL-to-SQL conversion rate",
    stage="qualification",
    formula=count(all_of(known(_progress.mql_at), known(_progress.sql_at), ~not_yet(_progress.sql_at)))
    / count(known(_progress.mql_at)),
    dated=_progress.mql_at,
    says="Leads that sales has accepted so far, of those that marketing qualified in the period. It grows with time.",
    source="GrowthBook, funnel from entry",
    family="mql_to_sql_rate",
)

sql_to_opportunity_rate = Kpi(
    name="sql_to_opportunity_rate",
    title="SQL-to-opportunity conversion rate",
    stage="sales",
    formula=count(all_of(known(_progress.sql_at), known(_progress.opportunity_at), ~not_yet(_progress.opportunity_at)))
    / count(known(_progress.sql_at)),
    dated=_progress.sql_at,
    says="Leads that became an opportunity so far, of those that sales accepted in the period. It grows with time.",
    source="GrowthBook, funnel from entry",
    family="sql_to_opportunity_rate",
)

lead_qualification_rate = Kpi(
    name="lead_qualification_rate",
    title="Lead qualification rate",
    stage="qualification",
    formula=count(all_of(_qualified, ~not_yet(_decided))) / count(_lead),
    dated=_created,
    says="Leads qualified so far, of all leads created in the period. It grows while some are undecided.",
    source="SOMA B2B SaaS",
    family="lead_qualification_rate",
)

lead_qualification_rate_of_decided = Kpi(
    name="lead_qualification_rate_of_decided",
    title="Lead qualification rate of decided leads",
    stage="qualification",
    formula=count(_qualified) / count(one_of(_lead.outcome, Outcome.QUALIFIED, Outcome.DISQUALIFIED)),
    dated=_decided,
    says="Leads qualified, of those qualified or disqualified in the period.",
    source="SOMA B2B SaaS",
    family="lead_qualification_rate",
)

time_to_sql_mean = Kpi(
    name="time_to_sql_mean",
    title="Time to SQL, mean",
    stage="qualification",
    formula=mean(_time_to_sql, where=known(_progress.sql_at)),
    dated=_progress.sql_at,
    unit="duration",
    direction="lower_is_better",
    says="The mean time from creating a lead to its acceptance by sales, of those accepted in the period. Leads that "
    "wait are not in it, so it flatters while many do.",
    source="SOMA B2B SaaS",
    family="time_to_sql",
)

time_to_sql_median = Kpi(
    name="time_to_sql_median",
    title="Time to SQL, median",
    stage="qualification",
    formula=median(_time_to_sql, where=known(_progress.sql_at)),
    dated=_progress.sql_at,
    unit="duration",
    direction="lower_is_better",
    says="The time from creating a lead to its acceptance by sales that half of those accepted in the period did not "
    "exceed. Leads that wait are not in it.",
    source="SOMA B2B SaaS",
    family="time_to_sql",
)
