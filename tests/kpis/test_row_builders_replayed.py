"""What builders make of whole histories of opportunities, beside a plain replay that knows nothing of them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from revops_core import kpis
from revops_core.entities.facts import Changed, Quota
from revops_core.entities.opportunity import Opportunity
from revops_core.values.measurement import Undefined
from revops_core.values.money import Money
from revops_core.values.period import Period

Q1, Q2 = Period.quarter(2026, 1), Period.quarter(2026, 2)
JANUARY = date(2026, 1, 1)


def eur(amount):
    return Money(amount, "EUR")


DAYS = st.integers(-60, 150)


@st.composite
def histories(draw):
    """Changes come one after the other, after the creation and before the end."""
    born, end = (
        draw(DAYS),
        draw(st.none() | st.tuples(st.integers(1, 200), st.sampled_from(["won", "lost", "dropped"]))),
    )
    lasts = 200 if end is None else end[0]

    def steps(values):
        days = sorted(draw(st.sets(st.integers(1, lasts - 1), max_size=3))) if lasts > 1 else []
        return [(born + day, draw(values)) for day in (0, *days)]

    return {
        "born": born,
        "close_dates": steps(st.none() | DAYS),
        "amounts": steps(st.integers(1, 9)),
        "end": None if end is None else (born + end[0], end[1]),
    }


def noon(day):
    return datetime(2026, 1, 1, 12, tzinfo=UTC) + timedelta(days=day)


def civil(day):
    return None if day is None else JANUARY + timedelta(days=day)


def told(history):
    """An opportunity and the changes that led to it; the first value of a field is what it was created with."""
    facts = []
    for name, made in (("close_date", civil), ("amount", eur)):
        steps = history[f"{name}s"]
        for (_, old), (day, new) in pairwise(steps):
            fact = Changed(
                subject="Opportunity", subject_id="o", field=name, old=made(old), new=made(new), at=noon(day)
            )
            facts.append(fact)
    closed, outcome = (None, "open") if history["end"] is None else history["end"]
    deal = Opportunity(
        id="o", owner_id="u", created_at=noon(history["born"]), outcome=outcome,
        closed_at=None if closed is None else noon(closed), close_date=civil(history["close_dates"][-1][1]),
        amount=eur(history["amounts"][-1][1]),
    )  # fmt: skip
    return deal, facts


def value_at(steps, moment):
    """What a field was at a moment, by going through its changes."""
    value = steps[0][1]
    for day, new in steps[1:]:
        if noon(day) <= moment:
            value = new
    return value


@given(histories(), st.none() | st.integers(-30, 120))
def test_a_plain_replay_of_a_history_finds_the_same_row(history, look):
    deal, facts = told(history)
    as_of = None if look is None else noon(look)
    rows = kpis.opportunities_in_period([deal], facts, Q1, as_of=as_of)
    before_start, last = Q1.start - timedelta(microseconds=1), Q1.end - timedelta(microseconds=1)
    now = last if as_of is None else min(as_of, last)
    start = min(before_start, now)
    assert bool(rows) == (noon(history["born"]) <= now)
    if not rows:
        return

    def is_open(moment):
        return noon(history["born"]) <= moment and (history["end"] is None or noon(history["end"][0]) > moment)

    def due(moment):
        return civil(value_at(history["close_dates"], moment))

    [row] = rows
    open_now, was_open = is_open(now), is_open(start)
    closing = due(now) if open_now else noon(history["end"][0]).date()
    in_quarter = closing is not None and JANUARY <= closing < Q1.end_on
    was_due = was_open and due(start) is not None and JANUARY <= due(start) < Q1.end_on
    was_later = was_open and due(start) is not None and due(start) >= Q1.end_on
    won = not open_now and history["end"][1] == "won"
    later_now = due(now) is not None and due(now) >= Q1.end_on
    created_here = Q1.start <= noon(history["born"]) < Q1.end
    assert (row.is_open, row.is_due, row.is_won) == (open_now, in_quarter, won and in_quarter)
    assert row.was_due == was_due
    assert row.is_slipped == (was_due and open_now and (as_of is None or as_of >= Q1.end or later_now))
    assert row.is_pulled_in == (was_later and in_quarter and (open_now or won))
    assert row.amount == eur(value_at(history["amounts"], now))
    assert row.amount_at_start == (eur(value_at(history["amounts"], start)) if was_open else None)
    assert row.amount_at_creation == (eur(history["amounts"][0][1]) if created_here else None)


@given(st.lists(histories(), max_size=4), st.none() | st.integers(-30, 120), st.integers(0, 9))
def test_a_plain_count_of_what_is_won_and_open_finds_the_same_quota(sales, look, target):
    deals = [told(history)[0] for history in sales]
    as_of = None if look is None else noon(look)
    quotas = [
        Quota(owner_id="u", amount=eur(target), starts_on=each.start_on, ends_on=each.end_on) for each in (Q1, Q2)
    ]

    def sums(period):
        won = still_open = 0
        for deal in deals:
            if as_of is not None and deal.created_at > as_of:
                continue
            if deal.outcome != "open" and (as_of is None or deal.closed_at <= as_of):
                won += deal.amount.amount if deal.outcome == "won" and deal.closed_at in period else 0
            elif deal.close_date is not None and deal.close_date in period:
                still_open += deal.amount.amount
        return won, still_open

    first, second = kpis.quota_progress(quotas, deals, as_of=as_of)
    assert (first.won.amount, first.open.amount) == sums(Q1)
    assert (second.won.amount, second.open.amount) == sums(Q2)
    assert (first.next_quota, first.next_open, second.next_quota) == (eur(target), second.open, None)
    coverage = kpis.pipeline_coverage([first, second]).value
    assert coverage == (Fraction(sums(Q1)[1] + sums(Q2)[1]) / (2 * target) if target else Undefined("zero_denominator"))
