"""Decide: whether a record may take one step, with every reason where it may not.

Nothing is stored and nothing is called back: the answer is a `Moved` to keep, or a `Refused` to show.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from attrs import evolve

from revops_core.stages.edge import Edge, blocker
from revops_core.stages.move import Moved, sound_move
from revops_core.values.checks import Count, Id, require
from revops_core.values.decision import Blocker, Refused
from revops_core.values.instants import to_microseconds

__all__ = ["decide_step"]

_NOT_TO_OVERRIDE = frozenset({"same_stage", "already_converted", "version_conflict", "out_of_order", "future_dated"})
_Person = Id | None
_Sequence = Count | None


def decide_step(  # noqa: PLR0917 - names cost a tenth of a decision
    edge: Edge,
    record: Any,
    at: datetime,
    as_of: datetime | None,
    expected_seq: int | None,
    by: str | None,
    reason: str | None,
    override: str | None,
    recorded_at: datetime | None,
) -> Moved | Refused:
    """The move of `record` along `edge`, or every reason against it; the arguments are those of `Pipeline.decide`."""
    constants = edge.constants
    seq, entered_at = getattr(record, "stage_seq", None), getattr(record, "stage_entered_at", None)
    if (
        at.__class__ is not datetime
        or at.tzinfo is None
        or (entered_at is not None and (entered_at.__class__ is not datetime or entered_at.tzinfo is None))
        or (seq is not None and seq.__class__ is not int)
        or as_of is not None
        or override is not None
        or record.id is None
    ):
        _require_sound(record, at, as_of, override)
    blockers = edge.blockers
    if edge.needs_reason and not reason and edge.is_possible:
        blockers += (blocker("reason_required", source=constants[0], target=constants[1]),)
    if expected_seq is not None and seq is not None and seq != expected_seq:
        blockers += (blocker("version_conflict", expected=expected_seq, found=seq),)
    if entered_at is not None and _is_before(at, entered_at):
        blockers += (blocker("out_of_order", source=constants[0], at=at, entered_at=entered_at),)
    if as_of is not None and _is_before(as_of, at):
        blockers += (blocker("future_dated", at=at, as_of=as_of),)
    if edge.is_possible:
        for name, read in edge.required:
            value = read(record)
            if value is None or value == "":
                blockers += (blocker("required_field", field=name, target=constants[1]),)
        for rule, condition in edge.rules:
            if not (rule.check(record, at) if condition is None else condition(record)):  # type: ignore[operator]
                blockers += (Blocker("rule", rule.says, {"rule": rule.code, "target": constants[1]}),)
    if blockers and (override is None or not _NOT_TO_OVERRIDE.isdisjoint(each.reason for each in blockers)):
        return Refused(blockers)
    subject_id = record.id
    if subject_id.__class__ is not str:
        subject_id = str(subject_id)
    next_seq = 0 if constants[0] is None else None if seq is None else seq + 1
    move = sound_move(subject_id, at, next_seq, by, reason, *constants)
    if (
        override is None
        and recorded_at is None
        and subject_id
        and (next_seq is None or next_seq.__class__ is int)
        and (by is None or by.__class__ is str)
        and (reason is None or reason.__class__ is str)
    ):
        return move
    overridden_by = override if blockers else None
    return evolve(move, overridden_by=overridden_by, overridden=blockers, recorded_at=recorded_at)


def _require_sound(record: Any, at: datetime, as_of: datetime | None, override: str | None) -> None:
    """Refuse wrong arguments, and columns of the record that cannot be read: a row without an id, a naive time."""
    asked: dict[str, tuple[object, Any]] = {
        "at": (at, datetime),
        "as_of": (as_of, datetime | None),
        "record.id": (None if record.id is None else str(record.id), Id),
        "record.stage_entered_at": (getattr(record, "stage_entered_at", None), datetime | None),
        "record.stage_seq": (getattr(record, "stage_seq", None), _Sequence),
        "override": (override, _Person),
    }
    require("decide", **asked)


def _is_before(first: datetime, second: datetime) -> bool:
    """Whether one instant lies before another; two of one zone are compared by their clocks only where that is UTC."""
    if first.tzinfo is UTC and second.tzinfo is UTC:
        return first < second
    return to_microseconds(first) < to_microseconds(second)
