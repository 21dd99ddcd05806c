"""from_rows: the one importer: rows of a table become entities or facts, and everything wrong with them is told.

What a known export calls its columns and its picklist values is data, kept beside the caller's code or, for exports
that many people have, beside this module: a dict of the keyword arguments of `from_rows`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from attrs import NOTHING, Factory, fields, frozen

from revops_core.entities.cells import cell_reader, is_missing
from revops_core.errors import Fault, InvalidValueError, MissingColumnsError, UnknownFieldError
from revops_core.values.checks import AttrsClass, Currency, Id, as_tuple, hints_of, is_personal, require
from revops_core.values.demand import kind_of
from revops_core.values.money import Money
from revops_core.values.problem import Problem
from revops_core.values.zone import zone

__all__ = ["from_rows"]

T = TypeVar("T")

_CUSTOM = "custom."
_CURRENCY = ".currency"
_SCALED = ("percentages", "minor_units")
_ROW_RULE = "must be a mapping from column to cell, as csv.DictReader gives them, counted from 1"


def from_rows(
    cls: type[T],
    rows: Iterable[Mapping[str, Any]],
    *,
    columns: Mapping[str, str] | None = None,
    values: Mapping[str, Mapping[Any, object]] | None = None,
    strict: Collection[str] = (),
    tz: str | None = None,
    currency: str | None = None,
    date_formats: Sequence[str] = (),
    percentages: Collection[str] = (),
    minor_units: Collection[str] = (),
    missing: Collection[str] = ("",),
    separator: str = ";",
) -> tuple[list[T], list[Problem]]:
    """Read rows as values of one class; rows are read one at a time, as `csv.DictReader` gives them.

    A row is never dropped or repaired in silence. A cell that cannot be read, or breaks the rule of its field, leaves
    the field at its default and is a `Problem` with the number of its row; a row that lacks what the class must have
    (of entities the id) gives problems only. A missing cell is no problem: `check` says what a record should have.

    Args:
        cls: an entity or a fact, e.g. `Opportunity`.
        rows: mappings from column to cell; cells are text, or values from a DataFrame. Amounts that a DataFrame has
            read as floats are refused: have it read text, `pandas.read_csv(file, dtype=str).to_dict("records")`.
        columns: field → column; `amount.currency` names the column of an amount's currency, `custom.x` a field of your
            own. Without it, columns are named like the fields, and others are told as problems.
        values: field → (what the cell says → what it means); cells it does not name are kept as given. The currency
            of an amount is a field here, too: {"amount.currency": {"eur": "EUR"}}.
        strict: fields whose cells must all be named in `values`.
        tz: the IANA zone of instants written without one; of a time shown twice the first is meant.
        currency: of amounts without a currency column, and where that is empty.
        date_formats: patterns of `strptime` for days and instants that are not in ISO 8601; "unix" or "unix_ms" for
            numbers of seconds or milliseconds since 1970. With one of these, or with "instant", the cell of a day may
            be an instant: its day is the one in `tz`.
        percentages: fields whose cells are percentages: "40" or "40%" is 0.40.
        minor_units: fields whose amounts are whole numbers of cents, or of whatever their currency counts in.
        missing: texts that mean that there is no value, e.g. "?".
        separator: what stands between the items of a field such as `tags`.

    Returns:
        The values and the problems, each in the order of the rows. Codes: "invalid_value", "missing_value",
        "unmapped_value", "unread_column", "unread_cells".

    Raises:
        MissingColumnsError: with every column that the first row lacks.
        UnknownFieldError: `columns` or `values` names a field that the class does not have.
        InvalidValueError: an argument of the wrong type, or a field that one cell cannot hold.

    >>> from revops_core.entities.opportunity import Opportunity
    >>> rows = [{"Id": "o1", "Amount": "1200.00", "Stage": "Won"}, {"Id": "o2", "Amount": "n/a", "Stage": "Lost"}]
    >>> found, problems = from_rows(
    ...     Opportunity, rows, columns={"id": "Id", "amount": "Amount", "outcome": "Stage"},
    ...     values={"outcome": {"Won": "won", "Lost": "lost"}}, currency="EUR")
    >>> found[0]
    Opportunity(id='o1', amount=Money('1200.00', 'EUR'), outcome='won')
    >>> print(problems[0])
    Opportunity o2 row 2: 'amount' must be a number such as 1250.50, with a point and without separators (got 'n/a')
    """
    given = {"strict": strict, "percentages": percentages, "minor_units": minor_units, "missing": missing}
    lists = {name: as_tuple(texts) for name, texts in {**given, "date_formats": date_formats}.items()}
    require(
        "from_rows",
        cls=(cls, AttrsClass),
        rows=(rows, Iterable),
        columns=(columns, Mapping[str, str] | None),
        values=(values, Mapping[str, object] | None),
        tz=(tz, str | None),
        currency=(currency, Currency | None),
        separator=(separator, Id),
        **{name: (texts, tuple[str, ...]) for name, texts in lists.items()},
    )
    named = {"columns": (tuple((columns or {}).values()), tuple[str, ...])}
    require("from_rows", values=(tuple((values or {}).values()), tuple[Mapping[Any, object], ...]), **named)
    required = [each.name for each in fields(cls) if each.default is NOTHING]  # type: ignore[arg-type]
    meanings = {**{name: {} for name in lists["strict"]}, **(values or {})}
    options = {"tz": None if tz is None else zone(tz), "date_formats": lists["date_formats"], "separator": separator}
    plan = _Plan(cls, required, meanings, lists, currency, frozenset({*lists["missing"], ""}), options)
    for name in (*meanings, *(name for scaled in _SCALED for name in lists[scaled])):
        plan.hint(name.removesuffix(_CURRENCY))
    found: list[T] = []
    cells: list[_Column] = []
    for number, row in enumerate(rows, 1):
        if not isinstance(row, Mapping):
            raise InvalidValueError("from_rows", [Fault(f"rows[{number}]", _ROW_RULE, type(row).__name__)])
        if number == 1:
            cells = plan.columns_of(row, columns)
        value = plan.read(row, number, cells)
        if value is not None:
            found.append(value)
    return found, plan.problems


@frozen
class _Column:
    """What is done with one column: the field it fills, how its cells are read, how a number becomes an amount."""

    field: str
    column: str
    read: Callable[[Any], object]
    rule: str
    values: Mapping[Any, object] | None
    currency_column: str | None
    money: Callable[[Any, Any], Money] | None
    is_custom: bool
    is_strict: bool


@frozen
class _Plan:
    """How rows become values of one class, and what was wrong with them so far."""

    cls: Any
    required: list[str]
    values: Mapping[str, Mapping[Any, object]]
    lists: Mapping[str, tuple[str, ...]]
    currency: str | None
    missing: frozenset[str]
    options: Mapping[str, Any]
    problems: list[Problem] = Factory(list)

    def hint(self, name: str) -> Any:
        """The annotation of the field `name`; of a custom field, anything."""
        hints = hints_of(self.cls)
        if name.startswith(_CUSTOM) and "custom" in hints:
            return object
        if name not in hints:
            raise UnknownFieldError(name, self.cls.__name__, hints)
        return hints[name]

    def columns_of(self, row: Mapping[str, Any], columns: Mapping[str, str] | None) -> list[_Column]:
        """The columns to read, checked against the first row."""
        header = [column for column in row if isinstance(column, str)]
        chosen = self._named_like_fields(header) if columns is None else columns
        lost = [column for column in dict.fromkeys(chosen.values()) if column not in header]
        lost += [name for name in self.required if name not in chosen]
        if lost:
            raise MissingColumnsError(lost, header)
        plan, faults = [], []
        for name, column in chosen.items():
            owner, currency_column = name.removesuffix(_CURRENCY), chosen.get(name + _CURRENCY)
            if owner != name and owner in hints_of(self.cls):
                continue
            hint, is_percent, is_minor = self.hint(name), *(name in self.lists[each] for each in _SCALED)
            reader = cell_reader(hint, percent=is_percent, minor_units=is_minor, **self.options)
            is_money = kind_of(hint) is Money
            if reader is None:
                faults.append(Fault("columns", f"must not name '{name}': one cell cannot hold it", column))
            elif is_money and self.currency is None and currency_column is None:
                faults.append(Fault("currency", f"must be given, or a column for '{name}{_CURRENCY}'", None))
            else:
                money = Money.from_minor if is_minor else Money if is_money else None
                is_custom, is_strict = name.startswith(_CUSTOM), name in self.lists["strict"]
                values = self.values.get(name)
                plan.append(_Column(name, column, *reader, values, currency_column, money, is_custom, is_strict))
        if faults:
            raise InvalidValueError("from_rows", faults)
        return plan

    def _named_like_fields(self, header: list[str]) -> dict[str, str]:
        chosen, hints = {}, hints_of(self.cls)
        for column in header:
            is_field = column.removesuffix(_CURRENCY) in hints and column != "custom"
            if is_field or (column.startswith(_CUSTOM) and "custom" in hints):
                chosen[column] = column
            else:
                says = f"the column '{column}' is no field and was not read"
                self.problems.append(Problem(code="unread_column", says=says, subject=self.cls.__name__))
        return chosen

    def read(self, row: Mapping[Any, Any], number: int, columns: list[_Column]) -> Any:
        """The value of one row, or None where it cannot be made; its faults go to `problems`."""
        arguments: dict[str, Any] = {}
        custom: dict[str, object] = {}
        faults: list[tuple[str, Fault]] = []
        for column in columns:
            cell, field = row.get(column.column), column.field
            if (cell.strip() in self.missing) if isinstance(cell, str) else is_missing(cell):
                continue
            if column.values is not None:
                known, cell = _meaning(cell, column.values)
                if cell is None:
                    continue
                if not known and column.is_strict:
                    rule = "must be a value that `values` names"
                    faults.append(("unmapped_value", Fault(field, rule, cell, is_personal(self.cls, field))))
                    continue
            try:
                value = column.read(cell)
                if column.money is not None and not isinstance(value, Money):
                    value = column.money(value, self._currency_in(row, column))
            except InvalidValueError as error:  # an amount, of which either the number or the currency is wrong
                for fault in error.faults:
                    rule = f"has a currency that {fault.rule}" if fault.field == "currency" else fault.rule
                    faults.append(("invalid_value", Fault(field, rule, fault.value)))
            except (ValueError, ArithmeticError):
                personal = is_personal(self.cls, field)
                faults.append(("invalid_value", Fault(field, column.rule, cell, personal)))
            else:
                (custom if column.is_custom else arguments)[field.removeprefix(_CUSTOM)] = value
        if custom:
            arguments["custom"] = custom
        value = self._made(arguments, faults)
        if value is None:
            named = {fault.field for _, fault in faults}
            lacking = (name for name in self.required if name not in arguments and name not in named)
            faults += [("missing_value", Fault(name, "must be given", None)) for name in lacking]
        if None in row:
            faults.append(("unread_cells", Fault("row", "must have no more cells than there are columns", row[None])))
        if faults:
            told: dict[str, Any] = {"subject": self.cls.__name__, "row": number}
            if isinstance(arguments.get("id"), str):
                told["subject_id"] = arguments["id"]
            self.problems.extend(Problem(code=code, says=each.says, field=each.field, **told) for code, each in faults)
        return value

    def _currency_in(self, row: Mapping[str, Any], column: _Column) -> Any:
        cell = None if column.currency_column is None else row.get(column.currency_column)
        cell = cell.strip() if isinstance(cell, str) else cell
        if (cell in self.missing) if isinstance(cell, str) else is_missing(cell):
            return self.currency
        return _meaning(cell, self.values.get(column.field + _CURRENCY, {}))[1]

    def _made(self, arguments: dict[str, Any], faults: list[tuple[str, Fault]]) -> Any:
        """The value, without the fields that break a rule; None where the class cannot do without one of them."""
        while all(name in arguments for name in self.required):
            try:
                return self.cls(**arguments)
            except InvalidValueError as error:
                faults.extend(("invalid_value", fault) for fault in error.faults)
                for fault in error.faults:
                    del arguments[fault.field]
        return None


def _meaning(cell: Any, values: Mapping[Any, object]) -> tuple[bool, Any]:
    """Whether `values` names the cell, and what it means; one that is not named means itself."""
    try:
        return (True, values[cell]) if cell in values else (False, cell)
    except TypeError:  # a list or the like, which nothing can name
        return False, cell
