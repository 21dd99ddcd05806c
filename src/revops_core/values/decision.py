"""Decisions as values: a named rule, and a refusal that tells every reason.

What a record or the rules forbid is no error: it is returned as `Refused`, with one `Blocker` for each reason, so that
the caller can show all of them at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from attrs import field, frozen

from revops_core.values.checks import Id, as_tuple, checked, require
from revops_core.values.expression import Expression
from revops_core.values.frozen_map import EMPTY, frozen_map

__all__ = ["Blocker", "Refused", "Rule"]


@frozen
class Rule:
    """A named condition with a sentence for the screen, such as "the budget is confirmed".

    Two rules are equal where their code, sentence and check are.

    Args:
        code: what it is called in data and statistics, e.g. "budget_confirmed".
        check: a condition, or a pure predicate of the record and the instant; an exception in it comes through.
        says: one sentence that tells a person what to do, e.g. "Confirm the budget first."

    >>> from revops_core.values.condition import each, known
    >>> Rule("amount_known", known(each(object).amount), "Enter the amount.").holds({"amount": 5})
    True
    """

    code: str
    # bool: what a type checker takes `==` for; without a hash of its own, as a predicate may have none.
    check: Expression | Callable[[Any, datetime | None], bool] | bool = field(hash=False)
    says: str

    def __attrs_post_init__(self) -> None:
        require("Rule", code=(self.code, Id), check=(self.check, Expression | Callable), says=(self.says, Id))

    def holds(self, record: object, at: datetime | None = None) -> bool:
        """Whether `record` satisfies the rule, as of the instant `at` where the rule depends on time."""
        check = self.check
        return check.holds(record) if isinstance(check, Expression) else bool(check(record, at))  # type: ignore[operator]


@checked()
@frozen
class Blocker:
    """One reason why something was refused.

    Args:
        reason: the kind, from a public and stable vocabulary, e.g. "required_field", "rule", "terminal".
        says: one sentence for a person, with what to do.
        parameters: the facts in the sentence by name, for a text in another language.

    >>> Blocker("required_field", "Enter the amount first.", {"field": "amount"}).parameters["field"]
    'amount'
    """

    reason: Id
    says: str
    parameters: Mapping[str, object] = field(default=EMPTY, converter=frozen_map)

    def __str__(self) -> str:
        return self.says


@checked()
@frozen
class Refused:
    """The answer no, with every reason; returned, never raised.

    >>> print(Refused((Blocker("terminal", "The deal is closed."),)))
    refused: The deal is closed.
    """

    blockers: tuple[Blocker, ...] = field(converter=as_tuple)

    @property
    def reasons(self) -> tuple[str, ...]:
        """The reason of each blocker, in their order."""
        return tuple(blocker.reason for blocker in self.blockers)

    def __str__(self) -> str:
        return "refused: " + " ".join(blocker.says for blocker in self.blockers)
