"""Whole runs on small companies, in temporary folders.

A run costs seconds, so shared starting points are built once: `published`, the small company loaded in order, built
on its last day and published by the command line, and `straight`, its working file alone. They are read-only; a test
that continues from one takes a copy. `planted` is larger and older: what was planted in it is found.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import pytest
from nights.cases_fixture import cases  # noqa: F401

from stayhouse.contract import contract
from stayhouse.demonstration.saas import POLICY_FOLDER, generate
from stayhouse.loading import load_landing
from stayhouse.orchestration.dbt_session import DbtSession
from stayhouse.orchestration.policy import prepare_policy
from stayhouse.orchestration.settings import Settings
from stayhouse.orchestration.warehouse import open_warehouse

LAST = date(2025, 6, 30)

# Tables about files, loads and runs may differ between ways of loading; tables about customers may not.
ABOUT_LOADING = {"mart_raw_accounting", "mart_data_quality_results"}


def _is_about_the_business(node) -> bool:
    return (
        node.resource_type == "model"
        and node.config.materialized not in ("view", "ephemeral")
        and node.name not in ABOUT_LOADING
    )


class Company:
    """A warehouse of its own that shares one parsed dbt project with the others."""

    def __init__(self, settings: Settings, session: DbtSession):
        self.settings = settings
        self.session = session

    def load(self):
        with open_warehouse(self.settings.warehouse) as db:
            return load_landing(db, self.settings.raw, contract(), zones=self.settings.zones)

    def transform(self, as_of: date, full_refresh: bool = False, select: Sequence[str] = ()) -> list[str]:
        """Builds the selected models, or everything; returns the tables about the business."""
        self.session.settings = self.settings
        results = self.session.build(as_of, full_refresh, select, with_tests=False)
        return sorted(
            f"{result.node.schema}.{result.node.name}" for result in results if _is_about_the_business(result.node)
        )

    def run_day(self, as_of: date) -> None:
        self.load()
        self.transform(as_of)

    def core_tables(self, as_of: date, full_refresh: bool = False) -> list[str]:
        """Builds core, the only layer that continues from the last run; all above it is made whole from it.

        Seeds and views before core are made once: a company that has core, or is a copy of one, has them already.
        """
        with duckdb.connect(self.settings.warehouse, read_only=True) as db:
            has_core = db.execute("select 1 from duckdb_tables() where table_name = 'run_context'").fetchall()
        return self.transform(as_of, full_refresh, ["path:models/core" if has_core else "+path:models/core"])

    def tables(self) -> list[str]:
        """Every table about the business, of all domains."""
        wanted = {
            f"{node.schema}.{node.name}" for node in self.session.parse().nodes.values() if _is_about_the_business(node)
        }
        with duckdb.connect(self.settings.warehouse, read_only=True) as db:
            found = db.execute(
                "select table_schema || '.' || table_name from information_schema.tables where table_type = 'BASE TABLE'"
            ).fetchall()
        assert wanted <= {name for (name,) in found}, "the run has not built every table"
        return sorted(wanted)


@pytest.fixture(scope="session", autouse=True)
def _parsed_once(parsed_once) -> Iterator[None]:
    """Every run here takes the project as it was parsed once, and dbt writes no artifacts unless a run asks for them:
    its manifest takes as long as a hundred models."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DBT_WRITE_JSON", "false")
        yield


@pytest.fixture(scope="session")
def small_company(made_once) -> Path:
    """Landing folder of sixty customers over ninety days (2025-04-02 to 2025-06-30), with the truth beside it."""
    return made_once("company", lambda out: generate(out, customers=60, days=90, seed=3)) / "landing"


@pytest.fixture(scope="session")
def plain_settings(tmp_path_factory) -> Settings:
    """What every company here begins with."""
    work = tmp_path_factory.mktemp("dbt")
    return Settings(
        raw=work / "raw",
        policy=POLICY_FOLDER,
        warehouse=work / "stayhouse.duckdb",
        publish=work / "p",
        target=work / "target",
    )


@pytest.fixture(scope="session")
def dbt_session(plain_settings) -> DbtSession:
    seeds, _ = prepare_policy(plain_settings)
    return DbtSession(plain_settings, seeds)


@pytest.fixture(autouse=True)
def _settings_do_not_stay(request):
    """A test that built a company in another time zone left it to the companies of the tests after it."""
    session = request.getfixturevalue("dbt_session") if "dbt_session" in request.fixturenames else None
    yield
    if session:
        session.settings = request.getfixturevalue("plain_settings")


@pytest.fixture(scope="session")
def published(small_company, made_once) -> Settings:
    """The small company in a folder of its own, made, built and published by the command line. Read-only."""
    from typer.testing import CliRunner

    from stayhouse.orchestration.cli import app

    def run(*arguments: object) -> None:
        result = CliRunner().invoke(app, [str(one) for one in arguments])
        assert result.exit_code == 0, result.output

    def make(folder: Path) -> None:
        folder.rmdir()
        run("init", folder)
        for name in ("landing", "policy"):
            shutil.copytree(small_company.parent / name, folder / name, dirs_exist_ok=True)
        settings = folder / "stayhouse.toml"
        settings.write_text(settings.read_text().replace("# warehouse = ", 'warehouse = "stayhouse.duckdb"  # '))
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("STAYHOUSE_THREADS", "2")
            run("build", folder)

    return Settings.resolve(company=made_once("published", make))


@pytest.fixture(scope="session")
def straight(small_company, published, dbt_session, plain_settings, made_once) -> Company:
    """The small company, loaded in order and built on its last day. Read-only; `company(raw, straight)` copies it.

    It is the working file of the published one, which reads the same rows from a folder of its own.
    """

    def settings_in(folder: Path) -> Settings:
        return replace(
            plain_settings, raw=small_company, warehouse=folder / "stayhouse.duckdb", publish=folder / "published"
        )

    def make(folder: Path) -> None:
        shutil.copyfile(published.warehouse, settings_in(folder).warehouse)
        with duckdb.connect(settings_in(folder).warehouse) as db:
            db.execute("update ops.landing_folder set folder = ?", [str(small_company)])

    return Company(settings_in(made_once("straight", make)), dbt_session)


@pytest.fixture(scope="session")
def planted(dbt_session, plain_settings, made_once) -> Company:
    """A company large and old enough for every planted case, built on its last day, with the truth beside its landing
    folder. Read-only."""

    def settings_in(folder: Path) -> Settings:
        return replace(plain_settings, raw=folder / "landing", warehouse=folder / "stayhouse.duckdb")

    def make(folder: Path) -> None:
        generate(folder, customers=400, days=400, seed=11)
        company = Company(settings_in(folder), dbt_session)
        company.load()
        company.transform(LAST)

    return Company(settings_in(made_once("planted", make)), dbt_session)


@pytest.fixture
def again(published, tmp_path):
    """A copy of the published company that a test may corrupt: returns its settings and a function that builds it."""
    from stayhouse.orchestration.runner import build

    shutil.copytree(published.raw, tmp_path / "raw")
    shutil.copyfile(published.warehouse, tmp_path / "stayhouse.duckdb")
    shutil.copytree(published.publish, tmp_path / "published", symlinks=True)
    settings = replace(
        published,
        raw=tmp_path / "raw",
        warehouse=tmp_path / "stayhouse.duckdb",
        publish=tmp_path / "published",
    )
    with duckdb.connect(settings.warehouse) as db:
        db.execute("update ops.landing_folder set folder = ?", [str(settings.raw)])
    return settings, lambda **options: build(settings, dagster_home=tmp_path / "dagster", **options)


@pytest.fixture
def company(tmp_path_factory, dbt_session, plain_settings):
    """Makes companies: `company(raw_folder)` with an empty warehouse, `company(raw_folder, other)` with a copy."""

    def make(raw: Path, like: Company | None = None) -> Company:
        folder = tmp_path_factory.mktemp("warehouse")
        settings = replace(plain_settings, raw=raw, warehouse=folder / "stayhouse.duckdb", publish=folder / "published")
        if like:
            shutil.copyfile(like.settings.warehouse, settings.warehouse)
        return Company(settings, dbt_session)

    return make


def assert_same(left: Company, right: Company, tables: Sequence[str] = ()) -> None:
    """Asserts that both warehouses, or some of their tables, have the same business rows."""
    names = tables or left.tables()
    detail = {}
    with duckdb.connect() as db:
        for side, company in (("l", left), ("r", right)):
            db.execute(f"attach '{company.settings.warehouse}' as {side} (read_only)")
        for name in names:
            lost, added = (
                db.execute(f"from {one}.{name} except all from {other}.{name} limit 3").fetchall()
                for one, other in (("l", "r"), ("r", "l"))
            )
            if lost or added:
                detail[name] = (lost, added)
    assert detail == {}
