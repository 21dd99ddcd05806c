"""Time zones by IANA key, and the instant at which a civil day begins in one.

A civil day begins at its first instant: 00:00 where there is one; the moment after the gap where the clocks jumped
over 00:00; the first of the two where they showed 00:00 twice. A day that a zone skipped begins when it ends.
"""

from __future__ import annotations

from bisect import bisect_left
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from revops_core.errors import Fault, InvalidValueError
from revops_core.values.instants import to_microseconds

__all__ = ["day_start", "day_start_microseconds", "is_zone", "zone"]

_RULE = "must be the key of an IANA time zone such as 'Europe/Paris'"


@lru_cache(maxsize=1024)
def _loaded(key: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(key)
    except (LookupError, ValueError, OSError):  # unknown; not a relative path; a folder of the time-zone data
        return None


def is_zone(key: object) -> bool:
    """Whether `key` names a time zone this machine knows."""
    return isinstance(key, str) and _loaded(key) is not None


def zone(key: str) -> ZoneInfo:
    """The time zone with this key.

    Raises:
        InvalidValueError: the key is no text or names no zone; on Windows the `tzdata` package must be installed.

    >>> zone("Europe/Paris")
    zoneinfo.ZoneInfo(key='Europe/Paris')
    """
    found = _loaded(key) if isinstance(key, str) else None
    if found is None:
        raise InvalidValueError("zone", [Fault("tz", _RULE, key)])
    return found


@lru_cache(maxsize=8192)
def day_start(day: date, tz: str) -> datetime:
    """The first instant of a civil day in a zone, in UTC.

    >>> day_start(date(2026, 7, 1), "Europe/Paris")
    datetime.datetime(2026, 6, 30, 22, 0, tzinfo=datetime.timezone.utc)
    """
    midnight = datetime.combine(day, time(), zone(tz))
    instant = midnight.astimezone(UTC)
    back = instant.astimezone(midnight.tzinfo)
    if back.replace(tzinfo=None) == midnight.replace(tzinfo=None):
        return instant
    # In a gap: `instant` lies at or after its end, by as much as 00:00 lay after its start. Offsets have whole seconds.
    before = midnight.replace(fold=1).astimezone(UTC)
    seconds = range(int((instant - before).total_seconds()))
    passed = bisect_left(seconds, day, key=lambda s: (before + timedelta(seconds=s)).astimezone(zone(tz)).date())
    return before + timedelta(seconds=passed)


@lru_cache(maxsize=8192)
def day_start_microseconds(day: date, tz: str) -> int:
    """The first instant of a civil day in a zone, in microseconds since 1970, for hot paths.

    >>> day_start_microseconds(date(1970, 1, 2), "UTC")
    86400000000
    """
    return to_microseconds(day_start(day, tz))
