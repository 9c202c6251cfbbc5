"""What travels to a lake, and what its readers see."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from conftest import customer, event

from stayhouse.contract import contract
from stayhouse.loading import load_landing
from stayhouse.orchestration.warehouse import open_warehouse
from stayhouse.spark import Lake, release, shipping
from stayhouse.spark.fetching import fetch
from stayhouse.spark.lake import relations
from stayhouse.targets import ServerError, Table
from stayhouse.targets.parts import ROW_SCHEMAS

FIRST = date(2025, 6, 30)


@pytest.fixture
def shipped(landing, tmp_path: Path, spark, lake: Lake, emptied) -> Callable[[], dict[str, int]]:
    """Loads what is in the landing folder, ships it, and returns the rows that were sent by table."""

    def run() -> dict[str, int]:
        with open_warehouse(tmp_path / "warehouse.duckdb") as db:
            load_landing(db, landing.folder, contract())
            db.execute("delete from ops.landing_folder; insert into ops.landing_folder values ('acme/landing')")
            return shipping.ship(db, spark, lake)

    return run


def in_the_lake(spark, table: str) -> list[tuple]:
    return sorted(tuple(row) for row in spark.table(table).collect())


def test_rows_travel_once_and_what_has_changed_travels_again(landing, shipped, spark, tmp_path: Path) -> None:
    """A version that displaces another, and rows that are lost or changed without a load of their own."""
    landing.csv("customers", [customer(1), customer(2)])
    landing.csv("events", [event(1, customer_id="c1"), event(2, customer_id="c1", event_name="")])
    assert shipped()["raw.customers"] == 2
    assert "raw.customers" not in shipped()
    landing.csv("events", [event(1, customer_id="c1", event_name="opened", ingested_at="2025-04-02 10:00:00")], "b.csv")
    sent = shipped()
    assert sent["superseded.events"] == 1
    assert "raw.customers" not in sent
    with open_warehouse(tmp_path / "warehouse.duckdb") as db:
        for schema in ROW_SCHEMAS:
            for table in ("customers", "events"):
                here = db.execute(f"select _file_id, _line, _load_id from {schema}.{table} order by all").fetchall()
                there = relations(spark, schema)
                kept = (
                    spark.table(f"{schema}.{table}").select("_file_id", "_line", "_load_id") if table in there else None
                )
                assert sorted(tuple(row) for row in kept.collect()) == here if kept else here == []
        found = db.execute("select table_name, _line, reasons from ops.quarantined_rows").fetchall()
    assert found
    assert [
        tuple(row) for row in spark.sql("select table_name, _line, reasons from ops.quarantined_rows").collect()
    ] == found


def test_a_shipment_that_breaks_is_sent_again(landing, shipped, spark, monkeypatch) -> None:
    """Its rows were in the lake and not noted; they must not be there twice."""
    landing.csv("customers", [customer(1)])
    shipped()
    landing.csv("customers", [customer(2)], "b.csv")

    def kill(*arguments: object) -> None:
        raise KeyboardInterrupt

    append = shipping._append
    with monkeypatch.context() as patched:
        patched.setattr(
            shipping,
            "_append",
            lambda spark, place, table: (kill if table == shipping.SHIPPED else append)(spark, place, table),
        )
        with pytest.raises(KeyboardInterrupt):
            shipped()
    assert len(in_the_lake(spark, "raw.customers")) == 2
    shipped()
    assert sorted(row["customer_id"] for row in spark.table("raw.customers").collect()) == ["c1", "c2"]


def test_a_lake_of_another_company_is_refused(landing, shipped, spark) -> None:
    landing.csv("customers", [customer(1)])
    shipped()
    spark.sql("update ops.landing_folder set folder = 'other/landing'")
    with pytest.raises(ServerError, match=r"is filled from other/landing .*\[spark\]"):
        shipped()


def test_marts_come_back_in_their_types(landing, spark, lake: Lake, emptied, tmp_path: Path) -> None:
    """Spark has moments with a zone and numbers of its own widths."""
    landing.csv("customers", [customer(1)])
    for schema in ("churn", "ops"):
        spark.sql(f"create namespace if not exists {schema}")
    spark.sql(
        "create table churn.mart_a using iceberg as select cast(1 as int) as n, timestamp '2025-06-30 10:00:00' as t, "
        "cast(2.5 as decimal(18, 2)) as d, 'x' as s where true"
    )
    spark.sql("create table churn.mart_empty using iceberg as select * from churn.mart_a where false")
    spark.sql(f"create table ops.model_watermarks ({shipping.NOTES['ops.model_watermarks']}) using iceberg")
    with open_warehouse(tmp_path / "warehouse.duckdb") as db:
        load_landing(db, landing.folder, contract())
        types = {"n": "bigint"}
        fetch(db, spark, lake, {"churn.mart_a": types, "churn.mart_empty": types, "churn.mart_none": {}})
        kinds = [row[1] for row in db.execute("describe churn.mart_a").fetchall()]
        assert kinds == ["BIGINT", "TIMESTAMP", "DECIMAL(18,2)", "VARCHAR"]
        assert str(db.execute("select t from churn.mart_a").fetchone()[0]) == "2025-06-30 10:00:00"
        assert db.execute("select count(*) from churn.mart_empty").fetchone() == (0,)


def test_a_release_stays_as_it_is_when_the_marts_change(spark, emptied) -> None:
    """The tables of a release share the files of the marts."""
    spark.sql("create namespace if not exists churn")
    tables = [Table("churn.mart_a", "mart_a", "All of a: 'quoted'.", {"n": "The run's number."})]
    names = []
    for number in range(1, 6):
        spark.sql(f"create or replace table churn.mart_a using iceberg as select {number} as n")
        release.publish(spark, tables, FIRST + timedelta(days=number), f"run{number}", "")
        assert release.published_run(spark) == f"run{number}"
        names.append(spark.sql("select release from published.publication").collect()[0][0])
        assert in_the_lake(spark, "published.mart_a") == [(number,)]
    spark.sql("insert into churn.mart_a values (99)")
    assert [in_the_lake(spark, f"{name}.mart_a") for name in names[-3:]] == [[(3,)], [(4,)], [(5,)]]
    assert in_the_lake(spark, "published.mart_a") == [(5,)]
    assert sorted(row[0] for row in spark.sql("show namespaces like 'release_*'").collect()) == names[-3:]
    (comment,) = [row["comment"] for row in spark.sql("describe published.mart_a").collect() if row["col_name"] == "n"]
    assert comment == "The run's number."


def test_a_view_has_no_named_windows(spark, emptied) -> None:
    """Iceberg looks into a view when Spark has already looked for the names of windows."""
    spark.sql("create namespace if not exists core")
    spark.sql(
        "create or replace view core.v as select sum(n) over w as n from (select 1 as n) as rows window w as (order by n)"
    )
    with pytest.raises(Exception, match="w is not defined in the WINDOW clause"):
        spark.table("core.v").collect()
