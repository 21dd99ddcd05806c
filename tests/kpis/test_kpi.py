from __future__ import annotations

import pickle
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, localcontext
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest

from revops_core import kpis
from revops_core.entities.opportunity import Opportunity
from revops_core.errors import (
    CurrencyMismatchError,
    InexactAmountError,
    InvalidRowError,
    InvalidValueError,
    UndefinedValueError,
    UnknownFieldError,
)
from revops_core.kpis import Kpi, count, distinct, mean, median, quantile, total
from revops_core.kpis.formula import Formula, population_of
from revops_core.values.condition import each, given
from revops_core.values.confidence import mean_interval, nps_interval
from revops_core.values.expression import Expression
from revops_core.values.measurement import Undefined
from revops_core.values.money import Money
from revops_core.values.period import Period
from tests.kpis.deals import AS_OF, YEAR, deal

row = each(object)


def custom(formula, unit="count", dated=None, name="custom"):
    return Kpi(name=name, formula=formula, dated=dated, unit=unit)


def test_a_definition_of_ones_own_is_a_few_lines_over_any_rows():
    opportunity = each(Opportunity)
    big = opportunity.amount >= Money(100, "EUR")
    share_of_big_deals = Kpi(
        name="share_of_big_deals", formula=count(big) / count(opportunity), dated=opportunity.closed_on
    )
    assert share_of_big_deals([deal(1, amount=100), deal(2, amount=99), deal(3)]).value == Fraction(1, 3)
    assert (
        str(share_of_big_deals) == "share_of_big_deals = count(amount is at least 100 EUR) / count(every Opportunity)"
    )
    assert share_of_big_deals.formula_text.startswith("count(")
    assert repr(share_of_big_deals) == f"Kpi({share_of_big_deals})"
    assert pickle.loads(pickle.dumps(share_of_big_deals)) == share_of_big_deals


def test_a_misspelt_field_is_refused_where_the_definition_is_written():
    with pytest.raises(UnknownFieldError, match="did you mean 'amount'"):
        total(each(Opportunity).amuont)


def test_a_definition_without_a_date_must_say_so():
    with pytest.raises(TypeError, match="dated"):
        Kpi(name="x", formula=count(row))
    with pytest.raises(InvalidValueError, match="'dated' must be a tuple"):
        Kpi(name="x", formula=count(row), dated="closed_on")
    with pytest.raises(InvalidValueError, match="'formula' must be an Aggregate or a Formula"):
        Kpi(name="x", formula=3, dated=None)


def test_aggregates_refuse_what_is_no_condition_and_no_field():
    with pytest.raises(InvalidValueError, match="'where' must be a condition"):
        count(True)
    with pytest.raises(InvalidValueError, match="'where' must be a condition"):
        count(None)
    with pytest.raises(InvalidValueError, match="'level' must be a finite Decimal from 0 to 1"):
        quantile(row.amount, 0.9)
    with pytest.raises(InvalidValueError, match="'value' must be a field"):
        total(3)
    with pytest.raises(InvalidValueError, match="must be a finite Decimal from 0 to 1"):
        quantile(row.amount, "1.1")
    with pytest.raises(InvalidValueError, match="'right' must be an aggregate"):
        count(row) / "2"
    with pytest.raises(InvalidValueError, match="'right' must be an aggregate"):
        count(row) / True
    with pytest.raises(InvalidValueError, match="'left' must be an aggregate"):
        "2" / count(row)
    with pytest.raises(InvalidValueError, match="must read the fields of one class"):
        total(each(Opportunity).amount, where=each(Period).grain == "day")
    with pytest.raises(InvalidValueError, match="must read the fields of one class"):
        count((each(Opportunity).amount == 1) & (each(Period).grain == "day"))


def test_classes_that_do_not_go_together_are_told_in_order():
    rows_of = [Expression("row", (name,)) for name in "fedcba"]
    with pytest.raises(InvalidValueError) as refusal:
        population_of(*rows_of)
    assert refusal.value.faults[0].value == tuple("abcdef")


def test_formulas_print_as_a_person_reads_them():
    won = row.outcome == "won"
    assert str(100 - 2 * count(won)) == "100 - (2 × count(outcome is 'won'))"
    assert str(1 / count(row)) == "1 / count(every row)"
    assert str(1 / (count(row) + 1)) == "1 / (count(every row) + 1)"
    assert str(median(row.amount, where=won)) == "median(amount where outcome is 'won')"
    assert str(distinct(row.id) - 1) == "distinct(id of every row) - 1"
    assert (count(won) / count(row)).aggregates == (count(won), count(row))


def test_every_kind_of_number_has_its_type():
    rows = [
        {"n": 1, "d": Decimal("0.5"), "t": timedelta(hours=1), "m": Money(10, "EUR"), "k": "a"},
        {"n": 2, "d": Decimal(2), "t": timedelta(hours=4), "m": Money(20, "EUR"), "k": "a"},
        {"n": 5, "d": Decimal(0), "t": timedelta(hours=4), "m": Money(0, "EUR"), "k": None},
    ]
    for formula, unit, expected in [
        (total(row.n), "count", 8),
        (total(row.d), "score", Decimal("2.5")),
        (total(row.t), "duration", timedelta(hours=9)),
        (total(row.m), "money", Money(30, "EUR")),
        (mean(row.n), "ratio", Fraction(8, 3)),
        (mean(row.t), "duration", timedelta(hours=3)),
        (mean(row.m), "money", Money(10, "EUR")),
        (median(row.n), "score", Decimal(2)),
        (median(row.t), "duration", timedelta(hours=4)),
        (quantile(row.m, "0.25"), "money", Money(5, "EUR")),
        (distinct(row.k), "count", 1),
        (distinct(row.k) + count(row), "count", 4),
        (total(row.m) / total(row.t), "money", Money(80, "EUR")),
        (total(row.t) / total(row.t), "ratio", Fraction(1)),
        (total(row.m) / total(row.m), "fraction", Fraction(1)),
        (total(row.t) / 2, "duration", timedelta(hours=4, minutes=30)),
        (2 * total(row.m), "money", Money(60, "EUR")),
        (total(row.d) + count(row) / 4, "ratio", Fraction(13, 4)),
        (total(row.d) - count(row) / 4, "ratio", Fraction(7, 4)),
        (total(row.d) * 2, "score", Decimal(5)),
        (count(row) * count(row), "count", 9),
        (1 - count(row.n == 1) / count(row), "fraction", Fraction(2, 3)),
    ]:
        found = custom(formula, unit)(rows)
        assert (found.value, type(found.value)) == (expected, type(expected)), str(formula)


@pytest.mark.parametrize("zero", [0, Decimal("0.0")], ids=["int", "Decimal"])
def test_a_zero_that_is_known_is_added_like_any_number(zero):
    rows = [{"n": zero, "base": 4}]
    growth = total(row.n) / total(row.base) - 1
    assert custom(growth, "ratio")(rows).value == -1
    assert custom(total(row.n) / total(row.base) + count(row), "ratio")(rows).value == 1
    assert custom(count(row) - total(row.n) / total(row.base), "ratio")(rows).value == 1
    assert custom(total(row.n) + total(row.base), "score")(rows).value == 4
    assert custom(total(row.n) - total(row.base), "score")(rows).value == -4
    assert custom(total(row.base) + total(row.n), "score")(rows).value == 4


def test_a_mean_of_numbers_has_34_digits_and_a_rate_is_exact():
    rows = [{"n": 1}, {"n": 0}, {"n": 0}]
    assert custom(mean(row.n), "score")(rows).value == Decimal("0.3333333333333333333333333333333333")
    assert custom(mean(row.n), "ratio")(rows).value == Fraction(1, 3)


def test_a_formula_of_numbers_alone_counts_no_rows():
    found = custom(Formula("plus", (1, 2)))([{}, {}])
    assert (found.value, found.n) == (3, 0)


def test_sides_that_do_not_go_together_are_refused():
    with pytest.raises(InvalidValueError, match="must have sides that go together, not Money and int"):
        custom(total(row.m) + 1)([{"m": Money(1, "EUR")}])


def test_undefined_has_its_reason():
    assert kpis.win_rate([]).value == Undefined("zero_denominator")
    assert custom(1 / (count(row) - 3))([{}]).value == Undefined("negative_base")
    assert custom(2 - 1 / (count(row) - 1))([{}]).value == Undefined("zero_denominator")
    assert custom(median(row.m), "money")([]).value == Undefined("too_few")
    no_amounts = kpis.open_pipeline([deal(1, "open"), deal(2, "open")])
    assert (no_amounts.value, no_amounts.n) == (Undefined("no_amount"), 2)
    assert kpis.sales_cycle_mean([deal(1, created=None)]).value == Undefined("too_few")
    with pytest.raises(UndefinedValueError):
        float(no_amounts)


@pytest.mark.parametrize("unit", ["duration", "count", "points", "score"])
def test_where_no_row_has_a_value_only_money_and_shares_miss_an_amount(unit):
    rows = [{"n": None}]
    assert custom(mean(row.n), unit)(rows).value == Undefined("too_few")
    assert custom(mean(row.n), "money")(rows).value == Undefined("no_amount")


def test_what_is_left_out_is_told():
    some = kpis.open_pipeline([deal(1, "open", 5), deal(2, "open")])
    assert (some.value, some.n, some.warnings) == (Money(5, "EUR"), 1, ("missing_values: 1 of 2",))
    assert kpis.average_deal_size([deal(1, amount=5), deal(2)]).warnings == ("small_sample", "missing_values: 1 of 2")
    assert kpis.win_rate([deal(n) for n in range(29)]).warnings == ("small_sample",)
    assert kpis.win_rate([deal(n) for n in range(30)]).warnings == ()


def test_totals_from_elsewhere_give_the_same_measurement():
    assert str(kpis.win_rate.of(4238, 6711)) == "win_rate 63.2 % (4,238 of 6,711)"
    assert (
        kpis.win_rate.of(4238, 6711).ci()
        == kpis.win_rate([deal(n, "won" if n < 4238 else "lost") for n in range(6711)]).ci()
    )
    assert kpis.win_rate.of(0, 0).value == Undefined("zero_denominator")
    assert kpis.bookings.of(Money(5, "EUR"), period=YEAR, as_of=AS_OF).partial
    assert kpis.pipeline_coverage.of(Money(300, "EUR"), Money(100, "EUR")).value == 3
    assert kpis.average_deal_size.of(Money(30, "EUR"), 3).value == Money(10, "EUR")
    assert kpis.nps.of(5, 2, 10).value == Decimal(30)
    assert kpis.website_visitors.of(7).value == 7


def test_totals_that_cannot_be_are_refused():
    with pytest.raises(InvalidValueError, match="must be at most the whole, 3"):
        kpis.win_rate.of(4, 3)
    with pytest.raises(InvalidValueError, match=r"'totals' must be 2: count\(outcome is 'won'\)"):
        kpis.win_rate.of(4)
    with pytest.raises(
        InvalidValueError, match=r"must be an int of at least 0 \(got -1\).*must be an int of at least 0 \(got 1.5\)"
    ):
        kpis.win_rate.of(-1, 1.5)
    with pytest.raises(InvalidValueError, match="must be an int, a Decimal, Money or a timedelta"):
        kpis.bookings.of(1.5)
    with pytest.raises(InvalidValueError, match="quantiles of parts do not make that of the whole"):
        kpis.median_deal_size.of(Money(1, "EUR"))
    with pytest.raises(InvalidValueError, match="'currency' must be given"):
        kpis.bookings.of(5)


def test_as_of_a_moment_later_dates_have_not_happened():
    rows = [
        deal(1, "won", 1, date(2026, 8, 15)),
        deal(2, "won", 1, date(2026, 8, 16)),
        deal(3, "lost", 1, date(2026, 2, 1)),
    ]
    assert kpis.win_rate(rows, as_of=AS_OF).numerator == 1
    assert kpis.win_rate(rows, period=YEAR, as_of=AS_OF).numerator == 1
    assert kpis.win_rate(rows, period=YEAR).numerator == 2
    assert kpis.win_rate_of_created(rows, as_of=AS_OF).value == Fraction(1, 3)
    instants = [deal(n, "won", 1, AS_OF + timedelta(microseconds=n)) for n in (0, 1)]
    assert kpis.win_rate(instants, as_of=AS_OF).numerator == 1
    assert kpis.win_rate_of_created(instants, as_of=AS_OF).numerator == 1
    assert kpis.win_rate(rows, period=YEAR, as_of=datetime(2027, 1, 1, tzinfo=UTC)).partial is False
    assert kpis.win_rate(rows, period=YEAR).partial is None
    ahead = kpis.open_opportunities([deal(1, "open", created=date(2026, 8, 16))], as_of=AS_OF)
    assert ahead.value == 0


def test_a_day_and_an_instant_in_one_cycle_count_civil_days_in_the_zone_of_the_period():
    closed = datetime(2026, 3, 31, 23, tzinfo=UTC)
    rows = [deal(1, "won", closed=closed, created=date(2026, 3, 1))]
    paris = Period.quarter(2026, 2, tz="Europe/Paris")
    assert kpis.sales_cycle_mean(rows, period=paris).value == timedelta(days=31)
    assert kpis.sales_cycle_mean(rows).value == timedelta(days=30)
    assert kpis.sales_cycle_mean(rows, tz="Europe/Paris").value == timedelta(days=31)


def test_a_cycle_over_the_night_when_clocks_change_is_as_long_as_it_lasted():
    paris = ZoneInfo("Europe/Paris")
    rows = [
        deal(1, "won", closed=datetime(2026, 3, 29, 12, tzinfo=paris), created=datetime(2026, 3, 28, 12, tzinfo=paris))
    ]
    assert kpis.sales_cycle_mean(rows).value == timedelta(hours=23)


def test_plain_numbers_are_money_where_the_currency_is_said():
    rows = [{"outcome": "won", "amount": 5}, {"outcome": "won", "amount": Decimal("2.50")}]
    assert kpis.bookings(rows, currency="USD").value == Money("7.50", "USD")
    assert kpis.average_deal_size(rows, currency="USD").numerator == Money("7.50", "USD")
    with pytest.raises(
        InvalidValueError, match="'currency' must be given, as the amounts in these rows are plain numbers"
    ):
        kpis.bookings(rows)
    with pytest.raises(CurrencyMismatchError):
        kpis.bookings([deal(1, amount=5)], currency="USD")


def test_a_number_that_no_row_says_the_currency_of_is_in_the_one_that_is_given():
    assert custom(5 * count(row), "money")([{}, {}], currency="USD").value == Money(10, "USD")


def test_rows_need_one_of_the_fields_that_stand_for_each_other():
    assert kpis.deals_won([{"outcome": "won", "closed_on": date(2026, 2, 1)}], period=YEAR).value == 1
    with pytest.raises(InvalidRowError, match="'closed_at or closed_on' must be there"):
        kpis.deals_won([{"outcome": "won"}], period=YEAR)
    with pytest.raises(InvalidRowError) as refusal:
        kpis.deals_won([{"closed_on": date(2026, 2, 1)}], period=YEAR)
    assert [fault.field for fault in refusal.value.faults] == ["outcome"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"closed_on": "2026-02-01"},
            r"row 2 \(id 'o2'\): 'moment' must be a date without a time of day or an aware datetime",
        ),
        ({"closed_on": datetime(2026, 2, 1)}, "'moment' must be"),
        ({"amount": 5.0}, r"row 2 \(id 'o2'\): 'amount' must be Money.*0.1 has no exact float \(got 5.0\)"),
        ({"amount": True}, "'amount' must be Money"),
        ({"amount": Decimal("NaN")}, "'amount' must be Money"),
        ({"amount": 5}, "must be of one kind, an amount in EUR as in the rows before, not number"),
        ({"created_on": date(2026, 2, 2)}, "must not be negative: it ends before it starts"),
        ({"created_on": "x"}, r"must allow '- 'x''"),
    ],
)
def test_a_wrong_value_is_refused_with_its_row(change, message):
    rows = [deal(1, "won", 5, date(2026, 2, 1)), {**deal(2, "won", 5, date(2026, 2, 1)), **change}]
    with pytest.raises(InvalidRowError, match=message) as refusal:
        kpis.measure(rows, [kpis.bookings, kpis.sales_cycle_mean], over=YEAR)
    assert (refusal.value.row, refusal.value.row_id) == (2, "o2")
    assert str(pickle.loads(pickle.dumps(refusal.value))) == str(refusal.value)


def test_naive_and_wrong_dates_are_refused_under_as_of_too():
    for wrong in (datetime(2026, 2, 1), "2026-02-01"):
        with pytest.raises(InvalidRowError, match="must be a date or an aware datetime"):
            kpis.win_rate([{"outcome": "won", "closed_on": wrong}], as_of=AS_OF)
        with pytest.raises(InvalidRowError, match="must be a date or an aware datetime"):
            kpis.open_opportunities([{"outcome": "won", "closed_on": wrong, "created_on": None}], as_of=AS_OF)


def test_missing_attributes_of_objects_and_keys_of_mappings_are_refused_together():
    class Thin:
        id = 7

    for wrong in (Thin(), {"id": 7}):
        with pytest.raises(InvalidRowError) as refusal:
            kpis.measure([wrong], [kpis.bookings], by="owner_id")
        assert {fault.field for fault in refusal.value.faults} == {"outcome", "amount", "owner_id"}


def test_mixed_currencies_are_refused_by_name_and_row():
    rows = [deal(1, amount=5), {**deal(2), "amount": Money(5, "USD")}]
    with pytest.raises(CurrencyMismatchError, match=r"row 2 \(id 'o2'\): currencies differ: EUR and USD") as refusal:
        kpis.bookings(rows)
    assert str(pickle.loads(pickle.dumps(refusal.value))) == str(refusal.value)
    one, other = (kpis.measure([deal], kpis.median_deal_size) for deal in rows)
    with pytest.raises(CurrencyMismatchError):
        one.merge(other)


def test_a_sum_beyond_34_digits_is_refused():
    rows = [deal(1, amount=Decimal(10) ** 33), deal(2, amount=Decimal("0.01"))]
    with pytest.raises(InexactAmountError, match="34"):
        kpis.bookings(rows)
    rows[1] = deal(2, amount=1)
    assert kpis.bookings(rows).value == Money(10**33 + 1, "EUR")


def test_errors_of_the_callers_own_functions_stay_as_they_are():
    teams = {}
    with pytest.raises(KeyError, match="ana"):
        kpis.measure([deal(1)], kpis.deals_won, by=lambda one: teams[one["owner_id"]])
    with pytest.raises(InvalidRowError, match="'by' must give a value that can be hashed"):
        kpis.measure([deal(1)], kpis.deals_won, by=lambda one: [one["owner_id"]])
    with pytest.raises(InvalidRowError, match="must be hashable to be counted as distinct"):
        custom(distinct(row.k))([{"k": []}])


def test_rows_must_be_rows():
    for wrong in (3, "rows"):
        with pytest.raises(InvalidValueError, match="'rows' must be rows"):
            kpis.win_rate(wrong)


def test_rows_are_read_once_and_may_stream():
    assert kpis.win_rate(iter([deal(1)])).n == 1


def test_conditions_of_every_kind_can_be_counted():
    rows = [{"a": 1, "b": 1}, {"a": None, "b": 2}, {"a": 3, "b": None}]
    for where, expected in [
        (row.a == row.b, 1),
        (row.a == None, 0),  # noqa: E711
        ((row.a == 1) | (row.b == 2), 2),
        (row.a > 1, 1),
        (~(row.a == 1), 2),
    ]:
        assert custom(count(where))(rows).value == expected


def test_values_inside_a_field_are_read_by_path():
    kpi = custom(total(given(row.custom["seats"])))
    assert kpi([{"custom": {"seats": 3}}, {"custom": {}}, {"custom": None}]).value == 3
    assert custom(count(row.amount["currency"] == "EUR"))([deal(1, amount=1), deal(2)]).value == 1


def test_distinct_values_are_united_by_a_merge_and_not_added():
    one, other = (
        kpis.measure(rows, custom(distinct(row.k)))
        for rows in ([{"k": 1}, {"k": 2}], [{"k": 2}, {"k": 3}, {"k": None}])
    )
    assert one.merge(other).measurement("custom").value == 3
    numbers = [kpis.measure([{"n": n}], custom(total(row.n))) for n in (1, Decimal("0.5"))]
    assert numbers[0].merge(numbers[1]).measurement("custom").value == Decimal("1.5")


def test_money_sums_are_exact_in_any_callers_context():
    rows = [deal(n, amount=Decimal("1234567.89")) for n in range(3)]
    with localcontext() as context:
        context.prec = 3
        assert kpis.bookings(rows).value == Money("3703703.67", "EUR")
        assert kpis.average_deal_size(rows).value == Money("1234567.89", "EUR")


def test_a_reading_at_midnight_sees_what_happened_then_but_not_the_day_ahead():
    midnight = datetime(2026, 4, 1, tzinfo=UTC)
    rows = [deal(1, closed=midnight), deal(2, closed=date(2026, 3, 31)), deal(3, closed=date(2026, 4, 1))]
    assert kpis.win_rate(rows, as_of=midnight).numerator == 2
    assert kpis.open_opportunities(rows, as_of=midnight).value == 1
    assert kpis.open_opportunities(rows, period=Period.quarter(2026, 1)).value == 2


def test_means_medians_and_the_promoter_score_have_intervals_in_their_unit():
    rows = [
        deal(n, amount=amount, closed=date(2026, 1, 1 + n)) for n, amount in enumerate((10, 20, 40, 50, 60, 70, 80))
    ]
    between = kpis.average_deal_size(rows).ci()
    exact = mean_interval(7, 330, 10**2 + 20**2 + 40**2 + 50**2 + 60**2 + 70**2 + 80**2)
    assert (round(float(between.low.amount), 6), between.low.currency) == (round(exact.low, 6), "EUR")
    assert kpis.measure(rows, [kpis.bookings, kpis.average_deal_size]).measurement("average_deal_size").ci() == between
    assert Money(50, "EUR") in kpis.median_deal_size(rows).ci()
    cycle = kpis.sales_cycle_mean(rows).ci()
    assert timedelta(0) < cycle.low < timedelta(days=3) < cycle.high
    assert kpis.nps.of(50, 20, 100).ci() == nps_interval(50, 20, 100)
    assert custom(count(row), "points")(rows).ci() is None
    assert custom(mean(row.n), "score")([{"n": 1}, {"n": 3}]).ci() == mean_interval(2, 4, 10)
    for end in ("0", "1"):
        assert custom(quantile(row.n, end), "score")([{"n": 1}, {"n": 3}]).ci() is None
    assert kpis.average_deal_size(rows[:1]).ci() is None
    assert kpis.win_rate(rows).ci().method == "wilson"


def test_only_a_formula_that_is_the_promoter_score_has_its_interval():
    high, low, every = count(row.n > 8), count(row.n < 7), count(row)
    rows = [{"n": n} for n in (10, 9, 7, 3, 9)]
    score = 100 * (high - low) / every
    assert custom(score, "points")(rows).ci() == nps_interval(3, 1, 5)
    assert custom(score, "ratio")(rows).ci() is None
    assert custom(100 * (high + low) / every, "points")(rows).ci() is None
    assert custom(100 * high / every, "points")(rows).ci() is None


def test_intervals_of_merged_means_are_those_of_one_pass():
    rows = [{"n": 1}, {"n": Decimal("2.5")}, {"n": 4}, {"n": 9}]
    average = custom(mean(row.n), "score")
    one, other = (kpis.measure(part, average) for part in (rows[:2], rows[2:]))
    assert one.merge(other).measurement("custom").ci() == average(rows).ci()
    whole, rest = (kpis.measure(part, average) for part in (rows[:1], rows[2:]))
    assert whole.merge(rest).measurement("custom").ci() == average([*rows[:1], *rows[2:]]).ci()


def test_only_the_fields_that_a_reading_needs_must_be_there():
    with pytest.raises(InvalidRowError) as refusal:
        kpis.open_opportunities([{"id": 1}])
    assert [fault.field for fault in refusal.value.faults] == ["outcome"]
    assert kpis.open_opportunities([{"outcome": "open"}]).value == 1
