"""Codes, addresses and failures that no company should have, and one day has."""

from __future__ import annotations

import shutil
from datetime import date

import duckdb
import pytest

from stayhouse.page import PAGE_NAME, build_page
from stayhouse.publishing.release import DATABASE_NAME

pytestmark = pytest.mark.slow
CODES = ("segment_code", "region", "dimension_value", "customer_id", "metric_code", "rule_code", "severity", "title")


def test_a_code_may_be_named_like_a_part_of_every_object(release, open_page, tmp_path):
    """A region named `constructor` found a function where its title should be, and the view stayed blank."""
    spoiled = tmp_path / "spoiled.duckdb"
    shutil.copyfile(release / DATABASE_NAME, spoiled)
    with duckdb.connect(spoiled) as db:
        texts = db.execute(
            "select table_schema, table_name, column_name from information_schema.columns "
            "where data_type = 'VARCHAR' and table_name like 'mart_%' and list_contains(?, column_name)",
            [list(CODES)],
        ).fetchall()
        for schema, table, column in texts:
            db.execute(
                f"update {schema}.{table} set {column} = (['constructor', '__proto__', 'toString'])[1 + rowid % 3] "
                f"where {column} is distinct from 'all'"
            )
    file = build_page(spoiled, tmp_path / "page.html", as_of=date(2025, 6, 30), published_at="2025-07-01T00:00:00Z")
    page = open_page(file)
    seen = ""
    for view in page.views():
        page.go(view)
        text = page.tab.locator("main").inner_text()
        assert "native code" not in text, view
        assert "could not be drawn" not in text, (view, page.complaints)
        seen += text
    assert "Constructor" in seen
    assert page.complaints == []


def test_a_panel_that_fails_leaves_the_others_alone(release, open_page):
    """One value that a panel could not read blanked every panel after it."""
    page = open_page(release / PAGE_NAME)
    broken = page.tab.evaluate(
        """() => { const { panels } = window.stayhouse.data.sections.find(section => section.key === 'churn');
            Object.defineProperty(panels[0], 'switches', { get() { throw new Error('no switches'); } });
            panels[1].kind = 'unheard of';
            return panels.map(panel => panel.key); }"""
    )
    page.go("churn")
    said = [page.tab.locator(f"#panel-{key}").inner_text() for key in broken]
    assert ["could not be drawn" in text for text in said] == [True, True] + [False] * (len(broken) - 2)
    assert page.tab.locator(f"#panel-{broken[-1]} .view").inner_text().strip()
