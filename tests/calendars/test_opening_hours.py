from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revops_core.calendars import OpeningHours
from revops_core.calendars.opening_hours import read_spans, spans_text, united
from revops_core.errors import InvalidValueError
from revops_core.values.plain import from_plain, to_plain
from tests.calendars.strategies import day_spans, week_text

CLOSED = ((),) * 7
OFFICE = ((540, 1020),)


@given(
    week=st.lists(day_spans(longest=2880 - 1440), min_size=7, max_size=7), on_holidays=day_spans(longest=2880 - 1440)
)
def test_hours_that_are_written_and_read_again_are_the_same(week, on_holidays):
    hours = OpeningHours(tuple(week), on_holidays)
    assert OpeningHours.parse(hours.text) == hours
    assert OpeningHours.parse(OpeningHours.parse(hours.text).text).text == hours.text
    assert OpeningHours.parse(week_text(week)).days == hours.days
    assert from_plain(OpeningHours, to_plain(hours)) == hours


@given(spans=day_spans(longest=1440))
def test_spans_of_one_day_that_are_written_and_read_again_are_the_same(spans):
    assert read_spans(spans_text(spans)) == spans


@given(text=st.text("MoTuWeFrSaPHof0123456789:-,; /", max_size=25) | st.text(max_size=10))
def test_any_text_is_read_or_refused_with_a_position(text):
    faults, hours = (), None
    try:
        hours = OpeningHours.parse(text)
    except InvalidValueError as error:
        faults = error.faults
    assert (hours is None) == bool(faults)
    assert hours is None or OpeningHours.parse(hours.text) == hours
    assert all("at position" in fault.rule or not text.replace(";", "").strip() for fault in faults)


@given(spans=st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=6))
def test_united_spans_hold_the_same_minutes(spans):
    assert [m for m in range(31) if any(a <= m < b for a, b in united(spans))] == [
        m for m in range(31) if any(a <= m < b for a, b in spans)
    ]
    assert all(end < start for (_, end), (start, _) in pairwise(united(spans)))


@pytest.mark.parametrize(
    ("text", "regular"),
    [
        ("Mo-Fr 09:00-17:00", "Mo-Fr 09:00-17:00"),
        ("mo-fr 9:00-17:00", "Mo-Fr 09:00-17:00"),
        ("  Mo - Fr  09:00 - 17:00 ; PH off ; ", "Mo-Fr 09:00-17:00"),
        ("Mo-Fr 09:00-12:30,13:30-18:00; Sa 10:00-14:00", "Mo-Fr 09:00-12:30,13:30-18:00; Sa 10:00-14:00"),
        ("Mo,We-Fr,Su 08:00-12:00", "Mo,We-Fr,Su 08:00-12:00"),
        ("Mo,Tu 08:00-12:00", "Mo,Tu 08:00-12:00"),
        ("Sa-Mo 10:00-12:00", "Mo,Sa,Su 10:00-12:00"),
        ("We-We 10:00-12:00", "We 10:00-12:00"),
        ("10:00-12:00", "Mo-Su 10:00-12:00"),
        ("24/7", "24/7"),
        ("Mo-Su 00:00-24:00", "24/7"),
        ("24/7; Su off", "Mo-Sa 00:00-24:00"),
        ("24/7; PH 10:00-12:00", "Mo-Su 00:00-24:00; PH 10:00-12:00"),
        ("Mo-Fr 24/7", "Mo-Fr 00:00-24:00"),
        ("Mo-Fr 09:00-17:00; We 10:00-12:00", "Mo,Tu,Th,Fr 09:00-17:00; We 10:00-12:00"),
        ("Mo-Fr 09:00-17:00; We off", "Mo,Tu,Th,Fr 09:00-17:00"),
        ("Mo-Fr 09:00-17:00; We closed", "Mo,Tu,Th,Fr 09:00-17:00"),
        ("Mo-Sa 11:00-14:30, Mo-Th 17:00-21:30", "Mo-Th 11:00-14:30,17:00-21:30; Fr,Sa 11:00-14:30"),
        ("Mo 22:00-06:00", "Mo 22:00-06:00"),
        ("Mo 22:00-30:00", "Mo 22:00-06:00"),
        ("Mo 10:00-34:00", "Mo 10:00-34:00"),
        ("Mo 10:00-36:00", "Mo 10:00-36:00"),
        ("Mo 00:00-48:00", "Mo 00:00-48:00"),
        ("Mo 18:00-00:00", "Mo 18:00-24:00"),
        ("Mo 09:00-12:00,11:00-13:00,13:00-14:00", "Mo 09:00-14:00"),
        ("Mo,PH 09:00-12:00", "Mo 09:00-12:00; PH 09:00-12:00"),
        ("off", "off"),
    ],
)
def test_a_text_is_kept_in_its_regular_form(text, regular):
    assert OpeningHours.parse(text).text == regular
    assert OpeningHours.parse(regular) == OpeningHours.parse(text)


@pytest.mark.parametrize(
    ("text", "position", "rule"),
    [
        ("Mo-Fr 9-17", 6, "a time from 00:00 to 23:59"),
        ("Mo-Fr 0900-1700", 6, "a time from 00:00 to 23:59"),
        ("Mo-Xx 09:00-17:00", 3, "must name a day"),
        ("SH 09:00-17:00", 0, "must name a day"),
        ("Mo-PH 09:00-17:00", 3, "no range with PH"),
        ("PH-Mo 09:00-17:00", 3, "no range with PH"),
        ("Mo", 2, "a time from 00:00 to 23:59 at position 2, where the end stands"),
        ("Mo 09:00", 8, "'-' between two times"),
        ("Mo 09:00-", 9, "a time from 00:00 to 48:00"),
        ("Mo 09:60-10:00", 3, "a time from 00:00 to 23:59"),
        ("Mo 24:00-25:00", 3, "a time from 00:00 to 23:59"),
        ("Mo 09:00-48:01", 9, "a time from 00:00 to 48:00"),
        ("Mo 09:00-09:00", 3, "empty span"),
        ("Mo 09:00-17:000", 9, "a time from 00:00 to 48:00"),
        ("Mo 09:00-17:00 Tu", 15, "',' or ';' or nothing more"),
        ("Mo 09:00-17:00,", 15, "a time from 00:00 to 23:59"),
        ("Mo 09:00-17:00+", 14, "',' or ';' or nothing more"),
        ("Mo off Tu", 7, "',' or ';' or nothing more"),
        ("Mo,09:00-17:00", 3, "must name a day"),
        ("- 09:00-17:00", 0, "a time from 00:00 to 23:59"),
    ],
)
def test_a_text_that_cannot_be_read_is_refused_with_its_position(text, position, rule):
    with pytest.raises(InvalidValueError) as caught:
        OpeningHours.parse(text)
    (fault,) = caught.value.faults
    assert rule in fault.rule
    assert f"at position {position}," in fault.rule
    assert fault.value == text


def test_all_rules_that_cannot_be_read_are_told_at_once():
    with pytest.raises(InvalidValueError) as caught:
        OpeningHours.parse("Mo 9; Tu 09:00-17:00; Wx 09:00-17:00; Th 09:00-09:00")
    assert [fault.rule.partition("at position ")[2].partition(",")[0] for fault in caught.value.faults] == [
        "3",
        "22",
        "41",
    ]


@pytest.mark.parametrize("text", ["", "  ", " ; ", None, 7])
def test_hours_without_any_rule_are_refused(text):
    with pytest.raises(InvalidValueError, match="'hours' must"):
        OpeningHours.parse(text)


@pytest.mark.parametrize(("text", "spans"), [("", ()), (" ", ()), ("off", ()), ("09:00-17:00", OFFICE)])
def test_the_spans_of_one_day_may_be_none(text, spans):
    assert read_spans(text) == spans


@pytest.mark.parametrize("text", [None, "Mo 09:00-17:00", "09:00-17:00 x", "09:00-17:00; 18:00-19:00", "9"])
def test_the_spans_of_one_day_are_only_times(text):
    with pytest.raises(InvalidValueError, match="'hours' must"):
        read_spans(text)


def test_a_later_rule_replaces_the_days_it_names_and_only_those():
    hours = OpeningHours.parse("Mo-Fr 09:00-17:00; Tu 10:00-12:00; Fr off")
    assert hours.days == (OFFICE, ((600, 720),), OFFICE, OFFICE, (), (), ())
    assert hours.on_holidays == ()


def test_hours_of_no_day_are_closed():
    assert OpeningHours(CLOSED).text == "off"
