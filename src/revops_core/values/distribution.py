"""How values are spread: quantiles, and survival where some have not ended yet (Kaplan-Meier)."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from datetime import timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from itertools import accumulate
from math import exp, inf, isfinite, isqrt, log, sqrt
from operator import mul
from typing import Annotated, Any

from attrs import field, frozen

from revops_core.errors import Fault, InvalidValueError
from revops_core.values.checks import Between, require
from revops_core.values.confidence import ConfidenceInterval, Level, normal_quantile
from revops_core.values.money import Money

__all__ = ["KaplanMeier", "median", "quantiles", "whole_quantiles"]

_Share = Annotated[Decimal, Between(Decimal(0), Decimal(1))] | Annotated[Fraction, Between(0, 1)]
_Duration = int | float | timedelta
_VALUES = (int, float, Decimal, Fraction, timedelta, Money)
_MICROSECOND = timedelta(microseconds=1)
_DIGITS = Context(prec=34, rounding=ROUND_HALF_EVEN)  # as many as Money keeps, whatever the caller's context
_EXACT = 1 << 53  # ints up to here are floats exactly
_MANY, _SAMPLE = 5_000, 2_000
_ROUNDING = 1e-12  # what products of floats may be off by


def median(values: Iterable[Any]) -> Any:
    """The middle value: half are at most this. Between two middle ones, halfway.

    Returns:
        As `quantiles`; None where there are no values.

    >>> median([4, 1, 3, 2])
    Fraction(5, 2)
    """
    return quantiles(values, [Fraction(1, 2)])[0]


def quantiles(values: Iterable[Any], shares: Iterable[Fraction | Decimal]) -> tuple[Any, ...]:
    """The values below which the given shares of all lie, by linear interpolation between neighbours.

    With n values in order, counted from 0, the quantile q stands at (n - 1) · q; between two values it is as far from
    the lower one as that position (method 7 of Hyndman and Fan; the default of numpy, pandas, polars and spreadsheets).

    Args:
        values: all of one type: int, Fraction, Decimal, float, timedelta or `Money` of one currency.
        shares: from 0 to 1, e.g. Decimal("0.9"), each a Decimal or a Fraction.

    Returns:
        One for each share: exact as a Fraction for ints, else of the type of the values (durations to the microsecond,
        halves to even; Decimal and Money to 34 digits). None for each where there are no values.

    Raises:
        InvalidValueError: a share out of range, a float that is not finite, values that do not sort together.
        CurrencyMismatchError: amounts of two currencies.

    >>> quantiles([timedelta(hours=h) for h in (1, 2, 9)], [Fraction(1, 2), Decimal("0.75")])
    (datetime.timedelta(seconds=7200), datetime.timedelta(seconds=19800))
    """
    require("quantiles", values=(values, Iterable), shares=(shares, Iterable))
    held, asked = list(values), tuple(shares)
    require("quantiles", shares=(asked, tuple[_Share, ...]))
    kinds = set(map(type, held))
    if kinds & {float, Decimal}:
        endless = [value for value in held if isinstance(value, float | Decimal) and not isfinite(value)]
        if endless:
            raise InvalidValueError("quantiles", [Fault("values", "must be finite", endless)])
    if kinds == {int}:
        return whole_quantiles(held, asked)
    if not _sorted(held, kinds):
        names = ", ".join(sorted(kind.__name__ for kind in kinds))
        rule = "must all be numbers, timedeltas or Money of one kind"
        raise InvalidValueError("quantiles", [Fault("values", rule, names)])
    return tuple(_quantile(held, len(held), share) for share in asked)


def whole_quantiles(values: Sequence[int], shares: Sequence[Fraction | Decimal]) -> tuple[Any, ...]:
    """`quantiles` of what is known to be ints, with no check: to ask each of them costs as much as the answer."""
    ordered: Any = _selected(values, sorted(shares)) if len(values) >= _MANY else None
    if ordered is None:
        is_exact = bool(values) and max(values) < _EXACT and min(values) > -_EXACT
        ordered = sorted(values, key=float if is_exact else None)  # two thirds of the time of ints above 30 bits
    return tuple(_quantile(ordered, len(values), share) for share in shares)


def _sorted(held: list[Any], kinds: set[type]) -> bool:
    """Sort `held` in place; False where its values have no quantiles, or no common order."""
    if not all(issubclass(kind, _VALUES) and kind is not bool for kind in kinds):
        return False
    try:
        held.sort()
    except TypeError:
        return False
    return True


def _selected(values: Sequence[int], shares: Iterable[Fraction | Decimal]) -> dict[int, int] | None:
    """The values at the places that ascending `shares` ask for, by place, without putting all in order.

    A sample tells between which two values a place lies for all but certain; only what lies there is put in order. None
    where it tells wrongly, or a place lies at either end.
    """
    sample = sorted(values[:: len(values) // _SAMPLE])
    margin = 2 * isqrt(len(sample))  # four standard errors of a place in the sample, or more
    found: dict[int, int] = {}
    upper, below = values, 0
    for share in shares:
        index = int((len(values) - 1) * Fraction(share))
        middle = index * len(sample) // len(values)
        if not margin <= middle < len(sample) - margin:
            return None
        low, high = sample[middle - margin], sample[middle + margin]
        upper = [value for value in upper if value >= low]
        below = len(values) - len(upper)
        near = sorted(value for value in upper if value <= high)
        if not below <= index < below + len(near) - 1:
            return None
        found |= {index: near[index - below], index + 1: near[index + 1 - below]}
    return found


def _quantile(ordered: list[Any] | dict[int, int], count: int, share: Fraction | Decimal) -> Any:
    if not count:
        return None
    position = (count - 1) * Fraction(share)
    index = int(position)
    return _between(ordered[index], ordered[min(index + 1, count - 1)], position - index)


def _between(low: Any, high: Any, weight: Fraction) -> Any:
    """The value `weight` of the way from one to the other; exact, or rounded once."""
    if isinstance(low, Money):
        return Money(_between(low.amount, high.amount, weight), low.currency)
    if isinstance(low, timedelta):
        return low + (high - low) * weight.numerator / weight.denominator
    if isinstance(low, float):
        return low + (high - low) * float(weight)
    exact = Fraction(low) + (Fraction(high) - Fraction(low)) * weight
    return _DIGITS.divide(Decimal(exact.numerator), Decimal(exact.denominator)) if isinstance(low, Decimal) else exact


@frozen(repr=False)
class KaplanMeier:
    """How many are still there after a time, counting fairly those who have not ended yet.

    Use it for sales cycles with open deals, customer lifetimes with customers, times to value with those still waiting:
    a mean over the finished ones alone comes out too short. The survival after a time is the product, over the moments
    at which someone ended, of the share of those at risk who did not. One who is censored at a moment is still at risk
    at it. Build one with `KaplanMeier.of(pairs)`.

    Args:
        times: the distinct durations at which one or more ended, in order.
        at_risk: for each, how many had neither ended nor been censored before.
        ended: for each, how many ended.
        longest: the longest duration of all, ended or not; nothing is known beyond it.

    Source: E. L. Kaplan, P. Meier (1958), Journal of the American Statistical Association 53, 457-481.

    >>> curve = KaplanMeier.of([(6, True), (7, False), (10, True), (12, False)])
    >>> curve.survival_at(6), curve.survival_at(10), curve.median()
    (0.75, 0.375, 10)
    """

    times: tuple[Any, ...]
    at_risk: tuple[int, ...]
    ended: tuple[int, ...]
    longest: Any
    _survival: tuple[float, ...] = field(init=False, eq=False)  # just after each of `times`
    _greenwood: tuple[float, ...] = field(init=False, eq=False)  # sums of ended / (at risk · those left)

    def __attrs_post_init__(self) -> None:
        spans = {"times": (self.times, tuple[_Duration, ...]), "longest": (self.longest, _Duration)}
        counts = {"at_risk": (self.at_risk, tuple[int, ...]), "ended": (self.ended, tuple[int, ...])}
        require("KaplanMeier", **spans, **counts)
        steps = list(zip(self.at_risk, self.ended, strict=False))
        if not len(self.times) == len(self.at_risk) == len(self.ended) or any(not 0 < d <= n for n, d in steps):
            rule = "must have one of 1 to 'at_risk' for each of 'times'; build it with KaplanMeier.of(pairs)"
            raise InvalidValueError("KaplanMeier", [Fault("ended", rule, self.ended)])
        survival = accumulate(((n - d) / n for n, d in steps), mul)
        greenwood = accumulate(d / (n * (n - d)) if n > d else inf for n, d in steps)
        object.__setattr__(self, "_survival", tuple(survival))
        object.__setattr__(self, "_greenwood", tuple(greenwood))

    @classmethod
    def of(cls, pairs: Iterable[tuple[_Duration, bool]]) -> KaplanMeier:
        """The curve of pairs (duration, whether it ended): False, or 0, is censored: not ended when last seen.

        Args:
            pairs: durations of one kind: timedeltas or numbers, none negative.

        Raises:
            InvalidValueError: no pairs, a negative or mixed duration, a mark that is no bool.
        """
        require("KaplanMeier.of", pairs=(pairs, Iterable))
        held = list(pairs)
        faults = [
            Fault(f"pairs[{number}]", "must be (a timedelta or a number of at least 0, True or False)", pair)
            for number, pair in enumerate(held)
            if not _is_observation(pair)
        ]
        spans = sum(isinstance(pair[0], timedelta) for pair in held) if not faults else 0
        if not held or (not faults and 0 < spans < len(held)):
            rule = "must be one or more, with timedeltas only or numbers only"
            faults.append(Fault("pairs", rule, f"{len(held)} pairs"))
        if faults:
            raise InvalidValueError("KaplanMeier.of", faults)
        all_times = sorted(duration for duration, _ in held)
        end_times = sorted(duration for duration, is_end in held if is_end)
        times = sorted(set(end_times))
        at_risk = [len(held) - bisect_left(all_times, time) for time in times]
        ended = [bisect_right(end_times, time) - bisect_left(end_times, time) for time in times]
        return cls(tuple(times), tuple(at_risk), tuple(ended), all_times[-1])

    def __repr__(self) -> str:
        return f"KaplanMeier({sum(self.ended)} ended at {len(self.times)} times, longest {self.longest})"

    def survival_at(self, time: _Duration) -> float | None:
        """The share that lasts longer than `time`; None beyond the longest duration, unless none was left by then."""
        return self._at("survival_at", time)[0]

    def standard_error_at(self, time: _Duration) -> float | None:
        """The standard error of `survival_at`, by Greenwood's formula; None where that is None."""
        survival, greenwood = self._at("standard_error_at", time)
        return survival * sqrt(greenwood) if survival else survival

    def _at(self, what: str, time: Any) -> tuple[float | None, float]:
        """Survival after `time`, and Greenwood's sum up to it."""
        require(f"KaplanMeier.{what}", time=(time, timedelta if isinstance(self.longest, timedelta) else int | float))
        position = bisect_right(self.times, time)
        survival, greenwood = (self._survival[position - 1], self._greenwood[position - 1]) if position else (1.0, 0.0)
        return (None if time > self.longest and survival > 0 else survival), greenwood

    def interval_at(self, time: _Duration, level: float = 0.95) -> ConfidenceInterval | None:
        """The interval of `survival_at`, by the log-log method, whose bounds stay within 0 and 1.

        None while everybody or nobody is left, where this method has no width, and beyond the longest duration.
        """
        require("KaplanMeier.interval_at", level=(level, Level))
        survival, greenwood = self._at("interval_at", time)
        if survival is None or survival in (0.0, 1.0):
            return None
        spread = exp(normal_quantile((1 + level) / 2) * sqrt(greenwood) / -log(survival))
        return ConfidenceInterval(survival**spread, survival ** (1 / spread), level, "kaplan_meier_log_log")

    def median(self) -> Any:
        """The time after which half or fewer are left; None where more than half were left at the end."""
        return self.time_to(Fraction(1, 2))

    def time_to(self, share: Fraction | Decimal) -> Any:
        """The first time at which at least `share` have ended; None where that was not reached.

        >>> KaplanMeier.of([(1, True), (2, True), (3, True), (4, True)]).time_to(Decimal("0.75"))
        3
        """
        require("KaplanMeier.time_to", share=(share, _Share))
        for time, survival in zip(self.times, self._survival, strict=True):
            if survival <= 1 - float(share) + _ROUNDING:
                return time
        return None

    def restricted_mean(self, limit: _Duration | None = None) -> Any:
        """The mean time until the end or `limit`, whichever is first: the area under the curve up to it.

        Args:
            limit: a duration of the same kind; the longest one where not given.

        Returns:
            A float, or a timedelta to the microsecond; None where `limit` lies beyond the longest duration while some
            were left.

        >>> KaplanMeier.of([(2, True), (4, False)]).restricted_mean(4)
        3.0
        """
        until: Any = self.longest if limit is None else limit
        if self._at("restricted_mean", until)[0] is None:
            return None
        zero = until - until
        area, since, survival = 0.0, zero, 1.0
        for time, after in zip(self.times, self._survival, strict=True):
            if time >= until:
                break
            area, since, survival = area + survival * _plain(time - since), time, after
        area += survival * _plain(until - since)
        return _MICROSECOND * round(area) if isinstance(until, timedelta) else area


def _plain(duration: Any) -> float:
    """A duration as a float: timedeltas in microseconds."""
    return duration / _MICROSECOND if isinstance(duration, timedelta) else float(duration)


def _is_observation(pair: Any) -> bool:
    if not isinstance(pair, tuple | list) or len(pair) != 2 or pair[1] not in (True, False):
        return False
    duration = pair[0]
    if isinstance(duration, timedelta):
        return duration >= timedelta(0)
    return isinstance(duration, int | float) and not isinstance(duration, bool) and isfinite(duration) and duration >= 0
