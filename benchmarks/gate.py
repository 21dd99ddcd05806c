"""Hold what fixed pieces of work cost beside what they cost before: instructions under valgrind, which do not depend on
how busy a machine is.

    python benchmarks/gate.py [PIECE ...]  # the status is 1 where a piece costs more than it may
    python benchmarks/gate.py --record     # what it costs now is what it may cost: say why in the commit

The unit is a fixed loop of plain Python, counted in the same run, so that another build of Python changes little. Where
there is no valgrind, process time is measured in its place, the limit is wider, and this is said.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from time import process_time

RECORD = Path(__file__).with_suffix(".json")
MORE_INSTRUCTIONS = 1.1  # the count of one commit differs by less than a hundredth from run to run
MORE_TIME = 2.0
ROUNDS = 3
START = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)

Work = Callable[[], object]


def unit() -> Work:
    """Calls, attributes, dicts, integers, decimals, datetimes: what the library is made of."""

    class Box:
        __slots__ = ("value",)

        def __init__(self, value: int) -> None:
            self.value = value

    def work() -> None:
        found: dict[int, int] = {}
        total, at = Decimal(0), START
        for number in range(2_000):
            box = Box(number)
            found[box.value % 97] = found.get(box.value % 97, 0) + box.value
            total += Decimal(box.value)
            at += HOUR

    return work


def money() -> Work:
    """Sums of money, and quantiles."""
    from revops_core.values import Money, quantiles

    amounts = [Money(number, "EUR") for number in range(1_000)]
    shares = [Fraction(1, 2), Fraction(9, 10)]
    return lambda: (Money.total(amounts, "EUR"), quantiles([one.amount for one in amounts], shares))


def plain() -> Work:
    """Records to plain data and back."""
    from revops_core.entities import Opportunity
    from revops_core.values import Money, from_plain, to_plain

    one = Opportunity(
        id="o1", name="Initech", amount=Money(7200, "EUR"), close_date=date(2026, 3, 31), created_at=START
    )
    return lambda: [from_plain(Opportunity, to_plain(one)) for _ in range(50)]


def entities() -> Work:
    """Checked records from the rows of an export."""
    from revops_core.entities import Opportunity, from_rows

    rows = [{"id": f"o{n}", "amount": f"{n}.50", "created_at": "2026-03-02T09:00:00Z"} for n in range(300)]
    return lambda: from_rows(Opportunity, rows, currency="EUR")


def calendars() -> Work:
    """A new calendar, its working time and sums."""
    from revops_core.calendars import BusinessCalendar

    ends = [START + 7 * number * HOUR for number in range(300)]

    def work() -> None:
        office = BusinessCalendar("Mo-Fr 09:00-12:30,13:30-18:00", tz="Europe/Berlin", holidays=[date(2026, 12, 25)])
        for end in ends:
            office.working_time(START, end)
            office.add(end, 8 * HOUR)

    return work


def decisions() -> Work:
    """Decided and applied, and refused with every reason."""
    from revops_core.entities import Opportunity
    from revops_core.stages import OPPORTUNITY
    from revops_core.values import Money

    first = Opportunity(id="o1", stage="qualification", amount=Money(7200, "EUR"), close_date=date(2026, 3, 31))
    bare = Opportunity(id="o2", stage="qualification")

    def work() -> None:
        for _ in range(40):
            record = first
            for hours, stage in enumerate(("proposal", "negotiation", "won")):
                record = OPPORTUNITY.decide(record, stage, at=START + hours * HOUR).apply_to(record)  # type: ignore[union-attr]
            OPPORTUNITY.options(bare, at=START)

    return work


def log() -> Work:
    """A log of moves: made, a funnel, the flow, the chances."""
    from revops_core import stages

    names = ("qualification", "proposal", "negotiation", "won")
    rows = [
        (f"o{deal}", stage, START + (31 * deal + 50 * step) * HOUR)
        for deal in range(400)
        for step, stage in enumerate(names[: 1 + deal % 4])
    ]

    def work() -> None:
        made = stages.StageLog.of(rows)
        made.funnel(stages.OPPORTUNITY, cohort="all")
        made.flow()
        made.win_chances(stages.OPPORTUNITY)

    return work


def clocks() -> Work:
    """Clocks of a policy, read one by one and as a table."""
    from revops_core import sla
    from revops_core.testing import sample_company

    office = sample_company(1).office
    policy = sla.SlaPolicy(
        "support",
        calendar=office,
        targets=[sla.SlaTarget("response", HOUR), sla.SlaTarget("resolution", 16 * HOUR)],
        escalation=[sla.EscalationTier(1, "agent", "lead", after_breach=timedelta(0))],
    )
    kinds = ("started", "responded", "paused", "resumed", "stopped")
    facts = [
        [sla.ClockEvent(kind, START + (ticket + 9 * step) * HOUR, id=str(step)) for step, kind in enumerate(kinds)]
        for ticket in range(60)
    ]

    def work() -> None:
        made = [policy.clock(str(number), events) for number, events in enumerate(facts)]
        for clock in made:
            clock.read(START + 60 * HOUR)
        sla.read_many(made, START + 30 * HOUR)

    return work


def kpis() -> Work:
    """Three KPIs by segment and month."""
    from revops_core import kpis as room
    from revops_core.values import Money, Period

    rows = [
        {
            "outcome": ("won", "lost", "open")[number % 3],
            "amount": Money(number, "EUR"),
            "closed_at": START + number * HOUR,
            "segment": "abcd"[number % 4],
        }
        for number in range(1_500)
    ]
    wanted, months = [room.win_rate, room.average_deal_size, room.bookings], Period.year(2026).months()
    return lambda: room.measure(rows, wanted, by="segment", over=months).rows()


def ledger() -> Work:
    """A ledger of contracts, a year of bridges."""
    from revops_core.kpis import RevenueLedger
    from revops_core.testing import sample_company
    from revops_core.values import Period

    held, months = sample_company(400).subscriptions, Period.year(2025).months()
    return lambda: RevenueLedger.of(held).bridges(months)


PIECES: dict[str, Callable[[], Work]] = {
    made.__name__: made for made in (unit, money, plain, entities, calendars, decisions, log, clocks, kpis, ledger)
}


def run(piece: str, rounds: int) -> float:
    """Make a piece of work, do it once to fill what is kept, then `rounds` times; the seconds of the fastest."""
    work = PIECES[piece]()
    work()
    best = float("inf")
    for _ in range(rounds):
        began = process_time()
        work()
        best = min(best, process_time() - began)
    return best


def instructions(piece: str, rounds: int) -> int:
    """What valgrind counts for a process that does so."""
    tool = ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]
    command = [*tool, sys.executable, __file__, "--run", piece, str(rounds)]
    environment = {**os.environ, "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, capture_output=True, check=True, text=True, env=environment)
    found = re.search(r"I\s+refs:\s+([\d,]+)", done.stderr)
    if not found:
        raise SystemExit(f"valgrind told no count: {done.stderr[-500:]}")
    return int(found[1].replace(",", ""))


def counted(pieces: list[str]) -> dict[str, float]:
    """Instructions of one round of each piece: those of several rounds less those of none."""
    jobs = [(piece, rounds) for piece in pieces for rounds in (ROUNDS, 0)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        counts = dict(zip(jobs, pool.map(lambda job: instructions(*job), jobs), strict=True))
    return {piece: (counts[piece, ROUNDS] - counts[piece, 0]) / ROUNDS for piece in pieces}


def timed(pieces: list[str]) -> dict[str, float]:
    """Seconds of one round of each piece: the fastest of many that take turns."""
    best = dict.fromkeys(pieces, float("inf"))
    for _ in range(5):
        for piece in pieces:
            best[piece] = min(best[piece], run(piece, 5))
    return best


def judged(costs: dict[str, float], recorded: dict[str, float], more: float) -> list[tuple[str, float, float, str]]:
    """Piece, units now, units recorded, and what is to be said."""
    units = {piece: cost / costs["unit"] for piece, cost in costs.items() if piece != "unit"}
    found = []
    for piece, now in units.items():
        before = recorded.get(piece)
        if before is None:
            says = "not recorded: run with --record"
        elif now > before * more:
            says = f"TOO MUCH: {now / before - 1:.0%} more; at most {more - 1:.0%}"
        else:
            says = "kept" if now > before / more else f"{1 - now / before:.0%} less: run with --record"
        found.append((piece, now, before or 0.0, says))
    return found


def main() -> int:
    """Count, compare, print."""
    if sys.argv[1:2] == ["--run"]:
        run(sys.argv[2], int(sys.argv[3]))
        return 0
    chosen = [argument for argument in sys.argv[1:] if argument != "--record"] or list(PIECES)
    pieces = ["unit", *(piece for piece in chosen if piece != "unit")]
    has_valgrind = shutil.which("valgrind") is not None
    if not has_valgrind:
        print("no valgrind here: instructions are not counted, process time is measured in their place")
    costs = counted(pieces) if has_valgrind else timed(pieces)
    recorded = json.loads(RECORD.read_text("utf-8")) if RECORD.is_file() else {}
    if "--record" in sys.argv and has_valgrind:
        recorded |= {piece: round(cost / costs["unit"], 4) for piece, cost in costs.items() if piece != "unit"}
        RECORD.write_text(json.dumps(recorded, indent=1) + "\n", "utf-8")
    found = judged(costs, recorded, MORE_INSTRUCTIONS if has_valgrind else MORE_TIME)
    print(f"{'piece':12}{'units':>10}{'recorded':>10}")
    for piece, now, before, says in found:
        print(f"{piece:12}{now:10.3f}{before:10.3f}  {says}")
    return 1 if any(says.startswith(("TOO MUCH", "not recorded")) for *_, says in found) else 0


if __name__ == "__main__":
    sys.exit(main())
