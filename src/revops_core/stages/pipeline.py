"""Pipeline: the stages a record goes through, which steps are allowed, and the decision on one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import partial
from typing import Annotated, Any, Literal, cast

from attrs import evolve, field, fields, frozen

from revops_core.errors import Fault, InvalidValueError, UnknownStageError, VersionConflictError, WrongPipelineError
from revops_core.stages.decide import decide_step
from revops_core.stages.definition_faults import faults_of
from revops_core.stages.edge import Edge, edge_of, ranks_of
from revops_core.stages.move import Moved
from revops_core.stages.stage import Stage, Transition
from revops_core.values.checks import AtLeast, Id, as_tuple, hints_of, require
from revops_core.values.decision import Refused
from revops_core.values.fingerprint import fingerprint

__all__ = ["Pipeline"]


Version = Annotated[int, AtLeast(1)]
_TOLD = ("outcome", "probability", "closes", "reopens", "regresses", "skipped")
Policy = Literal["allow", "reason", "forbid"]


def _each(made: Callable[[Any], Any], values: Any) -> Any:
    """Each of the values `made` what it stands for, as a tuple; what is no list of values is left for the check."""
    held: Any = as_tuple(values)
    return tuple(map(made, held)) if isinstance(held, tuple) else held


def _stages(given: Iterable[Stage | str]) -> tuple[Stage, ...]:
    return cast("tuple[Stage, ...]", _each(lambda one: Stage(one) if one and isinstance(one, str) else one, given))


def _transitions(given: Iterable[Transition | tuple[str, str]]) -> tuple[Transition, ...]:
    def step(one: Any) -> Any:
        return Transition(*one) if isinstance(one, tuple | list) and len(one) in {2, 3} else one

    return cast("tuple[Transition, ...]", _each(step, given))


def _creation(given: Iterable[str] | None) -> tuple[str, ...] | None:
    return cast("tuple[str, ...] | None", as_tuple(cast("Iterable[str]", given)))


def _subject(given: type | str | None) -> str | None:
    """`given` as it is: a class is needed to check fields, so the pipeline takes the name of it itself."""
    return cast("str | None", given)


def _unsaid() -> None:
    """None, told in plain data and in the fingerprint, which leave out a field whose default is None itself."""


@frozen(repr=False)
class Pipeline:
    """A stage machine as checked data: it decides steps and explains every refusal; it holds no record and no state.

    A bad definition raises one error with every problem: names that are double or unknown, stages that cannot be
    reached or left or that lead to no end, a chance of winning that contradicts the kind, fields that the subject's
    class does not have.

    Args:
        name: e.g. "opportunity".
        stages: in their order; a text stands for a plain open stage.
        version: of this definition; a record keeps the version it was moved under.
        subject: the class of the records, or its name; with the class, fields that rules and stages name are checked.
        transitions: the declared steps, as `Transition` or pairs of names. Where there are some, `unlisted` steps are
            forbidden unless it says "policy"; a declared step goes by its own policy.
        skip, regression, reopen, closed_to_closed: what a step over open stages, back to an earlier one, out of a
            closed stage into an open one, or from one closed stage to another is: "allow", "reason" or "forbid".
            To lose is never a skip; to win, or to end otherwise, is one where open stages lie between.
        same_stage: "refuse", or "reenter", which starts a new stay.
        creation: the stages in which a record may begin; by default every open one in use.

    >>> from datetime import timezone
    >>> from types import SimpleNamespace
    >>> trial = Pipeline("trial", ("new", Stage("active", required=("plan",)), Stage("bought", "won")))
    >>> customer = SimpleNamespace(id="t1", stage="new", plan=None)
    >>> print(trial.decide(customer, "active", at=datetime(2026, 3, 1, tzinfo=timezone.utc)))
    refused: Fill in 'plan' before 'active'.
    """

    name: Id
    stages: tuple[Stage, ...] = field(converter=_stages)
    version: Version = field(default=1, kw_only=True)
    subject: str | None = field(factory=_unsaid, kw_only=True, converter=_subject)
    transitions: tuple[Transition, ...] = field(default=(), kw_only=True, converter=_transitions)
    unlisted: Literal["forbid", "policy"] = field(default="forbid", kw_only=True)
    skip: Policy = field(default="allow", kw_only=True)
    regression: Policy = field(default="reason", kw_only=True)
    same_stage: Literal["refuse", "reenter"] = field(default="refuse", kw_only=True)
    reopen: Policy = field(default="reason", kw_only=True)
    closed_to_closed: Policy = field(default="forbid", kw_only=True)
    creation: tuple[Id, ...] | None = field(factory=_unsaid, kw_only=True, converter=_creation)
    _by_name: dict[str, Stage] = field(init=False, eq=False)
    _ranks: dict[str, int] = field(init=False, eq=False)
    _edges: dict[tuple[str | None, str], Edge] = field(init=False, eq=False)

    def __attrs_post_init__(self) -> None:
        """Work out what follows, or refuse with every fault."""
        subject, put = cast("type | str | None", self.subject), object.__setattr__
        put(self, "subject", subject.__name__ if isinstance(subject, type) else subject)
        faults: list[Fault] = []
        try:
            hints = {name: hint for name, hint in hints_of(Pipeline).items() if not name.startswith("_")}
            require("Pipeline", **{name: (getattr(self, name), hint) for name, hint in hints.items()})
        except InvalidValueError as error:
            faults += error.faults
        if not {"stages", "transitions", "creation"} & {fault.field for fault in faults}:
            put(self, "_by_name", {each.name: each for each in self.stages})
            put(self, "_ranks", ranks_of(self.stages))
            put(self, "_edges", {})
            faults += faults_of(self, subject if isinstance(subject, type) else None)
        if faults:
            raise InvalidValueError("Pipeline", faults)

    def __reduce__(self) -> tuple[Callable[[], Pipeline], tuple[()]]:
        # What is worked out is not pickled: it is worked out again.
        rest = {each.name: getattr(self, each.name) for each in fields(Pipeline) if each.init}
        return partial(Pipeline, rest.pop("name"), rest.pop("stages"), **rest), ()

    def __repr__(self) -> str:
        return f"Pipeline({self.name!r}, version={self.version}: {', '.join(each.name for each in self.stages)})"

    def __hash__(self) -> int:
        return hash((self.name, self.version))

    def __iter__(self) -> Iterator[Stage]:
        return iter(self.stages)

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that stand for the whole content of this definition."""
        return fingerprint(self)

    def stage(self, name: str, subject_id: object = None) -> Stage:
        """The stage called `name`; `subject_id` is the record that holds the name, for the error.

        Raises:
            UnknownStageError: there is none; the error names the nearest.
        """
        try:
            return self._by_name[name]
        except (KeyError, TypeError):
            held_by = None if subject_id is None else str(subject_id)
            raise UnknownStageError(name, self.name, self._by_name, held_by) from None

    def rank(self, name: str) -> int | None:
        """How far along the stage is, from 0; every end but a loss comes after the last open stage; None for a loss."""
        return self._ranks.get(self.stage(name).name)

    def edge(self, source: str | None, target: str, subject_id: object = None) -> Edge:
        """What this definition says of the step from `source` (None: from nothing) to `target`; worked out once.

        Raises:
            UnknownStageError: either is no stage of this pipeline; `subject_id` is the record that holds the source.
        """
        to, came_from = self.stage(target), None if source is None else self.stage(source, subject_id)
        if (source, target) not in self._edges:
            self._edges[source, target] = edge_of(self, came_from, to)
        return self._edges[source, target]

    def decide(
        self,
        record: Any,
        target: str,
        *,
        at: datetime,
        as_of: datetime | None = None,
        expected_seq: int | None = None,
        by: str | None = None,
        reason: str | None = None,
        override: str | None = None,
        recorded_at: datetime | None = None,
    ) -> Moved | Refused:
        """Whether `record` may move to `target`: the move to keep, or every reason against it.

        A record whose stage is None begins in `target`. What the definition forbids is looked at first; where the step
        is possible, the fields and rules of the target, and the exit rules of the stage it leaves, are all asked.

        Args:
            record: any object with `id` and `stage`. `stage_entered_at`, `stage_seq`, `stage_version` and `pipeline`
                are used where it has them; a check without its input is not made, and an input that cannot be read,
                such as a naive time, raises.
            target: the name of a stage.
            at: when it happens.
            as_of: now, where a move in the future is to be refused.
            expected_seq: the number of the last move when the caller looked; another one is a version conflict.
            by: who moves it.
            reason: why, for steps that need one.
            override: who allows it against policies, fields and rules; the move records what was overridden.
            recorded_at: when it is recorded, where that is not `at`.

        Raises:
            InvalidValueError: a naive time, a record without an id, an override without a name.
            UnknownStageError: the target, or the stage of the record, is none of this pipeline.
            WrongPipelineError: the record belongs to another pipeline, or to another version of this one.
        """
        source = record.stage
        try:
            edge = self._edges[source, target]
        except (KeyError, TypeError):
            edge = self.edge(source, target, record.id)
        self._refuse_foreign(record)
        return decide_step(edge, record, at, as_of, expected_seq, by, reason, override, recorded_at)

    def _refuse_foreign(self, record: Any) -> None:
        version, name = getattr(record, "stage_version", None), getattr(record, "pipeline", None)
        if (version is not None and version != self.version) or (name.__class__ is str and name != self.name):
            raise WrongPipelineError(str(record.id), (self.name, self.version), (name, version))

    def start(
        self, record: Any, target: str | None = None, *, at: datetime, by: str | None = None, reason: str | None = None
    ) -> Moved | Refused:
        """The first move of a record, into `target`: by default the stage that it holds, else the first open one.

        A record that is created in a stage has no history yet: this is the fact that begins it.

        Raises:
            UnknownStageError: there is no such stage.
            WrongPipelineError: the record belongs to another pipeline, or to another version of this one.
        """
        self._refuse_foreign(record)
        name = target or record.stage or next(stage.name for stage in self.stages if stage.is_open and stage.active)
        return decide_step(self.edge(None, name), record, at, None, None, by, reason, None, None)

    def options(
        self,
        record: Any,
        *,
        at: datetime,
        as_of: datetime | None = None,
        by: str | None = None,
        reason: str | None = None,
    ) -> dict[str, Moved | Refused]:
        """The decision for every stage of the pipeline, by its name: what a board shows before anything is dropped."""
        return {
            stage.name: self.decide(record, stage.name, at=at, as_of=as_of, by=by, reason=reason)
            for stage in self.stages
        }

    def classified(self, moves: Iterable[Moved]) -> tuple[Moved, ...]:
        """Moves that were imported, with what this definition says of each: outcome, probability, closing, skips.

        Raises:
            UnknownStageError: a move names a stage that is none of this pipeline.
        """
        found = []
        for move in moves:
            edge = self.edge(move.source, move.target)
            told = {name: getattr(edge, name) for name in _TOLD}
            found.append(evolve(move, pipeline=self.name, version=self.version, target_kind=edge.kind, **told))
        return tuple(found)

    def require_same(self, other: Pipeline) -> None:
        """Refuse another definition that calls itself by the same name and version but has other content.

        Raises:
            VersionConflictError: it does.
        """
        if (self.name, self.version) == (other.name, other.version) and self.fingerprint != other.fingerprint:
            raise VersionConflictError(self.name, self.version, (self.fingerprint, other.fingerprint))
