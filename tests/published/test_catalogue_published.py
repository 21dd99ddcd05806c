"""Worked numbers that sources print for KPIs of the catalogue, each with its address.

    python -m tests.published.test_catalogue_published

prints how many KPIs have a published example and how many a derived one.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from revops_core import kpis
from revops_core.entities.engagement import Touch
from revops_core.entities.facts import Handoff, Quota, Score, Spend
from revops_core.entities.opportunity import Opportunity
from revops_core.sla import availability
from revops_core.values.interval import Interval
from revops_core.values.money import Money
from revops_core.values.period import Period

JUNE = Period.month(2026, 6)
START, END = date(2026, 6, 1), date(2026, 7, 1)
FIRST = datetime(2026, 6, 1, tzinfo=UTC)
FORECASTS = [
    kpis.ForecastResult(starts_on=START, ends_on=END, forecast=Money(950, "USD"), actual=Money(1000, "USD")),
    kpis.ForecastResult(starts_on=START, ends_on=END, forecast=Money(25, "USD"), actual=Money(10, "USD")),
]


def usd(amount):
    return Money(amount, "USD")


def velocity():
    """40 opportunities, of which a quarter are won at 25,000 each after 90 days."""
    return [
        Opportunity(id=str(n), outcome="won" if n < 10 else "lost", amount=usd(25_000), created_on=START,
                    closed_on=START + timedelta(days=90))
        for n in range(40)
    ]  # fmt: skip


def slipping():
    return [
        kpis.OpportunityInPeriod(id=str(n), starts_on=START, was_due=True, is_won=n < 4, is_slipped=n >= 4)
        for n in range(10)
    ]


def health():
    """Two of the four components are means of metrics themselves."""
    parts = [(83, 7), (Decimal(76 + 65) / 2, 5), (round(Decimal(81 + 65 + 90) / 3, 20), 8), (54, 3)]
    return [
        Score(subject="Account", subject_id="a", name=str(n), value=value, weight=weight, at=FIRST)
        for n, (value, weight) in enumerate(parts)
    ]


def channels():
    names = ("LinkedIn Ad", "Whitepaper", "Webinar", "Demo Request")
    touches = [
        Touch(subject="Lead", subject_id="1", channel=name, at=FIRST + timedelta(days=day))
        for name, day in zip(names, (0, 9, 24, 39), strict=True)
    ]
    won = Opportunity(id="1", lead_id="1", outcome="won", amount=usd(100), closed_at=FIRST + timedelta(days=44))
    shares = kpis.attribute([won], touches, "position_based")
    table = kpis.measure(shares, [kpis.attributed_bookings], by="channel")
    return [table.measurement(kpis.attributed_bookings, segment={"channel": name}).value for name in names]


def coverage(pipeline, quota):
    deals = [Opportunity(id="1", owner_id="1", amount=usd(pipeline), close_date=START)]
    quotas = [Quota(owner_id="1", amount=usd(quota), starts_on=START, ends_on=END)]
    return kpis.pipeline_coverage(kpis.quota_progress(quotas, deals), period=JUNE)


def progress(quota, won, still_open, weighted):
    return [
        kpis.QuotaProgress(owner_id="1", starts_on=START, ends_on=END, quota=usd(quota), won=usd(won),
                           open=usd(still_open), weighted=usd(weighted))
    ]  # fmt: skip


def growing(before, after):
    return [kpis.Comparison(kpi="mql_volume", starts_on=START, before=before, after=after)]


def month_down(hours):
    outage = Interval(FIRST, FIRST + timedelta(hours=hours))
    return [availability([outage], JUNE, objective=Decimal("0.999"))]


PUBLISHED = [
    (
        "forecast_mape",
        "https://www.forecaststudio.com.mx/blog/forecast-accuracy-metrics",
        lambda: kpis.forecast_mape(FORECASTS).value,
        Fraction(775, 1000),
    ),
    (
        "forecast_wape",
        "https://www.forecaststudio.com.mx/blog/forecast-accuracy-metrics",
        lambda: round(kpis.forecast_wape(FORECASTS).value, 3),
        Fraction(64, 1000),
    ),
    (
        "pipeline_coverage",
        "https://contextawareanalytics.com/metrics-governance/how-to-calculate-pipeline-coverage",
        lambda: coverage(7_500_000, 2_000_000).value,
        Fraction(375, 100),
    ),
    (
        "pipeline_coverage",
        "https://www.calclet.com/tools/sales-pipeline-coverage-ratio-calculator",
        lambda: coverage(2_400_000, 800_000).value,
        Fraction(3),
    ),
    (
        "pipeline_coverage_of_remaining",
        "https://winsabove.pages.dev/glossary/pipeline-coverage-ratio",
        lambda: kpis.pipeline_coverage_of_remaining(progress(2_000_000, 400_000, 4_800_000, 0)).value,
        Fraction(3),
    ),
    (
        "pipeline_coverage_weighted",
        "https://optif.ai/learn/questions/pipeline-coverage-ratio-calculation",
        lambda: kpis.pipeline_coverage_weighted(progress(100_000, 0, 500_000, 125_000)).value,
        Fraction(125, 100),
    ),
    (
        "sales_velocity",
        "https://www.mavenlb.com/blog/sales-velocity-formula",
        lambda: kpis.sales_velocity(velocity()).value.rounded(0, "ROUND_DOWN"),
        usd(2777),
    ),
    (
        "lead_velocity_rate",
        "https://www.brainshark.com/ideas-blog/2019/october/lead-velocity-rate",
        lambda: kpis.lead_velocity_rate(growing(100, 120)).value,
        Fraction(20, 100),
    ),
    (
        "lead_velocity_rate",
        "https://calculator.academy/lead-velocity-rate-calculator/",
        lambda: kpis.lead_velocity_rate(growing(40, 50)).value,
        Fraction(25, 100),
    ),
    (
        "quota_attainment",
        "https://www.rekener.com/metrics/how-to-calculate-quota-attainment",
        lambda: kpis.quota_attainment.of(usd(235_000), usd(250_000)).value,
        Fraction(94, 100),
    ),
    (
        "quota_attainment",
        "https://prowi.io/en/glossary/quota-attainment",
        lambda: kpis.quota_attainment.of(usd(42_500 + 55_000), usd(50_000 + 50_000)).value,
        Fraction(975, 1000),
    ),
    (
        "slip_rate",
        "https://www.getchief.com/sales-glossary-terms/slip-rate",
        lambda: kpis.slip_rate(slipping()).value,
        Fraction(60, 100),
    ),
    (
        "stickiness",
        "https://kpiexamples.operately.com/software-product/stickiness-ratio",
        lambda: kpis.stickiness.of(5000 * 30, 20_000 * 30).value,
        Fraction(25, 100),
    ),
    (
        "cost_per_lead",
        "https://mosaic.tech/financial-metrics/cost-per-lead",
        lambda: (
            kpis.cost_per_lead(
                {
                    "Spend": [Spend(on=START, amount=usd(10_000), purpose="marketing")],
                    "Lead": [{"created_at": FIRST}] * 200,
                }
            ).value
        ),
        usd(50),
    ),
    (
        "weighted_pipeline",
        "https://kpiexamples.operately.com/sales/pipeline-forecast-value",
        lambda: (
            kpis.weighted_pipeline(
                [Opportunity(id=str(n), amount=usd(10_000), probability=Decimal("0.6")) for n in range(3)]
            ).value
        ),
        usd(18_000),
    ),
    (
        "onboarding_completion_rate",
        "https://metrickittools.com/glossary/onboarding-completion",
        lambda: kpis.onboarding_completion_rate.of(260, 400).value,
        Fraction(65, 100),
    ),
    (
        "lead_acceptance_rate",
        "https://kpiexamples.operately.com/sales/marketing-qualified-leads-mqls-to-sales-accepted-leads-sals",
        lambda: (
            kpis.lead_acceptance_rate(
                [
                    Handoff(subject="Lead", subject_id=str(n), at=FIRST, accepted_at=FIRST if n < 80 else None)
                    for n in range(100)
                ]
            ).value
        ),
        Fraction(8, 10),
    ),
    (
        "availability_rate",
        "https://vstack.com/glossary/actual-availability/",
        lambda: round(kpis.availability_rate(month_down(6)).value, 4),
        Fraction(9917, 10_000),
    ),
    (
        "availability_rate",
        "https://eu.itglobal.com/glossary/fact-availability/",
        lambda: round(kpis.availability_rate(month_down(3)).value, 4),
        Fraction(9958, 10_000),
    ),
    (
        "health_score",
        "https://support.natero.com/hc/en-us/articles/204446145-Calculation-of-Account-Health-Score",
        lambda: round(kpis.health_score(health()).value),
        75,
    ),
    (
        "attributed_bookings",
        "https://www.mbuzz.co/articles/position-based-attribution",
        channels,
        [usd(40), usd(10), usd(10), usd(40)],
    ),
]


@pytest.mark.parametrize(
    ("name", "address", "measured", "printed"), PUBLISHED, ids=[f"{n} {name}" for n, (name, *_) in enumerate(PUBLISHED)]
)
def test_the_printed_number_comes_out(name, address, measured, printed):
    assert address.startswith("https://")
    assert (measured(), name in {kpi.name for kpi in kpis.CATALOGUE}) == (printed, True)


def main():
    published = {name for name, *_ in PUBLISHED} | {"win_rate", "nps"}  # the last two in test_kpis_published.py
    derived = {kpi.name for kpi in kpis.CATALOGUE}
    print(  # noqa: T201
        f"{len(derived)} KPIs, each with a derived example; {len(published)} with {len(PUBLISHED) + 3} published ones"
    )


if __name__ == "__main__":
    main()
