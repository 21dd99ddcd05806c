from __future__ import annotations

import csv
import io
import json
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve, fields

import revops_core as ro
from revops_core import entities, kpis
from revops_core.entities import EXPORTS, from_rows
from revops_core.errors import MissingColumnsError
from revops_core.values.currencies import MINOR_UNITS
from revops_core.values.money import Money

ALL = [(system, name, export) for system, exports in EXPORTS.items() for name, export in exports.items()]

OPPORTUNITIES = """\
Id,OwnerId,Type,StageName,Amount,Probability,CloseDate,CreatedDate,ForecastCategoryName
0065g00000A1,0055g01,New Customer,Closed Won,12000.50,100,2026-03-24,2026-01-05T09:30:00.000+0000,Closed
0065g00000A2,0055g01,Existing Customer - Upgrade,Closed Lost,900.00,0,2026-02-10,2026-01-20T10:00:00.000+0000,Omitted
0065g00000A3,0055g02,Existing Business,Negotiation/Review,5000.00,90,2026-04-30,2026-02-01T08:00:00.000+0000,Commit
0065g00000A4,0055g02,,Legal,,35,2026-05-31,2026-02-03T08:00:00.000+0000,Best Case
"""


def exported() -> list[dict[str, Any]]:
    others = {"Name": "", "AccountId": "0015g0001", "LeadSource": "Web"}
    return [row | others for row in csv.DictReader(io.StringIO(OPPORTUNITIES))]


def read(cls: type, rows: list[dict[str, Any]], export: Mapping[str, Any], **more: Any) -> Any:
    found, problems = from_rows(cls, rows, **{**export, **more})
    assert not problems, [str(problem) for problem in problems]
    return found


@pytest.mark.parametrize(("system", "name", "export"), ALL, ids=lambda part: part if isinstance(part, str) else "")
def test_every_mapping_names_fields_of_its_class_and_arguments_of_the_importer(
    system: str, name: str, export: Mapping[str, Any]
) -> None:
    cls = getattr(entities, name)
    row = dict.fromkeys(export["columns"].values())
    columns = [export["columns"][field] for field in export["columns"] if field == "id"]
    found, problems = from_rows(cls, [row | dict.fromkeys(columns, "x1")], **{"currency": "EUR", **export})
    assert [record.id for record in found] == ["x1"]
    assert not problems
    names = {attribute.name for attribute in fields(cls)}
    for field in (*export["columns"], *export.get("values", ())):
        assert field.removesuffix(".currency").removesuffix(".status") in names
    assert set(export.get("values", ())) <= set(export["columns"])
    assert set(export.get("strict", ())) <= set(export.get("values", ()))


def test_an_export_of_salesforce_opportunities_is_read_and_a_stage_of_your_own_is_told() -> None:
    rows = exported()
    found, problems = from_rows(ro.Opportunity, rows, **EXPORTS["salesforce"]["Opportunity"], currency="USD")
    assert [str(problem) for problem in problems] == [
        "Opportunity 0065g00000A4 row 4: 'outcome' must be a value that `values` names (got 'Legal')"
    ]
    assert [(deal.outcome, deal.probability, deal.kind, deal.forecast_category) for deal in found] == [
        ("won", Decimal(1), "new_business", "closed"),
        ("lost", Decimal(0), "expansion", "omitted"),
        ("open", Decimal("0.9"), "Existing Business", "commit"),
        ("open", Decimal("0.35"), None, "best_case"),
    ]
    assert found[0].amount == Money("12000.50", "USD")
    assert found[0].created_at == datetime(2026, 1, 5, 9, 30, tzinfo=UTC)
    assert (found[0].close_date, found[0].closed_on) == (date(2026, 3, 24), date(2026, 3, 24))


def test_the_stages_that_an_account_made_itself_are_told_by_its_opportunity_stages() -> None:
    stages = [
        {"MasterLabel": "Legal", "IsClosed": False, "IsWon": False},
        {"MasterLabel": "Closed Won", "IsClosed": True, "IsWon": True},
        {"MasterLabel": "Closed Lost", "IsClosed": True, "IsWon": False},
        {"MasterLabel": "Negotiation/Review", "IsClosed": False, "IsWon": False},
    ]
    outcomes = {row["MasterLabel"]: "won" if row["IsWon"] else "lost" if row["IsClosed"] else "open" for row in stages}
    values = {**EXPORTS["salesforce"]["Opportunity"]["values"], "outcome": outcomes}
    rows = exported()
    found = read(ro.Opportunity, rows, EXPORTS["salesforce"]["Opportunity"], values=values, currency="USD")
    assert [deal.outcome for deal in found] == ["won", "lost", "open", "open"]


def test_the_expected_day_that_an_open_record_carries_as_its_closing_day_changes_no_kpi_of_sales() -> None:
    rows = exported()[:3]
    rows += [rows[2] | {"Id": f"more{day}", "CloseDate": f"2026-03-{day}"} for day in (10, 20)]
    found = read(ro.Opportunity, rows, EXPORTS["salesforce"]["Opportunity"], currency="USD")
    without = [evolve(deal, closed_on=None) if deal.outcome == "open" else deal for deal in found]
    sales = [
        getattr(kpis, name)
        for name in kpis.__all__
        if isinstance(getattr(kpis, name), kpis.Kpi) and set(getattr(kpis, name).populations) == {"Opportunity"}
    ]
    assert len(sales) > 10
    options: dict[str, Any] = {
        "over": ro.Period.quarter(2026, 1).months(),
        "as_of": datetime(2026, 3, 15, tzinfo=UTC),
        "currency": "USD",
    }
    assert kpis.measure(found, sales, **options).rows() == kpis.measure(without, sales, **options).rows()


def test_a_column_that_was_not_exported_is_told_before_anything_is_read() -> None:
    with pytest.raises(MissingColumnsError, match=r"'CloseDate' \(did you mean 'Close Date'\?\)"):
        from_rows(
            ro.Opportunity, [{"Id": "1", "Close Date": ""}], **EXPORTS["salesforce"]["Opportunity"], currency="USD"
        )


def test_deals_in_several_currencies_need_one_more_column() -> None:
    columns = {**EXPORTS["salesforce"]["Opportunity"]["columns"], "amount.currency": "CurrencyIsoCode"}
    rows = [row | {"CurrencyIsoCode": "EUR"} for row in exported()[:1]]
    [found] = read(ro.Opportunity, rows, EXPORTS["salesforce"]["Opportunity"], columns=columns)
    assert found.amount == Money("12000.50", "EUR")


def test_leads_accounts_and_cases_of_salesforce() -> None:
    lead = dict.fromkeys(EXPORTS["salesforce"]["Lead"]["columns"].values()) | {
        "Id": "00Q1", "FirstName": "Ada", "LastName": "Lovelace", "Status": "Closed - Converted",
        "NumberOfEmployees": 250, "ConvertedDate": "2026-03-02",
        "CreatedDate": "2026-02-27T17:00:00.000Z",
    }  # fmt: skip
    [found] = read(ro.Lead, [lead], EXPORTS["salesforce"]["Lead"])
    assert (found.outcome, found.closed_on, found.employee_count) == ("qualified", date(2026, 3, 2), 250)
    account = dict.fromkeys(EXPORTS["salesforce"]["Account"]["columns"].values()) | {
        "Id": "0011",
        "AnnualRevenue": "1200000",
    }
    assert read(ro.Account, [account], EXPORTS["salesforce"]["Account"], currency="EUR")[0].annual_revenue == Money(
        1_200_000, "EUR"
    )
    case = dict.fromkeys(EXPORTS["salesforce"]["Ticket"]["columns"].values()) | {"Id": "5001", "Priority": "Medium"}
    closings: list[dict[str, object]] = [
        {"IsClosed": True, "ClosedDate": "2026-03-03T10:00:00.000+0000"},
        {"IsClosed": "false"},
    ]
    closed, still_open = read(ro.Ticket, [case | closing for closing in closings], EXPORTS["salesforce"]["Ticket"])
    assert (closed.outcome, closed.priority) == ("closed", "normal")
    assert closed.closed_at == datetime(2026, 3, 3, 10, tzinfo=UTC)
    assert (still_open.outcome, still_open.closed_at) == ("open", None)


@pytest.mark.parametrize(
    "closing", ["1767224100000", 1767224100000, "2025-12-31T23:35:00.000Z", "2025-12-31T23:35:00Z"], ids=repr
)
def test_hubspot_deals_are_read_as_both_of_its_apis_write_them(closing: object) -> None:
    deal = dict.fromkeys(EXPORTS["hubspot"]["Opportunity"]["columns"].values()) | {
        "hs_object_id": "512", "dealname": "Initech", "dealtype": "newbusiness", "dealstage": "closedwon",
        "amount": "1500", "hs_deal_stage_probability": "1.0", "closedate": closing, "createdate": closing,
    }  # fmt: skip
    [found] = read(ro.Opportunity, [deal], EXPORTS["hubspot"]["Opportunity"], currency="EUR", tz="Europe/Berlin")
    assert (found.outcome, found.kind, found.probability) == ("won", "new_business", Decimal(1))
    assert found.created_at == datetime(2025, 12, 31, 23, 35, tzinfo=UTC)
    assert found.closed_on == found.close_date == date(2026, 1, 1)  # in Berlin
    [found] = read(ro.Opportunity, [deal], EXPORTS["hubspot"]["Opportunity"], currency="EUR", tz="America/New_York")
    assert found.closed_on == date(2025, 12, 31)


def test_the_day_of_a_hubspot_deal_is_no_day_without_a_zone() -> None:
    deal = dict.fromkeys(EXPORTS["hubspot"]["Opportunity"]["columns"].values()) | {
        "hs_object_id": "5",
        "closedate": "1767224100000",
    }
    [found], problems = from_rows(ro.Opportunity, [deal], **EXPORTS["hubspot"]["Opportunity"], currency="EUR")
    assert found.close_date is None
    assert [(problem.code, problem.field) for problem in problems] == [
        ("invalid_value", "close_date"),
        ("invalid_value", "closed_on"),
    ]


def test_contacts_companies_and_tickets_of_hubspot() -> None:
    contact = dict.fromkeys(EXPORTS["hubspot"]["Contact"]["columns"].values()) | {
        "hs_object_id": 7,
        "associatedcompanyid": "9",
    }
    assert read(ro.Contact, [contact], EXPORTS["hubspot"]["Contact"])[0].account_id == "9"
    company = dict.fromkeys(EXPORTS["hubspot"]["Account"]["columns"].values()) | {
        "hs_object_id": "9", "annualrevenue": "1200000", "numberofemployees": "40", "createdate": "1767224100000",
    }  # fmt: skip
    [account] = read(ro.Account, [company], EXPORTS["hubspot"]["Account"], currency="EUR")
    assert (account.employee_count, account.annual_revenue) == (40, Money(1_200_000, "EUR"))
    ticket = dict.fromkeys(EXPORTS["hubspot"]["Ticket"]["columns"].values()) | {
        "hs_object_id": "3", "hs_pipeline_stage": "4", "hs_ticket_priority": "MEDIUM", "closed_date": "1767224100000",
    }  # fmt: skip
    first, second = read(
        ro.Ticket, [ticket, ticket | {"hs_pipeline_stage": 2, "closed_date": ""}], EXPORTS["hubspot"]["Ticket"]
    )
    assert (first.outcome, first.priority, first.closed_at) == (
        "closed", "normal", datetime(2025, 12, 31, 23, 35, tzinfo=UTC),
    )  # fmt: skip
    assert (second.outcome, second.closed_at) == ("open", None)


SUBSCRIPTIONS = """
[{"id": "sub_1", "customer": "cus_9", "status": "canceled", "created": 1767225600, "start_date": 1767225600,
  "ended_at": 1769904000, "trial_end": null, "cancel_at_period_end": true, "canceled_at": 1768435200,
  "items": {"data": [
    {"id": "si_1", "subscription": "sub_1", "quantity": 3, "price": {"product": "prod_A", "unit_amount": 1999,
     "currency": "eur", "recurring": {"interval": "month", "interval_count": 1, "usage_type": "licensed"}}},
    {"id": "si_2", "subscription": "sub_1", "quantity": 1, "price": {"product": "prod_B", "unit_amount": 500,
     "currency": "jpy", "recurring": {"interval": "year", "interval_count": 2, "usage_type": "metered"}}}]}}]
"""


def flat(row: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """As `pandas.json_normalize` makes rows flat."""
    cells: dict[str, Any] = {}
    for name, value in row.items():
        cells |= flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name: value}
    return cells


def test_stripe_subscriptions_and_their_items_are_read_with_instants_as_seconds_and_amounts_in_cents() -> None:
    rows = json.loads(SUBSCRIPTIONS)
    [subscription] = read(ro.Subscription, rows, EXPORTS["stripe"]["Subscription"], tz="UTC")
    assert (subscription.starts_on, subscription.ends_on) == (date(2026, 1, 1), date(2026, 2, 1))
    assert (subscription.auto_renews, subscription.custom["status"]) == (False, "canceled")
    assert subscription.cancelled_at == datetime(2026, 1, 15, tzinfo=UTC)
    item_rows = [flat(item) for row in rows for item in row["items"]["data"]]
    items = read(entities.LineItem, item_rows, EXPORTS["stripe"]["LineItem"])
    assert [item.unit_price for item in items] == [Money("19.99", "EUR"), Money(500, "JPY")]
    assert [(item.is_metered, item.billing_interval, item.interval_count) for item in items] == [
        (False, "month", 1),
        (True, "year", 2),
    ]
    by_subscription: dict[str, list[entities.LineItem]] = defaultdict(list)
    for row, item in zip(item_rows, items, strict=True):
        by_subscription[row["subscription"]].append(item)
    assert len(evolve(subscription, items=by_subscription[subscription.id]).items) == 2


@pytest.mark.parametrize("code", ["isk", "mga", "ugx"])
def test_currencies_that_stripe_counts_in_its_own_way_are_refused(code: str) -> None:
    [item] = json.loads(SUBSCRIPTIONS)[0]["items"]["data"][:1]
    [found], [problem] = from_rows(
        entities.LineItem, [flat(item) | {"price.currency": code}], **EXPORTS["stripe"]["LineItem"]
    )
    assert found.unit_price is None
    assert str(problem).endswith(
        f"'unit_price' has a currency that must be an ISO 4217 code such as 'EUR' (got '{code}')"
    )


def test_every_other_currency_of_stripe_is_read_in_its_minor_unit() -> None:
    assert EXPORTS["stripe"]["LineItem"]["values"]["unit_price.currency"] == {
        code.lower(): code for code in MINOR_UNITS if code not in {"ISK", "MGA", "UGX"}
    }


def test_zendesk_tickets() -> None:
    ticket = {
        "id": 35436, "subject": "Help!", "type": "incident", "priority": "high", "status": "hold",
        "organization_id": 509974,
        "via": {"channel": "web"}, "requester_id": 20978392, "assignee_id": 235323, "group_id": 98738,
        "created_at": "2026-02-20T22:55:29Z",
    }  # fmt: skip
    first, second = read(ro.Ticket, [flat(ticket), flat(ticket | {"status": "solved"})], EXPORTS["zendesk"]["Ticket"])
    assert (first.id, first.account_id, first.team_id, first.channel) == ("35436", "509974", "98738", "web")
    assert (first.outcome, second.outcome) == ("open", "closed")
    assert first.created_at == datetime(2026, 2, 20, 22, 55, 29, tzinfo=UTC)
