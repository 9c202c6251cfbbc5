"""The dbt project as assets: one step, dbt in this process, its events passed on as they come."""

import json
import queue
import threading
from collections.abc import Iterator
from datetime import date
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, DbtProject, dbt_assets
from dagster_dbt.asset_utils import get_subset_selection_for_context
from dagster_dbt.core.dbt_cli_event import DbtCoreCliEventMessage

from contract import REPO_ROOT
from expectations.registry import mart_gates
from orchestration import progress
from orchestration.dbt_session import NOT_NIGHTLY, DbtFailed, ensure_manifest, row_count
from orchestration.defs.partitions import ONE_NIGHT_A_RUN
from orchestration.defs.partitions import nights as daily
from orchestration.money import describe_money
from orchestration.policy_gaps import describe_policy_gaps
from orchestration.resources import Night, NightResource
from orchestration.settings import Settings

MANIFEST = ensure_manifest(Settings.resolve())
PROJECT = DbtProject(project_dir=REPO_ROOT, profiles_dir=REPO_ROOT, target_path=MANIFEST.parent)
PROJECT_MANIFEST = json.loads(MANIFEST.read_text())
# The assets that the gate and the publication wait for.
GATED = {dg.AssetKey(list(gate.asset_key)) for gate in mart_gates()}
# A data test fails the step or is a warning of the run; an evaluation each in the history costs more than the test.
TRANSLATOR = DagsterDbtTranslator(DagsterDbtTranslatorSettings(enable_asset_checks=False))


@dbt_assets(
    manifest=MANIFEST,
    project=PROJECT,
    dagster_dbt_translator=TRANSLATOR,
    exclude=NOT_NIGHTLY,
    partitions_def=daily,
    backfill_policy=ONE_NIGHT_A_RUN,
    name="warehouse",
)
def warehouse(context: dg.AssetExecutionContext, night: NightResource):
    """Seeds, models and dbt tests of one night. A failed error-level test fails the step, so nothing is published."""
    as_of = date.fromisoformat(context.partition_key)
    yield from _build(context, night, as_of, _selection(context))


def _selection(context: dg.AssetExecutionContext) -> list[str]:
    """What to hand to dbt's --select: nothing for the whole project, node names when somebody picked some assets."""
    if set(context.selected_asset_keys) == set(warehouse.keys):
        return []
    selection, _ = get_subset_selection_for_context(
        context=context,
        manifest=PROJECT_MANIFEST,
        select="fqn:*",
        exclude=NOT_NIGHTLY,
        selector=None,
        dagster_dbt_translator=TRANSLATOR,
        current_dbt_indirect_selection_env=None,
    )
    return selection[1].split(" ")


def _rows(info: dict[str, Any]) -> int | None:
    """Rows of the table that a node has built; None for views and tests."""
    if info["resource_type"] not in ("model", "seed") or info["materialized"] == "view":
        return None
    return row_count(info["node_relation"]["schema"], info["node_relation"]["alias"])


def _build(context: dg.AssetExecutionContext, night: Night, as_of: date, select: list[str]) -> Iterator[Any]:
    events: queue.Queue[tuple[dict, int | None] | None] = queue.Queue()
    outcome: dict[str, Any] = {}

    def pass_on(event: dict) -> None:
        # Counted here, in dbt's own thread: later the file may be closed.
        events.put((event, _rows(event["data"]["node_info"])))

    def run() -> None:
        try:
            outcome["results"] = night.dbt.build(as_of, night.full_refresh, select, on_event=pass_on)
        except BaseException as error:
            outcome["error"] = error
        finally:
            events.put(None)

    worker = threading.Thread(target=run, name="dbt", daemon=True)
    worker.start()
    done = 0
    warned: list[str] = []
    try:
        while (finished := events.get()) is not None:
            event, rows = finished
            done += 1
            info = event["data"]["node_info"]
            # dbt calls it `total` for models and seeds, `num_models` for tests.
            total = event["data"].get("total") or event["data"].get("num_models") or done
            progress.report("transform", info["node_name"], done / total)
            if info["node_status"] == "warn":
                warned.append(f"{info['node_name']}: {event['data'].get('num_failures', '')} rows")
            if info["resource_type"] == "test":
                continue
            message = DbtCoreCliEventMessage(raw_event=event, event_history_metadata={})
            for result in message.to_default_asset_events(PROJECT_MANIFEST, TRANSLATOR, context, MANIFEST.parent):
                if rows is not None and isinstance(result, dg.Output | dg.AssetMaterialization):
                    # The UI shows it beside the table and plots it over the nights.
                    result = result.with_metadata({**result.metadata, "dagster/row_count": dg.MetadataValue.int(rows)})
                if (
                    isinstance(result, dg.Output)
                    and (key := context.asset_key_for_output(result.output_name)) not in GATED
                ):
                    # Nothing outside this step waits for it: its materialization is one event of the history, an
                    # output three and the look-up of everything it reads.
                    context.log_event(
                        dg.AssetMaterialization(key, metadata=result.metadata, partition=context.partition_key)
                    )
                else:
                    yield result
    finally:
        # The step must not end while dbt still writes.
        worker.join()
    night.log.note(
        dbt_warnings=warned,
        money=describe_money(night.settings, night.dbt.seeds),
        policy_gaps=describe_policy_gaps(night.settings),
    )
    if "error" in outcome:
        error = outcome["error"]
        if isinstance(error, DbtFailed):
            night.log.note(withheld=error.failures)
            raise dg.Failure(f"dbt failed:\n{error}", allow_retries=False) from error
        raise error
