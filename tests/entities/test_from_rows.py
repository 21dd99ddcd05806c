from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any
from zipfile import ZipFile
from zoneinfo import ZoneInfo

import pytest
from attrs import fields
from hypothesis import given, settings
from hypothesis import strategies as st

from revops_core.entities import (
    Account,
    AutomationRun,
    Changed,
    Deal,
    Lead,
    LineItem,
    Opportunity,
    Product,
    Quota,
    Subscription,
    Ticket,
    Usage,
    User,
    check,
    from_rows,
)
from revops_core.entities.cells import is_missing
from revops_core.errors import InvalidValueError, MissingColumnsError, UnknownFieldError
from revops_core.values.money import Money
from revops_core.values.problem import Problem
from tests.entities.strategies import amounts, days, instants, texts

DATA = Path(__file__).parents[2] / "../shared/data"
needs_data = pytest.mark.skipif(not DATA.exists(), reason="the public data does not stand beside the project")


def read(cls: type, *rows: Mapping[Any, Any], **options: Any) -> tuple[list[Any], list[Problem]]:
    return from_rows(cls, rows, **options)


def one(cls: type, field: str, cell: object, **options: Any) -> Any:
    """The field of the one value read from a cell, or the problem's sentence."""
    [value], problems = read(cls, {"id": "x", field: cell}, **options)
    return problems[0].says if problems else getattr(value, field)


def rule(cls: type, field: str, cell: object, **options: Any) -> str:
    """The one problem of a cell that cannot be read; the record is there without it."""
    [value], [problem] = read(cls, {"id": "x", field: cell}, **options)
    [default] = [attribute.default for attribute in fields(cls) if attribute.name == field]
    assert getattr(value, field) == default
    assert (problem.code, problem.field, problem.row, problem.subject_id) == ("invalid_value", field, 1, "x")
    return problem.says


def test_rows_are_read_by_the_names_of_the_fields_and_other_columns_are_told() -> None:
    rows = [
        {"id": "o1", "amount": "12.50", "amount.currency": "EUR", "acount_id": "a1", "custom.x": "y", "custom": "z"}
    ]
    found, problems = read(Opportunity, *rows)
    assert found == [Opportunity(id="o1", amount=Money("12.50", "EUR"), custom={"x": "y"})]
    assert [(problem.code, problem.says) for problem in problems] == [
        ("unread_column", "the column 'acount_id' is no field and was not read"),
        ("unread_column", "the column 'custom' is no field and was not read"),
    ]


def test_columns_that_are_not_there_are_told_all_at_once_with_the_nearest_name() -> None:
    with pytest.raises(MissingColumnsError) as caught:
        read(
            Lead,
            {"Id": "l1", "E-mail": "x"},
            columns={"id": "ID", "email": "Email", "phone": "Phone no.", "title": "Id"},
        )
    assert caught.value.missing == ("ID", "Email", "Phone no.")
    assert str(caught.value) == (
        "the rows lack the columns 'ID', 'Email' (did you mean 'E-mail'?), 'Phone no.'; they have Id, E-mail"
    )
    with pytest.raises(MissingColumnsError, match="'id'; they have none"):
        read(Lead, {})
    with pytest.raises(MissingColumnsError, match="'ends_on'"):
        read(Quota, {"owner_id": "u", "amount": "1", "starts_on": "x"}, currency="EUR")


def test_no_rows_give_nothing() -> None:
    assert read(Lead) == ([], [])


@pytest.mark.parametrize(
    "options",
    [
        {"columns": {"id": "id", "emial": "id"}},
        {"values": {"emial": {}}},
        {"strict": ["emial"]},
        {"percentages": ["emial"]},
    ],
    ids=str,
)
def test_a_field_that_the_class_does_not_have_is_refused_with_the_nearest(options: Any) -> None:
    with pytest.raises(UnknownFieldError, match="did you mean 'email'"):
        read(Lead, {"id": "l1"}, **options)


def test_a_fact_has_no_custom_fields() -> None:
    with pytest.raises(UnknownFieldError, match=r"custom\.x"):
        read(Usage, {"account_id": "a", "x": 1}, columns={"account_id": "account_id", "custom.x": "x"})


def test_a_field_that_one_cell_cannot_hold_and_an_amount_without_currency_are_refused_together() -> None:
    columns = {"id": "id", "lines": "id", "amount": "id", "custom": "id"}
    with pytest.raises(InvalidValueError) as caught:
        read(Deal, {"id": "d1"}, columns=columns)
    assert [fault.says for fault in caught.value.faults] == [
        "'columns' must not name 'lines': one cell cannot hold it (got 'id')",
        "'currency' must be given, or a column for 'amount.currency' (got None)",
        "'columns' must not name 'custom': one cell cannot hold it (got 'id')",
    ]
    with pytest.raises(InvalidValueError, match="'columns'"):
        read(AutomationRun, {"process": "p", "at": "x", "manual_time": "1"})


@pytest.mark.parametrize(
    "options", [{"columns": ["id"]}, {"values": 3}, {"currency": 3}, {"currency": "XXQ"}, {"tz": "Mars"}], ids=str
)
def test_wrong_arguments_are_refused(options: Any) -> None:
    with pytest.raises(InvalidValueError):
        read(Lead, {"id": "l1"}, **options)


def test_a_faulty_cell_is_told_and_the_record_is_there_without_it() -> None:
    rows = [
        {"id": "o1", "amount": "1,200", "probability": "1.5", "close_date": "31.12.2026"},
        {"id": "o2", "amount": "7", "probability": "", "close_date": "2026-12-31"},
    ]
    found, problems = read(Opportunity, *rows, currency="EUR")
    assert found == [Opportunity(id="o1"), Opportunity(id="o2", amount=Money(7, "EUR"), close_date=date(2026, 12, 31))]
    assert [str(problem) for problem in problems] == [
        (
            "Opportunity o1 row 1: 'amount' must be a number such as 1250.50, with a point and without separators"
            " (got '1,200')"
        ),
        "Opportunity o1 row 1: 'close_date' must be a day, written as ISO 8601 (got '31.12.2026')",
        "Opportunity o1 row 1: 'probability' must be a finite Decimal from 0 to 1 or None (got Decimal('1.5'))",
    ]


def test_a_row_without_an_id_is_told_and_gives_no_record() -> None:
    found, problems = read(
        Lead, {"id": "", "employee_count": "x"}, {"id": None, "employee_count": ""}, {"id": 7.5, "employee_count": 1}
    )
    assert found == []
    assert [(problem.code, problem.field, problem.row, problem.subject_id) for problem in problems] == [
        ("invalid_value", "employee_count", 1, None),
        ("missing_value", "id", 1, None),
        ("missing_value", "id", 2, None),
        ("invalid_value", "id", 3, None),
    ]


def test_a_fact_without_what_it_must_have_gives_problems_only() -> None:
    row = {"owner_id": "u1", "amount": "5", "starts_on": "2026-04-01", "ends_on": "2026-01-01"}
    found, [problem] = read(Quota, row, {**row, "ends_on": "2026-07-01"}, currency="EUR")
    assert len(found) == 1
    assert (problem.field, problem.row, problem.subject) == ("ends_on", 1, "Quota")


def test_days_in_the_wrong_order_are_told_and_the_last_is_left_out() -> None:
    [found], [problem] = read(Subscription, {"id": "s", "starts_on": "2026-02-01", "ends_on": "2026-01-01"})
    assert (found.starts_on, found.ends_on, problem.field) == (date(2026, 2, 1), None, "ends_on")


def test_more_cells_than_columns_are_told() -> None:
    rows = csv.DictReader(io.StringIO("id,name\na1,Initech\na2,Smith, Jones\n"))
    found, [problem] = from_rows(Account, rows)
    assert [account.name for account in found] == ["Initech", "Smith"]
    assert (problem.code, problem.row, problem.subject_id) == ("unread_cells", 2, "a2")


def test_a_row_that_lacks_a_later_column_lacks_the_value() -> None:
    assert read(Account, {"id": "a1", "name": "x"}, {"id": "a2"})[0][1].name is None


@pytest.mark.parametrize("cell", ["?", " ? ", "", "  ", None, float("nan"), Decimal("NaN")], ids=repr)
def test_missing_cells_leave_the_default_and_are_no_problem(cell: object) -> None:
    rows = [{"id": "t1", "outcome": cell, "reopened_count": cell, "stage": cell, "custom.x": cell}]
    assert read(Ticket, *rows, missing=["?"]) == ([Ticket(id="t1")], [])


class Neither:
    """A missing value of DataFrames that is neither true nor false."""

    def __ne__(self, other: object) -> Any:
        return self

    def __bool__(self) -> bool:
        raise TypeError

    __hash__ = None  # type: ignore[assignment]


def test_what_is_neither_true_nor_false_is_missing() -> None:
    assert is_missing(Neither())
    assert not is_missing(0)


def test_values_are_translated_and_others_kept_or_told_where_the_field_is_strict() -> None:
    rows = [{"id": "o1", "outcome": "Won"}, {"id": "o2", "outcome": "Engaging"}, {"id": "o3", "outcome": "?"}]
    meaning = {"outcome": {"Won": "won", "?": None}}
    found, problems = read(Opportunity, *rows, values=meaning)
    assert [sale.outcome for sale in found] == ["won", "Engaging", "open"]
    assert problems == []
    found, [problem] = read(Opportunity, *rows, values=meaning, strict={"outcome"})
    assert [sale.outcome for sale in found] == ["won", "open", "open"]
    assert (problem.code, problem.row) == ("unmapped_value", 2)
    assert problem.says == "'outcome' must be a value that `values` names (got 'Engaging')"


def test_a_strict_field_without_values_takes_none() -> None:
    found, [problem] = read(Opportunity, {"id": "o1", "stage": "x"}, strict={"stage"})
    assert (found, problem.code) == ([Opportunity(id="o1")], "unmapped_value")


def test_the_currency_of_a_row_wins_over_the_one_for_all() -> None:
    rows = [
        {"id": "p1", "list_price": "5", "list_price.currency": " USD "},
        {"id": "p2", "list_price": "5", "list_price.currency": ""},
    ]
    found, _ = read(Product, *rows, currency="EUR")
    assert [product.list_price for product in found] == [Money(5, "USD"), Money(5, "EUR")]
    [found_one], [problem] = read(Product, rows[1])
    assert found_one.list_price is None
    assert problem.says == "'list_price' has a currency that must be an ISO 4217 code such as 'EUR' (got None)"


@pytest.mark.parametrize("cell", [Money(5, "USD"), "5", 5, Decimal(5), " 5 ", "5.00", "+5", "5e0"], ids=repr)
def test_amounts_are_read_from_money_text_and_exact_numbers(cell: object) -> None:
    assert one(Product, "list_price", cell, currency="USD") == Money(5, "USD")


@pytest.mark.parametrize("cell", ["$5", "5 USD", "1_000", "1,000.00", "NaN", "inf", "٥", "--5", "."])
def test_amounts_in_any_other_writing_are_told(cell: str) -> None:
    assert "must be a number such as 1250.50" in rule(Product, "list_price", cell, currency="USD")


def test_a_float_is_no_amount() -> None:
    assert "write it as text" in rule(Product, "list_price", 0.1, currency="USD")


@pytest.mark.parametrize("cell", ["40", "40%", "40 %", Decimal(40), 40], ids=repr)
def test_percentages_are_read_as_fractions_where_they_are_said_to_be(cell: object) -> None:
    with localcontext(prec=1):
        assert one(Opportunity, "probability", cell, percentages=["probability"]) == Decimal("0.4")
    with localcontext(prec=2):
        assert one(Opportunity, "probability", "33.333", percentages=["probability"]) == Decimal("0.33333")
    assert "must be a finite Decimal" in rule(Opportunity, "probability", 0.4, percentages=["probability"])


@pytest.mark.parametrize(
    ("cell", "count"), [("350", 350), ("350.0", 350), (350, 350), (350.0, 350), ("3e2", 300)], ids=repr
)
def test_counts_are_read_from_whole_numbers(cell: object, count: int) -> None:
    found = one(Lead, "employee_count", cell)
    assert found == count
    assert isinstance(found, int)


@pytest.mark.parametrize("cell", ["350.5", "many", 350.5, True, "-1", b"1"], ids=repr)
def test_anything_else_is_no_count(cell: object) -> None:
    rule(Lead, "employee_count", cell)


@pytest.mark.parametrize(
    ("cell", "truth"),
    [("Yes", True), ("TRUE", True), ("1", True), ("n", False), (" false ", False), (False, False)],
    ids=repr,
)
def test_truths_are_read_from_the_usual_words(cell: object, truth: bool) -> None:
    assert one(Lead, "email_verified", cell) is truth


@pytest.mark.parametrize("cell", ["x", "2", 1], ids=repr)
def test_anything_else_is_no_truth(cell: object) -> None:
    rule(Lead, "email_verified", cell)


def test_texts_are_kept_as_given_and_whole_numbers_become_ids() -> None:
    assert one(Lead, "company", "  Ünï ") == "  Ünï "
    assert one(Lead, "owner_id", 17) == "17"
    for cell in (17.0, True, b"x", date(2026, 1, 1)):
        assert "must be a str" in rule(Lead, "company", cell)


@pytest.mark.parametrize(
    "cell", ["2026-03-01", date(2026, 3, 1), datetime(2026, 3, 1), "1/3/2026", "20260301"], ids=repr
)
def test_days_are_read_from_dates_iso_8601_and_the_formats_given(cell: object) -> None:
    assert one(Opportunity, "close_date", cell, date_formats=["%d/%m/%Y %H:%M", "%d.%m.%y", "%d/%m/%Y"]) == date(
        2026, 3, 1
    )


@pytest.mark.parametrize(
    "cell",
    ["1/3/2026", "2026-03-01T10:00", datetime(2026, 3, 1, 10), datetime(2026, 3, 1, tzinfo=UTC), 20260301],
    ids=repr,
)
def test_anything_else_is_no_day(cell: object) -> None:
    rule(Opportunity, "close_date", cell, tz="UTC")


@pytest.mark.parametrize(
    "cell",
    [
        "2026-03-01T09:00:00Z",
        "2026-03-01 10:00",
        "1/3/2026 10:00",
        datetime(2026, 3, 1, 10),
        datetime(2026, 3, 1, 9, tzinfo=UTC),
    ],
    ids=repr,
)
def test_instants_are_read_with_their_offset_or_in_the_zone_given(cell: object) -> None:
    found = one(Opportunity, "created_at", cell, tz="Europe/Paris", date_formats=["%d/%m/%Y", "%d/%m/%Y %H:%M"])
    assert found == datetime(2026, 3, 1, 9, tzinfo=UTC)


@pytest.mark.parametrize("cell", ["2026-03-01", "20260301", date(2026, 3, 1), "2026-03-29 02:30", "25:00", 5], ids=repr)
def test_a_day_is_no_instant_nor_is_a_time_that_the_clocks_jumped_over(cell: object) -> None:
    rule(Opportunity, "created_at", cell, tz="Europe/Paris")


def test_an_instant_without_a_zone_is_told_where_none_is_given() -> None:
    for cell in ("2026-03-01T10:00", datetime(2026, 3, 1, 10)):
        assert "with an offset or in a zone `tz` that showed it" in rule(Opportunity, "created_at", cell)


def test_of_a_time_that_was_shown_twice_the_first_is_meant() -> None:
    found = one(Opportunity, "created_at", "2026-10-25 02:30", tz="Europe/Paris")
    assert found.astimezone(UTC) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert found.tzinfo is ZoneInfo("Europe/Paris")


def test_a_tuple_of_texts_is_read_by_its_separator() -> None:
    assert one(Account, "tags", "a; b ;;c") == ("a", "b", "c")
    assert one(Account, "tags", "a|b", separator="|") == ("a", "b")
    assert one(Account, "tags", ["a", "b"]) == ("a", "b")


def test_a_field_that_may_hold_anything_takes_the_cell_as_it_is() -> None:
    row = {
        "subject": "Opportunity",
        "subject_id": "o1",
        "field": "amount",
        "old": 1.5,
        "new": "2",
        "at": "2026-03-01T09:00Z",
    }
    [found], problems = read(Changed, row)
    assert (found.old, found.new, problems) == (1.5, "2", [])


plain_cells = st.fixed_dictionaries(
    {
        "id": texts.filter(str.strip),
        "amount": amounts,
        "close_date": days,
        "created_at": instants,
        "stage_seq": st.integers(0, 99),
        "probability": st.decimals(0, 1, places=4),
        "name": texts.filter(str.strip),
    }
)


@settings(deadline=None)
@given(st.lists(plain_cells, max_size=5))
def test_what_a_table_says_in_text_is_what_is_read(rows: list[dict[str, Any]]) -> None:
    written = [
        {**{name: str(cell) for name, cell in row.items()}, "created_at": row["created_at"].isoformat()} for row in rows
    ]
    expected = [Opportunity(**{**row, "amount": Money(row["amount"], "EUR")}) for row in rows]
    assert from_rows(Opportunity, written, currency="EUR") == (expected, [])
    assert from_rows(Opportunity, rows, currency="EUR") == (expected, [])


@settings(deadline=None)
@given(
    st.lists(
        st.dictionaries(st.sampled_from(["id", "amount", "close_date", "created_at", "stage_seq", "outcome"]), texts),
        max_size=4,
    )
)
def test_no_row_is_lost_in_silence(rows: list[dict[str, str]]) -> None:
    columns = {name: name for name in ("id", "amount", "close_date", "created_at", "stage_seq", "outcome")}
    header = dict.fromkeys(columns, "")
    found, problems = from_rows(Opportunity, [{**header, **row} for row in rows], columns=columns, currency="EUR")
    read_rows = iter(found)
    for number, row in enumerate(rows, 1):
        faulty = {problem.field for problem in problems if problem.row == number}
        if "id" in faulty:
            continue
        sale = next(read_rows)
        for name, cell in row.items():
            if cell.strip() and name not in faulty:
                assert getattr(sale, name) == cell if name in {"id", "outcome"} else getattr(sale, name) is not None
    assert list(read_rows) == []


ACCOUNTS = {
    "columns": {
        "id": "account",
        "name": "account",
        "industry": "sector",
        "employee_count": "employees",
        "country": "office_location",
        "parent_id": "subsidiary_of",
        "annual_revenue": "revenue",
    },
    "values": {"industry": {"technolgy": "technology"}, "country": {"Philipines": "Philippines"}},
}
SALES = {
    "columns": {
        "id": "opportunity_id",
        "owner_id": "sales_agent",
        "product_id": "product",
        "account_id": "account",
        "stage": "deal_stage",
        "outcome": "deal_stage",
        "created_on": "engage_date",
        "closed_on": "close_date",
        "amount": "close_value",
    },
    "values": {"outcome": {"Won": "won", "Lost": "lost", "Engaging": "open", "Prospecting": "open"}},
    "strict": ["outcome"],
}
PRODUCTS = {"columns": {"id": "product", "name": "product", "family": "series", "list_price": "sales_price"}}
USERS = {"columns": {"id": "sales_agent", "name": "sales_agent", "region": "regional_office"}}
MAVEN: dict[type, tuple[str, dict[str, Any]]] = {
    Account: ("accounts.csv", ACCOUNTS),
    Product: ("products.csv", PRODUCTS),
    User: ("sales_teams.csv", USERS),
    Opportunity: ("sales_pipeline.csv", SALES),
}


@needs_data
def test_the_practice_crm_is_read_whole_and_its_quirks_are_told() -> None:
    records: dict[type, list[Any]] = {}
    for cls, (name, mapping) in MAVEN.items():
        with (DATA / "maven_crm" / name).open(newline="", encoding="utf-8") as file:
            records[cls], problems = from_rows(cls, csv.DictReader(file), currency="USD", **mapping)
        assert problems == []
    sales = records[Opportunity]
    assert {cls.__name__: len(found) for cls, found in records.items()} == {
        "Account": 85,
        "Product": 7,
        "User": 35,
        "Opportunity": 8800,
    }
    won = [sale for sale in sales if sale.outcome == "won"]
    assert Counter(sale.outcome for sale in sales) == {"won": 4238, "lost": 2473, "open": 2089}
    assert Money.total([sale.amount for sale in won], "USD") == Money(10_005_534, "USD")
    assert round(sum((sale.closed_on - sale.created_on).days for sale in won) / len(won), 2) == 51.78
    found = check([record for group in records.values() for record in group])
    assert Counter((problem.code, problem.field) for problem in found) == {
        ("dangling_reference", "product_id"): 1480,
        ("missing_account", "account_id"): 1425,
    }


@needs_data
def test_a_real_ticket_log_is_read_whole() -> None:
    columns = {
        "id": "number",
        "stage": "incident_state",
        "owner_id": "assigned_to",
        "created_at": "opened_at",
        "resolved_at": "resolved_at",
        "reopened_count": "reopen_count",
    }
    with (
        ZipFile(DATA / "uci_incident/incident_event_log.csv.zip") as archive,
        archive.open(archive.namelist()[0]) as raw,
    ):
        rows = csv.DictReader(io.TextIOWrapper(raw, encoding="utf-8", newline=""))
        found, problems = from_rows(
            Ticket, rows, columns=columns, missing=["?"], tz="UTC", date_formats=["%d/%m/%Y %H:%M"]
        )
    assert (len(found), problems) == (141_712, [])
    last = {ticket.id: ticket for ticket in found}
    assert len(last) == 24_918
    assert sum(ticket.reopened_count > 0 for ticket in last.values()) == 275
    assert min(ticket.created_at for ticket in found) == datetime(2016, 2, 29, 1, 16, tzinfo=UTC)
    assert max(ticket.resolved_at - ticket.created_at for ticket in found if ticket.resolved_at) > timedelta(days=300)


def test_a_line_item_is_read_like_any_other_value() -> None:
    [found], _ = read(
        LineItem, {"product_id": "p1", "quantity": "3", "unit_price": "10", "billing_interval": "month"}, currency="EUR"
    )
    assert found.price == Money(30, "EUR")


@pytest.mark.parametrize(
    ("cell", "unit"),
    [
        ("1767224100", "unix"),
        (1767224100, "unix"),
        (1767224100.0, "unix"),
        (" 1767224100.000 ", "unix"),
        ("1767224100000", "unix_ms"),
        (Decimal(1767224100000), "unix_ms"),
        ("2025-12-31T23:35:00Z", "unix_ms"),
    ],
    ids=repr,
)
def test_instants_and_their_days_are_read_from_seconds_and_milliseconds_where_it_is_said(
    cell: object, unit: str
) -> None:
    at = datetime(2025, 12, 31, 23, 35, tzinfo=UTC)
    assert one(Opportunity, "created_at", cell, date_formats=[unit]) == at
    assert one(Opportunity, "close_date", cell, date_formats=[unit], tz="Europe/Berlin") == date(2026, 1, 1)
    assert one(Opportunity, "close_date", cell, date_formats=[unit], tz="UTC") == date(2025, 12, 31)
    rule(Opportunity, "close_date", cell, date_formats=[unit])
    if not isinstance(cell, str) or "T" not in cell:
        rule(Opportunity, "created_at", cell, tz="UTC")


@pytest.mark.parametrize("cell", ["1.0000001", float("inf"), True, "1e400", 10**30, "-", "x"], ids=repr)
def test_no_other_number_is_an_instant(cell: object) -> None:
    rule(Opportunity, "created_at", cell, date_formats=["unix"])
    rule(Opportunity, "close_date", cell, date_formats=["unix"], tz="UTC")


@pytest.mark.parametrize("cell", ["2026-03-01", date(2026, 3, 1), datetime(2026, 3, 1), "1.3.26"], ids=repr)
def test_a_day_stays_a_day_where_instants_are_days_too(cell: object) -> None:
    formats = ["instant", "unix", "%d.%m.%y"]
    assert one(Opportunity, "close_date", cell, date_formats=formats, tz="America/New_York") == date(2026, 3, 1)


def test_where_instants_are_days_the_zone_says_which() -> None:
    cell = "2026-03-01T02:30:00Z"
    assert one(Opportunity, "close_date", cell, date_formats=["instant"], tz="America/New_York") == date(2026, 2, 28)
    typed = datetime(2026, 3, 1, 2, 30, tzinfo=UTC)
    assert one(Opportunity, "close_date", typed, date_formats=["instant"], tz="America/New_York") == date(2026, 2, 28)
    rule(Opportunity, "close_date", cell, date_formats=["instant"])


@pytest.mark.parametrize(
    ("cell", "currency", "amount"),
    [("1999", "EUR", "19.99"), (1999, "JPY", "1999"), (1999.0, "KWD", "1.999"), ("-5", "EUR", "-0.05")],
)
def test_amounts_are_read_from_cents_where_it_is_said(cell: object, currency: str, amount: str) -> None:
    found = one(Opportunity, "amount", cell, minor_units=["amount"], currency=currency)
    assert found == Money(amount, currency)


@pytest.mark.parametrize("cell", ["19.5", 19.5, True, "x", Decimal("0.1")], ids=repr)
def test_a_part_of_a_cent_is_no_amount_in_cents(cell: object) -> None:
    says = rule(Opportunity, "amount", cell, minor_units=["amount"], currency="EUR")
    assert "'amount' must be a" in says


def test_the_currency_of_a_row_is_translated_by_values() -> None:
    columns = {"id": "id", "amount": "amount", "amount.currency": "in"}
    values = {"amount.currency": {"euro": "EUR"}}
    rows = [{"id": "a", "amount": "1", "in": " euro "}, {"id": "b", "amount": "1", "in": "USD"}]
    found, problems = read(Opportunity, *rows, columns=columns, values=values)
    assert [deal.amount for deal in found] == [Money(1, "EUR"), Money(1, "USD")]
    assert not problems
