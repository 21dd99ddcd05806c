"""Two years of a company, delivered late, twice and shuffled: every room must end in the same answers.

At the end of each quarter the rooms are asked over what has arrived, as it arrived; what they answer must be what they
answer over the same facts in order and each once. At the end of all it must be what the undisturbed company says.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cache, reduce

import pytest
from attrs import evolve

from revops_core import Period, known_by, kpis, sla, stages
from revops_core.errors import InvalidValueError
from revops_core.testing import delivered, sample_company
from revops_core.values.instants import to_microseconds

COMPANY = sample_company(120)
QUARTERS = Period.between(COMPANY.moves[0].at.date().replace(2024, 1, 1), COMPANY.as_of.date()).quarters()
POLICY = evolve(sla.REVENUE_OPERATIONS, calendar=COMPANY.office)
SEEDS = (1, 2, 3)


@cache
def arrived(seed):
    """Every fact of the company as it was delivered: (id of its ticket or None, fact)."""
    facts = (*COMPANY.moves, *COMPANY.changes, *COMPANY.answers, *COMPANY.subscriptions)
    clocks = {ticket: delivered(log, seed=seed) for ticket, log in COMPANY.clock_events.items()}
    return delivered(facts, seed=seed), clocks


def once_in_order(facts):
    """What a careful source would have delivered: each fact once, as it happened."""
    return sorted(dict.fromkeys(facts), key=lambda fact: (to_microseconds(fact.at), repr(fact)))


def of(cls, facts):
    return [fact for fact in facts if type(fact) is cls]


def journeys(moves):
    groups = defaultdict(list)
    for move in moves:
        groups[move.subject_id].append(move)
    return {key: [(move.target, move.at) for move in stages.Journey.of(group).moves] for key, group in groups.items()}


def sales_of(moves):
    return [move for move in moves if move.pipeline == "opportunity"]


def stage_answers(moves, at):
    log = stages.StageLog.of(sales_of(moves))
    funnel = log.funnel(stages.OPPORTUNITY, cohort="all", as_of=at) if len(log) else None
    return log.snapshot(at), log.step_rates(as_of=at), funnel, {row.stage: row for row in log.flow(as_of=at)}


def readings(clocks, at):
    return {
        ticket: POLICY.clock(ticket, events, request="bug_fix").read(at) for ticket, events in clocks.items() if events
    }


def nps(answers):
    return kpis.measure(answers, [kpis.nps], over=QUARTERS, by="about").rows()


def bridges(contracts):
    held = dict.fromkeys(contracts)  # a billing system sends a contract again; who stores it has it once
    return kpis.RevenueLedger.of(held, currency="EUR").bridges(QUARTERS)


def contracts_of(facts):
    return [fact for fact in facts if hasattr(fact, "renews_id")]


def ordered(clocks):
    return {ticket: once_in_order(events) for ticket, events in clocks.items()}


@pytest.mark.parametrize("seed", SEEDS)
def test_a_delivery_holds_every_fact_some_late_some_twice_none_in_order(seed):
    late = delivered(COMPANY.moves, seed=seed)
    assert {move.id for move in late} == {move.id for move in COMPANY.moves}
    assert 1.15 < len(late) / len(COMPANY.moves) < 1.25
    assert 0.25 < sum(move.recorded_at is not None for move in late) / len(late) < 0.4
    assert [*late] != sorted(late, key=lambda move: move.at)
    first_seen = [to_microseconds(move.recorded_at or move.at) for move in dict.fromkeys(late)]
    assert first_seen == sorted(first_seen)
    assert delivered(COMPANY.moves, seed=seed) == late
    assert delivered(COMPANY.moves, seed=seed, days_late=0) != late


@pytest.mark.parametrize("seed", SEEDS)
def test_after_two_years_every_room_answers_as_if_nothing_had_gone_wrong(seed):
    facts, clocks = arrived(seed)
    end, moves = COMPANY.as_of, of(stages.Moved, facts)
    assert journeys(moves) == journeys(COMPANY.moves)
    assert stage_answers(moves, end) == stage_answers(COMPANY.moves, end)
    assert readings(clocks, end) == readings(COMPANY.clock_events, end)
    changes = [fact for fact in facts if type(fact) is type(COMPANY.changes[0])]
    for quarter in QUARTERS:
        told = stages.records_as_of(COMPANY.opportunities, [*sales_of(moves), *changes], quarter.end)
        as_told = stages.records_as_of(COMPANY.opportunities, [*sales_of(COMPANY.moves), *COMPANY.changes], quarter.end)
        assert told == as_told
        assert kpis.win_rate(told, period=quarter) == kpis.win_rate(as_told, period=quarter)
    answers = [*dict.fromkeys(of(type(COMPANY.answers[0]), facts))]  # flat rows are counted as often as they come
    assert nps(answers) == nps(COMPANY.answers)
    assert bridges(contracts_of(facts)) == bridges(COMPANY.subscriptions)


@pytest.mark.parametrize("seed", SEEDS)
def test_at_the_end_of_each_quarter_the_rooms_answer_the_same_in_whatever_order_the_facts_have_come(seed):
    facts, clocks = arrived(seed)
    moves = of(stages.Moved, facts)
    for quarter in QUARTERS:
        at = quarter.end
        known = known_by(moves, at)
        assert {move.id for move in known} == {
            move.id for move in moves if to_microseconds(move.recorded_at or move.at) <= to_microseconds(at)
        }
        assert journeys(known) == journeys(once_in_order(known))
        assert stage_answers(known, at) == stage_answers(once_in_order(known), at)
        heard = {ticket: known_by(events, at) for ticket, events in clocks.items()}
        assert readings(heard, at) == readings(ordered(heard), at)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_table_that_grows_with_each_delivery_by_merge_is_the_table_of_all(seed):
    answers = [*dict.fromkeys(delivered(COMPANY.answers, seed=seed))]
    parts = [
        kpis.measure(answers[start : start + 40], [kpis.nps, kpis.csat], over=QUARTERS, by="about")
        for start in range(0, len(answers), 40)
    ]
    merged = reduce(lambda table, part: table.merge(part), parts)
    whole = kpis.measure(COMPANY.answers, [kpis.nps, kpis.csat], over=QUARTERS, by="about")
    key = repr
    assert sorted(merged.rows(), key=key) == sorted(whole.rows(), key=key)


def test_days_count_from_their_start_and_wrong_arguments_are_refused():
    assert {spend.recorded_at for spend in delivered(COMPANY.spend[:20], seed=4)} > {None}
    with pytest.raises(InvalidValueError, match="'days_late' must be an int of at least 0"):
        delivered([], days_late=-1)
