"""The only place that opens the working DuckDB file from Python."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from stayhouse.contract.sql import connect_for_work, literal
from stayhouse.orchestration.settings import memory_limit

# Fixed when the file is created. The newest storage loads a quarter faster; only the published copy must be readable
# by older clients (see publishing/release.py).
WORKING_STORAGE = "v1.5.0"


class WarehouseBusy(Exception):
    """Another process holds the working file. One run at a time; readers use the published copy."""


def busy(path: Path) -> WarehouseBusy:
    """What to raise when DuckDB reports the lock of another process."""
    return WarehouseBusy(
        f"{path} is opened by another process; close it there, or build into another file with --warehouse"
    )


@contextmanager
def open_warehouse(path: Path, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to the working file, closed at the end; timestamps are read and written in UTC.

    Raises WarehouseBusy when another process writes to it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        if not path.exists():
            _create(path)
        # Allocator and Python come on top of the limit.
        connection = connect_for_work(path, read_only, memory_limit=memory_limit())
    except duckdb.IOException as error:
        if "lock" in str(error):
            raise busy(path) from error
        raise
    try:
        yield connection
    finally:
        connection.close()


def _create(path: Path) -> None:
    # Written beside and renamed, so that a kill between the two leaves no half-made file behind.
    _write_beside(path)


def rewrite_warehouse(path: Path) -> None:
    """Writes the working file again: a row that was changed or deleted stays in its free blocks for a while."""
    attached = f"attach {literal(path)} as standing"
    _write_beside(path, attached, "copy from database standing to fresh", "detach standing")


def _write_beside(path: Path, *statements: str) -> None:
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    with connect_for_work(memory_limit=memory_limit()) as connection:
        connection.execute(f"attach {literal(fresh)} as fresh (storage_version '{WORKING_STORAGE}')")
        for statement in statements:
            connection.execute(statement)
        connection.execute("detach fresh")
    fresh.rename(path)
