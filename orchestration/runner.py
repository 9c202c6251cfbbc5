"""One night, or a range of nights, headless through Dagster in this process."""

from __future__ import annotations

import logging
import warnings
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from orchestration import progress
from orchestration.resources import Night
from orchestration.settings import DAGSTER_HOME, ConfigurationError, Settings, first_day, history_folder, kept_runs

PUBLISHED, WITHHELD, BAD_INPUT = 0, 1, 2


@dataclass
class Outcome:
    """How a build ended."""

    exit_code: int
    log: dict = field(default_factory=dict)
    """The run log of the last night."""
    nights: list[date] = field(default_factory=list)
    """As-of dates that were published, in order."""


def build(
    settings: Settings,
    first: date | None = None,
    last: date | None = None,
    full_refresh: bool = False,
    dagster_home: Path | None = None,
) -> Outcome:
    """Loads once, then transforms, checks and publishes every night from `first` to `last`.

    Without dates it is the last business day that the data cover. Stops at the first night that is not published.
    """
    if first and last and first > last:
        raise ConfigurationError(f"--from {first} lies after --to {last}; swap them")
    if last and last > datetime.now(UTC).date():
        raise ConfigurationError(f"{last} is not over yet; the as-of date is a closed business day")
    kept_runs()  # a setting that is wrong is found before the load
    night = Night(settings, full_refresh)
    night.log.begin(started_at=datetime.now(UTC).isoformat(timespec="seconds"), raw=str(settings.raw))
    try:
        # Before anything is loaded, and before the tools that take seconds to import.
        night.check_policy()
    except ConfigurationError as error:
        night.log.note(bad_input=str(error).splitlines())
        return Outcome(BAD_INPUT, night.log.read())
    home = history_folder(dagster_home or DAGSTER_HOME)
    progress.report("start", "Dagster and dbt", 0.0)
    with _quiet(), ExitStack() as opened:
        import dagster as dg

        from orchestration.definitions import build_definitions
        from orchestration.event_log import open_instance

        defs = build_definitions(settings, night.dbt)

        resources = {"night": dg.ResourceDefinition.hardcoded_resource(night)}
        instance = opened.enter_context(open_instance(home))
        progress.report("start", "Dagster and dbt", 1.0)
        crash = _execute(defs.resolve_job_def("load_raw"), instance, resources)
        if crash is not None:
            log = night.log.read()
            if log.get("bad_input"):
                return Outcome(BAD_INPUT, log)
            night.log.note(withheld=log.get("raw_checks", {}).get("errors") or crash)
            return Outcome(WITHHELD, night.log.read())
        last = last or night.last_covered_day()
        if last is None:
            night.log.note(
                bad_input=["no loaded row carries a date, so there is no day to build; check the landing files"]
            )
            return Outcome(BAD_INPUT, night.log.read())
        first = first or last
        if first < date.fromisoformat(first_day()):
            raise ConfigurationError(f"{first} lies before the first partition {first_day()}; set STAYHOUSE_FIRST_DAY")
        job = defs.resolve_job_def("build_night")
        published: list[date] = []
        for number in range((last - first).days + 1):
            as_of = first + timedelta(days=number)
            night.log.note(as_of=as_of, published=None, withheld=None, mart_checks={})
            crash = _execute(job, instance, resources, partition_key=as_of.isoformat())
            if crash is not None:
                log = night.log.read()
                night.log.note(withheld=log.get("withheld") or log.get("mart_checks", {}).get("errors") or crash)
                return Outcome(WITHHELD, night.log.read(), published)
            published.append(as_of)
            # Only the first night of a range rebuilds; the others go on from it.
            night.full_refresh = False
    return Outcome(PUBLISHED, night.log.read(), published)


def _execute(job, instance, resources, partition_key: str | None = None) -> list[str] | None:
    """Runs a job. None when it succeeded, else what made its steps fail."""
    result = job.execute_in_process(
        instance=instance,
        resources=resources,
        partition_key=partition_key,
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        raise_on_error=False,
    )
    if result.success:
        return None
    crashes = []
    for event in result.all_events:
        if event.is_step_failure:
            error = event.step_failure_data.error
            while error is not None and error.cause is not None:
                error = error.cause
            crashes.append(f"{event.step_key}: {error.message.strip() if error else event.message}")
    return crashes or ["the run failed; look it up in stayhouse dev"]


@contextmanager
def _quiet():
    """Keeps the frames' own chatter off the screen; everything is in the Dagster instance and the run log."""
    loggers = [logging.getLogger(name) for name in ("dagster", "dbt", "alembic", "great_expectations")]
    levels = [logger.level for logger in loggers]
    # A library of dbt's gives the root logger a handler to the screen when it finds none.
    silence = logging.NullHandler()
    logging.root.addHandler(silence)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for logger in loggers:
            logger.setLevel(logging.CRITICAL + 1)
        try:
            yield
        finally:
            logging.root.removeHandler(silence)
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)
