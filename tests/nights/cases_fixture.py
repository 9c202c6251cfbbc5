"""Hand-worked cases: a few raw rows each, and the expected answer. One run per time zone serves them all; most zones have
only the marts that their tests read, with all that these are made of.

A case is a YAML file in `cases/<zone>/`: `story` describes it; every other key is a raw table with its rows. Common
values are filled in here (`ingested_at`, `is_test`, a segment, one ordinary customer over the whole time), so that a
file contains only what matters. Customers of a case start with its name, so that cases do not interfere.
"""

from __future__ import annotations

import csv
import json
import shutil
from collections import defaultdict
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import NamedTuple

import duckdb
import pytest
import yaml

from stayhouse.contract import contract
from stayhouse.demonstration.saas import POLICY_FOLDER
from stayhouse.loading import load_landing
from stayhouse.orchestration.dbt_session import DbtFailed, DbtSession
from stayhouse.orchestration.policy import prepare_policy
from stayhouse.orchestration.runner import PUBLISHED, WITHHELD, build
from stayhouse.orchestration.settings import Settings
from stayhouse.orchestration.warehouse import open_warehouse

FOLDER = Path(__file__).parent / "cases"


class Zone(NamedTuple):
    """A company with cases of its own."""

    timezone: str
    last: date
    marts: tuple[str, ...] = ()
    """Which marts are loaded, transformed and tested by dbt, with all that they are made of. Without them the zone is run
    whole through Dagster, its gates and a publication."""


ZONES = {
    "utc": Zone("UTC", date(2025, 6, 30)),
    "new_york": Zone(
        "America/New_York",
        date(2025, 11, 30),
        ("mart_contact_violations", "mart_feedback_cases", "mart_inbound_answers", "mart_service_levels"),
    ),
    "berlin": Zone(
        "Europe/Berlin",
        date(2025, 6, 30),
        ("mart_activation_actions", "mart_activation_customer", "mart_churn_monthly", "mart_sales"),
    ),
    # A company that tracks events only since April 2025; separate, because cases of a zone share the start of a source.
    "late_tracking": Zone(
        "America/New_York",
        date(2025, 11, 30),
        (
            "mart_activation_customer",
            "mart_churn_monthly",
            "mart_customer_value",
            "mart_observation_starts",
            "mart_retention_grid",
            "mart_survival",
            "mart_usage_health_summary",
        ),
    ),
}
INGESTED_AT = "2025-12-01T02:00:00"
COMMON = {
    "customers": [{"customer_id": "base", "registered_at": "2024-01-01T08:00:00", "acquisition_channel": "base"}],
    "subscription_periods": [
        {
            "period_id": "base",
            "subscription_id": "base",
            "customer_id": "base",
            "plan_code": "grow",
            "mrr": "10.00",
            "currency": "EUR",
            "valid_from": "2024-01-01",
            "period_status": "active",
        }
    ],
    "events": [
        {
            "event_id": f"base{day}",
            "customer_id": "base",
            "event_name": "mailing_sent",
            "occurred_at": f"{day}T12:00:00",
        }
        for day in ("2024-01-01", "2025-06-30", "2025-11-30")
    ],
}


def write_cases(zone: str, folder: Path) -> None:
    """Writes the landing folder of all cases of a zone."""
    tables: dict[str, list[dict]] = defaultdict(list)
    for table, rows in COMMON.items():
        tables[table] += rows
    for path in sorted((FOLDER / zone).glob("*.yml")):
        case = yaml.safe_load(path.read_text())
        assert case.pop("story", None), f"{path.name}: a case begins with its story"
        for table, rows in case.items():
            tables[table] += rows
    for row in tables["customers"]:
        row.setdefault("is_test", False)
    with_segment = {row["customer_id"] for row in tables["customer_segments"] if row["scheme"] == "usage"}
    tables["customer_segments"] += [
        {"customer_id": c, "scheme": "usage", "segment_code": "sender", "valid_from": "2023-01-01"}
        for row in tables["customers"]
        if (c := row["customer_id"]) not in with_segment
    ]
    for row in tables["events"]:
        row.setdefault("source", "web")
    for table, rows in tables.items():
        columns = list(dict.fromkeys(name for row in rows for name in [*row, "ingested_at"]))
        place = folder / table / "rows.csv"
        place.parent.mkdir(parents=True)
        with open(place, "w", newline="") as file:
            writer = csv.DictWriter(file, columns, restval="")
            writer.writeheader()
            for row in rows:
                writer.writerow({"ingested_at": INGESTED_AT} | row)


class Cases:
    """The run of one zone: its log and its marts."""

    def __init__(self, log: dict, settings: Settings):
        self.log = log
        self.settings = settings

    def rows(self, sql: str, *values: object) -> list[tuple]:
        """Rows of a query on the marts, those of the publication where there is one."""
        published = self.settings.publish / "current" / "stayhouse.duckdb"
        return self._read(published if published.exists() else self.settings.warehouse, sql, values)

    def working_rows(self, sql: str, *values: object) -> list[tuple]:
        """Rows of a query on the working warehouse: core and intermediate tables too."""
        return self._read(self.settings.warehouse, sql, values)

    @staticmethod
    def _read(path: Path, sql: str, values: tuple) -> list[tuple]:
        with duckdb.connect(str(path), read_only=True) as db:
            return db.execute(sql, list(values)).fetchall()


def transform_and_test(settings: Settings, zone: Zone) -> list[str]:
    """Loads, builds and tests the marts of a zone; returns what failed."""
    with open_warehouse(settings.warehouse) as db:
        load_landing(db, settings.raw, contract(), zones=settings.zones)
    session = DbtSession(settings, prepare_policy(settings)[0])
    wanted = [f"+{mart}" for mart in zone.marts]
    try:
        session.build(zone.last, select=wanted)
        with pytest.MonkeyPatch.context() as patch:
            # Tests that compare with what is not built are left out.
            patch.setenv("DBT_INDIRECT_SELECTION", "cautious")
            session.tests_not_nightly(zone.last, wanted)
    except DbtFailed as failed:
        return failed.failures
    return []


@pytest.fixture(scope="session")
def cases(made_once):
    """`cases("utc")`: all cases of that zone, loaded, built and validated once for all tests. With `whole` also the marts
    that no test reads."""

    def get(name: str, whole: bool = False) -> Cases:
        zone = ZONES[name]._replace(marts=()) if whole else ZONES[name]
        is_published = not ZONES[name].marts

        def settings_in(folder: Path) -> Settings:
            settings = Settings.resolve(
                raw=folder / "raw",
                policy=folder / "policy",
                warehouse=folder / "stayhouse.duckdb",
                publish=folder / "published",
            )
            return replace(settings, business_timezone=zone.timezone)

        def run(settings: Settings, folder: Path) -> tuple[int, dict]:
            from stayhouse.orchestration.defs import publishing

            if is_published:
                with pytest.MonkeyPatch.context() as patch:
                    # Pages about the models say nothing of data, and the published company has them.
                    patch.setattr(publishing, "write_model_docs", lambda *arguments: None)
                    outcome = build(settings, first=zone.last, last=zone.last, dagster_home=folder / "dagster")
                return outcome.exit_code, outcome.log
            failures = transform_and_test(settings, zone)
            return (WITHHELD, {"failures": failures}) if failures else (PUBLISHED, {})

        def make(folder: Path) -> None:
            write_cases(name, folder / "raw")
            shutil.copytree(POLICY_FOLDER, folder / "policy")
            shutil.copytree(FOLDER / "policy", folder / "policy", dirs_exist_ok=True)
            exit_code, log = run(settings_in(folder), folder)
            # Also kept if the run failed: every test reports why, none builds it again.
            (folder / "ended.json").write_text(json.dumps({"exit_code": exit_code, "log": log}, default=str))

        folder = made_once(f"cases_{name}{'_whole' * whole}", make)
        ended = json.loads((folder / "ended.json").read_text())
        assert ended["exit_code"] == PUBLISHED, ended["log"]
        return Cases(ended["log"], settings_in(folder))

    return get
