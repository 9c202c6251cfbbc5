"""What begins runs without a person: the nightly schedule, or new landing files."""

import hashlib
import json
from typing import Any, TypeAlias

import dagster as dg

from stayhouse.contract import contract
from stayhouse.contract.days import last_closed_day
from stayhouse.loading.discovery import find_files
from stayhouse.orchestration.defs.ingestion import COVERED_DAY, LEDGER_KEY
from stayhouse.orchestration.settings import Automation, Daemon, Settings
from stayhouse.orchestration.shapes import inputs, made_files, shaped_tables

FILES_SENSOR = "new_landing_files"
# Two looks at the landing folder must agree, so files that are being written are left alone for that long at least.
SECONDS_BETWEEN_LOOKS = 30
# Dagster's name for the sensor that began a run.
SENSOR_TAG = "dagster/sensor_name"

# What dg.define_asset_job returns has no public name.
AssetJob: TypeAlias = Any


def nightly_schedule(daemon: Daemon, timezone: str, job: AssetJob) -> dg.ScheduleDefinition:
    """The whole run of a business day, once a day."""

    @dg.schedule(
        name="nightly_after_midnight",
        job=job,
        cron_schedule=daemon.schedule,
        execution_timezone=timezone,
        default_status=dg.DefaultScheduleStatus.RUNNING
        if daemon.automation is Automation.schedule
        else dg.DefaultScheduleStatus.STOPPED,
        description="The business day before, in the business time zone (STAYHOUSE_SCHEDULE, STAYHOUSE_TIMEZONE).",
    )
    def nightly(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        return dg.RunRequest(partition_key=last_closed_day(timezone, context.scheduled_execution_time).isoformat())

    return nightly


def landing_sensor(daemon: Daemon, load_job: AssetJob) -> dg.SensorDefinition:
    """Loads what has arrived."""

    @dg.sensor(
        name=FILES_SENSOR,
        job=load_job,
        minimum_interval_seconds=SECONDS_BETWEEN_LOOKS,
        default_status=_sensor_status(daemon),
        description="Loads landing and policy files that are new or changed, once two looks find them alike.",
    )
    def look(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        return requested_load(Settings.resolve(), context.cursor)

    return look


def requested_load(settings: Settings, cursor: str | None) -> dg.SensorResult | dg.SkipReason:
    """A load when the files are neither those of the last one nor still arriving. `cursor` is the last look."""
    if not settings.raw.is_dir() and not shaped_tables(settings):
        return dg.SkipReason(f"{settings.raw}: no such landing folder")
    last = json.loads(cursor) if cursor else {"seen": None, "loaded": None}
    seen = _digest(settings)
    if seen == last["loaded"]:
        return dg.SkipReason("no file is new")
    if seen != last["seen"]:
        return dg.SensorResult(
            skip_reason="files are arriving; they are loaded when the next look finds them unchanged",
            cursor=json.dumps(last | {"seen": seen}),
        )
    # With the load before it, so that files which are put back as they were are loaded again.
    key = f"{last['loaded']}:{seen}"
    return dg.SensorResult(run_requests=[dg.RunRequest(run_key=key)], cursor=json.dumps({"seen": seen, "loaded": seen}))


def _digest(settings: Settings) -> str:
    """One value for all files that a run would read, as the operating system shows them."""
    found = find_files(settings.raw, contract()).files if settings.raw.is_dir() else {}
    made = made_files(settings)
    looks = sorted((file.name, file.fingerprint) for files in found.values() for file in files if file.path not in made)
    looks += inputs(settings)
    policy = sorted(settings.policy.glob("*.csv")) if settings.policy else []
    looks += [(f"policy/{file.name}", str(file.stat().st_mtime_ns)) for file in policy]
    return hashlib.sha256(repr(looks).encode()).hexdigest()


def _sensor_status(daemon: Daemon) -> dg.DefaultSensorStatus:
    is_on = daemon.automation is Automation.files
    return dg.DefaultSensorStatus.RUNNING if is_on else dg.DefaultSensorStatus.STOPPED


def follow_up_sensor(
    daemon: Daemon,
    days: dg.PartitionsDefinition,
    load_job: AssetJob,
    day_job: AssetJob,
) -> dg.SensorDefinition:
    """Builds and publishes the day that the loaded files cover."""

    @dg.run_status_sensor(
        name="publish_after_load",
        run_status=dg.DagsterRunStatus.SUCCESS,
        monitored_jobs=[load_job],
        request_job=day_job,
        minimum_interval_seconds=SECONDS_BETWEEN_LOOKS,
        default_status=_sensor_status(daemon),
        description=f"Builds and publishes the last day that the data cover, after a load that {FILES_SENSOR} began.",
    )
    def publish_after_load(context: dg.RunStatusSensorContext) -> dg.RunRequest | dg.SkipReason:
        run = context.dagster_run
        if run.tags.get(SENSOR_TAG) != FILES_SENSOR:
            return dg.SkipReason(f"the load {run.run_id} was not begun by {FILES_SENSOR}")
        day = _covered_day(context.instance, run.run_id)
        if day is None or not days.has_partition_key(day):
            return dg.SkipReason(f"the load {run.run_id} covers no closed business day")
        return dg.RunRequest(run_key=run.run_id, partition_key=day)

    return publish_after_load


def _covered_day(instance: dg.DagsterInstance, run_id: str) -> str | None:
    """What the ledger of a load says of the last business day that the data cover."""
    records = instance.get_records_for_run(run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION).records
    for record in records:
        made = record.asset_materialization
        if made and made.asset_key == LEDGER_KEY and COVERED_DAY in made.metadata:
            return str(made.metadata[COVERED_DAY].value)
    return None
