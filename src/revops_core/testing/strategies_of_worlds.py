"""Coherent worlds for Hypothesis: companies in which every reference leads somewhere and every move was allowed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar, cast

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

T = TypeVar("T")
Draw = Callable[[st.SearchStrategy[Any]], Any]

_MOST_STEPS = 6

# What may happen after a fact: each of these changes something.
_NEXT = {
    "started": ("paused", "stopped"),
    "resumed": ("paused", "stopped"),
    "reopened": ("paused", "stopped"),
    "paused": ("resumed", "stopped"),
    "stopped": ("reopened",),
}


def _later(draw: Draw, at: datetime, most_days: int = 40) -> datetime:
    return at + timedelta(minutes=draw(st.integers(1, most_days * 1440)))


@st.composite
def _clock_steps(draw: Draw, before: ClockEvent | None) -> ClockEvent | None:
    """The next fact of a clock; None to stop, which is the first choice, so that a longer log shrinks to a shorter."""
    if before is None:
        return ClockEvent("started", _later(draw, OPENED, 400), seq=0)
    kind = draw(st.sampled_from([None, *_NEXT[before.kind]]))
    return None if kind is None else ClockEvent(kind, _later(draw, before.at), seq=cast("int", before.seq) + 1)


@st.composite
def clock_logs(draw: Draw) -> tuple[ClockEvent, ...]:
    """The facts of the clocks of one request in their order; each changes something, and all lie before `AS_OF`."""
    events: list[ClockEvent] = []
    while len(events) < _MOST_STEPS and (event := draw(_clock_steps(events[-1] if events else None))):
        events.append(event)
    return tuple(events)


@st.composite
def _steps(draw: Draw, pipeline: Pipeline, record: Any, before: Moved | None) -> Moved | None:
    """A move that the pipeline allows; None to stop, but not before the first."""
    at = _later(draw, OPENED if before is None else before.at)
    decided = pipeline.options(record, at=at, by=record.owner_id, reason="price").values()
    allowed = [move for move in decided if isinstance(move, Moved)]
    return cast("Moved | None", draw(st.sampled_from(allowed if before is None else [None, *allowed])))


@st.composite
def walks(draw: Draw, pipeline: Pipeline, record: Any) -> tuple[Any, tuple[Moved, ...]]:
    """A record on its way through a pipeline, from one stage to any that it may enter next, and its moves."""
    moves: list[Moved] = []
    while len(moves) < _MOST_STEPS and (move := draw(_steps(pipeline, record, moves[-1] if moves else None))):
        record = move.apply_to(record)
        moves.append(move)
    return record, tuple(moves)


def _several(found: st.SearchStrategy[Any], most: int) -> st.SearchStrategy[list[Any]]:
    """A list of pairs of a record and what comes with it, with ids that differ."""
    return st.lists(found, max_size=most, unique_by=lambda pair: pair[0].id)


_numbers = st.integers(0, 9)


@st.composite
def _lines(draw: Draw, currency: str) -> LineItem:
    return LineItem(
        quantity=draw(st.integers(1, 4)),
        unit_price=Money(draw(st.integers(0, 40)), currency),
        billing_interval=draw(st.sampled_from(["month", "quarter", "year", None])),
        discount=draw(st.sampled_from([Decimal(0), Decimal("0.25")])),
    )


@st.composite
def _terms(draw: Draw, since: date, currency: str) -> tuple[Subscription, bool, int]:
    """A contract from a day on, whether it is the renewal of the one before, and for how many days there is none."""
    ends_on = months_after(since, draw(st.sampled_from([1, 3, 12])))
    some_day = st.none() | st.integers(0, (ends_on - since).days).map(lambda days: since + timedelta(days=days))
    contract = Subscription(
        id="term",
        starts_on=since,
        ends_on=ends_on,
        trial_ends_on=draw(some_day),
        cancelled_on=draw(some_day),
        unpaid_since_on=draw(some_day),
        items=draw(st.lists(_lines(currency), min_size=1, max_size=2)),
    )
    return contract, draw(st.booleans()), draw(st.sampled_from([0, 0, 10, 60]))


@st.composite
def contract_sets(draw: Draw, accounts: Sequence[str], currency: str) -> tuple[Subscription, ...]:
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
    found += draw(_several(_tickets(account.id), most))
    found += draw(contract_sets([account.id], CURRENCY))
    for score in draw(st.lists(st.integers(0, 10), max_size=1)):
        at = _later(draw, OPENED, 700)
        found.append(Answer(survey="nps", account_id=account.id, at=at, score=Decimal(score), scale_max=Decimal(10)))
    return account, found


@st.composite
def worlds(draw: Draw, most: int) -> SampleCompany:
    """Companies of at most so many accounts and leads, and sales and tickets of each account, in which all fits."""
    drawn = [*draw(_several(_leads(), most)), *draw(_several(_customers(most), most))]
    told = [thing for record, rest in drawn for thing in (record, *rest)]

    def of(cls: type[T]) -> tuple[T, ...]:
        return tuple(thing for thing in told if isinstance(thing, cls))

    return SampleCompany(
        as_of=AS_OF,
        office=OFFICE,
        users=(User(id="ana", team_id="sales"), User(id="ben", team_id="sales", manager_id="ana")),
        teams=(Team(id="sales", manager_id="ana"),),
        products=(),
        accounts=of(Account),
        contacts=of(Contact),
        leads=of(Lead),
        opportunities=of(Opportunity),
        deals=of(Deal),
        subscriptions=of(Subscription),
        tickets=tuple(ticket for ticket, _ in of(tuple)),
        moves=of(Moved),
        changes=of(Changed),
        conversions=of(Converted),
        touches=of(Touch),
        activities=(),
        answers=of(Answer),
        milestones=(),
        spend=(),
        quotas=(),
        clock_events={ticket.id: log for ticket, log in of(tuple)},
    )
