"""What is odd about the facts of one journey: late moves, gaps, moves that a pipeline forbids."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from revops_core.stages.move import Corrected, Moved
from revops_core.stages.pipeline import Pipeline
from revops_core.values.instants import to_microseconds
from revops_core.values.problem import Problem

__all__ = ["deviations_of"]


def deviations_of(
    facts: Sequence[Moved | Corrected], moves: Sequence[Moved], pipeline: Pipeline | None
) -> Iterator[Problem]:
    """The problems of a journey, in the order of its moves; the codes are those of `Journey.deviations`."""
    known = {fact.id for fact in facts if isinstance(fact, Moved)} if len(moves) < len(facts) else set()
    known |= {fact.replacement.id for fact in facts if isinstance(fact, Corrected) and fact.replacement is not None}
    for fact in facts:
        if isinstance(fact, Corrected) and fact.replaces not in known:
            yield _problem("dangling_correction", f"there is no move {fact.replaces!r} to correct", fact)
    yield from _late(moves)
    for before, move in zip([None, *moves], moves, strict=False):
        if before is not None and move.source != before.target:
            says = f"the move at {move.at} left {move.source!r}, but it stood in {before.target!r}"
            yield _problem("source_mismatch", says, move)
        if pipeline is not None and move.version in {None, pipeline.version} and not move.overridden:
            yield from _forbidden(before, move, pipeline)
    numbers = sorted(move.seq for move in moves if move.seq is not None)
    for seq in sorted({*range(numbers[0], numbers[-1])} - {*numbers}) if numbers else ():
        yield _problem("missing_seq", f"there is no move number {seq}", moves[0])


def _late(moves: Sequence[Moved]) -> Iterator[Problem]:
    """Moves that were numbered or recorded after one that happened later."""
    lowest: int | None = None
    earliest: int | None = None
    late = []
    for move in reversed(moves):
        recorded = to_microseconds(move.recorded_at or move.at)
        if (lowest is not None and move.seq is not None and move.seq > lowest) or (
            earliest is not None and recorded > earliest
        ):
            late.append(move)
        if move.seq is not None:
            lowest = move.seq if lowest is None else min(lowest, move.seq)
        earliest = recorded if earliest is None else min(earliest, recorded)
    for move in reversed(late):
        yield _problem(
            "late_move", f"the move to {move.target!r} at {move.at} came to be known after a later one", move
        )


def _forbidden(before: Moved | None, move: Moved, pipeline: Pipeline) -> Iterator[Problem]:
    source = move.source if before is None else before.target
    named = (move.target,) if move.migrates else (source, move.target)
    unknown = [name for name in named if name is not None and name not in pipeline]
    for name in unknown:
        yield _problem("unknown_stage", f"pipeline '{pipeline.name}' has no stage '{name}'", move)
    if not unknown and not move.migrates:
        for blocker in pipeline.edge(source, move.target).blockers:
            yield _problem(blocker.reason, f"the move at {move.at} is forbidden: {blocker.says}", move)


def _problem(code: str, says: str, fact: Moved | Corrected) -> Problem:
    return Problem(code=code, says=says, subject_id=fact.subject_id, field="stage")
