"""StageVisit: one stay of a record in one stage and where it went from there, as KPIs of stages read it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from functools import partial
from typing import Any

from attrs import frozen

from revops_core.calendars.business_calendar import BusinessCalendar
from revops_core.stages.journey import Journey
from revops_core.stages.move import Corrected, Moved
from revops_core.stages.pipeline import Pipeline
from revops_core.stages.win_chances import goal_kinds_of
from revops_core.values.checks import Id, Span, checked, short_repr

__all__ = ["StageVisit", "stage_visits"]


@checked()
@frozen(kw_only=True)
class StageVisit:
    """One stay of one record in one stage, or its passing over it.

    Args:
        subject_id: the record.
        entered_at, exited_at: when; None: not known, or not yet.
        stay_time: how long it stayed, where it has left; None where it passed over the stage.
        has_advanced: it went on, to a later stage or to a good end; None while it stays.
        won: the record came to a good end; None while it has not ended.
        ended_at: when it ended.

    >>> StageVisit(subject_id="o1", stage="proposal").has_advanced is None
    True
    """

    subject_id: Id
    stage: Id
    entered_at: datetime | None = None
    exited_at: datetime | None = None
    stay_time: Span | None = None
    has_advanced: bool | None = None
    won: bool | None = None
    ended_at: datetime | None = None

    __repr__ = short_repr


def stage_visits(
    moves: Iterable[Moved | Corrected], pipeline: Pipeline, *, calendar: BusinessCalendar | None = None
) -> list[StageVisit]:
    """One row for each stay in an open stage of the pipeline; a record that comes back has a row for each time.

    A stage that was passed over counts as passed: it has a row, without a time. Good ends are those that are won or
    converted, or closed in a pipeline that has neither.

    Args:
        moves: of any number of records; stages that the pipeline does not have are left to `stages.check`.
        pipeline: which stages there are, in which order, and which end well.
        calendar: counts the time in working time.

    >>> from datetime import UTC
    >>> from revops_core.stages.ready_made import OPPORTUNITY
    >>> first, later = (datetime(2026, 3, day, tzinfo=UTC) for day in (1, 5))
    >>> moves = [Moved(subject_id="o1", target="qualification", at=first),
    ...          Moved(subject_id="o1", source="qualification", target="proposal", at=later)]
    >>> [(row.stage, row.has_advanced, row.stay_time) for row in stage_visits(moves, OPPORTUNITY)]
    [('qualification', True, datetime.timedelta(days=4)), ('proposal', None, None)]
    """
    by_subject: dict[str, list[Moved | Corrected]] = defaultdict(list)
    for move in moves:
        by_subject[move.subject_id].append(move)
    order = {stage.name: number for number, stage in enumerate(pipeline.stages)}
    kinds = {stage.name: stage.kind for stage in pipeline.stages}
    goals = goal_kinds_of(pipeline)
    rows = []
    for subject_id, facts in by_subject.items():
        journey = Journey.of(facts)
        if not journey.stays:  # every move was taken back
            continue
        last = journey.stays[-1]
        ended: dict[str, Any] = {}
        if kinds.get(last.stage, "open") != "open":
            ended = {"won": kinds[last.stage] in goals, "ended_at": last.entered_at}
        visit = partial(StageVisit, subject_id=subject_id, **ended)
        for stay, following in zip(journey.stays, (*journey.stays[1:], None), strict=True):
            if kinds.get(stay.stage) != "open":
                continue
            target = "" if following is None else following.stage
            is_later = kinds.get(target) == "open" and order[target] > order[stay.stage]
            rows.append(
                visit(
                    stage=stay.stage,
                    entered_at=stay.entered_at,
                    exited_at=stay.exited_at,
                    stay_time=None if stay.exited_at is None else stay.time(calendar=calendar),
                    has_advanced=None if following is None else is_later or kinds.get(target) in goals,
                )
            )
        rows += [
            visit(stage=stage, entered_at=move.at, exited_at=move.at, has_advanced=True)
            for move in journey.moves
            for stage in move.skipped
            if kinds.get(stage) == "open"
        ]
    return rows
