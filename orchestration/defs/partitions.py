"""The daily partition: the as-of date, the closed business day that a run describes."""

import dagster as dg

ONE_DAY_A_RUN = dg.BackfillPolicy.multi_run(max_partitions_per_run=1)


def daily(first_day: str, timezone: str) -> dg.DailyPartitionsDefinition:
    """Every business day since the first, as ISO text."""
    return dg.DailyPartitionsDefinition(start_date=first_day, timezone=timezone)
