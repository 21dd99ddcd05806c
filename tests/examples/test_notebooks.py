"""The notebooks of docs/how-to show what they give: each is executed, and its outputs are compared with the kept ones.

    python -m tests.examples.test_notebooks

executes them and keeps what they show.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "docs/how-to"
NOTEBOOKS = sorted(path.name for path in FOLDER.glob("*.ipynb"))
SPARK = "duckdb-and-spark.ipynb"
needs_notebooks = pytest.mark.skipif(
    find_spec("nbclient") is None or find_spec("ipykernel") is None, reason="nbclient and ipykernel execute notebooks"
)
needs_spark = pytest.mark.skipif(
    "REVOPS_SPARK" not in os.environ or shutil.which("java") is None or find_spec("pyspark") is None,
    reason="starts a Java machine: set REVOPS_SPARK=1 where Java and pyspark are there, as .ci/run does",
)


def cells_of(name):
    return json.loads((FOLDER / name).read_text("utf-8"))["cells"]


def told_by(cell):
    """What the outputs of a cell are, and what they say. How a picture looks is tested with `charts`."""
    return [
        (output["output_type"], sorted(output.get("data", ())), output.get("data", output).get("text/plain"))
        for output in cell.get("outputs", ())
    ]


def source_of(cell):
    return "".join(cell["source"])


def executed(name):
    """A notebook with what its cells show now, without what changes from run to run."""
    import nbformat  # noqa: PLC0415 - not there where nothing is executed
    from nbclient import NotebookClient  # noqa: PLC0415

    notebook = nbformat.read(FOLDER / name, as_version=4)
    more = {
        "PYTHONPATH": str(FOLDER.parents[1] / "src"),
        "PYSPARK_PYTHON": sys.executable,
        "SPARK_LOCAL_IP": "127.0.0.1",
    }
    NotebookClient(notebook, timeout=300, kernel_name="python3").execute(cwd=str(FOLDER), env={**os.environ, **more})
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
        if cell.cell_type == "code":
            cell.metadata = {}
            cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]  # the log of Java
    notebook.metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return notebook


@needs_notebooks
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=needs_spark) if name == SPARK else name for name in NOTEBOOKS]
)
def test_a_notebook_shows_what_it_gives(name):
    import nbformat  # noqa: PLC0415

    shown, kept = json.loads(nbformat.writes(executed(name)))["cells"], cells_of(name)
    assert list(map(told_by, shown)) == list(map(told_by, kept))


def test_there_are_three():
    assert NOTEBOOKS == [SPARK, "pandas-crm-export.ipynb", "polars-over-parquet.ipynb"]


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_from_reading_to_a_picture_and_a_scorecard_it_takes_a_dozen_lines(name):
    code = [source_of(cell) for cell in cells_of(name) if cell["cell_type"] == "code"]
    [first, *_] = [number for number, text in enumerate(code) if "charts." in text]
    [card, *_] = [number for number, text in enumerate(code) if "charts.scorecard" in text]
    assert "sample_company" in code[0]  # makes the files
    lines = [line for text in code[1 : max(first, card) + 1] for line in text.splitlines() if line.strip()]
    statements = [line for line in lines if not re.match(r"\s*(#|import |from )", line)]
    assert len(statements) <= 12


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_it_reads_nothing_but_what_it_made_in_a_folder_of_its_own(name):
    text = "\n".join(source_of(cell) for cell in cells_of(name) if cell["cell_type"] == "code")
    assert "TemporaryDirectory()" in text
    assert not re.findall(r"(?:read|scan)\w*\((?!folder|str\(folder|f\"\{folder)", text)
    assert "http" not in text


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_its_kept_outputs_hold_pictures_and_no_path_of_a_machine(name):
    outputs = [output for cell in cells_of(name) for output in cell.get("outputs", ())]
    kinds = {kind for output in outputs for kind in output.get("data", ())}
    assert "application/vnd.vegalite.v5+json" in kinds
    assert not re.search(r"/tmp/|/home/|/root/|/Users/", json.dumps(outputs))


if __name__ == "__main__":
    import nbformat

    for each in sys.argv[1:] or NOTEBOOKS:
        nbformat.write(executed(each), FOLDER / each)
