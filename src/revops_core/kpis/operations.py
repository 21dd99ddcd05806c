"""Operations: what the machine behind sales and service does: escalations, uptime, hand-offs, data, automation."""

from __future__ import annotations

from functools import partial

from revops_core.entities.facts import AutomationRun, Handoff, Score
from revops_core.entities.ticket import Ticket
from revops_core.kpis.formula import count, distinct, median, total
from revops_core.kpis.kpi import Kpi
from revops_core.sla.availability import Availability
from revops_core.sla.reading import Notice
from revops_core.values.condition import each, first_known, given, known, one_of

__all__ = [
    "automation_time_saved",
    "availability_rate",
    "data_quality_score",
    "escalation_rate",
    "handoff_time_median",
]

_notice, _ticket, _uptime = each(Notice), each(Ticket), each(Availability)
_score, _handoff, _run = each(Score), each(Handoff), each(AutomationRun)
_created = first_known(_ticket.created_at, _ticket.created_on)
_kpi = partial(Kpi, stage="service")

escalation_rate = _kpi(
    name="escalation_rate", title="Escalation rate", family="escalation_rate", direction="lower_is_better",
    formula=distinct(_notice.clock_id, where=known(_notice.tier)) / count(_ticket), dated=(_notice.at, _created),
    unit="ratio", source="SOMA B2B SaaS",
    says="Requests that were escalated in the period, over the tickets created in it. Reminders are no escalation.",
)  # fmt: skip


availability_rate = _kpi(
    name="availability_rate", title="Availability", family="availability", dated=None,
    formula=(total(_uptime.service_time) - total(_uptime.downtime)) / total(_uptime.service_time),
    source="Google SRE, service level indicators",
    says="The share of the service hours without an open incident; announced maintenance is neither up nor down. It "
    "reads what `sla.availability` found for a period.",
)  # fmt: skip

handoff_time_median = _kpi(
    name="handoff_time_median", title="Hand-off time, median", family="handoff_time",
    unit="duration", direction="lower_is_better",
    formula=median(given(_handoff.accepted_at) - _handoff.at, where=known(_handoff.accepted_at)),
    dated=_handoff.accepted_at, source="LeanScale, hand-off latency",
    says="The time from a hand-off to its acceptance that half of those accepted in the period did not exceed. Group "
    'by "to_team".',
)  # fmt: skip

_quality = one_of(_score.name, "accuracy", "completeness", "consistency", "validity", "uniqueness", "freshness")
data_quality_score = _kpi(
    name="data_quality_score", title="Data quality score", family="data_quality_score", unit="score", dated=_score.at,
    formula=total(_score.value * _score.weight, where=_quality) / total(_score.weight, where=_quality),
    source="DAMA, dimensions of data quality",
    says="The weighted mean of the scores of accuracy, completeness, consistency, validity, uniqueness and freshness "
    'computed in the period. What nobody measured weighs nothing. Group by "name" for each of them.',
)  # fmt: skip

_saved = (_run.manual_time - _run.review_time) * _run.count
automation_time_saved = _kpi(
    name="automation_time_saved", title="Time saved by automation", family="automation", unit="duration",
    formula=total(_saved), dated=_run.at, source="CRM operations guides, process automation efficiency",
    says="Runs of automated processes in the period, times the time that a person would have taken less the time that "
    'one took all the same: an estimate. Group by "process".',
)  # fmt: skip
