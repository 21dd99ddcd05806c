"""What known systems call the fields of our records: data for `from_rows` and for `frames`, by system and our class.

Each entry is a dict of arguments; columns are the names of the systems' APIs, which exports keep:

    from_rows(Opportunity, rows, **EXPORTS["salesforce"]["Opportunity"], currency="EUR")
    deals = EXPORTS["salesforce"]["Opportunity"]
    frames.measure(df, kpis, columns=deals["columns"], values=deals["values"])

`frames.measure` takes the `percentages` of a mapping too. Make days of columns that hold instants where it has
"instant" first. `frames.to_entities` takes the whole mapping, as `from_rows` does.

A mapping names the columns that every account has. Columns that you did not export are told in one error: take their
fields out; columns of your own are put in. Deals in several currencies need one more (HubSpot: `deal_currency_code`):

    columns = {**EXPORTS["salesforce"]["Opportunity"]["columns"], "amount.currency": "CurrencyIsoCode"}

`outcome` is read from the stage, because these systems say of each stage whether it is an end, and not of each record.
The stages named here are those that an account starts with. One that is not named is a problem ("unmapped_value"), so
say what yours mean; Salesforce's OpportunityStage and HubSpot's pipelines tell it:

    {row["MasterLabel"]: "won" if row["IsWon"] else "lost" if row["IsClosed"] else "open" for row in opportunity_stages}

A CRM keeps one closing date: of an open record it is the day it is expected to close, of a closed one the day it did.
So it feeds both `close_date` and `closed_on`, and `closed_on` of a record that is still open is only what is expected.
KPIs read it of closed ones.

Other picklist values are kept as given: "existing business" may be an expansion or a renewal, and only you know.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from revops_core.values.currencies import MINOR_UNITS

__all__ = ["EXPORTS"]


def _columns(text: str) -> dict[str, str]:
    """Our field and their column, pair by pair."""
    return dict(pair.split() for pair in text.split(","))


def _meanings(**theirs: str) -> dict[Any, object]:
    """What each of their values means, from ours to all of theirs."""
    return {value: ours for ours, values in theirs.items() for value in values.split(", ")}


def _if(*, yes: object, no: object) -> dict[Any, object]:
    """What a column of yes or no means, as an API or a file writes it."""
    return dict.fromkeys((True, "true", "True", "TRUE"), yes) | dict.fromkeys((False, "false", "False", "FALSE"), no)


_UNLIKE_ISO = {"ISK", "MGA", "UGX"}  # Stripe does not count them in the minor unit of ISO 4217

# fmt: off
EXPORTS: Mapping[str, Mapping[str, Mapping[str, Any]]] = MappingProxyType({
    "salesforce": MappingProxyType({
        "Opportunity": {"columns": _columns(
                "id Id, name Name, account_id AccountId, owner_id OwnerId, kind Type, stage StageName, "
                "outcome StageName, amount Amount, probability Probability, close_date CloseDate, closed_on CloseDate, "
                "created_at CreatedDate, forecast_category ForecastCategoryName, lead_source LeadSource"),
            "values": {
                "kind": _meanings(new_business="New Customer, New Business", expansion="Existing Customer - Upgrade"),
                "outcome": _meanings(
                    open="Prospecting, Qualification, Needs Analysis, Value Proposition, Id. Decision Makers, "
                         "Perception Analysis, Proposal/Price Quote, Negotiation/Review",
                    won="Closed Won", lost="Closed Lost"),
                "forecast_category": _meanings(
                    omitted="Omitted", pipeline="Pipeline", best_case="Best Case", commit="Commit", closed="Closed")},
            "strict": ("outcome",), "percentages": ("probability",)},
        "Lead": {"columns": _columns(
                "id Id, first_name FirstName, last_name LastName, email Email, phone Phone, title Title, "
                "company Company, website Website, industry Industry, employee_count NumberOfEmployees, "
                "country Country, lead_source LeadSource, owner_id OwnerId, created_at CreatedDate, stage Status, "
                "outcome Status, closed_on ConvertedDate, converted_contact_id ConvertedContactId, "
                "converted_account_id ConvertedAccountId, converted_opportunity_id ConvertedOpportunityId"),
            "values": {"outcome": _meanings(
                open="Open - Not Contacted, Working - Contacted", qualified="Closed - Converted",
                disqualified="Closed - Not Converted")}, "strict": ("outcome",)},
        "Account": {"columns": _columns(
                "id Id, name Name, website Website, industry Industry, employee_count NumberOfEmployees, "
                "annual_revenue AnnualRevenue, country BillingCountry, parent_id ParentId, owner_id OwnerId, "
                "created_at CreatedDate")},
        "Ticket": {"columns": _columns(
                "id Id, subject Subject, request Type, priority Priority, channel Origin, account_id AccountId, "
                "contact_id ContactId, owner_id OwnerId, created_at CreatedDate, stage Status, outcome IsClosed, "
                "closed_at ClosedDate"),
            "values": {
                "priority": _meanings(low="Low", normal="Medium", high="High"),
                "outcome": _if(yes="closed", no="open")}, "strict": ("outcome",)}}),
    "hubspot": MappingProxyType({
        "Opportunity": {"columns": _columns(
                "id hs_object_id, name dealname, owner_id hubspot_owner_id, kind dealtype, stage dealstage, "
                "outcome dealstage, amount amount, probability hs_deal_stage_probability, close_date closedate, "
                "closed_on closedate, created_at createdate"),
            "values": {
                "kind": _meanings(new_business="newbusiness"),
                "outcome": _meanings(
                    open="appointmentscheduled, qualifiedtobuy, presentationscheduled, decisionmakerboughtin, "
                         "contractsent",
                    won="closedwon", lost="closedlost")},
            "strict": ("outcome",), "date_formats": ("unix_ms", "instant")},
        "Contact": {"columns": _columns(
                "id hs_object_id, account_id associatedcompanyid, first_name firstname, last_name lastname, "
                "email email, phone phone, title jobtitle, owner_id hubspot_owner_id, created_at createdate"),
            "date_formats": ("unix_ms",)},
        "Account": {"columns": _columns(
                "id hs_object_id, name name, website domain, industry industry, employee_count numberofemployees, "
                "annual_revenue annualrevenue, country country, parent_id hs_parent_company_id, "
                "owner_id hubspot_owner_id, created_at createdate, stage lifecyclestage"),
            "date_formats": ("unix_ms",)},
        "Ticket": {"columns": _columns(
                "id hs_object_id, subject subject, request hs_ticket_category, priority hs_ticket_priority, "
                "channel source_type, owner_id hubspot_owner_id, created_at createdate, stage hs_pipeline_stage, "
                "outcome hs_pipeline_stage, closed_at closed_date"),
            "values": {
                "priority": _meanings(low="LOW", normal="MEDIUM", high="HIGH", urgent="URGENT"),
                "outcome": _meanings(open="1, 2, 3", closed="4") | {1: "open", 2: "open", 3: "open", 4: "closed"}},
            "strict": ("outcome",), "date_formats": ("unix_ms",)}}),
    "stripe": MappingProxyType({
        "Subscription": {"columns": _columns(
                "id id, account_id customer, starts_on start_date, ends_on ended_at, signed_on created, "
                "trial_ends_on trial_end, auto_renews cancel_at_period_end, cancelled_at canceled_at, "
                "custom.status status"),
            "values": {"auto_renews": _if(yes=False, no=True)}, "date_formats": ("unix",)},
        "LineItem": {"columns": _columns(
                "id id, product_id price.product, quantity quantity, unit_price price.unit_amount, "
                "unit_price.currency price.currency, billing_interval price.recurring.interval, "
                "interval_count price.recurring.interval_count, is_metered price.recurring.usage_type"),
            "values": {
                "is_metered": {"licensed": False, "metered": True},
                "unit_price.currency": {each.lower(): each for each in MINOR_UNITS if each not in _UNLIKE_ISO}},
            "minor_units": ("unit_price",)}}),
    "zendesk": MappingProxyType({
        "Ticket": {"columns": _columns(
                "id id, subject subject, request type, priority priority, channel via.channel, "
                "account_id organization_id, contact_id requester_id, owner_id assignee_id, team_id group_id, "
                "created_at created_at, stage status, outcome status"),
            "values": {"outcome": _meanings(open="new, open, pending, hold", closed="solved, closed")},
            "strict": ("outcome",)}}),
})
# fmt: on
"""By system and the name of our class, the arguments of `from_rows`: `EXPORTS["salesforce"]["Opportunity"]`.

- "salesforce": "Opportunity", "Lead", "Account", and "Ticket", which it calls a case. Probability is a percentage.
  Source: https://developer.salesforce.com/docs/platform/field-reference/references/field-reference/, the pages
  salesforce-field-reference-opportunity.html, -lead.html, -account.html, -case.html and -opportunitystage.html
- "hubspot": "Opportunity" (its deal), "Contact", "Account" (its company) and "Ticket", each by internal property names.
  Rows are the `properties` of each object. Instants are read in ISO 8601, as the present API writes them, and as the
  milliseconds of the older one. The closing date of a deal is an instant: say in which zone (`tz`) it is a day.
  Source: https://developers.hubspot.com/docs/api-reference/crm-pipelines-v3/guide,
  https://knowledge.hubspot.com/properties/hubspots-default-deal-properties, -contact-, -company- and -ticket-properties
- "stripe": "Subscription", and "LineItem" for its subscription items, whose prices lie one level down: rows are flat,
  with a point in their names, as `pandas.json_normalize` makes them. Say in which zone (`tz`) an instant is a day.
  Amounts are in cents; ISK, MGA and UGX are refused, as Stripe does not count them in the minor unit of ISO 4217. An
  end that is only planned (`cancel_at`) is not read, and `ends_on` is when a subscription did end. A row of an item
  tells its `subscription`: put the items of one into `items`.
  Source: https://docs.stripe.com/api/subscriptions/object, https://docs.stripe.com/api/subscription_items/object,
  https://docs.stripe.com/api/prices/object and https://docs.stripe.com/currencies
- "zendesk": "Ticket". When it was solved is no field of the ticket; its audits tell
  (`stages.HISTORY_EXPORTS["zendesk"]["ticket_audits"]`).
  Source: https://developer.zendesk.com/api-reference/ticketing/tickets/tickets/
"""
