"""Ctrl-C and SIGTERM end a run at once.

A run may be killed at any moment: the next one goes on from what is loaded, readers keep the last publication, and the
system takes back its locks. So a signal needs no orderly retreat through dbt, Dagster and DuckDB, which would take as
long as the query that is under way. A thread waits for the signal, because the main thread may be inside one of them.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SIGNALS = {signal.SIGINT: "Ctrl-C", signal.SIGTERM: "SIGTERM"}
# What shells report for a process that a signal has ended.
EXIT_CODE_OF_SIGNALS = 128


@contextmanager
def interruptible(say: Callable[[str], None]) -> Iterator[None]:
    """While it is open, SIGINT and SIGTERM end the process with exit code 130 or 143, after `say` (name of the signal).

    To be opened by the main thread before others are started: they inherit that it leaves the signals to the thread.
    A signal that the caller ignores (nohup) stays ignored.
    """
    watched = [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    is_over = threading.Event()

    def wait() -> None:
        number = signal.sigwait(watched)
        if is_over.is_set():
            return
        try:
            say(SIGNALS[signal.Signals(number)])
        finally:
            os._exit(EXIT_CODE_OF_SIGNALS + number)

    if not watched:
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, watched)
    thread = threading.Thread(target=wait, name="interruption", daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        assert thread.ident is not None
        signal.pthread_kill(thread.ident, watched[0])
        thread.join()
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
