"""FinancialPeriod: what finance knows of a month or a quarter, as far as revenue KPIs need it."""

from __future__ import annotations

from datetime import date

from attrs import frozen

from revops_core.values.checks import checked, short_repr
from revops_core.values.money import Money

__all__ = ["FinancialPeriod"]


@checked()
@frozen(kw_only=True)
class FinancialPeriod:
    """The figures of one month or quarter; those that are unknown are left out of the KPIs that read them.

    Args:
        on: the last day of the period, by which the row is dated.
        revenue, previous_revenue: recognised in the period, and in the one before.
        cost_of_revenue: what it cost to deliver.
        operating_income: the profit, or the loss as a negative amount.
        net_burn: cash spent less cash received.
        usage_revenue: what metered use was charged.
        contracted, billed, uncollected: what contracts allowed to bill, what was, and what was given up of it.

    >>> FinancialPeriod(on=date(2026, 3, 31), revenue=Money(300, "EUR")).net_burn is None
    True
    """

    on: date
    revenue: Money | None = None
    previous_revenue: Money | None = None
    cost_of_revenue: Money | None = None
    operating_income: Money | None = None
    net_burn: Money | None = None
    usage_revenue: Money | None = None
    contracted: Money | None = None
    billed: Money | None = None
    uncollected: Money | None = None

    __repr__ = short_repr
