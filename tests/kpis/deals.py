"""Rows for the tests of KPIs: opportunities as mappings, which the tests turn into objects."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from hypothesis import strategies as st

from revops_core.values.money import Money
from revops_core.values.period import Period

YEAR = Period.year(2026)
AS_OF = datetime(2026, 8, 15, 12, tzinfo=UTC)


def deal(number=0, outcome="won", amount=None, closed=None, *, created=date(2026, 1, 1), owner="ana", probability=None):
    """One opportunity as a mapping; `closed` is a date or an instant."""
    return {
        "id": f"o{number}",
        "outcome": outcome,
        "amount": None if amount is None else Money(amount, "EUR"),
        "created_at": created if isinstance(created, datetime) else None,
        "created_on": None if isinstance(created, datetime) else created,
        "closed_at": closed if isinstance(closed, datetime) else None,
        "closed_on": None if isinstance(closed, datetime) else closed,
        "owner_id": owner,
        "probability": probability,
    }


@st.composite
def deals(draw, most=25):
    """Some opportunities of 2026, any of whose fields may be missing."""
    rows = []
    for number in range(draw(st.integers(0, most))):
        outcome = draw(st.sampled_from(["open", "won", "lost", "no_decision"]))
        created = draw(st.none() | st.dates(date(2026, 1, 1), date(2026, 12, 1)))
        closed = None
        if outcome != "open":
            days = draw(st.integers(0, 200))
            day = (created or date(2026, 1, 1)) + timedelta(days=days)
            closed = draw(st.sampled_from([None, day, datetime(day.year, day.month, day.day, 9, 30, tzinfo=UTC)]))
        rows.append(
            deal(
                number,
                outcome,
                draw(st.none() | st.integers(0, 1_000_000).map(lambda cents: Decimal(cents).scaleb(-2))),
                closed,
                created=created,
                owner=draw(st.sampled_from(["ana", "ben", None])),
                probability=draw(st.none() | st.sampled_from([Decimal("0.1"), Decimal("0.5"), Decimal(1)])),
            )
        )
    return rows
