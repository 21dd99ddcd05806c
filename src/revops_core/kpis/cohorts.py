"""Cohorts: what became of the customers who came together, as triangles of customers and of revenue."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

from attrs import frozen

from revops_core.errors import Fault, InvalidValueError
from revops_core.kpis.revenue_ledger import RevenueLedger
from revops_core.values.checks import require
from revops_core.values.measurement import Undefined
from revops_core.values.money import Money
from revops_core.values.period import Period
from revops_core.values.period_index import periods_index
from revops_core.values.table import Table

__all__ = ["CohortTable", "cohorts"]

_CENSORED, _NOBODY = Undefined("censored"), Undefined("zero_denominator")
_OF = ("customers", "revenue")


@frozen(kw_only=True)
class CohortTable:
    """Customers by the period in which they came, and what they were at the end of that period and of later ones.

    The base of a cohort are all who came in its period, with what they paid on their first day; so who left before its
    end is missed at age 0. What a cohort is too young for is `Undefined("censored")`, never zero.

    Args:
        periods: the cohorts, and the periods they are watched over.
        came: how many customers came in each, and `opening`: what they paid a year on their first day.
        customers, revenue: for each cohort, by age: how many are left and what they pay a year, at the end of the
            period that is `age` periods later.
        earlier: the revenue at the end of each period of customers who came before the first.

    >>> nobody = cohorts(RevenueLedger.of([], currency="EUR"), [Period.month(2026, 3)])
    >>> print(nobody.average(0))
    undefined: there is nothing to divide by
    """

    periods: tuple[Period, ...]
    currency: str
    came: tuple[int, ...]
    opening: tuple[Money, ...]
    customers: tuple[tuple[int | Undefined, ...], ...]
    revenue: tuple[tuple[Money | Undefined, ...], ...]
    earlier: tuple[Money | Undefined, ...]

    def retention(self, cohort: int, age: int, of: str = "customers") -> Fraction | Undefined:
        """What is left of a cohort at an age: of its customers, or of its revenue, which may grow above 1.

        Args:
            cohort: the position of its period.
            age: how many periods later, from 0.
            of: "customers" or "revenue".
        """
        held, bases = self._read(of)
        left, base = held[cohort][age], _number(bases[cohort])
        if isinstance(left, Undefined) or not base:
            return left if isinstance(left, Undefined) else _NOBODY
        return _number(left) / base

    def average(self, age: int, of: str = "customers") -> Fraction | Undefined:
        """What is left at an age of all cohorts that were seen at it, weighted: the sum of them by the sum of bases."""
        held, bases = self._read(of)
        numbers = range(len(self.periods) - age)
        seen = [(_number(held[n][age]), _number(bases[n])) for n in numbers if not isinstance(held[n][age], Undefined)]
        base = sum((base for _, base in seen), Fraction(0))
        left = sum((left for left, base in seen if base), Fraction(0))
        return left / base if base else _NOBODY if seen else _CENSORED

    def _read(self, of: str) -> tuple[Any, Any]:
        """What is left of each cohort by age, and what each began with."""
        if of not in _OF:
            raise InvalidValueError("CohortTable", [Fault("of", f"must be one of {', '.join(_OF)}", of)])
        return (self.customers, self.came) if of == "customers" else (self.revenue, self.opening)

    def triangle(self, of: str = "customers") -> Table:
        """The shares that are left, one row for each cohort and their weighted average; empty where too young."""
        ages, (_, bases) = range(len(self.periods)), self._read(of)
        rows: list[list[object]] = []
        for number, period in enumerate(self.periods):
            shares = [self.retention(number, age, of) for age in range(len(self.periods) - number)]
            rows.append([period.label, bases[number], *(_shown(share) for share in shares), *[None] * number])
        total = sum(self.came) if of == "customers" else Money.total(self.opening, self.currency)
        rows.append(["all", total, *(_shown(self.average(age, of)) for age in ages)])
        return Table(["cohort", of, *map(str, ages)], rows, title=f"{of.capitalize()} left, by age of the cohort")

    def layer_cake(self) -> Table:
        """The annual revenue at the end of each period by cohort; the layers add up to all revenue there is."""
        rows: list[list[Any]] = [["earlier", *map(_shown, self.earlier)]]
        for number, period in enumerate(self.periods):
            rows.append([period.label, *[None] * number, *map(_shown, self.revenue[number])])
        layers = [[amount for amount in column if amount is not None] for column in zip(*rows, strict=True)][1:]
        totals = [Money.total(column, self.currency) if column else None for column in layers]
        return Table(["cohort", *(p.label for p in self.periods)], [*rows, ["all", *totals]], title="Layers of revenue")


def _shown(value: object) -> object:
    return None if isinstance(value, Undefined) else value


def _number(held: Any) -> Fraction:
    return Fraction(held.amount if isinstance(held, Money) else held)


def cohorts(ledger: RevenueLedger, periods: Iterable[Period]) -> CohortTable:
    """The cohorts of a ledger, by weeks, months, quarters or any periods that follow one another.

    Periods that were not over at the ledger's `as_of` are censored. Customers who return count in their first cohort.

    Raises:
        InvalidValueError: the periods have gaps or overlap.

    >>> cohorts(RevenueLedger.of([], currency="EUR"), Period.quarter(2026, 1).months()).came
    (0, 0, 0)
    """
    held = tuple(periods)
    require("cohorts", periods=(held, tuple[Period, ...]))
    if not held or any(one.end_on != other.start_on for one, other in pairwise(held)):
        raise InvalidValueError("cohorts", [Fault("periods", "must be one or more that follow one another", held)])
    index, size, currency = periods_index(held), len(held), ledger.currency
    seen = [period.is_partial(ledger.as_of) is not True for period in held]
    nothing = Money(0, currency)
    came, opening, earlier = [0] * size, [nothing] * size, [nothing] * size
    customers, revenue = [[0] * size for _ in held], [[nothing] * size for _ in held]
    for started_on, first, stocks in ledger.histories(held):
        number = index(started_on)
        if number is not None:
            came[number] += 1
            opening[number] = opening[number] + first
        layer = earlier if number is None else revenue[number]
        for place, stock in enumerate(stocks):
            if stock is not None:
                layer[place] = layer[place] + stock
                if number is not None:
                    customers[number][place] += 1
    return CohortTable(
        periods=held,
        currency=currency,
        came=tuple(came),
        opening=tuple(opening),
        customers=tuple(_seen(row, seen)[number:] for number, row in enumerate(customers)),
        revenue=tuple(_seen(row, seen)[number:] for number, row in enumerate(revenue)),
        earlier=_seen(earlier, seen),
    )


def _seen(stocks: Sequence[Any], seen: Sequence[bool]) -> tuple[Any, ...]:
    """The stocks at the ends of periods, as far as those have come."""
    return tuple(stock if is_seen else _CENSORED for stock, is_seen in zip(stocks, seen, strict=True))
