"""Nothing mutable is shared: 64 threads get the answers of one, also where they meet a class or a table at first use.

First use is raced in processes of their own, where nothing is compiled yet. `python -OO` takes docstrings and asserts
away, and no number may change with them.
"""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from revops_core import Money, Period, kpis, sla, stages
from revops_core.calendars import BusinessCalendar
from revops_core.testing import sample_company

ROOT = Path(__file__).parents[1]
THREADS = 64

MAIN_PATHS = """
from revops_core import Money, Period, ExchangeRates, entities, from_plain, kpis, sla, stages, to_plain
from revops_core.testing import sample_company
company = sample_company(60)
year = Period.year(2025)
log = stages.StageLog.of(move for move in company.moves if move.pipeline == "opportunity")
policy = sla.REVENUE_OPERATIONS
clocks = [policy.clock(t.id, company.clock_events[t.id], request=t.request) for t in company.tickets]
wanted = [kpis.win_rate, kpis.average_deal_size]
table = kpis.measure(company.opportunities, wanted, by="lead_source", over=year.quarters())
ledger = kpis.RevenueLedger.of(company.subscriptions)
from_plain(stages.Pipeline, to_plain(stages.OPPORTUNITY))
print(table.rows())
print(log.funnel(stages.OPPORTUNITY, cohort="all"), log.win_chances(stages.OPPORTUNITY))
print(sla.outcome_table(sla.outcomes(clocks, company.as_of), by=["target"]))
print(ledger.bridges(year.quarters()))
print(entities.check(company.records), stages.check(company.opportunities, [], pipeline=stages.OPPORTUNITY))
print(kpis.win_rate.says, kpis.win_rate, [str(kpi) for kpi in kpis.family("win_rate")])
print(stages.OPPORTUNITY.fingerprint, policy.fingerprint, company.office.fingerprint)
"""

FIRST_USE = """
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
sys.setswitchinterval(1e-6)
from revops_core import Money, Period, entities, kpis, sla, stages
from revops_core.calendars import BusinessCalendar
THREADS = 64
barrier = Barrier(THREADS)
at = datetime(2026, 3, 2, 9, tzinfo=UTC)
calendar = BusinessCalendar("Mo-Fr 09:00-17:00", tz="Europe/Berlin", holidays=[at.date()])
policy = sla.SlaPolicy("p", targets=[sla.SlaTarget("response", timedelta(hours=9))], calendar=calendar)
pipeline = stages.Pipeline("x", ("a", "b", stages.Stage("won", "won")))
def first(number):
    barrier.wait()
    lead = entities.Lead(id="l1", created_at=at, lead_source="web")
    sale = entities.Opportunity(id="o1", amount=Money(number % 7, "EUR"))
    move = pipeline.decide(sale, "a", at=at)
    moved = move.apply_to(sale)
    reading = policy.clock("t1", [sla.ClockEvent("started", at)]).read(at + timedelta(days=number))
    return (
        lead == entities.Lead(id="l1", created_at=at, lead_source="web"), hash(lead) == hash(lead),
        moved.stage, moved.amount.amount == number % 7, calendar.add(at, timedelta(hours=20 * number)),
        kpis.lead_volume([lead]).value, stages.Journey.of([move]).stage, reading["response"].due_at,
        reading["response"].elapsed,
    )
with ThreadPoolExecutor(THREADS) as pool:
    together = list(pool.map(first, range(THREADS)))
barrier = Barrier(1)
print(together == [first(number) for number in range(THREADS)], len(together))
"""


def run(code, *flags, seed="0"):
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONHASHSEED": seed}
    command = [sys.executable, *flags, "-W", "error", "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_main_paths_print_the_same_numbers_without_docstrings_and_asserts():
    plain = run(MAIN_PATHS)
    assert "win_rate" in plain
    assert run(MAIN_PATHS, "-OO") == plain
    assert run(MAIN_PATHS, "-O", seed="7") == plain  # nor does the order of a set decide


@pytest.mark.parametrize("attempt", range(3))
def test_sixty_four_threads_that_meet_everything_at_first_use_get_the_answers_of_one(attempt):
    assert run(FIRST_USE, seed=str(attempt)) == "True 64\n"


def test_sixty_four_threads_share_calendars_pipelines_definitions_tables_and_ledgers():
    company = sample_company(40)
    year = Period.year(2025)
    shared = BusinessCalendar("Mo-Fr 09:00-12:30,13:30-18:00", tz="Europe/Berlin", first_year=1990, last_year=2090)
    ledger = kpis.RevenueLedger.of(company.subscriptions)
    moves = [move for move in company.moves if move.pipeline == "opportunity"]
    log = stages.StageLog.of(moves)
    clocks = [
        sla.REVENUE_OPERATIONS.clock(ticket.id, company.clock_events[ticket.id], request=ticket.request)
        for ticket in company.tickets[:10]
    ]

    def ask(number, start):
        start.wait()
        at = company.as_of.replace(year=1995 + number)  # each thread makes the shared table grow another way
        quarter = year.quarters()[number % 4]
        return (
            shared.add(at, year.end - year.start),
            shared.working_time(at, at.replace(year=at.year + 3)),
            [clock.read(quarter.end) for clock in clocks],
            stages.OPPORTUNITY.options(company.opportunities[number % 10], at=quarter.end),
            log.snapshot(quarter.end),
            kpis.measure(company.opportunities, [kpis.win_rate], by="owner_id", over=year.quarters()).rows(),
            ledger.bridge(quarter),
            Money(number, "EUR") * 3,
        )

    together = Barrier(THREADS)
    with ThreadPoolExecutor(THREADS) as pool:
        found = list(pool.map(lambda number: ask(number, together), range(THREADS)))
    assert found == [ask(number, Barrier(1)) for number in range(THREADS)]
