from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revops_core.errors import InvalidValueError, UnknownStageError
from revops_core.stages import Moved, Pipeline, Stage, StageLog
from revops_core.values.measurement import Undefined

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
PIPELINE = Pipeline("x", ("a", "b", "c", Stage("won", "won"), Stage("lost", "lost")), regression="allow")


def log_of(*paths: str) -> StageLog:
    """A log of paths such as "a b won", one hour a step."""
    return StageLog.of(
        (f"o{number}", stage, AT + hour * HOUR)
        for number, path in enumerate(paths)
        for hour, stage in enumerate(path.split())
    )


def chances(log: StageLog, **arguments) -> dict:
    return {name: each.value for name, each in log.win_chances(PIPELINE, at_least=1, **arguments).items()}


def test_a_loop_counts_as_often_as_it_is_walked():
    # Out of b: 1 back to a, 1 won, 1 lost; out of a: 3 to b, 1 lost. So b = a/3 + 1/3 and a = 3/4 b: a = 1/3, b = 4/9.
    log = log_of("a b a b won", "a b lost", "a lost")
    assert log.step_rates()["b"] == {"a": Fraction(1, 3), "won": Fraction(1, 3), "lost": Fraction(1, 3)}
    assert chances(log) == {"a": Fraction(1, 3), "b": Fraction(4, 9), "c": Undefined("too_few")}


def test_the_gambler_comes_to_his_textbook_end():
    # Five rungs, a step up or down with equal chance: from rung k of 0 to 4 the upper end is reached with chance k/4.
    log = log_of("a lost", "a b", "b a", "b c", "c b", "c won")
    assert chances(log) == {"a": Fraction(1, 4), "b": Fraction(1, 2), "c": Fraction(3, 4)}


def test_the_steps_of_open_records_count_and_their_stays_do_not():
    closed, still_open = ["a b won", "a lost"], ["a b", "a b", "a"]
    assert chances(log_of(*closed, *still_open))["a"] == Fraction(3, 4)
    assert log_of(*closed, *still_open).fates(PIPELINE)["a"].win_rate(at_least=1).value == Fraction(1, 2)


def test_steps_into_a_stage_without_any_end_yet_are_left_out():
    log = log_of("a won", "a lost", "a c", "a c", "b a b a")
    assert chances(log) == {"a": Fraction(1, 2), "b": Fraction(1, 2), "c": Undefined("too_few")}
    assert log.win_chances(PIPELINE, at_least=1)["a"].n == 3  # won, lost, and back to b, from where ends were reached


def test_a_chance_needs_a_floor_and_tells_what_it_rests_on():
    log = log_of(*["a won"] * 12, *["a lost"] * 18)
    chance = log.win_chances(PIPELINE)["a"]
    assert (chance.name, chance.value, chance.n) == ("win_chance_from_a", Fraction(2, 5), 30)
    assert log.win_chances(PIPELINE, at_least=31)["a"].value == Undefined("too_few")
    assert log.win_chances(PIPELINE, at_least=0)["b"].value == Undefined("too_few")


def test_what_happened_later_or_after_an_end_is_left_out():
    log = log_of("a won a lost", "a b won")
    assert chances(log, as_of=AT + HOUR) == {"a": 1, "b": Undefined("too_few"), "c": Undefined("too_few")}
    assert chances(log)["a"] == Fraction(2, 3)


def test_a_start_that_is_not_known_takes_a_step_too():
    log = StageLog.of([Moved(subject_id="o1", source="a", target="won", at=AT)])
    assert log.step_rates() == {"a": {"won": 1}}
    assert chances(log)["a"] == 1
    assert log.step_rates(as_of=AT - HOUR) == {}


def test_an_end_that_is_neither_won_nor_lost_is_good_where_there_is_no_better():
    ticket = Pipeline("ticket", ("new", Stage("closed", "closed"), Stage("spam", "lost")))
    log = log_of("new closed", "new spam")
    assert log.win_chances(ticket, at_least=1)["new"].value == Fraction(1, 2)


def test_stages_and_arguments_that_do_not_fit_are_named():
    with pytest.raises(UnknownStageError):
        log_of("a z").win_chances(PIPELINE)
    with pytest.raises(InvalidValueError, match="'pipeline' must be a Pipeline"):
        log_of("a b").win_chances("sale")
    assert log_of().step_rates() == {}


@given(st.lists(st.lists(st.sampled_from(("a", "b", "c", "won", "lost")), min_size=1, max_size=8), max_size=12))
def test_each_chance_is_the_mean_of_the_chances_one_step_on(paths):
    log = log_of(*(" ".join(path) for path in paths))
    found = chances(log)
    ends = {"won": Fraction(1), "lost": Fraction(0)}
    rates = log.step_rates()
    for name, chance in found.items():
        following = {
            after: (ends | found)[after]
            for after in rates.get(name, {})
            if not isinstance((ends | found)[after], Undefined)
        }
        if isinstance(chance, Undefined):
            assert not following
        else:
            whole = sum(rates[name][after] for after in following)
            assert chance == sum(rates[name][after] * value for after, value in following.items()) / whole
            assert 0 <= chance <= 1
