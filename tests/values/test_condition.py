from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from attrs import frozen
from hypothesis import given as given_by
from hypothesis import strategies as st

from revops_core.errors import InvalidValueError, NoTruthValueError, UnknownFieldError
from revops_core.values.condition import (
    Symbol,
    each,
    first_known,
    given,
    known,
    matching,
    missing,
    not_yet,
    one_of,
    owner_of,
)
from revops_core.values.expression import Expression, all_of, any_of, compiled
from revops_core.values.money import Money


@frozen(kw_only=True)
class Deal:
    outcome: str | None = None
    amount: int | None = None
    discount: int | None = None
    custom: dict[str, object] | None = None

    @property
    def size(self) -> str:
        return "large" if self.amount and self.amount > 10 else "small"


deal = each(Deal)
row = each(object)
values = st.none() | st.integers(-3, 3)
rows = st.fixed_dictionaries({"a": values, "b": values})
conditions = st.recursive(
    st.sampled_from(
        [row.a == 1, row.a != 1, row.a < row.b, row.a >= 0, known(row.b), missing(row.a), one_of(row.b, 1, 2)]
    ),
    lambda inner: st.builds(all_of, inner, inner) | st.builds(any_of, inner, inner) | inner.map(lambda c: ~c),
    max_leaves=6,
)


@given_by(conditions, conditions, rows)
def test_and_or_not_mean_what_they_mean_in_python(a, b, held):
    assert (a & b).holds(held) == (a.holds(held) and b.holds(held))
    assert (a | b).holds(held) == (a.holds(held) or b.holds(held))
    assert (~a).holds(held) == (not a.holds(held))


@given_by(conditions, rows)
def test_objects_and_mappings_are_read_alike_and_compiling_changes_nothing(condition, held):
    assert condition.holds(held) == condition.holds(SimpleNamespace(**held)) == compiled(condition)(held)


@given_by(rows)
def test_a_missing_value_equals_nothing_and_has_no_order(held):
    a = held["a"]
    assert (row.a == 1).holds(held) == (a is not None and a == 1)
    assert (row.a != 1).holds(held) == (not (row.a == 1).holds(held))
    for comparison in (row.a < 1, row.a <= 1, row.a > 1, row.a >= 1, row.a == row.missing, one_of(row.a, 1)):
        assert a is not None or not comparison.holds(held)


def test_none_equals_nothing_not_even_none():
    assert not (row.a == None).holds({"a": None})  # noqa: E711 - the comparison is what is tested
    assert not one_of(row.a, None).holds({"a": None})


def test_values_are_computed_from_fields_and_missing_where_one_is():
    margin = given(deal.amount) - given(deal.discount)
    assert isinstance(margin, Symbol)
    assert (margin > 5).holds(Deal(amount=10, discount=4))
    assert not (margin > 5).holds(Deal(amount=10))
    assert (deal.amount + deal.discount == 14).holds(Deal(amount=10, discount=4))
    assert (deal.amount * 2 == 20).holds(Deal(amount=10))


def test_keys_of_mapping_fields_and_properties_are_fields_too():
    segment = deal.custom["segment"] == "enterprise"
    assert segment.holds(Deal(custom={"segment": "enterprise"}))
    assert not segment.holds(Deal(custom={}))
    assert not segment.holds(Deal())
    assert (deal.size == "large").holds(Deal(amount=11))


def test_a_misspelt_field_is_refused_where_it_is_written():
    with pytest.raises(UnknownFieldError, match="Deal has no field 'ammount'; did you mean 'amount'") as caught:
        deal.ammount  # noqa: B018 - the access is what is tested
    assert caught.value.field == "ammount"
    with pytest.raises(AttributeError):
        deal.__nothing__  # noqa: B018


def test_an_object_without_the_attribute_is_refused_and_a_mapping_without_the_key_misses_it():
    condition = row.outcome == "won"
    with pytest.raises(UnknownFieldError, match="SimpleNamespace has no field 'outcome'; it has stage"):
        condition.holds(SimpleNamespace(stage="a"))
    with pytest.raises(UnknownFieldError, match="it has no fields"):
        condition.holds(object.__new__(type("Bare", (), {"__slots__": ()})))
    assert not condition.holds({})


def test_values_without_an_order_are_refused_by_name():
    with pytest.raises(InvalidValueError, match="must have an order with 3"):
        (row.a < 3).holds({"a": "x"})
    with pytest.raises(InvalidValueError, match="must be a Money"):
        (row.a < 3).holds({"a": Money(1, "EUR")})


@pytest.mark.parametrize(
    "use",
    [
        lambda: bool(row.a == 1),
        lambda: bool(row.a),
        lambda: 1 < row.a < 3,
        lambda: 1 in row.a,
        lambda: list(row.a),
        lambda: (row.a == 1) and (row.b == 2),
    ],
    ids=["a condition", "a field", "a chain", "in", "a loop", "and"],
)
def test_python_words_that_cannot_work_say_what_to_write(use):
    with pytest.raises(NoTruthValueError, match="neither true nor false yet: use & "):
        use()


def test_expressions_are_data_equal_by_value_and_printable():
    assert (deal.amount > 3) == (deal.amount > 3)
    assert hash(deal.amount > 3) == hash(deal.amount > 3)
    assert hash(deal.amount) == hash(each(Deal).amount)
    assert (deal.amount > 3) != (row.amount > 3)
    condition = (deal.amount >= 3) & (known(deal.outcome) | one_of(deal.outcome, "won", "lost")) & ~missing(deal.amount)
    assert str(condition) == (
        "amount is at least 3 and (outcome is known or outcome is one of 'won', 'lost') and not (amount is missing)"
    )
    assert condition.fields == ("amount", "outcome")
    assert repr(deal.amount * 2) == "<amount × 2>"
    assert str(deal.amount + 1) == "<amount + 1>"
    assert (repr(deal), repr(row)) == ("each(Deal)", "each()")
    assert str(deal.amount <= 3) == "amount is at most 3"
    assert repr((row.amount - row.cost) * 2) == "<(amount - cost) × 2>"
    assert repr(row.amount - (row.cost + row.tax)) == "<amount - (cost + tax)>"
    assert repr(row.amount * 2 - row.cost) == "<amount × 2 - cost>"
    assert str(row.end - row.start <= timedelta(days=30)) == "end - start is at most 30 days"
    assert str(row.end - row.start <= timedelta(hours=30)) == "end - start is at most 1 day, 6:00:00"
    assert str(deal.amount < 3) == "amount is below 3"


def test_joining_unfolds_and_a_single_condition_stays_itself():
    a, b, c = row.a == 1, row.b == 2, row.c == 3
    assert a & b & c == all_of(a, b, c)
    assert all_of(a) == a
    assert (str(all_of()), all_of().holds({})) == ("always", True)
    assert (str(any_of()), any_of().holds({})) == ("never", False)


def test_a_mapping_stands_for_equal_fields_and_a_tuple_for_a_choice():
    high = matching({"request": "bug_fix", "priority": ("high", "urgent")})
    assert high.holds({"request": "bug_fix", "priority": "urgent"})
    assert not high.holds({"request": "bug_fix", "priority": "low"})
    assert matching({}).holds({})
    with pytest.raises(InvalidValueError, match="'fields' must be a Mapping"):
        matching([("a", 1)])


def test_operations_and_arguments_that_are_none_are_refused():
    with pytest.raises(InvalidValueError, match="'operation' must be one of field, equals"):
        Expression("equal", (1, 2))
    for no_condition in (True, deal.outcome):
        with pytest.raises(InvalidValueError, match="'condition' must be a condition such as"):
            all_of(no_condition)
    with pytest.raises(InvalidValueError, match="'operation' must be a str"):
        Expression(3, ())
    with pytest.raises(InvalidValueError, match="values that cannot be changed"):
        one_of(row.a, [1])


def test_literals_alone_and_conditions_over_two_fields_work():
    assert Expression("less", (1, 2)).holds({})
    assert Expression("less", (1, (row.a + 0).expression)).holds({"a": 2})
    assert (row.a == row.b).holds({"a": date(2026, 1, 1), "b": date(2026, 1, 1)})
    assert Expression("all", (True, row.a == 1)).holds({"a": 1})


def test_a_whole_row_is_no_field_and_tells_its_class():
    with pytest.raises(InvalidValueError, match="'field' must be a field of the row"):
        one_of(deal, 1)
    assert (owner_of(deal), owner_of(row), owner_of(3)) == (Deal, None, None)


def test_the_first_known_of_several_fields_is_read():
    closed = first_known(row.closed_at, row.closed_on, row.a)
    read = compiled(closed.expression)
    assert read({"closed_at": None, "closed_on": 2, "a": 3}) == 2
    assert (read({"closed_at": 1}), read({}), read({"a": 3})) == (1, None, 3)
    assert str(closed.expression) == "(closed_at else closed_on else a)"


def test_nothing_is_yet_to_come_unless_a_reading_tells_from_when():
    later = not_yet(row.closed_at)
    assert not later.holds({"closed_at": datetime(2030, 1, 1, tzinfo=UTC)})
    bound = Expression("not_yet", (*later.arguments, 0, date(1969, 12, 31)))
    assert bound.holds({"closed_at": datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)})
    assert not bound.holds({"closed_at": datetime(1970, 1, 1, tzinfo=UTC)})
    assert (bound.holds({"closed_at": date(1970, 1, 1)}), bound.holds({"closed_at": date(1969, 12, 31)})) == (
        True,
        False,
    )
    assert not bound.holds({"closed_at": None})
    with pytest.raises(InvalidValueError, match="must be a date or an aware datetime"):
        bound.holds({"closed_at": datetime(1970, 1, 1)})
    with pytest.raises(InvalidValueError, match="must be a date or an aware datetime"):
        bound.holds({"closed_at": "1970-01-01"})


def test_instants_of_one_zone_are_compared_and_subtracted_as_instants():
    new_york = ZoneInfo("America/New_York")
    first, second = datetime(2026, 11, 1, 1, 50, tzinfo=new_york), datetime(2026, 11, 1, 1, 10, fold=1, tzinfo=new_york)
    assert (row.a < row.b).holds({"a": first, "b": second})
    assert compiled((row.b - row.a).expression)({"a": first, "b": second}) == timedelta(minutes=20)
    assert compiled((row.b - row.a).expression)({"a": 1, "b": 3}) == 2


def test_values_that_cannot_be_added_are_refused_by_name():
    with pytest.raises(InvalidValueError, match=r"'left' must allow '\+ 1'"):
        compiled((row.a + row.b).expression)({"a": "x", "b": 1})
