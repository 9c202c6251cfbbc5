"""Brings tables that dbt has built elsewhere to the working file: the gates and the publication read them there."""

from __future__ import annotations

from collections.abc import Mapping

import duckdb

from stayhouse.contract.sql import identifier, literal, one_row
from stayhouse.targets.parts import quoted

WATERMARKS = "ops.server_watermarks"
"""Those of the engine, beside the ones that the working file has of its own tables."""


def replace_tables(
    connection: duckdb.DuckDBPyConnection,
    tables: Mapping[str, Mapping[str, str]],
    sources: Mapping[str, str],
    watermarks: str,
) -> None:
    """Replaces tables of the working file, all or none of them.

    `tables` are 'schema.table' -> type by column, as far as it is stated; `sources` are the relations that DuckDB reads
    for them. What has no source is left out. `watermarks` is the relation of those of the engine.
    """
    database = one_row(connection, "select current_database()")[0]
    found = connection.execute(
        f"select schema_name || '.' || view_name from duckdb_views() where database_name = {literal(database)}"
    ).fetchall()
    views = {name for (name,) in found}
    connection.execute("begin transaction")
    try:
        # What dbt has built in this file is replaced behind its back: if it builds here again, then from scratch.
        connection.execute("delete from ops.model_watermarks; delete from ops.settled")
        for table, types in tables.items():
            if table in sources:
                if table in views:
                    connection.execute(f"drop view {quoted(table)}")
                _replace(connection, table, types, sources[table])
        connection.execute(f"create or replace table {WATERMARKS} as from {watermarks}")
        connection.execute("commit")
    except BaseException:
        connection.execute("rollback")
        raise


def _replace(connection: duckdb.DuckDBPyConnection, table: str, types: Mapping[str, str], source: str) -> None:
    connection.execute(f"create schema if not exists {identifier(table.split('.')[0])}")
    columns = connection.execute(f"select column_name, column_type from (describe from {source})").fetchall()
    selected = ", ".join(_typed(column, types.get(column) or PLAIN.get(kind)) for column, kind in columns)
    connection.execute(f"create or replace table {quoted(table)} as select {selected} from {source}")


# Moments are UTC everywhere, so an engine may say so of their type.
PLAIN = {"TIMESTAMP WITH TIME ZONE": "timestamp"}


def _typed(column: str, kind: str | None) -> str:
    name = identifier(column)
    return f"cast({name} as {kind}) as {name}" if kind else name
