"""Reports how far a run is. The command line listens and draws bars; elsewhere nobody listens."""

from __future__ import annotations

from collections.abc import Callable

Listener = Callable[[str, str, float], None]
"""Called with the stage, what is being worked on, and the share done (0 to 1)."""

_listener: Listener | None = None
_stage = ""


def listen(listener: Listener | None) -> None:
    """Sets the one listener of this process; None stops listening."""
    global _listener
    _listener = listener


def report(stage: str, item: str, share: float) -> None:
    """Passes progress on."""
    global _stage
    _stage = stage
    if _listener:
        _listener(stage, item, min(max(share, 0.0), 1.0))


def stage() -> str:
    """The stage that reported last; empty before the first."""
    return _stage
