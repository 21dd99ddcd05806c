"""One value of every public class as plain data, in a file for each release: later releases read it.

    python -m tests.golden.plain_values

writes `plain_VERSION.json` for the version in pyproject.toml. The file of a released version is never written again.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache

import attrs

import revops_core as ro
from docs.generate_reference import ROOMS
from revops_core import calendars, charts, entities, kpis, sla, stages
from revops_core.testing import sample_company
from tests.golden.company_rows import QUARTERS, VALUES, company_rows
from tests.golden.public_surface import VERSION

FOLDER = VALUES.parent
LONGEST = 8_000  # characters: a file that a person can read

# What no file stores: why it has no plain form.
NOT_PLAIN = {
    "Clock": "a policy and facts, each of which has one",
    "Reading": "computed from a clock",
    "RevenueLedger": "computed from subscriptions",
    "SampleCompany": "computed from its size and seed",
    "StageLog": "columns of moves, each of which has one",
    "TargetReading": "computed from a clock",
}


def public_classes():
    """Every public attrs class, by name."""
    found = {}
    for room in ROOMS:
        try:
            module = importlib.import_module(f"revops_core.{room}")
        except ImportError:  # a room with an extra that is not installed
            continue
        held = {name: getattr(module, name) for name in module.__all__}
        found |= {name: cls for name, cls in held.items() if isinstance(cls, type) and attrs.has(cls)}
    return found


def roots() -> Iterator[object]:
    """Definitions, records, facts and results; what they hold is found in them."""
    eur, at = ro.Money("1234.50", "EUR"), datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
    company, deal = sample_company(60), ro.each(ro.Opportunity)
    rows, as_of = company_rows()
    yield from (rows, vars_of(company), eur, ro.Interval(at, at + timedelta(hours=8)), ro.Undefined("censored"))
    yield ro.ExchangeRates([(date(2026, 3, 2), "EUR", "USD", Decimal("1.08"))])
    yield ro.Period.quarter(2026, 1, tz="Europe/Berlin")
    yield ro.KaplanMeier.of([(timedelta(days=90), True), (timedelta(days=200), False)])
    yield kpis.win_rate.of(4238, 6711).ci()
    yield ro.Rule("worth_it", deal.amount >= ro.Money(5000, "EUR"), "Below 5,000 EUR, use the shop.")
    large = ro.Rule("large", ro.each(ro.Account).employee_count > 50, "Too small.")
    yield entities.IdealCustomerProfile(name="mid-market", criteria=[large])
    yield entities.ForecastSnapshot(
        amount=eur, starts_on=date(2026, 1, 1), ends_on=date(2026, 4, 1), at=at, category="commit", owner_id="u1"
    )
    yield ro.Problem(subject="Opportunity", subject_id="o1", code="late", says="It is late.")
    yield kpis.Charge(subscription_id="s1", on=date(2026, 3, 31), amount=eur)
    yield charts.Chart({"mark": "bar"}, ro.Table(["channel", "leads"], [["web", 7]], title="Leads"))
    yield entities.Merged(subject="Account", subject_id="a1", duplicate_id="a9", at=at)
    yield from (
        stages.LEAD,
        stages.OPPORTUNITY,
        stages.TICKET,
        sla.REVENUE_OPERATIONS,
        kpis.CATALOGUE,
        kpis.scorecard("sales"),
    )
    yield stages.OPPORTUNITY.decide(ro.Opportunity(id="o1", stage="qualification"), "proposal", at=at)
    yield stages.Corrected(subject_id="o1", replaces="m1", at=at, reason="entered twice")
    yield (stages.Transition("trial", "won"), entities.Pause(starts_on=date(2026, 7, 1)))
    old = stages.Pipeline("trial", ("a", stages.Stage("bought", "won")))
    new = stages.Pipeline("trial", ("b", stages.Stage("bought", "won")), version=2)
    yield stages.Migration(old, new, {"a": "b"})
    yield calendars.BusinessCalendar(
        "Mo-Fr 09:00-12:30,13:30-18:00", tz="Europe/Berlin", holidays=[date(2026, 12, 25)],
        overrides={date(2026, 12, 24): "09:00-12:00"},
    )  # fmt: skip
    yield calendars.HolidayRule.fixed(1, 1)
    yield calendars.OpeningHours.parse("Mo-Fr 09:00-17:00; PH off")
    yield from results(company, rows, as_of)


def results(company, rows, as_of) -> Iterator[object]:
    """What functions answer."""
    deals = company.opportunities
    moves = [move for move in company.moves if move.pipeline == stages.OPPORTUNITY.name]
    log = stages.StageLog.of(moves)
    journey = stages.Journey.of([move for move in moves if move.subject_id == moves[0].subject_id])
    yield from (log.funnel(stages.OPPORTUNITY, cohort="all"), log.bottlenecks(), log.rework(), log.flow())
    yield from (log.fates(stages.OPPORTUNITY), log.conformance(stages.OPPORTUNITY), journey.stays)
    yield from (journey.time_in_stage(as_of=as_of), journey.deviations(stages.OPPORTUNITY))
    yield from (journey, log)
    yield (stages.Deviation("won", "new", "terminal", 1, ("o1",)), stages.Rework("new", 3, 1, 2))
    yield stages.Waterfall(ro.Money(9, "EUR"), ro.Money(6, "EUR"), {"won": ro.Money(-3, "EUR")}, {"won": 1}, 0)
    lead = ro.Lead(id="l1", first_name="Ada", last_name="L", email="a@x.example", company="X", name_verified=True,
                   email_verified=True, company_verified=True, outcome="qualified")  # fmt: skip
    yield entities.convert_lead(lead, at=as_of)
    yield entities.convert_opportunity(ro.Opportunity(id="o1", account_id="a1", outcome="won"), at=as_of)
    policy = attrs.evolve(sla.REVENUE_OPERATIONS, calendar=company.office)
    clocks = [
        policy.clock(t.id, company.clock_events[t.id], request=t.request, priority=t.priority) for t in company.tickets
    ]
    readings = [clock.read(as_of) for clock in clocks]
    yield from (clocks, readings, [cycle.segments for reading in readings for cycle in reading.cycles])
    yield from (sla.read_many(clocks, as_of), policy.explain(priority="high"), sla.BusinessDays(3))
    table = kpis.measure(deals, [kpis.win_rate, kpis.bookings], by="lead_source", over=QUARTERS, as_of=as_of)
    yield (table, table.measurement(kpis.win_rate), table.table())
    yield kpis.measure(deals, kpis.bookings, over=QUARTERS).changes(kpis.bookings)
    yield kpis.scorecard("sales").with_targets({"win_rate": Decimal("0.4")})
    ledger = kpis.RevenueLedger.of(company.subscriptions, as_of=as_of)
    yield from (ledger, ledger.bridges(QUARTERS), ledger.movements(QUARTERS[-1]), kpis.cohorts(ledger, QUARTERS))
    yield kpis.compare_ledgers(ledger, ledger, QUARTERS[-1])
    yield kpis.forecast_revenue(ledger, ro.Period.year(2026).quarters()[:1], renewal_rate=Decimal("0.9"))
    yield kpis.explain(kpis.deals_won, deals, before=QUARTERS[0], after=QUARTERS[1], by="lead_source")


def vars_of(value: object) -> dict[str, object]:
    """The attributes of a value that has no plain form itself."""
    return {field.name: getattr(value, field.name) for field in attrs.fields(type(value))}


def values_in(value: object) -> Iterator[object]:
    """`value` and every value of ours that it holds."""
    if isinstance(value, Mapping):
        for item in value.values():
            yield from values_in(item)
    elif isinstance(value, list | tuple | set | frozenset):
        for item in value:
            yield from values_in(item)
    elif attrs.has(type(value)) and type(value).__module__.startswith("revops_core."):
        yield value
        yield from values_in([getattr(value, field.name) for field in attrs.fields(type(value))])


@cache
def values():
    """Of every public class the value that says most and is short enough to be read by a person."""
    best, public = {}, public_classes()
    for value in (found for root in roots() for found in values_in(root)):
        name = type(value).__name__
        if public.get(name) is not type(value) or name in NOT_PLAIN:
            continue
        size = len(json.dumps(ro.to_plain(value)))
        if size <= LONGEST and size > best.get(name, (0,))[0]:
            best[name] = size, value
    return {name: value for name, (_, value) in sorted(best.items())}


def main():
    plain = {name: ro.to_plain(value) for name, value in values().items()}
    (FOLDER / f"plain_{VERSION}.json").write_text(json.dumps(plain, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
