"""Ready-made pipelines, to use as they are or to read as examples; an older version stays importable."""

from __future__ import annotations

from decimal import Decimal

from revops_core.stages.pipeline import Pipeline
from revops_core.stages.stage import Stage

__all__ = ["OPPORTUNITY"]

OPPORTUNITY = Pipeline(
    "opportunity",
    (
        Stage("qualification", probability=Decimal("0.1"), forecast_category="pipeline"),
        Stage("proposal", probability=Decimal("0.5"), forecast_category="best_case", required=("amount", "close_date")),
        Stage("negotiation", probability=Decimal("0.8"), forecast_category="commit", required=("amount", "close_date")),
        Stage("won", "won", forecast_category="closed", required=("amount",)),
        Stage("lost", "lost", forecast_category="omitted", needs_reason=True),
    ),
)
