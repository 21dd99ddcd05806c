"""What measuring KPIs of a frame costs beside a query written by hand for the engine, with the same checks.

    python benchmarks/frames.py [rows ...]

Four KPIs (win rate, average deal size, bookings, mean sales cycle) by eight segments and the twelve months of a year,
of deals over three years: text, floats for amounts, timestamps in UTC. Both add up whole cents and whole microseconds,
with the squares behind the intervals of the means, count the floats that are no amounts and the deals that closed
before they began, and tell the number of amounts, every segment, and the deals won and decided without a date. Both are
timed in the same run, in turn; the ratio of the fastest of five is the figure, of process time. `measure` makes 384
rows with intervals of that beside.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from time import process_time
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl

from revops_core import frames, kpis
from revops_core.values.period import Period

LIMITS = {"polars": 1.5, "polars-lazy": 1.5, "duckdb": 1.5, "pandas": 2.0}
ROWS = (1_000_000, 10_000_000)
TIMES = 5
YEAR = Period.year(2026)
KPIS = [kpis.win_rate, kpis.average_deal_size, kpis.bookings, kpis.sales_cycle_mean]
START, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
DAY = 86_400_000_000


def deals(count: int) -> pl.DataFrame:
    """Seeded rows: half of them won, a quarter lost, the rest open; closed in 2025 to 2027."""
    random = np.random.default_rng(7)
    outcome = random.choice(np.array(["won", "lost", "open"]), count, p=[0.5, 0.25, 0.25])
    first = int(datetime(2025, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000
    created = first + random.integers(0, 3 * 365 * DAY, count)
    closed = created + random.integers(0, 120 * DAY, count)
    return pl.DataFrame(
        {
            "segment": random.choice(np.array(list("abcdefgh")), count),
            "outcome": outcome,
            "amount": random.integers(0, 1_000_000, count) / 100,
            "created_at": created,
            "closed_at": np.where(outcome == "open", -1, closed),
        }
    ).with_columns(
        pl.col("created_at").cast(pl.Datetime("us", "UTC")),
        pl.when(pl.col("closed_at") >= 0).then(pl.col("closed_at")).cast(pl.Datetime("us", "UTC")),
    )


def by_hand_polars(df: pl.DataFrame | pl.LazyFrame) -> list[tuple[Any, ...]]:
    """The query as one who knows polars writes it."""
    won, cycle = pl.col("outcome") == "won", (pl.col("closed_at") - pl.col("created_at")).dt.total_microseconds()
    cents = (pl.col("amount") * 100).round()
    seconds = cycle // 1_000_000
    query = (
        df.lazy()
        .with_columns(cents=cents.cast(pl.Int64), bad=(pl.col("amount") * 100 - cents).abs() > 1e-4)
        .filter(pl.col("closed_at").is_between(START, END, closed="left"))
        .with_columns(won=won, cycle=cycle, seconds=seconds, month=pl.col("closed_at").dt.month())
        .group_by("segment", "month")
        .agg(
            pl.col("won").sum(),
            decided=pl.col("outcome").is_in(["won", "lost"]).sum(),
            amount=pl.col("cents").filter("won").sum(),
            squares=(pl.col("cents").filter("won") ** 2).sum(),
            known=pl.col("amount").filter("won").count(),
            cycle=pl.col("cycle").filter("won").sum(),
            # In parts, as the square of microseconds leaves 64 bits.
            cycle_squares=(pl.col("seconds").filter("won") ** 2).sum(),
            cycle_cross=(pl.col("seconds") * (pl.col("cycle") - pl.col("seconds") * 1_000_000)).filter("won").sum(),
            cycle_rest=((pl.col("cycle") - pl.col("seconds") * 1_000_000) ** 2).filter("won").sum(),
            bad=pl.col("bad").sum(),
            negative=(pl.col("cycle") < 0).filter("won").sum(),
        )
    )
    undated = pl.col("closed_at").is_null()
    segments = (
        df.lazy()
        .group_by("segment")
        .agg((undated & won).sum(), decided=(undated & pl.col("outcome").is_in(["won", "lost"])).sum())
    )
    return [*query.collect().rows(), *segments.collect().rows()]


SQL = """
with read as (
    select segment, outcome, amount, created_at, closed_at, round(amount * 100)::bigint as cents,
        abs(amount * 100 - round(amount * 100)) > 1e-4 as bad, outcome = 'won' as won,
        epoch_us(closed_at) - epoch_us(created_at) as cycle
    from deals where closed_at >= timestamptz '2026-01-01 00:00:00Z' and closed_at < timestamptz '2027-01-01 00:00:00Z'
)
select segment, month(closed_at at time zone 'UTC') as month, count(*) filter (won),
    count(*) filter (outcome in ('won', 'lost')),
    sum(cents) filter (won), sum(cents::hugeint * cents) filter (won), count(amount) filter (won),
    sum(cycle) filter (won), sum(cycle::hugeint * cycle) filter (won), count(*) filter (bad),
    count(*) filter (won and cycle < 0)
from read group by all
"""
SEGMENTS = """
select segment, count(*) filter (closed_at is null and outcome = 'won'),
    count(*) filter (closed_at is null and outcome in ('won', 'lost'))
from deals group by segment
"""


def by_hand_duckdb(connection: duckdb.DuckDBPyConnection) -> list[tuple[Any, ...]]:
    """The query as one who knows SQL writes it."""
    segments = connection.execute(SEGMENTS).fetchall()
    return [*connection.execute(SQL).fetchall(), *segments]


def by_hand_pandas(df: pd.DataFrame) -> list[tuple[Any, ...]]:
    """The query as one who knows pandas writes it."""
    scaled = df["amount"] * 100
    cents = scaled.round()
    bad = int(((scaled - cents).abs() > 1e-4).sum())
    inside = df[(df["closed_at"] >= START) & (df["closed_at"] < END)]
    won = inside["outcome"] == "won"
    cycle = (inside["closed_at"] - inside["created_at"]).astype("int64")
    seconds = cycle // 1_000_000
    rest = cycle - seconds * 1_000_000
    kept = cents[inside.index].fillna(0).astype("int64") * won
    made = pd.DataFrame(
        {
            "segment": inside["segment"],
            "month": inside["closed_at"].dt.month,
            "won": won,
            "decided": inside["outcome"].isin(["won", "lost"]),
            "amount": kept,
            "squares": kept * kept,
            "known": inside["amount"].notna() & won,
            "cycle": cycle * won,
            "cycle_squares": seconds * seconds * won,
            "cycle_cross": seconds * rest * won,
            "cycle_rest": rest * rest * won,
            "negative": (cycle < 0) & won,
        }
    )
    sums = made.groupby(["segment", "month"], dropna=False).sum()
    apart = df[df["closed_at"].isna()]
    decided = {"won": apart["outcome"] == "won", "decided": apart["outcome"].isin(["won", "lost"])}
    undated = pd.DataFrame({"segment": apart["segment"], **decided}).groupby("segment", dropna=False).sum()
    return [*sums.itertuples(), *undated.itertuples(), *df["segment"].unique(), bad]


def table(df: Any) -> Any:
    """The same sums by the library, as a table."""
    return frames.kpi_table(df, KPIS, by="segment", over=YEAR.months(), currency="EUR")


def rows(df: Any) -> Any:
    """The same as tidy rows."""
    found = frames.measure(df, KPIS, by="segment", over=YEAR.months(), currency="EUR")
    if isinstance(found, pl.LazyFrame):
        return found.collect()
    return found.fetchall() if isinstance(found, duckdb.DuckDBPyRelation) else found


def fastest(*runs: Callable[[], Any]) -> list[float]:
    """The shortest process time of each, run in turn."""
    best = [float("inf")] * len(runs)
    for _ in range(TIMES):
        for place, run in enumerate(runs):
            start = process_time()
            run()
            best[place] = min(best[place], process_time() - start)
    return best


def frames_of(df: pl.DataFrame) -> dict[str, tuple[Any, Callable[[], Any]]]:
    """Each engine: its frame, and the query by hand over it."""
    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'")
    connection.register("arrow", df.to_arrow())
    connection.execute("create table deals as select * from arrow")
    pandas = df.to_pandas()
    return {
        "polars": (df, lambda: by_hand_polars(df)),
        "polars-lazy": (df.lazy(), lambda: by_hand_polars(df.lazy())),
        "duckdb": (connection.table("deals"), lambda: by_hand_duckdb(connection)),
        "pandas": (pandas, lambda: by_hand_pandas(pandas)),
    }


def main() -> list[tuple[str, float, float | None, str]]:
    """Print the time of both, and their ratio, for each engine and number of rows; give the ratios."""
    figures: list[tuple[str, float, float | None, str]] = []
    for count in [int(number.replace("_", "")) for number in sys.argv[1:]] or [*ROWS, 100]:
        print(f"{count:>12,} rows    by hand   kpi_table  ratio     measure  ratio  limit")
        for engine, (frame, by_hand) in frames_of(deals(count)).items():
            found = fastest(by_hand, lambda frame=frame: table(frame), lambda frame=frame: rows(frame))
            hand, ours, tidy = (1000 * seconds for seconds in found)
            line = f"  {engine:14}{hand:9.1f} ms{ours:9.1f} ms{ours / hand:7.2f}{tidy:9.1f} ms{tidy / hand:7.2f}"
            print(line + f"{LIMITS[engine]:7.1f}")
            limit = LIMITS[engine] if count > 100 else None  # of a hundred rows it is the price of a call
            for what, took in (("kpi_table", ours), ("measure", tidy)):
                figures.append((f"{what} on {engine}, beside a query by hand", took / hand, limit, f"{count:,} rows"))
    return figures


if __name__ == "__main__":
    main()
