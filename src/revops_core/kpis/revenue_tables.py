"""Tables of recurring revenue for a terminal and a notebook, whose cents add up."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from revops_core.errors import Fault, InvalidValueError
from revops_core.kpis.revenue_movements import Bridge
from revops_core.values.currencies import MINOR_UNITS
from revops_core.values.money import Money
from revops_core.values.table import Table

__all__ = ["bridge_table"]

_LINES = {"new": 1, "expansion": 1, "reactivation": 1, "contraction": -1, "churn": -1, "fx": 1}


def bridge_table(bridges: Iterable[Bridge], *, per: str = "year") -> Table:
    """Bridges side by side, what was lost as negative amounts, in whole minor units that add up in each column.

    Start and end are rounded half to even; what the rounding leaves goes to the lines with the largest remainders. An
    end is the next start where the periods follow one another.

    Args:
        bridges: of one ledger.
        per: "year" for ARR, "month" for MRR.

    >>> from revops_core.kpis.revenue_ledger import RevenueLedger
    >>> from revops_core.values.period import Period
    >>> print(bridge_table(RevenueLedger.of([], currency="EUR").bridges([Period.month(2026, 3)])))
    Annual recurring revenue
    EUR           2026-03
    ------------  -------
    start            0.00
    new              0.00
    expansion        0.00
    reactivation     0.00
    contraction      0.00
    churn            0.00
    fx               0.00
    end              0.00
    customers           0
    """
    if per not in {"year", "month"}:
        raise InvalidValueError("bridge_table", [Fault("per", "must be 'year' or 'month'", per)])
    held = tuple(bridges)
    columns = [_column(bridge, 12 if per == "month" else 1) for bridge in held]
    names = ("start", *_LINES, "end")
    rows: list[list[object]] = [[name, *(column[name].amount for column in columns)] for name in names]
    rows.append(["customers", *(bridge.end_count for bridge in held)])
    title = "Annual recurring revenue" if per == "year" else "Monthly recurring revenue"
    currency = held[0].currency if held else "line"
    return Table([currency, *(bridge.period.label for bridge in held)], rows, title=title)


def _column(bridge: Bridge, by: int) -> dict[str, Money]:
    """The lines of a bridge in whole minor units that add up."""
    scale = 10 ** MINOR_UNITS[bridge.currency]
    exact = {name: Fraction(getattr(bridge, name).amount) * sign * scale / by for name, sign in _LINES.items()}
    start, end = (round(Fraction(amount.amount) * scale / by) for amount in (bridge.start, bridge.end))
    whole = {name: amount.__floor__() for name, amount in exact.items()}
    short = end - start - sum(whole.values())
    # Lines without a movement stay zero; what start and end were rounded by may be one unit more than the rest holds.
    moving = sorted((n for n in exact if exact[n]), key=lambda n: whole[n] - exact[n])
    for place in range(abs(short)):
        whole[moving[place % len(moving)]] += 1 if short > 0 else -1
    return {
        name: Money.from_minor(units, bridge.currency) for name, units in {"start": start, **whole, "end": end}.items()
    }
