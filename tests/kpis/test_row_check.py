"""Bad input, line by line: a named error where it is measured, all problems at once where it is checked."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest

from revops_core import kpis
from revops_core.entities.opportunity import Opportunity
from revops_core.errors import CurrencyMismatchError, InexactAmountError, InvalidRowError, InvalidValueError
from revops_core.kpis import Kpi, check, count, distinct, total
from revops_core.values.condition import each, first_known
from revops_core.values.money import Money
from revops_core.values.period import Period
from tests.kpis.deals import AS_OF, YEAR, deal

KPIS = [kpis.win_rate, kpis.bookings, kpis.sales_cycle_mean]
SOUND = deal(1, amount=5, closed=date(2026, 2, 1))


def found_in(rows, over=YEAR, **options):
    return [(problem.code, problem.subject_id, problem.row) for problem in check(rows, KPIS, over=over, **options)]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"outcome": ...}, "missing_field"),
        ({"amount": 5.0}, "wrong_value"),
        ({"amount": "5"}, "wrong_value"),
        ({"closed_on": "2026-02-01"}, "wrong_value"),
        ({"closed_on": datetime(2026, 2, 1)}, "wrong_value"),
        ({"created_on": date(2026, 2, 2)}, "negative_duration"),
        ({"amount": Money(1, "USD")}, "mixed_currencies"),
        ({"id": "o1"}, "duplicate_id"),
        ({"amount": Money(Decimal("1E-34"), "EUR")}, "inexact_amount"),
    ],
)
def test_what_measure_refuses_check_tells_with_id_and_row(change, code):
    wrong = {**deal(2, amount=5, closed=date(2026, 2, 1)), **change}
    wrong = {name: value for name, value in wrong.items() if value is not ...}
    rows = [SOUND, wrong, deal(3, amount=7, closed=date(2026, 2, 1))]
    assert set(found_in(rows)) == {(code, wrong["id"], 2)}
    if code != "duplicate_id":
        errors = InvalidRowError, CurrencyMismatchError, InexactAmountError
        with pytest.raises(errors) as refusal:
            kpis.measure(rows, KPIS, over=YEAR)
        if code != "inexact_amount":
            assert "row 2 (id 'o2')" in str(refusal.value)


def test_nothing_is_told_of_sound_rows():
    assert check([SOUND, deal(2)], KPIS, over=[YEAR], as_of=AS_OF, tz="UTC") == []
    assert check([], kpis.win_rate) == []


def test_every_row_and_every_fault_is_told_at_once():
    rows = [
        SOUND,
        {**deal(2, amount=5, closed=date(2026, 2, 1)), "created_on": date(2026, 3, 1), "amount": Money(1, "USD")},
        deal(3, amount=5, closed=date(2026, 2, 1), created=date(2026, 3, 1)),
        {"id": "o3"},
    ]
    assert sorted(found_in(rows, over=())) == [
        ("duplicate_id", "o3", 4),
        *[("missing_field", "o3", 4)] * 4,
        ("mixed_currencies", "o2", 2),
        ("negative_duration", "o2", 2),
        ("negative_duration", "o3", 3),
    ]
    fields = {problem.field for problem in check(rows, KPIS) if problem.code == "missing_field"}
    assert fields == {"outcome", "amount", "closed_at or closed_on", "created_at or created_on"}


def test_records_of_any_class_are_told_by_their_class():
    class Thin:
        def __init__(self, number):
            self.id = number

    row = each(object)
    any_row = Kpi(name="any", formula=count(row.outcome == "won"), dated=None, unit="count")
    problems = check([Thin(7), Thin(7), {"outcome": "won"}, {"outcome": "won"}], any_row)
    assert [(problem.code, problem.subject, problem.subject_id, problem.row) for problem in problems] == [
        ("duplicate_id", "Thin", "7", 2),
        ("missing_field", "Thin", "7", 1),
        ("missing_field", "Thin", "7", 2),
    ]


def test_rows_of_several_populations_are_checked_each_for_what_reads_them():
    spends = [{"on": date(2026, 1, 5), "purpose": "marketing", "amount": 3.0}]
    leads = [{"id": "l1", "created_on": "x"}, {"id": "l1", "created_on": None}]
    problems = check({"Spend": spends, "Lead": leads}, kpis.cost_per_lead, over=YEAR)
    assert [(problem.code, problem.subject, problem.row) for problem in problems] == [
        ("wrong_value", "Spend", 1),
        ("duplicate_id", "Lead", 2),
        ("wrong_value", "Lead", 1),
    ]
    with pytest.raises(InvalidValueError, match="must be a mapping such as"):
        check(leads, kpis.cost_per_lead)


def test_one_set_of_rows_for_kpis_of_several_populations_is_checked_for_all():
    row = each(object)
    sizes = Kpi(name="sizes", formula=total(row.size), dated=None, unit="score")
    problems = check([deal(1)], [kpis.win_rate, sizes])
    assert [(problem.code, problem.field) for problem in problems] == [("missing_field", "size")]


def test_arguments_are_checked_too():
    with pytest.raises(InvalidValueError, match="'as_of' must be an aware datetime"):
        check([], kpis.win_rate, as_of=datetime(2026, 1, 1))
    with pytest.raises(InvalidValueError, match="'kpis' must be"):
        check([], ["win_rate"])
    with pytest.raises(InvalidValueError, match="must be after"):
        Period.between(date(2026, 2, 1), date(2026, 1, 1))


def test_no_value_of_a_row_is_shown_where_a_field_is_missing():
    person = {"id": 1, "email": "ana@example.com"}
    with pytest.raises(InvalidRowError) as refusal:
        kpis.win_rate([person])
    for text in (str(check([person], kpis.win_rate)[0]), str(refusal.value)):
        assert "'email'" in text
        assert "ana@" not in text


def test_a_text_that_differs_only_in_how_it_is_written_is_told():
    outcomes = ["Won", "no decision", "won ", "No-Decision", "won", "lost", "postponed", None, 3]
    row = each(object)
    undecided = Kpi(name="undecided", formula=count(row.outcome == "no_decision"), dated=None, unit="count")
    rows = [{"id": str(number), "outcome": outcome} for number, outcome in enumerate(outcomes, 1)]
    problems = check(rows, [kpis.win_rate, undecided])
    assert [(problem.code, problem.row, problem.subject_id) for problem in problems] == [
        ("near_value", number, str(number)) for number in (1, 2, 3, 4)
    ]
    assert (problems[0].field, problems[1].says) == (
        "outcome",
        "'outcome' is 'no decision', which is another value than 'no_decision'",
    )


def test_texts_are_looked_at_inside_conditions_and_fields_and_once_for_each_row():
    row = each(object)
    either = (row.custom["region"] == "EMEA") & ~((row.size > 3) | (row.custom["region"] == "APAC"))
    kpi = Kpi(name="k", formula=count(either) / count(row.custom["region"] == "EMEA"), dated=None)
    rows = [{"custom": {"region": region}, "size": 3} for region in ("emea", "apac", "EMEA", None)]
    assert [(problem.row, problem.field) for problem in check([*rows, {"custom": None, "size": 1}], kpi)] == [
        (1, "custom.region"),
        (2, "custom.region"),
    ]
    assert [problem.code for problem in check([SimpleNamespace(size=1)], kpi)] == ["missing_field"]


def test_the_same_record_twice_is_what_a_distinct_count_counts_once():
    row = each(object)
    owners = Kpi(name="owners", formula=distinct(row.id), dated=None, unit="count")
    assert owners([deal(1), deal(1), deal(2)]).value == 2
    assert [problem.code for problem in check([deal(1), deal(1), deal(2)], owners)] == ["duplicate_id"]


def test_a_total_over_currencies_is_told_in_the_table_and_refused_as_a_number():
    rows = [deal(1, amount=5), {**deal(2), "amount": Money(5, "USD")}]
    table = kpis.measure(rows, [kpis.bookings, kpis.deals_won], by="amount.currency")
    assert str(table).splitlines()[-1].split() == ["all", "–", "currencies", "differ", "2"]
    with pytest.raises(CurrencyMismatchError):
        table.measurement(kpis.bookings)


def test_entities_may_be_checked_as_they_are():
    rows = [Opportunity(id="o1", outcome="won"), Opportunity(id="o1", outcome="won")]
    (problem,) = check(rows, kpis.win_rate)
    assert str(problem) == "Opportunity o1 row 2: 'id' is also the id of row 1: it would be counted twice"


# --- Segments of two populations ---


def test_each_population_may_call_the_segment_differently():
    spends = [
        {"on": date(2026, 1, 5), "purpose": "marketing", "amount": Money(900, "EUR"), "channel": "fair"},
        {"on": date(2026, 1, 6), "purpose": "marketing", "amount": Money(100, "EUR"), "channel": "web"},
    ]
    leads = [{"created_on": date(2026, 1, day), "lead_source": source} for day, source in ((7, "fair"), (8, "web"))]
    rows = {"Spend": spends, "Lead": [*leads, {"created_on": date(2026, 1, 9), "lead_source": "web"}]}
    by = {"channel": {"Spend": "channel", "Lead": lambda lead: lead["lead_source"]}}
    table = kpis.measure(rows, [kpis.cost_per_lead, kpis.lead_volume], by=by, over=YEAR)
    assert [found.value for found in table.measurements() if found.name == "cost_per_lead"] == [
        Money(900, "EUR"),
        Money(50, "EUR"),
    ]
    assert table.measurement("cost_per_lead").value == Money(1000, "EUR") / 3
    with pytest.raises(InvalidValueError, match="must tell the segment of Lead too"):
        kpis.measure(rows, kpis.cost_per_lead, by={"channel": {"Spend": "channel"}})
    with pytest.raises(InvalidValueError, match="'by' must be"):
        kpis.measure(rows, kpis.cost_per_lead, by={"channel": {"Spend": 3, "Lead": "lead_source"}})
    leads_only = kpis.measure(leads, kpis.lead_volume, by={"channel": {"Lead": "lead_source"}})
    assert leads_only.measurement("lead_volume", segment={"channel": "web"}).value == 1
    several = [kpis.lead_volume, Kpi(name="all", formula=count(each(object)), dated=None, unit="count")]
    with pytest.raises(InvalidValueError, match="must tell the segment of any row too"):
        kpis.measure(leads, several, by={"channel": {"Lead": "lead_source"}})


def test_a_segment_may_be_looked_up_through_related_records():
    teams, regions = {"ana": "t1", "ben": "t2"}, {"t1": "north", "t2": "south"}
    table = kpis.measure(
        [deal(1), deal(2, owner="ben"), deal(3, "lost", owner="ben")],
        kpis.win_rate,
        by={"region": lambda one: regions[teams[one["owner_id"]]]},
    )
    assert [(found.segment["region"], found.value) for found in table.measurements()] == [
        ("north", 1),
        ("south", Decimal("0.5")),
    ]


def test_rows_of_one_kind_may_have_the_day_or_the_instant_each_as_it_comes():
    instant = datetime(2026, 2, 1, tzinfo=UTC)
    rows = [
        {"outcome": "won", "closed_on": None},
        {"outcome": "won", "closed_at": instant},
        {"outcome": "won", "closed_at": None, "closed_on": date(2026, 2, 1)},
        {"outcome": "won", "closed_on": date(2026, 2, 1)},
    ]
    for kind in (dict, SimpleNamespace):
        assert kpis.deals_won([kind(**row) for row in rows], period=YEAR).value == 3
        with pytest.raises(InvalidRowError, match=r"row 5 .*'closed_at or closed_on' must be there"):
            kpis.deals_won([kind(**row) for row in [*rows, {"outcome": "won"}]], period=YEAR)


def test_the_first_known_of_computed_values_is_read_as_it_is_written():
    row = each(object)
    longest = Kpi(name="n", formula=total(first_known(row.a + row.b, row.c)), dated=None, unit="score")
    inner = Kpi(name="n", formula=total(first_known(row.custom["a"], row.c)), dated=None, unit="score")
    assert longest([{"a": 1, "b": 2, "c": 9}, {"a": None, "b": 2, "c": 9}]).value == 12
    assert inner([{"custom": {"a": 1}, "c": 5}, {"custom": {}, "c": 5}]).value == 6


def test_a_negative_time_is_refused_and_never_averaged():
    rows = [deal(1, closed=date(2026, 2, 1), created=date(2026, 1, 1)), deal(2, closed=date(2026, 1, 1), created=AS_OF)]
    with pytest.raises(InvalidRowError, match=r"row 2 \(id 'o2'\).*it ends before it starts") as refusal:
        kpis.sales_cycle_mean(rows)
    assert refusal.value.faults[0].value < timedelta(0)
