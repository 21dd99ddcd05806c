from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from statistics import mean, median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revops_core.calendars import BusinessCalendar
from revops_core.errors import InvalidValueError, UnknownStageError
from revops_core.stages import Corrected, Funnel, FunnelStep, Journey, Moved, Pipeline, Stage, StageLog, Waiting
from revops_core.values.instants import to_microseconds
from revops_core.values.interval import Interval
from revops_core.values.measurement import Undefined
from revops_core.values.period import Period

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
PIPELINE = Pipeline(
    "x", ("a", "b", "c", Stage("won", "won"), Stage("lost", "lost")), regression="allow", reopen="allow"
)
RANKS = {"a": 0, "b": 1, "c": 2, "won": 3}
OFFICE = BusinessCalendar("Mo-Fr 09:00-17:00", tz="UTC")

histories = st.dictionaries(
    st.sampled_from("pqrstuvw"),
    st.lists(st.tuples(st.integers(0, 200), st.sampled_from(("a", "b", "c", "won", "lost"))), min_size=1, max_size=7),
    max_size=6,
)


def rows_of(histories) -> list[tuple[str, str, datetime]]:
    return [(entity, stage, AT + hour * HOUR) for entity, events in histories.items() for hour, stage in events]


def paths_of(histories) -> dict[str, list[tuple[int, str]]]:
    """Each history in order, repeats collapsed; of two at one hour, the one further down is the later."""
    paths = {}
    for entity, events in histories.items():
        path: list[tuple[int, str]] = []
        for hour, stage in sorted(events, key=lambda event: event[0]):
            if not path or path[-1][1] != stage:
                path.append((hour, stage))
        paths[entity] = path
    return paths


@given(histories, st.randoms(use_true_random=False))
def test_entities_may_come_mixed_up_and_the_log_is_the_same(histories, chance):
    rows = rows_of(histories)
    mixed = rows[:]
    chance.shuffle(mixed)
    by_entity = defaultdict(list)
    for row in rows:
        by_entity[row[0]].append(row)
    queues = {entity: iter(events) for entity, events in by_entity.items()}
    woven = [next(queues[row[0]]) for row in mixed]  # each entity's own order is kept
    told = {(m.subject_id, m.seq, m.target, m.at) for m in StageLog.of(woven).moves()}
    assert told == {(m.subject_id, m.seq, m.target, m.at) for m in StageLog.of(rows).moves()}
    expected = {
        (e, n, stage, AT + hour * HOUR)
        for e, path in paths_of(histories).items()
        for n, (hour, stage) in enumerate(path)
    }
    assert told == expected


@given(histories, st.integers(-1, 210))
def test_a_snapshot_counts_the_last_stage_of_each_up_to_and_with_the_instant(histories, hour):
    expected = Counter()
    for path in paths_of(histories).values():
        stages = [stage for when, stage in path if when <= hour]
        expected.update(stages[-1:])
    log = StageLog.of(rows_of(histories))
    assert log.snapshot(AT + hour * HOUR) == expected
    assert Counter(stage for _, stage in log.stages_at(AT + hour * HOUR)) == expected


@given(histories, st.lists(st.integers(-1, 210), max_size=5))
def test_a_series_is_the_snapshots_one_by_one(histories, hours):
    log = StageLog.of(rows_of(histories))
    moments = [AT + hour * HOUR for hour in hours]
    assert log.series(moments) == [log.snapshot(moment) for moment in moments]


@given(histories)
def test_a_period_is_read_just_before_its_end(histories):
    log = StageLog.of(rows_of(histories))
    days = Period.between(date(2026, 3, 2), date(2026, 3, 12)).days()
    assert log.series(days) == [log.snapshot(day.end - timedelta(microseconds=1)) for day in days]


@given(histories, st.none() | st.integers(0, 200))
def test_a_funnel_counts_entities_once_and_filled_never_rises_nor_falls_below_actual(histories, hour):
    as_of = None if hour is None else AT + hour * HOUR
    limit = 10_000 if hour is None else hour
    funnel = StageLog.of(rows_of(histories)).funnel(PIPELINE, cohort="all", as_of=as_of)
    paths = [[stage for when, stage in path if when <= limit] for path in paths_of(histories).values()]
    paths = [path for path in paths if path]
    assert funnel.entity_count == len(paths)
    for step in funnel.steps:
        rank = RANKS[step.stage]
        assert step.actual_count == sum(step.stage in path for path in paths)
        assert step.filled_count == sum(any(RANKS.get(stage, -1) >= rank for stage in path) for path in paths)
        assert step.visit_count == sum(path.count(step.stage) for path in paths)
        assert step.filled_count >= step.actual_count
    filled = [step.filled_count for step in funnel.steps]
    assert filled == sorted(filled, reverse=True)
    assert funnel.lost_count == sum(path[-1] == "lost" for path in paths)
    assert funnel.open_count == sum(path[-1] in "abc" for path in paths)


@given(histories, st.integers(0, 200), st.integers(0, 100), st.sampled_from(("a", "b", "won", None)))
def test_a_cohort_is_who_entered_first_in_the_window_and_a_period_counts_entries(histories, start, length, entering):
    window = Interval(AT + start * HOUR, AT + (start + length) * HOUR)
    log = StageLog.of(rows_of(histories))
    paths = list(paths_of(histories).values())
    cohort = log.funnel(PIPELINE, cohort=window, entering=entering)
    expected = []
    for path in paths:
        entries = [when for when, stage in path if entering in {None, stage}]
        if entries and start <= entries[0] < start + length:
            expected.append([stage for _, stage in path])
    assert cohort.entity_count == len(expected)
    assert [step.actual_count for step in cohort.steps] == [sum(name in path for path in expected) for name in RANKS]
    during = log.funnel(PIPELINE, during=window)
    inside = [[stage for when, stage in path if start <= when < start + length] for path in paths]
    assert [step.visit_count for step in during.steps] == [sum(path.count(name) for path in inside) for name in RANKS]
    assert during.entity_count == sum(bool(path) for path in inside)
    assert during.open_count == sum(path[-1][1] in "abc" for path, part in zip(paths, inside, strict=True) if part)


@given(histories)
def test_fates_follow_each_entity_from_its_first_entry(histories):
    fates = StageLog.of(rows_of(histories)).fates(PIPELINE)
    paths = [[stage for _, stage in path] for path in paths_of(histories).values()]
    assert list(fates) == ["a", "b", "c"]
    for name, fate in fates.items():
        entered = [path for path in paths if name in path]
        later = [path[path.index(name) + 1 :] for path in entered]
        assert fate.entered_count == len(entered)
        assert fate.advanced_count == sum(any(RANKS.get(stage, -1) > RANKS[name] for stage in rest) for rest in later)
        assert fate.won_count == sum(path[-1] == "won" for path in entered)
        assert fate.lost_count == sum(path[-1] == "lost" for path in entered)
        assert fate.open_count == sum(path[-1] in "abc" for path in entered)


@given(histories, st.none() | st.integers(0, 200), st.booleans())
def test_flow_measures_each_way_as_a_loop_over_the_stays_does(histories, hour, working):
    calendar = OFFICE if working else None
    log = StageLog.of(rows_of(histories))
    limit = 10_000 if hour is None else hour
    spans = defaultdict(list)
    still = Counter()
    for path in paths_of(histories).values():
        kept = [event for event in path if event[0] <= limit]
        for (start, stage), (end, following) in pairwise(kept):
            first, last = AT + start * HOUR, AT + end * HOUR
            spans[stage, following].append(OFFICE.working_time(first, last) if working else last - first)
        still.update(stage for _, stage in kept[-1:])
    flow = log.flow(as_of=None if hour is None else AT + hour * HOUR, calendar=calendar)
    assert {(each.stage, each.next_stage): each.n for each in flow} == {way: len(found) for way, found in spans.items()}
    for each in flow:
        seconds = [span.total_seconds() for span in spans[each.stage, each.next_stage]]
        assert each.total.total_seconds() == pytest.approx(sum(seconds))
        assert each.mean.total_seconds() == pytest.approx(mean(seconds))
        assert each.median.total_seconds() == pytest.approx(median(seconds))
    assert [each.total for each in flow] == sorted((each.total for each in flow), reverse=True)
    stages = log.bottlenecks(as_of=None if hour is None else AT + hour * HOUR, calendar=calendar)
    assert sum((each.total for each in stages), timedelta(0)) == sum((each.total for each in flow), timedelta(0))
    assert {each.stage: each.open_count for each in stages if each.open_count} == still
    if sum(each.n for each in flow) and flow[0].total:
        assert sum(each.share_of_total for each in flow) == 1


@given(histories)
def test_rework_and_variants_are_counts_over_the_paths(histories):
    log = StageLog.of(rows_of(histories))
    paths = [tuple(stage for _, stage in path) for path in paths_of(histories).values()]
    assert dict(log.variants()) == Counter(paths)
    for name, rework in log.rework().items():
        visits = [path.count(name) for path in paths if name in path]
        assert (rework.entity_count, rework.re_entered_count) == (len(visits), sum(count > 1 for count in visits))
        assert rework.extra_visit_count == sum(visits) - len(visits)
        assert rework.rework_rate == Fraction(rework.re_entered_count, rework.entity_count)


@given(histories)
def test_conformance_names_the_same_moves_as_the_journeys_do(histories):
    strict = Pipeline("x", PIPELINE.stages, skip="forbid", regression="forbid", reopen="forbid", creation=("a",))
    log = StageLog.of(rows_of(histories))
    by_entity = defaultdict(list)
    for move in log.moves():
        by_entity[move.subject_id].append(move)
    expected = Counter()
    for moves in by_entity.values():
        expected.update(problem.code for problem in Journey.of(moves).deviations(strict))
    found = log.conformance(strict)
    counted = Counter()
    for deviation in found.deviations:
        counted[deviation.reason] += deviation.count
        assert set(deviation.entity_ids) <= set(histories)
    assert counted == expected
    if len(log):
        assert found.conforming_rate == 1 - Fraction(sum(expected.values()), len(log))


def test_rows_in_microseconds_and_datetimes_are_the_same_log():
    rows = [("o1", "a", AT), ("o1", "b", AT + HOUR), ("o2", "a", AT)]
    log = StageLog.of((entity, stage, to_microseconds(at)) for entity, stage, at in rows)
    assert list(log.moves()) == list(StageLog.of(rows).moves())
    assert len(log) == 3
    assert repr(log) == "StageLog(3 entries of 2 entities in 2 stages)"
    assert log.columns.byte_count == 3 * 12 + 3 * 4


def test_repeats_are_collapsed_and_counted_and_ties_too():
    sorted_log = StageLog.of([("o1", "a", AT), ("o1", "a", AT + HOUR), ("o1", "b", AT + HOUR), ("o1", "c", AT + HOUR)])
    assert (sorted_log.columns.repeat_count, sorted_log.columns.tie_count) == (1, 2)
    mixed = StageLog.of([("o1", "b", AT + HOUR), ("o1", "a", AT), ("o1", "a", AT + HOUR / 2), ("o1", "c", AT + HOUR)])
    assert (mixed.columns.repeat_count, mixed.columns.tie_count) == (1, 1)
    assert [move.target for move in mixed.moves()] == ["a", "b", "c"]


def test_the_order_of_ties_is_declared():
    rows = [("o1", "c", AT + HOUR), ("o1", "b", AT + HOUR), ("o1", "a", AT)]
    assert [move.target for move in StageLog.of(rows, ties="reversed").moves()] == ["a", "b", "c"]
    assert [move.target for move in StageLog.of(rows).moves()] == ["a", "c", "b"]
    with pytest.raises(InvalidValueError, match="ties='input'") as caught:
        StageLog.of([*rows, *(("o2", stage, at) for _, stage, at in rows)], ties="refuse")
    assert [fault.value[:3] for fault in caught.value.faults] == [("o1", "c", "b"), ("o2", "c", "b")]
    assert len(StageLog.of([("o1", "a", AT), ("o1", "a", AT), ("o1", "b", AT + HOUR)], ties="refuse")) == 2
    with pytest.raises(InvalidValueError, match="'ties' must be one of input, reversed, refuse"):
        StageLog.of(rows, ties="any")


def test_an_empty_log_answers_everything():
    log = StageLog.of([])
    assert (len(log), log.snapshot(AT), log.series([AT]), log.flow(), log.rework(), log.variants()) == (
        0,
        {},
        [{}],
        (),
        {},
        (),
    )
    assert log.funnel(PIPELINE, cohort="all").entity_count == 0
    assert log.bottlenecks(calendar=OFFICE) == ()
    assert log.conformance(PIPELINE).conforming_rate == Undefined("zero_denominator")
    assert log.fates(PIPELINE)["a"].win_rate().value == Undefined("too_few")
    with pytest.raises(UnknownStageError, match="the log has no stage"):
        log.survival("a")


@pytest.mark.parametrize(
    ("rows", "field"),
    [
        ([("o1", "a", datetime(2026, 1, 1))], "at"),
        ([("o1", "a", None)], "at"),
        ([("o1", None, AT)], "stage"),
        ([("o1", "", AT)], "stage"),
        ([(7, "a", AT)], "entity"),
        ([("", "a", AT)], "entity"),
        ([("o1", "a", AT), ("o1", "b", AT - HOUR), ("o1", "c", None)], "at"),
    ],
)
def test_bad_rows_are_refused_by_name(rows, field):
    with pytest.raises(InvalidValueError, match=f"'{field}' must be"):
        StageLog.of(rows)


def test_more_stages_than_the_columns_can_number_are_refused():
    rows = [("o1", f"s{n}", n) for n in range(65_536)]
    with pytest.raises(InvalidValueError, match="at most 65535 names"):
        StageLog.of(rows)


def facts():
    known = Moved(subject_id="o1", target="a", at=AT)
    late = Moved(subject_id="o2", source="b", target="c", at=AT + 2 * HOUR)
    return [known, late, Moved(subject_id="o1", source="a", target="b", at=AT + HOUR)]


def test_a_start_that_is_not_known_counts_for_reach_and_has_no_time():
    log = StageLog.of(facts())
    assert log.snapshot(AT + HOUR) == {"b": 2}
    assert log.series([AT - HOUR, AT + HOUR, AT + 2 * HOUR]) == [{"b": 1}, {"b": 2}, {"b": 1, "c": 1}]
    assert dict(log.stages_at(AT)) == {"o1": "a", "o2": "b"}
    funnel = log.funnel(PIPELINE, cohort="all")
    assert [step.actual_count for step in funnel.steps] == [1, 2, 1, 0]
    assert log.funnel(PIPELINE, cohort="all", as_of=AT + HOUR).open_count == 2
    window = Interval(AT - HOUR, AT + 9 * HOUR)
    assert log.funnel(PIPELINE, cohort=window).entity_count == 1
    assert log.funnel(PIPELINE, cohort=window, entering="c").entity_count == 1
    assert log.funnel(PIPELINE, cohort=window, entering="b").entity_count == 1
    assert [each.stage for each in log.flow()] == ["a"]
    assert [move.source for move in log.moves()] == [None, "a", "b"]
    assert log.conformance(PIPELINE).deviations == ()
    assert (
        log.conformance(Pipeline("y", ("c", "b", Stage("won", "won")), regression="forbid")).deviations[0].reason
        == "unknown_stage"
    )


def test_a_log_of_facts_follows_corrections():
    told = facts()
    log = StageLog.of([*told, Corrected(subject_id="o1", replaces=told[2].id, at=AT + 9 * HOUR)])
    assert log.snapshot(AT + HOUR) == {"a": 1, "b": 1}


def test_a_stage_entered_again_by_a_move_is_a_new_visit():
    moves = [Moved(subject_id="o1", target="a", at=AT), Moved(subject_id="o1", source="a", target="a", at=AT + HOUR)]
    assert StageLog.of(moves).rework()["a"].extra_visit_count == 1


def test_the_reading_of_a_funnel_must_be_said():
    log = StageLog.of([("o1", "a", AT)])
    window = Interval(AT, AT + HOUR)
    for arguments in ({}, {"cohort": window, "during": window}, {"cohort": "some"}, {"cohort": 3}, {"during": 3}):
        with pytest.raises(InvalidValueError, match=r"StageLog\.funnel"):
            log.funnel(PIPELINE, **arguments)
    assert log.funnel(PIPELINE, cohort="all").definition == "all entities that began, followed to the end"
    assert (
        log.funnel(PIPELINE, during=Period.month(2026, 3), as_of=AT).definition == f"entries during 2026-03, as of {AT}"
    )
    assert log.funnel(PIPELINE, cohort=window, entering="a").definition.startswith(
        "all entities that first entered 'a' in Interval"
    )


def test_a_funnel_answers_for_its_own_stages_and_conversion_names_its_reading():
    log = StageLog.of([("o1", "a", AT), ("o1", "c", AT + HOUR), ("o2", "a", AT), ("o2", "b", AT + HOUR)])
    funnel = log.funnel(PIPELINE, cohort="all")
    assert funnel.conversion_rate("a", "b") == 1
    assert funnel.conversion_rate("a", "b", filled=False) == Fraction(1, 2)
    assert funnel.conversion_rate("won", "won") == Undefined("zero_denominator")
    with pytest.raises(InvalidValueError, match="must be one of a, b, c, won"):
        funnel.step("lost")
    with pytest.raises(UnknownStageError):
        log.funnel(PIPELINE, cohort="all", entering="x")
    assert log.funnel(PIPELINE, cohort="all", entering="won").entity_count == 0
    ticket = Pipeline("t", ("a", "b", "c", Stage("shut", "closed")))
    assert [step.stage for step in log.funnel(ticket, cohort="all").steps] == ["a", "b", "c", "shut"]


def test_a_win_rate_from_history_needs_a_floor():
    rows = [row for n in range(30) for row in ((f"o{n}", "a", AT), (f"o{n}", "won" if n < 12 else "lost", AT + HOUR))]
    fate = StageLog.of([*rows, ("open", "a", AT)]).fates(PIPELINE)["a"]
    rate = fate.win_rate()
    assert (rate.value, rate.numerator, rate.denominator, rate.name) == (Fraction(12, 30), 12, 30, "win_rate_from_a")
    assert fate.win_rate(at_least=31).value == Undefined("too_few")
    assert fate.open_count == 1


def test_the_survival_of_stays_counts_open_ones_as_censored():
    rows = [
        ("o1", "a", AT),
        ("o1", "b", AT + 6 * HOUR),
        ("o2", "a", AT),
        ("o2", "b", AT + 10 * HOUR),
        ("o3", "a", AT + 3 * HOUR),
    ]
    curve = StageLog.of(rows).survival("a")
    assert (curve.times, curve.at_risk, curve.ended) == ((6 * HOUR, 10 * HOUR), (3, 1), (1, 1))
    early = StageLog.of(rows).survival("a", as_of=AT + 8 * HOUR, calendar=OFFICE)
    assert (early.times, early.at_risk, early.longest) == ((6 * HOUR,), (2,), 8 * HOUR)
    assert StageLog.of(rows).survival("b", as_of=AT) == Undefined("zero_denominator")


def test_bottlenecks_leave_the_ends_of_a_pipeline_out():
    rows = [("o1", "a", AT), ("o1", "won", AT + HOUR), ("o1", "b", AT + 99 * HOUR), ("o2", "lost", AT)]
    log = StageLog.of(rows)
    assert [each.stage for each in log.bottlenecks()] == ["won", "a", "b", "lost"]
    found = log.bottlenecks(PIPELINE)
    assert [(each.stage, each.share_of_total, each.median) for each in found] == [("a", 1, HOUR), ("b", 0, None)]


def test_a_funnel_prints_its_steps_and_shows_them_in_a_notebook():
    steps = (FunnelStep("new", 1200, 1200, 1300), FunnelStep("offer", 400, 600, 410), FunnelStep("won", 150, 150, 150))
    funnel = Funnel("all entities that began", 1200, steps, lost_count=800, open_count=250)
    assert str(funnel).splitlines() == [
        "1,200 all entities that began: 800 lost, 250 open",
        "stage  got there  of the stage before  were in it  visits",
        "-----  ---------  -------------------  ----------  ------",
        "new        1,200                            1,200   1,300",
        "offer        600               50.0 %         400     410",
        "won          150               25.0 %         150     150",
    ]
    assert "<td" in funnel._repr_html_()
    assert "offer" in funnel._repr_html_()
    assert Funnel("none", 0, (FunnelStep("new", 0, 0, 0), FunnelStep("won", 0, 0, 0)), 0, 0).table().cells[1][2] is None


@pytest.mark.parametrize(
    ("waiting", "text"),
    [
        (
            Waiting("new", "won", 12, 0, 1728 * HOUR, 144 * HOUR, 120 * HOUR, 216 * HOUR, Fraction(31, 100)),
            "new → won: 12 stays, mean 6.0 d, median 5.0 d, nine of ten within 9.0 d, 31.0 % of it all",
        ),
        (Waiting("new", None, 1, 3, 24 * HOUR, 24 * HOUR, 24 * HOUR, 24 * HOUR, None),
         "new: 1 stay, mean 24 h 00 min, median 24 h 00 min, nine of ten within 24 h 00 min, 3 still in it"),
        (Waiting("new", None, 0, 1, 0 * 24 * HOUR, None, None, None, None), "new: 0 stays, 1 still in it"),
    ],
)  # fmt: skip
def test_a_waiting_time_prints_as_a_line(waiting, text):
    assert str(waiting) == text
