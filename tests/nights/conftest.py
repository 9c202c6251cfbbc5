"""Whole nights on small companies, in temporary places."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import pytest

from demonstration.saas import generate
from orchestration.contract import contract
from orchestration.dbt_session import DbtSession
from orchestration.loading import load_landing
from orchestration.policy import prepare_policy
from orchestration.settings import Settings
from orchestration.warehouse import open_warehouse

# What tells of files, loads and runs may differ between ways of loading; what tells of customers may not.
ABOUT_LOADING = {"mart_raw_accounting", "mart_quarantine_reasons", "mart_data_quality_results"}


class Company:
    """A warehouse of its own that shares one parsed dbt project with the others."""

    def __init__(self, settings: Settings, session: DbtSession):
        self.settings = settings
        self.session = session

    def load(self):
        with open_warehouse(self.settings.warehouse) as db:
            return load_landing(db, self.settings.raw, contract())

    def transform(self, as_of: date, full_refresh: bool = False) -> None:
        self.session.settings = self.settings
        self.session.build(as_of, full_refresh, with_tests=False)

    def night(self, as_of: date) -> None:
        self.load()
        self.transform(as_of)

    def tables(self) -> dict[str, list[tuple]]:
        """Every table that says something of the business, as sorted rows."""
        with duckdb.connect(self.settings.warehouse, read_only=True) as db:
            names = db.execute(
                "select table_schema, table_name from information_schema.tables "
                "where table_schema in ('core', 'state', 'intermediate', 'activation', 'quality') "
                "and table_type = 'BASE TABLE' order by 1, 2"
            ).fetchall()
            found = {}
            for schema, name in names:
                if name not in ABOUT_LOADING:
                    rows = db.execute(f"from {schema}.{name}").fetchall()
                    found[f"{schema}.{name}"] = sorted(rows, key=repr)
            return found


@pytest.fixture(scope="session")
def small_company(tmp_path_factory) -> Path:
    """Landing folder of sixty customers over ninety days (2025-04-02 to 2025-06-30)."""
    out = tmp_path_factory.mktemp("company")
    generate(out, customers=60, days=90, seed=3)
    return out / "raw"


@pytest.fixture(scope="session")
def dbt_session(tmp_path_factory) -> DbtSession:
    work = tmp_path_factory.mktemp("dbt")
    settings = Settings(
        raw=work / "raw", policy=None, warehouse=work / "parse.duckdb", publish=work / "p", target=work / "target"
    )
    seeds, _ = prepare_policy(settings)
    return DbtSession(settings, seeds)


@pytest.fixture
def company(tmp_path_factory, dbt_session):
    """Makes companies: `company(raw_folder)`."""

    def make(raw: Path) -> Company:
        folder = tmp_path_factory.mktemp("warehouse")
        settings = replace(
            dbt_session.settings, raw=raw, warehouse=folder / "stayhouse.duckdb", publish=folder / "published"
        )
        return Company(settings, dbt_session)

    return make


def assert_same(left: Company, right: Company) -> None:
    """Both warehouses tell the same of the business, row by row."""
    first, second = left.tables(), right.tables()
    assert first.keys() == second.keys()
    different = {name for name in first if first[name] != second[name]}
    detail = {
        name: (
            [r for r in first[name] if r not in second[name]][:3],
            [r for r in second[name] if r not in first[name]][:3],
        )
        for name in different
    }
    assert different == set(), detail
