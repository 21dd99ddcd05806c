from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revops_core.errors import UnknownFieldError
from revops_core.sla import SlaPolicy, SlaTarget

POLICY = SlaPolicy(
    "sales",
    targets=[
        SlaTarget("response", timedelta(minutes=15), when={"request": "sales_inquiry", "priority": "high"}),
        SlaTarget("response", timedelta(hours=1), when={"vip": True}),
    ],
)


@pytest.mark.parametrize("name", ["proirity", "priorty", "prioritty", "prioritx", "priority_", "Priority", "riority"])
@pytest.mark.parametrize("ask", ["clock", "targets_for", "explain"])
def test_a_slip_of_the_hand_in_the_name_of_a_field_is_told(name, ask):
    given_id = ("ticket-1",) if ask == "clock" else ()
    with pytest.raises(UnknownFieldError, match="policy 'sales@1' has no field") as caught:
        getattr(POLICY, ask)(*given_id, request="sales_inquiry", **{name: "high"})
    assert (caught.value.field, caught.value.known) == (name, ("priority",))
    assert "did you mean 'priority'?" in str(caught.value)


@pytest.mark.parametrize("name", ["vip2", "vop", "vi", "prio", "priorities", "tiorirpy", "level", "pri"])
def test_other_words_and_short_names_are_fields_of_your_own(name):
    assert POLICY.clock("ticket-1", request="sales_inquiry", **{name: "high"}).fields[name] == "high"


def test_a_field_that_is_meant_so_is_kept_where_the_other_is_given_too():
    clock = POLICY.clock("ticket-1", priority=None, proirity="high")
    assert clock.fields == {"priority": None, "proirity": "high"}


@given(st.text("ab", max_size=6), st.text("ab", min_size=1, max_size=6))
def test_a_slip_is_one_letter_more_less_or_other_or_two_swapped(name, wanted):
    letters, one = "ab", set()
    for at in range(len(wanted) + 1):
        one |= {wanted[:at] + letter + wanted[at:] for letter in letters}
        one |= {wanted[:at] + wanted[at + 1 :]} | {wanted[:at] + letter + wanted[at + 1 :] for letter in letters}
        one |= {wanted[:at] + wanted[at : at + 2][::-1] + wanted[at + 2 :]}
    wanted, name = f"long_{wanted}", f"long_{name}"
    policy = SlaPolicy("p", targets=[SlaTarget("response", timedelta(1), when={wanted: "x"})])
    is_slip = name != wanted and name.removeprefix("long_") in one
    try:
        policy.targets_for(**{name: "x"})
    except UnknownFieldError:
        assert is_slip
    else:
        assert not is_slip
