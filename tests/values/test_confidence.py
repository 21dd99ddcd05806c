from __future__ import annotations

import pickle
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from math import comb, pi, sqrt, tan
from statistics import NormalDist, mean, stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revops_core.errors import InvalidValueError
from revops_core.values.confidence import (
    ConfidenceInterval,
    mean_interval,
    nps_interval,
    quantile_interval,
    student_t_quantile,
    wilson_interval,
)
from revops_core.values.plain import from_plain, to_plain

levels = st.sampled_from([0.5, 0.8, 0.9, 0.95, 0.99, 0.999])


@given(st.integers(0, 10_000), st.integers(1, 10_000), levels)
def test_wilson_bounds_are_the_rates_that_the_data_would_just_not_refute(found: int, trials: int, level: float) -> None:
    found = min(found, trials)
    interval = wilson_interval(found, trials, level)
    rate, z = found / trials, NormalDist().inv_cdf((1 + level) / 2)
    assert 0 <= interval.low <= rate <= interval.high <= 1
    for bound in {interval.low, interval.high} - {0.0, 1.0}:
        assert abs(rate - bound) == pytest.approx(z * sqrt(bound * (1 - bound) / trials), rel=1e-6, abs=1e-12)


@given(st.integers(0, 500), st.integers(1, 500))
def test_wilson_of_the_failures_is_the_mirror_image(found: int, trials: int) -> None:
    found = min(found, trials)
    interval, mirror = wilson_interval(found, trials), wilson_interval(trials - found, trials)
    assert (interval.low, interval.high) == pytest.approx((1 - mirror.high, 1 - mirror.low), abs=1e-12)


def test_wilson_at_the_ends_is_not_of_no_width() -> None:
    assert wilson_interval(0, 20).low == 0.0
    assert wilson_interval(0, 20).high > 0.15
    assert wilson_interval(20, 20).high == 1.0


def test_there_is_no_interval_without_data() -> None:
    assert wilson_interval(0, 0) is None
    assert nps_interval(0, 0, 0) is None
    assert mean_interval(1, 5, 25) is None
    assert mean_interval(0, 0, 0) is None
    assert quantile_interval([]) is None


@given(st.lists(st.integers(-1000, 1000), min_size=2, max_size=50), levels)
def test_the_interval_of_a_mean_is_that_of_the_textbook(values: list[int], level: float) -> None:
    interval = mean_interval(len(values), sum(values), sum(value * value for value in values), level)
    half = student_t_quantile((1 + level) / 2, len(values) - 1) * stdev(values) / sqrt(len(values))
    assert (interval.low, interval.high) == pytest.approx((mean(values) - half, mean(values) + half), abs=1e-9)


def test_a_mean_of_large_amounts_that_hardly_differ_loses_nothing() -> None:
    values = [Decimal("1000000000000.01"), Decimal("1000000000000.02"), Decimal("1000000000000.03")]
    squares = sum((Fraction(value) ** 2 for value in values), Fraction(0))
    interval = mean_interval(3, sum(values), squares)
    assert interval.high - interval.low == pytest.approx(2 * student_t_quantile(0.975, 2) * 0.01 / sqrt(3), abs=1e-3)


def test_equal_values_have_a_mean_without_doubt() -> None:
    assert mean_interval(4, Decimal("1.2"), Decimal("0.36")) == ConfidenceInterval(0.3, 0.3, 0.95, "student_t")
    assert mean_interval(3, 0.3, 0.03).low == pytest.approx(0.1)  # sums of floats may fall short of the variance 0


@given(st.floats(0.001, 0.999), st.integers(1, 3))
def test_the_quantiles_of_t_are_those_of_its_closed_forms(share: float, degrees: int) -> None:
    value = student_t_quantile(share, degrees)
    if degrees == 1:
        assert value == pytest.approx(tan(pi * (share - 0.5)), abs=1e-9, rel=1e-9)
    elif degrees == 2:
        u = 2 * share - 1
        assert value == pytest.approx(u * sqrt(2 / (1 - u * u)), abs=1e-9, rel=1e-9)
    assert student_t_quantile(1 - share, degrees) == pytest.approx(-value, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("share", [0.6, 0.9, 0.975, 0.995, 0.9995])
def test_t_goes_smoothly_from_the_series_to_the_expansion_and_on_to_the_normal(share: float) -> None:
    steps = [student_t_quantile(share, degrees) for degrees in (198, 199, 200, 201, 202)]
    second_differences = [steps[n] - 2 * steps[n + 1] + steps[n + 2] for n in range(3)]
    assert max(second_differences) == pytest.approx(min(second_differences), abs=1e-7)
    assert student_t_quantile(share, 10**9) == pytest.approx(NormalDist().inv_cdf(share), abs=1e-7)
    assert student_t_quantile(0.5, 7) == 0


def _coverage(n: int, share: float, below: int, above: int) -> float:
    """The probability that the quantile lies between the values with `below` and `above` others outside."""
    return sum(comb(n, k) * share**k * (1 - share) ** (n - k) for k in range(below + 1, n - above))


@given(st.integers(0, 120), st.sampled_from([0.1, 0.25, 0.5, 0.75, 0.9]), levels)
def test_the_ranks_around_a_quantile_cover_the_level_and_no_closer_ones_do(n: int, share: float, level: float) -> None:
    interval = quantile_interval(range(n), share, level)
    tail = (1 - level) / 2
    if interval is None:
        assert (1 - share) ** n > tail or share**n > tail
        return
    below, above = interval.low, n - 1 - interval.high
    lower_tail = [1 - _coverage(n, share, k, -1) for k in (below, below + 1)]
    upper_tail = [1 - _coverage(n, share, -1, k) for k in (above, above + 1)]
    assert lower_tail[0] <= tail + 1e-9
    assert upper_tail[0] <= tail + 1e-9
    assert lower_tail[1] > tail - 1e-9 or below == n - 1
    assert upper_tail[1] > tail - 1e-9 or above == n - 1
    assert _coverage(n, share, below, above) >= level - 1e-9


def test_the_ranks_around_a_median_of_very_many_are_near_the_middle() -> None:
    interval = quantile_interval(range(1_000_000))
    assert (interval.low, interval.high) == (499_019, 500_980)


def test_the_interval_of_a_median_is_made_of_the_values_whatever_they_are() -> None:
    waits = [timedelta(minutes=minutes) for minutes in range(10)]
    assert quantile_interval(waits).low == timedelta(minutes=1)
    assert quantile_interval(waits[:5]) is None


@given(st.integers(0, 300), st.integers(0, 300), st.integers(1, 300), levels)
def test_the_interval_of_an_nps_is_symmetric_and_within_the_scale(p: int, d: int, passive: int, level: float) -> None:
    interval, mirror = nps_interval(p, d, p + d + passive, level), nps_interval(d, p, p + d + passive, level)
    assert -100 <= interval.low <= 100 * (p - d) / (p + d + passive) + 1e-9
    assert (mirror.low, mirror.high) == pytest.approx((-interval.high, -interval.low), abs=1e-9)


def test_an_nps_of_equal_answers_has_no_width() -> None:
    assert nps_interval(7, 0, 7) == ConfidenceInterval(100.0, 100.0, 0.95, "normal")
    assert nps_interval(49, 0, 49).high == 100.0


def test_an_interval_holds_its_bounds_shows_itself_and_survives_pickle() -> None:
    interval = ConfidenceInterval(Decimal(1), Decimal(2), 0.95, "student_t")
    assert Decimal(1) in interval
    assert Decimal(2) in interval
    assert Decimal("2.1") not in interval
    assert str(interval) == "1 to 2 (0.95 student_t)"
    assert pickle.loads(pickle.dumps(interval)) == interval
    assert from_plain(ConfidenceInterval, to_plain(interval)) == interval


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: wilson_interval(3, 2), "wilson_interval: 'successes' must be at most 'trials' 2 (got 3)"),
        (
            lambda: wilson_interval(-1, 2.5, 95),
            "'successes' must be an int of at least 0 (got -1); 'trials' must be an int",
        ),
        (lambda: wilson_interval(1, 2, 1.0), "'level' must be a finite float from 1e-09 to 0.999999999 (got 1.0)"),
        (
            lambda: nps_interval(5, 6, 10),
            "'answers' must be at least the 11 promoters and detractors together (got 10)",
        ),
        (lambda: mean_interval(3, 9, 26), "'squares' must be at least total² / count (got 26)"),
        (lambda: mean_interval(3, "9", float("nan")), "mean_interval: 'total' must be an int or a finite float or"),
        (lambda: quantile_interval([1], 0.0), "quantile_interval: 'share' must be a finite float from"),
        (lambda: quantile_interval([1, 3, 2]), "quantile_interval: 'ordered[2]' must not be below 3 (got 2)"),
        (lambda: student_t_quantile(0.9, 0), "'degrees' must be an int of at least 1 (got 0)"),
        (
            lambda: ConfidenceInterval(2, 1, 0.9, ""),
            "'method' must be a str and not empty (got ''); 'high' must not be",
        ),
    ],
)
def test_a_wrong_call_says_what_is_wrong(call: object, message: str) -> None:
    with pytest.raises(InvalidValueError) as caught:
        call()
    assert message in str(caught.value)
