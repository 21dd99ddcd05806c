from __future__ import annotations

from collections import Counter
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from math import sqrt

import pytest
from attrs import fields

from revops_core import Undefined, entities, kpis, sla, stages
from revops_core.errors import InvalidValueError
from revops_core.testing import SampleCompany, sample_company, sample_parts
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


def test_it_tells_what_was_planted_and_the_kpis_find_it():
    company = sample_company(1500)
    truth, by_source = company.truth, ("lead_source",)
    assert truth.count("lead") == len(company.leads)
    assert truth.count("converted") == len(company.conversions) - len(company.deals)
    rates = kpis.measure(company.opportunities, [kpis.win_rate], by=by_source)
    assert {row.segment["lead_source"] for row in rates.measurements()} == {*truth.counts}
    for row in rates.measurements():
        source = row.segment["lead_source"]
        won, lost = truth.count("won", source), truth.count("lost", source)
        assert row.value == Fraction(won, won + lost)
    assert truth.count("churned") == sum(each.cancelled_on is not None for each in company.subscriptions)
    assert truth.count("renewed") == sum(each.renews_id is not None for each in company.subscriptions)


def test_what_was_planted_was_drawn_with_the_chances_it_tells():
    company = sample_company(6000)
    # Only sales that had half a year are seen to their end: of later ones the losses come first.
    old = [sale for sale in company.opportunities if sale.created_at < company.as_of - timedelta(days=182)]
    won, truth = sum(sale.outcome == "won" for sale in old), company.truth
    for found, n, chance in (
        (won, len(old), truth.win_chance),
        (truth.count("churned"), truth.count("churned") + truth.count("renewed"), truth.churn_chance),
    ):
        assert abs(found - n * float(chance)) < 4 * sqrt(n * float(chance * (1 - chance)))
    assert truth.win_chance == Decimal("0.76") * Decimal("0.72") * Decimal("0.78")


@pytest.mark.parametrize("size", [1, 7, 100, 300, 1000])
def test_its_parts_together_are_the_company(size):
    parts = list(sample_parts(300, leads_a_part=size, duplicates=20))
    whole = sample_company(300, duplicates=20)
    for name in (field.name for field in fields(SampleCompany)):
        held = [getattr(part, name) for part in parts]
        if name in {"as_of", "office"}:
            assert {*held} == {getattr(whole, name)}
        elif name == "clock_events":
            assert {key: log for part in held for key, log in part.items()} == whole.clock_events
        elif name == "truth":
            assert sum(truth.count("won", "referral") for truth in held) == whole.truth.count("won", "referral")
            assert {key: first for truth in held for key, first in truth.duplicates.items()} == whole.truth.duplicates
        else:
            assert [thing for part in held for thing in part] == [*getattr(whole, name)]


def test_parts_are_made_when_they_are_asked_for_and_hold_no_more_than_asked():
    parts = sample_parts(10**9)
    assert len(next(parts).leads) == len(next(parts).leads) == 100
    assert [len(part.users) for part in sample_parts(3, leads_a_part=1)] == [25, 0, 0]
    assert [len(part.users) for part in sample_parts(0)] == [25]


def test_duplicates_are_leads_of_one_address_and_nothing_else_changes():
    company, plain = sample_company(300, duplicates=12), sample_company(300)
    leads = {lead.id: lead for lead in company.leads}
    assert len(company.truth.duplicates) == 12
    for again, first in company.truth.duplicates.items():
        assert leads[again].email.lower() == leads[first].email.lower()
        assert leads[again].email != leads[first].email
    assert [lead for lead in company.leads if lead.id not in company.truth.duplicates] == [*plain.leads]
    assert company.opportunities == plain.opportunities
    assert entities.check(company.records) == []
    assert plain.truth.duplicates == {}


@pytest.mark.parametrize(
    ("name", "value"), [("duplicates", 11), ("duplicates", -1), ("leads_a_part", 0), ("seed", "x")]
)
def test_arguments_out_of_range_are_refused_at_once(name, value):
    with pytest.raises(InvalidValueError, match=f"'{name}' must be"):
        sample_parts(10, **{name: value})
