"""What the annotations of fields cannot say: definitions whose parts fit, logs, contracts and whole companies."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar, cast
from zoneinfo import ZoneInfo

from attrs import evolve
from hypothesis import strategies as st

from revops_core.calendars.business_calendar import BusinessCalendar
from revops_core.calendars.holidays import HolidayRule
from revops_core.calendars.opening_hours import DAY_NAMES, spans_text, united
from revops_core.entities.account import Account
from revops_core.entities.contact import Contact
from revops_core.entities.conversion import OpportunityConversion, convert_opportunity, subscriptions_from
from revops_core.entities.deal import Deal
from revops_core.entities.engagement import Answer, Touch
from revops_core.entities.facts import Changed, Converted
from revops_core.entities.lead import Lead
from revops_core.entities.line_item import LineItem
from revops_core.entities.opportunity import Opportunity
from revops_core.entities.subscription import Subscription
from revops_core.entities.ticket import Ticket
from revops_core.entities.user import Team, User
from revops_core.sla.clock_event import ClockEvent
from revops_core.sla.escalation import EscalationTier
from revops_core.sla.sla_target import BusinessDays, SlaTarget
from revops_core.stages.move import Moved
from revops_core.stages.pipeline import Pipeline
from revops_core.stages.ready_made import LEAD, OPPORTUNITY
from revops_core.stages.stage import Stage
from revops_core.testing.sample_company import SampleCompany
from revops_core.testing.sample_story import AS_OF, CURRENCY, OFFICE, OPENED, SOURCES
from revops_core.values.condition import each, known, missing, one_of
from revops_core.values.expression import all_of, any_of
from revops_core.values.money import Money
from revops_core.values.months import months_after
from revops_core.values.period import Period

__all__ = [
    "CURRENCIES", "Strategy", "amounts", "calendars", "clock_logs", "companies", "conditions", "contracts_of", "days",
    "holiday_rules", "instants", "periods", "pipelines", "spans", "targets", "texts", "triggers", "walks", "zones",
]  # fmt: skip

T = TypeVar("T")
Strategy = st.SearchStrategy[Any]
Draw = Callable[[st.SearchStrategy[Any]], Any]

_MOST_STEPS = 6
_POLICIES = ("skip", "regression", "reopen", "closed_to_closed")

CURRENCIES = (CURRENCY, "USD", "JPY", "KWD")
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia")

texts = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8)
amounts = st.decimals(-(10**9), 10**9, places=2)
shares = st.decimals(0, 1, places=3)
days = st.dates(date(1990, 1, 1), date(2100, 1, 1))
zones = st.sampled_from([ZoneInfo(key) for key in ZONES])
instants = st.datetimes(datetime(1990, 1, 2), datetime(2100, 1, 1), timezones=zones, allow_imaginary=False)  # noqa: DTZ001 - the zone is drawn
spans = st.timedeltas(timedelta(0), timedelta(days=9))


conditions = st.recursive(
    st.builds(
        lambda name, write, value: write(getattr(each(object), name), value),
        st.sampled_from(["stage", "priority", "amount"]),
        st.sampled_from([
            lambda field, value: field == value,
            lambda field, value: one_of(field, value, "high"),
            lambda field, value: field > value,
            lambda field, _: known(field),
            lambda field, _: missing(field),
        ]),
        texts | st.integers(0, 100) | amounts,
    ),
    lambda inner: (
        st.builds(lambda join, parts: join(*parts), st.sampled_from([all_of, any_of]), st.lists(inner, max_size=3))
        | inner.map(lambda part: ~part)
    ),
    max_leaves=4,
)  # fmt: skip

hours = st.lists(st.tuples(st.integers(0, 1439), st.integers(1, 1440)), max_size=2).map(
    lambda spans: united([(start, start + length) for start, length in spans])
)
weeks = st.tuples(hours.filter(bool), *[hours] * 6).map(
    lambda week: "; ".join(f"{name} {spans_text(spans) or 'off'}" for name, spans in zip(DAY_NAMES, week, strict=True))
)
_dates = st.dates(date(2024, 1, 1), date(2027, 1, 1))
calendars = st.builds(
    BusinessCalendar, weeks, tz=st.sampled_from(ZONES), holidays=st.lists(_dates, max_size=3),
    overrides=st.dictionaries(_dates, hours.map(spans_text), max_size=2),
    first_year=st.just(2015), last_year=st.just(2035),
)  # fmt: skip
holiday_rules = st.one_of(
    st.builds(HolidayRule.fixed, st.integers(1, 12), st.integers(1, 29), observed=st.none() | st.just("next_weekday")),
    st.builds(HolidayRule.nth_weekday, st.integers(1, 12), st.sampled_from(DAY_NAMES), st.sampled_from([1, 2, -1])),
    st.builds(HolidayRule.easter, st.integers(-60, 60), orthodox=st.booleans()),
)
periods = st.one_of(
    st.builds(
        Period.containing, days, st.sampled_from(["day", "week", "month", "quarter", "year"]),
        tz=st.sampled_from(ZONES), fiscal_start_month=st.integers(1, 12),
    ),
    st.builds(
        lambda first, length, tz: Period.between(first, first + timedelta(days=length), tz=tz),
        days, st.integers(1, 800), st.sampled_from(ZONES),
    ),
)  # fmt: skip


def pipelines(_: str, version: int = 1) -> Strategy:
    """Open stages in a row, then won and lost, so that every stage has a way to an end whatever the policies are."""
    names = st.lists(texts.map("at {}".format), min_size=1, max_size=3, unique=True)
    stages = st.builds(
        lambda names, chance, needs_reason: [
            *(Stage(name, probability=chance) for name in names), Stage("won", "won"),
            Stage("lost", "lost", needs_reason=needs_reason),
        ],
        names, st.none() | shares, st.booleans(),
    )  # fmt: skip
    how = dict.fromkeys(_POLICIES, st.sampled_from(["allow", "reason", "forbid"]))
    again = st.sampled_from(["refuse", "reenter"])
    return st.builds(Pipeline, texts, stages, version=st.just(version), same_stage=again, **how)


def triggers(cls: Any) -> Callable[[str], Strategy]:
    """Tiers or reminders with one trigger each."""
    when = st.one_of(
        st.fixed_dictionaries({"at_percent": st.integers(1, 200)}),
        st.fixed_dictionaries({"before_due": st.timedeltas(timedelta(seconds=1), timedelta(hours=1))}),
        st.fixed_dictionaries({"after_breach": spans}),
    )
    later = spans.map(lambda span: span + timedelta(days=1))
    again = st.fixed_dictionaries({"repeat_every": later, "max_repeats": st.integers(1, 3)})
    people = {"held_by": texts, "number": st.integers(1, 9)} if cls is EscalationTier else {}
    who = st.fixed_dictionaries({"to": texts, "clock": st.sampled_from(["working", "wall"]), **people})
    whole = st.builds(lambda *parts: cls(**dict(ChainMap(*parts))), who, when, st.just({}) | again)
    return lambda _: whole


def targets(_: str, when: Strategy | None = None) -> Strategy:
    """Promises of the standard names, for requests of one priority or for all."""
    open_dates = st.builds(BusinessDays, st.integers(1, 9), st.sampled_from(["close", "same_time"]))
    return st.builds(
        SlaTarget, st.sampled_from(["acknowledge", "response", "resolution", "update"]),
        st.timedeltas(timedelta(hours=2), timedelta(days=9)) | open_dates,
        when=st.sampled_from(["low", "high"]).map(lambda priority: {"priority": priority}) if when is None else when,
        calendar=st.none() | calendars, reopen=st.sampled_from(["continue", "total", "new_cycle"]),
        retarget=st.sampled_from(["carry", "restart"]), at_risk_percent=st.integers(1, 100),
        due_next_open=st.booleans(),
    )  # fmt: skip


# --- records and facts that fit ---

# What may happen after a fact: each of these changes something.
_NEXT = {
    **dict.fromkeys(("started", "resumed", "reopened"), ("paused", "stopped")),
    "paused": ("resumed", "stopped"),
    "stopped": ("reopened",),
}


def _later(draw: Draw, at: datetime, most_days: int = 40) -> datetime:
    return at + timedelta(minutes=draw(st.integers(1, most_days * 1440)))


@st.composite
def _clock_steps(draw: Draw, before: ClockEvent | None) -> ClockEvent | None:
    """The next fact of a clock; None to stop, which is the first choice, so that a longer log shrinks to a shorter."""
    if before is None:
        return ClockEvent("started", _later(draw, OPENED, 400), seq=0)
    kind = draw(st.sampled_from([None, *_NEXT[before.kind]]))
    return None if kind is None else ClockEvent(kind, _later(draw, before.at), seq=cast("int", before.seq) + 1)


@st.composite
def clock_logs(draw: Draw) -> tuple[ClockEvent, ...]:
    """The facts of the clocks of one request in their order; each changes something, and all lie before `AS_OF`."""
    events: list[ClockEvent] = []
    while len(events) < _MOST_STEPS and (event := draw(_clock_steps(events[-1] if events else None))):
        events.append(event)
    return tuple(events)


@st.composite
def _steps(draw: Draw, pipeline: Pipeline, record: Any, before: Moved | None) -> Moved | None:
    """A move that the pipeline allows; None to stop, but not before the first."""
    at = _later(draw, OPENED if before is None else before.at)
    decided = pipeline.options(record, at=at, by=record.owner_id, reason="price").values()
    allowed = [move for move in decided if isinstance(move, Moved)]
    return cast("Moved | None", draw(st.sampled_from(allowed if before is None else [None, *allowed])))


@st.composite
def walks(draw: Draw, pipeline: Pipeline, record: Any) -> tuple[Any, tuple[Moved, ...]]:
    """A record on its way through a pipeline, from one stage to any that it may enter next, and its moves."""
    moves: list[Moved] = []
    while len(moves) < _MOST_STEPS and (move := draw(_steps(pipeline, record, moves[-1] if moves else None))):
        record = move.apply_to(record)
        moves.append(move)
    return record, tuple(moves)


def _several(found: st.SearchStrategy[Any], most: int) -> st.SearchStrategy[list[Any]]:
    """A list of pairs of a record and what comes with it, with ids that differ."""
    return st.lists(found, max_size=most, unique_by=lambda pair: pair[0].id)


_numbers = st.integers(0, 9)


@st.composite
def _lines(draw: Draw, currency: str) -> LineItem:
    return LineItem(
        quantity=draw(st.integers(1, 4)),
        unit_price=Money(draw(st.integers(0, 40)), currency),
        billing_interval=draw(st.sampled_from(["month", "quarter", "year", None])),
        discount=draw(st.sampled_from([Decimal(0), Decimal("0.25")])),
    )


@st.composite
def _terms(draw: Draw, since: date, currency: str) -> tuple[Subscription, bool, int]:
    """A contract from a day on, whether it is the renewal of the one before, and for how many days there is none."""
    ends_on = months_after(since, draw(st.sampled_from([1, 3, 12])))
    some_day = st.none() | st.integers(0, (ends_on - since).days).map(lambda days: since + timedelta(days=days))
    contract = Subscription(
        id="term", starts_on=since, ends_on=ends_on, trial_ends_on=draw(some_day), cancelled_on=draw(some_day),
        unpaid_since_on=draw(some_day), items=draw(st.lists(_lines(currency), min_size=1, max_size=2)),
    )  # fmt: skip
    return contract, draw(st.booleans()), draw(st.sampled_from([0, 0, 10, 60]))


@st.composite
def contracts_of(draw: Draw, accounts: Sequence[str], currency: str) -> tuple[Subscription, ...]:
    """Contracts in which nothing is wrong: the terms of an account follow one another."""
    found: list[Subscription] = []
    for account_id in accounts:
        starts_on, before = OPENED.date() + timedelta(days=draw(st.integers(0, 200))), None
        while starts_on < AS_OF.date() and draw(st.integers(0, 2)):
            term, renews, gap = draw(_terms(starts_on, currency))
            key = f"{account_id}-{starts_on}"
            found.append(evolve(term, id=key, account_id=account_id, renews_id=before if renews else None))
            starts_on, before = cast("date", term.ends_on) + timedelta(days=gap), key
    return tuple(found)


@st.composite
def _leads(draw: Draw) -> tuple[Lead, list[Any]]:
    """A lead with its moves and touches."""
    source = draw(st.sampled_from([*SOURCES]))
    lead = Lead(id=f"lead-{draw(_numbers)}", company="Aster", owner_id="ben", created_at=OPENED)
    lead, moves = draw(walks(LEAD, evolve(lead, lead_source=source)))
    touch = Touch(subject="Lead", subject_id=lead.id, at=OPENED, channel=source)
    return lead, [*moves, *[touch] * draw(st.booleans())]


@st.composite
def _sales(draw: Draw, account_id: str) -> tuple[Opportunity, list[Any]]:
    """A sale with its moves and changes; of a won one, the deal and its contracts too."""
    close_date = OPENED.date() + timedelta(days=draw(st.integers(0, 700)))
    sale = Opportunity(
        id=f"{account_id}-sale-{draw(_numbers)}", account_id=account_id, owner_id="ben", created_at=OPENED,
        kind="new_business", lines=(draw(_lines(CURRENCY)),), amount=Money(draw(st.integers(0, 9999)), CURRENCY),
        close_date=close_date,
    )  # fmt: skip
    sale, moves = draw(walks(OPPORTUNITY, sale))
    found: list[Any] = [*moves]
    if draw(st.booleans()):
        new = close_date + timedelta(days=draw(st.integers(1, 90)))
        found.append(Changed(subject="Opportunity", subject_id=sale.id, field="close_date", old=close_date, new=new,
                             at=_later(draw, moves[-1].at)))  # fmt: skip
        sale = evolve(sale, close_date=new)
    if sale.outcome == "won":
        at = cast("datetime", sale.closed_at)
        terms = Deal(id=f"{sale.id}-deal", starts_on=at.date(), term_months=draw(st.sampled_from([6, 12])))
        made = cast("OpportunityConversion", convert_opportunity(sale, at=at, deal=terms, by=sale.owner_id))
        contracts = cast("tuple[Subscription, ...]", subscriptions_from(made.deal))
        return made.opportunity, [*found, made.deal, made.fact, *contracts]
    return sale, found


@st.composite
def _tickets(draw: Draw, account_id: str) -> tuple[Ticket, tuple[ClockEvent, ...]]:
    log = draw(clock_logs())
    ticket = Ticket(
        id=f"{account_id}-ticket-{draw(_numbers)}", account_id=account_id, owner_id="ben", priority="normal",
        request=draw(st.sampled_from(["bug_fix", "account_setup"])), created_at=log[0].at,
        resolved_at=log[-1].at if log[-1].kind == "stopped" else None,
        reopened_count=sum(event.kind == "reopened" for event in log),
    )  # fmt: skip
    return ticket, log


@st.composite
def _customers(draw: Draw, most: int) -> tuple[Account, list[Any]]:
    """An account and all that belongs to it; what one says comes with it, so that it shrinks away with it."""
    account = Account(id=f"account-{draw(_numbers)}", owner_id="ben")
    found: list[Any] = [Contact(id=f"{account.id}-contact", account_id=account.id)]
    for sale, rest in draw(_several(_sales(account.id), most)):
        found += [sale, *rest]
    found += draw(_several(_tickets(account.id), most))
    found += draw(contracts_of([account.id], CURRENCY))
    for score in draw(st.lists(st.integers(0, 10), max_size=1)):
        at = _later(draw, OPENED, 700)
        found.append(Answer(survey="nps", account_id=account.id, at=at, score=Decimal(score), scale_max=Decimal(10)))
    return account, found


@st.composite
def companies(draw: Draw, most: int) -> SampleCompany:
    """Companies of at most so many accounts and leads, and sales and tickets of each account, in which all fits."""
    drawn = [*draw(_several(_leads(), most)), *draw(_several(_customers(most), most))]
    told = [thing for record, rest in drawn for thing in (record, *rest)]

    def of(cls: type[T]) -> tuple[T, ...]:
        return tuple(thing for thing in told if isinstance(thing, cls))

    return SampleCompany(
        as_of=AS_OF, office=OFFICE, teams=(Team(id="sales", manager_id="ana"),),
        users=(User(id="ana", team_id="sales"), User(id="ben", team_id="sales", manager_id="ana")), products=(),
        accounts=of(Account), contacts=of(Contact), leads=of(Lead), opportunities=of(Opportunity), deals=of(Deal),
        subscriptions=of(Subscription), tickets=tuple(ticket for ticket, _ in of(tuple)), moves=of(Moved),
        changes=of(Changed), conversions=of(Converted), touches=of(Touch), activities=(), answers=of(Answer),
        milestones=(), spend=(), quotas=(), clock_events={ticket.id: log for ticket, log in of(tuple)},
    )  # fmt: skip
