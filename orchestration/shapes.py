"""The shapes of a company within a run: they bring its landing folder up to date before it is loaded."""

from __future__ import annotations

from pathlib import Path

from stayhouse.contract import contract
from stayhouse.orchestration import progress
from stayhouse.orchestration.settings import Settings, memory_limit
from stayhouse.shaping import Folders, Shaping, find_faults, run_shapes
from stayhouse.shaping.exports import find_exports
from stayhouse.shaping.state import results
from stayhouse.shaping.template import shape_files


def shape_folders(settings: Settings) -> Folders | None:
    """Where the shapes of a company are and what they read and write; None for a landing folder by itself."""
    if settings.shapes is None or settings.exports is None:
        return None
    return Folders(settings.shapes, settings.exports, settings.raw, settings.work / "shaping")


def shaped_tables(settings: Settings) -> set[str]:
    """Names of the tables for which there is a shape."""
    return {path.stem for path in shape_files(settings.shapes)} if settings.shapes else set()


def shape_faults(settings: Settings) -> list[str]:
    """What would stop the shapes before a row is read; a message per fault."""
    folders = shape_folders(settings)
    return find_faults(folders, contract()) if folders else []


def shape_landing(settings: Settings) -> Shaping:
    """Runs the shapes whose exports or SQL changed. Raises ShapeError."""
    folders = shape_folders(settings)
    if folders is None:
        return Shaping()
    return run_shapes(
        folders, contract(), memory_limit(), lambda shape, share: progress.report("load", shape, 0.1 * share)
    )


def made_files(settings: Settings) -> set[Path]:
    """The landing files that shapes have made; what they are made of says whether there is something new."""
    return results(settings.raw) if settings.shapes else set()


def inputs(settings: Settings) -> list[tuple[str, str]]:
    """Exports and shapes, as the operating system shows them."""
    folders = shape_folders(settings)
    if folders is None:
        return []
    shapes = [(str(path), str(path.stat().st_mtime_ns)) for path in shape_files(folders.shapes)]
    return shapes + [(str(file.path), file.fingerprint) for file in find_exports(folders.exports).files]
