"""Codes, addresses and failures that no company should have, and one day has."""

from __future__ import annotations

import json
import shutil
from datetime import date

import duckdb
import pytest

from stayhouse.page import PAGE_NAME, build_page
from stayhouse.page.sections import SECTIONS
from stayhouse.publishing.release import DATABASE_NAME

pytestmark = [pytest.mark.slow, pytest.mark.repetition]
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


def test_the_link_to_the_content_keeps_the_view(release, open_page):
    """Skip to content changed the address, and its reader was back on the overview."""
    page = open_page(release / PAGE_NAME, at="#/churn?lang=uk")
    page.tab.locator(".skip").press("Enter")
    assert page.tab.evaluate("() => document.activeElement.id") == "main"
    # A link inside the page that is followed all the same changes nothing.
    page.tab.evaluate("() => { location.hash = '#main'; }")
    page.ready()
    chosen = page.tab.evaluate("() => [window.stayhouse.state.view, window.stayhouse.state.lang]")
    assert chosen == ["churn", "uk"]


@pytest.mark.parametrize(
    "asked",
    [
        "by=constructor&value=name",
        "grain=constructor",
        "lang=constructor",
        "period=2025-13-45",
        "period=1999-01-01",
        "by=segment&value=a+group+that+is+gone",
    ],
)
def test_an_address_that_names_what_is_not_there(release, open_page, asked):
    """An old address filtered by a group that no longer exists, and every panel was empty without a word."""
    page = open_page(release / PAGE_NAME, at=f"#/churn?{asked}")
    chosen = page.tab.evaluate("() => window.stayhouse.state")
    assert (chosen["grain"], chosen["lang"], chosen["period"], chosen["value"]) == ("month", "en", "", "")
    assert chosen["by"] in ("", "segment")
    assert page.tab.locator("#panel-churn_bridge svg").count()
    assert page.complaints == []


def test_a_chart_shows_as_many_periods_as_a_reader_can_choose(release, open_page):
    """With "Year", a chart of periods had one point: eighteen months were kept, whatever the grain."""
    page = open_page(release / PAGE_NAME)
    page.tab.evaluate(
        """async () => { const rows = await window.stayhouse.allRows('service_in_time');
            const [first] = rows.filter(row => row.grain === 'year' && row.dimension === 'all');
            window.stayhouse.data.first_period = '2010-01-01';
            for (const year of [2024, 2023, 2022, 2021, 2020]) rows.push({ ...first, period: `${year}-01-01` }); }"""
    )
    page.go("service", grain="year")
    years = sorted({row["period"] for row in page.rows("service_in_time")})
    assert years == ["2022-01-01", "2023-01-01", "2024-01-01", "2025-01-01"]
    assert page.tab.locator("#filter-period option").count() == 1 + len(years)


def test_the_filter_of_a_list_outlives_the_language_but_not_its_choices(release, open_page):
    """A list filtered in English was empty in Ukrainian, and nothing on the page said why."""
    page = open_page(release / PAGE_NAME, at="#/customers")
    chosen = page.tab.locator("#panel-customers_list [data-filter=status]")
    chosen.select_option("Paying")
    listed = page.tab.locator("#panel-customers_list .count").inner_text()
    page.go("customers", lang="uk")
    assert page.tab.locator("#panel-customers_list tbody tr").count() > 0
    assert chosen.input_value() == '"paying"'
    page.go("customers", by="status", value="trial")
    assert page.tab.locator("#panel-customers_list tbody tr").count() > 0
    page.go("customers")
    assert page.tab.locator("#panel-customers_list .count").inner_text() != listed


def test_a_chart_that_is_no_longer_shown_is_finalized(release, open_page):
    """Each change of a filter left the charts before it in memory, with their rows and listeners."""
    page = open_page(release / PAGE_NAME)
    # Two changes at once: the charts of the first are replaced while they are drawn.
    page.tab.evaluate(
        """() => { const embed = window.vegaEmbed; window.alive = 0;
            window.vegaEmbed = async (...asked) => { const made = await embed(...asked); window.alive += 1;
                return { ...made, finalize: () => { window.alive -= 1; made.finalize(); } }; }; }"""
    )
    page.go("service", grain="quarter")
    page.tab.evaluate("() => { location.hash = '#/churn'; setTimeout(() => { location.hash = '#/usage'; }, 50); }")
    page.tab.wait_for_function("() => window.stayhouse.state.view === 'usage'")
    page.ready()
    page.tab.wait_for_timeout(500)
    drawn = page.tab.locator("main .chart svg.marks").count()
    assert drawn > 0
    assert page.tab.evaluate("() => window.alive") == drawn


def test_a_filled_point_has_the_colour_of_its_line(release, open_page):
    """Fills had an order of their own: a point whose window had closed changed to the colour of another line."""
    page = open_page(release / PAGE_NAME)
    compared = 0
    for section in SECTIONS:
        page.go(section.key, by="segment")
        for panel in section.panels:
            if '"fill"' not in json.dumps(getattr(panel.view, "spec", None)):
                continue
            colours = page.tab.evaluate(
                """key => { const view = window.stayhouse.view(key), scales = view?._runtime.scales;
                    return scales?.fill ? ['color', 'fill'].map(name => view.scale(name).domain().map(one => [one, view.scale(name)(one)])) : null; }""",
                panel.key,
            )
            if colours:
                assert colours[0] == colours[1], panel.key
                compared += len(colours[0]) > 1
    assert compared


def test_the_table_of_a_chart_has_the_words_of_its_tooltip(release, open_page):
    """Its headings were names of columns, such as "Index points ci lo", and its last rows were missing without a word."""
    page = open_page(release / PAGE_NAME, at="#/experience")
    panel = page.tab.locator("#panel-cx_indices")
    panel.get_by_role("button", name="Table").press("Enter")
    headings = panel.locator("table.list th").all_inner_texts()
    assert {"Period", "points", "from", "to", "n"} <= set(headings)
    page.tab.evaluate(
        "async () => { const rows = await window.stayhouse.allRows('contacts_recency'); for (let at = 0; at < 300; at += 1) rows.push({ ...rows[0] }); }"
    )
    page.go("contacts")
    panel = page.tab.locator("#panel-contacts_recency")
    panel.get_by_role("button", name="Table").press("Enter")
    assert panel.locator("tbody tr").count() == 200
    assert "The first 200 of 30" in panel.inner_text()
