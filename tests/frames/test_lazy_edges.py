"""The rows of every kind of formula, one by one: those of a frame, eager or lazy, are the measurements of objects."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from revops_core import frames, kpis
from revops_core.errors import InvalidValueError
from revops_core.kpis import Kpi, count, distinct, mean, quantile, total
from revops_core.values.condition import each, first_known
from revops_core.values.period import Period
from tests.frames.engines import ENGINES, EVERY_ENGINE, EVERY_LAZY_ENGINE, frame_of, rows_of
from tests.frames.test_measure_laws import AT_EDGES, BERLIN, TYPES, check_rows

row = each(object)
closed = first_known(row.closed_at, row.closed_on)
won = row.outcome == "won"
EMPTY = dict.fromkeys(TYPES) | {"id": "z", "outcome": "open", "owner_id": "cora", "code": "EUR"}
RECORDS = [*AT_EDGES[:7], {**AT_EDGES[7], "closed_at": None}, EMPTY]


def kpi(name, formula, unit="score", **told):
    return Kpi(name=name, formula=formula, unit=unit, **{"dated": closed, **told})


NUMBERS = [
    kpi("count", count(won), "count"),
    kpi("stock", count(row.outcome == "open"), "count", dated=()),
    kpi("stock_mean", mean(row.seats), dated=()),
    kpi("stock_p90", quantile(row.seats, "0.9"), dated=()),
    kpi("stock_owners", distinct(row.owner_id), "count", dated=()),
    kpi("owners", distinct(row.owner_id, where=won), "count"),
    kpi("mean", mean(row.seats)),
    kpi("p90", quantile(row.seats, "0.9")),
    kpi("p50", quantile(row.probability, "0.5", where=won)),
    kpi("share", count(won) / count(row), "ratio"),
    kpi("share_of_none", count(won) / count(row.outcome == "never"), "ratio"),
    kpi("below_zero", count(row) / total(row.amount, where=row.amount < 0), "score"),
    kpi("by_rule", count(won) / count(row.outcome == "never"), "ratio", when_zero="no_losses"),
    kpi("shifted", count(won) * 2 + 1 - Decimal("0.5")),
    kpi("median_time", quantile(row.response_time, "0.5"), "duration"),
    kpi("mean_time", mean(row.response_time, where=won), "duration"),
    kpi("time_share", total(row.response_time, where=won) / total(row.response_time), "ratio"),
    kpi("time_each", total(row.response_time) / count(won), "duration"),
    kpi("seats_a_day", total(row.seats) / total(row.response_time), "score"),
]
AMOUNTS = [
    kpi("sum", total(row.amount), "money"),
    kpi("stock_sum", total(row.amount), "money", dated=()),
    kpi("sum_of_none", total(row.amount, where=row.outcome == "never"), "money"),
    kpi("mean_of_none", mean(row.amount, where=row.outcome == "never"), "money"),
    kpi("net", total(row.amount) - total(row.rebate), "money"),
    kpi("mean_amount", mean(row.amount), "money"),
    kpi("median_amount", quantile(row.amount, "0.5"), "money"),
    kpi("a_day", total(row.amount) / total(row.response_time), "money"),
    kpi("each", total(row.amount) / count(won), "money"),
    kpi("money_share", total(row.amount, where=won) / total(row.amount), "ratio"),
    kpi("share_of_no_amount", total(row.rebate, where=won) / total(row.rebate), "ratio"),
    kpi("amounts", distinct(row.amount), "count"),
]
OPTIONS = {
    "all": {},
    "by, over, as of": {"by": ("owner_id",), "over": BERLIN.quarters(), "as_of": datetime(2026, 7, 1, tzinfo=UTC)},
    "as of": {"as_of": datetime(2026, 3, 30, tzinfo=UTC)},
}


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("engine", ENGINES)
def test_rows_of_numbers(engine, options):
    check_rows(engine, RECORDS, NUMBERS, options, money=False)
    check_rows(engine, [], NUMBERS, options, money=False)


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("engine", ENGINES)
def test_rows_of_amounts_in_the_currency_of_the_call_and_of_a_column(engine, options):
    check_rows(engine, RECORDS, AMOUNTS, options, money=False)
    check_rows(engine, RECORDS, AMOUNTS, options, money=True)


@pytest.mark.parametrize("engine", ["polars-lazy", "duckdb"])
def test_an_empty_sum_is_in_the_currency_that_its_amounts_have_in_another_sum(engine):
    lost = {**EMPTY, "outcome": "lost"}
    for records in ([lost, {**lost, "amount": Decimal(0)}], [lost], [{**lost, "amount": Decimal(3)}]):
        for asked in ([kpis.average_deal_size, kpis.pipeline_created], AMOUNTS[2:4], AMOUNTS[:4]):
            check_rows(engine, records, asked, {}, money=True)
    mixed = [{**lost, "amount": Decimal(3)}, {**lost, "amount": Decimal(3), "code": "JPY"}]
    check_rows(engine, mixed, AMOUNTS[2:4], {"by": "code"}, money=True)
    check_rows(engine, mixed, AMOUNTS[-1:], {}, money=True)  # different amounts, of whatever currency


@pytest.mark.parametrize("engine", EVERY_LAZY_ENGINE)
def test_plain_numbers_are_no_money_until_a_currency_is_told(engine):
    frame = frame_of(engine, RECORDS, TYPES)
    with pytest.raises(InvalidValueError, match="'currency' must be given, as the amounts in these columns are plain"):
        frames.measure(frame, AMOUNTS[0])


@pytest.mark.parametrize("engine", EVERY_ENGINE)
def test_segments_are_called_by_what_their_cells_mean_in_rows(engine):
    records = [{"stage": stage, "on": date(2026, 1, 2)} for stage in ("Won", "won", "?", None)]
    frame = frame_of(engine, records, {"stage": "text", "on": "day"})
    rows = frames.measure(
        frame,
        kpi("rows", count(row), "count", dated=row.on),
        by="stage",
        over=(Period.month(2026, 1), Period.month(2026, 2)),
        values={"stage": {"Won": "won", "?": None}},
    )
    found = {(one["stage"], one["period"][:7]): one["value"] for one in rows_of(rows)}
    assert set(found.values()) == {2.0, 0.0}
    assert sorted(map(str, (name for name, _ in found))) == ["None", "None", "won", "won"]


@pytest.mark.parametrize("engine", EVERY_LAZY_ENGINE)
def test_values_that_are_never_known_have_a_reason_and_no_value(engine):
    records = [{"nothing_at": None, "at": datetime(2026, 1, 2, tzinfo=UTC)}]
    frame = frame_of(engine, records, {"nothing_at": "instant", "at": "instant"})
    waits = kpi("waits", mean(row.nothing_at - row.at), "duration", dated=row.at)
    [found] = rows_of(frames.measure(frame, waits, over=Period.year(2026)))
    [expected] = kpis.measure(records, waits, over=Period.year(2026)).measurements()
    assert (found["value"], found["reason"], found["n"]) == (None, expected.value.reason, expected.n)
    spent = kpi("spent", mean(row.at - row.at), "duration", dated=row.at)
    [found] = rows_of(frames.measure(frame, spent, over=Period.year(2026)))
    assert (found["value"], found["reason"]) == (timedelta(0) / timedelta(days=1), None)
