from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revops_core import kpis
from revops_core.errors import InvalidValueError, UndefinedValueError, UnlikeMeasurementsError
from revops_core.kpis import Kpi, count, explain
from revops_core.values.condition import each
from revops_core.values.money import Money
from revops_core.values.period import Period

Q1, Q2 = Period.year(2026).quarters()[:2]
PARTS = ("mix", "rate", "new", "residual")


def deals(*counted):
    """(owner, month, won, lost) as rows."""
    return [
        {"owner_id": owner, "outcome": outcome, "closed_on": date(2026, month, 9), "amount": Money(100, "EUR")}
        for owner, month, won, lost in counted
        for outcome in ["won"] * won + ["lost"] * lost
    ]


def test_a_shift_towards_the_better_segment_is_mix_and_nothing_else():
    rows = deals(("ana", 1, 8, 2), ("ben", 1, 2, 8), ("ana", 4, 16, 4), ("ben", 4, 2, 8))
    found = explain(kpis.win_rate, rows, before=Q1, after=Q2, by="owner_id")
    assert found.change == Fraction(18, 30) - Fraction(10, 20)
    assert [found.part(part) for part in PARTS] == [found.change, 0, 0, 0]
    ana = found.contributions[0]
    assert (dict(ana.segment), ana.mix) == ({"owner_id": "ana"}, (Fraction(20, 30) - Fraction(1, 2)) * Fraction(3, 10))


def test_what_both_do_together_is_the_residual():
    rows = deals(("ana", 1, 5, 5), ("ben", 1, 5, 5), ("ana", 4, 15, 5), ("ben", 4, 5, 5))
    found = explain(kpis.win_rate, rows, before=Q1, after=Q2, by="owner_id")
    assert (found.part("mix"), found.part("new")) == (0, 0)
    assert found.part("rate") == Fraction(1, 2) * Fraction(1, 4)
    assert found.part("residual") == (Fraction(20, 30) - Fraction(1, 2)) * Fraction(1, 4)


def test_a_segment_that_is_new_or_gone_is_told_apart():
    rows = deals(("ana", 1, 5, 5), ("ben", 1, 10, 0), ("ana", 4, 5, 5), ("cleo", 4, 0, 10))
    found = explain(kpis.win_rate, rows, before=Q1, after=Q2, by="owner_id")
    ana, ben, cleo = found.contributions
    assert (ben.mix, ben.rate, ben.new) == (-Fraction(1, 2) * (1 - Fraction(3, 4)), 0, 0)
    assert (cleo.new, cleo.mix, cleo.rate) == (Fraction(1, 2) * (0 - Fraction(3, 4)), 0, 0)
    assert ana.total + ben.total + cleo.total == found.change == Fraction(1, 4) - Fraction(3, 4)


def test_the_change_of_a_sum_is_that_of_its_segments():
    rows = deals(("ana", 1, 3, 0), ("ben", 1, 1, 0), ("ana", 4, 1, 0), ("cleo", 4, 4, 0))
    found = explain(kpis.bookings, rows, before=Q1, after=Q2, by="owner_id")
    assert found.change == 100 == found.part("rate")
    assert [part.rate for part in found.contributions] == [-200, -100, 400]


def test_means_of_money_and_of_time_are_explained_in_their_units():
    rows = [
        {"outcome": "won", "owner_id": "ana", "amount": Money(amount, "EUR"), "created_on": date(2026, 1, 1),
         "closed_on": date(2026, month, 11)}
        for amount, month in ((100, 1), (200, 1), (100, 4), (101, 4), (102, 4))
    ]  # fmt: skip
    assert explain(kpis.average_deal_size, rows, before=Q1, after=Q2, by="owner_id").part("rate") == -49
    found = explain(kpis.sales_cycle_mean, rows, before=Q1, after=Q2, by="owner_id")
    assert found.change == found.part("rate") == 90


def test_printed_it_is_a_table_with_the_largest_part_first():
    rows = deals(("ana", 1, 5, 5), ("ben", 1, 5, 5), ("ana", 4, 5, 5), ("ben", 4, 10, 0))
    found = explain(kpis.win_rate, rows, before=Q1, after=Q2, by="owner_id")
    assert str(found).splitlines() == [
        "win_rate: 2026-Q1 to 2026-Q2",
        "owner_id    mix    rate    new  residual   total",
        "--------  -----  ------  -----  --------  ------",
        "ben       0.0 %  25.0 %  0.0 %     0.0 %  25.0 %",
        "ana       0.0 %   0.0 %  0.0 %     0.0 %   0.0 %",
        "all       0.0 %  25.0 %  0.0 %     0.0 %  25.0 %",
    ]
    assert repr(found) == "Explanation(win_rate, 2 segments)"
    assert "<table" in found._repr_html_()


def test_two_names_make_a_segment_and_a_sum_without_rows_is_explained_by_nothing():
    rows = deals(("ana", 1, 1, 0), ("ana", 4, 1, 0))
    found = explain(kpis.deals_won, rows, before=Q1, after=Q2, by=["owner_id", "outcome"])
    assert str(found).splitlines()[1].split() == ["owner_id", "outcome", *PARTS, "total"]
    empty = explain(kpis.deals_won, [], before=Q1, after=Q2, by="owner_id")
    assert (empty.change, empty.contributions) == (0, ())
    assert str(empty).splitlines()[-1].split() == ["0.00"] * 5


WON = count(each(object).outcome == "won")
LEFT_OVER = Kpi(name="left_over", formula=1 - WON / count(each(object)), dated=each(object).closed_on)
ONE_MORE = Kpi(name="one_more", formula=WON + 1, dated=each(object).closed_on, unit="count")


@pytest.mark.parametrize(
    "kpi",
    [kpis.sales_cycle_median, kpis.website_visitors, kpis.sales_velocity, LEFT_OVER, ONE_MORE],
    ids=lambda kpi: kpi.name,
)
def test_what_does_not_add_up_over_segments_is_refused(kpi):
    with pytest.raises(InvalidValueError, match="do not add up over segments"):
        explain(kpi, [], before=Q1, after=Q2, by="owner_id")


def test_a_partial_period_beside_a_whole_one_is_refused_unless_asked_for():
    rows, as_of = deals(("ana", 1, 1, 0), ("ana", 4, 1, 0)), datetime(2026, 5, 1, tzinfo=UTC)
    with pytest.raises(UnlikeMeasurementsError, match="allow_partial=True"):
        explain(kpis.deals_won, rows, before=Q1, after=Q2, by="owner_id", as_of=as_of)
    found = explain(kpis.deals_won, rows, before=Q1, after=Q2, by="owner_id", as_of=as_of, allow_partial=True)
    assert (found.after.partial, found.change) == (True, 0)


def test_what_is_undefined_in_one_of_the_periods_has_no_explanation():
    with pytest.raises(UndefinedValueError, match="win_rate"):
        explain(kpis.win_rate, deals(("ana", 4, 1, 0)), before=Q1, after=Q2, by="owner_id")


ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "owner_id": st.sampled_from(["ana", "ben", "cleo", None]),
            "outcome": st.sampled_from(["won", "lost", "open"]),
            "closed_on": st.sampled_from([date(2026, 1, 9), date(2026, 4, 9)]),
            "created_on": st.just(date(2026, 1, 1)),
            "amount": st.none() | st.integers(-500, 10_000).map(lambda cents: Money(Decimal(cents).scaleb(-2), "EUR")),
            "survey": st.just("nps"),
            "score": st.integers(0, 10).map(Decimal),
            "at": st.sampled_from([datetime(2026, 1, 9, tzinfo=UTC), datetime(2026, 4, 9, tzinfo=UTC)]),
        }
    ),
    max_size=30,
)
EXPLAINED = [
    kpis.win_rate,
    kpis.win_rate_by_value,
    kpis.average_deal_size,
    kpis.bookings,
    kpis.sales_cycle_mean,
    kpis.nps,
]


@given(ROWS, st.sampled_from(EXPLAINED))
def test_the_parts_sum_exactly_to_the_change(rows, kpi):
    try:
        found = explain(kpi, rows, before=Q1, after=Q2, by="owner_id", currency="EUR" if kpi.unit == "money" else None)
    except UndefinedValueError:
        return
    exact = Fraction(found.change).limit_denominator(10**12)
    assert sum(found.part(part) for part in PARTS) == sum((one.total for one in found.contributions), Fraction(0))
    assert abs(sum(found.part(part) for part in PARTS) - exact) < Fraction(1, 10**9)
    if kpi.unit == "fraction":
        assert sum(found.part(part) for part in PARTS) == found.change


def test_rows_of_two_populations_may_have_a_whole_without_a_part():
    spend = [{"on": date(2026, month, 1), "amount": Money(100, "EUR"), "purpose": "marketing", "channel": "web"}
             for month in (1, 4)]  # fmt: skip
    leads = [{"created_on": date(2026, month, 1), "lead_source": source}
             for month, source in ((1, "web"), (1, "fair"), (4, "web"), (4, "web"))]  # fmt: skip
    by = {"channel": lambda row: row.get("channel") or row.get("lead_source")}
    found = explain(kpis.cost_per_lead, {"Spend": spend, "Lead": leads}, before=Q1, after=Q2, by=by)
    assert sum((part.total for part in found.contributions), Fraction(0)) == found.change == 0
