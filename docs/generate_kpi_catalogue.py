"""Write docs/kpi-catalogue.md from the definitions of the KPIs.

    python docs/generate_kpi_catalogue.py

A test fails when the page is stale, so that every formula a reader sees is the one that is computed.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from revops_core.kpis import CATALOGUE, Kpi, family
from revops_core.kpis.kpi import STAGES

HEAD = """# KPI catalogue

Every KPI of `revops_core.kpis`, by the stage of the customer lifecycle it belongs to. This page is generated from the
definitions: `python docs/generate_kpi_catalogue.py`.

Rows count in a period by the date named under "by". A stock has none: it is read at the end of the period, or now.
A quotient with nothing to divide by is undefined, never 0. Totals of groups are sums over sums.
"Rows" are the class whose fields a KPI reads, and what prepares them where they are no records or facts of yours; any
objects with these attributes, or mappings with these keys, will do.
"Other readings" are KPIs of the same term, on which authorities disagree.
"""

PREPARED_BY = {
    "Availability": "sla.availability",
    "Bridge": "RevenueLedger.bridges",
    "Commitment": "commitments",
    "Comparison": "beside_previous",
    "Credit": "attribute",
    "CustomerLife": "customer_lives",
    "CustomerStart": "customer_starts",
    "ForecastResult": "forecast_results",
    "LeadProgress": "lead_progress",
    "Notice": "sla.Clock.read",
    "OpportunityInPeriod": "opportunities_in_period",
    "Outcome": "sla.outcomes",
    "QuotaProgress": "quota_progress",
    "Renewal": "renewals",
    "RevenueChange": "RevenueLedger.changes",
    "StageVisit": "stage_visits",
    "SubjectActivity": "subject_activity",
}
"""What makes the rows that are not recorded but computed."""


def markdown() -> str:
    """The text of the page."""
    return "\n".join([HEAD, *(line for stage in STAGES for line in _stage(stage))])


def _stage(stage: str) -> Iterator[str]:
    kpis = [kpi for kpi in CATALOGUE if kpi.stage == stage]
    if kpis:
        yield f"## {stage.replace('_', ' ').capitalize()}\n"
        for kpi in kpis:
            yield from _entry(kpi)


def _entry(kpi: Kpi) -> Iterator[str]:
    yield f"### {kpi.title}: `{kpi.name}`\n"
    yield f"{kpi.says}\n"
    yield f"- formula: `{kpi.formula_text}`"
    yield f"- rows: {', '.join(_rows(name) for name in kpi.populations)}"
    yield f"- by: {', '.join(f'`{date}`' for date in kpi.dated) or 'none, a stock'}"
    yield f"- unit: {kpi.unit}; {kpi.direction.replace('_', ' ').replace('neither', 'neither way is better')}"
    others = [f"`{other.name}`" for other in family(kpi.family) if other != kpi]
    if others:
        yield f"- other readings: {', '.join(others)}"
    yield f"- source: {kpi.source}\n"


def _rows(name: str) -> str:
    return f"{name}, from `{PREPARED_BY[name]}`" if name in PREPARED_BY else name


def main() -> None:
    """Write the page."""
    (Path(__file__).parent / "kpi-catalogue.md").write_text(markdown(), "utf-8")


if __name__ == "__main__":
    main()
