"""The readings of expressions on engines are those of the core: no operation lacks one, and none is read in vain."""

from __future__ import annotations

from revops_core.frames import expressions
from revops_core.values import expression


def test_engines_read_exactly_the_operations_that_the_core_has():
    assert set(expressions._OPERATIONS) == set(expression._OPERATIONS)
