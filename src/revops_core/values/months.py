"""Months counted from an anchor, for contract terms, renewals and anniversaries."""

from __future__ import annotations

from calendar import monthrange
from datetime import MAXYEAR, MINYEAR, date

from revops_core.errors import Fault, InvalidValueError
from revops_core.values.checks import require

__all__ = ["months_after"]


def months_after(start: date, count: int) -> date:
    """The day `count` months after `start`; the last day of that month where it has no such day.

    Count from the anchor and never from the result of another count: from 31 January, one month leads to 28 February
    and two to 31 March, while two steps of one month would end on 28 March. A negative `count` goes back.

    Raises:
        InvalidValueError: the result is no date.

    >>> [str(months_after(date(2027, 1, 31), count)) for count in (1, 2, 13)]
    ['2027-02-28', '2027-03-31', '2028-02-29']
    """
    require("months_after", start=(start, date), count=(count, int))
    year, month = divmod(start.year * 12 + start.month - 1 + count, 12)
    if not MINYEAR <= year <= MAXYEAR:
        rule = f"must lead to a year from {MINYEAR} to {MAXYEAR}, counted from {start}"
        raise InvalidValueError("months_after", [Fault("count", rule, count)])
    return date(year, month + 1, min(start.day, monthrange(year, month + 1)[1]))
