"""The command line: messages and exit codes."""

from __future__ import annotations

import duckdb
import pytest
from conftest import Landing, customer
from typer.testing import CliRunner

from stayhouse.orchestration.cli import app


@pytest.fixture
def run(tmp_path):
    def invoke(*arguments: str):
        places = ["--warehouse", str(tmp_path / "w.duckdb"), "--publish", str(tmp_path / "published")]
        return CliRunner().invoke(app, [*arguments, *(places if arguments[0] != "demo" else [])])

    return invoke


def test_help_names_the_commands(run):
    result = CliRunner().invoke(app, ["--help"])
    assert result.exit_code == 0
    for command in ("demo", "build", "status", "dev"):
        assert command in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--as-of", "2025-01-01", "--from", "2025-01-01", "--to", "2025-01-02"], "give one or the other"),
        (["--from", "2025-01-01"], "--from and --to go together"),
        (["--from", "2025-01-02", "--to", "2025-01-01"], "lies after"),
        (["--as-of", "2199-01-01"], "not over yet"),
        (["--policy", "/nowhere/at/all"], "no such policy folder"),
    ],
)
def test_arguments_that_contradict_each_other_are_bad_input(run, tmp_path, arguments, message):
    result = run("build", "--raw", str(tmp_path / "raw"), *arguments)
    assert result.exit_code == 2
    assert message in result.output


def test_a_policy_fault_stops_before_anything_is_loaded(run, tmp_path):
    Landing(tmp_path / "raw").csv("customers", [customer(1)])
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thresholds.csv").write_text("threshold_code,value\nx,1\n")
    result = run("build", "--raw", str(tmp_path / "raw"), "--policy", str(tmp_path / "mine"))
    assert result.exit_code == 2
    assert "thresholds.csv, row 1, column value" in result.output
    assert not (tmp_path / "w.duckdb").exists()


def test_status_without_a_build_says_what_to_do(run, tmp_path):
    result = run("status", "--raw", str(tmp_path / "raw"))
    assert result.exit_code == 0
    assert "nothing has been published" in result.output


def test_status_names_sources_that_begin_late(run, tmp_path):
    # Story: events began a year after billing, and readers of older months wondered where the use had gone.
    (tmp_path / "published" / "current").mkdir(parents=True)
    with duckdb.connect(tmp_path / "published" / "current" / "stayhouse.duckdb") as db:
        db.execute("create schema quality")
        db.execute(
            """
            create table quality.mart_observation_starts as
            select * from (values
                ('events', date '2025-04-01', 387), ('billing', date '2024-03-10', 0), ('tickets', null, null)
            ) as starts(source_code, observed_from_date, later_than_first_days)
            """
        )
    (tmp_path / "raw").mkdir()
    output = run("status", "--raw", str(tmp_path / "raw")).output
    assert "nothing has been published" in output
    assert "recorded billing since 2024-03-10, events since 2025-04-01; months before" in output


def test_demo_does_not_mix_packs(tmp_path):
    (tmp_path / "raw" / "customers").mkdir(parents=True)
    result = CliRunner().invoke(app, ["demo", "--out", str(tmp_path)])
    assert result.exit_code == 2
    assert "is not empty" in result.output
