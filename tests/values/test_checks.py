from __future__ import annotations

import pickle
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Annotated, Any

import attrs
import pytest
from attrs import field, frozen
from hypothesis import given
from hypothesis import strategies as st

from revops_core.errors import InvalidValueError
from revops_core.values.checks import (
    Count,
    Id,
    InOrder,
    PersonalText,
    Share,
    Span,
    as_tuple,
    checked,
    require,
    short_repr,
)
from revops_core.values.frozen_map import EMPTY, FrozenMap, frozen_map


class Colour(StrEnum):
    RED = "red"


class LaterDay(date):
    pass


@checked(InOrder("starts_on", "ends_on"), InOrder("opened_at", "closed_at", strict=True))
@frozen(kw_only=True)
class Sample:
    id: Id
    email: PersonalText | None = None
    colour: str = ""
    count: Count = 0
    share: Share | None = None
    span: Span | None = None
    ratio: Fraction | None = None
    weight: float | None = None
    open: bool = True
    starts_on: date | None = None
    ends_on: date | None = None
    opened_at: datetime | None = None
    closed_at: datetime | None = None
    tags: tuple[str, ...] = field(default=(), converter=as_tuple)
    number: int | Decimal | None = None
    anything: Any = None
    either: Any | None = None
    loose: tuple[Any, ...] = ()
    marked: Annotated[int, "a mark of somebody else"] = 0
    marked_any: Annotated[Any, "another"] = None
    custom: Mapping[str, object] = field(default=EMPTY, converter=frozen_map)

    __repr__ = short_repr


FAULTY = {
    "id": ["", 3, None],
    "email": [3],
    "colour": [None, 3],
    "count": [-1, True, 1.0, "1"],
    "share": [Decimal("1.01"), Decimal("-0.01"), Decimal("NaN"), 0.5],
    "span": [timedelta(microseconds=-1), 3],
    "ratio": [0.5],
    "weight": [float("nan"), float("inf"), 1],
    "open": [1, None, "yes"],
    "starts_on": [datetime(2026, 1, 1, tzinfo=UTC), "2026-01-01"],
    "opened_at": [datetime(2026, 1, 1), date(2026, 1, 1)],
    "tags": ["abc", ("a", 1), 3, {"a": 1}.items()],
    "number": [True, 1.5, "1"],
    "loose": [3],
    "marked": ["x"],
    "custom": [3, "abc"],
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in FAULTY.items() for value in values], ids=str
)
def test_a_value_that_breaks_the_rule_of_its_field_is_refused_by_name(name, value):
    with pytest.raises(InvalidValueError) as caught:
        Sample(**({"id": "a"} | {name: value}))
    assert [fault.field for fault in caught.value.faults] == [name]


def test_all_faults_come_together_in_the_order_of_the_fields():
    with pytest.raises(InvalidValueError) as caught:
        Sample(**{name: values[0] for name, values in FAULTY.items()})
    assert [fault.field for fault in caught.value.faults] == list(FAULTY)
    assert str(caught.value).startswith(
        "Sample: 'id' must be a str and not empty (got ''); 'email' must be a str or None"
    )


def test_sound_values_pass_also_those_of_subclasses():
    sample = Sample(
        id=Colour.RED,
        email="",
        colour=Colour.RED,
        count=3,
        share=Decimal(1),
        span=timedelta(0),
        ratio=Fraction(1, 3),
        weight=0.5,
        open=False,
        starts_on=LaterDay(2026, 1, 1),
        ends_on=date(2026, 1, 1),
        opened_at=datetime(2026, 1, 1, tzinfo=UTC),
        closed_at=datetime(2026, 1, 1, 1, tzinfo=UTC),
        tags=["a", "b"],
        number=Decimal(3),
        anything=object,
        loose=(1, "a"),
        custom={"a": [1, {"b": 2}]},
    )
    assert sample.tags == ("a", "b")
    assert sample.custom["a"] == (1, FrozenMap({"b": 2}))


def test_order_is_asked_where_both_ends_are_known_and_sound():
    day = date(2026, 1, 1)
    with pytest.raises(InvalidValueError, match="'ends_on' must not be before 'starts_on' 2026-01-01"):
        Sample(id="a", starts_on=day, ends_on=day - timedelta(days=1))
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    with pytest.raises(InvalidValueError, match="'closed_at' must be after 'opened_at'"):
        Sample(id="a", opened_at=moment, closed_at=moment)
    with pytest.raises(InvalidValueError) as caught:
        Sample(id="", starts_on="soon", ends_on=day, opened_at=moment, closed_at=moment)
    assert [fault.field for fault in caught.value.faults] == ["id", "starts_on", "closed_at"]


def test_a_date_and_an_instant_are_not_compared():
    @checked(InOrder("a", "b"))
    @frozen(kw_only=True)
    class Either:
        a: date | datetime
        b: date | datetime

    assert Either(a=datetime(2026, 1, 2, tzinfo=UTC), b=date(2026, 1, 1))


def test_a_class_without_rules_takes_anything():
    @checked()
    @frozen
    class Empty:
        pass

    @checked()
    @frozen
    class Open:
        a: Any

    assert Empty() == Empty()
    assert Open(3).a == 3


def test_a_class_with_a_default_made_anew_each_time_is_refused_when_it_is_defined():
    with pytest.raises(TypeError, match=r"neither factories nor init=False: \['a', 'b'\]"):

        @checked()
        @frozen(kw_only=True)
        class Made:
            a: tuple[str, ...] = field(factory=tuple)
            b: int = field(init=False, default=3)


def test_evolve_pickle_and_signature_work_as_for_any_attrs_class():
    sample = Sample(id="a", count=2)
    assert attrs.evolve(sample, count=3).count == 3
    with pytest.raises(InvalidValueError):
        attrs.evolve(sample, count=-3)
    assert pickle.loads(pickle.dumps(sample)) == sample
    with pytest.raises(TypeError, match="unexpected keyword"):
        Sample(id="a", colours="red")
    with pytest.raises(TypeError, match="missing"):
        Sample()


def test_repr_shows_what_differs_from_the_defaults_and_shortens_persons():
    assert repr(Sample(id="a", email="ana@example.com", count=2)) == "Sample(id='a', email='a…', count=2)"
    assert repr(Sample(id="a", email="")) == "Sample(id='a', email='')"


def test_personal_data_stays_out_of_errors_and_their_repr():
    with pytest.raises(InvalidValueError) as caught:
        Sample(id="a", email=b"ana@example.com")
    assert "ana@example.com" not in str(caught.value) + repr(caught.value)
    assert caught.value.faults[0].value == b"ana@example.com"


def test_a_long_value_is_cut_in_the_sentence_and_whole_in_the_fault():
    with pytest.raises(InvalidValueError) as caught:
        Sample(id="a", colour=("x" * 500,))
    assert len(str(caught.value)) < 200
    assert caught.value.faults[0].value == ("x" * 500,)
    assert pickle.loads(pickle.dumps(caught.value)).faults == caught.value.faults


def test_arguments_of_functions_are_refused_together():
    require("add", count=(3, int), at=(None, datetime | None))
    with pytest.raises(
        InvalidValueError, match=r"add: 'count' must be an int \(got '3'\); 'at' must be an aware datetime"
    ) as caught:
        require("add", count=("3", int), at=(datetime(2026, 1, 1), datetime))
    assert caught.value.what == "add"
    with pytest.raises(TypeError):
        require("add", count=(3, Any))


@given(st.dictionaries(st.text(), st.integers() | st.lists(st.integers())))
def test_a_frozen_map_is_the_mapping_it_was_made_from_and_cannot_change(items):
    frozen_items = frozen_map(items)
    assert frozen_map(frozen_items) is frozen_items
    assert dict(frozen_items) == {
        name: tuple(value) if isinstance(value, list) else value for name, value in items.items()
    }
    assert len(frozen_items) == len(items)
    assert pickle.loads(pickle.dumps(frozen_items)) == frozen_items
    assert hash(frozen_items) == hash(frozen_map(items))
    assert repr(frozen_items).startswith("FrozenMap(")
    with pytest.raises(AttributeError, match="cannot be changed"):
        frozen_items.name = 3
    with pytest.raises(TypeError):
        frozen_items["a"] = 3
