"""Lazy rows: what KPIs come to as a query of the engine, which it runs when it is asked for rows.

The sums are those that a `KpiTable` is made of; the formula is written as an expression of the engine. An eager frame
has the measurements of the table itself, in the same columns.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from functools import reduce
from itertools import combinations
from operator import add, and_, mul, or_, sub
from types import MappingProxyType
from typing import Any

import narwhals.stable.v2 as nw

from revops_core.errors import Fault, InvalidValueError
from revops_core.frames.columns import Reading
from revops_core.frames.engines import DAY, Frame, floor_divided, small_frame
from revops_core.frames.queries import BY, COUNT, NUMBER, Query
from revops_core.frames.totals import wide_sum
from revops_core.kpis.formula import Aggregate, Formula, aggregates_of
from revops_core.kpis.kpi import Kpi
from revops_core.kpis.kpi_table import KpiTable
from revops_core.kpis.layout import Layout
from revops_core.kpis.measuring import NEVER_MONEY
from revops_core.values.expression import Expression

__all__ = ["TYPES", "lazy_rows"]

TYPES: Mapping[str, Any] = MappingProxyType({
    "period": nw.String, "kpi": nw.String, "value": nw.Float64, "reason": nw.String, "unit": nw.String,
    "currency": nw.String, "numerator": nw.Float64, "denominator": nw.Float64, "n": nw.Int64, "partial": nw.Boolean,
    "low": nw.Float64, "high": nw.Float64, "problem_count": nw.Int64,
})  # fmt: skip
"""The columns after those of the segment."""

Pair = tuple[Aggregate, Expression | None]
Source = tuple[Any, dict[str, nw.Expr]]
"""Some rows of sums, and what they add to which column of the whole."""

Computed = tuple[Any, Any, str]
"""A value, its reason (null where there is a value; None where there always is), and its kind: "number", "money" …"""

_KPI = "revops_kpi"


def lazy_rows(
    like: Frame, queries: Sequence[Query], table: KpiTable, layout: Layout, meanings: Sequence[Mapping[Any, Any]]
) -> nw.LazyFrame[Any]:
    """The measurements that queries come to, as a query.

    Args:
        like: the frame that was read, as small tables are made on its engine.
        queries: what is to be added up.
        table: an empty table of what is measured.
        layout: where the aggregates are.
        meanings: what the cells of each part of a segment mean.
    """
    pairs = list(dict.fromkeys(pair for kpi in table.kpis for pair in kpi.wanted))
    by = [f"{BY}_{place}" for place in range(len(table.by))]
    told = dict(zip(by, meanings, strict=True))
    numbers = small_frame(like, {NUMBER: list(range(len(table.periods) or 1))})
    sources: list[Source] = [] if by else [(numbers, {})]
    readings: dict[int, Reading] = {}
    for place, query in enumerate(queries):
        sources += _sources(query, pairs, layout, numbers, readings=readings, problem=f"problem_{place}")
    slots = sorted({name for _, columns in sources for name in columns})
    long: list[Any] = [_long(source, told, slots) for source in sources]
    folds = {name: _FOLDS.get(name.rpartition("_")[2], nw.Expr.sum)(nw.col(name)) for name in slots}
    wide: Any = nw.concat(long, how="vertical").group_by([*by, NUMBER]).agg(**folds)
    codes = [name for name in slots if name.endswith("_least")]
    if codes:  # an empty sum is in the currency of the others, where they have one
        whole = wide.with_columns(revops_one=nw.lit(1))
        ends = {f"{name}_of_all": nw.col(name).min().over("revops_one") for name in codes}
        ends |= {f"{name}_of_most": nw.col(name.replace("_least", "_most")).max().over("revops_one") for name in codes}
        wide = whole.with_columns(**ends)
    periods = [(str(one), one.is_partial(table.as_of)) for one in table.periods] or [("", None)]
    lines = [
        (number, place, period, -1 if is_partial is None else int(is_partial), kpi.name, kpi.unit)
        for number, (period, is_partial) in enumerate(periods)
        for place, kpi in enumerate(table.kpis)
    ]
    names = (NUMBER, _KPI, "period", "partial", "kpi", "unit")
    by_line = {name: list(cells) for name, cells in zip(names, zip(*lines, strict=True), strict=True)}
    rows = wide.join(small_frame(like, by_line), on=NUMBER, how="inner")
    of_kpis = [_columns_of(kpi, table, pairs, queries, readings) for kpi in table.kpis]
    rows = rows.with_columns(**{name: _chosen([one[name] for one in of_kpis]) for name in of_kpis[0]})
    is_fine: Any = nw.col("problem_count") == 0
    is_there = is_fine & nw.col("reason").is_null()
    tidy: dict[str, Any] = {name: nw.col(name) for name in ("period", "kpi", "unit", "n", "problem_count")}
    tidy |= {name: nw.when(is_fine).then(nw.col(name)) for name in ("reason", "currency", "numerator", "denominator")}
    tidy |= {"low": nw.lit(None, dtype=nw.Float64), "high": nw.lit(None, dtype=nw.Float64)}
    tidy["value"] = nw.when(is_there).then(nw.col("value"))
    tidy["period"] = nw.when(nw.col("period") != nw.lit("")).then(nw.col("period"))
    tidy["partial"] = nw.when(nw.col("partial") >= 0).then(nw.col("partial") == 1)
    segment = {name: nw.col(f"{BY}_{place}") for place, name in enumerate(table.by)}
    found: nw.LazyFrame[Any] = rows.select(**segment, **{name: tidy[name].cast(kind) for name, kind in TYPES.items()})
    return found


_FOLDS: Mapping[str, Any] = {"least": nw.Expr.min, "most": nw.Expr.max}


def _chosen(expressions: Sequence[nw.Expr]) -> nw.Expr:
    """Of the expressions of all KPIs, that of the KPI of a row."""
    chosen = expressions[-1]
    for place in range(len(expressions) - 2, -1, -1):
        chosen = nw.when(nw.col(_KPI) == place).then(expressions[place]).otherwise(chosen)
    return chosen


def _long(source: Source, told: Mapping[str, Mapping[Any, Any]], slots: Sequence[str]) -> Any:
    """Some rows of sums, with a column for every slot."""
    frame, columns = source
    wanted: dict[str, nw.Expr] = {}
    for name, meanings in told.items():
        cell = nw.col(name)
        for theirs, ours in meanings.items():
            here = (nw.col(name) == theirs).fill_null(value=False)
            cell = nw.when(~here).then(cell) if ours is None else nw.when(here).then(nw.lit(ours)).otherwise(cell)
        wanted[name] = cell
    wanted[NUMBER] = nw.col(NUMBER).cast(nw.Int64)
    for name in slots:
        kind: Any = {"least": nw.String, "most": nw.String, "real": nw.Float64}.get(name.rpartition("_")[2], nw.Int64)
        nothing = nw.lit(None if kind == nw.String else 0, dtype=kind)
        wanted[name] = columns[name].cast(kind) if name in columns else nothing
    return frame.select(**wanted)


def _sources(
    query: Query, pairs: Sequence[Pair], layout: Layout, numbers: Frame, *, readings: dict[int, Reading], problem: str
) -> Iterator[Source]:
    """The sums of a query, each with what it adds to which column of the whole; fills `readings` by pair."""
    is_placed = NUMBER in query.keys
    frame: Any = query.frame if is_placed else query.frame.with_columns(**{NUMBER: nw.lit(0)})
    keys = [*query.keys, *([] if is_placed else [NUMBER])]
    flags = dict.fromkeys([*(flag for flag, _, _ in query.columns.values() if flag), *query.doubts])
    summed = dict.fromkeys(name for (_, slot), (_, name, _) in query.columns.items() if slot[0] in {"total", "mean"})
    sums = {name: nw.col(name).cast(nw.Int64).sum() for name in flags}
    sums |= {name: wide_sum(frame, name).cast(nw.Int64) for name in summed}
    grouped = frame.group_by(keys).agg(**sums, **{COUNT: nw.len()})
    columns: dict[str, nw.Expr] = {}
    if query.doubts:
        columns[problem] = reduce(add, (nw.col(name) for name in query.doubts))
    for place, (aggregate, dated) in enumerate(pairs):
        of_numbers: dict[str, dict[int, nw.Expr]] = {}
        for (one, by_date, number), (_, lane) in layout.places.items():
            if (one, by_date) != (aggregate, dated) or lane not in query.lanes:
                continue
            of_numbers.setdefault("n", {})[number] = nw.col(
                query.columns[lane.bound, ("count", aggregate.where, None)][0] or COUNT
            )
            slot = (aggregate.operation, aggregate.where, aggregate.value)
            flag, name, reading = query.columns[lane.bound, slot if slot in lane.slots else ("mean", *slot[1:])]
            if reading is None:
                continue
            readings[place] = reading
            of_numbers.setdefault("known", {})[number] = nw.col(flag or COUNT)
            if reading.currency:
                code = nw.when(nw.col(flag or COUNT) > 0).then(nw.col(reading.currency))
                of_numbers.setdefault("least", {})[number] = code
                of_numbers.setdefault("most", {})[number] = code
            if aggregate.operation in {"total", "mean"}:
                of_numbers.setdefault("sum", {})[number] = nw.col(name)
            elif not is_placed or number == 0:
                counted = frame if flag is None else frame.filter(nw.col(flag) == 1)
                found, made = _ordered(counted, keys, name, aggregate)
                at = found if is_placed else found.with_columns(**{NUMBER: nw.lit(number)})
                yield at.filter(nw.col(NUMBER) >= 0), {f"{place}_{kind}": column for kind, column in made.items()}
        for kind, by_number in of_numbers.items():
            columns[f"{place}_{kind}"] = by_number[min(by_number)] if is_placed else _at(by_number)
    if not is_placed:
        yield grouped.drop(NUMBER).join(numbers, how="cross"), columns
    elif query.lanes[0].periods:
        yield grouped, columns
        if query.segments is not None:
            segments: Any = query.segments
            yield segments.join(numbers, how="cross"), {}
    else:
        # Rows that are still to come add nothing, but their segments are there.
        seen = grouped.with_columns(revops_seen=nw.col(NUMBER) >= 0).with_columns(**{NUMBER: nw.lit(0)})
        yield seen, {name: nw.when(nw.col("revops_seen")).then(column) for name, column in columns.items()}


def _at(by_number: Mapping[int, nw.Expr]) -> nw.Expr:
    """Of the expressions of several periods, that of the period of a row."""
    chosen: Any = None
    for number, column in by_number.items():
        chosen = column if chosen is None else nw.when(nw.col(NUMBER) == number).then(column).otherwise(chosen)
    return chosen  # type: ignore[no-any-return]


def _ordered(frame: Frame, keys: Sequence[str], name: str, aggregate: Aggregate) -> tuple[Frame, dict[str, nw.Expr]]:
    """How many different values each group has, or its quantile between the two values beside it."""
    counts = frame.group_by([*keys, name]).agg(**{COUNT: nw.len()})
    if aggregate.operation == "distinct":
        return counts.group_by(list(keys)).agg(revops_sum=nw.len()), {"sum": nw.col("revops_sum")}
    share, whole = (aggregate.level or Decimal(0)).as_integer_ratio()
    places = counts.with_columns(
        revops_upto=nw.col(COUNT).cast(nw.Int64).cum_sum().over(*keys, order_by=name),
        revops_steps=(nw.col(COUNT).cast(nw.Int64).sum().over(*keys) - 1) * share,
    )
    lower, rest = floor_divided(nw.col("revops_steps"), whole, frame), nw.col("revops_steps")
    rest = rest - lower * whole
    upper = lower + (rest > 0).cast(nw.Int64)
    ends = places.with_columns(
        revops_low=nw.when(nw.col("revops_upto") > lower).then(nw.col(name)),
        revops_high=nw.when(nw.col("revops_upto") > upper).then(nw.col(name)),
        revops_rest=rest,
    )
    held = ends.group_by(list(keys)).agg(
        revops_low=nw.col("revops_low").min(),
        revops_high=nw.col("revops_high").min(),
        revops_rest=nw.col("revops_rest").max(),
    )
    between = (nw.col("revops_high") - nw.col("revops_low")) * nw.col("revops_rest") / whole
    return held, {"real": nw.col("revops_low") + between}


# --- formulas ---


def _columns_of(
    kpi: Kpi, table: KpiTable, pairs: Sequence[Pair], queries: Sequence[Query], readings: Mapping[int, Reading]
) -> dict[str, nw.Expr]:
    """What one KPI comes to, as `measurement_of` has it, whether or not anything is wrong with the cells."""
    places = {aggregate: pairs.index((aggregate, dated)) for aggregate, dated in kpi.wanted}
    in_currency = table.currency if kpi.unit == "money" else None
    nothing = "too_few" if kpi.unit in NEVER_MONEY else "no_amount"
    parts = {held: _part(held, place, readings.get(place), in_currency, nothing) for held, place in places.items()}
    value, reason, kind = _computed(kpi.formula, parts)
    added_up = [place for one, place in places.items() if one.operation != "distinct" and place in readings]
    coded = [place for place in added_up if readings[place].currency]
    if kpi.unit == "money" and kind == "number":
        rule = "must be given, as the amounts in these columns are plain numbers"
        raise InvalidValueError(kpi.name, [Fault("currency", rule, table.currency)])
    code: nw.Expr = nw.lit(table.currency, dtype=nw.String)
    asked = [pairs[place] for place in places.values()]
    problems = [
        nw.col(f"problem_{place}")
        for place, query in enumerate(queries)
        if query.doubts and any(_reads(query, pair) for pair in asked)
    ]
    if coded:
        of_all = [_code_of_all(pairs, one, readings) for one in coded]
        code = nw.coalesce(*(nw.col(f"{one}_least") for one in coded), *of_all)
        for one in coded:
            is_mixed = (nw.col(f"{one}_least") != nw.col(f"{one}_most")).fill_null(value=False)
            problems.append(nw.when(is_mixed).then(nw.col(f"{one}_known")).otherwise(0))
        for one, other in combinations(coded, 2):  # two sums that the formula brings together
            is_mixed = (nw.col(f"{one}_least") != nw.col(f"{other}_least")).fill_null(value=False)
            problems.append(nw.when(is_mixed).then(nw.col(f"{one}_known") + nw.col(f"{other}_known")).otherwise(0))
        if kpi.unit == "money":
            reason = _first(reason, _reason(code.is_null() & (value == 0), "no_amount"))
    sides = _sides(kpi.formula, places, parts, readings)
    if kpi.when_zero != "zero_denominator" and reason is not None:
        is_asked = reduce(and_, (side[1].is_null() for side in sides if side[1] is not None), ~reason.is_null())
        reason = nw.when(is_asked).then(nw.lit(kpi.when_zero)).otherwise(reason)
    below: Any = kpi.formula
    if isinstance(below, Formula) and below.operation == "over":
        below = below.arguments[1]
    made_of = dict.fromkeys(aggregates_of(below)) or parts
    ns = [_row_count(places[one], one.operation, readings) for one in made_of]
    told: list[Computed] = [*sides, (value, reason, kind)]
    whys = [why.is_null() for _, why, one in told if one == "money"]  # money may always be missing
    numerator, denominator = (_where_there(why, _in_days(side, one)) for side, why, one in sides)
    return {
        "value": _in_days(value, kind),
        "reason": nw.lit(None, dtype=nw.String) if reason is None else reason,
        "currency": nw.when(reduce(or_, whys)).then(code) if whys else nw.lit(None, dtype=nw.String),
        "numerator": numerator,
        "denominator": denominator,
        "n": nw.max_horizontal(*ns) if len(ns) > 1 else ns[0],  # Spark has no greatest of one
        "problem_count": reduce(add, problems) if problems else nw.lit(0),
    }


def _code_of_all(pairs: Sequence[Pair], place: int, readings: Mapping[int, Reading]) -> nw.Expr:
    """The one currency in which a value is added up anywhere; null where there are none or several."""
    value = pairs[place][0].value
    like = [held for held in readings if pairs[held][0].value == value and pairs[held][0].operation != "distinct"]
    ends = [nw.col(f"{held}_least_{end}") for held in like for end in ("of_all", "of_most")]
    is_one = reduce(and_, ((end == nw.coalesce(*ends)).fill_null(value=True) for end in ends))
    return nw.when(is_one).then(nw.coalesce(*ends))


def _row_count(place: int, operation: str, readings: Mapping[int, Reading]) -> nw.Expr:
    """How many rows went into an aggregate; those that were counted, where none of them has a value."""
    if place not in readings:
        return nw.col(f"{place}_n")
    known = nw.col(f"{place}_known")
    return known if operation == "distinct" else nw.when(known > 0).then(known).otherwise(nw.col(f"{place}_n"))


def _reads(query: Query, pair: Pair) -> bool:
    """Whether a query adds up an aggregate."""
    aggregate, dated = pair
    return any(lane.dated == dated and lane.population == aggregate.population for lane in query.lanes)


def _in_days(value: Any, kind: str) -> nw.Expr:
    return value / DAY if kind == "duration" else value * 1.0  # type: ignore[no-any-return]


def _reason(condition: nw.Expr, name: str) -> Any:
    return nw.when(condition).then(nw.lit(name))


def _first(*reasons: Any) -> Any:
    """The first reason that a row has; None where no row has any."""
    given = [reason for reason in reasons if reason is not None]
    return nw.coalesce(*given) if len(given) > 1 else given[0] if given else None


def _where_there(why: Any, value: nw.Expr) -> nw.Expr:
    """A value where there is no reason why there is none; null elsewhere."""
    return value if why is None else nw.when(why.is_null()).then(value)


def _part(aggregate: Aggregate, place: int, reading: Reading | None, currency: str | None, nothing: str) -> Computed:
    """What one aggregate came to, as `measuring.part_of` has it; `nothing` is the reason where no row has a value."""
    if reading is None:
        return nw.col(f"{place}_n"), None, "number"
    if aggregate.operation == "distinct":
        return nw.col(f"{place}_sum"), None, "number"
    is_money = reading.currency or currency is not None
    kind = "duration" if reading.kind == "duration" else "money" if is_money else "number"
    known, is_empty = nw.col(f"{place}_known"), nw.col(f"{place}_known") == 0
    reason = _reason(is_empty & (nw.col(f"{place}_n") > 0), nothing)
    if aggregate.operation == "total":
        return _units(place, "sum", reading), reason, kind
    if aggregate.operation == "quantile":
        return _units(place, "real", reading), _first(reason, _reason(is_empty, "too_few")), kind
    mean = _units(place, "sum", reading) / nw.when(is_empty).then(1).otherwise(known)
    return mean, _first(reason, _reason(is_empty, "zero_denominator")), kind


def _units(place: int, name: str, reading: Reading) -> nw.Expr:
    units = nw.col(f"{place}_{name}")
    return units if reading.scale == 1 else units / reading.scale


def _computed(node: Any, parts: Mapping[Aggregate, Computed]) -> Computed:
    """A formula as an expression, as `formula.computed` has it."""
    if isinstance(node, Aggregate):
        return parts[node]
    if not isinstance(node, Formula):
        return nw.lit(float(node) if isinstance(node, Decimal) else node), None, "number"
    (left, why_left, one), (right, why_right, other) = (_computed(part, parts) for part in node.arguments)
    kinds = {one, other}
    if node.operation == "over":
        is_zero, is_negative = _reason(right == 0, "zero_denominator"), _reason(right < 0, "negative_base")
        reason = _first(why_right, why_left, is_zero, is_negative)
        size = nw.when(right > 0).then(right).otherwise(1)
        if other == "duration" and one != "duration":
            return left / (size / DAY), reason, one
        return left / size, reason, "number" if one == other else one
    kind = next((held for held in ("money", "duration") if held in kinds), "number")
    return _ARITHMETIC[node.operation](left, right), _first(why_right, why_left), kind


_ARITHMETIC: Mapping[str, Any] = {"plus": add, "minus": sub, "times": mul}


def _sides(
    formula: Aggregate | Formula,
    places: Mapping[Aggregate, int],
    parts: Mapping[Aggregate, Computed],
    readings: Mapping[int, Reading],
) -> list[Computed]:
    """The numerator and the denominator; a formula that is no quotient has none."""
    if isinstance(formula, Formula) and formula.operation == "over":
        return [_computed(side, parts) for side in formula.arguments]
    if isinstance(formula, Aggregate) and formula.operation == "mean":
        place = places[formula]
        known = nw.col(f"{place}_known")
        why = _reason((known == 0) & (nw.col(f"{place}_n") > 0), "no_amount")
        return [(_units(place, "sum", readings[place]), why, parts[formula][2]), (known, why, "number")]
    never = (nw.lit(0), nw.lit("no_quotient"), "number")
    return [never, never]
