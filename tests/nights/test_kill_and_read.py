"""A run may be killed at any moment, and people read while it runs: neither ever sees a mixture."""

from __future__ import annotations

import os
import random
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

import duckdb
import pytest
from nights.conftest import LAST

from stayhouse.orchestration.lock import is_running
from stayhouse.orchestration.settings import Settings

pytestmark = [pytest.mark.slow, pytest.mark.longest]

STOPS_WITHIN = 10
HANGS = 1800  # seconds; a busy machine may need minutes for a run
ROOT = Path(__file__).parents[2]

# A build in a process of its own. The libraries are imported once, by a parent that forks for every build: a kill can
# only break the work, and ten kills need not wait for ten imports.
STARTER = """
import os, signal, sys
from dataclasses import replace
from datetime import date
from pathlib import Path
import dagster, dagster_dbt, dbt.cli.main, dbt.adapters.duckdb, great_expectations, pandas
if len(sys.argv) > 1:
    from tests.nights.small_graph import shrink
    shrink(*map(Path, sys.argv[1:]))
from stayhouse.demonstration.saas import POLICY_FOLDER
from stayhouse.orchestration import progress
from stayhouse.orchestration.cli import app
from stayhouse.orchestration.runner import build
from stayhouse.orchestration.settings import Settings

# A signal that comes before an attended run waits for it.
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT, signal.SIGTERM])

def killer(stage, share):
    def listen(now, item, done):
        if now == stage and done >= float(share):
            os.kill(os.getpid(), signal.SIGKILL)
    return listen

for line in sys.stdin:
    raw, place, first, last, moment = line.rstrip("\\n").split("\\t")
    child = os.fork()
    if child == 0:
        os.setsid()
        os.environ["DAGSTER_HOME"] = str(Path(place) / "dagster")
        out = os.open(Path(place) / "out.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(out, 1)
        os.dup2(out, 2)
        code = 70
        try:
            settings = Settings.resolve(Path(raw), None, Path(place) / "stayhouse.duckdb", Path(place) / "published")
            if moment == "attended":
                places = {"--raw": raw, "--policy": POLICY_FOLDER, "--warehouse": settings.warehouse,
                          "--publish": settings.publish, "--from": first, "--to": last}
                app(["build", *(str(part) for item in places.items() for part in item)])
            signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT, signal.SIGTERM])
            if moment != "never":
                progress.listen(killer(*moment.split(":")))
            code = build(
                replace(settings, policy=POLICY_FOLDER), date.fromisoformat(first), date.fromisoformat(last),
                make_current=True,
            ).exit_code
        except SystemExit as end:
            code = end.code
        except BaseException:
            import traceback
            traceback.print_exc()
        sys.stdout.flush()
        os._exit(code)
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class Starter:
    """Starts one build after the other, each in a process that can be killed."""

    def __init__(self, folder: Path, parsed: Path | None = None):
        """With `parsed` (what dbt has parsed) every build is one of the small graph."""
        # Separate artifacts, because a killed build may leave them half written.
        environment = os.environ | {
            "PYTHONPATH": str(ROOT), "DBT_TARGET_PATH": str(folder / "target"), "STAYHOUSE_THREADS": "2",
        }  # fmt: skip
        self.process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", STARTER, *(map(str, [parsed, folder]) if parsed else ())],
            env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip
        self.place: Path | None = None

    def start(self, raw: Path, place: Path, first: date = LAST, last: date = LAST, kill_at: str = "never") -> int:
        """The identity of the new process, which kills itself at a stage and its share done ("transform:0.5")."""
        (place / "dagster").mkdir(parents=True, exist_ok=True)
        self.place = place
        self.process.stdin.write(f"{raw}\t{place}\t{first}\t{last}\t{kill_at}\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def ends_within(self, seconds: float) -> bool:
        return bool(select.select([self.process.stdout], [], [], seconds)[0])

    def exit_code(self) -> int:
        """Waits for the end; negative if a signal ended it. The limit only ends a hanging build."""
        assert self.ends_within(HANGS), "the build does not end"
        return int(self.process.stdout.readline())

    def finish(self, raw: Path, place: Path, first: date = LAST, last: date = LAST) -> None:
        self.start(raw, place, first, last)
        assert self.exit_code() == 0, (place / "out.log").read_text()[-3000:]

    def end(self) -> None:
        self.process.stdin.close()
        self.process.wait(timeout=HANGS)


@pytest.fixture(scope="module")
def starter(tmp_path_factory):
    starter = Starter(tmp_path_factory.mktemp("starter"))
    yield starter
    starter.end()


@pytest.fixture(scope="module")
def small(tmp_path_factory, parsed):
    """Starts builds of the small graph."""
    starter = Starter(tmp_path_factory.mktemp("small"), parsed)
    yield starter
    starter.end()


@pytest.fixture(scope="module")
def undisturbed(small, small_company, tmp_path_factory) -> tuple[Path, float]:
    """A build of the small graph that nobody disturbs, and how long it takes."""
    place = tmp_path_factory.mktemp("undisturbed")
    begun = time.monotonic()
    small.finish(small_company, place)
    return place / "published", time.monotonic() - begun


class Graph(NamedTuple):
    """What a run builds: all models, or a quarter of them."""

    starter: Starter
    raw: Path
    home: Path
    """A company that one undisturbed run has built and published. Read-only."""


@pytest.fixture(params=["small", pytest.param("whole", marks=pytest.mark.repetition)])
def graph(request) -> Graph:
    if request.param == "whole":
        published = request.getfixturevalue("published")
        return Graph(request.getfixturevalue("starter"), published.raw, published.warehouse.parent)
    publish, _ = request.getfixturevalue("undisturbed")
    return Graph(request.getfixturevalue("small"), request.getfixturevalue("small_company"), publish.parent)


def marts(publish: Path) -> dict[str, list]:
    """Every published mart except those about runs and loads."""
    with duckdb.connect(publish / "current" / "stayhouse.duckdb", read_only=True) as db:
        names = db.execute(
            "select table_schema || '.' || table_name from information_schema.tables "
            "where table_name like 'mart_%' and table_name <> 'mart_data_quality_results'"
        ).fetchall()
        return {name: sorted(db.execute(f"from {name}").fetchall(), key=repr) for (name,) in names}


def test_kills_amid_models_and_amid_marts_leave_no_trace(graph, tmp_path):
    killed = tmp_path / "killed"
    for moment in ("transform:0.5", "publish:0.5"):
        graph.starter.start(graph.raw, killed, kill_at=moment)
        assert graph.starter.exit_code() == -signal.SIGKILL, (killed / "out.log").read_text()[-3000:]
        assert not (killed / "published" / "current").exists()
    graph.starter.finish(graph.raw, killed)
    assert marts(killed / "published") == marts(graph.home / "published")


def strike(starter: Starter, raw: Path, place: Path, moment: float, how: Callable[[int], int]) -> bool:
    """Starts a build and ends it by `how` (process -> the exit code that must follow) so many seconds after its start.
    Returns whether it was hit; one that was faster must have ended as if nothing had happened."""
    process = starter.start(raw, place, kill_at="attended")
    if starter.ends_within(moment):
        assert starter.exit_code() == 0, (place / "out.log").read_text()[-3000:]
        return False
    expected, struck = how(process), time.monotonic()
    code = starter.exit_code()
    assert code in (expected, 0), (place / "out.log").read_text()[-3000:]
    assert time.monotonic() - struck < STOPS_WITHIN
    return code == expected


def kill(process: int) -> int:
    os.killpg(process, signal.SIGKILL)
    return -signal.SIGKILL


def strike_until_hit(
    starter: Starter, raw: Path, place: Path, chance: random.Random, length: float, how: Callable[[int], int]
) -> float:
    """Ends one build by `how` at a moment of chance. A run that was faster than its moment shows how long runs are now:
    they continue from what the runs before have done, so they get shorter. Returns that length."""
    for _ in range(5):
        begun = time.monotonic()
        if strike(starter, raw, place, length * chance.random(), how):
            return length
        length = min(length, time.monotonic() - begun)
    raise AssertionError("five builds in a row ended before they were hit")


@pytest.mark.repetition
def test_three_kills_of_the_whole_graph_leave_no_trace(small_company, published, starter, tmp_path):
    """The moments were once those of one measured run, which a machine that became less busy passed by."""
    begun, killed, chance = time.monotonic(), tmp_path / "killed", random.Random(11)
    # One undisturbed run to know how long it takes (its numbers are those of the published company).
    starter.finish(small_company, tmp_path / "measured")
    length = time.monotonic() - begun
    for _ in range(3):
        length = strike_until_hit(starter, small_company, killed, chance, length, kill)
    starter.finish(small_company, killed)
    assert marts(killed / "published") == marts(published.publish)


@pytest.mark.repetition
@pytest.mark.parametrize("series", range(2))
def test_twelve_kills_at_random_moments_leave_no_trace(small_company, small, undisturbed, tmp_path, series):
    """Six kills in each of two places, of which each begins with nothing. The brackets in the path are a trap."""
    reference, length = undisturbed
    place, chance = tmp_path / "a [b] c", random.Random(series)
    for _ in range(6):
        length = strike_until_hit(small, small_company, place, chance, length, kill)
    small.finish(small_company, place)
    assert marts(place / "published") == marts(reference)


@pytest.mark.parametrize("count", [2, pytest.param(4, marks=pytest.mark.repetition)])
def test_signals_stop_a_run_at_once_and_leave_no_trace(small_company, small, undisturbed, tmp_path, count):
    """Ctrl-C waited for dbt, or ended in a traceback, and the lock of the warehouse outlived the run.

    Two stop runs of a company that was built before, four (a repetition) those of a company that begins with nothing.
    """
    reference, length = undisturbed
    place, hit, chance = tmp_path / "stopped", 0, random.Random(70)
    if count == 2:
        shutil.copytree(reference.parent, place, symlinks=True)
        # Such a run is shorter.
        length /= 2
    said = {signal.SIGINT: "by Ctrl-C", signal.SIGTERM: "by SIGTERM"}

    def stop(process: int) -> int:
        number = list(said)[hit % 2]
        os.kill(process, number)
        return 128 + number

    while hit < count:
        length = strike_until_hit(small, small_company, place, chance, length, stop)
        output = " ".join((place / "out.log").read_text().split())
        assert f"stopped {list(said.values())[hit % 2]}" in output
        assert "Run the same command again: it goes on from what is loaded" in output
        assert "Traceback" not in output
        hit += 1
        assert not is_running(Settings.resolve(small_company, None, place / "stayhouse.duckdb", place / "published"))
    small.finish(small_company, place)
    assert marts(place / "published") == marts(reference)
    assert [entry.name for entry in (place / "published" / "releases").iterdir() if entry.name.startswith(".")] == []


READER = """
import sys, time
import duckdb
path, stop = sys.argv[1], sys.argv[2]
import os
seen, reads = set(), 0
while not os.path.exists(stop):
    with duckdb.connect(path, read_only=True) as db:
        publication = db.execute("select as_of_date, run_id from main.publication").fetchone()
        # The as-of date follows from the marts too: the youngest customer's tenure and the newest day.
        tenure = db.execute(
            "select max(registered_date + cast(tenure_days as integer)), min(registered_date + cast(tenure_days as integer))"
            " from activation.mart_activation_customer").fetchone()
        newest = db.execute("select max(event_date) from quality.mart_event_taxonomy_health").fetchone()[0]
        assert tenure == (publication[0], publication[0]) and newest == publication[0], (publication, tenure, newest)
        seen.add(str(publication[0]))
        reads += 1
    time.sleep(0.05)  # the build needs the processor too
print(reads, *sorted(seen))
"""


def test_a_reader_never_sees_an_error_or_two_days_at_once(graph, tmp_path):
    place = tmp_path / "place"
    shutil.copytree(graph.home, place, symlinks=True)
    database, stop = place / "published" / "current" / "stayhouse.duckdb", tmp_path / "stop"
    reader = subprocess.Popen(
        [sys.executable, "-c", READER, str(database), str(stop)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    # The last day is published; the one before it is built while the reader reads.
    days = [LAST - timedelta(days=1), LAST]
    graph.starter.finish(graph.raw, place, days[0], days[0])
    time.sleep(0.5)
    stop.touch()
    out, err = reader.communicate(timeout=HANGS)
    assert reader.returncode == 0, err[-3000:]
    reads, *seen = out.split()
    assert int(reads) > 20
    assert seen == [str(day) for day in days]


def test_a_second_writer_must_wait(small_company, small, tmp_path):
    holder = duckdb.connect(tmp_path / "stayhouse.duckdb")
    try:
        small.start(small_company, tmp_path, kill_at="attended")
        assert small.exit_code() == 2, (tmp_path / "out.log").read_text()
    finally:
        holder.close()
