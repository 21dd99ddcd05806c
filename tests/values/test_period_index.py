from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revops_core.errors import InvalidValueError
from revops_core.values.period import Period
from revops_core.values.period_index import periods_index
from tests.values.test_period import days, instants, periods


@given(st.lists(periods(), max_size=4), st.one_of(instants, days))
def test_the_index_of_periods_agrees_with_asking_each(some: list[Period], moment: date) -> None:
    apart: list[Period] = []
    for period in sorted(some):
        if not apart or (period.start_on >= apart[-1].end_on and period.start >= apart[-1].end):
            apart.append(period)
    expected = [n for n, period in enumerate(apart) if moment in period]
    assert periods_index(apart)(moment) == (expected[0] if expected else None)
    assert len(expected) <= 1


def test_the_edges_of_a_gap_are_half_open_for_dates_and_for_instants() -> None:
    index_of = periods_index([Period.month(2026, 1), Period.month(2026, 3)])
    edges = ["2025-12-31", "2026-01-01", "2026-01-31", "2026-02-01", "2026-03-31", "2026-04-01"]
    dates = [date.fromisoformat(edge) for edge in edges]
    assert [index_of(day) for day in dates] == [None, 0, 0, None, 1, None]
    assert [index_of(datetime(d.year, d.month, d.day, tzinfo=UTC)) for d in dates] == [None, 0, 0, None, 1, None]


def test_no_instant_falls_in_a_day_that_was_skipped() -> None:
    skipped = Period.day(date(2011, 12, 30), tz="Pacific/Apia")
    index_of = periods_index([skipped.previous(), skipped, skipped.next()])
    assert index_of(skipped.end) == 2
    assert index_of(skipped.end.astimezone(UTC) - timedelta(microseconds=1)) == 0


def test_an_instant_in_any_zone_is_placed_by_its_instant() -> None:
    tokyo_morning = datetime(2026, 3, 1, 8, tzinfo=timezone(timedelta(hours=9)))
    assert periods_index(Period.quarter(2026, 1).months())(tokyo_morning) == 1


def test_no_periods_hold_nothing() -> None:
    assert periods_index([])(date(2026, 1, 1)) is None


@pytest.mark.parametrize("moment", [datetime(2026, 1, 1), "2026-01-01", None])
def test_a_moment_that_is_none_is_refused(moment: object) -> None:
    with pytest.raises(InvalidValueError, match="'moment' must be a date without a time of day or an aware datetime"):
        periods_index([Period.month(2026, 1)])(moment)


@pytest.mark.parametrize(
    "wrong",
    [
        [Period.month(2026, 2), Period.month(2026, 1)],
        [Period.month(2026, 1), Period.month(2026, 2, tz="Europe/Paris")],  # its instants start an hour early
        [Period.month(2026, 1, tz="Pacific/Kiritimati"), Period.day(date(2026, 1, 31), tz="Etc/GMT+12")],  # by day only
    ],
)
def test_periods_that_overlap_by_day_or_by_instant_are_refused(wrong: list[Period]) -> None:
    with pytest.raises(InvalidValueError, match=r"'periods\[1\]' must not start before .* ends"):
        periods_index(wrong)


def test_what_is_no_period_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="'periods' must be a tuple whose items must be a Period"):
        periods_index([3])
