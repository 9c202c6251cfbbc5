"""Walks over what is made from what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def reached(edges: Mapping[str, Iterable[str]], starts: Iterable[str]) -> list[str]:
    """The starts and everything that the edges lead to from them; what is nearest comes first."""
    found = dict.fromkeys(starts)
    waiting = list(found)
    while waiting:
        waiting = sorted({name for start in waiting for name in edges.get(start, ())} - found.keys())
        found |= dict.fromkeys(waiting)
    return list(found)
