"""What must be true of the ledger after any load."""

from __future__ import annotations

from collections.abc import Iterable

import duckdb


def is_accounted_for(db: duckdb.DuckDBPyConnection, tables: Iterable[str]) -> None:
    """Every file balances, and the tables hold what the ledger says."""
    assert db.execute(
        "select file from ops.load_ledger where rows_in_file <> rows_loaded + rows_quarantined + rows_duplicate"
    ).fetchall() == []  # fmt: skip
    for table in tables:
        # Every current row leads to a file that holds it now.
        assert db.execute(
            f"select l.file, l.rows_loaded - l.rows_superseded, count(r._file_id) from ops.load_ledger as l "
            f"left join raw.{table} as r on r._file_id = l.file_id where l.table_name = '{table}' "
            "group by all having l.rows_loaded - l.rows_superseded <> count(r._file_id) "
            "or (l.status in ('replaced', 'copy') and count(r._file_id) > 0)"
        ).fetchall() == []  # fmt: skip
        for relation, column in (("superseded", "rows_superseded"), ("quarantine", "rows_quarantined")):
            kept = db.execute(
                f"select count(*) from {relation}.{table} where _file_id not in "
                "(select file_id from ops.load_ledger where status = 'replaced')"
            ).fetchone()
            booked = db.execute(
                f"select coalesce(sum({column}), 0) from ops.load_ledger "
                f"where table_name = '{table}' and status in ('loaded', 'copy')"
            ).fetchone()
            assert kept == booked, (table, relation)
