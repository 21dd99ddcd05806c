from __future__ import annotations

from collections import Counter

import pytest

from revops_core import Undefined, entities, kpis, sla, stages
from revops_core.errors import InvalidValueError
from revops_core.testing import sample_company
from revops_core.values.plain import from_plain, to_plain

COMPANY = sample_company(300)


def test_the_same_seed_is_the_same_company_and_another_seed_another():
    assert sample_company(300) == COMPANY
    assert sample_company(300, seed=8).leads != COMPANY.leads


def test_a_larger_company_begins_with_the_smaller_one():
    larger = sample_company(320)
    assert larger.leads[:300] == COMPANY.leads
    assert larger.moves[: len(COMPANY.moves)] == COMPANY.moves


def test_its_repr_counts_what_it_holds():
    assert repr(sample_company(0)).startswith(
        "SampleCompany(0 leads, 0 opportunities, 0 subscriptions, 0 tickets as of"
    )


def test_a_company_without_leads_has_people_and_costs_but_no_customers():
    empty = sample_company(0)
    assert (empty.leads, empty.opportunities, empty.tickets) == ((), (), ())
    assert len(empty.users) == 25
    assert kpis.win_rate(empty.opportunities).value == Undefined("zero_denominator")


def test_its_records_have_no_problem():
    facts = (*COMPANY.conversions, *COMPANY.changes, *COMPANY.milestones, *COMPANY.touches, *COMPANY.answers)
    assert entities.check(COMPANY.records, facts) == []


def test_nothing_happens_after_the_moment_it_is_seen_from():
    for facts in (COMPANY.moves, COMPANY.changes, COMPANY.conversions, COMPANY.answers, COMPANY.touches):
        assert all(fact.at < COMPANY.as_of for fact in facts)
    for events in COMPANY.clock_events.values():
        assert all(event.at < COMPANY.as_of for event in events)


def test_every_sale_stands_where_its_moves_have_brought_it():
    moves: dict[str, list[stages.Moved]] = {}
    for move in COMPANY.moves:
        if move.pipeline == "opportunity":
            moves.setdefault(move.subject_id, []).append(move)
    for opportunity in COMPANY.opportunities:
        journey = stages.Journey.of(moves[opportunity.id])
        assert journey.stage_at(COMPANY.as_of) == opportunity.stage


def test_every_ticket_has_a_clock_that_can_be_read():
    assert COMPANY.clock_events.keys() == {ticket.id for ticket in COMPANY.tickets}
    clocks = [
        sla.REVENUE_OPERATIONS.clock(ticket.id, COMPANY.clock_events[ticket.id], request=ticket.request)
        for ticket in COMPANY.tickets
    ]
    results = Counter(row.result for row in sla.outcomes(clocks, COMPANY.as_of))
    assert results["met"] > results["running"]


def test_every_record_and_fact_comes_back_from_plain_data():
    for things in (COMPANY.leads, COMPANY.opportunities, COMPANY.moves, COMPANY.subscriptions, COMPANY.answers):
        for thing in things[:40]:
            assert from_plain(type(thing), to_plain(thing)) == thing


@pytest.mark.parametrize("leads", [-1, 1.5, "many"])
def test_a_size_that_is_no_count_is_refused(leads):
    with pytest.raises(InvalidValueError, match="'leads' must be an int of at least 0"):
        sample_company(leads)
