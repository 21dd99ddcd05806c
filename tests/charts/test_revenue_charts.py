from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings

from revops_core import charts, kpis
from revops_core.errors import InvalidValueError
from revops_core.testing import sample_company
from revops_core.values.exchange_rates import ExchangeRates
from revops_core.values.measurement import Undefined
from revops_core.values.money import Money
from revops_core.values.period import Period
from tests.charts.drawing import boxes_of, marks_of, svg_of, texts_of, values_of
from tests.kpis.contract_sets import contracts, policies
from tests.kpis.test_cohorts import contract, table

COMPANY = sample_company()
LEDGER = kpis.RevenueLedger.of(COMPANY.subscriptions, as_of=COMPANY.as_of)
YEAR = Period.year(2025)
QUARTERS = Period.between(date(2024, 1, 1), date(2026, 1, 1)).quarters()
COHORTS = kpis.cohorts(LEDGER, QUARTERS)


# --- the bridge ---


def test_the_bars_lead_from_the_start_to_the_end():
    bridge = LEDGER.bridge(YEAR)
    values = values_of(charts.revenue_bridge(bridge))
    assert [value["step"] for value in values] == [
        "start", "new", "expansion", "reactivation", "contraction", "churn", "end",
    ]  # fmt: skip
    assert (values[0]["below"], values[0]["level"]) == (0, float(bridge.start.amount))
    assert (values[-1]["below"], values[-1]["level"]) == (0, float(bridge.end.amount))
    for before, bar in pairwise(values[:-1]):
        assert bar["below"] == before["level"]
    assert values[-2]["level"] == values[-1]["level"]
    assert values[1]["level"] - values[1]["below"] == pytest.approx(float(bridge.new.amount))
    assert values[5]["level"] - values[5]["below"] == pytest.approx(-float(bridge.churn.amount))


def test_each_bar_of_the_bridge_is_drawn_as_high_as_its_amount():
    bridge = LEDGER.bridge(YEAR)
    amounts = [
        bridge.start,
        bridge.new,
        bridge.expansion,
        bridge.reactivation,
        bridge.contraction,
        bridge.churn,
        bridge.end,
    ]
    heights = [height for _, height, _ in boxes_of(charts.revenue_bridge(bridge))]
    scale = heights[0] / float(bridge.start.amount)
    assert heights == [pytest.approx(float(each.amount) * scale, abs=0.01) for each in amounts]
    for value in values_of(charts.revenue_bridge(bridge)):
        assert value["top"] == max(value["below"], value["level"])


def test_each_layer_of_the_cake_is_drawn_as_high_as_its_revenue_the_oldest_at_the_bottom():
    chart = charts.layer_cake(COHORTS)
    drawn = [value for value in values_of(chart) if "amount" in value]
    boxes = boxes_of(chart)
    scale = max(height for _, height, _ in boxes) / max(value["amount"] for value in drawn)
    assert [height for _, height, _ in boxes] == [pytest.approx(value["amount"] * scale, abs=0.01) for value in drawn]
    for quarter in QUARTERS:
        tops = [top for value, (_, _, top) in zip(drawn, boxes, strict=True) if value["period"] == quarter.label]
        assert tops == sorted(tops, reverse=True)


@settings(max_examples=25, deadline=None)
@given(contracts(), policies())
def test_the_bars_of_any_contracts_add_up(held, policy):
    ledger = kpis.RevenueLedger.of(held, policy=policy, currency="EUR")
    bridge = ledger.bridge(Period.month(2024, 2))
    for per, by in (("year", 1), ("month", 12)):
        values = values_of(charts.revenue_bridge(bridge, per=per))
        assert values[-2]["level"] == values[-1]["level"]
        assert values[-1]["level"] == pytest.approx(float(bridge.end.amount) / by, abs=0.0051)
        steps = [Decimal(str(value["level"])) - Decimal(str(value["below"])) for value in values[1:-1]]
        assert sum(steps) == Decimal(str(values[-1]["level"])) - Decimal(str(values[0]["level"]))


def test_what_came_and_what_was_lost_differ_by_sign_and_by_colour():
    values = {value["step"]: value for value in values_of(charts.revenue_bridge(LEDGER.bridge(YEAR)))}
    assert (values["new"]["label"], values["new"]["color"]) == ("+2,318,440", "#009E73")
    assert (values["churn"]["label"], values["churn"]["color"]) == ("-341,406", "#D55E00")
    assert (values["end"]["label"], values["end"]["color"]) == ("3,817,768", "#0072B2")
    assert values["reactivation"]["label"] == "0"
    assert values["churn"]["t1"] == "-341,406.00 EUR"
    assert values["churn"]["t2"] == "8"


def test_the_picture_tells_the_currency_the_customers_and_the_months_part():
    chart = charts.revenue_bridge(LEDGER.bridge(YEAR), per="month")
    assert {"monthly recurring revenue (EUR)", "Monthly recurring revenue, 2025", "318,147"} <= set(texts_of(chart))
    assert chart.spec["title"]["subtitle"] == ["52 customers at the start, 127 at the end"]
    assert marks_of(chart)["rect"] == 7


def test_exchange_rates_have_a_bar_where_there_are_any():
    dollars = [contract("s1", "a", date(2024, 1, 1), None)]
    rates = ExchangeRates(
        [(date(2024, 1, 1), "EUR", "USD", Decimal("1.1")), (date(2024, 2, 29), "EUR", "USD", Decimal("1.2"))]
    )
    ledger = kpis.RevenueLedger.of(dollars, currency="USD", rates=rates)
    values = values_of(charts.revenue_bridge(ledger.bridge(Period.month(2024, 2))))
    assert [value["step"] for value in values][-2:] == ["fx", "end"]
    assert values[-2]["level"] == values[-1]["level"]


def test_a_period_that_runs_is_said_so():
    ledger = kpis.RevenueLedger.of(
        [contract("s1", "a", date(2024, 1, 1), None)], as_of=datetime(2024, 2, 9, tzinfo=UTC)
    )
    chart = charts.revenue_bridge(ledger.bridge(Period.month(2024, 2)))
    assert chart.spec["title"]["subtitle"][0].endswith("1 at the end, the period still runs")


def test_what_is_no_bridge_is_refused():
    with pytest.raises(InvalidValueError, match=r"charts\.revenue_bridge: 'bridge' must be a Bridge"):
        charts.revenue_bridge([LEDGER.bridge(YEAR)])
    with pytest.raises(InvalidValueError, match="'per' must be 'year' or 'month'"):
        charts.revenue_bridge(LEDGER.bridge(YEAR), per="week")


# --- the heat map ---


@pytest.mark.parametrize("of", ["customers", "revenue"])
def test_the_cells_are_those_of_the_cohorts(of):
    chart = charts.cohort_heat_map(COHORTS, of=of)
    cells = {(value["cohort"].split("  ")[0], value["age"]): value["share"] for value in values_of(chart)}
    for number, period in enumerate(QUARTERS):
        for age in range(len(QUARTERS) - number):
            assert cells.pop((period.label, age)) == float(COHORTS.retention(number, age, of))
    assert cells == {("all", age): float(COHORTS.average(age, of)) for age in range(len(QUARTERS))}
    assert marks_of(chart)["rect"] == len(values_of(chart))


def test_a_censored_cell_is_blank_and_marked_and_never_zero():
    chart = charts.cohort_heat_map(table())
    censored = [value for value in values_of(chart) if value["text"] == "–"]
    assert len(censored) == 4 + 1  # the last month of each cohort, and of the average
    assert {(value["share"], value["t2"]) for value in censored} == {(None, "undefined: it is too early to know")}
    assert [value["text"] for value in values_of(chart) if value["cohort"].startswith("2024-03")] == ["none", "–"]
    assert marks_of(chart)["rect"] == sum(value["share"] is not None for value in values_of(chart))
    assert chart.spec["title"]["subtitle"] == ["–: too early to know"]


def test_cohorts_stand_in_order_with_who_came_and_the_average_last():
    domain = charts.cohort_heat_map(table()).spec["encoding"]["y"]["scale"]["domain"]
    assert domain == ["2024-01  (3)", "2024-02  (1)", "2024-03  (0)", "2024-04  (0)", "all"]
    assert "age in months" in texts_of(charts.cohort_heat_map(table()))


def test_nobody_at_all_and_periods_of_any_length_are_drawn():
    periods = [Period.between(date(2026, 1, 1), date(2026, 1, 20))]
    chart = charts.cohort_heat_map(kpis.cohorts(kpis.RevenueLedger.of([], currency="EUR"), periods), title="Nobody")
    assert {value["text"] for value in values_of(chart)} == {"none"}
    assert {"Nobody", "age in periods"} <= set(texts_of(chart))


def test_what_are_no_cohorts_is_refused():
    with pytest.raises(InvalidValueError, match=r"charts\.cohort_heat_map: 'result' must be a CohortTable"):
        charts.cohort_heat_map(COHORTS.triangle())
    with pytest.raises(InvalidValueError, match=r"'of' must be one of customers, revenue \(got 'revenues'\)"):
        charts.cohort_heat_map(COHORTS, of="revenues")
    with pytest.raises(InvalidValueError, match=r"charts\.layer_cake: 'result' must be a CohortTable"):
        charts.layer_cake(7)


# --- the layer cake ---


def test_the_layers_of_each_period_add_up_to_all_revenue():
    values = values_of(charts.layer_cake(COHORTS))
    for quarter, bridge in zip(QUARTERS, LEDGER.bridges(QUARTERS), strict=True):
        layers = [value for value in values if value["period"] == quarter.label and "amount" in value]
        (total,) = [value["total"] for value in values if value["period"] == quarter.label and "total" in value]
        assert sum(Decimal(str(value["amount"])) for value in layers) == bridge.end.amount
        assert total == float(bridge.end.amount)
        assert [value["order"] for value in layers] == sorted(value["order"] for value in layers)


def test_who_came_before_is_the_lowest_layer_where_there_is_any():
    assert charts.layer_cake(COHORTS).spec["layer"][0]["encoding"]["color"]["scale"]["domain"][-1] == "2024-Q1"
    later = charts.layer_cake(kpis.cohorts(LEDGER, YEAR.quarters()))
    assert later.spec["layer"][0]["encoding"]["color"]["scale"]["domain"][-1] == "earlier"
    assert next(value for value in values_of(later) if value["cohort"] == "earlier")["order"] == 0


def test_a_period_that_is_not_over_is_marked_and_has_no_bar():
    chart = charts.layer_cake(table())
    last = [value for value in values_of(chart) if value["period"] == "2024-04"]
    assert [(value["cohort"], value["early"], value["t2"]) for value in last] == [
        ("all", 0.0, "undefined: it is too early to know")
    ]
    assert texts_of(chart).count("–") == 1
    assert chart.table.rows()[-1]["2024-04"] is None
    assert table().customers[0][-1] == Undefined("censored")


def test_tooltips_say_the_amount_as_the_library_prints_it():
    values = values_of(charts.layer_cake(COHORTS, title="Cake"))
    wanted = COHORTS.revenue[0][0]
    assert isinstance(wanted, Money)
    assert values[0]["t2"] == "8,424.00 EUR"
    assert values[0]["amount"] == float(wanted.amount)
    svg_of(charts.layer_cake(COHORTS, title="Cake"))
