from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from revops_core.errors import InvalidValueError, UndefinedValueError
from revops_core.values.confidence import ConfidenceInterval, wilson_interval
from revops_core.values.measurement import REASONS, Measurement, Undefined
from revops_core.values.money import Money
from revops_core.values.period import Period
from revops_core.values.plain import from_plain, to_plain


def measured(value, **fields):
    return Measurement(**({"name": "win_rate", "unit": "fraction", "value": value} | fields))


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (Fraction(1, 4), 0.25),
        (3, 3.0),
        (Decimal("1.5"), 1.5),
        (Money("2.50", "EUR"), 2.5),
        (timedelta(hours=36), 1.5),
    ],
    ids=str,
)
def test_a_defined_value_has_a_number(value, number):
    assert measured(value).is_defined
    assert float(measured(value)) == number


@pytest.mark.parametrize("reason", REASONS)
def test_an_undefined_one_has_none_and_says_why(reason):
    rate = measured(Undefined(reason), n=0)
    assert not rate.is_defined
    assert rate.ci() is None
    assert str(rate) == f"win_rate undefined: {REASONS[reason]}"
    with pytest.raises(UndefinedValueError, match=rf"win_rate is undefined \({reason}\)") as caught:
        float(rate)
    assert (caught.value.name, caught.value.reason) == ("win_rate", reason)


def test_a_reason_out_of_the_blue_is_refused():
    with pytest.raises(InvalidValueError, match="'reason' must be one of zero_denominator"):
        Undefined("because")


def test_a_share_of_a_whole_has_wilsons_interval_at_any_level():
    rate = measured(Fraction(81, 263), numerator=81, denominator=263, n=263)
    assert rate.ci() == wilson_interval(81, 263)
    assert rate.ci(0.9) == wilson_interval(81, 263, 0.9)


def test_any_other_value_has_the_interval_it_was_measured_with():
    interval = ConfidenceInterval(1.0, 2.0, 0.95, "student_t")
    mean = measured(Decimal("1.5"), unit="days", interval=interval)
    assert mean.ci() == interval
    assert mean.ci(0.9) is None
    assert measured(Decimal("1.5"), unit="days").ci() is None
    assert measured(Fraction(1, 2), numerator=Money(1, "EUR"), denominator=Money(2, "EUR")).ci() is None


def test_the_records_are_there_when_they_were_traced():
    rate = measured(Fraction(1, 2), traced=(("a",), ("a", "b")))
    assert (rate.records(), rate.records("denominator")) == (("a",), ("a", "b"))
    assert rate == measured(Fraction(1, 2))
    assert repr(rate) == repr(measured(Fraction(1, 2)))
    with pytest.raises(InvalidValueError, match="measure with trace=True"):
        measured(Fraction(1, 2)).records()
    with pytest.raises(InvalidValueError, match="'part' must be 'numerator' or 'denominator'"):
        rate.records("both")


def test_it_reads_as_a_sentence():
    rate = measured(Fraction(2, 3), numerator=4, denominator=6, n=6, partial=True, warnings=["small_sample"])
    assert str(rate) == "win_rate 66.7 % (4 of 6) [small_sample, partial]"
    assert repr(measured(3, unit="count")) == "Measurement(name='win_rate', value=3, unit='count')"
    assert str(measured(3, unit="count")) == "win_rate 3"


def test_it_comes_back_from_plain_data():
    rate = measured(
        Money("1.50", "EUR"),
        unit="money",
        numerator=Money(3, "EUR"),
        denominator=2,
        n=2,
        currency="EUR",
        period=Period.quarter(2026, 1),
        as_of=datetime(2026, 2, 1, tzinfo=UTC),
        partial=True,
        segment={"team": "north"},
    )
    assert from_plain(Measurement, json.loads(json.dumps(to_plain(rate)))) == rate
    undefined = measured(Undefined("censored"))
    assert from_plain(Measurement, json.loads(json.dumps(to_plain(undefined)))) == undefined


def test_all_faults_come_together():
    with pytest.raises(InvalidValueError) as caught:
        Measurement(name="", value=0.5, unit="fraction", n=-1)
    assert [fault.field for fault in caught.value.faults] == ["name", "value", "n"]
