"""frames.working_time beside the best numpy code that computes the same: two `searchsorted` in the same prefix sums.

    python benchmarks/frames_working_time.py [rows]

Four years of pairs of instants, in an office with a lunch break and a holiday. Every line is timed in the same run,
each engine in turn with the numpy code; the figure is the ratio of the fastest of three, in the processor time of all
threads. The numpy code is given whole microseconds, which costs it nothing; ours reads the timestamps of the engine.
Both sides have their tables: a calendar compiles once.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from time import process_time
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa

from revops_core import frames
from revops_core.calendars import BusinessCalendar
from revops_core.values.instants import to_microseconds

OFFICE = BusinessCalendar("Mo-Fr 09:00-12:30,13:30-18:00", tz="Europe/Berlin", holidays=[date(2026, 5, 1)])
FIRST, LAST = (to_microseconds(datetime(year, 1, 2, tzinfo=UTC)) for year in (2023, 2027))


def prefix_sums() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The openings of the office, the work before each, and its length."""
    spans = np.array(OFFICE.compiled.intervals(FIRST, LAST), dtype=np.int64)
    lengths = spans[:, 1] - spans[:, 0]
    return spans[:, 0], np.cumsum(lengths) - lengths, lengths


def by_hand(tables: tuple[np.ndarray, ...], start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """The working time of each pair, as numpy does it best."""
    opens, before, lengths = tables

    def worked(at: np.ndarray) -> np.ndarray:
        place = np.maximum(np.searchsorted(opens, at, side="right") - 1, 0)
        return before[place] + np.clip(at - opens[place], 0, lengths[place])

    return worked(end) - worked(start)


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """How long it took, and what came out."""
    start = process_time()
    result = work()
    return process_time() - start, result


def main() -> list[tuple[str, float, float | None, str]]:
    """Print a line for each engine; give the ratios."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    figures: list[tuple[str, float, float | None, str]] = []
    random, tables = np.random.default_rng(7), prefix_sums()
    start, end = (random.integers(FIRST, LAST, count) for _ in range(2))
    columns = {
        name: pa.array(values, pa.timestamp("us", "UTC")) for name, values in (("opened", start), ("solved", end))
    }
    table = pa.table(columns | {"row": np.arange(count)})
    engines: dict[str, tuple[Any, Callable[[Any], Any]]] = {
        "pandas": (table.to_pandas(), lambda frame: frame["working_microseconds"].to_numpy()),
        "pandas, Arrow types": (
            table.to_pandas(types_mapper=pd.ArrowDtype),
            lambda frame: frame["working_microseconds"].to_numpy(dtype="int64"),
        ),
        "polars": (pl.from_arrow(table), lambda frame: frame["working_microseconds"].to_numpy()),
        "polars, lazy": (
            pl.from_arrow(table).lazy(),
            lambda frame: frame.collect()["working_microseconds"].to_numpy(),
        ),
        "PyArrow": (table, lambda frame: frame["working_microseconds"].to_numpy()),
        "DuckDB, lazy": (
            duckdb.connect().from_arrow(table),
            lambda frame: frame.project("row, working_microseconds").fetchnumpy(),
        ),
    }
    expected = by_hand(tables, start, end)
    print(f"{count:,} rows; numpy: whole microseconds, two searchsorted in {len(tables[0]):,} openings")
    for name, (frame, read) in engines.items():
        ours, theirs = [], []
        for _ in range(3):
            seconds, _ = timed(lambda: by_hand(tables, start, end))
            theirs.append(seconds)
            seconds, found = timed(
                lambda: read(frames.working_time(frame, "opened", "solved", calendar=OFFICE))  # noqa: B023
            )
            ours.append(seconds)
        if isinstance(found, dict):
            found = found["working_microseconds"][np.argsort(found["row"])]
        assert np.array_equal(found, expected), name
        ratio = min(ours) / min(theirs)
        print(f"{name:<20} {min(ours):6.3f} s   numpy {min(theirs):6.3f} s   {ratio:5.2f}×")
        figures.append((f"working_time on {name}, beside numpy by hand", ratio, None, f"{count:,} rows"))
    return figures


if __name__ == "__main__":
    main()
