"""Frames: the same definitions over pandas, polars, PyArrow, DuckDB and PySpark, eager and lazy; extra "frames"."""

from revops_core.frames.check import check
from revops_core.frames.entity_frames import from_entities, to_entities
from revops_core.frames.funnel import funnel
from revops_core.frames.measure import kpi_table, measure
from revops_core.frames.time_in_stage import time_in_stage
from revops_core.frames.working_time import working_time

__all__ = ["check", "from_entities", "funnel", "kpi_table", "measure", "time_in_stage", "to_entities", "working_time"]
