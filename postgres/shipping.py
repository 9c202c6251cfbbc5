"""Ships what the loader has accepted, superseded and quarantined to the server: all of it in one transaction.

The server notes the digest of a part (targets/parts.py) in the transaction that brings its rows. A part that differs is
sent again, so that a killed run leaves nothing half done and a repeated one sends nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import duckdb

from stayhouse.contract.sql import identifier, identifiers, literal, one_row
from stayhouse.postgres.server import NAME, run
from stayhouse.targets import ServerError
from stayhouse.targets.parts import (
    DIFFERING,
    LINES_OF_PART,
    changed_rows,
    compare,
    is_of_files,
    quoted,
    tables_that_travel,
)

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
        tables = tables_that_travel(connection)
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


def _ship_table(connection: duckdb.DuckDBPyConnection, table: str, columns: Mapping[str, str]) -> int | None:
    """Sends the parts of a table that differ; returns the rows sent, None when nothing differs."""
    if not compare(connection, table, columns, f"{NAME}.{SHIPPED}"):
        return None
    connection.execute(f"insert into {NAME}.ops.changed_parts select {literal(table)}, file_id, part from {DIFFERING}")
    _delete(connection, table)
    selected = ", ".join(_sent(name, kind) for name, kind in columns.items())
    (sent,) = one_row(
        connection,
        f"insert into {NAME}.{quoted(table)} ({identifiers(columns)}) "
        f"select {selected} from {quoted(table)} where {changed_rows(table)}",
    )
    connection.execute(
        f"insert into {NAME}.{SHIPPED} select {literal(table)}, file_id, part, digest from {DIFFERING} "
        "where digest is not null"
    )
    if is_of_files(table):
        _index(connection, table)
    run(connection, f"analyze {quoted(table)}")
    return int(sent)


def _create(connection: duckdb.DuckDBPyConnection, table: str, columns: Mapping[str, str]) -> None:
    """Creates a table on the server, and adds columns that it has gained."""
    named = {name: f"{identifier(name)} {TYPES.get(kind, kind)}" for name, kind in columns.items()}
    run(connection, f"create table if not exists {quoted(table)} ({', '.join(named.values())})")
    added = ", ".join(f"add column if not exists {column}" for column in named.values())
    run(connection, f"alter table {quoted(table)} {added}")


def _delete(connection: duckdb.DuckDBPyConnection, table: str) -> None:
    """Removes what the changed parts held on the server, and what was noted of them."""
    chosen = f"c.table_name = {literal(table)}"
    same = (
        f"coalesce(t._file_id, -1) = c.file_id and coalesce(t._line, -1) >= c.part * {LINES_OF_PART} "
        f"and coalesce(t._line, -1) < (c.part + 1) * {LINES_OF_PART}"
        if is_of_files(table)
        else "true"
    )
    run(
        connection,
        f"""delete from {quoted(table)} as t using ops.changed_parts as c where {chosen} and {same};
        delete from {SHIPPED} as s using ops.changed_parts as c
        where {chosen} and s.table_name = c.table_name and s.file_id = c.file_id and s.part = c.part;
        delete from ops.changed_parts""",
    )


def _index(connection: duckdb.DuckDBPyConnection, table: str) -> None:
    """For the parts of a file, and for the rows of a load, which lie side by side."""
    name = table.replace(".", "_")
    run(
        connection,
        f"""create index if not exists {identifier(name + "__parts")} on {quoted(table)}
            (coalesce(_file_id, -1), coalesce(_line, -1));
        create index if not exists {identifier(name + "__loads")} on {quoted(table)} using brin (_load_id)""",
    )


def _sent(name: str, kind: str) -> str:
    """A column as it travels: PostgreSQL has no text with the character NUL."""
    return f"replace({identifier(name)}, chr(0), '')" if kind == "VARCHAR" else identifier(name)


def _quarantine_view(tables: Mapping[str, object]) -> str:
    parts = " union all ".join(
        f"select cast({literal(table.split('.')[1])} as text) as table_name, _load_id, _file_id, _line, reasons "
        f"from {quoted(table)}"
        for table in tables
        if table.startswith("quarantine.")
    )
    return f"create or replace view ops.quarantined_rows as {parts}"
