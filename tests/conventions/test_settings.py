"""A setting has one description: the code that reads it, `--help` and the documentation agree."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest
from rich.text import Text
from typer.main import get_command
from typer.testing import CliRunner

from stayhouse.contract import REPO_ROOT
from stayhouse.orchestration import settings
from stayhouse.orchestration.cli import app
from stayhouse.orchestration.company import KEYS
from stayhouse.orchestration.variables import BY_NAME, VARIABLES, as_table
from stayhouse.postgres import Server
from stayhouse.spark import Lake

# Set by the command line for dbt.
INTERNAL = {"STAYHOUSE_SEEDS", "PGTZ"}


def shown(*arguments: str) -> str:
    """Help as one line of text, without the frames that Rich draws."""
    result = CliRunner().invoke(app, [*arguments, "--help"])
    assert result.exit_code == 0, result.output
    return " ".join(result.output.replace("│", " ").split())


def read_by_the_code() -> set[str]:
    files = [
        *(file for file in REPO_ROOT.glob("orchestration/**/*.py") if file.name not in ("variables.py", "cli.py")),
        REPO_ROOT / "profiles.yml",
        REPO_ROOT / "dbt_project.yml",
    ]
    names = r"\b(?:STAYHOUSE_[A-Z_]+|DAGSTER_HOME|DBT_TARGET_PATH|PG[A-Z]+)\b"
    return {name for file in files for name in re.findall(names, file.read_text())}


def test_every_variable_that_is_read_is_described_and_the_other_way_round() -> None:
    assert read_by_the_code() - INTERNAL == BY_NAME.keys()


def test_the_documentation_has_every_variable_with_its_default() -> None:
    assert as_table() in (REPO_ROOT / "docs" / "operations.md").read_text(), (
        "docs/operations.md: replace the table of settings by this\n" + as_table()
    )


def test_help_has_every_variable_with_its_default() -> None:
    # Brackets were read as markup, so that no reader ever saw a variable or a default.
    output = shown()
    for one in VARIABLES:
        assert f"{one.name}: {one.meaning} (default: {one.default})".replace("`", "") in output


@pytest.mark.parametrize(
    ("command", "texts"),
    [
        ("build", ["Folder of the company, with its stayhouse.toml. [env: STAYHOUSE_COMPANY]",
                   "[env: STAYHOUSE_RAW] [default: landing in the company's folder]",
                   "[env: STAYHOUSE_POLICY] [default: policy in the company's folder]",
                   "[env: STAYHOUSE_WAREHOUSE] [default: warehouse/<company>.duckdb in",
                   "[env: STAYHOUSE_PUBLISH] [default: published in the company's folder]", "[default: the last that the data"]),
        ("demo", ["[default: companies/<pack>]", "[default: 2000]"]),
        ("card", ["[default: card-<customer>.html here]", "[env: STAYHOUSE_RAW]", "--company"]),
        ("status", ["[env: STAYHOUSE_WAREHOUSE]"]),
    ],
)  # fmt: skip
def test_options_show_their_variable_and_default(command: str, texts: list[str]) -> None:
    output = shown(command)
    assert [text for text in texts if text not in output] == []


def test_no_help_text_has_brackets_that_rich_takes_for_markup() -> None:
    group = get_command(app)
    texts = [
        text
        for command in [group, *group.commands.values()]  # type: ignore[attr-defined]
        for text in [command.help, command.epilog, *(getattr(one, "help", None) for one in command.params)]
        if text
    ]
    assert len(texts) > 20
    assert [text for text in texts if Text.from_markup(text).plain.count("[") != text.count("[")] == []


@pytest.fixture
def unset(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in read_by_the_code():
        monkeypatch.delenv(name, raising=False)


def test_default_paths_are_those_of_the_code(unset: None) -> None:
    found = settings.Settings.resolve()
    company = settings.working_folder() / "companies" / "saas"
    assert BY_NAME["STAYHOUSE_COMPANY"].default.endswith("companies/saas")
    assert (found.raw, found.warehouse, found.publish) == (
        company / "landing",
        company / "warehouse" / "saas.duckdb",
        company / "published",
    )


def test_every_default_that_is_a_value_is_that_of_the_code(unset: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of the defaults that `--help` names were in no test: schedule, rights, mail server and switches."""
    found, daemon = settings.Settings.resolve(), settings.Daemon.resolve()
    assert found.server is None
    monkeypatch.setenv("STAYHOUSE_TARGET", "postgres")
    server = settings.Settings.resolve().server
    monkeypatch.setenv("STAYHOUSE_TARGET", "spark")
    lake = settings.Settings.resolve().server
    assert isinstance(server, Server)
    assert isinstance(lake, Lake)
    profile = dict(re.findall(r"env_var\('([A-Z_]+)', '(\w+)'\)", (REPO_ROOT / "profiles.yml").read_text()))
    of_the_code = {
        "STAYHOUSE_TIMEZONE": found.business_timezone,
        "STAYHOUSE_SOURCE_TIMEZONE": found.source_timezone,
        "STAYHOUSE_MAIL_SERVER": daemon.addresses.mail_server,
        "STAYHOUSE_AUTOMATION": daemon.automation,
        "STAYHOUSE_SCHEDULE": daemon.schedule,
        "STAYHOUSE_WITHOUT_IDENTIFIERS": str(found.without_identifiers).lower(),
        "STAYHOUSE_LISTS_PER_OWNER": str(found.lists_per_owner).lower(),
        "STAYHOUSE_UMASK": settings.UMASK,
        "STAYHOUSE_THREADS": str(settings.threads()),
        "STAYHOUSE_MEMORY_LIMIT": settings.memory_limit(),
        "STAYHOUSE_ACCESS_MODE": profile["STAYHOUSE_ACCESS_MODE"],
        "STAYHOUSE_KEPT_RUNS": str(settings.kept_runs()),
        "STAYHOUSE_KEPT_RELEASES": str(found.kept_releases),
        "STAYHOUSE_FIRST_DAY": found.first_day,
        "STAYHOUSE_EARLIEST_DATE": found.earliest_date,
        "STAYHOUSE_TARGET": "duckdb",
        "STAYHOUSE_SPARK_MASTER": lake.master,
        "STAYHOUSE_LAKE_USER": lake.user,
        "PGHOST": server.host,
        "PGPORT": str(server.port),
        "PGUSER": server.user,
        "PGDATABASE": server.database,
    }
    assert of_the_code == {one.name: one.default for one in VARIABLES if one.is_value}
    # dbt reads some of them itself.
    assert len(profile) > 6
    assert profile == {name: BY_NAME[name].default for name in profile}


def test_a_key_of_a_company_has_the_default_of_its_variable() -> None:
    """A key and a variable are one setting: with two defaults nobody knows which one counts."""
    keys = {key.variable: key.default.strip('"') for key in KEYS if key.variable and BY_NAME[key.variable].is_value}
    assert len(keys) > 4
    assert keys == {name: BY_NAME[name].default for name in keys}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_get_a_completion_script(shell: str) -> None:
    program = "import sys; sys.argv[0] = 'stayhouse'; from stayhouse.orchestration.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"_STAYHOUSE_COMPLETE": f"source_{shell}"},
        cwd=REPO_ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert f"_STAYHOUSE_COMPLETE=complete_{shell}" in done.stdout
