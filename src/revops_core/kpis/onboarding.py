"""Onboarding: whether new customers are content with how they were brought in."""

from __future__ import annotations

from revops_core.entities.engagement import Answer
from revops_core.kpis.formula import count
from revops_core.kpis.kpi import Kpi
from revops_core.values.condition import each, given, known, missing
from revops_core.values.expression import all_of, any_of

__all__ = ["csat", "csat_of_onboarding"]

_answer = each(Answer)
_of_five = any_of(missing(_answer.scale_max), _answer.scale_max == 5)
_answered = all_of(_answer.survey == "csat", known(_answer.score), _of_five)
_onboarding = _answer.about == "onboarding"
_content = given(_answer.score) >= 4

csat_of_onboarding = Kpi(
    name="csat_of_onboarding",
    title="Customer satisfaction with onboarding (CSAT)",
    stage="onboarding",
    formula=count(all_of(_answered, _onboarding, _content)) / count(all_of(_answered, _onboarding)),
    dated=_answer.at,
    says="Answers of 4 or 5 on the scale of 1 to 5, of all answers about the onboarding in the period. Answers on "
    "another scale are left out.",
    source="Qualtrics, top two boxes",
    family="csat",
)

csat = Kpi(
    name="csat",
    title="Customer satisfaction (CSAT)",
    stage="onboarding",
    formula=count(all_of(_answered, _content)) / count(_answered),
    dated=_answer.at,
    says="Answers of 4 or 5 on the scale of 1 to 5, of all answers in the period; on another scale they are left out.",
    source="Qualtrics, top two boxes",
    family="csat",
)
