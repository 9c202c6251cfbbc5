"""The release a second time for people who need figures and no persons: ids become surrogates, texts are left out.

A surrogate is a hash with a key of the company, so that one customer has the same in every mart and every release, and
nobody without the key can compute it. Values that only together single somebody out (a moment, a region) stay.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb

from stayhouse.contract.personal import personal_class
from stayhouse.contract.sql import connect, identifier, literal, literals
from stayhouse.publishing.release import DATABASE_NAME, PUBLISHED_STORAGE

FOLDER = "without_identifiers"
LEFT_OUT = ("contact", "detail", "free_text")
# Columns of breakdowns hold what the row is about: a segment in one row, an employee in the next.
BREAKDOWNS = ("dimension_value",)
# Values of a column of ids where there is no person.
NOBODY = ("all", "none", "unknown", "unassigned", "system", "customer")


def surrogate(value: str, key: str) -> str:
    """SQL of the surrogate of a text expression."""
    hashed = f"substr(sha256({literal(key)} || {value}), 1, 16)"
    return f"case when {value} in ({literals(NOBODY)}) then {value} else {hashed} end"


def write_without_identifiers(release: Path, key: str) -> None:
    """Writes the DuckDB file and the Parquet files of a release again, without identifiers, into a folder of it."""
    folder = release / FOLDER
    (folder / "parquet").mkdir(parents=True)
    with connect() as db:
        db.execute(f"attach {literal(release / DATABASE_NAME)} as standing (read_only)")
        db.execute(f"attach {literal(folder / DATABASE_NAME)} as fresh (storage_version {literal(PUBLISHED_STORAGE)})")
        tables = _columns(db)
        _note_breakdowns(db, tables, key)
        db.execute("begin transaction")
        for (schema, table), columns in tables.items():
            name = f"fresh.{identifier(schema)}.{identifier(table)}"
            db.execute(f"create schema if not exists fresh.{identifier(schema)}")
            db.execute(f"create table {name} as select {_fields(columns, key)} from {_standing(schema, table)}")
            db.execute(";\n".join(_comments(db, schema, table, columns)) or "select 1")
            if schema != "main":
                target = folder / "parquet" / f"{table}.parquet"
                db.execute(f"copy {name} to {literal(target)} (format parquet, compression zstd)")
        db.execute("commit")
        db.execute("detach fresh")


Columns = dict[str, tuple[str, str]]
"""Name -> type and description."""


def _standing(schema: str, table: str) -> str:
    return f"standing.{identifier(schema)}.{identifier(table)}"


def _columns(db: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], Columns]:
    found: dict[tuple[str, str], Columns] = {}
    rows = db.execute(
        "select schema_name, table_name, column_name, data_type, coalesce(comment, '') from duckdb_columns() "
        "where database_name = 'standing' and not internal order by schema_name, table_name, column_index"
    ).fetchall()
    for schema, table, column, kind, comment in rows:
        found.setdefault((schema, table), {})[column] = (kind, comment)
    return found


def _note_breakdowns(db: duckdb.DuckDBPyConnection, tables: dict[tuple[str, str], Columns], key: str) -> None:
    """How every value of a breakdown is shown: ids have surrogates, also within `team/employee`."""

    def values(is_wanted: Callable[[str], bool]) -> str:
        parts = [
            f"select {identifier(name)} as id from {_standing(schema, table)}"
            for (schema, table), columns in tables.items()
            for name, (kind, _) in columns.items()
            if kind == "VARCHAR" and is_wanted(name)
        ]
        return " union ".join(parts) or "select cast(null as varchar) as id"

    db.execute(
        f"""create temp table breakdowns as
        with ids as ({values(lambda name: personal_class(name) == "identifier")}),
        parts as (
            select id as breakdown, unnest(string_split(id, '/')) as part,
                generate_subscripts(string_split(id, '/'), 1) as place
            from ({values(lambda name: name in BREAKDOWNS)})
        )
        select parts.breakdown,
            string_agg(
                case when ids.id is null then part else {surrogate("part", key)} end, '/' order by place
            ) as shown
        from parts left join ids on parts.part = ids.id
        group by 1"""
    )


def _fields(columns: Columns, key: str) -> str:
    fields = []
    for name, (kind, _) in columns.items():
        column, personal = identifier(name), personal_class(name)
        if personal in LEFT_OUT:
            continue
        if kind == "VARCHAR" and name in BREAKDOWNS:
            fields.append(f"(select shown from breakdowns where breakdown = {column}) as {column}")
        elif kind == "VARCHAR" and personal in ("identifier", "reference"):
            fields.append(f"{surrogate(column, key)} as {column}")
        else:
            fields.append(column)
    return ", ".join(fields)


def _comments(db: duckdb.DuckDBPyConnection, schema: str, table: str, columns: Columns) -> list[str]:
    name = f"fresh.{identifier(schema)}.{identifier(table)}"
    return [
        f"comment on column {name}.{identifier(column)} is {literal(comment)}"
        for column, (_, comment) in columns.items()
        if comment and personal_class(column) not in LEFT_OUT
    ]
