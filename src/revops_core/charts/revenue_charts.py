"""The pictures of recurring revenue: the bridge of a period, cohorts by age, and revenue in layers of cohorts."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from attrs import evolve

from revops_core.charts.chart import COLORS, Chart, amount, bound, drawn, layer, word
from revops_core.kpis import Bridge, CohortTable, bridge_table
from revops_core.values import Money, Table, Undefined
from revops_core.values.checks import require
from revops_core.values.show import show

__all__ = ["cohort_heat_map", "layer_cake", "revenue_bridge"]

_COUNTS = {"start": "start_count", "new": "new_count", "expansion": "expanded_count", "end": "end_count",
           "reactivation": "reactivated_count", "churn": "churned_count"}  # fmt: skip
_MARKS = {"censored": "–", "zero_denominator": "none"}
_EARLY = ["–: too early to know"]


def revenue_bridge(bridge: Bridge, *, per: str = "year", title: str = "") -> Chart:
    """A waterfall from the recurring revenue at the start of a period to that at its end.

    Each bar begins where the one before ended; what came stands with a plus, what was lost with a minus. All of it is
    in whole minor units that add up. The change of exchange rates has a bar where there is one.

    Args:
        bridge: what `RevenueLedger.bridge` answered.
        per: "year" for ARR, "month" for MRR.
        title: of the picture; by default what it shows and the period.

    Raises:
        InvalidValueError: no bridge, or another `per`.

    >>> from revops_core.kpis.revenue_ledger import RevenueLedger
    >>> from revops_core.values.period import Period
    >>> empty = RevenueLedger.of([], currency="EUR").bridge(Period.month(2026, 3))
    >>> revenue_bridge(empty, per="month").title
    'Monthly recurring revenue, 2026-03'
    """
    require("charts.revenue_bridge", bridge=(bridge, Bridge), title=(title, str))
    told = bridge_table([bridge], per=per)
    lines = {str(name): each for name, each in told.cells if isinstance(each, Decimal) and (each or name != "fx")}
    names, level, cells = [*lines, "end"], Decimal(0), []
    numbers: list[dict[str, Any]] = []
    for number, (name, each) in enumerate(lines.items()):
        is_stock = name in {"start", "end"}
        below, level = (Decimal(0), each) if is_stock else (level, level + each)
        label = f"{each:,.0f}" if is_stock else f"{each:+,.0f}" if each else "0"
        color = COLORS["blue" if is_stock else "red" if each < 0 else "green"]
        levels = {"below": float(below), "level": float(level), "top": float(max(below, level))}
        numbers.append({"step": name, "next": names[number + 1], **levels, "label": label, "color": color})
        cells.append((name, Money(each, bridge.currency), getattr(bridge, _COUNTS.get(name, ""), None)))
    table = Table(["step", "amount", "customers"], cells, title=title or f"{told.title}, {bridge.period.label}")
    says = f"{bridge.start_count:,} customers at the start, {bridge.end_count:,} at the end"
    y = {"axis": {"title": f"{told.title.lower()} ({bridge.currency})", "format": "~s"}}
    look = {"dy": -9, "fontSize": 12, "color": COLORS["ink"]}
    marks = [
        layer("rule", {"color": COLORS["grey"]}, y=amount("level", **y), x2={"field": "next"}),
        layer("bar", {}, y=amount("below", **y), y2={"field": "level"}, color=word("color", scale=None)),
        layer("text", look, y=amount("top", **y), text={"field": "label"}),
    ]
    x = word("step", title=None, axis={"labelAngle": 0, "labelFontSize": 12}, scale={"paddingInner": 0.3})
    says += ", the period still runs" if bridge.partial else ""
    return drawn(table, [says], **bound(table, numbers, x=x), width={"step": 88}, height=300, layer=marks)


def cohort_heat_map(result: CohortTable, *, of: str = "customers", title: str = "") -> Chart:
    """What is left of each cohort at each age, darker where it is more; the last row is the weighted average.

    A cell that the cohort is too young for is blank and marked "–", never zero; "none" stands where nobody came.

    Args:
        result: what `cohorts` answered.
        of: "customers", or "revenue", which may grow above 100 %.
        title: of the picture.

    Raises:
        InvalidValueError: no cohorts, or another `of`.

    >>> from revops_core.kpis.cohorts import cohorts
    >>> from revops_core.kpis.revenue_ledger import RevenueLedger
    >>> from revops_core.values.period import Period
    >>> nobody = cohorts(RevenueLedger.of([], currency="EUR"), Period.quarter(2026, 1).months())
    >>> [cell["text"] for cell in cohort_heat_map(nobody).spec["data"]["values"]][:2]
    ['none', 'none']
    """
    require("charts.cohort_heat_map", result=(result, CohortTable), title=(title, str))
    ages, bases = range(len(result.periods)), result.came if of == "customers" else result.opening
    rows: dict[str, Sequence[Fraction | Undefined]] = {
        f"{period.label}  ({show(base)})": [result.retention(number, age, of) for age in ages[: len(ages) - number]]
        for number, (period, base) in enumerate(zip(result.periods, bases, strict=True))
    }
    rows["all"] = [result.average(age, of) for age in ages]
    cells = [(name, age, share) for name, shares in rows.items() for age, share in enumerate(shares)]
    numbers = [{"cohort": name, "age": age, **_cell(share)} for name, age, share in cells]
    grain = result.periods[0].grain
    in_grains = f"age in {'periods' if grain == 'custom' else f'{grain}s'}"
    bare = {"ticks": False, "domain": False}
    x = word("age", title=in_grains, scale={"domain": [*ages]}, axis={**bare, "orient": "top", "labelAngle": 0})
    y = word("cohort", title=None, scale={"domain": [*rows]}, axis=bare)
    color = amount("share", scale={"range": ["#F0F7FC", COLORS["sky"]], "zero": False}, legend=None)
    marks = [
        layer("rect", {"stroke": "white", "strokeWidth": 2}, "share", color=color),
        layer("text", {"fontSize": 11, "color": COLORS["ink"]}, text={"field": "text"}),
    ]
    data = bound(Table(["cohort", in_grains, f"{of} left"], cells), numbers, x=x, y=y)
    table = evolve(result.triangle(of), title=title or f"{of.capitalize()} left, by age of the cohort")
    says = _EARLY if any(number["text"] == "–" for number in numbers) else []
    return drawn(table, says, **data, width={"step": 58}, height={"step": 30}, layer=marks)


def _cell(share: Fraction | Undefined) -> dict[str, Any]:
    if isinstance(share, Undefined):
        return {"share": None, "text": _MARKS[share.reason]}
    return {"share": float(share), "text": show(share)}


def layer_cake(result: CohortTable, *, title: str = "Revenue by cohort") -> Chart:
    """The annual recurring revenue at the end of each period, in a layer for each cohort, the oldest at the bottom.

    Customers who came before the first cohort are the layer "earlier". A period that is not over has no bar, but a
    mark.

    Args:
        result: what `cohorts` answered.
        title: of the picture.

    Raises:
        InvalidValueError: what is given are no cohorts.

    >>> from revops_core.kpis.cohorts import cohorts
    >>> from revops_core.kpis.revenue_ledger import RevenueLedger
    >>> from revops_core.values.period import Period
    >>> nobody = cohorts(RevenueLedger.of([], currency="EUR"), Period.quarter(2026, 1).months())
    >>> layer_cake(nobody).table.rows()[-1]["2026-01"]
    Money('0', 'EUR')
    """
    require("charts.layer_cake", result=(result, CohortTable), title=(title, str))
    table = evolve(result.layer_cake(), title=title)
    periods, (earlier, *layers, totals) = table.columns[1:], table.cells
    if any(each is not None and each.amount for each in earlier[1:]):
        layers = [earlier, *layers]
    cells, numbers = [], []
    for number, (name, *amounts) in enumerate([*layers, totals]):
        for period, each in zip(periods, amounts, strict=True):
            if each is not None or name == "all":
                kind = "early" if each is None else "total" if name == "all" else "amount"
                value = 0.0 if each is None else float(each.amount)
                cells.append((name, period, Undefined("censored") if each is None else each))
                numbers.append({"cohort": name, "period": period, "order": number, kind: value})
    y = {"axis": {"title": f"annual recurring revenue ({result.currency})", "format": "~s"}}
    color = word("cohort", scale={"domain": [name for name, *_ in layers[::-1]], "scheme": "viridis"})
    above, bar = {"dy": -8, "fontSize": 11, "color": COLORS["ink"]}, {"stroke": "white", "strokeWidth": 0.5}
    total = {"field": "total", "type": "quantitative", "format": ".3~s"}
    marks = [
        layer("bar", bar, "amount", y=amount("amount", **y), color=color, order=amount("order")),
        layer("text", above, "total", y=amount("total", **y), text=total),
        layer("text", {**above, "text": "–"}, "early", y=amount("early", **y)),
    ]
    scale = {"domain": [*periods], "paddingInner": 0.12}
    x = word("period", title=None, scale=scale, axis={"labelAngle": -40})
    data = bound(Table(["cohort", "at the end of", "revenue"], cells), numbers, x=x)
    return drawn(table, _EARLY if None in totals else [], **data, width={"step": 46}, height=300, layer=marks)
