"""The log of a clock: made of the rows of a ticket system, and checked.

Which states pause, stop and cancel is yours to say; the rest follows. What contradicts itself in a log is told, and
read by the declared rules all the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import groupby
from typing import Any

from revops_core.errors import CalendarHorizonError, Fault, InvalidValueError
from revops_core.sla.clock import Clock, fact_id
from revops_core.sla.clock_event import ClockEvent
from revops_core.values.checks import require
from revops_core.values.instants import to_microseconds
from revops_core.values.problem import Problem

__all__ = ["check", "facts_from_rows"]

_FACTS_OF_A_ROW = 8
"""One row becomes several facts; their `seq` is that of the row times this, and what tells them apart."""

_KINDS = {"pauses": "paused", "stops": "stopped", "cancels": "cancelled"}
_COLUMNS = {"id": "id", "state": "state", "at": "at"}

_Row = tuple[int, int, datetime, str, Mapping[str, object], str | None]
"""Instant, place in it, the instant as given, state, fields, owner."""


def facts_from_rows(
    rows: Iterable[Mapping[str, Any]],
    *,
    pauses: Iterable[str] = (),
    stops: Iterable[str] = (),
    cancels: Iterable[str] = (),
    columns: Mapping[str, str] | None = None,
    fields: Iterable[str] = (),
) -> dict[str, tuple[ClockEvent, ...]]:
    """The facts of each request in a log of its states: started with the first row, then what changed in each row.

    A row whose state is none of `pauses`, `stops` and `cancels` is one of work. Leaving a state that stops or cancels
    is a reopening. Rows are read in the order of `at` and `seq`; where no column is named for `seq`, rows of one
    instant stay in the order in which they come.

    Args:
        rows: mappings, one for each state a request was seen in, with aware datetimes.
        pauses: the states in which the time stands still.
        stops: the states in which the milestone is reached.
        cancels: the states in which the promise is withdrawn.
        columns: where "id", "state" and "at" stand if not under these names, and where "seq" (an int) and "owner"
            stand if they are there; a change of the owner is an "assigned" fact.
        fields: the columns that targets ask for, e.g. "priority"; a change is a "reprioritised" fact.

    Returns:
        The facts by request, in the order in which the requests first come.

    Raises:
        InvalidValueError: a column that is missing, a naive instant, a state with two meanings.

    >>> from datetime import UTC
    >>> nine = datetime(2026, 3, 2, 9, tzinfo=UTC)
    >>> log = [{"id": "t1", "state": "new", "at": nine}, {"id": "t1", "state": "done", "at": nine.replace(hour=11)}]
    >>> [fact.kind for fact in facts_from_rows(log, stops=["done"])["t1"]]
    ['started', 'stopped']
    """
    meaning = _meanings(pauses=pauses, stops=stops, cancels=cancels)
    named = {**_COLUMNS, **(columns or {})}
    if unknown := named.keys() - _COLUMNS.keys() - {"seq", "owner"}:
        faults = [Fault(f"columns[{name}]", "must be 'id', 'state', 'at', 'seq' or 'owner'", name) for name in unknown]
        raise InvalidValueError("facts_from_rows", faults)
    wanted, by_request = tuple(fields), dict[str, list[_Row]]()
    for number, row in enumerate(rows, 1):
        try:
            at = row[named["at"]]
            seq = int(row[named["seq"]]) if "seq" in named else 0
            owner = row[named["owner"]] or None if "owner" in named else None
            entry = to_microseconds(at), seq, at, row[named["state"]], {name: row[name] for name in wanted}, owner
            by_request.setdefault(row[named["id"]], []).append(entry)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            rule = "must have every column that is named, an aware instant and an int as 'seq'"
            raise InvalidValueError("facts_from_rows", [Fault(f"rows[{number}]", rule, error)]) from None
    return {
        request: tuple(_facts(entries if "seq" in named else _placed(entries), meaning))
        for request, entries in by_request.items()
    }


def _meanings(**states: Iterable[str]) -> dict[str, str]:
    """What each state means; a state that means nothing is one of work."""
    meaning: dict[str, str] = {}
    faults = []
    for name, listed in states.items():
        if isinstance(listed, str):
            faults.append(Fault(name, "must be several states, not one text", listed))
            continue
        twice = [state for state in listed if meaning.setdefault(state, name) != name]
        faults.extend(Fault(name, f"must not name a state of '{meaning[state]}'", state) for state in twice)
    if faults:
        raise InvalidValueError("facts_from_rows", faults)
    return meaning


def _placed(entries: list[_Row]) -> list[_Row]:
    """Rows without `seq`, each with its place among those of its instant."""
    ordered = sorted(entries, key=lambda entry: entry[0])
    groups = (enumerate(group) for _, group in groupby(ordered, lambda entry: entry[0]))
    return [(entry[0], place, *entry[2:]) for group in groups for place, entry in group]


def _facts(entries: list[_Row], meaning: Mapping[str, str]) -> Iterator[ClockEvent]:
    """The facts of one request: one for each thing that changed."""
    before: str | None = None
    known: Mapping[str, object] | None = None
    holder: str | None = None
    for _, place, at, state, fields, owner in sorted(entries, key=lambda entry: entry[:2]):
        seq = place * _FACTS_OF_A_ROW
        if known is None:
            yield ClockEvent("started", at, seq=seq, fields=fields)
        elif known != fields:
            changed = {name: value for name, value in fields.items() if value != known[name]}
            yield ClockEvent("reprioritised", at, seq=seq, fields=changed)
        if owner is not None and owner != holder:
            yield ClockEvent("assigned", at, seq=seq + 1, owner=owner)
            holder = owner
        after = meaning.get(state)
        if after != before:
            if before in {"stops", "cancels"}:
                yield ClockEvent("reopened", at, seq=seq + 2)
            if after is not None:
                yield ClockEvent(_KINDS[after], at, seq=seq + 3)
            elif before == "pauses":
                yield ClockEvent("resumed", at, seq=seq + 3)
        known, before = fields, after


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
    for fact in clock.events:
        if as_of is not None and to_microseconds(fact.at) > to_microseconds(as_of):
            yield _problem(clock, "future_dated", f"'{fact.kind}' lies ahead at {fact.at.isoformat()}")


def _order_problems(clock: Clock) -> Iterator[Problem]:
    """The instants at which the kinds of facts had to decide."""
    for _, group in groupby(clock.events, lambda fact: to_microseconds(fact.at)):
        facts = list(group)
        kinds = sorted({fact.kind for fact in facts})
        if len(kinds) > 1 and any(fact.seq is None for fact in facts):
            at = facts[0].at.isoformat()
            says = f"{', '.join(kinds)} all at {at} without 'seq': what they do decides their order"
            yield _problem(clock, "ambiguous_order", says)
