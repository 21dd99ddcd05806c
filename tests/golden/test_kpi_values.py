"""The value of every KPI on the sample company, quarter by quarter: numbers are API."""

from __future__ import annotations

import json
from types import FunctionType
from typing import get_type_hints

import pytest

from revops_core import kpis
from tests.golden.company_rows import GOLDEN_KPIS, VALUES, measured

GOLDEN = json.loads(VALUES.read_text("utf-8"))


@pytest.mark.parametrize("kpi", GOLDEN_KPIS, ids=lambda kpi: kpi.name)
def test_the_number_is_what_it_was(kpi):
    assert measured(kpi) == GOLDEN[kpi.name], "a changed number: a major version, and an entry under Changed numbers"


def test_there_is_a_golden_value_for_every_kpi_and_for_nothing_else():
    assert set(GOLDEN) == {kpi.name for kpi in GOLDEN_KPIS}


def test_every_public_kpi_and_every_function_that_returns_one_has_a_golden_value():
    offered = {name: getattr(kpis, name) for name in kpis.__all__}
    functions = {name: value for name, value in offered.items() if isinstance(value, FunctionType)}
    makers = {name for name, function in functions.items() if get_type_hints(function).get("return") is kpis.Kpi}
    names = {name for name, value in offered.items() if isinstance(value, kpis.Kpi)}
    stems = {name.removesuffix("_over").removesuffix("_within") + "_" for name in makers}
    assert names <= GOLDEN.keys()
    assert "nrr_" in stems
    docs = {name: functions[name].__doc__ for name in makers}
    assert not [name for name, doc in docs.items() if not ("Formula: " in doc and "Source: " in doc)]
    assert not [stem for stem in stems if not any(golden.startswith(stem) for golden in GOLDEN.keys() - names)]
