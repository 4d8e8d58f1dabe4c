"""Ctrl-C and SIGTERM: the first asks for a graceful end, the second ends at once."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator

__all__ = ["sigterm_interrupts"]


@contextlib.contextmanager
def sigterm_interrupts() -> Iterator[None]:
    """Have SIGTERM raise KeyboardInterrupt in the main thread, as Ctrl-C does.

    Its place is where the caller waits: an exception can be raised where a handler that took a lock
    could not.
    """
    previous = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)
