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
    (tmp_path / "landing" / "customers").mkdir(parents=True)
    result = CliRunner().invoke(app, ["demo", "--out", str(tmp_path)])
    assert result.exit_code == 2
    assert "is not empty" in result.output


@pytest.mark.parametrize(("option", "least"), [("--customers", 40), ("--days", 60)])
def test_demo_refuses_a_company_without_room_for_every_case(tmp_path, option, least):
    """A company that is too small ended in a traceback."""
    result = CliRunner().invoke(app, ["demo", option, str(least - 1), "--out", str(tmp_path)])
    assert result.exit_code == 2
    assert f"greater than or equal to {least}" in " ".join(result.output.replace("│", " ").split())
    assert "Traceback" not in result.output


def test_the_first_lines_name_what_makes_figures_wrong(tmp_path, capsys):
    """Rejected answers and late tables were in line sixty of the summary, below "published"."""
    from stayhouse.orchestration.runner import Outcome
    from stayhouse.orchestration.settings import Settings
    from stayhouse.orchestration.summary import attention, print_outcome

    settings = Settings(tmp_path / "raw", None, tmp_path / "w.duckdb", tmp_path / "published")
    log = {
        "covered_day": "2025-06-29, the last closed day with rows of events",
        "feeds": ["published although contacts: its rows end on 2025-06-01"],
        "rejections": ["events: 3 of 8 rows (37.5 %) of the new files are in quarantine"],
        "policy_gaps": ["question 'relational/nps2' is not known"],
        "load": {"tables": {}, "notices": []},
        "published": {
            "as_of": "2025-06-29",
            "rows": {"churn.mart_churn_monthly": 1},
            "folder": str(tmp_path / "published" / "releases" / "2025-06-29-r"),
            "is_current": False,
            "current_day": "2025-06-30",
        },
    }
    assert attention(log | {"money": ["CHF has no rate"]})[:3] == [
        *log["feeds"], *log["rejections"], *log["policy_gaps"],
    ]  # fmt: skip
    print_outcome(settings, Outcome(0, log), 1.0)
    output = " ".join(capsys.readouterr().out.split())
    assert "the day is 2025-06-29, the last closed day with rows of events" in output
    assert "readers keep 2025-06-30" in output
    assert "--make-current gives them this day" in output
    assert "releases/2025-06-29-r" in output
