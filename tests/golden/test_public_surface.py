"""Names and signatures are API: what was public stays as it was, or goes by the way of docs/versioning.md."""

from __future__ import annotations

from difflib import unified_diff

from tests.golden.public_surface import ROOT, SURFACE, surface

WAY_OUT = """The public names or signatures differ from tests/golden/public_surface.txt:

{}

A line with '-' was public and is gone or changed: programs break on it. Keep it working and mark it with `deprecated`
(docs/versioning.md), or, where no release has it yet, let it go. A line with '+' is new: it belongs under Added in
CHANGELOG.md. Then run

    python -m tests.golden.public_surface"""


def differences(now: list[str]) -> str:
    was = SURFACE.read_text("utf-8").splitlines()
    return "\n".join(line for line in unified_diff(was, now, n=0, lineterm="") if line[:3] not in {"---", "+++"})


def test_the_public_surface_is_what_it_was():
    found = differences(surface(ROOT))
    assert not found, WAY_OUT.format(found)


def test_a_new_argument_and_a_name_that_went_are_told(tmp_path):
    source = '"""V."""\n__all__ = ["add"]\ndef add(a: int, b: int = 0) -> int: ...\n'
    room = tmp_path / "src" / "revops_core" / "values"
    room.mkdir(parents=True)
    (room / "__init__.py").write_text(source, "utf-8")
    found = differences(surface(tmp_path))
    assert "+values.add(a: int, b: int=0) -> int" in found
    assert "-values.Money(" not in found
    assert "-values.Money\n" in found


def test_methods_properties_and_fields_have_a_line_each():
    lines = SURFACE.read_text("utf-8").splitlines()
    assert "values.Money.amount: Decimal" in " ".join(lines)
    assert any(line.startswith("sla.Clock.read(self, as_of: datetime") for line in lines)
    assert "values.Interval.duration: timedelta" in lines
    assert "kpis.win_rate" in lines
    assert any(line.endswith("@classmethod") for line in lines)
