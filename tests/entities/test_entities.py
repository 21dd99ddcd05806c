from __future__ import annotations

import copy
import json
import pickle
import subprocess
import sys
from datetime import UTC, date, datetime
from decimal import Decimal, localcontext
from typing import Any

import pytest
from attrs import evolve, fields
from attrs.exceptions import FrozenInstanceError
from hypothesis import given, settings
from hypothesis import strategies as st

from revops_core import entities
from revops_core.entities import (
    Account,
    BillingInterval,
    Contact,
    ContactRole,
    Deal,
    IdealCustomerProfile,
    Lead,
    LeadSource,
    LineItem,
    Opportunity,
    OpportunityStage,
    Outcome,
    Quota,
    Score,
    Subscription,
    Ticket,
    User,
)
from revops_core.errors import InvalidValueError
from revops_core.values.condition import each
from revops_core.values.decision import Rule
from revops_core.values.money import Money
from revops_core.values.plain import from_plain, to_plain
from tests.entities.strategies import CLASSES, values

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
RECORDS = [
    entities.Lead,
    Contact,
    Account,
    Opportunity,
    Deal,
    entities.Product,
    Subscription,
    Ticket,
    User,
    entities.Team,
]
ids = [cls.__name__ for cls in CLASSES]
few = settings(max_examples=15, deadline=None)  # of each of some thirty classes


@pytest.mark.parametrize("cls", CLASSES, ids=ids)
@few
@given(st.data())
def test_every_value_survives_the_trip_through_json(cls: type, data: st.DataObject) -> None:
    value = data.draw(values(cls))
    assert from_plain(cls, json.loads(json.dumps(to_plain(value)))) == value


@pytest.mark.parametrize("cls", CLASSES, ids=ids)
@few
@given(st.data())
def test_values_are_equal_and_hash_alike_by_all_their_fields(cls: type, data: st.DataObject) -> None:
    one, other = data.draw(values(cls)), data.draw(values(cls))
    twin = evolve(one)
    assert twin == one
    assert hash(twin) == hash(one)
    assert pickle.loads(pickle.dumps(one)) == copy.deepcopy(one) == one
    assert (one == other) == all(getattr(one, a.name) == getattr(other, a.name) for a in fields(cls))
    assert one != to_plain(one)


@pytest.mark.parametrize("cls", CLASSES, ids=ids)
@few
@given(st.data())
def test_no_field_can_be_set_and_no_other_added(cls: type, data: st.DataObject) -> None:
    value = data.draw(values(cls))
    with pytest.raises(FrozenInstanceError):
        setattr(value, fields(cls)[0].name, "x")
    with pytest.raises((AttributeError, TypeError)):
        value.something_else = 1
    assert not hasattr(value, "__dict__")


@pytest.mark.parametrize("cls", CLASSES, ids=ids)
@few
@given(st.data())
def test_evolving_to_a_wrong_value_raises_for_every_field(cls: type, data: st.DataObject) -> None:
    value = data.draw(values(cls))
    for attribute in fields(cls):
        if attribute.type != "object":
            with pytest.raises(InvalidValueError, match=f"'{attribute.name}'"):
                evolve(value, **{attribute.name: ...})


@pytest.mark.parametrize("cls", RECORDS)
def test_only_the_id_is_required_and_custom_fields_are_carried(cls: Any) -> None:
    record = cls(id="x", custom={"segment": "enterprise", "list": [1]})
    assert record.custom == {"segment": "enterprise", "list": (1,)}
    assert cls(id="x").custom == {}
    with pytest.raises(TypeError, match="id"):
        cls()


@pytest.mark.parametrize("cls", RECORDS)
@pytest.mark.parametrize("wrong", ["", None, 7, b"x"])
def test_an_id_is_a_text_that_is_not_empty(cls: Any, wrong: object) -> None:
    with pytest.raises(InvalidValueError, match="'id' must be a str and not empty"):
        cls(id=wrong)


def test_every_fault_of_a_record_is_told_at_once() -> None:
    with pytest.raises(InvalidValueError) as caught:
        Opportunity(id="", amount=12.5, probability=Decimal(40), created_at=datetime(2026, 1, 1), close_date=NOW)  # type: ignore[arg-type]
    assert [fault.field for fault in caught.value.faults] == ["id", "amount", "probability", "close_date", "created_at"]


@pytest.mark.parametrize("wrong", [Decimal("NaN"), Decimal("-0.01"), Decimal("1.01"), 0.5, "0.25", True])
def test_a_probability_is_a_fraction_of_exact_digits(wrong: object) -> None:
    with pytest.raises(InvalidValueError, match="'probability'"):
        Opportunity(id="o1", probability=wrong)  # type: ignore[arg-type]


def test_contract_days_in_the_wrong_order_are_refused() -> None:
    first, last = date(2026, 1, 1), date(2025, 12, 31)
    for made in (Subscription, LineItem, User):
        with pytest.raises(InvalidValueError, match="'ends_on' must not be before 'starts_on'"):
            made(id="x", starts_on=first, ends_on=last)
        assert made(id="x", starts_on=first, ends_on=first).ends_on == first
    with pytest.raises(InvalidValueError, match="'trial_ends_on'"):
        Subscription(id="s1", starts_on=first, trial_ends_on=last)
    with pytest.raises(InvalidValueError, match="'ends_on' must be after"):
        Quota(owner_id="u1", amount=Money(1, "EUR"), starts_on=first, ends_on=first)


def test_picklists_are_open_and_their_known_values_are_texts() -> None:
    lead = Lead(id="l1", lead_source=LeadSource.TRADE_SHOW)
    assert lead == Lead(id="l1", lead_source="trade_show")
    assert Lead(id="l1", lead_source="Mässe 展").lead_source == "Mässe 展"
    assert to_plain(lead)["lead_source"] == "trade_show"
    assert {stage.value for stage in OpportunityStage} >= {"qualification", "proposal", "negotiation"}
    assert Outcome.WON == "won"
    assert BillingInterval("quarter") is BillingInterval.QUARTER


def test_personal_data_is_shortened_where_a_record_is_shown() -> None:
    lead = Lead(id="l1", first_name="Ada", last_name="Lovelace", email="ada@example.org", phone="+44 20 7946 0000")
    assert repr(lead) == "Lead(id='l1', first_name='A…', last_name='L…', email='a…', phone='+…')"
    assert lead.name == "Ada Lovelace"
    with pytest.raises(InvalidValueError) as caught:
        Contact(id="c1", email=b"ada@example.org")  # type: ignore[arg-type]
    assert "ada" not in str(caught.value)


@pytest.mark.parametrize("cls", [Lead, Opportunity, Ticket])
def test_when_a_record_was_created_and_closed_is_the_instant_where_known_else_the_day(cls: Any) -> None:
    day = date(2026, 2, 1)
    assert (cls(id="x").created, cls(id="x").closed) == (None, None)
    assert cls(id="x", created_on=day, closed_on=day).created == day
    assert cls(id="x", created_on=day, closed_on=day).closed == day
    both = cls(id="x", created_at=NOW, created_on=day, closed_at=NOW, closed_on=day)
    assert (both.created, both.closed) == (NOW, NOW)


def test_the_same_holds_for_accounts_deals_and_notice_of_a_subscription() -> None:
    day = date(2026, 2, 1)
    assert Account(id="a", created_on=day).created == day
    assert Account(id="a", created_at=NOW, created_on=day).created == NOW
    assert Deal(id="d", closed_on=day).closed == day
    assert Deal(id="d", closed_at=NOW).closed == NOW
    assert Subscription(id="s", cancelled_on=day).cancelled == day
    assert Subscription(id="s", cancelled_at=NOW).cancelled == NOW


def test_the_weighted_amount_is_exact_and_unknown_where_a_part_is() -> None:
    with localcontext(prec=3):
        weighted = Opportunity(id="o", amount=Money("123456.78", "EUR"), probability=Decimal("0.333")).weighted_amount
    assert weighted == Money("41111.10774", "EUR")
    assert Opportunity(id="o", amount=Money(1, "EUR")).weighted_amount is None
    assert Opportunity(id="o", probability=Decimal(1)).weighted_amount is None


def test_the_price_of_a_line_is_exact_whatever_the_decimal_context() -> None:
    with localcontext(prec=3):
        line = LineItem(quantity=1234, unit_price=Money("9.99", "EUR"), discount=Decimal("0.12345"))
        price = line.price
    assert price == Money("10805.810373", "EUR")
    assert LineItem(quantity=2).price is None


def test_whole_numbers_are_taken_for_quantities_and_scores_but_never_floats_or_truths() -> None:
    assert LineItem(quantity=3).quantity == Decimal(3)
    assert isinstance(LineItem(quantity=3).quantity, Decimal)
    assert Score(subject="Account", subject_id="a", name="usage", value=80, at=NOW).value == Decimal(80)
    for wrong in (0.5, True, "3"):
        with pytest.raises(InvalidValueError, match="'quantity'"):
            LineItem(quantity=wrong)  # type: ignore[arg-type]


def test_any_iterable_is_taken_where_a_record_has_parts_but_no_text() -> None:
    assert Account(id="a", tags=["x", "y"]).tags == ("x", "y")
    assert Opportunity(id="o", contacts=(ContactRole(contact_id=c) for c in "ab")).contacts[1].contact_id == "b"
    with pytest.raises(InvalidValueError, match="'tags' must be a tuple"):
        Account(id="a", tags="strategic")


def test_a_profile_tells_which_criteria_an_account_meets() -> None:
    account = each(Account)
    large = Rule("large", account.employee_count >= 200, "At least 200 employees.")  # type: ignore[operator]
    young = Rule("young", lambda record, at: at is not None and record.created_at > at, "A new account.")
    profile = IdealCustomerProfile(name="large and young", criteria=[large, young])
    assert profile.met_by(Account(id="a", employee_count=200)) == (large,)
    assert profile.missed_by(Account(id="a")) == (large, young)
    assert profile.met_by(Account(id="a", created_at=NOW), datetime(2026, 1, 1, tzinfo=UTC)) == (young,)


def test_the_room_loads_no_dateutil() -> None:
    code = "import sys, revops_core.entities; print('dateutil' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
