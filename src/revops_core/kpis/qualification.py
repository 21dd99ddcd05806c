"""Qualification: which leads are worth a seller's time, and how soon that is known."""

from __future__ import annotations

from functools import partial
from typing import Any

from revops_core.entities.facts import Handoff
from revops_core.entities.lead import Lead
from revops_core.entities.opportunity import Outcome
from revops_core.kpis.formula import count, mean, median, quantile
from revops_core.kpis.kpi import Kpi
from revops_core.kpis.lead_progress import LeadProgress
from revops_core.values.condition import each, first_known, given, known, not_yet, one_of
from revops_core.values.expression import all_of

__all__ = [
    "lead_acceptance_rate", "lead_qualification_rate", "lead_qualification_rate_of_decided", "lead_response_rate",
    "lead_response_time_median", "lead_response_time_p95", "mql_to_sql_rate", "mql_volume", "sql_to_opportunity_rate",
    "sql_volume", "time_to_sql_mean", "time_to_sql_median",
]  # fmt: skip

_lead, _progress, _handoff = each(Lead), each(LeadProgress), each(Handoff)
_created = first_known(_lead.created_at, _lead.created_on)
_decided = first_known(_lead.closed_at, _lead.closed_on)
_qualified = _lead.outcome == Outcome.QUALIFIED
_sql_at: Any = given(_progress.sql_at)  # a day or an instant
_time_to_sql = _sql_at - _progress.created_at
_responded = all_of(known(_progress.response_time), ~not_yet(_progress.attempted_at))

_of_lead, _by_hand = _handoff.subject == "Lead", one_of(_handoff.is_automatic, False)
_kpi = partial(Kpi, stage="qualification")
_volume = partial(_kpi, unit="count", source="SOMA B2B SaaS")
_rate = partial(_kpi, source="GrowthBook, funnel from entry")
_qualification = partial(_kpi, family="lead_qualification_rate", source="SOMA B2B SaaS")
_wait = partial(_kpi, unit="duration", direction="lower_is_better")
_to_sql = partial(_wait, family="time_to_sql", dated=_progress.sql_at, source="SOMA B2B SaaS")
_response = partial(_wait, family="lead_response_time", dated=_progress.created_at, source="LeanScale, speed to lead")
_NOT_YET = "Leads that still wait are not in it: read it beside the lead response rate."

mql_volume = _volume(
    name="mql_volume", title="MQL volume", family="mql_volume", formula=count(known(_progress.mql_at)),
    dated=_progress.mql_at, says="Leads that marketing qualified for the first time in the period.",
)  # fmt: skip

sql_volume = _volume(
    name="sql_volume", title="SQL volume", family="sql_volume", formula=count(known(_progress.sql_at)),
    dated=_progress.sql_at, says="Leads that sales accepted as qualified for the first time in the period.",
)  # fmt: skip

mql_to_sql_rate = _rate(
    name="mql_to_sql_rate", title="MQL-to-SQL conversion rate", family="mql_to_sql_rate", dated=_progress.mql_at,
    formula=count(all_of(known(_progress.mql_at), known(_progress.sql_at), ~not_yet(_progress.sql_at)))
    / count(known(_progress.mql_at)),
    says="Leads that sales has accepted so far, of those that marketing qualified in the period. It grows with time.",
)  # fmt: skip

sql_to_opportunity_rate = _rate(
    name="sql_to_opportunity_rate", title="SQL-to-opportunity conversion rate", family="sql_to_opportunity_rate",
    stage="sales", dated=_progress.sql_at,
    formula=count(all_of(known(_progress.sql_at), known(_progress.opportunity_at), ~not_yet(_progress.opportunity_at)))
    / count(known(_progress.sql_at)),
    says="Leads that became an opportunity so far, of those that sales accepted in the period. It grows with time.",
)  # fmt: skip

lead_qualification_rate = _qualification(
    name="lead_qualification_rate", title="Lead qualification rate", dated=_created,
    formula=count(all_of(_qualified, ~not_yet(_decided))) / count(_lead),
    says="Leads qualified so far, of all leads created in the period. It grows while some are undecided.",
)  # fmt: skip

lead_qualification_rate_of_decided = _qualification(
    name="lead_qualification_rate_of_decided", title="Lead qualification rate of decided leads", dated=_decided,
    formula=count(_qualified) / count(one_of(_lead.outcome, Outcome.QUALIFIED, Outcome.DISQUALIFIED)),
    says="Leads qualified, of those qualified or disqualified in the period.",
)  # fmt: skip

time_to_sql_mean = _to_sql(
    name="time_to_sql_mean", title="Time to SQL, mean", formula=mean(_time_to_sql, where=known(_progress.sql_at)),
    says="The mean time from creating a lead to its acceptance by sales, of those accepted in the period. Leads that "
    "wait are not in it, so it flatters while many do.",
)  # fmt: skip

time_to_sql_median = _to_sql(
    name="time_to_sql_median", title="Time to SQL, median", formula=median(_time_to_sql, where=known(_progress.sql_at)),
    says="Half of the leads that sales accepted in the period took no longer than this from creation to acceptance. "
    "Leads that wait are not in it.",
)  # fmt: skip

lead_response_time_median = _response(
    name="lead_response_time_median", title="Lead response time, median",
    formula=median(_progress.response_time, where=_responded),
    says=f"Half of the leads created in the period had to wait no longer than this until a person of ours first turned "
    f"to them. {_NOT_YET}",
)  # fmt: skip

lead_response_time_p95 = _response(
    name="lead_response_time_p95", title="Lead response time, 95 %",
    formula=quantile(_progress.response_time, "0.95", where=_responded),
    says=f"95 % of the leads created in the period had to wait no longer than this until a person of ours first turned "
    f"to them. {_NOT_YET}",
)  # fmt: skip

lead_response_rate = _kpi(
    name="lead_response_rate", title="Lead response rate", family="lead_response_rate",
    formula=count(all_of(known(_progress.attempted_at), ~not_yet(_progress.attempted_at))) / count(_progress),
    dated=_progress.created_at, source="LeanScale, speed to lead",
    says="Leads to which a person of ours has turned so far, of those created in the period.",
)  # fmt: skip

lead_acceptance_rate = _kpi(
    name="lead_acceptance_rate", title="Lead acceptance rate", family="lead_acceptance_rate", dated=_handoff.at,
    formula=count(all_of(_of_lead, known(_handoff.accepted_at), ~not_yet(_handoff.accepted_at), _by_hand))
    / count(_of_lead),
    source="SOMA B2B SaaS",
    says="Leads that somebody has accepted so far, of those handed over in the period; what was accepted because the "
    "time ran out does not count.",
)  # fmt: skip
