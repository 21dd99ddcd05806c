"""What measuring KPIs in one pass costs beside a loop written by hand that makes the same checks, and beside engines.

    python benchmarks/kpis.py [rows]

Three KPIs (win rate, average deal size, bookings) by eight segments: over all rows, in one year, and by its months.
Every line is timed in the same run, the loop and the library in turn; the ratio of the fastest runs is the figure.
pandas, polars and DuckDB do the months, each on columns of its own, made from the same rows: with the making, and
without. They add up whole cents, make no checks, and leave out the squares behind the interval of the mean.
"""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Context, Decimal, Inexact
from random import Random
from time import perf_counter, process_time
from tracemalloc import get_traced_memory, start, stop
from typing import Any

import duckdb
import pandas as pd
import polars as pl
from attrs import frozen

from revops_core import kpis
from revops_core.values.money import Money
from revops_core.values.period import Period

LIMIT = 3
SEGMENTS = tuple("abcdefgh")
YEAR = Period.year(2026)
KPIS = [kpis.win_rate, kpis.average_deal_size, kpis.bookings]
_add = Context(prec=34, traps=[Inexact]).add
_fma = Context(prec=80).fma


@frozen
class Deal:
    """A row with what the three KPIs read."""

    id: int
    segment: str
    outcome: str
    amount: Money | None
    closed_at: datetime | None
    closed_on: date | None


def deals(count: int) -> Iterator[Deal]:
    """Seeded rows: half of them won, a quarter lost, the rest open; closed in 2025 to 2027."""
    random = Random(7)
    first = datetime(2025, 1, 1, tzinfo=UTC)
    for number in range(count):
        outcome = random.choice(("won", "won", "lost", "open"))
        closed_at = None if outcome == "open" else first + timedelta(seconds=random.randrange(3 * 365 * 86_400))
        amount = Money(Decimal(random.randrange(1_000_000)).scaleb(-2), "EUR")
        yield Deal(number, random.choice(SEGMENTS), outcome, amount, closed_at, None)


def by_hand(rows: Iterable[Deal], periods: tuple[Period, ...] = ()) -> dict[tuple[str, int], list[Any]]:
    """The same numbers by a plain loop: with the same checks of dates, kinds of values and currencies.

    The sum of squares is for the interval of the average deal size.
    """
    begins = [period.start.astimezone(UTC) for period in periods]
    ends = [period.end.astimezone(UTC) for period in periods]
    cells: dict[tuple[str, int], list[Any]] = {}
    for row in rows:
        number = 0
        if begins:
            closed = row.closed_at if row.closed_at is not None else row.closed_on
            if closed is None:
                continue
            if not isinstance(closed, datetime) or closed.tzinfo is None:
                raise TypeError(closed)
            number = bisect_right(begins, closed) - 1
            if number < 0 or closed >= ends[number]:
                continue
        cell = cells.get((row.segment, number))
        if cell is None:
            cell = cells[row.segment, number] = [0, 0, Decimal(0), 0, None, Decimal(0)]
        outcome = row.outcome
        if outcome in ("won", "lost"):
            cell[1] += 1
        if outcome == "won":
            cell[0] += 1
            amount = row.amount
            if amount is not None:
                if not isinstance(amount, Money):
                    raise TypeError(amount)
                if amount.currency != cell[4]:
                    if cell[4] is not None:
                        raise ValueError(amount)
                    cell[4] = amount.currency
                cell[2] = _add(cell[2], amount.amount)
                cell[3] += 1
                cell[5] = _fma(amount.amount, amount.amount, cell[5])
    return cells


def fastest(work: Callable[[], Any], rounds: int = 3, clock: Callable[[], float] = process_time) -> float:
    """Seconds of the fastest of some runs: of work by default, which leaves out waiting for a busy machine.

    Engines run on several cores, and are timed by the wall, `perf_counter`.
    """
    best = float("inf")
    for _ in range(rounds):
        begin = clock()
        work()
        best = min(best, clock() - begin)
    return best


def in_turn(hand: Callable[[], Any], ours: Callable[[], Any], rounds: int = 5) -> tuple[float, float]:
    """Seconds of the fastest run of each of two, run in turn, so that a busy moment of the machine falls on both."""
    times = [(fastest(hand, 1), fastest(ours, 1)) for _ in range(rounds)]
    return min(time for time, _ in times), min(time for _, time in times)


def columns_of(rows: Iterable[Deal]) -> dict[str, list[Any]]:
    """The rows as columns, which engines take; amounts in whole cents."""
    held = [
        (row.segment, row.outcome, int(row.amount.amount * 100) if row.amount else None, row.closed_at) for row in rows
    ]
    segment, outcome, cents, closed_at = map(list, zip(*held, strict=True))
    return {"segment": segment, "outcome": outcome, "cents": cents, "closed_at": closed_at}


def pandas_frame(rows: Iterable[Deal]) -> Any:
    """A DataFrame of pandas."""
    frame = pd.DataFrame(columns_of(rows))
    frame["closed_at"] = pd.to_datetime(frame["closed_at"], utc=True)
    return frame.astype({"segment": "category", "outcome": "category"})


def by_pandas(frame: Any) -> list[tuple[Any, ...]]:
    """Segment, month, won, decided, cents, with an amount: of 2026."""
    year = frame[(frame.closed_at >= YEAR.start) & (frame.closed_at < YEAR.end) & (frame.outcome != "open")]
    won = year.outcome == "won"
    year = year.assign(month=year.closed_at.dt.month, won=won, cents=year.cents.where(won))
    found = year.groupby(["segment", "month"], observed=True).agg(
        won=("won", "sum"), decided=("won", "size"), cents=("cents", "sum"), known=("cents", "count")
    )
    return sorted((*key, *map(int, values)) for key, values in zip(found.index, found.to_numpy(), strict=True))


def by_polars(frame: pl.DataFrame) -> list[tuple[Any, ...]]:
    """The same by polars."""
    won = pl.col("outcome") == "won"
    closed = pl.col("closed_at")
    return sorted(
        frame.lazy()
        .filter((closed >= YEAR.start) & (closed < YEAR.end) & (pl.col("outcome") != "open"))
        .group_by("segment", closed.dt.month().alias("month"))
        .agg(
            won.sum().alias("won"),
            pl.len().alias("decided"),
            pl.col("cents").filter(won).sum(),
            pl.col("cents").filter(won).count().alias("known"),
        )
        .collect()
        .rows()
    )


def duckdb_table(rows: Iterable[Deal]) -> Any:
    """A table of DuckDB, which takes its columns from pandas."""
    frame = pandas_frame(rows)
    frame["closed_at"] = frame["closed_at"].dt.tz_localize(None)  # its time zones need an extension
    connection = duckdb.connect()
    connection.register("frame", frame)
    connection.execute(
        "create table deals as select segment::text segment, outcome::text outcome, cents, closed_at from frame"
    )
    return connection


def by_duckdb(connection: Any) -> list[tuple[Any, ...]]:
    """The same by DuckDB."""
    return sorted(
        connection.execute(
            """select segment, month(closed_at), count(*) filter (outcome = 'won'), count(*),
            sum(cents) filter (outcome = 'won'), count(cents) filter (outcome = 'won') from deals
            where closed_at >= ? and closed_at < ? and outcome <> 'open' group by all""",
            [YEAR.start.replace(tzinfo=None), YEAR.end.replace(tzinfo=None)],
        ).fetchall()
    )


ENGINES: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "pandas": (pandas_frame, by_pandas),
    "polars": (lambda rows: pl.DataFrame(columns_of(rows)), by_polars),
    "DuckDB": (duckdb_table, by_duckdb),
}


def peak(count: int) -> float:
    """Megabytes that a pass over `count` streamed rows holds at most."""
    start()
    kpis.measure(deals(count), KPIS, by="segment")
    megabytes = get_traced_memory()[1] / 1e6
    stop()
    return megabytes


def main() -> list[tuple[str, float, float | None, str]]:
    """Print each pass beside the loop, the growth with the number of rows, and the memory of a stream; give ratios."""
    figures: list[tuple[str, float, float | None, str]] = []
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    rows = list(deals(count))
    plain = [
        {name: getattr(row, name) for name in Deal.__slots__ if name != "__weakref__"} for row in rows[: count // 10]
    ]
    months = YEAR.months()
    table, cells = kpis.measure(rows, KPIS, by="segment", over=months), by_hand(rows, months)
    for (segment, number), (won, decided, amount, known, *_) in cells.items():
        rate, size, booked = (table.measurement(k, segment={"segment": segment}, period=months[number]) for k in KPIS)
        assert (rate.numerator, rate.denominator, size.n, booked.value) == (won, decided, known, Money(amount, "EUR"))
    print(f"{count:,} rows, {len(KPIS)} KPIs, {len(SEGMENTS)} segments")
    print(f"{'':28}{'by hand':>10}{'measure':>10}{'ratio':>8}   limit {LIMIT}")
    for name, periods in (("all rows", ()), ("one year", (YEAR,)), ("twelve months", months)):
        hand, ours = in_turn(
            lambda periods=periods: by_hand(rows, periods),
            lambda periods=periods: kpis.measure(rows, KPIS, by="segment", over=periods),
        )
        print(f"{name:28}{hand:9.3f}s{ours:9.3f}s{ours / hand:8.2f}")
        figures.append((f"measure, {name}, beside a loop by hand", ours / hand, LIMIT, f"{count:,} rows"))
    expected = sorted(
        (segment, number + 1, won, decided, int(cents * 100), known)
        for (segment, number), (won, decided, cents, known, *_) in cells.items()
    )
    ours = fastest(lambda: kpis.measure(rows, KPIS, by="segment", over=months), clock=perf_counter)
    print(f"\n{'twelve months':28}{'columns made':>14}{'ratio':>8}{'columns there':>15}{'ratio':>8}   measure by it")
    for name, (made_of, answer) in ENGINES.items():
        held = made_of(rows)
        assert answer(held) == expected, name
        making, answering = (
            fastest(lambda made=made_of: made(rows), 2, perf_counter),
            fastest(lambda a=answer, h=held: a(h), 3, perf_counter),
        )
        total = making + answering
        print(f"{name:28}{total:13.3f}s{ours / total:8.2f}{answering:14.3f}s{ours / answering:8.1f}")
        figures.append((f"measure, twelve months, beside {name} from the same rows", ours / total, None, "wall time"))
        del held
    print("\ngrowth, microseconds a row; the same rows again and again stay in the caches of the processor")
    few = rows[: count // 100]
    for name, part, rounds in (
        (f"{count // 100:,} rows", few, 10),
        ("the same 100 times", few * 100, 3),
        (f"{count:,} rows", rows, 3),
    ):
        hand, ours = in_turn(
            lambda part=part: by_hand(part), lambda part=part: kpis.measure(part, KPIS, by="segment"), rounds
        )
        print(f"{name:28}{hand / len(part) * 1e6:9.3f} {ours / len(part) * 1e6:9.3f} {ours / hand:8.2f}")
    mappings = fastest(lambda: kpis.measure(plain, KPIS, by="segment", over=months))
    objects = fastest(lambda: kpis.measure(rows[: count // 10], KPIS, by="segment", over=months))
    print(f"mappings take {mappings / objects:.2f} times as long as objects")
    sizes = (count // 100, count // 10, count)
    told = ", ".join(f"{peak(number):.2f} MB for {number:,} rows" for number in sizes)
    print(f"peak of a stream of sums and ratios: {told}")
    return figures


if __name__ == "__main__":
    main()
