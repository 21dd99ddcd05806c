"""Worked numbers that others published for recurring revenue, each with its address; the rest are derived by hand.

A row holds the KPI, the totals that the source gives (amounts of a month times 12, as ours are of a year), what the
source prints, to how many decimals, and where.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from math import floor

import pytest

from revops_core import kpis
from revops_core.values.measurement import Undefined
from revops_core.values.money import Money
from revops_core.values.period import Period


def year(monthly):
    return Money(monthly, "USD") * 12


def usd(amount):
    return Money(amount, "USD")


NONE = usd(0)
PRIME = "https://www.primecalcpro.com/ko/learn/saas-unit-economics-calculator"
METRICKIT = "https://metrickittools.com/guides/nrr-guide"
CONCENTRIX = "https://www.concentrix.com/insights/blog/calculate-renewal-rate/"
PROFITWELL = "https://learn.profitwell.com/l/en/article/sxsipjlziy-saa-s-quick-ratio"
OLUNE = "https://getolune.com/startup-glossary/saas-quick-ratio"
PITCHKIT = "https://pitchkit.net/resources/glossary/quick-ratio"
SUPERCALC = "https://super-calc.com/calculators/saas-quick-ratio-calculator"
GUIDE = "the source document 002, a beginner's guide with metrics"

PUBLISHED = [
    (kpis.nrr_bridge, (year(100), year(15), year(5), year(8)), "1.02", METRICKIT),
    (kpis.grr_bridge, (year(100), year(5), year(8)), "0.87", METRICKIT + " (its inputs, GRR as defined there)"),
    (kpis.nrr, (year(30_000), year(27_000)), "1.11", "https://churnzero.net/churnopedia/net-revenue-retention/"),
    (kpis.quick_ratio, (year(24_000), NONE, NONE, year(4_000)), "6", PROFITWELL),
    (kpis.quick_ratio, (year(30_000), NONE, NONE, year(10_000)), "3", PROFITWELL),
    (kpis.quick_ratio, (year(40_000), NONE, NONE, year(20_000)), "2", PROFITWELL),
    (kpis.quick_ratio, (year(4_000), year(1_000), year(350), year(900)), "4.0", OLUNE),
    (kpis.quick_ratio, (year(20_000), year(8_000), year(3_000), year(5_000)), "3.5", PITCHKIT),
    (kpis.quick_ratio, (year(95_000), year(28_000), year(7_000), year(18_000)), "4.92", SUPERCALC),
    (kpis.quick_ratio, (year(40_000), year(5_000), year(8_000), year(32_000)), "1.13", SUPERCALC),
    (kpis.net_new_arr, (usd(95_000), usd(28_000), NONE, usd(7_000), usd(18_000)), "98000", SUPERCALC),
    (kpis.net_new_arr, (usd(40_000), usd(5_000), NONE, usd(8_000), usd(32_000)), "5000", SUPERCALC),
    (kpis.renewal_rate, (80, 100), "0.8", "https://metrickittools.com/glossary/renewal-rate"),
    (kpis.renewal_rate, (22, 24), "0.92", "https://bigdelta.com/library/metrics/renewal-rate"),
    (kpis.renewal_rate_in_period, (usd(90 - 5 - 3), usd(100)), "0.82", CONCENTRIX),
    (kpis.net_renewal_rate, (usd(90), usd(100)), "0.90", CONCENTRIX + " (the rate it warns of)"),
    (kpis.customer_churn_rate, (500, 10_000), "0.05", "https://recurly.com/blog/better-way-to-calculate-your-churn-rate/"),
    (kpis.cltv_of_contract(12), (year(1_500), 1), "18000", GUIDE),
    (kpis.cltv_of_contract(60), (year(1_500), 1), "90000", GUIDE),
    (kpis.cltv(Decimal("0.80")), (year(50), 1, 3, 100), "1333", PRIME),
    (kpis.cltv(Decimal("0.85")), (year(200), 1, 1, 100), "17000", PRIME),
    (kpis.cltv(Decimal("0.75")), (year(30), 1, 5, 100), "450", PRIME),
    (kpis.cltv(Decimal("0.75")), (year(100), 1, 3, 100), "2500", "https://guidewhale.com/tools/unit-economics"),
    (kpis.ltv_to_cac(Decimal("0.80")), (year(50), 1, 3, 100, usd(500), 1), "2.67", PRIME),
    (kpis.ltv_to_cac(Decimal("0.85")), (year(200), 1, 1, 100, usd(2000), 1), "8.5", PRIME),
    (kpis.ltv_to_cac(Decimal("0.75")), (year(30), 1, 5, 100, usd(1500), 1), "0.30", PRIME),
    (kpis.ltv_to_cac(Decimal("0.75")), (year(100), 1, 3, 100, usd(500), 1), "5.00", "https://guidewhale.com/tools/unit-economics"),
    (kpis.cac_payback(Decimal("0.80")), (usd(500), year(50)), "12.5", PRIME),
    (kpis.cac_payback(Decimal("0.85")), (usd(2000), year(200)), "11.8", PRIME),
    (kpis.cac_payback(Decimal("0.75")), (usd(1500), year(30)), "67", PRIME),
    (kpis.cac_payback_on_revenue, (usd(500), year(50)), "10", "https://purebuild.xyz/blog/unit-economics-magic-number"),
    (kpis.burn_multiple, (usd(80_000), usd(100_000), NONE, NONE, NONE, NONE), "0.80", "https://guidewhale.com/tools/unit-economics"),
    (kpis.magic_number, (usd(5_000), NONE, usd(10_000)), "2", "http://outlier.ai/2016/10/04/advanced-kpis-software-as-a-service-magic-number/"),
    (kpis.magic_number, (usd(480_000), NONE, usd(1_800_000)), "1.07", "https://xlslides.com/free-tools/saas-magic-number-calculator"),
    (kpis.magic_number, (usd(130_000), usd(100_000), usd(120_000)), "1", "https://eastsea-blog.pages.dev/tools/saas-magic-number-calculator/"),
    (kpis.rule_of_40, (usd(155), usd(100), usd("-15.5")), "0.45", "https://pitchkit.net/learn/glossary/rule-of-40"),
    (kpis.rule_of_40, (usd(135), usd(100), usd("13.5")), "0.45", "https://metrickittools.com/glossary/rule-of-40"),
]  # fmt: skip


def printed(value, like):
    """A value as its source prints it."""
    exact = Fraction(value.amount) if isinstance(value, Money) else Fraction(value)
    decimals = -Decimal(like).as_tuple().exponent
    return floor(exact * 10**decimals + Fraction(1, 2)), int(Decimal(like).scaleb(decimals))


NAMES = [f"{row[0].name}-{number}" for number, row in enumerate(PUBLISHED)]


@pytest.mark.parametrize(("kpi", "totals", "expected", "address"), PUBLISHED, ids=NAMES)
def test_the_kpi_of_published_totals_is_what_the_source_prints(kpi, totals, expected, address):
    assert address
    ours, theirs = printed(kpi.of(*totals).value, expected)
    assert ours == theirs


# The example of a handbook whose table prints rounded percentages: its weighted averages follow from them to a percent.
HANDBOOK = "https://gpbullhound.relayto.com/e/the-cfo-handbook-gp-bullhound-vcpr6o5picrxg/wX2O1nAO9"
COHORTS = [
    (54_701, "100 98 96 93 91 91 89 89 89 87 85 85 77 75"),
    (44_136, "100 97 97 95 94 92 90 88 86 85 83 83 74 72"),
    (55_887, "100 98 96 94 92 92 92 90 87 85 84 83 76 75"),
    (46_883, "100 98 97 95 93 91 90 88 88 86 85 85 78"),
    (49_531, "100 100 98 97 97 95 93 92 92 90 88 87"),
    (63_112, "100 98 96 95 94 92 92 91 90 90 90"),
    (63_888, "100 100 99 99 99 99 97 96 95 95"),
    (63_112, "100 99 99 97 96 95 95 95 95"),
    (64_986, "100 99 98 98 98 96 95 95"),
    (56_902, "100 100 100 100 99 99 99"),
    (57_113, "100 99 99 99 99 99"),
    (57_561, "100 100 100 99 99"),
    (72_004, "100 100 100 99"),
    (75_163, "100 99 99"),
    (75_864, "100 100"),
    (75_693, "100"),
]
AVERAGES = "100 99 98 97 96 95 94 92 91 89 86 84 76 74"


def test_weighted_averages_of_a_published_triangle_are_over_the_cohorts_that_were_seen():
    size = len(COHORTS)
    censored = Undefined("censored")
    opening = [usd(amount) for amount, _ in COHORTS]
    rows = [[int(share) for share in shares.split()] for _, shares in COHORTS]
    table = kpis.CohortTable(
        periods=Period.between(Period.month(2021, 7).start_on, Period.month(2022, 10).end_on).months(),
        currency="USD",
        came=(1,) * size,
        opening=tuple(opening),
        customers=tuple(tuple([1] * len(row) + [censored] * (size - n - len(row))) for n, row in enumerate(rows)),
        revenue=tuple(
            tuple([base * Decimal(share) / 100 for share in row] + [censored] * (size - n - len(row)))
            for n, (base, row) in enumerate(zip(opening, rows, strict=True))
        ),
        earlier=(usd(0),) * size,
    )
    for age, share in enumerate(AVERAGES.split()):
        average = table.average(age, "revenue")
        # The source rounds the shares it weighs: half a percent of them, and half a percent of the average.
        assert abs(average - Fraction(int(share), 100)) <= Fraction(1, 100), (HANDBOOK, age)
    assert table.average(15, "revenue") == censored
    assert table.average(14, "revenue") == censored
