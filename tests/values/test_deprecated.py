from __future__ import annotations

import warnings

import pytest

from revops_core.values.deprecated import deprecated


def old_sum(*amounts):
    deprecated("old_sum()", instead="Money.total()", removed_in="2.0")
    return sum(amounts)


def test_the_warning_names_what_goes_when_and_the_way_out():
    with pytest.warns(DeprecationWarning, match=r"^old_sum\(\) goes in revops_core 2\.0; use Money\.total\(\)$"):
        assert old_sum(1, 2) == 3


def test_the_warning_points_at_the_line_of_the_caller():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        old_sum(1)
    line = test_the_warning_points_at_the_line_of_the_caller.__code__.co_firstlineno + 3
    assert [(warning.filename, warning.lineno) for warning in caught] == [(__file__, line)]
