from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revops_core.errors import InvalidValueError
from revops_core.values.known_by import known_by

START = datetime(2026, 1, 1, tzinfo=UTC)
hours = st.integers(0, 50)


def _fact(at: int, delay: int | None = None) -> SimpleNamespace:
    happened_at = START + timedelta(hours=at)
    return SimpleNamespace(at=happened_at, recorded_at=None if delay is None else happened_at + timedelta(hours=delay))


facts = st.lists(st.builds(_fact, hours, st.none() | hours))


@given(facts, hours, hours)
def test_what_is_known_only_grows_and_keeps_its_order(some: list[SimpleNamespace], first: int, later: int) -> None:
    early, late = sorted([START + timedelta(hours=first), START + timedelta(hours=later)])
    known_late = known_by(some, late)
    assert known_by(known_late, early) == known_by(some, early)
    assert [fact for fact in some if fact in known_late] == list(known_late)
    assert all((fact.recorded_at or fact.at) <= late for fact in known_late)
    assert all((fact.recorded_at or fact.at) > late for fact in some if not any(fact is known for known in known_late))


def test_a_fact_recorded_at_the_moment_itself_is_known() -> None:
    fact = _fact(5)
    assert known_by([fact], fact.at) == (fact,)
    assert known_by([fact], fact.at - timedelta(microseconds=1)) == ()


def test_a_late_entry_was_not_known_when_it_happened() -> None:
    assert known_by([_fact(5, 10)], START + timedelta(hours=14)) == ()
    assert len(known_by([_fact(5, 10)], START + timedelta(hours=15))) == 1


def test_mappings_are_read_by_key() -> None:
    row = {"at": START, "recorded_at": None}
    assert known_by(iter([row, {"at": START}, {"at": START, "recorded_at": START + timedelta(1)}]), START) == (
        row,
        {"at": START},
    )


def test_the_hour_shown_twice_is_told_apart() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    second = SimpleNamespace(at=datetime(2026, 10, 25, 2, 15, tzinfo=berlin, fold=1))
    assert known_by([second], datetime(2026, 10, 25, 2, 45, tzinfo=berlin)) == ()


def test_facts_without_an_instant_are_refused_each_by_its_place() -> None:
    wrong = [_fact(1), SimpleNamespace(at=None), {"on": "x"}, SimpleNamespace(at=datetime(2026, 1, 1)), 3]
    with pytest.raises(InvalidValueError) as caught:
        known_by(wrong, START)
    assert [fault.field for fault in caught.value.faults] == ["facts[1]", "facts[2]", "facts[3]", "facts[4]"]
    assert "must have an aware datetime as 'recorded_at' or, where that is None, as 'at'" in str(caught.value)


def test_a_naive_moment_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="'moment' must be an aware datetime"):
        known_by([], datetime(2026, 1, 1))
