"""Calendars: against the peers at 1 day, 30 days and 1 year, and against the limits, in one run.

    python benchmarks/calendars.py

Needs businesstimedelta, business-duration, pandas, numpy, exchange_calendars, holidays and pytz; a peer that is not
installed is left out and named. All answers of the peers are asserted to be ours. Read ratios, not digits.
"""

# ruff: noqa: PLC0415, SLF001, PLR1730 - peers load only where they are installed; the bare closure needs our tables

from __future__ import annotations

import gc
import random
import sys
import tracemalloc
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from importlib.util import find_spec
from itertools import pairwise
from time import process_time
from zoneinfo import ZoneInfo

from revops_core.calendars import BusinessCalendar, HolidayRule, holiday_dates
from revops_core.values.instants import from_microseconds, to_microseconds

NEW_YORK = ZoneInfo("America/New_York")
EIGHT_HOURS = timedelta(hours=8)
RULES = (
    HolidayRule.fixed(1, 1, observed="nearest_weekday"),
    HolidayRule.nth_weekday(1, "Mo", 3),
    HolidayRule.nth_weekday(2, "Mo", 3),
    HolidayRule.nth_weekday(5, "Mo", -1),
    HolidayRule.fixed(6, 19, observed="nearest_weekday", since=2021),
    HolidayRule.fixed(7, 4, observed="nearest_weekday"),
    HolidayRule.nth_weekday(9, "Mo", 1),
    HolidayRule.nth_weekday(10, "Mo", 2),
    HolidayRule.fixed(11, 11, observed="nearest_weekday"),
    HolidayRule.nth_weekday(11, "Th", 4),
    HolidayRule.fixed(12, 25, observed="nearest_weekday"),
)
HOLIDAYS = holiday_dates(RULES, 2000, 2050)
NEAR_HOLIDAYS = [day for day in HOLIDAYS if 2023 <= day.year <= 2027]
OFFICE = BusinessCalendar("Mo-Fr 09:00-17:00", tz="America/New_York", holidays=HOLIDAYS)

START = datetime(2024, 3, 5, 10, 0, tzinfo=NEW_YORK)  # a Tuesday
SPANS = {
    "1 day": START + timedelta(days=1),
    "30 days": START + timedelta(days=30),
    "1 year": START + timedelta(days=365),
}


def timed(work: dict[str, Callable[[], object]], *, seconds: float = 0.04, rounds: int = 7) -> dict[str, float]:
    """Nanoseconds of one call of each: the best of rounds that take turns, so that all meet the same machine."""
    counts = {}
    for name, call in work.items():
        began = process_time()
        call()
        counts[name] = max(1, int(seconds / max(process_time() - began, 1e-7) / 2))
    best = dict.fromkeys(work, float("inf"))
    gc.disable()
    for _ in range(rounds):
        for name, call in work.items():
            began = process_time()
            for _ in range(counts[name]):
                call()
            best[name] = min(best[name], (process_time() - began) / counts[name] * 1e9)
    gc.enable()
    return best


def table(title: str, rows: list[tuple[str, ...]]) -> None:
    """Print rows in columns, the first row as their heads."""
    print(f"\n{title}")
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    for row in rows:
        print(
            "  " + "  ".join(cell.ljust(widths[n]) if n == 0 else cell.rjust(widths[n]) for n, cell in enumerate(row))
        )


def bare_closure() -> tuple[Callable[[int, int], int], Callable[[int, int], int]]:
    """The least a table can cost: two bisects and the sums, without a check of the horizon or the order."""
    OFFICE.working_time(START, SPANS["1 year"])
    inside = OFFICE.compiled
    starts, totals, gaps = inside._starts, inside._totals, inside._gaps

    def between(a: int, b: int) -> int:
        i, j = bisect_right(starts, a), bisect_right(starts, b)
        before, done = a + gaps[i], b + gaps[j]
        if before > totals[i]:
            before = totals[i]
        if done > totals[j]:
            done = totals[j]
        return done - before

    def add(t: int, n: int) -> int:
        i = bisect_right(starts, t)
        done = t + gaps[i]
        if done > totals[i]:
            done = totals[i]
        done += n
        return done - gaps[bisect_left(totals, done)]

    return between, add


# --- peers: name -> (working time of START to an end in seconds, START plus 8 hours), None where it has no such thing


def businesstimedelta_peer() -> tuple[Callable[[datetime], float], Callable[[int], datetime]]:
    """Loops over the days; wants zones of pytz."""
    import businesstimedelta
    import pytz

    zone = pytz.timezone("America/New_York")
    rules = businesstimedelta.Rules([
        businesstimedelta.WorkDayRule(start_time=time(9), end_time=time(17), working_days=[0, 1, 2, 3, 4], tz=zone),
        businesstimedelta.HolidayRule(dict.fromkeys(HOLIDAYS), tz=zone),
    ])  # fmt: skip
    start = zone.localize(START.replace(tzinfo=None))
    return (
        lambda end: rules.difference(start, end.astimezone(zone)).timedelta.total_seconds(),
        lambda hours: start + businesstimedelta.BusinessTimeDelta(rules, hours=hours),
    )


def business_duration_peer() -> tuple[Callable[[datetime], float], None]:
    """Naive wall times only, and no addition; slow with many holidays, so it gets those near."""
    from business_duration import businessDuration

    days = dict.fromkeys(NEAR_HOLIDAYS)
    start = START.replace(tzinfo=None)
    return (
        lambda end: businessDuration(start, end.replace(tzinfo=None), time(9), time(17), holidaylist=days, unit="sec"),
        None,
    )


def pandas_peer() -> tuple[Callable[[datetime], float], Callable[[int], datetime]]:
    """Counts whole hours; an addition that ends at closing goes on to the next opening."""
    import pandas as pd

    hour = pd.offsets.CustomBusinessHour(start="09:00", end="17:00", holidays=list(HOLIDAYS))
    start = pd.Timestamp(START.replace(tzinfo=None))
    return (
        lambda end: 3600 * (len(pd.date_range(start, end.replace(tzinfo=None), freq=hour)) - 1),  # whole hours only
        lambda hours: (start + hours * hour).to_pydatetime().replace(tzinfo=NEW_YORK),
    )


def numpy_peer() -> tuple[Callable[[datetime], float], None]:
    """Whole days by numpy, the two broken ones by hand; naive, one span a day."""
    import numpy as np

    days = np.busdaycalendar(holidays=np.array(HOLIDAYS, dtype="datetime64[D]"))

    def seconds_of_day(moment: datetime) -> int:
        if not np.is_busday(moment.date(), busdaycal=days):
            return 0
        return min(max(moment.hour * 3600 + moment.minute * 60 + moment.second - 9 * 3600, 0), 8 * 3600)

    def between(end: datetime) -> float:
        whole = int(np.busday_count(START.date(), end.date(), busdaycal=days)) * 8 * 3600
        return whole - seconds_of_day(START) + seconds_of_day(end)

    return between, None


def exchange_calendars_peer() -> tuple[Callable[[datetime], float], None]:
    """Counts the whole minutes of a fixed exchange; other hours take a subclass, and there is no addition."""
    import pandas as pd
    from exchange_calendars import ExchangeCalendar

    class Office(ExchangeCalendar):  # its calendars are fixed exchanges; other hours take a subclass
        name = "OFFICE"
        tz = NEW_YORK
        open_times = ((None, time(9)),)
        close_times = ((None, time(17)),)

        @property
        def adhoc_holidays(self) -> list[pd.Timestamp]:
            return [pd.Timestamp(day) for day in HOLIDAYS]

    office = Office(start="2020-01-01", end="2029-12-31")
    start, minute = pd.Timestamp(START), pd.Timedelta(minutes=1)
    return lambda end: 60 * len(office.minutes_in_range(start, pd.Timestamp(end) - minute)), None  # whole minutes only


PEERS = {
    "businesstimedelta": businesstimedelta_peer,
    "business-duration": business_duration_peer,
    "pandas CustomBusinessHour": pandas_peer,
    "numpy busday, by hand": numpy_peer,
    "exchange_calendars": exchange_calendars_peer,
}
MODULES = ("businesstimedelta", "business_duration", "pandas", "numpy", "exchange_calendars")


def against_peers() -> list[tuple[str, float, float | None, str]]:
    """All peers at all spans, the same answers asserted."""
    ours = "revops_core, aware"
    inside, start = OFFICE.compiled, to_microseconds(START)
    between: dict[str, dict[str, Callable[[], object]]] = {"revops_core, integers": {}, ours: {}}
    for span, end in SPANS.items():
        between[ours][span] = lambda end=end: OFFICE.working_time(START, end)
        microseconds = to_microseconds(end)
        between["revops_core, integers"][span] = lambda b=microseconds: inside.open_between(start, b)
    adds: dict[str, Callable[[], object]] = {ours: lambda: OFFICE.add(START, EIGHT_HOURS)}
    for (name, make), module in zip(PEERS.items(), MODULES, strict=True):
        if find_spec(module) is None:
            print(f"{name}: not installed, left out", file=sys.stderr)
            continue
        peer_between, peer_add = make()
        for span, end in SPANS.items():
            expected = OFFICE.working_time(START, end).total_seconds()
            assert float(peer_between(end)) == expected, (name, span, peer_between(end), expected)
            between.setdefault(name, {})[span] = lambda end=end, ask=peer_between: ask(end)
        if peer_add is not None:
            # pandas lands on the next opening, we were asked for a moment in the day: both say Wednesday 10:00
            assert to_microseconds(peer_add(8)) == to_microseconds(OFFICE.add(START, EIGHT_HOURS)), name
            adds[name] = lambda add=peer_add: add(8)
    rows = [("working time, ns", *SPANS, "times ours at 1 year", "add 8 h", "times ours")]
    costs = {name: {span: timed({span: call})[span] for span, call in calls.items()} for name, calls in between.items()}
    add_costs = timed(adds)
    for name, cost in costs.items():
        adding = add_costs.get(name)
        rows.append((
            name, *(f"{ns:,.0f}" for ns in cost.values()), f"{cost['1 year'] / costs[ours]['1 year']:,.1f}",
            f"{adding:,.0f}" if adding else "-", f"{adding / add_costs[ours]:,.1f}" if adding else "-",
        ))  # fmt: skip
    table("Peers, the same answers asserted", rows)
    flat = timed(
        {f"{kind} {span}": between[kind][span] for kind in list(between)[:2] for span in SPANS},
        seconds=0.005,
        rounds=100,
    )
    ratios = [flat[f"{kind} 1 year"] / flat[f"{kind} 1 day"] for kind in list(between)[:2]]
    print(f"  cost(1 year) / cost(1 day): integers {ratios[0]:.2f}, aware {ratios[1]:.2f}   limit 1.20")
    figures: list[tuple[str, float, float | None, str]] = [
        (f"working time of a year, beside {name}", costs[ours]["1 year"] / cost["1 year"], None, "the same answer")
        for name, cost in costs.items()
        if not name.startswith("revops_core")
    ]
    return [("working time of a year, beside a day", ratios[1], 1.2, ""), *figures]


def against_limits() -> list[tuple[str, float, float | None, str]]:
    """The calendar rows of the table of limits, as multiples of a reference of the same run."""
    bare_between, bare_add = bare_closure()
    end, n = SPANS["1 year"], 8 * 3600 * 1_000_000
    a, b = to_microseconds(START), to_microseconds(end)
    utc_a, utc_b = START.astimezone(UTC), end.astimezone(UTC)
    open_between, add = OFFICE.compiled.open_between, OFFICE.compiled.add
    assert bare_between(a, b) == open_between(a, b)
    assert bare_add(a, n) == add(a, n)
    cost = timed(
        {
            "closure, between": lambda: bare_between(a, b),
            "closure, add": lambda: bare_add(a, n),
            "between": lambda: open_between(a, b),
            "add": lambda: add(a, n),
            "to microseconds": lambda: to_microseconds(START),
            "from microseconds": lambda: from_microseconds(a, NEW_YORK),
            "utc to microseconds": lambda: to_microseconds(utc_a),
            "utc from microseconds": lambda: from_microseconds(a),
            "aware between": lambda: OFFICE.working_time(START, end),
            "aware add": lambda: OFFICE.add(START, EIGHT_HOURS),
            "utc between": lambda: OFFICE.working_time(utc_a, utc_b),
            "utc add": lambda: OFFICE.add(utc_a, EIGHT_HOURS),
            "nothing": lambda: None,
        },
        seconds=0.005,
        rounds=150,
    )
    call = cost.pop("nothing")
    cost = {name: ns - call for name, ns in cost.items()}
    rows = [("against the limit", "ns", "reference ns", "ratio", "limit")]
    for name, reference, limit in (
        ("between", cost["closure, between"], "2.0"),
        ("add", cost["closure, add"], "2.0"),
        ("aware between", cost["closure, between"] + 2 * cost["to microseconds"], "1.6"),
        ("aware add", cost["closure, add"] + cost["to microseconds"] + cost["from microseconds"], "1.6"),
        ("utc between", cost["closure, between"] + 2 * cost["utc to microseconds"], "1.6"),
        ("utc add", cost["closure, add"] + cost["utc to microseconds"] + cost["utc from microseconds"], "1.6"),
    ):
        rows.append((name, f"{cost[name]:,.0f}", f"{reference:,.0f}", f"{cost[name] / reference:.2f}", limit))
    table("Limits", rows)
    return [(f"{row[0]}, beside the bare sums", float(row[3]), float(row[4]), "") for row in rows[1:]]


def many_instants() -> None:
    """50,000 random instants of five years: no instant stays in a cache."""
    chance = random.Random(7)
    first, last = to_microseconds(datetime(2022, 1, 1, tzinfo=UTC)), to_microseconds(datetime(2027, 1, 1, tzinfo=UTC))
    moments = [chance.randrange(first, last) for _ in range(50_001)]
    aware = [from_microseconds(moment, NEW_YORK) for moment in moments]
    OFFICE.compiled.cover(first, last)
    bare_between, _ = bare_closure()
    open_between, add = OFFICE.compiled.open_between, OFFICE.compiled.add
    rows = [("50,000 random instants", "ns each")]
    for name, run in {
        "bare closure, between": lambda: [bare_between(a, b) for a, b in pairwise(moments)],
        "between": lambda: [open_between(a, b) for a, b in pairwise(moments)],
        "add 8 h": lambda: [add(a, 28_800_000_000) for a in moments],
        "aware working_time": lambda: [OFFICE.working_time(a, b) for a, b in pairwise(aware)],
        "working_time_many": lambda: OFFICE.working_time_many(aware[:-1], aware[1:]),
        "aware add": lambda: [OFFICE.add(a, EIGHT_HOURS) for a in aware],
        "add_many": lambda: OFFICE.add_many(aware, EIGHT_HOURS),
        "add_business_days 3": lambda: [OFFICE.add_business_days(a, 3) for a in aware],
    }.items():
        best = timed({name: run}, rounds=5)[name]
        rows.append((name, f"{best / 50_000:,.0f}"))
    table("Many", rows)


def new_calendars() -> None:
    """The first answer of a calendar that was never seen, and a thousand of them."""

    def fresh(n: int) -> BusinessCalendar:
        return BusinessCalendar(
            f"Mo-Fr 09:00-12:00,13:{n % 60:02}-{17 + n // 60 % 5}:00; Sa 10:00-14:{n // 300 * 5:02}",
            tz="America/New_York", holidays=HOLIDAYS, name="new",
        )  # fmt: skip

    def first_answer(n: int) -> tuple[float, float]:
        began = process_time()
        calendar = fresh(n)
        made = process_time()
        calendar.working_time(START, START + timedelta(days=30))
        return made - began, process_time() - made

    times = [first_answer(n) for n in range(20)]
    rows = [("a new calendar", "ms"), ("made", f"{1000 * min(times)[0]:.2f}")]
    rows.append(("its first answer (one year compiled)", f"{1000 * min(took for _, took in times):.2f}"))
    wide = fresh(21)
    began = process_time()
    wide.working_time(datetime(2020, 1, 2, tzinfo=UTC), datetime(2032, 12, 30, tzinfo=UTC))
    rows.append(("first answer over 13 years", f"{1000 * (process_time() - began):.2f}"))
    began = process_time()
    BusinessCalendar("Mo-Fr 09:00-17:00", tz="America/New_York", holidays=(HolidayRule.fixed(1, 2), *RULES))
    rows.append(("made with 12 rules over 51 years", f"{1000 * (process_time() - began):.2f}"))
    if find_spec("holidays"):
        import holidays

        began = process_time()
        BusinessCalendar("Mo-Fr 09:00-17:00", tz="America/New_York", holidays=holidays.country_holidays("US"))
        rows.append(("made with an object of `holidays`", f"{1000 * (process_time() - began):.2f}"))
    began = process_time()
    kept = [fresh(n) for n in range(1000)]
    for calendar in kept:
        calendar.working_time(START, START + timedelta(days=30))
    rows.append(("a thousand, made and asked once", f"{1000 * (process_time() - began):,.0f}"))
    began = process_time()
    for calendar in kept:
        calendar.working_time(START, START + timedelta(days=20))
    rows.append(("a thousand, asked again", f"{1000 * (process_time() - began):,.1f}"))
    table("New calendars", rows)
    del kept
    gc.collect()
    tracemalloc.start()
    kept = [fresh(n) for n in range(1000, 2000)]
    held = tracemalloc.get_traced_memory()[0]
    first_tables = [calendar.compiled for calendar in kept]  # kept alive: of more than 1,024 the oldest would go
    for ask in first_tables:
        ask.cover(to_microseconds(START))
    compiled = tracemalloc.get_traced_memory()[0] - held
    tracemalloc.stop()
    assert len({calendar.hours for calendar in kept}) == 1000
    stretches = len(first_tables[0]._starts)
    print(f"  memory of a thousand: {held / 1e6:.1f} MB as values, {compiled / 1e6:.1f} MB as tables of one year")
    print(f"  that is {compiled / 1000 / stretches:.0f} bytes for each of {stretches} open stretches")


def main() -> list[tuple[str, float, float | None, str]]:
    """Print all tables; give their ratios."""
    print(f"Python {sys.version.split()[0]}; Monday to Friday 9 to 17 in New York, {len(HOLIDAYS)} holidays")
    figures = against_limits()
    many_instants()
    new_calendars()
    return figures + against_peers()


if __name__ == "__main__":
    main()
