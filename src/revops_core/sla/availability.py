"""Availability: an uptime promise such as 99.9 % a month, and what is left of its error budget.

Only service hours count, overlapping incidents count once, and announced maintenance counts as neither up nor down.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from attrs import frozen

from revops_core.calendars.business_calendar import ALWAYS_OPEN, BusinessCalendar
from revops_core.calendars.opening_hours import united
from revops_core.errors import Fault, InvalidValueError
from revops_core.values.checks import Share, require
from revops_core.values.instants import to_microseconds
from revops_core.values.interval import Interval
from revops_core.values.period import Period

__all__ = ["Availability", "availability"]

_MICROSECOND = timedelta(microseconds=1)
_Span = Interval | tuple[datetime, datetime | None]


@frozen(kw_only=True)
class Availability:
    """How much of its service hours a service was up, against what was promised.

    Args:
        objective: the promised share, e.g. 0.999.
        service_time: the service hours looked at, without maintenance.
        downtime: the part of them in which an incident was open.
        whole_service_time: the service hours of the whole window, also where only a part of it was looked at.

    >>> from datetime import UTC
    >>> june = Interval(datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC))
    >>> outage = Interval(datetime(2026, 6, 3, 9, tzinfo=UTC), datetime(2026, 6, 3, 9, 18, tzinfo=UTC))
    >>> result = availability([outage], june, objective=Decimal("0.999"))
    >>> result.error_budget, result.budget_left, result.kept
    (datetime.timedelta(seconds=2592), datetime.timedelta(seconds=1512), True)
    """

    objective: Decimal
    service_time: timedelta
    downtime: timedelta
    whole_service_time: timedelta

    @property
    def uptime_share(self) -> Fraction | None:
        """The share of the service hours that it was up, exactly; None where there were none."""
        return None if not self.service_time else 1 - _share(self.downtime, self.service_time)

    @property
    def error_budget(self) -> timedelta:
        """The downtime that the promise allows in the whole window, down to the microsecond."""
        allowed = (1 - Fraction(self.objective)) * (self.whole_service_time // _MICROSECOND)
        return timedelta(microseconds=allowed.numerator // allowed.denominator)

    @property
    def budget_left(self) -> timedelta:
        """What is left of the error budget; negative where it is overdrawn."""
        return self.error_budget - self.downtime

    @property
    def burn_rate(self) -> Fraction | None:
        """How many times faster than allowed the budget is used up: 1 is just in time.

        None where there were no service hours or where the promise allows no downtime at all.
        """
        allowed = 1 - Fraction(self.objective)
        return None if not self.service_time or not allowed else _share(self.downtime, self.service_time) / allowed

    @property
    def kept(self) -> bool | None:
        """Whether the share reaches the objective so far; None where there were no service hours."""
        return None if self.uptime_share is None else self.uptime_share >= Fraction(self.objective)


def availability(
    incidents: Iterable[_Span],
    window: Period | Interval,
    *,
    objective: Decimal,
    calendar: BusinessCalendar = ALWAYS_OPEN,
    maintenance: Iterable[_Span] = (),
    as_of: datetime | None = None,
) -> Availability:
    """The share of the service hours in `window` in which no incident was open.

    Args:
        incidents: when the service was down: intervals, or pairs of start and end where None is "still open".
        window: the month, or any other stretch of time, that the promise is about.
        objective: the promised share, 0 to 1.
        calendar: the service hours; by default always.
        maintenance: announced stretches that count as neither up nor down.
        as_of: looks no further than this instant; needed where an incident is still open.

    Raises:
        InvalidValueError: an end before its start, an open incident without `as_of`, an objective that is no share.

    >>> from datetime import UTC
    >>> month = Period.month(2026, 6, tz="UTC")
    >>> availability([], month, objective=Decimal("0.999")).uptime_share
    Fraction(1, 1)
    """
    wanted = {"window": (window, Period | Interval), "objective": (objective, Share), "as_of": (as_of, datetime | None)}
    require("availability", **wanted, calendar=(calendar, BusinessCalendar))
    start, end = to_microseconds(window.start), to_microseconds(window.end)
    until = end if as_of is None else max(start, min(end, to_microseconds(as_of)))
    down = _spans("incidents", incidents, as_of)
    away = _spans("maintenance", maintenance, as_of)
    open_between = calendar.compiled.open_between

    def served(spans: Iterable[tuple[int, int]], limit: int) -> int:
        cut = ((max(a, start), min(b, limit)) for a, b in spans)
        return sum(open_between(a, b) for a, b in cut if a < b)

    def looked_at(limit: int) -> int:
        return open_between(start, limit) - served(united(away), limit)

    downtime = served(united([*down, *away]), until) - served(united(away), until)
    return Availability(
        objective=objective,
        service_time=timedelta(microseconds=looked_at(until)),
        downtime=timedelta(microseconds=downtime),
        whole_service_time=timedelta(microseconds=looked_at(end)),
    )


def _share(part: timedelta, whole: timedelta) -> Fraction:
    return Fraction(part // _MICROSECOND, whole // _MICROSECOND)


def _spans(name: str, spans: Iterable[_Span], as_of: datetime | None) -> list[tuple[int, int]]:
    """`spans` as instants, those still open up to `as_of`; all faults at once."""
    found, faults = [], []
    for place, span in enumerate(spans):
        first, last = (span.start, span.end) if isinstance(span, Interval) else span
        last = as_of if last is None else last
        if last is None:
            faults.append(Fault(f"{name}[{place}]", "must have an end, or 'as_of' must be given", span))
            continue
        try:
            start, end = to_microseconds(first), to_microseconds(last)
        except (TypeError, AttributeError):
            faults.append(Fault(f"{name}[{place}]", "must be of two aware datetimes", span))
            continue
        if end < start and not isinstance(span, Interval) and span[1] is not None:
            faults.append(Fault(f"{name}[{place}]", "must not end before it starts", span))
        found.append((start, end))  # one that is open and starts after `as_of` is reversed here, and vanishes
    if faults:
        raise InvalidValueError("availability", faults)
    return found
