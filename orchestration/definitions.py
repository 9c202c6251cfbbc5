"""Everything Dagster knows of this project; `stayhouse dev` shows it."""

import dagster as dg

from orchestration.defs.ingestion import raw_tables
from orchestration.defs.partitions import nights
from orchestration.defs.publishing import publication
from orchestration.defs.quality import mart_expectations, raw_expectations
from orchestration.defs.transformation import warehouse
from orchestration.resources import night_from_environment

RAW_CHECKS = dg.AssetSelection.checks(raw_expectations)
MART_CHECKS = dg.AssetSelection.checks(mart_expectations)

load_job = dg.define_asset_job(
    "load_raw",
    selection=dg.AssetSelection.assets(raw_tables).without_checks() | RAW_CHECKS,
    description="Load what is new in the landing folder and check it.",
)
night_job = dg.define_asset_job(
    "build_night",
    selection=dg.AssetSelection.assets(warehouse) | dg.AssetSelection.assets(publication) | MART_CHECKS,
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

defs = dg.Definitions(
    assets=[raw_tables, warehouse, publication],
    asset_checks=[raw_expectations, mart_expectations],
    jobs=[load_job, night_job, nightly_job],
    schedules=[nightly_schedule],
    resources={"night": dg.ResourceDefinition(night_from_environment)},
    executor=dg.in_process_executor,
)
