from __future__ import annotations

import importlib.util
import random
import sqlite3
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from revops_core import sla

PATH = Path(__file__).resolve().parents[2] / "docs/examples/sla_scheduler.py"
BERLIN = ZoneInfo("Europe/Berlin")
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def scheduler():
    spec = importlib.util.spec_from_file_location("sla_scheduler", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def store(scheduler, tmp_path):
    stores = []

    def connect():
        db = sqlite3.connect(tmp_path / "tickets.db")
        db.executescript(scheduler.SCHEMA)
        stores.append(db)
        return db

    yield connect
    for db in stores:
        db.close()


def at(hour, minute=0, day=2):
    return datetime(2026, 3, day, hour, minute, tzinfo=BERLIN)


def sent_at(sent):
    return [(notice.clock_id, notice.target, notice.at) for notice in sent]


def test_the_example_tells_a_day_of_two_tickets(scheduler, capsys):
    scheduler.example()
    assert capsys.readouterr().out.splitlines() == [
        "10:15 to team_lead: t2 response, at breach",
        "15:00 to agent: t1 resolution, at 75 percent",
        "15:15 to agent: t2 resolution, at 75 percent",
        "withdrawn at 14:00: ['t2', 'response']",
    ]


def test_a_restart_loses_nothing_and_sends_nothing_twice(scheduler, store):
    sent = []
    db = store()
    scheduler.open_ticket(db, "t1")
    scheduler.record(db, "t1", [sla.ClockEvent("started", at(9))])
    assert scheduler.tick(db, at(9), sent.append) == at(9, 45)
    db.close()
    later = store()  # it was down from 9:00 to the next noon
    scheduler.tick(later, at(12, day=3), sent.append)
    scheduler.tick(later, at(12, day=3), sent.append)
    assert sent_at(sent) == [("t1", "response", at(10)), ("t1", "resolution", at(15)), ("t1", "resolution", at(17))]


def test_a_crash_between_sending_and_noting_sends_the_same_id_again(scheduler, store):
    db, sent = store(), []
    scheduler.open_ticket(db, "t1")
    scheduler.record(db, "t1", [sla.ClockEvent("started", at(9))])

    def send_and_crash(notice):
        sent.append(notice)
        raise ConnectionError

    with pytest.raises(ConnectionError):
        scheduler.tick(db, at(11), send_and_crash)
    scheduler.tick(db, at(11), sent.append)
    assert [notice.id for notice in sent] == [sent[0].id] * 2


def test_a_late_fact_withdraws_what_should_not_have_been_sent(scheduler, store):
    db, sent = store(), []
    scheduler.open_ticket(db, "t1")
    scheduler.record(db, "t1", [sla.ClockEvent("started", at(9))])
    scheduler.tick(db, at(11), sent.append)
    late = sla.ClockEvent("responded", at(9, 30))
    scheduler.record(db, "t1", [late, late])
    scheduler.tick(db, at(12), sent.append)
    assert sent_at(sent) == [("t1", "response", at(10))]
    assert db.execute("select count(*) from notice where withdrawn_at is not null").fetchone() == (1,)


def test_a_ticket_with_a_placeholder_for_a_date_does_not_stop_the_others(scheduler, store):
    db, sent = store(), []
    for ticket_id, start in (("t1", at(9).replace(year=1970)), ("t2", at(9))):
        scheduler.open_ticket(db, ticket_id)
        scheduler.record(db, ticket_id, [sla.ClockEvent("started", start)])
    assert scheduler.tick(db, at(11), sent.append) == at(15)
    assert sent_at(sent) == [("t2", "response", at(10))]


def test_waking_only_when_asked_sends_what_waking_every_minute_sends(scheduler, store, tmp_path):
    dice = random.Random(7)
    facts = {}
    for number in range(6):
        start = at(9) + timedelta(minutes=dice.randrange(300))
        kinds = ["paused", "resumed", "responded", "stopped", "reopened", "paused", "resumed"]
        moments = sorted(start + timedelta(minutes=dice.randrange(2000)) for _ in kinds)
        facts[f"t{number}"] = [sla.ClockEvent("started", start)]
        facts[f"t{number}"] += [sla.ClockEvent(kind, moment) for kind, moment in zip(kinds, moments, strict=True)]
    db = store()
    for ticket_id in facts:
        scheduler.open_ticket(db, ticket_id)
    arrivals = sorted((fact.at, ticket_id, fact) for ticket_id, log in facts.items() for fact in log)
    now, sent, looks = [at(9)], [], [0]

    def sleep_until(look_again_at):
        looks[0] += 1
        now[0] = min(
            [*([look_again_at] if look_again_at else []), *([arrivals[0][0]] if arrivals else [])], default=None
        )
        while arrivals and arrivals[0][0] <= now[0]:
            _, ticket_id, fact = arrivals.pop(0)
            scheduler.record(db, ticket_id, [fact])
        return now[0] is not None

    scheduler.run(db, now=lambda: now[0], sleep_until=sleep_until, send=sent.append)
    every_minute = {}
    clocks = [scheduler.POLICY.clock(ticket_id, log) for ticket_id, log in facts.items()]
    for clock in clocks:
        reading = clock.read(at(9, day=20))
        every_minute |= {notice.id: notice.at for notice in (*reading.escalations, *reading.reminders)}
    assert {notice.id: notice.at for notice in sent} == every_minute
    assert looks[0] < 200
