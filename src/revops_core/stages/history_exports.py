"""What known exports of stage histories call their columns: data for `entities.from_rows`, which reads them.

Each is a dict of the arguments of `from_rows(Moved, rows, **export)`; add `values` to rename stages. An export that
tells the stage before gives moves for journeys and logs as they are. One that only tells where a record stood gives
rows for a log, which finds the stage before, collapses repeats and numbers the moves:

    moves, problems = from_rows(Moved, rows, **HISTORY_EXPORTS["salesforce_opportunity_history"])
    log = StageLog.of((move.subject_id, move.target, move.at) for move in moves)
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

__all__ = ["HISTORY_EXPORTS"]

_FIELDS = ("subject_id", "source", "target", "at", "by")
_COLUMNS = {
    "hubspot_deal_stage": ("dealId", None, "value", "timestamp", "updatedByUserId"),
    "salesforce_opportunity_history": ("OpportunityId", None, "StageName", "CreatedDate", "CreatedById"),
    "salesforce_opportunity_field_history": ("OpportunityId", "OldValue", "NewValue", "CreatedDate", "CreatedById"),
    "servicenow_incident_log": ("number", None, "incident_state", "sys_updated_at", "sys_updated_by"),
    "zendesk_ticket_audits": ("ticket_id", "previous_value", "value", "created_at", "author_id"),
}
_OPTIONS: Mapping[str, dict[str, Any]] = {
    "servicenow_incident_log": {"date_formats": ("%d/%m/%Y %H:%M",), "missing": ("", "?"), "tz": "UTC"}
}

HISTORY_EXPORTS: Mapping[str, Mapping[str, Any]] = MappingProxyType({
    name: {"columns": dict(pair for pair in zip(_FIELDS, columns, strict=True) if pair[1])} | _OPTIONS.get(name, {})
    for name, columns in _COLUMNS.items()
})  # fmt: skip
"""By name, the arguments of `from_rows(Moved, rows, **export)` for the history of stages as each system exports it.

- `hubspot_deal_stage`: the history of `dealstage` (deals asked with `propertiesWithHistory=dealstage`): a row for each
  of its entries, with the id of the deal beside it. Stages are HubSpot's internal names. The newest comes first: say
  `ties="reversed"`. Source: https://schemas.apis.io/schemas/hubspot/hubspot-engagement-notes-property-history/
- `salesforce_opportunity_history`: the rows of OpportunityHistory, one for each change of stage, amount, probability or
  close date, so stages repeat.
  Source: http://www.salesforce.com/us/developer/docs/api/Content/sforce_api_objects_opportunityhistory.htm
- `salesforce_opportunity_field_history`: the rows of OpportunityFieldHistory whose `Field` is `StageName`: take these
  alone; the first stage is an `OldValue`.
  Source: http://www.salesforce.com/us/developer/docs/api/Content/sforce_api_objects_opportunityfieldhistory.htm
- `servicenow_incident_log`: the public "Incident management process enriched event log", a row for each update; the
  zone of its times is not told, and they are read as UTC.
  Source: https://archive.ics.uci.edu/dataset/498/incident+management+process+enriched+event+log
- `zendesk_ticket_audits`: a row for each `Create` or `Change` event whose `field_name` is `status`, with `ticket_id`,
  `created_at` and `author_id` of its audit beside it. A `Create` has no `previous_value`.
  Source: https://developer.zendesk.com/documentation/ticketing/reference-guides/ticket-audit-events-reference
"""
