from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data"
CRM, TICKETS = DATA / "maven_crm", DATA / "uci_incident"
needs_crm = pytest.mark.skipif(not CRM.is_dir(), reason="the public CRM export does not lie beside the checkout")
needs_tickets = pytest.mark.skipif(not TICKETS.is_dir(), reason="the public log does not lie beside the checkout")


@pytest.fixture(scope="module")
def review():
    spec = importlib.util.spec_from_file_location("revenue_review", ROOT / "docs/examples/revenue_review.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # attrs resolves the annotations of a class in its module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def test_the_sample_company_is_reviewed_whole_and_readable_in_100_columns(review, capsys):
    assert review.main(["--leads", "400"]) == 0
    text = capsys.readouterr().out
    for title in (
        "Open pipeline by stage",
        "Sales by team",
        "Sales by quarter of closing",
        "Stale opportunities",
        "Service levels by priority",
        "Where opportunities wait",
        "Escalations that would have fired",
        "No problems in the data.",
    ):
        assert title in text
    assert max(map(len, text.splitlines())) <= 100


def test_a_company_without_leads_is_reviewed_too(review, capsys):
    assert review.main(["--leads", "0"]) == 0
    assert "nothing decided yet" in capsys.readouterr().out


@needs_crm
def test_the_crm_export_gives_its_published_totals_and_tells_its_quirks(review, capsys):
    assert review.main(["--crm", str(CRM)]) == 0
    text = capsys.readouterr().out
    assert "4,238 won of 6,711 decided: 0.6315, of all 0.4816; 10,005,534.00 USD won, 2,360.91 USD a deal," in text
    assert "51.78 days to win one and 41.48 to lose one" in text
    assert "undefined: no_amount, 1,589 records" in text
    for problem, times in (
        ("dangling_reference    Opportunity.product_id  1,480", "rows 2, 12, 19, 30"),
        ("missing_account       Opportunity.account_id  1,425", "rows 10, 43, 45, 57"),
        ("no_engage_date        Opportunity.created_on    500", "rows 8301"),
        ("unmapped_value        Account.industry           12", "rows 1, 7, 13, 17"),
        ("unmapped_value        Account.country             1", "rows 4"),
        ("owner_without_deals   User                        5", "Carl Lin"),
    ):
        [line] = [line for line in text.splitlines() if line.startswith(problem)]
        assert times in line
    assert max(map(len, text.splitlines())) <= 100


@needs_crm
def test_open_deals_have_list_prices_only_on_request(review, capsys):
    assert review.main(["--crm", str(CRM), "--list-price"]) == 0
    text = capsys.readouterr().out
    assert "1,480 rows were read by the product aliases" in text
    assert "no_amount" not in text
    assert "4,966,215.00 USD" in text


@needs_crm
@needs_tickets
def test_the_incident_log_gives_its_published_totals(review, capsys):
    assert review.main(["--crm", str(CRM), "--tickets", str(TICKETS)]) == 0
    captured = capsys.readouterr()
    assert "141,712 events of 24,918 tickets: 275 reopened, 383 with another priority;" in captured.out
    assert "Resolved to Closed 24,917 times in the order of the file" in captured.out
    for line in (
        "1 - Critical       5      270       1.9 %",
        "2 - High           2      408       0.5 %",
        "3 - Moderate  15,145   23,466      64.5 %",
        "4 - Low          651      774      84.1 %",
        "all           15,803   24,918      63.4 %",
        "no_resolved_at        Ticket                  1,556",
        "repeated_row          Ticket                      5",
        "unknown_state         Ticket                      5",
    ):
        assert line in captured.out
    assert "140,000 rows" in captured.err


@pytest.mark.parametrize(
    "arguments",
    [["--crm", "nowhere"], ["--tickets", "nowhere.csv"], ["--tickets", "."]],
    ids=["crm", "tickets", "folder"],
)
def test_a_missing_file_gives_one_clear_line_and_status_2(review, capsys, monkeypatch, tmp_path, arguments):
    monkeypatch.chdir(tmp_path)
    assert review.main([*arguments, "--leads", "5"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("cannot read")
    assert captured.err.count("\n") == 1


@needs_crm
def test_a_missing_column_gives_one_clear_line_and_status_2(review, capsys, tmp_path):
    folder = tmp_path / "export"
    shutil.copytree(CRM, folder)
    path = folder / "sales_pipeline.csv"
    path.write_text(path.read_text("utf-8").replace("close_value", "value", 1), "utf-8")
    assert review.main(["--crm", str(folder)]) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert "sales_pipeline.csv" in error
    assert "close_value" in error


def test_a_ticket_log_without_a_column_or_without_rows_gives_one_clear_line(review, capsys, tmp_path):
    log = tmp_path / "log.csv"
    for text, says in (("number,incident_state\nA,New\n", "lacks the column"), ("number\n", "has no rows")):
        log.write_text(text, "utf-8")
        assert review.main(["--leads", "5", "--tickets", str(log)]) == 2
        assert says in capsys.readouterr().err
