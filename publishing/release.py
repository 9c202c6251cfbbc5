"""Publication: every mart of a run into a new folder, then one atomic switch of what people read."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb

from stayhouse.contract.sql import identifier, literal
from stayhouse.expectations.mart_profile import Profile, profile

# Readable by every DuckDB client since 1.0.
PUBLISHED_STORAGE = "v1.0.0"
DATABASE_NAME = "stayhouse.duckdb"
# A release that is being written is named after its run; everything else with a dot belongs to somebody else.
UNFINISHED = re.compile(r"\.[0-9a-f]{8}")


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
    carried: date | None = None
    """The day of the mart in the current release, where it is taken from there; None: from the working file."""

    @property
    def full_name(self) -> str:
        """With its schema, as documents have it."""
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True)
class Publication:
    """One published run."""

    folder: Path
    as_of: date
    rows: dict[str, int]
    """Rows by mart ('activation.mart_activation_customer')."""
    lists: dict[str, int]
    """Rows by list, as far as a companion has noted them in the document."""
    current_day: date
    """The day that readers get: this one, or a later one that was published before."""

    @property
    def is_current(self) -> bool:
        return self.current_day == self.as_of


def publish(
    connection: duckdb.DuckDBPyConnection,
    publish_folder: Path,
    marts: Sequence[Mart],
    as_of: date,
    run_id: str,
    details: dict[str, Any],
    progress: Callable[[str, float], None] = lambda mart, share: None,
    companions: Sequence[Callable[[Path, dict[str, Any]], object]] = (),
    kept: int | None = None,
) -> Publication:
    """Copies the marts of a warehouse into a new release and makes it current by one rename.

    A release of an earlier day than the current one is kept beside it and does not take its place: a back-fill must not
    move readers back (`make_current` does).

    `companions` write what belongs beside the marts (Data Docs, page, lists for other systems) from the release's own
    database; each gets the folder of the release and its document. Until the rename the last publication stays
    untouched; after it, all of the new one is there. What is written of a release that fails (the disk is full) is
    removed. `kept` releases stay reachable by name, by default all.
    """
    releases = publish_folder / "releases"
    fresh = releases / f".{run_id}"
    stale_feeds = ", ".join(details.get("stale_feeds") or ())
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        (fresh / "parquet").mkdir(parents=True)
        _attach_current(connection, publish_folder, marts)
        profiles = _write_database(connection, fresh, marts, as_of, run_id, stale_feeds, progress)
        rows = {name: profile.rows for name, profile in profiles.items()}
        document = {
            "run_id": run_id,
            "as_of_date": as_of.isoformat(),
            "published_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "rows": rows,
            "as_of_dates": {name: day.isoformat() for name, day in _days(marts, as_of).items()},
            "profiles": {name: profile.as_json() for name, profile in profiles.items()},
        } | details
        for write in companions:
            write(fresh, document)
        (fresh / "publication.json").write_text(json.dumps(document, indent=1, default=str))
        release = releases / f"{as_of.isoformat()}-{run_id}"
        shutil.rmtree(release, ignore_errors=True)
        os.rename(fresh, release)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    current_day = _current_day(publish_folder)
    if current_day is None or current_day <= as_of:
        _switch(publish_folder, release)
        current_day = as_of
    _prune(publish_folder, kept)
    return Publication(release, as_of, rows, document.get("lists", {}), current_day)


def _write_database(
    connection: duckdb.DuckDBPyConnection,
    fresh: Path,
    marts: Sequence[Mart],
    as_of: date,
    run_id: str,
    stale_feeds: str,
    progress: Callable[[str, float], None],
) -> dict[str, Profile]:
    """Writes the DuckDB file of a release and a Parquet file per mart; returns what the marts hold."""
    profiles: dict[str, Profile] = {}
    attached = f"attach {literal(fresh / DATABASE_NAME)} as published (storage_version {literal(PUBLISHED_STORAGE)})"
    connection.execute(attached)
    # One write to the disk for everything, not one per mart.
    connection.execute("begin transaction")
    for number, mart in enumerate(sorted(marts, key=lambda one: one.full_name)):
        progress(mart.name, number / len(marts))
        profiles[mart.full_name] = _copy_mart(connection, mart, fresh / "parquet" / f"{mart.name}.parquet")
    connection.execute(
        "create table published.main.publication as select "
        f"{literal(run_id)} as run_id, date {literal(as_of)} as as_of_date, now() as published_at, "
        f"{literal(stale_feeds)} as stale_feeds"
    )
    connection.execute("create table published.main.published_marts (mart_name varchar, as_of_date date)")
    connection.executemany(
        "insert into published.main.published_marts values (?, ?)", sorted(_days(marts, as_of).items())
    )
    connection.execute("commit")
    connection.execute("detach published")
    connection.execute("detach database if exists standing")
    return profiles


def _days(marts: Sequence[Mart], as_of: date) -> dict[str, date]:
    """The day that each mart of a release describes."""
    return {mart.full_name: mart.carried or as_of for mart in marts}


def _attach_current(connection: duckdb.DuckDBPyConnection, publish_folder: Path, marts: Sequence[Mart]) -> None:
    """Opens the current release, if marts are taken from there."""
    connection.execute("detach database if exists standing")
    if any(mart.carried for mart in marts):
        current = (publish_folder / "current").resolve() / DATABASE_NAME
        connection.execute(f"attach {literal(current)} as standing (read_only)")


def make_current(publish_folder: Path, publication: Publication) -> Publication:
    """Gives readers a publication even when they have a later day."""
    _switch(publish_folder, publication.folder)
    return replace(publication, current_day=publication.as_of)


def _current_day(publish_folder: Path) -> date | None:
    document = current_publication(publish_folder)
    return date.fromisoformat(document["as_of_date"]) if document else None


def _copy_mart(connection: duckdb.DuckDBPyConnection, mart: Mart, parquet: Path) -> Profile:
    name = f"{identifier(mart.schema)}.{identifier(mart.name)}"
    source, target = f"standing.{name}" if mart.carried else name, f"published.{name}"
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


def _switch(publish_folder: Path, release: Path) -> None:
    link = publish_folder / "current.new"
    link.unlink(missing_ok=True)
    link.symlink_to(Path("releases") / release.name)
    os.replace(link, publish_folder / "current")


def _prune(publish_folder: Path, kept: int | None) -> None:
    """Removes old releases and what killed runs left behind; never the current one, nor what others put there."""
    current = (publish_folder / "current").resolve()
    releases = publish_folder / "releases"
    folders = [entry for entry in releases.iterdir() if entry.is_dir() and not entry.is_symlink()]
    for leftover in folders:
        if UNFINISHED.fullmatch(leftover.name):
            shutil.rmtree(leftover, ignore_errors=True)
    written_at = {
        folder: document.stat().st_mtime
        for folder in folders
        if not folder.name.startswith(".") and (document := folder / "publication.json").is_file()
    }
    newest_first = sorted(written_at, key=lambda folder: written_at[folder], reverse=True)
    for release in newest_first[kept:] if kept else ():
        if release.resolve() != current:
            shutil.rmtree(release, ignore_errors=True)


def keep_only_current(publish_folder: Path) -> int:
    """Removes every release but the current one; returns how many. Readers keep the files that they have open."""
    current = (publish_folder / "current").resolve()
    releases = publish_folder / "releases"
    others = [place for place in releases.iterdir() if place.resolve() != current] if releases.is_dir() else []
    for place in others:
        if place.is_dir() and not place.is_symlink():
            shutil.rmtree(place)
        else:
            place.unlink()
    return len(others)


def release_name(publish_folder: Path) -> str | None:
    """Name of the release that is current; None when nothing was ever published."""
    try:
        return Path(os.readlink(publish_folder / "current")).name
    except OSError:
        return None


def current_publication(publish_folder: Path) -> dict[str, Any] | None:
    """The document of the current publication; None when nothing was ever published, or half of it is lost."""
    try:
        document: dict[str, Any] = json.loads((publish_folder / "current" / "publication.json").read_text())
        return document
    except (FileNotFoundError, ValueError):
        return None


def day_of(document: Mapping[str, Any], mart: str) -> date:
    """The day that a mart of a publication describes: an earlier one, where its run built other marts."""
    return date.fromisoformat(document.get("as_of_dates", {}).get(mart, document["as_of_date"]))
