"""Dagster's history of runs: written through connections that stay open, and bounded in length.

Dagster's SQLite storage opens a database for each event and closes it again, which makes SQLite copy its write-ahead
log and wait for the disk each time. The files are the same; `stayhouse dev` reads them with Dagster's own class.
"""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from dagster import (
    AssetKey,
    DagsterEventType,
    DagsterInstance,
    DagsterRunStatus,
    EventLogEntry,
    EventLogRecord,
    RunsFilter,
)
from sqlalchemy import Connection, Engine, create_engine, event

from stayhouse.orchestration.private_api import (
    INDEX_SHARD_NAME,
    SQLITE_BUSY_TIMEOUT_SECONDS,
    AssetEntry,
    AssetRecord,
    InstanceRef,
    SqliteEventLogStorage,
)

UNFINISHED = [DagsterRunStatus.NOT_STARTED, DagsterRunStatus.STARTING, DagsterRunStatus.STARTED]


class OpenEventLog(SqliteEventLogStorage):
    """The SQLite event log for the one process that writes a run."""

    def __init__(self, base_dir: str, inst_data: Any = None):
        self._engines: dict[str, Engine] = {}
        self._known: set[tuple[str, str]] = set()
        self._made: dict[AssetKey, EventLogRecord] = {}
        super().__init__(base_dir, inst_data)

    @classmethod
    def from_config_value(cls, inst_data: Any, config_value: Any) -> OpenEventLog:
        """What Dagster calls with the part of its configuration that names this class."""
        return cls(inst_data=inst_data, **config_value)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock:
            if shard not in self._engines:
                self._open(shard)
            with self._engines[shard].begin() as connection:
                yield connection

    def _open(self, shard: str) -> None:
        # Only the run that is written stays open; a long series of runs would hold too many files.
        for finished in self._engines.keys() - {INDEX_SHARD_NAME}:
            self._engines.pop(finished).dispose()
        engine = create_engine(
            self.conn_string_for_shard(shard),
            # Any thread may take the next turn; the lock gives it to one at a time.
            connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS, "check_same_thread": False},
        )
        event.listen(engine, "connect", _trust_the_write_ahead_log)
        if shard not in self._initialized_dbs:
            self._initdb(engine)
            self._initialized_dbs.add(shard)
        self._engines[shard] = engine

    # What the index has is asked for every event, and what was there once stays.

    def has_table(self, table_name: str) -> bool:
        """Whether the index has a table."""
        return self._remembers("table", table_name, super().has_table)

    def has_secondary_index(self, name: str) -> bool:
        """Whether a migration of the index is complete."""
        return self._remembers("migration", name, super().has_secondary_index)

    def _has_asset_key_col_on_connection(self, conn: Connection, column_name: str) -> bool:
        return self._remembers("column", column_name, partial(super()._has_asset_key_col_on_connection, conn))

    def _remembers(self, kind: str, name: str, ask: Callable[[str], bool]) -> bool:
        if (kind, name) not in self._known and ask(name):
            self._known.add((kind, name))
        return (kind, name) in self._known

    # Dagster looks up what an output was made from, one asset after the other: a few seconds for a hundred marts.

    def _store_asset_event(self, conn: Connection, event: EventLogEntry, event_id: int) -> None:
        super()._store_asset_event(conn, event, event_id)
        made = event.dagster_event
        if made and made.asset_key and made.event_type == DagsterEventType.ASSET_MATERIALIZATION:
            self._made[made.asset_key] = EventLogRecord(storage_id=event_id, event_log_entry=event)

    def get_asset_records(self, asset_keys: Sequence[AssetKey] | None = None) -> Sequence[AssetRecord]:
        """What is known of assets; from memory of those that this process has made."""
        if not asset_keys or not self._made.keys() >= set(asset_keys):
            return super().get_asset_records(asset_keys)
        # The place of an asset in the index is for those who go through all of them; here it is that of its event.
        return [self._record(key, self._made[key]) for key in asset_keys]

    def _record(self, key: AssetKey, made: EventLogRecord) -> AssetRecord:
        entry = AssetEntry(asset_key=key, last_materialization_record=made, last_run_id=made.run_id)
        return AssetRecord(storage_id=made.storage_id, asset_entry=entry)

    def get_latest_tags_by_partition(
        self,
        asset_key: AssetKey,
        event_type: DagsterEventType,
        tag_keys: Sequence[str],
        asset_partitions: Sequence[str] | None = None,
        before_cursor: int | None = None,
        after_cursor: int | None = None,
    ) -> Mapping[str, Mapping[str, str]]:
        """Tags of the newest events; from memory when this process has made the one partition that is asked for."""
        made = self._made.get(asset_key)
        materialization = made.asset_materialization if made else None
        if (
            materialization is None
            or event_type != DagsterEventType.ASSET_MATERIALIZATION
            or list(asset_partitions or ()) != [materialization.partition]
            or before_cursor
            or after_cursor
        ):
            return super().get_latest_tags_by_partition(
                asset_key, event_type, tag_keys, asset_partitions, before_cursor, after_cursor
            )
        found = {name: value for name, value in (materialization.tags or {}).items() if name in tag_keys}
        return {str(materialization.partition): found} if found else {}

    def delete_events(self, run_id: str) -> None:
        """Deletes the events of a run and the file that held them, which Dagster's own class leaves behind."""
        self._made.clear()
        super().delete_events(run_id)
        if run_id in self._engines:
            self._engines.pop(run_id).dispose()
        self._initialized_dbs.discard(run_id)
        for ending in ("", "-wal", "-shm"):
            Path(self.path_for_shard(run_id) + ending).unlink(missing_ok=True)

    def wipe(self) -> None:
        """Deletes all events; the files of runs are let go before they are removed."""
        self._close()
        self._made.clear()
        super().wipe()

    def dispose(self) -> None:
        """Closes the files."""
        super().dispose()
        self._close()

    def _close(self) -> None:
        for engine in self._engines.values():
            engine.dispose()
        self._engines.clear()


def _trust_the_write_ahead_log(connection: Any, _record: Any) -> None:
    # A power failure may take the last events of a run, and can break nothing: the log is replayed as far as it got.
    connection.execute("pragma synchronous = normal")


def open_instance(home: Path) -> DagsterInstance:
    """The Dagster instance of a home folder; a storage that its dagster.yaml names is left as it is.

    Dagster makes its databases when it first opens them, and breaks them when two processes do so at once. The runs of
    several warehouses may share a home, so they open it one after the other.
    """
    home.mkdir(parents=True, exist_ok=True)
    with (home / "opening.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return DagsterInstance.from_ref(_reference(home))


def _reference(home: Path) -> InstanceRef:
    configured, default = InstanceRef.from_dir(str(home)), InstanceRef.config_defaults(str(home))
    events = default["event_log_storage"]
    if events is None or configured.event_storage_data != events:
        return configured
    kept_open = {
        "module": OpenEventLog.__module__,
        "class": OpenEventLog.__name__,
        "config": events.config_dict,
    }
    return InstanceRef.from_dir(str(home), overrides={"event_log_storage": kept_open})


def end_dead_runs(instance: DagsterInstance, tags: Mapping[str, str]) -> list[str]:
    """Marks the unfinished runs with these tags as canceled; returns their identities.

    For a process that holds the lock of their warehouse: no other can be running them. Otherwise they would stay
    in the history for good, and `stayhouse dev` would show them as running.
    """
    dead = instance.get_runs(RunsFilter(statuses=UNFINISHED, tags=dict(tags)))
    for run in dead:
        instance.report_run_canceled(
            run, "The process of this run was stopped or killed; the next run went on from it."
        )
    return [run.run_id for run in dead]


def forget_old_runs(instance: DagsterInstance, kept: int) -> list[str]:
    """Deletes all but the newest finished runs with their events and logs; returns their identities."""
    finished = [record.dagster_run.run_id for record in instance.get_run_records() if record.dagster_run.is_finished]
    old = finished[kept:]
    for run_id in old:
        instance.delete_run(run_id)
        instance.compute_log_manager.delete_logs(prefix=[run_id])
    return old
