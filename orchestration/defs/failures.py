"""Messages about failed runs of the daemon."""

from collections.abc import Iterator

import dagster as dg

from stayhouse.orchestration.notification import Message, send, step_failures
from stayhouse.orchestration.settings import Daemon

# Dagster's mark of a failed run that its daemon begins again.
RETRY_TAG = "dagster/will_retry"


def failure_sensor(daemon: Daemon) -> dg.SensorDefinition:
    """Sends why a run failed, to the addresses of the settings."""

    @dg.run_failure_sensor(
        name="failure_alert",
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING if daemon.addresses else dg.DefaultSensorStatus.STOPPED,
        description="Sends why a run failed to STAYHOUSE_FAILURE_WEBHOOK and STAYHOUSE_FAILURE_MAIL.",
    )
    def failure_alert(context: dg.RunFailureSensorContext) -> dg.SkipReason | None:
        if context.dagster_run.tags.get(RETRY_TAG) == "true":
            return dg.SkipReason(f"the run {context.dagster_run.run_id} was killed and is tried again")
        problems = send(daemon.addresses, describe(context, daemon.dagster_url))
        if problems:
            # A failed tick is what the UI shows in red.
            raise dg.Failure("; ".join(problems), allow_retries=False)
        return None

    return failure_alert


def describe(context: dg.RunFailureSensorContext, dagster_url: str | None) -> Message:
    """The message of a failed run: rules that rows broke, else what the steps raised, else Dagster's own words."""
    run = context.dagster_run
    reasons = list(_broken_rules(context)) or step_failures(context.get_step_failure_events())
    day = run.tags.get("dagster/partition")
    return Message(
        f"Stayhouse: {run.job_name}{f' of {day}' if day else ''} failed",
        reasons or [context.failure_event.message or "the run ended without a reason; look at its log"],
        f"{dagster_url}/runs/{run.run_id}" if dagster_url else None,
    )


def _broken_rules(context: dg.RunFailureSensorContext) -> Iterator[str]:
    """The messages of the checks that failed with an error."""
    records = context.instance.get_records_for_run(
        context.dagster_run.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION
    ).records
    for record in records:
        evaluation = record.event_log_entry.asset_check_evaluation
        if evaluation and not evaluation.passed and evaluation.severity is dg.AssetCheckSeverity.ERROR:
            failures = evaluation.metadata.get("failures")
            for row in failures.records if isinstance(failures, dg.TableMetadataValue) else []:
                if row.data["severity"] == "critical":
                    yield str(row.data["message"])
