"""Durations between two days, two instants, or one of each."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from revops_core.errors import Fault, InvalidValueError, UnknownFieldError
from revops_core.values.instants import to_microseconds
from revops_core.values.zone import zone

__all__ = ["duration_between", "is_after", "moment_of"]

_MICROSECOND = timedelta(microseconds=1)


def duration_between(start: date, end: date, tz: str | None = None) -> timedelta:
    """The time from `start` to `end`, each a date or an aware datetime; negative where `end` is the earlier.

    Two days give whole days, two instants the exact time between them, whatever their clocks show. Where one is a day,
    the other counts as its civil day in `tz`.

    Raises:
        InvalidValueError: a naive datetime, or a day and an instant without a zone.

    >>> duration_between(date(2026, 2, 1), date(2026, 3, 1))
    datetime.timedelta(days=28)
    """
    faults = [
        Fault(name, "must be an aware datetime: one with a time zone", moment)
        for name, moment in (("start", start), ("end", end))
        if isinstance(moment, datetime) and moment.tzinfo is None
    ]
    if faults:
        raise InvalidValueError("duration", faults)
    if isinstance(start, datetime) and isinstance(end, datetime):
        return _MICROSECOND * (to_microseconds(end) - to_microseconds(start))
    if isinstance(start, datetime) or isinstance(end, datetime):
        if tz is None:
            rule = "must be given, as one end is a day and the other an instant"
            raise InvalidValueError("duration", [Fault("tz", rule, tz)])
        return _civil_day(end, tz) - _civil_day(start, tz)
    return end - start


def is_after(moment: date, as_of: datetime, tz: str) -> bool:
    """Whether a day or an instant lies after the moment from which we look.

    A day has happened once it had begun before that moment: a look at midnight does not see the day ahead.

    >>> from datetime import UTC
    >>> midnight = datetime(2026, 2, 1, tzinfo=UTC)
    >>> is_after(midnight, midnight, "UTC"), is_after(date(2026, 2, 1), midnight, "UTC")
    (False, True)
    """
    if isinstance(moment, datetime):
        return to_microseconds(moment) > to_microseconds(as_of)
    return moment > _civil_day(as_of - _MICROSECOND, tz)


def moment_of(record: object, what: str) -> date | None:
    """When something happened to a record: the instant `{what}_at` where it is known, else the day `{what}_on`.

    Raises:
        UnknownFieldError: the record has neither field; it may lack one of the two.

    >>> from types import SimpleNamespace
    >>> moment_of(SimpleNamespace(created_on=date(2026, 2, 1)), "created")
    datetime.date(2026, 2, 1)
    """
    names = (f"{what}_at", f"{what}_on")
    held = [getattr(record, name) for name in names if hasattr(record, name)]
    if not held:
        has = [name for name in dir(record) if not name.startswith("_")]
        raise UnknownFieldError(" or ".join(names), type(record).__name__, has)
    return next((moment for moment in held if moment is not None), None)


def _civil_day(moment: date, tz: str) -> date:
    return moment.astimezone(zone(tz)).date() if isinstance(moment, datetime) else moment
