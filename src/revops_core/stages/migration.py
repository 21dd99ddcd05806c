"""Migration: records in flight go over to a new version of their pipeline, as facts, all of them or none."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from attrs import field, frozen

from revops_core.errors import Fault, InvalidValueError, WrongPipelineError
from revops_core.stages.move import Moved
from revops_core.stages.pipeline import Pipeline
from revops_core.values.checks import require
from revops_core.values.decision import Blocker, Refused
from revops_core.values.frozen_map import frozen_map

__all__ = ["Migration"]


@frozen
class Migration:
    """What becomes of each stage of an old definition in a new one.

    Records stay under the definition they were moved under until they are migrated. History is not rewritten: each
    record gets one more move, which keeps the instant at which it entered its stage. Where the name of the stage stays,
    the stay goes on; under another name a stay of its own is told from the migration on.

    Args:
        old, new: the two definitions.
        stages: old stage → new stage; a stage that both have stays itself where it is not named.

    Raises:
        InvalidValueError: a name that is no stage, or an open stage that becomes an end or the other way round.
        VersionConflictError: both have the same name and version, but other content.

    >>> from revops_core.stages.stage import Stage
    >>> old = Pipeline("trial", ("new", "active", Stage("bought", "won")))
    >>> new = Pipeline("trial", ("started", "active", Stage("bought", "won")), version=2)
    >>> Migration(old, new, {"new": "started"}).stage_of("new")
    'started'
    """

    old: Pipeline
    new: Pipeline
    stages: Mapping[str, str] = field(factory=dict, converter=frozen_map)

    def __attrs_post_init__(self) -> None:
        require("Migration", old=(self.old, Pipeline), new=(self.new, Pipeline), stages=(self.stages, Mapping))
        self.old.require_same(self.new)
        faults = []
        for source, target in self.stages.items():
            if source not in self.old or target not in self.new:
                rule = f"must lead from an old stage to one of '{self.new.name}' version {self.new.version}"
                faults.append(Fault(f"stages[{source!r}]", rule, target))
            elif self.old.stage(source).is_open != self.new.stage(target).is_open:
                faults.append(Fault(f"stages[{source!r}]", "must keep open stages open and closed ones closed", target))
        if faults:
            raise InvalidValueError("Migration", faults)

    def stage_of(self, name: str) -> str | None:
        """The new stage of an old one; None where there is none."""
        if name in self.stages:
            return self.stages[name]
        same = name in self.new and self.new.stage(name).is_open == self.old.stage(name).is_open
        return name if same else None

    def moves(self, records: Iterable[Any], *, at: datetime, by: str | None = None) -> tuple[Moved, ...] | Refused:
        """One move for each record; or a refusal with the ids of all that have no new stage, by their old one.

        Args:
            records: any objects with `id` and `stage`.
            at: when they go over.
            by: who migrates them.

        Raises:
            UnknownStageError: a record stands in no stage of the old definition.
            WrongPipelineError: a record belongs to another version.
        """
        require("Migration.moves", at=(at, datetime))
        stuck: dict[str, list[str]] = defaultdict(list)
        moves = []
        for record in records:
            source = self.old.stage(record.stage).name
            version = getattr(record, "stage_version", None)
            if version is not None and version != self.old.version:
                raise WrongPipelineError(str(record.id), (self.old.name, self.old.version), (None, version))
            target = self.stage_of(source)
            if target is None:
                stuck[source].append(str(record.id))
            else:
                moves.append(self._move(record, source, target, at, by))
        if not stuck:
            return tuple(moves)
        blockers = []
        for stage, ids in stuck.items():
            says = f"Say what becomes of '{stage}' ({len(ids)} records)."
            blockers.append(Blocker("unmapped_stage", says, {"stage": stage, "ids": tuple(ids)}))
        return Refused(tuple(blockers))

    def _move(self, record: Any, source: str, target: str, at: datetime, by: str | None) -> Moved:
        edge, why = self.new.edge(None, target), f"version {self.old.version} to {self.new.version}"
        seq = getattr(record, "stage_seq", None)
        return Moved(
            subject_id=str(record.id), source=source, target=target, at=at, seq=None if seq is None else seq + 1,
            pipeline=self.new.name, version=self.new.version, target_kind=edge.kind, outcome=edge.outcome,
            probability=edge.probability, migrates=True, by=by, reason=why,
        )  # fmt: skip
