"""The lake: Spark, the catalogue of its Iceberg tables, and the folder through which rows travel."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stayhouse.targets import ServerError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

CATALOG = "lake"
"""Of the tables, as Spark calls it."""
_CATALOG = f"spark.sql.catalog.{CATALOG}"
EXTENSIONS = "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions"
# Answers depend on them, so they come before whatever spark-defaults.conf says.
NEEDED = {
    "spark.sql.defaultCatalog": CATALOG,
    "spark.sql.extensions": EXTENSIONS,
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "false",
    # DuckDB reads the marts as Spark writes them.
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.ui.showConsoleProgress": "false",
    # For expressions as long as those of intervals the planner's search for what follows from them takes minutes.
    "spark.sql.constraintPropagation.enabled": "false",
}


@dataclass(frozen=True)
class Lake:
    """Where Spark runs and where its tables are. Everything else is in spark-defaults.conf, as every Spark reads it."""

    master: str
    """'local[2]', 'spark://host:7077', 'yarn'."""
    tables: str
    """The folder or address below which Iceberg keeps its files."""
    exchange: Path
    """A folder that this machine and all workers see."""
    catalog: str = ""
    """JDBC address of the database of the catalogue; empty where spark-defaults.conf describes the catalogue."""
    user: str = ""
    password: str = field(default="", repr=False, compare=False)

    def __str__(self) -> str:
        return f"Spark at {self.master}, tables in {self.tables}"

    @property
    def configuration(self) -> dict[str, str]:
        """What the session needs."""
        # Spark makes a folder for tables of its own catalogue, which nobody uses, where the run was started.
        found = {**NEEDED, "spark.master": self.master, "spark.sql.warehouse.dir": f"file:{self.exchange}/unused"}
        if self.catalog:
            found |= {
                _CATALOG: "org.apache.iceberg.spark.SparkCatalog",
                f"{_CATALOG}.type": "jdbc",
                f"{_CATALOG}.uri": self.catalog,
                f"{_CATALOG}.jdbc.user": self.user,
                # Older ones keep no views.
                f"{_CATALOG}.jdbc.schema-version": "V1",
                f"{_CATALOG}.warehouse": self.tables,
            }
            if self.password:
                found[f"{_CATALOG}.jdbc.password"] = self.password
        return found


def session(lake: Lake) -> SparkSession:
    """The session of this process, started by the first call. Raises ServerError when it cannot be."""
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.appName("stayhouse")
    for key, value in lake.configuration.items():
        builder = builder.config(key, value)
    try:
        started = builder.getOrCreate()
        started.sparkContext.setLogLevel("ERROR")
        started.sql("show namespaces").collect()
    except Exception as error:  # of the virtual machine, of its network, of the catalogue
        raise ServerError(f"{lake}: cannot be used: {said(error)}; see [spark] in stayhouse.toml") from error
    return started


def said(error: Exception) -> str:
    """The beginning of a message: what the virtual machine said, without where."""
    lines = [line.strip() for line in str(error).splitlines()]
    causes = [line for line in lines if line.startswith(("Caused by:", ":"))]
    return " ".join((causes[-1:] or lines[:1] or [type(error).__name__])[0].lstrip(": ").split())[:300]


def rows(spark: SparkSession, sql: str) -> list[Any]:
    """The rows of a statement."""
    return list(spark.sql(sql).collect())


def relations(spark: SparkSession, schema: str) -> dict[str, str]:
    """'table' or 'view' by name; empty where the schema is missing."""
    if not _has(spark, schema):
        return {}
    # Spark shows the temporary ones of the session in every schema.
    tables, views = (
        {str(row[name]): kind for row in rows(spark, f"show {kind}s in {schema}") if not row["isTemporary"]}
        for name, kind in (("tableName", "table"), ("viewName", "view"))
    )
    return tables | views


def _has(spark: SparkSession, schema: str) -> bool:
    return bool(rows(spark, f"show namespaces like '{schema}'"))


def named(spark: SparkSession, schemas: Iterable[str]) -> set[str]:
    """The tables and views of schemas, with their schemas."""
    return {f"{schema}.{name}" for schema in schemas for name in relations(spark, schema)}


def quoted(table: str) -> str:
    """'schema.table' with its parts in quotes."""
    return ".".join(f"`{part}`" for part in table.split("."))
