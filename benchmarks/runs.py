"""Shared by the benchmarks: a day kept for the next run, a phase in a process of its own, CPU by node."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

CPU_NOW = lambda: sum(os.times()[:2])  # noqa: E731


def hold_back(raw: Path, day: date, aside: Path) -> None:
    """Moves the files of a day out of the landing folder."""
    for part in raw.glob(f"*/dt={day}"):
        target = aside / part.parent.name / part.name
        target.parent.mkdir(parents=True, exist_ok=True)
        part.rename(target)


def deliver(raw: Path, aside: Path) -> None:
    """Moves the kept files back into the landing folder."""
    for part in aside.glob("*/dt=*"):
        part.rename(raw / part.parent.name / part.name)


def in_own_process(module: str, arguments: list[str], environment: Mapping[str, str]) -> dict:
    """Runs a module with one dbt thread, so that CPU can be split by node (DuckDB still uses every core).

    Returns the JSON object on the last line that it prints; ends the benchmark with its output when it fails.
    """
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        env={**os.environ, "STAYHOUSE_THREADS": "1", **environment},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise SystemExit(done.stdout[-2000:] + done.stderr[-4000:])
    return json.loads(done.stdout.strip().splitlines()[-1])


def run_as_process(phase: Callable[[Path, Path, date, str], dict], main: Callable[[], None]) -> None:
    """Entry point of a module that runs itself by in_own_process: `phase RAW PLACE AS_OF WHAT` is one phase, else
    `main`."""
    if sys.argv[1:2] == ["phase"]:
        raw, place, as_of, what = sys.argv[2:6]
        print(json.dumps(phase(Path(raw), Path(place), date.fromisoformat(as_of), what)))
    else:
        main()


def bench_settings(raw: Path, place: Path):
    """A warehouse of its own, with the policy of the demonstration."""
    from stayhouse.demonstration.saas import POLICY_FOLDER
    from stayhouse.orchestration.settings import Settings

    return Settings(
        raw=raw,
        policy=POLICY_FOLDER,
        warehouse=place / "bench.duckdb",
        publish=place / "published",
        target=place / "target",
    )


def load(settings) -> None:
    """Loads the landing folder."""
    from stayhouse.loading import load_landing
    from stayhouse.orchestration.warehouse import open_warehouse

    with open_warehouse(settings.warehouse) as connection:
        load_landing(connection, settings.raw, settings.tables, zones=settings.zones)


class NodeClock:
    """CPU seconds by dbt node. Needs one dbt thread: then the time between the ends of two nodes belongs to the
    second."""

    def __init__(self) -> None:
        self._mark = CPU_NOW()
        self._has_begun = False

    def lap(self) -> tuple[float, bool]:
        """Seconds since the last node, and whether they belong to dbt's start, which ends with its small first node."""
        now, is_start = CPU_NOW(), not self._has_begun
        spent, self._mark, self._has_begun = now - self._mark, now, True
        return spent, is_start
