from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import revops_core

EXTRAS = {"hypothesis", "narwhals"}
PACKAGE = Path(revops_core.__file__).parent
CORE_ROOMS = sorted(
    path.parent.name
    for path in PACKAGE.glob("*/__init__.py")
    if path.parent.name != "frames"  # the one room that needs an extra
)


def third_parties_loaded_by(code: str, *options: str) -> set[str]:
    lines = ("import sys", f"sys.path.insert(0, {str(PACKAGE.parent)!r})", "before = set(sys.modules)", code)
    program = "\n".join((*lines, "print(*set(sys.modules) - before)"))
    done = subprocess.run([sys.executable, *options, "-c", program], capture_output=True, check=True, text=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    standard = {name for name in loaded if name.startswith("_sysconfigdata")}  # its name has the platform's in it
    return loaded - standard - sys.stdlib_module_names - {"revops_core"}


def test_importing_the_root_loads_neither_dateutil_nor_an_extra():
    assert third_parties_loaded_by("import revops_core") <= {"attr", "attrs"}


def test_the_test_above_can_fail():
    assert "dateutil" in third_parties_loaded_by("import revops_core, dateutil.easter")


@pytest.mark.parametrize("room", CORE_ROOMS)
def test_no_core_room_needs_an_extra(room):
    assert not third_parties_loaded_by(f"import revops_core.{room}") & EXTRAS


@pytest.mark.parametrize("room", CORE_ROOMS)
def test_every_core_room_works_without_docstrings_and_asserts(room):
    assert not third_parties_loaded_by(f"from revops_core.{room} import *", "-OO", "-W", "error") & EXTRAS
