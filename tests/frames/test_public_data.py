"""Public data through every engine: the published totals, by `columns=` and `values=` alone."""

from __future__ import annotations

import zipfile
from fractions import Fraction
from functools import cache
from pathlib import Path

import polars as pl
import pytest

from revops_core import frames, kpis
from revops_core.values.money import Money
from revops_core.values.period import Period
from tests.frames.engines import EVERY_ENGINE, SPARK, from_arrow, rows_of, spark

DATA = Path(__file__).resolve().parents[2] / ".." / "shared" / "data"


def needs(name):
    reason = f"the public data {name} is not beside the project"
    return pytest.mark.skipif(not (DATA / name).exists(), reason=reason)


CRM = {
    "columns": {
        "owner_id": "sales_agent",
        "outcome": "deal_stage",
        "amount": "close_value",
        "created_on": "engage_date",
        "closed_on": "close_date",
    },
    "values": {"outcome": {"Won": "won", "Lost": "lost", "Engaging": "open", "Prospecting": "open"}},
}
KPIS = [
    kpis.win_rate,
    kpis.win_rate_of_created,
    kpis.bookings,
    kpis.average_deal_size,
    kpis.sales_cycle_mean,
    kpis.median_deal_size,
]


@cache
def crm():
    return pl.read_csv(DATA / "maven_crm" / "sales_pipeline.csv", try_parse_dates=True).with_columns(
        pl.col("close_value").cast(pl.Float64)
    )


@cache
def incidents():
    with (
        zipfile.ZipFile(DATA / "uci_incident" / "incident_event_log.csv.zip") as archive,
        archive.open("incident_event_log.csv") as raw,
    ):
        rows = pl.read_csv(raw.read(), infer_schema=False)
    last = rows.with_row_index("place").sort("place").unique("number", keep="last")  # the last event in file order
    return last.select("number", "priority", made_sla=pl.col("made_sla") == "true")


def on(engine, df):
    return spark().createDataFrame(df.to_pandas()) if engine == SPARK else from_arrow(engine, df.to_arrow())


@needs("maven_crm")
@pytest.mark.parametrize("engine", EVERY_ENGINE)
def test_the_published_totals_of_the_crm_come_out_on_every_engine(engine):
    frame = on(engine, crm())
    assert frames.check(frame, KPIS, currency="USD", **CRM) == []
    table = frames.kpi_table(frame, KPIS, currency="USD", **CRM)
    found = {name: table.measurement(name).value for name in ("win_rate", "bookings", "average_deal_size")}
    assert found["win_rate"] == Fraction(4238, 6711)
    assert found["bookings"] == Money(10_005_534, "USD")
    assert found["average_deal_size"].rounded() == Money("2360.91", "USD")
    assert round(float(table.measurement("win_rate_of_created")), 4) == 0.4816
    assert round(float(table.measurement("sales_cycle_mean")), 2) == 51.78
    rows = rows_of(
        frames.measure(
            frame,
            [kpis.bookings, kpis.win_rate],
            by="owner_id",
            over=Period.year(2017).quarters(),
            currency="USD",
            **CRM,
        )
    )
    assert sum(row["value"] or 0 for row in rows if row["kpi"] == "bookings") == 10_005_534
    rates = [row for row in rows if row["kpi"] == "win_rate"]
    assert (sum(row["numerator"] for row in rates), sum(row["denominator"] for row in rates)) == (4238, 6711)
    assert len(rates) == 30 * 4


@needs("uci_incident")
@pytest.mark.parametrize("engine", EVERY_ENGINE)
def test_compliance_by_priority_is_the_published_count_on_every_engine(engine):
    told = {"by": "priority", "columns": {"kept": "made_sla"}}
    table = frames.kpi_table(on(engine, incidents()), kpis.sla_compliance, **told)
    assert {one.segment["priority"]: (one.numerator, one.denominator) for one in table.measurements()} == {
        "1 - Critical": (5, 270),
        "2 - High": (2, 408),
        "3 - Moderate": (15_145, 23_466),
        "4 - Low": (651, 774),
    }
