from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve, fields
from hypothesis import given, settings
from hypothesis import strategies as st

from revops_core.entities import (
    Account,
    Contact,
    ContactRole,
    Deal,
    Lead,
    LeadConversion,
    LineItem,
    Opportunity,
    OpportunityConversion,
    Product,
    Subscription,
    User,
    check,
    convert_lead,
    convert_opportunity,
    subscriptions_from,
)
from revops_core.errors import InvalidValueError
from revops_core.values.decision import Refused, Rule
from revops_core.values.money import Money
from revops_core.values.months import months_after
from tests.entities.strategies import values

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
READY = Lead(
    id="l1",
    first_name="Ada",
    last_name="Lovelace",
    email="ada@example.org",
    company="Initech",
    lead_source="referral",
    owner_id="u1",
    outcome="qualified",
    name_verified=True,
    email_verified=True,
    company_verified=True,
)
WON = Opportunity(
    id="o1",
    name="Initech",
    account_id="a1",
    owner_id="u1",
    outcome="won",
    closed_on=date(2026, 3, 1),
    amount=Money(900, "EUR"),
)


def refused(answer: object) -> tuple[str, ...]:
    assert isinstance(answer, Refused)
    return answer.reasons


def converted(lead: Lead = READY, **given: Any) -> LeadConversion:
    answer = convert_lead(lead, at=NOW, **given)
    assert isinstance(answer, LeadConversion)
    return answer


def dealt(opportunity: Opportunity = WON, **given: Any) -> OpportunityConversion:
    answer = convert_opportunity(opportunity, at=NOW, **given)
    assert isinstance(answer, OpportunityConversion)
    return answer


def subscribed(deal: Deal) -> tuple[Subscription, ...]:
    answer = subscriptions_from(deal)
    assert isinstance(answer, tuple)
    return answer


def test_a_customer_is_walked_from_lead_to_recurring_revenue() -> None:
    lead = evolve(READY, closed_at=NOW)
    made = converted(lead, opportunity=Opportunity(id="o1", name="Seats", amount=Money(7200, "EUR")), by="u1")
    assert made.opportunity is not None
    seats = LineItem(product_id="p1", quantity=20, unit_price=Money(30, "EUR"), billing_interval="month")
    setup = LineItem(product_id="p2", unit_price=Money(500, "EUR"))
    won = evolve(made.opportunity, outcome="won", closed_at=NOW, lines=(seats, setup))
    sold = dealt(won, deal=Deal(id="d1", starts_on=date(2026, 4, 1), term_months=12, auto_renews=True))
    [subscription] = subscribed(sold.deal)
    assert subscription == Subscription(
        id="d1-1",
        account_id="l1-account",
        deal_id="d1",
        owner_id="u1",
        name="Seats",
        starts_on=date(2026, 4, 1),
        ends_on=date(2027, 4, 1),
        signed_on=date(2026, 3, 1),
        auto_renews=True,
        items=(seats,),
    )
    assert subscription.items[0].price == Money(600, "EUR")
    records = [made.lead, made.contact, made.account, sold.opportunity, sold.deal, subscription, User(id="u1")]
    assert check([*records, Product(id="p1"), Product(id="p2")], [made.fact, sold.fact]) == []


def test_a_lead_becomes_a_contact_of_a_new_account() -> None:
    made = converted(by="u9")
    assert made.account == Account(id="l1-account", name="Initech", owner_id="u1", created_at=NOW)
    assert made.contact == Contact(
        id="l1-contact",
        account_id="l1-account",
        first_name="Ada",
        last_name="Lovelace",
        email="ada@example.org",
        lead_source="referral",
        owner_id="u1",
        created_at=NOW,
    )
    assert made.opportunity is None
    assert made.lead == evolve(
        READY, converted_at=NOW, converted_contact_id="l1-contact", converted_account_id="l1-account"
    )
    assert (made.fact.subject, made.fact.subject_id, made.fact.by, made.fact.at) == ("Lead", "l1", "u9", NOW)


def test_an_opportunity_is_opened_where_one_is_given_with_the_contact_in_it() -> None:
    made = converted(opportunity=Opportunity(id="o1", contacts=[ContactRole(contact_id="c5", is_primary=True)]))
    assert made.opportunity == Opportunity(
        id="o1",
        account_id="l1-account",
        owner_id="u1",
        lead_id="l1",
        lead_source="referral",
        created_at=NOW,
        contacts=[ContactRole(contact_id="c5", is_primary=True), ContactRole(contact_id="l1-contact")],
    )
    assert made.lead.converted_opportunity_id == made.fact.opportunity_id == "o1"


def test_the_contact_is_the_primary_one_of_a_new_opportunity_and_is_not_added_twice() -> None:
    first = converted(opportunity=Opportunity(id="o1", created_on=date(2026, 1, 1))).opportunity
    assert first is not None
    assert first.contacts == (ContactRole(contact_id="l1-contact", is_primary=True),)
    assert first.created == date(2026, 1, 1)
    again = converted(opportunity=first).opportunity
    assert again == first


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({"outcome": "open"}, ["qualified"]),
        ({"outcome": "open", "stage": "sales_qualified"}, []),
        ({"name_verified": False}, ["name_verified"]),
        ({"first_name": None, "last_name": None}, ["name_verified"]),
        ({"email": None}, ["email_verified"]),
        ({"company_verified": False, "email_verified": False}, ["email_verified", "company_verified"]),
        ({"outcome": "disqualified", "company": None}, ["qualified", "company_verified"]),
    ],
    ids=str,
)
def test_a_lead_is_refused_until_qualified_and_verified_with_every_reason(changes: Any, codes: list[str]) -> None:
    answer = convert_lead(evolve(READY, **changes), at=NOW)
    found = [blocker.parameters["rule"] for blocker in answer.blockers] if isinstance(answer, Refused) else []
    assert found == codes


def test_a_second_conversion_of_a_lead_is_refused() -> None:
    assert refused(convert_lead(converted().lead, at=NOW)) == ("already_converted",)
    imported = evolve(READY, converted_contact_id="c1")
    assert refused(convert_lead(imported, at=NOW)) == ("already_converted",)


def test_other_rules_take_the_place_of_ours() -> None:
    large = Rule("large", lambda lead, at: (lead.employee_count or 0) > 100 and at == NOW, "Only large companies.")
    assert refused(convert_lead(READY, at=NOW, rules=[large])) == ("rule",)
    assert convert_lead(Lead(id="l1", employee_count=101), at=NOW, rules=[large])
    assert convert_lead(Lead(id="l1"), at=NOW, rules=[])


def test_a_record_of_another_account_is_refused_with_all_others() -> None:
    lead = evolve(READY, account_id="a1")
    opportunity = Opportunity(id="o1", account_id="a2")
    answer = convert_lead(lead, at=NOW, contact=Contact(id="c1", account_id="a3"), opportunity=opportunity)
    assert refused(answer) == ("other_account",) * 3
    assert isinstance(answer, Refused)
    assert [blocker.parameters["account_id"] for blocker in answer.blockers] == ["a1", "a3", "a2"]
    assert "an opportunity of no other account" in str(answer)
    assert converted(lead, account=Account(id="a1")).account.id == "a1"


@settings(deadline=None)
@given(values(Lead), values(Contact), values(Account), values(Opportunity))
def test_a_conversion_fills_blanks_and_never_overwrites(
    lead: Lead, contact: Contact, account: Account, opportunity: Opportunity
) -> None:
    lead = evolve(lead, converted_at=None, converted_contact_id=None, account_id=None)
    contact, opportunity = evolve(contact, account_id=None), evolve(opportunity, account_id=None)
    answer = convert_lead(lead, at=NOW, contact=contact, account=account, opportunity=opportunity, rules=())
    assert isinstance(answer, LeadConversion)
    assert answer.opportunity is not None
    pairs: list[tuple[Any, Any]] = [(contact, answer.contact), (account, answer.account)]
    pairs.append((evolve(opportunity, contacts=()), evolve(answer.opportunity, contacts=())))
    for before, after in pairs:
        for attribute in fields(type(before)):
            held = getattr(before, attribute.name)
            if held not in {None, ""} if isinstance(held, str | None) else held != ():
                assert getattr(after, attribute.name) == held
    assert answer.opportunity.contacts[: len(opportunity.contacts)] == opportunity.contacts
    assert answer.contact.email == (contact.email or lead.email or contact.email)


def test_a_won_opportunity_becomes_a_deal_with_its_lines() -> None:
    line = LineItem(product_id="p1", quantity=2, unit_price=Money(450, "EUR"), term_months=12)
    made = dealt(evolve(WON, lines=[line], kind="renewal", subscription_id="s1"), by="u2")
    assert made.deal == Deal(
        id="o1-deal",
        name="Initech",
        account_id="a1",
        opportunity_id="o1",
        owner_id="u1",
        kind="renewal",
        amount=Money(900, "EUR"),
        closed_on=date(2026, 3, 1),
        lines=[line],
        subscription_id="s1",
    )
    assert made.opportunity.deal_id == "o1-deal"
    assert (made.fact.subject, made.fact.deal_id, made.fact.account_id, made.fact.by) == (
        "Opportunity",
        "o1-deal",
        "a1",
        "u2",
    )


@settings(deadline=None)
@given(values(Deal))
def test_a_deal_that_is_given_keeps_all_it_has(deal: Deal) -> None:
    deal = evolve(deal, account_id=None, opportunity_id=None)
    after = dealt(deal=deal).deal
    for attribute in fields(Deal):
        if getattr(deal, attribute.name) not in (None, "", ()):
            assert getattr(after, attribute.name) == getattr(deal, attribute.name)


def test_the_deal_closes_when_the_opportunity_did_or_else_at_the_conversion() -> None:
    assert dealt().deal.closed == date(2026, 3, 1)
    assert dealt(evolve(WON, closed_on=None)).deal.closed == NOW
    assert dealt(deal=Deal(id="d1", closed_on=date(2026, 2, 2))).deal.closed_at is None


def test_a_blank_is_not_filled_with_another_blank() -> None:
    made = converted(contact=Contact(id="c1", title=""), account=Account(id="a1", website=""))
    assert (made.contact.title, made.account.website) == ("", "")


@pytest.mark.parametrize("outcome", ["open", "lost", "no_decision", "Won"])
def test_only_a_won_opportunity_becomes_a_deal(outcome: str) -> None:
    assert refused(convert_opportunity(evolve(WON, outcome=outcome), at=NOW)) == ("not_won",)


def test_an_opportunity_is_refused_with_every_reason() -> None:
    lost = Opportunity(id="o1", outcome="lost", deal_id="d0")
    answer = convert_opportunity(lost, at=NOW, deal=Deal(id="d1", opportunity_id="o9"))
    assert refused(answer) == ("already_converted", "not_won", "required_field", "other_opportunity")
    other = convert_opportunity(WON, at=NOW, deal=Deal(id="d1", account_id="a2"))
    assert refused(other) == ("other_account",)
    assert refused(convert_opportunity(dealt().opportunity, at=NOW)) == ("already_converted",)


def line(**given: Any) -> LineItem:
    return LineItem(**{"product_id": "p1", "unit_price": Money(10, "EUR"), "billing_interval": "month", **given})


def deal(*lines: LineItem, **given: Any) -> Deal:
    start = {"id": "d1", "account_id": "a1", "starts_on": date(2026, 1, 31), "term_months": 12}
    return Deal(lines=lines, **{**start, **given})


def days(subscriptions: tuple[Subscription, ...]) -> list[tuple[str, str]]:
    return [(str(found.starts_on), str(found.ends_on)) for found in subscriptions]


def test_lines_of_one_term_share_a_contract_period_and_other_terms_have_their_own() -> None:
    found = subscribed(deal(line(), line(term_months=6), line(product_id="p2"), line(term_months=6, product_id="p3")))
    assert days(found) == [("2026-01-31", "2027-01-31"), ("2026-01-31", "2026-07-31")]
    assert [[item.product_id for item in each.items] for each in found] == [["p1", "p2"], ["p1", "p3"]]
    assert [each.id for each in found] == ["d1-1", "d1-2"]


def test_the_years_of_a_ramp_stand_in_one_contract_period() -> None:
    ramp = [
        line(id="seats", quantity=10, ends_on=date(2027, 1, 31)),
        line(id="seats", quantity=20, starts_on=date(2027, 1, 31)),
    ]
    [found] = subscribed(deal(*ramp, term_months=24))
    assert days((found,)) == [("2026-01-31", "2028-01-31")]
    assert found.items == tuple(ramp)


def test_a_line_beyond_the_deal_has_its_own_contract_period() -> None:
    late = [
        line(starts_on=date(2025, 6, 1)),
        line(starts_on=date(2027, 6, 1)),
        line(starts_on=date(2026, 6, 1), ends_on=date(2027, 6, 1)),
    ]
    assert days(subscribed(deal(*late))) == [
        ("2025-06-01", "2026-06-01"),
        ("2027-06-01", "2028-06-01"),
        ("2026-06-01", "2027-06-01"),
    ]


def test_without_a_term_the_contract_runs_until_cancelled() -> None:
    assert days(subscribed(deal(line(), line(starts_on=date(2026, 3, 1)), term_months=None))) == [
        ("2026-01-31", "None")
    ]
    lone = deal(line(starts_on=date(2026, 3, 1)), starts_on=None, term_months=None)
    assert days(subscribed(lone)) == [("2026-03-01", "None")]


def test_what_is_charged_once_starts_no_subscription_and_the_deal_may_tell_the_interval() -> None:
    once = line(billing_interval=None)
    assert subscribed(deal(once)) == ()
    assert subscribed(deal()) == ()
    [found] = subscribed(deal(once, line(billing_interval="week"), billing_interval="year"))
    assert [item.billing_interval for item in found.items] == ["year", "week"]


def test_a_renewal_names_what_it_renews_and_an_expansion_does_not() -> None:
    assert subscribed(deal(line(), kind="renewal", subscription_id="s1"))[0].renews_id == "s1"
    assert subscribed(deal(line(), kind="expansion", subscription_id="s1"))[0].renews_id is None


def test_the_day_of_signing_is_that_of_the_closing_in_its_own_zone() -> None:
    assert subscribed(deal(line()))[0].signed_on is None
    assert subscribed(deal(line(), closed_on=date(2026, 1, 2)))[0].signed_on == date(2026, 1, 2)
    assert subscribed(deal(line(), closed_at=NOW))[0].signed_on == date(2026, 3, 1)


def test_a_deal_is_refused_with_every_reason() -> None:
    mixed = deal(line(), line(unit_price=Money(1, "USD")), line(unit_price=None), account_id=None, starts_on=None)
    answer = subscriptions_from(mixed)
    assert refused(answer) == ("required_field", "required_field", "mixed_currencies")
    assert "EUR, USD" in str(answer)


@pytest.mark.parametrize("call", [convert_lead, convert_opportunity])
def test_arguments_of_the_wrong_type_are_refused_all_at_once(call: Any) -> None:
    with pytest.raises(InvalidValueError) as caught:
        call(Deal(id="d1"), at=datetime(2026, 1, 1), by="")
    assert [fault.field for fault in caught.value.faults][1:] == ["at", "by"]
    with pytest.raises(InvalidValueError, match="'deal' must be a Deal"):
        subscriptions_from(READY)  # type: ignore[arg-type]


@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)), st.integers(-500, 500), st.integers(-500, 500))
def test_months_are_counted_from_the_anchor(start: date, one: int, other: int) -> None:
    first = months_after(start, one)
    assert first.day == start.day or (
        first.day < start.day and months_after(first.replace(day=1), 1) == months_after(start.replace(day=1), one + 1)
    )
    assert (first.year * 12 + first.month) - (start.year * 12 + start.month) == one
    assert (first <= months_after(start, other)) == (one <= other)
    assert months_after(start, 0) == start


@pytest.mark.parametrize(
    ("start", "count"), [(NOW, 1), (date(2026, 1, 1), Decimal(1)), (date(2026, 1, 1), True)], ids=str
)
def test_months_of_no_day_or_no_whole_number_are_refused(start: Any, count: Any) -> None:
    with pytest.raises(InvalidValueError, match="months_after"):
        months_after(start, count)
