from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revops_core.calendars import HolidayRule, holiday_dates
from revops_core.calendars.holidays import taken_dates
from revops_core.errors import InvalidValueError

FIXED, NTH, NEAR, EASTER = HolidayRule.fixed, HolidayRule.nth_weekday, HolidayRule.weekday_near, HolidayRule.easter

UNITED_STATES = (
    FIXED(1, 1, observed="nearest_weekday"),
    NTH(1, "Mo", 3),
    NTH(2, "Mo", 3),
    NTH(5, "Mo", -1),
    FIXED(6, 19, observed="nearest_weekday", since=2021),
    FIXED(7, 4, observed="nearest_weekday"),
    NTH(9, "Mo", 1),
    NTH(10, "Mo", 2),
    FIXED(11, 11, observed="nearest_weekday"),
    NTH(11, "Th", 4),
    FIXED(12, 25, observed="nearest_weekday"),
)
GERMANY = (
    FIXED(1, 1),
    EASTER(-2),
    EASTER(1),
    FIXED(5, 1),
    EASTER(39),
    EASTER(50),
    FIXED(10, 3),
    FIXED(12, 25),
    FIXED(12, 26),
)


def dates(rule, *years):
    return [day.isoformat() for day in holiday_dates([rule], years[0], years[-1])]


def test_rules_give_the_holidays_of_a_country_as_the_holidays_package_has_them():
    package = pytest.importorskip("holidays", reason="compares with the holidays package")
    for rules, country, first in ((UNITED_STATES, "US", 2000), (GERMANY, "DE", 2000)):
        expected = set(package.country_holidays(country, years=range(first, 2051)))
        expected -= {date(2017, 10, 31)} if country == "DE" else set()  # the Reformation's 500th year, that once
        assert set(holiday_dates(rules, first, 2050)) == expected


def test_the_last_monday_of_may():
    assert dates(NTH(5, "Mo", -1), 2024, 2026) == ["2024-05-27", "2025-05-26", "2026-05-25"]


def test_a_fifth_weekday_is_kept_only_where_the_month_has_one():
    assert dates(NTH(3, "Mo", 5), 2024, 2027) == ["2025-03-31", "2026-03-30", "2027-03-29"]
    assert dates(NTH(3, "Mo", -5), 2024, 2027) == ["2025-03-03", "2026-03-02", "2027-03-01"]


def test_the_day_after_thanksgiving():
    assert dates(NTH(11, "Th", 4, offset_days=1), 2024) == ["2024-11-29"]


def test_the_weekday_on_or_after_a_date_and_on_or_before_it():
    assert dates(NEAR(6, 20, "Sa"), 2026) == ["2026-06-20"]
    assert dates(NEAR(6, 20, "Sa"), 2025) == ["2025-06-21"]
    assert dates(NEAR(5, 24, "Mo", -1), 2026) == ["2026-05-18"]
    assert dates(NEAR(12, 30, "Fr"), 2023) == []
    assert dates(NEAR(12, 30, "Fr"), 2024) == ["2024-01-05"]  # that of 2023


def test_easter_in_both_churches():
    assert dates(EASTER(), 2024, 2026) == ["2024-03-31", "2025-04-20", "2026-04-05"]
    assert dates(EASTER(orthodox=True), 2024, 2026) == ["2024-05-05", "2025-04-20", "2026-04-12"]


def test_29_february_is_kept_in_leap_years():
    assert dates(FIXED(2, 29), 2023, 2028) == ["2024-02-29", "2028-02-29"]


def test_a_holiday_on_saturday_is_observed_on_friday_also_in_the_year_before():
    new_year = FIXED(1, 1, observed="nearest_weekday")
    assert dates(new_year, 2021) == ["2021-01-01", "2021-12-31"]
    assert dates(new_year, 2022, 2023) == ["2022-01-01", "2023-01-01", "2023-01-02"]


@pytest.mark.parametrize(("year", "days"), [(2020, [25, 26, 28]), (2021, [25, 26, 27, 28]), (2022, [25, 26, 27])])
def test_two_holidays_on_one_weekend_are_observed_on_two_weekdays(year, days):
    rules = [FIXED(12, day, observed="next_weekday") for day in (25, 26)]
    assert [day.day for day in holiday_dates(rules, year, year)] == days


def test_only_sunday_is_made_up_for_where_the_rule_says_so():
    rule = FIXED(2, 11, observed="next_weekday_after_sunday")
    assert dates(rule, 2023, 2024) == ["2023-02-11", "2024-02-11", "2024-02-12"]


def test_a_rule_is_kept_in_its_years_only():
    assert dates(FIXED(6, 19, since=2021, until=2022), 2020, 2024) == ["2021-06-19", "2022-06-19"]


@given(
    month=st.integers(1, 12),
    weekday=st.sampled_from(["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"]),
    nth=st.integers(1, 4),
    year=st.integers(1970, 2200),
)
def test_the_nth_weekday_is_that_weekday_in_its_week_of_the_month(month, weekday, nth, year):
    (day,) = holiday_dates([NTH(month, weekday, nth)], year, year)
    assert (day.month, (day.day - 1) // 7 + 1, "MoTuWeThFrSaSu"[2 * day.weekday() :][:2]) == (month, nth, weekday)


@pytest.mark.parametrize(
    ("fields", "faulty"),
    [
        ({"month": 13, "day": 1}, ["month"]),
        ({"month": 2, "day": 30}, ["day"]),
        ({"month": 4, "day": 31}, ["day"]),
        ({"month": 4}, ["day"]),
        ({"day": 4}, ["month"]),
        ({"weekday": "Mo"}, ["month"]),
        ({"month": 5, "weekday": "Monday", "nth": 0, "observed": "someday"}, ["weekday", "nth", "observed"]),
        ({"month": 5, "weekday": "Mo", "nth": 6}, ["nth"]),
        ({"month": 5.0, "day": "1", "offset_days": None}, ["month", "day", "offset_days"]),
        ({"offset_days": 400, "since": 0, "until": "2030"}, ["offset_days", "since", "until"]),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_with_all_its_faults(fields, faulty):
    with pytest.raises(InvalidValueError) as caught:
        HolidayRule(**fields)
    assert [fault.field for fault in caught.value.faults] == faulty


DAYS = [date(2026, 5, 1), date(2026, 1, 1)]
END = date(2050, 12, 31)


class Lazy(dict):
    """Like the objects of the `holidays` package: it holds what it was asked for, and nothing before."""

    def __contains__(self, day):
        if (day.month, day.day) == (5, 1):
            self[day] = "Labour Day"
        return super().__contains__(day)


class Asked:
    """Only knows whether it holds a date."""

    def __contains__(self, day):
        return (day.month, day.day) == (5, 1)


@pytest.mark.parametrize(
    "source",
    [DAYS, tuple(DAYS), set(DAYS), frozenset(DAYS), dict.fromkeys(DAYS), dict.fromkeys(DAYS).keys(), iter(DAYS)],
)
def test_listed_dates_are_taken_as_they_are_and_known_to_the_end_of_their_last_year(source):
    assert taken_dates(source, 2000, 2050) == ((date(2026, 1, 1), date(2026, 5, 1)), date(2026, 12, 31), [])


@pytest.mark.parametrize("source", [Lazy(), Asked(), [HolidayRule.fixed(5, 1)], Lazy({date(2026, 5, 1): "known"})])
def test_rules_and_containers_tell_for_all_the_years(source):
    taken, known_until, faults = taken_dates(source, 2000, 2050)
    assert taken == tuple(date(year, 5, 1) for year in range(2000, 2051))
    assert (known_until, faults) == (END, [])


def test_a_container_that_ends_early_is_known_until_the_end_of_its_last_year():
    class Until2030(Asked):
        def __contains__(self, day):
            return day.year <= 2030 and super().__contains__(day)

    taken, known_until, _ = taken_dates(Until2030(), 2000, 2050)
    assert (len(taken), known_until) == (31, date(2030, 12, 31))


def test_dates_and_rules_may_stand_in_one_list():
    taken, known_until, _ = taken_dates([date(2026, 5, 4), HolidayRule.fixed(5, 1, since=2049)], 2000, 2050)
    assert taken == (date(2026, 5, 4), date(2049, 5, 1), date(2050, 5, 1))
    assert known_until == END


def test_no_holidays_are_known_for_all_the_years():
    assert taken_dates((), 2000, 2050) == ((), END, [])


@pytest.mark.parametrize("source", [7, None, "2026-05-01", b"bytes"])
def test_what_holds_no_dates_is_refused(source):
    (fault,) = taken_dates(source, 2000, 2050)[2]
    assert fault.field == "holidays"


def test_every_item_that_is_no_date_is_told():
    source = [date(2026, 5, 1), "2026-05-02", datetime(2026, 5, 3, tzinfo=UTC), 4]
    taken, _, faults = taken_dates(source, 2000, 2050)
    assert taken == (date(2026, 5, 1),)
    assert [fault.field for fault in faults] == ["holidays[1]", "holidays[2]", "holidays[3]"]


def test_an_object_of_the_holidays_package_is_taken_whole_though_it_lists_nothing():
    package = pytest.importorskip("holidays", reason="reads an object of the holidays package")
    lazy = package.country_holidays("DE", subdiv="BE")
    assert list(lazy) == []
    taken, known_until, faults = taken_dates(lazy, 2020, 2030)
    assert taken == tuple(sorted(package.country_holidays("DE", subdiv="BE", years=range(2020, 2031))))
    assert (known_until, faults) == (date(2030, 12, 31), [])


@pytest.mark.parametrize("wrong", [{"month": [5], "day": 1}, {"month": 5, "day": 1, "observed": []}])
def test_a_rule_of_things_that_have_no_hash_is_refused_like_any_other(wrong):
    with pytest.raises(InvalidValueError):
        HolidayRule(**wrong)


def test_dates_are_asked_for_with_rules_and_years():
    with pytest.raises(InvalidValueError) as caught:
        holiday_dates([5], "2026", 10_000)
    assert [fault.field for fault in caught.value.faults] == ["rules", "first_year", "last_year"]
