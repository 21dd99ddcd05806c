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


def test_agents_managers_regions_products_and_quarters_add_up_to_the_whole():
    won = Counter(row["owner_id"] for row in mappings() if row["outcome"] == "won")
    by_agent = kpis.measure(entities(), [kpis.deals_won, kpis.bookings], by="owner_id")
    assert {
        found.segment["owner_id"]: found.value for found in by_agent.measurements() if found.unit == "count"
    } == dict(won)
    for by in ("custom.region", "custom.manager", "product_id"):
        table = kpis.measure(entities(), [kpis.bookings], by=by)
        parts = Money.total((found.value for found in table.measurements()), "USD")
        assert parts == table.measurement("bookings").value == Money(10_005_534, "USD")
    quarters = kpis.measure(entities(), [kpis.bookings, kpis.win_rate], over=Period.year(2017).quarters())
    assert quarters.measurement("bookings").value == Money(10_005_534, "USD")
    assert quarters.measurement("win_rate").value == Fraction(4238, 6711)
