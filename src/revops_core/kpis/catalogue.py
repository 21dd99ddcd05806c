"""The catalogue: every KPI there is, and the readings of each term on which authorities disagree."""

# ruff: noqa: PLR0402 - `from revops_core.kpis import sales` would find a room that is still being loaded
from __future__ import annotations

import revops_core.kpis.adoption as adoption
import revops_core.kpis.expansion as expansion
import revops_core.kpis.lead_generation as lead_generation
import revops_core.kpis.onboarding as onboarding
import revops_core.kpis.qualification as qualification
import revops_core.kpis.renewal as renewal
import revops_core.kpis.sales as sales
import revops_core.kpis.service as service
import revops_core.kpis.unit_economics as unit_economics
from revops_core.errors import Fault, InvalidValueError
from revops_core.kpis.kpi import STAGES, Kpi

__all__ = ["CATALOGUE", "family"]

_MODULES = (
    lead_generation,
    qualification,
    sales,
    onboarding,
    adoption,
    expansion,
    unit_economics,
    renewal,
    service,
)

CATALOGUE: tuple[Kpi, ...] = tuple(
    sorted(
        (kpi for module in _MODULES for name in module.__all__ if isinstance(kpi := getattr(module, name), Kpi)),
        key=lambda kpi: STAGES.index(kpi.stage),
    )
)
"""Every KPI without a parameter, in the order of the customer lifecycle."""


def family(name: str) -> tuple[Kpi, ...]:
    """The readings of one term, such as "win_rate": each has a name that tells what it counts.

    Raises:
        InvalidValueError: no KPI is of that family.

    >>> [kpi.name for kpi in family("sales_cycle")]
    ['sales_cycle_mean', 'sales_cycle_mean_of_decided', 'sales_cycle_median']
    """
    found = tuple(kpi for kpi in CATALOGUE if kpi.family == name)
    if not found:
        rule = f"must be one of {', '.join(dict.fromkeys(kpi.family for kpi in CATALOGUE))}"
        raise InvalidValueError("family", [Fault("name", rule, name)])
    return found
