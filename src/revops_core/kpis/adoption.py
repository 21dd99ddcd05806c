"""Adoption: whether customers would recommend the product."""

from __future__ import annotations

from revops_core.entities.engagement import Answer
from revops_core.kpis.formula import count
from revops_core.kpis.kpi import Kpi
from revops_core.values.condition import each, given, known
from revops_core.values.expression import all_of

__all__ = ["nps"]

_answer = each(Answer)
_score = given(_answer.score)
_answered = all_of(_answer.survey == "nps", known(_answer.score))

nps = Kpi(
    name="nps",
    title="Net Promoter Score (NPS)",
    stage="adoption",
    formula=100 * (count(all_of(_answered, _score >= 9)) - count(all_of(_answered, _score <= 6))) / count(_answered),
    dated=_answer.at,
    unit="points",
    says="The share of promoters (9 and 10) less the share of detractors (0 to 6) among the answers of the period, in "
    "points from -100 to 100. Give one answer for each respondent.",
    source="Reichheld (2003), The One Number You Need to Grow",
    family="nps",
)
