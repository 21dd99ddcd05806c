"""The moves of one record that stand: each once, in their order, once every correction is followed."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import TypeVar

from attrs import evolve

from revops_core.errors import DuplicateFactError, WrongPipelineError, WrongSubjectError
from revops_core.stages.move import Corrected, Moved
from revops_core.values.instants import to_microseconds

__all__ = ["each_once", "standing_moves"]

F = TypeVar("F", Moved, Corrected, Moved | Corrected)


def standing_moves(facts: Sequence[Moved | Corrected]) -> tuple[Moved, ...]:
    """The moves that stand after all `facts` of one record, ordered by instant, number and kind.

    Raises:
        WrongSubjectError: facts of two records.
        WrongPipelineError: moves through two pipelines, with no migration from one to the other.
        DuplicateFactError: two facts with one id that tell different things.
    """
    _refuse_mixture(facts)
    facts = each_once(facts)
    standing: Sequence[Moved] = _effective(facts)
    if len(standing) < len(facts):
        standing = each_once(standing)
    return tuple(sorted(standing, key=attrgetter("order")))


def _refuse_mixture(facts: Sequence[Moved | Corrected]) -> None:
    """Raise where the facts are of two records, or of two pipelines that one record walks side by side."""
    walked: dict[str, Moved] = {}  # a move through each pipeline: the migration to it, where there is one
    for fact in facts:
        inner = fact.replacement if isinstance(fact, Corrected) else None
        for one in (fact,) if inner is None else (fact, inner):
            if one.subject_id != facts[0].subject_id:
                raise WrongSubjectError(facts[0].subject_id, None, one.subject_id, getattr(one, "target", None))
            if isinstance(one, Moved) and one.pipeline is not None and (one.migrates or one.pipeline not in walked):
                walked[one.pipeline] = one
    # A migration may lead to a pipeline of another name; of all others there is one.
    others = [(name, move.version) for name, move in walked.items() if not move.migrates]
    if len(others) > 1:
        raise WrongPipelineError(facts[0].subject_id, *others[:2])


def each_once(facts: Sequence[F]) -> Sequence[F]:
    """The facts without those that came twice: one that differs only in `recorded_at` is the same, known earlier.

    A replacement may have the id of what it replaces, and is not counted.

    Raises:
        DuplicateFactError: two facts with one id that tell different things.
    """
    seen: dict[object, F] = {}
    for fact in facts:
        # Equal order means equal hash: the hash itself is worked out only where there is something to name.
        key = fact.id if isinstance(fact, Corrected) else fact.order[-1] or fact.order
        first = seen.setdefault(key, fact)
        if first is not fact:
            if type(first) is not type(fact) or evolve(first, recorded_at=fact.recorded_at) != fact:
                raise DuplicateFactError(fact.id, (first, fact))
            if to_microseconds(fact.recorded_at or fact.at) < to_microseconds(first.recorded_at or first.at):
                seen[key] = fact
    return facts if len(seen) == len(facts) else tuple(seen.values())


def _effective(facts: Sequence[Moved | Corrected]) -> list[Moved]:
    """The moves that stand, once every correction is followed; of two corrections of one fact, the later counts."""
    moves = [fact for fact in facts if isinstance(fact, Moved)]
    corrections = [fact for fact in facts if isinstance(fact, Corrected)]
    if not corrections:
        return moves
    latest = {
        fact.replaces: fact.replacement
        for fact in sorted(corrections, key=lambda fact: (to_microseconds(fact.at), fact.id))
    }
    standing = []
    for move in moves:
        seen: set[str] = set()
        last: Moved | None = move
        while last is not None and last.id in latest and last.id not in seen:
            seen.add(last.id)
            last = latest[last.id]
        if last is not None:
            standing.append(last)
    return standing
