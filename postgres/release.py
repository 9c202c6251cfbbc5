"""Publishes on the server: marts are copied into a schema beside the one that people read, then the tables are swapped.

The swap waits until nobody reads. A transaction that has read one table of a publication therefore reads all others of
the same one. A reader that arrives during the swap waits at most half a second per attempt and gets the new one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import date

import duckdb

from stayhouse.contract.sql import identifier, literal, one_row
from stayhouse.postgres.server import NAME, Server, run, said
from stayhouse.targets import ServerError, Table

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
# Rights are kept table by table, so that nobody reads more than before; a new mart gets the default privileges. The
# schema itself stays, with its own rights. Views of others show the new tables.
_SWAP = f"""
do $body$
declare one record; views jsonb; grants jsonb;
begin
    create schema if not exists {SCHEMA};
    select jsonb_agg(jsonb_build_object('name', name, 'options', options, 'query', query)) into views from (
        select distinct
            format('%I.%I', spaces.nspname, found.relname) as name,
            coalesce(' with (' || array_to_string(found.reloptions, ', ') || ')', '') as options,
            pg_get_viewdef(found.oid) as query
        from pg_depend as needs
        inner join pg_rewrite as rules on needs.objid = rules.oid
        inner join pg_class as found on rules.ev_class = found.oid
        inner join pg_namespace as spaces on found.relnamespace = spaces.oid
        inner join pg_class as tables on needs.refobjid = tables.oid
        inner join pg_namespace as homes on tables.relnamespace = homes.oid
        where homes.nspname = '{SCHEMA}' and tables.relkind in ('r', 'p') and found.relkind = 'v'
    ) as dependent;
    select jsonb_agg(distinct format(
        'grant %s%s on {SCHEMA}.%I to %s%s',
        privilege, ' (' || quote_ident(part) || ')', name,
        case when grantee = 0 then 'public' else quote_ident(pg_get_userbyid(grantee)) end,
        case when may_pass_on then ' with grant option' else '' end
    )) into grants from (
        with
        tables as (
            select found.oid, found.relname, found.relowner, found.relacl, spaces.nspname
            from pg_class as found
            inner join pg_namespace as spaces on found.relnamespace = spaces.oid
            where spaces.nspname in ('{SCHEMA}', '{NEXT}') and found.relkind in ('r', 'p')
        ),
        before as (select * from tables where nspname = '{SCHEMA}'),
        fresh as (select * from tables where nspname = '{NEXT}')
        select
            before.relname as name, null as part, rights.grantee, rights.privilege_type as privilege,
            rights.is_grantable as may_pass_on
        from before
        inner join fresh on before.relname = fresh.relname
        cross join aclexplode(before.relacl) as rights
        where rights.grantee <> before.relowner
        union all
        select before.relname, parts.attname, rights.grantee, rights.privilege_type, rights.is_grantable
        from before
        inner join fresh on before.relname = fresh.relname
        inner join pg_attribute as parts on before.oid = parts.attrelid
        inner join pg_attribute as kept on fresh.oid = kept.attrelid and parts.attname = kept.attname
        cross join aclexplode(parts.attacl) as rights
        where not parts.attisdropped
        union all
        select fresh.relname, null, rights.grantee, rights.privilege_type, rights.is_grantable
        from fresh
        inner join pg_default_acl as defaults on fresh.relowner = defaults.defaclrole
        cross join aclexplode(defaults.defaclacl) as rights
        where defaults.defaclnamespace = '{SCHEMA}'::regnamespace and defaults.defaclobjtype = 'r'
            and fresh.relname not in (select relname from before)
    ) as granted;
    for one in
        select
            format('%I.%I', '{NEXT}', fresh.relname) as name,
            case when rights.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(rights.grantee)) end as grantee
        from pg_class as before
        inner join pg_class as fresh on before.relname = fresh.relname
        cross join aclexplode(fresh.relacl) as rights
        where before.relnamespace = '{SCHEMA}'::regnamespace and fresh.relnamespace = '{NEXT}'::regnamespace
            and rights.grantee <> fresh.relowner
    loop
        execute 'revoke all on ' || one.name || ' from ' || one.grantee;
    end loop;
    create schema {BEFORE};
    for one in select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname = '{SCHEMA}' loop
        execute 'alter table ' || one.name || ' set schema {BEFORE}';
    end loop;
    for one in select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname = '{NEXT}' loop
        execute 'alter table ' || one.name || ' set schema {SCHEMA}';
    end loop;
    for one in select value #>> '{{}}' as statement from jsonb_array_elements(grants) loop
        execute one.statement;
    end loop;
    for one in select value from jsonb_array_elements(views) loop
        execute 'create or replace view ' || (one.value ->> 'name') || (one.value ->> 'options')
            || ' as ' || (one.value ->> 'query');
    end loop;
    for one in select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname = '{BEFORE}' loop
        execute 'drop table ' || one.name;
    end loop;
    drop schema {BEFORE};
    drop schema {NEXT};
end
$body$
"""
# What would keep an old table from being dropped, or be lost with it.
_BLOCKERS = f"""
with tables as (
    select
        found.oid, found.relowner, found.relrowsecurity,
        pg_describe_object('pg_class'::regclass, found.oid, 0) as name
    from pg_class as found
    inner join pg_namespace as spaces on found.relnamespace = spaces.oid
    where spaces.nspname = '{SCHEMA}' and found.relkind in ('r', 'p')
)
select string_agg(distinct reason, '; ') as reasons from (
    select name || ' of ' || pg_get_userbyid(relowner) as reason
    from tables
    where not pg_has_role(relowner, 'usage')
    union all
    select 'row security of ' || name from tables where relrowsecurity
    union all
    select pg_describe_object('pg_class'::regclass, found.oid, 0) || ' of ' || pg_get_userbyid(found.relowner)
    from pg_depend as needs
    inner join pg_rewrite as rules on needs.objid = rules.oid
    inner join pg_class as found on rules.ev_class = found.oid
    where needs.classid = 'pg_rewrite'::regclass and needs.refclassid = 'pg_class'::regclass
        and needs.refobjid in (select oid from tables) and found.oid not in (select oid from tables)
        and not (found.relkind = 'v' and pg_has_role(found.relowner, 'usage'))
    union all
    select pg_describe_object(needs.classid, needs.objid, needs.objsubid)
    from pg_depend as needs
    where needs.deptype = 'n' and needs.classid <> 'pg_rewrite'::regclass and needs.refclassid = 'pg_class'::regclass
        and needs.refobjid in (select oid from tables)
) as found
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


def publish(
    connection: duckdb.DuckDBPyConnection,
    server: Server,
    tables: Sequence[Table],
    as_of: date,
    run_id: str,
    stale_feeds: str,
    wait_seconds: float = WAIT_SECONDS,
    before_swap: Callable[[], None] = lambda: None,
) -> None:
    """Gives readers of the schema `published` these tables, all at once.

    Raises ServerError when it cannot, as when a reader has kept its transaction open for longer than `wait_seconds`;
    the last publication stays then.
    """
    require_replaceable(connection, server)
    try:
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
    except duckdb.Error as error:
        raise ServerError(f"{server}: readers keep the last publication: {said(error)}") from error


def require_replaceable(connection: duckdb.DuckDBPyConnection, server: Server) -> None:
    """Raises ServerError, which names them, when objects depend on published tables and cannot go on with new ones."""
    (found,) = one_row(connection, f"from postgres_query({literal(NAME)}, {literal(_BLOCKERS)})")
    if found:
        raise ServerError(
            f"{server}: the published tables cannot be replaced because of {found}; drop these, or have them read "
            f"a view that {server.user} owns, and run again"
        )


def published_run(connection: duckdb.DuckDBPyConnection) -> str | None:
    """The run that readers of the server have; None before the first one."""
    try:
        (run_id,) = one_row(connection, f"select run_id from {NAME}.{SCHEMA}.publication")
    except duckdb.CatalogException:
        return None
    return str(run_id)


def _write_next(
    connection: duckdb.DuckDBPyConnection, tables: Sequence[Table], as_of: date, run_id: str, stale_feeds: str
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
            # Readers of a view hold the view before they ask for its tables.
            run(connection, _SWAP)
        except duckdb.Error as error:
            if "lock timeout" not in str(error):
                raise
            connection.execute("rollback")
            return False
        connection.execute("commit")
    except BaseException:
        connection.execute("rollback")
        raise
    return True


def _holders(connection: duckdb.DuckDBPyConnection) -> str:
    found = connection.execute(f"select holders from postgres_query({literal(NAME)}, {literal(_HOLDERS)})").fetchone()
    return str(found[0]) if found and found[0] else "they have ended meanwhile"
