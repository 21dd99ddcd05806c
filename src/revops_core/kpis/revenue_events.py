"""How contracts are read: which of them count, whose they are, and on which days their revenue changes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import accumulate
from typing import Any, cast

from attrs import fields, frozen

from revops_core.entities.facts import Merged
from revops_core.entities.line_item import LineItem
from revops_core.entities.subscription import Subscription
from revops_core.errors import Fault, InvalidValueError
from revops_core.kpis.contract_check import item_key
from revops_core.kpis.recurring_amounts import ATOMS, PER_YEAR, annual_atoms
from revops_core.kpis.revenue_policy import RevenuePolicy
from revops_core.kpis.revenue_segments import FOREVER, Segment, currency_of, last_day, segments, successors
from revops_core.kpis.revenue_steps import Event
from revops_core.values.frozen_map import FrozenMap
from revops_core.values.instants import to_microseconds

_ONE: Any = fields(LineItem).quantity.default  # the very object that a line without a quantity holds
_ATOMS_PER_YEAR = {interval: ATOMS * count for interval, count in PER_YEAR.items()}

__all__ = ["RevenueEvents", "customer_of", "known", "merged_into", "plain_segments", "tolerated"]


def known(subscriptions: Iterable[Subscription], known_by: datetime | None) -> list[Subscription]:
    """The contracts that were known by a moment; of several recorded versions of one, the last."""
    held = list(subscriptions)
    if all(each.recorded_at is None for each in held):
        return held
    limit = None if known_by is None else to_microseconds(known_by)
    kept: list[Subscription] = []
    latest: dict[str, tuple[int, int]] = {}  # by id: when the kept version was recorded, and its place
    for each in held:
        if each.recorded_at is None:
            kept.append(each)
            continue
        recorded = to_microseconds(each.recorded_at)
        if limit is not None and recorded > limit:
            continue
        before, place = latest.get(each.id, (recorded, -1))
        if place < 0 or before == recorded:
            latest[each.id] = (recorded, len(kept))
            kept.append(each)
        elif before < recorded:
            latest[each.id] = (recorded, place)
            kept[place] = each
    return kept


def tolerated(held: Sequence[Subscription], horizon: int) -> list[Subscription]:
    """The contracts that count where the policy accepts what is wrong with them; see `CONTRACT_PROBLEMS`."""
    last = {each.id: each for each in held}
    return [each for each in last.values() if _counts(each, horizon)]


def _counts(each: Subscription, horizon: int) -> bool:
    starts_on, ends_on, signed_on = each.starts_on, each.ends_on, each.signed_on
    if starts_on is None or (ends_on is not None and ends_on < starts_on):
        return False
    return (signed_on or starts_on).toordinal() <= horizon


def merged_into(merges: Iterable[Merged], known_by: datetime | None) -> Mapping[str, str]:
    """By account that went into another, the one it lives on in at the end of a chain."""
    limit = None if known_by is None else to_microseconds(known_by)
    into: dict[str, str] = {}
    for fact in merges:
        recorded = to_microseconds(fact.recorded_at or fact.at)
        if fact.subject == "Account" and (limit is None or recorded <= limit):
            into[fact.duplicate_id] = fact.subject_id
    found = {}
    for account, first in into.items():
        seen, last = {account}, first
        while last in into:
            if last in seen:
                rule = f"must not go round in a circle, as {', '.join(sorted(seen))} do"
                raise InvalidValueError("RevenueLedger.of", [Fault("merges", rule, last)])
            seen.add(last)
            last = into[last]
        found[account] = last
    return FrozenMap(found)


def customer_of(subscription: Subscription, merged: Mapping[str, str]) -> str:
    """Whose a contract is: its account, or the one that account went into; without one, a customer of its own."""
    account = subscription.account_id or subscription.id
    return merged.get(account, account)


@frozen
class RevenueEvents:
    """What a ledger is read from: the events of each customer, and the revenue from each day on by currency.

    An event names its segment by a number: that of a contract of one plain line, which is its own segment, or of
    `pieces`, counted down from -1.
    """

    contracts: Sequence[Subscription]
    pieces: Sequence[Segment]
    by_key: Mapping[str, Sequence[Event]]
    by_day: Mapping[str, tuple[Sequence[int], Sequence[int]]]

    @classmethod
    def of(
        cls,
        held: Sequence[Subscription],
        plain: Sequence[Segment | None],
        policy: RevenuePolicy,
        horizon: int,
        merged: Mapping[str, str],
        *,
        only: str = "",
    ) -> RevenueEvents:
        """Read contracts and their `plain_segments`; `only` lines in one currency, where it is named."""
        follows, roots = successors(held, policy), _roots(held) if policy.grain != "customer" else {}
        plain_policy = policy.churn_day == "term_end" and not (policy.grace_days or roots or merged or only)
        pieces: list[Segment] = []
        by_key: dict[str, list[Event]] = defaultdict(list)
        changes: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
        number: int
        each: Any  # was checked: what counts has its days and prices
        for number, (each, segment) in enumerate(zip(held, plain, strict=True)):
            follower = follows.get(each.id) if follows else None
            if segment is not None and plain_policy and (follower is None or follower.starts_on >= each.ends_on):
                since, until, atoms, _, _, line = segment
                mine, days = by_key[each.account_id], changes[line.unit_price.currency]  # type: ignore[union-attr]
                mine.append((since, atoms, 0, number))
                mine.append((until, -atoms, 0, number))
                days[since] += atoms
                days[until] -= atoms
                continue
            for piece in segments(each, number, last_day(each, policy, horizon, follower), policy):
                since, until, atoms, stays, _, line = piece
                code = currency_of(piece)
                if since >= until or not (atoms or stays) or only not in ("", code):
                    continue
                pieces.append(piece)
                place = -len(pieces)
                key = customer_of(each, merged)
                mine, days = by_key[_key(key, roots[each.id], line, policy.grain) if roots else key], changes[code]
                mine.append((since, atoms, stays, place))
                days[since] += atoms
                if until < FOREVER:
                    mine.append((until, -atoms, -stays, place))
                    days[until] -= atoms
        for mine in by_key.values():
            mine.sort()
        by_day = {code: _running(days, horizon) for code, days in changes.items()}
        return cls(held, pieces, dict(by_key), by_day)

    def segment(self, place: int) -> Segment:
        """The segment that an event names."""
        if place < 0:
            return self.pieces[-1 - place]
        return cast("Segment", _plain(self.contracts[place], place))


def plain_segments(held: Sequence[Subscription]) -> list[Segment | None]:
    """For each contract of one line that nothing interrupts and nothing is wrong with, its one segment; else None."""
    return [_plain(each, number) for number, each in enumerate(held)]


def _plain(each: Any, number: int) -> Segment | None:
    items = each.items
    if len(items) != 1 or each.starts_on is None or each.ends_on is None or each.account_id is None:
        return None
    if each.trial_ends_on is not None or each.pauses:
        return None
    line = items[0]
    factor = _ATOMS_PER_YEAR.get(line.billing_interval)
    if factor is None or line.is_metered or line.starts_on is not None or line.ends_on is not None:
        return None
    if line.discount or line.unit_price is None:
        return None
    if line.quantity is not _ONE and line.quantity != _ONE:
        atoms = annual_atoms(line)
    else:
        numerator, denominator = line.unit_price.amount.as_integer_ratio()
        atoms, rest = divmod(numerator * factor, denominator * line.interval_count)
        if rest:
            atoms = annual_atoms(line)
    since, until = each.starts_on.toordinal(), each.ends_on.toordinal()
    return (since, until, atoms, 0, number, line) if atoms > 0 and since < until else None


def _roots(held: Sequence[Subscription]) -> dict[str, str]:
    """By contract, the first of the chain of renewals it stands in."""
    renews = {each.id: each.renews_id for each in held}
    found: dict[str, str] = {}
    for each in held:
        root, seen = each.id, {each.id}
        while (before := renews.get(root)) in renews and before not in seen:
            root = before
            seen.add(root)
        found[each.id] = root
    return found


def _key(account: str, root: str, line: LineItem, grain: str) -> str:
    return f"{account} / {root}" if grain == "subscription" else f"{account} / {root} / {item_key(line) or '-'}"


def _running(changes: Mapping[int, int], horizon: int) -> tuple[list[int], list[int]]:
    """The days on which something changes, and the revenue from each on."""
    days = sorted(day for day in changes if day <= horizon)
    return days, list(accumulate(changes[day] for day in days))
