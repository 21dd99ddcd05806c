from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revops_core import kpis
from revops_core.entities import LineItem, Pause, Subscription
from revops_core.errors import InvalidValueError
from revops_core.kpis.recurring_amounts import ATOMS, annual_atoms, as_money, term_months
from revops_core.values.money import Money
from revops_core.values.period import Period
from tests.kpis.contract_sets import contracts, policies


def line(price=100, interval="month", **fields):
    return LineItem(unit_price=Money(price, "EUR"), billing_interval=interval, **fields)


@pytest.mark.parametrize(
    ("interval", "count", "annual"),
    [("day", 1, 36_500), ("week", 1, 5_200), ("week", 2, 2_600), ("week", 4, 1_300), ("month", 1, 1_200),
     ("month", 2, 600), ("quarter", 1, 400), ("half_year", 1, 200), ("year", 1, 100), ("year", 2, 50)],
)  # fmt: skip
def test_any_interval_is_told_as_a_year_exactly(interval, count, annual):
    assert kpis.annual_amount(line(interval=interval, interval_count=count)) == Money(annual, "EUR")


def test_a_week_is_fifty_two_twelfths_of_a_month_and_not_four():
    assert kpis.monthly_amount(line(12, "week")) == Money(52, "EUR")


def test_a_price_for_three_years_is_rounded_once_to_the_twelfth_decimal():
    three = line(100, "year", interval_count=3)
    assert kpis.annual_amount(three).amount == Decimal("33.333333333333")
    days = {"starts_on": date(2026, 1, 1), "ends_on": date(2029, 1, 1)}
    held = [Subscription(id=str(n), account_id=str(n), items=[three], **days) for n in range(3)]
    assert kpis.RevenueLedger.of(held).revenue_at(date(2026, 5, 1)).amount == Decimal("99.999999999999")


def test_quantity_and_discount_count_and_what_is_charged_once_does_not():
    assert kpis.annual_amount(line(10, quantity=Decimal("2.5"), discount=Decimal("0.2"))) == Money(240, "EUR")
    assert kpis.annual_amount(line(10, None)) == Money(0, "EUR")
    assert kpis.annual_amount(LineItem(billing_interval="month")) is None
    assert kpis.monthly_amount(LineItem(billing_interval="month")) is None
    with pytest.raises(InvalidValueError, match="half_year"):
        kpis.annual_amount(line(10, "fortnight"))


@given(
    st.decimals(0, 10_000, places=2),
    st.integers(1, 500),
    st.decimals(0, 1, places=3),
    st.sampled_from(["week", "month", "year"]),
)
def test_a_year_of_any_line_is_its_price_times_its_charges(price, quantity, discount, interval):
    held = LineItem(unit_price=Money(price, "EUR"), quantity=quantity, discount=discount, billing_interval=interval)
    charges = {"week": 52, "month": 12, "year": 1}[interval]
    assert Fraction(annual_atoms(held), ATOMS) == Fraction(price) * quantity * (1 - Fraction(discount)) * charges
    assert kpis.annual_amount(held) == held.price * charges


def test_anniversaries_are_counted_from_the_start_and_never_from_each_other():
    days = kpis.anniversaries(date(2026, 1, 31), date(2026, 7, 30), months=1)
    assert [str(day)[5:] for day in days] == ["02-28", "03-31", "04-30", "05-31", "06-30"]
    leap = kpis.anniversaries(date(2028, 2, 29), date(2032, 2, 29))
    assert [str(day) for day in leap] == ["2029-02-28", "2030-02-28", "2031-02-28", "2032-02-29"]
    assert kpis.anniversaries(date(2026, 1, 31), date(2026, 1, 31)) == ()


@given(st.dates(date(2000, 1, 1), date(2060, 1, 1)), st.integers(0, 80))
def test_a_term_of_whole_months_has_that_many(start, count):
    last = (kpis.anniversaries(start, date(2070, 1, 1), months=1))[:count][-1:] or (start,)
    assert term_months(start, last[0]) == count


def test_total_and_annual_value_of_contracts():
    def contract(*items, **fields):
        return Subscription(id="s1", starts_on=date(2026, 1, 1), ends_on=date(2027, 7, 1), items=items, **fields)

    both = contract(line(100), LineItem(unit_price=Money(500, "EUR"), quantity=2))
    assert kpis.total_contract_value(both) == Money(1800 + 1000, "EUR")
    assert kpis.annual_contract_value(both) == Money(1200, "EUR")
    finite = contract(line(100, discount=Decimal("0.5"), discount_ends_on=date(2026, 4, 1)))
    assert kpis.total_contract_value(finite) == Money(1650, "EUR")
    trial = contract(line(100), trial_ends_on=date(2026, 2, 1))
    assert kpis.total_contract_value(trial) == Money(1700, "EUR")
    paused = contract(
        line(100),
        pauses=[Pause(starts_on=date(2026, 3, 1), ends_on=date(2026, 5, 1)), Pause(starts_on=date(2027, 1, 1))],
    )
    assert kpis.total_contract_value(paused) == Money(1000, "EUR")
    over = contract(line(100, discount=Decimal("0.5"), discount_ends_on=date(2025, 4, 1)))
    assert kpis.total_contract_value(over) == Money(1800, "EUR")
    for unknown in (contract(), Subscription(id="s", starts_on=date(2026, 1, 1), items=[line()])):
        assert kpis.total_contract_value(unknown) is None
        assert kpis.annual_contract_value(unknown) is None
    nothing = Subscription(id="s", starts_on=date(2026, 1, 1), ends_on=date(2026, 1, 1), items=[line()])
    assert kpis.annual_contract_value(nothing) is None


def test_money_has_no_more_decimals_than_it_needs():
    assert [str(as_money(atoms, "JPY")) for atoms in (5 * ATOMS, ATOMS // 2)] == ["5 JPY", "0.5 JPY"]
    assert str(as_money(Fraction(ATOMS, 3), "EUR")) == "0.333333333333 EUR"


@given(contracts(), policies(), st.sampled_from(["month", "year"]))
def test_the_cents_of_every_printed_bridge_add_up(held, policy, per):
    months = Period.between(date(2024, 1, 1), date(2024, 12, 1)).months()
    bridges = kpis.RevenueLedger.of(held, policy=policy, currency="EUR").bridges(months)
    table = kpis.bridge_table(bridges, per=per)
    rows = {row["EUR"]: list(row.values())[1:] for row in table.rows()}
    lines = ("new", "expansion", "reactivation", "contraction", "churn", "fx")
    for place, bridge in enumerate(bridges):
        assert rows["start"][place] + sum(rows[name][place] for name in lines) == rows["end"][place]
        assert rows["end"][place] == (bridge.end / (12 if per == "month" else 1)).rounded().amount
        for name, sign in zip(lines, (1, 1, 1, -1, -1, 1), strict=True):
            exact = sign * getattr(bridge, name).amount / (12 if per == "month" else 1)
            assert abs(rows[name][place] - exact) < Decimal("0.02")
        if place:
            assert rows["start"][place] == rows["end"][place - 1]


def test_cents_add_up_also_where_start_and_end_are_rounded_towards_each_other():
    # A month: 1.5 cents, then one more: 2 and 2 after rounding half to even, so the cent in between goes.
    lines = [line(Decimal("0.18"), "year", product_id="p1"), line(Decimal("0.12"), "year", product_id="p2")]
    held = [
        Subscription(id=str(n), account_id="a", starts_on=date(2024, n, 1), ends_on=date(2025, 1, 1), items=[each])
        for n, each in enumerate(lines, 1)
    ]
    bridge = kpis.RevenueLedger.of(held).bridge(Period.month(2024, 2))
    rows = {row["EUR"]: row["2024-02"] for row in kpis.bridge_table([bridge], per="month").rows()}
    assert (rows["start"], rows["expansion"], rows["end"]) == (Decimal("0.02"), Decimal(0), Decimal("0.02"))


def test_a_bridge_table_prints_the_policy_it_was_made_under_and_takes_only_one():
    month = Period.month(2024, 2)
    default, other = (
        kpis.RevenueLedger.of([], policy=policy, currency="EUR").bridge(month)
        for policy in (kpis.RevenuePolicy(), kpis.RevenuePolicy(churn_day="cancelled", accept=["no_items", "no_price"]))
    )
    assert str(kpis.bridge_table([default])).splitlines()[-1] == "policy: default"
    lines = str(kpis.bridge_table([other])).splitlines()[-2:]
    assert lines == ["policy: churn_day cancelled", "policy: accept no_items, no_price"]
    with pytest.raises(InvalidValueError, match="under one policy"):
        kpis.bridge_table([default, other])
    yen = kpis.RevenueLedger.of([], currency="JPY").bridge(month)
    assert str(kpis.bridge_table([yen])).splitlines()[3].split() == ["start", "0"]
    with pytest.raises(InvalidValueError, match="in one currency"):
        kpis.bridge_table([default, yen])


def test_a_bridge_table_is_for_a_year_or_a_month():
    with pytest.raises(InvalidValueError, match="'year' or 'month'"):
        kpis.bridge_table([], per="week")
    assert kpis.bridge_table([]).columns == ("line",)
