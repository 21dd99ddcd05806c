from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import attrs
import pytest

from revops_core import calendars, sla
from revops_core.errors import InvalidValueError
from revops_core.values.condition import matching

H = timedelta(hours=1)
NONE = timedelta(0)


def faults_of(make, *args, **kwargs):
    with pytest.raises(InvalidValueError) as caught:
        make(*args, **kwargs)
    return [fault.field for fault in caught.value.faults]


def test_a_target_tells_every_fault_of_its_types_at_once():
    faults = faults_of(sla.SlaTarget, "", 3, when=5, reopen="maybe", retarget="no", at_risk_percent=0)
    assert faults == ["name", "within", "when", "reopen", "retarget", "at_risk_percent"]


def test_a_target_tells_every_fault_of_its_content_at_once():
    facts = {"started": "ignore", "stopped": "ignore", "paused": "sleep"}
    assert faults_of(sla.SlaTarget, "resolution", NONE, facts=facts) == ["within", "facts[paused]", "facts", "facts"]


@pytest.mark.parametrize(
    "when",
    [
        matching({"a": 1}) & matching({"a": 2}),
        matching({"a": (1, 2)}) & matching({"a": (3, 4)}),
        matching({"a": 1}) & matching({"b": 1}) & matching({"a": (2, 3)}),
        matching({"a": 1}) & ~matching({"a": 1}),
        ~matching({"a": 1}) & matching({"a": (1, 2)}) & ~matching({"a": (2, 3)}),
    ],
)
def test_a_condition_that_contradicts_itself_is_refused(when):
    assert faults_of(sla.SlaTarget, "resolution", H, when=when) == ["when"]


def test_a_condition_that_only_narrows_is_taken():
    narrow = matching({"a": (1, 2)}) & matching({"a": (2, 3)})
    assert sla.SlaTarget("resolution", H, when=narrow).when.holds({"a": 2})
    assert sla.SlaTarget("resolution", H, when=~matching({"a": 1})).when.holds({"a": 2})
    assert sla.SlaTarget("resolution", H, when=matching({"a": 1}) & ~matching({"a": 1, "b": 2})).when.holds({"a": 1})
    assert sla.SlaTarget("resolution", H, when=matching({"a": (1, 2)}) & ~matching({"a": 1})).when.holds({"a": 2})


def test_business_days_are_at_least_one_and_end_where_they_say():
    assert faults_of(sla.BusinessDays, 0, "noon") == ["days", "until"]


@pytest.mark.parametrize(
    ("extra", "fields"),
    [
        ({}, ["trigger"]),
        ({"at_percent": 50, "on": "stuck"}, ["trigger"]),
        ({"before_due": NONE}, ["before_due"]),
        ({"at_percent": 0}, ["at_percent"]),
        ({"after_breach": -H}, ["after_breach"]),
        ({"at_percent": 50, "max_repeats": 2}, ["max_repeats"]),
        ({"at_percent": 50, "repeat_every": NONE, "max_repeats": 2}, ["repeat_every"]),
        ({"at_percent": 50, "clock": "moon"}, ["clock"]),
        ({"before_due": NONE, "at_percent": 50, "repeat_every": H}, ["trigger", "before_due", "max_repeats"]),
    ],
)
def test_a_tier_tells_every_fault_at_once(extra, fields):
    assert faults_of(sla.EscalationTier, 1, "a", "b", **extra) == fields


def test_a_reminder_has_no_reported_trigger():
    assert faults_of(sla.Reminder, to="a") == ["trigger"]


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (sla.Reminder(to="a", at_percent=75), "at 75 percent"),
        (sla.Reminder(to="a", at_percent=75, clock="wall"), "at 75 percent of wall time"),
        (sla.Reminder(to="a", before_due=H / 2), "PT1800S before due"),
        (sla.EscalationTier(1, "a", "b", after_breach=H, clock="wall"), "PT3600S of wall time after breach"),
        (sla.EscalationTier(1, "a", "b", after_breach=NONE), "at breach"),
        (sla.EscalationTier(1, "a", "b", on="cannot_resolve"), "on cannot_resolve"),
    ],
)
def test_a_trigger_is_told_in_words(rule, words):
    assert rule.trigger == words


RESOLUTION = sla.SlaTarget("resolution", H)


def test_a_policy_tells_every_fault_at_once():
    faults = faults_of(
        sla.SlaPolicy,
        "p",
        targets=[RESOLUTION, sla.SlaTarget("resolution", 2 * H), sla.SlaTarget("update", H, after="started")],
        escalation=[
            sla.EscalationTier(1, "a", "b", at_percent=50, target="delivery"),
            sla.EscalationTier(1, "a", "b", before_due=3 * H),
            sla.EscalationTier(2, "a", "b", on="stopped"),
        ],
        reminders=[sla.Reminder(to="a", at_percent=50), sla.Reminder(to="a", at_percent=50)],
    )
    assert faults == [
        "targets[1]",
        "escalation[0].target",
        "escalation[1].before_due",
        "escalation[2].on",
        "escalation",
        "reminders",
        "targets[2].after",
    ]
    assert faults_of(sla.SlaPolicy, "", targets=[3], agreement="verbal") == ["name", "targets", "agreement"]
    assert faults_of(sla.SlaPolicy, "p", targets=[], escalation=[sla.EscalationTier(1, "a", "b", on="x")]) == [
        "targets"
    ]


def test_a_target_after_one_with_the_same_condition_can_never_hold():
    high = {"priority": "high"}
    twice = [sla.SlaTarget("resolution", H, when=high), sla.SlaTarget("resolution", 2 * H, when=high)]
    assert faults_of(sla.SlaPolicy, "p", targets=twice) == ["targets[1]"]
    assert sla.SlaPolicy("p", targets=[twice[0], sla.SlaTarget("resolution", 2 * H)]).name == "p"


def test_a_warning_that_some_target_is_long_enough_for_is_taken():
    early = sla.Reminder(to="a", before_due=2 * H)
    days = sla.SlaTarget("delivery", sla.BusinessDays(1))
    assert sla.SlaPolicy("p", targets=[RESOLUTION, days], reminders=[early]).reminders == (early,)


def test_the_first_target_whose_condition_holds_is_taken_and_the_others_say_why_not():
    policy = sla.REVENUE_OPERATIONS
    held = policy.targets_for(request="sales_inquiry", priority="high")
    assert {name: target.within for name, target in held.items()} == {"response": timedelta(minutes=15)}
    matches = policy.explain(request="sales_inquiry", priority="low")
    assert [match.holds for match in matches] == [False] * 6
    assert matches[1].reasons == ("priority is 'high', but it is 'low'",)
    assert matches[0].reasons == ("request is 'lead_qualification', but it is 'sales_inquiry'",)
    two = sla.SlaPolicy("p", targets=[sla.SlaTarget("response", H, when={"a": 1}), sla.SlaTarget("response", 2 * H)])
    assert two.explain(a=1)[1].reasons == ("an earlier target 'response' holds",)


def test_the_ready_made_policy_promises_what_its_source_says():
    policy = sla.REVENUE_OPERATIONS
    promised = {
        ("lead_qualification", ""): ("response", H),
        ("sales_inquiry", "high"): ("response", timedelta(minutes=15)),
        ("technical_support", ""): ("acknowledge", timedelta(minutes=30)),
        ("bug_fix", ""): ("resolution", 24 * H),
        ("account_setup", ""): ("resolution", 2 * H),
        ("data_entry_error", ""): ("resolution", H),
    }
    for (request, priority), (name, within) in promised.items():
        held = policy.targets_for(request=request, priority=priority)
        assert [(target.name, target.within) for target in held.values()] == [(name, within)]
    chain = [(tier.held_by, tier.to, tier.trigger) for tier in policy.escalation]
    assert chain == [
        ("sales_representative", "sales_manager", "at breach"),
        ("sales_manager", "revenue_operations", "on cannot_resolve"),
        ("revenue_operations", "it_or_vendor", "on needs_technical_help"),
    ]


def test_two_versions_of_a_policy_differ_by_key_and_fingerprint():
    one = sla.SlaPolicy("p", targets=[RESOLUTION])
    two = attrs.evolve(one, version="2")
    office = attrs.evolve(one, calendar=calendars.BusinessCalendar("Mo-Fr 09:00-17:00", tz="UTC"))
    assert (one.key, two.key) == ("p@1", "p@2")
    assert len({one.fingerprint, two.fingerprint, office.fingerprint}) == 3
    assert one.fingerprint == sla.SlaPolicy("p", targets=[RESOLUTION]).fingerprint


def test_a_manager_is_found_where_there_is_one():
    users = [SimpleNamespace(id="ana", manager_id="bo"), SimpleNamespace(id="bo", manager_id=None)]
    assert [sla.manager_of(user, users) for user in ("ana", "bo", "zoe", None)] == ["bo", None, None, None]
