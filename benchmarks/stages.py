"""Decisions and logs of stages beside their peers, in one run: ratios, and the limit each is held to.

    PYTHONPATH=src python benchmarks/stages.py [events]

Peers: transitions, python-statemachine and Automat (pip install transitions python-statemachine Automat).
The subject of the first part is a pipeline of 7 stages with one rule on each step: the amount is above zero.
"""

from __future__ import annotations

import gc
import random
import sys
from array import array
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from time import process_time
from typing import Any

from attrs import frozen
from automat import MethodicalMachine
from statemachine import State, StateMachine
from transitions import Machine

from revops_core import stages
from revops_core.calendars import BusinessCalendar
from revops_core.entities import Opportunity
from revops_core.values.checks import Count, Id, checked
from revops_core.values.condition import each
from revops_core.values.decision import Rule
from revops_core.values.instants import from_microseconds
from revops_core.values.money import Money
from revops_core.values.period import Period

NAMES = ("lead", "qualified", "demo", "proposal", "negotiation", "contract", "won")
AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


@checked()
@frozen(kw_only=True, eq=False, weakref_slot=False)
class Sale:
    """A record with the columns an application stores for a staged record, and an amount."""

    id: Id
    stage: str | None = None
    stage_entered_at: datetime | None = None
    stage_seq: Count | None = None
    stage_version: int | None = None
    amount: int | None = None


@frozen
class Subject:
    """One system: its name, what makes a piece of work for so many rounds, and how many transitions a round has."""

    name: str
    make: Callable[[int], Callable[[], None]]
    rounds: int
    steps: int


def best(subjects: Iterable[Subject], runs: int = 9) -> dict[str, float]:
    """The best of some runs of each in nanoseconds for one step; subjects take turns, so that all share the noise."""
    held = list(subjects)
    times = {subject.name: float("inf") for subject in held}
    for _ in range(runs):
        for subject in held:
            work = subject.make(subject.rounds)
            gc.collect()
            gc.disable()
            start = process_time()
            work()
            time = (process_time() - start) / (subject.rounds * subject.steps) * 1e9
            times[subject.name] = min(times[subject.name], time)
            gc.enable()
    return times


def sale_pipeline(cls: type) -> stages.Pipeline:
    """Seven stages; each asks for an amount above zero."""
    zero: Any = 0 if cls is Sale else Money(0, "EUR")
    rule = Rule("amount_positive", each(cls).amount > zero, "Enter an amount above zero.")
    steps = [stages.Stage(name, entry=(rule,)) for name in NAMES[:-1]]
    return stages.Pipeline("sale", (*steps, stages.Stage(NAMES[-1], "won", entry=(rule,))), skip="forbid")


def walk(rounds: int) -> Callable[[], None]:
    """Six moves forward for each of `rounds` records, each decided and applied."""
    pipeline = sale_pipeline(Sale)
    first = Sale(id="s1", stage=NAMES[0], stage_entered_at=AT, stage_seq=0, stage_version=1, amount=5)
    steps = [(name, AT + timedelta(hours=hour)) for hour, name in enumerate(NAMES[1:], 1)]

    def work() -> None:
        for _ in range(rounds):
            sale = first
            for name, at in steps:
                sale = pipeline.decide(sale, name, at=at).apply_to(sale)

    return work


def walk_opportunity(rounds: int) -> Callable[[], None]:
    """The same for our Opportunity of 27 fields, all checked again at each step."""
    pipeline = sale_pipeline(Opportunity)
    first = Opportunity(
        id="s1", stage=NAMES[0], stage_entered_at=AT, stage_seq=0, stage_version=1, amount=Money(5, "EUR")
    )
    steps = [(name, AT + timedelta(hours=hour)) for hour, name in enumerate(NAMES[1:], 1)]

    def work() -> None:
        for _ in range(rounds):
            sale = first
            for name, at in steps:
                sale = pipeline.decide(sale, name, at=at).apply_to(sale)

    return work


def decide_only(target: str) -> Callable[[int], Callable[[], None]]:
    """The decision alone: yes for the next stage, no for a skip."""

    def make(rounds: int) -> Callable[[], None]:
        pipeline = sale_pipeline(Sale)
        sale = Sale(id="s1", stage=NAMES[0], stage_entered_at=AT, stage_seq=0, stage_version=1, amount=5)
        at = AT + timedelta(hours=1)

        def work() -> None:
            for _ in range(rounds):
                pipeline.decide(sale, target, at=at)

        return work

    return make


def board(rounds: int) -> Callable[[], None]:
    """All seven answers for one record."""
    pipeline = sale_pipeline(Sale)
    sale = Sale(id="s1", stage=NAMES[0], stage_entered_at=AT, stage_seq=0, stage_version=1, amount=5)

    def work() -> None:
        for _ in range(rounds):
            pipeline.options(sale, at=AT)

    return work


def walk_transitions(rounds: int) -> Callable[[], None]:
    """One shared Machine, one condition on each step, no history kept."""

    class Model:
        amount = 5

        def has_amount(self) -> bool:
            return self.amount > 0

    machine = Machine(model=None, states=list(NAMES), initial=NAMES[0], auto_transitions=False)
    for source, target in pairwise(NAMES):
        machine.add_transition("advance", source, target, conditions="has_amount")
    machine.add_transition("reset", NAMES[-1], NAMES[0], conditions="has_amount")
    model: Any = Model()
    machine.add_model(model)

    def work() -> None:
        for _ in range(rounds):
            for _ in NAMES[1:]:
                model.advance()
            model.reset()

    return work


def walk_statemachine(rounds: int) -> Callable[[], None]:
    """One machine, one condition on each step."""
    states = {name: State(name, initial=name == NAMES[0]) for name in NAMES}
    advance: Any = None
    for source, target in pairwise(NAMES):
        step = states[source].to(states[target], cond="has_amount")
        advance = step if advance is None else advance | step
    members = {"amount": 5, "has_amount": lambda self: self.amount > 0}
    reset = states[NAMES[-1]].to(states[NAMES[0]], cond="has_amount")
    machine = type("Walk", (StateMachine,), {**states, **members, "advance": advance, "reset": reset})()

    def work() -> None:
        for _ in range(rounds):
            for _ in NAMES[1:]:
                machine.advance()
            machine.reset()

    return work


def _state() -> Callable[[object], None]:
    """A state of Automat is a method of its own."""
    return lambda _self: None


def walk_automat(rounds: int) -> Callable[[], None]:
    """One machine; Automat has no conditions, so the `if` stands outside."""

    class Walk:
        machine = MethodicalMachine()
        amount = 5

        @machine.input()
        def advance(self) -> None: ...

        @machine.input()
        def reset(self) -> None: ...

        lead = machine.state(initial=True)(_state())
        qualified = machine.state()(_state())
        demo = machine.state()(_state())
        proposal = machine.state()(_state())
        negotiation = machine.state()(_state())
        contract = machine.state()(_state())
        won = machine.state()(_state())

    ways, members = [vars(Walk)[name] for name in NAMES], vars(Walk)
    for source, target in pairwise(ways):
        source.upon(members["advance"], enter=target, outputs=[])
    ways[-1].upon(members["reset"], enter=ways[0], outputs=[])
    subject = Walk()

    def work() -> None:
        for _ in range(rounds):
            for _ in NAMES[1:]:
                if subject.amount > 0:
                    subject.advance()
            subject.reset()

    return work


def print_decisions() -> list[tuple[str, float, float | None, str]]:
    """The table of decisions; its ratios."""
    ours, peer = "decide + apply", "transitions"
    times = best(
        (
            Subject(ours, walk, 1500, 6),
            Subject("decide + apply, Opportunity of 27 fields", walk_opportunity, 500, 6),
            Subject("decide alone: yes", decide_only(NAMES[1]), 5000, 1),
            Subject("decide alone: refused", decide_only(NAMES[3]), 5000, 1),
            Subject("the whole board of 7", board, 700, 1),
            Subject(peer, walk_transitions, 700, 7),
            Subject("python-statemachine", walk_statemachine, 60, 7),
            Subject("Automat, condition outside", walk_automat, 2000, 7),
        )
    )
    print("one transition of a pipeline of 7 stages with a rule on each step")
    for name, time in times.items():
        print(f"  {name:42} {time:9,.0f} ns   {time / times[ours]:6.2f} x ours")
    for name, limit in ((peer, 2.5), ("python-statemachine", 20)):
        print(f"  {name} takes {times[name] / times[ours]:.1f} times as long; the limit is at least {limit}")
    limits = {peer: 1 / 2.5, "python-statemachine": 1 / 20, "Automat, condition outside": None}
    return [(f"{ours}, beside {name}", times[ours] / times[name], limit, "") for name, limit in limits.items()]


def rows_of(events: int) -> list[tuple[str, str, int]]:
    """A log of about so many events: deals that go on, skip, go back, are lost or won; sorted by deal and time."""
    chance = random.Random(7)
    rows: list[tuple[str, str, int]] = []
    deal = 0
    while len(rows) < events:
        at, place = 1_600_000_000_000_000 + deal * 700_000_000, 0
        while True:
            rows.append((f"deal-{deal}", NAMES[place] if place >= 0 else "lost", at))
            if place in {-1, 6} or chance.random() < 0.05:
                break
            at += int(chance.expovariate(1 / 400_000_000_000)) + 1
            turn = chance.random()
            place = (
                -1 if turn < 0.1 else max(place - 1, 0) if turn < 0.2 and place else min(place + 1 + (turn > 0.9), 6)
            )
        deal += 1
    return rows


def seconds(work: Callable[[], Any], runs: int = 3) -> float:
    """The best of some runs, in seconds."""
    least = float("inf")
    for _ in range(runs):
        gc.collect()
        start = process_time()
        work()
        least = min(least, process_time() - start)
    return least


def print_log(events: int) -> list[tuple[str, float, float | None, str]]:
    """The table of a log; its ratios."""
    rows = rows_of(events)
    mixed = rows[:]
    random.Random(8).shuffle(mixed)
    aware = [(deal, stage, from_microseconds(at)) for deal, stage, at in rows]

    def one_pass() -> None:
        at, stage, codes = array("q"), array("H"), dict[str, int]()
        for _, name, instant in rows:
            at.append(instant)
            stage.append(codes.setdefault(name, len(codes)))

    reference = seconds(one_pass, 5)
    log = stages.StageLog.of(rows)
    names = (*NAMES[:-1], stages.Stage(NAMES[-1], "won"), stages.Stage("lost", "lost"))
    pipeline = stages.Pipeline("sale", names)
    office = BusinessCalendar("Mo-Fr 09:00-17:00", tz="Europe/Berlin")
    moment = from_microseconds(rows[len(rows) // 2][2])
    months = Period.year(2021).months() + Period.year(2022).months()
    print(
        f"a log of {len(log):,} events of {len(log.columns.ids):,} deals,"
        f" {log.columns.byte_count / len(log):.1f} bytes each"
    )
    print(f"  {'one pass of array appends (the reference)':48} {reference:6.2f} s")
    work: dict[str, tuple[Callable[[], Any], str]] = {
        "ingest, sorted, integers": (lambda: stages.StageLog.of(rows), "at most 3"),
        "ingest, sorted, aware datetimes": (lambda: stages.StageLog.of(aware), "printed"),
        "ingest, shuffled, integers": (lambda: stages.StageLog.of(mixed), "printed"),
        "snapshot of all deals": (lambda: log.snapshot(moment), "at most 2"),
        "24 month ends": (lambda: log.series(months), "at most 2"),
        "funnel, actual and filled": (lambda: log.funnel(pipeline, cohort="all"), "at most 2"),
        "what became of each stage": (lambda: log.fates(pipeline), "at most 2"),
        "win chances (absorbing chain)": (lambda: log.win_chances(pipeline), "at most 2"),
        "flow: n, mean, median, p90 of each way": (log.flow, "at most 2"),
        "bottlenecks": (log.bottlenecks, "at most 2"),
        "rework": (log.rework, "at most 2"),
        "variants": (log.variants, "at most 2"),
        "conformance": (lambda: log.conformance(pipeline), "at most 2"),
        "flow in working time": (lambda: log.flow(calendar=office), "printed"),
    }
    figures: list[tuple[str, float, float | None, str]] = []
    for name, (run, limit) in work.items():
        time = seconds(run)
        most = float(limit.removeprefix("at most ")) if limit.startswith("at most") else None
        figures.append((f"log: {name}, beside one pass of array appends", time / reference, most, f"{events:,} events"))
        print(f"  {name:48} {time:6.2f} s   {time / reference:5.2f} x   {limit}")
    return figures


def main() -> list[tuple[str, float, float | None, str]]:
    """Print both tables; give their ratios."""
    figures = print_decisions()
    print()
    return figures + print_log(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)


if __name__ == "__main__":
    main()
