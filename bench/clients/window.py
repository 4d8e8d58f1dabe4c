"""The window in which a client is measured: after a warm-up, by the CPU clock of its process.

Each script here is started as `client.py PORT DEPTH SIZE WARMUP SECONDS`, keeps DEPTH messages of
SIZE bytes in flight on one connection, checks every reply, and prints one line of JSON.
"""

from __future__ import annotations

import json
import sys
import time

__all__ = ["BATCH", "Window"]

BATCH = 50  # messages between two looks at the clock


class Window:
    """What was asked, and what has been counted so far."""

    def __init__(self) -> None:
        """Read the command line."""
        port, depth, size, warmup, seconds = sys.argv[1:]
        self.port, self.depth = int(port), int(depth)
        self.text = ("0123456789abcdef" * (int(size) // 16 + 1))[: int(size)]
        self.url = f"ws://127.0.0.1:{port}/"
        self.open = True
        self._messages = 0
        self._from: tuple[float, float] | None = None
        self._turns_at = time.perf_counter() + float(warmup)
        self._seconds = float(seconds)

    def count(self, messages: int) -> None:
        """Count replies that came; opens the window after the warm-up, and closes it in time."""
        now = time.perf_counter()
        if self._from is not None:
            self._messages += messages
        if now < self._turns_at:
            return
        if self._from is None:
            self._from = now, time.process_time()
            self._turns_at = now + self._seconds
        else:
            self.open = False
            self._report(now - self._from[0], time.process_time() - self._from[1])

    def _report(self, seconds: float, cpu_seconds: float) -> None:
        found = {"messages": self._messages, "seconds": seconds, "cpu_seconds": cpu_seconds}
        print(json.dumps(found), flush=True)
