"""The history of runs is Dagster's own, only written faster."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
from dagster._core.storage.event_log import SqliteEventLogStorage

from orchestration.event_log import OpenEventLog, open_instance


@dg.asset(check_specs=[dg.AssetCheckSpec("whole", asset="thing")])
def thing():
    yield dg.MaterializeResult(metadata={"rows": 3})
    yield dg.AssetCheckResult(check_name="whole", passed=True)


def run_in(instance: dg.DagsterInstance) -> str:
    """The identity of a run that made one asset."""
    return dg.materialize([thing], instance=instance).run_id


def told_of(events: SqliteEventLogStorage, run_id: str) -> list[str]:
    return [record.event_log_entry.dagster_event_type for record in events.get_records_for_run(run_id).records]


def test_dagsters_own_storage_reads_every_event_while_the_run_is_still_open(tmp_path):
    with open_instance(tmp_path) as instance:
        assert isinstance(instance.event_log_storage, OpenEventLog)
        first, second = run_in(instance), run_in(instance)
        with dg.DagsterInstance.from_config(str(tmp_path)) as reader:
            assert type(reader.event_log_storage) is SqliteEventLogStorage
            for run_id in (first, second):
                seen = told_of(reader.event_log_storage, run_id)
                assert seen == told_of(instance.event_log_storage, run_id)
                assert seen[-1] == dg.DagsterEventType.PIPELINE_SUCCESS
            assert reader.get_latest_materialization_event(thing.key).run_id == second
            checks = reader.event_log_storage.get_asset_check_execution_history(
                dg.AssetCheckKey(thing.key, "whole"), limit=5
            )
            assert [check.run_id for check in checks] == [second, first]


def test_only_the_run_that_is_written_stays_open(tmp_path):
    with open_instance(tmp_path) as instance:
        run_in(instance)
        last = run_in(instance)
        assert instance.event_log_storage._engines.keys() == {"index", last}


def test_wiped_events_are_gone_and_the_log_goes_on(tmp_path):
    with open_instance(tmp_path) as instance:
        gone = run_in(instance)
        instance.event_log_storage.wipe()
        assert told_of(instance.event_log_storage, gone) == []
        assert told_of(instance.event_log_storage, run_in(instance))


def test_a_storage_of_ones_own_is_left_as_it_is(tmp_path):
    place = tmp_path / "elsewhere"
    (tmp_path / "dagster.yaml").write_text(f"storage:\n  sqlite:\n    base_dir: {place}\n")
    with open_instance(tmp_path) as instance:
        assert type(instance.event_log_storage) is SqliteEventLogStorage
        assert Path(instance.event_log_storage._base_dir).is_relative_to(place)
