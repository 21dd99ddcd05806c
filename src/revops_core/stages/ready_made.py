"""Ready-made pipelines, to use as they are or to read as examples.

A later release may add a version; this one stays importable, as `OPPORTUNITY_1`, so that records in flight keep theirs.
The customer lifecycle is that of the source: its stages name their activities and KPIs as plain text.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from revops_core.entities import Account, Lead, Opportunity, Ticket
from revops_core.stages.pipeline import Pipeline
from revops_core.stages.stage import Stage

__all__ = ["LEAD", "LIFECYCLE", "ONBOARDING", "OPPORTUNITY", "RENEWAL", "TICKET"]

LEAD = Pipeline("lead", (
    Stage("new", owner_team="marketing", sla_targets=("response",)),
    Stage("working", owner_team="sales", stale_after=timedelta(days=14)),
    Stage("marketing_qualified", owner_team="marketing", stale_after=timedelta(days=7)),
    Stage("sales_qualified", owner_team="sales", stale_after=timedelta(days=14)),
    Stage("converted", "converted", outcome="qualified", required=("company",)),
    Stage("disqualified", "lost", outcome="disqualified", needs_reason=True),
), subject=Lead, regression="allow")  # fmt: skip
"""The status of a lead, from new to converted or disqualified; converted is one way."""

OPPORTUNITY = Pipeline("opportunity", (
    Stage("qualification", probability=Decimal("0.1"), forecast_category="pipeline", stale_after=timedelta(days=30)),
    Stage("proposal", probability=Decimal("0.5"), forecast_category="best_case", stale_after=timedelta(days=30),
          required=("amount", "close_date")),
    Stage("negotiation", probability=Decimal("0.8"), forecast_category="commit", stale_after=timedelta(days=21),
          required=("amount", "close_date")),
    Stage("won", "won", forecast_category="closed", required=("amount",)),
    Stage("lost", "lost", forecast_category="omitted", needs_reason=True),
), subject=Opportunity)  # fmt: skip
"""A possible sale: qualification, proposal, negotiation, won or lost. The probabilities are placeholders: replace them
with `StageLog.fates(...)[stage].win_rate()` of your own history."""

ONBOARDING = Pipeline("onboarding", (
    Stage("kickoff", owner_team="customer_success", activities=("welcome",)),
    Stage("account_setup", owner_team="customer_success", activities=("account setup",)),
    Stage("implementation", owner_team="customer_success", activities=("implementation",)),
    Stage("training", owner_team="customer_success", activities=("product training",)),
    Stage("live", "won", outcome="completed"),
    Stage("stopped", "lost", outcome="stopped", needs_reason=True),
), creation=("kickoff",))  # fmt: skip
"""A new customer's way into production."""

RENEWAL = Pipeline("renewal", (
    Stage("upcoming", probability=Decimal("0.8"), forecast_category="pipeline"),
    Stage("value_review", probability=Decimal("0.8"), forecast_category="best_case"),
    Stage("proposal", probability=Decimal("0.85"), forecast_category="best_case"),
    Stage("negotiation", probability=Decimal("0.9"), forecast_category="commit"),
    Stage("renewed", "won", forecast_category="closed"),
    Stage("churned", "lost", forecast_category="omitted", needs_reason=True),
), creation=("upcoming",))  # fmt: skip
"""A contract's way from its coming end to the next one, or out. The probabilities are placeholders."""

TICKET = Pipeline("ticket", (
    Stage("new", sla_targets=("acknowledge", "response")),
    Stage("open", sla_targets=("resolution",)),
    Stage("pending"),
    Stage("resolved"),
    Stage("closed", "closed"),
), subject=Ticket, regression="allow", reopen="allow")  # fmt: skip
"""A request for help: pending waits for the customer, resolved for the customer's word, closed is the end."""

# Stage, team, activities, KPIs, in the words of the source.
_CUSTOMER_LIFE = (
    ("lead_generation", "marketing",
     "content marketing, search optimisation, paid advertising, social media, email marketing",
     "website traffic, lead volume, lead-to-MQL conversion, cost per lead, lead source performance"),
    ("qualification", "marketing",
     "lead scoring, lead enrichment, initial contact, needs analysis",
     "MQL volume, SQL volume, MQL-to-SQL conversion, time to SQL, lead qualification rate"),
    ("sales", "sales",
     "demos and presentations, proposal, negotiation, closing, CRM updates",
     "SQL-to-opportunity conversion, win rate, average deal size, sales cycle length, revenue generated"),
    ("onboarding", "customer_success",
     "welcome, product training, account setup, implementation, ongoing support",
     "time to value, onboarding completion rate, CSAT, early churn rate, product usage"),
    ("adoption", "customer_success",
     "user education, feature adoption, best-practice guidance, proactive support, success management",
     "active user rate, feature adoption rate, customer health score, usage frequency, NPS"),
    ("expansion", "customer_success",
     "upselling, cross-selling, account reviews, needs assessment, customer advocacy",
     "CLTV, expansion revenue, NRR, ARPA, customer advocacy rate"),
    ("renewal", "customer_success",
     "contract management, customer communication, value validation, renewal negotiation, churn prevention",
     "renewal rate, churn rate, customer retention rate, renewal revenue, renewal cycle time"),
)  # fmt: skip

LIFECYCLE = Pipeline("lifecycle", (
    *(
        Stage(name, owner_team=team, activities=tuple(activities.split(", ")), kpis=tuple(kpis.split(", ")))
        for name, team, activities, kpis in _CUSTOMER_LIFE
    ),
    Stage("churned", "lost", outcome="churned", needs_reason=True),
), subject=Account, unlisted="policy", regression="forbid", reopen="forbid", transitions=(
    ("expansion", "adoption"), ("renewal", "adoption"), ("renewal", "expansion"),
    ("churned", "qualification"), ("churned", "sales"), ("churned", "onboarding"),
))  # fmt: skip
"""The life of a customer, walked by an account: forward, round its loops, out by churn, back by a sale."""
