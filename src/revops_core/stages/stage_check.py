"""Where records and their moves disagree, told and not repaired."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from revops_core.stages.journey import Journey
from revops_core.stages.move import Corrected, Moved
from revops_core.stages.pipeline import Pipeline
from revops_core.values.instants import to_microseconds
from revops_core.values.problem import Problem

__all__ = ["check"]


def check(
    records: Iterable[Any], moves: Iterable[Moved | Corrected], *, pipeline: Pipeline | None = None
) -> tuple[Problem, ...]:
    """Every way in which records and their moves disagree, or the moves among themselves.

    Args:
        records: any objects with `id` and `stage`.
        moves: their facts, in any order.
        pipeline: tells unknown stages and steps that it forbids, too.

    Returns:
        Problems with the codes "stage_mismatch", "stage_entered_at_mismatch", "stage_seq_mismatch",
        "outcome_mismatch", "closed_at_mismatch", "unknown_stage", "no_record", and those of `Journey.deviations`.
        A record without moves is no problem: it may be older than its history.

    >>> from datetime import UTC, datetime
    >>> from revops_core.entities import Opportunity
    >>> won = Moved(subject_id="o1", target="won", at=datetime(2026, 3, 1, tzinfo=UTC), outcome="won", closes=True)
    >>> for problem in check([Opportunity(id="o1", stage="won", closed_at=won.at)], [won]):
    ...     print(problem)
    Opportunity o1: its moves say outcome 'won', the record 'open'
    """
    facts: dict[str, list[Moved | Corrected]] = defaultdict(list)
    for fact in moves:
        facts[fact.subject_id].append(fact)
    problems: list[Problem] = []
    for record in records:
        journey = Journey.of(facts.pop(str(record.id), ()))
        problems += _record_problems(record, journey, pipeline)
        problems += journey.deviations(pipeline)
    for subject_id in facts:
        problems.append(Problem(code="no_record", says="there are moves, but no record", subject_id=subject_id))
    return tuple(problems)


def _record_problems(record: Any, journey: Journey, pipeline: Pipeline | None) -> Iterator[Problem]:
    subject, subject_id = type(record).__name__, str(record.id)
    if pipeline is not None and record.stage is not None and record.stage not in pipeline:
        says = f"pipeline '{pipeline.name}' has no stage '{record.stage}'"
        yield Problem(code="unknown_stage", says=says, subject=subject, subject_id=subject_id, field="stage")
    if not journey.moves:
        return
    last = journey.moves[-1]
    entered_at = next((move.at for move in reversed(journey.moves) if not move.migrates), None)
    expected = {"stage": last.target, "stage_entered_at": entered_at, "stage_seq": last.seq, "outcome": last.outcome}
    if any(move.closes or move.reopens for move in journey.moves):
        expected["closed_at"] = journey.closed_at
    for name, value in expected.items():
        held = getattr(record, name, None)
        # What the move or the record does not tell cannot disagree; an emptied closing tells something.
        told = name == "closed_at" and getattr(record, "closed_on", None) is None and hasattr(record, name)
        if not told and (held is None or value is None):
            continue
        if _differ(held, value):
            says = f"its moves say {name} {_text(value)}, the record {_text(held)}"
            yield Problem(code=f"{name}_mismatch", says=says, subject=subject, subject_id=subject_id, field=name)


def _differ(held: Any, value: Any) -> bool:
    if hasattr(held, "tzinfo") and hasattr(value, "tzinfo"):
        return to_microseconds(held) != to_microseconds(value)
    return bool(held != value)


def _text(value: Any) -> str:
    return str(value) if hasattr(value, "tzinfo") else repr(value)
