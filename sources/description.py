"""What a company states about its sources. Light to import: settings read it for every command."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

# Address of an object store -> the package that reads it; the extra of this project has the name of the scheme.
SCHEMES = {"s3": "s3fs", "gs": "gcsfs", "az": "adlfs"}
OVERLAP_MINUTES = 10


class SourceError(Exception):
    """A source cannot be read. The message names it and the way out."""


@dataclass(frozen=True)
class SourceTable:
    """A table of a database, and where its rows go."""

    name: str
    to: str
    """`landing/<raw table>` or `exports/<folder>`."""
    cursor: str | None = None
    """Column that grows with every change; None: the whole table is read each time."""
    columns: tuple[tuple[str, str], ...] = ()
    """Name in the file and column of the table; empty: all columns as they are."""
    overlap_minutes: int = OVERLAP_MINUTES
    """How far behind the last cursor the next pull begins: transactions may end later than their time says."""


@dataclass(frozen=True)
class Source:
    """A database."""

    name: str
    url_env: str
    """Environment variable that holds the address with its password."""
    schema: str | None = None
    tables: tuple[SourceTable, ...] = ()


@dataclass(frozen=True)
class Store:
    """A folder in an object store, and its local copy."""

    url: str
    folder: Path


def store_scheme(stated: str) -> str | None:
    """The scheme of an address; None for a path."""
    scheme, found, _ = stated.partition("://")
    return scheme if found else None
