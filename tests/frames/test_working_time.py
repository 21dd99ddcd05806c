"""working_time on every engine is what the calendar itself says, to the microsecond."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from revops_core.calendars import ALWAYS_OPEN, BusinessCalendar
from revops_core.errors import CalendarHorizonError, InvalidValueError, MissingColumnsError
from revops_core.frames.working_time import working_time
from revops_core.values.instants import from_microseconds, to_microseconds
from tests.frames.engines import ENGINES, EVERY_ENGINE, EVERY_LAZY_ENGINE, LAZY, frame_of, rows_of

TYPES = {"row": "whole", "from": "instant", "to": "instant"}
CALENDARS = {
    "split day": BusinessCalendar(
        "Mo-Fr 09:00-12:30,13:30-18:00; Sa 10:00-14:00",
        tz="Europe/Berlin",
        holidays=[date(2026, 4, 6), date(2026, 5, 1)],
        overrides={date(2026, 3, 29): "01:00-04:00", date(2026, 10, 25): "00:00-24:00", date(2026, 4, 7): ""},
    ),
    "nights": BusinessCalendar("Mo-Su 22:00-06:00", tz="America/New_York"),
    "far east": BusinessCalendar("Mo-Fr 08:30-17:15", tz="Asia/Kolkata"),
    "half an hour of summer": BusinessCalendar("Mo-Su 00:00-03:00,09:00-17:00", tz="Australia/Lord_Howe"),
    "always": ALWAYS_OPEN,
    "short horizon": BusinessCalendar("Mo-Fr 09:00-17:00", tz="UTC", first_year=2025, last_year=2027),
}
NIGHTS = [
    datetime(2026, month, day, tzinfo=UTC) for month, day in ((3, 8), (3, 29), (4, 5), (10, 4), (10, 25), (11, 1))
]
FIRST, LAST = to_microseconds(datetime(2025, 1, 2, tzinfo=UTC)), to_microseconds(datetime(2027, 12, 30, tzinfo=UTC))


def moments(generator: random.Random, count: int) -> list[datetime | None]:
    """Instants of three years, many of them around the nights in which clocks change, on whole hours, or missing."""
    found: list[datetime | None] = []
    for _ in range(count):
        kind = generator.random()
        if kind < 0.05:
            found.append(None)
        elif kind < 0.5:
            found.append(generator.choice(NIGHTS) + timedelta(microseconds=generator.randrange(-(10**11), 10**11)))
        elif kind < 0.7:
            found.append(generator.choice(NIGHTS) + timedelta(minutes=30 * generator.randrange(-100, 100)))
        else:
            found.append(from_microseconds(generator.randrange(FIRST, LAST)))
    return found


def pairs(seed: int, count: int) -> list[dict[str, object]]:
    generator = random.Random(seed)
    starts, ends = moments(generator, count), moments(generator, count)
    return [{"row": row, "from": start, "to": end} for row, (start, end) in enumerate(zip(starts, ends, strict=True))]


def expected(calendar: BusinessCalendar, records: list[dict[str, object]]) -> list[int | None]:
    return [
        None
        if row["from"] is None or row["to"] is None
        else calendar.working_time(row["from"], row["to"]) // timedelta(microseconds=1)  # type: ignore[arg-type]
        for row in records
    ]


def found(frame: object, name: str = "working_microseconds") -> list[int | None]:
    return [row[name] for row in sorted(rows_of(frame), key=lambda row: row["row"])]


@pytest.mark.parametrize("name", CALENDARS)
@pytest.mark.parametrize("engine", EVERY_ENGINE)
def test_it_is_what_the_calendar_says_around_every_change_of_the_clocks(engine, name):
    records = pairs(7, 400)
    frame = frame_of(engine, records, TYPES)
    timed = working_time(frame, "from", "to", calendar=CALENDARS[name])
    assert type(timed) is type(frame)
    assert found(timed) == expected(CALENDARS[name], records)


@pytest.mark.parametrize("engine", [engine for engine in ENGINES if engine != "duckdb"])
def test_rows_keep_their_order_and_their_other_columns(engine):
    records = pairs(8, 50)
    records.reverse()
    timed = rows_of(working_time(frame_of(engine, records, TYPES), "from", "to", calendar=ALWAYS_OPEN, name="spent"))
    assert [row["row"] for row in timed] == [row["row"] for row in records]
    assert list(timed[0])[:4] == ["row", "from", "to", "spent"]


@pytest.mark.parametrize("engine", ["pandas", "polars", "polars-lazy", "pyarrow"])
@given(data=st.data())
@settings(max_examples=15)
def test_any_pair_of_instants(engine, data):
    instants = st.none() | st.integers(FIRST, LAST).map(from_microseconds)
    rows = data.draw(st.lists(st.tuples(instants, instants), min_size=1, max_size=6))
    records = [{"row": row, "from": start, "to": end} for row, (start, end) in enumerate(rows)]
    calendar = data.draw(st.sampled_from(list(CALENDARS.values())))
    assert found(working_time(frame_of(engine, records, TYPES), "from", "to", calendar=calendar)) == expected(
        calendar, records
    )


@pytest.mark.parametrize("engine", EVERY_ENGINE)
def test_timestamps_without_a_zone_are_in_the_one_that_is_told(engine):
    wall = datetime(2026, 3, 29, 1, 30)
    records = [{"row": 0, "from": wall, "to": wall + timedelta(hours=9)}, {"row": 1, "from": wall, "to": None}]
    frame = frame_of(engine, records, TYPES | {"from": "wall", "to": "wall"})
    [calendar] = [one for name, one in CALENDARS.items() if name == "split day"]
    here = [value.replace(tzinfo=ZoneInfo("Europe/Berlin")) for value in (wall, wall + timedelta(hours=9))]
    spent = calendar.working_time(*here) // timedelta(microseconds=1)
    assert found(working_time(frame, "from", "to", calendar=calendar, tz="Europe/Berlin")) == [spent, None]
    with pytest.raises(InvalidValueError, match="must have a time zone, or `tz` must tell it"):
        working_time(frame, "from", "to", calendar=calendar)


@pytest.mark.parametrize("engine", EVERY_ENGINE)
def test_rows_of_nothing_but_missing_instants_and_no_rows_at_all(engine):
    empty = [{"row": 0, "from": None, "to": None}]
    calendar = CALENDARS["nights"]
    assert found(working_time(frame_of(engine, empty, TYPES), "from", "to", calendar=calendar)) == [None]
    assert found(working_time(frame_of(engine, [], TYPES), "from", "to", calendar=calendar)) == []


EDGES = [datetime(2025, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC)]
MOMENT = timedelta(microseconds=1)


@pytest.mark.parametrize("engine", EVERY_ENGINE)
def test_the_horizon_of_the_calendar_is_reached_at_both_ends(engine):
    records = [{"row": 0, "from": EDGES[0], "to": EDGES[1]}, {"row": 1, "from": EDGES[1], "to": EDGES[0]}]
    calendar = CALENDARS["short horizon"]
    timed = working_time(frame_of(engine, records, TYPES), "from", "to", calendar=calendar)
    assert found(timed) == expected(calendar, records)


@pytest.mark.parametrize("engine", [engine for engine in ENGINES if engine not in LAZY])
@pytest.mark.parametrize("beyond", [EDGES[0] - MOMENT, EDGES[1] + MOMENT], ids=["before", "after"])
def test_an_instant_beyond_the_horizon_is_refused_where_the_data_lies_in_memory(engine, beyond):
    records = [{"row": 0, "from": EDGES[0], "to": beyond}]
    with pytest.raises(CalendarHorizonError):
        working_time(frame_of(engine, records, TYPES), "from", "to", calendar=CALENDARS["short horizon"])


@pytest.mark.parametrize("engine", EVERY_LAZY_ENGINE)
def test_a_lazy_frame_counts_what_lies_beyond_the_horizon_and_has_no_time_for_it(engine):
    far = datetime(1965, 1, 1, tzinfo=UTC)
    cells = [(EDGES[0], EDGES[1]), (far, EDGES[1]), (EDGES[0], EDGES[1] + MOMENT), (None, EDGES[0]), (far, None)]
    records = [{"row": row, "from": start, "to": end} for row, (start, end) in enumerate(cells)]
    timed = working_time(frame_of(engine, records, TYPES), "from", "to", calendar=CALENDARS["short horizon"])
    assert found(timed, "working_microseconds_problem_count") == [0, 1, 1, 0, 0]
    inside = expected(CALENDARS["short horizon"], records[:1])
    assert found(timed) == [*inside, None, None, None, None]


@pytest.mark.parametrize("engine", ["polars", "polars-lazy"])
def test_a_time_that_the_clocks_jumped_over_is_refused_or_counted(engine):
    records = [{"row": 0, "from": datetime(2026, 3, 29, 2, 30), "to": datetime(2026, 3, 30, 12)}]
    frame = frame_of(engine, records, TYPES | {"from": "wall", "to": "wall"})
    calendar = CALENDARS["split day"]
    if engine == "polars":
        with pytest.raises(InvalidValueError, match="must be times that Europe/Berlin showed"):
            working_time(frame, "from", "to", calendar=calendar, tz="Europe/Berlin")
    else:
        timed = working_time(frame, "from", "to", calendar=calendar, tz="Europe/Berlin")
        assert found(timed) == [None]
        assert found(timed, "working_microseconds_problem_count") == [1]


def test_what_is_no_instant_is_refused_by_name():
    frame = pl.DataFrame({"from": [date(2026, 1, 1)], "to": [datetime(2026, 1, 1, tzinfo=UTC)], "n": [3]})
    with pytest.raises(InvalidValueError, match=r"must be timestamps, and no days"):
        working_time(frame, "from", "to", calendar=ALWAYS_OPEN)
    with pytest.raises(InvalidValueError, match="must be dates or timestamps"):
        working_time(frame, "n", "to", calendar=ALWAYS_OPEN)
    with pytest.raises(MissingColumnsError, match="'form' \\(did you mean 'from'\\?\\)"):
        working_time(frame, "form", "to", calendar=ALWAYS_OPEN)
    with pytest.raises(InvalidValueError, match="'calendar' must be a BusinessCalendar"):
        working_time(frame, "from", "to", calendar=8)  # type: ignore[arg-type]
    with pytest.raises(InvalidValueError, match="must be a DataFrame of pandas"):
        working_time([1], "from", "to", calendar=ALWAYS_OPEN)


def test_a_pandas_frame_keeps_its_own_index_and_a_column_of_the_name_is_replaced():
    frame = pd.DataFrame(
        {"spent": ["old", "old"], "from": pd.to_datetime(["2026-03-06 16:00", "2026-03-06 09:00"], utc=True)},
        index=[7, 3],
    )
    frame["to"] = frame["from"] + pd.Timedelta(hours=2)
    office = BusinessCalendar("Mo-Fr 09:00-17:00", tz="UTC")
    timed = working_time(frame, "from", "to", calendar=office, name="spent")
    assert list(timed.index) == [7, 3]
    assert list(timed.columns) == ["from", "to", "spent"]
    assert timed["spent"].tolist() == [3_600_000_000, 7_200_000_000]
