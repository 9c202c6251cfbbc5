"""Incremental models in a lake hold what a full build in a file gives, also after a run that was killed."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest
from parsing import settings_in
from servers import differing

from stayhouse.contract import contract
from stayhouse.demonstration.saas import generate
from stayhouse.loading import load_landing
from stayhouse.orchestration import server
from stayhouse.orchestration.dbt_session import DbtSession
from stayhouse.orchestration.policy import SEEDS_FOLDER
from stayhouse.orchestration.settings import Settings
from stayhouse.orchestration.warehouse import open_warehouse
from stayhouse.spark import Lake
from stayhouse.spark.lake import relations, rows

pytestmark = pytest.mark.slow

LAST = date(2025, 6, 30)
FIRST = LAST - timedelta(days=1)
# Days whose files come a run late.
LATE = {f"dt={LAST - timedelta(days=days)}" for days in (0, 3, 17, 40)}
# By customer and day, with an end of their own, and made of their own rows.
MODELS = ["fct_component_usage_daily", "state_customer_events", "state_usage_gaps", "fct_usage_weekly", "fct_contacts"]
SELECTED = [f"+{name}" for name in MODELS]


def load(settings: Settings, landing: Path) -> None:
    with open_warehouse(settings.warehouse) as db:
        load_landing(db, landing, contract())


def test_late_rows_and_a_killed_run_give_the_tables_of_a_full_build(tmp_path: Path, lake: Lake, spark, emptied) -> None:
    generate(tmp_path / "company", customers=40, days=60, seed=3)
    everything, landing = tmp_path / "company" / "landing", tmp_path / "arrived"
    shutil.copytree(everything, landing, ignore=lambda _, names: LATE & set(names))
    settings = replace(settings_in(tmp_path / "lake"), server=lake)
    session = DbtSession(settings, SEEDS_FOLDER)
    load(settings, landing)
    server.ship_rows(settings)
    session.build(FIRST, select=SELECTED, with_tests=False)

    shutil.copytree(everything, landing, dirs_exist_ok=True)
    load(settings, landing)
    server.ship_rows(settings)
    session.build(LAST, select=SELECTED, with_tests=False)
    # A run that was killed between a commit and its watermark leaves a snapshot that nobody speaks of.
    spark.sql("delete from ops.model_watermarks where load_id > 1")
    session.build(LAST, select=SELECTED, with_tests=False)
    for name in MODELS:
        found = rows(spark, f"select is_current_ancestor from core.{name}.history order by made_current_at")
        assert len(found) > 2, f"{name} was changed twice"
        assert found[0][0], f"{name} was not built from scratch again"

    alone = replace(settings_in(tmp_path / "file"), server=None)
    load(alone, landing)
    DbtSession(alone, SEEDS_FOLDER).build(LAST, select=SELECTED, with_tests=False)
    built = [f"core.{name}" for name, kind in relations(spark, "core").items() if kind == "table"]
    with open_warehouse(settings.warehouse) as db:
        server.engine_of(settings).fetch(db, {table: {} for table in built})
    with duckdb.connect() as db:
        db.execute(f"attach '{alone.warehouse}' as file (read_only); attach '{settings.warehouse}' as lake (read_only)")
        assert {f"core.{name}" for name in MODELS} <= set(built)
        assert all(db.execute(f"select count(*) from lake.core.{name}").fetchone()[0] for name in MODELS)
        assert differing(db, {table: (f"file.{table}", f"lake.{table}") for table in built}) == {}
