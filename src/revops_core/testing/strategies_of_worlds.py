"""Strategies for what fits together: logs of clocks, walks through a pipeline, contracts and whole companies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, cast

from attrs import evolve
from hypothesis import strategies as st

from revops_core.entities import Account, Changed, Contact, Deal, Lead, LineItem, Opportunity, Subscription, Ticket
from revops_core.entities.conversion import OpportunityConversion, convert_opportunity, subscriptions_from
from revops_core.entities.engagement import Answer, Touch
from revops_core.entities.user import Team, User
from revops_core.sla.clock_event import ClockEvent
from revops_core.stages import LEAD, OPPORTUNITY, Moved, Pipeline
from revops_core.testing.sample_company import SampleCompany, gathered
from revops_core.testing.sample_story import AS_OF, CURRENCY, OFFICE, OPENED, SOURCES
from revops_core.values.money import Money
from revops_core.values.months import months_after

__all__ = ["clock_logs", "companies", "contracts_of", "walks"]

Draw = Callable[[st.SearchStrategy[Any]], Any]

_MOST_STEPS = 6

# What may happen after a fact: each of these changes something.
_NEXT = {
    **dict.fromkeys(("started", "resumed", "reopened"), ("paused", "stopped")),
    "paused": ("resumed", "stopped"),
    "stopped": ("reopened",),
}


def _later(draw: Draw, at: datetime, most_days: int = 40) -> datetime:
    return at + timedelta(minutes=draw(st.integers(1, most_days * 1440)))


# What one step takes: how many minutes pass, and which of the ways that are open then is gone. A list shrinks well.
_numbers = st.integers(0, 9)
_step = st.tuples(st.integers(1, 40 * 1440), _numbers)
_steps = st.lists(_step, max_size=_MOST_STEPS - 1)


@st.composite
def clock_logs(draw: Draw) -> tuple[ClockEvent, ...]:
    """The facts of the clocks of one request in their order; each changes something, and all lie before `AS_OF`."""
    events = [ClockEvent("started", _later(draw, OPENED, 400), seq=0)]
    for minutes, choice in draw(_steps):
        kinds, at = _NEXT[events[-1].kind], events[-1].at + timedelta(minutes=minutes)
        events.append(ClockEvent(kinds[choice % len(kinds)], at, seq=len(events)))
    return tuple(events)


@st.composite
def walks(draw: Draw, pipeline: Pipeline, record: Any) -> tuple[Any, tuple[Moved, ...]]:
    """A record on its way through a pipeline, from one stage to any that it may enter next, and its moves."""
    moves: list[Moved] = []
    at = OPENED
    for minutes, choice in [draw(_step), *draw(_steps)]:
        at += timedelta(minutes=minutes)
        decided = pipeline.options(record, at=at, by=record.owner_id, reason="price").values()
        allowed = [move for move in decided if isinstance(move, Moved)]
        if allowed:
            moves.append(allowed[choice % len(allowed)])
            record = moves[-1].apply_to(record)
    return record, tuple(moves)


def _several(found: st.SearchStrategy[Any], most: int) -> st.SearchStrategy[list[Any]]:
    """A list of pairs of a record and what comes with it, with ids that differ."""
    return st.lists(found, max_size=most, unique_by=lambda pair: pair[0].id)


@st.composite
def _lines(draw: Draw, currency: str) -> LineItem:
    return LineItem(
        quantity=draw(st.integers(1, 4)), unit_price=Money(draw(st.integers(0, 40)), currency),
        billing_interval=draw(st.sampled_from(["month", "quarter", "year", None])),
        discount=draw(st.sampled_from([Decimal(0), Decimal("0.25")])),
    )  # fmt: skip


@st.composite
def _terms(draw: Draw, since: date, currency: str) -> tuple[Subscription, bool, int]:
    """A contract from a day on, whether it is the renewal of the one before, and for how many days there is none."""
    ends_on = months_after(since, draw(st.sampled_from([1, 3, 12])))
    some_day = st.none() | st.integers(0, (ends_on - since).days).map(lambda days: since + timedelta(days=days))
    contract = Subscription(
        id="term", starts_on=since, ends_on=ends_on, trial_ends_on=draw(some_day), cancelled_on=draw(some_day),
        unpaid_since_on=draw(some_day), items=draw(st.lists(_lines(currency), min_size=1, max_size=2)),
    )  # fmt: skip
    return contract, draw(st.booleans()), draw(st.sampled_from([0, 0, 10, 60]))


@st.composite
def contracts_of(draw: Draw, accounts: Sequence[str], currency: str) -> tuple[Subscription, ...]:
    """Contracts in which nothing is wrong: the terms of an account follow one another."""
    found: list[Subscription] = []
    for account_id in accounts:
        starts_on, before = OPENED.date() + timedelta(days=draw(st.integers(0, 200))), None
        while starts_on < AS_OF.date() and draw(st.integers(0, 2)):
            term, renews, gap = draw(_terms(starts_on, currency))
            key = f"{account_id}-{starts_on}"
            found.append(evolve(term, id=key, account_id=account_id, renews_id=before if renews else None))
            starts_on, before = cast("date", term.ends_on) + timedelta(days=gap), key
    return tuple(found)


@st.composite
def _leads(draw: Draw) -> tuple[Lead, list[Any]]:
    """A lead with its moves and touches."""
    source = draw(st.sampled_from([*SOURCES]))
    lead = Lead(id=f"lead-{draw(_numbers)}", company="Aster", owner_id="ben", created_at=OPENED)
    lead, moves = draw(walks(LEAD, evolve(lead, lead_source=source)))
    touch = Touch(subject="Lead", subject_id=lead.id, at=OPENED, channel=source)
    return lead, [*moves, *[touch] * draw(st.booleans())]


@st.composite
def _sales(draw: Draw, account_id: str) -> tuple[Opportunity, list[Any]]:
    """A sale with its moves and changes; of a won one, the deal and its contracts too."""
    close_date = OPENED.date() + timedelta(days=draw(st.integers(0, 700)))
    sale = Opportunity(
        id=f"{account_id}-sale-{draw(_numbers)}", account_id=account_id, owner_id="ben", created_at=OPENED,
        kind="new_business", lines=(draw(_lines(CURRENCY)),), amount=Money(draw(st.integers(0, 9999)), CURRENCY),
        close_date=close_date,
    )  # fmt: skip
    sale, moves = draw(walks(OPPORTUNITY, sale))
    found: list[Any] = [*moves]
    if draw(st.booleans()):
        new = close_date + timedelta(days=draw(st.integers(1, 90)))
        found.append(Changed(subject="Opportunity", subject_id=sale.id, field="close_date", old=close_date, new=new,
                             at=_later(draw, moves[-1].at)))  # fmt: skip
        sale = evolve(sale, close_date=new)
    if sale.outcome == "won":
        at = cast("datetime", sale.closed_at)
        terms = Deal(id=f"{sale.id}-deal", starts_on=at.date(), term_months=draw(st.sampled_from([6, 12])))
        made = cast("OpportunityConversion", convert_opportunity(sale, at=at, deal=terms, by=sale.owner_id))
        contracts = cast("tuple[Subscription, ...]", subscriptions_from(made.deal))
        return made.opportunity, [*found, made.deal, made.fact, *contracts]
    return sale, found


@st.composite
def _tickets(draw: Draw, account_id: str) -> tuple[Ticket, tuple[ClockEvent, ...]]:
    log = draw(clock_logs())
    ticket = Ticket(
        id=f"{account_id}-ticket-{draw(_numbers)}", account_id=account_id, owner_id="ben", priority="normal",
        request=draw(st.sampled_from(["bug_fix", "account_setup"])), created_at=log[0].at,
        resolved_at=log[-1].at if log[-1].kind == "stopped" else None,
        reopened_count=sum(event.kind == "reopened" for event in log),
    )  # fmt: skip
    return ticket, log


@st.composite
def _customers(draw: Draw, most: int) -> tuple[Account, list[Any]]:
    """An account and all that belongs to it; what one says comes with it, so that it shrinks away with it."""
    account = Account(id=f"account-{draw(_numbers)}", owner_id="ben")
    found: list[Any] = [Contact(id=f"{account.id}-contact", account_id=account.id)]
    for sale, rest in draw(_several(_sales(account.id), most)):
        found += [sale, *rest]
    for ticket, log in draw(_several(_tickets(account.id), most)):
        found += [ticket, (ticket.id, log)]
    found += draw(contracts_of([account.id], CURRENCY))
    for score in draw(st.lists(st.integers(0, 10), max_size=1)):
        at = _later(draw, OPENED, 700)
        found.append(Answer(survey="nps", account_id=account.id, at=at, score=Decimal(score), scale_max=Decimal(10)))
    return account, found


@st.composite
def companies(draw: Draw, most: int) -> SampleCompany:
    """Companies of at most so many accounts and leads, and sales and tickets of each account, in which all fits."""
    drawn = [*draw(_several(_leads(), most)), *draw(_several(_customers(most), most))]
    told = [thing for record, rest in drawn for thing in (record, *rest)]
    people = (User(id="ana", team_id="sales"), User(id="ben", team_id="sales", manager_id="ana"))
    logs: dict[str, Any] = dict(thing for thing in told if isinstance(thing, tuple))
    kinds = gathered([Team(id="sales", manager_id="ana"), *people, *told])
    return SampleCompany(as_of=AS_OF, office=OFFICE, clock_events=logs, **kinds)
