"""CustomerStart: the first steps of a new customer, one row for each, as the KPIs of onboarding read them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from attrs import frozen

from revops_core.entities.facts import Milestone
from revops_core.errors import Fault, InvalidValueError
from revops_core.values.checks import Id, checked, short_repr
from revops_core.values.frozen_map import EMPTY, FrozenMap
from revops_core.values.instants import to_microseconds

__all__ = ["CustomerStart", "customer_starts"]

_NAMES = FrozenMap({
    "started": "onboarding_started", "completed": "onboarding_completed", "first_value": "first_value",
    "activated": "activated",
})  # fmt: skip


@checked()
@frozen(kw_only=True)
class CustomerStart:
    """When a new customer reached each point; None where it has not.

    Args:
        signed_at: when the first deal was agreed.
        started_at, completed_at: of the onboarding.
        first_value_at: when the product first did for them what they bought it for.
        activated_at: when they first used it in earnest.

    >>> CustomerStart(account_id="a1", started_at=date(2026, 3, 1)).completed_at is None
    True
    """

    account_id: Id
    signed_at: datetime | date | None = None
    started_at: datetime | date | None = None
    completed_at: datetime | date | None = None
    first_value_at: datetime | date | None = None
    activated_at: datetime | date | None = None

    __repr__ = short_repr


def customer_starts(
    milestones: Iterable[Milestone], deals: Iterable[Any] = (), *, names: Mapping[str, str] = EMPTY
) -> list[CustomerStart]:
    """One row for each account that has a milestone or a deal; of each milestone the first counts.

    Args:
        milestones: facts with `at` or `on`.
        deals: records with the attributes of a `Deal`; the first of an account is when it signed.
        names: what the milestones "started", "completed", "first_value" and "activated" are called here, where that is
            not "onboarding_started", "onboarding_completed", "first_value", "activated".

    Raises:
        InvalidValueError: milestones without a date; names each.

    >>> rows = customer_starts([Milestone(name="first_value", account_id="a1", on=date(2026, 3, 1))])
    >>> rows[0].first_value_at
    datetime.date(2026, 3, 1)
    """
    points_of: dict[str, list[str]] = defaultdict(list)
    for point, name in {**_NAMES, **names}.items():
        points_of[name].append(f"{point}_at")
    found: dict[str, dict[str, date]] = defaultdict(dict)
    faults = []
    for number, milestone in enumerate(milestones):
        moment = milestone.at or milestone.on
        if moment is None:
            faults.append(Fault(f"milestones[{number}].at", "must be known, or 'on'", milestone.name))
        for point in points_of[milestone.name] if moment is not None else ():
            _keep_first(found[milestone.account_id], point, moment)  # type: ignore[arg-type]
    if faults:
        raise InvalidValueError("customer_starts", faults)
    for deal in deals:
        if deal.account_id is not None and deal.closed is not None:
            _keep_first(found[deal.account_id], "signed_at", deal.closed)
    return [CustomerStart(account_id=account_id, **points) for account_id, points in found.items()]


def _keep_first(points: dict[str, date], name: str, moment: date) -> None:
    held = points.get(name)
    if held is None or _key(moment, held) < _key(held, moment):
        points[name] = moment


def _key(moment: date, other: date) -> Any:
    """What `moment` sorts by beside `other`: the instant where both are one, else the day."""
    if isinstance(moment, datetime) and isinstance(other, datetime):
        return to_microseconds(moment)
    return moment.date() if isinstance(moment, datetime) else moment
