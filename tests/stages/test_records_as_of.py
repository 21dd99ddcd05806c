from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from revops_core.entities import Changed, Opportunity
from revops_core.errors import CurrencyMismatchError, InvalidValueError, UnknownFieldError
from revops_core.stages import OPPORTUNITY, Corrected, Moved, Waterfall, check, records_as_of, waterfall
from revops_core.values.money import Money
from revops_core.values.period import Period

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
QUARTER = Period.quarter(2026, 2)


def euros(amount: int | None) -> Money | None:
    return None if amount is None else Money(amount, "EUR")


EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("stage"), st.sampled_from(("qualification", "proposal", "negotiation", "won", "lost"))),
        st.tuples(st.just("amount"), st.sampled_from((None, 0, 100, 250, 900))),
        st.tuples(st.just("close_date"), st.sampled_from((None, date(2026, 5, 1), date(2026, 7, 1), date(2026, 4, 1)))),
    ),
    max_size=10,
)


def history(key: str, events, born: int):
    """Every state an opportunity went through, with the hour at which each began, and the facts between them."""
    first = Opportunity(
        id=key, created_at=AT + born * HOUR, amount=euros(500), close_date=date(2026, 5, 1), outcome="open"
    )
    start = OPPORTUNITY.start(first, "qualification", at=first.created_at)
    now = start.apply_to(first)
    states, facts = [(born, now)], [start]
    for hour, (field, value) in enumerate(events, born + 1):
        at = AT + hour * HOUR
        if field == "stage":
            fact = OPPORTUNITY.decide(now, value, at=at, reason="so it is", override="ana")
            if not isinstance(fact, Moved):
                continue
            now = fact.apply_to(now)
        else:
            new = euros(value) if field == "amount" else value
            fact = Changed(subject="Opportunity", subject_id=key, field=field, old=getattr(now, field), new=new, at=at)
            now = evolve(now, **{field: new})
        states.append((hour, now))
        facts.append(fact)
    return states, facts


@given(EVENTS, st.integers(0, 3), st.integers(-1, 15), st.randoms(use_true_random=False))
def test_a_record_as_of_any_instant_is_the_record_as_it_was(events, born, hour, chance):
    states, facts = history("o1", events, born)
    chance.shuffle(facts)
    then = [state for when, state in states if when <= hour]
    found = records_as_of([states[-1][1]], facts, AT + hour * HOUR)
    assert found == then[-1:]


@given(
    st.lists(st.tuples(EVENTS, st.integers(0, 12)), max_size=4),
    st.integers(0, 8),
    st.integers(0, 12),
    st.sampled_from((None, QUARTER)),
)
def test_a_waterfall_balances_exactly(histories, start, length, closing_in):
    told = [history(f"o{n}", events, born) for n, (events, born) in enumerate(histories)]
    records = [states[-1][1] for states, _ in told]
    facts = [fact for _, found in told for fact in found]
    end = start + length

    def open_at(hour):
        amounts = Money(0, "EUR")
        for states, _ in told:
            then = [state for when, state in states if when <= hour][-1:]
            for state in then:
                due = closing_in is None or (state.close_date is not None and state.close_date in closing_in)
                if state.outcome == "open" and due:
                    amounts += state.amount or Money(0, "EUR")
        return amounts

    found = waterfall(
        records, facts, start=AT + start * HOUR, end=AT + end * HOUR, currency="EUR", closing_in=closing_in
    )
    assert found.start == open_at(start)
    assert found.end == open_at(end)
    assert sum(found.parts.values(), found.start) == found.end
    for name, part in found.parts.items():
        assert part.amount >= 0 if name in {"new", "reopened", "pulled_in", "increased"} else part.amount <= 0
    if closing_in is None:
        assert found.counts["pulled_in"] == found.counts["pushed_out"] == 0


def flow_of(old, new, **more) -> Waterfall:
    """The waterfall between two states of one record, told by one `Changed` for each field and a move for the stage."""
    at = AT + HOUR
    facts = [
        Changed(
            subject="Opportunity", subject_id="o1", field=name, old=getattr(old, name), new=getattr(new, name), at=at
        )
        for name in ("amount", "close_date", "outcome")
        if getattr(old, name) != getattr(new, name)
    ]
    return waterfall([new], facts, start=AT, end=AT + 2 * HOUR, currency="EUR", **more)


DEAL = Opportunity(id="o1", outcome="open", amount=euros(500), close_date=date(2026, 5, 1))


@pytest.mark.parametrize(
    ("before", "after", "parts"),
    [
        ({}, {"amount": euros(700)}, {"increased": 200}),
        ({}, {"amount": euros(100)}, {"decreased": -400}),
        ({}, {"outcome": "won", "amount": euros(700)}, {"increased": 200, "won": -700}),
        ({}, {"outcome": "no_decision"}, {"lost": -500}),
        ({}, {"close_date": date(2026, 7, 1)}, {"pushed_out": -500}),
        ({}, {"close_date": None}, {"pushed_out": -500}),
        ({"close_date": date(2026, 7, 1)}, {}, {"pulled_in": 500}),
        ({"close_date": date(2026, 7, 1)}, {"outcome": "won"}, {"pulled_in": 500, "won": -500}),
        ({"outcome": "lost"}, {}, {"reopened": 500}),
        ({"outcome": "lost"}, {"outcome": "won"}, {}),
        ({"close_date": date(2026, 7, 1)}, {"close_date": date(2026, 8, 1)}, {}),
    ],
)
def test_each_way_of_a_record_through_a_waterfall(before, after, parts):
    found = flow_of(evolve(DEAL, **before), evolve(DEAL, **after), closing_in=QUARTER)
    assert {name: int(part.amount) for name, part in found.parts.items() if part.amount} == parts


def test_a_record_that_came_and_was_won_in_between_is_new_and_won():
    created = evolve(DEAL, created_at=AT + HOUR, outcome="won", closed_at=AT + 2 * HOUR)
    found = waterfall([created], [], start=AT, end=AT + 3 * HOUR, currency="EUR")
    assert {name: part.amount for name, part in found.parts.items() if part.amount} == {"new": 500, "won": -500}
    assert (found.counts["new"], found.counts["won"], found.counts["start"], found.counts["end"]) == (1, 1, 0, 0)


def test_records_without_an_amount_are_counted():
    found = waterfall([evolve(DEAL, amount=None)], [], start=AT, end=AT, currency="EUR")
    assert (found.without_amount_count, found.counts["end"], found.end) == (1, 1, Money(0, "EUR"))


def test_a_waterfall_refuses_another_currency_and_an_end_before_its_start():
    with pytest.raises(CurrencyMismatchError):
        waterfall([DEAL], [], start=AT, end=AT, currency="USD")
    with pytest.raises(InvalidValueError, match="must not be before 'start'"):
        waterfall([DEAL], [], start=AT, end=AT - HOUR, currency="EUR")


def test_a_change_by_hand_at_the_instant_of_a_move_follows_it():
    deal = Opportunity(id="o1")
    start = OPPORTUNITY.start(deal, at=AT)
    probability = Changed(
        subject="Opportunity", subject_id="o1", field="probability", old=Decimal("0.1"), new=Decimal("0.3"), at=AT
    )
    now = OPPORTUNITY.decide(start.apply_to(deal), "lost", at=AT + HOUR, reason="x").apply_to(start.apply_to(deal))
    lost = OPPORTUNITY.decide(start.apply_to(deal), "lost", at=AT + HOUR, reason="x")
    assert records_as_of([now], [lost, probability, start], AT)[0].probability == Decimal("0.3")


def test_before_the_first_move_of_a_history_that_begins_in_the_middle_only_the_stage_is_known():
    move = Moved(
        subject_id="o1",
        source="proposal",
        target="won",
        at=AT,
        seq=4,
        version=1,
        outcome="won",
        probability=Decimal(1),
        closes=True,
    )
    now = move.apply_to(Opportunity(id="o1", stage="proposal"))
    then = records_as_of([now], [move], AT - HOUR)[0]
    assert then == Opportunity(id="o1", stage="proposal", stage_seq=3, stage_version=1)


@dataclass(frozen=True)
class Row:
    id: int
    stage: str


def test_dataclasses_with_numbers_as_ids_are_taken_back_too():
    moves = [Moved(subject_id="7", target="a", at=AT), Moved(subject_id="7", source="a", target="b", at=AT + HOUR)]
    assert records_as_of([Row(7, "b")], moves, AT) == [Row(7, "a")]
    assert records_as_of([Row(7, "b")], moves, AT - HOUR) == []


def test_a_change_of_a_field_that_the_record_lacks_and_other_things_are_refused():
    change = Changed(subject="Row", subject_id="7", field="colour", old="red", new="blue", at=AT)
    with pytest.raises(UnknownFieldError, match="Row has no field 'colour'"):
        records_as_of([Row(7, "b")], [change], AT - HOUR)
    with pytest.raises(InvalidValueError, match="must be Moved, Corrected or Changed"):
        records_as_of([], ["x"], AT)
    with pytest.raises(InvalidValueError, match="'at' must be an aware datetime"):
        records_as_of([], [], date(2026, 1, 1))


def codes(record, *moves, pipeline=OPPORTUNITY):
    return [problem.code for problem in check([record], moves, pipeline=pipeline)]


def test_a_record_that_follows_its_moves_has_no_problem():
    for states, facts in (
        history("o1", [("stage", "won"), ("stage", "proposal"), ("stage", "lost")], 0),
        history("o1", [], 0),
    ):
        assert check([states[-1][1]], facts, pipeline=OPPORTUNITY) == ()


def test_every_way_in_which_a_record_disagrees_is_told():
    states, facts = history("o1", [("stage", "won")], 0)
    now = states[-1][1]
    wrong = evolve(now, stage="proposal", stage_entered_at=AT, stage_seq=0, outcome="open", closed_at=None)
    assert codes(wrong, *facts) == [
        "stage_mismatch",
        "stage_entered_at_mismatch",
        "stage_seq_mismatch",
        "outcome_mismatch",
        "closed_at_mismatch",
    ]
    assert codes(evolve(now, stage="sold"), *facts) == ["unknown_stage", "stage_mismatch"]
    assert codes(evolve(now, closed_at=None, closed_on=date(2026, 3, 2)), *facts) == []
    assert codes(Opportunity(id="o2", stage="proposal")) == []
    assert codes(Opportunity(id="o2", stage=None), pipeline=None) == []


def test_moves_without_a_record_and_moves_that_disagree_among_themselves_are_told():
    _, facts = history("o1", [("stage", "won")], 0)
    assert [problem.code for problem in check([], facts)] == ["no_record"]
    odd = Moved(subject_id="o1", source="negotiation", target="won", at=AT + 9 * HOUR, seq=2)
    first = Moved(subject_id="o1", target="proposal", at=AT, seq=1)
    assert codes(Row(1, "x"), pipeline=None) == []
    assert codes(Opportunity(id="o1", stage="won"), first, odd, pipeline=None) == ["source_mismatch"]
    text = str(check([Row(7, "a")], [Moved(subject_id="7", target="b", at=AT)])[0])
    assert text == "Row 7: its moves say stage 'b', the record 'a'"
    late = Corrected(subject_id="7", replaces="x", at=AT)
    assert [problem.code for problem in check([Row(7, "b")], [late, Moved(subject_id="7", target="b", at=AT)])] == [
        "dangling_correction"
    ]


def test_a_waterfall_prints_what_changed_and_how_many_records_lack_an_amount():
    parts = {"new": Money(500, "EUR"), "won": Money(-300, "EUR")}
    change = Waterfall(Money(900, "EUR"), Money(1100, "EUR"), parts, {"start": 3, "new": 1, "won": 1, "end": 3}, 0)
    assert str(change).splitlines() == [
        "Open pipeline",
        "part         amount  records",
        "-----  ------------  -------",
        "start    900.00 EUR        3",
        "new      500.00 EUR        1",
        "won     -300.00 EUR        1",
        "end    1,100.00 EUR        3",
    ]
    assert "Open pipeline (2 without an amount)" in evolve(change, without_amount_count=2)._repr_html_()
