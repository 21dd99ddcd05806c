"""The sample company: a made-up software seller in Europe, with two years of everything RevOps looks at.

Every number is drawn from a seed, so that the same call gives the same company on every machine: leads of five channels,
sales with their stage history and changed amounts, contracts with renewals, expansions and churn, tickets with the log of
their clocks, surveys, spend, quotas. Each lead has a story of its own that depends on the seed and its number alone, so a
larger company begins with the smaller one. Nothing happens after `as_of`: what is not finished by then is open.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import TypeVar, cast

from attrs import evolve, frozen

from revops_core.calendars.business_calendar import BusinessCalendar
from revops_core.calendars.holidays import HolidayRule
from revops_core.entities.account import Account
from revops_core.entities.contact import Contact
from revops_core.entities.conversion import (
    LeadConversion,
    OpportunityConversion,
    convert_lead,
    convert_opportunity,
    subscriptions_from,
)
from revops_core.entities.deal import Deal
from revops_core.entities.engagement import Activity, Answer, Touch
from revops_core.entities.facts import Changed, Converted, Milestone, Quota, Spend
from revops_core.entities.lead import Lead
from revops_core.entities.line_item import LineItem
from revops_core.entities.opportunity import Opportunity
from revops_core.entities.product import Product
from revops_core.entities.subscription import Subscription
from revops_core.entities.ticket import Ticket
from revops_core.entities.user import Team, User
from revops_core.sla.clock_event import ClockEvent
from revops_core.stages.move import Moved
from revops_core.stages.ready_made import OPPORTUNITY
from revops_core.values.checks import Count, require
from revops_core.values.money import Money
from revops_core.values.months import months_after
from revops_core.values.period import Period

__all__ = ["SampleCompany", "sample_company"]

T = TypeVar("T")

_OPENED = datetime(2024, 1, 1, tzinfo=UTC)
_AS_OF = datetime(2026, 1, 1, tzinfo=UTC)
_CURRENCY = "EUR"
_OFFICE = BusinessCalendar(
    "Mo-Fr 09:00-17:30",
    tz="Europe/Berlin",
    holidays=[
        *(HolidayRule.fixed(month, day) for month, day in ((1, 1), (5, 1), (10, 3), (12, 25), (12, 26))),
        *(HolidayRule.easter(days) for days in (-2, 1, 39, 50)),
    ],
    name="office",
)
_WORKING_DAY = timedelta(hours=8, minutes=30)

_REGIONS = ("north", "south", "west")
_REPS_IN_A_REGION = 4
_SOURCES = {"website": 34, "paid_search": 22, "webinar": 16, "referral": 16, "trade_show": 12}
_SPEND_A_MONTH = {"website": 3_000, "paid_search": 9_000, "webinar": 4_000, "referral": 1_500, "trade_show": 6_500}
_INDUSTRIES = {"technology": 30, "manufacturing": 20, "services": 20, "retail": 15, "healthcare": 15}
_PRODUCTS = {"core": "39", "plus": "69", "insight": "15"}
_LOSS_REASONS = {"price": 35, "no_budget": 25, "competitor": 25, "no_decision": 15}
_REQUESTS = {
    "technical_support": 45,
    "bug_fix": 20,
    "account_setup": 15,
    "data_entry_error": 12,
    "sales_inquiry": 8,
}
_PRIORITIES = {"low": 25, "normal": 45, "high": 22, "urgent": 8}
_NAMES = ("Ada", "Ben", "Cleo", "Dora", "Emil", "Finn", "Greta", "Hugo", "Ida", "Jonas", "Karla", "Lars")
_SURNAMES = ("Abel", "Brandt", "Conrad", "Dietz", "Ebert", "Falk", "Gruber", "Hahn", "Iwen", "Jung", "Krause", "Lang")
_COMPANIES = ("Aster", "Birke", "Cobalt", "Delta", "Eiche", "Fjord", "Granit", "Hafen", "Iris", "Jade", "Kiesel", "Linde")


@frozen(kw_only=True, repr=False)
class SampleCompany:
    """The records and facts of a company as of one moment.

    Attributes:
        as_of: the moment it is seen from; nothing is later.
        office: its business calendar.
        clock_events: the facts of each ticket's clocks, by the id of the ticket.
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
    clock_events: Mapping[str, tuple[ClockEvent, ...]]

    def __repr__(self) -> str:
        counts = ", ".join(f"{len(getattr(self, name))} {name}" for name in ("leads", "opportunities", "subscriptions", "tickets"))
        return f"SampleCompany({counts} as of {self.as_of:%Y-%m-%d})"


def sample_company(leads: int = 1000, *, seed: int = 7) -> SampleCompany:
    """A company with so many leads in two years, and all that came of them.

    Args:
        leads: how many, 0 or more; about a fifth become customers.
        seed: another number is another company.

    >>> sample_company(200)
    SampleCompany(200 leads, 60 opportunities, 17 subscriptions, 61 tickets as of 2026-01-01)
    """
    require("sample_company", leads=(leads, Count), seed=(seed, int))
    told: dict[type, dict[str, object]] = {}
    facts: dict[type, list[object]] = {}
    clock_events: dict[str, tuple[ClockEvent, ...]] = {}
    for number in range(1, leads + 1):
        story = _Story(number, seed)
        story.tell()
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
        as_of=_AS_OF,
        office=_OFFICE,
        users=tuple(_users()),
        teams=tuple(_teams()),
        products=tuple(
            Product(id=name, name=name.title(), family="platform" if name != "insight" else "add-on",
                    list_price=Money(price, _CURRENCY), billing_interval="month")
            for name, price in _PRODUCTS.items()
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
    return Period.between(_OPENED.date(), _AS_OF.date()).months()


def _teams() -> Iterator[Team]:
    for region in _REGIONS:
        yield Team(id=region, name=f"{region.title()} sales", department="sales", manager_id=f"manager-{region}", region=region)
    yield Team(id="success", name="Customer success", department="customer_success", manager_id="manager-success")
    yield Team(id="revops", name="RevOps", department="revops", manager_id="manager-revops")


def _users() -> Iterator[User]:
    for team in _teams():
        yield User(id=f"manager-{team.id}", name=f"Manager of {team.name}", role="sales_manager", team_id=team.id)
        for number in range(1, _REPS_IN_A_REGION + 1):
            yield User(
                id=f"{team.id}-{number}",
                name=f"{_NAMES[number]} {team.id.title()}",
                role="sales_representative" if team.region else team.department,
                team_id=team.id,
                manager_id=f"manager-{team.id}",
                region=team.region,
            )  # fmt: skip


def _spend(leads: int) -> Iterator[Spend]:
    """Marketing by channel and sales as a whole, in proportion to the size of the company."""
    for month in _months():
        for channel, amount in _SPEND_A_MONTH.items():
            yield Spend(on=month.start_on, amount=Money(amount * leads // 1000, _CURRENCY), purpose="marketing", channel=channel)
        yield Spend(on=month.start_on, amount=Money(38_000 * leads // 1000, _CURRENCY), purpose="sales")


def _quotas(leads: int) -> Iterator[Quota]:
    for quarter in Period.between(_OPENED.date(), _AS_OF.date()).quarters():
        for region in _REGIONS:
            amount = Money(165_000 * leads // 1000, _CURRENCY)
            yield Quota(owner_id=region, amount=amount, starts_on=quarter.start_on, ends_on=quarter.end_on)


class _Ended(Exception):  # noqa: N818 - the end of a story, never seen outside
    """The story has reached `as_of`."""


class _Story:
    """One lead and all that came of it, told until `as_of`."""

    __slots__ = ("_random", "clock_events", "number", "things")

    def __init__(self, number: int, seed: int) -> None:
        self.number = number
        self.things: list[object] = []
        self.clock_events: dict[str, tuple[ClockEvent, ...]] = {}
        self._random = Random(f"{seed}-{number}")

    # Only `random()` is used: it is the one method whose sequence Python promises to keep.
    def chance(self, probability: float) -> bool:
        return self._random.random() < probability

    def between(self, low: float, high: float) -> float:
        return low + (high - low) * self._random.random()

    def pick(self, options: Mapping[str, int] | Sequence[str]) -> str:
        if not isinstance(options, Mapping):
            return options[int(self._random.random() * len(options))]
        place = self._random.random() * sum(options.values())
        for option, weight in options.items():
            place -= weight
            if place < 0:
                return option
        return option

    def later(self, at: datetime, low: float, high: float) -> datetime:
        """Some working days later, in office hours; the story ends where that is not before `as_of`."""
        days = self.between(low, high)
        moment = _OFFICE.add(_OFFICE.next_open(at), timedelta(seconds=int(days * _WORKING_DAY.total_seconds()) + 1))
        if moment >= _AS_OF:
            raise _Ended
        return moment.astimezone(UTC)

    def tell(self) -> None:
        try:
            self._lead()
        except _Ended:
            pass

    def _lead(self) -> None:
        seconds = int(self.between(0, (_AS_OF - _OPENED).total_seconds()))
        at, region, source = _OPENED + timedelta(seconds=seconds), self.pick(_REGIONS), self.pick(_SOURCES)
        owner = f"{region}-{1 + int(self.between(0, _REPS_IN_A_REGION))}"
        company = f"{self.pick(_COMPANIES)} {self.number}"
        lead = Lead(
            id=f"lead-{self.number}",
            first_name=self.pick(_NAMES),
            last_name=self.pick(_SURNAMES),
            email=f"contact@{company.replace(' ', '-').lower()}.example",
            company=company,
            industry=self.pick(_INDUSTRIES),
            employee_count=int(10 ** self.between(1, 4)),
            country="DE",
            lead_source=source,
            owner_id=owner,
            created_at=at,
            assigned_at=at,
            stage="new",
        )
        self.things.append(lead)
        for _ in range(int(self.between(1, 5))):
            touched_at = at - timedelta(hours=self.between(0, 700))
            self.things.append(Touch(subject="Lead", subject_id=lead.id, at=max(touched_at, _OPENED), channel=self.pick(_SOURCES)))
        if self.chance(0.06):
            return  # nobody ever answered
        at = self.later(at, 0.005, 0.35 if self.chance(0.8) else 3)
        self._activity("call" if self.chance(0.5) else "email", "Lead", lead.id, owner, at)
        lead = self._lead_stage(lead, "working", at)
        at = self.later(at, 0.2, 4)
        if not self.chance(0.62):
            if self.chance(0.8):
                self._disqualified(lead, at)
            return
        lead = self._lead_stage(lead, "marketing_qualified", at)
        at = self.later(at, 0.5, 7)
        if not self.chance(0.66):
            self._disqualified(lead, at)
            return
        self._activity("meeting", "Lead", lead.id, owner, at)
        lead = evolve(lead, name_verified=True, email_verified=True, company_verified=True)
        lead = self._lead_stage(lead, "sales_qualified", at)
        at = self.later(at, 0.1, 2)
        made = cast("LeadConversion", convert_lead(
            lead,
            at=at,
            account=Account(id=f"account-{self.number}", is_target=self.chance(0.3), stage="sales"),
            opportunity=Opportunity(id=f"sale-{self.number}", kind="new_business"),
            by=owner,
        ))  # fmt: skip
        self.things += [evolve(made.lead, stage="converted", outcome="qualified", closed_at=at), made.contact, made.account, made.fact]
        opportunity = cast("Opportunity", made.opportunity)
        seats, product = int(10 ** self.between(0.7, 2.2)), "plus" if self.chance(0.35) else "core"
        line = self._line(product, seats)
        self._sale(evolve(opportunity, lines=(line,), amount=_yearly(line), close_date=at.date() + timedelta(days=60)), at)

    def _line(self, product: str, seats: int) -> LineItem:
        discount = Decimal("0.1") if self.chance(0.25) else Decimal(0)
        return LineItem(
            id=product,
            product_id=product,
            quantity=Decimal(seats),
            unit_price=Money(_PRODUCTS[product], _CURRENCY),
            billing_interval="month",
            discount=discount,
        )

    def _lead_stage(self, lead: Lead, stage: str, at: datetime) -> Lead:
        self.things.append(Moved(subject_id=lead.id, source=lead.stage, target=stage, at=at, pipeline="lead", version=1))
        lead = evolve(lead, stage=stage, stage_entered_at=at)
        self.things.append(lead)
        return lead

    def _disqualified(self, lead: Lead, at: datetime) -> None:
        lead = self._lead_stage(lead, "disqualified", at)
        self.things.append(evolve(lead, outcome="disqualified", closed_at=at, loss_reason=self.pick(_LOSS_REASONS)))

    def _activity(self, kind: str, subject: str, subject_id: str, owner: str | None, at: datetime) -> None:
        self.things.append(
            Activity(kind=kind, subject=subject, subject_id=subject_id, at=at, owner_id=owner, direction="outbound", reached=self.chance(0.7))
        )

    def _moved(self, sale: Opportunity, stage: str, at: datetime, reason: str | None = None) -> Opportunity:
        """One step of the sale through its pipeline, which must allow it."""
        move = cast("Moved", OPPORTUNITY.decide(sale, stage, at=at, by=sale.owner_id, reason=reason))
        sale = move.apply_to(sale)
        self.things += [move, sale]
        return sale

    def _changed(self, sale: Opportunity, field: str, value: object, at: datetime) -> Opportunity:
        self.things.append(
            Changed(subject="Opportunity", subject_id=sale.id, field=field, old=getattr(sale, field), new=value, at=at, by=sale.owner_id)
        )
        sale = evolve(sale, **{field: value})
        self.things.append(sale)
        return sale

    def _sale(self, sale: Opportunity, at: datetime) -> None:
        """A sale from its first stage to its end, and what a won one becomes."""
        sale = self._moved(sale, "qualification", at)
        for stage, loss, low, high in (("proposal", 0.24, 2, 14), ("negotiation", 0.28, 3, 18), ("won", 0.22, 3, 22)):
            at = self.later(at, low, high)
            self._activity("demo" if stage == "proposal" else "meeting", "Opportunity", sale.id, sale.owner_id, at)
            if self.chance(0.12):
                at = self.later(at, 20, 60)  # nobody moves it for a while
            if sale.close_date is not None and at.date() > sale.close_date - timedelta(days=10) and self.chance(0.8):
                sale = self._changed(sale, "close_date", at.date() + timedelta(days=int(self.between(20, 45))), at)
            if self.chance(loss):
                reason = self.pick(_LOSS_REASONS)
                sale = self._moved(evolve(sale, loss_reason=reason), "lost", at, reason)
                return
            if stage == "negotiation" and self.chance(0.35):
                [line] = sale.lines
                line = evolve(line, quantity=Decimal(max(1, int(line.quantity * Decimal(str(round(self.between(0.7, 1.3), 2)))))))
                sale = self._changed(evolve(sale, lines=(line,)), "amount", _yearly(line), at)
            sale = self._moved(sale, stage, at)
        self._customer(sale, at)

    def _customer(self, sale: Opportunity, at: datetime) -> None:
        """A won sale becomes a deal and a contract, with its tickets, its surveys and its end or renewal."""
        starts_on = months_after(at.date().replace(day=1), 1)
        made = cast("OpportunityConversion", convert_opportunity(
            sale, at=at, deal=Deal(id=f"deal-{self.number}", starts_on=starts_on, term_months=12, auto_renews=True, notice_days=60), by=sale.owner_id
        ))  # fmt: skip
        self.things += [made.opportunity, made.deal, made.fact]
        [subscription] = cast("tuple[Subscription, ...]", subscriptions_from(made.deal))
        self.things.append(subscription)
        live_at = self._onboarding(sale, at)
        self._tickets(sale, live_at)
        self._surveys(sale, live_at)
        self._renewals(sale, subscription)

    def _onboarding(self, sale: Opportunity, at: datetime) -> datetime:
        for name, low, high in (("onboarding_started", 1, 5), ("first_value", 4, 25), ("onboarding_completed", 3, 25)):
            at = self.later(at, low, high)
            self.things.append(Milestone(name=name, account_id=cast("str", sale.account_id), at=at))
        self._answer(sale, "csat", 5, "onboarding", at, 0.6)
        return at

    def _answer(self, sale: Opportunity, survey: str, top: int, about: str, at: datetime, answered: float) -> None:
        if self.chance(answered):
            score = round(top * (1 - self.between(0, 1) ** 2.2 * 0.8))
            self.things.append(
                Answer(survey=survey, at=at, score=Decimal(score), scale_max=Decimal(top), about=about, account_id=sale.account_id)
            )

    def _surveys(self, sale: Opportunity, at: datetime) -> None:
        try:
            while True:
                at = self.later(at, 100, 130)
                self._answer(sale, "nps", 10, "company", at, 0.5)
        except _Ended:
            return

    def _tickets(self, sale: Opportunity, at: datetime) -> None:
        try:
            for count in range(1, 1000):
                at = self.later(at, 5, 90)
                self._ticket(sale, f"ticket-{self.number}-{count}", at)
        except _Ended:
            return

    def _ticket(self, sale: Opportunity, ticket_id: str, at: datetime) -> None:
        """A request with the log of its clocks: answered, perhaps paused, solved, perhaps reopened."""
        ticket = Ticket(
            id=ticket_id,
            request=self.pick(_REQUESTS),
            priority=self.pick(_PRIORITIES),
            account_id=sale.account_id,
            owner_id=f"success-{1 + int(self.between(0, _REPS_IN_A_REGION))}",
            team_id="success",
            created_at=at,
            stage="new",
        )
        events = [ClockEvent("started", at)]
        try:
            at = self.later(at, 0.01, 0.12 if self.chance(0.85) else 0.8)
            ticket = evolve(ticket, stage="open", first_responded_at=at)
            events += [ClockEvent("acknowledged", at), ClockEvent("responded", at)]
            if self.chance(0.3):
                at = self.later(at, 0.02, 0.5)
                events.append(ClockEvent("paused", at))
                at = self.later(at, 0.1, 4)
                events.append(ClockEvent("resumed", at))
            if self.chance(0.04):
                at = self.later(at, 0.02, 0.5)
                events.append(ClockEvent("cannot_resolve", at, by=ticket.owner_id))
            at = self.later(at, 0.02, 0.3 if self.chance(0.7) else 3)
            ticket = evolve(ticket, stage="solved", outcome="closed", resolved_at=at, closed_at=at)
            events.append(ClockEvent("stopped", at))
            if self.chance(0.06):
                at = self.later(at, 0.2, 5)
                events.append(ClockEvent("reopened", at))
                ticket = evolve(ticket, stage="open", outcome="open", resolved_at=None, closed_at=None, reopened_count=1)
                at = self.later(at, 0.1, 2)
                events.append(ClockEvent("stopped", at))
                ticket = evolve(ticket, stage="solved", outcome="closed", resolved_at=at, closed_at=at)
            self._answer(sale, "csat", 5, "support", at, 0.25)
        finally:
            self.things.append(ticket)
            self.clock_events[ticket.id] = tuple(events)

    def _renewals(self, sale: Opportunity, subscription: Subscription) -> None:
        """Seats bought in between, and at each end of a term a renewal or its refusal."""
        term = 1
        while subscription.starts_on is not None and subscription.ends_on is not None:
            [item] = subscription.items
            if self.chance(0.25):
                item = self._more_seats(subscription, item)
            decided_on = subscription.ends_on - timedelta(days=int(self.between(5, 50)))
            if datetime(decided_on.year, decided_on.month, decided_on.day, tzinfo=UTC) >= _AS_OF:
                return
            if self.chance(0.15):
                reason = self.pick(_LOSS_REASONS)
                self.things.append(evolve(subscription, cancelled_on=decided_on, churn_reason=reason, auto_renews=False))
                return
            term += 1
            factor = Decimal("1.15") if self.chance(0.35) else Decimal("0.85") if self.chance(0.12) else Decimal(1)
            seats = max(Decimal(1), (item.quantity * factor).to_integral_value())
            subscription = evolve(
                subscription,
                id=f"{subscription.deal_id}-term-{term}",
                renews_id=subscription.id,
                starts_on=subscription.ends_on,
                ends_on=months_after(subscription.ends_on, 12),
                signed_on=decided_on,
                items=(evolve(item, quantity=seats, starts_on=None, ends_on=None),),
            )
            self.things.append(subscription)

    def _more_seats(self, subscription: Subscription, item: LineItem) -> LineItem:
        """More seats from some month of the term on: the line ends and a larger one follows it."""
        starts_on = cast("date", subscription.starts_on)
        from_on = months_after(starts_on, 2 + int(self.between(0, 9)))
        if from_on >= _AS_OF.date():
            return item
        more = evolve(item, quantity=(item.quantity * Decimal("1.3")).to_integral_value() + 1, starts_on=from_on)
        self.things.append(evolve(subscription, items=(evolve(item, ends_on=from_on), more)))
        return more


def _yearly(line: LineItem) -> Money:
    """What a line with a monthly price comes to in a year, to the cent."""
    return (cast("Money", line.price) * 12).rounded()
