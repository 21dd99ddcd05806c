"""compare_ledgers: why a period reads differently now than it did before."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

from revops_core.errors import Fault, InvalidValueError
from revops_core.kpis.revenue_ledger import RevenueLedger
from revops_core.kpis.revenue_pieces import customer_of
from revops_core.values.frozen_map import FrozenMap
from revops_core.values.money import Money
from revops_core.values.period import Period
from revops_core.values.table import Table

__all__ = ["RestatedCustomer", "Restatement", "compare_ledgers"]

LINES = ("start", "new", "expansion", "reactivation", "contraction", "churn", "fx", "end")


@frozen(kw_only=True)
class RestatedCustomer:
    """What changed for one customer, and which contracts tell why.

    Args:
        account_id: the customer as the later ledger knows it.
        differences: by line of the bridge, later less earlier; lines without a difference are left out.
        added_ids, removed_ids, changed_ids: contracts that only the later ledger has, only the earlier one, or both
            with another content.
        merged_ids: accounts that were separate before.
    """

    account_id: str
    differences: Mapping[str, Money]
    added_ids: tuple[str, ...]
    removed_ids: tuple[str, ...]
    changed_ids: tuple[str, ...]
    merged_ids: tuple[str, ...]


@frozen(kw_only=True)
class Restatement:
    """How the bridge of a period differs between two ledgers; the parts of its customers sum to the differences.

    Args:
        differences: by line of the bridge, later less earlier.
        policy_changes: each field of the policy that differs, with both values.

    >>> from revops_core.kpis import RevenuePolicy
    >>> both = [RevenueLedger.of([], policy=RevenuePolicy(grace_days=days)) for days in (0, 30)]
    >>> compare_ledgers(*both, Period.month(2026, 3)).policy_changes["grace_days"]
    (0, 30)
    """

    period: Period
    differences: Mapping[str, Money]
    customers: tuple[RestatedCustomer, ...]
    policy_changes: Mapping[str, tuple[object, object]]

    def table(self) -> Table:
        """The lines of the bridge that differ, customer by customer and in all."""
        moved = {line for customer in self.customers for line in customer.differences}
        lines = [line for line in LINES if self.differences[line].amount or line in moved]
        rows = [[each.account_id, *(each.differences.get(line) for line in lines)] for each in self.customers]
        rows.append(["all", *(self.differences[line] for line in lines)])
        return Table(["customer", *lines], rows, title=f"Restated since: {self.period.label}")


def compare_ledgers(earlier: RevenueLedger, later: RevenueLedger, period: Period) -> Restatement:
    """Why a period reads differently in a later ledger: customer by customer, with the contracts that changed.

    Args:
        earlier: what was known then, such as `RevenueLedger.of(contracts, known_by=last_quarter_end)`.
        later: what is known now, in the same currency.
        period: the period whose bridge is compared.

    Raises:
        InvalidValueError: ledgers in two currencies.

    >>> compare_ledgers(RevenueLedger.of([]), RevenueLedger.of([]), Period.month(2026, 3)).customers
    ()
    """
    if earlier.currency != later.currency:
        rule = f"must be told in {earlier.currency} too"
        raise InvalidValueError("compare_ledgers", [Fault("later", rule, later.currency)])
    zero = Money(0, later.currency)
    sums: dict[str, dict[str, Money]] = {}
    for sign, ledger in ((-1, earlier), (1, later)):
        for change in ledger.changes(period):
            account = later.merged.get(change.account_id, change.account_id)
            held = sums.setdefault(account, dict.fromkeys(LINES, zero))
            for line in LINES:
                held[line] += getattr(change, line) * sign
    old, new = ({each.id: each for each in ledger.subscriptions} for ledger in (earlier, later))
    owners = {each.id: customer_of(each, later.merged) for ledger in (old, new) for each in ledger.values()}
    customers = []
    for account in sorted(sums):
        differences = {line: amount for line, amount in sums[account].items() if amount.amount}
        if differences:
            mine = sorted(number for number, owner in owners.items() if owner == account)
            gone = sorted(name for name, into in later.merged.items() if into == account)
            customers.append(
                RestatedCustomer(
                    account_id=account,
                    differences=FrozenMap(differences),
                    added_ids=tuple(number for number in mine if number not in old),
                    removed_ids=tuple(number for number in mine if number not in new),
                    changed_ids=tuple(n for n in mine if n in old and n in new and old[n] != new[n]),
                    merged_ids=tuple(name for name in gone if earlier.merged.get(name) != account),
                )
            )
    was, now = earlier.policy.describe(), later.policy.describe()
    totals = {line: Money.total([held[line] for held in sums.values()], later.currency) for line in LINES}
    return Restatement(
        period=period,
        differences=FrozenMap(totals),
        customers=tuple(customers),
        policy_changes=FrozenMap({name: (was[name], now[name]) for name in was if was[name] != now[name]}),
    )
