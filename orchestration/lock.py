"""One run at a time: a lock on the warehouse and on the publication, from before the load until after the delivery.

The lock of DuckDB would not do: a run opens the working file many times, and lets go of it in between.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from stayhouse.orchestration.settings import Settings
from stayhouse.orchestration.warehouse import WarehouseBusy

# A look at the status takes the lock for as long as it reads; no run should fail for that.
PATIENCE_SECONDS = 1.0
PAUSE_SECONDS = 0.1


@contextmanager
def run_lock(settings: Settings, wait_seconds: float = 0.0) -> Iterator[None]:
    """Holds warehouse and publication. Raises WarehouseBusy when another process still does after `wait_seconds`.

    The system takes the lock back when the process ends, however it ends.
    """
    until = time.monotonic() + max(wait_seconds, PATIENCE_SECONDS)
    with ExitStack() as held:
        for file, name in (
            (settings.work / "run.lock", settings.warehouse),
            (settings.publish / ".run.lock", settings.publish),
        ):
            held.enter_context(_locked(file, name, until))
        yield


@contextmanager
def _locked(file: Path, name: Path, until: float) -> Iterator[None]:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a+") as stream:
        while not _is_taken(stream.fileno()):
            if time.monotonic() >= until:
                raise WarehouseBusy(
                    f"{name} is used by another run{_holder(file)}; wait for it to end (build --wait SECONDS does), "
                    "or give another --warehouse and --publish"
                )
            time.sleep(PAUSE_SECONDS)
        stream.truncate(0)
        stream.write(json.dumps({"pid": os.getpid(), "since": datetime.now(UTC).isoformat(timespec="seconds")}))
        stream.flush()
        yield


def _is_taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(file: Path) -> str:
    """Who holds a lock, as far as the file says it."""
    try:
        holder = json.loads(file.read_text())
        return f" (process {holder['pid']}, since {holder['since']})"
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def is_running(settings: Settings) -> bool:
    """Whether a run holds the lock now. Makes no file."""
    file = settings.work / "run.lock"
    try:
        with file.open() as stream:
            return not _is_taken(stream.fileno())
    except FileNotFoundError:
        return False
