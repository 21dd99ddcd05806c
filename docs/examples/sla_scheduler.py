"""A scheduler of SLA clocks over SQLite that sleeps until something can happen.

    python docs/examples/sla_scheduler.py

runs a day of two tickets against a clock that jumps. The library reads and writes nothing: this file shows the columns
an application stores, and the one loop it needs. See docs/how-to/sla-scheduler.md.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from revops_core import calendars, sla
from revops_core.errors import CalendarHorizonError
from revops_core.values.plain import from_plain, to_plain

SCHEMA = """
create table if not exists ticket (id text primary key, request text not null);
create table if not exists fact (ticket_id text not null, id text not null, fact text not null,
                                 primary key (ticket_id, id));
create table if not exists notice (id text primary key, ticket_id text not null, sent_at text not null,
                                   withdrawn_at text);
"""

HOUR = timedelta(hours=1)
POLICY = sla.SlaPolicy(
    "support",
    calendar=calendars.BusinessCalendar("Mo-Fr 09:00-17:00", tz="Europe/Berlin"),
    targets=[sla.SlaTarget("response", HOUR), sla.SlaTarget("resolution", 8 * HOUR)],
    escalation=[sla.EscalationTier(1, "agent", "team_lead", after_breach=timedelta(0))],
    reminders=[sla.Reminder(to="agent", at_percent=75, target="resolution")],
)

Send = Callable[[sla.Notice], None]


def open_ticket(db: sqlite3.Connection, ticket_id: str, **request: object) -> None:
    """Store what is known of a ticket before its first fact."""
    with db:
        db.execute("insert into ticket values (?, ?)", (ticket_id, json.dumps(request)))


def record(db: sqlite3.Connection, ticket_id: str, facts: Iterable[sla.ClockEvent]) -> None:
    """Store facts whenever they arrive, late, early or twice: a fact is known by its id."""
    rows = [(ticket_id, sla.fact_id(ticket_id, fact), json.dumps(to_plain(fact))) for fact in facts]
    with db:
        db.executemany("insert or ignore into fact values (?, ?, ?)", rows)


def clocks(db: sqlite3.Connection) -> list[sla.Clock]:
    """The clock of every ticket: its facts under the policy, and nothing else."""
    facts: dict[str, list[sla.ClockEvent]] = {}
    for ticket_id, text in db.execute("select ticket_id, fact from fact"):
        facts.setdefault(ticket_id, []).append(from_plain(sla.ClockEvent, json.loads(text)))
    tickets = db.execute("select id, request from ticket order by id")
    return [POLICY.clock(ticket_id, facts.get(ticket_id, ()), **json.loads(request)) for ticket_id, request in tickets]


def tick(db: sqlite3.Connection, as_of: datetime, send: Send) -> datetime | None:
    """Send what has fired and was not sent, note what late facts withdrew, and tell when to look again.

    Looking late loses nothing and looking twice doubles nothing, so it may run at any time: after every fact, after a
    restart, on a timer.
    """
    sent = {row[0] for row in db.execute("select id from notice where withdrawn_at is null")}
    known = {row[0] for row in db.execute("select id from notice")}
    fired: dict[str, sla.Notice] = {}
    soonest: list[datetime] = []
    for clock in clocks(db):
        try:
            reading = clock.read(as_of)
        except CalendarHorizonError:
            continue  # a fact with a placeholder for a date; `sla.check` tells of it, and the other tickets go on
        fired.update((notice.id, notice) for notice in (*reading.escalations, *reading.reminders))
        if reading.look_again_at is not None:
            soonest.append(reading.look_again_at)
    for notice in sorted(fired.values(), key=lambda notice: (notice.at, notice.id)):
        if notice.id not in known:
            send(notice)  # first send, then note it: a crash between the two sends twice, under the same id
            with db:
                db.execute("insert into notice values (?, ?, ?, null)", (notice.id, notice.clock_id, as_of.isoformat()))
    with db:
        withdrawn = [(as_of.isoformat(), notice_id) for notice_id in sent - fired.keys()]
        db.executemany("update notice set withdrawn_at = ? where id = ?", withdrawn)
    return min(soonest, default=None)


def run(
    db: sqlite3.Connection,
    *,
    now: Callable[[], datetime],
    sleep_until: Callable[[datetime | None], bool],
    send: Send,
) -> None:
    """The loop: look, then sleep until the earliest `look_again_at` or until a fact arrives, whichever is first.

    Args:
        db: the store.
        now: the clock of the application.
        sleep_until: waits until an instant (None: for a fact only) or until somebody recorded a fact; False ends.
        send: delivers one notice; a receiver that keeps ids drops the same one sent twice.
    """
    while sleep_until(tick(db, now(), send)):
        pass


def example() -> None:
    """A day of two tickets: one answered in time, one forgotten over lunch; one fact comes late."""
    db = sqlite3.connect(":memory:")
    db.executescript(SCHEMA)
    nine = datetime(2026, 3, 2, 9, tzinfo=ZoneInfo("Europe/Berlin"))
    arrivals: Mapping[datetime, tuple[str, list[sla.ClockEvent]]] = {
        nine: ("t1", [sla.ClockEvent("started", nine)]),
        nine + HOUR / 4: ("t2", [sla.ClockEvent("started", nine + HOUR / 4)]),
        nine + HOUR / 2: ("t1", [sla.ClockEvent("responded", nine + HOUR / 2)]),
        # Answered in time by telephone and written down in the afternoon: what was sent is withdrawn.
        nine + 5 * HOUR: ("t2", [sla.ClockEvent("responded", nine + HOUR)]),
        nine + 7 * HOUR: ("t1", [sla.ClockEvent("stopped", nine + 7 * HOUR)]),
        nine + 7 * HOUR + HOUR / 2: ("t2", [sla.ClockEvent("stopped", nine + 7 * HOUR + HOUR / 2)]),
    }
    for ticket_id in ("t1", "t2"):
        open_ticket(db, ticket_id)
    at, pending = nine, sorted(arrivals)

    def sleep_until(look_again_at: datetime | None) -> bool:
        nonlocal at
        ahead = [moment for moment in (look_again_at, *pending[:1]) if moment is not None]
        if not ahead:
            return False
        at = min(ahead)
        while pending and pending[0] <= at:
            record(db, *arrivals[pending.pop(0)])
        return True

    def send(notice: sla.Notice) -> None:
        print(f"{notice.at:%H:%M} to {notice.to}: {notice.clock_id} {notice.target}, {notice.trigger}")

    run(db, now=lambda: at, sleep_until=sleep_until, send=send)
    for notice_id, withdrawn_at in db.execute("select id, withdrawn_at from notice where withdrawn_at is not null"):
        print(f"withdrawn at {withdrawn_at[11:16]}: {notice_id.rsplit('/', 3)[0].split('/')[:2]}")
    db.close()


if __name__ == "__main__":
    example()
