"""SLA: promises about requests, the clocks that run against them, and who must hear of them when."""

from revops_core.sla.availability import Availability, availability
from revops_core.sla.clock import Clock, fact_id, timeline
from revops_core.sla.clock_event import ClockEvent
from revops_core.sla.clock_log import check, facts_from_rows
from revops_core.sla.compliance import Outcome, outcome_table, outcomes
from revops_core.sla.escalation import EscalationTier, Reminder, manager_of
from revops_core.sla.read_many import TargetRow, read_many
from revops_core.sla.reading import STATUSES, Notice, Reading, Segment, TargetReading
from revops_core.sla.revenue_operations import REVENUE_OPERATIONS, UPTIME_OBJECTIVE
from revops_core.sla.sla_policy import SlaPolicy, TargetMatch
from revops_core.sla.sla_target import BusinessDays, SlaTarget

__all__ = [
    "REVENUE_OPERATIONS", "STATUSES", "UPTIME_OBJECTIVE", "Availability", "BusinessDays", "Clock", "ClockEvent",
    "EscalationTier", "Notice", "Outcome", "Reading", "Reminder", "Segment", "SlaPolicy", "SlaTarget", "TargetMatch",
    "TargetReading", "TargetRow", "availability", "check", "fact_id", "facts_from_rows", "manager_of", "outcome_table",
    "outcomes", "read_many", "timeline",
]  # fmt: skip
