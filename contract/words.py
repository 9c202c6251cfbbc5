"""Words that messages share: names that are written alike, counts, and lists that are shortened."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

# Below it two names have little in common; as in difflib.
ALIKE = 0.6
MOST_NAMES = 40


def closest(name: str, known: Iterable[str], most: int = 3, cutoff: float = ALIKE) -> list[str]:
    """Known names that somebody may have meant, the closest first; case does not matter."""
    spelled = {one.lower(): one for one in reversed(list(known))}
    return [spelled[found] for found in difflib.get_close_matches(name.lower(), spelled, n=most, cutoff=cutoff)]


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The end of a message about an unknown name: those that are close, else all that are known."""
    names = list(known)
    close = closest(name, names)
    return f"did you mean {' or '.join(close)}?" if close else f"known are {listed(names, MOST_NAMES)}"


def listed(names: Sequence[str], most: int, noun: str = "", separator: str = ", ") -> str:
    """`a, b and 3 more`, or with a noun in the plural `a, b and 3 more tables`."""
    left = len(names) - most
    if left <= 0:
        return separator.join(names)
    what = noun if left > 1 else noun.removesuffix("s")
    return f"{separator.join(names[:most])} and {left:,} more {what}".rstrip()


def counted(number: int, noun: str) -> str:
    """`1 row`, `2 rows`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def close_to(names: str | Sequence[str], known: Iterable[str]) -> str:
    """The end of a sentence about unknown names: '; did you mean a or b?', or a full stop when none is close."""
    known = list(known)
    close: list[str] = []
    for name in [names] if isinstance(names, str) else names:
        found = closest(name, known)
        found += [other for other in known if name.lower() in other.split("_") and other not in found]
        close += [other for other in found[:3] if other not in close]
    return f"; did you mean {' or '.join(close)}?" if close else "."
