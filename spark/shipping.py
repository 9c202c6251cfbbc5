"""Ships what the loader has accepted, superseded and quarantined to the lake.

Every statement on an Iceberg table is one commit, and there is none over several tables. So the lake first forgets the
digests of the parts that differ, then their rows are replaced table by table, and the new digests come last: a killed
run has noted nothing of what it sent, and the next one sends it again.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from stayhouse.contract.sql import literal, one_row
from stayhouse.spark.lake import Lake, quoted, relations, rows
from stayhouse.targets import ServerError
from stayhouse.targets.parts import (
    DIFFERING,
    LINES_OF_PART,
    ROW_SCHEMAS,
    changed_rows,
    compare,
    is_of_files,
    tables_that_travel,
)
from stayhouse.targets.parts import quoted as quoted_here

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

TYPES = {"VARCHAR": "string", "BLOB": "binary", "HUGEINT": "decimal(38, 0)", "INTEGER": "int"}
SHIPPED = "ops.shipped_parts"
NOTES = {
    SHIPPED: "table_name string, file_id int, part bigint, digest string",
    "ops.landing_folder": "folder string",
    "ops.settled": "kind string, name string",
    "ops.model_watermarks": (
        "model_name string, load_id bigint, as_of_date date, fingerprint string, snapshot_id bigint"
    ),
}
# Above it the files of a table are found by a join and not by their statistics.
NAMED_FILES = 1000
THREADS = 4


@dataclass(frozen=True)
class Change:
    """A table that differs."""

    table: str
    columns: Mapping[str, str]
    files: tuple[int, ...]
    """Ids of the files whose parts differ."""
    rows: int
    """Rows that are sent."""


def ship(connection: duckdb.DuckDBPyConnection, spark: SparkSession, lake: Lake) -> dict[str, int]:
    """Makes the tables of the lake equal to those of the working file; returns the rows sent by table."""
    there = {schema: relations(spark, schema) for schema in (*ROW_SCHEMAS, "ops")}
    tables = _due(connection, there)
    created = _create(spark, tables, there)
    _claim(connection, spark, lake)
    with exchanged(lake, "shipped") as folder:
        changes = _written(connection, spark, tables, folder)
        if changes:
            _forget(spark, folder)
            with ThreadPoolExecutor(THREADS) as several:
                list(several.map(lambda change: _send(spark, change, folder, change.table in created), changes))
            _append(spark, folder / "digests", SHIPPED)
    if "quarantined_rows" not in there["ops"] or any(table.startswith("quarantine.") for table in created):
        spark.sql(_quarantine_view(tables))
    return {change.table: change.rows for change in changes}


def _due(connection: duckdb.DuckDBPyConnection, there: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    """The tables that travel; one for quarantined rows when there are some, as every table takes time."""
    return {
        table: columns
        for table, columns in tables_that_travel(connection).items()
        if not table.startswith("quarantine.")
        or table.split(".")[1] in there["quarantine"]
        or one_row(connection, f"select count(*) from {quoted_here(table)}")[0]
    }


@contextmanager
def exchanged(lake: Lake, name: str) -> Iterator[Path]:
    """An empty folder for rows on their way; it goes with them."""
    folder = lake.exchange / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _create(
    spark: SparkSession, tables: Mapping[str, Mapping[str, str]], there: Mapping[str, Mapping[str, str]]
) -> set[str]:
    """Creates tables, and adds columns that they have gained; returns those that are new."""
    for schema, found in there.items():
        if not found:
            spark.sql(f"create namespace if not exists {schema}")
    due = {**NOTES, **{table: _columns(columns) for table, columns in tables.items()}}
    missing = [table for table in due if table.split(".")[1] not in there[table.split(".")[0]]]

    def create(table: str) -> None:
        spark.sql(f"create table if not exists {quoted(table)} ({due[table]}) using iceberg")

    def extend(table: str) -> None:
        known = set(spark.table(table).columns)
        added = {name: kind for name, kind in tables[table].items() if name not in known}
        if added:
            spark.sql(f"alter table {quoted(table)} add columns ({_columns(added)})")

    with ThreadPoolExecutor(THREADS) as several:
        list(several.map(create, missing))
        list(several.map(extend, [table for table in tables if table not in missing]))
    return set(missing)


def _columns(columns: Mapping[str, str]) -> str:
    return ", ".join(f"`{name}` {TYPES.get(kind, kind)}" for name, kind in columns.items())


def _claim(connection: duckdb.DuckDBPyConnection, spark: SparkSession, lake: Lake) -> None:
    """Refuses a lake that another company fills: its rows would be taken for removed ones."""
    known = [row[0] for row in rows(spark, "select folder from ops.landing_folder")]
    here = [folder for (folder,) in connection.execute("from ops.landing_folder").fetchall()]
    if known and here and here != known:
        raise ServerError(
            f"{', '.join(here)}: the lake is filled from {', '.join(known)} ({lake}); give this company a catalogue "
            "and tables of its own by [spark] (or, when the folder has only moved, say so there: "
            f"update ops.landing_folder set folder = {literal(here[0])})"
        )
    if here and not known:
        spark.sql(f"insert into ops.landing_folder values ({literal(here[0])})")


def _written(
    connection: duckdb.DuckDBPyConnection,
    spark: SparkSession,
    tables: Mapping[str, Mapping[str, str]],
    folder: Path,
) -> list[Change]:
    """Writes the rows of parts that differ, and the digests that are due, as Parquet."""
    notes = folder / "notes"
    spark.table(SHIPPED).coalesce(1).write.parquet(str(notes))
    connection.execute(f"create or replace temp table noted as from read_parquet({literal(notes / '*.parquet')})")
    connection.execute("create or replace temp table due as from noted limit 0")
    (folder / "digests").mkdir()
    changes = []
    for table, columns in tables.items():
        if not compare(connection, table, columns, "noted"):
            continue
        connection.execute(f"insert into due select {literal(table)}, file_id, part, digest from {DIFFERING}")
        place = folder / table
        place.mkdir()
        found = connection.execute(
            f"copy (from {quoted_here(table)} where {changed_rows(table)}) to {literal(place / 'rows.parquet')}"
        ).fetchone()
        files = connection.execute(f"select distinct file_id from {DIFFERING}").fetchall()
        changes.append(Change(table, columns, tuple(one for (one,) in files), int(found[0]) if found else 0))
    connection.execute(f"copy due to {literal(folder / 'changed.parquet')}")
    connection.execute(f"copy (from due where digest is not null) to {literal(folder / 'digests' / 'digests.parquet')}")
    return changes


def _forget(spark: SparkSession, folder: Path) -> None:
    """Removes the digests of what is about to change."""
    spark.read.parquet(str(folder / "changed.parquet")).createOrReplaceTempView("changed_parts")
    spark.sql(
        f"""delete from {SHIPPED} as noted where exists (
            select 1 from changed_parts where changed_parts.table_name = noted.table_name
                and changed_parts.file_id = noted.file_id and changed_parts.part = noted.part
        )"""
    )


def _send(spark: SparkSession, change: Change, folder: Path, is_new: bool) -> None:
    """Replaces the rows of the parts that differ; what a killed run has sent of them goes too."""
    if not is_new:
        spark.sql(f"delete from {quoted(change.table)} as kept where {_is_changed(change)}")
    if change.rows:
        _append(spark, folder / change.table, change.table)


def _is_changed(change: Change) -> str:
    if not is_of_files(change.table):
        return "true"
    # Iceberg skips files by the bounds of a column, not by a join.
    listed = f"kept._file_id in ({', '.join(map(str, change.files))}) and " if _can_be_listed(change.files) else ""
    return f"""{listed}exists (
        select 1 from changed_parts where changed_parts.table_name = {literal(change.table)}
            and changed_parts.file_id = coalesce(kept._file_id, -1)
            and changed_parts.part = coalesce(floor(kept._line / {LINES_OF_PART}), -1)
    )"""


def _can_be_listed(files: tuple[int, ...]) -> bool:
    return len(files) <= NAMED_FILES and -1 not in files


def _append(spark: SparkSession, place: Path, table: str) -> None:
    """Appends Parquet files to a table, by name and in its types."""
    from pyspark.sql.functions import col

    sent = spark.read.parquet(str(place))
    kinds = {field.name: field.dataType for field in spark.table(table).schema.fields}
    sent.select([col(f"`{name}`").cast(kinds[name]).alias(name) for name in sent.columns]).writeTo(table).append()


def _quarantine_view(tables: Mapping[str, object]) -> str:
    columns = {"table_name": "string", "_load_id": "bigint", "_file_id": "int", "_line": "bigint", "reasons": "string"}
    none = ", ".join(f"cast(null as {kind}) as {name}" for name, kind in columns.items())
    parts = [
        f"select {literal(table.split('.')[1])}, _load_id, _file_id, _line, reasons from {quoted(table)}"
        for table in tables
        if table.startswith("quarantine.")
    ]
    return (
        f"create or replace view ops.quarantined_rows as {' union all '.join([f'select {none} where false', *parts])}"
    )
