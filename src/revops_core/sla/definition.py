"""How a definition of this room is refused: the types of all its fields first, then all that is wrong with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from revops_core.errors import Fault, InvalidValueError
from revops_core.values.checks import hints_of, require

__all__ = ["refuse_faults"]

T = TypeVar("T")


def refuse_faults(definition: T, content_faults: Callable[[T], Iterable[Fault]]) -> None:
    """Raise every fault of a new `definition`; `content_faults` is asked only where the fields have their types.

    Raises:
        InvalidValueError: with every fault at once.
    """
    cls: type = type(definition)
    what = cls.__name__
    require(what, **{name: (getattr(definition, name), hint) for name, hint in hints_of(cls).items()})
    if faults := list(content_faults(definition)):
        raise InvalidValueError(what, faults)
