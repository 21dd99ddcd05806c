"""What was known at a moment: the facts recorded by then."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from revops_core.errors import Fault, InvalidValueError
from revops_core.values.checks import require
from revops_core.values.instants import to_microseconds

__all__ = ["known_by"]

T = TypeVar("T")


def known_by(facts: Iterable[T], moment: datetime) -> tuple[T, ...]:
    """The facts that had been recorded by `moment`, in the order given: any question asked of them is asked as of then.

    A fact counts from its `recorded_at` on; where it has none, it was recorded as it happened, `at`. One recorded at
    the moment itself is known. A fact that was entered late was not known before, however early it happened.

    Args:
        facts: any objects with these attributes, or mappings with these keys.
        moment: an aware datetime.

    Returns:
        The known ones.

    Raises:
        InvalidValueError: facts with neither instant, or a naive one; names each.

    >>> from datetime import UTC
    >>> first, late = ({"id": n, "at": datetime(2026, 1, n, tzinfo=UTC), "recorded_at": None} for n in (1, 2))
    >>> late["recorded_at"] = datetime(2026, 2, 1, tzinfo=UTC)
    >>> [fact["id"] for fact in known_by([late, first], datetime(2026, 1, 31, tzinfo=UTC))]
    [1]
    """
    require("known_by", facts=(facts, Iterable), moment=(moment, datetime))
    limit, known, faults = to_microseconds(moment), [], []
    for number, fact in enumerate(facts):
        recorded_at = _recorded_at(fact)
        if not isinstance(recorded_at, datetime) or recorded_at.tzinfo is None:
            rule = "must have an aware datetime as 'recorded_at' or, where that is None, as 'at'"
            faults.append(Fault(f"facts[{number}]", rule, fact))
        elif to_microseconds(recorded_at) <= limit:
            known.append(fact)
    if faults:
        raise InvalidValueError("known_by", faults)
    return tuple(known)


def _recorded_at(fact: Any) -> Any:
    """When a fact was recorded, or else happened; None where it tells neither."""
    if isinstance(fact, Mapping):
        recorded_at = fact.get("recorded_at")
        return fact.get("at") if recorded_at is None else recorded_at
    recorded_at = getattr(fact, "recorded_at", None)
    return getattr(fact, "at", None) if recorded_at is None else recorded_at
