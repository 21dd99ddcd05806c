"""What a revenue ledger costs beside polars, on the same contract periods.

    python benchmarks/revenue.py [periods]

A 48-month bridge with NRR and GRR. The library reads `Subscription` objects, checks them, builds the ledger and tells
every month. The reference is written by hand in polars over a frame of the same periods and does the same work: it
looks at the same columns for the same faults, keeps amounts as exact (decimals of 12 places: whole cents cannot hold a
third of one), sorts once and compares with the row before, which is what polars does best, tells the same amounts and
customers, and checks that start and movements are the end. What it need not do is read Python objects, or know more
than one policy. `plainly` is the same bridge as it is written first: windows by customer, whole cents, no checks, no
customers; the limit was set with it.

Each is timed in turn in one process, the fastest of several counts. Polars works on all cores and is timed by the wall
clock; the library works on one and is timed by the processor, so that other work on the machine is not held against
it. On a busy machine that flatters the library: the processor time of polars stands beside it. Then ten times as many
periods, for the growth, and memory. As context only: polars, DuckDB and pandas on rows expanded to months.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from datetime import date
from random import Random
from time import perf_counter, process_time
from tracemalloc import get_traced_memory, start, stop

import polars as pl

from revops_core.entities import LineItem, Subscription
from revops_core.kpis import RevenueLedger
from revops_core.kpis.recurring_amounts import PER_YEAR
from revops_core.values.money import Money
from revops_core.values.period import Period

LIMIT = 4
LINEAR = 1.2  # ten times the rows may take so much more than ten times the time
MONTHS = [month for year in range(2021, 2025) for month in Period.year(year).months()]
FIRST = date(2021, 1, 1).toordinal()
EPOCH = date(1970, 1, 1).toordinal()
MOVEMENTS = ("new", "expansion", "contraction", "churn", "reactivation")
COUNTED = ("new", "churn", "reactivation")
RARE = ("signed_on", "trial_ends_on", "paused_on", "line_starts_on", "line_ends_on", "renews", "recorded_at")
Row = tuple[str, int, int, int]
Clock = Callable[[], float]


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
    """The same periods as columns, with the fields that the library reads."""
    customers, starts, ends, cents = zip(*rows, strict=True)
    held = pl.DataFrame({"customer": customers, "start": starts, "end": ends, "cents": cents})
    money, day = pl.Decimal(38, 2), pl.Date
    return held.select(
        "customer",
        *((pl.col(name).cast(pl.Int32) - EPOCH).cast(day) for name in ("start", "end")),
        id=pl.format("s{}", pl.int_range(pl.len())),
        price=(pl.col("cents").cast(money) / 100).cast(money),
        currency=pl.lit("EUR"),
        interval=pl.lit("month"),
        interval_count=pl.lit(1),
        quantity=pl.lit(1),
        discount=pl.lit(0).cast(money),
    ).with_columns(pl.lit(None).cast(day).alias(name) for name in RARE)


def check_by_hand(periods: pl.DataFrame) -> None:
    """The faults the library looks for, and that no column is filled which the bridge does not read."""
    faults = periods.lazy().select(
        missing=pl.sum_horizontal(pl.exclude(*RARE).null_count()),
        duplicate_id=pl.len() - pl.col("id").n_unique(),
        end_before_start=(pl.col("end") < pl.col("start")).sum(),
        negative_amount=(pl.col("price") < 0).sum(),
        unknown_interval=(~pl.col("interval").is_in(list(PER_YEAR))).sum(),
        currency_change=pl.col("currency").n_unique() - 1,
        not_read=pl.sum_horizontal(pl.col(*RARE).count()),
    )
    found = faults.collect().row(0, named=True)
    assert not any(found.values()), found


def by_hand(periods: pl.DataFrame) -> pl.DataFrame:
    """The bridge in polars: changes by customer and day, sorted once, each beside the row before, summed by month."""
    check_by_hand(periods)
    per_year = pl.col("interval").replace_strict(PER_YEAR, return_dtype=pl.Int64).cast(pl.Decimal(38, 0))
    annual = pl.col("price") * pl.col("quantity") * (1 - pl.col("discount")) * per_year
    lines = periods.lazy().with_columns(amount=annual.cast(pl.Decimal(38, 12)) / pl.col("interval_count"))
    starts = lines.select("customer", day="start", delta="amount")
    changes = pl.concat([starts, lines.select("customer", day="end", delta=pl.col("amount") * -1)])
    delta, before, after, kind = (pl.col(name) for name in ("delta", "before", "after", "kind"))
    month = pl.col("day").dt.year().cast(pl.Int32) * 12 + pl.col("day").dt.month() - 1
    steps = changes.group_by("customer", "day").agg(delta.sum()).filter(delta != 0).sort("customer", "day")
    steps = steps.with_columns(
        month=month, first=pl.col("customer").ne_missing(pl.col("customer").shift(1)), total=delta.cum_sum()
    )
    earlier = pl.col("total") - delta
    steps = steps.with_columns(base=pl.when("first").then(earlier).forward_fill())
    steps = steps.with_columns(before=earlier - pl.col("base"), after=pl.col("total") - pl.col("base"))
    called = pl.when("first").then(0).when(before == 0).then(4).when(after == 0).then(3).when(delta > 0).then(1)
    opens = pl.col("first") | (pl.col("month") != pl.col("month").shift(1))
    steps = steps.select(
        "month",
        "delta",
        "before",
        "after",
        opens=opens,
        closes=opens.shift(-1, fill_value=True),
        kind=called.otherwise(2),
    )
    steps = steps.collect().lazy()
    sums = {name: delta.filter(kind == place).sum() for place, name in enumerate(MOVEMENTS)}
    counts = {f"{name}_count": (kind == MOVEMENTS.index(name)).sum().cast(pl.Int64) for name in COUNTED}
    flows = steps.group_by("month").agg(net=delta.sum(), **sums, **counts)
    moved = steps.select(
        month=pl.col("month").filter("opens"), then=before.filter("opens"), now=after.filter("closes")
    ).filter(pl.col("then") != 0)
    kept = pl.col("now") - pl.col("then")
    moved = moved.group_by("month").agg(
        retained=kept.sum(), capped=kept.filter(kept < 0).sum(), lost_count=(pl.col("now") == 0).sum()
    )
    stock = changes.group_by(month=month).agg(stock=delta.sum()).sort("month").with_columns(pl.col("stock").cum_sum())
    found = stock.join(flows, on="month", how="left").join(moved, on="month", how="left").sort("month")
    customers = pl.col("new_count") + pl.col("reactivation_count") - pl.col("churn_count")
    found = found.with_columns(
        end=pl.col("net").fill_null(0).cum_sum(), end_count=customers.fill_null(0).cum_sum()
    ).with_columns(start=pl.col("end") - pl.col("net").fill_null(0))
    table = found.collect()
    assert (table["stock"] == table["end"]).all()
    return table


def plainly(periods: pl.DataFrame) -> pl.DataFrame:
    """The bridge in polars as it is written first."""
    starts = periods.select("customer", day=pl.col("start").to_physical(), delta="cents")
    ends = periods.select("customer", day=pl.col("end").to_physical(), delta=-pl.col("cents"))
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


def fastest(*calls: tuple[Clock, Callable[[], object]], times: int = 7) -> list[float]:
    """The shortest time of each call by its clock, called in turn."""
    best = [float("inf")] * len(calls)
    for _ in range(times):
        for place, (clock, call) in enumerate(calls):
            begun = clock()
            call()
            best[place] = min(best[place], clock() - begun)
    return best


def check(rows: list[Row], held: list[Subscription]) -> None:
    """Both must tell the same, month by month."""
    theirs = {row["month"]: row for row in by_hand(frame(rows)).to_dicts()}
    for bridge in RevenueLedger.of(held).bridges(MONTHS):
        row = theirs[bridge.period.start_on.year * 12 + bridge.period.start_on.month - 1]
        for name in ("start", "end", "new", "expansion", "reactivation"):
            assert getattr(bridge, name).amount == (row[name] or 0), (name, bridge)
        assert bridge.contraction.amount == -(row["contraction"] or 0), bridge
        assert bridge.churn.amount == -(row["churn"] or 0), bridge
        assert bridge.retained.amount == row["start"] + (row["retained"] or 0), bridge
        assert bridge.capped.amount == row["start"] + (row["capped"] or 0), bridge
        assert bridge.end_count == row["end_count"], bridge
        assert bridge.churned_count == (row["churn_count"] or 0), bridge
        assert bridge.lost_count == (row["lost_count"] or 0), bridge


def months_of(rows: list[Row]) -> pl.DataFrame:
    """The periods expanded to one row for each customer and month-end in force."""
    ends = pl.DataFrame({"month": range(48), "last": [month.end_on.toordinal() - 1 - EPOCH for month in MONTHS]})
    pairs = frame(rows).join_where(
        ends.with_columns(pl.col("last").cast(pl.Int32)),
        pl.col("start").to_physical() <= pl.col("last"),
        pl.col("end").to_physical() > pl.col("last"),
    )
    return pairs.group_by("customer", "month").agg(amount=pl.col("price").cast(pl.Float64).sum())


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
        print(f"  {name:<8}{fastest((perf_counter, call), times=3)[0] * 1000:>9,.0f} ms")


def memory(held: list[Subscription]) -> tuple[int, int]:
    """What a ledger keeps beside the contracts it was given, and the most it takes to build and tell it, in bytes."""
    start()
    ledger = RevenueLedger.of(held)
    size = get_traced_memory()[0]
    assert len(ledger.bridges(MONTHS)) == len(MONTHS)
    peak = get_traced_memory()[1]
    stop()
    return size, peak


def measured(rows: list[Row], times: int) -> list[float]:
    """Print the figures of so many periods; the times, in the order printed."""
    held, table = contracts(rows), frame(rows)
    cents = table.with_columns(cents=(pl.col("price") * 100).cast(pl.Int64))
    ledger = RevenueLedger.of(held)
    gc.collect()
    ours = lambda: RevenueLedger.of(held).bridges(MONTHS)  # noqa: E731
    names = ("polars, by hand, the same work", "  its processor time", "polars, plainly, less work",
             "check, build, bridge, NRR, GRR", "  build", "  bridges")  # fmt: skip
    took = fastest(
        (perf_counter, lambda: by_hand(table)), (process_time, lambda: by_hand(table)),
        (perf_counter, lambda: plainly(cents)), (process_time, ours), (process_time, lambda: RevenueLedger.of(held)),
        (process_time, lambda: ledger.bridges(MONTHS)), times=times,
    )  # fmt: skip
    print(f"\n{len(rows):,} contract periods, 48 months            ms   × polars   × plainly")
    for name, each in zip(names, took, strict=True):
        print(f"  {name:<36}{each * 1000:>10,.0f}{each / took[0]:>10.2f}{each / took[2]:>12.2f}")
    size, peak = memory(held)
    print(f"  memory beside the contracts: {size / 2**20:,.0f} MiB kept, {peak / 2**20:,.0f} MiB at the peak")
    return took


def main() -> list[tuple[str, float, float | None, str]]:
    """Print the figures; give the ratios."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    rows = rows_of(count)
    check(rows, contracts(rows))
    few = measured(rows, 7)
    by_hand_took, _, plainly_took, whole, *_ = few
    for name, reference in (("plainly", plainly_took), ("the same work", by_hand_took)):
        print(f"  limit {LIMIT} × polars, {name}: {'kept' if whole <= LIMIT * reference else 'BROKEN'}")
    context(rows)
    many = measured(rows_of(10 * count), 3)
    print(f"  that is {many[3] / whole:.1f} × the time for {count:,}")
    figures: list[tuple[str, float, float | None, str]] = [
        (f"ledger, bridge, NRR and GRR of 48 months, beside polars, {name}", took[3] / took[place], limit, periods)
        for took, limit, periods in ((few, LIMIT, f"{count:,} periods"), (many, None, f"{10 * count:,} periods"))
        for name, place in (("plainly", 2), ("the same work", 0))
    ]
    # There polars computes on every core, so that its ratio tells of the machine; what is asked is that time grows so.
    figures.append(("ten times the periods, beside ten times the time", many[3] / whole / 10, LINEAR, "a ledger"))
    return figures


if __name__ == "__main__":
    main()
