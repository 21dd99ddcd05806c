"""check: all that is wrong with a frame, told at once on every engine, with how often."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from revops_core import frames, kpis
from revops_core.errors import CurrencyMismatchError, InvalidValueError, MissingColumnsError
from revops_core.kpis import Kpi, count, mean, total
from revops_core.values.condition import each
from revops_core.values.period import Period
from tests.frames.engines import EVERY_ENGINE, EVERY_LAZY_ENGINE, LAZY, frame_of, rows_of

TYPES = {
    "id": "text",
    "Stage": "text",
    "owner": "text",
    "amount": "float",
    "code": "text",
    "created_at": "wall",
    "closed_at": "instant",
    "probability": "text",
}
GOOD = {
    "id": "o1",
    "Stage": "Won",
    "owner": "ana",
    "amount": 10.25,
    "code": "EUR",
    "created_at": datetime(2026, 5, 1),
    "closed_at": datetime(2026, 5, 9, tzinfo=UTC),
    "probability": "high",
}
BAD = [
    GOOD,
    {**GOOD, "id": "o2", "Stage": "Lost", "owner": None},
    {**GOOD, "id": "o2", "amount": 1.005},
    {**GOOD, "id": None, "code": "USD"},
    {**GOOD, "id": "o5", "created_at": datetime(2026, 3, 29, 2, 30)},
    {**GOOD, "id": "o6", "closed_at": datetime(2026, 4, 1, tzinfo=UTC)},
    {**GOOD, "id": "o7", "Stage": "Closed Won"},
    {**GOOD, "id": "o8", "code": None},
]
NAMES = {"outcome": "Stage", "owner_id": "owner", "amount.currency": "code"}
MEANINGS = {"outcome": {"Won": "won", "Lost": "lost"}}
KPIS = [kpis.win_rate, kpis.bookings, kpis.sales_cycle_mean]


@pytest.mark.parametrize("engine", EVERY_ENGINE)
def test_everything_wrong_is_told_at_once(engine):
    frame = frame_of(engine, BAD, TYPES)
    found = frames.check(
        frame, [*KPIS, kpis.weighted_pipeline], by="owner_id", columns=NAMES, values=MEANINGS, tz="Europe/Berlin"
    )
    told = {(problem.code, problem.field) for problem in found}
    cycle = "(closed_at else closed_on) - (created_at else created_on)"
    assert told == {
        ("missing_key", "owner_id"),
        ("missing_key", "id"),
        ("duplicate_id", "id"),
        ("no_amount", "amount"),
        ("no_such_time", "created_at"),
        ("unmapped_value", "outcome"),
        ("negative_duration", cycle),
        ("no_currency", "amount"),
        ("mixed_currencies", "amount"),
        ("wrong_type", "amount × probability"),
    }
    says = {problem.code: problem.says for problem in found}
    assert says["unmapped_value"].startswith("'outcome' is 'Closed Won' in 1 rows")
    assert "1 rows, such as 1.005" in says["no_amount"]
    assert "1 rows" in says["negative_duration"]
    assert {problem.subject for problem in found} == {"Opportunity"}
    assert next(problem for problem in found if problem.code == "no_amount").subject_id == "o2"


@pytest.mark.parametrize("engine", EVERY_ENGINE)
def test_columns_that_lack_or_are_of_another_type_are_told_beside_each_other(engine):
    frame = frame_of(engine, [GOOD], TYPES)
    asked = Kpi(
        name="odd", unit="count", dated=each(object).at, formula=count(each(object).signed_on == date(2026, 1, 1))
    )
    found = frames.check(
        frame,
        [kpis.win_rate, asked],
        over=Period.year(2026),
        columns={"outcome": "Stagee", "signed_on": "owner", "at": "created_at"},
    )
    assert [(problem.code, problem.field) for problem in found] == [
        ("missing_column", "outcome"),
        ("wrong_type", "at"),
        ("wrong_type", "signed_on"),
    ]
    assert "did you mean 'Stage'?" in found[0].says
    assert "must have a time zone, or `tz` must tell it" in found[1].says


@pytest.mark.parametrize("engine", EVERY_ENGINE)
def test_nothing_is_told_of_a_frame_that_is_sound(engine):
    frame = frame_of(engine, [GOOD, {**GOOD, "id": "o2"}], TYPES)
    assert frames.check(frame, KPIS, by="owner_id", columns=NAMES, values=MEANINGS, tz="UTC") == []


def test_words_that_no_condition_names_are_told_where_none_is_ours():
    ours = frame_of("polars", [{"outcome": "won"}, {"outcome": "open"}], {"outcome": "text"})
    assert frames.check(ours, kpis.win_rate) == []
    theirs = frame_of("polars", [{"outcome": "Won"}, {"outcome": "Won"}, {"outcome": "Open"}], {"outcome": "text"})
    assert [problem.says.split(";")[0] for problem in frames.check(theirs, kpis.win_rate)] == [
        "'outcome' is 'Won' in 2 rows",
        "'outcome' is 'Open' in 1 rows",
    ]


@pytest.mark.parametrize(
    "engine", [engine for engine in EVERY_ENGINE if engine not in LAZY and not hasattr(engine, "marks")]
)
def test_measuring_an_eager_frame_raises_with_the_number_of_rows(engine):
    frame = frame_of(engine, BAD[:3] + BAD[5:6], TYPES)
    with pytest.raises(InvalidValueError) as wrong:
        frames.measure(frame, KPIS, columns=NAMES, values=MEANINGS, tz="Europe/Berlin")
    assert [(fault.field, fault.value) for fault in wrong.value.faults] == [
        ("amount", "1 rows"),
        ("(closed_at else closed_on) - (created_at else created_on)", "1 rows"),
    ]
    with pytest.raises(CurrencyMismatchError):
        frames.measure(frame_of(engine, [BAD[0], BAD[3]], TYPES), kpis.bookings, columns=NAMES, values=MEANINGS)


@pytest.mark.parametrize("engine", EVERY_LAZY_ENGINE)
def test_measuring_a_lazy_frame_counts_the_rows_in_doubt_where_there_would_be_a_number(engine):
    frame = frame_of(engine, BAD, TYPES)
    rows = rows_of(frames.measure(frame, kpis.bookings, by="owner_id", columns=NAMES, values=MEANINGS))
    by_owner = {row["owner_id"]: row for row in rows}
    assert by_owner["ana"]["value"] is None
    assert by_owner["ana"]["problem_count"] > 0
    assert (by_owner[None]["value"], by_owner[None]["problem_count"]) == (None, 0) or by_owner[None]["value"] == 0
    with pytest.raises(MissingColumnsError):
        frames.measure(frame, kpis.bookings)


@pytest.mark.parametrize("engine", EVERY_ENGINE)
def test_columns_that_cannot_be_read_so_raise_before_anything_is_computed(engine):
    row = each(object)
    frame = frame_of(engine, [GOOD], TYPES)
    for wrong in (
        count(row.Stage == 3),
        count(row.amount > "a"),
        count(row.closed_at > date(2026, 1, 1)),
        total(row.owner * row.amount),
        mean(row.owner - row.amount),
        total(row.owner + row.amount),
        count(row.amount == 1.5),
    ):
        with pytest.raises(InvalidValueError):
            frames.measure(frame, Kpi(name="odd", unit="count", dated=(), formula=wrong))
    for options in (
        {"by": "owner", "over": (Period.year(2026), Period.year(2027, tz="Asia/Tokyo"))},
        {"by": ("owner", "owner")},
        {"by": "kpi", "columns": {"kpi": "owner"}},
        {"currency": "XXQ"},
        {"by": lambda deal: deal},
    ):
        with pytest.raises(InvalidValueError):
            frames.measure(frame, Kpi(name="all", unit="count", dated=row.closed_at, formula=count(row)), **options)


def test_kpis_of_several_populations_take_a_frame_of_each():
    spend = frame_of(
        "polars",
        [{"amount": Decimal(100), "on": date(2026, 1, 3), "purpose": "marketing", "source": "web"}],
        {"amount": "amount", "on": "day", "purpose": "text", "source": "text"},
    )
    leads = frame_of(
        "polars", [{"created_on": date(2026, 1, 4), "from": "web"}] * 4, {"created_on": "day", "from": "text"}
    )
    both = {"Spend": spend, "Lead": leads}
    table = frames.kpi_table(
        both, kpis.cost_per_lead, by="source", currency="EUR", columns={"Spend": {}, "Lead": {"source": "from"}}
    )
    assert str(table.measurement("cost_per_lead").value) == "25 EUR"
    lazy = {name: frame.lazy() for name, frame in both.items()}
    told = {"by": "source", "currency": "EUR", "columns": {"Spend": {}, "Lead": {"source": "from"}}}
    (row,) = rows_of(frames.measure(lazy, kpis.cost_per_lead, **told))
    assert (row["value"], row["numerator"], row["denominator"], row["source"]) == (25.0, 100.0, 4.0, "web")
    assert rows_of(frames.measure(both, kpis.cost_per_lead, **told))[0]["value"] == 25.0
    for wrong in (spend, {"Spend": spend}):
        with pytest.raises(InvalidValueError, match=r"frames\.measure"):
            frames.kpi_table(wrong, kpis.cost_per_lead, currency="EUR")


@pytest.mark.parametrize("engine", EVERY_ENGINE)
def test_rows_that_count_and_have_no_date_are_told_where_there_are_periods(engine):
    dates = {"won": datetime(2026, 1, 2, tzinfo=UTC), "lost": None, "open": None}
    rows = [{"outcome": outcome, "closed_at": at} for outcome, at in dates.items()]
    df = frame_of(engine, rows, {"outcome": "text", "closed_at": "instant"})
    assert frames.check(df, kpis.win_rate) == []
    (problem,) = frames.check(df, kpis.win_rate, over=Period.quarter(2026, 1))
    assert (problem.code, problem.field) == ("undated", "closed_at")
    assert ": 1 rows, such as Na" in problem.says.replace("None", "NaT")
