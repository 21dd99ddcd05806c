"""Lead: a person who may become a customer, before anything about them is certain."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum

from attrs import field, frozen

from revops_core.values.checks import Count, Id, PersonalText, checked
from revops_core.values.frozen_map import EMPTY, frozen_map

__all__ = ["Lead", "LeadSource", "LeadStage", "full_name"]


class LeadSource(StrEnum):
    """Where leads come from; any other text is kept as given."""

    WEBSITE = "website"
    TRADE_SHOW = "trade_show"
    REFERRAL = "referral"
    PARTNER = "partner"
    WEBINAR = "webinar"
    CONTENT = "content"
    PAID_SEARCH = "paid_search"
    ORGANIC_SEARCH = "organic_search"
    SOCIAL_MEDIA = "social_media"
    EMAIL = "email"
    OUTBOUND = "outbound"
    PURCHASED_LIST = "purchased_list"


class LeadStage(StrEnum):
    """The usual stages of a lead; any other text is kept as given."""

    NEW = "new"
    WORKING = "working"
    MARKETING_QUALIFIED = "marketing_qualified"
    SALES_QUALIFIED = "sales_qualified"
    CONVERTED = "converted"
    DISQUALIFIED = "disqualified"


def full_name(first_name: str | None, last_name: str | None) -> str | None:
    """Both names with a space between; the one that is known; None where neither is.

    >>> full_name("Ada", "Lovelace"), full_name(None, "Lovelace"), full_name("", None)
    ('Ada Lovelace', 'Lovelace', None)
    """
    return " ".join(name for name in (first_name, last_name) if name) or None


@checked()
@frozen(kw_only=True, eq=False, repr=False, weakref_slot=False)
class Lead:
    """A person who may become a customer: Salesforce's lead; in HubSpot a contact at lifecycle stage "lead" or a lead.

    Once it is qualified and what it says is verified, `convert_lead` makes it a contact of an account.

    Args:
        lead_source: where it came from, such as a `LeadSource`.
        stage: where it stands, such as a `LeadStage`; CRMs call it status.
        outcome: "open", "qualified" or "disqualified", such as an `Outcome`.
        closed_at, closed_on: when it was decided, one of the two.
        loss_reason: why it was disqualified.
        account_id: the existing account it was matched to.
        name_verified, email_verified, company_verified: whether somebody or something confirmed it.
        converted_at, converted_contact_id, converted_account_id, converted_opportunity_id: what it became.
        assigned_at: when its present owner got it.

    >>> Lead(id="l1", first_name="Ada", last_name="Lovelace", lead_source=LeadSource.REFERRAL)
    Lead(id='l1', first_name='A…', last_name='L…', lead_source=<LeadSource.REFERRAL: 'referral'>)
    """

    id: Id
    first_name: PersonalText | None = None
    last_name: PersonalText | None = None
    email: PersonalText | None = None
    phone: PersonalText | None = None
    title: str | None = None
    company: str | None = None
    website: str | None = None
    industry: str | None = None
    employee_count: Count | None = None
    country: str | None = None
    lead_source: str | None = None
    campaign: str | None = None
    owner_id: Id | None = None
    assigned_at: datetime | None = None
    account_id: Id | None = None
    created_at: datetime | None = None
    created_on: date | None = None
    stage: str | None = None
    stage_entered_at: datetime | None = None
    stage_seq: Count | None = None
    stage_version: int | None = None
    outcome: str = "open"
    closed_at: datetime | None = None
    closed_on: date | None = None
    loss_reason: str | None = None
    name_verified: bool = False
    email_verified: bool = False
    company_verified: bool = False
    converted_at: datetime | None = None
    converted_contact_id: Id | None = None
    converted_account_id: Id | None = None
    converted_opportunity_id: Id | None = None
    custom: Mapping[str, object] = field(default=EMPTY, converter=frozen_map)

    @property
    def name(self) -> str | None:
        """First and last name."""
        return full_name(self.first_name, self.last_name)

    @property
    def created(self) -> date | None:
        """When it was created: the instant where known, else the day."""
        return self.created_at or self.created_on

    @property
    def closed(self) -> date | None:
        """When it was decided: the instant where known, else the day."""
        return self.closed_at or self.closed_on
