"""SLA: promises about requests, the clocks that run against them, and who must hear of them when."""

from revops_core.sla.clock import Clock
from revops_core.sla.clock_event import ClockEvent
from revops_core.sla.compliance import Outcome, outcomes
from revops_core.sla.escalation import EscalationTier, Reminder, manager_of
from revops_core.sla.facts_from_rows import facts_from_rows
from revops_core.sla.reading import STATUSES, Notice, Reading, Segment, TargetReading
from revops_core.sla.revenue_operations import REVENUE_OPERATIONS, REVENUE_OPERATIONS_1, UPTIME_OBJECTIVE
from revops_core.sla.sla_policy import SlaPolicy, TargetMatch
from revops_core.sla.sla_target import BusinessDays, SlaTarget

__all__ = [
    "REVENUE_OPERATIONS",
    "REVENUE_OPERATIONS_1",
    "STATUSES",
    "UPTIME_OBJECTIVE",
    "BusinessDays",
    "Clock",
    "ClockEvent",
    "EscalationTier",
    "Notice",
    "Outcome",
    "Reading",
    "Reminder",
    "Segment",
    "SlaPolicy",
    "SlaTarget",
    "TargetMatch",
    "TargetReading",
    "facts_from_rows",
    "manager_of",
    "outcomes",
]
