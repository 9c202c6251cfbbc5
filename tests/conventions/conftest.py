"""The dbt project as dbt reads it, for lints. Does not need a warehouse."""

from __future__ import annotations

from pathlib import Path

import pytest
from conventions.lints import Project

from stayhouse.contract import REPO_ROOT


@pytest.fixture(scope="session")
def project(parsed: Path) -> Project:
    return Project.read(parsed / "target" / "manifest.json", REPO_ROOT)
