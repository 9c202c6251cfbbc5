"""The history of runs is Dagster's own, only written faster."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from stayhouse.orchestration.event_log import OpenEventLog, forget_old_runs, open_instance
from stayhouse.orchestration.private_api import SqliteEventLogStorage
from stayhouse.orchestration.settings import KEPT_RUNS, ConfigurationError, kept_runs

pytestmark = pytest.mark.slow


@dg.asset(check_specs=[dg.AssetCheckSpec("whole", asset="thing")])
def thing():
    yield dg.MaterializeResult(metadata={"rows": 3})
    yield dg.AssetCheckResult(check_name="whole", passed=True)


def run_in(instance: dg.DagsterInstance) -> str:
    """The identity of a run that made one asset."""
    return dg.materialize([thing], instance=instance).run_id


def events_of(events: SqliteEventLogStorage, run_id: str) -> list[str]:
    return [record.event_log_entry.dagster_event_type for record in events.get_records_for_run(run_id).records]


def test_dagsters_own_storage_reads_every_event_while_the_run_is_still_open(tmp_path):
    with open_instance(tmp_path) as instance:
        assert isinstance(instance.event_log_storage, OpenEventLog)
        first, second = run_in(instance), run_in(instance)
        with dg.DagsterInstance.from_config(str(tmp_path)) as reader:
            assert type(reader.event_log_storage) is SqliteEventLogStorage
            for run_id in (first, second):
                seen = events_of(reader.event_log_storage, run_id)
                assert seen == events_of(instance.event_log_storage, run_id)
                assert seen[-1] == dg.DagsterEventType.PIPELINE_SUCCESS
            assert reader.get_latest_materialization_event(thing.key).run_id == second
            checks = reader.event_log_storage.get_asset_check_execution_history(
                dg.AssetCheckKey(thing.key, "whole"), limit=5
            )
            assert [check.run_id for check in checks] == [second, first]


DAYS = dg.StaticPartitionsDefinition(["2025-01-01", "2025-01-02"])


def test_an_output_names_the_versions_of_what_it_was_made_from_as_with_dagsters_own_storage(tmp_path):
    """A run remembers what it has written instead of asking the database; the history must not show it."""

    @dg.multi_asset(
        specs=[
            # Without a code version Dagster takes the run's identity for one, and data versions depend on it.
            dg.AssetSpec(name, deps=["a", "b"][:count], skippable=True, code_version="1")
            for count, name in enumerate("abc")
        ],
        partitions_def=DAYS,
        can_subset=True,
    )
    def made(context):
        yield dg.AssetMaterialization("a", partition=context.partition_key)
        for name in "bc":
            yield dg.MaterializeResult(asset_key=name)

    def tags_of(instance: dg.DagsterInstance) -> list[dict[str, str]]:
        found = []
        for day in ("2025-01-01", "2025-01-02", "2025-01-01"):
            outputs = [spec.key.to_user_string() for spec in made.specs if spec.key.to_user_string() != "a"]
            dg.materialize([made], instance=instance, partition_key=day)
            for name in outputs:
                event = instance.get_latest_materialization_event(dg.AssetKey(name))
                found.append(dict(event.asset_materialization.tags))
        return found

    with open_instance(tmp_path / "own") as instance:
        own = tags_of(instance)
    with dg.DagsterInstance.from_config(str(_home(tmp_path / "dagsters"))) as instance:
        assert type(instance.event_log_storage) is SqliteEventLogStorage
        assert own == tags_of(instance)
    assert any("dagster/input_data_version/b" in tags for tags in own)


def _home(folder: Path) -> Path:
    folder.mkdir()
    return folder


def test_runs_that_begin_together_share_a_new_history(tmp_path):
    """Two builds made the databases of one new home at once, and no run could open it again: alembic had two heads."""
    opening = (
        "import sys, pathlib; from stayhouse.orchestration.event_log import open_instance; print(flush=True);"
        "sys.stdin.read(); open_instance(pathlib.Path(sys.argv[1])).dispose()"
    )
    begun = [
        subprocess.Popen([sys.executable, "-c", opening, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for _ in range(4)
    ]
    for process in begun:
        process.stdout.readline()
    for process in begun:
        process.stdin.close()
    assert [process.wait(timeout=120) for process in begun] == [0, 0, 0, 0]
    with open_instance(tmp_path) as instance:
        assert run_in(instance)


def test_only_the_run_that_is_written_stays_open(tmp_path):
    with open_instance(tmp_path) as instance:
        run_in(instance)
        last = run_in(instance)
        assert instance.event_log_storage._engines.keys() == {"index", last}


def test_wiped_events_are_gone_and_the_log_goes_on(tmp_path):
    with open_instance(tmp_path) as instance:
        gone = run_in(instance)
        instance.event_log_storage.wipe()
        assert events_of(instance.event_log_storage, gone) == []
        assert events_of(instance.event_log_storage, run_in(instance))


def test_a_storage_of_ones_own_is_left_as_it_is(tmp_path):
    place = tmp_path / "elsewhere"
    (tmp_path / "dagster.yaml").write_text(f"storage:\n  sqlite:\n    base_dir: {place}\n")
    with open_instance(tmp_path) as instance:
        assert type(instance.event_log_storage) is SqliteEventLogStorage
        assert Path(instance.event_log_storage._base_dir).is_relative_to(place)


def test_of_the_runs_only_the_newest_are_kept(tmp_path):
    with open_instance(tmp_path) as instance:
        runs = [run_in(instance) for _ in range(4)]
        assert set(forget_old_runs(instance, kept=2)) == set(runs[:2])
        assert [record.dagster_run.run_id for record in instance.get_run_records()] == [runs[3], runs[2]]
        assert {path.stem for path in (tmp_path / "history" / "runs").glob("*.db")} == {"index", *runs[2:]}
        assert {path.name for path in (tmp_path / "storage").iterdir()} == set(runs[2:])
        assert instance.get_latest_materialization_event(thing.key).run_id == runs[3]
        assert forget_old_runs(instance, kept=2) == []
        assert events_of(instance.event_log_storage, run_in(instance))


def test_a_run_that_is_not_over_is_kept(tmp_path):
    with open_instance(tmp_path) as instance:
        finished = run_in(instance)
        begun = instance.create_run_for_job(dg.Definitions([thing]).resolve_implicit_global_asset_job_def()).run_id
        assert forget_old_runs(instance, kept=1) == []
        assert {record.dagster_run.run_id for record in instance.get_run_records()} == {finished, begun}


def test_the_number_of_kept_runs_is_a_setting(monkeypatch):
    monkeypatch.delenv("STAYHOUSE_KEPT_RUNS", raising=False)
    assert kept_runs() == KEPT_RUNS
    monkeypatch.setenv("STAYHOUSE_KEPT_RUNS", "3")
    assert kept_runs() == 3
    for wrong in ("0", "-1", "many"):
        monkeypatch.setenv("STAYHOUSE_KEPT_RUNS", wrong)
        with pytest.raises(ConfigurationError, match="STAYHOUSE_KEPT_RUNS takes a number"):
            kept_runs()
