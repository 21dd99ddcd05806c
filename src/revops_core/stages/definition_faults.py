"""Everything that is wrong with the definition of a pipeline, at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from revops_core.errors import Fault
from revops_core.stages.edge import reasons_against
from revops_core.stages.stage import KINDS
from revops_core.values.decision import Rule
from revops_core.values.expression import Expression

__all__ = ["faults_of"]

_POLICIES = ("allow", "reason", "forbid")


def faults_of(pipeline: Any, subject: type | None) -> Iterator[Fault]:
    """Each fault of a `Pipeline` whose fields have the right types.

    Args:
        pipeline: the definition.
        subject: the class of its records, where the caller gave it.
    """
    yield from _stage_faults(pipeline)
    yield from _rule_faults(pipeline, subject)
    named = list(_name_faults(pipeline))
    yield from named
    if not named:
        yield from _path_faults(pipeline)


def _stage_faults(pipeline: Any) -> Iterator[Fault]:
    if not pipeline.stages:
        yield Fault("stages", "must be one or more", pipeline.stages)
    for name, count in Counter(stage.name for stage in pipeline.stages).items():
        if count > 1:
            yield Fault("stages", "must have names that differ", name)
    for number, stage in enumerate(pipeline.stages):
        where = f"stages[{number}]"
        if stage.kind not in KINDS:
            yield Fault(f"{where}.kind", f"must be one of {', '.join(KINDS)}", stage.kind)
        certain = {"won": 1, "lost": 0}.get(stage.kind)
        if certain is not None and stage.probability not in {None, certain}:
            rule = f"must be {certain} for a stage of kind '{stage.kind}'"
            yield Fault(f"{where}.probability", rule, stage.probability)
        if stage.stale_after is not None and not stage.is_open:
            yield Fault(f"{where}.stale_after", "must be None for a stage that is an end", stage.stale_after)


def _rule_faults(pipeline: Any, subject: type | None) -> Iterator[Fault]:
    """Codes with two meanings, and fields that the class of the records does not have."""
    rules: dict[str, Rule] = {}
    fields = _fields_of(subject)
    for number, stage in enumerate(pipeline.stages):
        for part in ("entry", "exit"):
            for place, rule in enumerate(getattr(stage, part)):
                where = f"stages[{number}].{part}[{place}]"
                if rules.setdefault(rule.code, rule) != rule:
                    yield Fault(f"{where}.code", "must stand for one rule only", rule.code)
                if isinstance(rule.check, Expression):
                    yield from _field_faults(where, rule.check.fields, fields, pipeline.subject)
        yield from _field_faults(f"stages[{number}].required", stage.required, fields, pipeline.subject)


def _fields_of(subject: type | None) -> frozenset[str] | None:
    if subject is None:
        return None
    annotated = {name for cls in subject.__mro__ for name in vars(cls).get("__annotations__", ())}
    return frozenset(annotated | set(dir(subject)))


def _field_faults(where: str, paths: Iterable[str], fields: frozenset[str] | None, subject: str) -> Iterator[Fault]:
    for path in paths:
        if fields is not None and path.partition(".")[0] not in fields:
            yield Fault(where, f"must name fields of {subject}", path)


def _name_faults(pipeline: Any) -> Iterator[Fault]:
    """Steps and first stages that name nothing."""
    names = {stage.name for stage in pipeline.stages}
    for place, name in enumerate(pipeline.creation or ()):
        if name not in names:
            yield Fault(f"creation[{place}]", "must be the name of a stage", name)
    seen = set()
    for place, step in enumerate(pipeline.transitions):
        for end in ("source", "target"):
            if getattr(step, end) not in names:
                yield Fault(f"transitions[{place}].{end}", "must be the name of a stage", getattr(step, end))
        if step.policy not in _POLICIES:
            yield Fault(f"transitions[{place}].policy", f"must be one of {', '.join(_POLICIES)}", step.policy)
        if (step.source, step.target) in seen:
            yield Fault(f"transitions[{place}]", "must not be declared twice", (step.source, step.target))
        seen.add((step.source, step.target))


def _path_faults(pipeline: Any) -> Iterator[Fault]:
    """Stages that cannot be reached, cannot be left, or lead to no end."""
    stages = {stage.name: stage for stage in pipeline.stages}
    names = list(stages)
    steps = {
        (source, target): not reasons_against(pipeline, stages.get(source), to)
        for source in (None, *names)
        for target, to in stages.items()
    }
    starts = [name for name in names if steps[None, name]]
    reached = _closure(starts, lambda name: [to for to in names if steps[name, to]])
    ends = [name for name in names if not stages[name].is_open]
    closing = _closure(ends, lambda name: [source for source in names if steps[source, name]])
    for number, stage in enumerate(pipeline.stages):
        where = f"stages[{number}]"
        if stage.name not in reached and stage.active:
            yield Fault(where, "must be reachable from a stage in which a record may begin", stage.name)
        if stage.is_open and not any(steps[stage.name, to] for to in names if to != stage.name):
            yield Fault(where, "must have a step out of it", stage.name)
        elif stage.is_open and stage.name not in closing:
            yield Fault(where, "must have a way to a stage that is an end", stage.name)


def _closure(start: Iterable[str], following: Callable[[str], Iterable[str]]) -> set[str]:
    found, todo = set(start), list(start)
    while todo:
        for name in following(todo.pop()):
            if name not in found:
                found.add(name)
                todo.append(name)
    return found
