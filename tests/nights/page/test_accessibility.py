"""The page without a mouse, and without sight: names, order and landmarks of every view."""

from __future__ import annotations

from itertools import pairwise

import pytest
from axe_playwright_python.sync_playwright import Axe

from stayhouse.page import PAGE_NAME
from stayhouse.page.sections import SECTIONS

pytestmark = pytest.mark.slow
VIEWS = [section.key for section in SECTIONS]


def test_every_control_has_a_name_and_headings_have_an_order(release, open_page):
    """A screen reader reads "button, button, combo box" where controls have no names."""
    page = open_page(release / PAGE_NAME)
    for view in VIEWS:
        page.go(view, by="segment")
        nameless = page.tab.evaluate(
            """() => [...document.querySelectorAll("button, select, input, a, summary, [role=region], [role=img]")]
                .filter((node) => node.offsetParent && !(node.getAttribute("aria-label") || node.innerText?.trim()
                    || node.closest("label")?.innerText.trim()))
                .map((node) => node.outerHTML.slice(0, 120))"""
        )
        assert nameless == [], view
        levels = page.tab.evaluate(
            "() => [...document.querySelectorAll('h1, h2, h3')].filter((n) => n.offsetParent).map((n) => +n.tagName[1])"
        )
        assert levels[0] == 1
        assert all(after - before <= 1 for before, after in pairwise(levels)), view
        # Every chart can be read as a table.
        for chart in page.tab.locator("article.chart").all():
            if chart.locator("svg").count():
                assert chart.get_by_role("button", name="Table").count() == 1
    for landmark in ("banner", "navigation", "main", "contentinfo"):
        assert page.tab.get_by_role(landmark).count() == 1, landmark


def test_the_table_of_a_chart_has_its_rows(release, open_page):
    page = open_page(release / PAGE_NAME, at="#/churn")
    panel = page.tab.locator("#panel-churn_rate")
    panel.get_by_role("button", name="Table").press("Enter")
    assert panel.locator("tbody tr").count() == min(len(page.rows("churn_rate")), 200) > 0
    assert panel.get_by_role("button", name="Table").get_attribute("aria-expanded") == "true"


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.repetition)])
def test_axe_finds_nothing(scheme, release, open_page):
    page = open_page(release / PAGE_NAME)
    page.tab.emulate_media(color_scheme=scheme)
    for view in VIEWS:
        page.go(view, by="segment")
        found = Axe().run(page.tab).response["violations"]
        assert [(one["id"], one["nodes"][0]["html"]) for one in found] == [], view
