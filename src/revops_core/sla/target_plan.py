"""The compiled form of a policy: roles as numbers, spans as integer microseconds, triggers in the order they fire.

A `PolicyPlan` is made once for a policy and shared by all its clocks; nothing in it depends on a request.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from itertools import chain
from typing import Any, Literal, cast

from revops_core.calendars.working_time import WorkingTime
from revops_core.sla.escalation import EscalationTier, Reminder
from revops_core.sla.sla_target import ROLES, BusinessDays, SlaTarget
from revops_core.values.expression import compiled
from revops_core.values.fingerprint import fingerprint
from revops_core.values.instants import from_microseconds, to_microseconds
from revops_core.values.zone import day_start_microseconds

__all__ = ["PolicyPlan", "TargetPlan", "Trigger"]

_READ_BY_ALL = ("acknowledged", "assigned", "reprioritised", "policy_changed")
_MICROSECOND = timedelta(microseconds=1)

FROM_START, BEFORE_DUE, AFTER_BREACH, ON_FACT = range(4)


class Trigger:
    """One tier or reminder for one target.

    Attributes:
        key: what stands for it in the ids of its notices: the number of the tier, or what a reminder does.
        source: the tier or reminder.
        tier, on: of a tier, its number, and the fact it waits for.
        told: what its notices tell of it, by their fields.
        kind: what its time is counted from.
        percent, offset: how far from there.
        wall: whether the time is wall time.
        every, repeats: after what time it fires again, and how often at most.
    """

    __slots__ = (
        "every", "key", "kind", "offset", "on", "percent", "repeats", "source", "tier", "told", "wall",
    )  # fmt: skip

    def __init__(self, source: EscalationTier | Reminder) -> None:
        self.source, words = source, source.trigger
        self.tier, held_by, self.on = (getattr(source, name, None) for name in ("number", "held_by", "on"))
        self.key = f"remind {source.to} {words}" if self.tier is None else str(self.tier)
        self.told: dict[str, Any] = {"to": source.to, "held_by": held_by, "tier": self.tier, "trigger": words}
        self.percent = source.at_percent
        span = source.before_due if source.after_breach is None else source.after_breach
        if span is None:
            self.kind = ON_FACT if source.at_percent is None else FROM_START
        else:
            self.kind = AFTER_BREACH if source.before_due is None else BEFORE_DUE
        self.offset = (span or timedelta(0)) // _MICROSECOND
        self.wall = source.clock == "wall"
        self.every = (source.repeat_every or timedelta(0)) // _MICROSECOND
        self.repeats = source.max_repeats

    def threshold(self, budget: int) -> int:
        """The elapsed time at which it fires: a part of the budget, rounded up, or a span before its end."""
        return budget - self.offset if self.percent is None else -(-budget * self.percent // 100)


class TargetPlan:
    """One target of one policy, ready for a clock.

    Attributes:
        target, policy: what it was made from, and of which policy it is.
        calendar, table: whose working time counts.
        told: what its readings tell of it, by their fields.
        roles: what each kind of fact does.
        budget: the time allowed; None where it is fixed at the start of each cycle.
        by_time: the triggers that fire at an elapsed time; `by_wall` those of wall time; `after_breach`; `on_fact`.
    """

    __slots__ = (
        "after_breach", "budget", "by_time", "by_wall", "calendar", "known_until", "on_fact", "policy", "roles",
        "table", "target", "thresholds", "told",
    )  # fmt: skip

    def __init__(self, target: SlaTarget, policy: PolicyPlan, triggers: list[Trigger]) -> None:
        made_from = policy.policy
        self.target, self.policy = target, policy
        self.calendar = calendar = target.calendar or made_from.calendar
        self.table: WorkingTime = calendar.compiled
        self.known_until = day_start_microseconds(calendar.holidays_known_until + timedelta(days=1), calendar.tz)
        sides = {side: getattr(target, side) or getattr(made_from, side) for side in ("provider", "customer")}
        self.told: dict[str, Any] = {"target": target.name, "promise": target, "calendar": calendar, **sides}
        self.roles = {kind: ROLES.index(role) for kind, role in target.roles.items() if role != "ignore"}
        self.budget = None if isinstance(target.within, BusinessDays) else target.within // _MICROSECOND
        mine = [trigger for trigger in triggers if trigger.source.target in {None, target.name}]
        timed = [trigger for trigger in mine if trigger.kind in {FROM_START, BEFORE_DUE}]
        self.by_time = [trigger for trigger in timed if not trigger.wall]
        self.by_wall = [trigger for trigger in timed if trigger.wall]
        self.after_breach = [trigger for trigger in mine if trigger.kind == AFTER_BREACH]
        self.on_fact: dict[str, list[Trigger]] = {}
        for trigger in mine:
            if trigger.on is not None:
                self.on_fact.setdefault(trigger.on, []).append(trigger)
        self.thresholds = None if self.budget is None else self._thresholds(self.budget)

    def _thresholds(self, budget: int) -> list[tuple[int, str, int, Trigger]]:
        return sorted((trigger.threshold(budget), trigger.key, 1, trigger) for trigger in self.by_time)

    def budget_from(self, opened: int) -> tuple[int, list[tuple[int, str, int, Trigger]]]:
        """The budget of a cycle that opens at this instant, and its triggers: elapsed time, key, number, trigger."""
        if self.budget is not None and self.thresholds is not None:
            return self.budget, self.thresholds
        within = cast("BusinessDays", self.target.within)
        # To the close where that time of day leaves nothing and it would be late at once: from Sunday night on.
        budget = self._open_until(opened, within.days, within.until) or self._open_until(opened, within.days, "close")
        return budget, self._thresholds(budget)

    def _open_until(self, opened: int, days: int, until: Literal["close", "same_time"]) -> int:
        due = self.calendar.add_business_days(from_microseconds(opened), days, due_at=until)
        return self.table.open_between(opened, to_microseconds(due))

    def due(self, since: int, left: int) -> int:
        """The instant at which `left` of working time has passed from `since`; `since` itself where none is left."""
        due = self.table.add(since, left) if left > 0 else since
        return self.table.next_open(due) if self.target.due_next_open else due


class PolicyPlan:
    """A policy, ready for clocks: which targets hold for the fields of a request.

    Attributes:
        policy: the `SlaPolicy` it was made from.
        key, fingerprint, agreement: which policy and version it is, and whether it is one between teams.
        names: the names of its targets in order.
        fields: the names of the fields of a request that the conditions of its targets read.
        kinds, tiers: the kinds of fact that anything in it reads, and the numbers of its tiers.
        ranks: the place of each kind among facts of one instant without `seq`; `change_rank` for the others.
    """

    __slots__ = (
        "_targets", "agreement", "change_rank", "fields", "fingerprint", "key", "kinds", "names", "policy", "ranks",
        "tiers",
    )  # fmt: skip

    def __init__(self, policy: Any) -> None:
        self.policy, self.key, self.fingerprint = policy, policy.key, fingerprint(policy)
        self.agreement: str = policy.agreement
        targets: tuple[SlaTarget, ...] = policy.targets
        triggers = [Trigger(rule) for rule in (*policy.escalation, *policy.reminders)]
        self._targets: list[tuple[str, Callable[[Any], Any], TargetPlan]] = [
            (target.name, compiled(target.when), TargetPlan(target, self, triggers)) for target in targets
        ]
        read_fields = chain.from_iterable(target.when.fields for target in targets)
        self.fields = frozenset(name.partition(".")[0] for name in read_fields)
        self.change_rank = ROLES.index("ignore")
        self.ranks: dict[str, int] = {}
        for _, _, plan in reversed(self._targets):
            self.ranks |= plan.roles  # the first target that reads a kind decides
        read = [*_READ_BY_ALL, *(trigger.on for trigger in triggers), *(target.after for target in targets)]
        read += chain.from_iterable(target.roles for target in targets)
        self.kinds = frozenset(kind for kind in read if kind is not None)
        self.tiers = frozenset(trigger.tier for trigger in triggers if trigger.tier is not None)
        self.names = tuple(dict.fromkeys(name for name, _, _ in self._targets))

    def __reduce__(self) -> tuple[object, tuple[object]]:
        """As what it was made from: what it compiled is made anew where it is loaded."""
        return PolicyPlan, (self.policy,)

    def match(self, fields: Mapping[str, object]) -> dict[str, TargetPlan]:
        """The target that holds under each name: the first whose condition does."""
        found: dict[str, TargetPlan] = {}
        for name, holds, plan in self._targets:
            if name not in found and holds(fields):
                found[name] = plan
        return found
