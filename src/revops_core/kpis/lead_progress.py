"""LeadProgress: when a lead reached each stage on its way to a customer, one row for each lead, as KPIs read it."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from attrs import field, frozen

from revops_core.calendars.business_calendar import BusinessCalendar
from revops_core.entities.engagement import Activity
from revops_core.entities.opportunity import Outcome
from revops_core.errors import Fault, InvalidValueError
from revops_core.stages.move import Corrected, Moved
from revops_core.stages.standing_moves import standing_moves
from revops_core.values.checks import Id, Span, as_tuple, checked, short_repr
from revops_core.values.duration import duration_between, moment_of
from revops_core.values.frozen_map import EMPTY, frozen_map
from revops_core.values.instants import to_microseconds

__all__ = ["LeadProgress", "lead_progress"]

_AS_IT_IS = ("id", "assigned_at", "lead_source", "campaign", "owner_id", "custom")


@checked()
@frozen(kw_only=True)
class LeadProgress:
    """How far one lead has come; each date is that of the first entry, None while it has not been reached.

    Args:
        created_at: when the lead was created.
        mql_at: when marketing qualified it.
        sql_at: when sales accepted it as qualified.
        opportunity_at: when an opportunity was created from it.
        won_at: when that opportunity was won.
        assigned_at: when its present owner got it.
        attempted_at: when a person of ours first turned to it.
        contacted_at: when a person of ours first reached it.
        response_time: from its creation to the first attempt, in working time where there is a calendar.
        account_id: the account it was matched to.

    >>> from datetime import UTC
    >>> LeadProgress(id="l1", created_at=datetime(2026, 3, 1, tzinfo=UTC)).mql_at is None
    True
    """

    id: Id
    created_at: datetime | date
    mql_at: datetime | date | None = None
    sql_at: datetime | date | None = None
    opportunity_at: datetime | date | None = None
    won_at: datetime | date | None = None
    assigned_at: datetime | None = None
    attempted_at: datetime | None = None
    contacted_at: datetime | None = None
    response_time: Span | None = None
    lead_source: str | None = None
    campaign: str | None = None
    owner_id: Id | None = None
    account_id: Id | None = None
    custom: Mapping[str, object] = field(default=EMPTY, converter=frozen_map)

    __repr__ = short_repr


def lead_progress(
    leads: Iterable[Any],
    moves: Iterable[Moved | Corrected] = (),
    *,
    mql: str | tuple[str, ...] = "marketing_qualified",
    sql: str | tuple[str, ...] = "sales_qualified",
    opportunities: Iterable[Any] = (),
    activities: Iterable[Activity] = (),
    calendar: BusinessCalendar | None = None,
    tz: str = "UTC",
) -> list[LeadProgress]:
    """One row for each lead, from its moves, the opportunities that came of it and what was done for it.

    A stage counts from its first entry on; a move that passes over it counts as one. Of several opportunities the first
    counts, and the first that was won. A response is a person's: what is automated or inbound is none.

    Args:
        leads: records with the attributes of a `Lead`.
        moves: theirs; those of other records do no harm.
        mql: the stage, or several, in which marketing has qualified a lead.
        sql: the stage, or several, in which sales has.
        opportunities: records with a `lead_id`, or named by `converted_opportunity_id` of a lead.
        activities: those with the subject "Lead" count.
        calendar: counts the response time in working time.
        tz: the zone of days that stand beside instants.

    Raises:
        InvalidValueError: leads without a date of creation; names each.

    >>> from datetime import UTC
    >>> from revops_core.entities.lead import Lead
    >>> first, second = (datetime(2026, 3, day, tzinfo=UTC) for day in (1, 2))
    >>> move = Moved(subject_id="l1", target="marketing_qualified", at=second)
    >>> [row.mql_at == second for row in lead_progress([Lead(id="l1", created_at=first)], [move])]
    [True]
    """
    moves_of: dict[str, list[Moved | Corrected]] = defaultdict(list)
    for move in moves:
        moves_of[move.subject_id].append(move)
    done_for: dict[str, list[Activity]] = defaultdict(list)
    for activity in activities:
        if activity.subject == "Lead" and not activity.is_automated and activity.direction != "inbound":
            done_for[activity.subject_id].append(activity)
    sales_of: dict[tuple[str, str | None], list[Any]] = defaultdict(list)
    for sale in opportunities:
        sales_of["Opportunity", sale.id] = [sale]
        sales_of["Lead", sale.lead_id].append(sale)
    rows, faults = [], []
    for number, lead in enumerate(leads):
        created = moment_of(lead, "created")
        if created is None:
            faults.append(Fault(f"leads[{number}].created_at", "must be known", lead.id))
            continue
        standing = standing_moves(moves_of.get(lead.id, ()))
        keys = (("Lead", lead.id), ("Opportunity", lead.converted_opportunity_id))
        sales = [sale for key in keys for sale in sales_of.get(key, ())]
        done = done_for.get(lead.id, ())
        attempts = [each for each in done if duration_between(created, each.at, tz) >= timedelta(0)]
        attempted_at = _first((each.at for each in attempts), tz)
        rows.append(
            LeadProgress(
                **{name: getattr(lead, name) for name in _AS_IT_IS},
                created_at=created,
                mql_at=_entered(standing, mql),
                sql_at=_entered(standing, sql),
                opportunity_at=_first((moment_of(sale, "created") for sale in sales), tz),
                won_at=_first((moment_of(sale, "closed") for sale in sales if sale.outcome == Outcome.WON), tz),
                attempted_at=attempted_at,
                contacted_at=_first((each.at for each in attempts if each.reached), tz),
                response_time=_response_time(created, attempted_at, calendar),
                account_id=lead.account_id or lead.converted_account_id,
            )
        )
    if faults:
        raise InvalidValueError("lead_progress", faults)
    return rows


def _entered(moves: Iterable[Moved], stages: str | tuple[str, ...]) -> datetime | None:
    names = {stages} if isinstance(stages, str) else set(as_tuple(stages))
    return next((move.at for move in moves if move.target in names or names & set(move.skipped)), None)


def _first(moments: Iterable[date | None], tz: str) -> Any:
    """The earliest of what is known: by instant, or by day where any is a day; of one day rather an instant."""
    known = [moment for moment in moments if moment is not None]
    days = [moment for moment in known if not isinstance(moment, datetime)]
    if not days:
        return min(known, key=to_microseconds, default=None)  # type: ignore[arg-type]

    def order(moment: date) -> tuple[timedelta, float]:
        instant = to_microseconds(moment) if isinstance(moment, datetime) else math.inf
        return duration_between(days[0], moment, tz), instant

    return min(known, key=order)


def _response_time(created: date, at: datetime | None, calendar: BusinessCalendar | None) -> timedelta | None:
    if at is None or not isinstance(created, datetime):
        return None
    return duration_between(created, at) if calendar is None else calendar.working_time(created, at)
