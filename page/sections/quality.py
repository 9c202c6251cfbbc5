"""Data quality: can the numbers above be trusted?"""

from stayhouse.page.charts import BAD, CALM, axis, bars, coded, each_date, tooltip
from stayhouse.page.panel import Chart, Column, Panel, Section, Table

TABLES = """
    select table_name, file_rows_count, current_rows_count, superseded_rows_count, duplicate_rows_count,
        quarantined_rows_count, quarantined_pct, last_event_at
    from quality.mart_raw_accounting
    where uncounted_reasons = 'all'
    order by quarantined_rows_count desc, file_rows_count desc, table_name
"""

REASONS = """
    select table_name, uncounted_reasons, quarantined_rows_count, quarantined_files_count
    from quality.mart_raw_accounting
    where uncounted_reasons <> 'all' and quarantined_rows_count > 0
    order by quarantined_rows_count desc, table_name, uncounted_reasons
"""

CHECKS = """
    select asset_name, expectation_name, column_name, severity, is_passed, unexpected_count, message
    from quality.mart_data_quality_results
    where is_newest_run
    order by is_passed, severity, asset_name, expectation_name, column_name
"""

TAXONOMY = """
    select cast(date_trunc('week', event_date) as date) as period,
        case when is_known then 'known' else 'unknown' end as kind,
        sum(events_count) as events_count
    from quality.mart_event_taxonomy_health
    where event_date is not null
    group by all
    order by all
"""

QUALITY = Section(
    "quality",
    "Data quality",
    "Every row of every file is loaded, a duplicate, superseded by a newer version, or in quarantine with its reason. "
    "A failed critical check withholds the whole publication, so everything on this page has passed them.",
    (
        Panel(
            "quality_tables",
            "Raw tables",
            "What became of the rows of every file.",
            TABLES,
            Table((
                Column("table_name", "table", codes="table"),
                Column("file_rows_count", "rows in files", "number"),
                Column("current_rows_count", "current", "number"),
                Column("superseded_rows_count", "superseded", "number"),
                Column("duplicate_rows_count", "duplicate", "number"),
                Column("quarantined_rows_count", "quarantined", "number"),
                Column("quarantined_pct", "quarantined", "percent"),
                Column("last_event_at", "newest row", "date"),
            ), shown=8),
            wide=True,
        ),
        Panel(
            "quality_events",
            "Events by week",
            "A gap is a break in tracking. Unknown names are events that no row of the catalogue explains.",
            TAXONOMY,
            Chart(bars(
                each_date("period", ""),
                axis("events_count", "Q", "events"),
                coded("kind", "", {"known": CALM, "unknown": BAD}),
                tooltip(("period", "week of", "date"), ("kind", "name", ""), ("events_count", "events", ",.0f")),
            )),
            needs=("events",),
            codes={"kind": "event_name"},
            by="upto",
            wide=True,
        ),
        Panel(
            "quality_checks",
            "Checks of this run",
            "What was checked in this run, and what failed.",
            CHECKS,
            Table((
                Column("asset_name", "what", filter=True, codes="relation"),
                Column("expectation_name", "check", "words", codes="check"),
                Column("column_name", "column", "words", codes="column"),
                Column("severity", "severity", filter=True, codes="severity"),
                Column("is_passed", "holds", "yes_no", filter=True),
                Column("unexpected_count", "rows", "number"),
                Column("message", "in words", "words"),
            ), shown=8),
            wide=True,
        ),
        Panel(
            "quality_quarantine",
            "In quarantine",
            "Rows that broke a rule of their table, by reason.",
            REASONS,
            Table((
                Column("table_name", "table", filter=True, codes="table"),
                Column("uncounted_reasons", "reasons", "words"),
                Column("quarantined_rows_count", "rows", "number"),
                Column("quarantined_files_count", "files", "number"),
            )),
            empty="Nothing is in quarantine.",
            wide=True,
            most=500,
            whole=(("every reason", "parquet/mart_raw_accounting.parquet"),),
        ),
    ),
)  # fmt: skip
