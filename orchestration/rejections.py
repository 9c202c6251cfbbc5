"""What to say first about rows that were rejected in large shares: in a table of totals nobody would notice them."""

from __future__ import annotations

import duckdb

from stayhouse.contract import RawTable
from stayhouse.contract.words import listed
from stayhouse.loading.examples import in_words
from stayhouse.orchestration.settings import Settings
from stayhouse.orchestration.warehouse import open_warehouse

# The newest load by table, with the most frequent reasons.
QUARANTINED = """
    with newest as (select max(load_id) as load_id from ops.loads),
    tables as (
        select table_name, sum(rows_in_file) as rows_count, sum(rows_quarantined) as rejected_count
        from ops.load_ledger where load_id = (select load_id from newest) group by table_name
    ),
    reasons as (
        select table_name, reasons, count(*) as rejected_count
        from ops.quarantined_rows where _load_id = (select load_id from newest) group by all
    )
    select table_name, any_value(tables.rejected_count) as rejected_count, any_value(tables.rows_count) as rows_count,
        list(reasons.reasons order by reasons.rejected_count desc, reasons.reasons) as reasons
    from tables inner join reasons using (table_name)
    cross join core.policy as policy
    group by table_name
    having 100.0 * any_value(tables.rejected_count)
        > any_value(policy.quarantined_share_pct) * any_value(tables.rows_count)
    order by rejected_count desc, table_name
"""
# Unknown questions are named as codes that policy does not know.
ANSWERS = """
    with counted as (
        select count(*) as rows_count, count(reject_reason) filter (where reject_reason <> 'unknown_question')
            as rejected_count
        from core.fct_survey_answers
    )
    select rejected_count, rows_count from counted cross join core.policy as policy
    where 100.0 * rejected_count > policy.rejected_answers_share_pct * rows_count
"""
SHOWN_REASONS = 3


def describe_rejections(settings: Settings) -> list[str]:
    """One line per raw table and one about answers, when more was rejected than policy tolerates."""
    with open_warehouse(settings.warehouse) as connection:
        try:
            tables = connection.execute(QUARANTINED).fetchall()
            answers = connection.execute(ANSWERS).fetchall()
        except duckdb.CatalogException:
            # The build stopped before it came to these tables.
            return []
    lines = [
        f"{table}: {_share(rejected, rows)} of the new files are in quarantine: "
        f"{_named(settings.tables[table], reasons)}. "
        f"quarantine.{table} of {settings.warehouse} has them with file and line; correct the source and deliver again"
        for table, rejected, rows, reasons in tables
    ]
    return lines + [
        f"survey_answers: {_share(rejected, rows)} have a score that their question does not allow and count in no "
        "index; feedback.mart_survey_violations lists them"
        for rejected, rows in answers
    ]


def _share(rejected: int, rows: int) -> str:
    return f"{rejected:,} of {rows:,} rows ({100.0 * rejected / rows:.1f} %)"


def _named(table: RawTable, reasons: list[str]) -> str:
    return listed([in_words(table, reason) for reason in reasons], SHOWN_REASONS, "reasons", "; ")
