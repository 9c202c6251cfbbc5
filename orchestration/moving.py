"""Landing folders that have moved. A warehouse remembers its folder, so that two companies never mix."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

from stayhouse.contract.sql import one_row
from stayhouse.orchestration.lock import run_lock
from stayhouse.orchestration.settings import ConfigurationError, Settings
from stayhouse.orchestration.warehouse import open_warehouse


@dataclass(frozen=True)
class Move:
    """What a warehouse was loaded from, and what of it lies in the new folder."""

    before: Path
    known: int
    """Files that the warehouse has loaded."""
    found: int
    """Files of these in the new folder."""


def adopt_landing_folder(settings: Settings) -> Move:
    """Makes `settings.raw` the landing folder of the warehouse.

    Raises ConfigurationError when its files are not those that the warehouse has loaded.
    """
    if not settings.warehouse.exists():
        raise ConfigurationError(f"{settings.warehouse}: no such warehouse; give the right one")
    with run_lock(settings), open_warehouse(settings.warehouse) as connection:
        try:
            (before,) = one_row(connection, "select folder from ops.landing_folder")
        except (duckdb.CatalogException, ValueError) as error:
            raise ConfigurationError(f"{settings.warehouse}: nothing has been loaded into it yet") from error
        files = connection.execute(
            "select file, bytes from ops.load_ledger where status in ('loaded', 'copy') order by file_id"
        ).fetchall()
        present = [(name, size) for name, size in files if (settings.raw / name).is_file()]
        other = [name for name, size in present if (settings.raw / name).stat().st_size != size]
        if not present or other:
            what = f"{other[0]} is another file" if other else f"it has none of the {len(files):,} loaded files"
            raise ConfigurationError(
                f"{settings.raw}: is not the folder that this warehouse was loaded from ({before}): {what}"
            )
        connection.execute("update ops.landing_folder set folder = ?", [str(settings.raw)])
    return Move(Path(before), len(files), len(present))
