"""A PostgreSQL of the tests' own (on a free port of loopback, in a temporary folder, ended with the tests), and its readers."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import duckdb
import pytest

from stayhouse.contract.sql import connect
from stayhouse.postgres import Server, attached
from stayhouse.postgres.server import NAME

# Debian keeps the programs of a server off the path.
INSTALLED = "/usr/lib/postgresql/*/bin"
OWNER = "owner"


def _programs() -> dict[str, str]:
    """Where `initdb` and `pg_ctl` are; skips the test where PostgreSQL is not installed."""
    found = {}
    for name in ("initdb", "pg_ctl"):
        places = [str(file) for file in sorted(Path("/").glob(f"{INSTALLED.lstrip('/')}/{name}"), reverse=True)]
        if place := shutil.which(name) or next(iter(places), None):
            found[name] = place
        else:
            pytest.skip(f"PostgreSQL is not installed here: {name} is missing")
    return found


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def _tried(start: Callable[[], int], times: int = 3) -> int:
    """Another program may take a free port before the server does."""
    for _ in range(times - 1):
        with suppress(subprocess.CalledProcessError):
            return start()
    return start()


@contextmanager
def running_postgres(*settings: str) -> Iterator[int]:
    """The port of an empty server that trusts everybody; `settings` are those of its configuration."""
    programs = _programs()
    home = Path(tempfile.mkdtemp(prefix="stayhouse-postgres-", dir="/tmp"))
    owner: dict = {}
    if os.geteuid() == 0:
        # PostgreSQL refuses to run as root.
        names = {user.pw_name: user for user in pwd.getpwall()}
        user = names.get("postgres") or names["nobody"]
        os.chown(home, user.pw_uid, user.pw_gid)
        owner = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    data = home / "data"

    def run(name: str, *arguments: str, check: bool = True) -> None:
        subprocess.run([programs[name], *arguments], check=check, capture_output=True, cwd=home, timeout=120, **owner)

    try:
        run("initdb", "-D", str(data), "-U", OWNER, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        stated = ["listen_addresses=127.0.0.1", "fsync=off", "unix_socket_directories=", *settings]

        def start() -> int:
            port = free_port()
            options = " ".join([f"-p {port}", *(f"-c {one}" for one in stated)])
            run("pg_ctl", "-D", str(data), "-o", options, "-l", str(home / "log"), "-w", "start")
            return port

        yield _tried(start)
    finally:
        if data.exists():
            run("pg_ctl", "-D", str(data), "-m", "immediate", "stop", check=False)
        shutil.rmtree(home, ignore_errors=True)


def client(server: Server) -> Any:
    """A connection as a reader has it."""
    import psycopg2

    return psycopg2.connect(host=server.host, port=server.port, user=server.user, dbname=server.database)


def asked(server: Server, sql: str) -> list[tuple]:
    """The rows of a query."""
    connection = client(server)
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            rows = cursor.fetchall() if cursor.description else []
        connection.commit()
        return rows
    finally:
        connection.close()


# Of the results of checks those of the last run, without what is another in each run. Raw tables are checked from the
# newest load that has passed on, and a killed run has passed its own.
OF_RUNS = {"quality.mart_data_quality_results": "is_newest_run and gate_stage <> 'raw'"}
OF_A_RUN = ("run_id", "checked_at")


def differences(file: Path, there: str, server: Server, tables: dict[str, str]) -> dict[str, tuple[int, int]]:
    """Rows that only one side has, of each table that differs; numbers of double precision to nine digits (relative
    ones where they are above a thousand).

    `tables` are names in the file -> names on the server.
    """
    with connect() as db, attached(db, server, read_only=True):
        db.execute(f"attach '{file}' as {there} (read_only)")
        return differing(db, {here: (f"{there}.{here}", f"{NAME}.{other}") for here, other in tables.items()})


def differing(db: duckdb.DuckDBPyConnection, tables: dict[str, tuple[str, str]]) -> dict[str, tuple[int, int]]:
    """The same for relations of one connection: the name of a mart -> the relations of both sides."""
    found = {}
    for name, (one, other) in tables.items():
        kinds = db.execute(f"select column_name, column_type from (describe from {one})").fetchall()
        columns = ", ".join(_comparable(column, kind) for column, kind in kinds if column not in OF_A_RUN)
        where = OF_RUNS.get(name, "true")
        left, right = (f"select {columns} from {relation} where {where}" for relation in (one, other))
        lost, added = (
            db.execute(f"select count(*) from ({first} except all {second})").fetchone()[0]
            for first, second in ((left, right), (right, left))
        )
        if lost or added:
            found[name] = (lost, added)
    return found


def _comparable(name: str, kind: str) -> str:
    if kind != "DOUBLE":
        return f'cast("{name}" as {kind}) as "{name}"'
    # Rounded values lie on steps of nine digits, so these steps lie beside them: neither side falls to the next one.
    return f"""floor("{name}" * case when abs("{name}") > 1000 then 1e6 else 1e9 end + 0.37) as "{name}\""""


def tables_of(file: Path, schemas: tuple[str, ...]) -> list[str]:
    """The tables of some schemas of a DuckDB file."""
    with duckdb.connect(str(file), read_only=True) as db:
        found = db.execute(
            f"select schema_name || '.' || table_name from duckdb_tables() where schema_name in {schemas} order by 1"
        ).fetchall()
    return [name for (name,) in found]
