from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import permutations
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from revops_core.calendars import BusinessCalendar
from revops_core.errors import DuplicateFactError, InvalidValueError, WrongSubjectError
from revops_core.stages import Corrected, Journey, Moved, Pipeline, Stage, StageLog, Stay, check
from revops_core.values.decision import Refused
from revops_core.values.plain import from_plain, to_plain

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PIPELINE = Pipeline(
    "x", ("a", "b", "c", Stage("won", "won"), Stage("lost", "lost")), regression="allow", reopen="allow"
)
NAMES = ("a", "b", "c", "won", "lost")


def move(target, at, source=None, seq=None, **more) -> Moved:
    return Moved(subject_id="o1", target=target, at=at, source=source, seq=seq, **more)


def chain(*steps) -> list[Moved]:
    """Moves through (stage, hours after the start), each classified by the pipeline."""
    found, source = [], None
    for seq, (target, hours) in enumerate(steps):
        found.append(move(target, AT + hours * HOUR, source, seq))
        source = target
    return list(PIPELINE.classified(found))


class Walk(RuleBasedStateMachine):
    """Moves, late facts, corrections and reopenings of one record, read by a journey and by a naive list."""

    @initialize()
    def begin(self):
        self.facts: list[Moved | Corrected] = []
        self.standing: dict[str, tuple[int, int, str]] = {}  # id -> hour, number, stage
        self.clock = self.seq = 0
        self.record = SimpleNamespace(id="o1", stage=None, stage_seq=None, stage_entered_at=None)

    @rule(to=st.sampled_from(NAMES), hours=st.integers(0, 3))
    def decide(self, to, hours):
        last = max(((at, seq, stage) for at, seq, stage in self.standing.values()), default=None)
        self.record.stage = None if last is None else last[2]
        self.record.stage_entered_at = None if last is None else AT + last[0] * HOUR
        self.record.stage_seq = self.seq - 1
        self.clock += hours
        answer = PIPELINE.decide(self.record, to, at=AT + self.clock * HOUR)
        if isinstance(answer, Refused):
            assert to == self.record.stage or answer.reasons[0] in {"terminal", "creation_stage_forbidden"}
            return
        if last is None and self.seq:  # every move was withdrawn: this one begins anew with its own number
            answer = move(to, answer.at, None, self.seq)
        self.keep(answer, self.clock)

    def keep(self, fact, hour):
        self.facts.append(fact)
        self.standing[fact.id] = (hour, fact.seq, fact.target)
        self.seq = fact.seq + 1

    @precondition(lambda self: self.clock > 0)
    @rule(data=st.data(), to=st.sampled_from(NAMES))
    def comes_late(self, data, to):
        hour = data.draw(st.integers(0, self.clock - 1))
        recorded_at = AT + self.clock * HOUR
        self.keep(move(to, AT + hour * HOUR, "b", self.seq, recorded_at=recorded_at), hour)

    @precondition(lambda self: self.standing)
    @rule(data=st.data(), to=st.none() | st.sampled_from(NAMES))
    def is_corrected(self, data, to):
        wrong = data.draw(st.sampled_from(sorted(self.standing)))
        hour, seq, _ = self.standing.pop(wrong)
        self.clock += 1
        right = None if to is None else move(to, AT + hour * HOUR, "b", seq, id=wrong)
        self.facts.append(Corrected(subject_id="o1", replaces=wrong, at=AT + self.clock * HOUR, replacement=right))
        if right is not None:
            self.standing[wrong] = (hour, seq, to)

    def ordered(self):
        return sorted(self.standing.values())

    @invariant()
    def it_stands_where_the_naive_list_says(self):
        journey = Journey.of(self.facts)
        for hour in range(-1, self.clock + 2):
            at = AT + hour * HOUR
            before = [stage for when, _, stage in self.ordered() if when <= hour]
            began = journey.moves[0].source if journey.moves else None
            assert journey.stage_at(at) == (before[-1] if before else began)
            assert journey.as_of(at).stage == (before[-1] if before else None)
        assert [each.target for each in journey.moves] == [stage for _, _, stage in self.ordered()]

    @invariant()
    def the_order_of_the_facts_does_not_matter(self):
        shuffled = self.facts[:]
        random.Random(len(shuffled)).shuffle(shuffled)
        assert Journey.of(shuffled).moves == Journey.of(self.facts).moves

    @invariant()
    def its_stays_share_out_its_life(self):
        journey = Journey.of(self.facts)
        end = AT + self.clock * HOUR
        known = [stay for stay in journey.stays if stay.entered_at is not None]
        for one, following in zip(journey.stays, journey.stays[1:], strict=False):
            assert one.exited_at == following.entered_at
        if known:
            times = journey.time_in_stage(as_of=end)
            assert sum((stay.time(end) for stay in known), timedelta(0)) == end - known[0].entered_at
            if len(known) == len(journey.stays):
                assert sum((each.cumulative for each in times.values()), timedelta(0)) == end - known[0].entered_at
            assert {name: each.visit_count for name, each in times.items()} == Counter(
                stay.stage for stay in journey.stays
            )

    @invariant()
    def what_was_known_then_is_the_journey_of_the_facts_recorded_then(self):
        journey = Journey.of(self.facts)
        for hour in range(0, self.clock + 1, 3):
            moment = AT + hour * HOUR
            then = [fact for fact in self.facts if (fact.recorded_at or fact.at) <= moment]
            assert journey.known_by(moment).moves == Journey.of(then).moves

    @invariant()
    def it_goes_to_plain_data_and_back(self):
        journey = Journey.of(self.facts)
        assert from_plain(Journey, to_plain(journey)) == journey

    @invariant()
    def a_log_of_the_same_facts_says_the_same(self):
        log = StageLog.of(self.facts)
        for hour in range(0, self.clock + 1, 2):
            at = AT + hour * HOUR
            stage = Journey.of(self.facts).stage_at(at)
            assert log.snapshot(at) == ({} if stage is None else {stage: 1})


Walk.TestCase.settings = settings(max_examples=60, stateful_step_count=20)
TestWalk = Walk.TestCase


def test_at_the_very_instant_of_a_move_it_stands_in_the_new_stage():
    journey = Journey.of(chain(("a", 0), ("b", 5)))
    assert journey.stage_at(AT + 5 * HOUR) == "b"
    assert journey.stage_at(AT + 5 * HOUR - timedelta(microseconds=1)) == "a"
    assert journey.stage_at(AT - HOUR) is None


def test_a_journey_without_facts_knows_nothing():
    journey = Journey.of([])
    assert (journey.stage, journey.subject_id, journey.stage_at(AT), journey.closed_at, journey.next_seq) == (
        None,
    ) * 4 + (0,)
    assert journey.time_in_stage(as_of=AT) == {}
    assert journey.stale_at(PIPELINE) is None
    assert journey.highest_stage(PIPELINE) is None


def test_a_stay_whose_start_is_not_known_has_no_time():
    journey = Journey.of([move("b", AT + HOUR, "a"), move("a", AT + 3 * HOUR, "b")])
    assert journey.stays[0] == Stay("a", None, AT + HOUR)
    assert journey.stage_at(AT - DAY) == "a"
    time = journey.time_in_stage(as_of=AT + 5 * HOUR)["a"]
    assert (time.visit_count, time.current, time.latest_completed, time.cumulative) == (2, 2 * HOUR, None, None)


def test_three_times_in_stage_are_told_apart():
    journey = Journey.of(chain(("a", 0), ("b", 2), ("a", 5), ("b", 6), ("a", 10)))
    time = journey.time_in_stage(as_of=AT + 13 * HOUR)["a"]
    assert (time.current, time.latest_completed, time.cumulative) == (3 * HOUR, HOUR, 6 * HOUR)
    without = journey.time_in_stage()["a"]
    assert (without.current, without.cumulative) == (None, 3 * HOUR)
    assert journey.time_in_stage(as_of=AT + 5 * HOUR)["b"].current is None


def test_time_in_stage_counts_working_time_where_a_calendar_is_given():
    office = BusinessCalendar("Mo-Fr 09:00-17:00", tz="UTC")
    journey = Journey.of(chain(("a", 0), ("b", 30)))
    assert journey.time_in_stage(calendar=office)["a"].cumulative == 14 * HOUR


def test_a_stay_across_a_change_of_the_clocks_is_measured_in_real_time():
    berlin = ZoneInfo("Europe/Berlin")
    journey = Journey.of(
        [move("a", datetime(2026, 3, 28, 12, tzinfo=berlin)), move("b", datetime(2026, 3, 29, 12, tzinfo=berlin), "a")]
    )
    assert journey.time_in_stage()["a"].cumulative == 23 * HOUR


def test_a_stay_is_stale_after_the_limit_and_not_at_it():
    stages = (
        Stage("a", stale_after=2 * DAY),
        Stage("b", stale_after=8 * HOUR, stale_in_working_hours=True),
        "c",
        Stage("won", "won"),
    )
    pipeline = Pipeline("x", stages)
    journey = Journey.of(chain(("a", 0)))
    assert journey.stale_at(pipeline) == AT + 2 * DAY
    assert not journey.is_stale(pipeline, AT + 2 * DAY)
    assert journey.is_stale(pipeline, AT + 2 * DAY + timedelta(microseconds=1))
    working = Journey.of(chain(("b", 4)))
    office = BusinessCalendar("Mo-Fr 09:00-17:00", tz="UTC")
    assert working.stale_at(pipeline, office) == AT + DAY + 4 * HOUR
    assert not working.is_stale(pipeline, AT, office)
    with pytest.raises(InvalidValueError, match="'b' counts working time"):
        working.stale_at(pipeline)
    assert Journey.of(chain(("c", 0))).stale_at(pipeline) is None
    assert not Journey.of(chain(("c", 0))).is_stale(pipeline, AT + DAY)


def test_the_limit_of_two_days_passes_in_real_time_over_a_change_of_the_clocks():
    berlin = ZoneInfo("Europe/Berlin")
    pipeline = Pipeline("x", (Stage("a", stale_after=DAY), Stage("won", "won")))
    journey = Journey.of([move("a", datetime(2026, 3, 28, 12, tzinfo=berlin))])
    assert journey.stale_at(pipeline) == datetime(2026, 3, 29, 13, tzinfo=berlin)


def test_a_reopened_deal_keeps_when_it_first_closed_and_how_often():
    journey = Journey.of(chain(("a", 0), ("won", 1), ("b", 2), ("lost", 3)))
    assert (journey.first_closed_at, journey.closed_at, journey.times_closed) == (AT + HOUR, AT + 3 * HOUR, 2)
    assert journey.as_of(AT + 2 * HOUR).closed_at is None
    assert [each.target for each in journey.reopenings] == ["b"]
    assert Journey.of(chain(("a", 0))).first_closed_at is None


def test_turns_are_counted():
    journey = Journey.of(chain(("a", 0), ("c", 1), ("b", 2), ("c", 3)))
    assert [each.target for each in journey.regressions] == ["b"]
    assert [each.skipped for each in journey.skips] == [("b",)]
    assert journey.re_entries == {"c": 2}
    assert journey.next_seq == 4
    assert repr(journey) == "Journey('o1': a → c → b → c)"


def test_the_depth_of_a_lost_deal_is_the_furthest_open_stage_it_entered():
    assert Journey.of(chain(("a", 0), ("c", 1), ("b", 2), ("lost", 3))).highest_stage(PIPELINE) == "c"
    assert Journey.of([move("lost", AT)]).highest_stage(PIPELINE) == "a"


def test_of_two_corrections_of_one_move_the_later_counts():
    wrong = move("a", AT, seq=0)
    first = Corrected(subject_id="o1", replaces=wrong.id, at=AT + HOUR, replacement=move("b", AT, seq=0))
    second = Corrected(subject_id="o1", replaces=wrong.id, at=AT + 2 * HOUR, replacement=move("c", AT, seq=0))
    assert Journey.of([second, wrong, first]).stage == "c"
    assert Journey.of([wrong]).with_facts([first, second]).known_by(AT + HOUR).stage == "b"


def test_a_replacement_with_its_own_id_can_be_corrected_too():
    wrong = move("a", AT, seq=0)
    first = Corrected(subject_id="o1", replaces=wrong.id, at=AT + HOUR, replacement=move("b", AT, seq=0, id="better"))
    second = Corrected(subject_id="o1", replaces="better", at=AT + 2 * HOUR)
    assert Journey.of([wrong, first]).stage == "b"
    assert Journey.of([wrong, first, second]).stage is None


def test_facts_of_two_records_and_contradicting_facts_of_one_id_are_refused():
    with pytest.raises(WrongSubjectError, match="'o1'"):
        Journey.of([move("a", AT), Moved(subject_id="o2", target="a", at=AT)])
    inner = Moved(subject_id="o2", target="a", at=AT)
    with pytest.raises(WrongSubjectError):
        Journey.of([move("a", AT), Corrected(subject_id="o1", replaces="x", at=AT, replacement=inner)])
    twice = [move("a", AT, seq=0), move("b", AT, seq=0)]
    with pytest.raises(DuplicateFactError, match="2 facts have the id") as caught:
        Journey.of(twice)
    assert caught.value.facts == tuple(twice)
    corrections = [Corrected(subject_id="o1", replaces="x", at=AT, reason=reason) for reason in ("typo", "fraud")]
    with pytest.raises(DuplicateFactError):
        Journey.of(corrections)
    with pytest.raises(DuplicateFactError):
        Journey.of([move("a", AT, id="f1"), Corrected(subject_id="o1", replaces="x", at=AT, id="f1")])
    moved_onto = Corrected(subject_id="o1", replaces=twice[0].id, at=AT, replacement=move("b", AT + HOUR, seq=1))
    with pytest.raises(DuplicateFactError):
        Journey.of([twice[0], move("c", AT + HOUR, seq=1), moved_onto])
    with pytest.raises(InvalidValueError, match="facts"):
        Journey.of(["a"])


def test_a_fact_that_came_twice_is_read_once_wherever_moves_are_read():
    first, second = move("a", AT, seq=0), move("b", AT + HOUR, source="a", seq=1)
    correction = Corrected(subject_id="o1", replaces=second.id, at=AT + HOUR, replacement=move("c", AT + HOUR, seq=1))
    record = SimpleNamespace(id="o1", stage="c", stage_entered_at=AT + HOUR)
    for once in ([first, second], [first, second, correction]):
        journey = Journey.of(once)
        for twice in permutations([*once, *once[:2]]):
            again = Journey.of(twice)
            assert (again.moves, again.stays, len(again.facts)) == (journey.moves, journey.stays, len(once))
            assert StageLog.of(twice).step_rates() == StageLog.of(once).step_rates()
            assert check([record], twice) == check([record], once)


@pytest.mark.parametrize("order", [1, -1])
def test_of_a_fact_told_twice_the_first_recording_counts(order):
    early, late = (move("a", AT, seq=0, recorded_at=at) for at in (None, AT + 3 * HOUR))
    other = move("b", AT + HOUR, source="a", seq=1)
    assert Journey.of([other, *(early, late)[::order]]).deviations() == ()
    assert Journey.of([other, late]).deviations()[0].code == "late_move"


def test_a_correction_that_tells_what_another_move_tells_too_leaves_one_of_them():
    real, wrong = move("b", AT + HOUR, source="a", seq=1), move("b", AT, source="a", seq=1)
    corrected = Corrected(subject_id="o1", replaces=wrong.id, at=AT + HOUR, replacement=real)
    assert Journey.of([move("a", AT, seq=0), wrong, real, corrected]).moves[1:] == (real,)


def codes(*facts, pipeline=None):
    return [problem.code for problem in Journey.of(facts).deviations(pipeline)]


def test_late_moves_are_told_by_their_number_or_by_when_they_were_recorded():
    assert codes(*chain(("a", 0), ("b", 1))) == []
    late = move("b", AT + HOUR, "a", seq=2)
    assert codes(move("a", AT, seq=0), move("c", AT + 2 * HOUR, "b", seq=1), late) == ["late_move"]
    recorded = move("b", AT + HOUR, "a", recorded_at=AT + DAY)
    assert codes(move("a", AT), move("c", AT + 2 * HOUR, "b"), recorded) == ["late_move"]


def test_a_chain_that_breaks_and_numbers_that_lack_are_told():
    assert codes(move("a", AT, seq=0), move("c", AT + HOUR, "b", seq=3)) == [
        "source_mismatch",
        "missing_seq",
        "missing_seq",
    ]
    assert codes(move("a", AT), Corrected(subject_id="o1", replaces="x", at=AT)) == ["dangling_correction"]
    first = move("a", AT)
    better = Corrected(subject_id="o1", replaces=first.id, at=AT, replacement=move("b", AT, id="y"))
    assert (
        codes(first, better, Corrected(subject_id="o1", replaces="y", at=AT, replacement=move("c", AT, id="z"))) == []
    )


def test_what_a_pipeline_forbids_is_told_unless_it_was_overridden_or_another_version():
    strict = Pipeline("x", ("a", "b", "c", Stage("won", "won")), skip="forbid", version=2)
    bare = [move("a", AT), move("c", AT + HOUR, "a"), move("z", AT + 2 * HOUR, "c"), move("b", AT + 3 * HOUR, "z")]
    assert codes(*bare, pipeline=strict) == ["skip_forbidden", "unknown_stage", "unknown_stage"]
    assert codes(move("a", AT, version=1), move("c", AT + HOUR, "a", version=1), pipeline=strict) == []
    overridden = strict.decide(SimpleNamespace(id="o1", stage="a"), "c", at=AT + HOUR, override="ana")
    assert codes(move("a", AT), overridden, pipeline=strict) == []
