"""A release that breaks names or numbers says so in its version and its change log."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("griffe", reason="griffe compares names and signatures; it comes with the extra `dev`")
from tests.golden.against_release import leading, objections

MONEY = '''"""Money."""
__all__ = ["round_up"]


def round_up(amount: int, places: int = 2) -> int:
    """Up."""
    return amount
'''


def checkout(root, version, source=MONEY, number="1/2 (4)", log="## Unreleased\n"):
    files = {
        "pyproject.toml": f"[project]\nversion = '{version}'\n",
        "src/revops_core/__init__.py": '"""Root."""\nfrom revops_core.money import round_up\n__all__ = ["round_up"]\n',
        "src/revops_core/money.py": source,
        "tests/golden/kpi_values.json": json.dumps({"win_rate": [number]}),
        "CHANGELOG.md": f"# Changelog\n\n{log}\n## 0.0.1\n\n### Changed numbers\n\n- `win_rate`: long ago\n",
    }
    for place, text in files.items():
        path = root / version / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return root / version


def test_what_is_the_same_needs_no_word(tmp_path):
    assert list(objections(checkout(tmp_path, "0.1.0"), checkout(tmp_path, "0.1.1"))) == []


@pytest.mark.parametrize(
    ("version", "says"), [("0.1.1", ["0.1.1 may not break 0.1.0: "]), ("0.2.0", []), ("1.0.0", [])]
)
def test_a_break_needs_a_version_that_says_so(tmp_path, version, says):
    without = MONEY.replace(", places: int = 2", "")
    found = list(objections(checkout(tmp_path, "0.1.0"), checkout(tmp_path, version, without)))
    assert [line[: len(said)] for line, said in zip(found, says, strict=True)] == says
    assert all("places" in line and "removed" in line for line in found)


def test_a_name_that_no_room_offers_has_no_promise(tmp_path):
    inner = MONEY.replace('"round_up"', '"inner", "round_up"') + '\n\ndef inner() -> None:\n    """In."""\n'
    assert list(objections(checkout(tmp_path, "0.1.0", inner), checkout(tmp_path, "0.1.1"))) == []


def test_a_new_argument_with_a_default_is_no_break(tmp_path):
    wider = MONEY.replace("places: int = 2", "places: int = 2, base: int = 10")
    assert list(objections(checkout(tmp_path, "0.1.0"), checkout(tmp_path, "0.1.1", wider))) == []


def test_a_changed_number_needs_a_word_under_changed_numbers_of_this_version(tmp_path):
    old = checkout(tmp_path, "0.1.0")
    silent = checkout(tmp_path, "0.2.0", number="2/3 (4)")
    assert list(objections(old, silent)) == ["not under Changed numbers in CHANGELOG.md: win_rate"]
    log = "## Unreleased\n\n### Changed numbers\n\n- `win_rate`: 1/2, now 2/3\n\n### Added\n"
    assert list(objections(old, checkout(tmp_path, "0.3.0", number="2/3 (4)", log=log))) == []
    log = log.replace("Unreleased", "0.4.0 (2027-01-01)").replace("win_rate", "bookings")
    assert len(list(objections(old, checkout(tmp_path, "0.4.0", number="2/3 (4)", log=log)))) == 1


def test_the_leading_number_is_the_first_that_is_not_zero():
    assert [leading(version) for version in ("0.0.3", "0.1.9", "1.4.0", "12.0.1rc1")] == [
        (0, 0, 3),
        (0, 1),
        (1,),
        (12,),
    ]
