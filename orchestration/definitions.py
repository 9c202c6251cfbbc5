"""Everything Dagster knows of this project; `stayhouse dev` shows it. Importing this builds nothing."""

from datetime import timedelta
from functools import cache
from pathlib import Path

import dagster as dg

from stayhouse.expectations.registry import mart_gates, raw_gates
from stayhouse.orchestration.dbt_session import DbtSession, ensure_manifest, manifest_content
from stayhouse.orchestration.defs.automation import follow_up_sensor, landing_sensor, nightly_schedule
from stayhouse.orchestration.defs.delivery import alert_delivery
from stayhouse.orchestration.defs.failures import failure_sensor
from stayhouse.orchestration.defs.ingestion import raw_tables
from stayhouse.orchestration.defs.partitions import daily
from stayhouse.orchestration.defs.publishing import publication
from stayhouse.orchestration.defs.quality import mart_expectations, raw_expectations
from stayhouse.orchestration.defs.transformation import part, warehouse
from stayhouse.orchestration.resources import RUN_CONFIG, run_from_environment
from stayhouse.orchestration.settings import Daemon, Settings

# Between a killed run and its retry another day may have been built, so a retry takes no step for done.
WHOLE_RETRY = {"dagster/retry_strategy": "ALL_STEPS"}


@dg.definitions
def defs() -> dg.Definitions:
    """What the Dagster UI and the schedule load."""
    return build_definitions(Settings.resolve())


def build_definitions(
    settings: Settings, session: DbtSession | None = None, domains: tuple[str, ...] = ()
) -> dg.Definitions:
    """Assets, checks, jobs, schedule and sensors of the dbt project, parsed by `session` where it must be.

    With `domains` there is also the job `build_part`, of their marts alone; in the UI one selects assets.
    """
    manifest = ensure_manifest(settings, session)
    return _build(manifest, settings.business_timezone, settings.first_day, Daemon.resolve(), domains)


@cache
def _build(manifest: Path, timezone: str, first: str, daemon: Daemon, domains: tuple[str, ...] = ()) -> dg.Definitions:
    days = daily(first, timezone)
    raw = raw_tables()
    transformed = warehouse(manifest_content(manifest) or {}, manifest.parent, days)
    published = publication(days, daemon.published_url)
    delivered = alert_delivery(days)
    raw_checks, mart_checks = raw_expectations(raw_gates()), mart_expectations(mart_gates())
    load_job = dg.define_asset_job(
        "load_raw",
        tags=WHOLE_RETRY,
        selection=dg.AssetSelection.assets(raw).without_checks() | dg.AssetSelection.checks(raw_checks),
        description="Load what is new in the landing folder and check it.",
    )
    day_job = dg.define_asset_job(
        "build_day",
        tags=WHOLE_RETRY,
        selection=dg.AssetSelection.assets(transformed, published, delivered) | dg.AssetSelection.checks(mart_checks),
        description="Transform, check and publish one as-of date from what is loaded.",
    )
    part_jobs = [
        dg.define_asset_job(
            "build_part",
            tags=WHOLE_RETRY,
            selection=part(manifest_content(manifest) or {}, domains) | dg.AssetSelection.assets(published, delivered),
            description=f"Transform, check and publish the marts of {', '.join(domains)} of one as-of date.",
        )
    ] * bool(domains)
    nightly_job = dg.define_asset_job(
        "nightly",
        tags=WHOLE_RETRY,
        selection=dg.AssetSelection.all(),
        description="The whole run: load, check, transform, check, publish.",
    )
    # A run that has not come by six in the morning is late; the UI shows it on the publication and on every mart.
    by_morning = dg.FreshnessPolicy.cron(
        deadline_cron="0 6 * * *", lower_bound_delta=timedelta(hours=4), timezone=timezone
    )
    are_read = {published.key, *(dg.AssetKey(list(gate.asset_key)) for gate in mart_gates())}

    def with_freshness(spec: dg.AssetSpec) -> dg.AssetSpec:
        """What people read has to be fresh; what lies before it is only a means."""
        return spec.replace_attributes(freshness_policy=by_morning) if spec.key in are_read else spec

    return dg.Definitions(
        assets=[raw, *dg.map_asset_specs(with_freshness, [transformed, published]), delivered],
        asset_checks=[raw_checks, mart_checks],
        jobs=[load_job, day_job, nightly_job, *part_jobs],
        schedules=[nightly_schedule(daemon, timezone, nightly_job)],
        sensors=[
            landing_sensor(daemon, load_job),
            follow_up_sensor(daemon, days, load_job, day_job),
            failure_sensor(daemon),
        ],
        resources={"run": dg.ResourceDefinition(run_from_environment, config_schema=RUN_CONFIG)},
        executor=dg.in_process_executor,
    )
