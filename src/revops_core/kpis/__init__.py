"""KPIs."""

from revops_core.kpis.revenue_ledger import RevenueLedger
from revops_core.kpis.revenue_policy import RevenuePolicy

__all__ = ["RevenueLedger", "RevenuePolicy"]
