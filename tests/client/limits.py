"""Limits on how long something may take, and the one that a user sets: Ctrl-C."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

from tests.deadlines import scaled

__all__ = ["interrupted", "within"]


@contextlib.contextmanager
def within(seconds: float) -> Iterator[None]:
    """Fail if the block takes longer than ``seconds``, scaled."""
    start = time.monotonic()
    yield
    took = time.monotonic() - start
    assert took < scaled(seconds), f"took {took:.2f} s"


def interrupted(*_: object) -> bool:
    """Be a wait that Ctrl-C ends.

    A real signal would come before the wait, in it or after it, as it likes.
    """
    raise KeyboardInterrupt
