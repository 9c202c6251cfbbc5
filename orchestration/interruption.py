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

    To be opened by the main thread. A signal that the caller ignores (nohup) stays ignored. One that the caller blocked
    is let through: somebody listens now. Programs that the run starts get neither: a mask would be inherited, and one
    that nobody can terminate is waited for.
    """
    watched = [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    if not watched:
        yield
        return
    reader, writer = os.pipe()
    os.set_blocking(writer, False)

    def wait() -> None:
        # Python writes the number there at once, even while the main thread is inside a query.
        while number := os.read(reader, 1):
            if number[0] in watched:
                try:
                    say(SIGNALS[signal.Signals(number[0])])
                finally:
                    os._exit(EXIT_CODE_OF_SIGNALS + number[0])

    thread = threading.Thread(target=wait, name="interruption", daemon=True)
    thread.start()
    handlers = {number: signal.signal(number, lambda *_: None) for number in watched}
    wakeup = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    mask = signal.pthread_sigmask(signal.SIG_UNBLOCK, watched)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        signal.set_wakeup_fd(wakeup)
        for number, handler in handlers.items():
            signal.signal(number, handler)
        os.close(writer)
        thread.join()
        os.close(reader)
