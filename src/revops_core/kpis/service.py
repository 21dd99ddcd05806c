"""Service and operations: whether promises are kept and how long people wait; uptime, hand-offs, data, automation.

The KPIs of promises read the outcomes of SLA clocks, one row for each promise (`sla.outcomes`), or any rows with these
fields: `target` ("response", "resolution"), `kept` (True, False, or None while it is undecided), `decided_at`,
`stopped_at` and `elapsed` (the time used, in working time where the promise has business hours). Group them by
"target", "owner" or "request.priority".
"""

from __future__ import annotations

from functools import partial

from revops_core.entities.facts import AutomationRun, Handoff, Score
from revops_core.entities.ticket import Ticket
from revops_core.kpis.formula import count, distinct, mean, median, total
from revops_core.kpis.kpi import Kpi
from revops_core.sla.availability import Availability
from revops_core.sla.compliance import Outcome
from revops_core.sla.reading import Notice
from revops_core.values.condition import each, first_known, given, known, one_of
from revops_core.values.expression import all_of

__all__ = [
    "automation_time_saved", "availability_rate", "data_quality_score", "escalation_rate", "handoff_time_median",
    "resolution_time_mean", "resolution_time_median", "response_time_median", "sla_breaches", "sla_compliance",
]  # fmt: skip

_promise, _notice, _ticket, _uptime = each(Outcome), each(Notice), each(Ticket), each(Availability)
_score, _handoff, _run = each(Score), each(Handoff), each(AutomationRun)
_created = first_known(_ticket.created_at, _ticket.created_on)
_responded = all_of(_promise.target == "response", known(_promise.stopped_at))
_resolved = all_of(_promise.target == "resolution", known(_promise.stopped_at))
_kpi = partial(Kpi, stage="service")
_duration = partial(_kpi, unit="duration", direction="lower_is_better")
_time = partial(_duration, dated=_promise.stopped_at, source="Zendesk, reply and resolution time; Fivetran dbt_zendesk")
_response, _resolution = partial(_time, family="response_time"), partial(_time, family="resolution_time")
_WAITING = "of those reached in the period. What still waits is not in it."

sla_compliance = _kpi(
    name="sla_compliance", title="SLA compliance", family="sla_compliance", dated=_promise.decided_at,
    formula=count(one_of(_promise.kept, True)) / count(known(_promise.kept)),
    source="Fivetran dbt_zendesk; SOMA B2B SaaS",
    says="Promises kept, of those kept or broken in the period. A promise still open is broken once it is overdue, and "
    "out until then; what was cancelled is out.",
)  # fmt: skip

sla_breaches = _kpi(
    name="sla_breaches", title="SLA breaches", family="sla_compliance", dated=_promise.decided_at, unit="count",
    formula=count(one_of(_promise.kept, False)), direction="lower_is_better", source="Fivetran dbt_zendesk",
    says="Promises broken in the period.",
)  # fmt: skip

response_time_median = _response(
    name="response_time_median", title="Response time, median", formula=median(_promise.elapsed, where=_responded),
    says=f"The median time used until the first response, {_WAITING}",
)  # fmt: skip

resolution_time_mean = _resolution(
    name="resolution_time_mean", title="Resolution time, mean", formula=mean(_promise.elapsed, where=_resolved),
    says=f"The mean time used until the resolution, {_WAITING}",
)  # fmt: skip

resolution_time_median = _resolution(
    name="resolution_time_median", title="Resolution time, median", formula=median(_promise.elapsed, where=_resolved),
    says=f"The median time used until the resolution, {_WAITING}",
)  # fmt: skip

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
    "reads what `sla.availability` found, which has no date: give the rows of one period.",
)  # fmt: skip

handoff_time_median = _duration(
    name="handoff_time_median", title="Hand-off time, median", family="handoff_time",
    formula=median(given(_handoff.accepted_at) - _handoff.at, where=known(_handoff.accepted_at)),
    dated=_handoff.accepted_at, source="LeanScale, hand-off latency",
    says="Half of the hand-offs accepted in the period, by a person or because the time ran out, waited no longer than "
    'this. Group by "to_team".',
)  # fmt: skip

_quality = one_of(_score.name, "accuracy", "completeness", "consistency", "validity", "uniqueness", "freshness")
data_quality_score = _kpi(
    name="data_quality_score", title="Data quality score", family="data_quality_score", unit="score", dated=_score.at,
    formula=total(_score.value * _score.weight, where=_quality) / total(_score.weight, where=_quality),
    source="DAMA, dimensions of data quality",
    says="The weighted mean of the scores of accuracy, completeness, consistency, validity, uniqueness and freshness "
    'computed in the period. What nobody measured weighs nothing. Group by "name" for each of them.',
)  # fmt: skip

automation_time_saved = _kpi(
    name="automation_time_saved", title="Time saved by automation", family="automation", unit="duration",
    formula=total(_run.manual_time * _run.count) - total(_run.review_time * _run.count), dated=_run.at,
    source="CRM operations guides, process automation efficiency",
    says="The time that people would have taken for what was automated in the period, less the time that they took "
    'all the same, each times the runs: an estimate, below 0 where reviews took longer. Group by "process".',
)  # fmt: skip
