"""Charge: what was billed for use, or given back, beside the prices of a contract; and how a ledger counts it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import chain
from typing import Any

from attrs import evolve, frozen

from revops_core.entities.line_item import LineItem
from revops_core.entities.subscription import Subscription
from revops_core.kpis.revenue_policy import RevenuePolicy
from revops_core.values.checks import Id, checked, short_repr
from revops_core.values.frozen_map import FrozenMap
from revops_core.values.instants import to_microseconds
from revops_core.values.money import Money
from revops_core.values.months import months_after
from revops_core.values.problem import Problem

__all__ = ["REFUND", "TRAILING", "Charge", "charged", "known_charges", "unknown_charges"]

REFUND = "refund"
"""The id of the line that a credit becomes."""

TRAILING = FrozenMap({"last_month_x12": 1, "t3m_x4": 3, "t12m": 12})
"""How many months of charges each policy of usage looks back on."""

_NOTHING: Any = {"quantity": Decimal(0), "discount": Decimal(1)}  # a line that costs nothing and keeps its customer


@checked()
@frozen(kw_only=True)
class Charge:
    """What a contract was charged for use on a day, or was given back where the amount is negative.

    A `RevenueLedger` counts it as its policy says: `usage` for charges, `refunds` for credits.

    Args:
        on: the day it counts for: of a bill for March a day in March.
        recorded_at: when it became known.

    >>> Charge(subscription_id="s1", on=date(2026, 3, 31), amount=Money("-49.90", "EUR")).amount.amount < 0
    True
    """

    subscription_id: Id
    on: date
    amount: Money
    recorded_at: datetime | None = None

    __repr__ = short_repr


def known_charges(charges: Iterable[Charge], known_by: datetime | None) -> list[Charge]:
    """The charges that were known by a moment."""
    if known_by is None:
        return list(charges)
    limit = to_microseconds(known_by)
    return [each for each in charges if each.recorded_at is None or to_microseconds(each.recorded_at) <= limit]


def unknown_charges(charges: Iterable[Charge], held: Iterable[Subscription]) -> Iterator[Problem]:
    """A problem for each contract that charges name and nobody knows."""
    known = {each.id for each in held}
    for name in sorted({each.subscription_id for each in charges} - known):
        says = "is named by a charge, and is no contract here"
        yield Problem(code="unknown_contract", says=says, subject="Subscription", subject_id=name, field="id")


def charged(
    held: Sequence[Subscription], charges: Iterable[Charge], policy: RevenuePolicy, horizon: date
) -> list[Subscription]:
    """The contracts with lines for what was charged by the day `horizon`, in the place of their metered lines."""
    months = TRAILING.get(policy.usage)
    by_contract: dict[str, list[Charge]] = {}
    for charge in charges:
        if charge.on <= horizon:
            by_contract.setdefault(charge.subscription_id, []).append(charge)
    found = []
    for each in held:
        mine = sorted(by_contract.get(each.id, ()), key=lambda one: one.on)
        lines = [line for line in each.items if months is None or not line.is_metered]
        if months is not None:
            lines += _usage([charge for charge in mine if charge.amount.amount > 0], months)
        if policy.refunds == "reduce":
            lines += (line for charge in mine if charge.amount.amount < 0 for line in _refund(charge))
        found.append(each if lines == list(each.items) else evolve(each, items=lines))
    return found


def _usage(charges: Sequence[Charge], months: int) -> Iterator[LineItem]:
    """For each month, what the charges of the months before it come to in a year; none is a line that costs nothing."""
    code: str
    for code in dict.fromkeys(charge.amount.currency for charge in charges):
        by_month: dict[date, list[Money]] = {}
        for charge in charges:
            if charge.amount.currency == code:
                by_month.setdefault(charge.on.replace(day=1), []).append(charge.amount)
        changes = sorted({months_after(first, count) for first in by_month for count in range(1, months + 2)})
        for since, until in zip(changes, [*changes[1:], None], strict=True):
            before = (by_month.get(months_after(since, -count), ()) for count in range(1, months + 1))
            amount = Money.total(chain.from_iterable(before), code).amount
            held: dict[str, Any] = {"quantity": amount} if amount else _NOTHING
            days: dict[str, Any] = {"starts_on": since, "ends_on": until}
            yield LineItem(id="usage", unit_price=Money(12 // months, code), billing_interval="year", **held, **days)


def _refund(charge: Charge) -> Iterator[LineItem]:
    """A line that takes off a credit for a month, and one that keeps its customer one."""
    days: dict[str, Any] = {"starts_on": charge.on, "ends_on": months_after(charge.on, 1)}
    yield LineItem(id=REFUND, unit_price=charge.amount, billing_interval="month", **days)
    yield LineItem(id=REFUND, unit_price=-charge.amount, billing_interval="month", **_NOTHING, **days)
