"""A landing folder moves with its warehouse, and another company's folder is still refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from conftest import Landing, customer, event
from typer.testing import CliRunner

from stayhouse.contract import contract
from stayhouse.loading import LoadError, check_landing_folder, load_landing
from stayhouse.orchestration.cli import app
from stayhouse.orchestration.warehouse import open_warehouse


@pytest.fixture
def moved(tmp_path: Path) -> Path:
    """A company that was loaded in one place and then moved to another."""
    old = tmp_path / "old"
    landing = Landing(old / "raw")
    landing.csv("customers", [customer(1), customer(2)])
    landing.csv("events", [event(1)], name="dt=2025-01-02/rows.csv")
    with open_warehouse(old / "w.duckdb") as db:
        check_landing_folder(db, landing.folder)
        load_landing(db, landing.folder, contract())
    shutil.copytree(old, tmp_path / "new")
    shutil.rmtree(old)
    return tmp_path / "new"


def move(company: Path, raw: Path | None = None):
    return CliRunner().invoke(
        app, ["move", "--raw", str(raw or company / "raw"), "--warehouse", str(company / "w.duckdb"),
              "--publish", str(company / "p")],
    )  # fmt: skip


def test_a_moved_warehouse_goes_on_without_loading_its_files_again(moved: Path) -> None:
    with open_warehouse(moved / "w.duckdb") as db, pytest.raises(LoadError, match="stayhouse move"):
        check_landing_folder(db, moved / "raw")
    result = move(moved)
    assert result.exit_code == 0, result.output
    assert "2 of its 2 files are there" in result.output.replace("\n", " ")
    with open_warehouse(moved / "w.duckdb") as db:
        check_landing_folder(db, moved / "raw")
        report = load_landing(db, moved / "raw", contract())
    tables = report.tables.values()
    assert sum(table.files_loaded for table in tables) == 0
    assert sum(table.files_known for table in tables) == 2


def test_files_that_were_archived_since_do_not_stop_a_move(moved: Path) -> None:
    shutil.rmtree(moved / "raw" / "events")
    assert "1 of its 2 files are there" in move(moved).output.replace("\n", " ")


@pytest.mark.parametrize("kind", ["none", "other"])
def test_the_folder_of_another_company_is_refused(moved: Path, tmp_path: Path, kind: str) -> None:
    landing = Landing(tmp_path / "another" / "raw")
    landing.csv("customers", [customer(7)], name="rows.csv" if kind == "other" else "theirs.csv")
    result = move(moved, landing.folder)
    assert result.exit_code == 2
    said = result.output.replace("\n", " ")
    assert "is not the folder that this warehouse was loaded from" in said
    assert ("customers/rows.csv is another file" if kind == "other" else "none of the 2 loaded files") in said


def test_a_warehouse_that_does_not_exist_is_said(moved: Path, tmp_path: Path) -> None:
    result = move(tmp_path / "nowhere", moved / "raw")
    assert result.exit_code == 2
    assert ": no such warehouse" in result.output.replace("\n", " ")


def test_a_warehouse_that_was_never_loaded_is_said(moved: Path) -> None:
    """An empty ops.landing_folder ended in a traceback: one_row raises ValueError, TypeError was caught."""
    with open_warehouse(moved / "w.duckdb") as db:
        db.execute("delete from ops.landing_folder")
    result = move(moved)
    assert result.exit_code == 2
    assert "nothing has been loaded into it yet" in result.output.replace("\n", " ")
