"""The ready-made policy: what revenue teams commonly promise each other, and the three levels of escalation.

The promises are in wall time; give them your hours with `attrs.evolve(REVENUE_OPERATIONS, calendar=…)`.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from revops_core.sla.escalation import EscalationTier, Reminder
from revops_core.sla.sla_policy import SlaPolicy
from revops_core.sla.sla_target import SlaTarget

__all__ = ["REVENUE_OPERATIONS", "UPTIME_OBJECTIVE"]

REVENUE_OPERATIONS = SlaPolicy(
    "revenue operations",
    version="1",
    provider="sales",
    targets=(
        SlaTarget("response", timedelta(hours=1), when={"request": "lead_qualification"}, customer="marketing"),
        SlaTarget("response", timedelta(minutes=15), when={"request": "sales_inquiry", "priority": "high"}),
        SlaTarget("acknowledge", timedelta(minutes=30), when={"request": "technical_support"}, provider="support"),
        SlaTarget("resolution", timedelta(hours=24), when={"request": "bug_fix"}, provider="support"),
        SlaTarget("resolution", timedelta(hours=2), when={"request": "account_setup"}, provider="onboarding"),
        SlaTarget("resolution", timedelta(hours=1), when={"request": "data_entry_error"},
                  provider="revenue_operations", customer="sales"),
    ),
    escalation=(
        EscalationTier(1, "sales_representative", "sales_manager", after_breach=timedelta(0)),
        EscalationTier(2, "sales_manager", "revenue_operations", on="cannot_resolve"),
        EscalationTier(3, "revenue_operations", "it_or_vendor", on="needs_technical_help"),
    ),
    reminders=(Reminder(to="sales_representative", at_percent=75),),
)  # fmt: skip
"""Six promises by kind of request: respond to a lead within an hour and to an urgent inquiry within 15 minutes,
acknowledge a support request within 30 minutes, fix a bug within 24 hours, set up an account within two and correct a
data-entry error within one. Level 1 acts when the time is exceeded, 2 and 3 when the holder reports that it must.
A later version will leave this one importable under its number."""

UPTIME_OBJECTIVE = Decimal("0.999")
"""The external promise that goes with it: 99.9 % of the service hours of a month, for `availability`."""
