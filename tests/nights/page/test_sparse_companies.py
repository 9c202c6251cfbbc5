"""A company that has little, or nothing, gets a page that says what is missing and how to add it."""

from __future__ import annotations

import re
import shutil
from datetime import date

import pytest

from orchestration.contract import contract
from page import PAGE_NAME
from page.sections import SECTIONS

pytestmark = pytest.mark.slow


def assert_sensible(page) -> None:
    """No blank panel, no NaN, no complaint, nothing asked of a network."""
    assert page.complaints == []
    for section in SECTIONS:
        for panel in section.panels:
            place = page.tab.locator(f"#panel-{panel.key}")
            assert not re.search(r"\bNaN\b|undefined|Infinity|\[object", place.inner_text()), panel.key
            view = place.locator(".view")
            assert view.inner_text().strip() or view.locator("svg").count(), panel.key
    assert [url for url in page.requests if not url.startswith(("file:", "data:", "blob:"))] == []


def test_one_customer(tmp_path, landing_of_one, publish_company, open_page):
    release = publish_company(landing_of_one, date(2025, 3, 1), [t for t in contract() if t != "customers"])
    page = open_page(release / PAGE_NAME)
    assert_sensible(page)
    assert "events has no rows" in page.tab.locator("#panel-activation_funnel").inner_text().replace("customers, ", "")


def test_a_company_that_asks_no_surveys(small_company, tmp_path, publish_company, open_page):
    raw = tmp_path / "raw"
    shutil.copytree(small_company, raw, ignore=shutil.ignore_patterns("survey_*"))
    missing = [table for table in contract() if table.startswith("survey_")]
    page = open_page(publish_company(raw, date(2025, 6, 30), missing) / PAGE_NAME)
    assert_sensible(page)


@pytest.fixture
def landing_of_one(tmp_path):
    folder = tmp_path / "one" / "customers"
    folder.mkdir(parents=True)
    (folder / "customers.csv").write_text(
        "customer_id,registered_at,is_test,ingested_at\nonly-one,2025-01-01 10:00:00,false,2025-02-28 23:00:00\n"
    )
    return folder.parent
