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
from stayhouse.page import PAGE_NAME, build, build_page
from stayhouse.page.build import _plain
from stayhouse.page.cards import PARTS, URGENT
from stayhouse.page.sections import SECTIONS
from stayhouse.page.sections.overview import HEADLINES
from stayhouse.publishing.release import DATABASE_NAME

pytestmark = pytest.mark.slow
AS_OF = date(2025, 6, 30)
PANELS = [panel for section in SECTIONS for panel in section.panels]
NOTHING_OF_THE_KIND = {"quality_quarantine"}
"""Panels whose marts hold nothing in the small company."""


def same(shown: object, expected: object) -> bool:
    if isinstance(shown, float | int) and isinstance(expected, float | int) and not isinstance(expected, bool):
        return abs(shown - expected) < 1e-3
    return shown == expected


def test_no_request_leaves_the_browser_and_nothing_is_complained_about(release, open_page):
    page = open_page(release / PAGE_NAME)
    assert [url for url in page.requests if not url.startswith(("file:", "data:", "blob:"))] == []
    assert page.complaints == []


def test_every_panel_holds_the_rows_of_its_marts(release, open_page, database):
    page = open_page(release / PAGE_NAME)
    held = page.tab.evaluate(
        "() => Object.fromEntries(window.stayhouse.data.sections.flatMap(s => s.panels).map(p => [p.key, [p.columns, p.data]]))"
    )
    assert held.keys() == {panel.key for panel in PANELS}
    for panel in PANELS:
        found = database.execute(panel.sql)
        columns = [name for name, *_ in found.description]
        rows = found.fetchall()[: panel.most]
        assert held[panel.key][0] == columns
        expected = [[_plain(row[at]) for row in rows] for at in range(len(columns))] if rows else []
        assert len(held[panel.key][1]) == len(expected)
        for shown, wanted in zip(held[panel.key][1], expected, strict=True):
            assert all(same(one, other) for one, other in zip(shown, wanted, strict=True)), panel.key


def test_every_chart_draws_the_rows_it_was_given(release, open_page):
    page = open_page(release / PAGE_NAME)
    for panel in PANELS:
        if panel.view.kind != "chart":
            continue
        rows = page.rows(panel.key)
        drawn = page.tab.evaluate("key => window.stayhouse.view(key)?.data('rows').length ?? 0", panel.key)
        assert drawn == len(rows), panel.key
        if rows:
            marks = page.tab.locator(f"#panel-{panel.key} svg path, #panel-{panel.key} svg line").count()
            assert marks > 0, panel.key


def test_no_panel_is_blank_or_shows_what_is_no_number(release, open_page):
    page = open_page(release / PAGE_NAME)
    for panel in PANELS:
        text = page.tab.locator(f"#panel-{panel.key}").inner_text()
        assert not re.search(r"\bNaN\b|undefined|Infinity|\[object", text), (panel.key, text[:300])
        view = page.tab.locator(f"#panel-{panel.key} .view")
        assert view.inner_text().strip() or view.locator("svg").count(), panel.key


def test_the_segment_filter_reaches_every_panel_that_knows_segments(release, open_page):
    page = open_page(release / PAGE_NAME)
    codes = page.tab.evaluate("() => window.stayhouse.data.segments")
    assert codes[0] == "all"
    assert len(codes) > 1
    page.tab.select_option("#segment", codes[1])
    page.ready()
    filtered = 0
    for panel in PANELS:
        for row in page.rows(panel.key):
            if "segment" in row:
                assert row["segment"] == codes[1]
                filtered += 1
    assert filtered
    assert page.complaints == []


def test_a_table_is_searched_sorted_filtered_and_downloaded(release, open_page, database):
    page = open_page(release / PAGE_NAME)
    panel = page.tab.locator("#panel-quality_checks")
    panel.locator("[data-filter=severity]").select_option("critical")
    panel.locator("input[type=search]").fill("mart_activation_customer")
    panel.locator("th button").first.click()
    with page.tab.expect_download() as download:
        panel.locator("button.csv").click()
    lines = Path(download.value.path()).read_text(encoding="utf-8").splitlines()
    (expected,) = database.execute(
        "select count(*) from quality.mart_data_quality_results where severity = 'critical' and is_newest_run "
        "and concat_ws(' ', asset_name, expectation_name, column_name, message) ilike '%mart_activation_customer%'"
    ).fetchone()
    assert lines[0].startswith("asset_name,")
    assert len(lines) - 1 == expected


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_has_contrast(release, open_page, theme):
    page = open_page(release / PAGE_NAME, color_scheme=theme)
    assert page.tab.evaluate("() => document.documentElement.dataset.theme") == theme
    ratios = page.tab.evaluate(
        """() => {
            const level = (text) => { const [r, g, b] = text.match(/[\\d.]+/g).map(Number).map((v) => v / 255)
                .map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
            const ground = (node) => { for (; node; node = node.parentElement) {
                const colour = getComputedStyle(node).backgroundColor; if (!/, 0\\)$|transparent/.test(colour)) return colour; } return "rgb(255, 255, 255)"; };
            return [...document.querySelectorAll("h1, h2, h3, p, th, td:not([style]), .tile div, label, button")].filter((n) => n.offsetParent).slice(0, 800)
                .map((node) => { const [a, b] = [level(getComputedStyle(node).color), level(ground(node))].sort((x, y) => y - x);
                    return [(a + 0.05) / (b + 0.05), node.tagName + ": " + node.textContent.slice(0, 40)]; }).filter(([ratio]) => ratio < 4.5);
        }"""
    )
    assert ratios == []


def test_a_phone_shows_it_without_scrolling_sideways(release, open_page):
    page = open_page(release / PAGE_NAME, viewport={"width": 390, "height": 844})
    assert page.tab.evaluate("() => document.documentElement.scrollWidth") <= 390
    assert page.complaints == []


def test_the_keyboard_reaches_the_controls(release, open_page):
    page = open_page(release / PAGE_NAME)
    reached = set()
    for _ in range(40):
        page.tab.keyboard.press("Tab")
        reached.add(
            page.tab.evaluate(
                "() => document.activeElement.id || document.activeElement.className || document.activeElement.tagName"
            )
        )
    assert {"segment", "theme", "skip"} <= reached


def test_text_from_data_is_never_markup(release, open_page, tmp_path):
    # Names and comments come from outside: whatever they hold, the page shows it as text.
    hostile = "</script><script>alert(1)</script><img src=x onerror=alert(2)>{{library}}\u2028';alert(3);//"
    spoiled = tmp_path / "spoiled.duckdb"
    shutil.copyfile(release / DATABASE_NAME, spoiled)
    with duckdb.connect(spoiled) as db:
        texts = db.execute(
            "select table_schema, table_name, column_name from information_schema.columns "
            "where data_type = 'VARCHAR' and table_name like 'mart_%' and column_name in "
            "('title', 'message', 'reason', 'uncounted_reasons', 'customer_id', 'table_name', 'summary')"
        ).fetchall()
        assert len(texts) > 3
        for schema, table, column in texts:
            db.execute(f"update {schema}.{table} set {column} = ? || coalesce({column}, '')", [hostile])
    file = build_page(
        spoiled,
        tmp_path / "page.html",
        as_of=AS_OF,
        published_at="2025-07-01T00:00:00+00:00",
        stale_feeds={"events": "2025-06-20"},
        cards={hostile: "cards/x.html"},
    )
    page = open_page(file)
    assert page.complaints == []
    assert "events ends on 2025-06-20" in page.tab.locator("#when").inner_text()
    assert page.tab.evaluate("() => document.querySelectorAll('main img, main script, footer script').length") == 0
    assert hostile.split("<")[0] in page.tab.locator("main").inner_text()
    assert [url for url in page.requests if not url.startswith(("file:", "data:", "blob:"))] == []


def test_specifications_are_valid_vega_lite():
    import altair

    for panel in PANELS:
        if panel.view.kind == "chart":
            altair.Chart.from_dict(panel.view.spec | {"data": {"name": "rows"}})


def test_panels_name_each_other_apart_and_read_published_marts_only(release, database):
    assert len({panel.key for panel in PANELS}) == len(PANELS)
    names = {name for (name,) in database.execute("select table_name from information_schema.tables").fetchall()}
    for panel in PANELS:
        used = set(re.findall(r"\b(mart_\w+)", panel.sql))
        assert used, panel.key
        assert used <= names, panel.key


def test_the_exposure_of_the_page_names_the_marts_it_reads():
    exposures = yaml.safe_load((REPO_ROOT / "models" / "_exposures.yml").read_text())["exposures"]
    (page,) = (exposure for exposure in exposures if exposure["name"] == "page")
    texts = [*(panel.sql for panel in PANELS), *PARTS.values(), URGENT, inspect.getsource(build)]
    assert {f"ref('{mart}')" for mart in re.findall(r"\.(mart_\w+)", " ".join(texts))} == set(page["depends_on"])


def test_the_pages_at_its_foot_are_there_and_ask_no_network_either(release, open_page):
    page = open_page(release / PAGE_NAME)
    links = {link.inner_text(): link.get_attribute("href") for link in page.tab.locator("footer a").all()}
    assert links.keys() == {"Checks in detail", "Models and columns", "Lineage of columns"}
    for address in links.values():
        led_to = open_page(release / address, wait_for_charts=False)
        led_to.tab.wait_for_load_state("networkidle")
        assert led_to.tab.locator("body").inner_text().strip(), address
        assert [url for url in led_to.requests if not url.startswith(("file:", "data:", "blob:"))] == [], address


def test_definitions_on_the_page_are_those_of_the_catalogue(database):
    known = {code for (code,) in database.execute("select metric_code from metrics.mart_metric_catalogue").fetchall()}
    for panel in PANELS:
        assert set(panel.metrics) <= known, panel.key
    assert set(re.findall(r"'(\w+)'", HEADLINES)) <= known


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
