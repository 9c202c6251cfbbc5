"""What can be said about a run before anything is started: a wrong path or setting is reported within a second."""

from __future__ import annotations

import os
from pathlib import Path

import duckdb

from stayhouse.contract import contract
from stayhouse.contract.sql import connect, connect_for_work
from stayhouse.loading.refusals import no_file_of, no_files, no_folder, of_another
from stayhouse.orchestration.company import FILE_NAME
from stayhouse.orchestration.server import check_server
from stayhouse.orchestration.settings import (
    MEMORY_LIMIT,
    ConfigurationError,
    Daemon,
    Settings,
    address_of,
    kept_runs,
    memory_limit,
    threads,
)
from stayhouse.orchestration.shapes import shape_faults, shaped_tables
from stayhouse.orchestration.warehouse import busy

# Where a DuckDB file says what it is, behind the checksum of its first block.
MAGIC_AT, MAGIC = 8, b"DUCK"


def check_settings(settings: Settings) -> None:
    """Raises ConfigurationError for the first thing that would stop the run later. Changes nothing."""
    kept_runs()
    threads()
    Daemon.resolve()
    _check_memory_limit()
    check_server(settings)
    for source in settings.sources:
        address_of(source)
    shaped = shaped_tables(settings)
    if not shaped and not settings.is_pulled:
        check_landing(settings)
    # What is pulled is there when it is loaded.
    if not settings.is_pulled:
        _check_shapes(settings)
    _check_warehouse(settings.warehouse, settings.raw, set(contract()) if settings.is_pulled else shaped)
    _check_publish(settings.publish)


def _check_shapes(settings: Settings) -> None:
    if faults := shape_faults(settings):
        raise ConfigurationError("\n".join(faults))


def check_pulled(settings: Settings) -> None:
    """The same of a landing folder that has been pulled. Raises ConfigurationError."""
    shaped = shaped_tables(settings)
    if not shaped:
        check_landing(settings)
    _check_shapes(settings)
    if not settings.warehouse.exists():
        _check_required_tables(settings.raw, shaped)


def check_loaded_from(settings: Settings) -> None:
    """Raises ConfigurationError when the warehouse cannot be opened or holds another company.

    Needs the lock of the run: while a process has the file open, no other can write to it.
    """
    if not settings.warehouse.exists():
        return
    try:
        with connect(settings.warehouse, read_only=True) as connection:
            known = connection.execute("select folder from ops.landing_folder").fetchone()
    except duckdb.CatalogException:
        return  # nothing has been loaded into it yet
    except duckdb.IOException as error:
        if "lock" in str(error):
            raise busy(settings.warehouse) from error
        raise ConfigurationError(
            f"{settings.warehouse}: cannot be opened ({str(error).splitlines()[0]}); move it away and run again: a "
            "working file is built from the landing files"
        ) from error
    if known and known[0] != str(settings.raw):
        raise ConfigurationError(of_another(settings.raw, known[0]))


def _check_memory_limit() -> None:
    try:
        connect_for_work(memory_limit=memory_limit()).close()
    except duckdb.Error as error:
        raise ConfigurationError(
            f"{memory_limit()}: STAYHOUSE_MEMORY_LIMIT takes an amount of memory like {MEMORY_LIMIT} or 800MB"
        ) from error


def check_landing(settings: Settings) -> None:
    """Raises ConfigurationError when there is no landing folder, with the one that is probably meant."""
    raw = settings.raw
    if settings.is_pulled and not any(_has_files(raw / table) for table in contract()):
        raise ConfigurationError(
            f"{raw}: holds no landing files; stayhouse pull brings them from the sources of {FILE_NAME}"
        )
    if not raw.exists() and settings.company and not settings.company.exists():
        raise ConfigurationError(
            "no company is named: run in its folder, or name it (stayhouse build <folder>); stayhouse init makes one, "
            f"and stayhouse demo makes {settings.company}"
        )
    if not raw.exists():
        raise ConfigurationError(no_folder(raw, settings.where_to_set("[paths] landing", "--raw")))
    if not raw.is_dir():
        raise ConfigurationError(f"{raw}: is a file; --raw takes the landing folder, which has a folder per table")
    if not os.access(raw, os.R_OK | os.X_OK):
        raise ConfigurationError(f"{raw}: this landing folder may not be read; give the user of the run the right to")
    tables = contract()
    folders = [entry for entry in sorted(raw.iterdir()) if entry.is_dir()]
    if any(_has_files(folder) for folder in folders if folder.name in tables):
        return
    below = [f for f in folders if any(entry.name in tables and entry.is_dir() for entry in f.iterdir())]
    if below:
        raise ConfigurationError(
            f"{raw}: has no folder of a table, but {below[0]} has; give that with --raw {below[0]}"
        )
    if raw.name in tables:
        raise ConfigurationError(f"{raw}: is the folder of one table; give the folder above it with --raw {raw.parent}")
    raise ConfigurationError(no_files(raw))


def _has_files(folder: Path) -> bool:
    return any(files for _, _, files in os.walk(folder, followlinks=True))


def _check_required_tables(raw: Path, shaped: set[str]) -> None:
    for table in contract().values():
        if table.is_required and table.name not in shaped and not _has_files(raw / table.name):
            raise ConfigurationError(no_file_of(table.name, raw))


def _check_warehouse(warehouse: Path, raw: Path, shaped: set[str]) -> None:
    _check_can_write(warehouse.parent, "--warehouse")
    if not warehouse.exists():
        _check_required_tables(raw, shaped)
        return
    with warehouse.open("rb") as stream:
        head = stream.read(MAGIC_AT + len(MAGIC))
    if head[MAGIC_AT:] != MAGIC:
        raise ConfigurationError(
            f"{warehouse}: is not a DuckDB database; give another file with --warehouse, or move this one away"
        )


def _check_publish(publish: Path) -> None:
    _check_can_write(publish, "--publish")
    current = publish / "current"
    if current.is_dir() and not current.is_symlink():
        raise ConfigurationError(
            f"{current}: is a folder and not the link to a release; move it away, or give another folder with --publish"
        )


def _check_can_write(folder: Path, option: str) -> None:
    """Of the nearest folder that exists, since the others are created."""
    nearest = next(place for place in (folder, *folder.parents) if place.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        raise ConfigurationError(f"{nearest}: nothing can be written there; choose another place with {option}")
