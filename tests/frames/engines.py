"""Every engine under test: how a table of plain records becomes a frame of it, and a frame plain records again."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

SPARK = "pyspark"
WITH_SPARK = "REVOPS_SPARK" in os.environ
ENGINES = ["pandas", "pandas-arrow", "polars", "polars-lazy", "pyarrow", "duckdb"]
LAZY = ["polars-lazy", "duckdb", SPARK]
_NO_SPARK = pytest.mark.skipif(
    not WITH_SPARK or shutil.which("java") is None,
    reason="starts a Java machine: set REVOPS_SPARK=1 where Java and pyspark are there, as .ci/run does",
)
EVERY_ENGINE = [*ENGINES, pytest.param(SPARK, marks=_NO_SPARK)]
EVERY_LAZY_ENGINE = ["polars-lazy", "duckdb", pytest.param(SPARK, marks=_NO_SPARK)]
"""For `pytest.mark.parametrize("engine", EVERY_ENGINE)`."""

TYPES = {
    "text": pa.string(),
    "instant": pa.timestamp("us", "UTC"),
    "wall": pa.timestamp("us"),
    "day": pa.date32(),
    "amount": pa.decimal128(18, 2),
    "chance": pa.decimal128(18, 4),
    "duration": pa.duration("us"),
    "whole": pa.int64(),
    "float": pa.float64(),
    "truth": pa.bool_(),
}


def arrow_table(records, types):
    """Records as an Arrow table: `types` names the kind of each column, one of `TYPES`."""
    return pa.table({name: pa.array([row[name] for row in records], TYPES[kind]) for name, kind in types.items()})


@cache
def spark():
    from pyspark.sql import SparkSession  # noqa: PLC0415 - only where it is asked for

    options = {
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": "1",
        "spark.default.parallelism": "1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        # Small queries, many of them: to write code for each costs more than to run it.
        "spark.sql.codegen.wholeStage": "false",
        # Another zone than that of the data: nothing may depend on it.
        "spark.sql.session.timeZone": "America/New_York",
    }
    builder = SparkSession.builder.master("local[1]").appName("revops_core")
    for name, value in options.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    return session


_SPARK_TYPES = {
    "text": "string",
    "instant": "timestamp",
    "wall": "timestamp_ntz",
    "day": "date",
    "amount": "decimal(38,18)",
    "chance": "decimal(18,4)",
    "duration": "interval day to second",
    "whole": "bigint",
    "float": "double",
    "truth": "boolean",
}


def frame_of(engine, records, types):
    """A frame of one engine."""
    if engine == SPARK:
        schema = ", ".join(f"`{name}` {_SPARK_TYPES[kind]}" for name, kind in types.items())
        return spark().createDataFrame([tuple(row[name] for name in types) for row in records], schema)
    return from_arrow(engine, arrow_table(records, types))


def from_arrow(engine, table):
    """An Arrow table as a frame of an engine of this process."""
    if engine == "pandas":
        return table.to_pandas()
    if engine == "pandas-arrow":
        return table.to_pandas(types_mapper=pd.ArrowDtype)
    if engine == "polars":
        return pl.from_arrow(table)
    if engine == "polars-lazy":
        return pl.from_arrow(table).lazy()
    if engine == "duckdb":
        return duckdb.connect().from_arrow(table)
    return table


def rows_of(frame):
    """Any native frame as dictionaries of plain values."""
    if isinstance(frame, pl.LazyFrame):
        frame = frame.collect()
    if isinstance(frame, pl.DataFrame):
        return frame.to_dicts()
    if isinstance(frame, pa.Table):
        return frame.to_pylist()
    if isinstance(frame, pd.DataFrame):
        return [{name: _plain(value) for name, value in row.items()} for row in frame.to_dict("records")]
    if isinstance(frame, duckdb.DuckDBPyRelation):
        return frame.to_arrow_table().to_pylist()
    return [row.asDict() for row in frame.collect()]


def _plain(value):
    return None if value is None or value is pd.NA or value != value else value  # noqa: PLR0124 - NaN is not itself


__all__ = [
    "ENGINES",
    "EVERY_ENGINE",
    "EVERY_LAZY_ENGINE",
    "LAZY",
    "UTC",
    "Decimal",
    "arrow_table",
    "date",
    "datetime",
    "frame_of",
    "from_arrow",
    "rows_of",
    "timedelta",
]
