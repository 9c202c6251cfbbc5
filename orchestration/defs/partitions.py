"""The daily partition: the as-of date, the closed business day that a night describes."""

import os

import dagster as dg

from orchestration.settings import Settings

FIRST_DAY = os.environ.get("STAYHOUSE_FIRST_DAY", "2015-01-01")
nights = dg.DailyPartitionsDefinition(start_date=FIRST_DAY, timezone=Settings.resolve().business_timezone)
ONE_NIGHT_A_RUN = dg.BackfillPolicy.multi_run(max_partitions_per_run=1)
