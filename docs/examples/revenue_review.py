"""A revenue review: what a revenue leader reads on a Monday, from CRM and ticket exports.

    python docs/examples/revenue_review.py                               the sample company, made up in memory
    python docs/examples/revenue_review.py --crm FOLDER                  a CRM export (CSV)
    python docs/examples/revenue_review.py --crm FOLDER --tickets FILE   and the log of a ticket system (CSV, or zipped)

The library neither reads nor prints; this program does both, and everything between is the library. What an export
calls its columns and its values is data, in `CRM_EXPORT` and `TICKET_LOG` below: change those for your own export.
"""

from __future__ import annotations

import argparse
import csv
import io
import sys
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from attrs import evolve, field, frozen

from revops_core import (
    Account,
    Measurement,
    Money,
    Opportunity,
    Period,
    Problem,
    Product,
    Table,
    User,
    calendars,
    entities,
    kpis,
    sla,
    stages,
)
from revops_core.entities import Subscription
from revops_core.errors import RevopsError
from revops_core.testing import sample_company
from revops_core.values.show import show

# --- What an export calls things: data, one entry for each file ------------------------------------------------------

CRM_EXPORT: Mapping[str, Mapping[str, Any]] = {
    "sales_pipeline.csv": {
        "cls": Opportunity,
        "currency": "USD",
        "columns": {
            "id": "opportunity_id",
            "owner_id": "sales_agent",
            "product_id": "product",
            "account_id": "account",
            "stage": "deal_stage",
            "outcome": "deal_stage",
            "created_on": "engage_date",
            "closed_on": "close_date",
            "amount": "close_value",
        },
        "values": {"outcome": {"Won": "won", "Lost": "lost", "Engaging": "open", "Prospecting": "open"}},
    },
    "accounts.csv": {
        "cls": Account,
        "columns": {
            "id": "account",
            "name": "account",
            "industry": "sector",
            "employee_count": "employees",
            "country": "office_location",
            "parent_id": "subsidiary_of",
        },
        "values": {
            "industry": {name: name for name in (
                "employment", "entertainment", "finance", "marketing", "medical", "retail", "services", "software",
                "technology", "telecommunications",
            )},
            "country": {name: name for name in (
                "Belgium", "Brazil", "China", "Germany", "Italy", "Japan", "Jordan", "Kenya", "Korea", "Norway",
                "Panama", "Philippines", "Poland", "Romania", "United States",
            )},
        },
        "strict": ("industry", "country"),
    },
    "products.csv": {
        "cls": Product,
        "currency": "USD",
        "columns": {"id": "product", "name": "product", "family": "series", "list_price": "sales_price"},
    },
    "sales_teams.csv": {
        "cls": User,
        "columns": {"id": "sales_agent", "name": "sales_agent", "manager_id": "manager", "team_id": "regional_office"},
    },
}  # fmt: skip

CRM_PIPELINE = stages.Pipeline(
    "practice export",
    (
        stages.Stage("Prospecting", stale_after=timedelta(days=30), probability=Decimal("0.1")),
        stages.Stage("Engaging", stale_after=timedelta(days=90), probability=Decimal("0.5")),
        stages.Stage("Won", "won"),
        stages.Stage("Lost", "lost"),
    ),
)

PRODUCT_ALIASES = {"GTXPro": "GTX Pro"}
"""How the pipeline spells what the product list spells otherwise; used for list prices only, and counted."""

_PAUSES = ("Awaiting User Info", "Awaiting Problem", "Awaiting Vendor", "Awaiting Evidence")
_STOPS = ("Resolved", "Closed")

TICKET_LOG: Mapping[str, Any] = {
    "id": "number",
    "state": "incident_state",
    "at": "sys_updated_at",
    "priority": "priority",
    "kept": "made_sla",
    "version": "sys_mod_count",
    "resolved_at": "resolved_at",
    "format": "%d/%m/%Y %H:%M",
    "missing": "?",
    "states": ("New", "Active", *_PAUSES, *_STOPS),
    "pauses": _PAUSES,
    "stops": _STOPS,
}

SERVICE_HOURS = calendars.BusinessCalendar("Mo-Fr 08:00-18:00", tz="UTC", name="service hours")

TICKET_POLICY = sla.SlaPolicy(
    "incidents",
    calendar=SERVICE_HOURS,
    provider="support",
    targets=tuple(
        sla.SlaTarget("resolution", timedelta(hours=hours), when={"priority": priority})
        for priority, hours in (("1 - Critical", 4), ("2 - High", 8), ("3 - Moderate", 24), ("4 - Low", 50))
    ),
    escalation=(
        sla.EscalationTier(1, "support", "team_lead", after_breach=timedelta(0)),
        sla.EscalationTier(2, "team_lead", "service_manager", after_breach=timedelta(hours=10)),
    ),
)
"""What the log would have been promised under office hours; its own verdict is in its column `made_sla`."""


# --- What a review is made of ----------------------------------------------------------------------------------------


class UnreadableExportError(Exception):
    """A file or a column is missing: said in one line, exit status 2."""


@frozen(kw_only=True)
class Material:
    """Everything the review looks at, from wherever it came."""

    title: str
    as_of: datetime
    pipeline: stages.Pipeline
    opportunities: Sequence[Opportunity]
    team_of: Callable[[Any], str]
    entered_on: Callable[[Opportunity], date | None]
    contracts: Sequence[Subscription] = ()
    service: Sequence[Any] = ()
    notices: Counter[str] = field(factory=Counter)
    waiting: Table | None = None
    headlines: Sequence[str] = ()
    problems: Sequence[Problem] = ()
    rows_of: Mapping[str, int] = field(factory=dict)


def with_progress(rows: Iterable[Any], what: str, every: int = 20_000) -> Iterator[Any]:
    """The rows as they are, with a sign of life on long input."""
    for number, row in enumerate(rows, 1):
        if number % every == 0:
            print(f"  {what}: {number:,} rows …", file=sys.stderr, flush=True)
        yield row


def csv_rows(path: Path) -> Iterator[dict[str, str]]:
    """The rows of a CSV file, also of the first one inside a zip file."""
    try:
        if path.suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                name = next(name for name in archive.namelist() if name.endswith(".csv") and "__MACOSX" not in name)
                with archive.open(name) as file:
                    yield from csv.DictReader(io.TextIOWrapper(file, "utf-8-sig", newline=""))
        else:
            with path.open(encoding="utf-8-sig", newline="") as file:
                yield from csv.DictReader(file)
    except (OSError, StopIteration, zipfile.BadZipFile) as error:
        message = f"cannot read {path}: {str(error) or 'no CSV file in it'}"
        raise UnreadableExportError(message) from None


def from_sample(size: int) -> Material:
    """The sample company."""
    company = sample_company(size)
    teams = {user.id: user.team_id or "" for user in company.users}
    policy = evolve(sla.REVENUE_OPERATIONS, calendar=company.office)
    clocks = [
        policy.clock(ticket.id, company.clock_events[ticket.id], request=ticket.request, priority=ticket.priority)
        for ticket in company.tickets
    ]
    sales_moves = [move for move in company.moves if move.pipeline == stages.OPPORTUNITY.name]
    nps = kpis.nps([answer for answer in company.answers if answer.survey == "nps"])
    return Material(
        title="Revenue review of the sample company",
        as_of=company.as_of,
        pipeline=stages.OPPORTUNITY,
        opportunities=company.opportunities,
        team_of=lambda deal: teams.get(deal.owner_id, ""),
        entered_on=lambda deal: deal.stage_entered_at.date() if deal.stage_entered_at else None,
        contracts=company.subscriptions,
        service=sla.outcomes(clocks, company.as_of),
        notices=notices_of(clocks, company.as_of),
        waiting=waiting_of(stages.StageLog.of(sales_moves), company.as_of, "opportunities", stages.OPPORTUNITY),
        headlines=[
            sales_headline(company.opportunities),
            f"{len(company.leads):,} leads, NPS {show(nps.value)}",
        ],
        problems=entities.check(company.records, (*company.conversions, *company.changes, *company.milestones)),
    )


def from_crm(folder: Path, *, list_price: bool) -> Material:
    """A CRM export, read as `CRM_EXPORT` says."""
    held: dict[str, list[Any]] = {}
    problems: list[Problem] = []
    for name, mapping in CRM_EXPORT.items():
        options = dict(mapping)
        cls = options.pop("cls")
        try:
            held[name], found = entities.from_rows(cls, with_progress(csv_rows(folder / name), name), **options)
        except RevopsError as error:
            message = f"cannot use {folder / name}: {error}"
            raise UnreadableExportError(message) from None
        problems += [evolve(problem, says=f"{name}: {problem.says}") for problem in found]
    opportunities, users = held["sales_pipeline.csv"], held["sales_teams.csv"]
    problems += entities.check([record for records in held.values() for record in records])
    problems += stages_missing(opportunities)
    idle = sorted({user.id for user in users} - {deal.owner_id for deal in opportunities})
    problems += [
        Problem(code="owner_without_deals", says="owns no opportunity", subject="User", subject_id=name)
        for name in idle
    ]
    headlines = [sales_headline(opportunities)]
    if list_price:
        prices = {product.id: product.list_price for product in held["products.csv"]}
        renamed = sum(deal.product_id in PRODUCT_ALIASES for deal in opportunities)
        opportunities = [at_list_price(deal, prices) for deal in opportunities]
        headlines.append(
            f"Open deals are valued at list price, as asked; {renamed:,} rows were read by the product aliases."
        )
    teams = {user.id: user.team_id or "" for user in users}
    dates = [day for deal in opportunities for day in (deal.created_on, deal.closed_on) if day]
    return Material(
        title=f"Revenue review of {folder.name}",
        as_of=datetime.combine(max(dates), datetime.min.time(), UTC) + timedelta(days=1),
        pipeline=CRM_PIPELINE,
        opportunities=opportunities,
        team_of=lambda deal: teams.get(deal.owner_id, ""),
        entered_on=lambda deal: deal.created_on,
        headlines=headlines,
        problems=problems,
        rows_of={deal.id: number for number, deal in enumerate(opportunities, 1)},
    )


def sales_headline(opportunities: Sequence[Opportunity]) -> str:
    """The sales in one sentence."""
    rate, of_all = kpis.win_rate(opportunities), kpis.win_rate_of_created(opportunities)
    if not rate.is_defined:
        return f"{len(opportunities):,} opportunities, nothing decided yet"
    won, lost = ([deal for deal in opportunities if deal.outcome == outcome] for outcome in ("won", "lost"))
    cycles = [kpis.sales_cycle_mean_of_decided(deals) for deals in (won, lost)]
    days = [f"{float(cycle):.2f}" if cycle.is_defined else "no" for cycle in cycles]
    bookings, size = kpis.bookings(opportunities), kpis.average_deal_size(opportunities)
    return (
        f"{rate.numerator:,} won of {rate.denominator:,} decided: {float(rate):.4f}, of all {float(of_all):.4f}; "
        f"{show(bookings.value)} won, {show(size.value)} a deal,\n{days[0]} days to win one and {days[1]} to lose one"
    )


def stages_missing(opportunities: Iterable[Opportunity]) -> Iterator[Problem]:
    """Opportunities that do not tell when they were opened."""
    for deal in opportunities:
        if deal.created is None:
            yield Problem(
                code="no_engage_date",
                says="'created_on' is missing",
                subject="Opportunity",
                subject_id=deal.id,
                field="created_on",
            )


def at_list_price(deal: Opportunity, prices: Mapping[str, Money | None]) -> Opportunity:
    """An open deal without an amount, at the list price of its product and the chance that its stage gives."""
    price = prices.get(PRODUCT_ALIASES.get(deal.product_id or "", deal.product_id or ""))
    if deal.outcome != "open" or deal.amount is not None or price is None:
        return deal
    return evolve(deal, amount=price, probability=CRM_PIPELINE.stage(deal.stage or "").probability)


def with_tickets(material: Material, path: Path) -> Material:
    """The same material with the service levels of a ticket log, read as `TICKET_LOG` says."""
    if path.is_dir():
        path = next(
            (each for each in sorted(path.iterdir()) if each.suffix in {".csv", ".zip"}), path / "(no CSV file)"
        )
    log = LogReader()
    for number, row in enumerate(with_progress(csv_rows(path), path.name), 1):
        try:
            log.take(number, row)
        except KeyError as error:
            message = f"cannot use {path}: the log lacks the column {error}; it has {', '.join(row)}"
            raise UnreadableExportError(message) from None
    if not log.rows:
        message = f"cannot use {path}: it has no rows"
        raise UnreadableExportError(message)
    facts = sla.facts_from_rows(
        log.rows, pauses=TICKET_LOG["pauses"], stops=TICKET_LOG["stops"], fields=("priority",), columns={"seq": "seq"}
    )
    clocks = [TICKET_POLICY.clock(ticket, events) for ticket, events in with_progress(facts.items(), "clocks")]
    as_of = max(row["at"] for row in log.rows)
    stage_log = stages.StageLog.of((row["id"], row["state"], row["at"]) for row in log.rows)
    return evolve(
        material,
        service=list(log.verdicts.values()),
        notices=notices_of(clocks, as_of),
        waiting=waiting_of(stage_log, as_of, "tickets"),
        problems=[*material.problems, *log.problems, *log.unresolved()],
        headlines=[*material.headlines, log.headline()],
    )


class LogReader:
    """One pass over the rows of a ticket log, in the order of the file."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.verdicts: dict[str, dict[str, Any]] = {}
        self.problems: list[Problem] = []
        self.last: dict[str, tuple[str, str, bool]] = {}
        self.steps: Counter[tuple[str, str]] = Counter()
        self.reopened: set[str] = set()
        self.reprioritised: set[str] = set()
        self.seen: set[tuple[str, str]] = set()

    def take(self, number: int, row: Mapping[str, str]) -> None:
        """One row; what is odd about it becomes a problem, and it is read all the same where it has an instant."""
        log, ticket = TICKET_LOG, row[TICKET_LOG["id"]]
        state, priority, version = row[log["state"]], row[log["priority"]], (ticket, row[log["version"]])
        resolved = row[log["resolved_at"]] != log["missing"]
        verdict = {"target": log["kept"], "kept": row[log["kept"]] == "true", "priority": priority}
        try:
            at = datetime.strptime(row[log["at"]], log["format"]).replace(tzinfo=UTC)
        except ValueError:
            self.problem("unreadable_instant", f"{log['at']!r} is no instant (got {row[log['at']]!r})", ticket, number)
            return
        if version in self.seen:
            self.problem(
                "repeated_row", f"{log['version']} {version[1]} occurs twice; both rows were read", ticket, number
            )
        if state not in log["states"]:
            self.problem("unknown_state", f"the state {state!r} is not known; read as work", ticket, number)
        self.seen.add(version)
        state_before, priority_before, _ = self.last.get(ticket, ("", priority, False))
        self.steps[state_before, state] += 1
        if state_before in log["stops"] and state not in log["stops"]:
            self.reopened.add(ticket)
        if priority != priority_before:
            self.reprioritised.add(ticket)
        self.last[ticket] = (state, priority, resolved)
        self.verdicts[ticket] = verdict
        self.rows.append({"id": ticket, "state": state, "priority": priority, "at": at, "seq": number})

    def problem(self, code: str, says: str, ticket: str, row: int | None = None) -> None:
        """Note a problem of one ticket."""
        self.problems.append(Problem(code=code, says=says, subject="Ticket", subject_id=ticket, row=row))

    def unresolved(self) -> Iterator[Problem]:
        """Tickets whose last row does not tell when they were resolved."""
        for ticket, (_, _, resolved) in self.last.items():
            if not resolved:
                yield Problem(
                    code="no_resolved_at", says="never tells when it was resolved", subject="Ticket", subject_id=ticket
                )

    def headline(self) -> str:
        """What the log holds, counted in the order of the file."""
        resolved, closed = TICKET_LOG["stops"]
        return (
            f"{len(self.rows):,} events of {len(self.last):,} tickets: {len(self.reopened):,} reopened, "
            f"{len(self.reprioritised):,} with another priority;\n"
            f"{resolved} to {closed} {self.steps[resolved, closed]:,} times in the order of the file"
        )


def notices_of(clocks: Iterable[sla.Clock], as_of: datetime) -> Counter[str]:
    """How many escalations each tier would have seen by then."""
    tiers: Counter[str] = Counter()
    for clock in clocks:
        for notice in clock.read(as_of).escalations:
            tiers[f"tier {notice.tier}: to {notice.to.replace('_', ' ')}"] += 1
    return tiers


def waiting_of(log: stages.StageLog, as_of: datetime, what: str, pipeline: stages.Pipeline | None = None) -> Table:
    """Where the time goes: the stages with the largest total waiting."""
    lines = [
        [waiting.stage, waiting.n, waiting.total, waiting.median, waiting.p90]
        for waiting in log.bottlenecks(pipeline, as_of=as_of)[:6]
    ]
    return Table(["stage", "stays", "in total", "median", "9 of 10 within"], lines, title=f"Where {what} wait")


# --- The sections ----------------------------------------------------------------------------------------------------


def pipeline_section(material: Material) -> Table:
    """Open opportunities by stage, with their value where the records have amounts."""
    open_deals = [deal for deal in material.opportunities if deal.outcome == "open"]
    found = kpis.measure(open_deals, [kpis.open_opportunities, kpis.open_pipeline, kpis.weighted_pipeline], by="stage")
    lines, keys = [], found.keys()
    for stage in material.pipeline.stages:
        if stage.is_open and (stage.name,) in keys:
            segment = {"stage": stage.name}
            lines.append([stage.name, *(shown(found.measurement(kpi, segment=segment)) for kpi in found.kpis)])
    lines.append(["all", *(shown(found.measurement(kpi)) for kpi in found.kpis)])
    return Table(["stage", "deals", "amount", "weighted"], lines, title="Open pipeline by stage")


def shown(found: Measurement) -> Any:
    """The value; where it is undefined, the reason with the number of records."""
    return found.value if found.is_defined else f"undefined: {found.value.reason}, {found.n:,} records"  # type: ignore[union-attr]


SALES = (kpis.win_rate, kpis.win_rate_of_created, kpis.bookings, kpis.average_deal_size, kpis.sales_cycle_mean)


def sales_section(material: Material) -> Iterator[Table]:
    """Win rate, deal size and cycle by team, and by quarter."""
    by_team = kpis.measure(material.opportunities, SALES, by={"team": material.team_of}).table()
    yield evolve(by_team, title="Sales by team")
    days = [deal.closed for deal in material.opportunities if deal.closed is not None]
    if days:
        first, last = (Period.containing(day, "quarter") for day in (min(days, key=str), max(days, key=str)))
        quarters = Period.between(first.start_on, last.end_on).quarters()
        measured = [kpi for kpi in SALES if kpi is not kpis.win_rate_of_created]
        by_quarter = kpis.measure(material.opportunities, measured, over=quarters, as_of=material.as_of).table()
        yield evolve(by_quarter, title="Sales by quarter of closing")


RETENTION = (kpis.nrr, kpis.grr, kpis.customer_churn_rate, kpis.quick_ratio, kpis.arpa)


def revenue_section(material: Material) -> Iterator[Table]:
    """The bridge of the last four quarters, retention over them, cohorts, and what lies ahead."""
    if not material.contracts:
        return
    ledger = kpis.RevenueLedger.of(material.contracts, as_of=material.as_of)
    last = Period.containing(material.as_of, "quarter").previous()
    year = Period.between(last.next().start_on.replace(year=last.next().start_on.year - 1), last.end_on)
    quarters = year.quarters()
    yield kpis.bridge_table(ledger.bridges(quarters))
    found = kpis.measure(ledger.changes(year), RETENTION, over=year, as_of=material.as_of)
    lines = [[one.name, show(one.value, one.unit)] for one in found.measurements()]
    yield Table(["retention", "last four quarters"], lines)
    yield kpis.cohorts(ledger, quarters).triangle("revenue")
    due = kpis.renewal_rate(kpis.renewals(material.contracts, year, as_of=material.as_of))
    if isinstance(due.value, Fraction):
        ahead = [last.next(), last.next().next()]
        yield kpis.forecast_revenue(ledger, ahead, renewal_rate=due.value, opportunities=material.opportunities).table()


def stale_section(material: Material) -> Table:
    """Open opportunities that have been in their stage for longer than the pipeline allows."""
    today, lines = material.as_of.date(), []
    for stage in material.pipeline.stages:
        deals = [deal for deal in material.opportunities if deal.outcome == "open" and deal.stage == stage.name]
        entered = [day for deal in deals if (day := material.entered_on(deal)) is not None]
        if stage.stale_after is not None and deals:
            stale = [day for day in entered if today - day > stage.stale_after]
            lines.append([stage.name, stage.stale_after, len(deals), len(stale), len(deals) - len(entered)])
    return Table(["stage", "stale after", "open", "stale", "entry unknown"], lines, title="Stale opportunities")


def service_section(material: Material) -> Iterator[Table]:
    """Compliance by priority, where the time goes, and who would have heard of it."""
    if material.service:
        priority = lambda row: row["priority"] if isinstance(row, dict) else row.request.get("priority", "")  # noqa: E731
        found = kpis.measure(material.service, [kpis.sla_compliance], by={"priority": priority})
        lines = []
        for key in [*found.keys(), None]:
            one = found.measurement(kpis.sla_compliance, segment={"priority": key[0]} if key else None)
            lines.append([key[0] if key else "all", one.numerator, one.denominator, one.value])
        yield Table(["priority", "kept", "decided", "compliance"], lines, title="Service levels by priority")
    if material.waiting is not None:
        yield material.waiting
    if material.notices:
        lines = [[tier, count] for tier, count in sorted(material.notices.items())]
        yield Table(["escalation in service hours", "times"], lines, title="Escalations that would have fired")


def problems_section(material: Material) -> Table:
    """The most frequent problems of the data, with where they are."""
    kinds: dict[tuple[str, str], list[Problem]] = {}
    for problem in material.problems:
        kinds.setdefault(
            (problem.code, f"{problem.subject}.{problem.field}" if problem.field else problem.subject), []
        ).append(problem)
    lines = []
    for (code, place), found in sorted(kinds.items(), key=lambda kind: -len(kind[1]))[:12]:
        rows = [row for one in found if (row := one.row or material.rows_of.get(one.subject_id or "")) is not None]
        where = f"rows {', '.join(map(str, rows[:4]))}{' …' if len(rows) > 4 else ''}" if rows else str(found[0])
        lines.append([code, place, len(found), where])
    return Table(["problem", "in", "times", "where"], lines, title="Top problems in the data")


def review(material: Material) -> Iterator[str]:
    """The whole review as text, section by section."""
    yield f"{material.title}, seen from {material.as_of:%Y-%m-%d}"
    yield "\n".join(material.headlines)
    yield str(pipeline_section(material))
    yield from map(str, sales_section(material))
    yield from map(str, revenue_section(material))
    yield str(stale_section(material))
    yield from map(str, service_section(material))
    yield str(problems_section(material)) if material.problems else "No problems in the data."


def main(arguments: Sequence[str] | None = None) -> int:
    """Read, review, print."""
    parser = argparse.ArgumentParser(description="A revenue review from a CRM export and a ticket log.")
    parser.add_argument("--crm", type=Path, help="folder with the CSV files that CRM_EXPORT names")
    parser.add_argument("--tickets", type=Path, help="ticket log: a CSV file, a zip with one, or a folder with either")
    parser.add_argument("--list-price", action="store_true", help="value open deals without an amount at list price")
    parser.add_argument("--leads", type=int, default=1000, help="size of the sample company (default: 1000)")
    options = parser.parse_args(arguments)
    try:
        material = from_crm(options.crm, list_price=options.list_price) if options.crm else from_sample(options.leads)
        if options.tickets:
            material = with_tickets(material, options.tickets)
    except (UnreadableExportError, RevopsError) as error:
        print(error, file=sys.stderr)
        return 2
    print("\n\n".join(filter(None, review(material))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
