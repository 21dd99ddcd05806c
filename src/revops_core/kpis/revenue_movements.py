"""What a revenue ledger tells: a movement of one customer, a customer's change over a period, the bridge of all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from attrs import field, frozen

from revops_core.errors import Fault, InvalidValueError
from revops_core.kpis.revenue_policy import RevenuePolicy
from revops_core.values.currencies import MINOR_UNITS
from revops_core.values.frozen_map import EMPTY, frozen_map
from revops_core.values.money import Money
from revops_core.values.period import Period
from revops_core.values.table import Table

__all__ = ["MOVEMENTS", "Bridge", "Movement", "RevenueChange", "bridge_table"]

MOVEMENTS = ("new", "expansion", "contraction", "churn", "reactivation")
"""The kinds of movement of recurring revenue."""


@frozen(kw_only=True)
class Movement:
    """One change of one customer's recurring revenue on one day, with the contracts that caused it.

    Args:
        on: the day.
        kind: one of `MOVEMENTS`.
        account_id: the customer.
        key: who gained or lost: the customer, or the subscription or item of another grain.
        amount: the change of annual revenue: negative for contraction and churn.
        logo_change: 1 where a customer came, -1 where one left, else 0.
        subscription_ids: the contracts that started, changed or ended on the day.
        parts: what an expansion or contraction is made of, by tag; it sums to the amount. "upsell": another product in
            the place of one; "cross_sell": an item came or went; "seats": the quantity, and use; "price": the price or
            discount; "pause"; "refund".
        reason: why it was not continued, where the contract tells.

    >>> Movement(on=date(2026, 3, 1), kind="new", account_id="a1", key="a1", amount=Money(1200, "EUR"), logo_change=1,
    ...          subscription_ids=("s1",)).parts
    FrozenMap({})
    """

    on: date
    kind: str
    account_id: str
    key: str
    amount: Money
    logo_change: int
    subscription_ids: tuple[str, ...]
    parts: Mapping[str, Money] = field(default=EMPTY, converter=frozen_map)
    reason: str | None = None


@frozen(kw_only=True)
class RevenueChange:
    """One customer over one period: the row that retention KPIs fold; `RevenueLedger.changes` gives them.

    All amounts are of a year; what was lost is a positive number, and
    `start + new + expansion + reactivation - contraction - churn + fx == end`.

    Args:
        key: the customer, or the subscription or item of another grain.
        on: the last day of the period that has been, by which the row is dated.
        month_count: how many months the period has; None where it is no whole number; day_count: how many days.
        channel: where the customer came from, where that was told.
        retained: the revenue at the end of one who was a customer at the start; else zero.
        capped: the same, but no more than at the start.
        upsell, cross_sell, price: what expansions and contractions were made of, signed; seats are upsells.
        was_customer, is_customer: at the start and at the end.
        came, returned, left: how often in between.
        has_expanded: whether an existing customer paid more; has_upsell, has_cross_sell: for more of it, or for more.
        reason: of the last churn in the period, where the contract tells.

    >>> from revops_core.kpis.revenue_ledger import RevenueLedger
    >>> sum(row.came for row in RevenueLedger.of([]).changes(Period.month(2026, 3)))
    0
    """

    key: str
    account_id: str
    on: date
    month_count: int | None
    day_count: int
    start: Money
    end: Money
    new: Money
    expansion: Money
    contraction: Money
    churn: Money
    reactivation: Money
    fx: Money
    retained: Money
    capped: Money
    upsell: Money
    cross_sell: Money
    price: Money
    was_customer: bool
    is_customer: bool
    came: int
    returned: int
    left: int
    has_expanded: bool
    has_upsell: bool
    has_cross_sell: bool
    channel: str | None = None
    reason: str | None = None


@frozen(kw_only=True)
class Bridge:
    """How annual recurring revenue came from the start of a period to its end: the sum of all its `RevenueChange`s.

    All amounts are of a year; what was lost is a positive number, and
    `start + new + expansion + reactivation - contraction - churn + fx == end`. The same holds for the customers.

    Args:
        period: the days; stocks are read just before its first day and just before the day after its last.
        fx: what the same revenue gained because rates changed; zero in one currency.
        retained: the revenue at the end of those who were customers at the start.
        capped: the same, where each counts for no more than at the start.
        start_count, end_count: customers; new_count, churned_count, reactivated_count: who came, left and returned.
        expanded_count: customers at the start who had an expansion.
        lost_count: customers at the start who are none at the end.
        policy: what counted, and how it is called.
        partial: whether the period was still running at the ledger's `as_of`; None where that is not known.

    >>> from revops_core.kpis.revenue_ledger import RevenueLedger
    >>> RevenueLedger.of([], currency="EUR").bridge(Period.month(2026, 3)).net_new
    Money('0.00', 'EUR')
    """

    period: Period
    currency: str
    start: Money
    new: Money
    expansion: Money
    reactivation: Money
    contraction: Money
    churn: Money
    fx: Money
    end: Money
    retained: Money
    capped: Money
    start_count: int
    new_count: int
    reactivated_count: int
    churned_count: int
    end_count: int
    expanded_count: int
    lost_count: int
    policy: RevenuePolicy
    partial: bool | None = None

    @property
    def net_new(self) -> Money:
        """What all movements come to, without the change of rates."""
        return self.new + self.expansion + self.reactivation - self.contraction - self.churn

    @property
    def on(self) -> date:
        """The last day of the period."""
        return self.period.end_on - timedelta(days=1)

    @property
    def churned_share(self) -> Decimal | None:
        """Customers who left, of those at the start, to 12 digits; None where there were none."""
        return _share(self.churned_count, self.start_count)

    @property
    def retained_share(self) -> Decimal | None:
        """What the customers at the start pay at the end, of what they paid, to 12 digits; None where that was zero."""
        return _share(Fraction(self.retained.amount), Fraction(self.start.amount))


def _share(part: Fraction | int, whole: Fraction | int) -> Decimal | None:
    return Decimal(round(Fraction(part) / whole * 10**12)).scaleb(-12) if whole else None


_LINES = {"new": 1, "expansion": 1, "reactivation": 1, "contraction": -1, "churn": -1, "fx": 1}


def bridge_table(bridges: Iterable[Bridge], *, per: str = "year") -> Table:
    """Bridges side by side, what was lost as negative amounts, in whole minor units that add up in each column.

    Start and end are rounded half to even; what the rounding leaves goes to the lines with the largest remainders. An
    end is the next start where the periods follow one another. The last rows tell the policy: each choice that is not
    the default.

    Args:
        bridges: in one currency and under one policy.
        per: "year" for ARR, "month" for MRR.

    Raises:
        InvalidValueError: bridges in two currencies or under two policies, or an unknown `per`.

    >>> from revops_core.kpis.revenue_ledger import RevenueLedger
    >>> print(bridge_table(RevenueLedger.of([], currency="EUR").bridges([Period.month(2026, 3)])))
    Annual recurring revenue
    EUR              2026-03
    ---------------  -------
    start               0.00
    new                 0.00
    expansion           0.00
    reactivation        0.00
    contraction         0.00
    churn               0.00
    fx                  0.00
    end                 0.00
    customers              0
    policy: default
    """
    if per not in {"year", "month"}:
        raise InvalidValueError("bridge_table", [Fault("per", "must be 'year' or 'month'", per)])
    held = tuple(bridges)
    if len({(bridge.currency, bridge.policy) for bridge in held}) > 1:
        rule = "must be in one currency and under one policy, as their amounts are compared"
        raise InvalidValueError("bridge_table", [Fault("bridges", rule, [b.currency for b in held])])
    columns = [_column(bridge, 12 if per == "month" else 1) for bridge in held]
    names = ("start", *_LINES, "end")
    rows: list[list[object]] = [[name, *(_shown(column[name]) for column in columns)] for name in names]
    rows.append(["customers", *(bridge.end_count for bridge in held)])
    choices = held[0].policy.chosen() or ("default",) if held else ()
    rows.extend([f"policy: {choice}", *[None] * len(held)] for choice in choices)
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
    whole |= {"start": start, "end": end}
    return {name: Money.from_minor(units, bridge.currency) for name, units in whole.items()}


def _shown(amount: Money) -> Decimal | int:
    """An amount without its currency; a whole number where that has no minor unit."""
    return amount.amount if MINOR_UNITS[amount.currency] else int(amount.amount)
