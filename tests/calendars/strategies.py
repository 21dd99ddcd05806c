"""Calendars, instants and spans for the laws of working time."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import strategies as st

from revops_core.calendars import BusinessCalendar
from revops_core.calendars.opening_hours import DAY_NAMES, spans_text, united

MINUTE, DAY = 60_000_000, 86_400_000_000

# A night of each awkward kind: the instant around which to look, in UTC.
NIGHTS = {
    "Europe/Berlin gap": ("Europe/Berlin", "2026-03-29"),
    "Europe/Berlin fold": ("Europe/Berlin", "2026-10-25"),
    "America/New_York gap": ("America/New_York", "2026-03-08"),
    "Lord Howe, half an hour forward": ("Australia/Lord_Howe", "2026-10-03"),
    "Lord Howe, half an hour back": ("Australia/Lord_Howe", "2026-04-04"),
    "Apia skips a day": ("Pacific/Apia", "2011-12-30"),
    "Apia, its last end of DST": ("Pacific/Apia", "2021-04-03"),
    "Sao Paulo, midnight jumped over": ("America/Sao_Paulo", "2018-11-04"),
    "Sao Paulo, midnight reached twice": ("America/Sao_Paulo", "2019-02-17"),
    "Havana, midnight shown twice": ("America/Havana", "2025-11-02"),
    "St John's, a minute after midnight": ("America/St_Johns", "2010-11-07"),
    "Nuuk, the gap ends at midnight": ("America/Nuuk", "2025-03-30"),
    "Casablanca, Ramadan": ("Africa/Casablanca", "2026-02-15"),
    "Pyongyang, half an hour for good": ("Asia/Pyongyang", "2018-05-04"),
    "Troll, two hours": ("Antarctica/Troll", "2026-03-29"),
    "Tehran, its last DST": ("Asia/Tehran", "2022-03-22"),
    "leap day": ("UTC", "2024-02-29"),
}

ZONES = sorted({zone for zone, _ in NIGHTS.values()})


@st.composite
def day_spans(draw, *, longest=1440):
    """Spans of one day in minutes; some overlap, some run past midnight."""
    found = []
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, 1439) | st.sampled_from([0, 30, 60, 90, 120, 150, 180, 1380, 1410]))
        length = draw(st.integers(1, longest) | st.sampled_from([15, 30, 60, 90]))
        found.append((start, start + length))
    return united(found)


weeks = st.lists(day_spans(), min_size=7, max_size=7).filter(any)


def week_text(week):
    return "; ".join(f"{name} {spans_text(spans) or 'off'}" for name, spans in zip(DAY_NAMES, week, strict=True))


@st.composite
def calendars(draw, *, first=date(2018, 1, 1), days=1500):
    """A calendar of any awkward zone with an hour a week or more, so that all `amounts` end in its years."""
    some_dates = st.integers(0, days).map(lambda n: first + timedelta(days=n))
    return BusinessCalendar(
        week_text(draw(weeks.filter(lambda week: sum(end - start for spans in week for start, end in spans) >= 60))),
        tz=draw(st.sampled_from(ZONES)),
        holidays=draw(st.lists(some_dates, max_size=4)),
        overrides=draw(st.dictionaries(some_dates, day_spans().map(spans_text), max_size=3)),
        first_year=2005,
        last_year=2035,
    )


# Microseconds from 2018 to 2021: whole seconds, as well as any.
instants = st.integers(1_514_764_800, 1_609_459_200).map(lambda seconds: seconds * 1_000_000) | st.integers(
    1_514_764_800_000_000, 1_609_459_200_000_000
)
amounts = st.integers(0, 200 * DAY // 24) | st.integers(0, 60).map(lambda hours: hours * 60 * MINUTE)
