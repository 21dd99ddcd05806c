"""Waterfall: why the open pipeline at the end of a period is not what it was at the start."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from attrs import field, frozen

from revops_core.entities import Changed
from revops_core.errors import Fault, InvalidValueError
from revops_core.stages.move import Corrected, Moved
from revops_core.stages.records_as_of import records_as_of
from revops_core.values.checks import require
from revops_core.values.frozen_map import frozen_map
from revops_core.values.instants import to_microseconds
from revops_core.values.money import Money
from revops_core.values.period import Period
from revops_core.values.table import Table

__all__ = ["PARTS", "Waterfall", "waterfall"]

PARTS: tuple[str, ...] = ("new", "reopened", "pulled_in", "increased", "decreased", "pushed_out", "won", "lost")
"""What can change an open pipeline, in the order in which it is drawn."""


@frozen
class Waterfall:
    """The open pipeline at two instants and what lies between; `start` and all parts add up to `end`, exactly.

    Args:
        start, end: the open amounts.
        parts: by each of `PARTS`, what it added; what left is negative.
        counts: by "start", "end" and each part, how many records it concerns.
        without_amount_count: records that counted with nothing, as they have no amount.

    >>> parts = dict.fromkeys(PARTS, Money(0, "EUR")) | {"won": Money(-300, "EUR")}
    >>> change = Waterfall(Money(900, "EUR"), Money(600, "EUR"), parts, {}, 0)
    >>> sum(change.parts.values(), change.start) == change.end
    True
    """

    start: Money
    end: Money
    parts: Mapping[str, Money] = field(converter=frozen_map)
    counts: Mapping[str, int] = field(converter=frozen_map)
    without_amount_count: int

    def table(self) -> Table:
        """A line for the start, each part and the end: the amount, and how many records it concerns."""
        amounts = {"start": self.start, **self.parts, "end": self.end}
        rows = [[name, amount, self.counts.get(name)] for name, amount in amounts.items()]
        title = f"Open pipeline ({self.without_amount_count:,} without an amount)" if self.without_amount_count else ""
        return Table(["part", "amount", "records"], rows, title=title or "Open pipeline")

    def __str__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


def waterfall(
    records: Iterable[Any],
    facts: Iterable[Moved | Corrected | Changed],
    *,
    start: datetime,
    end: datetime,
    currency: str,
    closing_in: Period | None = None,
) -> Waterfall:
    """What happened to the open pipeline between two instants.

    Each record is compared with itself at both. A change of amount counts as increase or decrease, whatever else
    happened to the record; so what was won leaves with the amount it had at last. A record that came and closed in
    between is new, and won or lost. One that closed in another way than won counts as lost.

    Args:
        records: with `id`, `outcome`, `amount` and `close_date`, as they are now.
        facts: their moves and changes, in any order.
        start: the first instant; what happened at it has happened.
        end: the second, in the same way.
        currency: of all amounts: convert others first.
        closing_in: counts the records alone whose close date lies in this period; those whose date moves into it are
            pulled in, those whose date moves out are pushed out.

    Raises:
        CurrencyMismatchError: an amount in another currency.
        InvalidValueError: the end lies before the start.

    >>> from datetime import UTC
    >>> from revops_core.entities import Opportunity
    >>> days = [datetime(2026, 3, day, tzinfo=UTC) for day in (1, 10, 31)]
    >>> new = Opportunity(id="o1", stage="proposal", amount=Money(900, "EUR"), created_at=days[1])
    >>> waterfall([new], [], start=days[0], end=days[2], currency="EUR").parts["new"]
    Money('900', 'EUR')
    """
    require(
        "waterfall", start=(start, datetime), end=(end, datetime), currency=(currency, str),
        closing_in=(closing_in, Period | None),
    )  # fmt: skip
    if to_microseconds(end) < to_microseconds(start):
        raise InvalidValueError("waterfall", [Fault("end", f"must not be before 'start' {start}", end)])
    held, told = list(records), list(facts)
    nothing = Money(0, currency)
    before = {str(record.id): record for record in records_as_of(held, told, start)}
    after = {str(record.id): record for record in records_as_of(held, told, end)}
    parts = dict.fromkeys(PARTS, nothing)
    totals = {"start": nothing, "end": nothing}
    counts: dict[str, int] = dict.fromkeys(("start", "end", *PARTS), 0)
    without_amount = 0

    def is_due(record: Any) -> bool:
        return closing_in is None or (record.close_date is not None and record.close_date in closing_in)

    for key in before | after:
        old: Any = before.get(key)
        new: Any = after.get(key)
        old_amount, new_amount = _amount(old, nothing), _amount(new, nothing)
        was_in = old is not None and old.outcome == "open" and is_due(old)
        is_in = new is not None and new.outcome == "open" and is_due(new)
        for name, inside, amount in (("start", was_in, old_amount), ("end", is_in, new_amount)):
            totals[name] += amount if inside else nothing
            counts[name] += inside
        steps = list(_steps(old, new, (was_in, is_in), (old_amount, new_amount), is_due))
        for part, amount in steps:
            parts[part] += amount
            counts[part] += 1
        without_amount += bool(steps or was_in) and new is not None and new.amount is None
    return Waterfall(totals["start"], totals["end"], parts, counts, without_amount)


def _amount(record: Any, nothing: Money) -> Money:
    return nothing if record is None or record.amount is None else record.amount


def _steps(
    old: Any, new: Any, inside: tuple[bool, bool], amounts: tuple[Money, Money], is_due: Callable[[Any], bool]
) -> Iterable[tuple[str, Money]]:
    """What happened to one record: how it came in, what its amount did, how it left."""
    (was_in, is_in), (old_amount, new_amount) = inside, amounts
    was_closed = old is not None and old.outcome != "open"
    passed_through = new is not None and new.outcome != "open" and is_due(new) and not was_closed
    if new is None or not (was_in or is_in or passed_through):
        return
    entered_with = old_amount
    if not was_in:
        if old is None:
            yield "new", new_amount
            entered_with = new_amount
        else:
            yield ("pulled_in" if old.outcome == "open" else "reopened"), old_amount
    change = new_amount - entered_with
    if change.amount:
        yield ("increased" if change.amount > 0 else "decreased"), change
    if not is_in:
        yield ("pushed_out" if new.outcome == "open" else "won" if new.outcome == "won" else "lost"), -new_amount
