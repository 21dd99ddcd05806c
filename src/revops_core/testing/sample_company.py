"""The sample company: a made-up software seller in Europe, with two years of everything RevOps looks at.

Every number is drawn from a seed, so that the same call gives the same company on every machine: leads of five
channels, sales with their stage history and changed amounts, contracts with renewals, expansions and churn, tickets
with the log of their clocks, surveys, spend, quotas. Each lead has a story of its own that depends on the seed and its
number alone, so a larger company begins with the smaller one. Nothing happens after `as_of`: what is not finished by
then is open.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from typing import TypeVar, cast

from attrs import field, frozen

from revops_core.calendars.business_calendar import BusinessCalendar
from revops_core.entities.account import Account
from revops_core.entities.contact import Contact
from revops_core.entities.deal import Deal
from revops_core.entities.engagement import Activity, Answer, Touch
from revops_core.entities.facts import Changed, Converted, Milestone, Quota, Spend
from revops_core.entities.lead import Lead
from revops_core.entities.opportunity import Opportunity
from revops_core.entities.product import Product
from revops_core.entities.subscription import Subscription
from revops_core.entities.ticket import Ticket
from revops_core.entities.user import Team, User
from revops_core.sla.clock_event import ClockEvent
from revops_core.stages.move import Moved
from revops_core.testing.sample_lead import tell_lead
from revops_core.testing.sample_story import (
    AS_OF,
    CURRENCY,
    NAMES,
    OFFICE,
    OPENED,
    PRODUCTS,
    REGIONS,
    REPS_IN_A_TEAM,
    Ended,
    Story,
)
from revops_core.values.checks import Count, require
from revops_core.values.frozen_map import frozen_map
from revops_core.values.money import Money
from revops_core.values.period import Period

__all__ = ["SampleCompany", "sample_company"]

T = TypeVar("T")
Record = Account | Contact | Deal | Lead | Opportunity | Product | Subscription | Team | Ticket | User

_SPEND_A_MONTH = {"website": 3_000, "paid_search": 9_000, "webinar": 4_000, "referral": 1_500, "trade_show": 6_500}


@frozen(kw_only=True, repr=False)
class SampleCompany:
    """The records and facts of a company as of one moment.

    Attributes:
        as_of: the moment it is seen from; nothing is later.
        office: its business calendar.
        clock_events: the facts of each ticket's clocks, by the id of the ticket.

    >>> company = sample_company(10)
    >>> len(company.leads), company.as_of.year
    (10, 2026)
    """

    as_of: datetime
    office: BusinessCalendar
    users: tuple[User, ...]
    teams: tuple[Team, ...]
    products: tuple[Product, ...]
    accounts: tuple[Account, ...]
    contacts: tuple[Contact, ...]
    leads: tuple[Lead, ...]
    opportunities: tuple[Opportunity, ...]
    deals: tuple[Deal, ...]
    subscriptions: tuple[Subscription, ...]
    tickets: tuple[Ticket, ...]
    moves: tuple[Moved, ...]
    changes: tuple[Changed, ...]
    conversions: tuple[Converted, ...]
    touches: tuple[Touch, ...]
    activities: tuple[Activity, ...]
    answers: tuple[Answer, ...]
    milestones: tuple[Milestone, ...]
    spend: tuple[Spend, ...]
    quotas: tuple[Quota, ...]
    clock_events: Mapping[str, tuple[ClockEvent, ...]] = field(converter=frozen_map)

    @property
    def records(self) -> tuple[Record, ...]:
        """Every record, as `entities.check` takes them."""
        return (
            *self.users,
            *self.teams,
            *self.products,
            *self.accounts,
            *self.contacts,
            *self.leads,
            *self.opportunities,
            *self.deals,
            *self.subscriptions,
            *self.tickets,
        )

    def __repr__(self) -> str:
        counts = ", ".join(
            f"{len(getattr(self, name))} {name}" for name in ("leads", "opportunities", "subscriptions", "tickets")
        )
        return f"SampleCompany({counts} as of {self.as_of:%Y-%m-%d})"


def sample_company(leads: int = 1000, *, seed: int = 7) -> SampleCompany:
    """A company with so many leads in two years, and all that came of them.

    Args:
        leads: how many, 0 or more; about a seventh become customers.
        seed: another number is another company.

    >>> sample_company(200)
    SampleCompany(200 leads, 75 opportunities, 52 subscriptions, 149 tickets as of 2026-01-01)
    """
    require("sample_company", leads=(leads, Count), seed=(seed, int))
    told: dict[type, dict[str, object]] = {}
    facts: dict[type, list[object]] = {}
    clock_events: dict[str, tuple[ClockEvent, ...]] = {}
    for number in range(1, leads + 1):
        story = Story(number, seed)
        with suppress(Ended):
            tell_lead(story)
        for thing in story.things:
            # A record told again is the record as it is now; a fact is appended.
            identity = getattr(thing, "id", None)
            if type(thing) in _RECORDS:
                told.setdefault(type(thing), {})[cast("str", identity)] = thing
            else:
                facts.setdefault(type(thing), []).append(thing)
        clock_events.update(story.clock_events)

    def records(cls: type[T]) -> tuple[T, ...]:
        return cast("tuple[T, ...]", tuple(told.get(cls, {}).values()))

    def appended(cls: type[T]) -> tuple[T, ...]:
        return cast("tuple[T, ...]", tuple(facts.get(cls, ())))

    return SampleCompany(
        as_of=AS_OF,
        office=OFFICE,
        users=tuple(_users()),
        teams=tuple(_teams()),
        products=tuple(
            Product(id=name, name=name.title(), family="platform" if name != "insight" else "add-on",
                    list_price=Money(price, CURRENCY), billing_interval="month")
            for name, price in PRODUCTS.items()
        ),
        accounts=records(Account),
        contacts=records(Contact),
        leads=records(Lead),
        opportunities=records(Opportunity),
        deals=records(Deal),
        subscriptions=records(Subscription),
        tickets=records(Ticket),
        moves=appended(Moved),
        changes=appended(Changed),
        conversions=appended(Converted),
        touches=appended(Touch),
        activities=appended(Activity),
        answers=appended(Answer),
        milestones=appended(Milestone),
        spend=tuple(_spend(leads)),
        quotas=tuple(_quotas(leads)),
        clock_events=clock_events,
    )  # fmt: skip


_RECORDS = frozenset({Account, Contact, Lead, Opportunity, Deal, Subscription, Ticket})


def _months() -> tuple[Period, ...]:
    return Period.between(OPENED.date(), AS_OF.date()).months()


def _teams() -> Iterator[Team]:
    for region in REGIONS:
        yield Team(
            id=region, name=f"{region.title()} sales", department="sales", manager_id=f"manager-{region}", region=region
        )
    yield Team(id="success", name="Customer success", department="customer_success", manager_id="manager-success")
    yield Team(id="revops", name="RevOps", department="revops", manager_id="manager-revops")


def _users() -> Iterator[User]:
    for team in _teams():
        yield User(id=f"manager-{team.id}", name=f"Manager of {team.name}", role="sales_manager", team_id=team.id)
        for number in range(1, REPS_IN_A_TEAM + 1):
            yield User(
                id=f"{team.id}-{number}",
                name=f"{NAMES[number]} {team.id.title()}",
                role="sales_representative" if team.region else team.department,
                team_id=team.id,
                manager_id=f"manager-{team.id}",
                region=team.region,
            )  # fmt: skip


def _spend(leads: int) -> Iterator[Spend]:
    """Marketing by channel and sales as a whole, in proportion to the size of the company."""
    for month in _months():
        for channel, amount in _SPEND_A_MONTH.items():
            yield Spend(
                on=month.start_on, amount=Money(amount * leads // 1000, CURRENCY), purpose="marketing", channel=channel
            )
        yield Spend(on=month.start_on, amount=Money(38_000 * leads // 1000, CURRENCY), purpose="sales")


def _quotas(leads: int) -> Iterator[Quota]:
    for quarter in Period.between(OPENED.date(), AS_OF.date()).quarters():
        for region in REGIONS:
            amount = Money(165_000 * leads // 1000, CURRENCY)
            yield Quota(owner_id=region, amount=amount, starts_on=quarter.start_on, ends_on=quarter.end_on)
