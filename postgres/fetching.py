"""Which tables of the attached server come to the working file."""

from __future__ import annotations

from collections.abc import Mapping

import duckdb

from stayhouse.contract.sql import literal
from stayhouse.postgres.server import NAME
from stayhouse.targets.fetching import replace_tables
from stayhouse.targets.parts import quoted


def fetch(connection: duckdb.DuckDBPyConnection, tables: Mapping[str, Mapping[str, str]]) -> None:
    """Replaces tables of the working file by those of the attached server, all or none of them.

    `tables` are 'schema.table' -> type by column, as far as it is stated. What the server does not have is left out.
    """
    there = _named(connection, "table") | _named(connection, "view")
    sources = {table: f"{NAME}.{quoted(table)}" for table in tables if table in there}
    replace_tables(connection, tables, sources, f"{NAME}.ops.model_watermarks")


def _named(connection: duckdb.DuckDBPyConnection, kind: str) -> set[str]:
    """The tables or views of the server, with their schemas."""
    found = connection.execute(
        f"select schema_name || '.' || {kind}_name from duckdb_{kind}s() where database_name = {literal(NAME)}"
    ).fetchall()
    return {name for (name,) in found}
