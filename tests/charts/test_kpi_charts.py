from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from revops_core import charts, kpis
from revops_core.errors import InvalidValueError, MissingColumnsError
from revops_core.kpis.scorecard import ScorecardLine
from revops_core.testing import sample_company
from revops_core.values.confidence import wilson_interval
from revops_core.values.measurement import Undefined
from revops_core.values.money import Money
from revops_core.values.period import Period
from tests.charts.drawing import corners_of, svg_of, texts_of, values_of
from tests.golden.company_rows import QUARTERS, company_rows

COMPANY = sample_company()
MONTHS = Period.between(date(2025, 1, 1), date(2026, 2, 1)).months()
CHOSEN = [kpis.win_rate, kpis.average_deal_size, kpis.sales_cycle_median, kpis.deals_won]


def measured(kpi=CHOSEN, as_of=datetime(2025, 12, 20, tzinfo=UTC), **options):
    return kpis.measure(COMPANY.opportunities, kpi, over=MONTHS, as_of=as_of, **options)


pd = pytest.importorskip("pandas", reason="the rows of a frame come from pandas here, which is no dependency")
TABLE = measured()
SOURCES = measured(by="lead_source")


# --- series ---


@pytest.mark.parametrize("kpi", CHOSEN, ids=lambda kpi: kpi.name)
def test_every_point_is_its_measurement_and_every_band_its_interval(kpi):
    points = values_of(charts.series(TABLE, kpi=kpi))
    for period, point in zip(MONTHS, points, strict=True):
        found = TABLE.measurement(kpi, period=period)
        interval = found.ci()
        assert point["value"] == (pytest.approx(float(found)) if found.is_defined else None)
        assert (point["low"], point["high"]) == (
            (None, None)
            if interval is None
            else tuple(pytest.approx(as_days(bound)) for bound in (interval.low, interval.high))
        )
    svg_of(charts.series(TABLE, kpi=kpi))


def test_the_band_is_drawn_from_the_low_to_the_high_bound():
    chart = charts.series(measured(kpis.win_rate, as_of=datetime(2026, 3, 1, tzinfo=UTC)))
    points = [point for point in values_of(chart) if point["low"] is not None]
    wanted = [point["low"] for point in points] + [point["high"] for point in points[::-1]]
    corners = corners_of(chart)
    slope = (corners[1] - corners[0]) / (wanted[1] - wanted[0])
    assert corners == [pytest.approx(corners[0] + (each - wanted[0]) * slope, abs=0.05) for each in wanted]


def as_days(bound):
    return bound / timedelta(days=1) if isinstance(bound, timedelta) else float(getattr(bound, "amount", bound))


def test_undefined_is_a_gap_with_a_cross_and_its_reason_never_zero():
    chart = charts.series(TABLE, kpi="win_rate")
    last = values_of(chart)[-1]
    assert last["value"] is last["whole"] is last["hollow"] is last["running"] is None
    assert last["gap"] == 0
    assert last["t1"] == "undefined: there is nothing to divide by"
    assert [value["gap"] for value in values_of(chart)[:-1]] == [None] * 12
    assert texts_of(chart).count("×") == 1
    assert chart.spec["title"]["subtitle"] == ["band: 95 % interval, hollow: the period still runs, ×: undefined"]


def test_a_true_zero_is_a_point_and_no_gap():
    last = values_of(charts.series(TABLE, kpi="deals_won"))[-1]
    assert (last["value"], last["gap"], last["t1"]) == (0.0, None, "0")


def test_a_period_that_runs_is_hollow_and_reached_by_a_dashed_line_from_the_one_before():
    points = values_of(charts.series(TABLE, kpi="win_rate"))
    november, december = points[10:12]
    assert december["period"] == "2025-12 (partial)"
    assert (december["whole"], december["hollow"], december["running"]) == (None, *[december["value"]] * 2)
    assert (november["whole"], november["hollow"], november["running"]) == (
        november["value"], None, november["value"],
    )  # fmt: skip
    assert points[9]["running"] is None


def test_a_line_breaks_at_a_gap_in_every_version():
    rows = [row("2026-01", 1), row("2026-02", None, reason="zero_denominator"), row("2026-03", 3), row("2026-04", 4)]
    for version in ("5.8", "5.20", "6.4"):
        svg = svg_of(charts.series(rows), version)
        paths = [part.split('"')[0] for part in svg.split(' d="')[1:]]
        lines = [path for path in paths if path.count("M") == 2 and path.count("L") == 1]
        assert lines, version  # two stretches: one point, and one line between two


def row(period, value, **more):
    return {"kpi": "deals", "period": period, "value": value, "unit": "count", **more}


def test_rows_of_a_table_and_a_frame_draw_what_the_table_draws():
    for kpi in CHOSEN[:2]:
        wanted = values_of(charts.series(SOURCES, kpi=kpi))
        frame = pd.DataFrame(SOURCES.rows())
        for rows in (SOURCES.rows(), list(SOURCES.measurements()), frame.to_dict("records")):
            found = values_of(charts.series(rows, kpi=kpi.name))
            for one, other in zip(found, wanted, strict=True):
                bounds = {"low", "high", "t3"} if kpi.unit != "fraction" else set()
                assert {key: one[key] for key in one.keys() - bounds} == {
                    key: other[key] for key in other.keys() - bounds
                }


def as_a_frame_has_it(found):
    """A measurement as a frame of plain numbers has it: amounts in major units, durations in seconds."""
    interval = found.ci() if found.unit != "fraction" else None
    numbers = {"value": found.value, "numerator": found.numerator, "denominator": found.denominator}
    numbers |= {"low": interval and interval.low, "high": interval and interval.high}
    plain = {name: None if value is None or (not found.is_defined and name == "value") else as_seconds(value)
             for name, value in numbers.items()}  # fmt: skip
    reason = None if found.is_defined else found.value.reason
    told = {name: getattr(found, name) for name in ("unit", "currency", "n", "partial")}
    return {**found.segment, "period": str(found.period), "kpi": found.name, "reason": reason, **plain, **told,
            "problem_count": 0}  # fmt: skip


def as_seconds(value):
    return value / timedelta(seconds=1) if isinstance(value, timedelta) else float(getattr(value, "amount", value))


@pytest.mark.parametrize("kpi", CHOSEN, ids=lambda kpi: kpi.name)
def test_rows_of_plain_numbers_give_the_same_picture_with_the_same_intervals(kpi):
    rows = [as_a_frame_has_it(found) for found in SOURCES.measurements()]
    wanted = values_of(charts.series(SOURCES, kpi=kpi))
    for one, other in zip(values_of(charts.series(rows, kpi=kpi)), wanted, strict=True):
        assert one.keys() == other.keys()
        for key, value in one.items():
            assert value == (pytest.approx(other[key], rel=1e-9) if isinstance(other[key], float) else other[key]), key


def test_the_same_comes_from_a_frame_that_holds_floats_and_missing_values():
    frame = pd.DataFrame(measured(kpis.win_rate, by="lead_source").rows())
    frame = frame.astype({"value": "Float64", "numerator": "float64", "denominator": "float64", "n": "Int64"})
    frame.loc[frame["reason"].notna(), ["numerator", "n"]] = pd.NA
    wanted = values_of(charts.series(SOURCES, kpi="win_rate"))
    for one, other in zip(values_of(charts.series(frame.to_dict("records"))), wanted, strict=True):
        assert {key: one[key] for key in one if key != "t4"} == {key: other[key] for key in other if key != "t4"}
        assert one["t4"] == ("" if one["value"] is None else other["t4"])


@pytest.mark.parametrize(
    "missing", [None, float("nan"), pd.NA, pd.NaT, Decimal("NaN"), float("inf"), Undefined("infinite")]
)
def test_whatever_stands_for_nothing_is_a_gap(missing):
    point = values_of(charts.series([row("2026-01", missing)]))[0]
    assert (point["value"], point["gap"], point["t1"]) == (
        None,
        0,
        "undefined" if not isinstance(missing, Undefined) else str(missing),
    )


def test_only_a_share_of_records_has_an_interval():
    """What `series` takes from rows to tell a share of records from a share of amounts."""
    rows, as_of = company_rows()
    for kpi in kpis.CATALOGUE:
        if kpi.unit == "fraction":
            names = kpi.populations
            chosen = rows[names[0]] if len(names) == 1 else {name: rows[name] for name in names}
            for found in kpis.measure(chosen, [kpi], over=QUARTERS, as_of=as_of).measurements():
                counted = isinstance(found.numerator, int) and isinstance(found.denominator, int)
                told = found.denominator == found.n and found.numerator == int(found.numerator)
                assert counted == told, kpi.name
    share = {"unit": "fraction", "numerator": 3.0, "denominator": 8.0}
    interval = wilson_interval(3, 8)
    assert values_of(charts.series([row("2026-01", 3 / 8, **share, n=8)]))[0]["low"] == interval.low
    assert values_of(charts.series([row("2026-01", 3 / 8, **share, n=2)]))[0]["low"] is None
    assert values_of(charts.series([row("2026-01", 3 / 8, **share)]))[0]["low"] is None


def test_numbers_in_tooltips_are_those_the_library_prints():
    money = values_of(charts.series(TABLE, kpi="average_deal_size"))[0]
    assert money["t1"] == "22,356.45 EUR"
    assert " EUR to " in money["t2"]
    assert values_of(charts.series(TABLE, kpi="win_rate"))[0]["t1"] == "47.1 %"
    assert values_of(charts.series(TABLE, kpi="sales_cycle_median"))[0]["t1"] == "52.9 d"
    plain = values_of(charts.series([row("2026-01", 1234.5, unit="money", currency="JPY")]))[0]
    assert plain["t1"] == "1,234 JPY"
    ratio = values_of(charts.series([row("2026-01", 2.345, unit="ratio")]))[0]
    assert (ratio["value"], ratio["t1"]) == (2.345, "2.34")
    assert values_of(charts.series([row("2026-01", 8.0)]))[0]["t1"] == "8"
    assert values_of(charts.series([row("2026-01", Decimal(7), unit="money")]))[0]["t1"] == "7.00"


@pytest.mark.parametrize(
    ("longest", "unit", "number"),
    [(timedelta(days=3), "days", 3), (timedelta(hours=5), "hours", 5), (timedelta(minutes=7), "minutes", 7)],
)
def test_a_duration_has_the_unit_that_suits_the_longest(longest, unit, number):
    chart = charts.series([row("2026-01", longest, unit="duration"), row("2026-02", longest / 4, unit="duration")])
    assert [value["value"] for value in values_of(chart)] == [number, number / 4]
    assert f"deals ({unit})" in texts_of(chart)


@pytest.mark.parametrize(("kpi", "unit"), [("win_rate", "%"), ("average_deal_size", "EUR"), ("deals_won", "count")])
def test_the_axis_tells_the_unit(kpi, unit):
    assert f"{kpi} ({unit})" in texts_of(charts.series(TABLE, kpi=kpi))


def test_a_line_for_each_segment_told_apart_by_shape_too():
    two = measured(
        kpis.win_rate, by={"size": lambda deal: "large" if deal.amount and deal.amount.amount > 9000 else None}
    )
    chart = charts.series(two)
    assert {value["segment"] for value in values_of(chart)} == {"large", "(missing)"}
    assert {"size", "large", "(missing)"} <= set(texts_of(chart))
    shape = chart.spec["layer"][3]["encoding"]["shape"]["scale"]
    assert (shape["domain"], len(set(shape["range"]))) == (["large", "(missing)"], 2)


def test_many_segments_have_a_panel_each_and_colours_that_go_round():
    assert charts.series(SOURCES, kpi="win_rate").spec["facet"]["field"] == "segment"
    rows = [{**row("2026-01", number), "owner": f"o{number}", "team": 1} for number in range(30)]
    chart = charts.series(rows)
    assert {"o0 · 1", "o29 · 1", "owner · team"} <= set(texts_of(chart))
    looks = [chart.spec["spec"]["layer"][3]["encoding"][channel]["scale"]["range"] for channel in ("color", "shape")]
    assert len(set(zip(*looks, strict=True))) == 30


@pytest.mark.parametrize("count", [2, 7])
def test_segments_and_kpis_may_be_called_anything(count):
    tricks = ["a.b", "c[0]", "it's", '"', "<b>x</b>", "\\", "datum.value"][-count:]
    rows = [{**row("<i>", 1), "kpi": "k.p[0]'s", "seg.[ment]": name} for name in tricks]
    chart = charts.series(rows, title="<script>")
    texts = {text.replace("&#39;", "'").replace("&quot;", '"') for text in texts_of(chart)}
    named = {name.replace("<", "&lt;").replace(">", "&gt;") for name in [*tricks, "<script>", "<i>", "seg.[ment]"]}
    assert named <= texts
    assert "<" not in chart.to_json()
    assert "<b>" not in chart._repr_mimebundle_()["text/markdown"]


def test_a_misspelt_kpi_is_refused_with_the_nearest():
    with pytest.raises(InvalidValueError, match=r"did you mean 'win_rate'\?"):
        charts.series(TABLE, kpi="winrate")
    with pytest.raises(InvalidValueError, match=r"'kpi' must be one of win_rate, average_deal_size, .*\(got None\)"):
        charts.series(TABLE)
    assert charts.series(measured(kpis.win_rate), title="Wins").title == "Wins"


def test_what_cannot_be_drawn_as_one_line_is_refused():
    with pytest.raises(InvalidValueError, match="must have something to draw"):
        charts.series([])
    with pytest.raises(InvalidValueError, match="'result' must be"):
        charts.series(7)
    with pytest.raises(InvalidValueError, match="'result' must be"):
        charts.series([7])
    with pytest.raises(InvalidValueError, match="'period' must be given"):
        charts.series(kpis.measure(COMPANY.opportunities, kpis.win_rate))
    with pytest.raises(MissingColumnsError, match=r"'period', 'unit' \(did you mean 'units'\?\)"):
        charts.series([{"kpi": "deals", "value": 1, "units": "count"}])
    for wrong in ("7", "many", True, [7]):
        with pytest.raises(InvalidValueError, match="'value' must be a number"):
            charts.series([row("2026-01", wrong)])
    mixed = [row("2026-01", 1, unit="money", currency="EUR"), row(None, 1, unit="money", currency="USD")]
    with pytest.raises(
        InvalidValueError, match=r"'currency' must be one for all of 'deals'.*'EUR', 'USD'.*'period' must"
    ):
        charts.series(mixed)


# --- scorecard ---

TARGETS = {
    "win_rate": Decimal("0.9"),
    "average_deal_size": Money(1, "EUR"),
    "sales_cycle_median": timedelta(days=62),
    "bookings": Money(800_000, "EUR"),
}
CARD = kpis.scorecard("sales").with_targets(TARGETS)
QUARTER = Period.quarter(2025, 4)


def card(period=QUARTER):
    return CARD.measure({"Opportunity": COMPANY.opportunities}, period, as_of=COMPANY.as_of)


def lines_of(chart):
    return [part["data"]["values"][0] for part in chart.spec["vconcat"]]


def test_each_bullet_has_value_target_interval_and_what_was_before():
    result = card()
    for line, drawn in zip(result.lines, lines_of(charts.scorecard(result)), strict=True):
        interval = line.measurement.ci()
        assert drawn["value"] == pytest.approx(float(line.measurement))
        assert drawn["before"] == pytest.approx(float(line.before))
        assert drawn["target"] == pytest.approx(as_days(line.target))
        assert drawn["low"] == (None if interval is None else pytest.approx(as_days(interval.low)))
        assert drawn["high"] == (None if interval is None else pytest.approx(as_days(interval.high)))


def test_the_status_is_a_word_and_a_colour():
    chart = charts.scorecard(card())
    assert [line.status for line in card().lines] == ["missed", "met", "at_risk", "missed"]
    assert [line["label"].rpartition(": ")[2] for line in lines_of(chart)] == ["missed", "met", "at risk", "missed"]
    colors = [part["layer"][0]["mark"]["color"] for part in chart.spec["vconcat"]]
    assert colors == ["#D55E00", "#009E73", "#E69F00", "#D55E00"]
    assert "615,258.00 EUR, target 800,000.00 EUR: missed" in " ".join(texts_of(chart))


def test_what_was_not_measured_is_named():
    assert charts.scorecard(card()).spec["title"]["subtitle"][1] == (
        "not measured: sql_to_opportunity_rate (needs LeadProgress)"
    )
    assert charts.scorecard(card()).title == "sales, 2025-Q4"


def test_an_undefined_kpi_has_its_reason_and_no_bar():
    chart = charts.scorecard(card(Period.quarter(2030, 1)))
    first = lines_of(chart)[0]
    assert first["value"] is None
    assert first["label"] == "undefined: there is nothing to divide by, target 90.0 %"
    assert first["t1"] == "undefined: there is nothing to divide by"
    assert [line["value"] for line in lines_of(chart)] == [None] * 4
    assert [part["layer"][0]["transform"][0]["filter"]["field"] for part in chart.spec["vconcat"]] == ["value"] * 4


def test_an_undefined_amount_keeps_the_currency_of_the_period_before():
    size = kpis.average_deal_size
    line = ScorecardLine(kpi=size, measurement=size([]), before=size(COMPANY.opportunities))
    assert charts.scorecard([line]).table.rows()[0]["KPI"] == "Average deal size (EUR)"


def test_lines_of_ones_own_and_a_kpi_below_zero():
    rate = kpis.win_rate
    line = ScorecardLine(kpi=rate, measurement=rate.of(0, 0), before=rate.of(1, 2))
    chart = charts.scorecard([line])
    assert chart.title == "Scorecard"
    assert chart.table.rows()[0]["status"] == "undefined"
    assert "layer" in chart.spec["vconcat"][0]
    nothing = ScorecardLine(kpi=rate, measurement=rate.of(0, 0), before=rate.of(0, 0))
    assert charts.scorecard([nothing]).spec["vconcat"][0]["layer"][0]["encoding"]["x"]["axis"] is None
    svg_of(charts.scorecard([line, nothing]))
    nps = kpis.nps
    answers = [
        {"survey": "nps", "score": score, "answered_at": datetime(2025, 11, 3, tzinfo=UTC)} for score in (1, 2, 9)
    ]
    found = nps(answers)
    below = charts.scorecard([ScorecardLine(kpi=nps, measurement=found, before=found)])
    assert found.value < 0
    assert below.spec["vconcat"][0]["layer"][0]["encoding"]["x"]["scale"]["domain"][0] <= float(found)


def test_what_is_no_scorecard_is_refused():
    with pytest.raises(InvalidValueError, match="must have something to draw"):
        charts.scorecard([])
    with pytest.raises(InvalidValueError, match="'result' must be"):
        charts.scorecard(CARD)
    wrong = ScorecardLine(kpi=kpis.win_rate, measurement=kpis.win_rate.of(1, 2), before=kpis.win_rate.of(1, 2),
                               target=Money(1, "EUR"))  # fmt: skip
    with pytest.raises(InvalidValueError, match="must be of the kind of win_rate"):
        charts.scorecard([wrong])


def test_a_share_stays_a_fraction():
    assert values_of(charts.series([row("2026-01", Fraction(1, 3), unit="fraction")]))[0]["value"] == 1 / 3
