from __future__ import annotations

import json
import pickle

import pytest

from docs.generate_pictures import FINGERPRINTS, PICTURES, fingerprint, pictures, png
from revops_core.charts import Chart
from revops_core.errors import InvalidValueError
from revops_core.values.table import Table
from tests.charts.drawing import VERSIONS, pixels_of, svg_of

CHART = Chart({"mark": "bar", "title": "</script><b>"}, Table(["a\n\nb"], [["<img src=x>\n\n*x*"]], title="Tricks <b>"))
VEGA_LITE = "application/vnd.vegalite.v5+json"


def test_a_specification_is_plain_data_and_nobody_can_change_the_chart_through_it():
    CHART.spec["mark"] = "line"
    assert CHART.spec["mark"] == "bar"
    assert json.loads(CHART.to_json()) == CHART.spec
    assert pickle.loads(pickle.dumps(CHART)) == CHART
    assert hash(CHART) == hash(Chart(CHART.spec, CHART.table))
    assert repr(CHART) == "Chart('Tricks <b>')"


def test_json_may_stand_in_a_script_element():
    assert "<" not in CHART.to_json()
    assert CHART.spec["title"] == "</script><b>"


@pytest.mark.parametrize("spec", [{"value": float("nan")}, {"value": object()}, {"value": {1, 2}}])
def test_what_is_no_plain_data_is_refused(spec):
    with pytest.raises(InvalidValueError, match="'spec' must be plain data that JSON can hold"):
        Chart(spec, CHART.table)
    with pytest.raises(InvalidValueError, match="'table' must be a Table"):
        Chart({}, "table")


def test_a_notebook_gets_the_picture_the_table_and_the_text():
    bundle = CHART._repr_mimebundle_()
    assert list(bundle) == [VEGA_LITE, "text/markdown", "text/plain"]
    assert bundle[VEGA_LITE] == CHART.spec
    assert bundle["text/plain"] == str(CHART) == str(CHART.table)


def test_html_is_given_only_to_who_asks_for_it_as_jupyterlab_would_rank_it_above_the_picture():
    assert "text/html" not in CHART._repr_mimebundle_(include=None)
    asked = CHART._repr_mimebundle_(include={"text/html"}, exclude={"text/plain"})
    assert asked["text/html"].startswith("<table><caption>Tricks &lt;b&gt;</caption>")
    assert "text/plain" not in asked


def test_a_text_of_the_caller_cannot_leave_its_cell_in_markdown():
    shown = CHART._repr_mimebundle_()["text/markdown"]
    assert "\n" not in shown  # a blank line ends a block of HTML
    assert "<img" not in shown
    assert shown.count("<td") == 1


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", pictures())
def test_every_picture_is_valid_and_is_drawn_by_every_version(name, version):
    svg = svg_of(pictures()[name], version)
    assert "undefined</text>" not in svg
    assert "NaN" not in svg
    assert "null</text>" not in svg


@pytest.mark.parametrize("name", pictures())
def test_every_picture_has_a_sane_size_and_is_not_blank(name):
    width, height, packed = pixels_of(pictures()[name])
    assert 300 < width < 1000
    assert 200 < height < 700
    assert packed > 8_000  # a blank one packs to some hundred bytes


@pytest.mark.parametrize("name", pictures())
def test_a_specification_is_small_and_says_what_it_is(name):
    chart = pictures()[name]
    assert chart.spec["$schema"].endswith("vega-lite/v5.json")
    assert chart.spec["title"]["text"] == chart.title
    assert chart.spec["description"].startswith(chart.title)
    assert len(chart.to_json()) < 12_000


def test_the_committed_pictures_are_those_of_the_charts():
    known = json.loads(FINGERPRINTS.read_text("utf-8"))
    changed = [name for name, chart in pictures().items() if known.get(name) != fingerprint(chart)]
    assert not changed, "run python docs/generate_pictures.py, look at the pictures and commit them"
    files = {path.stem: path.read_bytes() for path in PICTURES.glob("*.png")}
    assert set(files) == set(known) == set(pictures())
    assert all(len(content) < 60_000 for content in files.values())


def test_a_picture_is_packed_without_loss():
    small = png(pictures()["funnel"])
    assert small.startswith(b"\x89PNG")
    assert small[12:16] == b"IHDR"
    assert small.endswith(b"IEND\xaeB`\x82")
