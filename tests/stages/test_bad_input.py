from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest
from attrs import define

from revops_core import from_plain, to_plain
from revops_core.entities import Opportunity
from revops_core.errors import (
    DuplicateFactError,
    InvalidValueError,
    UnknownStageError,
    WrongPipelineError,
    WrongSubjectError,
)
from revops_core.stages import (
    OPPORTUNITY,
    Corrected,
    Journey,
    Migration,
    Moved,
    Pipeline,
    Stage,
    StageLog,
    Waterfall,
    check,
    waterfall,
)
from revops_core.stages.records_as_of import records_as_of

T = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
NAIVE = datetime(2026, 3, 1)


def row(**values):
    return SimpleNamespace(**{"id": 7, "stage": "qualification", "amount": 5, "close_date": T.date()} | values)


def moved(source, target, at, **values):
    return Moved(**{"subject_id": "o1", "source": source, "target": target, "at": at} | values)


@pytest.mark.parametrize(
    ("values", "arguments", "field"),
    [
        ({"stage_entered_at": NAIVE}, {}, "record.stage_entered_at"),
        ({"stage_entered_at": date(2026, 3, 1)}, {}, "record.stage_entered_at"),
        ({"stage_seq": "3"}, {}, "record.stage_seq"),
        ({"id": None}, {}, "record.id"),
        ({}, {"at": NAIVE}, "at"),
        ({}, {"at": None}, "at"),
        ({}, {"as_of": NAIVE}, "as_of"),
        ({}, {"as_of": "now"}, "as_of"),
        ({}, {"override": ""}, "override"),
        ({}, {"override": True}, "override"),
    ],
)
def test_what_a_decision_cannot_read_is_named(values, arguments, field):
    with pytest.raises(InvalidValueError) as caught:
        OPPORTUNITY.decide(row(**values), "proposal", **({"at": T} | arguments))
    assert [fault.field for fault in caught.value.faults] == [field]


def test_all_that_a_decision_cannot_read_is_told_at_once():
    with pytest.raises(InvalidValueError) as caught:
        OPPORTUNITY.decide(row(stage_entered_at=NAIVE, stage_seq="3"), "proposal", at=NAIVE, as_of=NAIVE)
    assert len(caught.value.faults) == 4


def test_a_number_as_id_becomes_the_text_of_the_fact():
    assert OPPORTUNITY.decide(row(), "proposal", at=T, as_of=T).subject_id == "7"


def test_a_first_move_of_a_record_of_another_pipeline_raises():
    for values in ({"pipeline": "renewal"}, {"stage_version": 2}, {"stage_version": "1"}):
        with pytest.raises(WrongPipelineError):
            OPPORTUNITY.start(row(**values), at=T)


def test_a_reopened_record_does_not_keep_the_certainty_of_its_end():
    plain = Pipeline("sale", ("new", Stage("won", "won")), subject=Opportunity, reopen="allow")
    new = Opportunity(id="o1", stage="new")
    won = plain.decide(new, "won", at=T).apply_to(new)
    assert won.probability == 1
    reopening = plain.decide(won, "new", at=T + DAY)
    assert reopening.changes["probability"] is None
    assert reopening.apply_to(won).probability is None


def test_a_pipeline_needs_stages():
    for stages in ((), None, "abc"):
        with pytest.raises(InvalidValueError) as caught:
            Pipeline("sale", stages)
        assert [fault.field for fault in caught.value.faults] == ["stages"]


def test_faults_of_a_name_do_not_hide_those_of_the_stages():
    with pytest.raises(InvalidValueError) as caught:
        Pipeline("", ("a", "a", Stage("w", "won")), version=0, skip="maybe")
    assert [fault.field for fault in caught.value.faults] == ["name", "version", "skip", "stages"]


def test_a_step_with_too_many_parts_is_a_fault_of_the_definition():
    with pytest.raises(InvalidValueError, match="'transitions' must be"):
        Pipeline("sale", ("new", Stage("won", "won")), transitions=[("new", "won", "allow", "now")])


def test_two_facts_with_one_given_id_are_refused_wherever_they_stand():
    with pytest.raises(DuplicateFactError) as caught:
        Journey.of([moved(None, "new", T, id="x"), moved("new", "won", T + DAY, id="x")])
    assert [fact.target for fact in caught.value.facts] == ["new", "won"]


def test_moves_of_one_id_through_two_pipelines_make_no_journey():
    facts = [moved(None, "new", T, pipeline="lead"), moved(None, "upcoming", T + DAY, pipeline="renewal", version=2)]
    for build in (Journey.of, StageLog.of, lambda moves: check([row(id="o1")], moves)):
        with pytest.raises(WrongPipelineError, match="moves of one pipeline") as caught:
            build(facts)
        assert (caught.value.expected, caught.value.found) == (("lead", None), ("renewal", 2))
    replaced = Corrected(subject_id="o1", replaces=facts[0].id, at=T, replacement=facts[1])
    with pytest.raises(WrongPipelineError):
        Journey.of([facts[0], replaced])


def test_a_migration_to_a_pipeline_of_another_name_goes_on_with_the_journey():
    old, new = (Pipeline(name, ("new", Stage("won", "won"))) for name in ("old", "sale"))
    begun = old.start(row(stage=None), at=T)
    held = row(stage="new", stage_seq=0)
    (over,) = Migration(old, new).moves([held], at=T + DAY)
    won = new.decide(row(stage="new", stage_seq=1), "won", at=T + 2 * DAY)
    assert Journey.of([won, over, begun]).stage == "won"


def test_a_journey_wants_facts_and_a_calendar():
    for facts in (None, ["new"], "new"):
        with pytest.raises(InvalidValueError, match="'facts'"):
            Journey.of(facts)
    with pytest.raises(InvalidValueError, match="'calendar'"):
        Journey.of([moved(None, "new", T)]).time_in_stage(calendar="Mo-Fr")
    with pytest.raises(WrongSubjectError):
        Journey.of([moved(None, "new", T), moved("new", "won", T, subject_id="o2")])


def test_a_stage_that_a_log_does_not_have_is_named():
    with pytest.raises(UnknownStageError, match="the log has no stage 'nw'; did you mean 'new'"):
        StageLog.of([("o1", "new", T)]).survival("nw")
    with pytest.raises(UnknownStageError, match="the log has no stage 'new'; it has none"):
        StageLog.of([]).survival("new")


def test_rows_that_cannot_be_built_anew_are_refused_by_the_function_that_was_called():
    with pytest.raises(InvalidValueError, match="records_as_of: 'record' must be an instance"):
        records_as_of([row(id="o1", stage="won")], [moved("new", "won", T + DAY)], T)


def test_any_object_with_an_id_and_a_stage_is_decided_on():
    @define
    class Mutable:
        id: int
        stage: str
        amount: int = 5
        close_date: date = date(2026, 4, 1)

    deal = Mutable(1, "qualification")
    move = OPPORTUNITY.decide(deal, "proposal", at=T)
    for name, value in move.changes.items():
        if hasattr(deal, name):
            setattr(deal, name, value)
    assert deal == move.apply_to(Mutable(1, "qualification")) == Mutable(1, "proposal")


def test_rows_of_another_shape_are_shown():
    wrong = [("o1", "new"), ("o1", ["new"], T), {"entity": "o1"}, moved(None, "new", T), ("o1", "new", 1 << 80)]
    for row_, ties in ((row_, ties) for row_ in wrong for ties in ("input", "reversed")):
        with pytest.raises(InvalidValueError, match="rows") as caught:
            StageLog.of([("o0", "new", T), row_], ties=ties)
        assert [fault.field for fault in caught.value.faults] == ["rows"]
    with pytest.raises(InvalidValueError, match="facts alone"):
        StageLog.of([moved(None, "new", T), ("o1", "new", T)])


@pytest.mark.parametrize("ties", ["input", "reversed"])
def test_an_error_of_the_source_of_the_rows_goes_through(ties):
    def rows():
        yield "o1", "new", T
        message = "line 2 is broken"
        raise ValueError(message)

    with pytest.raises(ValueError, match="line 2 is broken"):
        StageLog.of(rows(), ties=ties)


def test_questions_to_a_log_want_a_pipeline_and_a_calendar():
    log = StageLog.of([("o1", "new", T)])
    for ask in (
        lambda: log.funnel("sale", cohort="all"),
        lambda: log.fates(None),
        lambda: log.conformance(None),
        lambda: log.bottlenecks("sale"),
    ):
        with pytest.raises(InvalidValueError, match="'pipeline' must be a Pipeline"):
            ask()
    for ask in (log.flow, log.bottlenecks, lambda **given: log.survival("new", **given)):
        with pytest.raises(InvalidValueError, match="'calendar' must be a BusinessCalendar"):
            ask(calendar="Mo-Fr")


def test_a_waterfall_cannot_be_changed_afterwards():
    found = waterfall([], [], start=T, end=T + DAY, currency="EUR")
    assert hash(found) == hash(waterfall([], [], start=T, end=T + DAY, currency="EUR"))
    with pytest.raises(TypeError):
        found.parts["won"] = None
    assert from_plain(Waterfall, to_plain(found)) == found
