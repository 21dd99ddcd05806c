"""The value of every KPI on the sample company, quarter by quarter: numbers are API."""

from __future__ import annotations

import json

import pytest

from revops_core import kpis
from tests.golden.company_rows import VALUES, measured

GOLDEN = json.loads(VALUES.read_text("utf-8"))


@pytest.mark.parametrize("kpi", kpis.CATALOGUE, ids=lambda kpi: kpi.name)
def test_the_number_is_what_it_was(kpi):
    assert measured(kpi) == GOLDEN[kpi.name], "a changed number: a major version, and an entry under Changed numbers"


def test_there_is_a_golden_value_for_every_kpi_and_for_nothing_else():
    assert set(GOLDEN) == {kpi.name for kpi in kpis.CATALOGUE}
