"""Publishes in the lake: a namespace per release, whose tables never change, and one row that names the current one.

A release shares the files of the marts: its tables point to the metadata that the marts have at that moment, so
nothing is copied. The row in `published.publication` is one commit: a reader who takes the name of the release from it
and reads there has the marts of one run. The views in `published` follow the row one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import TYPE_CHECKING

from stayhouse.contract.sql import literal
from stayhouse.spark.lake import CATALOG, relations, rows
from stayhouse.spark.shipping import THREADS
from stayhouse.targets import Table

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

SCHEMA, MANIFEST, RELEASE = "published", "publication", "release_"
KEPT = 3


def published_run(spark: SparkSession) -> str | None:
    """The run that readers of the lake have; None before the first one."""
    if MANIFEST not in relations(spark, SCHEMA):
        return None
    found = rows(spark, f"select run_id from {SCHEMA}.{MANIFEST}")
    return str(found[0][0]) if found else None


def publish(spark: SparkSession, tables: Sequence[Table], as_of: date, run_id: str, stale_feeds: str) -> None:
    """Writes a release, makes it the current one, and removes those before the last three."""
    release = f"{RELEASE}{as_of:%Y%m%d}_{run_id}"
    _drop(spark, release)
    spark.sql(f"create namespace {release}")
    kinds = {schema: relations(spark, schema) for schema in {table.source.split(".")[0] for table in tables}}

    def write(table: Table) -> None:
        schema, name = table.source.split(".")
        if kinds[schema].get(name) == "view":
            source = f"select * from {table.source}"
            spark.sql(f"create table {release}.{table.name} using iceberg as {source}")
        else:
            _share(spark, table.source, f"{release}.{table.name}")

    spark.sql(f"create namespace if not exists {SCHEMA}")
    with ThreadPoolExecutor(THREADS) as several:
        list(several.map(write, tables))
        spark.sql(
            f"create or replace table {SCHEMA}.{MANIFEST} using iceberg as select {literal(run_id)} as run_id, "
            f"date {literal(as_of)} as as_of_date, {literal(release)} as release, "
            f"current_timestamp() as published_at, {literal(stale_feeds)} as stale_feeds"
        )
        list(several.map(lambda table: _show(spark, table, release), tables))
    _forget_others(spark, {table.name for table in tables}, release)


def _share(spark: SparkSession, source: str, name: str) -> None:
    newest = "order by timestamp desc, latest_sequence_number desc limit 1"
    (found,) = rows(spark, f"select file from {source}.metadata_log_entries {newest}")
    spark.sql(f"call {CATALOG}.system.register_table(table => '{name}', metadata_file => '{found[0]}')")


def _show(spark: SparkSession, table: Table, release: str) -> None:
    comments = ", ".join(
        f"`{name}`" + (f" comment {_text(table.columns[name])}" if table.columns.get(name) else "")
        for name in spark.table(f"{release}.{table.name}").columns
    )
    spark.sql(
        f"create or replace view {SCHEMA}.{table.name} ({comments}) comment {_text(table.description)} "
        f"as select * from {release}.{table.name}"
    )


def _text(value: str) -> str:
    """A text literal of Spark."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _forget_others(spark: SparkSession, names: set[str], release: str) -> None:
    """Removes views of marts that do not exist any more, and releases that nobody is expected to read."""
    for name, kind in relations(spark, SCHEMA).items():
        if kind == "view" and name not in names:
            spark.sql(f"drop view {SCHEMA}.{name}")
    found = sorted(str(row[0]) for row in rows(spark, f"show namespaces like '{RELEASE}*'"))
    for old in [one for one in found if one < release][: -(KEPT - 1)]:
        _drop(spark, old)


def _drop(spark: SparkSession, release: str) -> None:
    """Not their files: the marts share them."""
    for name in relations(spark, release):
        spark.sql(f"drop table if exists {release}.{name}")
    spark.sql(f"drop namespace if exists {release}")
