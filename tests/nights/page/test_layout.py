"""How the page is laid out: lists need no scrolling sideways, rows of panels have no hole, dates have one form."""

from __future__ import annotations

import re

import pytest

from stayhouse.page import PAGE_NAME
from stayhouse.page.sections import SECTIONS

pytestmark = [pytest.mark.slow, pytest.mark.repetition]
VIEWS = [section.key for section in SECTIONS]


@pytest.mark.parametrize("width", [1280, 390])
def test_no_list_scrolls_sideways(release, open_page, width):
    """The thirteen columns of the list of alerts were cut off at 1280 pixels, the next step among them."""
    page = open_page(release / PAGE_NAME, viewport={"width": width, "height": 900})
    lists = 0
    for view in VIEWS:
        page.go(view)
        for panel in page.tab.locator("article.panel.table").all():
            for place in panel.locator(".scroll").all():
                wide, shown = place.evaluate("node => [node.scrollWidth, node.clientWidth]")
                assert wide <= shown, (view, panel.get_attribute("id"))
                lists += 1
    assert lists > 6


def test_a_column_below_another_is_sorted_named_and_kept_in_the_file(release, open_page):
    page = open_page(release / PAGE_NAME, at="#/alerts")
    panel = page.tab.locator("#panel-alerts_open")
    assert "Severity" in panel.locator("thead th").nth(1).inner_text().title()
    severities = {row["severity"] for row in page.rows("alerts_open")}
    shown = {one.title() for one in panel.locator("tbody td:nth-child(2) .under").all_inner_texts()}
    assert {one.title() for one in severities} >= shown > set()
    panel.get_by_role("button", name="severity").click()
    assert panel.locator("thead th").nth(1).get_attribute("aria-sort") == "ascending"
    assert panel.locator("thead .sorts").all_inner_texts() == ["severity"]
    with page.tab.expect_download() as download:
        panel.locator("button.csv").click()
    assert "severity" in download.value.path().read_text(encoding="utf-8").splitlines()[0].split(",")


def test_a_phone_names_each_line_of_a_list(release, open_page):
    page = open_page(release / PAGE_NAME, at="#/alerts", viewport={"width": 390, "height": 844})
    labels = page.tab.evaluate(
        """() => [...document.querySelectorAll("#panel-alerts_open tbody tr:first-child td, #panel-alerts_open tbody tr:first-child .under")]
            .map((node) => getComputedStyle(node, "::before").content)"""
    )
    assert {'"rule"', '"severity"', '"next step"', '"owner"'} <= set(labels)


def test_rows_of_panels_have_no_hole(release, open_page):
    """A panel alone in its row left half of it empty, and two panels of a row had two heights."""
    page = open_page(release / PAGE_NAME, viewport={"width": 1360, "height": 900})
    pairs = 0
    for view in VIEWS:
        page.go(view)
        boxes = page.tab.evaluate(
            """() => { const whole = document.querySelector(".grid").getBoundingClientRect().width;
                return [...document.querySelectorAll(".grid > article")].map((node) => { const box = node.getBoundingClientRect();
                    return { top: Math.round(box.top), height: Math.round(box.height), share: box.width / whole }; }); }"""
        )
        for top in {box["top"] for box in boxes}:
            row = [box for box in boxes if box["top"] == top]
            assert sum(box["share"] for box in row) > 0.97, (view, row)
            assert len({box["height"] for box in row}) == 1, (view, row)
            pairs += len(row) == 2
    assert pairs > 5


def test_days_and_months_have_one_form(release, open_page):
    """One chart said "1 Jan 24" for a month that all others call "Jan 2024"."""
    page = open_page(release / PAGE_NAME)
    day, month = re.compile(r"^\d{1,2} [A-Z][a-z]{2} \d{4}$"), re.compile(r"^[A-Z][a-z]{2} \d{4}$")
    for view, panel, choice, form in (
        ("activity", "activity_lifecycle", "month", month),
        ("activity", "activity_lifecycle", "week", day),
        ("usage", "usage_status", None, day),
        ("churn", "churn_flows", None, month),
    ):
        page.go(view)
        if choice:
            page.tab.locator(f"#panel-{panel} select[data-switch=length]").select_option(choice)
            page.ready()
        texts = page.tab.locator(f"#panel-{panel} svg g.role-axis-label text").all_text_contents()
        dates = [text for text in texts if re.search(r"[A-Z][a-z]{2}", text)]
        assert dates, panel
        assert all(form.match(text) for text in dates), (panel, dates)
