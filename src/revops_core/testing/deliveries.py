"""Deliveries: facts as a careless source hands them over, for tests of whatever stores and reads them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from typing import Any, TypeVar, cast

from attrs import evolve

from revops_core.testing.sample_story import Story
from revops_core.values.checks import Count, require
from revops_core.values.instants import to_microseconds

__all__ = ["delivered"]

T = TypeVar("T")

_HAPPENED = ("recorded_at", "at", "on", "signed_on", "starts_on")


def delivered(facts: Iterable[T], *, seed: int = 7, days_late: int = 60) -> tuple[T, ...]:
    """`facts` in the order in which a careless source delivers them: a third of them late, a fifth twice.

    One that is late has its `recorded_at`, so that `known_by` tells what was known when. No answer may depend on any
    of this: whatever holds for `facts` must hold for what is returned, for the same seed the same on every machine.

    Args:
        facts: moves, changes, clock events, contracts, answers: anything of this library that has a `recorded_at`.
        seed: another number is another delivery.
        days_late: how many days late a fact is at most.

    >>> from revops_core.testing import sample_company
    >>> moves = sample_company(50).moves
    >>> late = delivered(moves)
    >>> len(moves), len(late), len({move.id for move in late})
    (182, 214, 182)
    """
    require("delivered", seed=(seed, int), days_late=(days_late, Count))
    story = Story(0, seed)
    arrivals: list[tuple[int, float, T]] = []
    for fact in facts:
        arrived_at, told = _happened_at(fact), fact
        if story.chance(0.33):
            arrived_at += timedelta(days=story.between(0, days_late))
            told = cast("T", evolve(cast("Any", fact), recorded_at=arrived_at))
        for _ in range(2 if story.chance(0.2) else 1):
            arrivals.append((to_microseconds(arrived_at), story.between(0, 1), told))
            arrived_at += timedelta(days=story.between(0, days_late))
    arrivals.sort(key=lambda arrival: arrival[:2])
    return tuple(fact for _, _, fact in arrivals)


def _happened_at(fact: object) -> datetime:
    """When a fact became known, as far as it tells: the start of its day in UTC where it tells a day alone."""
    moment = next(held for name in _HAPPENED if (held := getattr(fact, name, None)) is not None)
    return moment if isinstance(moment, datetime) else datetime.combine(moment, time(), UTC)
