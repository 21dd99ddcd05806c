"""What known exports of stage histories call their columns: data for `entities.from_rows`, which reads them.

Each is a dict of the arguments of `from_rows(Moved, rows, **export)`; add `values` to rename stages. An export that
tells the stage before gives moves for journeys and logs as they are. One that only tells where a record stood gives
rows for a log, which finds the stage before, collapses repeats and numbers the moves:

    moves, problems = from_rows(Moved, rows, **SALESFORCE_OPPORTUNITY_HISTORY)
    log = StageLog.of((move.subject_id, move.target, move.at) for move in moves)
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

__all__ = [
    "HUBSPOT_DEAL_STAGE_HISTORY",
    "SALESFORCE_OPPORTUNITY_FIELD_HISTORY",
    "SALESFORCE_OPPORTUNITY_HISTORY",
    "SERVICENOW_INCIDENT_LOG",
    "ZENDESK_TICKET_AUDITS",
]

HUBSPOT_DEAL_STAGE_HISTORY: Mapping[str, Any] = MappingProxyType(
    {"columns": {"subject_id": "dealId", "target": "value", "at": "timestamp", "by": "updatedByUserId"}}
)
"""The history of `dealstage` (deals asked with `propertiesWithHistory=dealstage`): a row for each of its entries, with
the id of the deal beside it. Stages are HubSpot's internal names. The newest comes first: say `ties="reversed"`.

Source: https://schemas.apis.io/schemas/hubspot/hubspot-engagement-notes-property-history/ (the entries)
"""

SALESFORCE_OPPORTUNITY_HISTORY: Mapping[str, Any] = MappingProxyType(
    {"columns": {"subject_id": "OpportunityId", "target": "StageName", "at": "CreatedDate", "by": "CreatedById"}}
)
"""The rows of OpportunityHistory: one for each change of stage, amount, probability or close date, so stages repeat.

Source: http://www.salesforce.com/us/developer/docs/api/Content/sforce_api_objects_opportunityhistory.htm
"""

SALESFORCE_OPPORTUNITY_FIELD_HISTORY: Mapping[str, Any] = MappingProxyType(
    {
        "columns": {
            "subject_id": "OpportunityId",
            "source": "OldValue",
            "target": "NewValue",
            "at": "CreatedDate",
            "by": "CreatedById",
        }
    }
)
"""The rows of OpportunityFieldHistory whose `Field` is `StageName`: take these alone; the first stage is an `OldValue`.

Source: http://www.salesforce.com/us/developer/docs/api/Content/sforce_api_objects_opportunityfieldhistory.htm
"""

SERVICENOW_INCIDENT_LOG: Mapping[str, Any] = MappingProxyType(
    {
        "columns": {"subject_id": "number", "target": "incident_state", "at": "sys_updated_at", "by": "sys_updated_by"},
        "date_formats": ("%d/%m/%Y %H:%M",),
        "missing": ("", "?"),
        "tz": "UTC",
    }
)
"""The public "Incident management process enriched event log" of a ServiceNow system: a row for each update.

The zone of its times is not told; they are read as UTC.
Source: https://archive.ics.uci.edu/dataset/498/incident+management+process+enriched+event+log
"""

ZENDESK_TICKET_AUDITS: Mapping[str, Any] = MappingProxyType(
    {
        "columns": {
            "subject_id": "ticket_id",
            "source": "previous_value",
            "target": "value",
            "at": "created_at",
            "by": "author_id",
        }
    }
)
"""The audits of tickets: a row for each `Create` or `Change` event whose `field_name` is `status`, with `ticket_id`,
`created_at` and `author_id` of its audit beside it. A `Create` has no `previous_value`.

Source: https://developer.zendesk.com/documentation/ticketing/reference-guides/ticket-audit-events-reference
"""
