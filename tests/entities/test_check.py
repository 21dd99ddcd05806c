from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revops_core.entities import (
    Account,
    Activity,
    Advocacy,
    Changed,
    Contact,
    ContactRole,
    Converted,
    Deal,
    Lead,
    LineItem,
    Merged,
    Milestone,
    Opportunity,
    Product,
    Quota,
    Spend,
    Subscription,
    Team,
    Ticket,
    Usage,
    User,
    check,
)
from revops_core.errors import InvalidValueError
from revops_core.values.money import Money

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
DAY = date(2026, 3, 1)


def codes(entities: Any, facts: Any = ()) -> list[tuple[str, str | None, str | None]]:
    return [(problem.code, problem.subject_id, problem.field) for problem in check(entities, facts)]


def test_nothing_is_wrong_in_nothing_nor_in_records_that_fit() -> None:
    assert check([]) == []
    assert (
        check(
            [Account(id="a1"), Contact(id="c1", account_id="a1"), Lead(id="l1")],
            [Spend(on=DAY, amount=Money(1, "EUR"))],
        )
        == []
    )


def test_an_id_given_twice_is_told_once_with_how_often() -> None:
    accounts = [Account(id="a1"), Account(id="a2"), Account(id="a1", name="x"), Account(id="a1"), User(id="a1")]
    [problem] = check(accounts)
    assert str(problem) == "Account a1: 'id' is the id of 3 records"


def test_facts_may_lack_an_id_but_not_share_one() -> None:
    spend = Spend(on=DAY, amount=Money(1, "EUR"))
    assert check([], [spend, spend]) == []
    again = Spend(on=DAY, amount=Money(2, "EUR"), id="f1")
    assert codes([], [again, again]) == [("duplicate_id", "f1", "id")]


REFERENCES = [
    (Contact(id="x", account_id="?"), Account(id="a")),
    (Opportunity(id="x", account_id="a", owner_id="?"), User(id="u")),
    (Opportunity(id="x", account_id="a", owner_id="?"), Team(id="t")),
    (Opportunity(id="x", account_id="a", lead_id="?"), Lead(id="l")),
    (Opportunity(id="x", account_id="a", deal_id="?"), Deal(id="d", account_id="a", closed_on=DAY)),
    (Opportunity(id="x", account_id="a", subscription_id="?"), Subscription(id="s", account_id="a")),
    (Opportunity(id="x", account_id="a", contacts=[ContactRole(contact_id="?")]), Contact(id="c", account_id="a")),
    (Opportunity(id="x", account_id="a", lines=[LineItem(), LineItem(product_id="?")]), Product(id="p")),
    (Deal(id="x", account_id="a", closed_on=DAY, lines=[LineItem(product_id="?")]), Product(id="p")),
    (Deal(id="x", account_id="a", closed_on=DAY, opportunity_id="?"), Opportunity(id="o", account_id="a")),
    (Subscription(id="x", account_id="a", items=[LineItem(product_id="?")]), Product(id="p")),
    (Subscription(id="x", account_id="a", renews_id="?"), Subscription(id="s", account_id="a")),
    (Ticket(id="x", team_id="?"), Team(id="t")),
    (Ticket(id="x", requester_id="?"), User(id="u")),
    (Team(id="x", manager_id="?"), User(id="u")),
    (Team(id="x", parent_id="?"), Team(id="t")),
    (Account(id="x", parent_id="?"), Account(id="a")),
    (Lead(id="x", converted_opportunity_id="?"), Opportunity(id="o", account_id="a")),
]


@pytest.mark.parametrize(("record", "other"), REFERENCES, ids=[repr(pair) for pair in REFERENCES])
def test_a_reference_to_nothing_is_told_whatever_its_kind(record: Any, other: Any) -> None:
    others = [] if isinstance(other, Account) else [Account(id="a")]
    [problem] = check([record, other, *others])
    assert (problem.code, problem.subject, problem.subject_id) == ("dangling_reference", type(record).__name__, "x")
    assert problem.says.endswith("(got '?')")


def test_a_reference_to_a_kind_without_any_record_is_counted_but_not_looked_up() -> None:
    found = check([Ticket(id="t1", owner_id="u1"), Ticket(id="t2", owner_id="u2"), Ticket(id="t3")])
    assert [str(problem) for problem in found] == [
        "Ticket: 'owner_id' was not looked up for 2 records: no User or Team is among the records"
    ]


def test_references_of_facts_are_looked_up_too() -> None:
    facts = [
        Usage(account_id="a9", on=DAY),
        Quota(owner_id="t1", amount=Money(1, "EUR"), starts_on=DAY, ends_on=date(2026, 4, 1)),
        Activity(kind="call", subject="Lead", subject_id="l9", at=NOW),
        Activity(kind="call", subject="Planet", subject_id="l9", at=NOW),
    ]
    records = [Account(id="a1"), Team(id="t1"), Lead(id="l1")]
    assert codes(records, facts) == [
        ("dangling_reference", None, "account_id"),
        ("unknown_subject", None, "subject_id"),
    ]


def test_a_record_that_went_into_another_is_still_known() -> None:
    records = [Account(id="a1"), Contact(id="c1", account_id="a9")]
    merged = Merged(subject="Account", subject_id="a1", duplicate_id="a9", at=NOW)
    assert codes(records, [merged]) == []
    assert codes(records) == [("dangling_reference", "c1", "account_id")]
    strange = Merged(subject="Planet", subject_id="a1", duplicate_id="a9", at=NOW)
    assert codes(records, [strange]) == [("dangling_reference", "c1", "account_id")]


def test_each_circle_is_told_once_with_its_members() -> None:
    ring = [User(id=one, manager_id=other) for one, other in ("ab", "bc", "ca", "dc", "ed")]
    [problem] = check([*ring, User(id="f", manager_id="f"), User(id="g")][:5])
    assert problem.says == "'manager_id' leads in a circle: a, b, c, a"
    assert [problem.subject_id for problem in check([*ring, User(id="f", manager_id="f")])] == ["a", "f"]
    tail_first = [Account(id="t", parent_id="x"), Account(id="x", parent_id="y"), Account(id="y", parent_id="x")]
    assert [problem.says for problem in check(tail_first)] == ["'parent_id' leads in a circle: x, y, x"]


@pytest.mark.parametrize("cls", [Account, Team])
@given(parents=st.lists(st.integers(0, 9) | st.none(), max_size=10))
def test_a_hierarchy_has_as_many_circles_as_a_walk_from_every_record_finds(cls: Any, parents: list[int | None]) -> None:
    above = {str(n): None if parent is None else str(parent) for n, parent in enumerate(parents)}
    circles = set()
    for start in above:
        walked: list[str | None] = [start]
        while walked[-1] is not None and walked.count(walked[-1]) < 2:
            walked.append(above.get(walked[-1]))
        if walked[-1] is not None:
            circles.add(frozenset(walked[walked.index(walked[-1]) :]))
    found = check([cls(id=one, parent_id=parent) for one, parent in above.items()])
    assert sum(problem.code == "cycle" for problem in found) == len(circles)


def test_long_hierarchies_do_not_overflow_the_stack() -> None:
    assert check([Account(id=str(n), parent_id=str(n + 1)) for n in range(20_000)] + [Account(id="20000")]) == []


@pytest.mark.parametrize("cls", [Contact, Opportunity, Subscription])
def test_what_always_belongs_to_an_account_is_told_where_it_does_not(cls: Any) -> None:
    assert codes([cls(id="x")]) == [("missing_account", "x", "account_id")]


@pytest.mark.parametrize("cls", [Lead, Ticket, Opportunity])
def test_a_closed_record_must_tell_when_it_closed(cls: Any) -> None:
    account = {"account_id": "a"} if cls is Opportunity else {}
    records = [Account(id="a"), cls(id="x", outcome="won", **account), cls(id="y", **account)]
    assert codes(records) == [("missing_closing", "x", "closed_at")]
    assert codes([Account(id="a"), cls(id="x", outcome="won", closed_on=DAY, **account)]) == []
    assert codes([Account(id="a"), cls(id="x", outcome="won", closed_at=NOW, **account)]) == []


def test_a_deal_is_always_closed() -> None:
    assert codes([Account(id="a"), Deal(id="x", account_id="a")]) == [("missing_closing", "x", "closed_at")]


def test_lines_and_amount_of_one_record_must_have_one_currency() -> None:
    euro, dollar = LineItem(unit_price=Money(1, "EUR")), LineItem(unit_price=Money(1, "USD"))
    mixed = [
        Account(id="a"),
        Deal(id="d", account_id="a", closed_on=DAY, amount=Money(1, "USD"), lines=[euro, LineItem()]),
        Opportunity(id="o", account_id="a", lines=[dollar, euro]),
        Subscription(id="s", account_id="a", items=[dollar, euro]),
    ]
    assert Counter(problem.code for problem in check(mixed)) == {"mixed_currencies": 3}
    assert check(mixed)[0].says == "its lines and amount must have one currency (got EUR, USD)"
    assert (
        check([Account(id="a"), Deal(id="d", account_id="a", closed_on=DAY, amount=Money(1, "EUR"), lines=[euro])])
        == []
    )


@pytest.mark.parametrize(
    "fact", [Usage(account_id="a"), Milestone(name="m", account_id="a"), Advocacy(kind="k", account_id="a")], ids=repr
)
def test_a_fact_without_a_date_is_told(fact: Any) -> None:
    assert codes([Account(id="a")], [fact]) == [("undated_fact", None, "at")]


def changed(old: object, new: object, hour: int = 9, field: str = "amount", **given: Any) -> Changed:
    at = datetime(2026, 3, 1, hour, tzinfo=UTC)
    return Changed(subject="Opportunity", subject_id="o1", field=field, old=old, new=new, at=at, **given)


SALE = Opportunity(id="o1", account_id="a", amount=Money(3, "EUR"), custom={"segment": "x"})
ONE, TWO, THREE = (Money(n, "EUR") for n in (1, 2, 3))


def test_changes_that_follow_from_one_another_and_lead_to_the_record_are_right_in_any_order() -> None:
    right = [changed(TWO, THREE, 11), changed(ONE, TWO, 10), changed(None, "x", field="custom.segment")]
    assert check([Account(id="a"), SALE], right) == []


def test_seq_orders_changes_at_one_instant() -> None:
    facts = [changed(TWO, THREE, seq=2), changed(ONE, TWO, seq=1)]
    assert check([Account(id="a"), SALE], facts) == []
    assert len(check([Account(id="a"), SALE], [changed(TWO, THREE, seq=1), changed(ONE, TWO, seq=2)])) == 2


def test_changes_that_contradict_one_another_or_the_record_are_told() -> None:
    found = check([Account(id="a"), SALE], [changed(ONE, TWO, 10), changed(ONE, TWO, 11)])
    assert [problem.code for problem in found] == ["contradicting_change"] * 2
    assert (
        found[0].says == "'amount' was left at Money('2', 'EUR') and then changed from Money('1', 'EUR') (2026-03-01)"
    )
    assert found[1].says == "'amount' is Money('3', 'EUR'), but was last changed to Money('2', 'EUR')"
    assert len(check([], [changed(ONE, TWO, 10), changed(ONE, TWO, 11)])) == 1


def test_a_change_of_what_is_no_field_or_of_no_record_is_told() -> None:
    assert codes([Account(id="a"), SALE], [changed(1, 2, field="amuont")]) == [("unknown_field", "o1", "amuont")]
    gone = Changed(subject="Opportunity", subject_id="o9", field="amount", at=NOW)
    assert codes([Account(id="a"), SALE], [gone]) == [("unknown_subject", None, "subject_id")]
    other = Changed(subject="Planet", subject_id="o9", field="amount", at=NOW)
    assert codes([Account(id="a"), SALE], [other]) == []


def test_facts_of_other_rooms_are_left_alone_and_other_entities_refused() -> None:
    assert check([], [object(), LineItem()]) == []
    with pytest.raises(InvalidValueError, match="'entities' must be records of the classes Account, "):
        check([Account(id="a"), LineItem()])  # type: ignore[list-item]


def test_a_conversion_must_lead_to_records_that_are_there() -> None:
    fact = Converted(subject="Lead", subject_id="l1", contact_id="c9", account_id="a", at=NOW, id="f1")
    records = [Lead(id="l1"), Account(id="a"), Contact(id="c1", account_id="a")]
    assert codes(records, [fact]) == [("dangling_reference", "f1", "contact_id")]
    assert Decimal(len(check(records))) == 0
