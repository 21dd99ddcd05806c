"""Worked numbers that sources print for KPIs, each with its address."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from revops_core import kpis


def _deals(**counts):
    return [{"outcome": outcome} for outcome, count in counts.items() for _ in range(count)]


def test_a_quarter_with_45_won_135_lost_and_80_open_has_a_win_rate_of_25_percent():
    # https://www.contextawareanalytics.com/metrics-governance/how-to-calculate-win-rate
    quarter = kpis.win_rate(_deals(won=45, lost=135, open=80))
    assert (quarter.value, quarter.denominator) == (Fraction(25, 100), 180)


def test_40_won_and_60_lost_are_a_win_rate_of_40_percent():
    # https://salesmotion.io/blog/how-to-calculate-win-rate
    assert kpis.win_rate.of(40, 40 + 60).value == Fraction(40, 100)


def test_30_percent_promoters_and_20_percent_detractors_are_an_nps_of_10():
    # https://annualreport2018.dela.nl/begrippenlijst/net-promotor-score
    scores = [9] * 30 + [8] * 50 + [6] * 20
    assert kpis.nps([{"survey": "nps", "score": Decimal(score)} for score in scores]).value == Decimal(10)
