"""ClockEvent: one fact about a request, as SLA clocks read it.

A clock is its facts. The kind of a fact is an open word; what a kind does to a target (start it, pause it, stop it) is
data of the target. These kinds have a meaning from the start:

- `started`, `paused`, `resumed`, `stopped`, `reopened`, `cancelled`: the life of the request;
- `acknowledged`, `responded`, `customer_replied`, `updated`: the milestones of the targets with those names;
- `reprioritised`: its `fields` change what is known of the request, so that other targets may hold from its instant on;
- `policy_changed`: another policy holds from its instant on;
- `assigned`: someone else has the request; the time is the same;
- any other word, such as `cannot_resolve`, is a report: escalation tiers may wait for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from attrs import field, frozen

from revops_core.values.checks import Count, Id, checked, short_repr
from revops_core.values.frozen_map import EMPTY, frozen_map
from revops_core.values.instants import to_microseconds

__all__ = ["ClockEvent"]


@checked()
@frozen
class ClockEvent:
    """One thing that happened to a request, and when.

    Facts are read in the order of `at`, and of `seq` where several have the same instant. Where one of those has no
    `seq`, what they do decides: start, reopen, resume, change, pause, stop, cancel, so that the last of these wins.

    Args:
        kind: what happened, e.g. "started", "paused", "stopped", "cannot_resolve".
        at: aware datetime, when it happened.
        seq: its place among the facts of one instant, e.g. the row number of the log it comes from.
        id: its identifier; without one it is a fingerprint of the clock, kind, `at` and `seq`. Two facts with one id
            are one fact.
        target: the one target it is about, e.g. "response"; None is all of them.
        fields: what is known of the request from now on, e.g. `{"priority": "high"}`.
        policy: the key of the policy that holds from now on, e.g. "gold support@2".
        owner: who has the request from now on.
        tier: of "acknowledged", the one escalation tier that was acknowledged; None is the request and every tier
            that has fired.
        by: who did or reported it.
        recorded_at: aware datetime, when it became known; None is as it happened. A clock over
            `known_by(facts, moment)` says what was known then. Two facts that differ only in it are one.

    Raises:
        InvalidValueError: with every fault at once.

    >>> from datetime import UTC, datetime
    >>> ClockEvent("started", datetime(2026, 3, 2, 9, tzinfo=UTC), fields={"priority": "high"}).fields["priority"]
    'high'
    """

    kind: Id
    at: datetime = field(eq=to_microseconds)  # Python takes the two 02:30 of an autumn night for one
    seq: int | None = field(default=None, kw_only=True)
    id: Id | None = field(default=None, kw_only=True)
    target: Id | None = field(default=None, kw_only=True)
    fields: Mapping[str, object] = field(default=EMPTY, converter=frozen_map, kw_only=True)
    policy: Id | None = field(default=None, kw_only=True)
    owner: Id | None = field(default=None, kw_only=True)
    tier: Count | None = field(default=None, kw_only=True)
    by: Id | None = field(default=None, kw_only=True)
    recorded_at: datetime | None = field(default=None, kw_only=True, eq=False)

    __repr__ = short_repr
