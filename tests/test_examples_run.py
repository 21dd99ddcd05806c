from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

CONFTEST = Path(__file__).resolve().parents[1] / "conftest.py"


def outcomes(root: Path, files: dict[str, str]) -> dict[str, int]:
    """How many examples passed and failed in a checkout of `files` with the conftest.py of this one."""
    shutil.copy(CONFTEST, root)
    for place, text in files.items():
        path = root / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    arguments = ["-q", "-p", "no:cacheprovider", "-o", "pythonpath=src", "--rootdir", str(root), str(root)]
    command = [sys.executable, "-m", "pytest", *arguments]
    done = subprocess.run(command, capture_output=True, check=False, text=True, cwd=root)
    return {word: int(count) for count, word in re.findall(r"(\d+) (passed|failed)", done.stdout.splitlines()[-1])}


def test_every_python_block_of_a_page_runs_and_a_wrong_one_fails(tmp_path):
    wrong, right = (
        "```python\n>>> 1 + 1\n3\n```\n",
        "```python\nassert 1 + 1 == 2\n```\n\n```python\n>>> 1 + 1\n2\n```\n",
    )
    files = {"README.md": wrong + right, "docs/tutorial.md": wrong, "docs/how-to/deep/page.md": wrong}
    assert outcomes(tmp_path, files) == {"failed": 3, "passed": 2}


def test_blocks_of_one_page_see_each_other_and_other_languages_are_left_alone(tmp_path):
    page = "```python\nx = 1\n```\n\n```python\n>>> x\n1\n```\n\n```sh\nfalse\n```\n"
    assert outcomes(tmp_path, {"README.md": page}) == {"passed": 2}


def test_docstrings_run_alone_with_the_names_of_their_module(tmp_path):
    first = 'LIMIT = 3\n\ndef first():\n    """>>> x = LIMIT\n    >>> x\n    3\n    """\n'
    second = '\ndef second():\n    """>>> x\n    3\n    """\n'
    assert outcomes(tmp_path, {"src/sample_module.py": first + second}) == {"failed": 1, "passed": 2}


def test_the_copies_in_the_reference_are_not_run_again(tmp_path):
    wrong = "```python\n>>> 1\n2\n```\n"
    assert outcomes(tmp_path, {"docs/reference/values.md": wrong, "docs/page.md": wrong}) == {"failed": 1}
