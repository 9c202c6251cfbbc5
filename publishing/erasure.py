"""Takes customers out of tables that models made, and looks for what is left of them in every byte of every file."""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterable, Iterator, Mapping
from io import BufferedReader
from pathlib import Path

import duckdb

from stayhouse.contract.compression import CHUNK_BYTES, BrokenFile, compression_of, opened
from stayhouse.contract.packed import unpacked_blocks
from stayhouse.contract.personal import key_tables, names_customer, names_staff, personal_class
from stayhouse.contract.pseudonyms import ERASED_TEXT, OWNER, Names
from stayhouse.contract.sql import columns_of, connect, identifier, literal, literals, one_row

PARQUET = (".parquet", ".pq")
# Whose row it is, in tables that models made.
OWNERS = ("customer_id", "source_customer_id")


def text_tables(db: duckdb.DuckDBPyConnection, without: Iterable[str] = ()) -> dict[str, list[str]]:
    """Text columns by table, in the database that a connection uses; schemas may be left out."""
    found: dict[str, list[str]] = {}
    rows = db.execute(
        f"""select t.schema_name, t.table_name, c.column_name
        from duckdb_tables() as t
        inner join duckdb_columns() as c on t.table_oid = c.table_oid and t.database_oid = c.database_oid
        where t.database_name = current_database() and not t.temporary and c.data_type = 'VARCHAR'
            and t.schema_name not in ({literals(without) or "''"})
        order by all"""
    ).fetchall()
    for schema, table, column in rows:
        found.setdefault(f"{identifier(schema)}.{identifier(table)}", []).append(column)
    return found


def add_alert_aliases(db: duckdb.DuckDBPyConnection, names: Names) -> None:
    """Gives the alerts of the customers the ids that the next run will derive from the new names.

    The id is the one of int_alerts__episodes; a test compares the two.
    """
    try:
        alerts = db.execute(
            "select alert_id, customer_id, rule_code, cast(opened_date as varchar) from alerts.mart_alerts "
            f"where customer_id in ({literals(sorted(names.customers))})"
        ).fetchall()
    except duckdb.CatalogException:
        return
    for alert, customer, rule, day in alerts:
        (names.aliases[alert],) = one_row(db, "select md5(?)", [f"{names.name(customer)}|{rule}|{day}"])
        names.keys.setdefault("alerts", set()).add(alert)


def erase_tables(db: duckdb.DuckDBPyConnection, names: Names, without: Iterable[str] = ()) -> None:
    """Takes the customers out of every table with a text column. Needs the temporary table `erased_keys`."""
    for table, columns in text_tables(db, without).items():
        owner = next((name for name in OWNERS if name in columns), None)
        if owner:
            _erase_rows_of(db, table, owner, names)
        else:
            _erase_keys(db, table, columns, names)
        _erase_mentions(db, table, columns, names)


def _erase_rows_of(db: duckdb.DuckDBPyConnection, table: str, owner: str, names: Names) -> None:
    mine = f"{identifier(owner)} in ({literals(sorted(names.customers))})"
    if not one_row(db, f"select exists (from {table} where {mine})")[0]:
        return
    columns = columns_of(db, table)
    _note_composed(db, table, columns, mine, names)
    changes = []
    for name, kind in columns.items():
        column, value = identifier(name), _erased_value(name, kind, names)
        if value:
            changes.append(f"{column} = {value}")
    db.execute(f"update {table} set {', '.join(changes)} where {mine}")


def _note_composed(
    db: duckdb.DuckDBPyConnection, table: str, columns: Mapping[str, str], mine: str, names: Names
) -> None:
    """Writes what stays of composed keys in rows of the customers to the temporary table `erased_composed`."""
    db.execute("create or replace temp table erased_composed (value varchar, name varchar)")
    for name, kind in columns.items():
        if kind == "VARCHAR" and personal_class(name) == "reference":
            values = db.execute(f"select distinct {identifier(name)} from {table} where {mine}").fetchall()
            changed = {value: named for (value,) in values if value and (named := names.in_parts(value)) != value}
            if changed:
                parts = [list(changed), list(changed.values())]
                db.execute("insert into erased_composed select unnest(?), unnest(?)", parts)


def _erased_value(name: str, kind: str, names: Names) -> str | None:
    """SQL of what stays of a column in a row of a customer; None: all of it."""
    column, personal = identifier(name), personal_class(name)
    if personal == "detail":
        return f"cast(null as {kind})"
    if kind != "VARCHAR" or personal == "none" or names_staff(name):
        return None
    known = f"(select max(name) from erased_keys where key = {column})"
    if personal == "free_text":
        return f"case when {column} <> '' then {literal(ERASED_TEXT)} else {column} end"
    if personal == "reference":
        composed = f"(select max(name) from erased_composed where value = {column})"
        return f"coalesce({composed}, {known}, {names.in_text_sql(column)})"
    if names_customer(name):
        return f"coalesce({known}, {column})"  # another customer keeps the id
    return f"coalesce({known}, {names.name_sql(column)})"


def _erase_keys(db: duckdb.DuckDBPyConnection, table: str, columns: Iterable[str], names: Names) -> None:
    """In tables without a customer: the ids of the customers' rows."""
    parents = key_tables() | {"alert_id": "alerts"}
    for name in columns:
        parent = OWNER if names_customer(name) else parents.get(name)
        if parent and (parent == OWNER or names.keys.get(parent)):
            theirs = f"(select key from erased_keys where table_name = {literal(parent)})"
            named = f"(select max(name) from erased_keys where key = {identifier(name)})"
            db.execute(f"update {table} set {identifier(name)} = {named} where {identifier(name)} in {theirs}")


def _erase_mentions(db: duckdb.DuckDBPyConnection, table: str, columns: list[str], names: Names) -> None:
    """What is left in other columns. Of ids that may be a count or a word only quoted ones, in samples of rows."""
    quoted = {f'"{customer}"': f'"{name}"' for customer, name in names.by_customer.items()}
    changes = {}
    for name in columns:
        texts = [*names.distinct, *(quoted if personal_class(name) == "free_text" else ())]
        if texts:
            value = names.in_text_sql(identifier(name), names.distinct)
            for text, named in quoted.items() if personal_class(name) == "free_text" else ():
                value = f"replace({value}, {literal(text)}, {literal(named)})"
            changes[name] = (value, " or ".join(f"contains({identifier(name)}, {literal(text)})" for text in texts))
    if not changes:
        return
    hits = one_row(db, f"select {', '.join(f'bool_or({test})' for _, test in changes.values())} from {table}")
    for (name, (value, test)), is_hit in zip(changes.items(), hits, strict=True):
        if is_hit:
            db.execute(f"update {table} set {identifier(name)} = {value} where {test}")


# ---------------------------------------------------------------- what is left


def files_below(folders: Iterable[Path]) -> Iterator[Path]:
    """Every file of the folders, each once; links are followed to files only."""
    seen = set()
    for folder in folders:
        for path in sorted(folder.rglob("*")) if folder.is_dir() else [folder]:
            if path.is_file() and path.resolve() not in seen:
                seen.add(path.resolve())
                yield path


def traces(files: Iterable[Path], needles: Iterable[str]) -> Iterator[Path]:
    """Files that hold one of the texts in name or content, whatever packs it: gzip, Parquet, DuckDB or a page."""
    wanted = sorted({needle for needle in needles if needle})
    if not wanted:
        return
    pattern = re.compile(b"|".join(re.escape(needle.encode()) for needle in wanted))
    parquet = []
    for path in files:
        if pattern.search(path.name.encode()) or _holds(path, pattern) or _holds_packed(path, pattern, wanted):
            yield path
        elif path.suffix in PARQUET:
            parquet.append(path)
    yield from _parquet_with(parquet, wanted)


def _holds(path: Path, pattern: re.Pattern[bytes]) -> bool:
    """True for a file with a match in its own bytes: freed blocks of a database count as well."""
    try:
        with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return pattern.search(content) is not None
    except (FileNotFoundError, ValueError):
        return False  # gone since it was listed, or empty


def _holds_packed(path: Path, pattern: re.Pattern[bytes], wanted: list[str]) -> bool:
    """True for a file with a match in what it unpacks to."""
    if path.suffix == ".html":
        return any(pattern.search(block) for block in unpacked_blocks(path.read_bytes()))
    try:
        compression = compression_of(path)
        if compression != "none":
            with opened(path, compression) as stream:
                return _stream_holds(stream, pattern, max(len(text.encode()) for text in wanted))
    except (FileNotFoundError, BrokenFile):
        return False  # gone since it was listed, or damaged: what comes before the damage was searched
    if path.suffix == ".duckdb":
        with connect(path, read_only=True) as db:
            return any(_relation_holds(db, table, columns, wanted) for table, columns in text_tables(db).items())
    return False


def _stream_holds(stream: BufferedReader, pattern: re.Pattern[bytes], longest: int) -> bool:
    tail = b""
    while chunk := stream.read1(CHUNK_BYTES):
        if pattern.search(tail + chunk):
            return True
        tail = (tail + chunk)[-longest:]
    return False


def _parquet_with(files: list[Path], wanted: list[str]) -> Iterator[Path]:
    """The Parquet files with a match; partitions of a table are read together."""
    tables: dict[Path, list[Path]] = {}
    for path in files:
        tables.setdefault(path.parent.parent if "=" in path.parent.name else path, []).append(path)
    with connect() as db:
        for paths in tables.values():
            yield from _together(db, paths, wanted)


def _together(db: duckdb.DuckDBPyConnection, paths: list[Path], wanted: list[str]) -> list[Path]:
    source = f"read_parquet([{literals(paths)}], hive_partitioning = false, union_by_name = true, filename = true)"
    try:
        columns = [name for name, *_ in db.execute(f"describe from {source}").fetchall() if name != "filename"]
        test = " or ".join(_contains(columns, wanted))
        hits = {path for (path,) in db.execute(f"select distinct filename from {source} where {test}").fetchall()}
        return [path for path in paths if str(path) in hits]
    except duckdb.Error:
        if len(paths) == 1:
            return []  # no Parquet file; its bytes were searched
        middle = len(paths) // 2
        return _together(db, paths[:middle], wanted) + _together(db, paths[middle:], wanted)


def _contains(columns: Iterable[str], wanted: Iterable[str]) -> list[str]:
    return [
        f"contains(cast({identifier(column)} as varchar), {literal(text)})" for column in columns for text in wanted
    ]


def _relation_holds(db: duckdb.DuckDBPyConnection, relation: str, columns: Iterable[str], wanted: list[str]) -> bool:
    tests = _contains(columns, wanted)
    return bool(tests) and bool(one_row(db, f"select exists (from {relation} where {' or '.join(tests)})")[0])


def contact_values(db: duckdb.DuckDBPyConnection, contacts: Mapping[str, str], customers: Iterable[str]) -> set[str]:
    """Hashed contact data of the customers that no other customer has. `contacts` are raw tables -> column."""
    found: set[str] = set()
    wanted = literals(sorted(customers))
    for table, column in contacts.items():
        try:
            values = db.execute(
                f"select {identifier(column)} from raw.{identifier(table)} where {identifier(column)} is not null "
                f"group by 1 having bool_and(coalesce(customer_id in ({wanted}), false))"
            ).fetchall()
        except duckdb.CatalogException:
            continue  # nothing was loaded yet
        found |= {value for (value,) in values}
    return found
