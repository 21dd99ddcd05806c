"""Compiled classes: `__init__`, `==` and `hash` of a frozen attrs class, compiled from source text on first use.

This is the one place that writes source text, as attrs does on import. Two things are gained by it: a class costs
little until it is used, and an instance is made in half the time (`benchmarks/entities.py`). Storing a field of a
frozen class goes through its slot's descriptor, which is slow; a class with the same slots and no frozen
`__setattr__` stores at full speed, so an instance that nobody has seen yet is lent to such a twin while its fields are
stored. Python allows that only for classes without a slot for weak references (`weakref_slot=False`); others are
stored field by field.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import NOTHING, fields

__all__ = ["compared_by_value", "compiled_function", "compiled_init", "mutable_twin"]


def compiled_function(signature: str, lines: list[str], names: dict[str, object]) -> Callable[..., Any]:
    """The function with this signature and these indented lines, which reads `names` as globals."""
    exec("\n".join([f"def {signature}:", *lines]), names)
    return names[signature.partition("(")[0]]  # type: ignore[return-value]


def mutable_twin(cls: type) -> type | None:
    """A class with the slots of `cls` whose instances can become instances of `cls`; None where Python forbids it."""
    twin = type(cls.__name__, (object,), {"__slots__": cls.__dict__.get("__slots__", ())})
    lent: Any = object.__new__(twin)
    try:
        lent.__class__ = cls
    except TypeError:
        return None
    return twin


def compiled_init(cls: type, condition: str, names: dict[str, object]) -> Callable[..., None]:
    """`__init__` of `cls`: convert what is not at its default, refuse where `condition` fails, store.

    Args:
        cls: a frozen, slotted attrs class.
        condition: an expression over the fields; empty: nothing is refused.
        names: what the condition reads, and `_refuse`, which raises for a dict of all fields.
    """
    twin = mutable_twin(cls)
    names |= {"_cls": cls, "_twin": twin, "_become": object.__dict__["__class__"].__set__}
    attributes = fields(cls)
    parameters, lines, stores = [], [], []
    for attribute in attributes:
        name, given, default = attribute.name, attribute.alias, attribute.default
        parameters.append(given if default is NOTHING else f"{given}=_default_{name}")
        if given != name:  # the argument of a private field has no underscore
            lines.append(f"    {name} = {given}")
        if attribute.converter is not None:
            names[f"_convert_{name}"] = attribute.converter
            lines.append(f"    if {name} is not _default_{name}: {name} = _convert_{name}({name})")
            default = default if default is NOTHING else attribute.converter(default)
        names |= {f"_default_{name}": default, f"_store_{name}": getattr(cls, name).__set__}
        stores.append(f"    _store_{name}(self, {name})")
    if condition:
        values = ", ".join(f"{attribute.name}={attribute.name}" for attribute in attributes)
        lines.append(f"    if not ({condition}): _refuse(dict({values}))")
    if twin is not None:
        lines += ["    if self.__class__ is _cls:", "        _become(self, _twin)"]
        lines += [f"        self.{attribute.name} = {attribute.name}" for attribute in attributes]
        lines += ["        self.__class__ = _cls", "        return"]
    star = "*, " if parameters and all(attribute.kw_only for attribute in attributes) else ""
    return compiled_function(f"__init__(self, {star}{', '.join(parameters)})", [*lines, *stores, "    return"], names)


def compared_by_value(cls: Any) -> None:
    """Give `cls` the `==` and `hash` of all its fields, compiled when first used."""

    def compile_both() -> None:
        names = [attribute.name for attribute in fields(cls)]
        same = " and ".join(f"self.{name} == other.{name}" for name in names) or "True"
        lines = ["    if other.__class__ is not self.__class__: return NotImplemented", f"    return {same}"]
        held = "".join(f"self.{name}, " for name in names)
        cls.__eq__ = compiled_function("__eq__(self, other)", lines, {})
        cls.__hash__ = compiled_function("__hash__(self)", [f"    return hash((_cls, {held}))"], {"_cls": cls})

    def first_eq(self: Any, other: object) -> Any:
        compile_both()
        return cls.__eq__(self, other)

    def first_hash(self: Any) -> int:
        compile_both()
        return cls.__hash__(self)  # type: ignore[no-any-return]

    cls.__eq__, cls.__hash__ = first_eq, first_hash
