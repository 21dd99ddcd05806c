"""Money: an exact amount in one currency."""

from __future__ import annotations

import decimal
from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, Context, Decimal, Inexact, InvalidOperation
from fractions import Fraction
from typing import Annotated, Any, Literal, NoReturn

from attrs import field, frozen

from revops_core.errors import CurrencyMismatchError, Fault, InexactAmountError, InvalidValueError, UndefinedValueError
from revops_core.values.checks import AtLeast, Between, Currency, as_tuple, require
from revops_core.values.currencies import MINOR_UNITS

__all__ = ["Money"]

_DIGITS = 34
_WIDEST = 1000  # amounts beyond 1E+1000 would take gigabytes to write
_FAILURES = [InvalidOperation, decimal.DivisionByZero, decimal.Overflow, decimal.Underflow, decimal.Clamped]
# Contexts of our own, so that a caller's context never changes a sum: one that refuses to round, one that divides.
_EXACT = Context(prec=_DIGITS, traps=[*_FAILURES, Inexact])
_DIVIDE = Context(prec=_DIGITS, rounding=ROUND_HALF_EVEN, traps=_FAILURES)

_Places = Annotated[int, Between(-_WIDEST, _WIDEST)]
_Weight = Annotated[int, AtLeast(0)] | Annotated[Decimal, AtLeast(0)]
_Rounding = Literal[
    "ROUND_CEILING", "ROUND_FLOOR", "ROUND_UP", "ROUND_DOWN",
    "ROUND_HALF_UP", "ROUND_HALF_DOWN", "ROUND_HALF_EVEN", "ROUND_05UP",
]  # fmt: skip


def _decimal(amount: Decimal | int | str) -> Decimal:
    """`amount` as a Decimal where that is exact; anything else is returned for the check to refuse."""
    if isinstance(amount, Decimal):
        return amount
    if (isinstance(amount, int) and not isinstance(amount, bool)) or isinstance(amount, str):
        try:
            return Decimal(amount)
        except InvalidOperation:
            pass
    return amount  # type: ignore[return-value]


@frozen(repr=False)
class Money:
    """An exact amount in one currency; equal by value, never changed in place.

    Nothing is rounded unless you call `rounded` or divide; a sum or product that needs more than 34 digits is refused,
    whatever the caller's decimal context. Floats are refused: 0.1 has no exact float. Currencies never mix.

    Args:
        amount: Decimal, int or numeric str, in major units (dollars, not cents).
        currency: ISO 4217 code, e.g. "USD".

    Raises:
        InvalidValueError: a float, a number that is not finite, or an unknown code.

    >>> Money("19.90", "EUR") + Money(5, "EUR")
    Money('24.90', 'EUR')
    """

    amount: Decimal = field(converter=_decimal)
    currency: str

    def __attrs_post_init__(self) -> None:
        amount, currency = self.amount, self.currency
        is_sound = isinstance(amount, Decimal) and amount.is_finite() and -_WIDEST < amount.adjusted() < _WIDEST
        if not (is_sound and isinstance(currency, str) and currency in MINOR_UNITS):
            _refuse(amount, currency)
        if currency.__class__ is not str:  # a member of a StrEnum: kept as the text that it is
            _store_currency(self, str.__str__(currency))

    @classmethod
    def total(cls, monies: Iterable[Money], currency: str) -> Money:
        """The sum of `monies`, all of them in `currency`; zero of it where there are none.

        Raises:
            CurrencyMismatchError: an amount is in another currency.

        >>> Money.total([], "EUR")
        Money('0', 'EUR')
        """
        result = cls(0, currency)
        require("Money.total", monies=(monies, Iterable))
        for number, money in enumerate(monies):
            if not isinstance(money, Money):
                raise InvalidValueError("Money.total", [Fault(f"monies[{number}]", "must be a Money", money)])
            result = result + money
        return result

    @classmethod
    def from_minor(cls, units: int, currency: str) -> Money:
        """The amount of `units` of the minor unit: cents for EUR, yen for JPY.

        >>> Money.from_minor(1990, "EUR")
        Money('19.90', 'EUR')
        """
        require("Money.from_minor", units=(units, int), currency=(currency, Currency))
        return cls(_scaled(Decimal(units), -MINOR_UNITS[currency]), currency)

    def to_minor(self) -> int:
        """This amount in minor units.

        Raises:
            InexactAmountError: it has a part smaller than the minor unit; call `rounded()` first.

        >>> Money("19.90", "EUR").to_minor()
        1990
        """
        units = _scaled(self.amount, MINOR_UNITS[self.currency])
        if units != int(units):
            raise InexactAmountError("count minor units", MINOR_UNITS[self.currency])
        return int(units)

    def rounded(self, places: int | None = None, rounding: str = ROUND_HALF_EVEN) -> Money:
        """This amount with `places` decimals; those of the currency's minor unit where not given.

        Args:
            places: decimals to keep; 0 rounds to whole units, -3 to thousands.
            rounding: a rounding name of the `decimal` module, half-even where not given.

        >>> Money("2.345", "EUR").rounded()
        Money('2.34', 'EUR')
        """
        require("Money.rounded", places=(places, _Places | None), rounding=(rounding, _Rounding))
        decimals = MINOR_UNITS[self.currency] if places is None else places
        context = Context(prec=max(_DIGITS, self.amount.adjusted() + decimals + 2), traps=_FAILURES)
        return _made(self.amount.quantize(_scaled(Decimal(1), -decimals), rounding, context), self.currency)

    def allocate(self, weights: Iterable[int | Decimal]) -> tuple[Money, ...]:
        """Split this amount by `weights` into whole minor units that sum exactly to it.

        The units left over go to the largest remainders, the first of equals; a part smaller than the minor unit stays
        with the first share.

        Raises:
            InvalidValueError: no weights, a negative one, or none above zero.

        >>> Money(100, "EUR").allocate([1, 1, 1])
        (Money('33.34', 'EUR'), Money('33.33', 'EUR'), Money('33.33', 'EUR'))
        """
        weights = as_tuple(weights)
        require("Money.allocate", weights=(weights, tuple[_Weight, ...]))
        total = sum(map(Fraction, weights), Fraction(0))
        if not total:
            rule = "must be weights of at least 0, one of them above it"
            raise InvalidValueError("Money.allocate", [Fault("weights", rule, weights)])
        units = int(_scaled(self.amount, MINOR_UNITS[self.currency]))
        exact = [units * Fraction(weight) / total for weight in weights]
        shares = [int(share // 1) for share in exact]
        by_remainder = sorted(range(len(shares)), key=lambda n: (shares[n] - exact[n], n))
        for index in by_remainder[: units - sum(shares)]:
            shares[index] += 1
        parts = [Money.from_minor(share, self.currency) for share in shares]
        parts[0] = parts[0] + (self - Money.from_minor(units, self.currency))
        return tuple(parts)

    def __add__(self, other: Money) -> Money:
        if not isinstance(other, Money):
            return NotImplemented
        if self.currency != other.currency:
            raise CurrencyMismatchError(self.currency, other.currency)
        try:
            return _made(_EXACT.add(self.amount, other.amount), self.currency)
        except Inexact:
            raise InexactAmountError("add", _DIGITS) from None

    def __sub__(self, other: Money) -> Money:
        if not isinstance(other, Money):
            return NotImplemented
        return self + -other

    def __neg__(self) -> Money:
        return _made(self.amount.copy_negate() if self.amount else self.amount, self.currency)

    def __abs__(self) -> Money:
        return _made(self.amount.copy_abs(), self.currency)

    def __mul__(self, factor: Decimal | int) -> Money:
        number = _factor(factor)
        if number is None:
            return NotImplemented
        try:
            return _made(_EXACT.multiply(self.amount, number), self.currency)
        except Inexact:
            raise InexactAmountError("multiply", _DIGITS) from None

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Any:
        """Money by money is a `Fraction`; money by a number is money, carried to 34 digits; by zero it is undefined."""
        if isinstance(other, Money):
            if self.currency != other.currency:
                raise CurrencyMismatchError(self.currency, other.currency)
            if not other.amount:
                raise UndefinedValueError("money / money", "zero_denominator")
            return Fraction(self.amount) / Fraction(other.amount)
        number = _factor(other)
        if number is None:
            return NotImplemented
        if not number:
            raise UndefinedValueError("money / 0", "zero_denominator")
        return _made(_DIVIDE.divide(self.amount, number), self.currency)

    def __lt__(self, other: Money) -> bool:
        return self._compared(other) < 0

    def __le__(self, other: Money) -> bool:
        return self._compared(other) <= 0

    def __gt__(self, other: Money) -> bool:
        return self._compared(other) > 0

    def __ge__(self, other: Money) -> bool:
        return self._compared(other) >= 0

    def _compared(self, other: Money) -> int:
        if not isinstance(other, Money):
            raise InvalidValueError("Money", [Fault("other", "must be a Money to be compared with one", other)])
        if self.currency != other.currency:
            raise CurrencyMismatchError(self.currency, other.currency)
        return int(self.amount > other.amount) - int(self.amount < other.amount)

    def __str__(self) -> str:
        return f"{self.amount:f} {self.currency}"

    def __repr__(self) -> str:
        return f"Money({format(self.amount, 'f')!r}, {self.currency!r})"


_new = object.__new__
_store_amount: Any = Money.amount.__set__  # type: ignore[attr-defined]
_store_currency: Any = Money.currency.__set__  # type: ignore[attr-defined]


def _made(amount: Decimal, currency: str) -> Money:
    """A Money from parts that were checked before; halves the cost of a sum."""
    money = _new(Money)
    _store_amount(money, amount)
    _store_currency(money, currency)
    return money


def _scaled(number: Decimal, places: int) -> Decimal:
    """`number` with its point moved `places` to the right: exact, however many digits it has."""
    sign, digits, exponent = number.as_tuple()
    return Decimal((sign, digits, int(exponent) + places))


def _factor(factor: object) -> Decimal | None:
    """`factor` as a Decimal; None where it is no number; a float is refused by name."""
    if isinstance(factor, Decimal):
        if factor.is_finite():
            return factor
    elif isinstance(factor, int) and not isinstance(factor, bool):
        return Decimal(factor)
    elif not isinstance(factor, float):
        return None
    rule = "must be a finite Decimal or an int; write Decimal('0.1'), as 0.1 has no exact float"
    raise InvalidValueError("Money", [Fault("factor", rule, factor)])


def _refuse(amount: object, currency: object) -> NoReturn:
    faults = []
    if not (isinstance(amount, Decimal) and amount.is_finite()):
        rule = "must be a finite Decimal, an int or a numeric str"
        if isinstance(amount, float):
            rule += "; write it as text, as 0.1 has no exact float"
        faults.append(Fault("amount", rule, amount))
    elif not -_WIDEST < amount.adjusted() < _WIDEST:
        faults.append(Fault("amount", f"must be between 1E-{_WIDEST} and 1E+{_WIDEST}", amount))
    if not (isinstance(currency, str) and currency in MINOR_UNITS):
        faults.append(Fault("currency", "must be an ISO 4217 code such as 'EUR'", currency))
    raise InvalidValueError("Money", faults)
