"""Parts of the rows, measured apart, in other processes or machines, are the whole when merged."""

from __future__ import annotations

import json
import pickle
from datetime import date
from decimal import Decimal
from multiprocessing import get_context

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from revops_core import kpis
from revops_core.entities.opportunity import Opportunity
from revops_core.errors import InexactAmountError, InvalidPlainDataError, InvalidValueError
from revops_core.kpis import Kpi, KpiTable, distinct, measure, total
from revops_core.values.condition import each
from revops_core.values.measurement import Undefined
from revops_core.values.money import Money
from revops_core.values.plain import from_plain, to_plain
from tests.kpis.deals import AS_OF, YEAR, deal, deals

row = each(object)
owners = Kpi(name="owners", formula=distinct(row.owner_id), dated=row.closed_on, unit="count")
KPIS = [
    kpis.win_rate,
    kpis.win_rate_by_value,
    kpis.average_deal_size,
    kpis.median_deal_size,
    kpis.bookings,
    kpis.sales_cycle_mean,
    kpis.sales_cycle_median,
    kpis.open_pipeline,
    kpis.weighted_pipeline,
    owners,
]


def accumulated(batch):
    return measure(batch, KPIS, by="owner_id", over=YEAR.quarters(), as_of=AS_OF)


def through_json(table):
    return from_plain(KpiTable, json.loads(json.dumps(to_plain(table))))


def through_pickle(table):
    return pickle.loads(pickle.dumps(table))


def everything_of(table):
    """All numbers, those of segments and totals, with their intervals; nothing of the order of rows."""
    totals = [table.measurement(kpi) for kpi in KPIS]
    return [(found, found.ci()) for found in (*table.measurements(), *totals)]


@st.composite
def split_deals(draw):
    """Deals, and the same in batches of any sizes and in any order."""
    rows = draw(deals())
    batches = [[] for _ in range(draw(st.integers(1, 5)))]
    for one in draw(st.permutations(rows)):
        batches[draw(st.integers(0, len(batches) - 1))].append(one)
    return rows, batches


@settings(max_examples=60, deadline=None)
@given(split_deals(), st.randoms())
def test_batches_merged_in_any_grouping_through_json_or_pickle_equal_one_pass(rows_and_batches, random):
    rows, batches = rows_and_batches
    tables = [random.choice([through_json, through_pickle])(accumulated(batch)) for batch in batches]
    while len(tables) > 1:
        random.shuffle(tables)
        one, other = tables.pop(), tables.pop()
        tables.append(through_json(one.merge(other)))
    assert everything_of(tables[0]) == everything_of(accumulated(rows))


@settings(max_examples=30, deadline=None)
@given(deals())
def test_a_table_is_the_same_after_a_trip_through_json(rows):
    table = accumulated(rows)
    again = through_json(table)
    assert to_plain(again) == to_plain(table)
    assert (again.kpis, again.by, again.periods, again.as_of) == (table.kpis, table.by, table.periods, table.as_of)
    assert (again.segments, str(again)) == (table.segments, str(table))


def test_a_pool_of_processes_measures_each_its_part():
    rows = [
        deal(n, ("won", "lost", "open")[n % 3], n, date(2026, 1 + n % 12, 5), owner="abc"[n % 3]) for n in range(90)
    ]
    with get_context("spawn").Pool(2) as pool:
        one, two, three = pool.map(accumulated, [rows[:31], rows[31:40], rows[40:]])
    assert everything_of(three.merge(one).merge(two)) == everything_of(accumulated(rows))


def test_merging_changes_neither_part():
    one, other = accumulated([deal(1, amount=5)]), accumulated([deal(2, amount=7)])
    before = to_plain(one), to_plain(other)
    one.merge(other)
    assert (to_plain(one), to_plain(other)) == before


def test_keys_and_distinct_values_of_any_plain_type_come_back():
    by = {"day": "closed_on", "pair": lambda one: (one["owner_id"], one["amount"])}
    table = measure([deal(1, amount=5, closed=date(2026, 1, 2)), deal(2)], owners, by=by)
    assert (
        through_json(table).keys()
        == table.keys()
        == [(date(2026, 1, 2), ("ana", Money(5, "EUR"))), (None, ("ana", None))]
    )


def test_a_trace_of_plain_rows_comes_back_and_one_of_other_objects_pickles():
    table = measure([deal(1, amount=5)], kpis.bookings, trace=True)
    assert through_json(table).measurement("bookings").records() == (deal(1, amount=5),)
    assert through_pickle(table).measurement("bookings").records() == (deal(1, amount=5),)
    assert through_json(table).merge(table).measurement("bookings").value == Money(10, "EUR")


def test_a_trace_of_entities_comes_back_where_their_class_is_named():
    rows = [Opportunity(**deal(1, amount=5, closed=date(2026, 1, 2)), custom={"region": "emea"})]
    table = measure(rows, kpis.bookings, over=YEAR, trace=True)
    data = json.loads(json.dumps(to_plain(table)))
    with pytest.raises(InvalidPlainDataError, match=r"must be one of Money, .*; name others in `classes` \(got 'Opp"):
        from_plain(KpiTable, data)
    again = from_plain(KpiTable, data, classes=[Opportunity])
    assert again.measurement("bookings").records() == tuple(rows)
    assert again.merge(table).measurement("bookings").value == Money(10, "EUR")
    with pytest.raises(InvalidValueError, match="'classes' must be"):
        from_plain(KpiTable, data, classes=["Opportunity"])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("kpis", "x"),
        ("by", "owner_id"),
        ("periods", [3]),
        ("trace", "yes"),
        ("tz", "Nowhere"),
        ("segments", []),
        ("segments", {"type": "Mapping", "items": [["ana", []]]}),
        ("segments", {"type": "Mapping", "items": [["a", [[1, [5, 1, "EUR"]]]]]}),
        ("segments", {"type": "Mapping", "items": [[["ana", "x"], [[1, [5, 1, "EUR"]]]]]}),
        ("segments", {"type": "Mapping", "items": [[["ana"], 3]]}),
        ("segments", {"type": "Mapping", "items": [[["ana"], [[1, [5, 1, "EUR"]], None]]]}),
        ("segments", {"type": "Mapping", "items": [[["ana"], [3]]]}),
        ("segments", {"type": "Mapping", "items": [[["ana"], [[1]]]]}),
        ("segments", {"type": "Mapping", "items": [[["ana"], [[-1, [5, 1, "EUR"]]]]]}),
        ("segments", {"type": "Mapping", "items": [[["ana"], [[True, [5, 1, "EUR"]]]]]}),
        ("segments", {"type": "Mapping", "items": [[["ana"], [[1, 5]]]]}),
        ("segments", {"type": "Mapping", "items": [[["ana"], [[1, [5, 1]]]]]}),
        ("segments", {"type": "Mapping", "items": [[["ana"], [[1, ["5", 1, "EUR"]]]]]}),
        ("segments", {"type": "Mapping", "items": [[["ana"], [[1, [[5], 1, "EUR"]]]]]}),
        ("segments", {"type": "Mapping", "items": [[["ana"], [[1, [5, "1", "EUR"]]]]]}),
        ("segments", {"type": "Mapping", "items": [[["ana"], [[1, [5, 1, 3]]]]]}),
    ],
)
def test_plain_data_of_another_shape_is_refused(field, value):
    data = to_plain(measure([deal(1, amount=5)], kpis.bookings, by="owner_id"))
    sound = {"type": "Mapping", "items": [[["ana"], [[1, [5, 1, "EUR"]]]]]}
    assert from_plain(KpiTable, {**data, "segments": sound}).measurement("bookings").value == Money(5, "EUR")
    with pytest.raises(InvalidPlainDataError):
        from_plain(KpiTable, {**data, field: value})


def test_squares_of_means_and_values_of_medians_are_looked_at_too():
    data = to_plain(measure([deal(1, amount=5)], [kpis.average_deal_size, kpis.median_deal_size]))
    (_, ((counted, total_part, values),)) = data["segments"]["items"][0]
    for wrong in ([counted, [*total_part[:3], "x"], values], [counted, total_part, [5, *values[1:]]]):
        with pytest.raises(InvalidPlainDataError, match="must have the parts that its KPIs keep of rows"):
            from_plain(KpiTable, {**data, "segments": {"type": "Mapping", "items": [[[], [wrong]]]}})


def test_tables_that_keep_other_things_do_not_merge():
    plain = measure([deal(1)], kpis.bookings)
    for other in (
        measure([deal(1)], kpis.bookings, trace=True),
        measure([deal(1)], kpis.bookings, tz="Europe/Paris"),
        measure([deal(1)], kpis.bookings, currency="EUR"),
        measure([deal(1)], kpis.deals_won),
    ):
        with pytest.raises(InvalidValueError, match="must be the same in both"):
            plain.merge(other)


def test_a_merged_sum_beyond_34_digits_is_refused():
    one, other = (measure([deal(1, amount=amount)], kpis.bookings) for amount in (Decimal(10) ** 33, Decimal("0.01")))
    with pytest.raises(InexactAmountError, match="34"):
        one.merge(other).measurement("bookings")


def test_a_merged_sum_is_exact_also_where_one_part_is_whole_and_the_other_has_decimals():
    long = Decimal("123456789012345678901234567890.5")
    parts = [measure([{"n": n}], Kpi(name="sum", formula=total(row.n), dated=None, unit="score")) for n in (long, 1)]
    for one, other in (parts, reversed(parts)):
        assert one.merge(other).measurement("sum").value == Decimal("123456789012345678901234567891.5")


def test_an_empty_part_changes_nothing():
    rows = [deal(1, amount=5)]
    assert everything_of(accumulated([]).merge(accumulated(rows))) == everything_of(accumulated(rows))
    nothing = measure([], Kpi(name="sum", formula=total(row.amount), dated=None, unit="money"))
    assert through_json(nothing).merge(nothing).measurement("sum").value == Undefined("no_amount")
