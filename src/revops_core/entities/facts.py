"""Facts: what happened to records, as rows that are only ever appended, and that KPIs read.

Every fact may have an `id` (so that it can be traced and told from a copy) and a `recorded_at`: when it became known,
where that is not when it happened. `at` is an instant, `on` a civil day. Kinds, names and channels are open texts; the
docstrings tell the usual ones. What customers and prospects do is in `engagement`; a move between stages is a fact of
the stages room, an event of a clock one of the SLA room.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Final

from attrs import evolve, field, frozen

from revops_core.entities.contact import Contact
from revops_core.entities.lead import Lead
from revops_core.entities.user import User
from revops_core.values.checks import (
    AtLeast,
    Count,
    Id,
    InOrder,
    Span,
    as_decimal,
    checked,
    is_personal,
    short_repr,
    shortened,
)
from revops_core.values.money import Money

__all__ = [
    "Advocacy", "AutomationRun", "Changed", "Converted", "ForecastSnapshot", "Handoff", "Merged", "Milestone", "Quota",
    "Score", "Spend",
]  # fmt: skip

_PEOPLE: Final[Mapping[str, type]] = {cls.__name__: cls for cls in (Contact, Lead, User)}


@checked()
@frozen(kw_only=True, eq=False, weakref_slot=False)
class Changed:
    """An attribute other than the stage got another value: what slip rates and pipeline waterfalls are made of.

    Args:
        subject: the kind of record, e.g. "Opportunity".
        subject_id: which record.
        field: the attribute, e.g. "close_date".
        old, new: its value before and after, of the attribute's own type; None: missing.
        seq: the order among changes at one instant.
        by: the user who changed it.

    >>> from datetime import UTC
    >>> Changed(subject="Opportunity", subject_id="o1", field="close_date", old=date(2026, 9, 30),
    ...         new=date(2026, 10, 31), at=datetime(2026, 9, 1, tzinfo=UTC)).new.month
    10
    """

    subject: Id
    subject_id: Id
    field: Id
    old: object = None
    new: object = None
    at: datetime
    recorded_at: datetime | None = None
    seq: int | None = None
    by: Id | None = None
    id: Id | None = None

    def __repr__(self) -> str:
        """With the name, the address or the number of a person shortened."""
        subject = _PEOPLE.get(self.subject)
        if subject is None or not is_personal(subject, self.field):
            return short_repr(self)
        old, new = (shortened(held) if isinstance(held, str) else held for held in (self.old, self.new))
        return short_repr(evolve(self, old=old, new=new))


@checked()
@frozen(kw_only=True, eq=False, repr=False, weakref_slot=False)
class Converted:
    """A record became others: a lead a contact of an account, a won opportunity a deal.

    Args:
        subject, subject_id: the record that was converted, e.g. "Lead" and its id.
        contact_id, account_id, opportunity_id, deal_id: what it became, or was joined to.
        by: the user who did it.

    >>> from datetime import UTC
    >>> Converted(subject="Lead", subject_id="l1", account_id="a1", at=datetime(2026, 3, 1, tzinfo=UTC)).account_id
    'a1'
    """

    subject: Id
    subject_id: Id
    at: datetime
    recorded_at: datetime | None = None
    contact_id: Id | None = None
    account_id: Id | None = None
    opportunity_id: Id | None = None
    deal_id: Id | None = None
    by: Id | None = None
    id: Id | None = None


@checked()
@frozen(kw_only=True, eq=False, repr=False, weakref_slot=False)
class Merged:
    """Two records turned out to be one: `duplicate_id` lives on as `subject_id`.

    Args:
        subject: the kind of record, e.g. "Account".
        subject_id: the record that remains.
        duplicate_id: the record that went into it.

    >>> from datetime import UTC
    >>> Merged(subject="Account", subject_id="a1", duplicate_id="a9", at=datetime(2026, 3, 1, tzinfo=UTC)).duplicate_id
    'a9'
    """

    subject: Id
    subject_id: Id
    duplicate_id: Id
    at: datetime
    recorded_at: datetime | None = None
    by: Id | None = None
    id: Id | None = None


@checked()
@frozen(kw_only=True, eq=False, repr=False, weakref_slot=False)
class Handoff:
    """A record went from one team to another: marketing to sales, sales to customer success.

    Args:
        subject, subject_id: the record that was handed over.
        at: when it was handed over.
        accepted_at, rejected_at: when the other side answered, one of the two; None: not yet.
        reason: why it was rejected.
        is_automatic: whether it was accepted by no person, because the time ran out.

    >>> from datetime import UTC
    >>> Handoff(subject="Lead", subject_id="l1", to_team="sales", at=datetime(2026, 3, 1, tzinfo=UTC)).to_team
    'sales'
    """

    subject: Id
    subject_id: Id
    at: datetime
    recorded_at: datetime | None = None
    from_team: str | None = None
    to_team: str | None = None
    accepted_at: datetime | None = None
    rejected_at: datetime | None = None
    reason: str | None = None
    is_automatic: bool = False
    id: Id | None = None


@checked()
@frozen(kw_only=True, eq=False, repr=False, weakref_slot=False)
class Milestone:
    """A customer reached a point on the way: signed, live, trained, first value, onboarded.

    Args:
        name: e.g. "onboarding_started", "onboarding_completed", "first_value", "activated".
        at, on: when, one of the two.
        subject, subject_id: the subscription or deal it belongs to, where the account has several.

    >>> Milestone(name="first_value", account_id="a1", on=date(2026, 3, 1)).name
    'first_value'
    """

    name: Id
    account_id: Id
    at: datetime | None = None
    on: date | None = None
    recorded_at: datetime | None = None
    subject: str | None = None
    subject_id: Id | None = None
    id: Id | None = None


@checked()
@frozen(kw_only=True, eq=False, repr=False, weakref_slot=False)
class Advocacy:
    """A customer spoke for us: a reference, a review, a case study, a referral.

    Args:
        kind: e.g. "reference", "review", "case_study", "referral".
        at, on: when, one of the two.

    >>> Advocacy(kind="case_study", account_id="a1", on=date(2026, 3, 1)).kind
    'case_study'
    """

    kind: Id
    account_id: Id
    at: datetime | None = None
    on: date | None = None
    recorded_at: datetime | None = None
    contact_id: Id | None = None
    id: Id | None = None


@checked()
@frozen(kw_only=True, eq=False, repr=False, weakref_slot=False)
class Score:
    """A score that somebody computed for a record at an instant: of a lead, or one component of an account's health.

    Args:
        name: e.g. "lead_score", or the component of a health score: "usage", "support", "sentiment".
        value: the score, on the scale of its name.
        weight: what it weighs among the components.

    >>> from datetime import UTC
    >>> Score(subject="Account", subject_id="a1", name="usage", value=80, at=datetime(2026, 3, 1, tzinfo=UTC)).weight
    Decimal('1')
    """

    subject: Id
    subject_id: Id
    name: Id
    value: Decimal = field(converter=as_decimal)
    weight: Annotated[Decimal, AtLeast(0)] = field(default=Decimal(1), converter=as_decimal)
    at: datetime
    recorded_at: datetime | None = None
    id: Id | None = None


@checked()
@frozen(kw_only=True, eq=False, repr=False, weakref_slot=False)
class Spend:
    """Money spent to win and keep customers on a day.

    Args:
        on: the day it counts for; a month's bill is one fact for each day or one on its first day, as the caller likes.
        purpose: "marketing", "sales_development", "sales", "customer_success", or another.
        channel: e.g. "paid_search", for the cost of a lead by channel.

    >>> Spend(on=date(2026, 3, 1), amount=Money(900, "EUR"), purpose="marketing").channel is None
    True
    """

    on: date
    amount: Money
    recorded_at: datetime | None = None
    purpose: str | None = None
    channel: str | None = None
    campaign: str | None = None
    id: Id | None = None


@checked(InOrder("starts_on", "ends_on", strict=True))
@frozen(kw_only=True, eq=False, repr=False, weakref_slot=False)
class Quota:
    """What a user or a team is to bring in over some days.

    Args:
        owner_id: the user or team.
        starts_on, ends_on: the days, half-open: 1 January to 1 April for the first quarter.
        amount: the target.
        kind: that of the opportunities that count towards it, e.g. "expansion"; None: everything won.

    >>> first, after = date(2026, 1, 1), date(2026, 4, 1)
    >>> Quota(owner_id="u1", amount=Money(250_000, "EUR"), starts_on=first, ends_on=after).owner_id
    'u1'
    """

    owner_id: Id
    amount: Money
    starts_on: date
    ends_on: date
    recorded_at: datetime | None = None
    kind: str | None = None
    id: Id | None = None


@checked(InOrder("starts_on", "ends_on", strict=True))
@frozen(kw_only=True, eq=False, repr=False, weakref_slot=False)
class ForecastSnapshot:
    """A forecast as it stood at an instant, to be held against what came in.

    Args:
        amount: what was forecast for the days from `starts_on` to before `ends_on`.
        at: when it was taken.
        owner_id: the user or team it is for; None: everybody.
        category: such as a `ForecastCategory`, or the name of a method.

    >>> from datetime import UTC
    >>> ForecastSnapshot(amount=Money(90_000, "EUR"), starts_on=date(2026, 1, 1), ends_on=date(2026, 4, 1),
    ...                  at=datetime(2026, 2, 1, tzinfo=UTC)).category is None
    True
    """

    amount: Money
    starts_on: date
    ends_on: date
    at: datetime
    recorded_at: datetime | None = None
    owner_id: Id | None = None
    category: str | None = None
    id: Id | None = None


@checked()
@frozen(kw_only=True, eq=False, repr=False, weakref_slot=False)
class AutomationRun:
    """Runs of an automated process at an instant, and the work each spared.

    Args:
        process: e.g. "lead_assignment".
        manual_time: how long a person would have taken for one run: an estimate.
        review_time: how long a person took all the same, to look over one run.
        count: how many runs.

    >>> from datetime import UTC
    >>> night = datetime(2026, 3, 1, 22, tzinfo=UTC)
    >>> AutomationRun(process="lead_assignment", at=night, manual_time=timedelta(minutes=4)).count
    1
    """

    process: Id
    at: datetime
    manual_time: Span
    review_time: Span = timedelta(0)
    count: Count = 1
    recorded_at: datetime | None = None
    id: Id | None = None
