"""A company of the command line, from its first folder to the card of a customer."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from stayhouse.orchestration.cli import app
from stayhouse.orchestration.settings import Settings
from stayhouse.publishing.release import DATABASE_NAME

pytestmark = pytest.mark.slow


def output_of(*arguments: object) -> str:
    result = CliRunner().invoke(app, [str(one) for one in arguments])
    assert result.exit_code == 0, result.output
    return " ".join(result.output.split())


def test_a_run_of_a_company_writes_into_its_folder_and_nowhere_else(published: Settings) -> None:
    assert published.company
    assert {path.name for path in published.company.iterdir()} == {
        ".gitignore", "exports", "landing", "policy", "published", "shapes", "stayhouse", "stayhouse.duckdb",
        "stayhouse.toml",
    }  # fmt: skip


def test_policy_files_are_as_they_were_after_a_run(published: Settings) -> None:
    """dbt wrote compiled SQL over policy files whose folder lay in an unlucky place."""
    (copy,) = published.policy_copies.iterdir()
    assert len(list(copy.glob("*.csv"))) > 30
    for file in copy.glob("*.csv"):
        assert not file.read_text().lstrip().lower().startswith(("copy", "insert")), file


def test_the_publication_names_the_company(published: Settings) -> None:
    current = published.publish / "current"
    assert json.loads((current / "publication.json").read_text())["company"] == published.name
    page = (current / "index.html").read_text()
    assert f"<h1>{published.name}: customer retention</h1>" in page
    assert f"<title>{published.name}, 2025-06-30</title>" in page


def test_status_and_card_take_the_company(published: Settings, tmp_path: Path, monkeypatch) -> None:
    assert f"{published.name}: published as of 2025-06-30" in output_of("status", published.company)
    with duckdb.connect(published.publish / "current" / DATABASE_NAME, read_only=True) as db:
        (customer,) = db.execute("select min(customer_id) from customer_360.mart_customer_360").fetchone()
    output_of("card", customer, "--company", published.company, "--out", tmp_path / "card.html")
    assert customer in (tmp_path / "card.html").read_text()
    monkeypatch.chdir(published.company)
    output_of("card", customer, "--out", tmp_path / "second.html")
    assert (tmp_path / "second.html").read_text() == (tmp_path / "card.html").read_text()


def test_a_company_moves_as_a_folder(published: Settings, tmp_path: Path) -> None:
    shutil.copytree(published.company, tmp_path / "moved", symlinks=True)
    assert f"goes on with {tmp_path / 'moved' / 'landing'}" in output_of("move", tmp_path / "moved")
