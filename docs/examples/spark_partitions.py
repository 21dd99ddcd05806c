"""KPIs of objects on every partition of a Spark data set, merged into one table: equal to one pass over all rows.

    python docs/examples/spark_partitions.py [FOLDER]

reads a CSV export of opportunities, by default one of the sample company. Needs pyspark, pyarrow and Java. Use this
where rows must become objects, because a KPI, a segment or a check of yours is Python; flat KPIs over columns need no
Python on the workers (`frames.measure`).

Every partition is measured where it lies, and its table travels as JSON. What travels does not grow with the rows,
except for medians and distinct counts.
"""

from __future__ import annotations

import csv
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import reduce
from pathlib import Path
from typing import Any

import pyarrow as pa  # pyright: ignore[reportMissingImports]
from pyspark.sql import DataFrame, SparkSession  # pyright: ignore[reportMissingImports]

import revops_core as ro
from revops_core import entities, kpis
from revops_core.testing import sample_company
from revops_core.values.plain import from_plain, to_plain

EXPORT: Mapping[str, Any] = {
    "columns": {
        "id": "Id",
        "owner_id": "OwnerId",
        "outcome": "StageName",
        "amount": "Amount",
        "closed_on": "CloseDate",
        "created_on": "CreatedDate",
    },
    "values": {"outcome": {"Closed Won": "won", "Closed Lost": "lost", "Negotiation": "open"}},
    "strict": ("outcome",),
    "currency": "EUR",
}
KPIS = (kpis.win_rate, kpis.bookings, kpis.average_deal_size, kpis.sales_cycle_median)
QUARTERS = ro.Period.year(2025).quarters()


def write_export(folder: Path, lead_count: int, *, files: int = 8) -> None:
    """An export of the sample company's opportunities, in several files, as large exports come."""
    names = {"won": "Closed Won", "lost": "Closed Lost", "open": "Negotiation"}
    opportunities = sample_company(lead_count).opportunities
    for number in range(files):
        with (folder / f"part-{number}.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(EXPORT["columns"].values())
            for deal in opportunities[number::files]:
                closed = deal.closed and deal.closed.strftime("%Y-%m-%d")
                amount = deal.amount and deal.amount.amount
                created = deal.created and deal.created.strftime("%Y-%m-%d")
                writer.writerow([deal.id, deal.owner_id, names.get(deal.outcome), amount, closed, created])


def measured(rows: Iterable[Mapping[str, Any]]) -> tuple[kpis.KpiTable, Counter[str]]:
    """The table of some rows, and how many problems of each code they have."""
    found, problems = entities.from_rows(ro.Opportunity, rows, **EXPORT)
    table = kpis.measure(found, KPIS, by="owner_id", over=QUARTERS, currency="EUR")
    return table, Counter(problem.code for problem in problems)


def measured_partition(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The same of one partition, on the worker that holds it: one row with the table as JSON."""
    table, problems = measured(row for batch in batches for row in batch.to_pylist())
    yield pa.RecordBatch.from_pydict({"table": [json.dumps(to_plain(table))], "problems": [json.dumps(problems)]})


def measured_on_spark(df: DataFrame) -> tuple[kpis.KpiTable, Counter[str]]:
    """The table of a whole data set: measured on its partitions, merged here."""
    parts = df.mapInArrow(measured_partition, "table string, problems string").collect()
    tables = [from_plain(kpis.KpiTable, json.loads(part["table"])) for part in parts]
    problems: Counter[str] = sum((Counter(json.loads(part["problems"])) for part in parts), Counter())
    return reduce(kpis.KpiTable.merge, tables), problems


def main(arguments: list[str]) -> int:
    """Measure the export in FOLDER, or one of the sample company."""
    spark = SparkSession.builder.appName("spark_partitions").getOrCreate()
    with tempfile.TemporaryDirectory() as made:
        folder = Path(arguments[0] if arguments else made)
        if not arguments:
            write_export(folder, 2000)
        df = spark.read.csv(str(folder), header=True).repartition(4)  # small files would be one partition
        table, problems = measured_on_spark(df)
    for quarter in table.periods:
        print(quarter.label, *(str(table.measurement(kpi, period=quarter)) for kpi in KPIS), sep=" | ")
    print(f"problems: {dict(problems) or 'none'}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
