"""Attribution: how the amount of an opportunity is shared among the touches that led to it; credits sum exactly."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from attrs import frozen

from revops_core.entities.engagement import Touch
from revops_core.entities.opportunity import Outcome
from revops_core.errors import Fault, InvalidValueError
from revops_core.kpis.formula import total
from revops_core.kpis.kpi import Kpi
from revops_core.values.checks import Id, checked, require, short_repr
from revops_core.values.condition import each, known, one_of
from revops_core.values.duration import duration_between, moment_of
from revops_core.values.instants import to_microseconds
from revops_core.values.money import Money

__all__ = [
    "Credit", "attribute", "attributed_bookings", "marketing_influenced_pipeline", "marketing_sourced_pipeline",
]  # fmt: skip

_MODELS = ("first_touch", "last_touch", "linear", "position_based")
_UNATTRIBUTED = "unattributed"
_Touches = dict[tuple[str, str | None], list[tuple[int, Touch]]]
_ENDS, _MIDDLE = Decimal("0.4"), Decimal("0.2")


@checked()
@frozen(kw_only=True)
class Credit:
    """The share of one opportunity that one touch is credited with.

    Args:
        channel: that of the touch, or "unattributed".
        amount: the share of the amount; the credits of an opportunity sum to it exactly.
        model: as `attribute` takes it.
        touched_at: when; None where there was no touch.
        sourced: the touch came before the opportunity was created, so that it may have led to it.
        outcome, created_at, closed_at: those of the opportunity.

    >>> Credit(opportunity_id="o1", channel="webinar", amount=Money(400, "EUR"), model="linear").sourced
    False
    """

    opportunity_id: Id
    channel: str
    amount: Money
    model: str
    campaign: str | None = None
    touched_at: datetime | None = None
    sourced: bool = False
    outcome: str | None = None
    owner_id: Id | None = None
    created_at: datetime | date | None = None
    closed_at: datetime | date | None = None

    __repr__ = short_repr


def attribute(
    opportunities: Iterable[Any], touches: Iterable[Touch], model: str = "linear", *, tz: str = "UTC"
) -> list[Credit]:
    """The credits of every opportunity that has an amount, to the minor unit; what is left over goes to the first.

    A touch belongs to an opportunity by its `opportunity_id`, by its subject being the opportunity or its lead, or by
    its account; it counts until the opportunity closed. Touches at one instant keep the order in which they are given.

    Args:
        opportunities: records with the attributes of an `Opportunity`.
        touches: in any order.
        model: "first_touch" or "last_touch", all to one; "linear", equal parts; "position_based", 40 % to the first and
            to the last each and the rest to those between.
        tz: the zone of the days on which opportunities were created and closed.

    Raises:
        InvalidValueError: no such model.

    >>> from datetime import UTC
    >>> from revops_core.entities.opportunity import Opportunity
    >>> touches = [Touch(subject="Lead", subject_id="l1", channel=channel, at=datetime(2026, 3, day, tzinfo=UTC))
    ...            for day, channel in enumerate(["webinar", "email", "paid_search"], 1)]
    >>> deal = Opportunity(id="o1", lead_id="l1", amount=Money(100, "EUR"))
    >>> [(credit.channel, str(credit.amount)) for credit in attribute([deal], touches)]
    [('webinar', '33.34 EUR'), ('email', '33.33 EUR'), ('paid_search', '33.33 EUR')]
    """
    require("attribute", model=(model, str), tz=(tz, str))
    if model not in _MODELS:
        rule = f"must be one of {', '.join(_MODELS)}"
        raise InvalidValueError("attribute", [Fault("model", rule, model)])
    by_record: _Touches = defaultdict(list)
    for number, touch in enumerate(touches):
        keys = {(touch.subject, touch.subject_id), ("Opportunity", touch.opportunity_id), ("Account", touch.account_id)}
        for key in keys:
            by_record[key].append((number, touch))
    return [
        credit for sale in opportunities if sale.amount is not None for credit in _credits(sale, by_record, model, tz)
    ]


def _credits(sale: Any, by_record: _Touches, model: str, tz: str) -> list[Credit]:
    keys = (("Opportunity", sale.id), ("Lead", sale.lead_id), ("Account", sale.account_id))
    found = {number: touch for key in keys if key[1] for number, touch in by_record.get(key, ())}
    created, closed = moment_of(sale, "created"), moment_of(sale, "closed")
    path = [touch for _, touch in sorted(found.items()) if _is_by(touch.at, closed, tz)]
    path.sort(key=lambda touch: to_microseconds(touch.at))
    sold = {"opportunity_id": sale.id, "model": model, "outcome": sale.outcome, "owner_id": sale.owner_id}
    credit = partial(Credit, **sold, created_at=created, closed_at=closed)
    if not path:
        return [credit(channel=_UNATTRIBUTED, amount=sale.amount)]
    weights = _weights(len(path), model)
    return [
        credit(
            channel=touch.channel or "unknown",
            amount=amount,
            campaign=touch.campaign,
            touched_at=touch.at,
            sourced=_is_by(touch.at, created, tz),
        )
        for touch, amount, weight in zip(path, sale.amount.allocate(weights), weights, strict=True)
        if weight
    ]


def _weights(count: int, model: str) -> list[Decimal]:
    """The share of each touch of a path."""
    if model == "linear" or count == 1:
        return [Decimal(1)] * count
    if model == "position_based":
        return [Decimal(1)] * 2 if count == 2 else [_ENDS * (count - 2), *[_MIDDLE] * (count - 2), _ENDS * (count - 2)]
    only = 0 if model == "first_touch" else count - 1
    return [Decimal(number == only) for number in range(count)]


def _is_by(at: datetime, moment: date | None, tz: str) -> bool:
    """Whether an instant is not after a moment, or on that day at the latest."""
    return moment is None or duration_between(at, moment, tz) >= timedelta(0)


_credit = each(Credit)
_kpi = partial(Kpi, stage="lead_generation", family="attribution", unit="money")

attributed_bookings = _kpi(
    name="attributed_bookings", title="Attributed bookings", dated=_credit.closed_at,
    formula=total(_credit.amount, where=_credit.outcome == Outcome.WON), source="Google Analytics, attribution models",
    says='The amount won in the period that is credited to touches. Group by "channel": what no touch led to is '
    '"unattributed", so that all channels sum to the bookings.',
)  # fmt: skip

marketing_sourced_pipeline = _kpi(
    name="marketing_sourced_pipeline", title="Marketing-sourced pipeline", dated=_credit.created_at,
    formula=total(_credit.amount, where=one_of(_credit.sourced, True)), source="SOMA B2B SaaS",
    says="The amount of the opportunities created in the period after a touch of marketing. Give first-touch credits.",
)  # fmt: skip

marketing_influenced_pipeline = _kpi(
    name="marketing_influenced_pipeline", title="Marketing-influenced pipeline", dated=_credit.created_at,
    formula=total(_credit.amount, where=known(_credit.touched_at)), source="SOMA B2B SaaS",
    says="The amount of the opportunities created in the period that marketing touched at any time before they closed. "
    "It holds the sourced pipeline: never add the two.",
)  # fmt: skip
