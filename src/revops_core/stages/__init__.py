"""Stages: pipelines that explain every refusal, journeys that remember everything, logs that find the bottleneck."""

from revops_core.stages.diagram import dot, mermaid
from revops_core.stages.flow import Conformance, Deviation, Rework, Waiting
from revops_core.stages.funnel import Funnel, FunnelStep, StageFate
from revops_core.stages.history_exports import HISTORY_EXPORTS
from revops_core.stages.journey import Journey, StageTime, Stay
from revops_core.stages.lead_to_cash import advance_lifecycle, lead_to_cash_time
from revops_core.stages.migration import Migration
from revops_core.stages.move import Corrected, Moved
from revops_core.stages.pipeline import Pipeline
from revops_core.stages.ready_made import LEAD, LIFECYCLE, ONBOARDING, OPPORTUNITY, RENEWAL, TICKET
from revops_core.stages.records_as_of import records_as_of
from revops_core.stages.stage import Stage, Transition
from revops_core.stages.stage_check import check
from revops_core.stages.stage_log import StageLog
from revops_core.stages.waterfall import Waterfall, waterfall

__all__ = [
    "HISTORY_EXPORTS", "LEAD", "LIFECYCLE", "ONBOARDING", "OPPORTUNITY", "RENEWAL", "TICKET", "Conformance",
    "Corrected", "Deviation", "Funnel", "FunnelStep", "Journey", "Migration", "Moved", "Pipeline", "Rework", "Stage",
    "StageFate", "StageLog", "StageTime", "Stay", "Transition", "Waiting", "Waterfall", "advance_lifecycle", "check",
    "dot", "lead_to_cash_time", "mermaid", "records_as_of", "waterfall",
]  # fmt: skip
