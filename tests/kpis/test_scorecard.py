from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from revops_core import kpis
from revops_core.errors import InvalidValueError
from revops_core.kpis import Scorecard, scorecard
from revops_core.values.money import Money
from revops_core.values.period import Period
from tests.golden.company_rows import company_rows

Q1, Q2 = Period.year(2026).quarters()[:2]


def deals(won, lost, month=4, days=10):
    closed = date(2026, month, 29)
    return [
        {
            "outcome": outcome,
            "closed_on": closed,
            "created_on": closed - timedelta(days=days),
            "amount": Money(9, "EUR"),
        }
        for outcome in ["won"] * won + ["lost"] * lost
    ]


def status_of(kpi, target, rows):
    targets = {} if target is None else {kpi.name: target}
    [line] = Scorecard(name="card", kpis=[kpi], targets=targets).measure({"Opportunity": rows}, Q2).lines
    return line.status


@pytest.mark.parametrize(
    ("won", "lost", "status"),
    [(900, 100, "met"), (9, 1, "at_risk"), (4, 6, "at_risk"), (100, 900, "missed"), (0, 0, "undefined")],
)
def test_a_share_is_at_risk_while_its_interval_holds_the_target(won, lost, status):
    assert status_of(kpis.win_rate, Decimal("0.6"), deals(won, lost)) == status


def test_a_number_without_an_interval_is_met_from_the_target_on():
    assert [status_of(kpis.deals_won, target, deals(3, 0)) for target in (2, 3, 4)] == ["met", "met", "missed"]
    assert [status_of(kpis.bookings, Money(n, "EUR"), deals(3, 0)) for n in (27, 28)] == ["met", "missed"]


def test_where_less_is_better_the_target_is_a_ceiling():
    days = [timedelta(days=n) for n in (9, 10, 11)]
    found = [status_of(kpis.sales_cycle_mean, target, deals(40, 0)) for target in days]
    assert found == ["missed", "met", "met"]


def test_a_kpi_without_a_target_has_none():
    assert status_of(kpis.deals_won, None, deals(1, 0)) == "no_target"


def test_a_target_of_another_kind_or_without_a_direction_is_refused():
    with pytest.raises(InvalidValueError, match="must be of the kind of bookings, which is Money"):
        status_of(kpis.bookings, 27, deals(3, 0))
    for name, target in (("open_opportunities", 3), ("nps", 3), ("win_rate", 0.4), ("win_rate", True)):
        with pytest.raises(InvalidValueError, match=r"targets.* must be (for one of win_rate|a Decimal, Money)"):
            Scorecard(name="card", kpis=[kpis.win_rate, kpis.open_opportunities], targets={name: target})
    with pytest.raises(InvalidValueError, match="kpis"):
        Scorecard(name="card", kpis=["win_rate"])


def test_a_line_holds_the_period_before_and_the_change():
    rows = [*deals(3, 1, month=1), *deals(4, 0)]
    card = Scorecard(name="card", kpis=[kpis.win_rate, kpis.deals_won])
    rate, won = card.measure({"Opportunity": rows}, Q2).lines
    assert (rate.before.value, rate.measurement.value, rate.change) == (Fraction(3, 4), 1, Fraction(1, 4))
    assert won.change == 1
    running = card.measure({"Opportunity": rows}, Q2, as_of=datetime(2026, 5, 1, tzinfo=UTC)).lines
    assert [line.change for line in running] == [None, None]
    first = card.measure({"Opportunity": rows}, Q1).lines
    assert (first[0].change, first[1].change) == (None, 3)


def test_a_kpi_whose_rows_are_not_given_is_named_and_not_measured():
    card = Scorecard(name="card", kpis=[kpis.cost_per_lead, kpis.deals_won, kpis.win_rate])
    found = card.measure({"Opportunity": iter(deals(1, 1)), "Lead": []}, Q2)
    assert dict(found.without_rows) == {"cost_per_lead": ("Spend", "Lead")}
    assert [line.kpi.name for line in found.lines] == ["deals_won", "win_rate"]


def test_printed_it_is_a_table():
    card = Scorecard(name="sales", kpis=[kpis.win_rate, kpis.cost_per_lead], targets={"win_rate": Decimal("0.3")})
    found = card.measure({"Opportunity": deals(2, 2)}, Q2)
    assert [line.split() for line in str(found).splitlines()] == [
        ["sales"],
        ["KPI", "2026-Q2", "2026-Q1", "target", "status"],
        *[line.split() for line in str(found).splitlines()[2:3]],
        "Win rate 50.0 % – zero_denominator 30.0 % at_risk".split(),
        "cost_per_lead – needs Spend, Lead".split(),
    ]
    assert repr(found) == "ScorecardResult(sales, 2026-Q2)"
    assert "<table" in found._repr_html_()


def test_targets_are_set_by_name():
    card = scorecard("sales").with_targets({"win_rate": Decimal("0.4")})
    assert dict(card.targets) == {"win_rate": Decimal("0.4")}
    again = card.with_targets({"bookings": Money(5, "EUR")})
    assert (set(again.targets), again.kpis) == ({"win_rate", "bookings"}, card.kpis)
    with pytest.raises(InvalidValueError, match="must be for one of sql_to_opportunity_rate, win_rate"):
        card.with_targets({"nps": 3})


STAGES = ("lead_generation", "qualification", "sales", "onboarding", "adoption", "expansion", "renewal")
CARDS = (*STAGES, "engage", "execute", "expand", "revenue_operations", "measuring_success")


def test_there_is_a_scorecard_for_each_stage_of_the_lifecycle_and_for_the_known_lists():
    with pytest.raises(InvalidValueError) as error:
        scorecard("weekly")
    assert error.value.faults[0].rule == f"must be one of {', '.join(CARDS)}"


@pytest.mark.parametrize("name", CARDS)
def test_the_sample_company_fills_the_ready_made_scorecards(name):
    rows, as_of = company_rows()
    card = scorecard(name)
    found = card.measure(rows, Period.quarter(2025, 3), as_of=as_of)
    assert [line.kpi for line in found.lines] == list(card.kpis)
    assert {line.kpi.name for line in found.lines if not line.measurement.is_defined} <= {
        "cltv_on_revenue",  # no customer left in that quarter
        "renewal_cycle_median",  # its renewals have no opportunities
    }
