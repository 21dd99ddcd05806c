"""Lifetime value that is more than a quotient: discounted, or along a survival curve, each with a cap in months."""

from __future__ import annotations

from datetime import timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Annotated

from revops_core.values.checks import AtLeast, Between, require
from revops_core.values.distribution import KaplanMeier
from revops_core.values.measurement import Measurement, Undefined
from revops_core.values.money import Money

__all__ = ["cltv_from_survival", "discounted_cltv", "percent"]

_Margin = Annotated[Decimal, Between(Decimal(0), Decimal(1))]
_Months = Annotated[int, AtLeast(1)]
_Rate = Annotated[Decimal, AtLeast(Decimal(0))]
_DIGITS = Context(prec=40, rounding=ROUND_HALF_EVEN)
_MICROSECOND = timedelta(microseconds=1)


def percent(share: Decimal) -> str:
    """A share as part of a name: 0.725 is 72_5."""
    return f"{share * 100:f}".rstrip("0").rstrip(".").replace(".", "_") if share else "0"


def discounted_cltv(
    monthly: Money, *, monthly_churn_rate: Decimal, gross_margin: Decimal, annual_discount_rate: Decimal, months: int
) -> Measurement:
    """What a customer brings over at most so many months, each counted for what it is worth today.

    Formula: the sum over m = 0 … months - 1 of monthly × margin × (1 - churn)^m / (1 + discount)^(m / 12)

    Returns:
        Money to 12 places; defined for any churn, also zero, as the months are capped.

    >>> discounted_cltv(Money(100, "EUR"), monthly_churn_rate=Decimal("0.02"), gross_margin=Decimal("0.8"),
    ...                 annual_discount_rate=Decimal("0.1"), months=60).value.rounded()
    Money('2350.01', 'EUR')
    """
    require("discounted_cltv", monthly=(monthly, Money), months=(months, _Months))
    require("discounted_cltv", monthly_churn_rate=(monthly_churn_rate, _Margin), gross_margin=(gross_margin, _Margin))
    require("discounted_cltv", annual_discount_rate=(annual_discount_rate, _Rate))
    month = _DIGITS.power(1 + annual_discount_rate, _DIGITS.divide(Decimal(1), Decimal(12)))
    factor, worth, now = _DIGITS.divide(1 - monthly_churn_rate, month), Decimal(0), Decimal(1)
    for _ in range(months):
        worth, now = _DIGITS.add(worth, now), _DIGITS.multiply(now, factor)
    amount = _DIGITS.multiply(_DIGITS.multiply(monthly.amount, gross_margin), worth)
    name = f"cltv_discounted_{percent(annual_discount_rate)}_capped_{months}m"
    return _worth(name, _DIGITS.quantize(amount, Decimal("1e-12")), monthly.currency)


def cltv_from_survival(curve: KaplanMeier, monthly: Money, *, gross_margin: Decimal, months: int) -> Measurement:
    """What a customer brings over at most so many months, as long as customers of the curve have stayed.

    Formula: monthly × gross margin × the restricted mean of the curve in months of 365.25 / 12 days

    Args:
        curve: of durations as timedeltas, such as `customer_survival` gives.
        monthly: what a customer pays in a month.
        gross_margin: a share from 0 to 1.
        months: the cap.

    Returns:
        Money to 12 places; `Undefined("censored")` where nobody has been seen for so long.

    >>> nobody_left = KaplanMeier.of([(timedelta(days=800), False)])
    >>> cltv_from_survival(nobody_left, Money(100, "EUR"), gross_margin=Decimal("0.8"), months=24).value
    Money('1920', 'EUR')
    """
    require("cltv_from_survival", monthly=(monthly, Money), months=(months, _Months))
    require("cltv_from_survival", gross_margin=(gross_margin, _Margin))
    length = timedelta(days=365.25 / 12 * months)
    lived: timedelta | None = curve.restricted_mean(length)
    name = f"cltv_kaplan_meier_capped_{months}m"
    if lived is None:
        return _worth(name, None, monthly.currency)
    lasted = _DIGITS.divide(Decimal(lived // _MICROSECOND * months), Decimal(length // _MICROSECOND))
    amount = _DIGITS.multiply(_DIGITS.multiply(monthly.amount, gross_margin), lasted)
    return _worth(name, _DIGITS.quantize(amount, Decimal("1e-12")), monthly.currency)


def _worth(name: str, amount: Decimal | None, currency: str) -> Measurement:
    value = Undefined("censored") if amount is None else Money(amount.normalize(_DIGITS), currency)
    return Measurement(name=name, value=value, unit="money", currency=currency)
