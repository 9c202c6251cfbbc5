"""Two runs on the server give what they give in one file, also when one of them is killed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from servers import asked, differences, tables_of

from stayhouse.contract import REPO_ROOT
from stayhouse.demonstration.saas import generate
from stayhouse.expectations.registry import mart_gates
from stayhouse.postgres import Server
from stayhouse.publishing.release import current_publication

pytestmark = pytest.mark.slow

LAST = date(2025, 6, 30)
FIRST = LAST - timedelta(days=1)
# Days whose files come a run late.
LATE = {f"dt={LAST - timedelta(days=days)}" for days in (0, 3, 17, 40)}
BUILD = """
import os, signal, sys
from datetime import date
from pathlib import Path
from stayhouse.orchestration import progress
from stayhouse.orchestration.runner import build
from stayhouse.orchestration.settings import Settings

def listen(stage, item, share):
    if stage == "transform" and share >= 0.6:
        os.kill(os.getpid(), signal.SIGKILL)

kind, day, *places = sys.argv[1:]
if kind == "kill":
    progress.listen(listen)
outcome = build(Settings.resolve(*map(Path, places)), date.fromisoformat(day), date.fromisoformat(day))
print(outcome.log)
sys.exit(outcome.exit_code)
"""


class Side(NamedTuple):
    """What is built, and where."""

    landing: Path
    place: Path
    server: Server | None = None

    def build(self, as_of: date, kill: bool = False) -> int:
        variables = {"STAYHOUSE_HOME": str(self.place), "DAGSTER_HOME": str(self.place / "dagster")}
        # Both sides run at a time, and each writes what dbt compiles.
        variables |= {"DBT_TARGET_PATH": str(self.place / "target")}
        variables |= {"PYTHONPATH": str(REPO_ROOT), "STAYHOUSE_TARGET": "duckdb"}
        if self.server:
            variables |= self.server.variables | {"STAYHOUSE_TARGET": "postgres"}
        places = [
            self.landing,
            self.landing.parent / "policy",
            self.place / "stayhouse.duckdb",
            self.place / "published",
        ]
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", BUILD, "kill" if kill else "whole", str(as_of), *map(str, places)],
            env=os.environ | variables, capture_output=True, text=True, timeout=900, check=False,
        )  # fmt: skip
        print(done.stdout[-3000:], done.stderr[-3000:])
        return done.returncode

    @property
    def release(self) -> Path:
        return self.place / "published" / "current" / "stayhouse.duckdb"


@pytest.fixture(scope="module")
def sides(tmp_path_factory, new_database: Callable[[], Server]) -> tuple[Side, Side]:
    """The same company in a file and on a server, before its first run."""
    folder = tmp_path_factory.mktemp("company")
    generate(folder, customers=60, days=90, seed=3)
    landing = folder / "arrived" / "landing"
    shutil.copytree(folder / "policy", folder / "arrived" / "policy")
    shutil.copytree(folder / "landing", landing, ignore=lambda _, names: LATE & set(names))
    places = [tmp_path_factory.mktemp(name) for name in ("file", "server")]
    return Side(landing, places[0]), Side(landing, places[1], new_database())


def assert_same_publications(file: Side, server: Side) -> None:
    """Every published table is the same both ways: in the file, in the release made from the server, and on the server."""
    assert server.server is not None
    document = current_publication(server.place / "published")
    marts = [gate.table for gate in mart_gates()]
    assert document is not None
    assert sorted(document["rows"]) == sorted(marts)
    same = {name: f"published.{name.split('.')[1]}" for name in marts}
    assert differences(server.release, "extract", server.server, same) == {}
    assert differences(file.release, "file", server.server, same) == {}


def test_two_runs_are_equal_although_the_second_is_killed(sides) -> None:
    """A full build, and a run with late rows that was killed amid the models and begun again."""
    file, server = sides
    with ThreadPoolExecutor() as both:
        assert list(both.map(lambda side: side.build(FIRST), sides)) == [0, 0]
    assert_same_publications(file, server)

    landing = file.landing
    shutil.copytree(landing.parents[1] / "landing", landing, dirs_exist_ok=True)
    with ThreadPoolExecutor() as both:
        built, killed = both.submit(file.build, LAST), both.submit(server.build, LAST, kill=True)
    assert (built.result(), killed.result()) == (0, -signal.SIGKILL)
    (published,) = asked(server.server, "select as_of_date from published.publication")
    assert published == (FIRST,)
    assert server.build(LAST) == 0
    assert_same_publications(file, server)
    (published,) = asked(server.server, "select as_of_date from published.publication")
    assert published == (LAST,)

    core = [name for name in tables_of(server.place / "stayhouse.duckdb", ("core",)) if name != "core.run_context"]
    assert core, "what is read beside the marts came back too"
    marks = asked(server.server, "select count(*), min(load_id) from ops.model_watermarks")
    assert marks[0][0] > 15
    assert marks[0][1] > 1
