"""SubjectActivity: how active one subject was in a period, one row for each, also for those who did nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from attrs import frozen

from revops_core.errors import Fault, InvalidValueError
from revops_core.values.checks import Count, Id, as_tuple, checked, require, short_repr
from revops_core.values.duration import is_after
from revops_core.values.period import Period

__all__ = ["SubjectActivity", "subject_activity"]

_MICROSECOND = timedelta(microseconds=1)  # a day has begun once the moment before belongs to it


@checked()
@frozen(kw_only=True)
class SubjectActivity:
    """What one account or user did in one period, or what was done for it.

    Args:
        subject: what kind it is: "account", "user", "target_account".
        starts_on: the first day of the period.
        feature: what it did it with; None: all of it together.
        day_count: the days of the period, so far where it still runs.
        active_day_count: on how many of them it did something.
        event_count: how often it did something.
        previous_event_count: how often in the period before; None where this one still runs, as a part of a period is
            not held against a whole one.

    >>> SubjectActivity(subject="user", subject_id="x7", starts_on=date(2026, 3, 1), day_count=31).active_day_count
    0
    """

    subject: Id
    subject_id: Id
    starts_on: date
    day_count: Count
    active_day_count: Count = 0
    event_count: Count = 0
    previous_event_count: Count | None = None
    feature: str | None = None

    __repr__ = short_repr


def subject_activity(
    facts: Iterable[Any],
    period: Period,
    *,
    subject: str,
    among: Iterable[str],
    by: str = "account_id",
    features: Iterable[str] = (),
    as_of: datetime | None = None,
) -> list[SubjectActivity]:
    """One row for each subject, and one more for each subject and feature.

    Args:
        facts: `Usage`, `Activity`, `Touch` or others with `at` or `on`; those with a `count` count so often, and not
            at all where it is 0.
        period: rows of several periods may be put together: each knows its own. The one before it is looked at too.
        subject: what kind the subjects are, such as "account" or "user".
        among: their ids: all who could have been active, such as the customers or the users with a seat. Others are
            left out: the list is what rates divide by.
        by: the field of a fact that names its subject.
        features: to have rows for each of these beside those for all together.
        as_of: the moment to look from, for a period that still runs.

    Raises:
        InvalidValueError: facts without a date; names each.

    >>> from revops_core.entities.engagement import Usage
    >>> use = Usage(account_id="a1", on=date(2026, 3, 2), count=4)
    >>> rows = subject_activity([use], Period.month(2026, 3), subject="account", among=["a1", "a2"])
    >>> [(row.subject_id, row.active_day_count, row.event_count) for row in rows]
    [('a1', 1, 4), ('a2', 0, 0)]
    """
    held, named = as_tuple(among), as_tuple(features)
    require("subject_activity", period=(period, Period), subject=(subject, Id), as_of=(as_of, datetime | None))
    require("subject_activity", among=(held, tuple[Id, ...]), features=(named, tuple[str, ...]))
    ids, wanted = tuple(dict.fromkeys(held)), (None, *named)
    zone, before = period.start.tzinfo, period.previous()
    days: dict[tuple[str, str | None], set[date]] = defaultdict(set)
    counts: dict[tuple[str, str | None, bool], int] = defaultdict(int)
    faults = []
    for number, fact in enumerate(facts):
        moment = getattr(fact, "at", None) or getattr(fact, "on", None)
        if moment is None:
            faults.append(Fault(f"facts[{number}].at", "must be known, or 'on'", fact))
            continue
        in_period = period.contains(moment)
        if (not in_period and not before.contains(moment)) or (as_of and is_after(moment, as_of, period.tz)):
            continue
        key, feature, times = getattr(fact, by), getattr(fact, "feature", None), getattr(fact, "count", 1)
        for name in {None, feature}:
            counts[key, name, in_period] += times
            if in_period and times:
                days[key, name].add(moment.astimezone(zone).date() if isinstance(moment, datetime) else moment)
    if faults:
        raise InvalidValueError("subject_activity", faults)
    return [
        SubjectActivity(
            subject=subject,
            subject_id=subject_id,
            starts_on=period.start_on,
            day_count=_days_so_far(period, as_of),
            active_day_count=len(days[subject_id, feature]),
            event_count=counts[subject_id, feature, True],
            previous_event_count=None if period.is_partial(as_of) else counts[subject_id, feature, False],
            feature=feature,
        )
        for feature in wanted
        for subject_id in ids
    ]


def _days_so_far(period: Period, as_of: datetime | None) -> int:
    """The days of the period that have begun."""
    if as_of is None or not period.is_partial(as_of):
        return period.day_count
    return max(0, ((as_of - _MICROSECOND).astimezone(period.start.tzinfo).date() - period.start_on).days + 1)
