from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from docs.generate_reference import markdown, pages
from tests import house_rules
from tests.house_rules import BUDGET, LONGEST_MODULE, RULES, House

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_house_keeps_its_laws(rule):
    breaches = list(rule(House(ROOT)))
    assert not breaches, "\n".join(breaches)


# --- A small sound house, and a breach of every rule planted in it -----------------------------------------------------

FUTURE = "from __future__ import annotations\n"
HEAD = '"""The idea."""\n' + FUTURE
SRC = "src/revops_core/"
MONEY = '''"""Money: an amount."""

from __future__ import annotations

from attrs import frozen

from revops_core.errors import LateError

__all__ = ["Money", "ZERO", "total"]

_SIGNS = {"EUR": "€"}


@frozen
class Money:
    """An amount.

    >>> Money(3)
    Money(amount=3)
    """

    amount: int

    def __hash__(self) -> int:
        return hash(self.amount)

    @property
    def sign(self) -> str:
        """How it is written."""
        if self.amount < 0:
            raise LateError
        return _SIGNS["EUR"]


ZERO = Money(0)
"""Nothing."""


def total(amounts: tuple[Money, ...]) -> Money:
    """The sum of `amounts`.

    >>> total((Money(1), Money(2)))
    Money(amount=3)
    """
    return Money(sum(money.amount for money in amounts))
'''.replace('["Money", "ZERO", "total"]', '["ZERO", "Money", "total"]')
ERRORS = '''"""Every error."""

from __future__ import annotations

__all__ = ["LateError", "RevopsError"]


class RevopsError(Exception):
    """Any error."""


class LateError(RevopsError, ValueError):
    """Too late."""
'''
SOUND: Mapping[str, str] = {
    SRC + "__init__.py": '"""The root."""\nfrom revops_core import errors\nfrom revops_core.values import Money\n'
    '__all__ = ["Money", "errors"]\n',
    SRC + "errors.py": ERRORS,
    SRC + "values/__init__.py": '"""Values."""\nfrom revops_core.values.money import ZERO, Money, total\n'
    '__all__ = ["ZERO", "Money", "total"]\n',
    SRC + "values/money.py": MONEY,
    SRC + "calendars/__init__.py": '"""Calendars."""\n__all__ = []\n',
    "README.md": "# A house\n\n```python\n>>> 1 + 1\n2\n```\n",
    "docs/concepts.md": "# Ideas\n\n```text\nnothing to run\n```\n",
}


def built(root: Path, files: Mapping[str, str]) -> House:
    for place, text in files.items():
        path = root / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return House(root)


def with_fresh_reference(house: House) -> House:
    return built(house.root, {f"docs/reference/{name}": text for name, text in pages(house.root).items()})


def module(code: str, names: str = "") -> str:
    return (
        f"{HEAD}{code}\n__all__ = [{names}]\n"
        if code.startswith(("import", "from"))
        else f"{HEAD}__all__ = [{names}]\n{code}\n"
    )


def plant(rule: str, place: str, text: str, says: str) -> tuple[str, str, str, str]:
    return rule, place, text, says


NEW = SRC + "values/new.py"
INIT = SRC + "values/__init__.py"


def new(rule: str, code: str, says: str, place: str = NEW) -> tuple[str, str, str, str]:
    return plant(rule, place, module(code), says)


PLANTED = [
    new("imports_go_one_way", "from revops_core.calendars import opening", "'values' may not import from 'calendars'"),
    new("imports_go_one_way", "import revops_core.sla.clock", "'stages' may not import from 'sla'", SRC + "stages/new.py"),
    new("imports_go_one_way", "from revops_core.entities.deal import Deal", "'calendars' may not import from 'entities'", SRC + "calendars/new.py"),
    new("imports_go_one_way", "from revops_core.frames.measure import measure", "'charts' may not import from 'frames'", SRC + "charts/new.py"),
    new("imports_go_one_way", "from revops_core import errors", "imports the root"),
    new("imports_go_one_way", "from revops_core.values import Money", "imports its own room"),
    new("imports_go_one_way", "from .money import Money", "a relative import"),
    new("imports_go_one_way", "", "'scoring' is no room", SRC + "scoring/new.py"),
    plant("imports_go_one_way", SRC + "__init__.py", '"""R."""\nfrom revops_core import kpis\n__all__ = ["kpis"]\n', "'the root' may not import from 'kpis'"),
    plant("imports_make_no_circle", SRC + "errors.py", HEAD + "from revops_core.values import money\n__all__ = []\n", "imports in a circle"),
    new("third_parties_are_few", "import pandas", "imports pandas"),
    new("third_parties_are_few", "import narwhals.stable.v2 as nw", "imports narwhals"),
    new("third_parties_are_few", "from hypothesis import given", "imports hypothesis", SRC + "testing/company.py"),
    new("third_parties_are_few", "from dateutil.parser import parse", "imports dateutil.parser"),
    new("third_parties_are_few", "from dateutil.tz import gettz", "imports dateutil.tz"),
    *(
        new("nothing_is_read_or_written", f"import {name}", f"imports {name}")
        for name in ("os", "io", "pathlib", "random", "secrets", "time", "logging", "socket", "subprocess", "sqlite3", "sys")
    ),
    new("nothing_is_read_or_written", "import os.path", "imports os"),
    new("nothing_is_read_or_written", "from urllib.request import urlopen", "imports urllib"),
    new("nothing_is_read_or_written", "from uuid import uuid4", "imports uuid4"),
    *(
        new("nothing_is_read_or_written", f"X = {call}", says)
        for call, says in (
            ("datetime.now(UTC)", ".now"),
            ("datetime.datetime.utcnow()", ".utcnow"),
            ("date.today()", ".today"),
            ("field(factory=datetime.now)", ".now"),
            ("uuid.uuid1()", ".uuid1"),
            ("open('x')", "open()"),
            ("print('x')", "print()"),
            ("input()", "input()"),
            ("eval('1')", "eval()"),
            ("exec('1')", "exec()"),
            ("__import__('os')", "__import__()"),
            ("at.astimezone()", "astimezone() without a zone"),
            ("datetime.fromtimestamp(0)", "fromtimestamp() without a zone"),
            ("hash('deal-1')", "hash() differs"),
        )
    ),
    new("imports_stand_on_top", "def verb() -> None:\n    import json", "a deferred import of json"),
    new("imports_stand_on_top", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from json import loads", "a deferred import of json"),
    new("imports_stand_on_top", "X = 1\nimport json", "an import below code"),
    new("imports_stand_on_top", "from json import *", "imports everything from json"),
    plant("imports_stand_on_top", NEW, '"""The idea."""\n__all__ = []\n', "lacks `from __future__ import annotations`"),
    plant("inits_hold_no_code", INIT, SOUND[INIT] + "VERSION = 1\n", "code in an __init__"),
    plant("inits_hold_no_code", INIT, SOUND[INIT] + "def verb(): ...\n", "code in an __init__"),
    plant("inits_hold_no_code", INIT, SOUND[INIT].replace("ZERO, Money, total\n", "ZERO, Money, other, total\n"), "differ: other"),
    plant("inits_hold_no_code", INIT, SOUND[INIT].replace("ZERO, Money, total\n", "*\n").replace('"ZERO", ', ""), "differ: ZERO"),
    new("modules_say_what_they_are", "X = 1\n" * LONGEST_MODULE, "at most 400"),
    plant("modules_say_what_they_are", NEW, FUTURE + "__all__ = []\n", "no docstring"),
    plant("modules_say_what_they_are", NEW, HEAD, "no __all__"),
    plant("modules_say_what_they_are", NEW, module("A = b = 1", '"b", "A"'), "__all__ is not sorted"),
    plant("modules_say_what_they_are", NEW, module("A = 1", '"A", "A"'), "__all__ is not sorted"),
    plant("modules_say_what_they_are", NEW, module("A = 1", '"A", "B"'), "what is not defined here: B"),
    new("file_names_are_unique", "", "2 modules are named money.py", SRC + "calendars/money.py"),
    *(
        new("names_tell", "", f"a module named {name}", f"{SRC}values/{name}.py")
        for name in ("utils", "helpers", "manager", "base", "common", "_date_utils")
    ),
    new("names_tell", "def get_total() -> None: ...", "get_total()"),
    new("names_tell", "def calculate_total() -> None: ...", "calculate_total()"),
    new("names_tell", "@frozen\nclass DealManager: ...", "class DealManager"),
    new("names_tell", "@frozen\nclass BaseDeal: ...", "class BaseDeal"),
    new("names_tell", "def read(*, now: datetime) -> None: ...", "argument now"),
    new("names_tell", "@frozen\nclass Deal:\n    closed_at: date", "closed_at: date; what ends in _at holds datetime"),
    new("names_tell", "@frozen\nclass Deal:\n    closed_on: datetime | None = None", "what ends in _on holds date"),
    new("names_tell", "@frozen\nclass Deal:\n    seat_count: Decimal", "what ends in _count holds int or Count"),
    new("names_tell", "@frozen\nclass Deal:\n    owner_id: int", "what ends in _id holds str or Id"),
    new("names_tell", "@frozen\nclass Deal:\n    response_time: int", "what ends in _time holds timedelta"),
    new("classes_are_facts_or_values", "@frozen\nclass Deal(Record): ...", "class Deal inherits from Record"),
    new("classes_are_facts_or_values", "@frozen\nclass Deal(metaclass=ABCMeta): ...", "class Deal has a metaclass"),
    new("classes_are_facts_or_values", "@define\nclass Deal: ...", "class Deal can be changed"),
    new("classes_are_facts_or_values", "@dataclass(frozen=True)\nclass Deal: ...", "class Deal can be changed"),
    new("classes_are_facts_or_values", "class Deal: ...", "class Deal is neither attrs.frozen nor slotted"),
    new("errors_stand_together", "class OddError(ValueError): ...", "class OddError is an error; define it in errors.py"),
    new("errors_stand_together", "class _OddError(Exception): ...", "class _OddError is an error; define it in errors.py"),
    new("errors_stand_together", "def verb() -> None:\n    raise ValueError('no')", "raises ValueError"),
    new("errors_stand_together", "def verb() -> None:\n    raise NotImplementedError", "raises NotImplementedError"),
    new("errors_stand_together", "def verb(x: int) -> None:\n    assert x", "assert is gone under -O"),
    plant("errors_stand_together", SRC + "errors.py", ERRORS + "\nclass OddError(RevopsError): ...\n", "OddError must be a RevopsError and a standard type"),
    plant("errors_stand_together", SRC + "errors.py", ERRORS + "\nclass OddError(ValueError): ...\n", "OddError must be a RevopsError and a standard type"),
    new("nothing_global_changes", "seen = []", "seen is shared"),
    new("nothing_global_changes", "seen: dict[str, int] = defaultdict(int)", "seen is shared"),
    plant("nothing_global_changes", NEW, module("SEEN = {1}", '"SEEN"'), "SEEN is public and can be changed"),
    new("nothing_global_changes", "_SEEN = {}\ndef verb() -> None:\n    _SEEN['x'] = 1", "writes to _SEEN"),
    new("nothing_global_changes", "_SEEN = []\ndef verb() -> None:\n    _SEEN.append(1)", "writes to _SEEN"),
    new("nothing_global_changes", "from revops_core.values.money import SIGNS\nSIGNS.update(x=1)", "writes to SIGNS"),
    new("nothing_global_changes", "X = 1\ndef verb() -> None:\n    global X\n    X = 2", "global X"),
    new("caches_are_bounded", "@cache\ndef verb(x: int) -> int: ...", "verb has an unbounded cache"),
    new("caches_are_bounded", "@functools.lru_cache(maxsize=None)\ndef verb(x: int) -> int: ...", "say the size"),
    new("caches_are_bounded", "@lru_cache\ndef verb(x: int) -> int: ...", "say the size"),
    new("signatures_are_typed", "def verb(x, *args) -> int: ...", "verb(): no type for x, args"),
    new("signatures_are_typed", "def verb(x: int): ...", "verb(): no type for the result"),
    new("signatures_are_typed", "@frozen\nclass Deal:\n    def verb(self, *, x): ...", "verb(): no type for x, the result"),
    plant("public_names_are_documented", SRC + "values/money.py", MONEY.replace('"""How it is written."""', "pass"), "values.Money.sign: no docstring"),
    plant("public_names_are_documented", SRC + "values/money.py", MONEY.replace('"""Nothing."""', ""), "values.ZERO: no docstring; write a string"),
    plant("public_names_are_documented", SRC + "values/money.py", MONEY.replace(">>> total", "total"), "values.total: no example"),
    plant("public_names_are_documented", SRC + "values/money.py", MONEY.replace(">>> Money", "Money"), "values.Money: no example"),
    plant("public_names_are_documented", SRC + "errors.py", ERRORS.replace('"""Too late."""', "..."), "errors.LateError: no docstring"),
    plant("the_reference_is_fresh", SRC + "values/money.py", MONEY.replace("An amount", "A sum"), "docs/reference/values.md is stale"),
    plant("the_reference_is_fresh", "docs/reference/gone.md", "# Gone\n", "docs/reference/gone.md is stale"),
    plant("the_reference_is_fresh", "docs/reference/values.md", "", "docs/reference/values.md is stale"),
    plant("examples_in_docs_run", "docs/how-to/new.md", "```pycon\n>>> 1\n2\n```\n", "docs/how-to/new.md:1: a pycon block is never run"),
    plant("examples_in_docs_run", "README.md", "~~~python\n>>> 1\n2\n~~~\n", "README.md:1: may not be run"),
    plant("examples_in_docs_run", "README.md", "```\n>>> 1\n2\n```\n", "README.md:2: an example outside a python block"),
    plant("no_machine_is_named", "docs/new.md", "see /wor" + "k/main\n", "docs/new.md:1: names"),
    plant("no_machine_is_named", ".ci/run", "far" + "m-tool\n", ".ci/run:1: names"),
    plant("no_machine_is_named", "tests/new.py", "x = '.libra" + "ry/env'\n", "tests/new.py:1: names"),
    plant("the_top_is_tidy", "scripts/new.py", "", "scripts/ at the top"),
    new("what_should_have_gone_is_gone", "def verb() -> None:\n    deprecated('verb()', instead='x', removed_in='0')", "was to go in 0, and this is 0"),
    new("what_should_have_gone_is_gone", "def verb() -> None:\n    deprecated('verb()', instead='x', removed_in=SOON)", "write removed_in as a version"),
    plant("the_budget_is_kept", NEW, module("X = 1\n" * BUDGET["lines of code"]), "lines of code; the budget is"),
    plant("the_budget_is_kept", NEW, module("@frozen\nclass Fact: ...\n" * (BUDGET["attrs classes"] + 1)), "attrs classes"),
]  # fmt: skip


def test_a_sound_house_breaks_no_rule(tmp_path):
    house = with_fresh_reference(built(tmp_path, SOUND))
    assert [breach for rule in RULES for breach in rule(house)] == []


@pytest.mark.parametrize(
    ("rule", "place", "text", "says"), PLANTED, ids=[f"{n} {rule}" for n, (rule, *_) in enumerate(PLANTED)]
)
def test_a_planted_breach_is_reported(tmp_path, rule, place, text, says):
    house = with_fresh_reference(built(tmp_path, SOUND))
    planted = built(house.root, {place: text})
    breaches = list(getattr(house_rules, rule)(planted))
    assert any(says in breach for breach in breaches), breaches


def test_every_rule_was_seen_to_fail():
    assert {rule for rule, *_ in PLANTED} == {rule.__name__ for rule in RULES}


@pytest.mark.parametrize(
    ("version", "removed_in", "count"),
    [("0.9.4", "0.10", 0), ("0.10.0", "0.10", 1), ("0.10.0rc1", "0.10", 1), ("1.2", "2", 0), ("2.0.0", "2", 1)],
)
def test_what_is_deprecated_may_stay_until_the_version_that_removes_it(tmp_path, version, removed_in, count):
    code = f"def verb() -> None:\n    deprecated('verb()', instead='x()', removed_in='{removed_in}')"
    house = built(tmp_path, {**SOUND, NEW: module(code), "pyproject.toml": f"[project]\nversion = '{version}'\n"})
    assert len(list(house_rules.what_should_have_gone_is_gone(house))) == count


def test_too_many_modules_public_names_and_kpis_break_the_budget(tmp_path):
    files = {f"{SRC}values/value_{n}.py": module("") for n in range(BUDGET["modules"] + 1)}
    names = [f"Name{n}" for n in range(BUDGET["public names"] + 1)]
    kpis = [f"kpi_{n}" for n in range(BUDGET["KPIs"] + 1)]
    for room, words in (("stages", names), ("kpis", kpis)):
        files[f"{SRC}{room}/__init__.py"] = (
            f'"""R."""\nfrom revops_core.{room}.file import {", ".join(words)}\n__all__ = {words!r}\n'
        )
        files[f"{SRC}{room}/file.py"] = HEAD + " = ".join(words) + f" = 1\n__all__ = {words!r}\n"
    breaches = "\n".join(house_rules.the_budget_is_kept(built(tmp_path, files)))
    assert f"modules; the budget is {BUDGET['modules']}" in breaches
    assert f"{BUDGET['public names'] + 1} public names; the budget is {BUDGET['public names']}" in breaches
    assert f"{BUDGET['KPIs'] + 1} KPIs; the budget is {BUDGET['KPIs']}" in breaches


def test_a_name_exported_by_two_rooms_counts_once(tmp_path):
    assert built(tmp_path, SOUND).figures["public names"] == 3


def test_charts_and_frames_may_echo_the_file_names_of_the_core(tmp_path):
    house = built(tmp_path, {**SOUND, SRC + "charts/money.py": module(""), SRC + "frames/money.py": module("")})
    assert list(house_rules.file_names_are_unique(house)) == []


def test_checks_may_compile_and_cache_by_name_and_nothing_else_may(tmp_path):
    code = module("@cache\ndef verb(cls: type) -> int:\n    exec('')\n    raise TypeError(cls)")
    rules = (house_rules.caches_are_bounded, house_rules.nothing_is_read_or_written, house_rules.errors_stand_together)
    for place, count in (("values/checks.py", 1), ("values/compiled_class.py", 2), ("values/tests.py", 3)):
        house = built(tmp_path / place.replace("/", "-"), {**SOUND, SRC + place: code})
        assert sum(len(list(rule(house))) for rule in rules) == count


def test_a_private_function_may_raise_what_its_module_catches_and_a_public_one_may_not(tmp_path):
    code = "def {}() -> None:\n    raise ValueError\n\ndef verb() -> None:\n    try:\n        read()\n    except ({}):\n        return"
    cases = {
        ("_read", "KeyError, ValueError"): 0,
        ("_read", "KeyError, OSError"): 1,
        ("read", "KeyError, ValueError"): 1,
    }
    for (name, caught), count in cases.items():
        house = built(tmp_path / name / caught, {**SOUND, NEW: module(code.format(name, caught))})
        assert len(list(house_rules.errors_stand_together(house))) == count


def test_a_private_signal_may_stand_where_it_is_caught(tmp_path):
    code = "class _Stop(Exception): ...\n\ndef verb() -> None:\n    try:\n        read()\n    except _Stop:\n        return"
    assert list(house_rules.errors_stand_together(built(tmp_path, {**SOUND, NEW: module(code)}))) == []


def test_a_function_that_returns_a_definition_is_a_kpi_and_another_is_a_public_name(tmp_path):
    code = "def nrr(period: int) -> KpiDefinition: ...\n\ndef measure() -> Table: ...\n\nwin_rate = 1"
    init = (
        '"""K."""\nfrom revops_core.kpis.file import measure, nrr, win_rate\n__all__ = ["measure", "nrr", "win_rate"]\n'
    )
    files = {SRC + "kpis/file.py": module(code, '"measure", "nrr", "win_rate"'), SRC + "kpis/__init__.py": init}
    figures = built(tmp_path, files).figures
    assert (figures["KPIs"], figures["public names"]) == (2, 1)


def test_a_value_may_be_asked_whether_it_has_a_hash(tmp_path):
    house = built(tmp_path, {**SOUND, NEW: module("def verb(x: object) -> None:\n    hash(x)")})
    assert list(house_rules.nothing_is_read_or_written(house)) == []


def test_the_reference_shows_the_fields_the_methods_and_the_examples(tmp_path):
    page = pages(built(tmp_path, SOUND).root)["values.md"]
    assert "## Money\n\n```python\nclass Money:\n    amount: int\n```\n\nAn amount." in page
    assert "```python\n>>> Money(3)\nMoney(amount=3)\n```\n\n### Money.sign" in page
    assert "## ZERO\n\nNothing." in page
    assert "def total(amounts: tuple[Money, ...]) -> Money" in page


def test_the_reference_shows_the_default_of_a_field_and_not_how_it_is_kept(tmp_path):
    fields = "    a: int = field(converter=int)\n    b: int = attrs.field(default=3, repr=False)\n    c: list = field(factory=list)"
    source = MONEY.replace(
        "    amount: int\n", f"{fields}\n    d: str = ''\n    _e: int = 0\n    F: ClassVar[int] = 1\n"
    )
    page = pages(built(tmp_path, {**SOUND, SRC + "values/money.py": source}).root)["values.md"]
    assert "class Money:\n    a: int\n    b: int = 3\n    c: list = list()\n    d: str = ''\n```" in page


def test_sections_of_a_docstring_become_lists():
    text = "The sum.\n\nArgs:\n    amounts: what to add,\n        in one currency.\n\nRaises:\n    LateError: too late.\n\n>>> 1\n1\n"
    assert markdown(text) == (
        "The sum.\n\n**Args**\n\n- `amounts`: what to add,\n  in one currency.\n\n**Raises**\n\n- `LateError`: too late.\n\n"
        "```python\n>>> 1\n1\n```"
    )
