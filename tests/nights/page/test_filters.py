"""Filters: each changes the panels that claim to follow it and no other, the address keeps them, and every number that
is shown is one of a mart."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator

import pytest

from stayhouse.page import PAGE_NAME
from stayhouse.page.sections import SECTIONS

pytestmark = pytest.mark.slow
PANELS = [panel for section in SECTIONS for panel in section.panels]
# Breakdowns that `make test` chooses: one of customers and one of those who look after them.
ASKED_FIRST = ("segment", "owner")
VIEW_OF = {panel.key: section.key for section in SECTIONS for panel in section.panels}


@pytest.fixture(scope="module")
def page(release, browser) -> Iterator:
    from nights.page.conftest import Opened

    opened = Opened(browser, release / PAGE_NAME)
    yield opened
    opened.context.close()


def shown(page) -> dict[str, list[dict]]:
    return {panel.key: page.rows(panel.key) for panel in PANELS}


def claims(page, name: str) -> set[str]:
    """The panels of every view that say that they follow a filter."""
    found = set()
    for section in SECTIONS:
        filters = page.tab.evaluate(
            "() => { const { theme, view, lang, ...filters } = window.stayhouse.state; return filters; }"
        )
        page.go(
            section.key,
            **{key: value for key, value in filters.items() if value and value not in ("month", "previous")},
        )
        for panel in page.tab.locator("article[data-follows]").all():
            if name in panel.get_attribute("data-follows").split():
                found.add(panel.get_attribute("id").removeprefix("panel-"))
    return found


def breakdowns(page) -> dict[str, list[str]]:
    return page.tab.evaluate("() => window.stayhouse.data.breakdowns")


@pytest.mark.parametrize("is_first", [True, pytest.param(False, marks=pytest.mark.repetition)], ids=["two", "others"])
def test_a_group_changes_the_panels_that_claim_to_follow_and_no_other(page, is_first):
    """Twelve of 34 panels obeyed the filter of segments, and the others did not say that they do not."""
    page.go("overview")
    everybody = shown(page)
    assert set(breakdowns(page)) >= {
        "segment",
        "plan",
        "region",
        "owner",
        "status",
        "acquisition_channel",
        "value_segment",
    }
    for name, members in breakdowns(page).items():
        if (name in ASKED_FIRST) != is_first:
            continue
        member = members[len(members) // 2]
        page.go("overview", by=name, value=member)
        grouped = shown(page)
        following = claims(page, "breakdown")
        assert following, name
        for key, rows in grouped.items():
            if key not in following:
                assert rows == everybody[key], (name, key)
                continue
            if rows and "dimension" in rows[0]:
                assert {(row["dimension"], row["member"]) for row in rows} == {(name, member)}, key
            else:
                assert {row[name] for row in rows} <= {member}, key
    assert page.complaints == []


def test_a_panel_that_does_not_follow_says_so(page):
    page.go("retention", by="segment", value=breakdowns(page)["segment"][0])
    page.go("service", by="segment", value=breakdowns(page)["segment"][0])
    assert "not broken down by segment" in page.tab.locator("#panel-service_in_time").inner_text()
    page.go("alerts", period="2025-05-01")
    assert "does not follow the period" in page.tab.locator("#panel-alerts_by_rule").inner_text()
    page.go("churn", grain="quarter")
    assert "Q2 2025" in page.tab.locator("#panel-churn_bridge").inner_text()
    assert "not summed by quarter" in page.tab.locator("#panel-churn_revenue").inner_text()


def test_a_period_changes_the_panels_that_claim_to_follow_and_no_other(page):
    page.go("overview")
    latest = shown(page)
    page.go("overview", period="2025-05-01")
    earlier = shown(page)
    following = claims(page, "period")
    changed = {key for key in earlier if earlier[key] != latest[key]}
    assert changed <= following
    assert len(changed) > 8
    for key in following:
        for row in earlier[key]:
            assert row["period"] <= "2025-05-31", key


def test_contributions_sum_to_the_change(page):
    """Of the month before, of a span of months, and of a quarter: the bars are the change, no more and no less."""
    checked = 0
    for filters in ({}, {"period": "2025-05-01"}, {"from": "2025-05-01"}):
        page.go("overview", **filters)
        rows = page.tab.evaluate("() => window.stayhouse.allRows('overview_moved')")
        for metric in {row["metric"] for row in rows}:
            change = page.tab.evaluate("tile => window.stayhouse.changeOf(tile)", metric)
            for breakdown in {row["breakdown"] for row in rows if row["metric"] == metric}:
                parts = [row["moved"] for row in rows if (row["metric"], row["breakdown"]) == (metric, breakdown)]
                assert sum(parts) == pytest.approx(change, abs=2e-3), (metric, breakdown)
                checked += 1
    assert checked


def test_two_groups_at_once_choose_the_customers_of_both(page, database):
    """A list and a chart of customers could be filtered by one attribute only, whatever the question was."""
    customers = """
        with customers as (
            select customer_status as status, has_access or customer_status = 'paused' as is_listed,
                coalesce(region, 'unknown') as region, coalesce(usage_segment_code, 'unassigned') as segment
            from customer_360.mart_customer_360
        )
    """
    pairs = database.execute(
        f"{customers} select segment, region, count(*), count(*) filter (where is_listed) from customers"
        " where segment <> 'unassigned' group by all order by 3 desc, 1, 2 limit 3"
    ).fetchall()
    assert pairs[0][3] > 0
    for segment, region, registered, listed in pairs:
        first, second = ("segment", segment), ("region", region)
        for (by, value), (other, member) in ((first, second), (second, first)):
            page.go("customers", by=by, value=value, **{"and": other, "member": member})
            assert page.tab.locator("#filter-and").input_value() == json.dumps([other, member], separators=(",", ":"))
            assert sum(row["customers"] for row in page.rows("customers_status")) == registered
            rows = page.rows("customers_list")
            assert len(rows) == listed
            assert {(row["segment"], row["region"]) for row in rows} <= {(segment, region)}
    # Rates are published by one attribute at a time, and their panels say so.
    page.go("churn", by="segment", value=pairs[0][0], **{"and": "region", "member": pairs[0][1]})
    for key in ("churn_rate", "churn_bridge", "churn_customers"):
        said = "Not filtered by region" in page.tab.locator(f"#panel-{key}").inner_text()
        assert said is ("region" not in page.rows(key)[0] if page.rows(key) else True), key
    assert page.complaints == []


def test_a_second_group_changes_the_panels_that_claim_to_follow_and_no_other(page):
    members = breakdowns(page)
    page.go("overview", by="segment", value=members["segment"][0])
    single = shown(page)
    page.go("overview", by="segment", value=members["segment"][0], **{"and": "status", "member": "paying"})
    double = shown(page)
    following = claims(page, "second")
    assert {key for key in double if double[key] != single[key]} <= following
    assert {"customers_status", "customers_list", "alerts_by_rule", "usage_signal_counts"} <= following


def test_a_tile_shows_the_numbers_of_the_catalogue(page, database):
    """For random filters: value and base of each tile are those of the metric values that are published."""
    chance = random.Random(7)
    for _ in range(4):
        name, members = chance.choice(sorted(breakdowns(page).items()))
        member, month = chance.choice(members), chance.choice(["2025-04-01", "2025-05-01", "2025-06-01"])
        page.go("overview", by=name, value=member, period=month)
        for row in page.rows("overview_tiles"):
            if row["value"] is None:
                continue
            published = database.execute(
                "select metric_amount, denominator_amount from metrics.mart_metric_values where metric_code = ? and "
                "dimension_value = ? and date_trunc('month', period_start_date) = cast(? as date) "
                "and metric_amount is not null",
                [row["tile"], member if row["dimension"] != "all" else "all", row["period"]],
            ).fetchall()
            near = [pytest.approx(value, abs=1e-3) == row["value"] and den == row["den"] for value, den in published]
            assert any(near), row


def test_a_change_within_noise_has_no_colour(page):
    """A green arrow inside the noise made people celebrate chance."""
    page.go("overview")
    rows = [row for row in page.all_rows("overview_tiles") if row["dimension"] == "all" and row["grain"] == "month"]
    coloured = compared = 0
    for tile in page.tab.locator("#panel-overview_tiles .tile[data-tile]").all():
        series = [row for row in rows if row["tile"] == tile.get_attribute("data-tile") and row["value"] is not None]
        complete = [row for row in series if row["is_complete"]] or series
        now = complete[-1]
        before = [row for row in series if row["period"] < now["period"]][-1:]
        change = tile.locator(".change")
        if not change.count() or not before or now["ci_lo"] is None or before[0]["ci_lo"] is None:
            continue
        overlap = now["ci_lo"] <= before[0]["ci_hi"] and before[0]["ci_lo"] <= now["ci_hi"]
        marked = bool({"good", "bad"} & set(change.get_attribute("class").split()))
        assert marked is not overlap, tile.get_attribute("data-tile")
        compared += 1
        coloured += marked
    assert compared
    assert coloured <= compared


def test_the_address_restores_what_was_chosen(release, open_page, page):
    member = breakdowns(page)["segment"][0]
    shared = open_page(release / PAGE_NAME, at=f"#/churn?grain=quarter&compare=year&by=segment&value={member}&lang=uk")
    assert shared.tab.locator("#filter-grain").input_value() == "quarter"
    assert shared.tab.locator("#filter-compare").input_value() == "year"
    assert shared.tab.locator("#filter-value").input_value() == member
    assert shared.tab.locator("nav [aria-current]").get_attribute("href").startswith("#/churn")
    assert shared.tab.locator("html").get_attribute("lang") == "uk"
    page.go("churn", grain="quarter", compare="year", by="segment", value=member)
    assert shown(shared) == shown(page)


def test_the_back_button_goes_back(release, open_page):
    page = open_page(release / PAGE_NAME)
    page.tab.locator("nav.views a").nth(5).click()
    page.ready()
    page.tab.select_option("#filter-grain", "quarter")
    page.ready()
    page.tab.go_back()
    page.tab.wait_for_function("() => window.stayhouse.state.grain === 'month'")
    page.tab.go_back()
    page.tab.wait_for_function("() => window.stayhouse.state.view === 'overview'")
    page.ready()
    assert page.tab.locator("main h2").inner_text() == "Overview"


def test_an_address_of_nonsense_shows_the_overview(release, open_page):
    page = open_page(release / PAGE_NAME, at="#/nowhere?grain=century&period=x&by=shoe_size&lang=xx")
    assert page.tab.locator("main h2").inner_text() == "Overview"
    assert page.complaints == []


@pytest.mark.parametrize("key", [panel.key for panel in PANELS if panel.drill])
def test_a_bar_leads_to_the_customers_that_it_counts(page, key):
    """From a bar to its customers: the list has as many as the bar says, where the page has the whole list."""
    page.go(VIEW_OF[key])
    counted = {"customers_status": "customers", "customers_groups": "customers", "usage_recency": "customers",
               "usage_status": "customers", "usage_signal_counts": "customers", "contacts_recency": "customers",
               "churn_why": "churned_count", "alerts_by_rule": "alerts_count", "sales_rfm": "customers_num",
               "journeys_abandoned": "attempts_count"}.get(key)  # fmt: skip
    leading = page.tab.evaluate(
        """async key => { const rows = (await window.stayhouse.chosenRows(key)).filter(row => window.stayhouse.leadsSomewhere(key, row));
            return Promise.all(rows.map(async row => [row, (await window.stayhouse.drillRows(key, row)).length])); }""",
        key,
    )
    assert leading, key
    if counted:
        for row, listed in leading:
            assert listed == row[counted], (key, row)
    else:
        assert any(listed for _, listed in leading), key


def test_buyers_behind_a_bar_are_those_of_its_group(page):
    """The segment of a buyer is that of today, as the marts of segments count it, and not that of the registration."""
    page.go("sales")
    compared = page.tab.evaluate(
        """async () => { const rows = (await window.stayhouse.allRows("sales_rfm")).filter(row => !row.dimension.startsWith("attribute"));
            return Promise.all(rows.map(async row => [row.dimension, row.customers_num, (await window.stayhouse.drillRows("sales_rfm", row)).length])); }"""
    )
    assert {"all", "segment", "status", "region", "acquisition_channel"} == {dimension for dimension, *_ in compared}
    assert [row for row in compared if row[1] != row[2]] == []


def test_a_list_of_a_bar_opens_with_the_keyboard_and_leads_to_a_card(page):
    page.go("alerts")
    panel = page.tab.locator("#panel-alerts_by_rule")
    panel.get_by_role("button", name="Table").press("Enter")
    panel.get_by_role("button", name="Show").first.press("Enter")
    dialog = page.tab.locator("#drill[open]")
    assert "Open alerts by rule" in dialog.locator("h2").inner_text()
    assert dialog.locator("tbody a").first.get_attribute("href").startswith("cards/")
    with page.tab.expect_download() as download:
        dialog.locator("button.csv").click()
    assert "customer_id" in download.value.path().read_text(encoding="utf-8").splitlines()[0]
    page.tab.keyboard.press("Escape")
    assert page.tab.locator("#drill[open]").count() == 0


def test_a_click_on_a_bar_opens_its_list(page):
    page.go("customers")
    place = [row["status"] for row in page.rows("customers_status")].index("paying")
    page.tab.locator("#panel-customers_status svg g.mark-rect path").nth(place).click(force=True)
    dialog = page.tab.locator("#drill[open]")
    assert dialog.locator("h2").inner_text().startswith("Customers by status: ")
    page.tab.keyboard.press("Escape")
