"""Funnels and conversion: how many entities got how far, with the reading named in the result.

An entity counts once, however often it came back; visits are told apart. A loss stays in the denominator. "Actual" is
who really entered a stage; "filled" is who entered it or any later one, so that a skip is no hole.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from fractions import Fraction

from attrs import frozen

from revops_core.errors import Fault, InvalidValueError
from revops_core.stages.pipeline import Pipeline
from revops_core.stages.stage_columns import FOREVER, NOTHING, StageColumns, limit_of
from revops_core.stages.win_chances import goal_kinds_of
from revops_core.values.checks import require
from revops_core.values.instants import to_microseconds
from revops_core.values.interval import Interval
from revops_core.values.measurement import Measurement, Undefined
from revops_core.values.period import Period
from revops_core.values.table import Table

__all__ = ["Funnel", "FunnelStep", "StageFate", "fates_of", "funnel_of"]

_Bounds = tuple[int, int] | None


@frozen
class FunnelStep:
    """One step of a funnel.

    Args:
        stage: its stage; of the last step, the good ends.
        actual_count: entities that entered it.
        filled_count: entities that entered it or a later one.
        visit_count: entries, all of them.

    >>> FunnelStep("proposal", actual_count=9, filled_count=12, visit_count=15).filled_count
    12
    """

    stage: str
    actual_count: int
    filled_count: int
    visit_count: int


@frozen
class Funnel:
    """How many entities got how far.

    Args:
        definition: who was counted, in words.
        entity_count: how many were counted.
        steps: the stages in their order, then the good end.
        lost_count: entities that stand in a lost stage.
        open_count: entities that are still on their way: their last steps are not known yet.

    >>> steps = (FunnelStep("new", 4, 4, 4), FunnelStep("won", 1, 1, 1))
    >>> Funnel("all entities that began", 4, steps, lost_count=2, open_count=1).conversion_rate("new", "won")
    Fraction(1, 4)
    """

    definition: str
    entity_count: int
    steps: tuple[FunnelStep, ...]
    lost_count: int
    open_count: int

    def step(self, stage: str) -> FunnelStep:
        """The step of one stage."""
        for step in self.steps:
            if step.stage == stage:
                return step
        fault = Fault("stage", f"must be one of {', '.join(step.stage for step in self.steps)}", stage)
        raise InvalidValueError("Funnel.step", [fault])

    def conversion_rate(self, source: str, target: str, *, filled: bool = True) -> Fraction | Undefined:
        """The share of the entities at `source` that got to `target`; by filled counts, or by actual ones.

        Undefined where nobody was at `source`. By actual counts it may be above 1, as a skip enters a later stage only.
        """
        count = "filled_count" if filled else "actual_count"
        top, bottom = (getattr(self.step(stage), count) for stage in (target, source))
        return Fraction(top, bottom) if bottom else Undefined("zero_denominator")

    def table(self) -> Table:
        """A line for each stage: how many got there, the share of the stage before, who was there, how often."""
        rows: list[list[object]] = []
        before = 0
        for step in self.steps:
            share: Fraction | None = Fraction(step.filled_count, before) if before else None
            rows.append([step.stage, step.filled_count, share, step.actual_count, step.visit_count])
            before = step.filled_count
        title = f"{self.entity_count:,} {self.definition}: {self.lost_count:,} lost, {self.open_count:,} open"
        return Table(["stage", "got there", "of the stage before", "were in it", "visits"], rows, title=title)

    def __str__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


@frozen
class StageFate:
    """What became of the entities that ever entered a stage, each counted once.

    Args:
        stage: the stage.
        entered_count: all of them.
        advanced_count: got to a later stage or a good end afterwards.
        won_count: stand in a won or converted stage.
        lost_count: stand in a lost stage.
        closed_count: stand in any stage that is an end.

    >>> StageFate("proposal", 50, 30, won_count=12, lost_count=18, closed_count=30).win_rate().value
    Fraction(2, 5)
    """

    stage: str
    entered_count: int
    advanced_count: int
    won_count: int
    lost_count: int
    closed_count: int

    @property
    def open_count(self) -> int:
        """Those that are still on their way."""
        return self.entered_count - self.closed_count

    def win_rate(self, *, at_least: int = 30) -> Measurement:
        """The share of those that closed which were won: the chance to win from this stage, by history.

        Open ones are left out, which overstates the chance while losses take longer than wins.

        Args:
            at_least: with fewer closed entities the answer is `Undefined("too_few")`.
        """
        enough = self.closed_count >= max(at_least, 1)
        return Measurement(
            name=f"win_rate_from_{self.stage}",
            value=Fraction(self.won_count, self.closed_count) if enough else Undefined("too_few"),
            unit="fraction",
            numerator=self.won_count,
            denominator=self.closed_count,
            n=self.closed_count,
        )


class _Ladder:
    """The stages of a log as the pipeline ranks them: its numbers, by the numbers of the log."""

    __slots__ = ("goal_kinds", "kinds", "names", "rungs")

    def __init__(self, columns: StageColumns, pipeline: Pipeline) -> None:
        stages = [pipeline.stage(name) for name in columns.stages]
        self.goal_kinds = goal_kinds_of(pipeline)
        goals = " or ".join(stage.name for stage in pipeline if stage.kind in self.goal_kinds)
        self.names = [stage.name for stage in pipeline if stage.is_open] + ([goals] if goals else [])
        top = len(self.names) - 1
        self.rungs = [
            (pipeline.rank(stage.name) or 0) if stage.is_open else top if stage.kind in self.goal_kinds else -1
            for stage in stages
        ]
        self.kinds = [stage.kind for stage in stages]


def _paths(
    columns: StageColumns, limit: int, cohort: _Bounds = None, during: _Bounds = None, entering: int | None = None
) -> Iterator[tuple[tuple[int, ...], int, int]]:
    """Each path that counts, as the numbers of its stages, with the stage it has come to and how many entities took it.

    A beginning that is not known belongs to the path, but lies in no window.
    """
    at, stage, unknown = columns.at, columns.stage, columns.unknown_starts
    counts: Counter[tuple[bytes, int]] = Counter()
    for number, (start, end) in enumerate(columns.spans()):
        high = end if limit == FOREVER else bisect_right(at, limit, start, end)
        if high == start and (number not in unknown or cohort is not None or during is not None):
            continue
        if during is not None:
            path = stage[bisect_left(at, during[0], start, high) : bisect_left(at, during[1], start, high)]
        else:
            path = stage[start:high]
            if number in unknown:
                path.insert(0, unknown[number])
            if entering is not None and entering not in path:
                continue
            if cohort is not None:
                place = 0 if entering is None else path.index(entering)
                place += start - (number in unknown)
                if place < start or not cohort[0] <= at[place] < cohort[1]:
                    continue
        if path:
            counts[path.tobytes(), stage[high - 1] if high > start else unknown[number]] += 1
    for (path_bytes, last), count in counts.items():
        yield tuple(array("H", path_bytes)), last, count


def funnel_of(
    columns: StageColumns,
    pipeline: Pipeline,
    *,
    cohort: Interval | Period | str | None,
    during: Interval | Period | None,
    entering: str | None,
    as_of: datetime | None,
) -> Funnel:
    """The funnel of the log; the arguments are those of `StageLog.funnel`."""
    if (cohort is None) == (during is None) or (isinstance(cohort, str) and cohort != "all"):
        rule = "must be a window or 'all', or 'during' a window: one of both says who is counted"
        raise InvalidValueError("StageLog.funnel", [Fault("cohort", rule, cohort)])
    window = None if isinstance(cohort, str) else cohort
    require("StageLog.funnel", cohort=(window, Interval | Period | None), during=(during, Interval | Period | None))
    ladder = _Ladder(columns, pipeline)
    codes = {name: code for code, name in enumerate(columns.stages)}
    first = None if entering is None else codes.get(pipeline.stage(entering).name, NOTHING)
    size = len(ladder.names)
    actual, highest, visits = [0] * size, [0] * (size + 1), [0] * size
    entities = lost = still_open = 0
    for path, last, count in _paths(columns, limit_of(as_of), _bounds(window), _bounds(during), first):
        entities += count
        rungs = [ladder.rungs[code] for code in path]
        for rung in rungs:
            if rung >= 0:
                visits[rung] += count
        for rung in {*rungs} - {-1}:
            actual[rung] += count
        highest[max(rungs)] += count  # the last place is for those with no rung
        lost += count * (ladder.kinds[last] == "lost")
        still_open += count * (ladder.kinds[last] == "open")
    filled = [sum(highest[rung:size]) for rung in range(size)]
    return Funnel(
        _definition(cohort, during, entering, as_of),
        entities,
        tuple(map(FunnelStep, ladder.names, actual, filled, visits)),
        lost,
        still_open,
    )


def _bounds(window: Interval | Period | None) -> _Bounds:
    return None if window is None else (to_microseconds(window.start), to_microseconds(window.end))


def _definition(cohort: object, during: object, entering: str | None, as_of: datetime | None) -> str:
    if during is not None:
        text = f"entries during {during}"
    else:
        began = "began" if entering is None else f"first entered '{entering}'"
        text = f"all entities that {began}" + ("" if cohort == "all" else f" in {cohort}") + ", followed to the end"
    return text if as_of is None else f"{text}, as of {as_of}"


def fates_of(columns: StageColumns, pipeline: Pipeline, as_of: datetime | None) -> Mapping[str, StageFate]:
    """What became of the entities of each open stage; the arguments are those of `StageLog.fates`."""
    ladder = _Ladder(columns, pipeline)
    counts = {name: [0] * 5 for name in ladder.names[: sum(stage.is_open for stage in pipeline)]}
    tallies = list(counts.values())
    for path, last, count in _paths(columns, limit_of(as_of)):
        kind = ladder.kinds[last]
        highest_after = -1
        advanced: dict[int, bool] = {}
        for rung in (ladder.rungs[code] for code in reversed(path)):
            advanced[rung] = highest_after > rung  # the first entry is written last and stands
            highest_after = max(highest_after, rung)
        for rung in advanced.keys() & range(len(tallies)):
            tally = tallies[rung]
            tally[0] += count
            tally[1] += count * advanced[rung]
            tally[2] += count * (kind in ladder.goal_kinds)
            tally[3] += count * (kind == "lost")
            tally[4] += count * (kind != "open")
    return {name: StageFate(name, *tally) for name, tally in counts.items()}
