"""The server, attached to a connection of DuckDB by its extension for PostgreSQL."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from stayhouse.contract.sql import literal, one_row
from stayhouse.targets import ServerError

if TYPE_CHECKING:
    import duckdb

NAME = "server"
"""Of the attached database."""
EXTENSION = "postgres_scanner"
# Text is compared byte by byte, as DuckDB does: the order of accented letters would change minima and ranks.
COLLATIONS = ("C", "POSIX", "C.UTF-8", "C.utf8")
CREATE = "create database {name} template template0 encoding 'UTF8' lc_collate 'C' lc_ctype 'C.UTF-8'"


# From version 15 on a language may decide although the collation says C.
_SORTING = """
select
    pg_encoding_to_char(encoding) as encoding,
    case when to_jsonb(d) ->> 'datlocprovider' = 'i'
        then coalesce(to_jsonb(d) ->> 'daticulocale', to_jsonb(d) ->> 'datlocale') else datcollate
    end as collation
from pg_database as d
where datname = current_database()
"""


@dataclass(frozen=True)
class Server:
    """Where PostgreSQL listens. Passwords are not part of it: libpq reads PGPASSWORD or its own password file."""

    host: str
    port: int
    user: str
    database: str

    def __str__(self) -> str:
        return f"PostgreSQL at {self.host}:{self.port}, database {self.database}, user {self.user}"

    @property
    def variables(self) -> dict[str, str]:
        """What libpq, and with it dbt and DuckDB, read."""
        return {
            "PGHOST": self.host,
            "PGPORT": str(self.port),
            "PGUSER": self.user,
            "PGDATABASE": self.database,
            "PGTZ": "UTC",
        }

    @property
    def options(self) -> str:
        """The same as a text that libpq takes."""
        found = {"host": self.host, "port": self.port, "user": self.user, "dbname": self.database}
        return " ".join(f"{key}='{_escaped(str(value))}'" for key, value in found.items())


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "\\'")


@contextmanager
def attached(connection: duckdb.DuckDBPyConnection, server: Server, read_only: bool = False) -> Iterator[None]:
    """The server as the database `server` of a connection. Raises ServerError when it cannot be used."""
    import duckdb

    _load_extension(connection)
    try:
        connection.execute(
            f"attach {literal(server.options)} as {NAME} (type postgres{', read_only' if read_only else ''})"
        )
        encoding, collation = one_row(connection, f"from postgres_query({literal(NAME)}, {literal(_SORTING)})")
    except duckdb.Error as error:
        raise ServerError(f"{server}: cannot be reached: {said(error)}; see [postgres] in stayhouse.toml") from error
    try:
        if encoding != "UTF8" or collation not in COLLATIONS:
            raise ServerError(
                f"{server}: the database has encoding {encoding} and collation {collation}, so text would sort "
                f"differently than in DuckDB; create the database with: {CREATE.format(name=server.database)}"
            )
        yield
    finally:
        connection.execute(f"detach {NAME}")


def said(error: Exception) -> str:
    """The beginning of a message, in one line and without the query that DuckDB puts before what the server says."""
    _, _, of_server = str(error).rpartition("ERROR:")
    return " ".join(of_server.split())[:300]


def _load_extension(connection: duckdb.DuckDBPyConnection) -> None:
    """From the wheel where it is installed (no network needed), else from DuckDB's own store of extensions."""
    import duckdb

    found = importlib.util.find_spec(f"duckdb_extension_{EXTENSION}")
    files = [
        file
        for folder in (found.submodule_search_locations or () if found else ())
        for file in Path(folder).rglob(f"v{duckdb.__version__}/{EXTENSION}.duckdb_extension")
    ]
    try:
        connection.execute(f"load {literal(files[0])}" if files else f"install {EXTENSION}; load {EXTENSION}")
    except duckdb.Error as error:
        raise ServerError(
            f"DuckDB {duckdb.__version__} has no extension for PostgreSQL, and none could be fetched; install it by "
            f"make postgres or pip install 'stayhouse[target-postgres]' ({said(error)})"
        ) from error


def run(connection: duckdb.DuckDBPyConnection, statement: str) -> None:
    """Runs a statement of PostgreSQL in the transaction of the connection."""
    connection.execute(f"call postgres_execute({literal(NAME)}, {literal(statement)})")
