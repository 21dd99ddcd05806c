"""Operations: what the machine behind sales and service does: escalations, uptime, hand-offs, data, automation."""

from __future__ import annotations

from functools import partial

from revops_core.entities.engagement import Activity
from revops_core.entities.facts import AutomationRun, Handoff, Score
from revops_core.entities.ticket import Ticket
from revops_core.kpis.formula import Aggregate, count, distinct, mean, median, quantile, total
from revops_core.kpis.kpi import Kpi
from revops_core.sla.availability import Availability
from revops_core.sla.compliance import Outcome
from revops_core.sla.reading import Notice
from revops_core.values.checks import Count, require
from revops_core.values.condition import each, first_known, given, known, not_yet, one_of
from revops_core.values.expression import all_of

__all__ = [
    "automation_time_saved",
    "availability_rate",
    "data_entry_time_mean",
    "data_quality_score",
    "escalation_rate",
    "escalation_rate_to",
    "handoff_acceptance_rate",
    "handoff_time_median",
    "report_time_p95",
    "response_time_p95",
    "time_to_acknowledge_mean",
]

_promise, _notice, _ticket, _uptime = each(Outcome), each(Notice), each(Ticket), each(Availability)
_score, _handoff, _activity, _run = each(Score), each(Handoff), each(Activity), each(AutomationRun)
_created = first_known(_ticket.created_at, _ticket.created_on)
_closed = first_known(_ticket.closed_at, _ticket.closed_on)
_kpi = partial(Kpi, stage="service")
_time = partial(_kpi, unit="duration", direction="lower_is_better")


def _elapsed(target: str, level: str) -> Aggregate:
    """The quantile of the time used until a target was reached."""
    return quantile(_promise.elapsed, level, where=all_of(_promise.target == target, known(_promise.stopped_at)))


response_time_p95 = _time(
    name="response_time_p95", title="Response time, 95 %", family="response_time", formula=_elapsed("response", "0.95"),
    dated=_promise.stopped_at, source="Zendesk, reply time",
    says="The time until first response that 95 % of those reached in the period did not exceed.",
)  # fmt: skip

time_to_acknowledge_mean = _time(
    name="time_to_acknowledge_mean", title="Time to acknowledge, mean (MTTA)", family="time_to_acknowledge",
    formula=mean(_promise.elapsed, where=all_of(_promise.target == "acknowledge", known(_promise.stopped_at))),
    dated=_promise.stopped_at, source="PagerDuty, MTTA",
    says="The mean time until somebody acknowledged a request, of those acknowledged in the period.",
)  # fmt: skip

escalation_rate = _kpi(
    name="escalation_rate", title="Escalation rate", family="escalation_rate", direction="lower_is_better",
    formula=distinct(_notice.clock_id, where=known(_notice.tier)) / count(_ticket), dated=(_notice.at, _created),
    unit="ratio", source="SOMA B2B SaaS",
    says="Requests that were escalated in the period, over the tickets created in it. Reminders are no escalation.",
)  # fmt: skip


def escalation_rate_to(level: int = 2) -> Kpi:
    """The share of requests that were escalated to a level or beyond.

    Raises:
        InvalidValueError: `level` is no whole number.

    >>> escalation_rate_to(3).name
    'escalation_rate_to_level_3'
    """
    require("escalation_rate_to", level=(level, Count))
    return _kpi(
        name=f"escalation_rate_to_level_{level}", title=f"Escalation rate to level {level}", family="escalation_rate",
        formula=distinct(_notice.clock_id, where=given(_notice.tier) >= level) / count(_ticket),
        dated=(_notice.at, _created), unit="ratio", direction="lower_is_better", source="SOMA B2B SaaS",
        says=f"Requests escalated to level {level} or beyond in the period, over the tickets created in it.",
    )  # fmt: skip


availability_rate = _kpi(
    name="availability_rate", title="Availability", family="availability", dated=None,
    formula=(total(_uptime.service_time) - total(_uptime.downtime)) / total(_uptime.service_time),
    source="Google SRE, service level indicators",
    says="The share of the service hours without an open incident; announced maintenance is neither up nor down. It "
    "reads what `sla.availability` found for a period.",
)  # fmt: skip

handoff_time_median = _time(
    name="handoff_time_median", title="Hand-off time, median", family="handoff_time",
    formula=median(given(_handoff.accepted_at) - _handoff.at, where=known(_handoff.accepted_at)),
    dated=_handoff.accepted_at, source="LeanScale, hand-off latency",
    says="The time from a hand-off to its acceptance that half of those accepted in the period did not exceed. Group "
    'by "to_team".',
)  # fmt: skip

handoff_acceptance_rate = _kpi(
    name="handoff_acceptance_rate", title="Hand-off acceptance rate", family="handoff_acceptance_rate",
    formula=count(all_of(known(_handoff.accepted_at), ~not_yet(_handoff.accepted_at))) / count(_handoff),
    dated=_handoff.at, source="LeanScale",
    says="Hand-offs that the other team has accepted so far, also where no person did, of those made in the period.",
)  # fmt: skip

_quality = one_of(_score.name, "accuracy", "completeness", "consistency", "validity", "uniqueness", "freshness")
data_quality_score = _kpi(
    name="data_quality_score", title="Data quality score", family="data_quality_score", unit="score", dated=_score.at,
    formula=total(_score.value * _score.weight, where=_quality) / total(_score.weight, where=_quality),
    source="DAMA, dimensions of data quality",
    says="The weighted mean of the scores of accuracy, completeness, consistency, validity, uniqueness and freshness "
    'computed in the period. What nobody measured weighs nothing. Group by "name" for each of them.',
)  # fmt: skip

data_entry_time_mean = _time(
    name="data_entry_time_mean", title="Data entry time, mean", family="data_entry_time", dated=_activity.at,
    formula=mean(_activity.duration_time, where=_activity.kind == "data_entry"), source="CRM operations guides",
    says='The mean time to enter a record, of the activities "data_entry" of the period.',
)  # fmt: skip

report_time_p95 = _time(
    name="report_time_p95", title="Report time, 95 %", family="report_time", dated=_activity.at,
    formula=quantile(_activity.duration_time, "0.95", where=_activity.kind == "report"),
    source="CRM operations guides",
    says='The time to make a report that 95 % of the activities "report" of the period did not exceed.',
)  # fmt: skip

_saved = (_run.manual_time - _run.review_time) * _run.count
automation_time_saved = _kpi(
    name="automation_time_saved", title="Time saved by automation", family="automation", unit="duration",
    formula=total(_saved), dated=_run.at, source="CRM operations guides, process automation efficiency",
    says="Runs of automated processes in the period, times the time that a person would have taken less the time that "
    'one took all the same: an estimate. Group by "process".',
)  # fmt: skip
