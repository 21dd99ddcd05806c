"""Confidence intervals: how far a rate, a mean, a score or a median may lie from the truth, given how few were seen.

Every method here is a closed computation: the same data give the same interval, with no simulation.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from math import cos, exp, floor, lgamma, log, log1p, pi, sin, sqrt, tan
from statistics import NormalDist
from typing import Annotated, Any

from attrs import frozen

from revops_core.errors import Fault, InvalidValueError
from revops_core.values.checks import AtLeast, Between, Count, Id, InOrder, Where, checked, require
from revops_core.values.money import Money

__all__ = [
    "ConfidenceInterval", "Level", "mean_interval", "normal_quantile", "nps_interval", "quantile_interval",
    "student_t_quantile", "wilson_interval",
]  # fmt: skip

_SMALLEST = 1e-9  # levels and shares nearer to 0 or 1 than this would exhaust the digits of a float
Level = Annotated[float, Between(_SMALLEST, 1 - _SMALLEST)]
"""How sure an interval is: above 0 and below 1."""

_Degrees = Annotated[int, AtLeast(1)]
_Number = int | float | Decimal | Fraction
_BOUNDS = (int, float, Decimal, Fraction, Money, timedelta, date)
_Bound = Annotated[
    Any,
    Where(
        lambda bound: isinstance(bound, _BOUNDS) and not isinstance(bound, bool),
        "must be a number, a timedelta, a Money, a date or a datetime",
    ),
]


@checked(InOrder("low", "high"))
@frozen
class ConfidenceInterval:
    """The range in which the true value lies with a stated confidence, if the records are a random sample.

    Args:
        low: the lower bound, in the unit of the value: a fraction for a rate, points for an NPS.
        high: the upper bound; both belong to the interval.
        level: the confidence, e.g. 0.95.
        method: how it was computed, e.g. "wilson".

    >>> 0.2 in wilson_interval(3, 10)
    True
    """

    low: _Bound
    high: _Bound
    level: Level
    method: Id

    def __contains__(self, value: Any) -> bool:
        return bool(self.low <= value <= self.high)

    def __str__(self) -> str:
        return f"{self.low} to {self.high} ({self.level:.4g} {self.method})"


def wilson_interval(successes: int, trials: int, level: float = 0.95) -> ConfidenceInterval | None:
    """The interval of a rate, `successes` of `trials`, by Wilson's score method without continuity correction.

    Unlike the textbook interval it stays within 0 and 1 and is honest for small counts and rates near the ends.

    Returns:
        Bounds as fractions (floats from 0 to 1); None where there were no trials.

    Source: R. G. Newcombe (1998), Statistics in Medicine 17, 857-872, method 3.

    >>> interval = wilson_interval(81, 263)
    >>> round(interval.low, 4), round(interval.high, 4)
    (0.2553, 0.3662)
    """
    require("wilson_interval", successes=(successes, Count), trials=(trials, Count), level=(level, Level))
    if successes > trials:
        fault = Fault("successes", f"must be at most 'trials' {trials}", successes)
        raise InvalidValueError("wilson_interval", [fault])
    if not trials:
        return None
    z = normal_quantile((1 + level) / 2)
    rate, square = successes / trials, z * z / trials
    centre, half = rate + square / 2, z * sqrt((rate * (1 - rate) + square / 4) / trials)
    low = 0.0 if successes == 0 else max(0.0, (centre - half) / (1 + square))
    high = 1.0 if successes == trials else min(1.0, (centre + half) / (1 + square))
    return ConfidenceInterval(low, high, level, "wilson")


def mean_interval(count: int, total: _Number, squares: _Number, level: float = 0.95) -> ConfidenceInterval | None:
    """The interval of a mean by Student's t, from what a running count keeps: so that it can be merged.

    The variance is exact where the sums are ints, Decimals or Fractions; nothing is lost to cancellation.

    Args:
        count: how many values.
        total: their sum.
        squares: the sum of their squares.
        level: the confidence.

    Returns:
        Bounds as floats in the unit of the values; None with fewer than two values.

    >>> interval = mean_interval(3, 2 + 4 + 6, 4 + 16 + 36)
    >>> round(interval.low, 3), round(interval.high, 3)
    (-0.968, 8.968)
    """
    sums = {"total": (total, _Number), "squares": (squares, _Number)}
    require("mean_interval", count=(count, Count), level=(level, Level), **sums)
    if count < 2:
        return None
    exact_total = Fraction(total)
    variance = (Fraction(squares) - exact_total * exact_total / count) / (count - 1)
    if variance < 0 and not isinstance(squares, float):
        raise InvalidValueError("mean_interval", [Fault("squares", "must be at least total² / count", squares)])
    half = student_t_quantile((1 + level) / 2, count - 1) * sqrt(max(variance, Fraction(0)) / count)
    mean = float(exact_total / count)
    return ConfidenceInterval(mean - half, mean + half, level, "student_t")


def nps_interval(promoters: int, detractors: int, answers: int, level: float = 0.95) -> ConfidenceInterval | None:
    """The interval of a Net Promoter Score, in points from -100 to 100.

    The variance of one answer is 100² · (p + d - (p - d)²), p and d the shares of promoters and detractors; the bounds
    are those of the normal approximation, cut at -100 and 100. With few answers it is too narrow.

    Returns:
        Bounds in points (floats); None where nobody answered.

    >>> interval = nps_interval(50, 20, 100)
    >>> round(interval.low, 1), round(interval.high, 1)
    (14.7, 45.3)
    """
    counts = {"promoters": (promoters, Count), "detractors": (detractors, Count), "answers": (answers, Count)}
    require("nps_interval", level=(level, Level), **counts)
    if promoters + detractors > answers:
        rule = f"must be at least the {promoters + detractors} promoters and detractors together"
        raise InvalidValueError("nps_interval", [Fault("answers", rule, answers)])
    if not answers:
        return None
    score = (promoters - detractors) / answers
    variance = (promoters + detractors) / answers - score * score
    half = normal_quantile((1 + level) / 2) * sqrt(max(0.0, variance) / answers)
    return ConfidenceInterval(max(-100.0, 100 * (score - half)), min(100.0, 100 * (score + half)), level, "normal")


def quantile_interval(ordered: Sequence[Any], share: float = 0.5, level: float = 0.95) -> ConfidenceInterval | None:
    """The interval of a median or another quantile, by the ranks of the values; it assumes nothing of their shape.

    The bounds are two of the values. Their ranks come from the binomial distribution, each tail at most half of what
    the level leaves, so that the true confidence is at least `level`.

    Args:
        ordered: the values, sorted; any type that sorts.
        share: which quantile, above 0 and below 1: 0.5 is the median.
        level: the confidence.

    Returns:
        Bounds as the values are; None where there are too few values for the level.

    >>> quantile_interval([3, 5, 8, 9, 12, 15, 20, 31, 40]).low
    5
    """
    require("quantile_interval", share=(share, Level), level=(level, Level))
    for number, (value, following) in enumerate(pairwise(ordered), start=1):
        if following < value:
            fault = Fault(f"ordered[{number}]", f"must not be below {value}", following)
            raise InvalidValueError("quantile_interval", [fault])
    tail = (1 - level) / 2
    below, above = _tail_count(len(ordered), share, tail), _tail_count(len(ordered), 1 - share, tail)
    if below < 0 or above < 0:
        return None
    return ConfidenceInterval(ordered[below], ordered[len(ordered) - 1 - above], level, "order_statistics")


def _tail_count(n: int, share: float, tail: float) -> int:
    """The greatest k for which at most k of n fall below the quantile with a probability of at most `tail`; -1 if none.

    The search starts at the normal approximation, so that it is short for any n.
    """
    if n == 0:
        return -1
    start = floor(n * share + normal_quantile(tail) * sqrt(n * share * (1 - share)))
    k = min(max(start, 0), n - 1)
    odds = share / (1 - share)
    log_chance = lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) + k * log(share) + (n - k) * log1p(-share)
    chance = exp(log_chance)
    below = term = chance
    for j in range(k, 0, -1):
        term *= j / ((n - j + 1) * odds)
        below += term
        if term < below * 1e-17:
            break
    if below > tail:
        while k >= 0 and below > tail:
            below -= chance
            chance *= k / ((n - k + 1) * odds)
            k -= 1
        return k
    while k < n - 1 and below + (following := chance * (n - k) / (k + 1) * odds) <= tail:
        k, chance, below = k + 1, following, below + following
    return k


@lru_cache(maxsize=256)
def normal_quantile(share: float) -> float:
    """The value below which `share` of a standard normal distribution lies: 1.96 for 0.975.

    >>> round(normal_quantile(0.975), 6)
    1.959964
    """
    return NormalDist().inv_cdf(share)


@lru_cache(maxsize=4096)
def student_t_quantile(share: float, degrees: int) -> float:
    """The value below which `share` of Student's t distribution lies, for whole degrees of freedom.

    Up to 200 degrees the exact finite series for the probability is solved by bisection; beyond, the expansion around
    the normal quantile is used, whose error there is below 1e-9 for levels up to 0.999.

    Source: Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.3, 26.7.4 and 26.7.5.

    >>> round(student_t_quantile(0.975, 10), 6)
    2.228139
    """
    require("student_t_quantile", share=(share, Level), degrees=(degrees, _Degrees))
    if share < 0.5:
        return -student_t_quantile(1 - share, degrees)
    if degrees > 200:
        return _t_expansion(normal_quantile(share), degrees)
    low, high = 0.0, pi / 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _t_within(middle, degrees) < 2 * share - 1 else (low, middle)
    return tan(low) * sqrt(degrees)


def _t_within(angle: float, degrees: int) -> float:
    """The probability that |t| is below tan(angle) · √degrees: 26.7.3 for odd degrees, 26.7.4 for even ones."""
    odd, square = degrees % 2, cos(angle) ** 2
    term = total = (cos(angle) if degrees > 1 else 0.0) if odd else 1.0
    for j in range(2 + odd, degrees - 1, 2):
        term *= square * (j - 1) / j
        total += term
    return 2 / pi * (angle + sin(angle) * total) if odd else sin(angle) * total


def _t_expansion(x: float, degrees: int) -> float:
    """The quantile of t from the normal quantile `x`, in powers of 1 / degrees (26.7.5)."""
    terms = (
        (x**3 + x) / 4,
        (5 * x**5 + 16 * x**3 + 3 * x) / 96,
        (3 * x**7 + 19 * x**5 + 17 * x**3 - 15 * x) / 384,
        (79 * x**9 + 776 * x**7 + 1482 * x**5 - 1920 * x**3 - 945 * x) / 92160,
    )
    return x + sum(term / float(degrees) ** power for power, term in enumerate(terms, start=1))
