"""The classical worked example of survival: weeks in remission from leukaemia, with and without 6-MP.

Data: Freireich et al. (1963), Blood 21, 699-716, as given at
https://mn.uio.no/math/english/people/aca/borgan/data/leukemia-description.html
"""

from __future__ import annotations

import pytest

from revops_core.values.distribution import KaplanMeier

ENDED = [6, 6, 6, 7, 10, 13, 16, 22, 23]
STILL_IN_REMISSION = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
TREATED = KaplanMeier.of([(week, True) for week in ENDED] + [(week, False) for week in STILL_IN_REMISSION])
PLACEBO = KaplanMeier.of(
    [(week, True) for week in (1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23)]
)


# The table that R prints for it: summary(survfit(Surv(time, status) ~ 1)).
@pytest.mark.parametrize(
    ("week", "at_risk", "survival", "standard_error"),
    [
        (6, 21, 0.857, 0.0764),
        (7, 17, 0.807, 0.0869),
        (10, 15, 0.753, 0.0963),
        (13, 12, 0.690, 0.1068),
        (16, 11, 0.627, 0.1141),
        (22, 7, 0.538, 0.1282),
        (23, 6, 0.448, 0.1346),
    ],
)
def test_survival_under_treatment_is_the_published_one(
    week: int, at_risk: int, survival: float, standard_error: float
) -> None:
    assert TREATED.at_risk[TREATED.times.index(week)] == at_risk
    assert round(TREATED.survival_at(week), 3) == survival
    assert round(TREATED.standard_error_at(week), 4) == standard_error


def test_the_median_is_23_weeks_under_treatment_and_8_without() -> None:
    assert TREATED.median() == 23
    assert PLACEBO.median() == 8


def test_the_mean_up_to_35_weeks_is_the_published_one() -> None:
    assert round(TREATED.restricted_mean(35), 1) == 23.3


def test_the_mean_without_treatment_is_the_plain_mean_as_all_ended() -> None:
    assert round(PLACEBO.restricted_mean(), 2) == 8.67
