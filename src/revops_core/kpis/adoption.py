"""Adoption: whether customers use what they bought, how much and how often, how well they are, what they say."""

from __future__ import annotations

from functools import partial

from revops_core.entities.engagement import Answer
from revops_core.entities.facts import Score
from revops_core.kpis.formula import count, total
from revops_core.kpis.kpi import Kpi
from revops_core.kpis.subject_activity import SubjectActivity
from revops_core.values.checks import Count, require
from revops_core.values.condition import each, given, known, missing
from revops_core.values.expression import all_of

__all__ = [
    "active_user_rate", "active_user_rate_of_seats", "feature_adoption_rate", "health_score", "nps",
    "product_adoption_rate", "stickiness", "usage_frequency", "usage_growth",
]  # fmt: skip

_answer = each(Answer)
_score = given(_answer.score)
_answered = all_of(_answer.survey == "nps", known(_answer.score))

_activity, _health = each(SubjectActivity), each(Score)
_kpi = partial(Kpi, stage="adoption", dated=_activity.starts_on)

nps = _kpi(
    name="nps", title="Net Promoter Score (NPS)", family="nps", dated=_answer.at, unit="points",
    formula=100 * (count(all_of(_answered, _score >= 9)) - count(all_of(_answered, _score <= 6))) / count(_answered),
    source="Reichheld (2003), The One Number You Need to Grow",
    says="The share of promoters (9 and 10) less the share of detractors (0 to 6) among the answers of the period, in "
    "points from -100 to 100. Give one answer for each respondent.",
)  # fmt: skip

_whole, _active = missing(_activity.feature), _activity.active_day_count >= 1
_account, _user = _activity.subject == "account", _activity.subject == "user"
_accounts, _users = all_of(_account, _whole), all_of(_user, _whole)
_active_accounts, _active_users = all_of(_account, _whole, _active), all_of(_user, _whole, _active)
_of_account = _health.subject == "Account"

active_user_rate = _kpi(
    name="active_user_rate", title="Active user rate", family="active_user_rate",
    formula=count(_active_accounts) / count(_accounts), source="CRM lifecycle guides: of customers",
    says="Customers that used the product on at least one day of the period, of all customers that could.",
)  # fmt: skip

active_user_rate_of_seats = _kpi(
    name="active_user_rate_of_seats", title="Active user rate of seats", family="active_user_rate",
    formula=count(_active_users) / count(_users), source="SOMA B2B SaaS; seat utilisation",
    says="Users that used the product on at least one day of the period, of all users with a seat.",
)  # fmt: skip

_by_feature = all_of(_account, known(_activity.feature))
feature_adoption_rate = _kpi(
    name="feature_adoption_rate", title="Feature adoption rate", family="feature_adoption_rate",
    formula=count(all_of(_by_feature, _active)) / count(_by_feature), source="CRM lifecycle guides: of customers",
    says='Customers that used a feature in the period, of all customers that could. Group by "feature".',
)  # fmt: skip


def product_adoption_rate(active_days: int = 4) -> Kpi:
    """The share of the accounts using the product that use it on at least so many days of a period.

    Formula: accounts active on at least `active_days` days of the period / accounts active in it.
    Source: common practice, by a threshold.

    Raises:
        InvalidValueError: `active_days` is no whole number.

    >>> product_adoption_rate(8).name
    'product_adoption_rate_8_days'
    """
    require("product_adoption_rate", active_days=(active_days, Count))
    adopted = all_of(_account, _whole, _active, _activity.active_day_count >= active_days)
    return _kpi(
        name=f"product_adoption_rate_{active_days}_days", title=f"Product adoption rate, {active_days} days",
        family="product_adoption_rate", formula=count(adopted) / count(_active_accounts),
        source="Common practice, by a threshold",
        says=f"Accounts that used the product on at least {active_days} days of the period, of those that used it.",
    )  # fmt: skip


usage_frequency = _kpi(
    name="usage_frequency", title="Usage frequency", family="usage_frequency", unit="ratio",
    formula=total(_activity.active_day_count, where=_active_users) / count(_active_users), source="SOMA B2B SaaS",
    says="The mean number of active days in the period, of the users active in it.",
)  # fmt: skip

stickiness = _kpi(
    name="stickiness", title="Stickiness (DAU/MAU)", family="usage_frequency", unit="ratio",
    formula=total(_activity.active_day_count, where=_active_users) / total(_activity.day_count, where=_active_users),
    source="SOMA B2B SaaS; DAU/MAU",
    says="The mean number of users active on a day of the period, days without any included, over those active on at "
    "least one. Measure months for DAU/MAU.",
)  # fmt: skip

_compared = all_of(_account, _whole, known(_activity.previous_event_count))
usage_growth = _kpi(
    name="usage_growth", title="Usage growth", family="usage_growth", unit="ratio",
    formula=(total(_activity.event_count, where=_compared) - total(_activity.previous_event_count, where=_compared))
    / total(_activity.previous_event_count, where=_compared),
    source="Common practice, usage-based signals",
    says='How much more customers used the product than in the period before, as a share of that. Group by '
    '"subject_id". A period that still runs is left out.',
)  # fmt: skip

health_score = _kpi(
    name="health_score", title="Customer health score", dated=_health.at, family="health_score", unit="score",
    formula=total(_health.value * _health.weight, where=_of_account) / total(_health.weight, where=_of_account),
    source="Gainsight; Natero",
    says="The weighted mean of the components of the health of accounts, computed in the period. A component that is "
    'missing weighs nothing. Give the last score of each component; group by "subject_id".',
)  # fmt: skip
