"""check: everything that is wrong between the records of a whole set, told at once.

What a field must hold is refused when a record is made. Here is what only shows beside other records: references to
nothing, ids given twice, circles in a hierarchy, facts that contradict one another or the record. Stages and outcomes
against the history of moves are checked by the stages room, the events of a clock by the SLA room.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache, partial
from itertools import pairwise
from operator import attrgetter
from typing import Any, Final

from attrs import fields

import revops_core.entities.engagement as engagement_module
import revops_core.entities.facts as facts_module
from revops_core.entities.account import Account
from revops_core.entities.contact import Contact
from revops_core.entities.deal import Deal
from revops_core.entities.engagement import Answer, Usage
from revops_core.entities.facts import Advocacy, Changed, Merged, Milestone
from revops_core.entities.lead import Lead
from revops_core.entities.line_item import Product
from revops_core.entities.opportunity import Opportunity
from revops_core.entities.subscription import Subscription
from revops_core.entities.ticket import Ticket
from revops_core.entities.user import Team, User
from revops_core.errors import Fault, InvalidValueError, shown
from revops_core.values.checks import is_personal, require, shortened
from revops_core.values.instants import to_microseconds
from revops_core.values.problem import Problem

__all__ = ["check"]

Entity = Account | Contact | Deal | Lead | Opportunity | Product | Subscription | Team | Ticket | User
_CLASSES: Final[Mapping[str, type]] = {cls.__name__: cls for cls in Entity.__args__}
_FACTS: Final = tuple(vars(module)[name] for module in (engagement_module, facts_module) for name in module.__all__)

# A field of this name holds the id of a record of one of these classes; of an empty tuple, of the class it stands in.
_TARGETS: Final[Mapping[str, tuple[type, ...]]] = {
    "account_id": (Account,), "contact_id": (Contact,), "deal_id": (Deal,), "lead_id": (Lead,), "manager_id": (User,),
    "opportunity_id": (Opportunity,), "owner_id": (User, Team), "parent_id": (), "product_id": (Product,),
    "renews_id": (Subscription,), "requester_id": (User,), "subscription_id": (Subscription,), "team_id": (Team,),
    "converted_account_id": (Account,), "converted_contact_id": (Contact,), "converted_opportunity_id": (Opportunity,),
}  # fmt: skip

# Fields by which records of one class stand above one another.
_ABOVE: Final = {Account: "parent_id", Subscription: "renews_id", Team: "parent_id", User: "manager_id"}


def check(entities: Iterable[Entity], facts: Iterable[object] = ()) -> list[Problem]:
    """Everything that is wrong in a set of records and their facts; an empty list where nothing is.

    Args:
        entities: records of any kinds, in any order. References to a kind of which there is no record at all are
            not looked up; one problem tells how many they are.
        facts: facts of this room; those of other rooms may be among them and are left to the checks there.

    Returns:
        The problems, grouped by kind of record. Codes: "duplicate_id", "dangling_reference", "unchecked_references",
        "cycle", "missing_account", "missing_closing", "mixed_currencies", "undated_fact", "unknown_subject",
        "out_of_scale", "unknown_field", "contradicting_change".

    Raises:
        InvalidValueError: something among the entities is no entity.

    >>> for problem in check([Account(id="a1", parent_id="a1"), Contact(id="c1", account_id="a7")]):
    ...     print(problem)
    Contact c1: 'account_id' names no Account (got 'a7')
    Account a1: 'parent_id' leads in a circle: a1, a1
    """
    require("check", entities=(entities, Iterable), facts=(facts, Iterable))
    records: dict[type, list[Any]] = defaultdict(list)
    for entity in entities:
        records[type(entity)].append(entity)
    strange = [cls for cls in records if cls not in _CLASSES.values()]
    if strange:
        rule = f"must be records of the classes {', '.join(_CLASSES)}"
        raise InvalidValueError("check", [Fault("entities", rule, cls.__name__) for cls in strange])
    events: dict[type, list[Any]] = defaultdict(list)
    for fact in facts:
        if isinstance(fact, _FACTS):
            events[type(fact)].append(fact)

    known = {cls: {record.id for record in group} for cls, group in records.items()}
    for merge in events[Merged]:
        known.setdefault(_CLASSES.get(merge.subject, object), set()).add(merge.duplicate_id)
    problems: list[Problem] = []
    for groups in (records, events):
        for cls, group in groups.items():
            problems.extend(_duplicates(cls, group))
            problems.extend(_dangling(cls, group, known))
    for cls, group in records.items():
        problems.extend(_cycles(cls, group))
        problems.extend(_incomplete(cls, group))
    for group in events.values():
        problems.extend(_undated(group))
    problems.extend(_out_of_scale(events[Answer]))
    problems.extend(_lost_subjects(events, known))
    problems.extend(_contradictions(events[Changed], records))
    return problems


def _problem(record: Any, code: str, says: str, field: str | None = None) -> Problem:
    return Problem(code=code, says=says, subject=type(record).__name__, subject_id=record.id, field=field)


def _duplicates(cls: type, group: list[Any]) -> Iterator[Problem]:
    """Ids that several records of one class have; facts need none."""
    ids = [record.id for record in group if record.id is not None]
    if len(set(ids)) < len(ids):
        for found, count in Counter(ids).items():
            if count > 1:
                says = f"'id' is the id of {count} records"
                yield Problem(code="duplicate_id", says=says, subject=cls.__name__, subject_id=found, field="id")


@lru_cache(maxsize=64)
def _references_of(cls: type) -> tuple[tuple[str, tuple[type, ...]], ...]:
    """The fields of a class that hold ids, each with the classes whose ids they may be."""
    names = [attribute.name for attribute in fields(cls)]
    return tuple((name, _TARGETS[name] or (cls,)) for name in names if name in _TARGETS)


# The parts of a record that hold ids themselves: the field, and what it holds the id of.
_PARTS: Final[Mapping[type, tuple[tuple[str, str, type], ...]]] = {
    Opportunity: (("contacts", "contact_id", Contact), ("lines", "product_id", Product)),
    Deal: (("lines", "product_id", Product),),
    Subscription: (("items", "product_id", Product),),
}


def _dangling(cls: type, group: list[Any], known: Mapping[type, set[str]]) -> Iterator[Problem]:
    """References of one class that lead to nothing."""
    for name, targets in _references_of(cls):
        read = attrgetter(name)
        named = [(found, record) for record in group if (found := read(record)) is not None]
        yield from _unknown(cls, name, named, targets, known)
    for name, inner, target in _PARTS.get(cls, ()):
        read, read_inner = attrgetter(name), attrgetter(inner)
        named = [
            (found, record) for record in group for part in read(record) if (found := read_inner(part)) is not None
        ]
        yield from _unknown(cls, f"{name}.{inner}", named, (target,), known)


def _unknown(
    cls: type, name: str, named: list[tuple[str, Any]], targets: tuple[type, ...], known: Mapping[type, set[str]]
) -> Iterator[Problem]:
    target = " or ".join(cls.__name__ for cls in targets)
    ids = set().union(*(known.get(cls, ()) for cls in targets))
    if not ids and named:
        says = f"'{name}' was not looked up for {len(named)} records: no {target} is among the records"
        yield Problem(code="unchecked_references", says=says, subject=cls.__name__, field=name)
        return
    for found, record in named:
        if found not in ids:
            yield _problem(record, "dangling_reference", f"'{name}' names no {target} (got {found!r})", name)


def _cycles(cls: type, group: list[Any]) -> Iterator[Problem]:
    """Circles in a hierarchy, each told once."""
    name = _ABOVE.get(cls)
    if name is None:
        return
    read = attrgetter(name)
    above = {record.id: read(record) for record in group}
    settled: set[Any] = {None}
    for start in above:
        path: dict[Any, None] = {}
        found: Any = start
        while found not in settled and found not in path:
            path[found] = None
            found = above.get(found)
        if found in path:
            walked = list(path)
            circle = ", ".join([*walked[walked.index(found) :], found])
            says = f"'{name}' leads in a circle: {circle}"
            yield Problem(code="cycle", says=says, subject=cls.__name__, subject_id=found, field=name)
        settled.update(path)


def _incomplete(cls: type, group: list[Any]) -> Iterator[Problem]:
    """What a record of one class must have, and has not."""
    if cls in (Contact, Opportunity, Deal, Subscription):
        for record in group:
            if record.account_id is None:
                yield _problem(record, "missing_account", "'account_id' is missing", "account_id")
    if cls in (Lead, Opportunity, Deal, Ticket):
        for record in group:
            if (cls is Deal or record.outcome != "open") and record.closed is None:
                says = "it is closed, but neither 'closed_at' nor 'closed_on' tells when"
                yield _problem(record, "missing_closing", says, "closed_at")
    if cls in _PARTS:
        priced, amount = attrgetter("items" if cls is Subscription else "lines"), cls is not Subscription
        for record in group:
            lines = priced(record)
            if lines:
                monies = [line.unit_price for line in lines] + ([record.amount] if amount else [])
                currencies = sorted({money.currency for money in monies if money is not None})
                if len(currencies) > 1:
                    says = f"its lines and amount must have one currency (got {', '.join(currencies)})"
                    yield _problem(record, "mixed_currencies", says)


def _undated(group: list[Any]) -> Iterator[Problem]:
    """Facts that tell neither the instant nor the day."""
    if group and isinstance(group[0], Usage | Milestone | Advocacy):
        for fact in group:
            if fact.at is None and fact.on is None:
                yield _problem(fact, "undated_fact", "neither 'at' nor 'on' tells when it happened", "at")


def _out_of_scale(answers: list[Answer]) -> Iterator[Problem]:
    """Answers whose score lies outside their scale."""
    for answer in answers:
        low, score, high = answer.scale_min, answer.score, answer.scale_max
        if score is not None and ((low is not None and score < low) or (high is not None and score > high)):
            yield _problem(answer, "out_of_scale", f"'score' {score} lies outside its scale, {low} to {high}", "score")


def _lost_subjects(events: Mapping[type, list[Any]], known: Mapping[type, set[str]]) -> Iterator[Problem]:
    """Facts about a record that is not there."""
    for group in events.values():
        for fact in group if group and hasattr(group[0], "subject_id") else ():
            subject = _CLASSES.get(fact.subject)
            if subject is not None and subject in known and fact.subject_id not in known[subject]:
                says = f"'subject_id' names no {fact.subject} (got {fact.subject_id!r})"
                yield _problem(fact, "unknown_subject", says, "subject_id")


def _contradictions(changes: list[Changed], records: Mapping[type, list[Any]]) -> Iterator[Problem]:
    """Changes whose old value is not what the change before left, and last ones that the record does not show."""
    histories: dict[tuple[str, str, str], list[Changed]] = defaultdict(list)
    for change in changes:
        histories[change.subject, change.subject_id, change.field].append(change)
    classes = {_CLASSES[subject] for subject, _, _ in histories if subject in _CLASSES} & records.keys()
    found = {(cls.__name__, record.id): record for cls in classes for record in records[cls]}
    for (subject, subject_id, name), history in histories.items():
        history.sort(key=lambda change: (to_microseconds(change.at), change.seq or 0))
        problem = partial(Problem, subject=subject, subject_id=subject_id, field=name)
        for before, after in pairwise(history):
            if before.new != after.old:
                left, old = _told(subject, name, before.new), _told(subject, name, after.old)
                says = f"'{name}' was left at {left} and then changed from {old} ({after.at.date()})"
                yield problem(code="contradicting_change", says=says)
        record = found.get((subject, subject_id))
        if record is None:
            continue
        if not hasattr(record, name.partition(".")[0]):
            yield problem(code="unknown_field", says=f"a change names '{name}', which is no field of {subject}")
        elif _held(record, name) != history[-1].new:
            held, last = _told(subject, name, _held(record, name)), _told(subject, name, history[-1].new)
            yield problem(code="contradicting_change", says=f"'{name}' is {held}, but was last changed to {last}")


def _told(subject: str, name: str, value: object) -> str:
    """A value as a problem shows it: personal data shortened."""
    personal = subject in _CLASSES and is_personal(_CLASSES[subject], name)
    return shortened(value) if personal and isinstance(value, str) else shown(value)


def _held(record: Any, name: str) -> object:
    """The value of a field, or of a custom field named `custom.x`."""
    field, _, key = name.partition(".")
    value = getattr(record, field)
    return value.get(key) if key else value
