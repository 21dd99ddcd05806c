from __future__ import annotations

import decimal
import pickle
from copy import deepcopy
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revops_core.errors import CurrencyMismatchError, InexactAmountError, InvalidValueError, UndefinedValueError
from revops_core.values.currencies import MINOR_UNITS
from revops_core.values.money import Money

amounts = st.decimals(min_value=-(10**12), max_value=10**12, places=4)
euros = st.builds(Money, amounts, st.just("EUR"))


@given(euros, euros, euros)
def test_addition_is_commutative_and_associative(a, b, c):
    assert a + b == b + a
    assert (a + b) + c == a + (b + c)


@given(euros, euros)
def test_subtraction_undoes_addition(a, b):
    assert a + b - b == a


@given(euros, st.integers(-1000, 1000))
def test_multiplying_is_adding_that_often(a, n):
    assert a * n == n * a
    assert (a * n).amount == a.amount * n


@given(st.integers(-(10**15), 10**15), st.sampled_from(sorted(MINOR_UNITS)))
def test_minor_units_round_trip(units, currency):
    assert Money.from_minor(units, currency).to_minor() == units


@given(euros, st.lists(st.integers(0, 50), min_size=1, max_size=8).filter(any))
def test_allocated_parts_sum_exactly_to_the_whole(whole, weights):
    parts = whole.allocate(weights)
    assert Money.total(parts, "EUR") == whole
    assert len(parts) == len(weights)


@given(st.integers(0, 10**6), st.lists(st.integers(1, 9), min_size=1, max_size=8))
def test_allocated_parts_differ_from_the_exact_share_by_less_than_one_unit(units, weights):
    parts = Money.from_minor(units, "EUR").allocate(weights)
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part.to_minor() - Fraction(units * weight, sum(weights))) < 1


@given(euros, euros)
def test_order_agrees_with_the_amounts(a, b):
    assert (a < b, a <= b, a > b, a >= b) == (
        a.amount < b.amount,
        a.amount <= b.amount,
        a.amount > b.amount,
        a.amount >= b.amount,
    )


def test_equal_amounts_are_equal_and_hash_alike_whatever_their_digits():
    assert Money("1.0", "EUR") == Money("1.00", "EUR")
    assert hash(Money("1.0", "EUR")) == hash(Money("1.00", "EUR"))
    assert Money(1, "EUR") != Money(1, "USD")
    assert Money(1, "EUR") != 1


def test_the_callers_decimal_context_changes_nothing():
    with decimal.localcontext() as context:
        context.prec = 3
        assert Money("12345.67", "EUR") + Money("0.01", "EUR") == Money("12345.68", "EUR")
        assert Money("12345.675", "EUR").rounded() == Money("12345.68", "EUR")


def test_a_sum_that_needs_too_many_digits_is_refused_not_rounded():
    with pytest.raises(InexactAmountError, match="cannot add exactly within 34 digits") as caught:
        Money("1e20", "EUR") + Money("1e-20", "EUR")
    assert caught.value.digits == 34
    with pytest.raises(InexactAmountError, match="multiply"):
        Money("1" * 30, "EUR") * Decimal("1" * 30)


def test_currencies_never_mix():
    with pytest.raises(CurrencyMismatchError, match="EUR and USD; convert one first") as caught:
        Money(1, "EUR") + Money(1, "USD")
    assert (caught.value.left, caught.value.right) == ("EUR", "USD")
    for mix in (lambda a, b: a - b, lambda a, b: a < b, lambda a, b: a / b):
        with pytest.raises(CurrencyMismatchError):
            mix(Money(1, "EUR"), Money(1, "USD"))
    with pytest.raises(CurrencyMismatchError):
        Money.total([Money(1, "USD")], "EUR")


@pytest.mark.parametrize("amount", [0.1, "NaN", "Infinity", Decimal("-Infinity"), "twelve", True, None, ""])
def test_an_amount_that_is_no_exact_number_is_refused(amount):
    with pytest.raises(InvalidValueError, match="'amount' must be a finite Decimal, an int or a numeric str"):
        Money(amount, "EUR")


@pytest.mark.parametrize("currency", ["ABC", "eur", "", None, 3, "XXX"])
def test_an_unknown_currency_is_refused(currency):
    with pytest.raises(InvalidValueError, match="'currency' must be an ISO 4217 code"):
        Money(1, currency)


def test_all_faults_come_together():
    with pytest.raises(InvalidValueError) as caught:
        Money(0.1, "ABC")
    assert [fault.field for fault in caught.value.faults] == ["amount", "currency"]


def test_money_by_money_is_an_exact_fraction():
    assert Money(1, "EUR") / Money(3, "EUR") == Fraction(1, 3)


def test_money_by_a_number_is_carried_to_34_digits():
    assert Money(1, "EUR") / 3 == Money("0." + "3" * 34, "EUR")
    assert Money(1, "EUR") / Decimal("0.5") == Money(2, "EUR")
    for nothing in (0, Decimal(0), Money(0, "EUR")):
        with pytest.raises(UndefinedValueError, match="undefined \\(zero_denominator\\)"):
            Money(1, "EUR") / nothing


@pytest.mark.parametrize("factor", [0.5, Decimal("NaN")])
def test_a_factor_that_is_no_exact_number_is_refused_by_name(factor):
    with pytest.raises(InvalidValueError, match="'factor' must be a finite Decimal or an int"):
        Money(1, "EUR") * factor


def test_money_with_other_things_is_a_type_error():
    for operation in (
        lambda: Money(1, "EUR") + 1,
        lambda: Money(1, "EUR") - 1,
        lambda: Money(1, "EUR") * "2",
        lambda: Money(1, "EUR") * True,
        lambda: Money(1, "EUR") / "2",
    ):
        with pytest.raises(TypeError):
            operation()
    with pytest.raises(InvalidValueError, match="'other' must be a Money"):
        assert Money(1, "EUR") < 1


def test_rounding_is_half_even_to_the_minor_unit_unless_told_otherwise():
    assert Money("0.125", "EUR").rounded() == Money("0.12", "EUR")
    assert Money("0.135", "EUR").rounded() == Money("0.14", "EUR")
    assert Money("1.5", "JPY").rounded() == Money(2, "JPY")
    assert Money("1.2345", "KWD").rounded() == Money("1.234", "KWD")
    assert Money("0.125", "EUR").rounded(rounding=decimal.ROUND_HALF_UP) == Money("0.13", "EUR")
    assert Money("1549", "EUR").rounded(-2) == Money("1500", "EUR")


def test_a_part_of_a_cent_cannot_be_counted():
    with pytest.raises(InexactAmountError, match="count minor units"):
        Money("0.001", "EUR").to_minor()
    with pytest.raises(InvalidValueError, match="'units' must be an int"):
        Money.from_minor(1.0, "EUR")


@pytest.mark.parametrize("weights", [[], [0, 0], [1, -1, 5]])
def test_weights_that_share_nothing_are_refused(weights):
    with pytest.raises(InvalidValueError, match="'weights' must be"):
        Money(1, "EUR").allocate(weights)


def test_it_reads_well_and_survives_pickle_and_copy():
    money = Money("1200.00", "EUR")
    assert (str(money), repr(money)) == ("1200.00 EUR", "Money('1200.00', 'EUR')")
    assert repr(Money("1e3", "EUR")) == "Money('1000', 'EUR')"
    assert pickle.loads(pickle.dumps(money)) == deepcopy(money) == money
    assert abs(-money) == money
    assert str(-Money(0, "EUR")) == "0 EUR"
    with pytest.raises(AttributeError):
        money.amount = Decimal(1)


def test_the_currency_table_is_that_of_the_iso4217_package():
    iso4217 = pytest.importorskip("iso4217", reason="the iso4217 package is a test-only reference")
    current = {currency.code: currency.exponent for currency in iso4217.Currency if currency.exponent is not None}
    assert {code: MINOR_UNITS[code] for code in current} == current
    withdrawn = "ANG BGN BYR CUC EEK HRK LTL LVL MRO SLL STD VEF ZMK ZWL".split()
    assert sorted(MINOR_UNITS.keys() - current.keys()) == withdrawn
