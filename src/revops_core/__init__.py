"""Revenue operations as a pure-Python domain library: no I/O, no clock, no state.

The nouns are here: values, the records of a CRM, and `errors`. The rooms are imported by name:
`from revops_core import calendars, entities, kpis, sla, stages`.
"""

from revops_core import errors
from revops_core.entities import (
    Account,
    Contact,
    Deal,
    Lead,
    LineItem,
    Opportunity,
    Product,
    Subscription,
    Team,
    Ticket,
    User,
)
from revops_core.values import *

__all__ = [
    "Account", "Blocker", "ConfidenceInterval", "Contact", "Deal", "ExchangeRates", "Expression", "Interval",
    "KaplanMeier", "Lead", "LineItem", "Measurement", "Money", "Opportunity", "Period", "Problem", "Product", "Refused",
    "Rule", "Subscription", "Table", "Team", "Ticket", "Undefined", "User", "all_of", "any_of", "each", "errors",
    "first_known", "from_plain", "given", "known", "known_by", "matching", "median", "missing", "not_yet", "one_of",
    "quantiles", "to_plain",
]  # fmt: skip
