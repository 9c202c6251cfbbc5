"""Wrong paths and settings are one line and exit code 2, before Dagster and dbt are started."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from conftest import Landing, customer
from typer.testing import CliRunner

from stayhouse.contract import REPO_ROOT
from stayhouse.orchestration.cli import app


class Place:
    """A company in a temporary folder, and the command line on it."""

    def __init__(self, folder: Path):
        self.raw, self.warehouse, self.publish = folder / "raw", folder / "w.duckdb", folder / "published"
        Landing(self.raw).csv("customers", [customer(1)])

    def build(self, *more: str) -> tuple[int, str]:
        places = ("--raw", self.raw, "--warehouse", self.warehouse, "--publish", self.publish)
        result = CliRunner().invoke(app, ["build", *map(str, places), *more])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result.exit_code, " ".join(result.output.split())


@pytest.fixture
def place(tmp_path, monkeypatch) -> Place:
    def never(*arguments: object, **options: object) -> None:
        raise AssertionError("a run was started")

    monkeypatch.setattr("stayhouse.orchestration.runner.start", never)
    return Place(tmp_path)


def broken_link(path: Path) -> Path:
    path.symlink_to("/nowhere/at/all")
    return path


def refused(place: Place, *more: str) -> str:
    code, output = place.build(*more)
    assert code == 2, output
    assert output.count("bad input:") == 1, output
    return output


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("STAYHOUSE_TIMEZONE", "Europe/Nowhere", "Europe/Nowhere: no such time zone; use a name like"),
        ("STAYHOUSE_SOURCE_TIMEZONE", "../etc", "../etc: no such time zone"),
        ("STAYHOUSE_MEMORY_LIMIT", "lots", "lots: STAYHOUSE_MEMORY_LIMIT takes an amount of memory like 5GB"),
        ("STAYHOUSE_MEMORY_LIMIT", "5", "5: STAYHOUSE_MEMORY_LIMIT takes an amount of memory"),
        ("STAYHOUSE_THREADS", "0", "0: STAYHOUSE_THREADS takes a number of threads like 2"),
        ("STAYHOUSE_AUTOMATION", "always", "always: STAYHOUSE_AUTOMATION takes none, schedule, files"),
        ("STAYHOUSE_KEPT_RUNS", "many", "many: STAYHOUSE_KEPT_RUNS takes a number of runs like 60"),
        ("STAYHOUSE_FIRST_DAY", "soon", "soon: STAYHOUSE_FIRST_DAY takes a date like 2015-01-01"),
        ("STAYHOUSE_EARLIEST_DATE", "1985", "1985: STAYHOUSE_EARLIEST_DATE takes a date like 2000-01-01"),
        ("STAYHOUSE_REPORTING_CURRENCY", "euro", "takes an ISO 4217 code like EUR"),
    ],
)
def test_a_wrong_setting(place, monkeypatch, variable, value, message):
    monkeypatch.setenv(variable, value)
    assert message in refused(place)


def test_a_landing_folder_one_level_too_high_or_too_low(place):
    """A landing folder that was given one level too high took a quarter of a minute to say so."""
    raw = place.raw
    place.raw = raw.parent
    assert f"has no folder of a table, but {raw} has; give that with --raw {raw}" in refused(place)
    place.raw = raw / "customers"
    assert f"is the folder of one table; give the folder above it with --raw {raw}" in refused(place)


def test_a_landing_folder_that_is_a_file_or_has_no_rights(place):
    place.raw = place.raw / "customers" / "rows.csv"
    assert "is a file; --raw takes the landing folder" in refused(place)


@pytest.mark.parametrize("option", ["raw", "policy", "warehouse", "publish"])
def test_a_link_to_nowhere(place, tmp_path, option):
    """A policy folder that was a link to a disk that was not mounted gave the numbers of the default policy."""
    link = broken_link(tmp_path / "link")
    assert "link: is a link to /nowhere/at/all, which does not exist" in refused(place, f"--{option}", str(link))


def test_a_policy_beside_the_landing_folder_that_is_a_link_to_nowhere(place, tmp_path):
    broken_link(tmp_path / "policy")
    assert "policy: is a link to /nowhere/at/all" in refused(place)


def test_a_warehouse_that_is_no_database_is_left_as_it_is(place):
    place.warehouse.write_text("my notes, much longer than a header")
    assert "w.duckdb: is not a DuckDB database; give another file" in refused(place)
    assert place.warehouse.read_text().startswith("my notes")


def test_a_warehouse_that_is_a_folder(place):
    place.warehouse.mkdir()
    assert "w.duckdb: is a folder; --warehouse takes a file" in refused(place)


def test_a_warehouse_without_an_ending(place):
    """The folder for what a run keeps beside its file would have the same name."""
    place.warehouse = place.warehouse.with_suffix("")
    assert "w: has no ending; name it like w.duckdb" in refused(place)


@pytest.mark.parametrize("command", [["status"], ["query", "select 1"], ["explain"], ["card", "c1"]])
def test_a_folder_of_publications_that_is_a_file(place, command):
    """Commands that only read ended with a traceback there."""
    place.publish.write_text("a file")
    result = CliRunner().invoke(app, [*command, "--raw", str(place.raw), "--publish", str(place.publish)])
    assert (result.exit_code, "is a file; --publish takes a folder" in result.output) == (2, True)


def test_a_warehouse_that_is_incomplete(place):
    with duckdb.connect(place.warehouse) as db:
        db.execute("create table t as from range(100000)")
    place.warehouse.write_bytes(place.warehouse.read_bytes()[:5000])
    assert "w.duckdb: cannot be opened" in refused(place)


def test_a_warehouse_of_another_landing_folder(place):
    with duckdb.connect(place.warehouse) as db:
        db.execute("create schema ops")
        db.execute("create table ops.landing_folder as select '/elsewhere/raw' as folder")
    assert "this warehouse was loaded from /elsewhere/raw; give another file with --warehouse" in refused(place)


def test_a_publication_that_cannot_become_current(place):
    (place.publish / "current").mkdir(parents=True)
    assert "current: is a folder and not the link to a release" in refused(place)
    place.publish = place.raw / "customers" / "rows.csv"
    assert "rows.csv: is a file; --publish takes a folder" in refused(place)


def test_a_required_table_without_files(place):
    (place.raw / "customers" / "rows.csv").rename(place.raw / "rows.csv")
    assert "holds no landing files" in refused(place)
    (place.raw / "events").mkdir()
    (place.raw / "rows.csv").rename(place.raw / "events" / "rows.csv")
    assert "customers: this table is required" in refused(place)


def test_a_folder_that_cannot_be_written_to(place, tmp_path):
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    (tmp_path / "locked").mkdir(mode=0o500)
    place.warehouse = tmp_path / "locked" / "w.duckdb"
    assert "locked: nothing can be written there; choose another place with --warehouse" in refused(place)


def test_brackets_in_a_path_reach_the_screen(place, tmp_path):
    """Rich takes [b] for a style: the path in the message was another one."""
    place.raw = tmp_path / "a [b] c" / "raw"
    assert "a [b] c/raw: no such landing folder" in refused(place)


def test_nothing_slow_is_imported_before_the_refusal(tmp_path):
    """A missing landing folder took up to a minute, because Dagster and dbt were imported first."""
    script = """
import sys
from stayhouse.orchestration.cli import app
try:
    app(["build", "--raw", "/nowhere/raw"])
except SystemExit as end:
    slow = {"dagster", "dbt", "great_expectations", "pandas", "sqlalchemy"} & {name.split(".")[0] for name in sys.modules}
    sys.exit(f"imported {slow}" if slow else end.code)
"""
    environment = os.environ | {"STAYHOUSE_HOME": str(tmp_path)}
    ended = subprocess.run(
        [sys.executable, "-c", script], cwd=REPO_ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ": no such landing folder" in ended.stderr) == (2, True), ended.stderr
