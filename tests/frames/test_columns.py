"""Columns: every engine reads the same cells as the same whole numbers."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import narwhals.stable.v2 as nw
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from revops_core.errors import InvalidValueError, MissingColumnsError
from revops_core.frames.columns import columns_of, read
from revops_core.frames.engines import civil_days, collected, counts_of, opened, refuse, small_frame
from revops_core.values.instants import to_microseconds
from tests.frames.engines import EVERY_ENGINE, frame_of, from_arrow

KINDS = {
    "at": "instant",
    "on": "day",
    "amount": "amount",
    "chance": "chance",
    "response_time": "duration",
    "seats": "whole",
    "price": "float",
    "is_new": "truth",
    "stage": "text",
}
EDGES = [
    datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    datetime(1901, 1, 1, 0, 0, 0, 1, tzinfo=UTC),
    datetime(2026, 3, 29, 1, 30, 0, 123_456, tzinfo=UTC),
    datetime(2300, 7, 1, 12, 0, 0, 7, tzinfo=UTC),
]
EMPTY = dict.fromkeys(KINDS)
FULL = {
    "at": EDGES[0],
    "on": date(1969, 12, 31),
    "amount": Decimal("-3.10"),
    "chance": Decimal("0.2500"),
    "response_time": timedelta(days=400, microseconds=5),
    "seats": 7,
    "price": 19.99,
    "is_new": True,
    "stage": "won",
}
RECORDS = [FULL, EMPTY, *({**FULL, "at": at, "on": at.date()} for at in EDGES[1:])]
WHOLE = {
    "at": to_microseconds,
    "on": lambda value: value.toordinal() - date(1970, 1, 1).toordinal(),
    "response_time": lambda value: value // timedelta(microseconds=1),
    "stage": lambda value: value,
}


def values_of(rows, field):
    reading = rows.readings[field]
    known = ~reading.value.is_null() if reading.known is None else reading.known
    table = collected(rows.frame.select(value=reading.value, known=known))
    return [value if known else None for value, known in table.rows()]


@pytest.mark.parametrize("engine", EVERY_ENGINE)
def test_every_cell_is_read_as_the_whole_number_that_it_is(engine):
    frame = opened(frame_of(engine, RECORDS, KINDS))
    rows = read(frame, columns_of(frame, [(name,) for name in KINDS]), currency="USD")
    assert [count for _, count in counts_of(rows.frame, rows.doubts)] == [0] * len(rows.doubts)
    for field in KINDS:
        scale = rows.readings[field].scale
        whole = WHOLE.get(field, lambda value, scale=scale: round(value * scale))
        expected = [None if row[field] is None else whole(row[field]) for row in RECORDS]
        assert sorted(map(str, values_of(rows, field))) == sorted(map(str, expected)), field


def zoned(tz, *walls):
    """The instants at which a zone showed these times, the first of two."""
    return [None if wall is None else to_microseconds(wall.replace(tzinfo=ZoneInfo(tz), fold=0)) for wall in walls]


@pytest.mark.parametrize("tz", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "UTC"])
@pytest.mark.parametrize("engine", EVERY_ENGINE)
def test_times_without_a_zone_are_instants_of_the_zone_the_first_of_two_shown_alike(engine, tz):
    draw = random.Random(tz)
    walls = [datetime(2011, 1, 1) + timedelta(minutes=draw.randrange(20 * 525_600)) for _ in range(300)]
    walls += [datetime(2026, 10, 25, 2, 30), datetime(2026, 10, 25, 2), datetime(2026, 4, 5, 1, 45), None]
    shown = [w for w in walls if w is None or _is_shown(w, tz)]
    frame = opened(frame_of(engine, [{"at": wall} for wall in shown], {"at": "wall"}))
    rows = read(frame, {"at": "at"}, tz=tz)
    refuse(rows.frame, rows.doubts)
    assert sorted(map(str, values_of(rows, "at"))) == sorted(map(str, zoned(tz, *shown)))
    day, in_doubt = civil_days(rows.readings["at"].value, tz, rows.frame)
    assert in_doubt is None or isinstance(rows.frame, nw.LazyFrame)
    found = collected(rows.frame.filter(rows.readings["at"].known).select(day=day))["day"].to_list()
    first = date(1970, 1, 1).toordinal()
    assert sorted(found) == sorted(wall.date().toordinal() - first for wall in shown if wall)


def _is_shown(wall, tz):
    there = wall.replace(tzinfo=ZoneInfo(tz))
    return there.astimezone(UTC).astimezone(there.tzinfo).replace(tzinfo=None) == wall


@pytest.mark.parametrize("engine", EVERY_ENGINE)
def test_a_time_that_the_clocks_jumped_over_is_refused_with_its_count(engine):
    walls = [datetime(2026, 3, 29, 2, 30), datetime(2026, 3, 29, 3), datetime(2026, 3, 29, 1, 59), None]
    frame = opened(frame_of(engine, [{"at": wall} for wall in walls], {"at": "wall"}))
    rows = read(frame, {"at": "at"}, tz="Europe/Berlin")
    with pytest.raises(InvalidValueError, match=r"'at' must be times that Europe/Berlin showed \(got '1 rows'\)"):
        refuse(rows.frame, rows.doubts)


@pytest.mark.parametrize("engine", EVERY_ENGINE)
def test_a_midnight_without_a_zone_is_a_day_where_the_name_says_so_and_other_times_are_refused(engine):
    walls = [{"closed_on": datetime(2026, 3, 29)}, {"closed_on": None}, {"closed_on": datetime(1969, 12, 31)}]
    rows = read(opened(frame_of(engine, walls, {"closed_on": "wall"})), {"closed_on": "closed_on"})
    assert rows.readings["closed_on"].kind == "day"
    assert sorted(map(str, values_of(rows, "closed_on"))) == ["-1", "20541", "None"]
    refuse(rows.frame, rows.doubts)
    noon = opened(frame_of(engine, [*walls, {"closed_on": datetime(1969, 7, 20, 12)}], {"closed_on": "wall"}))
    rows = read(noon, {"closed_on": "closed_on"})
    with pytest.raises(InvalidValueError, match="must be days, at midnight"):
        refuse(rows.frame, rows.doubts)


@pytest.mark.parametrize("engine", EVERY_ENGINE)
def test_floats_are_amounts_only_near_a_minor_unit(engine):
    def doubtful(price, **options):
        frame = opened(frame_of(engine, [{"price": price, "code": "JPY"}, {"price": None, "code": None}], kinds))
        rows = read(frame, {"price": "price", **options.pop("named", {})}, **options)
        return sum(count for _, count in counts_of(rows.frame, rows.doubts))

    kinds = {"price": "float", "code": "text"}
    assert doubtful(0.1 + 0.2, currency="USD") == 0
    assert doubtful(10.005, currency="USD") == doubtful(float("inf"), currency="USD") == 1
    assert doubtful(10.005, currency="KWD") == doubtful(10.0, currency="JPY") == 0
    assert doubtful(10.5, currency="JPY") == 1
    assert doubtful(float("nan"), currency="USD") == 0
    assert doubtful(1 / 3) == doubtful(1 / 3, currency="USD", factors=["price"]) == 1
    assert doubtful(0.125) == 0
    assert doubtful(10.5, named={"price.currency": "code"}) == 1
    assert doubtful(10.0, named={"price.currency": "code"}) == 0


def test_what_is_wrong_with_columns_is_told_at_once():
    frame = opened(
        pl.DataFrame(
            {"Stage": ["Won"], "closing": [1], "created": ["2026-01-02"], "at": [EDGES[0].replace(tzinfo=None)]}
        )
    )
    with pytest.raises(MissingColumnsError) as lost:
        columns_of(frame, [("stage",), ("closed_at", "closed_on"), ("created_at",)], {"created_at": "creatd"})
    assert lost.value.missing == ("stage", "closed_at or closed_on", "creatd")
    assert "did you mean 'Stage'" in str(lost.value) or "did you mean 'created'" in str(lost.value)
    named = {"closed_on": "closing", "created_at": "created", "at": "at", "response_time": "at"}
    with pytest.raises(InvalidValueError) as wrong:
        read(frame, named)
    assert [fault.field for fault in wrong.value.faults] == ["closed_on", "created_at", "at", "response_time"]


def test_one_of_the_fields_that_stand_in_for_each_other_is_enough():
    frame = opened(pl.DataFrame({"closed_on": [date(2026, 1, 2)]}))
    assert columns_of(frame, [("closed_at", "closed_on")]) == {"closed_on": "closed_on"}
    with pytest.raises(MissingColumnsError):
        columns_of(frame, [("closed_at", "closed_on")], {"closed_at": "close_time"})


@pytest.mark.parametrize("engine", EVERY_ENGINE)
def test_a_small_frame_joins_with_the_other(engine):
    frame = opened(frame_of(engine, [{"seats": 1}, {"seats": 2}, {"seats": 2}], {"seats": "whole"}))
    table = small_frame(frame, {"seats": [1, 2, 3], "label": ["it's", "two", None]})
    joined = collected(frame.join(table, on="seats", how="inner").select("seats", "label"))
    assert sorted(joined.rows()) == [(1, "it's"), (2, "two"), (2, "two")]


@pytest.mark.parametrize("df", [[1], pl.Series([1]), None, {"a": [1]}])
def test_what_is_no_frame_is_refused(df):
    with pytest.raises(InvalidValueError, match="must be a DataFrame of pandas"):
        opened(df)


def _read_and_refuse(frame):
    rows = read(frame, {"amount": "amount"})
    refuse(rows.frame, rows.doubts)


@pytest.mark.parametrize("wide", [pa.decimal128(38, 9), pa.decimal128(38, 2), pa.decimal128(20, 8)])
@pytest.mark.parametrize("engine", ["pandas", "pandas-arrow", "polars", "polars-lazy", "pyarrow", "duckdb"])
def test_decimals_of_any_width_are_read_exactly_or_refused(engine, wide):
    cells = [Decimal("12345678901.25"), None, Decimal("-0.01")]
    rows = read(opened(from_arrow(engine, pa.table({"amount": pa.array(cells, wide)}))), {"amount": "amount"})
    refuse(rows.frame, rows.doubts)
    scale = rows.readings["amount"].scale
    assert values_of(rows, "amount") == [None if cell is None else cell * scale for cell in cells]
    if wide.scale > 6:
        fine = from_arrow(engine, pa.table({"amount": pa.array([Decimal("0.00000001")], wide)}))
        with pytest.raises(InvalidValueError, match="at most 6 decimals"):
            _read_and_refuse(opened(fine))


def test_objects_of_pandas_are_read_by_what_they_are():
    frame = opened(pd.DataFrame({"x": pd.Series([Decimal("1.5"), 2, None], dtype=object)}))
    rows = read(frame, {"x": "x"})
    assert (values_of(rows, "x"), rows.readings["x"].scale) == ([15, 20, None], 10)
    at = datetime(2026, 3, 1, tzinfo=UTC)
    for field, cells, expected in [
        ("at", [at, None], [to_microseconds(at), None]),
        ("due_on", [datetime(2026, 3, 1), pd.NaT], [20513, None]),
        ("response_time", [timedelta(1), None], [86_400_000_000, None]),
        ("stage", ["a", None, "b"], ["a", None, "b"]),
    ]:
        rows = read(opened(pd.DataFrame({"x": pd.Series(cells, dtype=object)})), {field: "x"})
        assert values_of(rows, field) == expected
    for field, cells in [
        ("x", [1, "a"]),
        ("at", [at, datetime(2026, 3, 1)]),
        ("at", ["a"]),
        ("x", [Decimal("Infinity")]),
    ]:
        with pytest.raises(InvalidValueError):
            read(opened(pd.DataFrame({"x": pd.Series(cells, dtype=object)})), {field: "x"})


@pytest.mark.parametrize("engine", ["pandas", "pandas-arrow", "polars", "polars-lazy", "pyarrow", "duckdb"])
def test_a_column_of_nothing_but_nulls_is_known_of_no_row(engine):
    frame = opened(from_arrow(engine, pa.table({"at": pa.nulls(2), "outcome": pa.nulls(2), "amount": pa.nulls(2)})))
    rows = read(frame, {name: name for name in ("at", "outcome", "amount")}, tz="UTC")
    refuse(rows.frame, rows.doubts)
    for field in rows.readings:
        assert values_of(rows, field) == [None, None]
