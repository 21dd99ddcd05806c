"""The ledger of the sample company: clean contracts, renewals, more seats, losses with reasons."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import pytest

from revops_core import kpis
from revops_core.testing import sample_company
from revops_core.values.money import Money
from revops_core.values.period import Period

COMPANY = sample_company()
LEDGER = kpis.RevenueLedger.of(COMPANY.subscriptions, as_of=COMPANY.as_of)
YEAR = Period.year(2025)


def test_its_contracts_have_no_problems_and_every_month_balances():
    assert kpis.check_contracts(COMPANY.subscriptions, as_of=COMPANY.as_of) == ()
    months = LEDGER.bridges(Period.between(YEAR.previous().start_on, YEAR.end_on).months())
    for before, after in pairwise(months):
        assert (before.end, before.end_count) == (after.start, after.start_count)
    assert months[-1].end == LEDGER.revenue_at(date(2025, 12, 31))
    moved = [movement.amount for movement in LEDGER.movements() if movement.on not in YEAR.next()]
    assert Money.total(moved, LEDGER.currency) == months[-1].end


def test_retention_is_plausible_and_each_loss_has_its_contract_and_reason():
    rows = LEDGER.changes(YEAR)
    assert 0 < kpis.grr(rows).value <= min(1, kpis.nrr(rows).value)
    lost = [movement for movement in LEDGER.movements(YEAR) if movement.kind == "churn"]
    assert lost
    assert all(movement.reason and movement.subscription_ids for movement in lost)
    assert sum(row.left for row in rows) == len(lost)


def test_months_of_expansion_are_seats():
    grown = [movement for movement in LEDGER.movements() if movement.kind == "expansion"]
    assert grown
    assert {tag for movement in grown for tag in movement.parts} <= {"seats", "price", "upsell", "cross_sell"}


def test_cohorts_survival_renewals_and_forecast_agree_with_the_ledger():
    quarters = YEAR.quarters()
    table = kpis.cohorts(LEDGER, quarters)
    assert list(table.layer_cake().rows()[-1].values())[1:] == [bridge.end for bridge in LEDGER.bridges(quarters)]
    lives = kpis.customer_lives(LEDGER)
    assert sum(life.ended_on is None for life in lives) == len(LEDGER.customers_at(YEAR.end_on))
    assert 0 < kpis.customer_survival(lives).survival_at(max(life.lasted for life in lives)) < 1
    due = kpis.renewals(COMPANY.subscriptions, YEAR, as_of=COMPANY.as_of)
    rate = kpis.renewal_rate(due)
    ahead = kpis.forecast_revenue(
        LEDGER,
        YEAR.next().quarters(),
        renewal_rate=rate.value,
        opportunities=COMPANY.opportunities,
    )
    assert all(row.low <= row.expected <= row.high for row in ahead.periods)
    assert float((ahead.periods[0].expected - LEDGER.revenue_at(YEAR.end_on)).amount) == pytest.approx(0, abs=1e6)
