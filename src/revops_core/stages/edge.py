"""Edge: what a definition says of one step between two stages, worked out once so that a decision is a few look-ups."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from attrs import frozen

from revops_core.stages.stage import Stage
from revops_core.values.decision import Blocker, Rule
from revops_core.values.expression import Expression, compiled

__all__ = ["IMPOSSIBLE", "Edge", "Steps", "blocker", "edge_of", "ranks_of", "reasons_against"]

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
class Steps:
    """What a pipeline says of steps in general, and of those it declares."""

    skip: str
    regression: str
    same_stage: str
    reopen: str
    closed_to_closed: str
    unlisted: str
    listed: Mapping[tuple[str, str], str]
    creation: frozenset[str]


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


@frozen
class _Step:
    """What the definition alone says of a step."""

    reasons: tuple[str, ...]
    needs_reason: bool
    is_back: bool
    skipped: tuple[str, ...]


def _step(
    stages: Mapping[str, Stage], steps: Steps, ranks: Mapping[str, int], source: str | None, target: str
) -> _Step:
    came_from, to = None if source is None else stages[source], stages[target]
    rank, from_rank = ranks.get(target), None if source is None else ranks.get(source)
    is_back = False
    skipped: tuple[str, ...] = ()
    if came_from is not None and came_from.is_open and rank is not None and from_rank is not None:
        is_back = rank < from_rank
        skipped = _between(stages, ranks, from_rank, rank)
    reason, needs_reason = _verdict(steps, came_from, to, is_back, bool(skipped))
    reasons: tuple[str, ...] = (reason,) if reason else ()
    if not to.active and source != target:
        reasons += ("inactive_stage",)
    return _Step(reasons, needs_reason or to.needs_reason, is_back, skipped)


def reasons_against(
    stages: Mapping[str, Stage], steps: Steps, ranks: Mapping[str, int], source: str | None, target: str
) -> tuple[str, ...]:
    """Why the definition forbids the step, whatever the record holds; none where it may be possible."""
    return _step(stages, steps, ranks, source, target).reasons


def edge_of(
    stages: Mapping[str, Stage], steps: Steps, ranks: Mapping[str, int], source: str | None, target: str
) -> Edge:
    """The step from `source`, or from nothing, to `target`."""
    came_from, to = None if source is None else stages[source], stages[target]
    step = _step(stages, steps, ranks, source, target)
    is_back, skipped = step.is_back, step.skipped
    was_open = came_from is None or came_from.is_open
    parameters = {"source": source, "target": target} | ({"skipped": skipped} if skipped else {})
    asks_exit = came_from is not None and was_open and to.kind != "lost" and not is_back and source != target
    rules = (came_from.exit if came_from is not None and asks_exit else ()) + to.entry
    return Edge(
        blockers=tuple(blocker(name, **parameters) for name in step.reasons),
        is_possible=IMPOSSIBLE.isdisjoint(step.reasons),
        needs_reason=step.needs_reason,
        required=tuple((name, compiled(Expression("field", (name, "")))) for name in to.required),
        rules=tuple((rule, compiled(rule.check) if isinstance(rule.check, Expression) else None) for rule in rules),
        kind=to.kind,
        outcome=to.outcome or to.kind,
        probability={"won": Decimal(1), "lost": Decimal(0)}.get(to.kind, to.probability),
        closes=not to.is_open and (came_from is None or came_from.kind != to.kind),
        reopens=not was_open and to.is_open,
        # A step back that is declared and free is a loop of the process, no regression.
        regresses=is_back and steps.listed.get((source or "", target)) != "allow",
        skipped=skipped,
    )


def _between(stages: Mapping[str, Stage], ranks: Mapping[str, int], from_rank: int, rank: int) -> tuple[str, ...]:
    """The open stages in use that lie strictly between two ranks."""
    return tuple(
        name for name, stage in stages.items() if stage.is_open and stage.active and from_rank < ranks[name] < rank
    )


def _verdict(steps: Steps, came_from: Stage | None, to: Stage, is_back: bool, skips: bool) -> tuple[str | None, bool]:
    """The reason why the definition forbids the step, if it does, and whether it asks for a reason."""
    if came_from is None:
        return (None if to.name in steps.creation else "creation_stage_forbidden"), False
    if came_from.kind == "converted":
        return "already_converted", False
    if came_from.name == to.name:
        return (None if steps.same_stage == "reenter" and to.is_open else "same_stage"), False
    policy = steps.listed.get((came_from.name, to.name))
    if policy is not None:
        return ("no_transition" if policy == "forbid" else None), policy == "reason"
    if steps.unlisted == "forbid":
        return ("no_transition" if came_from.is_open else "terminal"), False
    if not came_from.is_open:
        policy, forbidden = (steps.reopen if to.is_open else steps.closed_to_closed), "terminal"
    elif is_back:
        policy, forbidden = steps.regression, "regression_forbidden"
    elif skips:
        policy, forbidden = steps.skip, "skip_forbidden"
    else:
        return None, False
    return (forbidden if policy == "forbid" else None), policy == "reason"
