from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[1] / "benchmarks"


def loaded(name):
    spec = importlib.util.spec_from_file_location(f"benchmark_{name}", FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


gate, run = loaded("gate"), loaded("run")


@pytest.mark.parametrize("piece", gate.PIECES)
def test_every_piece_of_work_of_the_gate_still_runs(piece):
    assert gate.run(piece, 1) > 0


def test_the_gate_has_a_record_of_every_piece_but_the_unit():
    assert set(json.loads(gate.RECORD.read_text("utf-8"))) == gate.PIECES.keys() - {"unit"}


def test_the_gate_fails_on_what_costs_more_and_not_on_noise():
    costs = {"unit": 100.0, "same": 205.0, "worse": 260.0, "better": 120.0, "new": 100.0}
    found = gate.judged(costs, {"same": 2.0, "worse": 2.0, "better": 2.0}, 1.1)
    says = {piece: said for piece, _, _, said in found}
    assert says["same"] == "kept"
    assert says["worse"].startswith("TOO MUCH: 30% more")
    assert says["better"].startswith("40% less")
    assert says["new"].startswith("not recorded")


def test_a_busy_machine_changes_no_unit_as_both_are_counted_in_one_run():
    recorded = {"piece": 2.0}
    assert gate.judged({"unit": 100.0, "piece": 200.0}, recorded, 1.1) == gate.judged(
        {"unit": 300.0, "piece": 600.0}, recorded, 1.1
    )


def test_a_broken_limit_and_a_room_without_its_peers_are_told_in_the_table():
    figures = [
        ("ours, beside a peer", 0.5, 1, ""),
        ("slow, beside a peer", 1.204, 1, "loaded"),
        ("free", 0.0001, None, ""),
    ]
    text = "\n".join(run.lines({"sla": figures, "stages": "No module named 'automat'"}))
    assert "| ours, beside a peer | 0.5 | 1 | yes |  |" in text
    assert "| slow, beside a peer | 1.2 | 1 | **no** | loaded |" in text
    assert "| free | 1 / 10,000 |  |  |  |" in text
    assert "Not measured here: `No module named 'automat'`" in text


def test_every_benchmark_of_a_room_gives_its_figures():
    for room in run.rooms():
        assert "def main() -> list[tuple[str, float, float | None, str]]:" in (FOLDER / f"{room}.py").read_text("utf-8")
