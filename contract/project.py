"""Where the dbt project is, and how its YAML is read."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

REPO_ROOT = Path(__file__).resolve().parents[1]


def read_yaml(file: Path) -> Any:
    """What a YAML file holds. Parsed by libyaml where it is installed, which takes an eighth of the time."""
    return yaml.load(file.read_text(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


@cache
def clock_tolerance_minutes() -> int:
    """How far two clocks of source systems may disagree (DQ-05). Models and tests read the same variable."""
    return int(read_yaml(REPO_ROOT / "dbt_project.yml")["vars"]["clock_tolerance_minutes"])
