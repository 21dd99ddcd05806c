"""The stretches of days on which each line of a contract earns revenue, under a policy, and its worth over the term.

A segment is a plain tuple (first day, day after the last, atoms a year, held, number of the contract, line), days as
ordinals: contracts come by the hundred thousand. `held` is 1 where a customer stays one although nothing is paid on
these days, as in a pause.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any

from revops_core.entities.line_item import LineItem
from revops_core.entities.subscription import Subscription
from revops_core.kpis.contract_check import item_key
from revops_core.kpis.recurring_amounts import ATOMS, PER_YEAR, annual_amount, annual_atoms, as_money, term_months
from revops_core.kpis.revenue_policy import RevenuePolicy
from revops_core.values.frozen_map import EMPTY
from revops_core.values.money import Money
from revops_core.values.zone import zone

__all__ = [
    "FOREVER", "Segment", "annual_contract_value", "civil_day", "currency_of", "last_begun", "last_day", "segments",
    "successors", "total_contract_value",
]  # fmt: skip

FOREVER = date.max.toordinal() + 1
"""The day after the last one that can be written: a segment without an end."""

_AS_CHARGED = RevenuePolicy(discounts="all", usage="committed_minimum")

Segment = tuple[int, int, int, int, int, LineItem]


def successors(
    held: Sequence[Subscription], policy: RevenuePolicy, merged: Mapping[str, str] = EMPTY
) -> Mapping[str, Subscription]:
    """By the id of a contract, the one that renews it.

    That is the first that names it. Where none does and the policy has days of grace, it is the account's next contract
    with one of its items, if that starts on its end or within the grace.
    """
    later_ones = held if policy.grace_days else [each for each in held if each.renews_id is not None]
    ordered = sorted(later_ones, key=lambda each: each.starts_on or date.min)
    found: dict[str, Subscription] = {}
    for later in ordered:
        if later.renews_id is not None:
            found.setdefault(later.renews_id, later)
    if policy.grace_days:
        by_account: dict[str | None, list[Subscription]] = {}
        for each in ordered:
            by_account.setdefault(merged.get(each.account_id or "", each.account_id), []).append(each)
        for mates in by_account.values():
            for each in mates:
                if each.id not in found and each.ends_on is not None:
                    follower = _follower(each, mates, policy.grace_days)
                    if follower is not None:
                        found[each.id] = follower
    return found


def _follower(ended: Subscription, mates: Sequence[Subscription], days: int) -> Subscription | None:
    """The first contract of `mates` that goes on with an item of `ended` within so many days of its end."""
    keys = {item_key(line) for line in ended.items} - {None}
    for other in mates:
        gap = (other.starts_on - ended.ends_on).days  # type: ignore[operator]
        free = other is not ended and other.renews_id is None
        if free and 0 <= gap <= days and keys & {item_key(line) for line in other.items}:
            return other
    return None


def currency_of(segment: Segment) -> str:
    """In which currency a segment is paid."""
    return segment[5].unit_price.currency  # type: ignore[union-attr]


def civil_day(moment: date, tz: str) -> int:
    """The ordinal of the day that a date, or an aware datetime in a zone, falls on."""
    if isinstance(moment, datetime):
        moment = moment.astimezone(zone(tz))
    return moment.toordinal()


def last_begun(as_of: datetime, tz: str) -> int:
    """The ordinal of the last day that had begun before a moment: at midnight nobody sees the day ahead."""
    return civil_day(as_of - timedelta(microseconds=1), tz)


def last_day(
    subscription: Subscription, policy: RevenuePolicy, horizon: int, successor: Subscription | None = None
) -> int:
    """The day after the last on which a contract counts, as known on the day `horizon`."""
    start = subscription.starts_on.toordinal()  # type: ignore[union-attr]
    end = FOREVER if subscription.ends_on is None else subscription.ends_on.toordinal()
    stops = []
    if subscription.cancelled is not None and (policy.churn_day == "cancelled" or subscription.ends_on is None):
        stops.append(civil_day(subscription.cancelled, policy.tz))
    if subscription.unpaid_since_on is not None and policy.churn_day == "first_unpaid":
        stops.append(subscription.unpaid_since_on.toordinal())
    end = min([end, *(max(day, start) for day in stops if day <= horizon)])
    end = min(end + policy.grace_days, FOREVER)
    if successor is not None and successor.starts_on.toordinal() <= horizon:  # type: ignore[union-attr]
        end = min(end, max(successor.starts_on.toordinal(), start))  # type: ignore[union-attr]
    return end


def segments(subscription: Subscription, number: int, end: int, policy: RevenuePolicy) -> list[Segment]:
    """The segments of one contract that counts until the day before `end`."""
    start = subscription.starts_on.toordinal()  # type: ignore[union-attr]
    plain = subscription.trial_ends_on is None and not subscription.pauses and policy.ramps == "current"
    found: list[Segment] = []
    for line in subscription.items:
        is_left_out = line.is_metered and policy.usage == "exclude"
        if is_left_out or line.unit_price is None or line.billing_interval not in PER_YEAR:
            continue
        if plain and line.starts_on is None and line.ends_on is None and not line.discount:
            found.append((start, end, annual_atoms(line), 0, number, line))
        else:
            found.extend(
                (since, until, atoms, held, number, line)
                for since, until, atoms, held in _pieces(subscription, line, start, end, policy)
            )
    if policy.ramps == "average" and len(found) > 1 and end < FOREVER:
        return list(_averaged(found, start, end))
    return found


_Piece = tuple[int, int, int, int]


def _pieces(
    subscription: Subscription, line: LineItem, start: int, end: int, policy: RevenuePolicy
) -> Iterator[_Piece]:
    """The stretches of one line, cut where a trial, a discount or a pause ends or begins."""
    since = start if line.starts_on is None else max(start, line.starts_on.toordinal())
    until = end
    # What ends with the contract has its days of grace.
    if line.ends_on is not None and line.ends_on != subscription.ends_on:
        until = min(end, line.ends_on.toordinal())
    if subscription.trial_ends_on is not None and policy.trials == "exclude":
        since = max(since, subscription.trial_ends_on.toordinal())
    change = line.discount_ends_on
    full_from = FOREVER if change is None else change.toordinal()
    if policy.discounts == "none" or (policy.discounts == "lasting_only" and change is not None):
        full_from = since
    stretches = (
        (since, min(until, full_from), annual_atoms(line)),
        (max(since, full_from), until, annual_atoms(line, discounted=False)),
    )
    pauses = subscription.pauses if policy.pauses == "zero" else ()
    holes = sorted((p.starts_on.toordinal(), FOREVER if p.ends_on is None else p.ends_on.toordinal()) for p in pauses)
    for first, last, atoms in stretches:
        # A full discount that ends keeps its customer, as a pause does.
        yield from _around(first, last, atoms, int(not atoms and line.discount == 1), holes)


def _around(first: int, last: int, atoms: int, held: int, holes: Sequence[tuple[int, int]]) -> Iterator[_Piece]:
    """A stretch without its holes, and the holes in it as held days."""
    for hole_start, hole_end in holes:
        begin, finish = max(first, hole_start), min(last, hole_end)
        if begin < finish:
            if first < begin:
                yield first, begin, atoms, held
            yield begin, finish, 0, 1
            first = finish
    if first < last:
        yield first, last, atoms, held


def _averaged(found: Sequence[Segment], start: int, end: int) -> Iterator[Segment]:
    """For each item, one amount on all days of the contract: the average of its segments."""
    by_item: dict[Any, list[Segment]] = {}
    for place, segment in enumerate(found):
        by_item.setdefault(item_key(segment[5]) or place, []).append(segment)
    for each in by_item.values():
        total = sum((min(until, end) - since) * atoms for since, until, atoms, _, _, _ in each)
        # Halves are rounded up: one atom is less than any currency can show.
        yield start, end, (2 * total + end - start) // (2 * (end - start)), 0, each[0][4], each[0][5]


def total_contract_value(subscription: Subscription) -> Money | None:
    """Everything a contract is worth over its term: recurring lines for their months, and what is charged once (TCV).

    A finite discount counts until it ends. Trial days and pauses are not charged for.

    Returns:
        Money in the currency of the lines, exact to a 10^-12th; None without an end, a start or any price.

    Raises:
        CurrencyMismatchError: lines in two currencies.

    >>> line = LineItem(unit_price=Money(1500, "EUR"), billing_interval="month")
    >>> total_contract_value(
    ...     Subscription(id="s1", starts_on=date(2026, 1, 1), ends_on=date(2031, 1, 1), items=[line]))
    Money('90000.00', 'EUR')
    """
    return _contract_value(subscription, once=True)


def annual_contract_value(subscription: Subscription) -> Money | None:
    """What a contract is worth in a year of its term, on average; what is charged once is left out (ACV).

    >>> years = [LineItem(id="seats", unit_price=Money(price, "EUR"), billing_interval="year",
    ...                   starts_on=date(year, 1, 1), ends_on=date(year + 1, 1, 1))
    ...          for price, year in ((100, 2026), (200, 2027))]
    >>> annual_contract_value(
    ...     Subscription(id="s1", starts_on=date(2026, 1, 1), ends_on=date(2028, 1, 1), items=years))
    Money('150.00', 'EUR')
    """
    total = _contract_value(subscription, once=False)
    if total is None or subscription.starts_on is None or subscription.ends_on is None:
        return None
    months = term_months(subscription.starts_on, subscription.ends_on)
    return as_money(Fraction(total.amount) * ATOMS * 12 / months, total.currency) if months else None


def _contract_value(subscription: Subscription, *, once: bool) -> Money | None:
    """The sum of the charges of a contract, with or without what is charged once."""
    priced: list[Any] = [line for line in subscription.items if line.unit_price is not None]
    if subscription.starts_on is None or subscription.ends_on is None or not priced:
        return None
    for line in priced:
        annual_amount(line)  # raises where the interval is unknown
    charges = [line.price for line in priced if once and line.billing_interval is None]
    for piece in segments(subscription, 0, subscription.ends_on.toordinal(), _AS_CHARGED):
        months = term_months(date.fromordinal(piece[0]), date.fromordinal(piece[1]))
        charges.append(as_money(piece[2] * months / 12, currency_of(piece)))
    return Money.total(charges, priced[0].unit_price.currency)
