"""A company without a policy of its own gets a publication that names nothing of another company."""

from __future__ import annotations

import csv
import html
import json
import re
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from conftest import Landing, customer, event
from nights.conftest import Company, assert_same
from nights.page.conftest import release_of
from nights.page.test_sparse_companies import assert_sensible

from stayhouse.contract import contract, read_yaml
from stayhouse.demonstration import complete_journey, saas
from stayhouse.orchestration.dbt_session import DbtSession
from stayhouse.orchestration.policy import SEEDS_FOLDER
from stayhouse.orchestration.settings import Settings
from stayhouse.page import PAGE_NAME
from stayhouse.page.build import read_page
from stayhouse.publishing.release import DATABASE_NAME

pytestmark = [pytest.mark.slow, pytest.mark.repetition]
WORDS_OF_THE_MODELS = {
    "activation", "billing", "coupon_redeemed", "cx", "early_dropoff", "first_payment", "product", "relational", "survey",
    "usage",
}  # fmt: skip
"""Codes of the demonstrations that every publication has in another meaning."""
FIRST, LAST = date(2025, 1, 6), date(2025, 6, 30)
CUSTOMERS = 40
LATE_IN_JUNE = "2025-06-30 23:00:00"


def write_stranger(landing: Landing) -> None:
    """Forty customers, their use of two features, and the answers of half of them to one question. A fifth stops in April."""
    customers, events, responses, answers = [], [], [], []
    for number in range(1, CUSTOMERS + 1):
        registered = FIRST + timedelta(days=number)
        last = date(2025, 4, 1) if number % 5 == 0 else LAST
        customers.append(customer(number, registered_at=f"{registered} 08:00:00", ingested_at=LATE_IN_JUNE))
        for week in range((last - registered).days // 7 + 1):
            for name in ("invoice_written", "stock_counted")[: 1 + (number + week) % 2]:
                moment = datetime.combine(registered, datetime.min.time()) + timedelta(weeks=week, hours=10)
                events.append({"customer_id": f"c{number}", "event_name": name, "occurred_at": moment})
        if number % 2:
            answered = f"2025-06-{1 + number % 28:02} 12:00:00"
            responses.append({
                "response_id": f"r{number}", "customer_id": f"c{number}", "survey_code": "nps", "channel": "email", "status": "complete",
                "submitted_at": answered, "updated_at": answered, "ingested_at": LATE_IN_JUNE,
            })  # fmt: skip
            answers.append({
                "response_id": f"r{number}", "question_code": "nps",
                "score": number % 11, "answered_at": answered, "ingested_at": LATE_IN_JUNE,
            })  # fmt: skip
    landing.csv("customers", customers)
    landing.csv("events", [event(number, ingested_at=LATE_IN_JUNE, **row) for number, row in enumerate(events)])
    landing.csv("survey_responses", responses)
    landing.csv("survey_answers", answers)


def stranger_in(folder: Path) -> Company:
    settings = Settings.resolve(raw=folder / "raw", warehouse=folder / "stayhouse.duckdb", publish=folder / "published")
    assert settings.policy is None
    return Company(settings, DbtSession(settings, SEEDS_FOLDER))


@pytest.fixture(scope="module")
def stranger(made_once) -> Company:
    """A company that brings files and no policy, built and published; the rules of its marts hold. Read-only."""

    def make(folder: Path) -> None:
        landing = Landing(folder / "raw")
        write_stranger(landing)
        company = stranger_in(folder)
        assert company.load().rejected == []
        company.session.build(LAST)
        release_of(company.settings, LAST, [table for table in contract() if not (landing.folder / table).exists()])

    return stranger_in(made_once("stranger", make))


@pytest.fixture(scope="module")
def release(stranger) -> Path:
    return stranger.settings.publish / "current"


@pytest.fixture(scope="module")
def marts(release):
    with duckdb.connect(str(release / DATABASE_NAME), read_only=True) as db:
        yield db


def names_in(folder: Path) -> set[str]:
    """Codes and titles that the policy files of a folder state, without those that every company shares."""
    found = set()
    for entry in read_yaml(SEEDS_FOLDER / "_seeds.yml")["seeds"]:
        file = folder / f"{entry['name']}.csv"
        if not file.exists():
            continue
        types = entry["config"]["column_types"]
        rules = {column["name"]: column.get("config", {}).get("meta", {}) for column in entry["columns"]}
        own = [name for name in types if types[name] == "varchar" and "accepted" not in rules[name]]
        if entry["name"] in ("metric_targets", "metric_alert_rules"):
            own.remove("metric_code")  # The catalogue of metrics is that of every company.
        with file.open(newline="", encoding="utf-8") as stream:
            for row in csv.DictReader(stream):
                for name in set(own) - {"origin", "reason"}:
                    found.update((row.get(name) or "").split("|"))
    return found - {"", "*"}


def test_nothing_of_a_demonstration_is_published(release, marts):
    """A shop's first page listed another company's mailings, plans and holidays, because they were the defaults."""
    names = names_in(saas.POLICY_FOLDER) | names_in(complete_journey.POLICY_FOLDER)
    names -= names_in(SEEDS_FOLDER) | WORDS_OF_THE_MODELS
    assert {"sender", "mailing_sent", "Bulk mailings", "long_tail", "fortnightly_habit"} <= names
    columns = marts.execute(
        "select table_schema || '.' || table_name, column_name from information_schema.columns where data_type = 'VARCHAR'"
    ).fetchall()
    values: dict[str, str] = {}
    for table, column in columns:
        for (value,) in marts.execute(
            f'select distinct "{column}" from {table} where "{column}" is not null'
        ).fetchall():
            values.setdefault(value, f"{table}.{column}")
    assert "all_customers" in values
    # A name of several words means one thing only; "reports" may also be a word.
    telling = {name for name in names if re.search(r"[_ ]", name)}
    assert len(telling) > 100
    written = (release / PAGE_NAME).read_text(encoding="utf-8")
    page = html.unescape(written) + json.dumps(read_page(written), ensure_ascii=False)
    assert sorted(name for name in telling if name in page) == []
    found = {(name, place) for value, place in values.items() for name in telling if name in value}
    found |= {(value, place) for value, place in values.items() if value in names - telling}
    assert sorted(found) == []


def test_a_company_without_key_actions_has_no_activation(marts):
    """Nobody was activated and nobody failed to be: what is required of no one cannot be measured."""
    assert marts.execute(
        "select activation_status, is_activated, is_activated_long, activation_pct, count(*) "
        "from activation.mart_activation_customer group by all"
    ).fetchall() == [("nothing_required", None, None, None, CUSTOMERS)]
    assert marts.execute("select count(*) from activation.mart_activation_cohort").fetchone() == (0,)
    assert marts.execute(
        "select count(*) from alerts.mart_alert_rule_report "
        "where warning_code in ('onboarding_stalled', 'usage_component_abandoned')"
    ).fetchone() == (0,), "a rule that cannot speak has no recall, not one of 0"


def test_every_event_is_use_and_every_customer_has_the_one_segment(marts):
    """A first publication was empty until each event had been listed."""
    gone = CUSTOMERS // 5
    assert marts.execute(
        "select segment_code, count(*), count(last_use_date) from usage_health.mart_usage_health group by all"
    ).fetchall() == [("all_customers", CUSTOMERS - gone, CUSTOMERS - gone)]
    assert marts.execute("select count(*) from churn.mart_churn_events").fetchone() == (gone,)


def test_the_page_of_a_neutral_company_is_sensible(release, open_page):
    page = open_page(release / PAGE_NAME)
    assert_sensible(page)
    # One segment splits nothing, and an index that nobody is asked for is not named.
    assert "segment" not in page.tab.evaluate("() => window.stayhouse.data.breakdowns")
    assert "Customer Loyalty Index" not in (release / PAGE_NAME).read_text(encoding="utf-8").split('"words":')[0]


def test_the_default_segment_is_the_same_in_every_order_of_runs(stranger, tmp_path):
    """It begins with the registration, so it changes without a row of a segment: when customers are delivered or due."""
    landing = Landing(tmp_path / "raw")
    write_stranger(landing)
    customers = (landing.folder / "customers" / "rows.csv").read_text().splitlines(keepends=True)
    landing.text("customers", "rows.csv", "".join(customers[:31]))
    nightly = stranger_in(tmp_path)
    nightly.load()
    nightly.core_tables(FIRST + timedelta(days=20))
    landing.text("customers", "late.csv", "".join([customers[0], *customers[31:]]))
    nightly.load()
    assert_same(nightly, stranger, [name for name in nightly.core_tables(LAST) if name.startswith("core.")])
