"""What can be wrong with a shape or an export."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from stayhouse.contract.words import closest


class ShapeError(Exception):
    """Shapes cannot be run. The message has a line per fault: file and line of the shape, and the way out."""


class ExportUnfinished(Exception):
    """An export is still being written, so nothing of it is read until the next run."""


def close_to(names: str | Sequence[str], known: Iterable[str]) -> str:
    """The end of a sentence about unknown names: '; did you mean a or b?', or a full stop when none is close."""
    known = list(known)
    close: list[str] = []
    for name in [names] if isinstance(names, str) else names:
        found = closest(name, known)
        found += [other for other in known if name.lower() in other.split("_") and other not in found]
        close += [other for other in found[:3] if other not in close]
    return f"; did you mean {' or '.join(close)}?" if close else "."
