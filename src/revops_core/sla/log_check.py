"""The check of clocks' logs: what contradicts itself is told, and read by the declared rules all the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import groupby

from revops_core.errors import CalendarHorizonError
from revops_core.sla.clock import Clock, fact_id
from revops_core.values.checks import require
from revops_core.values.instants import to_microseconds
from revops_core.values.problem import Problem

__all__ = ["check"]


def check(clocks: Iterable[Clock], as_of: datetime | None = None) -> list[Problem]:
    """What is wrong with the facts of `clocks`, all at once; nothing is repaired.

    | code | what |
    |---|---|
    | duplicate_clock | two clocks have one id |
    | duplicate_fact_id | two different facts have one id; the first in order is read |
    | no_effect | a fact changed nothing for any target that reads it: a second start, a resume without a pause |
    | not_started | facts, and no target ever started |
    | unknown_kind | a kind of fact that no target and no tier reads; a misspelling, perhaps |
    | unknown_target | a fact about a target that the policy does not have |
    | unknown_tier | an acknowledgement of a tier that the policy does not have |
    | no_target | no target holds for the request |
    | ambiguous_order | several facts at one instant, one without `seq`, that do different things |
    | outside_calendar | an instant lies outside the years of a calendar: the clock cannot be read |
    | future_dated | a fact lies after `as_of`; asked only where that is given |

    Args:
        clocks: the clocks to look at, whole, whatever `as_of` is.
        as_of: the moment to look from, after which facts are noted as lying ahead; by default that of the last fact.

    >>> from datetime import UTC
    >>> from revops_core.sla.clock_event import ClockEvent
    >>> from revops_core.sla.revenue_operations import REVENUE_OPERATIONS
    >>> nine = datetime(2026, 3, 2, 9, tzinfo=UTC)
    >>> facts = [ClockEvent("started", nine), ClockEvent("resumed", nine.replace(hour=10))]
    >>> print(*check([REVENUE_OPERATIONS.clock("ticket-7", facts, request="account_setup")]))
    Clock ticket-7: 'resumed' at 2026-03-02T10:00:00+00:00 changed nothing
    """
    require("check", as_of=(as_of, datetime | None))
    problems: list[Problem] = []
    seen: set[str] = set()
    for clock in clocks:
        if clock.id in seen:
            problems.append(_problem(clock, "duplicate_clock", "another clock has the same id", "id"))
        seen.add(clock.id)
        problems.extend(_log_problems(clock, as_of))
        if as_of is not None:
            limit = to_microseconds(as_of)
            problems.extend(
                _problem(clock, "future_dated", f"'{fact.kind}' lies ahead at {fact.at.isoformat()}")
                for fact in clock.events
                if to_microseconds(fact.at) > limit
            )
    return problems


def _problem(clock: Clock, code: str, says: str, field: str = "events") -> Problem:
    return Problem(code=code, says=says, subject="Clock", subject_id=clock.id, field=field)


def _log_problems(clock: Clock, as_of: datetime | None) -> Iterator[Problem]:
    if not clock.events:
        return
    moments = [fact.at for fact in clock.events]
    last = max(moments if as_of is None else [*moments, as_of], key=to_microseconds)
    ignored = set[int]()
    try:
        reading = clock.read(last)
    except CalendarHorizonError as error:
        yield _problem(clock, "outside_calendar", str(error))
    else:
        ignored.update(map(id, reading.ignored))
        if not reading.cycles:
            yield _problem(clock, "no_target", "no target holds for this request", "fields")
        elif all(cycle.cycle is None for cycle in reading.cycles):
            yield _problem(clock, "not_started", "there are facts and no target ever started")
    names = {name for plan in clock.plans for name in plan.names}
    kinds = frozenset[str]().union(*(plan.kinds for plan in clock.plans))
    tiers = frozenset[int]().union(*(plan.tiers for plan in clock.plans))
    for identifier, count in Counter(fact_id(clock.id, fact) for fact in clock.events).items():
        if count > 1:
            yield _problem(clock, "duplicate_fact_id", f"{count} different facts have the id '{identifier}'")
    for fact in clock.events:
        told = f"'{fact.kind}' at {fact.at.isoformat()}"
        if id(fact) in ignored:
            yield _problem(clock, "no_effect", f"{told} changed nothing")
        if fact.kind not in kinds:
            yield _problem(clock, "unknown_kind", f"{told} is of a kind that no target or tier reads")
        if fact.target is not None and fact.target not in names:
            yield _problem(clock, "unknown_target", f"{told} is about '{fact.target}', no target of the policy")
        if fact.tier is not None and fact.tier not in tiers:
            yield _problem(clock, "unknown_tier", f"{told} is about tier {fact.tier}, which the policy does not have")
    yield from _order_problems(clock)


def _order_problems(clock: Clock) -> Iterator[Problem]:
    """The instants at which the kinds of facts had to decide."""
    for _, group in groupby(clock.events, lambda fact: to_microseconds(fact.at)):
        facts = list(group)
        kinds = sorted({fact.kind for fact in facts})
        if len(kinds) > 1 and any(fact.seq is None for fact in facts):
            at = facts[0].at.isoformat()
            says = f"{', '.join(kinds)} all at {at} without 'seq': what they do decides their order"
            yield _problem(clock, "ambiguous_order", says)
