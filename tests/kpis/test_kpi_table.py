from __future__ import annotations

from dataclasses import make_dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from revops_core import kpis
from revops_core.entities.opportunity import Opportunity
from revops_core.errors import CurrencyMismatchError, InvalidValueError
from revops_core.kpis import measure
from revops_core.values.measurement import Undefined
from revops_core.values.money import Money
from revops_core.values.period import Period
from tests.kpis.deals import AS_OF, YEAR, deal, deals


def amount_of(value):
    """A side of a measurement as a number; none of it is 0."""
    return 0 if value is None or isinstance(value, Undefined) else getattr(value, "amount", value)


RATES = [kpis.win_rate, kpis.win_rate_by_value, kpis.win_rate_of_created]
KPIS = [
    *RATES,
    kpis.average_deal_size,
    kpis.median_deal_size,
    kpis.bookings,
    kpis.deals_won,
    kpis.sales_cycle_mean,
    kpis.open_pipeline,
    kpis.weighted_pipeline,
    kpis.open_opportunities,
]
Row = make_dataclass("Row", deal().keys())


def table_of(rows, **options):
    return measure(rows, KPIS, by="owner_id", over=YEAR.quarters(), as_of=AS_OF, **options)


@settings(max_examples=50)
@given(deals(), st.integers(0, 25), st.integers(0, 25))
def test_parts_merged_in_any_order_equal_one_pass(rows, first, second):
    low, high = sorted((first, second))
    one, two, three = (table_of(part) for part in (rows[:low], rows[low:high], rows[high:]))
    assert three.merge(one).merge(two).rows() == table_of(rows).rows()


@settings(max_examples=50)
@given(deals(), st.randoms())
def test_shuffling_the_rows_changes_nothing(rows, random):
    expected = table_of(rows)
    random.shuffle(rows)
    assert (table_of(rows).rows(), str(table_of(rows))) == (expected.rows(), str(expected))


@settings(max_examples=50)
@given(deals(most=12))
def test_mappings_entities_and_dataclasses_give_the_same(rows):
    expected = table_of(rows).rows()
    assert table_of([Opportunity(**row) for row in rows]).rows() == expected
    assert table_of([Row(**row) for row in rows]).rows() == expected
    assert table_of([Row(**row) if number % 2 else row for number, row in enumerate(rows)]).rows() == expected


@settings(max_examples=40)
@given(deals(most=12))
@example([deal(1, closed=date(2026, 1, 1)), deal(2, closed=date(2026, 1, 1), created=None, owner="ben")])
def test_segments_and_periods_add_up_to_the_whole(rows):
    table = table_of(rows, currency="EUR")
    for kpi in KPIS:
        for period in YEAR.quarters():
            together = table.measurement(kpi, period=period)
            assert together.value == kpi(rows, period=period, as_of=AS_OF, currency="EUR").value
            parts = [
                table.measurement(kpi, segment={"owner_id": key}, period=period)
                for (key,) in table.keys()  # noqa: SIM118
            ]
            if kpi is not kpis.sales_cycle_mean and kpi is not kpis.median_deal_size:
                sides = ("numerator", "denominator") if together.denominator is not None else ("value",)
                for side in sides:
                    sizes = [amount_of(getattr(part, side)) for part in parts]
                    assert amount_of(getattr(together, side)) == sum(sizes)
            unknown = (Undefined("no_amount"), Undefined("too_few"))  # with an n, that counts the rows without a value
            if not any(part.value in unknown and part.n for part in parts):
                assert together.n == sum(part.n for part in parts)
        whole = table.measurement(kpi)
        if kpi.dated:
            assert whole.value == kpi(rows, period=YEAR, as_of=AS_OF, currency="EUR").value
        else:
            assert whole.value == table.measurement(kpi, period=YEAR.quarters()[-1]).value


@given(deals(most=8))
def test_undefined_never_becomes_zero(rows):
    for found in table_of(rows).measurements():
        if found.denominator is not None:
            size = found.denominator.amount if isinstance(found.denominator, Money) else found.denominator
            assert (size == 0 or found.numerator is None) == isinstance(found.value, Undefined)
        if found.unit != "count" and found.n == 0:
            assert isinstance(found.value, Undefined) or not found.value.amount


@given(deals())
def test_totals_give_what_the_pass_gave(rows):
    for kpi in (*RATES, kpis.average_deal_size):
        passed = kpi(rows)
        if passed.is_defined:
            assert kpi.of(passed.numerator, passed.denominator).value == passed.value


@given(deals())
def test_a_trace_holds_exactly_the_rows_that_were_counted(rows):
    found = kpis.win_rate(rows, period=YEAR, trace=True)
    decided = [row for row in rows if row["outcome"] in {"won", "lost"}]
    decided = [row for row in decided if row["closed_on"] or row["closed_at"]]
    decided = [row for row in decided if (row["closed_on"] or row["closed_at"].date()) in YEAR]
    assert found.records("denominator") == tuple(decided)
    assert found.records() == tuple(row for row in decided if row["outcome"] == "won")
    sizes = measure(rows, kpis.average_deal_size, trace=True)
    with_amounts = tuple(row for row in rows if row["outcome"] == "won" and row["amount"] is not None)
    assert sizes.measurement("average_deal_size").records() == with_amounts


DEALS = [
    deal(1, "won", 100, date(2026, 2, 3)),
    deal(2, "lost", 50, date(2026, 2, 4), owner="ben"),
    deal(3, "won", 200, date(2026, 5, 3), owner="ben"),
    deal(4, "open", None, None, owner=None),
]


def test_totals_are_sums_over_sums_and_never_means_of_rates():
    table = measure([*DEALS, deal(5, "won", 10, date(2026, 2, 5))], kpis.win_rate, by="owner_id")
    assert [found.value for found in table.measurements()] == [1, Fraction(1, 2), Undefined("zero_denominator")]
    assert table.measurement("win_rate").value == Fraction(3, 4)


def test_the_table_reads_like_a_report():
    table = measure(
        DEALS,
        [kpis.win_rate, kpis.bookings],
        by="owner_id",
        over=YEAR.quarters()[:2],
        as_of=datetime(2026, 5, 1, tzinfo=UTC),
    )
    assert (
        str(table)
        == """\
owner_id  period             win_rate    bookings
--------  -----------------  --------  ----------
ana       2026-Q1             100.0 %  100.00 EUR
ana       2026-Q2 (partial)              0.00 EUR
ben       2026-Q1               0.0 %    0.00 EUR
ben       2026-Q2 (partial)              0.00 EUR
          2026-Q1                        0.00 EUR
          2026-Q2 (partial)              0.00 EUR
all                            50.0 %  100.00 EUR"""
    )
    assert "<table>" in table._repr_html_()
    assert repr(table) == "KpiTable(win_rate, bookings; 3 segments)"


def test_one_period_is_the_title_and_without_segments_there_is_one_line():
    table = measure(DEALS, [kpis.deals_won], over=Period.quarter(2026, 1))
    assert str(table).splitlines() == ["2026-Q1", "deals_won", "---------", "        1"]


def test_tidy_rows_hold_plain_values_and_reasons():
    rows = measure(DEALS, [kpis.win_rate, kpis.sales_cycle_mean, kpis.bookings], by="owner_id").rows()
    assert rows[0] == {
        "owner_id": "ana",
        "period": None,
        "kpi": "win_rate",
        "value": 1.0,
        "reason": None,
        "unit": "fraction",
        "currency": None,
        "numerator": 1,
        "denominator": 1,
        "n": 1,
        "partial": None,
    }
    assert (rows[1]["value"], rows[2]["value"], rows[2]["currency"]) == (timedelta(days=33), Decimal(100), "EUR")
    assert (rows[6]["owner_id"], rows[6]["value"], rows[6]["reason"]) == (None, None, "zero_denominator")


def test_segments_may_be_fields_paths_functions_and_several_of_them():
    teams = {"ana": "north", "ben": "south"}

    def team(row):
        return teams.get(row["owner_id"])

    def columns(by):
        return measure(DEALS, kpis.deals_won, by=by).by

    assert columns(team) == ("team",)
    assert columns(lambda row: row["id"]) == ("segment",)
    assert columns(["owner_id", team]) == ("owner_id", "team")
    table = measure(DEALS, kpis.deals_won, by={"team": team, "won": lambda row: row["outcome"]})
    assert table.measurement("deals_won", segment={"team": "south", "won": "won"}).value == 1
    opportunities = [
        Opportunity(id="1", outcome="won", custom={"region": "emea"}),
        Opportunity(id="2", outcome="won"),
    ]
    table = measure(opportunities, kpis.deals_won, by="custom.region")
    assert {tuple(found.segment.values()): found.value for found in table.measurements()} == {("emea",): 1, (None,): 1}
    by_amount = measure(DEALS, kpis.deals_won, by="amount.currency")
    assert by_amount.keys() == [("EUR",), (None,)]


def test_a_stock_is_read_at_the_end_of_each_period_and_not_added_up():
    rows = [deal(1, "won", 5, date(2026, 4, 2)), deal(2, "open", 7, created=date(2026, 5, 1)), deal(3, "open", 1)]
    table = measure(rows, [kpis.open_opportunities, kpis.open_pipeline], over=YEAR.quarters()[:3])
    counts = [found.value for found in table.measurements() if found.unit == "count"]
    assert counts == [2, 2, 2]
    assert [found.value for found in table.measurements() if found.unit == "money"] == [
        Money(6, "EUR"),
        Money(8, "EUR"),
        Money(8, "EUR"),
    ]
    assert table.measurement("open_pipeline").value == Money(8, "EUR")
    assert kpis.open_opportunities(rows, as_of=datetime(2026, 4, 1, tzinfo=UTC)).value == 2
    assert kpis.open_opportunities(rows, period=YEAR, as_of=datetime(2026, 4, 3, tzinfo=UTC)).value == 1


def test_the_total_covers_the_days_of_all_periods_where_they_have_no_gap():
    first, second, third, _ = YEAR.quarters()
    assert measure(DEALS, kpis.win_rate, over=[first, second]).measurement("win_rate").period.label == (
        "2026-01-01 to 2026-06-30"
    )
    assert measure(DEALS, kpis.win_rate, over=[first, third]).measurement("win_rate").period is None


def test_an_empty_sum_is_zero_of_the_currency_of_the_others():
    table = measure(DEALS, kpis.bookings, over=YEAR.quarters())
    assert [found.value for found in table.measurements()] == [
        Money(100, "EUR"),
        Money(200, "EUR"),
        *[Money(0, "EUR")] * 2,
    ]
    assert measure([], kpis.bookings).measurement("bookings").value == Undefined("no_amount")
    assert measure([], kpis.bookings, currency="EUR").measurement("bookings").value == Money(0, "EUR")


def test_segments_by_currency_stand_and_their_total_is_refused():
    rows = [
        deal(1, "won", 5),
        {**deal(2, "won"), "amount": Money(3, "USD")},
        {**deal(3, "lost"), "amount": Money(3, "JPY")},
    ]
    table = measure(rows, kpis.bookings, by="amount.currency")
    assert table.measurement("bookings", segment={"amount.currency": "USD"}).value == Money(3, "USD")
    assert table.measurement("bookings", segment={"amount.currency": "JPY"}).value == Undefined("no_amount")
    with pytest.raises(CurrencyMismatchError):
        table.measurement("bookings")
    assert str(table).splitlines()[-1].split(maxsplit=1) == ["all", "– currencies differ"]


def test_questions_that_make_no_sense_are_refused():
    with pytest.raises(InvalidValueError, match="'kpis' must be one or more, each of another name"):
        measure(DEALS, [kpis.win_rate, kpis.win_rate])
    with pytest.raises(InvalidValueError, match="'over' must be periods of one zone"):
        measure(DEALS, kpis.win_rate, over=[Period.month(2026, 1), Period.month(2026, 2, tz="Europe/Paris")])
    with pytest.raises(InvalidValueError, match="'by' must have one name each"):
        measure(DEALS, kpis.win_rate, by=[lambda _: 1, lambda _: 2])
    with pytest.raises(InvalidValueError, match="'by' must be a tuple whose items must be"):
        measure([], kpis.win_rate, by=["owner_id", 3])
    with pytest.raises(InvalidValueError, match="'kpis' must be a tuple whose items must be a Kpi"):
        measure(DEALS, ["win_rate"])
    with pytest.raises(InvalidValueError, match="'as_of' must be an aware datetime"):
        measure(DEALS, kpis.win_rate, as_of=datetime(2026, 1, 1))
    with pytest.raises(InvalidValueError, match="must not start before"):
        measure(DEALS, kpis.win_rate, over=[Period.month(2026, 2), Period.month(2026, 1)])
    table = measure(DEALS, kpis.win_rate, by="owner_id")
    with pytest.raises(InvalidValueError) as refusal:
        table.measurement("win_ratio", segment={"owner_id": "zoe"}, period=YEAR)
    assert [fault.field for fault in refusal.value.faults] == ["kpi", "segment", "period"]
    for told, name in (({"segment": {"owner_id": "zoe"}}, "segment"), ({"period": YEAR}, "period")):
        with pytest.raises(InvalidValueError, match=rf"'{name}' must"):
            table.measurement("win_rate", **told)
    with pytest.raises(InvalidValueError, match=r"'other.by' must be the same in both"):
        table.merge(measure(DEALS, kpis.win_rate, by="id"))


def test_two_populations_come_as_named_rows():
    spends = [{"on": date(2026, 1, 5), "purpose": "marketing", "amount": Money(900, "EUR"), "campaign": "x"}]
    leads = [{"created_on": date(2026, 1, 7), "campaign": "x"}, {"created_on": date(2026, 1, 9), "campaign": None}]
    rows = {"Spend": spends, "Lead": leads}
    assert kpis.cost_per_lead(rows, period=YEAR).value == Money(450, "EUR")
    table = measure(rows, [kpis.cost_per_lead, kpis.lead_volume], by="campaign", over=YEAR)
    assert table.measurement("cost_per_lead", segment={"campaign": "x"}).value == Money(900, "EUR")
    assert table.measurement("cost_per_lead", segment={"campaign": None}).value == Money(0, "EUR")
    with pytest.raises(InvalidValueError, match=r"must be a mapping such as {'Spend': …, 'Lead': …} for cost_per_lead"):
        kpis.cost_per_lead(leads)
    with pytest.raises(InvalidValueError, match="must be given for each of 'Spend', 'Lead', and for nothing else"):
        kpis.cost_per_lead({"Spend": spends})
