from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from attrs import field, frozen
from hypothesis import given
from hypothesis import strategies as st

from revops_core.entities import Lead
from revops_core.errors import InvalidPlainDataError
from revops_core.stages import StageLog
from revops_core.values.checks import Count, Id, as_tuple, checked
from revops_core.values.condition import each, known, one_of
from revops_core.values.decision import Blocker, Refused, Rule
from revops_core.values.expression import Expression
from revops_core.values.fingerprint import fingerprint, fingerprint_of_parts
from revops_core.values.frozen_map import EMPTY, frozen_map
from revops_core.values.interval import Interval
from revops_core.values.money import Money
from revops_core.values.plain import FORMAT_VERSION, from_plain, to_plain


class Colour(StrEnum):
    RED = "red"


@checked()
@frozen(kw_only=True)
class Line:
    product: Id
    price: Money | None = None


@checked()
@frozen(kw_only=True)
class Everything:
    id: Id
    count: Count = 0
    ratio: float | None = None
    flag: bool = False
    rate: Decimal | None = None
    share: Fraction | None = None
    on: date | None = None
    at: datetime | None = None
    span: timedelta | None = None
    moment: date | datetime | None = None
    lines: tuple[Line, ...] = field(default=(), converter=as_tuple)
    pair: tuple[str, int] | None = None
    line_or_money: Line | Money | None = None
    hours: Mapping[date, str] = field(default=EMPTY, converter=frozen_map)
    custom: Mapping[str, object] = field(default=EMPTY, converter=frozen_map)
    old: Any = None
    rules: tuple[Rule, ...] = field(default=(), converter=as_tuple)


instants = st.datetimes(
    datetime(1900, 1, 1),
    datetime(2200, 1, 1),
    timezones=st.sampled_from(
        [UTC, ZoneInfo("Europe/Berlin"), ZoneInfo("Australia/Lord_Howe"), timezone(timedelta(hours=-3, minutes=-30))]
    ),
)
monies = st.builds(Money, st.decimals(allow_nan=False, allow_infinity=False, places=3), st.sampled_from(["EUR", "JPY"]))
spans = st.timedeltas(timedelta(days=-(10**6)), timedelta(days=10**6))
decimals = st.decimals(allow_nan=False, allow_infinity=False)
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.floats(allow_nan=False, allow_infinity=False)
    | decimals
    | st.fractions()
    | st.dates()
    | instants
    | spans
    | monies
)
open_values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3).map(tuple) | st.dictionaries(st.text(max_size=5), inner, max_size=3).map(frozen_map)
    ),
    max_leaves=5,
)
everything = st.builds(
    Everything,
    id=st.text(min_size=1),
    count=st.integers(0, 10**20),
    ratio=st.none() | st.floats(allow_nan=False, allow_infinity=False),
    flag=st.booleans(),
    rate=st.none() | decimals,
    share=st.none() | st.fractions(),
    on=st.none() | st.dates(),
    at=st.none() | instants,
    span=st.none() | spans,
    moment=st.none() | st.dates() | instants,
    lines=st.lists(st.builds(Line, product=st.text(min_size=1), price=st.none() | monies), max_size=3),
    pair=st.none() | st.tuples(st.text(), st.integers()),
    line_or_money=st.none() | monies | st.builds(Line, product=st.just("a")),
    hours=st.dictionaries(st.dates(), st.text(), max_size=3),
    custom=st.dictionaries(st.text(max_size=5), open_values, max_size=3),
    old=open_values,
    rules=st.lists(
        st.builds(Rule, st.just("known"), st.just(known(each(object).amount)), st.just("Enter it.")), max_size=2
    ),
)


@given(everything)
def test_a_value_comes_back_exactly_through_json(value):
    data = json.loads(json.dumps(to_plain(value)))
    assert from_plain(Everything, data) == value
    assert to_plain(from_plain(Everything, data)) == data


@given(instants)
def test_an_instant_keeps_its_zone_and_its_place_in_the_hour_shown_twice(at):
    back = from_plain(Everything, to_plain(Everything(id="a", at=at))).at
    assert (back.utcoffset(), back.replace(tzinfo=None)) == (at.utcoffset(), at.replace(tzinfo=None)) or not _exists(at)


def _exists(at: datetime) -> bool:
    return at.astimezone(UTC).astimezone(at.tzinfo).replace(tzinfo=None) == at.replace(tzinfo=None)


def test_the_shape_is_the_one_we_promise():
    value = Everything(
        id="a",
        rate=Decimal("1.10"),
        span=timedelta(hours=1, microseconds=1),
        at=datetime(2026, 10, 25, 2, tzinfo=ZoneInfo("Europe/Berlin"), fold=1),
        custom={"b": Decimal(1), "c": Colour.RED},
    )
    assert to_plain(value) == {
        "type": "Everything",
        "format_version": FORMAT_VERSION,
        "id": "a",
        "count": 0,
        "flag": False,
        "rate": "1.10",
        "at": "2026-10-25T02:00:00+01:00[Europe/Berlin]",
        "span": "PT3600.000001S",
        "lines": [],
        "hours": {"type": "Mapping", "items": []},
        "custom": {"b": {"type": "Decimal", "value": "1"}, "c": "red"},
        "rules": [],
    }


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text() | st.floats(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.text() | st.sampled_from(["type", "id", "lines", "custom", "format_version", "value", "items"]),
                inner | st.sampled_from(["Everything", "Line", "Money", "Mapping", "Decimal", "Rule"]),
            )
        ),
    )
)
def test_any_other_data_is_refused_by_our_own_error_or_loads(data):
    try:
        from_plain(Everything, data)
    except InvalidPlainDataError as error:
        assert error.faults  # noqa: PT017 - most data loads, or does not, by chance


def test_every_fault_is_told_with_its_path():
    data = {
        "type": "Everything",
        "format_version": 99,
        "rate": "1,10",
        "at": "2026-01-01T00:00:00",
        "span": 3,
        "unknown": 1,
        "lines": [
            {"type": "Line", "product": "", "price": {"type": "Money", "amount": 0.1, "currency": "EUR"}},
            {"type": "Lines"},
            3,
        ],
        "line_or_money": {"type": "Decimal", "value": "1"},
        "hours": {"type": "Mapping", "items": [["2026-01-01", "9-5"], ["x", "y"], 3]},
        "custom": {"a": {"type": "Nothing"}, "b": {"type": "Fraction", "value": "1/0"}},
        "rules": [{"type": "Rule", "code": "gone"}],
    }
    with pytest.raises(InvalidPlainDataError) as caught:
        from_plain(Everything, data)
    assert sorted(fault.field for fault in caught.value.faults) == sorted(
        [
            "$.format_version",
            "$.unknown",
            "$.id",
            "$.rate",
            "$.at",
            "$.span",
            "$.lines[0].price.amount",
            "$.lines[1].type",
            "$.line_or_money.type",
            "$.hours[1]",
            "$.hours[2]",
            "$.custom.a.type",
            "$.custom.b.value",
            "$.rules[0].code",
        ]
    )
    assert "'$.rate' must be a number as text (got '1,10')" in str(caught.value)


def test_the_rules_of_the_class_are_told_with_the_path_too():
    with pytest.raises(InvalidPlainDataError, match=r"'\$\.count' must be an int of at least 0"):
        from_plain(Everything, {"type": "Everything", "id": "a", "count": -1})
    with pytest.raises(InvalidPlainDataError, match=r"'\$\.lines' must be a tuple whose items"):
        from_plain(Everything, {"type": "Everything", "id": "a", "lines": [3]})
    with pytest.raises(InvalidPlainDataError, match=r"'\$.type' must be one of Line"):
        from_plain(Line, {"type": "Everything"})
    for data in (3, None, [], "a"):
        with pytest.raises(InvalidPlainDataError, match="must be an object"):
            from_plain(Line, data)


def test_derived_fields_and_tuples_of_fixed_length_work():
    @frozen
    class Derived:
        a: int
        pair: tuple[int, Decimal]
        double: int = field(init=False)

        def __attrs_post_init__(self):
            object.__setattr__(self, "double", 2 * self.a)

    assert to_plain(Derived(2, (1, Decimal(3)))) == {"type": "Derived", "format_version": 1, "a": 2, "pair": [1, "3"]}
    assert from_plain(Derived, to_plain(Derived(2, (1, Decimal(3))))) == Derived(2, (1, Decimal(3)))
    assert from_plain(Derived, {"type": "Derived", "a": 2, "pair": [1]}).pair == (1,)


def test_a_rule_of_python_code_is_kept_by_its_code():
    rule = Rule("nine", lambda _record, at: at.hour >= 9, "Wait until nine.")
    data = to_plain(Everything(id="a", rules=[rule]))
    assert data["rules"] == [{"type": "Rule", "code": "nine"}]
    assert from_plain(Everything, data, rules={"nine": rule}).rules == (rule,)


def test_nested_conditions_come_back():
    amount = each(object).amount
    condition = one_of(each(object).stage, "a", date(2026, 1, 1)) & (amount > Money(1, "EUR")) | ~known(amount)
    assert from_plain(Expression, json.loads(json.dumps(to_plain(condition)))) == condition
    refused = Refused(
        [Blocker("rule", "No.", {"span": Interval(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC))})]
    )
    assert from_plain(Refused, json.loads(json.dumps(to_plain(refused)))) == refused


def test_what_has_no_plain_form_is_refused_with_its_path():
    with pytest.raises(InvalidPlainDataError, match=r"'\$\.custom\.a' must have a plain form"):
        to_plain(Everything(id="a", custom={"a": object()}))
    with pytest.raises(InvalidPlainDataError, match="'\\$' must be a value of this library"):
        to_plain({"a": 1})


@given(everything, everything)
def test_equal_content_has_equal_fingerprints_and_only_that(a, b):
    assert (fingerprint(a) == fingerprint(b)) == (to_plain(a) == to_plain(b))


def test_fingerprints_are_stable_across_releases():
    assert fingerprint(Money("1.10", "EUR")) == "0d338c7938660dbb"
    assert fingerprint_of_parts("ticket-7", "started", 1, None) == "0d6624e3eea2dda6"


def test_a_class_whose_annotations_cannot_be_evaluated_is_refused_with_our_error():
    with pytest.raises(InvalidPlainDataError, match=r"'\$\.columns' must have a plain form"):
        to_plain(StageLog.of([("o1", "new", datetime(2026, 1, 1, tzinfo=UTC))]))


@pytest.mark.parametrize("number", [float("inf"), float("-inf"), float("nan")])
def test_a_number_that_json_does_not_have_is_refused_with_its_path(number):
    with pytest.raises(InvalidPlainDataError, match=r"'\$\.custom\.a' must be finite: JSON has no such number"):
        to_plain(Lead(id="l1", custom={"a": number}))


def test_a_key_that_is_itself_a_mapping_is_refused_with_its_path():
    nothing = {"type": "Mapping", "items": []}
    data = {"type": "Everything", "id": "a", "custom": {"a": {"type": "Mapping", "items": [[nothing, 1]]}}}
    with pytest.raises(InvalidPlainDataError, match=r"custom\.a\.items"):
        from_plain(Everything, data)
