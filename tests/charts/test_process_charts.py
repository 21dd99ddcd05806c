"""Funnels and SLA timelines as pictures."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from attrs import asdict, evolve

from revops_core import calendars, charts, sla, stages
from revops_core.errors import InvalidValueError, MissingColumnsError
from revops_core.stages.funnel import Funnel, FunnelStep
from revops_core.testing import sample_company
from tests.charts.drawing import boxes_of, marks_of, svg_of, texts_of, values_of

# --- funnel ---

LOG = stages.StageLog.of([move for move in sample_company().moves if move.pipeline == stages.OPPORTUNITY.name])
FOUND = LOG.funnel(stages.OPPORTUNITY, cohort="all")
SKIPPED = Funnel("made up", 9, (FunnelStep("new", 9, 9, 11), FunnelStep("trial", 2, 6, 2), FunnelStep("won", 3, 3, 3)),
                 lost_count=4, open_count=2)  # fmt: skip


def test_the_bars_are_the_counts_of_the_funnel():
    values = values_of(charts.funnel(FOUND))
    assert [(value["stage"], value["reached"], value["entered"]) for value in values] == [
        (step.stage, step.filled_count, step.actual_count) for step in FOUND.steps
    ]
    encodings = [layer["encoding"]["x"]["field"] for layer in charts.funnel(SKIPPED).spec["layer"]]
    assert encodings == ["reached", "entered", "reached"]


def test_each_bar_is_drawn_as_long_as_its_count():
    widths = [width for width, _, _ in boxes_of(charts.funnel(SKIPPED))]
    assert widths == [pytest.approx(count * widths[0] / 9) for count in (9, 6, 3, 9, 2, 3)]


def test_each_bar_says_its_count_and_the_share_of_the_stage_before():
    assert {"9", "6  (66.7 %)", "3  (50.0 %)"} <= set(texts_of(charts.funnel(SKIPPED)))
    assert charts.funnel(SKIPPED).table.rows()[2]["of the first"] == pytest.approx(1 / 3)


def test_who_skipped_a_stage_is_the_difference_of_two_bars():
    assert marks_of(charts.funnel(SKIPPED))["rect"] == 6
    assert "entered it or a later stage" in texts_of(charts.funnel(SKIPPED))
    assert marks_of(charts.funnel(FOUND))["rect"] == len(FOUND.steps)  # nobody skipped one


def test_who_was_counted_is_said_below_the_title():
    assert charts.funnel(SKIPPED).spec["title"]["subtitle"] == ["made up", "9 entities, 4 lost, 2 still on their way"]


def test_rows_of_a_frame_give_the_same_picture():
    rows = [asdict(step) for step in SKIPPED.steps]
    chart, other = charts.funnel(rows), charts.funnel(SKIPPED)
    assert values_of(chart) == values_of(other)
    assert chart.table == other.table
    assert "subtitle" not in chart.spec["title"]


def test_rows_of_a_lazy_frame_come_in_any_order_and_tell_who_was_counted():
    whole = {"entity_count": 9, "lost_count": 4, "open_count": 2}
    rows = [{"step": number, **asdict(step), **whole} for number, step in enumerate(SKIPPED.steps)]
    chart = charts.funnel(rows[::-1])
    assert values_of(chart) == values_of(charts.funnel(SKIPPED))
    assert chart.spec["title"]["subtitle"] == ["9 entities, 4 lost, 2 still on their way"]


def test_nobody_at_all_is_drawn_without_a_share():
    empty = evolve(FOUND, steps=tuple(FunnelStep(step.stage, 0, 0, 0) for step in FOUND.steps))
    assert {value["label"] for value in values_of(charts.funnel(empty))} == {"0"}
    svg_of(charts.funnel(empty))


def test_a_stage_may_be_called_anything():
    tricks = ["a.b", "c[0]", "it's", '"', "<b>", "\\", "datum.x"]
    rows = [{"stage": name, "actual_count": 1, "filled_count": 1, "visit_count": 1} for name in tricks]
    texts = texts_of(charts.funnel(rows))
    assert {"a.b", "c[0]", "it's", "&lt;b&gt;", "datum.x"} <= {text.replace("&#39;", "'") for text in texts}


ROW = {"stage": "new", "actual_count": 1, "filled_count": 1, "visit_count": 1}


def test_what_is_no_funnel_is_refused():
    with pytest.raises(InvalidValueError, match=r"charts\.funnel: 'result' must be"):
        charts.funnel(7)
    with pytest.raises(InvalidValueError, match="must have something to draw"):
        charts.funnel([])
    with pytest.raises(InvalidValueError, match="must have each stage once"):
        charts.funnel([ROW, ROW])
    with pytest.raises(MissingColumnsError, match=r"'stage' \(did you mean 'stages'\?\), 'visit_count'"):
        charts.funnel([{"stages": "new", "actual_count": 1, "filled_count": 1}])
    with pytest.raises(InvalidValueError, match=r"'filled_count' must be an int of at least 0 .got -1"):
        charts.funnel([{**ROW, "filled_count": -1}])
    with pytest.raises(InvalidValueError, match="'title' must be"):
        charts.funnel(FOUND, title=7)


# --- sla_timeline ---

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


def test_after_hours_the_calendar_is_closed_up_to_the_moment_of_looking():
    assert bars(charts.sla_timeline(clock(), MONDAY + 5 * HOUR), "resolution") == [
        ("running", "03-02 15:00", "03-02 17:00"),
        ("closed", "03-02 17:00", "03-02 20:00"),
        ("due", "03-03 15:00", ""),
    ]


def test_each_stretch_is_drawn_as_long_as_it_took():
    chart = charts.sla_timeline(clock(), MONDAY + 5 * HOUR)
    values = [value for value in values_of(chart) if {"low", "middle", "high"} & value.keys()]
    boxes = sorted(boxes_of(chart))
    longest = max(value["end"] - value["start"] for value in values) / max(width for width, _, _ in boxes)
    assert [width for width, _, _ in boxes] == [
        pytest.approx(each / longest) for each in sorted(value["end"] - value["start"] for value in values)
    ]
    assert {height for _, height, _ in boxes} == {5, 20}


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


def test_what_runs_is_drawn_up_to_the_moment_of_looking_which_the_subtitle_tells():
    chart = charts.sla_timeline(clock(), MONDAY + HOUR)
    assert {value["t3"] for value in values_of(chart) if value["kind"] == "running"} == {"2026-03-02 16:00+01:00"}
    assert chart.spec["title"]["subtitle"] == ["as of 2026-03-02 16:00+01:00"]


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
