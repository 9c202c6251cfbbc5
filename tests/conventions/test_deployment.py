"""The files of deploy/ call commands that exist, set settings that exist, and are understood by their tools."""

from __future__ import annotations

import re
import shutil
import subprocess
from configparser import ConfigParser
from pathlib import Path

import pytest
import yaml
from typer.main import get_command

from stayhouse.contract import REPO_ROOT
from stayhouse.orchestration.cli import app
from stayhouse.orchestration.settings import DAGSTER_SETTINGS
from stayhouse.orchestration.variables import BY_NAME

DEPLOY = REPO_ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").iterdir())
MODULE = "stayhouse.orchestration.definitions"
# Read by deploy/dagster.yaml and deploy/compose.yaml.
OF_DAGSTER = {"DAGSTER_POSTGRES_URL", "DAGSTER_PASSWORD"}


class Unit(ConfigParser):
    """A systemd unit; a later line of the same key adds to the one before, and only the last is kept here."""

    def __init__(self, text: str):
        super().__init__(strict=False, interpolation=None, delimiters=("=",))
        self.read_string(text)

    def optionxform(self, optionstr: str) -> str:
        return optionstr


def test_units_call_commands_that_exist() -> None:
    commands = get_command(app).commands  # type: ignore[attr-defined]
    called = {}
    for file in UNITS:
        if file.suffix == ".service":
            program, *arguments = Unit(file.read_text())["Service"]["ExecStart"].split()
            called[file.name] = (Path(program).name, arguments)
    assert len(called) == 4
    for program, arguments in called.values():
        if program == "stayhouse":
            assert arguments[0] in commands
        else:
            assert program in ("dagster-daemon", "dagster-webserver")
            assert arguments[-2:] == ["-m", MODULE]


def test_settings_of_deployments_exist() -> None:
    files = [file for file in DEPLOY.rglob("*") if file.is_file()]
    named = {name for file in files for name in re.findall(r"\b(?:STAYHOUSE|DAGSTER)_[A-Z_]+\b", file.read_text())}
    assert len(named) > 5
    assert named - OF_DAGSTER - BY_NAME.keys() == set()


def test_a_failed_run_of_the_timer_sends_its_message() -> None:
    unit = Unit((DEPLOY / "systemd" / "stayhouse@.service").read_text())
    failed = unit["Unit"]["OnFailure"].replace("%i", "")
    assert (DEPLOY / "systemd" / failed).is_file()
    # Exit codes 1 and 2 end in the same way when they are tried again.
    assert unit["Service"]["Restart"] == "on-abnormal"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd here")
def test_systemd_understands_the_units(tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    for file in UNITS:
        text = re.sub(r"^ExecStart=\S+/", f"ExecStart={programs}/", file.read_text(), flags=re.MULTILINE)
        (tmp_path / file.name.replace("@", "@acme")).write_text(re.sub(r"(?m)^(User|Documentation)=.*\n", "", text))
        for program in re.findall(rf"^ExecStart={programs}/(\S+)", text, flags=re.MULTILINE):
            (programs / program).write_text("#!/bin/sh\n")
            (programs / program).chmod(0o755)
    units = sorted(str(file) for file in tmp_path.iterdir() if file.is_file())
    done = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_dagster_of_a_team_has_the_same_settings_but_for_its_storage() -> None:
    own, team = (yaml.safe_load(file.read_text()) for file in (DAGSTER_SETTINGS, DEPLOY / "dagster.yaml"))
    assert team.pop("storage")["postgres"]["postgres_url"] == {"env": "DAGSTER_POSTGRES_URL"}
    assert team == own


def test_containers_run_the_daemon_and_the_ui_over_the_same_history() -> None:
    document = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    services = document["services"]
    assert services["daemon"]["entrypoint"] == ["dagster-daemon", "run", "-m", MODULE]
    assert services["ui"]["entrypoint"][-2:] == ["-m", MODULE]
    assert services["ui"]["ports"] == ["127.0.0.1:3000:3000"]
    assert services["daemon"]["environment"] == services["ui"]["environment"]


def test_the_image_gets_every_file_that_it_copies_or_installs() -> None:
    # What .dockerignore leaves out is missing in the image.
    kept = [line[1:] for line in (REPO_ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    assert [name for name in kept if not (REPO_ROOT / name).exists()] == []
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (DEPLOY / "Containerfile").read_text(), flags=re.MULTILINE)
    files = [name for line in copied for name in line.split() if name != "."]
    assert [name for name in files if name not in kept] == []
    linked = [link.resolve().relative_to(REPO_ROOT).as_posix() for link in (REPO_ROOT / "stayhouse").iterdir()
              if link.is_symlink()]  # fmt: skip
    assert len(linked) > 8
    assert [name for name in linked if not any(name == one or name.startswith(f"{one}/") for one in kept)] == []
