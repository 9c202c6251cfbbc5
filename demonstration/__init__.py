"""Demonstration data packs, and what every pack returns to its caller."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

LEAST_CUSTOMERS = 40
LEAST_DAYS = 60
"""Smallest company of the saas pack that has room for every planted case."""


class MissingPack(Exception):
    """The package with the data of a pack is not installed. The message says how to install it."""


@dataclass(frozen=True)
class DemoReport:
    """What a pack wrote, and where."""

    out: Path
    """Folder that holds everything."""
    raw: Path
    """Landing folder: <raw>/<table>/dt=YYYY-MM-DD/part-NNN.parquet."""
    truth: Path | None
    """Folder that documents what was planted; None when nothing was."""
    policy: Path | None
    """Folder of the pack's own policy seeds; None when it uses those of the repository."""
    rows: dict[str, int]
    """Rows written by table, every version of a row counted."""
    first_day: date
    last_day: date
    planted: dict[str, int]
    """Number of planted cases by kind."""
