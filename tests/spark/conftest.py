"""A lake for the tests: Spark in this process or in those of runs, and a catalogue that the tests start."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from installed import skip_without
from lakes import running_lake

from stayhouse.spark import Lake

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

HERE = Path(__file__).parent
NEEDED = ("pyspark", "snowpark_connect_deps_iceberg", "dbt.adapters.spark")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    skip_without(NEEDED, items, HERE, "make test-spark")


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Variables that lead runs to the lake."""
    with running_lake(tmp_path_factory.mktemp("lake")) as variables:
        yield variables


@pytest.fixture(scope="session")
def lake(environment: dict[str, str]) -> Lake:
    return Lake(
        master=environment["STAYHOUSE_SPARK_MASTER"],
        tables=environment["STAYHOUSE_LAKE"],
        exchange=Path(environment["STAYHOUSE_LAKE_EXCHANGE"]),
        catalog=environment["STAYHOUSE_LAKE_CATALOG"],
        user=environment["STAYHOUSE_LAKE_USER"],
    )


@pytest.fixture(scope="session")
def spark(lake: Lake, environment: dict[str, str]) -> Iterator[SparkSession]:
    """The session of this process."""
    from stayhouse.spark.lake import session

    with pytest.MonkeyPatch.context() as patch:
        for name in ("SPARK_CONF_DIR", "SPARK_LOCAL_IP"):
            patch.setenv(name, environment[name])
        started = session(lake)
        yield started
        started.stop()


@pytest.fixture
def emptied(spark) -> None:
    """Other tests fill the same lake."""
    from stayhouse.spark.lake import relations

    for schema in [row[0] for row in spark.sql("show namespaces").collect()]:
        for name, kind in relations(spark, schema).items():
            spark.sql(f"drop {kind} {schema}.{name}")
