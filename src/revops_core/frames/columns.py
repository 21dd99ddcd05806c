"""Columns: how the columns of any DataFrame are read as exact whole numbers and text.

What the other modules of this room build on (`columns_of` and `read` are here, the rest is in `engines`):

    frame = opened(df)                              # any supported engine, eager or lazy, as a narwhals frame
    named = columns_of(frame, [("id",), ("closed_at", "closed_on")], {"closed_on": "close_date"})
    rows = read(frame, named, tz="Europe/Berlin")   # `rows.frame` has new columns beside the old
    closed = rows.readings["closed_on"]             # a `Reading`: kind "day", `value` and `known` as expressions
    refuse(rows.frame, rows.doubts)                 # eager: raises with counts where cells cannot be read
    table = small_frame(frame, {"day": [1, 2], "label": ["a", "b"]})      # a small table on the same engine, for joins
    day, in_doubt = civil_days(closed_at.value, "Europe/Berlin", frame)   # the civil day of instants in a zone

A value is never null: it is 0 where `known` does not hold (text stays null). Civil dates are told from instants by the
type of the column; a timestamp without a zone is a day where its field ends in `_on` or `_date`, and needs `tz` else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import narwhals.stable.v2 as nw
from attrs import evolve, frozen

from revops_core.entities.cells import is_missing
from revops_core.errors import Fault, InvalidValueError, MissingColumnsError
from revops_core.frames.engines import DAY, SPARK, Doubt, Frame, collected, engine_of, offsets, whole_days
from revops_core.values.currencies import MINOR_UNITS
from revops_core.values.instants import to_microseconds

__all__ = ["ReadFrame", "Reading", "columns_of", "read"]

_EPOCH, _NAIVE_EPOCH = datetime(1970, 1, 1, tzinfo=UTC), datetime(1970, 1, 1)  # noqa: DTZ001 - read without a zone
_MOST_DECIMALS = 6
_NEAR_A_MINOR_UNIT, _NEAR_A_NUMBER = 0.000_001, 0.000_000_001  # the first is law 5
_TOO_FINE = f"must have at most {_MOST_DECIMALS} decimals; round them first"
_MOMENT, _DURATION = "must be dates or timestamps", "must be durations"


@frozen
class Reading:
    """One field on an engine: of which kind it is, its value and where it is known.

    Args:
        kind: "instant", "day", "duration", "number" or "text"; "" where nothing is known of any row.
        value: whole microseconds, days or units of `1 / scale`, or the text.
        known: where there is a value; None: everywhere.
        scale: how many units make one: 100 for amounts in cents, 1 for whole numbers and for all other kinds.
        meanings: what cells mean, where the caller told it: theirs → ours; `value` holds theirs.
        currency: the column that says the currency of each amount; empty where none does.
        doubts: of a computed value, the rows for which it cannot be told.
    """

    kind: str
    value: nw.Expr
    known: nw.Expr | None = None
    scale: int = 1
    meanings: Mapping[Any, Any] | None = None
    currency: str = ""
    doubts: tuple[Doubt, ...] = ()


@frozen
class ReadFrame:
    """A frame with the columns that its readings need, which of its cells are in doubt, and the currency of amounts."""

    frame: Frame
    readings: Mapping[str, Reading]
    doubts: tuple[Doubt, ...]
    currency: str | None = None


def columns_of(
    frame: Frame, fields: Iterable[tuple[str, ...]], columns: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The column of each field, of fields that stand in for each other only those that are there.

    Args:
        frame: the frame.
        fields: the fields to read; of several in one tuple, the frame must have one.
        columns: field → column, where they differ; `amount.currency` names the column of an amount's currency.

    Raises:
        MissingColumnsError: with every column that is not there, and the near misses.
    """
    there, given = frame.columns, columns or {}
    found: dict[str, str] = {}
    lost: dict[str, None] = {}
    for names in fields:
        held = {name: given.get(name, name) for name in names}
        held |= {f"{name}.currency": given[f"{name}.currency"] for name in names if f"{name}.currency" in given}
        if not any(held[name] in there for name in names):
            lost[" or ".join(held[name] for name in names)] = None
        else:
            lost |= dict.fromkeys(column for name, column in held.items() if name in given and column not in there)
        found |= {name: column for name, column in held.items() if column in there}
    if lost:
        raise MissingColumnsError(lost, there)
    return found


def read(
    frame: Frame,
    named: Mapping[str, str],
    *,
    tz: str | None = None,
    currency: str | None = None,
    values: Mapping[str, Mapping[Any, Any]] | None = None,
    factors: Collection[str] = (),
    percentages: Collection[str] = (),
) -> ReadFrame:
    """Read fields from their columns.

    Args:
        frame: the frame.
        named: field → column, as `columns_of` gives them.
        tz: the zone of timestamps without one; of a time shown twice the first is meant.
        currency: the currency of amounts that have no column for it.
        values: field → (what the cell says → what it means); a cell it does not name means itself.
        factors: fields that are no amounts, such as a probability: floats in them have up to six decimals.
        percentages: fields whose cells are percentages: 40 is 0.40.

    Raises:
        InvalidValueError: every column of a type that its field cannot have, and every naive timestamp without `tz`.
    """
    schema = frame.collect_schema()
    readings: dict[str, Reading] = {}
    faults: list[Fault] = []
    made: _Made = ({}, {}, [])
    for field, column in named.items():
        of_currency = named.get(f"{field}.currency", "")
        minor = None if field in factors else "" if of_currency else currency
        try:
            frame, reading = _typed(frame, field, column, schema[column], made=made, tz=tz, unit=(minor, of_currency))
        except InvalidValueError as error:
            faults.extend(error.faults)
        else:
            is_amount = reading.kind == "number" and field not in factors
            meanings = (values or {}).get(field)
            if reading.kind == "number" and field in percentages:
                reading = evolve(reading, scale=reading.scale * 100)
                meanings = {_hundredth(theirs): ours for theirs, ours in (meanings or {}).items()}
            readings[field] = evolve(reading, meanings=meanings, currency=of_currency if is_amount else "")
    if faults:
        raise InvalidValueError("frames", faults)
    in_sql, new, doubts = made
    if in_sql:
        native: Any = nw.to_native(frame)
        texts = ["*", *(f"{sql} as {name}" for name, sql in in_sql.items())]
        is_spark = engine_of(frame) in SPARK
        frame = nw.from_native(native.selectExpr(*texts) if is_spark else native.project(", ".join(texts)))
    return ReadFrame(frame.with_columns(**new) if new else frame, readings, tuple(doubts), currency)


def _hundredth(cell: Any) -> Any:
    return cell if cell is None else Decimal(cell) / 100


# --- one column ---

_Made = tuple[dict[str, str], dict[str, Any], list[Doubt]]
"""What is made for the fields of a frame: columns in the words of its SQL, columns beside those, cells in doubt."""


def _typed(
    frame: Frame, field: str, column: str, dtype: Any, *, made: _Made, tz: str | None, unit: tuple[str | None, str]
) -> tuple[Frame, Reading]:
    """The frame with what had to be made at once for a field, and its reading.

    `unit` is the currency whose minor unit floats must be near to, None for a plain number, "" for that of each row,
    and the column of that.
    """
    cell, told = nw.col(column), f"column '{column}' of {dtype}"
    if engine_of(frame) in SPARK and dict(nw.to_native(frame).dtypes)[column].startswith("interval day"):  # on Spark
        since = _sql_column(frame, field, column, "unix_micros(timestamp_micros(0) + {})", made)
        return frame, _whole(field, "duration", since, ~cell.is_null(), made)
    if _is_read_by_cell(frame, dtype):
        return _from_objects(frame, field, column, told=told, made=made, tz=tz)
    is_text, known = isinstance(dtype, nw.String), _known(frame, column, dtype)
    may_be_empty = is_text and isinstance(frame, nw.DataFrame) and (known is not None or frame.is_empty())
    # Nothing but nulls, which pandas takes for text.
    if isinstance(dtype, nw.Unknown) or (may_be_empty and not collected(frame)[column].count()):
        made[2].append(("wrong_type", field, "must be a column of plain values", ~cell.is_null()))
        return frame, _whole(field, "", nw.lit(0), nw.lit(value=False), made)
    rule = _rule_for(field)
    if isinstance(dtype, nw.Datetime | nw.Date) and rule != _DURATION:
        since = _since(frame, field, column, dtype, is_filled=known is None, made=made)
        if isinstance(dtype, nw.Date) or dtype.time_zone is not None:
            return frame, _whole(field, "day" if isinstance(dtype, nw.Date) else "instant", since, known, made)
        return _from_walls(frame, field, since, known, told=told, made=made, tz=tz)
    if isinstance(dtype, nw.Duration) and rule != _MOMENT:
        return frame, _whole(field, "duration", cell.dt.total_microseconds().fill_null(0), known, made)
    if rule:
        raise InvalidValueError("frames", [Fault(field, rule, told)])
    if is_text:
        return frame, Reading("text", cell, known)
    if isinstance(dtype, nw.Categorical | nw.Enum):
        made[1][_new(field)] = cell.cast(nw.String)
        return frame, Reading("text", nw.col(_new(field)), known)
    if dtype.is_integer() and known is None:
        return frame, Reading("number", cell)
    if isinstance(dtype, nw.Boolean) or dtype.is_integer():
        filled = cell.fill_null(value=False) if isinstance(dtype, nw.Boolean) else cell.fill_null(0)
        return frame, _whole(field, "number", filled, known, made)
    if dtype.is_float():
        return _from_floats(frame, field, cell, known, made=made, unit=unit)
    if isinstance(dtype, nw.Decimal):
        return frame, _from_decimals(field, cell, known, scale=dtype.scale, made=made)
    raise InvalidValueError("frames", [Fault(field, "must be a column of plain values", told)])


def _rule_for(field: str) -> str:
    """What the name of a field asks of its column: suffixes are laws."""
    last = field.rpartition(".")[2]
    if _is_day(field) or last == "at" or last.endswith("_at"):
        return _MOMENT
    return _DURATION if last.endswith("_time") else ""


def _is_day(field: str) -> bool:
    last = field.rpartition(".")[2]
    return last == "on" or last.endswith(("_on", "_date"))


def _is_read_by_cell(frame: Frame, dtype: Any) -> bool:
    """Whether a column holds Python objects, or decimals whose product Arrow could not keep."""
    if isinstance(frame, nw.LazyFrame):
        return False
    is_wide = isinstance(dtype, nw.Decimal) and (dtype.precision > 18 or dtype.scale > _MOST_DECIMALS)
    return isinstance(dtype, nw.Object | nw.Unknown) or (is_wide and engine_of(frame) != "polars")


def _new(field: str) -> str:
    """The name of the column that is made for a field."""
    return "revops_" + re.sub(r"\W", "_", field)


def _known(frame: Frame, column: str, dtype: Any) -> nw.Expr | None:
    """Where a column has a value; None where an eager one has one everywhere."""
    cell = nw.col(column)
    missing = cell.is_null() | cell.is_nan().fill_null(value=False) if dtype.is_float() else cell.is_null()
    if isinstance(frame, nw.DataFrame) and not frame.select(missing.any()).item():
        return None
    return ~missing


def _whole(field: str, kind: str, whole: Any, known: Any, made: _Made, *, scale: int = 1) -> Reading:
    """The reading of a column of whole numbers without nulls and of one that says where they are known."""
    name = _new(field)
    made[1][name] = whole.cast(nw.Int64)
    if known is None:
        return Reading(kind, nw.col(name), None, scale)
    made[1][f"{name}_known"] = known
    return Reading(kind, nw.col(name), nw.col(f"{name}_known"), scale)


def _since(frame: Frame, field: str, column: str, dtype: Any, *, is_filled: bool, made: _Made) -> nw.Expr:
    """Whole microseconds since 1970 of a column of timestamps, or whole days of dates; 0 where it is null."""
    cell, is_day = nw.col(column), isinstance(dtype, nw.Date)
    is_naive = is_day or dtype.time_zone is None
    if engine_of(frame) in SPARK:  # on Spark
        micros = "timestampdiff(microsecond, timestamp_ntz'1970-01-01', {})" if is_naive else "unix_micros({})"
        return _sql_column(frame, field, column, "unix_date({})" if is_day else micros, made)
    if engine_of(frame) == "duckdb":  # which narwhals reads by way of intervals, ten times slower
        return _sql_column(frame, field, column, "({} - date '1970-01-01')" if is_day else "epoch_us({})", made)
    if is_day:
        return cell.cast(nw.Int32).fill_null(0)
    # Filled first: pandas makes floats of what holds nulls, which are not exact after 2255.
    return (cell if is_filled else cell.fill_null(_NAIVE_EPOCH if is_naive else _EPOCH)).dt.timestamp("us")


def _sql_column(frame: Frame, field: str, column: str, sql: str, made: _Made) -> nw.Expr:
    """A column that Spark or DuckDB makes of another in its own words; 0 where that is null."""
    mark = "`" if engine_of(frame) in SPARK else '"'
    made[0][f"{_new(field)}_since"] = f"coalesce({sql.format(mark + column.replace(mark, mark * 2) + mark)}, 0)"
    return nw.col(f"{_new(field)}_since")


def _from_walls(
    frame: Frame, field: str, wall: Any, known: Any, *, told: str, made: _Made, tz: str | None
) -> tuple[Frame, Reading]:
    """A column of times without a zone, as microseconds: days written as midnights, or instants in `tz`."""
    if not _is_day(field) and tz is None:
        rule = "must have a time zone, or `tz` must tell it"
        raise InvalidValueError("frames", [Fault(field, rule, told)])
    shown = wall
    if isinstance(frame, nw.DataFrame):
        frame = frame.with_columns(**{f"{_new(field)}_wall": wall.cast(nw.Int64)})
        shown = nw.col(f"{_new(field)}_wall")
    if _is_day(field):
        days = whole_days(shown, frame)
        made[2].append(("no_day", field, "must be days, at midnight", days * DAY != shown))
        return frame, _whole(field, "day", days, known, made)
    offset, in_doubt = offsets(shown, str(tz), frame, of_walls=True)
    if in_doubt is not None:
        made[2].append(("no_such_time", field, f"must be times that {tz} showed", in_doubt))
    return frame, _whole(field, "instant", shown - offset, known, made)


def _from_floats(
    frame: Frame, field: str, cell: nw.Expr, known: nw.Expr | None, *, made: _Made, unit: tuple[str | None, str]
) -> tuple[Frame, Reading]:
    """A column of floats, each of which must lie near a minor unit, or near a number of six decimals."""
    minor, of_currency = unit
    decimals = _MOST_DECIMALS if minor is None else 4 if minor == "" else MINOR_UNITS[minor]
    scale, near = 10**decimals, _NEAR_A_NUMBER if minor is None else _NEAR_A_MINOR_UNIT
    scaled = (cell if known is None else nw.when(known).then(cell).otherwise(0.0)) * float(scale)
    if isinstance(frame, nw.DataFrame):
        frame = frame.with_columns(**{f"{_new(field)}_scaled": scaled})
        scaled = nw.col(f"{_new(field)}_scaled")
    nearest = scaled.round()
    is_near = ((scaled - nearest).abs() <= near * scale) & (nearest.abs() < 2.0**53)
    reading = _whole(field, "number", nw.when(is_near).then(nearest).otherwise(0.0), known, made, scale=scale)
    is_wrong = ~is_near
    for places in (0, 2, 3) if minor == "" else ():
        step, codes = 10 ** (4 - places), [code for code, held in MINOR_UNITS.items() if held == places]
        is_of_these = nw.col(of_currency).is_in(codes).fill_null(value=False)
        is_wrong = is_wrong | (is_of_these & (reading.value // step * step != reading.value))
    near_to = "a number of six decimals" if minor is None else "a minor unit of its currency"
    made[2].append(("no_amount", field, f"must lie within {near:.9f} of {near_to}".replace("000 ", " "), is_wrong))
    return frame, reading


def _from_decimals(field: str, cell: nw.Expr, known: nw.Expr | None, *, scale: int, made: _Made) -> Reading:
    """A column of decimals: exactly as many units as its type has decimals, up to six."""
    held = cell
    if scale > _MOST_DECIMALS:
        held = cell.cast(nw.Decimal(28, _MOST_DECIMALS))
        made[2].append(("inexact_amount", field, _TOO_FINE, (held != cell).fill_null(value=False)))
    units = 10 ** min(scale, _MOST_DECIMALS)
    return _whole(field, "number", (held * units).cast(nw.Int64).fill_null(0), known, made, scale=units)


def _from_objects(
    frame: Frame, field: str, column: str, *, told: str, made: _Made, tz: str | None
) -> tuple[Frame, Reading]:
    """A column of Python objects, as pandas holds days and decimals, read cell by cell."""
    cells = collected(frame)[column].to_list()
    found = [None if is_missing(cell) else cell for cell in cells]
    there = [cell for cell in found if cell is not None]
    types = {type(cell) for cell in there}
    read_cell: Callable[[Any], int]
    rule, scale, new, backend = _rule_for(field), 1, _new(field), frame.implementation
    if not types:
        return frame, _whole(field, "", nw.lit(0), nw.lit(value=False), made)
    if types <= {str} and not rule:
        made[1][new] = nw.new_series(new, found, nw.String, backend=backend)
        return frame, Reading("text", nw.col(new), ~nw.col(new).is_null())
    if types <= {date} and rule != _DURATION:
        kind, read_cell = "day", _day
    elif all(issubclass(one, datetime) for one in types) and rule != _DURATION:
        zones = {cell.tzinfo is None for cell in there}
        kind, read_cell = "wall" if True in zones else "instant", _micros
        if len(zones) == 2:
            raise InvalidValueError("frames", [Fault(field, "must all have a time zone, or none", told)])
    elif all(issubclass(one, timedelta) for one in types) and rule != _MOMENT:
        kind, read_cell = "duration", lambda cell: int(cell // timedelta(microseconds=1))
    elif types <= {int, bool, Decimal} and not rule and all(map(_is_finite, there)):
        decimals = max(-_exponent(cell) for cell in there)
        if decimals > _MOST_DECIMALS:
            raise InvalidValueError("frames", [Fault(field, _TOO_FINE, told)])
        scale = 10 ** max(decimals, 1 if Decimal in types else 0)
        kind, read_cell = "number", lambda cell: int(cell * scale)
    else:
        names = ", ".join(sorted(one.__name__ for one in types))
        rule = rule or "must be plain values of one type"
        raise InvalidValueError("frames", [Fault(field, rule, f"{told}: {names}")])
    whole = [0 if cell is None else read_cell(cell) for cell in found]
    cells_read, known = nw.new_series(new, whole, nw.Int64, backend=backend), None
    if None in found:
        known = nw.new_series(f"{new}_known", [cell is not None for cell in found], nw.Boolean, backend=backend)
    if kind == "wall":
        return _from_walls(frame, field, cells_read, known, told=told, made=made, tz=tz)
    return frame, _whole(field, kind, cells_read, known, made, scale=scale)


def _day(cell: date) -> int:
    return cell.toordinal() - _EPOCH.toordinal()


def _micros(cell: datetime) -> int:
    return to_microseconds(cell if cell.tzinfo is not None else cell.replace(tzinfo=UTC))


def _is_finite(cell: Any) -> bool:
    return not isinstance(cell, Decimal) or cell.is_finite()


def _exponent(cell: Any) -> int:
    return int(cell.normalize().as_tuple().exponent) if isinstance(cell, Decimal) and cell else 0
