"""Spans of periods and comparisons: parts are added up, what does not add up says so, and no number is another than that
of the marts."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date

import duckdb
import pytest

from stayhouse.page import PAGE_NAME, build_page
from stayhouse.page.charts import BAD
from stayhouse.page.sections import SECTIONS
from stayhouse.publishing.release import DATABASE_NAME

pytestmark = [pytest.mark.slow, pytest.mark.repetition]
SPAN = {"from": "2025-05-01", "period": ""}
ENDS = (date(2025, 5, 1), date(2025, 6, 1))


@pytest.fixture(scope="module")
def page(release, browser) -> Iterator:
    from nights.page.conftest import Opened

    opened = Opened(browser, release / PAGE_NAME)
    yield opened
    opened.context.close()


def tile(page, code: str) -> dict:
    return page.tab.evaluate("code => window.stayhouse.tileRow(code)", code)


def published(database, metric: str, first: date, last: date) -> tuple[float, float]:
    """Numerator and denominator of a metric over everybody and several months."""
    return database.execute(
        "select sum(numerator_amount), sum(denominator_amount) from metrics.mart_metric_values where metric_code = ? and "
        "dimension_name = 'all' and date_trunc('month', period_start_date) between ? and ? and metric_amount is not null",
        [metric, first, last],
    ).fetchone()


@pytest.mark.parametrize(
    ("filters", "first", "last"),
    [
        ({"from": "2025-05-01"}, date(2025, 5, 1), date(2025, 6, 1)),
        ({"from": "2025-04-01", "period": "2025-05-01"}, date(2025, 4, 1), date(2025, 5, 1)),
        ({"grain": "quarter", "period": "2025-04-01"}, date(2025, 4, 1), date(2025, 6, 1)),
    ],
)
def test_a_span_is_the_sum_of_its_parts(page, database, filters, first, last):
    """Only parts are summed, and divided afterwards: a mean of monthly rates would weigh a small month like a big one."""
    page.go("overview", **filters)
    compared = 0
    for code in ("customer_churn_pct", "effective_contact_pct", "feedback_closed_pct", "answered_in_time_pct"):
        num, den = published(database, code, first, last)
        if not den:
            continue
        row = tile(page, code)
        assert (row["num"], row["den"]) == pytest.approx((num, den)), code
        assert row["value"] == pytest.approx(100 * num / den, abs=1e-3), code
        assert row["ci_lo"] <= row["value"] <= row["ci_hi"]
        compared += 1
    assert compared > 2
    # Another sum of the same months is in the mart of churn, which pools three of them.
    if "grain" in filters:
        (pooled,) = database.execute(
            "select quarter_churn_pct from churn.mart_churn_monthly where dimension_name = 'all' and churn_month = date '2025-06-01'"
        ).fetchone()
        if pooled is not None:
            assert tile(page, "customer_churn_pct")["value"] == pytest.approx(pooled, abs=1e-3)


def test_an_interval_of_a_sum_is_made_like_that_of_a_month(page):
    """The page has the formula of the marts once more, for periods that no mart has; both must agree on a month."""
    page.go("overview")
    compared = set()
    for row in page.all_rows("overview_tiles"):
        if row["adding"] == "sum" and row["ci_lo"] is not None:
            bounds = page.tab.evaluate(
                "row => window.stayhouse.INTERVALS[row.interval](row.num, row.den)",
                {name: row[name] for name in ("interval", "num", "den")},
            )
            assert bounds == pytest.approx([row["ci_lo"], row["ci_hi"]], abs=2e-4), row
            compared.add(row["interval"])
            if len(compared) == 2 and row["dimension"] != "all":
                break
    assert compared == {"wilson", "byar"}


def test_a_bridge_over_a_span_closes(page, database):
    """Opening of the first month, closing of the last, and everything in between, to the customer and the cent."""
    page.go("churn", **SPAN)
    expected = database.execute(
        "select arg_min(opening_count, churn_month), sum(new_count), sum(churned_count), arg_max(closing_count, churn_month) "
        "from churn.mart_churn_monthly where dimension_name = 'all' and churn_month between ? and ? and is_complete",
        ENDS,
    ).fetchone()
    rows = page.rows("churn_bridge")
    steps = {row["step"]: row for row in rows}
    found = [steps.get(step, {"amount": 0})["amount"] for step in ("opening", "new", "churned", "closing")]
    assert found == [expected[0], expected[1], -expected[2], expected[3]]
    for key in ("churn_bridge", "churn_money"):
        amounts = [row["amount"] for row in page.rows(key)]
        assert sum(amounts[:-1]) == pytest.approx(amounts[-1]), key
    assert "May 2025 – Jun 2025" in page.tab.locator("#panel-churn_bridge").inner_text()
    assert {row["period"] for row in rows} == {"2025-05-01"}


def test_reasons_of_a_span_are_shares_of_all_its_churn(page, database):
    page.go("churn", **SPAN)
    expected = dict(
        database.execute(
            "select reason_code, count(*) from churn.mart_churn_events where churned_month between ? and ? group by 1",
            ENDS,
        ).fetchall()
    )
    assert {row["reason_code"]: row["churned_count"] for row in page.rows("churn_why")} == expected
    assert sum(row["churn_share_pct"] for row in page.rows("churn_why")) == pytest.approx(100)
    # The list behind the bars has the same span.
    assert len(page.rows("churn_customers")) == sum(expected.values())
    for row in page.rows("churn_why"):
        listed = page.tab.evaluate("row => window.stayhouse.drillRows('churn_why', row)", row)
        assert len(listed) == row["churned_count"], row


def test_what_does_not_add_up_says_so_and_shows_its_last_period(page):
    """Distinct customers of two months are not the sum of both."""
    page.go("overview", **SPAN)
    for code, said in (("nps_month_points", "Does not add up"), ("usage_healthy_pct", "the state of a day")):
        row = tile(page, code)
        months = [one for one in page.all_rows("overview_tiles") if (one["tile"], one["dimension"], one["grain"]) == (code, "all", "month")]  # fmt: skip
        assert (row["num"], row["den"]) in {(one["num"], one["den"]) for one in months}, code
        assert said in page.tab.locator(f"[data-tile={code}]").inner_text(), code
    page.go("usage", **SPAN)
    assert "Does not add up over several periods" in page.tab.locator("#panel-usage_recency").inner_text()
    assert {row["period"] for row in page.rows("usage_status")} > {"2025-06-30"}
    assert all(row["period"] >= "2025-05-01" for row in page.rows("usage_status"))


def test_a_span_is_kept_in_the_address_and_follows_the_grain(release, open_page):
    page = open_page(release / PAGE_NAME, at="#/churn?from=2025-04-01&period=2025-05-01")
    assert page.tab.locator("#filter-from").input_value() == "2025-04-01"
    page.tab.select_option("#filter-period", "")
    page.ready()
    chosen = "() => [window.stayhouse.state.grain, window.stayhouse.state.from, window.stayhouse.state.period]"
    assert page.tab.evaluate(chosen) == ["month", "2025-04-01", ""]
    # All three months are a single quarter.
    page.tab.select_option("#filter-grain", "quarter")
    page.tab.wait_for_function("() => window.stayhouse.state.grain === 'quarter'")
    assert page.tab.evaluate(chosen) == ["quarter", "", ""]
    # A beginning after the end is none.
    page = open_page(release / PAGE_NAME, at="#/churn?from=2025-06-01&period=2025-05-01")
    assert page.tab.evaluate(chosen) == ["month", "", "2025-05-01"]
    assert page.complaints == []


def test_a_span_is_chosen_on_a_phone_with_the_keyboard(release, open_page):
    page = open_page(release / PAGE_NAME, viewport={"width": 390, "height": 844})
    # Two lists of months say nothing without their names.
    for name in ("From", "Up to", "Compare with"):
        assert page.tab.get_by_text(name, exact=True).is_visible(), name
    page.tab.locator("#filter-from").focus()
    page.tab.keyboard.press("ArrowDown")
    page.tab.wait_for_function("() => window.stayhouse.state.from !== ''")
    page.ready()
    assert page.tab.evaluate("() => document.activeElement.id") == "filter-from"
    assert page.tab.evaluate("() => document.documentElement.scrollWidth") <= 390


def test_a_chart_shows_the_earlier_period_paler(page):
    """Only tiles compared: a chart of reasons said nothing about the month before."""
    page.go("churn")
    drawn = page.tab.evaluate("() => window.stayhouse.drawnRows('churn_why')")
    by_period = {name: {row["period"] for row in drawn if row["compared"] == name} for name in ("now", "before")}
    assert by_period == {"now": {"2025-06-01"}, "before": {"2025-05-01"}}
    panel = page.tab.locator("#panel-churn_why")
    assert {"shown period", "period before"} <= set(panel.locator("svg text").all_text_contents())
    panel.get_by_role("button", name="Table").press("Enter")
    assert panel.locator("table.list th").first.inner_text() == "compared"
    assert {"shown period", "period before"} <= set(panel.locator("tbody td:first-child").all_inner_texts())
    assert page.complaints == []


def test_a_line_lies_over_that_of_the_span_before(page):
    """The month of an earlier span is drawn at the month with the same place, and its table names the real one."""
    page.go("contacts", **{"from": "2025-05-01", "period": "2025-06-01"}, compare="previous")
    drawn = page.tab.evaluate("() => window.stayhouse.drawnRows('contacts_reach')")
    earlier = [row for row in drawn if row.get("compared") == "before"]
    assert earlier
    assert all(row["period"] > row["real_period"] for row in earlier)
    real = {row["real_period"] for row in earlier}
    assert real <= {"2025-03-01", "2025-04-01"}
    rows = {(row["channel"], row["period"]): row["effective_pct"] for row in page.all_rows("contacts_reach") if row["grain"] == "month"}  # fmt: skip
    for row in earlier:
        assert row["effective_pct"] == rows[row["channel"], row["real_period"]]


def test_weeks_are_compared_with_the_nearest_a_year_before(release, open_page):
    """Weeks have no date in common with those of a year before, and the last snapshot falls inside a month."""
    page = open_page(release / PAGE_NAME)
    page.tab.evaluate(
        """async () => { const rows = await window.stayhouse.allRows('usage_status'); const [row] = rows;
            rows.length = 0;
            for (const period of ['2024-06-01', '2024-06-29', '2024-07-20', '2025-06-01', '2025-06-30', '2025-07-30'])
                rows.push({ ...row, dimension: 'all', member: 'all', period }); }"""
    )
    page.go("usage", compare="year")
    drawn = page.tab.evaluate("() => window.stayhouse.drawnRows('usage_status')")
    assert {(row["period"], row["real_period"]) for row in drawn if row.get("compared") == "before"} == {
        ("2025-06-01", "2024-06-01"), ("2025-06-30", "2024-06-29"),
    }  # fmt: skip


def test_a_panel_that_cannot_compare_says_so(page):
    page.go("churn", compare="year")
    assert "Cannot be compared with the year before" in page.tab.locator("#panel-churn_bridge").inner_text()
    assert "No rows of the year before" in page.tab.locator("#panel-churn_why").inner_text()
    page.go("churn", compare="target")
    assert "No target" not in page.tab.locator("#panel-churn_rate").inner_text()
    assert "No target is set for this panel" in page.tab.locator("#panel-churn_why").inner_text()
    page.go("churn")
    assert "Cannot be compared" not in page.tab.locator("main").inner_text()


TARGETS = [panel for section in SECTIONS for panel in section.panels if panel.target]


@pytest.mark.parametrize("panel", TARGETS, ids=lambda panel: panel.key)
def test_a_chosen_target_is_drawn_or_said_to_be_missing(page, panel):
    """A target far from the data was named below the chart, also when a reader asked to compare with it."""
    page.go(next(section.key for section in SECTIONS if panel in section.panels), compare="target")
    targets = [row[panel.target] for row in page.rows(panel.key) if row[panel.target] is not None]
    place = page.tab.locator(f"#panel-{panel.key}")
    assert ("No target is set" in place.inner_text()) is not bool(targets)
    assert targets
    if panel.view.kind == "heat":
        assert place.locator("thead th").last.inner_text() == "target"
        assert float(place.locator("td.target").first.inner_text()) == pytest.approx(targets[0])
    else:
        marks = "path[stroke-dasharray]" if "strokeDash" in str(panel.view.spec) else f"path[fill='{BAD}']"
        assert place.locator(f"svg {marks}").count() >= 1


def test_panels_without_a_target_say_so(page):
    """A red tick at what is usual sets no target."""
    for view, key in (("journeys", "journeys_stages"), ("experience", "cx_drivers"), ("churn", "churn_revenue")):
        page.go(view, compare="target")
        assert "No target is set for this panel" in page.tab.locator(f"#panel-{key}").inner_text(), key


def test_targets_are_those_of_the_policy(page, database):
    """Of tiles, charts and the list of metrics alike; a segment has a target of its own."""
    targets = dict(
        database.execute(
            "select metric_code, target_amount from metrics.mart_metric_targets where dimension_name = 'all'"
        ).fetchall()
    )
    assert targets["customer_churn_pct"] == 5
    page.go("overview")
    for row in page.all_rows("overview_metrics"):
        assert row["target_amount"] == targets.get(row["metric_code"]), row["metric_code"]
    for row in page.all_rows("overview_periods"):
        assert row["target_amount"] == targets.get(row["metric"]), row["metric"]
    found = {(row["dimension"], row["member"], row["target"]) for row in page.all_rows("overview_tiles") if row["tile"] == "activation_long_pct"}  # fmt: skip
    assert {("all", "all", 60), ("segment", "agency", 50)} <= found
    assert {target for _, member, target in found if member != "agency"} == {60}


@pytest.mark.parametrize(("start", "greyed"), [("2025-05-15", {"2025-04-01", "2025-05-01"}), (None, {"2025-04-01", "2025-05-01", "2025-06-01"})])  # fmt: skip
def test_months_before_the_records_are_greyed(release, open_page, tmp_path, start, greyed):
    """An export of the customers who stayed showed years without churn, drawn like years of good work."""
    file = tmp_path / "survivors.duckdb"
    shutil.copyfile(release / DATABASE_NAME, file)
    with duckdb.connect(file) as db:
        db.execute(
            "update quality.mart_observation_starts set rows_count = 10, observed_from_date = cast(? as date) "
            "where source_code = 'billing'", [start],
        )  # fmt: skip
    page = open_page(
        build_page(file, tmp_path / "page.html", as_of=date(2025, 6, 30), published_at="2025-07-01T00:00:00Z")
    )
    page.go("churn")
    rects = page.tab.evaluate("() => window.stayhouse.greyed('churn_flows')")
    assert set(rects) == {period for period in greyed if period in {row["period"] for row in page.rows("churn_flows")}}
    said = page.tab.locator("#panel-churn_flows").inner_text()
    assert ("before 15 May 2025 only customers who stayed" if start else "churn is not measured") in said
    page.go("churn", period="2025-05-01")
    assert "survivors only" in page.tab.locator("#panel-churn_bridge").inner_text()
    page.go("overview", period="2025-05-01")
    assert "survivors only" in page.tab.locator("[data-tile=customer_churn_pct]").inner_text()
    assert "survivors only" not in page.tab.locator("[data-tile=effective_contact_pct]").inner_text()
    assert page.complaints == []


def test_two_pages_of_one_publication_are_the_same(release, tmp_path):
    """A diff of two pages showed rows in another order, and a zero below zero."""
    first, second = (
        build_page(release / DATABASE_NAME, tmp_path / name, as_of=date(2025, 6, 30), published_at="2025-07-01")
        for name in ("one.html", "two.html")
    )
    assert first.read_bytes() == second.read_bytes()
