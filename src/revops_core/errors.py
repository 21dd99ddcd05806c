"""Every error this library raises.

Each is a `RevopsError` and the standard type one would catch for it. The constructor takes facts, keeps them as
attributes and writes the sentence: the field, the rule, the value and the way out.
What the record or the rules forbid is not here: that is returned as `Refused`. Dirty data is returned as `Problem`.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from attrs import frozen

__all__ = [
    "CalendarHorizonError", "ContractProblemsError", "CurrencyMismatchError", "DuplicateFactError", "Fault",
    "FrozenMapError", "InexactAmountError", "InvalidPlainDataError", "InvalidRowError", "InvalidValueError",
    "LedgerImbalanceError", "MissingColumnsError", "MissingRateError", "NoTruthValueError", "RevopsError",
    "UndefinedValueError", "UnknownFieldError", "UnknownStageError", "UnknownTargetError", "UnlikeMeasurementsError",
    "VersionConflictError", "WrongPipelineError", "WrongSubjectError",
]  # fmt: skip

_LONGEST_SHOWN = 80


def shown(value: object) -> str:
    """`value` as an error shows it: its repr, cut where it is long; its class where it has no repr.

    An int of thousands of digits has none, nor has an object whose own `__repr__` fails; the fault is still told.
    """
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 - whatever a foreign class raises
        return f"a value of type {type(value).__name__}"
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…"


def meant(name: object, known: Iterable[str]) -> str:
    """The question after the nearest of the `known` names to one that is not among them; empty where none is near."""
    near = get_close_matches(str(name), [*known], n=1)
    return f"did you mean '{near[0]}'?" if near else ""


@frozen
class Fault:
    """One thing that is wrong with one field: its name, the rule it breaks and the value it has.

    `field` is the name of an attribute or argument, or a path such as `lines[2].price`. `value` is kept whole;
    `says` shows it shortened, and not at all where the field holds personal data.
    """

    field: str
    rule: str
    value: object = None
    personal: bool = False

    @property
    def says(self) -> str:
        """The fault as one clause of an error's sentence."""
        return f"'{self.field}' {self.rule} (got {self._shown_value})"

    @property
    def _shown_value(self) -> str:
        return f"personal data of type {type(self.value).__name__}" if self.personal else shown(self.value)

    def __repr__(self) -> str:
        """Without personal data, as errors end up in logs."""
        return f"Fault(field={self.field!r}, rule={self.rule!r}, value={self._shown_value})"


class RevopsError(Exception):
    """Any error of this library: catch it to catch them all."""


class InvalidValueError(RevopsError, ValueError):
    """A value or an argument breaks the rules of its fields; names every fault at once.

    Attributes:
        what: the class or function that refused, e.g. "Opportunity".
        faults: every `Fault`, in the order of the fields.
    """

    def __init__(self, what: str, faults: Iterable[Fault]) -> None:
        self.what = what
        self.faults = tuple(faults)
        super().__init__(what, self.faults)

    def __str__(self) -> str:
        """All faults in one sentence."""
        return f"{self.what}: " + "; ".join(fault.says for fault in self.faults)


class CurrencyMismatchError(RevopsError, ValueError):
    """Two amounts of different currencies were added or compared.

    Attributes:
        left, right: the two currency codes.
        where: which of many rows had the second; empty where there was no row.
    """

    def __init__(self, left: str, right: str, where: str = "") -> None:
        self.left = left
        self.right = right
        self.where = where
        super().__init__(left, right, where)

    def __str__(self) -> str:
        """Both currencies and the way out."""
        where = f"{self.where}: " if self.where else ""
        return f"{where}currencies differ: {self.left} and {self.right}; convert one first with ExchangeRates.convert"


class InexactAmountError(RevopsError, ArithmeticError):
    """A sum or product of money needs more digits than an amount keeps.

    Attributes:
        operation: "add", "subtract" or "multiply".
        digits: how many digits an amount keeps.
    """

    def __init__(self, operation: str, digits: int) -> None:
        self.operation = operation
        self.digits = digits
        super().__init__(operation, digits)

    def __str__(self) -> str:
        """What overflowed, and the way out."""
        return f"cannot {self.operation} exactly within {self.digits} digits; call rounded() on the amounts first"


class MissingRateError(RevopsError, LookupError):
    """There is no exchange rate for two currencies on a day.

    Attributes:
        source, target: currency codes.
        on: the day asked for.
        latest_on: the day of the latest rate before it, where there is one and it is too old.
    """

    def __init__(self, source: str, target: str, on: object, latest_on: object = None) -> None:
        self.source = source
        self.target = target
        self.on = on
        self.latest_on = latest_on
        super().__init__(source, target, on, latest_on)

    def __str__(self) -> str:
        """The pair, the day and the way out."""
        if self.latest_on is not None:
            latest = f"the latest is of {self.latest_on}, older than 'max_age'"
            return f"no rate from {self.source} to {self.target} for {self.on}: {latest}; add a newer one"
        return f"no rate from {self.source} to {self.target} on or before {self.on}; add one to the ExchangeRates"


class NoTruthValueError(RevopsError, TypeError):
    """A condition was used as if it were already true or false: with `and`, `or`, `not`, `in`, `if`, or `a < b < c`.

    Attributes:
        condition: the condition, as text.
    """

    def __init__(self, condition: str) -> None:
        self.condition = condition
        super().__init__(condition)

    def __str__(self) -> str:
        """The condition and what to write instead."""
        return (
            f"({self.condition}) is neither true nor false yet: use & | ~ for and, or, not; one_of for in; holds(row)"
        )


class FrozenMapError(RevopsError, AttributeError):
    """Somebody tried to change a mapping that cannot be changed.

    Attributes:
        name: what was to be set.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(name)

    def __str__(self) -> str:
        """What was to be set and the way out."""
        return f"a FrozenMap cannot be changed: build a new one with '{self.name}'"


class UndefinedValueError(RevopsError, ArithmeticError):
    """The number was asked of a measurement that is undefined.

    Attributes:
        name: the KPI.
        reason: why it has no value, e.g. "zero_denominator".
    """

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        self.reason = reason
        super().__init__(name, reason)

    def __str__(self) -> str:
        """The KPI, the reason and the way out."""
        return f"{self.name} is undefined ({self.reason}); ask `is_defined` before you ask for the number"


class UnknownFieldError(RevopsError, AttributeError):
    """A field was named that the class or the row does not have.

    Attributes:
        field: the name asked for.
        owner: the class or row that has no such field.
        known: the names it has.
    """

    def __init__(self, field: str, owner: str, known: Iterable[str]) -> None:
        self.field = field
        self.owner = owner
        self.known = tuple(known)
        super().__init__(field, owner, self.known)

    def __str__(self) -> str:
        """The field, its owner and the nearest name."""
        hint = meant(self.field, self.known) or f"it has {', '.join(self.known) or 'no fields'}"
        return f"{self.owner} has no field {shown(self.field)}; {hint}"


class InvalidPlainDataError(InvalidValueError):
    """Plain data does not have the shape of the class it is loaded as; names every fault with its path.

    Attributes:
        what: the class that was asked for.
        faults: every `Fault`; the field is a path such as `$.lines[1].price`.
    """


# --- calendars ---


class CalendarHorizonError(RevopsError, LookupError):
    """The answer lies outside the years that a calendar covers, or the search for an opening came to their end.

    Attributes:
        at: the instant in UTC or the date asked about; None where no datetime can express it.
        first_year, last_year: the years the calendar covers.
    """

    def __init__(self, at: object, first_year: int, last_year: int) -> None:
        self.at = at
        self.first_year = first_year
        self.last_year = last_year
        super().__init__(at, first_year, last_year)

    def __str__(self) -> str:
        """The instant, the years and the way out."""
        return (
            f"the answer for {self.at} lies outside the years {self.first_year} to {self.last_year} of the calendar;"
            " build it with another first_year or last_year, and see that it ever opens"
        )


# --- recurring revenue ---


class ContractProblemsError(RevopsError, ValueError):
    """Contracts cannot be counted as they are; names every problem at once.

    Attributes:
        problems: every `Problem` that the policy does not accept.
    """

    def __init__(self, problems: Iterable[object]) -> None:
        self.problems = tuple(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        """How many, the first of them, and the way out."""
        codes = ", ".join(sorted({str(getattr(problem, "code", problem)) for problem in self.problems}))
        first = "; ".join(map(str, self.problems[:3]))
        more = f"; and {len(self.problems) - 3} more in `problems`" if len(self.problems) > 3 else ""
        return (
            f"{len(self.problems)} problems in the contracts: {first}{more}; correct them, or say that you know what"
            f" becomes of them with RevenuePolicy(accept=...), here of {codes}"
        )


class LedgerImbalanceError(RevopsError, ArithmeticError):
    """The movements of a period do not lead from its opening revenue to its closing one: a fault of this library.

    Attributes:
        period: the period, as text.
        start, movements, end: the amounts that should add up, a year's revenue as text.
    """

    def __init__(self, period: str, start: str, movements: str, end: str) -> None:
        self.period = period
        self.start = start
        self.movements = movements
        self.end = end
        super().__init__(period, start, movements, end)

    def __str__(self) -> str:
        """The equation that does not hold, and the way out."""
        return (
            f"{self.period}: start {self.start} + movements {self.movements} is not the end {self.end};"
            " please report this with the contracts of the period"
        )


# --- kpis ---


class InvalidRowError(RevopsError, ValueError):
    """A row that a KPI reads lacks a field, or has a value there that cannot be counted.

    Attributes:
        row: its number, counted from 1 in the order they were read, as `Problem.row` is.
        row_id: its id, where it has one.
        faults: every `Fault` that was found in it.
    """

    def __init__(self, row: int, row_id: object, faults: Iterable[Fault]) -> None:
        self.row = row
        self.row_id = row_id
        self.faults = tuple(faults)
        super().__init__(row, row_id, self.faults)

    def __str__(self) -> str:
        """The row and all its faults in one sentence."""
        return f"row {self.row} (id {self.row_id!r}): " + "; ".join(fault.says for fault in self.faults)


class UnlikeMeasurementsError(RevopsError, ValueError):
    """Two measurements were compared that do not measure the same.

    Attributes:
        before, after: the two measurements.
        fields: in which fields they differ: "name", "unit", "currency" or "period", as one is longer than the other;
            or "partial", as one still runs.
    """

    def __init__(self, before: object, after: object, fields: Iterable[str]) -> None:
        self.before = before
        self.after = after
        self.fields = tuple(fields)
        super().__init__(before, after, self.fields)

    def __str__(self) -> str:
        """Where they differ, both sides, and the way out."""
        sides = ", ".join(
            f"'{field}' is {getattr(self.before, field)!r} before and {getattr(self.after, field)!r} after"
            for field in self.fields
        )
        ways = dict.fromkeys(f"allow_{'partial' if field == 'partial' else 'unlike'}=True" for field in self.fields)
        way = "convert one first" if "currency" in self.fields else f"ask for it with {', '.join(ways)}"
        return f"these measurements do not compare: {sides}; {way}"


# --- stages ---


class UnknownStageError(RevopsError, LookupError):
    """A stage was named that the pipeline does not have.

    Attributes:
        stage: the name asked for, or held by a record.
        pipeline: the name of the pipeline; None where a log was asked.
        known: the stages it has.
        subject_id: the record that holds the name, where one does.
    """

    def __init__(
        self, stage: object, pipeline: str | None, known: Iterable[str], subject_id: str | None = None
    ) -> None:
        self.stage = stage
        self.pipeline = pipeline
        self.known = tuple(known)
        self.subject_id = subject_id
        super().__init__(stage, pipeline, self.known, subject_id)

    def __str__(self) -> str:
        """What is unknown, and the nearest name."""
        hint = meant(self.stage, self.known) or f"it has {', '.join(self.known) or 'none'}"
        holder = f" (held by {self.subject_id!r})" if self.subject_id is not None else ""
        asked = "the log" if self.pipeline is None else f"pipeline '{self.pipeline}'"
        return f"{asked} has no stage {self.stage!r}{holder}; {hint}"


class WrongPipelineError(RevopsError, ValueError):
    """A record or a fact of one pipeline, or of one version of it, was handed to another.

    Attributes:
        subject_id: the record.
        expected: name and version of the pipeline that was asked.
        found: name and version that the record holds; None for what it does not tell.
    """

    def __init__(self, subject_id: str, expected: tuple[str, int | None], found: tuple[str | None, object]) -> None:
        self.subject_id = subject_id
        self.expected = expected
        self.found = found
        super().__init__(subject_id, expected, found)

    def __str__(self) -> str:
        """Both definitions and the way out."""
        expected, found = (
            f"'{name or self.expected[0]}'" + ("" if version is None else f" version {version!r}")
            for name, version in (self.expected, self.found)
        )
        return (
            f"{self.subject_id!r} belongs to pipeline {found}, not to {expected}; "
            "ask the definition it was moved under, migrate it first, or take the moves of one pipeline"
        )


class VersionConflictError(RevopsError, ValueError):
    """Two definitions have the same name and version but different content.

    Attributes:
        name, version: what both call themselves.
        fingerprints: of the two contents.
    """

    def __init__(self, name: str, version: int, fingerprints: tuple[str, str]) -> None:
        self.name = name
        self.version = version
        self.fingerprints = fingerprints
        super().__init__(name, version, fingerprints)

    def __str__(self) -> str:
        """The definition, both fingerprints and the way out."""
        first, second = self.fingerprints
        return f"'{self.name}' version {self.version} has two contents ({first} and {second}); give one a new version"


class WrongSubjectError(RevopsError, ValueError):
    """A fact was applied to another record than its own, or joined to another record's facts.

    Attributes:
        subject_id, source: the record of the fact and the stage that it left.
        found_id, found_stage: the record that was handed in and the stage it stands in.
    """

    def __init__(self, subject_id: object, source: object, found_id: object, found_stage: object) -> None:
        self.subject_id = subject_id
        self.source = source
        self.found_id = found_id
        self.found_stage = found_stage
        super().__init__(subject_id, source, found_id, found_stage)

    def __str__(self) -> str:
        """Both records and the way out."""
        fact = f"the fact is of {self.subject_id!r} in stage {self.source!r}"
        found = f"not of {self.found_id!r} in stage {self.found_stage!r}"
        return f"{fact}, {found}; take the facts of one record, in their order"


class DuplicateFactError(RevopsError, ValueError):
    """Several facts have the same id.

    Attributes:
        fact_id: the id.
        facts: all that have it.
    """

    def __init__(self, fact_id: str, facts: Iterable[object]) -> None:
        self.fact_id = fact_id
        self.facts = tuple(facts)
        super().__init__(fact_id, self.facts)

    def __str__(self) -> str:
        """The id, how many facts have it, and the way out."""
        return f"{len(self.facts)} facts have the id {self.fact_id!r}; keep one, or give each its own 'id' or 'seq'"


# --- entities ---


class MissingColumnsError(RevopsError, LookupError):
    """Rows lack columns that an import was told to read; names them all.

    Attributes:
        missing: the columns that are not there.
        found: the columns that are.
    """

    def __init__(self, missing: Iterable[str], found: Iterable[str]) -> None:
        self.missing = tuple(missing)
        self.found = tuple(found)
        super().__init__(self.missing, self.found)

    def __str__(self) -> str:
        """Each missing column with the nearest name, then the columns there are."""
        hints = [(column, meant(column, self.found)) for column in self.missing]
        told = ", ".join(f"{shown(column)} ({hint})" if hint else shown(column) for column, hint in hints)
        return f"the rows lack the columns {told}; they have {', '.join(self.found) or 'none'}"


# --- sla ---


class UnknownTargetError(RevopsError, LookupError):
    """A target was asked of a reading whose request has no promise of that name.

    Attributes:
        target: the name asked for.
        clock_id: the clock that was read.
        known: the names of the targets that hold.
    """

    def __init__(self, target: str, clock_id: str, known: Iterable[str]) -> None:
        self.target = target
        self.clock_id = clock_id
        self.known = tuple(known)
        super().__init__(target, clock_id, self.known)

    def __str__(self) -> str:
        """The target, the clock and the way out."""
        hint = meant(self.target, self.known) or "SlaPolicy.explain tells why"
        return f"no target '{self.target}' holds for {self.clock_id}; {hint}"
