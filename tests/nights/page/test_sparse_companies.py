"""A company that has little, or nothing, gets a page that says what is missing and how to add it."""

from __future__ import annotations

import re
import shutil
from datetime import date
from pathlib import Path

import duckdb
import pytest
from nights.conftest import Company
from nights.page.conftest import release_of

from stayhouse.contract import contract
from stayhouse.demonstration.complete_journey import generate as generate_journey
from stayhouse.orchestration.dbt_session import DbtSession
from stayhouse.orchestration.policy import prepare_policy
from stayhouse.orchestration.settings import Settings
from stayhouse.page import PAGE_NAME
from stayhouse.page.sections import SECTIONS

pytestmark = pytest.mark.slow
PANELS = {panel.key: panel for section in SECTIONS for panel in section.panels}
VIEW_OF = {panel.key: section.key for section in SECTIONS for panel in section.panels}
CUSTOMERS = "customer_id,registered_at,is_test,ingested_at\n"
ONE = "only-one,2025-01-01 10:00:00,false,2025-02-28 23:00:00\n"
HOUSEHOLDS = 250


def assert_sensible(page) -> set[str]:
    """No blank panel, no NaN, no complaint, nothing asked of a network; returns the panels without rows."""
    assert page.complaints == []
    assert [url for url in page.requests if not url.startswith(("file:", "data:", "blob:"))] == []
    missing = set(page.tab.evaluate("() => window.stayhouse.data.missing"))
    empty = set()
    for key, panel in PANELS.items():
        page.go(VIEW_OF[key])
        place = page.tab.locator(f"#panel-{key}")
        text = place.inner_text()
        assert not re.search(r"\bNaN\b|undefined|Infinity|\[object", text), key
        view = place.locator(".view")
        assert view.inner_text().strip() or view.locator("svg").count(), key
        if page.all_rows(key):
            assert place.locator(".empty").count() == (0 if page.rows(key) else 1), key
            continue
        empty.add(key)
        said = place.locator(".empty").inner_text()
        lacking = [table for table in panel.needs if table in missing]
        if panel.empty and not lacking:
            assert said == panel.empty, key
        elif lacking:
            # Which files, and where to put them; that nothing is wrong would be more than anybody knows.
            assert all(f"{table}/" in said for table in lacking), key
            assert "landing folder" in said, key
        else:
            assert "none of them counts here" in said, key
    return empty


def landing_of(folder: Path, customers: str) -> Path:
    (folder / "customers").mkdir(parents=True)
    (folder / "customers" / "customers.csv").write_text(CUSTOMERS + customers)
    return folder


def tables_but(*present: str) -> list[str]:
    return [table for table in contract() if table not in present]


@pytest.mark.repetition
def test_nobody_at_all(tmp_path, publish_company, open_page):
    release = publish_company(landing_of(tmp_path / "raw", ""), date(2025, 3, 1), tables_but())
    page = open_page(release / PAGE_NAME)
    assert assert_sensible(page) >= {key for key, panel in PANELS.items() if panel.needs or panel.empty}
    page.go("overview")
    assert page.tab.locator("#panel-overview_tiles .tile").count() == 0


@pytest.mark.repetition
def test_one_customer(tmp_path, publish_company, open_page):
    release = publish_company(landing_of(tmp_path / "raw", ONE), date(2025, 3, 1), tables_but("customers"))
    page = open_page(release / PAGE_NAME)
    empty = assert_sensible(page)
    assert {"activation_funnel", "contacts_reach", "churn_money", "cx_indices", "alerts_open"} <= empty
    # Somebody is there, and nobody has ever reached them.
    ((row),) = page.rows("contacts_recency")
    assert (row["dimension"], row["band"], row["customers"]) == ("all", "never", 1)
    page.go("activation")
    assert "events/" in page.tab.locator("#panel-activation_funnel").inner_text()


@pytest.mark.repetition
def test_a_company_that_asks_no_surveys(small_company, tmp_path, publish_company, open_page):
    raw = tmp_path / "raw"
    shutil.copytree(small_company, raw, ignore=shutil.ignore_patterns("survey_*"))
    missing = [table for table in contract() if table.startswith("survey_")]
    page = open_page(publish_company(raw, date(2025, 6, 30), missing) / PAGE_NAME)
    empty = assert_sensible(page)
    assert {"cx_indices", "cx_drivers"} <= empty
    # No other panel is empty, except those about checks, which this publication does not have, and about rules,
    # experiments, gifts and the risk of churn, which need more customers than so small a company has.
    about_surveys = {key for key, panel in PANELS.items() if set(missing) & set(panel.needs)}
    assert empty <= about_surveys | {
        "alerts_rules", "quality_quarantine", "quality_checks", "contacts_surprise", "experiments_arms", "sales_gifts",
        "churn_precursors", "churn_foreseen", "churn_risk",
    }  # fmt: skip


@pytest.fixture
def grocer(tmp_path) -> Path:
    """The release of the real pack, limited to its first households, built with the pack's own policy."""
    whole = generate_journey(tmp_path / "whole")
    raw = tmp_path / "pack" / "raw"
    with duckdb.connect() as db:
        db.execute("set enable_progress_bar = false")
        for table in whole.raw.iterdir():
            (raw / table.name).mkdir(parents=True)
            rows = f"read_parquet('{table}/**/*.parquet', union_by_name = true, hive_partitioning = false)"
            db.execute(
                f"copy (from {rows} where customer_id <= 'h{HOUSEHOLDS:04}') to '{raw / table.name}/rows.parquet'"
            )
    shutil.move(whole.raw.parent / "policy", raw.parent / "policy")
    settings = Settings.resolve(raw=raw, warehouse=tmp_path / "stayhouse.duckdb", publish=tmp_path / "published")
    assert settings.policy == raw.parent / "policy"
    seeds, _ = prepare_policy(settings)
    Company(settings, DbtSession(settings, seeds)).run_day(date(2017, 12, 31))
    return release_of(settings, date(2017, 12, 31), [table for table in contract() if not (raw / table).exists()])


@pytest.mark.repetition
def test_a_grocer_with_real_purchases(grocer, open_page):
    page = open_page(grocer / PAGE_NAME)
    empty = assert_sensible(page)
    shown = PANELS.keys() - empty
    # A shop has neither subscriptions nor surveys; it has purchases, mailings and inactive customers.
    assert {"activation_curve", "retention_grid", "usage_status", "churn_rate", "contacts_reach"} <= shown
    assert {key for key, panel in PANELS.items() if "survey_responses" in panel.needs} <= empty
