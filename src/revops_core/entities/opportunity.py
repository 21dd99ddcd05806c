"""Opportunity: a possible sale, from the day it is opened to the day it is won or lost."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum

from attrs import field, frozen

from revops_core.entities.line_item import LineItem
from revops_core.values.checks import Count, Id, Share, as_tuple, checked
from revops_core.values.frozen_map import EMPTY, frozen_map
from revops_core.values.money import Money

__all__ = [
    "BuyingRole", "ContactRole", "ForecastCategory", "Opportunity", "OpportunityKind", "OpportunityStage", "Outcome",
]  # fmt: skip


class Outcome(StrEnum):
    """How a lead, an opportunity or a ticket ended, or that it has not; any other text is kept as given."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"
    NO_DECISION = "no_decision"
    QUALIFIED = "qualified"
    DISQUALIFIED = "disqualified"


class OpportunityKind(StrEnum):
    """What a sale is to the customer."""

    NEW_BUSINESS = "new_business"
    EXPANSION = "expansion"
    RENEWAL = "renewal"


class OpportunityStage(StrEnum):
    """The usual stages of a sale; any other text is kept as given."""

    QUALIFICATION = "qualification"
    PROPOSAL = "proposal"
    NEGOTIATION = "negotiation"
    WON = "won"
    LOST = "lost"


class ForecastCategory(StrEnum):
    """How sure the seller is that a sale comes in."""

    OMITTED = "omitted"
    PIPELINE = "pipeline"
    BEST_CASE = "best_case"
    COMMIT = "commit"
    CLOSED = "closed"


class BuyingRole(StrEnum):
    """The part a contact plays in a sale; any other text is kept as given."""

    BUSINESS_USER = "business_user"
    DECISION_MAKER = "decision_maker"
    ECONOMIC_BUYER = "economic_buyer"
    ECONOMIC_DECISION_MAKER = "economic_decision_maker"
    EVALUATOR = "evaluator"
    EXECUTIVE_SPONSOR = "executive_sponsor"
    INFLUENCER = "influencer"
    TECHNICAL_BUYER = "technical_buyer"
    CHAMPION = "champion"


@checked()
@frozen(kw_only=True, eq=False, weakref_slot=False)
class ContactRole:
    """The part that one contact plays in one sale.

    >>> ContactRole(contact_id="c1", role=BuyingRole.DECISION_MAKER).role == "decision_maker"
    True
    """

    contact_id: Id
    role: str | None = None
    is_primary: bool = False


@checked()
@frozen(kw_only=True, eq=False, repr=False, weakref_slot=False)
class Opportunity:
    """A possible sale to an account: Salesforce's opportunity, HubSpot's deal. Once won it becomes a `Deal`.

    Args:
        kind: such as an `OpportunityKind`.
        stage: such as an `OpportunityStage`; `stage_entered_at`, `stage_seq` and `stage_version` are kept beside it.
        amount: the size of the sale.
        probability: the chance that it is won, a Decimal from 0 to 1, never a percentage.
        close_date: the day on which it is expected to close.
        outcome: such as an `Outcome`.
        closed_at, closed_on: when it did close, one of the two.
        forecast_category: such as a `ForecastCategory`.
        loss_reason: why it was not won.
        contacts: who takes part, and in which role.
        lines: what is sold; `product_id` where the CRM keeps a single product.
        lead_id: the lead it came from.
        deal_id: the deal it became.
        subscription_id: the subscription that it renews or expands.

    >>> Opportunity(id="o1", amount=Money(1200, "EUR"), close_date=date(2026, 9, 30))
    Opportunity(id='o1', amount=Money('1200', 'EUR'), close_date=datetime.date(2026, 9, 30))
    """

    id: Id
    name: str | None = None
    account_id: Id | None = None
    owner_id: Id | None = None
    kind: str | None = None
    stage: str | None = None
    stage_entered_at: datetime | None = None
    stage_seq: Count | None = None
    stage_version: int | None = None
    amount: Money | None = None
    probability: Share | None = None
    close_date: date | None = None
    outcome: str = "open"
    closed_at: datetime | None = None
    closed_on: date | None = None
    created_at: datetime | None = None
    created_on: date | None = None
    forecast_category: str | None = None
    loss_reason: str | None = None
    lead_source: str | None = None
    lead_id: Id | None = None
    deal_id: Id | None = None
    product_id: Id | None = None
    subscription_id: Id | None = None
    contacts: tuple[ContactRole, ...] = field(default=(), converter=as_tuple)
    lines: tuple[LineItem, ...] = field(default=(), converter=as_tuple)
    custom: Mapping[str, object] = field(default=EMPTY, converter=frozen_map)

    @property
    def created(self) -> date | None:
        """When it was created: the instant where known, else the day."""
        return self.created_at or self.created_on

    @property
    def closed(self) -> date | None:
        """When it closed: the instant where known, else the day; None while it is open."""
        return self.closed_at or self.closed_on

    @property
    def weighted_amount(self) -> Money | None:
        """Amount × probability, not rounded; None where either is unknown."""
        if self.amount is None or self.probability is None:
            return None
        return self.amount * self.probability
