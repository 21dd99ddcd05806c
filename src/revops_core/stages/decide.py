"""Decide: whether a record may take one step, with every reason where it may not.

Nothing is stored and nothing is called back: the answer is a `Moved` to keep, or a `Refused` to show.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from revops_core.stages.edge import Edge, blocker
from revops_core.stages.move import Moved
from revops_core.values.checks import require
from revops_core.values.decision import Blocker, Refused
from revops_core.values.instants import to_microseconds

__all__ = ["decide_step"]

_NOT_TO_OVERRIDE = frozenset({"same_stage", "already_converted", "version_conflict", "out_of_order", "future_dated"})


def decide_step(
    edge: Edge,
    record: Any,
    source: str | None,
    target: str,
    at: datetime,
    *,
    pipeline: str,
    version: int,
    as_of: datetime | None,
    expected_seq: int | None,
    by: str | None,
    reason: str | None,
    override: str | None,
    recorded_at: datetime | None,
) -> Moved | Refused:
    """The move of `record` along `edge`, or every reason against it; the arguments are those of `Pipeline.decide`."""
    if not isinstance(at, datetime) or at.tzinfo is None:
        require("decide", at=(at, datetime))
    seq = getattr(record, "stage_seq", None)
    entered_at = getattr(record, "stage_entered_at", None)
    blockers = list(edge.blockers)
    if edge.needs_reason and not reason and edge.is_possible:
        blockers.append(blocker("reason_required", source=source, target=target))
    if expected_seq is not None and seq is not None and seq != expected_seq:
        blockers.append(blocker("version_conflict", expected=expected_seq, found=seq))
    if entered_at is not None and to_microseconds(at) < to_microseconds(entered_at):
        blockers.append(blocker("out_of_order", source=source, at=at, entered_at=entered_at))
    if as_of is not None and to_microseconds(as_of) < to_microseconds(at):
        blockers.append(blocker("future_dated", at=at, as_of=as_of))
    if edge.is_possible and (edge.required or edge.rules):
        blockers.extend(_unmet(edge, record, target, at))
    if blockers and (override is None or not _NOT_TO_OVERRIDE.isdisjoint(each.reason for each in blockers)):
        return Refused(tuple(blockers))
    return Moved(
        subject_id=record.id,
        target=target,
        at=at,
        source=source,
        seq=0 if source is None else (None if seq is None else seq + 1),
        pipeline=pipeline,
        version=version,
        target_kind=edge.kind,
        outcome=edge.outcome,
        probability=edge.probability,
        closes=edge.closes,
        reopens=edge.reopens,
        regresses=edge.regresses,
        skipped=edge.skipped,
        by=by,
        reason=reason,
        overridden_by=override if blockers else None,
        overridden=tuple(blockers),
        recorded_at=recorded_at,
    )


def _unmet(edge: Edge, record: Any, target: str, at: datetime) -> Iterator[Blocker]:
    """What the record lacks for this step: its empty fields, then the rules that do not hold."""
    for name, read in edge.required:
        value = read(record)
        if value is None or value == "":
            yield blocker("required_field", field=name, target=target)
    for rule, condition in edge.rules:
        if not (rule.check(record, at) if condition is None else condition(record)):  # type: ignore[operator]
            yield Blocker("rule", rule.says, {"rule": rule.code, "target": target})
