"""Win chances: the chance to win from each stage, from the steps that were taken, open records included.

The steps out of a stage are read as chances (the transition matrix), and followed to the ends (an absorbing Markov
chain). Loops count as often as they are walked. What came before a stage is held to make no difference.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from fractions import Fraction

from revops_core.stages.pipeline import Pipeline
from revops_core.stages.stage_columns import FOREVER, NOTHING, StageColumns, limit_of
from revops_core.values.measurement import Measurement, Undefined

__all__ = ["goal_kinds_of", "step_rates_of", "win_chances_of"]

_WON = -1
_Rows = dict[int, dict[int, Fraction]]


def goal_kinds_of(pipeline: Pipeline) -> frozenset[str]:
    """The kinds of the good ends of a pipeline: won and converted, or closed where there is neither."""
    kinds = {stage.kind for stage in pipeline}
    return frozenset(kinds & {"won", "converted"} or kinds & {"closed"})


def _steps(columns: StageColumns, as_of: datetime | None) -> dict[int, Counter[int]]:
    """How often each step was taken, by the numbers of its stages; beginnings are none."""
    limit = limit_of(as_of)
    pairs: Iterable[tuple[int, int]] = zip(columns.previous, columns.stage, strict=True)
    if limit != FOREVER:
        pairs = ((before, after) for before, after, _, at in columns.events() if at <= limit)
    steps: dict[int, Counter[int]] = defaultdict(Counter)
    for (before, after), count in Counter(pairs).items():
        if before != NOTHING:
            steps[before][after] += count
    for number, code in columns.unknown_starts.items():
        first = columns.firsts[number]
        if columns.at[first] <= limit:
            steps[code][columns.stage[first]] += 1
    return steps


def step_rates_of(columns: StageColumns, as_of: datetime | None) -> Mapping[str, Mapping[str, Fraction]]:
    """The shares of the steps out of each stage; the arguments are those of `StageLog.step_rates`."""
    names = columns.stages
    return {
        names[code]: {names[after]: Fraction(count, counts.total()) for after, count in counts.most_common()}
        for code, counts in sorted(_steps(columns, as_of).items())
    }


def win_chances_of(
    columns: StageColumns, pipeline: Pipeline, as_of: datetime | None, at_least: int
) -> Mapping[str, Measurement]:
    """The chance to win from each open stage; the arguments are those of `StageLog.win_chances`."""
    stages = [pipeline.stage(name) for name in columns.stages]
    steps = {code: counts for code, counts in _steps(columns, as_of).items() if stages[code].is_open}
    goals = goal_kinds_of(pipeline)
    ends = {code for code, stage in enumerate(stages) if not stage.is_open}
    known = _leading_to(ends, steps)
    rows: _Rows = {}
    counts: dict[str, int] = {}
    for code in sorted(known - ends):
        counted = {after: count for after, count in steps[code].items() if after in known}
        whole = counts[stages[code].name] = sum(counted.values())
        row: dict[int, Fraction] = defaultdict(Fraction)
        for after, count in counted.items():
            if after not in ends or stages[after].kind in goals:
                row[_WON if after in ends else after] += Fraction(count, whole)
        rows[code] = row
    solved = {stages[code].name: chance for code, chance in _solved(rows).items()}
    return {
        name: Measurement(
            name=f"win_chance_from_{name}",
            value=solved[name] if counts.get(name, 0) >= max(at_least, 1) else Undefined("too_few"),
            unit="fraction",
            n=counts.get(name, 0),
        )
        for name in (stage.name for stage in pipeline if stage.is_open)
    }


def _leading_to(ends: set[int], steps: Mapping[int, Counter[int]]) -> set[int]:
    """The ends, and the stages from which one was reached, over however many steps."""
    found, size = set(ends), -1
    while len(found) > size:
        size = len(found)
        found |= {code for code, counts in steps.items() if not found.isdisjoint(counts)}
    return found


def _solved(rows: _Rows) -> dict[int, Fraction]:
    """The chance of each stage to come to a good end: each is put into all others, until only the end is left."""
    for code, row in rows.items():
        stay = row.pop(code, Fraction(0))
        for after in row:
            row[after] /= 1 - stay
        for other in rows.values():
            share = other.pop(code, None)
            if share is not None:
                for after, chance in row.items():
                    other[after] += share * chance
    return {code: row[_WON] for code, row in rows.items()}
