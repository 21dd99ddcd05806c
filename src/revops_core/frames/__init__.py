"""Frames: the same definitions over pandas, polars, PyArrow, DuckDB and PySpark, eager and lazy; extra "frames"."""

__all__: list[str] = []
