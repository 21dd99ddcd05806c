from __future__ import annotations

import pickle
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from revops_core.entities import Opportunity
from revops_core.errors import InvalidValueError, UnknownStageError, VersionConflictError
from revops_core.stages import LEAD, LIFECYCLE, ONBOARDING, OPPORTUNITY, RENEWAL, TICKET, Pipeline, Stage, Transition
from revops_core.values.condition import each, known
from revops_core.values.decision import Rule
from revops_core.values.plain import from_plain, to_plain

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
READY_MADE = (LEAD, LIFECYCLE, ONBOARDING, OPPORTUNITY, RENEWAL, TICKET)
END = Stage("won", "won")


def faults(*args, **kwargs) -> list[tuple[str, str]]:
    with pytest.raises(InvalidValueError) as caught:
        Pipeline(*args, **kwargs)
    assert caught.value.what == "Pipeline"
    return [(fault.field, fault.rule) for fault in caught.value.faults]


def test_every_fault_of_a_definition_is_told_at_once():
    big = Rule("big", lambda *_: True, "Make it big.")
    other = Rule("big", lambda *_: False, "Make it bigger.")
    stages = (
        Stage("a", required=("amount", "budget"), entry=(big,)),
        Stage("a", "sold", exit=(other,)),
        Stage("b", entry=(Rule("known", known(each(object).colour), "Say the colour."),)),
        Stage("won", "won", probability=Decimal("0.9"), stale_after=timedelta(days=1)),
    )
    found = faults(
        "x",
        stages,
        subject=Opportunity,
        skip="maybe",
        creation=("z",),
        transitions=[("a", "q"), ("a", "b"), Transition("a", "b", "x")],
    )
    assert [field for field, _ in found] == [
        "skip",
        "stages",
        "stages[1].kind",
        "stages[3].probability",
        "stages[3].stale_after",
        "stages[0].required",
        "stages[1].exit[0].code",
        "stages[2].entry[0]",
        "creation[0]",
        "transitions[0].target",
        "transitions[2].policy",
        "transitions[2]",
    ]


def test_stages_that_cannot_be_reached_or_left_or_lead_to_no_end_are_faults():
    found = faults(
        "x",
        ("a", "b", "c", "d", "e", END),
        transitions=[("a", "b"), ("a", "won"), ("c", "d"), ("d", "c"), ("a", "e"), ("e", "e")],
        creation=("a",),
    )
    assert found == [
        ("stages[1]", "must have a step out of it"),
        ("stages[2]", "must be reachable from a stage in which a record may begin"),
        ("stages[2]", "must have a way to a stage that is an end"),
        ("stages[3]", "must be reachable from a stage in which a record may begin"),
        ("stages[3]", "must have a way to a stage that is an end"),
        ("stages[4]", "must have a step out of it"),
    ]


def test_a_pipeline_without_an_end_is_a_fault():
    assert faults("x", ("a", "b")) == [
        ("stages[0]", "must have a way to a stage that is an end"),
        ("stages[1]", "must have a way to a stage that is an end"),
    ]


def test_fields_of_the_wrong_type_are_told_at_once():
    found = faults("", ["a", 3], version=0, creation=(1,), transitions=[4])
    assert [field for field, _ in found] == ["name", "stages", "version", "transitions", "creation"]


def test_the_fields_that_rules_name_are_those_of_the_class_custom_ones_included():
    rule = Rule("segment", known(each(Opportunity).custom["segment"]), "Say the segment.")
    pipeline = Pipeline("x", ("a", Stage("b", entry=(rule,), required=("custom.region",)), END), subject=Opportunity)
    assert pipeline.subject == "Opportunity"


@pytest.mark.parametrize("pipeline", READY_MADE, ids=lambda pipeline: pipeline.name)
def test_ready_made_pipelines_go_to_plain_data_and_back(pipeline):
    again = from_plain(Pipeline, to_plain(pipeline))
    assert again == pipeline
    assert again.fingerprint == pipeline.fingerprint
    assert pickle.loads(pickle.dumps(pipeline)) == pipeline


def test_a_rule_in_python_is_kept_by_its_code_and_found_again_by_the_callers_mapping():
    rule = Rule("checked", lambda *_: True, "Have it checked.")
    pipeline = Pipeline("x", ("a", Stage("b", entry=(rule,)), END))
    assert from_plain(Pipeline, to_plain(pipeline), rules={"checked": rule}) == pipeline


def test_one_version_with_two_contents_is_refused():
    pipeline = Pipeline("x", ("a", END))
    other = Pipeline("x", ("b", END))
    pipeline.require_same(from_plain(Pipeline, to_plain(pipeline)))
    pipeline.require_same(evolve(other, version=2))
    with pytest.raises(VersionConflictError, match="'x' version 1 has two contents") as caught:
        pipeline.require_same(other)
    assert caught.value.fingerprints == (pipeline.fingerprint, other.fingerprint)


def test_stages_are_found_by_name_and_unknown_names_raise():
    assert [stage.name for stage in OPPORTUNITY] == ["qualification", "proposal", "negotiation", "won", "lost"]
    assert "proposal" in OPPORTUNITY
    assert "demo" not in OPPORTUNITY
    assert OPPORTUNITY.rank("won") == 3
    assert OPPORTUNITY.rank("lost") is None
    assert repr(OPPORTUNITY).startswith("Pipeline('opportunity', version=1: qualification, proposal")
    assert hash(OPPORTUNITY) == hash(from_plain(Pipeline, to_plain(OPPORTUNITY)))
    with pytest.raises(UnknownStageError, match="did you mean 'proposal'"):
        OPPORTUNITY.stage("propsal")
    with pytest.raises(UnknownStageError, match="it has qualification"):
        OPPORTUNITY.stage(["x"])
    with pytest.raises(UnknownStageError):
        OPPORTUNITY.edge("proposal", "xyz")
    with pytest.raises(UnknownStageError):
        OPPORTUNITY.edge("xyz", "proposal")


def test_a_text_stands_for_an_open_stage_and_an_empty_one_is_refused():
    assert Pipeline("x", ("a", END)).stage("a") == Stage("a")
    assert faults("x", ("", END))[0][0] == "stages"


def test_imported_moves_are_classified_by_the_definition():
    moves = [OPPORTUNITY.start(SimpleNamespace(id="o", stage=None), at=AT)]
    bare = [
        evolve(move, pipeline=None, version=None, outcome=None, probability=None, target_kind=None) for move in moves
    ]
    assert list(OPPORTUNITY.classified(bare)) == moves


KINDS = st.sampled_from(("open", "open", "open", "won", "lost", "converted", "closed"))
POLICY = st.sampled_from(("allow", "reason", "forbid"))


@st.composite
def pipelines(draw):
    kinds = ["open", *draw(st.lists(KINDS, min_size=1, max_size=5)), "won"]
    stages = [
        Stage(f"s{n}", kind, active=kind != "open" or n == 0 or draw(st.booleans()), needs_reason=draw(st.booleans()))
        for n, kind in enumerate(kinds)
    ]
    policies = {name: draw(POLICY) for name in ("regression", "reopen", "closed_to_closed")}
    skip = draw(st.sampled_from(("allow", "reason")))
    return Pipeline("x", stages, skip=skip, same_stage=draw(st.sampled_from(("refuse", "reenter"))), **policies)


@given(pipelines())
def test_a_step_is_forbidden_by_policy_or_allowed_and_never_both(pipeline):
    for source in pipeline:
        for target in pipeline:
            edge = pipeline.edge(source.name, target.name)
            reasons = [blocker.reason for blocker in edge.blockers]
            if source.kind == "converted":
                assert reasons[0] == "already_converted"
            elif source.name == target.name:
                assert (reasons == ["same_stage"]) == (pipeline.same_stage == "refuse" or not source.is_open)
            elif not target.active:
                assert "inactive_stage" in reasons
            elif not source.is_open:
                policy = pipeline.reopen if target.is_open else pipeline.closed_to_closed
                assert reasons == (["terminal"] if policy == "forbid" else [])
                assert edge.reopens == target.is_open
            elif target.kind == "lost":
                assert not reasons
                assert not edge.skipped
            else:
                back = pipeline.rank(target.name) < pipeline.rank(source.name)
                assert edge.regresses == back
                assert reasons == (["regression_forbidden"] if back and pipeline.regression == "forbid" else [])
                assert edge.needs_reason == (
                    target.needs_reason
                    or (back and pipeline.regression == "reason")
                    or (bool(edge.skipped) and pipeline.skip == "reason")
                )


@given(pipelines())
def test_any_definition_goes_to_plain_data_and_back(pipeline):
    assert from_plain(Pipeline, to_plain(pipeline)) == pipeline
