"""funnel on every engine has the numbers of `StageLog.funnel`."""

from __future__ import annotations

from datetime import timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from revops_core.errors import InvalidValueError, UnknownStageError
from revops_core.frames.funnel import funnel
from revops_core.stages import LEAD, OPPORTUNITY, TICKET
from revops_core.values.interval import Interval
from revops_core.values.period import Period
from tests.frames.engines import ENGINES, EVERY_ENGINE, EVERY_LAZY_ENGINE, LAZY, frame_of, rows_of
from tests.frames.move_logs import (
    FIRST,
    MOVES,
    ROWS,
    STAGES,
    STEP,
    instants,
    log_of,
    many_moves,
    many_standings,
    moves,
    standings,
    types_of,
)

IN_MEMORY = [engine for engine in ENGINES if engine not in LAZY]
HOUR = timedelta(hours=1)
WINDOW = Interval(FIRST + 20 * HOUR, FIRST + 200 * HOUR)
QUESTIONS = {
    "all": {"cohort": "all"},
    "all as of": {"cohort": "all", "as_of": FIRST + 40 * HOUR},
    "cohort": {"cohort": WINDOW},
    "quarter": {"cohort": Period.quarter(2026, 2, tz="Europe/Berlin"), "as_of": FIRST + 150 * HOUR},
    "entering": {"cohort": WINDOW, "entering": "proposal"},
    "ever entering": {"cohort": "all", "entering": "negotiation"},
    "entering won as of": {"cohort": WINDOW, "entering": "won", "as_of": FIRST + 100 * HOUR},
    "during": {"during": WINDOW},
    "during as of": {"during": WINDOW, "as_of": FIRST + 60 * HOUR, "entering": "lost"},
}
COUNTS = ("stage", "actual_count", "filled_count", "visit_count", "entity_count", "lost_count", "open_count")


def steps_of(records, question):
    told = log_of(records).funnel(OPPORTUNITY, **question)
    same = told.entity_count, told.lost_count, told.open_count
    return [(step.stage, step.actual_count, step.filled_count, step.visit_count, *same) for step in told.steps]


def steps_in(frame):
    rows = rows_of(frame)
    assert [row["step"] for row in rows] == list(range(len(rows)))
    return [tuple(row[name] for name in COUNTS) for row in rows]


@pytest.mark.parametrize("make", [many_standings, many_moves])
@pytest.mark.parametrize("engine", EVERY_ENGINE)
def test_the_funnels_of_a_large_log_are_those_of_the_core(engine, make):
    records = make(4)
    frame = frame_of(engine, records, types_of(records))
    for question in QUESTIONS.values():
        steps = funnel(frame, OPPORTUNITY, **question)
        assert type(steps) is type(frame)
        assert steps_in(steps) == steps_of(records, question)


@pytest.mark.parametrize("engine", ["pandas", "pandas-arrow", "polars", "polars-lazy", "pyarrow"])
@given(data=st.data())
@settings(max_examples=15)
def test_any_funnel_of_any_log_is_that_of_the_core(engine, data):
    records = data.draw(moves() | standings(with_ties=engine not in LAZY))
    edges = instants(14)
    start = data.draw(edges)
    window = Interval(start, start + data.draw(st.integers(1, 12)) * STEP)
    question = data.draw(st.sampled_from([{"cohort": "all"}, {"cohort": window}, {"during": window}]))
    question = question | {"as_of": data.draw(st.none() | edges)}
    question = question | {"entering": data.draw(st.none() | st.sampled_from(STAGES))}
    frame = frame_of(engine, records, types_of(records))
    assert steps_in(funnel(frame, OPPORTUNITY, **question)) == steps_of(records, question)


@pytest.mark.parametrize("engine", EVERY_ENGINE)
@pytest.mark.parametrize("word", ["cohort", "during"])
def test_a_window_holds_its_start_and_not_its_end(engine, word):
    edges = [FIRST, FIRST + HOUR]
    records = [{"subject_id": str(at), "target": "proposal", "at": at} for at in edges]
    question = {word: Interval(*edges)}
    assert steps_in(funnel(frame_of(engine, records, ROWS), OPPORTUNITY, **question)) == steps_of(records, question)


@pytest.mark.parametrize("engine", EVERY_ENGINE)
def test_no_rows_make_a_funnel_of_zeros(engine):
    for types in (ROWS, MOVES):
        assert steps_in(funnel(frame_of(engine, [], types), OPPORTUNITY, cohort="all")) == steps_of(
            [], {"cohort": "all"}
        )


@pytest.mark.parametrize("engine", EVERY_ENGINE)
def test_theirs_may_be_called_otherwise_and_several_good_ends_are_one_step(engine):
    history = [
        {"lead": who, "status": status, "since": FIRST + hours * HOUR}
        for who, status, hours in (("a", "Open", 0), ("a", "Closed - Converted", 9), ("b", "Open", 1), ("b", "Lost", 5))
    ]
    steps = funnel(
        frame_of(engine, history, {"lead": "text", "status": "text", "since": "instant"}),
        LEAD,
        cohort="all",
        columns={"subject_id": "lead", "target": "status", "at": "since"},
        values={"target": {"Open": "new", "Closed - Converted": "converted", "Lost": "disqualified"}},
    )
    told = {row[0]: row[1:] for row in steps_in(steps)}
    assert told["new"] == (2, 2, 2, 2, 1, 0)
    assert told["converted"] == (1, 1, 1, 2, 1, 0)


@pytest.mark.parametrize("engine", IN_MEMORY)
def test_a_stage_that_the_pipeline_has_not_is_refused_in_memory(engine):
    records = [{"subject_id": "o1", "target": "propsal", "at": FIRST}]
    with pytest.raises(UnknownStageError, match="proposal"):
        funnel(frame_of(engine, records, ROWS), OPPORTUNITY, cohort="all")
    records = [{"subject_id": "o1", "target": "won", "at": FIRST, "seq": 0, "source": "propsal"}]
    with pytest.raises(UnknownStageError, match="proposal"):
        funnel(frame_of(engine, records, MOVES), OPPORTUNITY, cohort="all")


@pytest.mark.parametrize("engine", EVERY_LAZY_ENGINE)
def test_a_lazy_frame_counts_what_cannot_be_read_and_tells_no_counts(engine):
    sound = [{"subject_id": "o1", "target": "proposal", "at": FIRST}]
    faulty = [
        {"subject_id": "o2", "target": "propsal", "at": FIRST},
        {"subject_id": None, "target": "won", "at": FIRST},
        {"subject_id": "o3", "target": None, "at": FIRST},
        {"subject_id": "o1", "target": "won", "at": FIRST},
    ]
    rows = rows_of(funnel(frame_of(engine, sound, ROWS), OPPORTUNITY, cohort="all"))
    assert [(row["problem_count"], row["filled_count"]) for row in rows] == [(0, 1), (0, 1), (0, 0), (0, 0)]
    rows = rows_of(funnel(frame_of(engine, sound + faulty, ROWS), OPPORTUNITY, cohort="all"))
    assert {tuple(row[name] for name in COUNTS[1:]) for row in rows} == {(None,) * 6}
    assert {row["problem_count"] for row in rows} == {5}  # a missing stage is none of the pipeline's, too
    began = [{"subject_id": "o1", "target": "won", "at": FIRST, "seq": 0, "source": "propsal"}]
    assert {
        row["problem_count"] for row in rows_of(funnel(frame_of(engine, began, MOVES), OPPORTUNITY, cohort="all"))
    } == {1}


def test_who_is_counted_must_be_said_as_in_the_core():
    frame = pl.DataFrame({"subject_id": ["o1"], "target": ["won"], "at": [FIRST]})
    for wrong in ({}, {"cohort": WINDOW, "during": WINDOW}, {"cohort": "some"}, {"cohort": 3}):
        with pytest.raises(InvalidValueError, match="cohort"):
            funnel(frame, OPPORTUNITY, **wrong)
    with pytest.raises(UnknownStageError):
        funnel(frame, OPPORTUNITY, cohort="all", entering="propsal")
    with pytest.raises(InvalidValueError, match="pipeline"):
        funnel(frame, "opportunity", cohort="all")


def test_a_pipeline_whose_good_end_is_closed():
    frame = pl.DataFrame({"subject_id": ["t1", "t1"], "target": ["new", "closed"], "at": [FIRST, FIRST + HOUR]})
    told = log_of([dict(zip(ROWS, row, strict=True)) for row in frame.rows()]).funnel(TICKET, cohort="all")
    assert funnel(frame, TICKET, cohort="all").select("stage", "actual_count").rows() == [
        (step.stage, step.actual_count) for step in told.steps
    ]
