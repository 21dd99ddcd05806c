"""Subscription: a contract period with its items, from which recurring revenue is computed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from attrs import field, frozen

from revops_core.entities.line_item import LineItem
from revops_core.values.checks import Count, Id, InOrder, as_tuple, checked
from revops_core.values.frozen_map import EMPTY, frozen_map

__all__ = ["Pause", "Subscription"]


@checked(InOrder("starts_on", "ends_on"))
@frozen(kw_only=True, eq=False, weakref_slot=False)
class Pause:
    """Days on which a subscription does not run, half-open; without an end it is paused until further notice.

    >>> Pause(starts_on=date(2026, 7, 1), ends_on=date(2026, 8, 1)).ends_on - date(2026, 7, 1)
    datetime.timedelta(days=31)
    """

    starts_on: date
    ends_on: date | None = None


@checked(InOrder("starts_on", "ends_on"), InOrder("starts_on", "trial_ends_on"))
@frozen(kw_only=True, eq=False, repr=False, weakref_slot=False)
class Subscription:
    """One contract period of an account, with what it pays for: its renewal is another one that names it.

    Days are half-open: `ends_on` is the first day on which it no longer runs, 1 January for a contract "until 31
    December". Changes of price or seats inside the period are lines that follow one another (see `LineItem`).

    Args:
        deal_id: the deal it was sold in.
        renews_id: the subscription that this one renews.
        starts_on, ends_on: the contract period; without an end it runs until cancelled.
        signed_on: when it was agreed, which may be before it starts.
        trial_ends_on: the first day that is paid for; None: there was no trial.
        cancelled_at, cancelled_on: when notice was given, one of the two; it still runs until `ends_on`.
        unpaid_since_on: the first day of a bill that is still unpaid.
        churn_reason: why it was not continued, e.g. "payment_failed".
        recorded_at: when this state of it became known; several with one id are versions of one contract.
        items: what is paid for, in one currency.
        pauses: days on which it does not run.

    >>> Subscription(id="s1", account_id="a1", starts_on=date(2026, 1, 1), ends_on=date(2027, 1, 1)).auto_renews is None
    True
    """

    id: Id
    account_id: Id | None = None
    deal_id: Id | None = None
    renews_id: Id | None = None
    owner_id: Id | None = None
    name: str | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    signed_on: date | None = None
    trial_ends_on: date | None = None
    auto_renews: bool | None = None
    notice_days: Count | None = None
    cancelled_at: datetime | None = None
    cancelled_on: date | None = None
    unpaid_since_on: date | None = None
    churn_reason: str | None = None
    recorded_at: datetime | None = None
    items: tuple[LineItem, ...] = field(default=(), converter=as_tuple)
    pauses: tuple[Pause, ...] = field(default=(), converter=as_tuple)
    custom: Mapping[str, object] = field(default=EMPTY, converter=frozen_map)

    @property
    def cancelled(self) -> date | None:
        """When notice was given: the instant where known, else the day."""
        return self.cancelled_at or self.cancelled_on
