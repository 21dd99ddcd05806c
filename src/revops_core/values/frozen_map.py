"""FrozenMap: a mapping that cannot be changed, for custom fields and conditions inside frozen values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from revops_core.errors import FrozenMapError

__all__ = ["EMPTY", "FrozenMap", "frozen_map"]


class FrozenMap(Mapping[str, Any]):
    """Names and values that cannot be changed; equal to any mapping with the same items.

    >>> FrozenMap({"segment": "enterprise"})["segment"]
    'enterprise'
    """

    __slots__ = ("_items",)
    _items: dict[str, Any]

    def __init__(self, items: Mapping[str, Any] = {}) -> None:
        object.__setattr__(self, "_items", dict(items))

    def __getitem__(self, name: str) -> Any:
        return self._items[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __setattr__(self, name: str, value: object) -> None:
        raise FrozenMapError(name)

    def __hash__(self) -> int:
        return hash(frozenset(self._items.items()))

    def __reduce__(self) -> tuple[type[FrozenMap], tuple[dict[str, Any]]]:
        return FrozenMap, (dict(self._items),)

    def __repr__(self) -> str:
        return f"FrozenMap({self._items!r})"


EMPTY = FrozenMap()
"""The mapping with nothing in it."""


def frozen_map(items: Mapping[str, Any]) -> Mapping[str, Any]:
    """`items` as a `FrozenMap`, lists, sets and mappings inside frozen too.

    Anything that is no mapping is returned as it is, for the field's check to refuse.
    """
    if isinstance(items, FrozenMap) or not isinstance(items, Mapping):
        return items
    return FrozenMap({name: _frozen(value) for name, value in items.items()})


def _frozen(value: object) -> object:
    if isinstance(value, list | tuple):
        return tuple(map(_frozen, value))
    if isinstance(value, set):
        return frozenset(value)
    return frozen_map(value) if isinstance(value, Mapping) else value
