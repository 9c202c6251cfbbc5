"""Measures a look at the files, loading, a full build, one more run and an empty run, and writes benchmarks/results.md.
What the dearest models of one more run spend their time on is written to benchmarks/plans.md.

    python -m stayhouse.benchmarks [MILLIONS ...]   (1 and 10 without; 0.1 is a trial, 100 takes an hour and 60 GB)

Costs are also given in scans: CPU seconds of one pass over the raw event columns in Parquet, in the same run. The cost
of dbt is split by folder: a domain's marts and steps with their tests, and the layers below them. Machines are noisy;
ratios are more stable than seconds.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

import duckdb

from stayhouse.benchmarks import plans, results
from stayhouse.benchmarks.runs import deliver, hold_back, in_own_process
from stayhouse.contract.sql import one_row
from stayhouse.demonstration.saas import POLICY_FOLDER

DAYS = 365
HEADER = ("work", "wall s", "CPU s", "CPU in scans", "peak GiB", "rows in files, notes")
CUSTOMERS: dict[float, int] = {1: 5_000, 10: 50_000, 100: 1_000_000}
SCAN = """
select count(*), count(event_id), count(customer_id), count(event_name), count(source), count(component_code),
    count(session_id), count(device_id), count(properties), sum(quantity), sum(value_amount), max(occurred_at),
    max(ingested_at), max(app_version)
from read_parquet('{raw}/events/*/*.parquet', hive_partitioning = false)
"""


def scan_seconds(raw: Path) -> tuple[int, float, float]:
    """Rows, wall and CPU seconds of one pass over the raw event columns, after a warming one."""
    with duckdb.connect() as connection:
        connection.execute(SCAN.format(raw=raw)).fetchall()
        wall, cpu = time.monotonic(), sum(os.times()[:2])
        rows, *_ = one_row(connection, SCAN.format(raw=raw))
        return rows, time.monotonic() - wall, sum(os.times()[:2]) - cpu


def joined(raw: Path, place: Path) -> Path:
    """A landing folder with the same rows in one file per table, as most tools export them."""
    with duckdb.connect() as connection:
        for table in sorted(folder.name for folder in raw.iterdir()):
            (place / table).mkdir(parents=True)
            connection.execute(
                f"copy (from read_parquet('{raw}/{table}/*/*.parquet', union_by_name = true, "
                f"hive_partitioning = false)) to '{place / table / 'all.parquet'}'"
            )
    return place


def look(raw: Path) -> tuple[float, float, str]:
    """Wall and CPU seconds of `stayhouse validate` from its start to its end, and what it has looked at."""
    wall, before = time.monotonic(), os.times()
    command = [sys.executable, "-m", "stayhouse.orchestration.cli", "validate", "--raw", str(raw), "--json"]
    done = subprocess.run([*command, "--policy", str(POLICY_FOLDER)], capture_output=True, text=True)
    wall, after = time.monotonic() - wall, os.times()
    if done.returncode == 2:
        raise SystemExit(done.stderr)
    tables = json.loads(done.stdout)["tables"]
    rows, files = (sum(table[name] for table in tables) for name in ("rows", "files"))
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return wall, cpu, f"{rows:,} rows in {files:,} files"


def run_phase(raw: Path, place: Path, as_of) -> dict:
    """One build in a fresh process."""
    environment = {"DAGSTER_HOME": str(place / "dagster"), "DBT_TARGET_PATH": str(place / "target")}
    (place / "dagster").mkdir(exist_ok=True)
    arguments = [str(raw), str(place / "bench.duckdb"), str(place / "published"), as_of.isoformat()]
    result = in_own_process("stayhouse.benchmarks.phase", arguments, environment)
    if result["exit_code"]:
        raise SystemExit(f"the build was not published: {result['withheld']}")
    return result


def measure(millions: float, place: Path) -> tuple[list[list[str]], plans.Plans]:
    """The rows of the table for one size, and the plans of the dearest models of one more run."""
    from stayhouse.demonstration.saas import generate

    customers = CUSTOMERS.get(millions, round(millions * 8_000))
    begun = time.monotonic()
    report = generate(
        place / "pack", customers=customers, days=DAYS, seed=11, events_per_customer=millions * 1_000_000 / customers
    )
    generated = time.monotonic() - begun
    raw, last = report.raw, report.last_day
    held_back = place / "held_back"
    hold_back(raw, last, held_back)
    events, scan_wall, scan_cpu = scan_seconds(raw)
    looks = [("validate", look(raw)), ("validate, one file per table", look(joined(raw, place / "joined")))]
    shutil.rmtree(place / "joined")
    full = run_phase(raw, place, last - timedelta(days=1))
    deliver(raw, held_back)
    later = run_phase(raw, place, last)
    dearest = plans.plans_of(later["dearest"], place / "bench.duckdb", place / "target")
    empty = run_phase(raw, place, last)
    size = (place / "bench.duckdb").stat().st_size / 1024**3
    rows = [
        ["generate", f"{generated:.0f}", "", "", "", f"{events:,} events, {customers:,} customers, {DAYS} days"],
        ["one scan of the raw event columns", f"{scan_wall:.1f}", f"{scan_cpu:.1f}", "1", "", ""],
    ]
    for name, (wall, cpu, note) in looks:
        rows.append([name, f"{wall:.1f}", f"{cpu:.1f}", f"{cpu / scan_cpu:.1f}", "", note])
    for name, phase in (("full build", full), ("one more run", later), ("empty run", empty)):
        rows.append([
            name, f"{phase['wall']:.1f}", f"{phase['cpu']:.1f}", f"{phase['cpu'] / scan_cpu:.1f}",
            f"{phase['peak_gib']:.1f}", f"{phase['rows_in_files']:,}",
        ])  # fmt: skip
        for stage, (wall, cpu) in phase["stages"].items():
            note = f"{phase['rows_in_files'] / max(wall, 0.001):,.0f} rows/s" if stage == "load" else ""
            if stage == "transform":
                note = f"{phase['sql_seconds']:.1f} s inside DuckDB, {phase['sql_statements']:,} statements"
            rows.append([f"  {stage}", f"{wall:.1f}", f"{cpu:.1f}", f"{cpu / scan_cpu:.1f}", "", note])
            for folder, (nodes, seconds) in sorted(phase["folders"].items()) if stage == "transform" else ():
                rows.append([f"    {folder}", "", f"{seconds:.1f}", f"{seconds / scan_cpu:.1f}", "", f"{nodes} nodes"])
    beyond = later["wall"] - empty["wall"]
    rows.append(["one more run beyond an empty one", f"{beyond:.1f}", f"{later['cpu'] - empty['cpu']:.1f}", "", "", ""])
    rows.append(["working file", "", "", "", "", f"{size:.1f} GiB"])
    return rows, dearest


def main() -> None:
    for millions in [float(argument) for argument in sys.argv[1:]] or [1, 10]:
        place = Path(tempfile.mkdtemp(prefix="stayhouse-bench-"))
        try:
            rows, dearest = measure(millions, place)
        finally:
            shutil.rmtree(place, ignore_errors=True)
        heading, command = f"{results.KINDS[0]}, {millions:g} million events", f"make bench EVENTS={millions:g}"
        results.record(heading, command, HEADER, rows)
        plans.record(heading, command, dearest)


if __name__ == "__main__":
    main()
