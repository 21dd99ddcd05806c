"""The sample company: a made-up software seller in Europe, with two years of everything RevOps looks at.

Every number is drawn from a seed, so that the same call gives the same company on every machine: leads of five
channels, sales with their stage history and changed amounts, contracts with renewals, expansions and churn, tickets
with the log of their clocks, surveys, spend, quotas. Each lead has a story of its own that depends on the seed and its
number alone, so a larger company begins with the smaller one. Nothing happens after `as_of`: what is not finished by
then is open.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from math import prod
from typing import Annotated, Any, TypeVar, cast

from attrs import field, frozen

from revops_core.calendars.business_calendar import BusinessCalendar
from revops_core.entities.account import Account
from revops_core.entities.contact import Contact
from revops_core.entities.deal import Deal
from revops_core.entities.engagement import Activity, Answer, Touch
from revops_core.entities.facts import Changed, Converted, Milestone, Quota, Spend
from revops_core.entities.lead import Lead
from revops_core.entities.line_item import Product
from revops_core.entities.opportunity import Opportunity
from revops_core.entities.subscription import Subscription
from revops_core.entities.ticket import Ticket
from revops_core.entities.user import Team, User
from revops_core.sla.clock_event import ClockEvent
from revops_core.stages.move import Moved
from revops_core.testing.sample_lead import tell_lead
from revops_core.testing.sample_story import (
    AS_OF,
    CHURN_CHANCE,
    CURRENCY,
    LOSS_CHANCES,
    NAMES,
    OFFICE,
    OPENED,
    PRODUCTS,
    REGIONS,
    REPS_IN_A_TEAM,
    Ended,
    Story,
)
from revops_core.values.checks import AtLeast, Between, Count, require
from revops_core.values.frozen_map import EMPTY, frozen_map
from revops_core.values.money import Money
from revops_core.values.period import Period

__all__ = ["SampleCompany", "SampleTruth", "sample_company", "sample_parts"]

T = TypeVar("T")
Record = Account | Contact | Deal | Lead | Opportunity | Product | Subscription | Team | Ticket | User

_SPEND_A_MONTH = {"website": 3_000, "paid_search": 9_000, "webinar": 4_000, "referral": 1_500, "trade_show": 6_500}


_NOTHING = cast("Mapping[str, Any]", EMPTY)
_WIN_CHANCE = prod((1 - Decimal(chance) for chance in LOSS_CHANCES.values()), start=Decimal(1))


@frozen(kw_only=True)
class SampleTruth:
    """What was planted in a sample company: noted while its stories were told, by no KPI, to hold your numbers against.

    Attributes:
        counts: by the source of the lead, how many "lead"s there are, how many "converted", how many of their sales
            were "won" and "lost", and how many contracts were "renewed" and "churned" (their end was decided, though
            some have months to run).
        duplicates: the id of each lead that was entered once more, and the id of the first one.
        win_chance: with which sales were drawn, where they are seen to their end; the same for every source.
        churn_chance: with which contracts were drawn, at the end of each term.

    >>> truth = sample_company(200).truth
    >>> truth.count("won"), truth.count("lost"), truth.count("won", "referral")
    (35, 36, 7)
    """

    counts: Mapping[str, Mapping[str, int]] = field(converter=frozen_map)
    duplicates: Mapping[str, str] = field(default=_NOTHING, converter=frozen_map)
    win_chance: Decimal = _WIN_CHANCE
    churn_chance: Decimal = Decimal(CHURN_CHANCE)

    def count(self, what: str, source: str | None = None) -> int:
        """How often something was planted, for all sources or one."""
        return sum(found.get(what, 0) for name, found in self.counts.items() if source in {None, name})


@frozen(kw_only=True, repr=False)
class SampleCompany:
    """The records and facts of a company as of one moment.

    Attributes:
        as_of: the moment it is seen from; nothing is later.
        office: its business calendar.
        clock_events: the facts of each ticket's clocks, by the id of the ticket.
        truth: what was planted.

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
    truth: SampleTruth = SampleTruth(counts=_NOTHING)

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


def sample_company(leads: int = 1000, *, seed: int = 7, duplicates: int = 0) -> SampleCompany:
    """A company with so many leads in two years, and all that came of them.

    Args:
        leads: how many, 0 or more; about a seventh become customers.
        seed: another number is another company.
        duplicates: how many of them somebody enters once more, under another id; `truth.duplicates` tells which.

    >>> sample_company(200)
    SampleCompany(200 leads, 75 opportunities, 52 subscriptions, 149 tickets as of 2026-01-01)
    """
    require("sample_company", leads=(leads, Count))
    [company] = sample_parts(leads, seed=seed, duplicates=duplicates, leads_a_part=max(1, leads))
    return company


def sample_parts(
    leads: int = 1000, *, seed: int = 7, duplicates: int = 0, leads_a_part: int = 100
) -> Iterator[SampleCompany]:
    """The same company in parts of so many leads each, with all that came of them: for sizes that no memory holds.

    Parts come in the order of the leads, and what belongs together comes in one part; the first holds the people, the
    products, the spend and the quotas too. Each is forgotten once the next is asked for. Together they are what
    `sample_company` returns, and their truths sum to its truth.

    Args:
        leads: how many in all.
        seed: another number is another company.
        duplicates: how many of them are entered once more.
        leads_a_part: how many leads a part has, 1 or more.

    >>> [len(part.leads) for part in sample_parts(250)]
    [100, 100, 50]
    """
    require("sample_company", leads=(leads, Count), seed=(seed, int))
    require("sample_company", duplicates=(duplicates, Annotated[int, Between(0, leads)]))
    require("sample_company", leads_a_part=(leads_a_part, Annotated[int, AtLeast(1)]))
    return (
        _part(range(first, min(first + leads_a_part, leads + 1)), seed, leads, duplicates)
        for first in range(1, max(leads, 1) + 1, leads_a_part)
    )


def _part(numbers: range, seed: int, leads: int, duplicates: int) -> SampleCompany:
    told: dict[type, dict[str, object]] = {}
    facts: dict[type, list[object]] = {}
    clock_events: dict[str, tuple[ClockEvent, ...]] = {}
    counts: dict[str, Counter[str]] = {}
    twice: dict[str, str] = {}
    for number in numbers:
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
        counts.setdefault(story.source, Counter()).update(story.planted)
        if number * duplicates // leads > (number - 1) * duplicates // leads:  # evenly among all
            again = _entered_again(cast("Lead", story.things[0]))
            told[Lead][again.id] = again
            twice[again.id] = f"lead-{number}"

    def records(cls: type[T]) -> tuple[T, ...]:
        return cast("tuple[T, ...]", tuple(told.get(cls, {}).values()))

    def appended(cls: type[T]) -> tuple[T, ...]:
        return cast("tuple[T, ...]", tuple(facts.get(cls, ())))

    is_first = numbers.start == 1
    return SampleCompany(
        as_of=AS_OF,
        office=OFFICE,
        users=tuple(_users()) if is_first else (),
        teams=tuple(_teams()) if is_first else (),
        products=tuple(_products()) if is_first else (),
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
        spend=tuple(_spend(leads)) if is_first else (),
        quotas=tuple(_quotas(leads)) if is_first else (),
        clock_events=clock_events,
        truth=SampleTruth(counts=counts, duplicates=twice),
    )


def _entered_again(lead: Lead) -> Lead:
    """The lead as somebody enters it once more: the address in capitals, nothing else remembered."""
    return Lead(id=f"{lead.id}-again", email=cast("str", lead.email).upper(), company=lead.company, country="DE",
                lead_source=lead.lead_source, created_at=lead.created_at, stage="new")  # fmt: skip


_RECORDS = frozenset({Account, Contact, Lead, Opportunity, Deal, Subscription, Ticket})


def _products() -> Iterator[Product]:
    for name, price in PRODUCTS.items():
        family = "platform" if name != "insight" else "add-on"
        list_price = Money(price, CURRENCY)
        yield Product(id=name, name=name.title(), family=family, list_price=list_price, billing_interval="month")


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
