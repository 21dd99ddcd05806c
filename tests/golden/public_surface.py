"""Every public name with its signature, one a line: what others write into their programs.

    python -m tests.golden.public_surface

writes `public_surface.txt` anew. It is read from source text, like the reference, so it is the same on every machine.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from docs.generate_reference import MODULES_THAT_ARE_PAGES, ROOMS, Export, _class_signature, _signature, exports

ROOT = Path(__file__).resolve().parents[2]
SURFACE = Path(__file__).parent / "public_surface.txt"
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]


def surface(root: Path) -> list[str]:
    """The lines, sorted: `room.Class`, `room.Class.field: type = default`, `room.function(argument: type) -> type`."""
    pages = ("", *ROOMS, *MODULES_THAT_ARE_PAGES)
    return sorted({line for page in pages for export in exports(root, page) for line in _lines(page or "ro", export)})


def _lines(page: str, export: Export) -> Iterator[str]:
    name, node = f"{page}.{export.name}", export.node
    if page == "ro":
        yield name  # the same thing as in its room
    elif isinstance(node, ast.ClassDef):
        head, *fields = _class_signature(node).splitlines()
        yield f"{page}.{head.removeprefix('class ').removesuffix(':')}"
        yield from (f"{name}.{field.strip()}" for field in fields if field.strip() != "...")
        yield from (f"{name}.{_on_one_line(_signature(method))}" for method in export.public_methods)
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        yield f"{page}.{_on_one_line(_signature(node))}"
    else:
        yield name


def _on_one_line(signature: str) -> str:
    """A property is an attribute to its user; other decorators stay in front."""
    marks, _, rest = signature.rpartition("def ")
    marks = " ".join(marks.split())
    if re.fullmatch(r"@(cached_)?property", marks):
        return re.sub(r"\(self\) -> ", ": ", rest)
    return f"{rest} {marks}".strip()


def main() -> None:
    SURFACE.write_text("\n".join(surface(ROOT)) + "\n", "utf-8")


if __name__ == "__main__":
    main()
