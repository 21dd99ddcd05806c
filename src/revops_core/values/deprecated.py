"""How a public name goes: it warns for two minor versions, with the way out and the version in which it is gone."""

from __future__ import annotations

import warnings

__all__ = ["deprecated"]


def deprecated(what: str, *, instead: str, removed_in: str) -> None:
    """Warn the caller of the function that calls this, so that the warning names the line to change.

    The house refuses a release in which something should have gone by now.

    Args:
        what: the name, argument or value that goes, as a caller writes it.
        instead: what to write in its place.
        removed_in: the version in which it is gone.

    >>> def old_name():
    ...     deprecated("old_name()", instead="new_name()", removed_in="1.0")
    """
    text = f"{what} goes in revops_core {removed_in}; use {instead}"
    warnings.warn(text, DeprecationWarning, stacklevel=3)
