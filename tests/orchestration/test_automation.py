"""What begins a run without a person: the schedule, new landing files, and the load that they began."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from stayhouse.orchestration.defs import automation
from stayhouse.orchestration.defs.automation import (
    FILES_SENSOR,
    SENSOR_TAG,
    follow_up_sensor,
    nightly_schedule,
    requested_load,
)
from stayhouse.orchestration.defs.ingestion import COVERED_DAY, LEDGER_KEY
from stayhouse.orchestration.defs.partitions import daily
from stayhouse.orchestration.settings import Automation, Daemon, Settings
from stayhouse.orchestration.shapes import shape_landing

pytestmark = pytest.mark.slow


@pytest.fixture
def settings(landing, tmp_path: Path) -> Settings:
    landing.text("customers", "a.csv", "customer_id\nc1\n")
    return Settings(raw=landing.folder, policy=None, warehouse=tmp_path / "w.duckdb", publish=tmp_path / "p")


class Looks:
    """Looks at a landing folder one after another, as the daemon takes them."""

    def __init__(self, settings: Settings):
        self.settings, self.cursor = settings, None

    def take(self) -> str | None:
        """The key of the run that the look asks for; None when it asks for none."""
        found = requested_load(self.settings, self.cursor)
        if isinstance(found, dg.SkipReason):
            return None
        self.cursor = found.cursor
        return found.run_requests[0].run_key if found.run_requests else None


def test_files_are_loaded_once_when_two_looks_agree(settings: Settings) -> None:
    looks = Looks(settings)
    assert looks.take() is None, "they may still be arriving"
    assert looks.take()
    assert looks.take() is None, "they are loaded"


def test_files_that_keep_arriving_wait(settings: Settings, landing) -> None:
    looks = Looks(settings)
    assert looks.take() is None
    landing.text("customers", "b.csv", "customer_id\nc2\n")
    assert looks.take() is None
    landing.text("customers", "b.csv", "customer_id\nc2\nc3\n")
    assert looks.take() is None
    assert looks.take()


def test_a_corrected_file_is_loaded_again_even_as_it_was_before(settings: Settings, landing) -> None:
    # A run key that is only the state of the files would be known already, and the load would never begin.
    path = landing.path("customers", "a.csv")
    looks, keys = Looks(settings), []
    for content in ("customer_id\nc1\n", "customer_id\nc9\n", "customer_id\nc1\n"):
        path.write_text(content)
        os.utime(path, ns=(1, 1))
        looks.take()
        keys.append(looks.take())
    assert all(keys)
    assert len(set(keys)) == 3


def test_files_that_nothing_reads_begin_no_load(settings: Settings, landing) -> None:
    looks = Looks(settings)
    looks.take(), looks.take()
    landing.text("customers", "_draft.csv", "x")
    landing.text("customers", "c.csv.part", "x")
    landing.text("no_table", "c.csv", "x")
    assert (looks.take(), looks.take()) == (None, None)


def test_a_policy_that_changes_begins_a_load(settings: Settings, tmp_path: Path) -> None:
    policy = tmp_path / "policy"
    policy.mkdir()
    looks = Looks(replace(settings, policy=policy))
    looks.take(), looks.take()
    (policy / "thresholds.csv").write_text("threshold_code,value\n")
    assert looks.take() is None
    assert looks.take()


def test_new_exports_and_shapes_begin_a_load_and_their_results_do_not(settings: Settings, tmp_path: Path) -> None:
    """The daemon looked at landing files only; what shapes write there would have begun a second load each time."""
    export, shape = tmp_path / "exports/shop/customers.csv", tmp_path / "shapes/shop/customers.sql"
    for path in (export, shape):
        path.parent.mkdir(parents=True)
    export.write_text("id,created\nc1,2025-01-01\n")
    sql = "select id as customer_id, created as registered_at, false as is_test from {{ export('shop/customers.csv') }}"
    shape.write_text(sql)
    settings = replace(settings, exports=tmp_path / "exports", shapes=tmp_path / "shapes")
    looks = Looks(settings)
    assert (looks.take(), bool(looks.take())) == (None, True)
    assert [path.name for path in shape_landing(settings).written] == ["shop.parquet"]
    assert (looks.take(), looks.take()) == (None, None)
    export.write_text("id,created\nc2,2025-01-01\n")
    assert (looks.take(), bool(looks.take())) == (None, True)
    shape.write_text(sql + " where id <> 'c9'")
    assert (looks.take(), bool(looks.take())) == (None, True)


def test_a_missing_landing_folder_is_said(settings: Settings) -> None:
    found = requested_load(replace(settings, raw=settings.raw / "nowhere"), None)
    assert isinstance(found, dg.SkipReason)
    assert "no such landing folder" in str(found.skip_message)


@dg.asset(key=LEDGER_KEY)
def ledger(context):
    covered = context.run.tags.get("covered")
    return dg.MaterializeResult(metadata={COVERED_DAY: covered} if covered else {})


@dg.asset(partitions_def=daily("2025-01-01", "UTC"))
def built() -> None:
    pass


LOAD, DAY = dg.define_asset_job("load_raw", [ledger]), dg.define_asset_job("build_day", [built])
DEFINITIONS = dg.Definitions(assets=[ledger, built], jobs=[LOAD, DAY])


@pytest.mark.parametrize(
    ("tags", "day"),
    [
        ({SENSOR_TAG: FILES_SENSOR, "covered": "2025-06-30"}, "2025-06-30"),
        ({SENSOR_TAG: FILES_SENSOR, "covered": "2014-12-31"}, None),
        ({SENSOR_TAG: FILES_SENSOR}, None),
        ({"covered": "2025-06-30"}, None),
    ],
    ids=["covered", "before_the_first_day", "nothing_is_dated", "begun_by_a_person"],
)
def test_the_day_that_a_load_covers_is_built_after_it(tags: dict[str, str], day: str | None) -> None:
    sensor = follow_up_sensor(Daemon(), daily("2025-01-01", "UTC"), LOAD, DAY)
    with dg.DagsterInstance.ephemeral() as instance:
        result = DEFINITIONS.resolve_job_def("load_raw").execute_in_process(instance=instance, tags=tags)
        context = dg.build_run_status_sensor_context(
            sensor_name=sensor.name, dagster_instance=instance, dagster_run=result.dagster_run,
            dagster_event=result.get_run_success_event(),
        )  # fmt: skip
        found = sensor(context)
    assert (found.partition_key if isinstance(found, dg.RunRequest) else None) == day


def test_the_schedule_builds_the_day_before_in_the_business_zone() -> None:
    # At two in the morning of Auckland it is still the day before yesterday in half of the world.
    schedule = nightly_schedule(Daemon(), "Pacific/Auckland", DAY)
    context = dg.build_schedule_context(scheduled_execution_time=datetime(2025, 6, 30, 14, 0, tzinfo=UTC))
    request = schedule(context)
    assert request.partition_key == "2025-06-30"
    assert schedule.execution_timezone == "Pacific/Auckland"


@pytest.mark.parametrize("chosen", list(Automation))
def test_automation_switches_the_schedule_or_the_sensors_on(chosen: Automation) -> None:
    daemon = Daemon(automation=chosen)
    days = daily("2025-01-01", "UTC")
    running = {
        "schedule": nightly_schedule(daemon, "UTC", DAY).default_status is dg.DefaultScheduleStatus.RUNNING,
        "look": automation.landing_sensor(daemon, LOAD).default_status is dg.DefaultSensorStatus.RUNNING,
        "build": follow_up_sensor(daemon, days, LOAD, DAY).default_status is dg.DefaultSensorStatus.RUNNING,
    }
    assert running == {
        "schedule": chosen is Automation.schedule,
        "look": chosen is Automation.files,
        "build": chosen is Automation.files,
    }


def test_a_look_is_text_that_dagster_can_keep(settings: Settings) -> None:
    found = requested_load(settings, None)
    assert isinstance(found, dg.SensorResult)
    assert json.loads(found.cursor or "")["loaded"] is None
