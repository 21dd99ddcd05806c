"""QuotaProgress: how far a quota is met and what is open to meet it, one row for each quota, as KPIs read it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import Any

from attrs import frozen

from revops_core.entities.facts import Quota
from revops_core.entities.opportunity import Outcome
from revops_core.kpis.opportunity_in_period import has_begun, was_open
from revops_core.values.checks import Id, checked, require, short_repr
from revops_core.values.duration import moment_of
from revops_core.values.money import Money
from revops_core.values.period import Period

__all__ = ["QuotaProgress", "quota_progress"]


@checked()
@frozen(kw_only=True)
class QuotaProgress:
    """One quota, what was won towards it, and the open pipeline that is to close in its days.

    Args:
        owner_id: the user or team whose quota it is.
        starts_on, ends_on: its days, half-open.
        quota: the target.
        won: what was won in its days.
        open, weighted: what is open and to close in them, whole and times its probability.
        next_quota, next_open: the owner's quota that follows, of several the one nearest in length, and what is open
            and to close in its days.

    >>> euros = [Money(amount, "EUR") for amount in (100, 60, 90, 45)]
    >>> QuotaProgress(owner_id="u1", starts_on=date(2026, 1, 1), ends_on=date(2026, 4, 1), quota=euros[0], won=euros[1],
    ...               open=euros[2], weighted=euros[3]).next_quota is None
    True
    """

    owner_id: Id
    starts_on: date
    ends_on: date
    quota: Money
    won: Money
    open: Money
    weighted: Money
    next_quota: Money | None = None
    next_open: Money | None = None
    kind: str | None = None

    __repr__ = short_repr

    @property
    def is_attained(self) -> bool | None:
        """Whether the quota is met; None where there was nothing to meet."""
        return self.won >= self.quota if self.quota.amount > 0 else None


def quota_progress(
    quotas: Iterable[Quota],
    opportunities: Iterable[Any],
    *,
    as_of: datetime | None = None,
    owner_of: Callable[[Any], str | None] | None = None,
    tz: str = "UTC",
) -> list[QuotaProgress]:
    """One row for each quota. An opportunity without an amount adds nothing, one without a probability no weight.

    Args:
        quotas: of users or teams; one with a `kind` counts the opportunities of that kind alone.
        opportunities: records with the attributes of an `Opportunity`, as they are now.
        as_of: what closed later is open, what was created later is not there; None: they are as they say.
        owner_of: whose quota an opportunity counts towards, such as the team of its owner; None: its `owner_id`.
        tz: the zone of the days of the quotas.

    Raises:
        CurrencyMismatchError: an opportunity counts towards a quota of another currency.

    >>> from revops_core.entities.opportunity import Opportunity
    >>> quota = Quota(owner_id="u1", amount=Money(100, "EUR"), starts_on=date(2026, 1, 1), ends_on=date(2026, 4, 1))
    >>> won = Opportunity(id="o1", owner_id="u1", outcome="won", closed_on=date(2026, 2, 1), amount=Money(60, "EUR"))
    >>> quota_progress([quota], [won])[0].won
    Money('60', 'EUR')
    """
    require("quota_progress", as_of=(as_of, datetime | None), tz=(tz, str))
    quotas = list(quotas)
    following: dict[tuple[str, str | None, date], list[Quota]] = defaultdict(list)
    for quota in quotas:
        following[quota.owner_id, quota.kind, quota.starts_on].append(quota)
    sales: dict[str | None, list[Any]] = {}
    for sale in opportunities:
        sales.setdefault(sale.owner_id if owner_of is None else owner_of(sale), []).append(sale)
    rows = []
    for quota in quotas:
        mine = [sale for sale in sales.get(quota.owner_id, ()) if quota.kind in (None, sale.kind)]
        won, still_open, weighted = _amounts(quota, mine, as_of, tz)
        length = quota.ends_on - quota.starts_on
        after = min(
            following.get((quota.owner_id, quota.kind, quota.ends_on), ()),
            key=lambda each: abs(each.ends_on - each.starts_on - length),
            default=None,
        )
        rows.append(
            QuotaProgress(
                **{name: getattr(quota, name) for name in ("owner_id", "starts_on", "ends_on", "kind")},
                quota=quota.amount,
                won=won,
                open=still_open,
                weighted=weighted,
                next_quota=None if after is None else after.amount,
                next_open=None if after is None else _amounts(after, mine, as_of, tz)[1],
            )
        )
    return rows


def _amounts(quota: Quota, sales: Iterable[Any], as_of: datetime | None, tz: str) -> tuple[Money, Money, Money]:
    """What was won in the days of a quota, and what is open and to close in them, whole and weighted."""
    period = Period.between(quota.starts_on, quota.ends_on, tz=tz)
    won = still_open = weighted = Money(0, quota.amount.currency)
    for sale in sales:
        if sale.amount is None or not has_begun(sale, as_of, tz):
            continue
        closed = moment_of(sale, "closed")
        if was_open(sale, as_of, tz):
            if sale.close_date is not None and period.contains(sale.close_date):
                still_open += sale.amount
                weighted += sale.amount * (sale.probability or 0)
        elif sale.outcome == Outcome.WON and closed is not None and period.contains(closed):
            won += sale.amount
    return won, still_open, weighted
