"""The page of a million customers: small, quick to open, and honest about what it leaves out.

No company of that size is built here: the published marts of the small company are multiplied in place, to at least the
rows that they would have.
"""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import duckdb
import pytest

from stayhouse.page import PAGE_NAME, build_page
from stayhouse.page.build import read_page
from stayhouse.page.cards import MOST_CARDS, write_cards
from stayhouse.page.sections import SECTIONS
from stayhouse.publishing.release import DATABASE_NAME

pytestmark = [pytest.mark.slow, pytest.mark.repetition]
AS_OF = date(2025, 6, 30)
CUSTOMERS, OPEN_ALERTS, MANAGERS = 1_000_000, 200_000, 3_000
PANELS = {panel.key: panel for section in SECTIONS for panel in section.panels}
VIEW_OF = {panel.key: section.key for section in SECTIONS for panel in section.panels}

# Every customer becomes many, each with an id of its own.
COPIES = """
    insert into {table} by name
    select rows.* replace (rows.customer_id || '-' || copies.copy as customer_id {more})
    from (select * from {table} where {condition}) as rows
    cross join (select unnest(generate_series(1, {copies})) as copy) as copies
"""
OWNER = ", 'm' || copies.copy % {managers} as {column}"

# A curve that has a step on every day.
SURVIVAL = """
    insert into retention.mart_survival by name
    select any_row.* replace (
        days.day as period_order, 1000000 - 500 * days.day as at_risk_count, 99.8765 - days.day / 20.0 as surviving_pct,
        98.7654 - days.day / 20.0 as surviving_ci_lo, 99.9876 - days.day / 20.0 as surviving_ci_hi
    )
    from (
        select distinct on (dimension_name, dimension_value) * from retention.mart_survival where period_grain_code = 'day'
        order by all
    ) as any_row
    cross join (select unnest(generate_series(0, 1800)) as day) as days
"""
# Grids that are full: the newest cohort of each and thirteen before it, each seen in the periods that it is old. The
# newest month is four weeks older than the newest week.
GRIDS = """
    create temp table newest as
    select distinct on (setting_code, definition_code, dimension_name, dimension_value) *
    from retention.mart_retention_grid
    where cohort_grain_code <> 'all'
    order by cohort_start_date desc, cohort_label, first_period_order;
    delete from retention.mart_retention_grid where cohort_grain_code <> 'all';
    insert into retention.mart_retention_grid by name
    select newest.* replace (
        newest.cohort_start_date - to_days(cast(7 * cohorts.age as integer)) as cohort_start_date,
        newest.cohort_label || '-' || cohorts.age as cohort_label, 123456 as cohort_size_count,
        periods.period as first_period_order, periods.period as last_period_order,
        54321 as retained_num, 123456 as retained_den, 44.0003 as retained_pct
    )
    from newest
    cross join (select unnest(generate_series(0, 13)) as age) as cohorts
    inner join (select unnest(generate_series(0, 13)) as period) as periods
        on periods.period <= cohorts.age + case
            when newest.cohort_grain_code = 'month' and newest.period_grain_code = 'week' then 4 else 0
        end
"""
# Two more years of history of the indices, and of everything else that has a row a period.
INDICES = """
    insert into cx.mart_cx_indices by name
    select indices.* replace (period_start_date - to_months(cast(3 * back as integer)) as period_start_date)
    from cx.mart_cx_indices as indices
    cross join (select unnest(generate_series(1, 12)) as back) as earlier
"""
REASONS = """
    insert into quality.mart_raw_accounting by name
    select table_name, 'another reason, number ' || n as uncounted_reasons, n as quarantined_rows_count,
        1 as quarantined_files_count
    from (values ('events')) as tables(table_name), range(5000) as numbers(n)
"""

# Forty members of each breakdown, two more attributes, and three years of months: as broad as the page shows.
MEMBERS, ATTRIBUTES = 40, ("attribute_industry", "attribute_country")
HISTORY = {
    "churn.mart_churn_monthly": "churn_month", "churn.mart_churn_quality": "period_start_date",
    "metrics.mart_metric_values": "period_start_date", "activation.mart_activation_cohort": "registration_month",
    "contacts.mart_contact_kpi": "contact_month",
}  # fmt: skip
GROUPS = {
    "customer_360.mart_customer_360": ("region", "acquisition_channel", "usage_segment_code", "plan_code"),
    "activation.mart_activation_customer": ("region", "acquisition_channel", "segment_code"),
}


def widen(db: duckdb.DuckDBPyConnection) -> None:
    """Every mart by as many members, attributes and months as the page shows, with figures that do not repeat."""
    tables = db.execute(
        "select table_schema || '.' || table_name from information_schema.columns "
        "where column_name in ('dimension_name', 'dimension_value') group by all having count(*) = 2 order by 1"
    ).fetchall()
    for (table,) in tables:
        of_attributes = f"from {table} where dimension_name like 'attribute%'"
        for attribute in ATTRIBUTES:
            db.execute(
                f"insert into {table} by name select * replace ('{attribute}' as dimension_name) {of_attributes} "
                "and dimension_name = (select min(dimension_name) " + of_attributes + ")"
            )
        counts = db.execute(
            f"select dimension_name, count(distinct dimension_value) from {table} "
            "where dimension_name not in ('all', 'health_status', 'recency_band') group by 1 order by 1"
        ).fetchall()
        for name, members in counts:
            db.execute(
                f"insert into {table} by name select rows.* replace (dimension_value || ' ' || copy as dimension_value) "
                f"from {table} as rows, range(1, {-(-MEMBERS // members)}) as copies(copy) where dimension_name = ?", [name]
            )  # fmt: skip
    for table, column in HISTORY.items():
        db.execute(
            f"insert into {table} by name select rows.* replace (cast({column} - to_months(cast(3 * back as integer)) "
            f"as date) as {column}) from {table} as rows, range(1, 12) as earlier(back)"
        )
    # Repeated figures would be packed into nothing.
    for (table,) in tables:
        columns = db.execute(
            "select column_name, data_type from information_schema.columns where table_schema || '.' || table_name = ? "
            "and (data_type = 'DOUBLE' or (data_type = 'BIGINT' and column_name not like '%order%'))", [table]
        ).fetchall()  # fmt: skip
        changes = ", ".join(
            f"{name} = cast({name} * (0.5 + hash(rowid, {at}) % 100003 / 100003.0) as {kind})"
            for at, (name, kind) in enumerate(columns)
        )
        if changes:
            db.execute(f"update {table} set {changes}")
    for table, names in GROUPS.items():
        for name in names:
            db.execute(f"update {table} set {name} = {name} || ' ' || (hash(rowid, '{name}') % 9)")


def multiplied(release: Path, file: Path) -> Path:
    """The publication as a company of a million customers would have it."""
    shutil.copyfile(release / DATABASE_NAME, file)
    with duckdb.connect(file) as db:
        db.execute("set enable_progress_bar = false")

        def grow(table: str, wanted: int, owner: str | None = None, condition: str = "true") -> None:
            found = db.execute(f"select count(*) from {table} where {condition}").fetchone()[0]
            more = OWNER.format(managers=MANAGERS, column=owner) if owner else ""
            copies = -(-wanted // found)
            db.execute(COPIES.format(table=table, condition=condition, more=more, copies=copies))

        grow("customer_360.mart_customer_360", CUSTOMERS)
        # As many copies of each customer, whom the lists join.
        for table in ("customer_360.mart_contact_brief", "activation.mart_activation_customer"):
            grow(table, CUSTOMERS)
        grow("churn.mart_churn_events", OPEN_ALERTS)
        grow("contacts.mart_customer_contact_status", CUSTOMERS, "owner_employee_id")
        grow("alerts.mart_alerts", OPEN_ALERTS, "owner_employee_id", "is_open")
        grow("alerts.mart_alerts", OPEN_ALERTS, "owner_employee_id", "not is_open")
        grow("usage_health.mart_usage_signals", OPEN_ALERTS, "account_manager_id")
        grow("feedback.mart_feedback_cases", OPEN_ALERTS, "owner_employee_id", "not is_closed and is_followup_required")
        for sql in (SURVIVAL, GRIDS, INDICES, REASONS):
            db.execute(sql)
        widen(db)
    return file


@pytest.fixture(scope="module")
def big(release, tmp_path_factory) -> tuple[Path, dict[str, str]]:
    """Page and cards of the big company in a folder of their own."""
    folder = tmp_path_factory.mktemp("big")
    database = multiplied(release, folder / DATABASE_NAME)
    cards = write_cards(database, folder, AS_OF)
    build_page(database, folder / PAGE_NAME, as_of=AS_OF, published_at="2025-07-01T00:00:00+00:00", cards=cards)
    return folder, cards


def test_a_million_customers_fit_into_five_megabytes(big):
    folder, _ = big
    assert (folder / PAGE_NAME).stat().st_size < 5_000_000
    document = read_page((folder / PAGE_NAME).read_text(encoding="utf-8"))
    breakdowns = document["breakdowns"]
    assert {"attribute_industry", "attribute_country", "region", "plan"} <= breakdowns.keys()
    assert min(len(breakdowns[name]) for name in ("segment", "region", "acquisition_channel")) >= MEMBERS


def test_a_big_page_shows_its_first_numbers_soon(big, open_page):
    """All rows of all views were read before anything was drawn. The bound is for a machine that does other work."""
    folder, _ = big
    page = open_page(folder / PAGE_NAME)
    spent = page.tab.evaluate("() => performance.getEntriesByName('first-contentful-paint')[0].startTime")
    assert spent < 5000
    assert page.tab.locator("#panel-overview_tiles .tile").count() > 5


def test_a_list_says_what_it_leaves_out_and_where_all_of_it_is(big, open_page):
    folder, _ = big
    page = open_page(folder / PAGE_NAME)
    assert page.complaints == []
    limited = {key: panel for key, panel in PANELS.items() if panel.most}
    left_out = set()
    with duckdb.connect(folder / DATABASE_NAME, read_only=True) as db:
        for key, panel in limited.items():
            page.go(VIEW_OF[key])
            (total,) = db.execute(f"select count(*) from ({panel.sql})").fetchone()
            assert len(page.rows(key)) == min(total, panel.most), key
            if total <= panel.most:
                continue
            left_out.add(key)
            place = page.tab.locator(f"#panel-{key}")
            assert f"the first {panel.most:,} of {total:,} rows" in place.inner_text(), key
            found = {a.get_attribute("href") for a in place.locator(".legend a").all()}
            assert found == {address for _, address in panel.whole}, key
        assert left_out >= {"alerts_open", "usage_signals", "cx_open_cases", "contacts_owners", "quality_quarantine"}
        # The most urgent ones are those that stay.
        (worst,) = db.execute("select count(*) from alerts.mart_alerts where is_open and severity = 'high'").fetchone()
    severities = [row["severity"] for row in page.rows("alerts_open")]
    assert severities.count("high") == min(worst, PANELS["alerts_open"].most)


def test_there_are_only_so_many_cards_and_the_most_severe_customers_have_one(big):
    folder, cards = big
    assert len(cards) == MOST_CARDS == len(list((folder / "cards").iterdir()))
    with duckdb.connect(folder / DATABASE_NAME, read_only=True) as db:
        (severe,) = db.execute(
            "select count(distinct customer_id) from alerts.mart_alerts where is_open and severity = 'high'"
        ).fetchone()
        (without,) = db.execute(
            "select count(distinct customer_id) from alerts.mart_alerts "
            "where is_open and severity = 'high' and customer_id in (select unnest(?))", [list(cards)]
        ).fetchone()  # fmt: skip
    assert without == min(severe, MOST_CARDS)
