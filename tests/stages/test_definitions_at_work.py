from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revops_core.entities import Account, Converted, Opportunity
from revops_core.errors import (
    InvalidValueError,
    UnknownStageError,
    VersionConflictError,
    WrongPipelineError,
    WrongSubjectError,
)
from revops_core.stages import (
    LIFECYCLE,
    OPPORTUNITY,
    TICKET,
    Journey,
    Migration,
    Moved,
    Pipeline,
    Stage,
    StageLog,
    advance_lifecycle,
    check,
    dot,
    lead_to_cash_time,
    mermaid,
)
from revops_core.stages.lead_to_cash import conversion_chain
from revops_core.values.decision import Refused
from revops_core.values.plain import from_plain, to_plain

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAY = timedelta(days=1)
ENDS = (Stage("won", "won"), Stage("lost", "lost"))
OLD = Pipeline("x", ("a", "b", *ENDS))
NEW = Pipeline("x", ("a", "b1", "b2", *ENDS), version=2)


def row(key, stage, **more):
    return SimpleNamespace(id=key, stage=stage, stage_version=1, **more)


def test_records_in_flight_go_over_as_facts_that_keep_the_time_of_entry():
    held = row("r1", "b", stage_seq=3, stage_entered_at=AT)
    (move,) = Migration(OLD, NEW, {"b": "b1"}).moves([held], at=AT + DAY, by="ana")
    assert (move.source, move.target, move.seq, move.version, move.migrates) == ("b", "b1", 4, 2, True)
    assert "stage_entered_at" not in move.changes
    assert move.changes["stage_version"] == 2
    assert from_plain(Moved, to_plain(move)) == move


def test_the_limit_of_a_stay_goes_on_where_only_the_definition_changed():
    limited = Pipeline("x", ("a", Stage("b1", stale_after=3 * DAY), "b2", *ENDS), version=2)
    start = Moved(subject_id="r1", target="b", at=AT, seq=0, version=1)
    (move,) = Migration(OLD, limited, {"b": "b1"}).moves([row("r1", "b", stage_seq=0)], at=AT + DAY)
    journey = Journey.of([start, move])
    assert journey.stale_at(limited) == AT + 3 * DAY
    assert journey.stage_at(AT) == "b"
    assert journey.deviations(limited) == ()
    assert Journey.of([move]).stale_at(limited) is None


def test_all_go_over_or_none_and_the_stuck_are_named_by_stage():
    held = [row("r1", "a"), row("r2", "b"), row("r3", "b"), row("r4", "won")]
    answer = Migration(OLD, NEW).moves(held, at=AT)
    assert isinstance(answer, Refused)
    assert answer.reasons == ("unmapped_stage",)
    assert dict(answer.blockers[0].parameters) == {"stage": "b", "ids": ("r2", "r3")}
    assert [move.target for move in Migration(OLD, NEW, {"b": "b2"}).moves(held, at=AT)] == ["a", "b2", "b2", "won"]


def test_a_migration_that_names_no_stage_or_opens_a_closed_one_is_refused():
    with pytest.raises(InvalidValueError) as caught:
        Migration(OLD, NEW, {"z": "a", "a": "b", "b": "won", "won": "won"})
    assert [fault.field for fault in caught.value.faults] == ["stages['z']", "stages['a']", "stages['b']"]
    with pytest.raises(VersionConflictError):
        Migration(OLD, Pipeline("x", ("a", *ENDS)))
    assert Migration(OLD, Pipeline("x", ("b", Stage("a", "closed"), *ENDS), version=2)).stage_of("a") is None


def test_a_record_of_no_stage_or_another_version_is_not_migrated():
    migration = Migration(OLD, NEW, {"b": "b1"})
    with pytest.raises(UnknownStageError):
        migration.moves([row("r1", "z")], at=AT)
    with pytest.raises(WrongPipelineError, match="version 7"):
        migration.moves([SimpleNamespace(id="r1", stage="a", stage_version=7)], at=AT)


def test_a_migration_goes_to_plain_data_and_back():
    migration = Migration(OLD, NEW, {"b": "b1"})
    assert from_plain(Migration, to_plain(migration)) == migration


def test_a_pipeline_that_declares_its_steps_is_drawn_with_them():
    pipeline = Pipeline(
        "x", ("a", "b", *ENDS), transitions=(("a", "b"), ("b", "a"), ("b", "won"), ("a", "lost")), creation=("a",)
    )
    text = mermaid(pipeline)
    assert [line.strip() for line in text.splitlines() if "-->" in line] == [
        "[*] --> s0",
        "s1 --> s0",
        "s0 --> s1",
        "s1 --> s2",
        "s0 --> s3",
    ]
    assert '"b" -> "won"' in dot(pipeline)


def test_a_flow_is_drawn_with_its_figures():
    rows = [("o1", 'say "a"', AT), ("o1", "b", AT + DAY), ("o2", 'say "a"', AT), ("o2", "b", AT + 2 * DAY)]
    log = StageLog.of(rows)
    assert mermaid(flow=log.flow()).splitlines() == [
        "stateDiagram-v2",
        "    state \"say 'a'\" as s0",
        '    state "b" as s1',
        "    s0 --> s1 : 2",
    ]
    assert mermaid(flow=log.flow(), label="median").endswith(" : 1 d 12 h")
    assert dot(Pipeline("x", ("b", "c", *ENDS)), log.flow(), label="total").splitlines() == [
        "digraph {",
        "    rankdir=LR",
        '    "c"',
        '    "won"',
        '    "lost"',
        '    "say \'a\'" -> "b" [label="3 d 0 h"]',
        "}",
    ]
    for arguments in ({}, {"pipeline": OLD, "label": "colour"}):
        with pytest.raises(InvalidValueError, match="diagram"):
            mermaid(**arguments)


def test_every_ready_made_pipeline_can_be_drawn():
    for pipeline in (LIFECYCLE, OPPORTUNITY, TICKET):
        assert mermaid(pipeline).count(" as s") == len(pipeline.stages)
        assert dot(pipeline).startswith("digraph {")


def test_the_lifecycle_of_the_source_has_34_activities_and_35_kpis():
    stages = [stage for stage in LIFECYCLE if stage.is_open]
    assert [stage.name for stage in stages] == [
        "lead_generation",
        "qualification",
        "sales",
        "onboarding",
        "adoption",
        "expansion",
        "renewal",
    ]
    assert sum(len(stage.activities) for stage in stages) == 34
    assert sum(len(stage.kpis) for stage in stages) == 35
    assert len({kpi for stage in stages for kpi in stage.kpis}) == 35


def test_a_customer_goes_round_the_loops_that_are_declared_and_no_other_way_back():
    def moved(source, target):
        return isinstance(LIFECYCLE.decide(Account(id="a1", stage=source), target, at=AT, reason="x"), Moved)

    assert moved("renewal", "expansion")
    assert moved("renewal", "adoption")
    assert moved("expansion", "adoption")
    assert moved("sales", "churned")
    assert moved("churned", "sales")
    assert not moved("adoption", "sales")
    assert not moved("churned", "adoption")
    loop = LIFECYCLE.decide(Account(id="a1", stage="renewal"), "adoption", at=AT)
    assert not loop.regresses


def test_conversions_take_an_account_forward_and_never_back():
    lead = Converted(subject="Lead", subject_id="l1", account_id="a1", opportunity_id="o1", at=AT)
    bare = Converted(subject="Lead", subject_id="l2", account_id="a1", at=AT)
    won = Converted(subject="Opportunity", subject_id="o1", deal_id="d1", at=AT + DAY, by="ana")
    account = Account(id="a1", stage="lead_generation")
    assert advance_lifecycle(account, bare).target == "qualification"
    sales = advance_lifecycle(account, lead).apply_to(account)
    assert sales.stage == "sales"
    customer = advance_lifecycle(sales, won).apply_to(sales)
    assert (customer.stage, customer.stage_entered_at) == ("onboarding", AT + DAY)
    assert advance_lifecycle(
        customer, Converted(subject="Lead", subject_id="l3", account_id="a1", at=AT + 2 * DAY)
    ).reasons == ("regression_forbidden",)
    assert advance_lifecycle(Account(id="a1"), lead).source is None
    with pytest.raises(WrongSubjectError):
        advance_lifecycle(Account(id="a2", stage="sales"), lead)


def test_lead_to_cash_follows_the_conversions_from_record_to_record():
    lead = Converted(subject="Lead", subject_id="l1", opportunity_id="o1", at=AT)
    won = Converted(subject="Opportunity", subject_id="o1", deal_id="d1", at=AT + 9 * DAY)
    other = Converted(subject="Opportunity", subject_id="o2", deal_id="d2", at=AT)
    again = Converted(subject="Opportunity", subject_id="o1", deal_id="d3", at=AT + 20 * DAY)
    assert conversion_chain("Lead", "l1", [again, won, other, lead]) == (lead, won)
    assert lead_to_cash_time("l1", AT - DAY, [other, won, again, lead]) == 10 * DAY
    assert lead_to_cash_time("l1", AT, [lead]) is None
    assert lead_to_cash_time("l9", AT, [lead, won]) is None


@given(st.permutations(range(4)))
def test_a_ring_of_conversions_ends(order):
    ring = [
        Converted(subject="Lead", subject_id="l1", opportunity_id="o1", at=AT),
        Converted(subject="Opportunity", subject_id="o1", deal_id="d1", at=AT + DAY),
        Converted(subject="Deal", subject_id="d1", opportunity_id="o1", at=AT + DAY),
        Converted(subject="Opportunity", subject_id="o9", deal_id="d1", at=AT),
    ]
    assert len(conversion_chain("Lead", "l1", [ring[place] for place in order])) == 3


def test_a_migration_that_keeps_the_stage_is_no_re_entry_no_rework_and_no_mismatch():
    old, new = (Pipeline("sale", ("new", "demo", Stage("won", "won")), version=version) for version in (1, 2))
    days = [datetime(2026, 3, day, tzinfo=UTC) for day in (1, 5, 11)]
    begun = old.start(Opportunity(id="o1"), "demo", at=days[0])
    (over,) = Migration(old, new).moves([begun.apply_to(Opportunity(id="o1"))], at=days[1])
    held = over.apply_to(begun.apply_to(Opportunity(id="o1")))
    facts = [begun, over]
    assert check([held], facts, pipeline=new) == ()
    journey = Journey.of(facts)
    assert [(stay.stage, stay.entered_at, stay.exited_at) for stay in journey.stays] == [("demo", days[0], None)]
    assert journey.re_entries == {}
    assert journey.time_in_stage(as_of=days[2])["demo"].current == timedelta(days=10)
    won = new.decide(held, "won", at=days[2])
    log = StageLog.of([*facts, won])
    assert log.rework()["demo"].extra_visit_count == 0
    assert [(each.next_stage, each.total) for each in log.flow()] == [("won", timedelta(days=10))]
    assert log.conformance(new).conforming_rate == 1
    assert Journey.of([over]).stays[0].entered_at is None
    assert len(StageLog.of([over])) == 1
