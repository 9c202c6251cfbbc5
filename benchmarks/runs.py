"""What the benchmarks share: a day that is held back for the next night, and a phase in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import date
from pathlib import Path


def hold_back(raw: Path, day: date, aside: Path) -> None:
    """Moves what arrived on a day out of the landing folder."""
    for part in raw.glob(f"*/dt={day}"):
        target = aside / part.parent.name / part.name
        target.parent.mkdir(parents=True, exist_ok=True)
        part.rename(target)


def deliver(raw: Path, aside: Path) -> None:
    """Moves what was held back into the landing folder."""
    for part in aside.glob("*/dt=*"):
        part.rename(raw / part.parent.name / part.name)


def in_own_process(module: str, arguments: list[str], environment: Mapping[str, str]) -> dict:
    """Runs a module with one dbt thread, so that CPU can be told by node (DuckDB still uses every core).

    Returns the JSON object on the last line that it prints; ends the benchmark with its output when it fails.
    """
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        env=os.environ | {"STAYHOUSE_THREADS": "1"} | environment,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise SystemExit(done.stdout[-2000:] + done.stderr[-4000:])
    return json.loads(done.stdout.strip().splitlines()[-1])
