"""Write docs/pictures: what the charts of the sample company look like, for readers who run nothing.

    python docs/generate_pictures.py

Needs the packages of the extra "test" (vl-convert draws without a browser). Beside each picture the fingerprint of its
specification is kept: a test fails when a chart has changed and the picture has not been drawn again.
"""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import vl_convert

from revops_core import charts, kpis, sla, stages
from revops_core.testing import SampleCompany, sample_company
from revops_core.values.money import Money
from revops_core.values.period import Period

PICTURES = Path(__file__).parent / "pictures"
FINGERPRINTS = PICTURES / "fingerprints.json"
BERLIN = "Europe/Berlin"


@cache
def pictures() -> Mapping[str, charts.Chart]:
    """Every picture by its name."""
    company = sample_company()
    ledger = kpis.RevenueLedger.of(company.subscriptions, as_of=company.as_of)
    quarters = Period.between(date(2024, 1, 1), date(2026, 1, 1)).quarters()
    cohorts = kpis.cohorts(ledger, quarters)
    log = stages.StageLog.of([move for move in company.moves if move.pipeline == stages.OPPORTUNITY.name])
    months = Period.year(2025, tz=BERLIN).months()
    rates = kpis.measure(company.opportunities, kpis.win_rate, over=months, as_of=company.as_of)
    targets: dict[str, Decimal | Money | timedelta | int] = {
        "win_rate": Decimal("0.35"),
        "average_deal_size": Money(25_000, "EUR"),
        "sales_cycle_median": timedelta(days=40),
        "bookings": Money(500_000, "EUR"),
    }
    card = kpis.scorecard("sales").with_targets(targets)
    rows = {"Opportunity": company.opportunities}
    return {
        "funnel": charts.funnel(log.funnel(stages.OPPORTUNITY, cohort="all"), title="Opportunities"),
        "series": charts.series(rates),
        "scorecard": charts.scorecard(card.measure(rows, Period.quarter(2025, 4, tz=BERLIN), as_of=company.as_of)),
        "revenue_bridge": charts.revenue_bridge(ledger.bridge(Period.year(2025))),
        "cohort_heat_map": charts.cohort_heat_map(cohorts, of="revenue"),
        "layer_cake": charts.layer_cake(cohorts),
        "sla_timeline": _timeline(company),
    }


def _timeline(company: SampleCompany) -> charts.Chart:
    """A ticket that was answered in time, waited a night and for the customer, and was missed."""
    hour, ticket = timedelta(hours=1), "ticket-997-4"
    policy = sla.SlaPolicy(
        "support",
        calendar=company.office,
        targets=(sla.SlaTarget("response", hour), sla.SlaTarget("resolution", 4 * hour)),
        escalation=(sla.EscalationTier(1, "agent", "team_lead", after_breach=timedelta(0)),),
        reminders=(sla.Reminder(to="agent", at_percent=75),),
    )
    events = company.clock_events[ticket]
    as_of = (events[-1].at - hour / 6).astimezone(ZoneInfo(BERLIN))
    return charts.sla_timeline(policy.clock(ticket, events), as_of)


def fingerprint(chart: charts.Chart) -> str:
    """What a specification comes to."""
    return hashlib.sha256(chart.to_json().encode()).hexdigest()[:16]


def png(chart: charts.Chart) -> bytes:
    """The picture, packed as small as it goes; vl-convert packs for speed."""
    drawn = vl_convert.vegalite_to_png(chart.to_json(), vl_version="5.20", scale=1.25)
    chunks, place = [], 8
    while place < len(drawn):
        (size,) = struct.unpack(">I", drawn[place : place + 4])
        chunks.append((drawn[place + 4 : place + 8], drawn[place + 8 : place + 8 + size]))
        place += 12 + size
    pixels = zlib.decompress(b"".join(data for kind, data in chunks if kind == b"IDAT"))
    header = next(data for kind, data in chunks if kind == b"IHDR")
    packed = [(b"IHDR", header), (b"IDAT", zlib.compress(pixels, 9)), (b"IEND", b"")]
    return drawn[:8] + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in packed
    )


def main() -> None:
    """Draw them all."""
    PICTURES.mkdir(exist_ok=True)
    for name, chart in pictures().items():
        drawn = png(chart)
        (PICTURES / f"{name}.png").write_bytes(drawn)
        print(f"{name}.png: {len(drawn):,} bytes")
    fingerprints = {name: fingerprint(chart) for name, chart in pictures().items()}
    FINGERPRINTS.write_text(json.dumps(fingerprints, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
