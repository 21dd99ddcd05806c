"""What measuring KPIs in one pass costs beside a loop written by hand that makes the same checks.

    python benchmarks/kpis.py [rows]

Three KPIs (win rate, average deal size, bookings) by eight segments: over all rows, in one year, and by its months.
Every line is timed in the same run, the loop and the library in turn; the ratio of the fastest of three is the figure.
"""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Context, Decimal, Inexact
from random import Random
from time import perf_counter
from tracemalloc import get_traced_memory, start, stop
from typing import Any

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


def fastest(work: Callable[[], Any], rounds: int = 3) -> float:
    """Seconds of the fastest of some runs."""
    best = float("inf")
    for _ in range(rounds):
        begin = perf_counter()
        work()
        best = min(best, perf_counter() - begin)
    return best


def peak(count: int) -> float:
    """Megabytes that a pass over `count` streamed rows holds at most."""
    start()
    kpis.measure(deals(count), KPIS, by="segment")
    megabytes = get_traced_memory()[1] / 1e6
    stop()
    return megabytes


def main() -> None:
    """Print each pass beside the loop, the growth with the number of rows, and the memory of a stream."""
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
        hand = fastest(lambda periods=periods: by_hand(rows, periods))
        ours = fastest(lambda periods=periods: kpis.measure(rows, KPIS, by="segment", over=periods))
        print(f"{name:28}{hand:9.3f}s{ours:9.3f}s{ours / hand:8.2f}")
    part = rows[: count // 100]
    small = fastest(lambda: kpis.measure(part, KPIS, by="segment"), rounds=10)
    whole = fastest(lambda: kpis.measure(rows, KPIS, by="segment"))
    print(f"{count:,} rows take {whole / small:.0f} times as long as {count // 100:,}")
    mappings = fastest(lambda: kpis.measure(plain, KPIS, by="segment", over=months))
    objects = fastest(lambda: kpis.measure(rows[: count // 10], KPIS, by="segment", over=months))
    print(f"mappings take {mappings / objects:.2f} times as long as objects")
    few, many = (peak(number) for number in (count // 100, count // 10))
    print(f"peak of a stream: {few:.2f} MB for {count // 100:,} rows, {many:.2f} MB for {count // 10:,}")


if __name__ == "__main__":
    main()
