"""Stages."""

from revops_core.stages.pipeline import Pipeline
from revops_core.stages.stage import Stage
from revops_core.stages.move import Moved
