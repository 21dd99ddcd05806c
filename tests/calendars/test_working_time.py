from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import accumulate, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from revops_core.calendars import BusinessCalendar
from revops_core.calendars.opening_hours import spans_text
from revops_core.errors import CalendarHorizonError, InvalidValueError
from revops_core.values.instants import to_microseconds
from tests.calendars.minute_reference import clocks, middle, open_minutes, utc
from tests.calendars.strategies import DAY, MINUTE, NIGHTS, amounts, calendars, day_spans, instants, week_text, weeks

SECOND = 1_000_000
JUNE = 1_780_300_000_000_000  # Monday 2026-06-01 07:46:40 UTC


@pytest.mark.parametrize("night", NIGHTS.values(), ids=list(NIGHTS))
@settings(max_examples=25, deadline=None)
@given(data=st.data(), week=weeks)
def test_every_minute_of_an_awkward_night_is_open_as_the_wall_clock_says(night, data, week):
    tz, day = night
    days = 7
    first = utc(day) - timedelta(days=4) + timedelta(hours=data.draw(st.sampled_from([0, 11])))
    shown = clocks(tz, first, days)
    near = st.integers(1, days - 2).map(lambda n: shown[0].date() + timedelta(days=n))
    holidays = data.draw(st.sets(near, max_size=2))
    overrides = data.draw(st.dictionaries(near, day_spans(), max_size=2))
    calendar = BusinessCalendar(
        week_text(week),
        tz=tz,
        holidays=holidays,
        overrides={on: spans_text(spans) for on, spans in overrides.items()},
    )
    expected = open_minutes(tz, first, days, week, dict.fromkeys(holidays, ()) | overrides)
    table, start = calendar.compiled, to_microseconds(first)
    sums = [0, *accumulate(expected)]
    inside = middle(tz, first, days)
    for n in inside:
        at = start + n * MINUTE
        assert table.is_open(at) == expected[n], (tz, shown[n])
        assert table.open_between(start + inside.start * MINUTE, at) == (sums[n] - sums[inside.start]) * MINUTE


@given(calendar=calendars(), a=instants, b=instants)
def test_working_time_never_runs_backwards_nor_faster_than_time(calendar, a, b):
    a, b = sorted((a, b))
    assert 0 <= calendar.compiled.open_between(a, b) <= b - a


@given(calendar=calendars(), a=instants, b=instants, c=instants)
def test_working_time_adds_up_in_any_order_of_the_instants(calendar, a, b, c):
    between = calendar.compiled.open_between
    assert between(a, b) + between(b, c) == between(a, c)
    assert between(a, b) == -between(b, a)


@given(calendar=calendars(), a=instants, b=instants)
def test_working_time_is_the_difference_of_what_was_worked(calendar, a, b):
    table = calendar.compiled
    assert table.worked(b) - table.worked(a) == table.open_between(a, b)


@given(calendar=calendars(), t=instants, n=amounts)
def test_what_was_added_lies_between_and_no_earlier_instant_has_it(calendar, t, n):
    table = calendar.compiled
    due = table.add(t, n)
    assert table.open_between(t, due) == n
    assert due == t if n == 0 else table.open_between(t, due - 1) == n - 1


@given(calendar=calendars(), t=instants, n=amounts)
def test_what_was_subtracted_lies_between_and_no_later_instant_has_it(calendar, t, n):
    table = calendar.compiled
    start = table.subtract(t, n)
    assert table.open_between(start, t) == n
    assert start == t if n == 0 else table.open_between(start + 1, t) == n - 1


@given(calendar=calendars(), t=instants, m=amounts, n=amounts)
def test_adding_twice_is_adding_the_sum(calendar, t, m, n):
    table = calendar.compiled
    if m and n:
        assert table.add(table.add(t, m), n) == table.add(t, m + n)
        assert table.subtract(table.subtract(t, m), n) == table.subtract(t, m + n)


@given(calendar=calendars(), t=instants)
def test_an_instant_is_open_where_the_next_microsecond_counts(calendar, t):
    table = calendar.compiled
    assert table.is_open(t) == (table.open_between(t, t + 1) == 1)


@given(calendar=calendars(), t=instants, n=amounts)
def test_subtracting_what_was_added_returns_to_an_open_instant(calendar, t, n):
    table = calendar.compiled
    t = table.next_open(t)
    assert table.subtract(table.add(t, n), n) == t


@given(calendar=calendars(), t=instants)
def test_the_next_opening_is_open_and_nothing_before_it_is(calendar, t):
    table = calendar.compiled
    opening = table.next_open(t)
    assert opening >= t
    assert table.is_open(opening)
    assert table.open_between(t, opening) == 0


@given(calendar=calendars(), t=instants)
def test_the_next_closing_ends_the_first_open_stretch(calendar, t):
    table = calendar.compiled
    closing = table.next_close(t)
    opening = table.next_open(t)
    assert closing > opening
    assert table.open_between(t, closing) == closing - opening
    assert table.is_open(closing - 1)
    assert not table.is_open(closing)


@given(calendar=calendars(), a=instants, length=st.integers(0, 60 * DAY))
def test_the_stretches_between_two_instants_are_the_working_time(calendar, a, length):
    table, b = calendar.compiled, a + length
    found = table.intervals(a, b)
    assert sum(end - start for start, end in found) == table.open_between(a, b)
    assert all(start < end for start, end in found)
    assert all(end < start for (_, end), (start, _) in pairwise(found))
    assert all(a <= start and end <= b for start, end in found)


@given(calendar=calendars(), moments=st.lists(instants, min_size=2, max_size=5))
def test_answers_do_not_depend_on_what_was_asked_before(calendar, moments):
    fresh = BusinessCalendar(
        calendar.hours,
        tz=calendar.tz,
        holidays=calendar.holidays,
        overrides=calendar.overrides,
        first_year=calendar.first_year,
        last_year=calendar.last_year,
        name="asked for the last pair only",
    )
    asked = [calendar.compiled.open_between(a, b) for a, b in pairwise(moments)]
    assert fresh.compiled.open_between(*moments[-2:]) == asked[-1]


def test_a_function_taken_before_the_table_grew_stays_right():
    table = BusinessCalendar("Mo-Fr 09:00-17:00", tz="UTC", name="taken early").compiled
    add, between = table.add, table.open_between
    due = table.add(JUNE, 4000 * 3600 * SECOND)
    assert add is not table.add
    assert add(JUNE, 4000 * 3600 * SECOND) == due
    assert between(JUNE, due) == 4000 * 3600 * SECOND


def test_a_function_taken_before_the_table_was_whole_finds_what_lies_in_the_rest():
    calendar = BusinessCalendar("Mo-Fr 09:00-17:00", tz="UTC", first_year=2024, last_year=2028, name="whole at once")
    table, eve = calendar.compiled, to_microseconds(utc("2026-12-31T23:00"))
    table.cover(JUNE)
    add, subtract, next_open, next_close = table.add, table.subtract, table.next_open, table.next_close
    table.cover(to_microseconds(utc("2024-01-01")), to_microseconds(utc("2029-01-01")))
    assert add(eve, SECOND) == to_microseconds(utc("2027-01-01T09:00:01"))
    assert next_open(eve) == to_microseconds(utc("2027-01-01T09:00"))
    assert next_close(eve) == to_microseconds(utc("2027-01-01T17:00"))
    assert subtract(to_microseconds(utc("2026-01-01T08:00")), SECOND) == to_microseconds(utc("2025-12-31T16:59:59"))


def test_working_time_is_counted_from_one_start_however_the_table_grows():
    table = BusinessCalendar("Mo-Fr 09:00-17:00", tz="UTC", name="grows both ways").compiled
    before = table.worked(JUNE)
    table.subtract(JUNE, 9000 * 3600 * SECOND)
    table.add(JUNE, 9000 * 3600 * SECOND)
    assert table.worked(JUNE) == before


def test_threads_that_grow_one_table_at_once_get_the_answers_of_one_thread():
    moments = [JUNE + n * 97 * DAY for n in range(-60, 61)]
    alone = BusinessCalendar("Mo-Fr 09:00-17:00", tz="Europe/Berlin", first_year=1999)
    expected = [(alone.compiled.add(t, 90 * DAY), alone.compiled.open_between(t, JUNE)) for t in moments]
    for last_year in range(2050, 2056):  # each time a new table
        table = BusinessCalendar("Mo-Fr 09:00-17:00", tz="Europe/Berlin", last_year=last_year).compiled
        with ThreadPoolExecutor(8) as pool:
            asked = pool.map(lambda t, of=table: (of.add(t, 90 * DAY), of.open_between(t, JUNE)), moments)
            assert list(asked) == expected


def test_a_stretch_open_over_new_year_is_one_stretch():
    table = BusinessCalendar("Mo-Fr 22:00-06:00", tz="Europe/Berlin").compiled
    eve = to_microseconds(utc("2025-12-31T22:30"))
    assert table.next_close(eve) == to_microseconds(utc("2026-01-01T05:00"))
    assert len(table.intervals(eve, eve + 8 * 3600 * SECOND)) == 1


class TestTheHorizon:
    calendar = BusinessCalendar("Mo-Fr 09:00-17:00", tz="America/New_York", first_year=2025, last_year=2026)
    first, last = to_microseconds(utc("2025-01-01T05:00")), to_microseconds(utc("2027-01-01T05:00"))

    def test_both_ends_belong_to_the_time_that_is_measured(self):
        table = self.calendar.compiled
        assert table.open_between(self.first, self.last) == 522 * 8 * 3600 * SECOND
        assert table.open_between(self.last, self.last) == 0
        assert table.worked(self.last) - table.worked(self.first) == 522 * 8 * 3600 * SECOND

    @pytest.mark.parametrize("verb", ["is_open", "next_open", "next_close", "worked"])
    def test_an_instant_outside_is_refused(self, verb):
        ask = getattr(self.calendar.compiled, verb)
        ask(self.first)
        for outside in (self.first - 1, self.last + 1, 10**17, -(10**17), 10**19, -(10**19)):
            with pytest.raises(CalendarHorizonError):
                ask(outside)

    def test_the_last_instant_is_in_no_open_stretch_that_is_known(self):
        table = self.calendar.compiled
        for ask in (table.is_open, table.next_open, table.next_close):
            with pytest.raises(CalendarHorizonError):
                ask(self.last)

    def test_the_last_closing_of_all_is_found_and_none_after_it(self):
        closing = to_microseconds(utc("2026-12-31T22:00"))
        assert self.calendar.compiled.next_close(closing - SECOND) == closing
        with pytest.raises(CalendarHorizonError):
            self.calendar.compiled.next_close(closing)

    def test_a_span_that_leaves_the_years_is_refused(self):
        table = self.calendar.compiled
        for ask in (table.open_between, table.intervals):
            with pytest.raises(CalendarHorizonError):
                ask(self.first - 1, self.last)
            with pytest.raises(CalendarHorizonError):
                ask(self.first, self.last + 1)

    def test_all_the_time_there_is_can_be_added_and_no_more(self):
        table, whole = self.calendar.compiled, 522 * 8 * 3600 * SECOND
        assert table.add(self.first, whole) == to_microseconds(utc("2026-12-31T22:00"))
        assert table.subtract(self.last, whole) == to_microseconds(utc("2025-01-01T14:00"))
        for ask, start in ((table.add, self.first), (table.subtract, self.last)):
            with pytest.raises(CalendarHorizonError):
                ask(start, whole + 1)
        with pytest.raises(CalendarHorizonError):
            table.add(self.first - 1, 1)
        with pytest.raises(CalendarHorizonError):
            table.subtract(self.last + 1, 1)

    def test_the_error_tells_the_instant_and_the_years(self):
        with pytest.raises(CalendarHorizonError, match=r"2024-12-31 .* 2025 to 2026") as caught:
            self.calendar.compiled.worked(self.first - DAY)
        assert (caught.value.first_year, caught.value.last_year) == (2025, 2026)
        assert caught.value.at == utc("2024-12-31T05:00")

    def test_a_calendar_that_holidays_shadow_whole_ends_in_an_error(self):
        class EveryDay:
            def __contains__(self, day):
                return True

        table = BusinessCalendar("Mo-Fr 09:00-17:00", tz="UTC", holidays=EveryDay()).compiled
        assert table.open_between(JUNE, JUNE + 300 * DAY) == 0
        for ask in (table.next_open, table.next_close):
            with pytest.raises(CalendarHorizonError):
                ask(JUNE)
        for ask in (table.add, table.subtract):
            with pytest.raises(CalendarHorizonError):
                ask(JUNE, 1)


def test_a_negative_amount_is_refused():
    table = BusinessCalendar("Mo-Fr 09:00-17:00", tz="UTC").compiled
    for verb in ("add", "subtract"):
        with pytest.raises(InvalidValueError, match=rf"WorkingTime\.{verb}: 'n' must not be negative"):
            getattr(table, verb)(JUNE, -1)
