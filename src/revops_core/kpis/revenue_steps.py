"""How the events of one customer become movements: the one place where movements get their kind.

An event is a change of revenue on a day, from one segment that starts or ends; a step is what the events of one day
come to. Both are plain tuples, as there are hundreds of thousands.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from operator import itemgetter
from typing import Any

from revops_core.kpis.contract_check import item_key
from revops_core.kpis.revenue_policy import RevenuePolicy
from revops_core.kpis.revenue_segments import FOREVER, Segment, currency_of

__all__ = ["Event", "Step", "again", "parts", "steps"]

NEW, EXPANSION, CONTRACTION, CHURN, REACTIVATION = range(5)

Event = tuple[int, int, int, int]
"""Day, change of atoms, change of the number of held segments, place of the segment."""

_END: Event = (FOREVER + 1, 0, 0, 0)

Step = tuple[int, int, Any, int, int, int]
"""Day, kind, value, atoms before and after, change of customers."""


def again(policy: RevenuePolicy) -> int:
    """The kind of a return."""
    return {"as_new": NEW, "as_expansion": EXPANSION}.get(policy.reactivation, REACTIVATION)


def steps(
    events: Sequence[Event],
    horizon: int,
    returning: int = REACTIVATION,
    tolerance: int = 0,
    value_of: Callable[[Event], int | Fraction] | None = None,
) -> list[Step]:
    """The steps of one customer up to a day, in order; days on which nothing changes in sum have none.

    Args:
        events: of one customer, sorted; at least one.
        horizon: the last day to look at.
        returning: the kind of a return.
        tolerance: how many days without revenue are no churn, where the return is known.
        value_of: what an event is worth in the ledger's currency; its atoms where not given.
    """
    found: list[Step] = []
    balance = held = gap = delta = current = 0
    was = ever = False
    if events[-1][0] > horizon:
        events = events[: bisect_right(events, horizon, key=itemgetter(0))]
    for day, change, stays, _ in (*events, _END):
        if day == current:
            delta += change
            held += stays
            continue
        if current:
            after = balance + delta
            stays_on = after != 0 or (was and held > 0)
            if stays_on:
                gap = 0
            elif tolerance and was:
                gap = gap or current
                stays_on = _returns(events, current, after, gap + tolerance)
            value = delta if value_of is None else sum(value_of(event) for event in events if event[0] == current)
            if stays_on is not was:
                kind, logos = (returning if ever else NEW, 1) if stays_on else (CHURN, -1)
                was = stays_on
                ever = True
                found.append((current, kind, value, balance, after, logos))
            elif value:
                found.append((current, EXPANSION if value > 0 else CONTRACTION, value, balance, after, 0))
            balance = after
        current, delta = day, change
        held += stays
    return found


def _returns(events: Sequence[Event], since: int, balance: int, until: int) -> bool:
    """Whether there is revenue again after the day `since`, by the day `until`."""
    ahead = [event for event in events if since < event[0] <= until]
    for place, (day, change, _, _) in enumerate(ahead, 1):
        balance += change
        if balance and (place == len(ahead) or ahead[place][0] > day):
            return True
    return False


def parts(before: Sequence[Segment], after: Sequence[Segment]) -> Iterator[tuple[str, int, str]]:
    """What lies between two states of one customer: (tag, atoms, currency) that sum to the difference.

    Items are matched by their key, the rest by product. The same product: more seats at the old price, then the price
    at the new quantity. Another product: an upsell. No counterpart: a cross-sell, or its end. Held days: a pause.
    """
    old, new = _by(before, item_key), _by(after, item_key)
    pairs = [(old.pop(key), new.pop(key)) for key in list(old) if key in new]
    products_old, products_new = _by_product(old), _by_product(new)
    for product in list(products_old):
        if product in products_new:
            key_old, key_new = products_old[product], products_new[product]
            pairs.append((old.pop(key_old), new.pop(key_new)))
    for pair in pairs:
        yield from _changed(*pair)
    for sign, left in ((-1, old), (1, new)):
        for held in left.values():
            for segment in held:
                yield "cross_sell", sign * segment[2], currency_of(segment)


def _by(held: Sequence[Segment], key: Callable[[Any], str | None]) -> dict[str | None, list[Segment]]:
    found: dict[str | None, list[Segment]] = {}
    for segment in held:
        found.setdefault(key(segment[5]), []).append(segment)
    return found


def _by_product(held: dict[str | None, list[Segment]]) -> dict[str, str | None]:
    return {each[0][5].product_id: key for key, each in held.items() if each[0][5].product_id is not None}


def _changed(earlier: Sequence[Segment], later: Sequence[Segment]) -> Iterator[tuple[str, int, str]]:
    """The parts of the change of one item."""
    one, other = earlier[0], later[0]
    paused = any(segment[3] for segment in (*earlier, *later))
    same = currency_of(one) == currency_of(other) and one[5].product_id == other[5].product_id
    if paused or not same or len(earlier) > 1 or len(later) > 1:
        for sign, held in ((-1, earlier), (1, later)):
            for segment in held:
                yield "pause" if paused else "upsell", sign * segment[2], currency_of(segment)
        return
    seats = round(one[2] * Fraction(other[5].quantity) / Fraction(one[5].quantity)) - one[2]
    yield "seats", seats, currency_of(one)
    yield "price", other[2] - one[2] - seats, currency_of(one)
