"""What a run leaves on the screen is its own."""

from __future__ import annotations

import subprocess
import sys

from stayhouse.contract import REPO_ROOT
from stayhouse.contract.sql import connect
from stayhouse.orchestration.warehouse import open_warehouse

# dbt imports a tracker that calls logging.basicConfig(): where dbt came first, every warning of Dagster, of Great
# Expectations and of the lineage was printed between the progress bars of a first build.
CHATTER = """
import logging
from stayhouse.orchestration.runner import _quiet
with _quiet():
    import dbt.tracking
    logging.getLogger("sqlglot").warning("chatter")
    logging.getLogger("dagster.builtin").warning("chatter")
"""


def test_libraries_do_not_write_between_the_progress_bars():
    printed = subprocess.run([sys.executable, "-c", CHATTER], cwd=REPO_ROOT, capture_output=True, text=True, check=True)
    assert printed.stdout + printed.stderr == ""


def test_duckdb_does_not_draw_bars_of_its_own(tmp_path):
    """Every query of more than two seconds drew a bar of DuckDB's between those of the run."""
    with connect() as db, open_warehouse(tmp_path / "w.duckdb") as warehouse:
        for connection in (db, warehouse):
            assert connection.execute("select current_setting('enable_progress_bar')").fetchall() == [(False,)]


def test_every_connection_of_a_run_is_one_without_bars():
    packages = ("orchestration", "publishing", "page", "loading", "expectations")
    opened = {
        str(file.relative_to(REPO_ROOT))
        for package in packages
        for file in (REPO_ROOT / package).rglob("*.py")
        if "duckdb.connect(" in file.read_text()
    }
    assert opened == set()
