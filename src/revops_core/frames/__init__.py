"""Frames: the same definitions over pandas, polars, PyArrow, DuckDB and PySpark, eager and lazy; extra "frames"."""

from revops_core.frames.check import check
from revops_core.frames.measure import kpi_table, measure

__all__ = ["check", "kpi_table", "measure"]
