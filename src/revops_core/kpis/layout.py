"""Layout: which tallies the aggregates of some KPIs need, over some periods.

Aggregates that read one population by one date share a lane: the date of a row is read once, and each condition is
asked once. A lane has one tally for each period, and one behind them for the rows without a date, which fall in none.
A KPI without a date is a stock: it has a lane for each period, whose conditions look from the last moment of that
period, or from `as_of` where that is earlier.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any

from attrs import frozen

from revops_core.kpis.formula import Aggregate
from revops_core.kpis.tally import Settled, Tally, merged, started
from revops_core.values.expression import Expression
from revops_core.values.instants import to_microseconds
from revops_core.values.period import Period
from revops_core.values.period_index import periods_index
from revops_core.values.zone import zone

__all__ = ["Bound", "By", "Lane", "Layout", "Read", "Slot", "edges_of", "joined", "laid_out", "merged_tallies"]

By = str | Callable[[Any], Hashable]
Wanted = Iterable[tuple[Aggregate, Expression | None]]
Slot = tuple[str, Expression, Expression | None]
Read = set[tuple[Expression, Expression | None]]
_MICROSECOND = timedelta(microseconds=1)


@frozen
class Bound:
    """The last moment that a reading may look at: as an instant, in microseconds, and as a civil day.

    The day is the last that had begun before the instant, so that a reading at midnight does not see the day ahead.
    """

    instant: datetime
    microseconds: int
    day: date

    @classmethod
    def at(cls, as_of: datetime, tz: str) -> Bound:
        """The bound of a reading as of an instant, with its civil day in a zone."""
        instant = as_of.astimezone(UTC)
        return cls(instant, to_microseconds(as_of), (instant - _MICROSECOND).astimezone(zone(tz)).date())


@frozen
class Lane:
    """The aggregates that read one population by one date, and the tallies they fill.

    Args:
        population: the name of the class of its rows; empty for any.
        dated: the date of a row; None for a stock.
        bound: how far its conditions look; None: as far as there are rows.
        first: the position of its first tally; the others follow, one for each period.
        periods: the periods it counts by; empty where all rows count.
        slots: what each place in its tallies keeps: an operation, a condition and a value.
    """

    population: str
    dated: Expression | None
    bound: Bound | None
    first: int
    periods: tuple[Period, ...]
    slots: tuple[Slot, ...]

    @property
    def places(self) -> range:
        """The positions of its tallies, one for each period."""
        return range(self.first, self.first + (len(self.periods) or 1))

    @property
    def undated(self) -> int | None:
        """The position of the tally that counts the rows without a date; None where no row needs a date."""
        return None if self.dated is None or not (self.periods or self.bound) else self.places.stop

    @property
    def all_places(self) -> range:
        """The positions of its tallies, that of the rows without a date last."""
        return self.places if self.undated is None else range(self.first, self.undated + 1)

    def tally(self) -> Tally:
        """An empty tally."""
        return [started(operation) for operation, _, _ in self.slots]


@frozen
class Layout:
    """Every lane of a measurement, and how many tallies a group of rows has."""

    lanes: tuple[Lane, ...]
    tally_count: int
    tz: str
    places: Mapping[tuple[Aggregate, Expression | None, int], tuple[int, Lane]]


def _slots_of(aggregate: Aggregate, *, trace: bool) -> tuple[Slot, ...]:
    """What has to be kept for an aggregate: how many rows, what of them, and the rows themselves to trace them."""
    slots: list[Slot] = [("count", aggregate.where, None)]
    if aggregate.value is not None:
        slots.append((aggregate.operation, aggregate.where, aggregate.value))
    return (*slots, ("rows", aggregate.where, aggregate.value)) if trace else tuple(slots)


def laid_out(wanted: Wanted, periods: Sequence[Period], as_of: datetime | None, tz: str, *, trace: bool) -> Layout:
    """The layout for aggregates, each with the date it is counted by, over periods; without any, over all rows."""
    edges_of(tuple(periods))  # refuses periods that overlap
    bound = None if as_of is None else Bound.at(as_of, tz)
    lane_slots: dict[tuple[str, Expression | None, int], dict[Slot, None]] = defaultdict(dict)
    wanted = list(wanted)
    for aggregate, dated in wanted:
        # A dated lane serves all periods; a stock needs one for each.
        for number in range(len(periods)) if dated is None and periods else (0,):
            lane_slots[aggregate.population, dated, number].update(dict.fromkeys(_slots_of(aggregate, trace=trace)))
    made: dict[tuple[str, Expression | None, int], Lane] = {}
    first = 0
    for (population, dated, number), slots in lane_slots.items():
        # A mean keeps the total too.
        kept = tuple(slot for slot in slots if slot[0] != "total" or ("mean", *slot[1:]) not in slots)
        over = tuple(periods) if dated is not None else ()
        own_bound = _end_of(periods[number], bound) if dated is None and periods else bound
        lane = made[population, dated, number] = Lane(population, dated, own_bound, first, over, kept)
        first = lane.all_places.stop
    places = {}
    for aggregate, dated in wanted:
        for number in range(len(periods) or 1):
            lane_number = number if dated is None else 0
            lane = made[aggregate.population, dated, lane_number]
            places[aggregate, dated, number] = (lane.first + number - lane_number, lane)
    return Layout(tuple(made.values()), first, tz, places)


def _end_of(period: Period, bound: Bound | None) -> Bound:
    """The last moment of a period, or `bound` where that is earlier."""
    end = Bound.at(period.end.astimezone(UTC) - _MICROSECOND, period.tz)
    return end if bound is None or end.microseconds <= bound.microseconds else bound


@lru_cache(maxsize=256)
def edges_of(periods: tuple[Period, ...]) -> tuple[list[datetime], list[datetime], Callable[[date], int | None]]:
    """Where periods begin and end, and which of them a day falls in.

    The edges are in UTC: aware datetimes of any zone compare with them as instants, faster than they become integers.
    """
    begins = [period.start.astimezone(UTC) for period in periods]
    return begins, [period.end.astimezone(UTC) for period in periods], periods_index(periods)


def joined(
    groups: Sequence[Sequence[Settled | None]], layout: Layout, read: Read | None = None
) -> tuple[Settled | None, ...]:
    """The tallies of several groups of rows as those of all of them."""
    return tuple(
        merged_tallies([tallies[place] for tallies in groups], lane.slots, read)
        for lane in layout.lanes
        for place in lane.all_places
    )


def merged_tallies(tallies: Iterable[Settled | None], slots: tuple[Slot, ...], read: Read | None) -> Settled | None:
    """Several tallies as one; what is not to be `read` stays empty, so that a count stands where amounts do not add."""
    held = [tally for tally in tallies if tally is not None]
    if len(held) < 2:
        return held[0] if held else None
    return tuple(
        merged(operation, [tally[number] for tally in held], str(value))
        if read is None or (where, value) in read
        else started(operation)
        for number, (operation, where, value) in enumerate(slots)
    )
