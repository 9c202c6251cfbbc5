"""Demonstration data packs, and what every pack returns to its caller."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path

_PLACE = Path(__file__).resolve().parent
LEAST_CUSTOMERS = 40
LEAST_DAYS = 60
"""Smallest company of the saas pack that has room for every planted case."""


class MissingPack(Exception):
    """The package with the data of a pack is not installed. The message says how to install it."""


@dataclass(frozen=True)
class DemoReport:
    """What a pack wrote, and where."""

    out: Path
    """Folder of the company."""
    raw: Path
    """Landing folder, <out>/landing: <raw>/<table>/dt=YYYY-MM-DD/part-NNN.parquet."""
    truth: Path | None
    """Folder that documents what was planted; None when nothing was."""
    policy: Path
    """Folder of the pack's own policy."""
    rows: dict[str, int]
    """Rows written by table, every version of a row counted."""
    first_day: date
    last_day: date
    planted: dict[str, int]
    """Number of planted cases by kind."""


def policy_of(pack: str) -> Path:
    """The folder of a pack's policy files."""
    return _PLACE / "policy" / pack


def write_company(pack: str, out: Path) -> Path:
    """Writes policy and settings of a pack into the folder of its company; returns the policy folder.

    A stayhouse.toml that is there already stays.
    """
    policy = out / "policy"
    policy.mkdir(parents=True, exist_ok=True)
    for file in sorted(policy_of(pack).glob("*.csv")):
        shutil.copyfile(file, policy / file.name)
    settings = out / "stayhouse.toml"
    if not settings.exists():
        shutil.copyfile(_PLACE / "companies" / f"{pack}.toml", settings)
    return policy
