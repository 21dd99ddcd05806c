"""Counting rows by period: which of many periods a moment falls in."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable
from datetime import date, datetime

from revops_core.errors import Fault, InvalidValueError
from revops_core.values.checks import require
from revops_core.values.instants import to_microseconds
from revops_core.values.period import Period
from revops_core.values.zone import day_start_microseconds

__all__ = ["periods_index"]


def periods_index(periods: Iterable[Period]) -> Callable[[date], int | None]:
    """A fast function from a date or an aware datetime to the position of the period it falls in, or None.

    For counting many rows by period: each answer is one bisection, however many periods there are.

    Args:
        periods: in order and apart, such as `Period.year(2026).months()`; gaps between them are allowed.

    Raises:
        InvalidValueError: two periods overlap or are out of order; and from the function, as `Period.contains`.

    >>> month_of = periods_index(Period.year(2026).months())
    >>> month_of(date(2026, 3, 31)), month_of(date(2027, 1, 1))
    (2, None)
    """
    held = tuple(periods)
    require("periods_index", periods=(held, tuple[Period, ...]))
    day_edges = [(period.start_on.toordinal(), period.end_on.toordinal()) for period in held]
    edges = [tuple(day_start_microseconds(day, p.tz) for day in (p.start_on, p.end_on)) for p in held]
    for i in range(1, len(held)):
        if day_edges[i][0] < day_edges[i - 1][1] or edges[i][0] < edges[i - 1][1]:
            fault = Fault(f"periods[{i}]", f"must not start before {held[i - 1]!r} ends", held[i])
            raise InvalidValueError("periods_index", [fault])
    first_days, last_days = [start for start, _ in day_edges], [end for _, end in day_edges]
    starts, ends = [start for start, _ in edges], [end for _, end in edges]

    def index_of(moment: date) -> int | None:
        if isinstance(moment, datetime) and moment.tzinfo is not None:
            since = to_microseconds(moment)
            position = bisect_right(starts, since) - 1
            return position if position >= 0 and since < ends[position] else None
        if isinstance(moment, datetime) or not isinstance(moment, date):
            require("periods_index", moment=(moment, date | datetime))
        day = moment.toordinal()
        position = bisect_right(first_days, day) - 1
        return position if position >= 0 and day < last_days[position] else None

    return index_of
