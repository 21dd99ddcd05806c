"""Ticket: a request for help, from a customer or from another department."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum

from attrs import field, frozen

from revops_core.values.checks import Count, Id, checked
from revops_core.values.frozen_map import EMPTY, frozen_map

__all__ = ["Ticket", "TicketPriority", "TicketRequest"]


class TicketPriority(StrEnum):
    """How urgent a ticket is; any other text is kept as given."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"


class TicketRequest(StrEnum):
    """What a ticket asks for: the kinds that service levels are promised for; any other text is kept as given."""

    LEAD_QUALIFICATION = "lead_qualification"
    SALES_INQUIRY = "sales_inquiry"
    TECHNICAL_SUPPORT = "technical_support"
    BUG_FIX = "bug_fix"
    ACCOUNT_SETUP = "account_setup"
    DATA_ENTRY_ERROR = "data_entry_error"


@checked()
@frozen(kw_only=True, eq=False, repr=False, weakref_slot=False)
class Ticket:
    """A request for help: a ticket in Zendesk and HubSpot, Salesforce's case, an incident of a service desk.

    Args:
        subject: its title.
        request: what it asks for, such as a `TicketRequest`.
        priority: such as a `TicketPriority`.
        stage: where it stands, e.g. "new", "pending", "solved"; help desks call it status.
        requester_id: the user of ours who asked, for a ticket between departments; `contact_id` for a customer's.
        team_id: the team that answers.
        outcome: "open", or how it ended.
        first_responded_at, resolved_at, closed_at: what happened; `closed_on` where only the day is known.

    >>> Ticket(id="t1", request=TicketRequest.BUG_FIX, priority="high").outcome
    'open'
    """

    id: Id
    subject: str | None = None
    request: str | None = None
    priority: str | None = None
    channel: str | None = None
    account_id: Id | None = None
    contact_id: Id | None = None
    requester_id: Id | None = None
    owner_id: Id | None = None
    team_id: Id | None = None
    product_id: Id | None = None
    opportunity_id: Id | None = None
    created_at: datetime | None = None
    created_on: date | None = None
    stage: str | None = None
    stage_entered_at: datetime | None = None
    stage_seq: Count | None = None
    stage_version: int | None = None
    outcome: str = "open"
    first_responded_at: datetime | None = None
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    closed_on: date | None = None
    reopened_count: Count = 0
    custom: Mapping[str, object] = field(default=EMPTY, converter=frozen_map)

    @property
    def created(self) -> date | None:
        """When it was created: the instant where known, else the day."""
        return self.created_at or self.created_on

    @property
    def closed(self) -> date | None:
        """When it closed: the instant where known, else the day; None while it is open."""
        return self.closed_at or self.closed_on
