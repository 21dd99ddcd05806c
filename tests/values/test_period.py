from __future__ import annotations

import pickle
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revops_core.errors import InvalidValueError
from revops_core.values.interval import Interval
from revops_core.values.period import GRAINS, Period
from revops_core.values.plain import from_plain, to_plain

# St John's changed its clocks at 00:01 and Toronto (1919) at 23:30; Apia skipped a day; Beirut and Havana skip 00:00.
ZONES = ["UTC", "Europe/Paris", "America/St_Johns", "Pacific/Apia", "Asia/Beirut", "America/Havana", "America/Toronto"]
zones = st.sampled_from(ZONES)
grains = st.sampled_from(GRAINS[:-1])
days = st.dates(date(1900, 1, 1), date(2100, 1, 1))
instants = st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
months = st.integers(1, 12)


@st.composite
def periods(draw: st.DrawFn) -> Period:
    tz, first = draw(zones), draw(months)
    if draw(st.booleans()):
        start_on = draw(days)
        end_on = start_on + timedelta(days=draw(st.integers(1, 500)))
        return Period.between(start_on, end_on, tz=tz, fiscal_start_month=first)
    return Period.containing(draw(days), draw(grains), tz=tz, fiscal_start_month=first)


@given(periods())
def test_the_next_period_starts_where_this_one_ends(period: Period) -> None:
    following = period.next()
    assert following.start_on == period.end_on
    assert following.start == period.end
    assert following.grain == period.grain
    assert following.previous() == period
    assert period < following


@given(periods(), st.sampled_from(["days", "weeks", "months", "quarters", "years"]))
def test_the_parts_of_a_period_tile_it_exactly(period: Period, parts: str) -> None:
    tiles = getattr(period, parts)()
    assert tiles[0].start_on == period.start_on
    assert tiles[-1].end_on == period.end_on
    assert all(left.end_on == right.start_on for left, right in pairwise(tiles))
    assert list(tiles) == sorted(tiles)
    for tile in tiles[1:-1]:
        assert tile.grain == parts[:-1]
        assert tile.tz == period.tz


@given(periods())
def test_its_repr_builds_it_again_and_so_does_pickle(period: Period) -> None:
    assert eval(repr(period), {"Period": Period, "datetime": __import__("datetime")}) == period
    assert pickle.loads(pickle.dumps(period)) == period
    assert len({period, period.next(), period.next().previous()}) == 2


@given(instants, grains, zones, months)
def test_the_period_containing_an_instant_contains_it_and_its_neighbours_do_not(
    moment: datetime, grain: str, tz: str, first: int
) -> None:
    period = Period.containing(moment, grain, tz=tz, fiscal_start_month=first)
    assert moment in period
    assert moment.astimezone(ZoneInfo(tz)) in period
    assert moment not in period.next()
    assert moment not in period.previous()
    assert period.start <= moment < period.end


@given(days, grains, zones, months)
def test_the_period_containing_a_date_contains_it_whatever_the_zone(day: date, grain: str, tz: str, first: int) -> None:
    period = Period.containing(day, grain, tz=tz, fiscal_start_month=first)
    assert day in period
    assert day not in period.next()


@given(days, zones)
def test_a_day_starts_at_its_first_instant(day: date, tz: str) -> None:
    start = Period.day(day, tz=tz).start
    assert start.astimezone(ZoneInfo(tz)).date() >= day
    before = (start.astimezone(UTC) - timedelta(microseconds=1)).astimezone(ZoneInfo(tz))
    assert before.date() < day


@given(days, st.integers(1, 12))
def test_a_fiscal_year_is_named_after_the_year_in_which_it_ends(day: date, first: int) -> None:
    year = Period.containing(day, "year", fiscal_start_month=first)
    last_day = year.end_on - timedelta(days=1)
    assert year == Period.year(last_day.year, fiscal_start_month=first)
    assert year.label == (f"FY{last_day.year}" if first > 1 else f"{last_day.year}")
    quarters = [Period.quarter(last_day.year, n, fiscal_start_month=first) for n in (1, 2, 3, 4)]
    assert list(year.quarters()) == quarters
    assert [quarter.label for quarter in quarters] == [f"{year.label}-Q{n}" for n in (1, 2, 3, 4)]
    assert len(year.months()) == 12


def test_labels_are_those_people_use() -> None:
    labels = {
        Period.day(date(2026, 2, 28)): "2026-02-28",
        Period.week(2026, 5): "2026-W05",
        Period.week(2020, 53): "2020-W53",
        Period.month(2026, 2): "2026-02",
        Period.quarter(2026, 3): "2026-Q3",
        Period.quarter(2027, 1, fiscal_start_month=4): "FY2027-Q1",
        Period.year(2026): "2026",
        Period.year(2026, fiscal_start_month=10): "FY2026",
        Period.between(date(2026, 1, 5), date(2026, 2, 11)): "2026-01-05 to 2026-02-10",
    }
    for period, label in labels.items():
        assert period.label == str(period) == label


def test_the_first_day_is_in_and_the_day_after_the_last_is_not() -> None:
    month = Period.month(2026, 2)
    held = [day in month for day in (date(2026, 1, 31), date(2026, 2, 1), date(2026, 2, 28), date(2026, 3, 1))]
    assert held == [False, True, True, False]


def test_a_month_is_the_same_in_every_fiscal_calendar() -> None:
    fiscal = Period.year(2027, fiscal_start_month=4)
    assert fiscal.months()[0] == Period.month(2026, 4)
    assert fiscal.quarters()[0] != Period.quarter(2026, 2)
    assert Period.containing(date(2026, 4, 9), "month", fiscal_start_month=4) == Period.month(2026, 4)


def test_a_quarter_in_paris_runs_from_midnight_to_midnight_there() -> None:
    quarter = Period.quarter(2026, 3, tz="Europe/Paris")
    paris = ZoneInfo("Europe/Paris")
    assert (quarter.start, quarter.end) == (datetime(2026, 7, 1, tzinfo=paris), datetime(2026, 10, 1, tzinfo=paris))
    assert quarter.start.tzinfo is paris
    assert datetime(2026, 6, 30, 22, tzinfo=UTC) in quarter
    assert datetime(2026, 9, 30, 22, tzinfo=UTC) not in quarter
    assert quarter.day_count == 92
    assert [len(month.days()) for month in quarter.months()] == [31, 31, 30]


def test_a_month_with_a_change_of_the_clocks_is_an_hour_shorter() -> None:
    march = Period.month(2026, 3, tz="Europe/Berlin")
    assert Interval(march.start, march.end).duration == timedelta(days=31) - timedelta(hours=1)


@pytest.mark.parametrize(
    ("tz", "day", "start"),
    [
        ("Asia/Beirut", date(2026, 3, 29), datetime(2026, 3, 28, 22, tzinfo=UTC)),  # 00:00 was skipped: 01:00 +03:00
        ("America/Havana", date(2026, 11, 1), datetime(2026, 11, 1, 4, tzinfo=UTC)),  # 00:00 twice: the first, -04:00
        ("America/St_Johns", date(2006, 10, 29), datetime(2006, 10, 29, 2, 30, tzinfo=UTC)),  # 00:01 back to 23:01
        ("America/Toronto", date(1919, 3, 31), datetime(1919, 3, 31, 4, 30, tzinfo=UTC)),  # 23:30 on to 00:30
        ("Pacific/Apia", date(2011, 12, 30), datetime(2011, 12, 30, 10, tzinfo=UTC)),  # a day that never was
        ("Pacific/Apia", date(2011, 12, 31), datetime(2011, 12, 30, 10, tzinfo=UTC)),
    ],
)
def test_a_day_whose_midnight_is_missing_or_double_starts_at_its_first_moment(
    tz: str, day: date, start: datetime
) -> None:
    assert Period.day(day, tz=tz).start.astimezone(UTC) == start


def test_an_evening_shown_twice_belongs_to_the_day_that_had_begun() -> None:
    second_time = datetime(2006, 10, 29, 3, 0, tzinfo=UTC)  # 23:30 again on the 28th in St John's
    day = Period.containing(second_time, "day", tz="America/St_Johns")
    assert day == Period.day(date(2006, 10, 29), tz="America/St_Johns")


def test_a_skipped_day_holds_its_date_and_no_instant() -> None:
    skipped = Period.day(date(2011, 12, 30), tz="Pacific/Apia")
    assert skipped.start == skipped.end
    assert date(2011, 12, 30) in skipped
    assert skipped.start not in skipped


def test_weeks_are_clipped_at_the_edges_and_say_so() -> None:
    weeks = Period.month(2026, 2).weeks()
    assert [week.grain for week in weeks] == ["custom", "week", "week", "week", "custom"]
    assert [week.day_count for week in weeks] == [1, 7, 7, 7, 6]


def test_a_part_longer_than_the_period_is_the_period_itself() -> None:
    (part,) = Period.month(2026, 2).years()
    assert (part.start_on, part.end_on, part.grain) == (date(2026, 2, 1), date(2026, 3, 1), "custom")


def test_clip_gives_the_part_inside() -> None:
    month = Period.month(2026, 2, tz="Europe/Paris")
    assert month.clip(Period.week(2026, 6, tz="Europe/Paris")) == Period.week(2026, 6, tz="Europe/Paris")
    assert month.clip(Period.year(2026, tz="Europe/Paris")).label == "2026-02-01 to 2026-02-28"
    assert month.clip(Period.month(2026, 3, tz="Europe/Paris")) is None
    hours = Interval(datetime(2026, 1, 31, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC))
    assert month.clip(hours) == Interval(datetime(2026, 1, 31, 23, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC))
    assert month.clip(Interval(month.end, month.end + timedelta(hours=1))) is None


def test_clip_refuses_a_period_of_another_zone() -> None:
    with pytest.raises(InvalidValueError, match="must be a period in UTC, or an interval"):
        Period.month(2026, 2).clip(Period.month(2026, 2, tz="Europe/Paris"))


def test_a_period_is_partial_until_its_end() -> None:
    month = Period.month(2026, 2)
    assert month.is_partial(None) is None
    assert month.is_partial(datetime(2026, 2, 28, 23, 59, tzinfo=UTC)) is True
    assert month.is_partial(datetime(2026, 1, 1, tzinfo=UTC)) is True
    assert month.is_partial(month.end) is False
    with pytest.raises(InvalidValueError, match="'as_of' must be an aware datetime"):
        month.is_partial(datetime(2026, 2, 1))


def test_periods_are_ordered_by_their_days() -> None:
    january, first_quarter, february = Period.month(2026, 1), Period.quarter(2026, 1), Period.month(2026, 2)
    assert sorted([february, first_quarter, january]) == [january, first_quarter, february]


def test_a_naive_datetime_is_refused_wherever_a_moment_is_asked() -> None:
    month, naive = Period.month(2026, 2), datetime(2026, 2, 1)
    for call in (month.contains, lambda moment: Period.containing(moment, "day")):
        with pytest.raises(InvalidValueError, match=r"'moment' must be a date .* or an aware datetime"):
            call(naive)
        with pytest.raises(InvalidValueError, match="'moment'"):
            call("2026-02-01")


def test_an_instant_in_a_fixed_offset_falls_in_the_period_by_its_instant() -> None:
    tokyo_morning = datetime(2026, 3, 1, 8, tzinfo=timezone(timedelta(hours=9)))
    assert tokyo_morning in Period.month(2026, 2)


def test_the_last_instant_python_knows_is_in_no_period_and_raises_nothing() -> None:
    west, east = timezone(timedelta(hours=-9)), timezone(timedelta(hours=9))
    for moment in (datetime.max.replace(tzinfo=west), datetime.min.replace(tzinfo=east)):
        assert moment not in Period.month(2026, 2)
        assert Period.month(2026, 2).is_partial(moment) is (moment.year == 1)


def test_all_faults_of_a_period_are_named_at_once() -> None:
    with pytest.raises(InvalidValueError) as caught:
        Period(start_on=datetime(2026, 1, 1), end_on="x", grain="era", tz="Mars/Olympus", fiscal_start_month=13)
    assert [fault.field for fault in caught.value.faults] == ["start_on", "end_on", "tz", "fiscal_start_month", "grain"]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"end_on": date(2026, 1, 1)}, "'end_on' must be after 'start_on' 2026-01-01"),
        ({"grain": "month"}, "'grain' must be 'custom' for 2026-01-01 to 2026-01-09, which is no whole month"),
        ({"grain": "day", "fiscal_start_month": 4}, "'fiscal_start_month' must be 1 for a day"),
        ({"fiscal_start_month": True}, "'fiscal_start_month' must be an int from 1 to 12"),
        ({"start_on": date(1, 1, 1)}, "'start_on' must be a date without a time of day, from 0002-01-01"),
        ({"tz": "Europe"}, "'tz' must be the key of an IANA time zone"),
        ({"tz": "../etc/passwd"}, "'tz' must be the key of an IANA time zone"),
        ({"tz": None}, "'tz' must be the key of an IANA time zone"),
    ],
)
def test_a_period_with_a_fault_is_refused(fields: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidValueError) as caught:
        Period(**{"start_on": date(2026, 1, 1), "end_on": date(2026, 1, 9), **fields})
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Period.month(2026, 13), "Period.month: 'month' must be an int from 1 to 12 (got 13)"),
        (lambda: Period.quarter(0, 5), "'year' must be an int from 2 to 9998 (got 0); 'quarter' must be"),
        (lambda: Period.week(2026, 54), "Period.week: 'week' must be an int from 1 to 53 (got 54)"),
        (lambda: Period.week(2025, 53), "Period.week: 'week' must be from 1 to 52 in 2025 (got 53)"),
        (lambda: Period.year("2026"), "Period.year: 'year' must be an int from 2 to 9998 (got '2026')"),
        (lambda: Period.day(datetime(2026, 1, 1, tzinfo=UTC)), "Period.day: 'on' must be a date without a time of day"),
        (lambda: Period.month(2026, 1, tz="Nowhere"), "Period.month: 'tz' must be the key of an IANA time zone"),
        (lambda: Period.year(9998).next(), "'start_on' must be from 0002-01-01 to the day before 9999-01-01"),
        (lambda: Period.containing(datetime.max.replace(tzinfo=UTC), "day"), "'start_on' must be from 0002-01-01"),
        (lambda: Period.containing(date(2026, 1, 1), "custom"), "'grain' must be one of 'day', 'week', 'month'"),
        (
            lambda: Period.containing(datetime(2026, 1, 1, tzinfo=UTC), "day", tz="Nowhere"),
            "Period.containing: 'tz' must be the",
        ),
        (lambda: Period.between(date(2, 1, 1), date(9, 1, 1)).previous(), "'start_on' must stay within 0002-01-01"),
        (lambda: Period.month(2026, 1).clip("x"), "'other' must be an Interval or a Period"),
    ],
)
def test_a_wrong_call_says_what_is_wrong(call: object, message: str) -> None:
    with pytest.raises(InvalidValueError) as caught:
        call()
    assert message in str(caught.value)


@given(periods())
def test_a_period_survives_plain_data(period: Period) -> None:
    assert from_plain(Period, to_plain(period)) == period
