"""Values: what every other room is made of: money, time, measurements, rules, conditions, tables, plain data."""

from revops_core.values.condition import each, first_known, given, known, matching, missing, not_yet, one_of
from revops_core.values.confidence import ConfidenceInterval
from revops_core.values.decision import Blocker, Refused, Rule
from revops_core.values.distribution import KaplanMeier, median, quantiles
from revops_core.values.exchange_rates import ExchangeRates
from revops_core.values.expression import Expression, all_of, any_of
from revops_core.values.interval import Interval
from revops_core.values.known_by import known_by
from revops_core.values.measurement import Measurement, Undefined
from revops_core.values.money import Money
from revops_core.values.period import Period
from revops_core.values.plain import from_plain, to_plain
from revops_core.values.problem import Problem
from revops_core.values.table import Table

__all__ = [
    "Blocker", "ConfidenceInterval", "ExchangeRates", "Expression", "Interval", "KaplanMeier", "Measurement", "Money",
    "Period", "Problem", "Refused", "Rule", "Table", "Undefined", "all_of", "any_of", "each", "first_known",
    "from_plain", "given", "known", "known_by", "matching", "median", "missing", "not_yet", "one_of", "quantiles",
    "to_plain",
]  # fmt: skip
