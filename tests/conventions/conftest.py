"""The dbt project as dbt reads it, for lints. Does not need a warehouse."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from conventions.lints import Project

from stayhouse.contract import REPO_ROOT


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Parsed once, in a separate process, because dbt keeps state that other suites would share."""
    folder: Path = tmp_path_factory.mktemp("conventions")
    environment = os.environ | {
        "STAYHOUSE_WAREHOUSE": str(folder / "none.duckdb"),
        "STAYHOUSE_SEEDS": "seeds",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }
    command = [
        sys.executable, "-m", "dbt.cli.main", "--no-use-colors", "parse",
        "--project-dir", str(REPO_ROOT), "--profiles-dir", str(REPO_ROOT),
        "--target-path", str(folder / "target"), "--log-path", str(folder / "logs"),
    ]  # fmt: skip
    done = subprocess.run(command, cwd=REPO_ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.fail(f"dbt cannot parse the project:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return Project.read(folder / "target" / "manifest.json", REPO_ROOT)
