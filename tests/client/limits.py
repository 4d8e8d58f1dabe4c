"""Limits on how long something may take, and the one limit that a user sets: Ctrl-C."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
import time
from collections.abc import Iterator

from tests.deadlines import scaled, wait_for

__all__ = ["interrupt_inside", "within"]


@contextlib.contextmanager
def within(seconds: float) -> Iterator[None]:
    """Fail if the block takes longer than ``seconds``, scaled."""
    start = time.monotonic()
    yield
    took = time.monotonic() - start
    assert took < scaled(seconds), f"took {took:.2f} s"


def interrupt_inside(function: str) -> None:
    """Press Ctrl-C once the main thread is inside ``function``, where it should be blocked."""
    main = threading.main_thread().ident
    assert main is not None
    inside = lambda: sys._current_frames()[main].f_code.co_name == function  # noqa: E731
    wait_for(inside, what=function)
    signal.pthread_kill(main, signal.SIGINT)
    # Right before the system call a signal goes unnoticed by it; then once more.
    while inside():
        with contextlib.suppress(AssertionError):
            wait_for(lambda: not inside(), timeout=0.1)
            return
        signal.pthread_kill(main, signal.SIGINT)
