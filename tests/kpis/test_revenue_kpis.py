"""The KPIs of expansion, renewal and unit economics, over rows whose numbers are worked out by hand (derived)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from revops_core import kpis
from revops_core.entities import Advocacy, Deal, LineItem, Opportunity, Spend, Subscription
from revops_core.errors import CurrencyMismatchError, InvalidValueError
from revops_core.kpis import Kpi, expansion, lifetime_value, renewal, unit_economics
from revops_core.values.exchange_rates import ExchangeRates
from revops_core.values.measurement import Measurement, Undefined
from revops_core.values.money import Money
from revops_core.values.period import Period
from tests.published.test_recurring_revenue_examples import PUBLISHED

QUARTER = Period.quarter(2024, 2)


def eur(amount):
    return Money(amount, "EUR")


def line(price, first=None, last=None, product="p1", quantity=1):
    days = {"starts_on": first, "ends_on": last}
    return LineItem(product_id=product, quantity=quantity, unit_price=eur(price), billing_interval="month", **days)


def contract(number, account, first, last, *items, **fields):
    return Subscription(id=number, account_id=account, starts_on=first, ends_on=last, items=items, **fields)


APRIL, MAY, JUNE, END = date(2024, 4, 1), date(2024, 5, 1), date(2024, 6, 1), date(2025, 1, 1)
BEFORE = date(2023, 9, 1)
CONTRACTS = [
    contract("a1", "a", BEFORE, END, line(100, None, MAY), line(100, MAY, None, quantity=2)),  # 1,200 -> 2,400: seats
    contract("b1", "b", BEFORE, JUNE, line(200), churn_reason="price"),  # 2,400 lost
    contract("c1", "c", BEFORE, END, line(300, None, JUNE), line(250, JUNE)),  # 3,600 -> 3,000: price
    contract("d1", "d", MAY, END, line(400)),  # 4,800 new
    contract("e1", "e", BEFORE, date(2024, 1, 1), line(50)),
    contract("e2", "e", date(2024, 6, 10), END, line(50)),  # 600 back
    contract("f1", "f", date(2024, 4, 10), JUNE, line(100)),  # 1,200 new and lost
    contract(
        "g1", "g", BEFORE, END, line(100), line(30, date(2024, 4, 15), product="p2")
    ),  # 1,200 -> 1,560: cross-sell
]
LEDGER = kpis.RevenueLedger.of(CONTRACTS)
CHANNELS = {"d": "social", "f": "referral", "e": "social"}
CHANGES = LEDGER.changes(QUARTER, channels=CHANNELS)
SPEND = [
    Spend(on=date(2024, 4, 5), amount=eur(3000), purpose="marketing", channel="social"),
    Spend(on=date(2024, 5, 5), amount=eur(3000), purpose="sales"),
    Spend(on=date(2024, 5, 9), amount=eur(1000), purpose="customer_success"),
]
GROWING = {"Spend": [*SPEND, Spend(on=MAY, amount=eur(500), purpose="expansion")], "RevenueChange": CHANGES}
FINANCE = [
    kpis.FinancialPeriod(
        on=date(2024, 6, 30), revenue=eur(3000), previous_revenue=eur(2500), cost_of_revenue=eur(600),
        operating_income=eur(-300), net_burn=eur(1980), contracted=eur(3100), billed=eur(3000),
        uncollected=eur(50),
    )
]  # fmt: skip
ACTS = [Advocacy(kind="review", account_id=account, on=JUNE) for account in ("a", "a", "g")]
DEALS = [Deal(id=f"d{n}", account_id=account, amount=eur(300), closed_on=JUNE) for n, account in enumerate("aab")]
BOTH = {"Spend": SPEND, "RevenueChange": CHANGES}
HALF = Decimal("0.5")

RENEWED = [
    contract("r1", "h", BEFORE, MAY, line(100)),
    contract("r1b", "h", MAY, END, line(120), renews_id="r1", signed_on=date(2024, 4, 20)),
    contract("r2", "i", BEFORE, MAY, line(50)),
    contract("r2b", "i", MAY, END, line(40), renews_id="r2", signed_on=date(2024, 3, 20)),
    contract("r3", "j", BEFORE, JUNE, line(80), cancelled_on=date(2024, 5, 2), churn_reason="price"),
    contract("r4", "k", BEFORE, JUNE, line(30)),
    contract("r5", "l", BEFORE, date(2024, 6, 29), line(40)),
    contract("r6", "m", BEFORE, END, line(40)),
]
OPENED = [
    Opportunity(id=f"o{n}", kind="renewal", subscription_id=f"r{n}", created_at=datetime(2024, 3, 1, tzinfo=UTC),
                closed_at=datetime(2024, 3, 1, tzinfo=UTC) + timedelta(days=10 * n))
    for n in (1, 2)
]  # fmt: skip
POLICY = kpis.RevenuePolicy(grace_days=14)
DUE = kpis.renewals(RENEWED, QUARTER, as_of=datetime(2024, 7, 1, tzinfo=UTC), policy=POLICY, opportunities=OPENED)
SEEN = date(2024, 7, 1)
LIVES = [
    kpis.CustomerLife(
        key=str(n), account_id=str(n), started_on=started, onboarded_on=onboarded, ended_on=ended, seen_until_on=SEEN
    )
    for n, (started, onboarded, ended) in enumerate(
        [
            (date(2024, 1, 1), date(2024, 2, 1), date(2024, 3, 2)),  # 30 days after onboarding, 61 after its start
            (date(2024, 1, 1), date(2024, 2, 1), None),
            (date(2024, 1, 1), None, date(2024, 1, 20)),
            (date(2024, 6, 20), date(2024, 6, 25), date(2024, 6, 28)),  # too young to be counted
        ]
    )
]

DERIVED = [
    (kpis.arr, CHANGES, 12_360),
    (kpis.mrr, CHANGES, 1030),
    (kpis.new_arr, CHANGES, 6000),
    (kpis.expansion_arr, CHANGES, 1560),
    (kpis.contraction_arr, CHANGES, 600),
    (kpis.churned_arr, CHANGES, 3600),
    (kpis.reactivated_arr, CHANGES, 600),
    (kpis.net_new_arr, CHANGES, 3960),
    (kpis.arr_growth_rate, CHANGES, Fraction(3960, 8400)),
    (kpis.nrr, CHANGES, Fraction(6960, 8400)),
    (kpis.nrr_over(3), CHANGES, Fraction(6960, 8400)),
    (kpis.nrr_trailing_average(), [LEDGER.bridge(QUARTER)], Fraction(828571428571, 10**12)),
    (kpis.nrr_bridge, CHANGES, Fraction(5760, 8400)),
    (kpis.grr, CHANGES, Fraction(5400, 8400)),
    (kpis.grr_over(3), CHANGES, Fraction(5400, 8400)),
    (kpis.grr_bridge, CHANGES, Fraction(1, 2)),
    (kpis.upsell_arr, CHANGES, 1200),
    (kpis.cross_sell_arr, CHANGES, 360),
    (kpis.price_change_arr, CHANGES, -600),
    (kpis.upsell_rate, CHANGES, Fraction(1, 4)),
    (kpis.cross_sell_rate, CHANGES, Fraction(1, 4)),
    (kpis.expansion_rate, CHANGES, Fraction(1560, 8400)),
    (kpis.arpa, CHANGES, 206),
    (kpis.arpa_of_average_accounts, CHANGES, Fraction(1030 * 2, 9)),
    (kpis.quick_ratio, CHANGES, Fraction(7560, 4200)),
    (kpis.quick_ratio_with_reactivation, CHANGES, Fraction(8160, 4200)),
    (kpis.customer_advocacy_rate, {"Advocacy": ACTS, "RevenueChange": CHANGES}, Fraction(2, 5)),
    (kpis.customer_churn_rate, CHANGES, Fraction(1, 4)),
    (kpis.customer_churn_rate_of_all_losses, CHANGES, Fraction(2, 4)),
    (kpis.customer_churn_rate_rolling(91), CHANGES, Fraction(2, 4)),
    (kpis.customer_churn_rate_of_start_and_new, CHANGES, Fraction(2, 6)),
    (kpis.customer_churn_rate_of_average, CHANGES, Fraction(4, 9)),
    (kpis.customer_churn_rate_daily_sum, LEDGER.bridges(QUARTER.days()), Fraction(333_333_333_333, 10**12)),
    (kpis.customer_churn_rate_of_renewals, DUE, Fraction(2, 5)),
    (kpis.customer_retention_rate, CHANGES, Fraction(3, 4)),
    (kpis.customer_retention_rate_by_difference, CHANGES, Fraction(3, 4)),
    (kpis.customer_lifetime, CHANGES, 4),
    (kpis.gross_revenue_churn_rate, CHANGES, Fraction(4200, 8400)),
    (kpis.net_revenue_churn_rate, CHANGES, Fraction(2640, 8400)),
    (kpis.net_revenue_churn_rate_with_reactivation, CHANGES, Fraction(2040, 8400)),
    (kpis.early_churn_rate(30), LIVES, Fraction(1, 2)),
    (kpis.early_churn_rate(60, "start"), LIVES, Fraction(1, 3)),
    (kpis.available_to_renew, DUE, 3600),
    (kpis.renewals_due, DUE, 5),
    (kpis.renewal_rate, DUE, Fraction(2, 5)),
    (kpis.gross_renewal_rate, DUE, Fraction(1680, 3600)),
    (kpis.net_renewal_rate, DUE, Fraction(1920, 3600)),
    (kpis.renewal_rate_in_period, DUE, Fraction(1200, 3600)),
    (kpis.renewal_revenue, DUE, 1680),
    (kpis.renewal_uplift, DUE, 240),
    (kpis.missed_renewals, DUE, 1),
    (kpis.missed_renewal_amount, DUE, 360),
    (kpis.renewal_cycle_mean, DUE, timedelta(days=15)),
    (kpis.renewal_cycle_median, DUE, timedelta(days=15)),
    (kpis.cac, GROWING, 3250),
    (kpis.cac_new_logo, GROWING, 3000),
    (kpis.cac_expansion, GROWING, 250),
    (kpis.cac_paid("social", "paid_search"), GROWING, 3000),
    (kpis.cac_fully_loaded, BOTH, 3500),
    (kpis.cac_ratio, BOTH, 1),
    (kpis.cac_payback(Decimal("0.8")), BOTH, 15),
    (kpis.cac_payback_on_revenue, BOTH, 12),
    (kpis.cac_payback_net, BOTH, Fraction(6000, 330)),
    (kpis.cltv_on_revenue, CHANGES, 824),
    (kpis.cltv(HALF), CHANGES, 412),
    (kpis.cltv_of_contract(24), CHANGES, 206 * 24),
    (kpis.cltv_historic(5), DEALS, 2250),
    (kpis.ltv_to_cac(HALF), BOTH, Fraction(412, 3000)),
    (kpis.magic_number, {"FinancialPeriod": FINANCE, "Spend": SPEND}, Fraction(1, 3)),
    (kpis.magic_number_of_arr, BOTH, Fraction(66, 100)),
    (kpis.burn_multiple, {"FinancialPeriod": FINANCE, "RevenueChange": CHANGES}, Fraction(1, 2)),
    (kpis.arr_efficiency, {"FinancialPeriod": FINANCE, "RevenueChange": CHANGES}, 2),
    (kpis.revenue_growth_rate, FINANCE, Fraction(1, 5)),
    (kpis.gross_margin_rate, FINANCE, Fraction(4, 5)),
    (kpis.rule_of_40, FINANCE, Fraction(1, 10)),
    (kpis.cost_of_revenue_generation, {"FinancialPeriod": FINANCE, "Spend": SPEND}, Fraction(7, 3)),
    (kpis.revenue_leakage, FINANCE, 150),
    (kpis.revenue_leakage_rate, FINANCE, Fraction(150, 3100)),
]


def plain(value):
    return Fraction(value.amount) if isinstance(value, Money) else value


@pytest.mark.parametrize(("kpi", "rows", "expected"), DERIVED, ids=[row[0].name for row in DERIVED])
def test_the_kpi_of_these_rows_is_what_one_works_out_by_hand(kpi, rows, expected):
    measured = kpi(rows, period=QUARTER if kpi.name != "early_churn_rate" and kpi.stage != "onboarding" else None)
    value = plain(measured.value)
    if isinstance(value, Decimal | Fraction) and isinstance(expected, Fraction):
        assert abs(Fraction(value) - expected) < Fraction(1, 10**20)
    else:
        assert value == expected
    assert measured.name == kpi.name
    assert kpi.says
    assert kpi.source
    assert kpi.family


def test_every_kpi_of_these_rooms_has_a_worked_example():
    published, derived = ({row[0].name for row in rows} for rows in (PUBLISHED, DERIVED))
    missing = {
        name
        for module in (expansion, lifetime_value, renewal, unit_economics)
        for name in module.__all__
        if isinstance(getattr(module, name), Kpi) and name not in published | derived | {"carr"}
    }
    print(f"worked examples: {len(PUBLISHED)} published, {len(DERIVED) + 1} derived")  # noqa: T201
    assert not missing


@pytest.mark.parametrize(("kpi", "rows", "_"), DERIVED, ids=[row[0].name for row in DERIVED])
def test_from_totals_it_is_the_same(kpi, rows, _):
    if any(each.operation in {"quantile", "mean"} for each in kpi.aggregates):
        return
    held = rows if isinstance(rows, dict) else dict.fromkeys(kpi.populations, rows)
    totals = []
    for aggregate in kpi.aggregates:
        alone = Kpi(name="part", formula=aggregate, dated=None, unit="part")
        totals.append(alone(held[aggregate.population]).value)
    assert (
        kpi.of(*(int(each) if isinstance(each, Decimal) and each == int(each) else each for each in totals)).value
        == kpi(rows).value
    )


def test_where_nothing_was_lost_the_reason_says_so():
    kept = kpis.RevenueLedger.of(CONTRACTS[3:4]).changes(QUARTER.next())
    assert kpis.quick_ratio(kept).value == Undefined("no_losses")
    assert kpis.cltv(HALF)(kept).value == Undefined("infinite")
    assert kpis.customer_lifetime(kept).value == Undefined("infinite")
    nobody = kpis.RevenueLedger.of([], currency="EUR").changes(QUARTER)
    assert kpis.customer_churn_rate(nobody).value == Undefined("zero_denominator")
    assert kpis.nrr_over(12)(CHANGES).value == Undefined("zero_denominator")


def test_churn_by_reason_keeps_what_has_none():
    table = kpis.measure(CHANGES, kpis.churned_arr, by="reason")
    found = {reason: table.measurement("churned_arr", segment={"reason": reason}).value for reason in ("price", None)}
    assert found == {"price": eur(2400), None: eur(1200)}


def test_the_months_of_a_year_make_a_series_and_each_is_the_bridge():
    months = QUARTER.months()
    table = kpis.measure(LEDGER.changes(*months), [kpis.arr, kpis.nrr], over=months)
    for month, bridge in zip(months, LEDGER.bridges(months), strict=True):
        assert table.measurement("arr", period=month).value == bridge.end
        assert table.measurement("nrr", period=month).value == bridge.retained / bridge.start


def test_a_partial_period_is_dated_by_the_last_day_that_has_been():
    as_of = datetime(2024, 5, 15, 12, tzinfo=UTC)
    ledger = kpis.RevenueLedger.of(CONTRACTS, as_of=as_of, policy=kpis.RevenuePolicy(accept=["after_as_of"]))
    measured = kpis.arr(ledger.changes(QUARTER), period=QUARTER, as_of=as_of)
    assert measured.partial
    assert measured.value == ledger.revenue_at(date(2024, 5, 15)) == eur(2400 + 2400 + 3600 + 4800 + 1200 + 1560)


def test_committed_revenue_adds_what_is_signed_and_takes_off_what_was_given_notice():
    held = [
        contract("l1", "a", BEFORE, END, line(100)),
        contract("l2", "b", BEFORE, END, line(50), cancelled_on=date(2024, 4, 20)),
        contract("s1", "c", JUNE, END, line(30), signed_on=date(2024, 4, 2)),
        contract("s2", "a", END, None, line(120), signed_on=date(2024, 4, 3), renews_id="l1"),
        contract("x1", "d", BEFORE, date(2024, 1, 1), line(70)),
    ]
    as_of = datetime(2024, 5, 2, tzinfo=UTC)
    rows = kpis.commitments(kpis.RevenueLedger.of(held, as_of=as_of), as_of)
    assert [(row.subscription_id, row.live.amount, row.signed.amount, row.known_churn.amount) for row in rows] == [
        ("l1", 1200, 0, 0), ("l2", 600, 0, 600), ("s1", 0, 360, 0), ("s2", 0, 240, 0),
    ]  # fmt: skip
    assert kpis.carr(rows).value == eur(1200 + 600 + 360 + 240 - 600)
    dollars = ExchangeRates([(date(2020, 1, 1), "EUR", "USD", Decimal(1))])
    with pytest.raises(CurrencyMismatchError):
        kpis.commitments(kpis.RevenueLedger.of(held[:1], currency="USD", rates=dollars), as_of)


def test_renewals_tell_what_became_of_each_contract_that_ended():
    assert [(row.subscription_id, row.status, row.is_in_period, row.is_missed) for row in DUE] == [
        ("r1", "renewed", True, False), ("r2", "renewed", False, False), ("r3", "lost", False, False),
        ("r4", "lost", False, True), ("r5", "open", False, False),
    ]  # fmt: skip
    assert (DUE[0].renewal_id, DUE[0].renewed_on, DUE[0].uplift) == ("r1b", date(2024, 4, 20), eur(240))
    before = kpis.renewals(RENEWED, QUARTER, as_of=datetime(2024, 4, 1, tzinfo=UTC), policy=POLICY)
    assert [row.status for row in before] == ["open", "renewed", "open", "open", "open"]
    assert [row.status for row in kpis.renewals(RENEWED, QUARTER)] == ["renewed", "renewed", "lost", "lost", "lost"]
    bare = kpis.renewals([Subscription(id="x", starts_on=BEFORE, ends_on=MAY)], QUARTER)
    assert bare[0].amount == Money(0, "USD")
    metered = LineItem(unit_price=eur(5), billing_interval="month", is_metered=True)
    assert kpis.renewals([contract("x", "x", BEFORE, MAY, metered)], QUARTER)[0].amount == eur(0)


def test_a_contract_that_was_split_in_two_is_renewed_by_both():
    halves = [contract(f"r{n}", "h", MAY, END, line(price), renews_id="r", signed_on=day)
              for n, price, day in ((1, 70, MAY), (2, 50, APRIL))]  # fmt: skip
    (row,) = kpis.renewals([contract("r", "h", BEFORE, MAY, line(100)), *halves], QUARTER)
    assert (row.renewed_amount, row.capped, row.uplift) == (eur(1440), eur(1200), eur(240))
    assert (row.renewal_id, row.renewed_on) == ("r2", APRIL)


def test_a_renewal_that_does_not_name_its_contract_may_start_on_the_last_day_of_grace_and_no_later():
    for days, status in ((14, "renewed"), (15, "lost")):
        late = contract("r2", "h", MAY + timedelta(days=days), END, line(100))
        (row,) = kpis.renewals([contract("r1", "h", BEFORE, MAY, line(100)), late], QUARTER, policy=POLICY)
        assert row.status == status


def test_a_reading_at_midnight_does_not_see_the_day_ahead():
    midnight = datetime(2024, 6, 1, tzinfo=UTC)
    policy = kpis.RevenuePolicy(accept=["after_as_of"])
    ledger = kpis.RevenueLedger.of(CONTRACTS, as_of=midnight, policy=policy)
    assert ledger.movements()[-1].on == MAY
    measured = kpis.arr(ledger.changes(QUARTER), period=QUARTER, as_of=midnight)
    assert measured.value == ledger.bridge(Period.month(2024, 5)).end == LEDGER.bridge(Period.month(2024, 5)).end
    after = kpis.RevenueLedger.of(CONTRACTS, as_of=midnight + timedelta(microseconds=1), policy=policy)
    assert after.movements()[-1].on == JUNE
    assert [each.subject_id for each in kpis.check_contracts(CONTRACTS, as_of=datetime(2024, 5, 1, tzinfo=UTC))] == [
        "d1", "e2",
    ]  # fmt: skip
    assert kpis.renewals(RENEWED, QUARTER, as_of=midnight)[3].status == "open"
    (live, *_) = kpis.commitments(ledger, midnight)
    assert live.live == eur(2400)


def test_moments_without_a_zone_and_months_that_are_none_are_refused():
    for wrong in (
        lambda: kpis.check_contracts([], as_of=datetime(2024, 5, 1)), lambda: kpis.RevenueLedger.of([], policy="usual"),
        lambda: kpis.renewals([], QUARTER, as_of=datetime(2024, 5, 1)), lambda: kpis.RevenueLedger.of([], currency="X"),
        lambda: kpis.annualised_churn(kpis.customer_churn_rate.of(1, 2), months=0),
    ):  # fmt: skip
        with pytest.raises(InvalidValueError):
            wrong()


def test_a_renewal_schedule_never_starts_before_its_contract_and_ends_with_notice():
    short = contract("s1", "a", date(2024, 5, 20), JUNE, line(1))
    assert {day for day, _ in kpis.renewal_schedule(short)[:-1]} == {date(2024, 5, 20)}
    assert kpis.renewal_schedule(short, [("call", 3)])[0] == (date(2024, 5, 29), "call")
    assert kpis.renewal_schedule(contract("s1", "a", MAY, None, line(1))) == ()
    assert kpis.renewal_schedule(contract("s1", "a", MAY, END, line(1), cancelled_on=JUNE)) == ()


def test_annualised_churn_compounds_and_keeps_what_is_undefined():
    quarter = kpis.annualised_churn(kpis.customer_churn_rate.of(1, 10), months=3)
    assert (quarter.name, quarter.value) == ("customer_churn_rate_annualised", 1 - Decimal("0.9") ** 4)
    assert kpis.annualised_churn(kpis.customer_churn_rate.of(0, 0), months=1).value == Undefined("zero_denominator")


def test_parameters_of_kpis_are_checked_where_they_are_given():
    for wrong in (
        lambda: kpis.nrr_over(0), lambda: kpis.nrr_trailing_average(0), lambda: kpis.customer_churn_rate_rolling(0),
        kpis.cac_paid, lambda: kpis.early_churn_rate(0), lambda: kpis.early_churn_rate(9, "birth"),
        lambda: kpis.cltv(Decimal(2)), lambda: kpis.cac_payback(Decimal(-1)),
    ):  # fmt: skip
        with pytest.raises(InvalidValueError):
            wrong()
    assert kpis.cac_payback(Decimal("0.725")).name == "cac_payback_at_72_5_margin"
    assert kpis.cltv(Decimal(0)).name == "cltv_at_0_margin"


def test_the_cost_of_a_customer_by_channel_needs_only_to_know_where_customers_came_from():
    table = kpis.measure(BOTH, kpis.cac, by="channel")
    costs = {channel: table.measurement(kpis.cac, segment={"channel": channel}) for channel in ("social", "referral")}
    assert costs["social"].value == eur(3000)  # 3,000 for one customer; who returned through it did not come again
    assert (costs["referral"].value, costs["referral"].denominator) == (eur(0), 1)
    assert {row.account_id: row.channel for row in CHANGES} == dict.fromkeys("abcdefg") | CHANNELS


def test_a_rolling_rate_and_a_trailing_average_read_the_periods_they_name():
    days = Period.between(date(2024, 6, 1), date(2024, 7, 1))
    rolling = kpis.customer_churn_rate_rolling()
    assert rolling(LEDGER.changes(days)).value == Fraction(2, 6)  # b and f left on 1 June, of six on 31 May
    assert rolling(LEDGER.changes(QUARTER)).value == Undefined("zero_denominator")
    quarters = [Period.quarter(2023, 4), *Period.between(date(2024, 1, 1), date(2024, 10, 1)).quarters()]
    mean = kpis.nrr_trailing_average()(LEDGER.bridges(quarters))
    each = [Fraction(kpis.nrr(LEDGER.changes(quarter)).value) for quarter in quarters]
    assert (mean.name, mean.n) == ("nrr_trailing_average_4q", 4)
    assert abs(Fraction(mean.value) - sum(each) / 4) < Fraction(1, 10**11)
    assert LEDGER.bridge(Period.year(2020)).retained_share is None


def test_lagged_spend_meets_what_it_brought_later():
    (later,) = kpis.lagged(SPEND[:1], months=3)
    assert later.on == date(2024, 7, 5)


def test_discounted_value_without_churn_or_discount_is_the_margin_of_the_months():
    worth = kpis.discounted_cltv(
        eur(100), monthly_churn_rate=Decimal(0), gross_margin=HALF, annual_discount_rate=Decimal(0), months=12
    )
    assert (worth.name, worth.value) == ("cltv_discounted_0_capped_12m", eur(600))


def test_value_by_survival_is_censored_beyond_what_was_seen():
    days = {"started_on": BEFORE, "ended_on": None, "seen_until_on": BEFORE + timedelta(days=400)}
    lives = [kpis.CustomerLife(key=str(n), account_id=str(n), **days) for n in range(3)]
    curve = kpis.customer_survival(lives)
    assert kpis.cltv_from_survival(curve, eur(100), gross_margin=HALF, months=12).value == eur(600)
    assert kpis.cltv_from_survival(curve, eur(100), gross_margin=HALF, months=24).value == Undefined("censored")
    assert isinstance(kpis.cltv_from_survival(curve, eur(100), gross_margin=HALF, months=12), Measurement)
