"""SlaPolicy: which promises hold for which requests, who hears of them, and by whose calendar."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from functools import lru_cache
from typing import Literal

from attrs import field, frozen

from revops_core.calendars.business_calendar import ALWAYS_OPEN, BusinessCalendar
from revops_core.errors import Fault, UnknownFieldError
from revops_core.sla.clock import Clock
from revops_core.sla.clock_event import ClockEvent
from revops_core.sla.escalation import EscalationTier, Reminder
from revops_core.sla.sla_target import ALWAYS, SlaTarget
from revops_core.sla.target_plan import PolicyPlan
from revops_core.values.checks import Id, as_tuple, refuse_faults, short_repr
from revops_core.values.expression import Expression
from revops_core.values.frozen_map import frozen_map

__all__ = ["SlaPolicy", "TargetMatch"]


@frozen
class TargetMatch:
    """Whether one target of a policy holds for a request, and why not.

    Args:
        target: the target.
        holds: whether it is the one that holds under its name.
        reasons: what stands against it, in words; empty where it holds.

    >>> policy = SlaPolicy("sales", targets=[SlaTarget("response", timedelta(minutes=15), when={"priority": "high"})])
    >>> policy.explain(priority="high")[0].holds
    True
    """

    target: SlaTarget
    holds: bool
    reasons: tuple[str, ...]


@frozen(cache_hash=True)
class SlaPolicy:
    """A service level agreement: promises for requests, in order, with the escalation that guards them.

    Under each name the first target whose condition holds is the one that counts, so a request has at most one
    response target and one resolution target.

    Args:
        name: what it is called, e.g. "gold support".
        targets: the promises, in the order in which they are tried.
        escalation: the tiers, for every target or the one they name.
        reminders: nudges to the role that has the request.
        calendar: whose working time counts, where a target has no calendar of its own; by default wall time.
        version: of this policy; clocks are pinned to one.
        provider, customer: the team that promises, and the one it promises to.
        agreement: "internal" between teams, or "external" with customers.

    Raises:
        InvalidValueError: with every fault of the definition at once.

    >>> policy = SlaPolicy("sales", targets=[SlaTarget("response", timedelta(minutes=15), when={"priority": "high"})])
    >>> policy.targets_for(priority="high")["response"].within
    datetime.timedelta(seconds=900)
    """

    name: Id
    targets: tuple[SlaTarget, ...] = field(kw_only=True, converter=as_tuple)
    escalation: tuple[EscalationTier, ...] = field(default=(), kw_only=True, converter=as_tuple)
    reminders: tuple[Reminder, ...] = field(default=(), kw_only=True, converter=as_tuple)
    calendar: BusinessCalendar = field(default=ALWAYS_OPEN, kw_only=True)
    version: Id = field(default="1", kw_only=True)
    provider: str = field(default="", kw_only=True)
    customer: str = field(default="", kw_only=True)
    agreement: Literal["internal", "external"] = field(default="internal", kw_only=True)

    __repr__ = short_repr

    def __attrs_post_init__(self) -> None:
        """Refuse with every fault."""
        refuse_faults(self, _faults)

    @property
    def key(self) -> str:
        """Its name and version, as facts and readings name it: "gold support@2"."""
        return f"{self.name}@{self.version}"

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that stand for its whole content, calendar included."""
        return _plan(self).fingerprint

    def clock(
        self,
        clock_id: str,
        events: Iterable[ClockEvent] = (),
        /,
        *,
        versions: Iterable[SlaPolicy] = (),
        **request: object,
    ) -> Clock:
        """The clock of one request: its facts under this policy.

        Args:
            clock_id: the request, e.g. the id of its ticket.
            events: its facts, in any order.
            versions: the other policies that its "policy_changed" facts name by key.
            **request: what is known of it, e.g. `priority="high"`; facts with `fields` change it.

        Raises:
            InvalidValueError: what is no fact, or a fact that names a policy which is not given.
            UnknownFieldError: a field is missing that a target asks for, and one of almost its name is there, such as
                `proirity`. Any other field is kept. Where it is meant so, give the missing one, too: `priority=None`.
        """
        return Clock.of(clock_id, events, self._known(request), (_plan(self), *map(_plan, versions)))

    def _known(self, request: dict[str, object]) -> Mapping[str, object]:
        """The fields of a request, refused where the name of one is misspelt."""
        _refuse_misspelt(self.key, _plan(self).fields, tuple(request))
        return frozen_map(request)

    def targets_for(self, **request: object) -> Mapping[str, SlaTarget]:
        """The target that holds under each name for a request with these fields; misspelt ones as in `clock`."""
        return {name: plan.target for name, plan in _plan(self).match(self._known(request)).items()}

    def explain(self, **request: object) -> tuple[TargetMatch, ...]:
        """Every target in order: whether it holds for a request with these fields, and why not; misspelt as in `clock`.

        >>> policy = SlaPolicy("sales", targets=[SlaTarget("response", timedelta(1), when={"priority": "high"})])
        >>> policy.explain(priority="low")[0].reasons
        ("priority is 'high', but it is 'low'",)
        """
        found: set[str] = set()
        matches, request = [], dict(self._known(request))
        for target in self.targets:
            reasons = tuple(_against(target.when, request))
            if not reasons and target.name in found:
                reasons = (f"an earlier target '{target.name}' holds",)
            elif not reasons:
                found.add(target.name)
            matches.append(TargetMatch(target, not reasons, reasons))
        return tuple(matches)


@lru_cache(maxsize=1024)
def _plan(policy: SlaPolicy) -> PolicyPlan:
    """The compiled form of a policy, kept outside it so that the value stays plain."""
    return PolicyPlan(policy)


@lru_cache(maxsize=1024)
def _refuse_misspelt(policy: str, read: frozenset[str], given: tuple[str, ...]) -> None:
    """Raise where a field that the targets read is not given, and one is that differs by a slip of the hand.

    Fields are open words: most are for the targets of other versions, or for reports. So only names of four letters
    or more count, of which a letter is missing, added, changed, or swapped with its neighbour.
    """
    for wanted in sorted(read.difference(given)):
        for name in given:
            if name not in read and len(wanted) > 3 and _is_slip(name, wanted):
                raise UnknownFieldError(name, f"policy '{policy}'", (wanted,))


def _is_slip(name: str, wanted: str) -> bool:
    """Whether two different names differ by one letter, or by two neighbours that changed places."""
    start = next((n for n, (a, b) in enumerate(zip(name, wanted, strict=False)) if a != b), min(len(name), len(wanted)))
    ours, theirs = name[start:], wanted[start:]
    return (
        ours[1:] == theirs[1:]
        or ours[1:] == theirs
        or ours == theirs[1:]
        or (ours[:2] == theirs[1::-1] and ours[2:] == theirs[2:])
    )


def _against(condition: Expression, request: Mapping[str, object]) -> Iterator[str]:
    """What of a condition does not hold for a request, and what the request has instead."""
    parts = condition.arguments if condition.operation == "all" else (condition,)
    for part in parts if all(isinstance(part, Expression) for part in parts) else (condition,):
        if not part.holds(request):
            held = ", ".join(repr(request.get(name)) for name in part.fields)
            yield f"{part}, but it is {held}"


def _faults(policy: SlaPolicy) -> Iterator[Fault]:
    """What is wrong with the content of a policy whose fields have their types."""
    if not policy.targets:
        yield Fault("targets", "must hold at least one target", policy.targets)
    for place, target in enumerate(policy.targets):
        for earlier, other in enumerate(policy.targets[:place]):
            if other.name == target.name and other.when in {ALWAYS, target.when}:
                yield Fault(f"targets[{place}]", f"can never hold: targets[{earlier}] holds first", target.name)
                break
    yield from _rule_faults("escalation", policy.escalation, policy.targets)
    yield from _rule_faults("reminders", policy.reminders, policy.targets)
    numbers = [tier.number for tier in policy.escalation]
    keys = [(reminder.to, reminder.trigger, reminder.target) for reminder in policy.reminders]
    for field_name, found in (("escalation", numbers), ("reminders", keys)):
        if len(set(found)) < len(found):
            yield Fault(field_name, "must each be there once", found)
    for place, target in enumerate(policy.targets):
        if target.after is not None and target.roles.get(target.after) in {"start", "start_cycle"}:
            yield Fault(f"targets[{place}].after", "must not be what starts the target", target.after)


def _rule_faults(
    field_name: str, rules: Iterable[EscalationTier | Reminder], targets: tuple[SlaTarget, ...]
) -> Iterator[Fault]:
    """The tiers or reminders that can never fire."""
    for place, rule in enumerate(rules):
        path = f"{field_name}[{place}]"
        meant = [target for target in targets if rule.target in {None, target.name}]
        if not meant:
            if targets:
                names = ", ".join(sorted({target.name for target in targets}))
                yield Fault(f"{path}.target", f"must be the name of a target: {names}", rule.target)
            continue
        spans = [target.within for target in meant]
        before = rule.before_due
        if before is not None and all(isinstance(span, timedelta) and span < before for span in spans):
            yield Fault(f"{path}.before_due", "must be shorter than some target: it would fire at the start", before)
        kind = getattr(rule, "on", None)
        if kind is not None and all(target.roles.get(kind) in {"stop", "cancel"} for target in meant):
            yield Fault(f"{path}.on", "can never fire: this fact ends the target, and facts act first", kind)
