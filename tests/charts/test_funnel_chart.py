from __future__ import annotations

import pytest
from attrs import asdict, evolve

from revops_core import charts, stages
from revops_core.errors import InvalidValueError, MissingColumnsError
from revops_core.stages.funnel import Funnel, FunnelStep
from revops_core.testing import sample_company
from tests.charts.drawing import marks_of, svg_of, texts_of, values_of

LOG = stages.StageLog.of([move for move in sample_company().moves if move.pipeline == stages.OPPORTUNITY.name])
FOUND = LOG.funnel(stages.OPPORTUNITY, cohort="all")
SKIPPED = Funnel("made up", 9, (FunnelStep("new", 9, 9, 11), FunnelStep("trial", 2, 6, 2), FunnelStep("won", 3, 3, 3)),
                 lost_count=4, open_count=2)  # fmt: skip


def test_the_bars_are_the_counts_of_the_funnel():
    values = values_of(charts.funnel(FOUND))
    assert [(value["stage"], value["reached"], value["entered"]) for value in values] == [
        (step.stage, step.filled_count, step.actual_count) for step in FOUND.steps
    ]
    encodings = [layer["encoding"]["x"]["field"] for layer in charts.funnel(SKIPPED).spec["layer"]]
    assert encodings == ["reached", "entered", "reached"]


def test_each_bar_says_its_count_and_the_share_of_the_stage_before():
    assert {"9", "6  (66.7 %)", "3  (50.0 %)"} <= set(texts_of(charts.funnel(SKIPPED)))
    assert charts.funnel(SKIPPED).table.rows()[2]["of the first"] == pytest.approx(1 / 3)


def test_who_skipped_a_stage_is_the_difference_of_two_bars():
    assert marks_of(charts.funnel(SKIPPED))["rect"] == 6
    assert "entered it or a later stage" in texts_of(charts.funnel(SKIPPED))
    assert marks_of(charts.funnel(FOUND))["rect"] == len(FOUND.steps)  # nobody skipped one


def test_who_was_counted_is_said_below_the_title():
    assert charts.funnel(SKIPPED).spec["title"]["subtitle"] == ["made up", "9 entities, 4 lost, 2 still on their way"]


def test_rows_of_a_frame_give_the_same_picture():
    rows = [asdict(step) for step in SKIPPED.steps]
    chart, other = charts.funnel(rows), charts.funnel(SKIPPED)
    assert values_of(chart) == values_of(other)
    assert chart.table == other.table
    assert "subtitle" not in chart.spec["title"]


def test_nobody_at_all_is_drawn_without_a_share():
    empty = evolve(FOUND, steps=tuple(FunnelStep(step.stage, 0, 0, 0) for step in FOUND.steps))
    assert {value["label"] for value in values_of(charts.funnel(empty))} == {"0"}
    svg_of(charts.funnel(empty))


def test_a_stage_may_be_called_anything():
    tricks = ["a.b", "c[0]", "it's", '"', "<b>", "\\", "datum.x"]
    rows = [{"stage": name, "actual_count": 1, "filled_count": 1, "visit_count": 1} for name in tricks]
    texts = texts_of(charts.funnel(rows))
    assert {"a.b", "c[0]", "it's", "&lt;b&gt;", "datum.x"} <= {text.replace("&#39;", "'") for text in texts}


ROW = {"stage": "new", "actual_count": 1, "filled_count": 1, "visit_count": 1}


def test_what_is_no_funnel_is_refused():
    with pytest.raises(InvalidValueError, match=r"charts\.funnel: 'result' must be"):
        charts.funnel(7)
    with pytest.raises(InvalidValueError, match="must have one or more stages, each once"):
        charts.funnel([])
    with pytest.raises(InvalidValueError, match="must have one or more stages, each once"):
        charts.funnel([ROW, ROW])
    with pytest.raises(MissingColumnsError, match=r"'stage' \(did you mean 'stages'\?\), 'visit_count'"):
        charts.funnel([{"stages": "new", "actual_count": 1, "filled_count": 1}])
    with pytest.raises(InvalidValueError, match=r"'filled_count' must be an int of at least 0 .got -1"):
        charts.funnel([{**ROW, "filled_count": -1}])
    with pytest.raises(InvalidValueError, match="'title' must be"):
        charts.funnel(FOUND, title=7)
