"""Replay: the facts of a clock, in order, through the cycles of one target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice

from revops_core.sla.clock_event import ClockEvent
from revops_core.sla.cycle import CANCELLED, PAUSED, RUNNING, STOPPED, Cycle
from revops_core.sla.sla_target import ROLES
from revops_core.sla.target_plan import TargetPlan

__all__ = ["LoggedFact", "Replay"]

LoggedFact = tuple[int, ClockEvent, Mapping[str, TargetPlan] | None]
"""A fact at its instant, and the targets that hold from it on, where it changes them."""

_START, _START_CYCLE, _REOPEN, _RESUME, _, _PAUSE, _STOP, _RENEW, _CANCEL = range(len(ROLES))


class Replay:
    """The state of one target while facts are read.

    Attributes:
        cycles: every cycle so far, the last one current.
        plan: the target that holds now; None where none does.
        acted, ignored: the facts that the target reads, and that changed something or nothing, as a second start.
    """

    __slots__ = ("_held", "_owner", "_ready", "_reported", "acted", "cycles", "ignored", "name", "plan")

    def __init__(self, name: str, plan: TargetPlan | None) -> None:
        self.name, self.plan = name, plan
        self._ready = plan is None or plan.target.after is None
        self._held = False
        self._owner: str | None = None
        self._reported: list[tuple[int, str]] = []
        self.cycles: list[Cycle] = []
        self.ignored: list[ClockEvent] = []
        self.acted: list[ClockEvent] = []

    def read(self, facts: Sequence[LoggedFact], as_of: int) -> None:
        """Read the facts up to and with the instant `as_of`, and bring the current cycle there."""
        name = self.name
        plan = self.plan
        for index, (at, fact, matched) in enumerate(facts):
            if at > as_of:
                break
            if self._reported and at > self._reported[0][0]:
                self._escalate_reports()
            if matched is not None:
                self.acted.append(fact)
            if matched is not None and matched.get(name) is not plan:
                self._retarget(matched.get(name), facts, index)
                plan = self.plan
            if fact.owner is not None and fact.owner != self._owner:
                self._owner = fact.owner
                if self.cycles:
                    self.cycles[-1].assign(fact.owner, at, fact)
            if fact.target is not None and fact.target != name:
                continue
            role = None if plan is None else plan.roles.get(fact.kind)
            if role is None or plan is None or fact.kind in plan.on_fact:
                self._reported.append((at, fact.kind))
            if plan is None:
                continue
            if fact.kind == "acknowledged" and self.cycles:
                self.cycles[-1].acknowledge(fact.tier, at)
            if role is not None and fact.tier is None:
                (self.acted if self._act(role, plan, at, fact) else self.ignored).append(fact)
            if fact.kind == plan.target.after:
                self._ready = True
        self._escalate_reports()
        if self.cycles:
            self.cycles[-1].advance(as_of, final=True)

    def _act(self, role: int, plan: TargetPlan, at: int, fact: ClockEvent) -> bool:
        """Let one fact act; whether it changed anything."""
        cycle = self.cycles[-1] if self.cycles else None
        is_open = cycle is not None and cycle.phase <= PAUSED
        if role >= _STOP:
            if cycle is None or not is_open:
                return False
            cycle.change(CANCELLED if role == _CANCEL else STOPPED, at, fact)
            if role == _RENEW:
                self._open(plan, at, fact)
        elif role == _PAUSE or role == _RESUME:  # noqa: PLR1714, SIM109 - a set of globals is made anew each time
            was_held, self._held = self._held, role == _PAUSE
            if cycle is None or not is_open:
                return was_held != self._held
            if cycle.phase == (PAUSED if self._held else RUNNING):
                return False
            cycle.change(PAUSED if self._held else RUNNING, at, fact)
        elif is_open or (role != _REOPEN and (not self._ready or (cycle is not None and role == _START))):
            return False
        elif role == _REOPEN:
            self._held = False
            if cycle is None or plan.target.reopen == "new_cycle":
                self._open(plan, at, fact)
            else:
                cycle.reopen(at, fact, total=plan.target.reopen == "total")
                if cycle.plan is not plan:
                    cycle.retarget(plan, at, fact)
        else:
            self._open(plan, at, fact)
        return True

    def _open(self, plan: TargetPlan, at: int, fact: ClockEvent) -> None:
        self.cycles.append(Cycle(plan, fact, at, PAUSED if self._held else RUNNING, self._owner))

    def _escalate_reports(self) -> None:
        """Fire what waited for a fact, after all facts of its instant have acted."""
        if self.plan is not None and self.plan.on_fact and self.cycles and self.cycles[-1].is_open:
            for at, kind in self._reported:
                for trigger in self.plan.on_fact.get(kind, ()):
                    self.cycles[-1].report(trigger, at)
        self._reported = []

    def _retarget(self, plan: TargetPlan | None, facts: Sequence[LoggedFact], index: int) -> None:
        """Let another promise, or none, hold from the fact at `index` on."""
        before, self.plan = self.plan, plan
        at, fact, _ = facts[index]
        cycle = self.cycles[-1] if self.cycles else None
        if plan is None:
            if cycle is not None and cycle.is_open:
                cycle.change(CANCELLED, at, fact)
            return
        self._ready = plan.target.after is None or any(
            other.kind == plan.target.after and other.target in {None, self.name}
            for _, other, _ in islice(facts, index)
        )
        if before is None or before.roles != plan.roles:
            self._adopt(plan, facts[:index], at, fact)
        elif cycle is not None and cycle.is_open:  # one that has ended keeps its promise until it is reopened
            if plan.target.retarget == "carry":
                cycle.retarget(plan, at, fact)
            else:
                cycle.change(CANCELLED, at, fact)
                self._open(plan, at, fact)

    def _adopt(self, plan: TargetPlan, earlier: Sequence[LoggedFact], at: int, fact: ClockEvent) -> None:
        """Hold from `at` on where what the facts mean has changed: the state is what the new promise makes of them."""
        supposed = Replay(self.name, plan)
        supposed.read([(then, other, None) for then, other, _ in earlier], at)
        self._held = supposed._held
        is_open = bool(supposed.cycles) and supposed.cycles[-1].is_open
        cycle = self.cycles[-1] if self.cycles else None
        carried = cycle is not None and cycle.is_open and plan.target.retarget == "carry"
        if cycle is not None and cycle.is_open and not (carried and is_open):
            cycle.change(CANCELLED if is_open else STOPPED, at, fact)
        if cycle is not None and carried and is_open:
            cycle.retarget(plan, at, fact)
            phase = PAUSED if self._held else RUNNING
            if phase != cycle.phase:
                cycle.change(phase, at, fact)
        elif is_open:
            self._open(plan, at, fact)
