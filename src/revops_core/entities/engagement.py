"""Engagement: what prospects and customers do and say, and what is done for them, as facts that KPIs read.

Like every fact they are only ever appended; see `facts` for `id` and `recorded_at`.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from attrs import field, frozen

from revops_core.values.checks import Count, Id, InOrder, Span, as_decimal, checked

__all__ = ["Activity", "Answer", "Touch", "Usage", "Visit"]


@checked()
@frozen(kw_only=True, eq=False, repr=False, weakref_slot=False)
class Visit:
    """One session on a website or in a trial, of somebody who may be known by no more than a cookie.

    Args:
        visitor_id: the same person or browser over time.
        channel: how they came, e.g. "organic_search".

    >>> from datetime import UTC
    >>> Visit(visitor_id="v1", at=datetime(2026, 3, 1, tzinfo=UTC)).channel is None
    True
    """

    visitor_id: Id
    at: datetime
    recorded_at: datetime | None = None
    channel: str | None = None
    campaign: str | None = None
    lead_id: Id | None = None
    id: Id | None = None


@checked()
@frozen(kw_only=True, eq=False, repr=False, weakref_slot=False)
class Touch:
    """One contact of marketing with somebody: what attribution shares a sale among.

    Args:
        subject, subject_id: the record that was touched, e.g. "Lead" and its id.
        channel: e.g. "webinar", "paid_search", "email".
        account_id, opportunity_id: where it is known that they belong together.

    >>> from datetime import UTC
    >>> Touch(subject="Lead", subject_id="l1", channel="webinar", at=datetime(2026, 3, 1, tzinfo=UTC)).channel
    'webinar'
    """

    subject: Id
    subject_id: Id
    at: datetime
    recorded_at: datetime | None = None
    channel: str | None = None
    campaign: str | None = None
    account_id: Id | None = None
    opportunity_id: Id | None = None
    id: Id | None = None


@checked()
@frozen(kw_only=True, eq=False, repr=False, weakref_slot=False)
class Activity:
    """One piece of work of one of us, or of a system, for a record: a call, an e-mail, a meeting, a demo.

    Args:
        kind: e.g. "call", "email", "meeting", "demo", "proposal", "training".
        subject, subject_id: the record it was for.
        owner_id: the user who did it.
        direction: "outbound" or "inbound".
        reached: whether the other side was reached, which tells an attempt from a contact; None: unknown.
        is_automated: whether no person did it; the first response to a lead counts people only.
        duration_time: how long it took.

    >>> from datetime import UTC
    >>> Activity(kind="call", subject="Lead", subject_id="l1", owner_id="u1", at=datetime(2026, 3, 1, tzinfo=UTC)).kind
    'call'
    """

    kind: Id
    subject: Id
    subject_id: Id
    at: datetime
    recorded_at: datetime | None = None
    owner_id: Id | None = None
    account_id: Id | None = None
    direction: str | None = None
    reached: bool | None = None
    is_automated: bool = False
    duration_time: Span | None = None
    id: Id | None = None


@checked()
@frozen(kw_only=True, eq=False, repr=False, weakref_slot=False)
class Usage:
    """One use of the product, or many of one user on a day or at an instant.

    Args:
        at, on: when, one of the two; a daily export has days.
        user_id: the customer's user; None where only the account is known.
        feature: what was used; None: the product as a whole.
        count: how many times.

    >>> Usage(account_id="a1", user_id="x7", feature="reports", on=date(2026, 3, 1), count=4).count
    4
    """

    account_id: Id
    at: datetime | None = None
    on: date | None = None
    recorded_at: datetime | None = None
    user_id: Id | None = None
    product_id: Id | None = None
    feature: str | None = None
    count: Count = 1
    id: Id | None = None


@checked(InOrder("scale_min", "scale_max"))
@frozen(kw_only=True, eq=False, repr=False, weakref_slot=False)
class Answer:
    """One answer to a survey.

    Args:
        survey: "nps" (0 to 10), "csat" (usually 1 to 5), "ces" (usually 1 to 7), or another.
        score: the answer, None: asked, not answered.
        scale_min, scale_max: the ends of the scale; `check` reports a score outside them.
        about: what was asked about, e.g. "onboarding", "support", or a feature.
        subject, subject_id: the record it was about, e.g. a ticket.
        asked_at: when it was asked, for a response rate.

    >>> from datetime import UTC
    >>> Answer(survey="nps", score=9, account_id="a1", at=datetime(2026, 3, 1, tzinfo=UTC)).score
    Decimal('9')
    """

    survey: Id
    at: datetime
    recorded_at: datetime | None = None
    score: Decimal | None = field(default=None, converter=as_decimal)
    scale_min: Decimal | None = field(default=None, converter=as_decimal)
    scale_max: Decimal | None = field(default=None, converter=as_decimal)
    about: str | None = None
    subject: str | None = None
    subject_id: Id | None = None
    account_id: Id | None = None
    contact_id: Id | None = None
    asked_at: datetime | None = None
    id: Id | None = None
