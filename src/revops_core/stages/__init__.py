"""Stages: pipelines that explain every refusal, journeys that remember everything, logs that find the bottleneck."""

from revops_core.stages.funnel import Funnel, FunnelStep, StageFate
from revops_core.stages.journey import Journey, StageTime, Stay
from revops_core.stages.move import Corrected, Moved
from revops_core.stages.pipeline import Pipeline
from revops_core.stages.ready_made import OPPORTUNITY
from revops_core.stages.stage import Stage, Transition
from revops_core.stages.stage_log import StageLog

__all__ = [
    "OPPORTUNITY",
    "Corrected",
    "Funnel",
    "FunnelStep",
    "Journey",
    "Moved",
    "Pipeline",
    "Stage",
    "StageFate",
    "StageLog",
    "StageTime",
    "Stay",
    "Transition",
]
