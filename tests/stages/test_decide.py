from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from attrs import evolve, frozen
from hypothesis import given
from hypothesis import strategies as st

from revops_core.entities import Lead, Opportunity, Ticket
from revops_core.errors import (
    InvalidValueError,
    UnknownFieldError,
    UnknownStageError,
    WrongPipelineError,
    WrongSubjectError,
)
from revops_core.stages import LEAD, OPPORTUNITY, TICKET, Corrected, Moved, Pipeline, Stage, Transition
from revops_core.values.condition import each
from revops_core.values.decision import Refused, Rule
from revops_core.values.money import Money
from revops_core.values.plain import from_plain, to_plain

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAY = timedelta(days=1)
SOUND = Opportunity(id="o1", stage="qualification", amount=Money(900, "EUR"), close_date=date(2026, 6, 1))
WAY = Pipeline("way", ("a", "b", "c", Stage("won", "won"), Stage("lost", "lost")), skip="forbid", regression="forbid")


def record(stage: str | None, **more):
    return SimpleNamespace(id="r1", stage=stage, **more)


def reasons(answer) -> tuple[str, ...]:
    assert isinstance(answer, Refused), answer
    return answer.reasons


def test_yes_is_the_move_to_keep():
    move = OPPORTUNITY.decide(SOUND, "proposal", at=AT, by="ana")
    assert move == Moved(
        subject_id="o1",
        source="qualification",
        target="proposal",
        at=AT,
        pipeline="opportunity",
        version=1,
        target_kind="open",
        outcome="open",
        probability=Decimal("0.5"),
        by="ana",
    )
    assert from_plain(Moved, to_plain(move)) == move


def test_no_is_every_reason_with_its_parameters():
    answer = OPPORTUNITY.decide(Opportunity(id="o1", stage="won"), "proposal", at=AT)
    assert reasons(answer) == ("reason_required", "required_field", "required_field")
    assert dict(answer.blockers[1].parameters) == {"field": "amount", "target": "proposal"}
    assert answer.blockers[0].says == "Say why it moves to 'proposal'."
    assert str(answer).endswith("Fill in 'amount' before 'proposal'. Fill in 'close_date' before 'proposal'.")


def test_a_won_opportunity_changes_stage_probability_outcome_and_closing_together():
    won = OPPORTUNITY.decide(SOUND, "won", at=AT).apply_to(SOUND)
    assert (won.stage, won.probability, won.outcome, won.closed_at, won.closed_on) == ("won", 1, "won", AT, None)
    lost = OPPORTUNITY.decide(SOUND, "lost", at=AT, reason="price").apply_to(SOUND)
    assert (lost.probability, lost.outcome, lost.loss_reason) == (0, "lost", "price")
    again = OPPORTUNITY.decide(lost, "proposal", at=AT + DAY, reason="they called").apply_to(lost)
    assert (again.probability, again.outcome, again.closed_at, again.loss_reason) == (
        Decimal("0.5"),
        "open",
        None,
        None,
    )


def test_a_lost_lead_is_disqualified_and_a_converted_one_stays():
    lead = Lead(id="l1", stage="working", company="Initech")
    assert LEAD.decide(lead, "disqualified", at=AT, reason="student").apply_to(lead).outcome == "disqualified"
    converted = LEAD.decide(lead, "converted", at=AT).apply_to(lead)
    assert converted.outcome == "qualified"
    assert reasons(LEAD.decide(converted, "working", at=AT, reason="x", override="ana")) == ("already_converted",)
    assert reasons(LEAD.decide(converted, "converted", at=AT)) == ("already_converted",)


def test_a_ticket_that_closes_is_neither_won_nor_lost():
    ticket = Ticket(id="t1", stage="resolved")
    closed = TICKET.decide(ticket, "closed", at=AT).apply_to(ticket)
    assert (closed.outcome, closed.closed_at) == ("closed", AT)
    assert TICKET.decide(closed, "open", at=AT).reopens


@pytest.mark.parametrize(
    ("source", "target", "reason"),
    [
        ("a", "c", "skip_forbidden"),
        ("c", "a", "regression_forbidden"),
        ("a", "a", "same_stage"),
        ("won", "lost", "terminal"),
        ("a", "won", "skip_forbidden"),
    ],
)
def test_policies_forbid_steps(source, target, reason):
    answer = WAY.decide(record(source), target, at=AT)
    assert reasons(answer) == (reason,)
    assert target in answer.blockers[0].says


def test_to_lose_is_no_skip():
    assert WAY.decide(record("a"), "lost", at=AT).skipped == ()


def test_a_skip_names_what_it_passed_over_and_leaves_out_what_is_no_longer_in_use():
    pipeline = Pipeline("x", ("a", "b", Stage("old", active=False), "c", Stage("won", "won")))
    assert pipeline.decide(record("a"), "won", at=AT).skipped == ("b", "c")
    assert reasons(pipeline.decide(record("a"), "old", at=AT)) == ("inactive_stage",)
    assert pipeline.decide(record("old"), "c", at=AT).source == "old"
    assert reasons(pipeline.decide(record(None), "old", at=AT)) == ("creation_stage_forbidden", "inactive_stage")


def test_same_stage_starts_a_new_stay_where_the_policy_says_so():
    pipeline = Pipeline("x", ("a", Stage("won", "won")), same_stage="reenter")
    assert pipeline.decide(record("a"), "a", at=AT).source == "a"
    assert reasons(pipeline.decide(record("won"), "won", at=AT)) == ("same_stage",)


def test_declared_steps_are_the_only_ones_unless_the_rest_goes_by_policy():
    steps = (("a", "b"), Transition("b", "won", "reason"), Transition("a", "won", "forbid"))
    only = Pipeline("x", ("a", "b", Stage("won", "won")), transitions=steps, creation=("a",))
    assert isinstance(only.decide(record("a"), "b", at=AT), Moved)
    assert reasons(only.decide(record("b"), "won", at=AT)) == ("reason_required",)
    assert reasons(only.decide(record("b"), "a", at=AT)) == ("no_transition",)
    assert reasons(only.decide(record("a"), "won", at=AT)) == ("no_transition",)
    assert reasons(only.decide(record("won"), "a", at=AT)) == ("terminal",)
    assert reasons(only.decide(record(None), "b", at=AT)) == ("creation_stage_forbidden",)
    rest = Pipeline("x", ("a", "b", Stage("won", "won")), transitions=steps, unlisted="policy")
    assert rest.decide(record("b"), "a", at=AT, reason="wrong").regresses


def test_a_declared_free_step_back_is_a_loop_and_no_regression():
    pipeline = Pipeline("x", ("a", "b", Stage("won", "won")), transitions=(("b", "a"),), unlisted="policy")
    assert not pipeline.decide(record("b"), "a", at=AT).regresses


def test_another_closed_stage_of_the_same_kind_keeps_the_closing_and_of_another_kind_resets_it():
    stages = ("a", Stage("won", "won"), Stage("won_back", "won"), Stage("lost", "lost"))
    pipeline = Pipeline("x", stages, closed_to_closed="allow")
    won = record("won", closed_at=AT)
    assert "closed_at" not in pipeline.decide(won, "won_back", at=AT + DAY).changes
    assert pipeline.decide(won, "lost", at=AT + DAY).changes["closed_at"] == AT + DAY


def test_a_record_begins_in_any_open_stage_by_default():
    assert WAY.decide(record(None), "b", at=AT) == WAY.start(record("b"), at=AT)
    assert WAY.start(record(None), at=AT).target == "a"
    assert WAY.start(record(None), "c", at=AT).seq == 0
    assert reasons(WAY.start(record("won"), at=AT)) == ("creation_stage_forbidden",)


def test_rules_and_fields_are_not_looked_at_on_an_impossible_step():
    asked = []
    rule = Rule("asked", lambda record, _: bool(asked.append(record)), "Never.")
    pipeline = Pipeline(
        "x", ("a", Stage("b", required=("amount",), entry=(rule,)), Stage("won", "won")), reopen="forbid"
    )
    assert reasons(pipeline.decide(record("won"), "b", at=AT)) == ("terminal",)
    assert reasons(pipeline.decide(record("b"), "b", at=AT)) == ("same_stage",)
    assert not asked
    assert reasons(pipeline.decide(record("a", amount=None), "b", at=AT)) == ("required_field", "rule")
    assert len(asked) == 1


def test_policy_fields_and_rules_are_told_together():
    rule = Rule("big", each(object).amount > 5, "Make it bigger.")
    pipeline = Pipeline(
        "x", ("a", "b", Stage("c", required=("owner",), entry=(rule,)), Stage("won", "won")), skip="forbid"
    )
    answer = pipeline.decide(record("a", amount=3, owner=""), "c", at=AT)
    assert reasons(answer) == ("skip_forbidden", "required_field", "rule")
    assert answer.blockers[2].says == "Make it bigger."


def test_exit_rules_are_asked_on_the_way_on_but_not_of_a_loss_or_a_step_back():
    rule = Rule("done", lambda *_: False, "Finish first.")
    pipeline = Pipeline(
        "x", ("a", Stage("b", exit=(rule,)), "c", Stage("won", "won"), Stage("lost", "lost")), regression="allow"
    )
    assert reasons(pipeline.decide(record("b"), "c", at=AT)) == ("rule",)
    assert reasons(pipeline.decide(record("b"), "won", at=AT)) == ("rule",)
    assert isinstance(pipeline.decide(record("b"), "a", at=AT), Moved)
    assert isinstance(pipeline.decide(record("b"), "lost", at=AT), Moved)


def test_a_rule_gets_the_record_and_the_instant():
    rule = Rule("office_hours", lambda _, at: at.hour < 17, "Do it by day.")
    pipeline = Pipeline("x", ("a", Stage("b", entry=(rule,)), Stage("won", "won")))
    assert isinstance(pipeline.decide(record("a"), "b", at=AT), Moved)
    assert reasons(pipeline.decide(record("a"), "b", at=AT.replace(hour=18))) == ("rule",)


def test_an_exception_in_a_rule_is_a_bug_and_propagates():
    rule = Rule("broken", lambda *_: 1 / 0, "?")
    pipeline = Pipeline("x", ("a", Stage("b", entry=(rule,)), Stage("won", "won")))
    with pytest.raises(ZeroDivisionError):
        pipeline.decide(record("a"), "b", at=AT)


def test_a_required_field_that_the_record_does_not_have_raises():
    pipeline = Pipeline("x", ("a", Stage("b", required=("amount",)), Stage("won", "won")))
    with pytest.raises(UnknownFieldError, match="amount"):
        pipeline.decide(record("a"), "b", at=AT)


def test_time_and_version_are_checked_where_the_record_or_the_caller_tells_them():
    held = record("a", stage_entered_at=AT, stage_seq=4)
    assert reasons(WAY.decide(held, "b", at=AT - DAY)) == ("out_of_order",)
    assert reasons(WAY.decide(held, "b", at=AT + DAY, as_of=AT)) == ("future_dated",)
    assert reasons(WAY.decide(held, "b", at=AT, expected_seq=3)) == ("version_conflict",)
    assert reasons(WAY.decide(held, "c", at=AT - DAY, as_of=AT - 2 * DAY, expected_seq=3)) == (
        "skip_forbidden",
        "version_conflict",
        "out_of_order",
        "future_dated",
    )
    move = WAY.decide(held, "b", at=AT, as_of=AT, expected_seq=4)
    assert move.seq == 5
    assert WAY.decide(record("a"), "b", at=AT, expected_seq=3).seq is None


def test_out_of_order_is_judged_by_the_instant_and_not_by_the_clock_on_the_wall():
    berlin = ZoneInfo("Europe/Berlin")
    first = datetime(2026, 10, 25, 2, 45, tzinfo=berlin)
    later = datetime(2026, 10, 25, 2, 15, tzinfo=berlin, fold=1)
    assert isinstance(WAY.decide(record("a", stage_entered_at=first), "b", at=later), Moved)
    assert reasons(WAY.decide(record("a", stage_entered_at=later), "b", at=first)) == ("out_of_order",)


def test_an_override_is_recorded_with_what_it_overrode():
    move = WAY.decide(record("a"), "c", at=AT, override="ana")
    assert move.overridden_by == "ana"
    assert [blocker.reason for blocker in move.overridden] == ["skip_forbidden"]
    assert from_plain(Moved, to_plain(move)) == move
    free = WAY.decide(record("a"), "b", at=AT, override="ana")
    assert (free.overridden_by, free.overridden) == (None, ())


def test_an_override_does_not_make_facts_right():
    held = record("a", stage_entered_at=AT)
    assert reasons(WAY.decide(held, "c", at=AT - DAY, override="ana")) == ("skip_forbidden", "out_of_order")
    assert reasons(WAY.decide(held, "a", at=AT, override="ana")) == ("same_stage",)


def test_unknown_names_raise_and_name_the_record():
    with pytest.raises(UnknownStageError, match="no stage 'x'"):
        WAY.decide(record("a"), "x", at=AT)
    with pytest.raises(UnknownStageError, match=r"no stage 'x' .held by 'r1'."):
        WAY.decide(record("x"), "a", at=AT)
    with pytest.raises(UnknownStageError):
        WAY.decide(record("a"), ["b"], at=AT)


@pytest.mark.parametrize("held", [{"pipeline": "other"}, {"stage_version": 2}])
def test_a_record_of_another_pipeline_or_version_raises(held):
    with pytest.raises(WrongPipelineError, match="'r1' belongs to pipeline") as caught:
        WAY.decide(record("a", **held), "b", at=AT)
    assert caught.value.expected == ("way", 1)


def test_a_naive_or_missing_instant_raises():
    for at in (datetime(2026, 1, 1), None, date(2026, 1, 1)):
        with pytest.raises(InvalidValueError, match="'at' must be an aware datetime"):
            WAY.decide(record("a"), "b", at=at)


def test_the_board_answers_for_every_stage():
    answers = WAY.options(record("b"), at=AT)
    assert {name: isinstance(answer, Moved) for name, answer in answers.items()} == {
        "a": False,
        "b": False,
        "c": True,
        "won": False,
        "lost": True,
    }


def test_rows_with_numbers_as_ids_work_and_changes_are_for_them():
    row = SimpleNamespace(id=7, stage="a", stage_entered_at=None, stage_seq=0, stage_version=1)
    move = WAY.decide(row, "b", at=AT, recorded_at=AT + DAY, by="ana")
    assert (move.subject_id, move.recorded_at) == ("7", AT + DAY)
    for name, value in move.changes.items():
        setattr(row, name, value)
    assert (row.stage, row.stage_entered_at, row.stage_seq, row.outcome) == ("b", AT, 1, "open")


@dataclass(frozen=True)
class Row:
    id: int
    stage: str | None
    note: str = ""


def test_a_move_is_applied_to_a_dataclass_and_leaves_the_columns_it_lacks():
    assert WAY.decide(Row(7, "a", "x"), "b", at=AT).apply_to(Row(7, "a", "x")) == Row(7, "b", "x")


def test_a_move_is_applied_to_its_own_record_only():
    move = WAY.decide(Row(7, "a"), "b", at=AT)
    for other in (Row(8, "a"), Row(7, "c")):
        with pytest.raises(WrongSubjectError, match="the fact is of '7' in stage 'a'"):
            move.apply_to(other)
    with pytest.raises(InvalidValueError, match=r"assign move\.changes"):
        move.apply_to(SimpleNamespace(id=7, stage="a"))


@given(
    st.sampled_from(("qualification", "proposal", "won", "lost")),
    st.sampled_from(("qualification", "proposal", "won", "lost")),
    st.none() | st.just("why"),
    st.booleans(),
)
def test_applying_a_move_is_assigning_its_changes(source, target, reason, sure):
    held = Opportunity(
        id="o1", stage=source, closed_on=date(2026, 1, 1), loss_reason="old", probability=Decimal("0.2"), stage_seq=3
    )
    edge = OPPORTUNITY.edge(source, target)
    told = {"outcome": edge.outcome, "probability": edge.probability, "seq": 4, "version": 1} if sure else {}
    move = Moved(
        subject_id="o1",
        source=source,
        target=target,
        at=AT,
        target_kind=edge.kind,
        closes=edge.closes,
        reopens=edge.reopens,
        migrates=not sure,
        reason=reason,
        **told,
    )
    assert move.apply_to(held) == evolve(held, **move.changes)


def test_a_record_without_fields_for_its_stage_cannot_be_rebuilt():
    @frozen
    class Thin:
        id: str

        @property
        def stage(self) -> str:
            return "a"

    with pytest.raises(InvalidValueError, match="must have fields for its 'id' and 'stage'"):
        WAY.decide(Thin("r1"), "b", at=AT).apply_to(Thin("r1"))


def test_a_first_move_is_applied_to_a_record_that_has_no_stage_or_that_one():
    move = WAY.start(Row(7, "a"), at=AT)
    assert move.apply_to(Row(7, None)).stage == "a"
    assert move.apply_to(Row(7, "a")).stage == "a"


def test_moves_that_are_decided_are_as_sound_as_checked_ones():
    for held in (record("a"), record("a", stage_seq=3)):
        move = WAY.decide(held, "b", at=AT, by="ana", reason="why")
        assert (
            Moved(**{name.removeprefix("_"): getattr(move, name) for name in Moved.__slots__ if name != "__weakref__"})
            == move
        )
    with pytest.raises(InvalidValueError, match="'by'"):
        WAY.decide(record("a"), "b", at=AT, by=3)
    with pytest.raises(InvalidValueError, match="'subject_id'"):
        WAY.decide(SimpleNamespace(id="", stage="a"), "b", at=AT)


def test_an_id_is_the_given_one_or_follows_from_subject_kind_instant_and_number():
    def move(**more):
        return Moved(**{"subject_id": "r1", "source": "a", "target": "b", "at": AT, **more})

    assert move(id="x").id == "x"
    assert move().id == move(by="ana", target="c").id
    ids = {
        move().id,
        move(seq=1).id,
        move(source=None).id,
        move(reopens=True).id,
        move(subject_id="r2").id,
        move(at=AT + DAY).id,
    }
    assert len(ids) == 6
    assert move().id == move(at=AT.astimezone(ZoneInfo("Asia/Tokyo"))).id
    correction = Corrected(subject_id="r1", replaces="x", at=AT)
    assert correction.id != Corrected(subject_id="r1", replaces="y", at=AT).id
    assert from_plain(Corrected, to_plain(correction)) == correction


@pytest.mark.parametrize(("name", "value"), [("by", 5), ("reason", 5), ("override", 5), ("override", "")])
def test_who_and_why_are_texts(name, value):
    with pytest.raises(InvalidValueError, match=name):
        OPPORTUNITY.decide(SOUND, "proposal", at=AT, **{name: value})


@pytest.mark.parametrize(
    ("column", "value"),
    [("stage_seq", "3"), ("stage_seq", -1), ("stage_entered_at", datetime(2026, 1, 1)), ("stage_entered_at", "today")],
)
def test_a_column_of_the_record_that_cannot_be_read_is_refused_by_name(column, value):
    with pytest.raises(InvalidValueError, match=f"'record.{column}' must be"):
        WAY.decide(record("a", **{column: value}), "b", at=AT, override="ana" if value == -1 else None)


@pytest.mark.parametrize("zone", [UTC, ZoneInfo("Europe/Berlin")])
def test_a_move_at_the_very_instant_the_stage_was_entered_is_in_order(zone):
    at = AT.astimezone(zone)
    assert isinstance(WAY.decide(record("a", stage_entered_at=at), "b", at=at, as_of=at), Moved)
    before = WAY.decide(record("a", stage_entered_at=at), "b", at=at - timedelta(microseconds=1))
    assert reasons(before) == ("out_of_order",)


def test_a_rule_that_blocks_tells_its_code_and_the_stage_it_guards():
    rule = Rule("nine", lambda _record, at: at.hour >= 10, "Wait until ten.")
    guarded = Pipeline("g", ("a", Stage("b", entry=[rule]), Stage("won", "won")))
    [blocker] = guarded.decide(record("a"), "b", at=AT).blockers
    assert blocker.parameters == {"rule": "nine", "target": "b"}
