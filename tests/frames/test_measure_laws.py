"""The differential test: random records, measured as objects and on every engine, give the very same measurements."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from revops_core import kpis
from revops_core.errors import CurrencyMismatchError, InvalidRowError, InvalidValueError
from revops_core.frames.measure import kpi_table, tidy_columns
from revops_core.frames.measure import measure as measure_frame
from revops_core.kpis import CATALOGUE, Kpi, count, distinct, mean, measure, median, quantile, total
from revops_core.values.condition import each, first_known, known, missing, not_yet, one_of
from revops_core.values.money import Money
from revops_core.values.period import Period
from tests.frames.engines import ENGINES, LAZY, SPARK, WITH_SPARK, frame_of, rows_of

TYPES = {
    "id": "text",
    "outcome": "text",
    "owner_id": "text",
    "amount": "amount",
    "code": "text",
    "probability": "chance",
    "created_at": "instant",
    "created_on": "day",
    "closed_at": "instant",
    "closed_on": "day",
    "close_date": "day",
    "response_time": "duration",
    "seats": "whole",
    "is_new": "truth",
    "rebate": "amount",
}
BERLIN = Period.year(2026, tz="Europe/Berlin")
MIDNIGHTS = [
    Period.day(day, tz="Europe/Berlin").start for day in (date(2026, 1, 1), date(2026, 4, 1), date(2027, 1, 1))
]
NIGHTS = [
    datetime(2026, 3, 29, 1, tzinfo=UTC),
    datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
    datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
]
EDGES = [edge.astimezone(UTC) + timedelta(microseconds=shift) for edge in (*MIDNIGHTS, *NIGHTS) for shift in (-1, 0, 1)]
INSTANTS = st.sampled_from(EDGES) | st.datetimes(datetime(2025, 11, 1), datetime(2027, 2, 1), timezones=st.just(UTC))
DAYS = st.sampled_from([date(2025, 12, 31), date(2026, 1, 1), date(2026, 3, 31), date(2026, 4, 1), date(2026, 12, 31)])
DAYS |= st.dates(date(2025, 11, 1), date(2027, 2, 1))
CENTS = st.integers(-(10**11), 10**11) | st.integers(0, 9)
RECORDS = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.sampled_from(["a", "b", "c"]),
            "outcome": st.sampled_from(["won", "lost", "open", "no_decision", None]),
            "owner_id": st.sampled_from(["ana", "ben", "", None]),
            "amount": st.none() | CENTS.map(lambda cents: Decimal(cents).scaleb(-2)),
            "code": st.just("EUR"),
            "probability": st.none() | st.integers(0, 10_000).map(lambda share: Decimal(share).scaleb(-4)),
            "created_at": st.none() | INSTANTS,
            "created_on": st.none() | DAYS,
            "closed_at": st.none() | INSTANTS,
            "closed_on": st.none() | DAYS,
            "close_date": st.none() | DAYS,
            "response_time": st.none() | st.integers(0, 10**15).map(lambda micros: timedelta(microseconds=micros)),
            "seats": st.none() | st.integers(-5, 2**40),
            "is_new": st.sampled_from([True, False, None]),
            "rebate": st.none() | st.just(Decimal("0.50")),
        }
    ),
    max_size=12,
)
row, FALSE = each(object), False
closed, created = first_known(row.closed_at, row.closed_on), first_known(row.created_at, row.created_on)
OURS = [
    Kpi(name="seats_total", unit="count", dated=row.closed_at, formula=total(row.seats)),
    Kpi(name="seats_mean", unit="score", dated=closed, formula=mean(row.seats, where=row.seats >= 0)),
    Kpi(name="seats_p90", unit="score", dated=(), formula=quantile(row.seats, "0.9")),
    Kpi(name="owners", unit="count", dated=closed, formula=distinct(row.owner_id, where=row.outcome == "won")),
    Kpi(name="moments", unit="count", dated=(), formula=distinct(row.closed_at)),
    Kpi(name="close_days", unit="count", dated=(), formula=distinct(row.close_date)),
    Kpi(name="response_median", unit="duration", dated=row.created_at, formula=median(row.response_time)),
    Kpi(name="response_mean", unit="duration", dated=row.close_date, formula=mean(row.response_time)),
    Kpi(name="new_share", dated=created, formula=count(row.is_new == True) / count(row)),  # noqa: E712
    Kpi(
        name="odd",
        unit="ratio",
        dated=created,
        formula=count(~(row.is_new == FALSE) & (row.owner_id != "ana")) / count(known(row.owner_id)),
    ),
    Kpi(
        name="net",
        unit="money",
        dated=closed,
        formula=total(row.amount - row.rebate) - total(row.rebate, where=missing(row.amount)),
    ),
    Kpi(
        name="gross",
        unit="money",
        dated=closed,
        formula=total(row.amount + row.rebate, where=row.amount > Decimal("0.05")),
    ),
    Kpi(name="weighed", unit="money", dated=closed, formula=total(row.amount * row.probability)),
    Kpi(name="waiting", unit="count", dated=(), formula=count(not_yet(row.close_date) & not_yet(closed))),
    Kpi(
        name="late",
        unit="ratio",
        dated=closed,
        formula=count(row.closed_on > row.close_date) / count(row.closed_at >= row.created_at),
    ),
    Kpi(
        name="old",
        unit="count",
        dated=(),
        formula=count(row.created_on <= date(2026, 1, 1)) + count(row.closed_at < EDGES[0]),
    ),
    Kpi(
        name="slow",
        unit="count",
        dated=(),
        formula=count(row.response_time > timedelta(hours=1)) - count(one_of(row.seats, 1, 2, 3)),
    ),
    Kpi(name="same", unit="count", dated=(), formula=count(row.outcome == row.owner_id) + count(row.owner_id < "b")),
    Kpi(
        name="doubled",
        unit="duration",
        dated=(),
        formula=total(row.response_time * row.seats, where=one_of(row.seats, 0, 1, 2)),
    ),
]
OVER_DEALS = [kpi for kpi in CATALOGUE if set(kpi.populations) <= {"Opportunity"}]
OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "by": st.sampled_from(["owner_id", ("owner_id", "outcome"), ("is_new",), ("created_on",)]),
        "over": st.sampled_from(
            [
                BERLIN.quarters(),
                Period.year(2026).months(),
                Period.quarter(2026, 2, tz="Europe/Berlin"),
                (Period.month(2026, 1), Period.month(2026, 3)),
            ]
        ),
        "as_of": st.sampled_from([*EDGES, datetime(2026, 7, 1, tzinfo=UTC)]),
    },
)


def outcome_of(run):
    """The measurements, or which kind of error."""
    try:
        table = run()
        totals = [] if table.by == ("code",) else [table.measurement(kpi) for kpi in table.kpis]
        return [*table.measurements(), *totals], sorted(map(str, table.keys()))
    except CurrencyMismatchError:
        return "currencies"
    except (InvalidRowError, InvalidValueError) as error:
        return "negative" if "must not be negative" in str(error) else f"other: {error}"


def as_objects(records, *, money):
    """The records as objects have them, and how a frame is told where their amounts and currencies are."""
    rows = [dict(record) for record in records]
    if not money:
        return rows, {"currency": "EUR"}
    for record in rows:
        for name in ("amount", "rebate"):
            record[name] = None if record[name] is None else Money(record[name], record["code"])
    return rows, {"columns": {"amount.currency": "code", "rebate.currency": "code"}}


def differ(engine, records, chosen, options, columns=None, *, money):
    """Both readings of the same records."""
    rows, told = as_objects(records, money=money)
    expected = outcome_of(lambda: measure(rows, chosen, currency=None if money else "EUR", **options))
    frame = frame_of(engine, records, TYPES)
    found = outcome_of(lambda: kpi_table(frame, chosen, **told, **options))
    return expected, found


@pytest.mark.parametrize("engine", [*ENGINES, *([SPARK] if WITH_SPARK else [])])
def test_every_engine_measures_what_objects_measure(engine):
    @settings(max_examples=4 if engine == SPARK else 40, suppress_health_check=list(HealthCheck), deadline=None)
    @given(
        RECORDS,
        st.lists(st.sampled_from(OURS + OVER_DEALS), min_size=1, max_size=6, unique_by=lambda kpi: kpi.name),
        OPTIONS,
    )
    def check(records, chosen, options):
        expected, found = differ(engine, records, chosen, options, money=False)
        assert found == expected

    check()


WON = dict.fromkeys(TYPES) | {"id": "a", "outcome": "won", "amount": Decimal(1), "code": "EUR"}
BACKWARDS = WON | {"created_on": date(2026, 1, 1), "closed_on": date(2025, 12, 31)}
MIXED = [kpi for kpi in OVER_DEALS if kpi.unit == "money"] + [kpi for kpi in OURS if kpi.name in {"net", "weighed"}]


@pytest.mark.parametrize("engine", [*ENGINES, *([SPARK] if WITH_SPARK else [])])
def test_currencies_of_a_column_never_mix_on_any_engine(engine):
    @settings(max_examples=4 if engine == SPARK else 20, suppress_health_check=list(HealthCheck), deadline=None)
    @given(
        RECORDS,
        st.lists(st.sampled_from(MIXED), min_size=1, max_size=3, unique_by=lambda kpi: kpi.name),
        st.sampled_from([{}, {"by": "code"}, {"by": "code", "over": BERLIN.quarters()}, {"by": "owner_id"}]),
        st.lists(st.sampled_from(["EUR", "EUR", "EUR", "JPY"]), min_size=12, max_size=12),
    )
    @example([WON, BACKWARDS], [kpis.average_deal_size, kpis.sales_velocity], {}, ["EUR", "JPY"])
    def check(records, chosen, options, codes):
        mixed = [{**record, "code": code} for record, code in zip(records, codes, strict=False)]
        expected, found = differ(engine, mixed, chosen, options, money=True)
        if (expected, found) == ("currencies", "negative"):
            # Both are wrong: objects tell what their rows show first, engines the cells in doubt before any sum.
            expected, _ = differ(engine, records, chosen, options, money=True)  # the same in one currency
        assert found == expected

    check()


def in_order(rows):
    return sorted(
        rows,
        key=lambda row: [
            str(value)
            for name, value in row.items()
            if name in {"owner_id", "outcome", "is_new", "created_on", "code", "period", "kpi"}
        ],
    )


def near(found, expected):
    """Whether two cells are the same; two floats that were computed in another order, nearly so."""
    if isinstance(found, float) and isinstance(expected, float):
        return math.isclose(found, expected, rel_tol=1e-9, abs_tol=1e-9)
    return found == expected


def check_rows(engine, records, chosen, options, *, money):
    """The tidy rows of a frame against the measurements of objects."""
    rows, told = as_objects(records, money=money)
    is_lazy = engine in LAZY
    try:
        table = measure(rows, chosen, currency=None if money else "EUR", **options)
        columns = tidy_columns(table)
    except (CurrencyMismatchError, InvalidRowError):
        if is_lazy:
            found = rows_of(measure_frame(frame_of(engine, records, TYPES), chosen, **told, **options))
            assert any(row["problem_count"] > 0 and row["value"] is None for row in found)
        return
    found = in_order(rows_of(measure_frame(frame_of(engine, records, TYPES), chosen, **told, **options)))
    expected = in_order([dict(zip(columns, line, strict=True)) for line in zip(*columns.values(), strict=True)])
    assert len(found) == len(expected)
    for row, wanted in zip(found, expected, strict=True):
        skipped = {"low", "high"} if is_lazy else set()
        assert list(row) == list(wanted)
        assert not {
            name: (row[name], wanted[name]) for name in wanted.keys() - skipped if not near(row[name], wanted[name])
        }


@pytest.mark.parametrize("engine", [*ENGINES, *([SPARK] if WITH_SPARK else [])])
def test_tidy_rows_of_every_engine_are_the_measurements_of_objects(engine):
    @settings(max_examples=3 if engine == SPARK else 25, suppress_health_check=list(HealthCheck), deadline=None)
    @given(
        RECORDS,
        st.lists(st.sampled_from(OURS + OVER_DEALS), min_size=1, max_size=5, unique_by=lambda kpi: kpi.name),
        OPTIONS,
    )
    def check(records, chosen, options):
        check_rows(engine, records, chosen, options, money=False)

    check()


@pytest.mark.parametrize("engine", ["polars", "polars-lazy", "duckdb", *([SPARK] if WITH_SPARK else [])])
def test_tidy_rows_of_currencies_are_those_of_objects(engine):
    @settings(
        max_examples={SPARK: 3, "duckdb": 8}.get(engine, 20), suppress_health_check=list(HealthCheck), deadline=None
    )
    @given(
        RECORDS,
        st.lists(st.sampled_from(MIXED), min_size=1, max_size=3, unique_by=lambda kpi: kpi.name),
        st.sampled_from([{}, {"by": "code"}, {"by": "code", "over": BERLIN.quarters()}, {"by": "owner_id"}]),
        st.lists(st.sampled_from(["EUR", "EUR", "EUR", "JPY"]), min_size=12, max_size=12),
    )
    def check(records, chosen, options, codes):
        mixed = [{**record, "code": code} for record, code in zip(records, codes, strict=False)]
        check_rows(engine, mixed, chosen, options, money=True)

    check()


AT_EDGES = [
    {
        "id": "abc"[number % 3],
        "outcome": ("won", "lost", "open")[number % 3],
        "owner_id": ("ana", "ben")[number % 2],
        "amount": Decimal(-number if number % 2 else number * 100),
        "code": "EUR",
        "probability": Decimal("0.5"),
        "created_at": edge if number % 4 else None,
        "created_on": edge.date(),
        "closed_at": edge,
        "closed_on": None,
        "close_date": edge.date(),
        "response_time": timedelta(days=number**2),
        "seats": number**3,
        "is_new": number % 5 == 0,
        "rebate": None,
    }
    for number, edge in enumerate(EDGES)
]


@pytest.mark.parametrize(
    ("engine", "as_of"),
    [
        *((engine, as_of) for as_of in (None, EDGES[1], EDGES[4], EDGES[10]) for engine in ENGINES),
        *([(SPARK, EDGES[4])] if WITH_SPARK else []),
    ],
    ids=str,
)
def test_what_happens_at_the_edges_of_periods_of_the_look_and_of_the_nights_is_the_same(engine, as_of):
    asked = [
        *(
            kpi
            for kpi in OURS
            if kpi.name in {"seats_total", "seats_p90", "owners", "moments", "waiting", "late", "new_share"}
        ),
        kpis.win_rate,
        kpis.win_rate_by_value,
        kpis.win_rate_of_created,
        kpis.open_opportunities,
        kpis.median_deal_size,
    ]
    for options in (
        {"over": BERLIN.quarters(), "by": "owner_id"},
        {"over": Period.day(date(2026, 3, 29), tz="Europe/Berlin")},
        {"by": "outcome"},
    ):
        told = {**options, "as_of": as_of}
        expected, found = differ(engine, AT_EDGES, asked, told, money=False)
        assert found == expected
        assert isinstance(expected, tuple), expected
        check_rows(engine, AT_EDGES, asked, told, money=False)
