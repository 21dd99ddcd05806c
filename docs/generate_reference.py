"""Write docs/reference: a page for each room, from its `__all__`, its signatures and its docstrings.

    python docs/generate_reference.py

It reads source text and imports nothing of the library, so that a page is the same on every machine. A test fails
when a page is stale; the differences of these pages between two versions are those of the public interface.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

PACKAGE = "revops_core"
MODULES_THAT_ARE_PAGES = ("errors", "testing.strategies")
ROOMS = ("values", "calendars", "entities", "stages", "sla", "kpis", "charts", "frames", "testing")

_SECTION = re.compile(r"^(Args|Attributes|Returns|Raises|Yields|Source|Formula|Note):$")
_PART = re.compile(r"^(Formula|Source): ")
_ENTRY = re.compile(r"^ {4}(\S[^:]*): (.*)$")


@dataclass(frozen=True)
class Export:
    """A public name: where it is defined, the statement that defines it and what its docstring says."""

    name: str
    module: str
    node: ast.stmt | None
    doc: str

    @property
    def is_module(self) -> bool:
        """Whether the name is a module, such as `errors` at the root."""
        return self.node is None

    @property
    def public_methods(self) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        """The public methods and properties, where the name is a class."""
        if isinstance(self.node, ast.ClassDef):
            for node in self.node.body:
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
                    yield node


def exports(root: Path, page: str) -> list[Export]:
    """The public names of a room ("values"), of a module that is a page ("errors") or of the root ("")."""
    module = f"{PACKAGE}.{page}".rstrip(".")
    path = _file(root, module)
    if path is None:
        return []
    return [_resolved(root, module, name) for name in public_names(ast.parse(path.read_text("utf-8")))]


def public_names(tree: ast.Module) -> list[str]:
    """What `__all__` of a module lists."""
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and assigned_names(node) == ["__all__"] and node.value:
            return list(ast.literal_eval(node.value))
    return []


def _file(root: Path, module: str) -> Path | None:
    stem = root / "src" / Path(*module.split("."))
    return next((path for path in (stem / "__init__.py", stem.with_suffix(".py")) if path.is_file()), None)


def _tree(path: Path | None) -> ast.Module:
    """The syntax tree of a file; an empty one where there is none."""
    tree: ast.Module = _parsed(path.read_text("utf-8") if path else "")
    return tree


_parsed = lru_cache(maxsize=512)(ast.parse)  # a room is looked through once for each of its names


def _resolved(root: Path, module: str, name: str) -> Export:
    """`name` of `module`, followed through imports to the statement that defines it."""
    body = _tree(_file(root, module)).body
    for place, node in enumerate(body):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                if alias.name == "*" and name in public_names(_tree(_file(root, node.module))):
                    return _resolved(root, node.module, name)
                if (alias.asname or alias.name) == name:
                    if _file(root, f"{node.module}.{alias.name}") is not None:
                        return Export(name, f"{node.module}.{alias.name}", None, "")
                    return _resolved(root, node.module, alias.name)
        elif isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name:
            return Export(name, module, node, ast.get_docstring(node) or "")
        elif name in assigned_names(node):
            after = body[place + 1] if place + 1 < len(body) else None
            return Export(name, module, node, _text(after))
    message = f"{module} has no {name}"
    raise LookupError(message)


def assigned_names(node: ast.stmt) -> list[str]:
    """The plain names that a statement at the top of a module assigns."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _text(node: ast.stmt | None) -> str:
    """The string that stands after a constant and tells what it is."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
        return node.value.value.strip()
    return ""


def pages(root: Path) -> Mapping[str, str]:
    """File name → text of every page of docs/reference."""
    found = {}
    for page in (*ROOMS, *MODULES_THAT_ARE_PAGES):
        names = exports(root, page)
        if names:
            found[f"{page}.md"] = _page(root, page, names)
    return found


def _page(root: Path, page: str, names: list[Export]) -> str:
    path = _file(root, f"{PACKAGE}.{page}")
    about = ast.get_docstring(ast.parse(path.read_text("utf-8"))) if path else None
    blocks = [
        f"# `{PACKAGE}.{page}`",
        "<!-- Written by docs/generate_reference.py: change the docstrings, then run it. -->",
        markdown(about or ""),
        "Each example runs where its name is defined, so it may use what that module imports.",
    ]
    for export in names:
        blocks += [f"## {export.name}", *_entry(export)]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _entry(export: Export) -> Iterator[str]:
    node = export.node
    if node is None:
        yield f"The module `{export.module}`."
    elif isinstance(node, ast.ClassDef):
        yield _code(_class_signature(node))
        yield markdown(export.doc)
        for method in export.public_methods:
            yield f"### {export.name}.{method.name}"
            yield _code(_signature(method))
            yield markdown(ast.get_docstring(method) or "")
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        yield _code(_signature(node))
        yield markdown(export.doc)
    else:
        yield markdown(export.doc) or _definition(export)


def _definition(export: Export) -> str:
    """What a definition says of itself in the words it is made with, and its place in the catalogue."""
    value = getattr(export.node, "value", None)
    if not isinstance(value, ast.Call) or not export.name.islower():
        return ""
    texts = [_literal(word) for word in value.args]
    told = {word.arg: _literal(word.value) for word in value.keywords}
    title = told.get("title") or (texts[1] if len(texts) > 1 else "")
    anchor = re.sub(r"[^\w\- ]", "", f"{title} {export.name}".lower()).replace(" ", "-") if title else ""
    source = f"Source: {told['source'].rstrip('.')}." if told.get("source") else ""
    link = f"[Formula and rows](../kpi-catalogue.md{'#' if anchor else ''}{anchor})."
    return " ".join(filter(None, (told.get("says") or (f"{title}." if title else ""), source, link)))


def _literal(node: ast.expr) -> str:
    """The text that `node` writes out, if it is one."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _code(text: str) -> str:
    return f"```python\n{text}\n```"


def _signature(node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    marks = [f"@{ast.unparse(mark)}\n" for mark in node.decorator_list]
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return f"{''.join(marks)}def {node.name}({ast.unparse(node.args)}){returns}"


def _class_signature(node: ast.ClassDef) -> str:
    """The bases and the public fields of a class: how it is kept inside is not of interest to its users."""
    bases = f"({', '.join(ast.unparse(base) for base in node.bases)})" if node.bases else ""
    fields = [
        f"    {ast.unparse(field.target)}: {ast.unparse(field.annotation)}{_default(field.value)}"
        for field in node.body
        if isinstance(field, ast.AnnAssign)
        and not ast.unparse(field.target).startswith("_")
        and not ast.unparse(field.annotation).startswith("ClassVar")
    ]
    return "\n".join([f"class {node.name}{bases}:", *(fields or ["    ..."])])


def _default(value: ast.expr | None) -> str:
    """The default of a field; what else `attrs.field` is told stays inside."""
    if isinstance(value, ast.Call) and ast.unparse(value.func).rpartition(".")[2] == "field":
        told = {word.arg: word.value for word in value.keywords}
        value = told.get("default")
        if "factory" in told:
            return f" = {ast.unparse(told['factory'])}()"
    return f" = {ast.unparse(value)}" if value else ""


def markdown(docstring: str) -> str:
    """A docstring as Markdown: sections in bold, their entries, formula and source as lists, examples in fences."""
    lines: list[str] = []
    in_section = in_example = False
    for line in docstring.splitlines():
        starts = line.lstrip().startswith(">>>")
        if starts and not in_example:
            lines += ["", "```python"]
            in_example, in_section = True, False
        if in_example:
            if line.strip():
                lines.append(line)
                continue
            lines.append("```")
            in_example = False
        if _SECTION.match(line):
            lines += ["**" + line.rstrip(":") + "**", ""]
            in_section = True
        elif in_section and (entry := _ENTRY.match(line)):
            lines.append(f"- `{entry[1]}`: {entry[2]}")
        else:
            in_section = in_section and line.startswith("    ")
            lines.append(f"  {line.strip()}" if in_section else _PART.sub(r"- \1: ", line))
    if in_example:
        lines.append("```")
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def main() -> None:
    """Write the pages, and remove those that no room has any more."""
    root = Path(__file__).resolve().parents[1]
    folder = root / "docs" / "reference"
    folder.mkdir(exist_ok=True)
    wanted = pages(root)
    for stale in set(folder.glob("*.md")) - {folder / name for name in wanted}:
        stale.unlink()
    for name, text in wanted.items():
        (folder / name).write_text(text, "utf-8")
    print(f"{len(wanted)} pages written to docs/reference")


if __name__ == "__main__":
    main()
