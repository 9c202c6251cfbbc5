"""The right to be forgotten: takes customers out of everything that a company's runs keep.

In this order, so that an interrupted erasure goes on where it stopped: the landing files, the warehouse, the current
release (older ones are removed), what tools wrote about runs. Then every byte of every file is searched for them.
"""

from __future__ import annotations

import json
import secrets
import shutil
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import duckdb

from stayhouse.contract import contract
from stayhouse.contract.pseudonyms import OWNER, Names
from stayhouse.contract.sql import columns_of, identifier, literals
from stayhouse.loading import LoadError
from stayhouse.loading.discovery import find_files
from stayhouse.loading.erased_files import Rewriting, drop_erased, erase_files
from stayhouse.loading.erased_rows import erase_rows, find_keys, note_keys
from stayhouse.loading.ledger import fingerprints, note_rewritten
from stayhouse.loading.suppression import ErasureFolder
from stayhouse.orchestration.lock import run_lock
from stayhouse.orchestration.preflight import check_loaded_from
from stayhouse.orchestration.run import Run
from stayhouse.orchestration.server import check_server, forget_built
from stayhouse.orchestration.settings import Settings, history_folder
from stayhouse.orchestration.warehouse import open_warehouse, rewrite_warehouse
from stayhouse.publishing.erasure import add_alert_aliases, contact_values, erase_tables, files_below, traces
from stayhouse.publishing.release import DATABASE_NAME, Mart, current_publication, keep_only_current, publish
from stayhouse.sources import Store
from stayhouse.sources.mirror import fetched_from

if TYPE_CHECKING:
    from dagster import DagsterInstance

LOADED = ("raw", "superseded", "quarantine")


@dataclass
class Erased:
    """What an erasure did."""

    customers: int = 0
    rows: int = 0
    """Loaded rows of theirs; they stay under a random name."""
    files: list[str] = field(default_factory=list)
    """Landing files that were written again."""
    removed: list[str] = field(default_factory=list)
    """What was deleted, in words."""
    problems: list[str] = field(default_factory=list)
    """Where something is left, and what to do."""


@dataclass
class _Pending:
    """An erasure under way, with everything that is needed to go on after an interruption."""

    folder: ErasureFolder
    names: Names
    contacts: set[str]
    files: dict[str, tuple[str, str]]

    @classmethod
    def of(cls, folder: ErasureFolder, customers: Iterable[str]) -> _Pending:
        """The erasure that was interrupted together with new requests."""
        kept = folder.pending() or {}
        names = Names(
            kept.get("secret") or secrets.token_hex(32),
            frozenset([*kept.get("customers", ()), *customers]),
            {table: set(keys) for table, keys in kept.get("keys", {}).items()},
            dict(kept.get("aliases", {})),
        )
        files = {name: (old, new) for name, (old, new) in kept.get("files", {}).items()}
        return cls(folder, names, set(kept.get("contacts", ())), files)

    def note(self) -> None:
        self.folder.note_pending(
            {
                "secret": self.names.secret,
                "customers": sorted(self.names.customers),
                "keys": {table: sorted(keys) for table, keys in self.names.keys.items()},
                "aliases": self.names.aliases,
                "contacts": sorted(self.contacts),
                "files": self.files,
            }
        )

    def note_file(self, name: str, old: str, new: str) -> None:
        # A file that is written twice is known to the ledger by its first content.
        self.files[name] = (self.files.get(name, (old, new))[0], new)
        self.note()


def is_requested(settings: Settings) -> bool:
    """True when a run has somebody to erase. Takes customers out of the list who are erased already."""
    folder = ErasureFolder(settings.erasure)
    requests, suppression = folder.requests(), folder.suppression()
    done = [customer for customer in requests if suppression and suppression.holds(OWNER, customer)]
    if folder.pending() is None and done:
        folder.fulfil(done)
    return folder.pending() is not None or len(done) < len(requests)


def erase_now(settings: Settings, customers: Iterable[str], wait_seconds: float = 0.0) -> Erased:
    """Erases customers, and everybody who is on the list of requests.

    Raises ConfigurationError or ErasureError for wrong input, WarehouseBusy while another run goes on.
    """
    from stayhouse.orchestration.event_log import open_instance

    with run_lock(settings, wait_seconds):
        check_loaded_from(settings)
        home = history_folder(settings)
        # First on the list: an erasure that is interrupted is carried out by the next run.
        ErasureFolder(settings.erasure).request(customers)
        with open_instance(home) as instance:
            return erase(Run(settings), instance, home)


def erase(run: Run, instance: DagsterInstance | None, home: Path) -> Erased:
    """Erases every customer of the requests. `home` is the folder of Dagster's history, `instance` opens it.

    The caller holds the lock of the run. Raises ErasureError for a request file that cannot be read.
    """
    settings = run.settings
    check_server(settings)
    folder = ErasureFolder(settings.erasure)
    requests = folder.requests()
    pending = _Pending.of(folder, requests)
    pending.note()
    result = Erased(len(pending.names.customers))
    _erase_loaded(settings, pending, result)
    result.problems += forget_built(settings)
    folder.suppress(pending.names, contract())
    _erase_release(run, pending.names, result)
    needles = {*pending.names.distinct, *pending.contacts}
    _remove_notes(settings, instance, home, needles, result)
    folder.fulfil(pending.names.customers)
    folder.forget_pending()
    result.problems += _what_is_left(settings, home, needles)
    return result


# ---------------------------------------------------------------- landing files and warehouse


def _erase_loaded(settings: Settings, pending: _Pending, result: Erased) -> None:
    names, tables = pending.names, contract()
    with open_warehouse(settings.warehouse) as db:
        fingerprints(db)  # makes the ledger where nothing was loaded yet
        find_keys(db, tables, names)
        add_alert_aliases(db, names)
        hashed = {t.name: c.name for t in tables.values() for c in t.columns if c.personal == "contact"}
        pending.contacts |= contact_values(db, hashed, names.customers)
        pending.note()
        rewriting = Rewriting(pending.note_file)
        erase_files(db, settings.raw, tables, names, rewriting)
        result.files = sorted(pending.files)
        result.problems = rewriting.problems + left_in_stores(settings.stores, settings.raw, result.files)
        db.execute("begin transaction")
        result.rows = erase_rows(db, tables, names)
        erase_tables(db, names, LOADED)
        # Derived tables are built from all rows next time: keys that they derive from others have changed.
        db.execute("delete from ops.model_watermarks")
        note_rewritten(db, settings.raw, pending.files)
        db.execute("commit")
        _deliver_deletions(db, settings, names)
    rewrite_warehouse(settings.warehouse)


def left_in_stores(stores: Iterable[Store], raw: Path, files: Iterable[str]) -> list[str]:
    """Objects whose copies had to be written again; they belong to others, so that a person changes them."""
    found = [fetched_from(store, raw / name) for name in files for store in stores]
    return [
        f"{address}: this object still holds an erased customer; correct or delete it (rows that it brings again are "
        "taken out of its copy)"
        for address in found
        if address
    ]


def _deliver_deletions(db: duckdb.DuckDBPyConnection, settings: Settings, names: Names) -> None:
    """Delivers that the accounts are deleted now, so that they count as customers until today and not longer."""
    columns = [column.name for column in contract()[OWNER].columns]
    if not columns_of(db, f"raw.{OWNER}"):
        return  # nothing was loaded yet
    rows = db.execute(
        f"select {', '.join(map(identifier, columns))} from raw.{OWNER} "
        f"where customer_id in ({literals(names.by_customer.values())}) and deleted_at is null"
    ).fetchall()
    now = datetime.now(UTC).isoformat(timespec="seconds")
    for row in rows:
        known = dict(zip(columns, row, strict=True)) | {"deleted_at": now, "ingested_at": now}
        known["source_system"] = "erasure"
        line = json.dumps({name: value for name, value in known.items() if value is not None}, default=str)
        place = settings.raw / OWNER / f"{known['customer_id']}.jsonl"
        fresh = place.with_name(f".{place.name}.new")
        fresh.write_text(line + "\n", encoding="utf-8")
        fresh.replace(place)


def withhold_erased(settings: Settings, db: duckdb.DuckDBPyConnection) -> list[str]:
    """Takes customers who were erased before out of files that bring them again; returns notices.

    Raises LoadError when such a file cannot be written: loaded as it is, it would bring them back.
    """
    suppression = ErasureFolder(settings.erasure).suppression()
    if not suppression:
        return []
    known, tables = fingerprints(db), contract()
    found = find_files(settings.raw, tables).files
    fresh = [file for files in found.values() for file in files if (file.name, file.fingerprint) not in known]
    result = Rewriting()
    drop_erased(db, tables, fresh, suppression, result)
    if result.problems:
        raise LoadError(
            "\n".join(f"{problem}; it holds customers who are erased. Make it writable" for problem in result.problems)
        )
    return [f"{name}: rows of customers who are erased were taken out of the file" for name in sorted(result.files)]


# ---------------------------------------------------------------- publication


def _erase_release(run: Run, names: Names, result: Erased) -> None:
    """Publishes the current release again without the customers, and removes the others."""
    settings = run.settings
    standing = current_publication(settings.publish)
    if standing is None:
        return
    current = (settings.publish / "current").resolve()
    settings.work.mkdir(parents=True, exist_ok=True)
    copy = settings.work / "erasing.duckdb"
    try:
        shutil.copyfile(current / DATABASE_NAME, copy)
        with open_warehouse(copy) as db:
            note_keys(db, names)
            erase_tables(db, names)
            _publish_again(run, db, current, standing, names)
    finally:
        copy.unlink(missing_ok=True)
    count = keep_only_current(settings.publish)
    result.removed.append(f"{count} release{'s' if count != 1 else ''}")


def _publish_again(
    run: Run, db: duckdb.DuckDBPyConnection, current: Path, standing: Mapping[str, Any], names: Names
) -> None:
    from stayhouse.orchestration.defs.publishing import companions_without_identifiers, marts, write_page
    from stayhouse.publishing.delivery import lists_of, write_lists

    published = _published_marts(db, {f"{mart.schema}.{mart.name}": mart.grain for mart in marts(run.manifest)})
    present = {f"{mart.schema}.{mart.name}" for mart in published}
    lists = [one for one in lists_of(run.manifest) if one.table in present]
    kept = {key: value for key, value in standing.items() if key not in ("run_id", "rows", "profiles")}
    details = json.loads(names.in_text(json.dumps(kept), names.distinct))
    docs = current / "data_docs"
    has_traces = not names.distinct or any(traces(files_below([docs]), names.distinct))
    publish(
        db,
        run.settings.publish,
        published,
        date.fromisoformat(standing["as_of_date"]),
        uuid4().hex[:8],
        details,
        companions=[
            lambda release, _: _copy_folders(current, release, ["models"] if has_traces else ["models", "data_docs"]),
            lambda release, _: write_lists(release, lists, run.settings.lists_per_owner),
            write_page,
            *companions_without_identifiers(run.settings),
        ],
        kept=run.settings.kept_releases,
    )


def _copy_folders(current: Path, release: Path, names: Iterable[str]) -> None:
    for name in names:
        if (current / name).is_dir():
            shutil.copytree(current / name, release / name)


def _published_marts(db: duckdb.DuckDBPyConnection, grains: Mapping[str, tuple[str, ...]]) -> list[Mart]:
    """The marts of a release as it was published, which may be older than the models."""
    described: dict[tuple[str, str], dict[str, str]] = {}
    columns = db.execute(
        "select schema_name, table_name, column_name, coalesce(comment, '') from duckdb_columns() "
        "where database_name = current_database() and schema_name <> 'main' and not internal"
    ).fetchall()
    for schema, table, column, comment in columns:
        described.setdefault((schema, table), {})[column] = comment
    tables = db.execute(
        "select schema_name, table_name, coalesce(comment, '') from duckdb_tables() "
        "where database_name = current_database() and schema_name <> 'main' and not temporary"
    ).fetchall()
    return [
        Mart(schema, table, comment, described[schema, table], grains.get(f"{schema}.{table}", ()))
        for schema, table, comment in tables
    ]


# ---------------------------------------------------------------- what tools wrote about runs


def _notes(settings: Settings) -> list[Path]:
    """Folders with nothing but notes about runs; the next run makes what it needs of them."""
    return [settings.work, settings.target]


def _remove_notes(
    settings: Settings, instance: DagsterInstance | None, home: Path, needles: set[str], result: Erased
) -> None:
    """Deletes reports, logs and histories that hold a customer; nobody could rewrite them all correctly."""
    removed = 0
    for path in traces(files_below(_notes(settings)), needles):
        path.unlink()
        removed += 1
    if removed:
        result.removed.append(f"{removed} reports and logs of runs")
    if instance is not None and any(traces(files_below([home]), needles)):
        result.removed.append(f"{_forget_runs(instance, home)} runs of Dagster's history")


def _forget_runs(instance: DagsterInstance, home: Path) -> int:
    """Deletes the finished runs of Dagster's history and writes its databases again."""
    from stayhouse.orchestration.event_log import forget_old_runs

    forgotten = forget_old_runs(instance, 0)
    for database in sorted(home.rglob("*.db")):
        # One that a process writes to cannot be rewritten now; the search says so.
        with suppress(sqlite3.Error), closing(sqlite3.connect(database, timeout=5)) as connection:
            connection.execute("pragma wal_checkpoint(truncate)")
            connection.execute("vacuum")
            connection.execute("pragma wal_checkpoint(truncate)")
    return len(forgotten)


def _what_is_left(settings: Settings, home: Path, needles: set[str]) -> list[str]:
    """Where a customer still is, and the way out."""
    places = [settings.raw, settings.erasure, settings.warehouse, *_notes(settings), settings.publish, home]
    places += [folder for folder in (settings.policy, settings.exports, settings.pulling) if folder]
    places.append(settings.warehouse.with_name(settings.warehouse.name + ".wal"))
    own = {path for path in places if path.exists()}
    return [
        f"{path}: still holds an erased customer; correct or delete it" for path in traces(files_below(own), needles)
    ]
