from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from attrs import evolve

from revops_core import ExchangeRates, Money, Period, kpis
from revops_core.entities import LineItem, Subscription
from revops_core.kpis import RevenueLedger, RevenuePolicy


def contract(starts_on, ends_on, currency="EUR", number="s1", **fields):
    seats = LineItem(product_id="p1", unit_price=Money(fields.pop("price", 100), currency), billing_interval="year")
    told = {"items": [seats], **fields}
    return Subscription(id=number, account_id="a1", starts_on=starts_on, ends_on=ends_on, **told)


def ramp():
    years = [
        LineItem(
            id="seats",
            unit_price=Money(price, "EUR"),
            billing_interval="year",
            starts_on=date(year, 1, 1),
            ends_on=date(year + 1, 1, 1),
        )
        for price, year in ((100, 2025), (200, 2026))
    ]
    return contract(date(2025, 1, 1), date(2027, 1, 1), items=years)


def test_a_customer_is_one_from_the_first_day_to_the_day_before_the_end():
    ledger = kpis.RevenueLedger.of([contract(date(2026, 1, 10), date(2026, 2, 1))])
    days = (date(2026, 1, 9), date(2026, 1, 10), date(2026, 1, 31), date(2026, 2, 1))
    assert [ledger.customers_at(day) for day in days] == [(), ("a1",), ("a1",), ()]
    table = kpis.cohorts(ledger, Period.quarter(2026, 1).months())
    assert (table.came, table.customers[0]) == ((1, 0, 0), (1, 0, 0))


def test_the_stock_of_a_running_period_is_told_at_the_rate_of_the_day_we_look_from():
    rates = ExchangeRates(
        [(date(2026, 3, day), "USD", "EUR", Decimal(rate)) for day, rate in ((1, "0.5"), (16, "0.6"), (17, "0.7"))]
    )
    ledger = kpis.RevenueLedger.of(
        [contract(date(2026, 1, 1), date(2027, 1, 1), "USD")],
        currency="EUR", rates=ExchangeRates([*rates.rates, (date(2026, 1, 1), "USD", "EUR", Decimal("0.5"))]),
        as_of=datetime(2026, 3, 16, 12, tzinfo=UTC),
    )  # fmt: skip
    assert ledger.bridge(Period.month(2026, 3)).end == Money(60, "EUR")


def test_the_stock_of_a_period_that_is_over_is_told_at_the_rate_of_its_last_day():
    days = ((date(2026, 1, 1), "0.5"), (date(2026, 2, 1), "0.6"), (date(2026, 2, 2), "0.7"))
    rates = ExchangeRates([(day, "USD", "EUR", Decimal(rate)) for day, rate in days])
    held = [contract(date(2026, 1, 1), date(2027, 1, 1), "USD")]
    ledger = RevenueLedger.of(held, currency="EUR", rates=rates)
    assert ledger.bridge(Period.month(2026, 1)).end == Money(50, "EUR")
    assert [ledger.revenue_at(date(2026, 2, day)) for day in (1, 2)] == [Money(60, "EUR"), Money(70, "EUR")]


def test_a_customer_who_comes_on_the_first_day_of_a_period_is_new_in_it_though_movements_are_netted():
    ledger = RevenueLedger.of([contract(date(2026, 1, 1), date(2027, 1, 1))], policy=RevenuePolicy(intra_period="net"))
    (row,) = ledger.changes(Period.month(2026, 1))
    assert (row.new, row.reactivation, row.came, row.returned) == (Money(100, "EUR"), Money(0, "EUR"), 1, 0)


def test_a_renewal_that_begins_on_the_day_we_look_from_ends_the_grace_on_it():
    held = [
        contract(date(2026, 1, 1), date(2026, 3, 1)),
        contract(date(2026, 3, 6), date(2027, 3, 1), number="s2", price=120),
    ]
    policy = RevenuePolicy(grace_days=14)
    ledger = RevenueLedger.of(held, policy=policy, as_of=datetime(2026, 3, 6, 12, tzinfo=UTC))
    assert [ledger.revenue_at(date(2026, 3, day)).amount for day in (5, 6)] == [100, 120]


def test_the_average_of_a_ramp_is_over_the_whole_contract_until_the_day_its_renewal_begins():
    early = contract(date(2026, 1, 1), date(2028, 1, 1), number="s2", renews_id="s1", signed_on=date(2025, 3, 1))
    policy = RevenuePolicy(ramps="average", accept=["overlapping_renewal"])
    at = [datetime(2025, 12, 31, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)]
    seen = [RevenueLedger.of([ramp(), early], policy=policy, as_of=day).revenue_at(date(2025, 6, 1)) for day in at]
    assert seen == [Money(150, "EUR"), Money(100, "EUR")]


def test_the_average_of_a_ramp_is_one_amount_whose_renewal_is_told_by_its_price():
    seats = LineItem(id="seats", unit_price=Money(180, "EUR"), billing_interval="year")
    renewal = contract(date(2027, 1, 1), date(2028, 1, 1), number="s2", renews_id="s1", items=[seats])
    movement = RevenueLedger.of([ramp(), renewal], policy=RevenuePolicy(ramps="average")).movements()[1]
    assert (movement.kind, dict(movement.parts)) == ("expansion", {"price": Money(30, "EUR")})


def test_a_history_holds_who_came_on_the_day_we_look_from():
    held = [contract(date(2026, 1, 20), date(2027, 1, 1))]
    ledger = RevenueLedger.of(held, as_of=datetime(2026, 1, 20, 12, tzinfo=UTC))
    (found,) = ledger.histories([Period.month(2026, 1)])
    assert found == (date(2026, 1, 20), Money(100, "EUR"), (Money(100, "EUR"),))


def test_a_contract_that_names_the_one_it_renews_ends_the_grace_of_no_other():
    held = [
        contract(date(2026, 1, 1), date(2026, 3, 1)),
        contract(date(2026, 1, 1), date(2026, 3, 6), number="s2"),
        contract(date(2026, 3, 6), date(2027, 3, 1), number="s3", renews_id="s2"),
    ]
    ledger = RevenueLedger.of(held, policy=RevenuePolicy(grace_days=14))
    assert [ledger.revenue_at(date(2026, 3, day)).amount for day in (5, 6, 14, 15)] == [200, 200, 200, 100]


def test_a_customer_who_moves_to_a_free_contract_is_lost():
    paid, free = contract(date(2026, 1, 1), date(2026, 4, 1)), contract(date(2026, 4, 1), date(2027, 1, 1), price=0)
    ledger = RevenueLedger.of([paid, evolve(free, id="s2")])
    assert [ledger.customers_at(date(2026, month, 1)) for month in (3, 4)] == [("a1",), ()]
    assert [step.kind for step in ledger.movements(Period.year(2026))] == ["new", "churn"]
