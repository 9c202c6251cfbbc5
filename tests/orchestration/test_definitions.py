"""The Dagster graph: raw, checks, dbt, checks, publication hang together as the gates need it."""

from __future__ import annotations

import subprocess
import sys
import warnings
from collections.abc import Sequence
from datetime import date

import dagster as dg
import pytest

from stayhouse.contract import REPO_ROOT, contract
from stayhouse.expectations.registry import mart_gates, raw_gates
from stayhouse.orchestration.feeds import Feed
from stayhouse.orchestration.settings import Settings

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("parsed_once")]


@pytest.fixture(scope="module")
def defs(parsed_once):
    from stayhouse.orchestration.definitions import build_definitions

    return build_definitions(Settings.resolve())


@pytest.fixture(scope="module")
def graph(defs):
    return defs.resolve_asset_graph()


def test_the_definitions_can_be_loaded(defs):
    dg.Definitions.validate_loadable(defs)
    for name in ("load_raw", "build_day", "nightly"):
        assert defs.resolve_job_def(name)


def test_every_raw_table_is_an_asset_that_joins_its_dbt_source(graph):
    for table in contract().values():
        key = dg.AssetKey([table.source, table.name])
        assert graph.get(key).is_materializable
        staging = dg.AssetKey(["staging", f"stg_{table.source}__{table.name}"])
        assert staging in graph.get(key).child_keys


def test_every_raw_table_and_every_mart_has_a_blocking_check(graph):
    for gate in (*raw_gates(), *mart_gates()):
        check = graph.get(dg.AssetCheckKey(dg.AssetKey(list(gate.asset_key)), "expectations"))
        assert check.blocking, gate.table


def test_publication_depends_directly_on_every_gated_mart(graph):
    # A blocking check stops direct dependents only: a mart that is reached through another one would not be guarded.
    parents = graph.get(dg.AssetKey("publication")).parent_keys
    assert {dg.AssetKey(list(gate.asset_key)) for gate in mart_gates()} <= parents


def test_every_asset_has_a_group_and_every_model_an_owner(graph):
    for key in graph.materializable_asset_keys:
        node = graph.get(key)
        assert node.group_name not in (None, "default"), key
        assert node.owners, key
        assert node.description, key


def test_a_day_is_a_daily_partition_and_one_run(graph):
    for key in (dg.AssetKey("publication"), dg.AssetKey(["activation", "mart_activation_customer"])):
        node = graph.get(key)
        assert isinstance(node.partitions_def, dg.DailyPartitionsDefinition)
        assert node.backfill_policy.max_partitions_per_run == 1


def test_the_schedule_runs_after_midnight_of_the_business_zone(defs):
    schedule = defs.resolve_schedule_def("nightly_after_midnight")
    assert schedule.cron_schedule == "0 2 * * *"
    assert schedule.execution_timezone == "UTC"


def test_jobs_schedules_and_sensors_say_what_they_do(defs):
    named = [*defs.jobs, *defs.schedules, *defs.sensors]
    assert len(named) == 7
    assert [one.name for one in named if not one.description] == []


def test_nothing_is_used_that_dagster_may_change_or_has_replaced():
    # A function in preview wired the freshness of all marts, and `dagster dev` had been replaced by `dg dev`.
    from stayhouse.orchestration import definitions
    from stayhouse.orchestration.settings import Daemon

    settings = Settings.resolve()
    manifest = definitions.ensure_manifest(settings)
    with warnings.catch_warnings(record=True) as noted:
        warnings.simplefilter("always")
        built = definitions._build.__wrapped__(manifest, "UTC", "2015-01-01", Daemon())
        dg.Definitions.validate_loadable(built)
    # What is in beta stays with Dagster; one day per run of a back-fill is, and dagster-dbt asks for it.
    kinds = (dg.PreviewWarning, dg.SupersessionWarning, DeprecationWarning)
    assert [str(one.message) for one in noted if issubclass(one.category, kinds) and "dagster" in one.filename] == []


def test_a_part_has_its_marts_with_their_checks_and_no_others():
    from stayhouse.orchestration.definitions import build_definitions

    job = build_definitions(Settings.resolve(), None, ("quality",)).resolve_job_def("build_part")
    keys = {"/".join(key.path) for key in job.asset_layer.executable_asset_keys}
    assert {"quality/mart_raw_accounting", "core/run_context", "publication", "alert_delivery"} <= keys
    assert not any(key.startswith(("activation/", "raw/")) for key in keys)
    checked = {"/".join(key.asset_key.path) for key in job.asset_layer.asset_graph.asset_check_keys}
    assert checked == {key for key in keys if key.split("/")[-1].startswith("mart_")}


def test_a_killed_run_is_tried_again_from_its_first_step(defs):
    # Dagster resumes at the step that failed; were that the publication, it would publish what a run in between built.
    for name in ("load_raw", "build_day", "nightly"):
        assert defs.resolve_job_def(name).tags["dagster/retry_strategy"] == "ALL_STEPS"


def test_marts_of_another_day_are_not_published(tmp_path):
    # Story: "materialize" on the publication alone in the UI published the last run's marts under any day.
    from stayhouse.orchestration.defs.publishing import check_day
    from stayhouse.orchestration.warehouse import open_warehouse

    with open_warehouse(tmp_path / "w.duckdb") as connection:
        connection.execute("create schema core")
        connection.execute("create table core.run_context as select date '2025-06-30' as as_of_date")
    check_day(tmp_path / "w.duckdb", date(2025, 6, 30))
    with pytest.raises(dg.Failure, match=r"describe 2025-06-30, so they are not published as 2025-06-29"):
        check_day(tmp_path / "w.duckdb", date(2025, 6, 29))


def test_links_lead_to_where_the_publication_is_served():
    # Story: the UI offered file:// addresses, which no browser opens from a page of a server.
    from stayhouse.orchestration.defs.publishing import links

    assert links(None) == {}
    found = links("https://stay.example/acme")
    assert found["page"].value == "https://stay.example/acme/current/index.html"
    assert all(link.value.startswith("https://stay.example/acme/current/") for link in found.values())


def test_missing_tables_are_reported_with_the_marts_made_from_them():
    from stayhouse.orchestration.dbt_session import read_manifest
    from stayhouse.orchestration.defs.publishing import marts_without_data

    found = marts_without_data(read_manifest(Settings.resolve()), ["survey_answers", "events"])
    assert {"mart_activation_cohort", "mart_cx_indices", "mart_customer_360"} <= set(found["survey_answers"])
    assert "mart_activation_customer" not in found["survey_answers"]
    assert "mart_activation_customer" in found["events"]
    assert "mart_event_taxonomy_health" in found["events"]


def test_what_people_read_has_to_come_by_morning(graph):
    for gate in mart_gates():
        assert graph.get(dg.AssetKey(list(gate.asset_key))).freshness_policy is not None
    assert graph.get(dg.AssetKey("publication")).freshness_policy is not None
    assert graph.get(dg.AssetKey(["staging", "stg_crm__customers"])).freshness_policy is None


def test_importing_the_definitions_parses_nothing():
    code = (
        "import builtins, io, pathlib\n"
        "opened = []\n"
        "genuine = io.open\n"
        "def watch(file, *rest, **named):\n"
        "    opened.append(str(file))\n"
        "    return genuine(file, *rest, **named)\n"
        "io.open = builtins.open = watch\n"
        "import orchestration.definitions, expectations.registry, loading, demonstration.saas\n"
        "read = [file for file in opened if file.endswith(('.yml', 'manifest.json', '.csv')) and 'site-packages' not in file]\n"
        "assert not read, read\n"
        "import sys\n"
        "assert 'dbt.cli.main' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=REPO_ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


class FakeDbt:
    """Finishes the nodes that it is given, and remembers what it was asked for."""

    def __init__(self, finished: list[dict], error: Exception | None = None):
        self.finished, self.error, self.selected = finished, error, None
        self.seeds = None
        self.findings: list = []

    def build(self, as_of, full_refresh, part, on_event):
        self.selected = part
        for data in self.finished:
            on_event({"data": data})
        if self.error:
            raise self.error


def finished_node(name: str, status: str = "success", kind: str = "model") -> dict:
    info = {"unique_id": f"{kind}.stayhouse.{name}", "node_name": name, "node_status": status, "resource_type": kind,
            "materialized": "view"}  # fmt: skip
    return {"node_info": info, "total": 2, "execution_time": 0.5, "num_failures": 3}


@pytest.fixture
def transform(monkeypatch):
    """Materializes two assets of the dbt step with a dbt of the test; returns its result and what was noted."""
    from types import SimpleNamespace

    from stayhouse.orchestration.dbt_session import read_manifest
    from stayhouse.orchestration.defs import transformation
    from stayhouse.orchestration.defs.partitions import daily

    monkeypatch.setattr(transformation, "describe_money", lambda *_: [])
    monkeypatch.setattr(transformation, "describe_policy_gaps", lambda *_: [])
    monkeypatch.setattr(transformation, "describe_rejections", lambda *_: [])
    monkeypatch.setattr(transformation, "note_model_checks", lambda *_: None)
    settings = Settings.resolve()
    step = transformation.warehouse(read_manifest(settings), settings.target, daily("2025-01-01", "UTC"))
    keys = [dg.AssetKey(["churn", "mart_churn_events"]), dg.AssetKey(["core", "run_context"])]

    def materialize(dbt: FakeDbt, feeds: Sequence[Feed] = ()) -> tuple[dg.ExecuteInProcessResult, dict]:
        noted: dict = {}
        run = SimpleNamespace(
            dbt=dbt,
            settings=settings,
            full_refresh=False,
            allow_stale=False,
            manifest={},
            feeds=lambda as_of: feeds,
            log=SimpleNamespace(note=lambda **entries: noted.update(entries)),
        )
        result = dg.materialize(
            [step], selection=keys, partition_key="2025-06-30", raise_on_error=False,
            resources={"run": dg.ResourceDefinition.hardcoded_resource(run)},
        )  # fmt: skip
        return result, noted

    return materialize


def test_picked_assets_are_picked_from_dbt_and_become_materializations(transform):
    from types import SimpleNamespace

    dbt = FakeDbt([
        finished_node("run_context"), finished_node("mart_churn_events"),
        finished_node("rows_are_whole", "warn", "test"),
    ])  # fmt: skip
    dbt.findings = [
        SimpleNamespace(message="churn events: a day is missing (3 rows)", is_passed=False, severity="warning"),
        SimpleNamespace(message="every row is whole", is_passed=True, severity="warning"),
    ]
    result, noted = transform(dbt)
    assert result.success
    assert sorted(name.split(".")[-1] for name in dbt.selected) == ["mart_churn_events", "run_context"]
    assert all(name.startswith("model.stayhouse.") for name in dbt.selected)
    made = {event.asset_key.path[-1]: event.materialization for event in result.get_asset_materialization_events()}
    assert made.keys() == {"run_context", "mart_churn_events"}
    assert {materialization.partition for materialization in made.values()} == {"2025-06-30"}
    assert made["run_context"].metadata["seconds"].value == 0.5
    assert noted["dbt_warnings"] == ["churn events: a day is missing (3 rows)"]


def test_nodes_that_fail_are_named_and_fail_the_step(transform):
    from stayhouse.orchestration.dbt_session import DbtFailed

    dbt = FakeDbt(
        [finished_node("run_context"), finished_node("mart_churn_events", "error")],
        DbtFailed(["mart_churn_events: no such column"]),
    )
    result, noted = transform(dbt)
    assert not result.success
    assert noted["withheld"] == ["mart_churn_events: no such column"]
    assert [event.asset_key.path[-1] for event in result.get_asset_materialization_events()] == ["run_context"]


def test_a_day_that_a_feed_does_not_reach_is_not_even_transformed(transform):
    """The schedule described days after events had stopped, so that customers seemed to have stopped."""
    dbt = FakeDbt([finished_node("mart_churn_events")])
    dead = Feed("events", "expected", 3, date(2025, 6, 20), date(2025, 6, 30))
    result, noted = transform(dbt, [dead])
    assert not result.success
    assert dbt.selected is None
    assert noted["withheld"][0].startswith("events: its rows end on 2025-06-20, 10 days before 2025-06-30")
