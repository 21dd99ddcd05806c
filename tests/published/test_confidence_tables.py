"""Worked numbers of others for the confidence intervals."""

from __future__ import annotations

from math import sqrt

import pytest

from revops_core.values.confidence import (
    normal_quantile,
    nps_interval,
    quantile_interval,
    student_t_quantile,
    wilson_interval,
)


# R. G. Newcombe, "Two-sided confidence intervals for the single proportion: comparison of seven methods", Statistics
# in Medicine 17 (1998), 857-872, table I, method 3: https://doi.org/10.1002/(SICI)1097-0258(19980430)17:8<857::AID-SIM777>3.0.CO;2-E
@pytest.mark.parametrize(
    ("found", "trials", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0000, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_intervals_are_those_of_newcombe(found: int, trials: int, low: float, high: float) -> None:
    interval = wilson_interval(found, trials)
    assert (round(interval.low, 4), round(interval.high, 4)) == (low, high)


# Upper quantiles of Student's t to six decimals: https://fr.scribd.com/document/347558049/T-Distribution
@pytest.mark.parametrize(
    ("degrees", "tenth", "twentieth"),
    [
        (1, 3.077684, 6.313752),
        (2, 1.885618, 2.919986),
        (3, 1.637744, 2.353363),
        (4, 1.533206, 2.131847),
        (5, 1.475884, 2.015048),
        (6, 1.439756, 1.943180),
        (7, 1.414924, 1.894579),
        (8, 1.396815, 1.859548),
        (9, 1.383029, 1.833113),
        (10, 1.372184, 1.812461),
    ],
)
def test_quantiles_of_t_are_those_of_the_table_to_six_decimals(degrees: int, tenth: float, twentieth: float) -> None:
    assert student_t_quantile(0.90, degrees) == pytest.approx(tenth, abs=6e-7)
    assert student_t_quantile(0.95, degrees) == pytest.approx(twentieth, abs=6e-7)


# Critical values of t: https://bookdown.org/pingapang9/linear_models_bookdown/appt.html, table B.1
@pytest.mark.parametrize(
    ("degrees", "row"),
    [
        (1, (3.078, 6.314, 12.706, 15.895, 31.821, 63.657, 127.321, 318.309, 636.619)),
        (7, (1.415, 1.895, 2.365, 2.517, 2.998, 3.499, 4.029, 4.785, 5.408)),
        (12, (1.356, 1.782, 2.179, 2.303, 2.681, 3.055, 3.428, 3.930, 4.318)),
        (25, (1.316, 1.708, 2.060, 2.167, 2.485, 2.787, 3.078, 3.450, 3.725)),
    ],
)
def test_critical_values_of_t_are_those_of_the_table(degrees: int, row: tuple[float, ...]) -> None:
    tails = (0.1, 0.05, 0.025, 0.02, 0.01, 0.005, 0.0025, 0.001, 0.0005)
    assert tuple(round(student_t_quantile(1 - tail, degrees), 3) for tail in tails) == row


# Ranks of the confidence interval of a median, with its level in percent: https://www.coursehero.com/file/5646626/A7/
@pytest.mark.parametrize(
    ("n", "low", "high", "percent"),
    [(6, 1, 6, 96.9), (9, 2, 8, 96.1), (12, 3, 10, 96.1), (15, 4, 12, 96.5), (17, 5, 13, 95.1), (20, 6, 15, 95.9)],
)
def test_ranks_around_a_median_are_those_of_the_table(n: int, low: int, high: int, percent: float) -> None:
    interval = quantile_interval(range(1, n + 1), 0.5, 0.95)
    assert (interval.low, interval.high) == (low, high)
    assert quantile_interval(range(1, n + 1), 0.5, percent / 100 - 0.0006).low == low
    assert quantile_interval(range(1, n + 1), 0.5, percent / 100 + 0.0006) != interval


# The interval of a median of 19 scores: https://dgbonett.github.io/statpsych/reference/ci.median.html
def test_the_interval_of_a_median_is_that_of_statpsych() -> None:
    scores = [
        30.2,
        20.4,
        15.1,
        10.2,
        10.5,
        60.8,
        20.8,
        25.0,
        20.7,
        30.9,
        10.8,
        5.1,
        50.9,
        40.0,
        20.9,
        10.8,
        0,
        20.5,
        50.8,
    ]
    interval = quantile_interval(sorted(scores))
    assert (interval.low, interval.high) == (10.8, 30.9)


# W. Huber's example: shares 1/2, 1/3, 1/6 give a score of 1/3 and a variance of 5/9 of one answer:
# https://stats.stackexchange.com/questions/18603
def test_the_interval_of_an_nps_rests_on_the_published_variance() -> None:
    interval = nps_interval(300, 100, 600)
    half = 100 * normal_quantile(0.975) * sqrt(5 / 9 / 600)
    assert (interval.low, interval.high) == pytest.approx((100 / 3 - half, 100 / 3 + half))
