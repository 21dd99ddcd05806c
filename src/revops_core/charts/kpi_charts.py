"""The pictures of measurements: a KPI from period to period, and a scorecard."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import chain, cycle, islice, pairwise
from textwrap import wrap
from typing import Any

from revops_core.charts.chart import COLORS, Chart, amount, bound, drawn, layer, named, word
from revops_core.errors import Fault, InvalidValueError, MissingColumnsError
from revops_core.kpis.kpi import Kpi
from revops_core.kpis.kpi_table import KpiTable
from revops_core.kpis.scorecard import ScorecardLine, ScorecardResult
from revops_core.values.checks import as_tuple, require
from revops_core.values.confidence import wilson_interval
from revops_core.values.measurement import REASONS, Measurement, Undefined
from revops_core.values.money import Money
from revops_core.values.show import show
from revops_core.values.table import Table

__all__ = ["scorecard", "series"]

Row = Mapping[str, Any]
_NEEDED = ("kpi", "value", "period", "unit")
_TOLD = {*_NEEDED, "reason", "currency", "numerator", "denominator", "n", "partial", "interval", "problem_count"}
_SPANS = (("days", timedelta(days=1)), ("hours", timedelta(hours=1)), ("minutes", timedelta(minutes=1)))
_MOST_LINES = 3  # more lines in one picture, with their bands, cannot be told apart: each has a panel of its own
_SHAPES = ("circle", "square", "triangle-up", "diamond", "triangle-down", "triangle-right", "triangle-left")
_MEANING = {"low": "band: 95 % interval", "hollow": "hollow: the period still runs", "gap": "×: undefined"}
_STATUS = {"met": "green", "at_risk": "orange", "missed": "red", "no_target": "blue", "undefined": "grey"}
_LINE = ("KPI", "value", "95 % interval", "before", "target", "status")
_BULLET = "bar: value, thick line: target, thin line: 95 % interval, diamond: the period before"


def series(
    result: KpiTable | Iterable[Measurement | Mapping[str, Any]], *, kpi: Kpi | str | None = None, title: str = ""
) -> Chart:
    """One KPI from period to period, a line for each segment, with its 95 % confidence interval as a band.

    A period that still runs is a hollow point on a dashed line. Where the KPI is undefined the line has a gap, and a
    cross at the foot tells the reason; it is never drawn as zero.

    Args:
        result: what `measure` found over periods; or its measurements; or tidy rows with the columns of
            `KpiTable.rows()`, such as `df.to_dict("records")` of a result of `frames.measure`.
        kpi: which, or its name; not needed where there is only one.
        title: of the picture; by default the name of the KPI.

    Raises:
        InvalidValueError: no rows, no such KPI (tells the nearest), no periods, several units or currencies.
        MissingColumnsError: a row lacks a column.

    >>> rows = [{"kpi": "win_rate", "period": month, "value": won / 8, "unit": "fraction", "numerator": won,
    ...          "denominator": 8, "n": 8} for month, won in (("2026-01", 2), ("2026-02", 3))]
    >>> print(series(rows))
    win_rate
    period   win_rate  95 % interval     records
    -------  --------  ----------------  -------
    2026-01  25.0 %    7.1 % to 59.1 %         8
    2026-02  37.5 %    13.7 % to 69.4 %        8
    """
    require("charts.series", kpi=(kpi, Kpi | str | None), title=(title, str))
    name, rows = _of_one_kpi(_rows(result), kpi)
    by = [column for column in rows[0] if column not in _TOLD]
    cells, points, axis = _points(rows, by)
    segments, periods = (list(dict.fromkeys(point[key] for point in points)) for key in ("segment", "period"))
    for segment in segments:
        for point, following in pairwise(point for point in points if point["segment"] == segment):
            point["running"] = point["hollow"] if following["hollow"] is None else point["value"]
    in_panels, segmented = len(segments) > _MOST_LINES, " · ".join(by)
    color, shape = (
        word(
            "segment",
            scale={"domain": segments, "range": [*islice(cycle(looks), len(segments))]},
            legend={"title": segmented} if by and not in_panels else None,
        )
        for looks in (list(COLORS.values())[:8], _SHAPES)
    )
    table = Table([*[segmented] * bool(by), "period", name, "95 % interval", "records"], cells, title=title or name)
    height, width = (130, 210) if in_panels else (280, min(680, max(340, 52 * len(periods))))
    tilt = -40 if in_panels or len(periods) > 6 else 0
    x = word("period", title=None, scale={"domain": periods}, axis={"labelAngle": tilt})
    y, line, dot = (
        {"axis": {**axis, "title": f"{name} ({axis['title']})"}},
        {"strokeWidth": 2},
        {"size": 60, "opacity": 1},
    )
    untold = {"color": color, "tooltip": {"value": None}}
    marks = [
        layer("area", {"opacity": 0.14}, y=amount("low", **y), y2={"field": "high"}, **untold),
        layer("line", line, y=amount("whole", **y), **untold),
        layer("line", {**line, "strokeDash": [4, 4]}, y=amount("running", **y), **untold),
        layer("point", {**dot, "filled": True}, "whole", y=amount("value", **y), color=color, shape=shape),
        layer("point", {**dot, "fill": "white"}, "hollow", y=amount("value", **y), color=color, shape=shape),
        layer("text", {"text": "×", "fontSize": 16}, "gap", y={"value": height - 8}, color=color),
    ]
    data = bound(table, points, x=x)
    says = ", ".join(text for key, text in _MEANING.items() if any(point[key] is not None for point in points))
    picture = {"width": width, "height": height, "encoding": data.pop("encoding"), "layer": marks}
    if in_panels:
        header = {"title": segmented, "titleFontWeight": "normal", "labelFontWeight": "bold"}
        picture = {"facet": word("segment", header=header), "columns": 3, "spec": picture}
    return drawn(table, [says] if says else [], **data, **picture)


def scorecard(result: ScorecardResult | Iterable[ScorecardLine], *, title: str = "") -> Chart:
    """A bar for each KPI on a scale of its own, with its target, its interval and what it was in the period before.

    The status is written beside the bar. Where the KPI is undefined there is no bar, but the reason.

    Args:
        result: what `Scorecard.measure` answered, or lines of your own.
        title: of the picture; by default the name of the scorecard and its period.

    Raises:
        InvalidValueError: there are no lines, or a target of another kind than its KPI.

    >>> from revops_core.kpis.sales import deals_won
    >>> line = ScorecardLine(kpi=deals_won, measurement=deals_won.of(9), before=deals_won.of(7), target=8)
    >>> print(scorecard([line]))
    Scorecard
    KPI                value  95 % interval  before  target  status
    -----------------  -----  -------------  ------  ------  ------
    Deals won (count)  9                     7       8       met
    """
    lines = result.lines if isinstance(result, ScorecardResult) else as_tuple(result)
    require("charts.scorecard", result=(lines, tuple[ScorecardLine, ...]), title=(title, str))
    if not lines:
        raise InvalidValueError("charts.scorecard", [Fault("result", "must have one or more lines", result)])
    title, unmeasured = title or "Scorecard", ""
    if isinstance(result, ScorecardResult):
        title = f"{result.name}, {result.period}" if title == "Scorecard" else title
        unmeasured = ", ".join(f"{name} (needs {' and '.join(needs)})" for name, needs in result.without_rows.items())
    bullets = [_bullet(line) for line in lines]
    table = Table(_LINE, [cells for cells, _ in bullets], title=title)
    says = [_BULLET, *wrap(f"not measured: {unmeasured}" if unmeasured else "", 100)]
    return drawn(table, says, vconcat=[picture for _, picture in bullets], spacing=14)


def _bullet(line: ScorecardLine) -> tuple[list[Any], dict[str, Any]]:
    """One line of a scorecard as cells of a table and as a picture."""
    found, kpi, interval = line.measurement, line.kpi, line.measurement.ci()
    currency = found.currency or line.before.currency
    low, high = (None, None) if interval is None else (interval.low, interval.high)
    parts = {"value": found.value, "before": line.before.value, "target": line.target, "low": low, "high": high}
    exact = {name: _exact(value, kpi.unit, currency) for name, value in parts.items()}
    axis, scale = _axis(exact.values(), kpi.unit, currency)
    numbers = {name: _number(value, scale) for name, value in exact.items()}
    texts = {name: show(value, kpi.unit) for name, value in exact.items()}
    status, value = line.status.replace("_", " "), texts["value"] or str(found.value)
    label = f"{value}{', target ' * bool(texts['target'])}{texts['target']}{f': {status}' * found.is_defined}"
    name = f"{kpi.title or kpi.name} ({axis['title']})"
    cells = [
        name,
        value,
        f"{texts['low']} to {texts['high']}" if interval else "",
        texts["before"] or str(line.before.value),
    ]
    cells += [texts["target"], status]
    known = [0.0, *(number for number in numbers.values() if number is not None)]
    scaled: dict[str, Any] = {"scale": {"domain": [min(known), max(known) or 1.0], "nice": True}}
    scaled["axis"] = {**axis, "title": None, "grid": False, "tickCount": 4} if len(known) > 1 else None
    ink, left = (
        COLORS["ink"],
        {"minExtent": 210, "labelLimit": 210, "domain": False, "ticks": False, "labelFontSize": 12},
    )
    diamond = {"shape": "diamond", "fill": "white", "stroke": ink, "size": 70, "opacity": 1}
    tick = {"color": "black", "thickness": 4, "size": 26, "opacity": 1}
    marks = [
        layer("bar", {"height": 14, "color": COLORS[_STATUS[line.status]]}, "value", x=amount("value", **scaled)),
        layer("rule", {"color": ink, "strokeWidth": 1.5}, "low", x=amount("low", **scaled), x2={"field": "high"}),
        layer("point", diamond, "before", x=amount("before", **scaled)),
        layer("tick", tick, "target", x=amount("target", **scaled)),
        layer(
            "text",
            {"align": "left", "fontSize": 12, "color": ink},
            x={"value": 344 if found.is_defined else 6},
            text={"field": "label"},
        ),
    ]
    data = bound(
        Table(_LINE, [cells]), [{**numbers, "name": name, "label": label}], y=word("name", title=None, axis=left)
    )
    return cells, {"width": 330, "height": 26, **data, "layer": marks}


def _rows(result: Any) -> list[Row]:
    """The measurements as rows: those of objects with exact values and every interval."""
    held = as_tuple(result.measurements() if isinstance(result, KpiTable) else result)
    require("charts.series", result=(held, tuple[Measurement | Mapping[str, Any], ...]))
    rows = [_row(each) if isinstance(each, Measurement) else each for each in held]
    for row in rows:
        if missing := [column for column in _NEEDED if column not in row]:
            raise MissingColumnsError(missing, map(str, row))
    if not rows:
        raise InvalidValueError("charts.series", [Fault("result", "must have one or more measurements", result)])
    return rows


def _row(found: Measurement) -> Row:
    period = None if found.period is None else str(found.period)
    reason = found.value.reason if isinstance(found.value, Undefined) else None
    told = {"kpi": found.name, "period": period, "value": found.value, "reason": reason, "interval": found.ci()}
    return {**found.segment, **told, **{name: getattr(found, name) for name in ("unit", "currency", "n", "partial")}}


def _of_one_kpi(rows: list[Row], kpi: Kpi | str | None) -> tuple[str, list[Row]]:
    names = list(dict.fromkeys(str(row["kpi"]) for row in rows))
    wanted = names[0] if kpi is None and len(names) == 1 else getattr(kpi, "name", kpi)
    name = named("charts.series", "kpi", wanted, names)
    rows = [row for row in rows if row["kpi"] == name]
    faults = []
    for column in ("unit", "currency"):
        found = _all(rows, column)
        if len(found) > 1:
            faults.append(Fault(column, f"must be one for all of '{name}': draw each alone", found))
    if any(_is_missing(row["period"]) for row in rows):
        faults.append(Fault("period", "must be given: measure over periods, such as over=year.months()", None))
    if faults:
        raise InvalidValueError("charts.series", faults)
    return name, rows


def _all(rows: Iterable[Row], column: str) -> tuple[str, ...]:
    """What a column has, each once."""
    return tuple(dict.fromkeys(row[column] for row in rows if not _is_missing(row.get(column))))


def _points(rows: Sequence[Row], by: Sequence[str]) -> tuple[list[list[Any]], list[dict[str, Any]], dict[str, str]]:
    """What is told and what is drawn of each row, and the axis it is drawn on."""
    unit, currency = rows[0]["unit"], next(iter(_all(rows, "currency")), None)
    values = [_exact(row["value"], unit, currency) for row in rows]
    intervals = [[_exact(bound, unit, currency) for bound in _bounds(row)] for row in rows]
    axis, scale = _axis([*values, *chain(*intervals)], unit, currency)
    cells, points = [], []
    for row, value, interval in zip(rows, values, intervals, strict=True):
        number, reason = _number(value, scale), REASONS.get(str(row.get("reason")))
        low, high = [_number(bound, scale) for bound in interval] or (None, None)
        runs = not _is_missing(row.get("partial")) and bool(row["partial"])
        segment = " · ".join("(missing)" if _is_missing(row.get(part)) else str(row[part]) for part in by)
        period = f"{row['period']}{' (partial)' * runs}"
        says = f"undefined{f': {reason}' if reason else ''}" if value is None else value
        n = None if _is_missing(row.get("n")) else int(row["n"])
        cells.append(
            [*[segment] * bool(by), period, show(says, unit), " to ".join(show(bound, unit) for bound in interval), n]
        )
        whole, hollow, gap = None if runs else number, number if runs else None, 0 if number is None else None
        point = {"segment": segment, "period": period, "value": number, "low": low, "high": high}
        points.append({**point, "whole": whole, "hollow": hollow, "running": hollow, "gap": gap})
    return cells, points, axis


def _bounds(row: Row) -> tuple[Any, ...]:
    """The 95 % confidence interval of a row: its own, or that of a share of a whole; nothing where it has none."""
    parts: list[Any] = [row.get(name) for name in ("numerator", "denominator")]
    if "interval" in row or row["unit"] != "fraction" or any(map(_is_missing, parts)):
        interval = row.get("interval")
    else:  # a DataFrame may have made floats of counts, but amounts are no counts
        counted = all(isinstance(part, int) for part in parts)
        counted = counted or (parts[1] == row.get("n") and all(part == int(part) for part in parts))
        interval = wilson_interval(*map(int, parts)) if counted else None
    return () if interval is None else (interval.low, interval.high)


def _is_missing(value: Any) -> bool:
    """Whether there is no value: None, or what a DataFrame has in its place, which does not even equal itself."""
    try:
        return value is None or isinstance(value, Undefined) or bool(value != value)  # noqa: PLR0124
    except TypeError:  # pandas.NA answers neither yes nor no
        return True


def _exact(value: Any, unit: str, currency: str | None) -> Any:
    """A value as the library has it, None where there is none: in a DataFrame, shares and money lost their types."""
    if _is_missing(value) or isinstance(value, Money | timedelta | Fraction):
        return None if _is_missing(value) else value
    try:
        number = Decimal(str(None if isinstance(value, str | bool) else value))
    except ArithmeticError:
        raise InvalidValueError("charts.series", [Fault("value", "must be a number", value)]) from None
    if not number.is_finite():
        return None
    if unit == "money" and currency is not None:
        return Money(number, currency)
    return Fraction(number) if unit == "fraction" else int(number) if unit == "count" else number


def _number(exact: Any, scale: timedelta) -> float | None:
    """A value as an axis takes it."""
    if exact is None or isinstance(exact, timedelta):
        return None if exact is None else exact / scale
    return float(exact.amount if isinstance(exact, Money) else exact)


def _axis(values: Iterable[Any], unit: str, currency: str | None) -> tuple[dict[str, str], timedelta]:
    """How an axis is named and its numbers are written, and what a duration is divided by."""
    longest = max((abs(value) for value in values if isinstance(value, timedelta)), default=None)
    if longest is not None:
        title, scale = next((pair for pair in _SPANS if longest >= 2 * pair[1]), _SPANS[-1])
        return {"title": title, "format": ",~f"}, scale
    written = {"fraction": ("%", "~%"), "money": (currency or unit, "~s")}
    return dict(zip(("title", "format"), written.get(unit, (unit, ",~f")), strict=True)), _SPANS[0][1]
