"""What a line is worth: any billing interval as a year's or a month's amount; and anniversaries of a term.

A year is 12 months, 4 quarters, 52 weeks or 365 days: a weekly price makes 52/12 of it a month, not 4.

Amounts are kept as whole atoms, 10^-12 of a currency unit, for a year: exact for every interval of which a year has a
finite decimal number. A price for three years, or digits beyond the twelfth, are rounded half to even once, when the
line is read; from then on every sum is exact (docs/decisions/0030-revenue-in-atoms.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import Annotated, Any

from revops_core.entities.line_item import LineItem
from revops_core.errors import Fault, InvalidValueError
from revops_core.values.checks import AtLeast, require
from revops_core.values.currencies import MINOR_UNITS
from revops_core.values.money import Money
from revops_core.values.months import months_after

__all__ = [
    "ATOMS", "PER_YEAR", "anniversaries", "annual_amount", "annual_atoms", "as_money", "monthly_amount", "term_months",
]  # fmt: skip

ATOMS = 10**12
"""How many atoms a currency unit has."""

PER_YEAR: Mapping[str, int] = MappingProxyType(
    {"day": 365, "week": 52, "month": 12, "quarter": 4, "half_year": 2, "year": 1}
)
"""How many of each `BillingInterval` a year has."""

_ONE, _NOTHING = Decimal(1), Decimal(0)
_Months = Annotated[int, AtLeast(1)]
_WIDE = Context(prec=60, rounding=ROUND_HALF_EVEN)


def as_money(atoms: int | Fraction, currency: str) -> Money:
    """So many atoms as money, with no more decimals than they need beyond the currency's own.

    >>> as_money(12 * ATOMS, "EUR")
    Money('12.00', 'EUR')
    """
    whole = round(atoms)
    digits = MINOR_UNITS[currency]
    units, rest = divmod(whole, 10 ** (12 - digits))
    if not rest:
        return Money(Decimal(units).scaleb(-digits, _WIDE), currency)
    return Money(Decimal(whole).scaleb(-12, _WIDE).normalize(_WIDE), currency)


def annual_atoms(line: LineItem, *, discounted: bool = True) -> int:
    """What a recurring line comes to in a year, in atoms; `line` has a price and a known interval."""
    price: Any = line.unit_price
    numerator, denominator = price.amount.as_integer_ratio()
    quantity, discount = line.quantity, line.discount
    if quantity != _ONE:
        more, parts = quantity.as_integer_ratio()
        numerator, denominator = numerator * more, denominator * parts
    if discounted and discount != _NOTHING:
        off, parts = discount.as_integer_ratio()
        numerator, denominator = numerator * (parts - off), denominator * parts
    numerator *= ATOMS * PER_YEAR[line.billing_interval or ""]
    atoms, rest = divmod(numerator, denominator * line.interval_count)
    return atoms if not rest else round(Fraction(numerator, denominator * line.interval_count))


def annual_amount(line: LineItem) -> Money | None:
    """What a line comes to in a year, with its discount; zero where it is charged once, None without a price.

    Raises:
        InvalidValueError: a billing interval that is none of `PER_YEAR`.

    >>> annual_amount(LineItem(unit_price=Money(30, "EUR"), quantity=2, billing_interval="week"))
    Money('3120.00', 'EUR')
    """
    interval = line.billing_interval
    if interval is not None and interval not in PER_YEAR:
        rule = f"must be one of {', '.join(PER_YEAR)}, or None"
        raise InvalidValueError("LineItem", [Fault("billing_interval", rule, interval)])
    if line.unit_price is None:
        return None
    return as_money(0 if interval is None else annual_atoms(line), line.unit_price.currency)


def monthly_amount(line: LineItem) -> Money | None:
    """What a line comes to in a month: the twelfth part of `annual_amount`, to 34 digits.

    >>> monthly_amount(LineItem(unit_price=Money(30, "EUR"), billing_interval="week"))
    Money('130.00', 'EUR')
    """
    annual = annual_amount(line)
    return None if annual is None else annual / 12


def anniversaries(start_on: date, until_on: date, *, months: int = 12) -> tuple[date, ...]:
    """The days up to `until_on` on which a term of `months` ends and the next begins, each counted from the start.

    After 31 January come 28 February and 31 March; after 29 February 2028 three times the 28th, and the 29th in 2032.

    >>> [str(day) for day in anniversaries(date(2026, 1, 31), date(2026, 3, 31), months=1)]
    ['2026-02-28', '2026-03-31']
    """
    require("anniversaries", start_on=(start_on, date), until_on=(until_on, date), months=(months, _Months))
    count = int(term_months(start_on, until_on)) // months
    return tuple(months_after(start_on, months * number) for number in range(1, count + 1))


def term_months(start_on: date, end_on: date) -> Fraction:
    """How many months lie between two days: whole ones counted from the first, and the share of the next.

    >>> term_months(date(2026, 1, 31), date(2026, 2, 28)), term_months(date(2026, 1, 1), date(2026, 1, 16))
    (Fraction(1, 1), Fraction(15, 31))
    """
    require("term_months", start_on=(start_on, date), end_on=(end_on, date))
    whole = (end_on.year - start_on.year) * 12 + end_on.month - start_on.month
    while months_after(start_on, whole) > end_on:
        whole -= 1
    since, until = months_after(start_on, whole), months_after(start_on, whole + 1)
    return whole + Fraction((end_on - since).days, (until - since).days)
