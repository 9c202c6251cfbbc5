"""Where the dbt project is, and the one number of it that the contract needs."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import yaml

REPO_ROOT = Path(__file__).resolve().parents[1]


@cache
def clock_tolerance_minutes() -> int:
    """How far two clocks of source systems may disagree (DQ-05). Models and tests read the same variable."""
    project = yaml.safe_load((REPO_ROOT / "dbt_project.yml").read_text())
    return int(project["vars"]["clock_tolerance_minutes"])
