"""What the stages of a run share. Light to import: a wrong setting is reported before Dagster and dbt are started."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stayhouse.orchestration.feeds import CoveredDay, Feed, feeds_on, last_covered_day
from stayhouse.orchestration.policy import prepare_policy
from stayhouse.orchestration.run_log import RunLog
from stayhouse.orchestration.settings import Settings

if TYPE_CHECKING:
    from stayhouse.orchestration.dbt_session import DbtSession


class Run:
    """Settings, dbt session and run log of one process."""

    def __init__(
        self,
        settings: Settings,
        full_refresh: bool = False,
        allow_stale: bool = False,
        make_current: bool = False,
        day: date | None = None,
        domains: Sequence[str] = (),
    ):
        self.settings = settings
        self.full_refresh = full_refresh
        self.allow_stale = allow_stale
        """Raw tables that end too early are marked instead of withholding the run."""
        self.make_current = make_current
        """Readers get this run even when they have a later day."""
        self.day = day
        """The day that was asked for; None: the last that the data reach."""
        self.domains = tuple(domains)
        """Whose marts are built and published; without any all are."""
        self.log = RunLog(settings.run_log)
        self._feeds: dict[date, list[Feed]] = {}

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

    def covered_day(self) -> CoveredDay | None:
        """The last closed business day that the loaded data reach, with the tables that decide it."""
        return last_covered_day(self.settings.warehouse)

    def last_covered_day(self) -> date | None:
        """The last closed business day that the loaded data reach; None when nothing is loaded."""
        covered = self.covered_day()
        return covered.day if covered else None

    def feeds(self, as_of: date) -> list[Feed]:
        """The raw tables as they are for a run of this day; asked once, since models do not change them."""
        if as_of not in self._feeds:
            self._feeds[as_of] = feeds_on(self.settings, self.dbt.seeds, as_of)
        return self._feeds[as_of]
