from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal, localcontext

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from revops_core import kpis
from revops_core.entities import LineItem, Subscription
from revops_core.errors import ContractProblemsError
from revops_core.kpis import Charge, RevenueLedger, RevenuePolicy
from revops_core.values.exchange_rates import ExchangeRates
from revops_core.values.money import Money
from revops_core.values.period import Period
from tests.kpis.contract_sets import FIRST, contracts, day, policies
from tests.kpis.naive_revenue import Naive
from tests.kpis.test_revenue_ledger import MONTHS, balanced, told


def eur(amount):
    return Money(amount, "EUR")


def contract(number="s1", first=date(2024, 1, 1), last=date(2025, 1, 1), price=100):
    items = [
        LineItem(product_id="p1", unit_price=eur(price), billing_interval="month"),
        LineItem(id="calls", unit_price=eur(20), billing_interval="month", is_metered=True),
    ]
    return Subscription(id=number, account_id="a1", starts_on=first, ends_on=last, items=items)


USE = [Charge(subscription_id="s1", on=date(2024, month, 15), amount=eur(amount))
       for month, amount in ((1, 30), (2, 60), (4, 90))]  # fmt: skip


def stocks(policy, charges=USE, **more):
    ledger = RevenueLedger.of([contract()], policy=policy, charges=charges, **more)
    return [int(bridge.end.amount) for bridge in ledger.bridges(Period.year(2024).months()[:8])]


@pytest.mark.parametrize(
    ("usage", "metered"),
    [
        ("exclude", [0] * 8),
        ("committed_minimum", [240] * 8),
        ("last_month_x12", [0, 360, 720, 0, 1080, 0, 0, 0]),
        ("t3m_x4", [0, 120, 360, 360, 600, 360, 360, 0]),
        ("t12m", [0, 30, 90, 90, 180, 180, 180, 180]),
    ],
)
def test_use_counts_as_the_policy_says(usage, metered):
    assert stocks(RevenuePolicy(usage=usage)) == [1200 + each for each in metered]


def test_a_charge_that_does_not_say_when_it_was_recorded_was_always_known():
    policy = RevenuePolicy(usage="t12m")
    moment = datetime(2024, 2, 1, tzinfo=UTC)
    later = Charge(
        subscription_id="s1", on=date(2024, 1, 20), amount=eur(5), recorded_at=datetime(2024, 2, 2, tzinfo=UTC)
    )
    assert stocks(policy, [*USE[:1], later], known_by=moment) == stocks(policy, USE[:1])
    assert stocks(policy, [*USE[:1], later]) != stocks(policy, USE[:1])


def test_use_is_known_when_it_was_charged_and_no_earlier():
    policy = RevenuePolicy(usage="last_month_x12")
    as_of = datetime(2024, 2, 10, tzinfo=UTC)
    ledger = RevenueLedger.of([contract()], policy=policy, charges=USE, as_of=as_of)
    assert ledger.revenue_at(date(2024, 2, 9)) == eur(1200 + 360)
    late = [Charge(subscription_id="s1", on=USE[0].on, amount=eur(30), recorded_at=as_of)]
    assert stocks(policy, late, known_by=datetime(2024, 2, 9, tzinfo=UTC))[1] == 1200
    assert stocks(policy, late, known_by=as_of)[1] == 1560


def test_more_use_is_more_seats_and_a_month_without_use_is_a_pause_of_a_customer_who_stays():
    only = Subscription(id="s1", account_id="a1", starts_on=date(2024, 1, 1), items=contract().items[1:])
    ledger = RevenueLedger.of([only], policy=RevenuePolicy(usage="last_month_x12", discounts="none"), charges=USE)
    found = [(str(each.on), each.kind, int(each.amount.amount), *each.parts) for each in ledger.movements()]
    assert found == [
        ("2024-02-01", "new", 360), ("2024-03-01", "expansion", 360, "seats"),
        ("2024-04-01", "contraction", -720, "pause"),
        ("2024-05-01", "expansion", 1080, "pause"), ("2024-06-01", "contraction", -1080, "pause"),
    ]  # fmt: skip
    assert ledger.customers_at(date(2024, 12, 31)) == ("a1",)


def test_a_credit_takes_off_the_month_that_begins_with_it_and_the_customer_stays():
    credit = [Charge(subscription_id="s1", on=date(2024, 1, 31), amount=eur(-100))]
    held = [contract(first=date(2023, 6, 1))]
    ledger = RevenueLedger.of(held, policy=RevenuePolicy(refunds="reduce"), charges=credit)
    found = [(str(each.on), each.kind, dict(each.parts)) for each in ledger.movements()][1:3]
    assert found == [
        ("2024-01-31", "contraction", {"refund": eur(-1200)}), ("2024-02-29", "expansion", {"refund": eur(1200)}),
    ]  # fmt: skip
    assert ledger.customers_at(date(2024, 2, 10)) == ("a1",)
    assert RevenueLedger.of(held, charges=credit).revenue_at(date(2024, 2, 10)) == eur(1200)
    over = [contract(last=date(2024, 1, 31))]
    ended = RevenueLedger.of(over, policy=RevenuePolicy(refunds="reduce"), charges=credit)
    assert ended.revenue_at(date(2024, 2, 10)) == eur(0)


def test_use_ends_with_its_month_also_in_the_days_of_grace():
    use = [Charge(subscription_id="s1", on=date(2024, 1, 15), amount=eur(30))]
    policy = RevenuePolicy(usage="last_month_x12", grace_days=15)
    ledger = RevenueLedger.of([contract(last=date(2024, 2, 20))], policy=policy, charges=use)
    assert [ledger.revenue_at(date(*day)) for day in ((2024, 2, 29), (2024, 3, 1), (2024, 3, 6))] == [
        eur(1560), eur(1200), eur(0),
    ]  # fmt: skip


def test_a_charge_of_an_unknown_contract_is_reported_and_never_dropped_in_silence():
    stray = [Charge(subscription_id="s9", on=date(2024, 1, 15), amount=eur(1))] * 2
    with pytest.raises(ContractProblemsError, match="s9"):
        RevenueLedger.of([contract()], charges=stray)
    ledger = RevenueLedger.of([contract()], charges=stray, policy=RevenuePolicy(accept=["unknown_contract"]))
    assert [(each.code, each.subject_id) for each in ledger.problems] == [("unknown_contract", "s9")]
    assert ledger.revenue_at(date(2024, 2, 1)) == eur(1200)


def test_use_in_another_currency_counts_at_its_rate_and_a_policy_of_use_drops_stated_minimums():
    dollars = [Charge(subscription_id="s1", on=date(2024, 1, 15), amount=Money(10, "USD"))]
    rates = ExchangeRates([(date(2020, 1, 1), "USD", "EUR", Decimal("0.5"))])
    policy = RevenuePolicy(usage="last_month_x12")
    assert stocks(policy, [*dollars, USE[0]], currency="EUR", rates=rates)[1] == 1200 + 60 + 360
    assert stocks(policy, [])[1] == 1200


def test_use_is_summed_exactly_whatever_the_context_of_the_caller():
    cents = [Charge(subscription_id="s1", on=date(2024, 1, day), amount=eur("1234567.89")) for day in (3, 4)]
    with localcontext(prec=3):
        assert stocks(RevenuePolicy(usage="last_month_x12"), cents)[1] == 1200 + 29_629_629


def test_compare_tells_that_a_late_charge_changed_a_contract():
    policy = RevenuePolicy(usage="last_month_x12")
    before, after = (RevenueLedger.of([contract()], policy=policy, charges=USE[:count]) for count in (1, 2))
    (part,) = kpis.compare_ledgers(before, after, Period.month(2024, 3)).customers
    assert (part.changed_ids, part.differences["end"]) == (("s1",), eur(720))


@st.composite
def charged_contracts(draw):
    held = draw(contracts())
    charges = [
        Charge(subscription_id=draw(st.sampled_from(held)).id, on=draw(day()), amount=eur(draw(st.integers(-30, 30))))
        for _ in range(draw(st.integers(0, 6)) if held else 0)
    ]
    return held, charges


@settings(max_examples=60)
@given(
    charged_contracts(),
    policies(),
    st.sampled_from(["exclude", "last_month_x12", "t3m_x4", "t12m"]),
    st.sampled_from(["ignore", "reduce"]),
)
def test_bridges_with_charges_agree_with_the_naive_reading_of_each_day(found, policy, usage, refunds):
    held, charges = found
    policy = RevenuePolicy(**{**policy.describe(), "usage": usage, "refunds": refunds, "ramps": "current"})
    naive = Naive(held, policy, FIRST.replace(day=10), MONTHS[-1].end_on, charges=charges)
    for bridge in RevenueLedger.of(held, policy=policy, charges=charges, currency="EUR").bridges(MONTHS):
        assert told(bridge) == naive.bridge(bridge.period)
        balanced(bridge)
