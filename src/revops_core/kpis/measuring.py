"""Measuring: what the filled tallies of a KPI come to, as a `Measurement`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import partial
from typing import Any, cast

from attrs import evolve, frozen

from revops_core.errors import CurrencyMismatchError, Fault, InvalidValueError
from revops_core.kpis.formula import Aggregate, Formula, Value, aggregates_of, computed, divided, to_decimal
from revops_core.kpis.layout import Layout, Slot
from revops_core.kpis.tally import Settled, Tally
from revops_core.values.confidence import ConfidenceInterval, mean_interval, nps_interval, quantile_interval
from revops_core.values.distribution import quantiles
from revops_core.values.expression import Expression
from revops_core.values.frozen_map import EMPTY
from revops_core.values.measurement import Measurement, Undefined
from revops_core.values.money import Money
from revops_core.values.period import Period

__all__ = ["NEVER_MONEY", "Part", "kinds_of", "measurement_of", "part_of"]

_MICROSECOND = timedelta(microseconds=1)
_SMALL_SAMPLE = 30
NEVER_MONEY = frozenset({"duration", "count", "points", "score"})
"""The units in which an amount that is missing is no amount of money."""


@frozen
class Part:
    """What one aggregate came to.

    `n` rows went into it; `missing` were left out, as their value is missing, and `undated` fell in no period, as they
    have no date. A mean keeps its `total`; `rows` are those that were traced, None where none were.
    """

    value: Value
    n: int
    missing: int = 0
    total: Value | None = None
    rows: tuple[Any, ...] | None = None
    interval: ConfidenceInterval | None = None
    undated: int = 0


def kinds_of(layout: Layout, segments: Iterable[Sequence[Settled | Tally | None]]) -> dict[Expression, str]:
    """Of which kind each value is over all segments: a currency or "duration"; not told where there are several."""
    found: dict[Expression, set[str]] = {}
    for tallies in segments:
        for lane in layout.lanes:
            for place in lane.places:
                for (operation, _, value), part in zip(lane.slots, tallies[place] or (), strict=False):
                    if value is not None and operation in {"total", "mean", "quantile"} and part[2]:
                        found.setdefault(value, set()).add(part[2])
    return {value: next(iter(kinds)) for value, kinds in found.items() if len(kinds) == 1}


def part_of(
    aggregate: Aggregate, held: dict[Slot, Any], undated: int, kinds: Mapping[Expression, str], numbers_in: str | None
) -> Part:
    """What an aggregate came to.

    Args:
        aggregate: what was asked for.
        held: what is kept of the rows, by slot.
        undated: how many rows have no date.
        kinds: of which kind each value is in other groups, which an empty sum takes over.
        numbers_in: the currency that plain numbers are in.
    """
    counted = held["count", aggregate.where, None]
    traced = held.get(("rows", aggregate.where, aggregate.value))
    part = partial(Part, rows=None if traced is None else tuple(traced[0]), undated=undated)
    if aggregate.value is None:
        return part(counted, counted)
    operation, of = aggregate.operation, (aggregate.where, aggregate.value)
    kept, known, kind, *squares = held[operation, *of] if (operation, *of) in held else held["mean", *of]
    missing = counted - known
    if operation == "distinct":
        return part(len(kept), known, missing)
    if kind in {"", "number"}:
        kind = numbers_in or kind or kinds.get(aggregate.value, "")
    if not known and (counted or operation == "quantile"):
        return part(Undefined("no_amount" if counted else "too_few"), counted, missing)
    if operation == "quantile":
        share = aggregate.level or Decimal(0)
        between = quantile_interval(sorted(kept), float(share)) if 0 < share < 1 else None
        return part(_valued(quantiles(kept, [share])[0], kind), known, missing, interval=_told(between, kind))
    summed = _valued(kept, kind)
    if operation == "mean":
        between = _told(mean_interval(known, kept, squares[0]), kind)
        return part(divided(summed, known), known, missing, summed, interval=between)
    return part(summed, known, missing)


def _told(between: ConfidenceInterval | None, kind: str) -> ConfidenceInterval | None:
    """An interval of kept numbers as one of the values they stand for."""
    if between is None or kind == "number":
        return between
    low, high = (_valued(Fraction(bound), kind) for bound in (between.low, between.high))
    return evolve(between, low=low, high=high)


def _interval_of(formula: Aggregate | Formula, unit: str, parts: Mapping[Aggregate, Part]) -> ConfidenceInterval | None:
    """The interval of a mean, a quantile, or a net promoter score: 100 × (promoters - detractors) / answers."""
    if isinstance(formula, Aggregate):
        return parts[formula].interval
    counted = [parts[aggregate].n for aggregate in formula.aggregates if aggregate.operation == "count"]
    is_score = unit == "points" and len(counted) == len(formula.aggregates) == 3
    if is_score and formula == 100 * (formula.aggregates[0] - formula.aggregates[1]) / formula.aggregates[2]:
        return nps_interval(*counted)
    return None


def _valued(number: Any, kind: str) -> Value:
    """A kept number as the value it stands for."""
    if kind == "duration":
        microseconds: int = round(number)
        return _MICROSECOND * microseconds
    if kind in {"", "number"}:
        return cast("Value", number)
    return Money(to_decimal(number), kind)


def measurement_of(
    name: str,
    formula: Aggregate | Formula,
    unit: str,
    parts: Mapping[Aggregate, Part],
    *,
    period: Period | None = None,
    as_of: datetime | None = None,
    currency: str | None = None,
    segment: Mapping[str, object] = EMPTY,
    when_zero: str = "zero_denominator",
) -> Measurement:
    """The measurement of a KPI that its parts make.

    Raises:
        InvalidValueError: a KPI about money came to a plain number, and no currency says what it is in.
        CurrencyMismatchError: it came to money of another currency.
    """
    values = {aggregate: part.value for aggregate, part in parts.items()}
    value = _in_unit(name, computed(formula, values), unit, currency)
    above: Any = formula
    below: Any = formula  # what is divided by what; the formula itself on both sides where it is no quotient
    numerator, denominator = None, None
    if isinstance(formula, Formula) and formula.operation == "over":
        above, below = formula.arguments
        numerator, denominator = _defined(computed(above, values)), _defined(computed(below, values))
    elif isinstance(formula, Aggregate) and parts[formula].total is not None:
        numerator, denominator = _defined(parts[formula].total), parts[formula].n
    if isinstance(value, Undefined) and when_zero != "zero_denominator" and None not in (numerator, denominator):
        value = Undefined(when_zero)
    made_of = [parts[aggregate] for aggregate in aggregates_of(below)] or list(parts.values())
    n = max((part.n for part in made_of), default=0)
    warnings = []
    is_estimate = isinstance(formula, Formula) or formula.operation in {"mean", "quantile"}
    if is_estimate and not isinstance(value, Undefined) and 0 < n < _SMALL_SAMPLE:
        warnings.append("small_sample")
    warnings.extend(
        f"missing_values: {part.missing} of {part.n + part.missing}"
        for part in parts.values()
        if part.missing and not isinstance(part.value, Undefined)
    )
    undated = max((part.undated for part in parts.values()), default=0)
    if undated:
        warnings.append(f"undated: {undated} of {undated + n}")
    is_traced = any(part.rows is not None for part in parts.values())
    return Measurement(
        name=name,
        value=value,
        unit=unit,
        numerator=numerator,
        denominator=denominator,
        n=n,
        currency=next((held.currency for held in (value, numerator, denominator) if isinstance(held, Money)), None),
        period=period,
        as_of=as_of,
        partial=None if period is None else period.is_partial(as_of),
        warnings=dict.fromkeys(warnings),
        segment=segment,
        interval=None if isinstance(value, Undefined) else _interval_of(formula, unit, parts),
        traced=(_rows_of(above, parts), _rows_of(below, parts)) if is_traced else None,
    )


def _defined(value: Value | None) -> Any:
    return None if isinstance(value, Undefined) else value


def _rows_of(side: Any, parts: Mapping[Aggregate, Part]) -> tuple[Any, ...]:
    """The rows behind one side of a formula, each once, in the order they were read."""
    rows = {id(row): row for aggregate in aggregates_of(side) for row in parts[aggregate].rows or ()}
    return tuple(rows.values())


def _in_unit(name: str, value: Value, unit: str, currency: str | None) -> Value:
    """The value in the type that its unit asks for."""
    if isinstance(value, Undefined):
        return Undefined("too_few") if value.reason == "no_amount" and unit in NEVER_MONEY else value
    if isinstance(value, timedelta):
        return value
    if isinstance(value, Money):
        if currency is not None and value.currency != currency:
            raise CurrencyMismatchError(value.currency, currency)
        return value
    if unit == "money":
        if currency is not None:
            return Money(to_decimal(value), currency)
        if not value:
            return Undefined("no_amount")
        rule = "must be given, as the amounts in these rows are plain numbers and not Money"
        raise InvalidValueError(name, [Fault("currency", rule, currency)])
    if unit in {"fraction", "ratio"}:
        return Fraction(value)
    return value if isinstance(value, int) else to_decimal(value)
