"""Conversion: what a lead, a won opportunity and a deal become, as pure functions.

Each returns the new values together with the fact, or `Refused` with every reason. What the caller gives (an existing
account, a deal with its terms) keeps all it has: only blanks are filled. Ids of new records are derived from the
source (`l1-account`), so that the same call gives the same ids; to choose one, pass `Account(id="a7")`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, TypeVar, cast

from attrs import evolve, frozen

from revops_core.entities.account import Account
from revops_core.entities.contact import Contact
from revops_core.entities.deal import Deal
from revops_core.entities.facts import Converted
from revops_core.entities.lead import Lead
from revops_core.entities.line_item import LineItem
from revops_core.entities.opportunity import ContactRole, Opportunity
from revops_core.entities.subscription import Subscription
from revops_core.values.checks import Id, as_tuple, checked, require
from revops_core.values.condition import each, known, matching, one_of
from revops_core.values.decision import Blocker, Refused, Rule
from revops_core.values.expression import all_of, any_of
from revops_core.values.months import months_after

__all__ = [
    "LEAD_RULES", "LeadConversion", "OpportunityConversion", "convert_lead", "convert_opportunity",
    "subscriptions_from",
]  # fmt: skip

R = TypeVar("R", Account, Contact, Deal, Opportunity)

_BLANKS = (None, "", ())
_Person = Id | None
# What a new record takes over as it is from the record that it comes from.
_OF_ACCOUNT = ("website", "industry", "employee_count", "country", "owner_id")
_OF_CONTACT = ("first_name", "last_name", "email", "phone", "title", "lead_source", "owner_id")
_OF_SUBSCRIPTION = ("account_id", "owner_id", "name", "auto_renews", "notice_days")
_OF_DEAL = ("name", "account_id", "owner_id", "kind", "amount", "lines", "subscription_id")

_lead = each(Lead)


def _verified(name: str, text: object, says: str) -> Rule:
    """The rule that a field has a text that is not empty, and was verified."""
    code = f"{name}_verified"
    return Rule(code, matching({code: True}) & known(text) & ~one_of(text, ""), says)


LEAD_RULES: tuple[Rule, ...] = (
    Rule(
        "qualified",
        any_of(_lead.outcome == "qualified", all_of(_lead.stage == "sales_qualified", _lead.outcome != "disqualified")),
        "Qualify the lead first.",
    ),
    Rule("name_verified", matching({"name_verified": True}) & known(_lead.name), "Enter and verify the name."),
    _verified("email", _lead.email, "Enter and verify the e-mail."),
    _verified("company", _lead.company, "Enter and verify the company."),
)
"""What a lead must satisfy before it is converted; `convert_lead` takes others in their place."""


@checked()
@frozen(kw_only=True, eq=False, weakref_slot=False)
class LeadConversion:
    """What a lead became, and the lead as it is now: what `convert_lead` returns.

    >>> from datetime import UTC
    >>> answer = convert_lead(Lead(id="l1"), at=datetime(2026, 3, 1, tzinfo=UTC), rules=())
    >>> isinstance(answer, LeadConversion) and answer.fact.contact_id
    'l1-contact'
    """

    lead: Lead
    contact: Contact
    account: Account
    opportunity: Opportunity | None
    fact: Converted


@checked()
@frozen(kw_only=True, eq=False, weakref_slot=False)
class OpportunityConversion:
    """The deal that a won opportunity became, and the opportunity as it is now: what `convert_opportunity` returns.

    >>> from datetime import UTC
    >>> won = Opportunity(id="o1", account_id="a1", outcome="won")
    >>> answer = convert_opportunity(won, at=datetime(2026, 3, 1, tzinfo=UTC))
    >>> isinstance(answer, OpportunityConversion) and answer.deal.id
    'o1-deal'
    """

    opportunity: Opportunity
    deal: Deal
    fact: Converted


def convert_lead(
    lead: Lead,
    *,
    at: datetime,
    contact: Contact | None = None,
    account: Account | None = None,
    opportunity: Opportunity | None = None,
    by: str | None = None,
    rules: Iterable[Rule] = LEAD_RULES,
) -> LeadConversion | Refused:
    """Make a lead a contact of an account and, where one is given, open an opportunity.

    The lead notes what it became and keeps its stage and outcome: those are its pipeline's business.

    Args:
        lead: the lead; `rules` must hold for it.
        at: when it happens.
        contact: an existing contact to join it to, or a new one with the id you choose.
        account: likewise; needed where the lead was matched to an account.
        opportunity: likewise; None: none is opened.
        by: the user who does it.
        rules: what must hold first.

    Returns:
        The lead, contact, account and opportunity as they are now, and the fact; or `Refused` with every blocker:
        "already_converted", "rule", "other_account".

    >>> lead = Lead(id="l1", last_name="Lovelace", email="ada@example.org", company="Initech", outcome="qualified",
    ...             name_verified=True, email_verified=True, company_verified=True)
    >>> from datetime import UTC
    >>> made = convert_lead(lead, at=datetime(2026, 3, 1, tzinfo=UTC))
    >>> made.account.name, made.contact.account_id, made.lead.converted_account_id
    ('Initech', 'l1-account', 'l1-account')
    """
    demanded = as_tuple(rules)
    asked: dict[str, tuple[object, Any]] = {"lead": (lead, Lead), "at": (at, datetime), "by": (by, _Person)}
    asked |= {"contact": (contact, Contact | None), "account": (account, Account | None)}
    asked |= {"opportunity": (opportunity, Opportunity | None)}
    require("convert_lead", **asked, rules=(demanded, tuple[Rule, ...]))
    blockers = [Blocker("rule", rule.says, {"rule": rule.code}) for rule in demanded if not rule.holds(lead, at)]
    if lead.converted_at is not None or lead.converted_contact_id is not None:
        blockers.insert(0, Blocker("already_converted", "The lead was converted before.", {"at": lead.converted_at}))
    account_id = account.id if account is not None else f"{lead.id}-account"
    for record, named in (("lead", lead), ("contact", contact), ("opportunity", opportunity)):
        if named is not None and named.account_id not in {None, account_id}:
            blockers.append(_other("account", record, named.account_id))
    if blockers:
        return Refused(blockers)

    account = _filled(account or Account(id=account_id, created_at=at), lead, _OF_ACCOUNT, name=lead.company)
    contact = contact or Contact(id=f"{lead.id}-contact", created_at=at)
    contact = _filled(contact, lead, _OF_CONTACT, account_id=account.id)
    if opportunity is not None:
        opportunity = _with_contact(opportunity, contact.id)
        new = {"account_id": account.id, "lead_id": lead.id, "created_at": None if opportunity.created else at}
        opportunity = _filled(opportunity, lead, ("owner_id", "lead_source"), **new)
    became: dict[str, Any] = {"contact_id": contact.id, "account_id": account.id}
    became["opportunity_id"] = opportunity.id if opportunity else None
    fact = Converted(subject="Lead", subject_id=lead.id, at=at, by=by, **became)
    lead = evolve(lead, converted_at=at, **{f"converted_{name}": found for name, found in became.items()})
    return LeadConversion(lead=lead, contact=contact, account=account, opportunity=opportunity, fact=fact)


def convert_opportunity(
    opportunity: Opportunity, *, at: datetime, deal: Deal | None = None, by: str | None = None
) -> OpportunityConversion | Refused:
    """Make a won opportunity the deal that is handed over, with its lines.

    Args:
        opportunity: the won opportunity.
        at: when it happens; the deal's closing where the opportunity does not tell its own.
        deal: the terms that the opportunity does not know (start, term, notice), or the id you choose.
        by: the user who does it.

    Returns:
        The deal, the opportunity as it is now, and the fact; or `Refused` with every blocker: "already_converted",
        "not_won", "required_field", "other_account", "other_opportunity".

    >>> from datetime import UTC
    >>> won = Opportunity(id="o1", account_id="a1", outcome="won", closed_on=date(2026, 3, 1))
    >>> made = convert_opportunity(won, at=datetime(2026, 3, 2, tzinfo=UTC), deal=Deal(id="d1", term_months=12))
    >>> made.deal.account_id, made.deal.closed, made.opportunity.deal_id
    ('a1', datetime.date(2026, 3, 1), 'd1')
    """
    asked = {"at": (at, datetime), "deal": (deal, Deal | None), "by": (by, _Person)}
    require("convert_opportunity", opportunity=(opportunity, Opportunity), **asked)
    given = deal or Deal(id=f"{opportunity.id}-deal")
    blockers = []
    if opportunity.deal_id is not None:
        says = f"The opportunity became deal '{opportunity.deal_id}' before."
        blockers.append(Blocker("already_converted", says, {"deal_id": opportunity.deal_id}))
    if opportunity.outcome != "won":
        blockers.append(Blocker("not_won", "Win the opportunity first.", {"outcome": opportunity.outcome}))
    if opportunity.account_id is None:
        blockers.append(Blocker("required_field", "Enter the account first.", {"field": "account_id"}))
    elif given.account_id not in {None, opportunity.account_id}:
        blockers.append(_other("account", "deal", given.account_id))
    if given.opportunity_id not in {None, opportunity.id}:
        blockers.append(_other("opportunity", "deal", given.opportunity_id))
    if blockers:
        return Refused(blockers)

    closings: dict[str, object] = {}
    if given.closed is None:
        closings = {"closed_at": opportunity.closed_at, "closed_on": opportunity.closed_on}
        if opportunity.closed is None:
            closings = {"closed_at": at}
    made = _filled(given, opportunity, _OF_DEAL, opportunity_id=opportunity.id, **closings)
    ids: dict[str, Any] = {"subject_id": opportunity.id, "opportunity_id": opportunity.id, "deal_id": made.id}
    fact = Converted(subject="Opportunity", at=at, by=by, account_id=opportunity.account_id, **ids)
    return OpportunityConversion(opportunity=evolve(opportunity, deal_id=made.id), deal=made, fact=fact)


def subscriptions_from(deal: Deal) -> tuple[Subscription, ...] | Refused:
    """The contract periods that a deal starts: one for each term among its recurring lines.

    A line without a term of its own runs with the deal, from `starts_on` for `term_months`; months are counted from
    the start. A line with its own term has its own contract period. Lines that are charged once (no billing interval,
    nor one of the deal) start none. The same deal always gives the same subscriptions, with the ids `d1-1`, `d1-2`, …

    Returns:
        The subscriptions, none where no line recurs; or `Refused` with every blocker: "required_field",
        "mixed_currencies".

    >>> seats = LineItem(product_id="p1", quantity=20, billing_interval="month")
    >>> leap_day = date(2028, 2, 29)
    >>> deal = Deal(id="d1", account_id="a1", starts_on=leap_day, term_months=12, lines=[seats])
    >>> [yearly] = subscriptions_from(deal)
    >>> yearly.id, str(yearly.ends_on)
    ('d1-1', '2029-02-28')
    """
    require("subscriptions_from", deal=(deal, Deal))
    recurring = [line for line in deal.lines if line.billing_interval or deal.billing_interval]
    blockers = []
    if deal.account_id is None:
        blockers.append(Blocker("required_field", "Enter the account first.", {"field": "account_id"}))
    if any(line.starts_on is None for line in recurring) and deal.starts_on is None:
        blockers.append(Blocker("required_field", "Enter the first day of the contract.", {"field": "starts_on"}))
    currencies = sorted({line.unit_price.currency for line in recurring if line.unit_price is not None})
    if len(currencies) > 1:
        says = f"Put all lines into one currency; they have {', '.join(currencies)}."
        blockers.append(Blocker("mixed_currencies", says, {"currencies": tuple(currencies)}))
    if blockers:
        return Refused(blockers)

    terms: dict[tuple[date, date | None], list[LineItem]] = {}
    for line in recurring:
        item = line if line.billing_interval else evolve(line, billing_interval=deal.billing_interval)
        terms.setdefault(_term(line, deal), []).append(item)
    agreed: dict[str, Any] = {name: getattr(deal, name) for name in _OF_SUBSCRIPTION}
    agreed |= {"deal_id": deal.id, "renews_id": deal.subscription_id if deal.kind == "renewal" else None}
    # The day on which the deal was agreed, in the zone that its instant is written in.
    agreed["signed_on"] = deal.closed_on or (deal.closed_at.date() if deal.closed_at else None)
    return tuple(
        Subscription(id=f"{deal.id}-{number}", starts_on=starts_on, ends_on=ends_on, items=items, **agreed)
        for number, ((starts_on, ends_on), items) in enumerate(terms.items(), 1)
    )


def _term(line: LineItem, deal: Deal) -> tuple[date, date | None]:
    """The contract period of `line`: its own term where it has one; the deal's where its days lie inside; its days."""
    starts_on = cast("date", line.starts_on or deal.starts_on)
    if line.term_months:
        return starts_on, months_after(starts_on, line.term_months)
    if deal.starts_on is not None and starts_on >= deal.starts_on:
        deal_ends_on = _end(deal.starts_on, deal.term_months)
        if deal_ends_on is None or (starts_on < deal_ends_on and (line.ends_on or deal_ends_on) <= deal_ends_on):
            return deal.starts_on, deal_ends_on
    return starts_on, line.ends_on or _end(starts_on, deal.term_months)


def _end(starts_on: date, term_months: int | None) -> date | None:
    return months_after(starts_on, term_months) if term_months else None


def _other(what: str, record: str, found: str | None) -> Blocker:
    article = "an" if record[0] in "aeiou" else "a"
    says = f"Pass {what} '{found}', to which the {record} belongs, or {article} {record} of no other {what}."
    return Blocker(f"other_{what}", says, {"record": record, f"{what}_id": found})


def _filled(record: R, source: Lead | Opportunity, names: Iterable[str], **values: object) -> R:
    """`record` with its blanks filled: by the fields of `source` with these `names`, and by `values`."""
    found = {**{name: getattr(source, name) for name in names}, **values}
    found = {name: value for name, value in found.items() if value not in _BLANKS and getattr(record, name) in _BLANKS}
    return evolve(record, **found)


def _with_contact(opportunity: Opportunity, contact_id: str) -> Opportunity:
    """`opportunity` with the contact among those who take part: the primary one where there is none yet."""
    if any(role.contact_id == contact_id for role in opportunity.contacts):
        return opportunity
    role = ContactRole(contact_id=contact_id, is_primary=not any(role.is_primary for role in opportunity.contacts))
    return evolve(opportunity, contacts=(*opportunity.contacts, role))
