"""Product: something we sell."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

from revops_core.values.checks import Id, as_tuple, checked, short_repr
from revops_core.values.frozen_map import EMPTY, frozen_map
from revops_core.values.money import Money

__all__ = ["Product"]


@checked()
@frozen(kw_only=True, eq=False, weakref_slot=False)
class Product:
    """Something we sell: a product, a plan or a service, with its list price.

    Args:
        family: the group it belongs to; its changes tell cross-selling from upselling.
        billing_interval: such as a `BillingInterval`; None: charged once.
        features: the features a customer of it may use; who is eligible for a feature.

    >>> Product(id="p1", name="Team plan", list_price=Money(30, "EUR"), billing_interval="month").family is None
    True
    """

    id: Id
    name: str | None = None
    family: str | None = None
    list_price: Money | None = None
    billing_interval: str | None = None
    features: tuple[str, ...] = field(default=(), converter=as_tuple)
    is_active: bool = True
    custom: Mapping[str, object] = field(default=EMPTY, converter=frozen_map)

    __repr__ = short_repr
