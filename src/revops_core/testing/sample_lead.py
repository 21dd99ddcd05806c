"""The story of a lead of the sample company, from its first touch to a sale that is won or lost."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, cast

from attrs import evolve

from revops_core.entities import Account, Activity, Changed, Lead, LineItem, Opportunity, Touch
from revops_core.entities.conversion import LeadConversion, convert_lead
from revops_core.stages.move import Moved
from revops_core.stages.ready_made import OPPORTUNITY
from revops_core.testing.sample_customer import tell_customer
from revops_core.testing.sample_story import AS_OF, LOSS_CHANCES, NAMES, OPENED, PRODUCTS, REGIONS, SOURCES, Story
from revops_core.values.money import Money

__all__ = ["tell_lead"]

_INDUSTRIES = {"technology": 30, "manufacturing": 20, "services": 20, "retail": 15, "healthcare": 15}
_SURNAMES = ("Abel", "Brandt", "Conrad", "Dietz", "Ebert", "Falk", "Gruber", "Hahn", "Iwen", "Jung", "Krause", "Lang")
_COMPANIES = (
    "Aster", "Birke", "Cobalt", "Delta", "Eiche", "Fjord", "Granit", "Hafen", "Iris", "Jade", "Kiesel", "Linde",
)  # fmt: skip


def tell_lead(story: Story) -> None:
    """Tell the whole story of one lead; it ends with `Ended` where it reaches `AS_OF`."""
    seconds = int(story.between(0, (AS_OF - OPENED).total_seconds()))
    at, region, source = OPENED + timedelta(seconds=seconds), story.pick(REGIONS), story.pick(SOURCES)
    story.source = source
    story.planted.append("lead")
    owner = story.member(region)
    company = f"{story.pick(_COMPANIES)} {story.number}"
    lead = Lead(
        id=f"lead-{story.number}", first_name=story.pick(NAMES), last_name=story.pick(_SURNAMES),
        email=f"contact@{company.replace(' ', '-').lower()}.example", company=company,
        industry=story.pick(_INDUSTRIES), employee_count=int(10 ** story.between(1, 4)), country="DE",
        lead_source=source, owner_id=owner, created_at=at, assigned_at=at, stage="new",
    )  # fmt: skip
    story.things.append(lead)
    for _ in range(int(story.between(1, 5))):
        touched_at = at - timedelta(hours=story.between(0, 700))
        touch = Touch(subject="Lead", subject_id=lead.id, at=max(touched_at, OPENED), channel=story.pick(SOURCES))
        story.things.append(touch)
    if story.chance(0.06):
        return  # nobody ever answered
    at = story.later(at, 0.005, 0.35 if story.chance(0.8) else 3)
    _activity(story, "call" if story.chance(0.5) else "email", lead, at)
    lead = _lead_stage(story, lead, "working", at)
    at = story.later(at, 0.2, 4)
    if not story.chance(0.62):
        if story.chance(0.8):
            _disqualified(story, lead, at)
        return
    lead = _lead_stage(story, lead, "marketing_qualified", at)
    at = story.later(at, 0.5, 7)
    if not story.chance(0.66):
        _disqualified(story, lead, at)
        return
    _activity(story, "meeting", lead, at)
    lead = evolve(lead, name_verified=True, email_verified=True, company_verified=True)
    lead = _lead_stage(story, lead, "sales_qualified", at)
    at = story.later(at, 0.1, 2)
    account = Account(id=f"account-{story.number}", is_target=story.chance(0.3), stage="sales")
    sale = Opportunity(id=f"sale-{story.number}", kind="new_business")
    made = cast("LeadConversion", convert_lead(lead, at=at, account=account, opportunity=sale, by=owner))
    story.planted.append("converted")
    lead = evolve(made.lead, stage="converted", outcome="qualified", closed_at=at)
    story.things += [lead, made.contact, made.account, made.fact]
    line = _line(story)
    close_date = at.date() + timedelta(days=60)
    opened = cast("Opportunity", made.opportunity)
    _sale(story, evolve(opened, lines=(line,), amount=_yearly(line), close_date=close_date), at)


def _line(story: Story) -> LineItem:
    seats, product = int(10 ** story.between(0.7, 2.2)), "plus" if story.chance(0.35) else "core"
    discount = Decimal("0.1") if story.chance(0.25) else Decimal(0)
    return LineItem(id=product, product_id=product, quantity=Decimal(seats), unit_price=PRODUCTS[product],
                    billing_interval="month", discount=discount)  # fmt: skip


def _lead_stage(story: Story, lead: Lead, stage: str, at: datetime) -> Lead:
    story.things.append(Moved(subject_id=lead.id, source=lead.stage, target=stage, at=at, pipeline="lead", version=1))
    lead = evolve(lead, stage=stage, stage_entered_at=at)
    story.things.append(lead)
    return lead


def _disqualified(story: Story, lead: Lead, at: datetime) -> None:
    lead = _lead_stage(story, lead, "disqualified", at)
    story.things.append(evolve(lead, outcome="disqualified", closed_at=at, loss_reason=story.reason()))


def _activity(story: Story, kind: str, record: Lead | Opportunity, at: datetime) -> None:
    subject, reached = type(record).__name__, story.chance(0.7)
    story.things.append(Activity(kind=kind, subject=subject, subject_id=record.id, at=at, owner_id=record.owner_id,
                                 direction="outbound", reached=reached))  # fmt: skip


def _moved(story: Story, sale: Opportunity, stage: str, at: datetime, reason: str | None = None) -> Opportunity:
    """One step of the sale through its pipeline, which must allow it."""
    move = cast("Moved", OPPORTUNITY.decide(sale, stage, at=at, by=sale.owner_id, reason=reason))
    sale = move.apply_to(sale)
    story.things += [move, sale]
    return sale


def _changed(story: Story, sale: Opportunity, field: str, value: object, at: datetime) -> Opportunity:
    change = Changed(subject="Opportunity", subject_id=sale.id, field=field, old=getattr(sale, field), new=value, at=at,
                     by=sale.owner_id)  # fmt: skip
    changed: dict[str, Any] = {field: value}
    sale = evolve(sale, **changed)
    story.things += [change, sale]
    return sale


def _sale(story: Story, sale: Opportunity, at: datetime) -> None:
    """A sale from its first stage to its end, and what a won one becomes."""
    sale = _moved(story, sale, "qualification", at)
    for stage, low, high in (("proposal", 2, 14), ("negotiation", 3, 18), ("won", 3, 22)):
        at = story.later(at, low, high)
        _activity(story, "demo" if stage == "proposal" else "meeting", sale, at)
        if story.chance(0.12):
            at = story.later(at, 20, 60)  # nobody moves it for a while
        if sale.close_date is not None and at.date() > sale.close_date - timedelta(days=10) and story.chance(0.8):
            sale = _changed(story, sale, "close_date", at.date() + timedelta(days=int(story.between(20, 45))), at)
        if story.chance(float(LOSS_CHANCES[stage])):
            story.planted.append("lost")
            reason = story.reason()
            sale = _moved(story, evolve(sale, loss_reason=reason), "lost", at, reason)
            return
        if stage == "negotiation" and story.chance(0.35):
            [line] = sale.lines
            seats = int(line.quantity * Decimal(str(round(story.between(0.7, 1.3), 2))))
            line = evolve(line, quantity=Decimal(max(1, seats)))
            sale = _changed(story, evolve(sale, lines=(line,)), "amount", _yearly(line), at)
        sale = _moved(story, sale, stage, at)
    story.planted.append("won")
    tell_customer(story, sale, at)


def _yearly(line: LineItem) -> Money:
    """What a line with a monthly price comes to in a year, to the cent."""
    return (cast("Money", line.price) * 12).rounded()
