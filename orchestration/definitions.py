"""Everything Dagster knows of this project; `stayhouse dev` shows it."""

from datetime import timedelta

import dagster as dg

from expectations.registry import mart_gates
from orchestration.defs.delivery import alert_delivery
from orchestration.defs.ingestion import raw_tables
from orchestration.defs.partitions import nights
from orchestration.defs.publishing import publication
from orchestration.defs.quality import mart_expectations, raw_expectations
from orchestration.defs.transformation import warehouse
from orchestration.resources import night_from_environment
from orchestration.settings import Settings

RAW_CHECKS = dg.AssetSelection.checks(raw_expectations)
MART_CHECKS = dg.AssetSelection.checks(mart_expectations)

load_job = dg.define_asset_job(
    "load_raw",
    selection=dg.AssetSelection.assets(raw_tables).without_checks() | RAW_CHECKS,
    description="Load what is new in the landing folder and check it.",
)
night_job = dg.define_asset_job(
    "build_night",
    selection=dg.AssetSelection.assets(warehouse, publication, alert_delivery) | MART_CHECKS,
    partitions_def=nights,
    description="Transform, check and publish one as-of date from what is loaded.",
)
nightly_job = dg.define_asset_job(
    "nightly",
    selection=dg.AssetSelection.all(),
    partitions_def=nights,
    description="The whole night: load, check, transform, check, publish.",
)
nightly_schedule = dg.build_schedule_from_partitioned_job(
    nightly_job,
    name="nightly_after_midnight",
    hour_of_day=2,
    description="Two hours after the business day has closed, in the business time zone.",
)

# A night that has not come by six in the morning is late; the UI shows it on the publication and on every mart.
BY_MORNING = dg.FreshnessPolicy.cron(
    deadline_cron="0 6 * * *", lower_bound_delta=timedelta(hours=4), timezone=Settings.resolve().business_timezone
)
ARE_READ = {publication.key, *(dg.AssetKey(list(gate.asset_key)) for gate in mart_gates())}


def with_freshness(spec: dg.AssetSpec) -> dg.AssetSpec:
    """What people read has to be fresh; what lies before it is only a means."""
    return spec.replace_attributes(freshness_policy=BY_MORNING) if spec.key in ARE_READ else spec


defs = dg.Definitions(
    assets=[raw_tables, warehouse, publication, alert_delivery],
    asset_checks=[raw_expectations, mart_expectations],
    jobs=[load_job, night_job, nightly_job],
    schedules=[nightly_schedule],
    resources={"night": dg.ResourceDefinition(night_from_environment)},
    executor=dg.in_process_executor,
).map_resolved_asset_specs(func=with_freshness)
