from __future__ import annotations

from datetime import UTC, date, datetime
from fractions import Fraction

import pytest
from hypothesis import given, settings

from revops_core import kpis
from revops_core.entities import LineItem, Subscription
from revops_core.errors import InvalidValueError
from revops_core.values.measurement import Undefined
from revops_core.values.money import Money
from revops_core.values.period import Period
from tests.kpis.contract_sets import contracts, policies

MONTHS = Period.between(date(2024, 1, 1), date(2024, 5, 1)).months()
CENSORED = Undefined("censored")


def contract(number, account, first, last, price=100):
    items = [LineItem(product_id="p1", unit_price=Money(price, "EUR"), billing_interval="month")]
    return Subscription(id=number, account_id=account, starts_on=first, ends_on=last, items=items)


HELD = [
    contract("s0", "z", date(2023, 6, 1), date(2024, 3, 15)),
    contract("s1", "a", date(2024, 1, 5), date(2024, 1, 20)),  # left before the end of its first month
    contract("s2", "b", date(2024, 1, 5), date(2024, 3, 10)),
    contract("s3", "c", date(2024, 1, 9), None),
    contract("s4", "d", date(2024, 2, 1), None, 200),
    contract("s5", "a", date(2024, 4, 2), None),  # back: counts in its first cohort
]


def table(as_of=datetime(2024, 4, 10, tzinfo=UTC)):
    return kpis.cohorts(kpis.RevenueLedger.of(HELD, as_of=as_of), MONTHS)


def test_a_cohort_is_all_who_came_and_what_is_too_young_is_censored():
    found = table()
    assert found.came == (3, 1, 0, 0)
    assert found.customers == ((2, 2, 1, CENSORED), (1, 1, CENSORED), (0, CENSORED), (CENSORED,))
    assert [found.retention(0, age) for age in range(4)] == [Fraction(2, 3), Fraction(2, 3), Fraction(1, 3), CENSORED]
    assert found.retention(1, 1, "revenue") == 1
    assert found.retention(2, 0) == Undefined("zero_denominator")
    assert found.opening[0] == Money(3600, "EUR")


def test_averages_weigh_only_the_cohorts_that_were_seen():
    found = table()
    assert [found.average(age) for age in range(4)] == [Fraction(3, 4), Fraction(3, 4), Fraction(1, 3), CENSORED]
    assert found.average(0, "revenue") == Fraction(4800, 6000)
    nobody = kpis.cohorts(kpis.RevenueLedger.of([], currency="EUR"), MONTHS)
    assert nobody.average(1) == Undefined("zero_denominator")


def test_who_returns_is_in_the_first_cohort():
    found = table(as_of=datetime(2024, 5, 1, tzinfo=UTC))
    assert found.customers[0] == (2, 2, 1, 2)


def test_triangle_and_layer_cake_print_and_the_layers_add_up():
    text = str(table().triangle())
    assert "66.7 %" in text
    assert text.splitlines()[-1].split()[:2] == ["all", "4"]
    cake = table().layer_cake()
    totals = cake.rows()[-1]
    ledger = kpis.RevenueLedger.of(HELD)
    assert [totals[month.label] for month in MONTHS[:3]] == [ledger.bridge(month).end for month in MONTHS[:3]]
    assert totals["2024-04"] is None
    assert "EUR" in table().triangle("revenue").text(140)


@settings(max_examples=40)
@given(contracts(), policies())
def test_the_layers_of_any_contracts_add_up_to_the_revenue(held, policy):
    ledger = kpis.RevenueLedger.of(held, policy=policy, currency="EUR")
    found = kpis.cohorts(ledger, MONTHS)
    for month, total in zip(MONTHS, list(found.layer_cake().rows()[-1].values())[1:], strict=True):
        assert total == ledger.bridge(month).end
    assert all(count <= came for row, came in zip(found.customers, found.came, strict=True) for count in row)
    first_days = {}
    for movement in ledger.movements():
        first_days.setdefault(movement.key, movement.on)
    assert sum(found.came) == sum(MONTHS[0].start_on <= on < MONTHS[-1].end_on for on in first_days.values())


def test_cohorts_by_quarter_and_the_faults_of_periods():
    assert kpis.cohorts(kpis.RevenueLedger.of(HELD), Period.year(2024).quarters()).came == (4, 0, 0, 0)
    for wrong in ([MONTHS[0], MONTHS[2]], []):
        with pytest.raises(InvalidValueError, match="follow one another"):
            kpis.cohorts(kpis.RevenueLedger.of(HELD), wrong)
    with pytest.raises(InvalidValueError, match="customers, revenue"):
        table().average(0, "logos")
