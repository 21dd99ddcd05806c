"""Frames: the same definitions over pandas, polars, PyArrow, DuckDB and PySpark, eager and lazy; extra "frames"."""

from revops_core.frames.working_time import working_time

__all__ = ["working_time"]
