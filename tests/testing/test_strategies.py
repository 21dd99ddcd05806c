from __future__ import annotations

import copy
import importlib
import json
import pickle
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Literal

import pytest
from attrs import frozen, has
from hypothesis import HealthCheck, find, given, settings
from hypothesis import strategies as st

from docs.generate_reference import ROOMS
from revops_core import Money, entities, from_plain, kpis, sla, stages, to_plain
from revops_core.calendars import WorkingTime
from revops_core.errors import InvalidPlainDataError, InvalidValueError
from revops_core.testing import strategies


def public_classes():
    """Every public class that holds fields, and the compiled calendar; read from the rooms beside or before testing.

    A chart is a picture of a result: testing and charts are siblings, which do not know each other.
    """
    found = {WorkingTime: None}
    for room in (room for room in ROOMS if room != "charts"):
        try:
            module = importlib.import_module(f"revops_core.{room}")
        except ModuleNotFoundError:
            continue
        for name in module.__all__:
            held = getattr(module, name)
            if isinstance(held, type) and has(held):
                found[held] = None
    return [*found]


CLASSES = public_classes()

# Results that hold what an engine compiled: they are made again from facts, and have no plain form.
WITHOUT_PLAIN_FORM = {WorkingTime, stages.StageLog, sla.Clock, sla.Reading, sla.TargetReading, kpis.RevenueLedger}

slow = [HealthCheck.too_slow, HealthCheck.data_too_large]


def content(value):
    """What makes two values the same, also of classes that are compared by identity."""
    if isinstance(value, WorkingTime):
        return value.intervals(1_700_000_000_000_000, 1_702_000_000_000_000)
    if isinstance(value, stages.StageLog):
        return value.columns.ids, value.columns.at, value.step_rates()
    return value.rows() if isinstance(value, kpis.KpiTable) else value


def test_every_room_has_classes_to_draw():
    assert {cls.__module__.split(".")[1] for cls in CLASSES} >= {
        "calendars", "entities", "kpis", "sla", "stages", "testing", "values",
    }  # fmt: skip
    assert len(CLASSES) > 100


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
@settings(max_examples=8, suppress_health_check=slow)
@given(data=st.data())
def test_any_public_value_is_printed_pickled_copied_and_turned_into_plain_data_and_back(cls, data):
    value = data.draw(strategies.values(cls))
    assert type(value) is cls
    assert isinstance(str(value), str)
    assert isinstance(repr(value), str)
    for again in (copy.copy(value), copy.deepcopy(value), pickle.loads(pickle.dumps(value))):
        assert type(again) is cls
        assert content(again) == content(value)
    if cls.__eq__ is not object.__eq__:
        assert hash(copy.deepcopy(value)) == hash(value)
    if cls in WITHOUT_PLAIN_FORM:
        with pytest.raises(InvalidPlainDataError):
            to_plain(value)
    else:
        assert content(from_plain(cls, json.loads(json.dumps(to_plain(value))))) == content(value)


@settings(max_examples=40, suppress_health_check=slow)
@given(strategies.worlds(most=3))
def test_in_a_world_all_fits(world):
    facts = [*world.conversions, *world.changes, *world.touches, *world.answers]
    assert entities.check(world.records, facts) == []
    for pipeline, records in ((stages.LEAD, world.leads), (stages.OPPORTUNITY, world.opportunities)):
        moves = [move for move in world.moves if move.pipeline == pipeline.name]
        assert stages.check(records, moves, pipeline=pipeline) == ()
    clocks = [
        sla.REVENUE_OPERATIONS.clock(ticket.id, world.clock_events[ticket.id], request=ticket.request)
        for ticket in world.tickets
    ]
    assert sla.check(clocks, world.as_of) == []
    assert kpis.check_contracts(world.subscriptions, as_of=world.as_of) == ()
    for facts in (world.moves, world.changes, world.answers, *world.clock_events.values()):
        assert all(fact.at < world.as_of for fact in facts)


@given(strategies.contract_sets(accounts=["a1"], currency="JPY"))
def test_contracts_have_no_problem_and_are_of_the_accounts_and_the_currency_asked_for(contracts):
    assert kpis.check_contracts(contracts) == ()
    assert {contract.account_id for contract in contracts} <= {"a1"}
    assert {line.unit_price.currency for contract in contracts for line in contract.items} <= {"JPY"}


@given(strategies.values(entities.Opportunity))
def test_the_amounts_within_one_value_are_in_one_currency(opportunity):
    found = {line.unit_price.currency for line in opportunity.lines if line.unit_price}
    assert len(found | ({opportunity.amount.currency} if opportunity.amount else set())) <= 1


def test_a_failing_world_shrinks_to_the_few_records_that_make_it_fail():
    won = find(strategies.worlds(most=1), lambda world: any(sale.outcome == "won" for sale in world.opportunities))
    assert (len(won.accounts), len(won.opportunities), len(won.deals), len(won.moves)) == (1, 1, 1, 2)
    assert (won.leads, won.tickets, won.touches, won.answers) == ((), (), (), ())
    assert {sale.amount for sale in won.opportunities} == {Money(0, "EUR")}
    renewed = find(strategies.contract_sets(accounts=["a1"]), lambda held: any(contract.renews_id for contract in held))
    assert [contract.renews_id for contract in renewed] == [None, renewed[0].id]
    assert {item.unit_price for contract in renewed for item in contract.items} == {Money(0, "EUR")}


def test_hypothesis_finds_the_values_by_their_type_once_it_is_told():
    st.register_type_strategy(Money, strategies.values)
    assert find(st.from_type(Money), lambda money: money.amount > 0).amount == Decimal("0.01")


def test_a_wrong_argument_is_refused():
    with pytest.raises(InvalidValueError, match="'cls' must be a type"):
        strategies.values("Lead")
    with pytest.raises(InvalidValueError, match="'most' must be an int of at least 0"):
        strategies.worlds(most=-1)


@frozen
class Own:
    """A class of an application, with what fields of ours do not hold."""

    pair: tuple[int, str]
    share: Fraction
    by_day: Mapping[date, Money]
    kind: Literal["a", "b"]


@given(strategies.values(Own))
def test_a_class_of_an_application_is_drawn_by_the_annotations_of_its_fields(value):
    number, text = value.pair
    assert (type(number), type(text), type(value.share)) == (int, str, Fraction)
    assert {type(day) for day in value.by_day} <= {date}
    assert len({money.currency for money in value.by_day.values()}) <= 1
    assert value.kind in {"a", "b"}
