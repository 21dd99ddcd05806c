from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from attrs import evolve

from revops_core import kpis
from revops_core.errors import InvalidValueError
from tests.kpis.test_cohorts import HELD


def test_a_life_ends_with_the_first_loss_and_the_others_are_censored():
    ledger = kpis.RevenueLedger.of(HELD, as_of=datetime(2024, 4, 10, tzinfo=UTC))
    lives = kpis.customer_lives(ledger, {"c": date(2024, 2, 1)})
    assert [(life.key, life.ended_on, life.lasted.days) for life in lives] == [
        ("a", date(2024, 1, 20), 15), ("b", date(2024, 3, 10), 65), ("c", None, 92), ("d", None, 69),
        ("z", date(2024, 3, 15), 288),
    ]  # fmt: skip
    assert lives[2].onboarded_on == date(2024, 2, 1)
    curve = kpis.customer_survival(lives)
    assert curve.survival_at(timedelta(days=64)) == pytest.approx(4 / 5)
    assert curve.survival_at(timedelta(days=70)) == pytest.approx(4 / 5 * 3 / 4)


def test_who_left_came_back_and_left_again_has_lived_until_the_first_loss():
    held = [HELD[1], evolve(HELD[5], ends_on=date(2024, 4, 5))]
    (life,) = kpis.customer_lives(kpis.RevenueLedger.of(held, as_of=datetime(2024, 6, 1, tzinfo=UTC)))
    assert (life.started_on, life.ended_on) == (date(2024, 1, 5), date(2024, 1, 20))


def test_without_as_of_nobody_knows_who_is_still_there():
    with pytest.raises(InvalidValueError, match="as_of"):
        kpis.customer_lives(kpis.RevenueLedger.of(HELD))


def test_what_happens_after_as_of_has_not_happened_and_what_starts_after_it_is_left_out():
    as_of = datetime(2024, 2, 1, tzinfo=UTC)
    start, hour = datetime(2024, 1, 31, tzinfo=UTC), timedelta(hours=1)
    curve = kpis.event_survival([(start, start + hour), (start, as_of + hour), (as_of + hour, None)], as_of=as_of)
    assert (curve.times, curve.at_risk, curve.longest) == ((hour,), (2,), timedelta(days=1))
