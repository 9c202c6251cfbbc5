"""Ships what the loader has accepted, superseded and quarantined to the server: all of it in one transaction.

What travels is decided by content, not by load: rows change after their load too (a newer file confirms them, a
customer is erased). A raw table is compared by parts of a file, of which the server notes a digest in the transaction
that brings the rows. A part that differs is sent again, so that a killed run leaves nothing half done and a repeated
one sends nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import duckdb

from stayhouse.contract.sql import identifier, identifiers, literal, one_row
from stayhouse.postgres.server import NAME, ServerError, run

ROW_SCHEMAS = ("raw", "superseded", "quarantine")
# Small ones, compared as a whole.
OPS_TABLES = ("loads", "load_ledger", "feed_days", "expectation_results", "raw_tables")
LINES_OF_PART = 10_000
TYPES = {"VARCHAR": "text", "DOUBLE": "double precision", "FLOAT": "real", "BLOB": "bytea", "HUGEINT": "numeric(38, 0)"}
SHIPPED = "ops.shipped_parts"
DDL = f"""
create schema if not exists raw;
create schema if not exists superseded;
create schema if not exists quarantine;
create schema if not exists ops;
create table if not exists {SHIPPED} (
    table_name text not null, file_id integer not null, part bigint not null, digest text not null
);
create table if not exists ops.changed_parts (table_name text not null, file_id integer not null, part bigint not null);
create table if not exists ops.landing_folder (folder text not null);
create table if not exists ops.settled (kind text not null, name text not null);
create table if not exists ops.model_watermarks (
    model_name text not null, load_id bigint not null, as_of_date date, fingerprint text not null
);
"""


@dataclass
class Shipment:
    """What has travelled."""

    rows: dict[str, int] = field(default_factory=dict)
    """Rows sent by table, of the tables that have changed."""

    @property
    def total(self) -> int:
        return sum(self.rows.values())


def ship(connection: duckdb.DuckDBPyConnection) -> Shipment:
    """Makes the tables of the attached server equal to those of the working file, in one transaction."""
    shipment = Shipment()
    connection.execute("begin transaction")
    try:
        run(connection, DDL)
        _claim(connection)
        tables = _tables(connection)
        for table, columns in tables.items():
            _create(connection, table, columns)
        # The extension remembers the columns that a table had.
        connection.execute("call pg_clear_cache()")
        for table, columns in tables.items():
            sent = _ship_table(connection, table, columns)
            if sent is not None:
                shipment.rows[table] = sent
        run(connection, _quarantine_view(tables))
        connection.execute("commit")
    except BaseException:
        connection.execute("rollback")
        raise
    return shipment


def _claim(connection: duckdb.DuckDBPyConnection) -> None:
    """Refuses a database that another company fills: its rows would be taken for removed ones."""
    known = dict.fromkeys(folder for (folder,) in connection.execute(f"from {NAME}.ops.landing_folder").fetchall())
    here = [folder for (folder,) in connection.execute("from ops.landing_folder").fetchall()]
    if known and here and here != list(known):
        raise ServerError(
            f"{', '.join(here)}: the database on the server is filled from {', '.join(known)}; name another one by "
            "[postgres] database (or, when the folder has only moved, say so there: "
            f"update ops.landing_folder set folder = {literal(here[0])})"
        )
    if here and not known:
        connection.execute(f"insert into {NAME}.ops.landing_folder from ops.landing_folder")


def _tables(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, str]]:
    """The tables that travel, with the types of their columns in DuckDB."""
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


def _ship_table(connection: duckdb.DuckDBPyConnection, table: str, columns: Mapping[str, str]) -> int | None:
    """Sends the parts of a table that differ; returns the rows sent, None when nothing differs."""
    is_of_files = not table.startswith("ops.")
    file_id = "coalesce(_file_id, -1)" if is_of_files else "0"
    part = f"coalesce(_line // {LINES_OF_PART}, -1)" if is_of_files else "0"
    # The sum of the hashes of all rows: two equal rows do not cancel each other out.
    connection.execute(
        f"""create or replace temp table parts as
        select {file_id} as file_id, {part} as part, count(*) || ' ' || sum(hash({identifiers(columns)})) as digest
        from {_quoted(table)} group by all"""
    )
    connection.execute(
        f"""create or replace temp table differing as
        select file_id, part, here.digest
        from parts as here full join
            (select * from {NAME}.{SHIPPED} where table_name = {literal(table)}) as there using (file_id, part)
        where here.digest is distinct from there.digest"""
    )
    (number,) = one_row(connection, "select count(*) from differing")
    if not number:
        return None
    connection.execute(f"insert into {NAME}.ops.changed_parts select {literal(table)}, file_id, part from differing")
    _delete(connection, table, is_of_files)
    selected = ", ".join(_sent(name, kind) for name, kind in columns.items())
    changed = f"({file_id}, {part}) in (select (file_id, part) from differing)"
    (sent,) = one_row(
        connection,
        f"insert into {NAME}.{_quoted(table)} ({identifiers(columns)}) "
        f"select {selected} from {_quoted(table)} where {changed}",
    )
    connection.execute(
        f"insert into {NAME}.{SHIPPED} select {literal(table)}, file_id, part, digest from differing "
        "where digest is not null"
    )
    if is_of_files:
        _index(connection, table)
    run(connection, f"analyze {_quoted(table)}")
    return int(sent)


def _create(connection: duckdb.DuckDBPyConnection, table: str, columns: Mapping[str, str]) -> None:
    """Creates a table on the server, and adds columns that it has gained."""
    named = {name: f"{identifier(name)} {TYPES.get(kind, kind)}" for name, kind in columns.items()}
    run(connection, f"create table if not exists {_quoted(table)} ({', '.join(named.values())})")
    added = ", ".join(f"add column if not exists {column}" for column in named.values())
    run(connection, f"alter table {_quoted(table)} {added}")


def _delete(connection: duckdb.DuckDBPyConnection, table: str, is_of_files: bool) -> None:
    """Removes what the changed parts held on the server, and what was noted of them."""
    chosen = f"c.table_name = {literal(table)}"
    same = (
        f"coalesce(t._file_id, -1) = c.file_id and coalesce(t._line, -1) >= c.part * {LINES_OF_PART} "
        f"and coalesce(t._line, -1) < (c.part + 1) * {LINES_OF_PART}"
        if is_of_files
        else "true"
    )
    run(
        connection,
        f"""delete from {_quoted(table)} as t using ops.changed_parts as c where {chosen} and {same};
        delete from {SHIPPED} as s using ops.changed_parts as c
        where {chosen} and s.table_name = c.table_name and s.file_id = c.file_id and s.part = c.part;
        delete from ops.changed_parts""",
    )


def _index(connection: duckdb.DuckDBPyConnection, table: str) -> None:
    """For the parts of a file, and for the rows of a load, which lie side by side."""
    name = table.replace(".", "_")
    run(
        connection,
        f"""create index if not exists {identifier(name + "__parts")} on {_quoted(table)}
            (coalesce(_file_id, -1), coalesce(_line, -1));
        create index if not exists {identifier(name + "__loads")} on {_quoted(table)} using brin (_load_id)""",
    )


def _sent(name: str, kind: str) -> str:
    """A column as it travels: PostgreSQL has no text with the character NUL."""
    return f"replace({identifier(name)}, chr(0), '')" if kind == "VARCHAR" else identifier(name)


def _quarantine_view(tables: Mapping[str, object]) -> str:
    parts = " union all ".join(
        f"select cast({literal(table.split('.')[1])} as text) as table_name, _load_id, _file_id, _line, reasons "
        f"from {_quoted(table)}"
        for table in tables
        if table.startswith("quarantine.")
    )
    return f"create or replace view ops.quarantined_rows as {parts}"


def _quoted(table: str) -> str:
    schema, name = table.split(".")
    return f"{identifier(schema)}.{identifier(name)}"
