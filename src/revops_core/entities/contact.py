"""Contact: a person at an account."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from attrs import field, frozen

from revops_core.entities.lead import full_name
from revops_core.values.checks import Id, PersonalText, checked
from revops_core.values.frozen_map import EMPTY, frozen_map

__all__ = ["Contact"]


@checked()
@frozen(kw_only=True, eq=False, repr=False, weakref_slot=False)
class Contact:
    """A person at an account we sell to: a contact in Salesforce and HubSpot.

    A contact belongs to an account; `check` reports one that does not.

    Args:
        title: the job title.
        lead_source: where the person came from, such as a `LeadSource`.

    >>> Contact(id="c1", last_name="Lovelace", account_id="a1").name
    'Lovelace'
    """

    id: Id
    account_id: Id | None = None
    first_name: PersonalText | None = None
    last_name: PersonalText | None = None
    email: PersonalText | None = None
    phone: PersonalText | None = None
    title: str | None = None
    lead_source: str | None = None
    owner_id: Id | None = None
    created_at: datetime | None = None
    custom: Mapping[str, object] = field(default=EMPTY, converter=frozen_map)

    @property
    def name(self) -> str | None:
        """First and last name."""
        return full_name(self.first_name, self.last_name)
