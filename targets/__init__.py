"""What the engines have in common on which dbt can build outside of the working file: a server, or a lake.

Landing files are read and checked by DuckDB, whatever the target. Their rows are shipped to the engine, dbt builds the
models there, and the marts come back for the gates and the release of files. See docs/engines.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import duckdb

__all__ = ["Engine", "ServerError", "Statements", "Table"]


class ServerError(Exception):
    """The engine cannot be used. The message names it, and says what to do."""


@dataclass(frozen=True)
class Table:
    """A mart as it is published."""

    source: str
    """'schema.table' of the copied one."""
    name: str
    description: str
    columns: Mapping[str, str]
    """Description by column."""


class Statements(Protocol):
    """What runs statements in the schema `ops` of the engine."""

    def execute(self, sql: str) -> Any:
        """Runs a statement; what it returns has `fetchall`."""


class Engine(Protocol):
    """What a run does on an engine."""

    def __str__(self) -> str:
        """Where it is, for people."""

    @property
    def target(self) -> str:
        """The name of the target in profiles.yml."""

    @property
    def variables(self) -> Mapping[str, str]:
        """What profiles.yml reads."""

    def check(self) -> None:
        """Raises ServerError when it cannot be used."""

    def prepare_dbt(self) -> None:
        """Lets dbt run Python models in this process, and whatever else its adapter lacks."""

    def statements(self) -> AbstractContextManager[Statements]:
        """Statements in the schema `ops`, where the notes of runs are."""

    def ship(self, connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
        """Makes the raw tables there equal to those of the working file; returns the rows sent by table."""

    def fetch(self, connection: duckdb.DuckDBPyConnection, tables: Mapping[str, Mapping[str, str]]) -> None:
        """Replaces tables of the working file by those of the engine. `tables`: 'schema.table' -> type by column."""

    def forget_marks(self) -> None:
        """Has incremental models there be built from scratch by the next run."""

    def require_replaceable(self) -> str | None:
        """The run that readers have there. Raises ServerError when its marts could not be replaced."""

    def publish(self, tables: Sequence[Table], as_of: date, run_id: str, stale_feeds: str) -> None:
        """Gives readers these marts. Raises ServerError when it cannot."""
