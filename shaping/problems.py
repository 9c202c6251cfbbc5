"""What can be wrong with a shape or an export."""

from __future__ import annotations


class ShapeError(Exception):
    """Shapes cannot be run. The message has a line per fault: file and line of the shape, and the way out."""


class ExportUnfinished(Exception):
    """An export is still being written, so nothing of it is read until the next run."""
