"""Flow: where the time goes in a log, which ways are taken, how often work is done again, and what breaks the rules.

Time is measured over completed stays. A stay that has not ended is censored: it is counted, and only the survival
function uses it.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import repeat
from typing import Any

from attrs import frozen

from revops_core.calendars import BusinessCalendar
from revops_core.stages.pipeline import Pipeline
from revops_core.stages.stage_columns import FOREVER, NOTHING, StageColumns, limit_of
from revops_core.values.distribution import KaplanMeier, whole_quantiles
from revops_core.values.measurement import Undefined
from revops_core.values.show import show

__all__ = [
    "Conformance", "Deviation", "Rework", "Waiting", "conformance_of", "flow_of", "survival_of", "waiting_by_stage",
]  # fmt: skip

_SHARES = (Fraction(1, 2), Fraction(9, 10))


@frozen
class Waiting:
    """The time entities spent in a stage, before whatever came next or before one other stage.

    Args:
        stage: where they were.
        next_stage: what came next; None for all of them together.
        n: stays that ended.
        open_count: stays that have not ended; 0 for a way to one other stage.
        total, mean, median, p90: of the stays that ended; None for the last three where there are none. Nine of ten
            stays took at most `p90`.
        share_of_total: of all the time of the table; None where no time passed.

    >>> Waiting("new", "won", 3, 0, timedelta(days=6), timedelta(days=2), timedelta(days=1), None, None).median.days
    1
    """

    stage: str
    next_stage: str | None
    n: int
    open_count: int
    total: timedelta
    mean: timedelta | None
    median: timedelta | None
    p90: timedelta | None
    share_of_total: Fraction | None

    def __str__(self) -> str:
        """One line, such as "new → won: 12 stays, mean 6.0 d, median 5.0 d, nine of ten within 9.0 d"."""
        way = self.stage if self.next_stage is None else f"{self.stage} → {self.next_stage}"
        times = {"mean ": self.mean, "median ": self.median, "nine of ten within ": self.p90}
        parts = [f"{name}{show(time)}" for name, time in times.items() if time is not None]
        parts += [f"{show(self.share_of_total)} of it all"] if self.share_of_total is not None else []
        parts += [f"{self.open_count:,} still in it"] if self.open_count else []
        return ", ".join([f"{way}: {self.n:,} {'stay' if self.n == 1 else 'stays'}", *parts])


@frozen
class Rework:
    """How often one stage was entered again.

    Args:
        stage: the stage.
        entity_count: entities that entered it.
        re_entered_count: those that entered it more than once.
        extra_visit_count: entries beyond the first of each.

    >>> Rework("resolved", entity_count=24905, re_entered_count=275, extra_visit_count=331).rework_rate
    Fraction(55, 4981)
    """

    stage: str
    entity_count: int
    re_entered_count: int
    extra_visit_count: int

    @property
    def rework_rate(self) -> Fraction | Undefined:
        """The share of the entities that came back."""
        count = self.entity_count
        return Fraction(self.re_entered_count, count) if count else Undefined("zero_denominator")


@frozen
class Deviation:
    """Moves in a log that a pipeline does not allow, all of one kind.

    Args:
        source, target: the stages; None as source where an entity began.
        reason: as `decide` would tell it, or "unknown_stage".
        count: how many moves.
        entity_ids: whose, each once.

    >>> Deviation("won", "new", "terminal", 1, ("o1",)).reason
    'terminal'
    """

    source: str | None
    target: str
    reason: str
    count: int
    entity_ids: tuple[str, ...]


@frozen
class Conformance:
    """How far a log follows a pipeline: the number of moves, and those that deviate, most frequent first.

    >>> Conformance(4, (Deviation("won", "new", "terminal", 1, ("o1",)),)).conforming_rate
    Fraction(3, 4)
    """

    move_count: int
    deviations: tuple[Deviation, ...]

    @property
    def conforming_rate(self) -> Fraction | Undefined:
        """The share of the moves that the pipeline allows."""
        wrong = sum(deviation.count for deviation in self.deviations)
        return Fraction(self.move_count - wrong, self.move_count) if self.move_count else Undefined("zero_denominator")


def _measure(columns: StageColumns, calendar: BusinessCalendar | None) -> Callable[[int, int], int] | None:
    if calendar is None or not columns.at:
        return None
    table = calendar.compiled
    table.cover(min(columns.at), max(columns.at))  # a function taken from a table that still grows is slow
    return table.open_between


def _ways(
    columns: StageColumns, limit: int, calendar: BusinessCalendar | None, *, by_stage: bool = False
) -> dict[tuple[int, int], array[int]]:
    """The durations of the completed stays, by the numbers of the stage and of the next.

    With `by_stage`, by the number of the stage alone, and 0 for every next one.
    """
    between = _measure(columns, calendar)
    following = repeat(0) if by_stage else columns.stage
    events: Iterable[tuple[int, int, int]] = zip(columns.previous, following, columns.at, strict=False)
    if limit != FOREVER:
        events = (event for event in events if event[2] <= limit)
    # What is kept of each way is how to add to its array: the array itself is its `__self__`. An array is read from
    # end to end in half the time of a list, whose ints lie about.
    count = 1 if by_stage else len(columns.stages)
    adders: dict[int, list[Any]] = defaultdict(lambda: [array("q").append for _ in range(count)])
    since = 0
    if between is None:
        for before, after, at in events:
            adders[before][after](at - since)
            since = at
    else:
        for before, after, at in events:
            if before != NOTHING:
                adders[before][after](between(since, at))
            since = at
    adders.pop(NOTHING, None)  # the first event of an entity ends no stay
    ways = {(before, after): add.__self__ for before, row in adders.items() for after, add in enumerate(row)}
    return {way: durations for way, durations in ways.items() if durations}


def _last_stays(columns: StageColumns, limit: int) -> Iterable[tuple[int, int]]:
    """Of each entity that has begun, the stage of its last stay up to an instant and when that began."""
    at, stage = columns.at, columns.stage
    for start, end in columns.spans():
        place = end if limit == FOREVER else bisect_right(at, limit, start, end)
        if place > start:
            yield stage[place - 1], at[place - 1]


def _waiting(
    stage: str, following: str | None, durations: array[int], open_count: int, *, total: int, whole: int
) -> Waiting:
    count = len(durations)
    middle, high = (None if value is None else _time(value) for value in whole_quantiles(durations, _SHARES))
    mean = _time(Fraction(total, count)) if count else None
    share = Fraction(total, whole) if whole else None
    return Waiting(stage, following, count, open_count, _time(total), mean, middle, high, share)


def _time(microseconds: int | Fraction) -> timedelta:
    return timedelta(microseconds=round(microseconds))


def _by_total(found: Iterable[Waiting]) -> tuple[Waiting, ...]:
    return tuple(sorted(found, key=lambda each: (-each.total, each.stage, each.next_stage or "")))


def flow_of(columns: StageColumns, as_of: datetime | None, calendar: BusinessCalendar | None) -> tuple[Waiting, ...]:
    """Every way from one stage to the next, by total waiting; the arguments are those of `StageLog.flow`."""
    ways = _ways(columns, limit_of(as_of), calendar)
    totals, names = {way: sum(durations) for way, durations in ways.items()}, columns.stages
    whole = sum(totals.values())
    return _by_total(
        _waiting(names[way[0]], names[way[1]], durations, 0, total=totals[way], whole=whole)
        for way, durations in ways.items()
    )


def waiting_by_stage(
    columns: StageColumns, pipeline: Pipeline | None, as_of: datetime | None, calendar: BusinessCalendar | None
) -> tuple[Waiting, ...]:
    """The time in each stage, by total waiting; the arguments are those of `StageLog.bottlenecks`."""
    limit = limit_of(as_of)
    counted = {n for n, name in enumerate(columns.stages) if pipeline is None or pipeline.stage(name).is_open}
    ways = _ways(columns, limit, calendar, by_stage=True)
    stays = {code: ways.get((code, 0), array("q")) for code in counted}
    still_open = Counter(stage for stage, _ in _last_stays(columns, limit))
    totals = {code: sum(durations) for code, durations in stays.items()}
    whole = sum(totals.values())
    return _by_total(
        _waiting(columns.stages[code], None, durations, still_open[code], total=totals[code], whole=whole)
        for code, durations in stays.items()
        if durations or still_open[code]
    )


def survival_of(
    columns: StageColumns, stage: str, as_of: datetime | None, calendar: BusinessCalendar | None
) -> KaplanMeier | Undefined:
    """How long stays in one stage last, open ones as censored; the arguments are those of `StageLog.survival`."""
    code, limit, between = columns.code(stage), limit_of(as_of), _measure(columns, calendar)
    pairs = [(_time(span), True) for span in _ways(columns, limit, calendar, by_stage=True).get((code, 0), ())]
    end = limit if as_of is not None else max(columns.at, default=0)
    pairs += [
        (_time(end - since if between is None else between(since, end)), False)
        for last, since in _last_stays(columns, limit)
        if last == code
    ]
    return KaplanMeier.of(pairs) if pairs else Undefined("zero_denominator")


def conformance_of(columns: StageColumns, pipeline: Pipeline) -> Conformance:
    """The moves that `pipeline` does not allow."""
    places: dict[int, list[int]] = defaultdict(list)
    reasons: dict[int, str | None] = {}
    unknown = {columns.firsts[number]: code for number, code in columns.unknown_starts.items()}
    for place, (before, after, _, _) in enumerate(columns.events()):
        way = before << 16 | after
        if before == NOTHING and place in unknown:
            way = unknown[place] << 16 | after
        if way not in reasons:
            reasons[way] = _reason(columns, pipeline, way)
        if reasons[way] is not None:
            places[way].append(place)
    found = [
        Deviation(
            None if way >> 16 == NOTHING else columns.stages[way >> 16],
            columns.stages[way & NOTHING],
            reasons[way] or "",
            len(found_at),
            tuple(dict.fromkeys(columns.ids[bisect_right(columns.firsts, place) - 1] for place in found_at)),
        )
        for way, found_at in places.items()
    ]
    found.sort(key=lambda each: (-each.count, each.source or "", each.target))
    return Conformance(len(columns), tuple(found))


def _reason(columns: StageColumns, pipeline: Pipeline, way: int) -> str | None:
    source, target = way >> 16, way & NOTHING
    names = [columns.stages[code] for code in (source, target) if code != NOTHING]
    if any(name not in pipeline for name in names):
        return "unknown_stage"
    blockers = pipeline.edge(None if source == NOTHING else names[0], names[-1]).blockers
    return blockers[0].reason if blockers else None
