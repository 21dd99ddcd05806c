"""Commitments: what is signed beside what is live, for committed recurring revenue (CARR)."""

from __future__ import annotations

from datetime import datetime

from attrs import frozen

from revops_core.errors import CurrencyMismatchError
from revops_core.kpis.recurring_amounts import as_money
from revops_core.kpis.revenue_ledger import RevenueLedger
from revops_core.kpis.revenue_segments import FOREVER, Segment, civil_day, currency_of, last_begun, last_day, segments
from revops_core.values.checks import require
from revops_core.values.money import Money

__all__ = ["Commitment", "commitments"]


@frozen(kw_only=True)
class Commitment:
    """One contract as it stands at a moment; amounts are of a year.

    Args:
        live: what is in force.
        signed: what is agreed and has not started; where it renews a live contract, what it adds to that.
        known_churn: what is live and for which notice was given.

    >>> euros = [Money(amount, "EUR") for amount in (1200, 300, 0)]
    >>> Commitment(subscription_id="s1", account_id="a1", live=euros[0], signed=euros[1], known_churn=euros[2]).signed
    Money('300', 'EUR')
    """

    subscription_id: str
    account_id: str | None
    live: Money
    signed: Money
    known_churn: Money


def commitments(ledger: RevenueLedger, as_of: datetime) -> tuple[Commitment, ...]:
    """Every contract of a ledger that is live or signed at a moment, for the KPI `carr`.

    A row has `subscription_id`, `account_id`, and as amounts of a year `live`, `signed` and `known_churn`.

    Raises:
        CurrencyMismatchError: contracts in several currencies; ask `ledger.only(currency)`.

    >>> from datetime import UTC
    >>> commitments(RevenueLedger.of([]), datetime(2026, 3, 1, tzinfo=UTC))
    ()
    """
    require("commitments", as_of=(as_of, datetime))
    policy, currency = ledger.policy, ledger.currency
    day = last_begun(as_of, policy.tz)
    by_id = {each.id: each for each in ledger.subscriptions}

    def worth(pieces: list[Segment], on: int) -> int:
        foreign = [currency_of(piece) for piece in pieces if currency_of(piece) != currency]
        if foreign:
            raise CurrencyMismatchError(currency, foreign[0])
        return sum(piece[2] for piece in pieces if piece[0] <= on < piece[1])

    found = []
    for each in ledger.subscriptions:
        pieces = segments(each, 0, last_day(each, policy, day), policy)
        live = worth(pieces, day)
        signed = 0
        start = min((piece[0] for piece in pieces), default=FOREVER)
        if day < start < FOREVER and (each.signed_on is None or each.signed_on.toordinal() <= day):
            before = by_id.get(each.renews_id or "")
            held = [] if before is None else segments(before, 0, last_day(before, policy, day), policy)
            signed = worth(pieces, start) - worth(held, day)
        gone = each.cancelled is not None and civil_day(each.cancelled, policy.tz) <= day
        if live or signed:
            found.append(
                Commitment(
                    subscription_id=each.id,
                    account_id=each.account_id,
                    live=as_money(live, currency),
                    signed=as_money(signed, currency),
                    known_churn=as_money(live if gone else 0, currency),
                )
            )
    return tuple(found)
