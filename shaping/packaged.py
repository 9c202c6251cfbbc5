"""Shapes to start from: those that are packaged for the exports of well-known tools, each with a small example."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from stayhouse.contract import REPO_ROOT
from stayhouse.shaping.problems import ShapeError, close_to

FOLDER = REPO_ROOT / "shapes"
EXAMPLE = "example"
REGISTER = "customers.sql"
# Before a name: the file is kept and not read.
SET_ASIDE = "_"


def tools() -> list[str]:
    """The tools that have packaged shapes."""
    return sorted(path.parent.name for path in FOLDER.glob("*/README.md"))


def copy_shapes(names: Sequence[str], shapes: Path) -> list[Path]:
    """Copies the shapes of tools into a company's folder of shapes; returns what is new. Files that exist stay.

    Only the first tool that knows customers registers them: `customers.sql` of the others is set aside, because rows of
    two tools would replace each other. Raises ShapeError for an unknown tool.
    """
    _check(names)
    copied = []
    has_register = False
    for name in names:
        for path in sorted(p for p in (FOLDER / name).iterdir() if p.suffix in (".sql", ".md")):
            is_register = path.name == REGISTER
            target = shapes / name / (SET_ASIDE * (is_register and has_register) + path.name)
            has_register = has_register or is_register
            if not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)
                copied.append(target)
    return copied


def copy_examples(names: Sequence[str], exports: Path) -> None:
    """Copies the invented exports of tools into a company's folder of exports, to try the shapes with."""
    _check(names)
    for name in names:
        shutil.copytree(FOLDER / name / EXAMPLE, exports / name, dirs_exist_ok=True)


def _check(names: Sequence[str]) -> None:
    known = tools()
    for name in names:
        if name not in known:
            raise ShapeError(
                f"{name}: no shapes are packaged for this tool{close_to(name, known)} Packaged are {', '.join(known)}"
            )
