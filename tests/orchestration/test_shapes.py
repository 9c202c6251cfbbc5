"""Shapes within a run: a company may have exports and no landing folder."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from stayhouse.orchestration import erasure
from stayhouse.orchestration.defs import ingestion
from stayhouse.orchestration.defs.ingestion import LEDGER_KEY
from stayhouse.orchestration.preflight import check_settings
from stayhouse.orchestration.run import Run
from stayhouse.orchestration.settings import ConfigurationError, Settings

CUSTOMERS = """select id as customer_id, created as registered_at, false as is_test, _file, _line
from {{ export('shop/customers.csv') }}
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    home = tmp_path / "acme"
    for place, text in (
        ("shapes/shop/customers.sql", CUSTOMERS),
        ("exports/shop/customers.csv", "id,created\nc1,2025-01-01\n"),
    ):
        (home / place).parent.mkdir(parents=True)
        (home / place).write_text(text)
    return Settings(
        raw=home / "landing",
        policy=None,
        warehouse=home / "warehouse/acme.duckdb",
        publish=home / "published",
        target=home / "warehouse/target",
        company=home,
        exports=home / "exports",
        shapes=home / "shapes",
    )


def test_a_company_with_shapes_needs_no_landing_folder_yet(settings: Settings) -> None:
    """The check before a run asked for landing files that its first step was about to write."""
    check_settings(settings)
    (settings.company / "shapes/shop/customers.sql").unlink()
    with pytest.raises(ConfigurationError, match="no such landing folder"):
        check_settings(settings)


def test_an_export_that_still_holds_an_erased_customer_is_named(settings: Settings, tmp_path: Path) -> None:
    """Erasing rewrites landing files. Exports are the company's own, so it names them instead of passing over them."""
    (found,) = erasure._what_is_left(settings, tmp_path / "dagster", {"c1"})
    assert found.startswith(f"{settings.exports / 'shop/customers.csv'}: still holds an erased customer")


def test_a_run_shapes_before_it_loads(settings: Settings) -> None:
    run = Run(settings)
    made = list(ingestion._load(dg.build_asset_context(), run))
    assert LEDGER_KEY in [result.asset_key for result in made]
    assert run.log.read()["load"]["tables"]["customers"]["rows_loaded"] == 1


def test_faulty_shapes_are_bad_input_with_a_line_each(settings: Settings) -> None:
    """What is wrong with a shape is for the person who wrote it: a sentence, not a traceback."""
    (settings.shapes / "shop/customers.sql").write_text("select 1 as id from {{ export('shop/clients.csv') }}")
    (settings.shapes / "shop/payment.sql").write_text(CUSTOMERS)
    run = Run(settings)
    with pytest.raises(dg.Failure):
        list(ingestion._load(dg.build_asset_context(), run))
    unknown, missing = run.log.read()["bad_input"]
    assert unknown.startswith(
        "shapes/shop/payment.sql: no table of the raw contract is called payment; did you mean payments?"
    )
    assert missing.startswith("shapes/shop/customers.sql line 1: no export matches shop/clients.csv in ")
    assert "it holds shop/customers.csv" in missing


def test_a_missing_export_is_said_before_anything_starts(settings: Settings) -> None:
    """Dagster and dbt took most of a minute to start before a run said that an export is missing."""
    (settings.exports / "shop/customers.csv").unlink()
    with pytest.raises(ConfigurationError, match=r"shop/customers.sql line 2: no export matches shop/customers.csv"):
        check_settings(settings)
    assert not settings.warehouse.exists()
