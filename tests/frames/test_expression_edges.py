"""Every operation of an expression, with missing cells and without: each engine counts what the objects count."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache

import pyarrow as pa
import pytest

from revops_core import frames, kpis
from revops_core.errors import CurrencyMismatchError, InvalidValueError
from revops_core.kpis import Kpi, count, distinct, mean, quantile, total
from revops_core.values.condition import each, first_known, known, missing, not_yet, one_of
from revops_core.values.expression import Expression, all_of, any_of
from revops_core.values.money import Money
from revops_core.values.period import Period
from tests.frames.engines import ENGINES, EVERY_ENGINE, LAZY, SPARK, frame_of, from_arrow, rows_of

TYPES = {
    "at": "instant",
    "on": "day",
    "since_on": "day",
    "amount": "amount",
    "share": "chance",
    "seats": "whole",
    "more": "whole",
    "is_new": "truth",
    "stage": "text",
    "owner": "text",
    "response_time": "duration",
    "nothing_at": "instant",
}
FULL = [
    {
        "at": datetime(2026, 3, day, 23, 30, tzinfo=UTC),
        "on": date(2026, 3, day + 1),
        "since_on": date(2026, 2, day),
        "amount": Decimal(day).scaleb(-2),
        "share": Decimal(day).scaleb(-4),
        "seats": day,
        "more": day * 7,
        "is_new": day % 2 == 0,
        "stage": ("won", "lost", "open")[day % 3],
        "owner": ("ana", "won")[day % 2],
        "response_time": timedelta(hours=day, microseconds=1),
        "nothing_at": None,
    }
    for day in range(1, 8)
]
GAPS = [
    {name: None if (place + number) % 4 == 0 else cell for place, (name, cell) in enumerate(record.items())}
    for number, record in enumerate(FULL)
]
RECORDS = {"full": FULL, "gaps": GAPS}
row, TRUE = each(object), True


def field(name):
    return Expression("field", (name, ""))


moment, either = first_known(row.at, row.on), first_known(row.on, row.at)
CONDITIONS = {
    "every row": all_of(),
    "no row": any_of(),
    "nothing equals what is missing": Expression("equals", (field("seats"), None)),
    "nothing is before what is missing": Expression("less", (field("seats"), None)),
    "nothing is after what is missing": Expression("more", (None, field("at"))),
    "nothing is one of what is missing": Expression("one_of", (field("stage"), None)),
    "known, of two": known(moment),
    "missing, of two": missing(moment),
    "known, never": known(row.nothing_at),
    "truths": row.is_new == TRUE,
    "numbers with other decimals": row.amount > row.share,
    "a number among some": one_of(row.seats, 1, Decimal("2.5"), 3),
    "a word among many": one_of(row.stage, "won", "a", "b", "c", "lost"),
    "two columns of text": row.stage == row.owner,
    "text in order": row.stage < row.owner,
    "a literal first": Expression("less", (3, field("seats"))),
    "an instant": row.at >= datetime(2026, 3, 3, 23, 30, tzinfo=UTC),
    "a day": row.on <= date(2026, 3, 4),
    "a duration": row.response_time > timedelta(hours=3),
    "a moment later": row.at + row.response_time > datetime(2026, 3, 6, tzinfo=UTC),
    "not": ~(row.stage == "won"),
    "some of several": (row.stage == "won") | (row.seats > 5) | missing(row.amount),
    "still to come": not_yet(row.on) & not_yet(row.at),
    "still to come, of what is never known": not_yet(row.nothing_at),
    "still to come, of two": not_yet(either),
}
VALUES = {
    "first of two numbers": (total(first_known(row.seats, row.more)), "score"),
    "first of a column and what is never read": (total(first_known(row.seats, row.seats, row.seats)), "score"),
    "sum of other decimals": (total(row.amount + row.share), "score"),
    "difference": (total(row.seats - row.share), "score"),
    "product": (total(row.amount * row.share), "score"),
    "product with a literal": (total(row.seats * 3), "score"),
    "mean of numbers": (mean(row.seats, where=row.is_new == TRUE), "score"),
    "quantile of decimals": (quantile(row.amount, "0.9"), "score"),
    "instant less day": (mean(row.at - row.since_on), "duration"),
    "day less day": (mean(row.on - row.since_on), "duration"),
    "instant less instant": (mean(row.at - row.at), "duration"),
    "either less day": (mean(moment - row.since_on), "duration"),
    "either, the day first, less day": (mean(either - row.since_on), "duration"),
    "durations": (total(row.response_time + row.response_time), "duration"),
    "a duration twice": (total(row.response_time * 2), "duration"),
    "median of durations": (quantile(row.response_time, "0.5"), "duration"),
    "words": (distinct(row.stage), "count"),
    "days": (distinct(row.on), "count"),
    "instants": (distinct(row.at), "count"),
    "durations, each once": (distinct(row.response_time), "count"),
    "numbers, each once": (distinct(row.amount), "count"),
    "moments that are never known": (distinct(row.nothing_at), "count"),
}
ASKED = [
    *(Kpi(name=f"c{n}", unit="count", dated=(), formula=count(where)) for n, where in enumerate(CONDITIONS.values())),
    *(Kpi(name=f"v{n}", unit=unit, dated=(), formula=of) for n, (of, unit) in enumerate(VALUES.values())),
]
NAMES = dict(zip((kpi.name for kpi in ASKED), [*CONDITIONS, *VALUES], strict=True))
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


@cache
def frame(engine, which):
    return frame_of(engine, RECORDS[which], TYPES)


LOOKS = [(which, as_of) for which in RECORDS for as_of in (None, NOON)]
ON_SPARK = pytest.param(SPARK, "gaps", NOON, marks=EVERY_ENGINE[-1].marks)  # one of them: Spark takes its time


@pytest.mark.parametrize(
    ("engine", "which", "as_of"),
    [*((engine, *look) for engine in ENGINES for look in (LOOKS[::3] if engine == "duckdb" else LOOKS)), ON_SPARK],
)
def test_every_operation_counts_what_objects_count(engine, which, as_of):
    asked = ASKED if engine != SPARK else [kpi for kpi in ASKED if kpi.formula.operation in {"count", "total", "mean"}]
    found = frames.kpi_table(frame(engine, which), asked, as_of=as_of, tz="Europe/Berlin")
    expected = kpis.measure(RECORDS[which], asked, as_of=as_of, tz="Europe/Berlin")
    for kpi in asked:
        assert found.measurement(kpi) == expected.measurement(kpi), NAMES[kpi.name]


DATED = [
    Kpi(name=name, unit="count", dated=dated, formula=count(row) + distinct(row.stage))
    for name, dated in {"at": row.at, "on": row.on, "moment": moment, "either": either, "never": row.nothing_at}.items()
]
PERIODS = (Period.day(date(2026, 3, 3), tz="Europe/Berlin"), Period.day(date(2026, 3, 5), tz="Europe/Berlin"))


@pytest.mark.parametrize(
    "options",
    [{"over": PERIODS}, {"over": PERIODS, "by": "stage"}, {"as_of": NOON}, {"over": PERIODS, "as_of": NOON}],
    ids=["periods", "by", "as of", "periods as of"],
)
@pytest.mark.parametrize("which", RECORDS)
@pytest.mark.parametrize("engine", ENGINES)
def test_rows_without_a_date_are_told_and_the_others_fall_where_objects_fall(engine, which, options):
    found = frames.kpi_table(frame(engine, which), DATED, **options)
    expected = kpis.measure(RECORDS[which], DATED, **options)
    assert list(found.measurements()) == list(expected.measurements())
    assert str(found) == str(expected)
    assert "never undated: 7 of 7" in str(found)


WRONG = {
    "a duration plus a number": (total(row.response_time + row.seats), "must have sides that go together"),
    "durations multiplied": (total(row.response_time * row.response_time), "must be numbers, or a duration and"),
    "text against a number": (count(row.stage == row.seats), "must have sides of one kind"),
    "a day against an instant": (count(row.on > row.at), "must have sides of one kind"),
    "a word among numbers": (count(one_of(row.seats, "a")), "must have sides of one kind"),
    "the first of numbers with other decimals": (
        total(first_known(row.seats, row.share)),
        "must come to values of one",
    ),
    "a float": (count(row.amount == 1.5), "must compare with text, numbers, dates or durations"),
    "values of two kinds": (total(first_known(row.seats, row.response_time)), "must come to values of one kind"),
}


@pytest.mark.parametrize("what", WRONG)
@pytest.mark.parametrize("engine", ["polars", "polars-lazy"])
def test_sides_that_do_not_go_together_are_refused_by_name(engine, what):
    formula, rule = WRONG[what]
    with pytest.raises(InvalidValueError, match=rule) as wrong:
        frames.kpi_table(frame(engine, "gaps"), Kpi(name="odd", unit="score", dated=(), formula=formula))
    assert all(fault.field for fault in wrong.value.faults)


def test_what_is_no_date_is_no_date():
    of_seats = Kpi(name="odd", unit="count", dated=row.seats, formula=count(row))
    with pytest.raises(InvalidValueError, match="'seats' must be dates or timestamps"):
        frames.kpi_table(frame("polars", "full"), of_seats, over=PERIODS)
    waits = Kpi(name="odd", unit="count", dated=(), formula=count(not_yet(row.seats)))
    with pytest.raises(InvalidValueError, match="must be a date or a timestamp"):
        frames.kpi_table(frame("polars", "full"), waits, as_of=NOON)


@pytest.mark.parametrize("engine", EVERY_ENGINE)
def test_amounts_compare_with_money_of_their_currency_only(engine):
    large = Kpi(name="large", unit="count", dated=(), formula=count(row.amount > Money("0.03", "EUR")))
    assert frames.kpi_table(frame(engine, "full"), large, currency="EUR").measurement("large").value == 4
    with pytest.raises(CurrencyMismatchError):
        frames.kpi_table(frame(engine, "full"), large, currency="USD")


@pytest.mark.parametrize("engine", EVERY_ENGINE)
def test_products_that_leave_64_bits_are_refused_with_their_number(engine):
    huge = frame_of(engine, [{"seats": 2**40}, {"seats": 3}], {"seats": "whole"})
    squares = Kpi(name="squares", unit="score", dated=(), formula=total(row.seats * row.seats))
    if engine in LAZY:
        [found] = rows_of(frames.measure(huge, squares))
        assert (found["value"], found["problem_count"]) == (None, 1)
    with pytest.raises(InvalidValueError, match=r"'seats × seats' must fit into 64 bits.*'1 rows'"):
        frames.kpi_table(huge, squares)


@pytest.mark.parametrize("engine", ["polars-lazy", "duckdb"])
def test_an_instant_whose_day_cannot_be_told_is_counted_by_a_lazy_engine_and_refused_by_the_table(engine):
    records = [{"at": datetime(year, 7, 1, tzinfo=UTC), "on": date(2026, 3, 1)} for year in (2026, 2080)]
    far = frame_of(engine, records, {"at": "instant", "on": "day"})
    ages = Kpi(name="ages", unit="duration", dated=(), formula=mean(row.at - row.on))
    with pytest.raises(InvalidValueError, match="must lie between 1900 and 2050 for its day in Europe/Berlin"):
        frames.kpi_table(far, ages, tz="Europe/Berlin")
    [found] = rows_of(frames.measure(far, ages, tz="Europe/Berlin"))
    assert (found["value"], found["problem_count"]) == (None, 1)
    eager = frame_of("pyarrow", records, {"at": "instant", "on": "day"})
    table = frames.kpi_table(eager, ages, tz="Europe/Berlin")
    assert table.measurement("ages") == kpis.measure(records, ages, tz="Europe/Berlin").measurement("ages")


@pytest.mark.parametrize("engine", ENGINES)
def test_rows_are_counted_where_no_column_is_read(engine):
    every = Kpi(name="rows", unit="count", dated=(), formula=count(row))
    assert frames.kpi_table(frame(engine, "gaps"), every).measurement("rows").value == 7


NEVER = {
    "sum": total(row.nothing + row.seats),
    "difference": total(row.seats - row.nothing),
    "product": total(row.nothing * row.seats),
    "equal": count(row.nothing == 3),
    "before": count(row.nothing < "a"),
    "still to come": count(not_yet(row.nothing)),
    "known": count(known(row.nothing)),
}


@pytest.mark.parametrize("engine", ENGINES)
def test_a_column_of_nothing_but_nulls_goes_with_every_kind_and_is_never_known(engine):
    nulls = from_arrow(engine, pa.table({"nothing": pa.nulls(2), "seats": [1, None], "never_at": pa.nulls(2)}))
    records = [{"nothing": None, "seats": seats, "never_at": None} for seats in (1, None)]
    asked = [Kpi(name=name, unit="score", dated=row.never_at, formula=formula) for name, formula in NEVER.items()]
    for options in ({}, {"as_of": NOON}, {"over": PERIODS, "as_of": NOON}):
        found = frames.kpi_table(nulls, asked, **options)
        expected = kpis.measure(records, asked, **options)
        assert list(found.measurements()) == list(expected.measurements())
