"""A second reading of the rules: it walks a clock second by second, with no arithmetic on spans, thresholds or sums.

Everything the engine computes with prefix sums is counted here tick by tick, so the two share no formula.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from revops_core.sla import BusinessDays, ClockEvent, EscalationTier, SlaPolicy, SlaTarget

BASE = datetime(2026, 3, 2, tzinfo=UTC)
SECOND = timedelta(seconds=1)
RANK = ("start", "start_cycle", "reopen", "resume", "change", "pause", "stop", "renew", "cancel")


def second(tick: int) -> datetime:
    return BASE + tick * SECOND


def tick_of(at: datetime) -> int:
    return (at - BASE) // SECOND


def ticks(span: timedelta) -> int:
    return span // SECOND


@dataclass
class Turn:
    """One cycle as it is walked."""

    target: SlaTarget
    opener: ClockEvent
    opened: int
    phase: str
    elapsed: int = 0
    wall: int = 0
    due: int | None = None
    breached: int | None = None
    late_from: int = 0
    ended: int | None = None
    phases: list = field(default_factory=list)  # the phase of each tick walked
    fired: dict = field(default_factory=dict)  # key -> [(at, number, elapsed)]
    skipped: dict = field(default_factory=dict)
    acknowledged: set = field(default_factory=set)

    @property
    def budget(self) -> int:
        assert not isinstance(self.target.within, BusinessDays)
        return ticks(self.target.within)


class Walk:
    """The cycles of one target of a policy, walked tick by tick up to and with `as_of`."""

    def __init__(self, policy: SlaPolicy, name: str, events: list[ClockEvent], as_of: int, **request):
        self.policy, self.name, self.as_of = policy, name, as_of
        self.turns: list[Turn] = []
        self.held = False
        self.seen: set[str] = set()
        self.done: list[ClockEvent] = []
        self.request = dict(request)
        self.target = self._match()
        by_tick: dict[int, list[ClockEvent]] = {}
        for event in events:
            if event not in by_tick.setdefault(tick_of(event.at), []):
                by_tick[tick_of(event.at)].append(event)
        first = min([*by_tick, as_of])
        for tick in range(first, as_of + 1):
            facts = by_tick.get(tick, [])
            if all(fact.seq is not None for fact in facts):
                facts = sorted(facts, key=lambda fact: (fact.seq, self._rank(fact), repr(fact)))
            else:
                facts = sorted(facts, key=lambda fact: (self._rank(fact), str(fact.seq), repr(fact)))
            for fact in facts:
                self._act(fact, tick)
            self._reports(facts, tick)
            self._triggers(tick)
            if tick < as_of:
                self._pass(tick)

    @property
    def turn(self) -> Turn | None:
        return self.turns[-1] if self.turns else None

    def _open(self, tick):
        calendar = (self.turn.target if self.turn else self.target).calendar or self.policy.calendar
        return calendar.is_open(second(tick))

    def _match(self):
        return next((t for t in self.policy.targets if t.name == self.name and t.when.holds(self.request)), None)

    def _rank(self, fact):
        for target in self.policy.targets:
            role = target.roles.get(fact.kind, "ignore")
            if role != "ignore":
                return RANK.index(role)
        return RANK.index("change")

    # --- facts ---

    def _act(self, fact, tick):
        if fact.fields:
            self.request.update(fact.fields)
            target = self._match()
            if target is not self.target:
                self._retarget(target, fact, tick)
        mine = fact.target in {None, self.name}
        if self.target is None or not mine:
            self._note(fact, mine=mine)
            return
        if fact.kind == "acknowledged" and self.turn:
            for key, firings in self.turn.fired.items():
                if firings[0][0] < tick and (fact.tier is None or key == str(fact.tier)):
                    self.turn.acknowledged.add(key)
        role = None if fact.tier is not None else self.target.roles.get(fact.kind, "ignore")
        turn = self.turn
        is_open = turn is not None and turn.phase in {"running", "paused"}
        if role in {"pause", "resume"}:
            self.held = role == "pause"
            if is_open:
                self._phase("paused" if self.held else "running")
        elif role in {"stop", "renew", "cancel"} and is_open:
            self._phase("cancelled" if role == "cancel" else "stopped")
            turn.ended = tick
            if role == "renew":
                self._begin(fact, tick)
        elif role == "reopen" and not is_open:
            self.held = False
            if turn is None or self.target.reopen == "new_cycle":
                self._begin(fact, tick)
            else:
                if self.target.reopen == "total":
                    calendar = turn.target.calendar or self.policy.calendar
                    turn.elapsed += sum(calendar.is_open(second(t)) for t in range(turn.ended, tick))
                    turn.wall += tick - turn.ended
                turn.ended = None
                self._phase("running")
                if turn.target is not self.target:
                    self._carry(self.target, tick)
        elif role in {"start", "start_cycle"}:
            ready = self.target.after is None or self.target.after in self.seen
            if ready and (turn is None or (role == "start_cycle" and not is_open)):
                self._begin(fact, tick)
        self._note(fact, mine=True)

    def _note(self, fact, *, mine):
        if mine:
            self.done.append(fact)
            self.seen.add(fact.kind)

    def _stands(self, target):
        """What the facts so far mean to a target that did not hold: idle, running, paused or ended; and the hold."""
        state, held, seen = "idle", False, set()
        for fact in self.done:
            role = None if fact.tier is not None else target.roles.get(fact.kind, "ignore")
            is_open = state == "open"
            if role in {"pause", "resume"}:
                held = role == "pause"
            elif role in {"stop", "cancel"} and is_open:
                state = "ended"
            elif role == "reopen" and not is_open:
                state, held = "open", False
            elif role in {"start", "start_cycle"} and (target.after is None or target.after in seen):
                state = "open" if state == "idle" or role == "start_cycle" else state
            seen.add(fact.kind)
        return state, held

    def _phase(self, phase):
        if self.turn.phase != phase:
            self.turn.phase, self.turn.due = phase, None

    def _begin(self, fact, tick):
        self.turns.append(Turn(self.target, fact, tick, "paused" if self.held else "running"))

    def _retarget(self, target, fact, tick):
        before, self.target = self.target, target
        if before is None:
            state, self.held = self._stands(target)
            if state == "open":
                self._begin(fact, tick)
            return
        turn = self.turn
        is_open = turn is not None and turn.phase in {"running", "paused"}
        if not is_open:
            return
        if target is None or target.retarget == "restart":
            self._phase("cancelled")
            turn.ended = tick
            if target is not None:
                self._begin(fact, tick)
        else:
            self._carry(target, tick)

    def _carry(self, target, tick):
        turn = self.turn
        turn.target, turn.due = target, None
        for key, rule in self._rules():
            if key in turn.fired:
                continue
            if rule.after_breach is not None:
                passed = turn.breached is None and turn.elapsed >= turn.budget and rule.after_breach == timedelta(0)
            else:
                passed = self._reached(rule, turn, tick)
            if passed:
                turn.fired[key] = [(tick, 10**9, 0)]
                turn.skipped[key] = tick

    # --- time ---

    def _rules(self):
        for rule in (*self.policy.escalation, *self.policy.reminders):
            if rule.target in {None, self.name}:
                is_tier = isinstance(rule, EscalationTier)
                yield str(rule.number) if is_tier else f"remind {rule.to} {rule.trigger}", rule

    def _reached(self, rule, turn, tick):
        """Whether the first firing of a rule of time is due at the tick."""
        if rule.at_percent is not None:
            used = tick - turn.opened if rule.clock == "wall" else turn.elapsed
            return used * 100 >= turn.budget * rule.at_percent
        if rule.before_due is not None:
            left = turn.budget - turn.elapsed
            if rule.clock == "working":
                return left <= ticks(rule.before_due)
            if turn.phase == "paused":
                return False
            for ahead in range(ticks(rule.before_due) + 1):
                if left <= 0 and (not turn.target.due_next_open or self._open(tick + ahead)):
                    return True
                left -= self._open(tick + ahead)
            return False
        return False

    def _reports(self, facts, tick):
        if self.turn is None or self.turn.phase not in {"running", "paused"}:
            return
        for fact in facts:
            for key, rule in self._rules():
                meant = fact.target in {None, self.name} and getattr(rule, "on", None) == fact.kind
                if meant and key not in self.turn.fired:
                    self.turn.fired[key] = [(tick, 1, self.turn.elapsed)]

    def _triggers(self, tick):
        turn = self.turn
        if turn is None or turn.phase != "running":
            return
        if turn.due is None and turn.elapsed >= turn.budget and (not turn.target.due_next_open or self._open(tick)):
            turn.due = tick
        for key, rule in self._rules():
            if key not in turn.fired:
                if rule.after_breach is not None:
                    used = None
                    if turn.breached is not None:
                        used = tick - turn.breached if rule.clock == "wall" else turn.elapsed - turn.late_from
                    if used is not None and used >= ticks(rule.after_breach):
                        turn.fired[key] = [(tick, 1, turn.elapsed)]
                elif self._reached(rule, turn, tick):
                    turn.fired[key] = [(tick, 1, turn.elapsed)]
            else:
                at, number, elapsed = turn.fired[key][-1]
                if number <= rule.max_repeats and key not in turn.acknowledged:
                    used = tick - at if rule.clock == "wall" else turn.elapsed - elapsed
                    if used >= ticks(rule.repeat_every):
                        turn.fired[key].append((tick, number + 1, turn.elapsed))

    def _pass(self, tick):
        """Let the time from this tick to the next pass."""
        turn = self.turn
        if turn is None or turn.phase not in {"running", "paused"}:
            return
        turn.phases.append((tick, turn.phase))
        if turn.phase == "running":
            if turn.breached is None and turn.due is not None:
                turn.breached, turn.late_from = turn.due, max(turn.budget, turn.elapsed)
                for key, rule in self._rules():
                    if key not in turn.fired and rule.after_breach == timedelta(0):
                        turn.fired[key] = [(turn.due, 1, turn.elapsed)]
            turn.elapsed += self._open(tick)
            turn.wall += 1
