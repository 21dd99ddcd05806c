"""The Spark example: tables of partitions, merged, are the table of one pass over all rows."""

from __future__ import annotations

import csv
import importlib.util
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "docs/examples/spark_partitions.py"
SUBMIT = (
    "--master local[2] --conf spark.ui.enabled=false --conf spark.ui.showConsoleProgress=false "
    "--conf spark.log.level=ERROR --conf spark.sql.shuffle.partitions=2 pyspark-shell"
)
pytestmark = pytest.mark.skipif(
    "REVOPS_SPARK" not in os.environ or shutil.which("java") is None or find_spec("pyspark") is None,
    reason="starts a Java machine: set REVOPS_SPARK=1 where Java and pyspark are there, as .ci/run does",
)


@pytest.fixture(scope="module")
def example():
    spec = importlib.util.spec_from_file_location("spark_partitions", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_tables_of_partitions_merge_into_that_of_one_pass(example, tmp_path):
    example.write_export(tmp_path, 700)
    first = tmp_path / "part-0.csv"
    first.write_text(first.read_text().replace("Closed Won", "Won by luck", 1))
    rows = [row for path in sorted(tmp_path.glob("*.csv")) for row in csv.DictReader(path.read_text().splitlines())]
    table, problems = example.measured(rows)
    assert problems == {"unmapped_value": 1}
    expected = [
        " | ".join([quarter.label, *(str(table.measurement(kpi, period=quarter)) for kpi in example.KPIS)])
        for quarter in table.periods
    ]
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT / "src"),
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_SUBMIT_ARGS": SUBMIT,
        "SPARK_LOCAL_IP": "127.0.0.1",
    }
    # What pyspark says of pandas 3 is its own affair; any other warning is an error.
    warnings = ["-W", "error", "-W", "ignore:PySpark does not yet fully support pandas:FutureWarning"]
    command = [sys.executable, *warnings, str(EXAMPLE), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, check=False, text=True, env=environment, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.splitlines() == [*expected, "problems: {'unmapped_value': 1}"]
