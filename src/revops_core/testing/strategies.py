"""Strategies for Hypothesis (extra "testing"): any value of the library, and small companies in which all fits.

    @given(strategies.values(Money))
    def test_my_database_keeps_every_amount(money): ...

Every value is valid by construction: nothing is drawn and then thrown away, so that a failing example shrinks to a
small one. The amounts within one value are in one currency. `st.register_type_strategy(Money, strategies.values)`
tells Hypothesis, so that `st.from_type` and `st.builds` find them too.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from functools import lru_cache, partial
from types import MappingProxyType, NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, cast, get_args, get_origin

from attrs import NOTHING, fields
from hypothesis import strategies as st

from revops_core.calendars.business_calendar import BusinessCalendar
from revops_core.calendars.holidays import HolidayRule
from revops_core.calendars.opening_hours import OpeningHours
from revops_core.calendars.working_time import WorkingTime
from revops_core.entities.lead import Lead
from revops_core.entities.opportunity import Opportunity
from revops_core.entities.subscription import Subscription
from revops_core.kpis.change import Change, compare
from revops_core.kpis.cohorts import CohortTable, cohorts
from revops_core.kpis.explain import Explanation, explain
from revops_core.kpis.formula import Aggregate, Formula, count, total
from revops_core.kpis.kpi import Kpi
from revops_core.kpis.kpi_table import KpiTable, measure
from revops_core.kpis.lead_generation import lead_conversion_rate, lead_volume
from revops_core.kpis.restatement import Restatement, compare_ledgers
from revops_core.kpis.revenue_ledger import RevenueLedger
from revops_core.kpis.revenue_movements import Bridge
from revops_core.kpis.revenue_policy import CHOICES, RevenuePolicy
from revops_core.kpis.scorecard import Scorecard
from revops_core.sla.clock import Clock
from revops_core.sla.escalation import EscalationTier, Reminder
from revops_core.sla.reading import Reading, TargetReading
from revops_core.sla.sla_policy import SlaPolicy
from revops_core.sla.sla_target import SlaTarget
from revops_core.stages.journey import Journey
from revops_core.stages.migration import Migration
from revops_core.stages.pipeline import Pipeline
from revops_core.stages.ready_made import OPPORTUNITY
from revops_core.stages.stage_log import StageLog
from revops_core.stages.waterfall import Waterfall, waterfall
from revops_core.testing.sample_company import SampleCompany
from revops_core.testing.sample_story import AS_OF, CURRENCY
from revops_core.testing.strategies_by_rule import (
    CURRENCIES,
    Strategy,
    amounts,
    calendars,
    clock_logs,
    companies,
    conditions,
    contracts_of,
    days,
    holiday_rules,
    instants,
    periods,
    pipelines,
    spans,
    targets,
    texts,
    triggers,
    walks,
    zones,
)
from revops_core.values.checks import AtLeast, Between, Count, Currency, hints_of, require
from revops_core.values.condition import each
from revops_core.values.confidence import ConfidenceInterval
from revops_core.values.decision import Rule
from revops_core.values.demand import kind_of
from revops_core.values.distribution import KaplanMeier
from revops_core.values.exchange_rates import ExchangeRates
from revops_core.values.expression import Expression
from revops_core.values.instants import to_microseconds
from revops_core.values.interval import Interval
from revops_core.values.measurement import REASONS, Undefined
from revops_core.values.money import Money
from revops_core.values.period import Period
from revops_core.values.table import Table

__all__ = ["contract_sets", "values", "worlds"]

T = TypeVar("T")


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
    return cast("st.SearchStrategy[T]", st.sampled_from(CURRENCIES).flatmap(partial(_of, cls)))


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
    for mark in get_args(hint)[1:] if get_origin(hint) is Annotated else ():
        if isinstance(mark, Between):
            return mark.low, mark.high
        if isinstance(mark, AtLeast):
            return mark.low, None
    return next((_limits(part) for part in get_args(hint) if get_origin(part) is Annotated), (None, None))


_plain = st.none() | st.booleans() | st.integers() | texts | amounts | days | instants


def _of(hint: Any, currency: str) -> Strategy:
    """Values that satisfy an annotation, None apart; amounts are in `currency`."""
    kind, (low, high) = kind_of(hint), _limits(hint)
    if hint in (Currency, Currency | None):
        return st.just(currency)
    simple: dict[Any, Strategy] = {
        str: texts,
        bool: st.booleans(),
        int: st.integers(0 if low is None else low, 10**6 if high is None else high),
        float: st.floats(0.001 if low is None else low, 0.999 if high is None else high),
        Decimal: st.decimals(-100 if low is None else low, 100 if high is None else high, places=3),
        Fraction: st.fractions(0, 1, max_denominator=100),
        date: days,
        datetime: instants,
        timedelta: spans if low is None else spans.map(lambda span: max(span, low)),
        tzinfo: zones,
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
def _drawn(cls: Any, currency: str) -> Strategy:
    """Values of a class of this library: as its rules are, or else by the annotations of its fields."""
    if cls in _BY_RULE:
        return _BY_RULE[cls](currency)
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


def _ordered_pairs(of: Strategy, key: Callable[[Any], Any] | None = None) -> Strategy:
    return st.tuples(of, of).map(lambda pair: sorted(pair, key=key))


def _exchange_rates(_: str) -> Strategy:
    pairs = st.permutations(CURRENCIES).map(lambda codes: tuple(codes[:2]))
    quotes = st.dictionaries(st.tuples(days, pairs), st.decimals("0.001", 1000, places=4), max_size=4)
    rows = quotes.map(lambda held: [(day, *pair, rate) for (day, pair), rate in held.items()])
    return st.builds(ExchangeRates, rows, max_age=st.none() | spans, inverse=st.booleans(), pivot=st.just("EUR"))


def _confidence_intervals(currency: str) -> Strategy:
    kinds = (_of(Decimal, currency), spans, _of(Money, currency), days)
    bounds = st.one_of([_ordered_pairs(kind) for kind in kinds])
    return st.builds(
        lambda pair, level: ConfidenceInterval(pair[0], pair[1], level, "wilson"), bounds, _of(float, currency)
    )


def _policies(currency: str) -> Strategy:
    """Targets of which the last under each name holds for every request, and at most two tiers."""
    tiers = st.lists(_of(EscalationTier, currency), max_size=2, unique_by=lambda tier: tier.number)
    both, reminders = st.tuples(targets(currency), targets(currency, st.just({}))), _of(Reminder, currency)
    return st.builds(
        SlaPolicy, texts, targets=both, escalation=tiers, reminders=st.lists(reminders, max_size=1), calendar=calendars
    )


def _clocks(currency: str) -> Strategy:
    known = st.fixed_dictionaries({"priority": st.sampled_from(["low", "high"])})
    parts = st.tuples(_policies(currency), clock_logs(), known)
    return parts.map(lambda made: made[0].clock("ticket-1", made[1], **made[2]))


def _readings(currency: str) -> Strategy:
    return _clocks(currency).map(lambda clock: clock.read(AS_OF))


_aggregates = conditions.map(count) | conditions.map(lambda where: total(each(Opportunity).amount, where))
_kpis = st.builds(
    Kpi, formula=_aggregates, name=texts, dated=st.just(each(Opportunity).created_at) | st.none(), says=texts,
    unit=st.sampled_from(["count", "money", "fraction"]), direction=st.sampled_from(["higher_is_better", "lower_is_better"]),
)  # fmt: skip
_walked = walks(OPPORTUNITY, Opportunity(id="sale-1", amount=Money(100, CURRENCY), close_date=AS_OF.date())).map(
    lambda walk: walk[1]
)


def _ledgers(currency: str) -> Strategy:
    contracts, policies = contract_sets(currency=currency), _of(RevenuePolicy, currency)
    return st.builds(RevenueLedger.of, contracts, policy=policies, currency=st.just(currency))


_QUARTER = Period.quarter(2025, 2)
_some = st.integers(0, 99)
_told_leads = st.builds(Lead, id=texts, lead_source=texts, created_at=st.sampled_from([_QUARTER.start, _QUARTER.end]))
_BY_RULE: Mapping[type, Callable[[str], Strategy]] = MappingProxyType(
    {
        Money: lambda currency: st.builds(Money, amounts, st.just(currency)),
        ExchangeRates: _exchange_rates,
        Interval: lambda _: _ordered_pairs(instants, to_microseconds).map(lambda pair: Interval(*pair)),
        Period: lambda _: periods,
        Expression: lambda _: conditions,
        Rule: lambda _: st.builds(Rule, texts, conditions, texts),
        Undefined: lambda _: st.sampled_from([*REASONS]).map(Undefined),
        ConfidenceInterval: _confidence_intervals,
        KaplanMeier: lambda _: st.lists(st.tuples(spans, st.booleans()), min_size=1, max_size=5).map(KaplanMeier.of),
        Table: lambda currency: st.lists(texts, min_size=1, max_size=3, unique=True).flatmap(
            lambda names: st.builds(
                Table, st.just(names), st.lists(st.tuples(*[_plain | _of(Money, currency)] * len(names)), max_size=3)
            )
        ),
        BusinessCalendar: lambda _: calendars,
        WorkingTime: lambda _: calendars.map(lambda calendar: calendar.compiled),
        OpeningHours: lambda _: calendars.map(lambda calendar: OpeningHours.parse(calendar.hours)),
        HolidayRule: lambda _: holiday_rules,
        Pipeline: pipelines,
        Migration: lambda currency: pipelines(currency).map(
            lambda old: Migration(old, Pipeline(old.name, old.stages, version=2))
        ),
        Journey: lambda _: _walked.map(Journey.of),
        StageLog: lambda _: _walked.map(StageLog.of),
        Waterfall: lambda _: worlds().map(
            lambda world: waterfall(world.opportunities, [], start=_QUARTER.start, end=_QUARTER.end, currency=CURRENCY)
        ),
        EscalationTier: triggers(EscalationTier),
        Reminder: triggers(Reminder),
        SlaTarget: targets,
        SlaPolicy: _policies,
        Clock: _clocks,
        Reading: _readings,
        TargetReading: lambda currency: _readings(currency).map(lambda reading: reading.cycles[0]),
        Aggregate: lambda _: _aggregates,
        Formula: lambda _: st.builds(lambda part, whole: part / whole, _aggregates, _aggregates),
        Kpi: lambda _: _kpis,
        Scorecard: lambda _: st.tuples(_kpis, _some).map(
            lambda pair: Scorecard(name="weekly", kpis=[pair[0]], targets={pair[0].name: pair[1]})
        ),
        KpiTable: lambda currency: st.lists(_of(Lead, currency), max_size=3).map(
            lambda leads: measure(leads, [lead_volume, lead_conversion_rate], by="lead_source", as_of=AS_OF)
        ),
        Change: lambda _: st.builds(lambda *both: compare(*map(lead_volume.of, both)), _some, _some),
        Explanation: lambda _: st.lists(_told_leads, max_size=3).map(
            lambda leads: explain(lead_volume, leads, before=_QUARTER, after=_QUARTER.next(), by="lead_source")
        ),
        RevenuePolicy: lambda _: st.builds(
            RevenuePolicy, **{name: st.sampled_from(choices) for name, choices in CHOICES.items()}
        ),
        RevenueLedger: _ledgers,
        Bridge: lambda currency: _ledgers(currency).map(lambda ledger: ledger.bridge(_QUARTER)),
        CohortTable: lambda currency: _ledgers(currency).map(lambda ledger: cohorts(ledger, _QUARTER.months())),
        Restatement: lambda currency: st.builds(
            lambda one, other: compare_ledgers(one, other, _QUARTER), _ledgers(currency), _ledgers(currency)
        ),
        SampleCompany: lambda _: worlds(),
    }
)
"""The classes whose values follow rules that annotations do not tell; results come from the engine that makes them."""
