"""What breaks beside the last release, and what the versions and the change log say about it.

    python -m tests.golden.against_release CHECKOUT_OF_THE_RELEASE

Names and signatures are compared by griffe, numbers by the golden values of both. Breaks are allowed where the version
says so (the first of its numbers that is not zero is higher), changed numbers where the change log tells them.
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import griffe

from docs.generate_reference import MODULES_THAT_ARE_PAGES, PACKAGE, ROOMS, exports

_SHOWN = re.compile(r"^.*?\.py\S*?:\d+: |\x1b\[\d+m")  # the place in one of two checkouts, and colours
ROOT = Path(__file__).resolve().parents[2]


def objections(old: Path, new: Path) -> Iterator[str]:
    """Each break that the version or the change log of `new` does not admit."""
    before, after = version_of(old), version_of(new)
    if leading(after) <= leading(before):
        yield from (f"{after} may not break {before}: {broken}" for broken in breaks(old, new))
    changed = changed_numbers(old, new)
    told = changed_section(new, after)
    yield from (f"not under Changed numbers in CHANGELOG.md: {name}" for name in changed if f"`{name}`" not in told)


def version_of(checkout: Path) -> str:
    return tomllib.loads((checkout / "pyproject.toml").read_text("utf-8"))["project"]["version"]


def leading(version: str) -> tuple[int, ...]:
    """The numbers up to the first that is not zero: what SemVer lets a break change."""
    numbers = [int(number) for number in re.findall(r"\d+", version)[:3]]
    return tuple(numbers[: next((n for n, number in enumerate(numbers, 1) if number), 3)])


def breaks(old: Path, new: Path) -> list[str]:
    """What griffe finds below the names that rooms offer; other names of a module have no promise."""
    offered = {
        name
        for page in ("", *ROOMS, *MODULES_THAT_ARE_PAGES)
        for export in exports(old, page)
        for name in (f"{export.module}.{export.name}", ".".join(filter(None, (PACKAGE, page, export.name))))
    }
    packages = [
        griffe.load("revops_core", search_paths=[checkout / "src"], resolve_aliases=True) for checkout in (old, new)
    ]
    found = list(griffe.find_breaking_changes(*packages))
    mine = [one for one in found if any(f"{one.obj.path}.".startswith(f"{name}.") for name in offered)]
    mine = [one for one in mine if not one.obj.name.startswith("_")]
    return sorted({_SHOWN.sub("", one.explain(griffe.ExplanationStyle.ONE_LINE)) for one in mine})


def changed_numbers(old: Path, new: Path) -> list[str]:
    """KPIs that both know, with another golden value."""
    place = Path("tests", "golden", "kpi_values.json")
    was, now = (json.loads((checkout / place).read_text("utf-8")) for checkout in (old, new))
    return sorted(name for name in was.keys() & now.keys() if was[name] != now[name])


def changed_section(checkout: Path, version: str) -> str:
    """What the change log tells under "Changed numbers" of this version, or of what is not released yet."""
    text = (checkout / "CHANGELOG.md").read_text("utf-8")
    parts = re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE)
    mine = "\n".join(body for head, body in parts if head.startswith(("Unreleased", version, f"[{version}]")))
    return "\n".join(re.findall(r"^### Changed numbers\n(.*?)(?=^### |\Z)", mine, re.DOTALL | re.MULTILINE))


def main() -> int:
    found = list(objections(Path(sys.argv[1]), ROOT))
    print("\n".join(found) or f"nothing breaks beside {version_of(Path(sys.argv[1]))} that is not told")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
