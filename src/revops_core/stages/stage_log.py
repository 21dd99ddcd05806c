"""StageLog: a million moves in plain arrays, and the questions a revenue team asks of them, each one pass."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from fractions import Fraction
from itertools import accumulate, chain, islice
from typing import Any

from attrs import field, frozen

from revops_core.calendars import BusinessCalendar
from revops_core.errors import Fault, InvalidValueError
from revops_core.stages.flow import Conformance, Rework, Waiting, conformance_of, flow_of, survival_of, waiting_by_stage
from revops_core.stages.funnel import Funnel, StageFate, fates_of, funnel_of
from revops_core.stages.move import Corrected, Moved
from revops_core.stages.pipeline import Pipeline
from revops_core.stages.stage_columns import NOTHING, StageColumns, columns_of_moves, columns_of_rows
from revops_core.stages.win_chances import step_rates_of, win_chances_of
from revops_core.values.checks import require
from revops_core.values.distribution import KaplanMeier
from revops_core.values.instants import from_microseconds, to_microseconds
from revops_core.values.interval import Interval
from revops_core.values.measurement import Measurement, Undefined
from revops_core.values.period import Period

__all__ = ["StageLog"]

_TIES = ("input", "reversed", "refuse")
_CALENDAR = BusinessCalendar | None


@frozen(eq=False, repr=False)
class StageLog:
    """Who entered which stage when, for any number of entities; build one with `StageLog.of`.

    >>> from datetime import UTC
    >>> days = [datetime(2026, 3, day, tzinfo=UTC) for day in (2, 4, 9)]
    >>> log = StageLog.of([("o1", "new", days[0]), ("o1", "won", days[2]), ("o2", "new", days[1])])
    >>> log.snapshot(days[2])
    {'new': 1, 'won': 1}
    """

    columns: StageColumns = field()

    @classmethod
    def of(cls, rows: Iterable[Any], *, ties: str = "input") -> StageLog:
        """The log of `rows`: `Moved` and `Corrected` facts, or tuples (entity, stage, at), in any order.

        Tuples that tell the stage once more, as CRM histories do, are collapsed and counted. Rows that come sorted,
        each entity's together, are read in one pass.

        Args:
            rows: `at` is an aware datetime, or an int of microseconds since 1970 in UTC.
            ties: of tuples at one instant, the later is the one further down ("input"), the one further up
                ("reversed", for exports with the newest first), or there must be none ("refuse").

        Raises:
            InvalidValueError: a naive datetime, an entity or a stage that is no text, rows of another shape; and with
                every one of them, two stages at one instant where ties are refused.
            DuplicateFactError: two facts with one id that tell different things; the same one twice is read once.
        """
        if ties not in _TIES:
            raise InvalidValueError("StageLog.of", [Fault("ties", f"must be one of {', '.join(_TIES)}", ties)])
        rest = iter(rows)
        first = tuple(islice(rest, 1))
        whole = chain(first, rest)
        are_facts = any(isinstance(row, Moved | Corrected) for row in first)
        return cls(columns_of_moves(whole) if are_facts else columns_of_rows(whole, ties))

    def __len__(self) -> int:
        """How many entries of a stage there are."""
        return len(self.columns)

    def __repr__(self) -> str:
        return f"StageLog({len(self)} entries of {len(self.columns.ids)} entities in {len(self.columns.stages)} stages)"

    def stages_at(self, at: datetime) -> Iterator[tuple[str, str]]:
        """Each entity with the stage in which it stood at an instant; those that had not begun are left out."""
        for entity, code in self._codes_at(_instant("stages_at", at)):
            yield self.columns.ids[entity], self.columns.stages[code]

    def snapshot(self, at: datetime) -> Mapping[str, int]:
        """How many entities stood in each stage at an instant, at the very instant of a move in the new one."""
        counts = Counter(code for _, code in self._codes_at(_instant("snapshot", at)))
        return {name: counts[code] for code, name in enumerate(self.columns.stages) if counts[code]}

    def _codes_at(self, limit: int) -> Iterator[tuple[int, int]]:
        at, stage, unknown = self.columns.at, self.columns.stage, self.columns.unknown_starts
        for number, (start, end) in enumerate(self.columns.spans()):
            place = bisect_right(at, limit, start, end)
            if place > start:
                yield number, stage[place - 1]
            elif number in unknown:
                yield number, unknown[number]

    def series(self, moments: Iterable[datetime | Period]) -> list[Mapping[str, int]]:
        """The snapshots at many moments, in one pass: at each instant, or just before the end of each period.

        >>> from datetime import UTC
        >>> january, february = datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 2, 9, tzinfo=UTC)
        >>> log = StageLog.of([("o1", "new", january), ("o1", "won", february)])
        >>> log.series(Period.quarter(2026, 1).months())
        [{'new': 1}, {'won': 1}, {'won': 1}]
        """
        asked = [
            to_microseconds(each.end) - 1 if isinstance(each, Period) else _instant("series", each) for each in moments
        ]
        edges = sorted(set(asked))
        names, size = self.columns.stages, len(edges)
        changes = [[0] * (size + 1) for _ in names]
        starts = {self.columns.firsts[number]: code for number, code in self.columns.unknown_starts.items()}
        for code in starts.values():
            changes[code][0] += 1
        for place, (before, after, _, at) in enumerate(self.columns.events()):
            edge = bisect_left(edges, at)
            if edge < size:
                changes[after][edge] += 1
                if before != NOTHING:
                    changes[before][edge] -= 1
                elif place in starts:
                    changes[starts[place]][edge] -= 1
        counts = [list(accumulate(row)) for row in changes]
        by_edge = [
            {name: counts[code][edge] for code, name in enumerate(names) if counts[code][edge]} for edge in range(size)
        ]
        return [by_edge[bisect_left(edges, moment)] for moment in asked]

    def funnel(
        self,
        pipeline: Pipeline,
        *,
        cohort: Interval | Period | str | None = None,
        during: Interval | Period | None = None,
        entering: str | None = None,
        as_of: datetime | None = None,
    ) -> Funnel:
        """How many entities got how far, actually and with skips filled; each counted once, losses included.

        Say who is counted, as both readings are in use and differ: a `cohort`, followed to the end of its way, or the
        entries `during` a window, whoever made them.

        Args:
            pipeline: ranks the stages.
            cohort: the window in which an entity entered first; "all" for every one.
            during: the window whose entries are counted.
            entering: of a cohort, the stage that was entered; by default whichever was first.
            as_of: events after it count as not yet.

        Raises:
            InvalidValueError: neither `cohort` nor `during`, or both.
            UnknownStageError: the log has a stage that the pipeline has not.
        """
        require("StageLog.funnel", pipeline=(pipeline, Pipeline))
        return funnel_of(self.columns, pipeline, cohort=cohort, during=during, entering=entering, as_of=as_of)

    def fates(self, pipeline: Pipeline, *, as_of: datetime | None = None) -> Mapping[str, StageFate]:
        """What became of the entities that ever entered each open stage: the chance to win from it, by history.

        Each entity counts once for a stage, however often it came back, by where it stands now: a reopened one is open.

        Args:
            pipeline: says which stages are open, and which are good ends.
            as_of: moves after it count as not yet.
        """
        require("StageLog.fates", pipeline=(pipeline, Pipeline))
        return fates_of(self.columns, pipeline, as_of)

    def step_rates(self, *, as_of: datetime | None = None) -> Mapping[str, Mapping[str, Fraction]]:
        """Of the steps out of each stage, the share that led to each other one: the transition matrix.

        Args:
            as_of: moves after it count as not yet.

        >>> from datetime import UTC
        >>> days = [datetime(2026, 3, day, tzinfo=UTC) for day in (2, 4, 9)]
        >>> log = StageLog.of([("o1", "new", days[0]), ("o1", "won", days[1]), ("o2", "new", days[1])])
        >>> log.step_rates()
        {'new': {'won': Fraction(1, 1)}}
        """
        return step_rates_of(self.columns, as_of)

    def win_chances(
        self, pipeline: Pipeline, *, as_of: datetime | None = None, at_least: int = 30
    ) -> Mapping[str, Measurement]:
        """The chance to win from each open stage, by the steps that were taken: those of open records count, too.

        The steps of `step_rates` are followed to the ends, as an absorbing Markov chain: a loop counts as often as it
        is walked, and what came before a stage makes no difference. `fates` asks of closed records alone what became
        of them. Do not multiply conversion rates: where records skip or go back, that is no chance to win.

        Args:
            pipeline: says which stages are ends. What happened after an end is left out.
            as_of: moves after it count as not yet.
            at_least: with fewer steps out of a stage its chance is `Undefined("too_few")`. Steps into stages from which
                no end was reached yet are not counted.

        Returns:
            By stage, a share of 0 to 1; `n` is the number of steps it rests on.

        Raises:
            UnknownStageError: the log has a stage that the pipeline has not.
        """
        require("StageLog.win_chances", pipeline=(pipeline, Pipeline), at_least=(at_least, int))
        return win_chances_of(self.columns, pipeline, as_of, at_least)

    def flow(self, *, as_of: datetime | None = None, calendar: BusinessCalendar | None = None) -> tuple[Waiting, ...]:
        """Every way from one stage to the next: how often it was taken and how long it took, longest total first.

        Args:
            as_of: moves after it count as not yet.
            calendar: counts its working time only.
        """
        require("StageLog.flow", calendar=(calendar, _CALENDAR))
        return flow_of(self.columns, as_of, calendar)

    def bottlenecks(
        self,
        pipeline: Pipeline | None = None,
        *,
        as_of: datetime | None = None,
        calendar: BusinessCalendar | None = None,
    ) -> tuple[Waiting, ...]:
        """The time in each stage, the largest total first: a mean alone hides how many wait.

        Only stays that ended have a time; open ones are counted beside them (see `survival`).

        Args:
            pipeline: leaves its closed stages out, in which nothing waits.
            as_of: moves after it count as not yet.
            calendar: counts its working time only.
        """
        require("StageLog.bottlenecks", pipeline=(pipeline, Pipeline | None), calendar=(calendar, _CALENDAR))
        return waiting_by_stage(self.columns, pipeline, as_of, calendar)

    def survival(
        self, stage: str, *, as_of: datetime | None = None, calendar: BusinessCalendar | None = None
    ) -> KaplanMeier | Undefined:
        """How long stays in a stage last, with those that have not ended counted fairly (Kaplan-Meier).

        Args:
            stage: the stage.
            as_of: the moment up to which open stays are measured; by default the last instant of the log.
            calendar: counts its working time only.
        """
        require("StageLog.survival", calendar=(calendar, _CALENDAR))
        return survival_of(self.columns, stage, as_of, calendar)

    def rework(self) -> Mapping[str, Rework]:
        """Of each stage, how many entities entered it more than once."""
        tallies = [[0, 0, 0] for _ in self.columns.stages]
        for path, count in self.columns.path_counts().items():
            for code, visits in Counter(path).items():
                tally = tallies[code]
                tally[0] += count
                tally[1] += count * (visits > 1)
                tally[2] += count * (visits - 1)
        return {name: Rework(name, *tally) for name, tally in zip(self.columns.stages, tallies, strict=True)}

    def variants(self) -> tuple[tuple[tuple[str, ...], int], ...]:
        """The ways through the stages, each with how many entities took it, most frequent first."""
        names, counts = self.columns.stages, self.columns.path_counts()
        found = ((tuple(names[code] for code in path), count) for path, count in counts.items())
        return tuple(sorted(found, key=lambda variant: (-variant[1], variant[0])))

    def conformance(self, pipeline: Pipeline) -> Conformance:
        """Which moves the pipeline does not allow. What a rule or a given reason would have decided is not in a log."""
        require("StageLog.conformance", pipeline=(pipeline, Pipeline))
        return conformance_of(self.columns, pipeline)

    def moves(self) -> Iterator[Moved]:
        """The log as facts, entity by entity, each numbered: for journeys, and to keep what was imported."""
        columns = self.columns
        for number, (start, end) in enumerate(columns.spans()):
            source = columns.unknown_starts.get(number, NOTHING)
            for place in range(start, end):
                yield Moved(
                    subject_id=columns.ids[number],
                    source=None if source == NOTHING else columns.stages[source],
                    target=columns.stages[columns.stage[place]],
                    at=from_microseconds(columns.at[place]),
                    seq=place - start,
                )
                source = columns.stage[place]


def _instant(verb: str, at: datetime) -> int:
    require(f"StageLog.{verb}", at=(at, datetime))
    return to_microseconds(at)
