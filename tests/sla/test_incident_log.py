"""The whole log of a real ticket system through the engine: 141,712 events of 24,918 incidents.

Source: "Incident management process enriched event log", UCI data set 498, CC BY 4.0 (Amaral, Fantinato, Peres 2018).
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from revops_core import calendars, kpis, sla

LOG = Path(__file__).resolve().parents[2] / "../shared/data/uci_incident/incident_event_log.csv.zip"
AWAITING = ("Awaiting User Info", "Awaiting Vendor", "Awaiting Problem", "Awaiting Evidence")
AS_OF = datetime(2018, 1, 1, tzinfo=UTC)

pytestmark = pytest.mark.skipif(not LOG.exists(), reason="the public data does not stand beside the project")


def instant(text):
    day, clock = text.split(" ")
    (date, month, year), (hour, minute) = day.split("/"), clock.split(":")
    return datetime(int(year), int(month), int(date), int(hour), int(minute), tzinfo=UTC)


@pytest.fixture(scope="module")
def rows():
    with zipfile.ZipFile(LOG) as archive, archive.open("incident_event_log.csv") as raw:
        return [
            {
                "id": row["number"],
                "state": row["incident_state"],
                "at": instant(row["sys_updated_at"]),
                "seq": int(row["sys_mod_count"]),
                "priority": row["priority"],
                "team": None if row["assignment_group"] == "?" else row["assignment_group"],
                "made_sla": row["made_sla"] == "true",
            }
            for row in csv.DictReader(io.TextIOWrapper(raw, "utf-8"))
        ]


POLICY = sla.SlaPolicy(
    "incidents",
    calendar=calendars.BusinessCalendar("Mo-Fr 08:00-18:00", tz="America/Sao_Paulo"),
    targets=[
        sla.SlaTarget("resolution", timedelta(hours=hours), when={"priority": priority})
        for priority, hours in (("1 - Critical", 4), ("2 - High", 8), ("3 - Moderate", 40), ("4 - Low", 80))
    ],
    escalation=[
        sla.EscalationTier(1, "resolver", "team_lead", at_percent=75),
        sla.EscalationTier(2, "team_lead", "manager", after_breach=timedelta(0)),
    ],
)


@pytest.fixture(scope="module")
def clocks(rows):
    logs = sla.facts_from_rows(
        rows,
        pauses=AWAITING,
        stops=["Resolved", "Closed"],
        columns={"seq": "seq", "owner": "team"},
        fields=["priority"],
    )
    return [POLICY.clock(number, facts) for number, facts in logs.items()]


def test_every_state_pause_reopening_and_priority_is_as_counted_in_the_rows(rows, clocks):
    assert (len(rows), len(clocks)) == (141_712, 24_918)
    kinds = Counter(fact.kind for clock in clocks for fact in clock.events)
    expected, before, priority = Counter(), {}, {}
    for row in sorted(rows, key=lambda row: (row["at"], row["seq"])):
        meaning = "paused" if row["state"] in AWAITING else "stopped" if row["state"] in {"Resolved", "Closed"} else ""
        last = before.get(row["id"])
        if last is None:
            expected["started"] += 1
        elif row["priority"] != priority[row["id"]]:
            expected["reprioritised"] += 1
        if meaning != (last or ""):
            expected["reopened"] += last == "stopped"
            expected[meaning or "resumed"] += bool(meaning) or last == "paused"
        before[row["id"]], priority[row["id"]] = meaning, row["priority"]
    assert {kind: kinds[kind] for kind in expected} == dict(expected)
    final = Counter(before.values())
    readings = Counter(row.status for row in sla.read_many(clocks, AS_OF))
    assert readings["met"] + readings["met_late"] == final["stopped"]
    assert sum(readings.values()) == len(clocks)


def test_compliance_by_final_priority_is_the_published_count(rows, clocks):
    """Of the log's own flag: the fold of outcomes and KPI, not the reconstruction of its due dates."""
    made_sla = {row["id"]: row["made_sla"] for row in rows}  # the last event in file order
    final = {row["id"]: row["priority"] for row in rows}
    told = [{"priority": final[number], "kept": kept, "decided_at": AS_OF} for number, kept in made_sla.items()]
    measured = kpis.measure(told, [kpis.sla_compliance], by="priority")
    assert {row["priority"]: (row["numerator"], row["denominator"]) for row in measured.rows()} == {
        "1 - Critical": (5, 270),
        "2 - High": (2, 408),
        "3 - Moderate": (15_145, 23_466),
        "4 - Low": (651, 774),
    }
    whole = measured.measurement("sla_compliance")
    assert (whole.numerator, whole.denominator, round(float(whole), 3)) == (15_803, 24_918, 0.634)


def test_outcomes_add_up_and_pauses_reopenings_and_priorities_leave_their_trace(clocks):
    rows = sla.outcomes(clocks, AS_OF)
    assert len(rows) == len(clocks)
    assert all((row.kept is False) == (row.breached_at is not None) for row in rows)
    assert all(row.kept is not True or row.due_at is None or row.stopped_at <= row.due_at for row in rows)
    table = sla.outcome_table(rows, by=["request.priority"]).rows()
    assert [row["request.priority"] for row in table] == ["1 - Critical", "2 - High", "3 - Moderate", "4 - Low"]
    assert sum(row["promises"] for row in table) == 24_918
    causes = Counter(row.breach_cause for row in rows)
    assert {"started", "resumed", "reopened", "assigned"} <= set(causes)


def test_every_second_of_every_incident_is_explained(clocks):
    for clock in clocks[::7]:
        reading = clock.read(AS_OF)["resolution"]
        assert sum((segment.elapsed for segment in reading.segments), timedelta(0)) == reading.elapsed
        assert reading.elapsed == sum(
            (
                reading.calendar.working_time(segment.start, segment.end)
                for segment in reading.segments
                if segment.status == "running"
            ),
            timedelta(0),
        )


def test_the_check_tells_what_the_log_repeats(clocks):
    codes = Counter(problem.code for problem in sla.check(clocks))
    assert set(codes) <= {"no_effect", "duplicate_fact_id", "ambiguous_order"}
