"""Coherent worlds for Hypothesis: companies in which every reference leads somewhere and every move was allowed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, cast

from attrs import evolve
from hypothesis import strategies as st

from revops_core.entities.account import Account
from revops_core.entities.contact import Contact
from revops_core.entities.conversion import OpportunityConversion, convert_opportunity, subscriptions_from
from revops_core.entities.deal import Deal
from revops_core.entities.engagement import Answer, Touch
from revops_core.entities.facts import Changed, Converted
from revops_core.entities.lead import Lead
from revops_core.entities.line_item import LineItem
from revops_core.entities.opportunity import Opportunity
from revops_core.entities.subscription import Subscription
from revops_core.entities.ticket import Ticket
from revops_core.entities.user import Team, User
from revops_core.sla.clock_event import ClockEvent
from revops_core.stages.move import Moved
from revops_core.stages.pipeline import Pipeline
from revops_core.stages.ready_made import LEAD, OPPORTUNITY
from revops_core.testing.sample_company import SampleCompany
from revops_core.testing.sample_story import AS_OF, CURRENCY, OFFICE, OPENED, SOURCES
from revops_core.values.money import Money
from revops_core.values.months import months_after

__all__ = ["clock_logs", "contract_sets", "walks", "worlds"]

Draw = Callable[[st.SearchStrategy[Any]], Any]

# What may happen to a request next, by how it is: each of these facts changes something.
_NEXT = {
    "running": {"paused": "waiting", "stopped": "over"},
    "waiting": {"resumed": "running", "stopped": "over"},
    "over": {"reopened": "running"},
}


def _later(draw: Draw, at: datetime, most_days: int = 40) -> datetime:
    return at + cast("timedelta", draw(st.timedeltas(timedelta(minutes=1), timedelta(days=most_days))))


@st.composite
def clock_logs(draw: Draw) -> tuple[ClockEvent, ...]:
    """The facts of the clocks of one request in their order; each changes something, and all lie before `AS_OF`."""
    events, state = [ClockEvent("started", _later(draw, OPENED, 400), seq=0)], "running"
    for seq in range(1, 1 + draw(st.integers(0, 5))):
        kind = draw(st.sampled_from([*_NEXT[state]]))
        state = _NEXT[state][kind]
        events.append(ClockEvent(kind, _later(draw, events[-1].at), seq=seq))
    return tuple(events)


@st.composite
def walks(draw: Draw, pipeline: Pipeline, record: Any) -> tuple[Any, tuple[Moved, ...]]:
    """A record on its way through a pipeline, from one stage to any that it may enter next, and its moves."""
    at, moves = _later(draw, OPENED, 300), list[Moved]()
    for _ in range(1 + draw(st.integers(0, 4))):
        steps = pipeline.options(record, at=at, by=record.owner_id, reason="price").values()
        move = draw(st.sampled_from([step for step in steps if isinstance(step, Moved)] or [None]))
        if move is None:
            break
        record, at = move.apply_to(record), _later(draw, at)
        moves.append(move)
    return record, tuple(moves)


@st.composite
def _lines(draw: Draw, currency: str) -> LineItem:
    return LineItem(
        quantity=draw(st.integers(1, 4)),
        unit_price=Money(draw(st.integers(0, 40)), currency),
        billing_interval=draw(st.sampled_from(["month", "quarter", "year", None])),
        discount=draw(st.sampled_from([Decimal(0), Decimal("0.25")])),
    )


@st.composite
def contract_sets(draw: Draw, accounts: Sequence[str], currency: str) -> tuple[Subscription, ...]:
    """Contracts in which nothing is wrong: the terms of an account follow one another."""
    found: list[Subscription] = []
    for account_id in accounts:
        starts_on, before = OPENED.date() + timedelta(days=draw(st.integers(0, 200))), None
        for term in range(1, 1 + draw(st.integers(0, 3))):
            if starts_on >= AS_OF.date():
                break
            ends_on = months_after(starts_on, draw(st.sampled_from([1, 3, 12])))
            some_day = st.integers(0, (ends_on - starts_on).days).map(lambda n, on=starts_on: on + timedelta(days=n))
            contract = Subscription(
                id=f"{account_id}-term-{term}",
                account_id=account_id,
                renews_id=before,
                starts_on=starts_on,
                ends_on=ends_on,
                trial_ends_on=draw(st.none() | some_day),
                cancelled_on=draw(st.none() | some_day),
                unpaid_since_on=draw(st.none() | some_day),
                items=draw(st.lists(_lines(currency), min_size=1, max_size=2)),
            )
            found.append(contract)
            gap = draw(st.sampled_from([0, 0, 10, 60]))
            starts_on, before = ends_on + timedelta(days=gap), draw(st.sampled_from([None, contract.id]))
    return tuple(found)


@st.composite
def worlds(draw: Draw, most: int) -> SampleCompany:
    """Companies of at most so many accounts, leads, sales and tickets, in which all fits."""
    several, scores = st.integers(0, most), st.integers(0, 10).map(Decimal)
    team = Team(id="sales", manager_id="ana")
    people = [User(id=name, team_id=team.id, manager_id=None if name == "ana" else "ana") for name in ("ana", "ben")]
    owners = st.sampled_from([each.id for each in people])
    accounts = [Account(id=f"account-{n}", owner_id=draw(owners)) for n in range(1, 1 + draw(several))]
    ids, some_account = [each.id for each in accounts], st.sampled_from(accounts or [None])
    moves: list[Moved] = []
    leads: list[Lead] = []
    for n in range(draw(several)):
        source = draw(st.sampled_from([*SOURCES]))
        lead = Lead(id=f"lead-{n}", company="Aster", owner_id=draw(owners), lead_source=source, created_at=OPENED)
        lead, walked = draw(walks(LEAD, lead))
        leads.append(lead)
        moves += walked
    sales, deals, contracts = [], [], list(draw(contract_sets(ids, CURRENCY)))
    changes: list[Changed] = []
    conversions: list[Converted] = []
    for n in range(draw(several) if accounts else 0):
        line = draw(_lines(CURRENCY))
        sale = Opportunity(
            id=f"sale-{n}", account_id=draw(some_account).id, owner_id=draw(owners), created_at=OPENED,
            kind="new_business", lines=(line,), amount=Money(draw(st.integers(0, 9999)), CURRENCY),
            close_date=OPENED.date() + timedelta(days=draw(st.integers(0, 700))),
        )  # fmt: skip
        sale, walked = draw(walks(OPPORTUNITY, sale))
        moves += walked
        if draw(st.booleans()):
            new = cast("date", sale.close_date) + timedelta(days=draw(st.integers(1, 90)))
            at = _later(draw, walked[-1].at)
            changes.append(Changed(subject="Opportunity", subject_id=sale.id, field="close_date",
                                   old=sale.close_date, new=new, at=at))  # fmt: skip
            sale = evolve(sale, close_date=new)
        if sale.outcome == "won":
            at = cast("datetime", sale.closed_at)
            terms = Deal(id=f"deal-{n}", starts_on=at.date() + timedelta(days=draw(st.integers(0, 30))), term_months=12)
            made = cast("OpportunityConversion", convert_opportunity(sale, at=at, deal=terms, by=sale.owner_id))
            sale, contracts = (
                made.opportunity,
                [*contracts, *cast("tuple[Subscription, ...]", subscriptions_from(made.deal))],
            )
            deals.append(made.deal)
            conversions.append(made.fact)
        sales.append(sale)
    tickets: list[Ticket] = []
    logs: dict[str, tuple[ClockEvent, ...]] = {}
    for n in range(draw(several) if accounts else 0):
        log = draw(clock_logs())
        stopped_at = log[-1].at if log[-1].kind == "stopped" else None
        ticket = Ticket(
            id=f"ticket-{n}", account_id=draw(some_account).id, owner_id=draw(owners), created_at=log[0].at,
            request=draw(st.sampled_from(["bug_fix", "account_setup"])), priority="normal",
            resolved_at=stopped_at, reopened_count=sum(event.kind == "reopened" for event in log),
        )  # fmt: skip
        tickets.append(ticket)
        logs[ticket.id] = log
    touches = [
        Touch(subject="Lead", subject_id=lead.id, at=OPENED, channel=draw(st.sampled_from([*SOURCES])))
        for lead in leads
        if draw(st.booleans())
    ]
    answers = [
        Answer(
            survey="nps", account_id=each, at=_later(draw, OPENED, 700), score=draw(scores), scale_max=10
        )
        for each in ids
        if draw(st.booleans())
    ]
    return SampleCompany(
        as_of=AS_OF, office=OFFICE, users=tuple(people), teams=(team,), products=(), accounts=tuple(accounts),
        contacts=tuple(Contact(id=f"{each}-contact", account_id=each) for each in ids), leads=tuple(leads),
        opportunities=tuple(sales), deals=tuple(deals), subscriptions=tuple(contracts), tickets=tuple(tickets),
        moves=tuple(moves), changes=tuple(changes), conversions=tuple(conversions), touches=tuple(touches),
        activities=(), answers=tuple(answers), milestones=(), spend=(), quotas=(), clock_events=logs,
    )  # fmt: skip
