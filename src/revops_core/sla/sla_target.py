"""SlaTarget: one promise about one milestone of a request, such as a response within an hour.

What each kind of fact does to a target is data. The words are the values of `SlaTarget.facts`:

| word | what the fact does |
|---|---|
| start | starts the target, once |
| start_cycle | starts it, and starts a new cycle where the last one has ended; while it runs, nothing |
| pause, resume | the time stands still, and goes on |
| stop | the milestone is reached |
| renew | the milestone is reached, and a new cycle starts at once |
| reopen | the request comes back after a stop: see `SlaTarget.reopen` |
| cancel | the promise is withdrawn |
| ignore | nothing |
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Annotated, Literal, cast

from attrs import field, frozen

from revops_core.calendars.business_calendar import BusinessCalendar
from revops_core.errors import Fault
from revops_core.values.checks import AtLeast, Between, Id, checked, refuse_faults, short_repr
from revops_core.values.condition import matching
from revops_core.values.expression import Expression, all_of
from revops_core.values.frozen_map import EMPTY, frozen_map

__all__ = ["ALWAYS", "ROLES", "BusinessDays", "SlaTarget"]

ROLES = ("start", "start_cycle", "reopen", "resume", "ignore", "pause", "stop", "renew", "cancel")
"""What a fact can do to a target, in the order in which facts of one instant act where they have no `seq`."""

ALWAYS = all_of()
"""The condition of a target that holds for every request."""

_LIFE: Mapping[str, str] = {
    "started": "start", "paused": "pause", "resumed": "resume", "stopped": "stop", "reopened": "reopen",
    "cancelled": "cancel",
}  # fmt: skip
_ONCE: Mapping[str, str] = {**_LIFE, "reopened": "ignore", "responded": "stop"}

_STANDARD_FACTS: Mapping[str, Mapping[str, str]] = {
    "acknowledge": {**_ONCE, "acknowledged": "stop"},
    "response": _ONCE,
    "next_response": {**_ONCE, "started": "ignore", "customer_replied": "start_cycle"},
    "update": {**_LIFE, "updated": "renew"},
    "resolution": _LIFE,
}
"""What the facts do to the targets with these names; any other name reads them as "resolution" does."""


@checked()
@frozen
class BusinessDays:
    """A promise in open dates: by the close of the n-th open date after the date of the start.

    Three business days are not 24 working hours: on Monday evening they are almost three days, as on Monday morning.
    The budget is fixed at the start; a pause then shifts the due instant by working time.

    Args:
        days: how many open dates, 1 or more.
        until: the "close" of the last date, or the "same_time" of day as the start, where that leaves any working time.

    >>> BusinessDays(3)
    BusinessDays(days=3, until='close')
    """

    days: Annotated[int, AtLeast(1)]
    until: Literal["close", "same_time"] = "close"


def _condition(when: Mapping[str, object] | Expression) -> Expression:
    return matching(when) if isinstance(when, Mapping) else when


@frozen
class SlaTarget:
    """One promise: a milestone, the time allowed, and for which requests.

    Args:
        name: the milestone: "acknowledge", "response", "next_response", "update", "resolution", or one of your own.
        within: the working time allowed, more than zero, or `BusinessDays`.
        when: the requests it holds for, as field values or a condition; by default all.
        calendar: whose working time counts; None is the policy's. `ALWAYS_OPEN` counts wall time.
        facts: what kinds of fact do to it, where that differs from the standard of its name (see `roles`), e.g.
            `{"paused": "ignore"}`.
        after: a kind of fact that must have happened before it can start: "responded" for a next response.
        reopen: after a stop and a reopening the elapsed time will "continue" without the time between, be the "total"
            with it, or start from zero in a "new_cycle".
        retarget: where another promise takes its place in flight, the elapsed time is "carry"-ed over or starts from
            zero ("restart"); the promise that takes over decides.
        at_risk_percent: the part of the time after which it is at risk.
        due_next_open: where the time is used up exactly at a closing, it is due at the next opening and not at the
            close.
        provider, customer: who promises to whom, where it differs from the policy.

    Raises:
        InvalidValueError: with every fault at once.

    >>> urgent = SlaTarget("response", timedelta(minutes=15), when={"priority": "high"})
    >>> urgent.when.holds({"priority": "high"})
    True
    """

    name: Id
    within: timedelta | BusinessDays
    when: Expression = field(default=ALWAYS, converter=_condition, kw_only=True)
    calendar: BusinessCalendar | None = field(default=None, kw_only=True)
    facts: Mapping[str, str] = field(default=cast("Mapping[str, str]", EMPTY), converter=frozen_map, kw_only=True)
    after: Id | None = field(default=None, kw_only=True)
    reopen: Literal["continue", "total", "new_cycle"] = field(default="continue", kw_only=True)
    retarget: Literal["carry", "restart"] = field(default="carry", kw_only=True)
    at_risk_percent: Annotated[int, Between(1, 100)] = field(default=75, kw_only=True)
    due_next_open: bool = field(default=False, kw_only=True)
    provider: Id | None = field(default=None, kw_only=True)
    customer: Id | None = field(default=None, kw_only=True)

    __repr__ = short_repr

    def __attrs_post_init__(self) -> None:
        """Refuse with every fault."""
        refuse_faults(self, _content_faults)

    @property
    def roles(self) -> Mapping[str, str]:
        """What each kind of fact does to this target: the standard of its name, and what `facts` says instead.

        >>> SlaTarget("response", timedelta(hours=1)).roles["responded"]
        'stop'
        """
        standard = _STANDARD_FACTS.get(self.name, _LIFE)
        return {**standard, **self.facts} if self.facts else standard


def _content_faults(target: SlaTarget) -> Iterator[Fault]:
    """What is wrong with the content of a target whose fields have their types."""
    if isinstance(target.within, timedelta) and target.within <= timedelta(0):
        yield Fault("within", "must be more than zero", target.within)
    for kind, role in target.facts.items():
        if role not in ROLES:
            yield Fault(f"facts[{kind}]", f"must be one of {', '.join(ROLES)}", role)
    roles = set(target.roles.values())
    if not roles & {"start", "start_cycle"}:
        yield Fault("facts", "must let some kind of fact start the target", dict(target.facts))
    if not roles & {"stop", "renew"}:
        yield Fault("facts", "must let some kind of fact stop the target", dict(target.facts))
    for name in _contradictions(target.when):
        yield Fault("when", f"can never hold: it leaves '{name}' no value", str(target.when))


def _contradictions(when: Expression) -> Iterator[str]:
    """The fields that `when` leaves no value: asked for different ones at once, or for one and not that one."""
    allowed: dict[str, set[object]] = {}
    barred: dict[str, set[object]] = {}
    for part in when.arguments if when.operation == "all" else (when,):
        asks = part.arguments[0] if isinstance(part, Expression) and part.operation == "not" else part
        is_choice = isinstance(asks, Expression) and asks.operation in {"equals", "one_of"}
        if is_choice and isinstance(asks.arguments[0], Expression):
            name, values = str(asks.arguments[0]), set(asks.arguments[1:])
            if asks is part:
                allowed[name] = allowed.get(name, values) & values
            else:
                barred.setdefault(name, set()).update(values)
    return (name for name, values in allowed.items() if not values - barred.get(name, set()))
