"""Edge: what a definition says of one step between two stages, worked out once so that a decision is a few look-ups."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from attrs import frozen

from revops_core.stages.stage import Stage
from revops_core.values.decision import Blocker, Rule
from revops_core.values.expression import Expression, compiled

__all__ = ["IMPOSSIBLE", "Edge", "blocker", "edge_of", "ranks_of", "reasons_against"]

IMPOSSIBLE = frozenset(
    {"no_transition", "same_stage", "terminal", "already_converted", "creation_stage_forbidden", "inactive_stage"}
)
"""Reasons that make a step impossible: fields and rules of the target are not even looked at."""

_SAYS = {
    "no_transition": "There is no step from '{source}' to '{target}'.",
    "same_stage": "It stands in '{target}' already.",
    "skip_forbidden": "From '{source}' it cannot skip {skipped} to reach '{target}'.",
    "regression_forbidden": "It cannot go back from '{source}' to '{target}'.",
    "terminal": "It ended in '{source}' and cannot move to '{target}'.",
    "creation_stage_forbidden": "Nothing may begin in '{target}'.",
    "inactive_stage": "'{target}' is no longer in use.",
    "already_converted": "It was converted in '{source}'; that is done once and not undone.",
    "reason_required": "Say why it moves to '{target}'.",
    "required_field": "Fill in '{field}' before '{target}'.",
    "version_conflict": "It has moved since you looked: it is at move {found}, not {expected}.",
    "out_of_order": "It entered '{source}' at {entered_at}, which is after {at}.",
    "future_dated": "{at} has not come yet: it is {as_of}.",
}


def blocker(reason: str, **parameters: object) -> Blocker:
    """The blocker of one reason, with its sentence."""
    told = {name: ", ".join(value) if isinstance(value, tuple) else value for name, value in parameters.items()}
    return Blocker(reason, _SAYS[reason].format(**told), parameters)


@frozen
class Edge:
    """One step: what blocks it whatever the record holds, what it asks of the record, and what it does.

    Args:
        blockers: what the definition has against it.
        is_possible: whether fields and rules are looked at.
        needs_reason: whether it asks why.
        required: the fields it asks for, each with how it is read.
        rules: the rules it asks, each with its condition compiled, where it is one.
        kind: of the target stage.
        outcome, probability, closes, reopens, regresses, skipped: as of `Moved`.
        constants: what a move along it always holds, in the order of `sound_move`; the first two are the stages.
    """

    blockers: tuple[Blocker, ...]
    is_possible: bool
    needs_reason: bool
    required: tuple[tuple[str, Callable[[Any], Any]], ...]
    rules: tuple[tuple[Rule, Callable[[Any], Any] | None], ...]
    kind: str
    outcome: str
    probability: Decimal | None
    closes: bool
    reopens: bool
    regresses: bool
    skipped: tuple[str, ...]
    constants: tuple[Any, ...]


def ranks_of(stages: Iterable[Stage]) -> dict[str, int]:
    """How far along each stage is: open ones by their order, every end but a loss after them; a loss has no rank."""
    ranks: dict[str, int] = {}
    ends: list[str] = []
    for stage in stages:
        if stage.is_open:
            ranks[stage.name] = len(ranks)
        elif stage.kind != "lost":
            ends.append(stage.name)
    return ranks | dict.fromkeys(ends, len(ranks))


def _step(pipeline: Any, came_from: Stage | None, to: Stage) -> tuple[tuple[str, ...], bool, bool, tuple[str, ...]]:
    """What the definition alone says: the reasons against it, whether it needs one, whether it goes back, its skips."""
    is_back = False
    skipped: tuple[str, ...] = ()
    rank = pipeline.rank(to.name)
    if came_from is not None and came_from.is_open and rank is not None:
        from_rank = pipeline.rank(came_from.name)
        is_back = rank < from_rank
        between = [stage for stage in pipeline if stage.is_open][from_rank + 1 : rank]
        skipped = tuple(stage.name for stage in between if stage.active)
    reason, needs_reason = _verdict(pipeline, came_from, to, is_back, bool(skipped))
    reasons: tuple[str, ...] = (reason,) if reason else ()
    if not to.active and came_from is not to:
        reasons += ("inactive_stage",)
    return reasons, needs_reason or to.needs_reason, is_back, skipped


def reasons_against(pipeline: Any, came_from: Stage | None, to: Stage) -> tuple[str, ...]:
    """Why the definition forbids the step, whatever the record holds; none where it may be possible."""
    return _step(pipeline, came_from, to)[0]


def edge_of(pipeline: Any, came_from: Stage | None, to: Stage) -> Edge:
    """The step from a stage, or from nothing, to another."""
    reasons, needs_reason, is_back, skipped = _step(pipeline, came_from, to)
    source, target = None if came_from is None else came_from.name, to.name
    was_open = came_from is None or came_from.is_open
    parameters = {"source": source, "target": target} | ({"skipped": skipped} if skipped else {})
    asks_exit = came_from is not None and was_open and to.kind != "lost" and not is_back and source != target
    rules = (came_from.exit if came_from is not None and asks_exit else ()) + to.entry
    # A step back that is declared and free is a loop of the process, no regression.
    effects = (
        to.kind,
        to.outcome or to.kind,
        {"won": Decimal(1), "lost": Decimal(0)}.get(to.kind, to.probability),
        not to.is_open and (came_from is None or came_from.kind != to.kind),
        not was_open and to.is_open,
        is_back and _declared(pipeline, source, target) != "allow",
        skipped,
    )
    return Edge(
        tuple(blocker(name, **parameters) for name in reasons),
        IMPOSSIBLE.isdisjoint(reasons),
        needs_reason,
        tuple((name, compiled(Expression("field", (name, "")))) for name in to.required),
        tuple((rule, compiled(rule.check) if isinstance(rule.check, Expression) else None) for rule in rules),
        *effects,
        constants=(source, target, pipeline.name, pipeline.version, *effects),
    )


def _declared(pipeline: Any, source: str | None, target: str) -> str | None:
    """The policy of a step, where the pipeline declares it."""
    return next((step.policy for step in pipeline.transitions if (step.source, step.target) == (source, target)), None)


def _verdict(pipeline: Any, came_from: Stage | None, to: Stage, is_back: bool, skips: bool) -> tuple[str | None, bool]:
    """The reason why the definition forbids the step, if it does, and whether it asks for a reason."""
    if came_from is None:
        begins = to.is_open and to.active if pipeline.creation is None else to.name in pipeline.creation
        return (None if begins else "creation_stage_forbidden"), False
    if came_from.kind == "converted":
        return "already_converted", False
    if came_from.name == to.name:
        return (None if pipeline.same_stage == "reenter" and to.is_open else "same_stage"), False
    policy = _declared(pipeline, came_from.name, to.name)
    if policy is not None:
        return ("no_transition" if policy == "forbid" else None), policy == "reason"
    if pipeline.transitions and pipeline.unlisted == "forbid":
        return ("no_transition" if came_from.is_open else "terminal"), False
    if not came_from.is_open:
        policy, forbidden = (pipeline.reopen if to.is_open else pipeline.closed_to_closed), "terminal"
    elif is_back:
        policy, forbidden = pipeline.regression, "regression_forbidden"
    elif skips:
        policy, forbidden = pipeline.skip, "skip_forbidden"
    else:
        return None, False
    return (forbidden if policy == "forbid" else None), policy == "reason"
