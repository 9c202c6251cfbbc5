"""The dbt project as assets: one step, dbt in this process, its events passed on as they come."""

import queue
import threading
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, DbtProject, dbt_assets

from stayhouse.contract import REPO_ROOT
from stayhouse.expectations.registry import mart_gates
from stayhouse.orchestration import progress
from stayhouse.orchestration.check_results import note_model_checks
from stayhouse.orchestration.dbt_session import NOT_NIGHTLY, DbtFailed, row_count
from stayhouse.orchestration.defs.partitions import ONE_DAY_A_RUN
from stayhouse.orchestration.feeds import StaleFeeds, check_feeds
from stayhouse.orchestration.money import describe_money
from stayhouse.orchestration.policy_gaps import describe_policy_gaps
from stayhouse.orchestration.rejections import describe_rejections
from stayhouse.orchestration.resources import Run, RunResource
from stayhouse.orchestration.selection import forget_checks, needed_nodes
from stayhouse.orchestration.server import fetch_tables, ship_rows
from stayhouse.orchestration.warehouse import open_warehouse

# A data test fails the step or is a warning of the run; an evaluation each in the history costs more than the test.
TRANSLATOR = DagsterDbtTranslator(DagsterDbtTranslatorSettings(enable_asset_checks=False))
# What a step that is stopped gives dbt to end by itself.
STOP_SECONDS = 5.0


def warehouse(manifest: Mapping[str, Any], target: Path, days: dg.PartitionsDefinition) -> dg.AssetsDefinition:
    """Every seed and model of the project as assets of one step. `target` is dbt's folder of artifacts."""
    nodes = manifest["nodes"]
    keys = {
        unique_id: TRANSLATOR.get_asset_key(node)
        for unique_id, node in nodes.items()
        if node["resource_type"] in ("seed", "model")
    }
    project = DbtProject(project_dir=REPO_ROOT, profiles_dir=REPO_ROOT, target_path=target)

    @dbt_assets(
        manifest=manifest,
        project=project,
        dagster_dbt_translator=TRANSLATOR,
        exclude=NOT_NIGHTLY,
        partitions_def=days,
        backfill_policy=ONE_DAY_A_RUN,
        name="warehouse",
    )
    def transform(context: dg.AssetExecutionContext, run: RunResource) -> Iterator[Any]:
        """Seeds, models and dbt tests of a run. A failed error-level test fails the step: nothing is published."""
        picked = set(context.selected_asset_keys)
        # Without a part dbt builds the whole project.
        chosen = [] if picked == set(transform.keys) else [i for i, key in keys.items() if key in picked]
        _require_feeds(run, date.fromisoformat(context.partition_key))
        with open_warehouse(run.settings.warehouse) as connection:
            forget_checks(connection, (f"{key.path[0]}.{key.path[-1]}" for key in picked))
        if sent := ship_rows(run.settings):
            context.log.info(f"sent to {run.settings.server}: {sent}")
        yield from _transformed(context, run, keys, chosen)

    return transform


def part(manifest: Mapping[str, Any], domains: Iterable[str]) -> dg.AssetSelection:
    """The assets of this step that a choice of domains needs, with their checks."""
    nodes = [manifest["nodes"][unique_id] for unique_id in needed_nodes(manifest, domains)]
    # An ephemeral model is a part of others and no asset.
    keys = [TRANSLATOR.get_asset_key(node) for node in nodes if node["config"]["materialized"] != "ephemeral"]
    return dg.AssetSelection.assets(*keys)


def _require_feeds(run: Run, as_of: date) -> None:
    """Ends the step before it builds a day that the raw tables do not reach."""
    try:
        run.log.note(feeds=check_feeds(run.settings, run.feeds(as_of), run.allow_stale))
    except StaleFeeds as error:
        run.log.note(withheld=error.lines)
        raise dg.Failure(str(error), allow_retries=False) from error


@dataclass(frozen=True)
class _Finished:
    """A node that dbt is through with."""

    data: Mapping[str, Any]
    """Of dbt's structured event."""
    rows: int | None
    """Of the table that it has built; None for views and tests."""

    @property
    def info(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.data["node_info"]
        return found

    @property
    def has_built(self) -> bool:
        return bool(self.info["resource_type"] != "test" and self.info["node_status"] == "success")

    @property
    def number_of_nodes(self) -> int | None:
        """Of the whole build; dbt calls it `total` for models and seeds, `num_models` for tests."""
        return self.data.get("total") or self.data.get("num_models")

    @property
    def metadata(self) -> dict[str, dg.MetadataValue]:
        """What the UI shows beside the table and plots over the runs."""
        found: dict[str, dg.MetadataValue] = {"unique_id": dg.MetadataValue.text(self.info["unique_id"])}
        if (seconds := self.data.get("execution_time")) is not None:
            found["seconds"] = dg.MetadataValue.float(float(seconds))
        if self.rows is not None:
            found["dagster/row_count"] = dg.MetadataValue.int(self.rows)
        return found


def _transformed(
    context: dg.AssetExecutionContext, run: Run, keys: Mapping[str, dg.AssetKey], chosen: list[str]
) -> Iterator[dg.MaterializeResult[Any] | dg.AssetMaterialization]:
    # The assets that the gate and the publication wait for.
    gated = {dg.AssetKey(list(gate.asset_key)) for gate in mart_gates()}
    failure: Exception | None = None
    with closing(_finished_nodes(run, date.fromisoformat(context.partition_key), chosen)) as finished:
        try:
            for done, node in enumerate(finished, start=1):
                progress.report("transform", node.info["node_name"], done / (node.number_of_nodes or done))
                if not node.has_built:
                    continue
                key = keys[node.info["unique_id"]]
                if key in gated:
                    yield dg.MaterializeResult(asset_key=key, metadata=node.metadata)
                else:
                    # Nothing outside this step waits for it: its materialization is one event of the history, an
                    # output three and the look-up of everything it reads.
                    yield dg.AssetMaterialization(key, metadata=node.metadata, partition=context.partition_key)
        except Exception as error:
            failure = error
    if failure is None:
        fetch_tables(run.settings, run.manifest)
    found = run.dbt.findings
    note_model_checks(run, found, context.run_id, date.fromisoformat(context.partition_key))
    run.log.note(
        dbt_warnings=[one.message for one in found if not one.is_passed and one.severity == "warning"],
        money=describe_money(run.settings, run.dbt.seeds),
        policy_gaps=describe_policy_gaps(run.settings, run.dbt.seeds),
        rejections=describe_rejections(run.settings),
    )
    if isinstance(failure, DbtFailed):
        run.log.note(withheld=failure.failures)
        raise dg.Failure(f"dbt failed:\n{failure}", allow_retries=False) from failure
    if failure:
        raise failure


def _finished_nodes(run: Run, as_of: date, chosen: list[str]) -> Generator[_Finished]:
    """Runs dbt in a thread and yields every node that it finishes. Raises what dbt raised."""
    events: queue.Queue[_Finished | None] = queue.Queue()
    errors: list[BaseException] = []

    def pass_on(event: Mapping[str, Any]) -> None:
        # Counted here, in dbt's own thread: later the file may be closed.
        events.put(_Finished(event["data"], _rows(event["data"]["node_info"])))

    def work() -> None:
        try:
            run.dbt.build(as_of, run.full_refresh, part=chosen, on_event=pass_on)
        except BaseException as error:
            errors.append(error)
        finally:
            events.put(None)

    worker = threading.Thread(target=work, name="dbt", daemon=True)
    worker.start()
    try:
        while (finished := events.get()) is not None:
            yield finished
    except GeneratorExit:
        # The reader has failed. The step must not end while dbt still writes.
        worker.join()
        raise
    except BaseException:
        # The step was stopped. dbt ends with the process; waiting for its last model would take minutes.
        worker.join(STOP_SECONDS)
        raise
    worker.join()
    if errors:
        raise errors[0]


def _rows(info: Mapping[str, Any]) -> int | None:
    if info["resource_type"] not in ("model", "seed") or info["materialized"] == "view":
        return None
    return row_count(info["node_relation"]["schema"], info["node_relation"]["alias"])
