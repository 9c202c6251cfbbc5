"""The run as a resource of Dagster."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from stayhouse.orchestration.lock import run_lock
from stayhouse.orchestration.run import Run
from stayhouse.orchestration.settings import Settings

__all__ = ["Run", "RunResource", "run_from_environment"]


@contextmanager
def run_from_environment(_: dg.InitResourceContext) -> Iterator[Run]:
    """What the Dagster UI or the schedule starts with; holds the lock until the run has ended."""
    settings = Settings.resolve()
    with run_lock(settings):
        yield Run(settings)


RunResource = dg.ResourceParam[Run]
