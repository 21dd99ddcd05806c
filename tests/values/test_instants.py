from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revops_core.values.instants import from_microseconds, to_microseconds

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
EDGE = 4_000_000_000_000_000
zones = st.sampled_from([UTC, ZoneInfo("America/New_York"), ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Pacific/Apia")])


@given(microseconds=st.integers(-(10**16), 10**17) | st.integers(EDGE - 10**9, EDGE + 10**9), tz=zones)
def test_an_instant_is_exact_to_the_microsecond_there_and_back(microseconds, tz):
    at = from_microseconds(microseconds, tz)
    assert at.tzinfo is tz
    assert at.astimezone(UTC) == EPOCH + microseconds * MICROSECOND
    assert to_microseconds(at) == microseconds


@pytest.mark.parametrize("microseconds", [0, 1, -1, EDGE - 1, EDGE, EDGE + 1, 5 * EDGE + 1, 7 * EDGE + 3])
def test_the_edges_of_the_fast_way_are_exact(microseconds):
    assert to_microseconds(from_microseconds(microseconds)) == microseconds


def test_an_instant_that_the_clocks_show_twice_keeps_which_of_the_two_it_is():
    berlin = ZoneInfo("Europe/Berlin")
    second = to_microseconds(datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=berlin))
    assert from_microseconds(second, berlin).fold == 1
    assert from_microseconds(second - 3_600_000_000, berlin).fold == 0
