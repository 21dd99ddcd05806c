"""Renewals: which contracts come up for renewal, what became of them, and when to ask for the next one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from operator import itemgetter

from attrs import frozen

from revops_core.entities.opportunity import Opportunity, OpportunityKind
from revops_core.entities.subscription import Subscription
from revops_core.kpis.recurring_amounts import as_money
from revops_core.kpis.revenue_pieces import known
from revops_core.kpis.revenue_policy import RevenuePolicy
from revops_core.kpis.revenue_segments import civil_day, currency_of, last_begun, last_day, segments, successors
from revops_core.values.checks import require
from revops_core.values.money import Money
from revops_core.values.period import Period

__all__ = ["RENEWALS_CADENCE", "Renewal", "renewal_schedule", "renewals"]

RENEWALS_CADENCE = (("health_review", 120), ("renewal_opened", 90), ("proposal_sent", 60), ("terms_agreed", 30))
"""The steps of a renewal and how many days before its end each is due; an example to be replaced by one's own."""

_DEFAULT = RevenuePolicy()


@frozen(kw_only=True)
class Renewal:
    """One contract whose term ends in a period, and what became of it: the row that renewal KPIs fold.

    Args:
        due_on: the day its term ends, by which the row is dated.
        amount: its annual revenue on its last day: what is available to renew.
        renewed_amount: that of its renewal on the first day; of all that name it, where it was split; else zero.
        capped: the renewed amount, but no more than the amount; uplift: what it is above it.
        status: "renewed"; "lost", where notice was given or the days of grace are over; "open".
        renewed_on: when the renewal was signed, or else started.
        is_in_period: whether it was renewed within the same period: neither early nor late.
        is_missed: whether the days of grace are over without a renewal or a notice.
        opened_at, renewed_at: from when to when the renewal was worked on, as its opportunity tells.

    >>> some = Money(1200, "EUR")
    >>> Renewal(subscription_id="s1", account_id="a1", due_on=date(2026, 3, 1), amount=some, renewed_amount=some,
    ...         capped=some, uplift=some - some, status="renewed").is_missed
    False
    """

    subscription_id: str
    account_id: str | None
    due_on: date
    amount: Money
    renewed_amount: Money
    capped: Money
    uplift: Money
    status: str
    renewal_id: str | None = None
    renewed_on: date | None = None
    is_in_period: bool = False
    is_missed: bool = False
    reason: str | None = None
    opened_at: datetime | None = None
    renewed_at: datetime | None = None


def renewal_schedule(
    subscription: Subscription, cadence: Sequence[tuple[str, int]] = RENEWALS_CADENCE
) -> tuple[tuple[date, str], ...]:
    """When to ask for a renewal: the steps of a cadence, the last day for notice, and the end of the term, by day.

    Days before the start of the contract are left at its start. A contract without an end has no steps, nor has one
    that was cancelled.

    Args:
        subscription: the contract.
        cadence: pairs (name of the step, days before the end).

    >>> contract = Subscription(id="s1", starts_on=date(2026, 1, 1), ends_on=date(2027, 1, 1), notice_days=45)
    >>> for day, step in renewal_schedule(contract): print(day, step)
    2026-09-03 health_review
    2026-10-03 renewal_opened
    2026-11-02 proposal_sent
    2026-11-17 notice_deadline
    2026-12-02 terms_agreed
    2027-01-01 term_end
    """
    if subscription.ends_on is None or subscription.cancelled is not None:
        return ()
    days = [*cadence, ("term_end", 0)]
    if subscription.notice_days is not None:
        days.append(("notice_deadline", subscription.notice_days))
    earliest = subscription.starts_on or date.min
    steps = [(max(earliest, subscription.ends_on - timedelta(days=before)), name) for name, before in days]
    return tuple(sorted(steps, key=itemgetter(0)))


def renewals(
    subscriptions: Iterable[Subscription],
    *periods: Period,
    as_of: datetime | None = None,
    policy: RevenuePolicy = _DEFAULT,
    opportunities: Iterable[Opportunity] = (),
) -> tuple[Renewal, ...]:
    """The contracts whose term ends in each period, with what became of them.

    A renewal is the contract that names it in `renews_id`; with days of grace in the policy also the account's next one
    with one of its items. It belongs to the period of the term's end, be it early or late: a late one restates it.

    Args:
        subscriptions: all contracts, renewals among them.
        periods: in which the terms end.
        as_of: what was agreed after it is not known yet; without it nothing is open, and what has no renewal is lost.
        policy: what counts as recurring, and its days of grace.
        opportunities: renewal opportunities that name a contract tell how long its renewal took.

    >>> contract = Subscription(id="s1", starts_on=date(2026, 1, 1), ends_on=date(2027, 1, 1))
    >>> [renewal.status for renewal in renewals([contract], Period.month(2027, 1))]
    ['lost']
    """
    held = known(subscriptions, as_of)
    require("renewals", periods=(periods, tuple[Period, ...]), as_of=(as_of, datetime | None))
    horizon = date.max.toordinal() if as_of is None else last_begun(as_of, policy.tz)
    agreed = [each for each in held if each.starts_on is not None and _agreed_on(each).toordinal() <= horizon]
    follows = successors(agreed, policy)
    named: dict[str | None, list[Subscription]] = {}
    for each in sorted(agreed, key=_agreed_on):
        named.setdefault(each.renews_id, []).append(each)
    worked = {each.subscription_id: each for each in opportunities if each.kind == OpportunityKind.RENEWAL}
    found = []
    for period in periods:
        for each in agreed:
            if each.ends_on is not None and each.ends_on in period:
                renewing = named.get(each.id) or [follows[each.id]] if each.id in follows else []
                found.append(_renewal(each, renewing, worked.get(each.id), period, horizon=horizon, policy=policy))
    return tuple(found)


def _agreed_on(subscription: Subscription) -> date:
    return subscription.signed_on or subscription.starts_on  # type: ignore[return-value]


def _renewal(
    ended: Subscription,
    renewing: Sequence[Subscription],
    worked: Opportunity | None,
    period: Period,
    *,
    horizon: int,
    policy: RevenuePolicy,
) -> Renewal:
    due_on: date = ended.ends_on  # type: ignore[assignment]
    amount = _worth(ended, due_on.toordinal() - 1, policy)
    renewal = renewing[0] if renewing else None
    firsts = [_worth(each, each.starts_on.toordinal(), policy) for each in renewing]  # type: ignore[union-attr]
    renewed = Money.total(firsts, amount.currency)
    given_notice = ended.cancelled is not None and civil_day(ended.cancelled, policy.tz) <= horizon
    is_over = due_on.toordinal() + policy.grace_days <= horizon
    status = "renewed" if renewal is not None else "lost" if given_notice or is_over else "open"
    renewed_on = None if renewal is None else _agreed_on(renewal)
    return Renewal(
        subscription_id=ended.id,
        account_id=ended.account_id,
        due_on=due_on,
        amount=amount,
        renewed_amount=renewed,
        capped=min(amount, renewed),
        uplift=max(renewed - amount, Money(0, amount.currency)),
        status=status,
        renewal_id=None if renewal is None else renewal.id,
        renewed_on=renewed_on,
        is_in_period=renewed_on is not None and renewed_on in period,
        is_missed=status == "lost" and not given_notice,
        reason=ended.churn_reason,
        opened_at=None if worked is None else worked.created_at,
        renewed_at=None if worked is None else worked.closed_at,
    )


def _worth(contract: Subscription, day: int, policy: RevenuePolicy) -> Money:
    """The annual revenue of a contract on a day, in the currency of its lines."""
    pieces = segments(contract, 0, last_day(contract, policy, date.max.toordinal()), policy)
    codes = [currency_of(piece) for piece in pieces] or [
        line.unit_price.currency for line in contract.items if line.unit_price is not None
    ]
    return as_money(sum(piece[2] for piece in pieces if piece[0] <= day < piece[1]), codes[0] if codes else "USD")
