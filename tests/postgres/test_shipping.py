"""Loaded rows travel to the server once, all of a load or none of it."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from conftest import customer, event
from servers import asked, differences, tables_of

from stayhouse.contract import contract
from stayhouse.loading import load_landing
from stayhouse.orchestration.warehouse import open_warehouse
from stayhouse.postgres import Server, ServerError, attached, shipping
from stayhouse.postgres.shipping import ship
from stayhouse.targets.parts import LINES_OF_PART, OPS_TABLES, ROW_SCHEMAS


@pytest.fixture
def shipped(landing, tmp_path, server):
    """Loads what is in the landing folder, ships it, and returns the rows that were sent by table."""

    def run() -> dict[str, int]:
        with open_warehouse(tmp_path / "warehouse.duckdb") as db:
            load_landing(db, landing.folder, contract())
            with attached(db, server):
                return ship(db).rows

    return run


def assert_equal(file: Path, server: Server) -> None:
    """Every table that travels is the same on both sides."""
    tables = [
        name
        for name in tables_of(file, (*ROW_SCHEMAS, "ops"))
        if not name.startswith("ops.") or name.removeprefix("ops.") in OPS_TABLES
    ]
    assert len(tables) > 60
    assert differences(file, "here", server, {name: name for name in tables}) == {}


def test_a_load_arrives_and_a_repeated_shipment_sends_nothing(landing, shipped, server, tmp_path):
    landing.csv("customers", [customer(1), customer(2), customer(3, registered_at="never")])
    landing.csv("events", [event(number, customer_id="c1") for number in range(5)])
    sent = shipped()
    assert (sent["raw.customers"], sent["raw.events"], sent["quarantine.customers"]) == (2, 5, 1)
    assert_equal(tmp_path / "warehouse.duckdb", server)
    assert asked(server, "select table_name, reasons from ops.quarantined_rows") == [
        ("customers", "wrong_type:registered_at")
    ]
    again = shipped()
    assert set(again) <= {"ops.loads"}
    assert_equal(tmp_path / "warehouse.duckdb", server)


def test_only_the_parts_that_have_changed_travel(landing, shipped, server, tmp_path):
    """A row that a newer file displaces changes its part of the file, not the whole history."""
    many = [event(number, customer_id="c1") for number in range(2 * LINES_OF_PART + 10)]
    landing.csv("customers", [customer(1)])
    landing.csv("events", many)
    shipped()
    landing.csv("events", [event(3, customer_id="c1", event_name="opened", ingested_at="2025-04-02 10:00:00")], "b.csv")
    sent = shipped()
    assert LINES_OF_PART - 5 < sent["raw.events"] <= LINES_OF_PART + 1
    assert sent["superseded.events"] == 1
    assert "raw.customers" not in sent
    assert_equal(tmp_path / "warehouse.duckdb", server)


def test_rows_that_change_without_a_new_load_travel_too(landing, shipped, server, tmp_path):
    """A customer who is erased keeps the numbers of load and file."""
    landing.csv("customers", [customer(1), customer(2)])
    shipped()
    with open_warehouse(tmp_path / "warehouse.duckdb") as db:
        db.execute("update raw.customers set customer_id = 'erased' where customer_id = 'c2'")
        db.execute("delete from raw.customers where customer_id = 'c1'")
        with attached(db, server):
            assert ship(db).rows == {"raw.customers": 1}
    assert asked(server, "select customer_id from raw.customers") == [("erased",)]


def test_a_shipment_that_breaks_leaves_the_server_as_it_was(landing, shipped, server, tmp_path, monkeypatch):
    landing.csv("customers", [customer(1)])
    shipped()
    landing.csv("customers", [customer(2)], "b.csv")
    landing.csv("events", [event(1)])
    sending = shipping._ship_table

    def break_amid(connection, table, columns):
        if table == "raw.events":
            raise KeyboardInterrupt
        return sending(connection, table, columns)

    with monkeypatch.context() as patched:
        patched.setattr(shipping, "_ship_table", break_amid)
        with pytest.raises(KeyboardInterrupt):
            shipped()
    assert asked(server, "select customer_id from raw.customers") == [("c1",)]
    shipped()
    assert_equal(tmp_path / "warehouse.duckdb", server)


def test_texts_that_postgresql_cannot_hold_lose_only_the_character(landing, shipped, server, tmp_path):
    """PostgreSQL has no text with the character NUL; the row must not stop the run."""
    landing.csv("customers", [customer(1)])
    shipped()
    with open_warehouse(tmp_path / "warehouse.duckdb") as db:
        db.execute("update raw.customers set region = 'a' || chr(0) || 'b'")
    shipped()
    assert asked(server, "select region from raw.customers") == [("ab",)]


def test_a_column_that_the_contract_gains_is_added(server) -> None:
    with duckdb.connect() as db:
        for column in ("", ", added varchar default 'x'"):
            db.execute("create schema if not exists raw; create schema if not exists quarantine")
            db.execute(
                "create schema if not exists ops; create table if not exists ops.landing_folder (folder varchar)"
            )
            db.execute(
                f"create or replace table raw.t as select 1 as id, 0 as _load_id, 1 as _file_id, 1 as _line{column and ', 2.5 as added'}"
            )
            db.execute(
                "create or replace table quarantine.t (_load_id bigint, _file_id integer, _line bigint, reasons varchar)"
            )
            with attached(db, server):
                ship(db)
    assert [float(added) for (added,) in asked(server, "select added from raw.t")] == [2.5]


def test_two_companies_do_not_share_a_database(landing, shipped, server, tmp_path) -> None:
    """The rows of the first would be taken for removed ones."""
    landing.csv("customers", [customer(1)])
    shipped()
    with open_warehouse(tmp_path / "warehouse.duckdb") as db:
        for folder in ("acme/landing", "acme/landing", "other/landing"):
            db.execute("delete from ops.landing_folder")
            db.execute("insert into ops.landing_folder values (?)", [folder])
            with attached(db, server):
                if folder.startswith("acme"):
                    ship(db)
                else:
                    with pytest.raises(
                        ServerError, match=r"other/landing: .* is filled from acme/landing; name another"
                    ):
                        ship(db)
    assert asked(server, "select customer_id from raw.customers") == [("c1",)]


def test_a_server_that_cannot_be_reached_is_named(server) -> None:
    gone = Server("127.0.0.1", 1, "nobody", "nowhere")
    with (
        duckdb.connect() as db,
        pytest.raises(ServerError, match=r"PostgreSQL at 127\.0\.0\.1:1, database nowhere"),
        attached(db, gone),
    ):
        pass
