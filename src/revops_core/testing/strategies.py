"""Strategies for Hypothesis (extra "testing"): any value of the library, and small companies in which all fits.

    @given(strategies.values(Money))
    def test_my_database_keeps_every_amount(money): ...

Every value is valid by construction: nothing is drawn and then thrown away, so that a failing example shrinks to a
small one. The amounts within one value are in one currency. `st.register_type_strategy(Money, strategies.values)`
tells Hypothesis, so that `st.from_type` and `st.builds` find them too.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from functools import lru_cache, partial
from operator import eq, gt, invert
from types import MappingProxyType, NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin
from zoneinfo import ZoneInfo

from attrs import NOTHING, fields
from hypothesis import strategies as st

from revops_core.calendars import BusinessCalendar, HolidayRule, WorkingTime
from revops_core.calendars.opening_hours import DAY_NAMES, spans_text, united
from revops_core.entities import Lead, Opportunity, Subscription
from revops_core.kpis import Bridge, CohortTable, Kpi, KpiTable, RevenueLedger, Scorecard, cohorts, measure
from revops_core.kpis.explain import Explanation, explain
from revops_core.kpis.formula import count, total
from revops_core.kpis.lead_generation import lead_volume
from revops_core.kpis.revenue_policy import CHOICES, RevenuePolicy
from revops_core.sla import BusinessDays, Clock, EscalationTier, Reading, Reminder, SlaPolicy, SlaTarget, TargetReading
from revops_core.stages import OPPORTUNITY, Journey, Migration, Pipeline, Stage, StageLog
from revops_core.testing.sample_company import SampleCompany
from revops_core.testing.sample_story import AS_OF, CURRENCY
from revops_core.testing.strategies_of_worlds import clock_logs, companies, contracts_of, walks
from revops_core.values import ConfidenceInterval, ExchangeRates, Expression, Interval, KaplanMeier, Rule, Table
from revops_core.values.checks import AtLeast, Between, Count, Currency, hints_of, require
from revops_core.values.condition import each, known, missing, one_of
from revops_core.values.demand import kind_of
from revops_core.values.expression import all_of, any_of
from revops_core.values.instants import to_microseconds
from revops_core.values.measurement import REASONS, Undefined
from revops_core.values.money import Money
from revops_core.values.period import Period

__all__ = ["contract_sets", "values", "worlds"]

T = TypeVar("T")

_CURRENCIES = (CURRENCY, "USD", "JPY", "KWD")
_ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia")

_Strategy = st.SearchStrategy[Any]
_texts = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8)
_amounts = st.decimals(-(10**9), 10**9, places=2)
_days = st.dates(date(1990, 1, 1), date(2100, 1, 1))
_zones = st.sampled_from([ZoneInfo(key) for key in _ZONES])
_instants = st.datetimes(datetime(1990, 1, 2), datetime(2100, 1, 1), timezones=_zones, allow_imaginary=False)  # noqa: DTZ001 - the zone is drawn
_spans = st.timedeltas(timedelta(0), timedelta(days=9))

# What is in order within a value: the second is moved behind the first where it is not.
_IN_ORDER = (("starts_on", "ends_on"), ("starts_on", "trial_ends_on"), ("scale_min", "scale_max"))


def values(cls: type[T]) -> st.SearchStrategy[T]:
    """Any valid value of a public class of this library: an entity, a fact, a definition, a result.

    Args:
        cls: the class; `datetime` (aware, of several zones), `date`, `Decimal` and `timedelta` will do, too.

    >>> from revops_core.entities.subscription import Subscription
    >>> some = values(Subscription).filter(lambda contract: contract.ends_on is not None)
    """
    require("values", cls=(cls, type))
    return cast("st.SearchStrategy[T]", st.sampled_from(_CURRENCIES).flatmap(partial(_of, cls)))


def contract_sets(
    *, accounts: Sequence[str] = ("account-1", "account-2"), currency: str = CURRENCY
) -> st.SearchStrategy[tuple[Subscription, ...]]:
    """Contracts in which `kpis.check_contracts` finds nothing, for the laws of recurring revenue.

    The terms of an account follow one another, with or without a gap, as a renewal or not; some are cancelled, on trial
    or unpaid.

    Args:
        accounts: whose contracts they may be.
        currency: of all prices.

    >>> some = contract_sets(accounts=["a1"], currency="USD")
    """
    return contracts_of(accounts, currency)


def worlds(*, most: int = 2) -> st.SearchStrategy[SampleCompany]:
    """Small companies in which all fits: people, accounts, leads, sales, contracts and tickets, with their facts.

    Every reference leads to a record, every move is one that the pipeline allowed, contracts follow one another and
    clocks hear only what changes something: `entities.check`, `stages.check`, `sla.check` and `kpis.check_contracts`
    find nothing. It shrinks to a company without customers.

    Args:
        most: how many accounts, leads, sales and tickets there are at most, of each.

    >>> some = worlds(most=1).map(lambda world: world.opportunities)
    """
    require("worlds", most=(most, Count))
    return companies(most)


def _limits(hint: Any) -> tuple[Any, Any]:
    """The lowest and the highest value that an annotation allows; None without a limit."""
    marks = [mark for part in (hint, *get_args(hint)) for mark in getattr(part, "__metadata__", ())]
    limits = [(mark.low, getattr(mark, "high", None)) for mark in marks if isinstance(mark, AtLeast | Between)]
    return limits[0] if limits else (None, None)


_plain = st.none() | st.booleans() | st.integers() | _texts | _amounts | _days | _instants


def _of(hint: Any, currency: str) -> _Strategy:
    """Values that satisfy an annotation, None apart; amounts are in `currency`."""
    kind, (low, high) = kind_of(hint), _limits(hint)
    if Currency in (hint, *get_args(hint)):
        return st.just(currency)
    simple: dict[Any, _Strategy] = {
        str: _texts,
        bool: st.booleans(),
        int: st.integers(0 if low is None else low, 10**6 if high is None else high),
        float: st.floats(0.001 if low is None else low, 0.999 if high is None else high),
        Decimal: st.decimals(-100 if low is None else low, 100 if high is None else high, places=3),
        Fraction: st.fractions(0, 1, max_denominator=100),
        Money: st.builds(Money, _amounts, st.just(currency)),
        date: _days,
        datetime: _instants,
        timedelta: _spans if low is None else _spans.map(lambda span: max(span, low)),
        tzinfo: _zones,
        **dict.fromkeys((object, Any, Hashable), _plain),
    }
    origin, parts = get_origin(kind), get_args(kind)
    if kind in simple:
        return simple[kind]
    if origin is Literal:
        return st.sampled_from(parts)
    if origin in (Union, UnionType):
        return st.one_of([_of(part, currency) for part in parts if part is not NoneType])
    if origin is tuple and parts[-1] is Ellipsis:
        return st.lists(_of(parts[0], currency), max_size=2).map(tuple)
    if origin is tuple:
        return st.tuples(*(_of(part, currency) for part in parts))
    if origin is Mapping:
        return st.dictionaries(_of(parts[0], currency), _of(parts[1], currency), max_size=2)
    return st.sampled_from(kind) if issubclass(kind, Enum) else _drawn(kind, currency)


@lru_cache(maxsize=1024)
def _drawn(cls: Any, currency: str) -> _Strategy:
    """Values of a class of this library: as its rules are, or else by the annotations of its fields."""
    if cls in _BY_RULE:
        return _BY_RULE[cls]
    required, optional = {}, {}
    for attribute in fields(cls):
        hint = hints_of(cls)[attribute.name]
        if attribute.init and attribute.default is NOTHING:
            allowed = _of(hint, currency)
            required[attribute.alias] = st.none() | allowed if NoneType in get_args(hint) else allowed
        elif attribute.init and attribute.name not in ("_stretches", "_tz", "traced"):
            optional[attribute.alias] = _of(hint, currency)
    return st.fixed_dictionaries(required, optional=optional).map(lambda arguments: cls(**_put_in_order(arguments)))


def _put_in_order(arguments: dict[str, Any]) -> dict[str, Any]:
    for first, last in _IN_ORDER:
        low, high = arguments.get(first), arguments.get(last)
        if low is not None and high is not None and not low < high:
            arguments[last] = low + (timedelta(days=1) if isinstance(low, date) else 1)
    return arguments


# --- what the annotations of fields cannot say: definitions whose parts fit, and results of the engines that make them

_asked = st.sampled_from(["stage", "priority", "amount"]).map(partial(getattr, each(object)))
_held = _texts | st.integers(0, 100) | _amounts
_writes = st.sampled_from([eq, gt, lambda field, value: one_of(field, value, "high")])
_plain_conditions = st.builds(lambda write, field, value: write(field, value), _writes, _asked, _held)
_joins = st.sampled_from([all_of, any_of])
_conditions = st.recursive(
    _plain_conditions | _asked.map(known) | _asked.map(missing),
    lambda inner: st.builds(lambda join, parts: join(*parts), _joins, st.lists(inner, max_size=3)) | inner.map(invert),
    max_leaves=4,
)
_some_hours, _hours = (
    st.lists(st.tuples(st.integers(0, 1439), st.integers(1, 1440)), min_size=fewest, max_size=2).map(
        lambda spans: united([(start, start + length) for start, length in spans])
    )
    for fewest in (1, 0)
)
_weeks = st.tuples(_some_hours, *[_hours] * 6).map(
    lambda week: "; ".join(f"{name} {spans_text(spans) or 'off'}" for name, spans in zip(DAY_NAMES, week, strict=True))
)
_dates = st.dates(date(2024, 1, 1), date(2027, 1, 1))
_calendars = st.builds(
    BusinessCalendar, _weeks, tz=st.sampled_from(_ZONES), holidays=st.lists(_dates, max_size=3),
    overrides=st.dictionaries(_dates, _hours.map(spans_text), max_size=2),
    first_year=st.just(2015), last_year=st.just(2035),
)  # fmt: skip
_months = st.integers(1, 12)
_holiday_rules = st.one_of(
    st.builds(HolidayRule.fixed, _months, st.integers(1, 29), observed=st.none() | st.just("next_weekday")),
    st.builds(HolidayRule.nth_weekday, _months, st.sampled_from(DAY_NAMES), st.sampled_from([1, 2, -1])),
    st.builds(HolidayRule.easter, st.integers(-60, 60), orthodox=st.booleans()),
)
_grains, _zone_keys = st.sampled_from(["day", "week", "month", "quarter", "year"]), st.sampled_from(_ZONES)
_periods = st.builds(Period.containing, _days, _grains, tz=_zone_keys, fiscal_start_month=_months) | st.builds(
    lambda first, length, tz: Period.between(first, first + timedelta(days=length), tz=tz),
    _days, st.integers(1, 800), _zone_keys,
)  # fmt: skip

_pairs = st.permutations(_CURRENCIES).map(lambda codes: tuple(codes[:2]))
_quotes = st.dictionaries(st.tuples(_days, _pairs), st.decimals("0.001", 1000, places=4), max_size=4)
_rates = _quotes.map(lambda held: [(day, *pair, rate) for (day, pair), rate in held.items()])
_amounts_of_money = st.builds(Money, _amounts, st.just(CURRENCY))
_kinds: tuple[_Strategy, ...] = (_amounts, _spans, _days, _amounts_of_money)
_bounds = st.one_of([st.tuples(kind, kind).map(sorted) for kind in _kinds])
_columns = st.lists(_texts, min_size=1, max_size=3, unique=True)


def _rows(names: list[str]) -> _Strategy:
    return st.lists(st.tuples(*[_plain | _amounts_of_money] * len(names)), max_size=3)


# Open stages in a row, then won and lost, so that every stage has a way to an end whatever the policies are.
_pipelines = st.builds(
    lambda name, names, chance, needs_reason, **policies: Pipeline(name, [
        *(Stage(f"at {name}", probability=chance) for name in names), Stage("won", "won"),
        Stage("lost", "lost", needs_reason=needs_reason),
    ], **policies),
    _texts, st.lists(_texts, min_size=1, max_size=3, unique=True), st.none() | st.decimals(0, 1, places=3),
    st.booleans(), same_stage=st.sampled_from(["refuse", "reenter"]),
    **dict.fromkeys(
        ("skip", "regression", "reopen", "closed_to_closed"), st.sampled_from(["allow", "reason", "forbid"])
    ),
)  # fmt: skip
_first = Opportunity(id="sale-1", amount=Money(100, CURRENCY), close_date=AS_OF.date())
_moves = walks(OPPORTUNITY, _first).map(lambda walk: walk[1])


def _triggers(cls: Any, **people: _Strategy) -> _Strategy:
    """Tiers or reminders with one trigger each."""
    soon = st.timedeltas(timedelta(seconds=1), timedelta(hours=1))
    when = {"at_percent": st.integers(1, 200), "before_due": soon, "after_breach": _spans}
    again = {"repeat_every": _spans.map(lambda span: span + timedelta(days=1)), "max_repeats": st.integers(1, 3)}
    told = {"to": _texts, "clock": st.sampled_from(["working", "wall"]), **people}
    kinds = [{name: span, **more} for name, span in when.items() for more in ({}, again)]
    return st.one_of([st.builds(cls, **told, **kind) for kind in kinds])


def _targets(*when: Mapping[str, str]) -> _Strategy:
    """Promises of the standard names, for some requests."""
    open_dates = st.builds(BusinessDays, st.integers(1, 9), st.sampled_from(["close", "same_time"]))
    return st.builds(
        SlaTarget, st.sampled_from(["acknowledge", "response", "resolution", "update"]),
        st.timedeltas(timedelta(hours=2), timedelta(days=9)) | open_dates, when=st.sampled_from(when),
        calendar=st.none() | _calendars, reopen=st.sampled_from(["continue", "total", "new_cycle"]),
        retarget=st.sampled_from(["carry", "restart"]), at_risk_percent=st.integers(1, 100),
        due_next_open=st.booleans(),
    )  # fmt: skip


_some_targets = _targets({"priority": "low"}, {"priority": "high"})
_tiers, _reminders = _triggers(EscalationTier, held_by=_texts, number=st.integers(1, 9)), _triggers(Reminder)
# The last target holds for every request; there are at most two tiers.
_policies = st.builds(
    SlaPolicy, _texts, targets=st.tuples(_some_targets, _targets({})), calendar=_calendars,
    escalation=st.lists(_tiers, max_size=2, unique_by=lambda tier: tier.number),
    reminders=st.lists(_reminders, max_size=1),
)  # fmt: skip
_clocks = st.builds(
    lambda policy, log, priority: policy.clock("ticket-1", log, priority=priority),
    _policies, clock_logs(), st.sampled_from(["low", "high"]),
)  # fmt: skip
_readings = _clocks.map(lambda clock: clock.read(AS_OF))

_kpis = st.builds(
    Kpi, formula=_conditions.map(count) | _conditions.map(lambda where: total(each(Opportunity).amount, where)),
    name=_texts, dated=st.just(each(Opportunity).created_at) | st.none(), says=_texts,
    unit=st.sampled_from(["count", "money", "fraction"]),
    direction=st.sampled_from(["higher_is_better", "lower_is_better"]),
)  # fmt: skip
_revenue_policies = st.builds(RevenuePolicy, **{name: st.sampled_from(held) for name, held in CHOICES.items()})


def _ledgers_in(currency: str) -> _Strategy:
    contracts = contract_sets(currency=currency)
    return st.builds(RevenueLedger.of, contracts, policy=_revenue_policies, currency=st.just(currency))


_ledgers = st.sampled_from(_CURRENCIES).flatmap(_ledgers_in)
_QUARTER = Period.quarter(2025, 2)
_leads = st.lists(values(Lead), max_size=3)

_BY_RULE: Mapping[type, _Strategy] = MappingProxyType({
    ExchangeRates: st.builds(
        ExchangeRates, _rates, max_age=st.none() | _spans, inverse=st.booleans(), pivot=st.just("EUR")
    ),
    Interval: st.tuples(_instants, _instants).map(lambda pair: Interval(*sorted(pair, key=to_microseconds))),
    Period: _periods,
    Expression: _conditions,
    Rule: st.builds(Rule, _texts, _conditions, _texts),
    Undefined: st.sampled_from([*REASONS]).map(Undefined),
    ConfidenceInterval: st.builds(
        lambda pair, level: ConfidenceInterval(pair[0], pair[1], level, "wilson"), _bounds, st.floats(0.001, 0.999)
    ),
    KaplanMeier: st.lists(st.tuples(_spans, st.booleans()), min_size=1, max_size=5).map(KaplanMeier.of),
    Table: _columns.flatmap(lambda names: st.builds(Table, st.just(names), _rows(names))),
    BusinessCalendar: _calendars,
    WorkingTime: _calendars.map(lambda calendar: calendar.compiled),
    HolidayRule: _holiday_rules,
    Pipeline: _pipelines,
    Migration: _pipelines.map(lambda old: Migration(old, Pipeline(old.name, old.stages, version=2))),
    Journey: _moves.map(Journey.of),
    StageLog: _moves.map(StageLog.of),
    EscalationTier: _tiers,
    Reminder: _reminders,
    SlaTarget: _some_targets,
    SlaPolicy: _policies,
    Clock: _clocks,
    Reading: _readings,
    TargetReading: _readings.map(lambda reading: reading.cycles[0]),
    Kpi: _kpis,
    Scorecard: st.builds(
        lambda kpi, target: Scorecard(name="weekly", kpis=[kpi], targets={kpi.name: target}), _kpis, st.integers(0, 99)
    ),
    KpiTable: _leads.map(lambda leads: measure(leads, lead_volume, by="lead_source", as_of=AS_OF)),
    Explanation: _leads.map(
        lambda leads: explain(lead_volume, leads, before=_QUARTER, after=_QUARTER.next(), by="lead_source")
    ),
    RevenuePolicy: _revenue_policies,
    RevenueLedger: _ledgers,
    Bridge: _ledgers.map(lambda ledger: ledger.bridge(_QUARTER)),
    CohortTable: _ledgers.map(lambda ledger: cohorts(ledger, _QUARTER.months())),
    SampleCompany: worlds(),
})  # fmt: skip
"""The classes whose values follow rules that annotations do not tell, and results that only their engine can make."""
