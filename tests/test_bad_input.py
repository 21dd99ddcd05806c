"""Bad input: whatever is handed to a public name of values and entities, one error of ours comes out."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Any

import attrs
import pytest

import revops_core as ro
from revops_core import entities, sla, values
from revops_core.errors import CurrencyMismatchError, InvalidPlainDataError, InvalidValueError, RevopsError
from revops_core.kpis.formula import Aggregate, Formula, count

AT, DAY = datetime(2026, 1, 1, tzinfo=UTC), date(2026, 1, 1)
EURO = ro.Money(5, "EUR")


class Unspeakable:
    def __repr__(self) -> str:
        raise RuntimeError


def made_of(number: object) -> Iterator[object]:
    yield number


BAD: Mapping[str, Callable[[], object]] = {
    "None": lambda: None,
    "int": lambda: 7,
    "negative": lambda: -1,
    "bool": lambda: True,
    "float": lambda: 1.5,
    "nan": lambda: float("nan"),
    "infinity": lambda: float("inf"),
    "text": lambda: "x",
    "empty": lambda: "",
    "emoji": lambda: "🦄\ud800",
    "bytes": lambda: b"x",
    "list": list,
    "list of int": lambda: [1],
    "generator": lambda: made_of(1),
    "naive": lambda: datetime(2026, 1, 1),
    "aware": lambda: AT,
    "day": lambda: DAY,
    "decimal nan": lambda: Decimal("NaN"),
    "signalling nan": lambda: Decimal("sNaN"),
    "decimal infinity": lambda: Decimal("-Infinity"),
    "too many digits": lambda: 10**5000,
    "huge exponent": lambda: Decimal("1E+400000"),
    "negative span": lambda: timedelta(-1),
    "wrong keys": lambda: {1: 2},
    "object": object,
    "unspeakable": Unspeakable,
    "set": lambda: {1},
    "class": lambda: int,
    "money": lambda: EURO,
    "last day": lambda: date.max,
}
OPERATORS_REFUSE = (TypeError,)  # Python's own way to say that two values do not add up

REQUIRED: Mapping[str, Mapping[str, object]] = {
    "ConfidenceInterval": {"low": 0.1, "high": 0.2, "level": 0.95, "method": "wilson"},
    "Money": {"amount": 1, "currency": "EUR"},
    "ExchangeRates": {"rates": []},
    "Interval": {"start": AT, "end": AT},
    "Period": {"start_on": DAY, "end_on": date(2026, 1, 5)},
    "Measurement": {"name": "win_rate", "value": Fraction(1, 2), "unit": "fraction"},
    "Undefined": {"reason": "too_few"},
    "Rule": {"code": "c", "check": ro.known(ro.each(object).x), "says": "s"},
    "Refused": {"blockers": ()},
    "Blocker": {"reason": "r", "says": "s"},
    "KaplanMeier": {"times": (1,), "at_risk": (2,), "ended": (1,), "longest": 2},
    "Problem": {"code": "c", "says": "s"},
    "Table": {"columns": ["a"], "cells": [[1]]},
    "Expression": {"operation": "known", "arguments": ("x",)},
    "Changed": {"subject": "Lead", "subject_id": "l1", "field": "email", "at": AT},
    "Converted": {"subject": "Lead", "subject_id": "l1", "at": AT},
    "Merged": {"subject": "Lead", "subject_id": "l1", "duplicate_id": "l2", "at": AT},
    "Handoff": {"subject": "Lead", "subject_id": "l1", "at": AT},
    "Milestone": {"name": "live", "account_id": "a1"},
    "Advocacy": {"kind": "review", "account_id": "a1"},
    "Score": {"subject": "Lead", "subject_id": "l1", "name": "fit", "value": 1, "at": AT},
    "Spend": {"on": DAY, "amount": EURO},
    "Quota": {"owner_id": "u1", "amount": EURO, "starts_on": DAY, "ends_on": date(2026, 4, 1)},
    "ForecastSnapshot": {"amount": EURO, "starts_on": DAY, "ends_on": date(2026, 4, 1), "at": AT},
    "AutomationRun": {"process": "p", "at": AT, "manual_time": timedelta(1)},
    "Visit": {"visitor_id": "v", "at": AT},
    "Touch": {"subject": "Lead", "subject_id": "l1", "at": AT},
    "Activity": {"kind": "call", "subject": "Lead", "subject_id": "l1", "at": AT},
    "Usage": {"account_id": "a1"},
    "Answer": {"survey": "nps", "at": AT},
    "ContactRole": {"contact_id": "c1"},
    "LineItem": {},
    "Pause": {"starts_on": DAY},
    "IdealCustomerProfile": {"name": "n", "criteria": ()},
    "LeadConversion": {
        "lead": ro.Lead(id="l1"),
        "contact": ro.Contact(id="c1"),
        "account": ro.Account(id="a1"),
        "opportunity": None,
        "fact": entities.Converted(subject="Lead", subject_id="l1", at=AT),
    },
    "OpportunityConversion": {
        "opportunity": ro.Opportunity(id="o1"),
        "deal": ro.Deal(id="d1"),
        "fact": entities.Converted(subject="Opportunity", subject_id="o1", at=AT),
    },
}
NAMES = sorted({*values.__all__, *entities.__all__})
CLASSES = [
    cls for name in NAMES if attrs.has(cls := getattr(values, name, None) or getattr(entities, name)) and cls.__name__
]

PERIOD, INTERVAL = ro.Period.month(2026, 1), ro.Interval(AT, AT + timedelta(1))
CURVE, TABLE = ro.KaplanMeier.of([(1, True), (2, False)]), ro.Table(["a"], [[1]])
RATES = ro.ExchangeRates([(DAY, "EUR", "USD", Decimal("1.25"))])
PLAIN = {"type": "Money", "amount": "1", "currency": "EUR"}

CALLS: Mapping[str, tuple[Callable[..., object], Mapping[str, object]]] = {
    "Money.total": (ro.Money.total, {"monies": [EURO], "currency": "EUR"}),
    "Money.from_minor": (ro.Money.from_minor, {"units": 1, "currency": "EUR"}),
    "Money.rounded": (EURO.rounded, {"places": 2, "rounding": "ROUND_UP"}),
    "Money.allocate": (EURO.allocate, {"weights": [1, 2]}),
    "Money.__lt__": (lambda other: other > EURO, {"other": EURO}),
    "ExchangeRates.convert": (RATES.convert, {"money": EURO, "to": "USD", "on": DAY}),
    "ExchangeRates.rate": (RATES.rate, {"source": "EUR", "target": "USD", "on": DAY}),
    "Interval.__contains__": (INTERVAL.__contains__, {"moment": AT}),
    "Interval.clip": (INTERVAL.clip, {"other": INTERVAL}),
    "Period.day": (ro.Period.day, {"on": DAY, "tz": "UTC"}),
    "Period.week": (ro.Period.week, {"year": 2026, "week": 1, "tz": "UTC"}),
    "Period.month": (ro.Period.month, {"year": 2026, "month": 1, "tz": "UTC"}),
    "Period.quarter": (ro.Period.quarter, {"year": 2026, "quarter": 1, "tz": "UTC", "fiscal_start_month": 4}),
    "Period.year": (ro.Period.year, {"year": 2026, "tz": "UTC", "fiscal_start_month": 4}),
    "Period.between": (ro.Period.between, {"start_on": DAY, "end_on": date(2026, 2, 1), "tz": "UTC"}),
    "Period.containing": (ro.Period.containing, {"moment": AT, "grain": "month", "tz": "UTC"}),
    "Period.contains": (PERIOD.contains, {"moment": AT}),
    "Period.is_partial": (PERIOD.is_partial, {"as_of": AT}),
    "Period.clip": (PERIOD.clip, {"other": PERIOD}),
    "KaplanMeier.of": (ro.KaplanMeier.of, {"pairs": [(1, True)]}),
    "KaplanMeier.survival_at": (CURVE.survival_at, {"time": 1}),
    "KaplanMeier.standard_error_at": (CURVE.standard_error_at, {"time": 1}),
    "KaplanMeier.interval_at": (CURVE.interval_at, {"time": 1, "level": 0.9}),
    "KaplanMeier.restricted_mean": (CURVE.restricted_mean, {"limit": 1}),
    "KaplanMeier.time_to": (CURVE.time_to, {"share": Fraction(1, 2)}),
    "quantiles": (ro.quantiles, {"values": [1, 2], "shares": [Fraction(1, 2)]}),
    "median": (ro.median, {"values": [1, 2]}),
    "Table.text": (TABLE.text, {"width": 50}),
    "each": (ro.each, {"cls": ro.Lead}),
    "each().field[name]": (lambda name: ro.each(ro.Lead).custom[name], {"name": "x"}),
    "each().field < other": (lambda other: (ro.each(object).x < other).holds({"x": "y"}), {"other": "x"}),
    "each().field + other": (lambda other: ro.known(ro.each(object).x + other).holds({"x": 1}), {"other": 1}),
    "one_of": (ro.one_of, {"field": ro.each(object).x}),
    "matching": (ro.matching, {"fields": {"x": 1}}),
    "all_of": (lambda condition: ro.all_of(condition, condition), {"condition": ro.all_of()}),
    "any_of": (lambda condition: ro.any_of(condition, condition), {"condition": ro.all_of()}),
    "known_by": (ro.known_by, {"facts": [entities.Merged(**REQUIRED["Merged"])], "moment": AT}),  # type: ignore[arg-type]
    "to_plain": (ro.to_plain, {"value": EURO}),
    "from_plain": (ro.from_plain, {"cls": ro.Money, "data": PLAIN, "rules": {}}),
    **{
        f"from_plain {name}": (lambda x, name=name: ro.from_plain(ro.Money, {**PLAIN, name: x}), {"x": good})
        for name, good in {**PLAIN, "format_version": 1}.items()
    },
    "from_plain of parts": (lambda x: ro.from_plain(ro.Deal, {"type": "Deal", "id": "d1", "lines": x}), {"x": []}),
    "convert_lead": (
        entities.convert_lead,
        {"lead": ro.Lead(id="l1"), "at": AT, "account": None, "by": None, "rules": ()},
    ),
    "convert_opportunity": (
        entities.convert_opportunity,
        {"opportunity": ro.Opportunity(id="o1"), "at": AT, "deal": None, "by": None},
    ),
    "subscriptions_from": (entities.subscriptions_from, {"deal": ro.Deal(id="d1")}),
    "check": (entities.check, {"entities": [], "facts": []}),
    "check one": (lambda entity: entities.check([entity]), {"entity": ro.Lead(id="l1")}),
    "bulk_builder": (entities.bulk_builder, {"cls": ro.Lead, "columns": ["id"]}),
    "from_rows": (
        entities.from_rows,
        {
            "cls": ro.Lead,
            "rows": [{"id": "l1"}],
            "columns": {"id": "id"},
            "values": {},
            "strict": (),
            "tz": "UTC",
            "currency": "EUR",
            "date_formats": (),
            "percentages": (),
            "missing": ("",),
            "separator": ";",
        },
    ),
    "from_rows row": (lambda row: entities.from_rows(ro.Lead, [row]), {"row": {"id": "l1"}}),
    "from_rows second row": (lambda row: entities.from_rows(ro.Lead, [{"id": "l1"}, row]), {"row": {"id": "l1"}}),
    "from_rows column": (lambda x: entities.from_rows(ro.Lead, [{"id": "l1"}], columns={"id": x}), {"x": "id"}),
    "from_rows meaning": (lambda x: entities.from_rows(ro.Lead, [{"id": "l1"}], values={"id": x}), {"x": {}}),
    **{
        f"from_rows cell of {name}": (
            lambda x, name=name: entities.from_rows(ro.Lead, [{"id": "l1", name: x}], values={name: {"a": "b"}}),
            {"x": "a"},
        )
        for name in ("id", "email", "employee_count", "created_at", "created_on", "name_verified", "custom.x")
    },
    "from_rows cell of an amount": (
        lambda x, y: entities.from_rows(ro.Deal, [{"id": "d1", "amount": x, "amount.currency": y}]),
        {"x": "1", "y": "EUR"},
    ),
}


def outcomes_of(call: Callable[..., object], valid: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """What came out for each bad value of each argument, the others valid: a value or one of our errors."""
    for name in valid:
        for kind, bad in BAD.items():
            try:
                result = call(**{**valid, name: bad()})
            except RevopsError as error:
                yield f"{name}: {kind}", error
            else:
                yield f"{name}: {kind}", result


def looked_at(where: str, outcome: object) -> None:
    """Our errors tell the fault, survive pickling, and can be written to any log."""
    if isinstance(outcome, RevopsError):
        sentence = str(outcome)
        assert getattr(outcome, "faults", True), f"{where}: no fault is named"
        assert sentence.encode("utf-8"), where
        if "object" not in where and "generator" not in where and "unspeakable" not in where:
            assert str(pickle.loads(pickle.dumps(outcome))) == sentence, where


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_every_class_refuses_with_our_own_error_whatever_it_is_given(cls: type) -> None:
    required = dict(REQUIRED.get(cls.__name__, {"id": "x1"}))
    optional = {a.alias: None for a in attrs.fields(cls) if a.init and a.alias not in required}
    held: dict[str, Any] = {}

    def made(**arguments: object) -> object:
        given = {k: v for k, v in arguments.items() if k in required or v is not None or k in held}
        return cls(**given)

    for where, outcome in outcomes_of(made, {**required, **optional}):
        looked_at(where, outcome)
        if isinstance(outcome, cls) and not any(odd in where for odd in ("nan", "object", "generator", "unspeakable")):
            assert copy.deepcopy(outcome) == outcome, where
            assert pickle.loads(pickle.dumps(outcome)) == outcome, where
            assert "too many digits" in where or isinstance(str(outcome), str)


@pytest.mark.parametrize("name", CALLS)
def test_every_function_refuses_with_our_own_error_whatever_it_is_given(name: str) -> None:
    call, valid = CALLS[name]
    assert call(**valid) is not NotImplemented
    for where, outcome in outcomes_of(call, valid):
        looked_at(where, outcome)


def test_money_and_what_is_no_money_do_not_add_up() -> None:
    for other in (None, 5, "5", Decimal(5)):
        with pytest.raises(OPERATORS_REFUSE):
            EURO + other


def test_minor_units_of_a_large_amount_are_not_rounded() -> None:
    digits = "12345678901234567890123456789012345678.91"
    assert ro.Money(digits, "EUR").to_minor() == int(digits.replace(".", ""))
    assert ro.Money.from_minor(10**40 + 1, "EUR").to_minor() == 10**40 + 1
    assert sum(part.to_minor() for part in ro.Money.from_minor(10**30 + 1, "EUR").allocate([1, 1, 1])) == 10**30 + 1


def test_weights_may_come_from_a_generator() -> None:
    assert EURO.allocate(weight for weight in (1, 1)) == EURO.allocate([1, 1])


def test_a_currency_may_be_a_member_of_an_enumeration_and_is_kept_as_text() -> None:
    currency = StrEnum("Currency", {"EURO": "EUR"}).EURO
    money = ro.Money(1, currency)
    assert money == ro.Money(1, "EUR")
    assert type(money.currency) is str


@pytest.mark.parametrize("amount", ["1E+1000", "-1E+999999999", "1E-1000"])
def test_an_amount_that_nobody_could_write_is_refused(amount: str) -> None:
    with pytest.raises(InvalidValueError, match=r"'amount' must be between 1E-1000 and 1E\+1000 \(got Decimal"):
        ro.Money(amount, "EUR")


def test_a_number_of_many_digits_is_shown_with_its_power_of_ten() -> None:
    cells = [[Decimal("1E+50"), Fraction(10**50, 3), ro.Money(10**45, "EUR")]]
    assert "1.00E+50" in str(ro.Table(["a", "b", "c"], cells))
    assert "3.3E+51 %" in str(ro.Table(["a", "b", "c"], cells))
    assert "1.00E+45 EUR" in str(ro.Table(["a", "b", "c"], cells))


def test_a_fault_of_a_value_without_a_repr_is_told_by_its_class() -> None:
    with pytest.raises(InvalidValueError, match=r"'id' must be a str and not empty \(got a value of type int\)"):
        ro.Lead(id=10**5000)


def test_personal_data_is_shown_neither_by_a_change_nor_by_a_problem_about_one() -> None:
    change = entities.Changed(
        subject="Contact", subject_id="c1", field="email", old="ada@example.org", new="eve@example.org", at=AT
    )
    assert "example" not in repr(change)
    assert "'a…'" in repr(change)
    assert change.old == "ada@example.org"
    [problem] = entities.check([ro.Contact(id="c1", account_id=None, email="ida@example.org")], [change])[1:]
    assert problem.code == "contradicting_change"
    assert "example" not in problem.says
    other = entities.Changed(subject="Account", subject_id="a1", field="name", old="Initech", new=None, at=AT)
    assert "Initech" in repr(other)


def test_a_cell_of_personal_data_is_not_shown_in_a_problem() -> None:
    rows = [{"id": "c1", "email": "ada@example.org"}]
    _, problems = entities.from_rows(ro.Contact, rows, values={"email": {}}, strict=["email"])
    assert [problem.code for problem in problems] == ["unmapped_value"]
    assert "ada" not in problems[0].says


def test_a_text_where_a_list_of_texts_is_wanted_is_refused_and_not_read_letter_by_letter() -> None:
    with pytest.raises(InvalidValueError) as caught:
        entities.from_rows(ro.Lead, [{"id": "l1"}], missing="NA", date_formats="%d/%m/%Y", strict="id")
    assert {fault.field for fault in caught.value.faults} == {"missing", "date_formats", "strict"}


def test_keys_of_custom_fields_are_texts_and_sets_in_them_are_frozen() -> None:
    with pytest.raises(InvalidValueError, match="'custom' must be a Mapping whose keys are texts"):
        ro.Lead(id="l1", custom={1: 2})
    assert hash(ro.Lead(id="l1", custom={"marks": {1, 2}})) is not None


def test_the_days_of_a_forecast_and_the_ends_of_a_scale_are_in_order() -> None:
    with pytest.raises(InvalidValueError, match="'ends_on' must be after 'starts_on'"):
        entities.ForecastSnapshot(amount=EURO, starts_on=DAY, ends_on=DAY, at=AT)
    with pytest.raises(InvalidValueError, match="'scale_max' must not be below 'scale_min'"):
        entities.Answer(survey="nps", scale_min=10, scale_max=0, at=AT)


def test_a_score_outside_its_scale_is_reported() -> None:
    answers = [
        entities.Answer(id=str(score), survey="nps", score=score, scale_min=0, scale_max=10, at=AT)
        for score in (-1, 0, 10, 11)
    ]
    problems = entities.check([], [*answers, entities.Answer(survey="nps", score=99, at=AT)])
    assert [(problem.code, problem.subject_id) for problem in problems] == [
        ("out_of_scale", "-1"),
        ("out_of_scale", "11"),
    ]


def test_a_record_of_a_class_that_only_has_the_name_of_ours_is_refused() -> None:
    account = type("Account", (), {"id": "a1"})
    with pytest.raises(InvalidValueError, match="'entities' must be records of the classes"):
        entities.check([account()])


def test_the_currency_of_a_measurement_is_a_known_one() -> None:
    with pytest.raises(InvalidValueError, match="'currency' must be an ISO 4217 code"):
        ro.Measurement(name="x", value=1, unit="count", currency="ABC")


def test_a_count_of_a_billion_digits_is_told_and_not_made() -> None:
    [lead], [problem] = entities.from_rows(ro.Lead, [{"id": "l1", "employee_count": "1e999999999"}])
    assert lead.employee_count is None
    assert problem.field == "employee_count"


def test_verified_is_only_what_is_there() -> None:
    lead = ro.Lead(
        id="l1",
        last_name="",
        email="",
        company="",
        outcome="qualified",
        name_verified=True,
        email_verified=True,
        company_verified=True,
    )
    refused = entities.convert_lead(lead, at=AT)
    assert isinstance(refused, ro.Refused)
    assert [blocker.parameters["rule"] for blocker in refused.blockers] == [
        "name_verified",
        "email_verified",
        "company_verified",
    ]


def test_a_lead_that_was_disqualified_is_not_qualified_by_its_stage() -> None:
    [qualified, *_] = entities.LEAD_RULES
    assert qualified.holds(ro.Lead(id="l1", stage="sales_qualified"))
    assert not qualified.holds(ro.Lead(id="l1", stage="sales_qualified", outcome="disqualified"))


def test_a_term_that_leads_beyond_the_last_year_is_refused_by_name() -> None:
    line = ro.LineItem(billing_interval="month")
    deal = ro.Deal(id="d1", account_id="a1", starts_on=date(9990, 1, 1), term_months=1200, lines=[line])
    with pytest.raises(InvalidValueError, match="'count' must lead to a year from 1 to 9999"):
        entities.subscriptions_from(deal)


def test_a_float_that_json_cannot_write_has_no_plain_form() -> None:
    with pytest.raises(InvalidPlainDataError, match=r"'\$.custom.share' must be finite"):
        ro.to_plain(ro.Lead(id="l1", custom={"share": float("nan")}))


def test_every_fault_of_a_table_is_told_at_once() -> None:
    with pytest.raises(InvalidValueError) as caught:
        ro.Table(3, 4, title=5)
    assert [fault.field for fault in caught.value.faults] == ["columns", "cells", "title"]


@pytest.mark.parametrize("text", ["1E+999999999", "1e9", "0.5", "1/2/3", "", "½", "1/0"])
def test_a_fraction_in_plain_data_is_two_whole_numbers_and_nothing_that_takes_all_memory(text: str) -> None:
    data = {**ro.to_plain(ro.Measurement(name="x", value=Fraction(1, 2), unit="fraction"))}
    with pytest.raises(InvalidPlainDataError, match="must be a fraction as text"):
        ro.from_plain(ro.Measurement, {**data, "value": {"type": "Fraction", "value": text}})


def test_a_duration_in_plain_data_that_no_timedelta_holds_is_refused() -> None:
    data = {"type": "SlaTarget", "name": "response", "within": {"type": "timedelta", "value": "PT1E999999S"}}
    with pytest.raises(InvalidPlainDataError, match="must be an ISO 8601 duration"):
        ro.from_plain(sla.SlaTarget, data)


STAGE = ro.Expression("field", ("stage", "Lead"))


@pytest.mark.parametrize(
    ("operation", "arguments", "rule"),
    [
        ("equals", (STAGE,), "as many as 'equals' takes"),
        ("not", (ro.missing(STAGE), ro.missing(STAGE)), "as many as 'not' takes"),
        ("field", (), "as many as 'field' takes"),
        ("field", (7,), "name of a field"),
        ("field", (("stage", 7), ""), "name of a field"),
        ("row", (("Lead",),), "name of a field"),
        ("all", (ro.missing(STAGE), "x"), "must be conditions"),
        ("not", (("x",),), "must be conditions"),
    ],
)
def test_an_expression_has_the_arguments_that_its_operation_takes(operation, arguments, rule) -> None:
    with pytest.raises(InvalidValueError, match=rule):
        ro.Expression(operation, arguments)


def test_a_field_of_several_names_is_the_first_that_is_known() -> None:
    field = ro.Expression("field", (("closed_at", "closed_on", "created_on"), ""))
    condition = ro.Expression("equals", (field, DAY))
    assert condition.holds({"closed_at": None, "closed_on": DAY, "created_on": None})
    assert not ro.Expression("known", (ro.Expression("field", ((), "")),)).holds({})


@pytest.mark.parametrize(
    ("left", "operation", "right"),
    [
        (Decimal("NaN"), "less", Decimal(1)),
        (Decimal("9E+999999"), "times", Decimal("9E+999999")),
        (Decimal(1), "less", "x"),
        ("x", "plus", 1),
    ],
)
def test_values_that_do_not_go_together_are_refused_by_name(left, operation, right) -> None:
    with pytest.raises(InvalidValueError, match="'left' must"):
        ro.Expression(operation, (ro.Expression("field", ("a", "")), right)).holds({"a": left})


def test_an_error_of_ours_in_an_expression_comes_through() -> None:
    with pytest.raises(CurrencyMismatchError):
        ro.Expression("plus", (ro.Expression("field", ("a", "")), ro.Money(1, "USD"))).holds({"a": EURO})


@pytest.mark.parametrize(
    ("make", "rule"),
    [
        (lambda: Aggregate("sum", ro.missing(STAGE)), "operation"),
        (lambda: Aggregate("count", "x"), "where"),
        (lambda: Aggregate("count", ro.missing(STAGE), STAGE), "must be given for all but a count"),
        (lambda: Aggregate("total", ro.missing(STAGE)), "must be given for all but a count"),
        (lambda: Aggregate("quantile", ro.missing(STAGE), STAGE), "'level' for a quantile alone"),
        (lambda: Aggregate("mean", ro.missing(STAGE), STAGE, Decimal("0.5")), "'level' for a quantile alone"),
        (lambda: Formula("divided", (1, 2)), "operation"),
        (lambda: Formula("over", (1,)), "must be two"),
        (lambda: Formula("over", [1, 2]), "arguments"),
        (lambda: Formula("over", (1, "x")), "'right' must be an aggregate"),
    ],
    ids=range(10),
)
def test_an_aggregate_and_a_formula_are_whole(make, rule) -> None:
    with pytest.raises(InvalidValueError, match=rule):
        make()


def test_a_condition_with_a_truth_value_among_its_parts_is_explained_as_a_whole() -> None:
    always = ro.Expression("all", (True, ro.Expression("not", (False,))))
    target = sla.SlaTarget("response", timedelta(hours=1), when=always)
    assert sla.SlaPolicy("p", targets=[target]).explain()[0].holds
    never = sla.SlaTarget("response", timedelta(hours=1), when=ro.Expression("all", (False,)))
    assert len(sla.SlaPolicy("p", targets=[never]).explain()[0].reasons) == 1


def test_an_attrs_class_whose_annotations_python_cannot_resolve_has_no_plain_form() -> None:
    @attrs.frozen
    class Odd:
        numbers: "array[int]"  # noqa: F821, UP037 - nobody has imported it

    with pytest.raises(InvalidPlainDataError, match="must have a plain form"):
        ro.to_plain(Odd(1))


def test_a_field_that_names_no_class_may_have_several_names_and_be_of_any_population() -> None:
    for arguments in ((("closed_at", "closed_on"),), ("closed_at",), (("closed_at", "closed_on"), "")):
        counted = count(ro.Expression("known", (ro.Expression("field", arguments),)))
        assert counted.population == ""
