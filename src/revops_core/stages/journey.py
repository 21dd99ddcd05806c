"""Journey: the way of one record through its stages, read from its moves, at any instant.

Nothing is stored but the facts. They are put in the order `(at, seq)`, corrections are followed, and the stays are what
lies between the moves; so a late or corrected fact changes every answer that it should, and no other.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from math import inf

from attrs import field, frozen

from revops_core.calendars import BusinessCalendar
from revops_core.errors import Fault, InvalidValueError
from revops_core.stages.move import Corrected, Moved
from revops_core.stages.pipeline import Pipeline
from revops_core.stages.standing_moves import each_once, standing_moves
from revops_core.values.checks import as_tuple, require
from revops_core.values.instants import to_microseconds
from revops_core.values.problem import Problem

__all__ = ["Journey", "StageTime", "Stay"]


@frozen
class Stay:
    """A stay of a record in one stage, `[entered_at, exited_at)`.

    Args:
        stage: where it stood.
        entered_at: None where the history begins in the middle of the stay.
        exited_at: None while it lasts.

    >>> first = datetime(2026, 3, 2, 9, tzinfo=UTC)
    >>> Stay("proposal", first, None).time(as_of=first + timedelta(hours=2))
    datetime.timedelta(seconds=7200)
    """

    stage: str
    entered_at: datetime | None
    exited_at: datetime | None

    def time(self, as_of: datetime | None = None, calendar: BusinessCalendar | None = None) -> timedelta | None:
        """How long it lasted, or has lasted as of an instant; None where its start, or its end so far, is not known."""
        end = self.exited_at if self.exited_at is not None else as_of
        if self.entered_at is None or end is None:
            return None
        if calendar is not None:
            return calendar.working_time(self.entered_at, end)
        return timedelta(microseconds=to_microseconds(end) - to_microseconds(self.entered_at))


@frozen
class StageTime:
    """The time of a record in one stage.

    Args:
        visit_count: how often it entered.
        current: of the stay that still lasts; None where there is none.
        latest_completed: of the last stay that ended; None where none has.
        cumulative: of all its stays together, the open one included; None where the start of one is not known.

    >>> StageTime(2, current=None, latest_completed=timedelta(days=1), cumulative=timedelta(days=3)).cumulative.days
    3
    """

    visit_count: int
    current: timedelta | None
    latest_completed: timedelta | None
    cumulative: timedelta | None


@frozen(repr=False)
class Journey:
    """Everything that the moves of one record tell.

    Args:
        facts: the `Moved` and `Corrected` facts of one record, in any order; one that came twice is kept once.

    Raises:
        WrongSubjectError: facts of two records.
        WrongPipelineError: moves of one record through two pipelines: each has a journey of its own.
        DuplicateFactError: two facts with one id that tell different things.

    >>> first = datetime(2026, 3, 2, 9, tzinfo=UTC)
    >>> journey = Journey.of([
    ...     Moved(subject_id="o1", target="qualification", at=first, seq=0),
    ...     Moved(subject_id="o1", source="qualification", target="proposal", at=first + timedelta(days=3), seq=1)])
    >>> journey.stage_at(first + timedelta(days=3)), journey.time_in_stage()["qualification"].cumulative
    ('proposal', datetime.timedelta(days=3))
    """

    facts: tuple[Moved | Corrected, ...] = field(converter=as_tuple)
    moves: tuple[Moved, ...] = field(init=False, eq=False)
    stays: tuple[Stay, ...] = field(init=False, eq=False)
    _entered: tuple[int, ...] = field(init=False, eq=False)

    def __attrs_post_init__(self) -> None:
        require("Journey", facts=(self.facts, tuple[Moved | Corrected, ...]))
        moves = standing_moves(self.facts)
        object.__setattr__(self, "facts", tuple(each_once(self.facts)))
        object.__setattr__(self, "moves", moves)
        object.__setattr__(self, "stays", _stays(moves))
        object.__setattr__(self, "_entered", tuple(to_microseconds(move.at) for move in moves))

    @classmethod
    def of(cls, facts: Iterable[Moved | Corrected]) -> Journey:
        """The journey that `facts` tell, in whatever order they come."""
        return cls(facts)

    def __repr__(self) -> str:
        return f"Journey({self.subject_id!r}: {' → '.join(stay.stage for stay in self.stays)})"

    @property
    def subject_id(self) -> str | None:
        """Whose journey it is; None where there are no facts."""
        return self.facts[0].subject_id if self.facts else None

    @property
    def stage(self) -> str | None:
        """The stage after the last move; None before the first."""
        return self.moves[-1].target if self.moves else None

    @property
    def next_seq(self) -> int:
        """The number that the next move gets."""
        return max((move.seq for move in self.moves if move.seq is not None), default=-1) + 1

    def stage_at(self, at: datetime) -> str | None:
        """The stage in which the record stood at an instant: at the very instant of a move, the new one.

        Returns:
            None before the record began; the stage that the first move left, where the history begins in the middle.
        """
        require("Journey.stage_at", at=(at, datetime))
        place = bisect_right(self._entered, to_microseconds(at))
        if place:
            return self.moves[place - 1].target
        return self.moves[0].source if self.moves else None

    def as_of(self, at: datetime) -> Journey:
        """The journey up to and with an instant: what had happened by then, as we know it today."""
        require("Journey.as_of", at=(at, datetime))
        limit = to_microseconds(at)
        return Journey(tuple(move for move in self.moves if to_microseconds(move.at) <= limit))

    def known_by(self, moment: datetime) -> Journey:
        """The journey as it was known at a moment: without the moves and corrections that were recorded later."""
        require("Journey.known_by", moment=(moment, datetime))
        limit = to_microseconds(moment)
        return Journey(tuple(fact for fact in self.facts if to_microseconds(fact.recorded_at or fact.at) <= limit))

    def with_facts(self, more: Iterable[Moved | Corrected]) -> Journey:
        """The journey with further facts: late ones, corrections, or supposed ones for a what-if."""
        return Journey((*self.facts, *more))

    # --- time ---

    def time_in_stage(
        self, *, as_of: datetime | None = None, calendar: BusinessCalendar | None = None
    ) -> Mapping[str, StageTime]:
        """The time in each stage that was entered, in the order of first entry.

        Args:
            as_of: the moment up to which the open stay is measured; without it, only stays that ended have a time.
            calendar: counts its working time only; without one, all time.
        """
        require("Journey.time_in_stage", as_of=(as_of, datetime | None), calendar=(calendar, BusinessCalendar | None))
        journey = self if as_of is None else self.as_of(as_of)
        by_stage: dict[str, list[Stay]] = defaultdict(list)
        for stay in journey.stays:
            by_stage[stay.stage].append(stay)
        return {stage: _stage_time(stays, as_of, calendar) for stage, stays in by_stage.items()}

    def stale_at(self, pipeline: Pipeline, calendar: BusinessCalendar | None = None) -> datetime | None:
        """The instant after which the present stay is longer than its stage allows; None where nothing limits it.

        Raises:
            InvalidValueError: the limit counts working time and there is no calendar.
        """
        place = len(self.moves) - 1
        while place > 0 and self.moves[place].migrates:
            place -= 1  # the time goes on where only the definition changed
        if place < 0 or self.moves[place].migrates:
            return None
        entered_at = self.moves[place].at
        stage = pipeline.stage(self.stays[-1].stage)
        if stage.stale_after is None:
            return None
        if not stage.stale_in_working_hours:
            return (entered_at.astimezone(UTC) + stage.stale_after).astimezone(entered_at.tzinfo)
        if calendar is None:
            fault = Fault("calendar", f"must be given: '{stage.name}' counts working time")
            raise InvalidValueError("stale_at", [fault])
        return calendar.add(entered_at, stage.stale_after)

    def is_stale(self, pipeline: Pipeline, as_of: datetime, calendar: BusinessCalendar | None = None) -> bool:
        """Whether the stay at `as_of` is longer than its stage allows; at the very limit it is not."""
        limit = self.as_of(as_of).stale_at(pipeline, calendar)
        return limit is not None and to_microseconds(as_of) > to_microseconds(limit)

    # --- turns ---

    @property
    def regressions(self) -> tuple[Moved, ...]:
        """The moves back to an earlier stage."""
        return tuple(move for move in self.moves if move.regresses)

    @property
    def reopenings(self) -> tuple[Moved, ...]:
        """The moves out of a closed stage into an open one."""
        return tuple(move for move in self.moves if move.reopens)

    @property
    def skips(self) -> tuple[Moved, ...]:
        """The moves that passed over stages."""
        return tuple(move for move in self.moves if move.skipped)

    @property
    def re_entries(self) -> Mapping[str, int]:
        """The stages that were entered more than once, and how often."""
        return {stage: count for stage, count in Counter(stay.stage for stay in self.stays).items() if count > 1}

    @property
    def closings(self) -> tuple[Moved, ...]:
        """The moves that closed the record; more than one where it was reopened."""
        return tuple(move for move in self.moves if move.closes)

    @property
    def first_closed_at(self) -> datetime | None:
        """When it closed for the first time."""
        return self.closings[0].at if self.closings else None

    @property
    def closed_at(self) -> datetime | None:
        """When it closed for the last time; None while it is open, also after a reopening."""
        turns = [move for move in self.moves if move.closes or move.reopens]
        return turns[-1].at if turns and turns[-1].closes else None

    @property
    def times_closed(self) -> int:
        """How often it closed."""
        return len(self.closings)

    def highest_stage(self, pipeline: Pipeline) -> str | None:
        """The open stage furthest along that it ever entered: the depth of a lost deal, the high-water mark of a life.

        A record that began as lost counts for the first stage. None where there are no moves.
        """
        names = [name for stay in self.stays if (name := stay.stage) in pipeline]
        opened = [name for name in names if pipeline.stage(name).is_open]
        first = next((stage.name for stage in pipeline if stage.is_open), None)
        return max(opened, key=lambda name: pipeline.rank(name) or 0) if opened else first if names else None

    def deviations(self, pipeline: Pipeline | None = None) -> tuple[Problem, ...]:
        """What is odd about the facts, told and not repaired.

        Returns:
            Problems with the codes "late_move" (it came to be known after a later one), "source_mismatch" (a move left
            another stage than the record stood in), "missing_seq" (a number is left out), "dangling_correction"; and
            where a `pipeline` is given, the reason for which it forbids a move, or "unknown_stage". A move that was
            overridden, or decided under another version, is not judged.
        """
        return tuple(_deviations(self.facts, self.moves, pipeline))


def _stays(moves: tuple[Moved, ...]) -> tuple[Stay, ...]:
    """What lies between the moves; a first stay without a start where the first move left a stage.

    A migration that keeps the name of the stage is no new stay.
    """
    entries: list[tuple[str, datetime | None]] = []
    if moves and moves[0].source is not None:
        entries.append((moves[0].source, None))
    for move in moves:
        if not (move.migrates and entries and entries[-1][0] == move.target):
            entries.append((move.target, move.at))
    exits = [at for _, at in entries[1:]] + [None]
    return tuple(Stay(*entry, exited_at) for entry, exited_at in zip(entries, exits, strict=False))


def _stage_time(stays: list[Stay], as_of: datetime | None, calendar: BusinessCalendar | None) -> StageTime:
    times = [stay.time(as_of, calendar) for stay in stays]
    known = [time for time in times if time is not None]
    is_unknown = any(stay.entered_at is None for stay in stays)
    ended = [time for stay, time in zip(stays, times, strict=True) if stay.exited_at is not None]
    return StageTime(
        visit_count=len(stays),
        current=times[-1] if stays[-1].exited_at is None else None,
        latest_completed=ended[-1] if ended else None,
        cumulative=None if is_unknown else sum(known, timedelta(0)),
    )


def _deviations(
    facts: Sequence[Moved | Corrected], moves: Sequence[Moved], pipeline: Pipeline | None
) -> Iterator[Problem]:
    """The problems of a journey, in the order of its moves; the codes are those of `Journey.deviations`."""
    known = {fact.id for fact in facts if isinstance(fact, Moved)} if len(moves) < len(facts) else set()
    known |= {fact.replacement.id for fact in facts if isinstance(fact, Corrected) and fact.replacement is not None}
    for fact in facts:
        if isinstance(fact, Corrected) and fact.replaces not in known:
            yield _problem("dangling_correction", f"there is no move {fact.replaces!r} to correct", fact)
    yield from _late(moves)
    for before, move in zip([None, *moves], moves, strict=False):
        if before is not None and move.source != before.target:
            says = f"the move at {move.at} left {move.source!r}, but it stood in {before.target!r}"
            yield _problem("source_mismatch", says, move)
        if pipeline is not None and move.version in {None, pipeline.version} and not move.overridden:
            yield from _forbidden(before, move, pipeline)
    numbers = sorted(move.seq for move in moves if move.seq is not None)
    for seq in sorted({*range(numbers[0], numbers[-1])} - {*numbers}) if numbers else ():
        yield _problem("missing_seq", f"there is no move number {seq}", moves[0])


def _late(moves: Sequence[Moved]) -> Iterator[Problem]:
    """Moves that were numbered or recorded after one that happened later."""
    lowest = earliest = inf
    late = []
    for move in reversed(moves):
        recorded = to_microseconds(move.recorded_at or move.at)
        if recorded > earliest or (move.seq is not None and move.seq > lowest):
            late.append(move)
        lowest = lowest if move.seq is None else min(lowest, move.seq)
        earliest = min(earliest, recorded)
    for move in reversed(late):
        says = f"the move to {move.target!r} at {move.at} came to be known after a later one"
        yield _problem("late_move", says, move)


def _forbidden(before: Moved | None, move: Moved, pipeline: Pipeline) -> Iterator[Problem]:
    source = move.source if before is None else before.target
    named = (move.target,) if move.migrates else (source, move.target)
    unknown = [name for name in named if name is not None and name not in pipeline]
    for name in unknown:
        yield _problem("unknown_stage", f"pipeline '{pipeline.name}' has no stage '{name}'", move)
    if not unknown and not move.migrates:
        for blocker in pipeline.edge(source, move.target).blockers:
            yield _problem(blocker.reason, f"the move at {move.at} is forbidden: {blocker.says}", move)


def _problem(code: str, says: str, fact: Moved | Corrected) -> Problem:
    return Problem(code=code, says=says, subject_id=fact.subject_id, field="stage")
