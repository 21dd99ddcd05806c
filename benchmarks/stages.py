"""Decisions and logs of stages beside their peers, in one run: ratios, and the limit each is held to.

    PYTHONPATH=src python benchmarks/stages.py [events]

Peers: transitions, python-statemachine and Automat (pip install transitions python-statemachine Automat).
The subject of the first part is a pipeline of 7 stages with one rule on each step: the amount is above zero.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from datetime import UTC, datetime
from time import perf_counter
from typing import Any

from attrs import frozen

from revops_core import stages
from revops_core.values.checks import Count, Id, checked
from revops_core.values.condition import each
from revops_core.values.decision import Rule

NAMES = ("lead", "qualified", "demo", "proposal", "negotiation", "contract", "won")
AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


@checked()
@frozen(kw_only=True)
class Sale:
    """A record with the columns an application stores for a staged record, and an amount."""

    id: Id
    stage: str | None = None
    stage_entered_at: datetime | None = None
    stage_seq: Count | None = None
    stage_version: int | None = None
    amount: int | None = None


def ns_each(work: Callable[[], Any], times: int) -> float:
    """The best of five runs, in nanoseconds for one of `times` pieces of work."""
    best = float("inf")
    for _ in range(5):
        gc.collect()
        gc.disable()
        start = perf_counter()
        work()
        best = min(best, perf_counter() - start)
        gc.enable()
    return best / times * 1e9


def seconds(work: Callable[[], Any]) -> float:
    """The best of three runs, in seconds."""
    best = float("inf")
    for _ in range(3):
        gc.collect()
        start = perf_counter()
        work()
        best = min(best, perf_counter() - start)
    return best


def walk(rounds: int) -> Callable[[], None]:
    """Six moves forward for each of `rounds` records, each decided and applied."""
    rule = Rule("amount_positive", each(Sale).amount > 0, "Enter an amount above zero.")
    pipeline = stages.Pipeline(
        "sale",
        (*(stages.Stage(name, entry=(rule,)) for name in NAMES[:-1]), stages.Stage(NAMES[-1], "won", entry=(rule,))),
    )
    first = Sale(id="s1", stage=NAMES[0], stage_entered_at=AT, stage_seq=0, stage_version=1, amount=5)

    def work() -> None:
        for _ in range(rounds):
            sale = first
            for name in NAMES[1:]:
                sale = pipeline.decide(sale, name, at=AT).apply_to(sale)

    return work


def walk_transitions(rounds: int) -> Callable[[], None]:
    from transitions import Machine

    class Model:
        amount = 5

        def has_amount(self) -> bool:
            return self.amount > 0

    machine = Machine(model=None, states=list(NAMES), initial=NAMES[0], auto_transitions=False, send_event=False)
    for source, target in zip(NAMES, NAMES[1:], strict=False):
        machine.add_transition("advance", source, target, conditions="has_amount")
    model = Model()
    machine.add_model(model)

    def work() -> None:
        for _ in range(rounds):
            machine.set_state(NAMES[0], model)
            for _ in NAMES[1:]:
                model.advance()

    return work


def walk_statemachine(rounds: int) -> Callable[[], None]:
    from statemachine import State, StateMachine

    states = {name: State(name, initial=name == NAMES[0], final=name == NAMES[-1]) for name in NAMES}
    event = None
    for source, target in zip(NAMES, NAMES[1:], strict=False):
        step = states[source].to(states[target], cond="has_amount")
        event = step if event is None else event | step
    machine_class = type("Machine", (StateMachine,), {**states, "advance": event, "amount": 5, "has_amount": lambda self: self.amount > 0})

    machines = [machine_class() for _ in range(rounds)]

    def work() -> None:
        for number in range(rounds):
            machine = machines[number]
            if NAMES[-1] in str(machine.configuration) :
                continue
            for _ in NAMES[1:]:
                machine.advance()

    return work


def main() -> None:
    """Print the tables."""
    rounds = 3_000
    ours = ns_each(walk(rounds), rounds * 6)
    theirs = ns_each(walk_transitions(rounds), rounds * 6)
    print(ours, theirs, theirs/ours)

if __name__ == "__main__":
    main()
