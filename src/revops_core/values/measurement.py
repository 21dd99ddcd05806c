"""Measurement: a number with everything one needs to trust it; Undefined: why there is no number."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import Any

from attrs import field, frozen

from revops_core.errors import Fault, InvalidValueError, UndefinedValueError
from revops_core.values.checks import Count, Currency, Id, as_tuple, checked
from revops_core.values.confidence import ConfidenceInterval, wilson_interval
from revops_core.values.frozen_map import EMPTY, frozen_map
from revops_core.values.interval import Interval
from revops_core.values.money import Money
from revops_core.values.period import Period
from revops_core.values.show import show

__all__ = ["REASONS", "Measurement", "Undefined"]

REASONS: Mapping[str, str] = MappingProxyType({
    "zero_denominator": "there is nothing to divide by",
    "censored": "it is too early to know",
    "negative_base": "the base of the comparison is negative",
    "target_met": "the target is already met",
    "infinite": "it grows without bound",
    "no_losses": "nothing was lost",
    "no_amount": "the records have no amounts",
    "too_few": "there are too few records",
    "not_asked": "nobody was asked",
})  # fmt: skip
"""Every reason for which a number can be undefined, with the sentence for it."""


@frozen
class Undefined:
    """The honest answer where there is no number: not zero, not infinity, but the reason.

    Args:
        reason: one of `REASONS`.

    >>> print(Undefined("zero_denominator"))
    undefined: there is nothing to divide by
    """

    reason: str

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.reason, str) or self.reason not in REASONS:
            raise InvalidValueError("Undefined", [Fault("reason", f"must be one of {', '.join(REASONS)}", self.reason)])

    def __str__(self) -> str:
        return f"undefined: {REASONS[self.reason]}"


@checked()
@frozen(kw_only=True, repr=False)
class Measurement:
    """One KPI as it was measured: the value, what it is made of, and what to mind.

    Args:
        name: the KPI's name, which tells the reading, e.g. "win_rate_of_created".
        value: `Fraction` for rates, int for counts, `Money`, timedelta, else Decimal; or `Undefined`.
        unit: "fraction" for a share of a whole, "ratio" for any other quotient, "count", "money", "days", …
        numerator, denominator: what was divided, where the KPI is a ratio.
        n: how many records the value rests on.
        currency: ISO 4217 code, where money is involved.
        period: what it was measured over.
        as_of: the moment it was looked at from.
        partial: whether the period was still running then; None where `as_of` is not known.
        warnings: what to mind: "small_sample" (fewer than 30 records), "missing_values: 2 of 9" (that many have no
            value), "undated: 3 of 12" (that many more have no date, and fall in no period).
        segment: the group it was measured for, by name.
        interval: the confidence interval, where the definition gives one that is not of a share.

    >>> rate = Measurement(name="win_rate", value=Fraction(2, 3), unit="fraction", numerator=4, denominator=6, n=6)
    >>> float(rate), str(rate)
    (0.6666666666666666, 'win_rate 66.7 % (4 of 6)')
    """

    name: Id
    value: Fraction | int | Decimal | Money | timedelta | Undefined
    unit: str
    numerator: Fraction | int | Decimal | Money | timedelta | None = None
    denominator: Fraction | int | Decimal | Money | timedelta | None = None
    n: Count = 0
    currency: Currency | None = None
    period: Interval | Period | None = None
    as_of: datetime | None = None
    partial: bool | None = None
    warnings: tuple[str, ...] = field(default=(), converter=as_tuple)
    segment: Mapping[str, object] = field(default=EMPTY, converter=frozen_map)
    interval: ConfidenceInterval | None = None
    traced: tuple[tuple[Any, ...], tuple[Any, ...]] | None = field(default=None, eq=False, repr=False)

    @property
    def is_defined(self) -> bool:
        """Whether there is a number."""
        return not isinstance(self.value, Undefined)

    def __float__(self) -> float:
        """The value as a float, for plotting: a fraction, a count, major units of money, days of a duration.

        Raises:
            UndefinedValueError: there is no number.
        """
        value = self.value
        if isinstance(value, Undefined):
            raise UndefinedValueError(self.name, value.reason)
        if isinstance(value, Money):
            return float(value.amount)
        return value / timedelta(days=1) if isinstance(value, timedelta) else float(value)

    def ci(self, level: float = 0.95) -> ConfidenceInterval | None:
        """The confidence interval at `level`: Wilson's for a share of a whole, else the one that was measured.

        None where the value is undefined or the definition has no interval, or none at this level.
        """
        if not self.is_defined:
            return None
        if self.unit == "fraction" and isinstance(self.numerator, int) and isinstance(self.denominator, int):
            return wilson_interval(self.numerator, self.denominator, level)
        return self.interval if self.interval is not None and self.interval.level == level else None

    def records(self, part: str = "numerator") -> tuple[Any, ...]:
        """The records behind the number, where it was measured with `trace=True`.

        Args:
            part: "numerator" or "denominator".

        Raises:
            InvalidValueError: it was not traced, or `part` is neither.
        """
        if part not in ("numerator", "denominator"):
            fault = Fault("part", "must be 'numerator' or 'denominator'", part)
            raise InvalidValueError("Measurement.records", [fault])
        if self.traced is None:
            fault = Fault("traced", "must be known: measure with trace=True", None)
            raise InvalidValueError("Measurement.records", [fault])
        return self.traced[part == "denominator"]

    def __str__(self) -> str:
        made_of = f" ({show(self.numerator)} of {show(self.denominator)})" if self.denominator is not None else ""
        flags = ", ".join([*self.warnings, *(["partial"] if self.partial else [])])
        return f"{self.name} {show(self.value, self.unit)}{made_of}{f' [{flags}]' if flags else ''}"
