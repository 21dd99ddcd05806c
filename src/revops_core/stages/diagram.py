"""Diagrams of pipelines and of real flow, as Mermaid or DOT text: they are rendered elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta

from revops_core.errors import Fault, InvalidValueError
from revops_core.stages.flow import Waiting
from revops_core.stages.pipeline import Pipeline

__all__ = ["dot", "mermaid"]

_LABELS = ("count", "median", "mean", "total")


def mermaid(pipeline: Pipeline | None = None, flow: Iterable[Waiting] = (), *, label: str = "count") -> str:
    """A state diagram in Mermaid's notation: the way through a pipeline, or the ways that were really taken.

    Args:
        pipeline: draws its declared steps; where it declares none, each step on to the next stage and to an end.
        flow: what `StageLog.flow` answered; draws these ways instead, with their figures.
        label: the figure on each way: "count", "median", "mean" or "total" time.

    >>> from revops_core.stages.stage import Stage
    >>> print(mermaid(Pipeline("trial", ("new", "active", Stage("bought", "won")), creation=("new",))))
    stateDiagram-v2
        state "new" as s0
        state "active" as s1
        state "bought" as s2
        [*] --> s0
        s0 --> s1
        s1 --> s2
    """
    names, edges = _drawn(pipeline, tuple(flow), label)
    codes = {name: f"s{number}" for number, name in enumerate(names)}
    lines = ["stateDiagram-v2", *(f'    state "{_quoted(name)}" as {code}' for name, code in codes.items())]
    for source, target, text in edges:
        start = "[*]" if source is None else codes[source]
        lines.append(f"    {start} --> {codes[target]}" + (f" : {text}" if text else ""))
    return "\n".join(lines)


def dot(pipeline: Pipeline | None = None, flow: Iterable[Waiting] = (), *, label: str = "count") -> str:
    """The same graph in the DOT notation of Graphviz; the arguments are those of `mermaid`.

    >>> way = Waiting("new", "won", 3, 0, timedelta(days=6), timedelta(days=2), None, None, None)
    >>> print(dot(flow=[way], label="mean"))
    digraph {
        rankdir=LR
        "new" -> "won" [label="2 d 0 h"]
    }
    """
    names, edges = _drawn(pipeline, tuple(flow), label)
    used = {name for source, target, _ in edges for name in (source, target)}
    lines = ["digraph {", "    rankdir=LR", *(f'    "{_quoted(name)}"' for name in names if name not in used)]
    for source, target, text in edges:
        if source is not None:
            suffix = f' [label="{text}"]' if text else ""
            lines.append(f'    "{_quoted(source)}" -> "{_quoted(target)}"{suffix}')
    return "\n".join([*lines, "}"])


def _drawn(
    pipeline: Pipeline | None, flow: tuple[Waiting, ...], label: str
) -> tuple[list[str], list[tuple[str | None, str, str]]]:
    """The stages and the steps between them, each with its text."""
    if label not in _LABELS:
        raise InvalidValueError("diagram", [Fault("label", f"must be one of {', '.join(_LABELS)}", label)])
    if pipeline is None and not flow:
        raise InvalidValueError("diagram", [Fault("pipeline", "must be given where there is no flow", None)])
    ways = [(each.stage, each.next_stage, _text(each, label)) for each in flow if each.next_stage is not None]
    held = [] if pipeline is None else [stage.name for stage in pipeline]
    names = list(dict.fromkeys([*held, *(name for way in ways for name in way[:2])]))
    if flow:
        return names, list(ways)
    return names, [(source, target, "") for source, target in _plain_steps(pipeline)] if pipeline is not None else []


def _plain_steps(pipeline: Pipeline) -> Iterator[tuple[str | None, str]]:
    """The declared steps and where records begin; without declared ones, each step on and each to an end."""
    listed = {(step.source, step.target) for step in pipeline.transitions}
    for stage in pipeline:
        for source in (None, *(other.name for other in pipeline)):
            edge = pipeline.edge(source, stage.name)
            is_usual = not (edge.skipped or edge.regresses or edge.reopens or source == stage.name)
            if not edge.blockers and (is_usual or (source, stage.name) in listed):
                yield source, stage.name


def _text(waiting: Waiting, label: str) -> str:
    value = waiting.n if label == "count" else getattr(waiting, label)
    if isinstance(value, timedelta):
        hours = value // timedelta(hours=1)
        return f"{hours // 24} d {hours % 24} h"
    return f"{value:,}"


def _quoted(name: str) -> str:
    return name.replace("\\", "\\\\").replace('"', "'")
