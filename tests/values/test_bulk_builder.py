from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from attrs import field, frozen
from attrs.exceptions import FrozenInstanceError

from revops_core.errors import InvalidValueError
from revops_core.values.bulk_builder import bulk_builder
from revops_core.values.checks import Id, InOrder, as_tuple, checked


@checked(InOrder("starts_on", "ends_on"))
@frozen(kw_only=True, eq=False, weakref_slot=False)
class Light:
    id: Id
    starts_on: date | None = None
    ends_on: date | None = None
    tags: tuple[str, ...] = field(default=(), converter=as_tuple)
    _secret: int = 7


@checked()
@frozen(kw_only=True, eq=False)
class Heavy:
    """With a slot for weak references, which keeps its fields from being stored at full speed."""

    id: Id
    tags: tuple[str, ...] = field(default=["x"], converter=as_tuple)


@pytest.mark.parametrize("cls", [Light, Heavy])
def test_what_is_built_in_bulk_equals_what_the_class_makes(cls: type) -> None:
    build = bulk_builder(cls, ("tags", "id"))
    assert build(("a", "b"), "x") == cls(id="x", tags=["a", "b"])
    assert type(build((), "x")) is cls
    with pytest.raises(FrozenInstanceError):
        build((), "x").id = "y"


def test_nothing_is_checked() -> None:
    assert bulk_builder(Light, ["id"])(None).id is None


@pytest.mark.parametrize("columns", [("tags",), ("id", "id"), ("id", "nothing")], ids=str)
def test_columns_that_do_not_fit_the_class_are_refused(columns: tuple[str, ...]) -> None:
    with pytest.raises(InvalidValueError, match="'columns' must name fields of Light, each once, and id among them"):
        bulk_builder(Light, columns)


@pytest.mark.parametrize("cls", [Light, Heavy])
def test_a_class_is_equal_by_value_though_attrs_wrote_no_comparison(cls: type) -> None:
    assert len({cls(id="a"), cls(id="a"), cls(id="b")}) == 2
    assert cls(id="a") == cls(id="a")
    assert cls(id="a") != cls(id="b")
    assert cls(id="a") != "a"


def test_the_first_use_of_a_class_may_be_its_hash_or_its_comparison() -> None:
    @checked()
    @frozen(eq=False, weakref_slot=False)
    class Fresh:
        at: datetime

    one = Fresh(datetime(2026, 1, 1, tzinfo=UTC))
    assert hash(one) == hash(Fresh(datetime(2026, 1, 1, tzinfo=UTC)))
    assert (one == 3) is False

    @checked()
    @frozen(eq=False, weakref_slot=False)
    class Empty:
        pass

    assert Empty() == Empty()
    assert hash(Empty()) == hash(Empty())


def test_a_default_is_converted_like_any_other_value() -> None:
    assert Heavy(id="a").tags == ("x",)


def test_a_class_derived_from_a_checked_one_is_still_checked() -> None:
    class Derived(Light):
        pass

    assert Derived(id="a", tags=["b"]).tags == ("b",)
    with pytest.raises(InvalidValueError, match="'id'"):
        Derived(id="")


def test_a_refused_instance_is_never_half_made() -> None:
    kept = Light.__new__(Light)
    with pytest.raises(InvalidValueError):
        kept.__init__(id="a", starts_on=date(2026, 1, 2), ends_on=date(2026, 1, 1))  # type: ignore[misc]
    assert type(kept) is Light
    assert not hasattr(kept, "id")
