"""What cells mean, where the caller tells it: words to words, words to truths and numbers, words to nothing."""

from __future__ import annotations

from decimal import Decimal

import pytest

from revops_core import frames
from revops_core.entities import EXPORTS
from revops_core.errors import InvalidValueError
from revops_core.kpis import Kpi, count, distinct, mean, total, weighted_pipeline
from revops_core.values.condition import each, known, one_of
from revops_core.values.money import Money
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


SHARES = [
    {"StageName": "Prospecting", "Amount": Decimal("200.00"), "Probability": 75, "chance": 12.5},
    {"StageName": "Closed Won", "Amount": Decimal("50.00"), "Probability": 100, "chance": 50.0},
    {"StageName": "Prospecting", "Amount": Decimal("1.00"), "Probability": None, "chance": None},
]
SHARE_TYPES = {"StageName": "text", "Amount": "amount", "Probability": "whole", "chance": "float"}


@pytest.mark.parametrize("engine", EVERY_ENGINE)
def test_cells_that_are_percentages_are_read_as_shares_where_they_are_said_to_be(engine):
    export = EXPORTS["salesforce"]["Opportunity"]
    told = {"columns": {name: export["columns"][name] for name in ("outcome", "amount", "probability")}}
    told |= {"values": export["values"], "currency": "USD"}
    frame = frame_of(engine, SHARES, SHARE_TYPES)
    measured = frames.kpi_table(frame, weighted_pipeline, **told, percentages=export["percentages"])
    assert measured.measurement("weighted_pipeline").value == Money("150.00", "USD")
    (row_found,) = rows_of(frames.measure(frame, weighted_pipeline, **told, percentages=["probability"]))
    assert (row_found["value"], row_found["problem_count"]) == (150.0, 0)
    assert frames.kpi_table(frame, weighted_pipeline, **told).measurement("weighted_pipeline").value == Money(
        15_000, "USD"
    )
    assert frames.check(frame, weighted_pipeline, **told, percentages=["probability"]) == []


@pytest.mark.parametrize("engine", EVERY_ENGINE)
def test_percentages_are_compared_added_up_and_meant_as_shares(engine):
    frame = frame_of(engine, SHARES, SHARE_TYPES)
    for formula, expected in [
        (count(row.Probability == Decimal("0.75")), 1),
        (count(row.Probability > Decimal("0.75")), 1),
        (mean(row.chance), Decimal("0.3125")),
        (total(row.chance), Decimal("0.625")),
    ]:
        asked = {"percentages": ("Probability", "chance")}
        assert frames.kpi_table(frame, kpi(formula), **asked).measurement("asked").value == expected, str(formula)
    meant = {"percentages": ["Probability"], "values": {"Probability": {75: Decimal("0.5"), None: None}}}
    assert frames.kpi_table(frame, kpi(total(row.Probability)), **meant).measurement("asked").value == Decimal("1.5")


def test_percentages_are_names_of_fields():
    with pytest.raises(InvalidValueError, match="percentages"):
        frames.kpi_table(frame_of("polars", SHARES, SHARE_TYPES), kpi(count(row)), percentages=[3])
