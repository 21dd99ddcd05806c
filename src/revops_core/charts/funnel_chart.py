"""The picture of a funnel: how many got how far, and how many of those in the stage before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from revops_core.charts.chart import COLORS, Chart, amount, bound, drawn, layer, word
from revops_core.errors import Fault, InvalidValueError, MissingColumnsError
from revops_core.stages.funnel import Funnel
from revops_core.values.checks import Count, Id, as_tuple, require
from revops_core.values.show import show
from revops_core.values.table import Table

__all__ = ["funnel"]

_COLUMNS = ("stage", "actual_count", "filled_count", "visit_count")
_TITLES = ("stage", "entered", "or later", "of the stage before", "of the first", "entries")
_LEGEND = {"reached_is": "entered it or a later stage", "entered_is": "entered it"}


def funnel(result: Funnel | Iterable[Mapping[str, Any]], *, title: str = "Funnel") -> Chart:
    """A bar for each stage: who got there, and the share of those who got to the stage before.

    A bar counts who entered the stage or a later one; where some skipped a stage, a narrow bar inside counts who
    entered the stage itself.

    Args:
        result: what `StageLog.funnel` answered, or rows with stage, actual_count, filled_count and visit_count, in the
            order of the stages.
        title: of the picture.

    Raises:
        InvalidValueError: there are no steps, or what is given is no funnel.
        MissingColumnsError: a row lacks a column.

    >>> steps = [{"stage": "new", "actual_count": 8, "filled_count": 8, "visit_count": 9},
    ...          {"stage": "won", "actual_count": 2, "filled_count": 2, "visit_count": 2}]
    >>> print(funnel(steps))
    Funnel
    stage  entered  or later  of the stage before  of the first  entries
    -----  -------  --------  -------------------  ------------  -------
    new          8         8                            100.0 %        9
    won          2         2               25.0 %        25.0 %        2
    """
    require("charts.funnel", title=(title, str))
    steps = _steps(result)
    cells: list[tuple[Any, ...]] = []
    numbers: list[dict[str, Any]] = []
    for number, (stage, entered, reached, visits) in enumerate(steps):
        before, first = steps[number - 1][2] if number else 0, steps[0][2]
        of_before, of_first = (Fraction(reached, base) if base else None for base in (before, first))
        label = show(reached) + (f"  ({show(of_before)})" if of_before is not None else "")
        cells.append((stage, entered, reached, of_before, of_first, visits))
        numbers.append({"stage": stage, "entered": entered, "reached": reached, "label": label, **_LEGEND})
    table = Table(_TITLES, cells, title=title)
    skipped = any(entered != reached for _, entered, reached, _ in steps)
    legend = {"title": None, "orient": "bottom"} if skipped else None
    colors = {"domain": [*_LEGEND.values()], "range": [COLORS["sky" if skipped else "blue"], COLORS["blue"]]}
    axis = {"title": "entities (share of the stage before)", "format": ",d", "tickMinStep": 1}
    bars = [
        layer(
            "bar",
            {"height": {"band": band}, "cornerRadiusEnd": 2},
            x=amount(name, axis=axis),
            color=word(f"{name}_is", scale=colors, legend=legend),
        )
        for name, band in (("reached", 0.78), *[("entered", 0.36)] * skipped)
    ]
    look = {"align": "left", "dx": 7, "fontSize": 12, "fontWeight": "bold"}
    texts = layer("text", look, x=amount("reached", axis=axis), text={"field": "label"})
    data = bound(table, numbers, y=word("stage", title=None, axis={"labelFontSize": 12}))
    return drawn(table, _told(result), **data, width=480, height={"step": 38}, layer=[*bars, texts])


def _steps(result: Any) -> list[tuple[Any, ...]]:
    """The steps as rows of their four columns."""
    if isinstance(result, Funnel):
        return [tuple(getattr(step, name) for name in _COLUMNS) for step in result.steps]
    rows = as_tuple(result)
    require("charts.funnel", result=(rows, tuple[Mapping[str, Any], ...]))
    for row in rows:
        if missing := [name for name in _COLUMNS if name not in row]:
            raise MissingColumnsError(missing, map(str, row))
        require("charts.funnel", **{name: (row[name], Id if name == "stage" else Count) for name in _COLUMNS})
    stages = [row["stage"] for row in rows]
    if not stages or len(set(stages)) < len(stages):
        raise InvalidValueError("charts.funnel", [Fault("result", "must have one or more stages, each once", stages)])
    return [tuple(row[name] for name in _COLUMNS) for row in rows]


def _told(result: Any) -> list[str]:
    if not isinstance(result, Funnel):
        return []
    counts = f"{result.entity_count:,} entities, {result.lost_count:,} lost, {result.open_count:,} still on their way"
    return [result.definition, counts]
