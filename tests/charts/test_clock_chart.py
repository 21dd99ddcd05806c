from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from attrs import evolve

from revops_core import calendars, charts, sla
from revops_core.errors import InvalidValueError
from revops_core.testing import sample_company
from tests.charts.drawing import svg_of, texts_of, values_of

BERLIN = ZoneInfo("Europe/Berlin")
HOUR = timedelta(hours=1)
OFFICE = calendars.BusinessCalendar("Mo-Fr 09:00-17:00", tz="Europe/Berlin")
POLICY = sla.SlaPolicy(
    "support", calendar=OFFICE,
    targets=[sla.SlaTarget("response", HOUR), sla.SlaTarget("resolution", 8 * HOUR), sla.SlaTarget("update", 4 * HOUR)],
    escalation=[sla.EscalationTier(1, "agent", "manager", after_breach=timedelta(0))],
    reminders=[sla.Reminder(to="agent", at_percent=75, target="resolution")],
)  # fmt: skip
MONDAY = datetime(2026, 3, 2, 15, tzinfo=BERLIN)


def clock(*facts):
    return POLICY.clock("ticket-7", [sla.ClockEvent(kind, at) for kind, at in (("started", MONDAY), *facts)])


def bars(chart, target, *kinds):
    return [
        (value["kind"], value["t2"][5:16], value["t3"][5:16])
        for value in values_of(chart)
        if value["t0"] == target and (not kinds or value["kind"] in kinds)
    ]


def test_running_closed_and_paused_stretches_follow_one_another():
    chart = charts.sla_timeline(
        clock(("paused", MONDAY + 20 * HOUR), ("resumed", MONDAY + 22 * HOUR)), MONDAY + 25 * HOUR
    )
    assert bars(chart, "resolution", "running", "closed", "paused", "overdue") == [
        ("running", "03-02 15:00", "03-02 17:00"),
        ("closed", "03-02 17:00", "03-03 09:00"),
        ("running", "03-03 09:00", "03-03 11:00"),
        ("paused", "03-03 11:00", "03-03 13:00"),
        ("running", "03-03 13:00", "03-03 16:00"),
    ]


def test_what_ran_after_the_due_instant_is_overdue_and_the_notices_stand_at_their_instants():
    chart = charts.sla_timeline(clock(), MONDAY + 48 * HOUR)
    assert bars(chart, "response") == [
        ("running", "03-02 15:00", "03-02 16:00"),
        ("overdue", "03-02 16:00", "03-02 17:00"),
        ("closed", "03-02 17:00", "03-03 09:00"),
        ("overdue", "03-03 09:00", "03-03 17:00"),
        ("closed", "03-03 17:00", "03-04 09:00"),
        ("overdue", "03-04 09:00", "03-04 15:00"),
        ("missed", "03-02 16:00", ""),
        ("escalation", "03-02 16:00", ""),
    ]
    reminder = next(value for value in values_of(chart) if value["kind"] == "reminder")
    assert (reminder["t2"], reminder["t4"]) == ("2026-03-03 13:00+01:00", "to agent, at 75 percent")


def test_the_bars_sum_to_the_elapsed_time_of_every_ticket_of_the_sample_company():
    company = sample_company(150)
    policy = evolve(sla.REVENUE_OPERATIONS, calendar=company.office)
    for ticket in company.tickets:
        of_ticket = policy.clock(
            ticket.id, company.clock_events[ticket.id], request=ticket.request, priority=ticket.priority
        )
        values = values_of(charts.sla_timeline(of_ticket, company.as_of))
        for cycle in of_ticket.read(company.as_of).cycles:
            drawn = sum(
                value["end"] - value["start"]
                for value in values
                if value["t0"] == cycle.target and value["kind"] in {"running", "overdue", "counted"}
            )
            assert drawn == pytest.approx(cycle.elapsed / timedelta(milliseconds=1), abs=5)


def test_a_new_cycle_has_a_row_of_its_own():
    chart = charts.sla_timeline(clock(("updated", MONDAY + HOUR)), MONDAY + HOUR * 3 / 2)
    assert chart.spec["layer"][0]["encoding"]["y"]["scale"]["domain"] == [
        "response within 1 h 00 min: breached",
        "resolution within 8 h 00 min: running",
        "update within 4 h 00 min: met",
        "update #2 within 4 h 00 min: running",
    ]


def test_a_target_that_has_not_started_has_an_empty_row():
    policy = sla.SlaPolicy("office", calendar=OFFICE, targets=[
        sla.SlaTarget("resolution", sla.BusinessDays(3)), sla.SlaTarget("next_response", HOUR)])  # fmt: skip
    held = policy.clock("t", [sla.ClockEvent("started", MONDAY)])
    rows = charts.sla_timeline(held, MONDAY + HOUR).spec["layer"][0]["encoding"]["y"]["scale"]["domain"]
    assert rows[1] == "next_response within 1 h 00 min: idle"
    early = charts.sla_timeline(held, MONDAY - HOUR)
    assert values_of(early) == []
    assert "resolution within its days: idle" in early.spec["layer"][0]["encoding"]["y"]["scale"]["domain"]
    svg_of(early)


def test_reached_cancelled_and_counted_are_drawn():
    chart = charts.sla_timeline(
        clock(("responded", MONDAY + HOUR / 2), ("cancelled", MONDAY + HOUR)), MONDAY + 2 * HOUR
    )
    assert bars(chart, "response", "due", "reached") == [("due", "03-02 16:00", ""), ("reached", "03-02 15:30", "")]
    assert bars(chart, "resolution", "cancelled") == [("cancelled", "03-02 16:00", "")]
    total = sla.SlaPolicy("total", calendar=OFFICE, targets=[sla.SlaTarget("resolution", 9 * HOUR, reopen="total")])
    facts = [("started", 0), ("stopped", 1), ("reopened", 20)]
    held = total.clock("t", [sla.ClockEvent(kind, MONDAY + after * HOUR) for kind, after in facts])
    assert bars(charts.sla_timeline(held, MONDAY + 21 * HOUR), "resolution", "counted") == [
        ("counted", "03-02 16:00", "03-02 17:00"),
        ("counted", "03-03 09:00", "03-03 11:00"),
    ]


def test_the_moment_of_looking_is_a_line_only_while_something_runs():
    rules = [layer["mark"]["type"] for layer in charts.sla_timeline(clock(), MONDAY + HOUR).spec["layer"]]
    assert rules.count("rule") == 1
    ended = clock(("responded", MONDAY + HOUR / 2), ("cancelled", MONDAY + HOUR))
    later = charts.sla_timeline(ended, MONDAY + 9000 * HOUR)
    assert "rule" not in [layer["mark"]["type"] for layer in later.spec["layer"]]
    assert later.spec["title"]["subtitle"] == ["as of 2027-03-12 15:00+01:00"]


@pytest.mark.parametrize(
    ("tz", "title"),
    [(BERLIN, "time at UTC+01:00"), (UTC, "time at UTC+00:00"), (timezone(-timedelta(hours=3.5)), "time at UTC-03:30")],
)
def test_the_axis_tells_its_offset_and_the_wall_clock_of_who_looks(tz, title):
    chart = charts.sla_timeline(clock(), (MONDAY + HOUR).astimezone(tz))
    assert title in texts_of(chart)
    shown = datetime.fromtimestamp(values_of(chart)[0]["start"] / 1000, UTC)
    assert shown.replace(tzinfo=None) == MONDAY.astimezone(tz).replace(tzinfo=None)


def test_an_hour_is_as_wide_in_the_night_the_clocks_change():
    always = sla.SlaPolicy("night", calendar=calendars.ALWAYS_OPEN, targets=[sla.SlaTarget("resolution", 9 * HOUR)])
    start = datetime(2026, 10, 24, 22, tzinfo=UTC)  # midnight in Berlin; at 3 the clocks go back
    held = always.clock("t", [sla.ClockEvent("started", start)])
    (running,) = [
        value
        for value in values_of(charts.sla_timeline(held, (start + 5 * HOUR).astimezone(BERLIN)))
        if value["kind"] == "running"
    ]
    assert running["end"] - running["start"] == 5 * 3600 * 1000
    assert (running["t2"], running["t3"]) == ("2026-10-25 00:00+02:00", "2026-10-25 04:00+01:00")


def test_what_cannot_be_read_is_refused():
    with pytest.raises(InvalidValueError, match=r"charts\.sla_timeline: 'clock' must be a Clock"):
        charts.sla_timeline(clock().read(MONDAY), MONDAY)
    with pytest.raises(InvalidValueError, match="'as_of' must be"):
        charts.sla_timeline(clock(), datetime(2026, 3, 2))
    assert charts.sla_timeline(clock(), MONDAY, title="Mine").title == "Mine"
