"""What holds for every KPI over opportunities, held against a reading of its definition row by row."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, localcontext

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from revops_core import kpis
from revops_core.entities.opportunity import Opportunity
from revops_core.errors import InvalidRowError, InvalidValueError, UnlikeMeasurementsError
from revops_core.kpis import CATALOGUE, Kpi, compare, measure, total
from revops_core.kpis.formula import Formula
from revops_core.values.condition import each
from revops_core.values.expression import Expression, compiled
from revops_core.values.measurement import Undefined
from revops_core.values.money import Money
from tests.kpis.deals import AS_OF, YEAR, deal, deals

OVER_DEALS = [kpi for kpi in CATALOGUE if set(kpi.populations) <= {"Opportunity"}]


class Record:
    """Like a record of an object-relational mapper: columns are loaded when they are asked for."""

    def __init__(self, columns):
        self._columns = columns

    def __getattr__(self, name):
        try:
            return self.__dict__["_columns"][name]
        except KeyError:
            raise AttributeError(name) from None


def counted_in(rows, aggregate, dated):
    """The rows of the year that an aggregate reads, asked one by one, and the values it reads of them."""
    found = []
    for row in rows:
        day = compiled(dated)(row) if dated is not None else YEAR.start_on
        day = day.date() if isinstance(day, datetime) else day
        if day is None or day not in YEAR or not aggregate.where.holds(row):
            continue
        value = 1 if aggregate.value is None else compiled(in_utc(aggregate.value))(row)
        if value is not None:
            found.append((row, value))
    return found


def in_utc(value):
    """A value that takes the civil day of an instant from UTC, as periods without another zone do."""
    return Expression("minus", (*value.arguments, "UTC")) if value.operation == "minus" else value


def sides_of(kpi):
    if isinstance(kpi.formula, Formula) and kpi.formula.operation == "over":
        return kpi.formula.arguments
    return kpi.formula, kpi.formula


@pytest.mark.parametrize("kpi", [kpi for kpi in OVER_DEALS if kpi.dated], ids=lambda kpi: kpi.name)
@settings(max_examples=15, deadline=None)
@given(rows=deals(most=12))
def test_a_trace_returns_exactly_the_rows_that_each_side_counts(kpi, rows):
    found = kpi(rows, period=YEAR, trace=True)
    dates = dict(kpi.wanted)
    for side, part in zip(sides_of(kpi), ("numerator", "denominator"), strict=True):
        read = [aggregate for aggregate in kpi.aggregates if str(aggregate) in str(side)]
        wanted = {id(row) for one in read for row, _ in counted_in(rows, one, dates[one])}
        assert [id(row) for row in found.records(part)] == [id(row) for row in rows if id(row) in wanted]
    if len(kpi.aggregates) == 1 and found.is_defined:
        assert len(found.records()) == found.n


@pytest.mark.parametrize("kpi", [kpi for kpi in OVER_DEALS if kpi.dated], ids=lambda kpi: kpi.name)
@settings(max_examples=15, deadline=None)
@given(rows=deals(most=12))
def test_the_totals_of_the_rows_give_what_the_pass_gives(kpi, rows):
    if any(aggregate.operation == "quantile" for aggregate in kpi.aggregates):
        return
    totals = []
    for aggregate, dated in kpi.wanted:
        values = [value for _, value in counted_in(rows, aggregate, dated)]
        if aggregate.operation == "count":
            totals.append(len(values))
        elif not values:
            return  # the sum of nothing is told by the reason of the pass
        else:
            totals.append(sum(values[1:], values[0]))
            totals += [len(values)] if aggregate.operation == "mean" else []
    passed, told = kpi(rows, period=YEAR), kpi.of(*totals, period=YEAR)
    assert (told.value, told.numerator, told.denominator) == (passed.value, passed.numerator, passed.denominator)


@settings(max_examples=25, deadline=None)
@given(deals(most=12))
def test_entities_and_records_of_a_mapper_give_what_mappings_give(rows):
    options = {"by": "owner_id", "over": YEAR.quarters(), "as_of": AS_OF}
    columns = [vars_of(Opportunity(**row)) for row in rows]
    expected = measure(columns, OVER_DEALS, **options).rows()
    assert measure([Opportunity(**row) for row in rows], OVER_DEALS, **options).rows() == expected
    assert measure(list(map(Record, columns)), OVER_DEALS, **options).rows() == expected


def vars_of(entity):
    return {name: getattr(entity, name) for name in type(entity).__slots__ if name != "__weakref__"}


def test_a_record_without_the_column_is_refused_by_name():
    with pytest.raises(InvalidRowError, match="'outcome' must be there, with None where it is not known"):
        kpis.win_rate([Record({"id": 1})])


# --- Changes ---


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50), st.integers(0, 50))
def test_a_change_is_the_difference_and_its_share_of_the_base(won, lost, won_later, lost_later):
    before, after = kpis.win_rate.of(won, won + lost), kpis.win_rate.of(won_later, won_later + lost_later)
    change = compare(before, after)
    if before.is_defined and after.is_defined:
        assert before.value + change.difference == after.value
        if before.value:
            assert before.value * (1 + change.relative) == after.value
        else:
            assert change.relative == Undefined("zero_denominator")
    else:
        assert change.difference == change.relative == Undefined("zero_denominator")


def test_changes_of_every_kind_of_number_are_exact():
    row = each(object)
    points = Kpi(name="points", formula=total(row.n), dated=None, unit="score")
    with localcontext() as context:
        context.prec = 3
        change = compare(points.of(Decimal("1234.5")), points.of(Decimal("1234.75")))
        assert change.difference == Decimal("0.25")
        assert points([{"n": Decimal("1234.5")}]).value == Decimal("1234.5")
    money = compare(kpis.bookings.of(Money(100, "EUR")), kpis.bookings.of(Money(80, "EUR")))
    assert (money.difference, str(money)) == (Money(-20, "EUR"), "bookings 100.00 EUR to 80.00 EUR (-20.0 %)")
    shorter = compare(*(kpis.sales_cycle_mean.of(timedelta(days=days), 1) for days in (30, 27)))
    assert (shorter.difference, shorter.relative) == (timedelta(days=-3), Decimal("-0.1"))
    none = compare(kpis.deals_won.of(0), kpis.deals_won.of(2))
    assert (none.difference, none.relative, str(none)) == (2, Undefined("zero_denominator"), "deals_won 0 to 2")
    below = compare(kpis.bookings.of(Money(-1, "EUR")), kpis.bookings.of(Money(1, "EUR")))
    assert below.relative == Undefined("negative_base")


def test_unlike_measurements_are_refused_unless_asked_for():
    rate, won = kpis.win_rate.of(1, 2), kpis.deals_won.of(3)
    with pytest.raises(
        UnlikeMeasurementsError,
        match=r"'name' is 'win_rate' before and 'deals_won' after.*'unit' is .*ask for it with allow_unlike=True",
    ) as refusal:
        compare(rate, won)
    assert (refusal.value.before, refusal.value.after, refusal.value.fields) == (rate, won, ("name", "unit"))
    assert compare(rate, kpis.win_rate_of_closed.of(1, 4), allow_unlike=True).difference == Decimal("-0.25")
    with pytest.raises(InvalidValueError, match="must be of the kind of win_rate, to be subtracted"):
        compare(rate, kpis.bookings.of(Money(1, "EUR")), allow_unlike=True)
    euros, dollars = (kpis.bookings.of(Money(1, code)) for code in ("EUR", "USD"))
    with pytest.raises(UnlikeMeasurementsError, match="'currency' is 'EUR' before and 'USD' after; convert one first"):
        compare(euros, dollars, allow_unlike=True)


def test_a_period_that_still_runs_is_not_held_against_a_whole_one_unless_asked_for():
    rows = [deal(1, closed=date(2026, 5, 1)), deal(2, closed=date(2026, 8, 1)), deal(3, "lost", None, date(2026, 8, 1))]
    second, third, _ = YEAR.quarters()[1:]
    table = measure(rows, [kpis.win_rate, kpis.deals_won], by="owner_id", over=[second, third], as_of=AS_OF)
    with pytest.raises(UnlikeMeasurementsError, match=r"'partial' is False before and True after.*allow_partial=True"):
        table.changes(kpis.win_rate)
    (change,) = table.changes("win_rate", segment={"owner_id": "ana"}, allow_partial=True)
    assert (change.difference, change.before.period, change.after.partial) == (Decimal("-0.5"), second, True)
    over = measure(rows, kpis.deals_won, over=YEAR.quarters(), as_of=datetime(2027, 1, 1, tzinfo=UTC))
    assert [change.difference for change in over.changes("deals_won")] == [1, 0, -1]
    assert measure(rows, kpis.deals_won).changes("deals_won") == ()
