"""Lead to cash: the account's lifecycle follows conversions, and so does the time from the first lead to the deal."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from revops_core.entities import Converted
from revops_core.errors import WrongSubjectError
from revops_core.stages.move import Moved
from revops_core.stages.ready_made import LIFECYCLE
from revops_core.values.checks import require
from revops_core.values.decision import Refused
from revops_core.values.instants import to_microseconds

__all__ = ["advance_lifecycle", "conversion_chain", "lead_to_cash_time"]

_NEXT_IDS = (("Opportunity", "opportunity_id"), ("Deal", "deal_id"))


def advance_lifecycle(account: Any, conversion: Converted) -> Moved | Refused:
    """Where a conversion takes its account: a lead into qualification or sales, a won opportunity into onboarding.

    It only takes an account forward: a second lead of a customer is refused, and the account stays where it is.

    Raises:
        WrongSubjectError: the conversion is of another account.

    >>> from datetime import UTC
    >>> from revops_core.entities import Account
    >>> at = datetime(2026, 3, 1, tzinfo=UTC)
    >>> won = Converted(subject="Opportunity", subject_id="o1", account_id="a1", deal_id="d1", at=at)
    >>> advance_lifecycle(Account(id="a1", stage="sales"), won).target
    'onboarding'
    """
    if conversion.account_id not in {None, str(account.id)}:
        raise WrongSubjectError(conversion.account_id, None, account.id, account.stage)
    is_sold = conversion.deal_id is not None
    target = "onboarding" if is_sold else "sales" if conversion.opportunity_id is not None else "qualification"
    return LIFECYCLE.decide(account, target, at=conversion.at, by=conversion.by)


def conversion_chain(subject: str, subject_id: str, conversions: Iterable[Converted]) -> tuple[Converted, ...]:
    """The conversions that lead on from a record: lead to opportunity, opportunity to deal.

    Args:
        subject: the kind of record to begin with, e.g. "Lead".
        subject_id: its id.
        conversions: of any records, in any order; of two of one record, the first in time counts.

    >>> from datetime import UTC
    >>> lead = Converted(subject="Lead", subject_id="l1", opportunity_id="o1", at=datetime(2026, 3, 1, tzinfo=UTC))
    >>> [conversion.opportunity_id for conversion in conversion_chain("Lead", "l1", [lead])]
    ['o1']
    """
    held = sorted(conversions, key=lambda each: to_microseconds(each.at), reverse=True)
    by_subject = {(each.subject, each.subject_id): each for each in held}
    chain: list[Converted] = []
    here: tuple[str, str] | None = (subject, subject_id)
    while here is not None and (found := by_subject.pop(here, None)) is not None:
        chain.append(found)
        nexts = ((kind, getattr(found, name)) for kind, name in _NEXT_IDS)
        here = next(((kind, key) for kind, key in nexts if key is not None and kind != found.subject), None)
    return tuple(chain)


def lead_to_cash_time(lead_id: str, started_at: datetime, conversions: Iterable[Converted]) -> timedelta | None:
    """The time from the beginning of a lead to the deal it became; None where there is no deal yet.

    Args:
        lead_id: the lead.
        started_at: when it came in.
        conversions: of any records, in any order.

    >>> from datetime import UTC
    >>> days = [datetime(2026, 3, day, tzinfo=UTC) for day in (1, 5, 30)]
    >>> lead_to_cash_time("l1", days[0], [
    ...     Converted(subject="Lead", subject_id="l1", opportunity_id="o1", at=days[1]),
    ...     Converted(subject="Opportunity", subject_id="o1", deal_id="d1", at=days[2])]).days
    29
    """
    require("lead_to_cash_time", started_at=(started_at, datetime))
    for conversion in conversion_chain("Lead", lead_id, conversions):
        if conversion.deal_id is not None:
            return timedelta(microseconds=to_microseconds(conversion.at) - to_microseconds(started_at))
    return None
