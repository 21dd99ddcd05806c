"""User and Team: who on our side owns records and answers for them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from attrs import field, frozen

from revops_core.values.checks import Id, InOrder, PersonalText, checked
from revops_core.values.frozen_map import EMPTY, frozen_map

__all__ = ["Team", "User"]


@checked(InOrder("starts_on", "ends_on"))
@frozen(kw_only=True, eq=False, repr=False, weakref_slot=False)
class User:
    """A person on our side who owns records: a user in Salesforce, an owner in HubSpot, an agent in a help desk.

    Args:
        role: e.g. "sales_representative", "sales_manager", "revops".
        team_id: the team they work in.
        manager_id: the user they report to.
        starts_on, ends_on: the days they were active, half-open; what "for each active rep" divides by.

    >>> User(id="u1", name="Ana Silva", team_id="west")
    User(id='u1', name='A…', team_id='west')
    """

    id: Id
    name: PersonalText | None = None
    email: PersonalText | None = None
    role: str | None = None
    team_id: Id | None = None
    manager_id: Id | None = None
    region: str | None = None
    is_active: bool = True
    starts_on: date | None = None
    ends_on: date | None = None
    custom: Mapping[str, object] = field(default=EMPTY, converter=frozen_map)


@checked()
@frozen(kw_only=True, eq=False, repr=False, weakref_slot=False)
class Team:
    """A group of users, such as a region's sales team; the figures of a team are those of its users.

    Args:
        manager_id: the user who leads it.
        parent_id: the team above it.
        department: e.g. "sales", "customer_success".

    >>> Team(id="west", name="West", department="sales").manager_id is None
    True
    """

    id: Id
    name: str | None = None
    department: str | None = None
    manager_id: Id | None = None
    parent_id: Id | None = None
    region: str | None = None
    custom: Mapping[str, object] = field(default=EMPTY, converter=frozen_map)
