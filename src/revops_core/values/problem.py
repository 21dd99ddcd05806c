"""Problem: one thing that is wrong with the data, told instead of raised."""

from __future__ import annotations

from attrs import frozen

from revops_core.values.checks import Id, checked

__all__ = ["Problem"]


@checked()
@frozen(kw_only=True, repr=False)
class Problem:
    """One thing that is wrong with a record, a fact or a row of an import; nothing was repaired or dropped for it.

    Args:
        code: what kind of problem it is, stable and countable, e.g. "dangling_reference".
        says: one sentence for a person.
        subject: the kind of record, e.g. "Opportunity".
        subject_id: which record, where it has an id.
        field: which field, where it is one.
        row: the number of the row in an import, counted from 1 without the header.

    >>> print(Problem(code="dangling_reference", says="names no account", subject="Contact", subject_id="c1"))
    Contact c1: names no account
    """

    code: Id
    says: str
    subject: str = ""
    subject_id: str | None = None
    field: str | None = None
    row: int | None = None

    def __str__(self) -> str:
        """Where it is and what it is."""
        where = " ".join(filter(None, (self.subject, self.subject_id, None if self.row is None else f"row {self.row}")))
        return f"{where}: {self.says}" if where else self.says
