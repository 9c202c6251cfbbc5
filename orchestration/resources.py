"""The run as a resource of Dagster."""

from __future__ import annotations

import dagster as dg

from stayhouse.orchestration.run import Run
from stayhouse.orchestration.settings import Settings

__all__ = ["Run", "RunResource", "run_from_environment"]


def run_from_environment(_: dg.InitResourceContext) -> Run:
    """What the Dagster UI or the schedule starts with."""
    return Run(Settings.resolve())


RunResource = dg.ResourceParam[Run]
