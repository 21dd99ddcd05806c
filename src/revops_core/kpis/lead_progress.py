"""LeadProgress: when a lead reached each stage on its way to a customer, one row for each lead, as KPIs read it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from attrs import field, frozen

from revops_core.values.checks import Id, checked, short_repr
from revops_core.values.frozen_map import EMPTY, frozen_map

__all__ = ["LeadProgress"]


@checked()
@frozen(kw_only=True)
class LeadProgress:
    """How far one lead has come; each instant is that of the first entry, None while it has not been reached.

    Args:
        created_at: when the lead was created.
        mql_at: when marketing qualified it.
        sql_at: when sales accepted it as qualified.
        opportunity_at: when an opportunity was created from it.
        won_at: when that opportunity was won.

    >>> from datetime import UTC
    >>> LeadProgress(id="l1", created_at=datetime(2026, 3, 1, tzinfo=UTC)).mql_at is None
    True
    """

    id: Id
    created_at: datetime
    mql_at: datetime | None = None
    sql_at: datetime | None = None
    opportunity_at: datetime | None = None
    won_at: datetime | None = None
    lead_source: str | None = None
    campaign: str | None = None
    owner_id: Id | None = None
    custom: Mapping[str, object] = field(default=EMPTY, converter=frozen_map)

    __repr__ = short_repr
