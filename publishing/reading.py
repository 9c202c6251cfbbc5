"""Reads the publication that is current, all of it from one release."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from stayhouse.contract.sql import connect
from stayhouse.publishing.release import DATABASE_NAME, day_of

DEFINITIONS_NAME = "definitions.json"
ATTEMPTS = 5


class NothingPublished(Exception):
    """There is no publication to read."""


@dataclass(frozen=True)
class Standing:
    """The release that was current when it was opened. It stays readable, whatever is published meanwhile."""

    folder: Path
    document: dict[str, Any]
    """publication.json."""
    definitions: dict[str, Any] | None
    """definitions.json; None in a release that an earlier version published."""
    db: duckdb.DuckDBPyConnection
    """Read-only, and without access to other files."""

    @property
    def as_of(self) -> date:
        return date.fromisoformat(self.document["as_of_date"])

    def day_of(self, mart: str) -> date:
        """The day that a mart ('churn.mart_churn_events') describes."""
        return day_of(self.document, mart)


@contextmanager
def standing(publish_folder: Path) -> Iterator[Standing]:
    """The current publication, opened; raises NothingPublished when there is none."""
    opened = _open(publish_folder)
    try:
        yield opened
    finally:
        opened.db.close()


def _open(publish_folder: Path) -> Standing:
    for _ in range(ATTEMPTS):
        # The link is followed once: document and database are of one release.
        folder = (publish_folder / "current").resolve()
        try:
            document = json.loads((folder / "publication.json").read_text())
            definitions = folder / DEFINITIONS_NAME
            stated = json.loads(definitions.read_text()) if definitions.is_file() else None
            db = connect(folder / DATABASE_NAME, read_only=True)
        except (OSError, ValueError, duckdb.Error) as error:
            # Removed while it was opened, because newer releases came; the link leads to one of them.
            if (publish_folder / "current").resolve() != folder:
                continue
            if isinstance(error, FileNotFoundError):
                break
            raise NothingPublished(_unreadable(folder, error)) from error
        db.execute("set enable_external_access = false")
        return Standing(folder, document, stated, db)
    raise NothingPublished(f"nothing has been published to {publish_folder} yet; run stayhouse build")


def _unreadable(folder: Path, error: Exception) -> str:
    if isinstance(error, PermissionError):
        return f"{error.filename}: may not be read; give the user of the command the right to (STAYHOUSE_UMASK)"
    reason = str(error).splitlines()[0]
    return f"{folder}: this publication cannot be read ({reason}); run stayhouse build, which publishes again"
