from __future__ import annotations

from datetime import UTC, datetime

from revops_core.entities.from_rows import from_rows
from revops_core.stages import (
    SALESFORCE_OPPORTUNITY_FIELD_HISTORY,
    SALESFORCE_OPPORTUNITY_HISTORY,
    SERVICENOW_INCIDENT_LOG,
    Journey,
    Moved,
    StageLog,
)


def test_a_history_that_tells_where_a_deal_stood_becomes_a_log_and_its_repeats_are_collapsed():
    rows = [
        {"OpportunityId": "o1", "StageName": stage, "CreatedDate": at, "CreatedById": "ana"}
        for stage, at in (
            ("Qualification", "2026-03-01T09:00:00.000Z"),
            ("Qualification", "2026-03-02T09:00:00.000Z"),
            ("Closed Won", "2026-03-09T09:00:00.000Z"),
        )
    ]
    renamed = {"target": {"Qualification": "qualification", "Closed Won": "won"}}
    moves, problems = from_rows(Moved, rows, **SALESFORCE_OPPORTUNITY_HISTORY, values=renamed)
    assert not problems
    log = StageLog.of((move.subject_id, move.target, move.at) for move in moves)
    assert log.columns.repeat_count == 1
    journey = Journey.of(log.moves())
    assert [(move.source, move.target) for move in journey.moves] == [(None, "qualification"), ("qualification", "won")]


def test_a_history_of_old_and_new_values_keeps_the_first_stage_without_a_start():
    rows = [
        {
            "OpportunityId": "o1",
            "OldValue": "Proposal",
            "NewValue": "Won",
            "CreatedDate": "2026-03-01T09:00:00Z",
            "CreatedById": "",
        }
    ]
    moves, problems = from_rows(Moved, rows, **SALESFORCE_OPPORTUNITY_FIELD_HISTORY)
    assert not problems
    assert Journey.of(moves).stays[0].entered_at is None
    assert StageLog.of(moves).snapshot(datetime(2026, 1, 1, tzinfo=UTC)) == {"Proposal": 1}


def test_a_row_of_a_ticket_log_without_a_state_is_told():
    rows = [
        {
            "number": "INC1",
            "incident_state": state,
            "sys_updated_at": "29/2/2016 01:23",
            "sys_updated_by": "Updated by 21",
        }
        for state in ("New", "?")
    ]
    moves, problems = from_rows(Moved, rows, **SERVICENOW_INCIDENT_LOG)
    assert [move.at for move in moves] == [datetime(2016, 2, 29, 1, 23, tzinfo=UTC)]
    assert [(problem.code, problem.row) for problem in problems] == [("missing_value", 2)]
