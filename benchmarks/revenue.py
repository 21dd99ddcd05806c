"""What a revenue ledger costs beside polars, on the same contract periods.

    python benchmarks/revenue.py [periods]

A 48-month bridge with NRR and GRR: the library reads `Subscription` objects, checks them, builds the ledger and tells
every month; the reference is written by hand in polars over a frame of the same periods (no checks, no reactivation
policy, no customer counts). Each is timed in turn in one process, the fastest of several counts. Then ten times as
many periods, for the growth, and memory. As context only: polars, DuckDB and pandas on rows expanded to months.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from datetime import date
from random import Random
from time import perf_counter
from tracemalloc import get_traced_memory, start, stop
from typing import Any

import polars as pl

from revops_core.entities import LineItem, Subscription
from revops_core.kpis import RevenueLedger
from revops_core.values.money import Money
from revops_core.values.period import Period

LIMIT = 4
MONTHS = [month for year in range(2021, 2025) for month in Period.year(year).months()]
FIRST = date(2021, 1, 1).toordinal()
EPOCH = date(1970, 1, 1).toordinal()
Row = tuple[str, int, int, int]


def rows_of(count: int) -> list[Row]:
    """Seeded contract periods: (customer, first day, day after the last, cents a month); gaps and price changes."""
    random, rows, customer = Random(7), [], 0
    while len(rows) < count:
        customer += 1
        since, cents = FIRST + random.randrange(4 * 365), random.randrange(20, 2000) * 100
        for _ in range(random.choice((1, 1, 2, 2, 3, 3, 4))):
            until = since + random.choice((90, 181, 365, 365, 365))
            rows.append((f"a{customer}", since, until, cents))
            since = until + (0 if random.random() < 0.85 else random.randrange(1, 200))
            if random.random() < 0.5:
                cents = max(100, int(cents * random.choice((0.8, 0.9, 1.1, 1.2, 1.5))))
    return rows[:count]


def contracts(rows: list[Row]) -> list[Subscription]:
    """The same periods as records."""
    return [
        Subscription(
            id=f"s{number}",
            account_id=customer,
            starts_on=date.fromordinal(since),
            ends_on=date.fromordinal(until),
            items=(LineItem(product_id="p1", unit_price=Money.from_minor(cents, "EUR"), billing_interval="month"),),
        )
        for number, (customer, since, until, cents) in enumerate(rows)
    ]


def frame(rows: list[Row]) -> pl.DataFrame:
    """The same periods as a frame, days since 1970."""
    found = pl.DataFrame(rows, schema=["customer", "start", "end", "amount"], orient="row")
    return found.with_columns((pl.col(name).cast(pl.Int32) - EPOCH) for name in ("start", "end"))


def by_hand(periods: pl.DataFrame) -> pl.DataFrame:
    """The bridge in polars: changes by customer and day, classified, summed by month, with NRR and GRR."""
    starts = periods.select("customer", day="start", delta="amount")
    ends = periods.select("customer", day="end", delta=-pl.col("amount"))
    steps = pl.concat([starts, ends]).group_by("customer", "day").agg(pl.col("delta").sum())
    steps = steps.filter(pl.col("delta") != 0).sort("customer", "day")
    steps = steps.with_columns(after=pl.col("delta").cum_sum().over("customer"))
    on = pl.col("day").cast(pl.Date)
    steps = steps.with_columns(
        before=pl.col("after") - pl.col("delta"),
        first=pl.col("customer") != pl.col("customer").shift(1).fill_null(""),
        month=on.dt.year().cast(pl.Int32) * 12 + on.dt.month(),
    )
    kind = pl.when("first").then(0).when(pl.col("before") == 0).then(4).when(pl.col("after") == 0).then(3)
    steps = steps.with_columns(kind=kind.when(pl.col("delta") > 0).then(1).otherwise(2))
    flows = steps.group_by("month", "kind").agg(pl.col("delta").sum()).pivot("kind", index="month", values="delta")
    moved = steps.group_by("customer", "month", maintain_order=True).agg(
        then=pl.col("before").first(), now=pl.col("after").last()
    )
    moved = moved.filter(pl.col("then") > 0).with_columns(
        lost=pl.max_horizontal(pl.col("then") - pl.col("now"), 0), net=pl.col("now") - pl.col("then")
    )
    kept = moved.group_by("month").agg(pl.col("lost").sum(), pl.col("net").sum())
    stock = steps.group_by("month").agg(pl.col("delta").sum()).sort("month").with_columns(end=pl.col("delta").cum_sum())
    stock = stock.join(kept, on="month", how="left").join(flows, on="month", how="left")
    stock = stock.with_columns(start=pl.col("end") - pl.col("delta"))
    return stock.with_columns(nrr=1 + pl.col("net") / pl.col("start"), grr=1 - pl.col("lost") / pl.col("start"))


def fastest(*calls: Callable[[], object], times: int = 5) -> list[float]:
    """The shortest time of each call, called in turn."""
    best = [float("inf")] * len(calls)
    for _ in range(times):
        for place, call in enumerate(calls):
            begun = perf_counter()
            call()
            best[place] = min(best[place], perf_counter() - begun)
    return best


def check(rows: list[Row], held: list[Subscription]) -> None:
    """Both must tell the same, month by month."""
    theirs = {row["month"]: row for row in by_hand(frame(rows)).to_dicts()}
    for bridge in RevenueLedger.of(held).bridges(MONTHS):
        row = theirs[bridge.period.start_on.year * 12 + bridge.period.start_on.month]
        assert int(bridge.end.amount * 100) == row["end"] * 12, bridge
        assert int(bridge.churn.amount * 100) == -(row["3"] or 0) * 12, bridge
        if row["nrr"] is not None and bridge.start.amount:
            assert abs(float(bridge.retained / bridge.start) - row["nrr"]) < 1e-9, bridge
            assert abs(float(bridge.capped / bridge.start) - row["grr"]) < 1e-9, bridge


def months_of(rows: list[Row]) -> pl.DataFrame:
    """The periods expanded to one row for each customer and month-end in force."""
    ends = pl.DataFrame({"month": range(48), "last": [month.end_on.toordinal() - 1 - EPOCH for month in MONTHS]})
    pairs = frame(rows).join_where(
        ends.with_columns(pl.col("last").cast(pl.Int32)),
        pl.col("start") <= pl.col("last"),
        pl.col("end") > pl.col("last"),
    )
    return pairs.group_by("customer", "month").agg(pl.col("amount").sum())


def context(rows: list[Row]) -> None:
    """Waterfall and NRR on expanded rows: what a warehouse does; the expansion itself is timed apart."""
    begun = perf_counter()
    expanded = months_of(rows)
    took = perf_counter() - begun
    query = """
        with m as (
            select *, lag(month) over w as p, lag(amount) over w as a
            from t window w as (partition by customer order by month)
        )
        select month, sum(amount),
            sum(case when p = month - 1 then amount end) / sum(case when p = month - 1 then a end)
        from m group by month order by month"""

    def in_polars() -> object:
        held = expanded.sort("customer", "month").with_columns(
            p=pl.col("month").shift(1).over("customer"), a=pl.col("amount").shift(1).over("customer")
        )
        on = pl.col("p") == pl.col("month") - 1
        return held.group_by("month").agg(
            pl.col("amount").sum(), nrr=pl.col("amount").filter(on).sum() / pl.col("a").filter(on).sum()
        )

    calls: dict[str, Callable[[], object]] = {"polars": in_polars}
    try:
        import duckdb  # noqa: PLC0415 - context only
        import pandas as pd  # noqa: PLC0415 - context only
    except ImportError:
        print("DuckDB or pandas is not installed: no figures for them")
    else:
        table = pd.DataFrame(expanded.to_dict(as_series=False))
        connection = duckdb.connect()
        connection.register("t", table.copy())

        def in_pandas() -> object:
            held = table.sort_values(["customer", "month"])
            group = held.groupby("customer", sort=False)
            held["p"], held["a"] = group["month"].shift(), group["amount"].shift()
            kept = held[held["p"] == held["month"] - 1]
            return kept.groupby("month")["amount"].sum() / kept.groupby("month")["a"].sum()

        calls |= {"DuckDB": lambda: connection.sql(query).fetchall(), "pandas": in_pandas}
    print(f"\ncontext: {len(expanded):,} customer-months, expanded in {took * 1000:,.0f} ms, then")
    for name, call in calls.items():
        print(f"  {name:<8}{fastest(call, times=3)[0] * 1000:>9,.0f} ms")


def memory(held: list[Subscription]) -> int:
    """What a ledger keeps beside the contracts it was given, in bytes."""
    start()
    ledger = RevenueLedger.of(held)
    size = get_traced_memory()[0]
    stop()
    assert ledger
    return size


def main() -> list[tuple[str, float, float | None, str]]:
    """Print the figures; give the ratios."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    rows = rows_of(count)
    held, table = contracts(rows), frame(rows)
    check(rows, held)
    gc.collect()

    def ours() -> Any:
        return RevenueLedger.of(held).bridges(MONTHS)

    ledger = RevenueLedger.of(held)
    reference, whole, build, fold = fastest(
        lambda: by_hand(table), ours, lambda: RevenueLedger.of(held), lambda: ledger.bridges(MONTHS)
    )
    print(f"{count:,} contract periods, 48 months          ms   × polars")
    for name, took in (
        ("polars, by hand", reference),
        ("check, build, bridge, NRR, GRR", whole),
        ("  build", build),
        ("  bridges", fold),
    ):
        print(f"  {name:<36}{took * 1000:>8,.0f}{took / reference:>10.2f}")
    print(f"  limit {LIMIT}: {'kept' if whole <= LIMIT * reference else 'BROKEN'}")
    print(f"  memory of the ledger beside its contracts: {memory(held) / 2**20:,.0f} MiB")
    context(rows)
    many = rows_of(10 * count)
    held, table = contracts(many), frame(many)
    gc.collect()
    reference_10, whole_10 = fastest(lambda: by_hand(table), ours, times=2)
    print(f"\n{10 * count:,} periods: polars {reference_10 * 1000:,.0f} ms, the ledger {whole_10 * 1000:,.0f} ms")
    print(f"  that is {whole_10 / whole:.1f} × the time for {count:,}, and {whole_10 / reference_10:.2f} × polars")
    return [
        ("ledger, bridge, NRR and GRR of 48 months, beside polars", whole / reference, LIMIT, f"{count:,} periods"),
        ("the same, ten times the periods", whole_10 / reference_10, LIMIT, f"{10 * count:,} periods"),
    ]


if __name__ == "__main__":
    main()
