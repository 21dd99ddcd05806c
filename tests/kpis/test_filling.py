"""Where a row belongs: rows without a date, rows of another class, and conditions that read the same field."""

from __future__ import annotations

from dataclasses import make_dataclass
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Protocol

import pytest
from attrs import frozen
from hypothesis import given, settings
from hypothesis import strategies as st

from revops_core import kpis
from revops_core.entities.deal import Deal
from revops_core.entities.opportunity import Opportunity
from revops_core.entities.ticket import Ticket
from revops_core.errors import InvalidRowError
from revops_core.kpis import Kpi, check, count, measure, total
from revops_core.values.condition import each
from revops_core.values.money import Money
from revops_core.values.period import Period
from tests.kpis.deals import AS_OF, YEAR, deal, deals

DATED = [kpis.win_rate, kpis.win_rate_by_value, kpis.bookings, kpis.deals_won, kpis.win_rate_of_created]
Q1 = Period.quarter(2026, 1)


# --- Rows without a date ---


def undated(found):
    return [warning for warning in found.warnings if warning.startswith("undated")]


def test_rows_that_would_be_counted_but_have_no_date_are_told_beside_those_that_are():
    rows = [deal(1, closed=date(2026, 2, 1)), deal(2), deal(3, "lost"), deal(4, "open"), deal(5, closed=AS_OF)]
    assert undated(kpis.win_rate(rows, period=Q1)) == ["undated: 2 of 3"]
    assert undated(kpis.deals_won(rows, period=Q1)) == ["undated: 1 of 2"]
    assert undated(kpis.deals_won(rows, period=Period.month(2026, 1))) == ["undated: 1 of 1"]
    assert str(kpis.deals_won(rows, period=Q1)) == "deals_won 1 [undated: 1 of 2]"


def test_nothing_is_told_where_every_row_has_its_date_or_no_date_is_asked_for():
    assert undated(kpis.win_rate([deal(1, closed=date(2026, 2, 1)), deal(2, "open")], period=Q1)) == []
    assert undated(kpis.win_rate([deal(1)])) == []
    assert kpis.win_rate([deal(1)]).n == 1
    assert undated(kpis.open_opportunities([deal(1, "open", created=None)], period=Q1)) == []


def test_as_of_a_moment_rows_without_a_date_are_told_too():
    assert undated(kpis.win_rate([deal(1)], as_of=AS_OF)) == ["undated: 1 of 1"]


def test_of_a_row_without_a_date_no_amount_is_looked_at():
    rows = [
        deal(1, amount=5, closed=date(2026, 2, 1)),
        {**deal(2), "amount": Money(7, "USD")},
        {**deal(3), "amount": 7.5},
    ]
    found = kpis.bookings(rows, period=Q1, trace=True)
    assert (found.value, undated(found), found.records()) == (Money(5, "EUR"), ["undated: 2 of 3"], (rows[0],))


@settings(max_examples=40, deadline=None)
@given(deals())
def test_the_rows_without_a_date_are_those_that_a_condition_picks(rows):
    table = measure(rows, DATED, by="owner_id", over=YEAR.quarters())
    for kpi in DATED:
        created = kpi is kpis.win_rate_of_created
        names = ("created_at", "created_on") if created else ("closed_at", "closed_on")
        without = [row for row in rows if all(row[name] is None for name in names)]
        picked = max(sum(one.where.holds(row) for row in without) for one in kpi.aggregates)
        told = undated(table.measurement(kpi))
        assert bool(told) == bool(picked)
        assert not told or told[0].startswith(f"undated: {picked} of ")
    by_segment = [undated(table.measurement(kpis.deals_won, segment={"owner_id": key})) for (key,) in table.segments]
    counted = sum(int(told[0].split()[1]) for told in by_segment if told)
    assert counted == sum(row["outcome"] == "won" and not (row["closed_on"] or row["closed_at"]) for row in rows)


def test_the_title_of_a_table_tells_of_rows_without_a_date_and_merged_parts_add_them_up():
    parts = [measure([deal(n), deal(9, closed=date(2026, 2, 1))], kpis.deals_won, over=Q1) for n in (1, 2)]
    assert str(parts[0]).splitlines()[0] == "2026-Q1; deals_won undated: 1 of 2"
    assert str(parts[0].merge(parts[1])).splitlines()[0] == "2026-Q1; deals_won undated: 2 of 4"
    over = measure([deal(1)], [kpis.deals_won, kpis.win_rate], over=YEAR.quarters())
    assert str(over).splitlines()[0] == "deals_won undated: 1 of 1; win_rate undated: 1 of 1"
    assert "undated" not in str(measure([deal(1)], kpis.deals_won))


# --- The edges of a period ---


@pytest.mark.parametrize("tz", ["UTC", "Europe/Paris", "America/New_York"])
@pytest.mark.parametrize("over", [1, 2], ids=["alone", "before a gap"])
def test_a_period_holds_its_first_instant_and_not_its_end(tz, over):
    first, third = Period.quarter(2026, 1, tz=tz), Period.quarter(2026, 3, tz=tz)
    edges = [(first.start, True), (first.end, False), (third.start, over == 2), (third.end, False)]
    instant = timedelta(microseconds=1)
    for edge, inside in edges:
        before = edge.astimezone(UTC) - instant
        found = measure([deal(1, closed=edge)], kpis.deals_won, over=(first, third)[:over]).measurement("deals_won")
        assert found.value == inside
        found = measure([deal(1, closed=before)], kpis.deals_won, over=(first, third)[:over]).measurement("deals_won")
        assert found.value == (edge == first.end or (edge == third.end and over == 2))
    days = [
        deal(1, closed=first.start_on),
        deal(2, closed=first.end_on),
        deal(3, closed=first.end_on - timedelta(days=1)),
    ]
    assert kpis.deals_won(days, period=first).value == 2


# --- Rows of another class ---


def test_rows_of_another_class_of_ours_are_refused_though_they_have_the_fields():
    for row, name in ((Ticket(id="t1"), "Ticket"), (Deal(id="t1"), "Deal")):
        with pytest.raises(InvalidRowError, match=rf"row 2 \(id 't1'\): 'Opportunity' must be the class.*got '{name}'"):
            measure([Opportunity(id="o1"), row], kpis.deals_won)
    (problem,) = check([Opportunity(id="o1"), Deal(id="d1")], kpis.deals_won)
    assert (problem.code, problem.row, problem.subject_id) == ("other_class", 2, "d1")
    with pytest.raises(InvalidRowError, match="'Lead' must be the class of the row"):
        kpis.cost_per_lead({"Spend": [], "Lead": [Opportunity(id="o1")]})


def test_classes_of_others_subclasses_of_ours_and_mappings_are_taken_by_their_fields():
    class Ticket(SimpleNamespace):
        """A table of somebody else, whatever its name."""

    @frozen(kw_only=True)
    class Renewed(Opportunity):
        """A class of somebody else that is an opportunity."""

    record = make_dataclass("Record", deal().keys())
    for row in (Ticket(**deal(1)), record(**deal(1)), Renewed(**deal(1)), deal(1)):
        assert kpis.deals_won([row]).value == 1


class HasAmount(Protocol):
    """A class of others, by which a definition may be written."""

    amount: Money | None


@pytest.mark.parametrize("cls", [HasAmount, make_dataclass("Sized", ["amount"], frozen=True)])
def test_a_definition_over_any_rows_or_over_a_class_of_others_takes_rows_of_ours(cls):
    rows = [Opportunity(id="o1", amount=Money(3, "EUR")), Deal(id="d1", amount=Money(4, "EUR"))]
    assert Kpi(name="sized", formula=total(each(cls).amount), dated=None, unit="money")(rows).value == Money(7, "EUR")
    row = each(object)
    assert Kpi(name="rows", formula=count(row), dated=None, unit="count")([Ticket(id="t1"), Deal(id="d1")]).value == 2


# --- Conditions that read the same field ---


FIELDS = st.sampled_from(["a", "b", "c"])
CONDITIONS = st.lists(st.tuples(FIELDS, st.integers(0, 2), st.booleans()), min_size=1, max_size=6)
ROWS = st.lists(st.fixed_dictionaries({name: st.none() | st.integers(0, 2) for name in "abc"}), max_size=12)


@given(ROWS, CONDITIONS)
def test_conditions_measured_together_count_what_each_counts_alone(rows, conditions):
    row = each(object)
    wheres = [
        getattr(row, name) >= value if ordered else getattr(row, name) == value for name, value, ordered in conditions
    ]
    definitions = [
        Kpi(name=f"k{number}", formula=count(where) + total(row.a, where=where) + count(row), dated=None, unit="score")
        for number, where in enumerate(wheres)
    ]
    table = measure(rows, definitions)
    for kpi, where in zip(definitions, wheres, strict=True):
        picked = [one for one in rows if where.holds(one)]
        missing = picked and all(one["a"] is None for one in picked)
        expected = len(picked) + sum(one["a"] or 0 for one in picked) + len(rows)
        assert missing or table.measurement(kpi).value == expected


# --- The first known of several dates ---


@given(
    st.lists(
        st.tuples(*[st.none() | st.integers(0, 400)] * 2, st.sampled_from(["closed_at", "closed_on", ""])), max_size=10
    )
)
def test_the_instant_counts_where_it_is_known_and_the_day_where_not(moments):
    both = [
        {
            "outcome": "won",
            "closed_at": None if at is None else datetime(2025, 12, 1, 12, tzinfo=UTC) + timedelta(days=at),
            "closed_on": None if on is None else date(2025, 12, 1) + timedelta(days=on),
        }
        for at, on, _ in moments
    ]
    held = [
        {name: value for name, value in row.items() if name != left_out}
        for row, (*_, left_out) in zip(both, moments, strict=True)
    ]
    dates = [(row.get("closed_at") or row.get("closed_on")) for row in held]
    days = [day.date() if isinstance(day, datetime) else day for day in dates]
    expected = sum(day is not None and day in YEAR for day in days)
    for kind in (dict, SimpleNamespace):
        found = kpis.deals_won([kind(**row) for row in held], period=YEAR)
        assert (found.value, undated(found)) == (
            expected,
            [f"undated: {days.count(None)} of {days.count(None) + expected}"] if None in days else [],
        )
