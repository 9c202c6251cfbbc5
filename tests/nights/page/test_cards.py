"""The card of a customer: reached from an alert, safe to open, and to be had for anybody."""

from __future__ import annotations

import re
import shutil
from datetime import date

import duckdb
import pytest
from typer.testing import CliRunner

from stayhouse.orchestration.cli import app
from stayhouse.page import PAGE_NAME
from stayhouse.page.cards import UnknownCustomer, card_name, write_card
from stayhouse.page.labels import entries
from stayhouse.publishing.release import DATABASE_NAME

pytestmark = pytest.mark.slow
AS_OF = date(2025, 6, 30)


def test_every_customer_with_an_open_alert_has_a_card_that_the_page_leads_to(release, open_page, database):
    customers = {
        c for (c,) in database.execute("select distinct customer_id from alerts.mart_alerts where is_open").fetchall()
    }
    page = open_page(release / PAGE_NAME, at="#/alerts")
    cards = page.tab.evaluate("() => window.stayhouse.data.cards")
    assert cards.keys() == customers
    assert customers
    page.tab.locator("#panel-alerts_open tbody a").first.click()
    page.tab.wait_for_load_state()
    assert page.tab.locator("h1").inner_text().removeprefix("Customer ") in customers
    assert page.complaints == []


def test_a_card_shows_what_the_marts_show(release, database, tmp_path):
    (customer, status, done) = database.execute(
        "select customer_id, health_status, (select count(*) from activation.mart_activation_actions as a "
        "where a.customer_id = c.customer_id) from customer_360.mart_customer_360 as c order by 1 limit 1"
    ).fetchone()
    text = write_card(release / DATABASE_NAME, customer, tmp_path / "card.html", AS_OF).read_text()
    assert f"Customer {customer}" in text
    if status:
        assert {row["code"]: row["en"] for row in entries() if row["kind"] == "health_status"}[status] in text
    checklist = text.split('<ul class="checklist">')[1].split("</ul>")[0] if done else ""
    assert checklist.count("<li") == done


def test_a_card_says_why_a_customer_may_leave(release, tmp_path):
    """The reasons of the risk were on the page and in the mart, but not where the caller looks."""
    copy = tmp_path / DATABASE_NAME
    shutil.copy(release / DATABASE_NAME, copy)
    with duckdb.connect(copy) as db:
        customers = [row[0] for row in db.execute(
            "select customer_id from customer_360.mart_customer_360 order by 1 limit 2"
        ).fetchall()]  # fmt: skip
        db.execute("delete from risk.mart_churn_risk")
        db.execute(
            "insert into risk.mart_churn_risk by name select ? as customer_id, 'raised' as risk_band, "
            "12.34 as risk_medium_pct, 5.0 as usual_medium_pct, 'no use for 8 to 14 days' as first_reason, "
            "'a reason of our own' as second_reason",
            customers[:1],
        )
    at_risk, other = (write_card(copy, name, tmp_path / f"{name}.html", AS_OF).read_text() for name in customers)
    section = at_risk.split(">Risk of churn<")[1].split("</section>")[0]
    assert "12.3 %, where 5 % are usual" in section
    assert "raised" in section
    assert "no use for 8 to 14 days" in section
    assert "без використання 8–14 днів" in section
    assert section.count("<li>") == 2
    assert "Risk of churn" not in other


def test_a_card_is_half_a_screen_of_facts_in_words(release, database, tmp_path, open_page):
    """It showed fifty columns of the mart with their names, and the reader had to find the five that matter."""
    customers = database.execute(
        "select customer_id from customer_360.mart_customer_360 order by open_alerts_count desc, customer_id limit 3"
    ).fetchall()
    for (customer,) in customers:
        page = open_page(
            write_card(release / DATABASE_NAME, customer, tmp_path / "card.html", AS_OF), wait_for_charts=False
        )
        assert page.tab.locator("dl div").count() <= 14
        text = page.tab.locator("body").inner_text()
        assert re.findall(r"\b[a-z0-9]+(?:_[a-z0-9]+)+\b", text) == []
        assert re.findall(r"\bNone\b|\bTrue\b|\bFalse\b", text) == []
        assert page.tab.locator("section.next").bounding_box()["y"] < 450
        assert page.complaints == []


def test_an_unknown_customer_is_an_error(release, tmp_path):
    with pytest.raises(UnknownCustomer):
        write_card(release / DATABASE_NAME, "nobody", tmp_path / "card.html", AS_OF)
    assert not (tmp_path / "card.html").exists()
    result = CliRunner().invoke(
        app, ["card", "nobody", "--publish", str(release.parent), "--out", str(tmp_path / "x.html")]
    )
    assert result.exit_code == 2


def test_a_card_that_cannot_be_written_is_bad_input(release, database, tmp_path):
    """A folder in the place of the file ended with a traceback."""
    (customer,) = database.execute("select min(customer_id) from customer_360.mart_customer_360").fetchone()
    result = CliRunner().invoke(app, ["card", customer, "--publish", str(release.parent), "--out", str(tmp_path)])
    assert (result.exit_code, "Is a directory; name another file with --out" in result.output) == (2, True)


def test_a_card_draws_use_and_revenue(release, database, tmp_path):
    """The health strip said that use fell, and nobody saw from what to what."""
    (customer, weeks, months) = database.execute(
        "select customer_id, use_days_series, mrr_series from customer_360.mart_customer_360 "
        "where use_days_series like '% % %' and mrr_series like '% %' order by customer_id limit 1"
    ).fetchone()
    text = write_card(release / DATABASE_NAME, customer, tmp_path / "card.html", AS_OF).read_text()
    lines = re.findall(r'<polyline points="([^"]+)"', text)
    oldest = int(weeks.split(" ")[-1].split(":")[0])
    # A week without use is a point at the bottom, a month without a contract is none; the running week is left out.
    assert [len(line.split(" ")) for line in lines] == [oldest, len(months.split(" "))]
    assert float(months.split(" ")[0].split(":")[1]) > 0


def test_a_card_speaks_the_language_of_its_address(release, database, tmp_path, open_page):
    """The page spoke Ukrainian, and the card that it led to did not. A card has no script, so its address chooses."""
    (customer,) = database.execute("select min(customer_id) from alerts.mart_alerts where is_open").fetchone()
    file = write_card(release / DATABASE_NAME, customer, tmp_path / "card.html", AS_OF)
    headings = {}
    for language, address in (("en", ""), ("uk", "#uk")):
        page = open_page(file, at=address, wait_for_charts=False)
        other = {"en": "uk", "uk": "en"}[language]
        assert page.tab.locator(f"[lang={other}]:visible:not(html, .languages *)").all_inner_texts() == []
        headings[language] = page.tab.locator("h2:visible, dt:visible").all_inner_texts()
        assert page.tab.locator("script").count() == 0
    assert len(headings["en"]) == len(headings["uk"]) > 10
    assert "Alerts" in headings["en"]
    assert [text for text in headings["uk"] if re.search("[A-Za-z]", text) and text != "MRR"] == []
    page = open_page(release / PAGE_NAME, at="#/alerts?lang=uk")
    assert page.tab.locator("#panel-alerts_open tbody a").first.get_attribute("href").endswith("#uk")


def test_names_of_files_are_safe():
    assert card_name("c0000001") == "c0000001.html"
    for odd in ("../../etc/passwd", "a b", "", "x" * 200, "ä"):
        assert "/" not in card_name(odd)
        assert card_name(odd) != f"{odd}.html"


def test_text_from_data_is_never_markup_on_a_card(release, tmp_path, open_page):
    hostile = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'{{ 7 * 7 }}"
    spoiled = tmp_path / "spoiled.duckdb"
    shutil.copyfile(release / DATABASE_NAME, spoiled)
    with duckdb.connect(spoiled) as db:
        (customer,) = db.execute("select min(customer_id) from alerts.mart_alerts where is_open").fetchone()
        db.execute("update alerts.mart_alerts set signal_reason = ?", [hostile])
        db.execute("update activation.mart_activation_actions set title = ?", [hostile])
        db.execute("update usage_health.mart_usage_health_history set health_reasons = ?", [hostile])
        db.execute("update customer_360.mart_customer_timeline set title = ?", [hostile])
    page = open_page(write_card(spoiled, customer, tmp_path / "card.html", AS_OF), wait_for_charts=False)
    assert page.complaints == []
    assert page.tab.evaluate("() => document.querySelectorAll('script, img').length") == 0
    assert "<script>alert(1)</script>" in page.tab.locator("body").inner_text()
