"""Worked numbers of others for business calendars."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from revops_core.calendars import BusinessCalendar, HolidayRule

HOUR = timedelta(hours=1)


def at(text, tz=UTC):
    return datetime.fromisoformat(text).replace(tzinfo=tz)


# businesstimedelta 1.0.1, README: https://pypi.org/project/businesstimedelta/
class TestBusinesstimedelta:
    office = BusinessCalendar("Mo-Fr 09:00-12:00,13:00-18:00", tz="UTC")

    def test_a_week_with_a_lunch_break_has_forty_hours(self):
        assert self.office.working_time(at("2016-01-18 09:00"), at("2016-01-22 18:00")) == 40 * HOUR

    def test_forty_hours_there_and_back(self):
        assert self.office.add(at("2016-01-18 09:00"), 40 * HOUR) == at("2016-01-22 18:00")
        assert self.office.subtract(at("2016-01-22 18:00"), 40 * HOUR) == at("2016-01-18 09:00")

    def test_the_week_of_christmas_has_thirty_two(self):
        closed = BusinessCalendar(self.office.hours, tz="UTC", holidays=[HolidayRule.fixed(12, 25)])
        assert closed.working_time(at("2015-12-21 09:00"), at("2015-12-28 09:00")) == 32 * HOUR

    def test_a_day_in_san_francisco_has_four_hours_of_santiago(self):
        santiago = BusinessCalendar("Mo-Fr 09:00-12:00,13:00-18:00", tz="America/Santiago")
        california = ZoneInfo("America/Los_Angeles")
        assert santiago.working_time(at("2016-01-18 09:00", california), at("2016-01-18 18:00", california)) == 4 * HOUR

    def test_a_day_shift_and_a_night_shift(self):
        shifts = BusinessCalendar("Mo-Fr 09:00-17:00,23:00-07:00", tz="UTC")
        # Their README says 80 hours from Monday 09:00 to Friday 18:00, which holds five days and four whole nights: 72.
        # The package itself answers 72 too; 80 are reached where Friday's night is counted.
        assert shifts.working_time(at("2016-01-18 09:00"), at("2016-01-22 18:00")) == 72 * HOUR
        assert shifts.working_time(at("2016-01-18 09:00"), at("2016-01-23 07:00")) == 80 * HOUR


# pandas, user guide, "Business hour": https://pandas.pydata.org/docs/user_guide/timeseries.html#business-hour
class TestPandas:
    office = BusinessCalendar("Mo-Fr 09:00-17:00", tz="UTC")
    night = BusinessCalendar("Mo-Fr 17:00-09:00", tz="UTC")

    @pytest.mark.parametrize(
        ("start", "hours", "due"),
        [
            ("2014-08-01 10:00", 1, "2014-08-01 11:00"),
            ("2014-08-01 08:00", 1, "2014-08-01 10:00"),
            ("2014-08-01 16:00", 1, "2014-08-04 09:00"),  # at closing pandas goes on to the next opening
            ("2014-08-01 16:30", 1, "2014-08-04 09:30"),
            ("2014-08-01 10:00", 2, "2014-08-01 12:00"),
            ("2014-08-02 15:00", 1, "2014-08-04 10:00"),
        ],
    )
    def test_hours_are_added_to_office_hours(self, start, hours, due):
        assert self.office.add(at(start), hours * HOUR, due_at="next_open") == at(due)

    def test_hours_are_subtracted(self):
        assert self.office.subtract(at("2014-08-01 10:00"), 3 * HOUR) == at("2014-07-31 15:00")

    def test_a_moment_in_the_weekend_rolls_forward(self):
        assert self.office.next_open(at("2014-08-02 15:00")) == at("2014-08-04 09:00")

    @pytest.mark.parametrize(
        ("start", "due"),
        [
            ("2014-08-01 17:00", "2014-08-01 18:00"),
            ("2014-08-01 23:00", "2014-08-02 00:00"),
            ("2014-08-02 04:00", "2014-08-02 05:00"),
            ("2014-08-04 04:00", "2014-08-04 18:00"),
        ],
    )
    def test_hours_are_added_to_night_shifts(self, start, due):
        assert self.night.add(at(start), HOUR) == at(due)

    def test_the_monday_of_martin_luther_king_is_skipped(self):
        office = BusinessCalendar("Mo-Fr 09:00-17:00", tz="UTC", holidays=[HolidayRule.nth_weekday(1, "Mo", 3)])
        assert office.add(at("2014-01-17 15:00"), HOUR) == at("2014-01-17 16:00")
        assert office.add(at("2014-01-17 15:00"), 2 * HOUR, due_at="next_open") == at("2014-01-21 09:00")


# numpy, busday_count: https://numpy.org/doc/stable/reference/generated/numpy.busday_count.html
@pytest.mark.parametrize(
    ("hours", "first", "end", "count"),
    [
        ("Mo-Fr 09:00-17:00", date(2011, 1, 1), date(2011, 2, 1), 21),
        ("Mo-Fr 09:00-17:00", date(2011, 1, 1), date(2012, 1, 1), 260),
        ("Sa 09:00-17:00", date(2011, 1, 1), date(2012, 1, 1), 53),
    ],
)
def test_business_days_are_as_many_as_numpy_counts(hours, first, end, count):
    calendar = BusinessCalendar(hours, tz="UTC")
    days = (first + timedelta(days=n) for n in range((end - first).days))
    assert sum(map(calendar.is_business_day, days)) == count


# zendesk/biz, the schedule and the week of its specification:
# https://github.com/zendesk/biz/blob/main/spec/calculation/duration_within_spec.rb
def test_the_week_of_biz_has_thirty_nine_and_a_half_hours():
    calendar = BusinessCalendar("Mo,We,Fr 09:00-17:00; Tu,Th 10:00-16:00; Sa 11:00-14:30", tz="Etc/UTC")
    assert calendar.working_time(at("2006-01-01"), at("2006-01-08")) == 39.5 * HOUR
