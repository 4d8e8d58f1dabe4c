"""What drives a client's connection: the threads that use it, and one shared thread for pings."""

from __future__ import annotations

import threading
import time

from ..deadlines import Deadline
from ..errors import WriteTimeout
from ..outbound import Outbound
from ..timers import Timed, Timers
from ..waiting import wait_writable

__all__ = ["Pinger", "WriterEngine"]


class WriterEngine:
    """An Engine without a thread: a writer that meets a full socket waits for it itself."""

    def __init__(self, write_timeout: float | None) -> None:
        """Wait up to ``write_timeout`` seconds at a time."""
        self.write_timeout = write_timeout

    def watch_writable(self, outbound: Outbound) -> None:
        """Send all of it now, or give up after ``write_timeout``: WriteTimeout. Lock held.

        Others who want to write wait for the lock meanwhile, as they would for the same socket.
        """
        deadline = Deadline(self.write_timeout)
        while outbound.blocked:
            left = deadline.remaining
            if not wait_writable(outbound.transport.fileno(), left):
                outbound.fail()
                raise WriteTimeout(1006, "the peer did not read in time")
            outbound.resume()
        outbound.watched = False

    def flush_soon(self, outbound: Outbound) -> None:
        """Nothing is gathered on a client."""

    def attend(self) -> None:
        """Whoever reads next will see what happened."""


class Pinger:
    """One thread that runs the keepalive timers of all clients of the process.

    It starts with the first client that wants pings and ends when the last one is gone.
    """

    def __init__(self) -> None:
        """No clients yet."""
        self._changed = threading.Condition()  # its lock guards what follows
        self._clients = 0
        self._thread: threading.Thread | None = None
        self._timers = Timers()

    def add(self, deadline: float, client: Timed) -> None:
        """Call ``client.on_timer`` at ``deadline``; count it in."""
        with self._changed:
            self._timers.add(deadline, client)
            self._clients += 1
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="wskit-pings", daemon=True)
                self._thread.start()
            self._changed.notify()

    def remove(self) -> None:
        """Count a client out."""
        with self._changed:
            self._clients -= 1
            self._changed.notify()

    def _run(self) -> None:
        while True:
            self._timers.run(time.monotonic())
            with self._changed:
                due = self._timers.due
                if not self._clients:
                    self._thread = None
                    self._timers = Timers()
                    return
                self._changed.wait(None if due is None else max(0.0, due - time.monotonic()))
