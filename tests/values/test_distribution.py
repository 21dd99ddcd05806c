from __future__ import annotations

import pickle
from datetime import datetime, timedelta
from decimal import Decimal, localcontext
from fractions import Fraction
from statistics import median as textbook_median
from statistics import quantiles as textbook_quantiles

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revops_core.errors import CurrencyMismatchError, InvalidValueError
from revops_core.values.distribution import KaplanMeier, median, quantiles
from revops_core.values.money import Money
from revops_core.values.plain import from_plain, to_plain

ints = st.lists(st.integers(-1000, 1000), min_size=1, max_size=40)
shares = st.fractions(0, 1, max_denominator=100)
observations = st.lists(st.tuples(st.integers(0, 30), st.booleans()), min_size=1, max_size=40)


@given(ints, shares)
def test_a_quantile_has_its_share_of_the_values_on_each_side(values: list[int], share: Fraction) -> None:
    (quantile,) = quantiles(values, [share])
    position = (len(values) - 1) * share
    assert sum(value < quantile for value in values) <= position + 1
    assert sum(value <= quantile for value in values) >= position
    assert min(values) <= quantile <= max(values)


@given(st.lists(st.integers(-1000, 1000), min_size=2, max_size=40), st.integers(2, 20))
def test_quantiles_are_those_of_the_standard_library(values: list[int], parts: int) -> None:
    expected = textbook_quantiles([Fraction(value) for value in values], n=parts, method="inclusive")
    assert list(quantiles(values, [Fraction(k, parts) for k in range(1, parts)])) == expected
    assert median(values) == textbook_median([Fraction(value) for value in values])


@given(ints, shares)
def test_every_type_gives_the_same_quantile(values: list[int], share: Fraction) -> None:
    (exact,) = quantiles(values, [share])
    (decimal,) = quantiles([Decimal(value) for value in values], [share])
    (number,) = quantiles([float(value) for value in values], [share])
    (amount,) = quantiles([Money(value, "EUR") for value in values], [share])
    (span,) = quantiles([timedelta(seconds=value) for value in values], [share])
    assert abs(Fraction(decimal) - exact) <= Fraction(1, 10**30)
    assert number == pytest.approx(float(exact), abs=1e-9)
    assert amount == Money(decimal, "EUR")
    assert abs(Fraction(span // timedelta(microseconds=1), 10**6) - exact) <= Fraction(1, 10**6)


def test_quantiles_do_not_depend_on_the_callers_decimal_context() -> None:
    values = [Decimal("1000000.01"), Decimal("1000000.02")]
    with localcontext(prec=3):
        assert median(values) == Decimal("1000000.015")
        assert median([Money(value, "EUR") for value in values]) == Money("1000000.015", "EUR")


def test_a_third_between_two_amounts_is_carried_to_34_digits() -> None:
    (third,) = quantiles([Money("19.90", "EUR"), Money("20.00", "EUR")], [Fraction(1, 3)])
    assert third.amount == Decimal("19." + "9" + "3" * 31)


def test_without_values_there_is_no_quantile() -> None:
    assert median([]) is None
    assert quantiles([], [Fraction(1, 4), Decimal("0.9")]) == (None, None)
    assert quantiles([3], [Fraction(0), Decimal(1)]) == (3, 3)


@pytest.mark.parametrize(
    ("values", "shares_asked", "message"),
    [
        ([1, 2], [0.5], "'shares' must be a tuple whose items must be a finite Decimal from 0 to 1 or a Fraction from"),
        ([1, 2], [Decimal("1.1")], "'shares'"),
        ([1.0, float("nan"), 2.0], [Fraction(1, 2)], "quantiles: 'values' must be finite (got [nan])"),
        ([Decimal(1), Decimal("NaN")], [Fraction(1, 2)], "'values' must be finite (got [Decimal('NaN')])"),
        ([1, "2"], [Fraction(1, 2)], "'values' must all be numbers, timedeltas or Money of one kind (got 'int, str')"),
        (
            [None, timedelta(1)],
            [Fraction(1, 2)],
            "'values' must all be numbers, timedeltas or Money of one kind (got 'NoneType, timedelta')",
        ),
        ([1.0, None], [Fraction(1, 2)], "timedeltas or Money of one kind (got 'NoneType, float')"),
        ([1, timedelta(1)], [Fraction(1, 2)], "timedeltas or Money of one kind (got 'int, timedelta')"),
        ([datetime(2026, 1, 1)], [Fraction(1, 2)], "timedeltas or Money of one kind (got 'datetime')"),
        ([True, False], [Fraction(1, 2)], "timedeltas or Money of one kind (got 'bool')"),
    ],
)
def test_what_has_no_quantile_is_refused(values: list[object], shares_asked: list[object], message: str) -> None:
    with pytest.raises(InvalidValueError) as caught:
        quantiles(values, shares_asked)
    assert message in str(caught.value)


def test_amounts_of_two_currencies_are_not_ordered() -> None:
    with pytest.raises(CurrencyMismatchError):
        median([Money(1, "EUR"), Money(2, "USD")])


def _by_hand(pairs: list[tuple[int, bool]], time: int) -> tuple[Fraction, Fraction]:
    """Survival after `time` and its variance, straight from the definition."""
    survival, total = Fraction(1), Fraction(0)
    for moment in sorted({duration for duration, ended in pairs if ended and duration <= time}):
        at_risk = sum(duration >= moment for duration, _ in pairs)
        ended = sum(duration == moment and is_end for duration, is_end in pairs)
        survival *= Fraction(at_risk - ended, at_risk)
        if at_risk > ended:
            total += Fraction(ended, at_risk * (at_risk - ended))
    return survival, survival * survival * total


@given(observations, st.integers(0, 30))
def test_survival_and_its_error_are_those_of_the_definition(pairs: list[tuple[int, bool]], time: int) -> None:
    curve = KaplanMeier.of(pairs)
    survival, variance = _by_hand(pairs, time)
    if time > curve.longest and survival > 0:
        assert curve.survival_at(time) is None
        assert curve.standard_error_at(time) is None
    else:
        assert curve.survival_at(time) == pytest.approx(float(survival), abs=1e-12)
        assert curve.standard_error_at(time) == pytest.approx(float(variance) ** 0.5, abs=1e-12)


@given(st.lists(st.integers(0, 30), min_size=1, max_size=40), st.integers(0, 30))
def test_without_censoring_it_is_the_plain_share_and_the_plain_mean(durations: list[int], time: int) -> None:
    curve = KaplanMeier.of([(duration, True) for duration in durations])
    assert curve.survival_at(time) == pytest.approx(sum(d > time for d in durations) / len(durations), abs=1e-12)
    limited = [min(duration, time) for duration in durations]
    assert curve.restricted_mean(time) == pytest.approx(sum(limited) / len(limited), abs=1e-9)
    assert curve.restricted_mean() == pytest.approx(sum(durations) / len(durations), abs=1e-9)
    assert sum(duration <= curve.median() for duration in durations) * 2 >= len(durations)


@given(observations)
def test_the_order_of_the_pairs_changes_nothing(pairs: list[tuple[int, bool]]) -> None:
    assert KaplanMeier.of(pairs) == KaplanMeier.of(reversed(pairs))


@given(observations)
def test_timedeltas_give_the_curve_of_the_numbers(pairs: list[tuple[int, bool]]) -> None:
    numbers = KaplanMeier.of(pairs)
    spans = KaplanMeier.of([(timedelta(days=days), ended) for days, ended in pairs])
    assert spans.survival_at(timedelta(days=9)) == numbers.survival_at(9)
    assert spans.median() == (None if numbers.median() is None else timedelta(days=numbers.median()))
    assert spans.restricted_mean() == timedelta(days=1) * numbers.restricted_mean() or (
        abs(spans.restricted_mean() - timedelta(days=numbers.restricted_mean())) <= timedelta(microseconds=1)
    )


def test_the_interval_stays_within_0_and_1_and_is_wider_when_surer() -> None:
    curve = KaplanMeier.of([(n, n % 3 > 0) for n in range(1, 20)])
    close, wide = curve.interval_at(10, 0.8), curve.interval_at(10, 0.99)
    assert 0 < wide.low < close.low < curve.survival_at(10) < close.high < wide.high < 1


def test_while_all_or_none_are_left_there_is_no_interval() -> None:
    curve = KaplanMeier.of([(5, True), (9, True)])
    assert curve.interval_at(4) is None
    assert curve.interval_at(9) is None
    assert (curve.survival_at(100), curve.standard_error_at(100), curve.standard_error_at(4)) == (0, 0, 0)


def test_beyond_the_longest_duration_nothing_is_known() -> None:
    curve = KaplanMeier.of([(5, True), (9, False)])
    assert curve.survival_at(9) == 0.5
    assert curve.survival_at(10) is None
    assert curve.interval_at(10) is None
    assert curve.restricted_mean(10) is None
    assert curve.restricted_mean(9) == 7.0


def test_a_median_that_was_not_reached_is_none() -> None:
    curve = KaplanMeier.of([(5, True), (9, False), (9, False)])
    assert curve.median() is None
    assert curve.time_to(Fraction(1, 3)) == 5
    assert KaplanMeier.of([(9, False)]).median() is None
    assert KaplanMeier.of([(9, False)]).restricted_mean() == 9.0


def test_a_half_that_floats_miss_by_a_hair_is_a_half() -> None:
    assert KaplanMeier.of([(n, True) for n in range(1, 25)]).median() == 12  # the product of floats is 0.5 + 1e-16
    assert KaplanMeier.of([(n, True) for n in range(1, 1001)]).time_to(Decimal("0.9")) == 900


def test_one_censored_at_a_moment_is_still_at_risk_at_it() -> None:
    assert KaplanMeier.of([(6, True), (6, False), (6, False), (7, False)]).survival_at(6) == 0.75


def test_0_and_1_mark_an_end_as_well_as_false_and_true() -> None:
    assert KaplanMeier.of([(5, 1), (9, 0)]) == KaplanMeier.of([(5, True), (9, False)])


def test_a_curve_survives_pickle_and_plain_data() -> None:
    curve = KaplanMeier.of([(timedelta(days=3), True), (timedelta(days=5), False)])
    assert repr(curve) == "KaplanMeier(1 ended at 1 times, longest 5 days, 0:00:00)"
    for again in (pickle.loads(pickle.dumps(curve)), from_plain(KaplanMeier, to_plain(curve))):
        assert again == curve
        assert again.survival_at(timedelta(days=4)) == 0.5


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ([], "KaplanMeier.of: 'pairs' must be one or more, with timedeltas only or numbers only (got '0 pairs')"),
        ([(1, True), (timedelta(1), True)], "'pairs' must be one or more, with timedeltas only or numbers only"),
        ([(-1, True), (3, None), 7], "'pairs[0]' must be (a timedelta or a number of at least 0, True or False)"),
        ([(float("nan"), True)], "'pairs[0]'"),
        ([(float("inf"), True)], "'pairs[0]'"),
        ([(True, True)], "'pairs[0]'"),
        ([(timedelta(-1), True)], "'pairs[0]'"),
        ([("3", True)], "'pairs[0]'"),
        ([(3, "no")], "'pairs[0]'"),
    ],
)
def test_pairs_that_are_none_are_refused(pairs: list[object], message: str) -> None:
    with pytest.raises(InvalidValueError) as caught:
        KaplanMeier.of(pairs)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda curve: curve.survival_at(timedelta(1)),
            "KaplanMeier.survival_at: 'time' must be an int or a finite float",
        ),
        (
            lambda curve: curve.restricted_mean("5"),
            "KaplanMeier.restricted_mean: 'time' must be an int or a finite float",
        ),
        (lambda curve: curve.time_to(2), "KaplanMeier.time_to: 'share' must be a finite Decimal from 0 to 1"),
        (lambda curve: curve.interval_at(1, 95), "KaplanMeier.interval_at: 'level' must be a finite float from"),
        (
            lambda _: KaplanMeier((1, 2), (5, 3), (1,), 9),
            "KaplanMeier: 'ended' must have one of 1 to 'at_risk' for each",
        ),
        (lambda _: KaplanMeier((1,), (2,), (3,), 9), "'ended' must have one of 1 to 'at_risk' for each of 'times'"),
        (lambda _: KaplanMeier([1], (2,), (3,), 9), "'times' must be a tuple"),
    ],
)
def test_a_wrong_call_says_what_is_wrong(call: object, message: str) -> None:
    with pytest.raises(InvalidValueError) as caught:
        call(KaplanMeier.of([(5, True), (9, False)]))
    assert message in str(caught.value)


def test_ints_too_large_for_an_exact_float_are_put_in_their_order():
    large = 1 << 53
    assert quantiles([large + 1, large, -large - 3, -large - 2], [Fraction(1), Fraction(0)]) == (large + 1, -large - 3)
    assert median([large + 1, large, large + 2]) == large + 1


@pytest.mark.parametrize("kind", ["mixed", "ascending", "few values", "huge", "sample deceived"])
def test_quantiles_of_many_ints_are_those_of_all_in_order(kind):
    count = 50_001
    mixed = [(number * 7_919) % 50_021 for number in range(count)]
    values = {
        "mixed": mixed,
        "ascending": list(range(count)),
        "few values": [number % 3 for number in mixed],
        "huge": [number + (1 << 60) for number in mixed],
        # Every value that the sample sees is small, all the others are large.
        "sample deceived": [
            number if place % (count // 2_000) == 0 else number + 10**6 for place, number in enumerate(mixed)
        ],
    }[kind]
    ordered = sorted(values)
    shares = [Fraction(9, 10), Fraction(1, 2), Fraction(1, 3), Fraction(0), Fraction(1), Fraction(1, 1000)]
    expected = []
    for share in shares:
        place = (count - 1) * share
        low, high = ordered[int(place)], ordered[min(int(place) + 1, count - 1)]
        expected.append(low + (high - low) * (place - int(place)))
    assert quantiles(values, shares) == tuple(expected)
    assert quantiles(values, shares[:3]) == tuple(expected[:3])
    assert quantiles(values, []) == ()
