from __future__ import annotations

import pickle
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from revops_core import kpis
from revops_core.entities import LineItem, Merged, Pause, Subscription
from revops_core.errors import (
    ContractProblemsError,
    CurrencyMismatchError,
    InvalidValueError,
    LedgerImbalanceError,
    MissingRateError,
)
from revops_core.kpis import RevenueLedger, RevenuePolicy
from revops_core.kpis.revenue_pieces import RevenuePieces
from revops_core.values.exchange_rates import ExchangeRates
from revops_core.values.money import Money
from revops_core.values.period import Period
from tests.kpis.contract_sets import DAYS, EVERYTHING, FIRST, contracts, policies
from tests.kpis.naive_revenue import Naive

AMOUNTS = ("start", "end", "new", "expansion", "reactivation", "contraction", "churn", "retained", "capped")
COUNTS = ("start_count", "end_count", "new_count", "reactivated_count", "churned_count", "lost_count")
MONTHS = Period.between(date(2024, 1, 1), date(2024, 12, 1)).months()
WHOLE = Period.between(date(2024, 1, 1), date(2024, 12, 1))
RATES = ExchangeRates(
    [
        (FIRST - timedelta(days=60), "USD", "EUR", Decimal("0.9")),
        (date(2024, 4, 10), "USD", "EUR", Decimal("0.95")),
        (date(2024, 7, 3), "USD", "EUR", Decimal("0.8125")),
    ]
)


def told(bridge):
    return {name: getattr(bridge, name).amount for name in AMOUNTS} | {name: getattr(bridge, name) for name in COUNTS}


def contract(number, account="a1", first=date(2024, 1, 1), last=date(2025, 1, 1), price=100, **fields):
    line = {"product_id": "p1", "unit_price": Money(price, fields.pop("currency", "EUR")), "billing_interval": "month"}
    line |= fields.pop("line", {})
    held = {"account_id": account, "starts_on": first, "ends_on": last, "items": [LineItem(**line)], **fields}
    return Subscription(id=number, **held)


def balanced(bridge):
    moved = bridge.new + bridge.expansion + bridge.reactivation - bridge.contraction - bridge.churn
    assert moved == bridge.net_new
    assert bridge.start + moved + bridge.fx == bridge.end
    came = bridge.new_count + bridge.reactivated_count
    assert bridge.start_count + came - bridge.churned_count == bridge.end_count


# --- Laws ---


@settings(max_examples=80)
@given(contracts(), policies(), st.sampled_from([{}, {"a2": "a1"}, {"a2": "a1", "a3": "a2"}]))
def test_every_bridge_agrees_with_the_naive_reading_of_each_day(held, policy, into):
    merges = [
        Merged(subject="Account", subject_id=last, duplicate_id=first, at=datetime(2024, 9, 1, tzinfo=UTC))
        for first, last in into.items()
    ]
    owners = dict.fromkeys(into, "a1")
    naive = Naive(held, policy, FIRST - timedelta(days=2), FIRST + timedelta(days=DAYS + 30), merged=owners)
    ledger = RevenueLedger.of(held, policy=policy, merges=merges, currency="EUR")
    for bridge in ledger.bridges(MONTHS):
        assert told(bridge) == naive.bridge(bridge.period)
        balanced(bridge)


@settings(max_examples=40)
@given(contracts(), policies())
def test_an_average_price_moves_revenue_between_days_and_never_in_sum(held, policy):
    days = Period.between(FIRST - timedelta(days=5), FIRST + timedelta(days=600)).days()
    plain, average = (
        RevenueLedger.of(held, policy=_with(policy, ramps=way), currency="EUR") for way in ("current", "average")
    )
    sums = [sum(ledger.revenue_at(each.start_on).amount for each in days) for ledger in (plain, average)]
    assert abs(sums[0] - sums[1]) < Decimal("1e-8")


@settings(max_examples=60)
@given(contracts(), policies(churn_day="term_end", grace_days=0))
def test_a_plain_contract_is_read_the_same_with_care(held, policy):
    simple = [each for each in held if len(each.items) == 1 and each.ends_on is not None]
    fast = RevenueLedger.of(simple, policy=policy, currency="EUR")
    careful = RevenuePieces.of(fast.subscriptions, [None] * len(fast.subscriptions), policy, fast.horizon, {})
    read = (
        {key: sorted(piece[:4] for piece in found) for key, found in pieces.by_key.items()}
        for pieces in (fast.pieces, careful)
    )
    assert next(read) == next(read)
    assert fast.pieces.by_day == careful.by_day


@settings(max_examples=60)
@given(contracts(currencies=("EUR", "USD")), policies())
def test_several_currencies_at_par_read_as_one(held, policy):
    par = ExchangeRates([(date(2023, 1, 1), "USD", "EUR", Decimal(1))])
    euros = [evolve(each, items=[evolve(line, unit_price=Money(line.unit_price.amount, "EUR")) for line in each.items])
             for each in held]  # fmt: skip
    mixed, one = (
        RevenueLedger.of(given, policy=policy, currency="EUR", rates=par).bridges(MONTHS[:6]) for given in (held, euros)
    )
    assert mixed == one


@settings(max_examples=40)
@given(contracts(currencies=("EUR", "USD")), policies())
def test_the_rows_of_a_period_sum_to_its_bridge(held, policy):
    ledger = RevenueLedger.of(held, policy=policy, currency="EUR", rates=RATES)
    for bridge in ledger.bridges(MONTHS[2:6]):
        rows = ledger.changes(bridge.period)
        for name in (*AMOUNTS, "fx"):
            assert Money.total([getattr(row, name) for row in rows], ledger.currency) == getattr(bridge, name)
        assert sum(row.came for row in rows) == bridge.new_count
        assert sum(row.returned for row in rows) == bridge.reactivated_count
        assert sum(row.left for row in rows) == bridge.churned_count
        assert sum(row.was_customer and row.has_expanded for row in rows) == bridge.expanded_count


@settings(max_examples=40)
@given(contracts(currencies=("EUR", "USD")), policies())
def test_start_and_movements_and_fx_are_the_end_in_every_period_and_currency(held, policy):
    ledger = RevenueLedger.of(held, policy=policy, currency="EUR", rates=RATES)
    for period in MONTHS[1:8]:
        balanced(ledger.bridge(period))
    natives = [ledger.only(code) for code in ("EUR", "USD")]
    for native in natives:
        for bridge in native.bridges(MONTHS):
            balanced(bridge)
            assert bridge.fx == Money(0, native.currency)
    last = date(2024, 7, 31)
    eur, usd = (native.revenue_at(last) for native in natives)
    assert eur + RATES.convert(usd, "EUR", on=last) == ledger.revenue_at(last)


@settings(max_examples=60)
@given(contracts(), policies())
def test_gross_retention_is_at_most_one_and_at_most_net_retention(held, policy):
    for bridge in RevenueLedger.of(held, policy=policy).bridges(WHOLE.quarters()):
        assert bridge.capped <= bridge.start
        assert bridge.capped <= bridge.retained


@settings(max_examples=60)
@given(contracts(), policies(intra_period="both"), st.lists(st.dates(date(2024, 1, 2), date(2024, 11, 30)), max_size=4))
def test_movements_over_any_split_of_time_sum_to_the_whole(held, policy, cuts):
    edges = sorted({WHOLE.start_on, *cuts, WHOLE.end_on})
    parts = [Period.between(since, until) for since, until in pairwise(edges)]
    ledger = RevenueLedger.of(held, policy=policy)
    whole, split = ledger.bridge(WHOLE), ledger.bridges(parts)
    assert split[0].start == whole.start
    assert split[-1].end == whole.end
    for name in ("new", "expansion", "reactivation", "contraction", "churn"):
        assert Money.total([getattr(part, name) for part in split], ledger.currency) == getattr(whole, name)
    assert sum(part.churned_count for part in split) == whole.churned_count


@settings(max_examples=60)
@given(contracts(), policies())
def test_customers_subscriptions_and_items_agree_on_totals(held, policy):
    ledgers = [
        RevenueLedger.of(held, policy=_with(policy, grain=grain)) for grain in ("customer", "subscription", "item")
    ]
    for bridges in zip(*(ledger.bridges(MONTHS) for ledger in ledgers), strict=True):
        assert len({(bridge.start, bridge.net_new, bridge.end) for bridge in bridges}) == 1


def _with(policy, **changes):
    return RevenuePolicy(**{**policy.describe(), **changes})


@settings(max_examples=60)
@given(contracts(), policies(), policies())
def test_reactivation_and_netting_change_what_movements_are_called_and_never_their_total(held, policy, other):
    names = ("reactivation", "intra_period", "gap_tolerance_days")
    renamed = _with(policy, **{name: getattr(other, name) for name in names})
    for one, two in zip(*(RevenueLedger.of(held, policy=p).bridges(MONTHS) for p in (policy, renamed)), strict=True):
        assert (one.start, one.net_new, one.end) == (two.start, two.net_new, two.end)


@settings(max_examples=40)
@given(contracts(accounts=("a1", "a2")), contracts(accounts=("b1", "b2"), prefix="t"), policies())
def test_the_ledger_of_disjoint_accounts_is_the_sum_of_their_ledgers(some, others, policy):
    both = RevenueLedger.of([*others, *some], policy=policy)
    one, two = (RevenueLedger.of(part, policy=policy, currency="EUR") for part in (some, others))
    assert sorted(both.movements(), key=repr) == sorted([*one.movements(), *two.movements()], key=repr)
    for whole, *parts in zip(*(ledger.bridges(MONTHS) for ledger in (both, one, two)), strict=True):
        for name in AMOUNTS:
            assert sum(getattr(part, name).amount for part in parts) == getattr(whole, name).amount
        for name in COUNTS:
            assert sum(getattr(part, name) for part in parts) == getattr(whole, name)


@settings(max_examples=60)
@given(contracts(), policies(intra_period="both"))
def test_movements_sum_to_the_bridge_and_their_parts_to_them(held, policy):
    ledger = RevenueLedger.of(held, policy=policy)
    found = ledger.movements(WHOLE)
    assert Money.total([each.amount for each in found], ledger.currency) == ledger.bridge(WHOLE).net_new
    assert list(found) == sorted(found, key=lambda each: each.on)
    for each in found:
        assert each.subscription_ids
        if each.kind in ("expansion", "contraction") and not each.logo_change:
            assert Money.total(each.parts.values(), ledger.currency) == each.amount
        else:
            assert not each.parts


@settings(max_examples=40)
@given(contracts(), policies(), st.integers(0, DAYS))
def test_as_of_reads_what_the_whole_ledger_says_up_to_that_day(held, policy, days):
    held = [each for each in held if each.cancelled_on is None and each.unpaid_since_on is None]
    policy = _with(policy, gap_tolerance_days=0)
    as_of = datetime.combine(FIRST + timedelta(days=days), datetime.min.time(), UTC)
    whole, seen = RevenueLedger.of(held, policy=policy), RevenueLedger.of(held, policy=policy, as_of=as_of)
    for one, two in zip(*(ledger.bridges(MONTHS) for ledger in (whole, seen)), strict=True):
        assert two.partial is (as_of < two.period.end)
        if not two.partial:
            assert told(one) == told(two)


@settings(max_examples=40)
@given(contracts(), policies(), st.permutations(range(6)))
def test_the_order_of_contracts_does_not_matter(held, policy, order):
    shuffled = [held[place] for place in order if place < len(held)]
    one, two = (RevenueLedger.of(each, policy=policy).bridges(MONTHS) for each in (held, shuffled))
    assert one == two


# --- Policies, one by one ---


def kinds(ledger):
    return [(str(each.on), each.kind, each.amount.amount) for each in ledger.movements()]


def test_a_return_after_a_gap_is_a_reactivation_and_can_be_told_otherwise():
    held = [contract("s1", last=date(2024, 3, 1)), contract("s2", first=date(2024, 3, 11), last=date(2024, 6, 1))]
    ways = {
        "own_bucket": ["new", "churn", "reactivation", "churn"],
        "as_new": ["new", "churn", "new", "churn"],
        "as_expansion": ["new", "churn", "expansion", "churn"],
    }
    for way, expected in ways.items():
        assert [
            kind for _, kind, _ in kinds(RevenueLedger.of(held, policy=RevenuePolicy(reactivation=way)))
        ] == expected


def test_a_gap_within_the_tolerance_is_contraction_and_expansion_and_the_customer_never_left():
    held = [contract("s1", last=date(2024, 3, 1)), contract("s2", first=date(2024, 3, 11), last=date(2024, 6, 1))]
    ledger = RevenueLedger.of(held, policy=RevenuePolicy(gap_tolerance_days=10))
    assert [kind for _, kind, _ in kinds(ledger)] == ["new", "contraction", "expansion", "churn"]
    assert ledger.customers_at(date(2024, 3, 5)) == ("a1",)
    assert ledger.revenue_at(date(2024, 3, 5)) == Money(0, "EUR")
    shorter = RevenueLedger.of(held, policy=RevenuePolicy(gap_tolerance_days=9))
    assert [kind for _, kind, _ in kinds(shorter)] == ["new", "churn", "reactivation", "churn"]


def test_a_gap_is_churn_while_nobody_knows_of_the_return():
    held = [contract("s1", last=date(2024, 3, 1)), contract("s2", first=date(2024, 3, 11), last=date(2024, 6, 1))]
    policy = RevenuePolicy(gap_tolerance_days=20, accept=["after_as_of"])
    ledger = RevenueLedger.of(held, policy=policy, as_of=datetime(2024, 3, 5, tzinfo=UTC))
    assert [kind for _, kind, _ in kinds(ledger)] == ["new", "churn"]
    signed = contract("s2", first=date(2024, 3, 11), last=date(2024, 6, 1), signed_on=date(2024, 2, 1))
    for day, found in ((5, ["new", "churn"]), (12, ["new", "contraction", "expansion"])):
        seen = RevenueLedger.of([held[0], signed], policy=policy, as_of=datetime(2024, 3, day, tzinfo=UTC))
        assert [kind for _, kind, _ in kinds(seen)] == found


def test_a_gap_begins_where_a_pause_ends_and_a_paused_start_is_no_return():
    paused = contract("s1", last=date(2024, 3, 1), pauses=[Pause(starts_on=date(2024, 2, 1))])
    back = contract("s2", first=date(2024, 3, 4), pauses=[Pause(starts_on=date(2024, 3, 4), ends_on=date(2024, 3, 9))])
    found = kinds(RevenueLedger.of([paused, back], policy=RevenuePolicy(gap_tolerance_days=8)))
    assert [kind for _, kind, _ in found] == ["new", "contraction", "expansion", "churn"]
    found = kinds(RevenueLedger.of([paused, back], policy=RevenuePolicy(gap_tolerance_days=7)))
    assert found[1:4] == [
        ("2024-02-01", "contraction", -1200), ("2024-03-01", "churn", 0), ("2024-03-09", "reactivation", 1200),
    ]  # fmt: skip


def test_a_day_with_nobody_at_its_start_has_no_share_of_churn():
    assert RevenueLedger.of([], currency="EUR").bridge(MONTHS[0]).churned_share is None


def test_days_of_grace_keep_revenue_until_the_renewal_starts_or_they_are_over():
    late = contract("s2", first=date(2024, 3, 6), last=date(2024, 6, 1), price=120)
    ledger = RevenueLedger.of([contract("s1", last=date(2024, 3, 1)), late], policy=RevenuePolicy(grace_days=14))
    assert kinds(ledger) == [
        ("2024-01-01", "new", 1200),
        ("2024-03-06", "expansion", 240),
        ("2024-06-15", "churn", -1440),
    ]
    other = contract("s2", first=date(2024, 3, 6), last=date(2024, 6, 1), line={"product_id": "p2"})
    ledger = RevenueLedger.of([contract("s1", last=date(2024, 3, 1)), other], policy=RevenuePolicy(grace_days=14))
    assert [day for day, _, _ in kinds(ledger)] == ["2024-01-01", "2024-03-06", "2024-03-15", "2024-06-15"]


def test_days_of_grace_know_that_two_accounts_are_one_and_nothing_of_lines_without_a_name():
    policy = RevenuePolicy(grace_days=14)
    held = [contract("s1", last=date(2024, 3, 1)), contract("s2", "a9", first=date(2024, 3, 6))]
    merge = Merged(subject="Account", subject_id="a1", duplicate_id="a9", at=datetime(2024, 9, 1, tzinfo=UTC))
    assert RevenueLedger.of(held, policy=policy, merges=[merge]).revenue_at(date(2024, 3, 7)) == Money(1200, "EUR")
    assert RevenueLedger.of(held, policy=policy).revenue_at(date(2024, 3, 7)) == Money(2400, "EUR")
    nameless = [contract("s1", last=date(2024, 3, 1), line={"product_id": None}),
                contract("s2", first=date(2024, 3, 6), line={"product_id": None})]  # fmt: skip
    assert RevenueLedger.of(nameless, policy=policy).revenue_at(date(2024, 3, 7)) == Money(2400, "EUR")


def test_churn_happens_at_the_end_of_the_term_or_at_notice_or_when_a_bill_stays_unpaid():
    held = contract("s1", cancelled_at=datetime(2024, 4, 1, 23, tzinfo=UTC), unpaid_since_on=date(2024, 6, 1))
    days = {
        RevenuePolicy(): "2025-01-01",
        RevenuePolicy(churn_day="cancelled"): "2024-04-01",
        RevenuePolicy(churn_day="cancelled", tz="Asia/Tokyo"): "2024-04-02",
        RevenuePolicy(churn_day="first_unpaid", grace_days=30): "2024-07-01",
    }
    for policy, day in days.items():
        assert kinds(RevenueLedger.of([held], policy=policy))[-1][:2] == (day, "churn")


def test_a_contract_without_an_end_runs_until_it_is_cancelled():
    assert [kind for _, kind, _ in kinds(RevenueLedger.of([contract("s1", last=None)]))] == ["new"]
    ended = contract("s1", last=None, cancelled_on=date(2024, 5, 1), churn_reason="price")
    movement = RevenueLedger.of([ended]).movements()[-1]
    assert (movement.on, movement.kind, movement.reason) == (date(2024, 5, 1), "churn", "price")
    as_of = datetime(2024, 4, 1, tzinfo=UTC)
    assert [kind for _, kind, _ in kinds(RevenueLedger.of([ended], as_of=as_of))] == ["new"]


def test_one_price_at_other_intervals_and_quantities_is_another_amount():
    held = [
        contract(f"s{n}", line={"billing_interval": interval, "interval_count": count, "quantity": quantity})
        for n, (interval, count, quantity) in enumerate(
            [("month", 1, 1), ("month", 2, 1), ("month", 1, 3), ("year", 1, 1), ("month", 1, 1)]
        )
    ]
    assert RevenueLedger.of(held).revenue_at(date(2024, 2, 1)) == Money(1200 + 600 + 3600 + 100 + 1200, "EUR")


def test_a_contract_of_tomorrow_is_reported_and_one_of_today_is_not():
    held = [contract("s1", first=date(2024, 6, 1))]
    with pytest.raises(ContractProblemsError, match="after 2024-05-31"):
        RevenueLedger.of(held, as_of=datetime(2024, 5, 31, 23, tzinfo=UTC))
    assert RevenueLedger.of(held, as_of=datetime(2024, 6, 1, 1, tzinfo=UTC)).problems == ()


def test_a_loss_has_the_reason_of_the_contract_that_ended_and_not_of_one_that_goes_on():
    ended = contract("s1", last=date(2024, 3, 1), churn_reason="price")
    later = contract("s2", first=date(2024, 3, 1), price=50, churn_reason="moved away")
    one, two, three = RevenueLedger.of([ended, later]).movements()
    assert [each.reason for each in (one, two, three)] == [None, "price", "moved away"]
    inside = contract("s1", churn_reason="price", line={"discount": Decimal("0.5"), "ends_on": date(2024, 6, 1)})
    cut = contract("s1", churn_reason="price", pauses=[Pause(starts_on=date(2024, 6, 1), ends_on=date(2024, 7, 1))])
    assert [each.reason for each in RevenueLedger.of([cut]).movements()] == [None, None, None, "price"]
    assert RevenueLedger.of([inside]).movements()[-1].reason == "price"


def test_a_pause_is_contraction_and_expansion_and_the_customer_stays():
    held = contract("s1", pauses=[Pause(starts_on=date(2024, 3, 1), ends_on=date(2024, 4, 1))])
    ledger = RevenueLedger.of([held])
    assert kinds(ledger)[1:3] == [("2024-03-01", "contraction", -1200), ("2024-04-01", "expansion", 1200)]
    assert ledger.movements()[1].parts == {"pause": Money("-1200", "EUR")}
    assert ledger.customers_at(date(2024, 3, 10)) == ("a1",)
    kept = RevenueLedger.of([held], policy=RevenuePolicy(pauses="keep"))
    assert [kind for _, kind, _ in kinds(kept)] == ["new", "churn"]


def test_a_pause_without_an_end_lasts_as_long_as_its_contract_and_then_the_customer_leaves():
    held = contract("s1", pauses=[Pause(starts_on=date(2024, 3, 1))])
    assert kinds(RevenueLedger.of([held]))[1:] == [("2024-03-01", "contraction", -1200), ("2025-01-01", "churn", 0)]


def test_discounts_count_while_they_last_or_never_or_only_those_that_do():
    line = {"discount": Decimal("0.5"), "discount_ends_on": date(2024, 3, 1)}
    expected = {
        "lasting_only": [("2024-01-01", "new", 1200)],
        "all": [("2024-01-01", "new", 600), ("2024-03-01", "expansion", 600)],
        "none": [("2024-01-01", "new", 1200)],
    }
    for way, found in expected.items():
        assert kinds(RevenueLedger.of([contract("s1", line=line)], policy=RevenuePolicy(discounts=way)))[:-1] == found
    lasting = contract("s1", line={"discount": Decimal("0.5")})
    firsts = [kinds(RevenueLedger.of([lasting], policy=RevenuePolicy(discounts=way)))[0][2] for way in expected]
    assert firsts == [600, 600, 1200]


def test_a_ramp_counts_at_its_current_price_or_at_the_average_of_the_contract():
    years = [
        LineItem(id="seats", unit_price=Money(price, "EUR"), billing_interval="year", starts_on=date(year, 1, 1),
                 ends_on=date(year + 1, 1, 1))
        for price, year in ((100, 2025), (200, 2026))
    ]  # fmt: skip
    held = contract("s1", first=date(2025, 1, 1), last=date(2027, 1, 1), items=years)
    assert [amount for _, _, amount in kinds(RevenueLedger.of([held]))] == [100, 100, -200]
    average = RevenueLedger.of([held], policy=RevenuePolicy(ramps="average"))
    assert [amount for _, _, amount in kinds(average)] == [150, -150]


def test_trials_and_usage_count_only_where_the_policy_says_so():
    trial = contract("s1", trial_ends_on=date(2024, 2, 1))
    assert kinds(RevenueLedger.of([trial]))[0][0] == "2024-02-01"
    assert kinds(RevenueLedger.of([trial], policy=RevenuePolicy(trials="include")))[0][0] == "2024-01-01"
    metered = contract("s1", line={"is_metered": True})
    assert kinds(RevenueLedger.of([metered])) == []
    assert kinds(RevenueLedger.of([metered], policy=RevenuePolicy(usage="committed_minimum")))[0][2] == 1200


def test_a_change_of_plan_is_one_upsell_of_the_customer_and_churn_and_new_business_of_the_item():
    basic = contract("s1", last=date(2024, 6, 1), line={"id": "plan", "product_id": "basic"})
    large = contract(
        "s2", first=date(2024, 6, 1), price=150, renews_id="s1", line={"id": "plan", "product_id": "large"}
    )
    ledger = RevenueLedger.of([basic, large])
    assert [kind for _, kind, _ in kinds(ledger)] == ["new", "expansion", "churn"]
    assert ledger.movements()[1].parts == {"upsell": Money(600, "EUR")}
    assert ledger.movements()[1].subscription_ids == ("s1", "s2")
    (row,) = ledger.changes(Period.month(2024, 6))
    assert (row.upsell, row.has_upsell, row.cross_sell, row.has_cross_sell) == (
        Money(600, "EUR"), True, Money(0, "EUR"), False,
    )  # fmt: skip
    other = contract("s2", first=date(2024, 6, 1), price=150, renews_id="s1", line={"product_id": "large"})
    ledger = RevenueLedger.of([contract("s1", last=date(2024, 6, 1)), other], policy=RevenuePolicy(grain="item"))
    assert [(each.key, each.kind) for each in ledger.movements()] == [
        ("a1 / s1 / p1", "new"), ("a1 / s1 / large", "new"), ("a1 / s1 / p1", "churn"), ("a1 / s1 / large", "churn"),
    ]  # fmt: skip


def test_seats_prices_and_new_items_are_told_apart():
    items = [
        LineItem(id="seats", product_id="p1", quantity=10, unit_price=Money(10, "EUR"), billing_interval="month",
                 ends_on=date(2024, 6, 1)),
        LineItem(id="seats", product_id="p1", quantity=12, unit_price=Money(11, "EUR"), billing_interval="month",
                 starts_on=date(2024, 6, 1)),
        LineItem(id="support", product_id="p2", unit_price=Money(50, "EUR"), billing_interval="month",
                 starts_on=date(2024, 6, 1)),
    ]  # fmt: skip
    movement = RevenueLedger.of([contract("s1", items=items)]).movements()[1]
    assert dict(movement.parts) == {
        "seats": Money(240, "EUR"), "price": Money(144, "EUR"), "cross_sell": Money(600, "EUR"),
    }  # fmt: skip
    assert movement.amount == Money(984, "EUR")
    (row,) = RevenueLedger.of([contract("s1", items=items)]).changes(Period.month(2024, 6))
    assert (row.upsell, row.cross_sell, row.price) == (Money(240, "EUR"), Money(600, "EUR"), Money(144, "EUR"))
    assert row.has_upsell
    assert row.has_cross_sell


def test_a_renewal_under_other_item_ids_is_matched_by_its_product():
    one = contract("s1", last=date(2024, 6, 1), line={"id": "x1", "quantity": 2})
    two = contract("s2", first=date(2024, 6, 1), renews_id="s1", line={"id": "x2", "quantity": 3})
    assert RevenueLedger.of([one, two]).movements()[1].parts == {"seats": Money(1200, "EUR")}


# --- Currencies ---


def test_what_rates_alone_change_is_fx_and_no_movement():
    ledger = RevenueLedger.of([contract("s1", currency="USD")], currency="EUR", rates=RATES)
    april = ledger.bridge(Period.month(2024, 4))
    assert (april.start, april.fx, april.end) == (Money(1080, "EUR"), Money(60, "EUR"), Money(1140, "EUR"))
    assert april.net_new == Money(0, "EUR")
    assert kpis.nrr(ledger.changes(april.period)).value == Fraction(1140, 1080)


def test_a_flow_counts_at_the_rate_of_its_day():
    ledger = RevenueLedger.of([contract("s1", first=date(2024, 4, 2), currency="USD")], currency="EUR", rates=RATES)
    april = ledger.bridge(Period.month(2024, 4))
    assert (april.new, april.fx, april.end) == (Money(1080, "EUR"), Money(60, "EUR"), Money(1140, "EUR"))


def test_a_change_of_currency_is_one_movement_of_what_it_comes_to():
    held = [
        contract("s1", last=date(2024, 5, 1)),
        contract("s2", first=date(2024, 5, 1), currency="USD", renews_id="s1"),
    ]
    ledger = RevenueLedger.of(held, currency="EUR", rates=RATES)
    assert kinds(ledger)[1] == ("2024-05-01", "contraction", Decimal(-60))
    assert [each.kind for each in ledger.only("USD").movements()] == ["new", "churn"]


def test_several_currencies_without_rates_are_refused_and_a_missing_rate_is_named():
    held = [contract("s1"), contract("s2", "a2", currency="USD")]
    with pytest.raises(CurrencyMismatchError):
        RevenueLedger.of(held)
    late = ExchangeRates([(date(2030, 1, 1), "USD", "EUR", Decimal(1))])
    with pytest.raises(MissingRateError):
        RevenueLedger.of(held, currency="EUR", rates=late).bridge(MONTHS[3])


# --- Bad input ---


def broken():
    line = LineItem(product_id="p1", unit_price=Money(-5, "EUR"), billing_interval="month")
    two = [
        LineItem(id="x", unit_price=Money(1, "EUR"), billing_interval="month", ends_on=date(2024, 3, 1)),
        LineItem(id="x", unit_price=Money(1, "USD"), billing_interval="month", starts_on=date(2024, 2, 1)),
        LineItem(id="y", billing_interval="month"),
        LineItem(id="z", unit_price=Money(1, "EUR"), billing_interval="fortnight"),
        LineItem(id="w", unit_price=Money(1, "EUR"), billing_interval="month", ends_on=date(2026, 1, 1)),
        LineItem(id="once", unit_price=Money(1, "EUR")),
    ]
    backwards = contract("s3", "a3")
    object.__setattr__(backwards, "ends_on", date(2023, 1, 1))
    return [
        contract("s1", items=[line]),
        contract("s1", items=two),
        contract("s2", account=None, last=None, auto_renews=False),
        backwards,
        contract("s4", first=None, last=None),
        contract("s5", first=date(2025, 6, 1), last=None),
        contract("s6", items=[]),
        contract("s7", "a7"),
        contract("s8", "a7", first=date(2024, 10, 1), last=None, renews_id="s7"),
    ]


def test_every_fault_of_a_set_of_contracts_is_listed_at_once_with_the_ids():
    found = kpis.check_contracts(broken(), as_of=datetime(2024, 12, 1, tzinfo=UTC))
    assert sorted((problem.code, problem.subject_id) for problem in found) == [
        ("after_as_of", "s5"),
        ("currency_change", "s1"),
        ("duplicate_id", "s1"),
        ("end_before_start", "s3"),
        ("missing_end", "s2"),
        ("missing_start", "s4"),
        ("negative_amount", "s1"),
        ("no_account", "s2"),
        ("no_items", "s6"),
        ("no_price", "s1"),
        ("outside_contract", "s1"),
        ("overlapping_lines", "s1"),
        ("overlapping_renewal", "s8"),
        ("unknown_interval", "s1"),
    ]
    assert {problem.code: problem.field for problem in found if "[" not in problem.field} == {
        "after_as_of": "starts_on",
        "duplicate_id": "id",
        "end_before_start": "ends_on",
        "missing_end": "ends_on",
        "missing_start": "starts_on",
        "no_account": "account_id",
        "no_items": "items",
        "overlapping_renewal": "starts_on",
    }
    assert [problem.says for problem in found if problem.code == "overlapping_lines"] == [
        "items[0] and items[1] of item 'x' overlap from 2024-02-01 on"
    ]
    assert {problem.code for problem in found} == set(EVERYTHING) - {"unknown_contract"}
    assert all(str(problem).startswith("Subscription s") for problem in found)


def test_the_ledger_raises_all_of_them_unless_the_policy_accepts_them():
    with pytest.raises(ContractProblemsError) as caught:
        RevenueLedger.of(broken(), as_of=datetime(2024, 12, 1, tzinfo=UTC))
    assert len(caught.value.problems) == 14
    assert "and 11 more" in str(caught.value)
    assert "RevenuePolicy(accept=...)" in str(caught.value)
    assert pickle.loads(pickle.dumps(caught.value)).problems == caught.value.problems
    policy = RevenuePolicy(accept=[code for code in EVERYTHING if code != "no_items"])
    with pytest.raises(ContractProblemsError) as one:
        RevenueLedger.of(broken(), policy=policy, as_of=datetime(2024, 12, 1, tzinfo=UTC))
    assert [problem.code for problem in one.value.problems] == ["no_items"]


def test_what_is_accepted_counts_as_stated_and_stays_listed():
    policy = RevenuePolicy(accept=EVERYTHING)
    ledger = RevenueLedger.of(
        broken(), policy=policy, as_of=datetime(2024, 12, 1, tzinfo=UTC), currency="EUR",
        rates=ExchangeRates([(date(2020, 1, 1), "USD", "EUR", Decimal(2))]),
    )  # fmt: skip
    assert len(ledger.problems) == 14
    assert ledger.customers_at(date(2024, 2, 15)) == ("a1", "a7", "s2")
    assert ledger.revenue_at(date(2024, 2, 15)) == Money(12 + 24 + 12 + 1200 + 1200, "EUR")
    assert ledger.revenue_at(date(2024, 11, 15)) == Money(24 + 12 + 1200 + 1200, "EUR")
    credit = RevenueLedger.of([contract("s1", price=-5)], policy=policy)
    assert credit.revenue_at(date(2024, 2, 1)) == Money(-60, "EUR")


def test_a_policy_names_all_its_faults_at_once():
    with pytest.raises(InvalidValueError) as caught:
        RevenuePolicy(grain="team", grace_days=-1, tz="Mars", accept=["lies"])
    assert [fault.field for fault in caught.value.faults] == ["grain", "grace_days", "tz", "accept"]


def test_periods_must_be_in_order():
    with pytest.raises(InvalidValueError, match="in order"):
        RevenueLedger.of([]).bridges([MONTHS[1], MONTHS[0]])


def test_periods_with_gaps_between_them_are_read_as_each_alone():
    held = [contract("s1", last=date(2024, 3, 10)), contract("s2", "a2", first=date(2024, 2, 10))]
    ledger = RevenueLedger.of(held)
    chosen = [MONTHS[1], MONTHS[3], MONTHS[6]]
    assert ledger.bridges(chosen) == tuple(ledger.bridge(period) for period in chosen)


def test_an_imbalance_is_an_error_that_tells_the_equation(monkeypatch):
    ledger = RevenueLedger.of([contract("s1")])
    _, sums = ledger.pieces.by_day["EUR"]
    sums[0] += 10**12
    with pytest.raises(LedgerImbalanceError) as caught:
        ledger.bridge(MONTHS[0])
    assert str(caught.value).startswith("2024-01: start 0.00 EUR + movements 1200.00 EUR is not the end 1201.00 EUR")
    assert pickle.loads(pickle.dumps(caught.value)).end == "1201.00 EUR"
    assert isinstance(ledger.pieces, RevenuePieces)


# --- Merges and what was known ---


def at(*when):
    return datetime(*when, tzinfo=UTC)


def test_a_merge_of_accounts_restates_all_history():
    held = [contract("s1", "a1", last=date(2024, 3, 1)), contract("s2", "a9", first=date(2024, 3, 1), price=60)]
    apart = RevenueLedger.of(held)
    merge = Merged(subject="Account", subject_id="a1", duplicate_id="a9", at=at(2024, 9, 1))
    lead = Merged(subject="Lead", subject_id="a1", duplicate_id="a2", at=at(2024, 9, 1))
    as_one = RevenueLedger.of(held, merges=[merge, lead])
    march = Period.month(2024, 3)
    assert kpis.customer_churn_rate(apart.changes(march)).value == 1
    assert kpis.customer_churn_rate(as_one.changes(march)).value == 0
    assert as_one.bridge(march).contraction == Money(480, "EUR")
    restated = kpis.compare_ledgers(apart, as_one, march)
    (part,) = restated.customers
    assert (part.account_id, part.merged_ids) == ("a1", ("a9",))
    assert dict(part.differences) == {
        "new": Money(-720, "EUR"), "churn": Money(-1200, "EUR"), "contraction": Money(480, "EUR"),
    }  # fmt: skip


def test_merges_may_form_chains_but_no_circles():
    def merged(one, into):
        return Merged(subject="Account", subject_id=into, duplicate_id=one, at=at(2024, 9, 1))

    held = [contract("s1", "a1"), contract("s2", "a2"), contract("s3", "a3")]
    ledger = RevenueLedger.of(held, merges=[merged("a1", "a2"), merged("a2", "a3")])
    assert ledger.customers_at(date(2024, 2, 1)) == ("a3",)
    ring = [merged(f"a{number}", f"a{number % 6 + 1}") for number in range(1, 7)]
    with pytest.raises(InvalidValueError, match="in a circle, as a1, a2, a3, a4, a5, a6 do"):
        RevenueLedger.of(held, merges=ring)


def test_known_by_gives_the_number_of_then_and_compare_tells_why_it_differs():
    first = contract("s1", recorded_at=at(2024, 1, 1))
    cut = contract("s1", last=date(2024, 3, 15), recorded_at=at(2024, 4, 2))
    late = contract("s2", "a2", first=date(2024, 3, 1), recorded_at=at(2024, 4, 5))
    always = contract("s3", "a3")
    held = [late, cut, first, always]
    then, now = (RevenueLedger.of(held, known_by=moment) for moment in (at(2024, 4, 1), None))
    march = Period.month(2024, 3)
    assert then.bridge(march).end == Money(2400, "EUR")
    assert now.bridge(march).end == Money(2400, "EUR")
    restated = kpis.compare_ledgers(then, now, march)
    assert dict(restated.differences)["new"] == Money(1200, "EUR")
    assert dict(restated.differences)["churn"] == Money(1200, "EUR")
    assert [(each.account_id, each.added_ids, each.changed_ids) for each in restated.customers] == [
        ("a1", (), ("s1",)), ("a2", ("s2",), ()),
    ]  # fmt: skip
    assert "a2" in str(restated.table())
    assert RevenueLedger.of([first, cut]) == RevenueLedger.of([cut, first])
    with pytest.raises(ContractProblemsError, match="more than once"):
        RevenueLedger.of([first, contract("s1", recorded_at=at(2024, 1, 1))])


def test_a_merge_recorded_later_was_not_known_before():
    held = [contract("s1", "a1"), contract("s2", "a2")]
    merge = Merged(subject="Account", subject_id="a1", duplicate_id="a2", at=at(2024, 2, 1), recorded_at=at(2024, 9, 1))
    counts = [
        len(RevenueLedger.of(held, merges=[merge], known_by=moment).customers_at(date(2024, 5, 1)))
        for moment in (at(2024, 8, 1), at(2024, 9, 1), None)
    ]
    assert counts == [2, 1, 1]


@settings(max_examples=30)
@given(contracts(), contracts(), policies(), policies())
def test_the_parts_of_a_restatement_sum_to_the_difference(before, after, policy, other):
    one, two = (
        RevenueLedger.of(before, policy=policy, currency="EUR"),
        RevenueLedger.of(after, policy=other, currency="EUR"),
    )
    period = Period.quarter(2024, 2)
    restated = kpis.compare_ledgers(one, two, period)
    was, now = one.bridge(period), two.bridge(period)
    for line, difference in restated.differences.items():
        assert difference == getattr(now, line) - getattr(was, line)
        parts = [each.differences[line] for each in restated.customers if line in each.differences]
        assert Money.total(parts, "EUR") == difference
    assert set(restated.policy_changes) == {
        name for name, value in policy.describe().items() if other.describe()[name] != value
    }


def test_ledgers_in_two_currencies_are_not_compared():
    with pytest.raises(InvalidValueError, match="told in EUR"):
        kpis.compare_ledgers(*(RevenueLedger.of([], currency=code) for code in ("EUR", "USD")), MONTHS[0])
