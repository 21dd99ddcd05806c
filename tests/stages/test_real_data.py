"""The public input, read whole: it stands beside the project and is not part of it."""

from __future__ import annotations

import csv
import io
import zipfile
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import cache
from pathlib import Path

import pytest

from revops_core.calendars import BusinessCalendar
from revops_core.stages import Journey, Pipeline, Stage, StageLog, check, mermaid
from revops_core.values.period import Period

DATA = Path(__file__).resolve().parents[2] / "../shared/data"
INCIDENTS = DATA / "uci_incident/incident_event_log.csv.zip"
SALES = DATA / "maven_crm/sales_pipeline.csv"
DONE = {"Resolved", "Closed"}

needs_incidents = pytest.mark.skipif(
    not INCIDENTS.exists(), reason="the public incident log (UCI 498) is not beside the project"
)
needs_sales = pytest.mark.skipif(not SALES.exists(), reason="the public CRM export (Maven) is not beside the project")

INCIDENT = Pipeline(
    "incident",
    (
        "New",
        "Active",
        "Awaiting User Info",
        "Awaiting Problem",
        "Awaiting Vendor",
        "Awaiting Evidence",
        "-100",
        Stage("Resolved", "won"),
        Stage("Closed", "won"),
    ),
    regression="allow",
    reopen="allow",
    closed_to_closed="allow",
    creation=None,
)


@cache
def incidents() -> list[tuple[str, str, datetime, int]]:
    """(number, state, when, reopened so far) in file order; times are minutes of an unnamed zone, read as UTC."""
    with zipfile.ZipFile(INCIDENTS) as archive, archive.open(archive.namelist()[0]) as file:
        rows = csv.DictReader(io.TextIOWrapper(file, "utf-8"))
        return [
            (row["number"], row["incident_state"], _minute(row["sys_updated_at"]), int(row["reopen_count"]))
            for row in rows
        ]


def _minute(text: str) -> datetime:
    return datetime.strptime(text, "%d/%m/%Y %H:%M").replace(tzinfo=UTC)


@cache
def log() -> StageLog:
    return StageLog.of((number, state, at) for number, state, at, _ in incidents())


def ways(log: StageLog) -> dict[tuple[str, str], int]:
    return {(each.stage, each.next_stage): each.n for each in log.flow()}


@needs_incidents
def test_the_whole_log_is_read_and_its_repeats_are_counted():
    columns = log().columns
    assert (len(incidents()), len(columns.ids), len(log())) == (141_712, 24_918, 88_952)
    assert columns.repeat_count + len(log()) == 141_712
    assert columns.tie_count > 0  # minutes are coarse: the order of the file decides


@needs_incidents
def test_in_file_order_24917_incidents_close_after_they_were_resolved_and_275_were_reopened():
    in_file_order = StageLog.of((number, state, place) for place, (number, state, _, _) in enumerate(incidents()))
    assert ways(in_file_order)["Resolved", "Closed"] == 24_917
    told = {number for number, _, _, reopened in incidents() if reopened}
    assert len(told) == 275
    found = {move.subject_id for move in in_file_order.moves() if move.source in DONE and move.target not in DONE}
    assert found == told


@needs_incidents
def test_by_the_clock_one_row_of_one_incident_is_out_of_order():
    assert ways(log())["Resolved", "Closed"] == 24_916
    last: dict[str, datetime] = {}
    early = []
    for number, _, at, _ in incidents():
        if at < last.get(number, at):
            early.append(number)
        last[number] = at
    assert len(early) == 1
    reopened = {move.subject_id for move in log().moves() if move.source in DONE and move.target not in DONE}
    assert reopened == {number for number, _, _, count in incidents() if count} | set(early)


@needs_incidents
def test_journeys_and_the_log_say_the_same():
    by_number = defaultdict(list)
    for move in INCIDENT.classified(log().moves()):
        by_number[move.subject_id].append(move)
    moment = datetime(2016, 4, 15, 12, tzinfo=UTC)
    stages, reopened, totals = Counter(), 0, defaultdict(timedelta)
    end = datetime(2017, 3, 1, tzinfo=UTC)
    for moves in by_number.values():
        journey = Journey.of(moves)
        stages[journey.stage_at(moment)] += 1
        reopened += bool(journey.reopenings)
        for stay in journey.stays:
            if stay.exited_at is not None:
                totals[stay.stage] += stay.time()
        assert journey.closed_at == journey.closings[-1].at
        assert (
            sum((each.cumulative for each in journey.time_in_stage(as_of=end).values()), timedelta(0))
            == end - moves[0].at
        )
    del stages[None]
    assert log().snapshot(moment) == stages
    assert reopened == 276  # by the clock, see above
    assert {each.stage: each.total for each in log().bottlenecks()} == totals


@needs_incidents
def test_waiting_for_the_user_is_the_largest_bottleneck_after_the_work_itself():
    found = log().bottlenecks(INCIDENT)
    assert [each.stage for each in found[:3]] == ["Active", "Awaiting User Info", "New"]
    vendor = next(each for each in found if each.stage == "Awaiting Vendor")
    assert vendor.n == 269
    assert vendor.mean > 4 * next(each for each in found if each.stage == "Awaiting User Info").mean
    assert sum(each.share_of_total for each in found) == 1
    office = BusinessCalendar("Mo-Fr 09:00-17:00", tz="UTC")
    assert all(
        inside.total < outside.total
        for inside, outside in zip(
            sorted(log().bottlenecks(INCIDENT, calendar=office), key=lambda each: each.stage),
            sorted(found, key=lambda each: each.stage),
            strict=True,
        )
    )


@needs_incidents
def test_rework_month_ends_and_variants_add_up():
    rework = log().rework()
    assert (rework["Resolved"].entity_count, rework["Resolved"].re_entered_count) == (24_905, 275)
    assert sum(count for _, count in log().variants()) == 24_918
    months = Period.between(datetime(2016, 2, 1).date(), datetime(2017, 3, 1).date()).months()
    series = log().series(months)
    assert series[-1] == log().snapshot(months[-1].end) == {"Closed": 24_918}
    assert [sum(row.values()) for row in series] == sorted(sum(row.values()) for row in series)
    assert mermaid(flow=log().flow()).count("-->") == len(log().flow())
    assert log().conformance(INCIDENT).conforming_rate == 1 - Fraction(
        sum(count for (_, _), count in _forbidden().items()), len(log())
    )


def _forbidden() -> Counter[tuple[str | None, str]]:
    """Incidents that begin in an end; nothing else is forbidden by that pipeline."""
    found: Counter[tuple[str | None, str]] = Counter()
    for move in log().moves():
        if move.source is None and move.target in DONE:
            found[None, move.target] += 1
    return found


CRM = Pipeline("crm", ("Prospecting", "Engaging", Stage("Won", "won"), Stage("Lost", "lost")))


@cache
def sales() -> tuple[StageLog, int]:
    """Won and lost from the day of engagement to the day of closing; prospects have no day at all and stay out."""
    rows, undated = [], 0
    with SALES.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if not row["engage_date"]:
                undated += 1
                continue
            rows.append((row["opportunity_id"], "Engaging", _day(row["engage_date"])))
            if row["close_date"]:
                rows.append((row["opportunity_id"], row["deal_stage"], _day(row["close_date"])))
    return StageLog.of(rows), undated


def _day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@needs_sales
def test_the_win_rate_of_the_crm_export_is_that_of_its_decided_deals():
    log, undated = sales()
    fate = log.fates(CRM)["Engaging"]
    assert (fate.won_count, fate.lost_count, fate.entered_count + undated) == (4238, 2473, 8800)
    assert fate.win_rate().value == Fraction(4238, 6711)
    assert round(float(fate.win_rate().value), 4) == 0.6315
    funnel = log.funnel(CRM, cohort="all")
    assert funnel.conversion_rate("Engaging", "Won") == Fraction(4238, 8800 - undated)
    assert funnel.open_count == fate.open_count == 1589


@needs_sales
def test_the_cycles_of_the_crm_export_are_the_published_ones():
    log, _ = sales()
    cycles = {each.next_stage: each.mean / timedelta(days=1) for each in log.flow()}
    assert round(cycles["Won"], 2) == 51.78
    assert round(cycles["Lost"], 2) == 41.48


@needs_sales
def test_the_export_seen_as_journeys_has_no_deviation():
    log, _ = sales()
    by_id = defaultdict(list)
    for move in CRM.classified(log.moves()):
        by_id[move.subject_id].append(move)
    assert sum(Journey.of(moves).times_closed for moves in by_id.values()) == 6711
    assert check([], []) == ()
    assert not any(Journey.of(moves).deviations(CRM) for moves in list(by_id.values())[:500])
