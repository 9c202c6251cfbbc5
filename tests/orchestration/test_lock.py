"""One run at a time holds warehouse and publication, and the system takes back the lock of one that was killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import dagster as dg
import duckdb
import pytest
from conftest import Landing, customer
from typer.testing import CliRunner

from stayhouse.contract import REPO_ROOT
from stayhouse.orchestration.cli import app
from stayhouse.orchestration.lock import is_running, run_lock
from stayhouse.orchestration.settings import Settings
from stayhouse.orchestration.warehouse import WarehouseBusy

pytestmark = pytest.mark.slow

HOLDER = """
import sys, time
from pathlib import Path
from stayhouse.orchestration.lock import run_lock
from stayhouse.orchestration.settings import Settings
with run_lock(Settings.resolve(*map(Path, sys.argv[1:4]), Path(sys.argv[4]))):
    print("held", flush=True)
    time.sleep(float(sys.argv[5]))
"""


@pytest.fixture
def settings(tmp_path) -> Settings:
    Landing(tmp_path / "raw").csv("customers", [customer(1)])
    (tmp_path / "policy").mkdir()
    return Settings.resolve(tmp_path / "raw", tmp_path / "policy", tmp_path / "w.duckdb", tmp_path / "published")


def hold(settings: Settings, seconds: float = 600) -> subprocess.Popen:
    places = map(str, (settings.raw, settings.policy, settings.warehouse, settings.publish))
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, *places, str(seconds)], cwd=REPO_ROOT, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout.readline() == "held\n"
    return holder


@pytest.fixture
def holder(settings):
    process = hold(settings)
    yield process
    process.kill()
    process.wait()


def invoke(settings: Settings, *more: str):
    places = {"--raw": settings.raw, "--warehouse": settings.warehouse, "--publish": settings.publish}
    result = CliRunner().invoke(app, ["build", *(str(part) for item in places.items() for part in item), *more])
    return result.exit_code, " ".join(result.output.split())


def test_a_second_run_is_refused_at_once_and_leaves_the_log_of_the_first(settings, holder):
    """A second run wrote its beginning into the log of the first, and failed when it came to the warehouse."""
    settings.run_log.write_text(json.dumps({"started_at": "first"}))
    begun = time.monotonic()
    code, output = invoke(settings)
    assert (code, f"is used by another run (process {holder.pid}, since " in output) == (2, True), output
    assert time.monotonic() - begun < 5
    assert json.loads(settings.run_log.read_text()) == {"started_at": "first"}
    assert not settings.warehouse.exists()


@pytest.mark.parametrize("shared", ["warehouse", "publish"])
def test_two_companies_cannot_share_a_warehouse_or_a_publication(settings, holder, tmp_path, shared):
    other = {"warehouse": tmp_path / "other.duckdb", "publish": tmp_path / "elsewhere"}
    other[shared] = getattr(settings, shared)
    with pytest.raises(WarehouseBusy, match="is used by another run"), run_lock(Settings(settings.raw, None, **other)):
        pass


def test_a_run_that_waits_goes_on_when_the_other_has_ended(settings):
    first = hold(settings, seconds=3)
    with run_lock(settings, wait_seconds=60):
        assert first.wait(timeout=60) == 0
        assert is_running(settings)
    assert not is_running(settings)


def test_the_lock_of_a_killed_run_is_free(settings, holder):
    assert is_running(settings)
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert not is_running(settings)
    with run_lock(settings):
        assert json.loads((settings.work / "run.lock").read_text())["pid"] == os.getpid()


def test_a_run_of_the_dagster_ui_holds_the_lock_too(settings, monkeypatch):
    from stayhouse.orchestration.resources import RUN_CONFIG, run_from_environment

    for name in ("raw", "warehouse", "publish"):
        monkeypatch.setenv(f"STAYHOUSE_{name.upper()}", str(getattr(settings, name)))
    seen = []

    @dg.op(required_resource_keys={"run"})
    def look() -> None:
        seen.append(is_running(settings))

    @dg.job(
        resource_defs={"run": dg.ResourceDefinition(run_from_environment, RUN_CONFIG)},
        executor_def=dg.in_process_executor,
    )
    def job() -> None:
        look()

    assert job.execute_in_process().success
    assert (seen, is_running(settings)) == ([True], False)


def test_a_reader_of_the_working_file_is_named(settings):
    with duckdb.connect(settings.warehouse) as db:
        db.execute("create table t (i integer)")
    script = "import duckdb, sys, time; c = duckdb.connect(sys.argv[1]); print('open', flush=True); time.sleep(600)"
    reader = subprocess.Popen(
        [sys.executable, "-c", script, str(settings.warehouse)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert reader.stdout.readline() == "open\n"
        code, output = invoke(settings)
        assert (code, "w.duckdb is opened by another process; close it there" in output) == (2, True), output
    finally:
        reader.kill()
        reader.wait()


INTERRUPTED = """
import os, signal, sys, threading, time
from stayhouse.orchestration.interruption import interruptible
with interruptible(lambda name: print("stopped by", name, flush=True)):
    print("ready", flush=True)
    if sys.argv[1] == "query":
        import duckdb
        duckdb.sql("select count(*) from range(10_000_000) as a, range(10_000_000) as b").fetchall()
    elif sys.argv[1] == "swallow":
        while True:
            try:
                time.sleep(600)
            except BaseException:
                pass
print("over", flush=True)
os.kill(os.getpid(), signal.SIGTERM)
time.sleep(600)
"""


@pytest.mark.parametrize("work", ["query", "swallow"])
@pytest.mark.parametrize(("number", "name", "code"), [(signal.SIGINT, "Ctrl-C", 130), (signal.SIGTERM, "SIGTERM", 143)])
def test_a_signal_ends_the_process_whatever_it_does(work, number, name, code):
    """Ctrl-C waited for dbt to end the models that were under way."""
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, work], cwd=REPO_ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.3)
    process.send_signal(number)
    assert process.wait(timeout=10) == code
    assert process.stdout.read() == f"stopped by {name}\n"


def test_programs_that_a_run_starts_can_be_terminated():
    """Dagster waited thirty seconds for each program that copies its logs: they inherited that signals were blocked."""
    script = INTERRUPTED.replace('if sys.argv[1] == "query":', 'if sys.argv[1] == "program":').replace(
        "import duckdb", "import subprocess; p = subprocess.Popen(['sleep', '30']); p.terminate(); p.wait(timeout=5)"
    )
    script = "\n".join(line for line in script.splitlines() if "duckdb.sql" not in line)
    process = subprocess.run(
        [sys.executable, "-c", script, "program"], cwd=REPO_ROOT, capture_output=True, text=True, check=False
    )
    assert process.stdout == "ready\nover\n", process.stderr


def test_after_the_run_signals_are_as_before():
    process = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, "nothing"], cwd=REPO_ROOT, capture_output=True, text=True, check=False
    )
    assert (process.returncode, process.stdout) == (-signal.SIGTERM, "ready\nover\n")


def test_runs_of_a_process_that_was_killed_end_in_the_history(tmp_path):
    """Every killed run stayed in the Dagster UI as running, and the limit on the history never took it away."""
    from stayhouse.orchestration.event_log import end_dead_runs, open_instance

    @dg.job
    def job() -> None:
        pass

    with open_instance(tmp_path) as instance:
        mine, other = (
            instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED, tags={"w": place}) for place in "ab"
        )
        assert end_dead_runs(instance, {"w": "a"}) == [mine.run_id]
        assert instance.get_run_by_id(mine.run_id).status is dg.DagsterRunStatus.CANCELED
        assert instance.get_run_by_id(other.run_id).status is dg.DagsterRunStatus.STARTED
