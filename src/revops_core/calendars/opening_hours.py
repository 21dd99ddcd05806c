"""Opening hours as text: the `opening_hours` notation of OpenStreetMap and schema.org, read and written back.

The part of it that a week of work needs: `Mo-Fr 09:00-12:30,13:30-18:00; Sa 10:00-14:00; PH off`, `24/7`.
A rule after `;` replaces the earlier rules for the days it names, a rule after `,` adds to them.
A span that ends at or before it starts runs past midnight (`22:00-06:00`), as does an end above 24:00 (`22:00-30:00`).
Spans that touch or overlap are united. Days not named are closed; so are public holidays (`PH`) unless it says else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from attrs import frozen

from revops_core.errors import Fault, InvalidValueError

__all__ = ["DAY_MINUTES", "DAY_NAMES", "OpeningHours", "Spans", "read_spans", "spans_text", "united"]

Spans = tuple[tuple[int, int], ...]
"""Stretches of one day in minutes from its 00:00, `[start, end)`; an end above 1440 lies on the next day."""

DAY_NAMES = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
"""The days of the week as the notation writes them, from Monday."""

DAY_MINUTES = 24 * 60
"""Minutes of a day of 24 hours."""

_HOLIDAY = 7
_DAYS = {name.lower(): number for number, name in enumerate((*DAY_NAMES, "PH"))}
_WORD = re.compile(r"[A-Za-z]+")
_OFF = re.compile(r"(?:off|closed)(?![A-Za-z])", re.IGNORECASE)
_TIME = re.compile(r"(\d{1,2}):(\d{2})(?!\d)")


@frozen
class OpeningHours:
    """The hours of a week, and those of a public holiday.

    Args:
        days: seven `Spans`, from Monday.
        on_holidays: the spans of a public holiday; none where it is closed.

    >>> OpeningHours.parse("Tu-Th 9:00-17:00; We off, Mo 09:00-12:00,11:00-13:00").text
    'Mo 09:00-13:00; Tu,Th 09:00-17:00'
    """

    days: tuple[Spans, ...]
    on_holidays: Spans = ()

    @classmethod
    def parse(cls, text: str) -> OpeningHours:
        """The hours that `text` says.

        Raises:
            InvalidValueError: with one fault for each rule that cannot be read, and the position in the text.

        >>> OpeningHours.parse("Mo 22:00-06:00").days[0]
        ((1320, 1800),)
        """
        if not isinstance(text, str):
            raise InvalidValueError(cls.__name__, [Fault("hours", "must be a str", text)])
        return _parsed(text)

    @property
    def text(self) -> str:
        """The hours in their shortest regular form: the same for all texts that say the same."""
        if self.days == (((0, DAY_MINUTES),),) * 7 and not self.on_holidays:
            return "24/7"
        groups: dict[Spans, list[int]] = {}
        for number, spans in enumerate(self.days):
            if spans:
                groups.setdefault(spans, []).append(number)
        rules = [f"{_days_text(numbers)} {spans_text(spans)}" for spans, numbers in groups.items()]
        if self.on_holidays:
            rules.append(f"PH {spans_text(self.on_holidays)}")
        return "; ".join(rules) or "off"


def read_spans(text: str) -> Spans:
    """The spans of one day: `09:00-12:00,13:00-17:00`; the empty text and `off` are a closed day.

    Raises:
        InvalidValueError: with the position in the text.

    >>> read_spans("09:00-12:00,11:00-13:00"), read_spans("")
    (((540, 780),), ())
    """
    if not isinstance(text, str):
        raise InvalidValueError("read_spans", [Fault("hours", "must be a str", text)])
    if not text.strip():
        return ()
    reader = _Reader(text, 0, len(text))
    try:
        spans = reader.spans()
        reader.finish()
    except _UnreadableError as error:
        raise InvalidValueError("read_spans", [Fault("hours", str(error), text)]) from None
    return spans


def spans_text(spans: Spans) -> str:
    """The spans of one day as text; the empty text for a closed day.

    >>> spans_text(((1320, 1800),))
    '22:00-06:00'
    """
    return ",".join(f"{_time_text(start)}-{_end_text(start, end)}" for start, end in spans)


def united(spans: Iterable[tuple[int, int]]) -> Spans:
    """The same time as stretches in order that neither touch nor overlap; empty and reversed ones vanish.

    >>> united([(5, 9), (1, 3), (2, 5), (7, 7)])
    ((1, 9),)
    """
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        elif start < end:
            joined.append((start, end))
    return tuple(joined)


def _time_text(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _end_text(start: int, end: int) -> str:
    return _time_text(end if end <= DAY_MINUTES or end - DAY_MINUTES >= start else end - DAY_MINUTES)


def _days_text(numbers: list[int]) -> str:
    """`[0, 1, 2, 4]` as `Mo-We,Fr`; two days in a row are listed, three make a range."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ",".join(
        f"{DAY_NAMES[run[0]]}-{DAY_NAMES[run[-1]]}" if len(run) > 2 else ",".join(DAY_NAMES[number] for number in run)
        for run in runs
    )


class _UnreadableError(Exception):
    """The text cannot be read: the sentence says what is expected and where."""


@lru_cache(maxsize=1024)
def _parsed(text: str) -> OpeningHours:
    days: list[Spans] = [()] * 8
    faults, start = [], 0
    for rule in text.split(";"):
        reader = _Reader(text, start, start + len(rule))
        start += len(rule) + 1
        if not rule.strip():
            continue
        try:
            for adds, numbers, spans in reader.rules():
                for number in numbers:
                    days[number] = united((*days[number], *spans)) if adds else spans
        except _UnreadableError as error:
            faults.append(Fault("hours", str(error), text))
    if not text.replace(";", "").strip():
        faults.append(Fault("hours", "must hold at least one rule such as 'Mo-Fr 09:00-17:00' or '24/7'", text))
    if faults:
        raise InvalidValueError("OpeningHours", faults)
    return OpeningHours(tuple(days[:_HOLIDAY]), days[_HOLIDAY])


class _Reader:
    """A place in the text that moves on with all that is read."""

    __slots__ = ("end", "place", "text")

    def __init__(self, text: str, start: int, end: int) -> None:
        self.text, self.place, self.end = text, start, end

    def rules(self) -> Iterator[tuple[bool, list[int], Spans]]:
        """The rules up to the end: whether it adds to the earlier ones, the days it names, their spans."""
        adds = False
        while True:
            numbers = self.days()
            yield adds, numbers, self.spans()
            if not self.took(","):
                break
            adds = True
        self.finish()

    def days(self) -> list[int]:
        if self.took("24/7"):
            self.place -= len("24/7")
            return list(range(7))
        if not self.matches(_WORD) or self.matches(_OFF):
            return list(range(7))
        numbers = self.day_range()
        while self.took(","):
            numbers += self.day_range()
        return numbers

    def day_range(self) -> list[int]:
        first = self.day()
        if not self.took("-"):
            return [first]
        place = self.place
        last = self.day()
        if _HOLIDAY in (first, last):
            self.place = place
            raise self.unreadable("must have no range with PH")
        return [(first + step) % 7 for step in range((last - first) % 7 + 1)]

    def day(self) -> int:
        word = self.matches(_WORD)
        number = _DAYS.get(word.group().lower()) if word else None
        if word is None or number is None:
            raise self.unreadable(f"must name a day ({', '.join(DAY_NAMES)} or PH)")
        self.place = word.end()
        return number

    def spans(self) -> Spans:
        if self.took("24/7"):
            return ((0, DAY_MINUTES),)
        if off := self.matches(_OFF):
            self.place = off.end()
            return ()
        spans = [self.span()]
        while self.sees_more_spans():
            self.took(",")
            spans.append(self.span())
        return united(spans)

    def span(self) -> tuple[int, int]:
        place = self.place
        start = self.time(DAY_MINUTES - 1, "a time from 00:00 to 23:59")
        if not self.took("-"):
            raise self.unreadable("must have '-' between two times")
        end = self.time(2 * DAY_MINUTES, "a time from 00:00 to 48:00")
        if end == start:
            self.place = place
            raise self.unreadable("must not hold an empty span; write 00:00-24:00 for a whole day,")
        return start, end if end > start else end + DAY_MINUTES

    def time(self, limit: int, what: str) -> int:
        time = self.matches(_TIME)
        minute = int(time[1]) * 60 + int(time[2]) if time else 0
        if time is None or int(time[2]) > 59 or minute > limit:
            raise self.unreadable(f"must have {what}")
        self.place = time.end()
        return minute

    def finish(self) -> None:
        self.skip()
        if self.place < self.end:
            raise self.unreadable("must have ',' or ';' or nothing more")

    def sees_more_spans(self) -> bool:
        """Whether a comma and then a time come next, and not another rule."""
        self.skip()
        rest = self.text[self.place : self.end]
        return rest.startswith(",") and not _WORD.match(rest[1:].lstrip())

    def took(self, sign: str) -> bool:
        self.skip()
        if self.text.startswith(sign, self.place, self.end):
            self.place += len(sign)
            return True
        return False

    def matches(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        self.skip()
        return pattern.match(self.text, self.place, self.end)

    def skip(self) -> None:
        while self.place < self.end and self.text[self.place].isspace():
            self.place += 1

    def unreadable(self, rule: str) -> _UnreadableError:
        self.skip()
        found = repr(self.text[self.place]) if self.place < self.end else "the end"
        return _UnreadableError(f"{rule} at position {self.place}, where {found} stands")
