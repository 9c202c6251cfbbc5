"""Data quality: can the numbers above be trusted?"""

from stayhouse.page.charts import axis, bars, tooltip
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
    select date_trunc('week', event_date) as week, case when is_known then 'known' else 'unknown' end as kind,
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
            "What became of the rows of every file?",
            TABLES,
            Table((
                Column("table_name", "table"),
                Column("file_rows_count", "rows in files", "number"),
                Column("current_rows_count", "current", "number"),
                Column("superseded_rows_count", "superseded", "number"),
                Column("duplicate_rows_count", "duplicate", "number"),
                Column("quarantined_rows_count", "quarantined", "number"),
                Column("quarantined_pct", "quarantined", "percent"),
                Column("last_event_at", "newest row", "moment"),
            )),
        ),
        Panel(
            "quality_events",
            "Events by week",
            "Did the tracking break? Unknown names are events that no catalogue row explains.",
            TAXONOMY,
            Chart(bars(
                axis("week", "T", ""),
                axis("events_count", "Q", "events"),
                axis("kind", "N", "event name is"),
                tooltip(("week", "week of", "date"), ("kind", "name", ""), ("events_count", "events", ",.0f")),
            )),
            needs=("events",),
        ),
        Panel(
            "quality_checks",
            "Checks of this run",
            "What was checked, and what did not hold?",
            CHECKS,
            Table((
                Column("asset_name", "what", filter=True),
                Column("expectation_name", "check"),
                Column("column_name", "column"),
                Column("severity", "severity", filter=True),
                Column("is_passed", "holds", "yes_no", filter=True),
                Column("unexpected_count", "rows", "number"),
                Column("message", "in words", "words"),
            )),
            wide=True,
        ),
        Panel(
            "quality_quarantine",
            "In quarantine",
            "Which rows are quarantined, and how to fix them",
            REASONS,
            Table((
                Column("table_name", "table", filter=True),
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
