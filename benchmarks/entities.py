"""Entities: making one, beside a frozen dataclass and pydantic with the same rules; bytes; bulk loads; check.

Limits: at most pydantic's time, dense and sparse; at most 56 + 8 bytes for each field.

    python benchmarks/entities.py
"""

from __future__ import annotations

import sys
import time
import timeit
from collections.abc import Callable, Mapping
from dataclasses import MISSING, make_dataclass
from dataclasses import field as dataclass_field
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from typing import Annotated, Any, Union, get_args, get_origin

from attrs import NOTHING, fields
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, InstanceOf, create_model

from revops_core.entities import Account, Contact, Lead, Opportunity, User, bulk_builder, check
from revops_core.values.checks import AtLeast, Between, NotEmpty, hints_of
from revops_core.values.money import Money

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
LEAD_TEXTS = "id first_name last_name email phone title company website industry country lead_source campaign owner_id"
SALE_TEXTS = "id name account_id owner_id kind stage forecast_category lead_source lead_id product_id"
DENSE: dict[type, dict[str, object]] = {
    Lead: {
        **dict.fromkeys(LEAD_TEXTS.split(), "some text"),
        **dict.fromkeys(("assigned_at", "created_at", "stage_entered_at", "closed_at"), NOW),
        "employee_count": 350,
        "account_id": "a1",
        "stage": "sales_qualified",
        "outcome": "qualified",
        "stage_seq": 3,
        "name_verified": True,
        "email_verified": True,
    },
    Opportunity: {
        **dict.fromkeys(SALE_TEXTS.split(), "some text"),
        **dict.fromkeys(("created_at", "stage_entered_at"), NOW),
        "amount": Money(1200, "EUR"),
        "probability": Decimal("0.4"),
        "close_date": date(2026, 9, 30),
        "outcome": "open",
        "stage_seq": 3,
        "stage_version": 1,
    },
}
SPARSE = {cls: {name: values[name] for name in ("id", "owner_id", "stage")} for cls, values in DENSE.items()}


def pydantic_hint(hint: Any) -> Any:
    """The annotation that gives pydantic the same rule: strict types, aware instants, limits."""
    if get_origin(hint) is Annotated:
        inner, *marks = get_args(hint)
        limits: dict[str, Any] = {}
        for mark in marks:
            limits |= {"min_length": 1} if isinstance(mark, NotEmpty) else {}
            limits |= {"ge": mark.low} if isinstance(mark, AtLeast | Between) else {}
            limits |= {"le": mark.high} if isinstance(mark, Between) else {}
        return Annotated[pydantic_hint(inner), Field(**limits)]
    if get_args(hint) and type(None) in get_args(hint):
        return Union[tuple(pydantic_hint(part) for part in get_args(hint))]  # noqa: UP007 - made of a tuple
    if get_origin(hint) is tuple:
        return tuple[pydantic_hint(get_args(hint)[0]), ...]
    if hint is datetime:
        return AwareDatetime
    if get_origin(hint) is Mapping:
        return InstanceOf[Mapping]
    return hint if hint in {str, int, bool, Decimal, date, type(None)} else InstanceOf[hint]


def peers_of(cls: type) -> tuple[type, type[BaseModel]]:
    """A frozen dataclass without rules, and a pydantic model with the rules of `cls`."""
    hints = hints_of(cls)
    plain = make_dataclass(
        cls.__name__,
        [
            (a.name, hints[a.name], dataclass_field(default=MISSING if a.default is NOTHING else a.default))
            for a in fields(cls)
        ],
        frozen=True,
        slots=True,
        kw_only=True,
    )
    arguments: dict[str, Any] = {
        a.name: (pydantic_hint(hints[a.name]), ... if a.default is NOTHING else a.default) for a in fields(cls)
    }
    model = create_model(cls.__name__, __config__=ConfigDict(frozen=True, strict=True, extra="forbid"), **arguments)
    return plain, model


def microseconds(make: Callable[[], object]) -> float:
    """The best time of one call."""
    return min(timeit.repeat(make, number=5_000, repeat=9, timer=time.process_time)) / 5_000 * 1e6


def bytes_of(value: object) -> int:
    """What the instance itself takes, its `__dict__` and pydantic's own attributes included, its values not."""
    size = sys.getsizeof(value)
    for name in ("__dict__", "__pydantic_fields_set__"):
        size += sys.getsizeof(getattr(value, name)) if hasattr(value, name) else 0
    return size


def timed(made: Callable[..., object], values: dict[str, object]) -> float:
    """Microseconds of one call with these values."""
    return microseconds(lambda: made(**values))


def show_creation() -> list[tuple[str, float, float | None, str]]:
    """Time and bytes of one entity; the ratios."""
    figures: list[tuple[str, float, float | None, str]] = []
    print(f"{'':32}{'ours':>9}{'dataclass':>11}{'pydantic':>10}{'ours/pydantic':>15}  (limit 1.00)")
    for cls, dense in DENSE.items():
        classes = (cls, *peers_of(cls))
        for label, values in (("dense", dense), ("sparse", SPARSE[cls])):
            ours, bare, theirs = (timed(made, values) for made in classes)
            title = f"{cls.__name__}, {label} ({len(values)} of {len(fields(cls))}), µs"
            print(f"{title:32}{ours:9.2f}{bare:11.2f}{theirs:10.2f}{ours / theirs:15.2f}")
            figures.append((f"{cls.__name__}, {label}, checked, beside pydantic", ours / theirs, 1, "the same rules"))
        ours_bytes, bare_bytes, theirs_bytes = (bytes_of(made(**dense)) for made in classes)
        limit = 56 + 8 * len(fields(cls))
        title = f"{cls.__name__}, bytes"
        print(f"{title:32}{ours_bytes:9}{bare_bytes:11}{theirs_bytes:10}{'':15}  (limit {limit})")
        figures.append((f"{cls.__name__}, bytes, beside 56 + 8 a field", ours_bytes / limit, 1, f"{ours_bytes} bytes"))
        build, row = bulk_builder(cls, tuple(dense)), tuple(dense.values())
        bulk, ours = microseconds(partial(build, *row)), timed(cls, dense)
        print(f"{cls.__name__}, bulk_builder, dense: {bulk:.2f} µs, {bulk / ours:.2f} of the class")
    return figures


def show_check() -> None:
    """`check` over 100,000 entities that refer to one another."""
    users = [User(id=f"u{n}", manager_id=f"u{n // 10}" if n else None) for n in range(1_000)]
    accounts = [
        Account(id=f"a{n}", owner_id=f"u{n % 1_000}", parent_id=f"a{n // 2}" if n else None) for n in range(19_000)
    ]
    contacts = [Contact(id=f"c{n}", account_id=f"a{n % 19_000}", owner_id="u1") for n in range(30_000)]
    sales = [
        Opportunity(id=f"o{n}", account_id=f"a{n % 19_500}", owner_id=f"u{n % 1_000}", outcome="won", closed_at=NOW)
        for n in range(50_000)
    ]
    started = time.perf_counter()
    problems = check([*users, *accounts, *contacts, *sales])
    print(f"check of 100,000 entities: {time.perf_counter() - started:.2f} s, {len(problems)} problems; aim about 1 s")


def main() -> list[tuple[str, float, float | None, str]]:
    """Print all of it; give the ratios."""
    figures = show_creation()
    show_check()
    return figures


if __name__ == "__main__":
    main()
