"""Outcomes: one row for each cycle of each target of many clocks, and what can be counted from them.

The compliance rate itself is a KPI and is defined once, in `kpis.sla_compliance`, over these rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from attrs import frozen

from revops_core.sla.clock import Clock

__all__ = ["Outcome", "outcomes"]


@frozen(kw_only=True)
class Outcome:
    """What became of one promise to one request, as of an instant.

    Args:
        clock_id, target, cycle: which promise; the cycle is named by the fact that opened it.
        result: "met", "breached" (also where it was reached late), "running" (open and in time) or "cancelled".
        kept: True where met, False where breached, None where it is not decided or was withdrawn.
        status: the status of the reading, one of `STATUSES`.
        request: the fields of the request at that instant, e.g. its priority.
        policy: the key of the policy that held.
        provider, customer, owner: who promised, to whom, and who had it last.
        started_at, due_at, stopped_at, breached_at: as in the reading.
        decided_at: when it was met or missed; None where it is not decided.
        within, elapsed, wall_elapsed: the time allowed, and the time used in working and in wall time.
        breach_cause: the kind of the fact after which it was missed, e.g. "started", "reopened", "reprioritised".

    >>> from datetime import UTC
    >>> from revops_core.sla.clock_event import ClockEvent
    >>> from revops_core.sla.revenue_operations import REVENUE_OPERATIONS
    >>> nine = datetime(2026, 3, 2, 9, tzinfo=UTC)
    >>> clock = REVENUE_OPERATIONS.clock("ticket-7", [ClockEvent("started", nine)], request="account_setup")
    >>> outcomes([clock], as_of=nine + timedelta(hours=3))[0].breach_cause
    'started'
    """

    clock_id: str
    target: str
    cycle: str
    result: str
    kept: bool | None
    status: str
    request: Mapping[str, object]
    policy: str
    provider: str
    customer: str
    owner: str | None
    started_at: datetime
    due_at: datetime | None
    stopped_at: datetime | None
    breached_at: datetime | None
    decided_at: datetime | None
    within: timedelta
    elapsed: timedelta
    wall_elapsed: timedelta
    breach_cause: str | None


def outcomes(clocks: Iterable[Clock], as_of: datetime) -> list[Outcome]:
    """One row for each cycle that has started, of every target of `clocks`, as the facts up to `as_of` make it.

    >>> from datetime import UTC
    >>> from revops_core.sla.clock_event import ClockEvent
    >>> from revops_core.sla.revenue_operations import REVENUE_OPERATIONS
    >>> nine = datetime(2026, 3, 2, 9, tzinfo=UTC)
    >>> clock = REVENUE_OPERATIONS.clock("ticket-7", [ClockEvent("started", nine)], request="account_setup")
    >>> [(row.target, row.result, row.kept) for row in outcomes([clock], as_of=nine + timedelta(hours=3))]
    [('resolution', 'breached', False)]
    """
    rows = []
    for clock in clocks:
        reading = clock.read(as_of)
        request = clock.fields_at(as_of)
        for cycle in reading.cycles:
            if cycle.cycle is None or cycle.started_at is None or cycle.within is None:
                continue
            kept = False if cycle.breached_at is not None else True if cycle.status == "met" else None
            undecided = "cancelled" if cycle.status == "cancelled" else "running"
            rows.append(
                Outcome(
                    clock_id=clock.id,
                    target=cycle.target,
                    cycle=cycle.cycle,
                    result=undecided if kept is None else "met" if kept else "breached",
                    kept=kept,
                    status=cycle.status,
                    request=request,
                    policy=reading.policy,
                    provider=cycle.provider,
                    customer=cycle.customer,
                    owner=cycle.owner,
                    started_at=cycle.started_at,
                    due_at=cycle.due_at,
                    stopped_at=cycle.stopped_at,
                    breached_at=cycle.breached_at,
                    decided_at=cycle.stopped_at if kept else cycle.breached_at,
                    within=cycle.within,
                    elapsed=cycle.elapsed,
                    wall_elapsed=cycle.wall_elapsed,
                    breach_cause=None if cycle.breach_cause is None else cycle.breach_cause.kind,
                )
            )
    return rows
