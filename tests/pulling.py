"""A company that pulls, for tests, and what must be installed for that."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import duckdb
import pytest

from stayhouse.orchestration.settings import Settings
from stayhouse.orchestration.sources import PulledSources, pull_sources

WITHOUT_DLT = pytest.mark.skipif(find_spec("dlt") is None, reason="dlt is not installed here; make source-test")
WITHOUT_S3 = pytest.mark.skipif(
    find_spec("s3fs") is None or find_spec("moto") is None,
    reason="s3fs and moto are not installed here; make source-test",
)
VARIABLE = "ACME_DATABASE_URL"


class Company:
    """The folder of a company that pulls."""

    def __init__(self, folder: Path):
        self.folder = folder
        folder.mkdir()
        self.states("")

    def states(self, toml: str) -> None:
        (self.folder / "stayhouse.toml").write_text(toml)

    @property
    def settings(self) -> Settings:
        return Settings.resolve(company=self.folder)

    def pull(self, again: bool = False) -> PulledSources:
        return pull_sources(self.settings, again)

    def files(self, below: str) -> list[Path]:
        return sorted((self.folder / below).glob("*.parquet"))

    def rows(self, file: Path) -> list[dict]:
        with duckdb.connect() as db:
            found = db.execute(f"from read_parquet('{file}') order by all")
            names = [column[0] for column in found.description]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def landed(self, below: str = "landing/customers") -> list[list[dict]]:
        """The rows of each file, in the order of their names."""
        return [self.rows(file) for file in self.files(below)]
