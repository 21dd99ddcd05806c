"""Change: two measurements of one KPI beside each other: by how much they differ, and by which share."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, cast

from attrs import frozen

from revops_core.errors import Fault, InvalidValueError, UnlikeMeasurementsError
from revops_core.kpis.formula import Value, divided, subtracted
from revops_core.values.checks import require
from revops_core.values.measurement import Measurement, Undefined
from revops_core.values.show import show

__all__ = ["Change", "compare"]


@frozen(kw_only=True)
class Change:
    """What became of a number.

    Args:
        before, after: the two measurements.
        difference: after less before, in the unit of the KPI; `Undefined` where one of them is.
        relative: the difference over what it was before; `Undefined` where that is zero or negative.

    >>> from revops_core.kpis.sales import deals_won
    >>> compare(deals_won.of(8), deals_won.of(10)).difference
    2
    """

    before: Measurement
    after: Measurement
    difference: Value
    relative: Fraction | Undefined

    def __str__(self) -> str:
        before, after = (show(found.value, found.unit) for found in (self.before, self.after))
        sides = f"{self.before.name} {before} to {after}"
        return sides if isinstance(self.relative, Undefined) else f"{sides} ({show(self.relative, 'fraction')})"


def compare(
    before: Measurement, after: Measurement, *, allow_partial: bool = False, allow_unlike: bool = False
) -> Change:
    """By how much one measurement differs from another: of the same KPI, both over whole periods or both not.

    Args:
        before: the base.
        after: what is compared with it: another period, another segment, another plan.
        allow_partial: compare a period that still runs with one that is over all the same.
        allow_unlike: compare KPIs of other names or units all the same.

    Raises:
        UnlikeMeasurementsError: they are of two KPIs, or of two currencies, or only one of them is over.
        InvalidValueError: unlike ones whose values cannot be subtracted, such as a time from money.

    >>> from revops_core.kpis.sales import deals_won, win_rate
    >>> change = compare(win_rate.of(5, 10), win_rate.of(6, 10))
    >>> change.difference, change.relative
    (Fraction(1, 10), Fraction(1, 5))
    >>> print(change)
    win_rate 50.0 % to 60.0 % (20.0 %)
    >>> compare(deals_won.of(0), deals_won.of(3)).relative
    Undefined(reason='zero_denominator')
    """
    require("compare", before=(before, Measurement), after=(after, Measurement))
    unlike = (
        [] if allow_unlike else [name for name in ("name", "unit") if getattr(before, name) != getattr(after, name)]
    )
    if before.currency and after.currency and before.currency != after.currency:
        unlike.append("currency")
    if not allow_partial and bool(before.partial) != bool(after.partial):
        unlike.append("partial")
    if unlike:
        raise UnlikeMeasurementsError(before, after, unlike)
    undefined = next((each.value for each in (before, after) if isinstance(each.value, Undefined)), None)
    if undefined is not None:
        return Change(before=before, after=after, difference=undefined, relative=undefined)
    try:
        difference: Any = subtracted(after.value, before.value)
    except TypeError:
        rule = f"must be of the kind of {before.name}, to be subtracted"
        raise InvalidValueError("compare", [Fault("after", rule, after.value)]) from None
    relative = cast("Fraction | Undefined", divided(difference, before.value))
    return Change(before=before, after=after, difference=difference, relative=relative)
