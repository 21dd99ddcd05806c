"""The pictures of measurements: a KPI from period to period, and a scorecard."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import cycle, islice, pairwise
from textwrap import wrap
from typing import Any

from revops_core.charts.chart import COLORS, Chart, amount, bound, drawn, layer, rows_of, word
from revops_core.entities.cells import is_missing
from revops_core.errors import Fault, InvalidValueError, meant
from revops_core.kpis import Kpi, KpiTable
from revops_core.kpis.scorecard import ScorecardLine, ScorecardResult
from revops_core.values import Money, Table
from revops_core.values.checks import require
from revops_core.values.confidence import wilson_interval
from revops_core.values.measurement import REASONS, Measurement, Undefined
from revops_core.values.show import show

__all__ = ["scorecard", "series"]

Row = Mapping[str, Any]
Figure = tuple[dict[str, float | None], dict[str, str]]
_NEEDED = ("kpi", "value", "period", "unit")
_TOLD = {*_NEEDED, "reason", "currency", "numerator", "denominator", "n", "partial", "low", "high", "problem_count"}
_SPANS = (("days", timedelta(days=1)), ("hours", timedelta(hours=1)), ("minutes", timedelta(minutes=1)))
_MOST_LINES = 3  # more lines in one picture, with their bands, cannot be told apart: each has a panel of its own
_SHAPES = ("circle", "square", "triangle-up", "diamond", "triangle-down", "triangle-right", "triangle-left")
_MEANING = {"low": "band: 95 % interval", "hollow": "hollow: the period still runs", "gap": "×: undefined"}
_STATUS = {"met": "green", "at_risk": "orange", "missed": "red", "no_target": "blue", "undefined": "grey"}
_LINE = ("KPI", "value", "95 % interval", "before", "target", "status")
_BULLET = "bar: value, thick line: target, thin line: 95 % interval, diamond: the period before"


def series(result: KpiTable | Iterable[Measurement | Row], *, kpi: Kpi | str | None = None, title: str = "") -> Chart:
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
    rows = _rows(result, kpi)
    name, by = str(rows[0]["kpi"]), [column for column in rows[0] if column not in _TOLD]
    axis, figures = _figures([_drawn_of(row) for row in rows], rows[0]["unit"], rows[0]["currency"])
    cells, points = [], []
    for row, (numbers, texts) in zip(rows, figures, strict=True):
        runs, number = not _is_missing(row.get("partial")) and bool(row["partial"]), numbers["value"]
        names = {"segment": " · ".join("(missing)" if _is_missing(row.get(part)) else str(row[part]) for part in by)}
        names["period"] = f"{row['period']}{' (partial)' * runs}"
        n = None if _is_missing(row.get("n")) else int(row["n"])
        cells.append([*[names["segment"]] * bool(by), names["period"], texts["value"], texts["interval"], n])
        marks = {"whole": None if runs else number, "gap": 0 if number is None else None}
        points.append({**names, **numbers, **marks, **dict.fromkeys(("hollow", "running"), number if runs else None)})
    segments, periods = (list(dict.fromkeys(point[key] for point in points)) for key in ("segment", "period"))
    for segment in segments:
        for point, following in pairwise(point for point in points if point["segment"] == segment):
            point["running"] = point["hollow"] if following["hollow"] is None else point["value"]
    in_panels, segmented = len(segments) > _MOST_LINES, " · ".join(by)
    legend = {"title": segmented} if by and not in_panels else None
    looks = [[*islice(cycle(each), len(segments))] for each in ([*COLORS.values()][:8], _SHAPES)]
    color, shape = (word("segment", scale={"domain": segments, "range": look}, legend=legend) for look in looks)
    height, width = (130, 210) if in_panels else (280, min(680, max(340, 52 * len(periods))))
    tilt = {"labelAngle": -40 if in_panels or len(periods) > 6 else 0}
    y = {"axis": {**axis, "title": f"{name} ({axis['title']})"}}
    whole = {"y": amount("value", **y), "color": color, "shape": shape}
    path, line, dot = {"color": color, "tooltip": {"value": None}}, {"strokeWidth": 2}, {"size": 60, "opacity": 1}
    layers = [
        layer("area", {"opacity": 0.14}, y=amount("low", **y), y2={"field": "high"}, **path),
        layer("line", line, y=amount("whole", **y), **path),
        layer("line", {**line, "strokeDash": [4, 4]}, y=amount("running", **y), **path),
        layer("point", {**dot, "filled": True}, "whole", **whole),
        layer("point", {**dot, "fill": "white"}, "hollow", **whole),
        layer("text", {"text": "×", "fontSize": 16}, "gap", y={"value": height - 8}, color=color),
    ]
    table = Table([*[segmented] * bool(by), "period", name, "95 % interval", "records"], cells, title=title or name)
    data = bound(table, points, x=word("period", title=None, scale={"domain": periods}, axis=tilt))
    picture = {"width": width, "height": height, "encoding": data.pop("encoding"), "layer": layers}
    if in_panels:
        header = {"title": segmented, "titleFontWeight": "normal", "labelFontWeight": "bold"}
        picture = {"facet": word("segment", header=header), "columns": 3, "spec": picture}
    says = [text for key, text in _MEANING.items() if any(point[key] is not None for point in points)]
    return drawn(table, [", ".join(says)] * bool(says), **data, **picture)


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
    require("charts.scorecard", title=(title, str))
    lines = rows_of("charts.scorecard", getattr(result, "lines", result), ScorecardLine, ())
    says, whole = [_BULLET], "Scorecard"
    if isinstance(result, ScorecardResult):
        whole = f"{result.name}, {result.period}"
        lacks = [f"{name} (needs {' and '.join(needs)})" for name, needs in result.without_rows.items()]
        says += wrap(f"not measured: {', '.join(lacks)}", 100) if lacks else []
    bullets = [_bullet(line) for line in lines]
    table = Table(_LINE, [cells for cells, _ in bullets], title=title or whole)
    return drawn(table, says, vconcat=[picture for _, picture in bullets], spacing=14)


def _bullet(line: ScorecardLine) -> tuple[list[str], dict[str, Any]]:
    """One line of a scorecard as cells of a table and as a picture."""
    held = {**_drawn_of(_row(line.measurement)), "before": line.before.value, "target": line.target}
    axis, [(numbers, texts)] = _figures([held], line.kpi.unit, line.measurement.currency or line.before.currency)
    is_known, status = numbers["value"] is not None, line.status.replace("_", " ")
    target = f", target {texts['target']}" if line.target is not None else ""
    label = f"{texts['value']}{target}{f': {status}' * is_known}"
    name = f"{line.kpi.title or line.kpi.name} ({axis['title']})"
    cells = [name, *(texts[part] for part in ("value", "interval", "before", "target")), status]
    known = [0.0, *(number for number in numbers.values() if number is not None)]
    x: dict[str, Any] = {"scale": {"domain": [min(known), max(known) or 1.0], "nice": True}, "axis": None}
    if len(known) > 1:
        x["axis"] = {**axis, "title": None, "grid": False, "tickCount": 4}
    beside = {"minExtent": 210, "labelLimit": 210, "domain": False, "ticks": False, "labelFontSize": 12}
    ink, place = COLORS["ink"], {"value": 344 if is_known else 6}
    diamond = {"shape": "diamond", "fill": "white", "stroke": ink, "size": 70, "opacity": 1}
    tick = {"color": "black", "thickness": 4, "size": 26, "opacity": 1}
    layers = [
        layer("bar", {"height": 14, "color": COLORS[_STATUS[line.status]]}, "value", x=amount("value", **x)),
        layer("rule", {"color": ink, "strokeWidth": 1.5}, "low", x=amount("low", **x), x2={"field": "high"}),
        layer("point", diamond, "before", x=amount("before", **x)),
        layer("tick", tick, "target", x=amount("target", **x)),
        layer("text", {"align": "left", "fontSize": 12, "color": ink}, x=place, text={"field": "label"}),
    ]
    y = word("name", title=None, axis=beside)
    data = bound(Table(_LINE, [cells]), [{**numbers, "name": name, "label": label}], y=y)
    return cells, {"width": 330, "height": 26, **data, "layer": layers}


def _rows(result: Any, kpi: Kpi | str | None) -> list[Row]:
    """The measurements of one KPI as rows: those of objects with exact values and every interval."""
    held = result.measurements() if isinstance(result, KpiTable) else result
    held = rows_of("charts.series", held, Measurement | Row, _NEEDED)
    rows = [_row(each) if isinstance(each, Measurement) else each for each in held]
    names = list(dict.fromkeys(str(row["kpi"]) for row in rows))
    wanted = names[0] if kpi is None and len(names) == 1 else getattr(kpi, "name", kpi)
    if wanted not in names:
        hint = f" ({question})" if (question := meant(wanted, names)) else ""
        raise InvalidValueError("charts.series", [Fault("kpi", f"must be one of {', '.join(names)}{hint}", kpi)])
    rows = [row for row in rows if row["kpi"] == wanted]
    currencies = {row["currency"] for row in rows if not _is_missing(row.get("currency"))}
    faults = [Fault("currency", f"must be one for all of '{wanted}': draw each alone", sorted(currencies))]
    if any(_is_missing(row["period"]) for row in rows):
        faults.append(Fault("period", "must be given: measure over periods, such as over=year.months()", None))
    if faults := faults[len(currencies) < 2 :]:
        raise InvalidValueError("charts.series", faults)
    return [{**row, "currency": next(iter(currencies), None)} for row in rows]


def _row(found: Measurement) -> Row:
    interval, period = found.ci(), None if found.period is None else str(found.period)
    bounds = {"low": interval.low, "high": interval.high} if interval else {}
    told = {"kpi": found.name, "period": period, "value": found.value, **bounds}
    return {**found.segment, **told, **{name: getattr(found, name) for name in ("unit", "currency", "n", "partial")}}


def _drawn_of(row: Row) -> dict[str, Any]:
    """The value of a row and its 95 % interval: its own, or that of a share of so many records."""
    told: Any = map(row.get, ("low", "high", "numerator", "denominator", "n"))
    low, high, top, bottom, n = told
    is_share = row["unit"] == "fraction" and not any(map(_is_missing, (top, bottom, n))) and bottom == n
    if is_share and int(top) == top:  # a sum of amounts or of errors has no interval of records
        interval = wilson_interval(int(top), int(bottom or 0))
        low, high = (interval.low, interval.high) if interval else (None, None)
    is_told = _is_missing(row["value"]) and row.get("reason") in REASONS
    return {"value": Undefined(row["reason"]) if is_told else row["value"], "low": low, "high": high}


def _figures(held: list[dict[str, Any]], unit: str, currency: str | None) -> tuple[dict[str, Any], list[Figure]]:
    """The axis that values share; and of each its number on the axis and its text."""
    exact = [{key: _exact(value, unit, currency) for key, value in each.items()} for each in held]
    spans = [abs(value) for each in exact for value in each.values() if isinstance(value, timedelta)]
    title, form = {"fraction": ("%", "~%"), "money": (currency or unit, "~s")}.get(unit, (unit, ",~f"))
    title, scale = next((pair for pair in _SPANS if max(spans) >= 2 * pair[1]), _SPANS[-1]) if spans else (title, None)
    figures = []
    for given, each in zip(held, exact, strict=True):
        texts = {key: show(value, unit) for key, value in each.items()}
        texts |= {key: str(value) for key, value in given.items() if isinstance(value, Undefined)}
        texts["value"] = texts["value"] or "undefined"
        texts["interval"] = f"{texts['low']} to {texts['high']}" if texts["low"] else ""
        known = {key: value for key, value in each.items() if value is not None}
        at = {key: value / scale if scale else float(getattr(value, "amount", value)) for key, value in known.items()}
        figures.append(({**dict.fromkeys(each), **at}, texts))
    return {"title": title, "format": form}, figures


def _is_missing(value: Any) -> bool:
    """Whether there is no value: `Undefined`, None, or what a DataFrame has in its place."""
    return isinstance(value, Undefined) or is_missing(value)


def _exact(value: Any, unit: str, currency: str | None) -> Any:
    """A value as the library has it, None where there is none: in a DataFrame, shares and money lost their types."""
    if _is_missing(value) or isinstance(value, Money | timedelta | Fraction):
        return None if _is_missing(value) else value
    try:
        number = Decimal("no number" if isinstance(value, str | bool) else str(value))
    except ArithmeticError:
        raise InvalidValueError("charts.series", [Fault("value", "must be a number", value)]) from None
    if not number.is_finite():
        return None
    if unit == "duration" or (unit == "money" and currency is not None):
        return timedelta(seconds=float(number)) if unit == "duration" else Money(number, str(currency))
    return Fraction(number) if unit == "fraction" else int(number) if unit == "count" else number
