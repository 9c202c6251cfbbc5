"""Companies that pull: from SQLite, from a PostgreSQL that the tests start, and from a stand-in for S3 on loopback."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from pulling import Company


@pytest.fixture
def company(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Company:
    monkeypatch.chdir(tmp_path)
    return Company(tmp_path / "acme")


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of an empty PostgreSQL, which ends with the tests."""
    missing = [name for name in ("initdb", "pg_ctl") if shutil.which(name) is None]
    if missing:
        pytest.skip(f"no {' and no '.join(missing)} on the path, so there is no PostgreSQL to pull from")
    home = Path(tempfile.mkdtemp(prefix="stayhouse-postgres-", dir="/tmp"))
    owner: dict = {}
    if os.geteuid() == 0:
        # PostgreSQL refuses to run as root.
        names = {user.pw_name: user for user in pwd.getpwall()}
        user = names.get("postgres") or names["nobody"]
        os.chown(home, user.pw_uid, user.pw_gid)
        owner = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    data, port = home / "data", _free_port()

    def run(*command: str) -> None:
        subprocess.run(command, check=True, capture_output=True, cwd=home, timeout=120, **owner)

    try:
        run("initdb", "-D", str(data), "-U", "owner", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c fsync=off -c unix_socket_directories="
        run("pg_ctl", "-D", str(data), "-o", options, "-l", str(home / "log"), "-w", "start")
        yield f"postgresql://owner:s3cr3t-word@127.0.0.1:{port}/postgres"
    finally:
        if data.exists():
            subprocess.run(
                ["pg_ctl", "-D", str(data), "-m", "immediate", "stop"], check=False, capture_output=True, cwd=home,
                timeout=120, **owner,
            )  # fmt: skip
        shutil.rmtree(home, ignore_errors=True)
