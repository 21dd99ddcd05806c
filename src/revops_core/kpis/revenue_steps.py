"""How the pieces of one customer become movements, the one place where they get their kind; and their sums by period.

A step is what the pieces of a customer that start or end on one day come to. Steps and pieces are plain tuples, as
there are hundreds of thousands.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from revops_core.kpis.charges import REFUND
from revops_core.kpis.contract_check import item_key
from revops_core.kpis.revenue_policy import RevenuePolicy
from revops_core.kpis.revenue_segments import FOREVER, Segment, currency_of

__all__ = ["CELL", "Piece", "Step", "again", "netted", "parts", "steps", "summed", "swept"]

NEW, EXPANSION, CONTRACTION, CHURN, REACTIVATION = range(5)

Piece = tuple[int, int, int, str, int]
"""First day, day after the last, atoms a year (none on held days), currency, place of its contract and line."""

Step = tuple[int, int, Any, int, int]
"""Day, kind, value, atoms after it, change of customers."""

CELL = ("new", "expansion", "contraction", "churn", "reactivation", "fx", "retained", "capped", "start_count",
        "new_count", "reactivated_count", "churned_count", "expanded_count", "lost_count")  # fmt: skip
"""What a cell holds, by place: signed atoms, then customers. `retained` and `capped` are less the opening revenue."""

_NET, _LOST, _START, _CAME, _BACK, _LEFT, _GREW, _GONE = range(6, 14)
_LAST_STEP: Step = (FOREVER + 1, EXPANSION, 0, 0, 0)


def again(policy: RevenuePolicy) -> int:
    """The kind of a return."""
    return {"as_new": NEW, "as_expansion": EXPANSION}.get(policy.reactivation, REACTIVATION)


def steps(
    pieces: Sequence[Piece],
    horizon: int,
    returning: int = REACTIVATION,
    tolerance: int = 0,
    value_of: Callable[[int, str, int], int | Fraction] | None = None,
) -> list[Step]:
    """The steps of one customer up to a day, in order; days on which nothing changes in sum have none.

    Args:
        pieces: of one customer, in any order.
        horizon: the last day to look at.
        returning: the kind of a return.
        tolerance: how many days without revenue are no churn, where the return is known.
        value_of: what atoms of a currency are worth on a day in the ledger's currency; themselves where not given.
    """
    changes, holds = _changes(pieces)
    found: list[Step] = []
    balance = 0
    was = ever = False
    value: Any
    for day, value in changes.items():
        if day > horizon:
            break
        after = balance + value
        stays = after != 0
        if was and not stays and (holds or tolerance):
            stays = any(since <= day < until for since, until in holds)
            stays = stays or _returns(changes, day, min(day + tolerance, horizon))
        if value_of is not None:
            value = _valued(pieces, day, value_of)  # noqa: PLW2901
        if stays is was:
            if value:
                found.append((day, EXPANSION if value > 0 else CONTRACTION, value, after, 0))
        elif stays:
            found.append((day, returning if ever else NEW, value, after, 1))
            was = ever = True
        else:
            found.append((day, CHURN, value, after, -1))
            was = False
        balance = after
    return found


def _changes(pieces: Sequence[Piece]) -> tuple[dict[int, int], Sequence[tuple[int, int]]]:
    """What changes on each day on which pieces start or end, in order; the first and last days of those held."""
    changes: dict[int, int] = {}
    end = 0
    for since, until, atoms, _, _ in pieces:
        if since < end or not atoms:
            break
        if since == end:  # it goes on from the one before
            changes[since] += atoms
        else:
            changes[since] = atoms
        changes[until] = -atoms
        end = until
    else:
        return changes, ()
    changes = {}
    for since, until, atoms, _, _ in pieces:
        changes[since] = changes.get(since, 0) + atoms
        changes[until] = changes.get(until, 0) - atoms
    return dict(sorted(changes.items())), [piece[:2] for piece in pieces if not piece[2]]


def _valued(pieces: Iterable[Piece], day: int, value_of: Callable[[int, str, int], int | Fraction]) -> int | Fraction:
    """What the pieces of a customer that start or end on a day change, in the ledger's currency."""
    return sum(
        value_of(atoms if since == day else -atoms, code, day)
        for since, until, atoms, code, _ in pieces
        if day in (since, until)
    )


def _returns(changes: Mapping[int, int], since: int, until: int) -> bool:
    """Whether a customer without revenue on the day `since` has some again by the day `until`."""
    return any(change and since < day <= until for day, change in changes.items())


def parts(before: Sequence[Segment], after: Sequence[Segment]) -> Iterator[tuple[str, int, str]]:
    """What lies between two states of one customer: (tag, atoms, currency) that sum to the difference.

    Items are matched by their key, the rest by product. The same product: more seats at the old price, then the price
    at the new quantity. Another product: an upsell. No counterpart: a cross-sell, or its end. Held days: a pause.
    Credits stand apart.
    """
    for sign, held in ((-1, before), (1, after)):
        for segment in held:
            if segment[5].id == REFUND and segment[2]:
                yield "refund", sign * segment[2], currency_of(segment)
    old, new = (_by([each for each in held if each[5].id != REFUND], item_key) for held in (before, after))
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


def swept(
    everybody: Iterable[Sequence[Piece]], days: Iterable[int], edges: Sequence[int], policy: RevenuePolicy, horizon: int
) -> list[list[Any]]:
    """The cells of the periods between pairs of `edges`, for a ledger in one currency.

    A customer who does not move in a period adds nothing to its cell, so that each costs what its movements cost.
    `everybody` are the pieces of each customer, `days` all on which anything changes up to the `horizon`.
    """
    cells: list[list[Any]] = [[0] * len(CELL) for _ in range(len(edges) + 1)]  # even places: the days between periods
    returning, tolerance, net = again(policy), policy.gap_tolerance_days, policy.intra_period == "net"
    cell_of = {day: cells[bisect_right(edges, day)] for day in (*days, _LAST_STEP[0])}
    for pieces in everybody:
        held = steps(pieces, horizon, returning, tolerance)
        if net:
            held = list(_netted_by_period(held, edges, returning))
        held.append(_LAST_STEP)
        cell: Any = None
        then = now = grew = 0
        was = alive = False
        for day, kind, value, after, logos in held:
            here = cell_of[day]
            if here is not cell:
                if was:
                    kept = now - then
                    cell[_NET] += kept
                    if kept < 0:
                        cell[_LOST] += kept
                    cell[_GREW] += grew
                    if not alive:
                        cell[_GONE] += 1
                cell = here
                then, was, grew = now, alive, 0
            cell[kind] += value
            if logos:
                alive = logos > 0
                cell[_LEFT if logos < 0 else _CAME if kind == NEW else _BACK] += 1
            elif kind == EXPANSION:
                grew = 1
            now = after
    count = 0
    for cell in cells:
        cell[_START] = count
        count += cell[_CAME] + cell[_BACK] - cell[_LEFT]
    return cells[1::2]


def summed(rows: Iterable[Mapping[str, Any]]) -> list[Any]:
    """The cell of one period from the rows of its customers, in any currencies."""
    cell: list[Any] = [0] * len(CELL)
    for row in rows:
        for place, name in enumerate(CELL[:6]):
            cell[place] += -row[name] if name in ("contraction", "churn") else row[name]
        was = row["was_customer"]
        cell[_NET] += row["retained"] - row["start"]
        cell[_LOST] += row["capped"] - row["start"]
        cell[_START] += was
        cell[_CAME] += row["came"]
        cell[_BACK] += row["returned"]
        cell[_LEFT] += row["left"]
        cell[_GREW] += was and row["has_expanded"]
        cell[_GONE] += was and not row["is_customer"]
    return cell


def netted(inside: Sequence[Step], was: bool, kind_of_arrival: int) -> Iterator[Step]:
    """What the steps of one customer in one period come to: one step, or none."""
    stays = was if not any(step[4] for step in inside) else [step[4] for step in inside if step[4]][-1] > 0
    value = sum(step[2] for step in inside)
    if stays is not was:
        kind, logos = (kind_of_arrival, 1) if stays else (CHURN, -1)
    elif value:
        kind, logos = EXPANSION if value > 0 else CONTRACTION, 0
    else:
        return
    yield inside[-1][0], kind, value, inside[-1][3], logos


def _netted_by_period(held: Sequence[Step], edges: Sequence[int], returning: int) -> Iterator[Step]:
    """The netted steps of one customer, period by period; between periods nothing is netted."""
    start, was, ever = 0, False, False
    while start < len(held):
        slot = bisect_right(edges, held[start][0])
        stop = start + 1
        while stop < len(held) and slot % 2 and bisect_right(edges, held[stop][0]) == slot:
            stop += 1
        inside = held[start:stop]
        yield from netted(inside, was, returning if ever else NEW)
        for step in inside:
            if step[4]:
                was, ever = step[4] > 0, True
        start = stop
