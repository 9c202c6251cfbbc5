"""The run as a resource of Dagster."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from stayhouse.orchestration.lock import run_lock
from stayhouse.orchestration.run import Run
from stayhouse.orchestration.settings import Settings, restrict_new_files

__all__ = ["RUN_CONFIG", "Run", "RunResource", "run_from_environment"]


# What the launchpad of the UI offers under resources.run.config; the command line has options of the same names.
RUN_CONFIG = {
    "full_refresh": dg.Field(bool, default_value=False, description="Build every model from all rows."),
    "allow_stale": dg.Field(
        bool, default_value=False, description="Publish although raw tables end too early, and mark it."
    ),
    "make_current": dg.Field(
        bool, default_value=False, description="Give readers this day even when they have a later one."
    ),
}


@contextmanager
def run_from_environment(context: dg.InitResourceContext) -> Iterator[Run]:
    """What the Dagster UI or the schedule starts with; holds the lock until the run has ended."""
    restrict_new_files()
    settings = Settings.resolve()
    with run_lock(settings):
        yield Run(settings, **(context.resource_config or {}))


RunResource = dg.ResourceParam[Run]
