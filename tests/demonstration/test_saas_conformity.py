"""The clean pack keeps every rule of the raw contract, as read from the contract."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from stayhouse.contract import RawTable, clock_tolerance_minutes, contract
from stayhouse.demonstration.saas import POLICY_FOLDER, generate

pytestmark = pytest.mark.slow

TABLES = contract()
DUCKDB_TYPES = {"timestamp": "TIMESTAMP", "json": "VARCHAR"}


@pytest.fixture(scope="module")
def pack(tmp_path_factory) -> tuple[Path, duckdb.DuckDBPyConnection]:
    """A small company and a connection with every table (`<table>`) and its newest versions (`<table>_now`).

    It is made in several parts and blocks, as a big one would be.
    """
    out = tmp_path_factory.mktemp("saas")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("stayhouse.demonstration.saas.CUSTOMERS_PER_PART", 170)
        patch.setattr("stayhouse.demonstration.saas.events.EVENTS_PER_BLOCK", 6_000)
        generate(out, customers=400, days=150, seed=3)
    assert len(list(out.glob("landing/contacts/dt=2025-06-30/part-*.parquet"))) == 3
    assert len({file.name for file in out.glob("landing/events/*/*.parquet")}) > 2
    con = duckdb.connect()
    for table in TABLES.values():
        con.execute(
            f"create table {table.name} as select * from read_parquet('{out}/landing/{table.name}/*/*.parquet', "
            "hive_partitioning = true, hive_types = {'dt': date})"
        )
        con.execute(
            f"create table {table.name}_now as select * from {table.name} "
            f"qualify row_number() over (partition by {', '.join(table.key)} order by {table.newer_by} desc) = 1"
        )
    return out, con


def count(con: duckdb.DuckDBPyConnection, sql: str) -> int:
    return con.execute(f"select count(*) from {sql}").fetchone()[0]


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_every_table_has_rows_with_the_columns_and_types_of_the_contract(pack, table: RawTable):
    _, con = pack
    described = con.execute(f"describe {table.name}").fetchall()
    wanted = [(c.name, DUCKDB_TYPES.get(c.data_type, c.data_type.upper())) for c in table.columns]
    assert [(name, kind) for name, kind, *_ in described if name != "dt"] == wanted
    assert count(con, table.name) > 0


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_values_keep_the_rules_of_their_columns(pack, table: RawTable):
    _, con = pack
    moment = "{} > ingested_at + interval '" + str(clock_tolerance_minutes()) + " minutes'"
    for column in table.columns:
        broken = {}
        if column.required:
            broken["missing"] = f"{column.name} is null"
        if column.accepted:
            broken["not allowed"] = f"{column.name} not in {column.accepted!r}"
        if column.minimum is not None:
            broken["too small"] = f"{column.name} < {column.minimum}"
        if column.is_moment:
            broken["implausible"] = f"{column.name} < timestamp '{column.earliest}'"
            if not column.may_be_future and not column.is_ingestion_time:
                broken["in the future"] = moment.format(column.name)
        if column.not_before:
            broken["before its start"] = f"{column.name} < {column.not_before}"
        for rule, condition in broken.items():
            assert count(con, f"{table.name} where {condition}") == 0, f"{table.name}.{column.name}: {rule}"
    if table.interval:
        since, until = table.interval
        assert count(con, f"{table.name} where {until} <= {since}") == 0


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_references_find_their_rows_and_parents_arrive_first(pack, table: RawTable):
    _, con = pack
    for column in table.columns:
        if column.references:
            parent, key = column.references
            assert (
                count(
                    con,
                    f"{table.name} child where {column.name} is not null and not exists "
                    f"(select 1 from {parent} where {parent}.{key} = child.{column.name})",
                )
                == 0
            ), f"{table.name}.{column.name}"
            if column.quarantines_orphans:
                early = (
                    f"(select dt, {column.name} as parent_key from {table.name}) child join "
                    f"(select {key} as parent_key, min(dt) as known from {parent} group by all) using (parent_key) "
                    "where child.dt < known"
                )
                assert count(con, early) == 0, f"{table.name}.{column.name} arrives before {parent}"


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_the_newest_version_of_a_key_is_unique(pack, table: RawTable):
    _, con = pack
    key = ", ".join((*table.key, table.newer_by))
    assert count(con, f"(select {key} from {table.name} group by all having count(*) > 1)") == 0


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_partitions_are_named_after_the_arrival(pack, table: RawTable):
    _, con = pack
    late = "ingested_at::date <> dt" if table.name in ("customers", "events", "contacts", "payments", "tickets") else (
        "not ingested_at::date between dt - 6 and dt"
    )  # fmt: skip
    assert count(con, f"{table.name} where {late}") == 0


def test_later_versions_only_add_what_has_become_known(pack):
    _, con = pack
    moments = ("delivered_at", "opened_at", "clicked_at", "replied_at", "held_at", "ended_at")
    changed = " or ".join(f"a.{name} <> b.{name} or (a.{name} is not null and b.{name} is null)" for name in moments)
    versions = "contacts a join contacts b on a.contact_id = b.contact_id and a.ingested_at < b.ingested_at"
    assert count(con, versions) > 50
    assert count(con, f"{versions} where {changed}") == 0
    assert count(con, f"{versions} where a.opened_at is null and b.opened_at is not null and b.dt > a.dt") > 10


def test_memberships_and_owners_do_not_overlap(pack):
    _, con = pack
    for table, scheme in (("customer_segments_now", "scheme"), ("customer_owners_now", "role")):
        pairs = f"{table} a join {table} b using (customer_id, {scheme}) where a.valid_from < b.valid_from"
        assert count(con, f"{pairs} and coalesce(a.valid_to, timestamp '9999-01-01') > b.valid_from") == 0
    employees = "employees_now a join employees_now b using (employee_id) where a.valid_from < b.valid_from"
    assert count(con, f"{employees} and a.valid_to is distinct from b.valid_from") == 0
    periods = (
        "subscription_periods_now a join subscription_periods_now b using (subscription_id) "
        "where (a.valid_from, a.period_id) < (b.valid_from, b.period_id)"
    )
    assert count(con, f"{periods} and coalesce(a.valid_to, date '9999-01-01') > b.valid_from") == 0


def test_names_and_codes_are_those_of_the_policy(pack):
    _, con = pack
    for seed in ("event_catalogue", "segments", "plans", "components"):
        con.execute(f"create or replace view seed_{seed} as select * from read_csv('{POLICY_FOLDER}/{seed}.csv')")
    known = count(con, "events where event_name in (select event_name from seed_event_catalogue)")
    assert 0.994 < known / count(con, "events") < 1
    assert count(con, "events where event_name not in (select event_name from seed_event_catalogue) "
                      "and event_name <> 'beta_feature_clicked'") == 0  # fmt: skip
    assert count(con, "(select distinct event_name from events)") == count(con, "seed_event_catalogue") + 1
    assert count(con, "customer_segments where segment_code not in (select segment_code from seed_segments)") == 0
    assert count(con, "subscription_periods where plan_code not in (select plan_code from seed_plans)") == 0
    assert count(con, "events where component_code not in (select component_code from seed_components)") == 0
