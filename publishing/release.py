"""Publication: every mart of a run into a new folder, then one atomic switch of what people read."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb

from stayhouse.contract.sql import identifier, literal
from stayhouse.expectations.mart_profile import Profile, profile

# Readable by every DuckDB client since 1.0.
PUBLISHED_STORAGE = "v1.0.0"
# A reader that opened an older publication keeps its files for as long as it likes; these many stay reachable by name.
KEPT_RELEASES = 3
DATABASE_NAME = "stayhouse.duckdb"


@dataclass(frozen=True)
class Mart:
    """A model to publish, with the texts that readers find beside its columns."""

    schema: str
    name: str
    description: str = ""
    columns: dict[str, str] = field(default_factory=dict)
    """Description by column."""
    grain: tuple[str, ...] = ()
    """The columns that name a row."""


@dataclass(frozen=True)
class Publication:
    """One published run."""

    folder: Path
    as_of: date
    rows: dict[str, int]
    """Rows by mart ('activation.mart_activation_customer')."""


def publish(
    connection: duckdb.DuckDBPyConnection,
    publish_folder: Path,
    marts: Sequence[Mart],
    as_of: date,
    run_id: str,
    docs: Path | None,
    details: dict[str, Any],
    progress: Callable[[str, float], None] = lambda mart, share: None,
    companions: Sequence[Callable[[Path, dict[str, Any]], object]] = (),
) -> Publication:
    """Copies the marts of a warehouse and the Data Docs into a new release and makes it current by one rename.

    `companions` write what belongs beside the marts (the page, lists for other systems) from the release's own
    database; each gets the folder of the release and its document. Until the rename the last publication stays
    untouched; after it, all of the new one is there.
    """
    releases = publish_folder / "releases"
    fresh = releases / f".{run_id}"
    shutil.rmtree(fresh, ignore_errors=True)
    (fresh / "parquet").mkdir(parents=True)
    profiles: dict[str, Profile] = {}
    attached = f"attach {literal(fresh / DATABASE_NAME)} as published (storage_version {literal(PUBLISHED_STORAGE)})"
    connection.execute(attached)
    # One write to the disk for everything, not one per mart.
    connection.execute("begin transaction")
    for number, mart in enumerate(sorted(marts, key=lambda m: (m.schema, m.name))):
        progress(mart.name, number / len(marts))
        profiles[f"{mart.schema}.{mart.name}"] = _copy_mart(
            connection, mart, fresh / "parquet" / f"{mart.name}.parquet"
        )
    connection.execute(
        "create table published.main.publication as select "
        f"{literal(run_id)} as run_id, date {literal(as_of)} as as_of_date, now() as published_at"
    )
    connection.execute("commit")
    connection.execute("detach published")
    if docs and docs.is_dir():
        shutil.copytree(docs, fresh / "data_docs")
    rows = {name: profile.rows for name, profile in profiles.items()}
    document = {
        "run_id": run_id,
        "as_of_date": as_of.isoformat(),
        "published_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "rows": rows,
        "profiles": {name: profile.as_json() for name, profile in profiles.items()},
    } | details
    for write in companions:
        write(fresh, document)
    (fresh / "publication.json").write_text(json.dumps(document, indent=1, default=str))
    release = releases / f"{as_of.isoformat()}-{run_id}"
    shutil.rmtree(release, ignore_errors=True)
    os.rename(fresh, release)
    _make_current(publish_folder, release)
    _prune(publish_folder)
    return Publication(release, as_of, rows)


def _copy_mart(connection: duckdb.DuckDBPyConnection, mart: Mart, parquet: Path) -> Profile:
    source = f"{identifier(mart.schema)}.{identifier(mart.name)}"
    target = f"published.{source}"
    connection.execute(f"create schema if not exists published.{identifier(mart.schema)}")
    connection.execute(f"create table {target} as from {source}")
    found = {name: str(kind) for name, kind, *_ in connection.execute(f"from {target} limit 0").description}
    comments = [f"comment on table {target} is {literal(mart.description)}"] + [
        f"comment on column {target}.{identifier(column)} is {literal(mart.columns[column])}"
        for column in found
        if column in mart.columns
    ]
    connection.execute(";\n".join(comments))
    connection.execute(f"copy {target} to {literal(parquet)} (format parquet, compression zstd)")
    return profile(connection, target, found, mart.grain)


def _make_current(publish_folder: Path, release: Path) -> None:
    link = publish_folder / "current.new"
    link.unlink(missing_ok=True)
    link.symlink_to(Path("releases") / release.name)
    os.replace(link, publish_folder / "current")


def _prune(publish_folder: Path) -> None:
    """Removes old releases and what killed runs left behind; never the current one."""
    current = (publish_folder / "current").resolve()
    releases = publish_folder / "releases"
    for leftover in releases.glob(".*"):
        shutil.rmtree(leftover, ignore_errors=True)
    complete = sorted(releases.iterdir(), key=lambda r: (r / "publication.json").stat().st_mtime, reverse=True)
    for release in complete[KEPT_RELEASES:]:
        if release.resolve() != current:
            shutil.rmtree(release, ignore_errors=True)


def release_name(publish_folder: Path) -> str | None:
    """Name of the release that is current; None when nothing was ever published."""
    try:
        return Path(os.readlink(publish_folder / "current")).name
    except OSError:
        return None


def current_publication(publish_folder: Path) -> dict[str, Any] | None:
    """The document of the current publication; None when nothing was ever published."""
    try:
        document: dict[str, Any] = json.loads((publish_folder / "current" / "publication.json").read_text())
        return document
    except FileNotFoundError:
        return None
