"""Table: named columns of values, shown as text or HTML; the values stay what they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import accumulate
from typing import Annotated, Any
from unicodedata import category, east_asian_width

from attrs import field, frozen

from revops_core.errors import Fault
from revops_core.values.checks import AtLeast, as_tuple, refuse_faults, require
from revops_core.values.money import Money
from revops_core.values.show import show

__all__ = ["Table"]

_GAP = "  "
_NARROW = 8  # a column of text is not cut below this
_NUMBERS = int | float | Decimal | Fraction | Money | timedelta
_HTML_ROWS = 1000
# As html.escape does; that module would cost a twelfth of what the whole library adds to an import.
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"})
_Width = Annotated[int, AtLeast(20)]


def _cells(cells: Iterable[Iterable[Any]]) -> Any:
    """The rows as tuples; a row without an order is returned as it is, for the check to refuse."""
    if isinstance(cells, str | Mapping) or not isinstance(cells, Iterable):
        return cells
    return tuple(row if isinstance(row, Mapping | AbstractSet) else as_tuple(row) for row in cells)


@frozen(repr=False)
class Table:
    """Rows of values under named columns, as a report or a notebook shows them.

    `str(table)` is text of at most 100 columns; `rows()` gives the values themselves, as a DataFrame takes them.

    Args:
        columns: the names, each once.
        cells: the rows, each with one value for each column.
        title: what it is about.
        units: how the values of each column are shown, as `show` takes it, e.g. "ratio"; none where not given.

    Raises:
        InvalidValueError: columns that repeat, rows of another length; names each.

    >>> print(Table(["stage", "won"], [["proposal", Fraction(2, 3)], ["negotiation", None]], title="By stage"))
    By stage
    stage           won
    -----------  ------
    proposal     66.7 %
    negotiation
    """

    columns: tuple[str, ...] = field(converter=as_tuple)
    cells: tuple[tuple[Any, ...], ...] = field(converter=_cells)
    title: str = ""
    units: tuple[str, ...] = field(default=(), converter=as_tuple)

    def __attrs_post_init__(self) -> None:
        refuse_faults(self, _faults)

    def rows(self) -> list[dict[str, Any]]:
        """The values row by row, by the name of their column: `pandas.DataFrame(table.rows())`."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.cells]

    def text(self, width: int = 100) -> str:
        """The table as aligned lines of at most `width` columns of a terminal.

        Numbers stand to the right and are never cut, be the first column wider than that. Where there is too little
        room, texts are cut, marked by "…", and then the last columns left out; a last line names them.

        Args:
            width: columns of the terminal, at least 20; a Chinese, Japanese or Korean letter takes two.
        """
        require("Table.text", width=(width, _Width))
        shown = [[_plain(text) for text in row] for row in _shown(self)]
        numeric = [_is_numeric(self, column) for column in range(len(self.columns))]
        widths = _fitted(self, shown, width)
        lines = [_cut(_plain(self.title), width)] if self.title else []
        header = [_plain(name) for name in self.columns]
        ruler = ["-" * column for column in widths]
        for row in (header, ruler, *shown):
            cells = [_aligned(*cell) for cell in zip(row, widths, numeric, strict=False)]
            lines.append(_GAP.join(cells).rstrip())
        left_out = header[len(widths) :]
        if left_out:
            lines.append(_cut(f"(no room for {', '.join(left_out)})", width))
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return f"Table({self.title!r}, {len(self.cells)} rows of {', '.join(self.columns)})"

    def _repr_html_(self) -> str:
        """The table as a notebook shows it, every text escaped; beyond 1,000 rows it counts the others."""
        numeric = [_is_numeric(self, column) for column in range(len(self.columns))]
        align = [' style="text-align: right"' if is_number else ' style="text-align: left"' for is_number in numeric]
        head = "".join(f"<th{how}>{_escaped(name)}</th>" for name, how in zip(self.columns, align, strict=True))
        body = "".join(
            f"<tr>{''.join(f'<td{how}>{_escaped(text)}</td>' for text, how in zip(row, align, strict=True))}</tr>"
            for row in _shown(self, _HTML_ROWS)
        )
        more = len(self.cells) - _HTML_ROWS
        rest = f'<tfoot><tr><td colspan="{len(self.columns)}">… {more:,} more rows</td></tr></tfoot>'
        caption = f"<caption>{_escaped(self.title)}</caption>" if self.title else ""
        return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody>{rest if more > 0 else ''}</table>"


def _escaped(text: str) -> str:
    return text.translate(_ESCAPES)


def _faults(table: Table) -> Iterator[Fault]:
    twice = [name for name, count in Counter(table.columns).items() if count > 1]
    if twice or not table.columns:
        yield Fault("columns", "must be one or more names, each once", twice)
    if table.units and len(table.units) != len(table.columns):
        yield Fault("units", f"must be none, or one for each of {len(table.columns)} columns", table.units)
    for number, row in enumerate(table.cells):
        if len(row) != len(table.columns):
            yield Fault(f"cells[{number}]", f"must have {len(table.columns)} values, one for each column", row)


def _is_numeric(table: Table, column: int) -> bool:
    """Whether a column has numbers and no other text than the reason why one is missing."""
    values = [row[column] for row in table.cells]
    return any(_is_number(value) for value in values) and not any(isinstance(value, str) for value in values)


def _is_number(value: object) -> bool:
    return isinstance(value, _NUMBERS) and not isinstance(value, bool)


def _shown(table: Table, limit: int | None = None) -> list[list[str]]:
    units = table.units or ("",) * len(table.columns)
    return [[show(value, unit) for value, unit in zip(row, units, strict=True)] for row in table.cells[:limit]]


def _fitted(table: Table, shown: list[list[str]], width: int) -> list[int]:
    """The width of each column that has room: the widest text is narrowed first, then the last columns go."""
    widths = [_room(_plain(name)) for name in table.columns]
    least = [min(column, _NARROW) for column in widths]
    for row, values in zip(shown, table.cells, strict=True):
        for column, (text, value) in enumerate(zip(row, values, strict=True)):
            room = _room(text)
            widths[column] = max(widths[column], room)
            least[column] = max(least[column], room if _is_number(value) else min(room, _NARROW))
    while len(widths) > 1 and sum(least[: len(widths)]) + len(_GAP) * (len(widths) - 1) > width:
        widths.pop()
    while sum(widths) + len(_GAP) * (len(widths) - 1) > width:
        slack = [column - bound for column, bound in zip(widths, least, strict=False)]
        if not any(slack):
            break
        widest = max(range(len(widths)), key=lambda column: (slack[column] > 0, widths[column]))
        widths[widest] -= 1
    return widths


def _plain(text: str) -> str:
    """`text` without line breaks and other control characters, which would break the lines or command the terminal."""
    if text.isprintable():
        return text
    return "".join(" " if category(letter) in {"Cc", "Cs", "Zl", "Zp"} else letter for letter in text)


def _letter_room(letter: str) -> int:
    if category(letter) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if east_asian_width(letter) in {"W", "F"} else 1


def _room(text: str) -> int:
    """How many columns of a terminal `text` takes."""
    return len(text) if text.isascii() else sum(map(_letter_room, text))


def _cut(text: str, width: int) -> str:
    """`text`, or as much of it as has room before the mark that it goes on."""
    if _room(text) <= width:
        return text
    kept = sum(room < width for room in accumulate(map(_letter_room, text)))
    return text[:kept] + "…"


def _aligned(text: str, width: int, is_number: bool) -> str:
    text = _cut(text, width)
    padding = " " * (width - _room(text))
    return padding + text if is_number else text + padding
