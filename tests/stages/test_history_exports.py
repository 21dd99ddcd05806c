from __future__ import annotations

from datetime import UTC, datetime

from revops_core.entities.from_rows import from_rows
from revops_core.stages import (
    HISTORY_EXPORTS,
    TICKET,
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
    moves, problems = from_rows(Moved, rows, **HISTORY_EXPORTS["salesforce"]["opportunity_history"], values=renamed)
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
    moves, problems = from_rows(Moved, rows, **HISTORY_EXPORTS["salesforce"]["opportunity_field_history"])
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
    moves, problems = from_rows(Moved, rows, **HISTORY_EXPORTS["servicenow"]["incident_log"])
    assert [move.at for move in moves] == [datetime(2016, 2, 29, 1, 23, tzinfo=UTC)]
    assert [(problem.code, problem.row) for problem in problems] == [("missing_value", 2)]


def test_the_history_of_a_hubspot_deal_becomes_a_log_newest_first():
    entries = [
        {"value": "closedwon", "timestamp": "2024-01-15T10:30:00.000Z", "sourceType": "CRM_UI", "updatedByUserId": 12},
        {"value": "qualifiedtobuy", "timestamp": "2024-01-15T10:30:00.000Z", "sourceType": "API"},
        {"value": "appointmentscheduled", "timestamp": "2024-01-02T08:00:00.000Z", "updatedByUserId": 12},
    ]
    rows = [{"dealId": 500123, "updatedByUserId": None} | entry for entry in entries]
    moves, problems = from_rows(Moved, rows, **HISTORY_EXPORTS["hubspot"]["deal_stage"])
    assert not problems
    assert [move.by for move in moves] == ["12", None, "12"]
    log = StageLog.of(((move.subject_id, move.target, move.at) for move in moves), ties="reversed")
    assert log.variants() == ((("appointmentscheduled", "qualifiedtobuy", "closedwon"), 1),)


def test_the_audits_of_a_zendesk_ticket_become_a_journey():
    audits = [
        {
            "ticket_id": 47,
            "created_at": "2009-07-20T22:55:29Z",
            "author_id": 35436,
            "events": [
                {"id": 1, "type": "Create", "field_name": "subject", "value": "Printer"},
                {"id": 2, "type": "Create", "field_name": "status", "value": "new"},
            ],
        },
        {
            "ticket_id": 47,
            "created_at": "2009-07-21T08:00:00Z",
            "author_id": 35437,
            "events": [
                {"id": 3, "type": "Comment", "body": "On it."},
                {"id": 4, "type": "Change", "field_name": "status", "previous_value": "new", "value": "open"},
            ],
        },
    ]
    rows = [
        {"previous_value": None} | audit | event
        for audit in audits
        for event in audit["events"]
        if event.get("field_name") == "status"
    ]
    moves, problems = from_rows(Moved, rows, **HISTORY_EXPORTS["zendesk"]["ticket_audits"])
    assert not problems
    journey = Journey.of(TICKET.classified(moves))
    assert [stay.stage for stay in journey.stays] == ["new", "open"]
    assert journey.deviations(TICKET) == ()
    assert moves[1].by == "35437"
