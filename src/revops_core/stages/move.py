"""Moves: the facts of a record's way through a pipeline, and the correction of one.

A move is a fact: it happened `at` an instant, in the order `(at, seq)`. Where a record begins, `source` is None. A
reopening is a move with `reopens`. A wrong fact is never edited: a `Corrected` replaces or withdraws it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields as dataclass_fields
from dataclasses import is_dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeVar

from attrs import field, fields, frozen, has

from revops_core.errors import Fault, InvalidValueError, WrongSubjectError
from revops_core.values.bulk_builder import bulk_builder
from revops_core.values.checks import Count, Id, Share, as_tuple, checked, short_repr
from revops_core.values.compiled_class import compiled_function
from revops_core.values.decision import Blocker
from revops_core.values.fingerprint import fingerprint_of_parts
from revops_core.values.instants import to_microseconds

__all__ = ["Corrected", "Moved", "changeable", "sound_move"]

R = TypeVar("R")


@checked()
@frozen(kw_only=True, eq=False, weakref_slot=False)
class Moved:
    """The fact that a record entered a stage: what `Pipeline.decide` answers for yes, and what an application keeps.

    Args:
        subject_id: the record that moved.
        target: the stage it entered.
        at: when it happened.
        source: the stage it left; None where the record began here.
        seq: its number among the moves of the record, from 0 without gaps; orders moves at one instant.
        pipeline, version: the definition it was decided under.
        target_kind: the kind of the stage it entered, one of `KINDS`.
        outcome: what the record's `outcome` becomes.
        probability: the chance to win from here on; None leaves it as it was, and empties it with a reopening, as the
            certainty of the end does not hold any more.
        closes: the record closes with this move, so that `closed_at` is `at`.
        reopens: the record was closed and is open again.
        regresses: it went back to an earlier stage.
        migrates: it came with a new version of the pipeline; the stay goes on under another name.
        skipped: the stages it passed over.
        by: who moved it.
        reason: why, in words.
        overridden_by: who allowed it against the rules.
        overridden: what would have blocked it.
        recorded_at: when it was recorded, where that is not when it happened.
        id: of the fact; without one, a hash of subject, kind, `at` and `seq`.

    >>> from datetime import UTC
    >>> won = Moved(subject_id="o-1", target="won", at=datetime(2026, 3, 1, tzinfo=UTC), outcome="won")
    >>> won.changes["stage"], won.changes["outcome"]
    ('won', 'won')
    """

    subject_id: Id
    target: Id
    at: datetime
    source: Id | None = None
    seq: Count | None = None
    pipeline: str | None = None
    version: int | None = None
    target_kind: str | None = None
    outcome: str | None = None
    probability: Share | None = None
    closes: bool = False
    reopens: bool = False
    regresses: bool = False
    migrates: bool = False
    skipped: tuple[str, ...] = field(default=(), converter=as_tuple)
    by: str | None = None
    reason: str | None = None
    overridden_by: str | None = None
    overridden: tuple[Blocker, ...] = field(default=(), converter=as_tuple)
    recorded_at: datetime | None = None
    _id: Id | None = None

    __repr__ = short_repr

    @property
    def id(self) -> str:
        """The id of the fact: the given one, or a hash of its subject, kind, instant and number."""
        kind = "started" if self.source is None else "reopened" if self.reopens else "moved"
        return self._id or fingerprint_of_parts(self.subject_id, kind, to_microseconds(self.at), self.seq)

    @property
    def order(self) -> tuple[int, int, int, str]:
        """Where it stands among the moves of its record: by instant, number, kind where the number is missing, id."""
        rank = 0 if self.source is None else 1 if self.reopens else 2
        return to_microseconds(self.at), -1 if self.seq is None else self.seq, rank, self._id or ""

    @property
    def changes(self) -> Mapping[str, Any]:
        """The columns of the record that this move sets, by name: for an ORM row, assign each of them that it has.

        Stage, probability, outcome and closing change together. `closed_at` and `loss_reason` are there only where the
        move closes or reopens the record; `closed_on` is emptied with them, so that one of both stands.
        """
        return _changes(self)

    def apply_to(self, record: R) -> R:
        """`record` as it is after this move: a new one of the same attrs class or dataclass.

        Raises:
            WrongSubjectError: the record has another id, or does not stand in the stage that the move left.
            InvalidValueError: the record is neither of attrs nor a dataclass; assign `changes` instead.
        """
        held: Any = record
        stage, key = held.stage, held.id
        fits = stage is None or stage == self.source or (self.source is None and stage == self.target)
        if not fits or (key != self.subject_id and str(key) != self.subject_id):
            raise WrongSubjectError(self.subject_id, self.source, key, stage)
        return _rebuilder(held.__class__)(held, self)  # type: ignore[no-any-return]


_TURNS = "move.closes or move.reopens"
# Column -> when a move sets it, and to what: written into functions, as that costs least for a whole record.
_AFTER: Mapping[str, tuple[str, str]] = {
    "stage": ("True", "move.target"),
    "stage_entered_at": ("not move.migrates", "move.at"),
    "stage_seq": ("move.seq is not None", "move.seq"),
    "stage_version": ("move.version is not None", "move.version"),
    "outcome": ("move.outcome is not None", "move.outcome"),
    "probability": ("move.probability is not None or move.reopens", "move.probability"),
    "closed_at": (_TURNS, "move.at if move.closes else None"),
    "closed_on": (_TURNS, "None"),
    "loss_reason": (_TURNS, "move.reason if move.target_kind == 'lost' else None"),
}


_SET = [f"    if {when}: changes[{name!r}] = {value}" for name, (when, value) in _AFTER.items()]
_changes: Callable[[Moved], dict[str, Any]] = compiled_function(
    "changes_of(move)", ["    changes = {}", *_SET, "    return changes"], {}
)


@lru_cache(maxsize=256)
def _rebuilder(cls: Any) -> Callable[[Any, Moved], Any]:
    """A function of a record and a move: the record of class `cls` after the move, checked as any new one."""
    known = changeable(cls)
    if not {"id", "stage"} <= known.keys():
        raise InvalidValueError("apply_to", [Fault("record", "must have fields for its 'id' and 'stage'", cls)])
    after = {name: f"({value}) if {when} else record.{name}" for name, (when, value) in _AFTER.items()}
    arguments = (f"{alias}={after.get(name, f'record.{name}')}" for name, alias in known.items())
    return compiled_function("rebuild(record, move)", [f"    return _cls({', '.join(arguments)})"], {"_cls": cls})


@lru_cache(maxsize=256)
def changeable(cls: Any, what: str = "apply_to") -> Mapping[str, str]:
    """The fields of an attrs class or dataclass that can be given a value, with the name of the argument for each.

    `what` is the function that wants to know.
    """
    if has(cls):
        return {attribute.name: attribute.alias for attribute in fields(cls) if attribute.init}
    if is_dataclass(cls):
        return {each.name: each.name for each in dataclass_fields(cls) if each.init}
    way_out = "assign move.changes to anything else" if what == "apply_to" else "read anything else with from_rows"
    rule = f"must be an instance of an attrs class or a dataclass; {way_out}"
    raise InvalidValueError(what, [Fault("record", rule, cls)])


sound_move = bulk_builder(Moved, (
    "subject_id", "at", "seq", "by", "reason", "source", "target", "pipeline", "version", "target_kind", "outcome",
    "probability", "closes", "reopens", "regresses", "skipped",
))  # fmt: skip
"""A `Moved` of parts that are known to be sound, in a third of the time: first what is new in each decision."""


@checked()
@frozen(kw_only=True, eq=False, weakref_slot=False)
class Corrected:
    """The fact that an earlier move was wrong: it is replaced by another, or withdrawn.

    Args:
        subject_id: the record whose history is put right.
        replaces: the id of the wrong move.
        at: when the correction was made.
        by, reason: who made it, and why.
        replacement: what really happened; None where nothing did.
        recorded_at: when it was recorded, where that is not `at`.
        id: of this fact; without one, a hash of its subject, kind, `at` and what it replaces.

    >>> from datetime import UTC
    >>> at = datetime(2026, 3, 1, tzinfo=UTC)
    >>> wrong = Moved(subject_id="o-1", target="won", at=at)
    >>> Corrected(subject_id="o-1", replaces=wrong.id, at=at, reason="another deal").replacement is None
    True
    """

    subject_id: Id
    replaces: Id
    at: datetime
    by: str | None = None
    reason: str | None = None
    replacement: Moved | None = None
    recorded_at: datetime | None = None
    _id: Id | None = None

    __repr__ = short_repr

    @property
    def id(self) -> str:
        """The id of the fact: the given one, or a hash of its subject, kind, instant and what it replaces."""
        return self._id or fingerprint_of_parts(self.subject_id, "corrected", to_microseconds(self.at), self.replaces)
