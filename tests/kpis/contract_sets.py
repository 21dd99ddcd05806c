"""Random sets of contracts for the laws of recurring revenue."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import strategies as st

from revops_core.entities import LineItem, Pause, Subscription
from revops_core.kpis.revenue_policy import CONTRACT_PROBLEMS, RevenuePolicy
from revops_core.values.money import Money

FIRST = date(2024, 1, 15)
DAYS = 330
EVERYTHING = tuple(CONTRACT_PROBLEMS)


def day(low=0, high=DAYS, since=FIRST):
    return st.integers(low, high).map(lambda n: since + timedelta(days=n))


@st.composite
def lines(draw, first, last, currency):
    span = (last - first).days if last else DAYS
    starts, ends = sorted((draw(st.integers(0, span)), draw(st.integers(0, span))))
    own = draw(st.sampled_from([False, False, True]))
    discount = draw(st.sampled_from(["0", "0", "0", "0.1", "0.25", "1"]))
    return LineItem(
        id=draw(st.sampled_from([None, "i1", "i2"])),
        product_id=draw(st.sampled_from([None, "p1", "p2"])),
        quantity=draw(st.integers(1, 4)),
        unit_price=Money(draw(st.integers(0, 40)), currency),
        billing_interval=draw(st.sampled_from(["month", "year", "week", "quarter", "half_year", "day", None])),
        interval_count=draw(st.sampled_from([1, 1, 2])),
        discount=Decimal(discount),
        discount_ends_on=draw(st.none() | day()) if discount != "0" else None,
        is_metered=draw(st.sampled_from([False, False, False, True])),
        starts_on=first + timedelta(days=starts) if own else None,
        ends_on=first + timedelta(days=ends) if own else None,
    )


@st.composite
def plain_contract(draw, *, number, accounts, first, currency, earlier):
    """One that has a single line and nothing out of the way, as most have."""
    line = LineItem(
        product_id=draw(st.sampled_from([None, "p1", "p2"])),
        quantity=draw(st.sampled_from([1, 1, 3])),
        unit_price=Money(draw(st.sampled_from([10, 10, 20, 25])), currency),
        billing_interval=draw(st.sampled_from(["month", "month", "year"])),
        interval_count=draw(st.sampled_from([1, 1, 1, 2])),
    )
    return Subscription(
        id=number,
        account_id=draw(st.sampled_from(accounts)),
        starts_on=first,
        ends_on=draw(day(1, 200, first)),
        renews_id=draw(st.sampled_from([None, None, *(each.id for each in earlier)])),
        cancelled_on=draw(st.none() | st.none() | day(0, 90, first)),
        items=[line],
    )


@st.composite
def contracts(draw, currencies=("EUR",), accounts=("a1", "a2", "a3"), max_size=6, prefix="s"):
    found = []
    for number in range(draw(st.integers(0, max_size))):
        first = draw(day(0, DAYS - 60))
        currency = draw(st.sampled_from(currencies))
        if draw(st.booleans()):
            found.append(
                draw(
                    plain_contract(
                        number=f"{prefix}{number}", accounts=accounts, first=first, currency=currency, earlier=found
                    )
                )
            )
            continue
        last = draw(st.none() | day(0, 200, first))
        pauses = ()
        if draw(st.integers(0, 3)) == 0:
            begin = draw(day())
            pauses = [
                Pause(
                    starts_on=begin,
                    ends_on=draw(st.none() | day(0, 60, begin)),
                )
            ]
        found.append(
            Subscription(
                id=f"{prefix}{number}",
                account_id=draw(st.sampled_from(accounts)),
                starts_on=first,
                ends_on=last,
                renews_id=draw(st.sampled_from([None, None, *(each.id for each in found)])),
                trial_ends_on=draw(st.none() | day(0, 40, first)),
                cancelled_on=draw(st.none() | day(0, 90, first)),
                unpaid_since_on=draw(st.none() | day(0, 90, first)),
                churn_reason=draw(st.sampled_from([None, "price", "failed"])),
                items=[draw(lines(first, last, currency)) for _ in range(draw(st.integers(0, 2)))],
                pauses=pauses,
            )
        )
    return found


@st.composite
def policies(draw, **fixed):
    chosen = {
        "churn_day": draw(st.sampled_from(["term_end", "cancelled", "first_unpaid"])),
        "reactivation": draw(st.sampled_from(["own_bucket", "as_new", "as_expansion"])),
        "grace_days": draw(st.sampled_from([0, 0, 15])),
        "gap_tolerance_days": draw(st.sampled_from([0, 0, 20])),
        "intra_period": draw(st.sampled_from(["both", "net"])),
        "trials": draw(st.sampled_from(["exclude", "include"])),
        "usage": draw(st.sampled_from(["exclude", "committed_minimum"])),
        "discounts": draw(st.sampled_from(["lasting_only", "all", "none"])),
        "pauses": draw(st.sampled_from(["zero", "keep"])),
        **fixed,
    }
    return RevenuePolicy(accept=EVERYTHING, **chosen)
