"""Companies that pull: from SQLite, from a PostgreSQL that the tests start, and from a stand-in for S3 on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pulling import Company
from servers import running_postgres


@pytest.fixture
def company(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Company:
    monkeypatch.chdir(tmp_path)
    return Company(tmp_path / "acme")


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of an empty PostgreSQL, which ends with the tests."""
    with running_postgres() as port:
        yield f"postgresql://owner:s3cr3t-word@127.0.0.1:{port}/postgres"
