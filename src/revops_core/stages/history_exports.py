"""What known exports of stage histories call their columns: data for `entities.from_rows`, which reads them.

Each is a dict of the arguments of `from_rows(Moved, rows, **export)`; add `values` to rename stages. An export that
tells the stage before gives moves for journeys and logs as they are. One that only tells where a record stood gives
rows for a log, which finds the stage before, collapses repeats and numbers the moves:

    moves, problems = from_rows(Moved, rows, **HISTORY_EXPORTS["salesforce"]["opportunity_history"])
    log = StageLog.of((move.subject_id, move.target, move.at) for move in moves)
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

__all__ = ["HISTORY_EXPORTS"]

_FIELDS = ("subject_id", "source", "target", "at", "by")


def _export(*columns: str | None, **options: object) -> dict[str, Any]:
    """The arguments of `from_rows` for the columns of our fields, in the order of `_FIELDS`; None: there is none."""
    return {"columns": {field: column for field, column in zip(_FIELDS, columns, strict=True) if column}, **options}


HISTORY_EXPORTS: Mapping[str, Mapping[str, Mapping[str, Any]]] = MappingProxyType({
    "hubspot": MappingProxyType({
        "deal_stage": _export("dealId", None, "value", "timestamp", "updatedByUserId"),
    }),
    "salesforce": MappingProxyType({
        "opportunity_history": _export("OpportunityId", None, "StageName", "CreatedDate", "CreatedById"),
        "opportunity_field_history": _export("OpportunityId", "OldValue", "NewValue", "CreatedDate", "CreatedById"),
    }),
    "servicenow": MappingProxyType({
        "incident_log": _export("number", None, "incident_state", "sys_updated_at", "sys_updated_by",
                                date_formats=("%d/%m/%Y %H:%M",), missing=("", "?"), tz="UTC"),
    }),
    "zendesk": MappingProxyType({
        "ticket_audits": _export("ticket_id", "previous_value", "value", "created_at", "author_id"),
    }),
})  # fmt: skip
"""By system and name, the arguments of `from_rows(Moved, rows, **export)` for a history of stages.

- "hubspot", "deal_stage":
  the history of `dealstage` (deals asked with `propertiesWithHistory=dealstage`): a row for each
  of its entries, with the id of the deal beside it. Stages are HubSpot's internal names. The newest comes first: say
  `ties="reversed"`. Source: https://schemas.apis.io/schemas/hubspot/hubspot-engagement-notes-property-history/
- "salesforce", "opportunity_history":
  the rows of OpportunityHistory, one for each change of stage, amount, probability or
  close date, so stages repeat.
  Source: http://www.salesforce.com/us/developer/docs/api/Content/sforce_api_objects_opportunityhistory.htm
- "salesforce", "opportunity_field_history":
  the rows of OpportunityFieldHistory whose `Field` is `StageName`: take these
  alone; the first stage is an `OldValue`.
  Source: http://www.salesforce.com/us/developer/docs/api/Content/sforce_api_objects_opportunityfieldhistory.htm
- "servicenow", "incident_log":
  the public "Incident management process enriched event log", a row for each update; the
  zone of its times is not told, and they are read as UTC.
  Source: https://archive.ics.uci.edu/dataset/498/incident+management+process+enriched+event+log
- "zendesk", "ticket_audits":
  a row for each `Create` or `Change` event whose `field_name` is `status`, with `ticket_id`,
  `created_at` and `author_id` of its audit beside it. A `Create` has no `previous_value`.
  Source: https://developer.zendesk.com/documentation/ticketing/reference-guides/ticket-audit-events-reference
"""
