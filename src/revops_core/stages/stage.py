"""Stage: one step of a pipeline, with what a record needs to be in it; and the declared step between two of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from attrs import field, frozen

from revops_core.values.checks import AtLeast, Id, Share, as_tuple, checked, short_repr
from revops_core.values.decision import Rule

__all__ = ["KINDS", "Stage", "Transition"]

KINDS = ("open", "won", "lost", "converted", "closed")
"""What a stage is: open; won or lost; converted into other records, one way; or closed, neither won nor lost."""

Limit = Annotated[timedelta, AtLeast(timedelta(microseconds=1))]


@checked()
@frozen(eq=False, weakref_slot=False)
class Stage:
    """One step of a pipeline, as the team defines it.

    Args:
        name: what records hold in their `stage`, e.g. "proposal".
        kind: one of `KINDS`.
        outcome: what the record's `outcome` becomes, e.g. "disqualified"; the kind where it is not said.
        probability: the chance to win that a record gets when it enters, 0 to 1; won is 1 and lost is 0 by itself.
        forecast_category: e.g. "commit" or "best_case".
        required: fields that must be filled before a record may enter; `custom.segment` reaches into custom fields.
        entry: rules that must hold before a record may enter.
        exit: rules that must hold before a record may go on to a later stage; none is asked of a loss or a step back.
        stale_after: a stay longer than this is stale.
        stale_in_working_hours: the limit counts working time; whoever asks hands in the calendar.
        owner_team: who works on records here.
        activities, kpis, sla_targets: names of what is done, measured and promised here, as plain text.
        needs_reason: a move into this stage needs a reason, e.g. why it was lost.
        active: False for a stage that records may leave but no longer enter.

    >>> from decimal import Decimal
    >>> Stage("proposal", probability=Decimal("0.4"), required=("amount",)).is_open
    True
    """

    name: Id
    kind: str = "open"
    outcome: str | None = field(default=None, kw_only=True)
    probability: Share | None = field(default=None, kw_only=True)
    forecast_category: str | None = field(default=None, kw_only=True)
    required: tuple[Id, ...] = field(default=(), kw_only=True, converter=as_tuple)
    entry: tuple[Rule, ...] = field(default=(), kw_only=True, converter=as_tuple)
    exit: tuple[Rule, ...] = field(default=(), kw_only=True, converter=as_tuple)
    stale_after: Limit | None = field(default=None, kw_only=True)
    stale_in_working_hours: bool = field(default=False, kw_only=True)
    owner_team: str | None = field(default=None, kw_only=True)
    activities: tuple[str, ...] = field(default=(), kw_only=True, converter=as_tuple)
    kpis: tuple[str, ...] = field(default=(), kw_only=True, converter=as_tuple)
    sla_targets: tuple[str, ...] = field(default=(), kw_only=True, converter=as_tuple)
    needs_reason: bool = field(default=False, kw_only=True)
    active: bool = field(default=True, kw_only=True)

    __repr__ = short_repr

    @property
    def is_open(self) -> bool:
        """Whether a record in this stage is still on its way."""
        return self.kind == "open"


@checked()
@frozen(eq=False, weakref_slot=False)
class Transition:
    """A declared step from one stage to another, with its own policy.

    Args:
        source, target: names of stages.
        policy: "allow", "reason" (allowed where a reason is given) or "forbid".

    >>> Transition("trial", "won").policy
    'allow'
    """

    source: Id
    target: Id
    policy: str = "allow"
