from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revops_core.errors import InvalidValueError, UnknownFieldError
from revops_core.values.duration import duration_between, is_after, moment_of
from revops_core.values.period import Period

ZONES = st.sampled_from([UTC, ZoneInfo("Europe/Paris"), ZoneInfo("America/New_York")])
INSTANTS = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=ZONES)


@given(INSTANTS, INSTANTS)
def test_between_instants_it_is_what_passed_in_utc(start, end):
    assert duration_between(start, end) == end.astimezone(UTC) - start.astimezone(UTC)
    assert duration_between(end, start) == -duration_between(start, end)


def test_between_days_it_is_whole_days_and_a_night_of_changing_clocks_counts_as_it_was():
    assert duration_between(date(2026, 3, 28), date(2026, 3, 29)) == timedelta(days=1)
    paris = ZoneInfo("Europe/Paris")
    night = datetime(2026, 3, 28, 12, tzinfo=paris), datetime(2026, 3, 29, 12, tzinfo=paris)
    assert duration_between(*night) == timedelta(hours=23)


def test_a_day_and_an_instant_need_a_zone_for_the_civil_day():
    late = datetime(2026, 3, 31, 23, tzinfo=UTC)
    assert duration_between(date(2026, 3, 1), late, "Europe/Paris") == timedelta(days=31)
    assert duration_between(late, date(2026, 4, 2), "UTC") == timedelta(days=2)
    with pytest.raises(InvalidValueError, match="'tz' must be given"):
        duration_between(date(2026, 3, 1), late)


def test_naive_datetimes_are_refused_both_at_once():
    with pytest.raises(InvalidValueError, match=r"'start' must be an aware.*'end' must be an aware"):
        duration_between(datetime(2026, 1, 1), datetime(2026, 1, 2))


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), INSTANTS, st.sampled_from(["UTC", "Europe/Paris", "Asia/Tokyo"]))
def test_a_day_has_happened_once_it_had_begun_before(day, as_of, tz):
    assert is_after(day, as_of, tz) == (Period.day(day, tz=tz).start.astimezone(UTC) >= as_of.astimezone(UTC))


@given(INSTANTS, INSTANTS)
def test_an_instant_has_happened_at_that_very_moment(moment, as_of):
    assert is_after(moment, as_of, "UTC") == (moment.astimezone(UTC) > as_of.astimezone(UTC))
    assert not is_after(as_of, as_of, "UTC")


def test_the_moment_of_a_record_is_its_instant_or_else_its_day():
    day, instant = date(2026, 3, 1), datetime(2026, 3, 1, 9, tzinfo=UTC)
    assert moment_of(SimpleNamespace(closed_at=instant, closed_on=day), "closed") == instant
    assert moment_of(SimpleNamespace(closed_at=None, closed_on=day), "closed") == day
    assert moment_of(SimpleNamespace(closed_at=None), "closed") is None
    with pytest.raises(UnknownFieldError, match="SimpleNamespace has no field 'closed_at or closed_on'; it has name"):
        moment_of(SimpleNamespace(name="x"), "closed")
