"""Records as they were: the bridge that lets any question about records be asked of the past."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from attrs import evolve, has

from revops_core.entities import Changed
from revops_core.errors import Fault, InvalidValueError, UnknownFieldError
from revops_core.stages.move import Corrected, Moved, changeable
from revops_core.stages.standing_moves import standing_moves
from revops_core.values.checks import require
from revops_core.values.instants import to_microseconds

__all__ = ["records_as_of"]

R = TypeVar("R")


def records_as_of(records: Iterable[R], facts: Iterable[Moved | Corrected | Changed], at: datetime) -> list[R]:
    """The records as they stood at an instant, as far as the facts tell; those that had not begun are left out.

    A record holds what is true now. Each move and change after `at` is taken back, and what stood before it is put in:
    the stage with its probability, outcome and closing, and any field that a `Changed` names. A field that no fact
    names is as it is now. For what was *known* then, hand in `known_by(facts, moment)`.

    Args:
        records: of attrs classes or dataclasses, with an `id`.
        facts: of these records and of others, in any order.
        at: an aware datetime; what happened at this very instant has happened.

    Raises:
        UnknownFieldError: a change names a field that its record does not have.

    >>> from datetime import UTC
    >>> from revops_core.entities import Opportunity
    >>> march, april, may = (datetime(2026, month, 1, tzinfo=UTC) for month in (3, 4, 5))
    >>> moves = [Moved(subject_id="o1", target="proposal", at=march, outcome="open"),
    ...          Moved(subject_id="o1", source="proposal", target="won", at=may, outcome="won", closes=True)]
    >>> won = moves[1].apply_to(moves[0].apply_to(Opportunity(id="o1")))
    >>> [(each.stage, each.outcome, each.closed_at) for each in records_as_of([won], moves, april)]
    [('proposal', 'open', None)]
    """
    require("records_as_of", at=(at, datetime))
    limit = to_microseconds(at)
    moves: dict[str, list[Moved | Corrected]] = defaultdict(list)
    changes: dict[tuple[str, str], list[Changed]] = defaultdict(list)
    for fact in facts:
        if isinstance(fact, Changed):
            changes[fact.subject, fact.subject_id].append(fact)
        elif isinstance(fact, Moved | Corrected):
            moves[fact.subject_id].append(fact)
        else:
            fault = Fault("facts", "must be Moved, Corrected or Changed facts", fact)
            raise InvalidValueError("records_as_of", [fault])
    found = []
    for record in records:
        key = str(record.id)  # type: ignore[attr-defined]
        created_at = getattr(record, "created_at", None)
        standing = standing_moves(moves.get(key, ()))
        if created_at is not None and to_microseconds(created_at) > limit:
            continue
        if standing and standing[0].source is None and to_microseconds(standing[0].at) > limit:
            continue
        before = _before(record, standing, changes.get((type(record).__name__, key), ()), limit)
        changed = evolve if has(type(record)) else replace
        found.append(changed(record, **before) if before else record)  # type: ignore[type-var]
    return found


def _before(record: Any, moves: Iterable[Moved], changes: Iterable[Changed], limit: int) -> Mapping[str, Any]:
    """The fields of `record` that were different at an instant, or may have been, with what they were then."""
    facts: list[Moved | Changed] = sorted([*moves, *changes], key=_order)
    happened = [fact for fact in facts if to_microseconds(fact.at) <= limit]
    later = facts[len(happened) :]
    if not later:
        return {}
    was: dict[str, Any] = {}
    # What only later facts name is what the first of them found.
    for fact in reversed(later):
        was |= {fact.field: fact.old} if isinstance(fact, Changed) else _left_by(fact)
    for fact in happened:
        was |= {fact.field: fact.new} if isinstance(fact, Changed) else fact.changes
    names = changeable(record.__class__, "records_as_of")
    for fact in facts:
        if isinstance(fact, Changed) and fact.field not in names:
            raise UnknownFieldError(fact.field, type(record).__name__, names)
    return {name: value for name, value in was.items() if name in names}


def _order(fact: Moved | Changed) -> tuple[int, bool, int]:
    """By instant; of facts at one, the move first, as a change by hand may follow it."""
    return to_microseconds(fact.at), isinstance(fact, Changed), -1 if fact.seq is None else fact.seq


def _left_by(move: Moved) -> dict[str, Any]:
    """What stood before a move, as far as the move tells: its own columns emptied, and the stage it left."""
    before = move.seq - 1 if move.seq else None
    was = {"stage": move.source, "stage_seq": before, "stage_version": move.version, "outcome": "open"}
    return {name: was.get(name) for name in move.changes}
