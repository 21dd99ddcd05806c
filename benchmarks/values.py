"""What bucketing by period and quantiles cost beside the barest loop that does the same.

    python benchmarks/values.py [rows]

Every line is timed in the same run; the ratio is the figure, the fastest of three runs of each.
"""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from time import process_time
from zoneinfo import ZoneInfo

from revops_core.values.distribution import KaplanMeier, quantiles
from revops_core.values.instants import to_microseconds
from revops_core.values.period import Period
from revops_core.values.period_index import periods_index

PARIS = "Europe/Paris"


def seconds(work: Callable[[], object]) -> float:
    """The fastest of three runs."""
    times = []
    for _ in range(3):
        start = process_time()
        work()
        times.append(process_time() - start)
    return min(times)


def main() -> list[tuple[str, float, float | None, str]]:
    """Print the table; give its ratios."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    scattered = [n * 7919 % (3 * 365 * 86_400) for n in range(rows)]
    instants = [datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=second) for second in scattered]
    written_in_paris = [instant.astimezone(ZoneInfo(PARIS)) for instant in instants]
    days = [instant.date() for instant in instants]
    months = Period.between(date(2024, 1, 1), date(2027, 1, 1), tz=PARIS).months()
    index_of = periods_index(months)
    starts = [to_microseconds(month.start) for month in months]
    first_days = [month.start_on.toordinal() for month in months]
    waits = [timedelta(seconds=second) for second in scattered]
    shares = [Fraction(1, 2), Fraction(9, 10)]
    pairs = [(second % 5000, second % 3 > 0) for second in scattered]
    lines: list[tuple[str, Callable[[], object], Callable[[], object]]] = [
        (
            "month of an instant in UTC, beside conversion and bisection",
            lambda: [index_of(instant) for instant in instants],
            lambda: [bisect_right(starts, to_microseconds(instant)) for instant in instants],
        ),
        (
            "month of an instant in Paris, beside the same",
            lambda: [index_of(instant) for instant in written_in_paris],
            lambda: [bisect_right(starts, to_microseconds(instant)) for instant in written_in_paris],
        ),
        (
            "month of a date, beside the same",
            lambda: [index_of(day) for day in days],
            lambda: [bisect_right(first_days, day.toordinal()) for day in days],
        ),
        (
            "instant in period, beside two comparisons",
            lambda: [instant in months[5] for instant in instants],
            lambda: [months_start <= instant < months_end for instant in instants],
        ),
        (
            "median and ninth decile of ints, beside a sort",
            lambda: quantiles(scattered, shares),
            lambda: sorted(scattered),
        ),
        ("… of durations", lambda: quantiles(waits, shares), lambda: sorted(waits)),
        ("Kaplan-Meier, beside a sort of its pairs", lambda: KaplanMeier.of(pairs), lambda: sorted(pairs)),
    ]
    months_start, months_end = months[5].start.astimezone(UTC), months[5].end.astimezone(UTC)
    print(f"{rows:,} rows{'':52}{'ours':>10}{'barest':>10}{'ratio':>8}")
    figures = []
    for name, ours, barest in lines:
        taken, least = seconds(ours), seconds(barest)
        print(f"{name:<62}{taken * 1e6 / rows:>7.3f} µs{least * 1e6 / rows:>7.3f} µs{taken / least:>7.1f}×")
        figures.append((name, taken / least, None, ""))
    return figures


if __name__ == "__main__":
    main()
