"""How Sphinx builds the pages: the Markdown and the notebooks that a forge shows, with Furo and MyST, and no network.

    python -m sphinx -qE -W --keep-going -n -c docs . .docs

The source is the whole checkout, so that a link from a page in `docs` to the README or to an example is one link for a
forge and for Sphinx. No page holds a directive: the table of contents is what docs/index.md links to, under its own
headings, and docs/decisions/README.md lists its folder. A page that no list names is a warning, and so an error.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]

project = "revops_core"
author = "the authors of revops_core"
release = version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
language = "en"

extensions = ["myst_nb"]
root_doc = "docs/index"
include_patterns = ["*.md", "docs/*.md", "docs/*/*.md", "docs/*/*.ipynb"]
exclude_patterns = [".*", "src", "tests", "benchmarks", "build", "dist"]
myst_heading_anchors = 3
myst_links_external_new_tab = False
nb_execution_mode = "off"  # the tests compute what stands in the notebooks
suppress_warnings = ["mystnb.unknown_mime_type"]  # charts are shown as the tables that they hold beside their Vega-Lite
highlight_language = "none"  # a block says its language
pygments_style = "friendly"

html_theme = "furo"
html_title = f"revops_core {release}"
html_copy_source = False
html_show_sphinx = False
html_static_path = ["static"]
html_css_files = ["wider.css"]
html_theme_options = {"navigation_with_keys": True}

_HEADING = re.compile(r"^## (.+)$")
_PAGE = re.compile(r"\]\((?!https?:)([^)#\s]+\.(?:md|ipynb))(?:#[^)]*)?\)")


def contents(text: str, folder: Path) -> Iterator[tuple[str, list[str]]]:
    r"""Caption and pages of each part of an index: each page under the first heading that names it.

    What stands above the first heading names many pages again; only those that no heading names are its own.

    >>> list(contents("# All\n[a](a.md), [b](b.md)\n## Ideas\n- [b](b.md#x)", Path("docs")))
    [('Start', ['docs/a']), ('Ideas', ['docs/b'])]
    """
    parts: list[tuple[str, dict[str, None]]] = [("Start", {})]
    for line in text.splitlines():
        if heading := _HEADING.match(line):
            parts.append((heading[1], {}))
        for page in _PAGE.findall(line):
            parts[-1][1][(ROOT / folder / page).resolve().relative_to(ROOT).with_suffix("").as_posix()] = None
    seen: set[str] = set()
    for _, pages in (*parts[1:], parts[0]):
        for page in pages.keys() & seen:
            del pages[page]
        seen.update(pages)
    yield from ((caption, list(pages)) for caption, pages in parts if pages)


def _add_contents(_app: Any, name: str, source: list[str]) -> None:
    if name == root_doc:
        for caption, pages in contents(source[0], Path("docs")):
            listed = "\n".join(f"/{page}" for page in pages)
            source[0] += f"\n```{{toctree}}\n:hidden:\n:caption: {caption}\n\n{listed}\n```\n"
    elif name == "docs/decisions/README":
        source[0] += "\n```{toctree}\n:glob:\n:maxdepth: 1\n\n0*\n```\n"


def _lead_to_the_index(app: Any, error: Exception | None) -> None:
    if error is None and app.builder.name == "html":
        page = f'<!doctype html><meta http-equiv="refresh" content="0; url={root_doc}.html"><title>{project}</title>\n'
        (Path(app.outdir) / "index.html").write_text(page, "utf-8")


def setup(app: Any) -> dict[str, bool]:
    """Let the index tell Sphinx the table of contents, and the first page lead to the index."""
    app.connect("source-read", _add_contents)
    app.connect("build-finished", _lead_to_the_index)
    return {"parallel_read_safe": True}
