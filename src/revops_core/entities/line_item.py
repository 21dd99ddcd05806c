"""What is sold: a product, and a line of it in a sale: how many, at what price, for how long."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from attrs import field, frozen

from revops_core.values.checks import AtLeast, Count, Id, InOrder, Share, as_decimal, as_tuple, checked
from revops_core.values.frozen_map import EMPTY, frozen_map
from revops_core.values.money import Money

__all__ = ["BillingInterval", "LineItem", "Product"]

Quantity = Annotated[Decimal, AtLeast(0)]


class BillingInterval(StrEnum):
    """How often a price is charged."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    HALF_YEAR = "half_year"
    YEAR = "year"


@checked()
@frozen(kw_only=True, eq=False, repr=False, weakref_slot=False)
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


@checked(InOrder("starts_on", "ends_on"))
@frozen(kw_only=True, eq=False, repr=False, weakref_slot=False)
class LineItem:
    """One line of an opportunity, a deal or a subscription: a product, its quantity and its price.

    A change of price or seats during a contract is another line with the same `id` from the day the former ends; so
    are the years of a ramp. Days are half-open: `ends_on` is the first day on which the line no longer runs.

    Args:
        id: which item of the contract it is; lines with one id follow one another. None: the product tells.
        unit_price: the price of one, for one billing interval, before the discount.
        billing_interval: such as a `BillingInterval`; None: charged once.
        interval_count: how many of them one charge covers: 2 and "week" is every fortnight.
        discount: the share that is taken off, 0 to 1.
        discount_ends_on: the first day without the discount; None: it lasts.
        is_metered: whether the charge depends on use.
        term_months: for how long it is bought, where the days are not fixed yet.
        starts_on, ends_on: the days of this line; None: those of the contract it stands in.

    >>> LineItem(product_id="p1", quantity=20, unit_price=Money(30, "EUR"), billing_interval="month").price
    Money('600', 'EUR')
    """

    id: Id | None = None
    product_id: Id | None = None
    name: str | None = None
    quantity: Quantity = field(default=Decimal(1), converter=as_decimal)
    unit_price: Money | None = None
    billing_interval: str | None = None
    interval_count: Annotated[int, AtLeast(1)] = 1
    discount: Share = field(default=Decimal(0), converter=as_decimal)
    discount_ends_on: date | None = None
    is_metered: bool = False
    term_months: Count | None = None
    starts_on: date | None = None
    ends_on: date | None = None

    @property
    def price(self) -> Money | None:
        """What one billing interval costs with the discount, not rounded; None where the unit price is unknown."""
        if self.unit_price is None:
            return None
        full = self.unit_price * self.quantity
        return full - full * self.discount
