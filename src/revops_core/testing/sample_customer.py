"""The story of a customer of the sample company: the contract with its renewals, tickets and surveys."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import cast

from attrs import evolve

from revops_core.entities import Answer, Deal, Milestone, Opportunity, Subscription, Ticket
from revops_core.entities.conversion import OpportunityConversion, convert_opportunity, subscriptions_from
from revops_core.sla.clock_event import ClockEvent
from revops_core.testing.sample_story import AS_OF, CHURN_CHANCE, Ended, Story
from revops_core.values.months import months_after

__all__ = ["tell_customer"]

_REQUESTS = {"technical_support": 45, "bug_fix": 20, "account_setup": 15, "data_entry_error": 12, "sales_inquiry": 8}
_PRIORITIES = {"low": 25, "normal": 45, "high": 22, "urgent": 8}


def tell_customer(story: Story, sale: Opportunity, at: datetime) -> None:
    """A won sale becomes a deal and a contract, with its tickets, its surveys and its end or renewal."""
    starts_on = months_after(at.date().replace(day=1), 1)
    terms = Deal(id=f"deal-{story.number}", starts_on=starts_on, term_months=12, auto_renews=True, notice_days=60)
    made = cast("OpportunityConversion", convert_opportunity(sale, at=at, deal=terms, by=sale.owner_id))
    story.things += [made.opportunity, made.deal, made.fact]
    [subscription] = cast("tuple[Subscription, ...]", subscriptions_from(made.deal))
    story.things.append(subscription)
    live_at = _onboarding(story, sale, at)
    _tickets(story, sale, live_at)
    _surveys(story, sale, live_at)
    _renewals(story, subscription)


def _onboarding(story: Story, sale: Opportunity, at: datetime) -> datetime:
    for name, low, high in (("onboarding_started", 1, 5), ("first_value", 4, 25), ("onboarding_completed", 3, 25)):
        at = story.later(at, low, high)
        story.things.append(Milestone(name=name, account_id=cast("str", sale.account_id), at=at))
    _answer(story, sale, "csat", "onboarding", at=at, top=5, answered=0.6)
    return at


def _answer(
    story: Story, sale: Opportunity, survey: str, about: str, *, at: datetime, top: int, answered: float
) -> None:
    if story.chance(answered):
        score = Decimal(round(top * (1 - story.between(0, 1) ** 2.2 * 0.8)))
        story.things.append(Answer(survey=survey, at=at, score=score, scale_max=Decimal(top), about=about,
                                   account_id=sale.account_id))  # fmt: skip


def _surveys(story: Story, sale: Opportunity, at: datetime) -> None:
    with suppress(Ended):
        while True:
            at = story.later(at, 100, 130)
            _answer(story, sale, "nps", "company", at=at, top=10, answered=0.5)


def _tickets(story: Story, sale: Opportunity, at: datetime) -> None:
    with suppress(Ended):
        while True:
            at = story.later(at, 5, 90)
            _ticket(story, sale, f"ticket-{story.number}-{len(story.clock_events) + 1}", at)


def _ticket(story: Story, sale: Opportunity, ticket_id: str, at: datetime) -> None:
    """A request with the log of its clocks: answered, perhaps paused, solved, perhaps reopened."""
    ticket = Ticket(
        id=ticket_id, request=story.pick(_REQUESTS), priority=story.pick(_PRIORITIES), account_id=sale.account_id,
        owner_id=story.member("success"), team_id="success", created_at=at, stage="new",
    )  # fmt: skip
    events = [ClockEvent("started", at)]
    try:
        at = story.later(at, 0.005, 0.06 if story.chance(0.88) else 0.8)
        ticket = evolve(ticket, stage="open", first_responded_at=at)
        events += [ClockEvent("acknowledged", at), ClockEvent("responded", at)]
        if story.chance(0.3):
            at = story.later(at, 0.02, 0.5)
            events.append(ClockEvent("paused", at))
            at = story.later(at, 0.1, 4)
            events.append(ClockEvent("resumed", at))
        if story.chance(0.04):
            at = story.later(at, 0.02, 0.5)
            events.append(ClockEvent("cannot_resolve", at, by=ticket.owner_id))
        at = story.later(at, 0.01, 0.12 if story.chance(0.75) else 3)
        ticket = evolve(ticket, stage="solved", outcome="closed", resolved_at=at, closed_at=at)
        events.append(ClockEvent("stopped", at))
        if story.chance(0.06):
            at = story.later(at, 0.2, 5)
            events.append(ClockEvent("reopened", at))
            ticket = evolve(ticket, stage="open", outcome="open", resolved_at=None, closed_at=None, reopened_count=1)
            at = story.later(at, 0.1, 2)
            events.append(ClockEvent("stopped", at))
            ticket = evolve(ticket, stage="solved", outcome="closed", resolved_at=at, closed_at=at)
        _answer(story, sale, "csat", "support", at=at, top=5, answered=0.25)
    finally:
        story.things.append(ticket)
        story.clock_events[ticket.id] = tuple(events)


def _renewals(story: Story, subscription: Subscription) -> None:
    """Seats bought in between, and at each end of a term a renewal or its refusal."""
    term = 1
    while True:
        if story.chance(0.25):
            subscription = _with_more_seats(story, subscription)
            story.things.append(subscription)
        ends_on, item = cast("date", subscription.ends_on), subscription.items[-1]
        decided_on = ends_on - timedelta(days=int(story.between(5, 50)))
        if decided_on >= AS_OF.date():
            return
        if story.chance(float(CHURN_CHANCE)):
            story.planted.append("churned")
            reason = story.reason()
            story.things.append(evolve(subscription, cancelled_on=decided_on, churn_reason=reason, auto_renews=False))
            return
        story.planted.append("renewed")
        term += 1
        factor = Decimal("1.15") if story.chance(0.35) else Decimal("0.85") if story.chance(0.12) else Decimal(1)
        seats = max(Decimal(1), (item.quantity * factor).to_integral_value())
        subscription = evolve(
            subscription, id=f"{subscription.deal_id}-term-{term}", renews_id=subscription.id, starts_on=ends_on,
            ends_on=months_after(ends_on, 12), signed_on=decided_on,
            items=(evolve(item, quantity=seats, starts_on=None, ends_on=None),),
        )  # fmt: skip
        story.things.append(subscription)


def _with_more_seats(story: Story, subscription: Subscription) -> Subscription:
    """More seats from some month of the term on: the line ends and a larger one follows it."""
    [item] = subscription.items
    from_on = months_after(cast("date", subscription.starts_on), 2 + int(story.between(0, 9)))
    if from_on >= AS_OF.date():
        return subscription
    more = evolve(item, quantity=(item.quantity * Decimal("1.3")).to_integral_value() + 1, starts_on=from_on)
    return evolve(subscription, items=(evolve(item, ends_on=from_on), more))
