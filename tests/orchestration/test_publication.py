"""A publication is there as a whole or not at all, and its folder neither grows nor trips over what others put there."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import duckdb
import pytest
from conftest import Landing, customer
from typer.testing import CliRunner

from stayhouse.contract import REPO_ROOT
from stayhouse.orchestration.cli import app
from stayhouse.publishing.release import Mart, current_publication, publish, release_name

MARTS = [Mart("sales", "mart_orders", "Orders.", {"order_id": "Order."}, ("order_id",))]


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    path = tmp_path / "w.duckdb"
    with duckdb.connect(path) as db:
        db.execute("create schema sales")
        db.execute(
            "create table sales.mart_orders as select range as order_id, md5(range::varchar) as note from range(20000)"
        )
    return path


def publish_day(warehouse: Path, folder: Path, day: int = 1, **options) -> None:
    with duckdb.connect(warehouse) as db:
        publish(db, folder, MARTS, date(2025, 1, day), f"{day:08x}", {}, **options)


def names(folder: Path) -> set[str]:
    return {entry.name for entry in (folder / "releases").iterdir()}


def test_a_publication_that_fails_leaves_nothing_behind(warehouse, tmp_path):
    """A full disk stayed full, because the unfinished release was only removed by the next one that succeeded."""
    folder = tmp_path / "published"
    publish_day(warehouse, folder)

    def fail(release: Path, document: dict) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(OSError, match="No space left"):
        publish_day(warehouse, folder, 2, companions=[fail])
    assert names(folder) == {"2025-01-01-00000001"}
    assert current_publication(folder)["as_of_date"] == "2025-01-01"


FULL_DISK = """
import resource, sys
from datetime import date
from pathlib import Path
from stayhouse.orchestration.cli import app
from stayhouse.publishing.release import Mart, publish
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
import duckdb
publish(duckdb.connect(sys.argv[1]), Path(sys.argv[2]), [Mart("sales", "mart_orders")], date(2025, 1, 2), "00000002", {})
"""


def test_a_database_that_does_not_fit_leaves_nothing_behind(warehouse, tmp_path):
    """The same, by a limit on the size of files: DuckDB fails amid its writing."""
    folder = tmp_path / "published"
    publish_day(warehouse, folder)
    ended = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(warehouse), str(folder)],
        cwd=REPO_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, "File too large" in ended.stderr) == (1, True), ended.stderr
    assert names(folder) == {"2025-01-01-00000001"}
    publish_day(warehouse, folder, 3)
    assert release_name(folder) == "2025-01-03-00000003"


def test_strangers_in_the_folder_of_releases_are_left_alone(warehouse, tmp_path):
    """A file of the file manager in `releases/` made every publication fail after it had become current."""
    releases = tmp_path / "published" / "releases"
    releases.mkdir(parents=True)
    (releases / ".DS_Store").write_text("x")
    (releases / "notes.txt").write_text("x")
    (releases / "my copy").mkdir()
    (releases / ".snapshot").mkdir()
    (releases / "link").symlink_to("/nowhere")
    strangers = names(tmp_path / "published")
    (releases / ".0badcafe").mkdir()
    for day in range(1, 6):
        publish_day(warehouse, tmp_path / "published", day, kept=3)
    kept = {f"2025-01-0{day}-0000000{day}" for day in (3, 4, 5)}
    assert names(tmp_path / "published") == strangers | kept


def test_as_many_releases_are_kept_as_wanted_and_always_the_current_one(warehouse, tmp_path):
    for day in (3, 1, 2):
        publish_day(warehouse, tmp_path / "published", day, kept=1)
    # Readers keep the latest day; the other release is the one that was written last.
    assert release_name(tmp_path / "published") == "2025-01-03-00000003"
    assert names(tmp_path / "published") == {"2025-01-03-00000003", "2025-01-02-00000002"}


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)),
        duckdb.IOException("IO Error: Could not write file: No space left on device"),
        RuntimeError("(sqlite3.OperationalError) database or disk is full"),
    ],
)
def test_a_disk_that_is_full_is_a_sentence(tmp_path, monkeypatch, error):
    """Where nothing can be written any more, not even the log of the run, the end was a traceback."""

    def start(*arguments: object) -> None:
        raise error

    monkeypatch.setattr("stayhouse.orchestration.runner.start", start)
    Landing(tmp_path / "raw").csv("customers", [customer(1)])
    places = ("--raw", tmp_path / "raw", "--warehouse", tmp_path / "w.duckdb", "--publish", tmp_path / "published")
    result = CliRunner().invoke(app, ["build", *map(str, places)])
    output = " ".join(result.output.split())
    assert (result.exit_code, "the disk is full at the stage" in output) == (1, True), output
    assert f"MB free at {tmp_path}" in output
    assert "make room and run again" in output
