"""How movements become the sums of a bridge: one pass over all customers for any number of periods."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from revops_core.kpis.revenue_policy import RevenuePolicy
from revops_core.kpis.revenue_segments import FOREVER
from revops_core.kpis.revenue_steps import CHURN, CONTRACTION, EXPANSION, NEW, Event, Step, again, steps

__all__ = ["CELL", "netted", "summed", "swept"]

CELL = ("new", "expansion", "contraction", "churn", "reactivation", "fx", "retained", "capped", "start_count",
        "new_count", "reactivated_count", "churned_count", "expanded_count", "lost_count")  # fmt: skip
"""What a cell holds, by place: signed atoms, then customers. `retained` and `capped` are less the opening revenue."""

_NET, _LOST, _START, _CAME, _BACK, _LEFT, _GREW, _GONE = range(6, 14)
_LAST_STEP: Step = (FOREVER + 1, EXPANSION, 0, 0, 0, 0)


def swept(
    everybody: Iterable[Sequence[Event]], edges: Sequence[int], policy: RevenuePolicy, horizon: int
) -> list[list[Any]]:
    """The cells of the periods between pairs of `edges`, for a ledger in one currency.

    A customer who does not move in a period adds nothing to its cell, so that each costs what its movements cost.
    """
    cells: list[list[Any]] = [[0] * len(CELL) for _ in range(len(edges) + 1)]  # even places: the days between periods
    returning, tolerance, net = again(policy), policy.gap_tolerance_days, policy.intra_period == "net"
    for events in everybody:
        held = steps(events, horizon, returning, tolerance)
        if net:
            held = list(_netted_by_period(held, edges, returning))
        held.append(_LAST_STEP)
        slot = -1
        cell = cells[0]
        then = now = grew = 0
        was = alive = False
        for day, kind, value, before, after, logos in held:
            place = bisect_right(edges, day)
            if place != slot:
                if was:
                    cell[_NET] += now - then
                    if now < then:
                        cell[_LOST] += now - then
                    cell[_GREW] += grew
                    if not alive:
                        cell[_GONE] += 1
                slot, cell, then, was, grew = place, cells[place], before, alive, 0
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
    stays = was if not any(step[5] for step in inside) else [step[5] for step in inside if step[5]][-1] > 0
    value = sum(step[2] for step in inside)
    first, last = inside[0], inside[-1]
    if stays is not was:
        kind, logos = (kind_of_arrival, 1) if stays else (CHURN, -1)
    elif value:
        kind, logos = EXPANSION if value > 0 else CONTRACTION, 0
    else:
        return
    yield last[0], kind, value, first[3], last[4], logos


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
            if step[5]:
                was, ever = step[5] > 0, True
        start = stop
