"""Story: one lead of the sample company and all that comes of it, drawn from a seed of its own, until `AS_OF`."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from random import Random
from types import MappingProxyType

from revops_core.calendars import BusinessCalendar, HolidayRule
from revops_core.sla.clock_event import ClockEvent
from revops_core.values.money import Money

__all__ = [
    "AS_OF", "CHURN_CHANCE", "CURRENCY", "LOSS_CHANCES", "NAMES", "OFFICE", "OPENED", "PRODUCTS",
    "REGIONS", "REPS_IN_A_TEAM", "SOURCES", "Ended", "Story",
]  # fmt: skip

OPENED = datetime(2024, 1, 1, tzinfo=UTC)
"""The first day of the sample company."""

AS_OF = datetime(2026, 1, 1, tzinfo=UTC)
"""The moment it is seen from; nothing is later."""

OFFICE = BusinessCalendar(
    "Mo-Fr 09:00-17:30",
    tz="Europe/Berlin",
    holidays=[
        *(HolidayRule.fixed(month, day) for month, day in ((1, 1), (5, 1), (10, 3), (12, 25), (12, 26))),
        *(HolidayRule.easter(days) for days in (-2, 1, 39, 50)),
    ],
    name="office",
)
"""When its people work."""

_WORKING_DAY = timedelta(hours=8, minutes=30)
"""How long they work on a day."""

CURRENCY = "EUR"
"""Every amount is in it."""

REGIONS = ("north", "south", "west")
"""Its sales teams."""

REPS_IN_A_TEAM = 4
"""How many people a team has, besides its manager."""

PRODUCTS = MappingProxyType({"core": Money(39, CURRENCY), "plus": Money(69, CURRENCY), "insight": Money(15, CURRENCY)})
"""The price of one seat a month."""

SOURCES = MappingProxyType({"website": 34, "paid_search": 22, "webinar": 16, "referral": 16, "trade_show": 12})
"""Where leads come from, with their weights."""

LOSS_CHANCES = MappingProxyType({"proposal": "0.24", "negotiation": "0.28", "won": "0.22"})
"""How likely a sale is lost on its way to each next stage."""

CHURN_CHANCE = "0.15"
"""How likely a contract is not continued at the end of a term."""

_LOSS_REASONS = MappingProxyType({"price": 35, "no_budget": 25, "competitor": 25, "no_decision": 15})
"""Why leads, sales and customers are lost."""

NAMES = ("Ada", "Ben", "Cleo", "Dora", "Emil", "Finn", "Greta", "Hugo", "Ida", "Jonas", "Karla", "Lars")
"""First names."""


class Ended(Exception):  # noqa: N818 - it says what happened: no error, and never seen outside
    """The story has reached `AS_OF`."""


class Story:
    """One lead and all that comes of it: what is told, what of it was planted, and how chances are drawn."""

    __slots__ = ("_random", "clock_events", "number", "planted", "source", "things")

    def __init__(self, number: int, seed: int) -> None:
        self.number = number
        self.things: list[object] = []
        self.source = ""
        self.planted: list[str] = []
        self.clock_events: dict[str, tuple[ClockEvent, ...]] = {}
        # Only `random()` is used: it is the one method whose sequence Python promises to keep.
        self._random = Random(f"{seed}-{number}")  # noqa: S311 - a made-up company is no secret

    def chance(self, probability: float) -> bool:
        """Whether something happens that has this chance."""
        return self._random.random() < probability

    def between(self, low: float, high: float) -> float:
        """A number between two, each as likely as any other."""
        return low + (high - low) * self._random.random()

    def pick(self, options: Mapping[str, int] | Sequence[str]) -> str:
        """One of several, by their weights."""
        if not isinstance(options, Mapping):
            return options[int(self._random.random() * len(options))]
        edges = list(accumulate(options.values()))
        return list(options)[bisect_right(edges, self._random.random() * edges[-1])]

    def reason(self) -> str:
        """Why something is lost."""
        return self.pick(_LOSS_REASONS)

    def member(self, team: str) -> str:
        """The id of somebody in a team."""
        return f"{team}-{1 + int(self.between(0, REPS_IN_A_TEAM))}"

    def later(self, at: datetime, low: float, high: float) -> datetime:
        """Some working days later, in office hours; the story ends where that is not before `as_of`."""
        days = self.between(low, high)
        moment = OFFICE.add(OFFICE.next_open(at), timedelta(seconds=int(days * _WORKING_DAY.total_seconds()) + 1))
        if moment >= AS_OF:
            raise Ended
        return moment.astimezone(UTC)
