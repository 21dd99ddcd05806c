from __future__ import annotations

from datetime import UTC, datetime

import pytest

from revops_core.errors import InvalidValueError
from revops_core.values.condition import each, known
from revops_core.values.decision import Blocker, Refused, Rule
from revops_core.values.problem import Problem

AT = datetime(2026, 1, 1, tzinfo=UTC)
amount_known = Rule("amount_known", known(each(object).amount), "Enter the amount.")
in_office = Rule("in_office", lambda _record, at: at.hour >= 9, "Wait until nine.")


def test_a_rule_is_a_condition_or_a_predicate_of_record_and_instant():
    assert amount_known.holds({"amount": 1})
    assert not amount_known.holds({"amount": None}, AT)
    assert not in_office.holds({}, AT)


def test_an_exception_in_a_rule_is_a_bug_and_comes_through():
    with pytest.raises(AttributeError):
        in_office.holds({})


def test_rules_are_equal_where_code_check_and_sentence_are():
    assert amount_known == Rule("amount_known", known(each(object).amount), "Enter the amount.")
    assert hash(amount_known) == hash(Rule("amount_known", known(each(object).amount), "Enter the amount."))
    assert amount_known != Rule("amount_known", known(each(object).amounts), "Enter the amount.")
    assert amount_known != in_office
    assert amount_known != "amount_known"


def test_all_faults_of_a_rule_come_together():
    with pytest.raises(InvalidValueError) as caught:
        Rule("", "amount > 3", "")
    assert [fault.field for fault in caught.value.faults] == ["code", "check", "says"]


def test_a_refusal_tells_every_reason():
    refused = Refused(
        [Blocker("terminal", "The deal is closed."), Blocker("rule", "Confirm the budget.", {"code": "budget"})]
    )
    assert refused.reasons == ("terminal", "rule")
    assert str(refused) == "refused: The deal is closed. Confirm the budget."
    assert str(refused.blockers[1]) == "Confirm the budget."
    with pytest.raises(InvalidValueError, match="'blockers' must be a tuple whose items must be a Blocker"):
        Refused("no")
    with pytest.raises(InvalidValueError) as caught:
        Blocker("", 3, "x")
    assert [fault.field for fault in caught.value.faults] == ["reason", "says", "parameters"]


def test_a_problem_tells_where_it_is():
    assert str(Problem(code="empty", says="no rows")) == "no rows"
    assert str(Problem(code="bad_date", says="no date", subject="Lead", row=3)) == "Lead row 3: no date"
    assert repr(Problem(code="empty", says="no rows")) == "Problem(code='empty', says='no rows')"
