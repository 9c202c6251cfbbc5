"""Demonstration data packs: what every pack hands back to the caller."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path


@dataclass(frozen=True)
class DemoReport:
    """What a pack wrote and where."""

    out: Path
    """Folder that holds everything."""
    raw: Path
    """Landing folder: <raw>/<table>/dt=YYYY-MM-DD/part-NNN.parquet."""
    truth: Path
    """Folder that tells what was planted."""
    policy: Path | None
    """Folder of policy seeds that belong to this pack; None when the seeds of the repository fit."""
    rows: dict[str, int]
    """Rows written by table, every version of a row counted."""
    first_day: date
    last_day: date
    planted: dict[str, int]
    """How many of each planted thing there are."""
