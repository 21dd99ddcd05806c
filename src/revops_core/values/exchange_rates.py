"""Exchange rates by day, and the conversion of money with them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from math import prod
from typing import Any

from attrs import field, frozen

from revops_core.errors import Fault, InvalidValueError, MissingRateError
from revops_core.values.checks import Currency, require
from revops_core.values.currencies import MINOR_UNITS
from revops_core.values.money import Money

__all__ = ["ExchangeRates"]

_INVERSE = Context(prec=34, rounding=ROUND_HALF_EVEN)
_CURRENCY = "must be an ISO 4217 code such as 'EUR'"
_Pair = tuple[str, str]
_Row = tuple[date, str, str, Decimal]


def _rows(rates: Iterable[_Row]) -> Any:
    """The rows as tuples; what has no rows is returned as it is, for the check to refuse."""
    if isinstance(rates, str | bytes) or not isinstance(rates, Iterable):
        return rates
    return tuple(tuple(row) if isinstance(row, list) else row for row in rates)


@frozen(repr=False)
class ExchangeRates:
    """What one unit of a currency cost in another, by day.

    A conversion uses the latest rate on or before its day: the one quoted from the money's currency to the other; where
    there is none and `inverse` allows it, one divided by the opposite quote; where there is none either, the way
    through `pivot`. Two different rates for one pair and day are refused; the same one twice counts once.

    Args:
        rates: rows of (day, source currency, target currency, rate): one unit of the source is `rate` of the target.
        max_age: how old a rate may be on the day it is used for; any age where not given.
        inverse: whether a quote may be used the other way round.
        pivot: the currency through which two others may be converted, e.g. "EUR" for the rates of the ECB.

    Raises:
        InvalidValueError: with every fault of every row.

    >>> rates = ExchangeRates([(date(2026, 1, 2), "EUR", "USD", Decimal("1.25"))], inverse=True)
    >>> rates.convert(Money(100, "EUR"), "USD", on=date(2026, 1, 4))
    Money('125.00', 'USD')
    >>> rates.convert(Money(100, "USD"), "EUR", on=date(2026, 1, 4))
    Money('80', 'EUR')
    """

    rates: tuple[_Row, ...] = field(converter=_rows)
    max_age: timedelta | None = field(default=None, kw_only=True)
    inverse: bool = field(default=False, kw_only=True)
    pivot: str | None = field(default=None, kw_only=True)
    _quotes: Mapping[_Pair, tuple[list[date], list[Decimal]]] = field(init=False, eq=False)

    def __attrs_post_init__(self) -> None:
        if faults := list(_faults(self)):
            raise InvalidValueError("ExchangeRates", faults)
        quotes: dict[_Pair, tuple[list[date], list[Decimal]]] = {}
        rows = tuple(sorted(set(self.rates)))
        for on, source, target, rate in rows:
            days, quoted = quotes.setdefault((source, target), ([], []))
            days.append(on)
            quoted.append(rate)
        object.__setattr__(self, "rates", rows)
        object.__setattr__(self, "_quotes", quotes)

    def convert(self, money: Money, to: str, *, on: date) -> Money:
        """`money` in the currency `to`, at the rate of a day; nothing is rounded to minor units.

        By direct rates the result is exact, also through the pivot. By an inverse one it is carried to 34 digits.

        Args:
            money: the amount to convert.
            to: ISO 4217 code.
            on: the civil day of the flow; for a stock, the last day of the period.

        Raises:
            MissingRateError: no rate of that day or before, or none young enough.
            InexactAmountError: the exact result needs more than 34 digits; round the amount first.

        >>> rates = ExchangeRates([(date(2026, 1, 2), "EUR", "JPY", Decimal("184.13"))])
        >>> rates.convert(Money("19.90", "EUR"), "JPY", on=date(2026, 1, 2))
        Money('3664.1870', 'JPY')
        """
        require("ExchangeRates.convert", money=(money, Money), to=(to, Currency), on=(on, date))
        steps = self._steps(money.currency, to, on)
        if any(inverted for _, inverted in steps):
            exact = Fraction(money.amount) * _product(steps)
            return Money(_INVERSE.divide(Decimal(exact.numerator), Decimal(exact.denominator)), to)
        for rate, _ in steps:
            money = money * rate
        return Money(money.amount, to)

    def rate(self, source: str, target: str, *, on: date) -> Fraction:
        """What one unit of `source` is worth in `target` on a day, exactly; 1 where they are the same.

        Raises:
            MissingRateError: no rate of that day or before, or none young enough.
        """
        require("ExchangeRates.rate", source=(source, Currency), target=(target, Currency), on=(on, date))
        return _product(self._steps(source, target, on))

    def _steps(self, source: str, target: str, on: date) -> list[tuple[Decimal, bool]]:
        """The rates that lead from `source` to `target`, each with whether it is to be inverted."""
        if source == target:
            return []
        step = self._step(source, target, on)
        if step is not None:
            return [step]
        if self.pivot is not None and self.pivot not in (source, target):
            first, second = self._step(source, self.pivot, on), self._step(self.pivot, target, on)
            if first is not None and second is not None:
                return [first, second]
        raise MissingRateError(source, target, on, self._latest(source, target, on))

    def _step(self, source: str, target: str, on: date) -> tuple[Decimal, bool] | None:
        """The rate from one to the other, or the opposite one where that is allowed."""
        pairs = [((source, target), False)] + ([((target, source), True)] if self.inverse else [])
        for pair, inverted in pairs:
            days, quoted = self._quotes.get(pair, ([], []))
            position = bisect_right(days, on) - 1
            if position >= 0 and (self.max_age is None or on - days[position] <= self.max_age):
                return quoted[position], inverted
        return None

    def _latest(self, source: str, target: str, on: date) -> date | None:
        """The day of the latest direct quote, too old to be used."""
        days, _ = self._quotes.get((source, target), ([], []))
        position = bisect_right(days, on) - 1
        return days[position] if position >= 0 else None

    def __repr__(self) -> str:
        pairs = ", ".join(f"{source}/{target}" for source, target in sorted(self._quotes))
        return f"ExchangeRates({len(self.rates)} rates: {pairs})"


def _product(steps: Iterable[tuple[Decimal, bool]]) -> Fraction:
    return prod((1 / Fraction(rate) if inverted else Fraction(rate) for rate, inverted in steps), start=Fraction(1))


def _known(code: object) -> bool:
    return isinstance(code, str) and code in MINOR_UNITS


def _faults(made: ExchangeRates) -> Iterator[Fault]:
    """Everything that is wrong with the fields and the rows of new exchange rates."""
    if made.max_age is not None and not (isinstance(made.max_age, timedelta) and made.max_age >= timedelta(0)):
        yield Fault("max_age", "must be a timedelta of at least 0, or None", made.max_age)
    if made.inverse is not True and made.inverse is not False:
        yield Fault("inverse", "must be True or False", made.inverse)
    if made.pivot is not None and not _known(made.pivot):
        yield Fault("pivot", _CURRENCY + ", or None", made.pivot)
    if not isinstance(made.rates, tuple):
        yield Fault("rates", "must be rows of (day, source currency, target currency, rate)", made.rates)
        return
    seen: dict[tuple[object, ...], tuple[int, Decimal]] = {}
    for number, row in enumerate(made.rates):
        faults = list(_row_faults(row, f"rates[{number}]"))
        yield from faults
        if not faults:
            first, rate = seen.setdefault(row[:3], (number, row[3]))
            if rate != row[3]:
                yield Fault(f"rates[{number}]", f"must not differ from rates[{first}], which says {rate}", row)


def _row_faults(row: object, name: str) -> Iterator[Fault]:
    if not isinstance(row, tuple) or len(row) != 4:
        yield Fault(name, "must be (day, source currency, target currency, rate)", row)
        return
    on, source, target, rate = row
    if not isinstance(on, date) or isinstance(on, datetime):
        yield Fault(f"{name}.day", "must be a date without a time of day", on)
    for field_name, code in (("source", source), ("target", target)):
        if not _known(code):
            yield Fault(f"{name}.{field_name}", _CURRENCY, code)
    if source == target:
        yield Fault(f"{name}.target", "must be another currency than the source", target)
    if not isinstance(rate, Decimal) or not rate.is_finite() or rate <= 0:
        yield Fault(f"{name}.rate", "must be a finite Decimal above 0; write Decimal('1.0842')", rate)
