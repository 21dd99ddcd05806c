"""Records become a frame of any engine and records again, unchanged; a frame's own cells are read as they are meant."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from attrs import evolve, fields
from hypothesis import given, settings
from hypothesis import strategies as st

from revops_core import kpis
from revops_core.entities import (
    EXPORTS,
    Account,
    Contact,
    Deal,
    Lead,
    Opportunity,
    Quota,
    Subscription,
    Ticket,
    User,
)
from revops_core.errors import InvalidValueError, MissingColumnsError, UnknownFieldError
from revops_core.frames.entity_frames import from_entities, to_entities
from revops_core.testing import sample_company
from revops_core.values.checks import hints_of
from revops_core.values.money import Money
from tests.entities.strategies import values_of
from tests.frames.engines import ENGINES, EVERY_ENGINE, frame_of

NOT_IN_ONE_CELL = ("contacts", "lines", "items", "pauses")
AT = datetime(2026, 3, 1, 9, 30, 0, 7, tzinfo=UTC)


def flat(record):
    """A record without what one cell cannot hold."""
    held = {attribute.name for attribute in fields(type(record))} & set(NOT_IN_ONE_CELL)
    return evolve(record, **dict.fromkeys(held, ()))


@pytest.mark.parametrize("engine", EVERY_ENGINE)
def test_the_sample_company_is_the_same_there_and_back(engine):
    company, like = sample_company(25), frame_of(engine, [], {"x": "whole"})
    for records in (company.opportunities, company.leads, company.accounts, company.deals, company.subscriptions):
        frame = from_entities(records, like=like)
        assert type(frame) is type(like)
        found, problems = to_entities(type(records[0]), frame)
        assert problems == []
        assert sorted(found, key=lambda each: each.id) == sorted(map(flat, records), key=lambda each: each.id)


texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=8).filter(str.strip)
tags = st.text(st.characters(codec="utf-8", exclude_characters="\x00;"), min_size=1).filter(
    lambda tag: tag == tag.strip()
)


def some(cls):
    """Up to three records of a class, each field empty or with any value that its annotation allows."""
    hints = cls.__annotations__
    simple = {}
    for attribute in fields(cls):
        name = attribute.name
        if name in NOT_IN_ONE_CELL:
            continue
        if name == "tags":
            simple[name] = st.lists(tags, max_size=3)
        elif name == "custom":
            simple[name] = st.just({})
        elif "str" in hints[name] or "Text" in hints[name] or "Id" in hints[name]:
            simple[name] = texts
        else:
            simple[name] = values_of(hints_of(cls)[name])
    optional = {name: strategy | st.none() for name, strategy in simple.items() if "None" in hints[name]}
    always = {name: simple[name] for name in simple if name not in optional}
    made = st.fixed_dictionaries({**always, **optional}).map(lambda held: _made(cls, held)).filter(bool)
    return st.lists(made, min_size=1, max_size=3)


def _made(cls, held):
    try:
        return cls(**held)
    except InvalidValueError:
        return None  # days out of order


@pytest.mark.parametrize("cls", [Opportunity, Lead, Account, Contact, Deal, Ticket, User, Subscription, Quota])
@given(data=st.data())
@settings(max_examples=10)
def test_any_records_are_the_same_there_and_back(cls, data):
    records = data.draw(some(cls))
    for engine in ("pandas", "polars", "pyarrow"):
        frame = from_entities(records, backend=engine)
        found, problems = to_entities(cls, frame)
        assert [str(problem) for problem in problems] == []
        assert found == records


@pytest.mark.parametrize("engine", EVERY_ENGINE)
def test_fields_of_your_own_come_back(engine):
    custom = {
        "segment": "mid-market",
        "seats": 7,
        "since": date(2026, 1, 2),
        "seen": AT,
        "rate": Decimal("0.125"),
        "vip": True,
    }
    records = [Account(id="a1", custom=custom), Account(id="a2", custom={"segment": "it's `odd`"}), Account(id="a3")]
    frame = from_entities(records, like=frame_of(engine, [], {"x": "whole"}))
    found, problems = to_entities(Account, frame)
    assert problems == []
    assert sorted(found, key=lambda each: each.id) == records


@pytest.mark.parametrize("backend", ["pandas", "polars", "pyarrow", "duckdb"])
def test_no_records_make_an_empty_frame_with_every_column(backend):
    frame = from_entities([], backend=backend, cls=Opportunity)
    assert to_entities(Opportunity, frame) == ([], [])
    assert list(frame.columns if backend != "pyarrow" else frame.column_names)[:3] == ["id", "name", "account_id"]


def test_a_frame_of_records_is_measured_as_the_records_are():
    opportunities = sample_company(120).opportunities
    again, _ = to_entities(Opportunity, from_entities(opportunities, backend="polars"))
    for kpi in (kpis.win_rate, kpis.bookings, kpis.sales_cycle_median):
        assert kpis.measure(again, kpi, by="owner_id").rows() == kpis.measure(opportunities, kpi, by="owner_id").rows()


def test_instants_of_any_zone_come_back_in_utc():
    local = datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=ZoneInfo("Europe/Berlin"))
    [found], _ = to_entities(Ticket, from_entities([Ticket(id="t", created_at=local)], backend="pandas"))
    assert found.created_at == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert found.created_at.tzinfo is UTC
    summer = pd.DataFrame(
        {"id": ["t"], "created_at": pd.to_datetime(["2026-07-01 12:00"]).tz_localize("Europe/Berlin")}
    )
    assert str(one(Ticket, summer)[0].created_at) == "2026-07-01 10:00:00+00:00"
    assert type(found.created_at) is datetime


# --- the cells of a DataFrame ---


def one(cls, frame, **options):
    found, problems = to_entities(cls, frame, **options)
    assert [str(problem) for problem in problems] == []
    return found


def test_pandas_cells_are_read_as_they_are_meant():
    frame = pd.DataFrame(
        {
            "Id": [1001.0, 1002.0, 1003.0],
            "Amount": [1054.5, 0.1 + 0.2, np.nan],
            "Chance": [0.4, np.nan, 1.0],
            "Opened": pd.to_datetime(["2026-03-01 09:30", None, "2026-03-02 00:00"]),
            "Closes": pd.to_datetime(["2026-03-31", "2026-04-01", None]),
            "Owner": pd.Series(["ana", pd.NA, None], dtype="string"),
            "Seq": pd.array([1, None, 3], dtype="Int64"),
            "Lead": pd.Series([7.0, np.nan, 2.0], dtype="float32"),
        }
    )
    columns = {
        "id": "Id", "amount": "Amount", "probability": "Chance", "created_at": "Opened", "close_date": "Closes",
        "owner_id": "Owner", "stage_seq": "Seq", "lead_id": "Lead",
    }  # fmt: skip
    first, second, third = one(Opportunity, frame, columns=columns, currency="EUR", tz="Europe/Berlin")
    assert first == Opportunity(
        id="1001", amount=Money("1054.50", "EUR"), probability=Decimal("0.4"), owner_id="ana", stage_seq=1, lead_id="7",
        created_at=datetime(2026, 3, 1, 8, 30, tzinfo=UTC), close_date=date(2026, 3, 31),
    )  # fmt: skip
    assert second == Opportunity(id="1002", amount=Money("0.30", "EUR"), close_date=date(2026, 4, 1))
    assert (third.amount, third.close_date, third.owner_id, third.stage_seq) == (None, None, None, 3)


@pytest.mark.parametrize("engine", ENGINES)
def test_floats_are_amounts_where_they_are_whole_cents_of_the_currency_of_their_row(engine):
    records = [
        {"id": str(number), "amount": amount, "in": code}
        for number, (amount, code) in enumerate(
            [
                (19.9, "EUR"),
                (19.9, "JPY"),
                (1.999, "KWD"),
                (1.999, "EUR"),
                (20.0, None),
                (float("nan"), "EUR"),
                (2.0**52, "EUR"),
            ]
        )
    ]
    frame = frame_of(engine, records, {"id": "text", "amount": "float", "in": "text"})
    columns = {"id": "id", "amount": "amount", "amount.currency": "in"}
    found, problems = to_entities(Opportunity, frame, columns=columns, currency="USD")
    amounts_by_id = {deal.id: deal.amount for deal in found}
    assert [amounts_by_id[str(number)] for number in range(7)] == [
        Money("19.90", "EUR"), None, Money("1.999", "KWD"), None, Money(20, "USD"), None, None,
    ]  # fmt: skip
    assert sorted((problem.code, problem.subject_id, problem.field) for problem in problems) == [
        ("invalid_value", "1", "amount"),
        ("invalid_value", "3", "amount"),
        ("invalid_value", "6", "amount"),
    ]


def test_a_float_within_a_millionth_of_a_cent_is_that_cent_and_no_other():
    frame = pl.DataFrame({"id": ["a", "b", "c"], "amount": [1.1000009, 1.1000011, -0.0049999]})
    found, problems = to_entities(Opportunity, frame, currency="EUR")
    assert [deal.amount for deal in found] == [Money("1.10", "EUR"), None, None]
    assert len(problems) == 2


def test_what_is_no_id_and_no_fraction_is_told_with_its_row():
    frame = pd.DataFrame({"id": [1.5, 2.0, 2.0**60], "probability": [0.5, np.inf, 1.5]})
    found, problems = to_entities(Opportunity, frame)
    assert [deal.id for deal in found] == ["2"]
    assert [(problem.row, problem.field) for problem in problems] == [
        (1, "id"), (2, "probability"), (3, "id"), (3, "probability"),
    ]  # fmt: skip


def test_what_is_finer_than_a_microsecond_is_cut_off():
    frame = pd.DataFrame({"id": ["a"], "created_at": pd.to_datetime(["2026-03-01 09:30:00.000007999"], utc=True)})
    assert one(Ticket, frame)[0].created_at == datetime(2026, 3, 1, 9, 30, 0, 7, tzinfo=UTC)


def test_lists_and_truths_of_every_engine():
    for frame in (
        pl.DataFrame({"id": ["a"], "tags": [["x", "y"]], "is_target": [True]}),
        pa.table({"id": ["a"], "tags": [["x", "y"]], "is_target": [True]}),
        pd.DataFrame({"id": ["a"], "tags": [np.array(["x", "y"])], "is_target": [np.True_]}),
        duckdb.sql("select 'a' as id, ['x', 'y'] as tags, true as is_target"),
    ):
        assert one(Account, frame) == [Account(id="a", tags=("x", "y"), is_target=True)]


def test_a_known_export_is_read_from_a_frame():
    columns = EXPORTS["salesforce"]["Opportunity"]["columns"]
    row = dict.fromkeys(columns.values()) | {
        "Id": "006",
        "StageName": "Closed Won",
        "Amount": 12.5,
        "Probability": 100.0,
    }
    [found] = one(Opportunity, pl.DataFrame([row]), **EXPORTS["salesforce"]["Opportunity"], currency="EUR")
    assert (found.outcome, found.amount, found.probability) == ("won", Money("12.50", "EUR"), Decimal(1))


def test_what_the_importer_says_is_said_of_frames():
    frame = pl.DataFrame({"Id": ["a"], "Stage": ["Won"]})
    with pytest.raises(MissingColumnsError, match=r"'Stag' \(did you mean 'Stage'\?\)"):
        to_entities(Opportunity, frame, columns={"id": "Id", "stage": "Stag"})
    with pytest.raises(MissingColumnsError, match="id"):
        to_entities(Opportunity, frame)
    with pytest.raises(UnknownFieldError):
        to_entities(Opportunity, frame, columns={"id": "Id", "stge": "Stage"})
    with pytest.raises(InvalidValueError, match="'cls'"):
        to_entities("Opportunity", frame)
    _, [problem] = to_entities(
        Opportunity, frame, columns={"id": "Id", "outcome": "Stage"}, values={"outcome": {}}, strict=["outcome"]
    )
    assert (problem.code, problem.row) == ("unmapped_value", 1)
    values = {"amount.currency": {"euro": "EUR"}}
    yen = pl.DataFrame({"id": ["a"], "amount": [2.5], "amount_currency": ["euro"]})
    assert one(Opportunity, yen, values=values)[0].amount == Money("2.50", "EUR")
    _, [problem] = to_entities(Opportunity, yen, values={"amount.currency": {"euro": "JPY"}})
    assert problem.field == "amount"


def test_what_makes_no_frame_is_refused():
    deal = Opportunity(id="a")
    for wrong, rule in (
        ({"entities": [deal, Lead(id="l")], "backend": "polars"}, "'entities'"),
        ({"entities": [deal]}, "'backend' must be pandas, polars, pyarrow or duckdb"),
        ({"entities": [deal], "backend": "pyspark"}, "or `like` a frame"),
        ({"entities": [], "backend": "polars"}, "'cls'"),
        ({"entities": [3], "backend": "polars"}, "'cls'"),
        ({"entities": [Account(id="a", tags=["x;y"])], "backend": "polars"}, "'tags' must have no ';'"),
        (
            {"entities": [Account(id="a", custom={"x": 1.5})], "backend": "polars"},
            r"'custom\.x' must have values of one",
        ),
        (
            {"entities": [Account(id="a", custom={"x": 1}), Account(id="b", custom={"x": "1"})], "backend": "polars"},
            r"got \['int', 'str'\]",
        ),
        (
            {
                "entities": [
                    Opportunity(id="a", amount=Money("1E+30", "EUR")),
                    Opportunity(id="b", amount=Money("1E-20", "EUR")),
                ],
                "backend": "polars",
            },
            "at most 38 digits",
        ),
    ):
        with pytest.raises(InvalidValueError, match=rule):
            from_entities(**wrong)


def test_the_types_of_the_columns_are_those_of_the_fields():
    deal = Opportunity(id="a", amount=Money("1E+3", "EUR"), created_at=AT, close_date=date(2026, 3, 2), stage_seq=3)
    frame = from_entities([deal], backend="polars")
    assert {name: frame.schema[name] for name in ("amount", "created_at", "close_date", "stage_seq", "deal_id")} == {
        "amount": pl.Decimal(38, 0), "created_at": pl.Datetime("us", "UTC"), "close_date": pl.Date(),
        "stage_seq": pl.Int64(), "deal_id": pl.String(),
    }  # fmt: skip
    native = from_entities([deal], backend="pandas")
    assert str(native["created_at"].dtype) == "datetime64[us, UTC]"
    assert native["amount"].tolist() == [Decimal(1000)]
    relation = from_entities([deal], backend="duckdb")
    assert dict(zip(relation.columns, map(str, relation.types), strict=True))["amount"] == "DECIMAL(38,0)"
    assert relation.project("amount, created_at").fetchall()[0][0] == Decimal(1000)
    later = from_entities([evolve(deal, created_at=AT + timedelta(days=1))], like=pl.LazyFrame())
    assert isinstance(later, pl.LazyFrame)
