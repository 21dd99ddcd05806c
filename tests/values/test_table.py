from __future__ import annotations

import pickle
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from html import escape, unescape
from unicodedata import category, east_asian_width

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revops_core.errors import InvalidValueError
from revops_core.values.measurement import Undefined
from revops_core.values.money import Money
from revops_core.values.table import Table

texts = st.text(max_size=30) | st.text("契約商談가나é́\u200b🙂ab", max_size=30)
names = st.lists(texts, min_size=1, max_size=8, unique=True)


def _room(text: str) -> int:
    marks = sum(category(letter) in ("Mn", "Me", "Cf") for letter in text)
    wide = sum(east_asian_width(letter) in "WF" and category(letter) not in ("Mn", "Me", "Cf") for letter in text)
    return len(text) - marks + wide


@st.composite
def tables(draw: st.DrawFn) -> Table:
    columns = draw(names)
    cell = texts | st.integers(-999, 999) | st.none() | st.dates()
    rows = draw(st.lists(st.lists(cell, min_size=len(columns), max_size=len(columns)), max_size=6))
    return Table(columns, rows, title=draw(texts))


@given(tables(), st.integers(20, 120))
def test_every_line_fits_the_width_and_there_is_one_for_each_row(table: Table, width: int) -> None:
    lines = table.text(width).split("\n")
    assert all(_room(line) <= width for line in lines)
    left_out = lines[-1].startswith("(no room for") and len(lines) > bool(table.title) + 2 + len(table.cells)
    assert len(lines) == bool(table.title) + 2 + len(table.cells) + left_out


@given(tables())
def test_html_holds_every_text_escaped_and_no_other_markup(table: Table) -> None:
    html = table._repr_html_()
    for tag in ("table", "caption", "thead", "tbody", "tr", "th", "td"):
        html = html.replace(f"</{tag}>", "\0").replace(f"<{tag}>", "\0")
        html = html.replace(f'<{tag} style="text-align: left">', "\0").replace(
            f'<{tag} style="text-align: right">', "\0"
        )
    assert "<" not in html
    for name in table.columns:
        assert name in unescape(html)


def test_a_table_reads_like_a_report() -> None:
    table = Table(
        ["stage", "deals", "value", "win rate", "cycle"],
        [
            ["proposal", 12, Money("10005534", "USD"), Fraction(2, 3), timedelta(days=41, hours=6)],
            ["negotiation", 3, Undefined("no_amount"), None, timedelta(hours=30)],
        ],
        title="Pipeline by stage",
    )
    assert str(table).split("\n") == [
        "Pipeline by stage",
        "stage        deals                                   value  win rate        cycle",
        "-----------  -----  --------------------------------------  --------  -----------",
        "proposal        12                       10,005,534.00 USD    66.7 %       41.2 d",
        "negotiation      3  undefined: the records have no amounts            30 h 00 min",
    ]
    assert table.text(60).split("\n")[-1] == "negotiation      3  undefined: the r…            30 h 00 min"
    assert table.text(30).split("\n")[-1] == "(no room for value, win rate,…"


def test_texts_are_cut_before_columns_are_left_out_and_numbers_never_are() -> None:
    table = Table(["name of the account", "amount", "owner"], [["Société Générale de Surveillance", 1_234_567, "Ana"]])
    assert table.text(30).split("\n") == [
        "name of the…     amount  owner",
        "------------  ---------  -----",
        "Société Gén…  1,234,567  Ana",
    ]
    narrow = table.text(20).split("\n")
    assert narrow[-1] == "(no room for owner)"
    assert narrow[2] == "Société …  1,234,567"


def test_a_first_column_of_numbers_is_shown_whole_whatever_the_width() -> None:
    assert Table(["n"], [[10**18]]).text(20).split("\n")[2] == "1,000,000,000,000,000,000"


def test_wide_letters_and_marks_keep_the_columns_aligned() -> None:
    table = Table(["取引先", "n"], [["東京電力", 5], ["e\u0301clair", 7], ["ab", 10]])
    assert str(table).split("\n") == [
        "取引先     n",
        "--------  --",
        "東京電力   5",
        "e\u0301clair     7",
        "ab        10",
    ]
    assert Table(["契約"], [["東京電力ホールディングス株式会社"]]).text(20).split("\n")[2] == "東京電力ホールディ…"


def test_line_breaks_and_control_characters_do_not_reach_the_terminal() -> None:
    text = str(Table(["a\nb"], [["x\x1b[31my\r\nz\u2028w"]], title="t\x07"))
    assert text.split("\n") == ["t ", "a b", "------------", "x [31my  z w"]


def test_html_escapes_what_could_be_markup() -> None:
    html = Table(["<b>"], [["<script>alert('x')</script>"], [3]], title="a & b")._repr_html_()
    assert "<script" not in html
    assert "&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt;" in html
    assert "<caption>a &amp; b</caption>" in html
    assert '<th style="text-align: left">&lt;b&gt;</th>' in html
    assert '<td style="text-align: right">3</td>' in Table(["n"], [[3]])._repr_html_()


def test_html_of_very_many_rows_counts_those_it_does_not_show() -> None:
    html = Table(["n"], [[n] for n in range(2500)])._repr_html_()
    assert html.count("<tr>") == 1002
    assert '<tfoot><tr><td colspan="1">… 1,500 more rows</td></tr></tfoot>' in html
    assert "more rows" not in Table(["n"], [[n] for n in range(1000)])._repr_html_()


def test_rows_give_the_values_untouched() -> None:
    table = Table(["stage", "rate"], [["won", Fraction(2, 3)], ["lost", None]])
    assert table.rows() == [{"stage": "won", "rate": Fraction(2, 3)}, {"stage": "lost", "rate": None}]
    assert pickle.loads(pickle.dumps(table)) == table
    assert repr(table) == "Table('', 2 rows of stage, rate)"


def test_units_tell_how_a_column_is_shown() -> None:
    table = Table(["rate", "ratio"], [[Decimal("0.25"), Fraction(5, 2)]], units=["fraction", "ratio"])
    assert str(table).split("\n")[2] == "25.0 %   2.50"


def test_flags_and_dates_are_texts_and_a_column_without_rows_is_too() -> None:
    assert str(Table(["flag", "day"], [[True, date(2026, 1, 2)]])).split("\n")[2] == "True  2026-01-02"
    assert str(Table(["flag"], [])) == "flag\n----"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((["a", "b", "a"], []), "Table: 'columns' must be one or more names, each once (got ['a'])"),
        (([], []), "'columns' must be one or more names"),
        ((["a"], [[1], [1, 2], []]), "'cells[1]' must have 1 values, one for each column (got (1, 2)); 'cells[2]'"),
        (("ab", []), "'columns' must be a tuple"),
        (([3], []), "'columns' must be a tuple whose items must be a str"),
        ((["a"], [{"a": 1}]), "'cells' must be a tuple whose items must be a tuple"),
        ((["a"], ["x"]), "'cells' must be a tuple whose items must be a tuple"),
        ((["a"], {"a": 1}), "'cells' must be a tuple"),
        ((["a"], None), "'cells' must be a tuple"),
        ((["a"], [], 3), "'title' must be a str"),
        ((["a"], [], "", ["", ""]), "'units' must be none, or one for each of 1 columns (got ('', ''))"),
    ],
)
def test_a_table_with_a_fault_is_refused(arguments: tuple[object, ...], message: str) -> None:
    with pytest.raises(InvalidValueError) as caught:
        Table(*arguments)
    assert message in str(caught.value)


def test_a_terminal_narrower_than_20_columns_is_refused() -> None:
    with pytest.raises(InvalidValueError, match=r"Table.text: 'width' must be an int of at least 20"):
        Table(["a"], []).text(19)


@given(st.text())
def test_html_is_escaped_as_the_standard_library_does(text):
    assert escape(text) in Table(["a"], [[text]])._repr_html_()
