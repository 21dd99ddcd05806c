"""RevenueLedger: recurring revenue as one list of movements, from which every retention number is read.

A ledger is built once from contract periods and never expanded to months: revenue changes only where a segment of a
contract starts or ends. What those changes come to for a customer on a day is a movement. For every period that is
read, start + movements + FX = end is checked against the segments themselves. Amounts are those of a year (ARR), exact
inside; those of a month (MRR) are the twelfth part, divided last.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from fractions import Fraction
from itertools import chain
from typing import Any

from attrs import evolve, field, frozen

from revops_core.entities.facts import Merged
from revops_core.entities.subscription import Subscription
from revops_core.errors import (
    ContractProblemsError,
    CurrencyMismatchError,
    Fault,
    InvalidValueError,
    LedgerImbalanceError,
)
from revops_core.kpis.charges import TRAILING, Charge, charged, known_charges, unknown_charges
from revops_core.kpis.contract_check import problems_of
from revops_core.kpis.recurring_amounts import as_money, term_months
from revops_core.kpis.revenue_movements import MOVEMENTS, Bridge, Movement, RevenueChange
from revops_core.kpis.revenue_pieces import RevenuePieces, customer_of, known, merged_into, plain_pieces, tolerated
from revops_core.kpis.revenue_policy import RevenuePolicy
from revops_core.kpis.revenue_segments import FOREVER, last_begun
from revops_core.kpis.revenue_steps import (
    CELL,
    CHURN,
    CONTRACTION,
    EXPANSION,
    NEW,
    Step,
    again,
    netted,
    parts,
    steps,
    summed,
    swept,
)
from revops_core.values.checks import Currency, require
from revops_core.values.exchange_rates import ExchangeRates
from revops_core.values.frozen_map import EMPTY, FrozenMap
from revops_core.values.money import Money
from revops_core.values.period import Period
from revops_core.values.problem import Problem

__all__ = ["RevenueLedger"]

_DEFAULT = RevenuePolicy()
_AMOUNTS = ("start", "end", "new", "expansion", "contraction", "churn", "reactivation", "fx", "retained", "capped",
            "upsell", "cross_sell", "price")  # fmt: skip


@frozen(kw_only=True, repr=False)
class RevenueLedger:
    """All recurring revenue of a set of contracts under one policy; build it with `RevenueLedger.of(contracts)`.

    Args:
        policy: what counts and how it is called.
        currency: in which all amounts are told.
        as_of: the moment it was built for; nothing after it has happened yet. None: everything known has.
        subscriptions: the contracts that count.
        problems: what was wrong with them and was accepted by the policy.
        rates: how other currencies are told in `currency`; None where there is only one.
        merged: by account that went into another, the one it lives on in.
        pieces: what the contracts were read into; horizon: the last day that has happened, as an ordinal.

    >>> from revops_core.entities import LineItem
    >>> def contract(id, account, first, last, price):
    ...     line = LineItem(product_id="p1", unit_price=Money(price, "EUR"), billing_interval="month")
    ...     return Subscription(id=id, account_id=account, starts_on=first, ends_on=last, items=[line])
    >>> ledger = RevenueLedger.of([
    ...     contract("s1", "a1", date(2025, 1, 1), date(2026, 1, 1), 100),
    ...     contract("s2", "a1", date(2026, 1, 1), date(2027, 1, 1), 150),
    ...     contract("s3", "a2", date(2025, 6, 1), date(2026, 6, 1), 50)])
    >>> year = ledger.bridge(Period.year(2026))
    >>> year.start.amount, year.expansion.amount, year.churn.amount, year.end.amount
    (Decimal('1800.00'), Decimal('600.00'), Decimal('600.00'), Decimal('1800.00'))
    >>> [(str(movement.on), movement.kind, movement.subscription_ids) for movement in ledger.movements(year.period)]
    [('2026-01-01', 'expansion', ('s1', 's2')), ('2026-06-01', 'churn', ('s3',))]
    """

    policy: RevenuePolicy
    currency: str
    as_of: datetime | None
    subscriptions: tuple[Subscription, ...]
    problems: tuple[Problem, ...]
    rates: ExchangeRates | None
    merged: Mapping[str, str] = field(hash=False)
    pieces: RevenuePieces = field(hash=False)
    horizon: int

    @classmethod
    def of(
        cls,
        subscriptions: Iterable[Subscription],
        *,
        policy: RevenuePolicy = _DEFAULT,
        as_of: datetime | None = None,
        known_by: datetime | None = None,
        merges: Iterable[Merged] = (),
        charges: Iterable[Charge] = (),
        currency: str | None = None,
        rates: ExchangeRates | None = None,
    ) -> RevenueLedger:
        """Read contracts into a ledger.

        Args:
            subscriptions: contract periods in any order. Where several have one id and differ in `recorded_at`, they
                are versions of one, and the last recorded counts.
            policy: what counts and how it is called.
            as_of: the moment to look from; what starts or ends after it has not happened.
            known_by: leave out contracts and merges that were recorded after this moment.
            merges: accounts that turned out to be one are one from their first day on; other records are not read.
            charges: what was billed for use, and what was given back; counted as `policy.usage` and `refunds` say.
            currency: in which to tell amounts; needed, with `rates`, where contracts are in several.
            rates: a flow counts at the rate of its day, a stock at that of the last day of the period. With rates of
                one early day only, everything is told in constant currency.

        Raises:
            ContractProblemsError: with every `Problem` that the policy does not accept.
            CurrencyMismatchError: several currencies and no rates.
            MissingRateError: a rate is missing; raised when a period is read.
        """
        require("RevenueLedger.of", as_of=(as_of, datetime | None), known_by=(known_by, datetime | None))
        require("RevenueLedger.of", policy=(policy, RevenuePolicy), currency=(currency, Currency | None))
        held = known(subscriptions, known_by)
        horizon = FOREVER - 1 if as_of is None else last_begun(as_of, policy.tz)
        last, plain = date.fromordinal(horizon), plain_pieces(held, horizon)
        doubtful = [each for each, piece in zip(held, plain, strict=True) if piece is None]
        billed = known_charges(charges, known_by)
        problems = (*problems_of(held, doubtful, last), *unknown_charges(billed, held if billed else ()))
        refused = [problem for problem in problems if problem.code not in policy.accept]
        if refused:
            raise ContractProblemsError(refused)
        if problems or billed or policy.usage in TRAILING:
            held = charged(tolerated(held, horizon), billed, policy, last)
            plain = plain_pieces(held, horizon)
        merged = merged_into(merges, known_by)
        pieces = RevenuePieces.of(held, plain, policy, horizon, merged)
        told_in = currency or next(iter(pieces.by_day), "USD")
        foreign = [code for code in pieces.by_day if code != told_in]
        if foreign and rates is None:
            raise CurrencyMismatchError(told_in, foreign[0])
        return cls(
            policy=policy,
            currency=told_in,
            as_of=as_of,
            subscriptions=tuple(held),
            problems=problems,
            rates=rates if foreign else None,
            merged=merged,
            pieces=pieces,
            horizon=horizon,
        )

    def only(self, currency: str) -> RevenueLedger:
        """The ledger of the contracts in one currency, told in it; a bridge in it needs no rates.

        >>> RevenueLedger.of([]).only("JPY").currency
        'JPY'
        """
        held, horizon = self.subscriptions, self.horizon
        pieces = RevenuePieces.of(held, plain_pieces(held, horizon), self.policy, horizon, self.merged, only=currency)
        return evolve(self, currency=currency, rates=None, pieces=pieces)

    def __repr__(self) -> str:
        return f"RevenueLedger({len(self.subscriptions)} contracts, {self.currency})"

    def revenue_at(self, day: date) -> Money:
        """The annual recurring revenue (ARR) in force on a day, at the rate of that day."""
        require("RevenueLedger.revenue_at", day=(day, date))
        return as_money(self._stock(day.toordinal() + 1), self.currency)

    def customers_at(self, day: date) -> tuple[str, ...]:
        """Who is a customer on a day, sorted."""
        require("RevenueLedger.customers_at", day=(day, date))
        last = day.toordinal()
        return tuple(key for key, found in self._each() if sum(step[4] for step in found if step[0] <= last) > 0)

    def _stock(self, before: int) -> int | Fraction:
        """The revenue at the end of the day before the day `before`, read from the segments."""
        total: int | Fraction = 0
        for code, (days, sums) in self.pieces.by_day.items():
            place = bisect_left(days, before) - 1
            if place >= 0:
                total += self._valued(sums[place], code, before - 1)
        return total

    def _valued(self, atoms: int, code: str, day: int) -> int | Fraction:
        """So many atoms of a currency in that of the ledger, at the rate of a day, or of the last one that has been."""
        if self.rates is None or code == self.currency or not atoms:
            return atoms
        return atoms * self.rates.rate(code, self.currency, on=date.fromordinal(min(day, self.horizon)))

    def _each(self) -> Iterator[tuple[str, list[Step]]]:
        """The steps of each customer who has any by now, by key."""
        returning, tolerance = again(self.policy), self.policy.gap_tolerance_days
        value_of = None if self.rates is None else self._valued
        for key, pieces in sorted(self.pieces.by_key.items()):
            held = steps(pieces, self.horizon, returning, tolerance, value_of)
            if held:
                yield key, held

    def movements(self, period: Period | None = None) -> tuple[Movement, ...]:
        """Every movement of a period, or of all time, by day and customer, as it happened: never netted."""
        first, last = (0, FOREVER) if period is None else (period.start_on.toordinal(), period.end_on.toordinal())
        found = [self._movement(key, step) for key, held in self._each() for step in held if first <= step[0] < last]
        found.sort(key=lambda movement: movement.on)
        return tuple(found)

    def _movement(self, key: str, step: Step) -> Movement:
        day, kind, value, _, logos = step
        before, after = self.pieces.on_day(key, day)
        stay = {segment[4] for segment in after}
        moved = {each[4] for each in (*before, *after) if day in each[:2]}
        reasons = sorted(self.subscriptions[number].churn_reason or "" for number in moved - stay)
        return Movement(
            on=date.fromordinal(day),
            kind=MOVEMENTS[kind],
            account_id=self._account(key),
            key=key,
            amount=as_money(value, self.currency),
            logo_change=logos,
            subscription_ids=tuple(sorted({self.subscriptions[number].id for number in moved})),
            parts=FrozenMap({tag: as_money(atoms, self.currency) for tag, atoms in self._parts(key, step).items()}),
            reason=(reasons[-1] or None) if kind in (CHURN, CONTRACTION) and reasons else None,
        )

    def _parts(self, key: str, step: Step) -> dict[str, int | Fraction]:
        """What an expansion or a contraction is made of; nothing for other steps."""
        day, kind, _, _, logos = step
        found: dict[str, int | Fraction] = defaultdict(int)
        if kind in (EXPANSION, CONTRACTION) and not logos:
            for tag, atoms, code in parts(*self.pieces.on_day(key, day)):
                found[tag] += self._valued(atoms, code, day)
        return {tag: atoms for tag, atoms in found.items() if atoms}

    def changes(self, *periods: Period, channels: Mapping[str, str | None] = EMPTY) -> tuple[RevenueChange, ...]:
        """The row of each customer in each period: who was one at its start or moved in it. Retention KPIs fold them.

        Args:
            periods: any, in any order.
            channels: by account, where it came from, for the cost of a customer by channel.

        >>> RevenueLedger.of([]).changes(Period.month(2026, 3))
        ()
        """
        require("RevenueLedger.changes", periods=(periods, tuple[Period, ...]))
        everybody = tuple(self._each())
        return tuple(self._change(row, period, channels) for period in periods for row in self._rows(period, everybody))

    def _change(self, row: dict[str, Any], period: Period, channels: Mapping[str, str | None]) -> RevenueChange:
        last = min(period.end_on.toordinal() - 1, max(self.horizon, period.start_on.toordinal()))
        amounts: dict[str, Any] = {name: as_money(row[name], self.currency) for name in _AMOUNTS}
        told: dict[str, Any] = {"on": date.fromordinal(last), "channel": channels.get(row["account_id"])}
        return RevenueChange(**{**row, **amounts, **told})

    def _rows(self, period: Period, everybody: Iterable[tuple[str, list[Step]]]) -> Iterator[dict[str, Any]]:
        """The fields of each `RevenueChange`, amounts in atoms."""
        last = min(period.end_on.toordinal(), self.horizon + 1)
        first = min(period.start_on.toordinal(), last)
        months = term_months(period.start_on, period.end_on)
        for key, held in everybody:
            inside = [step for step in held if first <= step[0] < last]
            logos = sum(step[4] for step in held if step[0] < first)
            start = self._balance(key, first)
            if not (inside or logos or start):
                continue
            end, was = self._balance(key, last), logos > 0
            tagged: dict[str, int | Fraction] = defaultdict(int)
            for tag, atoms in (pair for step in inside for pair in self._parts(key, step).items()):
                tagged[tag] += atoms
            more = tagged["upsell"] + tagged["seats"]
            churns = [step for step in inside if step[1] == CHURN]
            stays = logos + sum(step[4] for step in inside) > 0
            if self.policy.intra_period == "net" and inside:
                ever = any(step[4] for step in held if step[0] < first)
                inside = list(netted(inside, was, again(self.policy) if ever else NEW))
            sums = [sum(step[2] for step in inside if step[1] == kind) for kind in range(len(MOVEMENTS))]
            yield {
                "key": key,
                "account_id": self._account(key),
                "month_count": int(months) if months == int(months) else None,
                "day_count": (period.end_on - period.start_on).days,
                "start": start,
                "end": end,
                **dict(zip(MOVEMENTS, sums, strict=True)),
                "contraction": -sums[CONTRACTION],
                "churn": -sums[CHURN],
                "fx": end - start - sum(sums),
                "retained": end if was else 0,
                "capped": min(start, end) if was else 0,
                "upsell": more,
                "cross_sell": tagged["cross_sell"],
                "price": tagged["price"],
                "was_customer": was,
                "is_customer": stays,
                "came": sum(step[4] > 0 and step[1] == NEW for step in inside),
                "returned": sum(step[4] > 0 and step[1] != NEW for step in inside),
                "left": sum(step[4] < 0 for step in inside),
                "has_expanded": any(step[1] == EXPANSION and not step[4] for step in inside),
                "has_upsell": more > 0,
                "has_cross_sell": tagged["cross_sell"] > 0,
                "reason": self._movement(key, churns[-1]).reason if churns else None,
            }

    def _account(self, key: str) -> str:
        number = self.pieces.segment(self.pieces.by_key[key][0])[4]
        return customer_of(self.subscriptions[number], self.merged)

    def _balance(self, key: str, before: int) -> int | Fraction:
        return sum(self._valued(atoms, code, before - 1) for code, atoms in self.pieces.balances(key, before).items())

    def histories(self, periods: Sequence[Period]) -> Iterator[tuple[date, Money, tuple[Money | None, ...]]]:
        """For each customer: the day it came, its annual revenue on that day, and at the end of each period.

        At the end of a period it is None for who is no customer then.
        """
        for key, held in self._each():
            came = next(step for step in held if step[4] > 0)
            stocks: list[Money | None] = []
            for period in periods:
                last = min(period.end_on.toordinal(), self.horizon + 1)
                is_customer = sum(step[4] for step in held if step[0] < last) > 0
                stocks.append(as_money(self._balance(key, last), self.currency) if is_customer else None)
            yield date.fromordinal(came[0]), as_money(self._balance(key, came[0] + 1), self.currency), tuple(stocks)

    def bridge(self, period: Period) -> Bridge:
        """How the revenue came from the start of a period to its end.

        Raises:
            LedgerImbalanceError: the movements do not add up, which is a fault of this library.
        """
        return self.bridges([period])[0]

    def bridges(self, periods: Iterable[Period]) -> tuple[Bridge, ...]:
        """The bridge of each of many periods, in one pass over the ledger.

        Args:
            periods: in order and apart, such as `Period.year(2026).months()`; gaps between them are allowed.

        Raises:
            InvalidValueError: two periods overlap or are out of order.
            LedgerImbalanceError: the movements do not add up, which is a fault of this library.
        """
        held = tuple(periods)
        require("RevenueLedger.bridges", periods=(held, tuple[Period, ...]))
        edges = [day.toordinal() for period in held for day in (period.start_on, period.end_on)]
        if edges != sorted(edges):
            raise InvalidValueError("RevenueLedger.bridges", [Fault("periods", "must be in order and apart", held)])
        if self.rates is None:
            days = chain.from_iterable(days for days, _ in self.pieces.by_day.values())
            cells = swept(self.pieces.by_key.values(), days, edges, self.policy, self.horizon)
        else:
            everybody = tuple(self._each())
            cells = [summed(self._rows(period, everybody)) for period in held]
        return tuple(self._bridge(period, cell) for period, cell in zip(held, cells, strict=True))

    def _bridge(self, period: Period, cell: Sequence[Any]) -> Bridge:
        """A cell as a bridge, its stocks read from the segments, and checked against them."""
        last = min(period.end_on.toordinal(), self.horizon + 1)
        start, end = self._stock(min(period.start_on.toordinal(), last)), self._stock(last)
        found = dict(zip(CELL, cell, strict=True))
        moved = sum(cell[:6])
        if start + moved != end:
            raise LedgerImbalanceError(period.label, *(str(as_money(n, self.currency)) for n in (start, moved, end)))
        atoms = {name: found.pop(name) for name in CELL[:8]} | {"start": start, "end": end}
        for name in ("contraction", "churn"):
            atoms[name] = -atoms[name]
        for name in ("retained", "capped"):
            atoms[name] += start
        amounts: Any = {name: as_money(amount, self.currency) for name, amount in atoms.items()}
        return Bridge(
            period=period,
            currency=self.currency,
            end_count=cell[8] + cell[9] + cell[10] - cell[11],
            policy=self.policy,
            partial=period.is_partial(self.as_of),
            **amounts,
            **found,
        )
