"""Pages are plain Markdown: every link of theirs leads somewhere, and the index leads to every page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs.conf import contents

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\[[^\]]*\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)")
CODE = re.compile(r"^```.*?^```|`[^`\n]*`|<!--.*?-->", re.DOTALL | re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """The anchors that a forge and MyST make of the headings of a page."""
    text = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    heads = re.findall(r"^#{1,6} (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def broken(page: Path) -> list[str]:
    found = []
    for target, anchor in LINK.findall(CODE.sub("", page.read_text("utf-8"))):
        place = (page.parent / target).resolve() if target else page
        if not place.is_file() or (anchor and anchor not in anchors(place)):
            found.append(f"{page.name}: {target}#{anchor}")
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_leads_to_a_file_and_a_heading(page):
    assert not broken(page)


def test_the_index_leads_to_every_page():
    listed = {
        page for _, pages in contents((ROOT / "docs" / "index.md").read_text("utf-8"), Path("docs")) for page in pages
    }
    notes = {page for page in PAGES if page.parent.name == "decisions" and page.name != "README.md"}  # list themselves
    pages = {*PAGES, *(ROOT / "docs").rglob("*.ipynb")} - notes
    every = {page.relative_to(ROOT).with_suffix("").as_posix() for page in pages} - {"docs/index"}
    assert every - listed == set(), "link to it from docs/index.md, which is the table of contents"
    assert listed - every == set()


def test_no_page_holds_a_directive_that_a_forge_would_show_as_code():
    for page in PAGES:
        assert not re.search(r"^(```|:::)\{", page.read_text("utf-8"), re.MULTILINE), page


def test_an_index_is_read_part_by_part_and_names_a_page_once():
    parts = ("# All", "[a](a.md)", "[there](https://b.example/c.md)", "## Ideas", "- [b](b.md#x), [a](a.md)")
    text = "\n".join((*parts, "[up](../README.md)", "## More", "[b](b.md) [c](c.md)"))
    assert list(contents(text, Path("docs"))) == [("Ideas", ["docs/b", "docs/a", "README"]), ("More", ["docs/c"])]


def test_a_link_to_nowhere_is_told(tmp_path):
    (tmp_path / "other.md").write_text("# A title, with *marks*\n", "utf-8")
    page = tmp_path / "page.md"
    page.write_text(
        "[a](other.md#a-title-with-marks) [b](other.md#no) [c](gone.md) `[d](code.md)`\n# Here\n[e](#here)", "utf-8"
    )
    assert broken(page) == ["page.md: other.md#no", "page.md: gone.md#"]
