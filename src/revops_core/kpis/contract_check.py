"""check_contracts: everything that is wrong with a set of contracts before their revenue is counted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from operator import itemgetter

from revops_core.entities.line_item import LineItem
from revops_core.entities.subscription import Subscription
from revops_core.kpis.recurring_amounts import PER_YEAR
from revops_core.kpis.revenue_policy import RevenuePolicy
from revops_core.values.checks import require
from revops_core.values.problem import Problem
from revops_core.values.zone import zone

__all__ = ["check_contracts", "item_key", "problems_of"]


def item_key(line: LineItem) -> str | None:
    """Which item of its contract a line belongs to: the one with its id; without one, that of its product or name."""
    return line.id or line.product_id or line.name


def check_contracts(
    subscriptions: Iterable[Subscription], *, as_of: datetime | None = None, policy: RevenuePolicy | None = None
) -> tuple[Problem, ...]:
    """Everything that keeps contracts from being counted, all at once; nothing is repaired.

    A `RevenueLedger` raises where there is a problem whose code its policy does not accept; `CONTRACT_PROBLEMS` tells
    what it does with the others.

    Args:
        subscriptions: contract periods, in any order.
        as_of: the moment we look from; contracts that were agreed, or without that day began, after it are reported.
        policy: its zone decides which day `as_of` is; nothing else of it is read.

    >>> from revops_core.values.money import Money
    >>> seats = LineItem(unit_price=Money(10, "EUR"), billing_interval="fortnight")
    >>> for problem in check_contracts([Subscription(id="s1", account_id="a1", items=[seats])]): print(problem)
    Subscription s1: has no first day
    Subscription s1: items[0]: 'fortnight' is no known interval; use one of day, week, month, quarter, half_year, year
    """
    held = list(subscriptions)
    require("check_contracts", as_of=(as_of, datetime | None))
    horizon = date.max
    if as_of is not None:
        horizon = (as_of - timedelta(microseconds=1)).astimezone(zone("UTC" if policy is None else policy.tz)).date()
    return problems_of(held, held, horizon)


def problems_of(held: Sequence[Subscription], suspects: Iterable[Subscription], horizon: date) -> tuple[Problem, ...]:
    """What is wrong with all contracts together, and with each that is suspected."""
    found: list[Problem] = []
    if len({each.id for each in held}) < len(held):
        found.extend(_of_ids(held))
    for each in suspects:
        found.extend(_of_dates(each, horizon))
        found.extend(_of_items(each))
    renewed = {each.renews_id: each for each in held if each.renews_id is not None}
    if renewed:
        found.extend(_of_renewals(held, renewed))
    return tuple(found)


def _of_ids(held: Sequence[Subscription]) -> Iterator[Problem]:
    """Contracts that have the id of one before."""
    seen: set[str] = set()
    for each in held:
        if each.id in seen:
            yield _problem("duplicate_id", each, "id", "stands here more than once")
        seen.add(each.id)


def _problem(code: str, subscription: Subscription, field: str, says: str) -> Problem:
    return Problem(code=code, says=says, subject="Subscription", subject_id=subscription.id, field=field)


def _of_dates(subscription: Subscription, horizon: date) -> Iterator[Problem]:
    """What is wrong with the account and the days of a contract."""
    starts_on, ends_on = subscription.starts_on, subscription.ends_on
    known_on = subscription.signed_on or starts_on
    if subscription.account_id is None:
        yield _problem("no_account", subscription, "account_id", "names no account")
    if starts_on is None:
        yield _problem("missing_start", subscription, "starts_on", "has no first day")
    elif ends_on is not None and ends_on < starts_on:
        says = f"ends on {ends_on}, before it starts on {starts_on}"
        yield _problem("end_before_start", subscription, "ends_on", says)
    if ends_on is None and subscription.auto_renews is False and subscription.cancelled is None:
        says = "does not renew by itself, but has no end"
        yield _problem("missing_end", subscription, "ends_on", says)
    if known_on is not None and known_on > horizon:
        says = f"is of {known_on}, after {horizon}, the day we look from"
        yield _problem("after_as_of", subscription, "signed_on" if subscription.signed_on else "starts_on", says)


def _of_items(subscription: Subscription) -> Iterator[Problem]:
    """What is wrong with the lines of a contract."""
    if not subscription.items:
        yield _problem("no_items", subscription, "items", "has no lines, so nobody can tell what it is worth")
    currencies: dict[str, int] = {}
    spans: dict[str, list[tuple[date, date, int]]] = {}
    first, last = subscription.starts_on or date.min, subscription.ends_on or date.max
    for number, line in enumerate(subscription.items):
        where = f"items[{number}]"
        if line.billing_interval is None:
            continue
        if line.billing_interval not in PER_YEAR:
            says = f"{where}: {line.billing_interval!r} is no known interval; use one of {', '.join(PER_YEAR)}"
            yield _problem("unknown_interval", subscription, f"{where}.billing_interval", says)
        if line.unit_price is None:
            yield _problem("no_price", subscription, f"{where}.unit_price", f"{where} has no price")
        else:
            currency = line.unit_price.currency
            if currencies.setdefault(currency, number) == number and len(currencies) > 1:
                says = f"{where} is in {currency}, another line in {next(iter(currencies))}"
                yield _problem("currency_change", subscription, f"{where}.unit_price", says)
            if line.unit_price.amount < 0:
                says = f"{where} has the negative price {line.unit_price}"
                yield _problem("negative_amount", subscription, f"{where}.unit_price", says)
        since, until = line.starts_on or first, line.ends_on or last
        if since < first or until > last:
            says = f"{where} has days outside the contract"
            yield _problem("outside_contract", subscription, where, says)
        key = item_key(line)
        if key is not None:
            spans.setdefault(key, []).append((since, until, number))
    for key, held in spans.items():
        held.sort(key=itemgetter(0))
        for before, after in pairwise(held):
            if after[0] < before[1]:
                says = f"items[{before[2]}] and items[{after[2]}] of item {key!r} overlap from {after[0]} on"
                yield _problem("overlapping_lines", subscription, f"items[{after[2]}]", says)


def _of_renewals(held: Sequence[Subscription], renewed: dict[str, Subscription]) -> Iterator[Problem]:
    """Renewals that start before the contract they renew ends."""
    for subscription in held:
        by = renewed.get(subscription.id)
        if by is None or by.starts_on is None or subscription.starts_on is None:
            continue
        if by.starts_on < (subscription.ends_on or date.max) and subscription.cancelled is None:
            until = f"on {subscription.ends_on}" if subscription.ends_on else "without an end"
            says = f"starts on {by.starts_on}, but {subscription.id!r}, which it renews, runs {until}"
            yield _problem("overlapping_renewal", by, "starts_on", says)
