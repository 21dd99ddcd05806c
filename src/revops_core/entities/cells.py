"""Cells: how the cell of a table is read as the value that a field's annotation asks for.

Text is read strictly: nothing is guessed, trimmed text apart. A value that has a type already is kept, or made the
field's type where that changes nothing (a whole float for a count, a number for an id); the field's check has the last
word on it.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Context, Decimal
from functools import lru_cache, partial
from typing import Any
from zoneinfo import ZoneInfo

from revops_core.values.checks import as_decimal
from revops_core.values.demand import kind_of
from revops_core.values.instants import from_microseconds
from revops_core.values.money import Money

__all__ = ["CellReader", "cell_reader", "is_missing"]

_EXACT = Context(prec=1000)  # of our own, so that a caller's context never rounds a cell
_MOST_DIGITS = 100  # a count beyond is no count, and "1e999999999" would fill the memory
_UNIX = {"unix": 1_000_000, "unix_ms": 1_000}  # the microseconds of one, by the name of the format
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_INSTANTS = {*_UNIX, "instant"}
_TRUTHS: dict[str, bool] = {
    **dict.fromkeys(("true", "t", "yes", "y", "1"), True), **dict.fromkeys(("false", "f", "no", "n", "0"), False)
}  # fmt: skip

CellReader = tuple[Callable[[Any], object], str]
"""How the cells of one column are read, and the rule that is broken where that raises ValueError."""


def is_missing(cell: object) -> bool:
    """Whether a cell that is no text holds nothing: None, not-a-number, or what DataFrames write for missing.

    >>> is_missing(None), is_missing(float("nan")), is_missing(0)
    (True, True, False)
    """
    try:
        return cell is None or bool(cell != cell)  # noqa: PLR0124 - what is not equal to itself is missing
    except (TypeError, ArithmeticError):  # neither true nor false, such as pandas.NA, or a signalling NaN
        return True


def cell_reader(
    hint: Any, *, tz: ZoneInfo | None, date_formats: tuple[str, ...], percent: bool, minor_units: bool, separator: str
) -> CellReader | None:
    """How a cell becomes a value of the annotation `hint`; None where one cell cannot hold such a value.

    Args:
        hint: the annotation of the field.
        tz: the zone of instants that are written without one; None: they are refused.
        date_formats: `strptime` patterns that are tried before ISO 8601, and the names that `from_rows` tells of.
        percent: whether numbers are percentages.
        minor_units: whether amounts are whole numbers of cents.
        separator: what stands between the items of a tuple of texts.
    """
    number = _by_text(_percentage, _hundredth) if percent else _by_text(_number)
    cents = (_whole, "must be a whole number of the minor unit, such as cents")
    amount = (number, "must be a number such as 1250.50, with a point and without separators")
    instants, days = _instants(date_formats, tz), _by_text(lambda text: _day_of(text, date_formats), _day)
    if tz is not None and not _INSTANTS.isdisjoint(date_formats):
        days = partial(_day_in, tz, instants, days)
    written = f"written as {' or '.join((*map(repr, date_formats), 'ISO 8601'))}"
    readers: dict[Any, CellReader] = {
        str: (_text, "must be text"),
        bool: (_by_text(_truth), "must be true or false, yes or no, 1 or 0"),
        int: (_whole, "must be a whole number such as 1250, without separators"),
        Decimal: amount,
        Money: cents if minor_units else amount,
        date: (days, f"must be a day, {written}"),
        datetime: (instants, f"must be a date with a time, {written}, with an offset or in a zone `tz` that showed it"),
        tuple[str, ...]: (_by_text(lambda text: _parts(text, separator)), "must be text"),
        object: (lambda cell: cell, ""),
    }
    return readers.get(kind_of(hint))


def _by_text(
    read: Callable[[str], object], typed: Callable[[Any], object] = lambda cell: cell
) -> Callable[[Any], object]:
    """`read` for text, remembering what was read last, as columns repeat; `typed` for anything else."""
    remembered = lru_cache(maxsize=4096)(read)
    return lambda cell: remembered(cell.strip()) if isinstance(cell, str) else typed(cell)


def _text(cell: Any) -> object:
    if isinstance(cell, str | bool | float):
        return cell
    number = _index(cell)
    return str(number) if isinstance(number, int) else number


def _parts(text: str, separator: str) -> tuple[str, ...]:
    return tuple(part for part in map(str.strip, text.split(separator)) if part)


def _truth(text: str) -> bool:
    if text.casefold() not in _TRUTHS:
        raise ValueError(text)
    return _TRUTHS[text.casefold()]


def _number(text: str) -> Decimal:
    if not _NUMBER.fullmatch(text):
        raise ValueError(text)
    return Decimal(text)


def _percentage(text: str) -> object:
    return _hundredth(_number(text.removesuffix("%").rstrip()))


def _hundredth(cell: Any) -> object:
    number = as_decimal(cell)
    return number.scaleb(-2, _EXACT) if isinstance(number, Decimal) else cell


def _whole(cell: Any) -> object:
    if isinstance(cell, str):
        number = _number(cell.strip())
        if number.adjusted() > _MOST_DIGITS or number != number.to_integral_value():
            raise ValueError(cell)
        return int(number)
    if isinstance(cell, float) and cell.is_integer():
        return int(cell)
    return _index(cell)


def _index(cell: Any) -> object:
    try:
        return cell if isinstance(cell, bool) else operator.index(cell)
    except TypeError:
        return cell


def _strptime(text: str, formats: tuple[str, ...], *, is_timed: bool) -> datetime | None:
    """The text by the first of the patterns that fits, of those with a time of day or of those without."""
    for pattern in formats:
        if pattern not in _INSTANTS and any(code in pattern for code in ("%H", "%I", "%c", "%X")) is is_timed:
            try:
                return datetime.strptime(text, pattern)  # noqa: DTZ007 - the zone is added by the caller
            except ValueError:
                continue
    return None


def _day_of(text: str, formats: tuple[str, ...]) -> date:
    written = _strptime(text, formats, is_timed=False)
    return written.date() if written else date.fromisoformat(text)


def _day(cell: Any) -> object:
    """A day from a DataFrame, which writes it as midnight without a zone."""
    is_midnight = isinstance(cell, datetime) and cell.tzinfo is None and cell.time() == time()
    return cell.date() if is_midnight else cell


def _instant_of(text: str, formats: tuple[str, ...], tz: ZoneInfo | None) -> object:
    written = _strptime(text, formats, is_timed=True)
    if written is None:
        if ":" not in text and "T" not in text:
            raise ValueError(text)  # a day alone is no instant
        written = datetime.fromisoformat(text)
    return _in_zone(written, tz)


def _instants(formats: tuple[str, ...], tz: ZoneInfo | None) -> Callable[[Any], object]:
    """The reader of instants; of numbers, too, where one of the formats of `_UNIX` says what they count."""
    read = _by_text(lambda text: _instant_of(text, formats, tz), lambda cell: _in_zone(cell, tz))
    unit = next((_UNIX[name] for name in formats if name in _UNIX), None)
    if unit is None:
        return read

    def read_number(cell: Any) -> object:
        text = cell.strip() if isinstance(cell, str) else str(cell)
        if isinstance(cell, bool) or not _NUMBER.fullmatch(text):
            return read(cell)
        microseconds = _whole(str(_EXACT.multiply(_number(text), Decimal(unit))))
        return from_microseconds(microseconds)  # type: ignore[arg-type]

    return read_number


def _day_in(tz: ZoneInfo, instants: Callable[[Any], object], days: Callable[[Any], object], cell: Any) -> object:
    """The day of an instant in the zone `tz`, or what `days` reads where the cell is no instant."""
    try:
        at = instants(cell)
    except ValueError:
        return days(cell)
    return at.astimezone(tz).date() if isinstance(at, datetime) else days(cell)


def _in_zone(at: Any, tz: ZoneInfo | None) -> object:
    """An instant written without a zone, in `tz`; of a time that was shown twice, the first."""
    if not isinstance(at, datetime) or at.tzinfo is not None:
        return at
    if tz is None:
        raise ValueError(at)
    there = at.replace(tzinfo=tz)
    if there.astimezone(UTC).astimezone(tz).replace(tzinfo=None, fold=0) != at.replace(fold=0):
        raise ValueError(at)  # the clocks jumped over it
    return there
