from __future__ import annotations

import pickle
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revops_core.errors import InexactAmountError, InvalidValueError, MissingRateError
from revops_core.values.exchange_rates import ExchangeRates
from revops_core.values.money import Money
from revops_core.values.plain import from_plain, to_plain

DAY = date(2026, 3, 2)
ROWS = [
    (date(2026, 3, 6), "EUR", "USD", Decimal("1.30")),
    (date(2026, 3, 2), "EUR", "USD", Decimal("1.25")),
    (date(2026, 3, 2), "EUR", "JPY", Decimal("184.13")),
]
numbers = st.decimals(Decimal("0.0001"), Decimal(10_000), places=4)


@given(st.decimals(Decimal(-10) ** 9, Decimal(10) ** 9, places=4), numbers)
def test_a_direct_conversion_is_the_exact_product_in_any_decimal_context(amount: Decimal, rate: Decimal) -> None:
    rates = ExchangeRates([(DAY, "EUR", "USD", rate)])
    with localcontext(prec=3):
        converted = rates.convert(Money(amount, "EUR"), "USD", on=DAY)
    assert Fraction(converted.amount) == Fraction(amount) * Fraction(rate)
    assert converted.currency == "USD"


@given(numbers, numbers)
def test_there_and_back_by_the_inverse_is_the_same_to_34_digits(amount: Decimal, rate: Decimal) -> None:
    rates = ExchangeRates([(DAY, "EUR", "USD", rate)], inverse=True)
    there = rates.convert(Money(amount, "USD"), "EUR", on=DAY)
    back = Fraction(there.amount) * Fraction(rate)
    assert abs(back - Fraction(amount)) <= Fraction(amount) * Fraction(1, 10**33)
    assert rates.rate("EUR", "USD", on=DAY) * rates.rate("USD", "EUR", on=DAY) == 1


@given(
    st.dates(date(2026, 1, 1), date(2026, 12, 31)), st.sets(st.dates(date(2026, 1, 1), date(2026, 12, 31)), min_size=1)
)
def test_the_rate_is_the_latest_on_or_before_the_day(on: date, quoted: set[date]) -> None:
    rates = ExchangeRates([(day, "EUR", "USD", Decimal(day.toordinal())) for day in quoted])
    earlier = [day for day in quoted if day <= on]
    if earlier:
        assert rates.rate("EUR", "USD", on=on) == max(earlier).toordinal()
    else:
        with pytest.raises(MissingRateError):
            rates.rate("EUR", "USD", on=on)


def test_money_of_the_same_currency_needs_no_rate() -> None:
    assert ExchangeRates([]).convert(Money("19.90", "EUR"), "EUR", on=DAY) == Money("19.90", "EUR")
    assert ExchangeRates([]).rate("EUR", "EUR", on=DAY) == 1


def test_an_opposite_quote_is_used_only_where_that_is_declared() -> None:
    with pytest.raises(MissingRateError, match="no rate from USD to EUR on or before 2026-03-02; add one"):
        ExchangeRates(ROWS).convert(Money(100, "USD"), "EUR", on=DAY)
    assert ExchangeRates(ROWS, inverse=True).convert(Money(100, "USD"), "EUR", on=DAY) == Money(80, "EUR")


def test_a_direct_quote_goes_before_an_opposite_one() -> None:
    rates = ExchangeRates([*ROWS, (DAY, "USD", "EUR", Decimal("0.79"))], inverse=True)
    assert rates.rate("USD", "EUR", on=date(2026, 3, 9)) == Fraction(79, 100)


def test_an_inverse_that_does_not_end_is_carried_to_34_digits() -> None:
    rates = ExchangeRates([(DAY, "EUR", "USD", Decimal(3))], inverse=True)
    assert rates.convert(Money(1, "USD"), "EUR", on=DAY).amount == Decimal("0." + "3" * 34)
    assert rates.rate("USD", "EUR", on=DAY) == Fraction(1, 3)


def test_two_currencies_are_converted_through_the_pivot_where_one_is_named() -> None:
    with pytest.raises(MissingRateError, match="from USD to JPY"):
        ExchangeRates(ROWS, inverse=True).convert(Money(100, "USD"), "JPY", on=DAY)
    rates = ExchangeRates(ROWS, inverse=True, pivot="EUR")
    assert rates.convert(Money(100, "USD"), "JPY", on=DAY) == Money("14730.4", "JPY")
    with pytest.raises(MissingRateError, match="from USD to CHF"):
        rates.convert(Money(100, "USD"), "CHF", on=DAY)
    with pytest.raises(MissingRateError, match="from EUR to CHF"):
        rates.convert(Money(100, "EUR"), "CHF", on=DAY)


def test_the_way_through_the_pivot_is_exact_where_both_rates_are_direct() -> None:
    rows = [(DAY, "USD", "EUR", Decimal("0.8001")), (DAY, "EUR", "JPY", Decimal("184.137"))]
    assert ExchangeRates(rows, pivot="EUR").convert(Money("0.01", "USD"), "JPY", on=DAY).amount == Decimal(
        "1.473280137"
    )


def test_a_rate_older_than_the_greatest_age_is_not_used_and_the_error_tells() -> None:
    rates = ExchangeRates(ROWS, max_age=timedelta(days=7))
    assert rates.rate("EUR", "JPY", on=date(2026, 3, 9)) == Fraction("184.13")
    with pytest.raises(
        MissingRateError, match="no rate from EUR to JPY for 2026-03-10: the latest is of 2026-03-02"
    ) as caught:
        rates.rate("EUR", "JPY", on=date(2026, 3, 10))
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.latest_on) == (str(caught.value), DAY)


def test_more_digits_than_money_keeps_are_refused_not_rounded() -> None:
    rates = ExchangeRates([(DAY, "EUR", "USD", Decimal("1.2345678901234567"))])
    with pytest.raises(InexactAmountError):
        rates.convert(Money("1.2345678901234567891", "EUR"), "USD", on=DAY)


def test_two_different_rates_for_one_pair_and_day_are_refused_naming_both() -> None:
    with pytest.raises(InvalidValueError) as caught:
        ExchangeRates([*ROWS, (DAY, "EUR", "USD", Decimal("1.26"))])
    (fault,) = caught.value.faults
    assert (fault.field, fault.rule) == ("rates[3]", "must not differ from rates[1], which says 1.25")
    assert "1.26" in str(caught.value)


def test_the_same_rate_twice_counts_once_and_order_does_not_matter() -> None:
    assert ExchangeRates([*ROWS, list(ROWS[0])]) == ExchangeRates(reversed(ROWS))
    assert hash(ExchangeRates(ROWS)) == hash(ExchangeRates(reversed(ROWS)))


def test_rates_survive_pickle_and_plain_data() -> None:
    rates = ExchangeRates(ROWS, inverse=True, pivot="EUR", max_age=timedelta(days=7))
    for again in (pickle.loads(pickle.dumps(rates)), from_plain(ExchangeRates, to_plain(rates))):
        assert again == rates
        assert again.rate("USD", "JPY", on=DAY) == rates.rate("USD", "JPY", on=DAY)


def test_its_repr_counts_and_names_the_pairs() -> None:
    assert repr(ExchangeRates(ROWS)) == "ExchangeRates(3 rates: EUR/JPY, EUR/USD)"


def test_all_faults_of_all_rows_are_named_at_once() -> None:
    rows = [
        (datetime(2026, 1, 1, tzinfo=UTC), "EUR", "EUR", Decimal(0)),
        ("2026-01-01", "XXX", 3, 1.5),
        (DAY, "EUR", "USD"),
        None,
        (DAY, "EUR", "USD", Decimal("NaN")),
    ]
    with pytest.raises(InvalidValueError) as caught:
        ExchangeRates(rows, max_age=timedelta(-1), inverse=1, pivot="ABC")
    assert [fault.field for fault in caught.value.faults] == [
        *("max_age", "inverse", "pivot", "rates[0].day", "rates[0].target", "rates[0].rate", "rates[1].day"),
        *("rates[1].source", "rates[1].target", "rates[1].rate", "rates[2]", "rates[3]", "rates[4].rate"),
    ]


@pytest.mark.parametrize("rates", [None, 3, "EUR"])
def test_what_has_no_rows_is_refused(rates: object) -> None:
    with pytest.raises(InvalidValueError, match="'rates' must be rows of"):
        ExchangeRates(rates)


def test_a_wrong_call_says_what_is_wrong() -> None:
    rates = ExchangeRates(ROWS)
    with pytest.raises(InvalidValueError, match="'money' must be a Money"):
        rates.convert(100, "USD", on=DAY)
    with pytest.raises(InvalidValueError, match="'on' must be a date without a time of day"):
        rates.convert(Money(1, "EUR"), "USD", on=datetime(2026, 3, 2, tzinfo=UTC))
    with pytest.raises(InvalidValueError, match=r"'source' must be an ISO 4217 .*; 'target' must be an ISO 4217"):
        rates.rate("EURO", "dollar", on=DAY)
