"""What a fuzzer needs of whatever it feeds."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from contextlib import AbstractContextManager
from typing import Literal, Protocol

from ..checks import Check

__all__ = ["Target", "Watch"]

Watch = Callable[[], AbstractContextManager[None]]
"""Stands around the run of the code under test that guides the fuzzer."""


class Target(Protocol):
    """Takes any bytes; the first two, ``settings``, choose limits, sides and cuts.

    ``structure`` says what the rest is, for mutations that keep it; ``files`` are the modules of
    wskit whose lines count as coverage.
    """

    name: str
    checks: tuple[Check, ...]
    files: tuple[str, ...]
    structure: Literal["frames", "head", "bytes"]

    def examine(self, data: bytes, watch: Watch) -> Hashable:
        """Run every check; return what tells this behaviour from others. Raises Violation."""

    def close(self) -> None:
        """End what was started."""
