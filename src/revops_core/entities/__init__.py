"""Entities: the records of a CRM, a help desk and a billing system, and the facts that prove them."""

from revops_core.entities.account import Account, IdealCustomerProfile, Industry
from revops_core.entities.check import check
from revops_core.entities.contact import Contact
from revops_core.entities.conversion import *
from revops_core.entities.deal import Deal
from revops_core.entities.engagement import Activity, Answer, Touch, Usage, Visit
from revops_core.entities.facts import *
from revops_core.entities.from_rows import from_rows
from revops_core.entities.known_exports import EXPORTS
from revops_core.entities.lead import Lead, LeadSource, LeadStage
from revops_core.entities.line_item import BillingInterval, LineItem, Product
from revops_core.entities.opportunity import *
from revops_core.entities.subscription import Pause, Subscription
from revops_core.entities.ticket import Ticket, TicketPriority, TicketRequest
from revops_core.entities.user import Team, User
from revops_core.values.bulk_builder import bulk_builder

__all__ = [
    "EXPORTS", "LEAD_RULES", "Account", "Activity", "Advocacy", "Answer", "AutomationRun", "BillingInterval",
    "BuyingRole", "Changed", "Contact", "ContactRole", "Converted", "Deal", "ForecastCategory", "ForecastSnapshot",
    "Handoff", "IdealCustomerProfile", "Industry", "Lead", "LeadConversion", "LeadSource", "LeadStage", "LineItem",
    "Merged", "Milestone", "Opportunity", "OpportunityConversion", "OpportunityKind", "OpportunityStage", "Outcome",
    "Pause", "Product", "Quota", "Score", "Spend", "Subscription", "Team", "Ticket", "TicketPriority", "TicketRequest",
    "Touch", "Usage", "User", "Visit", "bulk_builder", "check", "convert_lead", "convert_opportunity", "from_rows",
    "subscriptions_from",
]  # fmt: skip
