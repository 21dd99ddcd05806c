from __future__ import annotations

import json
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from revops_core import to_plain
from revops_core.errors import InvalidPlainDataError
from revops_core.testing import strategies
from tests.fuzzing import CLASSES, TARGETS, allowed, from_plain, mutated

HOURS = st.text(st.sampled_from("MoTuWeThFrSaSuPH offde0123456789:-+,;/247|é\n"), max_size=40)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=30) | st.sampled_from([
    "1,234.50", "1E+999999", "-0", "0x1", "٣", "NaN", "2026-02-29", "29.02.2026", "2026-01-01T00:00:00.123456789Z",
    "24:00",    "2026-03-29 02:30", "40 %", "true", "\ufeff1", "9" * 5000, "PT1H", "1:30",
])  # fmt: skip
CELLS = st.lists(TEXTS, max_size=8).map("\x1f".join)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        TEXTS | st.sampled_from(["type", "operation", "arguments", "value", "items"]),
        inner | st.sampled_from(["Expression", "Money", "field", "all", "minus", "not_yet", "one_of", "row", "amount"]),
        max_size=4,
    ),
    max_leaves=8,
)  # fmt: skip
INPUTS = {
    "hours": HOURS | TEXTS, "money": TEXTS, "cells": CELLS, "log": CELLS, "plain": JSON.map(json.dumps),
    "condition": JSON.map(json.dumps),
}  # fmt: skip


@pytest.mark.parametrize("target", TARGETS)
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_whatever_is_read_is_a_value_or_an_error_of_ours(target, data):
    TARGETS[target](data.draw(INPUTS[target]).encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize("cls", CLASSES.values(), ids=CLASSES)
@settings(max_examples=4, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data(), seed=st.integers(0, 10**6))
def test_plain_data_that_somebody_has_spoilt_loads_or_is_refused(cls, data, seed):
    """Valid data with up to three changes comes further than what is made up."""
    try:
        held = json.dumps(to_plain(data.draw(strategies.values(cls))))
    except InvalidPlainDataError:
        return
    random = Random(seed)
    for _ in range(20):
        spoilt = json.loads(held)
        for _ in range(random.randint(1, 3)):
            spoilt = mutated(spoilt, random)
        found = allowed(from_plain, cls, spoilt)
        assert found is None or type(found) is cls
