"""The definition of a calendar: what its fields may hold, and their regular form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any, cast

from revops_core.calendars.holidays import taken_dates
from revops_core.calendars.opening_hours import OpeningHours, Spans, read_spans, spans_text
from revops_core.errors import Fault, InvalidValueError
from revops_core.values.frozen_map import FrozenMap
from revops_core.values.zone import is_zone

__all__ = ["regular_form"]

_EARLIEST_YEAR, _LATEST_YEAR = 1970, 2200


def regular_form(given: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a `BusinessCalendar` that are kept in another form than `given`: texts, dates and zone.

    Raises:
        InvalidValueError: with every fault of every field.
    """
    years = list(_year_faults(given["first_year"], given["last_year"]))
    faults, week = [*_plain_faults(given), *years], None
    try:
        week = OpeningHours.parse(given["hours"])
    except InvalidValueError as error:
        faults += error.faults
    known_from, known_to = (2000, 2000) if years else (given["first_year"], given["last_year"])
    holidays, known_until, date_faults = taken_dates(given["holidays"], known_from, known_to)
    faults.extend(date_faults)
    overrides = _override_spans(given["overrides"], faults)
    if week and not (any(week.days) or (week.on_holidays and holidays) or any(overrides.values())):
        faults.append(Fault("hours", "must be open at some time", given["hours"]))
    if faults or week is None:
        raise InvalidValueError("BusinessCalendar", faults)
    return {
        "hours": week.text,
        "holidays": holidays,
        "overrides": FrozenMap({day.isoformat(): spans_text(overrides[day]) for day in sorted(overrides)}),
        "holidays_known_until": given["holidays_known_until"] or known_until,
    }


def _plain_faults(given: Mapping[str, Any]) -> Iterator[Fault]:
    if not is_zone(given["tz"]):
        yield Fault("tz", "must be the key of an IANA time zone such as 'Europe/Paris'", given["tz"])
    for name in ("name", "version"):
        if not isinstance(given[name], str):
            yield Fault(name, "must be a str", given[name])
    until = given["holidays_known_until"]
    if until is not None and _date_of(until) is not until:
        yield Fault("holidays_known_until", "must be a date or None", until)


def _year_faults(first_year: int, last_year: int) -> Iterator[Fault]:
    outside = [
        Fault(name, f"must be a year from {_EARLIEST_YEAR} to {_LATEST_YEAR}", year)
        for name, year in (("first_year", first_year), ("last_year", last_year))
        if not isinstance(year, int) or not _EARLIEST_YEAR <= year <= _LATEST_YEAR
    ]
    yield from outside
    if not outside and last_year < first_year:
        yield Fault("last_year", f"must not be before 'first_year' {first_year}", last_year)


def _override_spans(overrides: Mapping[str, str], faults: list[Fault]) -> dict[date, Spans]:
    """The spans of each date that `overrides` names; what cannot be read goes to `faults`."""
    found: dict[date, Spans] = {}
    if not isinstance(overrides, Mapping):
        faults.append(Fault("overrides", "must be a mapping of dates to hours", overrides))
        return found
    for key, text in overrides.items():
        path = f"overrides[{key}]"
        day = _date_of(key)
        if day is None:
            faults.append(Fault(path, "must have a date or its ISO text as key", key))
        elif day in found:
            faults.append(Fault(path, "must not name a date twice", key))
        else:
            found[day] = ()
            try:
                found[day] = read_spans(text)
            except InvalidValueError as error:
                faults.extend(Fault(path, fault.rule, fault.value) for fault in error.faults)
    return found


def _date_of(key: object) -> date | None:
    if isinstance(key, datetime):
        return None
    if isinstance(key, date):
        return key
    try:
        return date.fromisoformat(cast("str", key))
    except (TypeError, ValueError):
        return None
