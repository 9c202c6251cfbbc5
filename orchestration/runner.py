"""One day, or a range of days, headless through Dagster in this process."""

from __future__ import annotations

import errno
import logging
import os
import shutil
import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stayhouse.contract.days import last_closed_day
from stayhouse.orchestration import progress
from stayhouse.orchestration.lock import run_lock
from stayhouse.orchestration.notification import step_failures
from stayhouse.orchestration.preflight import check_loaded_from, check_settings
from stayhouse.orchestration.run import Run
from stayhouse.orchestration.selection import part_of_the_past
from stayhouse.orchestration.settings import (
    ConfigurationError,
    Settings,
    history_folder,
    working_folder,
)
from stayhouse.publishing.release import current_publication

if TYPE_CHECKING:
    import dagster as dg

PUBLISHED, WITHHELD, BAD_INPUT = 0, 1, 2
SIGNS_OF_A_FULL_DISK = (
    *(os.strerror(number) for number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)),
    "database or disk is full",
)
WAREHOUSE_TAG = "stayhouse/warehouse"


@dataclass
class Outcome:
    """How a build ended."""

    exit_code: int
    log: dict[str, Any] = field(default_factory=dict)
    """The run log of the last day."""
    days: list[date] = field(default_factory=list)
    """As-of dates that were published, in order."""


def build(
    settings: Settings,
    first: date | None = None,
    last: date | None = None,
    full_refresh: bool = False,
    dagster_home: Path | None = None,
    wait_seconds: float = 0.0,
    allow_stale: bool = False,
    make_current: bool = False,
    domains: Sequence[str] = (),
) -> Outcome:
    """Loads once, then transforms, checks and publishes every day from `first` to `last`.

    Without dates it is the last closed business day that the data reach. Stops at the first day that is not published.
    With `domains` only their marts are built and published, with what these are made from.
    Waits for another run for at most `wait_seconds`, then raises WarehouseBusy; that run is not disturbed.
    """
    if first and last and first > last:
        raise ConfigurationError(f"--from {first} lies after --to {last}; swap them")
    closed = last_closed_day(settings.business_timezone)
    if last and last > closed:
        raise ConfigurationError(
            f"{last} is not over yet in {settings.business_timezone}; the last closed business day is {closed}"
        )
    # Before anything is loaded, and before the tools that take seconds to import.
    check_settings(settings)
    with run_lock(settings, wait_seconds):
        check_loaded_from(settings)
        run = Run(settings, full_refresh, allow_stale, make_current, last, domains)
        run.log.begin(started_at=_now(), raw=str(settings.raw), before=_standing(settings))
        try:
            run.check_policy()
        except ConfigurationError as error:
            run.log.note(bad_input=str(error).splitlines())
            outcome = Outcome(BAD_INPUT, run.log.read())
        else:
            try:
                outcome = start(run, first, last, history_folder(settings, dagster_home))
            except Exception as error:
                # What libraries raise then says little, and the log of the run may not be writable either.
                if not is_disk_full(error, error.__cause__, error.__context__):
                    raise
                outcome = Outcome(WITHHELD, {"withheld": [disk_is_full(settings)]})
                with suppress(OSError):
                    run.log.note(**outcome.log, ended_at=_now())
                return outcome
        run.log.note(ended_at=_now())
        return outcome


def _standing(settings: Settings) -> dict[str, Any] | None:
    """What the summary compares the run with: the publication that is current before it."""
    document = current_publication(settings.publish)
    return document and {key: document.get(key) for key in ("as_of_date", "rows", "lists", "warnings")}


def is_disk_full(*texts: object) -> bool:
    """Whether a message of Python, DuckDB, dbt or SQLite is about a disk or a quota that is full."""
    return any(sign in str(text) for text in texts for sign in SIGNS_OF_A_FULL_DISK)


def disk_is_full(settings: Settings) -> str:
    """What to say about it: where how much is free, and the way out."""
    places = {settings.warehouse.parent, settings.publish, working_folder()}
    free = ", ".join(f"{_free_megabytes(place):,} MB free at {place}" for place in sorted(places))
    return f"the disk is full at the stage {progress.stage()} ({free}); make room and run again"


def _free_megabytes(place: Path) -> int:
    nearest = next(folder for folder in (place, *place.parents) if folder.exists())
    return shutil.disk_usage(nearest).free // 1_000_000


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def start(run: Run, first: date | None, last: date | None, home: Path) -> Outcome:
    """Starts Dagster and dbt, which takes seconds, and runs what `build` has found in order."""
    progress.report("start", "Dagster and dbt", 0.0)
    with _quiet(), ExitStack() as opened:
        from stayhouse.orchestration.definitions import build_definitions
        from stayhouse.orchestration.event_log import end_dead_runs, open_instance

        definitions = build_definitions(run.settings, run.dbt, run.domains)
        instance = opened.enter_context(open_instance(home))
        end_dead_runs(instance, _tags(run.settings))
        jobs = _Jobs(run, definitions, instance)
        progress.report("start", "Dagster and dbt", 1.0)
        return jobs.load() or jobs.build_days(first, last)


def _tags(settings: Settings) -> dict[str, str]:
    """Names the runs of this warehouse in a history that several may share."""
    return {WAREHOUSE_TAG: str(settings.warehouse)}


@dataclass(frozen=True)
class _Jobs:
    """The jobs of a build, in this process."""

    run: Run
    definitions: dg.Definitions
    instance: dg.DagsterInstance

    def load(self) -> Outcome | None:
        """Loads and checks what is new; None when the days can be built."""
        crash = self._execute("load_raw")
        if crash is None:
            return None
        log = self.run.log.read()
        if log.get("bad_input"):
            return Outcome(BAD_INPUT, log)
        self._withhold(log.get("raw_checks", {}).get("errors") or crash)
        return Outcome(WITHHELD, self.run.log.read())

    def build_days(self, first: date | None, last: date | None) -> Outcome:
        """Builds and publishes every day from `first` to `last`, until one is not published."""
        log = self.run.log
        if last is None:
            covered = self.run.covered_day()
            if covered is None:
                log.note(bad_input=["no loaded row lies on a day that is over, so there is no day to build; see --raw"])
                return Outcome(BAD_INPUT, log.read())
            log.note(covered_day=covered.describe())
            last = covered.day
        first = first or last
        earliest = self.run.settings.first_day
        if first < date.fromisoformat(earliest):
            place = self.run.settings.where_to_set("first_day", "STAYHOUSE_FIRST_DAY")
            raise ConfigurationError(f"{first} lies before the first partition {earliest}; set {place}")
        if self.run.domains and (past := part_of_the_past(current_publication(self.run.settings.publish), first)):
            log.note(bad_input=[past])
            return Outcome(BAD_INPUT, log.read())
        published: list[date] = []
        for number in range((last - first).days + 1):
            as_of = first + timedelta(days=number)
            log.note(as_of=as_of, published=None, withheld=None, mart_checks={})
            crash = self._execute("build_part" if self.run.domains else "build_day", as_of)
            if crash is not None:
                found = log.read()
                self._withhold(found.get("withheld") or found.get("mart_checks", {}).get("errors") or crash)
                return Outcome(WITHHELD, log.read(), published)
            published.append(as_of)
            # Only the first day of a range rebuilds; the others go on from it.
            self.run.full_refresh = False
        return Outcome(PUBLISHED, log.read(), published)

    def _withhold(self, reasons: list[str]) -> None:
        if is_disk_full(*reasons):
            reasons = [disk_is_full(self.run.settings)]
        self.run.log.note(withheld=reasons)

    def _execute(self, job: str, as_of: date | None = None) -> list[str] | None:
        """Runs a job. None when it succeeded, else what made its steps fail."""
        import dagster as dg

        result = self.definitions.resolve_job_def(job).execute_in_process(
            instance=self.instance,
            resources={"run": dg.ResourceDefinition.hardcoded_resource(self.run)},
            partition_key=as_of.isoformat() if as_of else None,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            tags=_tags(self.run.settings),
            raise_on_error=False,
        )
        if result.success:
            return None
        failed = [event for event in result.all_events if event.is_step_failure]
        return step_failures(failed) or ["the run failed; look it up in stayhouse dev"]


@contextmanager
def _quiet() -> Iterator[None]:
    """Keeps the frames' own chatter off the screen; everything is in the Dagster instance and the run log."""
    loggers = [logging.getLogger(name) for name in ("dagster", "dbt", "alembic", "great_expectations")]
    levels = [logger.level for logger in loggers]
    # A library of dbt's gives the root logger a handler to the screen when it finds none.
    no_output = logging.NullHandler()
    logging.root.addHandler(no_output)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for logger in loggers:
            logger.setLevel(logging.CRITICAL + 1)
        try:
            yield
        finally:
            logging.root.removeHandler(no_output)
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)
