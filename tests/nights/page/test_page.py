"""The page opens from disk, asks no network, and shows what the marts say."""

from __future__ import annotations

import inspect
import json
import re
import shutil
from datetime import date
from pathlib import Path

import duckdb
import pytest
import yaml

from stayhouse.contract import REPO_ROOT
from stayhouse.page import PAGE_NAME, build, build_page, labels
from stayhouse.page.build import _plain, read_page
from stayhouse.page.cards import PARTS, URGENT
from stayhouse.page.sections import SECTIONS
from stayhouse.page.sections.overview import HEADLINES
from stayhouse.publishing.release import DATABASE_NAME

pytestmark = pytest.mark.slow
AS_OF = date(2025, 6, 30)
VIEWS = [section.key for section in SECTIONS]
PANELS = [panel for section in SECTIONS for panel in section.panels]
VIEW_OF = {panel.key: section.key for section in SECTIONS for panel in section.panels}
NOTHING_OF_THE_KIND = {
    "alerts_rules", "experiments_arms", "quality_quarantine", "sales_gifts", "churn_foreseen",
    "churn_precursors", "churn_risk",
}  # fmt: skip
"""Panels whose marts hold nothing in the small company."""


def same(shown: object, expected: object) -> bool:
    if isinstance(shown, float | int) and isinstance(expected, float | int) and not isinstance(expected, bool):
        return abs(shown - expected) < 1e-3
    return shown == expected


def assert_no_request(page) -> None:
    assert [url for url in page.requests if not url.startswith(("file:", "data:", "blob:"))] == []


def test_no_request_leaves_the_browser_and_nothing_is_complained_about(release, open_page):
    page = open_page(release / PAGE_NAME)
    assert page.views() == VIEWS
    for view in VIEWS:
        page.go(view)
    assert_no_request(page)
    assert page.complaints == []


def test_every_panel_holds_the_rows_of_its_marts(release, open_page, database):
    page = open_page(release / PAGE_NAME)
    document = read_page((release / PAGE_NAME).read_text(encoding="utf-8"))
    held = {panel["key"]: panel for section in document["sections"] for panel in section["panels"]}
    assert held.keys() == {panel.key for panel in PANELS}
    for panel in PANELS:
        if panel.of:
            continue
        found = database.execute(panel.sql)
        columns = [name for name, *_ in found.description]
        rows = found.fetchall()[: panel.most]
        assert held[panel.key]["columns"] == columns
        expected = [[_plain(row[at]) for row in rows] for at in range(len(columns))] if rows else []
        assert len(held[panel.key]["data"]) == len(expected)
        for shown, wanted in zip(held[panel.key]["data"], expected, strict=True):
            assert all(same(one, other) for one, other in zip(shown, wanted, strict=True)), panel.key
        # What the browser reads of them is the same.
        assert len(page.all_rows(panel.key)) == len(rows), panel.key


def test_every_chart_draws_the_rows_it_was_given(release, open_page):
    page = open_page(release / PAGE_NAME)
    drawn_charts = 0
    for view in VIEWS:
        page.go(view)
        for panel in PANELS:
            if VIEW_OF[panel.key] != view or panel.view.kind != "chart":
                continue
            # Rows that it compares with are drawn too.
            rows = page.tab.evaluate("key => window.stayhouse.drawnRows(key)", panel.key)
            drawn = page.tab.evaluate("key => window.stayhouse.view(key)?.data('rows').length ?? 0", panel.key)
            assert drawn == len(rows), panel.key
            if rows:
                marks = page.tab.locator(f"#panel-{panel.key} svg path, #panel-{panel.key} svg line").count()
                assert marks > 0, panel.key
                drawn_charts += 1
    assert drawn_charts > 15


def test_no_panel_is_blank_or_shows_what_is_no_number(release, open_page):
    page = open_page(release / PAGE_NAME)
    for view in VIEWS:
        page.go(view)
        for panel in PANELS:
            if VIEW_OF[panel.key] != view:
                continue
            text = page.tab.locator(f"#panel-{panel.key}").inner_text()
            assert not re.search(r"\bNaN\b|undefined|Infinity|\[object", text), (panel.key, text[:300])
            place = page.tab.locator(f"#panel-{panel.key} .view")
            assert place.inner_text().strip() or place.locator("svg").count(), panel.key


@pytest.mark.parametrize("language", labels.LANGUAGES)
def test_no_code_reaches_a_reader(release, open_page, language):
    """The first page showed 227 codes: usage_component_abandoned, stayed_without_action, 1x_to_2x."""
    page = open_page(release / PAGE_NAME)
    for view in VIEWS:
        page.go(view, lang=language)
        text = page.tab.locator("body").inner_text()
        assert sorted(set(re.findall(r"\b[a-z0-9]+(?:_[a-z0-9]+)+\b", text))) == [], view


def test_a_table_is_searched_sorted_filtered_and_downloaded(release, open_page, database):
    page = open_page(release / PAGE_NAME, at="#/quality")
    panel = page.tab.locator("#panel-quality_checks")
    panel.locator("[data-filter=severity]").select_option("Critical")
    panel.locator("input[type=search]").fill("activation customer")
    panel.locator("th button").first.click()
    with page.tab.expect_download() as download:
        panel.locator("button.csv").click()
    lines = Path(download.value.path()).read_text(encoding="utf-8").splitlines()
    (expected,) = database.execute(
        "select count(*) from quality.mart_data_quality_results where severity = 'critical' and is_newest_run "
        "and replace(concat_ws(' ', asset_name, message), '_', ' ') ilike '%activation customer%'"
    ).fetchone()
    # The file has the codes that the page writes out.
    assert lines[0].startswith("asset_name,")
    assert expected > 0
    assert len(lines) - 1 == expected


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_has_contrast(release, open_page, theme):
    page = open_page(release / PAGE_NAME, color_scheme=theme)
    assert page.tab.evaluate("() => document.documentElement.dataset.theme") == theme
    for view in ("overview", "churn", "alerts", "retention"):
        page.go(view)
        ratios = page.tab.evaluate(
            """() => {
                const level = (text) => { const [r, g, b] = text.match(/[\\d.]+/g).map(Number).map((v) => v / 255)
                    .map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
                const ground = (node) => { for (; node; node = node.parentElement) {
                    const colour = getComputedStyle(node).backgroundColor; if (!/, 0\\)$|transparent/.test(colour)) return colour; } return "rgb(255, 255, 255)"; };
                return [...document.querySelectorAll("h1, h2, h3, p, th, td:not([style]), .tile div, label, button, nav a")].filter((n) => n.offsetParent).slice(0, 800)
                    .map((node) => { const [a, b] = [level(getComputedStyle(node).color), level(ground(node))].sort((x, y) => y - x);
                        return [(a + 0.05) / (b + 0.05), node.tagName + ": " + node.textContent.slice(0, 40)]; }).filter(([ratio]) => ratio < 4.5);
            }"""
        )
        assert ratios == [], view


def test_a_phone_shows_it_without_scrolling_sideways(release, open_page):
    page = open_page(release / PAGE_NAME, viewport={"width": 390, "height": 844})
    for view in VIEWS:
        page.go(view)
        assert page.tab.evaluate("() => document.documentElement.scrollWidth") <= 390, view
    # The reason of an alert, which a wide table pushed out of sight.
    page.go("alerts")
    why = page.tab.locator("#panel-alerts_open tbody td.words").first.bounding_box()
    assert why["x"] >= 0
    assert why["x"] + why["width"] <= 390
    assert page.complaints == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_printed_view_is_dark_on_white_without_controls(release, open_page, theme):
    """In the dark theme, paper had light letters on a white ground."""
    page = open_page(release / PAGE_NAME, at="#/churn", color_scheme=theme)
    page.tab.emulate_media(media="print")
    for control in ("nav.views", "form.filters", ".tools", ".actions", ".controls", "footer"):
        assert page.tab.locator(control).first.is_hidden(), control
    colours = page.tab.evaluate(
        """() => [...document.querySelectorAll("h1, h3, td, .question, .chart svg text")].filter((node) => node.getClientRects().length)
            .map((node) => { const style = getComputedStyle(node); return style[node.tagName === "text" ? "fill" : "color"]; })"""
    )
    assert len(colours) > 50
    assert all(max(map(int, re.findall(r"\d+", colour)[:3])) < 130 for colour in colours), set(colours)
    assert (
        page.tab.evaluate("() => getComputedStyle(document.querySelector('.panel')).backgroundColor")
        == "rgb(255, 255, 255)"
    )
    # A list has all the rows that the screen showed, without a scroll bar.
    assert page.tab.evaluate("() => getComputedStyle(document.querySelector('.scroll')).overflow") == "visible"


def test_months_have_three_letters(release, open_page):
    """One month of twelve was "Sept 2024"."""
    page = open_page(release / PAGE_NAME)
    assert page.tab.evaluate("() => window.stayhouse.periodName('2024-09-01', 'month')") == "Sep 2024"
    page.go("overview", lang="uk")
    assert page.tab.evaluate("() => window.stayhouse.periodName('2024-09-01', 'month')") == "вер. 2024"


def test_a_view_fits_about_three_screens(release, open_page):
    """One scroll of 14,800 pixels had 34 panels."""
    page = open_page(release / PAGE_NAME, viewport={"width": 1360, "height": 900})
    for view in VIEWS:
        page.go(view)
        assert page.tab.evaluate("() => document.documentElement.scrollHeight") <= 3 * 900, view


def test_the_keyboard_reaches_the_controls(release, open_page):
    page = open_page(release / PAGE_NAME)
    reached = set()
    for _ in range(30):
        page.tab.keyboard.press("Tab")
        reached.add(
            page.tab.evaluate(
                "() => document.activeElement.id || document.activeElement.className || document.activeElement.tagName"
            )
        )
    assert {"skip", "language", "theme", "A", "filter-grain", "filter-period", "filter-compare", "filter-by"} <= reached


def test_text_from_data_is_never_markup(release, open_page, tmp_path):
    # Names and comments come from outside: whatever they hold, the page shows it as text.
    hostile = "</script><script>alert(1)</script><img src=x onerror=alert(2)>{{library}}\u2028';alert(3);//"
    spoiled = tmp_path / "spoiled.duckdb"
    shutil.copyfile(release / DATABASE_NAME, spoiled)
    with duckdb.connect(spoiled) as db:
        texts = db.execute(
            "select table_schema, table_name, column_name from information_schema.columns "
            "where data_type = 'VARCHAR' and table_name like 'mart_%' and column_name in "
            "('title', 'message', 'reason', 'uncounted_reasons', 'customer_id', 'table_name', 'signal_reason', "
            "'customer_display_name', 'region', 'segment_code', 'dimension_value')"
        ).fetchall()
        assert len(texts) > 3
        for schema, table, column in texts:
            db.execute(
                f"update {schema}.{table} set {column} = ? || coalesce({column}, '') where {column} is distinct from 'all'",
                [hostile],
            )
    file = build_page(
        spoiled,
        tmp_path / "page.html",
        as_of=AS_OF,
        published_at="2025-07-01T00:00:00+00:00",
        stale_feeds={"events": "2025-06-20"},
        cards={hostile: "cards/x.html"},
    )
    page = open_page(file)
    assert "Events ends on 20 Jun 2025" in page.tab.locator("#when").inner_text()
    seen = ""
    for view in page.views():
        page.go(view)
        assert page.tab.evaluate("() => document.querySelectorAll('main img, main script, footer script').length") == 0
        seen += page.tab.locator("main").inner_text()
    assert hostile.split("<")[0] in seen
    assert "<script>alert(1)</script>" in seen
    assert page.complaints == []
    assert_no_request(page)


def test_specifications_are_valid_vega_lite():
    import altair

    for panel in PANELS:
        if panel.view.kind == "chart":
            text = (
                json.dumps(panel.view.spec)
                .replace('"splits": true', '"title": ""')
                .replace('"dates": true', '"title": ""')
            )
            altair.Chart.from_dict(json.loads(text) | {"data": {"name": "rows"}})


def test_panels_name_each_other_apart_and_read_published_marts_only(release, database):
    assert len({panel.key for panel in PANELS}) == len(PANELS)
    names = {name for (name,) in database.execute("select table_name from information_schema.tables").fetchall()}
    for panel in PANELS:
        used = set(re.findall(r"\w\.(mart_\w+)", panel.sql)) - {"mart_name"}
        assert used, panel.key
        assert used <= names, panel.key


def test_the_exposure_of_the_page_names_the_marts_it_reads():
    exposures = yaml.safe_load((REPO_ROOT / "models" / "_exposures.yml").read_text())["exposures"]
    (page,) = (exposure for exposure in exposures if exposure["name"] == "page")
    texts = [
        *(panel.sql for panel in PANELS),
        *PARTS.values(),
        URGENT,
        inspect.getsource(build),
        inspect.getsource(labels),
    ]
    assert {f"ref('{mart}')" for mart in re.findall(r"\.(mart_\w+)", " ".join(texts))} == set(page["depends_on"])


def test_the_pages_at_its_foot_are_there_and_ask_no_network_either(release, open_page):
    page = open_page(release / PAGE_NAME)
    links = {link.inner_text(): link.get_attribute("href") for link in page.tab.locator("footer a").all()}
    assert links.keys() == {"Checks in detail", "Models and columns", "Lineage of columns"}
    for address in links.values():
        led_to = open_page(release / address, wait_for_charts=False)
        led_to.tab.wait_for_load_state("networkidle")
        # Pages about models unpack themselves.
        led_to.tab.wait_for_function(
            "() => document.body?.innerText.trim() && !document.body.innerText.startsWith('Unpacking')"
        )
        assert (release / address).stat().st_size < 2_000_000, address
        assert_no_request(led_to)


def test_definitions_on_the_page_are_those_of_the_catalogue(database):
    known = {code for (code,) in database.execute("select metric_code from metrics.mart_metric_catalogue").fetchall()}
    for panel in PANELS:
        assert set(panel.metrics) <= known, panel.key
    assert {code for one in HEADLINES for code in (one.month, one.quarter) if code} <= known


def test_what_a_panel_shows_at_first_has_rows_wherever_its_marts_have_any(release, open_page, database):
    # A filter for a value that a mart does not have is an empty panel which looks like good news.
    page = open_page(release / PAGE_NAME)
    empty = {panel.key for panel in PANELS if not page.rows(panel.key)}
    for key in empty:
        (panel,) = (panel for panel in PANELS if panel.key == key)
        # Not even an answer that the choices hide: nothing at all, from marts that hold nothing of the kind.
        assert database.execute(f"select count(*) from ({panel.sql})").fetchone() == (0,), key
    assert empty == NOTHING_OF_THE_KIND


def test_what_a_list_leaves_out_lies_in_files_of_the_release(release):
    for panel in PANELS:
        assert (panel.most is None) == (panel.whole == ()), panel.key
        for _, address in panel.whole:
            assert (release / address).is_file(), panel.key


def test_a_file_is_written_whole_or_not_at_all(release, tmp_path):
    target = tmp_path / "index.html"
    target.write_text("the last one")
    with pytest.raises(duckdb.Error):
        build_page(tmp_path / "missing.duckdb", target, as_of=AS_OF, published_at="")
    assert target.read_text() == "the last one"
    assert json.dumps([p.name for p in tmp_path.iterdir()]) == '["index.html"]'
