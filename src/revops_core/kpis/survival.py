"""Survival: how long customers stay, with those who have not left yet counted fairly."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from operator import itemgetter

from attrs import frozen

from revops_core.errors import Fault, InvalidValueError
from revops_core.kpis.revenue_ledger import RevenueLedger
from revops_core.kpis.revenue_movements import Movement
from revops_core.kpis.revenue_segments import civil_day
from revops_core.values.checks import require
from revops_core.values.distribution import KaplanMeier
from revops_core.values.duration import duration_between
from revops_core.values.frozen_map import EMPTY

__all__ = ["CustomerLife", "customer_lives", "customer_survival", "event_survival"]


@frozen(kw_only=True)
class CustomerLife:
    """How long one customer has been one: the row that early churn folds, and a point of a survival curve.

    Args:
        key: the customer, or the subscription or item of the ledger's grain.
        started_on: the day the customer came first.
        ended_on: the day the customer first left; None while that has not happened.
        seen_until_on: the day from which we look.
        onboarded_on: the day the onboarding was complete, where it is known.

    >>> CustomerLife(key="a1", account_id="a1", started_on=date(2026, 1, 1), ended_on=None,
    ...              seen_until_on=date(2026, 1, 31)).lasted.days
    30
    """

    key: str
    account_id: str
    started_on: date
    ended_on: date | None
    seen_until_on: date
    onboarded_on: date | None = None

    @property
    def lasted(self) -> timedelta:
        """From the first day to the end, or to the day from which we look."""
        return (self.ended_on or self.seen_until_on) - self.started_on


def customer_lives(ledger: RevenueLedger, onboarded: Mapping[str, date] = EMPTY) -> tuple[CustomerLife, ...]:
    """The life of every customer of a ledger, as seen from its `as_of`.

    Args:
        ledger: with an `as_of`, as without one nobody can tell who is still there.
        onboarded: by account, the day its onboarding was complete, such as that of a `Milestone`.

    Raises:
        InvalidValueError: the ledger has no `as_of`.

    >>> from datetime import UTC
    >>> customer_lives(RevenueLedger.of([], as_of=datetime(2026, 3, 1, tzinfo=UTC)))
    ()
    """
    if ledger.as_of is None:
        rule = "must be built with as_of: without it, who is still there cannot be told from who left"
        raise InvalidValueError("customer_lives", [Fault("ledger", rule, ledger)])
    seen_until_on = date.fromordinal(civil_day(ledger.as_of, ledger.policy.tz))
    came: dict[str, Movement] = {}
    ended: dict[str, date] = {}
    for movement in ledger.movements():
        if movement.logo_change > 0:
            came.setdefault(movement.key, movement)
        elif movement.logo_change < 0:
            ended.setdefault(movement.key, movement.on)
    return tuple(
        CustomerLife(
            key=key,
            account_id=first.account_id,
            started_on=first.on,
            ended_on=ended.get(key),
            seen_until_on=seen_until_on,
            onboarded_on=onboarded.get(first.account_id),
        )
        for key, first in sorted(came.items(), key=itemgetter(0))
    )


def customer_survival(lives: Iterable[CustomerLife]) -> KaplanMeier:
    """The survival of customers: the share still there after a time, its interval by Greenwood, its median.

    >>> lives = [CustomerLife(key=k, account_id=k, started_on=date(2026, 1, 1), ended_on=end,
    ...                       seen_until_on=date(2026, 12, 31)) for k, end in (("a", date(2026, 3, 2)), ("b", None))]
    >>> customer_survival(lives).survival_at(timedelta(days=90))
    0.5
    """
    return KaplanMeier.of((life.lasted, life.ended_on is not None) for life in lives)


def event_survival(spans: Iterable[tuple[date, date | None]], *, as_of: datetime, tz: str = "UTC") -> KaplanMeier:
    """How long it takes until something happens: pairs (start, event), None where it has not happened by `as_of`.

    For times to value, to a first response, to a renewal. What happened after `as_of` has not happened; what started
    after it is left out. Two days give whole days, two instants the time between; a mix uses the instant's day in `tz`.

    >>> from datetime import UTC
    >>> curve = event_survival([(date(2026, 1, 1), date(2026, 1, 5)), (date(2026, 1, 3), None)],
    ...                        as_of=datetime(2026, 1, 31, tzinfo=UTC))
    >>> curve.median()
    datetime.timedelta(days=4)
    """
    require("event_survival", as_of=(as_of, datetime))
    pairs = []
    for start, event in spans:
        if duration_between(start, as_of, tz) < timedelta(0):
            continue
        happened = event is not None and duration_between(event, as_of, tz) >= timedelta(0)
        pairs.append((duration_between(start, event if event is not None and happened else as_of, tz), happened))
    return KaplanMeier.of(pairs)
