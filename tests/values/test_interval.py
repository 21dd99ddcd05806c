from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revops_core.errors import InvalidValueError
from revops_core.values.instants import from_microseconds, to_microseconds
from revops_core.values.interval import Interval

BERLIN = ZoneInfo("Europe/Berlin")
instants = st.datetimes(datetime(1980, 1, 1), datetime(2060, 1, 1), timezones=st.sampled_from([UTC, BERLIN]))
intervals = st.tuples(instants, instants).map(lambda pair: Interval(*sorted(pair, key=to_microseconds)))


@given(instants)
def test_an_instant_and_its_microseconds_are_the_same_moment(at):
    assert from_microseconds(to_microseconds(at)) == at.astimezone(UTC)
    assert from_microseconds(to_microseconds(at), BERLIN).tzinfo is BERLIN


@given(intervals, intervals, instants)
def test_a_moment_is_in_the_clip_exactly_where_it_is_in_both(a, b, moment):
    both = a.clip(b)
    assert (moment in a and moment in b) == (both is not None and moment in both)
    assert both == b.clip(a)


def test_the_start_is_inside_and_the_end_is_not():
    start = datetime(2026, 1, 1, tzinfo=UTC)
    day = Interval(start, start + timedelta(days=1))
    assert day.start in day
    assert day.end not in day
    assert start not in Interval(start, start)


def test_duration_is_what_passes_on_the_night_the_clocks_change():
    assert Interval(datetime(2026, 3, 29, tzinfo=BERLIN), datetime(2026, 3, 30, tzinfo=BERLIN)).duration == timedelta(
        hours=23
    )
    assert Interval(datetime(2026, 10, 25, tzinfo=BERLIN), datetime(2026, 10, 26, tzinfo=BERLIN)).duration == timedelta(
        hours=25
    )


def test_order_is_that_of_instants_also_in_the_hour_shown_twice():
    later = datetime(2026, 10, 25, 2, 15, tzinfo=BERLIN, fold=1)
    earlier = datetime(2026, 10, 25, 2, 45, tzinfo=BERLIN, fold=0)
    assert Interval(earlier, later).duration == timedelta(minutes=30)
    with pytest.raises(InvalidValueError, match="'end' must not be before 'start'"):
        Interval(later, earlier)


def test_naive_datetimes_and_other_things_are_refused_together():
    with pytest.raises(InvalidValueError) as caught:
        Interval(datetime(2026, 1, 1), "tomorrow")
    assert [fault.field for fault in caught.value.faults] == ["start", "end"]
    with pytest.raises(InvalidValueError, match="'moment' must be an aware datetime"):
        assert datetime(2026, 1, 1) in Interval(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC))
