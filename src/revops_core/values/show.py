"""How a value is written for a person, in text and HTML tables; formatting never changes the value itself."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import MAX_EMAX, MIN_EMIN, ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction

from revops_core.values.currencies import MINOR_UNITS
from revops_core.values.money import Money

__all__ = ["show"]

_CONTEXT = Context(prec=40, rounding=ROUND_HALF_EVEN, Emax=MAX_EMAX, Emin=MIN_EMIN)
_WIDEST = 34  # digits before the point; a longer number is written with its power of ten


def _number(value: Decimal | Fraction, places: int) -> str:
    if isinstance(value, Fraction):
        value = _CONTEXT.divide(Decimal(value.numerator), Decimal(value.denominator))
    if value.adjusted() >= _WIDEST:
        return f"{_CONTEXT.plus(value):.{places}E}"
    return f"{_CONTEXT.quantize(value, Decimal(1).scaleb(-places)):,f}"


def _duration(span: timedelta) -> str:
    """The two largest units of a duration that say something."""
    seconds = round(span.total_seconds())
    sign, seconds = "-" if seconds < 0 else "", abs(seconds)
    if seconds < 60:
        return f"{sign}{seconds} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{sign}{minutes} min"
    if minutes < 48 * 60:
        return f"{sign}{minutes // 60} h {minutes % 60:02} min"
    return f"{sign}{seconds / 86_400:,.1f} d"


def show(value: object, unit: str = "") -> str:
    """`value` as a person reads it: grouped digits, percent for a fraction, days or hours for a duration.

    Args:
        value: anything a measurement or a cell of a table holds; None is shown as nothing.
        unit: "fraction" shows any number as a percentage; "ratio" shows a fraction as a plain number.

    >>> from decimal import Decimal
    >>> show(Money("10005534", "USD")), show(Fraction(2, 3)), show(timedelta(hours=30)), show(1234567)
    ('10,005,534.00 USD', '66.7 %', '30 h 00 min', '1,234,567')
    """
    if value is None:
        return ""
    if isinstance(value, Money):
        return f"{_number(value.amount, MINOR_UNITS[value.currency])} {value.currency}"
    if (isinstance(value, Fraction) and unit != "ratio") or (unit == "fraction" and isinstance(value, int | Decimal)):
        return f"{_number(_CONTEXT.multiply(value, 100) if isinstance(value, Decimal) else Fraction(value) * 100, 1)} %"
    if isinstance(value, Fraction | Decimal):
        return _number(value, 2)
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.2f}"
    if isinstance(value, timedelta):
        return _duration(value)
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="minutes")
    return str(value)
