"""to_entities and from_entities: a frame becomes records, and records become a frame; there and back changes nothing.

`from_rows` is the one importer; here cells that only a DataFrame has become the plain ones that it reads: its
timestamps, its numbers, its many ways to write that nothing is there, and floats where they are exact.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, TypeVar

import narwhals.stable.v2 as nw

from revops_core.entities.cells import is_missing
from revops_core.entities.from_rows import from_rows
from revops_core.errors import Fault, InvalidValueError, MissingColumnsError
from revops_core.frames.engines import SPARK, collected, engine_of, opened
from revops_core.values.checks import AttrsClass, hints_of, require
from revops_core.values.currencies import MINOR_UNITS
from revops_core.values.demand import kind_of
from revops_core.values.money import Money
from revops_core.values.problem import Problem

__all__ = ["from_entities", "to_entities"]

T = TypeVar("T")

_NEAR = Decimal("0.000001")  # law 5: a float is an amount where it lies this near to one
_LARGEST = 2**53  # up to here a float tells each whole number from the next
_CUSTOM, _CURRENCY = "custom_", "_currency"
_SQL = {str: "VARCHAR", int: "BIGINT", bool: "BOOLEAN", date: "DATE", datetime: "TIMESTAMPTZ"}
_SPARK = {str: "string", int: "bigint", bool: "boolean", date: "date", datetime: "timestamp"}
_PANDAS = {str: "str", int: "Int64", bool: "boolean", datetime: "datetime64[us, UTC]"}
_NARWHALS = {str: nw.String(), int: nw.Int64(), bool: nw.Boolean(), date: nw.Date(), datetime: nw.Datetime("us", "UTC")}


def to_entities(
    cls: type[T], df: Any, *, columns: Mapping[str, str] | None = None, currency: str | None = None, **reading: Any
) -> tuple[list[T], list[Problem]]:
    """Read the rows of a frame as records of one class, and tell everything that is wrong with them.

    It is `from_rows` for a frame, which is read whole. Missing values of any kind are missing. A float is an amount
    where it lies within 0.000001 of a minor unit of its currency, a fraction as it is printed, and an id or a count
    where it is whole; any other is a problem. Instants come in UTC, and what is finer than a microsecond is cut off.

    Args:
        cls: an entity or a fact, e.g. `Opportunity`.
        df: a frame of pandas, polars, PyArrow, DuckDB or PySpark.
        columns: field → column. Without it columns are named like the fields, `amount_currency` is the currency of
            `amount`, `custom_x` a field of your own, and other columns are not read.
        currency: of amounts without a currency column, and where that is empty.
        reading: the other arguments of `from_rows`: `values`, `strict`, `tz`, `date_formats`, `percentages`, ….

    Returns:
        The records and the problems; rows are counted from 1, in the order in which the engine gives them.

    Raises:
        MissingColumnsError: with every column that is not there.
        UnknownFieldError: `columns` or `values` names a field that the class does not have.
        InvalidValueError: an argument of the wrong type, or a field that one cell cannot hold.

    >>> import polars as pl
    >>> from revops_core.entities import Opportunity
    >>> found, problems = to_entities(Opportunity, pl.DataFrame({"id": [7], "amount": [0.1]}), currency="EUR")
    >>> found
    [Opportunity(id='7', amount=Money('0.10', 'EUR'))]
    """
    require("to_entities", cls=(cls, AttrsClass), columns=(columns, Mapping[str, str] | None))
    frame, hints = opened(df), hints_of(cls)  # type: ignore[arg-type]
    there = frame.collect_schema().names()
    named = dict(columns) if columns is not None else _named_like_fields(there, hints)
    lost = [column for column in dict.fromkeys(named.values()) if column not in there]
    if lost or not named:
        raise MissingColumnsError(lost or list(hints)[:1], there)
    chosen = list(dict.fromkeys(named.values()))
    places = {field: chosen.index(column) for field, column in named.items()}
    kinds, meanings = {field: kind_of(hints.get(field)) for field in named}, reading.get("values") or {}
    rows = []
    for cells in collected(frame.select(*chosen)).iter_rows():
        row = {field: _plain(cells[place]) for field, place in places.items()}
        for field, cell in row.items():
            if isinstance(cell, float):
                code = row.get(f"{field}.currency") or currency
                code = meanings.get(f"{field}.currency", {}).get(code, code)
                row[field] = _exact(cell, kinds[field], MINOR_UNITS.get(str(code), 2))
        rows.append(row)
    return from_rows(cls, rows, columns={field: field for field in named}, currency=currency, **reading)


def _named_like_fields(there: Iterable[str], hints: Mapping[str, Any]) -> dict[str, str]:
    named = {}
    for column in there:
        owner = column.removesuffix(_CURRENCY)
        if column in hints and column != "custom":
            named[column] = column
        elif owner != column and kind_of(hints.get(owner)) is Money:
            named[f"{owner}.currency"] = column
        elif column.startswith(_CUSTOM) and "custom" in hints:
            named[f"custom.{column.removeprefix(_CUSTOM)}"] = column
    return named


def _plain(cell: Any) -> Any:
    """A cell as plain Python has it; None where it is missing."""
    if isinstance(cell, str | list | tuple | Decimal):
        return cell
    if hasattr(cell, "tolist"):  # numbers and lists of NumPy
        cell = cell.tolist()
    if not isinstance(cell, list) and is_missing(cell):
        return None
    if isinstance(cell, datetime):
        parts = cell.year, cell.month, cell.day, cell.hour, cell.minute, cell.second, cell.microsecond
        plain = datetime(*parts, tzinfo=cell.tzinfo, fold=cell.fold)
        return plain.astimezone(UTC) if plain.tzinfo is not None else plain
    return cell


def _exact(cell: float, kind: Any, decimals: int) -> Any:
    """A float as the exact value that it stands for; the float itself where that cannot be told."""
    if kind is Money and abs(cell) < _LARGEST / 10**decimals:
        shown = Decimal(repr(cell))
        near = round(shown, decimals)
        return near if abs(near - shown) <= _NEAR else cell
    if kind is Decimal and cell - cell == 0:
        return Decimal(repr(cell))
    return int(cell) if kind is str and cell.is_integer() and abs(cell) < _LARGEST else cell


def from_entities(
    entities: Iterable[Any], *, like: Any = None, backend: str | None = None, cls: type | None = None
) -> Any:
    """A frame of records of one class, one row each, one typed column for each field that one cell can hold.

    An amount is a Decimal, with its currency beside it (`amount`, `amount_currency`); instants are in UTC; items such
    as `tags` are one text, with ";" between them; fields of your own are `custom_x`. What one cell cannot hold is left
    out: lines, items, contact roles, pauses. `to_entities` reads the frame back, and finds the same records.

    Args:
        entities: records or facts of one class.
        like: a frame of the engine to make it on; on DuckDB and Spark in its connection and session.
        backend: or its name: "pandas", "polars", "pyarrow", "duckdb".
        cls: the class; needed only where there may be no records.

    Raises:
        InvalidValueError: records of two classes; neither `like` nor `backend`; a field of your own whose values are
            not of one plain type; a tag with ";" in it; an amount of more than 38 digits.

    >>> from revops_core.entities import Opportunity
    >>> deal = Opportunity(id="o1", amount=Money("19.90", "EUR"))
    >>> from_entities([deal], backend="polars").select("id", "amount", "amount_currency").rows()
    [('o1', Decimal('19.90'), 'EUR')]
    """
    held = tuple(entities)
    kind: Any = cls if cls is not None else type(held[0]) if held else None
    require("from_entities", cls=(kind, AttrsClass), entities=(held, tuple[kind, ...] if held else tuple))
    faults: list[Fault] = []
    columns = dict(_columns(kind, held, faults))
    frame: Any = None if like is None else opened(like)
    native: Any = None if frame is None else nw.to_native(frame)
    engine = backend if frame is None else engine_of(frame)
    if engine not in {"pandas", "polars", "pyarrow", "duckdb"} | ({engine} & SPARK if frame is not None else set()):
        faults.append(Fault("backend", "must be pandas, polars, pyarrow or duckdb, or `like` a frame", backend))
    cells = {name: column for name, (_, column) in columns.items()}
    scales = {name: _scale(name, column, faults) for name, (kind, column) in columns.items() if kind is Decimal}
    if faults:
        raise InvalidValueError("from_entities", faults)
    if engine == "pandas":
        pandas = nw.Implementation.from_backend("pandas").to_native_namespace()
        return pandas.DataFrame(
            {name: pandas.Series(column, dtype=_PANDAS.get(kind, object)) for name, (kind, column) in columns.items()}
        )
    if engine in {"polars", "pyarrow"}:
        types = {name: _NARWHALS.get(kind) or nw.Decimal(38, scales[name]) for name, (kind, _) in columns.items()}
        made = nw.from_dict(cells, types, backend="polars" if engine == "polars" else "pyarrow")
        return nw.to_native(made.lazy() if isinstance(frame, nw.LazyFrame) else made)
    words = _SQL if engine == "duckdb" else _SPARK
    told = {name: words.get(kind) or f"decimal(38,{scales[name]})" for name, (kind, _) in columns.items()}
    lines = list(zip(*cells.values(), strict=True))
    schema = ", ".join(f"`{name.replace('`', '``')}` {word}" for name, word in told.items())
    return _on_duckdb(native, lines, told) if engine == "duckdb" else native.sparkSession.createDataFrame(lines, schema)


def _on_duckdb(like: Any, lines: list[tuple[Any, ...]], types: Mapping[str, str]) -> Any:
    """A relation of these lines, in the connection of `like`: written as JSON, which DuckDB reads by types."""
    rows = json.dumps([dict(zip(types, line, strict=True)) for line in lines], default=_json)
    texts = (text.replace("'", "''") for text in (rows, json.dumps([types])))
    sql = "select unnest(from_json('{}', '{}'), max_depth := 2)".format(*texts)
    if like is None:
        return nw.Implementation.from_backend("duckdb").to_native_namespace().sql(sql)
    return like.query("revops_frame", sql)


def _columns(cls: type, held: tuple[Any, ...], faults: list[Fault]) -> Iterable[tuple[str, tuple[Any, list[Any]]]]:
    """Each column: its name, the type of its cells, and these."""
    for field, hint in hints_of(cls).items():
        kind, cells = kind_of(hint), [getattr(each, field) for each in held]
        if field == "custom":
            for name in dict.fromkeys(name for custom in cells for name in custom):
                held_there = [_flat(custom.get(name)) for custom in cells]
                kinds = {type(cell) for cell in held_there if cell is not None} or {str}
                if len(kinds) > 1 or not kinds <= {*_NARWHALS, Decimal}:
                    told = sorted(each.__name__ for each in kinds)
                    faults.append(Fault(f"custom.{name}", "must have values of one plain type, and no floats", told))
                yield f"{_CUSTOM}{name}", (kinds.pop(), held_there)
        elif kind is Money:
            yield field, (Decimal, [None if cell is None else cell.amount for cell in cells])
            yield f"{field}{_CURRENCY}", (str, [None if cell is None else cell.currency for cell in cells])
        elif kind == tuple[str, ...]:
            faults += [Fault(field, "must have no ';' in it", cell) for cell in cells if ";" in "".join(cell)]
            yield field, (str, [";".join(cell) or None for cell in cells])
        elif kind in {*_NARWHALS, Decimal}:
            yield field, (kind, [_flat(cell) for cell in cells])


def _flat(cell: Any) -> Any:
    """A value as cells hold it: text is no enum, an instant is in UTC."""
    if isinstance(cell, datetime):
        return cell.astimezone(UTC)
    return str(cell) if isinstance(cell, str) else cell


def _scale(name: str, cells: list[Decimal | None], faults: list[Fault]) -> int:
    """How many decimals a column needs to hold these exactly; engines have 38 digits for all of it."""
    known = [cell for cell in cells if cell is not None]
    scale = max((-int(cell.as_tuple().exponent) for cell in known), default=0)
    whole = max((cell.adjusted() + 1 for cell in known), default=0)
    if whole + scale > 38 or scale > 38:
        faults.append(Fault(name, "must have at most 38 digits in one column", max(known, key=abs)))
    return min(max(scale, 0), 38)


def _json(cell: Any) -> str:
    return format(cell, "f") if isinstance(cell, Decimal) else str(cell)
