"""What cells mean, where the caller tells it: words to words, words to truths and numbers, words to nothing."""

from __future__ import annotations

from decimal import Decimal

import pytest

from revops_core import frames
from revops_core.errors import InvalidValueError
from revops_core.kpis import Kpi, count, distinct, total
from revops_core.values.condition import each, known, one_of
from tests.frames.engines import EVERY_ENGINE, frame_of, rows_of

row, TRUE = each(object), True
CELLS = [("Yes", "Won", 5), ("No", "won", 1), ("n/a", "Lost", 9), (None, "In play", None), ("Yes", None, 5)]
ROWS = [{"sourced": sourced, "stage": stage, "score": score} for sourced, stage, score in CELLS]
TYPES = {"sourced": "text", "stage": "text", "score": "whole"}
VALUES = {
    "sourced": {"Yes": True, "No": False, "n/a": None},
    "stage": {"Won": "won", "Lost": "lost", "In play": None},
    "score": {9: Decimal("0.5"), 1: None},
}


def kpi(formula):
    return Kpi(name="asked", unit="score", dated=(), formula=formula)


@pytest.mark.parametrize("engine", EVERY_ENGINE)
def test_cells_count_by_what_they_mean(engine):
    for formula, expected in [
        (count(row.sourced == TRUE), 2),
        (count(row.sourced != TRUE), 3),
        (count(known(row.sourced)), 3),
        (count(row.stage == "won"), 2),
        (count(one_of(row.stage, "won", "lost")), 3),
        (count(one_of(row.stage, "won", "lost", "a", "b")), 3),
        (count(known(row.stage)), 3),
        (count(row.stage > "lost"), 2),
        (count(row.stage == "Won"), 0),
        (distinct(row.stage), 2),
        (total(row.score), Decimal("10.5")),
        (count(row.score < 1), 1),
    ]:
        told = {name: meaning for name, meaning in VALUES.items() if name in str(formula)}
        assert (
            frames.kpi_table(frame_of(engine, ROWS, TYPES), kpi(formula), values=told).measurement("asked").value
            == expected
        ), str(formula)


@pytest.mark.parametrize("engine", EVERY_ENGINE)
def test_segments_are_what_cells_mean(engine):
    asked = {"by": "stage", "values": {"stage": VALUES["stage"]}}
    table = frames.kpi_table(frame_of(engine, ROWS, TYPES), kpi(count(row)), **asked)
    expected = {"won": 2, "lost": 1, None: 2}
    assert {one.segment["stage"]: one.value for one in table.measurements()} == expected
    rows = rows_of(frames.measure(frame_of(engine, ROWS, TYPES), kpi(count(row)), **asked))
    assert {one["stage"]: one["value"] for one in rows} == expected


@pytest.mark.parametrize("engine", EVERY_ENGINE)
def test_a_word_that_is_not_named_is_refused_where_it_cannot_mean_itself(engine):
    with pytest.raises(InvalidValueError, match="must be one of the values that `values` names"):
        frames.kpi_table(
            frame_of(engine, ROWS, TYPES), kpi(count(row.sourced == TRUE)), values={"sourced": {"Yes": True}}
        )
