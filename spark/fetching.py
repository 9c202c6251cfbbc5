"""Brings tables that dbt has built in the lake to the working file, by way of Parquet files."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import duckdb

from stayhouse.contract.sql import literal
from stayhouse.spark.lake import Lake, named
from stayhouse.spark.shipping import THREADS, exchanged
from stayhouse.targets.fetching import replace_tables

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# Of each model the last row: the others belong to snapshots before it.
WATERMARKS = "select model_name, max(load_id) as load_id from ops.model_watermarks group by model_name"


def fetch(
    connection: duckdb.DuckDBPyConnection, spark: SparkSession, lake: Lake, tables: Mapping[str, Mapping[str, str]]
) -> None:
    """Replaces tables of the working file by those of the lake, all or none of them.

    `tables` are 'schema.table' -> type by column, as far as it is stated. What the lake does not have is left out.
    """
    there = named(spark, sorted({table.split(".")[0] for table in tables}))
    with exchanged(lake, "fetched") as folder:

        def write(table: str) -> str:
            place = folder / table
            spark.table(table).coalesce(1).write.parquet(str(place))
            return f"read_parquet({literal(place / '*.parquet')})"

        due = [table for table in tables if table in there]
        with ThreadPoolExecutor(THREADS) as several:
            sources = dict(zip(due, several.map(write, due), strict=True))
        marks = folder / "watermarks"
        spark.sql(WATERMARKS).coalesce(1).write.parquet(str(marks))
        replace_tables(connection, tables, sources, f"read_parquet({literal(marks / '*.parquet')})")
