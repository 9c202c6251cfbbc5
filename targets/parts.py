"""What travels of the working file, and which of it an engine does not have yet.

That is decided by content, not by load: rows change after their load too (a newer file confirms them, a customer is
erased). A raw table is compared by parts of a file, of which the engine notes a digest.
"""

from __future__ import annotations

from collections.abc import Mapping

import duckdb

from stayhouse.contract.sql import identifier, identifiers, literal

ROW_SCHEMAS = ("raw", "superseded", "quarantine")
# Small ones, compared as a whole.
OPS_TABLES = ("loads", "load_ledger", "feed_days", "expectation_results", "raw_tables")
LINES_OF_PART = 10_000
PARTS, DIFFERING = "parts", "differing"


def tables_that_travel(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, str]]:
    """Their columns with the types of DuckDB."""
    found = connection.execute(
        f"""select schema_name || '.' || table_name, column_name, data_type from duckdb_columns()
        where database_name = current_database() and not internal
            and (schema_name in {ROW_SCHEMAS} or (schema_name = 'ops' and table_name in {OPS_TABLES}))
        order by schema_name, table_name, column_index"""
    ).fetchall()
    tables: dict[str, dict[str, str]] = {}
    for table, column, kind in found:
        tables.setdefault(table, {})[column] = kind
    return tables


def is_of_files(table: str) -> bool:
    """Its rows come from lines of files."""
    return not table.startswith("ops.")


def part_of(table: str) -> tuple[str, str]:
    """The two expressions that name the part of a row."""
    if is_of_files(table):
        return "coalesce(_file_id, -1)", f"coalesce(_line // {LINES_OF_PART}, -1)"
    return "0", "0"


def compare(connection: duckdb.DuckDBPyConnection, table: str, columns: Mapping[str, str], noted: str) -> int:
    """Finds the parts of a table of which `noted` (table_name, file_id, part, digest) has another digest, or none.

    They are in the table DIFFERING afterwards, with the digest that is due: NULL for a deleted part. Returns how
    many they are.
    """
    file_id, part = part_of(table)
    # The sum of the hashes of all rows: two equal rows do not cancel each other out.
    connection.execute(
        f"""create or replace temp table {PARTS} as
        select {file_id} as file_id, {part} as part, count(*) || ' ' || sum(hash({identifiers(columns)})) as digest
        from {quoted(table)} group by all"""
    )
    found = connection.execute(
        f"""create or replace temp table {DIFFERING} as
        select file_id, part, here.digest
        from {PARTS} as here full join
            (select * from {noted} where table_name = {literal(table)}) as there using (file_id, part)
        where here.digest is distinct from there.digest"""
    ).fetchone()
    return int(found[0]) if found else 0


def changed_rows(table: str) -> str:
    """The predicate of the rows of parts that differ."""
    return f"({', '.join(part_of(table))}) in (select (file_id, part) from {DIFFERING})"


def quoted(table: str) -> str:
    """'schema.table' with its parts in quotes."""
    return ".".join(identifier(part) for part in table.split("."))
