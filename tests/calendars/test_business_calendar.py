from __future__ import annotations

import json
import pickle
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from revops_core.calendars import ALWAYS_OPEN, BusinessCalendar, HolidayRule
from revops_core.errors import CalendarHorizonError, InvalidValueError
from revops_core.values.instants import from_microseconds, to_microseconds
from revops_core.values.plain import from_plain, to_plain
from tests.calendars.minute_reference import utc
from tests.calendars.strategies import amounts, calendars, instants

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")
HOUR = timedelta(hours=1)
OFFICE = BusinessCalendar("Mo-Fr 09:00-17:00", tz="Europe/Berlin")
LUNCH = BusinessCalendar("Mo-Fr 09:00-12:00,13:00-17:00", tz="Europe/Berlin")
NIGHTS = BusinessCalendar("Mo-Fr 22:00-06:00", tz="Europe/Berlin")

# 2026-03-02 is a Monday, 2026-03-29 the Sunday on which Berlin sets its clocks forward, 2026-10-25 that on which back.


def at(text, tz=BERLIN):
    return datetime.fromisoformat(text).replace(tzinfo=tz)


def written(moment):
    return moment.strftime("%a %d %H:%M")


class TestTheDecisionTable:
    """One test for each row of the table of decisions, in its order."""

    def test_1_a_budget_used_up_at_closing_is_due_at_closing(self):
        assert written(OFFICE.add(at("2026-03-06 09:00"), 8 * HOUR)) == "Fri 06 17:00"
        assert written(LUNCH.add(at("2026-03-06 09:00"), 3 * HOUR)) == "Fri 06 12:00"

    def test_1_or_at_the_next_opening_where_it_is_asked_for(self):
        assert written(OFFICE.add(at("2026-03-06 09:00"), 8 * HOUR, due_at="next_open")) == "Mon 09 09:00"
        assert written(OFFICE.add(at("2026-03-06 09:00"), 7 * HOUR, due_at="next_open")) == "Fri 06 16:00"

    def test_2_an_opening_is_open_and_a_closing_is_not(self):
        assert OFFICE.is_open(at("2026-03-06 09:00"))
        assert not OFFICE.is_open(at("2026-03-06 17:00"))
        until_midnight = BusinessCalendar("Fr 18:00-24:00", tz="Europe/Berlin")
        assert until_midnight.is_open(at("2026-03-06 23:59:59.999999"))
        assert not until_midnight.is_open(at("2026-03-07 00:00"))

    @pytest.mark.parametrize(
        ("hours", "forward", "back"), [("00:00-24:00", 23, 25), ("22:00-06:00", 7, 9), ("09:00-17:00", 8, 8)]
    )
    def test_3_a_day_has_the_hours_that_pass_in_it(self, hours, forward, back):
        calendar = BusinessCalendar(f"Su {hours}" if hours[0] == "0" else f"Sa {hours}", tz="Europe/Berlin")
        for change, expected in (("2026-03-29", forward), ("2026-10-25", back)):
            noon = at(f"{change} 12:00")
            assert calendar.working_time(noon - 36 * HOUR, noon + 24 * HOUR) == expected * HOUR

    def test_3_a_time_that_the_clocks_jump_over_is_read_with_the_offset_before(self):
        calendar = BusinessCalendar("Su 02:30-05:00", tz="Europe/Berlin")
        assert written(calendar.next_open(at("2026-03-29 00:00"))) == "Sun 29 03:30"
        assert calendar.open_time_on(date(2026, 3, 29)) == 1.5 * HOUR

    def test_3_a_time_that_the_clocks_show_twice_is_the_first(self):
        opens = BusinessCalendar("Su 02:30-05:00", tz="Europe/Berlin")
        closes = BusinessCalendar("Su 01:00-02:30", tz="Europe/Berlin")
        assert opens.open_time_on(date(2026, 10, 25)) == 3.5 * HOUR
        assert closes.open_time_on(date(2026, 10, 25)) == 1.5 * HOUR
        assert opens.next_open(at("2026-10-25 00:00")).fold == 0

    def test_3_a_span_that_the_change_turns_backwards_vanishes(self):
        calendar = BusinessCalendar("Su 02:30-03:15", tz="Europe/Berlin")
        assert calendar.open_time_on(date(2026, 3, 29)) == timedelta(0)
        assert not calendar.is_business_day(date(2026, 3, 29))
        assert calendar.is_business_day(date(2026, 3, 22))

    def test_4_an_instant_in_the_doubled_hour_is_open_where_it_counts(self):
        calendar = BusinessCalendar("Su 01:00-02:30", tz="Europe/Berlin")
        first, second = utc("2026-10-25T00:15"), utc("2026-10-25T01:15")
        assert [written(moment.astimezone(BERLIN)) for moment in (first, second)] == ["Sun 25 02:15"] * 2
        assert [calendar.is_open(first), calendar.is_open(second)] == [True, False]
        assert calendar.working_time(second, second + HOUR) == timedelta(0)

    def test_5_a_start_outside_hours_counts_nothing_until_the_opening(self):
        assert OFFICE.working_time(at("2026-03-07 12:00"), at("2026-03-09 09:00")) == timedelta(0)
        assert written(OFFICE.add(at("2026-03-07 12:00"), HOUR)) == "Mon 09 10:00"

    def test_6_adding_nothing_changes_nothing(self):
        saturday = at("2026-03-07 12:00")
        assert OFFICE.add(saturday, timedelta(0)) == OFFICE.subtract(saturday, timedelta(0)) == saturday
        assert written(OFFICE.next_open(saturday)) == "Mon 09 09:00"
        assert OFFICE.add(saturday, timedelta(0), due_at="next_open") == OFFICE.next_open(saturday)

    def test_7_the_time_back_is_the_time_forth_negative(self):
        a, b = at("2026-03-02 10:00"), at("2026-03-04 11:00")
        assert OFFICE.working_time(b, a) == -OFFICE.working_time(a, b) == -17 * HOUR

    def test_8_what_is_subtracted_to_an_opening_is_that_opening(self):
        assert written(OFFICE.subtract(at("2026-03-03 17:00"), 8 * HOUR)) == "Tue 03 09:00"
        assert written(LUNCH.subtract(at("2026-03-03 15:00"), 2 * HOUR)) == "Tue 03 13:00"

    def test_9_an_override_stands_above_a_holiday_and_replaces_the_whole_date(self):
        eve = date(2026, 12, 24)
        calendar = BusinessCalendar(
            "Mo-Su 08:00-20:00", tz="Europe/Berlin", holidays=[eve], overrides={eve: "10:00-12:00"}
        )
        assert calendar.open_time_on(eve) == 2 * HOUR
        assert calendar.open_time_on(date(2026, 12, 23)) == 12 * HOUR

    def test_10_a_holiday_closes_its_civil_date_and_nothing_else(self):
        holiday = BusinessCalendar("Mo-Fr 22:00-06:00", tz="Europe/Berlin", holidays=[date(2026, 3, 4)])  # a Wednesday
        stretches = holiday.intervals(at("2026-03-03 12:00"), at("2026-03-05 12:00"))
        shown = [(written(stretch.start), written(stretch.end)) for stretch in stretches]
        assert shown == [("Tue 03 22:00", "Wed 04 00:00"), ("Thu 05 00:00", "Thu 05 06:00")]

    def test_10_an_override_past_midnight_adds_to_the_next_date_unless_that_is_replaced_too(self):
        friday = {date(2026, 3, 6): "22:00-10:00"}
        calendar = BusinessCalendar("Sa 09:00-12:00", tz="Europe/Berlin", overrides=friday)
        assert calendar.open_time_on(date(2026, 3, 7)) == 12 * HOUR
        closed = evolve(calendar, holidays=[date(2026, 3, 7)])
        assert closed.open_time_on(date(2026, 3, 7)) == timedelta(0)
        assert closed.open_time_on(date(2026, 3, 6)) == 2 * HOUR

    def test_11_spans_that_overlap_count_once(self):
        calendar = BusinessCalendar("Mo 09:00-13:00,12:00-17:00; Tu 22:00-10:00; We 08:00-12:00", tz="Europe/Berlin")
        assert calendar.open_time_on(date(2026, 3, 2)) == 8 * HOUR
        assert calendar.open_time_on(date(2026, 3, 4)) == 12 * HOUR

    @pytest.mark.parametrize("hours", ["off", "Mo off", "PH 09:00-12:00", "24/7; Mo-Su off"])
    def test_12_a_calendar_that_never_opens_is_refused(self, hours):
        with pytest.raises(InvalidValueError, match="must be open at some time"):
            BusinessCalendar(hours, tz="UTC", holidays=(), overrides={date(2026, 3, 2): ""})

    def test_12_holidays_that_shadow_every_opening_end_in_an_error(self):
        mondays = BusinessCalendar(
            "Mo 09:00-12:00", tz="UTC", holidays=[date(2026, 1, 5) + n * timedelta(7) for n in range(52)],
            first_year=2026, last_year=2026,
        )  # fmt: skip
        with pytest.raises(CalendarHorizonError):
            mondays.add(utc("2026-03-02"), HOUR)
        with pytest.raises(CalendarHorizonError):
            mondays.add_business_days(utc("2026-03-02"), 1)

    def test_24_three_business_days_are_not_twenty_four_hours(self):
        thursday = at("2026-03-05 16:00")
        assert written(OFFICE.add_business_days(thursday, 3)) == "Tue 10 17:00"
        assert written(OFFICE.add_business_days(thursday, 3, due_at="same_time")) == "Tue 10 16:00"
        assert written(OFFICE.add(thursday, 24 * HOUR)) == "Tue 10 16:00"
        assert written(LUNCH.add(thursday, 24 * HOUR)) == "Wed 11 11:00"

    def test_31_microseconds_are_exact(self):
        start = at("2026-03-06 16:59:59.999999")
        assert OFFICE.working_time(start, at("2026-03-09 09:00:00.000001")) == timedelta(microseconds=2)
        assert OFFICE.add(start, timedelta(microseconds=2)) == at("2026-03-09 09:00:00.000001")

    def test_32_a_calendar_keeps_wall_times_and_no_instants(self):
        plain = to_plain(BusinessCalendar("Mo-Fr 09:00-17:00", tz="Asia/Tehran", overrides={date(2022, 3, 22): "off"}))
        assert plain["hours"] == "Mo-Fr 09:00-17:00"
        assert plain["tz"] == "Asia/Tehran"
        assert plain["overrides"] == {"2022-03-22": ""}


class TestAwkwardZones:
    def test_a_day_that_the_zone_skipped_has_no_hours(self):
        apia = BusinessCalendar("Mo-Fr 09:00-17:00", tz="Pacific/Apia")
        skipped = date(2011, 12, 30)  # a Friday
        assert not apia.is_business_day(skipped)
        assert apia.open_time_on(date(2011, 12, 29)) == 8 * HOUR
        assert apia.add_business_days(at("2011-12-29 10:00", ZoneInfo("Pacific/Apia")), 1).date() == date(2012, 1, 2)

    def test_an_override_of_a_skipped_day_opens_nothing(self):
        apia = BusinessCalendar("Mo 09:00-17:00", tz="Pacific/Apia", overrides={date(2011, 12, 30): "09:00-17:00"})
        assert apia.open_time_on(date(2011, 12, 30)) == apia.open_time_on(date(2011, 12, 31)) == timedelta(0)

    def test_half_an_hour_is_lost_and_won_on_lord_howe(self):
        nights = BusinessCalendar("Sa 22:00-06:00", tz="Australia/Lord_Howe")
        zone = ZoneInfo("Australia/Lord_Howe")
        for day, hours in (("2026-10-03", 7.5), ("2026-04-04", 8.5)):
            noon = at(f"{day} 12:00", zone)
            assert nights.working_time(noon, noon + 24 * HOUR) == hours * HOUR

    def test_a_zone_that_dropped_its_summer_time_keeps_its_wall_hours(self):
        tehran = BusinessCalendar("Sa-We 08:00-16:00", tz="Asia/Tehran")
        shown = {
            year: tehran.next_open(at(f"{year}-06-05 00:00", ZoneInfo("Asia/Tehran"))).astimezone(UTC).strftime("%H:%M")
            for year in (2022, 2023)
        }
        assert shown == {2022: "03:30", 2023: "04:30"}

    def test_hours_end_with_their_civil_date_where_the_gap_ends_at_midnight(self):
        nuuk = BusinessCalendar("Sa 22:00-23:30", tz="America/Nuuk")
        assert nuuk.open_time_on(date(2025, 3, 29)) == HOUR
        assert nuuk.open_time_on(date(2025, 3, 30)) == timedelta(0)

    @pytest.mark.parametrize(
        ("hours", "minutes"), [("Su 00:00-00:01", 1), ("Su 00:00-01:00", 0), ("Su 00:00-00:01,00:00-01:00", 0)]
    )
    def test_spans_are_united_on_the_wall_clock_before_the_clocks_jump_over_them(self, hours, minutes):
        sao_paulo = BusinessCalendar(hours, tz="America/Sao_Paulo")  # from 00:00 to 01:00 on that Sunday
        assert sao_paulo.open_time_on(date(2018, 11, 4)) == minutes * timedelta(minutes=1)

    def test_a_leap_day_is_a_day(self):
        assert [OFFICE.is_business_day(date(year, 2, 28) + timedelta(1)) for year in (2023, 2024)] == [True, True]
        assert OFFICE.working_time(at("2024-02-28 17:00"), at("2024-03-01 09:00")) == 8 * HOUR


@pytest.mark.parametrize(
    ("zone", "link"), [("Asia/Kolkata", "Asia/Calcutta"), ("America/New_York", "US/Eastern"), ("Etc/UTC", "UTC")]
)
@given(a=instants, n=amounts)
def test_two_names_of_one_zone_give_the_same_answers(zone, link, a, n):
    one, other = (BusinessCalendar("Mo-Fr 22:00-06:00; Su 01:30-02:30", tz=tz).compiled for tz in (zone, link))
    assert one.add(a, n) == other.add(a, n)
    assert one.is_open(a) == other.is_open(a)


@given(calendar=calendars(), a=instants, b=instants, n=amounts)
def test_questions_on_datetimes_have_the_answers_of_the_compiled_calendar(calendar, a, b, n):
    table, span = calendar.compiled, timedelta(microseconds=n)
    start, end = from_microseconds(a, NEW_YORK), from_microseconds(b, BERLIN)
    assert calendar.working_time(start, end) == timedelta(microseconds=table.open_between(a, b))
    assert calendar.working_time_many([start, end], [end, start]) == [
        calendar.working_time(start, end),
        calendar.working_time(end, start),
    ]
    assert calendar.is_open(start) == table.is_open(a)
    answers = {
        calendar.add(start, span): table.add(a, n),
        calendar.add(start, span, due_at="next_open"): table.next_open(table.add(a, n)),
        calendar.add_many([start], span)[0]: table.add(a, n),
        calendar.add_many([start], span, due_at="next_open")[0]: table.next_open(table.add(a, n)),
        calendar.subtract(start, span): table.subtract(a, n),
        calendar.next_open(start): table.next_open(a),
        calendar.next_close(start): table.next_close(a),
    }
    for answer, expected in answers.items():
        assert to_microseconds(answer) == expected
        assert answer.tzinfo is NEW_YORK


@given(calendar=calendars(), a=instants, days=st.integers(0, 40))
def test_the_open_intervals_sum_to_the_working_time(calendar, a, days):
    start = from_microseconds(a, BERLIN)
    end = from_microseconds(a + days * 86_400_000_000, NEW_YORK)
    intervals = calendar.intervals(start, end)
    assert sum((interval.duration for interval in intervals), timedelta(0)) == calendar.working_time(start, end)
    assert all(calendar.is_open(interval.start) and not calendar.is_open(interval.end) for interval in intervals[:-1])


@given(calendar=calendars(), a=instants, count=st.integers(1, 400))
def test_the_nth_business_day_has_n_open_dates_up_to_it(calendar, a, count):
    zone = ZoneInfo(calendar.tz)
    start = from_microseconds(a, zone)
    due = calendar.add_business_days(start, count)
    passed = to_microseconds(due) - 1  # a date that is open to the end closes when the next begins
    last = from_microseconds(passed, zone).date()
    first = start.date()
    days = (last - first).days
    assert sum(calendar.is_business_day(first + timedelta(days=n)) for n in range(1, days + 1)) == count
    assert calendar.is_open(from_microseconds(passed))
    midnight = datetime.combine(last + timedelta(days=1), time(), zone)
    assert calendar.working_time(due, midnight) == timedelta(0)


class TestBusinessDays:
    @pytest.mark.parametrize("start", ["2026-03-06 08:00", "2026-03-06 23:00", "2026-03-07 12:00", "2026-03-08 12:00"])
    def test_from_friday_and_from_the_weekend_one_business_day_ends_on_monday(self, start):
        assert written(OFFICE.add_business_days(at(start), 1)) == "Mon 09 17:00"

    def test_the_date_is_that_of_the_zone_of_the_calendar(self):
        friday_night = at("2026-03-05 20:00", NEW_YORK)  # Friday 02:00 in Berlin
        assert OFFICE.add_business_days(friday_night, 1) == at("2026-03-09 17:00")
        assert OFFICE.add_business_days(friday_night, 1).tzinfo is NEW_YORK

    def test_the_same_time_is_kept_where_it_is_closed(self):
        assert written(OFFICE.add_business_days(at("2026-03-07 20:30"), 1, due_at="same_time")) == "Mon 09 20:30"

    def test_the_same_time_that_the_clocks_jump_over_is_read_with_the_offset_before(self):
        always = BusinessCalendar("24/7", tz="Europe/Berlin")
        assert written(always.add_business_days(at("2026-03-28 02:30"), 1, due_at="same_time")) == "Sun 29 03:30"

    def test_the_same_time_that_the_clocks_show_twice_is_the_first(self):
        always = BusinessCalendar("24/7", tz="Europe/Berlin")
        due = always.add_business_days(at("2026-10-24 02:30"), 1, due_at="same_time")
        assert due.astimezone(UTC) == utc("2026-10-25T00:30")

    def test_a_date_that_is_open_past_midnight_closes_at_midnight(self):
        assert written(NIGHTS.add_business_days(at("2026-03-02 12:00"), 1)) == "Wed 04 00:00"

    def test_years_are_crossed(self):
        assert OFFICE.add_business_days(at("2026-01-01 12:00"), 1000).date() == date(2029, 11, 1)

    def test_the_last_year_has_its_dates_and_those_after_it_are_refused(self):
        assert OFFICE.add_business_days(at("2050-12-29 12:00"), 1) == at("2050-12-30 17:00")
        with pytest.raises(CalendarHorizonError):
            OFFICE.add_business_days(at("2050-12-30 12:00"), 2)

    @pytest.mark.parametrize("count", [0, -1, 1.5, True, None])
    def test_a_count_below_one_is_refused(self, count):
        with pytest.raises(InvalidValueError, match="'count' must be an int of at least 1"):
            OFFICE.add_business_days(at("2026-03-02 12:00"), count)


class TestAlwaysOpen:
    def test_its_working_time_is_the_time_that_passes(self):
        a, b = at("2026-03-28 12:00"), at("2026-03-29 12:00")
        assert ALWAYS_OPEN.working_time(a, b) == 23 * HOUR
        assert ALWAYS_OPEN.add(a, 23 * HOUR) == b

    def test_it_has_one_interval_and_no_close(self):
        a, b = utc("2024-06-01"), utc("2031-06-01")
        (interval,) = ALWAYS_OPEN.intervals(a, b)
        assert (interval.start, interval.end) == (a, b)
        with pytest.raises(CalendarHorizonError):
            ALWAYS_OPEN.next_close(a)

    def test_it_opens_to_the_last_instant(self):
        last = utc("2050-12-31T23:59:59.999999")
        assert ALWAYS_OPEN.is_open(last)
        assert ALWAYS_OPEN.add(last, timedelta(microseconds=1)) == utc("2051-01-01")


class TestTheDefinition:
    def test_fields_are_kept_in_their_regular_form(self):
        calendar = BusinessCalendar(
            "mo-fr 9:00-17:00; PH off",
            tz=BERLIN,
            holidays=(day for day in (date(2026, 5, 1), date(2026, 1, 1), date(2026, 5, 1))),
            overrides={date(2026, 12, 31): "off", "2026-12-24": " 9:00-12:00"},
        )
        assert calendar.hours == "Mo-Fr 09:00-17:00"
        assert calendar.tz == "Europe/Berlin"
        assert calendar.holidays == (date(2026, 1, 1), date(2026, 5, 1))
        assert list(calendar.overrides.items()) == [("2026-12-24", "09:00-12:00"), ("2026-12-31", "")]
        assert calendar.holidays_known_until == date(2026, 12, 31)

    def test_holidays_may_be_known_until_a_day_that_is_given(self):
        assert BusinessCalendar(
            "24/7", tz="UTC", holidays=[date(2026, 1, 1)], holidays_known_until=date(2030, 1, 1)
        ).holidays_known_until == date(2030, 1, 1)
        assert OFFICE.holidays_known_until == date(2050, 12, 31)

    def test_holidays_may_have_hours(self):
        calendar = BusinessCalendar(
            "Mo-Fr 09:00-17:00; PH 10:00-12:00", tz="UTC", holidays=[HolidayRule.fixed(1, 1, observed="next_weekday")]
        )
        assert calendar.open_time_on(date(2028, 1, 1)) == calendar.open_time_on(date(2028, 1, 3)) == 2 * HOUR

    def test_holiday_hours_past_midnight_add_to_the_next_date_unless_that_is_replaced_too(self):
        calendar = BusinessCalendar(
            "Mo-Fr 09:00-17:00; PH 20:00-10:00",
            tz="UTC",
            holidays=[date(2026, 3, 2), date(2026, 3, 3), date(2026, 3, 5)],
            overrides={date(2026, 3, 6): "", date(2026, 3, 3): "12:00-13:00"},
        )
        hours = [calendar.open_time_on(date(2026, 3, day)) / HOUR for day in range(2, 8)]
        assert hours == [4, 1, 8, 4, 0, 0]
        later = evolve(calendar, overrides={})
        assert [later.open_time_on(date(2026, 3, day)) / HOUR for day in range(2, 8)] == [4, 4, 17, 4, 17, 0]

    def test_a_week_of_nothing_but_holidays_or_overrides_is_a_calendar(self):
        day = date(2026, 1, 1)
        for calendar in (
            BusinessCalendar("PH 10:00-12:00", tz="UTC", holidays=[day]),
            BusinessCalendar("off", tz="UTC", overrides={day: "10:00-12:00"}),
        ):
            assert calendar.next_open(utc("2020-01-01")) == utc("2026-01-01T10:00")

    def test_all_faults_are_told_at_once(self):
        with pytest.raises(InvalidValueError) as caught:
            BusinessCalendar(
                "Mo-Fr 9-17; Xx 09:00-10:00",
                tz="Europe/Berln",
                holidays=[date(2026, 1, 1), "2026-05-01"],
                overrides={"tomorrow": "", date(2026, 1, 2): "10", "2026-01-02": "", 7: "", at("2026-01-05"): ""},
                name=None,
                version=2,
                first_year=2030,
                last_year=2020,
                holidays_known_until=at("2026-01-01 00:00"),
            )
        assert [fault.field for fault in caught.value.faults] == [
            "tz",
            "name",
            "version",
            "holidays_known_until",
            "last_year",
            "hours",
            "hours",
            "holidays[1]",
            "overrides[tomorrow]",
            "overrides[2026-01-02]",
            "overrides[2026-01-02]",
            "overrides[7]",
            "overrides[2026-01-05 00:00:00+01:00]",
        ]
        assert "at position 6" in str(caught.value)

    @pytest.mark.parametrize("tz", ["", "Berlin", "../UTC", "Europe", "/etc/localtime", None, 7, UTC, timezone(HOUR)])
    def test_an_unknown_zone_is_refused(self, tz):
        with pytest.raises(InvalidValueError, match="'tz' must be the key of an IANA time zone"):
            BusinessCalendar("24/7", tz=tz)

    @pytest.mark.parametrize("years", [(1969, 2050), (2000, 2201), (2000.0, 2050), ("2000", 2050)])
    def test_years_outside_the_possible_are_refused(self, years):
        with pytest.raises(InvalidValueError, match="must be a year from 1970 to 2200"):
            BusinessCalendar("24/7", tz="UTC", first_year=years[0], last_year=years[1])

    def test_overrides_that_are_no_mapping_and_hours_that_are_no_text_are_refused(self):
        with pytest.raises(InvalidValueError) as caught:
            BusinessCalendar(9, tz="UTC", overrides=["2026-01-01"])
        assert [fault.field for fault in caught.value.faults] == ["hours", "overrides"]

    @given(calendar=calendars())
    def test_plain_data_and_pickles_give_the_same_calendar(self, calendar):
        again = from_plain(BusinessCalendar, json.loads(json.dumps(to_plain(calendar))))
        assert again == calendar
        assert hash(again) == hash(calendar)
        assert again.fingerprint == calendar.fingerprint
        assert pickle.loads(pickle.dumps(calendar)) == calendar

    def test_the_fingerprint_tells_another_content_and_not_another_name(self):
        one = BusinessCalendar("Mo-Fr 09:00-17:00", tz="Europe/Berlin", holidays=[date(2026, 1, 1)])
        assert evolve(one, name="office", version="7").fingerprint == one.fingerprint
        others = (
            evolve(one, hours="Mo-Fr 09:00-18:00"),
            evolve(one, tz="Europe/Paris"),
            evolve(one, holidays=[date(2026, 1, 2)]),
            evolve(one, overrides={date(2026, 1, 2): ""}),
            evolve(one, last_year=2040),
            evolve(one, first_year=2010),
        )
        assert len({one.fingerprint, *(other.fingerprint for other in others)}) == 7

    def test_a_calendar_shows_how_many_holidays_it_has_and_not_each(self):
        calendar = evolve(OFFICE, holidays=[date(2026, 1, 1)])
        assert "holidays=<1 dates>" in repr(calendar)

    def test_two_calendars_of_one_content_share_their_table(self):
        assert BusinessCalendar("Mo-Fr 09:00-17:00", tz="Europe/Berlin").compiled is OFFICE.compiled


class NoOffset(tzinfo):
    """A zone that does not know its offset, which makes a datetime naive."""

    def utcoffset(self, _):
        return None


class TestBadArguments:
    moment = at("2026-03-02 10:00")
    naive = datetime(2026, 3, 2, 10)

    @pytest.mark.parametrize(
        "wrong", [naive, naive.replace(tzinfo=NoOffset()), date(2026, 3, 2), "2026-03-02", None, 7, 7.5, HOUR]
    )
    @pytest.mark.parametrize(
        ("verb", "arguments"),
        [
            ("is_open", ("wrong",)),
            ("next_open", ("wrong",)),
            ("next_close", ("wrong",)),
            ("working_time", ("wrong", moment)),
            ("working_time", (moment, "wrong")),
            ("working_time_many", ([moment], ["wrong"])),
            ("add", ("wrong", HOUR)),
            ("add_many", (["wrong"], HOUR)),
            ("subtract", ("wrong", HOUR)),
            ("intervals", ("wrong", moment)),
            ("intervals", (moment, "wrong")),
            ("add_business_days", ("wrong", 1)),
        ],
        ids=lambda value: value if isinstance(value, str) else str(value).find("wrong"),
    )
    def test_what_is_no_aware_datetime_is_refused(self, verb, arguments, wrong):
        given = [wrong if item == "wrong" else [wrong] if item == ["wrong"] else item for item in arguments]
        with pytest.raises(InvalidValueError, match="must be an aware datetime"):
            getattr(OFFICE, verb)(*given)

    def test_all_arguments_that_are_wrong_are_told_at_once(self):
        with pytest.raises(InvalidValueError) as caught:
            OFFICE.add(self.naive, -HOUR)
        assert [fault.field for fault in caught.value.faults] == ["start", "span"]
        with pytest.raises(InvalidValueError) as caught:
            OFFICE.working_time(self.naive, None)
        assert [fault.field for fault in caught.value.faults] == ["start", "end"]

    @pytest.mark.parametrize("wrong", [-HOUR, timedelta(microseconds=-1), 8, None])
    def test_a_span_that_is_negative_or_no_timedelta_is_refused(self, wrong):
        for ask in (OFFICE.add, OFFICE.subtract):
            with pytest.raises(InvalidValueError, match="'span' must be a timedelta of at least 0"):
                ask(self.moment, wrong)

    def test_an_unknown_choice_of_due_is_refused(self):
        with pytest.raises(InvalidValueError, match="'due_at' must be one of 'close', 'next_open'"):
            OFFICE.add(self.moment, HOUR, due_at="opening")
        with pytest.raises(InvalidValueError, match="'due_at' must be one of 'close', 'same_time'"):
            OFFICE.add_business_days(self.moment, 1, due_at="next_open")

    def test_intervals_do_not_run_backwards_and_an_empty_span_has_none(self):
        with pytest.raises(InvalidValueError, match="'end' must not be before 'start'"):
            OFFICE.intervals(self.moment, self.moment - HOUR)
        assert OFFICE.intervals(self.moment, self.moment) == ()

    def test_a_date_is_asked_for_by_a_date(self):
        for wrong in (self.moment, "2026-03-02"):
            with pytest.raises(InvalidValueError, match="'day' must be a date"):
                OFFICE.is_business_day(wrong)

    def test_pairs_must_be_as_many(self):
        with pytest.raises(InvalidValueError, match="'ends' must be as many as the 1 'starts'"):
            OFFICE.working_time_many([self.moment], [])
        with pytest.raises(InvalidValueError, match="'spans' must be as many as the 1 'starts'"):
            OFFICE.add_many([self.moment], [])

    def test_every_fault_of_a_batch_is_told_with_its_place(self):
        naive = self.moment.replace(tzinfo=None)
        for verb, arguments, fields in (
            ("working_time_many", ([naive, self.moment], [self.moment, 5]), ["starts[0]", "ends[1]"]),
            ("add_many", ([self.moment, naive], [-HOUR, HOUR]), ["starts[1]", "spans[0]"]),
            ("intervals", (naive, 5), ["start", "end"]),
            ("add_business_days", (naive, 0), ["start", "count"]),
        ):
            with pytest.raises(InvalidValueError) as caught:
                getattr(OFFICE, verb)(*arguments)
            assert [fault.field for fault in caught.value.faults] == fields
        with pytest.raises(InvalidValueError, match="'due_at' must be one of 'close', 'next_open'"):
            OFFICE.add_many([self.moment], HOUR, due_at="noon")

    def test_a_batch_adds_one_span_to_all_or_one_to_each(self):
        moments = [self.moment, self.moment + HOUR]
        assert OFFICE.add_many(moments, HOUR) == [OFFICE.add(moment, HOUR) for moment in moments]
        assert OFFICE.add_many(moments, [HOUR, 9 * HOUR]) == [
            OFFICE.add(moments[0], HOUR),
            OFFICE.add(moments[1], 9 * HOUR),
        ]

    def test_an_instant_outside_the_years_is_refused(self):
        for outside in ("1999-12-31 12:00", "2051-01-01 12:00"):
            with pytest.raises(CalendarHorizonError):
                OFFICE.is_open(at(outside))
            with pytest.raises(CalendarHorizonError):
                OFFICE.add_business_days(at(outside), 1)
            with pytest.raises(CalendarHorizonError):
                OFFICE.open_time_on(at(outside).date())

    @pytest.mark.parametrize("extreme", [datetime.min, datetime.max, datetime(2, 1, 1), datetime(9998, 1, 1)])
    def test_the_ends_of_time_are_outside_the_years(self, extreme):
        for tz in (NEW_YORK, UTC, timezone(timedelta(hours=14))):
            moment = extreme.replace(tzinfo=tz)
            for ask in (OFFICE.is_open, OFFICE.next_open, OFFICE.next_close):
                with pytest.raises(CalendarHorizonError):
                    ask(moment)
            with pytest.raises(CalendarHorizonError):
                OFFICE.working_time(self.moment, moment)
            with pytest.raises(CalendarHorizonError):
                OFFICE.add_business_days(moment, 1)
        with pytest.raises(CalendarHorizonError):
            OFFICE.open_time_on(extreme.date())

    def test_a_span_longer_than_all_years_is_refused(self):
        for ask in (OFFICE.add, OFFICE.subtract):
            with pytest.raises(CalendarHorizonError):
                ask(self.moment, timedelta.max)
