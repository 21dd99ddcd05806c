"""Runs the examples of README.md, of the pages in docs and of the docstrings in src as tests.

In Markdown every `python` block runs, top to bottom, in one namespace a page; a block that starts with `>>>` is
compared with the output it shows. There is no way to skip one: what must not run is no `python` block. Each docstring
runs alone, with the names of its module at hand. The pages in docs/reference copy docstrings and are not run again.
"""

from __future__ import annotations

from bisect import bisect
from pathlib import Path

from sybil import Example, Sybil
from sybil.document import PythonDocStringDocument
from sybil.example import NotEvaluated
from sybil.parsers.markdown import PythonCodeBlockParser
from sybil.parsers.rest import DocTestParser
from sybil.python import import_path


class DocstringsAlone(PythonDocStringDocument):
    """A module whose docstrings do not see each other's variables: `help()` shows one docstring at a time."""

    def __init__(self, text: str, path: str) -> None:
        super().__init__(text, path)
        self.starts: list[int] | None = None
        self.docstring = -1

    def import_document(self, example: Example) -> None:
        """Start afresh, from the names of the module, where `example` is the first of its docstring."""
        if self.starts is None:
            self.starts = sorted(start for start, _, _ in self.extract_docstrings(self.text))
        docstring = bisect(self.starts, example.region.start)
        if docstring != self.docstring:
            self.docstring = docstring
            self.namespace.clear()
            self.namespace.update(import_path(Path(self.path)).__dict__)
        raise NotEvaluated


_pages = Sybil(
    [PythonCodeBlockParser(future_imports=["annotations"])], pattern="*.md", excludes=["docs/reference/*.md"]
)
_docstrings = Sybil([DocTestParser()], path="src", patterns=["*.py"], document_types={".py": DocstringsAlone})

pytest_collect_file = (_pages + _docstrings).pytest()
