"""PostgreSQL as an engine: what a run does there, each part over a connection of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from importlib.util import find_spec
from typing import TYPE_CHECKING

from stayhouse.contract.sql import connect
from stayhouse.postgres.server import NAME, Server, attached, run
from stayhouse.targets import ServerError, Table

if TYPE_CHECKING:
    import duckdb

MARKS = "ops.model_watermarks"


@dataclass(frozen=True)
class PostgresEngine:
    """A server, as stayhouse.targets.Engine describes it."""

    server: Server

    def __str__(self) -> str:
        return str(self.server)

    @property
    def target(self) -> str:
        return "postgres"

    @property
    def variables(self) -> Mapping[str, str]:
        return self.server.variables

    def check(self) -> None:
        if find_spec("dbt.adapters.postgres") is None:
            raise ServerError(
                "target = \"postgres\" needs dbt-postgres; install it by pip install 'stayhouse[target-postgres]' "
                "(make postgres in a clone)"
            )
        with connect() as connection, attached(connection, self.server, read_only=True):
            pass

    def prepare_dbt(self) -> None:
        from stayhouse.postgres.python_models import enable

        enable()

    @contextmanager
    def statements(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with connect() as connection, attached(connection, self.server):
            connection.execute(f"use {NAME}.ops")
            try:
                yield connection
            finally:
                connection.execute("use memory")

    def ship(self, connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
        from stayhouse.postgres.shipping import ship

        with attached(connection, self.server):
            return ship(connection).rows

    def fetch(self, connection: duckdb.DuckDBPyConnection, tables: Mapping[str, Mapping[str, str]]) -> None:
        from stayhouse.postgres.fetching import fetch

        with attached(connection, self.server, read_only=True):
            fetch(connection, tables)

    def forget_marks(self) -> None:
        with connect() as connection, attached(connection, self.server):
            found = connection.execute(
                f"from duckdb_tables() where database_name = '{NAME}' and schema_name || '.' || table_name = '{MARKS}'"
            )
            if found.fetchall():
                run(connection, f"delete from {MARKS}")

    def require_replaceable(self) -> str | None:
        from stayhouse.postgres.release import published_run, require_replaceable

        with connect() as connection, attached(connection, self.server, read_only=True):
            require_replaceable(connection, self.server)
            return published_run(connection)

    def publish(self, tables: Sequence[Table], as_of: date, run_id: str, stale_feeds: str) -> None:
        from stayhouse.postgres.release import publish

        with connect() as connection, attached(connection, self.server):
            publish(connection, self.server, tables, as_of, run_id, stale_feeds)
