from __future__ import annotations

import copy
import importlib
import pickle

import pytest
from attrs import fields, has
from hypothesis import HealthCheck, find, given, settings
from hypothesis import strategies as st

from docs.generate_reference import ROOMS
from revops_core import Money, entities, from_plain, kpis, sla, stages, to_plain
from revops_core.calendars import WorkingTime
from revops_core.errors import InvalidPlainDataError, InvalidValueError
from revops_core.testing import strategies


def public_classes():
    """Every public class of the library that holds fields, and the compiled calendar; read from the rooms."""
    found = {WorkingTime: None}
    for room in ROOMS:
        try:
            module = importlib.import_module(f"revops_core.{room}")
        except ModuleNotFoundError:
            continue
        for name in module.__all__:
            held = getattr(module, name)
            if isinstance(held, type) and has(held):
                found[held] = None
    return [*found]


CLASSES = public_classes()
few = settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
@few
@given(data=st.data())
def test_any_public_value_can_be_drawn_printed_pickled_and_copied(cls, data):
    value = data.draw(strategies.values(cls))
    assert type(value) is cls
    str(value)
    repr(value)
    pickle.loads(pickle.dumps(value))
