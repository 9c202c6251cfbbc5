"""SQL that every package writes: quoting, types of raw columns, names of technical columns, queries of one row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stayhouse.contract.tables import Column

if TYPE_CHECKING:
    import duckdb

# Names of DuckDB types begin with one of these: DECIMAL(18,2), TIMESTAMP WITH TIME ZONE.
NUMERIC_TYPES = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT",
                 "FLOAT", "DOUBLE", "DECIMAL")  # fmt: skip
TEMPORAL_TYPES = ("TIMESTAMP", "DATE")
WITHOUT_BARS = "set enable_progress_bar = false"
# Texts of others in columns that this project has named: unknown columns, and broken lines of exports.
EXPORT_TEXT = "_export_text"
FOREIGN_TEXTS = ("_extra", EXPORT_TEXT)
# Columns that lead from a raw row back to the line of its file.
ORIGIN_COLUMNS = ("_load_id", "_file_id", "_line")
# Columns that the loader adds to every raw table, with their types.
TECHNICAL_COLUMNS = {"_extra": "VARCHAR", "_load_id": "BIGINT", "_file_id": "INTEGER", "_line": "BIGINT"}


def identifier(name: str) -> str:
    """A quoted identifier."""
    return '"' + name.replace('"', '""') + '"'


def identifiers(names: Iterable[str]) -> str:
    """Quoted identifiers, separated by commas."""
    return ", ".join(identifier(name) for name in names)


def literal(value: object) -> str:
    """A quoted text literal."""
    return "'" + str(value).replace("'", "''") + "'"


def literals(values: Iterable[object]) -> str:
    """Quoted text literals, separated by commas."""
    return ", ".join(literal(value) for value in values)


def raw_type(column: Column) -> str:
    """The DuckDB type of the raw column. JSON is stored as text: it is validated, not taken apart."""
    return "VARCHAR" if column.data_type == "json" else column.data_type.upper()


def connect(database: Path | str = ":memory:", read_only: bool = False) -> duckdb.DuckDBPyConnection:
    """A connection that does not draw bars of its own: DuckDB does for every query of more than two seconds."""
    import duckdb

    connection = duckdb.connect(database, read_only=read_only)
    connection.execute(WITHOUT_BARS)
    return connection


def connect_for_work(
    database: Path | str = ":memory:", read_only: bool = False, *, memory_limit: str, spill: Path | None = None
) -> duckdb.DuckDBPyConnection:
    """A connection that reads and writes moments in UTC and takes a bounded amount of memory ('5GB').

    What does not fit is written to the folder `spill`, by default to one that DuckDB chooses.
    """
    connection = connect(database, read_only)
    try:
        connection.execute("set TimeZone = 'UTC'")
        # Not as a parameter: DuckDB imports pandas for those.
        connection.execute(f"set memory_limit = {literal(memory_limit)}")
        if spill:
            connection.execute(f"set temp_directory = {literal(spill)}")
    except BaseException:
        connection.close()
        raise
    return connection


def columns_of(connection: duckdb.DuckDBPyConnection, relation: str) -> dict[str, str]:
    """Column -> type; empty for an unknown relation."""
    import duckdb

    try:
        return {name: kind for name, kind, *_ in connection.execute(f"describe {relation}").fetchall()}
    except duckdb.CatalogException:
        return {}


def one_row(
    connection: duckdb.DuckDBPyConnection, sql: str, parameters: Sequence[object] | None = None
) -> tuple[Any, ...]:
    """The row of a query that returns exactly one."""
    (row,) = connection.execute(sql, parameters).fetchall()
    return tuple(row)
