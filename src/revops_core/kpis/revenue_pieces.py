"""How contracts are read: which of them count, whose they are, and the stretches of days on which they earn revenue.

A piece is a segment that is kept: plain numbers only, as there are hundreds of thousands, and a place that finds its
contract and line again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import accumulate, chain
from typing import Any

from attrs import fields, frozen

from revops_core.entities.facts import Merged
from revops_core.entities.line_item import LineItem
from revops_core.entities.subscription import Subscription
from revops_core.errors import Fault, InvalidValueError
from revops_core.kpis.contract_check import item_key
from revops_core.kpis.recurring_amounts import PER_YEAR, annual_atoms
from revops_core.kpis.revenue_policy import RevenuePolicy
from revops_core.kpis.revenue_segments import Segment, currency_of, last_day, segments, successors
from revops_core.kpis.revenue_steps import Piece
from revops_core.values.frozen_map import FrozenMap
from revops_core.values.instants import to_microseconds
from revops_core.values.known_by import known_by as recorded_by

_ONE: Any = fields(LineItem).quantity.default  # the very object that a line without a quantity holds

__all__ = ["RevenuePieces", "customer_of", "known", "merged_into", "plain_pieces", "tolerated"]


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
    facts = merges if known_by is None else recorded_by(merges, known_by)
    into: dict[str, str] = {fact.duplicate_id: fact.subject_id for fact in facts if fact.subject == "Account"}
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
class RevenuePieces:
    """What a ledger is read from: the pieces of each customer, and the revenue from each day on by currency.

    The place of a piece is the number of its contract where that has one plain line, or counts `sources` (the number of
    a contract and its line) down from -1.
    """

    contracts: Sequence[Subscription]
    sources: Sequence[tuple[int, LineItem]]
    by_key: Mapping[str, Sequence[Piece]]
    by_day: Mapping[str, tuple[Sequence[int], Sequence[int]]]

    @classmethod
    def of(
        cls,
        held: Sequence[Subscription],
        plain: Sequence[Piece | None],
        policy: RevenuePolicy,
        horizon: int,
        merged: Mapping[str, str],
        *,
        only: str = "",
    ) -> RevenuePieces:
        """Read contracts and their `plain_pieces`; `only` lines in one currency, where it is named."""
        follows, roots = successors(held, policy, merged), _roots(held) if policy.grain != "customer" else {}
        by_term = policy.churn_day == "term_end" and not (policy.grace_days or roots)
        sources: list[tuple[int, LineItem]] = []
        by_key: dict[str, list[Piece]] = defaultdict(list)
        has_merges = bool(merged)
        each: Any  # was checked: what counts has its days and prices
        for number, each in enumerate(held):
            piece = plain[number]  # to zip inside enumerate makes each pair anew, which cost half of this loop
            follower = follows.get(each.id) if follows else None
            if piece is not None and by_term and (follower is None or follower.starts_on >= each.ends_on):
                if not only or only == piece[3]:
                    by_key[customer_of(each, merged) if has_merges else each.account_id].append(piece)
                continue
            key = customer_of(each, merged)
            for segment in segments(each, number, last_day(each, policy, horizon, follower), policy):
                since, until, atoms, stays, _, line = segment
                code = currency_of(segment)
                if since >= until or not (atoms or stays) or only not in ("", code):
                    continue
                sources.append((number, line))
                mine = _key(key, roots[each.id], line, policy.grain) if roots else key
                by_key[mine].append((since, until, atoms, code, -len(sources)))
        changes: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
        for since, until, atoms, code, _ in chain.from_iterable(by_key.values()):
            days = changes[code]
            days[since] += atoms
            days[until] -= atoms
        by_day = {code: _running(days, horizon) for code, days in changes.items()}
        return cls(held, sources, dict(by_key), by_day)

    def segment(self, piece: Piece) -> Segment:
        """A piece with the number of its contract, and its line."""
        since, until, atoms, _, place = piece
        number, line = self.sources[-1 - place] if place < 0 else (place, self.contracts[place].items[0])
        return since, until, atoms, int(not atoms), number, line

    def on_day(self, key: str, day: int) -> tuple[list[Segment], list[Segment]]:
        """The segments of a customer that are in force before a day, and those on it."""
        held = [self.segment(piece) for piece in self.by_key[key] if piece[0] <= day <= piece[1]]
        return [each for each in held if each[0] < day], [each for each in held if day < each[1]]

    def balances(self, key: str, before: int) -> Mapping[str, int]:
        """What a customer pays at the end of the day before the day `before`, by currency."""
        held: dict[str, int] = {}
        for since, until, atoms, code, _ in self.by_key[key]:
            if since < before <= until:
                held[code] = held.get(code, 0) + atoms
        return held


def plain_pieces(held: Sequence[Subscription], horizon: int) -> list[Piece | None]:
    """For each contract of one line that nothing interrupts and nothing is wrong with, its one piece; else None.

    This is the one loop over all records, and is written for speed; what it does not take is read with care elsewhere.
    """
    found: list[Piece | None] = [None] * len(held)
    seen: dict[str, dict[Decimal, int]] = {interval: {} for interval in PER_YEAR}  # by interval: atoms of a price
    ordinals: dict[date, int] = {}  # each day is one number, however many pieces hold it: a quarter of their memory
    each: Any
    for number, each in enumerate(held):
        starts_on, ends_on, signed_on, items = each.starts_on, each.ends_on, each.signed_on, each.items
        if len(items) != 1 or starts_on is None or ends_on is None or each.account_id is None:
            continue
        if each.trial_ends_on is not None or each.pauses:
            continue
        line = items[0]
        price, known_atoms = line.unit_price, seen.get(line.billing_interval)
        if price is None or known_atoms is None or line.starts_on is not None or line.ends_on is not None:
            continue
        if line.is_metered or line.discount:
            continue
        if (line.quantity is not _ONE and line.quantity != _ONE) or line.interval_count != 1:
            atoms = annual_atoms(line)
        else:
            atoms = known_atoms.get(price.amount, 0)
            if not atoms:
                atoms = known_atoms[price.amount] = annual_atoms(line)
        since = ordinals.get(starts_on) or ordinals.setdefault(starts_on, starts_on.toordinal())
        until = ordinals.get(ends_on) or ordinals.setdefault(ends_on, ends_on.toordinal())
        known_on = since if signed_on is None else signed_on.toordinal()
        if atoms > 0 and since < until and known_on <= horizon:
            found[number] = (since, until, atoms, price.currency, number)
    return found


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
