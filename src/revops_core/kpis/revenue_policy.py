"""RevenuePolicy: what counts as recurring revenue, when it ends, and what its movements are called.

Authorities disagree on each of these questions; a policy is a value, is kept by the ledger and is printed with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from attrs import asdict, field, frozen

from revops_core.errors import Fault, InvalidValueError
from revops_core.values.checks import as_tuple
from revops_core.values.zone import is_zone

__all__ = ["CHOICES", "CONTRACT_PROBLEMS", "RevenuePolicy"]

CONTRACT_PROBLEMS: Mapping[str, str] = MappingProxyType(
    {
        "after_as_of": "it is left out until then",
        "currency_change": "each line counts in its own currency",
        "duplicate_id": "the last one counts, in the place of the first",
        "end_before_start": "it counts nothing",
        "missing_end": "it runs until further notice",
        "missing_start": "it counts nothing",
        "negative_amount": "it is subtracted, as a credit",
        "no_account": "it counts as a customer of its own",
        "no_items": "it counts nothing",
        "no_price": "the line counts nothing",
        "outside_contract": "only the days inside the contract count",
        "overlapping_lines": "the amounts add up",
        "overlapping_renewal": "the earlier contract ends where its renewal starts",
        "unknown_contract": "the charge counts nothing",
        "unknown_interval": "the line counts nothing",
    }
)
"""Every code that `check_contracts` and a ledger report, and what a ledger does where the policy accepts it."""

CHOICES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "grain": ("customer", "subscription", "item"),
        "churn_day": ("term_end", "cancelled", "first_unpaid"),
        "reactivation": ("own_bucket", "as_new", "as_expansion"),
        "intra_period": ("both", "net"),
        "trials": ("exclude", "include"),
        "usage": ("exclude", "committed_minimum", "last_month_x12", "t3m_x4", "t12m"),
        "refunds": ("ignore", "reduce"),
        "discounts": ("lasting_only", "all", "none"),
        "ramps": ("current", "average"),
        "pauses": ("zero", "keep"),
    }
)
"""What each field of a policy may say."""


@frozen(kw_only=True)
class RevenuePolicy:
    """What counts as recurring revenue, when it ends and what its movements are called.

    What is charged once never counts. `trials`, `usage`, `refunds`, `discounts`, `ramps`, `pauses`, `churn_day` and
    `grace_days` decide how much revenue there is on a day; the others only decide what its movements are called.

    Args:
        grain: who gains and loses revenue: the "customer", so that a change of plan is one expansion; or each
            "subscription" with its renewals; or each "item" of one.
        churn_day: the revenue of a contract ends at its "term_end"; or when it was "cancelled", though it still runs;
            or on the day of its "first_unpaid" bill, where one is. Without an end it runs until cancelled.
        grace_days: for how many days after that it still counts, unless a renewal starts before.
        reactivation: a customer who left and returns is in its "own_bucket", counts "as_new" or "as_expansion".
        gap_tolerance_days: a customer without revenue for at most so many days never left: the gap is contraction and
            expansion. While the return is not known it is churn.
        intra_period: several movements of one customer in a period count "both", or only what they come to ("net").
        trials: whether days before `trial_ends_on` count.
        usage: metered lines never count ("exclude"); or count with the quantity and price they state, as a
            "committed_minimum"; or each month what was charged for use before it comes to in a year: "last_month_x12",
            the last three months times 4 ("t3m_x4") or the last twelve ("t12m"), from the `charges` of the ledger.
        refunds: credits among the `charges` are left alone ("ignore"), or "reduce" the month that begins on their day.
        discounts: "lasting_only" subtracts those without an end; "all" subtracts each while it runs, so that its end is
            an expansion; "none" keeps list prices.
        ramps: lines that follow one another count at the "current" price, or at the "average" of the contract.
        pauses: paused days have "zero" revenue while the customer stays one; or "keep" it.
        tz: in which zone the day of a cancellation is read.
        accept: codes of `CONTRACT_PROBLEMS` to live with, each in the way that is stated there.

    >>> RevenuePolicy(churn_day="cancelled", discounts="all").describe()["churn_day"]
    'cancelled'
    """

    grain: str = "customer"
    churn_day: str = "term_end"
    grace_days: int = 0
    reactivation: str = "own_bucket"
    gap_tolerance_days: int = 0
    intra_period: str = "both"
    trials: str = "exclude"
    usage: str = "exclude"
    refunds: str = "ignore"
    discounts: str = "lasting_only"
    ramps: str = "current"
    pauses: str = "zero"
    tz: str = "UTC"
    accept: tuple[str, ...] = field(default=(), converter=as_tuple)

    def __attrs_post_init__(self) -> None:
        faults = []
        for name, choices in CHOICES.items():
            if getattr(self, name) not in choices:
                faults.append(Fault(name, f"must be one of {', '.join(choices)}", getattr(self, name)))
        for name in ("grace_days", "gap_tolerance_days"):
            days = getattr(self, name)
            if type(days) is not int or days < 0:
                faults.append(Fault(name, "must be a whole number of days of at least 0", days))
        if not is_zone(self.tz):
            faults.append(Fault("tz", "must be the key of an IANA time zone such as 'Europe/Paris'", self.tz))
        if not isinstance(self.accept, tuple) or not set(self.accept) <= CONTRACT_PROBLEMS.keys():
            faults.append(Fault("accept", f"must hold some of {', '.join(CONTRACT_PROBLEMS)}", self.accept))
        if faults:
            raise InvalidValueError("RevenuePolicy", faults)

    def describe(self) -> Mapping[str, object]:
        """Every choice by name, to be printed beside the numbers."""
        return asdict(self)

    def chosen(self) -> tuple[str, ...]:
        """Each choice that is not the default, to be printed in short.

        >>> RevenuePolicy(grace_days=30).chosen()
        ('grace_days 30',)
        """
        plain = RevenuePolicy().describe()
        found = [(name, value) for name, value in self.describe().items() if value != plain[name]]
        return tuple(f"{n} {', '.join(v) if isinstance(v, tuple) else v}" for n, v in found)
