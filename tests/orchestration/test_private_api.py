"""Each name beyond a library's public interface: what it is for, and what breaks when a new version lacks it."""

from __future__ import annotations

import inspect

import dagster as dg
import pytest

from stayhouse.orchestration import private_api
from stayhouse.orchestration.private_api import InstanceRef, SqliteEventLogStorage

# Members of Dagster's event log that OpenEventLog calls or overrides.
MEMBERS = {
    "_connect": "events are written through a new database connection each, which costs more than all models",
    "_initdb": "a new run has no table to write its events to",
    "_has_asset_key_col_on_connection": "the columns of the index are looked up again for every event",
    "_store_asset_event": "what an output was made from is looked up in the database, 6 % of a run's Python",
    "get_asset_records": "the newest events of what an output was made from are looked up in the database",
    "get_latest_tags_by_partition": "the versions of what an output was made from are looked up in the database",
    "has_table": "the tables of the index are looked up again for every event",
    "has_secondary_index": "the migrations of the index are looked up again for every event",
    "conn_string_for_shard": "the file of a run cannot be opened",
    "path_for_shard": "the files of deleted runs stay on the disk",
    "delete_events": "the files of deleted runs stay on the disk",
}


@pytest.mark.parametrize(("name", "consequence"), MEMBERS.items())
def test_the_event_log_has_the_members_that_are_called_or_overridden(name, consequence):
    assert inspect.isfunction(getattr(SqliteEventLogStorage, name, None)), f"without {name}: {consequence}"


def test_the_event_log_keeps_what_the_subclass_relies_on(tmp_path):
    storage = SqliteEventLogStorage(str(tmp_path))
    assert storage._initialized_dbs == {"index"}, "without it the tables of a run are made for every event"
    assert hasattr(storage._db_lock, "acquire"), "without it two threads write to one connection at a time"
    assert private_api.INDEX_SHARD_NAME == "index", "the index would be closed with every run"
    assert private_api.SQLITE_BUSY_TIMEOUT_SECONDS > 0, "a reader in the UI would make a run fail"


def test_what_dagster_asks_about_an_asset_is_in_its_newest_event():
    # Without these a run fails at its first mart.
    assert list(inspect.signature(SqliteEventLogStorage._store_asset_event).parameters) == [
        "self", "conn", "event", "event_id",
    ]  # fmt: skip
    entry = private_api.AssetEntry(asset_key=dg.AssetKey("thing"), last_materialization_record=None, last_run_id="x")
    assert private_api.AssetRecord(storage_id=1, asset_entry=entry).asset_entry.last_run_id == "x"


def test_an_instance_can_be_made_with_another_event_log(tmp_path):
    # Without it a run writes its history with Dagster's own storage: 0.008 CPU seconds an event instead of 0.0015.
    default = InstanceRef.config_defaults(str(tmp_path))["event_log_storage"]
    assert set(default.config_dict) == {"base_dir"}
    ref = InstanceRef.from_dir(str(tmp_path), overrides={"event_log_storage": default.config_dict and {
        "module": "stayhouse.orchestration.event_log", "class": "OpenEventLog", "config": default.config_dict,
    }})  # fmt: skip
    assert ref.event_storage_data.class_name == "OpenEventLog"


def test_dbt_keeps_what_it_has_compiled_on_its_nodes():
    # Without these a second as-of date of a range does not find the ephemeral models of the first.
    from dbt.contracts.graph.nodes import CompiledNode

    fields = CompiledNode.__dataclass_fields__
    for name in ("compiled", "compiled_code", "extra_ctes_injected", "extra_ctes", "_pre_injected_sql"):
        assert name in fields, name


def test_dbt_duckdb_says_when_it_has_opened_nothing():
    # Without env() the file stays open between dbt and the gate, and no table's rows are counted.
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    from stayhouse.orchestration.dbt_session import close_connections, row_count

    close_connections()
    assert callable(DuckDBConnectionManager.env)
    assert row_count("main", "nothing") is None
