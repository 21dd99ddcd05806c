"""Deal: a closed sale with everything that was agreed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from attrs import field, frozen

from revops_core.entities.line_item import LineItem
from revops_core.values.checks import Count, Id, as_tuple, checked
from revops_core.values.frozen_map import EMPTY, frozen_map
from revops_core.values.money import Money

__all__ = ["Deal"]


@checked()
@frozen(kw_only=True, eq=False, repr=False, weakref_slot=False)
class Deal:
    """A closed sale with its terms, handed to customer success: near Salesforce's contract or order.

    What HubSpot calls a deal is an `Opportunity` here.

    Args:
        opportunity_id: the won opportunity it came from.
        kind: such as an `OpportunityKind`.
        amount: what was agreed.
        closed_at, closed_on: when it was agreed, one of the two.
        lines: product, quantity, price and term of each thing sold, all in one currency.
        starts_on: the first day of the contract.
        term_months: for how many months it runs.
        billing_interval: how often it is billed, where its lines do not say.
        auto_renews: whether it goes on unless somebody gives notice.
        notice_days: how long before the end notice must be given.
        payment_terms: e.g. "net 30".
        subscription_id: the subscription that it renews or expands.

    >>> Deal(id="d1", account_id="a1", amount=Money(1200, "EUR"), closed_on=date(2026, 9, 30)).closed
    datetime.date(2026, 9, 30)
    """

    id: Id
    name: str | None = None
    account_id: Id | None = None
    opportunity_id: Id | None = None
    owner_id: Id | None = None
    kind: str | None = None
    amount: Money | None = None
    closed_at: datetime | None = None
    closed_on: date | None = None
    lines: tuple[LineItem, ...] = field(default=(), converter=as_tuple)
    starts_on: date | None = None
    term_months: Count | None = None
    billing_interval: str | None = None
    auto_renews: bool | None = None
    notice_days: Count | None = None
    payment_terms: str | None = None
    subscription_id: Id | None = None
    custom: Mapping[str, object] = field(default=EMPTY, converter=frozen_map)

    @property
    def closed(self) -> date | None:
        """When it was agreed: the instant where known, else the day."""
        return self.closed_at or self.closed_on
