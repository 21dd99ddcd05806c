"""The public practice export of a CRM, whole: its published totals, from mappings and from entities alike."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path

import pytest

from revops_core import kpis
from revops_core.entities.opportunity import Opportunity
from revops_core.values.measurement import Undefined
from revops_core.values.money import Money
from revops_core.values.period import Period

EXPORT = Path(__file__).resolve().parents[2] / ".." / "shared" / "data" / "maven_crm"
pytestmark = pytest.mark.skipif(not EXPORT.is_dir(), reason="the public data maven_crm is not beside the project")
OUTCOMES = {"Won": "won", "Lost": "lost", "Engaging": "open", "Prospecting": "open"}
KPIS = [
    kpis.win_rate,
    kpis.win_rate_of_created,
    kpis.bookings,
    kpis.average_deal_size,
    kpis.sales_cycle_mean,
    kpis.open_pipeline,
]


def day(text):
    return date.fromisoformat(text) if text else None


@cache
def mappings():
    with (EXPORT / "sales_teams.csv").open(encoding="utf-8") as file:
        teams = {row["sales_agent"]: row for row in csv.DictReader(file)}
    with (EXPORT / "sales_pipeline.csv").open(encoding="utf-8") as file:
        return [
            {
                "id": row["opportunity_id"],
                "owner_id": row["sales_agent"],
                "outcome": OUTCOMES[row["deal_stage"]],
                "created_on": day(row["engage_date"]),
                "closed_on": day(row["close_date"]),
                "amount": Decimal(row["close_value"]) if row["close_value"] else None,
                "product_id": row["product"],
                "custom": {
                    "region": teams[row["sales_agent"]]["regional_office"],
                    "manager": teams[row["sales_agent"]]["manager"],
                },
            }
            for row in csv.DictReader(file)
        ]


@cache
def entities():
    return [
        Opportunity(**{**row, "amount": None if row["amount"] is None else Money(row["amount"], "USD")})
        for row in mappings()
    ]


def test_the_published_totals_come_out():
    found = {kpi.name: kpi(entities()) for kpi in KPIS}
    assert found["win_rate"].value == Fraction(4238, 6711)
    assert round(float(found["win_rate"]), 4) == 0.6315
    assert round(float(found["win_rate_of_created"]), 4) == 0.4816
    assert found["bookings"].value == Money(10_005_534, "USD")
    assert found["average_deal_size"].value.rounded() == Money("2360.91", "USD")
    assert round(found["sales_cycle_mean"].value / timedelta(days=1), 2) == 51.78
    assert (found["open_pipeline"].value, found["open_pipeline"].n) == (Undefined("no_amount"), 2089)


def test_mappings_and_entities_give_the_same():
    for options in ({}, {"by": "owner_id"}, {"by": "custom.region", "over": Period.year(2017).quarters()}):
        plain = kpis.measure(mappings(), KPIS, currency="USD", **options)
        assert plain.rows() == kpis.measure(entities(), KPIS, **options, currency="USD").rows()


def quarter_of(row):
    closed = row["closed_on"]
    return None if closed is None else f"{closed.year}-Q{(closed.month + 2) // 3}"


DIVISIONS = {
    "agent": ("owner_id", lambda row: row["owner_id"]),
    "manager": ("custom.manager", lambda row: row["custom"]["manager"]),
    "region": ("custom.region", lambda row: row["custom"]["region"]),
    "product": ("product_id", lambda row: row["product_id"]),
    "quarter": (None, quarter_of),
}


@pytest.mark.parametrize("division", DIVISIONS)
def test_every_part_is_what_a_plain_loop_finds_and_the_parts_sum_to_the_whole(division):
    by, part_of = DIVISIONS[division]
    counted, amounts, days = Counter(), Counter(), Counter()
    for row in mappings():
        counted[part_of(row), row["outcome"]] += 1
        if row["outcome"] == "won":
            amounts[part_of(row)] += row["amount"]
            days[part_of(row)] += (row["closed_on"] - row["created_on"]).days
    measured = [kpis.win_rate, kpis.deals_won, kpis.bookings, kpis.sales_cycle_mean]
    quarters = () if by else Period.year(2017).quarters()
    table = kpis.measure(entities(), measured, over=quarters, **({"by": by} if by else {}))
    found = {kpi.name: {} for kpi in measured}
    for one in table.measurements():
        part = one.segment[by] if by else one.period.label
        if one.n:
            found[one.name][part] = one
    won = {part for part, outcome in counted if outcome == "won"}
    decided = {part for part, outcome in counted if outcome in ("won", "lost")}
    assert set(found["deals_won"]) == set(found["bookings"]) == set(found["sales_cycle_mean"]) == won
    assert {part: (one.numerator, one.denominator) for part, one in found["win_rate"].items()} == {
        part: (counted[part, "won"], counted[part, "won"] + counted[part, "lost"]) for part in decided
    }
    assert {part: one.value for part, one in found["deals_won"].items()} == {part: counted[part, "won"] for part in won}
    assert {part: one.value.amount for part, one in found["bookings"].items()} == dict(amounts)
    assert {part: one.numerator.days for part, one in found["sales_cycle_mean"].items()} == dict(days)
    assert sum(one.value for one in found["deals_won"].values()) == table.measurement("deals_won").value == 4238
    total = Money.total((one.value for one in found["bookings"].values()), "USD")
    assert total == table.measurement("bookings").value == Money(10_005_534, "USD")
    assert table.measurement("win_rate").value == Fraction(4238, 6711)


def test_lost_deals_took_less_time_than_those_that_were_won():
    every = kpis.sales_cycle_mean_of_decided(entities())
    won = kpis.sales_cycle_mean(entities())
    lost = (every.numerator - won.numerator) / (every.denominator - won.denominator)
    assert round(lost / timedelta(days=1), 2) == 41.48
