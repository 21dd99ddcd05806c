"""OpportunityInPeriod: an opportunity at the start and at the end of a period, one row for each, as KPIs read it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from attrs import field, frozen

from revops_core.entities.facts import Changed
from revops_core.entities.opportunity import Outcome
from revops_core.stages.move import Corrected, Moved
from revops_core.stages.records_as_of import records_as_of
from revops_core.values.checks import Id, Share, as_tuple, checked, require, short_repr
from revops_core.values.duration import is_after, moment_of
from revops_core.values.frozen_map import EMPTY, frozen_map
from revops_core.values.instants import to_microseconds
from revops_core.values.measurement import Measurement
from revops_core.values.money import Money
from revops_core.values.period import Period

__all__ = ["OpportunityInPeriod", "opportunities_in_period"]

_MICROSECOND = timedelta(microseconds=1)
_AS_IT_IS = (
    "id", "owner_id", "account_id", "kind", "lead_source", "stage", "amount", "probability", "forecast_category",
    "close_date", "custom",
)  # fmt: skip


@checked()
@frozen(kw_only=True)
class OpportunityInPeriod:
    """One opportunity in one period: where it stood just before the start, and at the end or now.

    Args:
        starts_on: the first day of the period.
        amount, stage, outcome, probability, forecast_category, close_date: at the end, or now.
        amount_at_creation: where it was created in the period.
        amount_at_start: where it was open at the start.
        is_open, is_due, is_won: at the end it is open, is to close or closed in the period, was won in the period.
        is_qualified: at the end it is in one of the qualified stages; None where nobody said which these are.
        is_created: it was created in the period.
        was_due: it was open at the start and was to close in the period.
        is_slipped: it was due, and is open with a later close date, or open although the period is over.
        is_pulled_in: it was open at the start and to close after the period, and now is to close in it, or was won.
        chance: of being won in the period, as past opportunities in its stage were.

    >>> OpportunityInPeriod(id="o1", starts_on=date(2026, 1, 1), was_due=True, is_slipped=True).is_won
    False
    """

    id: Id
    starts_on: date
    owner_id: Id | None = None
    account_id: Id | None = None
    kind: str | None = None
    lead_source: str | None = None
    stage: str | None = None
    outcome: str | None = None
    amount: Money | None = None
    amount_at_creation: Money | None = None
    amount_at_start: Money | None = None
    probability: Share | None = None
    chance: Share | None = None
    forecast_category: str | None = None
    close_date: date | None = None
    is_created: bool = False
    is_open: bool = False
    is_due: bool = False
    is_won: bool = False
    is_qualified: bool | None = None
    was_due: bool = False
    is_slipped: bool = False
    is_pulled_in: bool = False
    custom: Mapping[str, object] = field(default=EMPTY, converter=frozen_map)

    __repr__ = short_repr


def opportunities_in_period(
    opportunities: Iterable[Any],
    facts: Iterable[Moved | Corrected | Changed],
    period: Period,
    *,
    as_of: datetime | None = None,
    qualified_stages: Iterable[str] = (),
    chances: Mapping[str, Decimal | Measurement] = EMPTY,
) -> list[OpportunityInPeriod]:
    """One row for each opportunity that had begun by the end of the period, or by `as_of` where that is earlier.

    Args:
        opportunities: records with the attributes of an `Opportunity`, as they are now.
        facts: their moves and changes; what no fact names was always as it is now.
        period: rows of several periods may be put together: each knows its own.
        as_of: the moment to look from, for a period that still runs.
        qualified_stages: the stages in which an opportunity counts as qualified.
        chances: by stage, the share of past opportunities in it that were won in time: Decimals, or what
            `StageLog.win_chances` tells, which is the share won at any time.

    >>> from revops_core.entities.opportunity import Opportunity
    >>> from datetime import UTC
    >>> january, february = date(2026, 1, 20), date(2026, 2, 20)
    >>> deal = Opportunity(id="o1", created_on=date(2025, 12, 1), close_date=february)
    >>> later = Changed(subject="Opportunity", subject_id="o1", field="close_date", old=january, new=february,
    ...                 at=datetime(2026, 1, 15, tzinfo=UTC))
    >>> [row.is_slipped for row in opportunities_in_period([deal], [later], Period.month(2026, 1))]
    [True]
    """
    qualified = as_tuple(qualified_stages)
    require("opportunities_in_period", period=(period, Period), as_of=(as_of, datetime | None))
    require("opportunities_in_period", qualified_stages=(qualified, tuple[str, ...]))
    held, told = list(opportunities), list(facts)
    last = period.end - _MICROSECOND
    is_over = as_of is None or to_microseconds(as_of) > to_microseconds(last)
    end = last if is_over or as_of is None else as_of
    start = min(period.start - _MICROSECOND, end, key=to_microseconds)
    tz = period.tz
    began = (record for record in records_as_of(held, told, start) if has_begun(record, start, tz))
    before = {record.id: record for record in began if was_open(record, start, tz)}
    first_amounts = _first_amounts(told)
    shares = {stage: _share(chance) for stage, chance in chances.items()}
    rows = []
    for now in (record for record in records_as_of(held, told, end) if has_begun(record, end, tz)):
        then = before.get(now.id)
        was_to_close = None if then is None else then.close_date
        is_open = was_open(now, end, tz)
        created, closing = moment_of(now, "created"), now.close_date if is_open else moment_of(now, "closed")
        is_due = closing is not None and period.contains(closing)
        is_won = is_due and not is_open and now.outcome == Outcome.WON
        was_due = was_to_close is not None and period.contains(was_to_close)
        is_created = created is not None and period.contains(created)
        rows.append(
            OpportunityInPeriod(
                **{name: getattr(now, name) for name in _AS_IT_IS},
                starts_on=period.start_on,
                outcome=Outcome.OPEN if is_open else now.outcome,
                amount_at_creation=first_amounts.get(now.id, now.amount) if is_created else None,
                amount_at_start=None if then is None else then.amount,
                chance=shares.get(now.stage or ""),
                is_created=is_created,
                is_open=is_open,
                is_due=is_due,
                is_won=is_won,
                is_qualified=now.stage in qualified if qualified else None,
                was_due=was_due,
                is_slipped=was_due and is_open and (is_over or _is_later(now.close_date, period)),
                is_pulled_in=_is_later(was_to_close, period) and is_due and (is_open or is_won),
            )
        )
    return rows


def has_begun(record: Any, at: datetime | None, tz: str) -> bool:
    """Whether an opportunity was there at an instant; now, where there is none."""
    created = moment_of(record, "created")
    return created is None or at is None or not is_after(created, at, tz)


def was_open(record: Any, at: datetime | None, tz: str) -> bool:
    """Whether an opportunity was open at an instant, or is open now: it had not closed, or closed later."""
    closed = moment_of(record, "closed")
    return record.outcome == Outcome.OPEN or (closed is not None and at is not None and is_after(closed, at, tz))


def _share(chance: Decimal | Measurement) -> Decimal | None:
    """A chance as a Decimal, one that was measured to 12 places; None where it is undefined."""
    if not isinstance(chance, Measurement):
        return chance
    return Decimal(f"{float(chance):.12f}") if chance.is_defined else None


def _is_later(close_date: date | None, period: Period) -> bool:
    return close_date is not None and close_date >= period.end_on


def _first_amounts(facts: Iterable[Any]) -> dict[str, Money | None]:
    """The amount that each opportunity had before it was first changed."""
    changes = [fact for fact in facts if isinstance(fact, Changed) and fact.field == "amount"]
    changes.sort(key=lambda fact: (to_microseconds(fact.at), -1 if fact.seq is None else fact.seq), reverse=True)
    return {change.subject_id: change.old for change in changes if change.subject == "Opportunity"}  # type: ignore[misc]
