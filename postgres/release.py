"""Publishes on the server: marts are copied into a schema beside the one that people read, then the two are swapped.

The swap waits until nobody reads. A transaction that has read one table of a publication therefore reads all others of
the same one, and who comes during the swap waits for it and gets the new one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

import duckdb

from stayhouse.contract.sql import identifier, literal
from stayhouse.postgres.server import NAME, Server, ServerError, run

SCHEMA, NEXT, BEFORE = "published", "published_next", "published_before"
# Shorter than the second after which PostgreSQL looks for deadlocks: the swap gives way, never a reader.
PATIENCE_MILLISECONDS = 500
PAUSE_SECONDS = 1.0
WAIT_SECONDS = 120.0

_LOCK = f"""
do $body$
declare one record;
begin
    for one in
        select format('%I.%I', schemaname, tablename) as name from pg_tables
        where schemaname = '{SCHEMA}' order by 1
    loop
        execute 'lock table ' || one.name || ' in access exclusive mode';
    end loop;
end
$body$
"""
# Who may read goes on reading, and views of others show the new tables.
_SWAP = f"""
do $body$
declare one record; views jsonb; readers jsonb;
begin
    select jsonb_agg(jsonb_build_object('name', name, 'query', query)) into views from (
        select distinct format('%I.%I', spaces.nspname, found.relname) as name, pg_get_viewdef(found.oid) as query
        from pg_depend as needs
        inner join pg_rewrite as rules on needs.objid = rules.oid
        inner join pg_class as found on rules.ev_class = found.oid
        inner join pg_namespace as spaces on found.relnamespace = spaces.oid
        inner join pg_class as tables on needs.refobjid = tables.oid
        inner join pg_namespace as homes on tables.relnamespace = homes.oid
        where homes.nspname = '{SCHEMA}' and found.relkind = 'v'
    ) as dependent;
    select jsonb_agg(
        distinct case when rights.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(rights.grantee)) end
    ) into readers
    from pg_namespace as spaces, aclexplode(spaces.nspacl) as rights
    where spaces.nspname = '{SCHEMA}' and rights.privilege_type = 'USAGE' and rights.grantee <> spaces.nspowner;
    if exists (select 1 from pg_namespace where nspname = '{SCHEMA}') then
        alter schema {SCHEMA} rename to {BEFORE};
    end if;
    alter schema {NEXT} rename to {SCHEMA};
    for one in select value ->> 'name' as name, value ->> 'query' as query from jsonb_array_elements(views) loop
        execute 'create or replace view ' || one.name || ' as ' || one.query;
    end loop;
    for one in select value #>> '{{}}' as name from jsonb_array_elements(readers) loop
        execute 'grant usage on schema {SCHEMA} to ' || one.name;
        execute 'grant select on all tables in schema {SCHEMA} to ' || one.name;
    end loop;
    for one in
        select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname = '{BEFORE}'
    loop
        execute 'drop table ' || one.name;
    end loop;
    drop schema if exists {BEFORE};
end
$body$
"""
_HOLDERS = f"""
select string_agg(
    distinct 'process ' || a.pid || ' of ' || a.usename || ' (' || coalesce(nullif(a.application_name, ''), 'no name')
        || '), since ' || to_char(a.xact_start, 'YYYY-MM-DD HH24:MI:SS'), '; '
) as holders
from pg_locks as l
inner join pg_class as c on l.relation = c.oid
inner join pg_namespace as n on c.relnamespace = n.oid
inner join pg_stat_activity as a on l.pid = a.pid
where n.nspname = '{SCHEMA}' and l.granted and l.pid <> pg_backend_pid()
"""


@dataclass(frozen=True)
class Table:
    """A mart as it is published."""

    source: str
    """'schema.table' of the copied one."""
    name: str
    description: str
    columns: Mapping[str, str]
    """Description by column."""


def publish(
    connection: duckdb.DuckDBPyConnection,
    server: Server,
    tables: list[Table],
    as_of: date,
    run_id: str,
    stale_feeds: str,
    wait_seconds: float = WAIT_SECONDS,
    before_swap: Callable[[], None] = lambda: None,
) -> None:
    """Gives readers of the schema `published` these tables, all at once.

    Raises ServerError when a reader has kept its transaction open for longer than `wait_seconds`; the last publication
    stays then.
    """
    _write_next(connection, tables, as_of, run_id, stale_feeds)
    before_swap()
    until = time.monotonic() + wait_seconds
    while not _swapped(connection):
        if time.monotonic() >= until:
            raise ServerError(
                f"{server}: the publication waited for {wait_seconds:g} seconds for readers of the last one "
                f"({_holders(connection)}); end their transactions and run again"
            )
        time.sleep(PAUSE_SECONDS)


def _write_next(
    connection: duckdb.DuckDBPyConnection, tables: list[Table], as_of: date, run_id: str, stale_feeds: str
) -> None:
    connection.execute("begin transaction")
    try:
        run(connection, f"drop schema if exists {NEXT} cascade; create schema {NEXT}")
        for table in tables:
            run(connection, _copy(table))
        run(
            connection,
            f"create table {NEXT}.publication as select cast({literal(run_id)} as text) as run_id, "
            f"date {literal(as_of)} as as_of_date, now() as published_at, "
            f"cast({literal(stale_feeds)} as text) as stale_feeds",
        )
        connection.execute("commit")
    except BaseException:
        connection.execute("rollback")
        raise


def _copy(table: Table) -> str:
    schema, name = table.source.split(".")
    target = f"{NEXT}.{identifier(table.name)}"
    statements = [
        f"create table {target} as table {identifier(schema)}.{identifier(name)}",
        f"comment on table {target} is {literal(table.description)}",
        *(
            f"comment on column {target}.{identifier(column)} is {literal(text)}"
            for column, text in table.columns.items()
        ),
        f"analyze {target}",
    ]
    return ";\n".join(statements)


def _swapped(connection: duckdb.DuckDBPyConnection) -> bool:
    """Swaps the schemas; False when somebody reads."""
    connection.execute("begin transaction")
    try:
        run(connection, f"set local lock_timeout = {PATIENCE_MILLISECONDS}")
        try:
            run(connection, _LOCK)
        except duckdb.Error as error:
            if "lock timeout" not in str(error):
                raise
            connection.execute("rollback")
            return False
        run(connection, _SWAP)
        connection.execute("commit")
    except BaseException:
        connection.execute("rollback")
        raise
    return True


def _holders(connection: duckdb.DuckDBPyConnection) -> str:
    found = connection.execute(f"select holders from postgres_query({literal(NAME)}, {literal(_HOLDERS)})").fetchone()
    return str(found[0]) if found and found[0] else "they have ended meanwhile"
