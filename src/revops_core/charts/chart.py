"""Chart: a picture as plain data, which a notebook draws by itself, with the numbers in it as a table.

The picture is a Vega-Lite 5 specification: JupyterLab, Notebook 7, VS Code and others draw it without any package.
Every name in a specification is ours and every text of the caller is a value in it, so that nothing is read as a field,
an expression or markup. Colours are those of Okabe and Ito, which the colour-blind tell apart, and no colour says what
a shape, a place or a word does not say too.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from attrs import field, frozen

from revops_core.errors import Fault, InvalidValueError, MissingColumnsError
from revops_core.values.checks import as_tuple, require
from revops_core.values.show import show
from revops_core.values.table import Table

__all__ = ["COLORS", "Chart", "amount", "bound", "drawn", "layer", "rows_of", "word"]

_HEX = "blue #0072B2 orange #E69F00 green #009E73 purple #CC79A7 sky #56B4E9 red #D55E00 black #000000 olive #A89A00"
_GREYS = "grey #8C8C8C silver #C8C8C8 line #B0B0B0 pale #E6E6E6 soft #5A5A5A ink #2B2B2B"
_WORDS = f"{_HEX} {_GREYS}".split()
COLORS: Mapping[str, str] = MappingProxyType(dict(zip(_WORDS[::2], _WORDS[1::2], strict=True)))
"""The colours by name; the first eight are for things that are told apart."""

_SCHEMA, _VEGA_LITE = "https://vega.github.io/schema/vega-lite/v5.json", "application/vnd.vegalite.v5+json"
_TEXTS = {"labelColor": COLORS["ink"], "titleColor": COLORS["ink"], "titleFontWeight": "normal", "labelLimit": 260}
_LINES = {"gridColor": COLORS["pale"], "domainColor": COLORS["line"], "tickColor": COLORS["line"]}
_CONFIG = {
    "font": "Helvetica, Arial, sans-serif",
    "view": {"stroke": None},
    "axis": {**_TEXTS, **_LINES, "titlePadding": 10, "labelFontSize": 11},
    "legend": {**_TEXTS, "symbolLimit": 60, "symbolOpacity": 1},
    "title": {"anchor": "start", "frame": "group", "fontSize": 15, "offset": 14, "subtitleColor": COLORS["soft"]},
}


def _as_json(spec: object) -> str:
    """A specification as text that may stand in a script element, too."""
    try:
        held = json.loads(spec) if isinstance(spec, str) else spec  # plain data of a chart has it as text
        return json.dumps(held, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")
    except (TypeError, ValueError):
        raise InvalidValueError("Chart", [Fault("spec", "must be plain data that JSON can hold", spec)]) from None


@frozen(repr=False)
class Chart:
    """A picture of a result; as the last value of a notebook cell it shows itself, in a terminal it prints its table.

    Args:
        spec: the Vega-Lite specification, as plain data or as JSON.
        table: the numbers in the picture, for who cannot see it and for programs that draw no Vega-Lite; it has the
            title.

    Raises:
        InvalidValueError: a specification that is no plain data.

    >>> chart = Chart({"mark": "bar"}, Table(["channel", "leads"], [["web", 7]], title="Leads"))
    >>> chart.title, chart.spec["mark"], chart.to_json()
    ('Leads', 'bar', '{"mark":"bar"}')
    >>> print(chart)
    Leads
    channel  leads
    -------  -----
    web          7
    """

    _text: str = field(alias="spec", converter=_as_json)
    table: Table

    def __attrs_post_init__(self) -> None:
        require("Chart", table=(self.table, Table))

    @property
    def title(self) -> str:
        """What it shows."""
        return self.table.title

    @property
    def spec(self) -> dict[str, Any]:
        """The specification as plain data, a new copy each time: change it, save it, hand it to Altair."""
        found: dict[str, Any] = json.loads(self._text)
        return found

    def to_json(self) -> str:
        """The specification as JSON, for a file or a script element of a web page."""
        return self._text

    def __str__(self) -> str:
        return str(self.table)

    def __repr__(self) -> str:
        return f"Chart({self.title!r})"

    def _repr_mimebundle_(self, include: Iterable[str] = (), exclude: Iterable[str] = ()) -> dict[str, Any]:
        """What a notebook asks for: the picture, and for programs that draw none, the table.

        The table stands there as Markdown, in which HTML is allowed: JupyterLab ranks HTML above Vega-Lite and Markdown
        below it, so that it would show the table in the place of the picture. Who asks for HTML by name gets it.
        """
        html = " ".join(self.table._repr_html_().split())  # a blank line would end the table in Markdown
        bundle = {_VEGA_LITE: self.spec, "text/markdown": html, "text/plain": str(self), "text/html": html}
        asked = {*(include or list(bundle)[:3])} - {*(exclude or ())}
        return {kind: shown for kind, shown in bundle.items() if kind in asked}


def drawn(table: Table, says: Sequence[str] = (), **parts: Any) -> Chart:
    """A chart with the look of all charts, from the parts of a specification that are its own."""
    head = {"text": table.title, **({"subtitle": [*says]} if says else {})}
    whole = {"$schema": _SCHEMA, "description": ". ".join([table.title, *says]), "background": "white", "title": head}
    return Chart({**whole, **parts, "config": _CONFIG}, table)


def bound(table: Table, numbers: Iterable[Mapping[str, Any]], **channels: Any) -> dict[str, Any]:
    """The data of a picture: what is drawn of each row of a table, whose cells are the lines of its tooltip."""
    texts = ({f"t{n}": show(cell) for n, cell in enumerate(cells)} for cells in table.cells)
    values = [{**text, **each} for text, each in zip(texts, numbers, strict=True)]
    tooltip = [{"field": f"t{n}", "type": "nominal", "title": name} for n, name in enumerate(table.columns)]
    return {"data": {"values": values}, "encoding": {**channels, "tooltip": tooltip}}


def amount(name: str, **more: Any) -> dict[str, Any]:
    """A channel that reads numbers from a field."""
    return {"field": name, "type": "quantitative", **more}


def word(name: str, **more: Any) -> dict[str, Any]:
    """A channel that reads texts from a field, in the order in which they come."""
    return {"field": name, "type": "nominal", "sort": None, **more}


def layer(mark: str, look: Mapping[str, Any], only: str = "", /, **channels: Any) -> dict[str, Any]:
    """Marks of one kind for all values, or only for those that have a number in the field `only`."""
    filtered = {"transform": [{"filter": {"field": only, "valid": True}}]} if only else {}
    return {**filtered, "mark": {"type": mark, **look}, "encoding": channels}


def rows_of(what: str, result: Any, kinds: Any, columns: Sequence[str]) -> tuple[Any, ...]:
    """One or more rows of the `kinds` that are asked for, of which those that are mappings have all `columns`.

    Raises:
        InvalidValueError: there are none, or they are something else.
        MissingColumnsError: a row lacks a column.
    """
    rows = as_tuple(result)
    require(what, result=(rows, tuple[kinds, ...]))
    if not rows:
        raise InvalidValueError(what, [Fault("result", "must have something to draw", result)])
    for row in rows:
        if isinstance(row, Mapping) and (missing := [name for name in columns if name not in row]):
            raise MissingColumnsError(missing, map(str, row))
    return rows
