"""SLA clocks: one reading against its own arithmetic, and tables of 100,000 clocks, in one run.

    python benchmarks/sla.py [LOG.zip]

The reference of a reading is 30 calls of the calendar's closure (what 6 facts under 2 targets need) and making its
result from attrs classes. With the zipped incident log of UCI (data set 498), the whole log is read too. Read ratios,
not digits; times are of the process, as machines are shared.
"""

from __future__ import annotations

import csv
import io
import sys
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from time import process_time

from revops_core import calendars, sla
from revops_core.sla.reading import Segment, TargetReading
from revops_core.values.instants import to_microseconds

HOUR = timedelta(hours=1)
OFFICE = calendars.BusinessCalendar("Mo-Fr 09:00-17:00", tz="America/New_York")
POLICY = sla.SlaPolicy(
    "support",
    calendar=OFFICE,
    targets=[sla.SlaTarget("response", HOUR), sla.SlaTarget("resolution", 16 * HOUR)],
    escalation=[
        sla.EscalationTier(1, "agent", "lead", at_percent=75),
        sla.EscalationTier(2, "lead", "manager", after_breach=timedelta(0)),
        sla.EscalationTier(3, "manager", "director", after_breach=4 * HOUR),
        sla.EscalationTier(4, "director", "vendor", on="cannot_resolve"),
    ],
)
START = datetime(2026, 3, 2, 15, tzinfo=UTC)


def facts(number: int) -> list[sla.ClockEvent]:
    """Six facts of one request."""
    start = START + timedelta(seconds=7 * number)
    return [
        sla.ClockEvent("started", start, id="1"),
        sla.ClockEvent("responded", start + HOUR / 2, id="2"),
        sla.ClockEvent("paused", start + 3 * HOUR, id="3"),
        sla.ClockEvent("resumed", start + 20 * HOUR, id="4"),
        sla.ClockEvent("assigned", start + 24 * HOUR, id="5", owner="ana"),
        sla.ClockEvent("stopped", start + 80 * HOUR, id="6"),
    ]


def seconds(work: Callable[[], object], times: int, rounds: int = 7) -> float:
    """The best of some rounds, for one call."""
    best = float("inf")
    for _ in range(rounds):
        began = process_time()
        for _ in range(times):
            work()
        best = min(best, (process_time() - began) / times)
    return best


def one_reading() -> list[tuple[str, float, float | None, str]]:
    """One clock, read on the way and at the end, against its arithmetic."""
    clock, as_of = POLICY.clock("t", facts(0)), START + 50 * HOUR
    reading = clock.read(as_of)
    add, t = OFFICE.compiled.add, to_microseconds(START)
    target = reading["resolution"]
    values = {name: getattr(target, name) for name in TargetReading.__slots__ if hasattr(target, name)}
    values = {name.lstrip("_"): value for name, value in values.items() if name != "__weakref__"}

    def result() -> None:
        for _ in range(2):
            TargetReading(**values)
        for segment in segments:
            Segment(
                start=segment.start,
                end=segment.end,
                status=segment.status,
                elapsed=segment.elapsed,
                cause=segment.cause,
                owner=segment.owner,
            )

    segments = [segment for cycle in reading.cycles for segment in cycle.segments]
    reference = 30 * seconds(lambda: add(t, 3_600_000_000), 20_000) + seconds(result, 5_000)
    rows = [
        ("reference: 30 closures and the result", reference),
        ("read, on the way (limit: aim 60 µs)", seconds(lambda: clock.read(as_of), 3_000)),
        ("… and its segments", seconds(lambda: [cycle.segments for cycle in clock.read(as_of).cycles], 3_000)),
        ("read, at the end, 3 tiers fired", seconds(lambda: clock.read(START + 200 * HOUR), 3_000)),
        ("make the clock of its 6 facts", seconds(lambda: POLICY.clock("t", clock.events), 3_000)),
    ]
    print("A clock of 6 facts, 2 targets, 4 tiers")
    for name, taken in rows:
        print(f"  {name:<42} {taken * 1e6:8.1f} µs  {taken / reference:6.2f}×")
    note = f"{rows[1][1] * 1e6:.0f} µs; aim 60"
    return [("read a clock, beside 30 sums and its result", rows[1][1] / reference, None, note)]


def many() -> None:
    """A table of 100,000 clocks."""
    count = 100_000
    began = process_time()
    logs = [facts(number) for number in range(count)]
    made = process_time()
    clocks = [POLICY.clock(str(number), log) for number, log in enumerate(logs)]
    built = process_time()
    rows = sla.read_many(clocks, START + 50 * HOUR)
    read = process_time()
    outcomes = sla.outcomes(clocks[:20_000], START + 50 * HOUR)
    counted = process_time()
    sla.outcome_table(outcomes, by=["target", "status"])
    print(f"\n{count:,} clocks of 6 facts, 2 targets, 4 tiers")
    print(f"  make {6 * count:,} facts                     {made - began:8.2f} s")
    print(f"  make the clocks                          {built - made:8.2f} s")
    each = (read - built) / len(rows) * 1e6
    print(f"  read_many (aim 2 s), {len(rows):,} rows       {read - built:8.2f} s  {each:.1f} µs a target")
    print(f"  outcomes of 20,000 of them               {counted - read:8.2f} s")
    print(f"  a table of those                         {process_time() - counted:8.2f} s")


def real_log(path: str) -> None:
    """The incident log, whole."""
    with zipfile.ZipFile(path) as archive, archive.open("incident_event_log.csv") as raw:
        rows = [
            {
                "id": row["number"],
                "state": row["incident_state"],
                "at": datetime.strptime(row["sys_updated_at"], "%d/%m/%Y %H:%M").replace(tzinfo=UTC),
                "seq": int(row["sys_mod_count"]),
                "priority": row["priority"],
            }
            for row in csv.DictReader(io.TextIOWrapper(raw, "utf-8"))
        ]
    began = process_time()
    logs = sla.facts_from_rows(
        rows,
        pauses=["Awaiting User Info", "Awaiting Vendor", "Awaiting Problem", "Awaiting Evidence"],
        stops=["Resolved", "Closed"],
        columns={"seq": "seq"},
        fields=["priority"],
    )
    made = process_time()
    clocks = [POLICY.clock(number, log) for number, log in logs.items()]
    built = process_time()
    sla.outcomes(clocks, datetime(2018, 1, 1, tzinfo=UTC))
    read = process_time()
    count = sum(len(clock.events) for clock in clocks)
    print(f"\nThe incident log: {len(rows):,} rows, {len(clocks):,} clocks, {count:,} facts, 2 targets")
    print(f"  rows to facts                            {made - began:8.2f} s  {len(rows) / (made - began):,.0f} rows/s")
    print(f"  make the clocks                          {built - made:8.2f} s")
    print(f"  outcomes                                 {read - built:8.2f} s")
    print(
        f"  clocks and outcomes                      {read - made:8.2f} s  {count / (read - made):,.0f} facts a second"
    )


def main() -> list[tuple[str, float, float | None, str]]:
    """Print every figure; give the ratio."""
    figures = one_reading()
    many()
    if len(sys.argv) > 1:
        real_log(sys.argv[1])
    return figures


if __name__ == "__main__":
    main()
