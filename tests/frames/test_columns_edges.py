"""Columns of rare types, and cells that are read one by one: exact, or refused by name."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from revops_core import frames
from revops_core.errors import InvalidValueError
from revops_core.kpis import Kpi, cost_per_lead, count, distinct, measure, total
from revops_core.values.condition import each
from revops_core.values.expression import Expression
from revops_core.values.money import Money
from revops_core.values.period import Period
from tests.frames.engines import ENGINES, from_arrow, rows_of

row = each(object)
WORDS = ["won", None, "lost", "won"]


def kpi(formula, **told):
    return Kpi(name="asked", **{"unit": "score", "dated": (), "formula": formula, **told})


def value_of(frame, formula, **options):
    return frames.kpi_table(frame, kpi(formula), **options).measurement("asked").value


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"stage": pd.Categorical(WORDS)}),
        pl.DataFrame({"stage": pl.Series(WORDS, dtype=pl.Categorical)}),
        pl.DataFrame({"stage": pl.Series(WORDS, dtype=pl.Enum(["won", "lost"]))}),
        pl.LazyFrame({"stage": pl.Series(WORDS, dtype=pl.Enum(["lost", "won"]))}),
        pa.table({"stage": pa.array(WORDS).dictionary_encode()}),
    ],
    ids=["pandas", "polars", "polars enum", "polars-lazy enum", "pyarrow"],
)
def test_categories_are_text(frame):
    assert value_of(frame, count(row.stage == "won")) == 2
    assert value_of(frame, count(row.stage > "lost")) == 2
    assert value_of(frame, distinct(row.stage)) == 2


@pytest.mark.parametrize("engine", ENGINES)
def test_columns_of_lists_and_bytes_are_refused_by_name(engine):
    table = pa.table({"lists": pa.array([[1], None]), "bytes": pa.array([b"x", None])})
    for field in ("lists", "bytes"):
        with pytest.raises(InvalidValueError) as wrong:
            value_of(from_arrow(engine, table), count(getattr(row, field) == 1))
        [fault] = wrong.value.faults
        assert fault.field == field
        assert fault.rule in {"must be a column of plain values", "must be plain values of one type"}


def objects(*cells, name="x"):
    return pd.DataFrame({name: pd.Series(cells, dtype=object)})


def test_decimals_of_pandas_are_read_cell_by_cell_up_to_six_decimals():
    fine, finer = Decimal("0.000001"), Decimal("0.0000001")
    assert value_of(objects(fine, Decimal(2), 3), total(row.x)) == Decimal("5.000001")
    assert value_of(objects(Decimal(10), Decimal("1E+2")), total(row.x)) == 110
    with pytest.raises(InvalidValueError) as wrong:
        value_of(objects(finer, Decimal(2)), total(row.x))
    [fault] = wrong.value.faults
    assert (fault.field, fault.rule) == ("x", "must have at most 6 decimals; round them first")


@pytest.mark.parametrize(
    ("cells", "rule"),
    [
        ((datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 1)), "must all have a time zone, or none"),
        ((timedelta(1),), "must be dates or timestamps"),
        ((3, "a"), "must be dates or timestamps"),
    ],
)
def test_objects_that_are_no_moments_are_refused_by_name(cells, rule):
    asked = kpi(count(row), dated=row.x_at)
    with pytest.raises(InvalidValueError) as wrong:
        frames.kpi_table(objects(*cells, name="x_at"), asked, over=Period.year(2026), tz="UTC")
    assert (wrong.value.faults[0].field, wrong.value.faults[0].rule) == ("x_at", rule)


def test_objects_that_are_moments_count_as_those():
    asked = kpi(count(row), dated=row.x_at, unit="count")
    for cells in (
        (date(2026, 3, 1), None, date(2027, 3, 1)),
        (datetime(2026, 3, 1, tzinfo=UTC), datetime(2027, 3, 1, tzinfo=UTC)),
        (datetime(2026, 3, 1), None, datetime(2027, 3, 1)),
        (datetime(2026, 3, 1), datetime(2027, 3, 1)),
    ):
        found = frames.kpi_table(objects(*cells, name="x_at"), asked, over=Period.year(2026), tz="UTC")
        assert found.measurement("asked").value == 1, cells
    nothing = frames.kpi_table(objects(None, None, name="x_at"), asked, over=Period.year(2026), tz="UTC")
    assert nothing.measurement("asked").warnings == ("undated: 2 of 2",)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_condition_may_ask_for_the_currency_of_an_amount(engine):
    cells = {"code": ["EUR", "JPY", "EUR", None], "amount": pa.array([1, 2, 3, None], pa.decimal128(9, 2))}
    frame, told = from_arrow(engine, pa.table(cells)), {"columns": {"amount.currency": "code"}}
    in_euro = Expression("equals", (Expression("field", ("amount.currency", "")), "EUR"))
    assert value_of(frame, count(in_euro), **told) == 2
    money = [{"amount": Money(1, "EUR")}, {"amount": Money(2, "JPY")}, {"amount": Money(3, "EUR")}, {"amount": None}]
    asked = kpi(total(row.amount, where=in_euro), unit="money")
    found = frames.kpi_table(frame, asked, **told).measurement("asked")
    assert found == measure(money, asked).measurement("asked")
    assert found.value == Money(4, "EUR")
    assert "wrong_type" not in {problem.code for problem in frames.check(frame, asked, **told)}


@pytest.mark.parametrize("engine", ENGINES)
def test_unmapped_words_of_two_fields_are_told_of_each(engine):
    frame = from_arrow(engine, pa.table({"stage": ["Won", "?"], "kind": ["a", "b"], "id": ["1", "2"]}))
    asked = kpi(count((row.stage == "won") & (row.kind == "new")), unit="count")
    found = frames.check(frame, asked, by="kind", values={"stage": {"Won": "won"}})
    assert [(one.code, one.field) for one in found if one.field == "stage"] == [("unmapped_value", "stage")]
    assert {one.field for one in found} == {"stage", "kind"}


@pytest.mark.parametrize("engine", ENGINES)
def test_a_segment_of_a_type_that_no_field_has_is_told_by_nobody(engine):
    lists = pa.table({"stage": ["won", "lost"], "kind": pa.array([[1], [2]])})
    asked = kpi(count(row.stage == "won"), unit="count")
    assert frames.check(from_arrow(engine, lists.append_column("at", pa.array([1, 2]))), asked, by="at") == []


def test_an_empty_mapping_is_no_frame_and_no_kpi_is_no_question():
    asked = kpi(count(row.stage == "won"), unit="count")
    with pytest.raises(InvalidValueError, match="must be given for each of"):
        frames.measure({}, asked)
    for wrong in ((), (asked, asked)):
        with pytest.raises(InvalidValueError, match="must be one or more, each of another name"):
            frames.measure(pl.DataFrame({"stage": ["won"]}), wrong)


def test_the_segment_of_populations_may_be_called_the_same_in_all():
    on = [date(2026, 1, 3)]
    spend = pl.DataFrame({"amount": [Decimal(100)], "on": on, "purpose": ["marketing"], "channel": ["web"]})
    leads = pl.DataFrame({"created_on": on * 4, "channel": ["web"] * 4})
    for columns in (None, {"source": "channel"}):
        by = "channel" if columns is None else "source"
        told = {"by": by, "currency": "EUR", "columns": columns}
        [found] = rows_of(frames.measure({"Spend": spend, "Lead": leads}, cost_per_lead, **told))
        assert (found[by], found["value"]) == ("web", 25.0)


def test_text_beside_the_missing_times_of_pandas_is_text():
    mixed = objects("won", pd.NaT, "lost")
    assert value_of(mixed, count(row.x == "won")) == 1
    assert value_of(mixed, distinct(row.x)) == 2
