"""funnel: how many records got how far, from a frame of moves on any engine; the numbers of `StageLog.funnel`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import narwhals.stable.v2 as nw

from revops_core.frames.engines import small_frame
from revops_core.frames.time_in_stage import ordered_moves
from revops_core.stages.pipeline import Pipeline
from revops_core.stages.stage_columns import FOREVER, limit_of
from revops_core.stages.stage_log import StageLog
from revops_core.stages.win_chances import goal_kinds_of
from revops_core.values.instants import to_microseconds
from revops_core.values.interval import Interval
from revops_core.values.period import Period

__all__ = ["funnel"]


def funnel(
    df: Any,
    pipeline: Pipeline,
    *,
    cohort: Interval | Period | str | None = None,
    during: Interval | Period | None = None,
    entering: str | None = None,
    as_of: datetime | None = None,
    columns: Mapping[str, str] | None = None,
    values: Mapping[str, Mapping[Any, Any]] | None = None,
    tz: str | None = None,
) -> Any:
    """How many records got how far, actually and with skips filled, one row for each step; as `StageLog.funnel`.

    Columns: `step` (from 0), `stage`, `actual_count`, `filled_count`, `visit_count`, and the same in each row
    `entity_count`, `lost_count`, `open_count`. The frame that comes back is of the same kind.

    A lazy frame stays lazy; it has `problem_count`, too, and no counts where it is above 0: rows that lack something,
    tell no order, or name a stage that the pipeline has not.

    Args:
        df: rows of moves; see `time_in_stage`.
        pipeline: ranks the stages.
        cohort: the window in which a record entered first; "all" for every one.
        during: the window whose entries are counted, whoever made them.
        entering: of a cohort, the stage that was entered; by default whichever was first.
        as_of: moves after it count as not yet.
        columns: field → column, where they differ.
        values: field → (what a cell says → what it means); those of `target` hold for `source`, too.
        tz: the zone of timestamps without one.

    Raises:
        MissingColumnsError: with every column that is not there.
        InvalidValueError: neither `cohort` nor `during`, or both; rows that lack something or tell no order.
        UnknownStageError: the pipeline has no such stage.

    >>> import polars as pl
    >>> from datetime import UTC
    >>> from revops_core.stages import OPPORTUNITY
    >>> march = datetime(2026, 3, 2, tzinfo=UTC)
    >>> moves = pl.DataFrame({"subject_id": ["o1"], "target": ["proposal"], "at": [march]})
    >>> funnel(moves, OPPORTUNITY, cohort="all").select("stage", "actual_count", "filled_count").rows()
    [('qualification', 0, 1), ('proposal', 1, 1), ('negotiation', 0, 0), ('won', 0, 0)]
    """
    # The core says what is wrong with the arguments, and names the steps: of a log without rows.
    empty = StageLog.of(()).funnel(pipeline, cohort=cohort, during=during, entering=entering, as_of=as_of)
    names = [step.stage for step in empty.steps]
    moves = _known_stages(ordered_moves(df, columns, values, tz), [stage.name for stage in pipeline], pipeline)
    window, limit, bounds = cohort if during is None else during, limit_of(as_of), None
    if isinstance(window, Interval | Period):
        bounds = to_microseconds(window.start), to_microseconds(window.end)
    at, stage, source = nw.col("at_us"), nw.col("stage"), nw.col("source")
    is_counted = has_happened = at <= limit
    if during is not None and bounds is not None:
        is_counted = has_happened & (at >= bounds[0]) & (at < bounds[1])
    is_start = nw.col("is_first") & (source != nw.lit("")) & nw.lit(value=during is None)
    is_entry, is_entry_before = has_happened, is_start
    if entering is not None:
        is_entry, is_entry_before = is_entry & (stage == nw.lit(entering)), is_start & (source == nw.lit(entering))
    flags = {"counted": _whole(is_counted), "entered_before": _whole(is_entry_before)}
    opened = [[each.name] for each in pipeline if each.is_open]
    goals = [each.name for each in pipeline if each.kind in goal_kinds_of(pipeline)]
    for rung, held in enumerate([*opened, goals][: len(names)]):
        flags[f"visits_{rung}"] = _whole(is_counted & stage.is_in(held)) + _whole(is_start & source.is_in(held))
    # Where a record stands: in the stage of its last move, and before its first in the one that this left.
    is_latest = has_happened & (nw.col("is_last") | (nw.col("next_at_us") > limit))
    for kind in ("lost", "open"):
        held = [each.name for each in pipeline if each.kind == kind]
        flags[kind] = _whole((is_latest & stage.is_in(held)) | (is_start & ~has_happened & source.is_in(held)))
    moves = moves.with_columns(**flags, entered_us=nw.when(is_entry).then(at).otherwise(nw.lit(FOREVER)))
    sums = [nw.col(name).sum() for name in (*flags, "problem")]
    records = moves.group_by("subject_id").agg(*sums, nw.col("entered_us").min())
    entered_us, entered_before = nw.col("entered_us"), nw.col("entered_before") > 0
    if during is not None:
        belongs = nw.col("counted") > 0
    elif bounds is None:
        belongs = (entered_us < FOREVER) | entered_before
    else:  # a beginning that is not known lies in no window
        belongs = ~entered_before & (entered_us >= bounds[0]) & (entered_us < bounds[1])
    return nw.to_native(_steps(records.with_columns(belongs=belongs.cast(nw.Int64)), names))


def _whole(flag: nw.Expr) -> nw.Expr:
    """1 where it holds."""
    return flag.fill_null(value=False).cast(nw.Int64)


def _known_stages(moves: Any, names: list[str], pipeline: Pipeline) -> Any:
    """The moves, refused or marked where one names a stage that the pipeline has not."""
    if isinstance(moves, nw.LazyFrame):
        is_unknown = ~nw.col("stage").is_in(names) | (nw.col("is_first") & ~nw.col("source").is_in([*names, ""]))
        return moves.with_columns(problem=nw.col("problem") + is_unknown.cast(nw.Int64))
    starts = moves.filter(nw.col("is_first"))["source"].unique().to_list()
    for name in sorted({*moves["stage"].unique().to_list(), *starts} - {""}):
        pipeline.stage(name)
    return moves


def _steps(records: Any, names: list[str]) -> Any:
    """One row for each step, from one for each record."""
    numbers, belongs = range(len(names)), nw.col("belongs")
    wide = {"entity_count": belongs, "problem_count": nw.col("problem")}
    wide |= {f"{kind}_count": nw.col(kind) * belongs for kind in ("lost", "open")}
    got_so_far = nw.lit(value=False)
    for number in reversed(numbers):
        is_visited = nw.col(f"visits_{number}") > 0
        got_so_far = got_so_far | is_visited
        wide[f"actual_{number}"] = is_visited.cast(nw.Int64) * belongs
        wide[f"filled_{number}"] = got_so_far.cast(nw.Int64) * belongs
        wide[f"visit_{number}"] = nw.col(f"visits_{number}") * belongs
    totals = records.select(**wide).select(*(nw.col(name).sum().fill_null(0).cast(nw.Int64) for name in wide))
    long = small_frame(totals, {"step": list(numbers), "stage": names}).join(totals, how="cross")
    counts = {f"{word}_count": _picked(word, numbers) for word in ("actual", "filled", "visit")}
    long = long.with_columns(**counts).sort("step")
    told = [*counts, "entity_count", "lost_count", "open_count"]
    if not isinstance(long, nw.LazyFrame):
        return long.select("step", "stage", *told)
    sound = {name: nw.when(nw.col("problem_count") == 0).then(nw.col(name)) for name in told}
    return long.with_columns(**sound).select("step", "stage", *told, "problem_count")


def _picked(word: str, numbers: range) -> nw.Expr:
    """The column of its own step in each row."""
    result = nw.lit(0)
    for number in numbers:
        result = nw.when(nw.col("step") == number).then(nw.col(f"{word}_{number}")).otherwise(result)
    return result
