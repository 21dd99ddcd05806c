"""The laws of the house that a machine can check, read from the source text of a checkout.

    python -m tests.house_rules

prints the figures of the budget and every breach. Each rule is a function of a `House`, so that tests/test_house.py can
show every one of them a planted breach. A rule yields one line for each breach: where, what, and what to do instead.
"""

from __future__ import annotations

import ast
import builtins
import io
import re
import sys
import tokenize
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from docs.generate_reference import (
    MODULES_THAT_ARE_PAGES,
    PACKAGE,
    ROOMS,
    Export,
    assigned_names,
    exports,
    pages,
    public_names,
)

# --- What the rules allow -----------------------------------------------------------------------------------------

LEFT_OF = {
    "": {"errors", "values", "entities"},
    "errors": set[str](),
    "values": {"errors"},
    "calendars": {"errors", "values"},
    "entities": {"errors", "values"},
    "stages": {"errors", "values", "calendars", "entities"},
    "sla": {"errors", "values", "calendars", "entities"},
    "kpis": {"errors", "values", "calendars", "entities", "stages", "sla"},
    "charts": {"errors", "values", "calendars", "entities", "stages", "sla", "kpis"},
    "frames": {"errors", "values", "calendars", "entities", "stages", "sla", "kpis"},
    "testing": {"errors", "values", "calendars", "entities", "stages", "sla", "kpis"},
}
ROOMS_THAT_MAY_ECHO_FILE_NAMES = {"charts", "frames"}

THIRD_PARTIES = {"attrs": "", "dateutil": "", "narwhals": "frames/", "hypothesis": "testing/strategies"}
DATEUTIL_PARTS = {
    "dateutil.easter",
    "dateutil.relativedelta",
    "dateutil.rrule",
}  # `tz` and `parser` look around or guess
FORBIDDEN_MODULES = set(
    "_thread argparse asyncio atexit concurrent ctypes curses dbm email fileinput fcntl ftplib getpass gettext glob "
    "http imaplib importlib io linecache locale logging mmap multiprocessing os pathlib pickle pkgutil platform poplib "
    "pty queue random readline resource runpy sched secrets select selectors shelve shutil signal site smtplib socket "
    "socketserver sqlite3 ssl subprocess sys tempfile termios threading time tkinter tty urllib venv webbrowser "
    "wsgiref xmlrpc zipfile zipimport".split()
)
FORBIDDEN_CALLS = set("open print input breakpoint exec eval compile __import__ globals locals".split())
FORBIDDEN_ATTRIBUTES = set("now utcnow today utcfromtimestamp uuid1 uuid4 getnode localtime".split())

# Exceptions by name, each with its reason.
CHECKS = "values/checks.py"
ALLOWED_BY_NAME = {
    ("values/compiled_class.py", "exec"),  # the one place that writes source text
    (CHECKS, "cache"),  # keyed by class or annotation, of which there are as many as in the program
    (CHECKS, "TypeError"),  # an annotation nobody can check: no caller's value is wrong
    ("testing/sample_story.py", "random"),  # seeded: the same company in every run
    ("testing/sample_story.py", "Ended"),  # how a story ends; the two modules beside it catch it
    ("calendars/business_calendar.py", "threading"),  # the lock of the tables below
    ("calendars/business_calendar.py", "_TABLES"),  # tables by content, bounded: they hold derived values only
    ("calendars/working_time.py", "threading"),  # a lock for the table that grows with the years asked for
}

BASES = {"Mapping", "Enum", "StrEnum", "IntEnum", "Protocol", "Generic", "NamedTuple"}
PYTHONS_OWN_PROTOCOLS = {  # what Python demands of these methods
    "__getitem__": {"KeyError", "IndexError", "TypeError"},
    "__getattr__": {"AttributeError"},
    "__setattr__": {"AttributeError"},
    "__delattr__": {"AttributeError"},
    "__next__": {"StopIteration"},
}
BANNED_MODULE_NAMES = re.compile(r"^_*(base|common|misc|shared|core|lib|.*?_?(utils?|helpers?|managers?))$")
BANNED_CLASS_NAMES = re.compile(r"(Manager|Helper|Utils?|Mixin|Base)$|^_*(Abstract|Base)[A-Z]")
BANNED_FUNCTION_NAMES = re.compile(r"^_*(get|calculate)_")
BANNED_ARGUMENT_NAMES = {"now", "today", "asof", "as_at"}
SUFFIXES = {  # an annotated field or argument that ends so holds one of these
    "_at": ("datetime",),
    "_on": ("date",),
    "_date": ("date",),
    "_time": ("timedelta", "Span"),
    "_count": ("int", "Count"),
    "_id": ("str", "Id"),
}
MUTABLE_CALLS = set("list dict set bytearray defaultdict deque Counter OrderedDict ChainMap".split())
MUTATORS = set("append extend insert pop popitem clear update setdefault add remove discard sort reverse".split())
LONGEST_MODULE = 400
TOP_FOLDERS = {"src", "docs", "tests", "benchmarks"}
LEFT_BY_TOOLS = {"__pycache__", "build", "dist"}
# Fixed again once stages and clocks stood: docs/decisions/0005-the-budget.md.
BUDGET = {"modules": 165, "attrs classes": 145, "public names": 240, "KPIs": 180, "lines of code": 17_500}

# Written so that this very file does not hold what it looks for.
NAMES_OF_A_MACHINE = re.compile(r"(?<![\w.])/wor[k]/|\bfar[m]-|\.librar[y]\b|/hom[e]/\w|/User[s]/\w")

Function = ast.FunctionDef | ast.AsyncFunctionDef
NO_CODE = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}

# --- Reading ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Module:
    """One file of the package: its place, its text and its syntax tree."""

    place: str
    text: str
    tree: ast.Module

    @property
    def room(self) -> str:
        """The room it stands in; "errors" and "" (the root) are rooms of one file."""
        first, _, rest = self.place.partition("/")
        return first if rest else first.removesuffix(".py").removesuffix("__init__")

    @cached_property
    def code_line_count(self) -> int:
        """How many of its lines hold code: neither blank nor comment nor docstring."""
        lines: set[int] = set()
        for token in tokenize.generate_tokens(io.StringIO(self.text).readline):
            if token.type not in NO_CODE:
                lines.update(range(token.start[0], token.end[0] + 1))
        for node in ast.walk(self.tree):
            body = getattr(node, "body", None)
            for statement in body if isinstance(body, list) else ():
                if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
                    lines.difference_update(range(statement.lineno, (statement.end_lineno or 0) + 1))
        return len(lines)

    @property
    def name(self) -> str:
        """Its dotted name."""
        return ".".join([PACKAGE, *self.place.removesuffix(".py").split("/")]).removesuffix(".__init__")

    @property
    def stem(self) -> str:
        """The name of its file."""
        return self.place.rpartition("/")[2].removesuffix(".py")

    @property
    def is_init(self) -> bool:
        """Whether it is the `__init__` of a room."""
        return self.stem == "__init__"

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """Every node of its tree."""
        return list(ast.walk(self.tree))

    @cached_property
    def imports(self) -> list[tuple[ast.stmt, str, list[str]]]:
        """Every import, wherever it stands: the statement, the module, the names taken from it."""
        found: list[tuple[ast.stmt, str, list[str]]] = []
        for node in self.nodes:
            if isinstance(node, ast.Import):
                found += [(node, alias.name, []) for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                module = "." * node.level + (node.module or "")
                found.append((node, module, [alias.name for alias in node.names]))
        return found

    def says(self, node: object, text: str) -> str:
        """A breach at `node`."""
        return f"{self.place}:{getattr(node, 'lineno', 1)}: {text}"


class House:
    """A checkout, read once."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @cached_property
    def modules(self) -> list[Module]:
        """Every module of the package."""
        package = self.root / "src" / PACKAGE
        found = []
        for path in sorted(package.rglob("*.py")):
            text = path.read_text("utf-8")
            found.append(Module(path.relative_to(package).as_posix(), text, ast.parse(text)))
        return found

    def offered_by(self, module: str) -> list[str]:
        """What `__all__` of a module lists, by its dotted name; nothing where it is none of ours."""
        place = "/".join(module.split(".")[1:])
        held = (one for one in self.modules if one.place in {f"{place}.py", f"{place}/__init__.py"})
        return next((public_names(one.tree) for one in held), [])

    @cached_property
    def public(self) -> dict[str, list[Export]]:
        """Every public name, by the page of the reference that tells about it."""
        return {page: exports(self.root, page) for page in (*ROOMS, *MODULES_THAT_ARE_PAGES)}

    @cached_property
    def texts(self) -> dict[str, str]:
        """Every file that is committed: what stands in the four folders, in hidden folders of ours and at the top."""
        tops = [self.root / name for name in (*sorted(TOP_FOLDERS), ".ci", ".github")]
        paths = [path for top in tops if top.is_dir() for path in top.rglob("*")]
        found = {}
        for path in sorted([*paths, *self.root.glob("*")]):
            if path.is_file() and "__pycache__" not in path.parts and path.name != ".git":
                try:
                    found[path.relative_to(self.root).as_posix()] = path.read_text("utf-8")
                except UnicodeDecodeError:
                    continue
        return found

    @property
    def figures(self) -> dict[str, int]:
        """The figures of the budget, in the order of the law, and two that have no limit."""
        classes = [node for module in self.modules for node in module.nodes if isinstance(node, ast.ClassDef)]
        kpis = {export.name for export in self.public["kpis"] if _is_kpi(export)}
        names = {
            (export.module, export.name) for page, found in self.public.items() for export in found if page != "errors"
        }
        names = {(module, name) for module, name in names if name not in kpis}
        return {
            "modules": len(self.modules),
            "attrs classes": sum("frozen" in _decorators(node) for node in classes),
            "public names": len(names),
            "KPIs": len(kpis),
            "lines of code": sum(module.code_line_count for module in self.modules),
            "lines with docs": sum(module.text.count("\n") for module in self.modules),
            "errors": len(self.public["errors"]),
            "longest module": max((module.text.count("\n") for module in self.modules), default=0),
        }


def _is_kpi(export: Export) -> bool:
    """A definition under a lower-case name, or a function that returns one for its parameters."""
    if isinstance(export.node, Function):
        return re.search(r"(Kpi|Definition)\b", ast.unparse(export.node.returns or ast.Constant(None))) is not None
    return not isinstance(export.node, ast.ClassDef) and export.name.islower()


def _last(node: ast.expr) -> str:
    """The last name of an expression such as `attrs.frozen(kw_only=True)`, `Mapping[str, int]` or `frozen`."""
    while isinstance(node, ast.Call | ast.Subscript):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _decorators(node: ast.ClassDef | Function) -> set[str]:
    return {_last(mark) for mark in node.decorator_list}


def _is_builtin_error(name: str) -> bool:
    return isinstance(found := getattr(builtins, name, None), type) and issubclass(found, BaseException)


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _classes_of(module: Module) -> list[ast.ClassDef]:
    return [node for node in module.nodes if isinstance(node, ast.ClassDef)]


def _functions_of(module: Module) -> list[Function]:
    return [node for node in module.nodes if isinstance(node, Function)]


# --- Rules --------------------------------------------------------------------------------------------------------


def imports_go_one_way(house: House) -> Iterator[str]:
    """`values → calendars, entities → stages, sla → kpis → charts, frames, testing`; siblings do not meet."""
    for module in house.modules:
        if module.room not in LEFT_OF:
            yield module.says(None, f"'{module.room}' is no room; the rooms are {', '.join(filter(None, LEFT_OF))}")
            continue
        for node, target, names in module.imports:
            parts = target.split(".")
            if target.startswith("."):
                yield module.says(node, "a relative import; write the whole name")
            if parts[0] != PACKAGE:
                continue
            rooms = {parts[1]} if len(parts) > 1 else set(names)
            if len(parts) == 1 and module.place != "__init__.py":
                yield module.says(node, "imports the root of the package; import the module that defines the name")
            elif rooms == {module.room} and len(parts) == 2 and module.room != "errors":
                yield module.says(node, "imports its own room; import the module that defines the name")
            for room in sorted(rooms - {module.room} - LEFT_OF[module.room]):
                yield module.says(node, f"'{module.room or 'the root'}' may not import from '{room}'")


def imports_make_no_circle(house: House) -> Iterator[str]:
    """Modules of one room may use each other, never in a circle."""
    known = {module.name for module in house.modules}
    graph: dict[str, set[str]] = {}
    for module in house.modules:
        uses = {target for _, target, _ in module.imports}
        uses |= {f"{target}.{name}" for _, target, names in module.imports for name in names}
        graph[module.name] = (uses & known) - {module.name}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        yield "imports in a circle: " + " → ".join(error.args[1])


def third_parties_are_few(house: House) -> Iterator[str]:
    """attrs and dateutil, and each extra only in the files it is for."""
    for module in house.modules:
        for node, target, names in module.imports:
            top = target.split(".")[0]
            if not top or top == PACKAGE or top in sys.stdlib_module_names:
                continue
            if not module.place.startswith(THIRD_PARTIES.get(top, "nowhere")):
                yield module.says(node, f"imports {top}: allowed are attrs, dateutil, and extras in their own files")
            elif (
                top == "dateutil"
                and target not in DATEUTIL_PARTS
                and (target, names) != ("dateutil.tz", ["resolve_imaginary"])
            ):
                yield module.says(
                    node,
                    f"imports {target}: of dateutil, only {', '.join(sorted(DATEUTIL_PARTS))} and resolve_imaginary",
                )


def nothing_is_read_or_written(house: House) -> Iterator[str]:
    """No clock, disk, chance, environment or network, no machine's zone, no source text compiled."""
    for module in house.modules:
        for node, target, names in module.imports:
            words = {target.split(".")[0]} & FORBIDDEN_MODULES | set(names) & FORBIDDEN_ATTRIBUTES
            for word in sorted(word for word in words if (module.place, word) not in ALLOWED_BY_NAME):
                yield module.says(
                    node, f"imports {word}: the library reads and writes nothing, and takes time as an argument"
                )
        for node in module.nodes:
            if isinstance(node, ast.Attribute) and node.attr in FORBIDDEN_ATTRIBUTES:
                yield module.says(
                    node, f".{node.attr}: the library does not read the clock or chance; take it as an argument"
                )
            if not isinstance(node, ast.Call):
                continue
            called = _last(node.func)
            if (
                isinstance(node.func, ast.Name)
                and called in FORBIDDEN_CALLS
                and (module.place, called) not in ALLOWED_BY_NAME
            ):
                yield module.says(node, f"{called}(): the library reads, prints and compiles nothing")
            few = not node.keywords and isinstance(node.func, ast.Attribute)
            if few and (called, len(node.args)) in {("astimezone", 0), ("fromtimestamp", 1)}:
                yield module.says(node, f"{called}() without a zone reads the zone of the machine; name the zone")
        yield from _hashes(module)


def _hashes(module: Module) -> Iterator[str]:
    tested = [node.value for node in module.nodes if isinstance(node, ast.Expr)]  # only asks whether a value has one
    methods = [node for method in _functions_of(module) if method.name == "__hash__" for node in ast.walk(method)]
    allowed = {id(node) for node in (*tested, *methods)}
    for node in module.nodes:
        if isinstance(node, ast.Call) and _last(node.func) == "hash" and id(node) not in allowed:
            yield module.says(node, "hash() differs in every process; use it in __hash__ only")


def imports_stand_on_top(house: House) -> Iterator[str]:
    """No import in a function or under a condition, none after code; annotations are never evaluated on import."""
    for module in house.modules:
        top = {id(node) for node in module.tree.body}
        code = False
        for statement in module.tree.body:
            is_import = isinstance(statement, ast.Import | ast.ImportFrom)
            if is_import and code:
                yield module.says(statement, "an import below code; move it to the top")
            code = code or not (is_import or _is_docstring(statement))
        for node, target, names in module.imports:
            if id(node) not in top:
                yield module.says(node, f"a deferred import of {target}; import at the top, one way")
            if "*" in names and not module.is_init:  # a room offers all that a module of its offers, and lists it once
                yield module.says(node, f"imports everything from {target}; name what you use")
        future = any(target == "__future__" and "annotations" in names for _, target, names in module.imports)
        if not future and not module.is_init:
            yield module.says(None, "lacks `from __future__ import annotations`")


def inits_hold_no_code(house: House) -> Iterator[str]:
    """A docstring, imports and `__all__`, which lists what is imported."""
    for module in house.modules:
        if not module.is_init:
            continue
        imported = set[str]()
        for _, target, names in module.imports:
            if target != "__future__":
                imported.update(house.offered_by(target) if "*" in names else names)
        for node in module.tree.body:
            if _is_docstring(node) or isinstance(node, ast.Import | ast.ImportFrom):
                continue
            if assigned_names(node) != ["__all__"]:
                yield module.says(node, "code in an __init__; it holds a docstring, imports and __all__")
        listed = _all_of(module)
        if listed is not None and set(listed) != imported:
            odd = ", ".join(sorted(set(listed) ^ imported))
            yield module.says(None, f"__all__ and the imports differ: {odd}")


def _all_of(module: Module) -> list[str] | None:
    has_one = any(assigned_names(node) == ["__all__"] for node in module.tree.body)
    return public_names(module.tree) if has_one else None


def _all_order(name: str) -> tuple[int, list[tuple[bool, int, str]]]:
    """The order that ruff keeps and repairs (RUF022): constants, classes, the rest; numbers by value."""
    kind = 0 if len(name) > 1 and name.isupper() else 1 if name[:1].isupper() else 2
    parts = [part for part in re.split(r"(\d+)", name) if part]
    return kind, [(not part.isdigit(), int(part) if part.isdigit() else 0, part) for part in parts]


def modules_say_what_they_are(house: House) -> Iterator[str]:
    """A docstring with the idea; a sorted `__all__` of names that exist; at most 400 lines."""
    for module in house.modules:
        lines = module.text.count("\n")
        # All errors stand together, some twenty lines each; an __init__ holds no code, but each name twice.
        if lines > LONGEST_MODULE and module.room != "errors" and not module.place.endswith("__init__.py"):
            yield module.says(None, f"{lines} lines; at most {LONGEST_MODULE}, one concept a file")
        if not (ast.get_docstring(module.tree) or "").strip():
            yield module.says(None, "no docstring; say the idea in it")
        listed = _all_of(module)
        if listed is None:
            yield module.says(None, "no __all__; a module says what it offers")
            continue
        if listed != sorted(set(listed), key=_all_order):
            yield module.says(None, "__all__ is not sorted, each name once; `ruff check --fix` does it")
        defined = {name for node in module.tree.body for name in assigned_names(node)}
        defined |= {node.name for node in module.tree.body if isinstance(node, ast.ClassDef | Function)}
        if not module.is_init and (missing := set(listed) - defined):
            yield module.says(None, f"__all__ lists what is not defined here: {', '.join(sorted(missing))}")


def file_names_are_unique(house: House) -> Iterator[str]:
    """No two modules share a name; `frames` and `charts` may echo those of the core."""
    core = [m for m in house.modules if not m.is_init and m.room not in ROOMS_THAT_MAY_ECHO_FILE_NAMES]
    for stem, count in Counter(module.stem for module in core).items():
        if count > 1:
            yield f"{count} modules are named {stem}.py: " + ", ".join(m.place for m in core if m.stem == stem)


def names_tell(house: House) -> Iterator[str]:
    """No `utils`, no `get_`, no `now`; the suffix of a field tells its type."""
    for module in house.modules:
        for part in module.place.removesuffix(".py").split("/"):
            if BANNED_MODULE_NAMES.match(part):
                yield module.says(None, f"a module named {part}; name it after its concept")
        for node in module.nodes:
            if isinstance(node, ast.ClassDef) and BANNED_CLASS_NAMES.search(node.name):
                yield module.says(node, f"class {node.name}; name it after what it is")
            elif isinstance(node, Function) and BANNED_FUNCTION_NAMES.match(node.name):
                yield module.says(node, f"{node.name}(); name the result or the verb of the field")
            elif isinstance(node, ast.arg):
                if node.arg in BANNED_ARGUMENT_NAMES:
                    yield module.says(
                        node, f"argument {node.arg}; `at` is when it happened, `as_of` where we look from"
                    )
                yield from _suffix(module, node, node.arg, node.annotation)
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                yield from _suffix(module, node, node.target.id, node.annotation)


def _suffix(module: Module, node: ast.AST, name: str, annotation: ast.expr | None) -> Iterator[str]:
    if annotation is None:
        return
    words = set(re.findall(r"\w+", ast.unparse(annotation))) - {"None", "Optional", "Annotated"}
    plain = words <= {
        "str",
        "int",
        "float",
        "bool",
        "date",
        "datetime",
        "timedelta",
        "Decimal",
        "Fraction",
        "Id",
        "Count",
        "Span",
        "Share",
    }
    for suffix, types in SUFFIXES.items():
        if name.endswith(suffix) and plain and words and not words & set(types):
            yield module.says(
                node, f"{name}: {ast.unparse(annotation)}; what ends in {suffix} holds {' or '.join(types)}"
            )


def classes_are_facts_or_values(house: House) -> Iterator[str]:
    """Frozen attrs, or slots and no way to change; no base to inherit from, no metaclass."""
    for module in house.modules:
        own_errors = {node.name for node in _classes_of(module)} if module.room == "errors" else set()
        for node in _classes_of(module):
            bases = {_last(base) for base in node.bases}
            odd = {base for base in bases - BASES - own_errors if not _is_builtin_error(base)}
            if odd:
                yield module.says(
                    node,
                    f"class {node.name} inherits from {', '.join(sorted(odd))}; allowed: {', '.join(sorted(BASES))}",
                )
            if node.keywords:
                yield module.says(node, f"class {node.name} has a metaclass or class arguments")
            marks = _decorators(node)
            if marks & {"define", "mutable", "dataclass", "s", "attrs"}:
                yield module.says(node, f"class {node.name} can be changed; use attrs.frozen")
            slotted = any("__slots__" in assigned_names(statement) for statement in node.body)
            exempt = (
                bases & {"Enum", "StrEnum", "IntEnum", "Protocol", "NamedTuple"}
                or odd
                or any(map(_is_error_name, bases | {node.name}))
            )
            if not (marks & {"frozen", "define", "mutable", "dataclass", "s", "attrs"} or slotted or exempt):
                yield module.says(node, f"class {node.name} is neither attrs.frozen nor slotted")


def _is_error_name(name: str) -> bool:
    return _is_builtin_error(name) or name.endswith("Error")


def errors_stand_together(house: House) -> Iterator[str]:
    """Every exception is defined in errors.py, as `RevopsError` and a standard type; nothing else is raised."""
    for module in house.modules:
        classes = {node.name: {_last(base) for base in node.bases} for node in _classes_of(module)}
        for node in _classes_of(module):
            if module.room != "errors":
                signal = node.name.startswith("_") and node.name in _caught(module)  # never leaves its module
                signal |= (module.place, node.name) in ALLOWED_BY_NAME
                if any(map(_is_error_name, classes[node.name] | {node.name})) and not signal:
                    yield module.says(node, f"class {node.name} is an error; define it in errors.py")
            elif _is_error_name(node.name) and node.name != "RevopsError":
                family = _ancestors(node.name, classes)
                if "RevopsError" not in family or not any(map(_is_builtin_error, family - {"Exception"})):
                    yield module.says(node, f"class {node.name} must be a RevopsError and a standard type")
        yield from _raises(module)


def _ancestors(name: str, classes: dict[str, set[str]]) -> set[str]:
    bases = classes.get(name, set())
    return bases.union(*(_ancestors(base, classes) for base in bases))


def _raises(module: Module) -> Iterator[str]:
    """What is raised that no caller could catch as a `RevopsError`.

    Python's own protocols demand some standard errors, and a private function may raise what its own module catches.
    """
    caught = _caught(module)
    allowed = {
        (id(node), error)
        for function in _functions_of(module)
        for error in PYTHONS_OWN_PROTOCOLS.get(function.name, caught if function.name[0] == "_" else set())
        for node in ast.walk(function)
    }
    for node in module.nodes:
        if isinstance(node, ast.Assert):
            yield module.says(node, "assert is gone under -O; raise an error of errors.py")
        if not isinstance(node, ast.Raise) or node.exc is None:
            continue
        error = _last(node.exc)
        if _is_builtin_error(error) and not {(id(node), error), (module.place, error)} & (allowed | ALLOWED_BY_NAME):
            yield module.says(node, f"raises {error}; raise an error of errors.py")


def _caught(module: Module) -> set[str]:
    handlers = [node for node in module.nodes if isinstance(node, ast.ExceptHandler)]
    return {_last(name) for handler in handlers for name in _alternatives(handler.type)}


def _alternatives(node: ast.expr | None) -> list[ast.expr]:
    return node.elts if isinstance(node, ast.Tuple) else [node] if node else []


def nothing_global_changes(house: House) -> Iterator[str]:
    """A list, dict or set at the top of a module is an upper-case constant that is private and never written to."""
    for module in house.modules:
        constants: set[str] = set()
        listed = set(_all_of(module) or ())
        for node in module.tree.body:
            value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
            if isinstance(node, ast.ImportFrom):
                constants |= {
                    alias.asname or alias.name for alias in node.names if (alias.asname or alias.name).isupper()
                }
            displays = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
            if not (isinstance(value, displays) or (isinstance(value, ast.Call) and _last(value) in MUTABLE_CALLS)):
                continue
            for name in assigned_names(node):
                constants.add(name)
                if name in listed:
                    yield module.says(
                        node, f"{name} is public and can be changed; make it a tuple, a frozenset or a FrozenMap"
                    )
                elif not name.isupper() and name != "__all__":
                    yield module.says(node, f"{name} is shared and can be changed; an upper-case constant or no global")
        for node in module.nodes:
            if isinstance(node, ast.Global):
                yield module.says(node, f"global {', '.join(node.names)}: the library keeps no state")
            written = _written(node)
            if written in constants and written != "__all__" and (module.place, written) not in ALLOWED_BY_NAME:
                yield module.says(node, f"writes to {written}; build it in one expression")


def _written(node: ast.AST) -> str:
    """The name of what a node changes in place, if it does."""
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store | ast.Del):
        return _last(node.value)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in MUTATORS:
        return node.func.value.id if isinstance(node.func.value, ast.Name) else ""
    return _last(node.target) if isinstance(node, ast.AugAssign) else ""


def caches_are_bounded(house: House) -> Iterator[str]:
    """`lru_cache` with a number; `cache` where the key is a class or an annotation, by name."""
    for module in house.modules:
        for node in module.nodes:
            if not isinstance(node, Function):
                continue
            for mark in node.decorator_list:
                if _last(mark) == "cache" and (module.place, "cache") not in ALLOWED_BY_NAME:
                    yield module.says(node, f"{node.name} has an unbounded cache; use lru_cache(maxsize=…)")
                sizes = [*mark.args, *(word.value for word in mark.keywords)] if isinstance(mark, ast.Call) else []
                bounded = any(isinstance(size, ast.Constant) and type(size.value) is int for size in sizes)
                named = any(isinstance(size, ast.Name) and size.id.isupper() for size in sizes)
                if _last(mark) == "lru_cache" and not (bounded or named):
                    yield module.says(node, f"{node.name}: say the size of its cache, lru_cache(maxsize=…)")


def signatures_are_typed(house: House) -> Iterator[str]:
    """Every argument and result of a public function or method has a type."""
    for module in house.modules:
        for owner in [module.tree, *_classes_of(module)]:
            for node in owner.body:
                if not isinstance(node, Function) or (node.name.startswith("_") and not node.name.endswith("__")):
                    continue
                every = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
                every += [argument for argument in (node.args.vararg, node.args.kwarg) if argument]
                if isinstance(owner, ast.ClassDef) and "staticmethod" not in _decorators(node):
                    every = [argument for argument in every if argument.arg not in {"self", "cls"}]
                untyped = [argument.arg for argument in every if argument.annotation is None]
                untyped += [] if node.returns else ["the result"]
                if untyped:
                    yield module.says(node, f"{node.name}(): no type for {', '.join(untyped)}")


def public_names_are_documented(house: House) -> Iterator[str]:
    """What a room offers has a docstring, down to methods; classes and functions have an example that runs."""
    for page, found in house.public.items():
        for export in found:
            where, node = f"{page}.{export.name}", export.node
            if node is None or (page == "kpis" and _is_kpi(export) and not isinstance(node, Function)):
                continue  # a module says it itself; the text of a KPI is a field of its definition
            if not export.doc:
                after = "" if isinstance(node, ast.ClassDef | Function) else "; write a string after the constant"
                yield f"{where}: no docstring{after}"
            texts = [export.doc]
            for method in export.public_methods:
                texts.append(ast.get_docstring(method) or "")
                if not texts[-1]:
                    yield f"{where}.{method.name}: no docstring"
            bases = {_last(base) for base in node.bases} if isinstance(node, ast.ClassDef) else set()
            exempt = page == "errors" or bases & {"Protocol", "Enum", "StrEnum", "IntEnum"}
            if isinstance(node, ast.ClassDef | Function) and not exempt and not any(">>>" in text for text in texts):
                yield f"{where}: no example; add one with >>> that runs"


def the_reference_is_fresh(house: House) -> Iterator[str]:
    """docs/reference tells every public name, as the source does now."""
    folder = house.root / "docs" / "reference"
    wanted = pages(house.root)
    found = {path.name: path.read_text("utf-8") for path in folder.glob("*.md")} if folder.is_dir() else {}
    for name in sorted(wanted.keys() | found.keys()):
        if wanted.get(name) != found.get(name):
            yield f"docs/reference/{name} is stale; run python docs/generate_reference.py"


def examples_in_docs_run(house: House) -> Iterator[str]:
    """An example with `>>>` stands in a `python` fence; others, such as pycon, would be skipped without a word."""
    for place, text in house.texts.items():
        if not place.endswith(".md"):
            continue
        fence = language = ""
        for number, line in enumerate(text.splitlines(), 1):
            mark = re.match(r"\s*(`{3,}|~{3,})\s*([\w+-]*)", line)
            if mark and not fence:
                fence, language = mark[1], mark[2].lower()
                if language in {"pycon", "py", "python3", "ipython", "doctest", "pycon3"}:
                    yield f"{place}:{number}: a {language} block is never run; write python"
                elif language == "python" and not line.startswith("```python"):
                    yield f"{place}:{number}: may not be run; write ```python at the start of the line"
            elif mark and fence and mark[1].startswith(fence) and not mark[2]:
                fence = language = ""
            elif line.lstrip().startswith(">>>") and language != "python":
                yield f"{place}:{number}: an example outside a python block is never run"


def no_machine_is_named(house: House) -> Iterator[str]:
    """No committed file names paths or tools of the machine it was written on."""
    for place, text in house.texts.items():
        for number, line in enumerate(text.splitlines(), 1):
            if found := NAMES_OF_A_MACHINE.search(line):
                yield f"{place}:{number}: names {found[0]!r}, which is one machine's own"


def the_top_is_tidy(house: House) -> Iterator[str]:
    """src, docs, tests, benchmarks and hidden folders, nothing else."""
    for path in sorted(house.root.iterdir()):
        if path.is_dir() and not path.name.startswith(".") and path.name not in TOP_FOLDERS | LEFT_BY_TOOLS:
            yield f"{path.name}/ at the top; there are {', '.join(sorted(TOP_FOLDERS))} and hidden folders"


def what_should_have_gone_is_gone(house: House) -> Iterator[str]:
    """What is deprecated says when it goes, and by then it is gone."""
    project = house.root / "pyproject.toml"
    version = tomllib.loads(project.read_text("utf-8"))["project"]["version"] if project.is_file() else "0"
    for module in house.modules:
        for node in module.nodes:
            if not isinstance(node, ast.Call) or _last(node.func) != "deprecated":
                continue
            told = {word.arg: word.value for word in node.keywords}.get("removed_in")
            goes = told.value if isinstance(told, ast.Constant) else None
            if not isinstance(goes, str) or not re.fullmatch(r"\d+(\.\d+)*", goes):
                yield module.says(node, "write removed_in as a version, such as '2.0'")
            elif _release(goes) <= _release(version):
                yield module.says(node, f"was to go in {goes}, and this is {version}; remove it")


def _release(version: str) -> list[int]:
    """The numbers of a version; zeros at its end say nothing: 2 is 2.0."""
    numbers = [int(number) for number in re.match(r"[\d.]*\d", version)[0].split(".")]  # type: ignore[index]
    return numbers[: max((n for n, number in enumerate(numbers, 1) if number), default=0)]


def the_budget_is_kept(house: House) -> Iterator[str]:
    """Law 13: a library is read by people."""
    for what, limit in BUDGET.items():
        if (figure := house.figures[what]) > limit:
            yield f"{figure} {what}; the budget is {limit}"


RULES: tuple[Callable[[House], Iterator[str]], ...] = (
    imports_go_one_way,
    imports_make_no_circle,
    third_parties_are_few,
    nothing_is_read_or_written,
    imports_stand_on_top,
    inits_hold_no_code,
    modules_say_what_they_are,
    file_names_are_unique,
    names_tell,
    classes_are_facts_or_values,
    errors_stand_together,
    nothing_global_changes,
    caches_are_bounded,
    signatures_are_typed,
    public_names_are_documented,
    the_reference_is_fresh,
    examples_in_docs_run,
    no_machine_is_named,
    the_top_is_tidy,
    what_should_have_gone_is_gone,
    the_budget_is_kept,
)


def main() -> int:
    """Print the figures and every breach; the status is 1 where there is one."""
    house = House(Path(__file__).resolve().parents[1])
    for what, figure in house.figures.items():
        print(f"{what:16}{figure:>8,}" + (f" of {BUDGET[what]:,}" if what in BUDGET else ""))
    breaches = [(rule.__name__, breach) for rule in RULES for breach in rule(house)]
    for name, breach in breaches:
        print(f"{name}: {breach}")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
