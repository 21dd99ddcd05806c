"""The columns behind a `StageLog`: who entered which stage when, as plain arrays that are sorted once.

One entry of three arrays for each event: the instant, the stage, the stage before. Events of one entity lie together in
their order, so that every question is one pass over the arrays without a look-up.
"""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import chain, pairwise
from operator import itemgetter
from typing import Any

from attrs import frozen

from revops_core.errors import Fault, InvalidValueError, RevopsError, UnknownStageError
from revops_core.stages.move import Corrected, Moved
from revops_core.stages.standing_moves import standing_moves
from revops_core.values.checks import require
from revops_core.values.instants import from_microseconds, to_microseconds

__all__ = ["FOREVER", "NOTHING", "StageColumns", "columns_of_moves", "columns_of_rows", "limit_of"]

NOTHING = 65_535
"""The code that stands for no stage: before the first event of an entity."""

FOREVER = 1 << 62
"""An instant after every other, in microseconds."""

Row = tuple[str, str, "datetime | int"]


@frozen(eq=False)
class StageColumns:
    """Who entered which stage when, sorted by entity and instant.

    Args:
        ids: the entities, in the order of their first row.
        stages: the names of the stages; the other columns hold their numbers.
        firsts: for each entity the place of its first event, and at last the number of events.
        at: of each event, in microseconds since 1970.
        stage, previous: of each event, the stage it entered and the one it left; `NOTHING` where the record began.
        unknown_starts: the stage in which an entity stood before its first event, by its number, where one is known.
        repeat_count: rows that told the stage once more and were collapsed.
        tie_count: rows at the same instant as the one before, whose order the input decided.
    """

    ids: tuple[str, ...]
    stages: tuple[str, ...]
    firsts: array[int]
    at: array[int]
    stage: array[int]
    previous: array[int]
    unknown_starts: dict[int, int]
    repeat_count: int
    tie_count: int

    def __len__(self) -> int:
        return len(self.at)

    @property
    def byte_count(self) -> int:
        """The bytes that the arrays take, without the ids, which the caller has anyway."""
        return sum(column.itemsize * len(column) for column in (self.firsts, self.at, self.stage, self.previous))

    def code(self, stage: str) -> int:
        """The number of a stage that occurs.

        Raises:
            UnknownStageError: it does not; the error names the nearest that does.
        """
        if stage not in self.stages:
            raise UnknownStageError(stage, None, self.stages)
        return self.stages.index(stage)

    def events(self) -> Iterator[tuple[int, int, int, int]]:
        """Each event as (stage before, stage, instant of the one before, instant); before a first one is `NOTHING`."""
        return zip(self.previous, self.stage, chain((0,), self.at), self.at, strict=False)

    def spans(self) -> Iterator[tuple[int, int]]:
        """The places of the events of each entity: its first one, and the one after its last."""
        return pairwise(self.firsts)

    def path_counts(self) -> Counter[tuple[int, ...]]:
        """How many entities took each path, as the numbers of its stages, from the first event on.

        Entities are many and paths are few: what depends on the path alone is worked out once for each.
        """
        counts = Counter(self.stage[start:end].tobytes() for start, end in self.spans())
        return Counter({tuple(array("H", path)): count for path, count in counts.items() if path})


class _Builder:
    """The columns while they grow, entity by entity."""

    __slots__ = ("at", "codes", "firsts", "ids", "previous", "repeats", "stage", "ties", "unknown_starts")

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.codes: dict[str, int] = {}
        self.firsts, self.at = array("I"), array("q")
        self.stage, self.previous = array("H"), array("H")
        self.unknown_starts: dict[int, int] = {}
        self.repeats = self.ties = 0

    def code(self, stage: object) -> int:
        """The number of a stage, a new one where it is new."""
        if not isinstance(stage, str) or not stage:
            raise InvalidValueError("StageLog.of", [Fault("stage", "must be a str and not empty", stage)])
        if len(self.codes) == NOTHING:
            raise InvalidValueError("StageLog.of", [Fault("stage", f"must be one of at most {NOTHING} names", stage)])
        return self.codes.setdefault(stage, len(self.codes))

    def finished(self) -> StageColumns:
        self.firsts.append(len(self.at))
        return StageColumns(
            tuple(self.ids), tuple(self.codes), self.firsts, self.at, self.stage, self.previous,
            self.unknown_starts, self.repeats, self.ties,
        )  # fmt: skip

    def add(self, entity: str, events: Iterable[tuple[int, int]], *, collapse: bool = True) -> None:
        """All events of one more entity, in order, as pairs of instant and stage."""
        self.firsts.append(len(self.at))
        self.ids.append(entity)
        last, last_at = NOTHING, None
        for at, code in events:
            self.ties += at == last_at
            last_at = at
            if code == last and collapse:
                self.repeats += 1
                continue
            self.at.append(at)
            self.stage.append(code)
            self.previous.append(last)
            last = code


def columns_of_rows(rows: Iterable[Row], ties: str) -> StageColumns:
    """The columns of rows (entity, stage, at); `at` an aware datetime, or whole microseconds since 1970."""
    builder = _Builder()
    rest = iter(rows)
    repeats: tuple[array[int], array[int]] = array("I"), array("q")
    unsorted = _read_sorted(builder, rest, *repeats) if ties == "input" else next(rest, None)
    if unsorted is not None:
        builder = _read_grouped(builder, repeats, chain((unsorted,), rest), ties)
    return builder.finished()


def _read_sorted(
    builder: _Builder, rows: Iterator[Row], repeats_after: array[int], repeats_at: array[int]
) -> Row | None:
    """Read rows while entities lie together and instants ascend; the first row that does not is returned, unread.

    The repeats that were collapsed are noted by place and instant: a row from between may turn up later.
    """
    codes, seen = builder.codes, set[str]()
    firsts, ids = builder.firsts.append, builder.ids.append
    add_at, add_stage, add_previous, at_count = builder.at.append, builder.stage.append, builder.previous.append, 0
    last_entity: object = None
    last_stage: object = None
    last_code, last, ties = NOTHING, 0, 0
    row: Row | None = None
    try:
        for row in rows:
            entity, stage, at = row
            if type(at) is not int:
                at = _instant(at)
            if entity != last_entity:
                if entity in seen or not isinstance(entity, str) or not entity:
                    break
                seen.add(entity)
                firsts(at_count)
                ids(entity)
                last_entity, last_code = entity, NOTHING
            elif at < last:
                break
            elif stage == last_stage:
                repeats_after.append(at_count - 1)
                repeats_at.append(at)
                ties += at == last
                last = at
                continue
            elif at == last:
                ties += 1
            code = codes.get(stage)
            if code is None:
                code = builder.code(stage)
            add_at(at)
            add_stage(code)
            add_previous(last_code)
            at_count += 1
            last_code, last_stage, last = code, stage, at
        else:
            row = None
    except (TypeError, ValueError, OverflowError) as error:
        raise _told(error, row) from None
    builder.repeats, builder.ties = len(repeats_at), ties
    return row


def _read_grouped(
    sorted_part: _Builder, repeats: tuple[array[int], array[int]], rows: Iterator[Row], ties: str
) -> _Builder:
    """Read rows in any order: gather each entity's, then sort each by instant; the rows read so far come first."""
    groups: dict[str, list[tuple[int, int]]] = defaultdict(list)
    again: dict[int, list[int]] = defaultdict(list)
    for place, again_at in zip(*repeats, strict=True):
        again[place].append(again_at)
    sorted_part.firsts.append(len(sorted_part.at))
    for entity, (start, end) in zip(sorted_part.ids, pairwise(sorted_part.firsts), strict=True):
        events = groups[entity]
        for place in range(start, end):
            events.append((sorted_part.at[place], sorted_part.stage[place]))
            events += [(at, sorted_part.stage[place]) for at in again.get(place, ())]
    builder = _Builder()
    builder.codes = sorted_part.codes
    codes = builder.codes
    row: Any = None
    try:
        for row in rows:
            entity, stage, at = row
            code = codes.get(stage)
            if code is None:
                code = builder.code(stage)
            groups[entity].append((at if type(at) is int else _instant(at), code))
    except (TypeError, ValueError) as error:
        raise _told(error, row) from None
    tied: list[Fault] = []
    for entity, events in groups.items():
        if not isinstance(entity, str) or not entity:
            raise InvalidValueError("StageLog.of", [Fault("entity", "must be a str and not empty", entity)])
        if ties == "reversed":
            events.reverse()
        events.sort(key=itemgetter(0))
        if ties == "refuse":
            tied += _ties(entity, events, tuple(codes))
        try:
            builder.add(entity, events)
        except OverflowError as error:
            raise _told(error, (entity, events)) from None
    if tied:
        raise InvalidValueError("StageLog.of", tied)
    return builder


def _ties(entity: str, events: list[tuple[int, int]], names: tuple[str, ...]) -> Iterator[Fault]:
    for (before_at, before), (at, code) in pairwise(events):
        if before_at == at and before != code:
            rule = "must not hold two stages at one instant: say which comes first with ties='input' or 'reversed'"
            yield Fault("rows", rule, (entity, names[before], names[code], str(from_microseconds(at))))


def _told(error: Exception, row: Any) -> Exception:
    """What is wrong with a row that could not be read; the error itself where the row is sound, or it tells already."""
    is_row = isinstance(row, tuple | list) and len(row) == 3 and isinstance(row[0], str) and isinstance(row[1], str)
    if isinstance(error, RevopsError) or (is_row and not isinstance(error, OverflowError)):
        return error
    return _wrong_row(row)


def _wrong_row(row: object) -> InvalidValueError:
    rule = "must be facts alone, or tuples (entity, stage, at) alone: two texts, and a datetime or microseconds"
    return InvalidValueError("StageLog.of", [Fault("rows", rule, row)])


def _instant(at: object) -> int:
    if not isinstance(at, datetime) or at.tzinfo is None:
        require("StageLog.of", at=(at, datetime))
    return to_microseconds(at)  # type: ignore[arg-type]


def columns_of_moves(facts: Iterable[Moved | Corrected]) -> StageColumns:
    """The columns of facts: corrections followed, in the order of their numbers, the stage before the first kept."""
    groups: dict[str, list[Moved | Corrected]] = defaultdict(list)
    for fact in facts:
        if not isinstance(fact, Moved | Corrected):
            raise _wrong_row(fact)
        groups[fact.subject_id].append(fact)
    builder = _Builder()
    for number, (entity, group) in enumerate(groups.items()):
        moves = standing_moves(group)
        if moves and moves[0].source is not None:
            builder.unknown_starts[number] = builder.code(moves[0].source)
        events = [
            (to_microseconds(move.at), builder.code(move.target))
            for move in moves
            if not (move.migrates and move.source == move.target and move is not moves[0])  # that is no new stay
        ]
        builder.add(entity, events, collapse=False)
    return builder.finished()


def limit_of(as_of: datetime | None) -> int:
    """The last instant that counts, in microseconds: every one where no `as_of` is given."""
    if as_of is None:
        return FOREVER
    require("StageLog", as_of=(as_of, datetime))
    return to_microseconds(as_of)
