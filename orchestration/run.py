"""What the stages of a run share. Light to import: a wrong setting is reported before Dagster and dbt are started."""

from __future__ import annotations

from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stayhouse.contract.sql import one_row
from stayhouse.orchestration.policy import prepare_policy
from stayhouse.orchestration.run_log import RunLog
from stayhouse.orchestration.settings import Settings
from stayhouse.orchestration.warehouse import open_warehouse

if TYPE_CHECKING:
    from stayhouse.orchestration.dbt_session import DbtSession


class Run:
    """Settings, dbt session and run log of one process."""

    def __init__(self, settings: Settings, full_refresh: bool = False):
        self.settings = settings
        self.full_refresh = full_refresh
        self.log = RunLog(settings.run_log)

    @cached_property
    def _policy(self) -> tuple[Path, list[str]]:
        return prepare_policy(self.settings)

    def check_policy(self) -> None:
        """Raises PolicyError when the policy is broken; nothing has been loaded then."""
        _ = self._policy

    @property
    def policy_warnings(self) -> list[str]:
        """What is odd about the policy, but no error."""
        return self._policy[1]

    @cached_property
    def dbt(self) -> DbtSession:
        """The one dbt session of the run. Imports dbt's neighbourhood, which takes half a second."""
        from stayhouse.orchestration.dbt_session import DbtSession

        return DbtSession(self.settings, self._policy[0])

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """The dbt project as dbt describes it."""
        from stayhouse.orchestration.dbt_session import read_manifest

        return read_manifest(self.settings, self.dbt)

    @property
    def docs(self) -> Path:
        """Where the Data Docs of this run are written before they are published."""
        return self.settings.work / "data_docs"

    def last_covered_day(self) -> date | None:
        """The last business day that the loaded data cover; None when nothing is loaded."""
        source, business = self.settings.source_timezone, self.settings.business_timezone
        with open_warehouse(self.settings.warehouse) as connection:
            day: date | None
            (day,) = one_row(
                connection,
                "select cast((max(event_time_max) at time zone ?) at time zone ? as date) from ops.load_ledger",
                [source, business],
            )
            return day
