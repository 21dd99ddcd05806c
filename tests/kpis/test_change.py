"""What compares with what: one rule, for compare, changes, explain, scorecards and the rows of growth."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from revops_core import kpis
from revops_core.errors import UnlikeMeasurementsError
from revops_core.kpis import Scorecard, beside_previous, compare, explain, measure
from revops_core.kpis.change import unlike
from revops_core.values.interval import Interval
from revops_core.values.money import Money
from revops_core.values.period import Period
from tests.kpis.deals import YEAR, deal

Q1, Q2, Q3, _ = YEAR.quarters()
MAY = datetime(2026, 5, 10, tzinfo=UTC)
ROWS = [deal(1, closed=date(2026, 2, 1)), deal(2, closed=date(2026, 5, 1))]


def won(number=1, **known):
    return kpis.deals_won.of(number, **known)


@given(st.dates(date(1990, 1, 1), date(2060, 1, 1)), st.dates(date(1990, 1, 1), date(2060, 1, 1)))
def test_calendar_periods_of_one_kind_are_alike_whatever_their_days(first, second):
    for kind in ("month", "quarter", "year"):
        one, other = (
            {
                "month": Period.month(day.year, day.month),
                "quarter": Period.quarter(day.year, 1 + (day.month - 1) // 3),
                "year": Period.year(day.year),
            }[kind]
            for day in (first, second)
        )
        assert compare(won(period=one), won(2, period=other)).difference == 1
    assert compare(won(period=Period.day(first)), won(2, period=Period.day(second))).difference == 1


def test_periods_of_unlike_length_are_refused_unless_asked_for():
    week, month, quarter = Period.week(2026, 9), Period.month(2026, 3), Q1
    for one, other in ((month, quarter), (quarter, month), (week, month), (quarter, YEAR)):
        with pytest.raises(UnlikeMeasurementsError, match=r"'period' is .* ask for it with allow_unlike=True"):
            compare(won(period=one), won(period=other))
        assert compare(won(period=one), won(2, period=other), allow_unlike=True).difference == 1
    half = Period.between(date(2026, 1, 1), date(2026, 7, 1))
    assert compare(won(period=half), won(2, period=half.next())).difference == 1
    hours = Interval(MAY, MAY + timedelta(hours=24))
    assert compare(evolve(won(), period=hours), won(2, period=Period.day(MAY.date()))).difference == 1
    with pytest.raises(UnlikeMeasurementsError, match="'period' is"):
        compare(evolve(won(), period=Interval(MAY, MAY + timedelta(hours=12))), won(period=Period.day(MAY.date())))


def test_a_period_that_nobody_told_is_no_reason_to_refuse():
    assert compare(won(), won(2, period=Q1)).difference == 1
    assert compare(won(period=Q1), won(2)).difference == 1


def test_a_period_counts_as_over_where_nobody_tells_the_moment():
    over, running = won(period=Q1, as_of=MAY), won(2, period=Q2, as_of=MAY)
    assert unlike(won(period=Q1), over) == unlike(over, won(period=Q1)) == ()
    for base in (over, won(period=Q1)):
        with pytest.raises(UnlikeMeasurementsError, match=r"'partial' is .*ask for it with allow_partial=True"):
            compare(base, running)
        assert compare(base, running, allow_partial=True).difference == 1


def test_a_period_that_runs_is_held_against_itself_and_not_against_one_to_come():
    running, to_come = won(period=Q2, as_of=MAY), won(2, period=Q3, as_of=MAY)
    assert compare(running, evolve(running, value=3)).difference == 2
    assert unlike(running, to_come) == ("partial",)
    assert compare(running, to_come, allow_partial=True).difference == 1


def test_changes_of_a_table_over_periods_of_unlike_length_are_refused_unless_asked_for():
    table = measure(ROWS, kpis.deals_won, over=[Q1, Period.month(2026, 5)])
    with pytest.raises(UnlikeMeasurementsError, match="allow_unlike=True"):
        table.changes("deals_won")
    assert [change.difference for change in table.changes("deals_won", allow_unlike=True)] == [0]


def test_explain_scorecards_and_rows_of_growth_hold_to_the_same_rule():
    for as_of, alike in ((None, True), (datetime(2026, 7, 1, tzinfo=UTC), True), (MAY, False)):
        options = {"before": Q1, "after": Q2, "by": "owner_id", "as_of": as_of}
        (line,) = Scorecard(name="c", kpis=[kpis.deals_won]).measure({"Opportunity": ROWS}, Q2, as_of=as_of).lines
        rows = beside_previous(kpis.deals_won, ROWS, Q2, as_of=as_of)
        assert (line.change, len(rows)) == ((0, 1) if alike else (None, 0))
        if alike:
            assert explain(kpis.deals_won, ROWS, **options).change == 0
        else:
            with pytest.raises(UnlikeMeasurementsError, match="allow_partial=True"):
                explain(kpis.deals_won, ROWS, **options)


def test_a_period_is_explained_beside_one_of_another_length_only_where_asked_for():
    month = Period.month(2026, 5)
    with pytest.raises(UnlikeMeasurementsError, match="'period' is"):
        explain(kpis.win_rate, ROWS, before=Q1, after=month, by="owner_id")
    assert explain(kpis.win_rate, ROWS, before=Q1, after=month, by="owner_id", allow_unlike=True).change == 0


def test_a_scorecard_line_has_no_change_where_one_side_is_undefined():
    (line,) = Scorecard(name="c", kpis=[kpis.win_rate]).measure({"Opportunity": ROWS[1:]}, Q2).lines
    assert (line.before.is_defined, line.change) == (False, None)


def test_a_row_of_growth_knows_the_currency_of_an_empty_period_from_the_other():
    rows = [deal(1, amount=5, closed=date(2026, 5, 1))]
    (row,) = beside_previous(kpis.bookings, iter(rows), Q2)
    assert (row.before, row.after) == (Money(0, "EUR"), Money(5, "EUR"))
