from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from revops_core import ExchangeRates, Money, Period, kpis
from revops_core.entities import LineItem, Subscription


def contract(starts_on, ends_on, currency="EUR"):
    seats = LineItem(unit_price=Money(100, currency), billing_interval="year")
    return Subscription(id="s1", account_id="a1", starts_on=starts_on, ends_on=ends_on, items=[seats])


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
