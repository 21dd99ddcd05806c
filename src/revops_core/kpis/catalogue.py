"""The catalogue: every KPI there is, and the readings of each term on which authorities disagree."""

# ruff: noqa: PLR0402 - `from revops_core.kpis import sales` would find a room that is still being loaded
from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType

import revops_core.kpis.adoption as adoption
import revops_core.kpis.attribution as attribution
import revops_core.kpis.expansion as expansion
import revops_core.kpis.lead_generation as lead_generation
import revops_core.kpis.lifetime_value as lifetime_value
import revops_core.kpis.onboarding as onboarding
import revops_core.kpis.operations as operations
import revops_core.kpis.pipeline_health as pipeline_health
import revops_core.kpis.qualification as qualification
import revops_core.kpis.renewal as renewal
import revops_core.kpis.sales as sales
import revops_core.kpis.sales_forecast as sales_forecast
import revops_core.kpis.service as service
import revops_core.kpis.unit_economics as unit_economics
from revops_core.errors import Fault, InvalidValueError
from revops_core.kpis.kpi import STAGES, Kpi

__all__ = ["CATALOGUE", "family"]

_MODULES = (
    lead_generation,
    attribution,
    qualification,
    sales,
    pipeline_health,
    sales_forecast,
    onboarding,
    adoption,
    expansion,
    unit_economics,
    lifetime_value,
    renewal,
    service,
    operations,
)
_WITH_PARAMETER = (
    onboarding.onboarding_completion_rate_within(),
    onboarding.activation_rate(),
    adoption.product_adoption_rate(),
    renewal.early_churn_rate(90),
)


def _defined_in(module: ModuleType) -> Iterator[Kpi]:
    held = (getattr(module, name) for name in module.__all__)
    return (each for each in held if isinstance(each, Kpi))


CATALOGUE: tuple[Kpi, ...] = tuple(
    sorted(
        (*(kpi for module in _MODULES for kpi in _defined_in(module)), *_WITH_PARAMETER),
        key=lambda kpi: STAGES.index(kpi.stage),
    )
)
"""Every KPI, in the order of the customer lifecycle; one with a parameter stands here with its usual value."""


def family(name: str) -> tuple[Kpi, ...]:
    """The readings of one term, such as "win_rate": each has a name that tells what it counts.

    Raises:
        InvalidValueError: no KPI is of that family.

    >>> [kpi.name for kpi in family("slip_rate")]
    ['pulled_in_pipeline', 'slip_rate', 'slip_rate_by_value']
    """
    found = tuple(kpi for kpi in CATALOGUE if kpi.family == name)
    if not found:
        rule = f"must be one of {', '.join(dict.fromkeys(kpi.family for kpi in CATALOGUE))}"
        raise InvalidValueError("family", [Fault("name", rule, name)])
    return found
