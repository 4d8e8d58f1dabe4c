"""Deadlines for tests: one factor scales them all, and waiting means waiting for a condition.

``WSKIT_TEST_TIMEOUT_FACTOR=4`` gives a slow or busy machine four times as long; nothing takes
longer where all is well, because no test sleeps for a fixed time.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from typing import TypeVar

__all__ = ["FACTOR", "scaled", "wait_for"]

FACTOR = float(os.environ.get("WSKIT_TEST_TIMEOUT_FACTOR", "1"))

T = TypeVar("T")


def scaled(seconds: float) -> float:
    """Give a deadline of ``seconds``, times the factor of this machine."""
    return seconds * FACTOR


def wait_for(predicate: Callable[[], T], timeout: float = 5.0, what: str = "the condition") -> T:
    """Wait until ``predicate()`` is true and give its value; AssertionError after the deadline.

    ``timeout`` is in seconds before scaling; ``what`` names the condition in the error.
    """
    deadline = time.monotonic() + scaled(timeout)
    never, pause = threading.Event(), 0.0005
    while not (value := predicate()):
        if time.monotonic() >= deadline:
            raise AssertionError(f"{what}: not within {scaled(timeout):g} s")
        never.wait(pause)
        # Short at first, since most conditions are one thread switch away; then kind to the CPU.
        pause = min(pause * 2, 0.02)
    return value
