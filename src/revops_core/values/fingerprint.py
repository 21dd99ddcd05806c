"""Fingerprints: a short text that is equal where the content of two values is equal."""

from __future__ import annotations

import json
from hashlib import sha256

from revops_core.values.plain import to_plain

__all__ = ["fingerprint", "fingerprint_of_parts"]

# Encoders are kept, as `json.dumps` with arguments makes a new one each time.
_SORTED = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode
_IN_ORDER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


def fingerprint(value: object) -> str:
    """16 hexadecimal digits that stand for the whole content of a definition or a fact.

    >>> from revops_core.values.money import Money
    >>> fingerprint(Money("1.10", "EUR")) == fingerprint(Money("1.10", "EUR"))
    True
    """
    return _digest(_SORTED(to_plain(value)))


def fingerprint_of_parts(*parts: str | int | None) -> str:
    """16 hexadecimal digits that stand for `parts` in their order: ids of facts that came without one.

    >>> fingerprint_of_parts("ticket-7", "started", 1) != fingerprint_of_parts("ticket-7", "started1")
    True
    """
    return _digest(_IN_ORDER(parts))


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
