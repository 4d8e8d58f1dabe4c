"""Ctrl-C and SIGTERM: the first asks for a graceful end, the second ends at once.

The law of this file: the main thread never waits long in one call. A signal that arrives just
before a wait in C does not end that wait, and its handler runs only after it.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator

__all__ = ["LOOK", "interruptibly", "join", "sigterm_interrupts"]

LOOK = 0.1
"""The longest wait, in seconds; waking up that often costs nothing that can be measured."""


@contextlib.contextmanager
def sigterm_interrupts() -> Iterator[None]:
    """Have SIGTERM raise KeyboardInterrupt in the main thread, as Ctrl-C does."""
    previous = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)


def join(thread: threading.Thread) -> None:
    """Wait for the end of ``thread``; KeyboardInterrupt comes through meanwhile."""
    while thread.is_alive():
        thread.join(LOOK)


def interruptibly(work: Callable[[], object]) -> None:
    """Do ``work`` in a thread, wait for it as ``join`` does, and raise what it raises.

    KeyboardInterrupt comes up between any two instructions of the main thread; here nothing of
    ``work`` can be left half done by it, such as a lock without its owner.
    """
    failures: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=run, name="wskit-work", daemon=True)
    thread.start()
    join(thread)
    if failures:
        raise failures[0]
