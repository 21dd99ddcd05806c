"""time_in_stage on every engine has the stays of the core's log, and the same time in them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from revops_core.calendars import BusinessCalendar
from revops_core.errors import InvalidValueError, MissingColumnsError
from revops_core.frames.time_in_stage import time_in_stage
from revops_core.stages import Journey, Moved, StageLog
from revops_core.stages.stage_columns import NOTHING
from revops_core.values.instants import from_microseconds, to_microseconds
from tests.frames.engines import ENGINES, EVERY_ENGINE, EVERY_LAZY_ENGINE, LAZY, frame_of, rows_of
from tests.frames.move_logs import (
    FIRST,
    MICROSECOND,
    MOVES,
    ROWS,
    instants,
    log_of,
    many_moves,
    many_standings,
    moves,
    standings,
    types_of,
)

IN_MEMORY = [engine for engine in ENGINES if engine not in LAZY]
OFFICE = BusinessCalendar("Mo-Fr 09:00-12:30,13:30-18:00; Sa,Su 01:00-04:00", tz="Europe/Berlin")


def stays_of(records, as_of=None, calendar=None):
    """The stays of the core's log: record, stage, next stage, entered, exited, whether it lasts, microseconds."""
    if as_of is not None:
        records = [record for record in records if record["at"] <= as_of]
    columns = log_of(records).columns
    instants = [from_microseconds(each) for each in columns.at]
    found = []
    for number, (start, end) in enumerate(columns.spans()):
        who = columns.ids[number]
        source = columns.unknown_starts.get(number, NOTHING)
        if source != NOTHING:
            first = instants[start]
            found.append((who, columns.stages[source], columns.stages[columns.stage[start]], None, first, False, None))
        for place in range(start, end):
            entered, lasts = instants[place], place == end - 1
            exited = None if lasts else instants[place + 1]
            until, spent = as_of if lasts else exited, None
            if until is not None:
                time = until - entered if calendar is None else calendar.working_time(entered, until)
                spent = time // MICROSECOND
            following = None if lasts else columns.stages[columns.stage[place + 1]]
            found.append((who, columns.stages[columns.stage[place]], following, entered, exited, lasts, spent))
    return sorted(found, key=repr)


def stays_in(frame):
    return sorted((tuple(map(plain, list(row.values())[:7])) for row in rows_of(frame)), key=repr)


def plain(cell):
    """A cell as Python has it: pandas has its own timestamps, and floats where there are nulls; Spark tells no zone."""
    if isinstance(cell, datetime):
        return from_microseconds(to_microseconds(cell if cell.tzinfo else cell.astimezone(UTC)))
    return int(cell) if isinstance(cell, float) else cell


@pytest.mark.parametrize("calendar", [None, OFFICE], ids=["all time", "working time"])
@pytest.mark.parametrize("as_of", [None, FIRST + timedelta(hours=90)], ids=["whole", "as of"])
@pytest.mark.parametrize("make", [many_standings, many_moves])
@pytest.mark.parametrize("engine", EVERY_ENGINE)
def test_the_stays_of_a_large_log_are_those_of_the_core(engine, make, as_of, calendar):
    records = make(3)
    frame = frame_of(engine, records, types_of(records))
    stays = time_in_stage(frame, as_of=as_of, calendar=calendar)
    assert type(stays) is type(frame)
    assert stays_in(stays) == stays_of(records, as_of, calendar)
    if engine in LAZY:
        assert {row["problem_count"] for row in rows_of(stays)} == {0}


@pytest.mark.parametrize("engine", ["pandas", "pandas-arrow", "polars", "polars-lazy", "pyarrow"])
@given(data=st.data())
@settings(max_examples=15)
def test_the_stays_of_any_log_are_those_of_the_core(engine, data):
    records = data.draw(moves() | standings(with_ties=engine not in LAZY))
    as_of = data.draw(st.none() | instants(14))
    calendar = data.draw(st.sampled_from([None, OFFICE]))
    stays = time_in_stage(frame_of(engine, records, types_of(records)), as_of=as_of, calendar=calendar)
    assert stays_in(stays) == stays_of(records, as_of, calendar)


def test_its_sums_are_the_flow_and_the_bottlenecks_of_the_log():
    records = many_standings(11)
    stays = time_in_stage(frame_of("polars", records, ROWS)).filter(~pl.col("is_open"))
    log = log_of(records)
    ways = stays.group_by("stage", "next_stage").agg(pl.len(), pl.col("microseconds").sum())
    assert {(way[0], way[1]): way[2:] for way in ways.rows()} == {
        (way.stage, way.next_stage): (way.n, way.total // MICROSECOND) for way in log.flow()
    }
    by_stage = stays.group_by("stage").agg(pl.len(), pl.col("microseconds").median())
    assert {row[0]: row[1:] for row in by_stage.rows()} == {
        each.stage: (each.n, each.median / MICROSECOND) for each in log.bottlenecks() if each.n
    }


def test_the_time_of_one_record_is_that_of_its_journey():
    records = [record for record in many_moves(5) if record["subject_id"] == "o7"]
    as_of = max(record["at"] for record in records) + timedelta(hours=3)
    journey = Journey.of(Moved(**record) for record in records)
    stays = time_in_stage(frame_of("polars", records, MOVES), as_of=as_of)
    spent, unknown = pl.col("microseconds"), pl.col("microseconds").null_count().alias("unknown")
    found = stays.group_by("stage").agg(pl.len(), spent.sum(), unknown)
    times = {stage: (n, None if gaps else timedelta(microseconds=sum_)) for stage, n, sum_, gaps in found.rows()}
    assert times == {
        stage: (time.visit_count, time.cumulative) for stage, time in journey.time_in_stage(as_of=as_of).items()
    }


@pytest.mark.parametrize("engine", EVERY_ENGINE)
def test_no_rows_have_no_stays(engine):
    for types in (ROWS, MOVES):
        assert rows_of(time_in_stage(frame_of(engine, [], types))) == []
        assert rows_of(time_in_stage(frame_of(engine, [], types), calendar=OFFICE, as_of=FIRST)) == []


@pytest.mark.parametrize("engine", EVERY_ENGINE)
def test_columns_and_stages_are_renamed_and_other_columns_do_not_disturb(engine):
    history = [
        {"OpportunityId": "o1", "StageName": stage, "CreatedDate": FIRST + day * timedelta(days=1), "row": day}
        for day, stage in enumerate(["Qualification", "Qualification", "Proposal/Price Quote", "Closed Won"])
    ]
    types = {"OpportunityId": "text", "StageName": "text", "CreatedDate": "instant", "row": "whole"}
    stays = time_in_stage(
        frame_of(engine, history, types),
        columns={"subject_id": "OpportunityId", "target": "StageName", "at": "CreatedDate"},
        values={"target": {"Proposal/Price Quote": "proposal", "Closed Won": "won", "won": "never"}},
    )
    found = sorted((plain(row["entered_at"]), row["stage"], plain(row["microseconds"])) for row in rows_of(stays))
    day = timedelta(days=1) // MICROSECOND
    assert [row[1:] for row in found] == [("Qualification", 2 * day), ("proposal", day), ("won", None)]


@pytest.mark.parametrize("engine", IN_MEMORY)
def test_of_two_rows_at_one_instant_the_one_further_down_is_later(engine):
    records = [
        {"subject_id": "o1", "target": stage, "at": at}
        for stage, at in (("lost", FIRST), ("won", FIRST), ("proposal", FIRST - MICROSECOND), ("won", FIRST))
    ]
    stays = rows_of(time_in_stage(frame_of(engine, records, ROWS)))
    assert [row["stage"] for row in stays] == ["proposal", "lost", "won"]
    assert StageLog.of([tuple(record.values()) for record in records]).variants()[0][0] == ("proposal", "lost", "won")


@pytest.mark.parametrize("engine", IN_MEMORY)
def test_many_rows_at_one_instant_keep_their_order(engine):
    records = [{"subject_id": f"o{n % 3}", "target": f"s{n}", "at": FIRST} for n in range(6000)]
    stays = rows_of(time_in_stage(frame_of(engine, records, ROWS)))
    assert [row["stage"] for row in stays] == [f"s{n}" for first in range(3) for n in range(first, 6000, 3)]


@pytest.mark.parametrize("engine", EVERY_LAZY_ENGINE)
def test_a_lazy_frame_counts_what_lacks_something_or_tells_no_order_and_has_no_time_for_that_record(engine):
    records = [
        {"subject_id": who, "target": stage, "at": at}
        for who, stage, at in (
            ("sound", "proposal", FIRST),
            ("sound", "won", FIRST + timedelta(hours=1)),
            ("tied", "proposal", FIRST),
            ("tied", "won", FIRST),
            ("tied", "lost", FIRST + timedelta(hours=1)),
            ("no instant", "proposal", FIRST),
            ("no instant", "won", None),
            ("no stage", None, FIRST),
            ("no stage", "won", FIRST + timedelta(hours=1)),
            (None, "won", FIRST),
        )
    ]
    for calendar in (None, OFFICE):
        stays = rows_of(time_in_stage(frame_of(engine, records, ROWS), calendar=calendar))
        problems = {row["subject_id"]: row["problem_count"] for row in stays}
        assert problems == {"sound": 0, "tied": 1, "no instant": 1 if calendar is None else 2, "no stage": 1, "": 1}
        assert {row["subject_id"] for row in stays if row["microseconds"] is not None} == {"sound"}


@pytest.mark.parametrize("engine", EVERY_LAZY_ENGINE)
def test_a_time_that_the_clocks_jumped_over_is_counted_even_where_the_stage_is_told_once_more(engine):
    walls = [datetime(2026, 3, 29, 1), datetime(2026, 3, 29, 2, 30)]
    records = [{"subject_id": "o1", "target": "proposal", "at": wall} for wall in walls]
    stays = time_in_stage(frame_of(engine, records, ROWS | {"at": "wall"}), tz="Europe/Berlin")
    assert {row["problem_count"] for row in rows_of(stays)} == {1}


@pytest.mark.parametrize("engine", EVERY_LAZY_ENGINE)
def test_moves_with_one_number_are_counted_by_a_lazy_frame(engine):
    records = [
        {"subject_id": "o1", "target": stage, "at": FIRST, "seq": 1, "source": "proposal"} for stage in ("won", "won")
    ]
    assert {row["problem_count"] for row in rows_of(time_in_stage(frame_of(engine, records, MOVES)))} == {1}


@pytest.mark.parametrize("engine", IN_MEMORY)
def test_what_lacks_something_or_tells_no_order_is_refused_in_memory_with_counts(engine):
    records = [
        {"subject_id": who, "target": stage, "at": at}
        for who, stage, at in ((None, "won", FIRST), ("o1", None, FIRST), ("o1", "won", None), ("o2", None, FIRST))
    ]
    with pytest.raises(InvalidValueError) as caught:
        time_in_stage(frame_of(engine, records, ROWS))
    assert sorted((fault.field, fault.rule, fault.value) for fault in caught.value.faults) == [
        ("at", "must be given", "1 rows"),
        ("subject_id", "must be given", "1 rows"),
        ("target", "must be given", "2 rows"),
    ]
    tied = [{"subject_id": "o1", "target": stage, "at": FIRST, "seq": 0, "source": "new"} for stage in ("won", "lost")]
    with pytest.raises(InvalidValueError, match="'seq' must tell one order"):
        time_in_stage(frame_of(engine, tied, MOVES))


@pytest.mark.parametrize("engine", EVERY_ENGINE)
def test_a_record_starts_before_it_moves_where_neither_has_a_number(engine):
    records = [
        {"subject_id": "o1", "target": "won", "at": FIRST, "seq": None, "source": "proposal"},
        {"subject_id": "o1", "target": "proposal", "at": FIRST, "seq": None, "source": None},
    ]
    stays = time_in_stage(frame_of(engine, records, MOVES), as_of=FIRST)
    assert stays_in(stays) == stays_of(records, FIRST)
    assert [stay[1] for stay in stays_in(stays)] == ["proposal", "won"]


def test_numbers_may_be_ids_and_sources_alone_make_moves():
    frame = pl.DataFrame(
        {
            "subject_id": [7, 7],
            "source": ["new", "open"],
            "target": ["open", "open"],
            "at": [FIRST, FIRST + MICROSECOND],
        }
    )
    stays = time_in_stage(frame)
    assert stays.select("subject_id", "stage", "next_stage").rows() == [
        (7, "new", "open"),
        (7, "open", "open"),
        (7, "open", None),
    ]
    assert time_in_stage(frame.drop("source")).height == 1
    numbered = time_in_stage(frame.drop("source").with_columns(n=pl.Series([2, 1])), columns={"seq": "n"})
    assert numbered["stage"].to_list() == ["open", "open"]


def test_what_is_no_column_of_moves_is_refused_by_name():
    frame = pl.DataFrame({"subject_id": ["a"], "target": [1], "at": [FIRST]})
    with pytest.raises(InvalidValueError, match=r"'target' must be a column of text \(got 'number'\)"):
        time_in_stage(frame)
    with pytest.raises(MissingColumnsError, match=r"'Stage' .*'number'"):
        time_in_stage(frame, columns={"target": "Stage", "seq": "number"})
    with pytest.raises(InvalidValueError, match="'as_of' must be an aware datetime"):
        time_in_stage(frame, as_of=datetime(2026, 1, 1))
    with pytest.raises(InvalidValueError, match="must have a time zone, or `tz` must tell it"):
        time_in_stage(frame.with_columns(target=pl.lit("won"), at=pl.lit(datetime(2026, 1, 1))))
    local = frame.with_columns(target=pl.lit("won"), at=pl.lit(datetime(2026, 1, 1)))
    stays = time_in_stage(local, tz="Europe/Berlin", as_of=datetime(2026, 1, 1, tzinfo=UTC))
    assert stays["microseconds"].to_list() == [3_600_000_000]
    assert time_in_stage(pl.DataFrame({"subject_id": ["a"], "target": [None], "at": [FIRST]}).clear()).is_empty()


def test_a_pandas_frame_with_an_index_of_its_own():
    frame = pd.DataFrame(
        {
            "subject_id": ["b", "a", "b"],
            "target": ["new", "new", "won"],
            "at": pd.to_datetime([3, 2, 9], unit="D", utc=True),
        },
        index=[5, 5, 1],
    )
    stays = time_in_stage(frame)
    assert stays[["subject_id", "stage"]].to_numpy().tolist() == [["a", "new"], ["b", "new"], ["b", "won"]]
