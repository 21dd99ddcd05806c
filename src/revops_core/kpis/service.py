"""Service: whether promised service levels are kept, and how long customers and colleagues wait.

These KPIs read the outcomes of SLA clocks, one row for each promise (`sla.outcomes`), or any rows with these fields:
`target` ("response", "resolution"), `kept` (True, False, or None while it is undecided), `decided_at`, `stopped_at` and
`elapsed` (the time used, in working time where the promise has business hours). Group them by "target", "owner" or
"request.priority".
"""

from __future__ import annotations

from revops_core.kpis.formula import count, mean, median
from revops_core.kpis.kpi import Kpi
from revops_core.sla.compliance import Outcome
from revops_core.values.condition import each, known
from revops_core.values.expression import all_of

__all__ = [
    "resolution_time_mean",
    "resolution_time_median",
    "response_time_mean",
    "response_time_median",
    "sla_breaches",
    "sla_compliance",
]

_promise = each(Outcome)
_responded = all_of(_promise.target == "response", known(_promise.stopped_at))
_resolved = all_of(_promise.target == "resolution", known(_promise.stopped_at))

sla_compliance = Kpi(
    name="sla_compliance",
    title="SLA compliance",
    stage="service",
    formula=count(_promise.kept == True) / count(known(_promise.kept)),  # noqa: E712
    dated=_promise.decided_at,
    says="Promises kept, of those kept or broken in the period. A promise still open is broken once it is overdue, and "
    "out until then; what was cancelled is out.",
    source="Fivetran dbt_zendesk; SOMA B2B SaaS",
    family="sla_compliance",
)

sla_breaches = Kpi(
    name="sla_breaches",
    title="SLA breaches",
    stage="service",
    formula=count(_promise.kept == False),  # noqa: E712
    dated=_promise.decided_at,
    unit="count",
    direction="lower_is_better",
    says="Promises broken in the period.",
    source="Fivetran dbt_zendesk",
    family="sla_compliance",
)


def _time(name: str, title: str, kind: str, responded: bool) -> Kpi:
    fold = mean if kind == "mean" else median
    what = "first response" if responded else "resolution"
    return Kpi(
        name=name,
        title=title,
        stage="service",
        formula=fold(_promise.elapsed, where=_responded if responded else _resolved),
        dated=_promise.stopped_at,
        unit="duration",
        direction="lower_is_better",
        says=f"The {kind} time used until {what}, of those reached in the period. What still waits is not in it.",
        source="Zendesk, reply and resolution time; Fivetran dbt_zendesk",
        family="response_time" if responded else "resolution_time",
    )


response_time_mean = _time("response_time_mean", "Response time, mean", "mean", True)
response_time_median = _time("response_time_median", "Response time, median", "median", True)
resolution_time_mean = _time("resolution_time_mean", "Resolution time, mean", "mean", False)
resolution_time_median = _time("resolution_time_median", "Resolution time, median", "median", False)
