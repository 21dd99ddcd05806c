"""time_in_stage: one row for each stay of a record in a stage, on any engine, with how long it lasted.

The order of moves is that of `StageLog`. Rows that tell where a record stood are ordered by instant, and a stage that
is told once more is no new stay. Rows that are moves, which a column for `seq` or `source` says, are ordered by instant
and number, and are kept as they are. Where the engine holds its data in memory the rows are sorted once and each is
laid beside the next by its place; elsewhere the engine looks up the next row of the same record.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import narwhals.stable.v2 as nw

from revops_core.calendars import BusinessCalendar
from revops_core.errors import Fault, InvalidValueError
from revops_core.frames.columns import Reading, columns_of, read
from revops_core.frames.engines import Doubt, opened, refuse
from revops_core.frames.working_time import any_holds, with_working_time
from revops_core.values.checks import require
from revops_core.values.instants import to_microseconds

__all__ = ["ordered_moves", "time_in_stage"]

_FIELDS = ("subject_id", "target", "at")
_ONE_ORDER = "must tell one order: of two rows of a record at one instant, which is the later (a column for `seq`)"


def time_in_stage(
    df: Any,
    *,
    as_of: datetime | None = None,
    calendar: BusinessCalendar | None = None,
    columns: Mapping[str, str] | None = None,
    values: Mapping[str, Mapping[Any, Any]] | None = None,
    tz: str | None = None,
) -> Any:
    """One row for each stay of a record in a stage, from a frame of moves; the same kind of frame comes back.

    Columns: `subject_id`, `stage`, `next_stage` (null while it lasts), `entered_at` (null where a first move left a
    stage, as the stay in that one began before the history), `exited_at`, `is_open` and `microseconds`, a whole number.
    The means and sums of stays that are not open are those of `StageLog.flow`, and of `StageLog.bottlenecks` by stage.

    A lazy frame stays lazy. What would be refused in a frame whose data lies in memory is counted there, by record, as
    `problem_count`, and the time is null where it is above 0.

    Args:
        df: rows with `subject_id`, `target` and `at`, and where there are such, `seq` and `source` (see `Moved`). With
            one of the last two, rows are moves and a stage may be entered again from itself. Without, rows tell where
            a record stood: repeats are collapsed, and of two rows at one instant the one further down is later.
        as_of: moves after it count as not yet, and open stays last until then; without it they have no time.
        calendar: counts its working time only.
        columns: field → column, where they differ.
        values: field → (what a cell says → what it means); those of `target` hold for `source`, too.
        tz: the zone of timestamps without one.

    Raises:
        MissingColumnsError: with every column that is not there.
        InvalidValueError: with how many rows lack a record, a stage or an instant, or tell no order.

    >>> import polars as pl
    >>> from datetime import UTC, timedelta
    >>> first = datetime(2026, 3, 2, tzinfo=UTC)
    >>> at = [first, first + timedelta(days=3)]
    >>> moves = pl.DataFrame({"subject_id": ["o1", "o1"], "target": ["new", "won"], "at": at})
    >>> time_in_stage(moves).select("stage", "microseconds", "is_open").rows()
    [('new', 259200000000, False), ('won', None, True)]
    """
    require("time_in_stage", as_of=(as_of, datetime | None), calendar=(calendar, BusinessCalendar | None))
    frame = ordered_moves(df, columns, values, tz, as_of=as_of)
    has_ended, end, untimed = ~nw.col("is_last"), nw.col("next_at_us"), ["microseconds"]
    if as_of is not None:
        end, untimed = nw.when(has_ended).then(end).otherwise(nw.lit(to_microseconds(as_of))), []
    if calendar is None:
        frame = frame.with_columns(microseconds=end - nw.col("at_us"), microseconds_problem_count=nw.lit(0))
    else:
        stay = Reading("instant", nw.col("at_us")), Reading("instant", end, has_ended if untimed else None)
        frame = with_working_time(frame, *stay, calendar, "microseconds", in_doubt=nw.lit(value=False))
    names = ["subject_id", "stage", "next_stage", "entered_at", "exited_at", "is_open", "microseconds"]
    if isinstance(frame, nw.LazyFrame):
        names = [*names, "problem_count"]
        count = nw.col("problem") + nw.col("microseconds_problem_count")
        frame = frame.with_columns(problem_count=count.sum().over("subject_id").cast(nw.Int64))
        frame = frame.with_columns(microseconds=nw.when(nw.col("problem_count") == 0).then(nw.col("microseconds")))
    followed = {name: nw.when(has_ended).then(nw.col(name)) for name in ("next_stage", "exited_at", *untimed)}
    stays = frame.with_columns(**followed, is_open=nw.col("is_last")).select(*names)
    before = frame.filter(nw.col("is_first") & (nw.col("source") != nw.lit(""))).with_columns(
        stage=nw.col("source"),
        next_stage=nw.col("stage"),
        exited_at=nw.col("entered_at"),
        is_open=nw.lit(value=False),
        **{name: nw.when(nw.lit(value=False)).then(nw.col(name)) for name in ("entered_at", "microseconds")},
    )
    return nw.to_native(nw.concat([before.select(*names), stays]))


def ordered_moves(df: Any, columns: Any, values: Any, tz: str | None, *, as_of: datetime | None = None) -> Any:
    """The moves of a frame, read and in the order of each record; the arguments are those of `time_in_stage`.

    Columns: `subject_id`, `stage`, `entered_at` (as it came), `at_us`, `is_first`, `is_last`, and of the next move of
    the record `next_stage`, `exited_at`, `next_at_us`; `source`, "" where it is not known; `problem`, in a lazy frame
    above 0 where a row lacks something or tells no order.
    """
    frame, given, meanings = opened(df), columns or {}, values or {}
    there, is_lazy = frame.collect_schema().names(), isinstance(frame, nw.LazyFrame)
    more = [name for name in ("seq", "source") if name in given or name in there]
    named = columns_of(frame, [(name,) for name in (*_FIELDS, *more)], given)
    rows = read(frame, named, tz=tz)
    known = {name: reading.known for name, reading in rows.readings.items() if reading.known is not None}
    doubts: list[Doubt] = [*rows.doubts]
    doubts += [("missing_value", name, "must be given", ~known[name]) for name in _FIELDS if name in known]
    if not is_lazy:
        refuse(rows.frame, doubts)
    subject, target, at = (rows.readings[name] for name in _FIELDS)
    new = {
        "subject_id": subject.value.fill_null("") if subject.kind == "text" else subject.value,
        "stage": _stage(target, meanings.get("target", {})),
        "entered_at": nw.col(named["at"]),
        "at_us": at.value,
        "source": nw.lit(""),
        "problem": any_holds(doubts).cast(nw.Int64),
    }
    order = ["at_us"]
    if more:
        new["seq"] = rows.readings["seq"].value.cast(nw.Int64) if "seq" in more else nw.lit(-1, nw.Int64)
        if "seq" in known:
            new["seq"] = nw.when(known["seq"]).then(new["seq"]).otherwise(-1)
        if "source" in more:
            new["source"] = _stage(rows.readings["source"], meanings.get("source", meanings.get("target", {})))
        new["is_move"] = (new["source"] != nw.lit("")).cast(nw.Int64)
        order += ["seq", "is_move"]  # a record starts before it moves
    moves: Any = rows.frame.select(**new)
    if as_of is not None:
        moves = moves.filter(nw.col("at_us") <= to_microseconds(as_of))
    moves = _beside(moves, order)
    is_other = nw.col("stage") != nw.col("last_stage")
    ties = (nw.col(name) == nw.col(f"last_{name}") for name in order)
    is_tied = nw.all_horizontal(~nw.col("is_first"), *ties, *([] if more else [is_other]), ignore_nulls=False)
    if is_lazy:
        moves = moves.with_columns(problem=nw.col("problem") + is_tied.fill_null(value=False).cast(nw.Int64))
    elif more:
        refuse(moves, [("no_order", "seq", _ONE_ORDER, is_tied)])
    if not more:  # a stage that is told once more is no new stay
        moves = _beside(moves.filter(nw.col("is_first") | is_other | (nw.col("problem") > 0)), order)
    return moves


def _stage(reading: Reading, meanings: Mapping[Any, Any]) -> nw.Expr:
    """The name of a stage as we call it; "" where it is missing."""
    if reading.kind not in {"text", ""}:
        raise InvalidValueError("frames", [Fault("target", "must be a column of text", reading.kind)])
    told = reading.value.fill_null("") if reading.kind else nw.lit("")
    result = told
    for theirs, ours in meanings.items():
        result = nw.when(told == nw.lit(theirs)).then(nw.lit(ours)).otherwise(result)
    return result


def _beside(moves: Any, order: list[str]) -> Any:
    """The moves with the last and the next one of the same record beside each."""
    taken = {"last_stage": ("stage", -1), **{f"last_{name}": (name, -1) for name in order}}
    taken |= {"next_stage": ("stage", 1), "exited_at": ("entered_at", 1), "next_at_us": ("at_us", 1)}
    if isinstance(moves, nw.LazyFrame):
        told = {name: nw.col(column).shift(-step) for name, (column, step) in taken.items()}
        moves = moves.with_columns(**{name: cell.over("subject_id", order_by=order) for name, cell in told.items()})
        return moves.with_columns(is_first=nw.col("last_at_us").is_null(), is_last=nw.col("next_at_us").is_null())
    # `shift` makes floats of whole numbers in pandas, and has no `over` in PyArrow: rows are taken by their place.
    moves = moves.drop("row", strict=False).with_row_index("row").sort("subject_id", *order, "row")
    moves = moves.drop("row").with_row_index("row")
    row, subject = moves["row"].cast(nw.Int64), moves["subject_id"]
    places = {-1: (row - 1).clip(lower_bound=0), 1: (row + 1).clip(upper_bound=max(len(row) - 1, 0))}
    edges = {-1: row == 0, 1: row == len(row) - 1}
    ends = {step: edges[step] | (subject[place] != subject) for step, place in places.items()}
    beside = (moves[column][places[step]].alias(name) for name, (column, step) in taken.items())
    return moves.with_columns(*beside, ends[-1].alias("is_first"), ends[1].alias("is_last"))
