"""Laws that every definition of the catalogue obeys, on the rows of the sample company."""

from __future__ import annotations

from datetime import UTC, date, datetime
from fractions import Fraction
from functools import cache
from random import Random

import pytest
from attrs import NOTHING, evolve, fields, has

from revops_core import kpis
from revops_core.kpis.formula import Aggregate, Formula
from revops_core.values.measurement import Undefined
from tests.golden.company_rows import QUARTERS, company_rows

EVERY_KPI = pytest.mark.parametrize("kpi", kpis.CATALOGUE, ids=lambda kpi: kpi.name)


def rows_of(kpi):
    return {name: list(company_rows()[0][name]) for name in kpi.populations}


def is_sum(formula):
    """Whether it counts and adds only, so that no rows make nothing."""
    if isinstance(formula, Formula):
        return formula.operation != "over" and all(map(is_sum, formula.arguments))
    return not isinstance(formula, Aggregate) or formula.operation in {"count", "total", "distinct"}


def given_to(rows):
    return next(iter(rows.values())) if len(rows) == 1 else rows


def table_of(kpi, rows, **options):
    return kpis.measure(given_to(rows), [kpi], over=QUARTERS, as_of=company_rows()[1], **options)


def values_of(table):
    return [table.measurement(table.kpis[0], period=quarter) for quarter in QUARTERS]


@EVERY_KPI
def test_without_rows_a_quotient_is_undefined_and_never_zero(kpi):
    found = kpi(given_to({name: [] for name in kpi.populations}))
    if is_sum(kpi.formula):
        assert found.value == 0 or found.value == Undefined("no_amount")
    else:
        assert isinstance(found.value, Undefined)


@EVERY_KPI
def test_two_halves_merge_into_the_whole_in_any_order(kpi):
    rows, random = rows_of(kpi), Random(7)
    for held in rows.values():
        random.shuffle(held)
    halves = [{name: held[start::2] for name, held in rows.items()} for start in (0, 1)]
    one, other = (table_of(kpi, half) for half in halves)
    whole = values_of(table_of(kpi, rows_of(kpi)))
    assert values_of(one.merge(other)) == values_of(other.merge(one)) == whole


@EVERY_KPI
def test_segments_make_the_whole(kpi):
    def parity(row):
        return len(repr(row)) % 3

    by_parity = table_of(kpi, rows_of(kpi), by={"parity": parity})
    whole = values_of(table_of(kpi, rows_of(kpi)))
    assert [(found.value, found.n) for found in values_of(by_parity)] == [(found.value, found.n) for found in whole]


@EVERY_KPI
def test_the_traced_records_are_those_that_were_counted(kpi):
    for found in values_of(table_of(kpi, rows_of(kpi), trace=True)):
        if found.traced is not None and found.unit == "fraction" and isinstance(found.numerator, int):
            assert len(found.records()) == found.numerator
            assert len(found.records("denominator")) == found.denominator == found.n


@EVERY_KPI
def test_the_totals_of_a_quotient_of_sums_give_the_same_value(kpi):
    formula = kpi.formula
    if not isinstance(formula, Formula) or formula.operation != "over" or len(kpi.aggregates) != 2:
        return
    for found in values_of(table_of(kpi, rows_of(kpi))):
        if (
            found.numerator is not None
            and found.denominator is not None
            and {aggregate.operation for aggregate in kpi.aggregates} <= {"count", "total"}
            and list(formula.arguments) == list(kpi.aggregates)
        ):
            assert kpi.of(found.numerator, found.denominator).value == found.value


@EVERY_KPI
def test_a_share_is_between_nothing_and_all(kpi):
    for found in values_of(table_of(kpi, rows_of(kpi))):
        if kpi.unit == "fraction" and isinstance(found.value, Fraction) and isinstance(found.numerator, int):
            assert 0 <= found.value <= 1
            interval = found.ci()
            assert interval.low <= float(found.value) <= interval.high


AUGUST = datetime(2025, 8, 15, 12, tzinfo=UTC)
PLANS = {"close_date", "starts_on", "ends_on", "due_at"}
# What else is not known of a row, while a date of it is still to come.
UNKNOWN = {
    ("Lead", "closed_at"): {"outcome": "open"},
    ("Opportunity", "closed_at"): {"outcome": "open"},
    ("Credit", "closed_at"): {"outcome": "open"},
    ("LeadProgress", "attempted_at"): {"response_time": None},
    ("StageVisit", "exited_at"): {"stay_time": None, "has_advanced": None},
    ("StageVisit", "ended_at"): {"won": None},
    ("Outcome", "decided_at"): {"kept": None},
}
TOLD_BY_LEDGERS = {"CustomerLife", "Renewal", "Commitment", "Bridge", "RevenueChange"}


def known_in_august(row):
    """A row without what came later; None where all of it did."""
    changes = {}
    for each in fields(type(row)) if has(type(row)) else ():
        value = getattr(row, each.name)
        if not isinstance(value, date) or each.name in PLANS:
            continue
        if value > AUGUST if isinstance(value, datetime) else value > AUGUST.date():
            if each.default is NOTHING or each.name.startswith("created"):
                return None
            changes |= {each.name: None, **UNKNOWN.get((type(row).__name__, each.name), {})}
    return evolve(row, **changes) if changes else row


@cache
def rows_known_in_august():
    rows = company_rows()[0]
    return {
        name: [row for row in map(known_in_august, held) if row is not None]
        for name, held in rows.items()
        if name not in TOLD_BY_LEDGERS
    }


@EVERY_KPI
def test_what_came_later_changes_no_look_at_the_past(kpi):
    if TOLD_BY_LEDGERS & set(kpi.populations):
        return
    whole, known = (
        kpis.measure(given_to({name: rows[name] for name in kpi.populations}), [kpi], over=QUARTERS, as_of=AUGUST)
        for rows in (company_rows()[0], rows_known_in_august())
    )
    # Only how many rows have no date yet may differ: a date that lies ahead is one here, and none there.
    assert [evolve(found, warnings=told_of(found)) for found in values_of(whole)] == [
        evolve(found, warnings=told_of(found)) for found in values_of(known)
    ]


def told_of(measurement):
    return [warning for warning in measurement.warnings if not warning.startswith("undated")]


@EVERY_KPI
def test_mappings_give_the_same_as_objects(kpi):
    names = dict.fromkeys(
        name.partition(".")[0]
        for aggregate, dated in kpi.wanted
        for expression in (aggregate.where, aggregate.value, dated)
        if expression is not None
        for name in expression.fields
    )
    told = {
        population: [{name: getattr(row, name) for name in names if hasattr(row, name)} for row in held]
        for population, held in rows_of(kpi).items()
    }
    assert values_of(table_of(kpi, told)) == values_of(table_of(kpi, rows_of(kpi)))
