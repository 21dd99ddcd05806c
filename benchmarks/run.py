"""All benchmarks, one table of ratios: ours beside a peer or the barest form of the same work, timed in one run.

    python benchmarks/run.py [--quick] [ROOM ...]

prints the table and writes it to docs/benchmarks.md (not with --quick or with rooms). A file of this folder with a
`main()` that returns figures is a room: (what, how many times as long as what it stands beside, limit or None, note).
Each runs in a process of its own, one after the other; a room whose peers are not installed is told and left out.
"""

from __future__ import annotations

import importlib
import io
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
PAGE = FOLDER.parent / "docs" / "benchmarks.md"
HEADINGS = {"kpis": "KPIs", "sla": "SLA clocks"}
APART = {"run", "gate"}
QUICK = dict.fromkeys(("frames", "frames_working_time", "stages", "kpis", "values"), "20000") | {
    "revenue": "2000", "import_time": "3",
}  # fmt: skip
PEERS = (
    *("attrs", "python-dateutil", "narwhals", "pydantic", "transitions", "python-statemachine", "Automat"),
    *("businesstimedelta", "business-duration", "exchange-calendars", "numpy", "pandas", "polars", "duckdb", "pyarrow"),
)

Figure = tuple[str, float, float | None, str]

HEAD = """# Benchmarks

How long our work takes beside that of others: 0.4 is two and a half times as fast, 2 is twice as long. Each pair is
timed in one run on one machine and, where the peer gives an answer, checked to be the same. Absolute times say more
about the machine than about us, so there are few; what is not faster than a peer stands here, too.

This page is written by `python benchmarks/run.py`; each script of `benchmarks` prints more, and can be run alone. What
guards every change is `benchmarks/gate.py`: it holds what fixed pieces of work cost beside what they cost before.
"""


def rooms() -> list[str]:
    """The benchmarks of this folder."""
    return sorted(path.stem for path in FOLDER.glob("*.py") if path.stem not in APART)


def figures_of(room: str, size: str | None) -> list[Figure] | str:
    """What a room tells, from a process of its own; or why it tells nothing."""
    command = [sys.executable, str(Path(__file__)), "--one", room, *([size] if size else [])]
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    if done.returncode:
        return (done.stderr.strip().splitlines() or ["it failed without a word"])[-1]
    return [(what, ratio, limit, note) for what, ratio, limit, note in json.loads(done.stdout)]


def one(room: str, arguments: list[str]) -> None:
    """Run one room here, its own table kept back, and print its figures as JSON."""
    sys.path.insert(0, str(FOLDER))
    sys.argv = [room, *arguments]
    with redirect_stdout(io.StringIO()):
        found = importlib.import_module(room).main()
    print(json.dumps(found))


def lines(results: dict[str, list[Figure] | str]) -> Iterator[str]:
    """The table in Markdown."""
    for room, found in results.items():
        yield f"\n## {HEADINGS.get(room, room.replace('_', ' ').capitalize())}\n"
        if isinstance(found, str):
            yield f"Not measured here: `{found}`"
            continue
        yield "| what, beside what | times as long | limit | kept | |\n|---|---:|---:|---|---|"
        for what, ratio, limit, note in found:
            told = ("", "") if limit is None else (f"{limit:.3g}", "yes" if ratio <= limit else "**no**")
            shown = f"{ratio:.3g}" if ratio >= 0.01 else f"1 / {1 / ratio:,.0f}"
            yield f"| {what} | {shown} | {told[0]} | {told[1]} | {note} |"


def machine() -> Iterator[str]:
    """What it was measured on: no name of the machine, no path."""
    info = Path("/proc/cpuinfo")
    told = info.read_text("utf-8").splitlines() if info.is_file() else []
    names = [line.partition(":")[2].strip() for line in told if line.startswith("model name")]
    cpu = names[0] if names else platform.processor() or platform.machine()
    yield "\n## Measured on\n"
    load = f", load at the end {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    where = f"{cpu}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}{load}"
    yield f"- {datetime.now(UTC):%Y-%m-%d}; {where}"
    yield f"- {platform.python_implementation()} {platform.python_version()}"
    yield "- " + ", ".join(f"{name} {found}" for name in ("revops_core", *PEERS) if (found := installed(name)))


def installed(name: str) -> str | None:
    """The version of a package, where there is one."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def main() -> int:
    """Print the table, write the page; the status is 1 where a limit is not kept."""
    arguments = sys.argv[1:]
    if arguments[:1] == ["--one"]:
        one(arguments[1], arguments[2:])
        return 0
    quick = "--quick" in arguments
    chosen = [argument for argument in arguments if argument != "--quick"]
    results: dict[str, list[Figure] | str] = {}
    for room in chosen or rooms():
        print(f"{room} …", file=sys.stderr)
        results[room] = figures_of(room, QUICK.get(room) if quick else None)
    text = "\n".join([HEAD.rstrip(), *lines(results), *machine()]) + "\n"
    print(text)
    if not quick and not chosen:
        PAGE.write_text(text, "utf-8")
    broken = [
        figure for found in results.values() if not isinstance(found, str)
        for figure in found if figure[2] is not None and figure[1] > figure[2]
    ]  # fmt: skip
    print(
        f"{len(broken)} limits broken",
        *(f"  {what}: {ratio:.2f} of {limit}" for what, ratio, limit, _ in broken),
        sep="\n",
    )
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
