"""A run may die at any moment, and people read while it runs: neither ever leaves a mixture."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

pytestmark = pytest.mark.slow

KILLS = 10

BUILD = """
import sys, time
from datetime import date
from dataclasses import replace
from pathlib import Path
from orchestration import progress
from orchestration.runner import build
from orchestration.settings import Settings
raw, place, as_of = Path(sys.argv[1]), Path(sys.argv[2]), date.fromisoformat(sys.argv[3])
if len(sys.argv) > 4:
    progress.listen(lambda stage, item, share: print(stage, item, flush=True))
settings = Settings.resolve(raw, None, place / "stayhouse.duckdb", place / "published")
sys.exit(build(replace(settings, policy=None), as_of, as_of).exit_code)
"""


def start(raw: Path, place: Path, as_of: str = "2025-06-30", *extra: str) -> subprocess.Popen:
    place.mkdir(exist_ok=True)
    home = place / "dagster"
    home.mkdir(exist_ok=True)
    environment = os.environ | {"DAGSTER_HOME": str(home), "PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", BUILD, str(raw), str(place), as_of, *extra],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip


def finish(process: subprocess.Popen) -> None:
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, out[-3000:] + err[-3000:]


def marts(place: Path) -> dict[str, list]:
    """Every published mart but those that tell of runs and loads."""
    with duckdb.connect(place / "published" / "current" / "stayhouse.duckdb", read_only=True) as db:
        names = db.execute(
            "select table_schema || '.' || table_name from information_schema.tables "
            "where table_name like 'mart_%' and table_name <> 'mart_data_quality_results'"
        ).fetchall()
        return {name: sorted(db.execute(f"from {name}").fetchall(), key=repr) for (name,) in names}


def test_ten_kills_at_random_moments_leave_no_trace(small_company, tmp_path):
    undisturbed, killed = tmp_path / "undisturbed", tmp_path / "killed"
    begun = time.monotonic()
    finish(start(small_company, undisturbed))
    length = time.monotonic() - begun
    chance = random.Random(11)
    # Moments spread over the whole run, so that every stage is hit; a run that was faster than the kill is measured anew
    # and the kill is tried again, so that ten of them happen on a machine of any speed.
    stretches = list(range(KILLS)) + list(range(KILLS))
    chance.shuffle(stretches)
    kills = 0
    while kills < KILLS and stretches:
        process = start(small_company, killed)
        begun = time.monotonic()
        try:
            process.wait(timeout=length * (stretches.pop() + chance.random()) / KILLS)
            length = min(length, time.monotonic() - begun)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            kills += 1
        process.communicate()
    assert kills == KILLS
    finish(start(small_company, killed))
    assert marts(killed) == marts(undisturbed)


READER = """
import sys, time
import duckdb
path, stop = sys.argv[1], sys.argv[2]
import os
seen, reads = set(), 0
while not os.path.exists(stop):
    with duckdb.connect(path, read_only=True) as db:
        night = db.execute("select as_of_date, run_id from main.publication").fetchone()
        # The as-of date can be told from the marts themselves: the youngest customer's tenure and the newest day.
        tenure = db.execute(
            "select max(registered_date + cast(tenure_days as integer)), min(registered_date + cast(tenure_days as integer))"
            " from activation.mart_activation_customer").fetchone()
        newest = db.execute("select max(event_date) from quality.mart_event_taxonomy_health").fetchone()[0]
        assert tenure == (night[0], night[0]) and newest == night[0], (night, tenure, newest)
        seen.add(str(night[0]))
        reads += 1
print(reads, *sorted(seen))
"""


def test_a_reader_never_meets_an_error_nor_two_nights_at_once(small_company, tmp_path):
    place = tmp_path / "place"
    finish(start(small_company, place, "2025-06-28"))
    database, stop = place / "published" / "current" / "stayhouse.duckdb", tmp_path / "stop"
    reader = subprocess.Popen(
        [sys.executable, "-c", READER, str(database), str(stop)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    for as_of in ("2025-06-29", "2025-06-30"):
        finish(start(small_company, place, as_of))
    time.sleep(0.5)
    stop.touch()
    out, err = reader.communicate(timeout=60)
    assert reader.returncode == 0, err[-3000:]
    reads, *nights = out.split()
    assert int(reads) > 20
    assert nights == ["2025-06-28", "2025-06-29", "2025-06-30"]


def test_a_second_writer_is_told_to_wait(small_company, tmp_path):
    place = tmp_path / "place"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    holder = duckdb.connect(place / "stayhouse.duckdb")
    try:
        process = start(small_company, place)
        out, err = process.communicate(timeout=120)
        assert process.returncode == 2, out + err
    finally:
        holder.close()
