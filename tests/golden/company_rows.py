"""The rows that each KPI of the catalogue reads, from the sample company; what it does not tell is told here, by rule.

    python -m tests.golden.company_rows

writes `kpi_values.json` anew. Numbers are API: a changed value is a changed definition, and belongs under "Changed
numbers" of the change log.
"""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path

from attrs import evolve

from revops_core import kpis, sla, stages
from revops_core.entities.engagement import Activity, Answer, Usage, Visit
from revops_core.entities.facts import Advocacy, AutomationRun, ForecastSnapshot, Handoff, Score
from revops_core.testing import sample_company
from revops_core.values.measurement import Undefined
from revops_core.values.money import Money
from revops_core.values.period import Period

QUARTERS = Period.year(2025).quarters()
VALUES = Path(__file__).parent / "kpi_values.json"
WITH_A_PARAMETER = (  # what the catalogue holds with a parameter of its own, such as `activation_rate(30)`, is not here
    kpis.cac_paid("paid_search"),
    kpis.cac_payback(Decimal("0.8")),
    kpis.cltv(Decimal("0.8")),
    kpis.cltv_historic(5),
    kpis.cltv_of_contract(12),
    kpis.customer_churn_rate_rolling(),
    kpis.early_churn_rate(90, "start"),
    kpis.grr_over(3),
    kpis.ltv_to_cac(Decimal("0.8")),
    kpis.nrr_over(3),
    kpis.nrr_trailing_average(),
)
GOLDEN_KPIS = (*kpis.CATALOGUE, *WITH_A_PARAMETER)


@cache
def company_rows():
    """By the name of the class, every row that KPIs read of a company of 400 leads."""
    company = sample_company(400)
    team_of = {user.id: user.team_id for user in company.users}
    customers = [deal.account_id for deal in company.deals]
    sales_moves = [move for move in company.moves if move.pipeline == stages.OPPORTUNITY.name]
    policy = evolve(sla.REVENUE_OPERATIONS, calendar=company.office)
    clocks = [
        policy.clock(ticket.id, company.clock_events[ticket.id], request=ticket.request, priority=ticket.priority)
        for ticket in company.tickets
    ]
    notices = [notice for clock in clocks for cycle in clock.read(company.as_of).cycles for notice in cycle.escalations]
    facts = [*sales_moves, *company.changes]
    rows = {
        "Lead": company.leads,
        "Opportunity": company.opportunities,
        "Deal": company.deals,
        "Spend": company.spend,
        "Quota": company.quotas,
        "Answer": [*company.answers, *told_answers(company)],
        "Ticket": company.tickets,
        "User": company.users,
        "Touch": company.touches,
        "Converted": company.conversions,
        "Outcome": sla.outcomes(clocks, company.as_of),
        "Notice": notices,
        "Activity": [*company.activities, *told_work(company)],
        "Visit": [
            Visit(visitor_id=f"visitor-{number % 90}", at=touch.at) for number, touch in enumerate(company.touches)
        ],
        "Usage": told_usage(company),
        "Score": told_scores(company),
        "Handoff": told_handoffs(company),
        "AutomationRun": [
            AutomationRun(process="lead_assignment", at=lead.created_at, manual_time=timedelta(minutes=4))
            for lead in company.leads
        ],
        "LeadProgress": kpis.lead_progress(
            company.leads,
            company.moves,
            opportunities=company.opportunities,
            activities=company.activities,
            calendar=company.office,
        ),
        "StageVisit": kpis.stage_visits(sales_moves, stages.OPPORTUNITY, calendar=company.office),
        "Credit": kpis.attribute(company.opportunities, company.touches, "position_based"),
        "CustomerStart": kpis.customer_starts(company.milestones, company.deals, names={"activated": "first_value"}),
        "QuotaProgress": kpis.quota_progress(
            company.quotas,
            company.opportunities,
            as_of=company.as_of,
            owner_of=lambda deal: team_of.get(deal.owner_id),
        ),
        "Availability": [
            sla.availability(
                [(month.start, month.start + timedelta(minutes=7 * month.start_on.month))],
                month,
                objective=Decimal("0.999"),
            )
            for quarter in QUARTERS
            for month in quarter.months()
        ],
        "ForecastResult": kpis.forecast_results(told_forecasts(company), company.opportunities),
        "OpportunityInPeriod": [
            row
            for quarter in QUARTERS
            for row in kpis.opportunities_in_period(
                company.opportunities,
                facts,
                quarter,
                as_of=company.as_of,
                qualified_stages=("proposal", "negotiation", "won"),
                chances={"qualification": Decimal("0.2"), "proposal": Decimal("0.3"), "negotiation": Decimal("0.5")},
            )
        ],
    }
    usage = rows["Usage"]
    targets = [account.id for account in company.accounts if account.is_target]
    touched = [activity for activity in company.activities if activity.subject == "Opportunity"]
    account_of = {deal.id: deal.account_id for deal in company.opportunities}
    worked = [evolve(activity, account_id=account_of[activity.subject_id]) for activity in touched]
    rows["SubjectActivity"] = [
        row
        for quarter in QUARTERS
        for row in (
            *kpis.subject_activity(usage, quarter, subject="account", among=customers, features=("reports",)),
            *kpis.subject_activity(
                usage, quarter, subject="user", among=[f"{account}-1" for account in customers], by="user_id"
            ),
            *kpis.subject_activity(worked, quarter, subject="target_account", among=targets),
        )
    ]
    ledger = kpis.RevenueLedger.of(company.subscriptions, as_of=company.as_of)
    onboarded = {
        start.account_id: start.completed_at.date() for start in rows["CustomerStart"] if start.completed_at is not None
    }
    rows |= {
        "RevenueChange": ledger.changes(*QUARTERS, channels=came_from(company)),
        "Bridge": ledger.bridges(QUARTERS),
        "Renewal": kpis.renewals(
            company.subscriptions, *QUARTERS, as_of=company.as_of, opportunities=company.opportunities
        ),
        "Commitment": kpis.commitments(ledger, company.as_of),
        "CustomerLife": kpis.customer_lives(ledger, onboarded),
        "FinancialPeriod": told_finances(ledger),
        "Advocacy": [
            Advocacy(kind="review", account_id=deal.account_id, at=deal.closed_at + timedelta(days=90))
            for deal in company.deals[::5]
        ],
    }
    rows["Comparison"] = [
        row
        for quarter in QUARTERS
        for kpi in (kpis.bookings, kpis.mql_volume, kpis.sales_velocity)
        for row in kpis.beside_previous(kpi, rows[kpi.populations[0]], quarter, as_of=company.as_of)
    ]
    return rows, company.as_of


def came_from(company):
    """Which channel each account came from."""
    return {sale.account_id: sale.lead_source for sale in company.opportunities}


def told_finances(ledger):
    """Revenue as the ledger has it, and round shares of it for the rest."""
    quarterly = [ledger.revenue_at(quarter.start_on) / 4 for quarter in (QUARTERS[0].previous(), *QUARTERS)]
    return [
        kpis.FinancialPeriod(
            on=quarter.end_on - timedelta(days=1), revenue=revenue.rounded(), previous_revenue=before.rounded(),
            cost_of_revenue=(revenue / 5).rounded(), operating_income=(revenue / 10).rounded(),
            net_burn=Money(9_000, "EUR"), contracted=revenue.rounded(),
            billed=(revenue * Decimal("0.98")).rounded(), uncollected=(revenue / 100).rounded(),
        )
        for quarter, before, revenue in zip(QUARTERS, quarterly, quarterly[1:], strict=False)
    ]  # fmt: skip


def told_answers(company):
    return [
        Answer(survey="ces", score=1 + number % 7, at=ticket.resolved_at)
        for number, ticket in enumerate(company.tickets)
        if ticket.resolved_at
    ]


def told_work(company):
    return [
        Activity(kind=("data_entry", "report")[number % 2], subject="Lead", subject_id=lead.id, at=lead.created_at,
                 duration_time=timedelta(minutes=1 + number % 13))
        for number, lead in enumerate(company.leads)
    ]  # fmt: skip


def told_usage(company):
    """The customers use the product every 2 to 11 days, every third time for a report."""
    return [
        Usage(account_id=deal.account_id, user_id=f"{deal.account_id}-{day % 2}", count=1 + day % 3,
              feature="reports" if day % 3 == 0 else None, at=deal.closed_at + timedelta(days=day))
        for number, deal in enumerate(company.deals)
        for day in range(0, (company.as_of - deal.closed_at).days, 2 + number % 10)
    ]  # fmt: skip


def told_scores(company):
    leads = [Score(subject="Lead", subject_id=lead.id, name="lead_score", value=number % 101, at=lead.created_at)
             for number, lead in enumerate(company.leads)]  # fmt: skip
    components = [
        Score(subject="Account", subject_id=deal.account_id, name=name, value=(number * weight) % 101, weight=weight,
              at=quarter.start)
        for quarter in QUARTERS
        for number, deal in enumerate(company.deals)
        for name, weight in (("usage", 3), ("support", 1))
    ]  # fmt: skip
    quality = [
        Score(subject="Lead", subject_id="all", name=name, value=Decimal(90 - weight) / 100, weight=weight, at=q.start)
        for q in QUARTERS
        for name, weight in (("accuracy", 1), ("completeness", 2), ("consistency", 1))
    ]
    return [*leads, *components, *quality]


def told_handoffs(company):
    return [
        Handoff(subject="Lead", subject_id=move.subject_id, at=move.at, from_team="marketing", to_team="sales",
                accepted_at=move.at + timedelta(hours=1 + number % 40) if number % 5 else None,
                is_automatic=number % 7 == 0)
        for number, move in enumerate(company.moves)
        if move.target == "marketing_qualified"
    ]  # fmt: skip


def told_forecasts(company):
    return [
        ForecastSnapshot(amount=Money(40_000 + 25_000 * number, "EUR"), starts_on=quarter.start_on,
                         ends_on=quarter.end_on, at=quarter.start)
        for number, quarter in enumerate(QUARTERS)
    ]  # fmt: skip


def measured(kpi):
    """The KPI in each quarter of 2025, as text: the value, or the reason why there is none, and n."""
    rows, as_of = company_rows()
    names = kpi.populations
    chosen = rows[names[0]] if len(names) == 1 else {name: rows[name] for name in names}
    table = kpis.measure(chosen, [kpi], over=QUARTERS, as_of=as_of)
    return [written(table.measurement(kpi, period=quarter)) for quarter in QUARTERS]


def written(found):
    value = found.value
    return f"{value.reason if isinstance(value, Undefined) else value} ({found.n})"


def main():
    values = {kpi.name: measured(kpi) for kpi in GOLDEN_KPIS}
    VALUES.write_text(json.dumps(values, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
