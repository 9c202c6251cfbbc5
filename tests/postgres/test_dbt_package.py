"""A team whose own tools fill tables on a server installs the models as a package there, without the loader."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from stayhouse.contract import REPO_ROOT
from stayhouse.postgres import Server
from tests.nights.test_dbt_package import BREAK, CONTRACT_TEST, PACKAGE, PROJECT

pytestmark = pytest.mark.slow

RUN = """
import json, sys
from dbt.cli.main import dbtRunner

steps = {}
for command in sys.argv[1:]:
    done = dbtRunner().invoke(["--quiet", *command.split(), "--profiles-dir", "."])
    results = getattr(done.result, "results", None) or []
    steps[command] = [done.success, str(done.exception or ""), {r.node.name: [str(r.status), r.message] for r in results}]
print(json.dumps(steps))
"""


def run(project: Path, server: Server, *commands: str) -> dict[str, list]:
    """What dbt says of each command, in a process of its own."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("STAYHOUSE_", "DBT_"))}
    done = subprocess.run(
        [sys.executable, "-c", RUN, *commands], cwd=project, capture_output=True, text=True, check=False,
        env=environment | server.variables | {"STAYHOUSE_INTEGRATION_TARGET": "postgres"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_a_project_builds_the_package_on_a_server(server: Server, tmp_path: Path) -> None:
    """The hand-worked answers of the other project hold there, and rows that break the contract stop the build."""
    import psycopg2

    for name in PACKAGE:
        (tmp_path / name).symlink_to(REPO_ROOT / name)
    project = tmp_path / "integration_tests"
    shutil.copytree(PROJECT, project, ignore=shutil.ignore_patterns("target", "dbt_packages", "logs"))
    build = "build --exclude resource_type:seed"
    steps = run(project, server, "deps", "seed", build)
    for command, (success, error, results) in steps.items():
        assert success, (command, error, [one for one in results.items() if one[1][0] not in ("pass", "success")])
    results = steps[build][2]
    by_hand = [path.stem for path in (PROJECT / "tests").glob("*.sql")]
    assert {results[name][0] for name in (*by_hand, CONTRACT_TEST)} == {"pass"}

    with psycopg2.connect(server.options) as database, database.cursor() as cursor:
        cursor.execute(BREAK)
    contract = f"test --select {CONTRACT_TEST}"
    ((success, _, results),) = run(project, server, contract).values()
    assert not success
    assert results[CONTRACT_TEST][1].split(",")[0] == "Got 3 results"
