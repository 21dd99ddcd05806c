"""What a release wrote as plain data, every later one reads: names of classes and fields are API."""

from __future__ import annotations

import json

import pytest

import revops_core as ro
from tests.golden.plain_values import FOLDER, NOT_PLAIN, VERSION, public_classes, values

WRITTEN = {
    path.stem.removeprefix("plain_"): json.loads(path.read_text("utf-8")) for path in FOLDER.glob("plain_*.json")
}
OLD_VALUES = [(version, name) for version, found in sorted(WRITTEN.items()) for name in found]


def lost(old, new, path="$"):
    """Where `new` does not say what `old` said; it may say more."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name, item in old.items():
            yield from lost(item, new.get(name), f"{path}.{name}")
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for n, (item, other) in enumerate(zip(old, new, strict=True)):
            yield from lost(item, other, f"{path}[{n}]")
    elif old != new:
        yield f"{path}: {old!r} was written, {new!r} is read"


@pytest.mark.parametrize(("version", "name"), OLD_VALUES)
def test_what_a_release_wrote_loads_and_says_the_same(version, name):
    plain = WRITTEN[version][name]
    loaded = ro.from_plain(public_classes()[name], plain)
    assert not list(lost(plain, ro.to_plain(loaded))), "the plain data of a release must keep loading as it was"


@pytest.mark.parametrize("name", sorted(public_classes().keys() - NOT_PLAIN.keys()))
def test_every_public_class_is_in_the_file_of_this_version_and_loads_to_an_equal_value(name):
    way_out = f"make a {name} in tests/golden/plain_values.py, then run python -m tests.golden.plain_values"
    assert name in values(), way_out
    assert name in WRITTEN[VERSION], way_out
    value, cls = values()[name], public_classes()[name]
    again = ro.from_plain(cls, json.loads(json.dumps(ro.to_plain(value))))
    assert ro.to_plain(again) == ro.to_plain(value)
    assert again == value or cls.__eq__ is object.__eq__  # a table of KPIs is equal to itself only


def test_a_class_without_a_plain_form_is_public_and_not_in_a_file():
    assert set(NOT_PLAIN) <= set(public_classes())
    assert not [name for found in WRITTEN.values() for name in found if name in NOT_PLAIN]


def test_a_field_that_was_renamed_or_changed_is_told():
    old = {"type": "Money", "amount": "1.10", "in": [{"currency": "EUR"}]}
    assert list(lost(old, {**old, "more": 1})) == []
    new = {"type": "Money", "amount": "1.1", "in": [{"code": "EUR"}]}
    assert [line.partition(":")[0] for line in lost(old, new)] == ["$.amount", "$.in[0].currency"]
