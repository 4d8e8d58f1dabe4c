"""Limits on how long something may take."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

from tests.deadlines import scaled

__all__ = ["within"]


@contextlib.contextmanager
def within(seconds: float) -> Iterator[None]:
    """Fail if the block takes longer than ``seconds``, scaled."""
    start = time.monotonic()
    yield
    took = time.monotonic() - start
    assert took < scaled(seconds), f"took {took:.2f} s"
