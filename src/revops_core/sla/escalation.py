"""Escalation: who hears about a request when, by tiers with a trigger each, and reminders to its owner.

A trigger is a time (a part of the target, a span before it is due or after it was missed) or a reported fact. Working
time runs with the target; wall time runs on at night, and where it ends in a pause the trigger fires at the resume.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Annotated, Literal, Protocol

from attrs import field, frozen

from revops_core.errors import Fault
from revops_core.values.checks import AtLeast, Count, Id, Span, refuse_faults, short_repr

__all__ = ["EscalationTier", "Reminder", "manager_of"]

_Percent = Annotated[int, AtLeast(1)]
_Number = Annotated[int, AtLeast(1)]
_TRIGGERS = ("at_percent", "before_due", "after_breach", "on")


@frozen
class EscalationTier:
    """One step of an escalation: who has the request, who gets it, and when.

    Args:
        number: 1, 2, 3; unique in the policy.
        held_by: the role that has it now.
        to: the role that gets it.
        at_percent: fires when this part of the time is used up; 100 is at the due instant.
        before_due: fires this span before it is due.
        after_breach: fires this span after the due instant was missed; zero is at that instant.
        on: fires when this kind of fact is reported while the target is open, e.g. "cannot_resolve".
        clock: the spans are "working" time or "wall" time.
        repeat_every, max_repeats: fires again after each such span, at most so often; acknowledging ends it.
        target: the one target it is for; None is all of the policy.

    Exactly one of the four triggers is given.

    Raises:
        InvalidValueError: with every fault at once.

    >>> EscalationTier(1, "sales_representative", "sales_manager", after_breach=timedelta(0)).trigger
    'at breach'
    """

    number: _Number
    held_by: Id
    to: Id
    at_percent: _Percent | None = field(default=None, kw_only=True)
    before_due: Span | None = field(default=None, kw_only=True)
    after_breach: Span | None = field(default=None, kw_only=True)
    on: Id | None = field(default=None, kw_only=True)
    clock: Literal["working", "wall"] = field(default="working", kw_only=True)
    repeat_every: Span | None = field(default=None, kw_only=True)
    max_repeats: Count = field(default=0, kw_only=True)
    target: Id | None = field(default=None, kw_only=True)

    __repr__ = short_repr

    def __attrs_post_init__(self) -> None:
        """Refuse with every fault."""
        refuse_faults(self, _faults)

    @property
    def trigger(self) -> str:
        """When it fires, in words."""
        return _trigger_text(self)


@frozen
class Reminder:
    """A nudge to a role, mostly the one that has the request; it escalates nothing.

    Args:
        to: the role that is reminded.
        at_percent, before_due, after_breach: when, as in `EscalationTier`; exactly one is given.
        clock: the spans are "working" time or "wall" time.
        repeat_every, max_repeats: reminds again after each such span, at most so often.
        target: the one target it is for; None is all of the policy.

    Raises:
        InvalidValueError: with every fault at once.

    >>> Reminder(to="sales_representative", at_percent=75).trigger
    'at 75 percent'
    """

    to: Id
    at_percent: _Percent | None = field(default=None, kw_only=True)
    before_due: Span | None = field(default=None, kw_only=True)
    after_breach: Span | None = field(default=None, kw_only=True)
    clock: Literal["working", "wall"] = field(default="working", kw_only=True)
    repeat_every: Span | None = field(default=None, kw_only=True)
    max_repeats: Count = field(default=0, kw_only=True)
    target: Id | None = field(default=None, kw_only=True)

    __repr__ = short_repr

    def __attrs_post_init__(self) -> None:
        """Refuse with every fault."""
        refuse_faults(self, _faults)

    @property
    def trigger(self) -> str:
        """When it reminds, in words."""
        return _trigger_text(self)


def _trigger_text(rule: EscalationTier | Reminder) -> str:
    wall = " of wall time" if rule.clock == "wall" else ""
    if rule.at_percent is not None:
        return f"at {rule.at_percent} percent{wall}"
    for name, words in (("before_due", "before due"), ("after_breach", "after breach")):
        span: timedelta | None = getattr(rule, name)
        if span is not None and not span:
            return "at breach"
        if span is not None:
            return f"PT{span / timedelta(seconds=1):.15g}S{wall} {words}"
    return f"on {getattr(rule, 'on', None)}"


def _faults(rule: EscalationTier | Reminder) -> Iterator[Fault]:
    names = [name for name in _TRIGGERS if hasattr(rule, name)]
    triggers = {name: getattr(rule, name) for name in names if getattr(rule, name) is not None}
    if len(triggers) != 1:
        yield Fault("trigger", f"must be exactly one of {', '.join(names)}", triggers)
    if rule.before_due == timedelta(0):
        yield Fault("before_due", "must be more than zero; at_percent=100 is the due instant", rule.before_due)
    if (rule.repeat_every is None) != (rule.max_repeats == 0):
        rule_text = "must be given with 'repeat_every', and only then: repeats are bounded"
        yield Fault("max_repeats", rule_text, rule.max_repeats)
    if rule.repeat_every == timedelta(0):
        yield Fault("repeat_every", "must be more than zero", rule.repeat_every)


class _Employee(Protocol):
    """Anyone with an identifier and a manager, such as `User`."""

    @property
    def id(self) -> str: ...
    @property
    def manager_id(self) -> str | None: ...


def manager_of(user_id: str | None, users: Iterable[_Employee]) -> str | None:
    """The id of the manager of a user; None where the user is unknown or has none.

    Roles of tiers become people through a mapping of your own; this is one way to fill it.

    >>> from types import SimpleNamespace
    >>> manager_of("ana", [SimpleNamespace(id="ana", manager_id="bo")])
    'bo'
    """
    return next((user.manager_id for user in users if user.id == user_id), None)
