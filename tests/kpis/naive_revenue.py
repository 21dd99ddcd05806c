"""Recurring revenue day by day and month by month, as one would do it by hand: slow, plain, and written apart."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from fractions import Fraction

PER_YEAR = {"day": 365, "week": 52, "month": 12, "quarter": 4, "half_year": 2, "year": 1}
DAY = timedelta(days=1)


def year_of(line, discounted=True):
    amount = Fraction(line.unit_price.amount) * Fraction(line.quantity)
    if discounted:
        amount *= 1 - Fraction(line.discount)
    return amount * PER_YEAR[line.billing_interval] / line.interval_count


def goes_on_with(contract, policy, contracts, merged):
    """The first day of the contract that goes on with an item of one that nobody renews, within the days of grace."""
    if contract.ends_on is None or any(other.renews_id == contract.id for other in contracts):
        return []
    owner = lambda each: merged.get(each.account_id, each.account_id)  # noqa: E731
    items = lambda each: {line.id or line.product_id for line in each.items} - {None}  # noqa: E731
    until = contract.ends_on + timedelta(days=policy.grace_days)
    return [
        other.starts_on
        for other in contracts
        if other is not contract and other.renews_id is None and owner(other) == owner(contract)
        if contract.ends_on <= other.starts_on <= until and items(other) & items(contract)
    ]


def runs_until(contract, policy, contracts, merged):
    """The day after the last on which a contract counts."""
    end = contract.ends_on or date.max
    if contract.cancelled_on and (policy.churn_day == "cancelled" or contract.ends_on is None):
        end = min(end, max(contract.starts_on, contract.cancelled_on))
    if contract.unpaid_since_on and policy.churn_day == "first_unpaid":
        end = min(end, max(contract.starts_on, contract.unpaid_since_on))
    if end != date.max:
        end += timedelta(days=policy.grace_days)
    renewals = [other.starts_on for other in contracts if other.renews_id == contract.id]
    if policy.grace_days:
        renewals += goes_on_with(contract, policy, contracts, merged)
    return min([end, *(max(contract.starts_on, day) for day in renewals)])


def months_back(day, count):
    """The first day of the month so many months before that of `day`."""
    month = day.year * 12 + day.month - 1 - count
    return date(month // 12, month % 12 + 1, 1)


def one_month_after(day):
    month = day.year * 12 + day.month
    first = date(month // 12, month % 12 + 1, 1)
    last = (first + timedelta(days=31)).replace(day=1) - DAY
    return first.replace(day=min(day.day, last.day))


def charged_on(contract, day, policy, charges):
    """What charges and credits come to in a year on a day; and whether they keep a customer who pays nothing."""
    mine = [charge for charge in charges if charge.subscription_id == contract.id]
    found, held = {}, False
    months = {"last_month_x12": 1, "t3m_x4": 3, "t12m": 12}.get(policy.usage)
    if months:
        since, until = months_back(day, months), months_back(day, 0)
        used = [charge for charge in mine if charge.amount.amount > 0]
        found["usage"] = sum(Fraction(c.amount.amount) for c in used if since <= c.on < until) * 12 / months
        held = any(charge.on < until for charge in used) and not found["usage"]
        if not any(charge.on < until for charge in used):
            del found["usage"]
    for number, charge in enumerate(mine):
        running = charge.on <= day < one_month_after(charge.on)
        if charge.amount.amount < 0 and policy.refunds == "reduce" and running:
            found["refund", number] = Fraction(charge.amount.amount) * 12
            held = True
    return found, held


def lines_on(contract, day, policy, contracts, *, merged, charges):
    """The amount of each line on a day: by its number; and whether the customer stays though nothing is paid."""
    found, held = {}, False
    until = runs_until(contract, policy, contracts, merged)
    if not contract.starts_on <= day < until:
        return found, held
    if policy.trials == "exclude" and contract.trial_ends_on and day < contract.trial_ends_on:
        return found, held
    paused = any(pause.starts_on <= day < (pause.ends_on or date.max) for pause in contract.pauses)
    found, held = charged_on(contract, day, policy, charges)
    if paused and policy.pauses == "zero":
        found, held = dict.fromkeys(found, Fraction(0)), held or bool(found)
    for number, line in enumerate(contract.items):
        if line.billing_interval is None or (line.is_metered and policy.usage != "committed_minimum"):
            continue
        if line.starts_on and day < line.starts_on:
            continue
        own_end = min(until, line.ends_on) if line.ends_on and line.ends_on != contract.ends_on else until
        if day >= own_end:
            continue
        finite = line.discount_ends_on is not None
        discounted = {
            "none": False,
            "lasting_only": not finite,
            "all": not finite or day < line.discount_ends_on,
        }[policy.discounts]
        amount = year_of(line, discounted)
        if paused and policy.pauses == "zero":
            amount, held = Fraction(0), True
        elif not amount and discounted and line.discount == 1:
            held = True
        found[number] = amount
    return found, held


class Naive:
    """The revenue of each customer on each of many days."""

    def __init__(self, contracts, policy, first, last, *, merged=None, charges=()):
        self.policy, self.first, self.last = policy, first, last
        self.state = {}  # (customer, day) -> (amount, held)
        for contract in contracts:
            customer = (merged or {}).get(contract.account_id, contract.account_id)
            day = first
            while day <= last:
                lines, held = lines_on(contract, day, policy, contracts, merged=merged or {}, charges=charges)
                if lines:
                    amount, other = self.state.get((customer, day), (Fraction(0), False))
                    self.state[customer, day] = (amount + sum(lines.values()), held or other)
                day += DAY
        self.customers = {customer for customer, _ in self.state}

    def amount(self, customer, day):
        return self.state.get((customer, day), (Fraction(0), False))[0]

    def movements(self):
        """Every (customer, day, kind, change, was, is) of all days."""
        for customer in sorted(self.customers):
            was = ever = False
            gap_from, day = None, self.first
            while day <= self.last:
                before, (after, held) = (
                    self.amount(customer, day - DAY),
                    self.state.get((customer, day), (Fraction(0), False)),
                )
                stays = after != 0 or (was and held)
                if stays:
                    gap_from = None
                elif was and self.policy.gap_tolerance_days:
                    gap_from = gap_from or day
                    until = gap_from + timedelta(days=self.policy.gap_tolerance_days)
                    ahead = (day + DAY * n for n in range((until - day).days + 1))
                    stays = any(self.amount(customer, later) for later in ahead if later <= self.last)
                change = after - before
                if stays and not was:
                    again = {"own_bucket": "reactivation", "as_new": "new", "as_expansion": "expansion"}
                    yield customer, day, (again[self.policy.reactivation] if ever else "new"), change, was, stays
                    ever = True
                elif was and not stays:
                    yield customer, day, "churn", change, was, stays
                elif change:
                    yield customer, day, ("expansion" if change > 0 else "contraction"), change, was, stays
                was = stays
                day += DAY

    def bridge(self, period):
        """The sums of a period, and its customers; both readings of movements inside it."""
        kinds, logos = defaultdict(Fraction), defaultdict(int)
        at_start, at_end, ever = set(), set(), set()
        for customer, day, kind, change, was, stays in self.movements():
            if day >= period.end_on:
                continue
            if day < period.start_on:
                (at_start.add if stays else at_start.discard)(customer)
                ever.add(customer)
            elif self.policy.intra_period == "both":
                kinds[kind] += change
                if stays and not was:
                    logos["new" if kind == "new" else "reactivated"] += 1
                elif was and not stays:
                    logos["churned"] += 1
            (at_end.add if stays else at_end.discard)(customer)
        start = {customer: self.amount(customer, period.start_on - DAY) for customer in self.customers}
        end = {customer: self.amount(customer, period.end_on - DAY) for customer in self.customers}
        if self.policy.intra_period == "net":
            again = {"own_bucket": "reactivation", "as_new": "new", "as_expansion": "expansion"}
            for customer in self.customers:
                change = end[customer] - start[customer]
                if customer in at_end and customer not in at_start:
                    kind = again[self.policy.reactivation] if customer in ever else "new"
                    logos["new" if kind == "new" else "reactivated"] += 1
                elif customer in at_start and customer not in at_end:
                    kind = "churn"
                    logos["churned"] += 1
                else:
                    kind = "expansion" if change > 0 else "contraction"
                kinds[kind] += change
        return {
            "start": sum(start.values()),
            "end": sum(end.values()),
            **{kind: kinds[kind] for kind in ("new", "expansion", "reactivation")},
            **{kind: -kinds[kind] for kind in ("contraction", "churn")},
            "retained": sum(end[customer] for customer in at_start),
            "capped": sum(min(start[customer], end[customer]) for customer in at_start),
            "start_count": len(at_start),
            "end_count": len(at_end),
            "new_count": logos["new"],
            "reactivated_count": logos["reactivated"],
            "churned_count": logos["churned"],
            "lost_count": len(at_start - at_end),
        }
