"""Brings tables that dbt has built on the server to the working file: the gates and the publication read them there."""

from __future__ import annotations

from collections.abc import Mapping

import duckdb

from stayhouse.contract.sql import identifier, literal, one_row
from stayhouse.postgres.server import NAME

WATERMARKS = "ops.server_watermarks"
"""Those of the server, beside the ones that the working file has of its own tables."""


def fetch(connection: duckdb.DuckDBPyConnection, tables: Mapping[str, Mapping[str, str]]) -> None:
    """Replaces tables of the working file by those of the attached server, all or none of them.

    `tables` are 'schema.table' -> type by column, as far as it is stated. What the server does not have is left out.
    """
    there = _named(connection, "table", NAME) | _named(connection, "view", NAME)
    views = _named(connection, "view", one_row(connection, "select current_database()")[0])
    connection.execute("begin transaction")
    try:
        # What dbt has built in this file is replaced behind its back: if it builds here again, then from scratch.
        connection.execute("delete from ops.model_watermarks; delete from ops.settled")
        for table, types in tables.items():
            if table in there:
                _replace(connection, table, types, table in views)
        connection.execute(f"create or replace table {WATERMARKS} as from {NAME}.ops.model_watermarks")
        connection.execute("commit")
    except BaseException:
        connection.execute("rollback")
        raise


def _named(connection: duckdb.DuckDBPyConnection, kind: str, database: str) -> set[str]:
    """The tables or views of a database, with their schemas."""
    found = connection.execute(
        f"select schema_name || '.' || {kind}_name from duckdb_{kind}s() where database_name = {literal(database)}"
    ).fetchall()
    return {name for (name,) in found}


def _replace(connection: duckdb.DuckDBPyConnection, table: str, types: Mapping[str, str], is_view: bool) -> None:
    name = quoted(table)
    if is_view:
        connection.execute(f"drop view {name}")
    connection.execute(f"create schema if not exists {identifier(table.split('.')[0])}")
    columns = connection.execute(f"select column_name from (describe {NAME}.{name})").fetchall()
    selected = ", ".join(_typed(column, types.get(column)) for (column,) in columns)
    connection.execute(f"create or replace table {name} as select {selected} from {NAME}.{name}")


def _typed(column: str, kind: str | None) -> str:
    name = identifier(column)
    return f"cast({name} as {kind}) as {name}" if kind else name


def quoted(table: str) -> str:
    """'schema.table' with its parts in quotes."""
    return ".".join(identifier(part) for part in table.split("."))
