from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from revops_core.kpis.revenue_ledger import RevenueLedger
from revops_core.kpis.revenue_movements import MOVEMENTS
from revops_core.values.period import Period
from tests.kpis.contract_sets import DAYS, FIRST, contracts, policies
from tests.kpis.naive_revenue import Naive

AMOUNTS = ("start", "end", "new", "expansion", "reactivation", "contraction", "churn", "retained", "capped")
COUNTS = ("start_count", "end_count", "new_count", "reactivated_count", "churned_count", "lost_count")
MONTHS = Period.between(date(2024, 1, 1), date(2024, 12, 1)).months()


def told(bridge):
    return {name: getattr(bridge, name).amount for name in AMOUNTS} | {name: getattr(bridge, name) for name in COUNTS}


@settings(max_examples=60)
@given(contracts(), policies())
def test_every_bridge_agrees_with_the_naive_reading_of_each_day(held, policy):
    naive = Naive(held, policy, FIRST - timedelta(days=2), FIRST + timedelta(days=DAYS + 30))
    ledger = RevenueLedger.of(held, policy=policy)
    for bridge in ledger.bridges(MONTHS):
        assert told(bridge) == naive.bridge(bridge.period)
