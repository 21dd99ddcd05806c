from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from revops_core import kpis
from revops_core.entities import LineItem, Opportunity, Subscription
from revops_core.errors import CurrencyMismatchError, InvalidValueError
from revops_core.values.exchange_rates import ExchangeRates
from revops_core.values.money import Money
from revops_core.values.period import Period
from tests.kpis.contract_sets import contracts, policies

AS_OF = datetime(2024, 3, 1, 12, tzinfo=UTC)
QUARTERS = Period.between(date(2024, 4, 1), date(2026, 1, 1)).quarters()


def contract(number, first, last, price=100, **fields):
    items = [LineItem(product_id="p1", unit_price=Money(price, "EUR"), billing_interval="month")]
    return Subscription(id=number, account_id=number, starts_on=first, ends_on=last, items=items, **fields)


HELD = [
    contract("s1", date(2023, 7, 1), date(2024, 7, 1)),
    contract("s2", date(2024, 1, 1), None, 50),
    contract("s3", date(2023, 5, 1), date(2024, 5, 1), cancelled_on=date(2024, 2, 1)),
    contract("s4", date(2023, 6, 1), date(2024, 6, 1), 10),
    contract("s5", date(2024, 6, 1), date(2025, 6, 1), 20, renews_id="s4", signed_on=date(2024, 2, 20)),
    contract("s6", date(2022, 1, 1), date(2023, 1, 1)),
]
OPEN = [
    Opportunity(id="o1", amount=Money(1000, "EUR"), probability=Decimal("0.3"), close_date=date(2024, 5, 1)),
    Opportunity(id="o2", amount=Money(1000, "EUR"), close_date=date(2024, 5, 1)),
    Opportunity(
        id="o3", amount=Money(9000, "EUR"), probability=Decimal("0.3"), close_date=date(2024, 5, 1), kind="renewal"
    ),
    Opportunity(id="o4", amount=Money(9000, "EUR"), probability=Decimal(1), close_date=date(2024, 5, 1), outcome="won"),
]


def amounts(row):
    return [money.amount for money in (row.contracted, row.renewed, row.pipeline, row.expected)]


def test_contracts_count_until_their_end_then_renew_at_the_rate_and_the_pipeline_at_its_probability():
    ledger = kpis.RevenueLedger.of(HELD, as_of=AS_OF)
    found = kpis.forecast_revenue(ledger, QUARTERS, renewal_rate=Decimal("0.8"), opportunities=OPEN)
    second, third, *_, last = found.periods
    assert amounts(second) == [1200 + 600 + 240, 0, 300, 2340]
    assert amounts(third) == [600 + 240, 960, 300, 2100]
    # s1 would be in its second term again, s5 in its first
    assert amounts(last) == [600, Decimal(768) + 192, 300, 1860]
    assert second.low.amount >= 2040
    assert second.high.amount <= 3040
    assert third.low < third.expected < third.high
    assert "at the end of" in str(found.table())
    assert "1 open opportunities without amount" in found.assumptions[3]


def test_the_interval_is_that_of_the_variance_where_it_does_not_reach_the_bounds():
    held = [contract(f"s{n}", date(2023, 7, 1), date(2024, 7, 1)) for n in range(100)]
    ledger = kpis.RevenueLedger.of(held, as_of=AS_OF)
    row = kpis.forecast_revenue(ledger, QUARTERS[1:2], renewal_rate=Decimal("0.8")).periods[0]
    assert row.expected == Money(96_000, "EUR")
    half = float((row.high - row.low).amount) / 2
    assert half == pytest.approx(1.959964 * (100 * 1200**2 * 0.16) ** 0.5, rel=1e-5)


@settings(max_examples=30)
@given(contracts(), policies(), st.sampled_from(["0", "0.5", "1"]))
def test_expected_revenue_lies_in_its_interval_and_grows_with_the_renewal_rate(held, policy, rate):
    ledger = kpis.RevenueLedger.of(held, policy=policy, as_of=AS_OF, currency="EUR")
    ahead = Period.between(date(2024, 4, 1), date(2024, 12, 1)).months()
    some, all_of_them = (
        kpis.forecast_revenue(ledger, ahead, renewal_rate=Decimal(share)).periods for share in (rate, "1")
    )
    for one, most in zip(some, all_of_them, strict=True):
        assert one.low <= one.expected <= one.high
        assert one.expected <= most.expected
        assert most.low == most.high


def test_a_forecast_needs_a_moment_and_one_currency():
    with pytest.raises(InvalidValueError, match="as_of"):
        kpis.forecast_revenue(kpis.RevenueLedger.of(HELD), QUARTERS, renewal_rate=Decimal("0.8"))
    ledger = kpis.RevenueLedger.of(HELD, as_of=AS_OF)
    dollars = Opportunity(id="o", amount=Money(1, "USD"), probability=Decimal(1), close_date=date(2024, 5, 1))
    with pytest.raises(CurrencyMismatchError):
        kpis.forecast_revenue(ledger, QUARTERS, renewal_rate=Decimal(1), opportunities=[dollars])
    rates = ExchangeRates([(date(2020, 1, 1), "EUR", "USD", Decimal(1))])
    mixed = kpis.RevenueLedger.of(HELD, as_of=AS_OF, currency="USD", rates=rates)
    with pytest.raises(CurrencyMismatchError):
        kpis.forecast_revenue(mixed, QUARTERS, renewal_rate=Decimal(1))
