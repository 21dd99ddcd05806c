"""Forecast: recurring revenue ahead, from contracts, renewals at a stated rate and the open pipeline."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from math import isqrt
from typing import Annotated, Any

from attrs import frozen

from revops_core.entities.opportunity import Opportunity, OpportunityKind, Outcome
from revops_core.errors import CurrencyMismatchError, Fault, InvalidValueError
from revops_core.kpis.recurring_amounts import ATOMS, as_money
from revops_core.kpis.revenue_ledger import RevenueLedger
from revops_core.kpis.revenue_segments import FOREVER, currency_of, last_begun, last_day, segments, successors
from revops_core.values.checks import Between, require
from revops_core.values.confidence import Level, normal_quantile
from revops_core.values.money import Money
from revops_core.values.period import Period
from revops_core.values.show import show
from revops_core.values.table import Table

__all__ = ["ForecastPeriod", "RevenueForecast", "forecast_revenue"]

_Share = Annotated[Decimal, Between(Decimal(0), Decimal(1))] | Annotated[Fraction, Between(0, 1)]


@frozen
class ForecastPeriod:
    """The annual recurring revenue expected at the end of one period.

    Args:
        contracted: what contracts in force will pay then, and renewals that are signed.
        renewed: what contracts that end before are expected to pay on.
        pipeline: what open opportunities are expected to add.
        expected: the three together, between `low` and `high` at the forecast's level.
    """

    period: Period
    contracted: Money
    renewed: Money
    pipeline: Money
    expected: Money
    low: Money
    high: Money


@frozen(kw_only=True)
class RevenueForecast:
    """Recurring revenue ahead, period by period, with what it takes for granted; `forecast_revenue` makes one.

    >>> RevenueForecast(periods=(), level=0.95, assumptions=("nobody leaves",)).assumptions
    ('nobody leaves',)
    """

    periods: tuple[ForecastPeriod, ...]
    level: float
    assumptions: tuple[str, ...]

    def table(self) -> Table:
        """One column for each period, a line for each part."""
        names = ("contracted", "renewed", "pipeline", "expected", "low", "high")
        rows = [[name, *(getattr(each, name) for each in self.periods)] for name in names]
        columns = ["at the end of", *(each.period.label for each in self.periods)]
        return Table(columns, rows, title="Annual recurring revenue ahead")


def forecast_revenue(
    ledger: RevenueLedger,
    periods: Iterable[Period],
    *,
    renewal_rate: Decimal | Fraction,
    opportunities: Iterable[Opportunity] = (),
    level: float = 0.95,
) -> RevenueForecast:
    """The annual recurring revenue expected at the end of each of several periods, in one currency.

    A contract counts in full until its end, then with the renewal rate for each term it would have begun since; an
    open opportunity with its probability from its close date on. Each renews or closes apart from the others, whole or
    not at all, so the variance is the sum of amount² × p × (1 - p), and the interval that of a normal distribution.

    Args:
        ledger: built with the `as_of` to forecast from.
        periods: ahead.
        renewal_rate: the share of contracts that renew, such as the value of `renewal_rate` over last year.
        opportunities: open ones; their amounts are annual recurring revenue, renewals are left out, as contracts tell.
        level: of the interval.

    Raises:
        CurrencyMismatchError: amounts in another currency than the ledger's.
        InvalidValueError: the ledger has no `as_of`.

    >>> from datetime import UTC
    >>> ledger = RevenueLedger.of([], currency="EUR", as_of=datetime(2026, 3, 1, tzinfo=UTC))
    >>> forecast_revenue(ledger, [Period.month(2026, 4)], renewal_rate=Decimal("0.9")).periods[0].expected
    Money('0.00', 'EUR')
    """
    held = tuple(periods)
    rules = {"periods": (held, tuple[Period, ...]), "renewal_rate": (renewal_rate, _Share), "level": (level, Level)}
    require("forecast_revenue", **rules)
    if ledger.as_of is None:
        rule = "must be built with as_of, to forecast from"
        raise InvalidValueError("forecast_revenue", [Fault("ledger", rule, ledger)])
    chances = list(_renewing(ledger, ledger.as_of, Fraction(renewal_rate)))
    open_ones, left_out = _pipeline(opportunities, ledger.currency)
    found = []
    for period in held:
        last = period.end_on.toordinal() - 1
        sure = sum(atoms for since, until, atoms, _, _ in chances if since <= last < until)
        ended = [chance for chance in chances if chance[1] <= last and chance[3]]
        odds = [(atoms, rate ** ((last - until) // term + 1)) for _, until, atoms, rate, term in ended]
        hoped = [(atoms, chance) for day, atoms, chance in open_ones if day <= last]
        renewed, pipeline = (sum(atoms * p for atoms, p in part) for part in (odds, hoped))
        variance = sum(atoms * atoms * p * (1 - p) for atoms, p in (*odds, *hoped))
        margin = Fraction(normal_quantile((1 + level) / 2)) * isqrt(int(variance))
        expected = sure + renewed + pipeline
        most = sure + sum(atoms for atoms, _ in (*odds, *hoped))
        low, high = max(expected - margin, Fraction(sure)), min(expected + margin, Fraction(most))
        amounts = (as_money(n, ledger.currency) for n in (sure, renewed, pipeline, expected, low, high))
        found.append(ForecastPeriod(period, *amounts))
    assumptions = (
        f"contracts known on {ledger.as_of:%Y-%m-%d} run to their end at their prices",
        f"a contract renews with a probability of {show(Fraction(renewal_rate))}, at its last price, for the same term",
        f"{len(open_ones)} open opportunities come in with their probability on their close date, as annual revenue",
        f"{left_out} open opportunities without amount, probability or close date are left out",
        "renewals and opportunities are independent of each other; nobody comes who is not in the pipeline",
    )
    return RevenueForecast(periods=tuple(found), level=level, assumptions=assumptions)


def _renewing(ledger: RevenueLedger, as_of: datetime, rate: Fraction) -> Iterator[tuple[int, int, int, Fraction, int]]:
    """Each segment: first day, day after the last, atoms, the rate at which it goes on, the days of its term."""
    policy, horizon = ledger.policy, last_begun(as_of, ledger.policy.tz)
    follows = successors(ledger.subscriptions, policy, ledger.merged)
    for each in ledger.subscriptions:
        end = last_day(each, policy, horizon, follows.get(each.id))
        start: date = each.starts_on  # type: ignore[assignment]
        goes_on = each.cancelled is None and each.id not in follows and horizon < end < FOREVER
        for piece in segments(each, 0, end, policy):
            if currency_of(piece) != ledger.currency:
                raise CurrencyMismatchError(ledger.currency, currency_of(piece))
            again = rate if goes_on and piece[1] == end else Fraction(0)
            yield piece[0], piece[1], piece[2], again, max(end - start.toordinal(), 1)


def _pipeline(opportunities: Iterable[Opportunity], currency: str) -> tuple[list[tuple[int, int, Fraction]], int]:
    """Each open opportunity that can be counted: its close day, atoms and chance; and how many cannot."""
    pending = [each for each in opportunities if each.outcome == Outcome.OPEN and each.kind != OpportunityKind.RENEWAL]
    known: list[Any] = [each for each in pending if None not in (each.amount, each.probability, each.close_date)]
    found = []
    for each in known:
        if each.amount.currency != currency:
            raise CurrencyMismatchError(currency, each.amount.currency)
        atoms = round(Fraction(each.amount.amount) * ATOMS)
        found.append((each.close_date.toordinal(), atoms, Fraction(each.probability)))
    return found, len(pending) - len(known)
