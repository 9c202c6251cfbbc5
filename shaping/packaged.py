"""Shapes to start from: those that are packaged for the exports of well-known tools, each with a small example."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from stayhouse.contract import REPO_ROOT

FOLDER = REPO_ROOT / "shapes"
EXAMPLE = "example"
REGISTER = "customers.sql"
# Before a name: the file is kept and not read.
SET_ASIDE = "_"


def packaged_tools(folder: Path = FOLDER) -> dict[str, Path]:
    """Tools whose exports have shapes in the package, with their folders."""
    folders = sorted(folder.iterdir()) if folder.is_dir() else []
    return {place.name: place for place in folders if any(place.glob("*.sql"))}


def copy_shapes(tools: Sequence[str], shapes: Path, known: Mapping[str, Path] | None = None) -> list[Path]:
    """Copies the shapes of tools into a company's folder of shapes; returns what is new. Files that exist stay.

    Only the first tool that knows customers registers them: `customers.sql` of the others is set aside, because rows of
    two tools would replace each other.
    """
    known = packaged_tools() if known is None else known
    copied = []
    has_register = False
    for tool in tools:
        for path in sorted(p for p in known[tool].iterdir() if p.suffix in (".sql", ".md")):
            is_register = path.name == REGISTER
            target = shapes / tool / (SET_ASIDE * (is_register and has_register) + path.name)
            has_register = has_register or is_register
            target.parent.mkdir(parents=True, exist_ok=True)
            if not target.exists():
                shutil.copyfile(path, target)
                copied.append(target)
    return copied


def copy_examples(tools: Sequence[str], exports: Path) -> None:
    """Copies the invented exports of tools into a company's folder of exports, to try the shapes with."""
    # Without the times of the package, which an archive may have lost.
    for tool in tools:
        example = packaged_tools()[tool] / EXAMPLE
        shutil.copytree(example, exports / tool, copy_function=shutil.copyfile, dirs_exist_ok=True)
