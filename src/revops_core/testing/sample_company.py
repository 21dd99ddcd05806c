"""The sample company: a made-up software seller in Europe, with two years of everything RevOps looks at.

Every number is drawn from a seed, so that the same call gives the same company on every machine: leads of five
channels, sales with their stage history and changed amounts, contracts with renewals, expansions and churn, tickets
with the log of their clocks, surveys, spend, quotas. Each lead has a story of its own that depends on the seed and its
number alone, so a larger company begins with the smaller one. Nothing happens after `as_of`: what is not finished by
then is open.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from math import prod
from typing import Annotated, Any, cast, get_args, get_origin

from attrs import evolve, field, frozen

from revops_core.calendars.business_calendar import BusinessCalendar
from revops_core.entities import Account, Contact, Deal, Lead, Opportunity, Product, Subscription, Ticket
from revops_core.entities.engagement import Activity, Answer, Touch
from revops_core.entities.facts import Changed, Converted, Milestone, Quota, Spend
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
from revops_core.values.checks import AtLeast, Between, Count, hints_of, require
from revops_core.values.frozen_map import EMPTY, frozen_map
from revops_core.values.money import Money
from revops_core.values.period import Period

__all__ = ["SampleCompany", "SampleTruth", "gathered", "sample_company", "sample_parts"]

Record = Account | Contact | Deal | Lead | Opportunity | Product | Subscription | Team | Ticket | User

_OPEN = Period.between(OPENED.date(), AS_OF.date())
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
        return tuple(record for name, cls in _KINDS.items() if cls in _RECORDS for record in getattr(self, name))

    def __repr__(self) -> str:
        shown = ("leads", "opportunities", "subscriptions", "tickets")
        counts = ", ".join(f"{len(getattr(self, name))} {name}" for name in shown)
        return f"SampleCompany({counts} as of {self.as_of:%Y-%m-%d})"


_RECORDS = frozenset(get_args(Record))
_KINDS = {name: get_args(hint)[0] for name, hint in hints_of(SampleCompany).items() if get_origin(hint) is tuple}


def gathered(things: Iterable[object]) -> dict[str, Any]:
    """Records and facts by the fields of a company; a record that comes again is the record as it is now."""
    told: dict[type, dict[object, object]] = {cls: {} for cls in _KINDS.values()}
    for thing in things:
        if (held := told.get(type(thing))) is not None:
            held[cast("Lead", thing).id if type(thing) in _RECORDS else len(held)] = thing
    return {name: tuple(told[cls].values()) for name, cls in _KINDS.items()}


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
    clock_events: dict[str, tuple[ClockEvent, ...]] = {}
    counts: dict[str, Counter[str]] = {}
    twice: dict[str, str] = {}

    def told() -> Iterator[object]:
        if numbers.start == 1:
            yield from (*_people(), *_products(), *_spend(leads), *_quotas(leads))
        for number in numbers:
            story = Story(number, seed)
            with suppress(Ended):
                tell_lead(story)
            yield from story.things
            clock_events.update(story.clock_events)
            counts.setdefault(story.source, Counter()).update(story.planted)
            if number * duplicates // leads > (number - 1) * duplicates // leads:  # evenly among all
                again = _entered_again(cast("Lead", story.things[0]))
                twice[again.id] = f"lead-{number}"
                yield again

    kinds = gathered(told())
    truth = SampleTruth(counts=counts, duplicates=twice)
    return SampleCompany(as_of=AS_OF, office=OFFICE, clock_events=clock_events, truth=truth, **kinds)


def _entered_again(lead: Lead) -> Lead:
    """The lead as somebody enters it once more: the address in capitals, nothing else remembered."""
    return Lead(id=f"{lead.id}-again", email=cast("str", lead.email).upper(), company=lead.company, country="DE",
                lead_source=lead.lead_source, created_at=lead.created_at, stage="new")  # fmt: skip


def _products() -> Iterator[Product]:
    for name, price in PRODUCTS.items():
        family = "platform" if name != "insight" else "add-on"
        yield Product(id=name, name=name.title(), family=family, list_price=price, billing_interval="month")


def _people() -> Iterator[Team | User]:
    """The teams, each with its manager and its members."""
    sales = [Team(id=region, name=f"{region.title()} sales", department="sales", region=region) for region in REGIONS]
    success = Team(id="success", name="Customer success", department="customer_success")
    for team in (*sales, success, Team(id="revops", name="RevOps", department="revops")):
        manager = User(id=f"manager-{team.id}", name=f"Manager of {team.name}", role="sales_manager", team_id=team.id)
        yield from (evolve(team, manager_id=manager.id), manager)
        for number in range(1, REPS_IN_A_TEAM + 1):
            yield User(
                id=f"{team.id}-{number}", name=f"{NAMES[number]} {team.id.title()}", team_id=team.id,
                role="sales_representative" if team.region else team.department,
                manager_id=manager.id, region=team.region,
            )  # fmt: skip


def _spend(leads: int) -> Iterator[Spend]:
    """Marketing by channel and sales as a whole, in proportion to the size of the company."""
    for month in _OPEN.months():
        for channel, amount in _SPEND_A_MONTH.items():
            spent = Money(amount * leads // 1000, CURRENCY)
            yield Spend(on=month.start_on, amount=spent, purpose="marketing", channel=channel)
        yield Spend(on=month.start_on, amount=Money(38_000 * leads // 1000, CURRENCY), purpose="sales")


def _quotas(leads: int) -> Iterator[Quota]:
    amount = Money(165_000 * leads // 1000, CURRENCY)
    for quarter in _OPEN.quarters():
        for region in REGIONS:
            yield Quota(owner_id=region, amount=amount, starts_on=quarter.start_on, ends_on=quarter.end_on)
