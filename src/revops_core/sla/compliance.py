"""Outcomes: one row for each cycle of each target of many clocks, and what can be counted from them.

The compliance rate itself is a KPI and is defined once, in `kpis.sla_compliance`, over these rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from fractions import Fraction
from typing import cast

from attrs import field, frozen

from revops_core.errors import CalendarHorizonError
from revops_core.sla.clock import Clock, fact_id, standing
from revops_core.values.checks import require
from revops_core.values.distribution import quantiles
from revops_core.values.expression import Expression, compiled
from revops_core.values.frozen_map import frozen_map
from revops_core.values.instants import to_microseconds
from revops_core.values.period import Period
from revops_core.values.period_index import periods_index
from revops_core.values.table import Table

__all__ = ["Outcome", "outcome_table", "outcomes"]

_RESULTS = ("met", "breached", "running", "cancelled")
_SHARES = {"elapsed_median": Fraction(1, 2), "elapsed_p90": Fraction(9, 10), "elapsed_p95": Fraction(19, 20)}


@frozen(kw_only=True)
class Outcome:
    """What became of one promise to one request, as of an instant.

    Args:
        clock_id, target, cycle: which promise; the cycle is named by the fact that opened it.
        result: "met", "breached" (also where it was reached late), "running" (open and in time) or "cancelled".
        kept: True where met, False where breached, None where it is not decided or was withdrawn.
        status: the status of the reading, one of `STATUSES`.
        request: the fields of the request at that instant, e.g. its priority.
        policy, agreement: the key of the policy that promised it, and whether that is "internal" or "external".
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
    request: Mapping[str, object] = field(converter=frozen_map)
    policy: str
    agreement: str
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

    Raises:
        CalendarHorizonError: an instant of a clock lies outside the years of a calendar; a note names the clock.

    >>> from datetime import UTC
    >>> from revops_core.sla.clock_event import ClockEvent
    >>> from revops_core.sla.revenue_operations import REVENUE_OPERATIONS
    >>> nine = datetime(2026, 3, 2, 9, tzinfo=UTC)
    >>> clock = REVENUE_OPERATIONS.clock("ticket-7", [ClockEvent("started", nine)], request="account_setup")
    >>> [(row.target, row.result, row.kept) for row in outcomes([clock], as_of=nine + timedelta(hours=3))]
    [('resolution', 'breached', False)]
    """
    require("outcomes", as_of=(as_of, datetime))
    rows: list[Outcome] = []
    for clock in clocks:
        try:
            rows.extend(_outcomes_of(clock, as_of))
        except CalendarHorizonError as error:
            error.add_note(f"It is about the clock {clock.id!r}; sla.check tells of all such clocks.")
            raise
    return rows


def _outcomes_of(clock: Clock, as_of: datetime) -> Iterator[Outcome]:
    now_at, tz = to_microseconds(as_of), cast("tzinfo", as_of.tzinfo)
    request = clock.fields_at(as_of)
    for name in clock.names:
        for cycle in clock.replay(name, now_at).cycles:
            found = standing(cycle, cycle.due(), tz)
            kept = False if cycle.breached is not None else True if found["status"] == "met" else None
            undecided = "cancelled" if found["status"] == "cancelled" else "running"
            yield Outcome(
                clock_id=clock.id,
                target=name,
                cycle=fact_id(clock.id, cycle.opener),
                result=undecided if kept is None else "met" if kept else "breached",
                kept=kept,
                request=request,
                policy=cycle.plan.policy.key,
                agreement=cycle.plan.policy.agreement,
                decided_at=found["stopped_at" if kept else "breached_at"],
                provider=cycle.plan.told["provider"],
                customer=cycle.plan.told["customer"],
                **found,
                breach_cause=None if cycle.breach_cause is None else cycle.breach_cause.kind,
            )


def outcome_table(
    rows: Iterable[Outcome], by: Sequence[str] = ("target",), *, over: Iterable[Period] = (), dated: str = "decided_at"
) -> Table:
    """What became of the promises in each group, how long the reached ones took, and after what the others were missed.

    The columns are the fields of `by`; `promises`, and of these `met`, `breached`, `running` and `cancelled`; the
    quantiles of the elapsed time of those that were reached, late ones included; and `causes`, the most frequent first.

    Args:
        rows: what `outcomes` returned.
        by: fields of an outcome, or paths such as "request.priority"; "breach_cause" tells more about the causes.
        over: periods, disjoint; the table then has a column `period` first, and what falls in none is left out.
        dated: the field that puts a row into a period: "decided_at", "started_at" or "stopped_at".

    >>> from datetime import UTC
    >>> from revops_core.sla.clock_event import ClockEvent
    >>> from revops_core.sla.revenue_operations import REVENUE_OPERATIONS
    >>> nine = datetime(2026, 3, 2, 9, tzinfo=UTC)
    >>> clock = REVENUE_OPERATIONS.clock("ticket-7", [ClockEvent("started", nine)], request="account_setup")
    >>> outcome_table(outcomes([clock], as_of=nine + timedelta(hours=3)), by=["provider"]).rows()[0]["breached"]
    1
    """
    by, periods = tuple(by), tuple(over)
    require("outcome_table", by=(by, tuple[str, ...]), dated=(dated, str))
    readers = [compiled(Expression("field", (path, ""))) for path in by]
    index, moment_of = periods_index(periods), compiled(Expression("field", (dated, "")))
    groups: dict[tuple[object, ...], list[Outcome]] = {}
    for row in rows:
        key = tuple(read(row) for read in readers)
        if periods:
            moment = moment_of(row)
            place = None if moment is None else index(moment)
            if place is None:
                continue
            key = periods[place].label, *key
        groups.setdefault(key, []).append(row)
    named = ("period", *by) if periods else by
    cells = [(*key, *_summed(groups[key])) for key in sorted(groups, key=lambda key: [str(part) for part in key])]
    return Table((*named, "promises", *_RESULTS, *_SHARES, "causes"), cells)


def _summed(rows: Sequence[Outcome]) -> tuple[object, ...]:
    """The cells of one group."""
    results = Counter(row.result for row in rows)
    reached = [row.elapsed for row in rows if row.stopped_at is not None]
    causes = Counter(row.breach_cause for row in rows if row.breach_cause is not None)
    frequent = sorted(causes.items(), key=lambda item: (-item[1], item[0]))
    told = ", ".join(f"{cause} {count}" for cause, count in frequent)
    return len(rows), *(results[result] for result in _RESULTS), *quantiles(reached, _SHARES.values()), told
