"""Names of columns as a file writes them, and the columns of the contract that they mean."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from stayhouse.contract.sql import EXPORT_TEXT, ORIGIN_COLUMNS

# The folder of what the tools of a company export, which shapes make landing files of.
EXPORTS = "exports"
# Columns that a shape writes beside those of the contract: the export, the line in it, and the text of a broken line.
EXPORT_FILE, EXPORT_LINE = "_export_file", "_export_line"
EXPORT_COLUMNS = (EXPORT_FILE, EXPORT_LINE, EXPORT_TEXT)
# Names that the loader writes beside the columns of a file.
RESERVED = {*ORIGIN_COLUMNS, "_extra", "_path", "_position", "_superseded_load_id", "_file_time"}


def plain(name: str) -> str:
    """A name without what tools do to it: case, blanks and hyphens."""
    return "_".join(name.replace("-", " ").replace("_", " ").split()).lower()


def matching_names(names: Iterable[str], expected: Iterable[str]) -> dict[str, str]:
    """Name in the file -> column of the contract that it means; names that mean none are left out."""
    by_plain = {plain(name): name for name in expected}
    return {name: by_plain[plain(name)] for name in names if plain(name) in by_plain}


def names_problem(names: Sequence[str], expected: Iterable[str]) -> str | None:
    """Why the columns of a file cannot be distinguished, with the way out; None when they can."""
    matching = matching_names(names, expected)
    meant = Counter(matching.get(name, name).lower() for name in names)
    twice = sorted(name for name, count in meant.items() if count > 1)
    if twice:
        spelled = ", ".join(repr(name) for name in names if matching.get(name, name).lower() in twice)
        return f"has more than one column {', '.join(twice)} ({spelled}); rename or drop all but one"
    reserved = sorted(name for name in names if name.lower() in RESERVED)
    if reserved:
        return f"has a column {', '.join(reserved)}, a name that the loader keeps for itself; rename or drop it"
    return None
