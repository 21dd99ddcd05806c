"""Sales: how many opportunities are won, how large they are, how long they take, and what is still open."""

from __future__ import annotations

from functools import partial

from revops_core.entities.opportunity import Opportunity, Outcome
from revops_core.kpis.formula import count, mean, median, total
from revops_core.kpis.kpi import Kpi
from revops_core.values.condition import each, first_known, given, known, not_yet, one_of
from revops_core.values.expression import all_of, any_of

__all__ = [
    "average_deal_size", "bookings", "deals_won", "median_deal_size", "open_opportunities", "open_pipeline",
    "opportunities_created", "pipeline_created", "sales_cycle_mean", "sales_cycle_mean_of_decided",
    "sales_cycle_median", "weighted_pipeline", "win_rate", "win_rate_by_value", "win_rate_of_closed",
    "win_rate_of_created",
]  # fmt: skip

_opportunity = each(Opportunity)
_created = first_known(_opportunity.created_at, _opportunity.created_on)
_closed = first_known(_opportunity.closed_at, _opportunity.closed_on)
_won = _opportunity.outcome == Outcome.WON
_decided = one_of(_opportunity.outcome, Outcome.WON, Outcome.LOST)
_ended = all_of(known(_opportunity.outcome), _opportunity.outcome != Outcome.OPEN)
_open = all_of(any_of(_opportunity.outcome == Outcome.OPEN, not_yet(_closed)), ~not_yet(_created))
_cycle = given(_closed) - given(_created)

_by_closing = partial(Kpi, stage="sales", dated=_closed)
_win_rate = partial(_by_closing, family="win_rate")
_size = partial(_by_closing, family="deal_size", unit="money")
_duration = partial(_by_closing, family="sales_cycle", unit="duration", direction="lower_is_better")
_by_creation = partial(Kpi, stage="sales", dated=_created, family="pipeline_created")
_stock = partial(Kpi, stage="sales", dated=None, family="open_pipeline")

win_rate = _win_rate(
    name="win_rate", title="Win rate", formula=count(_won) / count(_decided),
    source="SaaS Metrics Standards Board; SOMA B2B SaaS 'Win rate'",
    says="Opportunities won, of those won or lost in the period. What ended without a decision is left out.",
)  # fmt: skip

win_rate_by_value = _win_rate(
    name="win_rate_by_value", title="Win rate by value", source="Fivetran dbt_salesforce, by amount",
    formula=total(_opportunity.amount, where=_won) / total(_opportunity.amount, where=_decided),
    says="The amount won, of the amount won or lost in the period. Opportunities without an amount weigh nothing.",
)  # fmt: skip

win_rate_of_closed = _win_rate(
    name="win_rate_of_closed", title="Win rate of all closed", formula=count(_won) / count(_ended),
    source="Varicent, where no decision counts as a loss",
    says="Opportunities won, of all that closed in the period, with those that ended without a decision.",
)  # fmt: skip

win_rate_of_created = _win_rate(
    name="win_rate_of_created", title="Win rate of created opportunities", dated=_created,
    formula=count(all_of(_won, ~not_yet(_closed))) / count(_opportunity), source="SOMA B2B SaaS 'Close rate'; Varicent",
    says="Opportunities won so far, of all created in the period. It grows while some of them are still open.",
)  # fmt: skip

average_deal_size = _size(
    name="average_deal_size", title="Average deal size", formula=mean(_opportunity.amount, where=_won),
    source="ChartMogul, average selling price",
    says="The mean amount of the opportunities won in the period, also called average selling price; those without an "
    "amount are left out, those of amount 0 are not.",
)  # fmt: skip

median_deal_size = _size(
    name="median_deal_size", title="Median deal size", formula=median(_opportunity.amount, where=_won),
    source="SOMA B2B SaaS",
    says="The amount in the middle of the opportunities won in the period; a few large deals do not move it.",
)  # fmt: skip

bookings = _by_closing(
    name="bookings", title="Bookings", family="bookings", unit="money",
    formula=total(_opportunity.amount, where=_won), source="SaaS Metrics Standards Board",
    says="The amount of the opportunities won in the period: revenue generated. Bookings are not yet revenue.",
)  # fmt: skip

deals_won = _by_closing(
    name="deals_won", title="Deals won", family="deals_won", unit="count", formula=count(_won), source="SOMA B2B SaaS",
    says="Opportunities won in the period.",
)  # fmt: skip

sales_cycle_mean = _duration(
    name="sales_cycle_mean", title="Sales cycle, mean", formula=mean(_cycle, where=_won),
    source="Fivetran dbt_salesforce, average days to close",
    says="The mean time from creating an opportunity to winning it, of those won in the period. Whole days where both "
    "ends are days.",
)  # fmt: skip

sales_cycle_median = _duration(
    name="sales_cycle_median", title="Sales cycle, median", formula=median(_cycle, where=_won), source="SOMA B2B SaaS",
    says="Half of the opportunities won in the period took no longer than this from creation to winning.",
)  # fmt: skip

sales_cycle_mean_of_decided = _duration(
    name="sales_cycle_mean_of_decided", title="Sales cycle of won and lost, mean",
    formula=mean(_cycle, where=_decided), source="daymark; trexrun",
    says="The mean time from creating an opportunity to winning or losing it, of those decided in the period.",
)  # fmt: skip

pipeline_created = _by_creation(
    name="pipeline_created", title="Pipeline created", unit="money", formula=total(_opportunity.amount),
    source="Clari, engage; Fivetran dbt_salesforce",
    says="The amount of the opportunities created in the period, as the records show it now, not as it was then.",
)  # fmt: skip

opportunities_created = _by_creation(
    name="opportunities_created", title="Opportunities created", unit="count", formula=count(_opportunity),
    source="SOMA B2B SaaS", says="Opportunities created in the period, whatever became of them.",
)  # fmt: skip

open_pipeline = _stock(
    name="open_pipeline", title="Open pipeline", unit="money", formula=total(_opportunity.amount, where=_open),
    source="SOMA B2B SaaS",
    says="The amount of the opportunities that are open at the end of the period, or now. Undefined where none of them "
    "has an amount.",
)  # fmt: skip

open_opportunities = _stock(
    name="open_opportunities", title="Open opportunities", unit="count", direction="neither", formula=count(_open),
    source="SOMA B2B SaaS",
    says="Opportunities that are open at the end of the period, or now. Those that closed later were open then.",
)  # fmt: skip

weighted_pipeline = _stock(
    name="weighted_pipeline", title="Weighted pipeline", unit="money", source="Salesforce, expected revenue",
    formula=total(given(_opportunity.amount) * given(_opportunity.probability), where=_open),
    says="Amount times probability of the opportunities that are open at the end of the period, or now. Undefined "
    "where none of them has both.",
)  # fmt: skip
