"""The part of a release for people who need figures and no persons."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import duckdb
import pytest

from stayhouse.contract.personal import names_customer, names_staff
from stayhouse.publishing.release import DATABASE_NAME
from stayhouse.publishing.without_identifiers import FOLDER, write_without_identifiers

pytestmark = pytest.mark.slow


def text_columns(db: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    rows = db.execute(
        "select schema_name, table_name, column_name from duckdb_columns() where data_type = 'VARCHAR' and not internal"
    ).fetchall()
    return [(f'"{schema}"."{table}"', column) for schema, table, column in rows]


def values(db: duckdb.DuckDBPyConnection, table: str, column: str) -> set[str]:
    found = db.execute(f'select distinct "{column}" from {table} where "{column}" is not null').fetchall()
    return {value for (value,) in found}


@pytest.fixture(scope="module")
def release(published, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("release")
    shutil.copyfile(published.publish / "current" / DATABASE_NAME, folder / DATABASE_NAME)
    write_without_identifiers(folder, "key")
    return folder


def test_no_value_is_the_id_of_a_customer_an_employee_or_a_record(release, published):
    """An analyst without the right to personal data read customer ids in breakdowns, keys and samples of rows."""
    with duckdb.connect(published.warehouse, read_only=True) as db:
        keys = {("customers", "customer_id"), ("employees", "employee_id"), ("contacts", "contact_id"), ("tickets", "ticket_id"),
                ("survey_responses", "response_id"), ("feedback_cases", "case_id"), ("subscription_periods", "subscription_id")}  # fmt: skip
        ids = set().union(*(values(db, f"raw.{table}", column) for table, column in keys))
    left = {}
    with duckdb.connect(release / FOLDER / DATABASE_NAME, read_only=True) as db:
        for table, column in text_columns(db):
            words = {word for value in values(db, table, column) for word in re.split(r"[^0-9A-Za-z_-]+", value)}
            if words & ids:
                left[table, column] = sorted(words & ids)[:3]
        assert "observed" not in {column for _, column in text_columns(db)}
    assert len(ids) > 500
    assert left == {}
    for file in sorted((release / FOLDER / "parquet").glob("*.parquet")):
        described = duckdb.sql(f"describe from '{file}'").fetchall()
        for column in (
            name for name, kind, *_ in described if kind == "VARCHAR" and (names_customer(name) or names_staff(name))
        ):
            assert not values(duckdb.connect(), f"'{file}'", column) & ids, (file.name, column)


def test_figures_and_joins_are_those_of_the_release(release):
    with duckdb.connect() as db:
        db.execute(f"attach '{release / DATABASE_NAME}' as o (read_only)")
        db.execute(f"attach '{release / FOLDER / DATABASE_NAME}' as n (read_only)")
        joined = "select count(*), count(distinct a.customer_id), sum(c.mrr_amount) from {0}.alerts.mart_alerts as a join {0}.customer_360.mart_customer_360 as c using (customer_id)"
        assert db.execute(joined.format("n")).fetchone() == db.execute(joined.format("o")).fetchone()
        for table in ("metrics.mart_metric_values", "churn.mart_churn_monthly", "activation.mart_activation_cohort"):
            columns = ", ".join(
                f'"{name}"' for name, kind, *_ in db.execute(f"describe o.{table}").fetchall() if kind != "VARCHAR"
            )
            assert (
                db.execute(f"select {columns} from o.{table} except all select {columns} from n.{table}").fetchall()
                == []
            )


def test_a_surrogate_stays_with_the_key_and_changes_with_it(release, tmp_path):
    found = []
    for key in ("key", "other"):
        place = tmp_path / key
        place.mkdir()
        shutil.copyfile(release / DATABASE_NAME, place / DATABASE_NAME)
        write_without_identifiers(place, key)
        with duckdb.connect(place / FOLDER / DATABASE_NAME, read_only=True) as db:
            found.append(values(db, "customer_360.mart_customer_360", "customer_id"))
    with duckdb.connect(release / FOLDER / DATABASE_NAME, read_only=True) as db:
        assert found[0] == values(db, "customer_360.mart_customer_360", "customer_id")
    assert not found[0] & found[1]
