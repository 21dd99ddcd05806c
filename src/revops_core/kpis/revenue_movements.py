"""What a revenue ledger tells: a movement of one customer, a customer's change over a period, the bridge of all."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal

from attrs import field, frozen

from revops_core.values.frozen_map import EMPTY, frozen_map
from revops_core.values.money import Money
from revops_core.values.period import Period

__all__ = ["MOVEMENTS", "Bridge", "Movement", "RevenueChange"]

MOVEMENTS = ("new", "expansion", "contraction", "churn", "reactivation")
"""The kinds of movement of recurring revenue."""

_TWELVE = Decimal("1e-12")


@frozen(kw_only=True)
class Movement:
    """One change of one customer's recurring revenue on one day, with the contracts that caused it.

    Args:
        on: the day.
        kind: one of `MOVEMENTS`.
        account_id: the customer.
        key: who gained or lost: the customer, or the subscription or item of another grain.
        amount: the change of annual revenue: negative for contraction and churn.
        logo_change: 1 where a customer came, -1 where one left, else 0.
        subscription_ids: the contracts that started, changed or ended on the day.
        parts: what an expansion or contraction is made of, by tag; it sums to the amount. "upsell": another product in
            the place of one; "cross_sell": an item came or went; "seats": the quantity; "price": the price or discount.
        reason: why it was not continued, where the contract tells.

    >>> Movement(on=date(2026, 3, 1), kind="new", account_id="a1", key="a1", amount=Money(1200, "EUR"), logo_change=1,
    ...          subscription_ids=("s1",)).parts
    FrozenMap({})
    """

    on: date
    kind: str
    account_id: str
    key: str
    amount: Money
    logo_change: int
    subscription_ids: tuple[str, ...]
    parts: Mapping[str, Money] = field(default=EMPTY, converter=frozen_map)
    reason: str | None = None


@frozen(kw_only=True)
class RevenueChange:
    """One customer over one period: the row that retention KPIs fold; `RevenueLedger.changes` gives them.

    All amounts are of a year; what was lost is a positive number, and
    `start + new + expansion + reactivation - contraction - churn + fx == end`.

    Args:
        key: the customer, or the subscription or item of another grain.
        on: the last day of the period that has been, by which the row is dated.
        month_count: how many months the period has; None where it is no whole number.
        retained: the revenue at the end of one who was a customer at the start; else zero.
        capped: the same, but no more than at the start.
        upsell, cross_sell, price: what expansions and contractions were made of, signed; seats are upsells.
        was_customer, is_customer: at the start and at the end.
        came, returned, left: how often in between.
        has_expanded: whether an existing customer paid more; has_upsell, has_cross_sell: for more of it, or for more.
        reason: of the last churn in the period, where the contract tells.

    >>> from revops_core.kpis.revenue_ledger import RevenueLedger
    >>> sum(row.came for row in RevenueLedger.of([]).changes(Period.month(2026, 3)))
    0
    """

    key: str
    account_id: str
    on: date
    month_count: int | None
    start: Money
    end: Money
    new: Money
    expansion: Money
    contraction: Money
    churn: Money
    reactivation: Money
    fx: Money
    retained: Money
    capped: Money
    upsell: Money
    cross_sell: Money
    price: Money
    was_customer: bool
    is_customer: bool
    came: int
    returned: int
    left: int
    has_expanded: bool
    has_upsell: bool
    has_cross_sell: bool
    reason: str | None = None


@frozen(kw_only=True)
class Bridge:
    """How annual recurring revenue came from the start of a period to its end: the sum of all its `RevenueChange`s.

    All amounts are of a year; what was lost is a positive number, and
    `start + new + expansion + reactivation - contraction - churn + fx == end`. The same holds for the customers.

    Args:
        period: the days; stocks are read just before its first day and just before the day after its last.
        fx: what the same revenue gained because rates changed; zero in one currency.
        retained: the revenue at the end of those who were customers at the start.
        capped: the same, where each counts for no more than at the start.
        start_count, end_count: customers; new_count, churned_count, reactivated_count: who came, left and returned.
        expanded_count: customers at the start who had an expansion.
        lost_count: customers at the start who are none at the end.
        partial: whether the period was still running at the ledger's `as_of`; None where that is not known.

    >>> from revops_core.kpis.revenue_ledger import RevenueLedger
    >>> RevenueLedger.of([], currency="EUR").bridge(Period.month(2026, 3)).net_new
    Money('0.00', 'EUR')
    """

    period: Period
    currency: str
    start: Money
    new: Money
    expansion: Money
    reactivation: Money
    contraction: Money
    churn: Money
    fx: Money
    end: Money
    retained: Money
    capped: Money
    start_count: int
    new_count: int
    reactivated_count: int
    churned_count: int
    end_count: int
    expanded_count: int
    lost_count: int
    partial: bool | None = None

    @property
    def net_new(self) -> Money:
        """What all movements come to, without the change of rates."""
        return self.new + self.expansion + self.reactivation - self.contraction - self.churn

    @property
    def on(self) -> date:
        """The last day of the period."""
        return self.period.end_on - timedelta(days=1)

    @property
    def churned_share(self) -> Decimal | None:
        """Customers who left, of those at the start, to 12 digits; None where there were none."""
        if not self.start_count:
            return None
        return (Decimal(self.churned_count) / self.start_count).quantize(_TWELVE)
