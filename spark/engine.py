"""Spark as an engine: what a run does in the lake, all of it in the one session of the process."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from importlib.util import find_spec
from typing import TYPE_CHECKING

from stayhouse.spark.lake import Lake, relations, rows, session
from stayhouse.targets import ServerError, Table

if TYPE_CHECKING:
    import duckdb
    from pyspark.sql import SparkSession

MARKS = "model_watermarks"


class Found:
    """The rows of a statement that has run."""

    def __init__(self, rows: list[tuple[object, ...]]):
        self._rows = rows

    def fetchall(self) -> list[tuple[object, ...]]:
        return self._rows


class LakeStatements:
    """Statements of the session."""

    def __init__(self, spark: SparkSession):
        self._spark = spark

    def execute(self, sql: str) -> Found:
        return Found([tuple(row) for row in rows(self._spark, sql)])


@dataclass(frozen=True)
class SparkEngine:
    """A lake, as stayhouse.targets.Engine describes it."""

    lake: Lake

    def __str__(self) -> str:
        return str(self.lake)

    @property
    def target(self) -> str:
        return "spark"

    @property
    def variables(self) -> Mapping[str, str]:
        return {}

    def check(self) -> None:
        for package, what in (("dbt.adapters.spark", "dbt-spark"), ("pyspark", "pyspark")):
            if find_spec(package) is None:
                raise ServerError(
                    f"target = \"spark\" needs {what}; install it by pip install 'stayhouse[target-spark]' "
                    "(make spark in a clone)"
                )
        session(self.lake)

    def prepare_dbt(self) -> None:
        from stayhouse.spark.dbt_adapter import enable

        # dbt takes the session that is there.
        session(self.lake)
        enable()

    @contextmanager
    def statements(self) -> Iterator[LakeStatements]:
        yield LakeStatements(session(self.lake))

    def ship(self, connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
        from stayhouse.spark.shipping import ship

        return ship(connection, session(self.lake), self.lake)

    def fetch(self, connection: duckdb.DuckDBPyConnection, tables: Mapping[str, Mapping[str, str]]) -> None:
        from stayhouse.spark.fetching import fetch

        fetch(connection, session(self.lake), self.lake, tables)

    def forget_marks(self) -> None:
        spark = session(self.lake)
        if MARKS in relations(spark, "ops"):
            spark.sql(f"delete from ops.{MARKS}")

    def require_replaceable(self) -> str | None:
        from stayhouse.spark.release import published_run

        return published_run(session(self.lake))

    def publish(self, tables: Sequence[Table], as_of: date, run_id: str, stale_feeds: str) -> None:
        from stayhouse.spark.lake import said
        from stayhouse.spark.release import publish

        try:
            publish(session(self.lake), tables, as_of, run_id, stale_feeds)
        except Exception as error:
            raise ServerError(f"{self.lake}: readers keep the last publication: {said(error)}") from error
