"""What an environment of its own installs; without it, tests say which command installs it and runs them."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest


def is_installed(name: str) -> bool:
    """Whether a module can be imported."""
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def skip_without(needed: tuple[str, ...], items: list[pytest.Item], folder: Path, command: str) -> None:
    """Skips the tests of a folder where a module that they need is missing."""
    missing = [name for name in needed if not is_installed(name)]
    for item in items:
        if missing and item.path.is_relative_to(folder):
            item.add_marker(pytest.mark.skip(reason=f"{missing[0]} is not installed here; {command}"))
