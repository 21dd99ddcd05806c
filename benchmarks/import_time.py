"""What `import revops_core` costs beside the import of what it needs.

    python benchmarks/import_time.py [rounds]

Each round starts Python anew for each line of the table, in turn, so that a busy moment of the machine falls on all.
The figure that counts is the ratio of the fastest runs, as noise only ever adds.
"""

from __future__ import annotations

import compileall
import subprocess
import sys
from statistics import median

DEPENDENCIES = "import attrs, decimal, zoneinfo"
LIMIT = 1.3
STATEMENTS = {
    "nothing": "pass",
    "dependencies": DEPENDENCIES,
    "revops_core": "import revops_core",
    "dependencies, then revops_core": f"{DEPENDENCIES}; import revops_core",
}
TIMED = "import time; start = time.perf_counter(); {}; print(time.perf_counter() - start)"
LOADED = "import sys, revops_core; print(*sorted({'dateutil', 'hypothesis', 'narwhals'} & set(sys.modules)))"


def output(code: str) -> str:
    """What a fresh Python prints that runs `code`."""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout.strip()


def main() -> list[tuple[str, float, float | None, str]]:
    """Print the table, the ratio beside the limit, and what the root loads that it should not; give the ratio."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    compileall.compile_dir(output("import revops_core; print(*revops_core.__path__)"), quiet=1)  # as pip does
    for statement in STATEMENTS.values():
        output(statement)  # warms the cache of the disk
    seconds: dict[str, list[float]] = {name: [] for name in STATEMENTS}
    for _ in range(rounds):
        for name, statement in STATEMENTS.items():
            seconds[name].append(float(output(TIMED.format(statement))))
    print(f"{'import':32}{'fastest ms':>12}{'median ms':>12}   of {rounds} runs")
    for name, taken in seconds.items():
        print(f"{name:32}{min(taken) * 1000:12.1f}{median(taken) * 1000:12.1f}")
    figures: list[tuple[str, float, float | None, str]] = []
    for kind, of in (("fastest", min), ("median", median)):
        whole, parts = of(seconds["dependencies, then revops_core"]), of(seconds["dependencies"])
        figures.append(("import of the root, beside that of its dependencies", (whole - parts) / parts, LIMIT, kind))
        print(f"{kind}: the library adds {(whole - parts) / parts:.2f}x what its dependencies cost (limit {LIMIT}x)")
    print(f"loaded by the root beside them: {output(LOADED) or 'no dateutil, no extra'}")
    return figures[:1]


if __name__ == "__main__":
    main()
