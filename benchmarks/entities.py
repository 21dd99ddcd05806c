"""Entities: making one, beside a frozen dataclass and pydantic with the same rules; bytes; bulk loads; check; import.

Limits: at most pydantic's time, dense and sparse; at most 56 + 8 bytes for each field. Run with `python benchmarks/entities.py`.
"""

from __future__ import annotations

import subprocess
import sys
import time
import timeit
from collections.abc import Callable, Mapping
from dataclasses import MISSING, make_dataclass
from dataclasses import field as dataclass_field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any, Union, get_args, get_origin

from attrs import NOTHING, fields
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, InstanceOf, create_model

from revops_core.entities import Account, Contact, Lead, Opportunity, User, bulk_builder, check
from revops_core.values.checks import AtLeast, Between, NotEmpty, hints_of
from revops_core.values.money import Money

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
DENSE: dict[type, dict[str, object]] = {
    Lead: {
        **{
            name: "some text"
            for name in ("id", "first_name", "last_name", "email", "phone", "title", "company", "website")
        },
        **{name: "some text" for name in ("industry", "country", "lead_source", "campaign", "owner_id", "account_id")},
        **{name: NOW for name in ("assigned_at", "created_at", "stage_entered_at", "closed_at")},
        "employee_count": 350,
        "stage": "sales_qualified",
        "outcome": "qualified",
        "stage_seq": 3,
        "name_verified": True,
        "email_verified": True,
    },
    Opportunity: {
        **{
            name: "some text" for name in ("id", "name", "account_id", "owner_id", "kind", "stage", "forecast_category")
        },
        "amount": Money(1200, "EUR"),
        "probability": Decimal("0.4"),
        "close_date": date(2026, 9, 30),
        "outcome": "open",
        "created_at": NOW,
        "stage_entered_at": NOW,
        "stage_seq": 3,
        "stage_version": 1,
        "lead_source": "referral",
        "lead_id": "l1",
        "product_id": "p1",
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
    return min(timeit.repeat(make, number=5_000, repeat=9)) / 5_000 * 1e6


def bytes_of(value: object) -> int:
    """What the instance itself takes, its `__dict__` and pydantic's own attributes included, its values not."""
    size = sys.getsizeof(value)
    for name in ("__dict__", "__pydantic_fields_set__"):
        size += sys.getsizeof(getattr(value, name)) if hasattr(value, name) else 0
    return size


def show_creation() -> None:
    """Time and bytes of one entity."""
    print(f"{'':28}{'ours':>9}{'dataclass':>11}{'pydantic':>10}{'ours/pydantic':>15}  limit 1.00")
    for cls, dense in DENSE.items():
        plain, model = peers_of(cls)
        for label, values in (("dense", dense), ("sparse", SPARSE[cls])):
            ours, bare, theirs = (microseconds(lambda made=made: made(**values)) for made in (cls, plain, model))
            print(
                f"{cls.__name__} {label:6} µs {'':{12 - len(cls.__name__)}}{ours:15.2f}{bare:11.2f}{theirs:10.2f}{ours / theirs:15.2f}"
            )
        sizes = [bytes_of(made(**dense)) for made in (cls, plain, model)]
        limit = 56 + 8 * len(fields(cls))
        print(
            f"{cls.__name__} bytes {'':{12 - len(cls.__name__)}}{sizes[0]:18}{sizes[1]:11}{sizes[2]:10}{'limit ' + str(limit):>15}"
        )
        build = bulk_builder(cls, tuple(dense))
        row = tuple(dense.values())
        bulk, ours = microseconds(lambda: build(*row)), microseconds(lambda: cls(**dense))
        print(f"{cls.__name__} bulk_builder dense: {bulk:.2f} µs, {bulk / ours:.2f} of the class")


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


def show_import() -> None:
    """What importing the room costs beside its dependencies, best of 15 processes each."""
    base = "import attrs, decimal, zoneinfo, fractions, enum, typing"
    best = {}
    for label, code in (
        ("dependencies", base),
        ("values.plain", "import revops_core.values.plain"),
        ("entities", "import revops_core.entities"),
    ):
        timed = f"import time; t = time.perf_counter(); {code}; print(time.perf_counter() - t)"
        times = [
            float(subprocess.run([sys.executable, "-c", timed], capture_output=True, check=True, text=True).stdout)
            for _ in range(15)
        ]
        best[label] = min(times) * 1e3
    print("import, ms: " + ", ".join(f"{label} {took:.1f}" for label, took in best.items()))
    print(
        f"entities beyond the dependencies: {(best['entities'] - best['dependencies']) / best['dependencies']:.2f} of them"
    )


def main() -> None:
    """Print all of it."""
    show_creation()
    show_check()
    show_import()


if __name__ == "__main__":
    main()
