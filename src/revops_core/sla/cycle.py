"""One cycle of one target on integer microseconds: it runs, stands still, is breached, and tells who must hear of it.

`advance` brings a cycle to an instant. The elapsed time is the working time of its running stretches and nothing else,
so a pause needs no arithmetic of its own. Facts at an instant act before triggers at that instant: a stretch that ends
with a fact fires what lies before its end, the last one (`final`) also what lies on it. A cycle is breached where it
ran at some instant strictly after it was due.
"""

from __future__ import annotations

from bisect import insort
from itertools import chain

from revops_core.sla.clock_event import ClockEvent
from revops_core.sla.target_plan import AFTER_BREACH, FROM_START, TargetPlan, Trigger

__all__ = ["CANCELLED", "COUNTED", "PAUSED", "RUNNING", "STOPPED", "Cycle", "Stretch"]

RUNNING = 0
PAUSED = 1
STOPPED = 2
CANCELLED = 3
COUNTED = 4
_NEVER = 1 << 62

Stretch = tuple[int, int, int, int, ClockEvent, str | None]
"""A part of a cycle in which nothing changed: start, end, phase, working time, cause, owner."""


class Cycle:
    """The state of one cycle; it changes while facts are read and is then turned into a `TargetReading`.

    Attributes:
        opener, opened: the fact that opened it, and when.
        phase: RUNNING, PAUSED, STOPPED or CANCELLED; since when: `since`.
        mark: the working time of the calendar at `since`, while running.
        elapsed, wall: running time so far in working time and as it passes.
        breached: the due instant that was missed.
        segments: (start, end, phase, working time, cause, owner).
        notices: (at, trigger, number, skipped).
    """

    __slots__ = (
        "_acknowledged", "_base", "_fired", "_late_from", "_next", "_pending", "_walls",
        "breach_cause", "breached", "budget", "cause", "elapsed", "mark", "notices", "opened",
        "opener", "owner", "phase", "plan", "segments", "since", "wall",
    )  # fmt: skip

    def __init__(self, plan: TargetPlan, opener: ClockEvent, opened: int, phase: int, owner: str | None) -> None:
        self.plan, self.opener, self.opened = plan, opener, opened
        self.phase, self.since, self.owner, self.cause = phase, opened, owner, opener
        self.mark = plan.table.worked(opened) if phase == RUNNING else 0
        self.elapsed = self.wall = 0
        self.breached: int | None = None
        self.breach_cause: ClockEvent | None = None
        self.segments: list[Stretch] = []
        self.notices: list[tuple[int, Trigger, int, bool]] = []
        self.budget, thresholds = plan.budget_from(opened)
        # What fires next: (elapsed time, key, number, trigger), and for wall time (instant or None, number, trigger),
        # where None asks the trigger itself.
        self._pending = thresholds.copy()
        self._walls: list[tuple[int | None, int, Trigger]] = [(None, 1, trigger) for trigger in plan.by_wall]
        self._fired: dict[str, tuple[int, int, int]] = {}  # key -> number, elapsed time and instant of the last firing
        self._acknowledged: set[str] = set()
        self._late_from = 0  # the elapsed time when the time was found used up
        self._base = opened, 0  # since when, and from what elapsed time, it ran last
        self._set_next()

    @property
    def is_open(self) -> bool:
        """Whether it runs or stands still."""
        return self.phase <= PAUSED

    def _set_next(self) -> None:
        """The elapsed time at which something fires or is due: below it, nothing needs a look."""
        soonest = self._pending[0][0] if self._pending else _NEVER
        if self._walls:
            soonest = 0
        self._next = soonest if self.breached is not None or soonest < self.budget else self.budget

    # --- Time passes ---

    def advance(self, t: int, *, final: bool = False) -> None:
        """Bring it to the instant t, which ends a segment; one that has ended stays where it is."""
        since = self.since
        if self.phase == RUNNING:
            mark = self.plan.table.worked(t)
            elapsed = self.elapsed + mark - self.mark
            if elapsed >= self._next:
                self._fire(t, elapsed, final=final)
            self._base = since, self.elapsed
            if t > since:
                self.segments.append((since, t, RUNNING, mark - self.mark, self.cause, self.owner))
                self.wall += t - since
                self.elapsed, self.mark = elapsed, mark
        elif self.phase != PAUSED:
            return
        elif t > since:
            self.segments.append((since, t, PAUSED, 0, self.cause, self.owner))
        self.since = t

    def settle(self, t: int) -> None:
        """Fire what lies before t without ending a segment."""
        if self.phase == RUNNING:
            self._fire(t, self.elapsed + self.plan.table.worked(t) - self.mark, final=False)

    def _fire(self, end: int, elapsed: int, *, final: bool) -> None:
        """Fire all that lies in the running stretch from `since` to `end`, in the order of its instants."""
        limit = end + 1 if final else end
        while True:
            at, number, trigger = self._soonest(elapsed)
            if self.breached is None and self.budget <= elapsed:
                due = self.plan.due(self.since, self.budget - self.elapsed)
                if due < end and due <= at:
                    self._breach(due)
                    continue
            if trigger is None or at >= limit:
                break
            self._pending = [entry for entry in self._pending if entry[3] is not trigger]
            self._walls = [entry for entry in self._walls if entry[2] is not trigger]
            self.notify(trigger, number, at)
        self._set_next()

    def _soonest(self, elapsed: int) -> tuple[int, int, Trigger | None]:
        """The trigger that fires first from `since`, as far as `elapsed` reaches: instant, number, trigger."""
        at, number, trigger = _NEVER, 0, None
        if self._pending and self._pending[0][0] <= elapsed:
            threshold, _, number, trigger = self._pending[0]
            at = self.since
            if threshold > self.elapsed:
                at = self.plan.table.add(at, threshold - self.elapsed)
            if self.breached is not None and trigger.kind == AFTER_BREACH:
                at = max(at, self.breached)  # later than the time is used up, where it is due at the next opening
        for wall_at, wall_number, wall_trigger in self._walls:
            instant = max(self.since, self._wall_instant(wall_at, wall_trigger))
            if instant < at:
                at, number, trigger = instant, wall_number, wall_trigger
        return at, number, trigger

    def _wall_instant(self, at: int | None, trigger: Trigger) -> int:
        if at is not None:
            return at
        if trigger.kind == FROM_START:
            return self.opened + trigger.threshold(self.budget)
        due = self.breached
        if due is None:
            due = self.plan.due(self.since, self.budget - self.elapsed)
        return due - trigger.offset

    def _breach(self, due: int) -> None:
        self.breached, self.breach_cause = due, self.cause
        self._late_from = max(self.budget, self.elapsed)
        for trigger in self.plan.after_breach:
            if trigger.key not in self._fired:
                self._schedule(trigger, 1, due + trigger.offset, self._late_from + trigger.offset)

    def _schedule(self, trigger: Trigger, number: int, at: int | None, elapsed: int) -> None:
        """Let it fire at the instant, or at the elapsed time, as its clock is."""
        if trigger.wall:
            self._walls.append((at, number, trigger))
        else:
            insort(self._pending, (elapsed, trigger.key, number, trigger))

    def notify(self, trigger: Trigger, number: int, at: int, *, skipped: bool = False) -> None:
        """Note that it fired, and let it fire again where it repeats."""
        elapsed = self.elapsed
        if self.phase == RUNNING and at > self.since:
            elapsed += self.plan.table.worked(at) - self.mark
        self.notices.append((at, trigger, number, skipped))
        self._fired[trigger.key] = number, elapsed, at
        if number <= trigger.repeats and not skipped and trigger.key not in self._acknowledged:
            self._schedule(trigger, number + 1, at + trigger.every, elapsed + trigger.every)
            self._set_next()

    # --- Facts act ---

    def change(self, phase: int, t: int, fact: ClockEvent) -> None:
        """Let a fact at t change the phase."""
        self.advance(t)
        self.phase, self.cause = phase, fact
        if phase == RUNNING:
            self.mark = self.plan.table.worked(t)

    def reopen(self, t: int, fact: ClockEvent, *, total: bool) -> None:
        """Let it run on after an end; the time between counts where the `total` is asked for."""
        ended = self.since
        if total:
            between = self.plan.table.open_between(ended, t)
            if t > ended:
                self.segments.append((ended, t, COUNTED, between, fact, self.owner))
                self.wall += t - ended
            self.elapsed += between
        self.since = t
        self.change(RUNNING, t, fact)

    def assign(self, owner: str, t: int, fact: ClockEvent) -> None:
        """Let someone else have it from t on."""
        if self.is_open:
            self.advance(t)
            self.cause = fact
        self.owner = owner

    def report(self, trigger: Trigger, t: int) -> None:
        """Fire a trigger that waited for a fact reported at t, once in a cycle."""
        if trigger.key not in self._fired:
            self.notify(trigger, 1, t)

    def acknowledge(self, tier: int | None, t: int) -> None:
        """End the repeats of a tier that fired before t, or of all."""
        self.settle(t)
        keys = [key for key in self._fired if tier is None or key == str(tier)]
        self._acknowledged.update(keys)
        self._pending = [entry for entry in self._pending if entry[1] not in self._acknowledged]
        self._walls = [entry for entry in self._walls if entry[2].key not in self._acknowledged]
        self._set_next()

    def retarget(self, plan: TargetPlan, t: int, fact: ClockEvent) -> None:
        """Carry the elapsed time over to another promise, from t on; what it would have fired before is skipped."""
        self.advance(t)
        self.plan, self.cause = plan, fact
        if self.phase == RUNNING:
            self.mark = plan.table.worked(t)
        self.budget, thresholds = plan.budget_from(self.opened)
        self._pending, self._walls = [], []
        for threshold, _, _, trigger in thresholds:
            self._take_over(trigger, t, None, threshold, passed=threshold <= self.elapsed)
        for trigger in plan.by_wall:
            known = trigger.kind == FROM_START or self.phase == RUNNING
            self._take_over(trigger, t, None, 0, passed=known and self._wall_instant(None, trigger) <= t)
        for trigger in plan.after_breach:
            if self.breached is not None:
                self._take_over(trigger, t, self.breached + trigger.offset, self._late_from + trigger.offset)
            elif self.elapsed >= self.budget and trigger.offset == 0:
                self._take_over(trigger, t, None, 0, passed=True)
        for trigger in chain.from_iterable(plan.on_fact.values()):
            if trigger.key in self._fired:
                self._take_over(trigger, t, None, 0)
        self._set_next()

    def _take_over(self, trigger: Trigger, t: int, at: int | None, elapsed: int, *, passed: bool = False) -> None:
        """Let a trigger of the new promise fire when its time comes; one that fired goes on with its repeats."""
        if trigger.key in self._fired:
            number, fired_elapsed, fired_at = self._fired[trigger.key]
            if number <= trigger.repeats and trigger.key not in self._acknowledged:
                self._schedule(trigger, number + 1, fired_at + trigger.every, fired_elapsed + trigger.every)
        elif not passed:
            self._schedule(trigger, 1, at, elapsed)
        else:
            self.notices.append((t, trigger, 1, True))
            self._fired[trigger.key] = _NEVER, 0, t

    # --- What follows ---

    def due(self) -> int | None:
        """When it is or was due; None while it stands still, where it ended so, and where it was withdrawn."""
        if self.phase in {PAUSED, CANCELLED}:
            return None
        if self.phase == STOPPED and self.segments and self.segments[-1][2] == PAUSED:
            return self.breached
        since, elapsed = self._base
        if self.breached is not None and self.elapsed >= self.budget:
            return self.breached
        return self.plan.due(since, self.budget - elapsed)

    def look_again(self) -> int | None:
        """The earliest instant after `since` at which it changes by itself."""
        if self.phase != RUNNING:
            return None
        at, elapsed = _NEVER, self._pending[0][0] if self._pending else _NEVER
        if self.breached is None:
            at = max(self.plan.due(self.since, self.budget - self.elapsed), self.since) + 1
            if (risk := self.at_risk_from) > self.elapsed:
                elapsed = min(elapsed, risk)
        if elapsed < _NEVER:
            at = min(at, self.plan.table.add(self.since, elapsed - self.elapsed))
        for wall_at, _, trigger in self._walls:
            at = min(at, max(self.since + 1, self._wall_instant(wall_at, trigger)))
        return None if at == _NEVER else at

    @property
    def at_risk_from(self) -> int:
        """The elapsed time from which it is at risk."""
        return -(-self.budget * self.plan.target.at_risk_percent // 100)

    @property
    def status(self) -> str:
        """The one word that tells how it stands."""
        if self.phase == STOPPED:
            return "met" if self.breached is None else "met_late"
        if self.phase == CANCELLED:
            return "cancelled"
        if self.breached is not None:
            return "breached"
        if self.phase == PAUSED:
            return "paused"
        return "at_risk" if self.elapsed >= self.at_risk_from else "running"
