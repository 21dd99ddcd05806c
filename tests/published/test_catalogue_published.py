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
from revops_core.entities.engagement import Answer, Touch
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
    """The shares of 100 %, as printed with one decimal."""
    names = ("Google ad", "blog post", "email", "video", "retargeting ad")
    touches = [
        Touch(subject="Lead", subject_id="1", channel=name, at=FIRST + timedelta(days=day))
        for day, name in enumerate(names)
    ]
    won = Opportunity(id="1", lead_id="1", outcome="won", amount=usd(100), closed_at=FIRST + timedelta(days=9))
    shares = kpis.attribute([won], touches, "position_based")
    table = kpis.measure(shares, [kpis.attributed_bookings], by="channel")
    found = [table.measurement(kpis.attributed_bookings, segment={"channel": name}).value for name in names]
    return [float(round(share.amount, 1)) for share in found]


def funnel():
    """1,000 leads, of which 300, 120, 80 and 20 reached the next stages."""
    return [
        kpis.LeadProgress(id=str(n), created_at=FIRST, mql_at=FIRST if n < 300 else None,
                          sql_at=FIRST if n < 120 else None, opportunity_at=FIRST if n < 80 else None,
                          won_at=FIRST if n < 20 else None)
        for n in range(1000)
    ]  # fmt: skip


def proposals():
    return [
        kpis.StageVisit(subject_id=str(n), stage="proposal", entered_at=FIRST, exited_at=FIRST, has_advanced=n < 20)
        for n in range(50)
    ]


def closed(*deals, outcome="won"):
    """Opportunities by the days on which they were created and closed."""
    return [
        Opportunity(id=str(n), outcome=outcome, created_on=date(2026, *created), closed_on=date(2026, *on))
        for n, (created, on) in enumerate(deals)
    ]


def won_after(*days):
    return [
        kpis.LeadProgress(id=str(n), created_at=FIRST, won_at=FIRST + timedelta(days=each))
        for n, each in enumerate(days)
    ]


def satisfied(**counts):
    scores = [int(name[-1]) for name, count in counts.items() for _ in range(count)]
    return [Answer(survey="csat", score=score, at=FIRST) for score in scores]


def using_feature(using, eligible):
    return [
        kpis.SubjectActivity(subject="account", subject_id=str(n), starts_on=START, day_count=30, feature="workflows",
                             active_day_count=1 if n < using else 0)
        for n in range(eligible)
    ]  # fmt: skip


def signed_and_activated(activated, signed):
    return [
        kpis.CustomerStart(account_id=str(n), signed_at=FIRST, activated_at=FIRST if n < activated else None)
        for n in range(signed)
    ]


def escalated(count, tickets):
    return {
        "Notice": [{"clock_id": str(n), "tier": 1, "at": FIRST} for n in range(count)],
        "Ticket": [{"id": str(n), "created_at": FIRST} for n in range(tickets)],
    }


def sellers(attaining, count):
    return [
        kpis.QuotaProgress(owner_id=str(n), starts_on=START, ends_on=END, quota=usd(100), open=usd(0), weighted=usd(0),
                           won=usd(150 if n < 5 else 100 if n < attaining else 40))
        for n in range(count)
    ]  # fmt: skip


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
        "https://digitalshiftmedia.com/position-based-u-shaped-attribution",
        channels,
        [40, 6.7, 6.7, 6.7, 40],
    ),
    (
        "pipeline_coverage",
        "https://www.rekener.com/resources/metrics/how-to-calculate-pipeline-coverage",
        lambda: coverage(500_000, 125_000).value,
        Fraction(4),
    ),
    (
        "lead_to_mql_rate",
        "https://prowi.io/en/glossary/conversion-rate",
        lambda: kpis.lead_to_mql_rate(funnel()).value,
        Fraction(30, 100),
    ),
    (
        "mql_to_sql_rate",
        "https://prowi.io/en/glossary/conversion-rate",
        lambda: kpis.mql_to_sql_rate(funnel()).value,
        Fraction(40, 100),
    ),
    (
        "sql_to_opportunity_rate",
        "https://prowi.io/en/glossary/conversion-rate",
        lambda: round(kpis.sql_to_opportunity_rate(funnel()).value, 2),
        Fraction(67, 100),
    ),
    (
        "lead_to_customer_rate",
        "https://prowi.io/en/glossary/conversion-rate",
        lambda: kpis.lead_to_customer_rate(funnel()).value,
        Fraction(2, 100),
    ),
    (
        "stage_conversion_rate",
        "https://prowi.io/en/glossary/conversion-rate",
        lambda: kpis.stage_conversion_rate(proposals()).value,
        Fraction(40, 100),
    ),
    (
        "mql_to_sql_rate",
        "https://shno.co/startup-metrics/mql-to-sql-conversion-rate",
        lambda: kpis.mql_to_sql_rate.of(250, 1000).value,
        Fraction(25, 100),
    ),
    (
        "sql_to_opportunity_rate",
        "https://www.getchief.com/sales-glossary-terms/conversion-rate",
        lambda: kpis.sql_to_opportunity_rate.of(60, 200).value,
        Fraction(30, 100),
    ),
    (
        "lead_to_customer_rate",
        "https://calculatorlib.com/lead-to-customer-conversion-calculator",
        lambda: kpis.lead_to_customer_rate.of(96, 1200).value,
        Fraction(8, 100),
    ),
    (
        "lead_qualification_rate",
        "https://taglab.net/marketing-metrics/lead-qualification-rate",
        lambda: (
            kpis.lead_qualification_rate(
                [{"created_at": FIRST, "outcome": "qualified" if n < 50 else "disqualified"} for n in range(200)]
            ).value
        ),
        Fraction(25, 100),
    ),
    (
        "average_deal_size",
        "https://calculatorshub.net/financial-calculators/average-deal-size-calculator/",
        lambda: (
            kpis.average_deal_size(
                [{"outcome": "won", "amount": usd(amount)} for amount in (10_000, 15_000, 7_000, 20_000)]
            ).value
        ),
        usd(13_000),
    ),
    (
        "sales_cycle_mean",
        "https://www.revopsdictionary.com/term/sales-cycle-length",
        lambda: kpis.sales_cycle_mean(closed(((1, 1), (1, 21)), ((1, 1), (2, 10)), ((1, 1), (3, 2)))).value,
        timedelta(days=40),
    ),
    (
        "sales_cycle_mean_of_decided",
        "https://www.usedaymark.io/metrics/sales-cycle-length",
        lambda: (
            kpis.sales_cycle_mean_of_decided(
                closed(((1, 1), (2, 15)), ((1, 10), (3, 5)), ((1, 20), (2, 28)), outcome="lost")
            ).value
        ),
        timedelta(days=46),
    ),
    (
        "sales_cycle_from_lead_mean",
        "https://www.sisense.com/kpi-library/sales-kpis/sales-cycle-length/",
        lambda: kpis.sales_cycle_from_lead_mean(won_after(40, 30, 60, 70)).value,
        timedelta(days=50),
    ),
    (
        "quota_attainers_rate",
        "https://altiorco.com/revops-dictionary/quota-attainment",
        lambda: kpis.quota_attainers_rate(sellers(12, 20)).value,
        Fraction(60, 100),
    ),
    (
        "csat",
        "https://help.delighted.com/article/240-how-is-csat-calculated",
        lambda: round(100 * kpis.csat(satisfied(of_5=42, of_4=32, of_3=10, of_2=9, of_1=14)).value, 2),
        Fraction("69.16"),
    ),
    (
        "csat",
        "https://www.wyapy.com/guides/customer-feedback/how-to-calculate-csat",
        lambda: kpis.csat(satisfied(of_5=120, of_4=40, of_3=20, of_2=10, of_1=10)).value,
        Fraction(80, 100),
    ),
    (
        "feature_adoption_rate",
        "https://www.calclet.com/tools/saas-feature-adoption-rate-calculator",
        lambda: round(100 * kpis.feature_adoption_rate(using_feature(3560, 12_800)).value, 2),
        Fraction("27.81"),
    ),
    (
        "activation_rate_30d",
        "https://www.usedaymark.io/metrics/activation-rate",
        lambda: kpis.activation_rate(30)(signed_and_activated(85, 200)).value,
        Fraction(425, 1000),
    ),
    (
        "escalation_rate",
        "https://calculator.academy/escalation-rate-calculator/",
        lambda: kpis.escalation_rate(escalated(30, 300)).value,
        Fraction(10, 100),
    ),
]


@pytest.mark.parametrize(
    ("name", "address", "measured", "printed"), PUBLISHED, ids=[f"{n} {name}" for n, (name, *_) in enumerate(PUBLISHED)]
)
def test_the_printed_number_comes_out(name, address, measured, printed):
    assert address.startswith("https://")
    assert (measured(), name in {kpi.name for kpi in kpis.CATALOGUE}) == (printed, True)


def counts():
    """How many KPIs there are, how many have a published example, and how many published examples stand here."""
    published = {name for name, *_ in PUBLISHED} | {"win_rate", "nps"}  # the last two in test_kpis_published.py
    return len(kpis.CATALOGUE), len(published), len(PUBLISHED) + 3


def test_the_counts_of_derived_and_published_examples_are_printed(capsys):
    main()
    told = capsys.readouterr().out
    print(told)  # noqa: T201 - read it with `pytest -rP`
    derived, published, examples = counts()
    assert told == f"{derived} KPIs, each with a derived example; {published} with {examples} published ones\n"
    assert derived >= 168
    assert published >= 34
    assert examples >= 44


def main():
    derived, published, examples = counts()
    print(f"{derived} KPIs, each with a derived example; {published} with {examples} published ones")  # noqa: T201


if __name__ == "__main__":
    main()
