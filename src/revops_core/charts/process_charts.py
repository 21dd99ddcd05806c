"""The pictures of processes: how many got how far in a pipeline, and what an SLA clock says of one request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from attrs import asdict

from revops_core.calendars.business_calendar import BusinessCalendar
from revops_core.charts.chart import COLORS, Chart, amount, bound, drawn, layer, rows_of, word
from revops_core.errors import Fault, InvalidValueError
from revops_core.sla import Clock, TargetReading
from revops_core.stages.funnel import Funnel
from revops_core.values.checks import Count, Id, require
from revops_core.values.instants import to_microseconds as _at
from revops_core.values.show import show
from revops_core.values.table import Table

__all__ = ["funnel", "sla_timeline"]

Stretch = tuple[str, datetime, datetime]
_STEP = {"stage": Id, "actual_count": Count, "filled_count": Count, "visit_count": Count}
_WHOLE = ("entity_count", "lost_count", "open_count")
_TITLES = ("stage", "entered", "or later", "of the stage before", "of the first", "entries")
_REACHED = {"reached_is": "entered it or a later stage", "entered_is": "entered it"}
_TOLD = ("target", "what", "from", "to", "detail")
# What is drawn: its colour, the layer it is drawn in, and its shape.
_LOOKS = {
    "closed": ("sky", "low", "square"), "running": ("blue", "high", "square"), "overdue": ("red", "high", "square"),
    "counted": ("purple", "high", "square"), "paused": ("silver", "middle", "square"),
    "due": ("ink", "event", "diamond"), "missed": ("red", "event", "cross"), "reached": ("green", "event", "circle"),
    "cancelled": ("grey", "event", "circle"), "escalation": ("red", "notice", "triangle-up"),
    "reminder": ("orange", "notice", "triangle-right"),
}  # fmt: skip
_HEIGHTS = {"low": 5, "middle": 12, "high": 20}
_PLACES = {"event": 20, "notice": -20}


def funnel(result: Funnel | Iterable[Mapping[str, Any]], *, title: str = "Funnel") -> Chart:
    """A bar for each stage: who got there, and the share of those who got to the stage before.

    A bar counts who entered the stage or a later one; where some skipped a stage, a narrow bar inside counts who
    entered the stage itself.

    Args:
        result: what `StageLog.funnel` answered; or rows with stage, actual_count, filled_count and visit_count, in the
            order of the stages or with their `step`, such as those of a result of `frames.funnel`.
        title: of the picture.

    Raises:
        InvalidValueError: there are no steps, a stage comes twice, or what is given is no funnel.
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
    steps, says = _steps(result)
    require("charts.funnel", title=(title, str))
    cells: list[tuple[Any, ...]] = []
    numbers: list[dict[str, Any]] = []
    for number, (stage, entered, reached, visits) in enumerate(steps):
        before, first = steps[number - 1][2] if number else 0, steps[0][2]
        of_before, of_first = (Fraction(reached, base) if base else None for base in (before, first))
        label = show(reached) + (f"  ({show(of_before)})" if of_before is not None else "")
        cells.append((stage, entered, reached, of_before, of_first, visits))
        numbers.append({"stage": stage, "entered": entered, "reached": reached, "label": label, **_REACHED})
    skipped = any(entered != reached for _, entered, reached, _ in steps)
    colors = {"domain": [*_REACHED.values()], "range": [COLORS["sky" if skipped else "blue"], COLORS["blue"]]}
    tint = {"scale": colors, "legend": {"title": None, "orient": "bottom"} if skipped else None}
    x = {"axis": {"title": "entities (share of the stage before)", "format": ",d", "tickMinStep": 1}}
    layers = [
        layer("bar", {"height": {"band": band}}, x=amount(name, **x), color=word(f"{name}_is", **tint))
        for name, band in (("reached", 0.78), *[("entered", 0.36)] * skipped)
    ]
    look = {"align": "left", "dx": 7, "fontSize": 12, "fontWeight": "bold"}
    layers.append(layer("text", look, x=amount("reached", **x), text={"field": "label"}))
    table = Table(_TITLES, cells, title=title)
    data = bound(table, numbers, y=word("stage", title=None, axis={"labelFontSize": 12}))
    return drawn(table, says, **data, width=480, height={"step": 38}, layer=layers)


def _steps(result: Any) -> tuple[list[tuple[Any, ...]], list[str]]:
    """The steps as rows of their four columns, and who was counted."""
    if isinstance(result, Funnel):
        whole = {name: getattr(result, name) for name in ("definition", *_WHOLE)}
        result = [{**asdict(step), **whole} for step in result.steps]
    rows = sorted(rows_of("charts.funnel", result, Mapping[str, Any], [*_STEP]), key=lambda row: row.get("step", 0))
    for row in rows:
        require("charts.funnel", **{name: (row[name], rule) for name, rule in _STEP.items()})
    stages = [row["stage"] for row in rows]
    if len(set(stages)) < len(stages):
        raise InvalidValueError("charts.funnel", [Fault("result", "must have each stage once", stages)])
    says = [rows[0]["definition"]] if "definition" in rows[0] else []
    if rows[0].keys() >= {*_WHOLE}:
        says.append("{:,} entities, {:,} lost, {:,} still on their way".format(*map(rows[0].get, _WHOLE)))
    return [tuple(row[name] for name in _STEP) for row in rows], says


def sla_timeline(clock: Clock, as_of: datetime, *, title: str = "") -> Chart:
    """A row for each cycle of each target, with its stretches of time and what fell due or was sent.

    High bars are working time that counts, low ones the time between while the calendar is closed, middle ones a pause.
    What ran after the due instant is "overdue". The axis keeps the offset that `as_of` has, so that an hour is as wide
    in the night the clocks change as in any other.

    Args:
        clock: the facts of one request under a policy.
        as_of: aware datetime, the moment to look from.
        title: of the picture; by default the id of the clock and its policy.

    Raises:
        InvalidValueError: no clock, or a naive datetime.

    >>> from datetime import UTC
    >>> from revops_core.sla.clock_event import ClockEvent
    >>> from revops_core.sla.revenue_operations import REVENUE_OPERATIONS
    >>> nine = datetime(2026, 3, 2, 9, tzinfo=UTC)
    >>> clock = REVENUE_OPERATIONS.clock("ticket-7", [ClockEvent("started", nine)], request="account_setup")
    >>> [(bar["kind"], bar["t2"][11:16], bar["t3"][11:16])
    ...  for bar in sla_timeline(clock, nine + timedelta(hours=3)).spec["data"]["values"]][:3]
    [('running', '09:00', '11:00'), ('overdue', '11:00', '12:00'), ('missed', '11:00', '')]
    """
    require("charts.sla_timeline", clock=(clock, Clock), as_of=(as_of, datetime), title=(title, str))
    reading = clock.read(as_of)
    shift = (as_of.utcoffset() or timedelta(0)) // timedelta(milliseconds=1)
    rows: list[str] = []
    cells: list[tuple[str, ...]] = []
    numbers: list[dict[str, Any]] = []
    for number, cycle in enumerate(reading.cycles):
        again = sum(each.target == cycle.target for each in reading.cycles[:number])
        name = f"{cycle.target}{f' #{again + 1}' * bool(again)} {_within(cycle)}: {cycle.status.replace('_', ' ')}"
        rows.append(name)
        for kind, start, end, detail in (*_bars(cycle), *_marks(cycle)):
            cells.append((cycle.target, kind, show(start), show(end), detail))
            begin, until = (_at(at or start) // 1000 + shift for at in (start, end))
            numbers.append({"row": name, "kind": kind, "start": begin, "end": until, _LOOKS[kind][1]: 1})
    kinds = [kind for kind in _LOOKS if any(kind == number["kind"] for number in numbers)]
    legend = {"title": None, "orient": "bottom", "columns": 5, "symbolSize": 110}
    colors, shapes = [COLORS[_LOOKS[kind][0]] for kind in kinds], [_LOOKS[kind][2] for kind in kinds]
    color, shape = (word("kind", scale={"domain": kinds, "range": each}, legend=legend) for each in (colors, shapes))
    offset = as_of.strftime("%z")
    axis = {"title": f"time at UTC{offset[:3]}:{offset[3:5]}", "format": "%d %b %H:%M", "tickCount": 6}
    x = {"field": "start", "type": "temporal", "scale": {"type": "utc"}, "axis": axis}
    y = word("row", title=None, scale={"domain": rows}, axis={"labelLimit": 300, "labelFontSize": 12})
    table = Table(_TOLD, cells, title=title or f"{clock.id} under {reading.policy}")
    told, mark = {"y": y, "color": color, "x": x}, {"size": 110, "filled": True, "opacity": 1}
    bars = [layer("bar", {"height": high}, name, **told, x2={"field": "end"}) for name, high in _HEIGHTS.items()]
    marks = [layer("point", {**mark, "yOffset": at}, name, **told, shape=shape) for name, at in _PLACES.items()]
    says, height = [f"as of {show(as_of)}"], {"step": 62}
    return drawn(table, says, **bound(table, numbers), width=560, height=height, layer=[*bars, *marks])


def _bars(cycle: TargetReading) -> Iterator[tuple[str, datetime, datetime, str]]:
    """The stretches of a cycle, those that run cut where the calendar closes and where it was missed."""
    for segment in cycle.segments:
        detail = f"{segment.cause.kind}{f', {segment.owner}' if segment.owner else ''}"
        if segment.status == "paused":
            yield "paused", segment.start, segment.end, detail
            continue
        missed = min(max(cycle.breached_at or segment.end, segment.start, key=_at), segment.end, key=_at)
        for what, start, end in ((segment.status, segment.start, missed), ("overdue", missed, segment.end)):
            for piece in _pieces(cycle.calendar, what, start, end):
                yield *piece, detail


def _pieces(calendar: BusinessCalendar, kind: str, start: datetime, end: datetime) -> Iterator[Stretch]:
    """A stretch of time cut at every opening and closing."""
    at = start
    for piece in calendar.intervals(start, end):
        if _at(at) < _at(piece.start):
            yield "closed", at, piece.start
        yield kind, piece.start, piece.end
        at = piece.end
    if _at(at) < _at(end):
        yield "closed", at, end


def _marks(cycle: TargetReading) -> Iterator[tuple[str, datetime, None, str]]:
    """What happened at an instant: the due one, the end, and who heard of it."""
    fell = cycle.due_at if cycle.breached_at is None else cycle.breached_at
    marks = {"due" if cycle.breached_at is None else "missed": fell, "reached": cycle.stopped_at}
    for kind, at in {**marks, "cancelled": cycle.cancelled_at}.items():
        if at is not None:
            yield kind, at, None, _within(cycle)
    for notice in (*cycle.escalations, *cycle.reminders):
        kind = "reminder" if notice.tier is None else "escalation"
        yield kind, notice.at, None, f"to {notice.to}, {notice.trigger}"


def _within(cycle: TargetReading) -> str:
    return "within its days" if cycle.within is None else f"within {show(cycle.within)}"
