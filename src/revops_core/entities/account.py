"""Account: a company we sell to, and the profile of those we most want."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum

from attrs import field, frozen

from revops_core.values.checks import Count, Id, as_tuple, checked
from revops_core.values.decision import Rule
from revops_core.values.frozen_map import EMPTY, frozen_map
from revops_core.values.money import Money

__all__ = ["Account", "IdealCustomerProfile", "Industry"]


class Industry(StrEnum):
    """Broad industries; any other text is kept as given."""

    AGRICULTURE = "agriculture"
    CONSTRUCTION = "construction"
    EDUCATION = "education"
    ENERGY = "energy"
    FINANCE = "finance"
    GOVERNMENT = "government"
    HEALTHCARE = "healthcare"
    HOSPITALITY = "hospitality"
    INSURANCE = "insurance"
    MANUFACTURING = "manufacturing"
    MEDIA = "media"
    RETAIL = "retail"
    SERVICES = "services"
    TECHNOLOGY = "technology"
    TELECOMMUNICATIONS = "telecommunications"
    TRANSPORTATION = "transportation"


@checked()
@frozen(kw_only=True, eq=False, repr=False, weakref_slot=False)
class Account:
    """A company we sell to: Salesforce's account, HubSpot's company.

    Args:
        industry: such as an `Industry`.
        annual_revenue: what the company earns in a year.
        parent_id: the account above it in a hierarchy.
        tags: free marks, such as "strategic".
        is_target: whether it is on the list of accounts we work for by name.
        stage: where the customer stands in the lifecycle.

    >>> Account(id="a1", name="Initech", tags=["strategic"]).tags
    ('strategic',)
    """

    id: Id
    name: str | None = None
    website: str | None = None
    industry: str | None = None
    employee_count: Count | None = None
    annual_revenue: Money | None = None
    country: str | None = None
    parent_id: Id | None = None
    owner_id: Id | None = None
    tags: tuple[str, ...] = field(default=(), converter=as_tuple)
    is_target: bool = False
    created_at: datetime | None = None
    created_on: date | None = None
    stage: str | None = None
    stage_entered_at: datetime | None = None
    stage_seq: Count | None = None
    stage_version: int | None = None
    custom: Mapping[str, object] = field(default=EMPTY, converter=frozen_map)

    @property
    def created(self) -> date | None:
        """When it was created: the instant where known, else the day."""
        return self.created_at or self.created_on


@checked()
@frozen(kw_only=True, eq=False, weakref_slot=False)
class IdealCustomerProfile:
    """What the accounts we most want have in common, as named rules.

    Args:
        name: what the profile is called, e.g. "mid-market Europe".
        criteria: the rules; each answers for one account.

    >>> from revops_core.values.condition import each
    >>> account = each(Account)
    >>> profile = IdealCustomerProfile(name="mid-market", criteria=[
    ...     Rule("size", account.employee_count >= 200, "At least 200 employees."),
    ...     Rule("technology", account.industry == "technology", "A technology company.")])
    >>> initech = Account(id="a1", employee_count=350)
    >>> [rule.code for rule in profile.met_by(initech)], [rule.code for rule in profile.missed_by(initech)]
    (['size'], ['technology'])
    """

    name: Id
    criteria: tuple[Rule, ...] = field(converter=as_tuple)

    def met_by(self, account: Account, at: datetime | None = None) -> tuple[Rule, ...]:
        """The criteria that `account` meets, in their order; one whose field is unknown is not met."""
        return tuple(rule for rule in self.criteria if rule.holds(account, at))

    def missed_by(self, account: Account, at: datetime | None = None) -> tuple[Rule, ...]:
        """The criteria that `account` does not meet, in their order; none where it fits."""
        return tuple(rule for rule in self.criteria if not rule.holds(account, at))
